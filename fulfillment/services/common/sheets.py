"""CSV that people open in a spreadsheet: written so that no cell is taken for a formula.

A buyer named `=HYPERLINK(…)` is text. Spreadsheets run what begins with = + - @ (or a tab or line end before
them); an apostrophe in front makes text of it, and `unguarded` takes it off again. Plain numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_FORMULA = re.compile(r"'*(?:\s*[=+\-@＝＋－＠]|[\t\r\n])")
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?")


def guarded(cell: str) -> str:
    """A cell no spreadsheet runs."""
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def unguarded(cell: str) -> str:
    """What a guarded cell was."""
    return cell[1:] if cell.startswith("'") and guarded(cell[1:]) == cell else cell


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """A heading and rows, guarded; None is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        cells = (row.get(column) for column in columns)
        writer.writerow(["" if cell is None else guarded(str(cell)) for cell in cells])
    return text.getvalue()
