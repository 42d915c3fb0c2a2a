"""The bars on a screen can be read by a scanner."""

from __future__ import annotations

import re

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from fulfillment.domain.codes import own_code
from kiosk_ui.bars import bars, gs1_bars, outline, width

MODULE_PX, QUIET, HEIGHT_PX = 3, 10, 90


@pytest.mark.parametrize(
    "code",
    [own_code("L", "A03-07-2"), own_code("C", "SHORT"), "00006141410000000012", "85123A", "a b~_^|", "5012345678900"],
)
def test_what_is_drawn_reads_back(code: str) -> None:
    drawn = bars(code)
    assert drawn is not None
    assert [found.text for found in read_back(drawn)] == [code]


def read_back(drawn: list[tuple[int, int]]) -> list[zxingcpp.Barcode]:
    picture = Image.new("L", ((width(drawn) + 2 * QUIET) * MODULE_PX, HEIGHT_PX), 255)
    pen = ImageDraw.Draw(picture)
    for x, wide in drawn:
        pen.rectangle(((x + QUIET) * MODULE_PX, 0, (x + wide + QUIET) * MODULE_PX - 1, HEIGHT_PX), fill=0)
    return zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.Code128)


def test_the_one_shape_of_a_drawing_is_its_bars() -> None:
    drawn = bars(own_code("L", "A03-07-2"))
    assert drawn is not None
    strokes = re.findall(r"M(\d+) 0h(\d+)v30h-(\d+)z", outline(drawn))
    assert [(int(x), int(wide)) for x, wide, back in strokes if wide == back] == drawn


def test_a_gs1_128_reads_back_with_its_separator() -> None:
    read = read_back(gs1_bars(["010950600013435210AB-12", "21Cd34"]))
    assert [(found.content_type, found.bytes) for found in read] == [
        (zxingcpp.ContentType.GS1, b"010950600013435210AB-12\x1d21Cd34")
    ]


@pytest.mark.parametrize("code", ["", "Ünits", "a\x1db"])
def test_what_code_128_cannot_carry_has_no_bars(code: str) -> None:
    assert bars(code) is None
