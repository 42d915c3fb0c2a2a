"""A day in which every hot transaction happens: each dialogue with its ways out, and what programs ask for.

`live_a_day` plays it on a recording floor. It is the one list of what "every hot transaction" means; a dialogue or
an operation that is added belongs in it (the test counts the dialogues).
"""

from __future__ import annotations

from typing import Any

from fulfillment.domain.codes import own_code, sscc
from fulfillment.hot import Tx
from fulfillment.services.counting import count_results
from fulfillment.services.ordering import orders
from fulfillment.services.printing import outbox
from fulfillment.services.receiving import inbound, receipts
from fulfillment.services.receiving.inbound import ExpectedLine, ReceiptIn, UnitIn
from fulfillment.services.releasing import planning, waves
from fulfillment.services.replenishing import pick_faces, replenishment_plans
from fulfillment.services.set_up import setting_up
from fulfillment.services.stock import set_aside
from fulfillment.services.transferring import transfers
from tests.factories import NOBODY
from tests.faults.an_evening import live_an_evening
from tests.faults.day_hand import DayHand
from tests.faults.recorded import Recording
from tests.services import wall
from tests.services.acts import CARTS, TOTES, at

H1, H2, DOCK, BENCH = "HAND-1", "HAND-2", "DOCK-1", "BENCH-1"
PALLET, CARTON = sscc("0614141", 901, 3), sscc("0614141", 902, 3)
GTIN = "09506000134352"  # GS1's own example number


def live_a_day(recording: Recording) -> None:
    """Found a floor and do everything on it once."""
    hand = DayHand(recording)
    _furnish(hand)
    for chapter in (
        _goods_in, _put_away, _order_and_release, _pick, _pack, _load, _count, _move, _refill, _send, _put_back,
        _batch, _papers, _prints,
    ):  # fmt: skip
        chapter(hand)
    live_an_evening(hand)


def _furnish(hand: DayHand) -> None:
    def more(tx: Tx) -> None:
        tx.insert("location", code="QUAR-1", kind="quarantine")
        tx.insert("location", code="R01-01-4", kind="reserve", level=4, aisle="01", bay="01", y_dm=10, is_pickable=0)
        tx.run("UPDATE warehouse SET approve_above_each = 3 WHERE id = :w")

    hand.write(more)
    for sku, values in (
        ("MUG", {}), ("CUP", {"weight_g": 300}), ("PEN", {}), ("POT", {}),
        ("TEA", {"tracks_lot": 1}), ("CAM", {"tracks_serial": 1}),
    ):  # fmt: skip
        hand.item(sku, **values)
    hand.write(lambda tx: tx.insert("item_barcode", item_id=1, code="MUG-CASE", uom="case", qty_each=6))
    hand.write(lambda tx: tx.insert("item_barcode", item_id=5, code=GTIN, uom="each", qty_each=1))
    hand.write(lambda tx: tx.insert("item_barcode", item_id=6, code="04006381333962", uom="each", qty_each=1))
    hand.lay("MUG", 10, "A01-01-1", "2025-12-01")
    hand.lay("CUP", 6, "A01-02-1", "2025-12-02")
    hand.lay("CUP", 6, "A02-01-1", "2025-12-03")
    hand.lay("POT", 2, "A01-03-1", "2025-12-01")
    hand.lay("POT", 24, "R01-01-4", "2025-12-05", case_each=6)
    hand.write(lambda tx: tx.insert("item_barcode", item_id=4, code="POT-CASE", uom="case", qty_each=6))
    hand.lay("TEA", 2, "A02-02-1", "2025-11-01", lot="OLD")
    hand.lay("TEA", 2, "A02-02-1", "2025-11-08", lot="NEW")
    hand.lay("CAM", 1, "F01-01-1", "2025-12-01", serial="S1")


