"""A walk goes on while the floor cannot be reached: noted, never confirmed, sent in order, nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, Route, expect

from fulfillment.domain.codes import own_code
from fulfillment.services.scan_path import replay_conflicts
from fulfillment.services.set_up.setting_up import add_token
from tests.browser.conftest import Site
from tests.browser.relay import relay_to
from tests.browser.scanner import Person
from tests.factories import FloorHand
from tests.services import acts, wall

pytestmark = pytest.mark.browser

BADGE = own_code("B", "1001")
STOPS = (
    ("PEN", "A01-01-1", 1), ("CUP", "A01-02-1", 2), ("JUG", "A01-03-1", 1), ("MUG", "A02-01-1", 3),
    ("POT", "A02-02-1", 1),
)  # fmt: skip
# What a page without the network never shows or does: the floor's own yes.
WATCH = """
window.told = [];
addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
  const away = document.querySelector(".screen.is-away");
  if (away && away.querySelector(".verdict-applied")) told.push("applied shown");
}).observe(document.body, { childList: true, subtree: true, attributes: true }));
navigator.vibrate = (ms) => { if (document.querySelector(".screen.is-away") && ms === 40) told.push("felt applied"); };
"""


@pytest.fixture
def hand(site: Site) -> FloorHand:
    """A floor with one tour of five stops."""
    hand = site.hand
    for sku, place, _ in STOPS:
        hand.item(sku, name=f"{sku.title()} blue")
        hand.stock(sku, 50, place)
    hand.order("S1", *((sku, each) for sku, _, each in STOPS))
    acts.release(hand)
    return hand


@pytest.fixture
def picker(site: Site, hand: FloorHand, page: Page) -> Person:
    return ready_picker(site, page)


def ready_picker(site: Site, page: Page) -> Person:
    """Somebody before the first stop, whose device has the walk."""
    page.add_init_script(WATCH)
    picker = Person(site, page, "HAND-1")
    for code in (BADGE, own_code("C", "PICK"), acts.CARTS[0], acts.TOTES[0]):
        picker.scan(code)
    page.wait_for_function("() => tour && floorAt")
    return picker


def walk_codes(hand: FloorHand) -> list[str]:
    """What is scanned from the first open stop to the drop, every piece by itself."""
    rows = hand.all(
        "SELECT l.code, i.sku, k.qty_each FROM task k JOIN location l ON l.warehouse_id = k.warehouse_id"
        " AND l.id = k.location_id JOIN item i ON i.warehouse_id = k.warehouse_id AND i.id = k.item_id"
        " WHERE k.warehouse_id = :w AND k.kind = 'pick' AND k.state = 'open' ORDER BY k.sequence, k.id"
    )
    codes = []
    for row in rows:
        codes += [acts.at(row["code"]), *[row["sku"]] * row["qty_each"], acts.TOTES[0]]
    return [*codes, acts.at("STAGE-1")]


def pull_noted(picker: Person, codes: list[str]) -> None:
    """Scan on without the network: each is on the disk, and shown as noted, before the next."""
    page = picker.page
    for code in codes:
        before = page.evaluate("away.total")
        picker.pull(code)
        page.wait_for_function("before => away.isOn && away.total > before", arg=before)
        expect(page.locator(".verdict-noted")).to_contain_text("Noted, not confirmed")


def go_off(page: Page) -> None:
    page.context.set_offline(True)
    expect(page.locator("#away")).to_contain_text("No network. Nothing here is confirmed.")


def sent(site: Site, since: int) -> list[object]:
    return [(scan["code"], scan["rejection"]) for scan in site.scans()[since:]]


def test_a_walk_is_finished_with_the_network_gone(picker: Person, site: Site, page: Page, hand: FloorHand) -> None:
    codes, before = walk_codes(hand), len(site.scans())
    go_off(page)
    pull_noted(picker, codes)
    expect(page.locator(".prompt")).to_have_text("All noted")
    expect(page.locator("#away")).to_contain_text(f"{len(codes)} scans wait")
    assert len(site.scans()) == before
    assert page.evaluate("told") == []
    page.context.set_offline(False)
    expect(page.locator("#waiting")).to_have_text("All sent")
    expect(page.locator(".screen")).to_have_attribute("data-state", "cart")
    assert page.locator("#away").count() == 0
    assert sent(site, before) == [(code, "") for code in codes]
    assert hand.order_state("S1") == "picked"
    assert page.evaluate("told") == []
    assert acts.wrong(hand) == []


@pytest.mark.parametrize("how", ["refuses", "hangs", "answers 502"])
def test_a_server_that_is_gone_is_like_a_network_that_is(
    picker: Person, site: Site, page: Page, hand: FloorHand, how: str
) -> None:
    codes, before = walk_codes(hand), len(site.scans())
    held: list[Route] = []

    def fail(route: Route) -> None:
        if how == "hangs":
            held.append(route)
        elif how == "refuses":
            route.abort()
        else:
            route.fulfill(status=502, body="<h1>Bad gateway</h1>", content_type="text/html")

    page.route("**/kiosk/**", fail)
    picker.pull(codes[0])  # on its way when nothing answers any more
    expect(page.locator("#away")).to_be_visible()
    pull_noted(picker, codes[1:])
    expect(page.locator(".prompt")).to_have_text("All noted")
    page.unroute("**/kiosk/**")
    for route in held:
        with suppress(Error):  # the page has given up on it
            route.abort()
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("#waiting")).to_have_text("All sent")
    assert sent(site, before) == [(code, "") for code in codes]
    assert page.evaluate("told") == []
    assert hand.order_state("S1") == "picked"


def test_a_wrong_scan_is_refused_on_the_device_and_never_sent(
    picker: Person, site: Site, page: Page, hand: FloorHand
) -> None:
    codes, before = walk_codes(hand), len(site.scans())
    go_off(page)
    for code, said in (
        (acts.at("A02-02-1"), "Stop Wrong location Expected A01-01-1 Scanned A02-02-1"),
        ("PEN", "Stop Not what is needed now Expected A01-01-1 Scanned PEN"),
        (own_code("C", "SKIP"), "Stop This needs the network"),
        (own_code("B", "1002"), "Stop This needs the network"),
    ):
        picker.pull(code)
        expect(page.locator("[data-verdict]")).to_have_text(said, use_inner_text=True)
    pull_noted(picker, codes[:2])
    for code, said in (("PEN", "Too many"), (acts.TOTES[3], "Wrong tote")):
        picker.pull(code)
        expect(page.locator("[data-verdict]")).to_contain_text(said)
    expect(page.locator("#away")).to_contain_text("2 scans wait")
    page.context.set_offline(False)
    expect(page.locator("#waiting")).to_have_text("All sent")
    assert sent(site, before) == [(code, "") for code in codes[:2]]
    assert picker.state == ("pick", "tote")


def test_the_cart_is_drawn_without_the_network(picker: Person, page: Page, hand: FloorHand) -> None:
    codes = walk_codes(hand)
    go_off(page)
    pull_noted(picker, codes[:2])
    expect(page.locator(".prompt")).to_have_text("Scan the tote")
    expect(page.locator(".cart .cart-here text")).to_have_text("1")
    places = hand.one("SELECT positions FROM cart WHERE warehouse_id = :w ORDER BY id LIMIT 1")["positions"]
    expect(page.locator(".cart g")).to_have_count(places)


def test_the_small_map_goes_along_without_the_network(picker: Person, page: Page, hand: FloorHand) -> None:
    codes = walk_codes(hand)
    expect(page.locator(".walk > svg")).to_be_visible()
    metres = page.inner_text(".ahead").split(" m")[0]
    go_off(page)
    stops = page.evaluate("tour.stops.map(({ place }) => [String(place.x_dm), String(-place.y_dm)])")
    assert ring(page) == stops[0]
    pull_noted(picker, codes[:3])
    assert page.locator(".screen").get_attribute("data-state") == "location"
    expect(page.locator(".walk > svg")).to_be_visible()
    assert ring(page) == stops[1] != stops[0]
    assert int(page.inner_text(".ahead").split(" m")[0]) < int(metres)
    small = page.locator(".walk > svg").bounding_box()
    page.locator(".walk").click()
    large = page.locator(".walk > svg").bounding_box()
    assert small is not None
    assert large is not None
    assert large["height"] > 2 * small["height"]
    page.locator(".walk").click()
    pull_noted(picker, codes[3:7])
    assert ring(page) == stops[2]


def ring(page: Page) -> list[str | None]:
    """Where the map's ring is."""
    shown = page.locator(".walk > svg > circle[fill=none]")
    return [shown.get_attribute("cx"), shown.get_attribute("cy")]


