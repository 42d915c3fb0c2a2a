"""`floor audit-log`, `floor retention`, `floor erase-buyer` and what commands leave in the log."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fulfillment.authorship import without_secrets
from fulfillment.cli import floor_command
from fulfillment.services.records import audit_entries
from tests.factories import FloorHand
from tests.services.acts import cancel

Command = Callable[..., Result]


@pytest.fixture
def floor_says(hand: FloorHand) -> Command:
    """Run `floor …` on the hand's floor."""
    settings = hand.floor.settings
    env = {"FLOOR_HOME": str(settings.home), "FLOOR_DATABASE": settings.database_url}
    return lambda *arguments: CliRunner().invoke(floor_command, arguments, env=env)


def subjects(hand: FloorHand) -> list[str]:
    return [row["subject"] for row in hand.floor.read(lambda tx: audit_entries.newest(tx, audit_entries.Sought(), 50))]


def test_a_command_that_changes_something_is_told_and_one_that_reads_is_not(
    hand: FloorHand, floor_says: Command, tmp_path: Path
) -> None:
    file = tmp_path / "items.csv"
    file.write_text(Path("docs/examples/items.csv").read_text("utf-8"), "utf-8")
    assert floor_says("import", "items", str(file)).exit_code == 0
    assert floor_says("token", "--name", "shop").exit_code == 0
    assert floor_says("audit-log").exit_code == 0
    assert subjects(hand) == ["floor import items", "floor token"]
    told = hand.floor.read(lambda tx: audit_entries.newest(tx, audit_entries.Sought(), 1))[0]
    assert (told["kind"], told["content"]["arguments"]) == ("command", ["--name", "shop"])
    assert hand.floor.read(audit_entries.verify_scans) == []


def test_an_erasure_is_told_without_the_name_it_was_asked_with(hand: FloorHand, floor_says: Command) -> None:
    hand.item("MUG")
    hand.order("SO-1", ("MUG", 1))
    cancel(hand, "SO-1")
    said = floor_says("erase-buyer", "--name", "Jo Buyer")
    assert (said.exit_code, said.output) == (0, "erased from 1 orders, 0 prints, 0 scans\n")
    assert subjects(hand) == ["1 orders", "floor erase-buyer"]
    assert "Jo" not in floor_says("audit-log", "--export", "-").output


def test_an_erasure_of_an_open_order_exits_without_having_changed_anything(
    hand: FloorHand, floor_says: Command
) -> None:
    hand.item("MUG")
    hand.order("SO-1", ("MUG", 1))
    assert floor_says("erase-buyer", "--order", "SO-1").exit_code != 0
    assert subjects(hand) == []


def test_a_head_kept_elsewhere_is_found_again_or_not(hand: FloorHand, floor_says: Command, tmp_path: Path) -> None:
    hand.scan("HAND-1", "nonsense")
    kept = tmp_path / "head.json"
    assert floor_says("audit-log", "--head", "--json", str(kept)).exit_code == 0
    hand.scan("HAND-1", "nonsense")
    assert floor_says("audit-log", "--verify", "--against", str(kept)).exit_code == 0
    kept.write_text(json.dumps({**json.loads(kept.read_text()), "sha256": "0" * 64}))
    said = floor_says("audit-log", "--against", str(kept))
    assert (said.exit_code, "the head kept elsewhere" in said.output) == (1, True)
    kept.write_text("[]")
    assert floor_says("audit-log", "--against", str(kept)).exit_code != 0


def test_the_log_is_narrowed_and_exported(hand: FloorHand, floor_says: Command, tmp_path: Path) -> None:
    hand.sign_in("HAND-1", "PICK")
    hand.scan("HAND-2", "nonsense", scan_id="mine")
    assert floor_says("audit-log", "--subject", "mine").output.split()[-1] == "mine"
    assert len(floor_says("audit-log", "--operator", "1001").output.splitlines()) == 2
    assert floor_says("audit-log", "--since", "2100-01-01").output == "no such entries\n"
    assert floor_says("audit-log", "--since", "yesterday").exit_code == 2
    file = tmp_path / "log.jsonl"
    assert floor_says("audit-log", "--export", str(file)).exit_code == 0
    assert [json.loads(line)["id"] for line in file.read_text("utf-8").splitlines()] == [1, 2, 3]


def test_a_dry_run_says_what_would_go(floor_says: Command) -> None:
    said = floor_says("retention", "--dry-run")
    assert (said.exit_code, said.output) == (0, "0 answers of scans, 0 events, 0 buyers would be let go\n")


def test_values_of_secret_options_stay_out_of_the_log() -> None:
    arguments = ["--token", "fl_x", "--api-key=abc", "--name", "shop", "--pin", "1234", "file.csv"]
    assert without_secrets(arguments) == [
        "--token", "***", "--api-key=***", "--name", "shop", "--pin", "***", "file.csv",
    ]  # fmt: skip
