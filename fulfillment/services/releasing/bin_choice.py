"""Before a wave's walks are planned: its promises move to other bins with goods of the same age, where that is nearer.

Owns which promises of a wave may be exchanged. For each cart of a first plan `picking` chooses bins and walk together;
what that gains is written promise by promise, each looked at again. Only goods of one age are exchanged (by the item's
policy, its tolerance with it), never for newer ones than were promised, only loose units in bins that are reached
anyhow. Invariant: every order is promised as much as before, and no free goods are older than what is promised here.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fulfillment.bootstrap import Floor
from fulfillment.domain.fifo import Layer, Policy, is_older, rank
from fulfillment.domain.stock import Access
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.releasing import wave_picks
from fulfillment.services.releasing.wave_picks import WavePicks
from fulfillment.services.stock import allocate, ledger
from fulfillment.services.walking import floor_plan, tour_ends
from fulfillment.services.walking.floor_plan import FloorPlan
from fulfillment.services.walking.walks import lost, shortest
from picking import (
    Batch,
    BinPick,
    BinProblem,
    FieldError,
    Spot,
    StockedBin,
    Walkways,
    WantedItem,
    choose_bins,
)

NEARER = "nearer goods of the same age"

FIRST_PLAN_MS = 200
CART_MS = 40
WAVE_S = 2.0
"""No wave waits longer for its bins: carts that are not looked at by then keep theirs."""

_PROMISES = (
    "SELECT a.id, a.order_id, a.item_id, a.location_id, a.layer_id, a.qty_each, y.received_on, y.expiry_on,"
    " i.rotation, i.tolerance_days, i.min_life_days, l.code, l.x_dm, l.y_dm, l.level, l.access, b.sealed_each"
    " FROM allocation a JOIN sales_order o ON o.warehouse_id = a.warehouse_id AND o.id = a.order_id"
    " JOIN location l ON l.warehouse_id = a.warehouse_id AND l.id = a.location_id"
    " JOIN layer y ON y.warehouse_id = a.warehouse_id AND y.id = a.layer_id"
    " JOIN item i ON i.warehouse_id = a.warehouse_id AND i.id = a.item_id"
    " JOIN stock_balance b ON b.warehouse_id = a.warehouse_id AND b.location_id = a.location_id"
    " AND b.layer_id = a.layer_id AND b.lpn_id = 0 AND b.status = 'available'"
    " WHERE a.warehouse_id = :w AND o.wave_id = :wave AND a.task_id IS NULL AND a.qty_each > 0"
    " AND l.is_pickable = 1 AND l.kind IN ('bin', 'reserve', 'flow_rack')"
)
_PROMISED_LAYERS = (
    "SELECT DISTINCT y.id, y.received_on, y.expiry_on FROM stock_balance b"
    " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id WHERE b.warehouse_id = :w"
    " AND b.item_id = :item AND b.status = 'available' AND b.lpn_id = 0 AND b.allocated_each > 0"
)

Key = tuple[int, int, int]
"""order, item, location, as in `wave_picks`."""


@dataclass(frozen=True)
class _Place:
    """Units of one layer in one bin."""

    location_id: int
    layer_id: int
    spot: Spot


@dataclass(frozen=True)
class _Exchange:
    allocation_id: int
    item_id: int
    qty_each: int
    to: _Place


@dataclass(frozen=True)
class _Choice:
    """What of a wave is free to choose: promises that may move, and by item the free units they may move to."""

    picks: WavePicks
    movable: tuple[Any, ...]
    free: dict[int, dict[_Place, int]]


def nearer_bins(floor: Floor, wave_id: int) -> int:
    """Exchange what makes the walks of a wave shorter; returns the units exchanged."""
    choice = floor.read(lambda tx: _choice(tx, wave_id))
    if choice is None:
        return 0
    began = time.monotonic()
    plan = floor_plan.of(floor)
    if isinstance(plan.layout, Walkways):
        return 0  # bins are weighed by aisles: off the grid goods come from where they were promised
    picks = wave_picks.within_reach(choice.picks, plan)
    first = tour_ends.carts(plan, picks, FIRST_PLAN_MS, wave_id)
    carts_of: dict[str, set[int]] = {}
    for batch in first.batches:
        for loaded in batch.totes:
            carts_of.setdefault(loaded.order_id, set()).add(batch.number)
    exchanged_each = 0
    for batch in first.batches:
        if time.monotonic() - began > WAVE_S:
            break
        whole = {int(order_id) for order_id, carts in carts_of.items() if carts == {batch.number}}
        exchanges = _of_cart(choice, plan, batch, whole, wave_id)
        if exchanges:
            exchanged_each += floor.writer.write(
                lambda tx, exchanges=exchanges: _write(tx, Actor(occurred_at_ms=tx.now_ms), wave_id, exchanges)
            )
    return exchanged_each


def _choice(tx: Tx, wave_id: int) -> _Choice | None:
    """None when nothing of the wave could be had elsewhere, as on most floors most of the time."""
    by_item: dict[int, list[Any]] = {}
    for row in tx.all(f"{_PROMISES} ORDER BY a.id", wave=wave_id):
        by_item.setdefault(row["item_id"], []).append(row)
    movable: list[Any] = []
    free: dict[int, dict[_Place, int]] = {}
    for item_id, rows in by_item.items():
        places = _free_places(tx, item_id, rows)
        own = _movable(tx, item_id, rows) if places else []
        # More of the same in the one bin the item is promised from is no choice.
        if own and len({*places, *(_place(row) for row in own)}) > 1:
            movable += own
            free[item_id] = places
    picks = wave_picks.of_wave(tx, wave_id) if movable else None
    return _Choice(picks, tuple(movable), free) if picks is not None else None


def _movable(tx: Tx, item_id: int, rows: Sequence[Any]) -> list[Any]:
    """Promises whose goods may stay free: older than nothing that is promised of the item, to whomever."""
    policy = allocate.policy_of(rows[0])
    promised = [_layer(row, "id") for row in tx.all(_PROMISED_LAYERS, item=item_id)]
    return [
        row
        for row in rows
        if not row["sealed_each"]
        and row["access"] == Access.ANY
        and not any(is_older(_layer(row), other, policy) for other in promised)
    ]


def _free_places(tx: Tx, item_id: int, rows: Sequence[Any]) -> dict[_Place, int]:
    """Free loose units of an item that may be promised instead, not newer than the newest that is."""
    policy = allocate.policy_of(rows[0])
    newest = max((_layer(row) for row in rows), key=lambda layer: rank(layer, policy))
    stock = allocate.free_stock(tx, item_id)
    layers = [part.layer for part in stock]
    fit = [
        part
        for part in stock
        if part.is_pickable and not part.sealed_each and _may_replace(part.layer, newest, layers, policy)
    ]
    if not fit:
        return {}
    ids = ", ".join(str(int(part.location_id)) for part in fit)
    spots = {
        row["id"]: Spot(row["code"], row["x_dm"], row["y_dm"], row["level"])
        for row in tx.all(
            f"SELECT id, code, x_dm, y_dm, level FROM location WHERE warehouse_id = :w AND id IN ({ids})"
            " AND access = 'any'"
        )
    }
    return {
        _Place(part.location_id, part.layer.layer_id, spots[part.location_id]): part.free_each
        for part in fit
        if part.location_id in spots
    }


def _may_replace(layer: Layer, newest: Layer, free: Iterable[Layer], policy: Policy) -> bool:
    """Of one age with what is promised, not newer, and with nothing older left free."""
    return (
        not is_older(layer, newest, policy)
        and rank(layer, policy)[0] <= rank(newest, policy)[0]
        and not any(is_older(other, layer, policy) for other in free)
    )


def _of_cart(choice: _Choice, plan: FloorPlan, batch: Batch, whole: set[int], seed: int) -> list[_Exchange]:
    """The exchanges that shorten the walk of one cart; orders that ride on several carts keep their bins."""
    own = [row for row in choice.movable if row["order_id"] in whole]
    item_ids = sorted({row["item_id"] for row in own})
    reach = _reachable(plan, [place.spot for item_id in item_ids for place in choice.free[item_id]])
    if not reach:
        return []
    moving = {(row["order_id"], row["item_id"], row["location_id"]) for row in own}
    held: dict[int, dict[_Place, int]] = {item_id: {} for item_id in item_ids}
    for row in own:
        place = _place(row)
        held[row["item_id"]][place] = held[row["item_id"]].get(place, 0) + row["qty_each"]
    bins: list[StockedBin] = []
    places: dict[int, _Place] = {}
    wanted = [WantedItem(str(item_id), sum(held[item_id].values())) for item_id in item_ids]
    for item_id in item_ids:
        free = {place: each for place, each in choice.free[item_id].items() if each and place.spot.name in reach}
        for place in sorted({*free, *held[item_id]}, key=lambda one: (one.spot.name, one.layer_id)):
            bins.append(StockedBin(str(item_id), place.spot, free.get(place, 0) + held[item_id].get(place, 0)))
            places[id(bins[-1])] = place
    for spot in _fixed(choice, batch, moving):
        bins.append(StockedBin(f"at {spot.name}", spot, 1))
        wanted.append(WantedItem(bins[-1].item, 1))
    try:
        # Bins are chosen on the flat, so the walk as promised is measured there too.
        promised = shortest(replace(plan, level_climb_dm=0), plan.start, batch.stops, CART_MS, seed)
        asked = BinProblem(plan.grid, plan.start, promised.end, tuple(bins), tuple(wanted))
        found = choose_bins(asked, CART_MS, seed)
    except FieldError:
        return []  # a floor no choice can be made on is planned as it was promised
    if found.distance_dm >= promised.tour.distance_dm:
        return []
    return _differences(choice, own, held, found.picks, places)


def _fixed(choice: _Choice, batch: Batch, moving: set[Key]) -> list[Spot]:
    """Where the cart stops anyway."""
    spots = {
        pick.spot.name: pick.spot
        for loaded in batch.totes
        for pick in loaded.tote.picks
        if choice.picks.keys[pick.line_id] not in moving
    }
    return [spots[name] for name in sorted(spots)]


def _reachable(plan: FloorPlan, spots: Sequence[Spot]) -> set[str]:
    behind = lost(plan, plan.start, spots)
    return {spot.name for at, spot in enumerate(spots) if at not in behind}


def _differences(
    choice: _Choice, own: Sequence[Any], held: dict[int, dict[_Place, int]], picks: Sequence[BinPick],
    places: dict[int, _Place],
) -> list[_Exchange]:  # fmt: skip
    """Which promise moves where, so that the bins give what was chosen."""
    taken: dict[int, dict[_Place, int]] = {item_id: {} for item_id in held}
    for pick in picks:
        place = places.get(id(pick.stocked))
        if place is not None:
            taken[int(pick.stocked.item)][place] = pick.qty_each
    exchanges: list[_Exchange] = []
    for row in own:
        item_id, from_place = row["item_id"], _place(row)
        given, got = held[item_id], taken[item_id]
        left_each = min(row["qty_each"], given[from_place] - got.get(from_place, 0))
        for to in sorted(got, key=lambda one: (one.spot.name, one.layer_id)):
            qty_each = min(left_each, got[to] - given.get(to, 0))
            if qty_each > 0:
                exchanges.append(_Exchange(row["id"], item_id, qty_each, to))
                given[from_place] -= qty_each
                given[to] = given.get(to, 0) + qty_each
                # The next cart must not count on the same units.
                choice.free[item_id][to] -= qty_each
                left_each -= qty_each
    return exchanges


def _write(tx: Tx, actor: Actor, wave_id: int, exchanges: Sequence[_Exchange]) -> int:
    """Each exchange that still holds: the promise stands, nobody walks for it, the goods are free and of its age."""
    exchanged_each = 0
    for one in exchanges:
        rows = tx.all(f"{_PROMISES} AND a.id = :id", wave=wave_id, id=one.allocation_id)
        if not rows or rows[0]["qty_each"] < one.qty_each or not _movable(tx, one.item_id, rows):
            continue
        if _free_places(tx, one.item_id, rows).get(one.to, 0) < one.qty_each:
            continue
        row = rows[0]
        ledger.give_up(tx, actor, row, one.qty_each, NEARER)
        promised = ledger.promise(
            tx, actor, row["order_id"], one.item_id, one.to.location_id, one.to.layer_id, one.qty_each, NEARER
        )
        if promised is None:
            # Somebody on another node was faster. What was given up in this transaction nobody else can have.
            ledger.promise(
                tx, actor, row["order_id"], one.item_id, row["location_id"], row["layer_id"], one.qty_each, NEARER
            )
            continue
        exchanged_each += one.qty_each
    return exchanged_each


def _place(row: Any) -> _Place:
    return _Place(row["location_id"], row["layer_id"], Spot(row["code"], row["x_dm"], row["y_dm"], row["level"]))


def _layer(row: Any, key: str = "layer_id") -> Layer:
    return Layer(row[key], row["received_on"], row["expiry_on"])
