"""What an import did: figures, rows it left out, rows it refused, and the file of refused rows.

Owns the difference between a row that is *left out* as announced (a cancellation, a negative quantity) and
one that is *wrong*. Refuses nothing itself. Invariant: rows = taken + left_out + rejected, and the exit code
is 0 exactly when nothing was rejected and the file could be read.
"""

from __future__ import annotations

import csv
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from fulfillment.services.common.sheets import guarded
from fulfillment.services.imports.reading import REJECTED_PREFIX, BadRow, Row, Sheet, UnreadableSheet

MAX_SHOWN = 60  # characters of a value in a report
MAX_NOTES = 50
REJECTED_HEADINGS = tuple(REJECTED_PREFIX + name for name in ("row", "column", "reason", "words"))


@dataclass(frozen=True, slots=True)
class RowError:
    """One thing wrong with one row (0 = the whole file). `value` is shortened."""

    row: int
    column: str
    value: str
    reason: str
    words: str


@dataclass
class ImportReport:
    """The result of an import, the same for a dry run. `created` … count orders, items, locations or rows."""

    kind: str
    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    left_out: int = 0
    errors: list[RowError] = field(default_factory=list)
    left_out_rows: list[RowError] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)
    figures: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    is_dry_run: bool = False
    elapsed_ms: int = 0

    @property
    def is_ok(self) -> bool:
        """Whether nothing was rejected; rows left out as announced do not count."""
        return not self.rejected and not self.errors

    @property
    def exit_code(self) -> int:
        return 0 if self.is_ok else 1

    def as_json(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {**asdict(self), "ok": self.is_ok}


@dataclass(frozen=True)
class Options:
    """How to import. `headings`: our column → the file's heading; `progress(row, rows)` may be called often."""

    headings: Mapping[str, str] = field(default_factory=dict)
    reject: Path | None = None
    limit_errors: int = 100
    progress: Callable[[int, int], None] | None = None


class Journal:
    """Keeps the report while rows go by, and writes the refused ones to the reject file."""

    def __init__(self, report: ImportReport, sheet: Sheet, options: Options, reject: IO[str] | None) -> None:
        self.report = report
        self._options = options
        self._lines = max(sheet.lines, 1)
        self._notes: dict[str, list[int]] = {}
        self._reasons: Counter[str] = Counter()
        self._kept = [at for at, name in enumerate(sheet.headings) if not name.startswith(REJECTED_PREFIX)]
        self._writer = csv.writer(reject, delimiter=sheet.separator, lineterminator="\n") if reject else None
        if self._writer:
            self._writer.writerow([*(guarded(sheet.headings[at]) for at in self._kept), *REJECTED_HEADINGS])
        for words in sheet.notes:
            self.note(words)

    def saw(self, number: int) -> None:
        """Another row was read."""
        self.report.rows += 1
        if self._options.progress and number % 100 == 0:
            self._options.progress(number, self._lines)

    def reject(self, row: Row | BadRow, column: str, reason: str, words: str, value: str | None = None) -> None:
        """A row that is wrong."""
        if value is None:
            value = row[column] if isinstance(row, Row) and column else ""
        self.report.rejected += 1
        self._reasons[reason] += 1
        error = RowError(row.number, column, shorten(value), reason, words)
        if len(self.report.errors) < self._options.limit_errors:
            self.report.errors.append(error)
        self._write(row, error)

    def reject_bad(self, row: BadRow) -> None:
        """A row that could not even be read."""
        self.reject(row, "", row.reason, row.words, row.raw)

    def reject_along(self, row: Row, reason: str, words: str) -> None:
        """A good row that goes down with a wrong one: not an error of its own."""
        self.report.rejected += 1
        self._reasons[reason] += 1
        self._write(row, RowError(row.number, "", "", reason, words))

    def leave_out(self, row: Row, column: str, reason: str, words: str) -> None:
        """A row that is not imported, as announced."""
        self.report.left_out += 1
        self._reasons[reason] += 1
        error = RowError(row.number, column, shorten(row[column]), reason, words)
        if len(self.report.left_out_rows) < self._options.limit_errors:
            self.report.left_out_rows.append(error)
        self._write(row, error)

    def note(self, words: str, row: int = 0) -> None:
        """Something to know that is no error; the same words are kept once, with their first row."""
        seen = self._notes.get(words)
        if seen is not None:
            seen[1] += 1
        elif len(self._notes) < MAX_NOTES:
            self._notes[words] = [row, 1]

    def close(self) -> None:
        self.report.reasons = dict(sorted(self._reasons.items()))
        self.report.notes = [_with_rows(words, *seen) for words, seen in self._notes.items()]

    def _write(self, row: Row | BadRow, error: RowError) -> None:
        if self._writer is None:
            return
        if isinstance(row, BadRow) and row.reason != "too_few_columns":
            kept = [row.raw, *[""] * (len(self._kept) - 1)]  # its cells cannot be told apart
        else:
            kept = [row.cells[at] if at < len(row.cells) else "" for at in self._kept]
        cells = (*kept, error.column, error.reason, error.words)
        *kept, column, reason, words = (guarded(cell) for cell in cells)
        self._writer.writerow([*kept, error.row, column, reason, words])


def _with_rows(words: str, row: int, times: int) -> str:
    if not row:
        return words
    return f"{words} (row {row})" if times == 1 else f"{words} (row {row} and {times - 1} more)"


def shorten(value: str) -> str:
    """A value as a report shows it: one line, not too long."""
    value = " ".join(value.split())
    return value if len(value) <= MAX_SHOWN else value[: MAX_SHOWN - 1] + "…"


@contextmanager
def reporting(kind: str, options: Options) -> Iterator[ImportReport]:
    """A report that also carries an unreadable file: the caller's block ends, the report stands."""
    started = time.monotonic()
    report = ImportReport(kind)
    try:
        yield report
    except UnreadableSheet as error:
        report.errors.insert(0, RowError(0, error.field or "", "", error.code, error.detail))
    report.elapsed_ms = int((time.monotonic() - started) * 1000)


@contextmanager
def journal(report: ImportReport, sheet: Sheet, options: Options) -> Iterator[Journal]:
    """The journal of one import, its reject file open meanwhile."""
    with ExitStack() as stack:
        reject = None
        if options.reject is not None:
            reject = stack.enter_context(options.reject.open("w", encoding="utf-8", newline=""))
        kept = Journal(report, sheet, options, reject)
        stack.callback(kept.close)
        yield kept
