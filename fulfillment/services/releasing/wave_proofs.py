"""A released wave's figures made again when what is walked for it has changed: late orders, shorts, substitutes.

Owns `lower_bound_dm` and `fifo_s_shape_dm` of a wave after its release. Both are of every stop its tours made or still
make, on the floor with nothing closed, as the tours' own figures are. At most one calculation a wave every EVERY_MS,
off the request path. Invariant: the tours of a wave walk no less than its bound, whatever was packed into which tote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fulfillment.bootstrap import Floor
from fulfillment.domain.tasks import PickMode
from fulfillment.hot import Tx
from fulfillment.services.releasing import wave_picks
from fulfillment.services.walking import floor_plan, tour_ends
from fulfillment.services.working import jobs
from picking import BatchProblem, PickOrder, plan_batches

PROVE_WAVE = "prove_wave"
EVERY_MS = 5_000


def ask(tx: Tx, wave_id: int | None) -> None:
    """Have a wave's figures made again within EVERY_MS; None: a tour of no wave."""
    if wave_id is None:
        return
    turn = tx.now_ms // EVERY_MS
    jobs.defer(tx, PROVE_WAVE, {"wave": wave_id}, f"prove:{wave_id}:{turn}", run_after_ms=(turn + 1) * EVERY_MS)


def kind() -> jobs.Kind:
    """How the job is run."""

    def run(floor: Floor, arguments: Mapping[str, Any]) -> str:
        return prove(floor, arguments["wave"])

    return jobs.Kind(run)


def prove(floor: Floor, wave_id: int) -> str:
    """Make a wave's bound and what it is compared with again; what came of it, in words."""
    asked = floor.read(lambda tx: _asked(tx, wave_id))
    if asked is None:
        return "nothing walked"
    orders, mode, positions, is_split = asked
    plan = floor_plan.of(floor)
    layout = plan.layout.opened
    cart = floor.read(wave_picks.smallest_cart)
    as_came = BatchProblem(layout, plan.start, plan.drops[0], cart, orders)
    fifo_s_shape_dm = plan_batches(as_came, 0, proposals=0).fifo_s_shape_dm
    # Where nothing rides together a cart has one order, in however many totes.
    at_least = replace(cart, positions=1 if mode == PickMode.SINGLE else max(cart.positions, positions))
    if mode == PickMode.BATCH:
        # A put wall's totes hold several orders' units: what is proven for a tote an order would not hold for them.
        lower_bound_dm = tour_ends.least_shared_dm(replace(plan, layout=layout), orders)
    elif len(plan.drops) > 1 or (is_split and plan.place(plan.start) != plan.place(plan.drops[0])):
        # Of several drop points each tour takes its best: a bound for one end would not hold. And from one side of the
        # floor to the other, two carts with parts of an order may walk less than one with all of it.
        lower_bound_dm = tour_ends.least_dm(replace(plan, layout=layout), orders, at_least.positions)
    else:
        eased = BatchProblem(layout, plan.start, plan.drops[0], at_least, tuple(_eased(order) for order in orders))
        lower_bound_dm = plan_batches(eased, 0, proposals=0).lower_bound_dm

    def write(tx: Tx) -> None:
        tx.put(
            "UPDATE wave SET lower_bound_dm = :bound, fifo_s_shape_dm = :fifo WHERE warehouse_id = :w AND id = :id",
            id=wave_id, bound=lower_bound_dm, fifo=fifo_s_shape_dm,
        )  # fmt: skip

    floor.writer.write(write)
    return f"{lower_bound_dm // 10} m at least"


def _eased(order: PickOrder) -> PickOrder:
    # A late order rides where it costs least, whatever its departure, and a substitute goes into the tote of what it
    # replaces: carts bound by departures or full totes could walk more than these did.
    lines = tuple(replace(line, each_volume_ml=0, each_weight_g=0) for line in order.lines)
    return replace(order, lines=lines, cutoff_rank=0, priority_rank=0)


def _asked(tx: Tx, wave_id: int) -> tuple[tuple[PickOrder, ...], str, int, bool] | None:
    """The orders of a wave with every stop that is or was walked for, its mode, the most places a cart had, and
    whether an order was on several."""
    wave = tx.one("SELECT mode FROM wave WHERE warehouse_id = :w AND id = :id", id=wave_id)
    rows = tx.all(
        "SELECT k.order_id, k.item_id, k.location_id,"
        # Whoever found nothing walked there all the same.
        " SUM(CASE WHEN k.state = 'short' AND k.done_each > 0 THEN k.done_each WHEN k.state = 'short' THEN 1"
        " ELSE k.qty_each END) AS qty_each, o.priority, o.cut_off_at_ms, l.code, l.x_dm, l.y_dm, l.level, i.length_mm,"
        " i.width_mm, i.height_mm, i.weight_g FROM tour t JOIN task k ON k.warehouse_id = t.warehouse_id"
        " AND k.tour_id = t.id AND k.state IN ('open', 'done', 'short')"
        " JOIN sales_order o ON o.warehouse_id = k.warehouse_id AND o.id = k.order_id"
        " JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
        " JOIN item i ON i.warehouse_id = k.warehouse_id AND i.id = k.item_id"
        " WHERE t.warehouse_id = :w AND t.wave_id = :wave AND k.qty_each > 0"
        " GROUP BY k.order_id, k.item_id, k.location_id, o.priority, o.cut_off_at_ms, l.code, l.x_dm, l.y_dm, l.level,"
        " i.length_mm, i.width_mm, i.height_mm, i.weight_g",
        wave=wave_id,
    )
    if wave is None or not rows:
        return None
    orders, _ = wave_picks.pick_orders(rows)
    places = tx.one(
        "SELECT COALESCE(MAX(s.position), 1) AS positions FROM tour_tote s JOIN tour t"
        " ON t.warehouse_id = s.warehouse_id AND t.id = s.tour_id WHERE t.warehouse_id = :w AND t.wave_id = :wave",
        wave=wave_id,
    )
    split = tx.one(
        "SELECT k.order_id FROM task k JOIN tour t ON t.warehouse_id = k.warehouse_id AND t.id = k.tour_id"
        " WHERE k.warehouse_id = :w AND t.wave_id = :wave AND k.state IN ('open', 'done', 'short')"
        " GROUP BY k.order_id HAVING COUNT(DISTINCT k.tour_id) > 1 LIMIT 1",
        wave=wave_id,
    )
    return orders, wave["mode"], places["positions"], split is not None
