"""Waves → tours, off the request path: what a wave asks for is read, `picking` plans, what still holds is written.

The plan is made without a transaction open; when it is written, every promise is looked at again, so an order
cancelled meanwhile gets no stop. A promise that appeared meanwhile waits for the next wave. What else is decided
before a wave is walked is a list of steps, BEFORE_THE_WALK.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from fulfillment.bootstrap import Floor
from fulfillment.db import is_sqlite
from fulfillment.domain.tasks import PickMode
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.packing import carton_proposals, cartons
from fulfillment.services.records import retention
from fulfillment.services.releasing import (
    bin_choice,
    late_orders,
    pick_modes,
    wave_drafts,
    wave_forecasts,
    wave_loads,
    wave_picks,
    wave_proofs,
    wave_proposals,
    waves,
)
from fulfillment.services.replenishing import replenishment_plans
from fulfillment.services.sorting import put_walls
from fulfillment.services.stock import allocate
from fulfillment.services.touring import pick_zones, replanning, shorts, tour_writing
from fulfillment.services.touring.tour_writing import PlannedTour
from fulfillment.services.walking import closed_hours, floor_plan, tour_ends
from fulfillment.services.walking.zone_walks import NO_ZONES, shortest_in
from fulfillment.services.working import jobs

ORDERS_WAITED_FOR = 40  # at 50 ms each carts are filled in two seconds at most, in four where stops have an order
SWEEP_S = 5.0  # goods put away into reserve reach an empty face's list of work after so long at most

Step = Callable[[Floor, int], None]
"""What is decided of a wave besides its walks; floor and wave. It makes its own, short transactions."""


def planner_worker(floor: Floor, stop: threading.Event, tour_ms: int = 50) -> None:
    """Plan waves as they come until told to stop, and look after the pick faces in between."""
    swept_at = time.monotonic()
    keeper = retention.Daily(floor)

    def sweep() -> None:
        nonlocal swept_at
        if time.monotonic() - swept_at >= SWEEP_S:
            refill_faces(floor)
            keeper.ask()
            closed_hours.keep(floor)
            wave_forecasts.refresh(floor)
            swept_at = time.monotonic()

    if is_sqlite(floor.settings.database_url):
        jobs.job_worker(floor, stop, kinds(tour_ms), sweep)
        return
    from fulfillment.services.working import shared_jobs  # what it needs is an extra

    shared_jobs.job_worker(floor, stop, kinds(tour_ms), sweep)


def kinds(tour_ms: int = 50) -> dict[str, jobs.Kind]:
    """The jobs a planner runs."""

    def plan(floor: Floor, arguments: Mapping[str, Any]) -> str:
        wave_id = arguments["wave"]
        if not floor.read(lambda tx: _is_planning(tx, wave_id)):
            return "planned before"  # by a worker whose lease ended after its last tour
        return f"{plan_wave(floor, wave_id, tour_ms)} tours"

    return {
        waves.PLAN_WAVE: jobs.Kind(plan, _failed), retention.LET_GO: retention.kind(),
        cartons.PROPOSE_CARTONS: carton_proposals.kind(), **replanning.kinds(tour_ms), **wave_proposals.kinds(),
        **late_orders.kinds(tour_ms), wave_proofs.PROVE_WAVE: wave_proofs.kind(), **wave_drafts.kinds(),
    }  # fmt: skip


def plan_wave(floor: Floor, wave_id: int, tour_ms: int = 50) -> int:
    """Plan one wave and write its tours; returns how many there are."""
    for step in BEFORE_THE_WALK:
        step(floor, wave_id)
    picks = floor.writer.write(lambda tx: wave_picks.of_wave(tx, wave_id))
    # A tour a transaction: writing a thousand stops at once would keep every scan waiting meanwhile.
    tours = 0
    if picks is not None:
        plan = floor_plan.of(floor)
        picks = wave_picks.within_reach(picks, plan)
        mode = floor.read(lambda tx: _mode(tx, wave_id))
        # So long for each order, up to a point: nobody picks a wave's first stop before its last tour is planned.
        limit_ms = tour_ms * min(len(picks.orders), ORDERS_WAITED_FOR)
        batches, loads = wave_loads.planned(
            picks, plan, mode, floor.read(put_walls.largest_slots), limit_ms, wave_id
        )
        spots = [spot for _, stops in loads for spot in stops]
        zoning = floor.read(lambda tx: pick_zones.zoning(tx, spots)) if mode == PickMode.ZONE else NO_ZONES
        for totes, stops in loads:
            walk = shortest_in(plan, zoning, plan.start, stops, tour_ms, wave_id, picks.ranks_of(plan, totes))
            tour = PlannedTour(totes, walk, mode, zoning)
            tours += floor.writer.write(
                lambda tx, tour=tour: tour_writing.write_tour(tx, wave_id, tour, picks.keys, plan)
            )
        if len(plan.drops) > 1 and mode != PickMode.BATCH:
            # Proven with one end for all carts, while each tour ends where it is shortest: another bound for those.
            together = 1 if mode == PickMode.SINGLE else picks.cart.positions
            least_dm = tour_ends.least_dm(plan, picks.orders, together)
            batches = replace(batches, lower_bound_dm=least_dm)
        floor.writer.write(lambda tx: tour_writing.write_proof(tx, wave_id, batches))
    floor.writer.write(lambda tx: _finish(tx, Actor(occurred_at_ms=0), wave_id, tours))
    return tours


def _mode(tx: Tx, wave_id: int) -> PickMode:
    """How a wave can be picked now: the wall, or the zones, it was released for may have gone, or tours have an order
    by now that none which goes through zones can keep."""
    mode = tx.one("SELECT mode FROM wave WHERE warehouse_id = :w AND id = :id", id=wave_id)["mode"]
    return pick_modes.possible(tx, mode)


def _set_aside_spoilt(floor: Floor, wave_id: int) -> None:
    floor.writer.write(lambda tx: shorts.set_aside_spoilt_of_wave(tx, Actor(occurred_at_ms=tx.now_ms), wave_id))


def _nearer_bins(floor: Floor, wave_id: int) -> None:
    bin_choice.nearer_bins(floor, wave_id)


BEFORE_THE_WALK: tuple[Step, ...] = (_set_aside_spoilt, _nearer_bins)
"""In this order, while the wave's promises may still be changed: which goods, from which bins."""

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


