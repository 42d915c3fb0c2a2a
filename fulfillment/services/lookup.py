"""Rows that several dialogues show: items by barcode, locations as places, stock lying at a station."""

from __future__ import annotations

from typing import Any

from fulfillment.domain.codes import COMMANDS
from fulfillment.domain.reasons import Refused, Reject, Rejected
from fulfillment.flows.step import Goods, Heard, ItemRead, Place
from fulfillment.hot import Tx
from fulfillment.scanning.classify import Read, ReadKind

PLACE_COLUMNS = "l.id AS location_id, l.code, l.kind, l.zone, l.aisle, l.bay, l.level"

# The barcode shown for an item is that of one each; an item without any is known by its SKU.
GOODS_COLUMNS = (
    "i.id AS item_id, i.sku, i.name, COALESCE((SELECT c.code FROM item_barcode c WHERE c.warehouse_id ="
    " i.warehouse_id AND c.item_id = i.id AND c.qty_each = 1 ORDER BY c.id LIMIT 1), i.sku_key) AS barcode"
)


def place_of(row: Any) -> Place:
    """A location row (PLACE_COLUMNS) as a place."""
    return Place(
        row["location_id"], row["code"], row["kind"], row["zone"], row["aisle"], row["bay"], row["level"]
    )


def goods_of(row: Any) -> Goods:
    """An item row (GOODS_COLUMNS) as goods."""
    return Goods(row["item_id"], row["sku"], row["name"], row["barcode"])


def find_location(tx: Tx, code: str) -> Any:
    """The location row of a scanned code.

    Raises:
        Refused: `unknown_code`.
    """
    row = tx.one("SELECT * FROM location WHERE warehouse_id = :w AND code = :code AND kind <> 'virtual'", code=code)
    if row is None:
        raise Refused(Rejected(Reject.UNKNOWN_CODE, expected="location", got=code))
    return row


def find_lpn(tx: Tx, code: str, kind: str) -> Any:
    """The handling unit row of a scanned tote number or SSCC, or None."""
    return tx.one("SELECT * FROM lpn WHERE warehouse_id = :w AND code = :code AND kind = :kind", code=code, kind=kind)


def resolve(tx: Tx, read: Read, keyed_each: int | None) -> Heard | Rejected:
    """A read with its item looked up; an item barcode nobody registered is `unknown_code`.

    A plain text that spells a command is taken for it: that is how a person without a scanner says SHORT.
    """
    if read.kind != ReadKind.ITEM:
        return Heard(read.kind, read.value, read.raw, keyed_each)
    row = tx.one(
        "SELECT i.id, i.sku, i.scan_each_max, c.qty_each FROM item_barcode c"
        " JOIN item i ON i.warehouse_id = c.warehouse_id AND i.id = c.item_id"
        " WHERE c.warehouse_id = :w AND c.code = :code",
        code=read.value,
    )
    if row is None:
        if read.value in COMMANDS:
            return Heard(ReadKind.COMMAND, read.value, read.raw, keyed_each)
        return Rejected(Reject.UNKNOWN_CODE, got=read.raw)
    item = ItemRead(
        row["id"], row["sku"], row["qty_each"], keyed_each, read.raw, read.lot, read.expiry_on, read.serial,
        row["scan_each_max"],
    )  # fmt: skip
    return Heard(ReadKind.ITEM, read.value, read.raw, keyed_each, item)
