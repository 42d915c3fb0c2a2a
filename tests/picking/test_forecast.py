"""Forecasts: rates from measured times, hours and breaks kept, and a p90 that holds nine times in ten."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from picking import FieldError
from picking.forecast import (
    PRIOR,
    ForecastProblem,
    Rate,
    Rates,
    Sample,
    TourLeft,
    Work,
    forecast,
    handling_times,
    learn,
    set_up_units,
)
from picking.shifts import PickerShift
from picking.times import HandlingTimes

MIN_MS = 60_000
HOUR_MS = 60 * MIN_MS
SURE = Rates(Rate(100_000, 0, 9, 0.0), Rate(10_000_000, 0, 9, 0.0), Rate(6_000_000, 0, 9, 0.0), 0.0)


def picker(name: str = "Ann", until_ms: int = 8 * HOUR_MS, *breaks: tuple[int, int], from_ms: int = 0) -> PickerShift:
    return PickerShift(name, from_ms, until_ms, breaks)


def asked(tours: list[TourLeft], *pickers: PickerShift, **fields: object) -> ForecastProblem:
    return ForecastProblem(tuple(tours), pickers, **{"now_ms": 0, "rates": SURE, **fields})  # type: ignore[arg-type]


TOUR = TourLeft("T", walk_dm=1_200, lines=6, totes=4)
TOUR_MS = 120_000 + 60_000 + 60_000


class Floor:
    """A floor whose times are drawn from laws that are not those of the forecast."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)

    def _times_ms(self, mean_ms: float, spread: float, count: int) -> list[float]:
        logs = self.random.normal(np.log(mean_ms) - spread**2 / 2, spread, count)
        talks = np.where(self.random.random(count) < 0.01, 8, 1)
        return list(np.exp(logs) * talks)

    def tour(self, legs_dm: list[int], totes: int, quick: float) -> tuple[list[Sample], float]:
        walks = [leg * ms * quick for leg, ms in zip(legs_dm, self._times_ms(110, 0.5, len(legs_dm)), strict=True)]
        picks = [ms * quick for ms in self._times_ms(13_000, 0.6, len(legs_dm) - 1)]
        set_up = totes * quick * self._times_ms(9_000, 0.4, 1)[0]
        samples = [Sample(Work.WALK, leg, round(ms)) for leg, ms in zip(legs_dm, walks, strict=True)]
        samples += [Sample(Work.PICK, 1, round(ms)) for ms in picks]
        return [*samples, Sample(Work.SET_UP, set_up_units(totes), round(set_up))], sum(walks) + sum(picks) + set_up

    def shift(self, pickers: int, tours: int) -> tuple[list[Sample], list[TourLeft], float]:
        """What is measured, what was asked before, and when the last picker was finished."""
        quick = [float(np.exp(self.random.normal(-0.005, 0.1))) for _ in range(pickers)]
        free = [0.0] * pickers
        left: list[TourLeft] = []
        measured: list[Sample] = []
        for number in range(tours):
            legs = [int(leg) for leg in self.random.integers(20, 300, 11)]
            who = int(np.argmin(free))
            samples, took_ms = self.tour(legs, 6, quick[who])
            measured += [Sample(part.work, part.amount, part.took_ms, f"P{who}") for part in samples]
            free[who] += took_ms
            left.append(TourLeft(f"T{number}", sum(legs), len(legs) - 1, 6))
        return measured, left, max(free)


def test_nine_in_ten_shifts_end_before_the_p90_and_half_before_the_p50() -> None:
    before_p50 = before_p90 = 0
    shifts = 150
    rates = [learn(Floor(seed).shift(4, 40)[0]) for seed in range(1_000, 1_050)]
    crew = tuple(PickerShift(f"P{number}", 0, 48 * HOUR_MS) for number in range(4))
    for seed in range(shifts):
        _, tours, ended_ms = Floor(seed).shift(4, 24)
        found = forecast(ForecastProblem(tuple(tours), crew, 0, rates[seed % 50], runs=100), seed)
        before_p50 += ended_ms <= found.p50_at_ms
        before_p90 += ended_ms <= found.p90_at_ms
    # Seeds are fixed, so this is no dice: 90 % and 50 % with the play that so many shifts leave.
    assert 0.86 <= before_p90 / shifts <= 0.97, before_p90 / shifts
    assert 0.40 <= before_p50 / shifts <= 0.62, before_p50 / shifts


def test_sure_rates_give_the_sum_of_the_work() -> None:
    found = forecast(asked([TOUR], picker()))
    assert (found.p50_at_ms, found.p90_at_ms) == (TOUR_MS, TOUR_MS) or abs(found.p90_at_ms - TOUR_MS) <= 2


def test_what_is_sorted_at_a_wall_is_work_after_the_tour() -> None:
    sorts = Rate(2_000_000, 0, 9, 0.0)
    rates = Rates(SURE.walk, SURE.pick, SURE.set_up, 0.0, sort=sorts)
    tours = [TourLeft("T", walk_dm=1_200, lines=6, totes=4, sort_each=30)]
    found = forecast(asked(tours, picker(), rates=rates))
    assert abs(found.p50_at_ms - TOUR_MS - 30 * 2_000) <= 2
    assert abs(found.p90_at_ms - TOUR_MS - 30 * 2_000) <= 2
    assert found.samples == 4 * 9
    assert forecast(asked([TOUR], picker(), rates=rates)).samples == 3 * 9, "without a wall nothing is asked of it"


