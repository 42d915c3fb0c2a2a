"""The web's gunicorn worker: a request gets a thread only when all of it has arrived.

gunicorn's gthread reads a request in the thread that will answer it, so a handheld that walks out of the Wi-Fi
in the middle of one, or somebody who sends a byte a second, holds a thread; sixteen of them stop every scan.
Here the event loop gathers head and body, refuses what is too big, too slow or without a length, and never
waits itself. What waits for a thread is bounded too: beyond that the answer is 503 with Retry-After, at once.
Invariant: gunicorn's parser stays the authority on what a request says; this only decides when it is read.
"""

from __future__ import annotations

import contextlib
import json
import selectors
import socket
import ssl
import struct
import time
from functools import partial
from typing import Any

from gunicorn import http
from gunicorn.sock import ssl_context
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker

from fulfillment.gathered import BODY_SMALL, Gathered, Refusal

READ_BYTES = 64 * 1024
READ_S = 10.0  # a request that has begun is there within this, or its connection is closed
SLOWEST_BYTES_A_S = 50_000  # a large body gets more time at this pace
LINGER_S = 2.0  # an answer sent before a close is given this long to be read
SEND_S = 20  # a reader that takes nothing for so long loses its connection, not a thread
WAITING_MAX = 256  # requests without a thread, a worker; above it they are told to come again
WAIT_S = 5.0  # a request that waited longer is not worth answering: its device has asked again
GATHERING_MAX = 256  # half-sent requests a worker; beyond it the oldest goes, honest ones are milliseconds old
LARGE_MAX = 16  # bodies above BODY_SMALL being gathered at once, a worker: bounds its memory
SPARE_CONNECTIONS = 32

BUSY = Refusal(503, "busy", "the server has too much to do just now", retry_after_s=1)
TOO_SLOW = Refusal(408, "too_slow", "the request took too long to arrive")


class _Connection(TConn):
    """A connection and what has arrived on it since its last request."""

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any) -> None:
        super().__init__(cfg, sock, client, server)
        # A send that does not get through ends like a broken connection.
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_S, 0))
        self.gathered = Gathered()
        self.since = time.monotonic()
        self.queued_at = 0.0
        self.is_leaving = False

    def give(self) -> None:
        """Let gunicorn's parser have what was gathered, as if it had read it from the socket."""
        if not self.initialized:
            self.initialized = True
            self.parser = http.get_parser(self.cfg, self.sock, self.client)
            self.parser.unreader = _Unreader(self.sock)
        self.data_ready = True
        self.parser.unreader.unread(self.gathered.take())

    def deadline(self) -> float:
        """When this half-sent request is given up."""
        return self.since + READ_S + (self.gathered.needed or 0) / SLOWEST_BYTES_A_S


class _Unreader(http.unreader.SocketUnreader):
    """Reads on where the gathering ended, which is rarely; within READ_S, whatever the socket's mode."""

    def chunk(self, size_hint: int | None = None) -> bytes:
        if isinstance(self.sock, ssl.SSLSocket) and self.sock.pending():
            return super().chunk(size_hint)
        with selectors.DefaultSelector() as waiting:
            waiting.register(self.sock, selectors.EVENT_READ)
            if not waiting.select(READ_S):
                raise http.errors.NoMoreData()
        return super().chunk(size_hint)


