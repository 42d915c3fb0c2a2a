"""When the work will be finished, as a time that holds half of the time and one that holds nine times in ten.

Owns the rates learnt from measured picks, walks and set-ups, and the simulation of the tours that are left. It
refuses samples and shifts that are none, naming the field. Invariants: the same question with the same seed has
the same answer; p50 is never later than p90; nobody works outside their shift or in a break.

Three things make a day uncertain, and all three are drawn anew in every simulated shift: each walk, pick, set-up
and put into a slot by itself; how quick each picker is today; and how well the rate is known (few samples: hardly).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from picking.errors import FieldError, check_name, check_whole
from picking.shifts import PickerShift, check_shifts
from picking.times import CART_AS_TOTES, HandlingTimes

_FARTHEST_MS = 2**53
_HOUR_MS = 3_600_000
_Times = npt.NDArray[np.float64]

PRIOR_SAMPLES = 10
"""The prior counts for as much as so many samples: after fifty it hardly matters."""

OUTLIER = 5.0
"""Beyond so many robust standard deviations (of the logarithm) a time is no longer believed."""

BETWEEN_PICKERS = 0.12
"""How far pickers differ (relative standard deviation) until at least three of them have been measured."""

LEAST_OF_A_PICKER = 5
"""With fewer samples, the median of a picker says more about the samples than about the picker."""


class Work(StrEnum):
    """What is measured: a walk by its decimetres, a pick by its lines, a set-up by `set_up_units` of its totes, and
    sorting at a put wall by its units."""

    WALK = "walk"
    PICK = "pick"
    SET_UP = "set_up"
    SORT = "sort"


_ON_TOUR = (Work.WALK, Work.PICK, Work.SET_UP)


@dataclass(frozen=True, slots=True)
class Sample:
    """So much of one kind of work took so long; `who` is the picker or a class of pickers."""

    work: Work
    amount: int
    took_ms: int
    who: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.work, Work):
            raise FieldError("work", f"must be a Work, got {self.work!r:.60}")
        check_whole("amount", self.amount, 1, 10**9)
        check_whole("took_ms", self.took_ms, 0, _FARTHEST_MS)


@dataclass(frozen=True, slots=True)
class Rate:
    """Time for one unit of work in microseconds: its mean, how a single unit spreads, what is known of both.

    `unknown` is the relative standard error of the mean.
    """

    mean_us: int
    spread_us: int
    samples: int = 0
    unknown: float = 0.2

    def __post_init__(self) -> None:
        check_whole("mean_us", self.mean_us, 1, _FARTHEST_MS)
        check_whole("spread_us", self.spread_us, 0, _FARTHEST_MS)
        check_whole("samples", self.samples, 0, 10**9)
        if not 0 <= self.unknown <= 10:
            raise FieldError("unknown", f"must be between 0 and 10, got {self.unknown!r}")


PRIOR: Mapping[Work, Rate] = {
    Work.WALK: Rate(100_000, 60_000),  # 1 m/s with a cart
    Work.PICK: Rate(10_000_000, 6_000_000),
    Work.SET_UP: Rate(10_000_000, 8_000_000),
    Work.SORT: Rate(HandlingTimes().sort_each_ms * 1_000, 2_000_000),
}
"""What is taken for true before anything was measured, by decimetre, line, unit of setting up and unit sorted."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Rates of each kind of work, the relative spread between pickers, and how many pickers were measured."""

    walk: Rate = PRIOR[Work.WALK]
    pick: Rate = PRIOR[Work.PICK]
    set_up: Rate = PRIOR[Work.SET_UP]
    between_pickers: float = BETWEEN_PICKERS
    pickers: int = 0
    sort: Rate = PRIOR[Work.SORT]

    def of(self, work: Work) -> Rate:
        return {Work.WALK: self.walk, Work.PICK: self.pick, Work.SET_UP: self.set_up, Work.SORT: self.sort}[work]


@dataclass(frozen=True, slots=True)
class TourLeft:
    """What is still to do of one tour; `picker` names who has it already, '' = whoever is free first.

    `sort_each`: units that are put into slots of a wall afterwards, by the same hands.
    """

    tour_id: str
    walk_dm: int
    lines: int
    totes: int = 0
    due_at_ms: int = 0
    picker: str = ""
    sort_each: int = 0

    def __post_init__(self) -> None:
        check_name("tour_id", self.tour_id)
        for name in ("walk_dm", "lines", "totes", "sort_each"):
            check_whole(name, getattr(self, name), 0, 10**9)
        check_whole("due_at_ms", self.due_at_ms, 0, _FARTHEST_MS)


