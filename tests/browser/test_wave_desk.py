"""The page of waves under way: it keeps itself fresh, and leaves alone who is at one of its forms."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from fulfillment.services.releasing import wave_acts
from tests.browser.conftest import Site
from tests.factories import NOBODY
from tests.services.acts import go_to_stop, release, take_tour
from tests.services.walking.a_walk import stock_every_bin

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


# What asks every ten seconds never does: what comes then was told by the stream.
NO_POLL = f"""() => {{
  const real = window.setInterval;
  window.setInterval = (work, ms) => ms === {FRESH_MS} ? 0 : real(work, ms);
}}"""


@pytest.mark.parametrize("path", ["/waves", "/floor/now"])
def test_what_happens_is_told_by_the_stream_at_once(site: Site, page: Page, path: str) -> None:
    hand = stock_every_bin(site.hand)
    hand.order("1", ("A01-01-1", 1), ("A02-01-1", 1))
    release(hand)
    site.enter(page, "BOARD-1")
    page.add_init_script(f"({NO_POLL})()")
    page.goto(f"{site.address}{path}")
    expect(page.locator("#fresh-link")).to_have_attribute("data-state", "live")
    seen = page.locator("[data-fresh] td", has_text="Ada")
    expect(seen).to_have_count(0)
    take_tour(hand)
    go_to_stop(hand)
    expect(seen).to_have_count(1)


def test_what_is_folded_out_stays_so_and_the_focus_where_it_is(site: Site, page: Page) -> None:
    hand = stock_every_bin(site.hand)
    hand.order("1", ("A01-01-1", 1), ("A02-01-1", 1))
    wave = release(hand)
    site.enter(page, "BOARD-1")
    page.goto(f"{site.address}/waves")
    fold = page.locator(".wave-tour details")
    fold.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(fold).to_have_attribute("open", "")
    hand.write(lambda tx: wave_acts.pause(tx, NOBODY, wave, badge="1001"))
    hand.order("2", ("A01-01-1", 1))
    expect(page.locator(".wave h2")).to_contain_text("paused")
    expect(fold).to_have_attribute("open", "")
    expect(fold.locator("summary")).to_be_focused()


def test_without_the_stream_the_page_asks_and_says_so_and_says_when_nobody_answers(site: Site, page: Page) -> None:
    site.enter(page, "BOARD-1")
    page.route("**/live/board", lambda route: route.abort())
    page.clock.install()
    page.goto(f"{site.address}/waves")
    link = page.locator("#fresh-link")
    expect(link).to_have_text("Every 10 seconds")
    page.route("**/waves", lambda route: route.abort())
    page.clock.run_for(FRESH_MS)
    expect(link).to_have_text("No connection")
