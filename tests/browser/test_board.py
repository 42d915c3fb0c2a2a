"""The board in a browser: orders move lanes by themselves, and go on doing so without the stream."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site
from tests.factories import FloorHand
from tests.services import acts

pytestmark = pytest.mark.browser


@pytest.fixture
def hand(site: Site) -> FloorHand:
    site.hand.item("PEN", name="Fine pen")
    site.hand.stock("PEN", 50)
    site.hand.order("S1", ("PEN", 2))
    site.hand.order("S2", ("PEN", 1))
    return site.hand


def lane(page: Page, name: str) -> object:
    return page.locator(f'[data-cards="{name}"] .card-number')


def walk(hand: FloorHand, page: Page) -> None:
    """S1 goes from promised to staging; every lane on the way is seen."""
    expect(lane(page, "allocated")).to_have_text(["S1", "S2"])
    acts.release(hand, "S1")
    expect(lane(page, "released")).to_have_text(["S1"])
    expect(lane(page, "allocated")).to_have_text(["S2"])
    acts.take_tour(hand)
    expect(lane(page, "picking")).to_have_text(["S1"])
    expect(lane(page, "released")).to_have_count(0)
    expect(page.locator("#tours .tour")).to_contain_text("Ada")
    acts.finish_tour(hand)
    expect(lane(page, "picked")).to_have_text(["S1"])
    expect(page.locator('[data-count="picked"]')).to_have_text("1")
    expect(page.locator("#tours")).to_have_text("none")


def test_an_order_moves_lanes_live(site: Site, hand: FloorHand, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    site.enter(page, "BOARD-1")
    expect(page.locator("#state")).to_have_text("Live")
    walk(hand, page)
    assert [url for url in asked if "/api/" in url] == []
    assert sum("/live/board" in url for url in asked) == 1


def test_without_the_stream_the_board_asks_every_few_seconds(site: Site, hand: FloorHand, page: Page) -> None:
    page.route("**/live/board", lambda route: route.abort())
    page.clock.install()
    site.enter(page, "BOARD-1")
    expect(page.locator("#state")).to_have_text("Every 3 seconds")
    expect(lane(page, "allocated")).to_have_text(["S1", "S2"])
    acts.release(hand, "S1")
    page.clock.run_for(3100)
    expect(lane(page, "released")).to_have_text(["S1"])
    expect(lane(page, "allocated")).to_have_text(["S2"])


def test_a_board_without_any_connection_says_since_when(site: Site, hand: FloorHand, page: Page) -> None:
    page.route("**/live/board", lambda route: route.abort())
    page.route("**/api/v1/board", lambda route: route.abort())
    site.enter(page, "BOARD-1")
    expect(page.locator("#state")).to_contain_text("No connection since")
    expect(lane(page, "allocated")).to_have_text(["S1", "S2"])


def test_any_order_can_be_found(site: Site, hand: FloorHand, page: Page) -> None:
    site.enter(page, "BOARD-1")
    page.fill("#find-number", "S2")
    page.press("#find-number", "Enter")
    expect(page.locator("#find-answer")).to_have_text("S2: Promised")
    expect(page.locator(".card-found .card-number")).to_have_text("S2")
    page.fill("#find-number", "S9")
    page.click("#find button")
    expect(page.locator("#find-answer")).to_have_text("No order S9")


def test_what_a_channel_calls_its_order_stays_text(site: Site, page: Page) -> None:
    number = "<img src=x onerror=alert(1)>"
    site.hand.order(number, ("NOPE", 1))
    site.enter(page, "BOARD-1")
    expect(lane(page, "hold")).to_have_text([number])
    assert page.locator(".card img").count() == 0
