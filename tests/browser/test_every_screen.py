"""Every screen there is, in either look: nobody is kept out, what is to be done reads in the sun, a glove hits it."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from fulfillment.app import create_app
from kiosk_ui.screens import SCREENS
from tests.browser.conftest import Site
from tests.browser.every_screen import PAGES, every_kiosk_screen, every_page

pytestmark = pytest.mark.browser

SLIM = {"resultTypes": ["violations"]}
# In the other look nothing but the colours is another.
COLOURS = {**SLIM, "runOnly": ["color-contrast"]}

# The contrast of what a person has to read at arm's length in the sun, as WCAG 2 counts it; colours as they are drawn.
_FAINT = """() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) =>
    0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  function ground(shown) {
    if (shown.tagName === 'text') return getComputedStyle(shown.parentElement.querySelector('path')).fill;
    for (let node = shown; node; node = node.parentElement) {
      const colour = getComputedStyle(node).backgroundColor;
      if (parts(colour)[3] !== 0) return colour;
    }
  }
  const read = document.querySelectorAll(
    '.prompt, .place b, .quantity-number, .goods-name, .take b, .take span, .cart-here text, .aim-big');
  return [...read].map((shown) => {
    const style = getComputedStyle(shown), ink = shown.tagName === 'text' ? style.fill : style.color;
    const [one, other] = [light(parts(ink)), light(parts(ground(shown)))].sort((a, b) => b - a);
    return [shown.textContent.trim(), (one + 0.05) / (other + 0.05)];
  });
}"""

_SMALL = """() => [...document.querySelectorAll('#kiosk :is(a, button, summary, input:not(.aside))')]
  .filter((shown) => shown.checkVisibility() && shown.getClientRects().length)
  .map((shown) => [shown.textContent.trim() || shown.id, shown.getBoundingClientRect()])
  .filter(([, box]) => box.height < 47.9 || box.width < 47.9).map(([text]) => text)"""

# Bench screens are wide; whatever is in a hand is as narrow as the smallest.
HANDHELD, WIDE = {"width": 360, "height": 640}, {"width": 1440, "height": 900}


def in_each_look(page: Page, name: str) -> list[str]:
    """What axe finds on the page as it stands."""
    found = []
    for look, options in (("light", SLIM), ("dark", COLOURS)):
        page.emulate_media(color_scheme=look, reduced_motion="reduce")
        if not page.evaluate("'axe' in window"):  # a page stays for many screens
            page.evaluate(AXE_SCRIPT)
        for violation in page.evaluate("options => axe.run(document, options)", options)["violations"]:
            for node in violation["nodes"]:
                found.append(f"{name} ({look}): {violation['id']} {node['target']} {node['failureSummary']}")
    page.emulate_media(color_scheme="light")
    return found


def unreadable(page: Page, name: str) -> list[str]:
    """Instructions below 7 : 1 (AAA), in each look."""
    found = []
    for look in ("light", "dark"):
        page.emulate_media(color_scheme=look)
        rows: list[Any] = page.evaluate(_FAINT)
        assert rows, name
        found += [f"{name} ({look}): {text} {ratio:.1f}" for text, ratio in rows if ratio < 7]
    return found


@pytest.mark.timeout(900)  # seventy screens, each measured in two looks
def test_no_screen_keeps_anybody_out(site: Site, page: Page) -> None:
    """And on kiosk and bench each instruction has a contrast of 7 : 1, everything to touch 48 dots each way, nothing
    hangs over. One walk for all of it: the desk's pages then have something to show."""
    seen, wrong = set(), []
    for name in every_kiosk_screen(site, page):
        page.set_viewport_size(WIDE if name.startswith("pack") else HANDHELD)
        seen.add(tuple(name.split("-")[0].split(".")))
        wrong += in_each_look(page, name) + unreadable(page, name)
        wrong += [f"{name}: {text!r} is too small for a glove" for text in page.evaluate(_SMALL)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wrong.append(f"{name}: hangs over")
    page.set_viewport_size(WIDE)
    for name in every_page(site, page):
        wrong += in_each_look(page, name)
    assert wrong == [], "\n".join(wrong)
    assert set(SCREENS) - seen == set(), "states the walk of tests/browser/every_screen.py does not come by"


def test_no_page_is_forgotten(site: Site) -> None:
    """Every address that gives a page is walked by, or gives no page of its own."""
    walked = {address.split("?")[0].split("{")[0] for address in PAGES.values()}
    walked |= {"/put-wall/", "/set-up/", "/set-up/items/pictures/"}  # one page for every list
    no_pages = (
        "/ui/", "/kiosk/", "/bench/", "/commissioning", "/labels/templates/", "/sw.js", "/problems.csv", "/training",
        "/order-board/cell",
    )  # fmt: skip
    rules = [
        rule.rule.split("<")[0]
        for rule in create_app(site.hand.floor).url_map.iter_rules()
        if rule.endpoint.startswith("kiosk.") and "GET" in (rule.methods or ())
    ]  # fmt: skip
    assert [rule for rule in rules if rule not in walked and not rule.startswith(no_pages)] == []
