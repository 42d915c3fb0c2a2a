"""No value is a command, every code reads back, and text of any length and script stays on the label."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from zplkit.parse import parse

from devices.protocols import ReceiptLevel
from devices.spooler import PrintJob, deliver
from fulfillment.settings import KNOWN
from label_templates import fonts, render
from label_templates.gs1 import check_digit
from label_templates.samples import SAMPLES
from simulators.label_reader import RenderedLabel, decode, render_label
from simulators.zpl_printer import ZplPrinter

SHIPPING = next(sample.fields for sample in SAMPLES if sample.template == "shipping_4x6")


def ink_of(label: RenderedLabel) -> NDArray[numpy.bool_]:
    return numpy.frombuffer(label.pixels, dtype=numpy.uint8).reshape(label.height, label.width) < 128


def test_a_label_comes_out_by_way_of_the_spooler_as_it_was_rendered(tmp_path: Path) -> None:
    content = render("shipping_4x6", SHIPPING)
    with ZplPrinter(tmp_path / "labels") as printer:
        receipt = deliver(PrintJob("oracle", printer.address, "zpl", content))
        assert receipt.level is ReceiptLevel.printed
        assert [job.content for job in printer.wait_for(1)] == [content]


def test_a_reprint_says_so_and_has_the_same_barcode() -> None:
    first, again = render("shipping_4x6", SHIPPING), render("shipping_4x6", {**SHIPPING, "reprint": 1})
    assert b"REPRINT" not in first
    assert b"^FDREPRINT 1^FS" in again
    assert [b.text for b in decode(render_label(first))] == [b.text for b in decode(render_label(again))]


# -- no value is a command

ALLOWED = {
    b"^XA",
    b"^CI",
    b"^LH",
    b"^PO",
    b"^PW",
    b"^LL",
    b"^FO",
    b"^A0",
    b"^FH",
    b"^FD",
    b"^FS",
    b"^GF",
    b"^GB",
    b"^BY",
}
ALLOWED |= {b"^BC", b"^XZ"}
ascii_text = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=60).filter(str.strip)
hostile = st.sampled_from(
    ["^XZ", "~JA", "^FS^XZ~JR", "_5EXZ", "\\&^XA", ">;>8", "^FD", "^CC!", "~DGR:X,1,1,FF", "! U1 setvar"]
)
any_text = st.one_of(ascii_text, hostile, st.text(min_size=1, max_size=40)).filter(lambda text: bool(text.strip()))


def commands_of(content: bytes) -> list[bytes]:
    return [element.data.strip()[:3] for element in parse(content).elements]


def address_of(name: str, street: str, city: str) -> dict[str, object]:
    return {"name": name, "address1": street, "address2": street, "city": city, "postcode": city, "country": name}


@hypothesis_settings(deadline=None, derandomize=True)
@given(name=ascii_text | hostile, street=ascii_text | hostile, city=ascii_text | hostile)
def test_ascii_values_leave_the_commands_as_they_are(name: str, street: str, city: str) -> None:
    plain = {**SHIPPING, "ship_to": address_of("a", "b", "c"), "carrier": "d", "order": "e", "service": "f"}
    given_fields = {
        **plain,
        "ship_to": address_of(name, street, city),
        "carrier": name,
        "order": street,
        "service": city,
    }
    assert commands_of(render("shipping_4x6", given_fields)) == commands_of(render("shipping_4x6", plain))


@hypothesis_settings(max_examples=60, deadline=None, derandomize=True)
@given(name=any_text, street=any_text, city=any_text)
def test_no_text_whatever_adds_a_command_of_another_kind(name: str, street: str, city: str) -> None:
    fields = {**SHIPPING, "ship_to": address_of(f"x{name}", f"x{street}", f"x{city}"), "carrier": f"x{name}"}
    content = render("shipping_4x6", fields)
    commands = commands_of(content)
    assert set(commands) <= ALLOWED
    assert (commands.count(b"^XA"), commands.count(b"^XZ")) == (1, 1)
    assert b"~" not in content
    assert [barcode.text for barcode in decode(render_label(content))] == ["00006141411234567890"]


code_text = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=18)


@hypothesis_settings(max_examples=100, deadline=None, derandomize=True)
@given(code=code_text, dpi=st.sampled_from([203, 300]))
def test_every_code_reads_back_exactly(code: str, dpi: int) -> None:
    content = render("tote", {"tote": "T", "barcode": code}, dpi)
    assert [barcode.text for barcode in decode(render_label(content))] == [code]


@hypothesis_settings(max_examples=30, deadline=None, derandomize=True)
@given(number=st.integers(0, 10**17 - 1))
def test_every_sscc_reads_back_exactly(number: int) -> None:
    first_17 = f"{number:017d}"
    sscc = first_17 + check_digit(first_17)
    content = render("shipping_4x6", {**SHIPPING, "sscc": sscc})
    assert [(barcode.text, barcode.symbology) for barcode in decode(render_label(content))] == [("00" + sscc, "]C1")]


@hypothesis_settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(location=ascii_text, kind=ascii_text, dpi=st.sampled_from([203, 300]))
def test_text_of_any_length_stays_on_the_label(location: str, kind: str, dpi: int) -> None:
    content = render("location", {"location": location * 3, "barcode": "L-A-1", "kind": kind, "arrow": "up"}, dpi)
    label = render_label(content)
    wide = content.replace(f"^PW{label.width}^LL{label.height}".encode(), b"^PW3000^LL3000")
    ink = ink_of(render_label(wide))
    assert not ink[:, label.width :].any()


# -- fonts


def test_without_any_font_the_ascii_part_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_USUAL_PLACES", ())
    monkeypatch.delenv(fonts.FONTS_VARIABLE, raising=False)
    assert fonts.find_fonts() == ()
    assert fonts.printable_with("Kraków 東京 Größe", ()) == "Krakow ?? Gro?e"
    fields = {**SHIPPING, "ship_to": address_of("東京", "Kraków", "x")}
    assert [b.text for b in decode(render_label(render("shipping_4x6", fields)))] == ["00006141411234567890"]


def test_a_floor_takes_the_setting_that_names_fonts() -> None:
    assert fonts.FONTS_VARIABLE in KNOWN


def test_it_is_known_which_scripts_no_font_has() -> None:
    assert fonts.scripts_without_a_font(()) == [name for name, _ in fonts._SCRIPTS]


def test_a_character_no_font_has_is_a_question_mark_and_the_others_stay() -> None:
    available = fonts.find_fonts()
    assert fonts.printable_with("a\U0001f9ff中", available) in ("a?中", "a??")


def test_a_font_named_in_the_settings_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    named = tmp_path / "own.ttf"
    named.write_bytes(b"")
    monkeypatch.setenv(fonts.FONTS_VARIABLE, f"{tmp_path}/missing.ttf:{named}")
    assert fonts.find_fonts()[0] == str(named)
