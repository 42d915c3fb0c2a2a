"""Which cartons an order ships in, worked out beside the floor once it is released.

A job of its own: tours are planned whether or not this succeeds. Owns the way from rows to the planner's question
and back. Goods of unknown size or weight, and what fits no carton type, are told in the proposal's note. Invariant:
run twice, the job leaves the same cartons; cartons that parcels already stand for are never taken away, and
none stays for which nothing is left.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fulfillment.bootstrap import Floor
from fulfillment.domain.shipping import MAX_PARCEL_VOLUME_ML, MAX_PARCEL_WEIGHT_G
from fulfillment.hot import Tx
from fulfillment.services.packing import cartons
from fulfillment.services.working import jobs
from picking import CartonPlan, CartonProblem, CartonType, FieldError, Piece
from picking.cartons.picture import draw_carton
from picking.cartons.problem import ANY_WAY_UP, THIS_WAY_UP

if TYPE_CHECKING:
    from picking.cartons import SizeChoice

ORDER_MS = 300  # an order's choice ends after so long, with what it has
DAY_MS = 86_400_000
ORDERS_A_TURN = 10  # written in one transaction
ORDERS_A_JOB = 40  # the rest of a wave queues up again, so that the tours of another wave do not wait for long


@dataclass(frozen=True)
class _Goods:
    """What is left to pack of an order: the planner's pieces by SKU, and which item each is."""

    order_id: int
    pieces: tuple[Piece, ...]
    item_ids: Mapping[str, int]
    titles: Mapping[str, str]
    trouble: str = ""


@dataclass(frozen=True)
class _Proposed:
    goods: _Goods
    plan: CartonPlan | None
    note: str


def kind(order_ms: int = ORDER_MS) -> jobs.Kind:
    """How the job is run."""

    def run(floor: Floor, arguments: Mapping[str, Any]) -> str:
        if "order" in arguments:
            return f"{propose(floor, [arguments['order']], order_ms)} orders"
        wave_id, after = arguments["wave"], arguments.get("after", 0)
        rows = floor.read(
            lambda tx: tx.all(
                "SELECT id FROM sales_order WHERE warehouse_id = :w AND wave_id = :wave AND is_cancelled = 0"
                f" AND id > :after ORDER BY id LIMIT {ORDERS_A_JOB}",
                wave=wave_id, after=after,
            )
        )  # fmt: skip
        done = propose(floor, [row["id"] for row in rows], order_ms)
        if len(rows) == ORDERS_A_JOB:
            last = rows[-1]["id"]
            rest = {"wave": wave_id, "after": last}
            floor.writer.write(lambda tx: jobs.defer(tx, cartons.PROPOSE_CARTONS, rest, f"cartons:{wave_id}:{last}"))
        return f"{done} orders"

    return jobs.Kind(run)


def propose(floor: Floor, order_ids: Sequence[int], order_ms: int = ORDER_MS) -> int:
    """Propose cartons for these orders; how many there is something to pack of."""
    types = floor.read(_types)
    done = 0
    for first in range(0, len(order_ids), ORDERS_A_TURN):
        turn = order_ids[first : first + ORDERS_A_TURN]
        # Neither a read nor a write is open while the planner thinks.
        all_goods = floor.read(lambda tx, turn=turn: [_goods(tx, order_id) for order_id in turn])
        proposed = [_choose(goods, types, order_ms) for goods in all_goods if goods is not None]
        empty = [order_id for order_id, goods in zip(turn, all_goods, strict=True) if goods is None]

        def write(tx: Tx, proposed: Sequence[_Proposed] = proposed, empty: Sequence[int] = empty) -> None:
            for one in proposed:
                _write(tx, one)
            for order_id in empty:
                _nothing_left(tx, order_id)

        floor.writer.write(write)
        done += len(proposed)
    return done


