"""Rules of an upgrade: nothing is lost by it, nobody is on the floor, and killed at any moment it leaves a floor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import inspect

from fulfillment.bootstrap import open_floor
from fulfillment.cli import floor_command
from fulfillment.hot.presence import Presence
from fulfillment.processes import free_port
from fulfillment.safekeeping import NotSafe, schema
from fulfillment.safekeeping import upgrade as upgrading
from fulfillment.safekeeping.backup import read_paper
from fulfillment.safekeeping.restore import restore
from fulfillment.safekeeping.upgrade import upgrade
from fulfillment.services.verifying.verify import verify
from fulfillment.settings import Settings

pytestmark = pytest.mark.engine("sqlite")

OLD = "0022"  # the last schema before a floor ran on two engines


@pytest.fixture
def old(tmp_path: Path) -> Settings:
    """A floor with stock on an older schema, which nobody has open."""
    settings = Settings(tmp_path, f"sqlite:///{tmp_path / 'floor.sqlite'}")
    with schema.engine_of(settings.database_url) as engine:
        schema.bring_to(engine, OLD)
        with engine.connect() as connection:
            for statement in PAST:
                connection.exec_driver_sql(statement)
            connection.commit()
    return settings


PAST = (
    "INSERT INTO warehouse (id, code, time_zone, gs1_company_prefix) VALUES (1, 'MAIN', 'Europe/London', '0614141')",
    "INSERT INTO location (warehouse_id, id, code, kind) VALUES (1, 1, 'SUPPLIER', 'virtual')",
    "INSERT INTO location (warehouse_id, id, code, kind) VALUES (1, 11, 'A1', 'bin')",
    "INSERT INTO lpn (warehouse_id, id, code, kind) VALUES (1, 0, '', 'none')",
    "INSERT INTO item (warehouse_id, id, sku, sku_key, name) VALUES (1, 1, 'MUG', 'MUG', 'Mug')",
    "INSERT INTO receipt (warehouse_id, id, number, state, received_on, content_sha256, created_at_ms)"
    " VALUES (1, 1, 'R1', 'closed', '2026-01-01', '', 0)",
    "INSERT INTO receipt_line (warehouse_id, id, receipt_id, item_id, expected_each, received_each)"
    " VALUES (1, 1, 1, 1, 7, 7)",
    "INSERT INTO layer (warehouse_id, id, item_id, receipt_id, received_on, created_at_ms)"
    " VALUES (1, 1, 1, 1, '2026-01-01', 0)",
    "INSERT INTO stock_move (warehouse_id, id, layer_id, item_id, from_location_id, to_location_id, qty_each, reason,"
    " occurred_at_ms, recorded_at_ms) VALUES (1, 1, 1, 1, 1, 11, 7, 'receive', 0, 0)",
    "INSERT INTO stock_balance (warehouse_id, location_id, layer_id, lpn_id, status, item_id, on_hand_each)"
    " VALUES (1, 11, 1, 0, 'available', 1, 7)",
)


def standing(settings: Settings) -> tuple[str, int]:
    """The schema of a floor and the units that lie in it."""
    with schema.engine_of(settings.database_url) as engine, engine.connect() as connection:
        (units,) = connection.exec_driver_sql("SELECT SUM(on_hand_each) FROM stock_balance").one()
        (said,) = connection.exec_driver_sql("PRAGMA integrity_check").one()
        assert said == "ok"
        return schema.revision_of(engine), units


def test_an_old_floor_is_copied_away_and_is_verified_on_the_new_schema(old: Settings, tmp_path: Path) -> None:
    upgraded = upgrade(old.database_url, tmp_path / "backups")
    assert (upgraded.from_revision, upgraded.revision) == (OLD, schema.newest())
    assert standing(old) == (schema.newest(), 7)
    paper = read_paper(Path(upgraded.backup))
    assert (paper.revision, paper.verified, paper.ends[0].moves) == (OLD, "file", 1)
    floor = open_floor(old)
    assert floor.read(verify)["ok"]
    floor.close()
    assert sorted(path.name for path in tmp_path.glob(".floor*")) == []


def test_the_copy_made_before_is_the_way_back(old: Settings, tmp_path: Path) -> None:
    upgraded = upgrade(old.database_url, tmp_path / "backups")
    restored = restore(Path(upgraded.backup), old.database_url, replace=True)
    assert (restored.from_revision, restored.revision) == (OLD, schema.newest())
    assert standing(old)[1] == 7


def test_a_floor_on_todays_schema_is_left_alone(settings: Settings, tmp_path: Path) -> None:
    assert upgrade(settings.database_url, tmp_path / "backups").backup == ""
    assert not (tmp_path / "backups").exists()


def test_a_floor_that_is_served_is_not_upgraded(old: Settings, tmp_path: Path) -> None:
    with Presence(tmp_path / "floor.sqlite"), pytest.raises(NotSafe, match="stop the floor first"):
        upgrade(old.database_url, tmp_path / "backups")
    assert standing(old) == (OLD, 7)


def test_a_migration_that_fails_leaves_the_floor_as_it_was_and_names_the_copy(
    old: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_to = schema.bring_to

    def half(engine: Any, revision: str) -> None:
        bring_to(engine, "0025")
        raise RuntimeError("no space left on device")

    monkeypatch.setattr(schema, "bring_to", half)
    with pytest.raises(NotSafe, match=r"as it was; its copy is .*backups/.*no space left"):
        upgrade(old.database_url, tmp_path / "backups")
    monkeypatch.undo()
    assert standing(old) == (OLD, 7)
    assert upgrade(old.database_url, tmp_path / "backups").revision == schema.newest()


def test_a_floor_that_does_not_verify_on_the_new_schema_stays_on_the_old_one(old: Settings, tmp_path: Path) -> None:
    with schema.engine_of(old.database_url) as engine, engine.connect() as connection:
        connection.exec_driver_sql("UPDATE stock_balance SET on_hand_each = 8")
        connection.commit()
    with pytest.raises(NotSafe, match="balances_equal_ledger"):
        upgrade(old.database_url, tmp_path / "backups")
    assert standing(old) == (OLD, 8)


# The n-th time the program opens, renames, removes, links or syncs a file, it is gone.
KILLED_AT = """
import os, signal, sys
from pathlib import Path
from fulfillment.safekeeping.upgrade import upgrade

