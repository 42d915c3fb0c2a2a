"""What arrives and how a receiver takes it in, for the tests of goods in."""

from __future__ import annotations

from typing import Any

from fulfillment.domain.codes import own_code, sscc
from fulfillment.services.receiving import inbound, receipts
from fulfillment.services.receiving.inbound import ExpectedLine, ReceiptIn, UnitIn
from tests.factories import FloorHand

PALLET, CARTON, OTHER = (sscc("0614141", number, 3) for number in (1, 2, 3))


def lines(*goods: tuple[str, int]) -> tuple[ExpectedLine, ...]:
    """Plain lines: SKU and units."""
    return tuple(ExpectedLine(sku, qty_each) for sku, qty_each in goods)


def announce(hand: FloorHand, number: str = "R1", *goods: tuple[str, int], **values: Any) -> bool:
    """Announce a receipt of 2026-01-05; `goods` are plain lines."""
    receipt = ReceiptIn(number, values.pop("lines", lines(*goods)), **{"received_on": "2026-01-05", **values})
    return hand.write(lambda tx: inbound.announce(tx, receipt))


def announce_units(hand: FloorHand, *units: UnitIn, **values: Any) -> bool:
    """Announce handling units as R1."""
    return announce(hand, units=units, **values)


def begin(hand: FloorHand, number: str = "R1") -> dict[str, Any]:
    """Sign in at the dock (once) and open a receipt; the screen."""
    if not hand.answer or hand.step()["flow"] != "receive":
        hand.sign_in("DOCK-1", "RECEIVE")
    return hand.scan("DOCK-1", own_code("R", number))["step"]


def say_why(hand: FloorHand, command: str, why: str) -> dict[str, Any]:
    """OVER or DAMAGED, and the reason."""
    hand.say("DOCK-1", command)
    return hand.scan("DOCK-1", own_code("Y", why.upper().replace("_", "-")))["step"]


def finish(hand: FloorHand) -> None:
    """Close the receipt, whatever is missing."""
    if hand.say("DOCK-1", "DONE")["step"]["state"] == "confirm":
        hand.say("DOCK-1", "CONFIRM")
    assert hand.step()["state"] == "receipt"


def shown(hand: FloorHand, number: str = "R1") -> dict[str, Any]:
    """A receipt as the API shows it."""
    return hand.write(lambda tx: receipts.describe(tx, number))


def differences(hand: FloorHand, number: str = "R1") -> list[tuple[str, str, int, str]]:
    """(SKU, difference, units, why) of a receipt."""
    return [(row["sku"], row["difference"], row["qty_each"], row["why"]) for row in shown(hand, number)["differences"]]


def case_of(hand: FloorHand, item_id: int, code: str, qty_each: int, uom: str = "case") -> None:
    """One more barcode of an item: a closed case."""
    hand.write(lambda tx: tx.insert("item_barcode", item_id=item_id, code=code, uom=uom, qty_each=qty_each))


def balances(hand: FloorHand, location: str = "DOCK-1") -> list[dict[str, Any]]:
    """What lies in a place, by layer, handling unit and status."""
    return hand.all(
        "SELECT i.sku, p.code AS lpn, b.status, b.on_hand_each, b.sealed_each, y.received_on, y.lot, y.serial,"
        " y.case_each FROM stock_balance b"
        " JOIN location l ON l.warehouse_id = b.warehouse_id AND l.id = b.location_id"
        " JOIN lpn p ON p.warehouse_id = b.warehouse_id AND p.id = b.lpn_id"
        " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
        " JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
        " WHERE b.warehouse_id = :w AND l.code = :location ORDER BY b.layer_id, b.lpn_id, b.status",
        location=location,
    )
