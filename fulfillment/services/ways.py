"""Which promised goods nobody can walk to as the floor is closed now, and the orders that wait for a way to theirs.

Owns that answer for everybody who releases, adds or proposes orders. A bin inside a closed stretch is behind it, and
so is an open one between two of them. Reads only. Invariant: where nothing is closed, nothing is asked of the layout.
"""

from __future__ import annotations

from typing import Any

from fulfillment.hot import Tx
from fulfillment.services import floor_plan
from picking import FieldError, Spot, out_of_reach

SHOWN = 100
POINTS_AT_ONCE = 200  # walks are looked up for all pairs of what is asked about

_LOOSE = "a.task_id IS NULL AND a.qty_each > 0"


def no_way_to(tx: Tx) -> set[int]:
    """Locations with units promised to orders, fetched by no stop yet, that no walk can visit and come back from."""
    if tx.one("SELECT id FROM closure WHERE warehouse_id = :w AND opened_at_ms IS NULL LIMIT 1") is None:
        return set()
    try:
        plan = floor_plan.now(tx)
    except FieldError:
        return set()  # no storage location has coordinates: there are no walks to ask about
    points: dict[tuple[int, int], list[int]] = {}
    for row in tx.all(
        "SELECT DISTINCT l.id, l.x_dm, l.y_dm FROM allocation a JOIN location l ON l.warehouse_id = a.warehouse_id"
        f" AND l.id = a.location_id WHERE a.warehouse_id = :w AND {_LOOSE}"
        " AND l.kind IN ('bin', 'reserve', 'flow_rack') ORDER BY l.x_dm, l.y_dm, l.id"
    ):
        points.setdefault((row["x_dm"], row["y_dm"]), []).append(row["id"])
    spots = [Spot(f"{x_dm}/{y_dm}", x_dm, y_dm) for x_dm, y_dm in points]
    at_points = list(points.values())
    found: set[int] = set()
    for first in range(0, len(spots), POINTS_AT_ONCE):
        turn = spots[first : first + POINTS_AT_ONCE]
        for at, _ in out_of_reach(plan.layout, plan.start, turn, plan.drops[0]):
            if at < len(turn):
                found.update(at_points[first + at])
    return found


def behind_closed(tx: Tx) -> str:
    """SQL of ours about an order `o`: whether it waits for a closed stretch to be opened."""
    numbers = ", ".join(str(location_id) for location_id in sorted(no_way_to(tx)))
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
