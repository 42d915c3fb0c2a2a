"""What is to be counted: places whose turn it is by class or age, places that ran empty, and what somebody asks for.

A place has at most one count that nobody has begun. A request made while a count is under way stays open for the
next one: what it is about may have happened after the first unit was counted. A plan is made by a command a day;
made twice it asks for nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fulfillment.domain.counting import CountCause, days_between_counts, priority_of
from fulfillment.domain.reasons import NotFound
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell

DAY_MS = 24 * 3600 * 1000
AGE_DAYS = 180
LIMIT = 100

_STORAGE = "l.kind IN ('bin', 'reserve', 'flow_rack')"
# Asked for and begun by nobody: another request for the same place would be the same walk.
_UNBEGUN = "kind = 'count' AND state = 'open' AND claimed_at_ms IS NULL"
_NOT_ASKED = (
    " AND NOT EXISTS (SELECT 1 FROM task k WHERE k.warehouse_id = l.warehouse_id AND k.location_id = l.id"
    " AND k.kind = 'count' AND k.state = 'open')"
)


@dataclass(frozen=True)
class Plan:
    """Which places to ask for: one cause, how old their last count may be, or whose places they are."""

    cause: CountCause
    days: int = AGE_DAYS
    class_days: Mapping[str, int] = field(default_factory=dict)
    locations: tuple[str, ...] = ()
    zone: str = ""
    sku: str = ""
    limit: int = LIMIT


def ask_count(tx: Tx, actor: Actor, location_id: int, cause: str, priority: int | None = None) -> bool:
    """Ask for a count of a place; whether that is news. Asked for twice before anybody begins, it is one count."""
    urgent = priority_of(cause) if priority is None else priority
    known = tx.one(
        f"SELECT id, priority FROM task WHERE warehouse_id = :w AND location_id = :location AND {_UNBEGUN}",
        location=location_id,
    )
    if known is None:
        tx.add(
            "task", kind="count", location_id=location_id, reason=cause, priority=urgent, created_at_ms=tx.now_ms
        )
        return True
    if urgent > known["priority"]:
        tx.put(
            "UPDATE task SET priority = :priority, reason = :cause WHERE warehouse_id = :w AND id = :id",
            id=known["id"], priority=urgent, cause=cause,
        )  # fmt: skip
    return False


def due(tx: Tx, plan: Plan) -> list[str]:
    """The places a plan would ask for now, the most urgent first; those asked for already are left out.

    Raises:
        NotFound: a location, a zone or a SKU that is not there, or not one where goods are stored.
    """
    match plan.cause:
        case CountCause.CLASS:
            rows = _due_by_class(tx, plan)
        case CountCause.AGE:
            rows = tx.all(
                f"SELECT l.code FROM location l WHERE l.warehouse_id = :w AND {_STORAGE}"
                f" AND COALESCE(l.counted_at_ms, 0) <= :before{_NOT_ASKED}"
                f" ORDER BY COALESCE(l.counted_at_ms, 0), l.code LIMIT {int(plan.limit)}",
                before=tx.now_ms - plan.days * DAY_MS,
            )
        case CountCause.ZERO:
            rows = _ran_empty(tx, plan.limit)
        case _:
            return _asked_for(tx, plan)[: plan.limit]
    return [row["code"] for row in rows]


def ask_all(tx: Tx, actor: Actor, codes: Iterable[str], cause: CountCause) -> dict[str, Any]:
    """Ask for a count of each of these places; which of them are news."""
    asked, known = [], []
    for code in codes:
        place = _storage(tx, code)
        (asked if ask_count(tx, actor, place["id"], cause) else known).append(place["code"])
    if asked:
        tell(tx, "board", "CountsAsked", actor.scan_id, cause=cause, locations=len(asked))
    return {"cause": cause, "asked": asked, "known": known}


def _due_by_class(tx: Tx, plan: Plan) -> list[Any]:
    """Places that hold goods, by the fastest class lying there: A comes round more often than B than C."""
    days = days_between_counts(plan.class_days)
    rows = tx.all(
        "SELECT l.code, l.counted_at_ms, MIN(CASE WHEN i.velocity <> '' THEN i.velocity WHEN l.velocity <> ''"
        " THEN l.velocity ELSE 'C' END) AS class FROM stock_balance b"
        " JOIN location l ON l.warehouse_id = b.warehouse_id AND l.id = b.location_id"
        " JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
        f" WHERE b.warehouse_id = :w AND b.lpn_id = 0 AND {_STORAGE}{_NOT_ASKED}"
        " GROUP BY l.id, l.code, l.counted_at_ms"
    )
    late = [row for row in rows if (row["counted_at_ms"] or 0) <= tx.now_ms - days[row["class"]] * DAY_MS]
    late.sort(key=lambda row: (row["class"], row["counted_at_ms"] or 0, row["code"]))
    return late[: plan.limit]


def _ran_empty(tx: Tx, limit: int) -> list[Any]:
    # Only a place something left since its last count: an empty place nobody touched is still empty.
    return tx.all(
        f"SELECT l.code FROM location l JOIN ({_LAST_LEFT}) m ON m.location_id = l.id WHERE l.warehouse_id = :w"
        f" AND {_STORAGE} AND m.left_at_ms > COALESCE(l.counted_at_ms, -1) AND NOT EXISTS (SELECT 1"
        " FROM stock_balance b WHERE b.warehouse_id = l.warehouse_id AND b.location_id = l.id AND b.lpn_id = 0)"
        f"{_NOT_ASKED} ORDER BY m.left_at_ms, l.code LIMIT {int(limit)}"
    )


_LAST_LEFT = (
    "SELECT from_location_id AS location_id, MAX(recorded_at_ms) AS left_at_ms FROM stock_move"
    " WHERE warehouse_id = :w AND from_lpn_id = 0 AND reason <> 'count' GROUP BY from_location_id"
)


def _asked_for(tx: Tx, plan: Plan) -> list[str]:
    codes = [_storage(tx, code)["code"] for code in plan.locations]
    if plan.zone:
        rows = tx.all(
            f"SELECT l.code FROM location l WHERE l.warehouse_id = :w AND {_STORAGE} AND l.zone = :zone"
            " ORDER BY l.code",
            zone=plan.zone,
        )
        if not rows:
            raise NotFound("unknown_zone", f"no storage location is in zone {plan.zone!r}", "zone")
        codes += [row["code"] for row in rows]
    if plan.sku:
        item = tx.one("SELECT id FROM item WHERE warehouse_id = :w AND sku_key = :sku", sku=plan.sku.upper())
        if item is None:
            raise NotFound("unknown_sku", f"no item {plan.sku!r}", "sku")
        codes += [
            row["code"]
            for row in tx.all(
                "SELECT DISTINCT l.code FROM stock_balance b"
                " JOIN location l ON l.warehouse_id = b.warehouse_id AND l.id = b.location_id WHERE b.warehouse_id = :w"
                f" AND b.item_id = :item AND b.lpn_id = 0 AND {_STORAGE} ORDER BY l.code",
                item=item["id"],
            )
        ]
    return list(dict.fromkeys(codes))


def _storage(tx: Tx, code: str) -> Any:
    place = tx.one(
        f"SELECT l.id, l.code FROM location l WHERE l.warehouse_id = :w AND l.code = :code AND {_STORAGE}",
        code=code.strip().upper(),
    )
    if place is None:
        raise NotFound("unknown_location", f"no storage location {code[:40]!r}", "locations")
    return place
