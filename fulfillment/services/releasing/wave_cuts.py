"""What of a wave has not begun leaves it: cancelled, its promises given back; or split off into a wave of its own.

Begun is an order with a stop made or on a tour that is walked: it stays. Promises of cancelled orders are free for
whoever is most urgent, and the orders wait for the next wave. Invariant: an order is in one wave, and each of its
promises behind one open stop at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fulfillment.domain.reasons import Conflict
from fulfillment.domain.tasks import WaveState
from fulfillment.domain.wave_acts import WaveAct
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.packing import cartons
from fulfillment.services.releasing import wave_acts, waves
from fulfillment.services.stock import allocate
from fulfillment.services.touring import pick, replanning
from fulfillment.services.working import jobs

CANCELLED = "wave_cancelled"
SPLIT_OFF = "wave_split"

_PLANNED = (
    "(SELECT t.id FROM tour t WHERE t.warehouse_id = task.warehouse_id AND t.wave_id = :wave AND t.state = 'planned')"
)


def cancel(tx: Tx, actor: Actor, wave_id: int, badge: str = "", may_without_badge: bool = False) -> dict[str, Any]:
    """Take the orders that have not begun out of a wave; `orders` names them, `left` how many go on.

    Raises:
        NotFound: no such wave; Conflict: done, being planned, or all of it has begun; DomainError: no badge.
    """
    person_id = wave_acts.supervisor(tx, badge, may_without_badge)
    orders = _not_begun(tx, wave_id)
    touched = _take_out(tx, wave_id, orders, CANCELLED)
    freed: set[int] = set()
    for order in orders:
        tx.put("UPDATE sales_order SET wave_id = NULL WHERE warehouse_id = :w AND id = :id", id=order["id"])
        freed.update(allocate.take_back_promises(tx, actor, order["id"], CANCELLED))
    # Nor do those go with it that had no stop yet, for their goods lie behind a closed way.
    tx.put(
        "UPDATE sales_order SET wave_id = NULL WHERE warehouse_id = :w AND wave_id = :wave"
        " AND state NOT IN ('shipped', 'cancelled') AND NOT EXISTS (SELECT 1 FROM task k WHERE k.warehouse_id ="
        " sales_order.warehouse_id AND k.order_id = sales_order.id AND k.kind = 'pick' AND k.state <> 'cancelled')",
        wave=wave_id,
    )
    _close_up(tx, actor, wave_id, touched)
    for item_id in sorted(freed):
        allocate.allocate_waiting(tx, actor, item_id)
    allocate.settle_all(tx, actor, (order["id"] for order in orders))
    numbers = [order["number"] for order in orders]
    act = wave_acts.note(tx, actor, WaveAct.CANCEL, person_id, wave_id, subject=", ".join(numbers))
    return {**act, "orders": numbers, "left": _left(tx, wave_id)}


def split(
    tx: Tx, actor: Actor, wave_id: int, numbers: Sequence[str] | None = None, badge: str = "",
    may_without_badge: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Put orders that have not begun (those named, or all) into a wave of their own; their promises stay theirs.

    `into` is the new wave, which the planner plans.

    Raises:
        NotFound: no such wave; Conflict: done, being planned, an order named has begun, or nothing would stay;
        DomainError: no badge.
    """
    person_id = wave_acts.supervisor(tx, badge, may_without_badge)
    orders = _not_begun(tx, wave_id, numbers)
    if len(orders) == _left(tx, wave_id):
        raise Conflict("nothing_stays", f"nothing would stay in wave {wave_id}", "orders")
    wave = wave_acts.open_wave(tx, wave_id)
    touched = _take_out(tx, wave_id, orders, SPLIT_OFF)
    into = tx.insert(
        "wave", state=WaveState.PLANNING.value, mode=wave["mode"], priority=wave["priority"], created_at_ms=tx.now_ms,
        paused_at_ms=wave["paused_at_ms"],
    )  # fmt: skip
    for order in orders:
        tx.put("UPDATE sales_order SET wave_id = :into WHERE warehouse_id = :w AND id = :id",
               into=into, id=order["id"])  # fmt: skip
    _close_up(tx, actor, wave_id, touched)
    allocate.settle_all(tx, actor, (order["id"] for order in orders))
    jobs.defer(tx, waves.PLAN_WAVE, {"wave": into}, waves.plan_key(into))
    jobs.defer(tx, cartons.PROPOSE_CARTONS, {"wave": into}, f"cartons:{into}")
    names = [order["number"] for order in orders]
    act = wave_acts.note(tx, actor, WaveAct.SPLIT, person_id, wave_id, subject=f"{into}: {', '.join(names)}")
    return {**act, "orders": names, "into": into}


