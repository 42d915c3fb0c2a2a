"""The board's panel of the next wave: asked for, looked at, released with one touch."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from fulfillment.domain.codes import own_code
from fulfillment.services.releasing import picker_shifts, planning, wave_forecasts
from fulfillment.services.set_up import setting_up
from fulfillment.services.working import jobs
from tests.browser.conftest import Site
from tests.browser.scanner import Person
from tests.factories import FloorHand
from tests.services import acts, wall

pytestmark = pytest.mark.browser

HOUR_MS = 3_600_000


@pytest.fixture
def hand(site: Site) -> FloorHand:
    hand = site.hand
    hand.item("PEN", name="Fine pen")
    hand.stock("PEN", 50)
    for number in ("S1", "S2", "S3"):
        hand.order(number, ("PEN", 2))
    now_ms = hand.floor.clock()
    hand.write(lambda tx: setting_up.add_operator(tx, "1003", "<b>Eve</b>", "picker"))
    hand.write(lambda tx: picker_shifts.set_shift(tx, "1003", now_ms, now_ms + 4 * HOUR_MS))
    return hand


def as_supervisor(site: Site, page: Page) -> None:
    token = site.hand.write(lambda tx: setting_up.add_token(tx, "desk", "admin"))
    page.goto(f"{site.address}/enter?token={token}")


def run_planner(hand: FloorHand) -> None:
    while jobs.run_next(hand.floor, planning.kinds(5)):
        pass


def test_a_wave_is_proposed_looked_at_and_released_with_one_touch(site: Site, hand: FloorHand, page: Page) -> None:
    as_supervisor(site, page)
    panel = page.locator(".box-wave")
    expect(panel).to_contain_text("Nothing proposed yet")
    panel.get_by_role("button", name="Propose").click()
    expect(panel).to_contain_text("Planning…")
    run_planner(hand)
    expect(panel.locator(".wave-figures")).to_contain_text("3 orders")
    expect(panel.locator(".wave-when")).to_contain_text("9 times in 10 by")
    panel.get_by_text("How it is picked").click()
    expect(panel.locator(".wave-mode.is-chosen")).to_contain_text("Cluster")
    expect(panel).to_contain_text("there is no put wall")
    panel.get_by_text("Who walks when").click()
    expect(panel.locator(".wave-picture svg")).to_contain_text("<b>Eve</b>")
    assert panel.locator(".wave-picture b").count() == 0, "a name is text"
    panel.get_by_role("button", name="Release: 3 orders").click()
    expect(panel).to_contain_text("Released as wave 1")
    run_planner(hand)
    wave_forecasts.refresh(hand.floor)
    hand.order("S4", ("PEN", 1))  # the next thing that happens brings the forecast along
    expect(panel.locator("#wave-under-way")).to_contain_text("Wave 1: 1 tour left")
    expect(page.locator('[data-cards="released"] .card-number')).to_have_text(["S1", "S2", "S3"])


def test_a_supervisor_sees_what_each_mode_costs_a_line_and_takes_another_than_was_proposed(
    site: Site, hand: FloorHand, page: Page
) -> None:
    wall.equip(hand)
    as_supervisor(site, page)
    panel = page.locator(".box-wave")
    panel.get_by_role("button", name="Propose").click()
    expect(panel).to_contain_text("Planning…")
    run_planner(hand)
    panel.get_by_text("How it is picked").click()
    priced = re.compile(r"\d+\.\d s a line · \d[\d,.]* m")
    expect(panel.locator(".wave-mode", has_text="Cluster")).to_contain_text(priced)
    expect(panel.locator(".wave-mode", has_text="Batch")).to_contain_text(priced)
    expect(panel.locator(".wave-mode", has_text="Zone")).not_to_contain_text(priced)  # why not is said instead
    choice = page.locator("#wave-mode")
    expect(choice.locator("option")).to_have_count(3)
    assert set(choice.locator("option").all_inner_texts()) == {
        "Order by order", "Cluster, a tote for each order", "Batch, sorted at the wall",
    }  # fmt: skip
    expect(choice).to_have_value("cluster")
    choice.select_option("batch")
    panel.get_by_role("button", name="Release: 3 orders").click()
    expect(panel).to_contain_text("Released as wave 1")
    run_planner(hand)
    picker = Person(site, page, "HAND-1")
    for code in (own_code("B", "1001"), own_code("C", "PICK"), acts.CARTS[0], acts.TOTES[0]):
        picker.scan(code)
    assert picker.step["fields"]["order"] == "S1 +2"
    for code in (picker.step["fields"]["location"]["barcode"], "PEN"):
        picker.scan(code)
    assert [row["mode"] for row in hand.all("SELECT mode FROM wave WHERE warehouse_id = :w")] == ["batch"]


def test_a_wave_proposed_as_a_cluster_is_released_and_walked_order_by_order(
    site: Site, hand: FloorHand, page: Page
) -> None:
    as_supervisor(site, page)
    panel = page.locator(".box-wave")
    panel.get_by_role("button", name="Propose").click()
    expect(panel).to_contain_text("Planning…")
    run_planner(hand)
    page.locator("#wave-mode").select_option(label="Order by order")
    panel.get_by_role("button", name="Release: 3 orders").click()
    expect(panel).to_contain_text("Released as wave 1")
    run_planner(hand)
    assert [row["mode"] for row in hand.all("SELECT mode FROM tour ORDER BY id")] == ["single"] * 3
    picker = Person(site, page, "HAND-1")
    for code in (own_code("B", "1001"), own_code("C", "PICK"), acts.CARTS[0], acts.TOTES[0]):
        picker.scan(code)
    assert (picker.step["state"], picker.step["fields"]["order"]) == ("location", "S1"), "one tote, then to the bin"


def test_orders_that_cannot_go_are_named_with_the_reason(site: Site, hand: FloorHand, page: Page) -> None:
    hand.write(lambda tx: tx.put("DELETE FROM picker_shift WHERE warehouse_id = :w"))
    as_supervisor(site, page)
    panel = page.locator(".box-wave")
    panel.get_by_role("button", name="Propose").click()
    expect(panel).to_contain_text("Planning…")  # asked for: before, there is no job the planner could take
    run_planner(hand)
    expect(panel).to_contain_text("Nothing can be released now")
    panel.get_by_text("3 stay: 3 have no picker or cart").click()
    expect(panel).to_contain_text("no picker is on shift within the time of this wave")
    expect(page.locator("#wave-release")).to_be_hidden()


def test_a_board_on_the_wall_shows_the_wave_and_releases_nothing(site: Site, hand: FloorHand, page: Page) -> None:
    site.enter(page, "BOARD-1")
    expect(page.locator(".box-wave")).to_contain_text("Nothing proposed yet")
    expect(page.locator(".box-wave button")).to_have_count(0)


def test_one_waiting_order_is_added_to_a_wave_that_is_walked(site: Site, hand: FloorHand, page: Page) -> None:
    as_supervisor(site, page)
    page.goto(f"{site.address}/board")
    expect(page.locator("#late")).to_be_hidden()
    acts.release(hand, "S1")
    expect(page.locator("#late-wave option")).to_have_count(1)
    page.fill("#late-number", "S9")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#late-said")).to_have_text("There is no order S9")
    page.fill("#late-number", "S1")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#late-said")).to_have_text("Order S1 is not waiting for a wave")
    page.fill("#late-number", "S2")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#late-said")).to_contain_text("S2 goes with wave")
    expect(page.locator("#late-number")).to_have_value("")
    run_planner(hand)
    assert hand.order_state("S2") == "released"


def test_a_board_on_the_wall_adds_no_order(site: Site, hand: FloorHand, page: Page) -> None:
    acts.release(hand, "S1")
    site.enter(page, "BOARD-1")
    expect(page.locator("#tours li")).not_to_have_count(0)
    expect(page.locator("#late")).to_have_count(0)
