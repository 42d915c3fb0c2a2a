"""Goods come in at a dock: a pallet by one scan, one more than announced with its reason, and down to the face."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from fulfillment.domain.codes import own_code
from fulfillment.services.receiving.inbound import UnitIn
from fulfillment.services.replenishing import pick_faces
from tests.browser.conftest import Site
from tests.browser.scanner import Person
from tests.factories import NOBODY, FloorHand
from tests.services import acts
from tests.services.arriving import PALLET, announce, differences, lines

pytestmark = pytest.mark.browser

BADGE = own_code("B", "1001")


@pytest.fixture
def hand(site: Site) -> FloorHand:
    """Items MUG and CUP."""
    for sku, name in (("MUG", "Mug, blue, with a long handle"), ("CUP", "Tea cup")):
        site.hand.item(sku, name=name)
    return site.hand


def is_in_sight(page: Page, selector: str) -> bool:
    """Whether all of it stands on the screen without scrolling."""
    box = page.locator(selector).first.bounding_box()
    size = page.viewport_size
    return bool(box and size and box["y"] >= 0 and box["y"] + box["height"] <= size["height"])


def test_a_pallet_by_one_scan_and_one_more_with_its_reason(site: Site, hand: FloorHand, page: Page) -> None:
    announce(hand, "R1", ("CUP", 2), units=(UnitIn(PALLET, lines(("MUG", 40))),))
    receiver = Person(site, page, "DOCK-1")
    for code in (BADGE, own_code("C", "RECEIVE"), f"]C100{PALLET}"):
        receiver.scan(code)
    assert receiver.state == ("receive", "item")
    expect(page.locator(".task")).to_contain_text("2 units left")

    receiver.key_in(3)
    receiver.scan("CUP")
    assert receiver.verdict == "Over More than was announced Announced 2 Counted 3"
    receiver.key_in(2)
    receiver.scan("CUP")
    expect(page.locator(".task")).to_contain_text("All that was announced is here")
    receiver.say("OVER")
    assert receiver.state == ("receive", "reason")
    expect(page.locator(".reason")).to_have_text(["Supplier sent more", "Not announced"])
    receiver.touch(own_code("Y", "SUPPLIER-OVER"))
    expect(page.locator(".task")).to_contain_text("more than announced: Supplier sent more")
    receiver.scan("CUP")
    receiver.say("DONE")

    assert receiver.state == ("receive", "receipt")
    assert (hand.on_hand("DOCK-1", "MUG"), hand.on_hand("DOCK-1", "CUP")) == (40, 3)
    assert differences(hand) == [("CUP", "over", 1, "supplier_over")]
    assert acts.wrong(hand) == []


def test_a_reason_read_twice_by_one_pull_is_said_once(site: Site, hand: FloorHand, page: Page) -> None:
    announce(hand, "R1", ("CUP", 2))
    receiver = Person(site, page, "DOCK-1")
    for code in (BADGE, own_code("C", "RECEIVE"), own_code("R", "R1"), own_code("C", "DAMAGED")):
        receiver.scan(code)
    reason = own_code("Y", "DAMAGED")
    receiver.answered(lambda: page.evaluate(f"scan('{reason}'); scan('{reason}')"))
    expect(page.locator("#waiting")).to_have_text("All sent")
    assert [scan["code"] for scan in site.scans()].count(reason) == 1
    assert receiver.verdict == "OK"


def test_goods_come_down_to_the_face(site: Site, hand: FloorHand, page: Page) -> None:
    hand.stock("MUG", 4, "A01-01-1", "2026-01-01")
    hand.stock("MUG", 30, "A02-03-3", "2026-02-01")
    hand.write(lambda tx: pick_faces.give(tx, NOBODY, "A01-01-1", "MUG", 5, 20))
    picker = Person(site, page, "HAND-1")
    for code in (BADGE, own_code("C", "REPLENISH")):
        picker.scan(code)
    assert page.locator(".place-part b").all_inner_texts() == ["02", "03", "3"]
    expect(page.locator(".task")).to_contain_text("1 refill waiting")
    picker.scan(acts.at("A01-01-1"))
    assert picker.verdict == "Stop Wrong location Expected A02-03-3 Scanned A01-01-1"
    picker.touch(acts.at("A02-03-3"))
    assert (picker.state, page.inner_text(".quantity-number")) == (("replenish", "item"), "16")

    picker.key_in(10)
    picker.scan("MUG")
    expect(page.locator(".task")).to_contain_text("10 in your hand")
    picker.key_in(6)
    picker.scan("MUG")
    assert page.locator(".place-part b").all_inner_texts() == ["01", "01", "1"]
    picker.scan(acts.at("A01-01-1"))

    expect(page.locator(".prompt")).to_have_text("Nothing to refill just now")
    assert (hand.on_hand("A01-01-1"), hand.on_hand("A02-03-3")) == (20, 14)
    assert acts.wrong(hand) == []


def test_part_of_what_is_in_the_hand_goes_onto_a_pallet(site: Site, hand: FloorHand, page: Page) -> None:
    announce(hand, "R1", units=(UnitIn(PALLET, lines(("MUG", 4))),))
    hand.sign_in("DOCK-1", "RECEIVE")
    hand.scan("DOCK-1", PALLET)
    hand.stock("MUG", 5, "A01-01-1")
    mover = Person(site, page, "HAND-1")
    for code in (BADGE, own_code("C", "MOVE"), acts.at("A01-01-1")):
        mover.scan(code)
    mover.key_in(5)
    mover.scan("MUG")
    mover.key_in(2)
    mover.scan(PALLET)
    assert mover.state == ("move", "target")
    assert page.inner_text(".quantity-number") == "3"
    assert hand.on_hand("DOCK-1", "MUG") == 6


def test_what_came_of_a_button_far_down_is_in_sight(site: Site, hand: FloorHand, page: Page) -> None:
    for turn in range(6):
        hand.stock("MUG", 5, "A01-01-1", f"2026-01-{turn + 1:02d}")
    mover = Person(site, page, "HAND-1")
    for code in (BADGE, own_code("C", "MOVE"), acts.at("A01-01-1")):
        mover.scan(code)
    assert not is_in_sight(page, ".command-adjust")
    mover.say("ADJUST")
    assert is_in_sight(page, ".verdict")
    assert is_in_sight(page, ".prompt")
    mover.scan(own_code("Y", "UNREACHABLE"))
    assert mover.verdict.startswith("Stop Scan a reason Expected Lost, Found")
    assert is_in_sight(page, ".verdict")
