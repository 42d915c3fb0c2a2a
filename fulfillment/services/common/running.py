"""Running numbers and events: the two things nearly every service appends."""

from __future__ import annotations

import json
from typing import Any

from fulfillment.domain.codes import sscc
from fulfillment.hot import Tx


def next_number(tx: Tx, name: str) -> int:
    """The next value of a counter of this warehouse, never given out twice."""
    tx.put(
        "INSERT INTO counter (warehouse_id, name, next_value) VALUES (:w, :name, 2)"
        " ON CONFLICT (warehouse_id, name) DO UPDATE SET next_value = counter.next_value + 1",
        name=name,
    )
    return tx.one(
        "SELECT next_value - 1 AS value FROM counter WHERE warehouse_id = :w AND name = :name", name=name
    )["value"]


def next_sscc(tx: Tx) -> str:
    """A number for a handling unit of ours: parcels and pallets count on from one another.

    The extension digit tells the warehouses of one company apart that share a database: a pallet sent from one to
    another must not carry the number of a parcel there.
    """
    prefix = tx.one("SELECT gs1_company_prefix FROM warehouse WHERE id = :w")["gs1_company_prefix"]
    return sscc(prefix, next_number(tx, "sscc"), (tx.warehouse_id - 1) % 10)


def tell(tx: Tx, topic: str, kind: str, scan_id: str = "", **payload: Any) -> None:
    """Append an event; who follows them reads with the cursor of `events`."""
    tx.add(
        "event", topic=topic, kind=kind, payload=json.dumps(payload, separators=(",", ":")),
        scan_id=scan_id, recorded_at_ms=tx.now_ms,
    )  # fmt: skip
