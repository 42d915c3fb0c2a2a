"""How simulated packers act and recover: what lies in the tote, the box and on its label is what they go by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from simulators.world import ASIDE, StagedTote
from tests.simulators.scripted_floor import (
    DAY,
    JUG,
    MUG,
    SSCC,
    Turn,
    hall,
)


def packing(units_left: int) -> dict[str, Any]:
    return {"order": "577133", "units_left": units_left, "tote": {"barcode": "T-1"}, "scan_each_max": 3}


LABEL = Turn("pack.label", SSCC, fields={"parcel": {"number": SSCC[2:], "barcode": SSCC}})
LANE = Turn(
    "pack.lane",
    "L-LANE-DOM",
    fields={
        "parcel": {"number": SSCC[2:], "barcode": SSCC},
        "lane": {"code": "LANE-DOM", "barcode": "L-LANE-DOM"},
    },
)


def boxed(*turns: Turn) -> list[Turn]:
    return [Turn("pack.tote", "T-1"), *turns, LABEL, LANE, Turn("pack.tote", "-")]


def print_label(tmp_path: Path) -> None:
    (tmp_path / "000001.zpl").write_bytes(f"^XA^BCN,200^FD>;>8{SSCC}^FS^XZ".encode())


def test_few_units_are_scanned_each_and_many_are_counted(tmp_path: Path) -> None:
    turns = boxed(
        Turn("pack.item", MUG, 7, fields=packing(9)),
        Turn("pack.item", JUG, fields=packing(2)),
        Turn("pack.item", JUG, fields=packing(1)),
    )
    with hall(turns, tmp_path) as (at, _):
        at.world.bring("tote:T-1", "MUG", DAY, 7)
        at.world.bring("tote:T-1", "JUG", DAY, 2)
        print_label(tmp_path)
        assert at.worker.pack(at.bench, StagedTote("T-1"))
        assert at.world.count(f"parcel:{SSCC}") == 9
        assert at.gear.lanes == {"LANE-DOM": [SSCC]}
        assert at.floor.parcel_orders == {SSCC: "577133"}
        assert "T-1" in at.gear.empty_totes


def test_a_box_weighs_what_really_lies_in_it(tmp_path: Path) -> None:
    weighing = {**packing(0), "carton": {"code": "M", "tare_g": 240}}
    turns = boxed(Turn("pack.item", MUG, 7, fields=packing(7)), Turn("pack.weigh", "1640 g", fields=weighing))
    with hall(turns, tmp_path) as (at, _):
        at.world.bring("tote:T-1", "MUG", DAY, 7)
        print_label(tmp_path)
        assert at.worker.pack(at.bench, StagedTote("T-1"))
        assert at.world.count(f"parcel:{SSCC}") == 7


def test_a_full_case_is_scanned_by_its_own_barcode(tmp_path: Path) -> None:
    turns = boxed(Turn("pack.item", "CASE-MUG", fields=packing(12)))
    with hall(turns, tmp_path) as (at, _):
        at.world.bring("tote:T-1", "MUG", DAY, 12)
        print_label(tmp_path)
        assert at.worker.pack(at.bench, StagedTote("T-1"))
        assert at.world.count(f"parcel:{SSCC}") == 12


def test_one_too_many_in_the_tote_is_set_aside(tmp_path: Path) -> None:
    turns = boxed(Turn("pack.item", MUG, 6, fields=packing(6), rejections={(MUG, 7): ("too_many", "6")}))
    with hall(turns, tmp_path) as (at, _):
        at.world.bring("tote:T-1", "MUG", DAY, 7)
        print_label(tmp_path)
        assert at.worker.pack(at.bench, StagedTote("T-1"))
        assert at.world.count(f"parcel:{SSCC}") == 6
        assert at.world.count(ASIDE, "MUG") == 1


def test_a_foreign_unit_in_the_tote_is_set_aside(tmp_path: Path) -> None:
    turns = boxed(
        Turn("pack.item", MUG, fields=packing(1), rejections={(JUG, None): ("wrong_item", "MUG")}),
    )
    with hall(turns, tmp_path) as (at, _):
        at.world.bring("tote:T-1", "JUG", DAY, 1)
        at.world.bring("tote:T-1", "MUG", DAY, 1)
        print_label(tmp_path)
        assert at.worker.pack(at.bench, StagedTote("T-1"))
        assert at.world.count(ASIDE, "JUG") == 1
        assert at.world.count(f"parcel:{SSCC}", "MUG") == 1


def test_a_unit_that_is_not_in_the_tote_is_reported_missing(tmp_path: Path) -> None:
    turns = boxed(
        Turn("pack.item", MUG, fields=packing(2)),
        Turn("pack.item", "C-MISSING", fields=packing(1), commands=("MISSING", "CLOSE")),
    )
    with hall(turns, tmp_path) as (at, _):
        at.world.bring("tote:T-1", "MUG", DAY, 1)
        print_label(tmp_path)
        assert at.worker.pack(at.bench, StagedTote("T-1"))
        assert at.world.count(f"parcel:{SSCC}") == 1


def test_before_a_full_parcel_a_new_one_is_begun(tmp_path: Path) -> None:
    full = {(MUG, None): ("parcel_full", "0")}
    turns = boxed(
        Turn("pack.item", MUG, fields=packing(2)),
        Turn("pack.item", "C-NEWPARCEL", fields=packing(1), commands=("NEWPARCEL", "NOSCAN"), rejections=full),
        Turn("pack.split", "C-CONFIRM", fields=packing(1), commands=("CONFIRM", "BACK")),
    )
    with hall(turns, tmp_path) as (at, script):
        at.world.bring("tote:T-1", "MUG", DAY, 2)
        print_label(tmp_path)
        assert at.worker.pack(at.bench, StagedTote("T-1"))
        assert [code for code, _ in script.heard][2:5] == [MUG, "C-NEWPARCEL", "C-CONFIRM"]
        assert at.world.count(f"parcel:{SSCC}") == 1


def test_a_tote_whose_order_is_still_picked_waits_at_staging(tmp_path: Path) -> None:
    turns = [Turn("pack.tote", "-", rejections={("T-1", None): ("order_still_picking", None)})]
    with hall(turns, tmp_path) as (at, _):
        assert not at.worker.pack(at.bench, StagedTote("T-1"))
        assert at.gear.take_staged() is None
        assert at.gear.take_staged("T-1") is not None


def test_the_label_on_the_box_is_scanned_not_the_one_on_the_screen(tmp_path: Path) -> None:
    other = "00340123450000000025"
    turns = boxed(Turn("pack.item", MUG, fields=packing(1)))
    turns[2] = Turn(
        "pack.label", SSCC, fields=LABEL.fields, rejections={(other, None): ("wrong_label", SSCC)}
    )
    with hall(turns, tmp_path) as (at, script):
        at.world.bring("tote:T-1", "MUG", DAY, 1)
        (tmp_path / "000000.zpl").write_bytes(f"^XA^BCN,200^FD>;>8{other}^FS^XZ".encode())
        print_label(tmp_path)
        assert at.worker.pack(at.bench, StagedTote("T-1"))
        assert [code for code, _ in script.heard][2:4] == [other, SSCC]
