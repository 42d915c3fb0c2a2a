"""Units of totes nobody will pack go back into storage and are free again.

Their promise ends with the location scan: the order's figures go down by the same units in the same
transaction, so a cancelled order never holds stock that lies in a bin. Units keep their layer and its dates; what
expired meanwhile goes on hold where it is put. What is not in the tote was perhaps never taken: its origin is
counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fulfillment.domain.counting import CountCause
from fulfillment.domain.fifo import Layer, is_allocatable, rank
from fulfillment.domain.putaway import check_putaway
from fulfillment.domain.reasons import MoveReason, Refused, Reject, Rejected, Why
from fulfillment.domain.stock import LpnKind, Move, Status, Virtual
from fulfillment.flows import put_back as flow
from fulfillment.flows.step import Memory
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.common.today import local_day
from fulfillment.services.scan_path import undoing
from fulfillment.services.stock import allocate, ledger, storing
from fulfillment.services.stock.lookup import GOODS_COLUMNS, PLACE_COLUMNS, find_location, find_lpn, goods_of, place_of
from fulfillment.services.touring import batch_totes, pick, undoing_put_back
from fulfillment.services.touring.shorts import open_count

WAITING_SHOWN = 6

# What somebody scans for it: a share of a tote of several orders has no code of its own.
_STANDS_IN = (
    "COALESCE((SELECT t.code FROM lpn t WHERE p.kind = 'share' AND t.warehouse_id = p.warehouse_id"
    " AND t.id = p.parent_lpn_id), p.code)"
)


def load(tx: Tx, actor: Actor, memory: Memory) -> flow.Facts:
    """What the dialogue of putting back stands on."""
    tote = tx.one(
        f"SELECT p.id, {_STANDS_IN} AS code, p.kind, k.order_id, o.number FROM lpn p JOIN task k"
        " ON k.warehouse_id = p.warehouse_id AND k.lpn_id = p.id AND k.kind = 'put_back' AND k.state = 'open'"
        " LEFT JOIN sales_order o ON o.warehouse_id = k.warehouse_id AND o.id = k.order_id"
        " WHERE p.warehouse_id = :w AND p.id = :id",
        id=memory.get("tote", 0),
    )
    content = _content(tx, tote["id"]) if tote is not None else ()
    if tote is None or not content:
        waiting = _waiting(tx)
        slots = frozenset(row["code"] for row in waiting if row["is_slot"])
        return flow.Facts(None, waiting=tuple(row["code"] for row in waiting), slots=slots)
    view = flow.Tote(tote["id"], tote["code"], tote["number"] or "", content, tote["kind"] == LpnKind.SLOT)
    return flow.Facts(view, _hand(tx, tote, memory))


def apply(tx: Tx, actor: Actor, command: object, memory: Memory) -> Memory:
    """Carry out a command of putting back.

    Raises:
        Refused: no tote to be put back, nothing of the item in it, or a location that must not take it.
    """
    match command:
        case flow.OpenTote(tote_code):
            return {"tote": _open(tx, tote_code)}
        case flow.TakeOut(tote_id, item_id, qty_each):
            return {**memory, "tote": tote_id, **_take_out(tx, tote_id, item_id, qty_each)}
        case flow.PutBack(tote_id, location_code):
            return {"tote": tote_id, **_put_back(tx, actor, tote_id, location_code, memory)}
        case flow.TakeBack(last):
            return undoing_put_back.take_back(tx, actor, last)
        case flow.WriteOff(tote_id):
            _write_off(tx, actor, tote_id)
            return {}
        case _:
            raise TypeError(f"not a command of putting back: {command!r}")


def _waiting(tx: Tx) -> Sequence[Any]:
    return tx.all(
        f"SELECT s.code, MAX(s.is_slot) AS is_slot FROM (SELECT k.id, {_STANDS_IN} AS code,"
        " CASE p.kind WHEN 'slot' THEN 1 ELSE 0 END AS is_slot FROM task k"
        " JOIN lpn p ON p.warehouse_id = k.warehouse_id AND p.id = k.lpn_id WHERE k.warehouse_id = :w"
        " AND k.kind = 'put_back' AND k.state = 'open') s"
        f" GROUP BY s.code ORDER BY MIN(s.id) LIMIT {WAITING_SHOWN}"
    )


def _content(tx: Tx, tote_id: int) -> tuple[flow.Content, ...]:
    rows = tx.all(
        f"SELECT {GOODS_COLUMNS}, SUM(b.on_hand_each) AS qty_each FROM stock_balance b"
        " JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
        " WHERE b.warehouse_id = :w AND b.lpn_id = :tote GROUP BY i.warehouse_id, i.id, i.sku, i.name, i.sku_key"
        " ORDER BY MIN(b.layer_id)",
        tote=tote_id,
    )
    return tuple(flow.Content(goods_of(row), row["qty_each"]) for row in rows)


def _hand(tx: Tx, tote: Any, memory: Memory) -> flow.InHand | None:
    parts = _parts(tx, tote["id"], memory.get("item", 0))
    place = tx.one(
        f"SELECT {PLACE_COLUMNS} FROM location l WHERE l.warehouse_id = :w AND l.id = :id",
        id=memory.get("location", 0),
    )
    if not parts or place is None:
        return None
    goods = tx.one(f"SELECT {GOODS_COLUMNS} FROM item i WHERE i.warehouse_id = :w AND i.id = :id", id=memory["item"])
    there_each = sum(part["on_hand_each"] for part in parts)
    qty_each = min(memory["qty_each"], there_each)
    return flow.InHand(goods_of(goods), qty_each, parts[0]["received_on"], place_of(place))


def _open(tx: Tx, tote_code: str) -> int:
    tote = find_lpn(tx, tote_code, LpnKind.TOTE) or find_lpn(tx, tote_code, LpnKind.SLOT) or _share(tx, tote_code)
    if tote is None:
        raise Refused(Rejected(Reject.UNKNOWN_TOTE, got=tote_code))
    if _task(tx, tote["id"]) is None:
        _ask_for_cancelled(tx, tote)
    if not _content(tx, tote["id"]):
        raise Refused(Rejected(Reject.TOTE_EMPTY, got=tote_code))
    return tote["id"]


def _share(tx: Tx, tote_code: str) -> Any:
    """Of a tote of several orders, what a cancelled one has in it; None when there is nothing to be put back."""
    return tx.one(
        "SELECT p.* FROM lpn t JOIN lpn p ON p.warehouse_id = t.warehouse_id AND p.parent_lpn_id = t.id"
        " JOIN sales_order o ON o.warehouse_id = p.warehouse_id AND o.id = p.order_id AND o.is_cancelled = 1"
        " WHERE t.warehouse_id = :w AND t.code = :code AND t.kind = 'batch' ORDER BY p.id LIMIT 1",
        code=tote_code,
    )


def _ask_for_cancelled(tx: Tx, tote: Any) -> None:
    """A tote without a task may be put back all the same when its order is cancelled and its walk is over."""
    if tote["order_id"] is None:
        raise Refused(Rejected(Reject.TOTE_EMPTY, expected="a tote to be put back", got=tote["code"]))
    row = tx.one(
        "SELECT o.is_cancelled, l.kind FROM lpn p"
        " JOIN sales_order o ON o.warehouse_id = p.warehouse_id AND o.id = p.order_id"
        " JOIN location l ON l.warehouse_id = p.warehouse_id AND l.id = p.location_id"
        " WHERE p.warehouse_id = :w AND p.id = :tote",
        tote=tote["id"],
    )
    if row is None or not row["is_cancelled"]:
        raise Refused(Rejected(Reject.WRONG_TOTE, expected="a tote of a cancelled order", got=tote["code"]))
    if row["kind"] == "cart":
        raise Refused(Rejected(Reject.TOTE_IN_USE, expected="a tote that was set down", got=tote["code"]))
    pick.ask_put_back(tx, tote["id"], tote["order_id"])


def _task(tx: Tx, tote_id: int) -> Any:
    return tx.one(
        "SELECT id, order_id, lpn_id FROM task WHERE warehouse_id = :w AND kind = 'put_back' AND state = 'open'"
        " AND lpn_id = :tote ORDER BY id LIMIT 1",
        tote=tote_id,
    )


def _parts(tx: Tx, tote_id: int, item_id: int) -> list[Any]:
    """What the tote holds of an item, layer by layer, oldest first."""
    rows = tx.all(
        "SELECT b.location_id, b.layer_id, b.status, b.on_hand_each, b.allocated_each, y.received_on, y.expiry_on,"
        " i.rotation, i.tolerance_days FROM stock_balance b"
        " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
        " JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
        " WHERE b.warehouse_id = :w AND b.lpn_id = :tote AND b.item_id = :item",
        tote=tote_id, item=item_id,
    )  # fmt: skip
    return sorted(
        rows,
        key=lambda row: rank(
            Layer(row["layer_id"], row["received_on"], row["expiry_on"]), row["rotation"], row["tolerance_days"]
        ),
    )


def _take_out(tx: Tx, tote_id: int, item_id: int, qty_each: int) -> dict[str, int]:
    """Which units are in the hand and where they go: those of one origin at a time, the oldest first."""
    task = _task(tx, tote_id)
    parts = _parts(tx, tote_id, item_id)
    if task is None or not parts:
        raise Refused(Rejected(Reject.NOTHING_HERE, expected="an item of this tote"))
    origins = {part["layer_id"]: _origin(tx, part["layer_id"], tote_id, task["order_id"]) for part in parts}
    origin = origins[parts[0]["layer_id"]]
    together = [part for part in parts if origins[part["layer_id"]] == origin]
    qty_each = min(qty_each, sum(part["on_hand_each"] for part in together))
    if origin is not None and _why_not(tx, origin, together, qty_each) is None:
        return {"item": item_id, "qty_each": qty_each, "location": origin}
    first = parts[0]
    goods = storing.arriving_layer(tx, first["layer_id"])
    location_id, fits_each = storing.propose(tx, goods, min(qty_each, first["on_hand_each"]))
    return {"item": item_id, "qty_each": fits_each, "location": location_id}


def _origin(tx: Tx, layer_id: int, tote_id: int, order_id: int | None) -> int | None:
    """The location the layer's units in this tote were picked from; through a parcel, by their order."""
    row = tx.one(
        "SELECT from_location_id FROM stock_move WHERE warehouse_id = :w AND layer_id = :layer AND reason = 'pick'"
        " AND (to_lpn_id = :tote OR order_id = :order) ORDER BY to_lpn_id = :tote DESC, id DESC LIMIT 1",
        layer=layer_id, tote=tote_id, order=order_id,
    )  # fmt: skip
    return row["from_location_id"] if row is not None else None


