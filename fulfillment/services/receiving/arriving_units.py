"""Handling units come in: one scan of an SSCC stands for all that was announced on it and on what stands on it.

Refuses an SSCC nobody announced, one that came before, one of another receipt, and content whose lot, expiry
or serials the announcement does not say: that comes piece by piece. Invariant: a unit arrives once, and its
children stand where it stands.
"""

from __future__ import annotations

from typing import Any

from fulfillment.domain.inbound import UnitState
from fulfillment.domain.reasons import Refused, Reject, Rejected
from fulfillment.domain.stock import LpnKind
from fulfillment.flows.receive import Mode
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.receiving.arrivals import Batch, How, check_not_in_house, item_row, open_receipt, take_in


def receive_unit(tx: Tx, actor: Actor, sscc: str, receipt_id: int, how: How) -> tuple[int, list[int]]:
    """All that was announced on a handling unit, and on those that stand on it; returns its receipt and items.

    `receipt_id`: the receipt one works on, 0 = whichever announced it.

    Raises:
        Refused: nobody announced it, it came before, it belongs to another receipt, or its lines are full.
    """
    unit = _announced(tx, sscc, receipt_id)
    receipt = open_receipt(tx, actor, unit["receipt_id"])
    items: list[int] = []
    for row in _with_children(tx, unit):
        items += _unit_arrives(tx, actor, receipt, row, how)
    return unit["receipt_id"], items


def _announced(tx: Tx, sscc: str, receipt_id: int) -> Any:
    rows = tx.all(
        "SELECT u.*, r.state AS receipt_state, r.number FROM asn_unit u"
        " JOIN receipt r ON r.warehouse_id = u.warehouse_id AND r.id = u.receipt_id"
        " WHERE u.warehouse_id = :w AND u.sscc = :sscc ORDER BY u.id DESC",
        sscc=sscc,
    )
    if not rows:
        raise Refused(Rejected(Reject.UNKNOWN_LPN, expected="an announced SSCC", got=sscc))
    waiting = [row for row in rows if row["state"] == UnitState.ANNOUNCED and row["receipt_state"] == "open"]
    here = [row for row in waiting if receipt_id in (0, row["receipt_id"])]
    if here:
        return here[0]
    if waiting:
        raise Refused(Rejected(Reject.UNKNOWN_LPN, expected="a unit of this receipt", got=waiting[0]["number"]))
    if rows[0]["state"] == UnitState.ARRIVED:
        raise Refused(Rejected(Reject.ALREADY_RECEIVED, got=sscc))
    raise Refused(Rejected(Reject.RECEIPT_CLOSED, got=rows[0]["number"]))


def _with_children(tx: Tx, unit: Any) -> list[Any]:
    """The unit and what stands on it, each after what it stands on; what came alone before stays out."""
    found, at = [unit], 0
    while at < len(found):
        found += tx.all(
            "SELECT u.* FROM asn_unit u WHERE u.warehouse_id = :w AND u.receipt_id = :receipt"
            " AND u.parent_unit_id = :parent AND u.state = 'announced' ORDER BY u.id",
            receipt=unit["receipt_id"], parent=found[at]["id"],
        )  # fmt: skip
        at += 1
    return found