count, at, home = 0, int(sys.argv[2]), Path(sys.argv[1])
def watch(event, arguments):
    global count
    if event in ("os.rename", "os.remove", "os.link") or (event == "open" and str(home) in str(arguments[0])):
        count += 1
        if count == at:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
upgrade(f"sqlite:///{home / 'floor.sqlite'}", home / "backups")
print(count)
"""


def upgrade_until(home: Path, at: int) -> int | None:
    """Upgrade in a process of its own that dies at its `at`-th touch of a file; how many there were when it lived."""
    run = subprocess.run(
        [sys.executable, "-c", KILLED_AT, str(home), str(at)], capture_output=True, text=True, env=dict(os.environ)
    )
    if run.returncode == -signal.SIGKILL:
        return None
    assert run.returncode == 0, run.stderr
    return int(run.stdout)


def test_killed_at_any_moment_it_leaves_a_floor_that_an_upgrade_goes_on_from(old: Settings, tmp_path: Path) -> None:
    content = (tmp_path / "floor.sqlite").read_bytes()
    (tmp_path / "whole").mkdir()
    (tmp_path / "whole" / "floor.sqlite").write_bytes(content)
    touches = upgrade_until(tmp_path / "whole", 0)
    assert touches is not None
    found = set()
    for number, at in enumerate(sorted({1, touches, *range(2, touches, max(1, touches // 5))})):
        home = tmp_path / f"killed-{number}"
        home.mkdir()
        (home / "floor.sqlite").write_bytes(content)
        assert upgrade_until(home, at) is None
        settings = Settings(home, f"sqlite:///{home / 'floor.sqlite'}")
        revision, units = standing(settings)
        assert (revision in (OLD, schema.newest()), units) == (True, 7)
        found.add(revision)
        assert upgrade(settings.database_url, home / "backups").revision == schema.newest()
        assert standing(settings) == (schema.newest(), 7)
    assert found == {OLD, schema.newest()}


def test_an_upgrade_on_postgresql_is_copied_away_and_verified(
    old: Settings, tmp_path: Path, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.create(f"old_{os.getpid()}")
    with schema.engine_of(url) as engine:
        schema.bring_to(engine, OLD)
        with engine.connect() as connection:
            for statement in PAST:
                connection.exec_driver_sql(statement)
            connection.commit()
            with pytest.raises(NotSafe, match="connections of the floor are open"):
                upgrade(url, tmp_path / "backups")
        engine.dispose()
        bring_to = schema.bring_to

        def none(engine: Any, revision: str) -> None:
            if revision == "head":
                raise RuntimeError("the server is gone")
            bring_to(engine, revision)

        monkeypatch.setattr(schema, "bring_to", none)
        with pytest.raises(NotSafe, match="the floor is as it was"):
            upgrade(url, tmp_path / "backups")
        monkeypatch.undo()
        upgraded = upgrade(url, tmp_path / "backups")
        assert schema.revision_of(engine) == schema.newest()
        assert inspect(engine).has_table("procrastinate_jobs", schema="procrastinate"), "or no wave could be released"
    back = Settings(tmp_path / "back", f"sqlite:///{tmp_path / 'back' / 'floor.sqlite'}")
    assert restore(Path(upgraded.backup), back.database_url).from_revision == OLD
    assert standing(back) == (schema.newest(), 7)
    assert upgrading.upgrade(url, tmp_path / "backups").backup == ""


@pytest.mark.parametrize("command", ["init", "run"])
def test_what_starts_a_floor_changes_no_older_schema(old: Settings, command: str) -> None:
    env = {"FLOOR_HOME": str(old.home), "FLOOR_DATABASE": old.database_url, "FLOOR_PORT": str(free_port())}
    result = CliRunner(env={**env, "FLOOR_LIVE_PORT": str(free_port())}).invoke(floor_command, [command])
    assert isinstance(result.exception, NotSafe)
    assert "floor upgrade" in str(result.exception)
    with schema.engine_of(old.database_url) as engine:
        assert schema.revision_of(engine) == OLD
