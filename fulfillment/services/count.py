"""Counting: what lies in a location becomes what the book says, and whoever waited for it is told.

A count is posted only if the book stood still meanwhile: when stock was moved here between the first read
and DONE, nobody can say whether it was counted before or after, so the count begins again.
"""

from __future__ import annotations

import json
from typing import Any

from fulfillment.domain.counting import (
    BookLayer,
    StandingPromise,
    Urgency,
    Variance,
    choose_layer_for_surplus,
    compare,
)
from fulfillment.domain.fifo import Layer
from fulfillment.domain.reasons import MoveReason, Refused, Reject, Rejected
from fulfillment.domain.stock import STORAGE_KINDS, Move, Status, Virtual
from fulfillment.flows import count as flow
from fulfillment.flows.step import Memory
from fulfillment.hot import Tx
from fulfillment.services import allocate, ledger, pick
from fulfillment.services.actor import Actor
from fulfillment.services.lookup import PLACE_COLUMNS, find_location, place_of
from fulfillment.services.running import tell

MOVED_MEANWHILE = "moved_meanwhile"


def load(tx: Tx, actor: Actor, memory: Memory) -> flow.Facts:
    """What the counting dialogue stands on."""
    row = tx.one(
        f"SELECT {PLACE_COLUMNS} FROM location l WHERE l.warehouse_id = :w AND l.id = :id",
        id=memory.get("location", 0),
    )
    if row is not None:
        return flow.Facts(place_of(row), notice=memory.get("notice", ""))
    waiting = tx.one("SELECT COUNT(*) AS n FROM task WHERE warehouse_id = :w AND kind = 'count' AND state = 'open'")
    # A count somebody else has begun comes last: it is most likely done before one has walked there.
    row = tx.one(
        f"SELECT {PLACE_COLUMNS} FROM task k"
        " JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
        " WHERE k.warehouse_id = :w AND k.kind = 'count' AND k.state = 'open'"
        " ORDER BY CASE WHEN k.operator_id IS NULL OR k.operator_id = :operator THEN 0 ELSE 1 END, k.id LIMIT 1",
        operator=actor.operator_id,
    )
    return flow.Facts(None, place_of(row) if row is not None else None, waiting["n"])


def apply(tx: Tx, actor: Actor, command: object, memory: Memory) -> Memory:
    """Carry out a counting command.

    Raises:
        Refused: not a storage location, somebody is picking there, or goods this warehouse never received.
    """
    match command:
        case flow.StartCount(location_code):
            return _start(tx, actor, location_code)
        case flow.CountGoods(item_id, sku, qty_each):
            if not _layers_of(tx, item_id):
                raise Refused(Rejected(Reject.NOTHING_HERE, expected="goods that were received once", got=sku))
            return flow.add(memory, item_id, sku, qty_each)
        case flow.FinishCount(location_id, counted):
            return _finish(tx, actor, location_id, dict(counted), memory)
        case flow.LeaveCount(location_id):
            tx.run(f"UPDATE task SET operator_id = NULL{_OPEN_COUNT}", location=location_id)
            return {}
        case _:
            raise TypeError(f"not a counting command: {command!r}")


_OPEN_COUNT = " WHERE warehouse_id = :w AND kind = 'count' AND state = 'open' AND location_id = :location"


def _start(tx: Tx, actor: Actor, location_code: str) -> Memory:
    location = find_location(tx, location_code)
    if location["kind"] not in STORAGE_KINDS:
        raise Refused(Rejected(Reject.NOT_STORAGE, expected="a storage location", got=location_code))
    _check_nobody_picks(tx, location["id"])
    tx.run(f"UPDATE task SET operator_id = :operator{_OPEN_COUNT}", location=location["id"], operator=actor.operator_id)
    return {"location": location["id"], "counted": [], "after_move": _last_move(tx)}


def _check_nobody_picks(tx: Tx, location_id: int) -> None:
    """Units in a picker's hand have left the location and not the book: wait until they are in their tote."""
    for row in tx.all(
        "SELECT s.code, d.memory, (SELECT k.location_id FROM task k JOIN tour t"
        " ON t.warehouse_id = k.warehouse_id AND t.id = k.tour_id WHERE t.warehouse_id = d.warehouse_id"
        " AND t.station_id = d.station_id AND t.state = 'active' AND k.state = 'open'"
        " ORDER BY k.sequence, k.id LIMIT 1) AS stop FROM dialogue d"
        " JOIN station s ON s.warehouse_id = d.warehouse_id AND s.id = d.station_id"
        " WHERE d.warehouse_id = :w AND d.flow = 'pick'"
    ):
        if row["stop"] == location_id and json.loads(row["memory"]).get("at") == location_id:
            raise Refused(Rejected(Reject.FINISH_FIRST, expected=f"the pick at {row['code']}"))


