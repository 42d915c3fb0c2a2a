"""GET /api/v1/events: what happened on the floor, for programs that follow it with a cursor.

Waiting for the next event holds a thread, so only a part of this process's threads may wait; whoever comes after
them is answered at once and asks again.
"""

from __future__ import annotations

import re
import threading
import time
from typing import Any

from flask import current_app, request

from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services.records import events
from fulfillment.web.auth import floor
from fulfillment.web.v1 import operation

WAIT_MAX_S = 25
LOOK_S = 0.2


@operation("GET", "/events", Permission.READ_EVENTS,
           query={"after": "the cursor of the last answer; nothing = from the oldest kept, latest = from now on",
                  "limit": "how many at most, 1 to 1000 (100 unless said)",
                  "wait": "seconds to wait for the first event, 0 to 25 (0 unless said)"})  # fmt: skip
def get_events() -> Any:
    """Events after a cursor, in the order they became visible, none left out."""
    cursor, limit = request.args.get("after", ""), _number("limit", 100)
    wait_s = _number("wait", 0)
    if wait_s > WAIT_MAX_S:
        raise DomainError("bad_wait", f"0 to {WAIT_MAX_S} seconds", "wait")
    page = floor().read(lambda tx: events.after(tx, cursor, limit))
    if wait_s and not page.events:
        page = _await(page, limit, wait_s)
    return {"events": page.events, "cursor": page.cursor}


def _await(page: events.Page, limit: int, wait_s: int) -> events.Page:
    places = _places()
    if not places.acquire(blocking=False):
        return page
    try:
        deadline, cursor = time.monotonic() + wait_s, page.cursor
        while not page.events and time.monotonic() < deadline:
            time.sleep(LOOK_S)
            page = floor().read(lambda tx: events.after(tx, cursor, limit))
        return page
    finally:
        places.release()


def _places() -> threading.BoundedSemaphore:
    # Most of the threads of this process must stay free for scans, whoever follows the events.
    return current_app.extensions.setdefault(
        "event_waiters", threading.BoundedSemaphore(max(1, floor().settings.web_threads // 4))
    )


def _number(name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    if not re.fullmatch("[0-9]{1,9}", text):
        raise DomainError(f"bad_{name}", f"not a number: {text[:40]!r}", name)
    return int(text)
