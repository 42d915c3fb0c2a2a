"""Goods come in: units onto a receipt's lines, into layers, onto the dock, in the transaction of their scan.

Refuses more than was announced (unless a person said so, with a reason), goods without the lot, expiry or
serial their item tracks, a serial that is in the house, and a handling unit that came before. Invariant: what
the lines of a receipt count as received is what its layers received in the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fulfillment.domain.inbound import (
    Difference,
    Expected,
    ReceiptKind,
    Shipped,
    fill_lines,
    is_told,
    sealed_on_arrival,
)
from fulfillment.domain.reasons import MoveReason, Refused, Reject, Rejected, Why
from fulfillment.domain.stock import NO_LPN, Move, Status, Virtual
from fulfillment.flows.receive import Mode
from fulfillment.flows.step import ItemRead
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.receiving import purchasing, returns
from fulfillment.services.stock import ledger

_COMES_FROM = {
    ReceiptKind.RETURN: (Virtual.CUSTOMER, MoveReason.RETURN),
    ReceiptKind.TRANSFER: (Virtual.IN_TRANSIT, MoveReason.RECEIVE),
}
_FROM_SUPPLIER = (Virtual.SUPPLIER, MoveReason.RECEIVE)
LOT_CODE = "GS1 code with lot (10)"
EXPIRY_CODE = "GS1 code with expiry (17)"


@dataclass(frozen=True)
class How:
    """What a person said about the next goods: over or damaged and why; and the pallet they are set on."""

    mode: str = ""
    why: str = ""
    lpn_id: int = NO_LPN


@dataclass(frozen=True)
class Batch:
    """Units that make (part of) one layer."""

    item: Any
    line_id: int
    qty_each: int
    lot: str
    expiry_on: str
    serial: str
    received_on: str
    pack_each: int = 0
    origin_layer_id: int | None = None


def receive_goods(tx: Tx, actor: Actor, receipt_id: int, read: ItemRead, how: How) -> list[tuple[int, int]]:
    """One scan of goods, with what its code says about lot, expiry and serial: (layer, units) of what came.

    Raises:
        Refused: not (so many) announced, or a lot, expiry or serial is missing or known.
    """
    return receive_known(tx, actor, open_receipt(tx, actor, receipt_id), item_row(tx, read.item_id), read, how)


def receive_known(
    tx: Tx, actor: Actor, receipt: Any, item: Any, read: ItemRead, how: How
) -> list[tuple[int, int]]:  # fmt: skip
    """The same for who has the rows of receipt and item already."""
    _check_pallet(tx, actor, how.lpn_id)
    serial = _checked_serial(tx, item, read)
    if receipt["kind"] == ReceiptKind.RETURN:
        batches = _returned(tx, actor, receipt, item, read, serial, how)
    else:
        batches = _delivered(tx, actor, receipt, item, read, serial, how)
    return [(take_in(tx, actor, receipt, batch, how), batch.qty_each) for batch in batches]


def open_receipt(tx: Tx, actor: Actor, receipt_id: int) -> Any:
    if actor.station_location_id is None:
        raise Refused(Rejected(Reject.NOT_ALLOWED, expected="a station at a dock"))
    row = tx.one("SELECT * FROM receipt WHERE warehouse_id = :w AND id = :id", id=receipt_id)
    if row["state"] != "open":
        raise Refused(Rejected(Reject.RECEIPT_CLOSED, got=row["number"]))
    return row


def item_row(tx: Tx, item_id: int) -> Any:
    return tx.one(
        "SELECT id, sku, tracks_lot, tracks_expiry, tracks_serial, return_dating FROM item"
        " WHERE warehouse_id = :w AND id = :id",
        id=item_id,
    )


def _check_pallet(tx: Tx, actor: Actor, lpn_id: int) -> None:
    """The pallet begun here may have been carried away in between."""
    if lpn_id == NO_LPN:
        return
    row = tx.one("SELECT location_id FROM lpn WHERE warehouse_id = :w AND id = :id", id=lpn_id)
    if row["location_id"] != actor.station_location_id:
        raise Refused(Rejected(Reject.UNKNOWN_LPN, expected="a pallet that stands here"))


# --- what was ordered or announced -----------------------------------------------------------------------------


def _delivered(
    tx: Tx, actor: Actor, receipt: Any, item: Any, read: ItemRead, serial: str, how: How
) -> list[Batch]:  # fmt: skip
    # The receipt may already say which lot and expiry come; a GS1 code that says it too must agree.
    lines = _lines(tx, receipt, item["id"], read.lot, read.expiry_on)
    parts, beyond_each = fill_lines(lines, read.qty_each)
    is_blind = receipt["kind"] == ReceiptKind.BLIND
    if beyond_each and not is_blind and how.mode != Mode.OVER:
        if not lines:
            raise Refused(Rejected(Reject.WRONG_ITEM, expected="an item of this receipt", got=item["sku"]))
        left_each = read.qty_each - beyond_each
        raise Refused(Rejected(Reject.OVER_RECEIPT, expected=str(left_each), got=str(read.qty_each)))
    told_by = [] if is_blind else [line for line in lines if line.left_each or beyond_each]
    if item["tracks_lot"] and not read.lot and not is_told(told_by, "lot"):
        raise Refused(Rejected(Reject.LOT_REQUIRED, expected=LOT_CODE, got=read.raw))
    if item["tracks_expiry"] and not read.expiry_on and not is_told(told_by, "expiry_on"):
        raise Refused(Rejected(Reject.EXPIRY_REQUIRED, expected=EXPIRY_CODE, got=read.raw))
    batches = [_batch(receipt, item, line, qty_each, read, serial) for line, qty_each in parts]
    if beyond_each:
        line = _line_beyond(tx, receipt, item["id"], lines, read)
        difference = _beyond(lines)
        why = Why.UNANNOUNCED if is_blind else how.why
        _differ(tx, actor, receipt["id"], item["id"], difference, beyond_each, why)
        batches.append(_batch(receipt, item, line, beyond_each, read, serial))
    return batches


def _lines(tx: Tx, receipt: Any, item_id: int, lot: str, expiry_on: str) -> list[Expected]:
    return [
        Expected(
            row["id"], row["lot"], row["expiry_on"], row["received_on"], row["expected_each"],
            max(0, row["expected_each"] - row["received_each"]),
        )
        for row in tx.all(
            "SELECT id, lot, expiry_on, received_on, expected_each, received_each FROM receipt_line"
            " WHERE warehouse_id = :w AND receipt_id = :receipt AND item_id = :item"
            " AND (lot = :lot OR lot = '' OR :lot = '') AND (expiry_on = :expiry OR expiry_on = '' OR :expiry = '')"
            " ORDER BY id",
            receipt=receipt["id"], item=item_id, lot=lot, expiry=expiry_on,
        )
    ]  # fmt: skip


def _beyond(lines: list[Expected]) -> Difference:
    return Difference.OVER if any(line.announced_each for line in lines) else Difference.UNANNOUNCED


def _line_beyond(tx: Tx, receipt: Any, item_id: int, lines: list[Expected], read: ItemRead) -> Expected:
    """The line that counts what nobody expected: one there is, else a new one that expects nothing."""
    fitting = [line for line in lines if (line.lot, line.expiry_on) == (read.lot, read.expiry_on)]
    if fitting or lines:
        return (fitting or lines)[-1]
    line_id = tx.insert(
        "receipt_line", receipt_id=receipt["id"], item_id=item_id, lot=read.lot, expiry_on=read.expiry_on,
        expected_each=0,
    )  # fmt: skip
    return Expected(line_id, read.lot, read.expiry_on, "", 0, 0)


def _batch(receipt: Any, item: Any, line: Expected, qty_each: int, read: ItemRead, serial: str) -> Batch:
    return Batch(
        item, line.line_id, qty_each, read.lot or line.lot, read.expiry_on or line.expiry_on, serial,
        line.received_on or receipt["received_on"], read.barcode_each,
    )  # fmt: skip


# --- what a customer sends back --------------------------------------------------------------------------------


def _returned(
    tx: Tx, actor: Actor, receipt: Any, item: Any, read: ItemRead, serial: str, how: How
) -> list[Batch]:  # fmt: skip
    """Each unit goes back as a layer of its own, with the lot, expiry and (by policy) day it had."""
    lines = _lines(tx, receipt, item["id"], read.lot, read.expiry_on)
    parts, beyond_each = fill_lines(lines, read.qty_each)
    if beyond_each and how.mode != Mode.OVER:
        if not lines:
            raise Refused(Rejected(Reject.WRONG_ITEM, expected="an item of this return", got=item["sku"]))
        left_each = read.qty_each - beyond_each
        raise Refused(Rejected(Reject.OVER_RECEIPT, expected=str(left_each), got=str(read.qty_each)))
    known, stranger_each = returns.origins(tx, receipt["order_id"], item["id"], read.qty_each, read.lot, serial)
    if stranger_each and how.mode != Mode.OVER:
        # So many of the item are announced, but not of this lot or with this serial.
        code = Reject.SERIAL_UNKNOWN if serial else Reject.WRONG_ITEM
        raise Refused(Rejected(code, expected="goods of this order", got=serial or read.lot or item["sku"]))
    if beyond_each:
        line = _line_beyond(tx, receipt, item["id"], lines, read)
        _differ(tx, actor, receipt["id"], item["id"], _beyond(lines), beyond_each, how.why)
        parts.append((line, beyond_each))
    return [
        Batch(
            item, line.line_id, qty_each, *_told(item, read, origin), serial,
            returns.counts_from(tx, item["return_dating"], origin), 0, origin.layer_id if origin else None,
        )
        for line, origin, qty_each in _aligned(parts, [*known, *([(None, stranger_each)] if stranger_each else [])])
    ]  # fmt: skip


def _told(item: Any, read: ItemRead, origin: Shipped | None) -> tuple[str, str]:
    """Lot and expiry: what the code says, else what the units were shipped with."""
    lot = read.lot or (origin.lot if origin else "")
    expiry_on = read.expiry_on or (origin.expiry_on if origin else "")
    if item["tracks_lot"] and not lot:
        raise Refused(Rejected(Reject.LOT_REQUIRED, expected=LOT_CODE, got=read.raw))
    if item["tracks_expiry"] and not expiry_on:
        raise Refused(Rejected(Reject.EXPIRY_REQUIRED, expected=EXPIRY_CODE, got=read.raw))
    return lot, expiry_on


def _aligned(parts: list[tuple[Any, int]], others: list[tuple[Any, int]]) -> list[tuple[Any, Any, int]]:
    """Two ways of dividing one quantity, cut where either cuts."""
    cut = []
    left, right = [list(part) for part in parts], [list(part) for part in others]
    while left and right:
        qty_each = min(left[0][1], right[0][1])
        cut.append((left[0][0], right[0][0], qty_each))
        for side in (left, right):
            side[0][1] -= qty_each
            if side[0][1] == 0:
                side.pop(0)
    return cut


# --- into the ledger -------------------------------------------------------------------------------------------


def take_in(tx: Tx, actor: Actor, receipt: Any, batch: Batch, how: How) -> int:
    """A batch into the ledger, where `actor` stands; returns the layer it is of."""
    damaged_each = batch.qty_each if how.mode == Mode.DAMAGED else 0
    tx.put(
        "UPDATE receipt_line SET received_each = received_each + :qty, damaged_each = damaged_each + :damaged"
        " WHERE warehouse_id = :w AND id = :id",
        id=batch.line_id, qty=batch.qty_each, damaged=damaged_each,
    )  # fmt: skip
    if receipt["purchase_order_id"] is not None:
        purchasing.count_received(tx, receipt["purchase_order_id"], batch.item["id"], batch.qty_each)
    if damaged_each:
        _differ(tx, actor, receipt["id"], batch.item["id"], Difference.DAMAGED, damaged_each, how.why)
    layer_id = _layer(tx, receipt, batch)
    status = Status.DAMAGED if damaged_each else Status.QUARANTINE if receipt["needs_quality"] else Status.AVAILABLE
    outside, reason = _COMES_FROM.get(receipt["kind"], _FROM_SUPPLIER)
    assert actor.station_location_id is not None
    move = Move(
        layer_id, batch.item["id"], ledger.VIRTUAL_IDS[outside], actor.station_location_id, batch.qty_each, reason,
        to_lpn_id=how.lpn_id, from_status=status, to_status=status, order_id=receipt["order_id"],
        sealed_to_each=_sealed(tx, layer_id, batch), why=how.why,
    )  # fmt: skip
    ledger.post(tx, actor, [move])
    return layer_id


def _layer(tx: Tx, receipt: Any, batch: Batch) -> int:
    key = {
        "receipt_id": receipt["id"], "item_id": batch.item["id"], "lot": batch.lot, "expiry_on": batch.expiry_on,
        "serial": batch.serial, "received_on": batch.received_on,
    }  # fmt: skip
    alike = tx.all(
        "SELECT id, origin_layer_id FROM layer WHERE warehouse_id = :w AND receipt_id = :receipt_id"
        " AND item_id = :item_id AND lot = :lot AND expiry_on = :expiry_on AND serial = :serial"
        " AND received_on = :received_on ORDER BY origin_no",
        **key,
    )
    for row in alike:
        if row["origin_layer_id"] == batch.origin_layer_id:
            return row["id"]
    cost = tx.one("SELECT unit_cost_minor FROM receipt_line WHERE warehouse_id = :w AND id = :id", id=batch.line_id)
    return tx.insert(
        "layer", **key, unit_cost_minor=cost["unit_cost_minor"], origin_layer_id=batch.origin_layer_id,
        origin_no=len(alike), created_at_ms=tx.now_ms,
    )  # fmt: skip


def _sealed(tx: Tx, layer_id: int, batch: Batch) -> int:
    """How many arrive in closed cases. The first pack that comes says how large a case of this layer is."""
    if batch.pack_each <= 1 or batch.qty_each < batch.pack_each:
        return 0
    tx.put(
        "UPDATE layer SET case_each = :pack WHERE warehouse_id = :w AND id = :id AND case_each = 0",
        id=layer_id, pack=batch.pack_each,
    )  # fmt: skip
    case_each = tx.one("SELECT case_each FROM layer WHERE warehouse_id = :w AND id = :id", id=layer_id)["case_each"]
    return sealed_on_arrival(batch.qty_each, batch.pack_each, case_each)


def _checked_serial(tx: Tx, item: Any, read: ItemRead) -> str:
    if not item["tracks_serial"]:
        return ""
    if not read.serial:
        raise Refused(Rejected(Reject.SERIAL_REQUIRED, expected="GS1 code with serial (21)", got=read.raw))
    if read.qty_each != 1:
        raise Refused(Rejected(Reject.BAD_QUANTITY, expected="1", got=str(read.qty_each)))
    check_not_in_house(tx, item["id"], read.serial)
    return read.serial


def check_not_in_house(tx: Tx, item_id: int, serial: str) -> None:
    """A serial that was shipped may come back; one that is here cannot come a second time.

    Raises:
        Refused: `serial_known`.
    """
    # One unit: where its last move brought it, there it is. (By the serial's index, not by that of an item that
    # may have thousands of them: a term with a plus is no index's.)
    lying = tx.one(
        "SELECT 1 FROM layer y JOIN stock_move m ON m.warehouse_id = y.warehouse_id AND m.layer_id = y.id"
        " AND m.id = (SELECT MAX(n.id) FROM stock_move n WHERE n.warehouse_id = y.warehouse_id AND n.layer_id = y.id)"
        " JOIN location l ON l.warehouse_id = m.warehouse_id AND l.id = m.to_location_id AND l.kind <> 'virtual'"
        " WHERE y.warehouse_id = :w AND y.serial = :serial AND +y.item_id = :item LIMIT 1",
        item=item_id, serial=serial,
    )  # fmt: skip
    if lying is not None:
        raise Refused(Rejected(Reject.SERIAL_KNOWN, got=serial))


def _differ(tx: Tx, actor: Actor, receipt_id: int, item_id: int, difference: str, qty_each: int, why: str) -> None:
    tx.add(
        "receipt_entry", receipt_id=receipt_id, item_id=item_id, difference=difference, qty_each=qty_each, why=why,
        operator_id=actor.operator_id, scan_id=actor.scan_id, recorded_at_ms=tx.now_ms,
    )  # fmt: skip
