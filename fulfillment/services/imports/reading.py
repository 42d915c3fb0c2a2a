"""An import file as rows: compression, encoding, separator, headings, and what is wrong with a row.

Owns everything between bytes and cells; it knows no table. A file that cannot be read at all is refused as
`UnreadableSheet`; a row that cannot is a `BadRow` among the others. Invariant: whatever the bytes, reading
ends in rows, bad rows or `UnreadableSheet`, and holds no more than `MAX_RECORD_LINES` lines at a time.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import shutil
import sys
import tempfile
import zlib
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from fulfillment.domain.reasons import DomainError
from fulfillment.services.common.sheets import unguarded

GZIP_MAGIC = b"\x1f\x8b"
SEPARATORS = (",", ";", "\t")
MAX_LINE = 65_536  # characters; a longer line is no row of a table
MAX_RECORD_LINES = 50  # a quoted cell over more lines than this is a quote that nobody closed
MAX_COLUMNS = 500
REJECTED_PREFIX = "rejected_"  # headings a reject file adds; ignored when it is imported again
VERSION_COLUMN = "floor_version"  # heading of a file we gave out: which version of the row somebody edits
_CHUNK = 1 << 16


class UnreadableSheet(DomainError):
    """The file as a whole cannot be imported: `code` says why."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What an import looks for. `other_headings`: names an optional column may also have in a file."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    other_headings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """A well-formed row. Number 1 is the heading, as a spreadsheet counts."""

    number: int
    cells: list[str]
    places: Mapping[str, int]

    def __getitem__(self, column: str) -> str:
        """The cell of one of our columns without surrounding blanks, '' when the file has no such column."""
        place = self.places.get(column)
        return self.cells[place].strip() if place is not None else ""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is none: its number, why not, and its cells as far as they can be told apart."""

    number: int
    reason: str
    words: str
    raw: str
    cells: list[str]
    places: Mapping[str, int]

    def guess(self, column: str) -> str:
        """What probably stands in a column."""
        place = self.places.get(column)
        return self.cells[place].strip().strip('"') if place is not None and place < len(self.cells) else ""


@dataclass(frozen=True)
class Sheet:
    """A file opened and understood. `rows` may be asked for more than once."""

    headings: tuple[str, ...]
    places: Mapping[str, int]
    separator: str
    encoding: str
    content_sha256: str
    lines: int
    notes: tuple[str, ...]
    _raw: IO[bytes]

    def rows(self) -> Iterator[Row | BadRow]:
        """Every row below the heading that is not blank.

        Raises:
            UnreadableSheet: the file changed or broke while it was read.
        """
        with _reading():
            records = _Records(_text(self._raw, self.encoding), self.separator, self.headings)
            was_given_out = any(_is_ours(heading) for heading in self.headings)
            for record in records:
                if isinstance(record, _Broken):
                    cells = record.raw.split(self.separator)
                    yield BadRow(records.number, record.reason, record.words, record.raw, cells, self.places)
                    continue
                if was_given_out:
                    record = [unguarded(cell) for cell in record]
                wrong = _count_cells(record, len(self.headings))
                if wrong is None:
                    yield Row(records.number, record, self.places)
                else:
                    raw = self.separator.join(record)
                    yield BadRow(records.number, wrong, _COUNT_WORDS[wrong].format(
                        len(record), len(self.headings)), raw, record, self.places)  # fmt: skip


_COUNT_WORDS = {
    "too_few_columns": "the row has {} columns, the heading {}",
    "too_many_columns": "the row has {} columns, the heading {}: is a separator inside a cell not quoted?",
}


def parse_map(text: str) -> dict[str, str]:
    """`order=order_id,qty=qty` as a mapping of our columns to the file's headings.

    Raises:
        ValueError: a part is not of the form ours=theirs.
    """
    pairs: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        ours, equals, theirs = (piece.strip() for piece in part.partition("="))
        if not (equals and ours and theirs):
            raise ValueError(f"{part!r} is not of the form ours=theirs")
        pairs[ours] = theirs
    return pairs


@contextmanager
def open_sheet(
    source: Path | str | bytes, columns: Columns, headings: Mapping[str, str] | None = None
) -> Iterator[Sheet]:
    """Open a CSV or CSV.gz file (`-` = standard input, bytes = the content itself) and read its heading.

    Raises:
        UnreadableSheet: no such file, broken compression, no heading, or a column that must be there is not.
    """
    with _reading(), _open_raw(source) as raw:
        yield _survey(raw, columns, headings or {})


@contextmanager
def _reading() -> Iterator[None]:
    """What the operating system and zlib say about a file, in our words."""
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UnreadableSheet("bad_gzip", f"the compressed file is damaged: {error}") from error
    except FileNotFoundError as error:
        raise UnreadableSheet("no_such_file", f"no such file: {error.filename}") from error
    except (IsADirectoryError, PermissionError) as error:
        raise UnreadableSheet("cannot_read", f"cannot read {error.filename}: {error.strerror}") from error


@contextmanager
def _open_raw(source: Path | str | bytes) -> Iterator[IO[bytes]]:
    if isinstance(source, bytes):
        yield io.BytesIO(source)
    elif str(source) == "-":
        with _spooled(sys.stdin.buffer) as kept:
            yield kept
    else:
        with Path(source).open("rb") as file:
            if file.seekable():
                yield file
            else:
                with _spooled(file) as kept:
                    yield kept


@contextmanager
def _spooled(stream: Any) -> Iterator[IO[bytes]]:
    # The file is read more than once and a pipe cannot be: it is kept on disk meanwhile, not in memory.
    with tempfile.TemporaryFile() as kept:
        shutil.copyfileobj(stream, kept)
        yield kept


def _survey(raw: IO[bytes], columns: Columns, headings: Mapping[str, str]) -> Sheet:
    notes: list[str] = []
    encoding, sha256, lines = _find_encoding(raw)
    if encoding == "cp1252":
        notes.append("the file is not UTF-8: read as Windows-1252")
    known = {*columns.required, *columns.optional}
    for ours in headings:
        if ours not in known:
            raise UnreadableSheet("unknown_column", f"there is no column {ours!r} to map; there are: "
                                  f"{', '.join(sorted(known))}", ours)  # fmt: skip
    separator, header = _find_heading(_text(raw, encoding), _wanted(columns, headings))
    places = _find_columns(header, columns, headings)
    used = set(places.values())
    unused = [name for at, name in enumerate(header) if at not in used and name and not _is_ours(name)]
    if unused:
        notes.append(f"columns not used: {', '.join(_shorten(name) for name in unused[:20])}")
    return Sheet(tuple(header), places, separator, encoding, sha256, lines, tuple(notes), raw)


def _find_encoding(raw: IO[bytes]) -> tuple[str, str, int]:
    """One pass over the bytes: encoding, SHA-256 of the content, number of lines."""
    stream = _bytes_of(raw)
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    digest = hashlib.sha256()
    encoding, lines, is_first = "utf-8-sig", 0, True
    while chunk := stream.read(_CHUNK):
        if is_first and chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            encoding = "utf-16"
        is_first = False
        digest.update(chunk)
        lines += chunk.count(b"\n")
        if encoding == "utf-8-sig":
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                encoding = "cp1252"
    if encoding == "utf-8-sig":
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            encoding = "cp1252"
    return encoding, digest.hexdigest(), lines


def _bytes_of(raw: IO[bytes]) -> IO[bytes]:
    raw.seek(0)
    is_gzip = raw.read(2) == GZIP_MAGIC
    raw.seek(0)
    return gzip.GzipFile(fileobj=raw, mode="rb") if is_gzip else raw  # type: ignore[return-value]


def _text(raw: IO[bytes], encoding: str) -> Iterator[str]:
    """Lines without their ends, each cut just above MAX_LINE. Any of the three line ends counts."""
    decoder = io.IncrementalNewlineDecoder(
        codecs.getincrementaldecoder(encoding)("replace"), translate=True
    )
    stream = _bytes_of(raw)
    rest, is_cut = "", False
    while True:
        chunk = stream.read(_CHUNK)
        rest += decoder.decode(chunk, final=not chunk)
        *whole, rest = rest.split("\n")
        for line in whole:
            if is_cut:
                is_cut = False  # the tail of a line whose head was given out already
                continue
            yield line
        if len(rest) > MAX_LINE and not is_cut:
            yield rest[: MAX_LINE + 1]
            is_cut = True
        if is_cut:
            rest = ""
        if not chunk:
            break
    if rest:
        yield rest


@dataclass(frozen=True, slots=True)
class _Broken:
    reason: str
    words: str
    raw: str


class _Records:
    """Cells of each record below the heading, or what is wrong with it. `number` is the last one's."""

    def __init__(self, lines: Iterator[str], separator: str, headings: Sequence[str]) -> None:
        self.number = 0
        self._lines = lines
        self._separator = separator
        self._width = len(headings)
        self._pending: deque[str] = deque()  # looked at while searching the end of a quoted cell

    def __iter__(self) -> Iterator[list[str] | _Broken]:
        is_heading = True
        while (line := self._next()) is not None:
            if is_heading:
                # The same way to the heading as `_find_heading` went.
                if line.strip() and not _is_separator_line(line):
                    is_heading = False
                    self.number = 1
                continue
            self.number += 1
            record = self._read(line)
            if isinstance(record, _Broken) or any(cell.strip() for cell in record):
                yield record

    def _next(self) -> str | None:
        return self._pending.popleft() if self._pending else next(self._lines, None)

    def _read(self, line: str) -> list[str] | _Broken:
        if len(line) > MAX_LINE:
            return _Broken("line_too_long", f"the line is longer than {MAX_LINE} characters", line[:200])
        if "\0" in line:
            return _Broken("nul_character", "the row holds a NUL character", line)
        if '"' not in line:
            return line.split(self._separator)
        try:
            return _parse([line], self._separator)
        except _Unclosed:
            return self._read_over_lines(line)
        except csv.Error as error:
            return _Broken("malformed", f"the row is no CSV: {error}", line)

    def _read_over_lines(self, first: str) -> list[str] | _Broken:
        """A quoted cell that goes on below. When that leads nowhere, only the first line is bad."""
        taken: list[str] = []
        while len(taken) < MAX_RECORD_LINES and (line := self._next()) is not None:
            taken.append(line)
            if len(line) > MAX_LINE or "\0" in line:
                break
            if '"' not in line:
                continue
            try:
                record = _parse([first, *taken], self._separator)
            except _Unclosed:
                continue
            except csv.Error:
                break
            if len(record) == self._width:
                return record
            break
        self._pending.extendleft(reversed(taken))
        return _Broken("unbalanced_quotes", "a quotation mark is opened and never closed", first)


