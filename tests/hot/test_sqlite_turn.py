"""The writers' lock covers every write, checkpoint and close; a library that could corrupt the file is not used."""

from __future__ import annotations

import fcntl
import shutil
import threading
from collections.abc import Callable

import pysqlite3
import pytest

from fulfillment.bootstrap import migrate, open_floor
from fulfillment.db import UnsafeSqlite, sqlite_path
from fulfillment.hot.sqlite import CHECKPOINT_PAGES, lock_path
from fulfillment.settings import Settings
from tests.factories import FloorHand


@pytest.mark.engine("sqlite")
def test_readers_never_checkpoint_and_the_writer_does_at_its_commits(hand: FloorHand) -> None:
    pages = "PRAGMA wal_autocheckpoint"
    assert hand.floor.read(lambda tx: tx.one(pages)) == {"wal_autocheckpoint": 0}
    assert hand.write(lambda tx: tx.one(pages)) == {"wal_autocheckpoint": CHECKPOINT_PAGES}


@pytest.mark.engine("sqlite")
def test_nobody_closes_a_connection_while_another_process_has_its_turn(settings: Settings) -> None:
    floor = open_floor(settings)
    floor.read(lambda tx: tx.one("SELECT 1 AS one"))
    with lock_path(sqlite_path(settings.database_url)).open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        closing = threading.Thread(target=floor.engine.dispose)
        closing.start()
        closing.join(0.2)
        assert closing.is_alive()
        fcntl.flock(turn, fcntl.LOCK_UN)
    closing.join(10)
    assert not closing.is_alive()


@pytest.mark.engine("sqlite")
def test_a_migration_waits_for_its_turn_like_everybody_who_writes(settings: Settings) -> None:
    with lock_path(sqlite_path(settings.database_url)).open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        log = sqlite_path(settings.database_url).with_name("floor.sqlite-wal")
        migrating = threading.Thread(target=migrate, args=(settings,))
        migrating.start()
        migrating.join(1.5)
        assert migrating.is_alive()
        assert not log.exists() or log.stat().st_size == 0, "nothing was written"
        fcntl.flock(turn, fcntl.LOCK_UN)
    migrating.join(30)
    assert not migrating.is_alive()


@pytest.mark.engine("sqlite")
def test_a_floor_whose_folder_has_gone_still_closes(settings: Settings) -> None:
    floor = open_floor(settings)
    floor.read(lambda tx: tx.one("SELECT 1 AS one"))
    shutil.rmtree(settings.home)
    floor.close()


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("start", [open_floor, migrate])
def test_nothing_starts_on_a_library_that_can_corrupt_the_file(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, start: Callable[[Settings], object]
) -> None:
    monkeypatch.setattr(pysqlite3, "sqlite_version_info", (3, 51, 2))
    with pytest.raises(UnsafeSqlite, match=r"3\.51\.2.*pysqlite3"):
        start(settings)
