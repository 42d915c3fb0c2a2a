"""Goods from the dock into storage: propose and claim a location, then move."""

from __future__ import annotations

from typing import Any

from fulfillment.domain.fifo import Layer
from fulfillment.domain.putaway import Arriving, Present, Storage, check_putaway, room_each
from fulfillment.domain.reasons import MoveReason, Refused, Reject, Rejected
from fulfillment.domain.stock import Move
from fulfillment.domain.units import volume_ml
from fulfillment.flows import putaway as flow
from fulfillment.flows.step import Memory
from fulfillment.hot import Tx
from fulfillment.services import allocate, ledger
from fulfillment.services.actor import Actor
from fulfillment.services.lookup import GOODS_COLUMNS, PLACE_COLUMNS, find_location, goods_of, place_of

# What lies loose at a dock and is in nobody's hand.
_AT_DOCK = (
    " FROM stock_balance b JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
    " JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
    " WHERE b.warehouse_id = :w AND b.location_id = :dock AND b.lpn_id = 0 AND b.status = 'available'"
    " AND b.on_hand_each > (SELECT COALESCE(SUM(k.qty_each - k.done_each), 0) FROM task k"
    " WHERE k.warehouse_id = b.warehouse_id AND k.kind = 'putaway' AND k.state = 'open' AND k.layer_id = b.layer_id)"
)
_FREE_EACH = (
    "b.on_hand_each - (SELECT COALESCE(SUM(k.qty_each - k.done_each), 0) FROM task k"
    " WHERE k.warehouse_id = b.warehouse_id AND k.kind = 'putaway' AND k.state = 'open' AND k.layer_id = b.layer_id)"
    " AS free_each"
)


def load(tx: Tx, actor: Actor, memory: Memory) -> flow.Facts:
    """What the putaway dialogue stands on."""
    row = tx.one(
        f"SELECT k.id AS task_id, k.qty_each - k.done_each AS left_each, y.received_on, {PLACE_COLUMNS} FROM task k"
        " JOIN layer y ON y.warehouse_id = k.warehouse_id AND y.id = k.layer_id"
        " JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
        " WHERE k.warehouse_id = :w AND k.id = :id AND k.kind = 'putaway' AND k.state = 'open'",
        id=memory.get("task", 0),
    )
    if row is not None:
        goods = tx.one(
            f"SELECT {GOODS_COLUMNS} FROM task k JOIN item i ON i.warehouse_id = k.warehouse_id AND i.id = k.item_id"
            " WHERE k.warehouse_id = :w AND k.id = :id",
            id=row["task_id"],
        )
        return flow.Facts(
            flow.PutawayTask(row["task_id"], goods_of(goods), row["left_each"], row["received_on"], place_of(row))
        )
    if actor.station_location_id is None:
        return flow.Facts(None)
    dock = actor.station_location_id
    waiting = tx.one(
        "SELECT COUNT(*) AS lines, COALESCE(SUM(on_hand_each), 0) AS units FROM stock_balance"
        " WHERE warehouse_id = :w AND location_id = :dock AND lpn_id = 0 AND status = 'available'",
        dock=dock,
    )
    # By layer, which is the order of arrival and of the key: thousands may lie here on the first morning.
    first = tx.one(f"SELECT {GOODS_COLUMNS}, {_FREE_EACH}{_AT_DOCK} ORDER BY b.layer_id LIMIT 1", dock=dock)
    if first is None:
        return flow.Facts(None)
    return flow.Facts(None, waiting["lines"], waiting["units"], goods_of(first), first["free_each"])


def apply(tx: Tx, actor: Actor, command: object, memory: Memory) -> Memory:
    """Carry out a putaway command.

    Raises:
        Refused: nothing of the item lies here, no location takes it, or the one scanned must not.
    """
    match command:
        case flow.TakeGoods(item):
            return {"task": _take(tx, actor, item.item_id)}
        case flow.PutAway(task_id, location_code, qty_each):
            _put_away(tx, actor, task_id, location_code, qty_each)
            return memory
        case flow.PutDown(task_id):
            tx.run(
                "UPDATE task SET state = 'cancelled', done_at_ms = :now WHERE warehouse_id = :w AND id = :id",
                id=task_id, now=tx.now_ms,
            )  # fmt: skip
            return {}
        case _:
            raise TypeError(f"not a putaway command: {command!r}")


