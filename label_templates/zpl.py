"""ZPL made of values: text, barcodes, boxes and graphics at places in millimetres.

Owns the escaping. A value becomes field data only behind ^FH, with every byte that is not plainly
harmless written as _XX, so that ^, ~ and _ in an address are printed and never obeyed.
Refuses to scale a barcode by anything but whole dots a module: a scanner reads the widths.
Source: Zebra "ZPL II Programming Guide": ^FH hexadecimal escapes, ^BC (mode N: ">" is an escape, ">0"
prints it; mode D: UCC/EAN with FNC1 inserted), ^BX (its escape is given, because its default differs by
firmware; escape and 1 = FNC1), ^GF compression; GS1 General Specifications 6.6 (logistic label).
"""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass

from label_templates.fields import LabelFieldError
from label_templates.fonts import Dots, draw_line
from label_templates.gs1 import Element, as_read

_HARMLESS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .-/:()")
_DOTS_PER_MM = {203: 8.0, 300: 300 / 25.4}
# Advance of ^A0's proportional font in hundredths of its character width, rounded up. Measured on
# rendered labels.
_ADVANCE_CLASSES = (
    ("ijl", 28),
    (" !'(),./:;I[]`ft", 31),
    ("rz", 42),
    ("?Jcksvxy", 48),
    ('"#$*0123456789L\\aeo', 52),
    ("EFTZ^_bdghnpqu{|}", 55),
    ("CSVABKOPQXY", 61),
    ("DGR&HNUw", 71),
    ("MmW", 88),
    ("%+-=@", 95),
)
_WIDEST = 104
_ADVANCE = {c: advance for characters, advance in _ADVANCE_CLASSES for c in characters}
_NARROWEST = 0.6
_QUIET_MODULES = 10
_DATAMATRIX_QUIET_MODULES = 2  # the standard asks for one; two leave room for a slack print
# Modules a side and data code words of the square symbols. Source: ISO/IEC 16022, table 7.
_DATAMATRIX_SIDES = (
    *((10, 3), (12, 5), (14, 8), (16, 12), (18, 18), (20, 22), (22, 30), (24, 36), (26, 44)),
    *((32, 62), (36, 86), (40, 114), (44, 144)),
)
_SSCC_MODULES = 156  # start 11, FNC1 11, ten pairs 110, check 11, stop 13


class Zpl(str):
    """Text that is ZPL already. Only this module makes it; a template's values never are."""

    __slots__ = ()


def escape(value: str) -> Zpl:
    """Field data for ^FH ^FD: the same characters, none of them a command."""
    return Zpl("".join(chr(byte) if byte in _HARMLESS else f"_{byte:02X}" for byte in value.encode("utf-8")))


