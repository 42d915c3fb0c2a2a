"""A picker before closed cases of an older lot: opens one, or takes newer goods on a supervisor's word."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from fulfillment.domain.codes import own_code
from tests.browser.conftest import Site
from tests.browser.scanner import Person
from tests.browser.test_goods_in import is_in_sight
from tests.services import acts
from tests.services.touring.test_pick_stock import GTIN, goods, stock

pytestmark = pytest.mark.browser

BOB, ADA = own_code("B", "1002"), own_code("B", "1001")  # Ada is the supervisor
NEWER = f"]C101{GTIN}10NEW"


@pytest.fixture
def picker(site: Site, page: Page) -> Person:
    """Bob before 2 closed cases of lot OLD and 9 loose jars of lot NEW; an order asks for 4."""
    hand = site.hand
    goods(hand, name="Strawberry jam, 340 g", tracks_lot=1)
    stock(hand, 24, "2026-01-01", case_each=12, cases=2, lot="OLD")
    stock(hand, 9, "2026-02-01", lot="NEW")
    hand.order("SO-1", ("JAM", 4))
    acts.release(hand)
    picker = Person(site, page, "HAND-1")
    for code in (BOB, own_code("C", "PICK"), acts.CARTS[0], acts.TOTES[0], acts.at("A01-01-1")):
        picker.scan(code)
    return picker


def test_a_case_is_opened_before_a_piece_of_it_is_taken(picker: Person, site: Site, page: Page) -> None:
    expect(page.locator(".task")).to_contain_text("2 closed cases (12 in a case) · 9 loose")
    picker.scan("JAM")
    assert picker.verdict == "Stop The case is closed: open it first Without opening one 0 Wanted 1"
    picker.say("BREAK")
    expect(page.locator(".task")).to_contain_text("1 closed case (12 in a case) · 21 loose")
    picker.key_in(4)
    picker.scan("JAM")
    assert picker.state == ("pick", "tote")
    picker.touch(acts.TOTES[0])
    picker.scan(acts.at("STAGE-1"))
    assert site.hand.order_state("SO-1") == "picked"
    assert acts.wrong(site.hand) == []


def test_newer_goods_go_first_on_a_supervisors_word(picker: Person, site: Site, page: Page) -> None:
    picker.scan(NEWER)
    assert picker.verdict == "Stop Older goods go first Take OLD Scanned NEW"
    picker.say("OVERRIDE")
    assert picker.state == ("pick", "supervisor")
    picker.scan(BOB)
    assert picker.verdict == "Stop Your role may not do this Expected supervisor Role picker"
    picker.scan(ADA)
    assert picker.state == ("pick", "reason")
    expect(page.locator(".head-who")).to_have_text("Bob")  # her word is asked for, the walk stays his
    labels = page.locator(".reason").all_inner_texts()
    assert labels == ["Cannot be reached", "Damaged", "The customer asked for it", "Quality"]
    picker.touch(own_code("Y", "UNREACHABLE"))
    expect(page.locator(".task")).to_contain_text("Ada lets newer goods go first (Cannot be reached)")
    picker.key_in(4)
    picker.scan(NEWER)
    assert picker.state == ("pick", "tote")
    picker.touch(acts.TOTES[0])
    picker.scan(acts.at("STAGE-1"))
    row = site.hand.one("SELECT why, supervisor_id FROM fifo_override WHERE warehouse_id = :w")
    assert row["why"] == "unreachable"
    assert row["supervisor_id"]
    assert acts.wrong(site.hand) == []


def test_what_to_take_every_button_and_the_barcode_stand_on_a_handhelds_screen(picker: Person, page: Page) -> None:
    for selector in (".quantity-number", ".keypad", ".command-override", ".barcode"):
        assert is_in_sight(page, selector), selector
