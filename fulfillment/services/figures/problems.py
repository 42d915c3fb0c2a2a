"""Cards for what is wrong on the floor: reported by two scans, taken up and closed by a supervisor.

Owns `problem`. A card says what its screen was about by itself: nobody who stands before a blocked aisle types. A scan
that is sent again makes no second card, for a scan counts once. Refuses to take up or close what is closed already.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fulfillment.domain.problems import ProblemKind, ProblemState
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.pages import check_limit
from fulfillment.services.common.running import tell
from fulfillment.services.stock.lookup import author_id

PAGE_MAX = 1_000
_ACT = "takes up or closes a problem"
NOTE_MAX = 500


def report(tx: Tx, actor: Actor, kind: ProblemKind, step: Mapping[str, Any]) -> int:
    """Write a card about the screen that stands (`flow`, `state`, `fields`); returns its number."""
    fields = step["fields"]
    problem_id = tx.insert(
        "problem", kind=kind, station_id=actor.station_id, operator_id=actor.operator_id, flow=step["flow"],
        step=step["state"], location_id=_id_of(tx, "location", "code", _place_in(fields)),
        item_id=_id_of(tx, "item", "sku", _named(fields, ("item", "next"), "sku")), task_id=_task_in(tx, fields),
        scan_id=actor.scan_id, reported_at_ms=tx.now_ms,
    )  # fmt: skip
    tell(tx, "board", "ProblemReported", actor.scan_id, problem=problem_id, what=kind, station=actor.station_code)
    return problem_id


def take_up(
    tx: Tx, actor: Actor, problem_id: int, badge: str = "", may_without_badge: bool = False
) -> dict[str, Any]:
    """Somebody looks after it; whoever had taken it up before has not any more.

    Raises:
        NotFound: no such card; DomainError: no supervisor's badge; Conflict: `closed_already`.
    """
    person_id = author_id(tx, badge, may_without_badge, _ACT)
    _check_open(describe(tx, problem_id))
    tx.put(
        "UPDATE problem SET state = 'taken', taken_by_id = :person, taken_at_ms = :now WHERE warehouse_id = :w"
        " AND id = :id",
        id=problem_id, person=person_id, now=tx.now_ms,
    )  # fmt: skip
    tell(tx, "board", "ProblemTaken", actor.scan_id, problem=problem_id)
    return describe(tx, problem_id)


def close(
    tx: Tx, actor: Actor, problem_id: int, note: str, badge: str = "", may_without_badge: bool = False
) -> dict[str, Any]:  # fmt: skip
    """It is settled, and how.

    Raises:
        NotFound: no such card; DomainError: no supervisor's badge, `bad_note`: none or longer than NOTE_MAX;
        Conflict: `closed_already`.
    """
    person_id = author_id(tx, badge, may_without_badge, _ACT)
    if not 0 < len(note.strip()) <= NOTE_MAX:
        raise DomainError("bad_note", f"what was done, in 1 to {NOTE_MAX} characters", "note")
    _check_open(describe(tx, problem_id))
    tx.put(
        "UPDATE problem SET state = 'closed', closed_by_id = :person, closed_at_ms = :now, note = :note"
        " WHERE warehouse_id = :w AND id = :id",
        id=problem_id, person=person_id, now=tx.now_ms, note=note.strip(),
    )  # fmt: skip
    tell(tx, "board", "ProblemClosed", actor.scan_id, problem=problem_id)
    return describe(tx, problem_id)


def listed(tx: Tx, state: str = "", after: int = 0, limit: int = 100) -> list[dict[str, Any]]:
    """Cards of a state, or those that are not closed: nobody's first, then the oldest first.

    With `after` by number, from the one after it on: a page follows a page.
    """
    check_limit(limit, PAGE_MAX)
    if state and state not in tuple(ProblemState):
        raise DomainError("bad_state", f"none of {', '.join(ProblemState)}", "state")
    which = "p.state = :state" if state else "p.state <> 'closed'"
    order = "p.id" if after else "CASE WHEN p.state = 'open' THEN 0 ELSE 1 END, p.id"
    rows = tx.all(f"{_SHOWN} AND {which} AND p.id > :after ORDER BY {order} LIMIT {int(limit)}",
                  after=after, **({"state": state} if state else {}))  # fmt: skip
    return [dict(row) for row in rows]


def closed_last(tx: Tx, limit: int) -> list[dict[str, Any]]:
    """What was closed last, the newest first."""
    return [dict(row) for row in tx.all(f"{_SHOWN} AND p.state = 'closed' ORDER BY p.id DESC LIMIT {int(limit)}")]


def describe(tx: Tx, problem_id: int) -> dict[str, Any]:
    """One card.

    Raises:
        NotFound: none has this number.
    """
    row = tx.one(f"{_SHOWN} AND p.id = :id", id=min(problem_id, 2**63 - 1))
    if row is None:
        raise NotFound("unknown_problem", f"no problem {problem_id}")
    return dict(row)


# What is not closed, for the board.
OPEN_COUNT = "SELECT COUNT(*) AS problems FROM problem WHERE warehouse_id = :w AND state <> 'closed'"

_SHOWN = (
    "SELECT p.id AS problem, p.kind, p.state, s.code AS station, COALESCE(o.name, '') AS operator, p.flow, p.step,"
    " COALESCE(l.code, '') AS location, COALESCE(i.sku, '') AS sku, COALESCE(i.name, '') AS name, p.task_id AS task,"
    " p.reported_at_ms, COALESCE(t.name, '') AS taken_by, p.taken_at_ms, COALESCE(c.name, '') AS closed_by,"
    " p.closed_at_ms, p.note FROM problem p"
    " JOIN station s ON s.warehouse_id = p.warehouse_id AND s.id = p.station_id"
    " LEFT JOIN operator o ON o.warehouse_id = p.warehouse_id AND o.id = p.operator_id"
    " LEFT JOIN location l ON l.warehouse_id = p.warehouse_id AND l.id = p.location_id"
    " LEFT JOIN item i ON i.warehouse_id = p.warehouse_id AND i.id = p.item_id"
    " LEFT JOIN operator t ON t.warehouse_id = p.warehouse_id AND t.id = p.taken_by_id"
    " LEFT JOIN operator c ON c.warehouse_id = p.warehouse_id AND c.id = p.closed_by_id WHERE p.warehouse_id = :w"
)


def _check_open(problem: Mapping[str, Any]) -> None:
    if problem["state"] == ProblemState.CLOSED:
        raise Conflict("closed_already", f"problem {problem['problem']} is closed")


def _place_in(fields: Mapping[str, Any]) -> str:
    # Where goods are fetched from, before where they go: that is where somebody stands who has to say something.
    return _named(fields, ("location", "from", "at", "lane", "to", "next"), "code")


def _named(fields: Mapping[str, Any], names: tuple[str, ...], key: str) -> str:
    for name in names:
        value = fields.get(name)
        if name == "next" and key == "code" and isinstance(value, Mapping):
            value = value.get("location", value)
        if isinstance(value, Mapping) and isinstance(value.get(key), str):
            return str(value[key])
    return ""


def _task_in(tx: Tx, fields: Mapping[str, Any]) -> int | None:
    task, tour = fields.get("task"), fields.get("tour")
    if isinstance(task, int):
        return _id_of(tx, "task", "id", task)
    if not isinstance(tour, int):
        return None
    row = tx.one(
        "SELECT id FROM task WHERE warehouse_id = :w AND tour_id = :tour AND state = 'open' ORDER BY sequence, id"
        " LIMIT 1",
        tour=tour,
    )
    return None if row is None else int(row["id"])


def _id_of(tx: Tx, table: str, column: str, value: str | int) -> int | None:
    if value == "":
        return None
    row = tx.one(f"SELECT id FROM {table} WHERE warehouse_id = :w AND {column} = :value", value=value)
    return None if row is None else int(row["id"])
