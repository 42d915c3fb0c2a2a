"""The board, live: one reader a process watches the database and all open streams hand on what it saw.

A stream holds no database session and no queue: it remembers the version it sent last and sends every part
that changed since, so a slow board skips what it missed and one that comes back (Last-Event-ID) gets only what
is new. Views are made at most once a second, and only while somebody is looking.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import select
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from flask import Blueprint, Response, current_app, request
from sqlalchemy.engine import Engine

from fulfillment.domain.orders import OrderState
from fulfillment.domain.roles import Permission
from fulfillment.services.common import queries
from fulfillment.services.figures.board import board
from fulfillment.web.auth import floor, needs
from fulfillment.web.errors import problem

log = logging.getLogger(__name__)

LOOK_S = 0.1
LOOK_FAR_S = 0.25  # at a database across the network
FAILED_S = 1.0
VIEW_S = 1.0
KEEP_ALIVE_S = 15.0
STREAM_S = 600.0  # then the board comes back by itself, and its token is looked at again
STREAMS_MAX = 260  # each holds a thread of the live server (`processes.LIVE_THREADS`) for as long as it lasts

blueprint = Blueprint("live", __name__)

Parts = dict[str, Any]
IsOpen = Callable[[], bool]


class BoardFeed:
    """What the board looks like now, by parts, each with the version at which it last changed.

    The reader's thread starts with the first stream and ends after the last. A version is only good within
    its feed: `epoch` tells a board that comes back to another process to take the whole view again.
    """

    def __init__(self, engine: Engine, view_s: float = VIEW_S, warehouse_id: int = 1) -> None:
        self.epoch = secrets.token_hex(4)
        self._engine = engine
        self._warehouse_id = warehouse_id
        self._view_s = view_s
        self._pid = os.getpid()
        self._changed = threading.Condition()
        self._parts: Parts = {}
        self._since: dict[str, int] = {}
        self._version = 0
        self._made_ms = 0
        self._bodies: dict[int, str] = {}
        self._streams: dict[object, IsOpen] = {}
        self._thread: threading.Thread | None = None

    @property
    def pid(self) -> int:
        """The process this feed was made in; after a fork its thread is not there."""
        return self._pid

    def join(self, streams_max: int, is_open: IsOpen = lambda: True) -> object | None:
        """Count one more stream, and give what stands for it; None when there are as many as the server can hold.

        Those that are not open any more (`is_open`) make room: after a cut of the network all boards come back within a
        second, and a dead stream would else be counted until two more messages were written to it.
        """
        with self._changed:
            if len(self._streams) >= streams_max:
                self._streams = {one: is_on for one, is_on in self._streams.items() if is_on()}
                self._changed.notify_all()
            if len(self._streams) >= streams_max:
                return None
            stream = object()
            self._streams[stream] = is_open
            if self._thread is None:
                self._thread = threading.Thread(target=self._read, name="board-feed", daemon=True)
                self._thread.start()
            return stream

    def leave(self, stream: object) -> None:
        """One stream less."""
        with self._changed:
            self._streams.pop(stream, None)
            self._changed.notify_all()

    def has(self, stream: object) -> bool:
        """Whether this stream still counts."""
        with self._changed:
            return stream in self._streams

    def after(self, version: int, wait_s: float) -> tuple[int, Parts]:
        """The newest version and the parts that changed after `version`; no parts when `wait_s` went by."""
        with self._changed:
            self._changed.wait_for(lambda: self._version > version, wait_s)
            return self._version, {part: self._parts[part] for part, at in self._since.items() if at > version}

    def body_after(self, version: int, wait_s: float, stream: object) -> tuple[int, str]:
        """`after` as JSON without its outer braces, written once for all who wait for it.

        '' when nothing came, or the stream counts no more.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._version > version or stream not in self._streams, wait_s)
            if self._version <= version:
                return self._version, ""
            body = self._bodies.get(version)
            if body is None:
                # Within the lock: two hundred boards would else each write the same hundred kilobytes.
                changed = {part: self._parts[part] for part, at in self._since.items() if at > version}
                body = self._bodies[version] = f'"made_ms":{self._made_ms},{json_of(changed)}'
            return self._version, body

    def _read(self) -> None:
        while self._is_wanted():
            try:
                watched = self._engine.raw_connection()
                try:
                    self._watch(watched.driver_connection)
                    return  # nobody looks any more; who comes now has started another reader
                finally:
                    watched.close()
            except Exception:
                # Whoever looks keeps the last view meanwhile: a database that went away comes back.
                log.exception("the board's reader failed; again in %.0f s", FAILED_S)
                with self._changed:
                    self._changed.wait(FAILED_S)

    def _watch(self, connection: Any) -> None:
        is_sqlite = self._engine.dialect.name == "sqlite"
        if not is_sqlite:
            connection.autocommit = True  # looking must not keep a transaction open
        # Changes with every commit of any other connection, also in another process: SQLite's counter of the file,
        # PostgreSQL's list of the transactions under way. Both cost nothing but the question.
        question = "PRAGMA data_version" if is_sqlite else "SELECT pg_current_snapshot()::text AS version"
        seen, next_at = None, 0.0
        while self._is_wanted():
            now = time.monotonic()
            if now >= next_at:
                row = connection.execute(question.encode() if not is_sqlite else question).fetchone()
                version = row["version"] if isinstance(row, dict) else row[0]
                if version != seen:
                    made_ms = time.time_ns() // 1_000_000
                    with queries.snapshot(self._engine, self._warehouse_id) as snapshot:
                        view = board(snapshot, self._warehouse_id)
                    self._publish(parts_of(view), made_ms)
                    seen, next_at = version, now + self._view_s
            # What was committed just after a view is seen when the next is due, not a look later.
            due_s = next_at - time.monotonic()
            with self._changed:
                self._changed.wait(due_s if due_s > 0 else LOOK_S if is_sqlite else LOOK_FAR_S)

    def _is_wanted(self) -> bool:
        with self._changed:
            if self._streams:
                return True
            self._thread = None
            return False

    def _publish(self, parts: Parts, made_ms: int) -> None:
        with self._changed:
            changed = [part for part, value in parts.items() if self._parts.get(part) != value]
            if not changed:
                return
            self._version += 1
            self._made_ms = made_ms
            self._bodies.clear()
            self._parts.update((part, parts[part]) for part in changed)
            self._since.update(dict.fromkeys(changed, self._version))
            self._changed.notify_all()


