"""Whatever supervisors choose and undo while pickers walk, the book stays right and FIFO is accounted for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fulfillment.domain.reasons import DomainError
from fulfillment.services.releasing import wave_acts
from fulfillment.services.touring import fifo_overrides
from tests.factories import NOBODY, FloorHand
from tests.services.acts import make_stop, release, take_tour, wrong
from tests.services.conftest import OpenEmpty
from tests.services.walking.a_walk import work_off

PLACES = ("A01-01-1", "A01-02-1", "A01-03-1", "A02-01-1", "A02-02-1")
ACTS = ("choose", "choose", "choose", "undo", "stock", "order", "release", "walk", "plan")

acts = st.tuples(st.sampled_from(ACTS), st.integers(0, 60), st.integers(0, 60))


def opened(open_empty: OpenEmpty) -> FloorHand:
    """Ten orders of two items on two tours, goods of three days in several places."""
    hand = FloorHand(open_empty())
    for number, sku in enumerate(("MUG", "CUP")):
        hand.item(sku, tolerance_days=3 * number)
        for day in range(3):
            hand.stock(sku, 9, PLACES[(day + 2 * number) % 5], f"2026-01-{5 * day + 1:02}")
    for number in range(10):
        hand.order(f"SO-{number}", ("MUG", 1 + number % 3), ("CUP", 1))
    release(hand)
    return hand


def do(hand: FloorHand, act: str, which: int, how: int) -> None:
    match act:
        case "choose":
            stops = hand.all("SELECT k.id, t.wave_id FROM task k JOIN tour t ON t.id = k.tour_id ORDER BY k.id")
            one = stops[which % len(stops)]
            wave, stop = one["wave_id"], one["id"]
            seen = hand.write(lambda tx: fifo_overrides.look(tx, wave, stop))
            goods = seen["goods"][how % len(seen["goods"])]
            hand.write(lambda tx: fifo_overrides.override(
                tx, NOBODY, wave, stop, goods["location"], goods["layer"], "quality", seen["version"], "", "1001",
            ))  # fmt: skip
        case "undo":
            done = hand.write(wave_acts.listed)
            if done:
                number = done[which % len(done)]["number"]
                hand.write(lambda tx: wave_acts.undo(tx, NOBODY, number, "1001"))
        case "stock":
            hand.stock(("MUG", "CUP")[which % 2], 1 + how % 5, PLACES[which % 5], f"2025-{1 + how % 12:02}-10")
        case "order":
            hand.order(f"NEW-{hand.one('SELECT COUNT(*) AS n FROM sales_order')['n']}", ("MUG", 1 + which % 9))
        case "release":
            release(hand)
        case "plan":
            work_off(hand)
        case "walk":
            if hand.answer and hand.step()["state"] in ("location", "item"):
                make_stop(hand)
            elif not hand.answer:
                take_tour(hand)


def test_whatever_is_chosen_and_undone_the_book_stays_right(
    open_empty: OpenEmpty, days: Callable[[int], int]
) -> None:  # fmt: skip
    @settings(
        max_examples=days(8), deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.lists(acts, min_size=15, max_size=35))
    def any_shift(shift: list[tuple[str, int, int]]) -> None:
        hand = opened(open_empty)
        try:
            for number, (act, which, how) in enumerate(shift):
                with contextlib.suppress(DomainError):
                    do(hand, act, which, how)
                if number % 5 == 4:
                    assert wrong(hand) == []
            assert wrong(hand) == []
            behind = hand.all(
                "SELECT k.id FROM task k LEFT JOIN allocation a ON a.task_id = k.id AND a.qty_each > 0"
                " WHERE k.state = 'open' GROUP BY k.id, k.qty_each, k.done_each, k.location_id"
                " HAVING COALESCE(SUM(CASE WHEN a.location_id = k.location_id THEN a.qty_each ELSE 0 END), 0)"
                " <> k.qty_each - k.done_each"
            )
            assert behind == []
        finally:
            hand.floor.close()

    any_shift()
