"""Which units a hand takes from a location: what a scan says, what age allows, what lies loose.

A plain barcode is a unit of the oldest that lies in front; a code that carries lot, expiry or serial says which
layer it is. Refused is what would leave older goods behind, and what would split a case nobody has opened.
Invariant: what is taken never exceeds what lies here, and closed cases are taken whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fulfillment.domain.fifo import Layer, Policy, is_older, passes_over, rank
from fulfillment.domain.reasons import Reject, Rejected
from fulfillment.domain.units import whole_cases_each


@dataclass(frozen=True)
class Here:
    """One layer of an item where the hand is; `sealed_each` of it in closed cases of `case_each`."""

    layer: Layer
    on_hand_each: int
    sealed_each: int = 0
    case_each: int = 0
    lot: str = ""
    serial: str = ""

    @property
    def loose_each(self) -> int:
        """Units outside of closed cases."""
        return self.on_hand_each - self.sealed_each


@dataclass(frozen=True)
class Taken:
    """Units of one layer in the hand; `sealed_each` of them are closed cases."""

    layer_id: int
    qty_each: int
    sealed_each: int = 0


@dataclass(frozen=True)
class Identity:
    """What a code says beyond the item; '' = nothing."""

    lot: str = ""
    expiry_on: str = ""
    serial: str = ""

    def among(self, here: Iterable[Here]) -> list[Here]:
        """The layers a unit with this code can be of: those that say the same, else those that do not contradict."""
        may_be = [one for one in here if all(ours in ("", theirs) for theirs, ours in self._compared(one) if theirs)]
        same = [one for one in may_be if all(ours == theirs for theirs, ours in self._compared(one) if theirs)]
        return same or may_be

    def _compared(self, here: Here) -> tuple[tuple[str, str], ...]:
        return (self.lot, here.lot), (self.expiry_on, here.layer.expiry_on), (self.serial, here.serial)


def left_lying(here: Iterable[Here], hand: Iterable[Taken]) -> list[Here]:
    """What still lies here beside what is in the hand already."""
    gone: dict[int, tuple[int, int]] = {}
    hand = list(hand)
    if not hand:
        return list(here)
    for part in hand:
        qty_each, sealed_each = gone.get(part.layer_id, (0, 0))
        gone[part.layer_id] = (qty_each + part.qty_each, sealed_each + part.sealed_each)
    left = []
    for lying in here:
        if lying.layer.layer_id not in gone:
            left.append(lying)
            continue
        qty_each, sealed_each = gone[lying.layer.layer_id]
        on_hand_each = lying.on_hand_each - qty_each
        if on_hand_each > 0:
            sealed_each = min(max(lying.sealed_each - sealed_each, 0), on_hand_each)
            left.append(Here(lying.layer, on_hand_each, sealed_each, lying.case_each, lying.lot, lying.serial))
    return left


def take_oldest(wanted_each: int, here: Iterable[Here], policy: Policy) -> list[Taken] | Rejected:
    """What a hand takes that was told nothing but the item: the oldest, as it lies in front."""
    here = by_age(here, policy)
    if any(lying.sealed_each for lying in here):
        return _take(wanted_each, here, None, policy)
    # Nothing is closed, nothing can be passed over: as it lies, which is what nearly every scan comes to.
    taken: list[Taken] = []
    left_each = wanted_each
    for lying in here:
        if not left_each:
            break
        taken.append(Taken(lying.layer.layer_id, min(left_each, lying.on_hand_each)))
        left_each -= taken[-1].qty_each
    return _too_few(wanted_each - left_each, wanted_each) if left_each else taken


def take_named(wanted_each: int, here: Iterable[Here], identity: Identity, policy: Policy) -> list[Taken] | Rejected:
    """What a hand holds whose code says which lot, expiry or serial it is."""
    here = by_age(here, policy)
    named = {lying.layer.layer_id for lying in identity.among(here)}
    return _take(wanted_each, here, named, policy)


def take_passing_over(
    wanted_each: int, here: Iterable[Here], identity: Identity, policy: Policy
) -> list[Taken] | Rejected:
    """What a hand takes when a supervisor lets older goods lie: what the code names; a code that names nothing
    is a unit of the oldest after those that stay."""
    here = by_age(here, policy)
    named = identity.among(here)
    if len(named) == len(here) and here:
        named = [lying for lying in here if is_older(here[0].layer, lying.layer, policy)] or here
    return _take(wanted_each, named, None, policy)


def by_age(here: Iterable[Here], policy: Policy) -> list[Here]:
    """What leaves first in front."""
    here = list(here)
    return here if len(here) < 2 else sorted(here, key=lambda lying: rank(lying.layer, policy))


def in_words(lying: Here) -> str:
    """What to take, as a person finds it: its serial, its lot, its expiry date, else the day it came."""
    return lying.serial or lying.lot or lying.layer.expiry_on or lying.layer.received_on


def _take(wanted_each: int, here: list[Here], named: set[int] | None, policy: Policy) -> list[Taken] | Rejected:
    taken: list[Taken] = []
    asked_each = wanted_each
    while wanted_each:
        candidates = [lying for lying in here if named is None or lying.layer.layer_id in named]
        if not candidates:
            return _too_few(asked_each - wanted_each, asked_each)
        free = [lying for lying in candidates if not is_older(here[0].layer, lying.layer, policy)]
        if not free:
            oldest = passes_over(candidates[0].layer, [lying.layer for lying in here], policy)
            first = next(lying for lying in here if lying.layer == oldest)
            return Rejected(Reject.OLDER_FIRST, expected=in_words(first), got=in_words(candidates[0]))
        parts = _take_from(wanted_each, free)
        if not parts:
            loose_each = asked_each - wanted_each
            return Rejected(Reject.CASE_SEALED, expected=str(loose_each), got=str(asked_each))
        taken += parts
        wanted_each -= sum(part.qty_each for part in parts)
        here = left_lying(here, parts)
    return taken


def _too_few(found_each: int, asked_each: int) -> Rejected:
    return Rejected(Reject.SHORT_STOCK, expected=str(found_each), got=str(asked_each))


def _take_from(wanted_each: int, free: Sequence[Here]) -> list[Taken]:
    """Whole cases first, the remainder loose; nothing when only closed cases are left and none may go whole."""
    parts = []
    for lying in free:
        closed_each = whole_cases_each(wanted_each, lying.sealed_each, lying.case_each)
        if closed_each:
            parts.append(Taken(lying.layer.layer_id, closed_each, closed_each))
            wanted_each -= closed_each
    for lying in free:
        loose_each = min(wanted_each, lying.loose_each)
        if loose_each:
            parts.append(Taken(lying.layer.layer_id, loose_each))
            wanted_each -= loose_each
    return parts
