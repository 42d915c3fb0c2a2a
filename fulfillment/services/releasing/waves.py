"""Release orders together: choose them, hand the wave to the planner, show what became of it.

An order with units promised where nobody picks stays out of the wave; its units are asked for, and it goes with
the next wave once they have been brought down. One with units behind a closed stretch belongs to the wave and is
planned by itself once the way is open. Invariant: whoever walks a wave reaches everything it asks for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.domain.tasks import PickMode
from fulfillment.domain.waves import MAX_WAVE_ORDERS, RELEASABLE
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.packing import cartons
from fulfillment.services.releasing import pick_modes, ways
from fulfillment.services.replenishing import refills_for_orders, replenishment_plans
from fulfillment.services.replenishing.refills_for_orders import OUT_OF_REACH
from fulfillment.services.stock import allocate
from fulfillment.services.working import jobs

PLAN_WAVE = "plan_wave"
LARGEST_ID = 2**63 - 1  # the database knows no larger number


def release(
    tx: Tx, actor: Actor, numbers: Sequence[str] | None = None, max_orders: int = MAX_WAVE_ORDERS, priority: int = 0,
    ordered_until_ms: int | None = None, mode: str = PickMode.CLUSTER, known: ways.Known = ways.NOTHING,
) -> dict[str, Any]:  # fmt: skip
    """Make a wave of the most urgent allocated orders, or of the orders named.

    `waiting_for_replenishment` names those left out because their goods must be brought down first; when that is all
    there is no wave (`wave` is None). `waiting_for_opening` names those with goods behind a closed stretch: they belong
    to the wave and get their tours when the way is opened. `mode`: how its orders are picked; a batch is sorted at a
    put wall, carts of a wave by zones are handed over between them. `known`: what `ways.look` found before this
    transaction.

    Raises:
        Conflict: nothing can be released, an order named is in another state, there is no wall for a batch, or there
            are no two zones that take carts over, or heavy goods come first.
    """
    if not 1 <= max_orders <= MAX_WAVE_ORDERS:
        raise DomainError("bad_quantity", f"1 to {MAX_WAVE_ORDERS} orders a wave", "max_orders")
    pick_modes.check(tx, mode)
    behind_closed = ways.behind_closed(tx, known)
    states = ", ".join(f"'{state}'" for state in sorted(RELEASABLE))
    if numbers is not None:
        asked = _named(tx, numbers, behind_closed)
        waiting = [order for order in asked if order["is_out_of_reach"]]
        behind = [order for order in asked if order["is_behind_closed"] and order not in waiting]
        chosen = [order for order in asked if order not in waiting and order not in behind]
    else:
        # Asked for apart: orders that wait for a refill must not take the places of those that could go.
        chosen, waiting, behind = (
            tx.all(
                f"SELECT o.id, o.number, o.wave_id FROM sales_order o WHERE o.warehouse_id = :w"
                f" AND o.state IN ({states}) AND (:until IS NULL OR o.ordered_at_ms <= :until) AND {reach}"
                f" ORDER BY o.priority DESC, o.cut_off_at_ms, o.ordered_at_ms, o.id LIMIT {int(max_orders)}",
                until=ordered_until_ms,
            )
            for reach in (
                f"NOT {OUT_OF_REACH} AND NOT {behind_closed}", OUT_OF_REACH, f"NOT {OUT_OF_REACH} AND {behind_closed}",
            )
        )  # fmt: skip
    if not chosen and not waiting and not behind:
        raise Conflict("nothing_to_release", "no allocated order waits for release")
    refills_for_orders.demand(tx, actor, [order["id"] for order in waiting])
    left_out = {
        "waiting_for_replenishment": [order["number"] for order in waiting],
        "waiting_for_opening": [order["number"] for order in behind],
    }
    # Who waits in an earlier wave already stays there: asked for again and again, each release would be a wave.
    behind = [order for order in behind if order["wave_id"] is None]
    if not chosen and not behind:
        return {**_NO_WAVE, "priority": priority, **left_out}
    wave_id = tx.insert("wave", state="planning", mode=mode, priority=priority, created_at_ms=tx.now_ms)
    for order in [*chosen, *behind]:
        tx.put(
            "UPDATE sales_order SET wave_id = :wave WHERE warehouse_id = :w AND id = :id", wave=wave_id, id=order["id"]
        )
        allocate.settle_order(tx, actor, order["id"])
    jobs.defer(tx, PLAN_WAVE, {"wave": wave_id}, plan_key(wave_id))
    jobs.defer(tx, cartons.PROPOSE_CARTONS, {"wave": wave_id}, f"cartons:{wave_id}")
    replenishment_plans.refill_wave(tx, actor, wave_id)
    tell(tx, "board", "WaveCreated", wave=wave_id, orders=len(chosen) + len(behind))
    return {**describe(tx, wave_id), **left_out}


_NO_WAVE: dict[str, Any] = {
    "wave": None, "state": None, "mode": None, "orders": 0, "lines": 0, "units": 0, "tours": [], "distance_dm": 0,
    "s_shape_dm": 0, "location_order_dm": 0, "proven_tours": 0, "fifo_s_shape_dm": 0, "lower_bound_dm": 0,
}  # fmt: skip


def plan_key(wave_id: int) -> str:
    """The key of the job that plans a wave: it is planned once."""
    return f"plan:{wave_id}"


def describe(tx: Tx, wave_id: int) -> dict[str, Any]:
    """A wave with its figures and tours, as the API shows it."""
    wave = tx.one("SELECT * FROM wave WHERE warehouse_id = :w AND id = :id", id=min(wave_id, LARGEST_ID))
    if wave is None:
        raise NotFound("unknown_wave", f"no wave {wave_id}")
    figures = tx.one(
        "SELECT COUNT(DISTINCT a.order_id) AS orders, COUNT(DISTINCT a.order_id || '/' || a.item_id) AS lines,"
        " COALESCE(SUM(a.qty_each), 0) AS units FROM allocation a"
        " JOIN sales_order o ON o.warehouse_id = a.warehouse_id AND o.id = a.order_id"
        " WHERE a.warehouse_id = :w AND o.wave_id = :id AND a.qty_each > 0",
        id=wave_id,
    )
    tours = tx.all(
        "SELECT t.id AS tour, t.state, t.mode, t.distance_dm, t.s_shape_dm, t.location_order_dm, t.lower_bound_dm,"
        " t.free_dm, t.solver, t.seed, t.elapsed_ms, t.replans,"
        " (SELECT COUNT(*) FROM task k WHERE k.warehouse_id = t.warehouse_id AND k.tour_id = t.id) AS stops,"
        " (SELECT COUNT(DISTINCT s.position) FROM tour_tote s WHERE s.warehouse_id = t.warehouse_id"
        " AND s.tour_id = t.id) AS totes FROM tour t WHERE t.warehouse_id = :w AND t.wave_id = :id ORDER BY t.id",
        id=wave_id,
    )
    return {
        "wave": wave_id, "state": wave["state"], "mode": wave["mode"], "priority": wave["priority"],
        "orders": figures["orders"], "lines": figures["lines"], "units": figures["units"],
        "tours": [dict(tour) for tour in tours],
        **{name: sum(tour[name] for tour in tours) for name in ("distance_dm", "s_shape_dm", "location_order_dm")},
        "proven_tours": sum(tour["distance_dm"] == tour["lower_bound_dm"] for tour in tours),
        "fifo_s_shape_dm": wave["fifo_s_shape_dm"], "lower_bound_dm": wave["lower_bound_dm"],
    }  # fmt: skip


def releasable(tx: Tx, numbers: Sequence[str], known: ways.Known = ways.NOTHING) -> list[Any]:
    """The orders of these numbers, each once.

    Raises:
        NotFound: no such order; Conflict: one cannot be released, or its number is not one order's.
    """
    return _named(tx, numbers, ways.behind_closed(tx, known))


def _named(tx: Tx, numbers: Sequence[str], behind_closed: str) -> list[Any]:
    return [_order_named(tx, number, behind_closed) for number in dict.fromkeys(numbers)]


def _order_named(tx: Tx, number: str, behind_closed: str) -> Any:
    rows = tx.all(
        f"SELECT o.id, o.number, o.state, o.wave_id, {OUT_OF_REACH} AS is_out_of_reach,"
        f" {behind_closed} AS is_behind_closed"
        " FROM sales_order o WHERE o.warehouse_id = :w AND o.number = :n",
        n=number,
    )
    if not rows:
        raise NotFound("unknown_order", f"no order {number!r}", "orders")
    if len(rows) > 1:
        raise Conflict("ambiguous_order", f"{number} exists in several channels", "orders")
    row = rows[0]
    if row["state"] not in RELEASABLE:
        raise Conflict("not_releasable", f"order {number} is {row['state']}", "orders")
    return row
