"""A person picks an order in a browser: by scanner, by touch, over a bad network."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from fulfillment.domain.codes import own_code
from tests.browser.conftest import Site
from tests.browser.scanner import SLOW_MS, Person
from tests.factories import FloorHand
from tests.services import acts

pytestmark = pytest.mark.browser

BADGE = own_code("B", "1001")


@pytest.fixture
def hand(site: Site) -> FloorHand:
    """A floor with one tour waiting: 2 fine pens in the first aisle, 12 blue cups in the second."""
    hand = site.hand
    for sku, name, place in (("PEN", "Fine pen", "A01-01-1"), ("CUP", "Blue cup", "A02-01-1")):
        hand.item(sku, name=name)
        hand.stock(sku, 50, place)
    hand.order("S1", ("PEN", 2), ("CUP", 12))
    acts.release(hand)
    return hand


@pytest.fixture
def picker(site: Site, hand: FloorHand, page: Page) -> Person:
    return Person(site, page, "HAND-1")


def go_to_first_stop(picker: Person) -> None:
    for code in (BADGE, own_code("C", "PICK"), acts.CARTS[0], acts.TOTES[0]):
        picker.scan(code)
    picker.scan(picker.step["fields"]["location"]["barcode"])


def test_a_tour_from_the_badge_to_the_drop(picker: Person, hand: FloorHand, page: Page) -> None:
    assert picker.state == ("home", "signed_out")
    picker.scan(BADGE)
    assert "Ada" in page.inner_text(".head")
    picker.say("PICK")
    picker.touch(acts.CARTS[1])
    picker.scan(acts.TOTES[4])

    assert picker.state == ("pick", "location")
    assert page.locator(".place-part b").all_inner_texts() == ["01", "01", "1"]
    picker.scan(picker.step["fields"]["location"]["barcode"], SLOW_MS)
    picker.scan("PEN")
    assert page.inner_text(".quantity-number") == "1"
    picker.scan("PEN")
    assert picker.state == ("pick", "tote")
    picker.touch(acts.TOTES[4])

    picker.touch(picker.step["fields"]["location"]["barcode"])
    picker.key_in(12)
    picker.scan("CUP")
    picker.scan(acts.TOTES[4])

    assert picker.state == ("pick", "drop")
    picker.scan(acts.at("STAGE-1"))
    assert picker.state == ("pick", "cart")
    assert hand.order_state("S1") == "picked"
    assert (hand.on_hand("STAGE-1", "PEN"), hand.on_hand("STAGE-1", "CUP")) == (2, 12)
    assert acts.wrong(hand) == []


def test_a_wrong_scan_is_felt_heard_and_read(picker: Person, page: Page) -> None:
    page.add_init_script("window.felt = []; navigator.vibrate = (ms) => felt.push(ms);")
    page.reload()
    for code in (BADGE, own_code("C", "PICK"), acts.CARTS[0], acts.TOTES[0]):
        picker.scan(code)
    picker.scan(acts.at("A02-03-3"))
    assert picker.verdict == "Stop Wrong location Expected A01-01-1 Scanned A02-03-3"
    assert "Wrong location" in page.text_content("#spoken")
    assert page.evaluate("felt") == [40, 40, 40, 40, [200, 90, 200]]
    assert page.evaluate("audio.state") == "running"


def test_an_answer_lost_on_the_way_back_counts_once(picker: Person, site: Site, page: Page) -> None:
    go_to_first_stop(picker)
    lost = []

    def lose_one(route: Route) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.fetch())  # the server has it; the handheld never hears of it
        route.abort()

    page.route("**/scan", lose_one)
    picker.pull("PEN")
    expect(page.locator(".quantity-number")).to_have_text("1")
    expect(page.locator("#waiting")).to_have_text("All sent")
    assert len(lost) == 1
    assert [scan["code"] for scan in site.scans()].count("PEN") == 1


def test_scans_wait_in_order_while_there_is_no_network(picker: Person, site: Site, page: Page) -> None:
    go_to_first_stop(picker)
    page.route("**/scan", lambda route: route.abort())
    picker.pull("PEN")
    expect(page.locator("#waiting")).to_contain_text("1 waiting to be sent")
    picker.pull("PEN")
    picker.pull(acts.TOTES[0])
    expect(page.locator("#waiting")).to_contain_text("3 waiting to be sent. No answer")
    page.reload()
    expect(page.locator("#waiting")).to_contain_text("3 waiting")
    page.unroute("**/scan")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("#waiting")).to_have_text("All sent")
    assert [scan["code"] for scan in site.scans()][-3:] == ["PEN", "PEN", acts.TOTES[0]]
    assert [scan["rejection"] for scan in site.scans()][-3:] == ["", "", ""]
    assert picker.state == ("pick", "location")


def test_a_page_that_is_not_the_floors_is_no_answer(picker: Person, site: Site, page: Page) -> None:
    hotspot = [True]

    def intercept(route: Route) -> None:
        if hotspot:
            route.fulfill(status=200, body="<h1>Welcome to the free WLAN</h1>", content_type="text/html")
        else:
            route.continue_()

    page.route("**/scan", intercept)
    picker.pull(BADGE)
    expect(page.locator("#link")).to_have_attribute("data-state", "trouble")
    assert site.scans() == []
    hotspot.clear()
    expect(page.locator("#link")).to_have_attribute("data-state", "sent")
    assert [scan["code"] for scan in site.scans()] == [BADGE]


def test_one_pull_read_twice_is_one_scan_but_two_pieces_are_two(picker: Person, site: Site, page: Page) -> None:
    go_to_first_stop(picker)
    here = picker.step["fields"]["location"]["barcode"]
    picker.pull("PEN")
    picker.pull("PEN")
    expect(page.locator(".screen")).to_have_attribute("data-state", "tote")
    picker.pull(acts.TOTES[0])
    picker.pull(acts.TOTES[0])
    expect(page.locator(".screen")).to_have_attribute("data-state", "location")
    expect(page.locator("#waiting")).to_have_text("All sent")
    assert [scan["code"] for scan in site.scans()][-4:] == [here, "PEN", "PEN", acts.TOTES[0]]


def test_the_suffix_of_a_scan_presses_no_button(picker: Person, site: Site, page: Page) -> None:
    picker.scan(BADGE)
    page.focus(f'[data-code="{own_code("C", "LOGOUT")}"]')
    picker.scan(own_code("C", "PICK"))
    assert [scan["code"] for scan in site.scans()] == [BADGE, own_code("C", "PICK")]
    page.focus(f'[data-code="{own_code("C", "HOME")}"]')
    picker.answered(lambda: page.keyboard.press("Enter"))  # and with no scan before it, it does
    assert picker.state == ("home", "menu")


def test_a_code_can_be_typed(picker: Person, page: Page) -> None:
    page.click("#manual-code")
    picker.type("b-1001-")
    picker.type(BADGE[-1])
    assert page.input_value("#manual-code") == f"b-1001-{BADGE[-1]}"
    picker.answered(lambda: page.click("#manual button"))
    assert picker.state == ("home", "menu")
    assert page.input_value("#manual-code") == ""


def test_a_look_alike_is_taken_by_a_scan_and_by_no_touch_or_typing(picker: Person, site: Site, page: Page) -> None:
    site.hand.item("PEN-RED", name="Red pen", look_alike="PENS")
    site.hand.write(lambda tx: tx.run("UPDATE item SET look_alike = 'PENS' WHERE warehouse_id = :w AND sku = 'PEN'"))
    go_to_first_stop(picker)
    expect(page.locator(".task")).to_contain_text("Others look like it: scan every piece · Not: Red pen")
    assert (page.locator("#panel").count(), page.locator("#keypad").count()) == (0, 0)
    page.fill("#manual-code", "PEN")
    picker.answered(lambda: page.click("#manual button"))
    assert "others look like them" in picker.verdict
    picker.scan("PEN")
    assert picker.verdict == "OK"


def test_a_scanned_tag_stays_text(picker: Person, page: Page) -> None:
    for code in (BADGE, own_code("C", "PICK"), acts.CARTS[0], acts.TOTES[0]):
        picker.scan(code)
    code = "<img src=x onerror=alert(1)>"
    picker.scan(code)
    assert code in page.inner_text("[data-verdict]")
    assert page.locator("[data-verdict] img").count() == 0


def test_a_damaged_read_is_told_in_words(picker: Person, page: Page) -> None:
    page.fill("#manual-code", "A\x01B")
    picker.answered(lambda: page.press("#manual-code", "Enter"))
    assert picker.verdict == "Stop This is not a readable code"


def test_a_device_signed_off_keeps_its_scans(picker: Person, site: Site, page: Page) -> None:
    site.hand.write(lambda tx: tx.run("UPDATE access_token SET revoked_at_ms = 1 WHERE warehouse_id = :w"))
    picker.pull(BADGE)
    expect(page.locator("#waiting")).to_contain_text("1 waiting to be sent. This device is not signed on")
    site.enter(page, "HAND-1")
    expect(page.locator(".head-who")).to_have_text("Ada")


@pytest.mark.parametrize("size", [(360, 640), (800, 1280), (1280, 800)])
def test_everything_to_touch_is_big_enough_and_nothing_hangs_over(
    picker: Person, page: Page, size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for code in (BADGE, own_code("C", "PICK"), acts.CARTS[0], acts.TOTES[0], acts.at("A01-01-1"), "PEN", "PEN"):
        picker.scan(code)
        small = page.evaluate(
            "[...document.querySelectorAll('button, summary, input:not(.aside)')].filter(e => e.checkVisibility())"
            ".map(e => [e.textContent.trim(), e.getBoundingClientRect()])"
            ".filter(([, box]) => box.height < 47.9 || box.width < 47.9).map(([text]) => text)"
        )
        assert small == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
