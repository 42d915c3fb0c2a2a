"""Files of documents, one row a line: rows gathered by their number, each document stored whole or not at all.

Owns what purchase orders and receipts have in common. A wrong row keeps its document out; rows need not be
adjacent. Invariant: a document that was taken in before is recognised, and importing a file twice stores
nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from fulfillment.domain.reasons import DomainError
from fulfillment.hot import Tx, Writer
from fulfillment.services.imports import cells
from fulfillment.services.imports.cells import BadCell
from fulfillment.services.imports.reading import BadRow, Columns, Row, Sheet, open_sheet
from fulfillment.services.imports.report import ImportReport, Journal, Options, journal, reporting, shorten

BATCH_DOCUMENTS = 10
MAX_NUMBER = 40


class Stored(Protocol):
    """A document ready to be stored."""

    number: str


@dataclass(frozen=True)
class Kind:
    """How one kind of document is read and stored. `read`: what a row says about the whole document, and its
    line; `build`: the document of those; `store`: False when the same is known already."""

    name: str
    columns: Columns
    read: Callable[[Row], tuple[dict[str, str], Any]]
    build: Callable[[str, dict[str, str], Sequence[Any]], Stored]
    store: Callable[[Tx, Any], bool]


@dataclass(slots=True)
class _Gathered:
    number: str
    said: dict[str, tuple[str, int]] = field(default_factory=dict)
    lines: list[Any] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    wrong_row: int = 0


def import_documents(
    kind: Kind, writer: Writer, source: Path | str | bytes, options: Options | None = None
) -> ImportReport:
    """Store the documents of a file."""
    options = options or Options()
    with (
        reporting(kind.name, options) as report,
        open_sheet(source, kind.columns, options.headings) as sheet,
        journal(report, sheet, options) as kept,
    ):
        report.figures.update(documents=0, lines=0)
        whole = [document for document in _gather(kind, sheet, kept).values() if _is_whole(document, kept)]
        for start in range(0, len(whole), BATCH_DOCUMENTS):
            _store(kind, writer, whole[start : start + BATCH_DOCUMENTS], sheet, kept)
    return report


def _gather(kind: Kind, sheet: Sheet, kept: Journal) -> dict[str, _Gathered]:
    documents: dict[str, _Gathered] = {}
    for row in sheet.rows():
        kept.saw(row.number)
        if isinstance(row, BadRow):
            kept.reject_bad(row)
            number = row.guess("number")
            if 0 < len(number) <= MAX_NUMBER:
                documents.setdefault(number, _Gathered(number)).wrong_row = row.number
            continue
        document = None
        try:
            number = cells.needed(row, "number", MAX_NUMBER)
            document = documents.setdefault(number, _Gathered(number))
            said, line = kind.read(row)
            _agree(document, row, said)
        except BadCell as bad:
            kept.reject(row, bad.column, bad.reason, bad.words, bad.value)
            if document is not None:
                document.wrong_row = document.wrong_row or row.number
            continue
        document.lines.append(line)
        document.rows.append(row)
    return documents


def _agree(document: _Gathered, row: Row, said: dict[str, str]) -> None:
    """Empty cells say nothing; the others must say the same in every row."""
    for column, value in said.items():
        if not value:
            continue
        known, first = document.said.setdefault(column, (value, row.number))
        if known != value:
            raise BadCell(
                column, "document_differs", f"row {first} of {document.number} says {shorten(known)!r}", value
            )


def _is_whole(document: _Gathered, kept: Journal) -> bool:
    if document.wrong_row:
        _reject_along(document, document.wrong_row, document.rows, kept)
    return not document.wrong_row


def _reject_along(document: _Gathered, wrong_row: int, rows: Sequence[Row], kept: Journal) -> None:
    for row in rows:
        kept.reject_along(
            row, "document_not_imported", f"{shorten(document.number)} stays out because of row {wrong_row}"
        )


def _store(kind: Kind, writer: Writer, batch: Sequence[_Gathered], sheet: Sheet, kept: Journal) -> None:
    def work(tx: Tx) -> list[bool | DomainError]:
        return [_store_apart(kind, tx, document) for document in batch]

    for document, outcome in zip(batch, writer.write(work), strict=True):
        if isinstance(outcome, DomainError):
            row = document.rows[0]
            column = (outcome.field or "").rsplit(".", 1)[-1]
            kept.reject(row, column if column in sheet.places else "", outcome.code, outcome.detail)
            _reject_along(document, row.number, document.rows[1:], kept)
        elif outcome:
            kept.report.created += 1
            kept.report.figures["documents"] += 1
            kept.report.figures["lines"] += len(document.lines)
        else:
            kept.report.unchanged += 1


def _store_apart(kind: Kind, tx: Tx, document: _Gathered) -> bool | DomainError:
    said = {column: value for column, (value, _) in document.said.items()}
    try:
        with tx.savepoint():
            return kind.store(tx, kind.build(document.number, said, document.lines))
    except DomainError as error:
        return error
