"""A sheet of SVG text that floors are drawn on: shapes in decimetres, y upwards, colours taken from the page.

Owns escaping, number formats and which labels fit. It refuses nothing. Invariant: equal calls give equal text;
no style sheet, script, id or style attribute, so that any content policy shows it and two pictures on one page
do not meddle. Colours are the page's variables (--brand, --wrong, --warn, --sheet) with the ink of its text.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from itertools import pairwise

Box = tuple[float, float, float, float]
XY = tuple[float, float]

INK = "currentColor"
WALK = "var(--brand, #0f6f86)"
SHUT = "var(--wrong, #b3261e)"
BUSY = "var(--warn, #b27900)"
PAPER = "var(--sheet, Canvas)"

LETTER_WIDTH = 0.6
"""Of a letter's height, about, in the sans-serif fonts browsers use."""


class Sheet:
    """Collects shapes; `px` is how many decimetres one pixel stands for at the width it is drawn for."""

    def __init__(self, points: Iterable[XY], width_px: int, margin_px: float = 16) -> None:
        xs, ys = zip(*points, strict=True)
        wide = max(max(xs) - min(xs), 1)
        self.px = wide / (width_px - 2 * margin_px)
        margin = margin_px * self.px
        # A floor that is one line would otherwise be a picture without height.
        high = max(max(ys) - min(ys), wide / 8)
        self._box: Box = (min(xs) - margin, -max(ys) - margin, wide + 2 * margin, high + 2 * margin)
        self._shapes: list[str] = []
        self._taken: list[Box] = []

    def text(self, title: str) -> str:
        """The whole picture; the title is what a screen reader says."""
        box = " ".join(number(value) for value in self._box)
        name = escape(title, quote=True)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" role="img" aria-label="{name}"'
            f' font-family="system-ui, sans-serif"><title>{name}</title>\n' + "\n".join(self._shapes) + "\n</svg>\n"
        )

    def rect(self, low: XY, high: XY, fill: str, opacity: float = 1, title: str = "") -> None:
        size = f'width="{number(high[0] - low[0])}" height="{number(high[1] - low[1])}"'
        self._add(
            f'rect x="{number(low[0])}" y="{number(-high[1])}" {size} fill="{fill}" fill-opacity="{number(opacity)}"',
            title,
        )

    def path(
        self, points: Sequence[XY], colour: str, width: float, opacity: float = 1, is_dashed: bool = False
    ) -> None:
        way = "L".join(f"{number(x)} {number(-y)}" for x, y in points)
        dash = f' stroke-dasharray="{number(3 * width)} {number(2 * width)}"' if is_dashed else ""
        self._add(
            f'path d="M{way}" fill="none" stroke="{colour}" stroke-width="{number(width)}"'
            f' stroke-opacity="{number(opacity)}" stroke-linejoin="round" stroke-linecap="round"{dash}'
        )

    def arrow(self, tip: XY, angle: float, size: float, colour: str, opacity: float = 1) -> None:
        """A triangle that points along the angle (radians, 0 to the right, upwards positive)."""
        corners = [tip, *(_moved(tip, angle + turn, size) for turn in (math.pi - 0.5, math.pi + 0.5))]
        points = " ".join(f"{number(x)},{number(-y)}" for x, y in corners)
        self._add(f'polygon points="{points}" fill="{colour}" fill-opacity="{number(opacity)}"')

    def dot(self, at: XY, radius: float, colour: str, title: str = "") -> None:
        edge = f' stroke="{PAPER}" stroke-width="{number(radius / 3)}"'
        self._add(
            f'circle cx="{number(at[0])}" cy="{number(-at[1])}" r="{number(radius)}" fill="{colour}"{edge}', title
        )
        self._taken.append((at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius))

    def square(self, at: XY, radius: float, colour: str, is_filled: bool, title: str = "") -> None:
        side = f'width="{number(2 * radius)}" height="{number(2 * radius)}"'
        fill = colour if is_filled else PAPER
        self._add(
            f'rect x="{number(at[0] - radius)}" y="{number(-at[1] - radius)}" {side} fill="{fill}"'
            f' stroke="{colour}" stroke-width="{number(radius / 2)}"',
            title,
        )
        self._taken.append((at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius))

    def label(self, words: str, beside: XY, size: float, reach: float, is_bold: bool = False) -> bool:
        """Words beside a point: to the right, left, above or below, wherever nothing else is in the way.

        False, and nothing drawn, where no side is free.
        """
        wide, high = (LETTER_WIDTH + 0.08 * is_bold) * size * len(words), 0.8 * size
        x, y = beside
        for dx, dy in (
            (reach + wide / 2, 0),
            (-reach - wide / 2, 0),
            (0, reach + high / 2),
            (0, -reach - high / 2),
            (reach + wide / 2, high),
            (-reach - wide / 2, high),
            (reach + wide / 2, -high),
            (-reach - wide / 2, -high),
        ):
            box = (x + dx - wide / 2, y + dy - high / 2, x + dx + wide / 2, y + dy + high / 2)
            # A letter's width of air, or two names side by side read as one.
            if self._is_inside(box) and not any(_overlap(box, other) for other in self._taken):
                self._taken.append((box[0] - size / 3, box[1], box[2] + size / 3, box[3]))
                weight = ' font-weight="700"' if is_bold else ""
                self._shapes.append(
                    f'<text x="{number(x + dx)}" y="{number(-(y + dy) + 0.35 * size)}" font-size="{number(size)}"'
                    f'{weight} text-anchor="middle" fill="{INK}" stroke="{PAPER}" stroke-width="{number(size / 5)}"'
                    f' stroke-linejoin="round" paint-order="stroke">{escape(words)}</text>'
                )
                return True
        return False

    def _add(self, shape: str, title: str = "") -> None:
        if title:
            self._shapes.append(f"<{shape}><title>{escape(title)}</title></{shape.split(' ', 1)[0]}>")
        else:
            self._shapes.append(f"<{shape}/>")

    def _is_inside(self, box: Box) -> bool:
        left, top, wide, high = self._box
        return left <= box[0] and box[2] <= left + wide and top <= -box[3] and -box[1] <= top + high