class GatheringWorker(ThreadWorker):
    """gthread whose threads only ever see whole requests.

    Every count (`in_pool`, `gathering`, `nr_conns`) belongs to the event loop's thread.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.keepalived_conns: dict[_Connection, None] = {}
        self.gathering: dict[_Connection, None] = {}
        self.leaving: dict[_Connection, None] = {}
        self.in_pool = 0
        self._tls: ssl.SSLContext | None = ssl_context(self.cfg) if self.cfg.is_ssl else None

    # -- connections come

    def accept(self, listener: Any) -> None:
        try:
            client_sock, client_addr = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        if self._tls is not None:
            try:
                # The handshake goes on as its pieces come, within the time a request has to arrive.
                client_sock = self._tls.wrap_socket(client_sock, server_side=True, do_handshake_on_connect=False)
            except OSError:
                client_sock.close()
                return
        self.nr_conns += 1
        conn = _Connection(self.cfg, client_sock, client_addr, listener.getsockname())
        self._watch(conn, self.gathering)
        self._read(conn)
        if len(self.gathering) > GATHERING_MAX:
            self._drop(next(iter(self.gathering)))

    def _watch(self, conn: _Connection, among: dict[_Connection, None]) -> None:
        conn.sock.setblocking(False)
        among[conn] = None
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._on_readable, conn))

    def _unwatch(self, conn: _Connection) -> None:
        for among in (self.gathering, self.keepalived_conns, self.leaving):
            among.pop(conn, None)
        with contextlib.suppress(OSError, KeyError, ValueError):
            self.poller.unregister(conn.sock)

    def _drop(self, conn: _Connection) -> None:
        self._unwatch(conn)
        self.nr_conns -= 1
        conn.close()

    # -- a request arrives, piece by piece

    def _on_readable(self, conn: _Connection, _sock: Any) -> None:
        if conn in self.keepalived_conns:
            del self.keepalived_conns[conn]
            self.gathering[conn] = None
            conn.since = time.monotonic()
        self._read(conn)

    def _read(self, conn: _Connection) -> None:
        try:
            piece = conn.sock.recv(READ_BYTES)
            if self._tls is not None and not conn.is_leaving:
                while decrypted := conn.sock.pending():  # of a record that was read whole: no selector sees it
                    piece += conn.sock.recv(decrypted)
        except (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except OSError:
            self._drop(conn)
            return
        if not piece:
            self._drop(conn)
        elif not conn.is_leaving:
            self._look(conn, piece)

    def _look(self, conn: _Connection, piece: bytes) -> None:
        refusal = conn.gathered.add(piece)
        if refusal is None and conn.gathered.is_whole:
            if self.in_pool >= self.cfg.threads + WAITING_MAX:
                refusal = BUSY
            else:
                self._unwatch(conn)
                self._submit(conn)
                return
        if refusal is None and (conn.gathered.needed or 0) > BODY_SMALL:
            large = sum((other.gathered.needed or 0) > BODY_SMALL for other in self.gathering)
            refusal = BUSY if large > LARGE_MAX else None
        if refusal is None and conn.gathered.wants_go_ahead():
            with contextlib.suppress(OSError):
                conn.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        if refusal is not None:
            self._unwatch(conn)
            self._refuse(conn, refusal)

    def _submit(self, conn: _Connection) -> None:
        conn.give()
        conn.queued_at = time.monotonic()
        self.in_pool += 1
        self.enqueue_req(conn)

    # -- a thread answers it

    def handle(self, conn: _Connection) -> Any:
        if time.monotonic() - conn.queued_at > WAIT_S:
            return BUSY
        return super().handle(conn)

    def finish_request(self, conn: _Connection, fs: Any) -> None:
        self.in_pool -= 1
        try:
            result = False if fs.cancelled() else fs.result()
        except Exception:
            self.log.exception("a request's thread failed")
            result = False
        if isinstance(result, Refusal):
            self._refuse(conn, result)
        elif result:
            self._keep(conn)
        else:
            self._leave(conn)

    def _keep(self, conn: _Connection) -> None:
        rest = conn.parser.unreader.take_buffered()
        conn.data_ready = False
        conn.set_timeout()
        if not self.alive:
            conn.timeout = min(conn.timeout, time.monotonic() + STOP_KEEPALIVE_LINGER)
        self._watch(conn, self.gathering if rest else self.keepalived_conns)
        if rest:
            # The next request came together with this one.
            conn.since = time.monotonic()
            self._look(conn, rest)

    # -- connections go

    def _refuse(self, conn: _Connection, refusal: Refusal) -> None:
        with contextlib.suppress(OSError):
            conn.sock.setblocking(False)
            conn.sock.send(_answer(refusal))
        self._leave(conn)

    def _leave(self, conn: _Connection) -> None:
        """Say goodbye and let the other side close; gunicorn would wait for that in the event loop."""
        # Closing with bytes unread makes the kernel send a reset, which can take the answer's end with it.
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(conn)
            return
        conn.is_leaving, conn.since = True, time.monotonic()
        self._watch(conn, self.leaving)

    def murder_keepalived(self, force: bool = False) -> None:
        now = time.monotonic()
        spare = self.worker_connections - SPARE_CONNECTIONS
        for conn in list(self.keepalived_conns):
            # The longest idle go first when connections run out: somebody new may have something to say.
            if not force and conn.timeout > now and self.nr_conns <= spare:
                break
            self._drop(conn)

    def murder_pending(self) -> None:
        now = time.monotonic()
        for conn in [conn for conn in self.leaving if conn.since + LINGER_S < now]:
            self._drop(conn)
        for conn in [conn for conn in self.gathering if conn.deadline() < now]:
            self._unwatch(conn)
            if conn.gathered.is_empty:
                self.nr_conns -= 1
                conn.close()
            else:
                self._refuse(conn, TOO_SLOW)

    # -- the loop

    def run(self) -> None:
        self.poller.register(self.method_queue.fileno(), selectors.EVENT_READ, self.method_queue.run_callbacks)
        self.set_accept_enabled(True)
        while self.alive:
            self.notify()
            self.set_accept_enabled(self.nr_conns < self.worker_connections)
            self.wait_for_and_dispatch_events(timeout=1.0)
            if not self.is_parent_alive():
                self.alive = False
            self.murder_keepalived()
            self.murder_pending()
        self._stop()

    def _stop(self) -> None:
        """Answer whoever is in, also those the kernel has accepted for us; then nobody holds the port."""
        self.set_accept_enabled(False)
        for listener in self.sockets:
            before = -1
            while before != self.nr_conns:
                before = self.nr_conns
                self.accept(listener)
            listener.close()
        stop_at = time.monotonic() + self.cfg.graceful_timeout
        leave_at = time.monotonic() + min(STOP_KEEPALIVE_LINGER, self.cfg.graceful_timeout)
        for conn in self.keepalived_conns:
            conn.timeout = min(conn.timeout, leave_at)
        while self.nr_conns > 0 and time.monotonic() < stop_at:
            self.notify()
            self.wait_for_and_dispatch_events(timeout=0.1)
            self.murder_keepalived()
            self.murder_pending()
            if time.monotonic() > leave_at and not self.in_pool:
                break  # what is left are half-sent requests and readers who do not close
        for conn in [*self.keepalived_conns, *self.gathering, *self.leaving]:
            self._drop(conn)
        self.tpool.shutdown(wait=False)
        self.poller.close()
        self.method_queue.close()


def _answer(refusal: Refusal) -> bytes:
    body = json.dumps(
        {"type": f"urn:floorline:{refusal.code}", "title": refusal.title, "status": refusal.status,
         "code": refusal.code}
    ).encode()  # fmt: skip
    again = f"Retry-After: {refusal.retry_after_s}\r\n" if refusal.retry_after_s else ""
    return (
        f"HTTP/1.1 {refusal.status} {refusal.phrase}\r\nContent-Type: application/problem+json\r\n"
        f"Content-Length: {len(body)}\r\n{again}Connection: close\r\n\r\n"
    ).encode() + body
