"""The part of `floor doctor` that asks the database: is it ours and set up safely, what on the floor is stuck?

Reads on snapshots; the one write is the try that changes nothing (`readiness`). A database that cannot be used is the
only finding there is.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fulfillment.bootstrap import Floor
from fulfillment.db import is_sqlite
from fulfillment.doctor import BAD, OK, WARN, Finding
from fulfillment.services.records import audit_log
from fulfillment.services.working import readiness

STUCK_MS = 15 * 60_000
LEASE_OVER_MS = 5 * 60_000
TAIL = 2_000
SKEW_WARN_S, SKEW_BAD_S = 2.0, 30.0
CONNECT_S = 2.0

# setting → what it must be, and what is lost otherwise
POSTGRESQL = {
    "fsync": (("on",), "a power cut loses the database"),
    "full_page_writes": (("on",), "a power cut can tear pages"),
    "synchronous_commit": (("on", "remote_write", "remote_apply", "local"), "answered scans can be lost"),
    "default_transaction_isolation": (("read committed",), "changes fail under load"),
}


def look_at_database(floor: Floor) -> list[Finding]:
    """Everything the database can say; one that cannot be used is the only finding."""
    trouble = readiness.look(floor)
    if trouble is not None:
        return [Finding("database", BAD, trouble.title, _REMEDIES.get(trouble.code, "see the log of the database"))]
    found = [Finding("database", OK, "answers, takes changes, is at this version's schema")]
    for check in (_statistics, _time_zone, _outbox, _uncertain, _leases, _jobs, _audit_tail, _postgresql):
        found += floor.read(lambda tx, check=check: list(check(tx, floor)))
    return [*found, *_printers(floor)]


_REMEDIES = {
    "not_migrated": "floor upgrade", "schema_newer": "install the version that wrote it", "no_warehouse": "floor init",
    "database_full": "make room", "database_read_only": "see its file's permissions",
    "database_damaged": "stop the floor and restore the newest backup", "database_away": "start it, see FLOOR_DATABASE",
}  # fmt: skip


def _statistics(tx: Any, floor: Floor) -> Iterator[Finding]:
    if not is_sqlite(floor.settings.database_url):
        return
    there = tx.one("SELECT COUNT(*) AS n FROM sqlite_master WHERE name = 'sqlite_stat1'")["n"]
    if there and tx.one("SELECT COUNT(*) AS n FROM sqlite_stat1 WHERE tbl = 'stock_balance'")["n"]:
        yield Finding("statistics", OK, "the planner has its figures")
    else:
        yield Finding("statistics", BAD, "the planner's figures are gone: scans take ten times as long", "floor init")


def _time_zone(tx: Any, _: Floor) -> Iterator[Finding]:
    name = tx.one("SELECT time_zone FROM warehouse WHERE id = :w")["time_zone"]
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        yield Finding("time_zone", BAD, f"this machine knows no time zone {name!r}", "pip install tzdata")
    else:
        yield Finding("time_zone", OK, name)


def _outbox(tx: Any, _: Floor) -> Iterator[Finding]:
    row = tx.one(
        "SELECT COUNT(*) AS n, MIN(created_at_ms) AS oldest FROM outbox WHERE warehouse_id = :w"
        " AND state IN ('queued', 'held') AND created_at_ms < :since",
        since=tx.now_ms - STUCK_MS,
    )
    if row["n"]:
        minutes = (tx.now_ms - row["oldest"]) // 60_000
        yield Finding(
            "outbox", BAD, f"{row['n']} effects wait, the oldest for {minutes} minutes",
            "see that the outbox worker runs and what the board says about the printers",
        )  # fmt: skip
    else:
        yield Finding("outbox", OK, "nothing waits for long")


def _uncertain(tx: Any, _: Floor) -> Iterator[Finding]:
    rows = tx.all(
        "SELECT kind, COUNT(*) AS n FROM outbox WHERE warehouse_id = :w AND state = 'uncertain' GROUP BY kind"
        " ORDER BY kind"
    )
    for row in rows:
        yield Finding(
            "uncertain", WARN, f"{row['n']} × {row['kind']}: nobody knows what came of it",
            "look at the printer or the carrier's page, then scan the label, reprint, or decide",
        )  # fmt: skip
    if not rows:
        yield Finding("uncertain", OK, "the fate of everything sent is known")


def _leases(tx: Any, _: Floor) -> Iterator[Finding]:
    found = 0
    for table, states in (("outbox", "'claimed', 'sending'"), ("job", "'claimed'")):
        found += tx.one(
            f"SELECT COUNT(*) AS n FROM {table} WHERE warehouse_id = :w AND state IN ({states})"
            " AND lease_until_ms < :before",
            before=tx.now_ms - LEASE_OVER_MS,
        )["n"]
    if found:
        yield Finding("leases", BAD, f"{found} claims whose worker is gone", "no worker takes over: start the workers")
    else:
        yield Finding("leases", OK, "no claim without its worker")


def _jobs(tx: Any, _: Floor) -> Iterator[Finding]:
    failed = tx.one("SELECT COUNT(*) AS n FROM job WHERE warehouse_id = :w AND state = 'failed'")["n"]
    if failed:
        yield Finding("jobs", WARN, f"{failed} jobs were given up", "see the planner's log")
    else:
        yield Finding("jobs", OK, "no job was given up")


def _audit_tail(tx: Any, floor: Floor) -> Iterator[Finding]:
    since = audit_log.head(tx, floor.warehouse_id, before_last=TAIL)
    findings = audit_log.verify_chain(tx, floor.warehouse_id, since=since if since.entry_id else None)
    for words in findings:
        yield Finding("audit_log", BAD, words, "floor audit-log --verify --against a head kept elsewhere; find out who")
    if not findings:
        yield Finding("audit_log", OK, "its newest entries are as they were written")


def _postgresql(tx: Any, floor: Floor) -> Iterator[Finding]:
    if is_sqlite(floor.settings.database_url):
        return
    for name, (good, otherwise) in POSTGRESQL.items():
        value = tx.one(f"SELECT current_setting('{name}') AS value")["value"]
        if value in good:
            yield Finding("postgresql", OK, f"{name} = {value}")
        else:
            yield Finding("postgresql", BAD, f"{name} = {value}: {otherwise}", f"set {name} = {good[0]}")
    if tx.one("SELECT current_setting('idle_in_transaction_session_timeout') AS value")["value"] in ("0", ""):
        yield Finding(
            "postgresql", BAD, "idle_in_transaction_session_timeout = 0: a server cut off in its turn stops the floor",
            "set it to 5s for this database",
        )  # fmt: skip
    there_ms = tx.one("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) AS now")["now"]
    skew_s = abs(there_ms - floor.clock()) / 1000
    state = BAD if skew_s > SKEW_BAD_S else WARN if skew_s > SKEW_WARN_S else OK
    yield Finding("clock_skew", state, f"{skew_s:.1f} s from the database's clock", "" if state == OK else "run chrony")


def _printers(floor: Floor) -> Iterator[Finding]:
    for row in floor.read(lambda tx: tx.all("SELECT code, address FROM printer WHERE warehouse_id = :w ORDER BY code")):
        where = urlsplit(row["address"])
        if where.scheme != "tcp" or where.hostname is None:
            continue
        try:
            # Nothing is sent: a connection opened and closed prints nothing.
            socket.create_connection((where.hostname, where.port or 9100), CONNECT_S).close()
        except OSError as error:
            yield Finding(
                "printers", BAD, f"{row['code']} at {row['address']} cannot be reached: {error.strerror or error}",
                "see that it is on and in this network",
            )  # fmt: skip
        else:
            yield Finding("printers", OK, f"{row['code']} answers at {row['address']}")
