"""What is to be brought down to the pick faces: the tasks, and nothing of the walking.

A face that no longer lasts is refilled from the oldest free units; what orders wait for is planned in
`refills_for_orders`. Tasks nobody has begun always say what is needed now: they are planned anew whenever somebody
asks. Invariant: no unit is planned by two tasks, and planning promises or moves nothing: what an order takes
meanwhile is simply no longer there to bring.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fulfillment.domain.fifo import Policy
from fulfillment.domain.replenishment import Face, Refill, Source, plan_refills, wanted_each
from fulfillment.domain.tasks import RefillReason, TaskKind, TaskState
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.stock import allocate
from fulfillment.services.stock.storing import arriving_layer, storage_at

# A task belongs to the station that began it for as long as somebody there is refilling: who signs out or goes
# home leaves it to the others without having to say so.
CLAIMED = (
    "(k.station_id IS NOT NULL AND EXISTS (SELECT 1 FROM dialogue d WHERE d.warehouse_id = k.warehouse_id"
    " AND d.station_id = k.station_id AND d.flow = 'replenish' AND d.operator_id IS NOT NULL))"
)
# The goods a task means: one layer; of a serial item all units of that age in that place, of which every one is a
# layer of its own. `k` is the task, `y` its layer, `z` the layer of what lies there.
_MEANT = (
    "(z.id = y.id OR (y.serial <> '' AND z.serial <> '' AND z.received_on = y.received_on"
    " AND z.expiry_on = y.expiry_on))"
)
# What a task could still take up where it points: free units, or for waiting orders what they are promised there.
TAKEABLE_EACH = (
    "(CASE WHEN k.reason = 'demand' THEN COALESCE((SELECT SUM(a.qty_each) FROM layer y JOIN allocation a"
    " ON a.warehouse_id = y.warehouse_id AND a.location_id = k.location_id AND a.item_id = y.item_id"
    " AND a.task_id IS NULL JOIN layer z ON z.warehouse_id = a.warehouse_id AND z.id = a.layer_id"
    f" WHERE y.warehouse_id = k.warehouse_id AND y.id = k.layer_id AND {_MEANT}), 0)"
    " ELSE COALESCE((SELECT SUM(b.on_hand_each - b.allocated_each) FROM layer y JOIN stock_balance b"
    " ON b.warehouse_id = y.warehouse_id AND b.location_id = k.location_id AND b.item_id = y.item_id AND b.lpn_id = 0"
    " AND b.status = 'available' JOIN layer z ON z.warehouse_id = b.warehouse_id AND z.id = b.layer_id"
    f" WHERE y.warehouse_id = k.warehouse_id AND y.id = k.layer_id AND {_MEANT}), 0) END)"
)
# In the hand of whoever works on it lies nothing else of the item.
IN_HAND_EACH = (
    "COALESCE((SELECT SUM(b.on_hand_each) FROM station s JOIN stock_balance b ON b.warehouse_id = s.warehouse_id"
    " AND b.location_id = s.hand_location_id AND b.item_id = k.item_id AND b.lpn_id = 0"
    " WHERE s.warehouse_id = k.warehouse_id AND s.id = k.station_id), 0)"
)
OPEN_REFILL = " k.warehouse_id = :w AND k.kind = 'replenish' AND k.state = 'open'"

# The most urgent first: orders wait for it; then the emptiest face; then as planned, oldest goods first.
IN_TURN = (
    " ORDER BY k.priority DESC, COALESCE((SELECT SUM(b.on_hand_each) FROM stock_balance b"
    " WHERE b.warehouse_id = k.warehouse_id AND b.location_id = k.to_location_id), 0) * 1000"
    " / COALESCE((SELECT f.max_each FROM pick_face f WHERE f.warehouse_id = k.warehouse_id"
    " AND f.location_id = k.to_location_id), 1000), k.sequence, k.id"
)
FREE_AT_FACE = (
    "COALESCE((SELECT SUM(b.on_hand_each - b.allocated_each) FROM stock_balance b WHERE b.warehouse_id ="
    " f.warehouse_id AND b.location_id = f.location_id AND b.status = 'available'), 0)"
)


def after_pick(tx: Tx, actor: Actor, location_id: int, item_id: int) -> None:
    """Units have left a location: if it is the item's face and does not last any more, have it refilled."""
    face = tx.one(
        "SELECT item_id FROM pick_face WHERE warehouse_id = :w AND location_id = :location", location=location_id
    )
    if face is not None and face["item_id"] == item_id:
        refill(tx, actor, item_id)


