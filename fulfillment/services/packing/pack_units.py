"""Units from a tote into a parcel: which layers they are, whether they may go, and the moves.

Refuses what does not lie in the tote, does not fit, or was not counted as the rules of the bench want it
(`check_count`); of what cannot be scanned also units that could be of two lots or serial numbers. Invariant: `demand`
and the parcel's weight and volume move with the units.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fulfillment.domain.reasons import MoveReason, Refused, Reject, Rejected
from fulfillment.domain.shipping import Count, Lying, check_count
from fulfillment.domain.stock import Move
from fulfillment.domain.units import volume_ml
from fulfillment.flows.step import ItemRead, check_itself
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.packing.pack_look import load_of
from fulfillment.services.stock import ledger


def put_in(tx: Tx, actor: Actor, tote: Any, parcel: Any, item: ItemRead, *, is_scanned: bool = True) -> None:
    """Post the moves of one scan, or of what was told because it could not be scanned.

    Raises:
        Refused: not in the tote, too many, does not fit, or not told clearly enough.
    """
    row: Any = tx.one("SELECT * FROM item WHERE warehouse_id = :w AND id = :id", id=item.item_id)
    layers = _layers(tx, tote["id"], item)
    if not layers:
        raise Refused(Rejected(Reject.WRONG_ITEM, expected=_first_sku(tx, tote["id"]), got=item.sku))
    # A unit taken in without its number has whatever number it carries; another's number is no proof of it.
    with_serial = [layer for layer in layers if item.serial and layer["serial"] == item.serial] or [
        layer for layer in layers if item.serial and not layer["serial"] and not _is_known(tx, item)
    ]
    if item.lot and row["tracks_lot"] and not any(layer["lot"] in ("", item.lot) for layer in layers):
        raise Refused(Rejected(Reject.WRONG_ITEM, expected=f"lot {layers[0]['lot']}", got=f"lot {item.lot}"))
    lying = Lying(
        row["sku"], sum(layer["on_hand_each"] for layer in layers), row["weight_g"],
        volume_ml(row["length_mm"], row["width_mm"], row["height_mm"]), row["scan_each_max"],
        bool(row["tracks_serial"]), sum(layer["on_hand_each"] for layer in with_serial),
    )  # fmt: skip
    count = Count(item.barcode_each, item.keyed_each, item.serial, is_scanned)
    wrong = (check_itself(item) if is_scanned else None) or check_count(count, lying, load_of(parcel))
    if wrong is None and not is_scanned:
        wrong = _unclear(layers, lying, item)
    if wrong is not None:
        raise Refused(wrong)
    qty_each = count.qty_each
    moves = []
    for layer in with_serial if lying.is_serial and item.serial else layers:
        part_each = min(qty_each, layer["on_hand_each"])
        if part_each <= 0:
            break
        promised_each = min(part_each, layer["allocated_each"])
        moves.append(
            Move(
                layer["layer_id"], item.item_id, layer["location_id"], actor.station_location_id or 0, part_each,
                MoveReason.PACK, tote["id"], parcel["lpn_id"], layer["status"], layer["status"],
                promised_each, promised_each, tote["order_id"],
            )
        )  # fmt: skip
        qty_each -= part_each
    ledger.post(tx, actor, moves)
    tx.put(
        "UPDATE demand SET packed_each = packed_each + :qty"
        " WHERE warehouse_id = :w AND order_id = :order AND item_id = :item",
        order=tote["order_id"], item=item.item_id, qty=count.qty_each,
    )  # fmt: skip
    tx.put(
        "UPDATE parcel SET weight_g = weight_g + :weight, volume_ml = volume_ml + :volume"
        " WHERE warehouse_id = :w AND id = :id",
        id=parcel["id"], weight=lying.weight_g * count.qty_each, volume=lying.volume_ml * count.qty_each,
    )  # fmt: skip


def _unclear(layers: Sequence[Any], lying: Lying, item: ItemRead) -> Rejected | None:
    """Nobody may guess which units went: of several lots or serial numbers the packer reads one off, or takes all."""
    is_all = item.qty_each == lying.left_each
    if lying.is_serial and not item.serial and not is_all:
        return Rejected(Reject.SERIAL_REQUIRED, expected=lying.sku)
    lots = {(layer["lot"], layer["expiry_on"]) for layer in layers}
    if not lying.is_serial and not item.lot and len(lots) > 1 and not is_all:
        return Rejected(Reject.LOT_REQUIRED, expected=lying.sku)
    return None


def _layers(tx: Tx, tote_id: int, item: ItemRead) -> Any:
    """The item's layers in the tote: those of the lot that was read first, then oldest first."""
    return tx.all(
        "SELECT b.layer_id, b.location_id, b.status, b.on_hand_each, b.allocated_each, y.serial, y.lot, y.expiry_on"
        " FROM stock_balance b JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
        " WHERE b.warehouse_id = :w AND b.lpn_id = :tote AND b.item_id = :item"
        " ORDER BY CASE WHEN y.lot = :lot THEN 0 ELSE 1 END, y.expiry_on, y.received_on, y.id",
        tote=tote_id, item=item.item_id, lot=item.lot,
    )  # fmt: skip


def _is_known(tx: Tx, item: ItemRead) -> bool:
    known = tx.one(
        "SELECT id FROM layer WHERE warehouse_id = :w AND serial = :serial AND item_id = :item LIMIT 1",
        serial=item.serial, item=item.item_id,
    )  # fmt: skip
    return known is not None


def _first_sku(tx: Tx, tote_id: int) -> str | None:
    row = tx.one(
        "SELECT i.sku FROM stock_balance b JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
        " WHERE b.warehouse_id = :w AND b.lpn_id = :tote ORDER BY b.item_id LIMIT 1",
        tote=tote_id,
    )
    return row["sku"] if row else None
