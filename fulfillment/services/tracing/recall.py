"""The recall list: one row for each parcel, tote and place that holds traced goods, or held what left.

Owns the columns and their order: first who has to be told (shipped), then what can still be stopped (parcels,
totes, transfers), then what lies here to be set on hold. Invariant: its units are those of the trace.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from fulfillment.domain.stock import LpnKind, Virtual
from fulfillment.hot import Tx
from fulfillment.services.common.sheets import csv_text
from fulfillment.services.tracing import trace_rows
from fulfillment.services.tracing.trace import Asked, Material, material

COLUMNS = (
    "where", "order", "channel", "order_state", "ship_to_name", "country", "parcel", "carrier", "manifest",
    "shipped_at", "qty_each", "promised_each", "location", "lpn", "status", "transfer", "to_warehouse", "sku", "name",
    "lot", "expiry_on", "serial", "received_on", "receipt", "supplier", "layer",
)  # fmt: skip
_TOTES = frozenset({LpnKind.TOTE, LpnKind.SHARE, LpnKind.SLOT})  # what holds goods of one order before it is packed
# As the rows are ordered: the customer who has it is called first.
SHIPPED, PARCEL, TOTE, TRANSFER, IN_HOUSE = "shipped", "parcel", "tote", "transfer", "in_house"
_ORDER = (SHIPPED, PARCEL, TOTE, TRANSFER, IN_HOUSE)


def recall(tx: Tx, asked: Asked, *, with_names: bool = True) -> list[dict[str, Any]]:
    """Rows of COLUMNS, all of them; buyers' names only with `with_names`.

    Raises:
        DomainError: nothing asked; NotFound: no such lot, serial, SKU, receipt, order or parcel.
    """
    found = material(tx, asked)
    zone = ZoneInfo(tx.one("SELECT time_zone FROM warehouse WHERE id = :w")["time_zone"])
    parcels = trace_rows.parcel_heads(tx, {row["parcel_id"] for row in (*found.here, *found.gone) if row["parcel_id"]})
    heads = trace_rows.order_heads(tx, {row["order_id"] for row in (*found.here, *found.gone) if row["order_id"]})
    rows = [
        {
            **_goods(found, row["layer_id"]), **_order(heads.get(row["order_id"]), with_names=with_names),
            **_parcel(parcels.get(row["parcel_id"]), zone), **place,
        }
        for row, place in (*_shipped(found), *_here(found))
    ]  # fmt: skip
    rows += [
        {**_goods(found, row["layer"]), "where": TRANSFER, "qty_each": row["sent_each"],
         "shipped_at": _local(row["sent_at_ms"], zone), "transfer": row["transfer"],
         "to_warehouse": row["to_warehouse"]}
        for row in found.transfers
    ]  # fmt: skip
    rows.sort(key=lambda row: (_ORDER.index(row["where"]), row.get("shipped_at") or "", row.get("location") or ""))
    return [{column: row.get(column) for column in COLUMNS} for row in rows]


def recall_csv(tx: Tx, asked: Asked, *, with_names: bool = True) -> str:
    """The list as CSV, for a spreadsheet or a mail merge."""
    return csv_text(COLUMNS, recall(tx, asked, with_names=with_names))


def _shipped(found: Material) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [
        (row, {"where": SHIPPED, "qty_each": row["qty_each"], "lpn": row["lpn"] if row["from_lpn_id"] else None})
        for row in found.gone
        if trace_rows.end(row["to_location_id"]) in (Virtual.CARRIER, Virtual.CUSTOMER)
        and trace_rows.end(row["from_location_id"]) is None
    ]


def _here(found: Material) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    rows = []
    for row in found.here:
        where = PARCEL if row["parcel_id"] else TOTE if row["lpn_kind"] in _TOTES else IN_HOUSE
        rows.append(
            (row, {
                "where": where, "qty_each": row["on_hand_each"], "promised_each": row["allocated_each"],
                "location": row["location"], "lpn": row["lpn"] if row["lpn_id"] else None, "status": row["status"],
            })
        )  # fmt: skip
    return rows


def _goods(found: Material, layer_id: int) -> dict[str, Any]:
    layer = found.layers[layer_id]
    shown = ("sku", "name", "lot", "expiry_on", "serial", "received_on", "receipt", "supplier")
    return {"layer": layer_id, **{name: layer[name] for name in shown}}


def _order(head: dict[str, Any] | None, *, with_names: bool) -> dict[str, Any]:
    if head is None:
        return {}
    return {
        "order": head["number"], "channel": head["channel"], "order_state": head["state"],
        "ship_to_name": head["ship_to_name"] if with_names else None, "country": head["country"],
    }  # fmt: skip


def _parcel(head: dict[str, Any] | None, zone: ZoneInfo) -> dict[str, Any]:
    if head is None:
        return {}
    return {
        "parcel": head["parcel"], "carrier": head["carrier"], "manifest": head["manifest"],
        "shipped_at": _local(head["shipped_at_ms"], zone),
    }  # fmt: skip


def _local(at_ms: int | None, zone: ZoneInfo) -> str | None:
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(zone).isoformat(timespec="minutes")
