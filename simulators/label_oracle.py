"""The print oracle: is what a printer got the label that was meant, and can it be read?

    bytes → TCP → simulated printer → the same bytes on its tape → rendered → decoded → judged

A label is judged by: the printer put out exactly the bytes; a scanner reads exactly the barcodes expected, with their
AIM identifiers; nothing lies off the label; every barcode has its quiet zone, modules and height, all measured in
dots of the drawing; and no ink of one field lies on ink of another. A slip by: the same bytes, its barcodes, nothing
wider than the paper.
Needs the extra `labels` (zplkit, zxing-cpp). Knows no template: what to expect is handed in.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from simulators.label_reader import RenderedLabel, decode, render_label
from simulators.printer_port import PrinterPort
from simulators.receipt_printer import commands_of, rasters_of, text_of

SEND_S = 10.0
# Beyond the label's edge as far as the drawing goes to see what had been cut off there.
_MARGIN_DOTS = 120
# Around a field drawn alone: what reaches over its place to the left or above shows too.
_ROOM_DOTS = 24
_ORIGIN = re.compile(rb"\^FO(\d+),(\d+)")
_BARCODE = re.compile(rb"\^B([CX])N")
_QUIET_MODULES, _MATRIX_QUIET_MODULES = 10, 2
_SLIP_COLUMNS, _SLIP_DOTS, _SLIP_MODULE_DOTS = 48, 576, 2


@dataclass(frozen=True, slots=True)
class Expected:
    """One barcode: what is read, and how large it has to be, in micrometres. `aim` is such as ]C1."""

    text: str
    aim: str
    module_um: int
    widest_um: int
    height_um: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """The label's size in dots."""

    width: int
    height: int
    dpi: int

    def um(self, dots: int) -> int:
        return round(dots * 25_400 / self.dpi)


@dataclass(frozen=True, slots=True)
class _Layer:
    """One field's ink, drawn alone on a piece of paper whose upper left corner lies at `left`, `top` of the label."""

    ink: Any
    left: int
    top: int


@dataclass(frozen=True, slots=True)
class _Symbol:
    """A barcode's own ink: the box it fills (right and bottom outside of it) and its module, in dots."""

    left: int
    top: int
    right: int
    bottom: int
    module: int
    quiet: int
    quiet_above: int


def send(printer: PrinterPort, content: bytes) -> list[str]:
    """Print over TCP; what is wrong with what came out."""
    before = len(printer.wait_for(0))
    with socket.create_connection((printer.host, printer.port), SEND_S) as line:
        line.sendall(content)
        line.shutdown(socket.SHUT_WR)
        printed = printer.wait_for(before + 1, SEND_S)[before:]
    if [job.content for job in printed] == [content] and printed[0].path.read_bytes() == content:
        return []
    return [f"printer: {len(printed)} jobs came out, not the bytes that were sent"]


def judge_label(content: bytes, expected: Sequence[Expected], sheet: Sheet) -> list[str]:
    """What is wrong with a ZPL label, in words; nothing when it is as it should be."""
    if not _has_size(content, sheet):
        return [f"size: ^PW or ^LL is not {sheet.width} by {sheet.height}"]
    head, *fields = content.removesuffix(b"^XZ").split(b"^FO")
    fields = [b"^FO" + field for field in fields]
    try:
        drawn = _ink(_on_canvas(content, sheet))
        layers = [_layer(head, field, sheet) for field in fields]
    except ValueError as error:
        return [f"renderer: {error}"]
    faults = [*_off_label(fields, drawn, sheet), *_overlaps(fields, layers, drawn)]
    symbols = [
        _measured(layer, is_matrix=found[1] == b"X")
        for field, layer in zip(fields, layers, strict=True)
        if (found := _BARCODE.search(field))
    ]
    return faults + _misread(drawn[: sheet.height, : sheet.width], sorted(symbols, key=_top), expected, sheet)