def _goods_in(hand: DayHand) -> None:
    """A receipt by piece, case, lot, serial and pallet; over, damaged, short; one nobody announced."""
    first = ReceiptIn(
        "R1", (ExpectedLine("MUG", 14), ExpectedLine("TEA", 4, "L7"), ExpectedLine("CAM", 1), ExpectedLine("PEN", 2)),
        (UnitIn(PALLET, (ExpectedLine("CUP", 6),)), UnitIn(CARTON, (ExpectedLine("PEN", 4),), PALLET)),
        received_on="2026-01-01",
    )  # fmt: skip
    hand.ask("announce a receipt", lambda tx: inbound.announce(tx, first), is_keyed=True)
    hand.begin(DOCK, "RECEIVE")
    hand.good(DOCK, own_code("R", "R1"))
    hand.good(DOCK, "MUG", 2)
    hand.good(DOCK, "MUG-CASE")
    hand.good(DOCK, f"]d201{GTIN}10L7", 4)
    hand.good(DOCK, "]d2010400638133396221S9")
    hand.good(DOCK, PALLET)
    assert hand.scan(DOCK, PALLET)["outcome"] == "rejected"
    hand.good(DOCK, own_code("C", "OVER"))
    hand.good(DOCK, own_code("Y", "SUPPLIER-OVER"))
    hand.good(DOCK, "PEN", 3)
    hand.good(DOCK, own_code("C", "DAMAGED"))
    hand.good(DOCK, own_code("Y", "DAMAGED"))
    hand.good(DOCK, "MUG", 1)
    hand.good(DOCK, own_code("C", "DONE"))
    hand.good(DOCK, own_code("C", "CONFIRM"))
    hand.good(DOCK, own_code("C", "BLIND"))
    hand.good(DOCK, "MUG", 5)
    hand.good(DOCK, own_code("C", "DONE"))


def _put_away(hand: DayHand) -> None:
    """To the place proposed, a part elsewhere, refused, laid back; into a tote an order waits for; a pallet."""
    hand.order("X-1", ("PEN", 2))
    hand.begin(H1, "PUTAWAY")
    fields = hand.good(H1, "PEN")
    assert hand.step()["state"] == "tote", fields
    hand.good(H1, TOTES[18])
    hand.good(H1, "MUG")
    assert hand.scan(H1, at("A01-02-1"))["code"] == "mixed_item"
    place = hand.step()["fields"]["location"]
    hand.good(H1, at("A02-03-3"), 1)
    hand.good(H1, place["barcode"])
    hand.good(H1, "TEA")
    hand.good(H1, own_code("C", "BACK"))
    hand.good(H1, PALLET)  # opened where it stands: another one is on it
    hand.good(H1, CARTON)
    hand.good(H1, hand.step()["fields"]["location"]["barcode"])


def _order_and_release(hand: DayHand) -> None:
    for number, lines in (
        ("SO-1", (("MUG", 3), ("CUP", 2))), ("SO-2", (("CUP", 7), ("TEA", 2))), ("SO-3", (("MUG", 2), ("CAM", 1))),
        ("SO-4", (("POT", 5),)), ("SO-5", (("MUG", 99),)), ("SO-6", (("MUG", 1),)),
    ):  # fmt: skip
        hand.order(number, *lines)
    hand.ask("hold an order", lambda tx: orders.hold(tx, NOBODY, "SO-6", "ask the buyer"))
    hand.ask("release a hold", lambda tx: orders.release_hold(tx, NOBODY, "SO-6"))
    hand.ask("change an order", lambda tx: orders.change(tx, NOBODY, "SO-6", {"priority": 5}))
    hand.ask("cancel an order", lambda tx: orders.cancel(tx, NOBODY, "SO-6"))
    hand.ask("cancel an order that waits", lambda tx: orders.cancel(tx, NOBODY, "SO-5"))
    wave = hand.ask("release a wave", lambda tx: waves.release(tx, NOBODY, ["SO-1", "SO-2", "SO-3"]))["wave"]
    with hand.recording.hot():
        planning.plan_wave(hand.floor, wave, tour_ms=1)


def _pick(hand: DayHand) -> None:
    """Claim, totes, stops, wrong places and totes, a short, another tote, a supervisor's word, a skip, the drop."""
    hand.begin(H1, "PICK", "1001")
    hand.scan(H1, own_code("B", "1002"))
    hand.good(H1, CARTS[0])
    totes = iter(TOTES)
    while hand.step()["state"] == "totes":
        hand.good(H1, next(totes))
    hand.good(H1, own_code("C", "SKIP"))
    assert hand.scan(H1, at("BENCH-1"))["outcome"] == "rejected"
    has_swapped = has_shorted = has_put_back = False
    while hand.step()["state"] in ("location", "item", "tote"):
        fields = hand.step()["fields"]
        if hand.step()["state"] == "location":
            hand.good(H1, fields["location"]["barcode"])
            continue
        sku = fields["item"]["sku"]
        if sku == "CAM":
            hand.good(H1, "]d2010400638133396221S1")
        elif sku == "TEA":
            hand.good(H1, own_code("C", "OVERRIDE"))
            hand.good(H1, own_code("B", "1001"))
            hand.good(H1, own_code("Y", "UNREACHABLE"))
            hand.good(H1, f"]d201{GTIN}10NEW", fields["left_each"])
        elif sku == "CUP" and not has_shorted:
            has_shorted = True
            hand.good(H1, "CUP", 1)
            hand.good(H1, own_code("C", "SHORT"))
            hand.good(H1, own_code("Y", "TOO-FEW"))
        elif sku == "CUP" and not has_swapped:
            has_swapped = True
            hand.good(H1, "CUP", fields["left_each"])
            hand.good(H1, own_code("C", "NEWTOTE"))
            hand.good(H1, TOTES[10])
            fields = hand.step()["fields"]
        else:
            if not has_put_back:
                has_put_back = True
                hand.good(H1, fields["item"]["barcode"], 1)
                hand.good(H1, own_code("C", "BACK"))
                continue
            hand.good(H1, fields["item"]["barcode"], fields["left_each"])
            assert hand.scan(H1, TOTES[15])["outcome"] == "rejected"
        if hand.step()["state"] in ("item", "tote"):
            hand.good(H1, hand.step()["fields"]["tote"]["barcode"])
    hand.good(H1, at("STAGE-1"))
    assert (has_swapped, has_shorted, has_put_back) == (True, True, True)


