"""A few simulated days in one process: human error, counts, planted faults, and what the rules of others would do."""

from __future__ import annotations

import pytest

from fulfillment.commands.simulating_days import days_floor, play
from simulators.days.plants import KINDS
from simulators.days.ports import DaysOptions
from simulators.faults import ErrorRates
from tests.benchmarks import fifo_rules
from tests.benchmarks.fifo_days import events_of

pytestmark = pytest.mark.scenario


def test_days_without_errors_leave_book_and_world_alike_and_ours_is_the_only_rule_that_passes_nothing_over() -> None:
    with days_floor() as (floor, clock):
        report = play(floor, clock, DaysOptions(3, seed=2, orders_a_day=30, rates=ErrorRates.none()))
        events = events_of(floor)
    assert report.failures == []
    assert report.surprises == []
    assert report.accuracy["wrong"] == ()
    assert report.accuracy["pairs_dated_right"] == report.accuracy["pairs"] > 100
    assert report.fifo_violations == 0
    assert report.orders_open == 0
    assert report.top_ups > 0
    assert report.refills > 0
    ours, *others = [fifo_rules.play(rule, events) for rule in fifo_rules.RULES]
    assert ours.passed_units == 0
    assert ours.unserved == 0
    assert sum(score.passed_units for score in others) > 0


def test_every_planted_fault_is_found_among_human_errors() -> None:
    with days_floor() as (floor, clock):
        report = play(floor, clock, DaysOptions(5, seed=1, orders_a_day=20, plants=tuple(KINDS)))
    assert {one["plant"]: one["found"] for one in report.planted} == dict.fromkeys(KINDS, True)
    assert report.failures == []
    assert sum(report.errors_injected.values()) > 0
