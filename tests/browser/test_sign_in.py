"""Signing in at a desk as people do: the first admin's link, a wrong passphrase, proving it is still them, out."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from fulfillment.services.people import accounts
from tests.browser.conftest import Site
from tests.browser.every_screen import PASSPHRASE, choose

pytestmark = pytest.mark.browser


def test_the_first_admin_comes_in_gives_a_link_and_goes(site: Site, page: Page) -> None:
    page.goto(f"{site.address}/access")
    expect(page.locator("h1")).to_have_text("This device is not signed on here")
    page.goto(f"{site.address}/join?code={site.hand.write(accounts.first_link)}")
    page.fill("[name=person]", "Mo")
    choose(page, "mo", PASSPHRASE)
    page.goto(f"{site.address}/access")
    page.get_by_role("button", name="Give a link: Ada").click()
    expect(page.locator("#link")).to_contain_text("/join?code=")
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page).to_have_url(f"{site.address}/sign-in")
    page.goto(f"{site.address}/access")
    page.get_by_role("link", name="Sign in").click()
    page.fill("[name=name]", "mo")
    page.fill("[name=passphrase]", "not it at all")
    page.keyboard.press("Enter")
    expect(page.locator("#refused")).to_contain_text("The name, the passphrase or the code is wrong")
    expect(page.locator("[name=passphrase]")).to_have_value("")
    page.fill("[name=name]", "mo")
    page.fill("[name=passphrase]", PASSPHRASE)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.address}/access")


def test_what_is_hard_to_put_right_asks_whether_it_is_still_them(site: Site, page: Page) -> None:
    page.goto(f"{site.address}/join?code={site.hand.write(accounts.first_link)}")
    page.fill("[name=person]", "Mo")
    choose(page, "mo", PASSPHRASE)
    site.hand.write(lambda tx: tx.put("UPDATE desk_session SET proved_at_ms = 0 WHERE warehouse_id = :w"))
    page.goto(f"{site.address}/access")
    page.get_by_role("button", name="Give a link: Ada").click()
    expect(page.locator("h1")).to_have_text("Is it still you?")
    page.fill("[name=passphrase]", PASSPHRASE)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.address}/access")
    page.get_by_role("button", name="Give a link: Ada").click()
    expect(page.locator("#link")).to_contain_text("/join?code=")
