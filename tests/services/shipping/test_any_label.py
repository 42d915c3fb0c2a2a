"""Any schedule of crashes, timeouts and late answers: nothing bought twice, printed twice or lost without a person."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fulfillment.domain.buying import Ask
from fulfillment.services.shipping import label_buying
from tests.factories import FloorHand
from tests.services.label_world import LabelWorld, Schedule

SCHEDULES = 4_000


@pytest.fixture
def world(hand: FloorHand, tmp_path: Path) -> Iterator[LabelWorld]:
    hand.item("MUG")
    hand.order("SO-1", ("MUG", 1))
    hand.floor.close()  # leaves all of it in the one file
    world = LabelWorld(tmp_path / "floor.sqlite")
    yield world
    world.close()


def play(world: LabelWorld, seeds: range) -> list[str]:
    """What went wrong over these schedules."""
    wrong: list[str] = []
    for seed in seeds:
        schedule = Schedule(world, seed)
        try:
            schedule.run()
        except AssertionError as endless:
            wrong.append(str(endless))
            schedule.forget()
        wrong += schedule.wrong()
    return wrong


@pytest.mark.engine("sqlite")
def test_no_schedule_buys_or_prints_twice_or_loses_a_label_silently(world: LabelWorld) -> None:
    # A call asked under silence that arrives after its repeat was declined: found in the second hundred thousand.
    wrong = play(world, range(101_187, 101_188)) + play(world, range(SCHEDULES))
    assert not wrong, f"{len(wrong)} of {SCHEDULES}: {wrong[:3]}"


@pytest.mark.engine("sqlite")
def test_asking_again_without_looking_up_would_be_found(world: LabelWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The schedules have teeth: a worker that repeats what it does not know buys twice."""

    def repeats(call: Any, heard: Any, reason: str, *, after_look_up: bool) -> Any:
        return lambda tx: label_buying.calls.hold(tx, call, reason)

    monkeypatch.setattr(label_buying, "_unknown", repeats)
    wrong = play(world, range(400))
    assert any("nobody asked for a second" in line for line in wrong)


@pytest.mark.engine("sqlite")
def test_a_lost_lease_that_counts_as_nothing_would_be_found(world: LabelWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """And one that buys again after its fellow died while calling buys twice, too."""
    from tests.services import label_world

    monkeypatch.setattr(label_world, "next_ask", lambda heard, promises, is_wanted: Ask.BUY)
    wrong = play(world, range(400))
    assert any("nobody asked for a second" in line for line in wrong)
