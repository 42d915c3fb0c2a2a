"""What a parcel's papers say: the fields of its label and its packing slip, and where slips are printed.

Only reads, but for `queue_label`, which queues a print. Refuses nothing: an address that lacks a part is printed with a
dash in its place, so that the parcel can leave.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from fulfillment.domain.codes import BadCode, own_code
from fulfillment.hot import Tx
from fulfillment.services.printing import outbox
from fulfillment.services.shipping import carrier_labels

LABEL, SLIP, MANIFEST = "shipping_4x6", "packing_slip", "manifest"


def weight_of(parcel: Any) -> int:
    """What a parcel's row says it weighs, in grams: by the scale, else by what the catalogue says of its content."""
    return parcel["weight_g"] if parcel["weighed_g"] is None else parcel["weighed_g"]


def slip_printer(tx: Tx, station_id: int | None) -> int | None:
    """The printer of this station's slips, any other that prints slips where it has none, None where there is none."""
    row = tx.one(
        "SELECT p.id FROM printer p LEFT JOIN station s ON s.warehouse_id = p.warehouse_id AND s.id = :station"
        " WHERE p.warehouse_id = :w AND p.language = 'escpos' AND p.state <> 'disabled'"
        " ORDER BY CASE WHEN p.id = s.slip_printer_id THEN 0 ELSE 1 END, p.id LIMIT 1",
        station=station_id,
    )
    return row["id"] if row else None


def queue_label(tx: Tx, parcel: Any, reprint: int, printer_id: int | None) -> None:
    """Have its label printed: the carrier's number on it where one was bought, `reprint` the number of the copy."""
    fields = label_fields(tx, parcel)
    bought = carrier_labels.live(tx, parcel["id"])
    if bought is not None:
        fields["tracking"] = bought["tracking_number"]
    if reprint:
        fields["reprint"] = reprint
    outbox.queue_print(tx, parcel["number"], f"label:{parcel['number']}:{reprint}", printer_id, LABEL, fields)


def label_fields(tx: Tx, parcel: Any) -> dict[str, Any]:
    """What is on its label."""
    order = tx.one("SELECT * FROM sales_order WHERE warehouse_id = :w AND id = :id", id=parcel["order_id"])
    carrier = tx.one("SELECT name, service FROM carrier WHERE warehouse_id = :w AND id = :id", id=parcel["carrier_id"])
    house = tx.one("SELECT name, code, ship_from FROM warehouse WHERE id = :w")
    return {
        "ship_from": ship_from(house), "ship_to": _ship_to(order), "carrier": carrier["name"],
        "service": carrier["service"], "order": order["number"], "parcel_n": parcel["sequence"],
        "weight_g": weight_of(parcel), "sscc": parcel["number"],
    }  # fmt: skip


def slip_fields(tx: Tx, parcel: Any, content: Iterable[Any], is_last: bool) -> dict[str, Any]:
    """What is on its packing slip. `content`: rows of sku, name, qty_each; the last parcel's tells what comes later."""
    order = tx.one("SELECT * FROM sales_order WHERE warehouse_id = :w AND id = :id", id=parcel["order_id"])
    instead = _substituted(tx, parcel["order_id"])
    fields: dict[str, Any] = {
        "order": order["number"], "parcel": parcel["number"], "parcel_n": parcel["sequence"],
        "ordered_on": datetime.fromtimestamp(order["ordered_at_ms"] / 1000, UTC).date().isoformat(),
        "ship_to": _ship_to(order), "lines": [_slip_line(row, instead.get(row["sku"], "")) for row in content],
    }  # fmt: skip
    try:
        barcode = own_code("O", order["number"])
    except BadCode:
        barcode = ""  # a channel's number may hold what no code of ours can
    if 0 < len(barcode) <= 20:
        fields["barcode"] = barcode
    if is_last:
        later = tx.all(
            "SELECT i.sku, i.name, d.ordered_each - d.cancelled_each - d.picked_each AS qty_each FROM demand d"
            " JOIN item i ON i.warehouse_id = d.warehouse_id AND i.id = d.item_id WHERE d.warehouse_id = :w"
            " AND d.order_id = :order AND d.ordered_each - d.cancelled_each > d.picked_each ORDER BY d.id",
            order=parcel["order_id"],
        )
        if later:
            fields["later_lines"] = [_slip_line(row) for row in later]
    return fields


def _substituted(tx: Tx, order_id: int) -> dict[str, str]:
    """Instead of which SKUs an order's items go, by the SKU that goes."""
    rows = tx.all(
        "SELECT DISTINCT sku, instead_of FROM order_line WHERE warehouse_id = :w AND order_id = :order"
        " AND instead_of <> '' ORDER BY sku, instead_of",
        order=order_id,
    )
    found: dict[str, str] = {}
    for row in rows:
        found[row["sku"]] = f"{found[row['sku']]}, {row['instead_of']}" if row["sku"] in found else row["instead_of"]
    return found


def _slip_line(row: Any, instead_of: str = "") -> dict[str, Any]:
    name = row["name"] if _is_visible(row["name"]) else row["sku"]
    name += f" (instead of {instead_of})" if instead_of else ""
    return {"sku": row["sku"], "name": name, "qty_each": row["qty_each"]}


def _ship_to(order: Any) -> dict[str, str]:
    address = {
        "name": order["ship_to_name"], "address1": order["address1"], "address2": order["address2"],
        "city": order["city"], "region": order["region"], "postcode": order["postcode"],
        "country": order["country"], "phone": order["phone"],
    }  # fmt: skip
    return _printable(address)


def ship_from(house: Any) -> dict[str, str]:
    """The sender's address, as the label takes it."""
    return _printable({"name": house["name"] or house["code"], **json.loads(house["ship_from"])})


def _printable(address: Mapping[str, str]) -> dict[str, str]:
    """An address as the label takes it. A channel that told no street still gets its parcel labelled: the
    packer sees the dash, and the order can be changed and the label printed again."""
    seen = {part: text for part, text in address.items() if _is_visible(text)}
    must = {part: seen.get(part, "-") for part in ("name", "address1", "city", "postcode", "country")}
    return must | {part: seen[part] for part in ("address2", "region", "phone") if part in seen}


def _is_visible(text: str) -> bool:
    return any(letter.isprintable() and not letter.isspace() for letter in text)
