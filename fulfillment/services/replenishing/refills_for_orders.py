"""What waiting orders need brought down: units promised to them where nobody picks.

Owns the tasks of a wave's demand and the choice of a place where a picker reaches them; the faces' own levels are
`replenishment_plans`. Invariant: a task asks for no more than its orders are promised there, and its place takes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fulfillment.domain.putaway import Arriving, check_putaway, room_each
from fulfillment.domain.tasks import RefillReason, TaskKind
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.replenishing.replenishment_plans import CLAIMED, IN_HAND_EACH, OPEN_REFILL
from fulfillment.services.stock.storing import arriving_layer, storage_at

DEMAND_PRIORITY = 10  # orders wait for these; a face below its minimum still holds something
BINS_TRIED = 20  # free bins looked at before saying there is none

# An order with such a promise cannot be walked for yet: its units lie where nobody picks, or in somebody's hand.
OUT_OF_REACH = (
    "EXISTS (SELECT 1 FROM allocation a JOIN location l ON l.warehouse_id = a.warehouse_id AND l.id = a.location_id"
    " WHERE a.warehouse_id = o.warehouse_id AND a.order_id = o.id AND a.task_id IS NULL AND a.qty_each > 0"
    " AND NOT (l.is_pickable = 1 AND l.kind IN ('bin', 'reserve', 'flow_rack')))"
)


# One layer, or all units of one age of a serial item: what one task fetches from one place.
_GOODS = (
    "CASE WHEN y.serial <> '' THEN CAST(y.item_id AS TEXT) || '/' || y.received_on || '/' || y.expiry_on"
    " ELSE CAST(y.id AS TEXT) END"
)


def demand(tx: Tx, actor: Actor, order_ids: Iterable[int]) -> int:
    """Have the units brought down that these orders are promised out of a picker's reach; the units planned.

    What is planned for a place already counts, for whichever order: the promises move by urgency.
    """
    numbers = ", ".join(str(int(order_id)) for order_id in sorted(set(order_ids)))
    if not numbers:
        return 0
    rows = tx.all(
        f"SELECT a.item_id, a.location_id, MIN(a.layer_id) AS layer_id, {_GOODS} AS goods,"
        " SUM(a.qty_each) AS needed_each FROM allocation a"
        " JOIN location l ON l.warehouse_id = a.warehouse_id AND l.id = a.location_id"
        " JOIN layer y ON y.warehouse_id = a.warehouse_id AND y.id = a.layer_id"
        f" WHERE a.warehouse_id = :w AND a.order_id IN ({numbers}) AND a.task_id IS NULL AND a.qty_each > 0"
        " AND l.is_pickable = 0 AND l.kind IN ('bin', 'reserve', 'flow_rack')"
        " GROUP BY 1, 2, 4 ORDER BY 1, 3, 2"
    )
    planned = {
        (row["location_id"], row["goods"]): row["planned_each"]
        for row in tx.all(
            f"SELECT k.location_id, {_GOODS} AS goods, SUM(k.qty_each - k.done_each) AS planned_each FROM task k"
            f" JOIN layer y ON y.warehouse_id = k.warehouse_id AND y.id = k.layer_id WHERE{OPEN_REFILL}"
            " AND k.reason = 'demand' GROUP BY 1, 2"
        )
    }
    planned_each = 0
    for row in rows:
        known_each = planned.get((row["location_id"], row["goods"]), 0)
        planned_each += _bring_down(tx, actor, row, row["needed_each"] - known_each)
    return planned_each


def other_place(tx: Tx, goods: Arriving, qty_each: int, besides: int = 0) -> tuple[int, str] | None:
    """A pickable location besides one's own that takes all of it: where it lies already, else an empty one."""
    for row in _bins(tx, goods.item_id):
        if row["id"] != besides and check_putaway(storage_at(tx, row["id"]), goods, qty_each) is None:
            return row["id"], row["code"]
    return None


def _bring_down(tx: Tx, actor: Actor, row: Any, missing_each: int) -> int:
    """Tasks for promised units of one layer in one place: to the item's face as far as it has room, else to bins."""
    if missing_each <= 0:
        return 0
    goods = arriving_layer(tx, row["layer_id"])
    left_each = missing_each
    for place in _bins(tx, row["item_id"]):
        storage = storage_at(tx, place["id"])
        qty_each = min(left_each, room_each(storage, goods) - place["coming_each"])
        if qty_each <= 0 or check_putaway(storage, goods, qty_each) is not None:
            continue
        _ask(tx, actor, row, place["id"], qty_each)
        left_each -= qty_each
        if left_each == 0:
            break
    return missing_each - left_each


