"""The generated floor: the same size gives the same rows, and every row is one an importer can take."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picking import FloorGraph, Node, Spot, Walkway, Walkways
from simulators.warehouse import (
    KINDS,
    SHIP_LANES,
    STORAGE_KINDS,
    FloorPlan,
    WarehouseSize,
    lay_out,
    read_locations,
    size_for,
    write_locations,
    write_walkways,
)

SMALL = WarehouseSize(aisles=10, bays_a_side=5)


def test_the_floor_has_two_blocks_ten_aisles_and_three_cross_aisles() -> None:
    plan = FloorPlan(lay_out(SMALL))
    assert len({loc.aisle for loc in plan.locations.values() if loc.aisle}) == 10
    assert len(plan.cross_aisles_dm) == 3
    assert len(plan.codes("station")) == 4
    assert plan.codes("ship_lane") == SHIP_LANES
    assert plan.codes("dock")
    assert plan.codes("staging")


def test_pick_faces_lie_below_reserve_and_flow_racks_nearest_the_front() -> None:
    storage = [loc for loc in lay_out(SMALL) if loc.kind in STORAGE_KINDS]
    assert {loc.level for loc in storage if loc.kind == "reserve"} == {"3", "4"}
    assert {loc.level for loc in storage if loc.kind != "reserve"} == {"1", "2"}
    racks = [loc for loc in storage if loc.kind == "flow_rack"]
    assert {loc.access for loc in racks} == {"fifo"}
    assert {loc.y_dm for loc in racks} == {min(loc.y_dm for loc in storage)}
    assert {loc.access for loc in storage if loc.kind != "flow_rack"} == {"any"}


@settings(max_examples=25, deadline=None)
@given(aisles=st.integers(1, 20), bays=st.integers(1, 24))
def test_every_row_is_valid(aisles: int, bays: int) -> None:
    rows = lay_out(WarehouseSize(aisles=aisles, bays_a_side=bays))
    assert len({row.code for row in rows}) == len(rows)
    assert {row.kind for row in rows} <= KINDS
    for row in rows:
        assert set(row.code) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-")
        assert row.access in ("any", "fifo", "lifo")
        assert row.x_dm >= 0
        assert row.y_dm >= 0
        assert (row.capacity_ml > 0) == (row.kind in STORAGE_KINDS)


def test_written_and_read_again_it_is_the_same_floor(tmp_path: Path) -> None:
    rows = lay_out(SMALL)
    for name in ("one.csv", "two.csv"):
        write_locations(tmp_path / name, rows)
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    assert read_locations(tmp_path / "one.csv") == rows


@given(skus=st.integers(1, 4000), more=st.integers(0, 6000), volume_ml=st.integers(0, 400_000_000))
def test_every_layer_can_have_a_place_of_its_own(skus: int, more: int, volume_ml: int) -> None:
    size = size_for(skus, skus + more, volume_ml)
    assert size.storage_places >= (skus + more) * 5 // 4
    assert size.pick_faces >= skus
    assert size.aisles >= 10


def test_fewer_layers_than_skus_is_refused() -> None:
    with pytest.raises(ValueError, match="every SKU has at least one"):
        size_for(10, 9)


def test_people_walk_round_the_racks_by_the_nearest_cross_aisle() -> None:
    plan = FloorPlan(lay_out(SMALL))
    here, across = "A01-03-1", "A02-03-1"
    front = plan.cross_aisles_dm[0]
    up_and_down = 2 * (plan.locations[here].y_dm - front)
    assert plan.distance_dm(here, across) == 35 + up_and_down
    assert plan.distance_dm(here, here) == 0
    assert plan.distance_dm("A01-03-1", "A01-20-1") == abs(
        plan.locations["A01-03-1"].y_dm - plan.locations["A01-20-1"].y_dm
    )


@given(st.data())
def test_no_way_is_shorter_by_a_detour(data: st.DataObject) -> None:
    plan = FloorPlan(lay_out(SMALL))
    codes = sorted(code for code, loc in plan.locations.items() if loc.aisle)
    a, b, c = (data.draw(st.sampled_from(codes)) for _ in range(3))
    assert plan.distance_dm(a, b) == plan.distance_dm(b, a)
    assert plan.distance_dm(a, c) <= plan.distance_dm(a, b) + plan.distance_dm(b, c)


def test_racks_as_walkways_are_as_far_apart_as_people_walk(tmp_path: Path) -> None:
    locations = lay_out(WarehouseSize(aisles=3, bays_a_side=4))
    write_walkways(tmp_path / "points.csv", tmp_path / "ways.csv", locations)
    with (tmp_path / "points.csv").open(encoding="utf-8") as sheet:
        points = [Node(row["code"], int(row["x_dm"]), int(row["y_dm"])) for row in csv.DictReader(sheet)]
    with (tmp_path / "ways.csv").open(encoding="utf-8") as sheet:
        ways = [Walkway(row["from"], row["to"], is_one_way=row["is_one_way"] == "1") for row in csv.DictReader(sheet)]
    floor = Walkways(FloorGraph(tuple(points), tuple(ways)))
    bins = [loc for loc in locations if loc.kind in ("bin", "staging", "dock", "station")]
    people = FloorPlan(locations)
    spots = [Spot(loc.code, loc.x_dm, loc.y_dm) for loc in bins]
    legs = floor.matrix(spots)
    same = [legs[a, b] == people.distance_dm(one.name, other.name)
            for a, one in enumerate(spots) for b, other in enumerate(spots)]  # fmt: skip
    assert (legs >= [[people.distance_dm(one.name, other.name) for other in spots] for one in spots]).all()
    assert sum(same) > len(same) * 3 // 4  # the others go round the one-way cross-aisle
    assert not all(same)
