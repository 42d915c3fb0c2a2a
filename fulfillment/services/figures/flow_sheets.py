"""The flow figures as CSV: a row a figure, an operator and lane, a moment, an arrow, a lane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fulfillment.domain.flow import Boundary
from fulfillment.services.common.sheets import csv_text
from fulfillment.services.figures import flow_figures, flow_work

_POINTS = ("at", "at_ms", *(boundary.value for boundary in Boundary), "wip")
_ARROWS = (
    "from", "to", "count", "is_rework", "target_ms", "in_time",
    *(f"{name}_{part}_ms" for name in ("total", "wait", "work") for part in ("p50", "p85", "p95")),
)  # fmt: skip
_LANES = (
    "lane", "waiting", "waiting_before", "in_work", "in_work_before", "came", "left", "people", "came_per_hour",
    "left_per_hour", "can_per_hour", "busy_percent", "starved_percent", "load_percent", "queue_percent", "busy_ms",
    "starved_ms", "waited_ms", "window_ms",
)  # fmt: skip

# What is asked for → the list in its answer, and the columns of it.
_TABLES: Mapping[str, tuple[str, Sequence[str]]] = {
    "figures": ("figures", flow_figures.COLUMNS), "operators": ("operators", flow_work.COLUMNS),
    "cumulative": ("points", _POINTS), "process-map": ("arrows", _ARROWS), "bottleneck": ("lanes", _LANES),
}  # fmt: skip


def sheet(kind: str, answer: Mapping[str, Any]) -> str:
    """An answer's table as text; `rows` of a figure have the columns they came with."""
    if kind == "rows":
        rows: Sequence[Mapping[str, Any]] = answer["rows"]
        return csv_text(list(rows[0]) if rows else ["id"], rows)
    name, columns = _TABLES[kind]
    return csv_text(columns, answer[name])
