"""Rules of a schema that grows: from every revision there ever was, with rows in it, to the newest, killed or not."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, inspect, text

from fulfillment.bootstrap import migrate, open_floor
from fulfillment.db import configure_engine, engine_options
from fulfillment.settings import Settings
from tests.factories import FloorHand
from tests.postgresql import PostgresServer
from tests.services.acts import demand, promises, wrong
from tests.test_migrations import alembic, revisions

ROOT = Path(__file__).resolve().parents[2]
FIRST_FLOOR = "0008"  # from here on there is all that scanning needs
KEEPING = 1_767_268_800_000

_numbers = itertools.count(1)

# What a small floor had in its tables: each row as the code of its time wrote it, which did not know later columns.
ROWS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("warehouse", {"id": 1, "code": "MAIN", "time_zone": "Europe/London", "gs1_company_prefix": "0614141"}),
    *(("location", {"id": number, "code": code, "kind": "virtual"}) for number, code in (
        (1, "SUPPLIER"), (2, "CUSTOMER"), (3, "ADJUSTMENT"), (4, "IN-TRANSIT"), (10, "NOWHERE"))),
    ("location", {"id": 11, "code": "A01-01-1", "kind": "bin", "aisle": "01", "bay": "01", "level": 1}),
    ("location", {"id": 12, "code": "STAGE-1", "kind": "staging"}),
    ("location", {"id": 13, "code": "DOCK-1", "kind": "dock"}),
    ("location", {"id": 14, "code": "LANE-DOM", "kind": "ship_lane"}),
    ("item", {"id": 1, "sku": "MUG", "sku_key": "MUG", "name": "mug", "weight_g": 200}),
    ("item_barcode", {"id": 1, "item_id": 1, "code": "MUG"}),
    ("operator", {"id": 1, "badge": "1001", "name": "Ada", "role": "supervisor"}),
    ("printer", {"id": 1, "code": "LABEL-1", "address": "tcp://127.0.0.1:9", "language": "zpl"}),
    ("station", {"id": 1, "code": "HAND-1", "kind": "handheld", "location_id": 13}),
    ("access_token", {"id": 1, "token_sha256": "0" * 64, "role": "station", "station_id": 1, "created_at_ms": KEEPING}),
    ("carrier", {"id": 1, "code": "DOM", "name": "Domestic Post", "lane_location_id": 14}),
    ("lpn", {"id": 0, "code": "-", "kind": "none"}),
    ("lpn", {"id": 1, "code": "000001", "kind": "tote"}),
    ("receipt", {"id": 1, "number": "R1", "state": "closed", "received_on": "2026-01-01", "content_sha256": "",
                 "created_at_ms": KEEPING}),
    ("receipt_line", {"id": 1, "receipt_id": 1, "item_id": 1, "expected_each": 7, "received_each": 7}),
    ("layer", {"id": 1, "item_id": 1, "receipt_id": 1, "received_on": "2026-01-01", "created_at_ms": KEEPING}),
    ("scan", {"id": 1, "scan_id": "s-1", "station_id": 1, "operator_id": 1, "code": "MUG", "qty_each": 7,
              "flow": "receive", "body_sha256": "0" * 64, "outcome": '{"outcome":"applied"}',
              "occurred_at_ms": KEEPING, "recorded_at_ms": KEEPING}),
    ("stock_move", {"id": 1, "layer_id": 1, "item_id": 1, "from_location_id": 1, "to_location_id": 11, "qty_each": 7,
                    "reason": "receive", "operator_id": 1, "station_id": 1, "scan_id": "s-1",
                    "occurred_at_ms": KEEPING, "recorded_at_ms": KEEPING}),
    ("stock_balance", {"location_id": 11, "layer_id": 1, "lpn_id": 0, "status": "available", "item_id": 1,
                       "on_hand_each": 7, "allocated_each": 3}),
    ("sales_order", {"id": 1, "number": "SO-1", "state": "allocated", "ordered_at_ms": KEEPING, "country": "GB",
                     "cut_off_at_ms": KEEPING, "content_sha256": "", "carrier_id": 1, "created_at_ms": KEEPING,
                     "state_since_ms": KEEPING}),
    ("order_line", {"id": 1, "order_id": 1, "line_no": 1, "item_id": 1, "sku": "MUG", "qty_each": 3}),
    ("demand", {"id": 1, "order_id": 1, "item_id": 1, "ordered_each": 3, "allocated_each": 3}),
    ("allocation", {"id": 1, "order_id": 1, "item_id": 1, "layer_id": 1, "location_id": 11, "qty_each": 3}),
    ("allocation_entry", {"id": 1, "order_id": 1, "item_id": 1, "layer_id": 1, "location_id": 11, "delta_each": 3,
                          "reason": "allocate", "after_move_id": 1, "recorded_at_ms": KEEPING}),
    ("event", {"id": 1, "topic": "board", "kind": "OrderAllocated", "recorded_at_ms": KEEPING}),
    ("counter", {"name": "sscc", "next_value": 5}),
    ("outbox", {"id": 1, "kind": "print", "dedupe_key": "label:x:1", "state": "confirmed", "printer_id": 1,
                "created_at_ms": KEEPING, "done_at_ms": KEEPING}),
)  # fmt: skip


class Grown:
    """Empty databases of a revision: each grows from the one before it instead of from nothing."""

    def __init__(self, home: Path, server: PostgresServer | None) -> None:
        self.home = home
        self.server = server
        self.revision = ""
        self.kept: bytes | str = b"" if server is None else "template0"

    def at(self, revision: str) -> bytes | str:
        """A file's bytes, or the name of a database to copy."""
        if revision < self.revision:
            self._keep("", b"" if self.server is None else "template0")
        if revision != self.revision:
            self._keep(revision, self._grown_to(revision))
        return self.kept

    def _grown_to(self, revision: str) -> bytes | str:
        if self.server is None:
            file = self.home / f"{revision}.sqlite"
            file.write_bytes(bytes(self.kept))  # type: ignore[arg-type]
            _bring(f"sqlite:///{file}", revision)
            return file.read_bytes()
        name = f"at_{revision}_{os.getpid()}_{next(_numbers)}"
        _bring(self.server.create(name, str(self.kept)), revision)
        return name

    def _keep(self, revision: str, kept: bytes | str) -> None:
        before, self.revision, self.kept = self.kept, revision, kept
        if self.server is not None and before != "template0":
            self.server.drop(str(before))


