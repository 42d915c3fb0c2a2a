"""Cards moved by mouse, finger, keys and without a script: each is a command, or stays and says why."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from fulfillment.domain.roles import TokenRole
from fulfillment.services.set_up import setting_up
from tests.browser.conftest import Site
from tests.services import acts

pytestmark = pytest.mark.browser

WIDE = {"width": 1440, "height": 900}


@pytest.fixture
def board(site: Site, page: Page) -> Page:
    """Three orders with goods promised and one that waits, on a desk's screen."""
    site.hand.item("MUG")
    site.hand.stock("MUG", 100)
    for number in ("S1", "S2", "S3"):
        site.hand.order(number, ("MUG", 2))
    site.hand.order("BIG", ("MUG", 4_000), policy="ship_complete")
    page.set_viewport_size(WIDE)
    opened(site, page)
    return page


def opened(site: Site, page: Page, address: str = "/order-board") -> None:
    token = site.hand.write(lambda tx: setting_up.add_token(tx, "desk", TokenRole.API))
    page.goto(f"{site.address}/enter?token={token}")
    page.goto(f"{site.address}{address}")


def card(page: Page, number: str) -> Locator:
    return page.locator(f'#kanban .order-card[data-number="{number}"]')


def cell(page: Page, column: str, lane: str = "") -> Locator:
    return page.locator(f'.kanban-cell[data-column="{column}"][data-lane="{lane}"]')


def stands(page: Page, number: str, column: str, lane: str = "") -> None:
    """The card stands there, and the floor has said so: nothing is being asked any more."""
    expect(cell(page, column, lane).locator(f'.order-card[data-number="{number}"]:not(.is-asking)')).to_have_count(1)


def middle(found: Locator) -> tuple[float, float]:
    # None while the cell it stands in is being drawn anew.
    box = next(filter(None, (found.bounding_box() for _ in range(100))))
    return box["x"] + box["width"] / 2, box["y"] + min(box["height"] / 2, 200)


def drag(page: Page, number: str, to: Locator) -> None:
    page.mouse.move(*middle(card(page, number).locator(".order-card-grip")))
    page.mouse.down()
    page.mouse.move(*middle(to), steps=6)
    page.mouse.up()


def said(page: Page, words: str) -> None:
    expect(page.locator("#said")).to_contain_text(words)


def test_a_card_dragged_where_a_command_leads_goes_there(site: Site, board: Page) -> None:
    drag(board, "S1", cell(board, "hold"))
    stands(board, "S1", "hold")
    said(board, "S1 is in On hold now.")
    assert site.hand.order_state("S1") == "hold"
    # Dropped on "waiting" it goes on; its goods are there, so it lands among the promised.
    drag(board, "S1", cell(board, "waiting"))
    stands(board, "S1", "allocated")
    assert site.hand.order_state("S1") == "allocated"


def test_a_card_dragged_where_none_leads_stays_and_says_why_and_where_it_may_go(site: Site, board: Page) -> None:
    drag(board, "BIG", cell(board, "released"))
    said(board, "BIG stays: Its goods are not there")
    said(board, "It may go to: On hold, Cancelled.")
    stands(board, "BIG", "waiting")
    assert site.hand.order_state("BIG") == "waiting"


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(site: Site, board: Page) -> None:
    board.route("**/order-board/cells*", lambda route: route.abort())  # this page has not heard of it yet
    acts.cancel(site.hand, "S2")
    drag(board, "S2", cell(board, "hold"))
    said(board, "Somebody changed it meanwhile")
    assert site.hand.order_state("S2") == "cancelled"


def test_a_dead_network_leaves_the_card_where_it_was(site: Site, board: Page) -> None:
    board.route("**/api/v1/order-board/moves", lambda route: route.abort())
    drag(board, "S2", cell(board, "hold"))
    said(board, "S2 stays: no answer")
    stands(board, "S2", "allocated")


def test_keys_alone_move_a_card_and_every_step_is_said(site: Site, board: Page) -> None:
    body = card(board, "S1").locator(".order-card-body")
    body.focus()
    board.keyboard.press("Space")
    said(board, "S1 picked up from Promised")
    board.keyboard.press("ArrowLeft")
    said(board, "Waiting for stock: not from here")
    board.keyboard.press("ArrowLeft")
    said(board, "On hold: Hold")
    board.keyboard.press("Escape")
    said(board, "S1 stays in Promised")
    board.keyboard.press("Space")
    for _ in range(2):
        board.keyboard.press("ArrowLeft")
    board.keyboard.press("Space")
    stands(board, "S1", "hold")
    expect(card(board, "S1").locator(".order-card-body")).to_be_focused()
    assert site.hand.order_state("S1") == "hold"


