"""A QR code as a path of an SVG in the page: no file, no style, no script."""

from __future__ import annotations

from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

QUIET = 4  # modules left free around it. Source: ISO/IEC 18004


def qr_path(text: str) -> tuple[str, int]:
    """The path of the dark modules, and how many modules wide all of it is."""
    code: QRCode = QRCode(error_correction=ERROR_CORRECT_M, border=QUIET)
    code.add_data(text)
    rows = code.get_matrix()
    runs = []
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            width = 0
            while x + width < len(row) and row[x + width]:
                width += 1
            if width:
                runs.append(f"M{x} {y}h{width}v1h-{width}z")
            x += width + 1
    return "".join(runs), len(rows)
