"""The bench as a dialogue: what a read means on each screen. Pure: no table is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fulfillment.domain.reasons import REPRINTING, Reject, Rejected
from fulfillment.flows.pack import (
    AskForParcel,
    CheckLabel,
    Closed,
    CloseParcel,
    DenyLabel,
    Facts,
    NextGoods,
    OpenTote,
    Order,
    PackGoods,
    PutInLane,
    RefuseLabel,
    ReopenParcel,
    ReportMissing,
    ReprintLabel,
    Tote,
    VoidParcel,
    hear,
    settle,
)
from fulfillment.flows.parcel import Parcel
from fulfillment.flows.step import Do, Goods, Goto, Heard, ItemRead, Memory, Place, Reply, Step
from fulfillment.scanning.classify import ReadKind

MUG = Goods(7, "MUG", "mug", "MUG")
PARCEL = Parcel(3, "006141410000000019", "SO-1", 1, 2, 400)
EMPTY = Parcel(3, "006141410000000019", "SO-1", 1, 0, 0)
TOTE = Tote(5, "000001", Order(9, "SO-1", "ship_partial"), 4, 1)
ITEM = Facts(tote=TOTE, parcel=PARCEL, next=NextGoods(MUG, 4, 3, 2), goods=(MUG,))
CLOSED = Closed(PARCEL, False, Place(20, "LANE-DOM"), "queued")
LABEL = Facts(closed=CLOSED)
DOUBTED = Facts(closed=replace(CLOSED, print_state="uncertain", is_doubted=True))
LANE = Facts(closed=Closed(PARCEL, True, Place(20, "LANE-DOM"), "confirmed"))
ASKED = Facts(asked=PARCEL, free_totes=("000008",))
HERE: Memory = {"tote": 5, "order": 9, "parcel": 3}


def screen(facts: Facts, memory: Memory | None = None) -> Step:
    return settle(memory or {}, facts)


def say(facts: Facts, kind: str, value: str, memory: Memory | None = None, item: ItemRead | None = None) -> Reply:
    """What the dialogue answers on the screen these facts make."""
    heard = Heard(ReadKind(kind), value, value, None, item)
    return hear(screen(facts, memory).state, memory or {}, heard, facts)


def said(reply: Reply) -> Any:
    """The command a reply carries out."""
    assert isinstance(reply, Do), reply
    return reply.command


def why(reply: Reply) -> Reject:
    assert isinstance(reply, Rejected), reply
    return reply.code


@pytest.mark.parametrize(
    ("facts", "memory", "state", "prompt"),
    [
        (Facts(), {}, "tote", "scan_tote"),
        (ITEM, HERE, "item", "scan_item"),
        (LABEL, HERE, "label", "scan_label"),
        (DOUBTED, HERE, "label", "is_label_here"),
        (LANE, HERE, "lane", "scan_location"),
        (ASKED, {"ask": 3}, "parcel", "choose_for_parcel"),
        (ASKED, {"ask": 3, "is_void": True}, "void_tote", "scan_empty_tote"),
    ],
)
def test_the_screen_follows_from_the_facts(facts: Facts, memory: Memory, state: str, prompt: str) -> None:
    step = screen(facts, memory)
    assert (step.flow, step.state, step.prompt) == ("pack", state, prompt)
    assert len(step.expects) <= 20


def test_a_tote_or_a_parcel_starts_the_work() -> None:
    assert said(say(Facts(), "tote", "000001")) == OpenTote("000001")
    assert said(say(Facts(), "parcel", PARCEL.number)) == AskForParcel(PARCEL.number)
    assert why(say(Facts(), "item", "MUG")) == Reject.NOT_EXPECTED
    assert why(say(Facts(is_cancelled=True), "item", "MUG")) == Reject.ORDER_CANCELLED


def test_goods_go_from_the_tote_in_front_of_the_packer() -> None:
    read = ItemRead(7, "MUG", 1, None, "MUG")
    assert said(say(ITEM, "item", "MUG", HERE, read)) == PackGoods(5, 9, read)


def test_the_same_tote_again_means_nothing_and_another_must_be_of_the_order() -> None:
    assert say(ITEM, "tote", "000001", HERE) == Goto({**HERE, "is_new": False})
    assert said(say(ITEM, "tote", "000002", HERE)) == OpenTote("000002", 9)


def test_missing_and_close() -> None:
    assert said(say(ITEM, "command", "MISSING", HERE)) == ReportMissing(5, 9)
    assert said(say(ITEM, "command", "CLOSE", HERE)) == CloseParcel(3)
    assert why(say(Facts(tote=TOTE, parcel=EMPTY), "command", "CLOSE", HERE)) == Reject.NOTHING_HERE


def test_a_tote_that_must_be_fetched_is_asked_for_first() -> None:
    step = screen(Facts(tote=Tote(5, "000002", TOTE.order, 4, 1, is_new=True), parcel=PARCEL, goods=(MUG,)))
    assert (step.prompt, step.expects[0].kind, step.expects[0].label) == ("fetch_tote", "tote", "000002")


def test_what_the_packer_is_told() -> None:
    fields = screen(ITEM, HERE).fields
    assert (fields["fits_each"], fields["scan_each_max"], fields["units_left"], fields["lines_left"]) == (2, 3, 4, 1)
    assert fields["parcel"] == {
        "number": PARCEL.number, "barcode": "00" + PARCEL.number, "sequence": 1, "units": 2, "weight_g": 400,
    }  # fmt: skip


def test_the_label_comes_before_the_lane() -> None:
    assert said(say(LABEL, "parcel", PARCEL.number)) == CheckLabel(3)
    assert said(say(LABEL, "parcel", "1")) == RefuseLabel(PARCEL.number, "1")
    assert why(say(LABEL, "location", "LANE-DOM")) == Reject.NOT_EXPECTED

    assert said(say(LANE, "location", "LANE-DOM")) == PutInLane(3)
    assert why(say(LANE, "location", "LANE-EU")) == Reject.WRONG_LANE
    assert say(LANE, "parcel", PARCEL.number) == Goto({})


def test_another_label_needs_a_reason() -> None:
    assert say(LABEL, "command", "REPRINT", HERE) == Goto({**HERE, "reprint": 3})
    asked = {**HERE, "reprint": 3}
    assert [part.label for part in screen(LABEL, asked).expects if part.kind == "reason"] == [*REPRINTING]
    assert say(LABEL, "reason", "damaged", asked) == Do(ReprintLabel(3, "damaged"), HERE)
    assert why(say(LABEL, "reason", "theft", asked)) == Reject.REASON_REQUIRED
    assert say(LABEL, "command", "BACK", asked) == Goto(HERE)
    assert say(LABEL, "parcel", PARCEL.number, asked) == Do(CheckLabel(3), HERE), "the label was found after all"
    assert screen(LABEL, {**HERE, "reprint": 2}).state == "label", "it was asked about another parcel"


def test_a_new_parcel_takes_two_touches() -> None:
    assert say(ITEM, "command", "NEWPARCEL", HERE) == Goto({**HERE, "split": True})
    asked = {**HERE, "split": True}
    assert screen(ITEM, asked).state == "split"
    assert say(ITEM, "command", "CONFIRM", asked) == Do(CloseParcel(3), HERE)
    assert say(ITEM, "command", "BACK", asked) == Goto(HERE)
    read = ItemRead(7, "MUG", 1, None, "MUG")
    assert say(ITEM, "item", "MUG", asked, read) == Do(PackGoods(5, 9, read), HERE), "whoever scans goes on"
    assert why(say(Facts(tote=TOTE, parcel=EMPTY), "command", "NEWPARCEL", HERE)) == Reject.NOTHING_HERE


def test_whether_a_label_is_here_is_answered_by_scanning_it_or_by_no() -> None:
    assert said(say(DOUBTED, "parcel", PARCEL.number)) == CheckLabel(3)
    assert said(say(DOUBTED, "command", "NO")) == DenyLabel(3)
    assert [part.label for part in screen(DOUBTED).expects if part.kind == "command"] == ["NO", "VOID", "REOPEN"]


def test_no_is_no_answer_where_nobody_asked() -> None:
    assert why(say(LABEL, "command", "NO")) == Reject.NOT_EXPECTED
    checked = Facts(closed=replace(DOUBTED.closed or CLOSED, is_checked=True))
    assert why(say(checked, "command", "NO")) == Reject.NOT_EXPECTED


def test_a_closed_parcel_can_still_be_undone() -> None:
    assert say(LABEL, "command", "VOID", HERE) == Goto({**HERE, "ask": 3, "is_void": True})
    assert said(say(LANE, "command", "REOPEN", HERE)) == ReopenParcel(3)


def test_void_reopen_or_back() -> None:
    memory = {**HERE, "ask": 3}
    assert say(ASKED, "command", "BACK", memory) == Goto(HERE)
    assert say(ASKED, "command", "REOPEN", memory) == Do(ReopenParcel(3), HERE)
    assert say(ASKED, "command", "VOID", memory) == Goto({**memory, "is_void": True})
    assert why(say(ASKED, "tote", "000008", memory)) == Reject.NOT_EXPECTED
    memory = {**memory, "is_void": True}
    assert say(ASKED, "tote", "000008", memory) == Do(VoidParcel(3, "000008"), HERE)
    assert why(say(ASKED, "command", "REOPEN", memory)) == Reject.NOT_EXPECTED


def test_a_reopened_parcel_in_hand_is_shown_and_can_be_closed() -> None:
    facts = Facts(parcel=PARCEL, totes_left=("000004",), waiting=("000004", "000006"))
    step = screen(facts, {"parcel": 3})
    assert [e.label for e in step.expects] == ["000004", "000006", "CLOSE", "HOME"]
    assert (step.fields["parcel"]["number"], step.fields["order"]) == (PARCEL.number, "SO-1")
    assert said(say(facts, "command", "CLOSE", {"parcel": 3})) == CloseParcel(3)


def test_an_order_that_waits_says_in_which_tote() -> None:
    step = screen(Facts(), {"notice": "order_waits", "notice_tote": "000001"})
    assert (step.fields["notice"], step.fields["tote"]["code"]) == ("order_waits", "000001")
