"""Release orders together: choose them, hand the wave to the planner, show what became of it.

An order with units promised where nobody picks stays out of the wave; its units are asked for, and it goes with
the next wave once they have been brought down. Invariant: whoever walks a wave reaches everything it asks for.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fulfillment.domain.effects import EffectKind
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.domain.waves import MAX_WAVE_ORDERS, RELEASABLE
from fulfillment.hot import Tx
from fulfillment.services import allocate, refills_for_orders, replenishment_plans
from fulfillment.services.actor import Actor
from fulfillment.services.running import tell

LARGEST_ID = 2**63 - 1  # the database knows no larger number


def release(
    tx: Tx, actor: Actor, numbers: Sequence[str] | None = None, max_orders: int = MAX_WAVE_ORDERS, priority: int = 0,
    ordered_until_ms: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Make a wave of the most urgent allocated orders, or of the orders named.

    `waiting_for_replenishment` names those left out because their goods must be brought down first; when that is
    all of them there is no wave (`wave` is None).

    Raises:
        Conflict: nothing can be released, or an order named is in another state.
    """
    if not 1 <= max_orders <= MAX_WAVE_ORDERS:
        raise DomainError("bad_quantity", f"1 to {MAX_WAVE_ORDERS} orders a wave", "max_orders")
    states = ", ".join(f"'{state}'" for state in sorted(RELEASABLE))
    if numbers is not None:
        asked = [_named(tx, number) for number in dict.fromkeys(numbers)]
        waiting = [order for order in asked if order["is_out_of_reach"]]
        chosen = [order for order in asked if not order["is_out_of_reach"]]
    else:
        # Asked for apart: orders that wait for a refill must not take the places of those that could go.
        chosen, waiting = (
            tx.all(
                f"SELECT o.id, o.number FROM sales_order o WHERE o.warehouse_id = :w AND o.state IN ({states})"
                f" AND (:until IS NULL OR o.ordered_at_ms <= :until) AND {reach}"
                f" ORDER BY o.priority DESC, o.cut_off_at_ms, o.ordered_at_ms, o.id LIMIT {int(max_orders)}",
                until=ordered_until_ms,
            )
            for reach in (f"NOT {refills_for_orders.OUT_OF_REACH}", refills_for_orders.OUT_OF_REACH)
        )  # fmt: skip
    if not chosen and not waiting:
        raise Conflict("nothing_to_release", "no allocated order waits for release")
    refills_for_orders.demand(tx, actor, [order["id"] for order in waiting])
    left_out = [order["number"] for order in waiting]
    if not chosen:
        return {**_NO_WAVE, "priority": priority, "waiting_for_replenishment": left_out}
    wave_id = tx.insert("wave", state="planning", priority=priority, created_at_ms=tx.now_ms)
    for order in chosen:
        tx.run(
            "UPDATE sales_order SET wave_id = :wave WHERE warehouse_id = :w AND id = :id", wave=wave_id, id=order["id"]
        )
        allocate.settle_order(tx, actor, order["id"])
    tx.insert(
        "outbox", kind=EffectKind.PLAN_WAVE, subject=str(wave_id), dedupe_key=f"plan:{wave_id}",
        fields=json.dumps({"wave": wave_id}), created_at_ms=tx.now_ms,
    )  # fmt: skip
    replenishment_plans.refill_wave(tx, actor, wave_id)
    tell(tx, "board", "WaveCreated", wave=wave_id, orders=len(chosen))
    return {**describe(tx, wave_id), "waiting_for_replenishment": left_out}


_NO_WAVE: dict[str, Any] = {"wave": None, "state": None, "orders": 0, "lines": 0, "units": 0, "tours": []}


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
        "SELECT t.id AS tour, t.state, t.distance_dm, t.s_shape_dm, t.location_order_dm, t.solver,"
        " (SELECT COUNT(*) FROM task k WHERE k.warehouse_id = t.warehouse_id AND k.tour_id = t.id) AS stops,"
        " (SELECT COUNT(DISTINCT s.position) FROM tour_tote s WHERE s.warehouse_id = t.warehouse_id"
        " AND s.tour_id = t.id) AS totes FROM tour t WHERE t.warehouse_id = :w AND t.wave_id = :id ORDER BY t.id",
        id=wave_id,
    )
    return {
        "wave": wave_id, "state": wave["state"], "priority": wave["priority"], "orders": figures["orders"],
        "lines": figures["lines"], "units": figures["units"], "tours": [dict(tour) for tour in tours],
    }  # fmt: skip


def _named(tx: Tx, number: str) -> Any:
    rows = tx.all(
        f"SELECT o.id, o.number, o.state, {refills_for_orders.OUT_OF_REACH} AS is_out_of_reach FROM sales_order o"
        " WHERE o.warehouse_id = :w AND o.number = :n",
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
