"""The bars on a screen can be read by a scanner."""

from __future__ import annotations

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from fulfillment.domain.codes import own_code
from kiosk_ui.bars import bars, width

MODULE_PX, QUIET, HEIGHT_PX = 3, 10, 90


@pytest.mark.parametrize(
    "code",
    [own_code("L", "A03-07-2"), own_code("C", "SHORT"), "00006141410000000012", "85123A", "a b~_^|", "5012345678900"],
)
def test_what_is_drawn_reads_back(code: str) -> None:
    drawn = bars(code)
    assert drawn is not None
    picture = Image.new("L", ((width(drawn) + 2 * QUIET) * MODULE_PX, HEIGHT_PX), 255)
    pen = ImageDraw.Draw(picture)
    for x, wide in drawn:
        pen.rectangle(((x + QUIET) * MODULE_PX, 0, (x + wide + QUIET) * MODULE_PX - 1, HEIGHT_PX), fill=0)
    read = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.Code128)
    assert [found.text for found in read] == [code]


@pytest.mark.parametrize("code", ["", "Ünits", "a\x1db"])
def test_what_code_128_cannot_carry_has_no_bars(code: str) -> None:
    assert bars(code) is None
