"""Rules of item pictures: drawn anew and small, known by their bytes, gone when taken away."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.services.common import queries
from fulfillment.services.set_up import item_pictures
from fulfillment.services.set_up.item_pictures import SIDE_PX, fitted
from tests.factories import FloorHand


def picture(width_px: int, height_px: int, kind: str = "PNG", mode: str = "RGB", **how: Any) -> bytes:
    out = io.BytesIO()
    Image.new(mode, (width_px, height_px), how.pop("colour", "red")).save(out, kind, **how)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_becomes_a_small_jpeg_of_the_same_shape(kind: str) -> None:
    kept = fitted(picture(1200, 600, kind))
    assert (kept.width_px, kept.height_px) == (SIDE_PX, SIDE_PX // 2)
    with Image.open(io.BytesIO(kept.content)) as opened:
        assert (opened.format, opened.size) == ("JPEG", (kept.width_px, kept.height_px))


def test_a_small_one_stays_as_small() -> None:
    assert (fitted(picture(40, 30)).width_px, fitted(picture(40, 30)).height_px) == (40, 30)


def test_a_camera_held_upright_gives_an_upright_picture_without_where_it_was_taken() -> None:
    notes = Image.Exif()
    notes[0x0112] = 6  # turned by a quarter
    notes[0x010E] = "the owner's kitchen"
    kept = fitted(picture(400, 200, "JPEG", exif=notes))
    assert (kept.width_px, kept.height_px) == (200, 400)
    assert b"kitchen" not in kept.content


def test_what_was_transparent_is_white() -> None:
    kept = fitted(picture(8, 8, mode="RGBA", colour=(0, 0, 0, 0)))
    with Image.open(io.BytesIO(kept.content)) as opened:
        assert opened.getpixel((4, 4)) == (255, 255, 255)


def claims_to_be(width_px: int, height_px: int) -> bytes:
    """A PNG of a few bytes whose head says it is this large."""
    def part(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width_px, height_px, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(b"")) + part(b"IEND", b"")


@pytest.mark.parametrize(
    "given",
    [b"", b"not a picture", b"<svg xmlns='http://www.w3.org/2000/svg'/>", picture(300, 300)[:200],
     picture(300, 300, "JPEG")[:300], picture(20, 20, "BMP"), claims_to_be(50_000, 50_000), claims_to_be(7_000, 7_000)],
)  # fmt: skip
def test_what_is_no_whole_picture_of_a_known_kind_is_refused(given: bytes) -> None:
    with pytest.raises(DomainError) as refused:
        fitted(given)
    assert refused.value.code == "bad_picture"


def known(hand: FloorHand, *skus: str) -> dict[str, dict[str, Any]]:
    with queries.snapshot(hand.floor.engine) as connection:
        return item_pictures.known(connection, 1, skus)


def test_an_item_has_the_last_picture_it_was_given_until_it_is_taken_away(hand: FloorHand) -> None:
    hand.item("MUG")
    hand.item("CUP")
    first, second = fitted(picture(20, 20)), fitted(picture(30, 20))
    for one in (first, second):
        hand.write(lambda tx, one=one: item_pictures.set_picture(tx, "mug", one))
    assert known(hand, "MUG", "CUP") == {"MUG": {"sha256": second.sha256, "width_px": 30, "height_px": 20}}
    assert hand.write(lambda tx: item_pictures.content_of(tx, second.sha256)) == second.content
    assert hand.write(lambda tx: item_pictures.content_of(tx, first.sha256)) is None
    hand.write(lambda tx: item_pictures.take_away(tx, "MUG"))
    assert known(hand, "MUG") == {}
    for gone in ("MUG", "NONE"):
        with pytest.raises(NotFound):
            hand.write(lambda tx, gone=gone: item_pictures.take_away(tx, gone))
