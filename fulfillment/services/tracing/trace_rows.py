"""The rows a trace is made of: what lies here, what crossed the doors, where it has been, who holds it.

Every function takes layers and reads by the index on them, a batch of layers a statement. Owns no rule.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from fulfillment.domain.stock import Virtual
from fulfillment.hot import Tx
from fulfillment.services.packing import pack_unscanned
from fulfillment.services.stock.ledger import FIRST_REAL_LOCATION_ID, VIRTUAL_IDS

BATCH = 400  # layers a statement

_VIRTUAL = {number: virtual for virtual, number in VIRTUAL_IDS.items()}
_REAL = FIRST_REAL_LOCATION_ID
# A parcel knows its order; what was handed over by line left loose, and its move says for whom.
_SERVED = "COALESCE(p.order_id, CASE WHEN m.reason = 'ship' AND m.from_lpn_id = 0 THEN m.order_id END)"


def lying(tx: Tx, layers: Mapping[int, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What lies in the house, by place; an open parcel's or tote's order beside it."""
    found: list[dict[str, Any]] = []
    for some in batches(layers):
        items = sorted({layers[layer_id]["item_id"] for layer_id in some})
        rows = tx.all(
            "SELECT b.layer_id, b.item_id, b.location_id, l.code AS location, l.kind AS location_kind, b.lpn_id,"
            " u.code AS lpn, u.kind AS lpn_kind, b.status, b.on_hand_each, b.allocated_each, b.sealed_each,"
            " p.id AS parcel_id, COALESCE(p.order_id, u.order_id) AS order_id FROM stock_balance b"
            " JOIN location l ON l.warehouse_id = b.warehouse_id AND l.id = b.location_id"
            " JOIN lpn u ON u.warehouse_id = b.warehouse_id AND u.id = b.lpn_id"
            " LEFT JOIN parcel p ON p.warehouse_id = b.warehouse_id AND p.lpn_id = b.lpn_id AND b.lpn_id <> 0"
            f" WHERE {within('b.item_id', items, 'b.')} AND b.layer_id IN ({_list(some)})"
        )
        found += [dict(row) for row in rows]
    found.sort(key=lambda row: (row["location"], row["lpn"], row["layer_id"], row["status"]))
    return found


def gone(tx: Tx, layers: Iterable[int]) -> list[dict[str, Any]]:
    """What crossed the doors, in or out, by handling unit and reason."""
    found: list[dict[str, Any]] = []
    for some in batches(layers):
        rows = tx.all(
            "SELECT m.layer_id, m.from_location_id, m.to_location_id, m.from_lpn_id, m.to_lpn_id, m.reason, m.why,"
            " u.code AS lpn, u.kind AS lpn_kind, p.id AS parcel_id,"
            f" {_SERVED} AS order_id, SUM(m.qty_each) AS qty_each,"
            " MIN(m.recorded_at_ms) AS first_ms, MAX(m.recorded_at_ms) AS last_ms FROM stock_move m"
            " JOIN lpn u ON u.warehouse_id = m.warehouse_id"
            f" AND u.id = CASE WHEN m.from_location_id < {_REAL} THEN m.to_lpn_id ELSE m.from_lpn_id END"
            f" LEFT JOIN parcel p ON p.warehouse_id = m.warehouse_id AND m.to_location_id < {_REAL}"
            " AND m.from_lpn_id <> 0 AND p.lpn_id = m.from_lpn_id"
            f" WHERE {within('m.layer_id', some, 'm.')}"
            f" AND (m.from_location_id < {_REAL} OR m.to_location_id < {_REAL})"
            " GROUP BY m.layer_id, m.from_location_id, m.to_location_id, m.from_lpn_id, m.to_lpn_id, m.reason, m.why,"
            f" u.code, u.kind, p.id, {_SERVED}"
        )
        found += [dict(row) for row in rows]
    return found


def end(location_id: int) -> Virtual | None:
    """Which end of the world outside a location is; None = it is on the floor."""
    return _VIRTUAL.get(location_id)


