from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picking import FieldError, Spot
from picking import graph as graph_module
from picking.dijkstra import UNREACHABLE_DM
from picking.graph import Climb, CompiledGraph, FloorGraph, Node, Walkway, compiled_graph

TRIANGLE = (Node("A", 0, 0), Node("B", 100, 0), Node("C", 0, 100))
"""A at the corner; B to the right, C above it. From B to C straight is 141 dm."""


def triangle(*walkways: Walkway, **other: Any) -> FloorGraph:
    return FloorGraph(TRIANGLE, walkways, **other)


def at(name: str, x_dm: int, y_dm: int, level: int = 0) -> Spot:
    return Spot(name, x_dm, y_dm, level)


def walk(floor: FloorGraph, a: Spot, b: Spot) -> int:
    return int(compiled_graph(floor).matrix([a, b])[0, 1])


def test_a_slanting_walkway_is_as_long_as_it_is_straight() -> None:
    assert walk(triangle(Walkway("B", "C")), at("b", 100, 0), at("c", 0, 100)) == 141


def test_an_obstacle_is_a_walkway_left_out() -> None:
    floor = triangle(Walkway("A", "B"), Walkway("A", "C"), Walkway("B", "C"))
    assert walk(floor.without("C", "B"), at("b", 100, 0), at("c", 0, 100)) == 200
    with pytest.raises(FieldError, match="nothing joins 'A' and 'nowhere'"):
        floor.without("A", "nowhere")


def test_a_winding_walkway_has_the_length_it_was_measured_with() -> None:
    floor = triangle(Walkway("A", "B", length_dm=250))
    assert walk(floor, at("a", 0, 0), at("b", 100, 0)) == 250
    assert walk(floor, at("a", 0, 0), at("halfway", 50, 0)) == 125


def test_against_a_one_way_walkway_the_walk_goes_round() -> None:
    floor = triangle(Walkway("A", "B", is_one_way=True), Walkway("B", "C"), Walkway("C", "A"))
    near, far = at("near", 20, 0), at("far", 80, 0)
    assert walk(floor, near, far) == 60
    assert walk(floor, far, near) == 20 + 141 + 100 + 20


def test_a_spot_beside_a_walkway_is_reached_by_a_spur() -> None:
    floor = triangle(Walkway("A", "B"), reach_dm=15)
    assert walk(floor, at("shelf", 30, 12), at("bench", 70, -5)) == 12 + 40 + 5
    with pytest.raises(FieldError, match=r"reach_dm: yard: 2.0 m from the nearest walkway of storey 0"):
        walk(floor, at("yard", 30, 20), at("a", 0, 0))
    with pytest.raises(FieldError, match="level: attic: there is no walkway on storey 3"):
        walk(floor, at("attic", 30, 0, 3), at("a", 0, 0))


def test_a_spot_on_a_slanting_walkway_needs_no_reach() -> None:
    """Thirds are no whole numbers to a computer: standing on the line must not become standing beside it."""
    floor = FloorGraph(
        (Node("A", 0, 0), Node("B", 0, 300), Node("C", 210, 210)), (Walkway("A", "C"), Walkway("A", "B")), reach_dm=0
    )
    for at_dm in range(1, 210):
        assert walk(floor, at("S", at_dm, at_dm), at("A", 0, 0)) == round(at_dm / 210 * 297)


def test_time_on_stairs_counts_as_the_walk_done_in_it() -> None:
    nodes = (Node("A", 0, 0), Node("B", 100, 0), Node("U", 100, 0, 1), Node("V", 0, 0, 1))
    floor = FloorGraph(nodes, (Walkway("A", "B"), Walkway("U", "V")), (Climb("B", "U", 20_000, None),), 1500)
    up, down = at("A", 0, 0), at("V", 0, 0, 1)
    assert walk(floor, up, down) == 100 + 300 + 100
    assert walk(floor, down, up) == UNREACHABLE_DM
    assert compiled_graph(floor).way(up, down) == ((0, 0, 0), (100, 0, 0), (100, 0, 1), (0, 0, 1))
    with pytest.raises(FieldError, match="no way leads from V to A"):
        compiled_graph(floor).way(down, up)


def test_stops_nobody_reaches_are_named_in_words() -> None:
    floor = triangle(Walkway("A", "B"), Walkway("A", "C", is_one_way=True), reach_dm=5)
    stops = [at("b", 90, 0), at("c", 0, 90), at("far off", 50, 50)]
    start = at("dock", 0, 0)
    compiled = compiled_graph(floor)
    assert compiled.out_of_reach(start, stops, start) == [
        (1, "dock cannot be reached from c"),
        (2, "far off: 5.0 m from the nearest walkway of storey 0"),
    ]
    assert [number for number, _ in compiled.out_of_reach(start, stops)] == [2]
    assert compiled.out_of_reach(stops[1], [], start) == [(0, "dock cannot be reached from c")]


