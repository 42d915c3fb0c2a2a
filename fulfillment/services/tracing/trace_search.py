"""What somebody may mean by one word: a scanned label, or anything a person types into the search field.

A scan says what it is. A typed word may be a lot, a serial, an SKU, a receipt, an order or a parcel; each that
exists is named, and the person chooses when there are several.
"""

from __future__ import annotations

from fulfillment.domain.codes import barcode_key
from fulfillment.hot import Tx
from fulfillment.scanning.classify import MalformedCode, Read, ReadKind, check_raw, classify
from fulfillment.services.tracing.trace import Asked

CHOICES = 20  # of one kind: a word that means more than these means nothing


def meanings(tx: Tx, word: str) -> list[Asked]:
    """What a scanned or typed word can mean here, best first; none when nobody knows it."""
    try:
        read = classify(check_raw(word))
    except MalformedCode:
        return []
    if isinstance(read, Read):
        scanned = _scanned(tx, read)
        if scanned:
            return scanned
    return _typed(tx, word.strip())


def _scanned(tx: Tx, read: Read) -> list[Asked]:
    match read.kind:
        case ReadKind.RECEIPT:
            return [Asked(receipt=read.value)] if _is_known(tx, "receipt", "number", read.value) else []
        case ReadKind.ORDER:
            return _orders(tx, read.value)
        case ReadKind.PARCEL:
            return [Asked(parcel=read.value)] if _is_known(tx, "lpn", "code", read.value) else []
        case ReadKind.ITEM:
            item = tx.one(
                "SELECT i.sku FROM item_barcode c JOIN item i ON i.warehouse_id = c.warehouse_id AND i.id = c.item_id"
                " WHERE c.warehouse_id = :w AND c.code = :code",
                code=read.value,
            )
            if item is None or not (read.lot or read.serial):
                return []  # a plain number may be a lot or an order as well: ask as if it were typed
            return [Asked(sku=item["sku"], serial=read.serial, lot="" if read.serial else read.lot)]
    return []


def _typed(tx: Tx, word: str) -> list[Asked]:
    found: list[Asked] = []
    for name in ("lot", "serial"):
        if tx.one(
            f"SELECT 1 FROM layer WHERE warehouse_id = :w AND {name} IN (:word, :key) LIMIT 1",
            word=word, key=word.upper(),
        ):  # fmt: skip
            found.append(Asked(**{name: word}))
    found += _orders(tx, word)
    if _is_known(tx, "receipt", "number", word):
        found.append(Asked(receipt=word))
    items = tx.all(
        "SELECT sku FROM item WHERE warehouse_id = :w AND sku_key = :key UNION SELECT i.sku FROM item_barcode c"
        " JOIN item i ON i.warehouse_id = c.warehouse_id AND i.id = c.item_id"
        " WHERE c.warehouse_id = :w AND c.code = :code",
        key=word.upper(), code=barcode_key(word),
    )  # fmt: skip
    return found + [Asked(sku=row["sku"]) for row in items]


def _orders(tx: Tx, number: str) -> list[Asked]:
    rows = tx.all(
        "SELECT channel FROM sales_order WHERE warehouse_id = :w AND number = :number ORDER BY channel"
        f" LIMIT {CHOICES}",
        number=number,
    )
    if len(rows) == 1:
        return [Asked(order=number)]
    return [Asked(order=number, channel=row["channel"]) for row in rows]


def _is_known(tx: Tx, table: str, column: str, value: str) -> bool:
    return tx.one(f"SELECT 1 FROM {table} WHERE warehouse_id = :w AND {column} = :value", value=value) is not None