def been(tx: Tx, layers: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
    """Every place on the floor a layer's units were brought to, in the order they first came there."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for some in batches(layers):
        for row in tx.all(
            "SELECT m.layer_id, l.code AS location, l.kind, SUM(m.qty_each) AS qty_each,"
            " MIN(m.recorded_at_ms) AS first_ms, MAX(m.recorded_at_ms) AS last_ms, MIN(m.id) AS first_id"
            " FROM stock_move m JOIN location l ON l.warehouse_id = m.warehouse_id AND l.id = m.to_location_id"
            f" WHERE {within('m.layer_id', some, 'm.')} AND m.to_location_id >= {_REAL}"
            " AND m.from_location_id <> m.to_location_id GROUP BY m.layer_id, l.code, l.kind ORDER BY first_id"
        ):
            place = dict(row)
            del place["first_id"]
            found[place.pop("layer_id")].append(place)
    return found


def transfers(tx: Tx, layers: Iterable[int]) -> list[dict[str, Any]]:
    """Transfers that layers left on."""
    found: list[dict[str, Any]] = []
    for some in batches(layers):
        rows = tx.all(
            "SELECT t.number AS transfer, t.to_warehouse, t.state, t.sent_at_ms, p.layer_id AS layer,"
            " SUM(p.sent_each) AS sent_each, SUM(p.arrived_each) AS arrived_each FROM transfer_part p"
            " JOIN transfer t ON t.warehouse_id = p.warehouse_id AND t.id = p.transfer_id"
            f" WHERE {within('p.layer_id', some, 'p.')}"
            " GROUP BY t.number, t.to_warehouse, t.state, t.sent_at_ms, p.layer_id ORDER BY t.sent_at_ms"
        )
        found += [dict(row) for row in rows]
    return found


def promises(tx: Tx, here: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Which orders hold promises on what lies here, by place and layer."""
    found: list[dict[str, Any]] = []
    for row in here:
        if row["allocated_each"] and not row["lpn_id"]:
            found += [
                {"order_id": held["order_id"], "layer_id": row["layer_id"], "location_id": row["location_id"],
                 "qty_each": held["qty_each"]}
                for held in tx.all(
                    "SELECT order_id, SUM(qty_each) AS qty_each FROM allocation WHERE warehouse_id = :w"
                    " AND location_id = :location AND layer_id = :layer AND qty_each > 0 GROUP BY order_id",
                    location=row["location_id"], layer=row["layer_id"],
                )
            ]  # fmt: skip
    return found


def order_heads(tx: Tx, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Orders by id, as a trace names them."""
    found: dict[int, dict[str, Any]] = {}
    for some in batches(ids):
        rows = tx.all(
            "SELECT id, number, channel, state, ship_to_name, country FROM sales_order"
            f" WHERE {within('id', some)} ORDER BY id"
        )
        found.update({row["id"]: dict(row) for row in rows})
    return found


def parcel_heads(tx: Tx, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Parcels by id, as a trace names them: SSCC, carrier, manifest, when it left, and why it may weigh what it
    should not ('' = it does what it should), and what went into it without a scan."""
    found: dict[int, dict[str, Any]] = {}
    for some in batches(ids):
        rows = tx.all(
            "SELECT p.id, p.number AS parcel, p.state, c.code AS carrier, m.number AS manifest, p.shipped_at_ms,"
            " COALESCE(g.why, '') AS weight_why, g.weighed_g, g.expected_g FROM parcel p"
            " JOIN carrier c ON c.warehouse_id = p.warehouse_id AND c.id = p.carrier_id"
            " LEFT JOIN manifest m ON m.warehouse_id = p.warehouse_id AND m.id = p.manifest_id"
            " LEFT JOIN parcel_weighing g ON g.warehouse_id = p.warehouse_id AND g.parcel_id = p.id AND g.why <> ''"
            " AND g.id = (SELECT MAX(n.id) FROM parcel_weighing n WHERE n.warehouse_id = p.warehouse_id"
            f" AND n.parcel_id = p.id) WHERE {within('p.id', some, 'p.')}"
        )
        unscanned = pack_unscanned.of_parcels(tx, some)
        for row in rows:
            head = dict(row)
            parcel_id = head.pop("id")
            found[parcel_id] = {**head, "unscanned": unscanned[parcel_id]}
    return found


def shipments(tx: Tx, order_ids: Iterable[int], layers: Iterable[int]) -> list[dict[str, Any]]:
    """Shipments by line that these layers left on to these orders: who took how many units, under which number."""
    found: list[dict[str, Any]] = []
    chosen = set(layers)
    for some in batches(order_ids):
        rows = tx.all(
            "SELECT s.order_id, s.external_id, s.carrier, s.tracking_number, s.shipped_at_ms, m.layer_id,"
            " SUM(m.qty_each) AS qty_each FROM shipment s JOIN stock_move m ON m.warehouse_id = s.warehouse_id"
            " AND m.id BETWEEN s.first_move_id AND s.last_move_id AND m.reason = 'ship'"
            f" WHERE {within('s.order_id', some, 's.')} GROUP BY s.id, s.order_id, s.external_id, s.carrier,"
            " s.tracking_number, s.shipped_at_ms, m.layer_id ORDER BY s.id, m.layer_id"
        )
        found += [dict(row) for row in rows if row["layer_id"] in chosen]
    return found


def overrides(tx: Tx, layers: Iterable[int], most: int) -> list[dict[str, Any]]:
    """Who let units of these layers go before older ones and why, at a stop or from the board; the newest first.

    `rank`: which place they had in FIFO's order when they were chosen from the board; 0 = told at the stop.
    """
    found: list[dict[str, Any]] = []
    for some in batches(layers):
        rows = tx.all(
            "SELECT v.layer_id AS layer, o.number AS order_number, l.code AS location, v.qty_each, v.why,"
            " COALESCE(p.name, '') AS supervisor, v.recorded_at_ms, a.undone_at_ms, a.after FROM fifo_override v"
            " LEFT JOIN sales_order o ON o.warehouse_id = v.warehouse_id AND o.id = v.order_id"
            " JOIN location l ON l.warehouse_id = v.warehouse_id AND l.id = v.location_id"
            " LEFT JOIN operator p ON p.warehouse_id = v.warehouse_id AND p.id = v.supervisor_id"
            " LEFT JOIN wave_act a ON a.warehouse_id = v.warehouse_id AND a.id = v.wave_act_id"
            f" WHERE {within('v.layer_id', some, 'v.')} ORDER BY v.id DESC LIMIT {int(most)}"
        )
        for row in rows:
            shown = dict(row)
            told = json.loads(shown.pop("after") or "{}")
            order = shown.pop("order_number")
            found.append({"order": order, **shown, "rank": told.get("rank", 0), "note": told.get("note", "")})
    return sorted(found, key=lambda row: -row["recorded_at_ms"])[:most]


def batches(ids: Iterable[int]) -> Iterator[list[int]]:
    """Ids in order, so many a statement."""
    found = sorted(ids)
    for start in range(0, len(found), BATCH):
        yield found[start : start + BATCH]


def _list(ids: Sequence[int]) -> str:
    return ", ".join(str(int(one)) for one in ids)  # whole numbers of ours, never a caller's text


def within(column: str, ids: Sequence[int], table: str = "") -> str:
    """The condition that a column is one of these ids, in this warehouse."""
    return f"{table}warehouse_id = :w AND {column} IN ({_list(ids)})"
