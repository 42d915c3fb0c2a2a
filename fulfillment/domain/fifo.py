"""First in, first out: the one place that says which goods are older and what would break that.

Used alike by putaway (do not bury), allocation and replenishment (oldest first), the pick scan and the audit,
so they cannot disagree. A layer ages by the day it was received; under FEFO by its expiry, and goods without
one leave after all that have one, among themselves as they came. Goods of which neither is more than the
tolerance older than the other may leave in any order. Invariant: `is_older` is a strict order (nothing is older
than itself, and what is older than something older is older), and `rank` is a total order that never
contradicts it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from fulfillment.domain.stock import Access, LocationKind


class Rotation(StrEnum):
    """Which goods of an item leave first: by day received, by expiry, the newest, or whichever."""

    FIFO = "fifo"
    FEFO = "fefo"
    LIFO = "lifo"
    NONE = "none"


@dataclass(frozen=True)
class Policy:
    """How an item's goods leave: by which rule, how many days count as one age, and how many days of life the
    one who gets them is owed."""

    rotation: str = Rotation.FIFO
    tolerance_days: int = 0
    min_life_days: int = 0


@dataclass(frozen=True)
class Layer:
    """One SKU received at one time; `expiry_on` and `received_on` are ISO dates, '' = none."""

    layer_id: int
    received_on: str
    expiry_on: str = ""


@dataclass(frozen=True)
class BinStock:
    """Free stock of one layer in one storage location. `free_each` = on hand − allocated, available only."""

    location_id: int
    location_code: str
    kind: str
    layer: Layer
    free_each: int


# Beyond every date there is, and by more than any tolerance: what never expires ages after what does.
_NEVER_EXPIRES = 10_000_000


def rank(layer: Layer, policy: Policy | str = Rotation.FIFO, tolerance_days: int = 0) -> tuple[int, int]:
    """Sort key: lower leaves first. The second part only breaks ties inside one day.

    The tolerance is no part of it: cut into windows, two days next to each other would fall into different ones.
    """
    rotation = _policy(policy, tolerance_days).rotation
    return _age(layer, rotation), -layer.layer_id if rotation == Rotation.LIFO else layer.layer_id


def is_older(one: Layer, other: Layer, policy: Policy | str = Rotation.FIFO, tolerance_days: int = 0) -> bool:
    """Whether `one` must leave before `other`; within the tolerance neither must."""
    policy = _policy(policy, tolerance_days)
    return _age(one, policy.rotation) + policy.tolerance_days < _age(other, policy.rotation)


def passes_over(
    taken: Layer, free: Iterable[Layer], policy: Policy | str = Rotation.FIFO, tolerance_days: int = 0
) -> Layer | None:
    """The oldest of what is free and can be reached that taking this layer would leave behind, if there is any."""
    policy = _policy(policy, tolerance_days)
    older = [layer for layer in free if is_older(layer, taken, policy)]
    return min(older, key=lambda layer: rank(layer, policy), default=None)


def last_unfit_day(today: str, min_life_days: int = 0) -> str:
    """Goods that expire on this ISO date or before are not promised any more: on the day of its expiry a layer
    is spoilt, and who gets it is owed `min_life_days` days more."""
    return (date.fromisoformat(today) + timedelta(days=min_life_days)).isoformat()


def is_allocatable(layer: Layer, today: str, min_life_days: int = 0) -> bool:
    """Whether a layer may be promised on that day."""
    return not layer.expiry_on or layer.expiry_on > last_unfit_day(today, min_life_days)


@dataclass(frozen=True)
class Promise:
    """`qty_each` of a layer in a location, to be promised to a demand."""

    location_id: int
    layer_id: int
    qty_each: int


# Between equals the pick face comes before the flow rack's reserve: fewer steps up a ladder.
_KIND_ORDER = {LocationKind.FLOW_RACK: 0, LocationKind.BIN: 1, LocationKind.RESERVE: 2}


def choose_oldest(
    wanted_each: int, stock: Iterable[BinStock], policy: Policy | str = Rotation.FIFO, tolerance_days: int = 0
) -> list[Promise]:
    """Oldest layers first; among those that may go before each other, the location that empties first, so that
    remainders go away.

    The promises add up to `wanted_each` or to all there is, whichever is less.
    """
    policy = _policy(policy, tolerance_days)
    left = sorted((part for part in stock if part.free_each > 0), key=lambda part: rank(part.layer, policy))
    promises: list[Promise] = []
    while left and wanted_each > 0:
        part = min((part for part in left if not is_older(left[0].layer, part.layer, policy)), key=_handiness)
        qty_each = min(wanted_each, part.free_each)
        promises.append(Promise(part.location_id, part.layer.layer_id, qty_each))
        wanted_each -= qty_each
        left.remove(part)
    return promises


def _handiness(part: BinStock) -> tuple[int, int, str, int]:
    return _KIND_ORDER.get(LocationKind(part.kind), 9), part.free_each, part.location_code, part.layer.layer_id


def reachable(access: str, present: Sequence[Layer]) -> Sequence[Layer]:
    """Which of the layers in a location a hand can take now; `present` in the order they came in."""
    if access == Access.FIFO:
        return present[:1]
    if access == Access.LIFO:
        return present[-1:]
    return present


def would_bury(
    access: str, arriving: Layer, present: Iterable[Layer], policy: Policy | str = Rotation.FIFO,
    tolerance_days: int = 0,
) -> bool:  # fmt: skip
    """Whether putting `arriving` here makes an older layer unreachable before a newer one.

    `any`: each unit can be reached, nothing is buried. `fifo` (flow rack): goods leave in the order they
    came, so an arriving layer must not be older than what lies before it. `lifo` (push-back, stack): the
    last in is reached first, so an arriving layer must not be newer than what lies behind it. It is compared
    with each layer that lies there: days inside the tolerance must not add up along a lane.
    """
    policy = _policy(policy, tolerance_days)
    if access == Access.FIFO:
        return any(is_older(arriving, layer, policy) for layer in present)
    if access == Access.LIFO:
        return any(is_older(layer, arriving, policy) for layer in present)
    return False


def _policy(policy: Policy | str, tolerance_days: int) -> Policy:
    # An item's row gives the two apart.
    return policy if isinstance(policy, Policy) else Policy(policy, tolerance_days)


def _age(layer: Layer, rotation: str) -> int:
    """One scale for all layers of an item: what has the lower number leaves first."""
    if rotation == Rotation.NONE:
        return 0
    if rotation == Rotation.FEFO:
        return _day(layer.expiry_on) if layer.expiry_on else _NEVER_EXPIRES + _day(layer.received_on)
    return -_day(layer.received_on) if rotation == Rotation.LIFO else _day(layer.received_on)


def _day(iso: str) -> int:
    return date.fromisoformat(iso).toordinal()
