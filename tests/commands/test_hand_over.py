"""`floor operator pin`, `floor hand-over`, `floor training`: what is asked for, what is refused, what is never said."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from fulfillment.bootstrap import open_floor
from fulfillment.cli import floor_command
from fulfillment.commands.training import forget, open_training, training_settings
from fulfillment.services.people import pins
from fulfillment.services.set_up import training
from fulfillment.settings import SettingError, Settings
from tests.factories import FloorHand

pytestmark = pytest.mark.engine("sqlite")

PIN = "73914682"


@pytest.fixture
def env(hand: FloorHand, monkeypatch: pytest.MonkeyPatch) -> FloorHand:
    """The floor's commands, on the floor of `hand`."""
    monkeypatch.setenv("FLOOR_HOME", str(hand.floor.settings.home))
    monkeypatch.setenv("FLOOR_DATABASE", hand.floor.settings.database_url)
    return hand


def test_a_pin_is_asked_for_twice_and_never_shown_or_logged(env: FloorHand) -> None:
    answer = CliRunner().invoke(floor_command, ["operator", "pin", "1002"], input=f"{PIN}\n{PIN}\n")
    assert answer.exit_code == 0, answer.output
    assert PIN not in answer.output
    kept = env.one("SELECT pin_scrypt FROM operator_pin WHERE warehouse_id = :w")["pin_scrypt"]
    assert pins.matches(PIN, kept)
    (entry,) = env.all("SELECT subject, content FROM audit_log WHERE warehouse_id = :w AND kind = 'command'")
    assert entry["subject"] == "floor operator pin"
    assert json.loads(entry["content"])["arguments"] == ["1002"]
    answer = CliRunner().invoke(floor_command, ["operator", "pin", "1002", "--take-away"])
    assert (answer.exit_code, env.all("SELECT id FROM operator_pin WHERE warehouse_id = :w")) == (0, [])


@pytest.mark.parametrize(("badge", "keyed", "words"), [("1002", "1234", "in a row"), ("77", PIN, "nobody has")])
def test_a_pin_too_easy_or_for_nobody_is_refused_in_words(env: FloorHand, badge: str, keyed: str, words: str) -> None:
    answer = CliRunner().invoke(floor_command, ["operator", "pin", badge], input=f"{keyed}\n{keyed}\n")
    assert answer.exit_code == 2
    assert words in answer.output
    assert env.all("SELECT id FROM operator_pin WHERE warehouse_id = :w") == []


def test_the_rules_of_hand_over_are_shown_and_set(env: FloorHand) -> None:
    run = CliRunner().invoke
    assert "never" in run(floor_command, ["hand-over"]).output
    assert run(floor_command, ["hand-over", "--auto-lock", "15", "--pin", "always"]).exit_code == 0
    rules = json.loads(run(floor_command, ["hand-over", "--json", "-"]).output)
    assert rules == {"auto_lock_min": 15, "pin_rule": "always"}


def test_a_floor_founded_by_its_command_locks_and_one_that_stands_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setenv("FLOOR_HOME", str(tmp_path))
    run = CliRunner().invoke
    for minutes in (10, 0):
        assert run(floor_command, ["init"]).exit_code == 0
        assert json.loads(run(floor_command, ["hand-over", "--json", "-"]).output)["auto_lock_min"] == minutes
        run(floor_command, ["hand-over", "--auto-lock", "0"])


@pytest.fixture
def real(hand: FloorHand) -> Settings:
    return hand.floor.settings


def test_training_is_laid_out_beside_the_real_floor_and_begins_anew_when_asked(real: Settings, tmp_path: Path) -> None:
    settings = training_settings(real, None, 8410)
    assert settings.home == real.home / "training"
    floor = open_training(settings)
    try:
        assert floor.read(training.is_training)
        names = [lesson["name"] for lesson in floor.read(training.lessons)]
        assert names == ["sign_in", "receive", "putaway", "pick", "short", "pack", "count"]
        assert floor.writer.write(training.lay_out) == 2
    finally:
        floor.close()
    again = open_training(settings)
    try:
        orders = again.read(lambda tx: tx.one("SELECT COUNT(*) AS n FROM sales_order WHERE warehouse_id = :w"))["n"]
        assert orders == 2 * len(training.LINES)
    finally:
        again.close()
    forget(settings)
    assert not (settings.home / "floor.sqlite").exists()


