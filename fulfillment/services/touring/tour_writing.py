"""A planned tour becomes rows: its stops in order, the totes of its cart, and the promises behind each stop.

Owns a tour's stops until somebody claims it. Every promise is looked at again: a stop whose promises went away
while the plan was made is left out, and so is one whose order has left the tour's wave. Invariant: the open stops'
`walk_left_dm` falls along the tour, and the first one's is the whole walk.
"""

from __future__ import annotations

from dataclasses import dataclass

from fulfillment.domain.tasks import PickMode
from fulfillment.hot import Tx
from fulfillment.services.releasing.wave_picks import Key
from fulfillment.services.walking.floor_plan import FloorPlan
from fulfillment.services.walking.walks import Walk, walk_lefts
from fulfillment.services.walking.zone_walks import NO_ZONES, Zoning
from picking import BatchPlan, ClusterTote


@dataclass(frozen=True)
class PlannedTour:
    """One cart's walk as `picking` planned it, and what goes into which of its totes."""

    totes: tuple[ClusterTote, ...]
    walk: Walk
    mode: str = PickMode.CLUSTER
    zoning: Zoning = NO_ZONES


def write_tour(tx: Tx, wave_id: int, planned: PlannedTour, keys: dict[str, Key], plan: FloorPlan) -> int:
    """Write one tour of a wave; 0 when nothing of it is wanted any more, else 1."""
    tour = planned.walk.tour
    place_of = {spot.name: place for place, spot in enumerate(tour.sequence)}
    stops = sorted(
        (
            (place_of[pick.spot.name], tote.position, int(tote.order_id), keys[pick.line_id], pick.qty_each)
            for tote in planned.totes
            for pick in tote.tote.picks
        ),
        key=lambda stop: (*stop[:2], stop[3][1]),
    )
    before = planned.zoning.before(tour.sequence)
    lefts = walk_lefts(plan, plan.start, tour.sequence, planned.walk.end, before)
    priority = tx.one("SELECT priority FROM wave WHERE warehouse_id = :w AND id = :id", id=wave_id)["priority"]
    cut_off = min(_cut_off(tx, order_id) for _, _, order_id, _, _ in stops)
    tour_id = tx.insert(
        "tour", wave_id=wave_id, priority=priority, cut_off_at_ms=cut_off, distance_dm=tour.distance_dm,
        s_shape_dm=tour.s_shape_dm, location_order_dm=tour.location_order_dm, lower_bound_dm=tour.lower_bound_dm,
        free_dm=planned.walk.free_dm, layout_version=plan.version, mode=str(planned.mode), solver=tour.solver,
        seed=tour.seed, elapsed_ms=tour.elapsed_ms,
    )  # fmt: skip
    used: set[tuple[int, int]] = set()
    sequence = 0
    for place, position, order_id, key, qty_each in stops:
        task_id = write_task(tx, tour_id, sequence + 1, position, key, qty_each, lefts[place])
        if task_id is None:
            continue
        sequence += 1
        used.add((position, order_id))
    for position, order_id in sorted(used):
        tx.add("tour_tote", tour_id=tour_id, position=position, order_id=order_id)
    if sequence == 0:
        tx.put("UPDATE tour SET state = 'done', done_at_ms = :now WHERE warehouse_id = :w AND id = :id",
               id=tour_id, now=tx.now_ms)  # fmt: skip
        return 0
    return 1


def write_proof(tx: Tx, wave_id: int, plan: BatchPlan) -> None:
    """What is known of a wave's walk as a whole: its bound, and what carts filled as orders came would walk."""
    tx.put(
        "UPDATE wave SET lower_bound_dm = :bound, fifo_s_shape_dm = :fifo, solver = :solver, elapsed_ms = :elapsed"
        " WHERE warehouse_id = :w AND id = :id",
        id=wave_id, bound=plan.lower_bound_dm, fifo=plan.fifo_s_shape_dm, solver=plan.solver, elapsed=plan.elapsed_ms,
    )  # fmt: skip


def write_task(
    tx: Tx, tour_id: int, sequence: int, position: int, key: Key, qty_each: int, walk_left_dm: int
) -> int | None:
    """One stop, with the promises that stand behind it; None when they, or their order from the wave, have gone."""
    order_id, item_id, location_id = key
    # A wave is cut while its late orders' tours are planned: what was split off or cancelled is another wave's now.
    promises = tx.all(
        "SELECT * FROM allocation WHERE warehouse_id = :w AND order_id = :order AND item_id = :item"
        " AND location_id = :location AND task_id IS NULL AND qty_each > 0 AND EXISTS (SELECT 1 FROM tour t"
        " JOIN sales_order o ON o.warehouse_id = t.warehouse_id AND o.wave_id = t.wave_id"
        " WHERE t.warehouse_id = :w AND t.id = :tour AND t.state <> 'done' AND o.id = :order) ORDER BY layer_id, id",
        order=order_id, item=item_id, location=location_id, tour=tour_id,
    )  # fmt: skip
    available = sum(promise["qty_each"] for promise in promises)
    qty_each = min(qty_each, available)
    if qty_each == 0:
        return None
    task_id = tx.insert(
        "task", kind="pick", tour_id=tour_id, sequence=sequence, position=position, order_id=order_id, item_id=item_id,
        location_id=location_id, qty_each=qty_each, walk_left_dm=walk_left_dm, created_at_ms=tx.now_ms,
    )  # fmt: skip
    left_each = qty_each
    for promise in promises:
        part_each = min(left_each, promise["qty_each"])
        if part_each == 0:
            break
        rest_each = promise["qty_each"] - part_each
        tx.put(
            "UPDATE allocation SET task_id = :task, qty_each = :qty WHERE warehouse_id = :w AND id = :id",
            task=task_id, qty=part_each, id=promise["id"],
        )  # fmt: skip
        if rest_each:  # a line too big for one tote is several stops: the promise is split with it
            tx.add(
                "allocation", order_id=order_id, item_id=item_id, layer_id=promise["layer_id"],
                location_id=location_id, task_id=None, qty_each=rest_each,
            )  # fmt: skip
        left_each -= part_each
    return task_id


def _cut_off(tx: Tx, order_id: int) -> int:
    row = tx.one("SELECT cut_off_at_ms FROM sales_order WHERE warehouse_id = :w AND id = :id", id=order_id)
    return row["cut_off_at_ms"]