def finalize(value: object) -> object:
    """Every {{ }} of a ZPL template goes through here, so that no filter can be forgotten."""
    if isinstance(value, Zpl):
        return value
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if type(value).__name__ == "StrictUndefined":
        return value  # raises by itself as soon as it is written
    raise LabelFieldError("template", f"cannot print a {type(value).__name__}")


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a template calls, for one resolution. Lengths are millimetres, from the label's top left."""

    dpi: int

    def dots(self, length_mm: float) -> int:
        # Down, never up: one dot more than the label is wide is one dot off the label.
        return math.floor(length_mm * _DOTS_PER_MM[self.dpi])

    def begin(self, width_mm: float, height_mm: float) -> Zpl:
        return Zpl(f"^XA\n^CI28^LH0,0^PON^PW{self.dots(width_mm)}^LL{self.dots(height_mm)}")

    def end(self) -> Zpl:
        return Zpl("^XZ")

    def text(self, value: str | int, x: float, y: float, width: float, height: float, align: str = "left") -> Zpl:
        """One line. Too long a text is made narrower, then cut; what is not ASCII is drawn as dots."""
        shown = str(value)
        if not shown:
            return Zpl("")
        if not shown.isascii():
            dots = draw_line(shown, self.dots(height), self.dots(width))
            return self._graphic(dots, self._aligned(x, width, dots.width, align), self.dots(y))
        character_height, room = self.dots(height), self.dots(width)
        advance = _advance(shown)
        character_width = _fitting(advance, character_height, room)
        # Then lower as well, but not below 3 mm, which people still read at the belt.
        smallest = min(character_height, self.dots(3))
        while _width(advance, character_width) > room and character_height > smallest:
            character_height -= 1
            character_width = _fitting(advance, character_height, room)
        if _width(advance, character_width) > room:
            shown = _cut(shown, character_width, room)
        left = self._aligned(x, width, _width(_advance(shown), character_width), align)
        return Zpl(f"^FO{left},{self.dots(y)}^A0N,{character_height},{character_width}^FH^FD{escape(shown)}^FS")

    def code128(self, value: str, x: float, y: float, width: float, height: float, field: str = "barcode") -> Zpl:
        """Code 128, set B throughout, centred, with modules as wide as fit and at most half a millimetre. `field`
        is refused by name when it does not fit.
        """
        modules = 11 * (len(value) + 2) + 13
        module = min(self.dots(width) // (modules + 2 * _QUIET_MODULES), max(2, round(self.dots(50) / 100)))
        if module < 2 or module * 1000 < self.dots(240):
            raise LabelFieldError(field, f"{len(value)} characters do not fit on {width:g} mm")
        left = self._aligned(x, width, modules * module, "center")
        literal = escape(value.replace(">", ">0"))
        return self._barcode(left, y, module, height, "N", literal)

    def sscc(self, value: str, x: float, y: float, width: float, height: float) -> Zpl:
        """GS1-128 of (00) + 18 digits, modules of at least 0.495 mm, as the logistic label wants it."""
        module = math.ceil(0.495 * _DOTS_PER_MM[self.dpi])
        if module * (_SSCC_MODULES + 2 * _QUIET_MODULES) > self.dots(width):
            raise LabelFieldError("template", f"an SSCC does not fit on {width:g} mm")
        left = self._aligned(x, width, _SSCC_MODULES * module, "center")
        return self._barcode(left, y, module, height, "D", Zpl(f"(00){escape(value)}"))

    def datamatrix(self, symbol: list[Element], x: float, y: float, side: float) -> Zpl:
        """GS1 DataMatrix (ECC 200, FNC1 first), centred on a square of `side` mm that holds its quiet zone too.

        Its size is set, not left to the printer: it then lies where it was put, whatever the firmware packs better.
        """
        read = as_read(symbol)
        code_words = 1 + _code_words(read)
        modules = next((modules for modules, room in _DATAMATRIX_SIDES if room >= code_words), 0)
        room = self.dots(side)
        module = min(room // (modules + 2 * _DATAMATRIX_QUIET_MODULES), self.dots(0.99)) if modules else 0
        if module < 2 or module * 1000 < self.dots(300):
            raise LabelFieldError("template", f"a symbol of {len(read)} characters does not fit on {side:g} mm")
        off = (room - modules * module) // 2
        data = "|1" + read.replace("|", "||").replace("\x1d", "|1")
        left, top = self.dots(x) + off, self.dots(y) + off
        return Zpl(f"^FO{left},{top}^BXN,{module},200,{modules},{modules},,|^FH^FD{escape(data)}^FS")

    def frame(self, x: float, y: float, width: float, height: float, thickness: float = 0.25) -> Zpl:
        """An empty box."""
        thick = max(1, self.dots(thickness))
        return Zpl(f"^FO{self.dots(x)},{self.dots(y)}^GB{self.dots(width)},{self.dots(height)},{thick}^FS")

    def line(self, x: float, y: float, width: float, thickness: float = 0.4) -> Zpl:
        thick = max(1, self.dots(thickness))
        return Zpl(f"^FO{self.dots(x)},{self.dots(y)}^GB{self.dots(width)},{thick},{thick}^FS")

    def arrow(self, direction: str, x: float, y: float, size: float) -> Zpl:
        """A filled triangle that points up or down, drawn by arithmetic: the same dots everywhere."""
        side = self.dots(size) // 8 * 8
        bars = []
        for row in range(side):
            half = (row if direction == "up" else side - 1 - row) * (side // 2) // max(1, side - 1)
            bits = ((1 << (2 * half)) - 1) << (side // 2 - half)
            bars.append(bits.to_bytes(side // 8, "big"))
        return self._graphic(Dots(side, side, tuple(bars)), self.dots(x), self.dots(y))

    def _barcode(self, left: int, y: float, module: int, height: float, mode: str, literal: Zpl) -> Zpl:
        tall = self.dots(height)
        return Zpl(f"^FO{left},{self.dots(y)}^BY{module},3,{tall}^BCN,{tall},N,N,N,{mode}^FH^FD{literal}^FS")

    def _graphic(self, dots: Dots, left: int, top: int) -> Zpl:
        row_bytes = (dots.width + 7) // 8
        size = row_bytes * dots.height
        return Zpl(f"^FO{left},{top}^GFA,{size},{size},{row_bytes},{_compressed(dots)}^FS")

    def _aligned(self, x: float, width: float, ink_width: int, align: str) -> int:
        spare = max(0, self.dots(width) - ink_width)
        return self.dots(x) + {"left": 0, "center": spare // 2, "right": spare}[align]


def _advance(text: str) -> int:
    return sum(_ADVANCE.get(c, _WIDEST) for c in text)


def _width(advance: int, character_width: int) -> int:
    return math.ceil(advance * character_width / 100)


def _fitting(advance: int, character_height: int, room: int) -> int:
    """The character width, from narrow to square, at which the text comes closest to fitting."""
    square = max(1, _width(advance, 1000))
    return max(math.ceil(character_height * _NARROWEST), min(character_height, room * 1000 // square))


def _cut(text: str, character_width: int, room: int) -> str:
    """As much of the text as fits with "..." behind it."""
    dots = _advance("...")
    reached = itertools.accumulate((_ADVANCE.get(c, _WIDEST) for c in text), initial=dots)
    fitting = sum(1 for advance in reached if _width(advance, character_width) <= room)
    return text[: max(0, fitting - 1)] + "..."


def _code_words(text: str) -> int:
    """Data Matrix code words of ASCII encodation, the longest a printer may take: two digits are one, GS is FNC1."""
    return len(re.sub(r"[0-9]{2}", "0", text))


def _compressed(dots: Dots) -> str:
    """^GF's own run lengths: G … Y = 1 … 19, g … z = 20 … 400, "," = zeros to the end of the row, ":" = row above."""
    lines: list[str] = []
    previous = None
    for row in dots.rows:
        if row == previous:
            lines.append(":")
            continue
        previous = row
        digits = row.hex().upper()
        body = digits.rstrip("0")
        body += "0" if len(body) % 2 else ""
        lines.append("".join(_run(c, len(list(same))) for c, same in itertools.groupby(body)))
        if len(body) < len(digits):
            lines.append(",")
    return "".join(lines)


def _run(c: str, count: int) -> str:
    text = ""
    while count > 400:
        text += f"z{c}"
        count -= 400
    if count == 1:
        return text + c
    twenties, ones = divmod(count, 20)
    letters = (chr(ord("g") + twenties - 1) if twenties else "") + (chr(ord("G") + ones - 1) if ones else "")
    return text + (letters + c if letters else "")
