"""Whom to send to a lane that holds the others up: somebody there now whose role may do its work, and what they leave.

Only reads. First whoever has nothing in hand, then who can come soonest; rates of single persons are not looked at, for
the advice is shown on the wall.
"""

from __future__ import annotations

from typing import Any

from fulfillment.domain.flow import Lane
from fulfillment.domain.roles import ROLE_FLOWS
from fulfillment.hot import Tx

FLOW_OF = {Lane.PICK: "pick", Lane.SORT: "sort", Lane.PACK: "pack", Lane.SHIP: "load"}


def whom(tx: Tx, lane: Lane, source: Lane | None = None) -> dict[str, Any]:
    """`reason` and of whom: `free`, `stops` or `parcel` (`count` of them come first), `nobody` whose role allows it.

    `source` = the lane somebody is to come from; None = wherever.
    """
    flow = FLOW_OF[lane]
    found = [
        row for row in tx.all(_PEOPLE, flow=flow, source="" if source is None else FLOW_OF[source])
        if flow.upper() in ROLE_FLOWS.get(row["role"], ())
    ]  # fmt: skip
    if not found:
        return {"reason": "nobody", "operator": "", "station": "", "count": 0}
    best = min(found, key=lambda row: (row["parcels"] + row["stops"], row["operator"], row["station"]))
    reason = "stops" if best["stops"] else "parcel" if best["parcels"] else "free"
    count = best["stops"] or best["parcels"]
    return {"reason": reason, "operator": best["operator"], "station": best["station"], "count": count}


_PEOPLE = """
SELECT s.code AS station, COALESCE(NULLIF(o.name, ''), s.code) AS operator, o.role,
(SELECT COUNT(*) FROM tour t JOIN task k ON k.warehouse_id = t.warehouse_id AND k.tour_id = t.id AND k.state = 'open'
  WHERE t.warehouse_id = d.warehouse_id AND t.station_id = d.station_id AND t.state = 'active') AS stops,
(SELECT COUNT(*) FROM parcel p WHERE p.warehouse_id = d.warehouse_id AND p.station_id = d.station_id
  AND p.state = 'open') AS parcels
FROM dialogue d JOIN station s ON s.warehouse_id = d.warehouse_id AND s.id = d.station_id
JOIN operator o ON o.warehouse_id = d.warehouse_id AND o.id = d.operator_id
WHERE d.warehouse_id = :w AND d.flow <> :flow AND (:source = '' OR d.flow = :source)
"""
