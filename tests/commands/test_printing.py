"""`floor prints …`: what it shows and what it decides."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from devices.protocols import PrinterStatus
from fulfillment.cli import floor_command
from fulfillment.processes import environment_of
from fulfillment.services.printing import outbox
from fulfillment.services.printing.print_attempts import Seen
from tests.factories import FloorHand

BEFORE = PrinterStatus("ready", (), 0, 0, 41, 3)


def floor(hand: FloorHand, *arguments: str) -> Result:
    return CliRunner().invoke(floor_command, ["prints", *arguments], env=environment_of(hand.floor.settings))


def told(hand: FloorHand, *arguments: str) -> Any:
    result = floor(hand, *arguments, "--json", "-")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def doubted(hand: FloorHand) -> int:
    """A label asked for by hand that nobody knows the fate of, and one that waits."""
    effect_id = hand.write(lambda tx: outbox.queue_print(tx, "P1", "hand:1:0", 1, "shipping_4x6", {}))
    hand.write(lambda tx: outbox.queue_print(tx, "P2", "hand:2:0", 1, "shipping_4x6", {}))
    job = hand.write(lambda tx: outbox.claim(tx, 1))
    assert job is not None
    assert hand.write(lambda tx: outbox.start_sending(tx, job, b"^XA^XZ", "sha"))
    hand.write(lambda tx: outbox.make_uncertain(tx, job, "uncertain: no answer", Seen(BEFORE, None)))
    return effect_id


def test_prints_are_listed_and_shown_attempt_by_attempt(hand: FloorHand, doubted: int) -> None:
    assert [row["subject"] for row in told(hand, "list")] == ["P2", "P1"]
    assert [row["subject"] for row in told(hand, "list", "--state", "uncertain")] == ["P1"]
    shown = floor(hand, "show", str(doubted)).output
    assert "P1 shipping_4x6 at LABEL-1, 1 attempt, uncertain: uncertain: no answer" in shown
    assert "ready (odometer 41, boot 3, buffered formats 0, labels remaining 0) -> said nothing" in shown
    assert told(hand, "show", str(doubted))["tries"][0]["outcome"] == "uncertain"


def test_a_person_says_what_came_of_a_print(hand: FloorHand, doubted: int) -> None:
    fresh = told(hand, "again", str(doubted))
    assert (fresh["instead_of"], fresh["reprint"]) == (doubted, 1)
    refused = floor(hand, "seen", str(doubted))
    assert refused.exit_code == 2
    assert "is superseded" in refused.output


def test_a_print_that_waits_goes_to_another_printer_and_a_printer_has_a_stand_in(
    hand: FloorHand, doubted: int
) -> None:
    hand.write(lambda tx: tx.insert("printer", code="LABEL-2", address="tcp://127.0.0.1:11", language="zpl", dpi=203))
    assert told(hand, "move", str(doubted + 1), "--to", "LABEL-2")["printer"] == "LABEL-2"
    assert floor(hand, "move", str(doubted), "--to", "LABEL-2").exit_code == 2
    assert told(hand, "stand-in", "LABEL-1", "--to", "LABEL-2")["stand_in"] == "LABEL-2"
    assert told(hand, "stand-in", "LABEL-1")["stand_in"] == ""
