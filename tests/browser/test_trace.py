"""Stock and trace in a browser: on a handheld and on a desk nothing is cut off, and a link leads to each next thing."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from fulfillment.domain.roles import TokenRole
from fulfillment.services.set_up import setting_up
from tests.browser.conftest import Site
from tests.services.packing.a_bench import pick_into
from tests.services.tracing.test_trace import goods

pytestmark = pytest.mark.browser

SIZES = {"handheld": {"width": 360, "height": 640}, "desk": {"width": 1440, "height": 900}}
LONG = "Potteries-and-Sons-of-Stoke-on-Trent-Holding-Unlimited"


@pytest.fixture
def desk(site: Site, page: Page) -> Page:
    hand = site.hand
    hand.item("MUG", name="Mug, blue")
    goods(hand, "MUG", 10, lot="L1-ABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789", receipt="PO-77", supplier=LONG)
    hand.order("SO-1", ("MUG", 2))
    pick_into(hand, "SO-1")
    token = hand.write(lambda tx: setting_up.add_token(tx, "office", TokenRole.API))
    page.goto(f"{site.address}/enter?token={token}")
    return page


def fits(page: Page) -> bool:
    """Nothing hangs over the right edge."""
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize("size", SIZES)
def test_from_the_stock_to_its_trace_to_an_order_and_the_recall_list(desk: Page, size: str) -> None:
    desk.set_viewport_size(SIZES[size])  # type: ignore[arg-type]
    desk.get_by_role("navigation").get_by_role("link", name="Goods").click()
    expect(desk.locator("#q")).to_be_focused()
    desk.keyboard.type("a01-01")
    desk.keyboard.press("Enter")
    expect(desk.locator(".lying tbody tr")).to_have_count(1)
    assert fits(desk)
    desk.get_by_role("link", name="Lot L1-").click()
    expect(desk.locator("#balanced")).to_have_text("Every unit is accounted for")
    expect(desk.locator(".chain-steps > li").first).to_contain_text(LONG)
    assert fits(desk)
    with desk.expect_download() as download:
        desk.get_by_role("link", name="Recall list").click()
    assert download.value.suggested_filename == "recall.csv"
    assert "SO-1" in download.value.path().read_text("utf-8")
    desk.get_by_role("link", name="SO-1").click()
    expect(desk.locator(".traced-what")).to_contain_text("SO-1")
    expect(desk.locator(".served-units")).to_have_text("2 in totes")


def test_a_scan_into_the_field_is_a_search(desk: Page, site: Site) -> None:
    desk.goto(f"{site.address}/trace")
    expect(desk.locator("#q")).to_be_focused()
    desk.keyboard.type("NOPE\n")
    expect(desk.locator("#unknown")).to_have_text("Nobody knows NOPE here")
    assert fits(desk)
    desk.locator("#q").fill("")
    desk.keyboard.type("PO-77\n")
    expect(desk.locator(".chain")).to_have_count(1)


def test_the_pages_need_no_script(desk: Page, site: Site) -> None:
    desk.goto(f"{site.address}/trace?q=PO-77")
    scripts = desk.locator("script").evaluate_all("all => all.map((one) => one.src.match(/ui\\/(\\w+)/)[1])")
    assert scripts == ["look"]  # light or dark, and nothing that what is traced needs
    expect(desk.locator("noscript")).to_have_count(0)
