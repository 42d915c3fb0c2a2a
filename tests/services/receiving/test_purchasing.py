"""Rules of purchase orders: their figures rise with the receipts that name them."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.services.receiving import purchasing
from fulfillment.services.receiving.purchasing import OrderedLine, PurchaseIn
from tests.factories import FloorHand
from tests.services.arriving import announce, begin, finish, say_why, shown

pytestmark = pytest.mark.usefixtures("book_is_right")


@pytest.fixture
def buyer(hand: FloorHand) -> FloorHand:
    """PO-1 orders 10 MUG at 1.25 and 4 CUP of Potter."""
    hand.item("MUG")
    hand.item("CUP")
    place(hand, "PO-1", OrderedLine("MUG", 10, 125), OrderedLine("CUP", 4))
    return hand


def place(hand: FloorHand, number: str, *ordered: OrderedLine, **values: Any) -> bool:
    purchase = PurchaseIn(number, ordered, **{"supplier": "Potter", **values})
    return hand.write(lambda tx: purchasing.place(tx, purchase))


def figures(hand: FloorHand) -> dict[str, Any]:
    purchase = hand.write(lambda tx: purchasing.describe(tx, "PO-1"))
    return {"state": purchase["state"], **{line["sku"]: line["received_each"] for line in purchase["lines"]}}


def test_receipts_that_name_the_order_fill_it_and_the_last_one_closes_it(buyer: FloorHand) -> None:
    announce(buyer, "R1", ("MUG", 6), purchase_order="PO-1")
    begin(buyer)
    buyer.scan("DOCK-1", "MUG", 6)
    finish(buyer)
    assert figures(buyer) == {"state": "open", "MUG": 6, "CUP": 0}
    announce(buyer, "R2", ("MUG", 4), ("CUP", 4), purchase_order="PO-1")
    begin(buyer, "R2")
    buyer.scan("DOCK-1", "MUG", 4)
    say_why(buyer, "OVER", "supplier_over")
    buyer.scan("DOCK-1", "CUP", 5)
    assert figures(buyer) == {"state": "closed", "MUG": 10, "CUP": 5}


def test_an_order_can_be_received_without_an_announcement(buyer: FloorHand) -> None:
    announce(buyer, "R1", purchase_order="PO-1")
    expected = shown(buyer)
    assert (expected["kind"], expected["supplier"], expected["purchase_order"]) == ("purchase", "Potter", "PO-1")
    assert [(line["sku"], line["expected_each"]) for line in expected["lines"]] == [("MUG", 10), ("CUP", 4)]
    begin(buyer)
    buyer.scan("DOCK-1", "MUG", 3)
    finish(buyer)
    announce(buyer, "R2", purchase_order="PO-1")
    assert shown(buyer, "R2")["lines"][0]["expected_each"] == 7


def test_what_was_paid_goes_with_the_layer(buyer: FloorHand) -> None:
    announce(buyer, "R1", ("MUG", 1), purchase_order="PO-1")
    begin(buyer)
    buyer.scan("DOCK-1", "MUG")
    assert buyer.one("SELECT unit_cost_minor FROM layer WHERE warehouse_id = :w") == {"unit_cost_minor": 125}


def test_an_order_nobody_waits_for_is_closed_by_hand(buyer: FloorHand) -> None:
    buyer.write(lambda tx: purchasing.close(tx, "PO-1"))
    assert figures(buyer)["state"] == "closed"
    with pytest.raises(Conflict, match="nothing of PO-1 is still to come"):
        announce(buyer, "R1", purchase_order="PO-1")
    buyer.write(lambda tx: purchasing.close(tx, "PO-1"))
    with pytest.raises(NotFound):
        buyer.write(lambda tx: purchasing.close(tx, "PO-2"))


def test_an_order_is_placed_once(buyer: FloorHand) -> None:
    assert place(buyer, "PO-1", OrderedLine("MUG", 10, 125), OrderedLine("CUP", 4)) is False
    with pytest.raises(Conflict, match="other content"):
        place(buyer, "PO-1", OrderedLine("MUG", 11))
    announce(buyer, "R1", ("MUG", 1))
    with pytest.raises(Conflict, match="R1 exists with other content"):
        announce(buyer, "R1", ("MUG", 1), purchase_order="PO-1")


def test_lines_of_one_item_are_added_up(buyer: FloorHand) -> None:
    place(buyer, "PO-2", OrderedLine("MUG", 1), OrderedLine("mug", 2))
    assert buyer.write(lambda tx: purchasing.describe(tx, "PO-2"))["lines"][0]["ordered_each"] == 3


def test_orders_are_listed_with_what_has_come(buyer: FloorHand) -> None:
    place(buyer, "PO-2", OrderedLine("MUG", 1), due_on="2026-12-01")
    listed = buyer.write(purchasing.listed)["purchase_orders"]
    assert [(row["number"], row["ordered_each"], row["received_each"]) for row in listed] == [
        ("PO-2", 1, 0),
        ("PO-1", 14, 0),
    ]
    assert buyer.write(lambda tx: purchasing.listed(tx, "closed"))["purchase_orders"] == []
    with pytest.raises(DomainError):
        buyer.write(lambda tx: purchasing.listed(tx, "lost"))


@pytest.mark.parametrize(
    ("number", "line", "values", "field"),
    [
        ("po 1", OrderedLine("MUG", 1), {}, "number"),
        ("PO-2", OrderedLine("NIL", 1), {}, "lines[0].sku"),
        ("PO-2", OrderedLine("MUG", 0), {}, "lines[0].qty_each"),
        ("PO-2", OrderedLine("MUG", 1), {"due_on": "soon"}, "due_on"),
    ],
)
def test_nonsense_is_refused_and_names_its_field(
    buyer: FloorHand, number: str, line: OrderedLine, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(DomainError) as refused:
        place(buyer, number, line, **values)
    assert refused.value.field == field


def test_an_order_has_lines(buyer: FloorHand) -> None:
    with pytest.raises(DomainError, match="at least one line"):
        place(buyer, "PO-2")


def test_what_one_receipt_expects_of_an_order_another_does_not_expect_again(buyer: FloorHand) -> None:
    announce(buyer, "R1", ("MUG", 7), purchase_order="PO-1")
    announce(buyer, "R2", purchase_order="PO-1")
    assert {line["sku"]: line["expected_each"] for line in shown(buyer, "R2")["lines"]} == {"MUG": 3, "CUP": 4}
    with pytest.raises(Conflict) as refused:
        announce(buyer, "R3", purchase_order="PO-1")
    assert refused.value.code == "nothing_open"
