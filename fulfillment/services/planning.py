"""Waves → tours, off the request path: read a snapshot, let `picking` plan, write what still holds.

The plan is made without a transaction open; when it is written, every promise is looked at again, so an
order cancelled meanwhile gets no stop. A promise that appeared meanwhile waits for the next wave.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from dataclasses import dataclass
from typing import Any

from fulfillment.bootstrap import Floor
from fulfillment.domain.units import volume_ml
from fulfillment.domain.waves import TOTE_VOLUME_ML, TOTE_WEIGHT_G, ranks
from fulfillment.hot import Tx
from fulfillment.services import allocate, replenishment_plans, shorts
from fulfillment.services.actor import Actor
from fulfillment.services.running import tell
from picking import (
    Cart,
    Cluster,
    Layout,
    PickLine,
    PickOrder,
    Spot,
    Tour,
    TourProblem,
    infer_layout,
    plan_clusters,
    plan_tour,
)

log = logging.getLogger(__name__)

IDLE_S = 0.05
LEASE_MS = 120_000
RETRY_MS = 2_000
SWEEP_S = 5.0  # goods put away into reserve reach an empty face's list of work after so long at most


@dataclass(frozen=True)
class PlannedTour:
    """One cart's walk as `picking` planned it."""

    cluster: Cluster
    tour: Tour


@dataclass(frozen=True)
class _Snapshot:
    orders: tuple[PickOrder, ...]
    cart: Cart
    layout: Layout
    depot: Spot
    keys: dict[str, tuple[int, int, int]]  # line id → order, item, location


def planner_worker(floor: Floor, stop: threading.Event, tour_ms: int = 50) -> None:
    """Plan waves as they come until told to stop, and look after the pick faces in between. One wave at a time:
    the planner is one process."""
    floor.writer.write(_give_back)
    swept_at = time.monotonic()
    while not stop.is_set():
        if time.monotonic() - swept_at >= SWEEP_S:
            refill_faces(floor)
            swept_at = time.monotonic()
        wave_id = floor.writer.write(_next_wave)
        if wave_id is None:
            stop.wait(IDLE_S)
            continue
        try:
            plan_wave(floor, wave_id, tour_ms)
        except Exception:
            log.exception("wave %s could not be planned", wave_id)
            floor.writer.write(lambda tx, wave_id=wave_id: _failed(tx, wave_id))


def plan_wave(floor: Floor, wave_id: int, tour_ms: int = 50) -> int:
    """Plan one wave and write its tours; returns how many there are."""
    floor.writer.write(lambda tx: shorts.set_aside_spoilt_of_wave(tx, Actor(occurred_at_ms=tx.now_ms), wave_id))
    snapshot = floor.writer.write(lambda tx: _snapshot(tx, wave_id))
    planned: list[PlannedTour] = []
    if snapshot is not None:
        clusters = plan_clusters(snapshot.orders, snapshot.cart, snapshot.layout, snapshot.depot)
        planned = [
            PlannedTour(cluster, plan_tour(_problem(snapshot, cluster), tour_ms, seed=wave_id)) for cluster in clusters
        ]
    # A tour a transaction: writing a thousand stops at once would keep every scan waiting meanwhile.
    tours = 0
    for plan in planned:
        assert snapshot is not None
        keys = snapshot.keys
        tours += floor.writer.write(lambda tx, plan=plan, keys=keys: _write_tour(tx, wave_id, plan, keys))
    floor.writer.write(lambda tx: _finish(tx, Actor(occurred_at_ms=0), wave_id, tours))
    return tours


def refill_faces(floor: Floor) -> int:
    """Plan refills for every face that does not last; returns the tasks that wait for them now.

    Picks and waves ask for their own items at once. This finds what nobody asks for: reserve that has come since,
    a face corrected by a count or emptied by a move. An item a transaction, so that no scan waits for all.
    """
    planned = 0
    for item_id in floor.read(replenishment_plans.items_to_refill):
        planned += floor.writer.write(lambda tx, item_id=item_id: _refill(tx, item_id))
    return planned


def _refill(tx: Tx, item_id: int) -> int:
    return replenishment_plans.refill(tx, Actor(occurred_at_ms=tx.now_ms), item_id)


def _problem(snapshot: _Snapshot, cluster: Cluster) -> TourProblem:
    return TourProblem(snapshot.layout, snapshot.depot, snapshot.depot, cluster.stops)