def test_arrows_go_from_card_to_card_and_tab_from_cell_to_cell(site: Site, board: Page) -> None:
    card(board, "S1").locator(".order-card-body").focus()
    board.keyboard.press("ArrowDown")
    expect(card(board, "S2").locator(".order-card-body")).to_be_focused()
    board.keyboard.press("ArrowLeft")
    expect(card(board, "BIG").locator(".order-card-body")).to_be_focused()
    expect(board.locator('.order-card-body[tabindex="0"]')).to_have_count(2)
    expect(card(board, "S2").locator(".order-card-body")).to_have_attribute("tabindex", "-1")
    board.keyboard.press("m")
    expect(card(board, "BIG").locator(".order-card-menu button").nth(1)).to_be_focused()


def test_several_chosen_cards_go_together(site: Site, board: Page) -> None:
    for number in ("S1", "S3"):
        card(board, number).locator("input[type=checkbox]").check()
    drag(board, "S1", cell(board, "hold"))
    said(board, "2 cards moved.")
    assert [site.hand.order_state(number) for number in ("S1", "S2", "S3")] == ["hold", "allocated", "hold"]


def test_another_row_is_another_priority(site: Site, board: Page) -> None:
    site.hand.order("HOT", ("MUG", 1), priority=10)
    board.goto(f"{site.address}/order-board?lanes=priority")
    drag(board, "S1", cell(board, "allocated", "urgent"))
    stands(board, "S1", "allocated", "urgent")
    row = site.hand.one("SELECT priority FROM sales_order WHERE warehouse_id = :w AND number = 'S1'")
    assert row == {"priority": 10}


def test_a_finger_drags_at_the_grip(site: Site, board: Page, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 800, "height": 1280}, has_touch=True, locale="en-GB")
    tablet = context.new_page()
    opened(site, tablet)
    touch = context.new_cdp_session(tablet)

    def finger(kind: str, *at: float) -> None:
        points = [{"x": at[0], "y": at[1]}] if at else []
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    begin, end = middle(card(tablet, "S1").locator(".order-card-grip")), middle(cell(tablet, "hold"))
    finger("touchStart", *begin)
    for part in (0.2, 0.5, 0.8, 1.0):
        finger("touchMove", *(a + (b - a) * part for a, b in zip(begin, end, strict=True)))
    finger("touchEnd")
    stands(tablet, "S1", "hold")
    context.close()
    assert site.hand.order_state("S1") == "hold"


def test_without_a_script_the_menu_moves_a_card(site: Site, board: Page, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 640}, java_script_enabled=False, locale="en-GB")
    plain = context.new_page()
    opened(site, plain)
    card(plain, "S1").locator("summary").click()
    card(plain, "S1").get_by_role("button", name="Hold").click()
    expect(cell(plain, "hold").locator('[data-number="S1"]')).to_be_visible()
    context.close()
    assert site.hand.order_state("S1") == "hold"


def test_what_happens_on_the_floor_shows_by_itself_and_leaves_the_focus(site: Site, board: Page) -> None:
    body = card(board, "S2").locator(".order-card-body")
    body.focus()
    expect(board.locator('#link[data-state="live"]')).to_be_visible()
    acts.cancel(site.hand, "S1")
    stands(board, "S1", "cancelled")
    expect(body).to_be_focused()


def test_more_cards_come_as_somebody_scrolls_and_the_count_is_whole_at_once(site: Site, board: Page) -> None:
    for number in range(60):
        site.hand.order(f"T{number}", ("MUG", 1))
    board.reload()
    expect(board.locator('[data-head="allocated"] .number')).to_have_text("63")
    cards = cell(board, "allocated").locator(".order-card")
    expect(cards).to_have_count(15)
    scroll: Any = cell(board, "allocated").locator(".kanban-cards")
    for _ in range(2):
        before = cards.count()
        scroll.evaluate("(list) => list.scrollTo(0, list.scrollHeight)")
        board.wait_for_function(
            "(n) => document.querySelectorAll('.kanban-cell[data-column=allocated] .order-card').length > n", arg=before
        )
    expect(cards).to_have_count(63)
    acts.cancel(site.hand, "T59")
    expect(board.locator('[data-head="allocated"] .number')).to_have_text("62")
    expect(cards).to_have_count(62)
