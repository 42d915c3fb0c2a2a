from __future__ import annotations

from typing import Any

import pytest
from picking_floors import DEPOT, TWO_BLOCKS, bin_at

from picking import FieldError, Spot, TourProblem


def test_a_stop_asked_for_twice_is_visited_once() -> None:
    problem = TourProblem(TWO_BLOCKS, DEPOT, DEPOT, (bin_at(0, 5), bin_at(40, 5), bin_at(0, 5)))
    assert problem.distinct_stops == (bin_at(0, 5), bin_at(40, 5))


def test_the_order_in_which_stops_are_given_does_not_matter() -> None:
    stops = (bin_at(80, 5), bin_at(0, 50), bin_at(0, 5, 2), bin_at(0, 5, 1))
    forward, backward = (TourProblem(TWO_BLOCKS, DEPOT, DEPOT, given) for given in (stops, stops[::-1]))
    assert forward.distinct_stops == backward.distinct_stops


def test_the_matrix_runs_from_start_over_the_stops_to_the_end() -> None:
    problem = TourProblem(TWO_BLOCKS, DEPOT, bin_at(80, 0), (bin_at(40, 10),))
    assert problem.matrix().tolist() == [[0, 50, 80], [50, 0, 50], [80, 50, 0]]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"layout": (0, 40)}, "layout"),
        ({"start": None}, "start"),
        ({"end": "dock"}, "end"),
        ({"stops": [DEPOT]}, "stops"),
        ({"stops": (DEPOT, "A01")}, "stops[1]"),
        ({"stops": (Spot("A", 0, 5), Spot("A", 0, 6))}, "stops[1].name"),
        ({"level_penalty_dm": -1}, "level_penalty_dm"),
        ({"level_penalty_dm": 1.5}, "level_penalty_dm"),
        ({"reach_level": True}, "reach_level"),
    ],
)
def test_a_wrong_question_names_the_field(changed: dict[str, Any], field: str) -> None:
    question: dict[str, Any] = {"layout": TWO_BLOCKS, "start": DEPOT, "end": DEPOT, "stops": ()}
    with pytest.raises(FieldError) as refused:
        TourProblem(**(question | changed))
    assert refused.value.field == field
    assert str(refused.value).startswith(f"{field}: ")
