"""The floor and a tour on it as a picture: SVG text, in decimetres, for the board, the kiosk and the bench.

Owns what is shown: racks, one-way arrows, closed and busy stretches, start and end, the stops numbered in order
and the walk on the right-hand side of the aisles, so that there and back are two lines. It refuses a sequence
nobody can walk. Invariant: equal input gives equal text, and every text that came from outside is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import pi

from picking.errors import check_whole
from picking.junctions import DOWN, UP, junctions
from picking.layout import Layout, Spot
from picking.svg import BUSY, INK, SHUT, WALK, XY, Sheet, arrows_along, right_lane
from picking.ways import corners, ways

USUAL_WIDTH_PX = 360
"""A phone. Drawn for it a picture is legible there and, being made of lines, on anything larger."""

USUAL_AISLE_PITCH_DM = 35

LABEL_PX, SMALL_LABEL_PX = 11.0, 9.0
DOT_PX, WALK_PX, ARROW_PX = 3.0, 1.6, 6.0


def draw_layout(
    layout: Layout,
    spots: Iterable[Spot],
    marks: Mapping[str, str] | None = None,
    width_px: int = USUAL_WIDTH_PX,
) -> str:
    """The floor with the spots as dots; `marks` maps a spot's name to words to stand beside it."""
    shown = sorted(spots, key=lambda spot: (spot.x_dm, spot.y_dm, spot.level, spot.name))
    floor = _Floor(layout, shown, shown, width_px)
    for spot in shown:
        floor.sheet.dot((spot.x_dm, spot.y_dm), floor.dot, INK, spot.name)
    for spot in shown:
        if marks and spot.name in marks:
            floor.sheet.label(marks[spot.name], (spot.x_dm, spot.y_dm), floor.small, 1.5 * floor.dot)
    aisles, blocks = len(layout.aisle_x_dm), layout.blocks
    return floor.sheet.text(f"Floor: {_count(aisles, 'aisle')}, {_count(blocks, 'block')}")


def draw_tour(
    layout: Layout,
    start: Spot,
    sequence: Sequence[Spot],
    end: Spot | None,
    width_px: int = USUAL_WIDTH_PX,
) -> str:
    """The walk from start through the sequence to end, or to its last stop where no end is given.

    `width_px` is the width it is made for: numbers that would lie on each other there are left out, and stand
    in the titles of their dots only; the more pixels, the more numbers. Raises FieldError for a leg nobody can
    walk.
    """
    spots = (start, *sequence) if end is None else (start, *sequence, end)
    legs = ways(layout, spots)
    walk = corners(point for way in legs for point in way)
    floor = _Floor(layout, [*spots, *(Spot("corner", x, y) for x, y in walk)], sequence, width_px)
    line = right_lane([(float(x), float(y)) for x, y in walk], floor.lane / 3)
    draw_walk(floor.sheet, line)
    draw_stops(floor.sheet, start, sequence, end)
    return floor.sheet.text(f"Tour from {start.name}: {_count(len(sequence), 'stop')}")


def draw_walk(sheet: Sheet, line: Sequence[XY]) -> None:
    """The line with arrows on every run that has room for one."""
    if len(line) > 1:
        sheet.path(line, WALK, WALK_PX * sheet.px, opacity=0.85)
        for tip, angle in arrows_along(line, ARROW_PX * sheet.px):
            sheet.arrow(tip, angle, ARROW_PX * sheet.px, WALK)


def draw_stops(sheet: Sheet, start: Spot, sequence: Sequence[Spot], end: Spot | None) -> None:
    """Dots with the stops' numbers, one number or range for what stands at one point, then start and end.

    The first, the last and every tenth number look for room before the others do.
    """
    dot, size = DOT_PX * sheet.px, LABEL_PX * sheet.px
    at_point: dict[XY, list[int]] = {}
    for number, stop in enumerate(sequence, 1):
        at_point.setdefault((stop.x_dm, stop.y_dm), []).append(number)
    for point, numbers in at_point.items():
        names = "; ".join(f"{number}. {sequence[number - 1].name}" for number in numbers)
        sheet.dot(point, dot, WALK, names)
    is_round = end is not None and (end.x_dm, end.y_dm) == (start.x_dm, start.y_dm)
    if end is not None and not is_round:
        sheet.square((end.x_dm, end.y_dm), 1.4 * dot, INK, is_filled=False, title=f"end: {end.name}")
    sheet.square((start.x_dm, start.y_dm), 1.4 * dot, INK, is_filled=True, title=f"start: {start.name}")
    sheet.label(_short(start.name), (start.x_dm, start.y_dm), size, 2.2 * dot, is_bold=True)
    if end is not None and not is_round:
        sheet.label(_short(end.name), (end.x_dm, end.y_dm), size, 2.2 * dot, is_bold=True)

    def urgency(item: tuple[XY, list[int]]) -> tuple[int, int]:
        numbers = item[1]
        if 1 in numbers or len(sequence) in numbers:
            return 0, numbers[0]
        return next((rank for rank, step in ((1, 10), (2, 5)) if any(n % step == 0 for n in numbers)), 3), numbers[0]

    for point, numbers in sorted(at_point.items(), key=urgency):
        label = _ranges(numbers)
        if not sheet.label(label, point, size, 1.5 * dot):
            sheet.label(label, point, SMALL_LABEL_PX * sheet.px, 1.2 * dot)


