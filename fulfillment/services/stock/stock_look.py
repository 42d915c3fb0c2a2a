"""What lies where, for a person who asks by item, place, lot or serial: with age, cases and promises.

Owns how one word is understood; a scanned label says itself what it is. Refuses nothing: a word nobody knows
finds nothing. Invariant: the totals are of everything found, also of rows not shown.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from fulfillment.domain.codes import barcode_key
from fulfillment.hot import Tx
from fulfillment.scanning.classify import MalformedCode, Read, ReadKind, check_raw, classify
from fulfillment.services.common.pages import literal
from fulfillment.services.common.today import local_day

SHOWN_ROWS = 300
MAX_ITEMS, MAX_PLACES = 50, 200

_ROWS = (
    " FROM stock_balance b JOIN location l ON l.warehouse_id = b.warehouse_id AND l.id = b.location_id"
    " JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
    " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
    " JOIN lpn u ON u.warehouse_id = b.warehouse_id AND u.id = b.lpn_id WHERE b.warehouse_id = :w AND "
)


def look(tx: Tx, word: str) -> dict[str, Any]:
    """Layers in their places for a typed or scanned word, by item and age; `meant` says how it was understood."""
    meant, where, params = _understood(tx, word)
    if not where:
        return {"meant": "", "rows": [], "totals": None, "left_off": 0}
    totals = tx.one(
        "SELECT COUNT(*) AS found, COALESCE(SUM(b.on_hand_each), 0) AS on_hand_each,"
        " COALESCE(SUM(b.allocated_each), 0) AS allocated_each,"
        " COALESCE(SUM(CASE WHEN b.status = 'available' THEN 0 ELSE b.on_hand_each END), 0) AS set_aside_each"
        f"{_ROWS}{where}",
        **params,
    )
    rows = tx.all(
        "SELECT l.code AS location, l.kind, i.sku, i.name, y.received_on, y.lot, y.expiry_on, y.serial, y.case_each,"
        " b.lpn_id, u.code AS lpn, b.status, b.on_hand_each, b.allocated_each, b.sealed_each"
        f"{_ROWS}{where} ORDER BY i.sku, y.received_on, y.id, l.code, b.lpn_id, b.status LIMIT {SHOWN_ROWS}",
        **params,
    )
    today = date.fromisoformat(local_day(tx))
    return {
        "meant": meant, "rows": [_shown(row, today) for row in rows],
        "totals": {name: totals[name] for name in ("on_hand_each", "allocated_each", "set_aside_each")},
        "left_off": totals["found"] - len(rows),
    }  # fmt: skip


def _shown(row: Any, today: date) -> dict[str, Any]:
    shown = dict(row)
    shown["lpn"] = row["lpn"] if shown.pop("lpn_id") else None
    shown["age_days"] = (today - date.fromisoformat(row["received_on"])).days
    shown["is_expired"] = bool(row["expiry_on"]) and row["expiry_on"] < today.isoformat()
    shown["sealed_cases"] = row["sealed_each"] // row["case_each"] if row["case_each"] else 0
    return shown


def _understood(tx: Tx, word: str) -> tuple[str, str, dict[str, Any]]:
    """What a word means (location, item, lot, serial, lpn or words), as a condition."""
    try:
        raw = check_raw(word)
    except MalformedCode:
        return "", "", {}
    read = classify(raw)
    text = read.value if isinstance(read, Read) and read.kind == ReadKind.LOCATION else raw
    places = tx.all("SELECT id FROM location WHERE warehouse_id = :w AND code = :code", code=text.upper())
    if places:
        return "location", f"b.location_id IN ({_list(places)})", {}
    if isinstance(read, Read) and read.kind in (ReadKind.PARCEL, ReadKind.TOTE):
        unit = tx.one("SELECT id FROM lpn WHERE warehouse_id = :w AND code = :code", code=read.value)
        return ("lpn", "b.lpn_id = :unit", {"unit": unit["id"]}) if unit else ("", "", {})
    key = read.value if isinstance(read, Read) and read.kind == ReadKind.ITEM else barcode_key(raw)
    items = tx.all(
        "SELECT id FROM item WHERE warehouse_id = :w AND sku_key = :sku UNION SELECT item_id FROM item_barcode"
        " WHERE warehouse_id = :w AND code = :code",
        sku=raw.upper(), code=key,
    )  # fmt: skip
    if items:
        lot = read.lot if isinstance(read, Read) else ""
        serial = read.serial if isinstance(read, Read) else ""
        condition = f"b.item_id IN ({_list(items)})"
        if serial:
            return "serial", f"{condition} AND y.serial = :serial", {"serial": serial}
        return ("lot", f"{condition} AND y.lot = :lot", {"lot": lot}) if lot else ("item", condition, {})
    for name in ("lot", "serial"):
        layers = tx.all(
            f"SELECT DISTINCT item_id AS id FROM layer WHERE warehouse_id = :w AND {name} IN (:word, :key)",
            word=raw, key=raw.upper(),
        )  # fmt: skip
        if layers:
            condition = f"b.item_id IN ({_list(layers)}) AND y.{name} IN (:word, :key)"
            return name, condition, {"word": raw, "key": raw.upper()}
    return _by_beginning(tx, raw)


def _by_beginning(tx: Tx, raw: str) -> tuple[str, str, dict[str, Any]]:
    """Locations that begin so, or items that do or have it in their name."""
    begins = literal(raw.upper())
    places = tx.all(
        "SELECT id FROM location WHERE warehouse_id = :w AND code LIKE :begins ESCAPE '!'"
        f" ORDER BY code LIMIT {MAX_PLACES}",
        begins=f"{begins}%",
    )  # fmt: skip
    if places:
        return "location", f"b.location_id IN ({_list(places)})", {}
    items = tx.all(
        "SELECT id FROM item WHERE warehouse_id = :w AND (sku_key LIKE :begins ESCAPE '!'"
        f" OR UPPER(name) LIKE :holds ESCAPE '!') ORDER BY sku_key LIMIT {MAX_ITEMS}",
        begins=f"{begins}%", holds=f"%{begins}%",
    )  # fmt: skip
    return ("item", f"b.item_id IN ({_list(items)})", {}) if items else ("", "", {})


def _list(rows: Any) -> str:
    return ", ".join(str(int(row["id"])) for row in rows)