def _next_wave(tx: Tx) -> int | None:
    row = tx.one(
        "SELECT id, fields FROM outbox WHERE warehouse_id = :w AND kind = 'plan_wave' AND (state = 'queued'"
        " OR (state = 'claimed' AND lease_until_ms < :now)) AND run_after_ms <= :now ORDER BY id LIMIT 1",
        now=tx.now_ms,
    )
    if row is None:
        return None
    tx.run(
        "UPDATE outbox SET state = 'claimed', attempts = attempts + 1, fence = fence + 1, lease_until_ms = :until"
        " WHERE warehouse_id = :w AND id = :id",
        id=row["id"], until=tx.now_ms + LEASE_MS,
    )  # fmt: skip
    return json.loads(row["fields"])["wave"]


def _give_back(tx: Tx) -> None:
    """What a planner that was killed had taken is open again; stops it wrote already are not written twice."""
    tx.run(
        "UPDATE outbox SET state = 'queued' WHERE warehouse_id = :w AND kind = 'plan_wave' AND state = 'claimed'"
    )


def _failed(tx: Tx, wave_id: int) -> None:
    tx.run(
        "UPDATE outbox SET state = CASE WHEN attempts >= 3 THEN 'failed' ELSE 'queued' END, run_after_ms = :later,"
        " result = 'planning failed; see the planner''s log' WHERE warehouse_id = :w AND dedupe_key = :key",
        key=f"plan:{wave_id}", later=tx.now_ms + RETRY_MS,
    )  # fmt: skip
    effect = tx.one("SELECT state FROM outbox WHERE warehouse_id = :w AND dedupe_key = :key", key=f"plan:{wave_id}")
    if effect["state"] == "failed":
        # Nobody will plan it any more: its orders must not look released for ever, they can go into another.
        _finish_wave(tx, Actor(occurred_at_ms=0), wave_id)
        tell(tx, "board", "WaveFailed", wave=wave_id)


def _snapshot(tx: Tx, wave_id: int) -> _Snapshot | None:
    rows = tx.all(
        "SELECT a.order_id, a.item_id, a.location_id, SUM(a.qty_each) AS qty_each, o.priority, o.cut_off_at_ms,"
        " l.code, l.x_dm, l.y_dm, l.level, i.length_mm, i.width_mm, i.height_mm, i.weight_g FROM allocation a"
        " JOIN sales_order o ON o.warehouse_id = a.warehouse_id AND o.id = a.order_id"
        " JOIN location l ON l.warehouse_id = a.warehouse_id AND l.id = a.location_id"
        " JOIN item i ON i.warehouse_id = a.warehouse_id AND i.id = a.item_id"
        " WHERE a.warehouse_id = :w AND o.wave_id = :wave AND a.task_id IS NULL AND a.qty_each > 0"
        # Promised meanwhile where nobody picks, or in somebody's hand: that waits for the next wave.
        " AND l.is_pickable = 1 AND l.kind IN ('bin', 'reserve', 'flow_rack')"
        " GROUP BY a.order_id, a.item_id, a.location_id ORDER BY a.order_id",
        wave=wave_id,
    )
    if not rows:
        return None
    layout, depot = _floor_plan(tx)
    cut_offs = ranks([row["cut_off_at_ms"] for row in rows])
    priorities = ranks([-row["priority"] for row in rows])
    lines: dict[int, list[PickLine]] = {}
    heads: dict[int, Any] = {}
    keys: dict[str, tuple[int, int, int]] = {}
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
    return _Snapshot(orders, _cart(tx), layout, depot, keys)


def _floor_plan(tx: Tx) -> tuple[Layout, Spot]:
    storage = [
        Spot(row["code"], row["x_dm"], row["y_dm"], row["level"])
        for row in tx.all(
            "SELECT code, x_dm, y_dm, level FROM location WHERE warehouse_id = :w"
            " AND kind IN ('bin', 'reserve', 'flow_rack')"
        )
    ]
    cross = tx.one("SELECT cross_aisle_y_dm FROM warehouse WHERE id = :w")["cross_aisle_y_dm"]
    depot = tx.one(
        "SELECT code, x_dm, y_dm FROM location WHERE warehouse_id = :w AND kind IN ('staging', 'dock')"
        " ORDER BY kind DESC, id LIMIT 1"
    )
    start = Spot(depot["code"], depot["x_dm"], depot["y_dm"]) if depot else Spot("ORIGIN", 0, 0)
    return infer_layout(storage, json.loads(cross) if cross else None), start


def _cart(tx: Tx) -> Cart:
    row = tx.one("SELECT MIN(positions) AS positions FROM cart WHERE warehouse_id = :w")
    # Any cart may claim any tour, so a tour must fit the smallest.
    return Cart(row["positions"] or 1, TOTE_VOLUME_ML, TOTE_WEIGHT_G)


def _finish(tx: Tx, actor: Actor, wave_id: int, tours: int) -> None:
    _finish_wave(tx, actor, wave_id)
    tx.run(
        "UPDATE outbox SET state = 'confirmed', done_at_ms = :now WHERE warehouse_id = :w AND dedupe_key = :key",
        key=f"plan:{wave_id}", now=tx.now_ms,
    )  # fmt: skip
    tell(tx, "board", "WaveReleased", wave=wave_id, tours=tours)


