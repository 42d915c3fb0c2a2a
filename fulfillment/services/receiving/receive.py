"""The dialogue of receiving: which receipt one works on, what it still expects, and its end.

What the scans mean for stock is in `arrivals` and `arriving_units`. A closed receipt takes nothing more in,
and what it missed is on record.
"""

from __future__ import annotations

from typing import Any

from fulfillment.domain.inbound import Difference, ReceiptKind
from fulfillment.domain.reasons import Refused, Reject, Rejected, Why
from fulfillment.domain.stock import NO_LPN
from fulfillment.flows import receive as flow
from fulfillment.flows.step import Memory
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.receiving import cross_dock, dock_to_stock, inbound, pallets
from fulfillment.services.receiving.arrivals import How, receive_goods
from fulfillment.services.receiving.arriving_units import receive_unit
from fulfillment.services.stock.lookup import GOODS_COLUMNS, goods_of

WAITING_SHOWN = 20
UNITS_SHOWN = 8
LEFT_SHOWN = 50

_LEFT = " FROM receipt_line r WHERE r.warehouse_id = :w AND r.receipt_id = :id AND r.received_each < r.expected_each"

# Who is told to have sent too little; a return or a transfer is short by itself.
_WHY_SHORT = {
    ReceiptKind.ASN: Why.SUPPLIER_SHORT, ReceiptKind.PURCHASE: Why.SUPPLIER_SHORT, ReceiptKind.TRANSFER: Why.LOST,
}  # fmt: skip


def load(tx: Tx, actor: Actor, memory: Memory) -> flow.Facts:
    """What the receiving dialogue stands on."""
    receipt = tx.one(
        "SELECT id, number, state, kind FROM receipt WHERE warehouse_id = :w AND id = :id", id=memory.get("receipt", 0)
    )
    if receipt is None or receipt["state"] != "open":
        waiting = tx.all(
            "SELECT number FROM receipt WHERE warehouse_id = :w AND state = 'open'"
            f" ORDER BY received_on, id LIMIT {WAITING_SHOWN}"
        )
        return flow.Facts(None, tuple(row["number"] for row in waiting))
    left = tx.one(
        f"SELECT COALESCE(SUM(r.expected_each - r.received_each), 0) AS units, COUNT(*) AS lines{_LEFT}",
        id=receipt["id"],
    )
    row = tx.one(
        f"SELECT {GOODS_COLUMNS}, r.expected_each - r.received_each AS qty_each FROM receipt_line r"
        " JOIN item i ON i.warehouse_id = r.warehouse_id AND i.id = r.item_id"
        " WHERE r.warehouse_id = :w AND r.receipt_id = :id AND r.received_each < r.expected_each ORDER BY r.id LIMIT 1",
        id=receipt["id"],
    )
    units = tx.all(
        "SELECT sscc FROM asn_unit WHERE warehouse_id = :w AND receipt_id = :id AND state = 'announced'"
        f" ORDER BY parent_unit_id IS NOT NULL, id LIMIT {UNITS_SHOWN}",
        id=receipt["id"],
    )
    return flow.Facts(
        flow.OpenReceipt(
            receipt["id"], receipt["number"], left["units"], left["lines"], goods_of(row) if row else None,
            row["qty_each"] if row else 0, receipt["kind"], tuple(unit["sscc"] for unit in units),
            _left(tx, receipt["id"]) if memory.get("confirm") else (),
        ),
        lpn=_pallet_code(tx, actor, memory),
    )  # fmt: skip


def apply(tx: Tx, actor: Actor, command: object, memory: Memory) -> Memory:
    """Carry out a receiving command.

    Raises:
        Refused: the receipt is unknown or closed, too much came, or a lot, expiry or serial is missing.
    """
    match command:
        case flow.OpenReceiptByNumber(number):
            return {"receipt": _open(tx, number)}
        case flow.OpenBlind():
            receipt_id = inbound.open_blind(tx)
            dock_to_stock.note_arrived(tx, receipt_id)
            return {"receipt": receipt_id}
        case flow.ReceiveGoods(receipt_id, item, mode, why):
            receive_goods(tx, actor, receipt_id, item, How(mode, why, memory.get("lpn", NO_LPN)))
            return _after_goods(tx, receipt_id, memory, mode, [item.item_id])
        case flow.ReceiveUnit(receipt_id, sscc, mode, why):
            receipt_id, items = receive_unit(tx, actor, sscc, receipt_id, How(mode, why))
            dock_to_stock.note_arrived(tx, receipt_id)
            return _after_goods(tx, receipt_id, memory, mode, items)
        case flow.BeginPallet(receipt_id):
            return {**memory, "lpn": _begin_pallet(tx, actor, receipt_id)}
        case flow.CloseReceipt(receipt_id):
            close(tx, actor, receipt_id)
            return {}
        case _:
            raise TypeError(f"not a receiving command: {command!r}")


