"""What the days need of a floor, and what they are asked to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from simulators.days import plants
from simulators.days.station import ScanPort, StepPort
from simulators.faults import ErrorRates

# How many days may lie between two counts of a place, by the class of what lies there; 0 = every evening.
CLASS_DAYS = {"A": 0, "B": 1, "C": 2}
RECOUNT_ABOVE_EACH = 0


class Refused(RuntimeError):
    """The floor refused a program's wish."""


@dataclass(frozen=True, slots=True)
class Ports:
    """All the engine knows of a floor: scans, screens, the API, its planner and its clock."""

    scan: ScanPort
    show: StepPort
    call: Callable[[str, str, Mapping[str, Any] | None], tuple[int, Any]]
    plan_wave: Callable[[int], int]  # wave → its tours
    set_time: Callable[[datetime], None]
    plant: Callable[[str], Mapping[str, Any] | None] = lambda _: None


@dataclass(frozen=True, slots=True)
class DaysOptions:
    days: int = 30
    seed: int = 1
    orders_a_day: int = 70
    counts: bool = True
    rates: ErrorRates = field(default_factory=ErrorRates.trained)
    plants: tuple[str, ...] = ()
    class_days: Mapping[str, int] = field(default_factory=lambda: dict(CLASS_DAYS))

    def __post_init__(self) -> None:
        unknown = [kind for kind in self.plants if kind not in plants.KINDS]
        if unknown:
            raise ValueError(f"--plant {unknown[0]}: one of {', '.join(plants.KINDS)}")
        if self.days < 1:
            raise ValueError("at least one day")