def judge_slip(content: bytes, expected: Sequence[Expected]) -> list[str]:
    """What is wrong with an ESC/POS slip, in words. The printer draws its barcodes, so their data is compared."""
    commands = list(commands_of(content))
    codes = [command[4:] for command in commands if command[:3] == b"\x1dk\x49"]
    wanted = [b"{B" + each.text.encode("ascii").replace(b"{", b"{{") for each in expected]
    faults = [] if codes == wanted else [f"barcodes: {codes} instead of {wanted}"]
    for code in codes:
        modules = 11 * (len(code.replace(b"{{", b"{")) - 2 + 2) + 13 + 20
        if modules * _SLIP_MODULE_DOTS > _SLIP_DOTS:
            faults.append(f"barcode: {code!r} and its quiet zone are wider than the paper")
    faults += [f"text: {line!r} is wider than the paper" for line in text_of(content).splitlines()
               if len(line) > _SLIP_COLUMNS]  # fmt: skip
    faults += [f"raster: {raster.width} dots wide" for raster in rasters_of(content) if raster.width > _SLIP_DOTS]
    if sum(command[:2] == b"\x1dV" for command in commands) != 1 or commands[-1] != b"\x1dr\x01":
        faults.append("end: not one cut and the question behind it")
    return faults


def _has_size(content: bytes, sheet: Sheet) -> bool:
    return f"^PW{sheet.width}^LL{sheet.height}".encode("ascii") in content


def _on_canvas(content: bytes, sheet: Sheet) -> RenderedLabel:
    size = f"^PW{sheet.width}^LL{sheet.height}".encode("ascii")
    wider = f"^PW{sheet.width + _MARGIN_DOTS}^LL{sheet.height + _MARGIN_DOTS}".encode("ascii")
    return render_label(content.replace(size, wider))


def _ink(label: RenderedLabel) -> Any:
    import numpy

    return numpy.frombuffer(label.pixels, dtype=numpy.uint8).reshape(label.height, label.width) < 128


def _layer(head: bytes, field: bytes, sheet: Sheet) -> _Layer:
    """Drawn on as little paper as holds it: a label has thirty fields, and each on a whole label takes its time."""
    origin = _ORIGIN.match(field)
    if origin is None:
        raise ValueError(f"{_shown(field)} has no place")
    height = _height(field) + 2 * _ROOM_DOTS
    width = sheet.width + _MARGIN_DOTS
    size = f"^PW{sheet.width}^LL{sheet.height}".encode("ascii")
    paper = head.replace(size, f"^PW{width}^LL{height}".encode("ascii"))
    moved = f"^FO{_ROOM_DOTS},{_ROOM_DOTS}".encode("ascii") + field[origin.end() :]
    return _Layer(_ink(render_label(paper + moved + b"^XZ")), int(origin[1]) - _ROOM_DOTS, int(origin[2]) - _ROOM_DOTS)


def _height(field: bytes) -> int:
    """How high a field is at most, in dots, from what it says of itself."""
    if found := re.search(rb"\^GFA,(\d+),\d+,(\d+)", field):
        return int(found[1]) // int(found[2])
    if found := re.search(rb"\^BXN,(\d+),200,(\d+)", field):
        return int(found[1]) * int(found[2])
    if found := re.search(rb"\^(?:BCN|A0N),(\d+)", field):
        return 2 * int(found[1])
    found = re.search(rb"\^GB\d+,(\d+),(\d+)", field)
    return max(int(found[1]), int(found[2])) if found else _MARGIN_DOTS


def _off_label(fields: Sequence[bytes], drawn: Any, sheet: Sheet) -> list[str]:
    faults = []
    for field in fields:
        origin = _ORIGIN.match(field)
        if origin is None or int(origin[1]) >= sheet.width or int(origin[2]) >= sheet.height:
            faults.append(f"off the label: {_shown(field)} begins there")
    if drawn[sheet.height :, :].any() or drawn[:, sheet.width :].any():
        faults.append("off the label: ink")
    return faults


