from __future__ import annotations

import pytest
from picking_floors import DEPOT, TWO_BLOCKS, bin_at

from picking import FieldError, Tour, TourProblem, plan_tour


def test_the_summary_says_how_far_and_how_far_it_would_have_been() -> None:
    tour = Tour((bin_at(0, 5), bin_at(0, 9)), 900, 1000, 1200, "ortools", 7, 98)
    assert tour.summary() == (
        "2 stops, 90.0 m (S-shape 100.0 m, -10.0 %; location order 120.0 m, -25.0 %), ortools, seed 7, 98 ms"
    )
    assert tour.saved_dm == 300


def test_the_summary_says_what_is_proven() -> None:
    shortest = Tour((bin_at(0, 5),), 900, 1000, 1200, "exact", 7, 1, lower_bound_dm=900)
    assert "90.0 m, proven shortest (S-shape" in shortest.summary()
    assert shortest.is_shortest
    near = Tour((bin_at(0, 5),), 900, 1000, 1200, "ortools", 7, 98, lower_bound_dm=720)
    assert "90.0 m, at most 25.0 % above the shortest (S-shape" in near.summary()
    assert not near.is_shortest


def test_a_tour_is_drawn_on_its_floor_and_only_there() -> None:
    problem = TourProblem(TWO_BLOCKS, DEPOT, DEPOT, (bin_at(40, 50),))
    assert plan_tour(problem).picture().startswith("<svg")
    with pytest.raises(FieldError, match="no floor to draw"):
        Tour((bin_at(0, 5),), 0, 0, 0, "none", 0, 0).picture()


def test_the_summary_gives_the_reason_and_divides_by_no_zero() -> None:
    tour = Tour((bin_at(0, 5),), 20, 20, 0, "s_shape", 0, 1, reason="no time")
    assert (
        tour.summary()
        == "1 stop, 2.0 m (S-shape 2.0 m, +0.0 %; location order 0.0 m), s_shape, seed 0, 1 ms; no time"
    )