def _open(tx: Tx, number: str) -> int:
    row = tx.one("SELECT id, state FROM receipt WHERE warehouse_id = :w AND number = :number", number=number)
    if row is None:
        raise Refused(Rejected(Reject.UNKNOWN_RECEIPT, got=number))
    if row["state"] != "open":
        raise Refused(Rejected(Reject.RECEIPT_CLOSED, got=number))
    dock_to_stock.note_arrived(tx, row["id"])
    return row["id"]


def _after_goods(tx: Tx, receipt_id: int, memory: Memory, mode: str, items: list[int]) -> Memory:
    """Over and damaged meant these goods only; somebody may be waiting for them."""
    kept = {"receipt": receipt_id} | ({"lpn": memory["lpn"]} if "lpn" in memory else {})
    held = tx.one("SELECT needs_quality FROM receipt WHERE warehouse_id = :w AND id = :id", id=receipt_id)
    is_free = mode != flow.Mode.DAMAGED and not held["needs_quality"]
    if is_free and any(cross_dock.is_awaited(tx, item_id) for item_id in items):
        kept["notice"] = "cross_dock"
    return kept


def _begin_pallet(tx: Tx, actor: Actor, receipt_id: int) -> int:
    if actor.station_location_id is None:
        raise Refused(Rejected(Reject.NOT_ALLOWED, expected="a station at a dock"))
    receipt = tx.one(
        "SELECT number, supplier, source, received_on FROM receipt WHERE warehouse_id = :w AND id = :id", id=receipt_id
    )
    return pallets.new_pallet(
        tx, actor, receipt["number"], receipt["supplier"] or receipt["source"], receipt["received_on"]
    )


def _pallet_code(tx: Tx, actor: Actor, memory: Memory) -> str:
    if "lpn" not in memory:
        return ""
    row = tx.one(
        "SELECT code FROM lpn WHERE warehouse_id = :w AND id = :id AND location_id = :here",
        id=memory["lpn"], here=actor.station_location_id,
    )  # fmt: skip
    return row["code"] if row is not None else ""


def _left(tx: Tx, receipt_id: int) -> tuple[dict[str, Any], ...]:
    rows = tx.all(
        "SELECT i.sku, i.name, n.lot, n.expected_each - n.received_each AS qty_each FROM receipt_line n"
        " JOIN item i ON i.warehouse_id = n.warehouse_id AND i.id = n.item_id WHERE n.warehouse_id = :w"
        f" AND n.receipt_id = :id AND n.received_each < n.expected_each ORDER BY n.id LIMIT {LEFT_SHOWN}",
        id=receipt_id,
    )
    return tuple(dict(row) for row in rows)


def close(tx: Tx, actor: Actor, receipt_id: int) -> None:
    """Nothing more comes; what is missing of it is entered as short."""
    receipt = tx.one("SELECT number, kind FROM receipt WHERE warehouse_id = :w AND id = :id", id=receipt_id)
    missing = tx.all(
        f"SELECT r.item_id, SUM(r.expected_each - r.received_each) AS qty_each{_LEFT} GROUP BY r.item_id",
        id=receipt_id,
    )
    for row in missing:
        tx.add(
            "receipt_entry", receipt_id=receipt_id, item_id=row["item_id"], difference=Difference.SHORT,
            qty_each=row["qty_each"], why=_WHY_SHORT.get(receipt["kind"], ""), operator_id=actor.operator_id,
            scan_id=actor.scan_id, recorded_at_ms=tx.now_ms,
        )  # fmt: skip
    if not missing:
        # Units nobody scanned as such came piece by piece.
        tx.put(
            "UPDATE asn_unit SET state = 'arrived', arrived_at_ms = :now WHERE warehouse_id = :w AND receipt_id = :id"
            " AND state = 'announced'",
            id=receipt_id, now=tx.now_ms,
        )  # fmt: skip
    tx.put(
        "UPDATE receipt SET state = 'closed', closed_at_ms = :now WHERE warehouse_id = :w AND id = :id"
        " AND state = 'open'",
        id=receipt_id, now=tx.now_ms,
    )  # fmt: skip
    dock_to_stock.note_stocked(tx, receipt_id)
    tell(tx, "board", "ReceiptClosed", actor.scan_id, receipt=receipt["number"])
