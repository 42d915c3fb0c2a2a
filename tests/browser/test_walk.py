"""The walk as people see it: on the picker's screen, on the board, and an aisle closed on the floor's page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from fulfillment.domain.codes import own_code
from fulfillment.domain.roles import TokenRole
from fulfillment.services.releasing import planning, waves
from fulfillment.services.set_up import setting_up
from tests.browser.conftest import Site
from tests.browser.scanner import Person
from tests.factories import NOBODY, FloorHand
from tests.services import acts
from tests.services.odd_floor import lay_walkways
from tests.services.walking.a_walk import PLACES, open_stops, stock_every_bin, work_off

pytestmark = pytest.mark.browser


@pytest.fixture
def hand(site: Site) -> FloorHand:
    """A tour over five bins waits."""
    stock_every_bin(site.hand)
    site.hand.order("S1", *((place, 1) for place in PLACES))
    wave = site.hand.write(lambda tx: waves.release(tx, NOBODY))["wave"]
    planning.plan_wave(site.hand.floor, wave, tour_ms=200)  # long enough to prove it on a busy machine
    site.hand.write(lambda tx: setting_up.add_station(tx, "BOARD-1", "board"))
    return site.hand


@pytest.fixture
def picker(site: Site, hand: FloorHand, page: Page) -> Person:
    return Person(site, page, "HAND-1")


def set_out(picker: Person) -> None:
    for code in (own_code("B", "1001"), own_code("C", "PICK"), acts.CARTS[0], acts.TOTES[0]):
        picker.scan(code)


def test_the_walk_ahead_comes_after_the_screen_and_grows_by_touch(picker: Person, page: Page) -> None:
    set_out(picker)
    drawn = page.locator(".walk > svg")
    expect(drawn).to_have_attribute("aria-label", f"Tour from STAGE-1: {len(PLACES)} stops")
    expect(page.locator(".aim")).to_contain_text("m to walk")
    small = drawn.bounding_box()
    page.locator(".walk").click()
    large = drawn.bounding_box()
    assert small is not None
    assert large is not None
    assert large["height"] > 4 * small["height"]
    picker.scan(picker.step["fields"]["location"]["barcode"])  # a scan goes on, whatever is shown large
    assert picker.state == ("pick", "item")
    expect(page.locator(".walk")).to_have_count(0)


@pytest.mark.parametrize(("width", "height"), [(800, 1280), (1440, 900)])
def test_a_small_map_that_would_hide_little_of_the_floor_shows_all_of_it(
    picker: Person, page: Page, width: int, height: int
) -> None:
    page.set_viewport_size({"width": width, "height": height})
    set_out(picker)
    drawn = page.locator(".walk > svg")
    drawn.wait_for()
    small = drawn.get_attribute("viewBox")
    page.locator(".walk").click()
    assert drawn.get_attribute("viewBox") == small


def test_no_scan_waits_for_a_picture(picker: Person, page: Page) -> None:
    held: list[Route] = []
    page.route("**/walk?*", lambda route: held.append(route))  # never answered
    set_out(picker)
    picker.scan(picker.step["fields"]["location"]["barcode"])
    assert picker.state == ("pick", "item")
    assert held != []
    for route in held:
        route.abort()


def test_the_board_leads_to_the_drawn_tour(site: Site, hand: FloorHand, page: Page) -> None:
    acts.take_tour(hand)
    page.set_viewport_size({"width": 1440, "height": 900})
    site.enter(page, "BOARD-1")
    expect(page.locator("#tours")).to_contain_text("proven shortest")
    page.locator("#tours a", has_text="Ada").click()
    expect(page.locator(".walk-drawn svg")).to_be_visible()
    expect(page.locator("#proof")).to_contain_text("Proven shortest")
    expect(page.locator("tbody tr")).to_have_count(len(PLACES))


def test_an_aisle_is_closed_on_the_floors_page(site: Site, hand: FloorHand, page: Page) -> None:
    acts.take_tour(hand)
    shut = open_stops(hand)[1]
    site.enter(page, "BOARD-1")
    page.goto(f"{site.address}/floor")
    form = page.locator('form[action="/floor/closures"]')
    form.locator("[name=place]").fill(shut)
    form.locator("[name=badge]").fill(own_code("B", "1002"))
    form.locator("[name=close]").click()
    expect(page.locator("#refused")).to_contain_text("Only a supervisor")
    form.locator("[name=badge]").fill(own_code("B", "1001"))
    form.locator("[name=close]").click()
    expect(page.locator(".closure")).to_contain_text(shut)
    work_off(hand)
    assert open_stops(hand)[-1] == shut
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_kiosk_walks_heavy_goods_first_as_a_desk_has_said(site: Site, hand: FloorHand, page: Page) -> None:
    hand.write(lambda tx: tx.run("UPDATE item SET weight_g = 9000 WHERE warehouse_id = :w AND sku = 'A02-01-1'"))
    hand.write(lambda tx: tx.run("UPDATE item SET is_fragile = 1 WHERE warehouse_id = :w AND sku = 'A01-01-1'"))
    token = hand.write(lambda tx: setting_up.add_token(tx, "desk", TokenRole.ADMIN))
    page.goto(f"{site.address}/enter?token={token}")
    page.goto(f"{site.address}/set-up/layout")
    form = page.locator('form[action="/set-up/layout/order"]')
    form.locator("[name=tour_order]").select_option("heavy_first")
    form.locator("[name=heavy_from_g]").fill("a lot")
    form.locator("button").click()
    expect(page.locator("#refused")).to_contain_text("no whole number")
    form.locator("[name=tour_order]").select_option("heavy_first")
    form.locator("[name=heavy_from_g]").fill("9000")
    form.locator("button").click()
    expect(page.locator("#did")).to_be_visible()
    expect(form.locator("[name=tour_order]")).to_have_value("heavy_first")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    work_off(hand)
    picker = Person(site, page, "HAND-1")
    set_out(picker)
    walked = []
    while picker.state == ("pick", "location"):
        fields = picker.step["fields"]
        walked.append(fields["location"]["code"])
        expect(page.locator("body")).to_contain_text(fields["location"]["code"])
        picker.scan(fields["location"]["barcode"])
        picker.scan(fields["item"]["barcode"])
        picker.scan(fields["tote"]["barcode"])
    assert (walked[0], walked[-1], sorted(walked)) == ("A02-01-1", "A01-01-1", sorted(PLACES))
    site.enter(page, "BOARD-1")
    expect(page.locator("#tours")).to_contain_text("heavy first:")
    page.locator("#tours a", has_text="Ada").click()
    expect(page.locator("#order-cost")).to_contain_text("m")


def test_a_tour_on_walkways_is_walked_with_metres_and_a_map(site: Site, page: Page) -> None:
    lay_walkways(stock_every_bin(site.hand))
    site.hand.order("S1", *((place, 1) for place in PLACES))
    wave = site.hand.write(lambda tx: waves.release(tx, NOBODY))["wave"]
    planning.plan_wave(site.hand.floor, wave, tour_ms=200)
    picker = Person(site, page, "HAND-1")
    set_out(picker)
    for left in range(len(PLACES), 0, -1):
        assert picker.state == ("pick", "location")
        expect(page.locator(".aim")).to_contain_text("m to walk")
        stops = "1 stop" if left == 1 else f"{left} stops"
        expect(page.locator(".walk > svg")).to_have_attribute("aria-label", re.compile(rf"Tour from .*: {stops}"))
        picker.scan(picker.step["fields"]["location"]["barcode"])
        assert picker.state == ("pick", "item")
        picker.scan(picker.step["fields"]["item"]["barcode"])
        picker.scan(picker.step["fields"]["tote"]["barcode"])
    assert open_stops(site.hand) == []
