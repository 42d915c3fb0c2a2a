"""The dialogue of putting away, without a database."""

from __future__ import annotations

from typing import Any

from fulfillment.domain.reasons import Rejected
from fulfillment.flows import putaway
from fulfillment.flows.step import Do, Goods, Place
from tests.flows.hearing import command, item, location, parcel, tote

MUG = Goods(1, "MUG", "Mug", "MUG")
EMPTY_HANDED = putaway.Facts(None, 2, 9, MUG, 5)
HOLDING = putaway.Facts(putaway.PutawayTask(8, MUG, 5, "2026-01-01", Place(11, "A01-01-1")))


def hear(facts: putaway.Facts, heard: Any, **memory: Any) -> Any:
    return putaway.hear(putaway.settle(memory, facts).state, memory, heard, facts)


def test_an_item_is_taken_up() -> None:
    assert hear(EMPTY_HANDED, item("MUG")).command.item.sku == "MUG"
    assert isinstance(hear(EMPTY_HANDED, location("A01-01-1")), Rejected)


def test_a_location_takes_all_of_it() -> None:
    assert hear(HOLDING, location("A02-01-1")).command == putaway.PutAway(8, "A02-01-1", 5)


def test_a_part_leaves_the_rest_in_the_hand() -> None:
    reply = hear(HOLDING, location("A02-01-1", 2), task=8)
    assert reply == Do(putaway.PutAway(8, "A02-01-1", 2), {"task": 8})


def test_more_than_is_in_the_hand_is_too_many() -> None:
    assert hear(HOLDING, location("A02-01-1", 6)).code == "too_many"
    assert hear(HOLDING, location("A02-01-1", 0)).code == "bad_quantity"


def test_back_lays_it_down() -> None:
    assert hear(HOLDING, command("BACK")) == Do(putaway.PutDown(8))


def test_an_item_in_the_wrong_moment_names_the_place_awaited() -> None:
    assert hear(HOLDING, item("MUG")).expected == "A01-01-1"


def test_a_pallet_is_taken_up_by_its_label() -> None:
    assert hear(EMPTY_HANDED, parcel("006141410000000012")) == Do(putaway.TakePallet("006141410000000012"))


def test_what_an_order_waits_for_goes_into_an_empty_tote() -> None:
    waiting = putaway.CrossDockTask(9, MUG, 2, "SO-1", Place(40, "STAGE-1"))
    facts = putaway.Facts(None, cross_dock=waiting, free_totes=("000001",))
    step = putaway.settle({"task": 9}, facts)
    assert (step.state, step.prompt, step.fields["order"]) == ("tote", "scan_empty_tote", "SO-1")
    assert step.fields["staging"]["code"] == "STAGE-1"
    assert hear(facts, tote("000001"), task=9).command == putaway.IntoTote(9, "000001")
    assert hear(facts, command("BACK"), task=9) == Do(putaway.PutDown(9))
    assert isinstance(hear(facts, location("A01-01-1"), task=9), Rejected)


def test_the_screens() -> None:
    step = putaway.settle({}, EMPTY_HANDED)
    assert step.fields == {
        "waiting_lines": 2, "waiting_each": 9,
        "next": {"sku": "MUG", "name": "Mug", "barcode": "MUG", "qty_each": 5}, "pallets": [],
    }  # fmt: skip
    step = putaway.settle({"task": 8}, HOLDING)
    assert (step.state, step.fields["location"]["code"], step.fields["received_on"]) == (
        "location", "A01-01-1", "2026-01-01",
    )  # fmt: skip
