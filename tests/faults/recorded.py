"""A day of the floor as a list of transactions that can be run again, and a picture of the book after each.

`Recording` stands in for a floor's writer and keeps every piece of work given to it; `Act` is one of them with the
picture of the database after it. Time stands still within an act, so that running it again on an equal database
gives an equal picture, times and hashes included.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table

from fulfillment import models
from fulfillment.bootstrap import Floor
from fulfillment.hot import Tx
from fulfillment.services.scan_path.scan_arrival import last_flows

NOON_MS = 1_767_268_800_000  # 2026-01-01 12:00 UTC
ACT_MS = 1_000  # so much later is the next act

# What a second run of the same work may have otherwise: the number PostgreSQL gave to it, a secret that was drawn.
NOT_THE_BOOK = frozenset({("event", "xid"), ("access_token", "token_sha256")})

_WRITES = re.compile(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)", re.IGNORECASE)

Picture = Mapping[str, list[tuple[Any, ...]]]


class StandingClock:
    """A clock that goes on only when told to."""

    def __init__(self, now_ms: int = NOON_MS) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms


@dataclass(frozen=True)
class Act:
    """One transaction: what it is called, its work, when it was done, and the book's picture after it."""

    name: str
    work: Callable[[Tx], Any]
    now_ms: int
    is_hot: bool  # under test; the others build what it needs
    is_keyed: bool  # carries its own number (scan_id, reference): sent again it happens once
    answer: Any
    after: Mapping[str, str]  # table → fingerprint
    statements: tuple[str, ...]
    last_flows: Mapping[tuple[int, str], str]  # what the process guessed from: it asks ahead what that suggests

    def recall(self) -> None:
        """Guess as the process did then: a station of another floor, or an attempt undone, guesses otherwise."""
        last_flows.clear()
        last_flows.update(self.last_flows)

    @property
    def is_changing(self) -> bool:
        """Whether it writes at all."""
        return bool(tables_written(self.statements))


class Recording:
    """A writer that keeps what it was given. `heard` says which statements the real one has sent so far."""

    def __init__(self, floor: Floor, clock: StandingClock, heard: list[str]) -> None:
        self._floor = floor
        self._clock = clock
        self._heard = heard
        self.acts: list[Act] = []
        self.name = ""
        self.is_hot = False
        self.is_keyed = False
        last_flows.clear()  # a process that has just started: what stations of other floors did is nobody's business

    def write(self, work: Callable[[Tx], Any]) -> Any:
        self._clock.now_ms += ACT_MS
        del self._heard[:]
        guesses = dict(last_flows)
        answer = self._floor.writer.write(work)
        statements = tuple(self._heard)
        after = fingerprints(self._floor.read(picture))
        name = self.name or getattr(work, "__qualname__", "work").replace(".<locals>.<lambda>", "")
        self.acts.append(
            Act(name, work, self._clock.now_ms, self.is_hot, self.is_keyed, answer, after, statements, guesses)
        )
        return answer

    def later(self, ms: int) -> None:
        """Time goes by."""
        self._clock.now_ms += ms

    def close(self) -> None:
        self._floor.writer.close()

    @contextmanager
    def hot(self, name: str = "", *, is_keyed: bool = False) -> Iterator[None]:
        """What is written inside is under test."""
        before = self.name, self.is_hot, self.is_keyed
        self.name, self.is_hot, self.is_keyed = name, True, is_keyed
        try:
            yield
        finally:
            self.name, self.is_hot, self.is_keyed = before

    def floor(self) -> Floor:
        """The floor whose writing is recorded."""
        return dataclasses.replace(self._floor, writer=self)


def picture(tx: Tx, tables: Collection[str] = ()) -> Picture:
    """Every row of this warehouse, table by table; of some tables if they are named."""
    return {
        table.name: [tuple(row[name] for name in names) for row in tx.all(sql)]
        for table, names, sql in _QUESTIONS
        if not tables or table.name in tables
    }


def fingerprints(seen: Picture) -> Mapping[str, str]:
    """Table → what is equal for equal rows."""
    return {table: hashlib.sha256(repr(rows).encode()).hexdigest() for table, rows in seen.items()}


def tables_written(statements: Iterable[str]) -> set[str]:
    """The tables these statements change."""
    return {found.group(1) for sql in statements if (found := _WRITES.match(sql))}


def differences(one: Picture, other: Picture) -> list[str]:
    """In which rows two pictures differ, in words."""
    return [
        f"{table}: {sign} {row}"
        for table in one.keys() & other.keys()
        for sign, rows, others in (("-", one[table], other[table]), ("+", other[table], one[table]))
        for row in rows
        if row not in others
    ]


def _question(table: Table) -> tuple[Table, list[str], str]:
    names = [column.name for column in table.columns if (table.name, column.name) not in NOT_THE_BOOK]
    warehouse = "id" if table.name == "warehouse" else "warehouse_id"
    keys = ", ".join(column.name for column in table.primary_key.columns)
    return table, names, f"SELECT {', '.join(names)} FROM {table.name} WHERE {warehouse} = :w ORDER BY {keys}"


_QUESTIONS = [_question(table) for table in models.db.metadata.sorted_tables]
