"""Rules of an order's lane: it follows from the quantities and from nothing else."""

from __future__ import annotations

import pytest

from fulfillment.domain.orders import OrderCounts, OrderState, Policy, may_allocate, state_of

PARTIAL, COMPLETE = Policy.SHIP_PARTIAL, Policy.SHIP_COMPLETE


def lane(policy: str = PARTIAL, *, on_hold: bool = False, is_cancelled: bool = False, **counts: int) -> str:
    base = {"ordered_each": 5, "cancelled_each": 0, "allocated_each": 0, "picked_each": 0, "packed_each": 0}
    return state_of(
        OrderCounts(**{**base, "shipped_each": 0, **counts}), policy, on_hold=on_hold, is_cancelled=is_cancelled
    )


@pytest.mark.parametrize(
    ("counts", "state"),
    [
        ({}, OrderState.WAITING),
        ({"allocated_each": 2}, OrderState.ALLOCATED),
        ({"allocated_each": 5, "open_tasks": 1}, OrderState.RELEASED),
        ({"allocated_each": 5, "open_tasks": 2, "started_tasks": 1}, OrderState.PICKING),
        ({"allocated_each": 5, "picked_each": 5}, OrderState.PICKED),
        ({"allocated_each": 5, "picked_each": 5, "open_parcels": 1}, OrderState.PACKING),
        ({"allocated_each": 5, "picked_each": 5, "packed_each": 2}, OrderState.PACKING),
        ({"allocated_each": 5, "picked_each": 5, "packed_each": 5, "parcels_not_loaded": 1}, OrderState.PACKED),
        ({"allocated_each": 5, "picked_each": 5, "packed_each": 5}, OrderState.LOADED),
        (dict.fromkeys(("allocated_each", "picked_each", "packed_each", "shipped_each"), 5), OrderState.SHIPPED),
    ],
)
def test_an_order_goes_down_the_lanes_with_its_goods(counts: dict[str, int], state: str) -> None:
    assert lane(**counts) == state


def test_a_whole_order_waits_with_what_is_in_its_totes() -> None:
    assert lane(COMPLETE, allocated_each=3, picked_each=3) == OrderState.WAITING
    assert lane(COMPLETE, allocated_each=5, picked_each=3) == OrderState.ALLOCATED
    assert lane(PARTIAL, allocated_each=3, picked_each=3) == OrderState.PICKED


def test_a_partly_shipped_order_waits_for_the_rest() -> None:
    shipped = dict.fromkeys(("allocated_each", "picked_each", "packed_each", "shipped_each"), 3)
    assert lane(**shipped) == OrderState.WAITING
    assert lane(**{**shipped, "allocated_each": 5}) == OrderState.ALLOCATED


def test_units_the_customer_gave_up_are_not_waited_for() -> None:
    shipped = dict.fromkeys(("allocated_each", "picked_each", "packed_each", "shipped_each"), 3)
    assert lane(cancelled_each=2, **shipped) == OrderState.SHIPPED


def test_an_order_of_services_only_is_shipped_at_once() -> None:
    assert lane(ordered_each=0) == OrderState.SHIPPED


def test_a_held_order_waits_on_its_own_lane_until_work_has_begun() -> None:
    assert lane(on_hold=True) == OrderState.HOLD
    assert lane(on_hold=True, allocated_each=5, picked_each=5) == OrderState.PICKED


def test_cancelled_is_cancelled() -> None:
    assert lane(is_cancelled=True, allocated_each=5, picked_each=5) == OrderState.CANCELLED


@pytest.mark.parametrize(
    ("policy", "free_each", "may"),
    [(COMPLETE, 4, False), (COMPLETE, 5, True), (PARTIAL, 1, True), (PARTIAL, 0, False)],
)
def test_whole_orders_take_all_or_nothing(policy: str, free_each: int, may: bool) -> None:
    assert may_allocate(policy, 5, free_each) is may
