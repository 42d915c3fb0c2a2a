"""Several drop points: carts are filled for the end that suits them; one behind a closed stretch is left out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment.services.releasing import batch_waves
from fulfillment.services.releasing.wave_picks import WavePicks
from fulfillment.services.walking import tour_ends
from fulfillment.services.walking.floor_plan import FloorPlan
from fulfillment.services.walking.walks import lost, shortest
from picking import Cart, Closed, FieldError, Layout, PickLine, PickOrder, Spot

FRONT, BACK = Spot("FRONT", 0, 0), Spot("BACK", 90, 100)
LAYOUT = Layout((0, 30, 60, 90), (0, 100))


def floor(*drops: Spot, layout: Layout = LAYOUT) -> FloorPlan:
    return FloorPlan(1, layout, FRONT, drops, 0, 1)


def order(number: int, *places: tuple[int, int]) -> PickOrder:
    lines = tuple(PickLine(f"{number}/{at}", Spot(f"{x}-{y}", x, y), 1) for at, (x, y) in enumerate(places))
    return PickOrder(str(number), lines)


FAR = tuple(order(number, (90, 60 + number)) for number in range(4))


def test_the_end_most_orders_would_choose_comes_first() -> None:
    assert tour_ends.likely(floor(FRONT, BACK), FAR) == [BACK, FRONT]
    assert tour_ends.likely(floor(FRONT, BACK), [order(1, (0, 10))]) == [FRONT, BACK]
    assert tour_ends.likely(floor(FRONT), FAR) == [FRONT]


def test_carts_are_filled_for_the_end_at_which_they_walk_least() -> None:
    picks = WavePicks(FAR, Cart(2, 60_000, 20_000), {})

    def walked_dm(*drops: Spot) -> int:
        plan = floor(*drops)
        return sum(
            shortest(plan, FRONT, batch.stops, 20, 0).tour.distance_dm
            for batch in tour_ends.carts(plan, picks, 200, 1).batches
        )

    assert walked_dm(FRONT, BACK) <= min(walked_dm(FRONT), walked_dm(BACK))
    assert walked_dm(FRONT, BACK) < walked_dm(FRONT)


def test_no_carts_walk_less_than_is_proven_wherever_each_of_them_ends() -> None:
    plan = floor(FRONT, BACK)
    orders = (*FAR, order(4, (0, 10), (30, 90)), order(5, (60, 50)), order(6, (0, 95)))
    for positions in (1, 2, 3):
        picks = WavePicks(orders, Cart(positions, 60_000, 20_000), {})
        batches = tour_ends.carts(plan, picks, 200, 1).batches
        walked_dm = sum(shortest(plan, FRONT, batch.stops, 20, 0).tour.distance_dm for batch in batches)
        assert 0 < tour_ends.least_dm(plan, orders, positions) <= walked_dm
    alone_dm = shortest(plan, FRONT, [FAR[0].lines[0].spot], 20, 0).tour.distance_dm
    assert tour_ends.least_dm(plan, FAR[:1], 4) == alone_dm


def test_an_order_in_several_totes_is_proven_once() -> None:
    plan = floor(FRONT, BACK)
    assert tour_ends.least_dm(plan, [order(1, (0, 90), (0, 5))], 1) == tour_ends.least_dm(plan, [order(1, (0, 90))], 1)


def test_of_a_stop_behind_something_closed_nothing_is_proven() -> None:
    shut = Layout((0, 30, 60, 90), (0, 100), closed=tuple(Closed(aisle, 20, 40) for aisle in range(4)))
    near = order(1, (30, 10))
    assert tour_ends.least_dm(floor(BACK, FRONT, layout=shut), [near], 1) > 0
    assert tour_ends.least_dm(floor(FRONT, layout=shut), FAR, 1) == 0


SPOTS = st.builds(lambda aisle, y: (30 * aisle, y), st.integers(0, 3), st.integers(1, 99))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(SPOTS, min_size=1, max_size=3, unique=True), min_size=1, max_size=9),
    st.lists(st.sampled_from((FRONT, BACK, Spot("SIDE", 30, 100))), min_size=1, max_size=3, unique=True),
    st.integers(1, 2), st.integers(1, 5),
)  # fmt: skip
def test_no_carts_of_shared_totes_walk_less_than_is_proven(
    orders: list[list[tuple[int, int]]], drops: list[Spot], positions: int, slots: int
) -> None:
    plan = floor(*drops)
    asked = tuple(order(number, *places) for number, places in enumerate(orders))
    keys = {line.line_id: (int(one.order_id), at, at) for one in asked for at, line in enumerate(one.lines)}
    batches, loads = batch_waves.planned(WavePicks(asked, Cart(positions, 60_000, 20_000), keys), plan, slots)
    walked_dm = sum(shortest(plan, FRONT, stops, 20, 0).tour.distance_dm for _, stops in loads)
    assert 0 <= batches.lower_bound_dm <= walked_dm
    farthest_dm = max(
        shortest(plan, FRONT, [line.spot], 20, 0).tour.distance_dm for one in asked for line in one.lines
    )
    assert batches.lower_bound_dm >= farthest_dm, "some cart goes to the farthest stop and on to an end"


def test_carts_that_end_where_they_began_walk_no_less_than_one_over_all_stops() -> None:
    stops = [order(1, (0, 90)), order(2, (90, 90))]
    both_dm = shortest(floor(FRONT), FRONT, [one.lines[0].spot for one in stops], 20, 0).tour.distance_dm
    assert tour_ends.least_shared_dm(floor(FRONT), stops) == both_dm
    assert 0 < tour_ends.least_shared_dm(floor(FRONT, BACK), stops) < both_dm
    assert tour_ends.least_shared_dm(floor(FRONT), []) == 0


def test_a_drop_point_behind_something_closed_is_left_out_of_a_tour() -> None:
    shut = Layout((0, 30, 60, 90), (0, 100), closed=tuple(Closed(aisle, 20, 40) for aisle in range(4)))
    plan = floor(BACK, FRONT, layout=shut)
    near = Spot("near", 30, 10)
    assert lost(plan, FRONT, [near]) == set()
    assert shortest(plan, FRONT, [near], 20, 0).end == FRONT
    assert lost(floor(BACK, layout=shut), FRONT, [near]) == {0, 1}
    with pytest.raises(FieldError):
        shortest(floor(BACK, layout=shut), FRONT, [near], 20, 0)
