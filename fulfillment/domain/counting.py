"""What a count means for the book: which units are written off, which come back, which promises fall.

Counted is what lies there, in whichever condition. Units held until counted are the ones somebody already
missed, so they leave first; then units promised to nobody; then those set aside (damaged, quarantine, on hold for
a reason of their own); promised units only when nothing else is left to be missing. Inside each of these
the oldest layer leaves first: the oldest is what goes out of a location first, so a unit that went out
unseen was most likely an old one, and a book that kept its date would send every later order after goods
that are not there. The sum after the count always equals what was counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from fulfillment.domain.fifo import Layer, Rotation, rank
from fulfillment.domain.stock import Status


@dataclass(frozen=True)
class BookLayer:
    """What the book says of one layer in the location; `promised_each` of the available are promised.

    `hold_each` are held until counted; `aside` lie here in another condition and keep it.
    """

    layer: Layer
    available_each: int
    promised_each: int = 0
    hold_each: int = 0
    aside: tuple[tuple[Status, int], ...] = ()

    @property
    def each(self) -> int:
        """All that the book shows of the layer here."""
        return self.available_each + self.hold_each + sum(qty_each for _, qty_each in self.aside)


class CountState(StrEnum):
    """A count of one item in one place: as the book says, to be counted again by somebody else, waiting for
    whoever may post it, posted, or thrown away."""

    AGREED = "agreed"
    RECOUNT = "recount"
    PENDING = "pending"
    POSTED = "posted"
    REFUSED = "refused"


class CountCause(StrEnum):
    """Why a place is to be counted."""

    SHORT = "short"
    CLASS = "class"
    AGE = "age"
    ZERO = "zero"
    RECOUNT = "recount"
    ASKED = "asked"


# Where somebody stood before a place that was not as the book said, stock is on hold until it is counted.
_PRIORITY: Mapping[str, int] = {
    "missing": 20, CountCause.SHORT: 20, "damaged": 10, CountCause.RECOUNT: 10, CountCause.ASKED: 10,
}  # fmt: skip

CLASS_DAYS: Mapping[str, int] = {"A": 30, "B": 90, "C": 180}


@dataclass(frozen=True)
class CountRules:
    """Above how many units of difference somebody else counts again, and somebody must agree; None = never."""

    recount_above_each: int | None = None
    approve_above_each: int | None = None


def priority_of(cause: str) -> int:
    """How urgent a count is by why it is asked for; a planned one waits for all others."""
    return _PRIORITY.get(cause, 0)


def days_between_counts(asked: Mapping[str, int]) -> dict[str, int]:
    """How many days may lie between two counts of a place, by its class."""
    return {**CLASS_DAYS, **{name: days for name, days in asked.items() if name in CLASS_DAYS}}


def judge(differs_each: int, rules: CountRules, *, is_recount: bool, may_approve: bool) -> CountState:
    """What becomes of a count that differs from the book by so many units.

    A second count is final in its figure, and a supervisor's needs nobody's leave.
    """
    if differs_each == 0:
        return CountState.AGREED
    if _is_above(differs_each, rules.recount_above_each) and not is_recount:
        return CountState.RECOUNT
    if not _is_above(differs_each, rules.approve_above_each) or (is_recount and may_approve):
        return CountState.POSTED
    return CountState.PENDING


def _is_above(differs_each: int, threshold_each: int | None) -> bool:
    return threshold_each is not None and differs_each > threshold_each


def outcome_of(states: Sequence[str]) -> CountState:
    """What a count of several items came to, in one word: the one that still needs somebody comes first."""
    worst = (CountState.RECOUNT, CountState.PENDING, CountState.POSTED)
    return next((state for state in worst if state in states), CountState.AGREED)


class Urgency(IntEnum):
    """How far the work on a promise has gone; the least advanced is given up first."""

    NOT_PLANNED = 0
    PLANNED = 1
    WALKED = 2


@dataclass(frozen=True)
class StandingPromise:
    """A promise against a layer here, not picked yet."""

    allocation_id: int
    layer_id: int
    qty_each: int
    urgency: Urgency = Urgency.NOT_PLANNED


@dataclass(frozen=True)
class GivenUp:
    """`qty_each` of a promise that no unit stands behind."""

    allocation_id: int
    qty_each: int


@dataclass(frozen=True)
class Part:
    """Units of one layer in one condition."""

    layer_id: int
    status: Status
    qty_each: int


@dataclass(frozen=True)
class Variance:
    """Counted against the book: `missing` leave, `returned` go from hold to available, `surplus_each` appear."""

    book_each: int
    counted_each: int
    given_up: tuple[GivenUp, ...] = ()
    missing: tuple[Part, ...] = ()
    returned: tuple[Part, ...] = ()

    @property
    def surplus_each(self) -> int:
        """Units that are there and in no layer yet."""
        return max(self.counted_each - self.book_each, 0)


def compare(
    counted_each: int, book: Sequence[BookLayer], promises: Sequence[StandingPromise] = (),
    rotation: str = Rotation.FIFO, tolerance_days: int = 0,
) -> Variance:  # fmt: skip
    """What has to happen so that the book says `counted_each` of one item in one location."""
    oldest_first = sorted(book, key=lambda part: rank(part.layer, rotation, tolerance_days))
    book_each = sum(part.each for part in book)
    missing_each = max(book_each - counted_each, 0)
    missing: list[Part] = []
    returned: list[Part] = []
    for part in oldest_first:
        gone_each = min(missing_each, part.hold_each)
        missing_each -= gone_each
        _note(missing, part.layer.layer_id, Status.HOLD, gone_each)
        _note(returned, part.layer.layer_id, Status.HOLD, part.hold_each - gone_each)
    for part in oldest_first:
        gone_each = min(missing_each, part.available_each - part.promised_each)
        missing_each -= gone_each
        _note(missing, part.layer.layer_id, Status.AVAILABLE, gone_each)
    for part in oldest_first:
        for status, aside_each in part.aside:
            gone_each = min(missing_each, aside_each)
            missing_each -= gone_each
            _note(missing, part.layer.layer_id, status, gone_each)
    given_up: list[GivenUp] = []
    for promise in _first_to_fall(oldest_first, promises):
        gone_each = min(missing_each, promise.qty_each)
        if gone_each <= 0:
            break
        missing_each -= gone_each
        given_up.append(GivenUp(promise.allocation_id, gone_each))
        _note(missing, promise.layer_id, Status.AVAILABLE, gone_each)
    return Variance(book_each, counted_each, tuple(given_up), tuple(missing), tuple(returned))


def choose_layer_for_surplus(
    here: Sequence[Layer], elsewhere: Sequence[Layer], rotation: str = Rotation.FIFO, tolerance_days: int = 0
) -> Layer | None:
    """The youngest layer known in the location, else of the item; None when it was never received.

    The youngest, because a date made older than the truth would push honest old goods behind it.
    """
    candidates = here or elsewhere
    return max(candidates, key=lambda layer: rank(layer, rotation, tolerance_days), default=None)


def _first_to_fall(oldest_first: Sequence[BookLayer], promises: Sequence[StandingPromise]) -> list[StandingPromise]:
    # The order nobody walks for yet can still be planned anew; among equals the latest promise falls, as it
    # would have been the one turned away had the count been known in time.
    age = {part.layer.layer_id: place for place, part in enumerate(oldest_first)}
    return sorted(promises, key=lambda one: (one.urgency, age[one.layer_id], -one.allocation_id))


def _note(parts: list[Part], layer_id: int, status: Status, qty_each: int) -> None:
    if qty_each > 0:
        parts.append(Part(layer_id, status, qty_each))
