"""Rules of the pick scan: the older leaves first unless a supervisor says why, cases stay whole, serials are real."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fulfillment.bootstrap import open_floor
from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import MoveReason
from fulfillment.domain.stock import Move
from fulfillment.services.stock import allocate, ledger
from fulfillment.settings import Settings
from tests.factories import NOBODY, FloorHand
from tests.services.acts import (
    TOTES,
    cancel,
    finish_tour,
    go_to_stop,
    make_stop,
    picked_layers,
    promises,
    release,
    say_short,
    take_tour,
)

HAND = "HAND-1"
GTIN = "04006381333931"
SUPERVISOR, PICKER = own_code("B", "1001"), own_code("B", "1002")
UNREACHABLE = own_code("Y", "UNREACHABLE")


class Clock:
    """The time of this floor."""

    def __init__(self) -> None:
        self.now_ms = 1_780_315_200_000  # 2026-06-01 12:00 UTC

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    """Whoever has it can let days pass."""
    return Clock()


@pytest.fixture
def hand(settings: Settings, clock: Clock) -> Iterator[FloorHand]:
    """A floor whose time stands still unless it is told to pass."""
    floor = open_floor(settings, clock=clock)
    yield FloorHand(floor)
    floor.close()


pytestmark = pytest.mark.usefixtures("book_is_right")


def gs1(lot: str = "", expiry: str = "", serial: str = "") -> str:
    """The GS1 code of one piece; expiry as YYMMDD."""
    code = f"]d201{GTIN}" + (f"17{expiry}" if expiry else "")
    return code + (f"10{lot}\x1d" if lot else "") + (f"21{serial}" if serial else "")


def goods(hand: FloorHand, sku: str = "JAM", **values: Any) -> None:
    """An item that answers to its SKU and to a GTIN."""
    item_id = hand.item(sku, **values)
    hand.write(lambda tx: tx.insert("item_barcode", item_id=item_id, code=GTIN, uom="each", qty_each=1))


def stock(
    hand: FloorHand, qty_each: int, received_on: str = "2026-01-01", location: str = "A01-01-1", sku: str = "JAM",
    case_each: int = 0, cases: int = 0, **values: Any,
) -> int:  # fmt: skip
    """A layer of its own with its lot, expiry or serial, `cases` of it closed."""

    def work(tx: Any) -> int:
        item_id = tx.one("SELECT id FROM item WHERE warehouse_id = :w AND sku_key = :k", k=sku)["id"]
        place = tx.one("SELECT id FROM location WHERE warehouse_id = :w AND code = :c", c=location)["id"]
        number = tx.one("SELECT COUNT(*) AS n FROM receipt WHERE warehouse_id = :w")["n"]
        receipt_id = tx.insert(
            "receipt", number=f"R{number}", state="closed", received_on=received_on, content_sha256="",
            created_at_ms=tx.now_ms,
        )  # fmt: skip
        layer_id = tx.insert(
            "layer", item_id=item_id, receipt_id=receipt_id, received_on=received_on, case_each=case_each,
            created_at_ms=tx.now_ms, **values,
        )  # fmt: skip
        move = Move(layer_id, item_id, 1, place, qty_each, MoveReason.RECEIVE, sealed_to_each=cases * case_each)
        ledger.post(tx, NOBODY, [move])
        allocate.allocate_waiting(tx, NOBODY, item_id)
        return layer_id

    return hand.write(work)


def walk(hand: FloorHand, *lines: tuple[str, int]) -> None:
    """An order, its tour claimed, the picker at its first stop."""
    hand.order("SO-1", *lines)
    release(hand)
    take_tour(hand)
    go_to_stop(hand)


def answer(hand: FloorHand) -> tuple[str | None, str | None, str | None]:
    """What a rejected scan said."""
    return hand.answer.get("code"), hand.answer.get("expected"), hand.answer.get("got")


def sealed_at(hand: FloorHand, location: str = "A01-01-1") -> int:
    """Units in closed cases lying in a location."""
    return hand.one(
        "SELECT COALESCE(SUM(b.sealed_each), 0) AS n FROM stock_balance b"
        " JOIN location l ON l.warehouse_id = b.warehouse_id AND l.id = b.location_id"
        " WHERE b.warehouse_id = :w AND l.code = :location",
        location=location,
    )["n"]  # fmt: skip


# --- lots --------------------------------------------------------------------------------------------------


@pytest.fixture
def lots(hand: FloorHand) -> tuple[int, int]:
    """Two of lot OLD and five of lot NEW in one bin; three are wanted."""
    goods(hand, tracks_lot=1)
    layers = stock(hand, 2, "2026-01-01", lot="OLD"), stock(hand, 5, "2026-02-01", lot="NEW")
    walk(hand, ("JAM", 3))
    return layers


def test_a_newer_lot_than_lies_here_is_refused_and_the_older_named(hand: FloorHand, lots: tuple[int, int]) -> None:
    assert hand.step()["fields"]["take"]["lot"] == "OLD"
    assert hand.step()["fields"]["take"]["qty_each"] == 2  # of the three that are wanted
    hand.scan(HAND, gs1(lot="NEW"))
    assert answer(hand) == ("older_first", "OLD", "NEW")
    assert hand.step()["fields"]["counted_each"] == 0
    finish_tour(hand)


def test_the_newer_lot_follows_once_the_older_is_in_the_hand(hand: FloorHand, lots: tuple[int, int]) -> None:
    older, newer = lots
    hand.scan(HAND, gs1(lot="OLD"), 2)
    assert hand.step()["fields"]["take"]["lot"] == "NEW"
    assert hand.step()["fields"]["take"]["qty_each"] == 1
    hand.scan(HAND, gs1(lot="NEW"))
    hand.scan(HAND, TOTES[0])
    assert picked_layers(hand, "SO-1") == [(older, 2), (newer, 1)]


def test_plain_codes_count_as_what_lies_in_front(hand: FloorHand, lots: tuple[int, int]) -> None:
    older, newer = lots
    hand.scan(HAND, "JAM", 2)
    hand.scan(HAND, gs1(lot="NEW"))
    assert hand.answer["outcome"] == "applied"
    hand.scan(HAND, TOTES[0])
    assert picked_layers(hand, "SO-1") == [(older, 2), (newer, 1)]


def test_a_lot_the_book_does_not_know_here_is_refused(hand: FloorHand, lots: tuple[int, int]) -> None:
    hand.scan(HAND, gs1(lot="OTHER"))
    assert answer(hand) == ("nothing_here", "OLD", "OTHER")
    hand.scan(HAND, gs1(lot="OLD"), 3)
    assert answer(hand)[0] == "short_stock"
    finish_tour(hand)


def test_inside_the_tolerance_the_hand_may_take_either_and_the_promise_follows(hand: FloorHand) -> None:
    goods(hand, tracks_lot=1, tolerance_days=7)
    older = stock(hand, 2, "2026-01-01", lot="OLD")
    newer = stock(hand, 2, "2026-01-05", lot="NEW")
    walk(hand, ("JAM", 2))
    assert promises(hand, "SO-1") == [("A01-01-1", older, 2)]
    hand.scan(HAND, gs1(lot="NEW"), 2)
    hand.scan(HAND, TOTES[0])
    assert picked_layers(hand, "SO-1") == [(newer, 2)]
    assert hand.on_hand("A01-01-1", "JAM") == 2


def test_a_lot_on_a_code_of_goods_without_lots_means_nothing(hand: FloorHand) -> None:
    goods(hand)
    stock(hand, 2)
    walk(hand, ("JAM", 2))
    assert hand.scan(HAND, gs1(lot="ANY"), 2)["step"]["state"] == "tote"
    assert hand.scan(HAND, TOTES[0])["outcome"] == "applied"


def test_back_puts_known_units_down_too(hand: FloorHand, lots: tuple[int, int]) -> None:
    older, newer = lots
    hand.scan(HAND, gs1(lot="OLD"), 2)
    hand.say(HAND, "BACK")
    go_to_stop(hand)
    assert (hand.step()["fields"]["counted_each"], hand.step()["fields"]["take"]["lot"]) == (0, "OLD")
    finish_tour(hand)
    assert picked_layers(hand, "SO-1") == [(older, 2), (newer, 1)]


# --- a supervisor's word -----------------------------------------------------------------------------------


def test_newer_goods_go_first_by_a_supervisors_word_and_reason(hand: FloorHand, lots: tuple[int, int]) -> None:
    older, newer = lots
    hand.scan(HAND, PICKER)  # Bob walks on with it
    assert hand.say(HAND, "OVERRIDE")["step"]["state"] == "supervisor"
    hand.scan(HAND, PICKER)
    assert answer(hand) == ("not_allowed", "supervisor", "picker")
    assert hand.scan(HAND, SUPERVISOR)["step"]["state"] == "reason"
    hand.scan(HAND, own_code("Y", "THEFT"))
    assert answer(hand)[0] == "reason_required"
    assert hand.scan(HAND, UNREACHABLE)["step"]["fields"]["override"] == {"by": "Ada", "why": "unreachable"}
    taken = hand.scan(HAND, gs1(lot="NEW"), 2, scan_id="passed-over")
    assert taken["outcome"] == "applied"
    assert "override" not in taken["step"]["fields"]
    hand.scan(HAND, gs1(lot="NEW"))
    assert answer(hand)[0] == "older_first"  # a word is good for one scan
    hand.scan(HAND, gs1(lot="OLD"))
    hand.scan(HAND, TOTES[0])
    assert picked_layers(hand, "SO-1") == [(older, 1), (newer, 2)]
    rows = hand.all(
        "SELECT f.layer_id, f.qty_each, f.why, f.scan_id, s.badge AS supervisor, p.badge AS operator, o.number"
        " FROM fifo_override f JOIN operator s ON s.warehouse_id = f.warehouse_id AND s.id = f.supervisor_id"
        " JOIN operator p ON p.warehouse_id = f.warehouse_id AND p.id = f.operator_id"
        " JOIN sales_order o ON o.warehouse_id = f.warehouse_id AND o.id = f.order_id WHERE f.warehouse_id = :w"
    )
    assert rows == [
        {
            "layer_id": newer, "qty_each": 2, "why": "unreachable", "scan_id": "passed-over", "supervisor": "1001",
            "operator": "1002", "number": "SO-1",
        }
    ]  # fmt: skip


def test_a_plain_code_after_a_supervisors_word_is_the_next_older_layer(hand: FloorHand) -> None:
    goods(hand)
    stock(hand, 2, "2026-01-01")
    newer = stock(hand, 2, "2026-02-01")
    walk(hand, ("JAM", 2))
    hand.say(HAND, "OVERRIDE")
    hand.scan(HAND, SUPERVISOR)
    hand.scan(HAND, UNREACHABLE)
    hand.scan(HAND, "JAM", 2)
    hand.scan(HAND, TOTES[0])
    assert picked_layers(hand, "SO-1") == [(newer, 2)]


def test_a_word_nothing_needed_is_not_recorded(hand: FloorHand, lots: tuple[int, int]) -> None:
    hand.say(HAND, "OVERRIDE")
    hand.scan(HAND, SUPERVISOR)
    hand.scan(HAND, UNREACHABLE)
    hand.scan(HAND, gs1(lot="OLD"))
    finish_tour(hand)
    assert hand.all("SELECT id FROM fifo_override WHERE warehouse_id = :w") == []


def test_nobody_is_asked_where_nothing_older_lies(hand: FloorHand) -> None:
    goods(hand)
    stock(hand, 2)
    walk(hand, ("JAM", 2))
    hand.say(HAND, "OVERRIDE")
    assert answer(hand)[0] == "not_expected"
    finish_tour(hand)


def test_back_leaves_the_question_and_an_unknown_badge_answers_nothing(
    hand: FloorHand, lots: tuple[int, int]
) -> None:
    hand.say(HAND, "OVERRIDE")
    hand.scan(HAND, own_code("B", "9999"))
    assert answer(hand)[0] == "unknown_code"
    hand.scan(HAND, "JAM")
    assert answer(hand)[0] == "not_expected"
    assert hand.say(HAND, "BACK")["step"]["state"] == "item"
    hand.say(HAND, "OVERRIDE")
    hand.scan(HAND, SUPERVISOR)
    assert hand.say(HAND, "BACK")["step"]["state"] == "item"
    hand.scan(HAND, gs1(lot="NEW"))
    assert answer(hand)[0] == "older_first"
    finish_tour(hand)


# --- serials -----------------------------------------------------------------------------------------------


@pytest.fixture
def phones(hand: FloorHand) -> list[int]:
    """S1 to S3 in one bin, S3 a month newer, S9 elsewhere; two are wanted."""
    goods(hand, "PHONE", tracks_serial=1)
    stock(hand, 1, "2026-03-01", "A02-01-1", "PHONE", serial="S9")
    days = {"S1": "2026-01-01", "S2": "2026-01-01", "S3": "2026-02-01"}
    layers = [stock(hand, 1, day, sku="PHONE", serial=serial) for serial, day in days.items()]
    walk(hand, ("PHONE", 2))
    return layers


@pytest.mark.parametrize(
    ("code", "keyed", "expected"),
    [
        ("PHONE", None, ("serial_required", "PHONE", "PHONE")),
        ("PHONE", 2, ("scan_each", "1", "2")),
        (gs1(serial="S1"), 2, ("scan_each", "1", "2")),
        (gs1(serial="S3"), None, ("older_first", "S1", "S3")),
        (gs1(serial="S9"), None, ("serial_elsewhere", "A02-01-1", "S9")),
        (gs1(serial="S7"), None, ("serial_unknown", "S1", "S7")),
    ],
)
def test_each_unit_is_taken_by_its_own_serial(
    hand: FloorHand, phones: list[int], code: str, keyed: int | None, expected: tuple[str, str, str]
) -> None:
    hand.scan(HAND, code, keyed)
    assert answer(hand) == expected
    finish_tour(hand)


def test_the_same_unit_does_not_count_twice(hand: FloorHand, phones: list[int]) -> None:
    assert hand.scan(HAND, gs1(serial="S2"))["step"]["fields"]["take"]["serial"] == "S1"
    hand.scan(HAND, gs1(serial="S2"))
    assert answer(hand) == ("serial_known", "another unit", "S2")
    hand.scan(HAND, gs1(serial="S1"))
    hand.scan(HAND, TOTES[0])
    assert picked_layers(hand, "SO-1") == [(phones[0], 1), (phones[1], 1)]


def test_the_unit_taken_changes_promises_with_whoever_had_it(hand: FloorHand) -> None:
    goods(hand, "PHONE", tracks_serial=1)
    first, second = (stock(hand, 1, sku="PHONE", serial=serial) for serial in ("S1", "S2"))
    hand.order("SO-2", ("PHONE", 1))
    hand.order("SO-1", ("PHONE", 1))
    assert promises(hand, "SO-1") == [("A01-01-1", second, 1)]
    release(hand, "SO-1")
    take_tour(hand)
    go_to_stop(hand)
    hand.scan(HAND, gs1(serial="S1"))
    hand.scan(HAND, TOTES[0])
    assert picked_layers(hand, "SO-1") == [(first, 1)]
    assert promises(hand, "SO-2") == [("A01-01-1", second, 1)]


def test_a_unit_taken_in_without_its_number_may_have_any_that_nobody_knows(hand: FloorHand) -> None:
    goods(hand, "PHONE", tracks_serial=1)
    layer = stock(hand, 2, sku="PHONE")
    walk(hand, ("PHONE", 2))
    hand.scan(HAND, gs1(serial="X1"))
    hand.scan(HAND, gs1(serial="X2"))
    hand.scan(HAND, TOTES[0])
    assert picked_layers(hand, "SO-1") == [(layer, 2)]


# --- cases -------------------------------------------------------------------------------------------------


def boxes(hand: FloorHand, wanted_each: int, qty_each: int = 24, cases: int = 2) -> int:
    """Cases of 12 (and loose units up to `qty_each`) in one bin; `wanted_each` are asked for."""
    goods(hand)
    item_id = hand.one("SELECT id FROM item WHERE warehouse_id = :w AND sku = 'JAM'")["id"]
    hand.write(lambda tx: tx.insert("item_barcode", item_id=item_id, code="JAM-12", uom="case", qty_each=12))
    layer = stock(hand, qty_each, case_each=12, cases=cases)
    walk(hand, ("JAM", wanted_each))
    return layer


def test_a_case_code_takes_a_closed_case(hand: FloorHand) -> None:
    boxes(hand, 14, 26)
    assert hand.step()["fields"]["sealed"] == {"case_each": 12, "loose_each": 2, "cases": 2}
    assert hand.scan(HAND, "JAM-12")["step"]["fields"]["sealed"] == {"case_each": 12, "loose_each": 2, "cases": 1}
    hand.scan(HAND, "JAM")
    hand.scan(HAND, "JAM")
    hand.scan(HAND, TOTES[0])
    assert sealed_at(hand) == 12
    moves = hand.all("SELECT qty_each, sealed_from_each, sealed_to_each FROM stock_move WHERE reason = 'pick'")
    assert moves == [{"qty_each": 14, "sealed_from_each": 12, "sealed_to_each": 0}]


def test_a_piece_of_a_closed_case_needs_the_case_opened(hand: FloorHand) -> None:
    boxes(hand, 1)
    hand.scan(HAND, "JAM")
    assert answer(hand) == ("case_sealed", "0", "1")
    opened = hand.say(HAND, "BREAK")
    assert opened["step"]["fields"]["sealed"] == {"case_each": 12, "loose_each": 12, "cases": 1}
    hand.scan(HAND, "JAM")
    hand.scan(HAND, TOTES[0])
    assert sealed_at(hand) == 12
    entries = hand.all("SELECT delta_sealed_each, reason FROM pack_entry WHERE warehouse_id = :w")
    assert entries == [{"delta_sealed_each": -12, "reason": "break"}]


def test_a_keyed_number_is_whole_cases_and_loose_units(hand: FloorHand) -> None:
    boxes(hand, 17, 26)
    hand.scan(HAND, "JAM", 17)
    assert answer(hand) == ("case_sealed", "14", "17")
    hand.scan(HAND, "JAM", 14)
    assert hand.step()["fields"]["sealed"] == {"case_each": 12, "loose_each": 0, "cases": 1}
    hand.say(HAND, "BREAK")
    hand.scan(HAND, "JAM", 3)
    hand.scan(HAND, TOTES[0])
    assert (sealed_at(hand), hand.on_hand("A01-01-1", "JAM")) == (0, 9)


def test_a_case_code_counts_loose_units_where_no_case_is_closed(hand: FloorHand) -> None:
    boxes(hand, 12, 20, cases=0)
    assert "sealed" not in hand.step()["fields"]
    assert hand.scan(HAND, "JAM-12")["step"]["state"] == "tote"
    assert hand.scan(HAND, TOTES[0])["outcome"] == "applied"


def test_a_case_in_the_hand_is_not_opened(hand: FloorHand) -> None:
    boxes(hand, 13, 12, cases=1)
    hand.scan(HAND, "JAM-12")
    hand.say(HAND, "BREAK")
    assert answer(hand)[0] == "not_expected"
    hand.scan(HAND, TOTES[0])
    finish_tour(hand)


def test_a_short_among_closed_cases_holds_them_closed(hand: FloorHand) -> None:
    boxes(hand, 13)
    hand.scan(HAND, "JAM-12")
    say_short(hand, HAND)
    hand.scan(HAND, TOTES[0])
    assert (hand.on_hand("A01-01-1", "JAM", "hold"), sealed_at(hand)) == (12, 12)


def test_the_older_case_goes_before_newer_loose_units(hand: FloorHand) -> None:
    goods(hand)
    stock(hand, 12, "2026-01-01", case_each=12, cases=1)
    stock(hand, 9, "2026-02-01")
    walk(hand, ("JAM", 3))
    hand.scan(HAND, "JAM")
    assert answer(hand)[0] == "case_sealed"
    hand.say(HAND, "BREAK")
    make_stop(hand)
    assert hand.on_hand("A01-01-1", "JAM") == 18


# --- expired on the way ------------------------------------------------------------------------------------


SOON = "2026-07-01"


def two_months_pass(clock: Clock) -> None:
    """What was to expire SOON has expired."""
    clock.now_ms += 61 * 86_400_000


@pytest.mark.parametrize("elsewhere", ["A01-01-1", "A02-01-1"])
def test_goods_that_expired_since_they_were_promised_are_set_aside_and_others_fetched(
    hand: FloorHand, clock: Clock, elsewhere: str
) -> None:
    goods(hand, tracks_expiry=1, rotation="fefo")
    stock(hand, 3, expiry_on=SOON)
    good = stock(hand, 9, "2026-02-01", elsewhere, expiry_on="2099-06-01")
    hand.order("SO-1", ("JAM", 2))
    hand.order("SO-2", ("JAM", 1))  # nobody walks for this one yet
    release(hand, "SO-1")
    take_tour(hand)
    two_months_pass(clock)
    go_to_stop(hand)
    assert hand.step()["fields"]["notice"] == "expired"
    assert hand.step()["fields"]["location"]["code"] == elsewhere
    assert hand.on_hand("A01-01-1", "JAM", "hold") == 3
    why = hand.one("SELECT reason, why FROM stock_move WHERE warehouse_id = :w AND to_status = 'hold'")
    assert why == {"reason": "hold", "why": "expired"}
    assert promises(hand, "SO-2") == [(elsewhere, good, 1)]
    finish_tour(hand)
    assert picked_layers(hand, "SO-1") == [(good, 2)]


def test_the_walk_of_another_picker_is_sent_elsewhere_too(hand: FloorHand, clock: Clock) -> None:
    goods(hand, tracks_expiry=1, rotation="fefo")
    stock(hand, 3, expiry_on=SOON)
    good = stock(hand, 9, "2026-02-01", "A02-01-1", expiry_on="2099-06-01")
    hand.order("SO-1", ("JAM", 1))
    release(hand)
    hand.order("SO-2", ("JAM", 2))
    release(hand)
    take_tour(hand)
    two_months_pass(clock)
    go_to_stop(hand)
    finish_tour(hand)
    take_tour(hand, first_tote=5)
    assert hand.step()["fields"]["location"]["code"] == "A02-01-1"
    finish_tour(hand)
    assert picked_layers(hand, "SO-2") == [(good, 2)]


def test_without_other_goods_the_order_waits(hand: FloorHand, clock: Clock) -> None:
    goods(hand, tracks_expiry=1, rotation="fefo", min_life_days=20)
    stock(hand, 3, expiry_on=SOON)
    hand.order("SO-1", ("JAM", 2))
    release(hand)
    take_tour(hand)
    two_months_pass(clock)
    step = go_to_stop(hand)["step"]
    assert (step["state"], step["fields"]["notice"]) == ("drop", "expired")
    finish_tour(hand)
    assert hand.order_state("SO-1") == "waiting"


def test_nobody_is_sent_for_what_expired_before_the_wave_was_planned(hand: FloorHand, clock: Clock) -> None:
    goods(hand, tracks_expiry=1, rotation="fefo")
    stock(hand, 3, expiry_on=SOON)
    good = stock(hand, 9, "2026-02-01", "A02-01-1", expiry_on="2099-06-01")
    hand.order("SO-1", ("JAM", 2))
    two_months_pass(clock)
    release(hand)
    assert take_tour(hand)["fields"]["location"]["code"] == "A02-01-1"
    finish_tour(hand)
    assert picked_layers(hand, "SO-1") == [(good, 2)]


def test_the_code_of_an_expired_unit_is_refused(hand: FloorHand, clock: Clock) -> None:
    goods(hand, tracks_lot=1, tracks_expiry=1)
    stock(hand, 3, lot="GOOD", expiry_on="2099-06-01")
    stock(hand, 3, "2026-02-01", lot="LATE", expiry_on=SOON)
    walk(hand, ("JAM", 2))
    two_months_pass(clock)
    hand.scan(HAND, gs1(lot="LATE"))
    assert answer(hand) == ("expired", "GOOD", "LATE")
    finish_tour(hand)


# --- exchanges ---------------------------------------------------------------------------------------------


def test_an_exchange_reads_anew_what_the_one_before_it_left_free(hand: FloorHand) -> None:
    goods(hand)
    oldest = stock(hand, 1, "2026-01-01")
    middle = stock(hand, 1, "2026-02-01")
    newest = stock(hand, 2, "2026-03-01")
    hand.order("SO-X", ("JAM", 1))
    hand.order("SO-C", ("JAM", 1))
    hand.order("SO-A", ("JAM", 2))
    release(hand, "SO-A")  # its promise of the newest stands
    cancel(hand, "SO-C")  # the middle one is free
    assert promises(hand, "SO-A") == [("A01-01-1", newest, 2)]
    take_tour(hand)
    # The oldest is SO-X's, who gets the middle one for it; which therefore is no longer free when its turn comes.
    finish_tour(hand)
    assert picked_layers(hand, "SO-A") == [(oldest, 1), (middle, 1)]
    assert promises(hand, "SO-X") == [("A01-01-1", newest, 1)]
