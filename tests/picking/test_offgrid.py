from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from picking_floors import TWO_BLOCKS, bin_at

from picking import Closed, FieldError, Layout, OneWay, Spot, Tour, TourProblem, offgrid_search, plan_tour, walk_dm
from picking.graph import Climb, FloorGraph, Node, Walkway, compiled_graph
from picking.offgrid import GraphProblem, Window, plan_graph_tour
from picking.offgrid_solvers import by_fast_tsp

DEPOT = Spot("depot", 0, 0)
STOPS = tuple(bin_at(x, y) for x in (0, 40, 80) for y in (30, 60, 150))


def ring(count: int, is_one_way: bool = False) -> FloorGraph:
    """A lane round a square of 100 dm, nodes all along it, walked one way or both."""
    step = 400 // count
    nodes = []
    for at in range(count):
        side, along = divmod(at * step, 100)
        nodes.append(Node(f"N{at}", *((along, 0), (100, along), (100 - along, 100), (0, 100 - along))[side]))
    ways = [Walkway(f"N{at}", f"N{(at + 1) % count}", is_one_way=is_one_way) for at in range(count)]
    return FloorGraph(tuple(nodes), tuple(ways))


def replayed(problem: GraphProblem, tour: Tour) -> int:
    """Its length leg by leg, by the floor's own distances."""
    spots = [problem.start, *tour.sequence, *([problem.end] if problem.end else [])]
    if isinstance(problem.floor, Layout):
        return walk_dm(problem.floor, spots)
    matrix = compiled_graph(problem.floor).matrix(spots)
    return sum(int(matrix[at, at + 1]) for at in range(len(spots) - 1))


def test_a_tour_on_a_grid_is_as_short_as_the_one_planned_on_the_grid() -> None:
    problem = GraphProblem(TWO_BLOCKS, DEPOT, DEPOT, STOPS)
    tour = plan_graph_tour(problem)
    assert tour.solver == "held_karp"
    assert tour.distance_dm == tour.lower_bound_dm == replayed(problem, tour)
    assert tour.distance_dm == plan_tour(TourProblem(TWO_BLOCKS, DEPOT, DEPOT, STOPS)).distance_dm


def test_many_stops_without_rules_are_ordered_by_fast_tsp() -> None:
    stops = tuple(bin_at(x, y) for x in (0, 40, 80) for y in range(10, 200, 15) if y != 100)
    tour = plan_graph_tour(GraphProblem(TWO_BLOCKS, DEPOT, DEPOT, stops), time_limit_ms=400)
    assert tour.solver in ("fast_tsp", "nearest_neighbour")
    assert tour.distance_dm == plan_tour(TourProblem(TWO_BLOCKS, DEPOT, DEPOT, stops)).distance_dm


def test_an_open_tour_ends_at_its_last_stop() -> None:
    """One aisle: to its far end and no way back."""
    problem = GraphProblem(Layout((0,), (0, 1000)), DEPOT, None, tuple(bin_at(0, y) for y in (300, 100, 900)))
    tour = plan_graph_tour(problem)
    assert [stop.y_dm for stop in tour.sequence] == [100, 300, 900]
    assert tour.distance_dm == 900


def test_an_open_tour_of_many_stops_starts_at_its_start() -> None:
    stops = tuple(bin_at(0, y) for y in range(20, 900, 30))
    tour = plan_graph_tour(GraphProblem(Layout((0,), (0, 1000)), DEPOT, None, stops), time_limit_ms=300)
    assert tour.distance_dm == tour.lower_bound_dm == 890


def test_one_way_walkways_are_walked_their_way() -> None:
    floor = ring(20, is_one_way=True)
    stops = tuple(Spot(node.name, node.x_dm, node.y_dm) for node in floor.nodes[1:])
    problem = GraphProblem(floor, DEPOT, DEPOT, stops)
    tour = plan_graph_tour(problem, time_limit_ms=200)
    assert [stop.name for stop in tour.sequence] == [f"N{at}" for at in range(1, 20)]
    assert tour.distance_dm == tour.lower_bound_dm == 400


def test_heavy_goods_come_first_and_fragile_ones_last() -> None:
    ranks = tuple((stop.name, 0 if stop.y_dm == 150 else 2 if stop.x_dm == 0 else 1) for stop in STOPS)
    problem = GraphProblem(TWO_BLOCKS, DEPOT, DEPOT, STOPS, ranks=ranks)
    tour = plan_graph_tour(problem)
    walked = [dict(ranks)[stop.name] for stop in tour.sequence]
    assert walked == sorted(walked)
    assert tour.distance_dm > plan_graph_tour(GraphProblem(TWO_BLOCKS, DEPOT, DEPOT, STOPS)).distance_dm


