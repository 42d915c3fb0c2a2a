"""`floor agent …` and `floor device …`."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fulfillment.cli import floor_command
from fulfillment.services.printing import agent_prints
from simulators.zpl_printer import ZplPrinter
from tests.factories import FloorHand
from tests.serving import wait_for

Command = Callable[..., Result]

pytestmark = pytest.mark.engine("sqlite")


@pytest.fixture
def floor_says(hand: FloorHand) -> Command:
    """Run `floor …` on the hand's floor."""
    settings = hand.floor.settings
    env = {"FLOOR_HOME": str(settings.home), "FLOOR_DATABASE": settings.database_url}
    return lambda *arguments: CliRunner().invoke(floor_command, arguments, env=env)


def test_an_agents_token_is_shown_once_or_written_for_its_owner_only(floor_says: Command, tmp_path: Path) -> None:
    file = tmp_path / "token"
    assert floor_says("agent", "add", "BENCH-1", "--station", "BENCH-1", "--token-file", str(file)).exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    renewed = floor_says("agent", "token", "BENCH-1")
    assert renewed.output.startswith("fl_")
    assert renewed.output.strip() != file.read_text("ascii").strip()
    assert floor_says("agent", "add", "BENCH-1").exit_code == 1
    assert "BENCH-1          new          seen never" in floor_says("agent", "list").output


def test_devices_are_added_changed_and_taken_out_of_use(floor_says: Command) -> None:
    floor_says("agent", "add", "A1")
    address = "serial:///dev/ttyACM0?baud=9600&framing=8N1&proto=ssi"
    added = floor_says("device", "add", "GUN-1", "scanner", address, "--agent", "A1", "--station", "BENCH-1")
    assert "Zebra scanner on SSI" in added.output, added.output
    assert "scans of HAND-1" in floor_says("device", "set", "GUN-1", "--station", "HAND-1").output
    assert "disabled" in floor_says("device", "disable", "GUN-1").output
    assert "not_watched" in floor_says("device", "enable", "GUN-1").output
    report = json.loads(floor_says("device", "list", "--json", "-").output)
    assert [one["code"] for one in report["devices"]] == ["GUN-1", "LABEL-1", "SLIP-1"]
    assert floor_says("device", "remove", "GUN-1").exit_code == 1
    floor_says("device", "disable", "GUN-1")
    assert floor_says("device", "remove", "GUN-1").output.startswith("GUN-1 ")
    assert "GUN-1" not in floor_says("device", "list").output
    refused = floor_says("device", "set", "LABEL-1", "--station", "HAND-1")
    assert (refused.exit_code, refused.output) == (1, "Error: a printer has no station\n")


def test_a_device_is_tried_out_where_it_is(floor_says: Command, tmp_path: Path) -> None:
    with ZplPrinter(tmp_path / "tape") as machine:
        assert floor_says("device", "set", "LABEL-1", "--address", machine.address).exit_code == 0
        said = floor_says("device", "test", "LABEL-1")
        assert (said.exit_code, said.output.startswith("LABEL-1: ready")) == (0, True), said.output
        machine.set_fault("paper_out")
        said = floor_says("device", "test", "LABEL-1")
        assert (said.exit_code, said.output.startswith("LABEL-1: faulted paper_out")) == (1, True), said.output


def test_a_bench_is_looked_over_by_its_agent(hand: FloorHand, floor_says: Command) -> None:
    assert floor_says("device", "discover", "NOBODY").exit_code == 1
    floor_says("agent", "add", "A1")
    assert "nothing is heard of agent A1" in floor_says("device", "discover", "A1").output
    agent = hand.one("SELECT id FROM bench_agent WHERE warehouse_id = :w")["id"]
    heard = "UPDATE bench_agent SET state = 'running', seen_at_ms = :now WHERE warehouse_id = :w"
    hand.write(lambda tx: tx.put(heard, now=tx.now_ms))
    found = {"found": [{"address": "usb://04b8:0202", "kind": "printer", "words": "Epson"}], "missed": ["CUPS: none"]}

    asked_before = hand.one("SELECT MAX(id) AS id FROM agent_command WHERE warehouse_id = :w")["id"]
    waiting = "SELECT id FROM agent_command WHERE warehouse_id = :w AND done_at_ms IS NULL AND id > :before"

    def answer() -> None:
        command = wait_for(lambda: hand.one(waiting, before=asked_before))["id"]
        hand.write(lambda tx: agent_prints.close(tx, agent, command, "found", found))

    answering = threading.Thread(target=answer)
    answering.start()
    said = floor_says("device", "discover", "A1")
    answering.join()
    assert said.output == "printer  usb://04b8:0202  Epson\nnot looked at: CUPS: none\n"
