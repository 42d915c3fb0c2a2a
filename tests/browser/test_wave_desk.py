"""The page of waves under way: it keeps itself fresh, and leaves alone who is at one of its forms."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from fulfillment.services import wave_acts
from tests.browser.conftest import Site
from tests.factories import NOBODY
from tests.services.acts import release, take_tour
from tests.services.walking import stock_every_bin

pytestmark = pytest.mark.browser

FRESH_MS = 10_000


def test_what_happens_shows_by_itself_but_not_under_somebodys_hands(site: Site, page: Page) -> None:
    hand = stock_every_bin(site.hand)
    hand.order("1", ("A01-01-1", 1), ("A02-01-1", 1))
    wave = release(hand)
    site.enter(page, "BOARD-1")
    page.clock.install()
    page.goto(f"{site.address}/waves")
    expect(page.locator(".wave")).to_contain_text("waits")
    take_tour(hand)
    page.clock.run_for(FRESH_MS)
    expect(page.locator(".wave-tour")).to_contain_text("Ada")
    badge = page.locator(".wave > form [name=badge]")
    badge.fill("1001")
    hand.write(lambda tx: wave_acts.prioritise(tx, NOBODY, wave, 7, badge="1001"))
    page.clock.run_for(3 * FRESH_MS)
    expect(badge).to_have_value("1001")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".wave h2")).to_contain_text("paused")
    expect(page.locator(".wave-act").first).to_contain_text("by Ada")
