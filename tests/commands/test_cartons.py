"""`floor cartons …` and `floor import carton-types`: what they say, write, and their exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fulfillment.commands.cartons import cartons_group
from fulfillment.commands.importing import import_group
from fulfillment.domain.reasons import NotFound
from fulfillment.services.packing import cartons
from fulfillment.settings import Settings
from tests.factories import FloorHand

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "carton-types.csv"


@pytest.fixture(autouse=True)
def _here(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOOR_HOME", str(settings.home))
    monkeypatch.setenv("FLOOR_DATABASE", settings.database_url)


def run(*words: str) -> Result:
    return CliRunner().invoke(cartons_group, words)


def report(*words: str) -> Any:
    result = run(*words, "--json", "-")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def ordered(hand: FloorHand) -> FloorHand:
    hand.item("MUG", length_mm=120, width_mm=90, height_mm=100, weight_g=350)
    hand.item("BRICK", length_mm=250, width_mm=120, height_mm=80, weight_g=3_000)
    hand.stock("MUG", 100)
    hand.stock("BRICK", 100, "A01-03-1")
    hand.order("S1", ("MUG", 6))
    hand.order("S2", ("BRICK", 10))
    return hand


def test_types_are_listed_with_their_barcodes(hand: FloorHand) -> None:
    assert [row["code"] for row in report("list")["types"]] == [code for code, *_ in cartons.DEFAULT_TYPES]
    assert "P-XXL-0" in run("list").output


def test_cartons_of_an_order_are_proposed_shown_and_drawn(ordered: FloorHand, tmp_path: Path) -> None:
    found = report("propose", "S1", "S2")["orders"]
    assert [one["cartons"] for one in found] == [1, 2]
    picture = tmp_path / "packing.svg"
    assert "order S2: 2 cartons (at least 2)" in run("show", "S2", "--svg", str(picture)).output
    assert picture.read_text("utf-8").startswith("<svg")
    assert (tmp_path / "packing-2.svg").read_text("utf-8").startswith("<svg")


@pytest.mark.parametrize("words", [("show", "S1"), ("show", "S9"), ("propose", "S9")])
def test_an_order_that_is_not_there_or_has_no_proposal_is_said(ordered: FloorHand, words: tuple[str, ...]) -> None:
    assert isinstance(run(*words).exception, NotFound)


def test_sizes_are_suggested_from_the_order_book(ordered: FloorHand) -> None:
    found = report("suggest", "--count", "2", "--days", "3650", "--seconds", "2")
    assert (found["orders"], found["left_out"]) == (2, 1)  # ten bricks are too heavy for any one parcel
    assert len(found["types"]) == 1
    assert found["bound_litres"] <= found["litres"]


def test_without_orders_there_is_nothing_to_suggest(hand: FloorHand) -> None:
    result = run("suggest")
    assert (result.exit_code, "no order of the last 365 days" in result.output) == (1, True)


def test_the_example_comes_in_by_the_command(hand: FloorHand) -> None:
    result = CliRunner().invoke(import_group, ["carton-types", str(EXAMPLE)])
    assert result.exit_code == 0
    assert "carton_types: 4 rows read, 4 created" in result.output
