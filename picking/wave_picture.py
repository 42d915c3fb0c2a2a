"""A wave's plan as a picture: who walks which tour when. Every text in it is escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from picking.waves import WavePlan

ROW = 26
NAME_WIDTH = 90
WIDTH = 720
AXIS = 20
STEP_MS = (300_000, 600_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000)


def draw_wave(plan: WavePlan) -> str:
    """SVG of the plan; minutes from its beginning on the axis. Colours follow the page's text colour."""
    until_ms = max((tour.until_ms for tour in plan.tours), default=plan.now_ms + STEP_MS[0])
    span_ms = max(1, until_ms - plan.now_ms)
    height = AXIS + ROW * max(1, len(plan.pickers))

    def x(at_ms: int) -> float:
        share = min(max(at_ms - plan.now_ms, 0), span_ms) / span_ms
        return round(NAME_WIDTH + share * (WIDTH - NAME_WIDTH - 8), 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
        ' font-family="system-ui, sans-serif" font-size="12" fill="currentColor">',
        f"<title>{escape(_title(plan))}</title>",
    ]
    step_ms = next((step for step in STEP_MS if span_ms / step <= 8), STEP_MS[-1])
    for mark_ms in range(0, span_ms + 1, step_ms):
        at = x(plan.now_ms + mark_ms)
        parts.append(f'<line x1="{at}" y1="{AXIS}" x2="{at}" y2="{height}" stroke="currentColor" opacity="0.15"/>')
        parts.append(f'<text x="{at}" y="13" opacity="0.7">{mark_ms // 60_000} min</text>')
    for row, picker in enumerate(plan.pickers):
        top = AXIS + row * ROW
        name = picker.name if len(picker.name) <= 12 else f"{picker.name[:11]}…"
        parts.append(f'<text x="0" y="{top + 17}">{escape(name)}</text>')
        for from_ms, rest_until_ms in picker.breaks:
            if rest_until_ms > plan.now_ms and from_ms < until_ms:
                parts.append(_bar(x(from_ms), x(rest_until_ms), top, "break", "currentColor", 0.12))
        for number, tour in enumerate(plan.tours, start=1):
            if tour.picker == picker.name:
                words = f"tour {number}: {len(tour.batch.order_ids)} orders, {tour.batch.distance_dm / 10:.0f} m"
                colour = "#c0392b" if tour.late_ms else "#2e7d6b"
                words += f", {-(-tour.late_ms // 60_000)} min late" if tour.late_ms else ""
                parts.append(_bar(x(tour.from_ms), x(tour.until_ms), top, words, colour, 0.85))
    for due_at_ms in sorted({tour.due_at_ms for tour in plan.tours if plan.now_ms < tour.due_at_ms <= until_ms}):
        at = x(due_at_ms)
        parts.append(f'<line x1="{at}" y1="{AXIS}" x2="{at}" y2="{height}" stroke="#c0392b" stroke-dasharray="4 3"/>')
    return "".join([*parts, "</svg>"])


def _bar(left: float, right: float, top: int, words: str, colour: str, opacity: float) -> str:
    width = max(1.0, round(right - left - 1, 1))
    return (
        f'<rect x="{left}" y="{top + 3}" width="{width}" height="{ROW - 6}" rx="2" fill="{colour}"'
        f' opacity="{opacity}"><title>{escape(words)}</title></rect>'
    )


def _title(plan: WavePlan) -> str:
    return f"{len(plan.tours)} tours of {len(plan.pickers)} pickers"