def test_of_look_alikes_the_device_notes_the_scans_only(
    picker: Person, site: Site, page: Page, hand: FloorHand
) -> None:
    hand.write(lambda tx: tx.run("UPDATE item SET look_alike = 'CUPS' WHERE warehouse_id = :w AND sku = 'CUP'"))
    codes = walk_codes(hand)
    for code in codes[:3]:
        picker.scan(code)
    page.wait_for_function("() => tour.stops.some(({ item }) => item.is_look_alike)")
    go_off(page)
    pull_noted(picker, codes[3:4])
    expect(page.locator(".task")).to_contain_text("Others look like it: scan every piece")
    assert page.locator("#panel").count() == 0
    page.fill("#manual-code", "CUP")
    page.click("#manual button")
    expect(page.locator("[data-verdict]")).to_contain_text("others look like them")
    assert page.locator("#keypad").count() == 0
    pull_noted(picker, ["CUP", "CUP", acts.TOTES[0]])
    page.context.set_offline(False)
    expect(page.locator("#waiting")).to_have_text("All sent")
    assert [scan["rejection"] for scan in site.scans()[-4:]] == [""] * 4
    assert acts.wrong(hand) == []


def test_a_batch_is_finished_with_the_network_gone(site: Site, page: Page) -> None:
    hand = wall.equip(site.hand)
    wall.stock(hand, "MUG", "CUP")
    hand.order("S1", ("MUG", 1), ("CUP", 1))
    hand.order("S2", ("MUG", 2))
    wall.release(hand)
    picker, before = ready_picker(site, page), len(site.scans())
    stops = page.evaluate("tour.stops.map(({ place, item, left }) => [place.barcode, item.sku, left])")
    assert sorted((sku, left) for _, sku, left in stops) == [("CUP", 1), ("MUG", 3)]
    codes = [code for place, sku, left in stops for code in (place, *[sku] * left, acts.TOTES[0])] + [wall.AT_WALL]
    go_off(page)
    pull_noted(picker, codes)
    expect(page.locator(".prompt")).to_have_text("All noted")
    page.context.set_offline(False)
    expect(page.locator("#waiting")).to_have_text("All sent")
    assert sent(site, before) == [(code, "") for code in codes]
    assert [hand.order_state(number) for number in ("S1", "S2")] == ["picked", "picked"]
    assert page.evaluate("told") == []
    assert acts.wrong(hand) == []