def test_training_never_opens_the_real_floor(real: Settings, hand: FloorHand) -> None:
    before = (real.home / "floor.sqlite").read_bytes()
    with pytest.raises(SettingError, match="real floor"):
        training_settings(real, real.home, 8410)
    elsewhere = replace(real, home=real.home / "other")
    with pytest.raises(SettingError, match="real floor's database"):
        training_settings(elsewhere, real.home, 8410)
    # A database of somebody else's in the folder: not founded, not reset, not migrated.
    pointed = replace(training_settings(real, real.home / "copy", 8410))
    pointed.home.mkdir()
    hand.floor.close()
    (pointed.home / "floor.sqlite").write_bytes((real.home / "floor.sqlite").read_bytes())
    for act in (open_training, forget):
        with pytest.raises(SettingError, match="without the mark"):
            act(pointed)
    assert (pointed.home / "floor.sqlite").read_bytes() == (real.home / "floor.sqlite").read_bytes()
    with sqlite3.connect(pointed.home / "floor.sqlite") as strange:
        strange.execute("ALTER TABLE warehouse RENAME TO something_else")
    strange.close()
    with pytest.raises(SettingError, match="no training floor"):
        open_training(pointed)
    assert len(before) > 0


def test_a_warehouse_without_the_mark_gets_no_exercises_and_no_mark(hand: FloorHand) -> None:
    for work in (training.lay_out, training.lessons, lambda tx: training.found(tx, "Europe/London")):
        with pytest.raises(Exception, match=r"not one to practise on|stands here already"):
            hand.write(work)
    assert hand.one("SELECT is_training FROM warehouse WHERE id = :w")["is_training"] == 0
    assert hand.all("SELECT id FROM sales_order WHERE warehouse_id = :w") == []


def test_every_exercise_can_be_scanned_through(tmp_path: Path) -> None:
    real = Settings(tmp_path / "real", f"sqlite:///{tmp_path / 'real' / 'floor.sqlite'}")
    settings = training_settings(real, None, 8410)
    open_training(settings).close()
    from fulfillment.services.releasing import planning
    from fulfillment.services.scan_path import scans

    floor = open_floor(settings)
    try:
        floor.writer.write(lambda tx: training.add_stations(tx, *_printers(tx)))
        wave = floor.read(lambda tx: tx.one("SELECT MAX(id) AS id FROM wave WHERE warehouse_id = :w"))["id"]
        planning.plan_wave(floor, wave, 200)
        codes = {lesson["name"]: lesson["codes"] for lesson in floor.read(training.lessons)}
        numbers = iter(range(10_000))

        def scan(code: str, station: str = training.KIOSK, qty_each: int | None = None) -> dict[str, object]:
            request = scans.ScanRequest(f"practise-{next(numbers)}", station, code, 1_760_000_000_000, qty_each)
            return floor.writer.write(lambda tx: scans.handle_scan(tx, request))

        assert scan(codes["sign_in"][0]["code"])["step"]["state"] == "menu"  # type: ignore[index]
        scan("RECEIVE")
        receipt, *goods = (one["code"] for one in codes["receive"])
        assert scan(receipt)["outcome"] == "applied"
        for code in goods:
            assert scan(code)["outcome"] == "applied"
        scan("HOME")
        scan("PUTAWAY")
        assert scan(codes["putaway"][0]["code"])["step"]["state"] == "location"  # type: ignore[index]
        scan("BACK")
        scan("HOME")
        scan("COUNT")
        assert scan(codes["count"][0]["code"])["step"]["state"] == "item"  # type: ignore[index]
        scan("BACK")
        scan("HOME")
        assert scan("PICK")["step"]["state"] == "cart"  # type: ignore[index]
    finally:
        floor.close()


def _printers(tx: object) -> tuple[str, str]:
    from fulfillment.services.set_up import setting_up

    for code, language in (("ZPL-T", "zpl"), ("SLIP-T", "escpos")):
        setting_up.add_printer(tx, code, "tcp://127.0.0.1:9", language)  # type: ignore[arg-type]
    return "ZPL-T", "SLIP-T"