def _finish(tx: Tx, actor: Actor, location_id: int, counted: dict[int, int], memory: Memory) -> Memory:
    _check_nobody_picks(tx, location_id)
    if _has_moved(tx, location_id, memory["after_move"]):
        return {"location": location_id, "counted": [], "after_move": _last_move(tx), "notice": MOVED_MEANWHILE}
    in_book = tx.all(
        "SELECT DISTINCT item_id FROM stock_balance WHERE warehouse_id = :w AND location_id = :location"
        " AND lpn_id = 0 AND status IN ('available', 'hold')",
        location=location_id,
    )
    differs = False
    for item_id in sorted({row["item_id"] for row in in_book} | set(counted)):
        differs |= _count_item(tx, actor, location_id, item_id, counted.get(item_id, 0))
    tx.run(
        f"UPDATE task SET state = 'done', operator_id = :operator, done_at_ms = :now{_OPEN_COUNT}",
        location=location_id, operator=actor.operator_id, now=tx.now_ms,
    )  # fmt: skip
    tell(tx, "board", "LocationCounted", actor.scan_id, location=location_id, differs=differs)
    return {}


def _last_move(tx: Tx) -> int:
    return tx.one("SELECT COALESCE(MAX(id), 0) AS id FROM stock_move WHERE warehouse_id = :w")["id"]


def _has_moved(tx: Tx, location_id: int, after_move: int) -> bool:
    row = tx.one(
        "SELECT id FROM stock_move WHERE warehouse_id = :w AND id > :after AND ((from_location_id = :location"
        " AND from_lpn_id = 0) OR (to_location_id = :location AND to_lpn_id = 0)) LIMIT 1",
        after=after_move, location=location_id,
    )  # fmt: skip
    return row is not None


def _count_item(tx: Tx, actor: Actor, location_id: int, item_id: int, counted_each: int) -> bool:
    """Post what the count of one item means; whether it differed from the book."""
    item = tx.one(
        "SELECT id, sku, rotation, tolerance_days, tracks_serial FROM item WHERE warehouse_id = :w AND id = :id",
        id=item_id,
    )
    book = _book(tx, location_id, item_id)
    variance = compare(
        counted_each, book, _promises(tx, location_id, item_id), item["rotation"], item["tolerance_days"]
    )
    fallen = _give_up(tx, actor, variance)
    moves = _moves(location_id, item_id, variance)
    if variance.surplus_each:
        moves.append(_surplus(tx, location_id, item, book, variance.surplus_each))
    ledger.post(tx, actor, moves)
    # Only now, with the book right, is stock promised again: an order sent elsewhere must not be sent back.
    for task in fallen:
        _send_elsewhere(tx, actor, task)
    if fallen:
        pick.close_empty_tours(tx, actor)
    if moves:
        allocate.allocate_waiting(tx, actor, item_id)
    return bool(variance.missing or variance.surplus_each)


def _book(tx: Tx, location_id: int, item_id: int) -> list[BookLayer]:
    rows = tx.all(
        "SELECT b.layer_id, y.received_on, y.expiry_on,"
        " SUM(CASE WHEN b.status = 'available' THEN b.on_hand_each ELSE 0 END) AS available_each,"
        " SUM(CASE WHEN b.status = 'available' THEN b.allocated_each ELSE 0 END) AS promised_each,"
        " SUM(CASE WHEN b.status = 'hold' THEN b.on_hand_each ELSE 0 END) AS hold_each FROM stock_balance b"
        " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id WHERE b.warehouse_id = :w"
        " AND b.location_id = :location AND b.item_id = :item AND b.lpn_id = 0 AND b.status IN ('available', 'hold')"
        " GROUP BY b.layer_id, y.received_on, y.expiry_on",
        location=location_id, item=item_id,
    )  # fmt: skip
    return [BookLayer(_layer(row), row["available_each"], row["promised_each"], row["hold_each"]) for row in rows]


def _promises(tx: Tx, location_id: int, item_id: int) -> list[StandingPromise]:
    urgency = {None: Urgency.NOT_PLANNED, "planned": Urgency.PLANNED, "active": Urgency.WALKED}
    return [
        StandingPromise(row["id"], row["layer_id"], row["qty_each"], urgency[row["tour"]])
        for row in tx.all(
            "SELECT a.id, a.layer_id, a.qty_each, t.state AS tour FROM allocation a"
            " LEFT JOIN task k ON k.warehouse_id = a.warehouse_id AND k.id = a.task_id"
            " LEFT JOIN tour t ON t.warehouse_id = k.warehouse_id AND t.id = k.tour_id"
            " WHERE a.warehouse_id = :w AND a.location_id = :location AND a.item_id = :item AND a.qty_each > 0",
            location=location_id, item=item_id,
        )
    ]  # fmt: skip


