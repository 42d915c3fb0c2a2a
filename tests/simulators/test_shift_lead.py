"""What the lead of a simulated shift does when nobody has anything to do."""

from __future__ import annotations

from typing import Any, cast

from simulators.client import FloorHttp
from simulators.shift import Shift
from simulators.shift.state import _Stage
from simulators.world import Equipment


class QuietFloor(Shift):
    """Nothing waits to be released, loaded or packed."""

    def __init__(self) -> None:
        self.gear, self._stage, self._has_counted = Equipment(), _Stage(), False
        self.options = cast(Any, type("Options", (), {"loop": False}))

    def _release(self, api: FloorHttp) -> bool:
        return False

    def _top_up(self, api: FloorHttp) -> bool:
        return False

    def asks_for_a_count(self) -> bool:
        self._stage.is_counting = False
        goes_on = self._when_quiet(cast(FloorHttp, None))
        assert goes_on == self._stage.is_counting
        return goes_on


def test_the_floor_is_counted_once_when_all_is_quiet_and_then_the_day_ends() -> None:
    floor = QuietFloor()
    assert floor.asks_for_a_count()
    assert not floor.asks_for_a_count()


def test_a_unit_missed_after_the_count_is_looked_for_before_the_day_ends() -> None:
    floor = QuietFloor()
    assert floor.asks_for_a_count()
    floor.gear.to_count["A04-07-1"] = "missing in a tote to be put back"
    assert floor.asks_for_a_count()
    floor.gear.to_count.clear()
    assert not floor.asks_for_a_count()