def _ask(tx: Tx, actor: Actor, row: Any, to_location_id: int, qty_each: int) -> None:
    known = tx.one(
        f"SELECT k.id FROM task k WHERE{OPEN_REFILL} AND k.location_id = :source AND k.layer_id = :layer"
        f" AND k.to_location_id = :to AND k.reason = 'demand' AND NOT {CLAIMED} LIMIT 1",
        source=row["location_id"], layer=row["layer_id"], to=to_location_id,
    )  # fmt: skip
    if known is not None:
        tx.put(
            "UPDATE task SET qty_each = qty_each + :qty WHERE warehouse_id = :w AND id = :id",
            id=known["id"], qty=qty_each,
        )  # fmt: skip
        return
    tx.add(
        "task", kind=TaskKind.REPLENISH, item_id=row["item_id"], location_id=row["location_id"],
        to_location_id=to_location_id, layer_id=row["layer_id"], qty_each=qty_each, reason=RefillReason.DEMAND,
        priority=DEMAND_PRIORITY, created_at_ms=tx.now_ms,
    )  # fmt: skip
    tell(tx, "board", "RefillAsked", actor.scan_id, location=to_location_id, qty_each=qty_each)


def _bins(tx: Tx, item_id: int) -> list[Any]:
    """Where an item may be set down to be picked: its faces, bins that hold it, then empty ones near the floor.

    Another item's face is not free when it is empty: its goods are on the way.
    """
    known = tx.all(
        "SELECT l.id, l.code, 0 AS rank, f.max_each, f.id AS n FROM pick_face f JOIN location l"
        " ON l.warehouse_id = f.warehouse_id AND l.id = f.location_id"
        " WHERE f.warehouse_id = :w AND f.item_id = :item AND l.is_pickable = 1 UNION ALL"
        " SELECT DISTINCT l.id, l.code, 1, 0, l.id FROM stock_balance b JOIN location l"
        " ON l.warehouse_id = b.warehouse_id AND l.id = b.location_id WHERE b.warehouse_id = :w AND b.item_id = :item"
        " AND b.lpn_id = 0 AND l.kind IN ('bin', 'flow_rack') AND l.is_pickable = 1 AND NOT EXISTS (SELECT 1"
        " FROM pick_face f WHERE f.warehouse_id = l.warehouse_id AND f.location_id = l.id) ORDER BY 3, 5",
        item=item_id,
    )
    empty = tx.all(
        "SELECT l.id, l.code FROM location l WHERE l.warehouse_id = :w AND l.kind IN ('bin', 'flow_rack')"
        " AND l.is_pickable = 1 AND NOT EXISTS (SELECT 1 FROM stock_balance b WHERE b.warehouse_id = l.warehouse_id"
        " AND b.location_id = l.id) AND NOT EXISTS (SELECT 1 FROM pick_face f WHERE f.warehouse_id = l.warehouse_id"
        " AND f.location_id = l.id) AND NOT EXISTS (SELECT 1 FROM task k WHERE k.warehouse_id = l.warehouse_id"
        " AND k.location_id = l.id AND k.state = 'open' AND k.kind = 'putaway') AND NOT EXISTS (SELECT 1 FROM task k"
        f" WHERE{OPEN_REFILL} AND k.to_location_id = l.id AND k.item_id <> :item)"
        f" ORDER BY l.level, l.y_dm, l.x_dm LIMIT {BINS_TRIED}",
        item=item_id,
    )
    coming = {
        row["to_location_id"]: row["coming_each"]
        for row in tx.all(
            f"SELECT k.to_location_id, SUM(k.qty_each - k.done_each + {IN_HAND_EACH}) AS coming_each FROM task k"
            f" WHERE{OPEN_REFILL} AND k.item_id = :item GROUP BY k.to_location_id",
            item=item_id,
        )
    }
    return [
        {"id": row["id"], "code": row["code"], "coming_each": coming.get(row["id"], 0)} for row in [*known, *empty]
    ]