def _finish_wave(tx: Tx, actor: Actor, wave_id: int) -> None:
    """Planning is over: the wave is walked if it has tours, and its orders stand where their work stands."""
    tx.run(
        "UPDATE wave SET released_at_ms = :now, state = CASE WHEN EXISTS (SELECT 1 FROM tour t"
        " WHERE t.warehouse_id = wave.warehouse_id AND t.wave_id = wave.id AND t.state <> 'done')"
        " THEN 'released' ELSE 'done' END WHERE warehouse_id = :w AND id = :id",
        id=wave_id, now=tx.now_ms,
    )  # fmt: skip
    members = tx.all("SELECT id FROM sales_order WHERE warehouse_id = :w AND wave_id = :wave", wave=wave_id)
    allocate.settle_all(tx, actor, (row["id"] for row in members))


def _write_tour(tx: Tx, wave_id: int, plan: PlannedTour, keys: dict[str, tuple[int, int, int]]) -> int:
    place_of = {spot.name: place for place, spot in enumerate(plan.tour.sequence)}
    stops = [
        (place_of[pick.spot.name], tote.position, int(tote.order_id), keys[pick.line_id], pick.qty_each)
        for tote in plan.cluster.totes
        for pick in tote.tote.picks
    ]
    priority = tx.one("SELECT priority FROM wave WHERE warehouse_id = :w AND id = :id", id=wave_id)["priority"]
    cut_off = min(_cut_off(tx, order_id) for _, _, order_id, _, _ in stops)
    tour_id = tx.insert(
        "tour", wave_id=wave_id, priority=priority, cut_off_at_ms=cut_off, distance_dm=plan.tour.distance_dm,
        s_shape_dm=plan.tour.s_shape_dm, location_order_dm=plan.tour.location_order_dm, solver=plan.tour.solver,
        seed=plan.tour.seed, elapsed_ms=plan.tour.elapsed_ms,
    )  # fmt: skip
    used: dict[int, int] = {}
    sequence = 0
    for _, position, order_id, key, qty_each in sorted(stops, key=lambda stop: stop[:2]):
        task_id = _write_task(tx, tour_id, sequence + 1, position, key, qty_each)
        if task_id is None:
            continue
        sequence += 1
        used[position] = order_id
    for position, order_id in sorted(used.items()):
        tx.insert("tour_tote", tour_id=tour_id, position=position, order_id=order_id)
    if sequence == 0:
        tx.run("UPDATE tour SET state = 'done', done_at_ms = :now WHERE warehouse_id = :w AND id = :id",
               id=tour_id, now=tx.now_ms)  # fmt: skip
        return 0
    return 1


def _write_task(
    tx: Tx, tour_id: int, sequence: int, position: int, key: tuple[int, int, int], qty_each: int
) -> int | None:
    """One stop, with the promises that stand behind it; None when they have gone meanwhile."""
    order_id, item_id, location_id = key
    promises = tx.all(
        "SELECT * FROM allocation WHERE warehouse_id = :w AND order_id = :order AND item_id = :item"
        " AND location_id = :location AND task_id IS NULL AND qty_each > 0 ORDER BY layer_id, id",
        order=order_id, item=item_id, location=location_id,
    )  # fmt: skip
    available = sum(promise["qty_each"] for promise in promises)
    qty_each = min(qty_each, available)
    if qty_each == 0:
        return None
    task_id = tx.insert(
        "task", kind="pick", tour_id=tour_id, sequence=sequence, position=position, order_id=order_id, item_id=item_id,
        location_id=location_id, qty_each=qty_each, created_at_ms=tx.now_ms,
    )  # fmt: skip
    left_each = qty_each
    for promise in promises:
        part_each = min(left_each, promise["qty_each"])
        if part_each == 0:
            break
        rest_each = promise["qty_each"] - part_each
        tx.run(
            "UPDATE allocation SET task_id = :task, qty_each = :qty WHERE warehouse_id = :w AND id = :id",
            task=task_id, qty=part_each, id=promise["id"],
        )  # fmt: skip
        if rest_each:  # a line too big for one tote is several stops: the promise is split with it
            tx.insert(
                "allocation", order_id=order_id, item_id=item_id, layer_id=promise["layer_id"],
                location_id=location_id, task_id=None, qty_each=rest_each,
            )  # fmt: skip
        left_each -= part_each
    return task_id


def _cut_off(tx: Tx, order_id: int) -> int:
    row = tx.one("SELECT cut_off_at_ms FROM sales_order WHERE warehouse_id = :w AND id = :id", id=order_id)
    return row["cut_off_at_ms"]