class _Unclosed(Exception):
    """The record ends inside quotes."""


def _parse(lines: Sequence[str], separator: str) -> list[str]:
    """The one record of these lines.

    Raises:
        _Unclosed: it does not end here; csv.Error: it is no CSV.
    """
    try:
        return next(csv.reader([f"{line}\n" for line in lines], delimiter=separator, strict=True), [])
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            raise _Unclosed from error
        raise


def _count_cells(cells: list[str], width: int) -> str | None:
    """Cut blank cells hanging over at the end; what is wrong with the number of the others."""
    while len(cells) > width and not cells[-1].strip():
        cells.pop()
    if len(cells) == width:
        return None
    return "too_few_columns" if len(cells) < width else "too_many_columns"


def _find_heading(lines: Iterator[str], wanted: set[str]) -> tuple[str, list[str]]:
    line = next((line for line in lines if line.strip() and not _is_separator_line(line)), None)
    if line is None:
        raise UnreadableSheet("empty_file", "the file is empty: it needs a heading and rows below it")
    if "\0" in line or len(line) > MAX_LINE:
        raise UnreadableSheet("no_table", "the file does not begin with a heading: is it a CSV file?")
    read: list[tuple[int, int, str, list[str]]] = []
    for preference, separator in enumerate(SEPARATORS):
        try:
            header = [cell.strip() for cell in _parse([line], separator)]
        except (_Unclosed, csv.Error):
            continue
        found = sum(heading.casefold() in wanted for heading in header)
        read.append((found * 1000 + len(header), -preference, separator, header))
    if not read:
        raise UnreadableSheet("bad_heading", f"the heading is no CSV: {_shorten(line)}")
    _, _, separator, header = max(read)
    if len(header) > MAX_COLUMNS:
        raise UnreadableSheet("bad_heading", f"the heading has {len(header)} columns, more than {MAX_COLUMNS}")
    return separator, header


