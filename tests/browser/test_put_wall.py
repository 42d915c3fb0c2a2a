"""A batch of six orders by scanner, from the first bin to the last lane, with the wall on a screen beside it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from fulfillment.domain.codes import own_code
from tests.browser.conftest import Site
from tests.browser.scanner import Person
from tests.factories import FloorHand
from tests.services import acts, wall

pytestmark = pytest.mark.browser

BADGE = own_code("B", "1001")
ORDERS = {f"S{number}": (("PEN", 1 + number % 2), ("CUP", 1)) for number in range(1, 7)}


@pytest.fixture
def hand(site: Site) -> FloorHand:
    """Six orders of pens and a cup each, released as a batch for a wall of two rows of three."""
    hand = site.hand
    wall.equip(hand)
    for sku, name, place in (("PEN", "Fine pen", "A01-01-1"), ("CUP", "Blue cup", "A02-01-1")):
        hand.item(sku, name=name)
        hand.stock(sku, 50, place)
    for number, lines in ORDERS.items():
        hand.order(number, *lines)
    wall.release(hand)
    return hand


def test_a_batch_of_six_orders_from_the_bins_to_the_lanes(
    site: Site, hand: FloorHand, page: Page, browser: Browser
) -> None:
    picker = Person(site, page, "HAND-1")
    for code in (BADGE, own_code("C", "PICK"), acts.CARTS[0], acts.TOTES[0]):
        picker.scan(code)
    assert picker.step["fields"]["order"] == "S1 +5"
    for sku, qty_each in (("PEN", 9), ("CUP", 6)):
        picker.scan(picker.step["fields"]["location"]["barcode"])
        picker.key_in(qty_each)
        picker.scan(sku)
        picker.scan(acts.TOTES[0])
    assert picker.step["fields"]["location"]["code"] == "WALL-1"
    picker.scan(wall.AT_WALL)

    beside = browser.new_context(viewport={"width": 1440, "height": 900})
    board = beside.new_page()
    site.enter(board, "WALL")  # a screen without hands: a board's link
    board.goto(f"{site.address}/put-wall/W1")
    expect(board.locator(".slot-free")).to_have_count(6)

    sorter = Person(site, page, "HAND-2")
    for code in (BADGE, own_code("C", "SORT"), acts.TOTES[0]):
        sorter.scan(code)
    assert sorter.state == ("sort", "item")
    is_first = True
    while sorter.state == ("sort", "item"):
        sorter.scan(wall.left_in(hand, acts.TOTES[0][2:-2])[0])
        slot = sorter.step["fields"]["slot"]
        expect(page.locator(".slot-lit b")).to_have_text(slot["name"])
        if is_first:
            expect(board.locator(".slot-lit b")).to_have_text(slot["name"])
            other = next(name for name in ("A01", "A02") if name != slot["name"])
            sorter.scan(own_code("S", f"W1-{other}"))
            assert sorter.verdict == f"Stop Wrong slot Expected {slot['code']} Scanned W1-{other}"
            is_first = False
        sorter.scan(slot["barcode"])
    assert sorter.state == ("sort", "tote")
    expect(page.locator(".slot-done")).to_have_count(6)
    expect(board.locator(".slot-done")).to_have_count(6)
    expect(board.locator(".slot-done").first).to_contain_text("✓")
    expect(board.locator(".slot-done").first).to_contain_text("done: pack it")

    packer = Person(site, page, "BENCH-1")
    page.set_viewport_size({"width": 1440, "height": 900})
    for code in (BADGE, own_code("C", "PACK")):
        packer.scan(code)
    for number in ORDERS:
        packer.scan(wall.slot_of(hand, number))
        while packer.state == ("pack", "item"):
            packer.scan(packer.step["fields"]["next"]["barcode"])
        packer.scan(packer.step["fields"]["parcel"]["barcode"])
        packer.scan(packer.step["fields"]["lane"]["barcode"])
        assert hand.order_state(number) == "packed"
    expect(board.locator(".slot-free")).to_have_count(6)
    beside.close()
    assert acts.wrong(hand) == []
