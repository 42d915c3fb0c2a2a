"""The whole way through a company's log-in in a real browser, which keeps the cookies of two sites apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from fulfillment.bootstrap import Floor
from fulfillment.services.people import accounts
from fulfillment.settings import CompanyLogIn, Settings
from simulators.identity_provider import IdentityProvider
from tests.browser.conftest import Site, served
from tests.browser.every_screen import PASSPHRASE, choose
from tests.browser.test_every_screen import in_each_look

pytestmark = pytest.mark.browser

SECRET = "a secret of both"


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    """Under another name of this machine than the floor: to a browser that is another site."""
    with IdentityProvider("floor", SECRET, "", {"eve": "00u-eve", "mo": "00u-mo"}, host="localhost") as provider:
        yield provider


@pytest.fixture
def company_site(floor: Floor, provider: IdentityProvider) -> Iterator[Site]:
    def told(settings: Settings) -> Settings:
        address = f"http://127.0.0.1:{settings.port}"
        return replace(settings, company=CompanyLogIn(provider.issuer, "floor", "Contoso", address, SECRET))

    with served(floor, configured=told) as site:
        provider.redirect_uri = f"{site.address}/sign-in/company/back"
        yield site


def through(page: Page, person: str) -> None:
    """Sign in over there."""
    expect(page.locator("h1")).to_have_text("Who are you?")
    page.get_by_role("button", name=person, exact=True).click()


def test_tied_once_it_signs_in_until_it_is_away(company_site: Site, provider: IdentityProvider, page: Page) -> None:
    site, wrong = company_site, []
    page.goto(f"{site.address}/join?code={site.hand.write(accounts.first_link)}")
    page.fill("[name=person]", "Mo")
    choose(page, "mo", PASSPHRASE)
    page.goto(f"{site.address}/account")
    wrong += in_each_look(page, "account")
    page.get_by_role("button", name="Tie it to my account").click()
    through(page, "mo")
    expect(page).to_have_url(f"{site.address}/sign-in/company/go")
    expect(page.locator("h1")).to_have_text("Tie this log-in to your account?")
    wrong += in_each_look(page, "tie")
    page.get_by_role("button", name="Yes, this is me").click()
    expect(page).to_have_url(f"{site.address}/account#company")
    expect(page.get_by_text("Tied to your account:")).to_be_visible()
    page.get_by_role("button", name="Sign out", exact=True).click()

    page.goto(f"{site.address}/access")
    page.get_by_role("link", name="Sign in").click()
    wrong += in_each_look(page, "sign-in")
    page.get_by_role("button", name="Sign in with Contoso").click()
    through(page, "eve")
    expect(page.locator("#refused")).to_contain_text("tied to no account here")
    wrong += in_each_look(page, "said")
    page.goto(f"{site.address}/sign-in?next=/access")
    page.get_by_role("button", name="Sign in with Contoso").click()
    through(page, "mo")
    expect(page.locator(".desk-body")).to_contain_text("You sign in here as mo")
    wrong += in_each_look(page, "go")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page).to_have_url(f"{site.address}/access")
    expect(page.locator(".desk-body")).to_contain_text("company log-in mo")
    page.get_by_role("button", name="Give a link: Ada").click()
    expect(page.locator("h1")).to_have_text("Is it still you?")
    page.get_by_role("button", name="Sign out", exact=True).click()

    provider.fail("error")
    page.get_by_role("button", name="Sign in with Contoso").click()
    through(page, "mo")
    expect(page.locator("#refused")).to_contain_text("does not answer")
    page.get_by_role("link", name="Sign in another way").click()
    page.fill("[name=name]", "mo")
    page.fill("[name=passphrase]", PASSPHRASE)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.address}/")
    assert wrong == []
