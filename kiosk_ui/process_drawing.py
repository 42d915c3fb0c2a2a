"""The process map as SVG: a node an activity, from top to bottom; arrows straight down, past nodes, or back.

Pure: what is drawn is given with its words. Arrows that pass nodes by go round on the right, those that lead back on
the left, each in a track where no other runs beside it at the same height. What is over its target has a double line
and a sign before its words, what leads back is dashed: neither is told by colour alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from kiosk_ui.plots import picture

NODE_W, NODE_H, GAP = 280, 50, 96
TRACK, BACK_TRACK = 240, 172
LINE_PX = 17
MARGIN = 10
CORNER = 14

OVER, IN_TIME, NO_TARGET = "over", "in_time", ""
END, END_OVER = "arrow-end", "arrow-end-over"


@dataclass(frozen=True)
class Node:
    """An activity: its code, its name, and what stands under it."""

    code: str
    name: str
    said: str


@dataclass(frozen=True)
class Way:
    """An arrow between two nodes with the lines of text beside it; `verdict`: OVER, IN_TIME or NO_TARGET."""

    source: str
    target: str
    words: tuple[str, ...]
    is_back: bool = False
    verdict: str = NO_TARGET


@dataclass(frozen=True)
class Round:
    """A way round on one side: its track (0 = the innermost) and the rows it spans."""

    way: Way
    track: int
    source: int
    target: int


def process_map(nodes: Sequence[Node], ways: Iterable[Way], title: str, said: str) -> Markup:
    """Every node and way; ways whose ends are no node are left out."""
    rows = {node.code: row for row, node in enumerate(nodes)}
    known = [way for way in ways if way.source in rows and way.target in rows]
    straight = [way for way in known if not way.is_back and rows[way.target] == rows[way.source] + 1]
    right = tracks([way for way in known if not way.is_back and way not in straight], rows)
    left = tracks([way for way in known if way.is_back], rows)
    left_px = MARGIN + BACK_TRACK * _width(left)
    width = left_px + NODE_W + TRACK * _width(right) + MARGIN
    height = 2 * MARGIN + len(nodes) * NODE_H + max(0, len(nodes) - 1) * GAP
    parts = [
        "<defs>",
        *(
            f'<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="{px}" markerHeight="{px}"'
            f' markerUnits="userSpaceOnUse" orient="auto"><path class="{name}" d="M0 0L10 5L0 10z"/></marker>'
            for name, px in ((END, 11), (END_OVER, 20))
        ),
        "</defs>",
    ]
    parts += [_round(one, left_px, -1) for one in left]
    parts += [_round(one, left_px + NODE_W, 1) for one in right]
    parts += [_straight(way, rows[way.source], left_px) for way in straight]
    parts += [_node(node, row, left_px) for row, node in enumerate(nodes)]
    return picture("process", width, height, title, said, "".join(parts))


def tracks(ways: Sequence[Way], rows: dict[str, int]) -> list[Round]:
    """The shortest ways innermost; two ways share a track only where they do not touch."""
    taken: list[list[tuple[int, int]]] = []
    placed = []
    for way in sorted(ways, key=lambda one: (abs(rows[one.target] - rows[one.source]), rows[one.source])):
        low, high = sorted((rows[way.source], rows[way.target]))
        track = next(
            (
                number for number, spans in enumerate(taken)
                if all(high < other_low or low > other_high for other_low, other_high in spans)
            ), len(taken),
        )  # fmt: skip
        if track == len(taken):
            taken.append([])
        taken[track].append((low, high))
        placed.append(Round(way, track, rows[way.source], rows[way.target]))
    return placed


def _width(rounds: Sequence[Round]) -> int:
    return max((one.track for one in rounds), default=-1) + 1


def _top(row: int) -> int:
    return MARGIN + row * (NODE_H + GAP)


def _node(node: Node, row: int, left_px: int) -> str:
    middle, top = left_px + NODE_W / 2, _top(row)
    return (
        f'<g class="node"><rect x="{left_px}" y="{top}" width="{NODE_W}" height="{NODE_H}" rx="10"/>'
        f'<text class="node-name" x="{middle:.0f}" y="{top + 21}">{escape(node.name)}</text>'
        f'<text class="node-said" x="{middle:.0f}" y="{top + 40}">{escape(node.said)}</text></g>'
    )


def _straight(way: Way, row: int, left_px: int) -> str:
    x, top = left_px + 34, _top(row) + NODE_H
    line = f"M{x} {top}V{top + GAP - 2}"
    return _drawn(way, line, x + 14, top + GAP / 2, "start")


def _round(one: Round, edge: int, side: int) -> str:
    # Out of the lower half of a node, into the upper half: ways into and out of one node stay apart.
    begin, end = _top(one.source) + NODE_H * 3 // 4, _top(one.target) + NODE_H // 4
    out = edge + side * ((TRACK if side > 0 else BACK_TRACK) * one.track + 22)
    turn = CORNER if end > begin else -CORNER
    line = (
        f"M{edge} {begin}H{out - side * CORNER}Q{out} {begin} {out} {begin + turn}"
        f"V{end - turn}Q{out} {end} {out - side * CORNER} {end}H{edge + side * 2}"
    )
    return _drawn(one.way, line, out + side * 8, (begin + end) / 2, "start" if side > 0 else "end")


def _drawn(way: Way, line: str, x: float, middle: float, anchor: str) -> str:
    kind = "way" + (" way-back" if way.is_back else "") + (f" way-{way.verdict}" if way.verdict else "")
    first = middle - LINE_PX * (len(way.words) - 1) / 2 + 5
    texts = "".join(
        f'<tspan class="way-word-{number}" x="{x:.0f}" y="{first + LINE_PX * number:.0f}">{escape(words)}</tspan>'
        for number, words in enumerate(way.words)
    )
    end = END
    double = ""
    if way.verdict == OVER:
        # A thin line of the page's colour within a thick one makes it double.
        end, double = END_OVER, f'<path class="way-inner" d="{line}"/>'
    return (
        f'<g class="{kind}"><path class="way-line" d="{line}"/>{double}'
        f'<path class="way-end" d="{line}" marker-end="url(#{end})"/>'
        f'<text class="way-words" text-anchor="{anchor}">{texts}</text></g>'
    )
