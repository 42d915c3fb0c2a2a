"""A process that stands still in the middle of its turn: the database takes the turn away and goes on."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine

from fulfillment.db import engine_options
from fulfillment.hot.postgresql_driver import pipelined, prepare
from tests.postgresql import PostgresServer
from tests.serving import wait_for


@pytest.mark.parametrize("statements", [[b"BEGIN", b"SELECT 1"], [b"BEGIN", b"SELECT 1", b"SAVEPOINT piece"]])
def test_an_idle_transaction_is_ended_also_when_it_was_sent_as_a_pipeline(
    postgres: PostgresServer, migrated_postgres: str, statements: list[bytes]
) -> None:
    engine = create_engine(migrated_postgres, **engine_options(migrated_postgres))
    still, other = engine.raw_connection(), engine.raw_connection()
    for pooled in (still, other):
        prepare(pooled.driver_connection)
    connection, watcher = still.driver_connection, other.driver_connection
    connection.execute(b"SET idle_in_transaction_session_timeout = 200")
    with pipelined(connection):
        for statement in statements:
            connection.execute(statement)
    pid = connection.info.backend_pid
    wait_for(lambda: not watcher.execute(b"SELECT 1 FROM pg_stat_activity WHERE pid = $1", [pid]).fetchall())
    still.invalidate()
    other.close()
    engine.dispose()


def test_the_database_is_told_how_long_to_wait_for_whom(postgres: PostgresServer, migrated_postgres: str) -> None:
    engine = create_engine(migrated_postgres, **engine_options(migrated_postgres))
    pooled = engine.raw_connection()
    prepare(pooled.driver_connection)
    rows = pooled.driver_connection.execute(
        b"SELECT name, setting FROM pg_settings WHERE name IN ('lock_timeout', 'client_connection_check_interval',"
        b" 'idle_in_transaction_session_timeout') ORDER BY name"
    ).fetchall()
    assert [int(row["setting"]) for row in rows] == [250, 5_000, 10_000]
    pooled.close()
    engine.dispose()
