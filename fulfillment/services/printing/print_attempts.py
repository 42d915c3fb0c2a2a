"""What was tried to print a job, attempt by attempt: rows are added when an attempt is over and never changed.

Owns `print_attempt`, and letting go of it after the days that events are kept. An attempt that was held for the same
reason as the one before adds no row: a printer without paper is asked every two seconds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from devices.protocols import NO_OUTPUT, UNPRINTED, PrinterStatus
from fulfillment.domain.effects import AttemptOutcome
from fulfillment.domain.reasons import NotFound
from fulfillment.hot import Tx

ROWS_A_TURN = 500
DAY_MS = 86_400_000


@dataclass(frozen=True)
class Seen:
    """What the printer said of itself before the job and last, and the driver's words about it."""

    before: PrinterStatus | None = None
    after: PrinterStatus | None = None
    detail: str = ""


NOT_SEEN = Seen()


def seen_of(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, detail: str = "") -> Seen:
    """What was seen elsewhere, by the names of `PrinterStatus`."""

    def status(said: Mapping[str, Any] | None) -> PrinterStatus | None:
        return None if said is None else PrinterStatus(**{**said, "reasons": tuple(said["reasons"])})

    return Seen(status(before), status(after), detail)


class Attempted(Protocol):
    """The claim under which it was tried."""

    @property
    def effect_id(self) -> int: ...
    @property
    def fence(self) -> int: ...
    @property
    def printer_id(self) -> int: ...
    @property
    def claimed_at_ms(self) -> int: ...


def add(
    tx: Tx, job: Attempted, outcome: AttemptOutcome, detail: str, seen: Seen = NOT_SEEN, receipt_level: str = ""
) -> None:  # fmt: skip
    """An attempt is over."""
    _insert(tx, job.effect_id, job.fence, job.printer_id, job.claimed_at_ms, outcome, detail, seen, receipt_level)


def add_held(tx: Tx, job: Attempted, reason: str, seen: Seen) -> None:
    """No byte left, or what left is proven unprinted."""
    outcome = AttemptOutcome(reason) if reason in (UNPRINTED, NO_OUTPUT) else AttemptOutcome.HELD
    detail = reason if not seen.detail or seen.detail == reason else f"{reason}: {seen.detail}"
    last = tx.one(
        "SELECT outcome, detail, printer_id FROM print_attempt WHERE warehouse_id = :w AND effect_id = :id"
        " ORDER BY id DESC LIMIT 1",
        id=job.effect_id,
    )
    is_same = last is not None and (last["outcome"], last["printer_id"]) == (AttemptOutcome.HELD, job.printer_id)
    if outcome == AttemptOutcome.HELD and is_same and last["detail"].partition(":")[0] == reason:
        return
    add(tx, job, outcome, detail, seen)


def add_lost(tx: Tx, row: Mapping[str, Any], detail: str) -> None:
    """Whoever was sending is gone; `row` is the effect's."""
    _insert(
        tx, row["id"], row["fence"], row["printer_id"], row["claimed_at_ms"], AttemptOutcome.UNCERTAIN, detail,
        NOT_SEEN, "",
    )  # fmt: skip


def without_output(tx: Tx, effect_id: int) -> tuple[int, int]:
    """How often a job was taken whole and printed nothing, and how often it printed nothing at all."""
    row = tx.one(
        "SELECT COUNT(*) AS n, COALESCE(SUM(CASE WHEN outcome = 'no_output' THEN 1 ELSE 0 END), 0) AS whole"
        " FROM print_attempt WHERE warehouse_id = :w AND effect_id = :id AND outcome IN ('unprinted', 'no_output')",
        id=effect_id,
    )  # fmt: skip
    return row["whole"], row["n"]


def of_print(tx: Tx, effect_id: int) -> dict[str, Any]:
    """A print with all its attempts, the oldest first.

    Raises:
        NotFound: no such print.
    """
    row = tx.one(f"{_PRINTS} AND e.id = :id", id=effect_id)
    if row is None:
        raise NotFound("unknown_print", f"no print {effect_id}", "print")
    attempts = tx.all(
        "SELECT a.fence, p.code AS printer, a.began_at_ms, a.ended_at_ms, a.outcome, a.receipt_level, a.before_status,"
        " a.after_status, a.detail FROM print_attempt a"
        " JOIN printer p ON p.warehouse_id = a.warehouse_id AND p.id = a.printer_id"
        " WHERE a.warehouse_id = :w AND a.effect_id = :id ORDER BY a.id",
        id=effect_id,
    )
    return {**_print(row), "tries": [_told(attempt) for attempt in attempts]}


def prints(tx: Tx, state: str = "", limit: int = 50) -> Sequence[dict[str, Any]]:
    """The newest prints, of one state or of all."""
    where = "AND e.state = :state" if state else ""
    bound = {"state": state} if state else {}
    rows = tx.all(f"{_PRINTS} {where} ORDER BY e.id DESC LIMIT :limit", limit=limit, **bound)
    return [_print(row) for row in rows]


def forget(tx: Tx, days: int) -> int:
    """Let go of some attempts older than `days` (0: of none); how many they were."""
    if not days:
        return 0
    return tx.run(
        "DELETE FROM print_attempt WHERE warehouse_id = :w AND id IN (SELECT id FROM print_attempt"
        " WHERE warehouse_id = :w AND ended_at_ms < :cut_off ORDER BY id LIMIT :turn)",
        cut_off=tx.now_ms - days * DAY_MS, turn=ROWS_A_TURN,
    )  # fmt: skip


_PRINTS = """
SELECT e.id, e.subject, e.template, e.state, e.result, e.receipt_level, e.attempts, e.created_at_ms, e.done_at_ms,
COALESCE(p.code, '') AS printer, e.content_sha256, e.fields FROM outbox e
LEFT JOIN printer p ON p.warehouse_id = e.warehouse_id AND p.id = e.printer_id
WHERE e.warehouse_id = :w AND e.kind = 'print'
"""


def _print(row: Any) -> dict[str, Any]:
    """`reprint`: the number of the copy, as its paper says; 0 = the first."""
    told = dict(row)
    return {**told, "reprint": int(json.loads(told.pop("fields") or "{}").get("reprint") or 0)}


def _insert(
    tx: Tx, effect_id: int, fence: int, printer_id: int, began_at_ms: int, outcome: AttemptOutcome, detail: str,
    seen: Seen, receipt_level: str,
) -> None:  # fmt: skip
    tx.add(
        "print_attempt", effect_id=effect_id, fence=fence, printer_id=printer_id, began_at_ms=began_at_ms,
        ended_at_ms=tx.now_ms, outcome=outcome, receipt_level=receipt_level, before_status=_kept(seen.before),
        after_status=_kept(seen.after), detail=detail,
    )  # fmt: skip


def _kept(status: PrinterStatus | None) -> str:
    if status is None:
        return ""
    said = {
        "state": status.state, "reasons": status.reasons, "odometer": status.odometer, "boot": status.boot,
        "buffered_formats": status.buffered_formats, "labels_remaining": status.labels_remaining,
    }  # fmt: skip
    return json.dumps(said, separators=(",", ":"))


def _told(attempt: Any) -> dict[str, Any]:
    told = dict(attempt)
    for name in ("before_status", "after_status"):
        told[name] = json.loads(told[name]) if told[name] else None
    return told
