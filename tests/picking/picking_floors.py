"""Small floors the tests walk on, and random ones for Hypothesis. Nothing here computes a distance."""

from __future__ import annotations

from hypothesis import strategies as st

from picking import Closed, Layout, OneWay, Spot, TourProblem, Walkways, floor_of_storeys

TWO_BLOCKS = Layout((0, 40, 80), (0, 100, 200))
DEPOT = Spot("depot", 0, 0)
SAME_WALKWAYS = Walkways(floor_of_storeys({0: TWO_BLOCKS}))
"""The floor of TWO_BLOCKS measured as points and ways between them."""


def bin_at(x_dm: int, y_dm: int, level: int = 0) -> Spot:
    return Spot(f"X{x_dm:04}-Y{y_dm:04}-{level}", x_dm, y_dm, level)


@st.composite
def layouts(draw: st.DrawFn, most_aisles: int = 6, most_cross_aisles: int = 5) -> Layout:
    xs = draw(st.sets(st.integers(-50, 400), min_size=1, max_size=most_aisles))
    ys = draw(st.sets(st.integers(-50, 600), min_size=1, max_size=most_cross_aisles))
    return Layout(tuple(sorted(xs)), tuple(sorted(ys)))


@st.composite
def ruled_layouts(draw: st.DrawFn, most_aisles: int = 5, most_cross_aisles: int = 4) -> Layout:
    """A layout with one-way aisles, closed stretches and busy sub-aisles, traps and pockets included."""
    layout = draw(layouts(most_aisles, most_cross_aisles))
    aisle = st.integers(0, len(layout.aisle_x_dm) - 1)
    block = st.integers(0, layout.blocks - 1)
    has_blocks = len(layout.cross_aisle_y_dm) > 1
    directions = draw(st.dictionaries(st.tuples(aisle, block), st.booleans(), max_size=4 if has_blocks else 0))
    ends = st.tuples(st.integers(-100, 600), st.integers(1, 200))
    closed = draw(st.lists(st.tuples(aisle, ends), max_size=3))
    busy = draw(st.dictionaries(st.tuples(aisle, block), st.integers(0, 300), max_size=3))
    return Layout(
        layout.aisle_x_dm,
        layout.cross_aisle_y_dm,
        one_way=tuple(OneWay(at, is_up, within) for (at, within), is_up in sorted(directions.items())),
        closed=tuple(Closed(at, low, low + length) for at, (low, length) in closed),
        busy_dm=tuple((at, within, extra) for (at, within), extra in sorted(busy.items())),
    )


def spots_of(layout: Layout, most_outside: bool = False) -> st.SearchStrategy[Spot]:
    """Bins in the aisles, dead ends included, and now and then a bench that stands in no aisle."""
    x_dm = st.one_of(st.sampled_from(layout.aisle_x_dm), st.integers(-100, 450))
    if most_outside:
        x_dm = st.integers(-100, 450)
    y_dm = st.one_of(st.integers(-100, 700), st.sampled_from(layout.cross_aisle_y_dm))
    return st.builds(bin_at, x_dm, y_dm, st.integers(0, 4))


@st.composite
def problems(draw: st.DrawFn, most_stops: int = 25, most_penalty_dm: int = 30) -> TourProblem:
    layout = draw(layouts())
    spot = spots_of(layout)
    stops = draw(st.lists(spot, max_size=most_stops))
    return TourProblem(
        layout,
        draw(spot),
        draw(spot),
        tuple(stops),
        level_penalty_dm=draw(st.integers(0, most_penalty_dm)),
        reach_level=draw(st.integers(0, 2)),
    )