class _Floor:
    """The sheet with everything on it that does not move."""

    def __init__(self, layout: Layout, spots: Sequence[Spot], bins: Iterable[Spot], width_px: int) -> None:
        check_whole("width_px", width_px, 200, 10_000)
        self._layout = layout
        xs = layout.aisle_x_dm
        pitch = min((right - left for left, right in pairwise(xs)), default=USUAL_AISLE_PITCH_DM)
        self.lane = pitch * 0.24
        lowest = min([layout.cross_aisle_y_dm[0], *(spot.y_dm for spot in spots)])
        highest = max([layout.cross_aisle_y_dm[-1], *(spot.y_dm for spot in spots)])
        points: list[XY] = [(xs[0] - pitch / 2, lowest), (xs[-1] + pitch / 2, highest)]
        points += [(float(spot.x_dm), float(spot.y_dm)) for spot in spots]
        self.sheet = Sheet(points, width_px)
        self.dot = min(DOT_PX * self.sheet.px, pitch / 4)
        self.small = SMALL_LABEL_PX * self.sheet.px
        in_aisles = [spot.y_dm for spot in bins if layout.aisle_of(spot) is not None]
        self._racks(pitch, in_aisles)
        self._rules()

    def _racks(self, pitch: float, in_aisles: Sequence[int]) -> None:
        ys = self._layout.cross_aisle_y_dm
        stretches = list(pairwise(ys))
        # Dead ends are drawn as far as something stands in them.
        if in_aisles and min(in_aisles) < ys[0]:
            stretches.insert(0, (min(in_aisles) - USUAL_AISLE_PITCH_DM // 3, ys[0]))
        if in_aisles and max(in_aisles) > ys[-1]:
            stretches.append((ys[-1], max(in_aisles) + USUAL_AISLE_PITCH_DM // 3))
        xs = self._layout.aisle_x_dm
        faces = [(left + self.lane, right - self.lane) for left, right in pairwise(xs)]
        faces = [(xs[0] - pitch / 2, xs[0] - self.lane), *faces, (xs[-1] + self.lane, xs[-1] + pitch / 2)]
        for low, high in stretches:
            walk = min(12.0, (high - low) / 6)
            for left, right in faces:
                self.sheet.rect((left, low + walk), (right, high - walk), INK, opacity=0.12)

    def _rules(self) -> None:
        xs, ys = self._layout.aisle_x_dm, self._layout.cross_aisle_y_dm
        floor = junctions(self._layout)
        for aisle, block, extra_dm in self._layout.busy_dm:
            low, high = ys[block], ys[min(block + 1, len(ys) - 1)]
            box = (xs[aisle] - self.lane, low), (xs[aisle] + self.lane, high)
            self.sheet.rect(*box, BUSY, opacity=0.3, title=f"busy: {extra_dm / 10:.1f} m more")
        for (aisle, segment), direction in sorted(floor.directions.items()):
            low, high = ys[segment - 1], ys[segment]
            for share in (0.25, 0.5, 0.75):
                tip = (float(xs[aisle]), low + (high - low) * share)
                angle = {UP: pi / 2, DOWN: -pi / 2}[direction]
                self.sheet.arrow(tip, angle, 1.5 * self.lane, INK, opacity=0.35)
        for cross, closed in sorted(floor.closed_cross.items()):
            for from_dm, to_dm in closed:
                near, far = max(from_dm, xs[0] - self.lane), min(to_dm, xs[-1] + self.lane)
                if near < far:
                    front, back = ys[cross] - self.lane, ys[cross] + self.lane
                    self.sheet.rect((near, front), (far, back), SHUT, opacity=0.25, title="closed")
                    self.sheet.path([(near, front), (far, back)], SHUT, self.lane / 4)
                    self.sheet.path([(near, back), (far, front)], SHUT, self.lane / 4)
        for aisle, closed in sorted(floor.closed.items()):
            for low, high in closed:
                low, high = max(low, ys[0]), min(high, ys[-1])
                if low < high:
                    left, right = xs[aisle] - self.lane, xs[aisle] + self.lane
                    self.sheet.rect((left, low), (right, high), SHUT, opacity=0.25, title="closed")
                    self.sheet.path([(left, low), (right, high)], SHUT, self.lane / 4)
                    self.sheet.path([(left, high), (right, low)], SHUT, self.lane / 4)


def _ranges(numbers: Sequence[int]) -> str:
    """3, 3-5 or 3,7: the numbers of the stops at one point."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and parts[-1][-1] == number - 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ",".join(str(part[0]) if len(part) == 1 else f"{part[0]}-{part[-1]}" for part in parts)


def _short(name: str) -> str:
    return name if len(name) <= 12 else f"{name[:11]}…"


def _count(count: int, thing: str) -> str:
    return f"1 {thing}" if count == 1 else f"{count} {thing}s"