def _unit_arrives(tx: Tx, actor: Actor, receipt: Any, unit: Any, how: How) -> list[int]:
    lpn_id, items = _stand(tx, actor, unit), []
    # More than announced can be said of pieces; damage can be said of a whole pallet.
    set_on = How(how.mode, how.why, lpn_id) if how.mode == Mode.DAMAGED else How(lpn_id=lpn_id)
    for content in tx.all(
        "SELECT c.qty_each, c.case_each, c.serial, n.id AS line_id, n.item_id, n.lot, n.expiry_on, n.received_on"
        " FROM asn_content c"
        " JOIN receipt_line n ON n.warehouse_id = c.warehouse_id AND n.id = c.receipt_line_id"
        " WHERE c.warehouse_id = :w AND c.unit_id = :unit ORDER BY c.id",
        unit=unit["id"],
    ):
        item = item_row(tx, content["item_id"])
        _check_told(tx, item, content, unit["sscc"])
        batch = Batch(
            item, content["line_id"], content["qty_each"], content["lot"], content["expiry_on"], content["serial"],
            content["received_on"] or receipt["received_on"], content["case_each"],
        )  # fmt: skip
        take_in(tx, actor, receipt, batch, set_on)
        items.append(item["id"])
    tx.put(
        "UPDATE asn_unit SET state = 'arrived', arrived_at_ms = :now WHERE warehouse_id = :w AND id = :id",
        id=unit["id"], now=tx.now_ms,
    )  # fmt: skip
    return items


def _stand(tx: Tx, actor: Actor, unit: Any) -> int:
    """The handling unit's own row, standing here, on its parent if that arrived with it."""
    parent = tx.one(
        "SELECT p.id FROM asn_unit u JOIN lpn p ON p.warehouse_id = u.warehouse_id AND p.code = u.sscc"
        " WHERE u.warehouse_id = :w AND u.id = :id AND u.state = 'arrived' AND p.location_id = :here",
        id=unit["parent_unit_id"], here=actor.station_location_id,
    )  # fmt: skip
    parent_id = parent["id"] if parent is not None else None
    known = tx.one("SELECT id, kind FROM lpn WHERE warehouse_id = :w AND code = :code", code=unit["sscc"])
    if known is None:
        return tx.insert(
            "lpn", code=unit["sscc"], kind=LpnKind.PALLET, location_id=actor.station_location_id,
            parent_lpn_id=parent_id,
        )  # fmt: skip
    holds = tx.one("SELECT 1 FROM stock_balance WHERE warehouse_id = :w AND lpn_id = :id LIMIT 1", id=known["id"])
    if known["kind"] != LpnKind.PALLET or holds is not None:
        raise Refused(Rejected(Reject.ALREADY_RECEIVED, got=unit["sscc"]))
    # What stands on it by an older word, and does not come with it, stays where it is.
    tx.put(
        "UPDATE lpn SET parent_lpn_id = NULL WHERE warehouse_id = :w AND parent_lpn_id = :id"
        " AND (location_id IS NULL OR location_id <> :here)",
        id=known["id"], here=actor.station_location_id,
    )  # fmt: skip
    tx.put(
        "UPDATE lpn SET location_id = :here, parent_lpn_id = :parent WHERE warehouse_id = :w AND id = :id",
        id=known["id"], here=actor.station_location_id, parent=parent_id,
    )  # fmt: skip
    return known["id"]


def _check_told(tx: Tx, item: Any, content: Any, sscc: str) -> None:
    """One scan of a pallet can only stand for what its announcement says; the rest comes piece by piece."""
    # Asked anew for each part: the one before it may have filled the same line.
    left_each = tx.one(
        "SELECT expected_each - received_each AS n FROM receipt_line WHERE warehouse_id = :w AND id = :id",
        id=content["line_id"],
    )["n"]
    if left_each < content["qty_each"]:
        raise Refused(
            Rejected(Reject.OVER_RECEIPT, expected=str(max(0, left_each)), got=str(content["qty_each"]))
        )
    if item["tracks_lot"] and not content["lot"]:
        raise Refused(Rejected(Reject.LOT_REQUIRED, expected=f"each {item['sku']} by its own code", got=sscc))
    if item["tracks_expiry"] and not content["expiry_on"]:
        raise Refused(Rejected(Reject.EXPIRY_REQUIRED, expected=f"each {item['sku']} by its own code", got=sscc))
    if item["tracks_serial"]:
        if not content["serial"]:
            raise Refused(Rejected(Reject.SERIAL_REQUIRED, expected=f"each {item['sku']} by its own code", got=sscc))
        check_not_in_house(tx, item["id"], content["serial"])
