"""What the page takes for a scan: prefix and suffix first, timing last, and never two halves of different codes."""

from __future__ import annotations

import time
from typing import Any

import pytest
from playwright.sync_api import Page

from fulfillment.domain.codes import own_code
from tests.browser.conftest import Site

pytestmark = pytest.mark.browser

LISTEN = """(keys) => {
  const codes = [];
  const wedge = hearWedge((code) => codes.push(code));
  let at = 1000;
  for (const [key, gap, ctrl] of keys) {
    at += gap;
    wedge.key({ key, timeStamp: at, ctrlKey: !!ctrl, metaKey: false });
  }
  return codes;
}"""


PAUSE = """() => new Promise((resolve) => {
  const codes = [];
  const wedge = hearWedge((code) => {
    codes.push(code);
    if (codes.length === 2) return resolve(codes);
    wedge.key({ key: "Q", timeStamp: 5000 });
    [..."85124B", "Enter"].forEach((key, place) => wedge.key({ key, timeStamp: 6000 + place * 10 }));
  });
  [..."85123A"].forEach((key, place) => wedge.key({ key, timeStamp: place * 10 }));
})"""

SENT = """([before, gap]) => {
  const codes = [], unclear = [], field = document.getElementById("manual-code");
  const mark = { field, value: "", caret: null };
  let at = 1000, due = null;
  const clock = { now: () => at, after: (ms, then) => { due = then; }, cancel: () => { due = null; } };
  const wedge = hearWedge((code) => codes.push(code), { clock, onUnclear: (why) => unclear.push(why) });
  if (gap) for (const key of before) wedge.key({ key, timeStamp: at += gap }, mark);
  else wedge.text(before, at, false, mark);
  wedge.sent();
  at += 20;
  for (const key of [..."85123A", "Enter"]) wedge.key({ key, timeStamp: at += 10 });
  for (at += 10_000; due; at += 1_000) due();
  return { codes, unclear };
}"""

BADGE = own_code("B", "1001")


@pytest.fixture
def heard(site: Site, page: Page) -> Any:
    """Codes heard in a row of (key, gap in ms, with Ctrl)."""
    site.enter(page, "HAND-1")

    def listen(*keys: tuple[Any, ...]) -> list[str]:
        return page.evaluate(LISTEN, list(keys))

    return listen


def typed(text: str, gap_ms: int) -> list[tuple[Any, ...]]:
    return [(character, gap_ms) for character in text]


@pytest.mark.parametrize("gap_ms", [1, 10, 80, 110])
def test_fast_keys_and_a_suffix_are_a_scan(heard: Any, gap_ms: int) -> None:
    assert heard(*typed("T-000123-C", gap_ms), ("Enter", gap_ms)) == ["T-000123-C"]
    assert heard(*typed("85123A", gap_ms), ("Tab", gap_ms)) == ["85123A"]


def test_a_persons_typing_is_no_scan(heard: Any) -> None:
    assert heard(*typed("T-000123-C", 180), ("Enter", 180)) == []


def test_an_aim_prefix_makes_it_a_scan_at_any_speed(heard: Any) -> None:
    assert heard(*typed("]C100006141410000000012", 300), ("Enter", 300)) == ["]C100006141410000000012"]


def test_half_a_code_is_never_the_head_of_the_next(heard: Any) -> None:
    assert heard(*typed("T-0001", 10), ("8", 600), *typed("5123A", 10), ("Enter", 10)) == ["85123A"]


def test_a_stray_key_and_a_lone_enter_are_nothing(heard: Any) -> None:
    assert heard(("Enter", 10), ("x", 900), ("Enter", 10), ("F5", 10), ("Shift", 10), ("Enter", 10)) == []


def test_the_group_separator_comes_as_control_and_bracket(heard: Any) -> None:
    keys = [*typed("]d2010950600013435210AB", 10), ("]", 10, True), *typed("2112", 10), ("Enter", 10)]
    assert heard(*keys) == ["]d2010950600013435210AB\u001d2112"]


def test_keys_of_the_browser_are_left_alone(heard: Any) -> None:
    assert heard(("r", 10, True), *typed("85123A", 10), ("Enter", 10)) == ["85123A"]


def test_a_scanner_without_a_suffix_is_heard_by_its_pause(site: Site, page: Page) -> None:
    site.enter(page, "HAND-1")
    heard = page.evaluate(PAUSE)
    assert heard == ["85123A", "85124B"]


def test_text_of_an_android_scanner_service_is_heard(site: Site, page: Page) -> None:
    site.enter(page, "HAND-1")
    page.evaluate("document.getElementById('catch').focus()")
    session = page.context.new_cdp_session(page)
    at_s = time.time()
    session.send("Input.insertText", {"text": BADGE})
    enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "timestamp": at_s}  # right behind the text
    session.send("Input.dispatchKeyEvent", {"type": "keyDown", "text": "\r", **enter})
    session.send("Input.dispatchKeyEvent", {"type": "keyUp", **enter})
    page.wait_for_selector('[data-flow="home"][data-state="menu"]')
    assert page.input_value("#catch") == ""


@pytest.mark.parametrize(
    ("before", "gap_ms", "codes"),
    [("B-1001-Z", 0, ["85123A"]), ("T-00", 10, [])],
    ids=["put in whole", "perhaps the first half of a scan"],
)
def test_what_a_touch_sent_off_is_not_glued_to_the_next_scan(
    site: Site, page: Page, before: str, gap_ms: int, codes: list[str]
) -> None:
    site.enter(page, "HAND-1")
    came = page.evaluate(SENT, [before, gap_ms])
    assert came == {"codes": codes, "unclear": [] if codes else ["two"]}
