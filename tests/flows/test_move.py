"""The dialogue of moving, without a database: what each read means, what the screen then asks."""

from __future__ import annotations

from typing import Any

from fulfillment.domain.reasons import Rejected
from fulfillment.flows import move
from fulfillment.flows.step import Do, Goods, Goto, Heard, Place
from fulfillment.scanning.classify import ReadKind
from tests.flows.hearing import command, item, location, tote

MUG = Goods(1, "MUG", "mug", "MUG")
HERE = Place(11, "A01-01-1", "bin")
LYING = (
    move.Lying(MUG, "", "2026-01-01", "", "available", 4),
    move.Lying(MUG, "", "2026-01-01", "", "damaged", 1),
)
NOWHERE = move.Facts(role="supervisor")
AT = move.Facts(HERE, LYING, role="supervisor")
HAND = move.Facts(hand=move.InHand(MUG, 3, "2026-01-01", "available", HERE), role="picker")
PALLET = move.Facts(pallet=move.Pallet(7, "SSCC-7", HERE, LYING), role="picker")


def hear(facts: move.Facts, heard: Heard, **memory: Any) -> Any:
    return move.hear(move.settle(memory, facts).state, memory, heard, facts)


def sscc(code: str) -> Heard:
    return Heard(ReadKind.PARCEL, code, code)


def reason(why: str) -> Heard:
    return Heard(ReadKind.REASON, why, why)


def labels(facts: move.Facts, **memory: Any) -> list[str]:
    return [expect.label for expect in move.settle(memory, facts).expects if expect.label]


def test_a_place_or_a_pallet_is_where_a_move_begins() -> None:
    assert move.settle({}, NOWHERE).state == "source"
    assert hear(NOWHERE, location("A01-01-1")) == Do(move.OpenPlace("A01-01-1"))
    assert hear(NOWHERE, sscc("S")) == Do(move.OpenPallet("S"))
    assert isinstance(hear(NOWHERE, item("MUG")), Rejected)


def test_an_item_goes_into_the_hand_with_what_was_keyed() -> None:
    reply = hear(AT, item("MUG", keyed_each=3), location=11)
    assert (reply.command.location_id, reply.command.item.qty_each) == (11, 3)
    assert hear(AT, item("MUG", barcode_each=12), location=11).command.item.qty_each == 12
    assert hear(AT, item("MUG", keyed_each=0), location=11).code == "bad_quantity"


def test_the_place_scanned_again_goes_through_the_conditions_here() -> None:
    said, memory = [], {"location": 11}
    for _ in range(3):
        memory = dict(hear(AT, location("A01-01-1"), **memory).memory)
        said.append(memory["status"])
    assert said == ["available", "damaged", ""]


def test_a_change_asks_for_its_reason_and_means_the_next_item_only() -> None:
    memory = dict(hear(AT, command("ADJUST"), location=11).memory)
    step = move.settle(memory, AT)
    assert (step.state, "lost" in labels(AT, **memory), "recall" in labels(AT, **memory)) == ("reason", True, False)
    memory = dict(hear(AT, reason("lost"), **memory).memory)
    assert move.settle(memory, AT).state == "item"
    reply = hear(AT, item("MUG"), **memory)
    assert (reply.command.change, reply.command.why, reply.memory) == ("ADJUST", "lost", {"location": 11})


def test_back_leaves_one_thing_after_the_other() -> None:
    asked = {"location": 11, "mode": "HOLD", "why": ""}
    assert hear(AT, command("BACK"), **asked) == Goto({"location": 11})
    assert hear(AT, command("BACK"), location=11, mode="HOLD", why="quality") == Goto({"location": 11})
    assert hear(AT, command("BACK"), location=11) == Goto({})
    assert hear(PALLET, command("BACK"), lpn=7) == Goto({})


def test_a_reason_of_another_occasion_is_not_taken() -> None:
    assert hear(AT, reason("theft"), location=11, mode="HOLD", why="").code == "reason_required"
    assert hear(AT, item("MUG"), location=11, mode="HOLD", why="").code == "not_expected"


def test_who_may_not_free_is_not_offered_it() -> None:
    picker = move.Facts(HERE, LYING, role="picker")
    assert [one for one in labels(picker, location=11) if one.isupper()] == ["MUG", "BACK", "HOLD", "DAMAGED"]
    assert hear(picker, command("FREE"), location=11).code == "not_allowed"
    assert "FREE" in labels(AT, location=11)


def test_what_is_in_the_hand_comes_first_whatever_was_remembered() -> None:
    step = move.settle({"lpn": 7}, HAND)
    assert (step.state, step.fields["qty_each"], step.fields["from"]["code"]) == ("target", 3, "A01-01-1")
    assert hear(HAND, location("B")).command == move.PutDown("B", 3)
    assert hear(HAND, location("B", 2)).command == move.PutDown("B", 2)
    assert hear(HAND, location("B", 4)).code == "too_many"
    assert hear(HAND, sscc("S")).command == move.PutOn("S", 3)
    assert hear(HAND, command("BACK")).command == move.GiveBack()
    assert isinstance(hear(HAND, item("MUG")), Rejected)


def test_a_pallet_goes_to_a_place_onto_another_or_gives_something_off() -> None:
    step = move.settle({"lpn": 7}, PALLET)
    assert (step.state, step.fields["lpn"], step.fields["location"]["code"]) == ("lpn", "SSCC-7", "A01-01-1")
    assert hear(PALLET, location("B")).command == move.MovePallet(7, "B")
    assert hear(PALLET, sscc("S")).command == move.NestPallet(7, "S")
    assert hear(PALLET, sscc("SSCC-7"), lpn=7) == Goto({"lpn": 7})
    assert hear(PALLET, item("MUG"), lpn=7).command.lpn_id == 7
    assert isinstance(hear(PALLET, tote("1")), Rejected)
