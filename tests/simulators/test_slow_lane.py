"""A slow lane of a simulated shift: who works where, who is slow, and what is said of whether it was named."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from fulfillment.commands.simulating import simulate
from fulfillment.commands.simulating_bottleneck import Watch
from simulators.shift import ShiftOptions, SlowLane
from simulators.shift.options import posts

ORDERS = Path(__file__).resolve().parent.parent / "data" / "orders" / "twelve_orders.csv"


@pytest.mark.parametrize(
    ("workers", "at_work"),
    [(3, ("pick", "pack", "ship")), (4, ("pick", "pick", "pack", "ship")),
     (7, ("pick", "pick", "pick", "pack", "pack", "pack", "ship"))],
)  # fmt: skip
def test_with_a_slow_lane_everybody_keeps_to_one(workers: int, at_work: tuple[str, ...]) -> None:
    assert posts(ShiftOptions(Path(), workers, slow_lane=SlowLane("pack", 3))) == at_work
    assert posts(ShiftOptions(Path(), workers)) == ("",) * workers


@pytest.mark.parametrize(("lane", "times"), [("sort", 2), ("pack", 0.5), ("pack", 1000)])
def test_a_lane_nobody_knows_or_a_pace_nobody_has_is_refused(lane: str, times: float) -> None:
    with pytest.raises(ValueError, match=lane):
        SlowLane(lane, times)


def test_a_crew_too_small_for_every_lane_is_refused() -> None:
    with pytest.raises(ValueError, match="worker in each"):
        ShiftOptions(Path(), 2, slow_lane=SlowLane("pack", 3))


@pytest.mark.parametrize(
    "more", [("--slow-lane", "pack"), ("--slow-lane", "sort=2"), ("--slow-lane", "pack=2", "--fast")]
)
def test_the_command_says_what_it_cannot_do(more: tuple[str, ...]) -> None:
    answer = CliRunner().invoke(simulate, ["--orders", str(ORDERS), *more])
    assert answer.exit_code == 2
    assert "slow" in answer.output


def test_the_verdict_is_the_last_looks_and_says_since_when() -> None:
    watch = Watch(
        SlowLane("pack", 3), {10: "pick", 14: "pack", 20: "pack", 30: "pack"}, {"holds_up": True, "words": "Packing: …"}
    )
    found = watch.as_json()
    assert (found["named"], found["named_since_min"], found["judged_min"], found["is_right"]) == ("pack", 14, 30, True)
    assert watch.in_words().split()[:2] == ["bottleneck", "right:"]
    wrong = Watch(SlowLane("ship", 8), {10: "pack", 30: ""}, {"holds_up": False, "words": ""}).as_json()
    assert (wrong["named"], wrong["is_right"]) == (None, False)
    assert Watch(SlowLane("ship", 8)).as_json()["is_right"] is False
