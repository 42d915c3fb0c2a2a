"""The dialogue of putting back, without a database."""

from __future__ import annotations

from typing import Any

from fulfillment.domain.reasons import Rejected
from fulfillment.flows import put_back
from fulfillment.flows.step import Do, Goods, Goto, Place
from tests.flows.hearing import command, item, location, tote

MUG, CUP = Goods(1, "MUG", "Mug", "MUG"), Goods(2, "CUP", "Cup", "CUP")
TOTE = put_back.Tote(5, "000005", "SO-1", (put_back.Content(MUG, 3), put_back.Content(CUP, 1)))
NOTHING = put_back.Facts(None, waiting=("000005",))
OPEN = put_back.Facts(TOTE)
HOLDING = put_back.Facts(TOTE, put_back.InHand(MUG, 2, "2026-01-01", Place(11, "A01-01-1")))


def hear(facts: put_back.Facts, heard: Any, **memory: Any) -> Any:
    return put_back.hear(put_back.settle(memory, facts).state, memory, heard, facts)


def test_a_tote_comes_first() -> None:
    assert hear(NOTHING, tote("000005")) == Do(put_back.OpenTote("000005"))
    assert isinstance(hear(NOTHING, item("MUG")), Rejected)
    assert put_back.settle({}, NOTHING).fields == {"waiting": ["000005"]}


def test_then_an_item_of_it() -> None:
    assert hear(OPEN, item("MUG", keyed_each=2), tote=5) == Do(put_back.TakeOut(5, 1, 2), {"tote": 5})
    assert hear(OPEN, item("HAT", item_id=9)).code == "wrong_item"
    assert hear(OPEN, item("MUG", keyed_each=4)).code == "too_many"


def test_then_the_location() -> None:
    assert hear(HOLDING, location("A02-01-1"), tote=5).command == put_back.PutBack(5, "A02-01-1")
    assert hear(HOLDING, item("MUG")).expected == "A01-01-1"


def test_back_lays_the_units_into_the_tote_and_then_leaves_it() -> None:
    assert hear(HOLDING, command("BACK"), tote=5, item=1) == Goto({"tote": 5})
    assert hear(OPEN, command("BACK"), tote=5) == Goto({})


def test_what_is_not_in_the_tote_can_be_said() -> None:
    assert hear(OPEN, command("MISSING"), tote=5) == Do(put_back.WriteOff(5))


def test_the_tote_one_works_on_may_be_read_again() -> None:
    assert hear(OPEN, tote("000005"), tote=5) == Goto({"tote": 5})
    assert isinstance(hear(OPEN, tote("000006"), tote=5), Rejected)


def test_the_screens() -> None:
    step = put_back.settle({"tote": 5}, OPEN)
    assert (step.state, step.prompt) == ("item", "scan_item")
    assert (step.fields["units_left"], step.fields["lines_left"], step.fields["next"]["sku"]) == (4, 2, "MUG")
    assert [expect.label for expect in step.expects] == ["MUG", "CUP", "MISSING", "BACK"]
    step = put_back.settle({"tote": 5}, HOLDING)
    assert (step.state, step.fields["qty_each"], step.fields["location"]["code"]) == ("location", 2, "A01-01-1")
    assert step.fields["received_on"] == "2026-01-01"
