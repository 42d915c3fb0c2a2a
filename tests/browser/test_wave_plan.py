"""Planning a wave at the desk: two choices, looked at beside each other, one released with one touch."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from fulfillment.services.ordering import orders
from fulfillment.services.releasing import planning
from fulfillment.services.set_up import setting_up
from fulfillment.services.working import jobs
from tests.browser.conftest import Site
from tests.factories import NOBODY, FloorHand
from tests.services import wall

pytestmark = pytest.mark.browser


@pytest.fixture
def hand(site: Site) -> FloorHand:
    hand = site.hand
    hand.item("PEN", name="Fine pen")
    hand.stock("PEN", 50)
    for number in ("S1", "S2", "S3"):
        hand.order(number, ("PEN", 2))
    return hand


def run_planner(hand: FloorHand) -> None:
    while jobs.run_next(hand.floor, planning.kinds(5)):
        pass


def test_two_plans_are_compared_and_one_is_released(site: Site, hand: FloorHand, page: Page) -> None:
    token = hand.write(lambda tx: setting_up.add_token(tx, "desk", "admin"))
    page.goto(f"{site.address}/enter?token={token}")
    page.goto(f"{site.address}/waves/plan")
    form_a, form_b = page.get_by_role("form", name="Plan A"), page.get_by_role("form", name="Plan B")
    form_a.get_by_role("button", name="Plan it").click()
    expect(page.locator("#plan-a")).to_contain_text("Being planned…")
    run_planner(hand)
    expect(page.locator("#plan-a")).to_contain_text("Totes", timeout=10_000)  # it asks again by itself
    form_b.get_by_label("Orders at most").fill("1")
    form_b.get_by_role("button", name="Plan it").click()
    expect(page.locator("#plan-b")).to_contain_text("Being planned…")
    run_planner(hand)
    expect(page.locator("#compared tbody tr").first).to_contain_text("-2", timeout=10_000)
    page.locator("#plan-b").get_by_text("Tours (1)").click()
    expect(page.locator("#plan-b figure svg")).to_be_visible()
    page.get_by_role("button", name="Release: 1 order", exact=True).click()
    expect(page.locator("#plan-b")).to_contain_text("Released as wave 1")
    hand.write(lambda tx: orders.cancel(tx, NOBODY, "S2"))
    page.get_by_role("button", name="Release: 3 orders").click()
    expect(page.locator("#plan-a")).to_contain_text("Order S2 now: Cancelled")
    run_planner(hand)
    expect(page.get_by_role("button", name="Release: 1 order", exact=True)).to_be_visible(timeout=10_000)
    expect(page.locator("#plan-b")).to_contain_text("Released as wave 1")


def test_two_ways_of_picking_are_compared_and_the_chosen_one_released(site: Site, hand: FloorHand, page: Page) -> None:
    wall.equip(hand)
    token = hand.write(lambda tx: setting_up.add_token(tx, "desk", "admin"))
    page.goto(f"{site.address}/enter?token={token}")
    page.goto(f"{site.address}/waves/plan")
    for name, mode in (("A", "Cluster, a tote for each order"), ("B", "Batch, sorted at the wall")):
        form = page.get_by_role("form", name=f"Plan {name}")
        form.get_by_label("How it is picked").select_option(label=mode)
        form.get_by_role("button", name="Plan it").click()
        expect(page.locator(f"#plan-{name.lower()}")).to_contain_text("Being planned…")
        run_planner(hand)
        expect(page.locator(f"#plan-{name.lower()}")).to_contain_text(f"✓ {mode}", timeout=10_000)
    expect(page.locator("#compared")).to_contain_text("Batch, sorted at the wall")
    expect(page.locator("#plan-b")).to_contain_text("Zone by zone")
    expect(page.locator("#plan-b")).to_contain_text("Not available")
    page.locator("#plan-b").get_by_role("button", name="Release: 3 orders").click()
    expect(page.locator("#plan-b")).to_contain_text("Released as wave 1")
    assert hand.one("SELECT mode FROM wave")["mode"] == "batch"
