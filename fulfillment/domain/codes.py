"""Our own barcodes and GS1's numbers: form, check character, parse.

An own code says what it is (`L-` a location, `T-` a tote …) and ends in a check character, so a truncated
or misread one fails here and never reaches stock. Nothing here knows whether the thing exists.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PRINTABLE = frozenset(ALPHABET + "-")
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
# A screen draws ten codes, the same places and commands all day: a check character is a sum worth remembering.
REMEMBERED = 16_384


class OwnKind(StrEnum):
    """The type prefixes of own codes."""

    LOCATION = "L"
    TOTE = "T"
    CART = "K"
    BADGE = "B"
    COMMAND = "C"
    RECEIPT = "R"
    MANIFEST = "M"
    ORDER = "O"
    TRANSFER = "X"
    REASON = "Y"
    CARTON = "P"
    WEIGHT = "W"
    SLOT = "S"


PREFIXES = frozenset(kind.value for kind in OwnKind)


class Command(StrEnum):
    """What an operator can say by scanning a command barcode or touching its button."""

    HOME = "HOME"
    LOGOUT = "LOGOUT"
    RECEIVE = "RECEIVE"
    PUTAWAY = "PUTAWAY"
    PICK = "PICK"
    PACK = "PACK"
    LOAD = "LOAD"
    COUNT = "COUNT"
    PUTBACK = "PUTBACK"
    MOVE = "MOVE"
    REPLENISH = "REPLENISH"
    SEND = "SEND"
    SORT = "SORT"
    DONE = "DONE"
    SHORT = "SHORT"
    SKIP = "SKIP"
    BACK = "BACK"
    NEWTOTE = "NEWTOTE"
    MISSING = "MISSING"
    CLOSE = "CLOSE"
    REPRINT = "REPRINT"
    NO = "NO"
    VOID = "VOID"
    REOPEN = "REOPEN"
    TAKEOFF = "TAKEOFF"
    CONFIRM = "CONFIRM"
    BLIND = "BLIND"
    OVER = "OVER"
    DAMAGED = "DAMAGED"
    LPN = "LPN"
    BREAK = "BREAK"
    OVERRIDE = "OVERRIDE"
    HOLD = "HOLD"
    FREE = "FREE"
    ADJUST = "ADJUST"
    EMPTY = "EMPTY"
    WEIGH = "WEIGH"
    SUBSTITUTE = "SUBSTITUTE"
    UNDO = "UNDO"
    HELP = "HELP"
    OTHERPLACE = "OTHERPLACE"
    NEWPARCEL = "NEWPARCEL"
    NOSCAN = "NOSCAN"
    PROBLEM = "PROBLEM"
    RESUME = "RESUME"


COMMANDS = frozenset(command.value for command in Command)


class BadCode(ValueError):
    """A code that carries our prefix but cannot be one of ours: misread, cut short or mistyped."""


def check_character(text: str) -> str:
    """ISO 7064 MOD 37,36 over `text` without its dashes.

    Source: ISO/IEC 7064:2003, hybrid system MOD 37,36. Finds every single substitution and nearly every
    swap of neighbours.
    """
    remainder = 36
    for character in text.replace("-", ""):
        remainder = ((remainder + _VALUES[character]) % 36 or 36) * 2 % 37
    return ALPHABET[(37 - remainder) % 36]


@lru_cache(REMEMBERED)
def own_code(kind: str, value: str) -> str:
    """The barcode of a thing of ours: `own_code("L", "A03-07-2")` is `L-A03-07-2-` and its check character.

    Raises:
        BadCode: `value` holds a character outside 0-9 A-Z and the dash.
    """
    body = f"{OwnKind(kind)}-{value}"
    if not value or not _PRINTABLE.issuperset(value):
        raise BadCode(f"{value!r}: only 0-9, A-Z and dashes can be printed as a code")
    return f"{body}-{check_character(body)}"


def parse_own_code(text: str) -> tuple[OwnKind, str] | None:
    """Kind and value of an own code; None when `text` does not look like one.

    Raises:
        BadCode: it has our form but its check character does not agree.
    """
    if len(text) < 5 or text[1] != "-" or text[-2] != "-" or text[0] not in PREFIXES:
        return None
    body, check = text[:-2], text[-1]
    if not _PRINTABLE.issuperset(body):
        return None
    if check_character(body) != check:
        raise BadCode(f"{text!r}: check character does not agree")
    return OwnKind(text[0]), body[2:]


def gs1_check_digit(digits: str) -> str:
    """The last digit of a GTIN, SSCC or GLN, computed over the digits before it.

    Source: GS1 General Specifications, section 7.9.1.
    """
    weighted = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-weighted % 10)


def is_gs1_number(digits: str, length: int) -> bool:
    """Whether `digits` is a number of that length whose check digit agrees."""
    return (
        len(digits) == length and digits.isascii() and digits.isdigit()
        and gs1_check_digit(digits[:-1]) == digits[-1]
    )  # fmt: skip


def gtin14(digits: str) -> str | None:
    """A GTIN-8, -12, -13 or -14 normalised to 14 digits; None when it is none of them."""
    if len(digits) in (8, 12, 13, 14) and is_gs1_number(digits, len(digits)):
        return digits.zfill(14)
    return None


def sscc(company_prefix: str, serial: int, extension_digit: int = 0) -> str:
    """An 18-digit SSCC; the serial fills what the company prefix leaves.

    Source: GS1 General Specifications, section 2.2.1.

    Raises:
        ValueError: the serial does not fit any more.
    """
    room = 16 - len(company_prefix)
    if serial < 0 or len(str(serial)) > room:
        raise ValueError(f"serial {serial} does not fit into {room} digits")
    body = f"{extension_digit}{company_prefix}{serial:0{room}d}"
    return body + gs1_check_digit(body)


def barcode_key(code: str) -> str:
    """How an item's barcode is stored and matched: GTINs by 14 digits, anything else by its upper case."""
    return gtin14(code) or code.strip().upper()
