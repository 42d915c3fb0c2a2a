"""psycopg set up for the floor: `:name` parameters, whole numbers as int8, text as text, sums as int.

The types a statement is prepared with must not change with the size of a number or the kind of a word, or the
server would plan it anew each time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import Pipeline, RawCursor
from psycopg._preparing import PrepareManager
from psycopg.abc import Buffer
from psycopg.adapt import Dumper, Loader
from psycopg.rows import dict_row
from psycopg.types.numeric import Int8Dumper
from psycopg.types.string import StrDumper

PREPARED_MAX = 1_000

# A colon that belongs to a cast (::) or stands within quotes names nothing.
_NAME = re.compile(r"'(?:[^']|'')*'|::|:([a-zA-Z_][a-zA-Z_0-9]*)( IS (?:NOT )?NULL)?")

IS_NULL = "?"  # ends the name of a parameter of which only this is asked


class _WholeDumper(Int8Dumper):
    """Every int is an int8."""


class _FlagDumper(Dumper):
    """Flags are whole numbers 0 and 1 on both engines."""

    oid = psycopg.adapters.types["int8"].oid

    def dump(self, obj: Any) -> Buffer:
        return b"1" if obj else b"0"


class _SumLoader(Loader):
    """SUM of whole numbers comes as numeric, and is whole."""

    def load(self, data: Buffer) -> int | float:
        text = bytes(data).decode()
        return float(text) if "." in text else int(text)


class _Prepared(PrepareManager):
    """Prepared statements outlive a ROLLBACK.

    psycopg forgets all of them at every ROLLBACK (TO), in case one had dropped a table: the floor never does, and
    each refused scan would have the server plan the next two dozen statements again.
    """

    def _should_discard(self, *_: Any) -> bool:
        return False


@lru_cache(maxsize=4096)
def compiled(sql: str) -> tuple[bytes, tuple[str, ...]]:
    """`:name` → `$n`, and the names in that order.

    `:name IS NULL` asks a parameter of its own: the server could not tell the type of one that is NULL.
    """
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        name, is_null = found.groups()
        if name is None:
            return found.group(0)
        if is_null:
            name += IS_NULL
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}" + (f"::int8{is_null}" if is_null else "")

    return _NAME.sub(number, sql).encode(), tuple(names)


class _Pipeline(Pipeline):
    """Ends in Sync, and nothing behind it.

    psycopg sends a Flush after the Sync that ends a pipeline. The server answers the Sync, starts the clock of
    `idle_in_transaction_session_timeout`, reads the Flush and stops that clock: a server that hangs in the middle of
    its turn would keep it for ever.
    """

    def _fetch_gen(self, *, flush: bool) -> Any:
        return super()._fetch_gen(flush=False)


@contextmanager
def pipelined(connection: Any) -> Iterator[None]:
    """Statements sent together; their rows are there afterwards, none is to be fetched within."""
    connection._pipeline = _Pipeline(connection)
    with connection.pipeline():
        yield


def prepare(connection: Any) -> None:
    """Make a fresh connection one of ours; one that is already is left alone."""
    if connection.cursor_factory is RawCursor:
        return
    connection.autocommit = True  # we say BEGIN ourselves, together with the first statement
    connection._prepared = _Prepared()
    connection.prepare_threshold = 0
    connection.prepared_max = PREPARED_MAX
    connection.cursor_factory = RawCursor
    connection.row_factory = dict_row
    connection.adapters.register_dumper(int, _WholeDumper)
    connection.adapters.register_dumper(bool, _FlagDumper)
    connection.adapters.register_dumper(str, StrDumper)
    connection.adapters.register_loader("numeric", _SumLoader)
