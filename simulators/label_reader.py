"""Reads the labels on a printer's tape back, as a scanner would: renders them and decodes their barcodes.

    python -m simulators.label_reader TAPE_DIR [--processes 2]

Owns rendering (zplkit) and decoding (zxing-cpp). Both come with the extra `labels`; without it nothing is
read, and None together with `MISSING_EXTRA` says so, because "not read" must not look like "nothing on
the label".
Invariant: what is rendered is the label as sent, less the commands that only steer the printer.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import multiprocessing
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MISSING_EXTRA = "labels were not read: install the extra, pip install 'floorline[labels]' (zplkit, zxing-cpp)"
# They steer quantity, media, speed and darkness and say nothing about what is on the label; the renderer
# rejects them.
_PRINTER_CONTROL = frozenset(
    b"^PQ ^MM ^MN ^MT ^MD ^PR ^JU ^HV ^RS ^JZ ^JM ^MC ^ML ^MF ^MP ^PP ^SS ^SX ^ST ^SZ ^XB ^TO ^ID ^KD".split()
)
_WIDTH, _LENGTH = re.compile(rb"\^PW(\d+)"), re.compile(rb"\^LL(\d+)")
_DEFAULT_DOTS = (812, 1218)
_LEAST_DOTS = 8  # a millimetre at 203 dpi
_GRAPHIC_MOST_BYTES = 99_999  # of one ^GF, as its manual has it; the renderer by itself stops at a quarter of that


@dataclass(frozen=True, slots=True)
class ReadBarcode:
    """`text` as a scanner sends it; `symbology` is the AIM identifier, such as ]C1. The box is in dots."""

    text: str
    symbology: str
    format: str
    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class LabelRead:
    path: Path
    width: int
    height: int
    barcodes: tuple[ReadBarcode, ...]
    fault: str = ""

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(barcode.text for barcode in self.barcodes)


@dataclass(frozen=True, slots=True)
class RenderedLabel:
    """One byte a dot, row by row, 0 black and 255 white."""

    width: int
    height: int
    pixels: bytes


def can_read() -> bool:
    return all(importlib.util.find_spec(name) is not None for name in ("zplkit", "zxingcpp", "numpy"))


def read_tape(tape: Path | str, processes: int = 1) -> list[LabelRead] | None:
    """Every label on the tape in the order of printing, or None when the extra is not installed."""
    return read_labels(sorted(Path(tape).glob("*.zpl")), processes)


def read_labels(paths: Sequence[Path], processes: int = 1) -> list[LabelRead] | None:
    if not can_read():
        return None
    if processes <= 1 or len(paths) < 64:
        return [read_label(path) for path in paths]
    # spawn: the caller has threads and sockets that a fork would carry along.
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        return pool.map(read_label, paths, chunksize=32)


def read_label(path: Path) -> LabelRead:
    try:
        label = render_label(path.read_bytes())
    except ValueError as error:
        # A label that cannot be rendered is a finding about that label, not the end of the reading.
        return LabelRead(path, 0, 0, (), str(error))
    return LabelRead(path, label.width, label.height, decode(label))


def render_label(content: bytes) -> RenderedLabel:
    """ValueError when the label cannot be rendered or is not exactly one label."""
    from zplkit import Options, render
    from zplkit.rendering import Limits

    width, length = _WIDTH.search(content), _LENGTH.search(content)
    options = Options(
        profile="zd621",
        width=int(width.group(1)) if width else _DEFAULT_DOTS[0],
        height=int(length.group(1)) if length else _DEFAULT_DOTS[1],
    )
    limits = Limits(graphic_bytes=_GRAPHIC_MOST_BYTES)
    labels = render(without_printer_control(content), options, limits=limits).labels
    if len(labels) != 1:
        raise ValueError(f"{len(labels)} labels in one job")
    raster = labels[0].rasterize()
    return RenderedLabel(raster.width, raster.height, raster.pixels)


def decode(label: RenderedLabel) -> tuple[ReadBarcode, ...]:
    import numpy
    import zxingcpp

    image = numpy.frombuffer(label.pixels, dtype=numpy.uint8).reshape(label.height, label.width)
    # Labels come straight and clean from the renderer: without the searches for tilted or inverted codes
    # it is three times as fast.
    found = zxingcpp.read_barcodes(
        image,
        binarizer=zxingcpp.Binarizer.FixedThreshold,
        try_rotate=False,
        try_downscale=False,
        try_invert=False,
        text_mode=zxingcpp.TextMode.Plain,
    )
    read = [
        ReadBarcode(
            text=barcode.text,
            symbology=barcode.symbology_identifier,
            format=str(barcode.format),
            left=barcode.position.top_left.x,
            top=barcode.position.top_left.y,
            right=barcode.position.bottom_right.x,
            bottom=barcode.position.bottom_right.y,
        )
        for barcode in found
    ]
    # In a line of digits a decoder finds an EAN-13 a dot high, 18 times on 10,000 labels: bars of a symbol are longer.
    return tuple(one for one in read if abs(one.bottom - one.top) >= _LEAST_DOTS)


def without_printer_control(content: bytes) -> bytes:
    from zplkit.parse import parse

    return b"".join(
        element.data
        for element in parse(content).elements
        if element.kind != "control_command" and element.data[:3] not in _PRINTER_CONTROL
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m simulators.label_reader", description=__doc__.split("\n")[0])
    parser.add_argument("tape", type=Path)
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args(arguments)
    if not options.tape.is_dir():
        sys.stderr.write(f"{options.tape}: no such folder\n")
        return 2
    reads = read_tape(options.tape, options.processes)
    if reads is None:
        sys.stderr.write(MISSING_EXTRA + "\n")
        return 3
    for read in reads:
        sys.stdout.write(json.dumps({"label": read.path.name, "barcodes": read.texts, "fault": read.fault}) + "\n")
    return 0 if all(read.barcodes for read in reads) else 1


if __name__ == "__main__":
    sys.exit(main())
