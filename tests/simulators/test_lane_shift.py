"""The simulated shift of lanes: same seed, same log; nobody works twice at a time; nothing is lost on the way."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.lane_shift import HOUR_MS, MINUTE_MS, LaneShift, Station, drawn, play
from tests.benchmarks.bottleneck import judge, report

seeds = st.integers(1, 10_000)


@settings(max_examples=15)
@given(seeds)
def test_the_same_seed_gives_the_same_log_and_another_one_another(seed: int) -> None:
    shift = drawn(seed)
    log = play(shift)
    assert log == play(shift)
    assert log != play(drawn(seed + 1))
    assert [scan.at_ms for scan in log] == sorted(scan.at_ms for scan in log)


@settings(max_examples=15)
@given(seeds)
def test_an_order_goes_through_every_lane_in_turn(seed: int) -> None:
    shift = drawn(seed)
    way = [(station.name, what) for station in shift.stations for what in ("came", "began", "left")]
    of_order: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for scan in play(shift):
        of_order[scan.order].append((scan.lane, scan.what))
    assert of_order
    assert all(steps == way[: len(steps)] for steps in of_order.values())


@settings(max_examples=15)
@given(seeds)
def test_nobody_holds_more_than_a_batch(seed: int) -> None:
    shift = drawn(seed)
    most = {station.name: station.batch for station in shift.stations}
    held: dict[int, int] = defaultdict(int)
    for scan in play(shift):
        if scan.what != "came":
            held[scan.person] += 1 if scan.what == "began" else -1
            assert 0 <= held[scan.person] <= most[scan.lane]


def test_a_slow_lane_does_less_from_its_minute_on() -> None:
    stations = (Station("pick", 2, 60_000), Station("pack", 1, 40_000, spread=0.1), Station("ship", 1, 20_000))
    log = play(LaneShift(stations, 60, 4 * HOUR_MS, "pack", 2 * HOUR_MS, 3.0))
    packed = [scan.at_ms for scan in log if (scan.lane, scan.what) == ("pack", "left")]
    before = sum(1 for at_ms in packed if HOUR_MS <= at_ms < 2 * HOUR_MS)
    after = sum(1 for at_ms in packed if 3 * HOUR_MS <= at_ms < 4 * HOUR_MS)
    assert before > 45  # all that came
    assert 25 <= after <= 35  # two minutes each


def test_a_wave_brings_its_orders_together() -> None:
    log = play(LaneShift((Station("pick", 3, 30_000),), 90, 2 * HOUR_MS, wave_ms=10 * MINUTE_MS))
    assert {scan.at_ms % (10 * MINUTE_MS) for scan in log if scan.what == "came"} == {0}


def test_the_slow_lane_of_most_shifts_is_named_within_half_an_hour() -> None:
    """Twenty of the shifts `python -m tests.benchmarks.bottleneck` plays; docs/benchmarks.md has the figure of 200."""
    figures = report([judge(drawn(seed)) for seed in range(1, 21)])
    assert figures["named_percent"] >= 90, figures["missed"]  # type: ignore[operator]
