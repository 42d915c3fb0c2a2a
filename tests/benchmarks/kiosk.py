"""Key to verdict in a real browser: `python -m tests.benchmarks.kiosk [--kiosks 20] [--every 3] [--stops 40]`.

One kiosk is a page in Chromium that gets a wedge scanner's keys; the others scan over HTTP at their own moments. Told
are the times from the scan's last key (its event in the page) to the frame after the server's verdict stands, whether
"heard" stood in the first frame after that key, the bytes over the wire of the page's first load, and beside them a
request that does nothing, so that two machines can be compared by the ratio.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import CDPSession, Page, sync_playwright

from tests.benchmarks import scan_floor
from tests.benchmarks.http_load import Server
from tests.benchmarks.scan_floor import SAID_AT, PickFloor, Pull
from tests.browser.conftest import launch

GOAL_P95_MS, GOAL_BYTES = 100, 100_000
KEY_MS = 5  # a fast cabled scanner
VERDICT_S = 30.0

# In the page: when the last key came, what stood in the frame after it, and when the verdict had been drawn.
WATCH = """
window.measured = [];
let begun = null;
addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  begun = { at: performance.now(), frame: 0, heard: false };
  const mine = begun;
  requestAnimationFrame((at) => {
    const said = document.querySelector("[data-verdict]");
    mine.frame = performance.now() - mine.at;
    mine.heard = Boolean(said) && (said.classList.contains("verdict-heard") || mine.isDone);
  });
}, true);
addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
  const screen = document.querySelector(".screen[data-scan-id]:not([data-scan-id=''])");
  if (!begun || !screen || begun.isDone || screen.dataset.scanId === window.lastShown) return;
  window.lastShown = screen.dataset.scanId;
  const mine = begun;
  mine.isDone = true;
  requestAnimationFrame(() => setTimeout(() => measured.push({ verdict: performance.now() - mine.at,
    heard: mine.heard, frame: mine.frame, outcome: screen.dataset.outcome })));
}).observe(document.body, { childList: true, subtree: true }));
"""


class Crowd:
    """Kiosks that scan every so many seconds, each at moments of its own; use as a context manager."""

    def __init__(self, port: int, ground: PickFloor, stations: Sequence[str], every_s: float) -> None:
        self._port, self._ground, self._every_s = port, ground, every_s
        self._stop = threading.Event()
        self.took_ms: list[float] = []
        self.errors: list[str] = []
        self._threads = [threading.Thread(target=self._scan, args=(name,), daemon=True) for name in stations]

    def __enter__(self) -> Crowd:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _scan(self, station: str) -> None:
        chance = random.Random(station)
        line = HTTPConnection("127.0.0.1", self._port, timeout=30)
        if self._stop.wait(chance.uniform(0, self._every_s)):
            return
        for pull in self._ground.streams[station]:
            began = time.perf_counter()
            status = _send(line, pull, self._ground.tokens[station])
            self.took_ms.append((time.perf_counter() - began) * 1000)
            if status != 200:
                self.errors.append(f"{station}: {status}")
            if self._stop.wait(max(0.0, began + self._every_s - time.perf_counter())):
                return


def _send(line: HTTPConnection, pull: Pull, token: str) -> int:
    body = json.dumps({"scan_id": pull.scan_id, "code": pull.code, "occurred_at": SAID_AT})
    head = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    line.request("POST", f"/kiosk/{pull.station}/scan", body, head)
    answer = line.getresponse()
    answer.read()
    return answer.status


def measure(kiosks: int, every_s: float, stops: int) -> dict[str, Any]:
    """All figures of one run."""
    with tempfile.TemporaryDirectory() as folder:
        ground = scan_floor.build(Path(folder), kiosks + 1, max(stops, 16) // 8 * 8)
        mine, *others = sorted(ground.streams)
        with Server(ground.settings) as server, sync_playwright() as playwright:
            browser = launch(playwright)
            page = browser.new_page(viewport={"width": 360, "height": 640})
            page.add_init_script(WATCH)
            loaded = _load(page, f"http://127.0.0.1:{server.port}", ground.tokens[mine])
            idle_ms = _pings(server.port)
            with Crowd(server.port, ground, others, every_s) as crowd:
                time.sleep(every_s)  # until all of them are at it
                _walk(page, ground.streams[mine][: stops * 3])
            measured = page.evaluate("measured")
            browser.close()
    return {
        "kiosks": kiosks, "every_s": every_s, "scans": len(measured), "load": os.getloadavg()[0],
        "verdict_ms": [one["verdict"] for one in measured], "frame_ms": [one["frame"] for one in measured],
        "heard": sum(one["heard"] for one in measured), "ping_ms": idle_ms, "bytes": loaded,
        "applied": sum(one["outcome"] == "applied" for one in measured), "others_ms": crowd.took_ms,
        "errors": crowd.errors,
    }  # fmt: skip


def _load(page: Page, address: str, token: str) -> int:
    """Open the page with nothing kept; the bytes that came, heads and all."""
    keys: CDPSession = page.context.new_cdp_session(page)
    came: list[float] = []
    keys.on("Network.loadingFinished", lambda event: came.append(event["encodedDataLength"]))
    keys.send("Network.enable")
    keys.send("Network.setCacheDisabled", {"cacheDisabled": True})
    page.goto(f"{address}/enter?token={token}", wait_until="networkidle")
    keys.send("Network.setCacheDisabled", {"cacheDisabled": False})
    return int(sum(came))


def _pings(port: int) -> float:
    line, took = HTTPConnection("127.0.0.1", port, timeout=30), []
    for _ in range(200):
        began = time.perf_counter()
        line.request("POST", "/api/v1/ping", "{}", {"Content-Type": "application/json"})
        line.getresponse().read()
        took.append((time.perf_counter() - began) * 1000)
    return median(took)


def _walk(page: Page, pulls: Sequence[Pull]) -> None:
    keys = page.context.new_cdp_session(page)
    page.evaluate("WEDGE.pauseMs = 20_000")  # keys sent one by one to a busy browser pause where no scanner does
    for number, pull in enumerate(pulls, start=1):
        began_s = time.time()
        for place, character in enumerate(pull.code):
            # The scanner's own pace goes with the keys: on a busy machine ours would look like a person typing.
            _press(keys, key=character, text=character, timestamp=began_s + place * KEY_MS / 1000)
        ended_s = began_s + len(pull.code) * KEY_MS / 1000
        _press(keys, key="Enter", code="Enter", text="\r", windowsVirtualKeyCode=13, timestamp=ended_s)
        page.wait_for_function("number => measured.length >= number", arg=number, timeout=VERDICT_S * 1000)
        time.sleep(0.8)  # nobody scans the next thing before having read this


def _press(keys: CDPSession, **key: Any) -> None:
    keys.send("Input.dispatchKeyEvent", {"type": "keyDown", **key})
    keys.send("Input.dispatchKeyEvent", {"type": "keyUp", "key": key["key"]})


def at(values: Sequence[float], share: float) -> float:
    """The value so many of a hundred are not above, by nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def told(found: dict[str, Any]) -> str:
    """The figures in lines."""
    verdict, others = found["verdict_ms"], found["others_ms"]
    p50, p95, p99 = (at(verdict, share) for share in (0.5, 0.95, 0.99))
    return "\n".join(
        [
            f"scan key → visible verdict beside {found['kiosks']} kiosks that scan every {found['every_s']:g} s:"
            f" p50 {p50:.1f} ms, p95 {p95:.1f} ms (goal {GOAL_P95_MS}), p99 {p99:.1f} ms;"
            f" {found['scans']} scans, {found['applied']} applied",
            f'"heard" in the first frame after the key: {found["heard"]} of {found["scans"]},'
            f" p95 {at(found['frame_ms'], 0.95):.1f} ms",
            f"the other kiosks: {len(others)} scans, p50 {at(others, 0.5):.1f} ms, p95 {at(others, 0.95):.1f} ms,"
            f" {len(found['errors'])} errors",
            f"a request that does nothing: {found['ping_ms']:.2f} ms; ratio of p95 to it {p95 / found['ping_ms']:.1f};"
            f" load {found['load']:.1f} on {os.cpu_count()} cores",
            f"first load over the wire: {found['bytes']:,} bytes (goal {GOAL_BYTES:,})",
        ]
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kiosks", type=int, default=20)
    parser.add_argument("--every", type=float, default=3.0, help="seconds between two scans of a kiosk")
    parser.add_argument("--stops", type=int, default=40, help="stops of the measured walk, three scans each")
    parser.add_argument("--json", type=Path, help="write all figures here")
    given = parser.parse_args()
    found = measure(given.kiosks, given.every, given.stops)
    print(told(found))
    if given.json:
        given.json.write_text(json.dumps(found))


if __name__ == "__main__":
    sys.exit(main())
