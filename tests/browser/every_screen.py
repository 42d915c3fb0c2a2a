"""Every screen there is, one after the other, on a floor at work: what is looked at, measured and photographed.

A walk through each flow stops wherever the screen asks for something new, and says where it is. Whoever iterates does
what it likes with the page meanwhile, as long as it leaves it there. No screen is left out by oversight:
`tests/browser/test_every_screen.py` holds the walk against the table of states and the desk against the routes.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

from PIL import Image, ImageDraw
from playwright.sync_api import Page

from fulfillment.domain.codes import own_code
from fulfillment.services.packing import pack_unscanned, weigh_rules
from fulfillment.services.people import accounts, pins
from fulfillment.services.receiving.inbound import UnitIn
from fulfillment.services.replenishing import pick_faces
from fulfillment.services.scan_path import hand_over
from fulfillment.services.set_up import item_names, item_pictures, setting_up
from fulfillment.services.transferring import transfers
from tests.browser.conftest import Site
from tests.browser.scanner import Person
from tests.factories import NOBODY, FloorHand
from tests.services import acts, wall
from tests.services.arriving import PALLET, announce, lines

SUPERVISOR, PICKER, PACKER = "1001", "1002", "1003"
PASSPHRASE = "seven lamps over the dock"
ITEMS = {
    "MUG-BLUE": ("Mug, blue, with a long handle", "蓝色长柄马克杯"),
    "CUP-TEA": ("Tea cup", "茶杯"),
    "BOWL-L": ("Salad bowl, large, beech wood", "大号榉木沙拉碗"),
    "PLATE-27": ("Dinner plate 27 cm, white", "白色餐盘 27 厘米"),
}
# What a desk or the board opens, by its name; `{tour}` and `{print}` are the floor's latest.
PAGES = {
    "desk": "/", "board": "/board", "flow": "/flow", "flow-map": "/flow/map", "flow-bottleneck": "/flow/bottleneck",
    "flow-filtered": "/flow?lane=pick",
    "order-board": "/order-board?lanes=channel", "waves": "/waves", "wave-plan": "/waves/plan",
    "floor-now": "/floor/now",
    "order-card": "/order-board/cards/{card}", "stock-board": "/stock-board", "inbound-board": "/inbound-board",
    "floor": "/floor", "stock": "/stock?q=MUG", "trace": "/trace?sku=MUG-BLUE",
    "counts": "/counts", "labels": "/labels", "label-templates": "/labels/templates", "cartons": "/cartons",
    "sheets": "/sheets", "devices": "/devices", "commissioning-sheet": "/commissioning/sheet", "tour": "/tours/{tour}",
    "stop-goods": "/waves/{wave}/stops/{stop}",
    "prints": "/prints", "print": "/prints/{print}", "problems": "/problems", "conflicts": "/conflicts",
    "operators": "/operators", "set-up": "/set-up", "first-steps": "/set-up/first-steps", "layout": "/set-up/layout",
    "racks": "/set-up/layout/racks", "list": "/set-up/locations", "list-empty": "/set-up/zones",
    "row": "/set-up/items/row?key=MUG-BLUE", "row-new": "/set-up/stations/row", "file": "/set-up/orders/file",
    "list-barcodes": "/set-up/totes/barcodes", "list-pictures": "/set-up/items/pictures",
    "put-wall": "/put-wall/W1", "put-wall-sheet": "/put-wall/W1/sheet", "access": "/access", "sign-in": "/sign-in",
    "join": "/join?code={link}", "account": "/account", "confirm": "/confirm",
    "enrol": "/enrol",
}  # fmt: skip


class Walk:
    """Somebody who goes from station to station with one browser."""

    def __init__(self, site: Site, page: Page) -> None:
        self.site, self.page, self.hand = site, page, site.hand
        self._person: Person | None = None

    def to(self, station: str) -> Walk:
        """Stand before another station."""
        self._person = Person(self.site, self.page, station)
        return self

    @property
    def person(self) -> Person:
        """Who stands there."""
        assert self._person is not None
        return self._person

    @property
    def here(self) -> str:
        """Flow and state of the screen, as `flow.state`."""
        return ".".join(part or "" for part in self.person.state)

    def scan(self, *codes: str) -> Walk:
        """Scans one after the other, each answered before the next; as fast as the page takes them."""
        for code in codes:
            self.person.answered(lambda code=code: self.page.evaluate("code => scan(code)", code))
        return self

    def say(self, *commands: str) -> Walk:
        """The barcodes of commands."""
        return self.scan(*(own_code("C", command) for command in commands))

    def sign_in(self, flow: str, badge: str = SUPERVISOR) -> Walk:
        """From whatever the station stands at: badge and flow."""
        if self.here == "home.signed_out":
            self.scan(own_code("B", badge))
        return self.say(flow)

    def keyed(self, number: int, code: str) -> Walk:
        """A number on the keypad, then the scan it goes with."""
        self.person.key_in(number)
        return self.scan(code)

    def field(self, *names: str) -> str:
        """What the server's step says there."""
        value = self.person.step["fields"]
        for name in names:
            value = value[name]
        return str(value)

    def reached(self, state: str, more: str = "") -> str:
        """The name of the screen shown; that the walk came elsewhere is a mistake of its author."""
        assert self.here == state, f"{self.here} instead of {state}: {self.page.inner_text('.screen')}"
        return f"{state}{more}"


