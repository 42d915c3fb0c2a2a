"""Rules of how a cart stands: as such carts mostly do, unless somebody says otherwise."""

from __future__ import annotations

import pytest

from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.services.common import queries
from fulfillment.services.set_up import setting_up
from fulfillment.services.touring import carts
from tests.factories import FloorHand
from tests.services import acts


@pytest.mark.parametrize(("positions", "levels"), [(1, 1), (3, 1), (4, 2), (6, 2), (8, 2), (12, 3), (24, 4), (100, 7)])
def test_a_cart_is_about_twice_as_wide_as_high(positions: int, levels: int) -> None:
    assert carts.usual_levels(positions) == levels


def test_a_cart_stands_as_it_is_said_to(hand: FloorHand) -> None:
    (usual,), (said,) = (hand.write(lambda tx, at=at: setting_up.add_carts(tx, 1, 8, at)) for at in (None, 4))
    assert (usual["levels"], said["levels"]) == (2, 4)
    assert hand.write(lambda tx: carts.set_levels(tx, usual["code"], 1))["levels"] == 1
    for levels in (0, 9):
        with pytest.raises(DomainError, match="1 to 8 levels"):
            hand.write(lambda tx, levels=levels: carts.set_levels(tx, usual["code"], levels))
        with pytest.raises(DomainError, match="1 to 8 levels"):
            hand.write(lambda tx, levels=levels: setting_up.add_carts(tx, 1, 8, levels))
    with pytest.raises(NotFound):
        hand.write(lambda tx: carts.set_levels(tx, "9999", 1))


def test_a_station_walks_with_the_cart_it_took(hand: FloorHand) -> None:
    def walked_with() -> object:
        with queries.snapshot(hand.floor.engine) as connection:
            return carts.walked_with(connection, "HAND-1", 1)

    hand.item("MUG")
    hand.stock("MUG", 5)
    hand.order("S1", ("MUG", 2))
    acts.release(hand)
    assert walked_with() is None
    acts.take_tour(hand, cart=1)
    assert walked_with() == {"code": "0002", "positions": 6, "levels": 2}
    acts.finish_tour(hand)
    assert walked_with() is None
