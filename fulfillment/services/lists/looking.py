"""A list looked through: a page, one row, all of it as a file.

Pages go by the key, so a row that comes or goes meanwhile neither repeats nor hides another. A row's version is a hash
of what it says: whoever edits sends it back, and a row that says something else by then is not written over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fulfillment.hot import Tx
from fulfillment.services.common.pages import literal
from fulfillment.services.common.sheets import csv_text
from fulfillment.services.imports.reading import VERSION_COLUMN
from fulfillment.services.lists.kinds import Listing

PAGE_ROWS = 50
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in the order of their keys, and whether there are any before and after them."""

    rows: tuple[dict[str, str], ...]
    has_before: bool
    has_after: bool


def page_of(
    tx: Tx, listing: Listing, word: str = "", after: str = "", before: str = "", limit: int = PAGE_ROWS
) -> Page:  # fmt: skip
    """The rows whose words hold `word`, from behind the key `after` (or up to `before`) on."""
    where, params = _sought(listing, word)
    if before:
        rows = _rows(tx, listing, f"{where} AND {listing.key_sql} < :edge", "DESC", limit + 1, edge=before, **params)
        has_before, rows = len(rows) > limit, rows[:limit][::-1]
        return _page(tx, listing, rows, has_before, True)
    rows = _rows(tx, listing, f"{where} AND {listing.key_sql} > :edge", "ASC", limit + 1, edge=after, **params)
    return _page(tx, listing, rows[:limit], bool(after), len(rows) > limit)


def row_of(tx: Tx, listing: Listing, key: str) -> dict[str, str] | None:
    """One row; None when there is none of this key."""
    found = rows_of(tx, listing, [listing.key_of(key)])
    return next(iter(found.values()), None)


def rows_of(tx: Tx, listing: Listing, keys: Sequence[str]) -> dict[str, dict[str, str]]:
    """Key as it is matched → row, of those that are there."""
    found: dict[str, dict[str, str]] = {}
    for start in range(0, len(keys), _CHUNK):
        marks = {f"k{at}": key for at, key in enumerate(keys[start : start + _CHUNK])}
        within = f" AND {listing.key_sql} IN ({', '.join(f':{mark}' for mark in marks)})"
        rows = _filled(tx, listing, _rows(tx, listing, within, "ASC", _CHUNK, **marks))
        found.update({listing.key_of(row[listing.key]): row for row in rows})
    return found


def all_rows(tx: Tx, listing: Listing, word: str = "") -> Iterator[dict[str, str]]:
    """Every row a word means, in the order of keys."""
    after = ""
    while True:
        page = page_of(tx, listing, word, after, limit=_CHUNK)
        yield from page.rows
        if not page.has_after:
            return
        after = listing.key_of(page.rows[-1][listing.key])


def csv_of(tx: Tx, listing: Listing, word: str = "") -> str:
    """The list as a file that can be edited and brought in again."""
    columns = [*(column.name for column in listing.columns), VERSION_COLUMN]
    rows = ({**row, VERSION_COLUMN: version_of(row)} for row in all_rows(tx, listing, word))
    return csv_text(columns, rows)


def version_of(row: Mapping[str, str]) -> str:
    """Which version of a row this is."""
    said = "\x1f".join(f"{name}\x1e{value}" for name, value in sorted(row.items()))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _sought(listing: Listing, word: str) -> tuple[str, dict[str, Any]]:
    if not word:
        return "", {}
    # Once more in its own letter case, for SQLite folds the letters of ASCII only.
    safe = literal(word)
    either = " OR ".join(f"LOWER({sql}) LIKE :word ESCAPE '!' OR {sql} LIKE :own ESCAPE '!'" for sql in listing.sought)
    return f" AND ({either})", {"word": f"%{safe.lower()}%", "own": f"%{safe}%"}


def _rows(tx: Tx, listing: Listing, where: str, order: str, limit: int, **params: Any) -> list[dict[str, str]]:
    read = [column for column in listing.columns if column.sql]
    selected = ", ".join(f"{column.sql} AS c{at}" for at, column in enumerate(read))
    rows = tx.all(
        f"SELECT {selected} {listing.source}{where} ORDER BY {listing.key_sql} {order} LIMIT {int(limit)}", **params
    )
    return [
        {column.name: "" if row[f"c{at}"] is None else str(row[f"c{at}"]) for at, column in enumerate(read)}
        for row in rows
    ]


def _page(tx: Tx, listing: Listing, rows: list[dict[str, str]], has_before: bool, has_after: bool) -> Page:
    return Page(tuple(_filled(tx, listing, rows)), has_before, has_after)


def _filled(tx: Tx, listing: Listing, rows: list[dict[str, str]]) -> list[dict[str, str]]:
    if rows and listing.more is not None:
        listing.more(tx, rows)
    return rows
