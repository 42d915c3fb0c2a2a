"""The composition root: settings → engine, writer, tables. Every process of the floor starts here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine
from sqlalchemy.engine import Engine

from fulfillment.db import configure_engine, engine_options, sqlite_path
from fulfillment.hot import Tx, Writer
from fulfillment.hot.sqlite import SqliteWriter, reading, wall_clock_ms
from fulfillment.hot.statistics import write_statistics
from fulfillment.settings import SettingError, Settings

T = TypeVar("T")


@dataclass(frozen=True)
class Floor:
    """What a process of the floor holds: its settings, the engine for reading, the writer."""

    settings: Settings
    engine: Engine
    writer: Writer
    warehouse_id: int = 1
    clock: Callable[[], int] = wall_clock_ms

    def read(self, work: Callable[[Tx], T]) -> T:
        """Run `work` on one snapshot, beside whatever is being written; it must not write."""
        with reading(self.engine, self.warehouse_id, self.clock) as tx:
            return work(tx)

    def close(self) -> None:
        """Let go of the database."""
        self.writer.close()
        self.engine.dispose()


def open_floor(
    settings: Settings, warehouse_id: int | None = None, clock: Callable[[], int] = wall_clock_ms
) -> Floor:  # fmt: skip
    """Engine and writer for a database that `migrate` has prepared; `clock` gives milliseconds since 1970.

    `warehouse_id`: another warehouse of this database than the settings name.
    """
    warehouse_id = settings.warehouse_id if warehouse_id is None else warehouse_id
    if not settings.database_url.startswith("sqlite"):
        raise SettingError("FLOOR_DATABASE: only sqlite:/// addresses are supported in this version")
    engine = create_engine(settings.database_url, **engine_options(settings.database_url))
    configure_engine(engine)
    writer = SqliteWriter(engine, sqlite_path(settings.database_url), warehouse_id, clock)
    return Floor(settings, engine, writer, warehouse_id, clock)


def migrate(settings: Settings) -> None:
    """Bring the database to the newest schema, making its file and folder where needed."""
    sqlite_path(settings.database_url).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(settings.database_url, **engine_options(settings.database_url))
    configure_engine(engine)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    try:
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
            write_statistics(connection.connection.driver_connection)
    finally:
        engine.dispose()