def _give_up(tx: Tx, actor: Actor, variance: Variance) -> list[dict[str, Any]]:
    """Take promises back that no unit stands behind, shorten or close their tasks; what has to go elsewhere."""
    fallen: dict[tuple[int, int | None], dict[str, Any]] = {}
    for given in variance.given_up:
        promise = tx.one("SELECT * FROM allocation WHERE warehouse_id = :w AND id = :id", id=given.allocation_id)
        ledger.give_up(tx, actor, promise, given.qty_each, "counted")
        key = (promise["order_id"], promise["task_id"])
        entry = fallen.setdefault(key, {"order": promise["order_id"], "task": promise["task_id"], "given_each": 0})
        entry["given_each"] += given.qty_each
    for entry in fallen.values():
        if entry["task"] is not None:
            _shorten(tx, actor, entry["task"], entry["given_each"])
    return list(fallen.values())


def _shorten(tx: Tx, actor: Actor, task_id: int, given_each: int) -> None:
    task = tx.one("SELECT qty_each, done_each FROM task WHERE warehouse_id = :w AND id = :id", id=task_id)
    if task["qty_each"] - task["done_each"] > given_each:
        tx.run(
            "UPDATE task SET qty_each = qty_each - :given WHERE warehouse_id = :w AND id = :id",
            id=task_id, given=given_each,
        )  # fmt: skip
        return
    tx.run(
        "UPDATE task SET state = 'short', reason = 'counted', operator_id = :operator, done_at_ms = :now"
        " WHERE warehouse_id = :w AND id = :id",
        id=task_id, operator=actor.operator_id, now=tx.now_ms,
    )  # fmt: skip


def _moves(location_id: int, item_id: int, variance: Variance) -> list[Move]:
    nowhere = ledger.VIRTUAL_IDS[Virtual.ADJUSTMENT]
    gone = [
        Move(part.layer_id, item_id, location_id, nowhere, part.qty_each, MoveReason.COUNT, from_status=part.status)
        for part in variance.missing
    ]
    back = [
        Move(
            part.layer_id, item_id, location_id, location_id, part.qty_each, MoveReason.COUNT,
            from_status=Status.HOLD, to_status=Status.AVAILABLE,
        )
        for part in variance.returned
    ]  # fmt: skip
    return gone + back


def _surplus(tx: Tx, location_id: int, item: Any, book: list[BookLayer], surplus_each: int) -> Move:
    if item["tracks_serial"]:
        # Every unit of a serial item is a layer of its own: which one this is, only its receipt can say.
        raise Refused(Rejected(Reject.SERIAL_REQUIRED, expected="no more than the book knows", got=item["sku"]))
    layer = choose_layer_for_surplus(
        [part.layer for part in book], _layers_of(tx, item["id"]), item["rotation"], item["tolerance_days"]
    )
    if layer is None:
        raise Refused(Rejected(Reject.NOTHING_HERE, expected="goods that were received once", got=item["sku"]))
    return Move(
        layer.layer_id, item["id"], ledger.VIRTUAL_IDS[Virtual.ADJUSTMENT], location_id, surplus_each, MoveReason.COUNT
    )


def _layers_of(tx: Tx, item_id: int) -> list[Layer]:
    rows = tx.all(
        "SELECT id AS layer_id, received_on, expiry_on FROM layer WHERE warehouse_id = :w AND item_id = :item",
        item=item_id,
    )
    return [_layer(row) for row in rows]


def _layer(row: Any) -> Layer:
    return Layer(row["layer_id"], row["received_on"], row["expiry_on"])


def _send_elsewhere(tx: Tx, actor: Actor, fallen: dict[str, Any]) -> None:
    """The order gets other stock at once where there is some, and its walk another stop."""
    allocate.allocate_order(tx, actor, fallen["order"], "counted")
    if fallen["task"] is not None:
        task = tx.one("SELECT tour_id, position FROM task WHERE warehouse_id = :w AND id = :id", id=fallen["task"])
        if task["tour_id"] is not None:
            pick.extend_tour(tx, actor, task["tour_id"], fallen["order"], task["position"])
    order = tx.one("SELECT number FROM sales_order WHERE warehouse_id = :w AND id = :id", id=fallen["order"])
    tell(tx, "board", "PickShorted", actor.scan_id, order=order["number"], missing_each=fallen["given_each"])
    allocate.settle_order(tx, actor, fallen["order"])