def furnish(hand: FloorHand) -> None:
    """Items with pictures and Chinese names, and goods in the places the walks go to."""
    for number, (sku, (name, chinese)) in enumerate(ITEMS.items()):
        hand.item(sku, name=name)
        hand.write(lambda tx, sku=sku, chinese=chinese: item_names.set_names(tx, sku, {"zh_Hans": chinese}))
        if number < 2:
            picture = item_pictures.fitted(drawn_mug((40, 90, 160) if number else (20, 120, 110)))
            hand.write(lambda tx, sku=sku, picture=picture: item_pictures.set_picture(tx, sku, picture))


def every_kiosk_screen(site: Site, page: Page) -> Iterator[str]:
    """Each state of each flow, some with a verdict; its name as `flow.state`, more after a dash."""
    furnish(site.hand)
    walk = Walk(site, page)
    walks: tuple[Callable[[Walk], Iterator[str]], ...] = (
        _signing_in, _receiving, _putting_away, _picking, _putting_back, _packing, _loading, _refilling, _moving,
        _counting, _sending, _sorting, _handing_over, _standing_still,
    )  # fmt: skip
    for walked in walks:
        yield from walked(walk)


def every_page(site: Site, page: Page) -> Iterator[str]:
    """The desk's pages and the board, as somebody with all rights sees them; then the check of a scanner."""
    token = site.hand.write(lambda tx: setting_up.add_token(tx, "desk", "admin"))
    page.goto(f"{site.address}/enter?token={token}")
    latest = {
        "link": site.hand.write(lambda tx: accounts.link_for(tx, SUPERVISOR)),
        "card": site.hand.one("SELECT MAX(id) AS id FROM sales_order WHERE warehouse_id = :w")["id"],
        **_stop_with_a_choice(site.hand),
        "tour": site.hand.one("SELECT MAX(id) AS id FROM tour WHERE warehouse_id = :w AND state = 'done'")["id"],
        "print": site.hand.one("SELECT MAX(id) AS id FROM outbox WHERE warehouse_id = :w AND kind = 'print'")["id"],
    }
    for name, address in PAGES.items():
        page.goto(f"{site.address}{address.format(**latest)}")
        if name == "board":
            page.locator('#state[data-state="live"]').wait_for()
        yield name
        if name == "join":  # what follows is somebody's own
            choose(page, "ada", PASSPHRASE)
    site.enter(page, "HAND-1")
    page.goto(f"{site.address}/commissioning")
    page.locator("#checks li").first.wait_for()
    yield "commissioning"
    page.goto(f"{site.address}/kiosk/HAND-1/own-pin")
    yield "own-pin"


