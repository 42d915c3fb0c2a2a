"""What a caller says about goods, checked: SKUs, numbers that become barcodes, days, quantities.

Owns no row. Refuses by raising `DomainError` that names the field as the caller wrote it.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from fulfillment.domain.codes import BadCode, own_code
from fulfillment.domain.reasons import DomainError
from fulfillment.hot import Tx

LONGEST_NUMBER = 40


def goods_by_sku(tx: Tx, sku: str, field: str) -> Any:
    """The item's row, whatever the letter case.

    Raises:
        DomainError: `unknown_sku`, or `service_item`: nothing one can hold.
    """
    item = tx.one("SELECT * FROM item WHERE warehouse_id = :w AND sku_key = :key", key=sku.upper())
    if item is None:
        raise DomainError("unknown_sku", f"no item {sku!r}", field)
    if item["is_service"]:
        raise DomainError("service_item", f"{item['sku']} is a service, not goods", field)
    return item


def check_code(kind: str, number: str, field: str, words: str) -> None:
    """A number that will be printed as one of our barcodes."""
    try:
        own_code(kind, number)
    except BadCode as error:
        raise DomainError("bad_number", f"{words}: {error}", field) from error
    if len(number) > LONGEST_NUMBER:
        raise DomainError("bad_number", f"{words} has at most {LONGEST_NUMBER} characters", field)


def check_day(text: str, field: str, *, may_be_empty: bool = False) -> None:
    """An ISO date in its one spelling: ages are compared as text."""
    if not text and may_be_empty:
        return
    try:
        is_one = date.fromisoformat(text).isoformat() == text
    except ValueError:
        is_one = False
    if not is_one:
        raise DomainError("bad_date", f"{text!r} is not a date like 2026-01-31", field)


def check_quantity(qty_each: int, field: str, sku: str) -> None:
    """At least one each."""
    if qty_each <= 0:
        raise DomainError("bad_quantity", f"{qty_each} of {sku}", field)
