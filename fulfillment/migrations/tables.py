"""Changing a table that exists: columns and constraints added, constraints dropped.

PostgreSQL alters in place. SQLite cannot change a constraint, so the table is written anew beside the old one,
filled, and takes its name (source: sqlite.org/lang_altertable.html, section 7); its indexes and triggers come
back with it. Foreign keys are off while revisions run, and checked when they have.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from alembic import op
from sqlalchemy import Column, text
from sqlalchemy.schema import CreateColumn


def change(
    table: str, add_columns: Sequence[Column] = (), drop_columns: Sequence[str] = (),
    drop: Sequence[str] = (), add: Mapping[str, str] | None = None, optional: Mapping[str, bool] | None = None,
) -> None:  # fmt: skip
    """Alter `table`; `add` gives each new constraint's condition by its name, `optional` whether a column may be empty
    from now on."""
    bind = op.get_bind()
    if bind.dialect.name != "sqlite":
        for name, may_be_empty in (optional or {}).items():
            op.alter_column(table, name, nullable=may_be_empty)
        for name in drop:
            op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        for name in drop_columns:
            op.drop_column(table, name)
        for column in add_columns:
            op.add_column(table, column)
        for name, condition in (add or {}).items():
            op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {condition}")
        return
    (sql,) = bind.execute(text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :t"), {"t": table}).one()
    parts = _parts(sql)
    kept = [part for part in parts if _name(part) not in {*drop, *drop_columns}]
    columns = [part for part in kept if not part.startswith(("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"))]
    constraints = kept[len(columns) :]
    columns = [_optional(part, (optional or {}).get(_name(part))) for part in columns]
    fresh = [str(CreateColumn(column).compile(dialect=bind.dialect)) for column in add_columns]
    constraints += [f"CONSTRAINT {name} {condition}" for name, condition in (add or {}).items()]
    shared = ", ".join(_name(part) for part in columns)
    others = bind.execute(
        text("SELECT sql FROM sqlite_master WHERE tbl_name = :t AND type IN ('index', 'trigger') AND sql IS NOT NULL"),
        {"t": table},
    ).scalars().all()  # fmt: skip
    body = ", \n\t".join(columns + fresh + constraints)
    bind.execute(text(f"CREATE TABLE {table}_anew (\n\t{body}\n)".replace(":", "\\:")))
    bind.execute(text(f"INSERT INTO {table}_anew ({shared}) SELECT {shared} FROM {table}"))
    bind.execute(text(f"DROP TABLE {table}"))
    bind.execute(text(f"ALTER TABLE {table}_anew RENAME TO {table}"))
    for statement in others:
        bind.execute(text(statement.replace(":", "\\:")))


def append_only(*tables: str) -> None:
    """Triggers that refuse to change or delete a row of these tables."""
    if op.get_bind().dialect.name != "sqlite":
        op.execute(
            "CREATE OR REPLACE FUNCTION floor_append_only() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '23000'; END $$"
        )
        for table in tables:
            op.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION floor_append_only()"
            )
            op.execute(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
                " FOR EACH STATEMENT EXECUTE FUNCTION floor_append_only()"
            )
        return
    for table in tables:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def _parts(sql: str) -> list[str]:
    """Columns and constraints of a CREATE TABLE, in order."""
    body = sql[sql.index("(") + 1 : sql.rindex(")")]
    parts, depth, start, quoted = [], 0, 0, False
    for place, character in enumerate(body):
        if character == "'":
            quoted = not quoted
        elif not quoted:
            depth += (character == "(") - (character == ")")
            if character == "," and depth == 0:
                parts.append(body[start:place].strip())
                start = place + 1
    return [*parts, body[start:].strip()]


def _optional(column: str, may_be_empty: bool | None) -> str:
    if may_be_empty is None:
        return column
    bare = re.sub(r"\s+NOT NULL\b", "", column)
    return bare if may_be_empty else f"{bare} NOT NULL"


def _name(part: str) -> str:
    found = re.match(r'(?:CONSTRAINT\s+)?"?(\w+)"?', part)
    if found is None:
        raise ValueError(f"no name in {part!r}")
    return found.group(1)
