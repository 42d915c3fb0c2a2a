from __future__ import annotations

from picking_floors import bin_at

from picking import Tour


def test_the_summary_says_how_far_and_how_far_it_would_have_been() -> None:
    tour = Tour((bin_at(0, 5), bin_at(0, 9)), 900, 1000, 1200, "ortools", 7, 98)
    assert tour.summary() == (
        "2 stops, 90.0 m (S-shape 100.0 m, -10.0 %; location order 120.0 m, -25.0 %), ortools, seed 7, 98 ms"
    )
    assert tour.saved_dm == 300


def test_the_summary_gives_the_reason_and_divides_by_no_zero() -> None:
    tour = Tour((bin_at(0, 5),), 0, 0, 0, "s_shape", 0, 1, reason="no time")
    assert (
        tour.summary()
        == "1 stop, 0.0 m (S-shape 0.0 m; location order 0.0 m), s_shape, seed 0, 1 ms; no time"
    )
