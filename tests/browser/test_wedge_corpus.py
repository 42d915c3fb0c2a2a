"""No code is read wrongly and nobody's typing is taken for a scan: a thousand traces of keys, fifty in real time."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page, TimeoutError

import kiosk_ui
from tests.browser.wedge_corpus import Corpus
from tests.browser.wedge_pen import Trace

pytestmark = pytest.mark.browser

STATIC = Path(kiosk_ui.__file__).parent / "static"
SCRIPTS = [STATIC / f"{name}.js" for name in ("wedge_keys", "wedge_pace", "wedge", "wedge_page")]
RUNNER = Path(__file__).with_name("wedge_runner.js")
BODY = "<input id=field><input id=catcher inputmode=none><button id=button>a button</button>"
SEED, REAL_TIME = 7, 50
# A key that came this much later than it was sent says something of this machine, not of the page: played again then.
STALLED_MS, TURNS = 25, 20

# A listener of the page's own clock, as scan.js has it.
LISTEN = """(trace) => {
  if (window.stop_) window.stop_();
  window.came = { scans: [], unclear: [], latest: 0 };
  if (!window.isTimed) addEventListener("keydown", (event) => {
    window.came.latest = Math.max(window.came.latest, performance.now() - event.timeStamp);
  }, true);
  window.isTimed = true;
  const field = document.getElementById("field"), catcher = document.getElementById("catcher");
  field.value = catcher.value = "";
  document.activeElement.blur();
  if (trace.target !== "page") document.getElementById(trace.target).focus();
  window.stop_ = listenToWedge(hearWedge((code) => window.came.scans.push(code), {
    rules: Object.assign(Object.create(WEDGE), trace.rules), onUnclear: (why) => window.came.unclear.push(why),
  }), catcher);
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.set_content(BODY)
    for script in (*SCRIPTS, RUNNER):
        page.add_script_tag(path=script)
    yield page
    context.close()
    assert wrong == []


def is_in_order(heard: list[str], pulled: list[str]) -> bool:
    """Whether what was heard was pulled, in that order; some of it may be missing."""
    rest = iter(pulled)
    return all(code in rest for code in heard)


def wrong_with(trace: Trace, came: dict[str, Any]) -> list[str]:
    found = []
    if not is_in_order(came["scans"], trace.scans):
        found.append("misread" if trace.scans else "typing taken for a scan")
    if len(came["scans"]) < len(trace.scans) and not trace.is_lossy:
        found.append("lost")
    if came["unclear"] and not trace.scans:
        found.append("typing refused as a scan")
    if trace.target == "field" and came["field"] != trace.typed:
        found.append("the field holds something else than was typed")
    if came["caught"]:
        found.append("the catcher kept what it caught")
    if came["pressed"]:
        found.append("a button was pressed by a scan")
    return found


def test_a_thousand_traces_are_read_right_or_not_at_all(page: Page) -> None:
    traces = list(Corpus(SEED))
    assert len(traces) >= 1_000
    came = page.evaluate("(text) => playTraces(JSON.parse(text))", json.dumps([asdict(trace) for trace in traces]))
    counts, wrong = Counter({"misread": 0, "typing taken for a scan": 0}), []
    for trace, heard in zip(traces, came, strict=True):
        counts.update(traces=1, pulled=len(trace.scans), heard=len(heard["scans"]), typing=not trace.scans)
        counts["refused or lost"] += len(trace.scans) - len(heard["scans"])
        wrong += [(problem, trace.name, trace.rules, trace.scans, heard) for problem in wrong_with(trace, heard)]
        counts.update(problem for problem in wrong_with(trace, heard))
    print(f"\nwedge corpus, seed {SEED}: {dict(counts)}")  # noqa: T201 - the figures are for who runs it
    assert wrong == []


def in_real_time() -> list[Trace]:
    """The shortest traces of each kind that a keyboard can make here: no foreign host, no Caps Lock, no late page."""
    foreign = (
        "keyboard of",
        "Caps",
        "Android",
        "the page stood",
        "GS as",
        "two scanners",
        "typing, p",
        "typing, c",
        "half",
    )
    kinds: dict[str, list[Trace]] = {}
    for trace in Corpus(SEED + 1):
        if not trace.name.startswith(foreign) and not trace.is_lossy and trace.target != "button":
            kinds.setdefault(trace.name, []).append(trace)
    each = -(-REAL_TIME // len(kinds))
    shortest = [sorted(found, key=lambda trace: trace.steps[-1]["at"])[:each] for found in kinds.values()]
    return [trace for found in shortest for trace in found][:REAL_TIME]


def test_fifty_of_them_are_read_right_in_real_time(page: Page) -> None:
    keys = page.context.new_cdp_session(page)
    wrong, traces = [], in_real_time()
    assert len(traces) == REAL_TIME
    for trace in traces:
        for turn in range(TURNS):
            came, late_ms = played(page, keys, trace)
            found = wrong_with(trace, came)
            # Nothing excuses a misread. Where keys stood in a queue, silence was heard that nobody made.
            if late_ms <= STALLED_MS or not found or not set(found) <= LOST_IN_SILENCE or turn == TURNS - 1:
                break
        wrong += [(problem, trace.name, trace.scans, trace.typed, came, late_ms) for problem in found]
    assert wrong == []


LOST_IN_SILENCE = {"lost", "typing refused as a scan"}


def played(page: Page, keys: CDPSession, trace: Trace) -> tuple[dict[str, Any], float]:
    """What came of a trace keyed at its own times; and by how much the latest of its keys missed its time."""
    page.evaluate(LISTEN, asdict(trace))
    begun_s = time.time() - trace.steps[0]["at"] / 1000
    for step in sorted(trace.steps, key=lambda one: one["at"]):
        at_s = begun_s + step["at"] / 1000
        time.sleep(max(0.0, at_s - time.time()))
        keys.send("Input.dispatchKeyEvent", cdp(step, at_s))
    with suppress(TimeoutError):  # what was lost is told with its trace
        page.wait_for_function(
            "(count) => came.scans.length + came.unclear.length >= count", arg=len(trace.scans), timeout=20_000
        )
    came = page.evaluate("() => ({ ...window.came, field: document.getElementById('field').value,"
                         " caught: document.getElementById('catcher').value, pressed: 0 })")  # fmt: skip
    return came, came.pop("latest")


def cdp(step: dict[str, Any], at_s: float) -> dict[str, Any]:
    """One key for the browser. The planned time goes with the key: this machine's own pace is not the scanner's."""
    flags = sum(bit for name, bit in (("alt", 1), ("ctrl", 2), ("shift", 8)) if step.get(name))
    key, is_down = step["key"], step["what"] == "down"
    text = "\r" if key == "Enter" else key if len(key) == 1 and not step.get("ctrl") else ""
    sent = {"type": "keyDown" if is_down and text else "rawKeyDown" if is_down else "keyUp", "timestamp": at_s,
            "key": key, "code": step["code"], "modifiers": flags, "autoRepeat": bool(step.get("repeat"))}  # fmt: skip
    if is_down and text:
        sent["text"] = text
    if key in ("Enter", "Tab"):
        sent["windowsVirtualKeyCode"] = {"Enter": 13, "Tab": 9}[key]
    return sent


@pytest.mark.parametrize("seed", [1, 2])
def test_the_corpus_is_the_same_for_the_same_seed(seed: int) -> None:
    assert list(Corpus(seed)) == list(Corpus(seed))
