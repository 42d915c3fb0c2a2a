"""Pick faces from a file: once however often it comes, each wrong row told."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from fulfillment.cli import floor_command
from fulfillment.services.imports import ImportReport, import_items, import_locations, import_pick_faces, import_stock
from tests.factories import FloorHand

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"


def imported(hand: FloorHand, *rows: str) -> ImportReport:
    return import_pick_faces(hand.floor.writer, "\n".join(("location,sku,min_each,max_each,note", *rows)).encode())


def test_the_example_is_imported_and_importing_it_again_changes_nothing(hand: FloorHand) -> None:
    for kind, run in (("locations", import_locations), ("items", import_items), ("stock", import_stock)):
        assert run(hand.floor.writer, EXAMPLES / f"{kind}.csv").errors == []
    first = import_pick_faces(hand.floor.writer, EXAMPLES / "pick_faces.csv")
    assert (first.errors, first.created) == ([], 2)
    again = import_pick_faces(hand.floor.writer, EXAMPLES / "pick_faces.csv")
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)


def test_levels_in_the_file_are_the_files_word(hand: FloorHand) -> None:
    hand.item("MUG")
    assert imported(hand, "a01-01-1,mug,2,9,").created == 1
    assert imported(hand, "A01-01-1,MUG,3,9,").updated == 1


def test_each_wrong_row_is_told_and_stops_no_other(hand: FloorHand) -> None:
    hand.item("MUG")
    report = imported(
        hand, "A01-01-1,MUG,2,9,", "A01-01-1,MUG,3,9,", "Z99,MUG,1,2,", "A01-02-1,JUG,1,2,", "A02-02-1,MUG,5,5,",
        "DOCK-1,MUG,1,2,", "A01-03-1,MUG,,2,", "A02-01-1,MUG,-1,2,",
    )  # fmt: skip
    assert (report.created, report.rejected) == (1, 7)
    assert report.reasons == {
        "bad_levels": 1, "duplicate_row": 1, "missing_value": 1, "not_pickable": 1, "out_of_range": 1,
        "unknown_location": 1, "unknown_sku": 1,
    }  # fmt: skip


def test_the_commands_import_faces_and_say_what_waits(hand: FloorHand, tmp_path: Path) -> None:
    hand.item("MUG")
    hand.item("CUP")
    hand.stock("MUG", 30, "A02-03-3", "2026-02-01")
    file = tmp_path / "faces.csv"
    file.write_text("location,sku,min_each,max_each\nA01-01-1,MUG,5,20\nA01-02-1,CUP,1,5\n")
    env = {"FLOOR_HOME": str(tmp_path), "FLOOR_DATABASE": hand.floor.settings.database_url}
    assert CliRunner(env=env).invoke(floor_command, ["import", "pick-faces", str(file)]).exit_code == 0
    plan = CliRunner(env=env).invoke(floor_command, ["replenish-plan"])
    assert (plan.exit_code, plan.output.splitlines()) == (
        0,
        [
            "20 of MUG received 2026-02-01: A02-03-3 -> A01-01-1 (minimum)",
            "low: A01-02-1 has 0 of CUP left, minimum 1, and nothing comes",
            "1 refills wait, 1 faces stay low",
        ],
    )
    report = json.loads(CliRunner(env=env).invoke(floor_command, ["replenish-plan", "--json", "-"]).output)
    assert [one["left_each"] for one in report["refills"]] == [20]
