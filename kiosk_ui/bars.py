"""Code 128 bars for the barcodes shown on a screen, so that a real scanner can read them there too.

Printed labels get their bars from the printer; these exist only for people trying the floor out. Code set B,
and set C where the whole code is digits.
"""

from __future__ import annotations

from collections.abc import Sequence

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
_START_B, _START_C, _FNC1, _STOP = 104, 105, 102, "2331112"


def bars(code: str) -> list[tuple[int, int]] | None:
    """(x, width) of every bar in modules, from 0; None when the code holds what these bars cannot carry."""
    values = _values(code)
    return None if values is None else _drawn(values)


def gs1_bars(fields: Sequence[str]) -> list[tuple[int, int]]:
    """The same of a GS1-128: FNC1 in front, and between the fields, where a scanner sends the separator.

    Raises:
        ValueError: a field holds what code set B cannot carry.
    """
    values = [_START_B]
    for field in fields:
        if not _is_printable(field):
            raise ValueError(f"{field!r} cannot be drawn")
        values += [_FNC1, *(ord(character) - 32 for character in field)]
    return _drawn(values)


def _drawn(values: Sequence[int]) -> list[tuple[int, int]]:
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


def outline(code_bars: list[tuple[int, int]]) -> str:
    """The bars, 30 high, as the one path of a drawing: one shape costs a screen less than fifty."""
    return "".join(f"M{x} 0h{wide}v30h-{wide}z" for x, wide in code_bars)


def _values(code: str) -> list[int] | None:
    if not _is_printable(code):
        return None
    if code.isdigit() and len(code) % 2 == 0:
        return [_START_C, *(int(code[place : place + 2]) for place in range(0, len(code), 2))]
    return [_START_B, *(ord(character) - 32 for character in code)]


def _is_printable(code: str) -> bool:
    return bool(code) and all(32 <= ord(character) < 127 for character in code)
