"""Setting up by pages only: from an empty floor to the first pick, and the layout's editor before somebody's eyes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from fulfillment.bootstrap import Floor
from fulfillment.domain.codes import own_code
from fulfillment.hot import Tx
from fulfillment.services.people import accounts
from fulfillment.services.releasing import planning
from fulfillment.services.set_up import first_steps, setting_up
from fulfillment.services.working import jobs
from tests.browser.conftest import Site, served
from tests.browser.scanner import Person
from tests.factories import FloorHand

pytestmark = pytest.mark.browser

ITEMS = (
    "sku,name,barcodes,weight_g,length_mm,width_mm,height_mm\nMUG,Mug,5012345678900,300,100,90,90\n"
    "CUP,Cup,,150,80,80,80\n"
)
STOCK = "sku,location,qty,received_on\nMUG,A01-01-1,20,2026-11-01\nCUP,A01-03-2,30,2026-11-02\n"
ORDERS = (
    "order,sku,qty,ordered_at,name,address1,city,postcode,country\n"
    "S1,MUG,2,2026-11-20 09:00:00,Ann,1 High Street,York,YO1 7AA,GB\n"
)


class Founded(FloorHand):
    """A warehouse as `floor init` leaves it: nothing in it."""

    def _found(self, tx: Tx) -> None:
        setting_up.found_warehouse(tx, self.code, "Europe/London", "0614141")


@pytest.fixture
def empty_site(floor: Floor) -> Iterator[Site]:
    with served(floor, Founded) as site:
        yield site


def as_first_admin(site: Site, page: Page) -> None:
    """The link that `floor init` and `floor run` print, once."""
    page.goto(f"{site.address}/join?code={site.hand.write(accounts.first_link)}")
    page.locator('[name="person"]').fill("Zoe")
    page.locator('[name="name"]').fill("zoe")
    page.locator('[name="passphrase"]').fill("quarry seven lanterns")
    page.locator('[name="again"]').fill("quarry seven lanterns")
    page.get_by_role("button", name="Keep and sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def bring(page: Page, site: Site, name: str, text: str) -> None:
    page.goto(f"{site.address}/set-up/{name}/file")
    page.locator("#file").set_input_files({"name": f"{name}.csv", "mimeType": "text/csv", "buffer": text.encode()})
    page.get_by_role("button", name="What would it change?").click()
    expect(page.locator("#came")).to_have_text("This is what it would change")
    page.get_by_role("button", name="Keep it all").click()
    expect(page.locator("#did")).to_contain_text("The file is in")


def make(page: Page, site: Site, name: str, /, **values: str) -> None:
    page.goto(f"{site.address}/set-up/{name}/row")
    for column, value in values.items():
        field = page.locator(f"#in-{column}")
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.locator("#did")).to_contain_text("Kept")


def marked(page: Page, site: Site) -> str:
    """The step the guide says is next."""
    page.goto(f"{site.address}/set-up/first-steps")
    return str(page.locator('[aria-current="step"]').get_attribute("data-step"))


def run_planner(hand: FloorHand) -> None:
    while jobs.run_next(hand.floor, planning.kinds(5)):
        pass


@pytest.mark.timeout(300)
def test_from_an_empty_floor_to_the_first_pick_by_pages_only(empty_site: Site, browser: Browser, page: Page) -> None:
    site = empty_site
    page.set_viewport_size({"width": 1440, "height": 900})
    as_first_admin(site, page)
    assert marked(page, site) == "layout"
    page.get_by_role("link", name="Make an aisle").click()
    page.locator('[name="aisle"]').fill("a01")
    page.locator('[name="bays"]').fill("6")
    page.locator('[name="levels"]').fill("2")
    page.get_by_role("button", name="Look at it first").click()
    expect(page.locator("#preview")).to_contain_text("A01-01-1, A01-01-2 … A01-06-2")
    page.get_by_role("button", name="Make 12 locations").click()
    expect(page.locator("#did")).to_be_visible()
    expect(page.locator("#drawn svg")).to_be_visible()
    page.get_by_role("link", name="To the first pick: A staging place").click()
    assert marked(page, site) == "staging"
    make(page, site, "locations", code="STAGE-1", kind="staging", x_dm="0", y_dm="0")
    make(page, site, "locations", code="DOCK-1", kind="dock", x_dm="20", y_dm="0")
    make(page, site, "locations", code="LANE-DOM", kind="ship_lane", x_dm="40", y_dm="0")
    assert marked(page, site) == "items"
    bring(page, site, "items", ITEMS)
    assert marked(page, site) == "carts"
    page.goto(f"{site.address}/set-up/carts")
    page.get_by_role("button", name="Number them").click()
    expect(page.locator("#did")).to_contain_text("Numbered")
    page.goto(f"{site.address}/set-up/totes")
    page.get_by_role("button", name="Number them").click()
    expect(page.locator("#did")).to_contain_text("Numbered")
    assert marked(page, site) == "people"
    make(page, site, "operators", badge="2001", name="Ada", role="picker")
    assert marked(page, site) == "kiosk"
    make(page, site, "stations", code="HAND-1", kind="handheld", location="DOCK-1")
    page.get_by_role("link", name="HAND-1").click()
    page.get_by_role("button", name="New link").click()
    link = page.locator("#link").inner_text()
    assert marked(page, site) == "kiosk", "a link nobody opened is no handheld"
    handheld = browser.new_context(
        viewport={"width": 360, "height": 640}, locale="en-GB", service_workers="block"
    )
    kiosk = handheld.new_page()
    kiosk.goto(link)
    person = Person(site, kiosk, "HAND-1", is_entered=True)
    person.scan(own_code("B", "2001"))
    assert marked(page, site) == "stock"
    bring(page, site, "stock", STOCK)
    assert marked(page, site) == "order"
    bring(page, site, "orders", ORDERS)
    assert marked(page, site) == "wave"
    page.get_by_role("link", name="To the board").click()
    page.locator(".box-wave").get_by_role("button", name="Propose").click()
    expect(page.locator(".box-wave")).to_contain_text("Planning…")
    run_planner(site.hand)  # what `floor run` does beside the pages
    page.locator(".box-wave").get_by_role("button", name="Release: 1 order").click()
    expect(page.locator(".box-wave")).to_contain_text("Released as wave 1")
    run_planner(site.hand)
    assert marked(page, site) == "pick"
    person.say("PICK")
    for code in (own_code("K", "0001"), own_code("T", "000001"), own_code("L", "A01-01-1")):
        person.scan(code)
    person.key_in(2)
    person.scan("5012345678900")
    person.scan(own_code("T", "000001"))
    page.goto(f"{site.address}/set-up/first-steps")
    expect(page.locator('[data-step="pick"].is-done')).to_be_visible()
    expect(page.locator('[data-step="labelled"].is-done')).to_be_visible()
    open_ones = [step.name for step in site.hand.floor.read(first_steps.steps) if not step.is_done]
    assert open_ones == ["printer"], "the bench's, and it says that it can wait"
    handheld.close()
