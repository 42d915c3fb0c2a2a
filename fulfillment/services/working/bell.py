"""Waiting for work that anybody may commit, in whatever process: told by the database that something was written.

SQLite counts the commits of others (`PRAGMA data_version`); asking costs microseconds, so it is asked every few
milliseconds, and the query that finds the work runs when it may find some. PostgreSQL has no such count: there a wait
is a pause.
Owns one connection while it is open. Refuses to be relied upon: a wait ends after its time, and whoever waited looks.
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from fulfillment.bootstrap import Floor

LISTEN_S = 0.004
LEAST_S = 0.008  # on a busy floor something is committed all the time: nobody looks more often than this


class Bell:
    """For one thread; use it with `with`."""

    def __init__(self, floor: Floor) -> None:
        self._connection = floor.engine.raw_connection() if floor.engine.dialect.name == "sqlite" else None
        self._heard = self._count()

    def wait(self, at_most_s: float) -> None:
        """Until something was committed since the last wait, but no longer than this."""
        began_s = time.monotonic()
        time.sleep(min(at_most_s, LEAST_S))
        while self._connection is not None and time.monotonic() - began_s < at_most_s:
            count = self._count()
            if count != self._heard:
                self._heard = count
                return
            time.sleep(LISTEN_S)
        if self._connection is None:
            time.sleep(max(0.0, began_s + at_most_s - time.monotonic()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._connection.close()

    def _count(self) -> int:
        if self._connection is None:
            return 0
        cursor = self._connection.cursor()
        try:
            return int(cursor.execute("PRAGMA data_version").fetchone()[0])
        finally:
            cursor.close()