def test_a_quantity_is_keyed_without_the_network(picker: Person, site: Site, page: Page, hand: FloorHand) -> None:
    codes, before = walk_codes(hand), len(site.scans())
    go_off(page)
    pull_noted(picker, codes[:4])
    picker.key_in(2)
    pull_noted(picker, ["CUP", acts.TOTES[0]])
    page.context.set_offline(False)
    expect(page.locator("#waiting")).to_have_text("All sent")
    assert [scan["qty_each"] for scan in site.scans()[before:]] == [None] * 4 + [2, None]
    assert picker.state == ("pick", "location")


def test_a_page_closed_with_scans_waiting_loses_none(
    picker: Person, site: Site, page: Page, hand: FloorHand
) -> None:
    codes, before = walk_codes(hand), len(site.scans())
    go_off(page)
    pull_noted(picker, codes[:5])
    context = page.context
    page.close()  # the battery is empty; there is no worker that could show the page without a network
    context.set_offline(False)
    again = context.new_page()
    again.goto(f"{site.address}/kiosk/HAND-1")
    expect(again.locator("#waiting")).to_have_text("All sent")
    expect(again.locator(".screen:not(.is-away)")).to_have_count(1)
    assert sent(site, before) == [(code, "") for code in codes[:5]]


def test_two_devices_on_one_walk(
    picker: Person, site: Site, page: Page, hand: FloorHand, browser: Browser
) -> None:
    codes, before = walk_codes(hand), len(site.scans())
    go_off(page)
    pull_noted(picker, codes[:3])  # the first stop
    with device(browser) as second:
        other = Person(site, second, "HAND-1")
        for code in codes[:3]:
            other.scan(code)
    page.context.set_offline(False)
    expect(page.locator(".notice-conflict")).to_contain_text("Stopped at scan 1 of 3")
    expect(page.locator("[data-verdict]")).to_contain_text("The floor is at another step by now")
    expect(page.locator("#waiting")).to_have_text("All sent")
    assert sent(site, before) == [(code, "") for code in codes[:3]] + [(code, "out_of_step") for code in codes[:3]]
    assert hand.on_hand("A01-01-1", "PEN") == 49
    (conflict,) = hand.floor.read(replay_conflicts.listed)
    assert (conflict["operator"], conflict["location"], len(conflict["after_it"])) == ("Ada", "A01-01-1", 2)
    for code in codes[3:]:
        picker.scan(code)
    assert hand.order_state("S1") == "picked"
    assert acts.wrong(hand) == []


