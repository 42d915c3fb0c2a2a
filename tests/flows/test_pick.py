"""The dialogue of picking, without a database: the state follows from facts and what is in the hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fulfillment.domain.reasons import Rejected
from fulfillment.flows import pick, pick_hand, pick_otherwise
from fulfillment.flows.pick_new_tote import AddTote
from fulfillment.flows.step import Do, Goods, Goto, Place
from tests.flows.hearing import badge, cart, command, item, location, reason, tote

TOUR = pick.Tour(1, 2, 340, 1, 4, (), "A02-01-1")
TASK = pick.PickTask(7, Place(11, "A01-01-1"), Goods(1, "MUG", "Mug", "MUG"), 3, 1, "SO-1", "000001")
STOP = pick.Facts(TOUR, task=TASK)
THERE = {"at": 11}


def hear(facts: pick.Facts, heard: Any, **memory: Any) -> Any:
    return pick.hear(pick.settle(memory, facts).state, memory, heard, facts)


def state(facts: pick.Facts, **memory: Any) -> str:
    return pick.settle(memory, facts).state


# --- before the walk -------------------------------------------------------------------------------------


def test_a_cart_claims_a_tour() -> None:
    assert hear(pick.Facts(None), cart("0001")) == Do(pick.ClaimTour("0001"))
    assert isinstance(hear(pick.Facts(None), tote("000001")), Rejected)


def test_a_tote_is_a_way_in_only_while_a_cart_waits() -> None:
    waits = pick.Facts(None, waiting=({"cart": "0001", "zone": "B", "location": "OVER-B", "stops": 1},))
    assert hear(waits, tote("000001")) == Do(pick.TakeOver("000001"))
    assert pick.settle({}, waits).fields["handed_over"][0]["cart"] == "0001"


def test_every_place_on_the_cart_gets_its_tote() -> None:
    facts = pick.Facts(TOUR, pick.Slot(4, 2, "SO-2"), free_totes=("000009",))
    assert hear(facts, tote("000009")).command == pick.AssignTote(4, "000009")
    assert isinstance(hear(facts, item("MUG")), Rejected)
    assert pick.settle({}, facts).fields == {"tour": 1, "position": 2, "positions": 2, "order": "SO-2"}


# --- a stop ----------------------------------------------------------------------------------------------


def test_the_stop_is_location_item_tote() -> None:
    assert state(STOP) == "location"
    assert state(STOP, **THERE) == "item"
    assert state(STOP, **THERE, task=7, counted=3) == "tote"


def test_only_the_location_asked_for_is_the_right_one() -> None:
    assert hear(STOP, location("A01-01-1")).memory["at"] == 11
    rejected = hear(STOP, location("A09-01-1"))
    assert (rejected.code, rejected.expected, rejected.got) == ("wrong_location", "A01-01-1", "A09-01-1")


def test_reads_of_the_item_add_up() -> None:
    reply = hear(STOP, item("MUG", keyed_each=2), **THERE, task=7, counted=1)
    assert isinstance(reply, Goto)
    assert reply.memory["counted"] == 3


@pytest.mark.parametrize(
    ("heard", "code"),
    [
        (item("CUP", item_id=2), "wrong_item"),
        (item("MUG", keyed_each=4), "too_many"),
        (item("MUG", barcode_each=12), "too_many"),
        (item("MUG", keyed_each=0), "bad_quantity"),
        (tote("000001"), "not_expected"),
        (location("A02-01-1"), "not_expected"),
        (command("UNDO"), "nothing_to_undo"),
        (command("SUBSTITUTE"), "not_expected"),
    ],
)
def test_what_a_hand_gets_wrong_at_the_bin(heard: Any, code: str) -> None:
    assert hear(STOP, heard, **THERE).code == code


def test_the_tote_confirms_what_was_counted() -> None:
    reply = hear(STOP, tote("000001"), **THERE, task=7, counted=3)
    assert reply.command == pick.ConfirmPick(7, 3, "000001", is_short=False)


def test_the_tote_may_be_scanned_before_all_is_found() -> None:
    reply = hear(STOP, tote("000001"), **THERE, task=7, counted=2)
    assert reply.command == pick.ConfirmPick(7, 2, "000001", is_short=False)


@pytest.mark.parametrize(
    ("heard", "code"),
    [(tote("000002"), "wrong_tote"), (item("MUG"), "too_many"), (location("A01-01-1"), "not_expected")],
)
def test_what_a_hand_gets_wrong_at_the_cart(heard: Any, code: str) -> None:
    assert hear(STOP, heard, **THERE, task=7, counted=3).code == code


# --- other ways ------------------------------------------------------------------------------------------


def test_short_with_something_found_goes_to_the_tote_first() -> None:
    reply = hear(STOP, command("SHORT"), **THERE, task=7, counted=1)
    assert state(STOP, **reply.memory) == "short"
    reply = hear(STOP, reason("too_few"), **reply.memory)
    assert isinstance(reply, Goto)
    assert state(STOP, **reply.memory) == "tote"
    reply = hear(STOP, tote("000001"), **reply.memory)
    assert reply.command == pick.ConfirmPick(7, 1, "000001", is_short=True, why="too_few")


def test_short_with_nothing_found_ends_the_stop() -> None:
    asked = hear(STOP, command("SHORT"), **THERE)
    assert hear(STOP, reason("not_there"), **asked.memory).command == pick_otherwise.ReportShort(7, "not_there")
    assert hear(STOP, reason("theft"), **asked.memory).code == "reason_required"
    assert state(STOP, **hear(STOP, command("BACK"), **asked.memory).memory) == "item"


def test_damaged_goods_are_counted_by_scan_or_keyed_and_one_if_nothing_is_said() -> None:
    asked = hear(STOP, command("DAMAGED"), **THERE, task=7, counted=1)
    one = hear(STOP, reason("damaged"), **asked.memory).command
    assert (one.parts, one.why, one.counted_each) == ((pick_otherwise.BrokenPart(1),), "damaged", 1)
    keyed = hear(STOP, replace(reason("quality"), qty_each=3), **asked.memory).command
    assert keyed.parts == (pick_otherwise.BrokenPart(3),)
    scanned = hear(STOP, item("MUG", keyed_each=2), **asked.memory)
    assert pick.settle(scanned.memory, STOP).fields["damaged_each"] == 2
    assert hear(STOP, reason("damaged"), **scanned.memory).command.parts == (pick_otherwise.BrokenPart(2),)
    assert hear(STOP, item("CUP", item_id=2), **asked.memory).code == "wrong_item"


def test_a_substitute_is_taken_only_where_one_is_offered() -> None:
    asked = hear(STOP, command("SHORT"), **THERE)
    assert hear(STOP, command("SUBSTITUTE"), **asked.memory).code == "no_substitute"
    offered = replace(TASK, substitute=pick_otherwise.Substitute(Goods(2, "CUP", "Cup", "CUP"), 9))
    facts = replace(STOP, task=offered)
    assert "SUBSTITUTE" in [one.label for one in pick.settle(asked.memory, facts).expects]
    reply = hear(facts, command("SUBSTITUTE"), **asked.memory)
    assert reply.command == pick_otherwise.ReportShort(7, "not_there", is_substituted=True)


def test_undo_takes_the_last_count_out_of_the_hand_then_the_last_pick_out_of_its_tote() -> None:
    last = {"scan": "s", "tote": 3, "task": 6}
    memory = hear(STOP, item("MUG"), **THERE, last=last).memory
    memory = hear(STOP, item("MUG", keyed_each=2), **memory).memory
    assert state(STOP, **memory) == "tote"
    memory = hear(STOP, command("UNDO"), **memory).memory
    assert pick.settle(memory, STOP).fields["counted_each"] == 1
    assert hear(STOP, command("UNDO"), **memory).command == pick_otherwise.TakeBack(last)
    assert hear(pick.Facts(TOUR), command("UNDO"), last=last).command == pick_otherwise.TakeBack(last)
    assert hear(pick.Facts(TOUR), command("UNDO")).code == "nothing_to_undo"


def test_a_tote_can_be_full_before_anything_is_counted_and_on_the_way_there() -> None:
    for memory in (THERE, {}):
        reply = hear(STOP, command("NEWTOTE"), **memory)
        assert pick.settle(reply.memory, STOP).prompt == "scan_new_tote"
        assert hear(STOP, tote("000009"), **reply.memory).command == AddTote(7, "000009")
        assert state(STOP, **hear(STOP, command("BACK"), **reply.memory).memory) == state(STOP, **memory)


def test_a_stop_may_be_skipped_while_the_hand_is_empty() -> None:
    assert hear(STOP, command("SKIP")).command == pick.SkipTask(7)
    assert hear(STOP, command("SKIP"), **THERE).command == pick.SkipTask(7)
    assert isinstance(hear(STOP, command("SKIP"), **THERE, task=7, counted=1), Rejected)


def test_back_puts_the_units_down() -> None:
    reply = hear(STOP, command("BACK"), **THERE, task=7, counted=2)
    assert state(STOP, **reply.memory) == "location"
    reply = hear(STOP, command("BACK"), **THERE, task=7, counted=3)
    assert state(STOP, **reply.memory) == "item"


def test_a_full_tote_asks_for_another() -> None:
    reply = hear(STOP, command("NEWTOTE"), **THERE, task=7, counted=2)
    assert pick.settle(reply.memory, STOP).prompt == "scan_new_tote"
    reply = hear(STOP, tote("000009"), **reply.memory)
    assert reply.command == AddTote(7, "000009")
    assert reply.memory["new_tote"] is False


def test_another_tote_may_stand_on_any_free_place_of_the_cart() -> None:
    facts = replace(STOP, task=replace(TASK, free_places=(3, 5)))
    memory = hear(facts, command("NEWTOTE"), **THERE, task=7, counted=2).memory
    shown = []
    for _ in range(4):
        step = pick.settle(memory, facts)
        shown.append(step.fields["tote"]["position"])
        assert "OTHERPLACE" in [one.label for one in step.expects]
        reply = hear(facts, tote("000009"), **memory)
        assert reply.command == AddTote(7, "000009", memory["onto"])
        assert "onto" not in reply.memory
        memory = hear(facts, command("OTHERPLACE"), **memory).memory
    assert shown == [1, 3, 5, 1]
    assert "onto" not in hear(facts, command("BACK"), **memory).memory


def test_a_full_cart_offers_no_other_place() -> None:
    memory = hear(STOP, command("NEWTOTE"), **THERE, task=7, counted=2).memory
    assert "OTHERPLACE" not in [one.label for one in pick.settle(memory, STOP).expects]
    assert isinstance(hear(STOP, command("OTHERPLACE"), **memory), Rejected)


def test_a_place_without_a_tote_asks_for_one() -> None:
    facts = replace(STOP, task=replace(TASK, tote=None))
    assert pick.settle({**THERE, "task": 7, "counted": 3}, facts).prompt == "scan_new_tote"
    assert hear(facts, tote("000009"), **THERE, task=7, counted=3).command == AddTote(7, "000009")


def test_what_was_counted_for_one_task_is_not_counted_for_the_next() -> None:
    facts = replace(STOP, task=replace(TASK, task_id=8))
    step = pick.settle({**THERE, "task": 7, "counted": 2, "is_short": True}, facts)
    assert (step.state, step.fields["counted_each"], step.fields["is_short"]) == ("item", 0, False)


def test_two_stops_at_one_location_need_its_sign_once() -> None:
    facts = replace(STOP, task=replace(TASK, task_id=8))
    assert state(facts, **THERE, task=7) == "item"


# --- what a code says, closed cases, a supervisor's word ---------------------------------------------------

LOTS = replace(STOP, task=replace(TASK, oldest=pick_hand.Oldest("2026-01-01", "L1", is_alone=False)))
BOXED = replace(STOP, task=replace(TASK, sealed=pick_hand.Sealed(12, 2, 4)))


def test_a_code_that_says_its_lot_is_judged_by_what_lies_here() -> None:
    read = replace(item("MUG"), item=replace(item("MUG").item, lot="L2"))
    assert hear(LOTS, read, **THERE, task=7, counted=1).command == pick_hand.TakeGoods(7, read.item, 1)
    assert isinstance(hear(LOTS, item("MUG"), **THERE), Goto)


def test_any_scan_among_closed_cases_is_judged_by_what_lies_here() -> None:
    assert hear(BOXED, item("MUG"), **THERE).command.counted_each == 0
    assert hear(BOXED, command("BREAK"), **THERE).command == pick_hand.OpenCase(7)
    assert pick.settle(THERE, BOXED).fields["sealed"] == {"case_each": 12, "loose_each": 2, "cases": 4}
    assert hear(STOP, command("BREAK"), **THERE).code == "not_expected"


def test_a_unit_with_a_serial_is_scanned_by_it() -> None:
    facts = replace(STOP, task=replace(TASK, is_serial=True))
    assert hear(facts, item("MUG"), **THERE).code == "serial_required"
    assert hear(facts, item("MUG", keyed_each=2), **THERE).code == "scan_each"


def test_a_supervisors_word_is_a_badge_and_a_reason_and_good_for_one_scan() -> None:
    memory = hear(LOTS, command("OVERRIDE"), **THERE).memory
    assert (state(LOTS, **memory), pick.settle(memory, LOTS).prompt) == ("supervisor", "scan_badge")
    asked = hear(LOTS, badge("1001"), **memory)
    assert asked.command == pick_otherwise.AskSupervisor("1001")
    memory = {**asked.memory, "override": {"supervisor_id": 5, "by": "Ada", "why": ""}}
    assert state(LOTS, **memory) == "reason"
    assert hear(LOTS, reason("theft"), **memory).code == "reason_required"
    memory = hear(LOTS, reason("damaged"), **memory).memory
    assert pick.settle(memory, LOTS).fields["override"] == {"by": "Ada", "why": "damaged"}
    taken = hear(LOTS, item("MUG"), **memory)
    assert taken.command.override == pick_hand.Override(5, "Ada", "damaged")
    after = pick_hand.with_taken(taken.memory, 1, (pick_hand.HandPart(2, 1, 0, taken.command.override, "s"),))
    assert "override" not in pick.settle(after, LOTS).fields
    assert pick_hand.hand_of(after) == (pick_hand.HandPart(2, 1, 0, taken.command.override, "s"),)


def test_back_leaves_the_question_with_the_units_still_in_the_hand() -> None:
    memory = hear(LOTS, command("OVERRIDE"), **THERE, task=7, counted=1).memory
    back = hear(LOTS, command("BACK"), **memory).memory
    assert (state(LOTS, **back), back["counted"]) == ("item", 1)


def test_a_word_is_asked_only_where_older_goods_lie() -> None:
    assert hear(STOP, command("OVERRIDE"), **THERE).code == "not_expected"


def test_spoilt_goods_at_a_stop_are_set_aside_on_arrival() -> None:
    facts = replace(STOP, task=replace(TASK, has_spoilt=True))
    reply = hear(facts, location("A01-01-1"))
    assert reply.command == pick.SetAsideSpoilt(7)
    assert pick.settle({"at": 11, "notice": "expired"}, STOP).fields["notice"] == "expired"
    assert "notice" not in pick.settle({"at": 11}, STOP).fields


# --- the end ---------------------------------------------------------------------------------------------


def test_without_a_stop_left_the_totes_are_dropped() -> None:
    facts = pick.Facts(replace(TOUR, totes=("000001",)), staging=Place(20, "STAGE-1"))
    step = pick.settle({}, facts)
    assert (step.state, step.fields["totes"], step.fields["location"]["code"]) == ("drop", ["000001"], "STAGE-1")
    assert hear(facts, location("STAGE-1")) == Do(pick.DropTotes(1, "STAGE-1"))
    assert isinstance(hear(facts, tote("000001")), Rejected)


def test_the_screen_says_how_far_and_what_next() -> None:
    fields = pick.settle({}, STOP).fields
    assert (fields["progress"], fields["distance_dm"], fields["next_location"]) == (
        {"done": 1, "total": 4}, 340, "A02-01-1",
    )  # fmt: skip
