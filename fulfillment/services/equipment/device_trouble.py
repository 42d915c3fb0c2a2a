"""Which devices and agents somebody has to look at, for the board: enabled ones that do not work or are not there.

Devices of an agent that is not heard are not named one by one: it is the agent that is in trouble.
"""

from __future__ import annotations

from typing import Any

from fulfillment.services.equipment.devices import SILENT_AFTER_MS

SHOWN = 20

_HEARD = (
    "(d.agent_id IS NULL OR d.agent_id IN (SELECT id FROM bench_agent WHERE warehouse_id = :w AND state = 'running'"
    " AND seen_at_ms >= :since))"
)
_IN_TROUBLE = f"""
SELECT code, 'agent' AS kind, CASE state WHEN 'running' THEN 'silent' ELSE state END AS state, '' AS reason
FROM bench_agent WHERE warehouse_id = :w AND (state = 'refused' OR (state = 'running' AND seen_at_ms < :since))
UNION ALL SELECT d.code, d.kind, d.state, d.reason FROM device d
WHERE d.warehouse_id = :w AND d.is_enabled = 1 AND d.state IN ('faulted', 'offline') AND {_HEARD}
UNION ALL SELECT d.code, 'printer', d.state, d.reason FROM printer d
WHERE d.warehouse_id = :w AND d.state IN ('faulted', 'offline') AND {_HEARD}
ORDER BY 1, 2 LIMIT :shown
"""


def in_trouble(connection: Any, now_ms: int, warehouse_id: int = 1) -> list[dict[str, Any]]:
    """`code`, `kind` (agent, or that of a device), `state` and `reason` of each, by code; at most SHOWN."""
    bound = {"w": warehouse_id, "since": now_ms - SILENT_AFTER_MS, "shown": SHOWN}
    return [dict(row) for row in connection.execute(_IN_TROUBLE, bound).fetchall()]