def test_the_supervisor_reads_and_decides(picker: Person, site: Site, page: Page, hand: FloorHand) -> None:
    codes = walk_codes(hand)
    go_off(page)
    pull_noted(picker, codes[:3])
    for code in codes[:3]:
        hand.scan("HAND-1", code)
    page.context.set_offline(False)
    expect(page.locator(".notice-conflict")).to_be_visible()
    token = hand.write(lambda tx: add_token(tx, "desk", "admin"))
    page.goto(f"{site.address}/enter?token={token}")
    expect(page.locator("#conflicts")).to_have_text("1 offline conflict")
    page.click("#conflicts a")
    expect(page.locator(".decide h2")).to_have_text("Ada on HAND-1: went to A01-01-1")
    expect(page.locator(".decide")).to_contain_text("The floor is at another step by now")
    expect(page.locator(".decide summary")).to_have_text("2 more scans after it were not taken either")
    page.fill("[name=note]", "both had scanned it")
    page.fill("[name=badge]", "1002")
    page.click("[value=void]")
    expect(page.locator("#refused")).to_contain_text("Only a supervisor decides")
    page.fill("[name=badge]", BADGE)
    page.click("[value=void]")
    expect(page.locator("main")).to_contain_text("No conflict waits for a decision.")


def test_a_device_that_knows_no_walk_queues_as_ever(site: Site, hand: FloorHand, page: Page) -> None:
    picker = Person(site, page, "HAND-1")
    page.context.set_offline(True)
    picker.pull(BADGE)
    expect(page.locator("#waiting")).to_contain_text("1 waiting to be sent")
    assert page.locator("#away").count() == 0
    page.context.set_offline(False)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator(".head-who")).to_have_text("Ada")
    assert picker.state == ("home", "menu")


def off_the_walks(site: Site, page: Page, command: str, *first: str) -> Person:
    """Somebody at the dock or in the aisles, with no walk that could be known beforehand; the network goes."""
    for sku in ("TEA", "JAM"):
        site.hand.item(sku)
        site.hand.stock(sku, 5, "DOCK-1" if command == "PUTAWAY" else "P01-01-1")
    page.add_init_script(WATCH)
    picker = Person(site, page, "HAND-1")
    for code in (BADGE, own_code("C", command), *first):
        picker.scan(code)
    page.context.set_offline(True)
    return picker


def pull_kept(picker: Person, *codes: str) -> None:
    """Scan on without the network where nothing can be known: each is on the disk, and the screen says what it is."""
    page = picker.page
    for code in codes:
        waiting = page.evaluate("unseen.length")
        picker.pull(code)
        page.wait_for_function("before => unseen.length > before", arg=waiting)
        kept = "1 scan kept here, not booked yet" if not waiting else f"{waiting + 1} scans kept here, none booked yet"
        expect(page.locator("#unreached")).to_contain_text(kept)
        assert page.locator(".verdict-applied").count() == 0


