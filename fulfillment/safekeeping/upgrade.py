"""A floor on a newer schema: copied away, migrated, verified, and only then in place.

On SQLite the migration works on a second copy, which takes the floor's name in one step: killed at any moment, the
floor is as before or as after. On PostgreSQL the migration is one transaction. Nobody may be on the floor meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.engine import Engine

from fulfillment.db import is_sqlite, sqlite_path
from fulfillment.hot.presence import FloorInUse, Presence
from fulfillment.safekeeping import NotSafe, files, schema
from fulfillment.safekeeping.backup import back_up, check, copy_file, refuse_wrong
from fulfillment.safekeeping.restore import swap


@dataclass(frozen=True)
class Upgraded:
    """From which schema to which; `backup`: the copy made before ('' = nothing was to be done)."""

    from_revision: str
    revision: str
    backup: str = ""


def upgrade(url: str, backups: Path) -> Upgraded:
    """Bring the floor at `url` to today's schema.

    Raises:
        NotSafe: somebody is on it, the copy is not right, or the migration or what it made is not: the floor is
            then as it was, and the words name the copy.
    """
    if not is_sqlite(url):
        with schema.engine_of(url) as engine:
            _refuse_others(engine)
            return _in_one_transaction(engine, url, backups)
    place = sqlite_path(url)
    if not place.exists():
        raise NotSafe(f"there is no floor at {place}: run `floor init`")
    try:
        alone = Presence(place, alone=True)
    except FloorInUse as error:
        raise NotSafe(str(error)) from error
    with alone:
        return _beside(url, place, backups)


def _beside(url: str, place: Path, backups: Path) -> Upgraded:
    with schema.engine_of(url) as engine:
        before = _revision(engine)
        if before == schema.newest():
            return Upgraded(before, before)
        copy = _copy_away(url, before, backups)
        with files.unfinished(place, "upgrading") as made:
            copy_file(engine, made)
            engine.dispose()
            try:
                with schema.engine_of(f"sqlite:///{made}") as fresh:
                    schema.bring_to(fresh, "head")
                check(made, schema.newest())
            except Exception as error:
                raise NotSafe(f"the floor is as it was; its copy is {copy}. The upgrade failed: {error}") from error
            files.remove_beside(made)
            swap(made, place, None)
    return Upgraded(before, schema.newest(), str(copy))


def _in_one_transaction(engine: Engine, url: str, backups: Path) -> Upgraded:
    before = _revision(engine)
    if before == schema.newest():
        schema.bring_queue(engine)
        return Upgraded(before, before)
    copy = _copy_away(url, before, backups)
    try:
        schema.bring_to(engine, "head")
    except Exception as error:
        raise NotSafe(f"the floor is as it was; its copy is {copy}. The upgrade failed: {error}") from error
    try:
        refuse_wrong(engine)
    except NotSafe as error:
        raise NotSafe(
            f"{error}. The floor is on the new schema; to go back, restore {copy} into a new database with the"
            " version of the program that made it"
        ) from error
    return Upgraded(before, schema.newest(), str(copy))


def _copy_away(url: str, before: str, backups: Path) -> Path:
    copy = backups / f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-schema-{before}.sqlite"
    back_up(url, copy)
    return copy


def _revision(engine: Engine) -> str:
    found = schema.revision_of(engine)
    if not found:
        raise NotSafe("there is no floor: run `floor init`")
    return found


def _refuse_others(engine: Engine) -> None:
    with engine.connect() as connection:
        (others,) = connection.exec_driver_sql(
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND application_name = 'floorline'"
        ).one()
    if others:
        raise NotSafe(f"{others} connections of the floor are open: stop the floor on every machine first")


def refuse_older(url: str) -> None:
    """What starts a floor makes a new database or takes one as it is: it changes no schema without a copy.

    Raises:
        NotSafe: the floor there is of an older schema (or of a newer program).
    """
    if is_sqlite(url) and not sqlite_path(url).exists():
        return
    with schema.engine_of(url) as engine:
        found = schema.revision_of(engine)
    if found not in ("", schema.newest()):
        raise NotSafe("the floor has an older schema: run `floor upgrade`, which copies it first")
