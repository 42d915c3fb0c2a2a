"""Exact tours against a solver that knows distances alone, on random floors, and against published optima."""

from __future__ import annotations

import csv
from pathlib import Path

import independent
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from picking_floors import DEPOT, TWO_BLOCKS, bin_at, layouts, problems, spots_of

from picking import Closed, FieldError, Layout, OneWay, Spot, TourProblem, exact_length_dm, exact_tour
from picking.compiled import OUTSIDE, compiled
from picking.exact.tables import tables
from picking.exact.tour import TooLarge
from picking.formats.sprp import read_sprp

PUBLISHED = Path(__file__).parents[1] / "data" / "sprp"
UNREACHABLE_DM = 10**11


@pytest.mark.parametrize(("cross_aisles", "states"), [(2, 7), (3, 25), (4, 113), (5, 569)])
def test_the_tables_have_the_states_of_the_literature(cross_aisles: int, states: int) -> None:
    """7 by Ratliff and Rosenthal, 25 by Roodbergen and de Koster; the others as measured by later work."""
    assert tables(cross_aisles, is_open=False).states == (states, 0)


@settings(max_examples=150, deadline=None)
@given(problems(most_stops=7))
def test_a_tour_is_as_short_as_any_order_and_as_long_as_walking_it(problem: TourProblem) -> None:
    tour = exact_tour(problem)
    assert tour.distance_dm == problem.length_dm(tour.sequence) == independent.shortest_dm(problem.matrix())
    assert sorted(stop.name for stop in tour.sequence) == sorted(stop.name for stop in problem.distinct_stops)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_tour_may_end_at_whichever_stop_is_best(data: st.DataObject) -> None:
    layout = data.draw(layouts(most_cross_aisles=4))
    spot = spots_of(layout)
    start, stops = data.draw(spot), tuple(data.draw(st.lists(spot, min_size=1, max_size=6)))
    matrix = TourProblem(layout, start, start, stops).matrix()
    matrix[:, -1] = 0
    assert exact_length_dm(layout, start, None, stops) == independent.shortest_dm(matrix)


@st.composite
def ruled_layouts(draw: st.DrawFn, with_one_way: bool) -> Layout:
    plain = draw(layouts(most_aisles=5, most_cross_aisles=4))
    aisle = st.integers(0, len(plain.aisle_x_dm) - 1)
    block = st.integers(0, plain.blocks - 1)
    one_way: tuple[OneWay, ...] = ()
    if with_one_way and len(plain.cross_aisle_y_dm) > 1:
        ways = draw(st.dictionaries(st.tuples(aisle, block), st.booleans(), min_size=1, max_size=6))
        one_way = tuple(OneWay(at, is_up, where) for (at, where), is_up in ways.items())
    stretches = st.lists(st.tuples(aisle, st.integers(-60, 600), st.integers(1, 120)), max_size=3)
    closed = tuple(Closed(at, low, low + long) for at, low, long in draw(stretches))
    busy = draw(st.dictionaries(st.tuples(aisle, block), st.integers(0, 100), max_size=2))
    return Layout(
        plain.aisle_x_dm,
        plain.cross_aisle_y_dm,
        one_way,
        closed,
        tuple((*at, extra_dm) for at, extra_dm in busy.items()),
    )


def check_against_distances(data: st.DataObject, layout: Layout) -> None:
    spot = spots_of(layout)
    start, stops = data.draw(spot), tuple(data.draw(st.lists(spot, max_size=6)))
    problem = TourProblem(layout, start, data.draw(st.one_of(st.just(start), spot)), stops, 10)
    shortest_dm = independent.shortest_dm(problem.matrix())
    if shortest_dm >= UNREACHABLE_DM:
        with pytest.raises((FieldError, TooLarge)):
            exact_tour(problem)
        return
    tour = exact_tour(problem)
    assert tour.distance_dm == problem.length_dm(tour.sequence) == shortest_dm
    assert sorted(stop.name for stop in tour.sequence) == sorted(stop.name for stop in problem.distinct_stops)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_closed_stretches_and_busy_aisles_are_walked_the_shortest_way(data: st.DataObject) -> None:
    check_against_distances(data, data.draw(ruled_layouts(with_one_way=False)))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_one_way_aisles_are_walked_the_shortest_way(data: st.DataObject) -> None:
    check_against_distances(data, data.draw(ruled_layouts(with_one_way=True)))


def published() -> list[tuple[str, int, int]]:
    with (PUBLISHED / "published.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    both = ((1, "one_block_dm"), (2, "two_block_dm"))
    return [(row["file"], blocks, int(row[column])) for row in rows for blocks, column in both]


@pytest.mark.parametrize(("file", "blocks", "optimum_dm"), published())
def test_published_optima_are_met(file: str, blocks: int, optimum_dm: int) -> None:
    instance = read_sprp(PUBLISHED / file, blocks)
    problem = TourProblem(instance.layout, instance.depot, instance.depot, instance.stops)
    tour = exact_tour(problem)
    assert tour.distance_dm == problem.length_dm(tour.sequence) == optimum_dm


def test_seven_cross_aisles_are_refused_by_name() -> None:
    with pytest.raises(FieldError) as refused:
        exact_length_dm(Layout((0, 40), tuple(range(0, 700, 100))), DEPOT, DEPOT, [bin_at(40, 50)])
    assert refused.value.field == "layout.cross_aisle_y_dm"


def test_a_stop_between_two_closed_stretches_has_no_tour() -> None:
    layout = Layout((0, 40), (0, 100), closed=(Closed(1, 20, 30), Closed(1, 60, 70)))
    with pytest.raises(FieldError) as refused:
        exact_length_dm(layout, DEPOT, DEPOT, [bin_at(40, 50)])
    assert refused.value.field == "stops"


def test_a_layout_is_compiled_once_and_says_where_spots_are() -> None:
    floor = compiled(TWO_BLOCKS)
    assert compiled(Layout(TWO_BLOCKS.aisle_x_dm, TWO_BLOCKS.cross_aisle_y_dm)) is floor
    assert (floor.aisles, floor.blocks, floor.cross_aisles, floor.block_dm.tolist()) == (3, 2, 3, [100, 100])
    spots = [bin_at(40, 30), bin_at(40, 100), bin_at(80, 230), bin_at(0, -10), bin_at(10, 5)]
    sub_aisle, offset_dm = floor.positions(spots)
    assert sub_aisle.tolist() == [1, 4, 5, 0, OUTSIDE]
    assert offset_dm.tolist() == [30, 0, 130, -10, 5]
    with pytest.raises(ValueError, match="read-only"):
        floor.aisle_x_dm[0] = 1


def test_the_end_of_an_open_tour_is_its_last_stop_even_when_it_is_passed_before() -> None:
    """Start 0, end 50, stop beyond at 90: up to 90 and back to 50, the bin at the end taken last."""
    end, beyond, at_end = bin_at(0, 50), bin_at(0, 90), Spot("bin at the end", 0, 50)
    tour = exact_tour(TourProblem(TWO_BLOCKS, DEPOT, end, (at_end, beyond)))
    assert (tour.sequence, tour.distance_dm) == ((beyond, at_end), 130)
