"""Files of which each row is one thing with a code of its own: read, then stored by the service that owns it.

Owns how such a file goes by, not what a thing may be. Each row is stored or refused by itself. Invariant: importing a
file twice changes nothing the second time, as far as the service's `put` answers "unchanged".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fulfillment.domain.reasons import DomainError
from fulfillment.hot import Tx, Writer
from fulfillment.services.imports.cells import BadCell
from fulfillment.services.imports.reading import BadRow, Columns, Row, open_sheet
from fulfillment.services.imports.report import ImportReport, Journal, Options, journal, reporting


@dataclass(frozen=True)
class Keyed:
    """How one kind of thing is read and stored. `thing`: what a person calls it; `key`: its code of a row, raising
    `BadCell`; `values`: of the columns the file has; `put`: created, updated or unchanged, raising `DomainError`."""

    name: str
    thing: str
    columns: Columns
    key: Callable[[Row], str]
    values: Callable[[Row], dict[str, Any]]
    put: Callable[[Tx, str, dict[str, Any]], str]


def import_keyed(
    kind: Keyed, writer: Writer, source: Path | str | bytes, options: Options | None = None
) -> ImportReport:  # fmt: skip
    """Create and update the things of a file."""
    options = options or Options()
    with (
        reporting(kind.name, options) as report,
        open_sheet(source, kind.columns, options.headings) as sheet,
        journal(report, sheet, options) as kept,
    ):
        seen: dict[str, int] = {}
        for row in sheet.rows():
            kept.saw(row.number)
            if isinstance(row, BadRow):
                kept.reject_bad(row)
            else:
                _take(kind, writer, row, kept, seen)
    return report


def _take(kind: Keyed, writer: Writer, row: Row, kept: Journal, seen: dict[str, int]) -> None:
    column = kind.columns.required[0]
    try:
        key, values = kind.key(row), kind.values(row)
    except BadCell as bad:
        kept.reject(row, bad.column, bad.reason, bad.words, bad.value)
        return
    first = seen.setdefault(key, row.number)
    if first != row.number:
        kept.reject(row, column, "duplicate_row", f"row {first} is about this {kind.thing} already")
        return
    try:
        what = writer.write(lambda tx: kind.put(tx, key, values))
    except DomainError as error:
        kept.reject(row, error.field or column, error.code, error.detail)
        return
    setattr(kept.report, what, getattr(kept.report, what) + 1)