def after_arrival(tx: Tx, actor: Actor, item_id: int) -> None:
    """Units have come into storage: a face that waits for them gets them."""
    if tx.one("SELECT 1 FROM pick_face WHERE warehouse_id = :w AND item_id = :item LIMIT 1", item=item_id) is not None:
        refill(tx, actor, item_id)


def refill(tx: Tx, actor: Actor, item_id: int) -> int:
    """Plan what an item's faces need now; returns the open tasks for them that nobody has begun."""
    _tidy_demand(tx, item_id)
    faces = tx.all(_FACES, item=item_id)
    if not faces:
        return 0
    # The emptiest first: it gets the oldest units.
    lasting = {row["location_id"]: _face(row) for row in faces}
    faces = sorted(faces, key=lambda row: (_lasting_each(lasting[row["location_id"]]) / row["max_each"], row["id"]))
    needed = {row["location_id"]: wanted_each(lasting[row["location_id"]]) for row in faces}
    policy = _policy(tx, item_id)
    sources = _sources(tx, item_id) if any(needed.values()) else []
    planned = 0
    for row in faces:
        plan: list[Refill] = []
        if needed[row["location_id"]]:
            storage = storage_at(tx, row["location_id"])
            plan = plan_refills(
                needed[row["location_id"]], storage, sources, policy, lasting[row["location_id"]].coming_each
            )
            sources = _without(sources, plan)
        planned += _write(tx, actor, item_id, row["location_id"], plan)
    return planned


def refill_wave(tx: Tx, actor: Actor, wave_id: int) -> None:
    """The orders of a wave are about to take from faces: those that will not last are refilled before they are dry."""
    rows = tx.all(
        "SELECT DISTINCT f.item_id FROM sales_order o"
        " JOIN allocation a ON a.warehouse_id = o.warehouse_id AND a.order_id = o.id AND a.qty_each > 0"
        " JOIN pick_face f ON f.warehouse_id = a.warehouse_id AND f.location_id = a.location_id"
        " WHERE o.warehouse_id = :w AND o.wave_id = :wave ORDER BY f.item_id",
        wave=wave_id,
    )
    for row in rows:
        refill(tx, actor, row["item_id"])


def items_to_refill(tx: Tx) -> list[int]:
    """Items with a low face nothing is on the way to though units lie elsewhere, or with tasks for units that
    have gone."""
    rows = tx.all(
        f"SELECT f.item_id FROM pick_face f WHERE f.warehouse_id = :w AND f.min_each > {FREE_AT_FACE}"
        f" AND NOT EXISTS (SELECT 1 FROM task k WHERE{OPEN_REFILL} AND k.to_location_id = f.location_id)"
        " AND EXISTS (SELECT 1 FROM stock_balance b JOIN location l ON l.warehouse_id = b.warehouse_id"
        " AND l.id = b.location_id WHERE b.warehouse_id = f.warehouse_id AND b.item_id = f.item_id"
        " AND b.status = 'available' AND b.lpn_id = 0 AND b.on_hand_each > b.allocated_each"
        " AND l.kind IN ('bin', 'reserve', 'flow_rack') AND NOT EXISTS (SELECT 1 FROM pick_face o"
        " WHERE o.warehouse_id = l.warehouse_id AND o.location_id = l.id))"
        f" UNION SELECT k.item_id FROM task k WHERE{OPEN_REFILL} AND NOT {CLAIMED}"
        f" AND k.qty_each - k.done_each > {TAKEABLE_EACH} ORDER BY 1"
    )
    return [row["item_id"] for row in rows]


