"""The weigh check: what a parcel should weigh, how far off it may be, and what its items are found to weigh.

A reading of the scale comes as the value of an own code (`W-S1234-17-…`), a keyed weight as a number or a text with
its unit. Expected is the carton and the units in it, by weights learned from parcels that were right, or else by the
catalogue. Refuses to learn from what does not agree with what was learned before. Invariant: whole grams and
milligrams only; a tolerance is never negative; parcels that agree teach the same in any order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isqrt

MG_IN_G = 1000
PARCELS_ENOUGH = 5  # so many must agree before they are believed rather than the catalogue
PARCELS_KEPT = 200  # then the older half fades: packaging changes
LEARN_MAX_G = 100_000  # no parcel of ours weighs more: a slip of the thumb would be squared
LEARN_FLOOR_G = 10  # tape and filling differ by that much from parcel to parcel
LEARN_PERCENT = 5  # while little is known
LEARN_SPREADS = 3  # once enough is

_READING = re.compile(r"([SMOUF])([0-9]{1,7})?-([0-9]{1,12})")
_KEYED = re.compile(r"([0-9]{1,7}) ?g|([0-9]{1,4})(?:[.,]([0-9]{1,3}))? ?kg", re.IGNORECASE)


class Judged(StrEnum):
    """What the check says of a weight; `unknown`: nobody knows what some of the content weighs."""

    WITHIN = "within"
    OUTSIDE = "outside"
    UNKNOWN = "unknown"


class WeightSource(StrEnum):
    """Who says what a parcel weighs."""

    SCALE = "scale"
    KEYED = "keyed"


class ScaleState(StrEnum):
    """How the scale was when it was read."""

    STABLE = "stable"
    MOVING = "moving"
    OVER = "over"
    UNDER = "under"
    FAULT = "fault"


_LETTERS = {state.value[0].upper(): state for state in ScaleState}


@dataclass(frozen=True, slots=True)
class ScaleReading:
    """What a scale said. `zeroing` is another number each time it had come back to zero, so that the same parcel
    still lying there is not taken for the next one."""

    state: ScaleState
    grams: int
    zeroing: int

    @property
    def value(self) -> str:
        """As the value of an own code: the state's letter, the grams of a weight, the zeroing."""
        grams = str(self.grams) if self.state in (ScaleState.STABLE, ScaleState.MOVING) else ""
        return f"{self.state.value[0].upper()}{grams}-{self.zeroing}"


def parse_reading(value: str) -> ScaleReading | None:
    """The reading in an own code's value; None when it is none."""
    found = _READING.fullmatch(value)
    if found is None:
        return None
    state = _LETTERS[found[1]]
    if (found[2] is None) == (state in (ScaleState.STABLE, ScaleState.MOVING)):
        return None
    return ScaleReading(state, int(found[2] or 0), int(found[3]))


def keyed_weight_g(text: str) -> int | None:
    """`1234 g`, `1.234 kg` or `1,2kg` as grams; None for anything else, for one without its unit is any number."""
    found = _KEYED.fullmatch(text.strip())
    if found is None:
        return None
    if found[1] is not None:
        return int(found[1])
    return int(found[2]) * 1000 + int((found[3] or "").ljust(3, "0"))