def _why_not(tx: Tx, location_id: int, parts: list[Any], qty_each: int) -> Rejected | None:
    """None when `qty_each` of these layers, oldest first, may go into the location."""
    storage = storing.storage_at(tx, location_id)
    for part in parts:
        if qty_each <= 0:
            break
        # Each layer must be let in by the rules of age; room is asked for all that comes.
        wrong = check_putaway(storage, storing.arriving_layer(tx, part["layer_id"]), qty_each)
        if wrong is not None:
            return wrong
        qty_each -= part["on_hand_each"]
    claimed = tx.one(
        "SELECT id FROM task WHERE warehouse_id = :w AND kind = 'putaway' AND state = 'open'"
        " AND location_id = :location AND item_id <> :item",
        location=location_id, item=storing.arriving_layer(tx, parts[0]["layer_id"]).item_id,
    )  # fmt: skip
    if claimed is not None:
        return Rejected(Reject.LOCATION_FULL, expected="a location nobody else is sent to", got=storage.code)
    return None


def _put_back(tx: Tx, actor: Actor, tote_id: int, location_code: str, memory: Memory) -> Memory:
    """What is in the hand into a location; what UNDO has to know of it."""
    task = _task(tx, tote_id)
    item_id = memory["item"]
    parts = _parts(tx, tote_id, item_id)
    if task is None or not parts:
        raise Refused(Rejected(Reject.NOTHING_HERE, expected="an item of this tote"))
    location = find_location(tx, location_code)
    left_each = min(memory["qty_each"], sum(part["on_hand_each"] for part in parts))
    wrong = _why_not(tx, location["id"], parts, left_each)
    if wrong is not None:
        raise Refused(wrong)
    layers = _leave(tx, actor, task, parts, location["id"], left_each, MoveReason.PUT_BACK)
    allocate.allocate_waiting(tx, actor, item_id)
    _finish_if_empty(tx, actor, tote_id, task)
    return {"last": undoing.remember(actor, task=task["id"], layers=layers)}