def test_goods_are_put_away_without_the_network_and_nothing_is_said_to_be_booked(
    site: Site, hand: FloorHand, page: Page
) -> None:
    picker = off_the_walks(site, page, "PUTAWAY")
    pull_kept(picker, "TEA", acts.at("F01-01-1"), "JAM", acts.at("P01-01-1"))
    said = page.inner_text("#unreached")
    assert "This screen is from before them" in said
    assert "Sent in this order when the network is back" in said
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert (page.locator(".screen").get_attribute("data-state"), hand.on_hand("DOCK-1")) == ("item", 10)
    page.context.set_offline(False)
    expect(page.locator("#waiting")).to_have_text("All sent")
    expect(page.locator("#unreached")).to_have_count(0)
    assert (hand.on_hand("F01-01-1", "TEA"), hand.on_hand("P01-01-1", "JAM")) == (5, 5)
    assert (replay_conflicts_of(hand), page.locator(".notice-conflict").count()) == ([], 0)


def test_what_does_not_count_when_it_comes_stops_what_was_scanned_after_it(
    site: Site, hand: FloorHand, page: Page
) -> None:
    picker = off_the_walks(site, page, "PUTAWAY")
    pull_kept(picker, "TEA", acts.at("Z99-01-1"), "JAM", acts.at("F01-01-1"))
    page.context.set_offline(False)
    expect(page.locator(".notice-conflict")).to_contain_text("Stopped at scan 2 of 4 that waited")
    expect(page.locator("[data-verdict]")).to_contain_text("Nobody knows this code")
    expect(page.locator("#waiting")).to_have_text("All sent")
    assert hand.on_hand("F01-01-1") == 0
    (conflict,) = replay_conflicts_of(hand)
    assert (conflict["rejection"], len(conflict["after_it"])) == ("unknown_code", 2)
    page.wait_for_function("() => performance.now() - lastAt > BOUNCE_MS")  # else the same pull read twice
    picker.scan(acts.at("F01-01-1"))  # the tea in the hand
    assert hand.on_hand("F01-01-1", "TEA") == 5


def test_a_place_is_counted_without_the_network(site: Site, hand: FloorHand, page: Page) -> None:
    picker = off_the_walks(site, page, "COUNT", acts.at("P01-01-1"))
    picker.key_in(4)
    pull_kept(picker, "TEA")
    picker.key_in(5)
    pull_kept(picker, "JAM", own_code("C", "DONE"))
    before = len(site.scans())
    page.context.set_offline(False)
    expect(page.locator("#waiting")).to_have_text("All sent")
    assert [(scan["qty_each"], scan["rejection"]) for scan in site.scans()[before:]] == [(4, ""), (5, ""), (None, "")]
    assert picker.state == ("count", "location")
    assert replay_conflicts_of(hand) == []


def replay_conflicts_of(hand: FloorHand) -> list[dict[str, object]]:
    return hand.floor.read(replay_conflicts.listed)


def test_a_reload_without_the_network_stands_where_it_stood(site: Site, hand: FloorHand, browser: Browser) -> None:
    with relay_to(site.address) as line, device(browser, workers="allow") as page:
        picker = ready_picker(replace(site, address=line.address), page)
        codes, before = walk_codes(hand), len(site.scans())
        page.evaluate("navigator.serviceWorker.ready")
        page.wait_for_function("async () => !!await caches.match(location.href, { ignoreVary: true })")
        line.cut()
        picker.pull(codes[0])
        expect(page.locator("#away")).to_be_visible()
        pull_noted(picker, codes[1:4])
        page.reload()
        expect(page.locator("#away")).to_contain_text("4 scans wait")
        expect(page.locator(".screen")).to_have_attribute("data-state", "item")
        page.evaluate("WEDGE.pauseMs = 20_000")
        pull_noted(picker, codes[4:])
        line.mend()
        page.evaluate("window.dispatchEvent(new Event('online'))")
        expect(page.locator("#waiting")).to_have_text("All sent")
        assert sent(site, before) == [(code, "") for code in codes]
        assert page.evaluate("told") == []
        assert hand.order_state("S1") == "picked"


@contextmanager
def device(browser: Browser, workers: str = "block") -> Iterator[Page]:
    context: BrowserContext = browser.new_context(
        viewport={"width": 360, "height": 640}, locale="en-GB", service_workers=workers  # type: ignore[arg-type]
    )
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page
    context.close()
    assert wrong == []