def number(value: float) -> str:
    """At most two decimals, none where it has none, and no minus before nothing."""
    words = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if words == "-0" else words


def right_lane(points: Sequence[XY], offset: float) -> list[XY]:
    """The line moved to its right-hand side, so that walking up and back down an aisle are two lines."""
    if len(points) < 2:
        return list(points)
    moved: list[tuple[XY, XY, XY]] = []
    for (x1, y1), (x2, y2) in pairwise(points):
        length = math.hypot(x2 - x1, y2 - y1)
        ux, uy = (x2 - x1) / length, (y2 - y1) / length
        dx, dy = uy * offset, -ux * offset
        moved.append(((x1 + dx, y1 + dy), (x2 + dx, y2 + dy), (ux, uy)))
    lane = [moved[0][0]]
    for (_, end, (ux, uy)), (start, _, (vx, vy)) in pairwise(moved):
        turn = ux * vy - uy * vx
        if abs(turn) < 0.3:
            lane += [end, start]
            continue
        along = ((start[0] - end[0]) * vy - (start[1] - end[1]) * vx) / turn
        lane.append((end[0] + ux * along, end[1] + uy * along))
    return [*lane, moved[-1][1]]


def arrows_along(points: Sequence[XY], size: float) -> list[tuple[XY, float]]:
    """(tip, angle) of the arrows that show a line's direction: one on every run with room for it, more on long ones."""
    found: list[tuple[XY, float]] = []
    for (x1, y1), (x2, y2) in pairwise(points):
        length, angle = math.hypot(x2 - x1, y2 - y1), angle_between((x1, y1), (x2, y2))
        if length < 3 * size:
            continue
        arrows = 1 + int(length / (20 * size))
        for number_of_it in range(arrows):
            tip = _moved((x1, y1), angle, length * (number_of_it + 0.5) / arrows + size / 2)
            if all(math.hypot(tip[0] - x, tip[1] - y) > 2 * size for (x, y), _ in found):
                found.append((tip, angle))
    return found


def angle_between(one: XY, other: XY) -> float:
    """The direction from one point to the other, in radians."""
    return math.atan2(other[1] - one[1], other[0] - one[0])


def _moved(point: XY, angle: float, distance: float) -> XY:
    return point[0] + distance * math.cos(angle), point[1] + distance * math.sin(angle)


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