@pytest.mark.parametrize(
    ("build", "field"),
    [
        (lambda: triangle(), "walkways"),
        (lambda: triangle(Walkway("A", "D")), "walkways[0].to_node"),
        (lambda: FloorGraph((*TRIANGLE, Node("A", 9, 9)), (Walkway("A", "B"),)), "nodes[3].name"),
        (lambda: FloorGraph((*TRIANGLE, Node("U", 0, 0, 1)), (Walkway("A", "U"),)), "walkways[0].to_node"),
        (lambda: triangle(Walkway("A", "B"), climbs=(Climb("A", "B", 1, 1),)), "climbs[0].upper"),
        (lambda: triangle(Walkway("A", "B"), climbs=(Climb("A", "Z", 1, 1),)), "climbs[0].upper"),
        (lambda: triangle(Walkway("A", "B"), walking_mm_per_s=0), "walking_mm_per_s"),
        (lambda: FloorGraph(list(TRIANGLE), (Walkway("A", "B"),)), "nodes"),
        (lambda: FloorGraph(TRIANGLE, ("A-B",)), "walkways[0]"),
        (lambda: Walkway("A", "B", length_dm=-1), "length_dm"),
        (lambda: Walkway("A", "B", is_one_way=1), "is_one_way"),
        (lambda: Climb("A", "B", None, None), "up_ms"),
        (lambda: Climb("A", "B", 1.5, None), "up_ms"),
        (lambda: Node("", 0, 0), "name"),
    ],
)
def test_a_floor_that_cannot_be_names_the_field(build: Callable[[], object], field: str) -> None:
    with pytest.raises(FieldError) as refused:
        build()
    assert refused.value.field == field


@st.composite
def floors(draw: st.DrawFn, is_one_way: bool = True) -> FloorGraph:
    """Walkways drawn over one another, parts nobody reaches, one-way ones; lines of no length too."""
    count = draw(st.integers(2, 8))
    where = st.integers(0, 200)
    nodes = tuple(Node(f"N{at}", draw(where), draw(where)) for at in range(count))
    ends = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    pairs = draw(st.lists(ends, min_size=1, max_size=14))
    one_way = st.booleans() if is_one_way else st.just(False)
    return FloorGraph(nodes, tuple(Walkway(f"N{a}", f"N{b}", is_one_way=draw(one_way)) for a, b in pairs), reach_dm=500)


SPOTS = st.lists(st.builds(at, st.just("S"), st.integers(-20, 220), st.integers(-20, 220)), min_size=1, max_size=6)


@settings(max_examples=150, deadline=None)
@given(floors(), SPOTS)
def test_no_way_round_is_shorter_than_the_distance(floor: FloorGraph, spots: list[Spot]) -> None:
    matrix = CompiledGraph(floor).matrix(spots)
    assert (matrix.diagonal() == 0).all()
    assert (matrix[:, None, :] <= matrix[:, :, None] + matrix[None, :, :]).all()


@settings(max_examples=100, deadline=None)
@given(floors(is_one_way=False), SPOTS)
def test_without_one_way_walkways_there_and_back_are_equal(floor: FloorGraph, spots: list[Spot]) -> None:
    matrix = CompiledGraph(floor).matrix(spots)
    assert (matrix == matrix.T).all()


@settings(max_examples=100, deadline=None)
@given(floors())
def test_between_nodes_the_way_has_the_length_of_the_distance(floor: FloorGraph) -> None:
    spots = [at(node.name, node.x_dm, node.y_dm) for node in floor.nodes]
    compiled = CompiledGraph(floor)
    joined = {way.from_node for way in floor.walkways} | {way.to_node for way in floor.walkways}
    matrix = compiled.matrix(spots)
    for a, one in enumerate(spots):
        for b, other in enumerate(spots):
            if one.name in joined and other.name in joined and matrix[a, b] < UNREACHABLE_DM:
                assert abs(length_of(compiled.way(one, other)) - matrix[a, b]) <= 0.5 * len(spots)


@settings(max_examples=50, deadline=None)
@given(floors(), SPOTS)
def test_a_floor_too_large_to_keep_has_the_same_distances(floor: FloorGraph, spots: list[Spot]) -> None:
    kept = CompiledGraph(floor).matrix(spots).tolist()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graph_module, "MOST_KEPT_NODES", 0)
        assert CompiledGraph(floor).matrix(spots).tolist() == kept


def length_of(way: tuple[tuple[int, int, int], ...]) -> float:
    return sum(((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5 for (x1, y1, _), (x2, y2, _) in pairwise(way))
