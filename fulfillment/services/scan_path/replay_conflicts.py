"""Scans noted without the network that the floor did not take: written down where they are refused, decided once.

Owns `replay_conflict`. A decision moves no stock: what lies where is put right by scans or by the count it can ask
for. Refuses who may not decide, and a second decision. Invariant: a noted scan that was refused has exactly one row,
and so has one that was made before the answer to the scan before it was seen, with that one if it was refused too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fulfillment.domain.counting import CountCause
from fulfillment.domain.noted import Decision, Noted
from fulfillment.domain.reasons import Conflict, DomainError, NotFound, Reject, Rejected
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.pages import check_limit
from fulfillment.services.common.running import tell
from fulfillment.services.counting.count_plans import ask_count
from fulfillment.services.scan_path.scan_arrival import ScanRequest
from fulfillment.services.stock.lookup import decider

PAGE_MAX = 1_000
NOTE_MAX = 200
_OF_SCAN = ("scan_id", "operator_id", "code", "qty_each", "rejection", "occurred_at_ms")
LATE = "late"  # the step of a scan on no walk: whatever the floor asked for

_COLUMNS = (
    "SELECT c.id, c.scan_id, s.code AS station, COALESCE(o.name, '') AS operator, c.tour_id AS tour, c.state,"
    " COALESCE(l.code, '') AS location, COALESCE(i.sku, '') AS sku, COALESCE(i.name, '') AS name, c.code, c.qty_each,"
    " c.rejection, c.expected, c.got, c.occurred_at_ms, c.replayed_at_ms, c.first_id, c.decision, c.note,"
    " d.name AS decided_by, c.decided_at_ms FROM replay_conflict c"
    " JOIN station s ON s.warehouse_id = c.warehouse_id AND s.id = c.station_id"
    " LEFT JOIN operator o ON o.warehouse_id = c.warehouse_id AND o.id = c.operator_id"
    " LEFT JOIN operator d ON d.warehouse_id = c.warehouse_id AND d.id = c.decided_by_id"
    " LEFT JOIN task k ON k.warehouse_id = c.warehouse_id AND k.id = c.task_id"
    " LEFT JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
    " LEFT JOIN item i ON i.warehouse_id = k.warehouse_id AND i.id = k.item_id WHERE c.warehouse_id = :w"
)


def record(
    tx: Tx, station_id: int, request: ScanRequest, rejected: Rejected, operator_id: int | None = None,
    before: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Write down that a scan made without its floor was refused; of any other, and of one known already, nothing.

    `operator_id`: who is signed in now, for a noted scan knows itself who made it; `before`: the scan before one whose
    answer nobody had seen.
    """
    if request.noted is not None:
        _record_noted(tx, station_id, request, request.noted, rejected)
    elif request.after and not _known(tx, request.scan_id):
        first = None if before is None else _first_of(tx, before, station_id, request.station)
        late = {
            "scan_id": request.scan_id, "operator_id": operator_id, "code": request.code, "qty_each": request.qty_each,
            "rejection": rejected.code, "expected": rejected.expected or "", "got": rejected.got or "",
            "occurred_at_ms": request.occurred_at_ms,
        }  # fmt: skip
        _record_late(tx, station_id, request.station, late, first)


def _record_noted(tx: Tx, station_id: int, request: ScanRequest, noted: Noted, rejected: Rejected) -> None:
    if _known(tx, request.scan_id):
        return
    operator = tx.one("SELECT id FROM operator WHERE warehouse_id = :w AND id = :id", id=noted.operator_id)
    first = None
    if rejected.code == Reject.OUT_OF_STEP:
        first = tx.one(
            "SELECT id FROM replay_conflict WHERE warehouse_id = :w AND station_id = :station AND tour_id = :tour"
            " AND decision = '' AND first_id IS NULL ORDER BY id DESC LIMIT 1",
            station=station_id, tour=noted.tour_id,
        )  # fmt: skip
    tx.add(
        "replay_conflict", scan_id=request.scan_id, station_id=station_id, operator_id=operator and operator["id"],
        tour_id=noted.tour_id, task_id=noted.task_id, state=noted.state, code=request.code, qty_each=request.qty_each,
        rejection=rejected.code, expected=rejected.expected or "", got=rejected.got or "",
        occurred_at_ms=request.occurred_at_ms, replayed_at_ms=tx.now_ms, first_id=first and first["id"],
    )  # fmt: skip
    if first is None:
        tell(tx, "board", "ReplayRefused", request.scan_id, station=request.station, tour=noted.tour_id)


