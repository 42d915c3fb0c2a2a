"""The day on the floor is the building's own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fulfillment.hot import Tx
from fulfillment.services.common.today import local_day
from tests.factories import FloorHand


@pytest.mark.parametrize(
    ("zone", "utc", "day"),
    [
        ("Asia/Tokyo", "2026-03-01T16:00", "2026-03-02"),
        ("America/Los_Angeles", "2026-03-01T07:59", "2026-02-28"),
        ("Europe/London", "2026-06-30T23:30", "2026-07-01"),  # summer time
        ("Europe/London", "2026-12-31T23:30", "2026-12-31"),
    ],
)
def test_the_day_is_the_one_on_the_wall_of_the_building(hand: FloorHand, zone: str, utc: str, day: str) -> None:
    def work(tx: Tx) -> str:
        tx.run("UPDATE warehouse SET time_zone = :zone WHERE id = :w", zone=zone)
        tx.now_ms = int(datetime.fromisoformat(utc).replace(tzinfo=UTC).timestamp() * 1000)
        return local_day(tx)

    assert hand.write(work) == day
