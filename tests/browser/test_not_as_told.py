"""A stop that is not as told, by a thumb on a handheld's screen: each way out takes two touches at most."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from fulfillment.domain.codes import own_code
from fulfillment.services.ordering import substitutes
from tests.browser.conftest import Site
from tests.browser.scanner import Person
from tests.factories import FloorHand
from tests.services import acts

pytestmark = pytest.mark.browser

THUMB_PX = 48


class Thumb(Person):
    """Touches buttons only, and counts them. A button a thumb would miss, or that is wider than the screen, fails."""

    touches = 0

    def touch(self, code: str) -> None:
        box = self.page.locator(f'[data-code="{code}"]').first.bounding_box()
        assert box is not None
        assert min(box["height"], box["width"]) >= THUMB_PX
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
        self.touches += 1
        super().touch(code)

    def why(self, word: str) -> None:
        """Touch a reason."""
        self.touch(own_code("Y", word))

    def spent(self) -> int:
        """How many touches since it was asked last."""
        touches, self.touches = self.touches, 0
        return touches


@pytest.fixture
def hand(site: Site) -> FloorHand:
    """An order of five cups, of which four lie where it is sent first; pens may go instead of cups."""
    hand = site.hand
    for sku, name in (("CUP", "Blue cup"), ("PEN", "Fine pen")):
        hand.item(sku, name=name)
    hand.stock("CUP", 4, "A01-01-1", "2026-01-01")
    hand.stock("CUP", 1, "A02-01-1", "2026-02-01")
    hand.stock("PEN", 9, "A01-02-1")
    hand.write(lambda tx: substitutes.give(tx, "CUP", "PEN", 1))
    hand.order("S1", ("CUP", 5), may_substitute=True)
    acts.release(hand)
    return hand


@pytest.fixture
def thumb(site: Site, hand: FloorHand, page: Page) -> Thumb:
    """Before the first stop, at its bin."""
    thumb = Thumb(site, page, "HAND-1")
    for code in (own_code("B", "1001"), own_code("C", "PICK"), acts.CARTS[0], acts.TOTES[0]):
        thumb.scan(code)
    assert thumb.step["fields"]["location"]["code"] == "A01-01-1"
    thumb.scan(acts.at("A01-01-1"))
    return thumb


def test_each_way_out_takes_two_touches_at_most(thumb: Thumb, hand: FloorHand, page: Page) -> None:
    thumb.say("HELP")
    assert "Fewer lie here than told" in page.inner_text(".explained")
    thumb.say("BACK")
    assert (thumb.spent(), thumb.state) == (2, ("pick", "item"))

    thumb.scan("CUP")
    thumb.say("UNDO")
    assert (thumb.spent(), thumb.step["fields"]["counted_each"]) == (1, 0)

    thumb.say("DAMAGED")
    thumb.why("DAMAGED")
    assert (thumb.spent(), hand.on_hand("A01-01-1", status="damaged")) == (2, 1)

    thumb.say("NEWTOTE")
    thumb.touch(acts.TOTES[1])
    assert (thumb.spent(), thumb.step["fields"]["tote"]["code"]) == (2, "000002")

    thumb.say("SKIP")
    assert (thumb.spent(), thumb.step["fields"]["location"]["code"]) == (1, "A02-01-1")
    thumb.scan(acts.at("A02-01-1"))
    thumb.scan("CUP")
    thumb.scan(acts.TOTES[1])
    thumb.say("UNDO")
    assert thumb.spent() == 1
    assert "Back to A02-01-1: 1 piece" in page.inner_text(".task")
    thumb.scan("CUP")
    thumb.scan(acts.TOTES[1])

    thumb.scan(acts.at("A01-01-1"))
    thumb.say("SHORT")
    assert "May go instead: Fine pen" in page.inner_text(".task")
    thumb.say("SUBSTITUTE")
    assert (thumb.spent(), thumb.step["fields"]["item"]["sku"]) == (2, "PEN")
    assert hand.all("SELECT reason FROM task WHERE warehouse_id = :w AND kind = 'count' ORDER BY id")
    assert acts.wrong(hand) == []


def test_too_few_is_two_touches_and_the_reason_is_kept(thumb: Thumb, hand: FloorHand) -> None:
    thumb.say("SHORT")
    thumb.why("OTHER-GOODS")
    assert (thumb.spent(), thumb.step["fields"]["location"]["code"]) == (2, "A02-01-1")
    task = hand.one("SELECT reason FROM task WHERE warehouse_id = :w AND kind = 'pick' AND state = 'short'")
    assert task == {"reason": "other_goods"}
