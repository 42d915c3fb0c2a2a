"""Letting go of what is old: answers of scans, events, buyers' personal data; each after its own number of days.

A scan's row stays with its id and the hash of its body, only the answer goes: however late a device sends it again,
it is not applied twice. The ledger, its papers and the audit log are kept for ever. Everything happens in small
transactions, so that a scan never waits for more than one of them.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fulfillment.bootstrap import Floor
from fulfillment.domain.chaining import AuditKind
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.packing import cartons
from fulfillment.services.printing import print_attempts
from fulfillment.services.records import audit_log, erasure
from fulfillment.services.working import jobs

DAY_MS = 86_400_000
SCANS_A_TURN = 500
EVENTS_A_TURN = 500
ORDERS_A_TURN = 20

LET_GO = "let_go"  # the job's name

NOBODY = Actor(occurred_at_ms=0)


@dataclass(frozen=True)
class Keeping:
    """For how many days each is kept; 0 = for ever."""

    scans_days: int
    events_days: int
    buyers_days: int


def of_settings(settings: Any) -> Keeping:
    """What the settings say."""
    return Keeping(settings.keep_scans_days, settings.keep_events_days, settings.keep_buyers_days)


class Daily:
    """Has a worker let go of what is old once a day, however many workers there are."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._asked_on = -1

    def ask(self) -> None:
        """Ask for today's, if nobody has."""
        day = self._floor.clock() // DAY_MS
        if day != self._asked_on:
            self._floor.writer.write(lambda tx: jobs.defer(tx, LET_GO, {}, f"{LET_GO}:{day}"))
            self._asked_on = day


def kind() -> jobs.Kind:
    """How the daily job is run."""

    def run(floor: Floor, _arguments: Mapping[str, Any]) -> str:
        while floor.writer.write(cartons.forget_pictures):
            pass
        while floor.writer.write(lambda tx: print_attempts.forget(tx, floor.settings.keep_events_days)):
            pass
        return json.dumps(let_go(floor, of_settings(floor.settings)))

    return jobs.Kind(run)


@dataclass(frozen=True)
class _Old:
    """What is older than it is kept: the range of scans, of events, how many of each, and the orders."""

    scans_after: int
    scans_until: int
    scans: int
    events_until: int
    events: int
    orders: list[Any]


def let_go(
    floor: Floor, keeping: Keeping, dry_run: bool = False, stop: threading.Event | None = None
) -> dict[str, int]:  # fmt: skip
    """Let go of what is old; says how much it was (or would be). Can be stopped between two transactions."""
    stop = stop or threading.Event()
    old = floor.read(lambda tx: _find(tx, keeping))
    report = {"scans": old.scans, "events": old.events, "buyers": len(old.orders)}
    if dry_run:
        return report
    if old.scans:
        _let_go_of_scans(floor, old, stop)
    if old.events:
        _let_go_of_events(floor, old, stop)
    for first in range(0, len(old.orders), ORDERS_A_TURN):
        if stop.is_set():
            break
        orders = old.orders[first : first + ORDERS_A_TURN]
        scans = floor.read(lambda tx, orders=orders: erasure.scans_showing(tx, orders))
        floor.writer.write(lambda tx, orders=orders, scans=scans: erasure.erase_orders(tx, NOBODY, orders, scans))
    return report


def _find(tx: Any, keeping: Keeping) -> _Old:
    scans_after, scans_until, scans = _old_scans(tx, keeping.scans_days)
    events_until, events = _old_events(tx, keeping.events_days)
    return _Old(scans_after, scans_until, scans, events_until, events, _old_orders(tx, keeping.buyers_days))


def _old_scans(tx: Any, days: int) -> tuple[int, int, int]:
    if not days:
        return 0, 0, 0
    # The range of the newest entry is looked at again: whoever wrote it may have been stopped in the middle.
    told = tx.all(
        "SELECT content FROM audit_log WHERE warehouse_id = :w AND kind = 'retention' ORDER BY id DESC LIMIT 2"
    )
    after = json.loads(told[1]["content"])["scans_until"] if len(told) > 1 else 0
    cut_off = tx.now_ms - days * DAY_MS
    until = tx.one(
        "SELECT id FROM scan WHERE warehouse_id = :w AND recorded_at_ms < :cut_off"
        " ORDER BY recorded_at_ms DESC, id DESC LIMIT 1",
        cut_off=cut_off,
    )
    if until is None or until["id"] <= after:
        return after, after, 0
    count = tx.one(
        "SELECT COUNT(*) AS n FROM scan WHERE warehouse_id = :w AND id > :after AND id <= :until AND outcome <> ''",
        after=after, until=until["id"],
    )["n"]  # fmt: skip
    return after, until["id"], count


def _old_events(tx: Any, days: int) -> tuple[int, int]:
    if not days:
        return 0, 0
    # The newest event always stays: the next one must not get a number that followers have seen.
    row = tx.one(
        "SELECT COALESCE(MAX(id), 0) AS until, COUNT(*) AS n FROM event WHERE warehouse_id = :w"
        " AND recorded_at_ms < :cut_off AND id < (SELECT MAX(id) FROM event WHERE warehouse_id = :w)",
        cut_off=tx.now_ms - days * DAY_MS,
    )
    return row["until"], row["n"]


def _old_orders(tx: Any, days: int) -> list[Any]:
    if not days:
        return []
    return list(
        tx.all(
            f"SELECT id, number, state, created_at_ms, {', '.join(erasure.PERSONAL)} FROM sales_order"
            " WHERE warehouse_id = :w AND state IN ('shipped', 'cancelled') AND erased_at_ms IS NULL"
            f" AND state_since_ms < :cut_off ORDER BY id LIMIT {erasure.ORDERS_MAX}",
            cut_off=tx.now_ms - days * DAY_MS,
        )
    )


def _let_go_of_scans(floor: Floor, old: _Old, stop: threading.Event) -> None:
    for first in range(old.scans_after, old.scans_until, SCANS_A_TURN):
        last = min(first + SCANS_A_TURN, old.scans_until)
        is_first = first == old.scans_after

        def turn(tx: Tx, first: int = first, last: int = last, is_first: bool = is_first) -> None:
            if is_first:
                # Told before anything goes: an entry vouches for a scan until the log says that it was let go.
                content = {"scans_until": old.scans_until, "scans": [], "events_until": old.events_until}
                audit_log.append(tx, AuditKind.RETENTION, NOBODY, f"{old.scans} answers of scans", content)
            tx.put(
                "UPDATE scan SET outcome = '' WHERE warehouse_id = :w AND id > :first AND id <= :last"
                " AND outcome <> ''",
                first=first, last=last,
            )  # fmt: skip

        if stop.is_set():
            return
        floor.writer.write(turn)


def _let_go_of_events(floor: Floor, old: _Old, stop: threading.Event) -> None:
    while not stop.is_set():
        first = floor.read(lambda tx: tx.one("SELECT MIN(id) AS id FROM event WHERE warehouse_id = :w"))["id"]
        if first is None or first > old.events_until:
            return
        last = min(first + EVENTS_A_TURN - 1, old.events_until)
        floor.writer.write(
            lambda tx, last=last: tx.put("DELETE FROM event WHERE warehouse_id = :w AND id <= :last", last=last)
        )
