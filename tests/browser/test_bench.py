"""A packer at the bench: what belongs in, and the label's way through the printer, without touching a key."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from fulfillment.domain.codes import own_code
from fulfillment.services.printing import outbox
from fulfillment.services.printing.printing import Timing, print_worker
from simulators.receipt_printer import ReceiptPrinter
from simulators.zpl_printer import ZplPrinter
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


@pytest.fixture
def label_printer(site: Site, tmp_path: Path) -> Iterator[ZplPrinter]:
    """The bench's printers at work: simulated ones behind TCP, and the worker that prints."""
    stop = threading.Event()
    with ZplPrinter(tmp_path / "labels") as labels, ReceiptPrinter(tmp_path / "slips") as slips:
        for code, at in (("LABEL-1", labels.address), ("SLIP-1", slips.address)):
            site.hand.write(lambda tx, code=code, at=at: tx.put(
                "UPDATE printer SET address = :at WHERE warehouse_id = :w AND code = :code", at=at, code=code
            ))  # fmt: skip
        worker = threading.Thread(
            target=print_worker, args=(site.hand.floor, stop, Timing(look_for_printers_s=0.2, check_idle_s=0.5))
        )
        worker.start()
        yield labels
        stop.set()
        worker.join(30)


def bench_with(site: Site, page: Page, *lines: tuple[str, int]) -> Person:
    """An order of these lines picked, a packer before the bench's screen who has not scanned its tote yet."""
    for place, (sku, qty_each) in enumerate(lines, start=1):
        site.hand.item(sku, name=f"Fine {sku.lower()}")
        site.hand.stock(sku, qty_each, f"A01-0{place}-1")
    site.hand.order("S1", *lines)
    acts.pick_all(site.hand)
    packer = Person(site, page, "BENCH-1")
    for code in (own_code("B", "1001"), own_code("C", "PACK")):
        packer.scan(code)
    return packer


def test_a_printer_without_paper_is_told_before_it_is_needed_and_prints_once_mended(
    site: Site, page: Page, label_printer: ZplPrinter
) -> None:
    label_printer.set_fault("paper_out")
    packer = bench_with(site, page, ("PEN", 1))
    trouble = page.locator(".printer-trouble")
    expect(trouble).to_contain_text("Label printer LABEL-1")
    expect(trouble).to_contain_text("Put in a new roll and close it.")
    packer.scan(acts.TOTES[0])
    expect(trouble).to_be_visible()

    packer.scan("PEN")  # the last one: it closes the parcel all the same
    assert packer.state == ("pack", "label")
    expect(page.locator(".task")).to_contain_text("Held back")
    expect(page.locator(".task")).to_contain_text("Its label comes by itself once the printer is ready.")
    parcel = packer.step["fields"]["parcel"]
    assert site.hand.one("SELECT state FROM parcel WHERE warehouse_id = :w")["state"] == "closed"
    scans = len(site.scans())

    label_printer.set_fault("paper_out", False)
    expect(page.locator(".task")).to_contain_text("Label: Printed")
    expect(trouble).to_have_count(0)
    assert len(site.scans()) == scans, "nobody scanned anything for it"
    assert [parcel["number"].encode() in job.content for job in label_printer.wait_for(1)] == [True]
    packer.scan(parcel["barcode"])
    assert packer.state == ("pack", "lane")


@pytest.mark.parametrize("size", [(360, 640), (1440, 900)])
def test_lines_tick_off_with_what_is_missing_on_top(site: Site, page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    packer = bench_with(site, page, ("PEN", 1), ("MUG", 2))
    packer.scan(acts.TOTES[0])
    rows = page.locator(".belongs-big tbody tr")
    expect(rows.nth(0)).to_contain_text("Fine pen")
    expect(rows.nth(0)).to_contain_text("1 missing")
    packer.scan("PEN")
    expect(rows.nth(0)).to_contain_text("2 missing")
    expect(rows.nth(1)).to_contain_text("✓ 1 of 1")
    expect(rows.nth(1)).to_contain_text("all in")
    expect(rows.nth(1)).to_contain_text("scanned last")
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    for button in page.locator(".commands button").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 48


def test_what_cannot_be_scanned_is_told_by_its_last_digits_without_a_touch(site: Site, page: Page) -> None:
    packer = bench_with(site, page, ("PEN-4711", 2), ("MUG", 1))
    packer.scan(acts.TOTES[0])
    packer.scan(own_code("C", "NOSCAN"))
    assert packer.state == ("pack", "unscanned")
    page.fill("#manual-code", "711")
    packer.answered(lambda: page.click("#manual button"))
    expect(page.locator(".task")).to_contain_text("Fine pen-4711")
    expect(page.locator(".task")).to_contain_text("Kept as not scanned, with your name")
    packer.scan(own_code("Y", "NO-BARCODE"))
    expect(page.locator(".screen")).to_have_attribute("data-state", "item")
    expect(page.locator(".belongs-big")).to_contain_text("1 of 2")
    row = site.hand.one("SELECT qty_each, why FROM unscanned")
    assert row == {"qty_each": 1, "why": "no_barcode"}


def test_a_parcel_is_split_in_two_touches_and_a_wrong_label_says_whose_it_is(site: Site, page: Page) -> None:
    packer = bench_with(site, page, ("PEN", 2))
    packer.scan(acts.TOTES[0])
    packer.scan("PEN")
    packer.say("NEWPARCEL")
    expect(page.locator(".task")).to_contain_text("1 unit is left: it goes into the next parcel")
    packer.say("CONFIRM")
    first = packer.step["fields"]["parcel"]
    assert packer.state == ("pack", "label")

    packer.say("REPRINT")
    packer.touch(own_code("Y", "DAMAGED"))
    assert packer.state == ("pack", "label")
    prints = site.hand.all("SELECT dedupe_key FROM outbox WHERE warehouse_id = :w AND template = 'shipping_4x6'")
    assert [row["dedupe_key"].rpartition(":")[2] for row in prints] == ["0", "1"]

    packer.scan(first["barcode"])
    packer.scan(packer.step["fields"]["lane"]["barcode"])
    expect(page.locator(".parcel-n")).to_contain_text("Parcel 2")
    packer.scan("PEN")
    packer.scan(first["barcode"])
    assert packer.state == ("pack", "label")
    assert "This label belongs to another parcel" in packer.verdict
    assert "parcel 1 of order S1" in packer.verdict
