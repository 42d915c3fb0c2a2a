"""Code 128 bars for the barcodes shown on a screen, so that a real scanner can read them there too.

Printed labels get their bars from the printer; these exist only for people trying the floor out. Code set B,
and set C where the whole code is digits.
"""

from __future__ import annotations

# Widths bar, space, bar, space, bar, space of symbols 0 to 105, then the stop symbol.
# Source: ISO/IEC 15417, table 1.
_WIDTHS = (
    "212222222122222221121223121322131222122213122312132212221213221312231212112232122132122231113222"
    "123122123221223211221132221231213212223112312131311222321122321221312212322112322211212123212321"
    "232121111323131123131321112313132113132311211313231113231311112133112331132131113123113321133121"
    "313121211331231131213113213311213131311123311321331121312113312311332111314111221411431111111224"
    "111422121124121421141122141221112214112412122114122411142112142211241211221114413111241112134111"
    "111242121142121241114212124112124211411212421112421211212141214121412121111143111341131141114113"
    "114311411113411311113141114131311141411131211412211214211232"
)
_START_B, _START_C, _STOP = 104, 105, "2331112"


def bars(code: str) -> list[tuple[int, int]] | None:
    """(x, width) of every bar in modules, from 0; None when the code holds what these bars cannot carry."""
    values = _values(code)
    if values is None:
        return None
    check = (values[0] + sum(place * value for place, value in enumerate(values))) % 103
    widths = "".join(_WIDTHS[value * 6 : value * 6 + 6] for value in (*values, check)) + _STOP
    found, x = [], 0
    for place, width in enumerate(widths):
        if place % 2 == 0:
            found.append((x, int(width)))
        x += int(width)
    return found


def width(code_bars: list[tuple[int, int]]) -> int:
    """How many modules wide the bars are, without quiet zones."""
    x, last = code_bars[-1]
    return x + last


def _values(code: str) -> list[int] | None:
    if not code or not all(32 <= ord(character) < 127 for character in code):
        return None
    if code.isdigit() and len(code) % 2 == 0:
        return [_START_C, *(int(code[place : place + 2]) for place in range(0, len(code), 2))]
    return [_START_B, *(ord(character) - 32 for character in code)]
