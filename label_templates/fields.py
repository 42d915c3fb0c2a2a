"""The fields of a template: their names, kinds and limits, and the check of what is put into them.

Owns the kinds text, code, sscc, gtin, lot, day, hs_code, country, currency, count, choice, address and rows. Refuses
unknown names, missing names and values of another kind; the error names the field, down to `ship_to.city` or
`lines[3].qty_each`.
Invariant: checked(…) returns exactly the declared names, with None for an optional field that was not given.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from label_templates.gs1 import FIRST_YEAR, LAST_YEAR, check_digit, day_of, gtin_14, is_lot

LONGEST_TEXT = 500
LARGEST_COUNT = 999_999_999
# Source: World Customs Organization, Harmonized System: six digits are the same everywhere, a country adds up to four.
_HS_CODE = re.compile(r"\d{6}(?:\d{2}){0,2}", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}")
_CURRENCY = re.compile(r"[A-Z]{3}")


class LabelFieldError(ValueError):
    """`field` is the name of what is wrong: a field, `template` or `dpi`."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


@dataclass(frozen=True, slots=True)
class Field:
    """`kind`: text | code (printable ASCII for a Code 128) | sscc (18 digits) | gtin (8, 12, 13 or 14 digits, kept as
    14) | lot (1 to 20 characters GS1 allows; serials too) | day (2027-12-31) | hs_code (6, 8 or 10 digits) | country
    (two letters) | currency (three letters) | count (integer ≥ 0) | choice | address (a mapping of name, address1,
    address2?, city, region?, postcode, country, phone?) | rows of `columns`.
    """

    name: str
    kind: str
    is_required: bool = True
    max_length: int = LONGEST_TEXT
    choices: tuple[str, ...] = ()
    columns: tuple[Field, ...] = ()


ADDRESS = (
    Field("name", "text"),
    Field("address1", "text"),
    Field("address2", "text", is_required=False),
    Field("city", "text"),
    Field("region", "text", is_required=False),
    Field("postcode", "text"),
    Field("country", "text"),
    Field("phone", "text", is_required=False),
)


def checked(declared: tuple[Field, ...], given: Mapping[str, object], path: str = "") -> dict[str, object]:
    known = {field.name for field in declared}
    for name in given:
        if name not in known:
            raise LabelFieldError(f"{path}{name}"[:80], f"no field of this label; it has {', '.join(sorted(known))}")
    values: dict[str, object] = {}
    for field in declared:
        value = given.get(field.name)
        if value is None and field.is_required:
            raise LabelFieldError(path + field.name, "is missing")
        values[field.name] = None if value is None else _checked_value(field, value, path + field.name)
    return values


def address_lines(address: Mapping[str, object]) -> list[str]:
    """The lines of an address as they are printed; an empty part leaves no empty line."""
    city = " ".join(part for part in (_part(address, "postcode"), _part(address, "city")) if part)
    region = _part(address, "region")
    lines = (
        _part(address, "name"),
        _part(address, "address1"),
        _part(address, "address2"),
        f"{city}, {region}" if region and region != _part(address, "city") else city,
        _part(address, "country").upper(),
    )
    return [line for line in lines if line]


def clean_text(text: str) -> str:
    """One line: NFC, controls and line ends (newline, GS, TAB) become single spaces, invisible format
    marks go.
    """
    shown = []
    for c in unicodedata.normalize("NFC", text):
        category = unicodedata.category(c)
        if category != "Cf":
            shown.append(" " if category in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp") else c)
    return " ".join("".join(shown).split())


def _part(address: Mapping[str, object], name: str) -> str:
    value = address.get(name)
    return value if isinstance(value, str) else ""


def _checked_value(field: Field, value: object, path: str) -> object:
    if field.kind == "count":
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST_COUNT:
            raise LabelFieldError(path, f"{str(value)[:40]!r} is no count from 0 to {LARGEST_COUNT}")
        return value
    if field.kind == "address":
        if not isinstance(value, Mapping):
            raise LabelFieldError(path, "is no address")
        return checked(ADDRESS, value, f"{path}.")
    if field.kind == "rows":
        return _checked_rows(field, value, path)
    if not isinstance(value, str):
        raise LabelFieldError(path, f"{type(value).__name__} is no text")
    value = str(value)  # of that very type: a value that says it is ZPL already would be printed as such
    if field.kind == "choice":
        if value not in field.choices:
            raise LabelFieldError(path, f"{value[:40]!r} is none of {', '.join(field.choices)}")
        return value
    if field.kind == "text":
        return _checked_text(field, value, path)
    return _checked_code(field, value, path)


def _checked_code(field: Field, value: str, path: str) -> str:
    """What a program reads back: refused when it is wrong, never cut or mended."""
    shown = f"{value[:40]!r}"
    if field.kind == "code":
        if not value or len(value) > field.max_length:
            raise LabelFieldError(path, f"has {len(value)} characters, the label takes 1 to {field.max_length}")
        if any(not 0x20 <= ord(c) <= 0x7E for c in value):
            raise LabelFieldError(path, "holds a character that is not printable ASCII")
        return value
    if field.kind == "sscc":
        if len(value) != 18 or not (value.isascii() and value.isdigit()):
            raise LabelFieldError(path, f"{shown} is not 18 digits")
        if check_digit(value[:17]) != value[17]:
            raise LabelFieldError(path, f"{value} has a wrong check digit")
        return value
    if field.kind == "gtin":
        gtin = gtin_14(value)
        if gtin is None:
            raise LabelFieldError(path, f"{shown} is no GTIN: 8, 12, 13 or 14 digits, the last a check digit")
        return gtin
    if field.kind == "lot":
        if not is_lot(value):
            raise LabelFieldError(path, f"{shown} is not 1 to 20 of the letters, digits and signs that GS1 allows")
        return value
    if field.kind == "day":
        if day_of(value) is None:
            raise LabelFieldError(path, f"{shown} is no day like 2027-12-31 from {FIRST_YEAR} to {LAST_YEAR}")
        return value
    pattern, example = {
        "hs_code": (_HS_CODE, "an HS code of 6, 8 or 10 digits"),
        "country": (_COUNTRY, "a country of two letters like CN"),
        "currency": (_CURRENCY, "a currency of three letters like GBP"),
    }[field.kind]
    # 6912.00 and 6912 00 are how the tariff prints them.
    code = re.sub(r"[. ]", "", value) if field.kind == "hs_code" else value
    if not pattern.fullmatch(code):
        raise LabelFieldError(path, f"{shown} is not {example}")
    return code


def _checked_text(field: Field, value: str, path: str) -> str:
    # A very long name is cut, not refused: the parcel has to leave even so, and the order keeps the whole
    # name.
    text = clean_text(value[: 4 * field.max_length])
    if not text and field.is_required:
        raise LabelFieldError(path, "is empty")
    return text if len(text) <= field.max_length else text[: field.max_length - 3].rstrip() + "..."


def _checked_rows(field: Field, value: object, path: str) -> list[dict[str, object]]:
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        raise LabelFieldError(path, "is no list of rows")
    rows = []
    for number, row in enumerate(value):
        if not isinstance(row, Mapping):
            raise LabelFieldError(f"{path}[{number}]", "is no row")
        rows.append(checked(field.columns, row, f"{path}[{number}]."))
    return rows
