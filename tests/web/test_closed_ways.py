"""What programs ask of a floor with closed aisles: walks are looked up before anybody has to wait for the write."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from fulfillment.app import create_app
from fulfillment.domain.roles import TokenRole
from fulfillment.services.ordering import order_cards
from fulfillment.services.releasing import picker_shifts, planning, wave_proposals, ways
from fulfillment.services.set_up import setting_up
from fulfillment.services.walking import closures
from tests.factories import NOBODY, FloorHand
from tests.services.walking.a_walk import stock_every_bin


def test_no_walk_is_looked_up_while_everybody_waits_for_the_write(
    hand: FloorHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stocked = stock_every_bin(hand)
    token = stocked.write(lambda tx: setting_up.add_token(tx, "desk", TokenRole.ADMIN))
    client = create_app(stocked.floor).test_client()
    by_whom: list[str] = []
    real = ways.lost

    def watched(*args: Any) -> Any:
        by_whom.append(threading.current_thread().name)
        return real(*args)

    def post(path: str, body: Any) -> Any:
        answer = client.post(f"/api/v1{path}", json=body, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code < 300, answer.text
        return answer.json

    monkeypatch.setattr(ways, "lost", watched)
    closed = [
        stocked.write(lambda tx, place=place: closures.close(tx, NOBODY, place, may_without_badge=True))
        for place in ("A01-01-1", "A01-03-1")
    ]
    stocked.order("cut off", ("A01-02-1", 1))
    for number in ("now", "card", "late", "proposed"):
        stocked.order(number, ("A02-01-1", 1))
    wave = post("/waves", {"orders": ["now", "cut off"]})["wave"]
    planning.plan_wave(stocked.floor, wave, tour_ms=1)
    post(f"/waves/{wave}/orders", {"orders": ["late"]})
    card = stocked.floor.read(
        lambda tx: order_cards.shown(tx, tx.one("SELECT id FROM sales_order WHERE number = 'card'")["id"])
    )
    post("/order-board/moves", {"cards": [{"card": card["card"], "version": card["version"]}], "to": "released"})
    now_ms = stocked.floor.clock()
    stocked.write(lambda tx: picker_shifts.set_shift(tx, "1002", now_ms, now_ms + 8 * 3_600_000, []))
    proposal = post("/wave-proposals", {})["proposal"]
    wave_proposals.plan(stocked.floor, proposal)
    post(f"/wave-proposals/{proposal}/release", None)
    post(f"/closures/{closed[0]['closure']}/open", {})
    assert by_whom
    assert "floor-writer" not in by_whom
