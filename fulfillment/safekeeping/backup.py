"""A copy of a working floor in one file, and the paper that says what is in it.

The file is a SQLite database, whichever engine the floor runs on: one moment of all tables, checked before it gets
its name. Beside it lies `FILE.json` with its hash, its schema and where each warehouse's ledger and audit log ended.
Tokens are in it as hashes only; FLOOR_HOME/admin-token is not, so a copy alone opens no floor.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Engine

from fulfillment.hot.engines import reading
from fulfillment.safekeeping import NotSafe, files, schema, tables
from fulfillment.services.records import audit_log
from fulfillment.services.verifying.verify import verify

FORMAT = 1


@dataclass(frozen=True)
class End:
    """Where a warehouse stood when the copy was made."""

    warehouse_id: int
    code: str
    moves: int
    scans: int
    events: int
    audit_entry: int
    audit_sha256: str


@dataclass(frozen=True)
class Paper:
    """What a copy is: `verified` says whether the ledger was (`ledger`), or only the file (`file`: an older schema)."""

    made_at: str
    engine: str
    revision: str
    bytes: int
    sha256: str
    verified: str
    ends: list[End] = field(default_factory=list)
    format: int = FORMAT


def back_up(url: str, file: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Paper:
    """Copy the floor at `url` into `file`, beside whatever is being written, and check the copy.

    Raises:
        NotSafe: there is nothing to copy, `file` is there already, or the copy is not right.
    """
    if file.exists():
        raise NotSafe(f"{file} is there already")
    file.parent.mkdir(parents=True, exist_ok=True)
    with files.unfinished(file, "unfinished") as made:
        with schema.engine_of(url) as engine:
            revision = schema.revision_of(engine)
            if not revision:
                raise NotSafe("there is no floor to copy: its database is empty")
            kind = engine.dialect.name
            if kind == "sqlite":
                copy_file(engine, made)
            else:
                copy_into_file(engine, revision, made)
        os.chmod(made, 0o600)
        ends, verified = check(made, revision)
        files.remove_beside(made)
        paper = Paper(
            now().isoformat(timespec="seconds"), kind, revision, made.stat().st_size, files.sha256_of(made), verified,
            ends,
        )  # fmt: skip
        with files.unfinished(paper_of(file), "unfinished") as written:
            written.touch(0o600)
            written.write_text(json.dumps(asdict(paper), indent=2) + "\n", "utf-8")
            # The paper first: a copy without one is refused, a paper without a copy is nothing.
            files.put_in_place(written, paper_of(file))
        files.put_in_place(made, file)
    return paper


def paper_of(file: Path) -> Path:
    """Where the paper of a copy lies."""
    return file.with_name(file.name + ".json")


def read_paper(file: Path) -> Paper:
    """The paper of a copy, when the copy is still what it says.

    Raises:
        NotSafe: no such copy, no paper, or another content.
    """
    try:
        read = json.loads(paper_of(file).read_text("utf-8"))
        paper = Paper(**{**read, "ends": [End(**end) for end in read["ends"]]})
    except FileNotFoundError as error:
        raise NotSafe(f"{paper_of(file)} is missing: without it nobody knows whether the copy is whole") from error
    except (ValueError, TypeError, KeyError) as error:
        raise NotSafe(f"{paper_of(file)} is not the paper of a copy: {error}") from error
    if not file.exists():
        raise NotSafe(f"{file}: no such copy")
    if paper.format != FORMAT:
        raise NotSafe(f"{file} has the format {paper.format}: a newer version of this program made it")
    if files.sha256_of(file) != paper.sha256:
        raise NotSafe(f"{file} is not what was written: its hash is another one than its paper says")
    return paper


def check(database: Path, revision: str) -> tuple[list[End], str]:
    """Whether a file is whole, and its ledger too when its schema is today's; where its warehouses stand.

    Raises:
        NotSafe: naming the first thing found.
    """
    with schema.engine_of(f"sqlite:///{database}") as engine:
        with engine.connect() as connection:
            (said,) = connection.exec_driver_sql("PRAGMA integrity_check(1)").one()
            loose = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if said != "ok" or loose is not None:
            raise NotSafe(f"{database} is damaged: {said if loose is None else f'{loose[0]} names a row that is gone'}")
        ends = [end_of(engine, warehouse_id) for warehouse_id in schema.warehouses(engine)]
        if revision != schema.newest():
            return ends, "file"
        refuse_wrong(engine)
    return ends, "ledger"


def refuse_wrong(engine: Engine) -> None:
    """Verify every warehouse of a database.

    Raises:
        NotSafe: naming the checks that found something.
    """
    for warehouse_id in schema.warehouses(engine):
        with _reading(engine, warehouse_id) as tx:
            report = verify(tx, warehouse_id)
        wrong = [f"{one['name']}: {one['found'][0]}" for one in report["checks"] if not one["ok"]]
        if wrong:
            raise NotSafe(f"warehouse {warehouse_id} does not verify: {'; '.join(wrong[:3])}")


def end_of(engine: Engine, warehouse_id: int) -> End:
    """Where a warehouse stands."""
    there = {table.name for table in tables.tables_of(engine)}

    def count(tx: Any, table: str) -> int:
        row = tx.one(f"SELECT COUNT(*) AS n FROM {table} WHERE warehouse_id = :w") if table in there else {"n": 0}
        return int(row["n"])

    with _reading(engine, warehouse_id) as tx:
        head = audit_log.head(tx, warehouse_id) if "audit_log" in there else audit_log.Head(0, "")
        return End(
            warehouse_id, tx.one("SELECT code FROM warehouse WHERE id = :w")["code"], count(tx, "stock_move"),
            count(tx, "scan"), count(tx, "event"), head.entry_id, head.sha256,
        )  # fmt: skip


def copy_into_file(engine: Engine, revision: str, made: Path) -> None:
    """The rows of any floor into a new SQLite database of its schema."""
    with schema.engine_of(f"sqlite:///{made}") as target:
        schema.bring_to(target, revision)
        tables.copy(engine, target)


def copy_file(engine: Engine, made: Path) -> None:
    # A read of one snapshot: writers go on, and nothing of theirs is half in it.
    pooled = engine.raw_connection()
    try:
        connection: Any = pooled.driver_connection
        connection.execute("VACUUM INTO ?", (str(made),))
    finally:
        pooled.close()


@contextmanager
def _reading(engine: Engine, warehouse_id: int) -> Iterator[Any]:
    try:
        with reading(engine, warehouse_id) as tx:
            yield tx
    finally:
        engine.dispose()  # its connections are set up for services now, which SQLAlchemy cannot read through
