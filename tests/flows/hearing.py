"""Reads as a dialogue hears them, boring by default."""

from __future__ import annotations

from fulfillment.flows.step import Heard, ItemRead
from fulfillment.scanning.classify import ReadKind


def location(code: str, qty_each: int | None = None) -> Heard:
    """A location's sign."""
    return Heard(ReadKind.LOCATION, code, f"L-{code}-X", qty_each)


def tote(code: str) -> Heard:
    """A tote's label."""
    return Heard(ReadKind.TOTE, code, f"T-{code}-X")


def cart(code: str) -> Heard:
    """A cart's label."""
    return Heard(ReadKind.CART, code, f"K-{code}-X")


def command(name: str) -> Heard:
    """A command barcode or its button."""
    return Heard(ReadKind.COMMAND, name, f"C-{name}-X")


def receipt(number: str) -> Heard:
    """A receipt's number."""
    return Heard(ReadKind.RECEIPT, number, f"R-{number}-X")


def item(sku: str, item_id: int = 1, barcode_each: int = 1, keyed_each: int | None = None) -> Heard:
    """An item's barcode, with or without a keyed quantity."""
    return Heard(ReadKind.ITEM, sku, sku, keyed_each, ItemRead(item_id, sku, barcode_each, keyed_each, sku))


def parcel(sscc: str) -> Heard:
    """An SSCC of a pallet or a parcel."""
    return Heard(ReadKind.PARCEL, sscc, sscc)


def reason(why: str) -> Heard:
    """A barcode of the reason sheet."""
    return Heard(ReadKind.REASON, why, f"Y-{why}-X")


def badge(number: str) -> Heard:
    """A person's badge."""
    return Heard(ReadKind.BADGE, number, f"B-{number}-X")
