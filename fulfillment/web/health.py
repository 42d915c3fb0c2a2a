"""Is this server alive, is it ready, and quick words while its database is away.

`Health` remembers what the last attempt to use the database said. While it is away one request a second is let
through to find out whether it is back, all others are answered 503 at once: each would hold a thread for as
long as a connection takes to fail, and soon nobody would be answered at all.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, current_app, g, request

from fulfillment.domain.roles import Permission
from fulfillment.services.working import readiness
from fulfillment.services.working.readiness import AWAY, Trouble
from fulfillment.web.auth import floor, permission_of
from fulfillment.web.errors import refused
from fulfillment.web.v1 import operation

log = logging.getLogger(__name__)

LOOK_AGAIN_S = 1.0
TRY_S = 10.0  # one request at a time finds out; longer than a connection takes to fail
LOOK_WAIT_S = 2.0  # a look that takes longer is an answer, too


class Health:
    """What a process knows of its database; `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._away: Trouble | None = None
        self._next_try = 0.0
        self._looked: Trouble | None = None
        self._looked_at = float("-inf")
        self._look: threading.Thread | None = None

    def turned_away(self) -> Trouble | None:
        """The trouble to answer at once, or None when this request may try."""
        with self._lock:
            if self._away is None or self._clock() < self._next_try:
                return self._away
            self._next_try = self._clock() + TRY_S
            return None

    def learn(self, trouble: Trouble | None) -> None:
        """What a request found out."""
        with self._lock:
            if trouble is AWAY:
                if self._away is None:
                    log.warning("the database is away")
                self._next_try = self._clock() + LOOK_AGAIN_S
                self._away = trouble
            elif self._away is not None:
                log.warning("the database is back")
                self._away = None

    def ready(self, look: Callable[[], Trouble | None]) -> Trouble | None:
        """Whether the database does its work; looked at once a second, and never waited for longer than LOOK_WAIT_S."""
        with self._lock:
            if self._look is None and self._clock() - self._looked_at < LOOK_AGAIN_S:
                return self._looked
            if self._look is None:
                # A thread of its own: a database that hangs must not keep those who ask how it is.
                self._look = threading.Thread(target=self._see, args=(look,), name="floor-readiness", daemon=True)
                self._look.start()
            looking = self._look
        looking.join(LOOK_WAIT_S)
        return AWAY if looking.is_alive() else self._looked

    def _see(self, look: Callable[[], Trouble | None]) -> None:
        trouble: Trouble | None = AWAY
        try:
            trouble = look()
        finally:
            with self._lock:
                self._looked, self._looked_at, self._look = trouble, self._clock(), None
            self.learn(trouble)


def register_health(app: Flask) -> None:
    """Before anything else of a request: is there any point in asking the database?"""
    health = app.extensions["health"] = Health()

    @app.before_request
    def turn_away() -> Response | None:
        if request.endpoint is None or permission_of(app, request.endpoint) == Permission.PUBLIC:
            return None
        trouble = health.turned_away()
        if trouble is not None:
            return refused(trouble)
        g.asks_database = True
        return None

    @app.after_request
    def learn(response: Response) -> Response:
        if g.get("asks_database") and response.status_code < 500:
            health.learn(None)
        return response


@operation("GET", "/livez", Permission.PUBLIC)
def livez() -> Any:
    """The process answers; it says nothing about the database. Whoever gets no answer starts it again."""
    return {"ok": True}


@operation("GET", "/healthz", Permission.PUBLIC)
def healthz() -> Any:
    """The same as `/livez`."""
    return {"ok": True}


@operation("GET", "/readyz", Permission.PUBLIC, answers={200: "ready", 503: "not ready; `code` says why"})
def readyz() -> Any:
    """The database answers, takes changes, has our schema and a warehouse. Whoever balances asks this."""
    health = current_app.extensions["health"]
    here = floor()
    trouble = health.ready(lambda: readiness.look(here))
    return {"ok": True} if trouble is None else refused(trouble)
