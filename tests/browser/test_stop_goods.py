"""A supervisor chooses other goods on the board, the kiosk asks for the other bin, and undone for the first again."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from fulfillment.domain.codes import own_code
from tests.browser.conftest import Site
from tests.browser.scanner import Person
from tests.services.acts import CARTS, TOTES, at, release, wrong
from tests.services.walking.a_walk import work_off

pytestmark = pytest.mark.browser

OLD, NEW = "A01-01-1", "A02-01-1"


@pytest.fixture
def waits(site: Site, page: Page) -> Site:
    """An order of 2 on a planned tour to the old goods, newer ones in another bin; the board at the waves."""
    hand = site.hand
    hand.item("MUG")
    hand.stock("MUG", 5, OLD, "2026-01-01")
    hand.stock("MUG", 5, NEW, "2026-02-01")
    hand.order("SO-1", ("MUG", 2))
    release(hand)
    site.enter(page, "BOARD-1")
    page.goto(f"{site.address}/waves")
    return site


def choose(page: Page) -> None:
    page.locator(".wave-tour a").first.click()
    page.get_by_role("link", name="Other goods").click()
    row = page.locator(".stop-goods tbody tr", has_text=NEW)
    expect(page.locator(".stop-goods tbody tr", has_text=OLD)).to_contain_text("FIFO takes these")
    row.get_by_role("radio").check()
    page.get_by_label("Reason").select_option(label="Cannot be reached")
    page.get_by_label("Supervisor's badge").fill("1001")
    page.get_by_role("button", name="Take these goods").click()
    expect(page.locator(".wave-act").first).to_contain_text("rank 2 instead of 1")


def sent_to(site: Site, page: Page) -> Person:
    work_off(site.hand)
    picker = Person(site, page, "HAND-1")
    for code in (own_code("B", "1002"), own_code("C", "PICK"), CARTS[0], TOTES[0]):
        picker.scan(code)
    return picker


def test_the_kiosk_asks_for_the_goods_chosen_on_the_board(waits: Site, page: Page) -> None:
    choose(page)
    picker = sent_to(waits, page)
    expect(page.locator(".task")).to_contain_text("A02")
    picker.scan(at(OLD))
    assert picker.state == ("pick", "location")
    picker.scan(at(NEW))
    picker.key_in(2)
    picker.scan("MUG")
    picker.scan(TOTES[0])
    picker.scan(at("STAGE-1"))
    assert waits.hand.on_hand(NEW) == 3
    assert wrong(waits.hand) == []


def test_undone_the_kiosk_asks_for_what_fifo_gave(waits: Site, page: Page) -> None:
    choose(page)
    act = page.locator(".wave-act").first
    act.get_by_label("Supervisor's badge").fill("1001")
    act.get_by_role("button", name="Undo").click()
    expect(page.locator(".wave-act").first).to_contain_text("undone")
    picker = sent_to(waits, page)
    assert picker.step["fields"]["location"]["code"] == OLD
    assert wrong(waits.hand) == []
