"""The ledger's acts over all lines of an order at once: promises made, promises kept by goods that leave.

What `ledger` does for one promise, in statements over the whole set, because an order has dozens of lines and a
statement each would keep every other scan waiting. The same rules: claims are conditional UPDATEs whose rows are
read, and what cannot be claimed is refused. Invariant: the rows written are those `ledger` would have written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fulfillment.domain.fifo import Promise
from fulfillment.domain.reasons import MoveReason, Refused, Reject, Rejected
from fulfillment.domain.stock import Virtual
from fulfillment.hot import Tx
from fulfillment.services.common import row_sets
from fulfillment.services.common.actor import Actor
from fulfillment.services.stock.ledger import VIRTUAL_IDS, last_move_id


@dataclass(frozen=True)
class Take:
    """Units of a promise that leave now; `sealed_each` of them in closed cases."""

    allocation_id: int
    item_id: int
    location_id: int
    layer_id: int
    qty_each: int
    sealed_each: int = 0


def promise_all(
    tx: Tx, actor: Actor, order_id: int, wanted: Sequence[tuple[int, Promise]], note: str = ""
) -> int:  # fmt: skip
    """Claim free stock for an order, (item, promise) each; returns the units claimed.

    A promise whose stock somebody else was faster to claim is left out, as `ledger.promise` would answer None.
    """
    if not wanted:
        return 0
    part, values = row_sets.part(tx, ("location_id", "layer_id", "qty_each"), (_place(one) for _, one in wanted))
    claimed = {
        (row["location_id"], row["layer_id"])
        for row in tx.all(
            f"WITH {part}"
            " UPDATE stock_balance SET allocated_each = stock_balance.allocated_each + part.qty_each FROM part"
            " WHERE stock_balance.warehouse_id = :w AND stock_balance.location_id = part.location_id"
            " AND stock_balance.layer_id = part.layer_id AND stock_balance.lpn_id = 0"
            " AND stock_balance.status = 'available'"
            " AND stock_balance.on_hand_each - stock_balance.allocated_each >= part.qty_each"
            " RETURNING stock_balance.location_id AS location_id, stock_balance.layer_id AS layer_id",
            **values,
        )
    }
    parts = [(item_id, one) for item_id, one in wanted if (one.location_id, one.layer_id) in claimed]
    if not parts:
        return 0
    _count(tx, order_id, _by_item((item_id, one.qty_each) for item_id, one in parts), ("allocated",))
    rows = [(n, item_id, *_place(one)) for n, (item_id, one) in enumerate(parts, start=1)]
    _enter(tx, actor, order_id, rows, "allocate", note)
    part, values = row_sets.part(tx, ("n", "item_id", "location_id", "layer_id", "qty_each"), rows)
    tx.put(
        f"WITH {part} INSERT INTO allocation (warehouse_id, id, order_id, item_id, layer_id, location_id, qty_each)"
        " SELECT :w, (SELECT COALESCE(MAX(a.id), 0) FROM allocation a WHERE a.warehouse_id = :w) + part.n, :order,"
        " part.item_id, part.layer_id, part.location_id, part.qty_each FROM part",
        order=order_id, **values,
    )  # fmt: skip
    return sum(one.qty_each for _, one in parts)


def ship_promised(tx: Tx, actor: Actor, order_id: int, takes: Sequence[Take]) -> tuple[int, int]:
    """Promised units leave storage for the carrier, picked, packed and shipped in one; returns the numbers of the
    first and the last of their moves, which stand together in the ledger.

    Raises:
        Refused: `short_stock`, when a promise or its stock is no longer what it was.
    """
    refused = Refused(Rejected(Reject.SHORT_STOCK, expected=str(sum(one.qty_each for one in takes))))
    part, values = row_sets.part(tx, ("id", "qty_each"), ((one.allocation_id, one.qty_each) for one in takes))
    spent = tx.run(
        f"WITH {part} UPDATE allocation SET qty_each = allocation.qty_each - part.qty_each FROM part"
        " WHERE allocation.warehouse_id = :w AND allocation.id = part.id AND allocation.qty_each >= part.qty_each"
        " AND allocation.task_id IS NULL",
        **values,
    )
    if spent != len(takes):
        raise refused
    base_id = last_move_id(tx)
    rows = [
        (n, one.item_id, one.location_id, one.layer_id, one.qty_each, one.sealed_each)
        for n, one in enumerate(takes, start=1)
    ]
    _enter(tx, actor, order_id, [(*row[:4], -row[4]) for row in rows], "pick", "")
    part, values = row_sets.part(tx, ("n", "item_id", "location_id", "layer_id", "qty_each", "sealed_each"), rows)
    tx.put(
        f"WITH {part}"
        " INSERT INTO stock_move (warehouse_id, id, layer_id, item_id, from_location_id, to_location_id, qty_each,"
        " reason, order_id, operator_id, station_id, sealed_from_each, sealed_to_each, scan_id, occurred_at_ms,"
        " recorded_at_ms) SELECT :w, :base + part.n, part.layer_id, part.item_id, part.location_id, :carrier,"
        " part.qty_each, :reason, :order, :operator, :station, part.sealed_each, part.sealed_each, :scan, :occurred,"
        " :now FROM part",
        base=base_id, carrier=VIRTUAL_IDS[Virtual.CARRIER], reason=MoveReason.SHIP.value, order=order_id,
        operator=actor.operator_id, station=actor.station_id, scan=actor.scan_id, occurred=actor.occurred_at_ms,
        now=tx.now_ms, **values,
    )  # fmt: skip
    _take_away(tx, takes, refused)
    counted = _by_item((one.item_id, one.qty_each) for one in takes)
    _count(tx, order_id, counted, ("picked", "packed", "shipped"))
    return base_id + 1, base_id + len(takes)


def _take_away(tx: Tx, takes: Sequence[Take], refused: Refused) -> None:
    places: dict[tuple[int, int], tuple[int, int]] = {}
    for one in takes:
        qty_each, sealed_each = places.get((one.location_id, one.layer_id), (0, 0))
        places[one.location_id, one.layer_id] = qty_each + one.qty_each, sealed_each + one.sealed_each
    part, values = row_sets.part(
        tx, ("location_id", "layer_id", "qty_each", "sealed_each"),
        ((*place, *figures) for place, figures in places.items()),
    )  # fmt: skip
    left = tx.all(
        f"WITH {part} UPDATE stock_balance SET on_hand_each = stock_balance.on_hand_each - part.qty_each,"
        " allocated_each = stock_balance.allocated_each - part.qty_each,"
        " sealed_each = stock_balance.sealed_each - part.sealed_each FROM part"
        " WHERE stock_balance.warehouse_id = :w AND stock_balance.location_id = part.location_id"
        " AND stock_balance.layer_id = part.layer_id AND stock_balance.lpn_id = 0"
        " AND stock_balance.status = 'available' AND stock_balance.allocated_each >= part.qty_each"
        " AND stock_balance.on_hand_each >= part.qty_each AND stock_balance.sealed_each >= part.sealed_each"
        " AND stock_balance.on_hand_each - part.qty_each >= stock_balance.sealed_each - part.sealed_each"
        " RETURNING stock_balance.location_id AS location_id, stock_balance.layer_id AS layer_id,"
        " stock_balance.on_hand_each AS on_hand_each",
        **values,
    )
    if len(left) != len(places):
        raise refused
    for row in left:
        if row["on_hand_each"] == 0:
            tx.put(
                "DELETE FROM stock_balance WHERE warehouse_id = :w AND location_id = :location AND layer_id = :layer"
                " AND lpn_id = 0 AND status = 'available' AND on_hand_each = 0",
                location=row["location_id"], layer=row["layer_id"],
            )  # fmt: skip


def _count(tx: Tx, order_id: int, units: Iterable[tuple[int, int]], figures: Sequence[str]) -> None:
    sets = ", ".join(f"{figure}_each = demand.{figure}_each + part.qty_each" for figure in figures)
    part, values = row_sets.part(tx, ("item_id", "qty_each"), units)
    tx.put(
        f"WITH {part} UPDATE demand SET {sets} FROM part"
        " WHERE demand.warehouse_id = :w AND demand.order_id = :order AND demand.item_id = part.item_id",
        order=order_id, **values,
    )  # fmt: skip


def _enter(tx: Tx, actor: Actor, order_id: int, rows: Iterable[tuple[int, ...]], reason: str, note: str) -> None:
    part, values = row_sets.part(tx, ("n", "item_id", "location_id", "layer_id", "delta_each"), rows)
    tx.put(
        f"WITH {part}"
        " INSERT INTO allocation_entry (warehouse_id, id, order_id, item_id, location_id, layer_id, delta_each, reason,"
        " after_move_id, operator_id, note, recorded_at_ms) SELECT :w,"
        " (SELECT COALESCE(MAX(e.id), 0) FROM allocation_entry e WHERE e.warehouse_id = :w) + part.n, :order,"
        " part.item_id, part.location_id, part.layer_id, part.delta_each, :reason,"
        " (SELECT COALESCE(MAX(m.id), 0) FROM stock_move m WHERE m.warehouse_id = :w), :operator, :note, :now"
        " FROM part",
        order=order_id, reason=reason, operator=actor.operator_id, note=note, now=tx.now_ms,
        **values,
    )  # fmt: skip


def _place(one: Promise) -> tuple[int, int, int]:
    return one.location_id, one.layer_id, one.qty_each


def _by_item(units: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    sums: dict[int, int] = {}
    for item_id, qty_each in units:
        sums[item_id] = sums.get(item_id, 0) + qty_each
    return list(sums.items())