def _not_begun(tx: Tx, wave_id: int, numbers: Sequence[str] | None = None) -> list[Any]:
    if wave_acts.open_wave(tx, wave_id)["state"] == WaveState.PLANNING:
        raise Conflict("wave_planning", f"wave {wave_id} is being planned: again in a moment", "wave")
    # Whoever claims one of them at the same moment has it before this, or finds it as this leaves it.
    tx.run("UPDATE tour SET priority = priority WHERE warehouse_id = :w AND wave_id = :wave AND state = 'planned'",
           wave=wave_id)  # fmt: skip
    rows = tx.all(
        "SELECT o.id, o.number FROM sales_order o WHERE o.warehouse_id = :w AND o.wave_id = :wave AND EXISTS"
        " (SELECT 1 FROM task k JOIN tour t ON t.warehouse_id = k.warehouse_id AND t.id = k.tour_id"
        " WHERE k.warehouse_id = o.warehouse_id AND k.order_id = o.id AND k.kind = 'pick' AND k.state = 'open'"
        " AND t.wave_id = :wave AND t.state = 'planned') AND NOT EXISTS"
        " (SELECT 1 FROM task k JOIN tour t ON t.warehouse_id = k.warehouse_id AND t.id = k.tour_id"
        " WHERE k.warehouse_id = o.warehouse_id AND k.order_id = o.id AND k.kind = 'pick' AND t.wave_id = :wave"
        " AND (k.done_each > 0 OR (t.state = 'active' AND k.state <> 'cancelled'))) ORDER BY o.id",
        wave=wave_id,
    )
    if numbers is not None:
        wanted = set(numbers)
        late = sorted(wanted - {row["number"] for row in rows})
        if late:
            raise Conflict("order_begun", f"not in wave {wave_id}, or begun: {', '.join(late)[:200]}", "orders")
        rows = [row for row in rows if row["number"] in wanted]
    if not rows:
        raise Conflict("all_begun", f"every order of wave {wave_id} has begun", "wave")
    return list(rows)


def _left(tx: Tx, wave_id: int) -> int:
    """Orders of a wave with a stop still to be made."""
    return int(tx.one(
        "SELECT COUNT(DISTINCT k.order_id) AS orders FROM task k JOIN tour t ON t.warehouse_id = k.warehouse_id"
        " AND t.id = k.tour_id WHERE k.warehouse_id = :w AND t.wave_id = :wave AND k.state = 'open'",
        wave=wave_id,
    )["orders"])  # fmt: skip


def _take_out(tx: Tx, wave_id: int, orders: Sequence[Any], why: str) -> list[int]:
    """The stops and places of these orders vanish from the tours that wait; the tours that had some."""
    touched: set[int] = set()
    for order in orders:
        which = {"order": order["id"], "wave": wave_id}
        open_stops = f"order_id = :order AND kind = 'pick' AND state = 'open' AND tour_id IN {_PLANNED}"
        tours = tx.all(f"SELECT DISTINCT tour_id FROM task WHERE warehouse_id = :w AND {open_stops}", **which)
        touched.update(row["tour_id"] for row in tours)
        tx.put(
            "UPDATE allocation SET task_id = NULL WHERE warehouse_id = :w AND order_id = :order AND task_id IN"
            f" (SELECT task.id FROM task WHERE task.warehouse_id = :w AND {open_stops})",
            **which,
        )
        tx.put(
            "UPDATE task SET state = 'cancelled', reason = :why, done_at_ms = :now"
            f" WHERE warehouse_id = :w AND {open_stops}",
            why=why, now=tx.now_ms, **which,
        )  # fmt: skip
        tx.put(
            "DELETE FROM tour_tote WHERE warehouse_id = :w AND order_id = :order AND tour_id IN (SELECT t.id"
            " FROM tour t WHERE t.warehouse_id = :w AND t.wave_id = :wave AND t.state = 'planned')",
            **which,
        )
    return sorted(touched)


def _close_up(tx: Tx, actor: Actor, wave_id: int, touched: Sequence[int]) -> None:
    """Tours with nothing left are done; the others are as urgent as what is left on them, and walked anew."""
    pick.close_empty_tours(tx, actor)
    for tour_id in touched:
        tx.put(
            "UPDATE tour SET cut_off_at_ms = (SELECT MIN(o.cut_off_at_ms) FROM task k JOIN sales_order o"
            " ON o.warehouse_id = k.warehouse_id AND o.id = k.order_id WHERE k.warehouse_id = tour.warehouse_id"
            " AND k.tour_id = tour.id AND k.state = 'open') WHERE warehouse_id = :w AND id = :id AND state = 'planned'",
            id=tour_id,
        )
        replanning.ask(tx, tour_id, f"cut:{wave_id}:{tx.now_ms}")
