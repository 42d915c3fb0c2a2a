"""Two warehouses in one database: founded, a transfer handed over and reported back, by commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fulfillment.bootstrap import open_floor
from fulfillment.cli import floor_command
from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import Conflict, NotFound
from fulfillment.services.transferring import transfers
from fulfillment.settings import SettingError, Settings
from tests.factories import FloorHand
from tests.services.acts import at


@pytest.fixture
def north(hand: FloorHand, monkeypatch: pytest.MonkeyPatch) -> Iterator[FloorHand]:
    """The other warehouse; commands find the database by the environment."""
    monkeypatch.setenv("FLOOR_HOME", str(hand.floor.settings.home))
    monkeypatch.setenv("FLOOR_DATABASE", hand.floor.settings.database_url)
    floor = open_floor(hand.floor.settings, warehouse_id=2)
    there = FloorHand(floor, "NORTH")
    there.item("MUG")
    yield there
    floor.close()


def floor(*words: str) -> Result:
    return CliRunner().invoke(floor_command, words)


def report(*words: str) -> Any:
    result = floor(*words, "--json", "-")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return json.loads(result.stdout)


def send(hand: FloorHand, qty_each: int = 4) -> str:
    hand.item("MUG")
    hand.stock("MUG", 10)
    hand.write(lambda tx: transfers.ask(tx, "T-1", "NORTH", [("MUG", qty_each)]))
    hand.sign_in("HAND-1", "SEND")
    sscc = hand.scan("HAND-1", own_code("X", "T-1"))["step"]["fields"]["lpn"]
    hand.scan("HAND-1", at("A01-01-1"))
    hand.scan("HAND-1", "MUG", qty_each)
    hand.say("HAND-1", "DONE")
    return str(sscc)


def test_a_transfer_is_handed_over_received_and_reported_back(hand: FloorHand, north: FloorHand) -> None:
    sscc = send(hand)
    assert report("transfer", "list", "--state", "sent")["transfers"][0]["sent_each"] == 4
    assert report("transfer", "asn", "T-1")["units"][0]["sscc"] == sscc
    assert report("transfer", "deliver", "T-1", "--to-warehouse-id", "2")["announced"] is True
    assert report("transfer", "deliver", "T-1", "--to-warehouse-id", "2")["announced"] is False
    north.sign_in("HAND-1", "RECEIVE")
    north.scan("HAND-1", sscc)
    north.say("HAND-1", "DONE")
    for _ in range(2):
        assert report("transfer", "arrived", "T-1", "--to-warehouse-id", "2")["state"] == "received"
    assert floor("verify").exit_code == 0
    assert CliRunner(env={"FLOOR_WAREHOUSE_ID": "2"}).invoke(floor_command, ["verify"]).exit_code == 0


def test_what_was_lost_on_the_way_ends_with_1(hand: FloorHand, north: FloorHand) -> None:
    send(hand)
    floor("transfer", "deliver", "T-1", "--to-warehouse-id", "2")
    north.sign_in("HAND-1", "RECEIVE")
    north.scan("HAND-1", own_code("R", "T-1"))
    north.scan("HAND-1", "MUG", 3)
    north.say("HAND-1", "DONE")
    north.say("HAND-1", "CONFIRM")
    result = floor("transfer", "arrived", "T-1", "--to-warehouse-id", "2")
    assert (result.exit_code, "MUG: 1 lost, 0 too many" in result.output) == (1, True)


def test_a_transfer_is_not_handed_to_another_warehouse_than_it_is_meant_for(hand: FloorHand, north: FloorHand) -> None:
    send(hand)
    assert isinstance(floor("transfer", "deliver", "T-1", "--to-warehouse-id", "1").exception, Conflict)
    assert isinstance(floor("transfer", "deliver", "T-1", "--to-warehouse-id", "3").exception, NotFound)


def test_a_second_warehouse_is_founded_beside_the_first_with_its_own_token(tmp_path: Path) -> None:
    for number, code in (("1", "MAIN"), ("2", "NORTH")):
        env = {"FLOOR_HOME": str(tmp_path), "FLOOR_WAREHOUSE_ID": number, "FLOOR_WAREHOUSE": code}
        result = CliRunner(env=env).invoke(floor_command, ["init", "--json", "-"])
        assert json.loads(result.stdout)["founded"] is True
    tokens = {(tmp_path / name).read_text() for name in ("admin-token", "admin-token-2")}
    assert len(tokens) == 2


def test_which_warehouse_is_a_number() -> None:
    assert Settings.from_env({"FLOOR_WAREHOUSE_ID": "2"}).warehouse_id == 2
    with pytest.raises(SettingError, match="FLOOR_WAREHOUSE_ID"):
        Settings.from_env({"FLOOR_WAREHOUSE_ID": "north"})