def _pack(hand: DayHand) -> None:
    """Unit by unit, a keyed count, what is missing, the label, a reprint, a parcel voided and one opened again."""
    hand.begin(BENCH, "PACK")
    while waiting := [e["code"] for e in hand.step()["expects"] if e["kind"] == "tote" and e["code"]]:
        hand.good(BENCH, waiting[0])
        while hand.step()["state"] == "item":
            fields = hand.step()["fields"]
            if not fields["next"]:
                hand.good(BENCH, fields["totes_left"][0]["barcode"])
                continue
            ahead = fields["next"]
            many = ahead["qty_each"] > fields["scan_each_max"]
            hand.scan(BENCH, ahead["barcode"], ahead["qty_each"] if many else None)
            if hand.answer["outcome"] == "rejected" and ahead["sku"] == "CAM":
                hand.good(BENCH, "]d2010400638133396221S1")
            elif hand.answer["outcome"] == "rejected":
                raise AssertionError(hand.answer)
        _label_and_lane(hand)
    assert hand.scan(BENCH, TOTES[17])["outcome"] == "rejected"


def _label_and_lane(hand: DayHand) -> None:
    number = hand.step()["fields"]["parcel"]["number"]
    hand.good(BENCH, own_code("C", "REPRINT"))
    hand.good(BENCH, own_code("Y", "UNREADABLE"))
    assert hand.scan(BENCH, "00" + sscc("0614141", 77777))["outcome"] == "rejected"
    hand.good(BENCH, "00" + number)
    hand.good(BENCH, hand.step()["fields"]["lane"]["barcode"])


def _load(hand: DayHand) -> None:
    """A parcel packed again, one taken off the truck, one loaded twice, one missing, the manifest closed."""
    parcels = hand.all("SELECT number FROM parcel WHERE warehouse_id = :w AND state <> 'void' ORDER BY id")
    first, *others = [row["number"] for row in parcels]
    hand.good(BENCH, "00" + first)
    hand.good(BENCH, own_code("C", "REOPEN"))
    hand.good(BENCH, own_code("C", "CLOSE"))
    _label_and_lane(hand)
    hand.good(BENCH, "00" + others[-1])
    hand.good(BENCH, own_code("C", "VOID"))
    hand.good(BENCH, TOTES[16])
    hand.begin(H1, "LOAD")
    hand.good(H1, at("LANE-DOM"))
    hand.good(H1, "00" + first)
    hand.good(H1, own_code("C", "TAKEOFF"))
    hand.good(H1, "00" + first)
    assert hand.scan(H1, "00" + sscc("0614141", 77777))["outcome"] == "rejected"
    hand.good(H1, "00" + first)
    hand.good(H1, own_code("C", "UNDO"))
    hand.good(H1, "00" + first)
    hand.good(H1, own_code("C", "CLOSE"))
    if "MISSING" in [e["label"] for e in hand.step()["expects"]]:
        hand.good(H1, own_code("C", "MISSING"))
    hand.good(H1, own_code("C", "CONFIRM"))


