"""Shifts as a supervisor sets them."""

from __future__ import annotations

import pytest

from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.services.releasing import picker_shifts
from tests.factories import FloorHand

DAY_MS = 1_790_000_000_000
HOUR_MS = 3_600_000


def put(hand: FloorHand, from_h: float, until_h: float, *breaks: tuple[float, float], badge: str = "1002") -> None:
    rests = [(DAY_MS + int(begin * HOUR_MS), DAY_MS + int(end * HOUR_MS)) for begin, end in breaks]
    hand.write(
        lambda tx: picker_shifts.set_shift(
            tx, badge, DAY_MS + int(from_h * HOUR_MS), DAY_MS + int(until_h * HOUR_MS), rests
        )
    )


def shown(hand: FloorHand) -> list[tuple[str, float, float, int]]:
    rows = hand.write(lambda tx: picker_shifts.listed(tx, DAY_MS, DAY_MS + 24 * HOUR_MS))
    return [
        (
            row["badge"],
            (row["from_at_ms"] - DAY_MS) / HOUR_MS,
            (row["until_at_ms"] - DAY_MS) / HOUR_MS,
            len(row["breaks"]),
        )
        for row in rows
    ]


def test_shifts_are_shown_with_their_breaks(hand: FloorHand) -> None:
    put(hand, 6, 14, (9, 9.5), (12, 12.25))
    put(hand, 7, 15, badge="1001")
    assert shown(hand) == [("1002", 6, 14, 2), ("1001", 7, 15, 0)]


def test_a_shift_replaces_the_one_it_touches(hand: FloorHand) -> None:
    put(hand, 6, 14, (9, 9.5))
    put(hand, 8, 16)
    put(hand, 16, 18)
    assert shown(hand) == [("1002", 8, 16, 0), ("1002", 16, 18, 0)]


def test_a_shift_can_be_taken_away(hand: FloorHand) -> None:
    put(hand, 6, 14, (9, 9.5))
    hand.write(lambda tx: picker_shifts.remove_shift(tx, "1002", DAY_MS + 7 * HOUR_MS))
    assert shown(hand) == []
    with pytest.raises(NotFound):
        hand.write(lambda tx: picker_shifts.remove_shift(tx, "1002", DAY_MS + 7 * HOUR_MS))


@pytest.mark.parametrize(
    ("hours", "breaks", "field"),
    [
        ((6, 6), (), "ends"),
        ((6, 31), (), "ends"),
        ((6, 14), ((5, 7),), "breaks[0]"),
        ((6, 14), ((9, 10), (9.5, 11)), "breaks[1]"),
        ((6, 14), ((13, 15),), "breaks[0]"),
        ((6, 18), tuple((6 + at, 6.5 + at) for at in range(11)), "breaks"),
    ],
)
def test_hours_that_cannot_be_are_refused(
    hand: FloorHand, hours: tuple[float, float], breaks: tuple[tuple[float, float], ...], field: str
) -> None:
    with pytest.raises(DomainError) as refused:
        put(hand, *hours, *breaks)
    assert refused.value.field == field


def test_nobody_has_a_badge_that_was_never_given(hand: FloorHand) -> None:
    with pytest.raises(NotFound):
        put(hand, 6, 14, badge="9999")
