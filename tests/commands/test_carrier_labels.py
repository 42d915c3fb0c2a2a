"""`floor carrier-labels …`: what it shows, what it decides, and where a carrier sells its labels."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner, Result

from fulfillment.cli import floor_command
from fulfillment.processes import environment_of
from simulators.carrier import CarrierSimulator
from tests.factories import FloorHand
from tests.services.carriers import TOKEN, close_parcel, sell_labels, work


def floor(hand: FloorHand, *arguments: str) -> Result:
    return CliRunner().invoke(floor_command, ["carrier-labels", *arguments], env=environment_of(hand.floor.settings))


def told(hand: FloorHand, *arguments: str) -> Any:
    result = floor(hand, *arguments, "--json", "-")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_label_nobody_knows_of_is_listed_and_a_supervisor_decides(hand: FloorHand) -> None:
    with CarrierSimulator(TOKEN, can_look_up=False) as carrier:
        sell_labels(hand, carrier.url, can_look_up=False)
        number = close_parcel(hand)
        carrier.fail("cut_after")
        work(hand)
        [shown] = told(hand, "list", "--trouble")
        assert (shown["state"], shown["parcel"]) == ("uncertain", number)
        found = ["decide", shown["reference"], "found", "--tracking-number", "SIM000000001GB", "--badge"]
        refused = floor(hand, *found, "1002")
        assert refused.exit_code == 2
        assert "supervisor" in refused.output
        assert told(hand, *found, "1001")["state"] == "bought"
    assert floor(hand, "list", "--trouble").output == "no labels\n"
    assert f"DOM parcel {number} (closed) bought SIM000000001GB" in floor(hand, "list").output


def test_what_is_not_said_of_a_carriers_service_stays(hand: FloorHand) -> None:
    assert floor(hand, "service", "DOM").output == "DOM: labels are ours\n"
    told(hand, "service", "DOM", "--url", "https://labels.example/v1", "--token-file", "DOM", "--can-look-up")
    assert told(hand, "service", "DOM", "--keeps-keys") == {
        "carrier": "DOM", "url": "https://labels.example/v1", "token_file": "DOM", "can_look_up": True,
        "keeps_keys": True,
    }  # fmt: skip
    assert "looks up, keeps keys" in floor(hand, "service", "DOM").output
    assert floor(hand, "service", "NOBODY").exit_code == 2
    assert floor(hand, "service", "DOM", "--url", "ftp://labels").exit_code == 2