def _is_separator_line(line: str) -> bool:
    return line.strip().lower() in {f"sep={separator.strip()}" for separator in SEPARATORS}


def _wanted(columns: Columns, headings: Mapping[str, str]) -> set[str]:
    names = {*columns.required, *columns.optional, *headings.values()}
    return {name.casefold() for name in names.union(*columns.other_headings.values())}


def _find_columns(header: Sequence[str], columns: Columns, headings: Mapping[str, str]) -> dict[str, int]:
    folded = [name.casefold() for name in header]
    places: dict[str, int] = {}
    for ours in (*columns.required, *columns.optional):
        names = (headings[ours],) if ours in headings else (ours, *columns.other_headings.get(ours, ()))
        name = next((name for name in names if name.casefold() in folded), None)
        if name is None:
            if ours in headings or ours in columns.required:
                has = ", ".join(_shorten(heading) for heading in header[:30])
                raise UnreadableSheet("missing_column", f"no column {names[0]!r} (the file has: {has});"
                                      f" name another with --map {ours}=…", ours)  # fmt: skip
            continue
        if folded.count(name.casefold()) > 1:
            raise UnreadableSheet("duplicate_column", f"the heading names {name!r} twice", ours)
        places[ours] = folded.index(name.casefold())
    return places


def _is_ours(heading: str) -> bool:
    return heading.casefold().startswith(REJECTED_PREFIX) or heading.casefold() == VERSION_COLUMN


def _shorten(text: str, most: int = 40) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
