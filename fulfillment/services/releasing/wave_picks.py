"""What a wave asks a picker for: its orders' promised units as `picking` knows them, and the cart they ride on.

Owns the way from promises to lines. Invariant: the same promises give the same question, in whatever order the
database gives its rows, so that a plan can be made again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fulfillment.domain.units import volume_ml
from fulfillment.domain.waves import TOTE_VOLUME_ML, TOTE_WEIGHT_G, ranks
from fulfillment.hot import Tx
from fulfillment.services.walking import tour_orders
from fulfillment.services.walking.floor_plan import FloorPlan
from fulfillment.services.walking.tour_orders import Ranks
from fulfillment.services.walking.walks import lost
from picking import Cart, ClusterTote, PickLine, PickOrder, Spot, TotePick

Key = tuple[int, int, int]
"""order, item, location: what one line stands for."""


@dataclass(frozen=True)
class WavePicks:
    """The question of a wave; `keys` says what each line is, `goods` (weight in g, is fragile) what each item is."""

    orders: tuple[PickOrder, ...]
    cart: Cart
    keys: dict[str, Key]
    goods: Mapping[int, tuple[int, bool]] = field(default_factory=dict)

    def ranks(self, plan: FloorPlan, picks: Iterable[PickLine | TotePick]) -> Ranks:
        """The ranks of the stops where these are picked."""
        return tour_orders.ranks(
            plan.heavy_from_g, ((pick.spot.name, *self.goods[self.keys[pick.line_id][1]]) for pick in picks)
        )

    def ranks_of(self, plan: FloorPlan, totes: Iterable[ClusterTote]) -> Ranks:
        """`ranks` of what rides in the totes of one cart."""
        return self.ranks(plan, (pick for tote in totes for pick in tote.tote.picks))


def of_wave(tx: Tx, wave_id: int) -> WavePicks | None:
    """Every unit promised to a wave's orders that no stop fetches yet; None when there is none."""
    return _of(tx, "o.wave_id = :wave", wave=wave_id)


def of_order(tx: Tx, wave_id: int, order_id: int) -> WavePicks | None:
    """`of_wave` for one of its orders."""
    return _of(tx, "o.wave_id = :wave AND o.id = :order", wave=wave_id, order=order_id)


def _of(tx: Tx, which: str, **params: int) -> WavePicks | None:
    rows = promised(tx, which, **params)
    if not rows:
        return None
    orders, keys = pick_orders(rows)
    return WavePicks(orders, smallest_cart(tx), keys, goods_of(rows))


def goods_of(rows: Iterable[Any]) -> dict[int, tuple[int, bool]]:
    """What `WavePicks.goods` says, of what `promised` found."""
    return {row["item_id"]: (row["weight_g"], bool(row["is_fragile"])) for row in rows}


def promised(tx: Tx, which: str, **params: int) -> Sequence[Any]:
    """What `pick_orders` takes: units promised to orders and fetched by no stop yet. `which`: SQL of ours about `o`."""
    return tx.all(
        "SELECT a.order_id, a.item_id, a.location_id, SUM(a.qty_each) AS qty_each, o.priority, o.cut_off_at_ms,"
        " l.code, l.x_dm, l.y_dm, l.level, i.length_mm, i.width_mm, i.height_mm, i.weight_g, i.is_fragile"
        " FROM allocation a"
        " JOIN sales_order o ON o.warehouse_id = a.warehouse_id AND o.id = a.order_id"
        " JOIN location l ON l.warehouse_id = a.warehouse_id AND l.id = a.location_id"
        " JOIN item i ON i.warehouse_id = a.warehouse_id AND i.id = a.item_id"
        f" WHERE a.warehouse_id = :w AND {which} AND a.task_id IS NULL AND a.qty_each > 0"
        # Promised meanwhile where nobody picks, or in somebody's hand: that waits for the next wave.
        " AND l.is_pickable = 1 AND l.kind IN ('bin', 'reserve', 'flow_rack')"
        " GROUP BY a.order_id, a.item_id, a.location_id, o.priority, o.cut_off_at_ms, l.code, l.x_dm, l.y_dm, l.level,"
        " i.length_mm, i.width_mm, i.height_mm, i.weight_g, i.is_fragile",
        **params,
    )


def pick_orders(rows: Iterable[Any]) -> tuple[tuple[PickOrder, ...], dict[str, Key]]:
    """Lines by order, and what each stands for; the rows may come in any order."""
    rows = sorted(rows, key=lambda row: (row["order_id"], row["item_id"], row["location_id"]))
    cut_offs = ranks([row["cut_off_at_ms"] for row in rows])
    priorities = ranks([-row["priority"] for row in rows])
    lines: dict[int, list[PickLine]] = {}
    heads: dict[int, Any] = {}
    keys: dict[str, Key] = {}
    for row in rows:
        line_id = f"{row['order_id']}/{row['item_id']}/{row['location_id']}"
        keys[line_id] = (row["order_id"], row["item_id"], row["location_id"])
        heads[row["order_id"]] = row
        lines.setdefault(row["order_id"], []).append(
            PickLine(
                line_id, Spot(row["code"], row["x_dm"], row["y_dm"], row["level"]), row["qty_each"],
                volume_ml(row["length_mm"], row["width_mm"], row["height_mm"]), row["weight_g"],
            )
        )  # fmt: skip
    orders = tuple(
        PickOrder(
            str(order_id), tuple(parts), cut_offs[heads[order_id]["cut_off_at_ms"]],
            priorities[-heads[order_id]["priority"]],
        )
        for order_id, parts in lines.items()
    )  # fmt: skip
    return orders, keys


def lost_places(orders: Iterable[PickOrder], plan: FloorPlan) -> set[str]:
    """The locations of these orders that nobody can walk to and back from, as the floor is closed now."""
    spots = list({line.spot.name: line.spot for order in orders for line in order.lines}.values())
    return {spots[at].name for at in lost(plan, plan.start, spots) if at < len(spots)}


def within_reach(picks: WavePicks, plan: FloorPlan) -> WavePicks:
    """Without what lies behind a closed stretch: those promises stand, and go with a wave after it was opened."""
    behind = lost_places(picks.orders, plan)
    if not behind:
        return picks
    orders = tuple(
        replace(order, lines=tuple(line for line in order.lines if line.spot.name not in behind))
        for order in picks.orders
    )
    return replace(picks, orders=tuple(order for order in orders if order.lines))


def smallest_cart(tx: Tx) -> Cart:
    """Any cart may claim any tour, so a tour must fit the smallest."""
    row = tx.one("SELECT MIN(positions) AS positions FROM cart WHERE warehouse_id = :w")
    return Cart(row["positions"] or 1, TOTE_VOLUME_ML, TOTE_WEIGHT_G)