def order_book(tx: Any, days: int) -> list[tuple[Piece, ...]]:
    """What the orders of the last days asked for, an entry an order; goods of absurd measure are left out."""
    rows = tx.all(
        "SELECT d.order_id, i.sku, i.length_mm, i.width_mm, i.height_mm, i.weight_g,"
        " d.ordered_each - d.cancelled_each AS left_each FROM sales_order o JOIN demand d"
        " ON d.warehouse_id = o.warehouse_id AND d.order_id = o.id JOIN item i ON i.warehouse_id = d.warehouse_id"
        " AND i.id = d.item_id WHERE o.warehouse_id = :w AND o.ordered_at_ms >= :since"
        " AND d.ordered_each > d.cancelled_each ORDER BY d.order_id, i.sku",
        since=tx.now_ms - days * DAY_MS,
    )
    orders: dict[int, list[Piece]] = {}
    for row in rows:
        try:
            piece = Piece(
                row["sku"], row["length_mm"], row["width_mm"], row["height_mm"], row["weight_g"], row["left_each"]
            )
        except FieldError:
            continue
        orders.setdefault(row["order_id"], []).append(piece)
    return [tuple(pieces) for pieces in orders.values()]


def suggest(orders: Sequence[Sequence[Piece]], count: int, time_limit_ms: int) -> SizeChoice:
    """The sizes that would have wasted least over these orders."""
    # Asked for here: who only prints or lists starts without the solvers.
    from picking.cartons import propose_carton_types

    return propose_carton_types(orders, count, MAX_PARCEL_WEIGHT_G, time_limit_ms, max_volume_ml=MAX_PARCEL_VOLUME_ML)


def _types(tx: Any) -> tuple[CartonType, ...]:
    rows = tx.all("SELECT * FROM carton_type WHERE warehouse_id = :w AND is_active = 1 ORDER BY id")
    return tuple(
        CartonType(
            row["code"], row["length_mm"], row["width_mm"], row["height_mm"], row["max_weight_g"], row["tare_g"],
            row["cost_minor"],
        )
        for row in rows
    )  # fmt: skip


def _goods(tx: Any, order_id: int) -> _Goods | None:
    rows = tx.all(
        "SELECT i.id, i.sku, i.name, i.length_mm, i.width_mm, i.height_mm, i.weight_g, i.is_fragile, i.keeps_upright,"
        " i.max_load_g, d.allocated_each - d.packed_each AS left_each FROM demand d"
        " JOIN item i ON i.warehouse_id = d.warehouse_id AND i.id = d.item_id WHERE d.warehouse_id = :w"
        " AND d.order_id = :order AND d.allocated_each > d.packed_each ORDER BY i.sku",
        order=order_id,
    )
    meant = _meant_for_open_parcels(tx, order_id)
    rows = [
        {**row, "left_each": left_each} for row in rows if (left_each := row["left_each"] - meant[row["id"]]) > 0
    ]  # fmt: skip
    if not rows:
        return None
    item_ids = {row["sku"]: row["id"] for row in rows}
    titles = {row["sku"]: row["name"] or row["sku"] for row in rows}
    try:
        pieces = tuple(
            Piece(
                row["sku"], row["length_mm"], row["width_mm"], row["height_mm"], row["weight_g"], row["left_each"],
                THIS_WAY_UP if row["keeps_upright"] else ANY_WAY_UP, bool(row["is_fragile"]), row["max_load_g"],
            )
            for row in rows
        )  # fmt: skip
    except FieldError as error:
        return _Goods(order_id, (), item_ids, titles, str(error))
    return _Goods(order_id, pieces, item_ids, titles)


def _meant_for_open_parcels(tx: Any, order_id: int) -> Counter[int]:
    """Units by item that the cartons on the bench still wait for: proposed anew, they would be packed twice."""
    meant: Counter[int] = Counter()
    rows = tx.all(
        "SELECT c.contents, p.lpn_id FROM parcel p JOIN proposed_carton c ON c.warehouse_id = p.warehouse_id"
        " AND c.order_id = p.order_id AND c.sequence = p.proposed_sequence"
        " WHERE p.warehouse_id = :w AND p.order_id = :order AND p.state = 'open'",
        order=order_id,
    )
    for row in rows:
        inside = cartons.units_inside(tx, row["lpn_id"])
        for item_id, qty_each in json.loads(row["contents"]):
            meant[item_id] += max(0, qty_each - inside.get(item_id, 0))
    return meant


