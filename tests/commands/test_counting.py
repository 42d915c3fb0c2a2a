"""`floor count-plan`, `floor accuracy` and `floor import counts`: what they ask for, and their exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fulfillment.commands.counting import accuracy, count_plan
from fulfillment.commands.importing import import_group
from fulfillment.settings import Settings
from tests.factories import FloorHand
from tests.services.acts import at

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "counts.csv"


@pytest.fixture(autouse=True)
def _here(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOOR_HOME", str(settings.home))
    monkeypatch.setenv("FLOOR_DATABASE", settings.database_url)


def plan(*words: str) -> Result:
    return CliRunner().invoke(count_plan, words)


def report(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_plan_asks_once_and_says_what_for(hand: FloorHand) -> None:
    first = report(plan("--by", "age", "--limit", "2", "--json", "-"))
    assert first == {"cause": "age", "asked": ["A01-01-1", "A01-02-1"], "known": []}
    assert plan("--by", "age", "--limit", "1").output.splitlines() == [
        "A01-03-1", "1 counts asked for, 0 were asked for already",
    ]  # fmt: skip


def test_a_class_has_the_days_it_is_given(hand: FloorHand) -> None:
    hand.item("MUG", velocity="A")
    hand.stock("MUG", 1)
    hand.write(lambda tx: tx.run("UPDATE location SET counted_at_ms = :t WHERE warehouse_id = :w", t=tx.now_ms))
    assert report(plan("--by", "class", "--json", "-"))["asked"] == []
    assert report(plan("--by", "class", "--days-a", "0", "--json", "-"))["asked"] == ["A01-01-1"]


@pytest.mark.parametrize(
    "words", [("--by", "location"), ("--by", "age", "A01-01-1"), ("--by", "zero", "--zone", "A"), ("--by", "luck")]
)
def test_a_plan_that_makes_no_sense_ends_with_2(hand: FloorHand, words: tuple[str, ...]) -> None:
    assert plan(*words).exit_code == 2


def test_places_are_named_by_code(hand: FloorHand) -> None:
    assert report(plan("--by", "location", "a01-01-1", "--json", "-"))["asked"] == ["A01-01-1"]
    assert plan("--by", "location", "NOWHERE").exit_code == 1


def test_how_right_the_book_was_is_said(hand: FloorHand) -> None:
    assert CliRunner().invoke(accuracy).output.strip() == "all: nothing was counted"
    hand.item("MUG")
    hand.stock("MUG", 4)
    hand.sign_in("HAND-1", "COUNT")
    hand.scan("HAND-1", at("A01-01-1"))
    hand.scan("HAND-1", "MUG", 3)
    hand.say("HAND-1", "DONE")
    assert CliRunner().invoke(accuracy).output.splitlines() == [
        "all: 0.0 % of lines (0 of 1), 75.0 % of units (1 of 4 off)",
        "-: 0.0 % of lines (0 of 1), 75.0 % of units (1 of 4 off)",
    ]
    assert report(CliRunner().invoke(accuracy, ["--days", "7", "--json", "-"]))["days"] == 7


def test_places_come_from_a_file_and_twice_changes_nothing(hand: FloorHand, settings: Settings) -> None:
    for created, unchanged in ((3, 0), (0, 3)):
        result = CliRunner().invoke(import_group, ["counts", str(EXAMPLE), "--json", "-"], obj=settings)
        read = json.loads(result.stdout)
        assert (result.exit_code, read["created"], read["unchanged"]) == (0, created, unchanged)


def test_a_file_is_told_what_is_no_storage_location(hand: FloorHand, settings: Settings) -> None:
    content = b"location\nDOCK-1\nA01-01-1\na01-01-1\n\nNOWHERE\n"
    result = CliRunner().invoke(import_group, ["counts", "-", "--json", "-"], obj=settings, input=content)
    read = json.loads(result.stdout)
    assert (result.exit_code, read["created"]) == (1, 1)
    assert sorted((error["row"], error["reason"]) for error in read["errors"]) == [
        (2, "unknown_location"), (4, "duplicate_row"), (6, "unknown_location"),
    ]  # fmt: skip