def _count(hand: DayHand) -> None:
    """Fewer, more, none; a difference somebody must decide, posted and refused."""
    hand.begin(H2, "COUNT", "1001")
    for place, found in (("A02-01-1", 4), ("A01-02-1", 9), ("A02-02-1", 1)):
        hand.good(H2, at(place))
        for sku in ("CUP",) if place != "A02-02-1" else ():
            hand.good(H2, sku, found)
        if place == "A02-02-1":
            hand.good(H2, f"]d201{GTIN}10OLD", found)
        hand.good(H2, own_code("C", "DONE"))
    hand.good(H2, at("P01-01-1"))
    hand.good(H2, own_code("C", "EMPTY"))
    pending = hand.all("SELECT id FROM count_result WHERE warehouse_id = :w AND state = 'pending' ORDER BY id")
    assert pending, "no count waits for a word"
    post = pending[0]["id"]
    hand.ask("post a count", lambda tx: count_results.post(tx, NOBODY, post))


def _move(hand: DayHand) -> None:
    """A free move, a pallet whole, set aside and freed with a reason, adjusted both ways."""
    hand.begin(H1, "MOVE")
    hand.good(H1, at("A02-03-3"))
    hand.good(H1, "MUG", 1)
    hand.good(H1, at("A01-01-1"))
    for command, reason, place in (
        ("HOLD", "QUALITY", "A01-01-1"), ("FREE", "QUALITY", "A01-01-1"), ("ADJUST", "FOUND", "A01-01-1"),
        ("ADJUST", "LOST", "A01-01-1"),
    ):  # fmt: skip
        if hand.step()["state"] != "item":
            hand.good(H1, at(place))
        hand.good(H1, own_code("C", command))
        hand.good(H1, own_code("Y", reason))
        hand.good(H1, "MUG", 1)
        if hand.step()["state"] == "target":
            hand.good(H1, at(place))
    if hand.step()["state"] == "item":
        hand.scan(H1, own_code("C", "BACK"))
    hand.good(H1, CARTON)
    hand.good(H1, at("DOCK-1"))


def _refill(hand: DayHand) -> None:
    """A face that does not last: planned, fetched in a closed case, brought, taken up again and set down."""
    hand.ask("give a face", lambda tx: pick_faces.give(tx, NOBODY, "A01-03-1", "POT", 3, 12), is_keyed=True)
    hand.ask("plan refills", lambda tx: replenishment_plans.refill(tx, NOBODY, 4))
    hand.begin(H1, "REPLENISH")
    fields = hand.step()["fields"]
    assert fields["task"], fields
    hand.good(H1, fields["from"]["barcode"])
    hand.good(H1, "POT-CASE")
    hand.good(H1, own_code("C", "BACK"))
    fields = hand.step()["fields"]
    hand.good(H1, fields["from"]["barcode"])
    hand.good(H1, fields["item"]["barcode"], fields["qty_each"])
    hand.good(H1, own_code("C", "UNDO"))
    hand.good(H1, fields["item"]["barcode"], fields["qty_each"])
    hand.good(H1, fields["to"]["barcode"])
    hand.good(H1, own_code("C", "UNDO"))
    hand.good(H1, fields["to"]["barcode"])


def _send(hand: DayHand) -> None:
    """A transfer asked for, loaded and sent, and what became of it."""
    hand.ask("ask for a transfer", lambda tx: transfers.ask(tx, "7", "NORTH", [("MUG", 4)]), is_keyed=True)
    hand.begin(H1, "SEND")
    hand.good(H1, own_code("X", "7"))
    while ahead := hand.step()["fields"]["next"]:
        hand.good(H1, ahead["location"]["barcode"])
        hand.good(H1, ahead["item"]["barcode"], ahead["qty_each"])
    hand.good(H1, own_code("C", "DONE"))
    said = [{"sku": "MUG", "qty_each": 3}]
    hand.ask("a transfer arrived", lambda tx: transfers.arrived(tx, NOBODY, "7", said), is_keyed=True)


def _put_back(hand: DayHand) -> None:
    """What was picked for an order that is cancelled returns to storage."""
    hand.order("SO-7", ("MUG", 2))
    wave = hand.write(lambda tx: waves.release(tx, NOBODY, ["SO-7"]))["wave"]
    planning.plan_wave(hand.floor, wave, tour_ms=1)
    hand.begin(H1, "PICK")
    hand.good(H1, CARTS[1])
    hand.good(H1, TOTES[18])
    while hand.step()["state"] in ("location", "item"):
        fields = hand.step()["fields"]
        if hand.step()["state"] == "location":
            hand.good(H1, fields["location"]["barcode"])
            continue
        hand.good(H1, fields["item"]["barcode"], fields["left_each"])
        hand.good(H1, fields["tote"]["barcode"])
    hand.good(H1, at("STAGE-1"))
    hand.ask("cancel what is picked", lambda tx: orders.cancel(tx, NOBODY, "SO-7"))
    hand.begin(H2, "PUTBACK", "1001")
    hand.good(H2, TOTES[18])
    for is_wrong in (True, False):
        ahead = hand.step()["fields"]["next"]
        hand.good(H2, ahead["item"]["barcode"] if "item" in ahead else ahead["barcode"], ahead["qty_each"])
        hand.good(H2, hand.step()["fields"]["location"]["barcode"])
        if is_wrong:
            hand.good(H2, own_code("C", "UNDO"))