def _is_planning(tx: Tx, wave_id: int) -> bool:
    return tx.one("SELECT state FROM wave WHERE warehouse_id = :w AND id = :id", id=wave_id)["state"] == "planning"


def _failed(tx: Tx, arguments: Mapping[str, Any]) -> None:
    # Nobody will plan it any more: its orders must not look released for ever, they can go into another.
    _finish_wave(tx, Actor(occurred_at_ms=0), arguments["wave"])
    tell(tx, "board", "WaveFailed", wave=arguments["wave"])


def _finish(tx: Tx, actor: Actor, wave_id: int, tours: int) -> None:
    _finish_wave(tx, actor, wave_id)
    jobs.finish_key(tx, waves.plan_key(wave_id), f"{tours} tours")
    tell(tx, "board", "WaveReleased", wave=wave_id, tours=tours)


def _finish_wave(tx: Tx, actor: Actor, wave_id: int) -> None:
    """Planning is over: the wave is walked if it has tours, and its orders stand where their work stands."""
    tx.put(
        "UPDATE wave SET released_at_ms = :now, state = CASE WHEN EXISTS (SELECT 1 FROM tour t"
        " WHERE t.warehouse_id = wave.warehouse_id AND t.wave_id = wave.id AND t.state <> 'done')"
        " THEN 'released' ELSE 'done' END WHERE warehouse_id = :w AND id = :id",
        id=wave_id, now=tx.now_ms,
    )  # fmt: skip
    members = tx.all("SELECT id FROM sales_order WHERE warehouse_id = :w AND wave_id = :wave", wave=wave_id)
    allocate.settle_all(tx, actor, (row["id"] for row in members))