def parts_of(view: dict[str, Any]) -> Parts:
    """A board taken apart: every lane's cards are a part of their own, the clock is none."""
    parts: Parts = {f"orders.{state}": [] for state in OrderState}
    for card in view["orders"]:
        parts[f"orders.{card['state']}"].append(card)
    return parts | {part: value for part, value in view.items() if part not in ("orders", "now_ms")}


def json_of(parts: Parts) -> str:
    """Parts as JSON without its outer braces, their lanes put together again."""
    body: dict[str, Any] = {}
    for part, value in parts.items():
        name, _, lane = part.partition(".")
        if lane:
            body.setdefault(name, {})[lane] = value
        else:
            body[name] = value
    return json.dumps(body, separators=(",", ":"))[1:-1]


def event_of(feed: BoardFeed, version: int, body: str) -> str:
    """One message of the stream: `now_ms` is when it is sent, `made_ms` when what it tells was looked at."""
    now_ms = time.time_ns() // 1_000_000
    return f'id: {feed.epoch}-{version}\nevent: board\ndata: {{"now_ms":{now_ms},{body}}}\n\n'


def messages(
    feed: BoardFeed, stream: object, version: int, keep_alive_s: float = KEEP_ALIVE_S, stream_s: float = STREAM_S,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[str]:  # fmt: skip
    """What one stream says, until it is closed, made room or has lasted `stream_s`."""
    yield "retry: 2000\n\n"
    ends_at = clock() + stream_s
    while clock() < ends_at and feed.has(stream):
        newest, body = feed.body_after(version, keep_alive_s, stream)
        if body:
            version = newest
            yield event_of(feed, version, body)
        else:
            yield ": still here\n\n"  # a dead connection is only noticed by writing to it


@blueprint.get("/live/board")
@needs(Permission.READ_BOARD)
def live_board() -> Response:
    """The board as server-sent events: everything first, then the parts that changed, at most once a second."""
    feed = _feed()
    stream = feed.join(_streams_max(), is_open_at(request.environ.get("gunicorn.socket")))
    if stream is None:
        refused = problem(503, "too_many_streams", "too many boards are open")
        refused.headers["Retry-After"] = "15"
        return refused
    response = Response(messages(feed, stream, _resume(feed)), mimetype="text/event-stream")
    response.call_on_close(lambda: feed.leave(stream))
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


@blueprint.after_request
def allow_own_page(response: Response) -> Response:
    """The board's page stands on this host's other port; no other origin may read the stream."""
    settings = floor().settings
    name = request.host.rpartition(":")[0] or request.host
    if request.headers.get("Origin") == f"{request.scheme}://{name}:{settings.port}":
        response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
        response.headers["Access-Control-Allow-Credentials"] = "true"
    response.headers.add("Vary", "Origin")
    return response


def _feed() -> BoardFeed:
    feed = current_app.extensions.get("board_feed")
    if feed is None or feed.pid != os.getpid():
        feed = current_app.extensions["board_feed"] = BoardFeed(floor().engine, warehouse_id=floor().warehouse_id)
    return feed


def is_open_at(connection: Any) -> IsOpen:
    """Whether the other side of this socket is still there, as far as the system can tell."""
    hung_up = getattr(select, "POLLRDHUP", 0)
    if connection is None or not hung_up:
        return lambda: True

    def is_open() -> bool:
        if connection.fileno() < 0:
            return False
        waiting = select.poll()
        waiting.register(connection.fileno(), hung_up)  # errors and hang-ups are told in any case
        return not waiting.poll(0)

    return is_open


def _streams_max() -> int:
    settings = floor().settings
    if request.environ.get("SERVER_PORT") == str(settings.live_port):
        return STREAMS_MAX
    # This process answers scans: most of its threads must stay free for them, whoever looks at a board.
    return max(1, settings.web_threads // 4)


def _resume(feed: BoardFeed) -> int:
    epoch, _, version = request.headers.get("Last-Event-ID", "").partition("-")
    return int(version) if epoch == feed.epoch and version.isdecimal() and len(version) < 12 else 0
