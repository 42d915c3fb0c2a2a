"""Which promised goods nobody can walk to as the floor is closed now, and the orders that wait for a way to theirs.

Owns that answer for everybody who releases, adds or proposes orders. A bin inside a closed stretch is behind it, and
so is an open one between two of them. Reads only. Walks over a whole floor take a while, so whoever is about to write
has them looked up before (`look`). Invariant: where nothing is closed, nothing is asked of the layout; what was looked
up counts only on the layout it was looked up on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fulfillment.bootstrap import Floor
from fulfillment.hot import Tx
from fulfillment.services.walking import floor_plan
from fulfillment.services.walking.floor_plan import FloorPlan
from fulfillment.services.walking.walks import lost
from picking import FieldError, Spot

SHOWN = 100
POINTS_AT_ONCE = 200  # walks are looked up for all pairs of what is asked about

Point = tuple[int, int, str]
"""x, y in dm and the name of a location there: every level of a bay is walked to at the same point."""

_LOOSE = "a.task_id IS NULL AND a.qty_each > 0"


@dataclass(frozen=True)
class Known:
    """Which points of a layout version no walk can visit and come back from, of those that were asked about."""

    version: int = -1
    is_lost: Mapping[Point, bool] = field(default_factory=dict)


NOTHING = Known()


def look(floor: Floor) -> Known:
    """What `no_way_to` will ask of the layout, before the transaction that needs it.

    Walked after everything was read: a server ends a transaction that stands still for seconds.
    """
    asked = floor.read(_asked)
    if asked is None:
        return NOTHING
    plan, points = asked
    return Known(plan.version, _walked(plan, points))


def _asked(tx: Tx) -> tuple[FloorPlan, list[Point]] | None:
    points = list(_loose_points(tx)) if _is_something_closed(tx) else []
    try:
        return (floor_plan.now(tx), points) if points else None
    except FieldError:
        return None  # no storage location has coordinates: there are no walks to ask about


def no_way_to(tx: Tx, known: Known = NOTHING) -> set[int]:
    """Locations with units promised to orders, fetched by no stop yet, that no walk can visit and come back from.

    `known`: what was looked up before. Units promised since, and a floor that is another since, are asked about anew.
    """
    if not _is_something_closed(tx):
        return set()
    points = _loose_points(tx)
    is_lost = _known(tx, points, known).is_lost
    return {location_id for point, ids in points.items() if is_lost.get(point) for location_id in ids}


def _is_something_closed(tx: Tx) -> bool:
    return tx.one("SELECT id FROM closure WHERE warehouse_id = :w AND opened_at_ms IS NULL LIMIT 1") is not None


def _loose_points(tx: Tx) -> dict[Point, list[int]]:
    """Where units lie that are promised and fetched by no stop yet, and the locations there."""
    points: dict[Point, list[int]] = {}
    named: dict[tuple[int, ...], str] = {}
    for row in tx.all(
        "SELECT DISTINCT l.id, l.code, l.x_dm, l.y_dm, l.storey,"
        " COALESCE(l.walk_point_id, 0) AS walk_point_id FROM allocation a JOIN location l"
        " ON l.warehouse_id = a.warehouse_id"
        f" AND l.id = a.location_id WHERE a.warehouse_id = :w AND {_LOOSE}"
        " AND l.kind IN ('bin', 'reserve', 'flow_rack') ORDER BY l.x_dm, l.y_dm, l.id"
    ):
        place = (row["x_dm"], row["y_dm"], row["storey"], row["walk_point_id"])
        name = named.setdefault(place, row["code"])
        points.setdefault((row["x_dm"], row["y_dm"], name), []).append(row["id"])
    return points


def _known(tx: Tx, points: Iterable[Point], known: Known) -> Known:
    """`known`, with the points it lacks; nothing of it where the layout is another by now."""
    version = floor_plan.version(tx)
    is_lost = dict(known.is_lost) if known.version == version else {}
    missing = [point for point in points if point not in is_lost]
    if missing:
        try:
            plan = floor_plan.now(tx)
        except FieldError:
            return NOTHING  # no storage location has coordinates: there are no walks to ask about
        is_lost.update(_walked(plan, missing))
    return Known(version, is_lost)


def _walked(plan: FloorPlan, points: Sequence[Point]) -> dict[Point, bool]:
    is_lost = dict.fromkeys(points, False)
    for first in range(0, len(points), POINTS_AT_ONCE):
        turn = points[first : first + POINTS_AT_ONCE]
        spots = [Spot(name, x_dm, y_dm) for x_dm, y_dm, name in turn]
        for at in lost(plan, plan.start, spots):
            if at < len(turn):
                is_lost[turn[at]] = True
    return is_lost


def behind_closed(tx: Tx, known: Known = NOTHING) -> str:
    """SQL of ours about an order `o`: whether it waits for a closed stretch to be opened."""
    numbers = ", ".join(str(location_id) for location_id in sorted(no_way_to(tx, known)))
    if not numbers:
        return "(1 = 0)"
    return (
        f"EXISTS (SELECT 1 FROM allocation a WHERE a.warehouse_id = o.warehouse_id AND a.order_id = o.id AND {_LOOSE}"
        f" AND a.location_id IN ({numbers}))"
    )


def waiting(tx: Tx) -> list[dict[str, Any]]:
    """Orders that wait for a way, the most urgent first, with where their goods lie.

    `wave`: the one they go with as soon as the way is open; None: nobody has released them.
    """
    numbers = ", ".join(str(location_id) for location_id in sorted(no_way_to(tx)))
    if not numbers:
        return []
    rows = tx.all(
        "SELECT o.id, o.number, o.wave_id AS wave, l.code FROM sales_order o JOIN allocation a"
        " ON a.warehouse_id = o.warehouse_id AND a.order_id = o.id JOIN location l"
        " ON l.warehouse_id = a.warehouse_id AND l.id = a.location_id"
        f" WHERE o.warehouse_id = :w AND {_LOOSE} AND a.location_id IN ({numbers})"
        " ORDER BY o.priority DESC, o.cut_off_at_ms, o.ordered_at_ms, o.id, l.code"
    )
    orders: dict[int, dict[str, Any]] = {}
    for row in rows:
        order = orders.setdefault(row["id"], {"order": row["number"], "wave": row["wave"], "locations": []})
        if row["code"] not in order["locations"]:
            order["locations"].append(row["code"])
    return list(orders.values())[:SHOWN]