def _take(tx: Tx, actor: Actor, item_id: int) -> int:
    if actor.station_location_id is None:
        raise Refused(Rejected(Reject.NOT_ALLOWED, expected="a station at a dock"))
    row = tx.one(
        f"SELECT b.layer_id, {_FREE_EACH}{_AT_DOCK} AND b.item_id = :item ORDER BY y.received_on, b.layer_id LIMIT 1",
        dock=actor.station_location_id, item=item_id,
    )  # fmt: skip
    if row is None:
        raise Refused(Rejected(Reject.NOTHING_HERE, expected="an item waiting here"))
    goods = arriving_layer(tx, row["layer_id"])
    location_id, qty_each = propose(tx, goods, row["free_each"])
    return tx.insert(
        "task", kind="putaway", item_id=item_id, layer_id=row["layer_id"], location_id=location_id, qty_each=qty_each,
        operator_id=actor.operator_id, created_at_ms=tx.now_ms,
    )  # fmt: skip


def arriving_layer(tx: Tx, layer_id: int) -> Arriving:
    """A layer as putaway judges it, whether or not anything of it lies anywhere yet."""
    row = tx.one(
        "SELECT i.id, i.length_mm, i.width_mm, i.height_mm, i.weight_g, i.rotation, i.tolerance_days, y.id AS layer_id,"
        " y.received_on, y.expiry_on FROM layer y JOIN item i ON i.warehouse_id = y.warehouse_id AND i.id = y.item_id"
        " WHERE y.warehouse_id = :w AND y.id = :id",
        id=layer_id,
    )
    return Arriving(
        row["id"], Layer(row["layer_id"], row["received_on"], row["expiry_on"]),
        volume_ml(row["length_mm"], row["width_mm"], row["height_mm"]), row["weight_g"], row["rotation"],
        row["tolerance_days"],
    )  # fmt: skip


def propose(tx: Tx, goods: Arriving, qty_each: int) -> tuple[int, int]:
    """A location and how much of the goods it takes: topping up before opening, all of it before a part."""
    best: tuple[int, int] | None = None
    for row in tx.all(
        "SELECT DISTINCT l.id FROM stock_balance b"
        " JOIN location l ON l.warehouse_id = b.warehouse_id AND l.id = b.location_id"
        " WHERE b.warehouse_id = :w AND b.item_id = :item AND b.lpn_id = 0"
        " AND l.kind IN ('bin', 'reserve', 'flow_rack') AND l.capacity_ml > 0 AND NOT EXISTS ("
        " SELECT 1 FROM task k WHERE k.warehouse_id = l.warehouse_id AND k.location_id = l.id AND k.kind = 'putaway'"
        " AND k.state = 'open')",
        item=goods.item_id,
    ):
        storage = storage_at(tx, row["id"])
        room = min(qty_each, room_each(storage, goods))
        if room == qty_each and check_putaway(storage, goods, room) is None:
            return row["id"], room
    # A first layer goes to the pick face at knee to eye height, later ones to reserve above it.
    has_stock = tx.one(
        "SELECT 1 FROM stock_balance b JOIN location l ON l.warehouse_id = b.warehouse_id AND l.id = b.location_id"
        " WHERE b.warehouse_id = :w AND b.item_id = :item AND l.kind IN ('bin', 'flow_rack') LIMIT 1",
        item=goods.item_id,
    )
    kinds = ("reserve", "bin", "flow_rack") if has_stock else ("bin", "flow_rack", "reserve")
    for kind in kinds:
        row = tx.one(
            "SELECT l.id, l.capacity_ml, l.max_weight_g FROM location l WHERE l.warehouse_id = :w AND l.kind = :kind"
            " AND (l.capacity_ml = 0 OR l.capacity_ml >= :volume) AND (l.max_weight_g = 0 OR l.max_weight_g >= :weight)"
            f"{_EMPTY} ORDER BY l.level, l.y_dm, l.x_dm LIMIT 1",
            kind=kind, volume=goods.volume_ml * qty_each, weight=goods.weight_g * qty_each,
        )  # fmt: skip
        if row is not None:
            return row["id"], qty_each
    row = tx.one(
        "SELECT l.id FROM location l WHERE l.warehouse_id = :w AND l.kind IN ('bin', 'reserve', 'flow_rack')"
        f"{_EMPTY} ORDER BY l.capacity_ml DESC, l.level, l.y_dm, l.x_dm LIMIT 1"
    )
    if row is not None:
        best = row["id"], min(qty_each, room_each(storage_at(tx, row["id"]), goods))
    if best is None:
        raise Refused(Rejected(Reject.LOCATION_FULL, expected="an empty storage location", got="none is left"))
    return best


