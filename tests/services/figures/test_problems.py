"""What somebody says is wrong: two scans, one card, and the work goes on as it was."""

from __future__ import annotations

import pytest

from fulfillment.domain.codes import own_code
from fulfillment.domain.problems import ProblemKind
from fulfillment.domain.reasons import Conflict, DomainError
from fulfillment.services.figures import problems
from fulfillment.services.scan_path import scans
from tests.factories import NOBODY, FloorHand
from tests.services.walking.a_walk import stocked_tour


def kind_code(kind: ProblemKind) -> str:
    return own_code("Y", kind.upper().replace("_", "-"))


def test_two_scans_make_a_card_of_what_the_screen_was_about_and_the_task_goes_on(hand: FloorHand) -> None:
    stocked_tour(hand)
    before = hand.write(lambda tx: scans.current_step(tx, "HAND-1"))
    assert hand.say("HAND-1", "PROBLEM")["step"]["state"] == "problem"
    answer = hand.scan("HAND-1", kind_code(ProblemKind.PLACE_BLOCKED), scan_id="said-1")
    assert answer["step"]["fields"].pop("notice") == "problem_told"
    assert answer["step"] == before
    again = hand.scan("HAND-1", kind_code(ProblemKind.PLACE_BLOCKED), scan_id="said-1")
    assert again["replayed"]
    (card,) = hand.write(problems.listed)
    place, item = before["fields"]["location"]["code"], before["fields"]["item"]["sku"]
    assert (card["kind"], card["state"], card["station"], card["flow"], card["location"], card["sku"]) == (
        "place_blocked", "open", "HAND-1", "pick", place, item,
    )  # fmt: skip
    task = hand.one("SELECT kind, state FROM task WHERE warehouse_id = :w AND id = :id", id=card["task"])
    assert task == {"kind": "pick", "state": "open"}


@pytest.mark.parametrize("kind", list(ProblemKind))
def test_every_kind_can_be_said_at_every_resting_screen(hand: FloorHand, kind: ProblemKind) -> None:
    hand.say("HAND-1", "PROBLEM")
    assert hand.scan("HAND-1", kind_code(kind))["outcome"] == "applied"
    (card,) = hand.write(problems.listed)
    assert (card["kind"], card["operator"], card["location"], card["task"]) == (kind, "", "", None)


def test_anything_else_is_refused_while_it_is_asked_and_back_makes_no_card(hand: FloorHand) -> None:
    hand.sign_in("HAND-1", "COUNT")
    hand.say("HAND-1", "PROBLEM")
    for code in (own_code("L", "A01-01-1"), own_code("C", "HOME"), own_code("Y", "QUALITY")):
        assert hand.scan("HAND-1", code)["code"] == "not_expected"
    assert hand.say("HAND-1", "BACK")["step"]["flow"] == "count"
    assert hand.write(problems.listed) == []
    # Nobody asked: a kind by itself says nothing.
    assert hand.scan("HAND-1", kind_code(ProblemKind.UNSAFE))["outcome"] == "rejected"


def test_a_badge_takes_over_while_the_problem_is_asked(hand: FloorHand) -> None:
    hand.sign_in("HAND-1", "COUNT")
    hand.say("HAND-1", "PROBLEM")
    assert hand.scan("HAND-1", own_code("B", "1002"))["step"]["flow"] == "count"


def test_a_supervisor_takes_it_up_and_closes_it_with_a_note_once(hand: FloorHand) -> None:
    for _ in range(2):
        hand.say("HAND-1", "PROBLEM")
        hand.scan("HAND-1", kind_code(ProblemKind.DEVICE))
    first, second = (card["problem"] for card in hand.write(problems.listed))
    taken = hand.write(lambda tx: problems.take_up(tx, NOBODY, first, "1001"))
    assert (taken["state"], taken["taken_by"]) == ("taken", "Ada")
    assert [card["problem"] for card in hand.write(problems.listed)] == [second, first]
    for badge, code in (("1002", "not_allowed"), ("9", "unknown_badge"), ("", "unknown_badge")):
        with pytest.raises(DomainError) as refused:
            hand.write(lambda tx, badge=badge: problems.close(tx, NOBODY, first, "cable", badge))
        assert refused.value.code == code
    with pytest.raises(DomainError, match="what was done"):
        hand.write(lambda tx: problems.close(tx, NOBODY, first, "  ", "1001"))
    closed = hand.write(lambda tx: problems.close(tx, NOBODY, first, "new cable", may_without_badge=True))
    assert (closed["state"], closed["note"]) == ("closed", "new cable")
    with pytest.raises(Conflict):
        hand.write(lambda tx: problems.take_up(tx, NOBODY, first, "1001"))
    assert [card["problem"] for card in hand.write(problems.listed)] == [second]
    assert [card["problem"] for card in hand.write(lambda tx: problems.listed(tx, "closed"))] == [first]