# --- what an item weighs ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Learned:
    """Parcels one item was weighed in: how many, their units, their grams, and the sum of each weight squared by
    its units, in square milligrams."""

    parcels: int = 0
    units: int = 0
    weight_g: int = 0
    squares_mg2: int = 0

    @property
    def is_enough(self) -> bool:
        """Whether it is believed rather than the catalogue."""
        return self.parcels >= PARCELS_ENOUGH

    @property
    def unit_mg(self) -> int:
        """The mean weight of one, to the nearest milligram; 0 while nothing is known."""
        return (self.weight_g * MG_IN_G * 2 + self.units) // (2 * self.units) if self.units else 0

    @property
    def variance_mg2(self) -> int:
        """How much single units differ: the variance of one, found from how much parcels of them differ."""
        return -(-self._scatter_mg2() // (self.parcels - 1)) if self.parcels > 1 else 0

    def _scatter_mg2(self) -> int:
        return max(0, self.squares_mg2 - (self.weight_g * MG_IN_G) ** 2 // self.units) if self.units else 0

    def plus(self, other: Learned) -> Learned:
        """Both together; which came first makes no difference."""
        return Learned(
            self.parcels + other.parcels, self.units + other.units, self.weight_g + other.weight_g,
            self.squares_mg2 + other.squares_mg2,
        )  # fmt: skip

    def faded(self) -> Learned:
        """Half as sure, of the same weight and spread, so that what comes next counts for more."""
        units = self.units // 2
        weight_g = (self.weight_g * units * 2 + self.units) // (2 * self.units)
        squares_mg2 = (weight_g * MG_IN_G) ** 2 // units + self._scatter_mg2() // 2
        return Learned(self.parcels // 2, units, weight_g, squares_mg2)


def lesson_of(grams: int, units: int) -> Learned:
    """What one parcel with so many units of one item teaches."""
    return Learned(1, units, grams, (grams * MG_IN_G) ** 2 // units)


def learn(learned: Learned, grams: int, units: int) -> Learned:
    """What is known of an item after so many units of it weighed so much.

    What disagrees teaches nothing once enough is known; before that it starts anew, for nobody can tell which of the
    two was wrong.
    """
    if not 0 < grams <= LEARN_MAX_G or units <= 0:
        return learned
    lesson = lesson_of(grams, units)
    if not learned.parcels:
        return lesson
    apart_mg = abs(grams * MG_IN_G - learned.unit_mg * units)
    if learned.is_enough:
        allowed_mg = LEARN_SPREADS * isqrt(learned.variance_mg2 * units)
    else:
        allowed_mg = grams * MG_IN_G * LEARN_PERCENT // 100
    if apart_mg > max(LEARN_FLOOR_G * MG_IN_G, allowed_mg):
        return learned if learned.is_enough else lesson
    sum_of_both = learned.plus(lesson)
    return sum_of_both.faded() if sum_of_both.parcels >= PARCELS_KEPT else sum_of_both


@dataclass(frozen=True, slots=True)
class UnitWeight:
    """What one of an item weighs, and how much such units differ; the catalogue knows no spread."""

    mg: int
    variance_mg2: int = 0
    is_learned: bool = False


def unit_weight(learned: Learned, catalogue_g: int, *, is_doubted: bool = False) -> UnitWeight | None:
    """What to reckon with: what was learned, until then the catalogue's weight, unless that is doubted or unknown."""
    if learned.is_enough:
        return UnitWeight(learned.unit_mg, learned.variance_mg2, is_learned=True)
    return UnitWeight(catalogue_g * MG_IN_G) if catalogue_g > 0 and not is_doubted else None


# --- what a parcel weighs --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WeighRules:
    """How far off a parcel may be: the largest of so many grams, so many per cent of its content, and so many
    spreads of all units in it together."""

    floor_g: int = 20
    percent: int = 2
    spreads: int = 3


@dataclass(frozen=True, slots=True)
class Part:
    """One item in a parcel."""

    item_id: int
    units: int
    weight: UnitWeight | None


@dataclass(frozen=True, slots=True)
class Expected:
    """What a parcel should weigh, carton and content, and how far off it may be."""

    grams: int
    tolerance_g: int

    def judge(self, weighed_g: int) -> Judged:
        """Whether a weight is near enough."""
        return Judged.WITHIN if abs(weighed_g - self.grams) <= self.tolerance_g else Judged.OUTSIDE


def expect_weight(parts: Iterable[Part], tare_g: int, rules: WeighRules) -> Expected | None:
    """What a carton of `tare_g` with these parts should weigh; None when a part's weight is not known.

    Units differ each on its own, so their variances are added: a sum of spreads would hide a missing piece among many.
    """
    content_mg = variance_mg2 = 0
    for part in parts:
        if part.weight is None:
            return None
        content_mg += part.units * part.weight.mg
        variance_mg2 += part.units * part.weight.variance_mg2
    tolerance_mg = max(rules.floor_g * MG_IN_G, content_mg * rules.percent // 100, rules.spreads * isqrt(variance_mg2))
    return Expected(tare_g + (content_mg + MG_IN_G // 2) // MG_IN_G, -(-tolerance_mg // MG_IN_G))


@dataclass(frozen=True, slots=True)
class Suspect:
    """The item that explains a difference best: so many of it too many, or (below 0) missing."""

    item_id: int
    units: int


def explain(parts: Iterable[Part], difference_g: int, tolerance_g: int) -> Suspect | None:
    """The single item of which a few more or fewer leave a difference within the tolerance: the fewest units first,
    then the nearest weight. None when no item does."""
    difference_mg = difference_g * MG_IN_G
    found: list[tuple[int, int, int, int]] = []
    for part in parts:
        if part.weight is None or part.weight.mg <= 0:
            continue
        units = (abs(difference_mg) * 2 + part.weight.mg) // (2 * part.weight.mg)
        rest_mg = abs(abs(difference_mg) - units * part.weight.mg)
        if units == 0 or rest_mg > tolerance_g * MG_IN_G or (difference_g < 0 and units > part.units):
            continue
        found.append((units, rest_mg, part.item_id, units if difference_g > 0 else -units))
    return Suspect(*min(found)[2:]) if found else None


@dataclass(frozen=True, slots=True)
class Lesson:
    """So many units of an item weighed so much."""

    item_id: int
    grams: int
    units: int


def lesson(parts: Sequence[Part], weighed_g: int, tare_g: int) -> Lesson | None:
    """What a parcel that is right teaches: of its only item, or of the only one not learned yet, by what the others
    leave of the weight. None when it cannot be told apart."""
    new = [part for part in parts if part.weight is None or not part.weight.is_learned]
    if len(parts) != 1 and len(new) != 1:
        return None
    pupil = parts[0] if len(parts) == 1 else new[0]
    others_mg = variance_mg2 = 0
    for part in parts:
        if part is not pupil and part.weight is not None:
            others_mg += part.units * part.weight.mg
            variance_mg2 += part.units * part.weight.variance_mg2
    grams = weighed_g - tare_g - (others_mg + MG_IN_G // 2) // MG_IN_G
    # Beside heavy goods that differ a lot, a light one's weight drowns.
    blur_mg = LEARN_SPREADS * isqrt(variance_mg2)
    if grams <= 0 or blur_mg > max(LEARN_FLOOR_G * MG_IN_G, grams * MG_IN_G * LEARN_PERCENT // 100):
        return None
    return Lesson(pupil.item_id, grams, pupil.units)