def _choose(goods: _Goods, types: tuple[CartonType, ...], order_ms: int) -> _Proposed:
    if not types:
        return _Proposed(goods, None, "no carton types are kept")
    try:
        problem = CartonProblem(types, goods.pieces, max_parcel_g=MAX_PARCEL_WEIGHT_G)
    except FieldError as error:
        return _Proposed(goods, None, goods.trouble or str(error))
    from picking import choose_cartons  # with its solvers, which not everybody needs who knows of proposals

    plan = choose_cartons(problem, order_ms, seed=goods.order_id % 2**31)
    left_out = [f"{left.qty_each} × {left.name}: {left.words}" for left in plan.left_out]
    return _Proposed(goods, plan, "; ".join([*left_out, *plan.notes]))


def _nothing_left(tx: Tx, order_id: int) -> None:
    """Nothing more of an order is to be packed: a carton that is still proposed would be opened for nothing."""
    known = tx.one("SELECT id FROM carton_proposal WHERE warehouse_id = :w AND order_id = :order", order=order_id)
    # Its units may have been promised again since they were read: then another job is asked for already.
    if known is not None and _goods(tx, order_id) is None:
        _write(tx, _Proposed(_Goods(order_id, (), {}, {}), None, ""))


def _write(tx: Tx, proposed: _Proposed) -> None:
    order_id, plan = proposed.goods.order_id, proposed.plan
    order = tx.one("SELECT is_cancelled FROM sales_order WHERE warehouse_id = :w AND id = :id", id=order_id)
    if order["is_cancelled"]:
        return  # meanwhile
    tx.put(
        "DELETE FROM proposed_carton WHERE warehouse_id = :w AND order_id = :order AND NOT EXISTS"
        " (SELECT 1 FROM parcel p WHERE p.warehouse_id = proposed_carton.warehouse_id"
        " AND p.order_id = proposed_carton.order_id AND p.proposed_sequence = proposed_carton.sequence"
        " AND p.state <> 'void')",
        order=order_id,
    )  # fmt: skip
    tx.put("DELETE FROM carton_proposal WHERE warehouse_id = :w AND order_id = :order", order=order_id)
    kept = tx.one(
        "SELECT COUNT(*) AS n, COALESCE(MAX(c.sequence), 0) AS last, COALESCE(SUM(t.cost_minor), 0) AS cost"
        " FROM proposed_carton c JOIN carton_type t ON t.warehouse_id = c.warehouse_id AND t.id = c.carton_type_id"
        " WHERE c.warehouse_id = :w AND c.order_id = :order",
        order=order_id,
    )
    packings = plan.cartons if plan is not None else ()
    tx.add(
        "carton_proposal", order_id=order_id, cartons=kept["n"] + len(packings),
        bound_cartons=kept["n"] + (plan.bound_parcels if plan else 0),
        cost_minor=kept["cost"] + (plan.cost_minor if plan else 0),
        bound_cost_minor=kept["cost"] + (plan.bound_cost_minor if plan else 0), note=proposed.note,
        solver=plan.solver if plan else "none", seed=plan.seed if plan else 0,
        elapsed_ms=plan.elapsed_ms if plan else 0, created_at_ms=tx.now_ms,
    )  # fmt: skip
    for sequence, packed in enumerate(packings, kept["last"] + 1):
        row = tx.one("SELECT id FROM carton_type WHERE warehouse_id = :w AND code = :code", code=packed.carton.code)
        items = proposed.goods.item_ids
        tx.add(
            "proposed_carton", order_id=order_id, sequence=sequence, carton_type_id=row["id"],
            weight_g=packed.weight_g, fill_percent=packed.fill_percent,
            contents=json.dumps([[items[name], qty_each] for name, qty_each in packed.contents().items()]),
            placements=json.dumps(
                [
                    [
                        items[block.name], block.x_mm, block.y_mm, block.z_mm, block.along_mm, block.across_mm,
                        block.upright_mm, block.columns, block.rows, block.layers,
                    ]
                    for block in packed.placements
                ]
            ),
            picture=draw_carton(packed, proposed.goods.titles),
        )  # fmt: skip
