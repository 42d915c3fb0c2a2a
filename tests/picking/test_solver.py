from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from picking_floors import DEPOT, TWO_BLOCKS, bin_at, problems

from picking import (
    Closed,
    FieldError,
    Layout,
    OneWay,
    SolverFailed,
    Spot,
    TourProblem,
    location_order,
    plan_tour,
    s_shape,
)
from picking.distances import Decimetres

FLOOR = Layout(tuple(range(0, 350, 35)), (0, 210, 420))


def wave_tour(stops: int, seed: int, start: Spot = DEPOT, end: Spot = DEPOT) -> TourProblem:
    """So many different bins of a floor of 10 aisles, 2 blocks of 15 bays and 3 levels."""
    bays_dm = [block + 21 + 12 * bay for block in (0, 210) for bay in range(15)]
    bins = [bin_at(x, y, level) for x in FLOOR.aisle_x_dm for y in bays_dm for level in (1, 2, 3)]
    return TourProblem(FLOOR, start, end, tuple(Random(seed).sample(bins, stops)))


# The exact solver stops by itself; a machine that stands still for a moment must not make it give up.
PATIENT_MS = 60_000

SEVEN_CROSS_AISLES = Layout(FLOOR.aisle_x_dm, tuple(range(0, 700, 100)))


def test_no_stop_is_a_walk_from_start_to_end() -> None:
    tour = plan_tour(TourProblem(TWO_BLOCKS, DEPOT, bin_at(80, 0), ()))
    assert (tour.sequence, tour.distance_dm, tour.solver) == ((), 80, "none")


def test_one_stop_needs_no_solver() -> None:
    tour = plan_tour(TourProblem(TWO_BLOCKS, DEPOT, DEPOT, (bin_at(40, 30),) * 3))
    assert (tour.sequence, tour.distance_dm, tour.solver) == ((bin_at(40, 30),), 140, "none")


def test_the_levels_of_one_bay_are_picked_together() -> None:
    levels = [bin_at(40, 30, level) for level in (1, 2, 3)]
    tour = plan_tour(TourProblem(TWO_BLOCKS, DEPOT, DEPOT, (levels[2], bin_at(0, 90), levels[0], levels[1])))
    at = [tour.sequence.index(level) for level in levels]
    assert at == [at[0], at[0] + 1, at[0] + 2]


def test_the_tour_is_exact_where_the_s_shape_is_not() -> None:
    """The S-shape goes down aisle 0, then out and back to 80: 460 (see the rules). Largest gap is shortest: 420."""
    stops = tuple(bin_at(x, y) for x, y in ((0, 50), (40, 20), (40, 90), (80, 50)))
    tour = plan_tour(TourProblem(Layout((0, 40, 80), (0, 100)), DEPOT, DEPOT, stops), time_limit_ms=PATIENT_MS)
    assert (tour.distance_dm, tour.s_shape_dm, tour.solver) == (420, 460, "exact")
    assert tour.is_shortest


@settings(max_examples=100, deadline=None)
@given(problems(), st.sampled_from([0, 20]))
def test_every_tour_visits_each_stop_once_and_is_never_longer_than_the_s_shape(
    problem: TourProblem, time_limit_ms: int
) -> None:
    tour = plan_tour(problem, time_limit_ms=time_limit_ms)
    assert sorted(stop.name for stop in tour.sequence) == sorted({stop.name for stop in problem.stops})
    assert tour.lower_bound_dm <= tour.distance_dm == problem.length_dm(tour.sequence) <= tour.s_shape_dm
    assert tour.s_shape_dm == s_shape(problem).distance_dm
    assert tour.location_order_dm == location_order(problem).distance_dm


def test_a_full_cart_is_walked_the_shortest_way() -> None:
    tour = plan_tour(wave_tour(60, seed=1), time_limit_ms=500)
    assert (tour.solver, tour.reason) == ("exact", "")
    assert tour.lower_bound_dm == tour.distance_dm < tour.s_shape_dm < tour.location_order_dm
    assert tour.saved_dm == tour.location_order_dm - tour.distance_dm


