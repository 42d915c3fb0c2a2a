"""Numbers as GS1 writes them, and what a customs declaration adds up and refuses."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from label_templates import LabelFieldError, barcodes_of, render
from label_templates.customs import money
from label_templates.gs1 import as_read, day_of, elements, gtin_14, in_brackets, is_lot
from label_templates.samples import SAMPLES

MUG = {
    "qty_each": 2, "description": "Mug", "net_weight_g": 900, "value_minor": 1_200, "hs_code": "691200", "origin": "CN",
}  # fmt: skip
CN22: dict[str, Any] = {"category": "sale_of_goods", "items": [MUG], "currency": "GBP", "signed_on": "2026-11-22"}
PRODUCT: dict[str, Any] = {"sku": "TEA", "name": "Tea", "gtin": "9506000134352"}


@pytest.mark.parametrize(
    ("digits", "gtin"),
    [
        ("96385074", "00000096385074"),
        ("036000291452", "00036000291452"),
        ("9506000134352", "09506000134352"),
        ("19506000134359", "19506000134359"),
        ("9506000134353", None),
        ("950600013435", None),
        ("0000000", None),
        ("٩٦٣٨٥٠٧٤", None),
        ("", None),
    ],
)
def test_a_gtin_of_any_length_is_fourteen_digits_or_none(digits: str, gtin: str | None) -> None:
    assert gtin_14(digits) == gtin


@pytest.mark.parametrize("text", ["", "x" * 21, "A B", "A^B", "A~", "Ä", "A|B", "A\x1dB", "[1]"])
def test_a_lot_holds_only_what_gs1_allows(text: str) -> None:
    assert not is_lot(text)
    with pytest.raises(LabelFieldError) as refusal:
        render("product", {**PRODUCT, "lot": text})
    assert refusal.value.field == "lot"


@pytest.mark.parametrize(
    "text", ["27-12-31", "2027-02-29", "2027-1-1", "1999-12-31", "2076-01-01", "2027-12-31T00", "٢٠٢٧-١٢-٣١"]
)
def test_a_day_is_written_in_one_way_and_its_year_fits_two_digits(text: str) -> None:
    assert day_of(text) is None
    with pytest.raises(LabelFieldError) as refusal:
        render("product", {**PRODUCT, "expiry_on": text})
    assert refusal.value.field == "expiry_on"


def test_only_what_is_known_is_in_the_symbol() -> None:
    assert [barcode.text for barcode in barcodes_of("product", PRODUCT)] == ["0109506000134352"]
    (barcode,) = barcodes_of("product", {**PRODUCT, "lot": "L1", "expiry_on": "2027-12-31"})
    assert (barcode.text, barcode.aim) == ("01095060001343521727123110L1", "]d2")
    (barcode,) = barcodes_of("product", {**PRODUCT, "gtin": None, "lot": "L1"})
    assert (barcode.text, barcode.aim) == ("TEA", "]C0")


def test_the_line_people_read_says_what_the_symbol_says() -> None:
    content = render("product", {**PRODUCT, "lot": "L1", "serial": "7"}).decode("ascii")
    for line in ("(01)09506000134352", "(10)L1", "(21)7"):
        assert f"^FD{line}^FS" in content
    assert in_brackets("17", "271231") == "(17)271231"


@given(lot=st.text("AZ09%&_-", min_size=1, max_size=20), serial=st.text("AZ09%&_-", min_size=1, max_size=20))
def test_no_lot_can_run_into_what_follows_it(lot: str, serial: str) -> None:
    """A lost FNC1 is silent: 10ABC and 21999 would read as the lot ABC21999."""
    read = as_read(elements("09506000134352", None, lot, serial))
    assert read.removeprefix("010950600013435210").split("\x1d") == [lot, f"21{serial}"]
    assert "\x1d" not in as_read(elements("09506000134352", "2027-12-31", lot))


def test_an_own_number_that_does_not_fit_is_refused_by_name() -> None:
    with pytest.raises(LabelFieldError) as refusal:
        render("product", {"sku": "X" * 23, "name": "x"})
    assert refusal.value.field == "sku"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"items": []}, "items"),
        ({"items": [MUG] * 6}, "items"),
        ({"items": [{**MUG, "net_weight_g": 1_100}, {**MUG, "net_weight_g": 901}]}, "items"),
        ({"items": [MUG, {**MUG, "hs_code": None}]}, "items[1].hs_code"),
        ({"items": [{**MUG, "origin": None}]}, "items[0].origin"),
        ({"items": [{**MUG, "net_weight_g": 0}]}, "items[0].net_weight_g"),
        ({"items": [{**MUG, "qty_each": 0}]}, "items[0].qty_each"),
        ({"items": [{**MUG, "value_minor": 0}]}, "items[0].value_minor"),
        ({"items": [{**MUG, "hs_code": "6912"}]}, "items[0].hs_code"),
        ({"items": [{**MUG, "origin": "China"}]}, "items[0].origin"),
        ({"items": [{**MUG, "description": " "}]}, "items[0].description"),
        ({"category": "other"}, "explanation"),
        ({"category": "loan"}, "category"),
        ({"currency": "£"}, "currency"),
        ({"signed_on": "today"}, "signed_on"),
    ],
)
def test_a_declaration_is_refused_by_the_name_of_what_is_wrong(changed: dict[str, Any], field: str) -> None:
    render("cn22", CN22)
    with pytest.raises(LabelFieldError) as refusal:
        render("cn22", {**CN22, **changed})
    assert refusal.value.field == field


def test_of_a_gift_neither_tariff_nor_origin_must_be_known() -> None:
    assert render("cn22", {**CN22, "category": "gift", "items": [{**MUG, "hs_code": None, "origin": None}]})


def test_a_declaration_adds_up_weight_and_worth() -> None:
    content = render("cn22", {**CN22, "items": [MUG, {**MUG, "net_weight_g": 1_100, "value_minor": 5}]}).decode("ascii")
    assert "^FD2.000 kg^FS" in content
    assert "^FD12.05 GBP^FS" in content


def test_an_amount_has_the_places_of_its_currency() -> None:
    assert [money(1_250, currency) for currency in ("GBP", "JPY", "KWD")] == ["12.50 GBP", "1250 JPY", "1.250 KWD"]
    assert money(5, "EUR") == "0.05 EUR"


@pytest.mark.parametrize("text", ["^XZ~JA", "_5EXZ", "\\&^XA", "a\r\n^XZ\x00b\x1b@"])
def test_no_field_of_any_label_can_be_a_command(text: str) -> None:
    """Each text in turn, in every template: the commands stay those of the same label with a harmless text."""
    for sample in SAMPLES:
        plain, hostile = (filled(sample.fields, words) for words in ("x", text))
        for given_fields in (plain, hostile):
            content = render(sample.template, given_fields)
            if content.startswith(b"^XA"):
                assert (content.count(b"^XA"), content.count(b"^XZ"), content.count(b"~")) == (1, 1, 0)
            else:
                assert content.count(b"\x1b@") == 1


def filled(value: Any, words: str) -> Any:
    """The fields with every name, address and description replaced."""
    if isinstance(value, dict):
        return {
            name: words if name in ("name", "description", "city", "ship_from", "carrier", "note", "picker")
            and isinstance(part, str) else filled(part, words) for name, part in value.items()
        }  # fmt: skip
    return [filled(part, words) for part in value] if isinstance(value, list) else value
