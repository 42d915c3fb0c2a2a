"""The language follows the badge: one kiosk, two people, each reads their own; the desk reads what was chosen there."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from fulfillment.domain.codes import own_code
from fulfillment.domain.languages import LANGUAGES, html_tag
from fulfillment.services.set_up import item_names, setting_up
from tests.browser.conftest import Site
from tests.browser.scanner import Person
from tests.services import acts

pytestmark = pytest.mark.browser


def test_a_chinese_badge_turns_the_kiosk_chinese_and_the_next_turns_it_english(page: Page, site: Site) -> None:
    site.hand.item("MUG", name="Blue mug")
    site.hand.stock("MUG", 5)
    site.hand.write(lambda tx: setting_up.set_language(tx, "1001", "zh_Hans"))
    site.hand.write(lambda tx: item_names.set_names(tx, "MUG", {"zh_Hans": "蓝色马克杯"}))
    person = Person(site, page, "HAND-1")
    expect(page.locator("html")).to_have_attribute("lang", "en-GB")
    person.scan(own_code("B", "1001"))
    expect(page.get_by_role("heading", level=1)).to_have_text("下一步做什么？")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    # What stands around the screen and what the script says turn with it.
    expect(page.locator("#manual button")).to_have_text("确认扫描")
    expect(page.locator("#manual-code")).to_have_attribute("placeholder", "输入条码")
    expect(page.locator("#waiting")).to_have_text("全部已发送")
    person.scan(own_code("C", "MOVE"))
    person.scan(own_code("L", "A01-01-1"))
    expect(page.locator(".belongs")).to_contain_text("蓝色马克杯")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("扫描要拿的货")
    person.scan(own_code("C", "HOME"))
    person.scan(own_code("C", "LOGOUT"))
    person.scan(own_code("B", "1002"))
    expect(page.get_by_role("heading", level=1)).to_have_text("What next?")
    expect(page.locator("html")).to_have_attribute("lang", "en-GB")
    expect(page.locator("#manual button")).to_have_text("Scan it")
    expect(page.locator("#waiting")).to_have_text("All sent")


def test_a_kiosk_whose_people_say_nothing_speaks_what_was_touched_on_it(page: Page, site: Site) -> None:
    person = Person(site, page, "HAND-1")
    page.get_by_role("button", name="Deutsch").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ausweis scannen")
    person.scan(own_code("B", "1002"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Was kommt jetzt?")
    person.scan(own_code("L", "NOWHERE"))
    expect(page.locator("[data-verdict]")).to_contain_text("Halt")


def test_the_desk_is_read_in_chinese_by_one_touch(page: Page, site: Site) -> None:
    site.hand.item("MUG", name="Blue mug")
    site.hand.stock("MUG", 1200)
    token = site.hand.write(lambda tx: setting_up.add_token(tx, "desk", "admin"))
    page.goto(f"{site.address}/enter?token={token}")
    page.goto(f"{site.address}/stock?q=MUG")
    page.get_by_role("button", name="简体中文").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("库存")
    assert page.url.endswith("/stock?q=MUG"), "the word that was looked for is still there"
    expect(page.locator(".unit-sums dd").first).to_have_text("1,200")
    page.goto(f"{site.address}/board")
    expect(page.get_by_role("heading", level=1)).to_have_text("看板")
    expect(page.locator("#state")).to_have_text("实时")
    expect(page.locator("#wave-ask")).to_have_text("生成方案")


# What is cut off or hangs over: the page as a whole, and what a person has to read on a button.
_TOO_WIDE = """() => [...document.querySelectorAll('button, .prompt, .verdict, .take, .facts, .aim')]
  .filter((shown) => shown.clientWidth && shown.scrollWidth > shown.clientWidth + 1)
  .map((shown) => shown.textContent.trim())
  .concat(document.documentElement.scrollWidth > innerWidth ? ['the page'] : [])"""


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
def test_no_word_is_wider_than_a_handheld(page: Page, site: Site, language: str) -> None:
    hand = site.hand
    hand.item("MUG", name="Blue mug")
    hand.stock("MUG", 5000)
    hand.order("S1", ("MUG", 12))
    acts.release(hand)
    hand.write(lambda tx: setting_up.set_language(tx, "1001", language))
    person = Person(site, page, "HAND-1")
    shown = []
    for code in (own_code("B", "1001"), own_code("C", "RECEIVE"), own_code("C", "BLIND"), own_code("C", "HOME"),
                 own_code("C", "MOVE"), own_code("L", "A01-01-1"), own_code("C", "HOME"), own_code("C", "PICK"),
                 acts.CARTS[0], acts.TOTES[0], own_code("L", "A02-01-1"), own_code("L", "A01-01-1"),
                 "MUG", own_code("C", "HELP"), own_code("C", "BACK"), own_code("C", "DAMAGED"), own_code("C", "BACK"),
                 own_code("C", "SHORT"), own_code("Y", "TOO-FEW")):  # fmt: skip
        person.scan(code)
        shown.append(person.state)
        assert page.evaluate(_TOO_WIDE) == [], person.state
    assert {("home", "menu"), ("receive", "item"), ("move", "item"), ("pick", "location"), ("pick", "item")} <= {*shown}


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
def test_no_word_of_the_devices_or_the_check_of_a_scanner_is_wider_than_a_handheld(
    page: Page, site: Site, language: str
) -> None:
    token = site.hand.write(lambda tx: setting_up.add_token(tx, "desk", "admin"))
    page.goto(f"{site.address}/enter?token={token}")
    for path in ("/devices", "/commissioning/sheet"):
        page.goto(f"{site.address}{path}")
        page.locator(f'button[name="language"][value="{language}"]').click()
        expect(page.locator("html")).to_have_attribute("lang", html_tag(language))
        for summary in page.locator("summary").all():
            summary.click()
        assert page.evaluate(_TOO_WIDE) == [], path
    site.enter(page, "HAND-1")
    page.click('a[href="/commissioning"]')
    expect(page.locator("html")).to_have_attribute("lang", html_tag(language))
    expect(page.locator("#checks li")).to_have_count(7)
    assert page.evaluate(_TOO_WIDE) == []
