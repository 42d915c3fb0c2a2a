"""Cells as values: whole numbers, dates, times, money, text; what is wrong with a cell, in words.

Pure. Refuses by raising `BadCell`, which names the column, a stable reason and the words for a person.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from fulfillment.services.imports.reading import Row

MAX_TEXT = 200

# Currencies whose minor unit is not a hundredth. Source: ISO 4217 (list one), column "Mnr unts".
_WITHOUT_MINOR_UNIT = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"}
)
_WITH_THOUSANDTHS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
_WHOLE = re.compile(r"[+-]?[0-9]{1,15}(\.0{1,6})?")
_YES = {"1": 1, "true": 1, "yes": 1, "y": 1, "0": 0, "false": 0, "no": 0, "n": 0, "": 0}


class BadCell(ValueError):
    """A cell that cannot be taken."""

    def __init__(self, column: str, reason: str, words: str, value: str | None = None) -> None:
        super().__init__(words)
        self.column = column
        self.reason = reason
        self.words = words
        self.value = value


def needed(row: Row, column: str, most: int = MAX_TEXT) -> str:
    """Text that must be there."""
    value = text(row, column, most)
    if not value:
        raise BadCell(column, "missing_value", f"{column} is empty")
    return value


def text(row: Row, column: str, most: int = MAX_TEXT) -> str:
    """Text of one line, in NFC; line breaks inside a cell become blanks."""
    value = row[column]
    if not value.isprintable():
        value = re.sub(r"[\t\n\r]+", " ", value)
        bad = next((letter for letter in value if unicodedata.category(letter) in ("Cc", "Cs")), None)
        if bad is not None:
            raise BadCell(column, "control_character", f"{column} holds control character 0x{ord(bad):02X}")
    if len(value) > most:
        raise BadCell(column, "too_long", f"{column} has {len(value)} characters, at most {most} are kept")
    return value if value.isascii() else unicodedata.normalize("NFC", value)


def whole(row: Row, column: str, low: int, high: int, default: int | None = None) -> int:
    """A whole number within bounds; an empty cell is the default, if there is one."""
    value = row[column]
    if not value:
        if default is None:
            raise BadCell(column, "missing_value", f"{column} is empty")
        return default
    if not _WHOLE.fullmatch(value):
        raise BadCell(column, "not_a_number", f"{column} is not a whole number")
    number = int(value.split(".")[0])
    if not low <= number <= high:
        raise BadCell(column, "out_of_range", f"{column} is {number}, not within {low} to {high}")
    return number


def word(row: Row, column: str, words: Sequence[str], default: str) -> str:
    """One of a few words, in any letter case; an empty cell is the default."""
    value = row[column]
    if not value:
        return default
    found = next((one for one in words if one.lower() == value.lower()), None)
    if found is None:
        raise BadCell(column, f"bad_{column}", f"{column} is none of {', '.join(words)}")
    return str(found)


def yes_or_no(row: Row, column: str) -> int:
    """1 or 0; an empty cell is 0."""
    value = _YES.get(row[column].lower())
    if value is None:
        raise BadCell(column, "not_yes_or_no", f"{column} is neither 1 nor 0 (yes, no, true and false are taken)")
    return value


def day(row: Row, column: str, *, is_needed: bool = False) -> str:
    """An ISO date, '' when the cell is empty."""
    value = row[column]
    if not value and not is_needed:
        return ""
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise BadCell(column, "bad_date", f"{column} is not a date like 2026-01-31") from error


def moment(row: Row, column: str, pattern: str = "") -> datetime:
    """A time as the file writes it: ISO 8601, or the pattern given. Naive when it names no offset."""
    value = row[column]
    try:
        # A naive time is a local one; whose, the caller knows.
        found = datetime.strptime(value, pattern) if pattern else datetime.fromisoformat(value)  # noqa: DTZ007
    except ValueError as error:
        shown = pattern or "2026-01-31 14:05:00"
        raise BadCell(column, "bad_time", f"{column} is not a time like {shown}") from error
    if not 1970 < found.year < 9000:
        raise BadCell(column, "bad_time", f"{column} is in the year {found.year}")
    return found


def money(row: Row, column: str, currency: str) -> int:
    """An amount in major units (`1.65`) as minor units, halves up; an empty cell is 0."""
    value = row[column]
    if not value:
        return 0
    try:
        amount = Decimal(value)
        if not amount.is_finite() or abs(amount) > 1_000_000_000:
            raise InvalidOperation
    except InvalidOperation as error:
        raise BadCell(column, "not_an_amount", f"{column} is not an amount like 12.50") from error
    if amount < 0:
        raise BadCell(column, "negative_amount", f"{column} is negative")
    digits = 0 if currency in _WITHOUT_MINOR_UNIT else 3 if currency in _WITH_THOUSANDTHS else 2
    return int((amount * 10**digits).to_integral_value(ROUND_HALF_UP))


def currency_code(row: Row, column: str) -> str:
    """Three letters, '' when the cell is empty."""
    value = row[column].upper()
    if value and not (len(value) == 3 and value.isascii() and value.isalpha()):
        raise BadCell(column, "bad_currency", f"{column} is not an ISO 4217 code like GBP")
    return value
