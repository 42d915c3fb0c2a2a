"""Rules of orders: taken in once, never inventing goods, stopped without losing a unit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.services.ordering import orders
from tests.factories import NOBODY, FloorHand
from tests.services.acts import at, cancel, demand, pick_all, promises, release, take_tour
from tests.services.packing.a_bench import at_bench, label_and_lane, pick_in_two_totes

pytestmark = pytest.mark.usefixtures("book_is_right")


@pytest.fixture
def mug(hand: FloorHand) -> FloorHand:
    hand.item("MUG")
    hand.stock("MUG", 10)
    return hand


def take_in(hand: FloorHand, number: str = "SO-1", *lines: tuple[str, int], **values: Any) -> bool:
    parts = [orders.LineIn(sku, qty) for sku, qty in (lines or (("MUG", 2),))]
    order = orders.OrderIn(number, 1_760_000_000_000, parts, **values)
    return hand.write(lambda tx: orders.take_in(tx, NOBODY, order, 10_000))


def describe(hand: FloorHand, number: str) -> dict[str, Any]:
    return hand.write(lambda tx: orders.describe(tx, number))


# --- taking in -------------------------------------------------------------------------------------------


def test_the_same_order_is_taken_in_once(mug: FloorHand) -> None:
    assert take_in(mug) is True
    assert take_in(mug) is False
    assert demand(mug, "SO-1")["ordered"] == 2


def test_the_same_number_with_other_content_is_a_conflict(mug: FloorHand) -> None:
    take_in(mug)
    with pytest.raises(Conflict, match="other content") as refused:
        take_in(mug, "SO-1", ("MUG", 3))
    assert refused.value.code == "order_exists"


def test_two_channels_may_use_one_number(mug: FloorHand) -> None:
    take_in(mug, channel="shop")
    take_in(mug, channel="fair")
    with pytest.raises(Conflict, match="several channels"):
        mug.write(lambda tx: orders.find(tx, "SO-1"))
    assert mug.write(lambda tx: orders.find(tx, "SO-1", "fair"))["channel"] == "fair"


def test_lines_of_one_sku_merge_for_the_floor_and_stay_apart_on_the_order(mug: FloorHand) -> None:
    take_in(mug, "SO-1", ("MUG", 2), ("mug", 3))
    assert mug.all("SELECT ordered_each FROM demand WHERE warehouse_id = :w") == [{"ordered_each": 5}]
    lines = describe(mug, "SO-1")["lines"]
    assert [(line["sku"], line["qty_each"], line["allocated_each"]) for line in lines] == [("MUG", 2, 2), ("mug", 3, 3)]


def test_merged_lines_are_filled_in_the_order_they_were_written(mug: FloorHand) -> None:
    take_in(mug, "SO-1", ("MUG", 8), ("MUG", 8))
    assert [line["allocated_each"] for line in describe(mug, "SO-1")["lines"]] == [8, 2]


def test_skus_match_without_regard_to_letter_case(mug: FloorHand) -> None:
    take_in(mug, "SO-1", ("mUg", 1))
    assert mug.order_state("SO-1") == "allocated"


def test_a_service_is_on_the_order_and_never_picked(mug: FloorHand) -> None:
    mug.item("POST", is_service=1)
    take_in(mug, "SO-1", ("MUG", 1), ("POST", 1))
    assert demand(mug, "SO-1")["ordered"] == 1
    assert [line["is_service"] for line in describe(mug, "SO-1")["lines"]] == [False, True]


@pytest.mark.parametrize(
    ("number", "line", "field"),
    [
        ("", ("MUG", 1), "number"),
        ("A" * 61, ("MUG", 1), "number"),
        (" ", ("MUG", 1), "number"),
        ("SO\x00", ("MUG", 1), "number"),
        ("SO-1", ("MUG", 0), "lines[0].qty_each"),
        ("SO-1", ("MUG", -3), "lines[0].qty_each"),
        ("SO-1", ("MUG", 80_995), "lines[0].qty_each"),
        ("SO-1", ("  ", 1), "lines[0].sku"),
    ],
)
def test_nonsense_is_refused_and_names_its_field(
    mug: FloorHand, number: str, line: tuple[str, int], field: str
) -> None:
    with pytest.raises(DomainError) as refused:
        take_in(mug, number, line)
    assert (refused.value.status, refused.value.field) == (422, field)
    assert mug.all("SELECT id FROM sales_order WHERE warehouse_id = :w") == []


def test_an_order_without_lines_is_refused(mug: FloorHand) -> None:
    order = orders.OrderIn("SO-1", 0, [])
    with pytest.raises(DomainError, match="lines"):
        mug.write(lambda tx: orders.take_in(tx, NOBODY, order, 10_000))


def test_names_of_any_script_are_kept(mug: FloorHand) -> None:
    take_in(mug, ship_to=orders.ShipTo(name="Żółć Ærø 日本", country="PL"))
    assert describe(mug, "SO-1")["ship_to"]["name"] == "Żółć Ærø 日本"


@pytest.mark.parametrize(("country", "carrier"), [("GB", "DOM"), ("DE", "EU"), ("US", "WORLD"), ("", "WORLD")])
def test_the_country_chooses_the_carrier(mug: FloorHand, country: str, carrier: str) -> None:
    take_in(mug, ship_to=orders.ShipTo(country=country))
    row = mug.one(
        "SELECT c.code FROM sales_order o JOIN carrier c ON c.warehouse_id = o.warehouse_id AND c.id = o.carrier_id"
        " WHERE o.warehouse_id = :w"
    )
    assert row == {"code": carrier}


# --- hold ------------------------------------------------------------------------------------------------


def test_an_unknown_sku_holds_the_order_with_its_reason(mug: FloorHand) -> None:
    take_in(mug, "SO-1", ("MUG", 1), ("NEW", 2))
    order = describe(mug, "SO-1")
    assert (order["state"], order["hold_reason"], order["hold_note"]) == ("hold", "unknown_sku", "NEW")
    assert promises(mug, "SO-1") == []
    assert mug.one("SELECT COUNT(*) AS n FROM item WHERE warehouse_id = :w") == {"n": 1}


def test_a_held_order_goes_on_once_its_item_exists(mug: FloorHand) -> None:
    take_in(mug, "SO-1", ("MUG", 1), ("NEW", 2), ("new", 1))
    with pytest.raises(Conflict, match="NEW"):
        mug.write(lambda tx: orders.release_hold(tx, NOBODY, "SO-1"))
    mug.item("NEW")
    mug.stock("NEW", 3, "A01-02-1")
    mug.write(lambda tx: orders.release_hold(tx, NOBODY, "SO-1"))
    assert demand(mug, "SO-1") == {"ordered": 4, "allocated": 4, "picked": 0}
    assert mug.order_state("SO-1") == "allocated"


def test_a_hold_frees_the_promise_for_who_waits(mug: FloorHand) -> None:
    take_in(mug, "SO-1", ("MUG", 10))
    take_in(mug, "SO-2", ("MUG", 4))
    mug.write(lambda tx: orders.hold(tx, NOBODY, "SO-1", "payment"))
    assert demand(mug, "SO-2")["allocated"] == 4
    mug.write(lambda tx: orders.release_hold(tx, NOBODY, "SO-1"))
    assert demand(mug, "SO-1")["allocated"] == 6


def test_a_released_order_cannot_be_held_any_more(mug: FloorHand) -> None:
    take_in(mug)
    release(mug)
    with pytest.raises(Conflict, match="released"):
        mug.write(lambda tx: orders.hold(tx, NOBODY, "SO-1", "payment"))


def test_releasing_an_order_that_is_not_held_changes_nothing(mug: FloorHand) -> None:
    take_in(mug)
    mug.write(lambda tx: orders.release_hold(tx, NOBODY, "SO-1"))
    assert mug.order_state("SO-1") == "allocated"


# --- cancel and change -----------------------------------------------------------------------------------


def test_a_cancelled_order_stays_cancelled(mug: FloorHand) -> None:
    take_in(mug)
    cancel(mug, "SO-1")
    cancel(mug, "SO-1")
    assert mug.order_state("SO-1") == "cancelled"
    assert promises(mug, "SO-1") == []


def test_a_held_order_can_be_cancelled(mug: FloorHand) -> None:
    take_in(mug, "SO-1", ("NEW", 1))
    cancel(mug, "SO-1")
    assert mug.order_state("SO-1") == "cancelled"


def test_cancelling_between_release_and_walk_leaves_no_task(mug: FloorHand) -> None:
    take_in(mug)
    release(mug)
    cancel(mug, "SO-1")
    tasks = mug.all("SELECT state, reason FROM task WHERE warehouse_id = :w")
    assert tasks == [{"state": "cancelled", "reason": "order_cancelled"}]


def test_cancelling_after_the_drop_asks_for_the_tote_to_be_put_back(mug: FloorHand) -> None:
    take_in(mug)
    pick_all(mug)
    cancel(mug, "SO-1")
    tasks = mug.all("SELECT kind FROM task WHERE warehouse_id = :w AND state = 'open'")
    assert tasks == [{"kind": "put_back"}]
    assert mug.order_state("SO-1") == "cancelled"


def test_an_empty_tote_of_a_cancelled_order_is_free_at_the_drop(mug: FloorHand) -> None:
    take_in(mug)
    release(mug)
    take_tour(mug)
    cancel(mug, "SO-1")
    mug.scan("HAND-1", at("STAGE-1"))
    assert mug.one("SELECT order_id FROM lpn WHERE warehouse_id = :w AND code = '000001'") == {"order_id": None}
    assert mug.all("SELECT id FROM task WHERE warehouse_id = :w AND state = 'open'") == []


def test_a_change_touches_nothing_but_what_may_change(mug: FloorHand) -> None:
    take_in(mug)
    mug.write(lambda tx: orders.change(tx, NOBODY, "SO-1", {"ship_to": {"is_cancelled": 1, "city": "Leeds"}}))
    row = mug.one("SELECT is_cancelled, city FROM sales_order WHERE warehouse_id = :w")
    assert row == {"is_cancelled": 0, "city": "Leeds"}


def test_an_order_nobody_knows_is_not_found(mug: FloorHand) -> None:
    for act in (orders.find, orders.describe):
        with pytest.raises(NotFound):
            mug.write(lambda tx, act=act: act(tx, "NO-SUCH"))


def test_a_new_address_may_mean_a_new_carrier(mug: FloorHand) -> None:
    take_in(mug, ship_to=orders.ShipTo(country="GB"))
    mug.write(lambda tx: orders.change(tx, NOBODY, "SO-1", {"ship_to": {"name": "Jo", "country": "FR"}, "priority": 3}))
    row = mug.one(
        "SELECT c.code, o.priority, o.ship_to_name FROM sales_order o"
        " JOIN carrier c ON c.warehouse_id = o.warehouse_id AND c.id = o.carrier_id WHERE o.warehouse_id = :w"
    )
    assert row == {"code": "EU", "priority": 3, "ship_to_name": "Jo"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"policy": "ship_never"}, "policy"), ({"ship_to": {"country": "Germany"}}, "ship_to.country")],
)
def test_a_change_is_checked_like_the_order_itself(mug: FloorHand, changes: dict[str, Any], field: str) -> None:
    take_in(mug)
    with pytest.raises(DomainError) as refused:
        mug.write(lambda tx: orders.change(tx, NOBODY, "SO-1", changes))
    assert (refused.value.status, refused.value.field) == (422, field)


def test_a_cancelled_order_cannot_be_changed(mug: FloorHand) -> None:
    take_in(mug)
    cancel(mug, "SO-1")
    with pytest.raises(Conflict, match="cancelled"):
        mug.write(lambda tx: orders.change(tx, NOBODY, "SO-1", {"priority": 1}))


def test_the_address_of_a_labelled_parcel_stays(mug: FloorHand) -> None:
    mug.item("CUP")
    mug.stock("CUP", 10, "A01-02-1")
    mug.order("SO-1", ("MUG", 1), ("CUP", 1))
    pick_in_two_totes(mug)
    at_bench(mug)
    mug.scan("BENCH-1", "MUG")
    mug.say("BENCH-1", "CLOSE")
    with pytest.raises(Conflict, match="has its label") as refused:
        mug.write(lambda tx: orders.change(tx, NOBODY, "SO-1", {"ship_to": {"city": "Leeds"}}))
    assert refused.value.code == "too_late"
    mug.write(lambda tx: orders.change(tx, NOBODY, "SO-1", {"priority": 1}))
    mug.say("BENCH-1", "REOPEN")
    mug.write(lambda tx: orders.change(tx, NOBODY, "SO-1", {"ship_to": {"city": "Leeds"}}))


def test_a_parcel_still_open_goes_to_the_lane_of_the_new_country(mug: FloorHand) -> None:
    mug.order("SO-1", ("MUG", 1))
    pick_all(mug)
    at_bench(mug)
    mug.write(lambda tx: orders.change(tx, NOBODY, "SO-1", {"ship_to": {"country": "FR"}}))
    mug.scan("BENCH-1", "MUG")
    label_and_lane(mug, at("LANE-EU"))
    assert describe(mug, "SO-1")["parcels"][0]["carrier"] == "EU"


# --- the hour the truck leaves ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ordered_at", "cut_off"),
    [
        ("2026-06-01T10:00:00+00:00", "2026-06-01T16:00:00+00:00"),  # 17:00 in London in summer
        ("2026-06-01T16:00:00+00:00", "2026-06-02T16:00:00+00:00"),
        ("2026-10-24T17:00:00+00:00", "2026-10-25T17:00:00+00:00"),  # over the night the clocks go back
        ("2026-03-28T18:00:00+00:00", "2026-03-29T16:00:00+00:00"),  # and the night they go forward
    ],
)
def test_the_cut_off_is_an_hour_on_the_warehouse_clock(mug: FloorHand, ordered_at: str, cut_off: str) -> None:
    ordered_at_ms = int(datetime.fromisoformat(ordered_at).timestamp() * 1000)
    order = orders.OrderIn("SO-1", ordered_at_ms, [orders.LineIn("MUG", 1)], orders.ShipTo(country="GB"))
    mug.write(lambda tx: orders.take_in(tx, NOBODY, order, 10_000))
    stored = mug.one("SELECT cut_off_at_ms FROM sales_order WHERE warehouse_id = :w")["cut_off_at_ms"]
    assert datetime.fromtimestamp(stored / 1000, UTC).isoformat() == cut_off