def _bring(address: str, revision: str) -> None:
    opened = create_engine(address, **engine_options(address))
    configure_engine(opened)
    alembic(opened, revision)
    opened.dispose()


@pytest.fixture(scope="module")
def grown_files(tmp_path_factory: pytest.TempPathFactory) -> Grown:
    return Grown(tmp_path_factory.mktemp("grown"), None)


@pytest.fixture(scope="module")
def grown_databases(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Grown:
    return Grown(tmp_path_factory.mktemp("grown"), postgres)


@pytest.fixture
def address(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database at the test's `revision`; without one it does not exist yet, or is empty."""
    revision = request.node.callspec.params.get("revision")
    if engine == "sqlite":
        file = tmp_path / "floor.sqlite"
        if revision is not None:
            file.write_bytes(request.getfixturevalue("grown_files").at(revision))
        yield f"sqlite:///{file}"
        return
    server, name = request.getfixturevalue("postgres"), f"grown_{os.getpid()}_{next(_numbers)}"
    yield server.create(
        name, "template0" if revision is None else request.getfixturevalue("grown_databases").at(revision)
    )
    server.drop(name)


@pytest.fixture
def database(address: str) -> Iterator[Engine]:
    opened = create_engine(address, **engine_options(address))
    configure_engine(opened)
    yield opened
    opened.dispose()


def live_at(database: Engine, revision: str) -> dict[str, int]:
    """Bring the schema there and write what a floor of that time had; how many rows each table holds."""
    alembic(database, revision)
    found = inspect(database)
    columns = {table: {column["name"] for column in found.get_columns(table)} for table in found.get_table_names()}
    with database.connect() as connection:
        for table, values in ROWS:
            if table not in columns:
                continue
            row = {"warehouse_id": 1, **values}
            if table == "warehouse":
                del row["warehouse_id"]
            missing = row.keys() - columns[table]
            assert not missing, (table, missing)
            names = ", ".join(row)
            connection.execute(
                text(f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in row)})"), row
            )
        connection.commit()
    return rows_in(database)


def rows_in(database: Engine) -> dict[str, int]:
    with database.connect() as connection:
        return {
            table: connection.execute(text(f"SELECT COUNT(*) FROM {table}")).scalar_one()
            for table in inspect(database).get_table_names()
        }


