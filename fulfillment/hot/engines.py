"""Which engine's way of reading belongs to an SQLAlchemy engine."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy.engine import Engine

from fulfillment.hot import sqlite


def reading(
    engine: Engine, warehouse_id: int = 1, clock: Callable[[], int] | None = None
) -> AbstractContextManager[Any]:
    """A `Tx` on one snapshot, beside whatever is being written; writing in it is refused by the database."""
    if engine.dialect.name == "sqlite":
        return sqlite.reading(engine, warehouse_id, clock)
    from fulfillment.hot import postgresql  # the driver is an extra

    return postgresql.reading(engine, warehouse_id, clock)
