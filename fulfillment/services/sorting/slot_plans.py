"""Which order gets which slot of a put wall, and which tote is best sorted next: `picking` is asked.

Owns the giving of slots. A slot is given when the first tote with units of its order is opened at the wall. Invariant:
a slot that was given to somebody meanwhile stays theirs; an order of the tote that gets none keeps its units in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fulfillment.domain.units import volume_ml
from fulfillment.hot import Tx
from picking import PutWallProblem, WallPieces, WallPlan, WallSlot, WallTote, plan_put_wall

SHOWN = 10
LATER_MS = 3_600_000  # the tote in front of the sorter is sorted first, whatever else waits
TOTES_PLANNED = 50

# What of whose lies in batch totes that were set down, at this wall or not at any; without what nobody wants any more.
_PIECES = (
    "SELECT t.id AS tote_id, t.code, p.order_id, i.length_mm, i.width_mm, i.height_mm,"
    " SUM(b.on_hand_each) AS qty_each, f.id AS slot_id, v.wall_id FROM lpn t"
    " JOIN location l ON l.warehouse_id = t.warehouse_id AND l.id = t.location_id AND l.kind <> 'cart'"
    " JOIN lpn p ON p.warehouse_id = t.warehouse_id AND p.parent_lpn_id = t.id AND p.kind = 'share'"
    " JOIN sales_order o ON o.warehouse_id = p.warehouse_id AND o.id = p.order_id AND o.is_cancelled = 0"
    " JOIN stock_balance b ON b.warehouse_id = p.warehouse_id AND b.lpn_id = p.id"
    " JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
    " LEFT JOIN lpn f ON f.warehouse_id = p.warehouse_id AND f.order_id = p.order_id AND f.kind = 'slot'"
    " LEFT JOIN put_wall_slot v ON v.warehouse_id = f.warehouse_id AND v.lpn_id = f.id"
    " WHERE t.warehouse_id = :w AND t.kind = 'batch' AND NOT EXISTS (SELECT 1 FROM put_wall x"
    " WHERE x.warehouse_id = t.warehouse_id AND x.location_id = t.location_id AND x.id <> :wall)"
    " GROUP BY t.id, t.code, p.order_id, i.length_mm, i.width_mm, i.height_mm, f.id, v.wall_id"
    " ORDER BY t.id, p.order_id"
)
_FREE_SLOTS = (
    "SELECT p.id, p.code, v.slot_volume_ml FROM put_wall_slot s"
    " JOIN put_wall v ON v.warehouse_id = s.warehouse_id AND v.id = s.wall_id"
    " JOIN lpn p ON p.warehouse_id = s.warehouse_id AND p.id = s.lpn_id"
    " WHERE s.warehouse_id = :w AND s.wall_id = :wall AND p.order_id IS NULL ORDER BY s.row_no, s.column_no"
)


def give_slots(tx: Tx, wall_id: int, tote_id: int) -> None:
    """Give free slots of the wall to orders of the tote that have none yet, as far as there are any."""
    pieces = [row for row in tx.all(_PIECES, wall=wall_id) if row["slot_id"] is None]
    here = {row["order_id"] for row in pieces if row["tote_id"] == tote_id}
    slots = tx.all(_FREE_SLOTS, wall=wall_id)
    if not here or not slots:
        return
    wanted = [row for row in pieces if row["order_id"] in here]
    plan = _planned(slots, wanted, first_tote_id=tote_id)
    ids = {slot["code"]: slot["id"] for slot in slots}
    for use in plan.uses:
        slot_id = ids.pop(use.slot, None)
        if slot_id is None or int(use.order_id) not in here:
            continue  # its second order; by then whoever packed the first gives it free
        tx.run(
            "UPDATE lpn SET order_id = :order WHERE warehouse_id = :w AND id = :id AND kind = 'slot'"
            " AND order_id IS NULL",
            id=slot_id, order=int(use.order_id),
        )  # fmt: skip


def totes_in_order(tx: Tx, wall_id: int) -> tuple[str, ...]:
    """The totes that can be sorted at this wall; first those that complete the most orders for the slots they take."""
    pieces = tx.all(_PIECES, wall=wall_id)
    codes = {row["tote_id"]: row["code"] for row in pieces}
    slots = tx.all(_FREE_SLOTS, wall=wall_id)
    if not slots:
        return tuple(codes.values())[:SHOWN]
    plan = _planned(slots, [row for row in pieces if row["slot_id"] is None])
    planned = [int(put.tote_id) for put in plan.puts]
    ranked = dict.fromkeys((*(tote_id for tote_id in planned), *codes))
    return tuple(codes[tote_id] for tote_id in ranked)[:SHOWN]


def _planned(slots: Sequence[Any], pieces: Sequence[Any], first_tote_id: int | None = None) -> WallPlan:
    largest_ml = max((slot["slot_volume_ml"] for slot in slots), default=0)
    totes: dict[int, dict[int, tuple[int, int]]] = {}
    for row in pieces:
        of_tote = totes.setdefault(row["tote_id"], {})
        qty_each, its_ml = of_tote.get(row["order_id"], (0, 0))
        each_ml = volume_ml(row["length_mm"], row["width_mm"], row["height_mm"])
        of_tote[row["order_id"]] = (qty_each + row["qty_each"], its_ml + each_ml * row["qty_each"])
    # An order larger than a slot gets one all the same, and its units are stacked beside it.
    orders: dict[int, int] = {}
    for of_tote in totes.values():
        for order_id, (_, its_ml) in of_tote.items():
            orders[order_id] = orders.get(order_id, 0) + its_ml
    too_large = {order_id for order_id, its_ml in orders.items() if largest_ml and its_ml > largest_ml}
    waiting = tuple(
        WallTote(
            str(tote_id), 0 if first_tote_id in (None, tote_id) else LATER_MS,
            tuple(
                WallPieces(str(order_id), qty_each, 0 if order_id in too_large else its_ml)
                for order_id, (qty_each, its_ml) in of_tote.items()
            ),
        )
        for tote_id, of_tote in sorted(totes.items(), key=lambda one: (one[0] != first_tote_id, one[0]))[:TOTES_PLANNED]
    )  # fmt: skip
    return plan_put_wall(
        PutWallProblem(tuple(WallSlot(slot["code"], slot["slot_volume_ml"]) for slot in slots), waiting)
    )
