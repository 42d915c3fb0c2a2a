"""A floor behind a real server on free ports, and a real Chromium in front of it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright
from werkzeug.serving import make_server

from fulfillment.app import create_app
from fulfillment.bootstrap import Floor
from fulfillment.hot import Tx
from fulfillment.services.set_up import setting_up
from fulfillment.settings import Settings
from tests.factories import FloorHand

HOW_TO_INSTALL = "no Chromium found: apt-get install -y chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]


@dataclass(frozen=True)
class Site:
    """A running floor: its address, and a person beside the browser who can see into it."""

    address: str
    hand: FloorHand

    def enter(self, page: Page, station: str) -> None:
        """Open a station's page by the link a device is set up with."""
        token = self.hand.write(lambda tx: _token(tx, station))
        page.goto(f"{self.address}/enter?token={token}")

    def scans(self) -> list[dict[str, object]]:
        """Every scan the floor has stored, in its order."""
        return self.hand.all("SELECT code, qty_each, rejection FROM scan WHERE warehouse_id = :w ORDER BY id")


@pytest.fixture
def site(floor: Floor) -> Iterator[Site]:
    """Web and live screens on two ports, as a floor runs them."""
    with served(floor) as site:
        yield site


@contextmanager
def served(
    floor: Floor, founded: type[FloorHand] = FloorHand, configured: Callable[[Settings], Settings] | None = None
) -> Iterator[Site]:
    """A new warehouse on this floor, behind a real server for as long as the block lasts.

    `configured`: its settings, once the ports are known.
    """
    # The addresses must be known to the application before it answers, so the ports are bound first.
    with ExitStack() as stack:
        web, live = (make_server("127.0.0.1", 0, _not_yet, threaded=True) for _ in range(2))
        settings = replace(floor.settings, port=web.server_port, live_port=live.server_port)
        app = create_app(replace(floor, settings=configured(settings) if configured else settings))
        for server in (web, live):
            server.app = app
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
        yield Site(f"http://127.0.0.1:{web.server_port}", founded(floor))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests; without it they fail rather than pass unseen."""
    expect.set_options(timeout=20_000)  # waits end with what they wait for; this is for a busy machine
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A handheld's screen of its own. A script error or a file that is refused fails the test."""
    # Where a worker stands between, a test cannot hold back what the page asks for.
    context = browser.new_context(viewport={"width": 360, "height": 640}, locale="en-GB", service_workers="block")
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if "Content Security" in message.text else None)
    yield page
    context.close()
    assert wrong == []


def launch(playwright: Playwright) -> Browser:
    """Debian's Chromium: a browser of playwright's own would be a download at test time."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.fail(HOW_TO_INSTALL, pytrace=False)
    return playwright.chromium.launch(executable_path=found, args=FLAGS)


def _not_yet(environ: object, start_response: object) -> list[bytes]:
    raise RuntimeError("asked before the application was there")


def _token(tx: Tx, station: str) -> str:
    row = tx.one("SELECT id, kind FROM station WHERE warehouse_id = :w AND code = :code", code=station)
    if row is None:
        return setting_up.add_station(tx, station, "board")["token"]
    return setting_up.add_token(tx, station, "board" if row["kind"] == "board" else "station", row["id"])
