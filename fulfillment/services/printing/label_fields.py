"""A label's fields from what the floor knows of one thing: a place, a tote, an item, a handling unit, a parcel, a tour.

Reads only. What cannot be printed because nobody has written it down is named and never made up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from fulfillment.domain.codes import BadCode, gtin14, own_code
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.hot import Tx
from fulfillment.services.shipping.customs_labels import cn22_of

Fields = dict[str, Any]

_LARGEST_ID = 2**63 - 1


def fields_of(tx: Tx, template: str, thing: str, category: str = "") -> tuple[Fields, list[str]]:
    """The fields of a template for `thing`, and what is missing of it, such as `MUG: hs_code`. `category` is a CN22's:
    of a gift less is asked.

    Raises:
        NotFound: no such thing; Conflict: it is in no state for that label; DomainError: this template is of no one
        thing.
    """
    if template not in _OF:
        raise DomainError("of_nothing", f"a {template} is of no one thing; of one are {', '.join(_OF)}", "template")
    if template == "cn22" and category:
        return cn22_of(tx, thing, category)
    return _OF[template](tx, thing)


def _of_location(tx: Tx, code: str) -> tuple[Fields, list[str]]:
    row = _known(tx, "location", "code", code)
    return {"location": row["code"], "barcode": _own("L", row["code"]), "kind": row["kind"].upper()}, []


def _of_tote(tx: Tx, code: str) -> tuple[Fields, list[str]]:
    row = _known(tx, "lpn", "code", code)
    return {"tote": row["code"], "barcode": _own("T", row["code"])}, []


def _of_item(tx: Tx, sku: str) -> tuple[Fields, list[str]]:
    row = _known(tx, "item", "sku_key", sku.upper())
    fields = {"sku": row["sku"], "name": row["name"] or row["sku"]}
    gtin = _gtin(tx, row["id"])
    return fields | ({"gtin": gtin} if gtin else {}), []


def _of_handling_unit(tx: Tx, sscc: str) -> tuple[Fields, list[str]]:
    """What lies in it is told where it is one lot of one item; of anything else, how many items."""
    unit = _known(tx, "lpn", "code", sscc)
    house = tx.one("SELECT name, code FROM warehouse WHERE id = :w")
    fields: Fields = {"sscc": unit["code"], "ship_from": house["name"] or house["code"]}
    rows = tx.all(
        "SELECT i.id, i.sku, i.name, y.lot, y.expiry_on, SUM(b.on_hand_each) AS qty_each FROM stock_balance b"
        " JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
        " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
        " WHERE b.warehouse_id = :w AND b.lpn_id = :lpn AND b.on_hand_each > 0"
        " GROUP BY i.id, i.sku, i.name, y.lot, y.expiry_on",
        lpn=unit["id"],
    )
    if len(rows) == 1:
        row = rows[0]
        told = {
            "name": row["name"], "sku": row["sku"], "gtin": _gtin(tx, row["id"]), "qty_each": row["qty_each"],
            "lot": row["lot"], "expiry_on": row["expiry_on"],
        }  # fmt: skip
        fields |= {name: value for name, value in told.items() if value}
    elif rows:
        fields["name"] = f"{len({row['id'] for row in rows})} items, {sum(row['qty_each'] for row in rows)} units"
    return fields, []


def _of_tour(tx: Tx, number: str) -> tuple[Fields, list[str]]:
    """The stops that are not made yet, in the order they are walked."""
    tour = None
    if number.isascii() and number.isdigit():
        tour = tx.one(
            "SELECT t.id, t.distance_dm, c.code AS cart, o.name AS picker FROM tour t"
            " LEFT JOIN cart c ON c.warehouse_id = t.warehouse_id AND c.id = t.cart_id"
            " LEFT JOIN operator o ON o.warehouse_id = t.warehouse_id AND o.id = t.operator_id"
            " WHERE t.warehouse_id = :w AND t.id = :id",
            id=min(int(number[:20]), _LARGEST_ID),
        )
    if tour is None:
        raise NotFound("unknown_tour", f"no tour {number!r}", "tour")
    rows = tx.all(
        "SELECT l.code AS location, i.sku, i.name, k.qty_each - k.done_each AS qty_each, o.number AS order_number,"
        " k.position FROM task k JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
        " JOIN item i ON i.warehouse_id = k.warehouse_id AND i.id = k.item_id"
        " JOIN sales_order o ON o.warehouse_id = k.warehouse_id AND o.id = k.order_id"
        " WHERE k.warehouse_id = :w AND k.tour_id = :id AND k.state = 'open' ORDER BY k.sequence, k.id",
        id=tour["id"],
    )
    if not rows:
        raise Conflict("nothing_to_pick", f"tour {number} has no stop left", "tour")
    stops = [
        {
            "location": row["location"], "sku": row["sku"], "name": row["name"] or row["sku"],
            "qty_each": row["qty_each"], "order": row["order_number"], "position": row["position"] or None,
        }
        for row in rows
    ]  # fmt: skip
    fields: Fields = {"tour": str(tour["id"]), "walk": f"{tour['distance_dm'] // 10} m", "stops": stops}
    if tour["cart"]:
        fields["cart"] = tour["cart"]
        with suppress(BadCode):  # a cart whose number no code of ours can hold is found by its name
            fields["barcode"] = own_code("K", tour["cart"])
    if tour["picker"]:
        fields["picker"] = tour["picker"]
    return fields, []


_OF: Mapping[str, Callable[[Tx, str], tuple[Fields, list[str]]]] = {
    "location": _of_location,
    "tote": _of_tote,
    "product": _of_item,
    "lpn_a6": _of_handling_unit,
    "lpn_4x6": _of_handling_unit,
    "cn22": cn22_of,
    "pick_list": _of_tour,
}


def _known(tx: Tx, table: str, column: str, value: str) -> Any:
    row = tx.one(f"SELECT * FROM {table} WHERE warehouse_id = :w AND {column} = :value AND id > 0", value=value)
    if row is None:
        raise NotFound(f"unknown_{table}", f"no {table} {value!r}", table)
    return row


def _own(kind: str, code: str) -> str:
    try:
        return own_code(kind, code)
    except BadCode as error:
        raise DomainError("bad_code", str(error), "barcode") from error


def _gtin(tx: Tx, item_id: int) -> str:
    rows = tx.all(
        "SELECT code FROM item_barcode WHERE warehouse_id = :w AND item_id = :item AND qty_each = 1 ORDER BY id",
        item=item_id,
    )
    return next((gtin for row in rows if (gtin := gtin14(row["code"]))), "")
