"""The schema: an empty database at head is what the models say, and the way back is open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import Engine

import fulfillment
from fulfillment import models
from fulfillment.bootstrap import migrate
from fulfillment.db import configure_engine, engine_options
from fulfillment.settings import Settings
from tests.factories import REFUSED_BY_DATABASE, FloorHand


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Engine]:
    """An engine on a database that does not exist yet."""
    url = f"sqlite:///{tmp_path / 'floor.sqlite'}"
    engine = create_engine(url, **engine_options(url))
    configure_engine(engine)
    yield engine
    engine.dispose()


def alembic(engine: Engine, step: str) -> None:
    """Upgrade or downgrade to a revision."""
    config = Config()
    config.set_main_option("script_location", str(Path(fulfillment.__file__).with_name("migrations")))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        (command.downgrade if step == "base" else command.upgrade)(config, step)
        connection.commit()


def revisions() -> list[str]:
    """Every revision, oldest first."""
    scripts = ScriptDirectory(str(Path(fulfillment.__file__).with_name("migrations")))
    return [script.revision for script in scripts.walk_revisions()][::-1]


def triggers(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars())


def test_head_is_what_the_models_say(empty: Engine) -> None:
    alembic(empty, "head")
    with empty.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, models.db.metadata) == []


def test_head_fills_in_what_the_models_fill_in(empty: Engine, tmp_path: Path) -> None:
    # Alembic reads SQLite's quoted defaults as different from the models'; the tables themselves can be compared.
    alembic(empty, "head")
    url = f"sqlite:///{tmp_path / 'by_models.sqlite'}"
    by_models = create_engine(url, **engine_options(url))
    models.db.metadata.create_all(by_models)
    for table in models.db.metadata.tables:
        assert columns(empty, table) == columns(by_models, table), table
    by_models.dispose()


def columns(engine: Engine, table: str) -> set[tuple[str, str, int, str | None]]:
    """Name, type, NOT NULL and default of each column."""
    with engine.connect() as connection:
        rows = connection.execute(text(f"PRAGMA table_info({table})")).all()
    return {(row.name, row.type, row.notnull, row.dflt_value) for row in rows}


def test_head_checks_what_the_models_check(empty: Engine) -> None:
    # Alembic does not compare CHECK constraints, and they are what keeps a balance from going below zero.
    alembic(empty, "head")
    found = inspect(empty)
    for table in models.db.metadata.sorted_tables:
        wanted = {str(check.name) for check in table.constraints if type(check).__name__ == "CheckConstraint"}
        assert {str(check["name"]) for check in found.get_check_constraints(table.name)} == wanted, table.name


def test_every_key_begins_with_the_warehouse() -> None:
    for table in models.db.metadata.sorted_tables:
        first = next(iter(table.primary_key.columns)).name
        assert first == ("id" if table.name == "warehouse" else "warehouse_id"), table.name
        for index in table.indexes:
            assert next(iter(index.columns)).name == "warehouse_id", index.name


def test_the_revisions_are_one_line() -> None:
    assert revisions() == sorted(revisions())
    scripts = ScriptDirectory(str(Path(fulfillment.__file__).with_name("migrations")))
    assert len(scripts.get_heads()) == 1


def test_each_revision_stands_on_the_one_before(empty: Engine) -> None:
    for revision in revisions():
        alembic(empty, revision)
        with empty.connect() as connection:
            assert MigrationContext.configure(connection).get_current_revision() == revision


def test_the_way_back_leaves_nothing(empty: Engine) -> None:
    alembic(empty, "head")
    alembic(empty, "base")
    assert [name for name in inspect(empty).get_table_names() if name != "alembic_version"] == []
    assert triggers(empty) == set()
    alembic(empty, "head")
    assert triggers(empty) >= {"stock_move_no_update", "stock_move_no_delete", "stock_move_no_replace"}


@pytest.mark.engine("sqlite")
def test_migrating_twice_is_once(settings: Settings) -> None:
    before = Path(settings.database_url.removeprefix("sqlite:///")).read_bytes()
    migrate(settings)
    migrate(settings)
    assert len(Path(settings.database_url.removeprefix("sqlite:///")).read_bytes()) == len(before)


def test_a_database_keeps_its_rows_through_another_migration(settings: Settings, hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 3)
    migrate(settings)
    assert hand.on_hand("A01-01-1") == 3


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE stock_move SET qty_each = 1",
        "UPDATE stock_move SET reason = 'count' WHERE id = 1",
        "DELETE FROM stock_move",
        "DELETE FROM stock_move WHERE warehouse_id = 1 AND id = 1",
    ],
)
def test_the_ledger_is_append_only_whoever_asks(hand: FloorHand, statement: str) -> None:
    hand.item("MUG")
    hand.stock("MUG", 3)
    with pytest.raises(REFUSED_BY_DATABASE, match="append-only"):
        hand.write(lambda tx: tx.run(statement))
    assert hand.one("SELECT qty_each FROM stock_move WHERE warehouse_id = :w") == {"qty_each": 3}


# What an engine knows beside UPDATE and DELETE, and what fires no trigger of theirs.
OTHER_WAYS = {
    "sqlite": "INSERT OR REPLACE INTO stock_move SELECT * FROM stock_move", "postgresql": "TRUNCATE stock_move CASCADE"
}  # fmt: skip


def test_the_ledger_is_append_only_by_the_back_door_too(hand: FloorHand, engine: str) -> None:
    hand.item("MUG")
    hand.stock("MUG", 3)
    with pytest.raises(REFUSED_BY_DATABASE, match="append-only"):
        hand.write(lambda tx: tx.run(OTHER_WAYS[engine]))
    assert hand.one("SELECT qty_each FROM stock_move WHERE warehouse_id = :w") == {"qty_each": 3}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE stock_balance SET on_hand_each = -1",
        "UPDATE stock_balance SET allocated_each = on_hand_each + 1",
        "UPDATE stock_balance SET allocated_each = -1",
        "UPDATE stock_balance SET status = 'lost'",
        "UPDATE demand SET picked_each = allocated_each + 1",
        "UPDATE demand SET shipped_each = 1",
        "UPDATE demand SET allocated_each = ordered_each + 1",
        "UPDATE sales_order SET state = 'nowhere'",
        "UPDATE location SET kind = 'attic' WHERE code = 'A01-01-1'",
        "UPDATE stock_balance SET location_id = 999999",
    ],
)
def test_the_database_itself_refuses_what_must_not_be(hand: FloorHand, statement: str) -> None:
    hand.item("MUG")
    hand.stock("MUG", 3)
    hand.order("SO-1", ("MUG", 2))
    with pytest.raises(REFUSED_BY_DATABASE):
        hand.write(lambda tx: tx.run(statement))
