"""The writing side of the database behind one small interface.

`Writer.write(work)` runs `work(tx)` in one durable transaction and returns its result. Services hold the
SQL (portable: named parameters, standard statements); an engine's file holds only how a transaction is
run. `:w` is always bound to the warehouse, so no statement can forget it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
Row = Mapping[str, Any]
Question = tuple[str, Mapping[str, Any]]  # a statement that reads, and its parameters


class WriterClosed(RuntimeError):
    """Work arrived after the writer was told to stop."""


class OutcomeUnknown(RuntimeError):
    """The connection died while committing, and nobody can say yet whether it was kept."""


def wall_clock_ms() -> int:
    """Milliseconds since 1970, as this machine believes."""
    return time.time_ns() // 1_000_000


class Tx(Protocol):
    """One open transaction. Rows answer to column names: `row["qty_each"]`."""

    dialect: str  # for the one or two statements that cannot be the same on both engines
    warehouse_id: int
    now_ms: int

    def one(self, sql: str, **params: Any) -> Any:
        """The first row, or None."""

    def all(self, sql: str, **params: Any) -> Sequence[Any]:
        """All rows."""

    def ask(self, *questions: tuple[str, Mapping[str, Any]]) -> list[Sequence[Any]]:
        """The rows of several statements that do not need one another's answers, in one round trip."""

    def run(self, sql: str, **params: Any) -> int:
        """Execute and return how many rows were touched: a claim reads this count."""

    def put(self, sql: str, **params: Any) -> None:
        """Execute without an answer. An engine may send it only with the next read or the commit, so what it
        breaks (a constraint) may be raised there; nothing after it is kept then."""

    def claim(self, otherwise: Callable[[], Exception], sql: str, **params: Any) -> None:
        """Execute what must touch exactly one row; else what `otherwise` makes is raised."""

    def claims_later(self) -> AbstractContextManager[None]:
        """Within, an engine may find out with the next read that a claim touched no row, and raise it there."""

    def insert(self, table: str, **values: Any) -> int:
        """Insert one row of a table keyed (warehouse_id, id) and return its id."""

    def add(self, table: str, **values: Any) -> None:
        """`insert` without an answer, as late as `put`."""

    def add_all(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """`add` for rows of the same columns, in this order."""

    def savepoint(self) -> AbstractContextManager[None]:
        """A part that may fail alone: an exception undoes what was written inside and goes on upwards."""


class Writer(Protocol):
    """Runs work in transactions, one at a time per database."""

    def write(self, work: Callable[[Tx], T]) -> T:
        """Run `work` to a durable commit; its exception rolls back only its own part."""

    def watch(self, told: Callable[[int, float], None]) -> None:
        """Have `told` called after each commit, with how many pieces of work shared it and the seconds it took."""

    def close(self) -> None:
        """Finish what is queued and let go of the connection."""