def test_a_stop_may_have_to_wait_for_another() -> None:
    near, far = bin_at(0, 10), bin_at(0, 90)
    names = (far.name, near.name)
    tour = plan_graph_tour(GraphProblem(TWO_BLOCKS, DEPOT, None, (near, far), before=(names,)))
    assert tuple(stop.name for stop in tour.sequence) == names


@pytest.mark.parametrize("has_ranks", [True, False])
def test_rules_hold_among_many_stops(has_ranks: bool) -> None:
    stops = tuple(bin_at(x, y) for x in (0, 40, 80) for y in (20, 50, 80, 120, 150, 180))
    before = tuple((one.name, other.name) for one, other in zip(stops[9:], stops[:9], strict=True))
    ranks = tuple((stop.name, at % 3) for at, stop in enumerate(stops))
    problem = GraphProblem(
        TWO_BLOCKS, DEPOT, DEPOT, stops, before=() if has_ranks else before, ranks=ranks if has_ranks else ()
    )
    tour = plan_graph_tour(problem, time_limit_ms=150)
    place = {stop.name: at for at, stop in enumerate(tour.sequence)}
    if has_ranks:
        walked = [dict(ranks)[stop.name] for stop in tour.sequence]
        assert walked == sorted(walked)
    else:
        assert all(place[one] < place[other] for one, other in before)
    assert tour.distance_dm == replayed(problem, tour) <= tour.s_shape_dm
    assert tour.lower_bound_dm <= tour.distance_dm


def test_who_must_be_somewhere_early_goes_there_first() -> None:
    """100 dm take 8.3 s. The far stop closes after 20 s, the near ones do not close."""
    stops = (bin_at(0, 20), bin_at(0, 60), bin_at(40, 200))
    problem = GraphProblem(TWO_BLOCKS, DEPOT, DEPOT, stops, windows=(Window(stops[2].name, 0, 20_500),), stop_ms=5_000)
    tour = plan_graph_tour(problem, time_limit_ms=100)
    assert tour.sequence[0] == stops[2]
    assert "late" not in tour.reason


def test_who_cannot_be_in_time_is_said_to_be_late() -> None:
    far = bin_at(40, 200)
    tour = plan_graph_tour(GraphProblem(TWO_BLOCKS, DEPOT, DEPOT, (far,), windows=(Window(far.name, 0, 10_000),)))
    assert tour.reason == "1 stop late, by 9 s at most"


def test_without_time_the_improved_nearest_neighbour_is_walked_and_the_tour_says_so() -> None:
    stops = tuple(bin_at(x, y) for x in (0, 40, 80) for y in (20, 50, 80, 120, 150, 180))
    tour = plan_graph_tour(GraphProblem(TWO_BLOCKS, DEPOT, DEPOT, stops), time_limit_ms=0)
    assert tour.solver == "nearest_neighbour"
    assert tour.reason == "no time was left to search"
    assert tour.distance_dm == tour.s_shape_dm


def test_a_search_that_fails_leaves_a_tour_that_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise ValueError("out of order")

    monkeypatch.setattr(offgrid_search, "by_fast_tsp", failing)
    stops = tuple(bin_at(x, y) for x in (0, 40, 80) for y in (20, 50, 80, 120, 150, 180))
    tour = plan_graph_tour(GraphProblem(TWO_BLOCKS, DEPOT, DEPOT, stops))
    assert (tour.solver, tour.reason) == ("nearest_neighbour", "search failed: out of order")


def test_one_seed_gives_one_tour_where_the_answer_is_exact_and_no_stop_is_none() -> None:
    problem = GraphProblem(TWO_BLOCKS, DEPOT, DEPOT, STOPS)
    assert plan_graph_tour(problem, seed=3).sequence == plan_graph_tour(problem, seed=3).sequence
    empty = plan_graph_tour(GraphProblem(TWO_BLOCKS, DEPOT, DEPOT, ()))
    assert (empty.sequence, empty.distance_dm, empty.solver) == ((), 0, "none")


def test_legs_longer_than_the_search_can_count_are_scaled() -> None:
    points = np.random.default_rng(5).integers(0, 90_000, (26, 2))
    points[-1] = points[0]
    matrix = np.abs(points[:, None] - points[None]).sum(axis=2).astype(np.int64)
    order = by_fast_tsp(matrix, False, 0.1, seed=1).tolist()
    assert sorted(order) == list(range(1, 25))


A, B, C = (bin_at(0, y) for y in (10, 20, 30))