def _overlaps(fields: Sequence[bytes], layers: Sequence[_Layer], drawn: Any) -> list[str]:
    """No ink lies on ink when all fields alone have as many black dots as the label; else, which do is looked for."""
    import numpy

    if sum(int(numpy.count_nonzero(layer.ink)) for layer in layers) == int(numpy.count_nonzero(drawn)):
        return []
    placed = [_placed(layer, drawn) for layer in layers]
    return [
        f"ink on ink: {_shown(fields[one])} and {_shown(fields[other])}"
        for other in range(len(layers))
        for one in range(other)
        if (placed[one] & placed[other]).any()
    ] or ["ink on ink: the fields together are not the label"]


def _placed(layer: _Layer, drawn: Any) -> Any:
    import numpy

    rows, columns = numpy.nonzero(layer.ink)
    rows, columns = rows + layer.top, columns + layer.left
    on_paper = (rows >= 0) & (columns >= 0) & (rows < drawn.shape[0]) & (columns < drawn.shape[1])
    placed = numpy.zeros(drawn.shape, dtype=bool)
    placed[rows[on_paper], columns[on_paper]] = True
    return placed


def _measured(layer: _Layer, *, is_matrix: bool) -> _Symbol:
    import numpy

    rows, columns = numpy.flatnonzero(layer.ink.any(axis=1)), numpy.flatnonzero(layer.ink.any(axis=0))
    left, right, top, bottom = int(columns[0]), int(columns[-1]) + 1, int(rows[0]), int(rows[-1]) + 1
    # A Data Matrix's upper edge is black and white by turns, a module each; in a Code 128 every row is the same.
    row = numpy.pad(layer.ink[top if is_matrix else (top + bottom) // 2, left:right], 1).astype(numpy.int8)
    module = int(numpy.diff(numpy.flatnonzero(numpy.diff(row))).min())
    quiet = module * (_MATRIX_QUIET_MODULES if is_matrix else _QUIET_MODULES)
    return _Symbol(
        *(left + layer.left, top + layer.top, right + layer.left, bottom + layer.top),
        *(module, quiet, quiet if is_matrix else 0),
    )


def _misread(ink: Any, symbols: Sequence[_Symbol], expected: Sequence[Expected], sheet: Sheet) -> list[str]:
    import numpy

    pixels = numpy.where(ink, 0, 255).astype(numpy.uint8).tobytes()
    read = sorted(decode(RenderedLabel(sheet.width, sheet.height, pixels)), key=lambda barcode: barcode.top)
    got, wanted = [(each.symbology, each.text) for each in read], [(each.aim, each.text) for each in expected]
    faults = [] if got == wanted else [f"read: {got} instead of {wanted}"]
    if len(symbols) != len(expected):
        return [*faults, f"barcodes: {len(symbols)} drawn, {len(expected)} expected"]
    for symbol, each in zip(symbols, expected, strict=True):
        faults += [f"{each.text}: {fault}" for fault in _too_small(symbol, each, sheet) + _unquiet(symbol, ink, sheet)]
    return faults


def _too_small(symbol: _Symbol, expected: Expected, sheet: Sheet) -> list[str]:
    module_um, height_um = sheet.um(symbol.module), sheet.um(symbol.bottom - symbol.top)
    faults = []
    if not expected.module_um <= module_um <= expected.widest_um:
        faults.append(f"modules of {module_um} µm, not {expected.module_um} to {expected.widest_um}")
    if height_um < expected.height_um:
        faults.append(f"{height_um} µm high, not {expected.height_um}")
    return faults


def _unquiet(symbol: _Symbol, ink: Any, sheet: Sheet) -> list[str]:
    """Quiet on all sides of a matrix, to the left and right of bars."""
    left, right = symbol.left - symbol.quiet, symbol.right + symbol.quiet
    top, bottom = symbol.top - symbol.quiet_above, symbol.bottom + symbol.quiet_above
    if left < 0 or top < 0 or right > sheet.width or bottom > sheet.height:
        return ["its quiet zone is not on the label"]
    around = int(ink[top:bottom, left:right].sum()) - int(
        ink[symbol.top : symbol.bottom, symbol.left : symbol.right].sum()
    )
    return ["ink in its quiet zone"] if around else []


def _top(symbol: _Symbol) -> int:
    return symbol.top


def _shown(field: bytes) -> str:
    return field[:60].decode("ascii", "replace")
