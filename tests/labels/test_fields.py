"""A label is refused by the name of the field that is wrong."""

from __future__ import annotations

import pytest

from label_templates import LabelFieldError, render
from label_templates.fields import address_lines, clean_text
from label_templates.gs1 import check_digit
from label_templates.render import environment
from label_templates.samples import SAMPLES
from label_templates.zpl import Zpl

SHIPPING = next(sample.fields for sample in SAMPLES if sample.template == "shipping_4x6")
SLIP = next(sample.fields for sample in SAMPLES if sample.template == "packing_slip")
TOTE = {"tote": "T-000123", "barcode": "T-000123-K"}


@pytest.mark.parametrize(
    ("name", "fields", "dpi", "wrong"),
    [
        ("shipping_4x7", SHIPPING, 203, "template"),
        ("shipping_4x6", SHIPPING, 600, "dpi"),
        ("packing_slip", SLIP, 300, "dpi"),
        ("tote", {**TOTE, "colour": "red"}, 203, "colour"),
        ("tote", {"tote": "T-1"}, 203, "barcode"),
        ("tote", {**TOTE, "barcode": None}, 203, "barcode"),
        ("tote", {**TOTE, "barcode": ""}, 203, "barcode"),
        ("tote", {**TOTE, "barcode": "T" * 19}, 203, "barcode"),
        ("tote", {**TOTE, "barcode": "9" * 10_000}, 203, "barcode"),
        ("tote", {**TOTE, "barcode": "T-é"}, 203, "barcode"),
        ("tote", {**TOTE, "barcode": "T-1\x1d"}, 203, "barcode"),
        ("tote", {**TOTE, "tote": 123}, 203, "tote"),
        ("tote", {**TOTE, "tote": " \n\t"}, 203, "tote"),
        ("location", {"location": "A", "barcode": "A", "arrow": "left"}, 203, "arrow"),
        ("shipping_4x6", {**SHIPPING, "sscc": "006141411234567891"}, 203, "sscc"),
        ("shipping_4x6", {**SHIPPING, "sscc": "0061414112345678"}, 203, "sscc"),
        ("shipping_4x6", {**SHIPPING, "sscc": "٠٠٦١٤١٤١١٢٣٤٥٦٧٨٩٠"}, 203, "sscc"),
        ("shipping_4x6", {**SHIPPING, "parcel_n": -1}, 203, "parcel_n"),
        ("shipping_4x6", {**SHIPPING, "parcel_n": True}, 203, "parcel_n"),
        ("shipping_4x6", {**SHIPPING, "weight_g": 1.5}, 203, "weight_g"),
        ("shipping_4x6", {**SHIPPING, "ship_to": "London"}, 203, "ship_to"),
        ("shipping_4x6", {**SHIPPING, "ship_to": {"name": "x"}}, 203, "ship_to.address1"),
        ("shipping_4x6", {**SHIPPING, "ship_to": {**SHIPPING["ship_to"], "adress2": "x"}}, 203, "ship_to.adress2"),  # type: ignore[dict-item]
        ("packing_slip", {**SLIP, "lines": "none"}, 203, "lines"),
        ("packing_slip", {**SLIP, "lines": ["x"]}, 203, "lines[0]"),
        ("packing_slip", {**SLIP, "lines": [{"sku": "A", "name": "B"}]}, 203, "lines[0].qty_each"),
    ],
)
def test_what_is_wrong_is_named(name: str, fields: dict[str, object], dpi: int, wrong: str) -> None:
    with pytest.raises(LabelFieldError) as refusal:
        render(name, fields, dpi)
    assert refusal.value.field == wrong


def test_an_unknown_name_in_a_template_raises_instead_of_printing_nothing() -> None:
    for language in ("zpl", "escpos"):
        template = environment(language, 203).from_string("^FD{{ nothing }}^FS")
        with pytest.raises(Exception, match="'nothing' is undefined"):
            template.render()


def test_a_value_is_made_harmless_even_where_a_template_forgot_to() -> None:
    zpl = environment("zpl", 203).from_string("^FH^FD{{ value }}^FS")
    assert zpl.render(value="^XZ~JA_5E") == "^FH^FD_5EXZ_7EJA_5F5E^FS"
    slip = environment("escpos", 203).from_string("text: {{ value }}")
    assert slip.render(value="a\ncode128: b\t\x1b@") == "text: a code128: b @"


def test_a_value_that_says_it_is_zpl_already_is_text_all_the_same() -> None:
    assert b"^FD_5EXZ^FS" in render("tote", {"tote": Zpl("^XZ"), "barcode": Zpl("A")})


def test_a_value_of_no_printable_kind_is_refused() -> None:
    for language in ("zpl", "escpos"):
        with pytest.raises(LabelFieldError, match="NoneType"):
            environment(language, 203).from_string("{{ value }}").render(value=None)


def test_an_empty_part_leaves_no_empty_line() -> None:
    address = {"name": "A", "address1": "B", "address2": None, "city": "C", "postcode": "D", "country": "e"}
    assert address_lines(address) == ["A", "B", "D C", "E"]


def test_text_is_one_line_without_controls() -> None:
    assert clean_text(" a\r\n b\x00\x1d\u2028c\u200e\ufeffd ") == "a b cd"


def test_the_check_digit_of_an_sscc() -> None:
    # Source: GS1 General Specifications, section 7.9, example 37610425002123456 → 9.
    assert check_digit("37610425002123456") == "9"
