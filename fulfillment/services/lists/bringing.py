"""A file or a form into a list: rehearsed first, then stored whole or not at all.

The import that reads the same file at the command line does the work, within one transaction of ours. Refuses a row
somebody else changed since it was given out. Invariant: a rehearsal and a refusal leave nothing behind.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from fulfillment.domain.reasons import Conflict, DomainError
from fulfillment.hot import Tx, Writer
from fulfillment.services.imports.reading import VERSION_COLUMN, Columns, Row, UnreadableSheet, open_sheet
from fulfillment.services.imports.report import ImportReport, RowError
from fulfillment.services.lists.kinds import Listing
from fulfillment.services.lists.looking import rows_of, version_of

T = TypeVar("T")

MAX_ROWS = 5_000
"""Of one file at a desk: it is one transaction, and scans wait as long. A larger one is for `floor import`."""
SHOWN_CHANGES = 200


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one row: column, what it said, what it says then. Of a new row, what is not as usual."""

    key: str
    is_new: bool
    columns: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Brought:
    """What a file did, or would do: the import's own report, and the first rows it changes."""

    report: ImportReport
    changes: tuple[Change, ...]


class _Refused(Exception):
    """Something of the file is wrong: none of it is kept."""


class _Rehearsed(Exception):
    """It went well, and nothing of it is kept."""


class Within:
    """A writer inside a transaction that is under way: pieces of work that stand or fall with it."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def write(self, work: Callable[[Tx], T]) -> T:
        with self._tx.savepoint():
            return work(self._tx)

    def watch(self, told: Callable[[int, float], None]) -> None:
        """The transaction around is the one that is measured."""

    def close(self) -> None:
        """It ends with the transaction around."""


def rehearse(writer: Writer, work: Callable[[Tx], T]) -> T:
    """What `work` comes to, and nothing of it is kept."""
    answers: list[T] = []

    def rehearsal(tx: Tx) -> None:
        answers.append(work(tx))
        raise _Rehearsed

    with suppress(_Rehearsed):
        writer.write(rehearsal)
    return answers[0]


def bring(writer: Writer, listing: Listing, content: bytes, *, is_rehearsal: bool) -> Brought:
    """Store a file, or say what storing it would change. With anything wrong in it, nothing is stored."""
    came: list[Brought] = []

    def work(tx: Tx) -> None:
        came[:] = [brought(tx, listing, content)]
        if not came[0].report.is_ok:
            raise _Refused
        if is_rehearsal:
            raise _Rehearsed

    try:
        writer.write(work)
    except (_Refused, _Rehearsed):
        came[0].report.is_dry_run = True
    return came[0]


def save(writer: Writer, listing: Listing, values: Mapping[str, str], version: str) -> Brought:
    """A row as a form has it: a new one (`version` ''), or one that is there and still says what the form was given.

    What the rules refuse is in the report.

    Raises:
        DomainError: no key; Conflict: a new one is there already; another was changed or taken away meanwhile.
    """

    def work(tx: Tx) -> Brought:
        key = listing.key_of(values.get(listing.key, ""))
        if not key:
            raise DomainError("missing_value", f"{listing.key} is empty", listing.key)
        if listing.source and not version and key in rows_of(tx, listing, [key]):
            raise Conflict("there_already", f"there is a {key} already", listing.key)
        if version and _is_stale(rows_of(tx, listing, [key]).get(key), version):
            raise Conflict("changed_meanwhile", f"{key} says something else by now", listing.key)
        came = brought(tx, listing, _file_of(listing, values))
        if not came.report.is_ok:
            refused.append(came)
            raise _Refused
        return came

    refused: list[Brought] = []
    try:
        return writer.write(work)
    except _Refused:
        return refused[0]


def brought(tx: Tx, listing: Listing, content: bytes) -> Brought:
    """A file stored in this transaction; whoever calls takes it back where the report is not well."""
    try:
        keys, stale = _keys(tx, listing, content)
    except UnreadableSheet as error:
        report = ImportReport(listing.name)
        report.errors.append(RowError(0, error.field or "", "", error.code, error.detail))
        return Brought(report, ())
    before = rows_of(tx, listing, keys[:SHOWN_CHANGES]) if listing.source else {}
    report = listing.bring(Within(tx), content)
    report.errors[:0] = stale
    report.rejected += len(stale)
    after = rows_of(tx, listing, keys[:SHOWN_CHANGES]) if listing.source else {}
    return Brought(report, tuple(_changes(listing, before, after)))


def _keys(tx: Tx, listing: Listing, content: bytes) -> tuple[list[str], list[RowError]]:
    """The keys of a file, and its rows that somebody else changed since they were given out."""
    sought = Columns(required=(listing.key,), optional=(VERSION_COLUMN,))
    given: dict[str, tuple[int, str]] = {}
    rows = 0
    with open_sheet(content, sought) as sheet:
        for row in sheet.rows():
            rows += 1
            if rows > MAX_ROWS:
                raise UnreadableSheet(
                    "too_many_rows", f"at most {MAX_ROWS} rows at a desk; bring the rest as another file,"
                    " or all with `floor import`",
                )  # fmt: skip
            if isinstance(row, Row) and row[listing.key]:
                given.setdefault(listing.key_of(row[listing.key]), (row.number, row[VERSION_COLUMN]))
    versions = {key: (number, version) for key, (number, version) in given.items() if version}
    known = rows_of(tx, listing, list(versions)) if versions and listing.source else {}
    stale = [
        RowError(number, listing.key, key, "changed_meanwhile", f"{key} was changed since this file was written")
        for key, (number, version) in versions.items()
        if listing.source and _is_stale(known.get(key), version)
    ]
    return list(given), stale


def _is_stale(row: Mapping[str, str] | None, version: str) -> bool:
    return row is None or version_of(row) != version


def _changes(
    listing: Listing, before: Mapping[str, Mapping[str, str]], after: Mapping[str, Mapping[str, str]]
) -> list[Change]:  # fmt: skip
    found = []
    for key, row in after.items():
        known = before.get(key)
        if known is None:
            said = (column for column in listing.columns if row[column.name] not in ("", column.default))
            new = tuple((column.name, "", row[column.name]) for column in said)
            found.append(Change(key, True, new))
        elif known != row:
            changed = tuple(
                (column, known[column], row[column]) for column in _names(listing) if known[column] != row[column]
            )
            found.append(Change(key, False, changed))
    return found


def _names(listing: Listing) -> list[str]:
    return [column.name for column in listing.columns]


def _file_of(listing: Listing, values: Mapping[str, str]) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(_names(listing))
    rows.writerow([values.get(name, "").replace("\r", " ").replace("\n", " ") for name in _names(listing)])
    return text.getvalue().encode()


