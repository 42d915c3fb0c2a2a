"""Orders: take them in, change them, cancel them, hold them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from fulfillment.domain.codes import BadCode, own_code
from fulfillment.domain.orders import OrderState, Policy
from fulfillment.domain.reasons import Conflict, DomainError, HoldReason, NotFound
from fulfillment.domain.shipping import CarrierRule, choose_carrier
from fulfillment.hot import Tx
from fulfillment.services.common import row_sets
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.ordering import calendars
from fulfillment.services.stock import allocate
from fulfillment.services.touring import batch_totes, pick

MAX_LINES = 5_000
SKUS_AT_ONCE = 200


@dataclass(frozen=True)
class LineIn:
    """One line as sold."""

    sku: str
    qty_each: int
    unit_price_minor: int = 0
    currency: str = ""
    name: str = ""


@dataclass(frozen=True)
class ShipTo:
    """Where the goods go; `country` is ISO 3166-1 alpha-2."""

    name: str = ""
    address1: str = ""
    address2: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    phone: str = ""


@dataclass(frozen=True)
class OrderIn:
    """An order as a channel hands it over. `original_ordered_at` keeps the time it had before a shift."""

    number: str
    ordered_at_ms: int
    lines: Sequence[LineIn]
    ship_to: ShipTo = field(default_factory=ShipTo)
    channel: str = "api"
    policy: str = Policy.SHIP_PARTIAL
    priority: int = 0
    original_ordered_at: str = ""
    may_substitute: bool = False

    def sha256(self) -> str:
        """What the order says, whatever time it was shifted to."""
        said = [
            self.number, self.channel, self.policy, self.priority, self.original_ordered_at or self.ordered_at_ms,
            list(vars(self.ship_to).values()), [list(vars(line).values()) for line in self.lines],
        ]  # fmt: skip
        # Nothing for those that do not: an order taken in before anybody could say it is the same order still.
        said += ["may_substitute"] if self.may_substitute else []
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def take_in(tx: Tx, actor: Actor, order: OrderIn, max_line_each: int) -> bool:
    """Store an order and promise it what there is; False when the same order is known already.

    An unknown SKU puts the order on hold with its reason; it never invents an item.

    Raises:
        DomainError: a bad number, quantity or country; Conflict: the number came with other content.
    """
    _check(order, max_line_each)
    known, carriers = tx.ask(
        ("SELECT content_sha256 FROM sales_order WHERE warehouse_id = :w AND channel = :channel AND number = :number",
         {"channel": order.channel, "number": order.number}),
        (_CARRIERS, {}),
    )  # fmt: skip
    if known:
        if known[0]["content_sha256"] != order.sha256():
            raise Conflict("order_exists", f"order {order.number} exists with other content", "number")
        return False
    items = _items(tx, order.lines)
    unknown = sorted({line.sku for line in order.lines if items[line.sku] is None})
    carrier = _carrier(carriers, order.ship_to.country)
    order_id = tx.insert(
        "sales_order", channel=order.channel, number=order.number,
        state=OrderState.HOLD if unknown else OrderState.WAITING, policy=order.policy, priority=order.priority,
        ordered_at_ms=order.ordered_at_ms, original_ordered_at=order.original_ordered_at,
        cut_off_at_ms=calendars.cut_off_at_ms(tx, carrier, order.ordered_at_ms), ship_to_name=order.ship_to.name,
        address1=order.ship_to.address1, address2=order.ship_to.address2, city=order.ship_to.city,
        region=order.ship_to.region, postcode=order.ship_to.postcode, country=order.ship_to.country,
        phone=order.ship_to.phone, hold_reason=HoldReason.UNKNOWN_SKU if unknown else "",
        hold_note=", ".join(unknown), content_sha256=order.sha256(), carrier_id=carrier["id"] if carrier else None,
        created_at_ms=tx.now_ms, state_since_ms=tx.now_ms, may_substitute=int(order.may_substitute),
    )  # fmt: skip
    wanted: dict[int, int] = {}
    for place, line in enumerate(order.lines, start=1):
        item = items[line.sku]
        tx.add(
            "order_line", order_id=order_id, line_no=place, item_id=item["id"] if item else None, sku=line.sku,
            name=line.name or (item["name"] if item else ""), qty_each=line.qty_each,
            unit_price_minor=line.unit_price_minor, currency=line.currency,
            is_service=item["is_service"] if item else 0,
        )  # fmt: skip
        if item and not item["is_service"]:
            wanted[item["id"]] = wanted.get(item["id"], 0) + line.qty_each
    _want(tx, order_id, wanted)
    allocate.allocate_order(tx, actor, order_id)
    tell(tx, "board", "OrderTaken", order=order.number)
    allocate.settle_order(tx, actor, order_id)
    return True


def find(tx: Tx, number: str, channel: str | None = None) -> Any:
    """The order's row.

    Raises:
        NotFound: no such order; Conflict: several channels use the number and none was named.
    """
    rows = tx.all(
        "SELECT * FROM sales_order WHERE warehouse_id = :w AND number = :number"
        " AND (:channel IS NULL OR channel = :channel)",
        number=number, channel=channel,
    )  # fmt: skip
    if not rows:
        raise NotFound("unknown_order", f"no order {number!r}")
    if len(rows) > 1:
        raise Conflict("ambiguous_order", f"{number} exists in several channels; name one", "channel")
    return rows[0]


def change(tx: Tx, actor: Actor, number: str, changes: dict[str, Any], channel: str | None = None) -> None:
    """Change policy, priority, whether other items may go instead, or ship-to; that as long as no parcel that is
    still here has its label.

    Raises:
        DomainError: no such policy or country; Conflict: too late.
    """
    order = find(tx, number, channel)
    if order["state"] in (OrderState.PACKED, OrderState.LOADED, OrderState.SHIPPED, OrderState.CANCELLED):
        raise Conflict("too_late", f"order {number} is {order['state']}")
    ship_to = changes.get("ship_to") or {}
    _check_policy(changes.get("policy") or order["policy"])
    _check_country(ship_to.get("country") or "")
    if ship_to:
        _check_no_label(tx, order)
    values = {
        "ship_to_name" if part == "name" else part: ship_to[part] for part in vars(ShipTo()) if part in ship_to
    }
    if ship_to.get("country"):
        carrier = _carrier(tx.all(_CARRIERS), ship_to["country"])
        values["carrier_id"] = carrier["id"] if carrier else None
        values["cut_off_at_ms"] = calendars.cut_off_at_ms(tx, carrier, order["ordered_at_ms"])
        tx.put(
            "UPDATE parcel SET carrier_id = COALESCE(:carrier, carrier_id) WHERE warehouse_id = :w"
            " AND order_id = :id AND state = 'open'",
            id=order["id"], carrier=values["carrier_id"],
        )  # fmt: skip
    if changes.get("policy") is not None:
        values["policy"] = changes["policy"]
    if changes.get("may_substitute") is not None:
        values["may_substitute"] = int(changes["may_substitute"])
    if changes.get("priority") is not None:
        values["priority"] = changes["priority"]
    if values:
        sets = ", ".join(f"{column} = :{column}" for column in values)
        tx.put(f"UPDATE sales_order SET {sets} WHERE warehouse_id = :w AND id = :id", id=order["id"], **values)
    allocate.allocate_order(tx, actor, order["id"])
    allocate.settle_order(tx, actor, order["id"])


def _check_no_label(tx: Tx, order: Any) -> None:
    parcel = tx.one(
        "SELECT number FROM parcel WHERE warehouse_id = :w AND order_id = :id"
        " AND state IN ('closed', 'in_lane', 'loaded', 'missing') LIMIT 1",
        id=order["id"],
    )
    if parcel is not None:
        raise Conflict("too_late", f"parcel {parcel['number']} has its label: reopen it first")


def cancel(tx: Tx, actor: Actor, number: str, channel: str | None = None) -> None:
    """Stop an order. What is promised becomes free, open picks vanish, picked units go back by a task.

    Raises:
        Conflict: something of it is packed or gone; void the parcels first.
    """
    order = find(tx, number, channel)
    if order["is_cancelled"]:
        return
    packed = tx.one(
        "SELECT COALESCE(SUM(packed_each), 0) AS n FROM demand WHERE warehouse_id = :w AND order_id = :id",
        id=order["id"],
    )["n"]
    if packed or order["state"] == OrderState.SHIPPED:
        raise Conflict("too_late", f"order {number} is {order['state']}: void its parcels first")
    freed = allocate.take_back_promises(tx, actor, order["id"], "cancelled")
    tx.put(
        "UPDATE task SET state = 'cancelled', reason = 'order_cancelled', done_at_ms = :now WHERE warehouse_id = :w"
        " AND order_id = :id AND kind = 'pick' AND state = 'open'",
        id=order["id"], now=tx.now_ms,
    )  # fmt: skip
    tx.put("UPDATE sales_order SET is_cancelled = 1 WHERE warehouse_id = :w AND id = :id", id=order["id"])
    # A parcel opened at the bench and still empty; one that holds anything was refused above.
    tx.put(
        "UPDATE parcel SET state = 'void' WHERE warehouse_id = :w AND order_id = :id AND state = 'open'", id=order["id"]
    )
    for tote in tx.all(
        "SELECT p.id, l.kind FROM lpn p"
        " LEFT JOIN location l ON l.warehouse_id = p.warehouse_id AND l.id = p.location_id"
        " WHERE p.warehouse_id = :w AND p.kind IN ('tote', 'share', 'slot') AND p.order_id = :id ORDER BY p.id",
        id=order["id"],
    ):
        # A tote still on its cart gets its task when the walk ends and it is set down.
        if tote["kind"] != "cart":
            _put_back_or_free(tx, tote["id"], order["id"])
    pick.close_empty_tours(tx, actor)
    allocate.settle_order(tx, actor, order["id"])
    for item_id in freed:
        allocate.allocate_waiting(tx, actor, item_id)


def _put_back_or_free(tx: Tx, tote_id: int, order_id: int) -> None:
    if tx.one("SELECT 1 FROM stock_balance WHERE warehouse_id = :w AND lpn_id = :tote", tote=tote_id) is None:
        batch_totes.free(tx, tote_id)
        return
    tx.add("task", kind="put_back", lpn_id=tote_id, order_id=order_id, created_at_ms=tx.now_ms)


def hold(tx: Tx, actor: Actor, number: str, note: str, channel: str | None = None) -> None:
    """Keep an order back until somebody releases it; only before work on it has begun."""
    order = find(tx, number, channel)
    if order["state"] not in (OrderState.WAITING, OrderState.ALLOCATED, OrderState.HOLD):
        raise Conflict("too_late", f"order {number} is {order['state']}")
    freed = allocate.take_back_promises(tx, actor, order["id"], "held")
    tx.put(
        "UPDATE sales_order SET hold_reason = :reason, hold_note = :note WHERE warehouse_id = :w AND id = :id",
        id=order["id"], reason=order["hold_reason"] or HoldReason.BY_HAND, note=note,
    )  # fmt: skip
    allocate.settle_order(tx, actor, order["id"])
    for item_id in freed:
        allocate.allocate_waiting(tx, actor, item_id)


def release_hold(tx: Tx, actor: Actor, number: str, channel: str | None = None) -> None:
    """Let an order go on. One held for an unknown SKU is looked at again: the item may exist by now.

    Raises:
        Conflict: an SKU is still unknown.
    """
    order = find(tx, number, channel)
    if not order["hold_reason"]:
        return
    lines = tx.all(
        "SELECT id, sku, qty_each FROM order_line WHERE warehouse_id = :w AND order_id = :id AND item_id IS NULL",
        id=order["id"],
    )
    for line in lines:
        item = _item(tx, line["sku"])
        if item is None:
            raise Conflict("unknown_sku", f"still no item {line['sku']!r}")
        tx.put(
            "UPDATE order_line SET item_id = :item, is_service = :service WHERE warehouse_id = :w AND id = :id",
            id=line["id"], item=item["id"], service=item["is_service"],
        )  # fmt: skip
        if not item["is_service"]:
            tx.put(
                "INSERT INTO demand (warehouse_id, id, order_id, item_id, ordered_each) VALUES (:w,"
                " (SELECT COALESCE(MAX(id), 0) + 1 FROM demand WHERE warehouse_id = :w), :order, :item, :qty)"
                " ON CONFLICT (warehouse_id, order_id, item_id) DO UPDATE SET"
                " ordered_each = demand.ordered_each + excluded.ordered_each",
                order=order["id"], item=item["id"], qty=line["qty_each"],
            )  # fmt: skip
    tx.put(
        "UPDATE sales_order SET hold_reason = '', hold_note = '' WHERE warehouse_id = :w AND id = :id", id=order["id"]
    )
    allocate.allocate_order(tx, actor, order["id"])
    allocate.settle_order(tx, actor, order["id"])


# What belongs to an order: units by item, lines as sold, parcels, what went without a parcel.
_PARTS = (
    "SELECT item_id, cancelled_each, allocated_each, picked_each, packed_each, shipped_each FROM demand"
    " WHERE warehouse_id = :w AND order_id = :id",
    "SELECT * FROM order_line WHERE warehouse_id = :w AND order_id = :id ORDER BY line_no",
    "SELECT p.number, p.state, COALESCE(p.weighed_g, p.weight_g) AS weight_g, c.code AS carrier FROM parcel p"
    " JOIN carrier c ON c.warehouse_id = p.warehouse_id AND c.id = p.carrier_id"
    " WHERE p.warehouse_id = :w AND p.order_id = :id ORDER BY p.sequence",
    "SELECT external_id, carrier, tracking_number, shipped_at_ms, qty_each FROM shipment WHERE warehouse_id = :w"
    " AND order_id = :id ORDER BY id",
)


def describe(tx: Tx, number: str, channel: str | None = None) -> dict[str, Any]:
    """An order as the API shows it: head, lines as sold with how far each has come, parcels."""
    order = find(tx, number, channel)
    of_items, of_lines, parcels, shipments = tx.ask(*((question, {"id": order["id"]}) for question in _PARTS))
    demand = {row["item_id"]: dict(row) for row in of_items}
    lines = []
    for line in of_lines:
        # Lines of one SKU were picked as one: they are filled in the order they were written.
        come = demand.get(line["item_id"], {})
        shown = {"line": line["line_no"], "sku": line["sku"], "name": line["name"], "qty_each": line["qty_each"],
                 "unit_price_minor": line["unit_price_minor"], "currency": line["currency"],
                 "is_service": bool(line["is_service"]), "instead_of": line["instead_of"]}  # fmt: skip
        for figure in ("allocated_each", "picked_each", "packed_each", "shipped_each"):
            part = min(line["qty_each"], come.get(figure, 0))
            shown[figure] = part
            if come:
                come[figure] -= part
        lines.append(shown)
    return {
        "number": order["number"], "channel": order["channel"], "state": order["state"], "policy": order["policy"],
        "priority": order["priority"], "may_substitute": bool(order["may_substitute"]),
        "ordered_at_ms": order["ordered_at_ms"],
        "original_ordered_at": order["original_ordered_at"], "cut_off_at_ms": order["cut_off_at_ms"],
        "hold_reason": order["hold_reason"], "hold_note": order["hold_note"], "barcode": _barcode(order["number"]),
        "ship_to": {
            "name": order["ship_to_name"], "address1": order["address1"], "address2": order["address2"],
            "city": order["city"], "region": order["region"], "postcode": order["postcode"],
            "country": order["country"], "phone": order["phone"],
        },
        "lines": lines, "parcels": [dict(row) for row in parcels],
        "shipments": [dict(row) for row in shipments],
    }  # fmt: skip


def _barcode(number: str) -> str | None:
    try:
        return own_code("O", number)
    except BadCode:
        return None  # a channel's number may hold what no code of ours can


def _check(order: OrderIn, max_line_each: int) -> None:
    if not order.number.strip() or len(order.number) > 60 or not order.number.isprintable():
        raise DomainError("bad_number", "an order number has 1 to 60 printable characters", "number")
    _check_policy(order.policy)
    if not 1 <= len(order.lines) <= MAX_LINES:
        raise DomainError("bad_lines", f"an order has 1 to {MAX_LINES} lines", "lines")
    for place, line in enumerate(order.lines):
        if not line.sku.strip() or len(line.sku) > 60:
            raise DomainError("bad_sku", "a SKU has 1 to 60 characters", f"lines[{place}].sku")
        if not 0 < line.qty_each <= max_line_each:
            raise DomainError(
                "bad_quantity", f"{line.qty_each} of {line.sku}: 1 to {max_line_each} can be ordered",
                f"lines[{place}].qty_each",
            )  # fmt: skip
    _check_country(order.ship_to.country)


def _check_policy(policy: str) -> None:
    if policy not in {known.value for known in Policy}:
        raise DomainError("bad_policy", f"no policy {policy!r}", "policy")


def _check_country(country: str) -> None:
    if country and not (len(country) == 2 and country.isascii() and country.isupper()):
        raise DomainError("bad_country", f"{country!r} is not an ISO 3166 code like GB", "ship_to.country")


def _item(tx: Tx, sku: str) -> Any:
    return tx.one(
        "SELECT id, name, is_service FROM item WHERE warehouse_id = :w AND sku_key = :key", key=sku.strip().upper()
    )


def _items(tx: Tx, lines: Iterable[LineIn]) -> dict[str, Any]:
    """The items of these lines by SKU as written, None = nobody knows it; in few statements, whatever their number."""
    keys = {line.sku: line.sku.strip().upper() for line in lines}
    wanted = sorted(set(keys.values()))
    found: dict[str, Any] = {}
    for start in range(0, len(wanted), SKUS_AT_ONCE):
        some = {f"key_{place}": key for place, key in enumerate(wanted[start : start + SKUS_AT_ONCE])}
        rows = tx.all(
            "SELECT id, sku_key, name, is_service FROM item WHERE warehouse_id = :w AND sku_key IN"
            f" ({', '.join(f':{name}' for name in some)})",
            **some,
        )
        found.update((row["sku_key"], row) for row in rows)
    return {sku: found.get(key) for sku, key in keys.items()}


def _want(tx: Tx, order_id: int, wanted: dict[int, int]) -> None:
    if not wanted:
        return
    part, values = row_sets.part(
        tx, ("n", "item_id", "qty_each"), ((n, *one) for n, one in enumerate(wanted.items(), start=1))
    )
    tx.put(
        f"WITH {part} INSERT INTO demand (warehouse_id, id, order_id, item_id, ordered_each) SELECT :w,"
        " (SELECT COALESCE(MAX(d.id), 0) FROM demand d WHERE d.warehouse_id = :w) + part.n, :order, part.item_id,"
        " part.qty_each FROM part",
        order=order_id, **values,
    )  # fmt: skip


_CARRIERS = "SELECT * FROM carrier WHERE warehouse_id = :w ORDER BY id"


def _carrier(rows: Iterable[Any], country: str) -> Any:
    carriers = {row["id"]: row for row in rows}
    rules = [CarrierRule(carrier_id, tuple(row["countries"].split())) for carrier_id, row in carriers.items()]
    chosen = choose_carrier(country, rules)
    return carriers.get(chosen) if chosen is not None else None
