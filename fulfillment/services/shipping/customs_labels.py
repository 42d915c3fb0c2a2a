"""The CN22 of a parcel, from what lies in it: the items' customs fields, and what the buyer paid.

The worth of goods is what they were sold for; the catalogue's value counts where a line has no price. What customs will
ask and nobody has written down is named, item by item, and never made up.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from fulfillment.domain.reasons import Conflict, NotFound
from fulfillment.hot import Tx
from label_templates.customs import COMMERCIAL


def cn22_of(tx: Tx, number: str, category: str = "sale_of_goods") -> tuple[dict[str, Any], list[str]]:
    """The fields of a parcel's CN22, and what is missing in the catalogue, such as `MUG: hs_code, origin`.

    Raises:
        NotFound: no such parcel; Conflict: it is empty, or its goods are worth several currencies.
    """
    parcel = tx.one(
        "SELECT p.lpn_id, p.order_id, w.time_zone, w.name AS house, w.code AS house_code FROM parcel p"
        " JOIN warehouse w ON w.id = p.warehouse_id WHERE p.warehouse_id = :w AND p.number = :number",
        number=number,
    )
    if parcel is None:
        raise NotFound("unknown_parcel", f"no parcel {number!r}", "parcel")
    rows = tx.all(
        "SELECT i.id, i.sku, i.name, i.hs_code, i.origin, i.value_minor, i.currency, i.weight_g,"
        " SUM(b.on_hand_each) AS qty_each FROM stock_balance b"
        " JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id WHERE b.warehouse_id = :w"
        " AND b.lpn_id = :lpn AND b.on_hand_each > 0"
        " GROUP BY i.id, i.sku, i.name, i.hs_code, i.origin, i.value_minor, i.currency, i.weight_g ORDER BY i.sku",
        lpn=parcel["lpn_id"],
    )
    if not rows:
        raise Conflict("parcel_empty", f"nothing lies in parcel {number}", "parcel")
    items, missing, currencies = [], [], set()
    for row in rows:
        value_minor, currency = _worth(tx, parcel["order_id"], row)
        known = {
            **({"hs_code": row["hs_code"], "origin": row["origin"]} if category in COMMERCIAL else {}),
            "weight_g": row["weight_g"], "value_minor": value_minor, "currency": currency, "name": row["name"],
        }  # fmt: skip
        lacking = [name for name, value in known.items() if not value]
        missing += [f"{row['sku']}: {', '.join(lacking)}"] if lacking else []
        currencies |= {currency} - {""}
        items.append(
            {
                "qty_each": row["qty_each"], "description": row["name"],
                "net_weight_g": row["weight_g"] * row["qty_each"], "value_minor": value_minor,
                "hs_code": row["hs_code"] or None, "origin": row["origin"] or None,
            }
        )  # fmt: skip
    if len(currencies) > 1:
        raise Conflict("several_currencies", f"a CN22 has one currency, these are {', '.join(sorted(currencies))}")
    today = datetime.fromtimestamp(tx.now_ms / 1000, UTC).astimezone(ZoneInfo(parcel["time_zone"])).date()
    fields = {
        "category": category, "items": items, "currency": next(iter(currencies), ""),
        "signed_on": today.isoformat(), "signed_by": parcel["house"] or parcel["house_code"],
    }  # fmt: skip
    return fields, missing


def _worth(tx: Tx, order_id: int, row: Any) -> tuple[int, str]:
    """What these units were sold for, and in what; lines of one item with several prices count in their mean."""
    sold = tx.one(
        "SELECT COALESCE(SUM(unit_price_minor * qty_each), 0) AS paid_minor, COALESCE(SUM(qty_each), 0) AS qty_each,"
        " COALESCE(MAX(currency), '') AS currency, COUNT(DISTINCT currency) AS currencies FROM order_line"
        " WHERE warehouse_id = :w AND order_id = :order AND item_id = :item AND unit_price_minor > 0",
        order=order_id, item=row["id"],
    )  # fmt: skip
    if sold["currencies"] > 1:
        raise Conflict("several_currencies", f"{row['sku']} was sold in several currencies in this order")
    if sold["paid_minor"] > 0:
        return (sold["paid_minor"] * row["qty_each"] + sold["qty_each"] // 2) // sold["qty_each"], sold["currency"]
    return row["value_minor"] * row["qty_each"], row["currency"]
