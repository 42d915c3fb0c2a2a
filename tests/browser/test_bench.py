"""A packer at the bench: what belongs in, and the label's way through the printer, without touching a key."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from fulfillment.domain.codes import own_code
from fulfillment.services import outbox
from tests.browser.conftest import Site
from tests.browser.scanner import Person
from tests.services import acts

pytestmark = pytest.mark.browser


def test_a_tote_becomes_a_parcel_in_its_lane(site: Site, page: Page) -> None:
    hand = site.hand
    hand.item("PEN", name="Fine pen")
    hand.stock("PEN", 50)
    hand.order("S1", ("PEN", 8))
    acts.pick_all(hand)
    page.set_viewport_size({"width": 1440, "height": 900})
    packer = Person(site, page, "BENCH-1")
    for code in (own_code("B", "1001"), own_code("C", "PACK"), acts.TOTES[0]):
        packer.scan(code)
    expect(page.locator(".belongs tbody")).to_contain_text("0 of 8")

    packer.key_in(8)
    expect(page.locator("#keyed-words")).to_have_text("The next scan counts 8")
    packer.scan("PEN")
    expect(page.locator(".belongs tbody")).to_contain_text("✓ 8 of 8")
    if packer.state == ("pack", "item"):
        packer.say("CLOSE")
    assert packer.state == ("pack", "label")
    expect(page.locator(".task")).to_contain_text("Waiting for the printer")

    parcel = packer.step["fields"]["parcel"]

    def printed(tx: object) -> None:
        tx.run("UPDATE outbox SET state = 'confirmed' WHERE warehouse_id = :w")  # type: ignore[attr-defined]
        printer = tx.one("SELECT id FROM printer WHERE warehouse_id = :w AND code = 'LABEL-1'")  # type: ignore
        outbox.see_printer(tx, printer["id"], "faulted", "paper_out")  # type: ignore[arg-type]

    hand.write(printed)
    expect(page.locator(".task")).to_contain_text("Label: Printed")
    expect(page.locator(".printers")).to_contain_text("LABEL-1 Stopped: needs somebody (paper out)")
    assert packer.verdict == "OK"

    packer.scan(parcel["barcode"])
    assert packer.state == ("pack", "lane")
    packer.scan(packer.step["fields"]["lane"]["barcode"])
    assert packer.state == ("pack", "tote")
    assert hand.order_state("S1") == "packed"