def _batch(hand: DayHand) -> None:
    """Units of two orders picked together, sorted at the wall with one missing, one packed from its slot."""
    wall.equip(hand)
    hand.lay("PEN", 9, "F01-01-1", "2026-01-05")
    hand.order("SO-B1", ("PEN", 2))
    hand.order("SO-B2", ("PEN", 1))
    wave = hand.ask("release a batch", lambda tx: waves.release(tx, NOBODY, ["SO-B1", "SO-B2"], mode="batch"))["wave"]
    with hand.recording.hot():
        planning.plan_wave(hand.floor, wave, tour_ms=1)
    hand.begin(H1, "PICK")
    hand.good(H1, CARTS[1])
    hand.good(H1, TOTES[19])
    has_undone = False
    while hand.step()["state"] in ("location", "item"):
        fields = hand.step()["fields"]
        if hand.step()["state"] == "location":
            hand.good(H1, fields["location"]["barcode"])
            continue
        hand.good(H1, fields["item"]["barcode"], fields["left_each"])
        hand.good(H1, fields["tote"]["barcode"])
        if not has_undone:
            has_undone = True
            hand.good(H1, own_code("C", "UNDO"))
    hand.good(H1, wall.AT_WALL)
    hand.begin(H2, "SORT")
    hand.good(H2, TOTES[19])
    for _ in range(2):
        slot = hand.good(H2, "PEN")["slot"]
        other = next(name for name in ("W1-A01", "W1-A02") if name != slot["code"])
        assert hand.scan(H2, own_code("S", other))["outcome"] == "rejected"
        hand.good(H2, slot["barcode"])
    hand.good(H2, own_code("C", "MISSING"))
    hand.good(H2, wall.LOST)
    hand.begin(BENCH, "PACK")
    done = next(name for name, (state, _, _) in wall.slots(hand).items() if state == "done")
    hand.good(BENCH, own_code("S", f"W1-{done}"))
    while hand.step()["state"] == "item":
        hand.good(BENCH, hand.step()["fields"]["next"]["barcode"])
    _label_and_lane(hand)


def _papers(hand: DayHand) -> None:
    """What an API asks for about stock and receipts."""
    changes = (("HOLD", "quality"), ("FREE", "quality"), ("ADJUST", "lost"), ("ADJUST", "found"))
    for number, (kind, why) in enumerate(changes):
        asked = set_aside.ChangeIn(kind, "A01-01-1", "MUG", 1, why, reference=f"C-{number}")
        hand.ask(f"stock change {kind} {why}", lambda tx, asked=asked: set_aside.ask(tx, NOBODY, asked), is_keyed=True)
    hand.ask("a tote more", lambda tx: setting_up.add_totes(tx, 1))
    hand.ask("describe a receipt", lambda tx: receipts.describe(tx, "R1"))


def _prints(hand: DayHand) -> None:
    """Claimed, sent and confirmed; held; uncertain; failed; a claim whose lease ran out."""
    printer = hand.one("SELECT id FROM printer WHERE warehouse_id = :w AND code = 'LABEL-1'")["id"]
    for last in ("confirm", "hold", "uncertain", "fail"):
        job = hand.ask("claim a print", lambda tx: outbox.claim(tx, printer))
        assert job is not None
        if last == "hold":
            hand.ask("hold a print", lambda tx, job=job: outbox.hold(tx, job, "paper_out"))
            hand.recording.later(5_000)
            continue
        hand.ask("start sending", lambda tx, job=job: outbox.start_sending(tx, job, b"^XA^XZ", "0" * 64))
        end = {"confirm": _confirm, "uncertain": outbox.make_uncertain, "fail": outbox.fail}[last]
        hand.ask(f"{last} a print", lambda tx, job=job, end=end: end(tx, job, "told by a test"))
    hand.ask("claim a print", lambda tx: outbox.claim(tx, printer))
    hand.recording.later(outbox.LEASE_MS + 1)
    hand.ask("end leases", outbox.end_leases)
    hand.ask("see a printer", lambda tx: outbox.see_printer(tx, printer, "faulted", "paper_out"))


def _confirm(tx: Tx, job: Any, detail: str) -> bool:
    return outbox.complete(tx, job, "counted", True, detail)
