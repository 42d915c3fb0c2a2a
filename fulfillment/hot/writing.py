"""What both engines' writers are: a queue, a thread that empties it, and the pieces of work that go through it."""

from __future__ import annotations

import os
import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from fulfillment.hot import WriterClosed, wall_clock_ms

T = TypeVar("T")

GROUP_MAX = 64


class Piece:
    """One piece of work on its way through the writer, and what came of it.

    A bare lock, not a Future: it is made and waited for at every scan, and nobody else may look.
    """

    __slots__ = ("_done", "answer", "error", "is_told", "work")

    def __init__(self, work: Callable[[Any], Any]) -> None:
        self.work = work
        self.answer: Any = None
        self.error: BaseException | None = None
        self.is_told = False
        self._done = threading.Lock()
        self._done.acquire()

    def wait(self) -> Any:
        """What came of it, once that is known."""
        self._done.acquire()
        if self.error is not None:
            raise self.error
        return self.answer

    def tell(self, answer: Any, error: BaseException | None = None) -> None:
        """Wake who waits; only once."""
        self.answer, self.error, self.is_told = answer, error, True
        self._done.release()


def tell(answers: Iterable[tuple[Piece, Any]], refusals: Iterable[tuple[Piece, BaseException]]) -> None:
    """Wake everybody of a group."""
    for piece, answer in answers:
        piece.tell(answer)
    for piece, error in refusals:
        piece.tell(None, error)


class WriterThread(ABC):
    """The writing side of this process, driven by its own thread.

    The thread starts at the first write, not at construction: under `gunicorn --preload` the object is made
    before the fork and a thread would be lost in it.
    """

    def __init__(self, warehouse_id: int, clock: Callable[[], int] | None) -> None:
        self._warehouse_id = warehouse_id
        self._clock = clock or wall_clock_ms
        self._start_lock = threading.Lock()
        self._queue: queue.SimpleQueue[Piece | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._closed = False
        self._committed: Callable[[int, float], None] = _nobody

    def write(self, work: Callable[[Any], T]) -> T:
        """See `fulfillment.hot.Writer`."""
        if self._closed:
            raise WriterClosed("the writer is closed")
        if not self._is_running():
            self._start()
        piece = Piece(work)
        self._queue.put(piece)
        return piece.wait()

    def watch(self, told: Callable[[int, float], None]) -> None:
        """See `fulfillment.hot.Writer`. Called by the writer's thread while callers wait: briefly, and without fail."""
        self._committed = told

    def close(self) -> None:
        """Write what waits, then end the thread."""
        self._closed = True
        if self._thread is not None and self._pid == os.getpid():
            self._queue.put(None)
            self._thread.join()

    @abstractmethod
    def _run(self) -> None:
        """Empty the queue until None comes out of it."""

    def _is_running(self) -> bool:
        # After a fork the thread is the parent's: a child starts its own.
        return self._pid == os.getpid() and self._thread is not None and self._thread.is_alive()

    def _start(self) -> None:
        with self._start_lock:
            if self._is_running():
                return
            self._queue = queue.SimpleQueue()
            self._pid = os.getpid()
            self._thread = threading.Thread(target=self._run, name="floor-writer", daemon=True)
            self._thread.start()


def _nobody(pieces: int, commit_s: float) -> None:
    """Nobody watches."""


def forget_ids(last_ids: dict[str, int], sql: str) -> None:
    """A set-based INSERT numbers its rows itself, also one behind WITH: its table's newest id is unknown again."""
    if last_ids and (start := sql.find("INSERT INTO ")) >= 0:
        last_ids.pop(sql[start:].split(None, 3)[2], None)
