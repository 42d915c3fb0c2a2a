"""A script of faults: what comes when is written down, the same for the same seed, and nothing unclear is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulators.fault_script import FaultScript
from simulators.zpl_printer import ZplPrinter


def course(text: str, events: int, seed: int = 0) -> list[tuple[int, str]]:
    script = FaultScript(text, seed)
    return [(event, command) for event in range(1, events + 1) for command in script.due(event)]


def test_a_line_comes_once_or_again_and_again() -> None:
    text = "# bad\n\nafter 2 events: paper_out for 2.5 s\nevery 3 events: power_cycle  # again\nafter 1 event: x"
    assert course(text, 7) == [
        (1, "x"),
        (2, "paper_out for 2.5 s"),
        (3, "power_cycle"),
        (6, "power_cycle"),
    ]


def test_a_range_is_drawn_once_and_a_chance_at_each_event() -> None:
    assert len(course("after 10-20 events: x", 100)) == 1
    assert {course("after 10-20 events: x", 100, seed)[0][0] for seed in range(200)} == set(range(10, 21))
    assert 150 < len(course("1 in 5 events: x", 1000)) < 250
    assert len(course("3 in 3 events: x", 50)) == 50


def test_the_same_seed_breaks_the_same_events_and_another_one_others() -> None:
    text = "1 in 5 events: x\nafter 1-50 events: y"
    assert course(text, 200, 7) == course(text, 200, 7)
    assert course(text, 200, 7) != course(text, 200, 8)


@pytest.mark.parametrize(
    "line",
    ["paper_out", "after events: x", "after 0 events: x", "after 9-3 events: x", "every 0 events: x",
     "5 in 3 events: x", "0 in 3 events: x", "after 5 events:", "after 5 events x"],
)  # fmt: skip
def test_a_line_that_never_comes_or_means_nothing_is_refused_by_its_number(line: str) -> None:
    with pytest.raises(ValueError, match="script line 2"):
        FaultScript(f"after 1 event: x\n{line}")


def test_a_script_with_a_fault_that_the_device_does_not_have_is_refused_whole(tmp_path: Path) -> None:
    printer = ZplPrinter(tmp_path)
    wrongs = ("on_fire", "drain_bytes_per_s", "drain_bytes_per_s x", "paper_out 2", "power_cycle 3", "clear on_fire")
    for wrong in (*wrongs, "power_cycle for 2 s"):
        with pytest.raises(ValueError, match="script line 2"):
            printer.follow(f"after 1 event: paper_out\nafter 2 events: {wrong}")
    printer.happened()
    assert not printer.has_fault("paper_out")
