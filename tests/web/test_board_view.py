"""The board's view: every order in its lane, and what somebody should look at."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask import Flask

from fulfillment.app import create_app
from fulfillment.domain.orders import OrderState
from fulfillment.services.common import queries
from fulfillment.services.figures import board
from fulfillment.services.ordering import orders
from fulfillment.services.printing import outbox
from fulfillment.services.set_up import setting_up
from tests.factories import NOBODY, FloorHand
from tests.services import acts


def view_of(hand: FloorHand) -> dict[str, Any]:
    with queries.snapshot(hand.floor.engine) as connection:
        return board.board(connection)


def lane_of(view: dict[str, Any], number: str) -> str:
    return next(card["state"] for card in view["orders"] if card["number"] == number)


@pytest.fixture
def stocked(hand: FloorHand) -> FloorHand:
    hand.item("PEN", name="Fine pen")
    hand.stock("PEN", 100)
    return hand


def test_an_empty_floor_has_every_lane_with_nothing_in_it(hand: FloorHand) -> None:
    view = view_of(hand)
    assert view["lanes"] == {**{state.value: 0 for state in OrderState}, "short": 0}
    assert view["orders"] == []
    assert view["tours"]["active"] == []


def test_an_order_is_followed_through_its_lanes(stocked: FloorHand) -> None:
    stocked.order("S1", ("PEN", 3))
    assert lane_of(view_of(stocked), "S1") == "allocated"
    acts.release(stocked)
    assert lane_of(view_of(stocked), "S1") == "released"
    acts.take_tour(stocked)
    view = view_of(stocked)
    assert lane_of(view, "S1") == "picking"
    assert view["lanes"]["picking"] == 1
    (tour,) = view["tours"]["active"]
    assert (tour["operator"], tour["station"], tour["cart"]) == ("Ada", "HAND-1", "0001")
    assert (tour["stops_done"], tour["stops_total"], tour["location"]) == (0, 1, "A01-01-1")
    assert view["tasks"]["pick"] == 1
    acts.make_stop(stocked)
    (tour,) = view_of(stocked)["tours"]["active"]
    assert (tour["stops_done"], tour["location"]) == (1, "")
    acts.finish_tour(stocked)
    view = view_of(stocked)
    assert lane_of(view, "S1") == "picked"
    assert (view["tours"]["active"], view["tours"]["done"]) == ([], 1)


def test_a_lane_says_since_when_its_oldest_waits(stocked: FloorHand) -> None:
    for number in ("S1", "S2"):
        stocked.order(number, ("PEN", 1))
    stocked.write(lambda tx: tx.put("UPDATE sales_order SET state_since_ms = 5 WHERE number = 'S2'"))
    assert view_of(stocked)["oldest"] == {"allocated": 5}


def test_a_card_says_what_the_order_is_about(stocked: FloorHand) -> None:
    stocked.item("CUP")
    stocked.order("S1", ("PEN", 3), ("PEN", 1), ("CUP", 2), country="DE", priority=5)
    (card,) = view_of(stocked)["orders"]
    assert (card["number"], card["channel"], card["country"], card["carrier"]) == ("S1", "api", "DE", "EU")
    assert (card["lines"], card["units"], card["missing_each"], card["priority"]) == (2, 6, 2, 5)
    assert card["cut_off_at_ms"] > card["ordered_at_ms"]


def test_what_is_short_is_named_once_with_everybody_who_waits(stocked: FloorHand) -> None:
    stocked.order("S1", ("PEN", 90))
    stocked.order("S2", ("PEN", 30))
    stocked.order("S3", ("PEN", 5))
    view = view_of(stocked)
    assert view["lanes"]["short"] == 2
    assert view["shorts"] == [{"sku": "PEN", "name": "Fine pen", "missing_each": 25, "orders": 2}]


def test_an_order_on_hold_says_why_and_how_big_it_is(hand: FloorHand) -> None:
    hand.order("S1", ("NOPE", 3), ("WHAT", 1))
    (card,) = view_of(hand)["orders"]
    assert (card["state"], card["hold_reason"], card["hold_note"]) == ("hold", "unknown_sku", "NOPE, WHAT")
    assert (card["lines"], card["units"]) == (2, 4)


def test_a_long_lane_shows_the_most_urgent_and_counts_all(stocked: FloorHand) -> None:
    for number in range(board.LANE_SHOWN + 7):
        stocked.order(f"S{number:03d}", ("PEN", 1), priority=9 if number == 55 else 0)
    view = view_of(stocked)
    assert view["lanes"]["allocated"] == board.LANE_SHOWN + 7
    assert len(view["orders"]) == board.LANE_SHOWN
    assert [card["number"] for card in view["orders"][:2]] == ["S055", "S000"]


def test_a_finished_lane_shows_the_newest_first(stocked: FloorHand) -> None:
    for number in ("S1", "S2", "S3"):
        stocked.order(number, ("PEN", 1))
    for minute, number in enumerate(("S2", "S3", "S1")):
        stocked.write(lambda tx, number=number: orders.cancel(tx, NOBODY, number))
        stocked.write(
            lambda tx, number=number, at=minute: tx.run(
                "UPDATE sales_order SET state_since_ms = :at WHERE warehouse_id = :w AND number = :n", at=at, n=number
            )
        )
    assert [card["number"] for card in view_of(stocked)["orders"]] == ["S1", "S3", "S2"]


def test_prints_that_wait_are_counted_and_those_in_trouble_named(hand: FloorHand) -> None:
    def work(tx: Any) -> None:
        printer = tx.one("SELECT id FROM printer WHERE warehouse_id = :w AND code = 'LABEL-1'")["id"]
        outbox.queue_print(tx, "P1", "k1", printer, "shipping_4x6", {})
        outbox.queue_print(tx, "P2", "k2", None, "shipping_4x6", {})
        lost = outbox.queue_print(tx, "P3", "k3", printer, "shipping_4x6", {})
        tx.run("UPDATE outbox SET state = 'uncertain' WHERE warehouse_id = :w AND id = :id", id=lost)

    hand.write(work)
    view = view_of(hand)
    assert {state: count for state, count in view["prints"]["counts"].items() if count} == {
        "queued": 1, "held": 1, "uncertain": 1,
    }  # fmt: skip
    assert [(print_["subject"], print_["state"]) for print_ in view["prints"]["attention"]] == [
        ("P2", "held"), ("P3", "uncertain"),
    ]  # fmt: skip
    label, slip = view["printers"]
    assert (label["code"], label["state"], label["waiting"]) == ("LABEL-1", "connecting", 1)
    assert (slip["code"], slip["waiting"]) == ("SLIP-1", 0)


def test_the_etag_names_the_content_and_not_the_clock(stocked: FloorHand) -> None:
    view = view_of(stocked)
    assert board.etag(view) == board.etag({**view, "now_ms": view["now_ms"] + 60_000})
    stocked.order("S1", ("PEN", 1))
    assert board.etag(view_of(stocked)) != board.etag(view)


def test_a_station_names_its_operator_and_printers(hand: FloorHand) -> None:
    hand.sign_in("BENCH-1", "PACK")
    with queries.snapshot(hand.floor.engine) as connection:
        bench = board.station(connection, "BENCH-1")
        assert board.station(connection, "NONE") is None
    assert bench is not None
    assert (bench["operator"], bench["role"], bench["flow"]) == ("Ada", "supervisor", "pack")
    assert [printer["code"] for printer in bench["printers"]] == ["LABEL-1", "SLIP-1"]


@pytest.fixture
def app(hand: FloorHand) -> Flask:
    return create_app(hand.floor)


def test_the_page_carries_the_view_and_no_markup_of_a_channel(app: Flask, hand: FloorHand) -> None:
    hand.item("PEN")
    hand.order("</script><script>alert(1)</script>", ("PEN", 1))
    token = hand.write(lambda tx: setting_up.add_station(tx, "BOARD-1", "board"))["token"]
    client = app.test_client()
    assert client.get("/enter", query_string={"token": token}).headers["Location"] == "/board"
    page = client.get("/board").text
    assert "<script>alert" not in page
    carried = json.loads(re.search(r'id="view">(.*?)</script>', page, re.S)[1])
    assert [card["number"] for card in carried["orders"]] == ["</script><script>alert(1)</script>"]


def test_the_page_listens_on_the_live_port_of_the_host_it_was_asked_at(app: Flask, hand: FloorHand) -> None:
    token = hand.write(lambda tx: setting_up.add_station(tx, "BOARD-1", "board"))["token"]
    headers = {"Authorization": f"Bearer {token}"}
    port, live = hand.floor.settings.port, hand.floor.settings.live_port
    own = app.test_client().get("/board", base_url=f"http://floor.local:{port}", headers=headers)
    assert f'data-live="http://floor.local:{live}/live/board"' in own.text
    assert f"connect-src 'self' http://floor.local:{live};" in own.headers["Content-Security-Policy"]
    proxied = app.test_client().get("/board", base_url="https://floor.example", headers=headers)
    assert 'data-live="/live/board"' in proxied.text
    assert "connect-src 'self';" in proxied.headers["Content-Security-Policy"]
    foreign = app.test_client().get("/board", base_url=f"http://a;script-src:{port}", headers=headers)
    assert "script-src" not in foreign.headers["Content-Security-Policy"]
