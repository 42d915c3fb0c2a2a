"""What cannot be scanned at the bench, as a dialogue: which item, why, whose word. Pure: no table is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fulfillment.domain.reasons import NOT_SCANNED, Reject, Rejected
from fulfillment.flows.pack import Facts, Order, Tote, hear, settle
from fulfillment.flows.pack_unscanned import AskForWord, Chosen, FindUnscanned, PackUnscanned, with_chosen
from fulfillment.flows.parcel import Parcel
from fulfillment.flows.step import Do, Goods, Goto, Heard, ItemRead, Memory, Reply
from fulfillment.scanning.classify import ReadKind

MUG = Goods(7, "MUG", "mug", "MUG")
TOTE = Tote(5, "000001", Order(9, "SO-1", "ship_partial"), 4, 1)
FACTS = Facts(tote=TOTE, parcel=Parcel(3, "006141410000000019", "SO-1", 1, 0, 0), goods=(MUG,))
HERE: Memory = {"tote": 5, "order": 9, "parcel": 3}
ASKED: Memory = {**HERE, "unscanned": {"tote": 5}}
CHOSEN = Chosen(7, "MUG", "mug", 2)


def say(memory: Memory, kind: str, value: str, qty_each: int | None = None, item: ItemRead | None = None) -> Reply:
    heard = Heard(ReadKind(kind), value, value, qty_each, item)
    return hear(settle(memory, FACTS).state, memory, heard, FACTS)


def chosen(**values: Any) -> Memory:
    return with_chosen(HERE, 5, replace(CHOSEN, **values))


def test_it_is_asked_for_by_a_command_and_left_by_back() -> None:
    assert say(HERE, "command", "NOSCAN") == Goto(ASKED)
    assert settle(ASKED, FACTS).state == "unscanned"
    for memory in (ASKED, chosen(), chosen(why="unreadable", needs_word=True)):
        assert say(memory, "command", "BACK") == Goto(HERE)


def test_the_item_is_touched_or_typed_with_its_count() -> None:
    touched = ItemRead(7, "MUG", 6, 2, "MUG")
    assert say(ASKED, "item", "MUG", 2, touched) == Do(FindUnscanned(5, 9, "MUG", 2), ASKED)
    assert say(ASKED, "typed", "4711") == Do(FindUnscanned(5, 9, "4711", 1), ASKED)
    case = ItemRead(7, "MUG", 6, None, "MUG")
    assert say(ASKED, "item", "MUG", None, case) == Do(FindUnscanned(5, 9, "MUG", 1), ASKED), "a touch is one unit"


def test_it_needs_a_reason_of_its_own() -> None:
    assert [part.label for part in settle(chosen(), FACTS).expects if part.kind == "reason"] == [*NOT_SCANNED]
    reply = say(chosen(), "reason", "damaged")
    assert isinstance(reply, Rejected)
    assert reply.code == Reject.REASON_REQUIRED
    assert say(chosen(), "reason", "unreadable") == Do(
        PackUnscanned(5, 9, replace(CHOSEN, why="unreadable")), HERE
    )  # fmt: skip


def test_a_supervisor_is_asked_where_one_must_agree() -> None:
    told = chosen(needs_word=True, why="no_barcode")
    assert say(chosen(needs_word=True), "reason", "no_barcode") == Goto(told)
    step = settle(told, FACTS)
    assert (step.state, step.expects[0].kind) == ("unscanned_word", "badge")
    assert say(told, "badge", "1001") == Do(AskForWord("1001"), told)
    assert isinstance(say(told, "reason", "no_barcode"), Rejected)


@pytest.mark.parametrize("memory", [ASKED, chosen(), chosen(why="unreadable", needs_word=True)])
def test_what_was_begun_about_another_tote_is_nothing(memory: Memory) -> None:
    other = replace(FACTS, tote=replace(TOTE, lpn_id=6))
    assert settle(memory, other).state == "item"
