"""Alembic's entry: runs the revisions on the connection it is given, else on FLOOR_DATABASE."""

from contextlib import contextmanager

from alembic import context
from sqlalchemy import create_engine, text

from fulfillment import models
from fulfillment.db import configure_engine, engine_options
from fulfillment.settings import Settings


def run() -> None:
    connection = context.config.attributes.get("connection")
    if connection is not None:
        migrate(connection)
        return
    url = Settings.from_env().database_url
    engine = create_engine(url, **engine_options(url))
    configure_engine(engine)
    with engine.connect() as connection:
        migrate(connection)
    engine.dispose()


def migrate(connection) -> None:
    # SQLite changes a schema in a transaction too, and says BEGIN when asked: whoever is killed in the middle leaves
    # the old schema. Alembic would commit each revision by itself.
    context.configure(connection=connection, target_metadata=models.db.metadata, transactional_ddl=True)
    with foreign_keys_off(connection), context.begin_transaction():
        context.run_migrations()
        check_references(connection)


@contextmanager
def foreign_keys_off(connection):
    """A table written anew is for a moment not there, and every row that names it would be refused."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")  # before BEGIN: inside a transaction it does nothing
    try:
        yield
    finally:
        if not driver.in_transaction:
            driver.execute("PRAGMA foreign_keys=ON")


def check_references(connection):
    """Before it is committed: what was not looked at row by row is looked at once."""
    if connection.dialect.name != "sqlite":
        return
    broken = connection.execute(text("PRAGMA foreign_key_check")).first()
    if broken is not None:
        raise RuntimeError(f"a row of {broken[0]} names a row of {broken[2]} that is not there")


run()