@dataclass(frozen=True)
class ForecastProblem:
    """Tours in the order they are taken, pickers with their hours, rates, and the moment it is asked.

    `pack_ms` is added to each tour before it counts as ready to leave. Due times of 0 are none.
    """

    tours: tuple[TourLeft, ...]
    pickers: tuple[PickerShift, ...]
    now_ms: int
    rates: Rates = field(default_factory=Rates)
    pack_ms: int = 0
    runs: int = 400

    def __post_init__(self) -> None:
        if not isinstance(self.tours, tuple) or not all(isinstance(tour, TourLeft) for tour in self.tours):
            raise FieldError("tours", "must be a tuple of TourLeft")
        check_shifts("pickers", self.pickers)
        check_whole("now_ms", self.now_ms, 0, _FARTHEST_MS)
        check_whole("pack_ms", self.pack_ms, 0, _FARTHEST_MS)
        check_whole("runs", self.runs, 10, 100_000)
        names = {picker.name for picker in self.pickers}
        for at, tour in enumerate(self.tours):
            if tour.picker and tour.picker not in names:
                raise FieldError(f"tours[{at}].picker", f"{tour.picker!r} is not on shift")


@dataclass(frozen=True, slots=True)
class CutOffRisk:
    """Tours of one departure: when they are ready, and in how many of a hundred shifts they are late."""

    due_at_ms: int
    p50_at_ms: int
    p90_at_ms: int
    late_percent: int
    tours: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """When all of it is finished; `unfinished_percent` of the simulated shifts ended before the work did."""

    p50_at_ms: int
    p90_at_ms: int
    cut_offs: tuple[CutOffRisk, ...]
    unfinished_percent: int
    samples: int
    runs: int
    seed: int

    @property
    def at_risk(self) -> tuple[CutOffRisk, ...]:
        """Departures that are missed in more than one of ten shifts."""
        return tuple(cut_off for cut_off in self.cut_offs if cut_off.late_percent > 10)


