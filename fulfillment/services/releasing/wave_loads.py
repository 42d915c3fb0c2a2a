"""What rides on which cart of a wave, in each way of picking, and what the ways cost beside each other.

Waves and drafts of waves ask here alike, so that a draft shows what its wave will walk. Owns nothing. Invariant: every
unit is on one cart, whatever the mode.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.tasks import PickMode
from fulfillment.hot import Tx
from fulfillment.services.releasing import batch_waves, pick_modes, wave_questions
from fulfillment.services.releasing.batch_waves import Load
from fulfillment.services.releasing.wave_picks import WavePicks
from fulfillment.services.sorting import put_walls
from fulfillment.services.touring import pick_zones
from fulfillment.services.walking import tour_ends
from fulfillment.services.walking.floor_plan import FloorPlan
from fulfillment.services.walking.zone_walks import NO_ZONES, Zoning
from picking import BatchPlan, HandlingTimes, Mode, ModeCost, ModeProblem, PickOrder, Spot, price


@dataclass(frozen=True)
class Ways:
    """What this floor has for each mode as it was read; `missing`: the modes it cannot have, each with a code."""

    missing: Mapping[str, str]
    wall_slots: int
    aisles: tuple[tuple[int, ...], ...]  # of each zone that takes carts over
    hand_overs: tuple[Spot, ...]
    zoning: Zoning


def ways(tx: Tx, plan: FloorPlan, orders: Sequence[PickOrder]) -> Ways:
    """The ways these orders can be picked now."""
    missing = pick_modes.missing(tx)
    aisles: tuple[tuple[int, ...], ...] = ()
    hand_overs: tuple[Spot, ...] = ()
    if PickMode.ZONE not in missing:
        aisles, hand_overs = wave_questions.zones(tx, plan)
    zoning = NO_ZONES if PickMode.ZONE in missing else pick_zones.zoning(tx, _spots(orders))
    slots = 0 if PickMode.BATCH in missing else put_walls.largest_slots(tx)
    return Ways(missing, slots, aisles, hand_overs, zoning)


def basis(tx: Tx, mode: str, orders: Sequence[PickOrder]) -> str:
    """What of the floor, besides its layout, a plan of this mode is made on now: another one is another plan."""
    if mode == PickMode.BATCH:
        return f"{put_walls.largest_slots(tx)} slots"
    if mode != PickMode.ZONE or mode in pick_modes.missing(tx):
        return ""
    zoning = pick_zones.zoning(tx, _spots(orders))
    said = repr(([(code, zoning.hand_over[code]) for code in zoning.order], sorted(zoning.zone_of.items())))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def planned(
    picks: WavePicks, plan: FloorPlan, mode: str, wall_slots: int, limit_ms: int, seed: int
) -> tuple[BatchPlan, list[Load]]:
    """The carts of a wave picked so; and the batches their walk is compared with."""
    if mode == PickMode.BATCH:
        return batch_waves.planned(picks, plan, wall_slots)
    is_alone = mode == PickMode.SINGLE
    batches = tour_ends.alone(plan, picks) if is_alone else tour_ends.carts(plan, picks, limit_ms, seed)
    return batches, [(batch.totes, batch.stops) for batch in batches.batches]


def costs(picks: WavePicks, plan: FloorPlan, found: Ways, times: HandlingTimes) -> list[dict[str, Any]]:
    """Every mode with its cost a line, all reckoned alike; `code` says why the floor cannot have it, `reason` why it
    has no price. Those with a price come first, the cheapest before the others."""
    rows: list[dict[str, Any]] = []
    problem = ModeProblem(
        plan.layout, plan.start, tour_ends.likely(plan, picks.orders)[0], picks.cart, picks.orders, times,
        found.wall_slots, found.aisles, found.hand_overs,
    )  # fmt: skip
    for mode in Mode:
        code = found.missing.get(mode.value, "")
        rows.append({"code": code, **wave_questions.cost_of(ModeCost(mode) if code else price(problem, mode))})
    return sorted(rows, key=lambda row: (bool(row["code"]), bool(row["reason"]), row["total_ms"]))


def cheapest(rows: Sequence[Mapping[str, Any]]) -> str:
    """The mode a wave is released in that costs least; of modes without a price a tote for each order."""
    can_be = [row for row in rows if row["mode"] in pick_modes.RELEASED_AS and not row["code"] and not row["reason"]]
    return str(min(can_be, key=lambda row: row["total_ms"])["mode"]) if can_be else PickMode.CLUSTER.value


def _spots(orders: Sequence[PickOrder]) -> list[Spot]:
    return list({line.spot.name: line.spot for order in orders for line in order.lines}.values())
