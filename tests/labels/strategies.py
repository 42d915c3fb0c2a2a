"""Fields as people, shops and suppliers fill them in: long, foreign, hostile, and what a printer's language means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from hypothesis import strategies as st

from label_templates import TEMPLATES, Field
from label_templates.customs import HEAVIEST_G, MOST_ITEMS
from label_templates.fields import ADDRESS, clean_text
from label_templates.gs1 import FIRST_YEAR, LAST_YEAR, check_digit

HOSTILE = [
    "^XZ~JA", "~JR", "^FS^XA", "_5EXZ", "\\&^XA", ">;>8", "^FDx^FS", "^CC!",
    "~DGR:X,1,1,FF", "! U1 setvar", "|1|2",
]  # fmt: skip
FOREIGN = [
    "山田 太郎", "서울특별시 종로구", "محمد بن سلمان شارع 12", "Kraków", "Größe", "Þórður",
    "上海市浦东新区", "Ελλάδα", "Đặng Thị", "🧿x",
]  # fmt: skip
# Which a Code 128 or the printer's own language could trip over.
_SET_82 = "!\"%&'()*+,-./0123456789:;<=>?ABCXYZ_abcxyz"

printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=60)
words = st.one_of(
    printable,
    st.sampled_from(HOSTILE),
    st.sampled_from(FOREIGN),
    st.lists(st.sampled_from([*HOSTILE, *FOREIGN, "W" * 30, "\n", "\t\x1d\x00"]), min_size=1, max_size=4).map("".join),
    st.text(min_size=1, max_size=40),
).filter(lambda text: bool(clean_text(text)))


def _digits(length: int) -> st.SearchStrategy[str]:
    return st.integers(0, 10**length - 1).map(lambda number: f"{number:0{length}d}").map(_checked)


def _checked(body: str) -> str:
    return body + check_digit(body)


_FIRST, _LAST = date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31)

# The longest codes that fit where the field's own limit is wider than the label.
_FITS = {"sku": 22}

_KINDS: Mapping[str, Callable[[Field], st.SearchStrategy[Any]]] = {
    "text": lambda field: words,
    "code": lambda field: st.text(
        st.characters(min_codepoint=0x20, max_codepoint=0x7E),
        min_size=1,
        max_size=_FITS.get(field.name, field.max_length),
    ),
    "sscc": lambda field: _digits(17),
    "gtin": lambda field: st.sampled_from([7, 11, 12, 13]).flatmap(_digits),
    "lot": lambda field: st.text(st.sampled_from(_SET_82), min_size=1, max_size=20),
    "day": lambda field: st.dates(_FIRST, _LAST).map(str),
    "hs_code": lambda field: st.sampled_from(["691200", "9405 50 00", "6912.00.23.10"]),
    "country": lambda field: st.sampled_from(["CN", "GB", "MM"]),
    "currency": lambda field: st.sampled_from(["GBP", "JPY", "KWD"]),
    "count": lambda field: st.integers(0, 999_999_999) | st.integers(0, 30),
    "choice": lambda field: st.sampled_from(field.choices),
    "address": lambda field: filled(ADDRESS),
    "rows": lambda field: st.lists(filled(field.columns), max_size=4),
}


def filled(declared: tuple[Field, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """Any fields a template with these may be given, an optional one now and then left out."""
    needed = {field.name: _KINDS[field.kind](field) for field in declared if field.is_required}
    optional = {field.name: _KINDS[field.kind](field) for field in declared if not field.is_required}
    return st.fixed_dictionaries(needed, optional=optional)


@st.composite
def labels(draw: st.DrawFn, names: tuple[str, ...] = tuple(TEMPLATES)) -> tuple[str, dict[str, Any], int]:
    """A template, its fields and a resolution."""
    template = TEMPLATES[draw(st.sampled_from(names))]
    fields = draw(filled(template.fields))
    if template.name == "cn22":
        fields["items"] = draw(st.lists(_customs_items(template), min_size=1, max_size=MOST_ITEMS))
        fields.setdefault("explanation", "returned by the buyer")
    return template.name, fields, draw(st.sampled_from(template.dpis))


def _customs_items(template: Any) -> st.SearchStrategy[dict[str, Any]]:
    columns = next(field.columns for field in template.fields if field.name == "items")
    return filled(columns).flatmap(
        lambda item: st.fixed_dictionaries(
            {
                "qty_each": st.integers(1, 9_999),
                "net_weight_g": st.integers(1, HEAVIEST_G // MOST_ITEMS),
                "value_minor": st.integers(1, 999_999_999),
                "hs_code": _KINDS["hs_code"](columns[0]),
                "origin": _KINDS["country"](columns[0]),
            }
        ).map(lambda sound: {**item, **sound})
    )