def test_until_it_was_measured_sorting_takes_as_long_as_modes_are_weighed_with() -> None:
    assert learn([]).sort == PRIOR[Work.SORT]
    assert handling_times(Rates()).sort_each_ms == HandlingTimes().sort_each_ms
    unsure = forecast(asked([TourLeft("T", 0, 0, sort_each=100)], picker(), rates=Rates()))
    sure = forecast(asked([TourLeft("T", 0, 0)], picker(), rates=Rates()))
    assert sure.p90_at_ms == 0 < unsure.p50_at_ms < unsure.p90_at_ms


def test_how_long_sorting_takes_is_learnt_from_puts_and_says_nothing_of_pickers() -> None:
    rates = learn(Sample(Work.SORT, 2, 9_000, f"S{number % 4}") for number in range(400))
    assert 4_400_000 < rates.sort.mean_us < 4_520_000
    assert handling_times(rates).sort_each_ms == -(-rates.sort.mean_us // 1_000)
    assert (rates.pickers, rates.between_pickers) == (0, Rates().between_pickers)


def test_two_pickers_share_the_tours() -> None:
    tours = [TourLeft(f"T{number}", 0, 6) for number in range(4)]
    alone = forecast(asked(tours, picker()))
    both = forecast(asked(tours, picker("Ann"), picker("Ben")))
    assert abs(2 * both.p50_at_ms - alone.p50_at_ms) <= 4


def test_a_tour_somebody_has_is_not_given_to_who_is_free() -> None:
    tours = [TourLeft(f"T{number}", 0, 6, picker="Ann") for number in range(3)]
    assert abs(forecast(asked(tours, picker("Ann"), picker("Ben"))).p50_at_ms - 3 * MIN_MS) <= 3


def test_a_break_is_rested_in() -> None:
    rested = forecast(asked([TOUR], picker("Ann", 8 * HOUR_MS, (MIN_MS, 31 * MIN_MS))))
    assert abs(rested.p50_at_ms - TOUR_MS - 30 * MIN_MS) <= 2


def test_work_that_ends_after_every_shift_has_no_time() -> None:
    found = forecast(asked([TOUR], picker("Ann", 3 * MIN_MS)))
    assert (found.p50_at_ms, found.unfinished_percent) == (0, 100)


def test_a_departure_that_is_missed_is_at_risk() -> None:
    tours = [TourLeft("A", 0, 6, due_at_ms=5 * MIN_MS), TourLeft("B", 0, 60, due_at_ms=6 * MIN_MS)]
    found = forecast(asked(tours, picker(), pack_ms=2 * MIN_MS))
    assert [(risk.due_at_ms, risk.late_percent) for risk in found.cut_offs] == [(5 * MIN_MS, 0), (6 * MIN_MS, 100)]
    assert [risk.due_at_ms for risk in found.at_risk] == [6 * MIN_MS]


@given(st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 40)), max_size=6), st.integers(0, 100))
def test_one_seed_has_one_answer_and_the_half_is_not_after_nine_in_ten(parts: list[tuple[int, int]], seed: int) -> None:
    tours = [TourLeft(f"T{at}", walk_dm, lines) for at, (walk_dm, lines) in enumerate(parts)]
    problem = asked(tours, picker("Ann"), picker("Ben"), rates=Rates(), runs=20)
    found = forecast(problem, seed)
    assert found == forecast(problem, seed)
    assert found.p50_at_ms <= found.p90_at_ms


def test_without_samples_the_prior_is_believed() -> None:
    assert learn([]) == Rates()


def test_with_many_samples_the_prior_no_longer_matters() -> None:
    rates = learn(Sample(Work.PICK, 2, 8_000) for _ in range(2_000))
    assert abs(rates.pick.mean_us - 4_000_000) < 40_000
    assert rates.walk == PRIOR[Work.WALK]


def test_with_few_samples_the_truth_lies_between_them_and_the_prior() -> None:
    rates = learn(Sample(Work.PICK, 1, 4_000) for _ in range(5))
    assert 4_000_000 < rates.pick.mean_us < PRIOR[Work.PICK].mean_us


def test_a_forgotten_scan_hardly_moves_the_rate() -> None:
    usual = [Sample(Work.PICK, 1, 9_000 + 50 * number) for number in range(40)]
    with_forgotten = learn([*usual, Sample(Work.PICK, 1, 2 * HOUR_MS)]).pick.mean_us
    assert abs(with_forgotten - learn(usual).pick.mean_us) < 500_000


def test_the_times_to_plan_with_are_the_means() -> None:
    times = handling_times(SURE)
    assert times.walk_ms(1_200) + times.pick_ms(6, 30) + times.set_up_ms(4) == TOUR_MS


def test_pickers_that_differ_widen_the_forecast() -> None:
    def of(who: str, ms: int) -> list[Sample]:
        return [Sample(Work.PICK, 1, ms, who)] * 30

    alike = learn([*of("A", 10_000), *of("B", 10_000), *of("C", 10_000), *of("D", 10_000)])
    unlike = learn([*of("A", 5_000), *of("B", 20_000), *of("C", 10_000), *of("D", 15_000)])
    assert unlike.between_pickers > 2 * alike.between_pickers


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"tours": [TOUR]}, "tours"),
        ({"pickers": ()}, "pickers"),
        ({"pickers": (picker(), picker())}, "pickers[1].name"),
        ({"tours": (TourLeft("T", 0, 1, picker="Zoe"),)}, "tours[0].picker"),
        ({"runs": 1}, "runs"),
        ({"now_ms": "now"}, "now_ms"),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, object], field: str) -> None:
    values: dict[str, object] = {"tours": (TOUR,), "pickers": (picker(),), "now_ms": 0, **fields}
    with pytest.raises(FieldError) as raised:
        forecast(ForecastProblem(**values))  # type: ignore[arg-type]
    assert raised.value.field == field
