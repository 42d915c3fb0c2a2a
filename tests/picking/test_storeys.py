from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from picking_floors import TWO_BLOCKS, bin_at, ruled_layouts

from picking import FieldError, Layout, Spot, distance_matrix
from picking.graph import Climb, compiled_graph
from picking.storeys import floor_of_storeys

FOOT, HEAD = Spot("stairs below", 40, 0, 0), Spot("stairs above", 40, 0, 1)


def test_between_storeys_the_walk_leads_over_the_stairs_and_their_time_counts() -> None:
    """From (0, 30) below: 30 + 40 to the stairs, 15 s up at 1.2 m/s = 180 dm, 40 + 50 above. Down takes 10 s."""
    floor = floor_of_storeys(
        {0: TWO_BLOCKS, 1: TWO_BLOCKS}, [FOOT, HEAD], [Climb(FOOT.name, HEAD.name, 15_000, 10_000)]
    )
    below, above = Spot("A", 0, 30, 0), Spot("B", 80, 50, 1)
    assert compiled_graph(floor).matrix([below, above]).tolist() == [[0, 70 + 180 + 90], [90 + 120 + 70, 0]]


def test_two_stairs_are_chosen_between_and_one_of_them_may_lead_down_only() -> None:
    near, near_up = Spot("near", 0, 0, 0), Spot("near up", 0, 0, 1)
    far, far_up = Spot("far", 80, 0, 0), Spot("far up", 80, 0, 1)
    climbs = [Climb("near", "near up", None, 5_000), Climb("far", "far up", 5_000, 5_000)]
    floor = floor_of_storeys({0: TWO_BLOCKS, 1: TWO_BLOCKS}, [near, near_up, far, far_up], climbs)
    a, b = Spot("A", 0, 10, 0), Spot("B", 0, 10, 1)
    assert compiled_graph(floor).matrix([a, b]).tolist() == [[0, 10 + 80 + 60 + 80 + 10], [10 + 60 + 10, 0]]


def test_a_storey_without_stairs_is_out_of_reach_in_words() -> None:
    floor = floor_of_storeys({0: TWO_BLOCKS, 1: TWO_BLOCKS})
    dock, above = Spot("dock", 0, 0), Spot("B-7", 80, 50, 1)
    assert compiled_graph(floor).out_of_reach(dock, [above]) == [(0, "B-7 cannot be reached from dock")]


@pytest.mark.parametrize(
    ("landings", "climbs", "field"),
    [
        ([FOOT], [Climb("stairs below", "nowhere", 1, 1)], "climbs[0].upper"),
        ([FOOT, Spot("roof", 0, 0, 7)], [], "layouts"),
    ],
)
def test_a_climb_that_leads_nowhere_names_the_field(landings: list[Spot], climbs: list[Climb], field: str) -> None:
    with pytest.raises(FieldError) as refused:
        floor_of_storeys({0: TWO_BLOCKS}, landings, climbs)
    assert refused.value.field == field


def test_busy_sub_aisles_are_refused() -> None:
    with pytest.raises(FieldError, match="no busy sub-aisles"):
        floor_of_storeys({0: Layout((0,), (0, 9), busy_dm=((0, 0, 5),))})


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_one_storey_as_a_graph_has_the_distances_of_its_layout(data: st.DataObject) -> None:
    ruled = data.draw(ruled_layouts())
    layout = Layout(ruled.aisle_x_dm, ruled.cross_aisle_y_dm, ruled.one_way, ruled.closed)
    y_dm = st.one_of(st.integers(-100, 700), st.sampled_from(layout.cross_aisle_y_dm))
    bins = st.builds(bin_at, st.sampled_from(layout.aisle_x_dm), y_dm)
    spots = [*data.draw(st.lists(bins, min_size=1, max_size=5)), Spot("dock", 401, -120)]
    floor = compiled_graph(floor_of_storeys({0: layout}, spots=spots))
    assert floor.matrix(spots).tolist() == distance_matrix(layout, spots).tolist()
