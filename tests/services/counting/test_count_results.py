"""Rules of counts that differ: who counts again, who agrees, and what nobody is promised meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.services.counting import count_lists, count_plans, count_results
from fulfillment.services.set_up import setting_up
from tests.factories import NOBODY, FloorHand
from tests.services.acts import at, demand, finish_tour, promises, release, take_tour

ADA, BOB, CYD = "1001", "1002", "1003"  # Ada is the supervisor


pytestmark = pytest.mark.usefixtures("book_is_right")


@pytest.fixture
def shelf(hand: FloorHand) -> FloorHand:
    """Ten MUG in A01-01-1; differences above 2 are counted again, above 4 somebody must agree."""
    hand.item("MUG", value_minor=250, currency="GBP")
    hand.stock("MUG", 10)
    hand.write(lambda tx: setting_up.add_operator(tx, CYD, "Cyd", "picker"))
    hand.write(lambda tx: count_results.set_rules(tx, 2, 4))
    hand.scan("HAND-2", own_code("B", BOB))
    hand.say("HAND-2", "COUNT")
    return hand


def count(hand: FloorHand, badge: str, qty_each: int, location: str = "A01-01-1") -> str:
    """Somebody counts MUG at HAND-2; what the screen says came of it."""
    hand.scan("HAND-2", own_code("B", badge))
    assert hand.scan("HAND-2", at(location))["outcome"] == "applied", hand.answer
    if qty_each:
        hand.scan("HAND-2", "MUG", qty_each)
    return hand.say("HAND-2", "DONE")["step"]["fields"]["notice"]


def states(hand: FloorHand) -> list[tuple[int, int, str]]:
    rows = hand.all("SELECT round, counted_each, state FROM count_result WHERE warehouse_id = :w ORDER BY id")
    return [(row["round"], row["counted_each"], row["state"]) for row in rows]


def count_tasks(hand: FloorHand) -> list[tuple[str, str]]:
    rows = hand.all("SELECT reason, state FROM task WHERE warehouse_id = :w AND kind = 'count' ORDER BY id")
    return [(row["reason"], row["state"]) for row in rows]


def last(hand: FloorHand) -> int:
    return hand.one("SELECT MAX(id) AS id FROM count_result WHERE warehouse_id = :w")["id"]


def decide(hand: FloorHand, how: str, result_id: int | None = None, **more: Any) -> dict[str, Any]:
    result = result_id or last(hand)
    hand.write(lambda tx: getattr(count_results, how)(tx, NOBODY, result, **more))
    return hand.write(lambda tx: count_lists.describe(tx, result))


# --- what a count comes to -------------------------------------------------------------------------------


def test_a_small_difference_is_posted_at_once(shelf: FloorHand) -> None:
    assert count(shelf, BOB, 8) == "posted"
    assert shelf.on_hand("A01-01-1") == 8
    assert states(shelf) == [(1, 8, "posted")]
    move = shelf.one("SELECT reason, why FROM stock_move WHERE warehouse_id = :w ORDER BY id DESC LIMIT 1")
    assert move == {"reason": "count", "why": "counted"}


def test_a_count_that_agrees_is_kept_too(shelf: FloorHand) -> None:
    assert count(shelf, BOB, 10) == "agreed"
    assert states(shelf) == [(1, 10, "agreed")]


def test_without_thresholds_every_count_is_posted(shelf: FloorHand) -> None:
    shelf.write(lambda tx: count_results.set_rules(tx, None, None))
    assert count(shelf, BOB, 0) == "posted"


def test_a_large_difference_is_counted_again_before_the_book_follows(shelf: FloorHand) -> None:
    assert count(shelf, BOB, 7) == "recount"
    assert shelf.on_hand("A01-01-1") + shelf.on_hand("A01-01-1", status="hold") == 10
    assert count_tasks(shelf) == [("recount", "open")]
    assert count(shelf, CYD, 7) == "posted"
    assert shelf.on_hand("A01-01-1") == 7
    assert states(shelf) == [(1, 7, "refused"), (2, 7, "posted")]
    assert count_tasks(shelf) == [("recount", "done")]


def test_nobody_counts_their_own_count_again_not_even_a_supervisor(shelf: FloorHand) -> None:
    assert count(shelf, ADA, 7) == "recount"
    assert shelf.scan("HAND-2", at("A01-01-1"))["code"] == "own_count"
    assert shelf.step()["fields"]["next"] is None
    assert shelf.step()["fields"]["waiting"] == 0
    shelf.scan("HAND-2", own_code("B", BOB))
    assert shelf.step()["fields"]["next"]["code"] == "A01-01-1"


def test_who_takes_a_second_count_over_may_not_be_the_first_counter(shelf: FloorHand) -> None:
    count(shelf, BOB, 7)
    shelf.scan("HAND-2", own_code("B", CYD))
    shelf.scan("HAND-2", at("A01-01-1"))
    shelf.scan("HAND-2", "MUG", 7)
    shelf.scan("HAND-2", own_code("B", BOB))
    assert shelf.say("HAND-2", "DONE")["code"] == "own_count"
    assert shelf.step()["state"] == "item"
    shelf.scan("HAND-2", own_code("B", CYD))
    assert shelf.say("HAND-2", "DONE")["step"]["fields"]["notice"] == "posted"


def test_a_second_count_that_agrees_with_the_book_frees_what_was_held(shelf: FloorHand) -> None:
    count(shelf, BOB, 7)
    assert count(shelf, CYD, 10) == "agreed"
    assert (shelf.on_hand("A01-01-1"), shelf.on_hand("A01-01-1", status="hold")) == (10, 0)


def test_a_second_count_unlike_both_is_the_one_that_holds(shelf: FloorHand) -> None:
    count(shelf, BOB, 7)
    assert count(shelf, CYD, 6) == "posted"
    assert shelf.on_hand("A01-01-1") == 6


def test_a_second_count_that_finds_nothing_of_it_speaks_of_it_too(shelf: FloorHand) -> None:
    count(shelf, BOB, 3, "A01-02-1")
    assert states(shelf) == [(1, 3, "recount")]
    assert count(shelf, CYD, 0, "A01-02-1") == "agreed"
    assert states(shelf) == [(1, 3, "refused"), (2, 0, "agreed")]


def test_above_the_second_threshold_somebody_must_agree(shelf: FloorHand) -> None:
    count(shelf, BOB, 2)
    assert count(shelf, CYD, 2) == "pending"
    assert shelf.on_hand("A01-01-1") + shelf.on_hand("A01-01-1", status="hold") == 10


def test_a_supervisors_second_count_needs_nobodys_leave(shelf: FloorHand) -> None:
    count(shelf, BOB, 2)
    assert count(shelf, ADA, 2) == "posted"
    assert shelf.on_hand("A01-01-1") == 2


def test_a_supervisors_first_count_is_one_pair_of_eyes(shelf: FloorHand) -> None:
    shelf.write(lambda tx: count_results.set_rules(tx, None, 4))
    assert count(shelf, ADA, 2) == "pending"


def test_a_later_count_replaces_one_nobody_has_decided(shelf: FloorHand) -> None:
    shelf.write(lambda tx: count_results.set_rules(tx, None, 4))
    count(shelf, BOB, 2)
    assert count(shelf, BOB, 9) == "posted"
    assert states(shelf) == [(1, 2, "refused"), (1, 9, "posted")]
    assert (shelf.on_hand("A01-01-1"), shelf.on_hand("A01-01-1", status="hold")) == (9, 0)


# --- what may be promised meanwhile ----------------------------------------------------------------------


def test_units_a_count_did_not_find_are_promised_to_nobody_until_it_is_decided(shelf: FloorHand) -> None:
    count(shelf, BOB, 3)
    assert (shelf.on_hand("A01-01-1"), shelf.on_hand("A01-01-1", status="hold")) == (3, 7)
    shelf.order("SO-1", ("MUG", 5))
    assert demand(shelf, "SO-1")["allocated"] == 3
    count(shelf, CYD, 10)
    assert demand(shelf, "SO-1")["allocated"] == 5


def test_units_a_count_found_beyond_the_book_are_promised_when_it_is_decided(shelf: FloorHand) -> None:
    shelf.order("SO-1", ("MUG", 14))
    assert count(shelf, BOB, 14) == "recount"
    assert demand(shelf, "SO-1")["allocated"] == 10
    count(shelf, CYD, 14)
    assert demand(shelf, "SO-1")["allocated"] == 14


def test_a_promise_that_stands_falls_only_when_the_count_is_decided(shelf: FloorHand) -> None:
    shelf.order("SO-1", ("MUG", 9))
    count(shelf, BOB, 2)
    assert sum(units for _, _, units in promises(shelf, "SO-1")) == 9
    assert shelf.on_hand("A01-01-1", status="hold") == 1
    count(shelf, ADA, 2)
    assert sum(units for _, _, units in promises(shelf, "SO-1")) == 2


# --- a supervisor decides --------------------------------------------------------------------------------


@pytest.fixture
def pending(shelf: FloorHand) -> FloorHand:
    """Two people found two of the ten."""
    count(shelf, BOB, 2)
    count(shelf, CYD, 2)
    return shelf


def test_posting_makes_the_book_follow_with_the_reason_given(pending: FloorHand) -> None:
    result = decide(pending, "post", why="theft", badge=ADA)
    assert (result["state"], result["decided_by"], result["variance_each"]) == ("posted", "Ada", -8)
    assert (result["value_minor"], result["currency"]) == (-2000, "GBP")
    assert (pending.on_hand("A01-01-1"), pending.on_hand("A01-01-1", status="hold")) == (2, 0)
    move = pending.one("SELECT operator_id, why FROM stock_move WHERE warehouse_id = :w ORDER BY id DESC LIMIT 1")
    assert move == {"operator_id": 1, "why": "theft"}


def test_refusing_leaves_the_book_and_frees_what_was_held(pending: FloorHand) -> None:
    assert decide(pending, "refuse")["state"] == "refused"
    assert (pending.on_hand("A01-01-1"), pending.on_hand("A01-01-1", status="hold")) == (10, 0)


def test_counting_again_asks_somebody_else_than_the_last_counter(pending: FloorHand) -> None:
    assert decide(pending, "recount")["state"] == "recount"
    assert count_tasks(pending)[-1] == ("recount", "open")
    pending.scan("HAND-2", own_code("B", CYD))
    assert pending.scan("HAND-2", at("A01-01-1"))["code"] == "own_count"
    assert count(pending, BOB, 9) == "posted"
    assert states(pending)[-1] == (3, 9, "posted")


def test_a_count_is_decided_once(pending: FloorHand) -> None:
    decide(pending, "post")
    for how in ("post", "refuse", "recount"):
        with pytest.raises(Conflict) as caught:
            decide(pending, how)
        assert caught.value.code == "count_decided"
    assert pending.on_hand("A01-01-1") == 2


def test_a_decision_makes_the_second_count_unnecessary(shelf: FloorHand) -> None:
    count(shelf, BOB, 7)
    decide(shelf, "post")
    assert count_tasks(shelf) == [("recount", "cancelled")]
    assert shelf.on_hand("A01-01-1") == 7


def test_what_was_picked_since_the_count_is_not_missing_twice(shelf: FloorHand) -> None:
    shelf.write(lambda tx: count_results.set_rules(tx, None, 4))
    shelf.order("SO-1", ("MUG", 3))
    count(shelf, BOB, 5)
    release(shelf)
    take_tour(shelf)
    finish_tour(shelf)
    decide(shelf, "post")
    assert (shelf.on_hand("A01-01-1"), shelf.on_hand("A01-01-1", status="hold")) == (2, 0)


def test_a_count_the_floor_has_outrun_cannot_be_posted(shelf: FloorHand) -> None:
    shelf.write(lambda tx: count_results.set_rules(tx, None, 4))
    shelf.order("SO-1", ("MUG", 8))
    count(shelf, BOB, 2)
    release(shelf)
    take_tour(shelf)
    finish_tour(shelf)
    with pytest.raises(Conflict) as caught:
        decide(shelf, "post")
    assert caught.value.code == "count_is_old"
    decide(shelf, "recount")
    assert count(shelf, CYD, 2) == "agreed"


@pytest.mark.parametrize(
    ("badge", "code"), [("9999", "unknown_badge"), (BOB, "not_allowed"), (CYD, "not_allowed")]
)
def test_only_a_supervisor_decides(pending: FloorHand, badge: str, code: str) -> None:
    with pytest.raises(DomainError) as caught:
        decide(pending, "post", badge=badge)
    assert caught.value.code == code
    assert pending.on_hand("A01-01-1") == 2


def test_nobody_decides_over_a_count_of_their_own(shelf: FloorHand) -> None:
    shelf.write(lambda tx: count_results.set_rules(tx, None, 4))
    count(shelf, ADA, 2)
    with pytest.raises(Conflict) as caught:
        decide(shelf, "post", badge=ADA)
    assert caught.value.code == "own_count"


def test_an_unknown_count_is_not_decided(shelf: FloorHand) -> None:
    with pytest.raises(NotFound):
        decide(shelf, "post", 77)


def test_a_refused_count_does_not_free_what_a_picker_missed(shelf: FloorHand) -> None:
    shelf.write(lambda tx: count_results.set_rules(tx, None, 4))
    count(shelf, BOB, 3)
    place = shelf.one("SELECT id FROM location WHERE warehouse_id = :w AND code = 'A01-01-1'")["id"]
    shelf.write(lambda tx: count_plans.ask_count(tx, NOBODY, place, "short"))
    decide(shelf, "refuse")
    assert shelf.on_hand("A01-01-1", status="hold") == 7
    count(shelf, CYD, 10)
    assert shelf.on_hand("A01-01-1") == 10
