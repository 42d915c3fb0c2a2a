"""A packer at the bench sees which carton, what goes in and how it lies, and may take another."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from fulfillment.domain.codes import own_code
from fulfillment.services.packing import carton_proposals
from tests.browser.conftest import Site
from tests.browser.scanner import Person
from tests.services import acts

pytestmark = pytest.mark.browser


def packing(site: Site, page: Page) -> Person:
    """An order of two items picked, proposed and opened at the bench."""
    hand = site.hand
    hand.item("MUG", name="Mug <blue>", length_mm=120, width_mm=90, height_mm=100, weight_g=350)
    hand.item("BRICK", name="Brick", length_mm=250, width_mm=120, height_mm=80, weight_g=3_000)
    hand.stock("MUG", 50)
    hand.stock("BRICK", 50, "A01-03-1")
    hand.order("S1", ("MUG", 6), ("BRICK", 2))
    order_id = hand.one("SELECT id FROM sales_order")["id"]
    carton_proposals.propose(hand.floor, [order_id])
    acts.pick_all(hand)
    packer = Person(site, page, "BENCH-1")
    for code in (own_code("B", "1001"), own_code("C", "PACK"), acts.TOTES[0]):
        packer.scan(code)
    return packer


@pytest.mark.parametrize("size", [(360, 640), (1440, 900)])
def test_the_bench_shows_the_carton_and_the_picture_of_its_packing(
    site: Site, page: Page, size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    packer = packing(site, page)
    code = packer.step["fields"]["carton"]["code"]
    expect(page.locator(".carton-of h2")).to_contain_text(f"Carton {code}")
    expect(page.locator(".task .belongs tbody")).to_contain_text("0 of 6")
    picture = page.locator(".carton-picture svg.packing")
    expect(picture).to_be_visible()
    expect(picture).to_contain_text("6 × Mug <blue>")
    # Legible: no letter of the drawing comes out smaller than eleven pixels, and no text is cut off at its right.
    wrong = picture.evaluate(
        "svg => { const scale = svg.getBoundingClientRect().width / 320;"
        " return [...svg.querySelectorAll('text')].filter(t => t.getAttribute('font-size') * scale < 11"
        " || t.getBBox().x + t.getBBox().width > 321).map(t => t.textContent) }"
    )
    assert wrong == []
    overflow = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert not overflow

    packer.scan("MUG")
    expect(page.locator(".task .belongs tbody")).to_contain_text("1 of 6")


def test_another_carton_is_taken_by_a_touch_and_by_a_scan(site: Site, page: Page) -> None:
    packer = packing(site, page)
    proposed = packer.step["fields"]["carton"]["code"]
    page.locator(".carton-other", has_text="XXL").click()
    expect(page.locator(".carton-of h2")).to_contain_text("Carton XXL")
    expect(page.locator(".carton-of")).to_contain_text("there is no picture for it")
    expect(page.locator(".carton-picture")).to_have_count(0)
    packer.scan(own_code("P", proposed))
    expect(page.locator(".carton-of h2")).to_contain_text(f"Carton {proposed}")
    expect(page.locator(".carton-picture svg.packing")).to_be_visible()
