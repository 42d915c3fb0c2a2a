"""A person with a wedge scanner in front of a page."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from fulfillment.domain.codes import own_code
from fulfillment.services.scan_path.scans import current_step
from tests.browser.conftest import Site

FAST_MS, SLOW_MS = 10, 100  # per character: a cabled scanner, and a slow one over Bluetooth
FINGERS_MS = 180  # per key: somebody who types


class Person:
    """Scans with keystrokes, touches buttons, reads the screen."""

    def __init__(self, site: Site, page: Page, station: str, *, is_entered: bool = False) -> None:
        self.site, self.page, self.station = site, page, station
        self._keys = page.context.new_cdp_session(page)
        if not is_entered:
            site.enter(page, station)
        # Keys sent one by one to a browser on a busy machine pause where no scanner does; our scanners send a suffix.
        page.evaluate("WEDGE.pauseMs = WEDGE.cutMs = 20_000")
        self._typed_at_s = 0.0

    def scan(self, code: str, ms: int = FAST_MS) -> None:
        """Pull the trigger and wait for the screen that answers."""
        self.answered(lambda: self.pull(code, ms))

    def pull(self, code: str, ms: int = FAST_MS, hiccup_ms: int = 0) -> None:
        """Pull the trigger and wait for nothing. The key in the middle comes `hiccup_ms` late."""
        at_s = time.time()
        for place, character in enumerate(code):
            at_s += hiccup_ms / 1000 if place == len(code) // 2 else 0
            self._press(at_s, key=character, text=character)
            at_s += ms / 1000
        self._press(at_s, key="Enter", code="Enter", text="\r", windowsVirtualKeyCode=13)

    def type(self, text: str) -> None:
        """Key a text into what has the focus, as a person does, however fast or slow this machine is."""
        for character in text:
            self._finger(key=character, text=character)

    def press(self, key: str) -> None:
        """Press Enter or Backspace with a finger."""
        text = {"text": "\r"} if key == "Enter" else {}
        self._finger(key=key, code=key, windowsVirtualKeyCode={"Enter": 13, "Backspace": 8}[key], **text)

    def _finger(self, **key: Any) -> None:
        self._typed_at_s = max(self._typed_at_s + FINGERS_MS / 1000, time.time())
        self._press(self._typed_at_s, **key)

    def _press(self, at_s: float, **key: Any) -> None:
        # The scanner's own pace goes with the event: on a busy machine ours would look like a person typing.
        self._keys.send("Input.dispatchKeyEvent", {"type": "keyDown", "timestamp": at_s, **key})
        up = {name: value for name, value in key.items() if name != "text"}
        self._keys.send("Input.dispatchKeyEvent", {"type": "keyUp", "timestamp": at_s, **up})

    def touch(self, code: str) -> None:
        """Touch the barcode or button that stands for a code."""
        self.answered(lambda: self.page.click(f'[data-code="{code}"]'))

    def say(self, command: str) -> None:
        """Touch a command."""
        self.touch(own_code("C", command))

    def key_in(self, number: int) -> None:
        """Key a number on the screen's keypad."""
        for digit in str(number):
            self.page.click(f'[data-digit="{digit}"]')

    def answered(self, act: Callable[[], None]) -> None:
        """Do it, and wait until its answer is on the screen."""
        before = self.page.get_attribute(".screen", "data-scan-id")
        act()
        expect(self.page.locator(".screen")).not_to_have_attribute("data-scan-id", before or "")
        if not before:
            expect(self.page.locator('.screen:not([data-scan-id=""])')).to_have_count(1)

    @property
    def step(self) -> dict[str, Any]:
        """The step the server holds for this station."""
        return self.site.hand.floor.read(lambda tx: current_step(tx, self.station))

    @property
    def state(self) -> tuple[str | None, str | None]:
        """Flow and state of the screen shown."""
        screen = self.page.locator(".screen")
        return screen.get_attribute("data-flow"), screen.get_attribute("data-state")

    @property
    def verdict(self) -> str:
        """What the screen says about the last scan."""
        return " ".join(self.page.inner_text("[data-verdict]").split())
