"""What may go into a parcel, when it is full, and who takes it away."""

from __future__ import annotations

import pytest

from fulfillment.domain.orders import OrderCounts, OrderState, Policy, state_of
from fulfillment.domain.reasons import Reject
from fulfillment.domain.shipping import (
    MAX_PARCEL_VOLUME_ML,
    MAX_PARCEL_WEIGHT_G,
    PARCEL_STEPS,
    CarrierRule,
    Count,
    Lying,
    ParcelLoad,
    ParcelState,
    check_count,
    choose_carrier,
    fits_each,
)

EMPTY = ParcelLoad(0, 0, 0)


def rejection(count: Count, lying: Lying, load: ParcelLoad = EMPTY) -> tuple[Reject, str | None] | None:
    """Code and expected value, or None when the units may go in."""
    wrong = check_count(count, lying, load)
    return None if wrong is None else (wrong.code, wrong.expected)


def mugs(left_each: int, **changes: object) -> Lying:
    """MUGs of 200 g and one litre in the tote."""
    values: dict[str, object] = {"sku": "MUG", "left_each": left_each, "weight_g": 200, "volume_ml": 1000, **changes}
    return Lying(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize("left_each", [1, 2, 3, 100])
def test_one_scan_one_unit(left_each: int) -> None:
    assert rejection(Count(1), mugs(left_each)) is None


@pytest.mark.parametrize(
    ("keyed", "left", "limit", "wanted"),
    [
        (4, 4, 3, None), (2, 4, 3, None), (3, 3, 3, Reject.SCAN_EACH), (2, 3, 3, Reject.SCAN_EACH), (1, 3, 3, None),
        (2, 2, 0, None), (9, 9, 10, Reject.SCAN_EACH), (11, 11, 10, None),
    ],
)  # fmt: skip
def test_a_count_may_be_keyed_only_above_the_limit_of_its_item(
    keyed: int, left: int, limit: int, wanted: Reject | None
) -> None:
    wrong = check_count(Count(1, keyed), mugs(left, scan_each_max=limit), EMPTY)
    assert (wrong.code if wrong else None) == wanted


def test_a_case_counts_what_it_holds() -> None:
    assert Count(6).qty_each == 6
    assert rejection(Count(6), mugs(6)) is None
    assert rejection(Count(6), mugs(3, scan_each_max=3)) == (Reject.TOO_MANY, "3")


def test_more_than_the_tote_should_hold() -> None:
    assert rejection(Count(1, 7), mugs(6)) == (Reject.TOO_MANY, "6")


def test_a_count_of_nothing() -> None:
    assert rejection(Count(1, 0), mugs(6)) == (Reject.BAD_QUANTITY, "6")


def test_serials_are_read_one_by_one_and_must_be_in_the_tote() -> None:
    assert rejection(Count(1, None, "S1"), mugs(9, is_serial=True, serial_each=1)) is None
    assert rejection(Count(1, 9, "S1"), mugs(9, is_serial=True, serial_each=1)) == (Reject.SCAN_EACH, "1")
    assert rejection(Count(9), mugs(9, is_serial=True)) == (Reject.SCAN_EACH, "1")
    assert rejection(Count(1), mugs(9, is_serial=True)) == (Reject.SERIAL_REQUIRED, "MUG")
    unknown = rejection(Count(1, None, "S9"), mugs(9, is_serial=True))
    assert unknown == (Reject.WRONG_ITEM, "a serial of MUG in this tote")


def test_a_full_parcel_says_how_many_still_fit() -> None:
    load = ParcelLoad(MAX_PARCEL_WEIGHT_G - 500, 0, 4)
    assert rejection(Count(1, 5), mugs(9), load) == (Reject.PARCEL_FULL, "2")
    assert rejection(Count(1, 2), mugs(9), load) is None
    assert rejection(Count(1), mugs(9), ParcelLoad(0, MAX_PARCEL_VOLUME_ML, 4)) == (Reject.PARCEL_FULL, "0")


def test_the_tighter_of_weight_and_volume_decides() -> None:
    assert fits_each(EMPTY, 1_000, 1_000) == 25
    assert fits_each(EMPTY, 10, 10_000) == 11


def test_an_item_too_big_for_any_carton_goes_alone() -> None:
    assert fits_each(EMPTY, 40_000, 1_000) == 1
    assert fits_each(ParcelLoad(200, 1_000, 1), 40_000, 1_000) == 0


def test_an_item_without_sizes_always_fits() -> None:
    assert fits_each(ParcelLoad(MAX_PARCEL_WEIGHT_G, MAX_PARCEL_VOLUME_ML, 9), 0, 0) > 1_000_000


def test_the_carrier_that_names_the_country_comes_before_the_one_for_the_rest() -> None:
    rules = [CarrierRule(1, ("*",)), CarrierRule(2, ("FR", "DE"))]
    assert choose_carrier("FR", rules) == 2
    assert choose_carrier("JP", rules) == 1
    assert choose_carrier("JP", rules[1:]) is None


def test_a_parcel_that_has_left_or_is_void_stays_so() -> None:
    assert PARCEL_STEPS[ParcelState.SHIPPED] == PARCEL_STEPS[ParcelState.VOID] == frozenset()
    assert ParcelState.VOID not in PARCEL_STEPS[ParcelState.LOADED]
    assert all(ParcelState.SHIPPED not in PARCEL_STEPS[state] for state in ParcelState if state != ParcelState.LOADED)


@pytest.mark.parametrize(
    ("policy", "promised", "state"),
    [
        (Policy.SHIP_PARTIAL, 2, OrderState.PACKED),
        (Policy.SHIP_COMPLETE, 2, OrderState.ALLOCATED),
        (Policy.SHIP_COMPLETE, 0, OrderState.WAITING),
    ],
)
def test_a_whole_order_with_closed_parcels_waits_for_its_missing_units(
    policy: Policy, promised: int, state: OrderState
) -> None:
    counts = OrderCounts(5, 0, 3 + promised, 3, 3, 0, parcels_not_loaded=1)
    assert state_of(counts, policy, on_hold=False, is_cancelled=False) == state