def _stop_with_a_choice(hand: FloorHand) -> dict[str, int]:
    """A stop nobody has begun, of goods that lie elsewhere too."""
    hand.stock("BOWL-L", 6, "A01-03-1", "2025-11-01")
    hand.stock("BOWL-L", 9, "F01-01-1", "2026-03-01")
    hand.order("G1", ("BOWL-L", 2))
    wave = acts.release(hand, "G1")
    stop = hand.one(
        "SELECT k.id FROM task k JOIN tour t ON t.warehouse_id = k.warehouse_id AND t.id = k.tour_id"
        " WHERE t.warehouse_id = :w AND t.wave_id = :wave", wave=wave,
    )["id"]  # fmt: skip
    return {"wave": wave, "stop": stop}


def choose(page: Page, name: str, passphrase: str) -> None:
    """On the page of a link: name and passphrase, and in."""
    page.fill("[name=name]", name)
    page.fill("[name=passphrase]", passphrase)
    page.fill("[name=again]", passphrase)
    page.click("main button")
    page.wait_for_url("**/")


def drawn_mug(colour: tuple[int, int, int]) -> bytes:
    """A picture of a mug, as a PNG with a transparent ground."""
    picture = Image.new("RGBA", (600, 520), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    darker = tuple(part * 3 // 4 for part in colour)
    draw.ellipse((340, 150, 560, 390), outline=darker, width=38)
    draw.rounded_rectangle((70, 80, 430, 480), 60, fill=colour)
    draw.ellipse((70, 40, 430, 130), fill=darker)
    draw.rounded_rectangle((110, 170, 150, 420), 20, fill=tuple(min(255, part + 70) for part in colour))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _signing_in(walk: Walk) -> Iterator[str]:
    yield walk.to("HAND-1").reached("home.signed_out")
    yield walk.scan(own_code("L", "NOWHERE")).reached("home.signed_out", "-rejected")
    yield walk.scan(own_code("B", SUPERVISOR)).reached("home.menu")
    yield walk.say("HELP").reached("home.help")
    walk.say("BACK")


def _receiving(walk: Walk) -> Iterator[str]:
    announce(walk.hand, "R1", ("CUP-TEA", 2), units=(UnitIn(PALLET, lines(("MUG-BLUE", 40))),))
    yield walk.to("DOCK-1").sign_in("RECEIVE").reached("receive.receipt")
    yield walk.scan(own_code("R", "R1")).reached("receive.item")
    yield walk.say("DONE").reached("receive.confirm")
    walk.say("BACK").scan(f"]C100{PALLET}")
    yield walk.keyed(3, "CUP-TEA").reached("receive.item", "-over")
    walk.keyed(2, "CUP-TEA")
    yield walk.say("OVER").reached("receive.reason")
    walk.scan(own_code("Y", "SUPPLIER-OVER"), "CUP-TEA").say("DONE")
    walk.say("HOME")


def _putting_away(walk: Walk) -> Iterator[str]:
    walk.hand.order("W1", ("BOWL-L", 3))
    walk.hand.stock("BOWL-L", 3, "DOCK-1")
    yield walk.to("HAND-1").sign_in("PUTAWAY").reached("putaway.item")
    yield walk.scan("BOWL-L").reached("putaway.tote")
    walk.scan(acts.TOTES[19])
    yield walk.scan("CUP-TEA").reached("putaway.location")
    walk.scan(walk.field("location", "barcode")).say("HOME")


def _picking(walk: Walk) -> Iterator[str]:
    hand = walk.hand
    hand.stock("MUG-BLUE", 20, "A02-01-1", "2026-01-01")
    hand.stock("MUG-BLUE", 20, "A02-01-1", "2026-02-01")
    hand.stock("PLATE-27", 80, "A01-02-1")
    for number in range(1, 5):
        hand.order(f"S{number}", ("MUG-BLUE", number), ("PLATE-27", 2))
    acts.release(hand)
    yield walk.sign_in("PICK").reached("pick.cart")
    yield walk.scan(acts.CARTS[0]).reached("pick.totes")
    totes = iter(acts.TOTES)
    while walk.here == "pick.totes":
        walk.scan(next(totes))
    page = walk.page
    page.locator(".walk svg").wait_for()
    yield walk.reached("pick.location")
    yield walk.scan(acts.at("A02-03-3")).reached("pick.location", "-rejected")
    while walk.field("item", "sku") != "MUG-BLUE":
        _make_stop(walk)
    walk.scan(walk.field("location", "barcode"))
    yield walk.reached("pick.item")
    yield walk.say("HELP").reached("pick.help")
    walk.say("BACK")
    yield walk.keyed(9, "MUG-BLUE").reached("pick.item", "-over")
    yield walk.say("SHORT").reached("pick.short")
    yield walk.say("BACK").say("DAMAGED").reached("pick.damaged")
    walk.say("BACK")
    yield walk.say("OVERRIDE").reached("pick.supervisor")
    yield walk.scan(own_code("B", SUPERVISOR)).reached("pick.reason")
    walk.say("BACK")
    walk.hand.write(lambda tx: tx.run("UPDATE item SET look_alike = 'MUGS' WHERE sku LIKE 'MUG-%' OR sku = 'CUP-TEA'"))
    walk.page.reload()
    yield walk.reached("pick.item", "-look-alike")
    yield walk.scan("PLATE-27").reached("pick.item", "-wrong")
    walk.hand.write(lambda tx: tx.run("UPDATE item SET look_alike = ''"))
    walk.page.reload()
    yield walk.keyed(int(walk.field("left_each")), "MUG-BLUE").reached("pick.tote")
    yield walk.say("NEWTOTE").say("OTHERPLACE").reached("pick.tote", "-full")
    walk.say("BACK")
    walk.scan(walk.field("tote", "barcode"))
    while walk.here in ("pick.location", "pick.item"):
        _make_stop(walk)
    yield walk.reached("pick.drop")
    walk.scan(acts.at("STAGE-1")).say("HOME")


def _handing_over(walk: Walk) -> Iterator[str]:
    hand = walk.hand
    over = acts.zone(hand)
    hand.stock("BOWL-L", 5, "A01-03-1")
    hand.stock("BOWL-L", 5, "A02-02-1", "2026-02-01")
    hand.order("Z1", ("BOWL-L", 6))
    acts.release(hand, "Z1", mode="zone")
    walk.to("HAND-1").say("HOME").sign_in("PICK").scan(acts.CARTS[2])
    while walk.here == "pick.totes":
        walk.scan(next(one["code"] for one in walk.person.step["expects"] if one["kind"] == "tote"))
    while walk.here in ("pick.location", "pick.item"):
        _make_stop(walk)
    yield walk.reached("pick.over")
    yield walk.scan(acts.at(over)).reached("pick.cart", "-over")
    walk.scan(acts.CARTS[2])
    while walk.here in ("pick.location", "pick.item"):
        _make_stop(walk)
    walk.scan(acts.at("STAGE-1")).say("HOME")


def _make_stop(walk: Walk) -> None:
    acts.make_stop(_at(walk), "HAND-1")
    walk.page.reload()


def _at(walk: Walk) -> FloorHand:
    """The hand that scans beside the page, knowing the screen it stands before."""
    walk.hand.answer = {"step": walk.person.step}
    return walk.hand


def _putting_back(walk: Walk) -> Iterator[str]:
    hand = walk.hand
    hand.order("B1", ("PLATE-27", 3))
    acts.pick_all(hand, "HAND-2", cart=1, first_tote=12)
    acts.cancel(hand, "B1")
    yield walk.sign_in("PUTBACK").reached("put_back.tote")
    page = walk.page
    page.context.set_offline(True)
    for code in ("NOBODY-1", "NOBODY-2"):
        page.evaluate("code => scan(code)", code)
    page.locator("#unreached").get_by_text("2", exact=False).wait_for()
    yield walk.reached("put_back.tote", "-unreached")
    page.context.set_offline(False)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    page.locator(".notice-conflict").wait_for()
    yield walk.reached("put_back.tote", "-stopped")
    yield walk.scan(acts.TOTES[12]).reached("put_back.item")
    yield walk.keyed(3, "PLATE-27").reached("put_back.location")
    walk.scan(walk.field("location", "barcode")).say("HOME")


def _packing(walk: Walk) -> Iterator[str]:
    walk.hand.write(lambda tx: weigh_rules.set_station(tx, "BENCH-1", weighs=True))
    tote = walk.hand.one(
        "SELECT p.code FROM lpn p JOIN sales_order o ON o.warehouse_id = p.warehouse_id AND o.id = p.order_id"
        " WHERE p.warehouse_id = :w AND o.number = 'S3'"
    )["code"]
    yield walk.to("BENCH-1").sign_in("PACK").reached("pack.tote")
    yield walk.scan(own_code("T", tote)).reached("pack.item")
    walk.scan(own_code("P", "M"), "PLATE-27", "PLATE-27")
    yield walk.reached("pack.item", "-begun")
    yield walk.say("NEWPARCEL").reached("pack.split")
    walk.say("BACK").scan("MUG-BLUE", "MUG-BLUE")
    walk.hand.write(lambda tx: pack_unscanned.set_alone(tx, 0))
    walk.hand.write(lambda tx: setting_up.add_operator(tx, PACKER, "Cleo", "packer"))
    walk.scan(own_code("B", PACKER))
    yield walk.say("NOSCAN").reached("pack.unscanned")
    yield walk.scan("MUG-BLUE").reached("pack.unscanned_why")
    yield walk.scan(own_code("Y", "UNREADABLE")).reached("pack.unscanned_word")
    yield walk.scan(own_code("B", SUPERVISOR)).reached("pack.weigh")
    yield walk.keyed(5_000, own_code("C", "WEIGH")).reached("pack.weigh", "-differs")
    yield walk.say("OVERRIDE").reached("pack.supervisor")
    yield walk.scan(own_code("B", SUPERVISOR)).reached("pack.reason")
    yield walk.scan(own_code("Y", "PACKING")).reached("pack.label")
    parcel = walk.field("parcel", "barcode")
    yield walk.say("REPRINT").reached("pack.reprint")
    walk.say("BACK")
    yield walk.scan(parcel).reached("pack.lane")
    walk.scan(walk.field("lane", "barcode"))
    yield walk.scan(parcel).reached("pack.parcel")
    yield walk.say("VOID").reached("pack.void_tote")
    walk.say("BACK").say("HOME")


def _loading(walk: Walk) -> Iterator[str]:
    yield walk.to("HAND-1").sign_in("LOAD").reached("load.lane")
    yield walk.scan(acts.at("LANE-DOM")).reached("load.parcel")
    parcel = next(part["code"] for part in walk.person.step["expects"] if part["kind"] == "parcel")
    walk.scan(parcel)
    yield walk.say("TAKEOFF").reached("load.take_off")
    yield walk.say("BACK").say("CLOSE").reached("load.confirm")
    walk.say("CONFIRM").say("HOME")


def _refilling(walk: Walk) -> Iterator[str]:
    hand = walk.hand
    hand.stock("CUP-TEA", 2, "A01-03-1", "2026-01-01")
    hand.stock("CUP-TEA", 40, "A02-03-3", "2026-02-01")
    hand.write(lambda tx: pick_faces.give(tx, NOBODY, "A01-03-1", "CUP-TEA", 5, 20))
    yield walk.sign_in("REPLENISH").reached("replenish.location")
    yield walk.scan(walk.field("from", "barcode")).reached("replenish.item")
    yield walk.keyed(int(walk.field("qty_each")), "CUP-TEA").reached("replenish.target")
    yield walk.scan(walk.field("to", "barcode")).reached("replenish.location", "-nothing")
    walk.say("HOME")


def _moving(walk: Walk) -> Iterator[str]:
    yield walk.sign_in("MOVE").reached("move.source")
    yield walk.scan(acts.at("A02-01-1")).reached("move.item")
    yield walk.say("HOLD").reached("move.reason")
    walk.say("BACK")
    yield walk.keyed(2, "MUG-BLUE").reached("move.target")
    walk.scan(acts.at("A02-02-1")).say("HOME").say("MOVE")
    yield walk.scan(PALLET).reached("move.lpn")
    walk.say("HOME")


def _counting(walk: Walk) -> Iterator[str]:
    yield walk.sign_in("COUNT").reached("count.location")
    yield walk.scan(acts.at("A01-02-1")).reached("count.item")
    yield walk.keyed(40, "PLATE-27").reached("count.item", "-begun")
    walk.say("DONE").say("HOME")


def _sending(walk: Walk) -> Iterator[str]:
    walk.hand.write(lambda tx: transfers.ask(tx, "7", "NORTH", [("CUP-TEA", 4)]))
    yield walk.sign_in("SEND").reached("send.transfer")
    yield walk.scan(own_code("X", "7")).reached("send.location")
    yield walk.scan(walk.field("next", "location", "barcode")).reached("send.item")
    walk.keyed(1, "CUP-TEA")
    yield walk.say("DONE").reached("send.confirm")
    walk.say("CONFIRM").say("HOME")


def _sorting(walk: Walk) -> Iterator[str]:
    hand = walk.hand
    wall.equip(hand)
    wall.equip(hand, code="W2", place="WALL-2")
    for number in range(1, 4):
        hand.order(f"W{number}0", ("PLATE-27", number), ("BOWL-L", 1))
    hand.stock("BOWL-L", 9, "A02-02-1")
    wall.release(hand)
    tote = wall.pick(hand, "HAND-2", cart=1, first_tote=14)[0]
    yield walk.to("HAND-1").sign_in("SORT").reached("sort.wall")
    yield walk.scan(wall.AT_WALL).reached("sort.tote")
    yield walk.scan(own_code("T", tote)).reached("sort.item")
    yield walk.scan("BOWL-L").reached("sort.slot")
    walk.scan(walk.field("slot", "barcode"))
    yield walk.say("MISSING").reached("sort.reason")
    walk.say("BACK")
    wall.sort(hand, tote, "HAND-1")


def _standing_still(walk: Walk) -> Iterator[str]:
    walk.page.reload()
    yield walk.say("PROBLEM").reached("home.problem")
    walk.scan(own_code("Y", "PLACE-BLOCKED"))
    kept = pins.scrypt_of("73914682")
    for badge in (PICKER, SUPERVISOR):
        walk.hand.write(lambda tx, badge=badge: pins.set_pin(tx, badge, kept))
    yield walk.scan(own_code("B", PICKER)).reached("home.pin")
    walk.say("BACK")
    walk.hand.write(lambda tx: hand_over.set_rules(tx, auto_lock_min=1))
    an_age_ago = "UPDATE dialogue SET updated_at_ms = updated_at_ms - 90000, heard_at_ms = heard_at_ms - 90000"
    walk.hand.write(lambda tx: tx.put(an_age_ago))
    walk.page.reload()
    yield walk.reached("home.locked")
    walk.hand.write(lambda tx: hand_over.set_rules(tx, auto_lock_min=0))
