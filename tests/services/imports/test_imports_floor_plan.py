"""The floor plan from a file, and the commands that close aisles: all of it or nothing, each wrong row told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fulfillment.cli import floor_command
from fulfillment.services.imports import ImportReport, import_floor_plan, import_locations
from fulfillment.services.walking import closures, floor_plan
from tests.factories import FloorHand

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"


def imported(hand: FloorHand, *rows: str) -> ImportReport:
    return import_floor_plan(hand.floor.writer, "\n".join(("what,place,direction,block,note", *rows)).encode())


def version(hand: FloorHand) -> int:
    return hand.one("SELECT layout_version FROM warehouse WHERE id = :w")["layout_version"]


def test_the_example_is_imported_and_importing_it_again_changes_nothing(hand: FloorHand) -> None:
    assert import_locations(hand.floor.writer, EXAMPLES / "locations.csv").errors == []
    first = import_floor_plan(hand.floor.writer, EXAMPLES / "floor_plan.csv")
    assert (first.errors, first.updated) == ([], 3)
    before = version(hand)
    again = import_floor_plan(hand.floor.writer, EXAMPLES / "floor_plan.csv")
    assert (again.updated, again.unchanged, version(hand)) == (0, 3, before)


def test_the_file_is_the_whole_of_the_plan(hand: FloorHand) -> None:
    imported(hand, "start,DOCK-1,,,", "drop,BENCH-1,,,", "drop,STAGE-1,,,", "one_way,01,up,,", "one_way,02,down,0,")
    plan = floor_plan.of(hand.floor)
    assert (plan.start.name, [spot.name for spot in plan.drops]) == ("DOCK-1", ["BENCH-1", "STAGE-1"])
    assert [(rule.aisle, rule.is_up, rule.block) for rule in plan.layout.one_way] == [(0, True, None), (1, False, 0)]
    imported(hand, "start,STAGE-1,,,")
    plan = floor_plan.of(hand.floor)
    assert (plan.start.name, plan.drops, plan.layout.one_way) == ("STAGE-1", (plan.start,), ())


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("start,STAGE-1,,,", "duplicate_row"), ("drop,A01-01-1,,,", "wrong_kind"), ("drop,Z9,,,", "unknown_location"),
        ("one_way,77,up,,", "unknown_aisle"), ("one_way,01,,,", "missing_value"),
        ("one_way,01,left,,", "bad_direction"), ("lift,01,,,", "bad_what"), ("one_way,01,up,9,", "bad_floor_plan"),
    ],
)  # fmt: skip
def test_a_file_with_a_wrong_row_changes_nothing(hand: FloorHand, row: str, reason: str) -> None:
    before = version(hand)
    report = imported(hand, "start,DOCK-1,,,", row)
    assert report.reasons == {reason: 1}
    assert (version(hand), floor_plan.of(hand.floor).start.name) == (before, "STAGE-1")


def command(hand: FloorHand, *arguments: str) -> tuple[int, Any]:
    settings = hand.floor.settings
    environment = {"FLOOR_HOME": str(settings.home), "FLOOR_DATABASE": settings.database_url}
    run = CliRunner().invoke(floor_command, [*arguments, "--json", "-"], env=environment)
    return run.exit_code, json.loads(run.stdout) if run.stdout.startswith("{") else run.output


def test_an_aisle_is_closed_and_opened_by_command(hand: FloorHand) -> None:
    code, closed = command(hand, "aisle", "close", "A01-01-1", "--until", "A01-02-1", "--reason", "pallet")
    assert (code, closed["place"], closed["reason"]) == (0, "A01-01-1 - A01-02-1", "pallet")
    assert command(hand, "aisle", "list")[1]["closures"] == [closed]
    assert command(hand, "aisle", "close", "A01-01-1")[0] == 1
    assert command(hand, "aisle", "open", str(closed["closure"]))[0] == 0
    assert hand.write(closures.listed) == []
    log = hand.all("SELECT subject FROM audit_log WHERE warehouse_id = :w ORDER BY id")
    assert [row["subject"] for row in log] == ["floor aisle close", "floor aisle open"]


def test_the_layout_is_checked_and_drawn_by_command(hand: FloorHand, tmp_path: Path) -> None:
    code, plan = command(hand, "layout", "--svg", str(tmp_path / "floor.svg"))
    assert (code, plan["aisles"], plan["tours_begin_at"]) == (int(bool(plan["words"])), 4, "STAGE-1")
    assert (tmp_path / "floor.svg").read_text().startswith("<svg")


def test_the_order_of_tours_is_said_on_the_command_line(hand: FloorHand) -> None:
    assert command(hand, "tour-order") == (0, {"tour_order": "shortest", "heavy_from_g": 5000})
    said = {"tour_order": "heavy_first", "heavy_from_g": 4000}
    assert command(hand, "tour-order", "--order", "heavy_first", "--heavy-from", "4000") == (0, said)
    assert command(hand, "tour-order") == (0, said)
    assert command(hand, "tour-order", "--heavy-from", "0")[0] == 2


def test_hours_of_an_aisle_are_said_on_the_command_line(hand: FloorHand) -> None:
    assert command(hand, "aisle", "hours") == (0, {"closed_hours": []})
    code, said = command(hand, "aisle", "hours", "a01-01-1", "--from", "11:00", "--to", "11:30", "--reason", "truck")
    (hours,) = said["closed_hours"]
    assert (code, hours["place"], hours["begins"], hours["ends"]) == (0, "A01-01-1", "11:00", "11:30")
    assert command(hand, "aisle", "hours", "A01-02-1")[0] == 2
    assert command(hand, "aisle", "hours", "A01-02-1", "--from", "11:00", "--to", "noon")[0] == 1
    assert command(hand, "aisle", "hours", "--end", str(hours["hours"])) == (0, {"closed_hours": []})
