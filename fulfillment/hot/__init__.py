"""The writing side of the database behind one small interface.

`Writer.write(work)` runs `work(tx)` in one durable transaction and returns its result. Services hold the
SQL (portable: named parameters, standard statements); an engine's file holds only how a transaction is
run. `:w` is always bound to the warehouse, so no statement can forget it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
Row = Mapping[str, Any]


class Tx(Protocol):
    """One open transaction. Rows answer to column names: `row["qty_each"]`."""

    warehouse_id: int
    now_ms: int

    def one(self, sql: str, **params: Any) -> Any:
        """The first row, or None."""

    def all(self, sql: str, **params: Any) -> Sequence[Any]:
        """All rows."""

    def run(self, sql: str, **params: Any) -> int:
        """Execute and return how many rows were touched: a claim reads this count."""

    def insert(self, table: str, **values: Any) -> int:
        """Insert one row of a table keyed (warehouse_id, id) and return its id."""

    def savepoint(self) -> AbstractContextManager[None]:
        """A part that may fail alone: an exception undoes what was written inside and goes on upwards."""


class Writer(Protocol):
    """Runs work in transactions, one at a time per database."""

    def write(self, work: Callable[[Tx], T]) -> T:
        """Run `work` to a durable commit; its exception rolls back only its own part."""

    def close(self) -> None:
        """Finish what is queued and let go of the connection."""