def _first_of(tx: Tx, before: Mapping[str, Any], station_id: int, station: str) -> int | None:
    """The conflict a scan after this one follows from; None when this one counted.

    It was sent before anybody knew that others follow it: refused, it becomes the conflict now.
    """
    if not before["rejection"]:
        return None
    known = tx.one(
        "SELECT id, first_id FROM replay_conflict WHERE warehouse_id = :w AND scan_id = :id", id=before["scan_id"]
    )
    if known is not None:
        return int(known["first_id"] or known["id"])
    said = json.loads(before["outcome"] or "{}")
    late = {name: before[name] for name in _OF_SCAN} | {name: said.get(name) or "" for name in ("expected", "got")}
    return _record_late(tx, station_id, station, late, None)


def _record_late(tx: Tx, station_id: int, station: str, late: Mapping[str, Any], first: int | None) -> int:
    # On no walk the device knows: no tour, no stop, no step of one.
    number = tx.insert(
        "replay_conflict", **late, station_id=station_id, tour_id=0, task_id=0, state=LATE, replayed_at_ms=tx.now_ms,
        first_id=first,
    )  # fmt: skip
    if first is None:
        tell(tx, "board", "ReplayRefused", late["scan_id"], station=station, tour=0)
    return int(number)


def _known(tx: Tx, scan_id: str) -> bool:
    return tx.one("SELECT 1 FROM replay_conflict WHERE warehouse_id = :w AND scan_id = :id", id=scan_id) is not None


def listed(tx: Tx, decision: str = "", after: int = 0, limit: int = 100) -> list[dict[str, Any]]:
    """Conflicts of a decision ('' = open), each with those that only follow from it under `after_it`.

    Raises:
        DomainError: `bad_decision`, `bad_limit`.
    """
    if decision not in ("", *Decision):
        raise DomainError("bad_decision", f"a decision is one of {', '.join(Decision)}", "decision")
    check_limit(limit, PAGE_MAX)
    rows = tx.all(
        f"{_COLUMNS} AND c.first_id IS NULL AND c.decision = :decision AND c.id > :after ORDER BY c.id LIMIT :limit",
        decision=decision, after=after, limit=limit,
    )  # fmt: skip
    return [_with_following(tx, row) for row in rows]


def describe(tx: Tx, conflict_id: int) -> dict[str, Any]:
    """One conflict, with those that only follow from it.

    Raises:
        NotFound: `unknown_conflict`.
    """
    row = tx.one(f"{_COLUMNS} AND c.id = :id", id=conflict_id)
    if row is None:
        raise NotFound("unknown_conflict", f"no conflict {conflict_id}", "id")
    return _with_following(tx, row)


def decide(tx: Tx, actor: Actor, conflict_id: int, decision: str, note: str = "", badge: str | None = None) -> None:
    """Close a conflict and those that follow from it; `count` also asks for a count of its place.

    `badge`: of the supervisor who decides; None = the bearer of the token does.

    Raises:
        NotFound: `unknown_conflict`. Conflict: `conflict_decided`. DomainError: `bad_decision`, `note_too_long`,
            `unknown_badge`, `not_allowed`, `no_place` when there is no place to count.
    """
    if decision not in tuple(Decision):
        raise DomainError("bad_decision", f"a decision is one of {', '.join(Decision)}", "decision")
    if len(note) > NOTE_MAX:
        raise DomainError("note_too_long", f"a note has at most {NOTE_MAX} characters", "note")
    operator_id = actor.operator_id if badge is None else _supervisor(tx, badge)
    row = tx.one(
        "SELECT c.first_id, k.location_id FROM replay_conflict c LEFT JOIN task k ON k.warehouse_id = c.warehouse_id"
        " AND k.id = c.task_id WHERE c.warehouse_id = :w AND c.id = :id",
        id=conflict_id,
    )
    if row is None:
        raise NotFound("unknown_conflict", f"no conflict {conflict_id}", "id")
    decided = tx.run(
        "UPDATE replay_conflict SET decision = :decision, note = :note, decided_by_id = :operator,"
        " decided_at_ms = :now WHERE warehouse_id = :w AND (id = :id OR first_id = :id) AND decision = ''",
        id=conflict_id, decision=decision, note=note, operator=operator_id, now=tx.now_ms,
    )  # fmt: skip
    if not decided:
        raise Conflict("conflict_decided", "somebody has decided this already")
    if decision == Decision.COUNT:
        if row["location_id"] is None:
            raise DomainError("no_place", "these totes were to be put down: there is no place to count", "decision")
        ask_count(tx, actor, row["location_id"], CountCause.ASKED)
    tell(tx, "board", "ConflictDecided", actor.scan_id, conflict=conflict_id, decision=decision)


def _with_following(tx: Tx, row: Any) -> dict[str, Any]:
    following = tx.all(f"{_COLUMNS} AND c.first_id = :id ORDER BY c.id", id=row["id"])
    return {**dict(row), "after_it": [dict(one) for one in following]}


def _supervisor(tx: Tx, badge: str) -> int:
    return int(decider(tx, badge, "decides over a conflict")["id"])
