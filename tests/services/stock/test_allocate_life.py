"""Rules of life left: nothing expired is promised, nothing that would expire too soon for who gets it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fulfillment.bootstrap import open_floor
from fulfillment.domain.reasons import MoveReason
from fulfillment.domain.stock import Move
from fulfillment.hot import Tx
from fulfillment.services.stock import allocate, ledger
from fulfillment.settings import Settings
from tests.factories import NOBODY, FloorHand
from tests.services.acts import promises, wrong


@pytest.fixture
def hand(settings: Settings) -> Iterator[FloorHand]:
    """A floor where it is 2026-06-01, 16:00 UTC: in Tokyo the next day has begun."""
    floor = open_floor(settings, clock=lambda: 1_780_329_600_000)
    yield FloorHand(floor)
    floor.close()


def expiring(hand: FloorHand, expiry_on: str, location: str = "A01-01-1", received_on: str = "2026-01-01") -> int:
    """Nine JAM that keep until then."""

    def work(tx: Tx) -> int:
        item_id = tx.one("SELECT id FROM item WHERE warehouse_id = :w AND sku = 'JAM'")["id"]
        place = tx.one("SELECT id FROM location WHERE warehouse_id = :w AND code = :c", c=location)["id"]
        receipt_id = tx.insert(
            "receipt", number=f"J-{expiry_on}", state="closed", received_on=received_on, content_sha256="",
            created_at_ms=0,
        )  # fmt: skip
        layer_id = tx.insert(
            "layer", item_id=item_id, receipt_id=receipt_id, received_on=received_on, expiry_on=expiry_on,
            created_at_ms=0,
        )  # fmt: skip
        ledger.post(tx, NOBODY, [Move(layer_id, item_id, 1, place, 9, MoveReason.RECEIVE)])
        allocate.allocate_waiting(tx, NOBODY, item_id)
        return layer_id

    return hand.write(work)


def test_goods_with_less_life_left_than_is_owed_are_not_promised(hand: FloorHand) -> None:
    hand.item("JAM", rotation="fefo", tracks_expiry=1, min_life_days=30)
    expiring(hand, "2026-06-01")  # spoilt today
    expiring(hand, "2026-07-01", "A01-02-1")  # thirty days left, and no more
    good = expiring(hand, "2026-07-02", "A01-03-1")
    hand.order("SO-1", ("JAM", 2))
    assert promises(hand, "SO-1") == [("A01-03-1", good, 2)]
    assert wrong(hand) == []


def test_expiry_is_judged_by_the_day_of_the_building(hand: FloorHand) -> None:
    hand.write(lambda tx: tx.run("UPDATE warehouse SET time_zone = 'Asia/Tokyo' WHERE id = :w"))
    hand.item("JAM", rotation="fefo", tracks_expiry=1)
    expiring(hand, "2026-06-02")
    hand.order("SO-1", ("JAM", 2))
    assert promises(hand, "SO-1") == []
