"""Procrastinate's tables and functions on PostgreSQL, in a schema of their own beside ours.

They are Procrastinate's: brought to the version that is installed with every migration, by its own scripts. Ours is
only that its functions find its tables from our connections, which name no schema.
"""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection

SCHEMA = "procrastinate"

# The functions name their tables without a schema, and we call them from ours.
_PIN_FUNCTIONS = f"""
DO $$ DECLARE f regprocedure; BEGIN
FOR f IN SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = '{SCHEMA}' LOOP EXECUTE format('ALTER FUNCTION %s SET search_path = {SCHEMA}', f);
END LOOP; END $$
"""


def prepare(connection: Connection) -> None:
    """Bring Procrastinate's schema to the version that is installed; part of every migration on PostgreSQL."""
    from procrastinate.schema import SchemaManager  # an extra: only a floor on PostgreSQL has it

    installed = importlib.metadata.version("procrastinate")
    driver: Any = connection.connection.driver_connection
    cursor = driver.cursor()
    cursor.execute(f"SELECT obj_description(to_regnamespace('{SCHEMA}'), 'pg_namespace')")
    found = cursor.fetchone()[0]
    if found == installed:
        driver.rollback()
        return
    cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    cursor.execute(f"SET LOCAL search_path TO {SCHEMA}")
    if found is None:
        cursor.execute(SchemaManager.get_schema())
    else:
        for file in newer_migrations(Path(SchemaManager.get_migrations_path()), found):
            cursor.execute(file.read_text("utf-8"))
    cursor.execute(_PIN_FUNCTIONS)
    cursor.execute(f"COMMENT ON SCHEMA {SCHEMA} IS '{installed}'")
    driver.commit()


def newer_migrations(folder: Path, version: str) -> list[Path]:
    """Procrastinate's migrations after a version, in order; their names begin with the version they lead to."""
    return [file for file in sorted(folder.glob("*.sql")) if _numbers(file.name.split("_")[0]) > _numbers(version)]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:3])
