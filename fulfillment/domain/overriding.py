"""Which goods a stop may fetch instead of those FIFO gave it: a supervisor's choice, and what stands against it.

Goods are units of one item with one label in one place: dates and lot are what a person tells them apart by, so layers
that say the same are chosen together. Refused is what nobody may be promised, what nobody could take there, and
what a hand at that place would leave for older goods in front. Invariant: refusing needs no look at who asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from fulfillment.domain.allocation import FreeStock, choose_promises
from fulfillment.domain.fifo import Layer, Policy, is_allocatable, is_older, rank
from fulfillment.domain.stock import Status


class Unfit(StrEnum):
    """Why goods cannot be chosen for a stop."""

    SAME_GOODS = "same_goods"
    GOODS_HELD = "goods_held"
    GOODS_EXPIRED = "goods_expired"
    NOBODY_PICKS = "nobody_picks"
    OLDER_IN_FRONT = "older_in_front"
    NOT_ENOUGH_FREE = "not_enough_free"


@dataclass(frozen=True)
class Lying:
    """One layer in one place, in one condition; `own_each` of it are promised to the stop itself."""

    location_id: int
    location_code: str
    kind: str
    is_pickable: bool
    layer: Layer
    lot: str
    status: str
    on_hand_each: int
    free_each: int
    own_each: int = 0


@dataclass(frozen=True)
class Goods:
    """What a person can choose: layers of one label in one place and condition, what leaves first in front.

    `rank`: 1 = leaves first of what is free or the stop's own; `passes_over`: goods that would stay behind though they
    are older. Both say nothing (0, none) of goods that may not be promised at all.
    """

    lying: tuple[Lying, ...]
    unfit: Unfit | None
    rank: int
    passes_over: Layer | None
    is_first: bool

    @property
    def first(self) -> Lying:
        """The layer that stands for all of them."""
        return self.lying[0]

    @property
    def free_each(self) -> int:
        return sum(one.free_each for one in self.lying)

    @property
    def own_each(self) -> int:
        return sum(one.own_each for one in self.lying)

    @property
    def on_hand_each(self) -> int:
        return sum(one.on_hand_each for one in self.lying)

    def parts(self, wanted_each: int) -> list[tuple[int, int]]:
        """(layer, units) to promise, what leaves first in front."""
        taken = []
        for one in self.lying:
            part_each = min(wanted_each, one.free_each)
            if part_each:
                taken.append((one.layer.layer_id, part_each))
                wanted_each -= part_each
        return taken


def choices(wanted_each: int, lying: Iterable[Lying], policy: Policy, today: str) -> list[Goods]:
    """All goods of an item as a supervisor sees them before choosing for a stop of `wanted_each`: in FIFO's order,
    what may not be promised last."""
    groups: dict[tuple[object, ...], list[Lying]] = {}
    for one in lying:
        key = (one.location_id, one.status, one.layer.received_on, one.layer.expiry_on, one.lot)
        groups.setdefault(key, []).append(one)
    found = [tuple(sorted(group, key=lambda one: rank(one.layer, policy))) for group in groups.values()]
    promisable = [group for group in found if _may_be_promised(group[0], policy, today)]
    at_hand = [group for group in promisable if any(one.free_each or one.own_each for one in group)]
    first = _first(wanted_each, at_hand, policy)
    goods = [
        Goods(
            group, _unfit(wanted_each, group, promisable, policy, today),
            _rank(group, at_hand, policy) if group in promisable else 0,
            _passed_over(group, at_hand, policy) if group in promisable else None, _key(group) in first,
        )
        for group in found
    ]  # fmt: skip
    return sorted(goods, key=lambda one: (one.rank == 0, rank(one.first.layer, policy), one.first.location_code))


def has_begun(done_each: int, *, is_walked: bool, is_next: bool) -> bool:
    """Whether a stop is its picker's already: units of it are in a tote, or it is where somebody stands or goes now."""
    return done_each > 0 or (is_walked and is_next)


def _may_be_promised(one: Lying, policy: Policy, today: str) -> bool:
    return one.status == Status.AVAILABLE and is_allocatable(one.layer, today, policy.min_life_days)


def _unfit(
    wanted_each: int, group: Sequence[Lying], promisable: Iterable[Sequence[Lying]], policy: Policy, today: str
) -> Unfit | None:
    one = group[0]
    if any(part.own_each for part in group):
        return Unfit.SAME_GOODS
    if one.status != Status.AVAILABLE:
        return Unfit.GOODS_HELD
    if not is_allocatable(one.layer, today, policy.min_life_days):
        return Unfit.GOODS_EXPIRED
    if not one.is_pickable:
        return Unfit.NOBODY_PICKS
    # A hand takes what leaves first of what lies before it, whoever it was promised to.
    if any(
        other[0].location_id == one.location_id and rank(other[0].layer, policy) < rank(one.layer, policy)
        for other in promisable
    ):
        return Unfit.OLDER_IN_FRONT
    return Unfit.NOT_ENOUGH_FREE if sum(part.free_each for part in group) < wanted_each else None


def _rank(group: Sequence[Lying], at_hand: Iterable[Sequence[Lying]], policy: Policy) -> int:
    ages = {(other[0].layer.received_on, other[0].layer.expiry_on): other[0].layer for other in at_hand}
    return 1 + sum(is_older(layer, group[0].layer, policy) for layer in ages.values())


def _passed_over(group: Sequence[Lying], at_hand: Iterable[Sequence[Lying]], policy: Policy) -> Layer | None:
    older = [other[0].layer for other in at_hand if is_older(other[0].layer, group[0].layer, policy)]
    return min(older, key=lambda layer: rank(layer, policy), default=None)


def _first(wanted_each: int, at_hand: Iterable[Sequence[Lying]], policy: Policy) -> set[tuple[int, int]]:
    """What would be promised if the stop had nothing yet."""
    stock = [
        FreeStock(
            one.location_id, one.location_code, one.kind, one.layer,
            sum(part.free_each + part.own_each for part in group), one.is_pickable,
        )
        for group in at_hand for one in group[:1]
    ]  # fmt: skip
    chosen = choose_promises(wanted_each, stock, policy).promises
    return {(promise.location_id, promise.layer_id) for promise in chosen}


def _key(group: Sequence[Lying]) -> tuple[int, int]:
    return group[0].location_id, group[0].layer.layer_id
