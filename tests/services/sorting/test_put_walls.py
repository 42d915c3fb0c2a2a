"""Setting put walls up: by file, by service; what no wall can be is refused in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fulfillment.cli import floor_command
from fulfillment.domain.codes import parse_own_code
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.hot import Tx
from fulfillment.services.imports import import_locations, import_put_walls
from fulfillment.services.set_up import setting_up
from fulfillment.services.sorting import put_walls
from fulfillment.settings import Settings
from tests.factories import FloorHand
from tests.services import wall

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "put-walls.csv"


def places(hand: FloorHand) -> None:
    def work(tx: Tx) -> None:
        for code in ("WALL-1", "WALL-2"):
            tx.insert("location", code=code, kind="staging")

    hand.write(work)


def put(hand: FloorHand, code: str, **values: Any) -> str:
    return hand.write(lambda tx: put_walls.put_wall(tx, code, values))


def test_the_example_is_imported_and_importing_it_again_changes_nothing(hand: FloorHand) -> None:
    places(hand)
    first = import_put_walls(hand.floor.writer, EXAMPLE)
    assert (first.created, first.errors, first.exit_code) == (2, [], 0)
    again = import_put_walls(hand.floor.writer, EXAMPLE)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)
    shown = hand.write(lambda tx: put_walls.described(tx, "W1"))
    assert len(shown["slots"]) == 24
    assert [slot["slot"] for slot in shown["slots"]][:2] == ["W1-A01", "W1-A02"]
    assert parse_own_code(shown["slots"][-1]["barcode"]) == ("S", "W1-D06")


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("W3,NOWHERE-1,2,2", "location"),
        ("W3,A01-01-1,2,2", "location"),
        ("W3,WALL-1,0,2", "rows"),
        ("W3,WALL-1,2,100", "columns"),
        ("W_3,WALL-1,2,2", "code"),
        (",WALL-1,2,2", "code"),
    ],
)
def test_a_row_that_cannot_be_is_rejected_with_its_column(hand: FloorHand, row: str, column: str) -> None:
    places(hand)
    report = import_put_walls(hand.floor.writer, f"code,location,rows,columns\n{row}\nW4,WALL-2,1,1\n".encode())
    assert [(error.row, error.column) for error in report.errors] == [(2, column)]
    assert report.created == 1


def test_a_wall_grows_and_keeps_what_is_in_it(hand: FloorHand) -> None:
    wall.equip(hand, 1, 2)
    wall.stock(hand, "PEN")
    hand.order("S1", ("PEN", 1))
    (tote,) = wall.picked(hand)
    wall.sort(hand, tote)
    before = wall.slots(hand)
    assert put(hand, "W1", rows=2, columns=3) == "updated"
    assert wall.slots(hand) == before
    assert len(hand.write(lambda tx: put_walls.described(tx, "W1"))["slots"]) == 6
    with pytest.raises(Conflict, match="cannot lose"):
        put(hand, "W1", rows=1)


def test_two_walls_never_stand_at_one_place_and_none_is_moved(hand: FloorHand) -> None:
    wall.equip(hand)
    with pytest.raises(Conflict, match="W1 stands"):
        put(hand, "W2", location="WALL-1", rows=1, columns=1)
    with pytest.raises(Conflict, match="has its place"):
        put(hand, "W1", location="STAGE-1")
    with pytest.raises(NotFound):
        hand.write(lambda tx: put_walls.described(tx, "W9"))
    with pytest.raises(DomainError, match="at most"):
        put(hand, "A" * 13, location="STAGE-1", rows=1, columns=1)


def test_the_place_of_a_wall_stays_what_it_is(hand: FloorHand) -> None:
    wall.equip(hand)
    report = import_locations(hand.floor.writer, b"code,kind\nWALL-1,dock\n")
    assert [(error.column, error.reason) for error in report.errors] == [("kind", "location_in_use")]


def test_totes_are_numbered_on_while_some_are_in_a_batch(hand: FloorHand) -> None:
    wall.equip(hand)
    wall.stock(hand, "PEN")
    hand.order("S1", ("PEN", 1))
    wall.picked(hand)
    assert [tote["code"] for tote in hand.write(lambda tx: setting_up.add_totes(tx, 1))] == ["000021"]


def test_the_command_sets_a_wall_up_and_shows_it(
    hand: FloorHand, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    places(hand)
    monkeypatch.setenv("FLOOR_HOME", str(settings.home))
    monkeypatch.setenv("FLOOR_DATABASE", settings.database_url)
    run = CliRunner()
    made = run.invoke(floor_command, ["put-wall", "set", "w1", "--location", "WALL-1", "--rows", "2", "--columns", "3"])
    assert (made.exit_code, "W1 at WALL-1, 2 × 3 slots" in made.output) == (0, True), made.output
    assert "A01  free" in run.invoke(floor_command, ["put-wall", "show", "W1"]).output
    assert "W1" in run.invoke(floor_command, ["put-wall", "show"]).output
