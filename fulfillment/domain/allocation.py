"""Which free stock to promise: oldest first, whole cases where the line allows, no case opened without need.

Goods of which neither must leave before the other are one age: inside it there is a choice, and it is made so
that the fewest cases are opened, then so that a picker can reach them, then so that whole cases go as cases,
then so that locations empty. Invariant: the promises add up to what is wanted or to all there is, and nothing
is promised while something that must leave before it stays free.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fulfillment.domain.fifo import Layer, Policy, Promise, is_older, rank
from fulfillment.domain.stock import LocationKind

FIFO = Policy()

# Between equals the flow rack, then the bin, then the reserve: fewer steps up a ladder.
_KIND_ORDER = {LocationKind.FLOW_RACK: 0, LocationKind.BIN: 1, LocationKind.RESERVE: 2}


@dataclass(frozen=True)
class FreeStock:
    """Free stock of one layer in one storage location; `sealed_each` of the free units lie in closed cases.

    From a location that is not pickable replenishment brings the goods down before anybody picks them.
    """

    location_id: int
    location_code: str
    kind: str
    layer: Layer
    free_each: int
    is_pickable: bool = True
    sealed_each: int = 0
    case_each: int = 0

    @property
    def loose_each(self) -> int:
        """Free units that lie outside of closed cases."""
        return self.free_each - self.sealed_each


@dataclass(frozen=True)
class Chosen:
    """Promises to make, and how many closed cases a hand has to open to keep them."""

    promises: tuple[Promise, ...]
    cases_opened: int = 0


def choose_promises(wanted_each: int, stock: Iterable[FreeStock], policy: Policy = FIFO) -> Chosen:
    """What to promise of the free stock.

    Some of the oldest goods are used up, the rest of the line comes out of one age: with a tolerance that age
    widens as older goods are used up, so each way to begin is looked at until one opens no case.
    """
    ages = _by_age(stock, policy)
    used_up: list[FreeStock] = []
    best: Chosen | None = None
    for place, oldest in enumerate(ages):
        if wanted_each <= 0:
            break
        window = [part for age in _same_age(ages[place:], policy) for part in age]
        if sum(part.free_each for part in window) >= wanted_each:
            found = _choose_within(wanted_each, window)
            if best is None or found.cases_opened < best.cases_opened:
                best = Chosen((*_whole(used_up), *found.promises), found.cases_opened)
            if best.cases_opened == 0:
                return best
        used_up += oldest
        wanted_each -= sum(part.free_each for part in oldest)
    return best or Chosen(_whole(used_up))


def sealed_free_each(on_hand_each: int, sealed_each: int, case_each: int, promised: Sequence[int]) -> int:
    """How many of the free units of a layer in a location are in closed cases, given what each order is promised.

    A hand keeps a promise by whole cases and takes the remainder loose; remainders no loose unit stands behind
    will have cases opened for them.
    """
    if case_each <= 0 or not sealed_each:
        return 0
    closed_each = min(sum(one // case_each for one in promised) * case_each, sealed_each)
    lacking_each = max(0, sum(promised) - closed_each - (on_hand_each - sealed_each))
    opened_each = -(-lacking_each // case_each) * case_each
    return max(0, sealed_each - closed_each - opened_each)


def _by_age(stock: Iterable[FreeStock], policy: Policy) -> list[list[FreeStock]]:
    """Stock of the same dates together, what leaves first in front; layers of one day are many where each unit
    has its serial, and need comparing once."""
    ages: dict[tuple[str, str], list[FreeStock]] = {}
    for part in stock:
        if part.free_each > 0:
            ages.setdefault((part.layer.received_on, part.layer.expiry_on), []).append(part)
    return sorted(ages.values(), key=lambda parts: rank(parts[0].layer, policy))


def _same_age(ages: Sequence[list[FreeStock]], policy: Policy) -> Iterable[list[FreeStock]]:
    for parts in ages:
        if is_older(ages[0][0].layer, parts[0].layer, policy):
            return
        yield parts


def _whole(parts: Iterable[FreeStock]) -> tuple[Promise, ...]:
    return tuple(Promise(part.location_id, part.layer.layer_id, part.free_each) for part in parts)


def _choose_within(wanted_each: int, parts: Sequence[FreeStock]) -> Chosen:
    """`wanted_each` out of goods of one age, which hold at least as much."""
    pickable = [part for part in parts if part.is_pickable]
    if sum(part.free_each for part in pickable) >= wanted_each:
        within_reach = _fill(wanted_each, pickable)
        if not within_reach.cases_opened or len(pickable) == len(parts):
            return within_reach
        anywhere = _fill(wanted_each, parts)
        return anywhere if not anywhere.cases_opened else within_reach
    return _fill(wanted_each, parts)


def _fill(wanted_each: int, parts: Sequence[FreeStock]) -> Chosen:
    parts = sorted(parts, key=_handiness)
    loose_each = sum(part.loose_each for part in parts)
    taken = dict.fromkeys(range(len(parts)), 0)
    left_each = wanted_each
    for place, closed_each in _choose_cases(wanted_each, loose_each, parts):
        taken[place] += closed_each
        left_each -= closed_each
    for place, part in enumerate(parts):
        part_each = min(left_each, part.loose_each)
        taken[place] += part_each
        left_each -= part_each
    cases_opened = 0
    while left_each:
        # No loose unit of this age is left. A case is opened where the hand goes anyway, if there is one.
        place = next(
            (place for place, part in enumerate(parts) if 0 < taken[place] < part.free_each),
            next(place for place, part in enumerate(parts) if taken[place] < part.free_each),
        )
        part_each = min(left_each, parts[place].free_each - taken[place])
        taken[place] += part_each
        left_each -= part_each
        cases_opened += -(-part_each // max(parts[place].case_each, 1))
    promises = tuple(
        Promise(parts[place].location_id, parts[place].layer.layer_id, qty_each)
        for place, qty_each in taken.items()
        if qty_each
    )
    return Chosen(promises, cases_opened)


def _handiness(part: FreeStock) -> tuple[bool, int, int, str, int]:
    kind = _KIND_ORDER.get(LocationKind(part.kind), 9)
    return not part.is_pickable, kind, part.free_each, part.location_code, part.layer.layer_id


def _choose_cases(wanted_each: int, loose_each: int, parts: Sequence[FreeStock]) -> list[tuple[int, int]]:
    """(place, units) to take as closed cases: as many units as can be, the rest being loose if that can be."""
    sealed = [(place, part.case_each, part.sealed_each // part.case_each)
              for place, part in enumerate(parts) if part.sealed_each and part.case_each]  # fmt: skip
    if len({case_each for _, case_each, _ in sealed}) <= 1:
        return _in_turn(wanted_each, sealed)
    # Cases of several sizes: which sums they can make, as the bits of a number.
    reach = [1]
    for _, case_each, cases in sealed:
        reach.append(_reachable(reach[-1], case_each, cases, wanted_each))
    closed_each = reach[-1].bit_length() - 1
    chosen = []
    for turn in range(len(sealed) - 1, -1, -1):
        place, case_each, cases = sealed[turn]
        # As few as possible from the less handy: those come last.
        count = next(n for n in range(cases + 1) if n * case_each <= closed_each
                     and reach[turn] >> (closed_each - n * case_each) & 1)  # fmt: skip
        closed_each -= count * case_each
        chosen.append((place, count * case_each))
    return chosen


def _in_turn(wanted_each: int, sealed: Iterable[tuple[int, int, int]]) -> list[tuple[int, int]]:
    chosen = []
    for place, case_each, cases in sealed:
        count = min(cases, wanted_each // case_each)
        chosen.append((place, count * case_each))
        wanted_each -= count * case_each
    return chosen


def _reachable(sums: int, case_each: int, cases: int, most_each: int) -> int:
    """The sums that can be made with up to `cases` more, none above `most_each`; doubling keeps it short."""
    step = 1
    while cases:
        count = min(step, cases)
        sums |= sums << (count * case_each)
        cases -= count
        step *= 2
    return sums & ((1 << (most_each + 1)) - 1)
