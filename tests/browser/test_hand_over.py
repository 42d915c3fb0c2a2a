"""A station's page from one pair of hands to the next: PIN pad, lock, second browser; problem cards; training."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from fulfillment.domain.codes import own_code
from fulfillment.services.figures import problems
from fulfillment.services.people import pins
from fulfillment.services.scan_path import hand_over
from fulfillment.services.set_up import training
from tests.browser.conftest import Site
from tests.browser.scanner import Person
from tests.services.walking.a_walk import stocked_tour

pytestmark = pytest.mark.browser

PIN = "73914682"


@pytest.fixture(scope="module")
def kept() -> str:
    return pins.scrypt_of(PIN)


def scan(page: Page, code: str) -> None:
    """By the field for typed codes: how a code gets into the page is proved elsewhere."""
    page.locator("#manual-code").fill(code)
    page.locator("#manual button").click()


def state(page: Page, wanted: str) -> None:
    expect(page.locator(f'#screen .screen[data-state="{wanted}"]')).to_be_attached()


def queued(page: Page) -> str:
    """Everything this origin keeps in the browser."""
    return page.evaluate(
        """async () => {
          const all = [JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie];
          for (const { name } of await indexedDB.databases()) {
            const asked = indexedDB.open(name);
            const base = await new Promise((ok) => { asked.onsuccess = () => ok(asked.result); });
            for (const store of base.objectStoreNames) {
              const rows = base.transaction(store).objectStore(store).getAll();
              await new Promise((ok) => { rows.onsuccess = ok; });
              all.push(JSON.stringify(rows.result));
            }
            base.close();
          }
          return all.join();
        }"""
    )


def test_a_badge_and_a_pin_by_touch_or_by_keys_and_the_pin_stays_nowhere(site: Site, page: Page, kept: str) -> None:
    site.hand.write(lambda tx: pins.set_pin(tx, "1001", kept))
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.url} {request.post_data or ''}"))
    person = Person(site, page, "HAND-1")
    scan(page, own_code("B", "1001"))
    state(page, "pin")
    for digit in "11112222":
        page.locator(f'[data-pin="{digit}"]').click()
    expect(page.locator("#pin")).to_have_value("••••••••")
    page.locator("#pin-form [type=submit]").click()
    expect(page.locator("[data-verdict]")).to_contain_text("Wrong PIN")
    expect(page.locator(".verdict-advice")).to_contain_text("Key it again")
    expect(page.locator("#pin")).to_be_focused()
    person.type(PIN[:3] + "x")
    person.press("Backspace")
    person.type(PIN[2:])
    expect(page.locator("#pin")).to_have_value("••••••••")
    assert PIN not in queued(page)
    assert PIN not in page.content()
    person.press("Enter")
    state(page, "menu")
    expect(page.locator(".head-who")).to_have_text("Ada")
    assert PIN not in queued(page)
    assert PIN not in page.content()
    assert [one for one in sent if PIN in one and not one.split(" ")[0].endswith("/kiosk/HAND-1/pin")] == []
    assert all(PIN not in str(one) for one in site.scans())


@pytest.mark.parametrize("hiccup_ms", [0, 60])  # 60: could be two codes, for all the machine knows
def test_a_pin_keyed_as_fast_as_a_scanner_signs_in_and_is_no_scan(
    site: Site, page: Page, kept: str, hiccup_ms: int
) -> None:
    site.hand.write(lambda tx: pins.set_pin(tx, "1001", kept))
    person = Person(site, page, "HAND-1")
    scan(page, own_code("B", "1001"))
    state(page, "pin")
    person.pull(PIN, 15, hiccup_ms)
    state(page, "menu")
    assert [one["code"] for one in site.scans()] == [own_code("B", "1001")]


def test_another_badge_takes_the_task_over_in_one_scan(site: Site, page: Page) -> None:
    stocked_tour(site.hand)
    site.enter(page, "HAND-1")
    state(page, "item")
    expect(page.locator(".head-who")).to_have_text("Ada")
    scan(page, own_code("B", "1002"))
    expect(page.locator(".head-who")).to_have_text("Bob")
    state(page, "item")


def test_a_page_nobody_used_shows_only_that_a_badge_is_needed(site: Site, page: Page) -> None:
    stocked_tour(site.hand)
    site.hand.write(lambda tx: hand_over.set_rules(tx, auto_lock_min=10))
    page.clock.install()
    site.enter(page, "HAND-1")
    state(page, "item")
    minutes = 11 * 60_000
    site.hand.write(lambda tx: tx.put(
        "UPDATE dialogue SET updated_at_ms = updated_at_ms - :back WHERE warehouse_id = :w", back=minutes
    ))  # fmt: skip
    page.clock.fast_forward(minutes)
    state(page, "locked")
    text = page.locator("#screen").inner_text()
    assert [word for word in ("MUG", "A01", "Ada", "SO-1") if word in text] == []
    scan(page, own_code("C", "SKIP"))
    expect(page.locator("[data-verdict]")).to_contain_text("Locked")
    scan(page, own_code("B", "1001"))
    state(page, "item")


def test_without_the_network_the_page_locks_itself_and_a_badge_opens_it(site: Site, page: Page) -> None:
    stocked_tour(site.hand)
    site.hand.write(lambda tx: hand_over.set_rules(tx, auto_lock_min=10))
    page.clock.install()
    site.enter(page, "HAND-1")
    state(page, "item")
    page.context.set_offline(True)
    scan(page, "MUG")
    expect(page.locator("#link")).to_have_attribute("data-state", "trouble")
    page.clock.fast_forward(11 * 60_000)
    state(page, "locked")
    assert "MUG" not in page.locator("#screen").inner_text()
    scan(page, "MUG")
    expect(page.locator("[data-verdict]")).to_contain_text("Locked")
    scan(page, own_code("B", "1001"))
    state(page, "item")
    scan(page, "MUG")
    page.context.set_offline(False)
    expect(page.locator("#waiting")).to_have_text("All sent", timeout=30_000)
    codes = [(one["code"], one["rejection"]) for one in site.scans()][-3:]
    assert codes == [("MUG", ""), (own_code("B", "1001"), ""), ("MUG", "")]


def test_a_second_browser_shows_the_step_the_first_one_stopped_at(site: Site, page: Page, browser: Browser) -> None:
    stocked_tour(site.hand)
    site.enter(page, "HAND-1")
    state(page, "item")
    shown = page.locator("#screen .stage").inner_text()
    other = browser.new_context(viewport={"width": 360, "height": 640}, locale="en-GB")
    second = other.new_page()
    site.enter(second, "HAND-1")
    assert second.locator("#screen .stage").inner_text() == shown
    scan(second, "MUG")
    expect(second.locator(".quantity-number")).to_have_text("2")
    scan(page, "MUG")
    expect(page.locator(".quantity-number")).to_have_text("1")
    other.close()


def test_work_goes_along_to_another_handheld_and_the_first_says_so(site: Site, page: Page, browser: Browser) -> None:
    stocked_tour(site.hand)
    site.enter(page, "HAND-1")
    other = browser.new_context(viewport={"width": 360, "height": 640}, locale="en-GB")
    second = other.new_page()
    site.enter(second, "HAND-2")
    scan(second, own_code("B", "1001"))
    expect(second.locator(".tile-resume")).to_contain_text("begun at HAND-1")
    second.locator(".tile-resume").click()
    state(second, "item")
    scan(page, "MUG")
    state(page, "signed_out")
    expect(page.locator("#screen")).to_contain_text("Your work goes on at HAND-2")
    other.close()


@pytest.mark.parametrize("station", ["HAND-1", "BENCH-1"])
def test_two_touches_make_a_card_and_the_screen_is_as_before(site: Site, page: Page, station: str) -> None:
    site.hand.sign_in(station, "PACK" if station == "BENCH-1" else "COUNT")
    site.enter(page, station)
    before = page.locator("#screen .prompt").inner_text()
    page.locator(".beside-problem").click()
    page.get_by_role("button", name="It is unsafe here").click()
    expect(page.locator(".notice")).to_contain_text("Told to a supervisor")
    assert page.locator("#screen .prompt").inner_text() == before
    (card,) = site.hand.write(problems.listed)
    assert (card["kind"], card["station"], card["operator"]) == ("unsafe", station, "Ada")


def test_a_supervisor_sees_the_card_on_the_board_and_closes_it(site: Site, page: Page) -> None:
    site.hand.say("HAND-1", "PROBLEM")
    site.hand.scan("HAND-1", own_code("Y", "PLACE-BLOCKED"))
    site.enter(page, "BOARD-1")
    expect(page.locator("#problems")).to_have_text("1 problem on the floor")
    page.locator("#problems").click()
    expect(page.locator("h2").first).to_contain_text("Place is blocked")
    page.locator('[name="note"]').fill("pallet moved")
    page.locator('[name="badge"]').fill(own_code("B", "1002"))
    page.get_by_role("button", name="Close it").click()
    expect(page.locator("#refused")).to_contain_text("Only a supervisor")
    page.locator('[name="badge"]').fill(own_code("B", "1001"))
    page.get_by_role("button", name="Close it").click()
    expect(page.locator(".belongs")).to_contain_text("pallet moved")
    page.goto(f"{site.address}/board")
    expect(page.locator("#problems")).to_have_text("No problem on the floor")


def test_every_page_of_a_training_floor_says_so_and_a_real_one_has_no_exercises(site: Site, page: Page) -> None:
    answer = page.goto(f"{site.address}/training")
    assert answer is not None
    assert answer.status == 404
    site.enter(page, "HAND-1")
    expect(page.locator(".training")).to_have_count(0)


@pytest.fixture
def practice(site: Site) -> Site:
    """The same floor as one to practise on, with a round of exercises."""
    site.hand.write(lambda tx: tx.put("UPDATE warehouse SET is_training = 1, code = 'TRAINING' WHERE id = :w"))
    for sku, name, barcode, _, weight_g in training.ITEMS:
        site.hand.item(sku, name=name, weight_g=weight_g)
        site.hand.write(lambda tx, sku=sku, barcode=barcode: tx.put(
            "UPDATE item_barcode SET code = :code WHERE warehouse_id = :w AND code = :sku",
            code=barcode.zfill(14), sku=sku,
        ))  # fmt: skip
    return site


def test_the_mark_of_training_is_on_kiosk_board_and_desk(practice: Site, page: Page) -> None:
    for station in ("HAND-1", "BENCH-1", "BOARD-1"):
        practice.enter(page, station)
        expect(page.locator(".training")).to_contain_text("TRAINING")
        assert [one["name"] for one in page.context.cookies()] == ["floor_training_token"]
    page.goto(f"{practice.address}/problems")
    expect(page.locator(".training")).to_contain_text("Nothing here is real stock")
