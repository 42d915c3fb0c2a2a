"""Whom a supervisor is told to move: somebody who is there, may do the work, and leaves least behind."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment.domain.flow import Lane
from fulfillment.services.releasing import movable
from tests.factories import FloorHand
from tests.services.acts import release, take_tour
from tests.services.walking.a_walk import stock_every_bin


@pytest.fixture
def picking(hand: FloorHand) -> FloorHand:
    """Ada, a supervisor, walks a tour of two stops."""
    stock_every_bin(hand)
    hand.order("1", ("A01-01-1", 1), ("A02-01-1", 1))
    release(hand)
    take_tour(hand)
    return hand


def whom(hand: FloorHand, lane: Lane, source: Lane | None = None) -> dict[str, Any]:
    return hand.floor.read(lambda tx: movable.whom(tx, lane, source))


def test_somebody_on_a_tour_is_told_with_the_stops_that_come_first(picking: FloorHand) -> None:
    assert whom(picking, Lane.PACK, Lane.PICK) == {
        "reason": "stops", "operator": "Ada", "station": "HAND-1", "count": 2
    }


def test_whoever_has_nothing_in_hand_goes_before_somebody_on_a_tour(picking: FloorHand) -> None:
    picking.sign_in("HAND-2", "PICK", "1002")
    assert whom(picking, Lane.SORT, Lane.PICK) == {
        "reason": "free", "operator": "Bob", "station": "HAND-2", "count": 0
    }


def test_nobody_is_sent_to_work_their_role_does_not_allow(hand: FloorHand) -> None:
    hand.sign_in("HAND-2", "PICK", "1002")
    assert whom(hand, Lane.PACK)["reason"] == "nobody"
    assert whom(hand, Lane.SORT)["operator"] == "Bob"


def test_nobody_is_taken_from_another_lane_than_the_one_that_can_spare_somebody(picking: FloorHand) -> None:
    assert whom(picking, Lane.PACK, Lane.SORT)["reason"] == "nobody"
    assert whom(picking, Lane.PICK)["reason"] == "nobody"  # who is there already is no help
