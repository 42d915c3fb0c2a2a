"""Kiosk and bench in Firefox: `python -m tests.browser.firefox`. With a wedge scanner's keys a tour is picked, its tote
packed to the label, and another tour is finished with the network gone.

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
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from fulfillment.domain.codes import own_code
from fulfillment.services.scan_path.scans import current_step
from fulfillment.services.set_up import item_pictures, setting_up
from tests.browser.conftest import Site
from tests.browser.every_screen import drawn_mug
from tests.browser.relay import relay_to
from tests.browser.screenshots import floor_of_our_own
from tests.services import acts

DEADLINE_S = 30.0
SHOWN = "[document.querySelector('.screen').dataset.flow, document.querySelector('.screen').dataset.state]"
_KEPT = """
const [name, done] = arguments, asked = window.indexedDB.open("floor");
asked.onsuccess = () => {
  const found = asked.result.transaction("scans").objectStore("scans").get(name);
  found.onsuccess = () => { asked.result.close(); done(Boolean(found.result && found.result.kept)); };
};
"""
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

    def kept(self, name: str) -> bool:
        """Whether the page has this on its disk."""
        return bool(self.ask("WebDriver:ExecuteAsyncScript", {"script": _KEPT, "args": [name]})["value"])

    def keys(self, text: str, suffix: str = ENTER) -> None:
        """Keys as a scanner types them, the suffix after them; to nothing in particular, for no field has the focus."""
        body = self.ask("WebDriver:FindElement", {"using": "css selector", "value": "body"})["value"]
        (element,) = body.values()
        self.ask("WebDriver:ElementSendKeys", {"id": element, "text": f"{text}{suffix}"})

    def must_show(self, what: str, otherwise: str) -> None:
        """Wait until an expression holds in the page."""
        _until(lambda: self.run(what), otherwise)

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
        for seen in chain(pick_a_tour(site, firefox), pack_its_tote(site, firefox), finish_a_tour_alone(site, firefox)):
            print(seen)  # noqa: T201 - a command's answer
        print(f"{firefox.version}: passed")  # noqa: T201


def pick_a_tour(site: Site, firefox: Firefox) -> Iterator[str]:
    """From the badge to the drop, with a wrong scan and one too many; what was seen on the way."""
    hand = site.hand
    hand.item("MUG", name="Blue mug")
    hand.write(lambda tx: item_pictures.set_picture(tx, "MUG", item_pictures.fitted(drawn_mug((20, 90, 160)))))
    hand.stock("MUG", 20)
    hand.order("S1", ("MUG", 12))
    acts.release(hand)
    enter(site, firefox, "HAND-1")

    def scanned(code: str, flow: str, state: str) -> None:
        scan(firefox, code, flow, state)

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


def pack_its_tote(site: Site, firefox: Firefox) -> Iterator[str]:
    """The tote of that tour at the bench: the last scan closes the parcel, its label is scanned back."""
    hand = site.hand
    enter(site, firefox, "BENCH-1")
    scan(firefox, own_code("B", "1001"), "home", "menu")
    scan(firefox, own_code("C", "PACK"), "pack", "tote")
    scan(firefox, acts.TOTES[0], "pack", "item")
    belongs = "document.querySelector('.belongs tbody').textContent"
    firefox.must_show(f"{belongs}.includes('0 of 12')", "what belongs into the parcel")
    firefox.keys("NOBODY")
    firefox.must_show("document.querySelector('.screen').dataset.kind === 'rejected'", "a wrong code refused")
    for digit in "12":
        firefox.run(f"document.querySelector('[data-digit=\"{digit}\"]').click()")
    scan(firefox, "MUG", "pack", "label")
    hand.write(lambda tx: tx.run("UPDATE outbox SET state = 'confirmed' WHERE warehouse_id = :w"))
    firefox.must_show("document.querySelector('.task').textContent.includes('Printed')", "the label said to be printed")
    step = hand.floor.read(lambda tx: current_step(tx, "BENCH-1"))
    scan(firefox, step["fields"]["parcel"]["barcode"], "pack", "lane")
    step = hand.floor.read(lambda tx: current_step(tx, "BENCH-1"))
    scan(firefox, step["fields"]["lane"]["barcode"], "pack", "tote")
    _must(hand.order_state("S1") == "packed", "the order is not packed")
    yield "its tote packed at the bench, the label asked for and scanned back"


def finish_a_tour_alone(site: Site, firefox: Firefox) -> Iterator[str]:
    """A tour of two stops with the network cut before the first; then it is back."""
    hand = site.hand
    hand.item("PEN")
    hand.stock("PEN", 5, "A02-01-1")
    hand.order("S2", ("MUG", 2), ("PEN", 1))
    acts.release(hand)
    with relay_to(site.address) as line:
        enter(replace(site, address=line.address), firefox, "HAND-1")
        if firefox.run(SHOWN) != ["pick", "cart"]:
            scan(firefox, own_code("C", "PICK"), "pick", "cart")
        scan(firefox, acts.CARTS[0], "pick", "totes")
        scan(firefox, acts.TOTES[1], "pick", "location")
        _until(lambda: firefox.kept("tour HAND-1") and firefox.kept("at HAND-1"), "the walk on the device")
        firefox.must_show("!!document.querySelector('.walk svg')", "the walk's picture")
        before = len(site.scans())
        line.cut()
        codes = [
            code for place, sku, each in (("A01-01-1", "MUG", 2), ("A02-01-1", "PEN", 1))
            for code in (acts.at(place), *[sku] * each, acts.TOTES[1])
        ]  # fmt: skip
        if hand.floor.read(lambda tx: current_step(tx, "HAND-1"))["fields"]["location"]["code"] == "A02-01-1":
            codes = codes[4:] + codes[:4]
        for place, code in enumerate((*codes, acts.at("STAGE-1")), start=1):
            firefox.keys(code)
            wait = f"{place} scan waits" if place == 1 else f"{place} scans wait"
            firefox.must_show(f"(document.getElementById('away') || {{}}).textContent?.includes('{wait}')", wait)
            if place == len(codes) // 2 + 1:
                firefox.must_show("!!document.querySelector('.walk[data-kept] svg')", "the map without the network")
        firefox.must_show("document.querySelector('.prompt').textContent === 'All noted'", "the end of the walk")
        _must(len(site.scans()) == before, "something came through a line that is cut")
        line.mend()
        firefox.run("window.dispatchEvent(new Event('online'))")
        firefox.must_show("document.getElementById('waiting').textContent === 'All sent'", "all sent")
    _must(hand.order_state("S2") == "picked", "the order is not picked")
    _must([row["rejection"] for row in site.scans()[before:]] == [""] * 8, "a scan was refused when it came")
    yield "a tour finished with the network gone: 8 scans noted, sent in order and taken"


def enter(site: Site, firefox: Firefox, station: str) -> None:
    """Open a station's page by the link a device is set up with."""
    token = site.hand.write(lambda tx: setting_up.add_token(tx, "device", "station", _station_id(tx, station)))
    firefox.ask("WebDriver:Navigate", {"url": f"{site.address}/enter?token={token}"})
    firefox.keys("", SHIFT)  # the first key of all takes a quarter of a second, which no scanner does between two


def scan(firefox: Firefox, code: str, flow: str, state: str) -> None:
    """Pull the trigger and wait for that screen, and until nothing waits to be sent."""
    firefox.keys(code)
    _until(lambda: firefox.run(SHOWN) == [flow, state], f"{flow}.{state} after {code}")
    firefox.must_show("document.getElementById('waiting').textContent === 'All sent'", "sent")


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


def _station_id(tx: Any, code: str) -> int:
    return int(tx.one("SELECT id FROM station WHERE warehouse_id = :w AND code = :code", code=code)["id"])


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
