"""The live board: everything once, then what changed; resumed where it broke off; nobody holds the database."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from fulfillment.app import create_app
from fulfillment.processes import LIVE_THREADS
from fulfillment.services.set_up import setting_up
from fulfillment.web.stream import STREAMS_MAX, BoardFeed, event_of, is_open_at, messages, parts_of
from tests.factories import FloorHand
from tests.postgresql import PostgresServer
from tests.web.test_board_view import view_of

SOON_S = 5.0


@pytest.fixture
def feed(hand: FloorHand) -> Iterator[BoardFeed]:
    feed = BoardFeed(hand.floor.engine, view_s=0.05)
    yield feed
    wait_for(lambda: not _readers())


@pytest.fixture
def stream(feed: BoardFeed) -> Iterator[object]:
    stream = feed.join(5)
    assert stream is not None
    yield stream
    feed.leave(stream)


@pytest.fixture
def app(hand: FloorHand) -> Iterator[Flask]:
    yield create_app(hand.floor)
    wait_for(lambda: not _readers())  # or they would give their connections back to a pool that is gone


@pytest.fixture
def board(hand: FloorHand) -> dict[str, str]:
    token = hand.write(lambda tx: setting_up.add_station(tx, "BOARD-1", "board"))["token"]
    return {"Authorization": f"Bearer {token}"}


def body_of(message: str) -> dict[str, Any]:
    return json.loads(message.split("data: ", 1)[1])


def test_the_first_message_is_the_whole_board(hand: FloorHand, feed: BoardFeed, stream: object) -> None:
    version, parts = feed.after(0, SOON_S)
    assert version == 1
    assert parts == parts_of(view_of(hand))
    body = body_of(event_of(feed, *feed.body_after(0, SOON_S, stream)))
    assert body["now_ms"] - 60_000 < body["made_ms"] <= body["now_ms"]
    assert set(body["orders"]) == set(view_of(hand)["lanes"]) - {"short"}


def test_after_that_only_what_changed(hand: FloorHand, feed: BoardFeed, stream: object) -> None:
    version, _ = feed.after(0, SOON_S)
    hand.item("PEN")
    hand.stock("PEN", 5)
    hand.order("S1", ("PEN", 2))
    newest, parts = feed.after(version, SOON_S)
    assert newest > version
    assert set(parts) == {"lanes", "oldest", "orders.allocated"}
    assert [card["number"] for card in parts["orders.allocated"]] == ["S1"]


def test_a_lane_that_became_empty_is_sent_empty(hand: FloorHand, feed: BoardFeed, stream: object) -> None:
    hand.order("S1", ("NOPE", 2))
    wait_for(lambda: "S1" in str(feed.after(0, SOON_S)))
    version, _ = feed.after(0, SOON_S)
    hand.write(lambda tx: tx.run("UPDATE sales_order SET state = 'waiting' WHERE warehouse_id = :w"))
    _, parts = feed.after(version, SOON_S)
    assert parts["orders.hold"] == []
    assert len(parts["orders.waiting"]) == 1


def test_a_board_that_missed_some_gets_them_together(hand: FloorHand, feed: BoardFeed, stream: object) -> None:
    seen, _ = feed.after(0, SOON_S)
    hand.order("S1", ("NOPE", 2))
    now, _ = feed.after(seen, SOON_S)
    hand.write(lambda tx: setting_up.add_printer(tx, "LABEL-9", "tcp://127.0.0.1:9", "zpl"))
    feed.after(now, SOON_S)
    _, parts = feed.after(seen, SOON_S)
    assert set(parts) == {"lanes", "oldest", "orders.hold", "printers"}


def test_what_many_boards_wait_for_is_written_once(hand: FloorHand, feed: BoardFeed, stream: object) -> None:
    version, _ = feed.after(0, SOON_S)
    hand.order("S1", ("NOPE", 2))
    first, again = (feed.body_after(version, SOON_S, stream) for _ in range(2))
    assert first[1] is again[1]
    assert feed.body_after(0, SOON_S, stream)[1] != first[1]  # who comes new gets all of it
    hand.order("S2", ("NOPE", 2))
    later = feed.body_after(first[0], SOON_S, stream)
    assert "S2" in later[1]
    assert later[0] > first[0]
    assert feed.body_after(later[0], 0.01, stream) == (later[0], "")


def test_a_live_server_has_threads_for_all_boards_it_takes() -> None:
    assert STREAMS_MAX >= 250
    assert STREAMS_MAX * 1.2 <= LIVE_THREADS


def test_a_commit_that_changes_nothing_on_the_board_sends_nothing(
    hand: FloorHand, feed: BoardFeed, stream: object
) -> None:
    version, _ = feed.after(0, SOON_S)
    hand.write(lambda tx: setting_up.add_totes(tx, 1))
    assert feed.after(version, 0.4) == (version, {})


def test_a_quiet_stream_says_that_it_is_alive_and_ends_in_time(
    hand: FloorHand, feed: BoardFeed, stream: object
) -> None:
    version, _ = feed.after(0, SOON_S)
    clock = iter(range(10))
    said = list(messages(feed, stream, version, keep_alive_s=0.01, stream_s=3, clock=lambda: next(clock)))
    assert said == ["retry: 2000\n\n", ": still here\n\n", ": still here\n\n"]


def test_the_stream_is_sent_as_events(app: Flask, board: dict[str, str]) -> None:
    answer = app.test_client().get("/live/board", headers=board)
    said = answer.iter_encoded()
    assert answer.mimetype == "text/event-stream"
    assert next(said) == b"retry: 2000\n\n"
    assert next(said).startswith(b"id: ")
    answer.close()


def test_a_stream_goes_on_after_the_last_event_it_got(app: Flask, hand: FloorHand, board: dict[str, str]) -> None:
    first = app.test_client().get("/live/board", headers=board)
    said = first.iter_encoded()
    next(said)
    last_id = next(said).split(b"\n")[0].removeprefix(b"id: ").decode()
    hand.order("S1", ("NOPE", 2))
    again = app.test_client().get("/live/board", headers={**board, "Last-Event-ID": last_id})
    more = again.iter_encoded()
    next(more)
    assert set(body_of(next(more).decode())) == {"now_ms", "made_ms", "lanes", "oldest", "orders"}
    first.close()
    again.close()


@pytest.mark.parametrize("last_id", ["", "other-7", "x", "-", "--1", "other-" + "9" * 50])
def test_an_id_of_another_process_gets_everything(app: Flask, board: dict[str, str], last_id: str) -> None:
    answer = app.test_client().get("/live/board", headers={**board, "Last-Event-ID": last_id})
    said = answer.iter_encoded()
    next(said)
    assert "printers" in body_of(next(said).decode())
    answer.close()


def test_there_are_only_as_many_streams_as_the_server_can_hold(
    app: Flask, hand: FloorHand, board: dict[str, str]
) -> None:
    client = app.test_client()
    few = max(1, hand.floor.settings.web_threads // 4)
    open_streams = [client.get("/live/board", headers=board) for _ in range(few)]
    refused = client.get("/live/board", headers=board)
    assert (refused.status_code, refused.json["code"]) == (503, "too_many_streams")
    assert refused.headers["Retry-After"] == "15"
    live = client.get("/live/board", base_url=f"http://localhost:{hand.floor.settings.live_port}", headers=board)
    assert live.status_code == 200  # the live server has threads for many, the web server for few
    for stream in (*open_streams, live):
        stream.close()
    again = client.get("/live/board", headers=board)
    assert again.status_code == 200
    again.close()


def test_boards_that_were_cut_off_make_room_at_once_for_those_that_come_back(feed: BoardFeed) -> None:
    cut, kept = socket.socketpair(), socket.socketpair()
    gone, here = (feed.join(2, is_open_at(ours)) for ours, _ in (cut, kept))
    assert feed.join(2) is None
    said = messages(feed, gone, 0)
    next(said)
    cut[1].close()
    back = feed.join(2)
    assert back is not None
    assert list(said) == []  # and its thread is free
    assert feed.join(2) is None
    for stream in (gone, here, back):
        feed.leave(stream)
    for one in (*cut, *kept):
        one.close()


def test_a_stream_needs_a_token_that_may_read_the_board(app: Flask, hand: FloorHand) -> None:
    assert app.test_client().get("/live/board").status_code == 401
    token = hand.write(lambda tx: setting_up.add_station(tx, "HAND-9", "handheld"))["token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert app.test_client().get("/live/board", headers=headers).status_code == 403


def test_only_the_floors_own_page_may_read_it_from_another_port(
    app: Flask, hand: FloorHand, board: dict[str, str]
) -> None:
    settings = hand.floor.settings
    live = f"http://floor.local:{settings.live_port}"
    own = f"http://floor.local:{settings.port}"
    for origin, allowed in ((own, own), ("http://evil.example", None), (f"{own}0", None), ("null", None)):
        headers = {**board, "Origin": origin}
        answer = app.test_client().get("/live/board", base_url=live, headers=headers)
        assert answer.headers.get("Access-Control-Allow-Origin") == allowed
        assert answer.headers.get("Access-Control-Allow-Credentials") == (allowed and "true")
        answer.close()


def test_nobody_reads_when_nobody_looks(hand: FloorHand) -> None:
    wait_for(lambda: not _readers())  # of the test before
    feed = BoardFeed(hand.floor.engine)
    assert not _readers()
    stream = feed.join(1)
    feed.after(0, SOON_S)
    assert len(_readers()) == 1
    feed.leave(stream)
    wait_for(lambda: not _readers())
    stream = feed.join(1)
    hand.order("S1", ("NOPE", 1))
    wait_for(lambda: "S1" in str(feed.after(0, SOON_S)))
    feed.leave(stream)
    wait_for(lambda: not _readers())


def wait_for(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "board-feed"]


@pytest.mark.engine("postgresql")
def test_a_reader_whose_connection_was_ended_goes_on(
    hand: FloorHand, feed: BoardFeed, stream: object, postgres: PostgresServer
) -> None:
    version, _ = feed.after(0, SOON_S)
    postgres.terminate_all("floor")
    hand.order("S1", ("NOPE", 2))
    _, parts = feed.after(version, SOON_S)
    assert "orders.hold" in parts
