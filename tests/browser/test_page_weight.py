"""What a handheld loads the first time it opens its page: all of it, over the wire, as the server sends it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from fulfillment.services.set_up import item_pictures
from tests.browser.conftest import Site
from tests.browser.every_screen import drawn_mug
from tests.browser.scanner import Person
from tests.services import acts

pytestmark = pytest.mark.browser

MOST_BYTES = 100_000


def test_the_kiosks_page_is_light_at_first_load(site: Site, page: Page) -> None:
    """Headers and bodies as they come over the wire, scripts and style packed; and none of it comes a second time."""
    hand = site.hand
    hand.item("MUG", name="Blue mug")
    hand.write(lambda tx: item_pictures.set_picture(tx, "MUG", item_pictures.fitted(drawn_mug((20, 90, 160)))))
    hand.stock("MUG", 50)
    hand.order("S1", ("MUG", 2))
    acts.release(hand)
    acts.take_tour(hand)
    acts.go_to_stop(hand)
    came: dict[str, float] = {}
    addresses: dict[str, str] = {}
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.on("Network.requestWillBeSent", lambda told: addresses.update({told["requestId"]: told["request"]["url"]}))
    network.on("Network.loadingFinished", lambda told: came.update({told["requestId"]: told["encodedDataLength"]}))
    Person(site, page, "HAND-1")
    page.wait_for_load_state("networkidle")
    loaded = {addresses[request].removeprefix(site.address).split("?")[0]: size for request, size in came.items()}
    assert {"/ui/kiosk.css", "/ui/scan.js", "/ui/wedge.js", "/kiosk/HAND-1"} <= set(loaded)
    assert any(name.endswith(".jpg") for name in loaded), "the picture of the item is in it"
    print({name: round(size) for name, size in sorted(loaded.items())}, round(sum(loaded.values())), "bytes")  # noqa: T201
    assert sum(loaded.values()) <= MOST_BYTES

    came.clear()
    page.reload()
    page.wait_for_load_state("networkidle")
    again = {addresses[request].removeprefix(site.address).split("?")[0]: size for request, size in came.items()}
    assert sum(size for name, size in again.items() if name.startswith("/ui/") or name.endswith(".jpg")) == 0
