"""Alembic's entry: runs the revisions on the connection it is given, else on FLOOR_DATABASE."""

from alembic import context
from sqlalchemy import create_engine

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
    context.configure(connection=connection, target_metadata=models.db.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


run()
