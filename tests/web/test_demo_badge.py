"""A demo without a scanner offers a badge to touch; a real floor never does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fulfillment.app import create_app
from fulfillment.domain.codes import own_code
from fulfillment.services.set_up import setting_up
from tests.factories import FloorHand


@pytest.mark.parametrize(("badge", "is_offered"), [("1001", True), ("", False)])
def test_a_signed_out_screen_offers_the_demo_badge_only_where_it_is_set(
    hand: FloorHand, badge: str, is_offered: bool
) -> None:
    floor = replace(hand.floor, settings=replace(hand.floor.settings, demo_badge=badge))
    token = hand.write(lambda tx: setting_up.add_station(tx, "K1", "handheld", "DOCK-1"))["token"]
    client = create_app(floor).test_client()
    client.set_cookie("floor_token", token)
    assert (own_code("B", "1001") in client.get("/kiosk/K1").text) == is_offered
