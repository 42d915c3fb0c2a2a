"""The dialogue of receiving, without a database."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment.domain.reasons import Rejected
from fulfillment.flows import receive
from fulfillment.flows.step import Do, Goods, Goto
from tests.flows.hearing import command, item, location, parcel, reason, receipt

CLOSED = receive.Facts(None, ("R1", "R2"))
COMPLETE = receive.Facts(receive.OpenReceipt(3, "R1", 0, 0))
OPEN = receive.Facts(receive.OpenReceipt(3, "R1", 5, 1, Goods(1, "MUG", "Mug", "MUG"), 5))


def hear(facts: receive.Facts, heard: Any, **memory: Any) -> Any:
    return receive.hear(receive.settle(memory, facts).state, memory, heard, facts)


def test_a_receipt_comes_first() -> None:
    assert hear(CLOSED, receipt("R1")) == Do(receive.OpenReceiptByNumber("R1"))
    assert isinstance(hear(CLOSED, item("MUG")), Rejected)


def test_then_its_goods() -> None:
    reply = hear(OPEN, item("MUG", keyed_each=4), receipt=3)
    assert (reply.command.receipt_id, reply.command.item.qty_each) == (3, 4)
    assert reply.memory == {"receipt": 3}


@pytest.mark.parametrize("qty_each", [0, -1])
def test_nothing_is_no_quantity(qty_each: int) -> None:
    assert hear(OPEN, item("MUG", keyed_each=qty_each)).code == "bad_quantity"


def test_done_closes_it_when_nothing_is_missing() -> None:
    assert hear(COMPLETE, command("DONE")) == Do(receive.CloseReceipt(3))


def test_done_asks_once_more_while_something_is_missing() -> None:
    assert hear(OPEN, command("DONE"), receipt=3) == Goto({"receipt": 3, "confirm": 1})
    asked = {"receipt": 3, "confirm": 1}
    assert receive.settle(asked, OPEN).state == "confirm"
    assert hear(OPEN, command("CONFIRM"), **asked) == Do(receive.CloseReceipt(3))
    assert hear(OPEN, command("BACK"), **asked) == Goto({"receipt": 3})
    assert isinstance(hear(OPEN, item("MUG"), **asked), Rejected)


@pytest.mark.parametrize(("word", "why"), [("OVER", "supplier_over"), ("DAMAGED", "quality")])
def test_more_or_damaged_goods_need_a_reason_first(word: str, why: str) -> None:
    mode = word.lower()
    assert hear(OPEN, command(word), receipt=3, notice="cross_dock") == Goto({"receipt": 3, "asked": mode})
    asking = receive.settle({"receipt": 3, "asked": mode}, OPEN)
    assert (asking.state, asking.prompt, asking.fields["mode"]) == ("reason", "scan_reason", mode)
    assert {expect.kind for expect in asking.expects} == {"reason", "command"}
    assert hear(OPEN, item("MUG"), receipt=3, asked=mode).code == "reason_required"
    assert hear(OPEN, reason("theft"), receipt=3, asked=mode).code == "reason_required"
    assert hear(OPEN, command("BACK"), receipt=3, asked=mode) == Goto({"receipt": 3})
    chosen = hear(OPEN, reason(why), receipt=3, asked=mode)
    assert chosen == Goto({"receipt": 3, "mode": mode, "why": why})
    reply = hear(OPEN, item("MUG"), **chosen.memory)
    assert (reply.command.mode, reply.command.why) == (mode, why)


def test_a_pallets_label_begins_its_receipt_or_belongs_to_this_one() -> None:
    assert hear(CLOSED, parcel("006141410000000012")) == Do(receive.ReceiveUnit(0, "006141410000000012"))
    reply = hear(OPEN, parcel("006141410000000012"), receipt=3)
    assert reply.command == receive.ReceiveUnit(3, "006141410000000012")


def test_goods_nobody_announced_begin_a_receipt_of_their_own() -> None:
    assert hear(CLOSED, command("BLIND")) == Do(receive.OpenBlind())
    assert hear(OPEN, command("LPN"), receipt=3) == Do(receive.BeginPallet(3), {"receipt": 3})


def test_the_number_one_works_on_may_be_read_again() -> None:
    assert hear(OPEN, receipt("R1"), receipt=3) == Goto({"receipt": 3})
    assert isinstance(hear(OPEN, receipt("R2")), Rejected)
    assert isinstance(hear(OPEN, location("A01")), Rejected)


def test_the_screens() -> None:
    step = receive.settle({}, CLOSED)
    assert [expect.label for expect in step.expects] == ["R1", "R2", "", "BLIND", "HOME"]
    step = receive.settle({"receipt": 3}, OPEN)
    assert step.fields["next"] == {"sku": "MUG", "name": "Mug", "barcode": "MUG", "qty_each": 5}
    assert receive.settle({"receipt": 3}, COMPLETE).fields["next"] is None
