"""The figure of how right the book was: what first counts found, and nothing counted twice."""

from __future__ import annotations

import pytest

from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import DomainError
from fulfillment.services.counting import count_results
from fulfillment.services.counting.inventory_accuracy import inventory_accuracy
from tests.factories import FloorHand
from tests.services.acts import at


@pytest.fixture
def counted(hand: FloorHand) -> FloorHand:
    """Ten MUG counted as nine, ten CUP as ten; MUG is class A."""
    hand.item("MUG", velocity="A")
    hand.item("CUP")
    hand.stock("MUG", 10, "A01-01-1")
    hand.stock("CUP", 10, "A01-02-1")
    hand.sign_in("HAND-2", "COUNT", "1002")
    count(hand, "A01-01-1", "MUG", 9)
    count(hand, "A01-02-1", "CUP", 10)
    return hand


def count(hand: FloorHand, location: str, sku: str, qty_each: int) -> None:
    hand.scan("HAND-2", at(location))
    hand.scan("HAND-2", sku, qty_each)
    hand.say("HAND-2", "DONE")


def test_lines_and_units_that_were_as_the_book_said(counted: FloorHand) -> None:
    report = counted.floor.read(inventory_accuracy)
    assert (report["lines"], report["lines_right"], report["lines_percent"]) == (2, 1, 50.0)
    assert (report["book_each"], report["off_each"], report["units_percent"]) == (20, 1, 95.0)
    assert report["classes"]["A"]["lines_percent"] == 0.0
    assert report["classes"]["-"]["lines_percent"] == 100.0


def test_a_second_count_is_not_a_second_mistake(counted: FloorHand) -> None:
    counted.write(lambda tx: count_results.set_rules(tx, 1, None))
    count(counted, "A01-02-1", "CUP", 4)
    counted.scan("HAND-2", own_code("B", "1001"))
    count(counted, "A01-02-1", "CUP", 4)
    report = counted.floor.read(inventory_accuracy)
    assert (report["lines"], report["lines_right"]) == (3, 1)


def test_without_counts_there_is_no_figure(hand: FloorHand) -> None:
    report = hand.floor.read(inventory_accuracy)
    assert (report["lines"], report["lines_percent"], report["units_percent"], report["classes"]) == (0, None, None, {})


@pytest.mark.parametrize("days", [0, 4000])
def test_days_that_make_no_sense_are_refused(hand: FloorHand, days: int) -> None:
    with pytest.raises(DomainError):
        hand.floor.read(lambda tx: inventory_accuracy(tx, days))