def _write_off(tx: Tx, actor: Actor, tote_id: int) -> None:
    task = _task(tx, tote_id)
    if task is None:
        raise Refused(Rejected(Reject.NO_WORK))
    items = tx.all(
        "SELECT DISTINCT item_id FROM stock_balance WHERE warehouse_id = :w AND lpn_id = :tote ORDER BY item_id",
        tote=tote_id,
    )
    for row in items:
        parts = _parts(tx, tote_id, row["item_id"])
        missing_each = sum(part["on_hand_each"] for part in parts)
        for part in parts:
            origin = _origin(tx, part["layer_id"], tote_id, task["order_id"])
            if origin is not None:
                open_count(tx, actor, origin, CountCause.SHORT)
        _leave(tx, actor, task, parts, ledger.VIRTUAL_IDS[Virtual.ADJUSTMENT], missing_each, MoveReason.MISSING)
    _finish_if_empty(tx, actor, tote_id, task)


def _leave(
    tx: Tx, actor: Actor, task: Any, parts: list[Any], to_location_id: int, qty_each: int, reason: str
) -> list[int]:
    """`qty_each` units leave the tote, oldest layer first, and the promise on them ends; the layers they are of."""
    order_id, layers = task["order_id"], []
    for part in parts:
        part_each = min(qty_each, part["on_hand_each"])
        if part_each <= 0:
            break
        promised_each = min(part_each, part["allocated_each"])
        is_spoilt = reason == MoveReason.PUT_BACK and not is_allocatable(
            Layer(part["layer_id"], part["received_on"], part["expiry_on"]), local_day(tx)
        )
        item_id = storing.arriving_layer(tx, part["layer_id"]).item_id
        move = Move(
            part["layer_id"], item_id, part["location_id"], to_location_id, part_each, reason,
            from_lpn_id=task["lpn_id"], from_status=part["status"],
            to_status=Status.HOLD if is_spoilt else part["status"], allocated_from_each=promised_each,
            order_id=order_id, why=Why.EXPIRED if is_spoilt else "",
        )  # fmt: skip
        ledger.post(tx, actor, [move])
        layers.append(part["layer_id"])
        tx.put(
            "UPDATE demand SET picked_each = picked_each - :qty, allocated_each = allocated_each - :qty"
            " WHERE warehouse_id = :w AND order_id = :order AND item_id = :item",
            order=order_id, item=item_id, qty=promised_each,
        )  # fmt: skip
        qty_each -= part_each
    return layers


def _finish_if_empty(tx: Tx, actor: Actor, tote_id: int, task: Any) -> None:
    order_id = task["order_id"]
    if tx.one("SELECT 1 FROM stock_balance WHERE warehouse_id = :w AND lpn_id = :tote", tote=tote_id) is None:
        batch_totes.free(tx, tote_id)
        tx.put(
            "UPDATE task SET state = 'done', operator_id = :operator, done_at_ms = :now"
            " WHERE warehouse_id = :w AND lpn_id = :tote AND kind = 'put_back' AND state = 'open'",
            tote=tote_id, operator=actor.operator_id, now=tx.now_ms,
        )  # fmt: skip
        tell(tx, "board", "ToteEmptied", actor.scan_id, tote=tote_id)
    if order_id is not None:
        allocate.settle_order(tx, actor, order_id)