def learn(samples: Iterable[Sample], prior: Mapping[Work, Rate] = PRIOR) -> Rates:
    """Rates from measured times; with few samples they stay near the prior.

    A sample beyond OUTLIER robust deviations of its kind counts as if it lay there: a talk on the way belongs to
    the day, a forgotten scan of an hour does not. A rate is the time of all samples over their amount, so long
    walks count for more than short ones.
    """
    by_work: dict[Work, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_work[sample.work].append(sample)
    means: dict[Work, Rate] = {}
    factors: list[float] = []
    for work in Work:
        good = _capped(by_work[work])
        means[work] = _rate(good, prior[work])
        if work in (Work.WALK, Work.PICK):
            factors.extend(_between(good))
    measured = {sample.who for work in _ON_TOUR for sample in by_work[work] if sample.who}
    between = BETWEEN_PICKERS
    if len(factors) >= 3:
        # Blended as the rates are: three pickers are few to say how far pickers differ.
        found = float(np.var(np.log(factors), ddof=1))
        weight = len(factors) / (len(factors) + PRIOR_SAMPLES)
        between = float(np.sqrt(weight * found + (1 - weight) * BETWEEN_PICKERS**2))
    return Rates(means[Work.WALK], means[Work.PICK], means[Work.SET_UP], between, len(measured), means[Work.SORT])


def set_up_units(totes: int) -> int:
    """How much setting up a cart with so many totes is; nothing without totes (the cart stands ready)."""
    return totes + CART_AS_TOTES if totes else 0


def handling_times(rates: Rates) -> HandlingTimes:
    """The times to plan with: the means of the rates. A line's pieces are within its pick."""
    set_up_ms = min(_HOUR_MS, -(-rates.set_up.mean_us // 1_000))
    return HandlingTimes(
        walk_mm_per_s=min(100_000, max(1, 100_000_000 // rates.walk.mean_us)),
        pick_line_ms=min(_HOUR_MS, -(-rates.pick.mean_us // 1_000)),
        pick_each_ms=0,
        cart_ms=min(_HOUR_MS, CART_AS_TOTES * set_up_ms),
        tote_ms=set_up_ms,
        sort_each_ms=min(_HOUR_MS, -(-rates.sort.mean_us // 1_000)),
    )


def forecast(problem: ForecastProblem, seed: int = 0) -> Forecast:
    """Simulate the rest of the shift `problem.runs` times.

    Raises FieldError when there are tours and nobody is on shift.
    """
    check_whole("seed", seed, 0, 2**31 - 1)
    rates = problem.rates
    samples = sum(rates.of(work).samples for work in _asked_for(problem))
    if not problem.tours:
        return Forecast(problem.now_ms, problem.now_ms, (), 0, samples, problem.runs, seed)
    if not problem.pickers:
        raise FieldError("pickers", "nobody is on shift")
    random = np.random.default_rng(seed)
    works_ms = _works_ms(problem, random)
    between = rates.between_pickers
    quickness = random.lognormal(-(between**2) / 2, between, _shape(problem)[1:])
    # Whoever was measured may have been quicker or slower than the crew of today, all of them at once.
    quickness *= random.lognormal(0.0, between / max(1, rates.pickers) ** 0.5, problem.runs)
    ends_ms = _play(problem, works_ms, quickness)
    finish_ms = ends_ms.max(axis=0)
    # What is not finished by the end of everybody's shift has no time; it counts as later than everything.
    unfinished = np.isinf(finish_ms)
    dues = sorted({tour.due_at_ms for tour in problem.tours if tour.due_at_ms})
    cut_offs = tuple(_risk(problem, ends_ms, due_at_ms) for due_at_ms in dues)
    return Forecast(
        _quantile(finish_ms, 50), _quantile(finish_ms, 90), cut_offs, round(100 * float(unfinished.mean())),
        samples, problem.runs, seed,
    )  # fmt: skip


def _risk(problem: ForecastProblem, ends_ms: _Times, due_at_ms: int) -> CutOffRisk:
    rows = [at for at, tour in enumerate(problem.tours) if tour.due_at_ms == due_at_ms]
    ready_ms = ends_ms[rows].max(axis=0) + problem.pack_ms
    late = round(100 * float((ready_ms > due_at_ms).mean()))
    return CutOffRisk(due_at_ms, _quantile(ready_ms, 50), _quantile(ready_ms, 90), late, len(rows))


def _quantile(times_ms: _Times, percent: int) -> int:
    """The time by which so many of a hundred shifts were done; 0 when fewer ever were."""
    at_ms = float(np.quantile(times_ms, percent / 100, method="higher"))
    return 0 if np.isinf(at_ms) else int(np.ceil(at_ms))


def _shape(problem: ForecastProblem) -> tuple[int, int, int]:
    return len(problem.tours), len(problem.pickers), problem.runs


def _asked_for(problem: ForecastProblem) -> tuple[Work, ...]:
    """The work these tours are made of; nothing is sorted where there is no wall."""
    return (*_ON_TOUR, Work.SORT) if any(tour.sort_each for tour in problem.tours) else _ON_TOUR


def _works_ms(problem: ForecastProblem, random: np.random.Generator) -> _Times:
    """Working time of each tour in each run, by a picker of usual quickness.

    Each kind is a sum of so many equal parts; a gamma with the sum's mean and variance stands for it. The mean
    itself is uncertain by what the samples leave open.
    """
    works_ms = np.zeros((len(problem.tours), problem.runs))
    amounts_of = {
        Work.WALK: [tour.walk_dm for tour in problem.tours],
        Work.PICK: [tour.lines for tour in problem.tours],
        Work.SET_UP: [set_up_units(tour.totes) for tour in problem.tours],
        Work.SORT: [tour.sort_each for tour in problem.tours],
    }
    for work in _asked_for(problem):
        amounts, rate = amounts_of[work], problem.rates.of(work)
        mean_ms, spread_ms = rate.mean_us / 1_000, rate.spread_us / 1_000
        known = random.normal(0.0, rate.unknown, problem.runs)
        amount = np.array(amounts, np.float64)[:, None]
        mean = amount * mean_ms * np.exp(known)[None, :]
        variance = np.maximum(amount * spread_ms**2, 1e-9)
        drawn = random.gamma(np.maximum(mean**2 / variance, 1e-9), variance / np.maximum(mean, 1e-9))
        works_ms += np.where(amount > 0, drawn, 0.0)
    return works_ms


def _play(problem: ForecastProblem, works_ms: _Times, quickness: _Times) -> _Times:
    """When each tour ends in each run: in the order given, each by who has it or is free first."""
    tours, pickers, runs = _shape(problem)
    free_ms = np.empty((pickers, runs))
    for row, picker in enumerate(problem.pickers):
        free_ms[row] = max(problem.now_ms, picker.from_ms)
    by_name = {picker.name: row for row, picker in enumerate(problem.pickers)}
    ends_ms = np.empty((tours, runs))
    every = np.arange(runs)
    for at, tour in enumerate(problem.tours):
        free_first = _begins_ms(problem, free_ms).argmin(axis=0)
        rows = np.full(runs, by_name[tour.picker]) if tour.picker else free_first
        began_ms = free_ms[rows, every]
        took_ms = works_ms[at] * quickness[rows, every]
        ended_ms = np.empty(runs)
        for row, picker in enumerate(problem.pickers):
            mine = rows == row
            if mine.any():
                ended_ms[mine] = _ends_ms(picker, began_ms[mine], took_ms[mine])
        free_ms[rows, every] = ended_ms
        ends_ms[at] = ended_ms
    return ends_ms


def _begins_ms(problem: ForecastProblem, free_ms: _Times) -> _Times:
    """When each picker can begin: after a break that has begun, and never once the shift is over."""
    begins_ms = free_ms.copy()
    for row, picker in enumerate(problem.pickers):
        for from_ms, until_ms in picker.breaks:
            inside = (begins_ms[row] >= from_ms) & (begins_ms[row] < until_ms)
            begins_ms[row][inside] = until_ms
        begins_ms[row][begins_ms[row] >= picker.until_ms] = np.inf
    return begins_ms


def _ends_ms(picker: PickerShift, began_ms: _Times, took_ms: _Times) -> _Times:
    """The end of work begun then: it rests in breaks; infinite when the shift is over before."""
    ended_ms = began_ms + took_ms
    for from_ms, until_ms in picker.breaks:
        # A break is taken when it comes: what is left of the tour is done after it.
        late_begin = (began_ms >= from_ms) & (began_ms < until_ms)
        ended_ms = np.where(late_begin, ended_ms + (until_ms - began_ms), ended_ms)
        across = (began_ms < from_ms) & (ended_ms > from_ms)
        ended_ms = np.where(across, ended_ms + (until_ms - from_ms), ended_ms)
    return np.where(ended_ms > picker.until_ms, np.inf, ended_ms)


def _capped(samples: Sequence[Sample]) -> list[Sample]:
    used = [sample for sample in samples if sample.took_ms > 0]
    if len(used) < LEAST_OF_A_PICKER:
        return used
    logs = np.log([sample.took_ms / sample.amount for sample in used])
    middle = float(np.median(logs))
    # 1.4826 makes the median deviation of a bell curve its standard deviation.
    deviation = max(1.4826 * float(np.median(np.abs(logs - middle))), 0.1)
    low, high = np.exp(middle - OUTLIER * deviation), np.exp(middle + OUTLIER * deviation)
    return [
        replace(sample, took_ms=max(1, round(min(max(sample.took_ms, low * sample.amount), high * sample.amount))))
        for sample in used
    ]


def _rate(samples: Sequence[Sample], prior: Rate) -> Rate:
    """The mean and the spread of a unit, blended with the prior by the number of samples."""
    if not samples:
        return prior
    amounts = np.array([sample.amount for sample in samples], np.float64)
    took_us = np.array([sample.took_ms for sample in samples], np.float64) * 1_000
    mean_us = float(took_us.sum() / amounts.sum())
    # Each sample is a sum of `amount` units, so its variance is that many times the unit's.
    variance = float((((took_us - amounts * mean_us) ** 2) / amounts).mean())
    weight = len(samples) / (len(samples) + PRIOR_SAMPLES)
    mean = weight * mean_us + (1 - weight) * prior.mean_us
    spread = np.sqrt(weight * variance + (1 - weight) * prior.spread_us**2)
    # The error of a mean of sums: units measured, not samples, make it small.
    unknown = float(spread) / mean / float(np.sqrt(amounts.sum() * (1 + PRIOR_SAMPLES / len(samples))))
    return Rate(max(1, round(mean)), round(float(spread)), len(samples), unknown)


def _between(samples: Sequence[Sample]) -> list[float]:
    """How much slower than all each picker is, for those with enough samples."""
    of: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        if sample.who:
            of[sample.who].append(sample)
    enough = {who: mine for who, mine in of.items() if len(mine) >= LEAST_OF_A_PICKER}
    if len(enough) < 3:
        return []
    everybody = _mean_ms([sample for mine in enough.values() for sample in mine])
    return [_mean_ms(mine) / everybody for mine in enough.values()]


def _mean_ms(samples: Sequence[Sample]) -> float:
    return sum(sample.took_ms for sample in samples) / sum(sample.amount for sample in samples)
