"""Which schema a database has, and bringing it to another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect
from sqlalchemy.engine import Engine

import fulfillment
from fulfillment.db import configure_engine, engine_options
from fulfillment.hot.statistics import write_statistics
from fulfillment.safekeeping import NotSafe


@contextmanager
def engine_of(url: str) -> Iterator[Engine]:
    """An engine as the floor's own, for as long as it is needed."""
    engine = create_engine(url, **engine_options(url))
    configure_engine(engine)
    try:
        yield engine
    finally:
        engine.dispose()


def newest() -> str:
    """The schema this program works on."""
    head = ScriptDirectory(str(_scripts())).get_current_head()
    assert head is not None
    return head


def revision_of(engine: Engine) -> str:
    """The schema of a database; '' = none.

    Raises:
        NotSafe: a newer program made it.
    """
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision() or ""
    if found and found not in {script.revision for script in ScriptDirectory(str(_scripts())).walk_revisions()}:
        raise NotSafe(f"its schema {found} is not known here: a newer version of this program made it")
    return found


def bring_to(engine: Engine, revision: str) -> None:
    """Upgrade a database to a schema, in one transaction; to the newest with what hands out jobs beside it."""
    config = Config()
    config.set_main_option("script_location", str(_scripts()))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
        if engine.dialect.name == "sqlite":
            write_statistics(connection.connection.driver_connection)
    if revision == "head":
        bring_queue(engine)


def bring_queue(engine: Engine) -> None:
    """Bring what hands out jobs to the version that is installed; SQLite has none."""
    if engine.dialect.name == "sqlite":
        return
    from fulfillment.migrations import job_queue  # what it needs is an extra

    with engine.connect() as connection:
        job_queue.prepare(connection)


def warehouses(engine: Engine) -> list[int]:
    """The warehouses of a database; none while nothing was founded."""
    if not inspect(engine).has_table("warehouse"):
        return []
    with engine.connect() as connection:
        return [row[0] for row in connection.exec_driver_sql("SELECT id FROM warehouse ORDER BY id")]


def _scripts() -> Path:
    return Path(fulfillment.__file__).with_name("migrations")
