"""The composition root: settings → engine, writer, tables. Every process of the floor starts here."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import create_engine
from sqlalchemy.engine import Engine

from fulfillment.db import configure_engine, engine_options, is_sqlite, sqlite_path
from fulfillment.hot import Tx, Writer, wall_clock_ms
from fulfillment.hot.engines import reading
from fulfillment.hot.presence import Presence
from fulfillment.hot.sqlite import SqliteWriter, turn
from fulfillment.safekeeping import schema
from fulfillment.services.records.audit_log import telling
from fulfillment.settings import Settings

T = TypeVar("T")


@dataclass(frozen=True)
class Floor:
    """What a process of the floor holds: its settings, the engine for reading, the writer."""

    settings: Settings
    engine: Engine
    writer: Writer
    warehouse_id: int = 1
    clock: Callable[[], int] = wall_clock_ms
    presence: Presence | None = None

    def read(self, work: Callable[[Tx], T]) -> T:
        """Run `work` on one snapshot, beside whatever is being written; it must not write."""
        with reading(self.engine, self.warehouse_id, self.clock) as tx:
            return work(tx)

    def close(self) -> None:
        """Let go of the database."""
        self.writer.close()
        self.engine.dispose()
        if self.presence is not None:
            self.presence.let_go()


def open_floor(
    settings: Settings, warehouse_id: int | None = None, clock: Callable[[], int] = wall_clock_ms
) -> Floor:  # fmt: skip
    """Engine and writer for a database that `migrate` has prepared; `clock` gives milliseconds since 1970.

    `warehouse_id`: another warehouse of this database than the settings name.
    """
    warehouse_id = settings.warehouse_id if warehouse_id is None else warehouse_id
    engine = create_engine(settings.database_url, **engine_options(settings.database_url))
    configure_engine(engine)
    writer: Writer
    presence = None
    if is_sqlite(settings.database_url):
        presence = Presence(sqlite_path(settings.database_url))
        writer = SqliteWriter(engine, sqlite_path(settings.database_url), warehouse_id, clock)
    else:
        from fulfillment.hot.postgresql import PostgresWriter  # the driver is an extra

        writer = PostgresWriter(engine, warehouse_id, clock)
    return Floor(settings, engine, telling(writer), warehouse_id, clock, presence)


def migrate(settings: Settings) -> None:
    """Bring the database to the newest schema, making a SQLite file and its folder where needed."""
    with ExitStack() as stack:
        if is_sqlite(settings.database_url):
            file = sqlite_path(settings.database_url)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(0o600)  # SQLite would make it readable by everybody; its -wal follows it
            stack.enter_context(turn(file))
        schema.bring_to(stack.enter_context(schema.engine_of(settings.database_url)), "head")
