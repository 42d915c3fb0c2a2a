"""Who picks when: shifts with their breaks as they were set, and who is signed in where nobody set any.

Refuses hours of somebody unknown, hours that end before they begin, breaks outside them. Invariant: an operator's
shifts do not overlap; setting one replaces those it touches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.hot import Tx

MAX_BREAKS = 10
LONGEST_MS = 24 * 3_600_000
SIGNED_IN_MS = 4 * 3_600_000
"""How long somebody who is signed in at a handheld is taken to stay, when no shift was set for them."""


def set_shift(
    tx: Tx, badge: str, from_at_ms: int, until_at_ms: int, breaks: Sequence[tuple[int, int]] = ()
) -> dict[str, Any]:
    """Say when an operator picks; replaces shifts of theirs that overlap.

    Raises:
        NotFound: nobody active has the badge.
        DomainError: bad hours.
    """
    operator = tx.one(
        "SELECT id FROM operator WHERE warehouse_id = :w AND badge = :badge AND is_active = 1", badge=badge
    )
    if operator is None:
        raise NotFound("unknown_operator", f"nobody has badge {badge!r}", "badge")
    if not from_at_ms < until_at_ms <= from_at_ms + LONGEST_MS:
        raise DomainError("bad_time", "a shift ends after it begins, within 24 hours", "ends")
    if len(breaks) > MAX_BREAKS:
        raise DomainError("bad_quantity", f"a shift has {MAX_BREAKS} breaks at most", "breaks")
    last_ms = from_at_ms
    for at, (begin_ms, end_ms) in enumerate(breaks):
        if not last_ms <= begin_ms < end_ms <= until_at_ms:
            raise DomainError("bad_time", "breaks lie in the shift, one after the other", f"breaks[{at}]")
        last_ms = end_ms + 1
    _take_away(tx, operator["id"], from_at_ms, until_at_ms)
    shift_id = tx.insert(
        "picker_shift", operator_id=operator["id"], from_at_ms=from_at_ms, until_at_ms=until_at_ms
    )
    for begin_ms, end_ms in breaks:
        tx.insert("shift_break", shift_id=shift_id, from_at_ms=begin_ms, until_at_ms=end_ms)
    return {"badge": badge, "from_at_ms": from_at_ms, "until_at_ms": until_at_ms, "breaks": [list(b) for b in breaks]}


def remove_shift(tx: Tx, badge: str, at_ms: int) -> None:
    """Take away the shift an operator has at that moment.

    Raises:
        NotFound: there is none.
    """
    row = tx.one(
        "SELECT s.operator_id FROM picker_shift s JOIN operator o ON o.warehouse_id = s.warehouse_id"
        " AND o.id = s.operator_id WHERE s.warehouse_id = :w AND o.badge = :badge AND s.from_at_ms <= :at"
        " AND s.until_at_ms > :at",
        badge=badge, at=at_ms,
    )  # fmt: skip
    if row is None:
        raise NotFound("unknown_shift", f"{badge} has no shift then", "badge")
    _take_away(tx, row["operator_id"], at_ms, at_ms + 1)


def listed(tx: Tx, from_at_ms: int, until_at_ms: int) -> list[dict[str, Any]]:
    """Shifts that touch these hours, with their breaks."""
    rows = tx.all(
        "SELECT s.id, o.id AS operator_id, o.badge, o.name, s.from_at_ms, s.until_at_ms FROM picker_shift s"
        " JOIN operator o ON o.warehouse_id = s.warehouse_id AND o.id = s.operator_id"
        " WHERE s.warehouse_id = :w AND s.until_at_ms > :from AND s.from_at_ms < :until AND o.is_active = 1"
        " ORDER BY s.from_at_ms, o.badge, s.id",
        **{"from": from_at_ms, "until": until_at_ms},
    )
    rests: dict[int, list[tuple[int, int]]] = {row["id"]: [] for row in rows}
    if rests:
        ids = ", ".join(str(int(shift_id)) for shift_id in rests)
        for rest in tx.all(
            f"SELECT shift_id, from_at_ms, until_at_ms FROM shift_break WHERE warehouse_id = :w AND shift_id IN ({ids})"
            " ORDER BY from_at_ms"
        ):
            rests[rest["shift_id"]].append((rest["from_at_ms"], rest["until_at_ms"]))
    return [
        {
            "operator_id": row["operator_id"], "badge": row["badge"], "name": row["name"],
            "from_at_ms": row["from_at_ms"], "until_at_ms": row["until_at_ms"], "breaks": rests[row["id"]],
        }
        for row in rows
    ]  # fmt: skip


def on_shift(tx: Tx, horizon_ms: int) -> list[dict[str, Any]]:
    """Who picks from now on within the horizon; where no shift was set at all, whoever is signed in at a handheld."""
    shifts = listed(tx, tx.now_ms, tx.now_ms + max(1, horizon_ms))
    if shifts:
        # One shift each: a second one of the same person begins after the first has ended.
        first: dict[int, dict[str, Any]] = {}
        for shift in shifts:
            first.setdefault(shift["operator_id"], shift)
        return list(first.values())
    rows = tx.all(
        "SELECT DISTINCT o.id AS operator_id, o.badge, o.name FROM dialogue d JOIN station s"
        " ON s.warehouse_id = d.warehouse_id AND s.id = d.station_id JOIN operator o"
        " ON o.warehouse_id = d.warehouse_id AND o.id = d.operator_id"
        " WHERE d.warehouse_id = :w AND s.kind = 'handheld' AND d.state <> 'signed_out' AND o.is_active = 1"
        " AND d.flow IN ('home', 'pick') ORDER BY o.badge"
    )
    until_ms = tx.now_ms + SIGNED_IN_MS
    return [{**dict(row), "from_at_ms": tx.now_ms, "until_at_ms": until_ms, "breaks": []} for row in rows]


def _take_away(tx: Tx, operator_id: int, from_at_ms: int, until_at_ms: int) -> None:
    rows = tx.all(
        "SELECT id FROM picker_shift WHERE warehouse_id = :w AND operator_id = :operator AND until_at_ms > :from"
        " AND from_at_ms < :until",
        operator=operator_id, **{"from": from_at_ms, "until": until_at_ms},
    )  # fmt: skip
    for row in rows:
        tx.put("DELETE FROM shift_break WHERE warehouse_id = :w AND shift_id = :id", id=row["id"])
        tx.put("DELETE FROM picker_shift WHERE warehouse_id = :w AND id = :id", id=row["id"])
