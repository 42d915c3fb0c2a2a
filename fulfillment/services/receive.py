"""Announce receipts, take goods in at the dock as layers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from fulfillment.domain.codes import BadCode, own_code
from fulfillment.domain.reasons import Conflict, DomainError, MoveReason, NotFound, Refused, Reject, Rejected
from fulfillment.domain.stock import Move, Virtual
from fulfillment.flows import receive as flow
from fulfillment.flows.step import Memory
from fulfillment.hot import Tx
from fulfillment.services import ledger
from fulfillment.services.actor import Actor
from fulfillment.services.lookup import GOODS_COLUMNS, goods_of
from fulfillment.services.running import tell

WAITING_SHOWN = 20


def announce(tx: Tx, number: str, received_on: str, lines: Sequence[Mapping[str, Any]], supplier: str = "") -> bool:
    """Store an expected receipt; False when the same receipt is known already.

    `lines`: {sku, qty_each, lot?, expiry_on?}; lines of one item, lot and expiry are added up.

    Raises:
        DomainError: an unknown SKU, a service item, a bad date, number or quantity;
        Conflict: other content, same number.
    """
    _check_number(number)
    _check_date("received_on", received_on)
    content = hashlib.sha256(json.dumps([number, received_on, supplier, list(map(dict, lines))]).encode()).hexdigest()
    known = tx.one("SELECT content_sha256 FROM receipt WHERE warehouse_id = :w AND number = :number", number=number)
    if known is not None:
        if known["content_sha256"] != content:
            raise Conflict("receipt_exists", f"receipt {number} exists with other content", "number")
        return False
    expected: dict[tuple[int, str, str], int] = {}
    for place, line in enumerate(lines):
        item = tx.one(
            "SELECT id, is_service, sku FROM item WHERE warehouse_id = :w AND sku_key = :key", key=line["sku"].upper()
        )
        if item is None:
            raise DomainError("unknown_sku", f"no item {line['sku']!r}", f"lines[{place}].sku")
        if item["is_service"]:
            raise DomainError("service_item", f"{item['sku']} is a service, not goods", f"lines[{place}].sku")
        if line["qty_each"] <= 0:
            raise DomainError("bad_quantity", f"{line['qty_each']} of {item['sku']}", f"lines[{place}].qty_each")
        expiry_on = line.get("expiry_on") or ""
        if expiry_on:
            _check_date(f"lines[{place}].expiry_on", expiry_on)
        key = (item["id"], line.get("lot") or "", expiry_on)
        expected[key] = expected.get(key, 0) + line["qty_each"]
    receipt_id = tx.insert(
        "receipt", number=number, state="open", supplier=supplier, received_on=received_on,
        content_sha256=content, created_at_ms=tx.now_ms,
    )  # fmt: skip
    for (item_id, lot, expiry_on), qty_each in expected.items():
        tx.insert(
            "receipt_line", receipt_id=receipt_id, item_id=item_id, lot=lot, expiry_on=expiry_on, expected_each=qty_each
        )
    tell(tx, "board", "ReceiptAnnounced", receipt=number)
    return True


def describe(tx: Tx, number: str) -> dict[str, Any]:
    """A receipt with its lines, as the API shows it."""
    receipt = tx.one("SELECT * FROM receipt WHERE warehouse_id = :w AND number = :number", number=number)
    if receipt is None:
        raise NotFound("unknown_receipt", f"no receipt {number!r}")
    lines = tx.all(
        "SELECT i.sku, r.lot, r.expiry_on, r.expected_each, r.received_each FROM receipt_line r"
        " JOIN item i ON i.warehouse_id = r.warehouse_id AND i.id = r.item_id"
        " WHERE r.warehouse_id = :w AND r.receipt_id = :id ORDER BY r.id",
        id=receipt["id"],
    )
    return {
        "number": number, "barcode": own_code("R", number), "state": receipt["state"],
        "received_on": receipt["received_on"], "supplier": receipt["supplier"],
        "lines": [dict(line) for line in lines],
    }  # fmt: skip


def load(tx: Tx, actor: Actor, memory: Memory) -> flow.Facts:
    """What the receiving dialogue stands on."""
    receipt = tx.one(
        "SELECT id, number, state FROM receipt WHERE warehouse_id = :w AND id = :id", id=memory.get("receipt", 0)
    )
    if receipt is None or receipt["state"] != "open":
        waiting = tx.all(
            "SELECT number FROM receipt WHERE warehouse_id = :w AND state = 'open'"
            f" ORDER BY received_on, id LIMIT {WAITING_SHOWN}"
        )
        return flow.Facts(None, tuple(row["number"] for row in waiting))
    left = tx.one(
        "SELECT COALESCE(SUM(expected_each - received_each), 0) AS units, COUNT(*) AS lines FROM receipt_line"
        " WHERE warehouse_id = :w AND receipt_id = :id AND received_each < expected_each",
        id=receipt["id"],
    )
    row = tx.one(
        f"SELECT {GOODS_COLUMNS}, r.expected_each - r.received_each AS qty_each FROM receipt_line r"
        " JOIN item i ON i.warehouse_id = r.warehouse_id AND i.id = r.item_id"
        " WHERE r.warehouse_id = :w AND r.receipt_id = :id AND r.received_each < r.expected_each ORDER BY r.id LIMIT 1",
        id=receipt["id"],
    )
    return flow.Facts(
        flow.OpenReceipt(
            receipt["id"], receipt["number"], left["units"], left["lines"],
            goods_of(row) if row else None, row["qty_each"] if row else 0,
        )
    )  # fmt: skip


def apply(tx: Tx, actor: Actor, command: object, memory: Memory) -> Memory:
    """Carry out a receiving command.

    Raises:
        Refused: the receipt is unknown or closed, too much came, or a lot, expiry or serial is missing.
    """
    match command:
        case flow.OpenReceiptByNumber(number):
            return {"receipt": _open(tx, number)}
        case flow.ReceiveGoods(receipt_id, item):
            _receive(tx, actor, receipt_id, item)
            return memory
        case flow.CloseReceipt(receipt_id):
            tx.run(
                "UPDATE receipt SET state = 'closed', closed_at_ms = :now WHERE warehouse_id = :w AND id = :id",
                id=receipt_id, now=tx.now_ms,
            )  # fmt: skip
            tell(tx, "board", "ReceiptClosed", actor.scan_id, receipt=receipt_id)
            return {}
        case _:
            raise TypeError(f"not a receiving command: {command!r}")


def _open(tx: Tx, number: str) -> int:
    row = tx.one("SELECT id, state FROM receipt WHERE warehouse_id = :w AND number = :number", number=number)
    if row is None:
        raise Refused(Rejected(Reject.UNKNOWN_RECEIPT, got=number))
    if row["state"] != "open":
        raise Refused(Rejected(Reject.RECEIPT_CLOSED, got=number))
    return row["id"]


def _receive(tx: Tx, actor: Actor, receipt_id: int, read: Any) -> None:
    item = tx.one(
        "SELECT sku, tracks_lot, tracks_expiry, tracks_serial FROM item WHERE warehouse_id = :w AND id = :id",
        id=read.item_id,
    )
    lot, expiry_on, serial = read.lot, read.expiry_on, read.serial
    # The receipt may already say which lot and expiry come; a GS1 code that says it too must agree.
    line = tx.one(
        "SELECT id, lot, expiry_on, expected_each - received_each AS left_each FROM receipt_line"
        " WHERE warehouse_id = :w AND receipt_id = :receipt AND item_id = :item"
        " AND (lot = :lot OR lot = '' OR :lot = '') AND (expiry_on = :expiry OR expiry_on = '' OR :expiry = '')"
        " ORDER BY expected_each - received_each = 0, id LIMIT 1",
        receipt=receipt_id, item=read.item_id, lot=lot, expiry=expiry_on,
    )  # fmt: skip
    if line is None:
        raise Refused(Rejected(Reject.WRONG_ITEM, expected="an item of this receipt", got=item["sku"]))
    lot, expiry_on = lot or line["lot"], expiry_on or line["expiry_on"]
    if item["tracks_lot"] and not lot:
        raise Refused(Rejected(Reject.LOT_REQUIRED, expected="GS1 code with lot (10)", got=read.raw))
    if item["tracks_expiry"] and not expiry_on:
        raise Refused(Rejected(Reject.EXPIRY_REQUIRED, expected="GS1 code with expiry (17)", got=read.raw))
    if item["tracks_serial"]:
        _check_serial(tx, read, serial)
    else:
        serial = ""
    if read.qty_each > line["left_each"]:
        raise Refused(Rejected(Reject.OVER_RECEIPT, expected=str(line["left_each"]), got=str(read.qty_each)))
    tx.run(
        "UPDATE receipt_line SET received_each = received_each + :qty WHERE warehouse_id = :w AND id = :id",
        id=line["id"], qty=read.qty_each,
    )  # fmt: skip
    layer_id = _layer(tx, receipt_id, read.item_id, lot, expiry_on, serial)
    if actor.station_location_id is None:
        raise Refused(Rejected(Reject.NOT_ALLOWED, expected="a station at a dock"))
    move = Move(
        layer_id, read.item_id, ledger.VIRTUAL_IDS[Virtual.SUPPLIER], actor.station_location_id, read.qty_each,
        MoveReason.RECEIVE,
    )  # fmt: skip
    ledger.post(tx, actor, [move])


def _check_serial(tx: Tx, read: Any, serial: str) -> None:
    if not serial:
        raise Refused(Rejected(Reject.SERIAL_REQUIRED, expected="GS1 code with serial (21)", got=read.raw))
    if read.qty_each != 1:
        raise Refused(Rejected(Reject.BAD_QUANTITY, expected="1", got=str(read.qty_each)))
    known = tx.one(
        "SELECT id FROM layer WHERE warehouse_id = :w AND item_id = :item AND serial = :serial",
        item=read.item_id, serial=serial,
    )  # fmt: skip
    if known is not None:
        raise Refused(Rejected(Reject.SERIAL_KNOWN, got=serial))


def _layer(tx: Tx, receipt_id: int, item_id: int, lot: str, expiry_on: str, serial: str) -> int:
    row = tx.one(
        "SELECT id FROM layer WHERE warehouse_id = :w AND receipt_id = :receipt AND item_id = :item AND lot = :lot"
        " AND expiry_on = :expiry AND serial = :serial",
        receipt=receipt_id, item=item_id, lot=lot, expiry=expiry_on, serial=serial,
    )  # fmt: skip
    if row is not None:
        return row["id"]
    receipt = tx.one("SELECT received_on FROM receipt WHERE warehouse_id = :w AND id = :id", id=receipt_id)
    return tx.insert(
        "layer", item_id=item_id, receipt_id=receipt_id, received_on=receipt["received_on"], lot=lot,
        expiry_on=expiry_on, serial=serial, created_at_ms=tx.now_ms,
    )  # fmt: skip


def _check_number(number: str) -> None:
    try:
        own_code("R", number)
    except BadCode as error:
        raise DomainError("bad_number", f"receipt number: {error}", "number") from error
    if len(number) > 40:
        raise DomainError("bad_number", "a receipt number has at most 40 characters", "number")


def _check_date(field: str, text: str) -> None:
    try:
        is_one = date.fromisoformat(text).isoformat() == text  # ages are compared as text: one spelling only
    except ValueError:
        is_one = False
    if not is_one:
        raise DomainError("bad_date", f"{text!r} is not a date like 2026-01-31", field)
