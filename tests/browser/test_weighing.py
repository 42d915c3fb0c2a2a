"""A packer whose bench weighs: the scale's word, a missing piece, grams keyed by hand, without touching a key."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from fulfillment.domain.codes import own_code
from fulfillment.services.packing import weigh_rules
from tests.browser.conftest import Site
from tests.browser.scanner import Person
from tests.services import acts

pytestmark = pytest.mark.browser


def test_a_missing_piece_is_seen_by_its_weight(site: Site, page: Page) -> None:
    hand = site.hand
    hand.item("MUG", name="Enamel mug", weight_g=350)
    hand.stock("MUG", 50)
    hand.order("S1", ("MUG", 2))
    acts.pick_all(hand)
    hand.write(lambda tx: weigh_rules.set_station(tx, "BENCH-1", weighs=True))
    packer = Person(site, page, "BENCH-1")
    for code in (own_code("B", "1001"), own_code("C", "PACK"), acts.TOTES[0], own_code("P", "M"), "MUG", "MUG"):
        packer.scan(code)
    assert packer.state == ("pack", "weigh")
    expect(page.locator(".task")).to_contain_text("0.940 kg ± 20 g")

    hand.scan("BENCH-1", own_code("W", "S588-17"))  # the scale's own word, from beside the page
    expect(page.locator(".task")).to_contain_text("Perhaps missing: 1 × Enamel mug")
    expect(page.locator(".quantity-number")).to_have_text("352")

    packer.key_in(941)
    expect(page.locator("#keyed-words")).to_have_text("941 g")
    packer.say("WEIGH")
    assert packer.state == ("pack", "label")
    assert hand.one("SELECT weighed_g FROM parcel WHERE warehouse_id = :w")["weighed_g"] == 941
    assert site.scans()[-1] == {"code": own_code("C", "WEIGH"), "qty_each": 941, "rejection": ""}
