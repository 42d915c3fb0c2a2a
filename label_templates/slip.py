"""ESC/POS made of a slip's lines: what a *.escpos.j2 template renders is not bytes but a list of directives.

One directive a line, `word: argument`:
    title, text, bold, small       a line of text, wrapped
    row                            left TAB right, on one line
    code128                        a barcode, centred
    rule, sign                     a line across; a line to sign on, with its label
    feed                           that many empty lines
Owns the encoding, through python-escpos's Dummy, which never sees a device. Refuses a word that is not in
the list.
Invariant: a value holds no line end and no TAB when it comes here, so it cannot make a directive; a slip
ends in a cut and GS r 1, which the printer answers when everything before it is done. A slip whose text
CP858 does not have is drawn: all of its text as raster, barcodes still as barcodes.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from escpos.printer import Dummy
from PIL import Image

from label_templates.fields import LabelFieldError, clean_text
from label_templates.fonts import Dots, draw_line, printable_with, text_width
from label_templates.fonts import find_fonts as _find_fonts

COLUMNS = 48
WIDTH_DOTS = 576
_LINE_DOTS, _TITLE_DOTS = 30, 52
# 576 dots, 48 columns, CP858: the common 80 mm printer.
_PROFILE = "TM-T20II"
_CODE_PAGE = "CP858"
CONFIRM = b"\x1dr\x01"
_TEXT_WORDS = ("title", "text", "bold", "small", "row", "sign")
_WORDS = (*_TEXT_WORDS, "code128", "rule", "feed")


@dataclass(frozen=True, slots=True)
class Line:
    word: str
    left: str = ""
    right: str = ""


class _Pen(Protocol):
    def write(self, line: Line) -> None: ...


class Code(str):
    """A checked code of printable ASCII, in which every space counts: what a scanner reads is compared letter by
    letter.
    """

    __slots__ = ()


def finalize(value: object) -> object:
    """Every {{ }} of a slip template: one line, no TAB, no control character."""
    if isinstance(value, Code):
        return str(value)
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if type(value).__name__ == "StrictUndefined":
        return value  # raises by itself as soon as it is written
    raise LabelFieldError("template", f"cannot print a {type(value).__name__}")


def encode(markup: str) -> bytes:
    lines = list(_lines(markup))
    dummy = Dummy(profile=_PROFILE)
    dummy.hw("INIT")
    is_plain = all(_is_encodable(line.left + line.right) for line in lines if line.word in _TEXT_WORDS)
    pen: _Pen = _TextPen(dummy) if is_plain else _RasterPen(dummy)
    for line in lines:
        if line.word == "code128":
            _write_code128(dummy, line.left)
        else:
            pen.write(line)
    dummy.cut()
    dummy._raw(CONFIRM)
    return bytes(dummy.output)


def in_words(markup: str) -> str:
    """The slip as lines of text for a screen: the same words in the same order, barcodes as their text."""
    shown: list[str] = []
    for line in _lines(markup):
        if line.word in ("text", "small", "bold", "title"):
            pieces = textwrap.wrap(line.left, COLUMNS) or [""]
            shown += [piece.center(COLUMNS).rstrip() for piece in pieces] if line.word == "title" else pieces
        elif line.word == "row":
            shown.append(f"{line.left:<{max(0, COLUMNS - len(line.right) - 1)}} {line.right}")
        elif line.word == "code128":
            shown.append(f"||| {line.left} |||".center(COLUMNS).rstrip())
        elif line.word == "rule":
            shown.append("-" * COLUMNS)
        elif line.word == "sign":
            shown += ["", "", f"{line.left} ".ljust(COLUMNS, "_")]
        else:
            shown += [""] * _feeds(line)
    return "\n".join(shown) + "\n"


def _lines(markup: str) -> Iterator[Line]:
    for text in markup.splitlines():
        if not text.strip():
            continue
        word, separator, argument = text.partition(":")
        if not separator or word not in _WORDS:
            raise LabelFieldError("template", f"{text[:40]!r} is no slip directive")
        if word == "code128":
            yield Line(word, argument.removeprefix(" "))
            continue
        left, _, right = argument.strip(" ").partition("\t")
        yield Line(word, left.strip(), right.strip())


class _TextPen:
    """The printer's own characters."""

    def __init__(self, dummy: Dummy) -> None:
        self._dummy = dummy
        dummy.charcode(_CODE_PAGE)

    def write(self, line: Line) -> None:
        dummy = self._dummy
        if line.word == "title":
            dummy.set(align="center", bold=True, double_width=True, double_height=True)
            self._wrapped(line.left, COLUMNS // 2)
            dummy.set(align="left", bold=False, normal_textsize=True)
        elif line.word == "bold":
            dummy.set(bold=True)
            self._wrapped(line.left, COLUMNS)
            dummy.set(bold=False)
        elif line.word in ("text", "small"):
            self._wrapped(line.left, COLUMNS)
        elif line.word == "row":
            room = COLUMNS - len(line.right) - 1
            left = line.left if len(line.left) <= room else line.left[: max(0, room - 3)] + "..."
            dummy.text(f"{left:<{max(0, room)}} {line.right}\n")
        elif line.word == "rule":
            dummy.text("-" * COLUMNS + "\n")
        elif line.word == "sign":
            dummy.text(f"\n\n{line.left} " + "_" * max(0, COLUMNS - len(line.left) - 1) + "\n")
        elif line.word == "feed":
            dummy.text("\n" * _feeds(line))

    def _wrapped(self, text: str, columns: int) -> None:
        for piece in textwrap.wrap(text, columns) or [""]:
            self._dummy.text(piece + "\n")


class _RasterPen:
    """Every line drawn: the printers' fonts lack the characters, and a mixed slip would change face in
    mid-line.
    """

    def __init__(self, dummy: Dummy) -> None:
        self._dummy = dummy
        self._fonts = _find_fonts()

    def write(self, line: Line) -> None:
        if line.word == "feed":
            self._dummy.text("\n" * _feeds(line))
        elif line.word == "rule":
            image = Image.new("1", (WIDTH_DOTS, 10), 1)
            image.paste(0, (0, 4, WIDTH_DOTS, 6))
            self._put(image)
        elif line.word == "sign":
            image = Image.new("1", (WIDTH_DOTS, 3 * _LINE_DOTS), 1)
            dots = self._drawn(line.left, _LINE_DOTS, WIDTH_DOTS // 2)
            image.paste(_image_of(dots), (0, 2 * _LINE_DOTS))
            image.paste(0, (dots.width + 8, 3 * _LINE_DOTS - 6, WIDTH_DOTS, 3 * _LINE_DOTS - 4))
            self._put(image)
        elif line.word == "row":
            image = Image.new("1", (WIDTH_DOTS, _LINE_DOTS), 1)
            right = self._drawn(line.right, _LINE_DOTS, WIDTH_DOTS // 2)
            left = self._drawn(line.left, _LINE_DOTS, WIDTH_DOTS - right.width - 16)
            image.paste(_image_of(left), (0, 0))
            image.paste(_image_of(right), (WIDTH_DOTS - right.width, 0))
            self._put(image)
        else:
            height = _TITLE_DOTS if line.word == "title" else _LINE_DOTS
            for piece in self._wrapped(line.left, height):
                dots = self._drawn(piece, height, WIDTH_DOTS)
                image = Image.new("1", (WIDTH_DOTS, height), 1)
                image.paste(_image_of(dots), ((WIDTH_DOTS - dots.width) // 2 if line.word == "title" else 0, 0))
                self._put(image)

    def _drawn(self, text: str, height: int, max_width: int) -> Dots:
        return draw_line(text, height, max_width, self._fonts)

    def _wrapped(self, text: str, height: int) -> Iterator[str]:
        """Broken where it has to be: Chinese and Japanese have no spaces to break at."""
        shown = printable_with(text, self._fonts)
        while shown:
            count = len(shown)
            while count > 1 and text_width(shown[:count], height, self._fonts) > WIDTH_DOTS:
                count -= 1
            space = shown.rfind(" ", 0, count)
            if count < len(shown) and space > count // 2:
                count = space + 1
            yield shown[:count].rstrip()
            shown = shown[count:]

    def _put(self, image: Image.Image) -> None:
        self._dummy.image(image, impl="bitImageRaster")


def _write_code128(dummy: Dummy, value: str) -> None:
    # Written out, because python-escpos prints to standard output on every barcode. Set B; "{" opens a
    # code set change and is doubled to be itself.
    # Source: Epson ESC/POS command reference, GS h, GS w, GS H, GS k (m = 73, CODE128).
    data = b"{B" + value.replace("{", "{{").encode("ascii")
    dummy.set(align="center")
    dummy._raw(b"\x1dh\x60" + b"\x1dw\x02" + b"\x1dH\x02" + b"\x1dk\x49" + bytes((len(data),)) + data)
    dummy.set(align="left")
    dummy.text("\n")


def _image_of(dots: Dots) -> Image.Image:
    inverted = bytes(byte ^ 0xFF for row in dots.rows for byte in row)
    return Image.frombytes("1", (dots.width, dots.height), inverted)


def _is_encodable(text: str) -> bool:
    try:
        text.encode(_CODE_PAGE)
    except UnicodeEncodeError:
        return False
    return True


def _feeds(line: Line) -> int:
    if not line.left.isdecimal() or not 1 <= int(line.left) <= 20:
        raise LabelFieldError("template", f"feed: {line.left[:20]!r} is not 1 to 20")
    return int(line.left)
