from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from picking_floors import TWO_BLOCKS, bin_at, ruled_layouts, spots_of

from picking import Closed, FieldError, Layout, OneWay, Spot, TourProblem, out_of_reach, plan_tour, walk_dm
from picking.replan import (
    KEPT_ORDER,
    BlockedAisle,
    Change,
    ChangedCart,
    ChangedEnd,
    Elsewhere,
    LateOrder,
    Replanned,
    Running,
    ShortStop,
    StopLeft,
    replan,
)

DEPOT = Spot("depot", 0, 0)


def running(*stops: Spot, position: Spot = DEPOT, layout: Layout = TWO_BLOCKS) -> Running:
    return Running(layout, position, DEPOT, tuple(StopLeft(stop, (f"tote {stop.name}",)) for stop in stops))


def names(replanned: Replanned) -> list[str]:
    return [stop.name for stop in replanned.tour.sequence]


LOW, HIGH, BESIDE = bin_at(0, 30), bin_at(0, 90), bin_at(40, 60)


def test_a_late_order_is_picked_on_the_way() -> None:
    """Up aisle 0 to 90 and back was 180; over the cross-aisle at 100 and down aisle 40 it is 280."""
    again = replan(running(LOW, HIGH), LateOrder((StopLeft(BESIDE, ("late",)),)))
    assert names(again) == [LOW.name, HIGH.name, BESIDE.name]
    assert (again.before_dm, again.left_dm, again.difference_dm) == (180, 280, 100)
    assert again.summary() == "3 stops left, 28.0 m, 10.0 m more than before"
    assert again.running.left[-1] == StopLeft(BESIDE, ("late",))


def test_a_late_order_at_a_stop_that_is_left_adds_its_totes_there() -> None:
    again = replan(running(LOW, HIGH), LateOrder((StopLeft(HIGH, ("late",)), StopLeft(HIGH, ("late", "later")))))
    assert [stop.totes for stop in again.running.left] == [
        (f"tote {LOW.name}",),
        (f"tote {HIGH.name}", "late", "later"),
    ]
    assert again.difference_dm == 0
    with pytest.raises(FieldError, match=r"stops\[0\].spot: .* stands at two different places"):
        replan(running(LOW), LateOrder((StopLeft(Spot(LOW.name, 40, 0)),)))


def test_a_short_stop_is_dropped_and_its_walk_saved() -> None:
    again = replan(running(LOW, HIGH), ShortStop(HIGH.name))
    assert names(again) == [LOW.name]
    assert again.summary() == f"1 stop left, 6.0 m, 12.0 m less than before; {HIGH.name} fell short"


def test_a_short_stop_is_made_at_another_bin_for_the_same_totes() -> None:
    again = replan(running(LOW, HIGH), ShortStop(HIGH.name, instead=BESIDE))
    assert {stop.spot.name: stop.totes for stop in again.running.left} == {
        LOW.name: (f"tote {LOW.name}",),
        BESIDE.name: (f"tote {HIGH.name}",),
    }
    with pytest.raises(FieldError, match="name: 'nowhere' is no stop that is left"):
        replan(running(LOW), ShortStop("nowhere"))


def test_a_blocked_aisle_is_walked_round_and_what_lies_in_it_is_dropped() -> None:
    inside = bin_at(0, 60)
    again = replan(running(LOW, inside, HIGH), BlockedAisle((Closed(0, 50, 70),)))
    assert names(again) in ([LOW.name, HIGH.name], [HIGH.name, LOW.name])
    assert again.dropped[0].stop.spot == inside
    assert again.dropped[0].words == f"{inside.name} stands in a closed stretch of its aisle"
    assert again.left_dm == 2 * 30 + 2 * (40 + 100 + 40 + 10) == again.before_dm + again.difference_dm


def test_who_stands_inside_what_was_closed_walks_out_of_it_first() -> None:
    again = replan(running(LOW, position=Spot("picker", 0, 55)), BlockedAisle((Closed(0, 50, 70),)))
    assert again.way_out_dm == 5
    assert again.left_dm == 5 + 50
    assert again.running.position.y_dm == 50


def test_a_picker_in_the_middle_of_a_one_way_aisle_goes_on_in_its_direction() -> None:
    floor = Layout((0, 40), (0, 100), one_way=(OneWay(0, is_up=True),))
    again = replan(running(HIGH, layout=floor), Elsewhere(Spot("picker", 0, 95)))
    assert again.left_dm == 5 + 40 + 100 + 40 + 100 + 40 + 100 + 40


def test_the_tour_ends_where_the_cart_is_now_wanted() -> None:
    bench = Spot("bench", 40, 200)
    again = replan(running(LOW, HIGH), ChangedEnd(bench))
    assert again.left_dm == 200 + 40


