"""GS1's numbers as labels carry them: check digits, what a lot may hold, application identifiers in order.

Pure. An element is (application identifier, value as it is in the barcode). In a symbol, elements of fixed length
come first, so that one FNC1 between the two of varying length is all that is ever needed.
Source: GS1 General Specifications 7.9 (check digit), 7.11 (character set 82), 7.12 (years of two digits), chapter 3
(AI 00, 01, 10, 17, 21), 7.8 (which elements need no FNC1 behind them). unverified: the sections were not read again
for this; what a decoder makes of the symbols was.
"""

from __future__ import annotations

import re
from datetime import date

Element = tuple[str, str]

GTIN_LENGTHS = (8, 12, 13, 14)
LONGEST_LOT = 20
# Two digits of a year say its century only within fifty years of the reader's own: these are safe until 2049.
FIRST_YEAR, LAST_YEAR = 2000, 2075
_SET_82 = frozenset("!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
_VARIABLE = frozenset({"10", "21"})
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def check_digit(digits: str) -> str:
    """Mod 10 of what stands before it: from the right, digits weigh 3, 1, 3, 1 …"""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def gtin_14(digits: str) -> str | None:
    """A GTIN of 8, 12, 13 or 14 digits as 14; None when it is none or its check digit does not agree."""
    if len(digits) not in GTIN_LENGTHS or not (digits.isascii() and digits.isdigit()):
        return None
    return digits.zfill(14) if check_digit(digits[:-1]) == digits[-1] else None


def is_lot(text: str) -> bool:
    """1 to 20 characters of set 82: a lot, and a serial number just as well."""
    return 1 <= len(text) <= LONGEST_LOT and _SET_82.issuperset(text)


def day_of(text: str) -> date | None:
    """A day written 2027-12-31 of a year that two digits can say, or None."""
    if not _DAY.fullmatch(text) or not FIRST_YEAR <= int(text[:4]) <= LAST_YEAR:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def elements(
    gtin: str | None, expiry_on: str | None = None, lot: str | None = None, serial: str | None = None
) -> list[Element]:
    """What a trade item's symbol says, in the order it says it; `gtin` has 14 digits, `expiry_on` is 2027-12-31."""
    expiry = None if expiry_on is None else expiry_on[2:].replace("-", "")
    given = (("01", gtin), ("17", expiry), ("10", lot), ("21", serial))
    return [(ai, value) for ai, value in given if value is not None]


def as_read(symbol: list[Element]) -> str:
    """What a scanner sends for these elements behind the symbology identifier: GS where FNC1 parts two of them."""
    text = ""
    for place, (ai, value) in enumerate(symbol):
        is_parted = ai in _VARIABLE and place < len(symbol) - 1
        text += ai + value + ("\x1d" if is_parted else "")
    return text


def in_brackets(ai: str, value: str) -> str:
    """The human readable line of one element: (01)09506000134352. The brackets are on paper only."""
    return f"({ai}){value}"