# Whatever lies there takes room; only what is available and not promised makes the face last. On the way are
# tasks somebody has begun, what is in a hand, and goods being put away; for orders: promised when they arrive.
_FACES = (
    "SELECT f.id, f.location_id, f.min_each, f.max_each,"
    " COALESCE((SELECT SUM(b.on_hand_each) FROM stock_balance b WHERE b.warehouse_id = f.warehouse_id"
    " AND b.location_id = f.location_id), 0) AS on_hand_each,"
    f" {FREE_AT_FACE} AS free_each,"
    f" COALESCE((SELECT SUM(k.qty_each - k.done_each + {IN_HAND_EACH}) FROM task k WHERE{OPEN_REFILL}"
    f" AND k.to_location_id = f.location_id AND k.reason = 'demand'), 0) AS coming_promised_each,"
    f" COALESCE((SELECT SUM(k.qty_each - k.done_each + {IN_HAND_EACH}) FROM task k WHERE{OPEN_REFILL}"
    f" AND k.to_location_id = f.location_id AND k.reason <> 'demand' AND {CLAIMED}), 0)"
    " + COALESCE((SELECT SUM(k.qty_each - k.done_each) FROM task k WHERE k.warehouse_id = f.warehouse_id"
    " AND k.location_id = f.location_id AND k.state = 'open' AND k.kind = 'putaway'), 0) AS coming_free_each"
    " FROM pick_face f WHERE f.warehouse_id = :w AND f.item_id = :item"
)


def _face(row: Any) -> Face:
    coming_each = row["coming_free_each"] + row["coming_promised_each"]
    gone_each = row["on_hand_each"] - row["free_each"] + row["coming_promised_each"]
    return Face(row["min_each"], row["max_each"], row["on_hand_each"], gone_each, coming_each)


def _lasting_each(face: Face) -> int:
    return face.on_hand_each - face.promised_each + face.coming_each


def _policy(tx: Tx, item_id: int) -> Policy:
    row = tx.one(
        "SELECT rotation, tolerance_days, min_life_days FROM item WHERE warehouse_id = :w AND id = :id", id=item_id
    )
    return Policy(row["rotation"], row["tolerance_days"], row["min_life_days"])


def _sources(tx: Tx, item_id: int) -> list[Source]:
    """Free units outside all faces, without those somebody is on the way to fetch."""
    kept = {
        (row["location_id"], row["layer_id"]): row
        for row in tx.all(
            "SELECT b.location_id, b.layer_id, b.sealed_each, y.case_each, y.serial, (SELECT COALESCE(SUM(k.qty_each"
            " - k.done_each), 0) FROM task k WHERE k.warehouse_id = b.warehouse_id AND k.location_id = b.location_id"
            " AND k.state = 'open' AND k.kind = 'replenish' AND k.reason <> 'demand' AND k.layer_id = b.layer_id"
            f" AND {CLAIMED}) AS fetched_each, EXISTS (SELECT 1 FROM pick_face f WHERE f.warehouse_id = b.warehouse_id"
            " AND f.location_id = b.location_id) AS is_face FROM stock_balance b"
            " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
            " WHERE b.warehouse_id = :w AND b.item_id = :item AND b.status = 'available' AND b.lpn_id = 0",
            item=item_id,
        )
    }
    sources: dict[tuple[int, str], Source] = {}
    for part in allocate.free_stock(tx, item_id):
        row = kept[part.location_id, part.layer.layer_id]
        if row["is_face"]:
            continue
        free_each = part.free_each - row["fetched_each"]
        age = f"{part.layer.received_on}/{part.layer.expiry_on}" if row["serial"] else str(part.layer.layer_id)
        known = sources.get((part.location_id, age))
        if known is not None:  # units of a serial item are layers of their own, and one task for all of an age
            sources[part.location_id, age] = replace(known, free_each=known.free_each + free_each)
            continue
        sources[part.location_id, age] = Source(
            part.location_id, part.location_code, part.kind, arriving_layer(tx, part.layer.layer_id), free_each,
            row["sealed_each"], row["case_each"],
        )  # fmt: skip
    return list(sources.values())


