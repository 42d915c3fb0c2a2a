"""`floor doctor` names every fault that is planted, says what to do, and is content with a machine that is well."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fulfillment import doctor, doctor_database
from fulfillment.cli import floor_command
from fulfillment.doctor import BAD, OK, WARN, Finding, look_at_machine
from fulfillment.doctor_database import look_at_database
from fulfillment.services.printing import outbox
from fulfillment.settings import Settings
from tests.factories import FloorHand


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """A machine that is well."""
    home = tmp_path / "home"
    (home / "backups").mkdir(parents=True)
    home.chmod(0o750)
    for name, mode in (("admin-token", 0o600), ("floor.sqlite", 0o640), ("backups/one.sqlite", 0o600)):
        (home / name).touch()
        (home / name).chmod(mode)
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        ports = one.getsockname()[1], other.getsockname()[1]
    return Settings(home, f"sqlite:///{home / 'floor.sqlite'}", port=ports[0], live_port=ports[1])


def of(found: list[Finding], check: str) -> list[Finding]:
    """What one check found that is not as it should be."""
    return [finding for finding in found if finding.check == check and finding.state != OK]


def test_a_machine_that_is_well_has_nothing_bad(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "FREE_BAD_BYTES", 1)
    monkeypatch.setattr(doctor, "FREE_WARN_BYTES", 2)
    monkeypatch.setattr(doctor, "FSYNC_WARN_S", 100.0)
    found = look_at_machine(home)
    assert [finding for finding in found if finding.state != OK] == []
    assert {finding.check for finding in found} == {
        "python", "sqlite_library", "gunicorn", "disk_space", "fsync", "permissions", "clock", "ports", "backups",
    }  # fmt: skip


def _old_python(_: Settings, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(doctor, "PYTHON_LEAST", (9, 0))


def _old_sqlite(_: Settings, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(doctor.pysqlite3, "sqlite_version_info", (3, 40, 1))


def _old_gunicorn(_: Settings, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(doctor, "version", lambda _name: "20.1.0")


def _no_gunicorn(_: Settings, patch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise doctor.PackageNotFoundError(name)

    patch.setattr(doctor, "version", missing)


def _full_disk(_: Settings, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(doctor, "FREE_BAD_BYTES", 2**60)


def _slow_disk(_: Settings, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(doctor, "FSYNC_BAD_S", -1.0)


def _open_token(home: Settings, _: pytest.MonkeyPatch) -> None:
    (home.home / "admin-token").chmod(0o644)


def _open_home(home: Settings, _: pytest.MonkeyPatch) -> None:
    home.home.chmod(0o777)


def _lost_clock(_: Settings, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(doctor, "BUILT_S", 9e9)


@pytest.mark.parametrize(
    ("plant", "check"),
    [
        (_old_python, "python"), (_old_sqlite, "sqlite_library"), (_old_gunicorn, "gunicorn"),
        (_no_gunicorn, "gunicorn"), (_full_disk, "disk_space"), (_slow_disk, "fsync"), (_open_token, "permissions"),
        (_open_home, "permissions"), (_lost_clock, "clock"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_machine_is_named_with_its_remedy(
    home: Settings, monkeypatch: pytest.MonkeyPatch, plant: Callable[[Settings, pytest.MonkeyPatch], None], check: str
) -> None:
    plant(home, monkeypatch)
    (finding,) = of(look_at_machine(home), check)
    assert finding.state == BAD
    assert finding.remedy


def test_a_port_somebody_else_has_is_named(home: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", home.port))
        other.listen()
        other.settimeout(0.1)
        (finding,) = of(look_at_machine(home), "ports")
    assert "FLOOR_PORT" in finding.remedy


def test_an_old_backup_and_none_at_all_are_named(home: Settings) -> None:
    newest = home.home / "backups" / "one.sqlite"
    os.utime(newest, (time.time() - 5 * 86_400,) * 2)
    (old,) = of(look_at_machine(home), "backups")
    newest.unlink()
    (none,) = of(look_at_machine(home), "backups")
    assert (old.state, none.state) == (WARN, WARN)
    assert "5 days old" in old.words


def changed(hand: FloorHand, sql: str, **params: Any) -> list[Finding]:
    hand.write(lambda tx: tx.run(sql, **params))
    return look_at_database(hand.floor)


@pytest.fixture
def without_printers(hand: FloorHand) -> FloorHand:
    hand.write(lambda tx: tx.run("UPDATE printer SET address = 'usb:1' WHERE warehouse_id = :w"))
    return hand


def test_a_floor_that_is_well_has_nothing_to_say(without_printers: FloorHand) -> None:
    without_printers.scan("HAND-1", "nonsense")
    found = [finding for finding in look_at_database(without_printers.floor) if finding.state != OK]
    # The server of the tests is made for speed, and said to be unsafe.
    assert [finding for finding in found if finding.check != "postgresql"] == []


@pytest.mark.parametrize(
    ("check", "change"),
    [
        ("outbox", "created_at_ms = :long_ago"),
        ("uncertain", "state = 'uncertain'"),
        ("leases", "state = 'claimed', lease_until_ms = :long_ago"),
    ],
)
def test_work_that_is_stuck_is_named(without_printers: FloorHand, check: str, change: str) -> None:
    hand = without_printers
    printer = hand.one("SELECT id FROM printer WHERE warehouse_id = :w AND code = 'LABEL-1'")["id"]
    hand.write(lambda tx: outbox.queue_print(tx, "P", "label:1", printer, "location", {}))
    params = {"long_ago": hand.floor.clock() - 3_600_000} if ":long_ago" in change else {}
    (finding,) = of(changed(hand, f"UPDATE outbox SET {change} WHERE warehouse_id = :w", **params), check)
    assert finding.remedy


def test_a_job_that_was_given_up_is_named(without_printers: FloorHand) -> None:
    hand = without_printers
    hand.write(lambda tx: tx.add("job", name="x", dedupe_key="x", state="failed", created_at_ms=tx.now_ms))
    assert len(of(look_at_database(hand.floor), "jobs")) == 1


def test_a_time_zone_this_machine_does_not_know_is_named(without_printers: FloorHand) -> None:
    found = changed(without_printers, "UPDATE warehouse SET time_zone = 'Nowhere/Land' WHERE id = :w")
    assert len(of(found, "time_zone")) == 1


def test_a_printer_nobody_answers_at_is_named(hand: FloorHand) -> None:
    with socket.socket() as printer:
        printer.bind(("127.0.0.1", 0))
        printer.listen()
        address = f"tcp://127.0.0.1:{printer.getsockname()[1]}"
        found = changed(
            hand, "UPDATE printer SET address = :address WHERE warehouse_id = :w AND code = 'SLIP-1'", address=address
        )
    (finding,) = of(found, "printers")
    assert "LABEL-1 at tcp://127.0.0.1:9" in finding.words


@pytest.mark.engine("sqlite")
def test_an_entry_that_was_changed_is_named(without_printers: FloorHand) -> None:
    hand = without_printers
    hand.scan("HAND-1", "nonsense")
    hand.write(lambda tx: tx.run("DROP TRIGGER audit_log_no_update"))
    found = changed(hand, "UPDATE audit_log SET subject = 'other' WHERE warehouse_id = :w")
    assert [finding.words for finding in of(found, "audit_log")] == [
        "entry 1 is not what was written, or not where it was written"
    ]


def test_only_the_newest_entries_are_walked(without_printers: FloorHand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_database, "TAIL", 2)
    for _ in range(5):
        without_printers.scan("HAND-1", "nonsense")
    assert of(look_at_database(without_printers.floor), "audit_log") == []


@pytest.mark.engine("sqlite")
def test_figures_of_the_planner_that_are_gone_are_named(without_printers: FloorHand) -> None:
    assert len(of(changed(without_printers, "DELETE FROM sqlite_stat1"), "statistics")) == 1


def test_a_schema_that_is_not_this_versions_is_named(without_printers: FloorHand) -> None:
    hand = without_printers
    before = hand.one("SELECT version_num FROM alembic_version")["version_num"]
    (finding,) = changed(hand, "UPDATE alembic_version SET version_num = '0001'")
    assert (finding.check, finding.state, finding.remedy) == ("database", BAD, "floor upgrade")
    hand.write(lambda tx: tx.run("UPDATE alembic_version SET version_num = :before", before=before))


def test_a_clock_apart_from_the_databases_is_named(without_printers: FloorHand, engine: str) -> None:
    hand = without_printers
    found = doctor_database.look_at_database(hand.floor)
    if engine == "postgresql":
        assert {finding.check for finding in found} >= {"postgresql", "clock_skew"}
        object.__setattr__(hand.floor, "clock", lambda: 5)
        assert of(doctor_database.look_at_database(hand.floor), "clock_skew")[0].state == BAD
    else:
        assert {finding.check for finding in found}.isdisjoint({"postgresql", "clock_skew"})


def test_a_setting_of_postgresql_that_loses_scans_is_named() -> None:
    class Server:
        """Says what a badly set up server says."""

        def one(self, sql: str) -> dict[str, Any]:
            wrong = {"synchronous_commit": "off", "fsync": "off", "idle_in_transaction_session_timeout": "0"}
            right = {"full_page_writes": "on", "default_transaction_isolation": "read committed"}
            return next(
                ({"value": value} for name, value in {**wrong, **right}.items() if f"'{name}'" in sql),
                {"now": 1_000_000},
            )

    class Away:
        settings = Settings(Path("."), "postgresql+psycopg://floor@db/floor")

        def clock(self) -> int:
            return 1_000_000

    found = [one for one in doctor_database._postgresql(Server(), Away()) if one.state != OK]  # type: ignore[arg-type]
    assert [finding.words.split(" ")[0] for finding in found] == [
        "fsync", "synchronous_commit", "idle_in_transaction_session_timeout",
    ]  # fmt: skip


@pytest.mark.engine("sqlite")
def test_the_command_exits_1_on_anything_bad_and_says_what_to_do(hand: FloorHand) -> None:
    settings = hand.floor.settings
    env = {"FLOOR_HOME": str(settings.home), "FLOOR_DATABASE": settings.database_url}
    said = CliRunner().invoke(floor_command, ["doctor", "--json", "-"], env=env)
    report = json.loads(said.output)
    assert (said.exit_code, report["ok"]) == (1, False)
    printers = [finding for finding in report["findings"] if finding["check"] == "printers"]
    assert {finding["state"] for finding in printers} == {"bad"}
    assert all(finding["remedy"] for finding in report["findings"] if finding["state"] != "ok")
