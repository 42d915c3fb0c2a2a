"""A scanner is checked by the sheet: what is wrong with it is said by the setting to change, what is right is kept."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from fulfillment.domain.codes import own_code
from kiosk_ui.commissioning_views import CODES
from kiosk_ui.words import WORDS
from tests.browser.conftest import Site
from tests.browser.test_wedge_corpus import SCRIPTS, STATIC, cdp
from tests.browser.wedge_pen import Pen, Scanner, Trace

pytestmark = pytest.mark.browser

AIM = {"prefix": "]C0", "jitter": 0.1}


def steps_of(scanner: Scanner, code: str) -> list[dict[str, Any]]:
    trace = Trace("")
    Pen(random.Random(1), trace).keys(scanner, code)
    return sorted(trace.steps, key=lambda step: step["at"])


def recorded(scanner: Scanner, code: str) -> list[dict[str, Any]]:
    """What the page records of one scan."""
    names = {"shift": "shiftKey", "ctrl": "ctrlKey"}
    return [{names.get(name, name): value for name, value in step.items()} for step in steps_of(scanner, code)]


@pytest.fixture(scope="module")
def judge(browser: Browser) -> Iterator[Any]:
    """Checks (by name: state and what is said) and rules for a scanner that has scanned the whole sheet."""
    context = browser.new_context()
    page = context.new_page()
    page.set_content("<p>no page of ours</p>")
    for script in (*SCRIPTS, STATIC / "commissioning_check.js"):
        page.add_script_tag(path=script)

    def judged(scanner: Scanner, **codes: str) -> tuple[dict[str, tuple[str, str]], dict[str, Any] | None]:
        traces = {name: recorded(scanner, code) for name, code in {**CODES, **codes}.items()}
        answer = page.evaluate("(text) => judgeScanner(...JSON.parse(text))", json.dumps([traces, dict(CODES)]))
        return {check["name"]: (check["state"], check["said"]) for check in answer["checks"]}, answer["rules"]

    yield judged
    context.close()


@pytest.mark.parametrize(
    ("scanner", "kept"),
    [
        (Scanner(**AIM), {"prefix": "aim", "suffix": "Enter", "gs": "", "layout": ""}),
        (Scanner(**AIM, suffix=("Tab",), gs="alt"), {"prefix": "aim", "suffix": "Tab", "gs": ""}),
        (Scanner(**AIM, gs="literal", suffix=("Enter", "Enter")), {"suffix": "Enter", "gs": ""}),
        (Scanner(**AIM, gs="F8"), {"gs": ""}),
        (Scanner(**AIM, gs="~"), {"gs": "~"}),
        (Scanner(prefix="^^", jitter=0.1), {"prefix": "^^"}),
        (Scanner(ms=200, **AIM, has_ups=False), None),
        (Scanner(ms=90, **AIM), {"prefix": "aim"}),
        (Scanner(**AIM, host="de"), {"layout": "us"}),
        (Scanner(**AIM, host="fr"), {"layout": "us"}),
        (Scanner(**AIM, host="us", layout="de"), {"layout": "de"}),
        (Scanner(**AIM, caps="on"), {"caps": ""}),
        (Scanner(**AIM, caps="minded"), {"caps": "minded"}),
        (Scanner(ms=10), {"prefix": "", "suffix": "Enter"}),
    ],
)
def test_a_scanner_that_can_be_understood_is_accepted_as_it_is(judge: Any, scanner: Scanner, kept: Any) -> None:
    checks, rules = judge(scanner)
    if kept is None:
        assert rules is None
        assert checks["speed"] == ("wrong", "speed_wrong")
    else:
        assert rules is not None, checks
        assert {name: rules[name] for name in kept} == kept


@pytest.mark.parametrize(
    ("scanner", "codes", "check", "said"),
    [
        (Scanner(**AIM, suffix=()), {}, "suffix", "suffix_none"),
        (Scanner(**AIM, gs="dropped"), {}, "gs", "gs_dropped"),
        (Scanner(**AIM), {"letters": CODES["letters"].upper()}, "caps", "case_wrong"),
        (Scanner(**AIM), {"letters": CODES["letters"].swapcase()}, "caps", "case_wrong"),
        (Scanner(**AIM), {"signs": CODES["signs"].replace("#", "£")}, "layout", "layout_wrong"),
        (Scanner(**AIM), {"long": CODES["long"][:20] + CODES["long"][23:]}, "whole", "lost"),
        (Scanner(ms=80), {}, "prefix", "prefix_needed"),
        (Scanner(prefix="X", jitter=0.1), {}, "prefix", "prefix_wrong"),
    ],
)
def test_a_scanner_that_fails_is_refused_with_the_setting_to_change(
    judge: Any, scanner: Scanner, codes: dict[str, str], check: str, said: str
) -> None:
    if "£" in codes.get("signs", ""):
        scanner.layout = scanner.host = "uk"
    checks, rules = judge(scanner, **codes)
    assert rules is None
    assert checks[check] == ("wrong", said)
    assert "et:" in WORDS["commissioning"][said]


def scan(page: Page, scanner: Scanner, code: str) -> None:
    """Real keys; their own times go with them."""
    keys, steps = page.context.new_cdp_session(page), steps_of(scanner, code)
    begun_s = time.time() - steps[0]["at"] / 1000
    for step in steps:
        keys.send("Input.dispatchKeyEvent", cdp(step, begun_s + step["at"] / 1000))


@pytest.mark.parametrize(("wide", "high"), [(360, 640), (1440, 900)])
def test_the_page_accepts_a_scanner_and_the_kiosk_goes_by_it(site: Site, page: Page, wide: int, high: int) -> None:
    page.set_viewport_size({"width": wide, "height": high})
    site.enter(page, "HAND-1")
    page.click('a[href="/commissioning"]')
    expect(page.locator("#checks li")).to_have_count(7)
    page.evaluate("QUIET.stallMs = 20_000")  # what this machine takes for a pause is none of the scanner's
    scanner = Scanner(**AIM, gs="literal")
    dropping = Scanner(**AIM, gs="dropped")
    for place, (name, code) in enumerate(CODES.items()):
        expect(page.locator(".sheet-code[aria-current]")).to_have_attribute("data-code", name)
        scan(page, dropping if name == "separator" else scanner, code)
        expect(page.locator(".sheet-code.is-done")).to_have_count(place + 1)
    expect(page.locator("#commission")).to_have_attribute("data-state", "refused")
    expect(page.locator('[data-check="gs"]')).to_contain_text("Set: GS as Ctrl+]")
    assert page.evaluate("localStorage.getItem('floor-scanner')") is None
    scan(page, Scanner(**AIM), CODES["separator"])
    expect(page.locator("#commission")).to_have_attribute("data-state", "accepted")
    assert page.evaluate("document.documentElement.scrollWidth") <= wide
    page.click(".desk-ways a")
    badge = own_code("B", "1001")
    page.wait_for_selector('[data-state="signed_out"]')
    page.wait_for_load_state("load")
    page.evaluate("WEDGE.pauseMs = WEDGE.cutMs = 20_000")
    scan(page, Scanner(jitter=0.1), badge)  # another scanner, as fast, without the prefix
    expect(page.locator("[data-verdict]")).to_contain_text(WORDS["screen"]["unclear.stranger"])
    scan(page, Scanner(ms=20, **AIM), badge)
    page.wait_for_selector('[data-flow="home"][data-state="menu"]')
    assert [found["code"] for found in site.scans()] == [f"]C0{badge}"]
