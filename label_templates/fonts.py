"""Text as dots, for what the printers' own fonts do not have.

Owns finding a font and drawing a line with it. Bundles no font: it looks in FLOOR_LABEL_FONTS (paths
separated by colons, first wins per character), then at the usual places of Debian's packages
fonts-noto-cjk, fonts-wqy-microhei and fonts-dejavu-core.
Invariant: a character that no font has never stops a label; it is printed as its ASCII part (NFKD) or as "?".
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, features

FONTS_VARIABLE = "FLOOR_LABEL_FONTS"
_USUAL_PLACES = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/usr/share/fonts/truetype/freefont/FreeSans.ttf",
)
_SCRIPTS = (
    *(("accents", "é"), ("Greek", "Ω"), ("Cyrillic", "Ж"), ("Arabic", "ع")),
    *(("Chinese", "中"), ("Japanese", "か"), ("Korean", "한")),
)
# In no font: what a font draws for it is its sign for "I do not have this".
_NOT_A_CHARACTER = "\U0010fffe"
_NARROWEST = 0.6


@dataclass(frozen=True, slots=True)
class Dots:
    """Black dots in rows of whole bytes, the left dot in the highest bit."""

    width: int
    height: int
    rows: tuple[bytes, ...]


def find_fonts() -> tuple[str, ...]:
    named = [path for path in os.environ.get(FONTS_VARIABLE, "").split(os.pathsep) if path]
    return tuple(path for path in (*named, *_USUAL_PLACES) if Path(path).is_file())


def draw_line(text: str, height: int, max_width: int, fonts: Sequence[str] | None = None) -> Dots:
    """One line of text, `height` dots high, made narrower and then cut with "..." to fit `max_width`."""
    available = tuple(fonts) if fonts is not None else find_fonts()
    wanted = printable_with(text, available)
    size = height
    while size > height * _NARROWEST and _length(wanted, size, available) > max_width:
        size -= 1
    shown = wanted
    while len(shown) > 1 and _length(shown, size, available) > max_width:
        wanted = wanted[:-1]
        shown = wanted + "..."
    width = max(1, min(max_width, _length(shown, size, available)))
    image = Image.new("L", (width, height), 255)
    drawing = ImageDraw.Draw(image)
    x = 0.0
    for run, font in _runs(shown, size, available):
        # "ls": every font's own base line on one line, or the runs of two fonts would stagger.
        drawing.text((x, round(height * 0.8)), run, fill=0, font=font, anchor="ls")
        x += font.getlength(run)
    return dots_of(image)


def dots_of(image: Image.Image) -> Dots:
    black = image.convert("L").point([255 if value < 128 else 0 for value in range(256)]).convert("1")
    row_bytes = (black.width + 7) // 8
    packed = black.tobytes()
    rows = tuple(packed[at : at + row_bytes] for at in range(0, len(packed), row_bytes))
    return Dots(black.width, black.height, rows)


def printable_with(text: str, fonts: Sequence[str]) -> str:
    """`text` with every character that none of the fonts has replaced by its ASCII part or by "?"."""
    return "".join(c if _font_with(c, tuple(fonts)) is not None else to_ascii(c) for c in text)


def to_ascii(text: str) -> str:
    shown = []
    for c in text:
        decomposed = unicodedata.normalize("NFKD", c)
        ascii_part = decomposed.encode("ascii", "ignore").decode("ascii")
        is_mark = unicodedata.category(c).startswith("M")
        shown.append(ascii_part or ("" if is_mark else "?"))
    return "".join(shown)


def scripts_without_a_font(fonts: Sequence[str] | None = None) -> list[str]:
    """Which of the world's scripts would come out as "?" here, or with letters that do not join (Arabic, Hebrew)."""
    available = tuple(fonts) if fonts is not None else find_fonts()
    lacking = [name for name, c in _SCRIPTS if _font_with(c, available) is None]
    return lacking + ([] if features.check("raqm") else ["text from right to left (libfribidi)"])


def text_width(text: str, height: int, fonts: Sequence[str] | None = None) -> int:
    available = tuple(fonts) if fonts is not None else find_fonts()
    return _length(printable_with(text, available), height, available)


def _length(text: str, size: int, fonts: tuple[str, ...]) -> int:
    return int(sum(font.getlength(run) for run, font in _runs(text, size, fonts))) + 1


def _runs(
    text: str, size: int, fonts: tuple[str, ...]
) -> list[tuple[str, ImageFont.FreeTypeFont | ImageFont.ImageFont]]:
    """The text in pieces of one font each. One font for all of it, where there is one, keeps its shaping."""
    if not fonts:
        return [(to_ascii(text), ImageFont.load_default(size))]
    whole = next((path for path in fonts if all(_has(path, c) for c in text)), None)
    if whole is not None:
        return [(text, _font(whole, _em(size)))] if text else []
    pieces: list[tuple[str, str]] = []
    for c in text:
        path = _font_with(c, fonts) or fonts[0]
        if pieces and pieces[-1][1] == path:
            pieces[-1] = (pieces[-1][0] + c, path)
        else:
            pieces.append((c, path))
    return [(run, _font(path, _em(size))) for run, path in pieces]


def _em(line_height: int) -> int:
    # Room for accents above and descenders below within the line's height.
    return max(6, round(line_height * 0.82))


def _font_with(c: str, fonts: tuple[str, ...]) -> str | None:
    if not fonts:
        return "" if 0x20 <= ord(c) <= 0x7E else None
    return next((path for path in fonts if _has(path, c)), None)


@lru_cache(maxsize=64)
def _font(path: str, em: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, em)


@lru_cache(maxsize=16)
def _missing_glyph(path: str) -> bytes:
    return _glyph(path, _NOT_A_CHARACTER)


@lru_cache(maxsize=8192)
def _has(path: str, c: str) -> bool:
    return c == " " or unicodedata.category(c) == "Zs" or _glyph(path, c) != _missing_glyph(path)


def _glyph(path: str, c: str) -> bytes:
    font = _font(path, 24)
    mask = font.getmask(c, mode="1")
    return repr((mask.size, font.getbbox(c))).encode() + bytes(mask)
