"""What the board shows of waves: the proposal that stands now, and when each released wave will be done.

Plain SQL on a reading connection; nothing here writes, plans or decides.
"""

from __future__ import annotations

import json
from typing import Any

SAID = 6
"""Orders left out that are named with their reason; the rest are counted."""


def waves_shown(connection: Any, warehouse_id: int) -> dict[str, Any]:
    """The board's part of it: small enough to be sent with every change."""
    proposals = connection.execute(_PROPOSAL, {"w": warehouse_id}).fetchall()
    forecasts = connection.execute(_FORECASTS, {"w": warehouse_id}).fetchall()
    return {
        "proposal": _shown(dict(proposals[0])) if proposals else None,
        "waves": [dict(row) for row in forecasts],
    }


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    content = row.pop("content")
    if not content:
        return {**row, "plan": None}
    plan = json.loads(content)
    kept = (
        "lines", "units", "distance_dm", "mode", "p50_at_ms", "p90_at_ms", "samples", "at_risk", "left_out_counts",
        "pickers",
    )  # fmt: skip
    return {
        **row,
        "plan": {
            **{name: plan[name] for name in kept},
            "orders": len(plan["orders"]),
            "tours": len(plan["tours"]),
            "modes": [
                {name: mode.get(name, "") for name in ("mode", "why", "reason", "line_ms", "distance_dm")}
                for mode in plan["modes"]
            ],
            "left_out": plan["left_out"][:SAID],
        },
    }


_PROPOSAL = """
SELECT id AS proposal, state, wave_id AS wave, content FROM wave_proposal
WHERE warehouse_id = :w AND state <> 'replaced' ORDER BY id DESC LIMIT 1
"""

_FORECASTS = """
SELECT f.wave_id AS wave, f.tours_left, f.p50_at_ms, f.p90_at_ms FROM wave_forecast f
JOIN wave v ON v.warehouse_id = f.warehouse_id AND v.id = f.wave_id
WHERE f.warehouse_id = :w AND v.state = 'released' ORDER BY f.wave_id
"""
