"""Hours at which an aisle is closed every day: said, kept and ended on the page of the layout."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from fulfillment.services.set_up import setting_up
from fulfillment.services.walking import closed_hours
from tests.browser.conftest import Site

pytestmark = pytest.mark.browser


def set_hours(page: Page, place: str, begins: str, ends: str) -> None:
    section = page.locator("section[aria-labelledby=hours]")
    section.get_by_label("Aisle or location").fill(place)
    section.get_by_label("From", exact=True).fill(begins)
    section.get_by_label("To", exact=True).fill(ends)
    section.get_by_role("button", name="Close every day").click()


def test_an_aisle_closes_at_its_hours_and_opens_when_they_are_ended(site: Site, page: Page) -> None:
    token = site.hand.write(lambda tx: setting_up.add_token(tx, "admin", "admin"))
    page.goto(f"{site.address}/enter?token={token}")
    page.goto(f"{site.address}/set-up/layout")
    hours = page.locator("form.hours")
    expect(hours).to_have_count(0)

    set_hours(page, "A99", "11:00", "12:00")
    expect(page.locator("[role=alert]")).to_contain_text("A99")
    expect(hours).to_have_count(0)

    # Two hours either side of now, whatever the machine's day.
    zone = site.hand.one("SELECT time_zone FROM warehouse WHERE id = :w")["time_zone"]
    now = datetime.now(ZoneInfo(zone))
    begins, ends = ((now + timedelta(hours=by)).strftime("%H:%M") for by in (-2, 2))
    set_hours(page, "a01-03-1", begins, ends)
    expect(hours).to_have_count(1)
    expect(hours).to_contain_text("A01-03-1")
    expect(hours).to_contain_text(f"{begins} – {ends}")
    expect(page.locator("form.closure")).to_have_count(0)  # nobody has looked at the clock yet

    closed_hours.keep(site.hand.floor)
    page.reload()
    expect(page.locator("form.closure")).to_contain_text("A01-03-1")

    hours.get_by_role("button").click()
    expect(hours).to_have_count(0)
    closed_hours.keep(site.hand.floor)
    page.reload()
    expect(page.locator("form.closure")).to_have_count(0)
