"""The dialogue of counting, without a database: what each read means, what the screen then asks."""

from __future__ import annotations

from typing import Any

from fulfillment.domain.reasons import Rejected
from fulfillment.flows import count
from fulfillment.flows.step import Do, Goto, Place
from tests.flows.hearing import command, item, location, tote

HERE = count.Facts(Place(11, "A01-01-1"))
NOWHERE = count.Facts(None, Place(12, "A02-01-1"), 3)


def hear(facts: count.Facts, heard: Any, **memory: Any) -> Any:
    return count.hear(count.settle(memory, facts).state, memory, heard, facts)


def test_a_location_starts_a_count() -> None:
    assert hear(NOWHERE, location("A05-01-1")) == Do(count.StartCount("A05-01-1"))


def test_before_the_location_nothing_is_counted() -> None:
    rejected = hear(NOWHERE, item("MUG"))
    assert isinstance(rejected, Rejected)
    assert (rejected.code, rejected.expected) == ("not_expected", "A02-01-1")


def test_the_screen_names_the_next_count_and_how_many_wait() -> None:
    step = count.settle({}, NOWHERE)
    assert (step.state, step.fields["next"]["code"], step.fields["waiting"]) == ("location", "A02-01-1", 3)
    assert [expect.label for expect in step.expects] == ["A02-01-1", "HOME"]


def test_without_a_count_to_do_any_location_will_do() -> None:
    step = count.settle({}, count.Facts(None))
    assert step.fields["next"] is None
    assert step.expects[0].code is None


def test_an_item_counts_what_was_keyed_or_what_its_barcode_means() -> None:
    memory = {"location": 11}
    assert hear(HERE, item("MUG", keyed_each=7), **memory) == Do(count.CountGoods(1, "MUG", 7), memory)
    assert hear(HERE, item("MUG", barcode_each=12), **memory).command.qty_each == 12


def test_counts_of_an_item_add_up_in_the_order_they_were_met() -> None:
    memory: Any = {"location": 11, "notice": "moved_meanwhile"}
    for item_id, sku, qty in ((1, "MUG", 2), (2, "CUP", 5), (1, "MUG", 3)):
        memory = count.add(memory, item_id, sku, qty)
    assert memory["counted"] == [[1, "MUG", 5], [2, "CUP", 5]]
    assert count.settle(memory, HERE).fields["counted"] == [
        {"sku": "MUG", "qty_each": 5}, {"sku": "CUP", "qty_each": 5},
    ]  # fmt: skip


def test_an_absurd_count_is_refused() -> None:
    rejected = hear(HERE, item("MUG", keyed_each=2), counted=[[1, "MUG", count.COUNT_MAX - 1]])
    assert isinstance(rejected, Rejected)
    assert rejected.code == "bad_quantity"


def test_done_posts_what_was_counted() -> None:
    reply = hear(HERE, command("DONE"), counted=[[1, "MUG", 5]])
    assert reply.command == count.FinishCount(11, ((1, 5),))
    assert hear(HERE, command("DONE")).command == count.FinishCount(11, ())


def test_back_forgets_the_count() -> None:
    assert hear(HERE, command("BACK"), counted=[[1, "MUG", 5]]) == Do(count.LeaveCount(11))


def test_the_place_one_stands_at_may_be_read_again() -> None:
    assert hear(HERE, location("A01-01-1"), counted=[]) == Goto({"counted": []})
    assert isinstance(hear(HERE, location("A02-01-1")), Rejected)


def test_a_tote_means_nothing_here() -> None:
    assert isinstance(hear(HERE, tote("000001")), Rejected)
    assert isinstance(hear(NOWHERE, tote("000001")), Rejected)


def test_why_a_count_begins_again_is_on_the_screen() -> None:
    step = count.settle({"counted": []}, count.Facts(Place(11, "A01-01-1"), notice="moved_meanwhile"))
    assert step.fields["notice"] == "moved_meanwhile"
    assert "notice" not in count.settle({}, HERE).fields


def test_empty_is_said_only_while_nothing_was_counted() -> None:
    assert hear(HERE, command("EMPTY")).command == count.FinishCount(11, ())
    rejected = hear(HERE, command("EMPTY"), counted=[[1, "MUG", 5]])
    assert isinstance(rejected, Rejected)
    assert (rejected.code, rejected.expected) == ("not_expected", "DONE")


def test_a_serial_read_twice_is_one_unit() -> None:
    memory: Any = {"location": 11}
    for layer_id, serial in ((7, "S7"), (8, "S8"), (7, "S7")):
        memory = count.add_serial(memory, 1, "CAM", layer_id, serial)
    assert count.settle(memory, HERE).fields["counted"] == [{"sku": "CAM", "qty_each": 2, "serials": ["S7", "S8"]}]
    assert hear(HERE, command("DONE"), **memory).command == count.FinishCount(11, ((1, 2),), ((1, 7), (1, 8)))


def test_what_came_of_the_last_count_is_on_the_next_screen() -> None:
    step = count.settle({}, count.Facts(None, Place(12, "A02-01-1"), 3, "recount"))
    assert (step.state, step.fields["notice"]) == ("location", "recount")
