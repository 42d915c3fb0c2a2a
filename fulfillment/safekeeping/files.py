"""Files that are whole or not there: hashed, written through to the disk, moved into place in one step."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BESIDE = ("-wal", "-shm", "-journal", ".writer-lock", ".in-use")  # what opening a database leaves beside it


def sha256_of(path: Path) -> str:
    """Of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_through(path: Path) -> None:
    """Have the disk, not only the system, hold what was written."""
    for part in (path, path.parent):
        file = os.open(part, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)


def put_in_place(made: Path, place: Path) -> None:
    """Give a finished file its name: whoever looks finds the old one or this one, whole."""
    write_through(made)
    made.replace(place)
    write_through(place)


@contextmanager
def unfinished(place: Path, word: str) -> Iterator[Path]:
    """A path beside `place` to make its successor at; what is left of it, or of an attempt that was killed, goes."""
    made = place.with_name(f".{place.name}.{word}")
    remove(made)
    try:
        yield made
    finally:
        remove(made)


def remove(database: Path) -> None:
    """A database file and all beside it."""
    for suffix in ("", *BESIDE):
        with contextlib.suppress(FileNotFoundError):
            database.with_name(database.name + suffix).unlink()


def remove_beside(database: Path) -> None:
    """What opening it left beside a database that nobody has open."""
    for suffix in BESIDE:
        with contextlib.suppress(FileNotFoundError):
            database.with_name(database.name + suffix).unlink()
