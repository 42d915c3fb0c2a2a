"""A SQLite floor moves to PostgreSQL: all of it or nothing, compared row for row, verified on both sides.

Nobody may be on the floor meanwhile, and the database it moves to must hold none. The file stays as it was; two
floors that both go on would each promise the same stock, so only one address may be used from then on.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.engine import Engine

from fulfillment.db import is_sqlite, sqlite_path
from fulfillment.hot.presence import FloorInUse, Presence
from fulfillment.safekeeping import NotSafe, schema, tables
from fulfillment.safekeeping.backup import End, end_of, refuse_wrong


@dataclass(frozen=True)
class Moved:
    """What stands there now, the same as here."""

    revision: str
    rows: int
    tables: dict[str, tables.Sum]
    ends: list[End]

    def report(self) -> dict[str, Any]:
        """For a program."""
        return asdict(self)


def move_to_postgresql(url: str, to_url: str) -> Moved:
    """Copy the floor at `url` (a SQLite file) to `to_url`.

    Raises:
        NotSafe: somebody is on the floor, the other side holds one, or the two are not the same afterwards. Nothing
            is kept there then, and the floor here is never changed.
    """
    if not is_sqlite(url) or is_sqlite(to_url):
        raise NotSafe("it goes from a SQLite file (FLOOR_DATABASE) to postgresql+psycopg://…")
    place = sqlite_path(url)
    if not place.exists():
        raise NotSafe(f"there is no floor at {place}")
    try:
        alone = Presence(place, alone=True)
    except FloorInUse as error:
        raise NotSafe(str(error)) from error
    with alone, schema.engine_of(url) as source, schema.engine_of(to_url) as target:
        if schema.revision_of(source) != schema.newest():
            raise NotSafe("the floor has an older schema: run `floor upgrade` first")
        if schema.revision_of(target) not in ("", schema.newest()):
            raise NotSafe("the other database has an older schema: give an empty one")
        if schema.warehouses(target):
            raise NotSafe("there is a floor in the other database already")
        refuse_wrong(source)
        schema.bring_to(target, "head")
        try:
            sums = tables.copy(source, target)
        except ValueError as error:
            raise NotSafe(f"nothing was kept: {error}") from error
        refuse_wrong(target)
        return Moved(schema.newest(), sum(one.rows for one in sums.values()), sums, _same_ends(source, target))


def _same_ends(source: Engine, target: Engine) -> list[End]:
    here, there = ([end_of(engine, one) for one in schema.warehouses(engine)] for engine in (source, target))
    if here != there:
        raise NotSafe("the other side ends elsewhere: do not use it")
    return here
