"""Rules of what is to be counted: whose turn it is, and that nobody is sent twice."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment.domain.counting import CountCause
from fulfillment.domain.reasons import NotFound
from fulfillment.services.counting import count_plans
from fulfillment.services.counting.count_plans import Plan
from tests.factories import NOBODY, FloorHand
from tests.services.acts import at, pick_all

DAY_MS = 24 * 3600 * 1000


@pytest.fixture
def shelves(hand: FloorHand) -> FloorHand:
    """A MUG (class A) in A01-01-1, a CUP (B) in A01-02-1, a JUG (no class) in A02-01-1; all counted today."""
    for sku, velocity, place in (("MUG", "A", "A01-01-1"), ("CUP", "B", "A01-02-1"), ("JUG", "", "A02-01-1")):
        hand.item(sku, velocity=velocity)
        hand.stock(sku, 5, place)
    counted(hand, 0)
    return hand


def counted(hand: FloorHand, days_ago: int | None, *places: str) -> None:
    """When places (all unless named) were counted last; None = never."""

    def work(tx: Any) -> None:
        when = None if days_ago is None else tx.now_ms - days_ago * DAY_MS
        for row in tx.all("SELECT id, code FROM location WHERE warehouse_id = :w"):
            if not places or row["code"] in places:
                tx.run("UPDATE location SET counted_at_ms = :t WHERE warehouse_id = :w AND id = :id", t=when,
                       id=row["id"])  # fmt: skip

    hand.write(work)


def due(hand: FloorHand, cause: CountCause, **more: Any) -> list[str]:
    return hand.write(lambda tx: count_plans.due(tx, Plan(cause, **more)))


def ask(hand: FloorHand, cause: CountCause, **more: Any) -> dict[str, Any]:
    codes = due(hand, cause, **more)
    return hand.write(lambda tx: count_plans.ask_all(tx, NOBODY, codes, cause))


def test_what_is_asked_for_often_is_counted_often(shelves: FloorHand) -> None:
    for days_ago, places in (
        (29, []), (30, ["A01-01-1"]), (89, ["A01-01-1"]), (90, ["A01-01-1", "A01-02-1"]),
        (180, ["A01-01-1", "A01-02-1", "A02-01-1"]),
    ):  # fmt: skip
        counted(shelves, days_ago)
        assert due(shelves, CountCause.CLASS) == places


def test_the_days_of_each_class_are_the_planners(shelves: FloorHand) -> None:
    counted(shelves, 8)
    assert due(shelves, CountCause.CLASS, class_days={"B": 7}) == ["A01-02-1"]


def test_a_place_of_two_items_has_the_faster_ones_class(shelves: FloorHand) -> None:
    shelves.stock("MUG", 1, "A02-01-1")
    counted(shelves, 31)
    assert due(shelves, CountCause.CLASS) == ["A01-01-1", "A02-01-1"]


def test_without_a_class_of_its_own_goods_have_that_of_their_place(shelves: FloorHand) -> None:
    shelves.write(lambda tx: tx.run("UPDATE location SET velocity = 'A' WHERE warehouse_id = :w AND code = 'A02-01-1'"))
    counted(shelves, 31)
    assert due(shelves, CountCause.CLASS) == ["A01-01-1", "A02-01-1"]


def test_by_age_the_place_not_counted_for_longest_comes_first(shelves: FloorHand) -> None:
    counted(shelves, 200, "A02-02-1")
    counted(shelves, 300, "A01-02-1")
    counted(shelves, None, "A02-03-3")
    assert due(shelves, CountCause.AGE) == ["A02-03-3", "A01-02-1", "A02-02-1"]
    assert due(shelves, CountCause.AGE, limit=1) == ["A02-03-3"]
    assert due(shelves, CountCause.AGE, days=250) == ["A02-03-3", "A01-02-1"]


def test_only_storage_is_planned(shelves: FloorHand) -> None:
    counted(shelves, None)
    assert {code[:3] for code in due(shelves, CountCause.AGE)} == {"A01", "A02", "F01", "P01"}


def test_a_place_that_ran_empty_is_looked_at_once(shelves: FloorHand) -> None:
    counted(shelves, 1)
    assert due(shelves, CountCause.ZERO) == []
    shelves.order("SO-1", ("MUG", 5))
    pick_all(shelves)
    assert due(shelves, CountCause.ZERO) == ["A01-01-1"]
    ask(shelves, CountCause.ZERO)
    shelves.say("HAND-1", "HOME")
    shelves.say("HAND-1", "COUNT")
    shelves.scan("HAND-1", at("A01-01-1"))
    assert shelves.say("HAND-1", "EMPTY")["step"]["fields"]["notice"] == "agreed"
    assert due(shelves, CountCause.ZERO) == []


def test_places_can_be_named_by_code_by_zone_and_by_what_lies_there(shelves: FloorHand) -> None:
    assert due(shelves, CountCause.ASKED, locations=("a01-03-1", "A01-01-1", "A01-03-1")) == ["A01-03-1", "A01-01-1"]
    assert due(shelves, CountCause.ASKED, zone="F") == ["F01-01-1"]
    shelves.stock("CUP", 1, "A02-02-1")
    assert due(shelves, CountCause.ASKED, sku="cup") == ["A01-02-1", "A02-02-1"]


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ({"locations": ("DOCK-1",)}, "unknown_location"), ({"locations": ("NOWHERE",)}, "unknown_location"),
        ({"zone": "MOON"}, "unknown_zone"), ({"sku": "NONE"}, "unknown_sku"),
    ],
)  # fmt: skip
def test_what_is_not_there_cannot_be_counted(shelves: FloorHand, named: dict[str, Any], code: str) -> None:
    with pytest.raises(NotFound) as caught:
        due(shelves, CountCause.ASKED, **named)
    assert caught.value.code == code


def test_a_plan_made_twice_asks_for_nothing_twice(shelves: FloorHand) -> None:
    counted(shelves, 31)
    assert ask(shelves, CountCause.CLASS)["asked"] == ["A01-01-1"]
    assert due(shelves, CountCause.CLASS) == []
    report = ask(shelves, CountCause.ASKED, locations=("A01-01-1", "A01-02-1"))
    assert (report["asked"], report["known"]) == (["A01-02-1"], ["A01-01-1"])
    assert shelves.one("SELECT COUNT(*) AS n FROM task WHERE warehouse_id = :w AND kind = 'count'")["n"] == 2
