"""Rules of what is announced and how it arrives: pallets by one scan, more and less than said, damage, quality."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.services.receiving import dock_to_stock, inbound, receipts
from fulfillment.services.receiving.inbound import ExpectedLine, UnitIn
from tests.factories import FloorHand
from tests.services.acts import at
from tests.services.arriving import (
    CARTON,
    OTHER,
    PALLET,
    announce,
    announce_units,
    balances,
    begin,
    case_of,
    differences,
    finish,
    lines,
    say_why,
    shown,
)

GTIN = "09506000134352"


pytestmark = pytest.mark.usefixtures("book_is_right")


@pytest.fixture
def dock(hand: FloorHand) -> FloorHand:
    """Items MUG and CUP."""
    hand.item("MUG")
    hand.item("CUP")
    return hand


# --- pallets -----------------------------------------------------------------------------------------------------


def test_one_scan_of_a_pallet_receives_all_that_was_announced_on_it(dock: FloorHand) -> None:
    announce_units(dock, UnitIn(PALLET, lines(("MUG", 40), ("CUP", 10))))
    step = begin(dock)
    assert step["fields"]["units_waiting"] == [PALLET]
    step = dock.scan("DOCK-1", f"]C100{PALLET}")["step"]
    assert (step["fields"]["units_left"], step["fields"]["units_waiting"]) == (0, [])
    assert [(row["sku"], row["lpn"], row["on_hand_each"]) for row in balances(dock)] == [
        ("MUG", PALLET, 40), ("CUP", PALLET, 10),
    ]  # fmt: skip
    (unit,) = shown(dock)["units"]
    assert (unit["state"], unit["arrived_at_ms"] is not None) == ("arrived", True)


def test_the_label_of_a_pallet_opens_its_receipt(dock: FloorHand) -> None:
    announce_units(dock, UnitIn(PALLET, lines(("MUG", 4))))
    dock.sign_in("DOCK-1", "RECEIVE")
    step = dock.scan("DOCK-1", PALLET)["step"]
    assert (step["state"], step["fields"]["receipt"], step["fields"]["units_left"]) == ("item", "R1", 0)


def test_what_stands_on_a_pallet_comes_with_it(dock: FloorHand) -> None:
    announce_units(dock, UnitIn(CARTON, lines(("CUP", 6)), PALLET), UnitIn(PALLET, lines(("MUG", 4))))
    begin(dock)
    dock.scan("DOCK-1", PALLET)
    assert {row["lpn"]: row["on_hand_each"] for row in balances(dock)} == {PALLET: 4, CARTON: 6}
    nested = dock.one(
        "SELECT p.code FROM lpn c JOIN lpn p ON p.warehouse_id = c.warehouse_id AND p.id = c.parent_lpn_id"
        " WHERE c.warehouse_id = :w AND c.code = :code",
        code=CARTON,
    )
    assert nested == {"code": PALLET}


def test_a_carton_may_come_before_the_pallet_it_was_to_stand_on(dock: FloorHand) -> None:
    announce_units(dock, UnitIn(PALLET, lines(("MUG", 4))), UnitIn(CARTON, lines(("CUP", 6)), PALLET))
    begin(dock)
    dock.scan("DOCK-1", CARTON)
    dock.scan("DOCK-1", PALLET)
    assert dock.answer["outcome"] == "applied"
    assert dock.on_hand("DOCK-1") == 10


def test_a_pallet_comes_once(dock: FloorHand) -> None:
    announce_units(dock, UnitIn(PALLET, lines(("MUG", 4))), UnitIn(OTHER, lines(("MUG", 4))))
    begin(dock)
    dock.scan("DOCK-1", PALLET)
    dock.scan("DOCK-1", PALLET)
    assert dock.answer["code"] == "already_received"
    dock.scan("DOCK-1", CARTON)
    assert dock.answer["code"] == "unknown_lpn"
    assert dock.on_hand("DOCK-1") == 4


def test_a_pallet_of_another_receipt_is_not_of_this_one(dock: FloorHand) -> None:
    announce_units(dock, UnitIn(PALLET, lines(("MUG", 4))))
    announce(dock, "R2", ("CUP", 1))
    begin(dock, "R2")
    dock.scan("DOCK-1", PALLET)
    assert (dock.answer["code"], dock.answer["got"]) == ("unknown_lpn", "R1")


def test_a_pallet_received_piece_by_piece_cannot_come_again_as_a_whole(dock: FloorHand) -> None:
    announce_units(dock, UnitIn(PALLET, lines(("MUG", 4))))
    begin(dock)
    dock.scan("DOCK-1", "MUG", 1)
    dock.scan("DOCK-1", PALLET)
    assert (dock.answer["code"], dock.answer["expected"]) == ("over_receipt", "3")
    dock.scan("DOCK-1", "MUG", 3)
    finish(dock)
    assert shown(dock)["units"][0]["state"] == "arrived"


def test_serials_announced_on_a_pallet_come_in_its_scan(hand: FloorHand) -> None:
    hand.item("CAM", tracks_serial=1)
    announce_units(
        hand, UnitIn(PALLET, (ExpectedLine("CAM", 2, serials=("S1", "S2")),)), UnitIn(OTHER, lines(("CAM", 1)))
    )
    begin(hand)
    hand.scan("DOCK-1", OTHER)
    assert hand.answer["code"] == "serial_required"
    hand.scan("DOCK-1", PALLET)
    assert [(row["serial"], row["on_hand_each"]) for row in balances(hand)] == [("S1", 1), ("S2", 1)]
    assert shown(hand)["units"][0]["lines"][0]["serials"] == ["S1", "S2"]


def test_cases_announced_on_a_pallet_arrive_closed(dock: FloorHand) -> None:
    announce_units(dock, UnitIn(PALLET, (ExpectedLine("MUG", 25, case_each=12),)))
    begin(dock)
    dock.scan("DOCK-1", PALLET)
    (row,) = balances(dock)
    assert (row["on_hand_each"], row["sealed_each"], row["case_each"]) == (25, 24, 12)


# --- cases and lots by barcode -----------------------------------------------------------------------------------


def test_a_case_arrives_closed_and_the_first_says_how_large_a_case_is(hand: FloorHand) -> None:
    item_id = hand.item("MUG")
    case_of(hand, item_id, "CASE12", 12)
    case_of(hand, item_id, "INNER4", 4, "inner")
    announce(hand, "R1", ("MUG", 100))
    begin(hand)
    for code, qty in (("MUG", None), ("CASE12", None), ("CASE12", 30), ("INNER4", None)):
        assert hand.scan("DOCK-1", code, qty)["outcome"] == "applied"
    (row,) = balances(hand)
    assert (row["on_hand_each"], row["sealed_each"], row["case_each"]) == (1 + 12 + 30 + 4, 12 + 24, 12)


def test_lot_expiry_and_serial_come_in_one_scan(hand: FloorHand) -> None:
    item_id = hand.item("MED", tracks_lot=1, tracks_expiry=1, tracks_serial=1, rotation="fefo")
    case_of(hand, item_id, GTIN, 1, "each")
    announce(hand, "R1", ("MED", 2))
    begin(hand)
    hand.scan("DOCK-1", f"]C101{GTIN}1729123110AB12\x1d21S1")
    assert hand.answer["outcome"] == "applied"
    layer = hand.one("SELECT lot, expiry_on, serial FROM layer WHERE warehouse_id = :w")
    assert layer == {"lot": "AB12", "expiry_on": "2029-12-31", "serial": "S1"}


def test_goods_of_two_announced_lots_must_say_which_they_are(hand: FloorHand) -> None:
    item_id = hand.item("MED", tracks_lot=1)
    case_of(hand, item_id, GTIN, 1, "each")
    announce(hand, lines=(ExpectedLine("MED", 2, "A"), ExpectedLine("MED", 2, "B")))
    begin(hand)
    hand.scan("DOCK-1", "MED", 3)
    assert hand.answer["code"] == "lot_required"
    hand.scan("DOCK-1", f"]C101{GTIN}10B", 2)
    hand.scan("DOCK-1", "MED", 2)  # only one lot is still to come
    assert [(row["lot"], row["on_hand_each"]) for row in balances(hand)] == [("B", 2), ("A", 2)]


# --- differences -------------------------------------------------------------------------------------------------


def test_more_than_announced_is_taken_once_somebody_says_why(dock: FloorHand) -> None:
    announce(dock, "R1", ("MUG", 5))
    begin(dock)
    dock.scan("DOCK-1", "MUG", 4)
    step = say_why(dock, "OVER", "supplier_over")
    assert (step["state"], step["fields"]["mode"], step["fields"]["why"]) == ("item", "over", "supplier_over")
    assert dock.scan("DOCK-1", "MUG", 3)["step"]["fields"]["mode"] == ""
    assert differences(dock) == [("MUG", "over", 2, "supplier_over")]
    dock.scan("DOCK-1", "MUG", 1)
    assert dock.answer["code"] == "over_receipt"
    assert dock.on_hand("DOCK-1") == 7


def test_what_nobody_announced_is_taken_once_somebody_says_so(dock: FloorHand) -> None:
    announce(dock, "R1", ("MUG", 5))
    begin(dock)
    say_why(dock, "OVER", "unannounced")
    dock.scan("DOCK-1", "CUP", 2)
    assert differences(dock) == [("CUP", "unannounced", 2, "unannounced")]
    assert dock.on_hand("DOCK-1", "CUP") == 2
    assert dock.step()["fields"]["units_left"] == 5


def test_damaged_goods_are_received_and_cannot_be_promised(dock: FloorHand) -> None:
    announce(dock, "R1", ("MUG", 5))
    dock.order("SO-1", ("MUG", 5))
    begin(dock)
    say_why(dock, "DAMAGED", "damaged")
    fields = dock.scan("DOCK-1", "MUG", 2)["step"]["fields"]
    assert (fields["mode"], fields.get("notice")) == ("", None)
    assert dock.scan("DOCK-1", "MUG", 3)["step"]["fields"]["notice"] == "cross_dock"
    assert dock.on_hand("DOCK-1", "MUG", "damaged") == 2
    assert differences(dock) == [("MUG", "damaged", 2, "damaged")]
    assert shown(dock)["lines"][0]["damaged_each"] == 2


def test_a_whole_pallet_can_be_damaged(dock: FloorHand) -> None:
    announce_units(dock, UnitIn(PALLET, lines(("MUG", 4))))
    begin(dock)
    say_why(dock, "DAMAGED", "quality")
    dock.scan("DOCK-1", PALLET)
    assert dock.on_hand("DOCK-1", "MUG", "damaged") == 4


def test_goods_that_need_a_quality_check_are_kept_apart_until_it_is_done(dock: FloorHand) -> None:
    announce(dock, "R1", ("MUG", 5), needs_quality=True)
    dock.order("SO-1", ("MUG", 1))
    begin(dock)
    assert "notice" not in dock.scan("DOCK-1", "MUG", 5)["step"]["fields"]
    assert (dock.on_hand("DOCK-1"), dock.on_hand("DOCK-1", status="quarantine")) == (0, 5)
    dock.sign_in("HAND-1", "PUTAWAY")
    dock.scan("HAND-1", "MUG")
    assert dock.answer["code"] == "nothing_here"
    assert dock.order_state("SO-1") == "waiting"


def test_a_reason_that_does_not_fit_is_no_reason(dock: FloorHand) -> None:
    announce(dock, "R1", ("MUG", 5))
    begin(dock)
    assert say_why(dock, "OVER", "theft")["state"] == "reason"
    assert dock.answer["code"] == "reason_required"
    dock.say("DOCK-1", "HOME")
    assert dock.answer["code"] == "finish_first"


# --- without paper -----------------------------------------------------------------------------------------------


def test_goods_without_paper_get_a_receipt_of_their_own(dock: FloorHand) -> None:
    dock.sign_in("DOCK-1", "RECEIVE")
    step = dock.say("DOCK-1", "BLIND")["step"]
    assert (step["fields"]["receipt"], step["fields"]["kind"]) == ("BLIND-000001", "blind")
    dock.scan("DOCK-1", "MUG", 3)
    dock.scan("DOCK-1", "MUG", 2)
    dock.scan("DOCK-1", "CUP")
    finish(dock)
    assert differences(dock, "BLIND-000001") == [
        ("MUG", "unannounced", 5, "unannounced"),
        ("CUP", "unannounced", 1, "unannounced"),
    ]
    assert dock.on_hand("DOCK-1") == 6
    assert dock.say("DOCK-1", "BLIND")["step"]["fields"]["receipt"] == "BLIND-000002"


# --- pallet labels of our own ------------------------------------------------------------------------------------


def test_a_printed_pallet_label_takes_what_follows(dock: FloorHand) -> None:
    announce(dock, "R1", ("MUG", 5), supplier="Potter")
    begin(dock)
    dock.scan("DOCK-1", "MUG")
    code = dock.say("DOCK-1", "LPN")["step"]["fields"]["lpn"]
    assert len(code) == 18
    dock.scan("DOCK-1", "MUG", 3)
    again = dock.say("DOCK-1", "LPN")["step"]["fields"]["lpn"]
    dock.scan("DOCK-1", "MUG")
    assert {row["lpn"]: row["on_hand_each"] for row in balances(dock)} == {"-": 1, code: 3, again: 1}
    prints = dock.all("SELECT subject, template, state FROM outbox WHERE warehouse_id = :w AND kind = 'print'")
    assert prints == [
        {"subject": code, "template": "pallet_4x6", "state": "held"},  # this dock has no printer
        {"subject": again, "template": "pallet_4x6", "state": "held"},
    ]


def test_a_pallet_that_was_carried_away_takes_nothing_more(dock: FloorHand) -> None:
    announce(dock, "R1", ("MUG", 5))
    begin(dock)
    code = dock.say("DOCK-1", "LPN")["step"]["fields"]["lpn"]
    dock.scan("DOCK-1", "MUG", 3)
    dock.sign_in("HAND-1", "PUTAWAY", "1002")
    dock.scan("HAND-1", code)
    dock.scan("DOCK-1", "MUG")
    assert dock.answer["code"] == "unknown_lpn"
    assert dock.answer["step"]["fields"]["lpn"] is None


# --- pallets at putaway ------------------------------------------------------------------------------------------


def test_a_pallet_of_one_item_goes_as_a_whole(dock: FloorHand) -> None:
    announce_units(dock, UnitIn(PALLET, lines(("MUG", 40))))
    begin(dock)
    dock.scan("DOCK-1", PALLET)
    step = dock.sign_in("HAND-1", "PUTAWAY")["step"]
    assert step["fields"]["pallets"] == [PALLET]
    dock.scan("HAND-1", "MUG")
    assert (dock.answer["code"], dock.answer["expected"]) == ("nothing_here", f"its pallet {PALLET}")
    step = dock.scan("HAND-1", PALLET)["step"]
    assert (step["state"], step["fields"]["qty_each"]) == ("location", 40)
    dock.scan("HAND-1", step["fields"]["location"]["barcode"])
    assert dock.on_hand(step["fields"]["location"]["code"], "MUG") == 40
    assert dock.one("SELECT location_id FROM lpn WHERE warehouse_id = :w AND code = :c", c=PALLET) == {
        "location_id": None
    }


def test_a_mixed_pallet_is_opened_where_it_stands(dock: FloorHand) -> None:
    announce_units(dock, UnitIn(PALLET, lines(("MUG", 4), ("CUP", 2))), UnitIn(CARTON, lines(("CUP", 6)), PALLET))
    begin(dock)
    dock.scan("DOCK-1", PALLET)
    dock.sign_in("HAND-1", "PUTAWAY")
    step = dock.scan("HAND-1", PALLET)["step"]
    assert (step["state"], step["fields"]["waiting_each"], step["fields"]["pallets"]) == ("item", 6, [CARTON])
    assert dock.scan("HAND-1", "MUG")["step"]["fields"]["qty_each"] == 4


def test_a_pallet_of_cartons_of_one_item_goes_with_them(dock: FloorHand) -> None:
    announce_units(
        dock, UnitIn(PALLET), UnitIn(CARTON, lines(("CUP", 6)), PALLET), UnitIn(OTHER, lines(("CUP", 6)), PALLET)
    )
    begin(dock)
    dock.scan("DOCK-1", PALLET)
    dock.sign_in("HAND-1", "PUTAWAY")
    assert dock.scan("HAND-1", PALLET)["step"]["fields"]["qty_each"] == 12
    dock.scan("HAND-1", at("A01-02-1"))
    assert dock.on_hand("A01-02-1", "CUP") == 12


def test_a_pallet_somewhere_else_or_with_goods_nobody_released_stays(dock: FloorHand) -> None:
    announce_units(dock, UnitIn(PALLET, lines(("MUG", 4))), needs_quality=True)
    begin(dock)
    dock.scan("DOCK-1", PALLET)
    dock.sign_in("HAND-1", "PUTAWAY")
    dock.scan("HAND-1", PALLET)
    assert (dock.answer["code"], dock.answer["expected"]) == ("nothing_here", "goods that are released")
    dock.scan("HAND-1", OTHER)
    assert dock.answer["code"] == "unknown_lpn"


# --- how long it took --------------------------------------------------------------------------------------------


def test_the_time_from_dock_to_stock_ends_when_nothing_is_left_at_the_dock(dock: FloorHand) -> None:
    announce(dock, "R1", ("MUG", 5), ("CUP", 1))
    begin(dock)
    dock.scan("DOCK-1", "MUG", 5)
    dock.sign_in("HAND-1", "PUTAWAY")
    dock.scan("HAND-1", "MUG")
    dock.scan("HAND-1", dock.step()["fields"]["location"]["barcode"])
    assert shown(dock)["stocked_at_ms"] is None  # the receipt is still open
    dock.scan("DOCK-1", "CUP")
    dock.answer = dock.say("DOCK-1", "DONE")
    assert shown(dock)["stocked_at_ms"] is None  # a CUP is left at the dock
    dock.scan("HAND-1", "CUP")
    dock.scan("HAND-1", dock.step()["fields"]["location"]["barcode"])
    receipt = shown(dock)
    assert receipt["arrived_at_ms"] <= receipt["closed_at_ms"] <= receipt["stocked_at_ms"]
    assert receipt["dock_to_stock_ms"] == receipt["stocked_at_ms"] - receipt["arrived_at_ms"]
    assert dock.write(dock_to_stock.dock_to_stock)["receipts"] == 1


def test_the_median_wait_is_told_in_hours(hand: FloorHand) -> None:
    assert hand.write(dock_to_stock.dock_to_stock) == {"receipts": 0, "p50_hours": None}
    for number, hours in (("R1", 1), ("R2", 2), ("R3", 9), ("R4", 5)):
        hand.write(
            lambda tx, number=number, hours=hours: tx.insert(
                "receipt",
                number=number,
                state="closed",
                received_on="2026-01-01",
                content_sha256="",
                created_at_ms=0,
                arrived_at_ms=1000,
                stocked_at_ms=1000 + hours * 3_600_000,
            )
        )
    assert hand.write(dock_to_stock.dock_to_stock) == {"receipts": 4, "p50_hours": 3.5}


# --- announcing --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"units": (UnitIn("123", lines(("MUG", 1))),)}, "bad_sscc", "units[0].sscc"),
        ({"units": (UnitIn(PALLET, lines(("MUG", 1))), UnitIn(PALLET, lines(("MUG", 1))))}, "duplicate_sscc", "units"),
        ({"units": (UnitIn(PALLET, lines(("MUG", 1)), OTHER),)}, "unknown_parent", "parent_sscc"),
        ({"units": (UnitIn(PALLET, lines(("MUG", 1)), OTHER), UnitIn(OTHER, (), PALLET))}, "circular_units",
         "parent_sscc"),
        ({"units": (UnitIn(PALLET),), "lines": lines(("MUG", 1))}, "empty_unit", "units[0].lines"),
        ({"units": (UnitIn(PALLET, lines(("NIL", 1))),)}, "unknown_sku", "units[0].lines[0].sku"),
        ({"units": (UnitIn(PALLET, (ExpectedLine("MUG", 1, serials=("S",)),)),)}, "serial_not_tracked",
         "units[0].lines[0].serials"),
        ({"units": (UnitIn(PALLET, (ExpectedLine("CAM", 2, serials=("S", "S")),)),)}, "bad_serials",
         "units[0].lines[0].serials"),
        ({}, "no_lines", "lines"),
        ({"kind": "blind", "lines": lines(("MUG", 1))}, "bad_kind", "kind"),
        ({"kind": "transfer", "lines": lines(("MUG", 1))}, "missing_field", "source"),
        ({"kind": "return"}, "missing_field", "order"),
        ({"kind": "purchase"}, "missing_field", "purchase_order"),
        ({"purchase_order": "PO-9"}, "unknown_purchase_order", "purchase_order"),
        ({"due_on": "soon", "lines": lines(("MUG", 1))}, "bad_date", "due_on"),
    ],
)  # fmt: skip
def test_an_announcement_that_makes_no_sense_is_refused(
    dock: FloorHand, values: dict[str, Any], code: str, field: str
) -> None:
    dock.item("CAM", tracks_serial=1)
    with pytest.raises(DomainError) as refused:
        announce(dock, **values)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert dock.all("SELECT id FROM receipt WHERE warehouse_id = :w") == []


def test_a_pallet_is_announced_on_one_receipt_at_a_time(dock: FloorHand) -> None:
    unit = UnitIn(PALLET, lines(("MUG", 4)))
    assert announce_units(dock, unit) is True
    assert announce_units(dock, unit) is False
    with pytest.raises(Conflict, match="is announced on R1"):
        announce(dock, "R2", units=(unit,))


def test_goods_of_another_warehouse_keep_their_day_and_come_out_of_transit(dock: FloorHand) -> None:
    parts = (ExpectedLine("MUG", 4, received_on="2025-11-01"), ExpectedLine("MUG", 6, received_on="2025-12-01"))
    announce(dock, lines=parts, kind="transfer", source="NORTH")
    begin(dock)
    dock.scan("DOCK-1", "MUG", 7)
    assert [(row["received_on"], row["on_hand_each"]) for row in balances(dock)] == [
        ("2025-11-01", 4),
        ("2025-12-01", 3),
    ]
    origins = dock.all(
        "SELECT DISTINCT l.code FROM stock_move m JOIN location l ON l.warehouse_id = m.warehouse_id"
        " AND l.id = m.from_location_id WHERE m.warehouse_id = :w"
    )
    assert origins == [{"code": "IN-TRANSIT"}]
    finish(dock)
    assert differences(dock) == [("MUG", "short", 3, "lost")]


def test_receipts_are_listed_by_state_and_kind(dock: FloorHand) -> None:
    announce(dock, "R1", ("MUG", 5))
    announce(dock, "T1", ("MUG", 5), kind="transfer", source="NORTH")
    begin(dock)
    dock.scan("DOCK-1", "MUG", 5)
    finish(dock)
    listed = dock.write(receipts.listed)["receipts"]
    assert [(row["number"], row["state"], row["received_each"]) for row in listed] == [
        ("T1", "open", 0),
        ("R1", "closed", 5),
    ]
    (only,) = dock.write(lambda tx: receipts.listed(tx, "open", "transfer"))["receipts"]
    assert only["number"] == "T1"
    for state, kind in (("new", None), (None, "gift")):
        with pytest.raises(DomainError):
            dock.write(lambda tx, state=state, kind=kind: receipts.listed(tx, state, kind))


def test_an_unknown_number_is_not_found(hand: FloorHand) -> None:
    with pytest.raises(NotFound):
        hand.write(lambda tx: receipts.describe(tx, "R9"))
    hand.sign_in("DOCK-1", "RECEIVE")
    hand.scan("DOCK-1", own_code("R", "R9"))
    assert hand.answer["code"] == "unknown_receipt"


def test_a_receipt_of_today_counts_from_the_warehouses_day(dock: FloorHand) -> None:
    dock.write(lambda tx: inbound.announce(tx, inbound.ReceiptIn("R1", lines(("MUG", 1)))))
    day = dock.write(lambda tx: tx.one("SELECT received_on FROM receipt WHERE warehouse_id = :w"))["received_on"]
    assert len(day) == 10


@pytest.mark.parametrize("what", ["loose", "pallet"])
def test_goods_carried_off_the_dock_by_a_free_move_end_its_time_too(dock: FloorHand, what: str) -> None:
    if what == "loose":
        announce(dock, "R1", ("MUG", 5))
    else:
        announce_units(dock, UnitIn(PALLET[-18:], lines(("MUG", 5))))
    begin(dock)
    dock.scan("DOCK-1", "MUG", 5) if what == "loose" else dock.scan("DOCK-1", PALLET)
    finish(dock)
    assert shown(dock)["stocked_at_ms"] is None
    dock.sign_in("HAND-1", "MOVE")
    if what == "loose":
        dock.scan("HAND-1", at("DOCK-1"))
        dock.scan("HAND-1", "MUG", 5)
    else:
        dock.scan("HAND-1", PALLET)
    assert dock.scan("HAND-1", at("STAGE-1" if what == "pallet" else "A02-02-1"))["outcome"] == "applied"
    assert shown(dock)["stocked_at_ms"] is not None
