"""Whoever waits for work is told when somebody, in another process too, has committed something."""

from __future__ import annotations

import threading
import time

import pytest

from fulfillment.bootstrap import open_floor
from fulfillment.services.working.bell import Bell
from tests.factories import FloorHand

LONG_S = 20.0


@pytest.mark.engine("sqlite")
def test_a_commit_of_somebody_else_ends_the_wait(hand: FloorHand) -> None:
    other = open_floor(hand.floor.settings)
    try:
        with Bell(other) as bell:
            bell.wait(0.02)  # what was written before is no news after this
            began_s = time.monotonic()
            later = threading.Timer(0.1, hand.item, ("MUG",))
            later.start()
            bell.wait(LONG_S)
            assert time.monotonic() - began_s < LONG_S / 2
            later.join()
    finally:
        other.close()


@pytest.mark.engine("sqlite")
def test_what_was_committed_before_the_wait_ends_it_at_once(hand: FloorHand) -> None:
    with Bell(hand.floor) as bell:
        hand.item("MUG")
        began_s = time.monotonic()
        bell.wait(LONG_S)
        assert time.monotonic() - began_s < LONG_S / 2


def test_without_news_a_wait_ends_after_its_time(hand: FloorHand) -> None:
    with Bell(hand.floor) as bell:
        bell.wait(0.01)
        began_s = time.monotonic()
        bell.wait(0.05)
        assert time.monotonic() - began_s >= 0.05
