"""The dialogue of receiving, without a database."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment.domain.reasons import Rejected
from fulfillment.flows import receive
from fulfillment.flows.step import Do, Goods, Goto
from tests.flows.hearing import command, item, location, receipt

CLOSED = receive.Facts(None, ("R1", "R2"))
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


def test_done_closes_it() -> None:
    assert hear(OPEN, command("DONE")) == Do(receive.CloseReceipt(3))


def test_the_number_one_works_on_may_be_read_again() -> None:
    assert hear(OPEN, receipt("R1"), receipt=3) == Goto({"receipt": 3})
    assert isinstance(hear(OPEN, receipt("R2")), Rejected)
    assert isinstance(hear(OPEN, location("A01")), Rejected)


def test_the_screens() -> None:
    step = receive.settle({}, CLOSED)
    assert [expect.label for expect in step.expects] == ["R1", "R2", "HOME"]
    step = receive.settle({"receipt": 3}, OPEN)
    assert step.fields["next"] == {"sku": "MUG", "name": "Mug", "barcode": "MUG", "qty_each": 5}
    full = receive.Facts(receive.OpenReceipt(3, "R1", 0, 0))
    assert receive.settle({"receipt": 3}, full).fields["next"] is None
