from __future__ import annotations

import json
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from picking_floors import DEPOT, TWO_BLOCKS, bin_at, layouts, spots_of

from picking import FieldError, Layout, OneWay, Spot, TourProblem, plan_tour, ranked
from picking.__main__ import main
from picking.documents import document_of, problem_of
from picking.ranked import keeps_ranks


@st.composite
def ranked_problems(draw: st.DrawFn, most_stops: int) -> TourProblem:
    layout = draw(layouts(4, 3))
    spot = spots_of(layout)
    stops = tuple(draw(st.lists(spot, max_size=most_stops, unique_by=lambda one: one.name)))
    ranks = tuple((stop.name, draw(st.integers(0, 2))) for stop in stops)
    penalty_dm = draw(st.sampled_from((0, 15)))
    return TourProblem(layout, draw(spot), draw(spot), stops, penalty_dm, 1, ranks)


def shortest_of_all(problem: TourProblem) -> int:
    ranks = dict(problem.ranks)
    orders = (order for order in permutations(problem.distinct_stops) if keeps_ranks(ranks, order))
    return min(problem.length_dm(order) for order in orders)


@settings(deadline=None, max_examples=60)
@given(ranked_problems(most_stops=6))
def test_no_order_that_keeps_the_ranks_is_shorter(problem: TourProblem) -> None:
    tour = plan_tour(problem, 200)
    assert keeps_ranks(dict(problem.ranks), tour.sequence)
    assert sorted(stop.name for stop in tour.sequence) == sorted(stop.name for stop in problem.distinct_stops)
    assert tour.distance_dm == problem.length_dm(tour.sequence) == shortest_of_all(problem)
    assert tour.lower_bound_dm <= tour.distance_dm


@settings(deadline=None, max_examples=60)
@given(ranked_problems(most_stops=10))
def test_a_chain_of_exact_tours_is_as_short_as_the_table_over_subsets(problem: TourProblem) -> None:
    ranks = dict(problem.ranks)
    table = plan_tour(problem, 500)
    if len(set(ranks.values())) < 2:
        return
    chained = ranked._chained(replace(problem, ranks=()), ranks, 60, 0)
    assert chained is not None
    sequence, bound_dm, _, _ = chained
    assert keeps_ranks(ranks, sequence)
    assert sorted(stop.name for stop in sequence) == sorted(ranks)
    assert bound_dm <= table.distance_dm <= problem.length_dm(sequence)
    if not problem.level_penalty_dm:
        assert bound_dm == table.distance_dm == problem.length_dm(sequence)


@settings(deadline=None, max_examples=25)
@given(ranked_problems(most_stops=30))
def test_whoever_orders_many_stops_keeps_the_ranks_and_visits_all(problem: TourProblem) -> None:
    tour = plan_tour(problem, 60)
    assert keeps_ranks(dict(problem.ranks), tour.sequence)
    assert sorted(stop.name for stop in tour.sequence) == sorted(stop.name for stop in problem.distinct_stops)
    assert tour.distance_dm == problem.length_dm(tour.sequence) >= tour.lower_bound_dm
    assert tour.distance_dm >= plan_tour(replace(problem, ranks=()), 200).lower_bound_dm


def test_many_stops_on_a_floor_of_aisles_are_proven_shortest() -> None:
    stops = tuple(bin_at(x, y) for x in (0, 40, 80) for y in range(10, 200, 15) if y != 100)
    ranks = tuple((stop.name, number % 3) for number, stop in enumerate(stops))
    tour = plan_tour(TourProblem(TWO_BLOCKS, DEPOT, DEPOT, stops, ranks=ranks), 60_000)
    assert (tour.solver, tour.is_shortest) == ("ranked", True)
    assert tour.distance_dm > plan_tour(TourProblem(TWO_BLOCKS, DEPOT, DEPOT, stops)).distance_dm


def test_one_way_aisles_and_ranks_are_kept_together() -> None:
    floor = Layout((0, 40, 80), (0, 100), one_way=(OneWay(1, False, None),))
    stops = (bin_at(0, 50), bin_at(40, 20), bin_at(80, 50))
    problem = TourProblem(floor, DEPOT, DEPOT, stops, ranks=((stops[0].name, 1),))
    tour = plan_tour(problem, 200)
    assert tour.sequence[-1] == stops[0]
    assert tour.distance_dm == problem.length_dm(tour.sequence)


def test_a_free_walk_that_keeps_the_ranks_is_the_answer() -> None:
    stops = tuple(bin_at(0, y) for y in (10, 20, 30))
    ranks = tuple((stop.name, rank) for rank, stop in enumerate(stops))
    tour = plan_tour(TourProblem(TWO_BLOCKS, DEPOT, DEPOT, stops, ranks=ranks))
    assert (tour.solver, list(tour.sequence)) == ("exact", list(stops))


@pytest.mark.parametrize(
    ("ranks", "words"),
    [
        ((("nowhere", 1),), "no stop 'nowhere'"),
        ((("a", 1), ("a", 2)), "two ranks"),
        ((("a", -1),), "ranks\\[0\\]"),
        ((("a", 1001),), "ranks\\[0\\]"),
    ],
)
def test_a_rank_that_is_none_is_refused(ranks: Any, words: str) -> None:
    with pytest.raises(FieldError, match=words):
        TourProblem(TWO_BLOCKS, DEPOT, DEPOT, (Spot("a", 0, 30),), ranks=ranks)


def test_ranks_stand_in_the_document_of_a_tour(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stops = (bin_at(0, 50), bin_at(40, 20), bin_at(40, 80), bin_at(80, 50))
    problem = TourProblem(TWO_BLOCKS, DEPOT, DEPOT, stops, ranks=((stops[0].name, 2), (stops[2].name, 1)))
    assert problem_of(TourProblem, document_of(problem)) == problem
    file = tmp_path / "tour.json"
    file.write_text(json.dumps(document_of(problem)), encoding="utf-8")
    assert main(["tour", str(file), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["sequence"][-2:] == [stops[2].name, stops[0].name]
    assert answer["distance_dm"] == plan_tour(problem).distance_dm