def _without(sources: list[Source], plan: list[Refill]) -> list[Source]:
    """What is left for the item's next face. A place that kept something back has given all it may."""
    taken = {(one.location_id, one.layer_id) for one in plan}
    return [part for part in sources if (part.location_id, part.goods.layer.layer_id) not in taken]


def _write(tx: Tx, actor: Actor, item_id: int, face_id: int, plan: list[Refill]) -> int:
    """Bring the tasks nobody has begun in line with the plan."""
    waiting = {
        (row["location_id"], row["layer_id"]): row
        for row in tx.all(
            "SELECT k.id, k.location_id, k.layer_id, k.qty_each, k.done_each, k.sequence FROM task k"
            f" WHERE{OPEN_REFILL} AND k.to_location_id = :face AND k.item_id = :item AND k.reason <> 'demand'"
            f" AND NOT {CLAIMED} AND {IN_HAND_EACH} = 0 ORDER BY k.id DESC",
            face=face_id, item=item_id,
        )
    }  # fmt: skip
    for place, one in enumerate(plan):
        row = waiting.pop((one.location_id, one.layer_id), None)
        if row is None:
            tx.add(
                "task", kind=TaskKind.REPLENISH, item_id=item_id, location_id=one.location_id, to_location_id=face_id,
                layer_id=one.layer_id, qty_each=one.qty_each, sequence=place, reason=RefillReason.MINIMUM,
                created_at_ms=tx.now_ms,
            )  # fmt: skip
            tell(tx, "board", "RefillAsked", actor.scan_id, location=face_id, qty_each=one.qty_each)
        elif (row["qty_each"] - row["done_each"], row["sequence"]) != (one.qty_each, place):
            tx.put(
                "UPDATE task SET qty_each = done_each + :qty, sequence = :place WHERE warehouse_id = :w AND id = :id",
                id=row["id"], qty=one.qty_each, place=place,
            )  # fmt: skip
    for row in waiting.values():
        close(tx, row["id"], TaskState.CANCELLED)
    return len(plan)


def close(tx: Tx, task_id: int, state: TaskState) -> None:
    """End a task; what it did not bring is not needed any more, unless it was not there (`short`)."""
    tx.put(
        "UPDATE task SET state = CASE WHEN done_each > 0 AND :state = 'cancelled' THEN 'done' ELSE :state END,"
        " qty_each = CASE WHEN done_each > 0 AND :state <> 'short' THEN done_each ELSE qty_each END,"
        " done_at_ms = :now WHERE warehouse_id = :w AND id = :id",
        id=task_id, state=state, now=tx.now_ms,
    )  # fmt: skip


def _tidy_demand(tx: Tx, item_id: int) -> None:
    """Orders were cancelled, or found other units: what nobody waits for any more is not brought down."""
    for row in tx.all(
        f"SELECT k.id, {TAKEABLE_EACH} AS takeable_each FROM task k WHERE{OPEN_REFILL} AND k.item_id = :item"
        f" AND k.reason = 'demand' AND NOT {CLAIMED} AND {IN_HAND_EACH} = 0"
        f" AND k.qty_each - k.done_each > {TAKEABLE_EACH}",
        item=item_id,
    ):
        if row["takeable_each"]:
            tx.put(
                "UPDATE task SET qty_each = done_each + :qty WHERE warehouse_id = :w AND id = :id",
                id=row["id"], qty=row["takeable_each"],
            )  # fmt: skip
        else:
            close(tx, row["id"], TaskState.CANCELLED)
