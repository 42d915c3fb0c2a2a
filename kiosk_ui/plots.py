"""Plots as SVG, drawn by the server: text that a screen reader reads, colours that follow the page's look.

Pure: numbers and words in, markup out; every word is escaped here. Nothing is told by colour alone: a band has its
name and number at its end, and the page gives the same numbers as a table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH, HEIGHT = 960, 400
LEFT, RIGHT, TOP, BOTTOM = 56, 210, 12, 34
LABEL_PX = 19
WIDE_PX = 800  # drawn wider than this, a picture rather scrolls than shrinks on a small screen

Scale = Callable[[float], float]


@dataclass(frozen=True)
class Line:
    """How many had passed a boundary at each moment; the band below it is called `name`."""

    name: str
    values: Sequence[int]


def cumulative(
    lines: Sequence[Line], at_ms: Sequence[int], ticks: Sequence[tuple[int, str]], title: str, said: str
) -> Markup:
    """Bands between lines that never cross, the first the highest; `ticks`: moments and how they are written.

    Raises:
        ValueError: fewer than two moments.
    """
    if len(at_ms) < 2 or at_ms[-1] <= at_ms[0]:
        raise ValueError("a plot needs two moments")
    most = top_of(max((value for line in lines for value in line.values), default=0))
    span_ms = at_ms[-1] - at_ms[0]

    def x(moment_ms: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (moment_ms - at_ms[0]) / span_ms

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / most)

    parts = [_axes(most, x, y, ticks)]
    for place, line in enumerate(lines):
        above = [f"{x(at):.1f},{y(value):.1f}" for at, value in zip(at_ms, line.values, strict=True)]
        under = lines[place + 1].values if place + 1 < len(lines) else [0] * len(at_ms)
        below = [f"{x(at):.1f},{y(value):.1f}" for at, value in zip(at_ms, under, strict=True)]
        parts.append(f'<polygon class="band band-{place}" points="{" ".join([*above, *reversed(below)])}"/>')
        parts.append(f'<polyline class="band-line band-line-{place}" points="{" ".join(above)}"/>')
    parts += _labels(lines, y)
    return picture("plot", WIDTH, HEIGHT, title, said, "".join(parts))


def picture(name: str, width: float, height: float, title: str, said: str, content: str) -> Markup:
    """An SVG of its own size, with what a screen reader says instead of it."""
    size = f"{name} is-wide" if width > WIDE_PX else name
    return Markup(
        f'<svg class="{size}" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
        f' role="img" aria-labelledby="{name}-title {name}-said" xmlns="http://www.w3.org/2000/svg">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-said">{escape(said)}</desc>{content}</svg>'
    )


def top_of(most: int) -> int:
    """The next number above that ends a scale of four equal steps: 4, 8, 20, 40, 80, 200, …"""
    top = 4
    while top < most:
        top = top * 5 // 2 if str(top)[0] == "8" else top * 2
    return top


def spread_labels(wanted: Sequence[float], least_px: float, low: float, high: float) -> list[float]:
    """Where labels stand that should stand at `wanted` (ascending): each at least so far below the one before."""
    placed: list[float] = []
    for place, at in enumerate(wanted):
        at = min(at, high - least_px * (len(wanted) - 1 - place))
        placed.append(max(at, placed[-1] + least_px if placed else low))
    return placed


def _axes(most: int, x: Scale, y: Scale, ticks: Sequence[tuple[int, str]]) -> str:
    parts = []
    for step in range(5):
        value = most * step // 4
        parts.append(f'<path class="grid" d="M{LEFT} {y(value):.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text class="tick tick-y" x="{LEFT - 8}" y="{y(value) + 5:.1f}">{value}</text>')
    for at_ms, words in ticks:
        parts.append(f'<path class="grid" d="M{x(at_ms):.1f} {HEIGHT - BOTTOM}v6"/>')
        parts.append(f'<text class="tick" x="{x(at_ms):.1f}" y="{HEIGHT - 8}">{escape(words)}</text>')
    return "".join(parts)


def _labels(lines: Sequence[Line], y: Scale) -> list[str]:
    ends = [line.values[-1] for line in lines]
    middles = [y((end + below) / 2) for end, below in zip(ends, [*ends[1:], 0], strict=True)]
    placed = spread_labels(middles, LABEL_PX, TOP + LABEL_PX / 2, HEIGHT - BOTTOM)
    edge = WIDTH - RIGHT
    return [
        f'<path class="leader" d="M{edge} {middle:.1f}L{edge + 14} {at:.1f}"/>'
        f'<text class="band-name" x="{edge + 18}" y="{at + 5:.1f}">{escape(line.name)}</text>'
        for line, middle, at in zip(lines, middles, placed, strict=True)
    ]
