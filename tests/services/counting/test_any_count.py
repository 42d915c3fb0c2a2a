"""Whatever is counted by whomever in whichever order: the book agrees with itself and with the last count that held."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import DomainError
from fulfillment.services.counting import count_lists, count_results
from fulfillment.services.set_up import setting_up
from fulfillment.services.touring import shorts
from tests.factories import NOBODY, FloorHand
from tests.services.acts import at, wrong
from tests.services.conftest import OpenEmpty

PLACES = ("A01-01-1", "A01-02-1")
BADGES = ("1001", "1002", "1003")  # a supervisor and two pickers

STEPS = st.one_of(
    st.tuples(st.just("count"), st.sampled_from(PLACES), st.integers(0, 12), st.sampled_from(BADGES)),
    st.tuples(st.just("order"), st.integers(1, 8)),
    st.tuples(st.just("short"), st.sampled_from(PLACES)),
    st.tuples(st.just("stock"), st.sampled_from(PLACES), st.integers(1, 5)),
    st.tuples(st.sampled_from(["post", "refuse", "recount"]), st.sampled_from([None, *BADGES])),
)


def test_the_book_is_right_after_every_count_and_decision(
    open_empty: OpenEmpty, days: Callable[[int], int]
) -> None:
    @settings(max_examples=days(25), deadline=None, derandomize=True)
    @given(st.integers(0, 3), st.integers(0, 4), st.lists(STEPS, max_size=12))
    def on_any_day(recount_above: int, approve_above: int, steps: list[Any]) -> None:
        floor = open_empty()
        try:
            _play(FloorHand(floor), recount_above, approve_above, steps)
        finally:
            floor.close()

    on_any_day()


def _play(hand: FloorHand, recount_above: int, approve_above: int, steps: list[Any]) -> None:
    hand.item("MUG")
    hand.stock("MUG", 6, PLACES[0])
    hand.stock("MUG", 4, PLACES[1], "2026-02-01")
    hand.write(lambda tx: setting_up.add_operator(tx, BADGES[2], "Cyd", "picker"))
    hand.write(lambda tx: count_results.set_rules(tx, recount_above, approve_above))
    hand.sign_in("HAND-2", "COUNT", BADGES[0])
    for number, step in enumerate(steps):
        _take(hand, number, *step)
        assert wrong(hand) == []
        # Nobody is left on hold for a count that is neither asked for nor waiting.
        if hand.on_hand(PLACES[0], status="hold") or hand.on_hand(PLACES[1], status="hold"):
            assert hand.write(count_lists.tasks) or hand.write(count_lists.results)


def _take(hand: FloorHand, number: int, kind: str, *how: Any) -> None:
    match kind:
        case "count":
            _count(hand, *how)
        case "order":
            hand.order(f"SO-{number}", ("MUG", how[0]))
        case "stock":
            hand.stock("MUG", how[1], how[0], f"2026-03-{number + 1:02d}")
        case "short":
            place = hand.one("SELECT id FROM location WHERE warehouse_id = :w AND code = :c", c=how[0])["id"]
            hand.write(lambda tx: shorts.hold_and_count(tx, NOBODY, place, 1))
        case _:
            waiting = hand.write(count_lists.results)
            if waiting:
                with contextlib.suppress(DomainError):
                    hand.write(
                        lambda tx: getattr(count_results, kind)(tx, NOBODY, waiting[0]["id"], "counted", how[0])
                    )


def _count(hand: FloorHand, place: str, counted_each: int, badge: str) -> None:
    hand.scan("HAND-2", own_code("B", badge))
    if hand.scan("HAND-2", at(place))["outcome"] == "rejected":
        assert hand.answer["code"] == "own_count"
        return
    if counted_each:
        hand.scan("HAND-2", "MUG", counted_each)
    notice = hand.say("HAND-2", "DONE")["step"]["fields"]["notice"]
    lying = sum(hand.on_hand(place, status=status) for status in ("available", "hold"))
    if notice in ("agreed", "posted"):
        assert lying == counted_each
        assert hand.on_hand(place, status="hold") == 0


def test_the_steps_reach_every_outcome(hand: FloorHand) -> None:
    """The play above would prove little if nothing in it ever waited."""
    _play(
        hand, 1, 3,
        [
            ("count", PLACES[0], 0, BADGES[1]), ("count", PLACES[0], 0, BADGES[2]), ("count", PLACES[1], 1, BADGES[1]),
            ("recount", BADGES[0]), ("post", BADGES[0]),
        ],
    )  # fmt: skip
    states = {row["state"] for row in hand.all("SELECT state FROM count_result WHERE warehouse_id = :w")}
    assert states >= {"refused", "recount"}
    with pytest.raises(DomainError):
        hand.write(lambda tx: count_results.post(tx, NOBODY, 99))
