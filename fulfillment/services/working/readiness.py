"""Can this process serve just now, and if not, why? One word for each reason a database does not do its work.

`trouble_of` names what an exception of either engine means; `look` tries the database for real, with a write that
changes nothing, because a full disk and a read-only file answer every read. A reason is for people and balancers:
it holds no address, statement or value.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from fulfillment.bootstrap import Floor
from fulfillment.hot import OutcomeUnknown, Tx, WriterClosed


@dataclass(frozen=True)
class Trouble:
    """Why the floor cannot serve: a stable code, words, and when to come again."""

    code: str
    title: str
    retry_after_s: int = 2


AWAY = Trouble("database_away", "the database cannot be reached")
BUSY = Trouble("database_busy", "the database has too much to do just now", 1)
FULL = Trouble("database_full", "the database has no room left", 15)
READ_ONLY = Trouble("database_read_only", "the database takes no changes", 15)
DAMAGED = Trouble("database_damaged", "the database file is damaged", 60)
NOT_MIGRATED = Trouble("not_migrated", "the database is not at this version's schema: floor upgrade", 15)
SCHEMA_NEWER = Trouble("schema_newer", "the database belongs to a newer version", 15)
NO_WAREHOUSE = Trouble("no_warehouse", "this warehouse is not founded in the database", 15)
UNKNOWN = Trouble("outcome_unknown", "nobody knows yet whether this was kept; send the same again", 1)
STOPPING = Trouble("stopping", "this server is about to stop", 1)

_SQLITE = {
    "SQLITE_FULL": FULL, "SQLITE_READONLY": READ_ONLY, "SQLITE_CANTOPEN": AWAY, "SQLITE_IOERR": AWAY,
    "SQLITE_BUSY": BUSY, "SQLITE_LOCKED": BUSY, "SQLITE_CORRUPT": DAMAGED, "SQLITE_NOTADB": DAMAGED,
}  # fmt: skip

# Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
_SQLSTATE = {
    "53100": FULL, "53200": BUSY, "53300": BUSY, "25006": READ_ONLY, "55P03": BUSY, "57014": BUSY, "25P03": AWAY,
    "57P01": AWAY, "57P02": AWAY, "57P03": AWAY, "40001": BUSY, "40P01": BUSY, "42P01": NOT_MIGRATED,
    "3D000": AWAY, "28P01": AWAY, "28000": AWAY, "58030": AWAY,
}  # fmt: skip


def trouble_of(error: BaseException) -> Trouble | None:
    """What an exception says about the database; None when it is a bug of ours."""
    if isinstance(error, OutcomeUnknown):
        return UNKNOWN
    if isinstance(error, WriterClosed):
        return STOPPING
    if isinstance(error, PoolTimeout):
        return BUSY
    found: Any = error.orig if isinstance(error, DBAPIError) else error
    name = getattr(found, "sqlite_errorname", None)
    if name is not None:
        if name == "SQLITE_ERROR":
            return NOT_MIGRATED if "no such table" in str(found) else None
        # Extended codes say where: SQLITE_IOERR_WRITE, SQLITE_READONLY_DBMOVED.
        return next((trouble for code, trouble in _SQLITE.items() if name == code or name.startswith(code + "_")), None)
    if hasattr(found, "sqlstate"):
        state = found.sqlstate
        if state is None:
            # The driver itself: no connection, or one that broke.
            is_connection = type(found).__name__ in ("OperationalError", "ConnectionTimeout", "PoolTimeout")
            return AWAY if is_connection else None
        return AWAY if state.startswith("08") else _SQLSTATE.get(state)
    return None


def look(floor: Floor) -> Trouble | None:
    """Try the database; None when all is well."""
    try:
        return floor.writer.write(_try)
    except Exception as error:
        trouble = trouble_of(error)
        if trouble is None:
            raise
        return trouble


def _try(tx: Tx) -> Trouble | None:
    row = tx.one("SELECT v.version_num, w.id FROM alembic_version v LEFT JOIN warehouse w ON w.id = :w")
    if row is None:
        return NOT_MIGRATED
    if row["version_num"] != _revisions()[0]:
        return NOT_MIGRATED if row["version_num"] in _revisions() else SCHEMA_NEWER
    if row["id"] is None:
        return NO_WAREHOUSE
    tx.run("UPDATE warehouse SET name = name WHERE id = :w")
    return None


@cache
def _revisions() -> tuple[str, ...]:
    """The schema's revisions this version knows, newest first."""
    folder = Path(__file__).resolve().parents[2] / "migrations"
    return tuple(script.revision for script in ScriptDirectory(str(folder)).walk_revisions())