@pytest.mark.parametrize(
    ("build", "field"),
    [
        (lambda: GraphProblem("floor", DEPOT, DEPOT, ()), "floor"),
        (lambda: GraphProblem(TWO_BLOCKS, DEPOT, DEPOT, (A, Spot(A.name, 40, 10))), "stops[1].name"),
        (lambda: GraphProblem(TWO_BLOCKS, DEPOT, DEPOT, (A,), before=((A.name, "?"),)), "before[0]"),
        (lambda: GraphProblem(TWO_BLOCKS, DEPOT, DEPOT, (A,), ranks=(("?", 1),)), "ranks[0]"),
        (lambda: GraphProblem(TWO_BLOCKS, DEPOT, DEPOT, (A,), ranks=((A.name, -1),)), "ranks[0]"),
        (lambda: GraphProblem(TWO_BLOCKS, DEPOT, DEPOT, (A,), windows=(Window("?"),)), "windows[0].stop"),
        (lambda: Window("A", 5, 4), "latest_ms"),
        (
            lambda: GraphProblem(
                TWO_BLOCKS,
                DEPOT,
                DEPOT,
                (A, B, C),
                before=((A.name, B.name), (B.name, C.name), (C.name, A.name)),
            ),
            "before",
        ),
        (
            lambda: GraphProblem(TWO_BLOCKS, DEPOT, DEPOT, (A, B), before=((A.name, B.name),), ranks=((A.name, 1),)),
            "before[0]",
        ),
        (lambda: GraphProblem(Layout((0,), (0, 50), closed=(Closed(0, 5, 15),)), DEPOT, None, (C, A)), "stops[0]"),
        (lambda: GraphProblem(ring(8), DEPOT, DEPOT, (Spot("yard", 50, 50),)), "stops[0]"),
        (lambda: GraphProblem(TWO_BLOCKS, DEPOT, DEPOT, (), walking_mm_per_s=1), "walking_mm_per_s"),
    ],
)
def test_a_question_that_cannot_be_answered_names_the_field(build: Callable[[], object], field: str) -> None:
    with pytest.raises(FieldError) as refused:
        build()
    assert refused.value.field == field


def test_stops_that_each_can_be_reached_but_not_one_after_the_other_are_refused() -> None:
    """Two one-way aisles up from the start's cross-aisle, the end beyond: whoever took one never gets to the other."""
    floor = Layout((0, 40), (0, 100), one_way=(OneWay(0, is_up=True), OneWay(1, is_up=True)))
    problem = GraphProblem(floor, DEPOT, Spot("back", 20, 110), (bin_at(0, 50), bin_at(40, 50)))
    with pytest.raises(FieldError, match="stops: no order of them was found"):
        plan_graph_tour(problem)


@st.composite
def small_questions(draw: st.DrawFn) -> GraphProblem:
    """A mezzanine's worth of walkways, one-way ones and stairs among them, every node within reach of every other."""
    count = draw(st.integers(3, 7))
    where = st.integers(0, 300)
    nodes = [Node(f"N{at}", draw(where), draw(where)) for at in range(count)]
    nodes.append(Node("above", nodes[1].x_dm, nodes[1].y_dm, 1))
    nodes.append(Node("far above", nodes[1].x_dm + 50, nodes[1].y_dm, 1))
    ways = [Walkway(f"N{at}", f"N{(at + 1) % count}", is_one_way=draw(st.booleans())) for at in range(count)]
    ways += [
        Walkway(f"N{a}", f"N{b}") for a, b in draw(st.lists(st.tuples(*[st.integers(0, count - 1)] * 2), max_size=3))
    ]
    floor = FloorGraph(tuple(nodes), (*ways, Walkway("above", "far above")), (Climb("N1", "above", 9_000, 6_000),))
    stops = tuple(
        Spot(f"S{at}", node.x_dm, node.y_dm, node.level)
        for at, node in enumerate(draw(st.lists(st.sampled_from(nodes), max_size=5)))
    )
    start = Spot("start", nodes[0].x_dm, nodes[0].y_dm)
    names = [stop.name for stop in stops]
    pairs = draw(st.lists(st.sampled_from(list(pairwise(names))), max_size=2, unique=True)) if len(names) > 1 else []
    return GraphProblem(floor, start, draw(st.sampled_from([None, start])), stops, before=tuple(pairs))


@settings(max_examples=60, deadline=None)
@given(small_questions(), st.booleans())
def test_every_tour_has_its_stated_length_and_none_is_shorter(problem: GraphProblem, is_table: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if not is_table:
            patch.setattr(offgrid_search, "HELD_KARP_STOPS", 0)
        tour = plan_graph_tour(problem, time_limit_ms=30)
    assert sorted(stop.name for stop in tour.sequence) == sorted(stop.name for stop in problem.stops)
    assert tour.distance_dm == replayed(problem, tour)
    matrix, row_of = problem.matrix(), {stop.name: row for row, stop in enumerate(problem.distinct_stops, 1)}
    lengths = [
        sum(int(matrix[a, b]) for a, b in pairwise([0, *order, len(matrix) - 1]))
        for order in permutations(range(1, len(matrix) - 1))
        if all(order.index(row_of[one]) < order.index(row_of[other]) for one, other in problem.before)
    ]
    assert tour.lower_bound_dm <= min(lengths) <= tour.distance_dm
    assert not is_table or tour.distance_dm == min(lengths)
