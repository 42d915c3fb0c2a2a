"""The dialogue of sending, without a database: what each read means, what the screen then asks."""

from __future__ import annotations

from typing import Any

from fulfillment.domain.reasons import Rejected
from fulfillment.flows import send
from fulfillment.flows.step import Do, Goods, Goto, Heard, Place
from fulfillment.scanning.classify import ReadKind
from tests.flows.hearing import command, item, location

MUG = Goods(1, "MUG", "mug", "MUG")
HERE = Place(11, "A01-01-1", "bin")
MISSING = (send.Missing(MUG, 4),)
IDLE = send.Facts(waiting=("X-1", "X-2"))
OPEN = send.OpenTransfer(5, "X-1", "NORTH", "SSCC-1", 2, MISSING, send.Next(HERE, MUG, 3, "2026-01-01"))
LOADING = send.Facts(OPEN)
FULL = send.Facts(send.OpenTransfer(5, "X-1", "NORTH", "SSCC-1", 6, ()))
EMPTY = send.Facts(send.OpenTransfer(5, "X-1", "NORTH", "SSCC-1", 0, MISSING))


def hear(facts: send.Facts, heard: Heard, **memory: Any) -> Any:
    return send.hear(send.settle(memory, facts).state, memory, heard, facts)


def transfer(number: str) -> Heard:
    return Heard(ReadKind.TRANSFER, number, number)


def test_transfers_that_wait_are_offered() -> None:
    step = send.settle({}, IDLE)
    assert (step.state, [expect.label for expect in step.expects]) == ("transfer", ["X-1", "X-2", "HOME"])
    assert hear(IDLE, transfer("X-1")) == Do(send.StartSending("X-1"))
    assert isinstance(hear(IDLE, location("A")), Rejected)


def test_the_screen_names_place_item_and_what_is_left() -> None:
    fields = send.settle({"transfer": 5}, LOADING).fields
    assert (fields["next"]["location"]["code"], fields["next"]["qty_each"], fields["left_each"]) == ("A01-01-1", 3, 4)
    assert (fields["to_warehouse"], fields["lpn"], fields["loaded_each"]) == ("NORTH", "SSCC-1", 2)


def test_any_location_may_be_tried_and_a_place_put_off() -> None:
    assert hear(LOADING, location("B")).command == send.GoThere(5, "B")
    assert hear(LOADING, command("SKIP"), transfer=5) == Goto({"transfer": 5, "skipped": [11]})
    assert isinstance(hear(EMPTY, command("SKIP")), Rejected)


def test_an_item_goes_onto_the_pallet_and_the_next_place_is_asked_for() -> None:
    facts = send.Facts(OPEN, HERE)
    reply = hear(facts, item("MUG", keyed_each=3), transfer=5, location=11)
    assert (reply.command.location_id, reply.command.item.qty_each, reply.memory) == (11, 3, {"transfer": 5})
    assert hear(facts, command("BACK"), transfer=5, location=11) == Goto({"transfer": 5})
    assert hear(facts, item("MUG", keyed_each=0)).code == "bad_quantity"


def test_done_sends_a_full_pallet_asks_about_a_part_and_gives_an_empty_one_up() -> None:
    assert hear(FULL, command("DONE"), transfer=5).command == send.Send(5)
    assert hear(EMPTY, command("DONE"), transfer=5).command == send.Send(5)
    asked = hear(LOADING, command("DONE"), transfer=5)
    assert asked == Goto({"transfer": 5, "confirm": True})
    step = send.settle(asked.memory, LOADING)
    assert (step.state, step.fields["left"][0]["left_each"]) == ("confirm", 4)
    assert hear(LOADING, command("CONFIRM"), **asked.memory).command == send.Send(5)
    assert hear(LOADING, command("BACK"), **asked.memory) == Goto({"transfer": 5})
    assert isinstance(hear(LOADING, item("MUG"), **asked.memory), Rejected)