_EMPTY = (
    " AND NOT EXISTS (SELECT 1 FROM stock_balance b WHERE b.warehouse_id = l.warehouse_id AND b.location_id = l.id)"
    " AND NOT EXISTS (SELECT 1 FROM task k WHERE k.warehouse_id = l.warehouse_id AND k.location_id = l.id"
    " AND k.kind = 'putaway' AND k.state = 'open')"
)


def storage_at(tx: Tx, location_id: int) -> Storage:
    """A location with all that lies in it."""
    row = tx.one(
        "SELECT code, kind, access, capacity_ml, max_weight_g FROM location WHERE warehouse_id = :w AND id = :id",
        id=location_id,
    )
    present = tx.all(
        "SELECT b.item_id, b.layer_id, y.received_on, y.expiry_on, b.on_hand_each, i.length_mm, i.width_mm,"
        " i.height_mm, i.weight_g FROM stock_balance b"
        " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
        " JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
        " WHERE b.warehouse_id = :w AND b.location_id = :id",
        id=location_id,
    )
    return Storage(
        row["code"], row["kind"], row["access"], row["capacity_ml"], row["max_weight_g"],
        tuple(_present(part) for part in present),
    )  # fmt: skip


def _present(row: Any) -> Present:
    return Present(
        row["item_id"], Layer(row["layer_id"], row["received_on"], row["expiry_on"]),
        volume_ml(row["length_mm"], row["width_mm"], row["height_mm"], row["on_hand_each"]),
        row["weight_g"] * row["on_hand_each"],
    )  # fmt: skip


def _put_away(tx: Tx, actor: Actor, task_id: int, location_code: str, qty_each: int) -> None:
    task = tx.one(
        "SELECT id, item_id, layer_id, location_id, qty_each, done_each FROM task"
        " WHERE warehouse_id = :w AND id = :id AND state = 'open'",
        id=task_id,
    )
    if task is None or actor.station_location_id is None:
        raise Refused(Rejected(Reject.NO_WORK))
    location = find_location(tx, location_code)
    wrong = check_putaway(storage_at(tx, location["id"]), arriving_layer(tx, task["layer_id"]), qty_each)
    if wrong is not None:
        raise Refused(wrong)
    claimed = tx.one(
        "SELECT id FROM task WHERE warehouse_id = :w AND kind = 'putaway' AND state = 'open'"
        " AND location_id = :location AND id <> :id AND item_id <> :item",
        location=location["id"], id=task_id, item=task["item_id"],
    )  # fmt: skip
    if claimed is not None:
        raise Refused(Rejected(Reject.LOCATION_FULL, expected="a location nobody else is sent to", got=location_code))
    sealed_each = ledger.carry_sealed(tx, actor, actor.station_location_id, task["layer_id"], qty_each)
    move = Move(
        task["layer_id"], task["item_id"], actor.station_location_id, location["id"], qty_each, MoveReason.PUTAWAY,
        sealed_from_each=sealed_each, sealed_to_each=sealed_each,
    )  # fmt: skip
    ledger.post(tx, actor, [move])
    done_each = task["done_each"] + qty_each
    tx.run(
        "UPDATE task SET done_each = :done, state = :state, done_at_ms = :now, operator_id = :operator"
        " WHERE warehouse_id = :w AND id = :id",
        id=task_id, done=done_each, state="done" if done_each == task["qty_each"] else "open", now=tx.now_ms,
        operator=actor.operator_id,
    )  # fmt: skip
    allocate.allocate_waiting(tx, actor, task["item_id"])
