"""How simulated people bring goods in, count, put back and load what leaves."""

from __future__ import annotations

from pathlib import Path

from simulators.world import ASIDE
from tests.simulators.scripted_floor import (
    BIN,
    CART,
    DAY,
    JUG,
    MUG,
    OTHER_BIN,
    SSCC,
    Turn,
    hall,
)


def test_goods_go_from_the_dock_to_the_bin_the_screen_names(tmp_path: Path) -> None:
    place = {"location": {"code": BIN, "barcode": f"L-{BIN}"}, "qty_each": 4, "received_on": DAY}
    turns = [
        Turn("putaway.item", MUG),
        Turn("putaway.location", f"L-{BIN}", 4, fields=place),
        Turn("putaway.item", MUG),
        Turn(
            "putaway.location",
            f"L-{OTHER_BIN}",
            2,
            fields={**place, "qty_each": 2} | {"location": {"code": OTHER_BIN, "barcode": f"L-{OTHER_BIN}"}},
        ),
        Turn("putaway.item", MUG),
    ]
    with hall(turns, tmp_path) as (at, _):
        at.world.bring("DOCK-1", "MUG", DAY, 6)
        assert at.worker.put_away("MUG")
        assert (at.world.count(BIN, "MUG"), at.world.count(OTHER_BIN, "MUG")) == (4, 2)


def test_a_delivery_is_counted_onto_the_dock(tmp_path: Path) -> None:
    turns = [
        Turn("receive.receipt", "R-1"),
        Turn("receive.item", JUG, 40, commands=("DONE",)),
        Turn("receive.item", "CASE-MUG", commands=("DONE",)),
        Turn("receive.item", "C-DONE", commands=("DONE",)),
        Turn("receive.receipt", "-"),
    ]
    with hall(turns, tmp_path) as (at, script):
        at.world.bring("supplier:1", "JUG", DAY, 40)
        at.world.bring("supplier:1", "MUG", DAY, 12)
        at.worker.receive("R-1", "supplier:1")
        assert script.now == 4
        assert at.world.count("DOCK-1") == 52
        assert list(at.gear.docks["DOCK-1"]) == ["JUG", "MUG"]


def test_a_count_says_what_really_lies_there(tmp_path: Path) -> None:
    turns = [
        Turn(
            "count.location", f"L-{BIN}", fields={"next": {"location": {"code": BIN, "barcode": f"L-{BIN}"}}}
        ),
        Turn("count.item", MUG, 3, commands=("DONE",)),
        Turn("count.item", JUG, 1, commands=("DONE",)),
        Turn("count.item", "C-DONE", commands=("DONE",)),
        Turn("count.location", "-", fields={"next": None}),
    ]
    with hall(turns, tmp_path) as (at, _):
        at.world.bring(BIN, "MUG", DAY, 3)
        at.world.bring(BIN, "JUG", DAY, 1)
        at.gear.to_count[BIN] = "short"
        assert at.worker.count_open()
        assert not at.gear.to_count
        assert not at.worker.count_open()


def test_what_was_set_aside_goes_back_to_a_bin_that_holds_it(tmp_path: Path) -> None:
    with hall([CART], tmp_path) as (at, _):
        at.world.bring(BIN, "MUG", DAY, 3)
        at.world.bring(OTHER_BIN, "MUG", DAY, 3)
        at.floor.home_bins["MUG"] = {"A02-03-1"}
        at.world.bring(ASIDE, "MUG", DAY, 1)
        at.world.bring(ASIDE, "JUG", DAY, 1)
        assert at.worker.return_aside()
        assert at.world.count(BIN, "MUG") == 4
        assert set(at.gear.to_count) == {BIN, OTHER_BIN, "A02-03-1"}, "the mistake may have been made in any"
        assert not at.worker.return_aside(), "nobody knows where the jug belongs"


def test_parcels_of_a_lane_are_loaded_and_the_manifest_is_confirmed(tmp_path: Path) -> None:
    turns = [
        Turn("load.lane", "L-LANE-DOM"),
        Turn("load.parcel", SSCC, fields={"manifest": "M1"}, commands=("CLOSE",)),
        Turn("load.parcel", "C-CLOSE", fields={"manifest": "M1"}, commands=("CLOSE",)),
        Turn("load.confirm", "C-CONFIRM", fields={"manifest": "M1"}, commands=("CONFIRM",)),
        Turn("load.lane", "-"),
    ]
    with hall(turns, tmp_path) as (at, _):
        at.gear.signs["LANE-DOM"] = "L-LANE-DOM"
        at.gear.lanes["LANE-DOM"] = [SSCC]
        at.world.bring(f"parcel:{SSCC}", "MUG", DAY, 2)
        assert at.worker.load("LANE-DOM") == 1
        assert at.world.count(f"truck:M1:{SSCC}") == 2
        assert at.gear.lanes["LANE-DOM"] == []
