"""Slips: the words on the paper, the question at the end, and nothing a value could do."""

from __future__ import annotations

import numpy
import pytest
import zxingcpp
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from label_templates import LabelFieldError, render
from label_templates.samples import SAMPLES, Sample
from label_templates.slip import encode
from simulators.receipt_printer import commands_of, rasters_of, text_of

SLIPS = [sample for sample in SAMPLES if sample.template in ("packing_slip", "pick_list", "manifest")]
BY_NAME = {(sample.template, sample.name): sample for sample in SLIPS}
PLAIN, JAPAN, MANIFEST = (
    BY_NAME["packing_slip", "plain"],
    BY_NAME["packing_slip", "japan"],
    BY_NAME["manifest", "plain"],
)


def barcodes_of(content: bytes) -> list[str]:
    return [command[6:].decode() for command in commands_of(content) if command[:2] == b"\x1dk"]


@pytest.mark.parametrize("sample", SLIPS, ids=lambda sample: f"{sample.template}-{sample.name}")
def test_a_slip_ends_in_a_cut_and_the_question_that_confirms_it(sample: Sample) -> None:
    commands = list(commands_of(render(sample.template, sample.fields)))
    assert commands[0] == b"\x1b@"
    assert commands[-2][:2] == b"\x1dV"
    assert commands[-1] == b"\x1dr\x01"
    assert sum(command[:2] == b"\x1dV" for command in commands) == 1
    assert barcodes_of(b"".join(commands)) == list(sample.barcodes)


def test_a_packing_slip_has_the_address_every_line_and_the_units() -> None:
    text = text_of(render(PLAIN.template, PLAIN.fields))
    for words in (
        "Ada Lovelace",
        "12 St James's Square",
        "UNITED KINGDOM",
        "Order 575477",
        "Thank you for your order.",
    ):
        assert words in text
    assert "71053                                         12\nWHITE METAL LANTERN" in text
    assert "Units in this parcel                          19\n" in text
    assert "Will follow\n22423" in text


def test_a_manifest_has_every_parcel_the_counts_and_a_line_to_sign() -> None:
    text = text_of(render(MANIFEST.template, MANIFEST.fields))
    assert "Parcels                                        3\n" in text
    assert "Weight                                 13.290 kg\n" in text
    assert "006141411234567906                     12.040 kg\n2. order 575478" in text
    assert "Driver ____" in text


def test_western_accents_are_text() -> None:
    content = render("packing_slip", {**PLAIN.fields, "note": "Größe 7, 12 €, René"})
    assert "Größe 7, 12 €, René" in text_of(content)
    assert rasters_of(content) == []


def test_a_slip_the_printer_has_no_letters_for_is_drawn_whole() -> None:
    content = render(JAPAN.template, JAPAN.fields)
    assert text_of(content).strip() == ""
    (raster,) = rasters_of(content)
    assert raster.width == 576
    ink = numpy.frombuffer(raster.pixels, dtype=numpy.uint8).reshape(raster.height, raster.width) < 128
    assert 0.02 < ink.mean() < 0.4
    assert ink[:, 1:].any(axis=1).mean() > 0.5


def test_the_dots_of_a_raster_come_back_as_they_were_drawn() -> None:
    from escpos.printer import Dummy
    from PIL import Image

    drawn = numpy.asarray(zxingcpp.write_barcode_to_image(zxingcpp.create_barcode("M-1", zxingcpp.QRCode), scale=8))
    image = Image.fromarray(drawn).crop((0, 0, drawn.shape[1] // 8 * 8, drawn.shape[0]))
    dummy = Dummy(profile="TM-T20II")
    dummy.image(image, impl="bitImageRaster", fragment_height=50)
    (raster,) = rasters_of(dummy.output)
    pixels = numpy.frombuffer(raster.pixels, dtype=numpy.uint8).reshape(raster.height, raster.width)
    assert [barcode.text for barcode in zxingcpp.read_barcodes(pixels)] == ["M-1"]


hostile = st.sampled_from(
    ["\x1b@", "\x1dV\x00", "a\ncode128: X", "rule:", "x\trow", "\x10\x04\x01", "title: y\r\nfeed: 9", "{C12"]
)
ascii_text = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=30)
values = (hostile | ascii_text).filter(lambda text: bool(text.strip(" \x00\x01\x04\x10\x1b\x1d\t\r\n")))


@hypothesis_settings(max_examples=60, deadline=None, derandomize=True)
@given(name=values, note=values)
def test_no_value_adds_a_command(name: str, note: str) -> None:
    def kinds(fields: dict[str, object]) -> list[bytes]:
        content = render("packing_slip", {**PLAIN.fields, **fields})
        return [command[:2] for command in commands_of(content) if len(command) > 1]

    lines = [{"sku": name, "name": note, "qty_each": 1}]
    assert kinds({"lines": lines, "note": note, "order": name}) == kinds(
        {"lines": lines[:1], "note": "a", "order": "b"}
    )


def test_a_brace_in_a_barcode_is_printed_and_not_obeyed() -> None:
    assert barcodes_of(render("packing_slip", {**PLAIN.fields, "barcode": "A{C1"})) == ["A{{C1"]


@pytest.mark.parametrize("code", [" A", "A ", "A  B", "code128: A", "A:B"])
def test_every_space_of_a_barcode_counts(code: str) -> None:
    assert barcodes_of(render("packing_slip", {**PLAIN.fields, "barcode": code})) == [code]


def test_a_long_name_is_cut_and_a_long_note_is_wrapped() -> None:
    lines = [{"sku": "S" * 300, "name": "word " * 60, "qty_each": 7}]
    text = text_of(render("packing_slip", {**PLAIN.fields, "lines": lines, "note": "N" * 2000}))
    assert all(len(line) <= 48 for line in text.splitlines())


@pytest.mark.parametrize("markup", ["shout: x", "no directive", "feed: many", "feed: 99"])
def test_a_template_with_a_wrong_directive_is_refused(markup: str) -> None:
    with pytest.raises(LabelFieldError, match="template"):
        encode(markup)
