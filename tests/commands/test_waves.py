"""`floor propose-wave`, `join-wave` and `picker-shift`: what they say, release and refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fulfillment.commands.waves import MODES, join_wave, picker_shift, plan_wave, propose_wave
from fulfillment.domain.tasks import PickMode
from fulfillment.services.releasing import planning
from fulfillment.services.working import jobs
from fulfillment.settings import Settings
from tests.factories import FloorHand
from tests.services import acts, wall

SHIFT = ("1002", "2026-11-23T06:00:00+0100", "2026-11-23T14:00:00+0100")


@pytest.fixture(autouse=True)
def _here(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOOR_HOME", str(settings.home))
    monkeypatch.setenv("FLOOR_DATABASE", settings.database_url)


def propose(*words: str) -> Result:
    return CliRunner().invoke(propose_wave, words)


def run_planner(hand: FloorHand) -> None:
    while jobs.run_next(hand.floor, planning.kinds(5)):
        pass


def test_a_wave_is_proposed_drawn_and_released(hand: FloorHand, tmp_path: Path) -> None:
    hand.item("MUG")
    hand.stock("MUG", 9)
    hand.order("1", ("MUG", 1))
    hand.sign_in("HAND-1", "PICK", "1002")
    drawn = tmp_path / "wave.svg"
    looked = propose("--svg", str(drawn))
    assert (looked.exit_code, "1 orders, 1 lines" in looked.output) == (0, True), looked.output
    assert drawn.read_text("utf-8").startswith("<svg")
    assert hand.order_state("1") == "allocated"
    released = json.loads(propose("--release", "--json", "-").stdout)
    assert released["wave"]["orders"] == 1
    assert hand.order_state("1") == "released"
    assert "nothing" in propose("--release").output or "no order" in propose().output


def test_who_stays_is_named_with_the_reason(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 9)
    hand.order("1", ("MUG", 1))
    assert "1: no picker is on shift" in propose("--release").output
    assert hand.order_state("1") == "allocated"


def test_a_late_order_joins_a_wave_and_its_tour(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 9)
    hand.order("1", ("MUG", 1))
    hand.sign_in("HAND-1", "PICK", "1002")
    wave = json.loads(propose("--release", "--json", "-").stdout)["wave"]["wave"]
    run_planner(hand)
    hand.order("2", ("MUG", 1))
    joined = CliRunner().invoke(join_wave, [str(wave), "2"])
    assert (joined.exit_code, "has 2 orders" in joined.output) == (0, True), joined.output
    run_planner(hand)
    assert hand.one("SELECT COUNT(*) AS n FROM task WHERE kind = 'pick'")["n"] == 2
    refused = CliRunner().invoke(join_wave, [str(wave), "2"])
    assert (refused.exit_code, refused.output.startswith("Error: ")) == (1, True)


def test_a_shift_is_set_and_a_bad_one_refused(hand: FloorHand) -> None:
    rest = ("--break", "2026-11-23T09:00:00+0100", "2026-11-23T09:15:00+0100")
    done = CliRunner().invoke(picker_shift, [*SHIFT, *rest])
    assert (done.exit_code, done.output) == (0, "1002 picks from 23 Nov 06:00 until 23 Nov 14:00\n")
    assert hand.one("SELECT COUNT(*) AS n FROM shift_break")["n"] == 1
    refused = CliRunner().invoke(picker_shift, ["9999", *SHIFT[1:]])
    assert (refused.exit_code, refused.output) == (1, "Error: nobody has badge '9999'\n")


def test_a_wave_is_planned_compared_drawn_and_released_as_shown(hand: FloorHand, tmp_path: Path) -> None:
    hand.item("MUG")
    hand.stock("MUG", 9)
    hand.order("1", ("MUG", 1))
    hand.order("2", ("MUG", 20))
    looked = CliRunner().invoke(plan_wave, ["--svg", str(tmp_path / "tours")])
    assert (looked.exit_code, looked.output.startswith("draft 1: ")) == (0, True), looked.output
    assert "MUG short (promised)" in looked.output
    assert "nobody is on shift" in looked.output
    assert (tmp_path / "tours" / "tour-1.svg").read_text("utf-8").startswith("<svg")
    assert hand.order_state("1") == "allocated"
    released = CliRunner().invoke(plan_wave, ["--max-orders", "1", "--against", "1", "--release"])
    assert (released.exit_code, "released as wave 1" in released.output) == (0, True), released.output
    assert "orders: " in released.output
    refused = CliRunner().invoke(plan_wave, ["--zone", "NOWHERE"])
    assert (refused.exit_code, refused.output) == (1, "Error: no zone 'NOWHERE'\n")


@pytest.mark.parametrize("mode", MODES)
def test_a_wave_is_planned_or_proposed_and_released_in_the_mode_that_is_said(hand: FloorHand, mode: str) -> None:
    wall.equip(hand)
    acts.zone(hand)
    wall.stock(hand, "MUG", "CUP", "JUG")
    for number in ("1", "2"):
        hand.order(number, ("MUG", 1), ("JUG", 1))
    hand.sign_in("HAND-1", "PICK", "1002")
    drafted = json.loads(CliRunner().invoke(plan_wave, ["--mode", mode, "--release", "--json", "-"]).stdout)
    assert (drafted["draft"]["plan"]["mode"], drafted["wave"]["mode"], drafted["wave"]["orders"]) == (mode, mode, 2)
    run_planner(hand)
    assert {row["mode"] for row in hand.all("SELECT mode FROM tour")} == {mode}
    hand.order("3", ("CUP", 1))
    proposed = json.loads(propose("--mode", mode, "--release", "--json", "-").stdout)
    assert (proposed["wave"]["mode"], proposed["wave"]["orders"]) == (mode, 1)


def test_a_mode_nobody_picks_in_is_refused_with_those_there_are(hand: FloorHand) -> None:
    refused = CliRunner().invoke(plan_wave, ["--mode", "alone"])
    assert refused.exit_code == 2
    assert all(mode in refused.output for mode in MODES)
    assert set(MODES) == {mode.value for mode in PickMode}
