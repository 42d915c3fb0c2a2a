"""The barcodes of items one by one: whose a code is, and how many eaches a scan of it means.

Owns `item_barcode` outside of the file of items. Refuses a code of another item: a scan must mean one thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fulfillment.domain.codes import barcode_key
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.domain.units import Uom
from fulfillment.hot import Tx

MAX_PER_BARCODE = 100_000


def put_barcode(tx: Tx, code: str, values: Mapping[str, Any]) -> str:
    """Have an item answer to a code, or bring it to `values` (sku, uom, qty_each); created, updated or unchanged.

    Raises:
        NotFound: no such item; Conflict: another item's code; DomainError: an each that is several, a case of none.
    """
    known = tx.one("SELECT * FROM item_barcode WHERE warehouse_id = :w AND code = :code", code=code)
    owner = owner_of(tx, code)
    sku = values.get("sku") or owner or ""
    item = tx.one("SELECT id, sku FROM item WHERE warehouse_id = :w AND sku_key = :key", key=sku.upper())
    if item is None:
        raise NotFound("unknown_sku", f"no item {sku!r}", "sku")
    if known is not None and known["item_id"] != item["id"]:
        raise Conflict("barcode_of_another_item", f"{code} is a barcode of {owner}", "code")
    uom = values.get("uom") or (known["uom"] if known is not None else Uom.EACH.value)
    qty_each = values.get("qty_each") or (known["qty_each"] if known is not None and "uom" not in values else 1)
    if uom == Uom.EACH and qty_each != 1:
        raise DomainError("bad_barcode", "an each is one", "qty_each")
    if uom != Uom.EACH and not 2 <= qty_each <= MAX_PER_BARCODE:
        raise DomainError("bad_barcode", f"say how many a {uom} holds", "qty_each")
    if known is None:
        tx.add("item_barcode", item_id=item["id"], code=code, uom=uom, qty_each=qty_each)
        return "created"
    if (known["uom"], known["qty_each"]) == (uom, qty_each):
        return "unchanged"
    tx.put("UPDATE item_barcode SET uom = :uom, qty_each = :qty WHERE warehouse_id = :w AND id = :id",
           id=known["id"], uom=uom, qty=qty_each)  # fmt: skip
    return "updated"


def remove_barcode(tx: Tx, code: str) -> None:
    """Have nothing answer to a code any more.

    Raises:
        NotFound: no such code; Conflict: it is the item's own SKU, which always answers.
    """
    owner = owner_of(tx, code)
    if owner is None:
        raise NotFound("unknown_barcode", f"no barcode {code!r}", "code")
    if barcode_key(owner) == code:
        raise Conflict("own_sku", f"{code} is the SKU of {owner}: an item always answers to it", "code")
    tx.put("DELETE FROM item_barcode WHERE warehouse_id = :w AND code = :code", code=code)


def owner_of(tx: Tx, code: str) -> str | None:
    """The SKU a code stands for."""
    row = tx.one(
        "SELECT i.sku FROM item_barcode c JOIN item i ON i.warehouse_id = c.warehouse_id AND i.id = c.item_id"
        " WHERE c.warehouse_id = :w AND c.code = :code",
        code=code,
    )
    return None if row is None else row["sku"]
