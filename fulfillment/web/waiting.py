"""How many of a process's threads may wait for something at a bench."""

from __future__ import annotations

import threading

from flask import current_app

from fulfillment.web.auth import floor


def places() -> threading.BoundedSemaphore:
    """A place for each request that may wait; whoever finds none is answered at once. Most of the threads of this
    process must stay free for scans, however many benches and people wait."""
    return current_app.extensions.setdefault(
        "agent_waiters", threading.BoundedSemaphore(max(1, floor().settings.web_threads // 4))
    )