def check_floor(settings: Settings) -> None:
    """The goods, the promise and the scan are where they were, and the book is right."""
    floor = open_floor(settings)
    hand = object.__new__(FloorHand)
    hand.floor = floor
    try:
        assert hand.on_hand("A01-01-1", "MUG") == 7
        assert demand(hand, "SO-1") == {"ordered": 3, "allocated": 3, "picked": 0}
        assert promises(hand, "SO-1") == [("A01-01-1", 1, 3)]
        assert hand.one("SELECT scan_id FROM scan WHERE warehouse_id = :w") == {"scan_id": "s-1"}
        assert wrong(hand) == []
    finally:
        floor.close()


def check_growth(database: Engine, address: str, tmp_path: Path, revision: str) -> None:
    """Rows written at a revision are all there at the newest, and the floor works."""
    before = live_at(database, revision)
    settings = Settings(tmp_path, address)
    migrate(settings)
    after = rows_in(database)
    assert {table: after.get(table) for table in before} == before
    if revision >= FIRST_FLOOR:
        check_floor(settings)


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("revision", revisions()[:-1])
def test_a_floor_of_any_time_is_brought_to_today_with_all_it_had(
    database: Engine, address: str, tmp_path: Path, revision: str
) -> None:
    check_growth(database, address, tmp_path, revision)


# Its databases are copied as folders, which takes longer than the growing: every step is taken, from each third floor.
@pytest.mark.engine("postgresql")
@pytest.mark.parametrize("revision", revisions()[:-1][::3])
def test_a_floor_on_a_server_is_brought_to_today_with_all_it_had(
    database: Engine, address: str, tmp_path: Path, revision: str
) -> None:
    check_growth(database, address, tmp_path, revision)


MIGRATE_UNTIL_KILLED = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import event
from sqlalchemy.engine import Engine
from fulfillment.bootstrap import migrate
from fulfillment.settings import Settings

at, sent = int(sys.argv[3]), 0

@event.listens_for(Engine, "before_cursor_execute")
def count(_connection, _cursor, statement, *_rest):
    global sent
    sent += 1
    if sent == at:
        os.kill(os.getpid(), signal.SIGKILL)

@event.listens_for(Engine, "commit")
def commit(_connection):
    if at == -1:
        os.kill(os.getpid(), signal.SIGKILL)

migrate(Settings(Path(sys.argv[1]), sys.argv[2]))
print(sent)
"""


def migrate_until(home: Path, address: str, at: int) -> int | None:
    """Migrate in a process that is killed at its n-th statement (-1: at its commit); else how many there were."""
    child = subprocess.run(
        [sys.executable, "-c", MIGRATE_UNTIL_KILLED, str(home), address, str(at)], capture_output=True, text=True,
        check=False, cwd=ROOT,
    )  # fmt: skip
    if child.returncode == -signal.SIGKILL:
        return None
    assert child.returncode == 0, child.stderr[-2000:]
    return int(child.stdout)


def shape(database: Engine) -> dict[str, list[str]]:
    """Tables and their columns, the revision written down beside them."""
    found = inspect(database)
    tables = {table: sorted(c["name"] for c in found.get_columns(table)) for table in found.get_table_names()}
    with database.connect() as connection:
        (revision,) = connection.execute(text("SELECT version_num FROM alembic_version")).one()
    return {**tables, "": [revision]}


def test_a_migration_that_is_killed_leaves_the_schema_it_began_with(
    database: Engine, address: str, tmp_path: Path
) -> None:
    """Both engines change a schema in a transaction: there is no floor half way."""
    live_at(database, "0010")
    old, rows = shape(database), rows_in(database)
    database.dispose()
    for at in (5, 150, -1):
        assert migrate_until(tmp_path, address, at) is None, at
        assert (shape(database), rows_in(database)) == (old, rows), at
        database.dispose()
    sent = migrate_until(tmp_path, address, 0)
    assert sent is not None
    assert sent > 150
    assert shape(database)[""] == [revisions()[-1]]
    check_floor(Settings(tmp_path, address))


@pytest.mark.engine("sqlite")
def test_a_migration_that_would_leave_a_row_without_what_it_names_changes_nothing(
    database: Engine, address: str, tmp_path: Path
) -> None:
    live_at(database, "0010")
    with database.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]
        connection.execute(text("UPDATE layer SET item_id = 99"))
        connection.commit()
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")  # type: ignore[union-attr]
    old = shape(database)
    with pytest.raises(RuntimeError, match="names a row of item"):
        migrate(Settings(tmp_path, address))
    assert shape(database) == old
