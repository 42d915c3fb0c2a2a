"""How orders flow, in a browser without a script: figures open where they are touched, the map is seen and read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, expect

from fulfillment.domain.roles import TokenRole
from fulfillment.services.set_up import setting_up
from fulfillment.settings import Settings
from tests.browser.conftest import Site, served
from tests.browser.test_every_screen import in_each_look
from tests.browser.test_trace import SIZES, fits
from tests.services.flow_day import open_with_clock, play_morning

pytestmark = pytest.mark.browser

DAY = "from=2026-06-15&to=2026-06-15"
PAGES = (
    f"/flow?{DAY}", f"/flow/map?{DAY}", "/flow/bottleneck?minutes=240",
    f"/flow?{DAY}&zone=0&lane=pick", f"/flow?{DAY}&zone=nowhere", f"/flow?{DAY}&channel=api",
    f"/flow/map?{DAY}&zone=0", "/flow/bottleneck?minutes=240&channel=api", "/flow/bottleneck?zone=0",
)  # fmt: skip


@pytest.fixture
def morning(settings: Settings) -> Iterator[Site]:
    floor, clock = open_with_clock(settings)
    with ExitStack() as stack:
        stack.callback(floor.close)
        site = stack.enter_context(served(floor))
        play_morning(site.hand, clock)
        yield site


def enter(site: Site, page: Page) -> None:
    token = site.hand.write(lambda tx: setting_up.add_token(tx, "desk", TokenRole.ADMIN))
    page.goto(f"{site.address}/enter?token={token}")


@pytest.mark.engine("sqlite")
def test_nobody_is_kept_out_and_nothing_hangs_over(morning: Site, page: Page) -> None:
    enter(morning, page)
    wrong = []
    for address in PAGES:
        page.goto(f"{morning.address}{address}")
        for size in (*SIZES.values(), {"width": 800, "height": 1280}):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            if not fits(page):
                wrong.append(f"{address}: hangs over at {size['width']}")
        for summary in page.locator("summary").all():
            summary.click()
        wrong += in_each_look(page, address)
    assert wrong == [], "\n".join(wrong)


@pytest.mark.engine("sqlite")
def test_filters_are_set_by_keys_and_the_address_is_passed_on(morning: Site, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 640}, locale="en-GB")
    page = context.new_page()
    enter(morning, page)
    page.goto(f"{morning.address}/flow?{DAY}")
    page.get_by_role("combobox", name="Lane").focus()
    page.keyboard.type("Pic")
    page.get_by_role("combobox", name="Person").focus()
    page.keyboard.type("Ada")
    page.get_by_role("button", name="Show").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="Person")).to_have_value("#1")
    expect(page.locator("#figure-lines_per_hour")).to_contain_text("7.1 an hour")
    expect(page.locator("#figure-wip")).to_have_count(0)

    # whoever is given the address sees the same
    other = browser.new_context(has_touch=True, viewport={"width": 800, "height": 1280}, locale="en-GB").new_page()
    enter(morning, other)
    other.goto(page.url)
    expect(other.get_by_role("combobox", name="Lane")).to_have_value("pick")
    expect(other.locator("#figure-lines_per_hour")).to_contain_text("7.1 an hour")
    expect(other.locator("#cumulative ~ .flow-uncut")).to_contain_text("cannot be cut by Lane and Person")
    other.get_by_role("link", name="Process map").tap()
    expect(other.get_by_text("The process map cannot be cut by Lane and Person")).to_be_visible()
    other.get_by_role("link", name="Show without Lane and Person").tap()
    expect(other.get_by_role("img", name="Process map")).to_be_visible()
    assert "operator" not in other.url
    other.context.close()
    context.close()


@pytest.mark.engine("sqlite")
def test_without_a_script_a_figure_opens_and_a_target_is_set(morning: Site, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1440, "height": 900}, locale="en-GB")
    page = context.new_page()
    enter(morning, page)
    page.goto(f"{morning.address}/flow?{DAY}")
    card = page.locator("#figure-on_time")
    expect(card.get_by_text("orders due")).to_be_hidden()
    card.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(card.get_by_text("orders due")).to_be_visible()
    page.get_by_role("link", name="Process map").click()
    expect(page.get_by_role("heading", name="Process map")).to_be_visible()
    page.get_by_label("Packed, minutes").fill("20")
    page.get_by_role("button", name="Keep targets").click()
    expect(page.get_by_label("Packed, minutes")).to_have_value("20")
    page.goto(f"{morning.address}/flow/map?{DAY}")
    expect(page.get_by_role("img", name="Process map")).to_contain_text("over target: 1 of 2 in 20 min")
    context.close()
