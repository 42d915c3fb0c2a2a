"""What the waves page says of people: what each is doing, where, and at which rate in that lane."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fulfillment.hot import Tx
from fulfillment.services.releasing import wave_desk
from fulfillment.settings import Settings
from tests.factories import FloorHand
from tests.services.acts import go_to_stop, release, take_tour
from tests.services.flow_day import local_ms, open_with_clock, play_morning


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


def test_a_refill_somebody_took_and_does_not_make_stands_still(morning: FloorHand) -> None:
    def claim(tx: Tx, kind: str, state: str, clock: str) -> None:
        place = tx.one("SELECT id FROM location WHERE warehouse_id = :w AND code = 'A01-01-1'")["id"]
        tx.insert(
            "task", kind=kind, state=state, location_id=place, qty_each=1, created_at_ms=local_ms("11:00"),
            station_id=1, operator_id=2, claimed_at_ms=local_ms(clock),
        )  # fmt: skip

    for kind, state, clock in (
        ("replenish", "open", "11:40"), ("replenish", "open", "11:55"), ("replenish", "done", "11:30"),
    ):  # fmt: skip
        morning.write(lambda tx, kind=kind, state=state, clock=clock: claim(tx, kind, state, clock))
    morning.floor.clock.set("12:00")  # type: ignore[attr-defined]
    assert morning.floor.read(wave_desk.seen)["stuck_tasks"] == [
        {"operator": "Bob", "station": "HAND-1", "location": "A01-01-1", "kind": "replenish",
         "still_ms": 20 * 60_000},
    ]  # fmt: skip


def test_a_picker_is_where_the_next_stop_is(morning: FloorHand) -> None:
    morning.floor.clock.set("12:05")  # type: ignore[attr-defined]
    morning.order("F-6", ("MUG", 1))
    release(morning, "F-6")
    take_tour(morning, first_tote=3)
    go_to_stop(morning)
    assert people(morning, "12:06")["HAND-1"]["location"] == "A01-01-1"
