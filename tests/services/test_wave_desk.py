"""What the waves page says of people: what each is doing, where, and at which rate in that lane."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fulfillment.services import wave_desk
from fulfillment.settings import Settings
from tests.factories import FloorHand
from tests.services.acts import go_to_stop, release, take_tour
from tests.services.flow_day import open_with_clock, play_morning


@pytest.fixture
def morning(settings: Settings) -> Iterator[FloorHand]:
    floor, clock = open_with_clock(settings)
    hand = FloorHand(floor)
    play_morning(hand, clock)
    yield hand
    floor.close()


def people(hand: FloorHand, clock: str) -> dict[str, dict[str, Any]]:
    hand.floor.clock.set(clock)  # type: ignore[attr-defined]
    return {one["station"]: one for one in hand.floor.read(wave_desk.seen)["people"]}


def test_a_packers_rate_is_of_packing(morning: FloorHand) -> None:
    at_bench = people(morning, "10:35")["BENCH-1"]
    assert (at_bench["operator"], at_bench["flow"], at_bench["location"]) == ("Ada", "pack", "BENCH-1")
    assert (at_bench["lines"], at_bench["lines_per_hour"]) == (3, 22)  # three lines in the eight minutes from 09:45


def test_a_picker_is_where_the_next_stop_is(morning: FloorHand) -> None:
    morning.floor.clock.set("12:05")  # type: ignore[attr-defined]
    morning.order("F-6", ("MUG", 1))
    release(morning, "F-6")
    take_tour(morning, first_tote=3)
    go_to_stop(morning)
    assert people(morning, "12:06")["HAND-1"]["location"] == "A01-01-1"