def test_stops_for_totes_that_left_the_cart_are_dropped() -> None:
    tour = running(LOW, HIGH)
    again = replan(tour, ChangedCart((f"tote {LOW.name}",)))
    assert names(again) == [LOW.name]
    assert again.dropped[0].words == f"{HIGH.name} fills no tote that is still on the cart"


def test_an_order_as_short_as_a_new_one_stays_as_it_is() -> None:
    """Round the ring of two aisles either way is the same: the picker keeps going the way the tour went."""
    ring = [bin_at(0, 50), bin_at(40, 50)]
    for order in (ring, ring[::-1]):
        again = replan(running(*order), Elsewhere(DEPOT))
        assert [stop.spot for stop in again.running.left] == order
        assert again.tour.solver == KEPT_ORDER


def test_a_tour_whose_end_cannot_be_reached_any_more_and_one_with_a_stop_twice_are_refused() -> None:
    floor = Layout((0,), (0, 100))
    with pytest.raises(FieldError, match="end: depot cannot be reached from picker"):
        replan(running(layout=floor, position=Spot("picker", 0, 90)), BlockedAisle((Closed(0, 20, 40),)))
    with pytest.raises(FieldError, match=r"left\[1\].spot.name"):
        running(LOW, LOW)


@st.composite
def changes(draw: st.DrawFn) -> tuple[Running, Change]:
    layout = draw(ruled_layouts())
    position, end = draw(spots_of(layout)), draw(spots_of(layout))
    pool = draw(st.lists(spots_of(layout), max_size=9, unique_by=lambda spot: spot.name))
    reached = set(range(len(pool) + 1)) - {at for at, _ in out_of_reach(layout, position, pool, end)}
    if len(pool) not in reached:
        layout = Layout(layout.aisle_x_dm, layout.cross_aisle_y_dm)
        reached = set(range(len(pool)))
    stops = [spot for at, spot in enumerate(pool) if at in reached]
    old, new = stops[:6], stops[6:]
    tour = Running(layout, position, end, tuple(StopLeft(stop, (stop.name,)) for stop in old))
    assume(is_walkable(tour))
    choices: list[Change] = [LateOrder(tuple(StopLeft(stop) for stop in new)), ChangedEnd(draw(spots_of(layout)))]
    aisle = draw(st.integers(0, len(layout.aisle_x_dm) - 1))
    low = draw(st.integers(-100, 600))
    choices += [BlockedAisle((Closed(aisle, low, low + 60),)), Elsewhere(draw(spots_of(layout)))]
    if old:
        choices.append(ShortStop(draw(st.sampled_from(old)).name, draw(st.sampled_from([None, *new]))))
        choices.append(ChangedCart(tuple(stop.name for stop in old[::2])))
    return tour, draw(st.sampled_from(choices))


def is_walkable(tour: Running) -> bool:
    if out_of_reach(tour.layout, tour.position, [tour.position, tour.end], tour.end):
        return False  # stands where nobody stands
    try:
        return tour.left_dm() >= 0
    except FieldError:
        return False


@settings(max_examples=80, deadline=None)
@given(changes())
def test_the_new_tour_visits_what_is_left_and_is_never_longer_than_the_old_order(case: tuple[Running, Change]) -> None:
    tour, change = case
    try:
        again = replan(tour, change)
    except FieldError:
        # Closing an aisle, or looking from elsewhere, may leave no way to the end; one-way aisles no order at all.
        assert isinstance(change, BlockedAisle | Elsewhere | ChangedEnd) or tour.layout.one_way
        return
    expected = {stop.spot for stop in tour.left}
    if isinstance(change, LateOrder):
        expected |= {stop.spot for stop in change.stops}
    if isinstance(change, ShortStop) and change.instead is not None:
        expected = {spot for spot in expected if spot.name != change.name} | {change.instead}
    visited = [stop.spot for stop in again.running.left]
    assert len(visited) == len(set(visited))
    assert set(visited) == expected - {each.stop.spot for each in again.dropped}
    assert visited == list(again.tour.sequence)
    assert again.left_dm == again.way_out_dm + again.running.left_dm() <= again.kept_dm


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_on_a_plain_floor_no_tour_from_here_is_shorter(data: st.DataObject) -> None:
    stops = data.draw(st.lists(spots_of(TWO_BLOCKS), max_size=8, unique_by=lambda spot: spot.name))
    position = data.draw(spots_of(TWO_BLOCKS))
    tour = Running(TWO_BLOCKS, position, DEPOT, tuple(StopLeft(stop) for stop in stops))
    best = plan_tour(TourProblem(TWO_BLOCKS, position, DEPOT, tuple(stops))).distance_dm
    again = replan(tour, Elsewhere(position))
    assert again.left_dm == best == walk_dm(TWO_BLOCKS, again.running.spots())
