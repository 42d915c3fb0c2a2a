"""The dialogue of refilling, without a database."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fulfillment.domain.reasons import Rejected
from fulfillment.flows import replenish
from fulfillment.flows.step import Do, Goods, Place
from tests.flows.hearing import command, item, location, tote

MUG = Goods(1, "MUG", "Mug", "MUG")
TASK = replenish.RefillTask(8, MUG, Place(31, "R01-01-3"), Place(11, "A01-01-1"), 16, 0, 12, "2026-02-01")
THERE = {"at": 31, "task": 8}


def step(task: replenish.RefillTask | None, /, **memory: Any) -> Any:
    return replenish.settle(memory, replenish.Facts(task, 1 if task else 0))


def hear(task: replenish.RefillTask | None, heard: Any, /, **memory: Any) -> Any:
    return replenish.hear(step(task, **memory).state, memory, heard, replenish.Facts(task))


def codes(reply: Any) -> list[str]:
    return [expect.label or expect.kind for expect in reply.expects]


def test_without_work_there_is_only_the_way_home() -> None:
    shown = step(None)
    assert (shown.state, codes(shown), shown.fields["task"], shown.fields["waiting"]) == ("location", ["HOME"], None, 0)
    assert hear(None, location("R01-01-3")).code == "no_work"


def test_the_screen_says_from_where_to_where() -> None:
    shown = step(TASK)
    assert (shown.state, shown.prompt, codes(shown)) == ("location", "scan_location", ["R01-01-3", "SKIP", "HOME"])
    assert (shown.fields["from"]["code"], shown.fields["to"]["code"]) == ("R01-01-3", "A01-01-1")
    assert (shown.fields["qty_each"], shown.fields["case_each"], shown.fields["waiting"]) == (16, 12, 1)


def test_the_task_begins_where_one_stands() -> None:
    assert hear(TASK, location("R01-01-3")) == Do(replenish.BeginTask("R01-01-3"))
    assert hear(TASK, command("SKIP")) == Do(replenish.SkipTask(8))
    assert isinstance(hear(TASK, item("MUG")), Rejected)


def test_units_are_taken_and_a_case_counts_its_eaches() -> None:
    shown = step(TASK, **THERE)
    assert (shown.state, codes(shown)) == ("item", ["MUG", "SHORT", "BACK"])
    assert hear(TASK, item("MUG", barcode_each=12), **THERE).command.item.qty_each == 12
    assert hear(TASK, item("MUG", keyed_each=17), **THERE).code == "too_many"
    assert hear(TASK, item("MUG", keyed_each=0), **THERE).code == "bad_quantity"
    assert hear(TASK, item("CUP", item_id=2), **THERE).code == "wrong_item"
    assert hear(TASK, command("SHORT"), **THERE) == Do(replenish.ReportShort(8), THERE)
    assert hear(TASK, tote("000001"), **THERE).code == "not_expected"


def test_with_units_in_the_hand_the_face_may_be_scanned_before_all_is_taken() -> None:
    some = replace(TASK, left_each=4, in_hand_each=12)
    assert codes(step(some, **THERE)) == ["MUG", "A01-01-1", "SHORT", "BACK"]
    assert hear(some, location("A01-01-1"), **THERE) == Do(replenish.PutDown(8, "A01-01-1", 12), THERE)
    assert hear(some, location("R01-01-3"), **THERE).code == "not_expected"


def test_what_is_in_the_hand_goes_to_the_face_first() -> None:
    full = replace(TASK, left_each=0, in_hand_each=16)
    for memory in (THERE, {}):
        shown = step(full, **memory)
        assert (shown.state, codes(shown), shown.fields["qty_each"]) == ("target", ["A01-01-1", "BACK"], 16)
    assert hear(full, location("A01-01-1", 6)).command == replenish.PutDown(8, "A01-01-1", 6)
    assert hear(full, location("A01-01-1", 17)).code == "too_many"
    assert hear(full, item("MUG")).code == "too_many"
    assert hear(full, command("BACK")) == Do(replenish.PutBack(8))
    assert step(replace(TASK, in_hand_each=3)).state == "target"


def test_where_one_stood_for_another_task_does_not_count() -> None:
    assert step(TASK, at=31, task=7).state == "location"
    assert step(None, notice="taken_meanwhile").fields["notice"] == "taken_meanwhile"