def test_more_cross_aisles_than_the_tables_have_go_to_the_general_search() -> None:
    stops = tuple(Random(4).sample([bin_at(x, y) for x in FLOOR.aisle_x_dm for y in range(10, 600, 20)], 30))
    tour = plan_tour(TourProblem(SEVEN_CROSS_AISLES, DEPOT, DEPOT, stops), time_limit_ms=PATIENT_MS // 60)
    assert tour.solver not in ("exact", "s_shape")
    assert 0 < tour.lower_bound_dm <= tour.distance_dm < tour.s_shape_dm


def test_a_stop_in_a_closed_stretch_is_named() -> None:
    closed = Layout(TWO_BLOCKS.aisle_x_dm, TWO_BLOCKS.cross_aisle_y_dm, closed=(Closed(1, 20, 60),))
    with pytest.raises(FieldError) as refused:
        plan_tour(TourProblem(closed, DEPOT, DEPOT, (bin_at(0, 50), bin_at(40, 30))))
    assert refused.value.field == "stops[1]"


def test_a_closed_stretch_is_walked_around() -> None:
    """Both picks of aisle 40 from their own end: 40 + 10 up and back, then round by aisle 0 and home again."""
    closed = Layout(TWO_BLOCKS.aisle_x_dm, (0, 100), closed=(Closed(1, 20, 60),))
    tour = plan_tour(TourProblem(closed, DEPOT, DEPOT, (bin_at(40, 10), bin_at(40, 90))), time_limit_ms=PATIENT_MS)
    assert (tour.distance_dm, tour.solver) == (4 * 40 + 4 * 10 + 2 * 100, "exact")


def test_a_one_way_aisle_is_walked_its_way() -> None:
    """Up aisle 0 and down aisle 40, or the way round would be longer: 100 + 40 + 100 + 40."""
    floor = Layout((0, 40), (0, 100), one_way=(OneWay(0, True), OneWay(1, False)))
    tour = plan_tour(TourProblem(floor, DEPOT, DEPOT, (bin_at(40, 30), bin_at(0, 70))), time_limit_ms=PATIENT_MS)
    assert tour.distance_dm == 280 == tour.lower_bound_dm
    assert [stop.x_dm for stop in tour.sequence] == [0, 40]


def test_a_tour_that_ends_elsewhere_is_planned_to_its_end() -> None:
    dock, staging = Spot("dock", -20, -15), Spot("staging", 340, 430)
    problem = wave_tour(30, seed=2, start=dock, end=staging)
    tour = plan_tour(problem, time_limit_ms=50)
    assert tour.distance_dm == problem.length_dm(tour.sequence) <= tour.s_shape_dm


def test_without_time_to_search_the_tour_is_the_s_shape_and_says_why() -> None:
    tour = plan_tour(wave_tour(40, seed=3), time_limit_ms=0)
    assert (tour.solver, tour.distance_dm) == ("s_shape", tour.s_shape_dm)
    assert "leaves no time" in tour.reason


def test_the_solver_is_given_what_is_left_of_the_limit_and_a_tour_to_begin_with() -> None:
    asked = Recording()
    problem = wave_tour(40, seed=5)
    plan_tour(problem, time_limit_ms=1000, seed=8, solver=asked)
    assert 0 < asked.time_limit_ms < 1000
    assert asked.seed == 8
    assert sorted(asked.initial) == list(range(1, len(bays(problem)) + 1))


class Recording:
    """Keeps what it was asked and answers with the tour it was given."""

    name = "recording"

    def order_stops(
        self, matrix: Decimetres, initial: tuple[int, ...], time_limit_ms: int, seed: int
    ) -> tuple[int, ...]:
        assert len(matrix) == len(initial) + 2
        self.initial, self.time_limit_ms, self.seed = initial, time_limit_ms, seed
        return initial


class Broken:
    """A solver that fails the way it is told to."""

    name = "broken"

    def __init__(self, answer: tuple[int, ...] | Exception) -> None:
        self._answer = answer

    def order_stops(
        self, matrix: Decimetres, initial: tuple[int, ...], time_limit_ms: int, seed: int
    ) -> tuple[int, ...]:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@pytest.mark.parametrize(
    "answer", [SolverFailed("no licence"), RuntimeError("crashed"), (), (1, 1, 2), (0, 1, 2, 3, 4)]
)
def test_a_solver_that_fails_leaves_the_s_shape_and_its_reason(answer: tuple[int, ...] | Exception) -> None:
    tour = plan_tour(wave_tour(20, seed=6), solver=Broken(answer))
    assert (tour.solver, tour.distance_dm) == ("s_shape", tour.s_shape_dm)
    assert tour.reason.startswith("broken failed: ")


def test_a_solver_that_finds_nothing_shorter_leaves_the_s_shape() -> None:
    problem = wave_tour(20, seed=6)
    tour = plan_tour(problem, solver=Broken(tuple(range(1, len(bays(problem)) + 1))))
    assert tour.solver == "s_shape"
    assert tour.reason == "broken found nothing shorter"


@pytest.mark.parametrize(
    ("limit", "seed", "field"), [(-1, 0, "time_limit_ms"), (10, -1, "seed"), (1.5, 0, "time_limit_ms")]
)
def test_a_wrong_limit_or_seed_names_the_field(limit: int, seed: int, field: str) -> None:
    with pytest.raises(FieldError) as refused:
        plan_tour(wave_tour(3, seed=0), time_limit_ms=limit, seed=seed)
    assert refused.value.field == field


def bays(problem: TourProblem) -> set[tuple[int, int]]:
    return {(stop.x_dm, stop.y_dm) for stop in problem.stops}
