"""The kiosk's page in Firefox: `python -m tests.browser.firefox`. A tour is picked with a wedge scanner's keys.

Debian's `firefox-esr` is driven over its own protocol (Marionette: JSON with its length before it, over a socket), so
nothing else is needed. It exits with 1 when Firefox is missing or anything differs from what Chromium is tested for.
"""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fulfillment.domain.codes import own_code
from fulfillment.services import item_pictures, setting_up
from fulfillment.services.scans import current_step
from tests.browser.conftest import Site
from tests.browser.every_screen import drawn_mug
from tests.browser.screenshots import floor_of_our_own
from tests.services import acts

DEADLINE_S = 30.0
ENTER, SHIFT = "\ue007", "\ue008"


class Firefox:
    """One browser, driven over its Marionette socket."""

    def __init__(self, port: int) -> None:
        self._socket = _connected(port)
        self._stream = self._socket.makefile("rb")
        self._said = 0
        self._read()  # who it is
        found = self.ask("WebDriver:NewSession", {})["capabilities"]
        self.version = f"{found['browserName']} {found['browserVersion']}"

    def ask(self, command: str, values: dict[str, Any]) -> Any:
        """One command and its answer.

        Raises:
            RuntimeError: what Firefox says went wrong.
        """
        self._said += 1
        message = json.dumps([0, self._said, command, values]).encode()
        self._socket.sendall(b"%d:%s" % (len(message), message))
        _, _, error, answer = self._read()
        if error is not None:
            raise RuntimeError(f"{command}: {error['message']}")
        return answer

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        return self.ask("WebDriver:ExecuteScript", {"script": f"return ({script})", "args": []})["value"]

    def keys(self, text: str, suffix: str = ENTER) -> None:
        """Keys as a scanner types them, the suffix after them; to nothing in particular, for no field has the focus."""
        body = self.ask("WebDriver:FindElement", {"using": "css selector", "value": "body"})["value"]
        (element,) = body.values()
        self.ask("WebDriver:ElementSendKeys", {"id": element, "text": f"{text}{suffix}"})

    def close(self) -> None:
        """End the browser."""
        self.ask("Marionette:Quit", {"flags": ["eForceQuit"]})
        self._socket.close()

    def _read(self) -> Any:
        length = b""
        while not length.endswith(b":"):
            length += self._stream.read(1)
        return json.loads(self._stream.read(int(length[:-1])))


def main(arguments: list[str] | None = None) -> None:
    """Pick a tour in Firefox, say what was seen."""
    argparse.ArgumentParser(description=__doc__).parse_args(arguments)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    if program is None:
        sys.exit("no Firefox found: apt-get install -y firefox-esr")
    with floor_of_our_own() as site, opened(program) as firefox:
        for seen in pick_a_tour(site, firefox):
            print(seen)  # noqa: T201 - a command's answer


def pick_a_tour(site: Site, firefox: Firefox) -> Iterator[str]:
    """From the badge to the drop, with a wrong scan and one too many; what was seen on the way."""
    hand = site.hand
    hand.item("MUG", name="Blue mug")
    hand.write(lambda tx: item_pictures.set_picture(tx, "MUG", item_pictures.fitted(drawn_mug((20, 90, 160)))))
    hand.stock("MUG", 20)
    hand.order("S1", ("MUG", 12))
    acts.release(hand)
    token = hand.write(lambda tx: setting_up.add_token(tx, "device", "station", _station_id(tx)))
    firefox.ask("WebDriver:Navigate", {"url": f"{site.address}/enter?token={token}"})
    firefox.keys("", SHIFT)  # the first key of all takes a quarter of a second, which no scanner does between two

    def scanned(code: str, flow: str, state: str) -> None:
        firefox.keys(code)
        shown = "[document.querySelector('.screen').dataset.flow, document.querySelector('.screen').dataset.state]"
        _until(lambda: firefox.run(shown) == [flow, state], f"{flow}.{state} after {code}")
        _until(lambda: firefox.run("document.getElementById('waiting').textContent") == "All sent", "sent")

    def kind() -> Any:
        return firefox.run("document.querySelector('.screen').dataset.kind")

    scanned(own_code("B", "1001"), "home", "menu")
    scanned(own_code("C", "PICK"), "pick", "cart")
    scanned(acts.CARTS[0], "pick", "totes")
    _must(firefox.run("document.querySelectorAll('.cart-here').length") == 1, "the cart is not drawn")
    scanned(acts.TOTES[0], "pick", "location")
    _until(lambda: firefox.run("!!document.querySelector('.walk svg')"), "the walk's picture")
    firefox.keys(acts.at("A02-02-1"))
    _until(lambda: kind() == "rejected", "a wrong place refused")
    scanned(acts.at("A01-01-1"), "pick", "item")
    picture = "document.querySelector('.goods-picture')"
    _until(lambda: firefox.run(f"{picture}.complete && {picture}.naturalWidth > 0"), "the item's picture")
    yield "wedge capture, verdicts, walk, cart and item picture: as in Chromium"
    for _ in range(3):
        firefox.keys("MUG")
    _until(lambda: firefox.run("document.querySelector('.quantity-number').textContent") == "9", "3 pieces counted")
    firefox.run("document.querySelector('[data-digit=\"9\"]').click()")
    scanned("MUG", "pick", "tote")
    scanned(acts.TOTES[0], "pick", "drop")
    scanned(acts.at("STAGE-1"), "pick", "cart")
    _must(hand.order_state("S1") == "picked", "the order is not picked")
    _must([row["rejection"] for row in site.scans()].count("") == len(site.scans()) - 1, "other scans were refused")
    yield f"a tour picked by {len(site.scans())} scans, each counted once"
    _must(hand.floor.read(lambda tx: current_step(tx, "HAND-1"))["state"] == "cart", "the server is elsewhere")
    firefox.run("document.getElementById('look').click()")
    firefox.ask("WebDriver:Refresh", {})
    looks = "document.documentElement.dataset.look"
    _must(firefox.run(looks) in ("light", "dark"), "the look is not kept")
    wide = firefox.run("[document.documentElement.scrollWidth, innerWidth]")
    _must(wide[0] <= wide[1], f"the page hangs over: {wide}")
    yield f"the switch of the look is kept ({firefox.run(looks)})"
    yield f"{firefox.version}: passed"


@contextmanager
def opened(program: str) -> Iterator[Firefox]:
    """A Firefox of its own, without a window, gone afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as profile:
        (Path(profile) / "user.js").write_text(
            f'user_pref("marionette.port", {port});\nuser_pref("intl.accept_languages", "en-GB");\n'
        )
        process = subprocess.Popen(
            [program, "--headless", "--marionette", "--no-remote", "--profile", profile],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            firefox = Firefox(port)
            yield firefox
            firefox.close()
        finally:
            process.kill()
            process.wait()


def _connected(port: int) -> socket.socket:
    by = time.monotonic() + DEADLINE_S
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S)
        except OSError:
            if time.monotonic() > by:
                raise
            time.sleep(0.2)


def _station_id(tx: Any) -> int:
    return int(tx.one("SELECT id FROM station WHERE warehouse_id = :w AND code = 'HAND-1'")["id"])


def _until(holds: Callable[[], Any], what: str) -> None:
    by = time.monotonic() + DEADLINE_S
    while not holds():
        _must(time.monotonic() < by, f"{what}: did not come")
        time.sleep(0.05)


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        sys.exit(f"in Firefox: {otherwise}")


if __name__ == "__main__":
    main()
