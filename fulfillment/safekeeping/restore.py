"""A copy becomes a floor again: checked, brought to today's schema, verified, then put in place in one step.

A floor that is there is never overwritten unless asked for, and then kept beside the new one. Devices need nothing:
what they sent before the copy is answered as it was, what they sent after it they send again or a person does.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fulfillment.db import is_sqlite, sqlite_path
from fulfillment.hot.presence import FloorInUse, Presence
from fulfillment.safekeeping import NotSafe, files, schema, tables
from fulfillment.safekeeping.backup import End, check, read_paper, refuse_wrong


@dataclass(frozen=True)
class Restored:
    """What came back: from which schema to which, and where the floor that was there is now ('' = there was none)."""

    from_revision: str
    revision: str
    ends: list[End]
    kept_as: str = ""


def restore(file: Path, url: str, *, replace: bool = False) -> Restored:
    """Make the floor at `url` what the copy says.

    Raises:
        NotSafe: the copy is not right, a floor is there and `replace` was not asked for, or it is in use.
    """
    paper = read_paper(file)
    if paper.revision > schema.newest():
        raise NotSafe(f"{file} has the schema {paper.revision}: a newer version of this program made it")
    if is_sqlite(url):
        return _into_file(file, sqlite_path(url), paper.revision, replace)
    return _into_server(file, url, paper.revision)


def swap(made: Path, place: Path, kept_as: Path | None) -> None:
    """Put a finished database where another one is; the other keeps another name. Nobody may have either open."""
    left = [name for name in ("-wal", "-journal") if place.with_name(place.name + name).exists()]
    if left:
        # Its own recovery must run first: what it left would be taken for changes to the new one.
        with schema.engine_of(f"sqlite:///{place}") as engine, engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        if any(place.with_name(place.name + name).exists() for name in left):
            raise NotSafe(f"{place}{left[0]} does not go away: is the floor open in another program?")
    if kept_as is not None and place.exists():
        kept_as.parent.mkdir(parents=True, exist_ok=True)
        os.link(place, kept_as)  # a second name: at no moment is there no floor
    files.put_in_place(made, place)


def _into_file(file: Path, place: Path, revision: str, replace: bool) -> Restored:
    try:
        alone = Presence(place, alone=True)
    except FloorInUse as error:
        raise NotSafe(str(error)) from error
    with alone, files.unfinished(place, "restoring") as made:
        there = _has_floor(place)
        if there and not replace:
            raise NotSafe(f"there is a floor at {place}: use --replace, or another FLOOR_HOME")
        shutil.copyfile(file, made)
        os.chmod(made, 0o600)
        with schema.engine_of(f"sqlite:///{made}") as engine:
            schema.bring_to(engine, "head")
        ends, _ = check(made, schema.newest())
        files.remove_beside(made)
        kept_as = place.with_name(f"{place.name}.before-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}") if there else None
        swap(made, place, kept_as)
    return Restored(revision, schema.newest(), ends, str(kept_as or ""))


def _into_server(file: Path, url: str, revision: str) -> Restored:
    with schema.engine_of(url) as target:
        if schema.warehouses(target):
            raise NotSafe("there is a floor in that database: make a new one, restore into it, then change the address")
        with files.unfinished(file, "restoring") as made:
            shutil.copyfile(file, made)
            with schema.engine_of(f"sqlite:///{made}") as source:
                schema.bring_to(source, "head")
                ends, _ = check(made, schema.newest())
                schema.bring_to(target, "head")
                tables.copy(source, target)
        refuse_wrong(target)
    return Restored(revision, schema.newest(), ends)


def _has_floor(place: Path) -> bool:
    if not place.exists() or place.stat().st_size == 0:
        return False
    with schema.engine_of(f"sqlite:///{place}") as engine:
        return bool(schema.warehouses(engine))
