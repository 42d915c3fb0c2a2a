"""Whatever a picker declares in whatever order, units are kept, promises are what tasks ask for, and FIFO holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fulfillment.services.ordering import substitutes
from tests.factories import FloorHand
from tests.services.acts import TOTES, release, take_tour, wrong
from tests.services.conftest import OpenEmpty

HAND = "HAND-1"
STOCK = (
    ("MUG", 3, "A01-01-1", "2026-01-01"), ("MUG", 2, "A01-01-1", "2026-02-01"), ("MUG", 6, "A02-01-1", "2026-03-01"),
    ("CUP", 4, "A01-02-1", "2026-01-01"), ("CUP", 4, "P01-01-1", "2026-01-05"), ("PEN", 20, "A01-03-1", "2026-01-01"),
)  # fmt: skip
UNITS = sum(qty_each for _, qty_each, _, _ in STOCK)
WORDS = ("SHORT", "DAMAGED", "NEWTOTE", "OTHERPLACE", "SUBSTITUTE", "UNDO", "UNDO", "SKIP", "HELP", "BACK")

# As the screen says (a number to key, None = as many as it asks for), or a word with a reason and how many.
acts = st.one_of(
    st.sampled_from((None, None, None, 1, 2)),
    st.tuples(st.sampled_from(WORDS), st.integers(0, 3), st.sampled_from((None, 1, 2, 3))),
)


def opened(open_empty: OpenEmpty) -> FloorHand:
    """Two orders that allow substitutes and one that must leave whole, their picker before the first stop."""
    hand = FloorHand(open_empty())
    for sku in ("MUG", "CUP", "PEN"):
        hand.item(sku)
    for sku, qty_each, place, day in STOCK:
        hand.stock(sku, qty_each, place, day)
    for sku in ("MUG", "CUP"):
        hand.write(lambda tx, sku=sku: substitutes.give(tx, sku, "PEN", 1))
    hand.order("SO-1", ("MUG", 4), ("CUP", 3), may_substitute=True)
    hand.order("SO-2", ("MUG", 3), ("CUP", 3), may_substitute=True)
    hand.order("SO-3", ("CUP", 2), policy="ship_complete")
    release(hand)
    take_tour(hand)
    return hand


def do(hand: FloorHand, act: Any, totes: list[str]) -> None:
    screen = hand.step()
    if isinstance(act, tuple):
        word, which, qty_each = act
        hand.say(HAND, word)
        reasons = [one for one in hand.step()["expects"] if one["kind"] == "reason"]
        if reasons:
            hand.scan(HAND, reasons[which % len(reasons)]["code"], qty_each)
        return
    offer = next((one for one in screen["expects"] if one["kind"] != "command"), None)
    if offer is None:
        return
    code = totes.pop() if screen["prompt"] == "scan_new_tote" and totes else offer["code"]
    if offer["kind"] == "item":
        hand.scan(HAND, code, act or screen["fields"].get("left_each"))
    elif code:
        hand.scan(HAND, code)


def test_whatever_a_picker_declares_the_book_stays_right(open_empty: OpenEmpty, days: Callable[[int], int]) -> None:
    @settings(
        max_examples=days(12), deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.lists(acts, min_size=20, max_size=45))
    def any_walk(walk: list[Any]) -> None:
        hand = opened(open_empty)
        try:
            totes = list(TOTES[10:])
            for number, act in enumerate(walk):
                do(hand, act, totes)
                if number % 8 == 7:
                    assert wrong(hand) == []
            assert wrong(hand) == []
            lying = hand.one("SELECT SUM(on_hand_each) AS n FROM stock_balance WHERE warehouse_id = :w")["n"]
            assert lying == UNITS
        finally:
            hand.floor.close()

    any_walk()
