"""A packing as SVG that a packer can follow at arm's length: the carton in space, then its layers from above.

Owns how it looks: 320 wide, letters for goods, no word of any language but the goods' own names. Colours are
presentation attributes (a page may forbid styles), outlines and text follow the page's text colour. Every text is
escaped. The carton is seen from its front right corner; y grows towards the viewer, so what lies deepest goes in
first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from picking.cartons.result import PackedCarton, Placement

WIDTH = 320
SPACE_HEIGHT = 230
LAYER_WIDTH, GAP, LINE = 152, 16, 18
LAYERS_SHOWN = 8
LONGEST_WORDS = 40
_COLOURS = ("#f6c177", "#8fd3c7", "#b8c7f2", "#f4a9a8", "#cfe08a", "#d9b8e8", "#9fd0f0", "#e6cfa7")
_INK = "#1c1c1c"
# What XML cannot hold at all, escaped or not.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def draw_cartons(cartons: Sequence[PackedCarton], titles: Mapping[str, str] | None = None) -> str:
    """All cartons below each other; an empty drawing when there is none."""
    parts, top = [], 0
    for packed in cartons:
        inner, height = _drawing(packed, titles or {})
        parts.append(f'<g transform="translate(0 {top})">{inner}</g>')
        top += height + 2 * GAP
    return _svg("".join(parts), max(top - 2 * GAP, 1), " + ".join(packed.carton.code for packed in cartons))


def draw_carton(packed: PackedCarton, titles: Mapping[str, str] | None = None) -> str:
    """One carton. `titles`: what to call goods beside their letter, by name; without one it is the name."""
    inner, height = _drawing(packed, titles or {})
    return _svg(inner, height, packed.carton.code)


def _svg(inner: str, height: int, title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="packing" viewBox="0 0 {WIDTH} {height}" role="img"'
        f' font-family="sans-serif"><title>{_text(title)}</title>{inner}</svg>'
    )


def _drawing(packed: PackedCarton, titles: Mapping[str, str]) -> tuple[str, int]:
    letters = {name: _letter(at) for at, name in enumerate(packed.contents())}
    colours = {name: _COLOURS[at % len(_COLOURS)] for at, name in enumerate(letters)}
    carton = packed.carton
    head = f"{carton.code} · {carton.length_mm} × {carton.width_mm} × {carton.height_mm} mm · {packed.weight_g} g"
    parts = [_words(0, 14, head, 14, "bold")]
    top = 14 + GAP // 2
    if packed.placements:
        parts.append(f'<g transform="translate(0 {top})">{_space(packed, letters, colours)}</g>')
        top += SPACE_HEIGHT + GAP
        layers, height = _layers(packed, letters, colours)
        parts.append(f'<g transform="translate(0 {top})">{layers}</g>')
        top += height
    for name, qty_each in packed.contents().items():
        top += LINE
        parts.append(
            f'<rect x="0" y="{top - 12}" width="22" height="15" rx="2" fill="{colours[name]}"/>'
            + _words(11, top, letters[name], 12, "bold", "middle", _INK)
            + _words(28, top, f"{qty_each} × {titles.get(name, name)}"[:LONGEST_WORDS], 13)
        )
    return "".join(parts), top + 6


# --- the carton in space ---


def _space(packed: PackedCarton, letters: Mapping[str, str], colours: Mapping[str, str]) -> str:
    carton = packed.carton
    size = (carton.length_mm, carton.width_mm, carton.height_mm)
    view = _View(size)
    corner = (0, 0, 0)
    parts = [view.face(corner, size, axis, False, "none", "1") for axis in range(3)]
    for block in _back_to_front(packed.placements):
        low = (block.x_mm, block.y_mm, block.z_mm)
        parts += [view.face(low, block.end_mm, axis, True, colours[block.name], _SHADES[axis]) for axis in range(3)]
        parts.append(view.seams(block))
        parts.append(view.label(block, letters[block.name]))
    # The edges in front, dashed, so that they hide nothing.
    parts += [view.face(corner, size, axis, True, "none", "1", is_dashed=True) for axis in range(3)]
    return "".join(parts)


# How much lighter or darker each visible face is: the right one, the front one, the top.
_SHADES = (".72", ".86", "1")
_COS, _SIN = 0.866, 0.5


class _View:
    """Isometric projection of a carton into WIDTH × SPACE_HEIGHT."""

    def __init__(self, size: tuple[int, int, int]) -> None:
        wide, tall = (size[0] + size[1]) * _COS, (size[0] + size[1]) * _SIN + size[2]
        self.scale = min((WIDTH - 4) / wide, (SPACE_HEIGHT - 4) / tall)
        self.left = WIDTH / 2 - (size[0] - size[1]) * _COS * self.scale / 2
        self.top = 2 + size[2] * self.scale

    def point(self, x: float, y: float, z: float) -> tuple[float, float]:
        return (
            self.left + (x - y) * _COS * self.scale,
            self.top + ((x + y) * _SIN - z) * self.scale,
        )

    def face(
        self, low: tuple[int, int, int], high: tuple[int, int, int], axis: int, is_near: bool, fill: str, shade: str,
        *, is_dashed: bool = False,
    ) -> str:  # fmt: skip
        """One side of a box: the near or far one across an axis."""
        fixed = high[axis] if is_near else low[axis]
        one, other = (place for place in range(3) if place != axis)
        corners = []
        for a, b in (
            (low[one], low[other]),
            (high[one], low[other]),
            (high[one], high[other]),
            (low[one], high[other]),
        ):
            spot = [0, 0, 0]
            spot[axis], spot[one], spot[other] = fixed, a, b
            corners.append("{:.1f},{:.1f}".format(*self.point(*spot)))
        points = " ".join(corners)
        if fill == "none":
            dash = ' stroke-dasharray="4 4"' if is_dashed else ""
            return f'<polygon points="{points}" fill="none" stroke="currentColor" stroke-width="1"{dash}/>'
        # The dark polygon below shades the colour on light and dark pages alike.
        return (
            f'<polygon points="{points}" fill="{_INK}"/>'
            f'<polygon points="{points}" fill="{fill}" fill-opacity="{shade}" stroke="{_INK}" stroke-width=".8"/>'
        )

    def seams(self, block: Placement) -> str:
        """Where one piece of a block ends and the next begins, on the three visible sides."""
        (x0, y0, z0), (x1, y1, z1) = (block.x_mm, block.y_mm, block.z_mm), block.end_mm
        lines = []
        for at in range(1, min(block.columns, 60)):
            x = x0 + at * block.along_mm
            lines.append(((x, y1, z0), (x, y1, z1), (x, y0, z1)))
        for at in range(1, min(block.rows, 60)):
            y = y0 + at * block.across_mm
            lines.append(((x1, y, z0), (x1, y, z1), (x0, y, z1)))
        for at in range(1, min(block.layers, 60)):
            z = z0 + at * block.upright_mm
            lines.append(((x0, y1, z), (x1, y1, z), (x1, y0, z)))
        if not lines:
            return ""
        path = "".join(
            "M" + "L".join("{:.1f} {:.1f}".format(*self.point(*spot)) for spot in line) for line in lines
        )  # fmt: skip
        return f'<path d="{path}" fill="none" stroke="{_INK}" stroke-width=".5" stroke-opacity=".6"/>'

    def label(self, block: Placement, letter: str) -> str:
        """The letter in the middle of the largest visible side, where there is room for one."""
        (x0, y0, z0), (x1, y1, z1) = (block.x_mm, block.y_mm, block.z_mm), block.end_mm
        middle = ((x0 + x1) / 2, (y0 + y1) / 2, (z0 + z1) / 2)
        sides = (
            ((y1 - y0) * (z1 - z0), (x1, middle[1], middle[2]), min(y1 - y0, z1 - z0)),
            ((x1 - x0) * (z1 - z0), (middle[0], y1, middle[2]), min(x1 - x0, z1 - z0)),
            ((x1 - x0) * (y1 - y0), (middle[0], middle[1], z1), min(x1 - x0, y1 - y0)),
        )
        _, spot, least_mm = max(sides, key=lambda side: side[0])
        if least_mm * self.scale < 12:
            return ""
        left, top = self.point(*spot)
        return _words(left, top + 5, letter, 14, "bold", "middle", _INK)


def _back_to_front(blocks: Iterable[Placement]) -> list[Placement]:
    """So ordered that none is drawn over one in front of it."""
    waiting = list(blocks)
    order: list[Placement] = []
    while waiting:
        # What hides nothing that waits comes next; rings of three are possible, then the farthest goes first.
        free = [block for block in waiting if not any(_is_behind(other, block) for other in waiting if other != block)]
        chosen = free or [min(waiting, key=lambda block: (sum(block.end_mm), block.x_mm))]
        order += chosen
        waiting = [block for block in waiting if block not in chosen]
    return order


def _is_behind(one: Placement, other: Placement) -> bool:
    end, low = one.end_mm, (other.x_mm, other.y_mm, other.z_mm)
    start, far = (one.x_mm, one.y_mm, one.z_mm), other.end_mm
    is_behind = any(end[axis] <= low[axis] for axis in range(3))
    is_before = any(far[axis] <= start[axis] for axis in range(3))
    return is_behind and not is_before


# --- its layers from above ---


def _layers(packed: PackedCarton, letters: Mapping[str, str], colours: Mapping[str, str]) -> tuple[str, int]:
    carton = packed.carton
    levels = sorted({block.z_mm for block in packed.placements})
    scale = LAYER_WIDTH / max(carton.length_mm, carton.width_mm)
    height = round(carton.width_mm * scale)
    parts = []
    for number, level in enumerate(levels[:LAYERS_SHOWN]):
        left, top = number % 2 * (LAYER_WIDTH + GAP), number // 2 * (height + LINE + GAP)
        parts.append(f'<g transform="translate({left} {top})">{_words(0, 13, f"{number + 1} · {level} mm", 12)}')
        parts.append(
            f'<rect x="0" y="{LINE}" width="{carton.length_mm * scale:.1f}" height="{height}" fill="none"'
            ' stroke="currentColor"/>'
        )
        for block in packed.placements:
            if block.z_mm == level:
                parts.append(_from_above(block, scale, f"{letters[block.name]} {block.qty_each}", colours[block.name]))
            elif block.z_mm < level < block.end_mm[2]:
                parts.append(_from_above(block, scale, "", "none"))
        parts.append("</g>")
    rows = (min(len(levels), LAYERS_SHOWN) + 1) // 2
    return "".join(parts), rows * (height + LINE + GAP)


def _from_above(block: Placement, scale: float, words: str, fill: str) -> str:
    left, top = block.x_mm * scale, LINE + block.y_mm * scale
    wide, deep = block.columns * block.along_mm * scale, block.rows * block.across_mm * scale
    area = f'<rect x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{deep:.1f}"'
    if fill == "none":
        return f'{area} fill="currentColor" fill-opacity=".12" stroke="currentColor" stroke-dasharray="2 2"/>'
    letter = words.partition(" ")[0]
    shown = words if wide >= 8 * len(words) else letter if wide >= 8 * len(letter) else ""
    if deep < 11:
        shown = ""
    size = 12 if deep < 20 else 13
    label = _words(left + wide / 2, top + deep / 2 + 4.5, shown, size, "bold", "middle", _INK) if shown else ""
    return f'{area} fill="{fill}" stroke="{_INK}" stroke-width=".8"/>{label}'


# --- text ---


def _words(
    x: float, y: float, text: str, size: int, weight: str = "normal", anchor: str = "start", fill: str = "currentColor"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}"'
        f' fill="{fill}">{_text(text)}</text>'
    )


def _text(text: str) -> str:
    return escape(_UNWRITABLE.sub("�", text))


def _letter(at: int) -> str:
    """A, B, … Z, AA, AB, …"""
    letters = ""
    at += 1
    while at:
        at, place = divmod(at - 1, 26)
        letters = chr(ord("A") + place) + letters
    return letters
