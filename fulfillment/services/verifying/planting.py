"""Break the book on purpose, so that `verify` and the FIFO audit can be seen to find it. For simulations only.

Owns what no service and no dialogue would do: goods buried in a lane, balances without moves. Refuses nothing;
what cannot be planted is None. Nothing here is reachable from the web.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fulfillment.domain.fifo import Layer, Policy, would_bury
from fulfillment.domain.reasons import MoveReason
from fulfillment.domain.stock import Move
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.stock import ledger
from fulfillment.services.verifying import audit

_LOOSE = (
    "SELECT b.location_id, b.layer_id, b.item_id, b.on_hand_each, b.allocated_each, b.sealed_each, l.code, l.access,"
    " i.sku, i.rotation, i.tolerance_days, y.received_on, y.expiry_on FROM stock_balance b"
    " JOIN location l ON l.warehouse_id = b.warehouse_id AND l.id = b.location_id"
    " JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
    " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
    " WHERE b.warehouse_id = :w AND b.lpn_id = 0 AND b.status = 'available' AND i.tracks_serial = 0"
    " AND l.kind IN ('bin', 'reserve', 'flow_rack') ORDER BY b.location_id, b.layer_id"
)


def bury(tx: Tx) -> dict[str, Any] | None:
    """A unit goes where it keeps older ones of its item from being reached; or older goods behind newer ones."""
    parts = tx.all(_LOOSE)
    for lane in parts:
        for part in parts:
            if part["item_id"] != lane["item_id"] or part["location_id"] == lane["location_id"]:
                continue
            policy = Policy(part["rotation"], part["tolerance_days"])
            is_free = part["on_hand_each"] - part["allocated_each"] > 0 and part["on_hand_each"] > part["sealed_each"]
            if is_free and would_bury(lane["access"], _layer(part), [_layer(lane)], policy):
                move = Move(
                    part["layer_id"], part["item_id"], part["location_id"], lane["location_id"], 1, MoveReason.MOVE
                )
                ledger.post(tx, Actor(occurred_at_ms=tx.now_ms), [move])
                return {
                    "sku": part["sku"], "location": lane["code"], "from": part["code"], "qty_each": 1,
                    "received_on": part["received_on"],
                }  # fmt: skip
    return None


def count_twice(tx: Tx) -> dict[str, Any] | None:
    """A balance grows by one without a move."""
    for part in tx.all(_LOOSE):
        _set(tx, part["location_id"], part["layer_id"], 1)
        return {"sku": part["sku"], "location": part["code"]}
    return None


def swap_layers(tx: Tx) -> dict[str, Any] | None:
    """A unit of one layer becomes one of another in the same place: the sum stays, the age is wrong."""
    parts = tx.all(_LOOSE)
    for one in parts:
        for other in parts:
            is_pair = one["location_id"] == other["location_id"] and one["item_id"] == other["item_id"]
            if is_pair and one["layer_id"] < other["layer_id"] and one["on_hand_each"] > one["allocated_each"] + 1:
                if one["on_hand_each"] - 1 < one["sealed_each"]:
                    continue
                _set(tx, one["location_id"], one["layer_id"], -1)
                _set(tx, other["location_id"], other["layer_id"], 1)
                return {"sku": one["sku"], "location": one["code"]}
    return None


PLANTS: Mapping[str, Callable[[Tx], Any]] = {
    "fifo-break": audit.plant_fifo_break,
    "bury": bury,
    "double-count": count_twice,
    "wrong-layer": swap_layers,
}


def _layer(part: Any) -> Layer:
    return Layer(part["layer_id"], part["received_on"], part["expiry_on"])


def _set(tx: Tx, location_id: int, layer_id: int, delta_each: int) -> None:
    tx.put(
        "UPDATE stock_balance SET on_hand_each = on_hand_each + :delta WHERE warehouse_id = :w"
        " AND location_id = :location AND layer_id = :layer AND lpn_id = 0 AND status = 'available'",
        location=location_id, layer=layer_id, delta=delta_each,
    )  # fmt: skip
