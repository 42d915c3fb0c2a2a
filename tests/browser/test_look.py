"""What a screen tells without words, and what it never makes a scan wait for."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from fulfillment.domain.codes import own_code
from fulfillment.services.set_up import item_pictures
from tests.browser.conftest import Site
from tests.browser.every_screen import drawn_mug
from tests.browser.scanner import Person
from tests.services import acts

pytestmark = pytest.mark.browser


@pytest.fixture
def picker(site: Site, page: Page) -> Person:
    """Before the first stop of a tour: 4 mugs, which have a picture. What is felt and heard is written down."""
    hand = site.hand
    hand.item("MUG", name="Blue mug")
    hand.write(lambda tx: item_pictures.set_picture(tx, "MUG", item_pictures.fitted(drawn_mug((20, 90, 160)))))
    hand.stock("MUG", 50)
    hand.order("S1", ("MUG", 4))
    acts.release(hand)
    acts.take_tour(hand)
    page.add_init_script("""
      window.felt = [];
      window.heard = [];
      navigator.vibrate = (ms) => felt.push(String(ms));
      const start = OscillatorNode.prototype.start;
      OscillatorNode.prototype.start = function (at) {
        heard.push(`${this.type} ${this.frequency.value}`);
        start.call(this, at);
      };
    """)
    return Person(site, page, "HAND-1")


def test_success_wrong_and_too_many_differ_in_sound_touch_shape_and_words(picker: Person, page: Page) -> None:
    signs = []
    for code, number in ((acts.at("A02-02-1"), 0), (acts.at("A01-01-1"), 0), ("MUG", 9)):
        page.evaluate("felt.length = heard.length = 0")
        if number:
            picker.key_in(number)
        picker.scan(code)
        signs.append(page.evaluate("""() => {
          const verdict = document.querySelector('[data-verdict]'), mark = verdict.querySelector('.verdict-mark');
          const frame = getComputedStyle(verdict), sign = getComputedStyle(mark, '::before');
          return [felt.join(), heard.join(), frame.borderTopStyle + frame.borderTopWidth + frame.borderTopLeftRadius,
                  sign.clipPath + sign.borderRadius, sign.content, mark.textContent, frame.color];
        }"""))
    wrong, right, over = signs
    assert (right[5], wrong[5], over[5]) == ("OK", "Stop", "Over")
    for one, other in ((right, wrong), (right, over), (wrong, over)):
        alike = [sign for sign, same in zip(one, other, strict=True) if sign == same]
        assert alike == []
    assert all(all(sign) for sign in signs)


def test_no_scan_waits_for_a_picture(picker: Person, page: Page) -> None:
    waiting: list[Route] = []
    page.route("**/pictures/*.jpg", lambda route: waiting.append(route))  # asked for, and never answered
    picker.scan(acts.at("A01-01-1"))
    expect(page.locator(".goods-picture")).to_have_count(1)
    picker.scan("MUG")
    assert page.inner_text(".quantity-number") == "3"
    for route in waiting:
        route.abort()
    expect(page.locator(".goods-picture")).to_have_count(0)  # a picture that cannot be had leaves no frame


@pytest.mark.parametrize("device", ["light", "dark"])
def test_the_look_is_the_devices_until_somebody_touches_the_switch(
    picker: Person, site: Site, page: Page, device: str
) -> None:
    def ground() -> str:
        return str(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))

    page.emulate_media(color_scheme=device)
    of_device = ground()
    page.get_by_role("button", name="Light or dark").click()
    chosen = ground()
    assert chosen != of_device
    page.reload()
    assert ground() == chosen, "kept, and there from the first moment"
    picker.scan(acts.at("A01-01-1"))
    assert ground() == chosen
    page.emulate_media(color_scheme="dark" if device == "light" else "light")
    assert ground() == chosen
    page.emulate_media(color_scheme=device)
    page.get_by_role("button", name="Light or dark").click()
    assert ground() == of_device
    assert page.context.cookies(site.address)[-1]["name"] != "floor_look", "it follows the device again"


def test_everything_on_a_kiosk_is_reached_by_keys_and_seen_to_be(picker: Person, page: Page) -> None:
    picker.scan(acts.at("A01-01-1"))
    left = set(page.evaluate("""() => [...document.querySelectorAll('#kiosk :is(button, summary, input:not(.aside))')]
      .filter((shown) => shown.checkVisibility()).map((shown, at) => { shown.dataset.at = at; return String(at); })"""))
    assert len(left) > 12
    for _ in range(len(left) + 2):
        page.keyboard.press("Tab")
        at, outline = page.evaluate(
            "[document.activeElement.dataset.at || '', getComputedStyle(document.activeElement).outlineStyle]"
        )
        if at:
            assert outline == "solid"
            left.discard(at)
    assert left == set()
    page.focus(f'[data-code="{own_code("C", "BACK")}"]')
    picker.answered(lambda: page.keyboard.press("Enter"))
    assert picker.state == ("pick", "location")


def test_nothing_moves_for_whom_it_makes_ill(picker: Person, page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    picker.scan(acts.at("A02-02-1"))
    assert page.evaluate("getComputedStyle(document.querySelector('.verdict')).animationName") == "none"
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate("getComputedStyle(document.querySelector('.verdict')).animationName") == "nudge"
