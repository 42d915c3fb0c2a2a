"""The print oracle: what was rendered goes through a printer and is read back, for every template, size and sample."""

from __future__ import annotations

import math
from collections.abc import Iterator
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
from label_templates import TEMPLATES, fonts, render
from label_templates.fields import sscc_check_digit
from label_templates.samples import SAMPLES, Sample
from simulators.label_reader import ReadBarcode, RenderedLabel, decode, read_label, render_label
from simulators.zpl_printer import ZplPrinter

LABELS = [
    (sample, dpi)
    for sample in SAMPLES
    if TEMPLATES[sample.template].language == "zpl"
    for dpi in TEMPLATES[sample.template].dpis
]
SHIPPING = next(sample.fields for sample in SAMPLES if sample.template == "shipping_4x6")
DOTS_PER_MM = {203: 8.0, 300: 300 / 25.4}
every_label = pytest.mark.parametrize(("sample", "dpi"), LABELS, ids=lambda value: getattr(value, "name", value))


@pytest.fixture(scope="module")
def printer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZplPrinter]:
    with ZplPrinter(tmp_path_factory.mktemp("oracle") / "labels") as printer:
        yield printer


def ink_of(label: RenderedLabel) -> NDArray[numpy.bool_]:
    return numpy.frombuffer(label.pixels, dtype=numpy.uint8).reshape(label.height, label.width) < 128


def module_dots(barcode: ReadBarcode, ink: NDArray[numpy.bool_]) -> int:
    """The narrowest bar or gap on the middle row of the barcode."""
    row = ink[(barcode.top + barcode.bottom) // 2, barcode.left : barcode.right + 1]
    edges = numpy.flatnonzero(numpy.diff(row.astype(numpy.int8)))
    return int(numpy.diff(edges).min())


@every_label
def test_a_label_arrives_as_sent_and_reads_as_meant(sample: Sample, dpi: int, printer: ZplPrinter) -> None:
    content = render(sample.template, sample.fields, dpi)
    receipt = deliver(PrintJob("oracle", printer.address, "zpl", content))
    job = printer.wait_for(1)[-1]
    assert receipt.level is ReceiptLevel.printed
    assert job.content == job.path.read_bytes() == content
    read = read_label(job.path)
    assert read.fault == ""
    assert read.texts == sample.barcodes
    symbology = "]C1" if "sscc" in sample.fields else "]C0"
    assert {barcode.symbology for barcode in read.barcodes} == {symbology}


@every_label
def test_nothing_lies_outside_the_label_and_barcodes_have_their_quiet_zones(sample: Sample, dpi: int) -> None:
    content = render(sample.template, sample.fields, dpi)
    label = render_label(content)
    size = TEMPLATES[sample.template].size_mm
    assert size[1] is not None
    assert (label.width, label.height) == tuple(math.floor(mm * DOTS_PER_MM[dpi]) for mm in size)
    # On a larger label, what had been cut off at the edge would show.
    wide = content.replace(f"^PW{label.width}^LL{label.height}".encode(), b"^PW3000^LL3000")
    ink = ink_of(render_label(wide))
    assert not ink[label.height :, :].any()
    assert not ink[:, label.width :].any()
    inside = ink_of(label)
    for barcode in decode(label):
        module = module_dots(barcode, inside)
        rows = inside[barcode.top + 2 : barcode.bottom - 2]
        assert module >= 0.24 * DOTS_PER_MM[dpi]
        # A corner is given as a dot or two within the bars, hence the slack.
        assert barcode.left - 10 * module >= 0
        assert barcode.right + 10 * module < label.width
        assert not rows[:, barcode.left - 10 * module : barcode.left - 2].any()
        assert not rows[:, barcode.right + 4 : barcode.right + 10 * module].any()


@every_label
def test_no_text_lies_on_another(sample: Sample, dpi: int) -> None:
    content = render(sample.template, sample.fields, dpi)
    head, _, body = content.partition(b"^FO")
    fields = [b"^FO" + field for field in body.removesuffix(b"^XZ").split(b"^FO")]
    together = numpy.zeros((1, 1), dtype=numpy.int32)
    for field in fields:
        ink = ink_of(render_label(head + field + b"^XZ"))
        together = together + ink
    assert together.max() == 1


@pytest.mark.parametrize("dpi", [203, 300])
def test_the_sscc_is_as_large_as_the_logistic_label_wants_it(dpi: int) -> None:
    # Source: GS1 General Specifications 6.6.4: X 0.495 to 1.016 mm, height at least 32 mm.
    label = render_label(render("shipping_4x6", SHIPPING, dpi))
    (barcode,) = decode(label)
    module_mm = module_dots(barcode, ink_of(label)) / DOTS_PER_MM[dpi]
    assert 0.495 <= module_mm <= 1.016
    assert (barcode.bottom - barcode.top) / DOTS_PER_MM[dpi] >= 32
    assert barcode.top > label.height / 2


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
    sscc = first_17 + sscc_check_digit(first_17)
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


def test_a_character_no_font_has_is_a_question_mark_and_the_others_stay() -> None:
    available = fonts.find_fonts()
    assert fonts.printable_with("a\U0001f9ff中", available) in ("a?中", "a??")


def test_a_font_named_in_the_settings_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    named = tmp_path / "own.ttf"
    named.write_bytes(b"")
    monkeypatch.setenv(fonts.FONTS_VARIABLE, f"{tmp_path}/missing.ttf:{named}")
    assert fonts.find_fonts()[0] == str(named)
