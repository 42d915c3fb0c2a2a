"""Items that may go instead of others: kept by item and rank, offered at a short, put into an order's lines.

Only where the order allows it, unit for unit, and only when the item ordered cannot be had itself. The promise is then
made by the rules every promise is made by. Invariant: an order's lines and its demand name the same units, and a line
that was changed says instead of which item it goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fulfillment.domain.reasons import DomainError, NotFound, Refused, Reject, Rejected
from fulfillment.flows.pick_otherwise import Substitute
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.stock import allocate
from fulfillment.services.stock.lookup import GOODS_COLUMNS, goods_of

SUBSTITUTES_MAX = 20


def offer(tx: Tx, order_id: int, item_id: int, missing_each: int, here_id: int = 0) -> Substitute | None:
    """What may go for `missing_each` units of an item that are not to be had; None: nothing, or nothing is allowed.

    `here_id`: a place where the item shows in the book and is not, according to who stands there.
    """
    order = tx.one("SELECT may_substitute FROM sales_order WHERE warehouse_id = :w AND id = :id", id=order_id)
    if not order["may_substitute"] or missing_each <= 0:
        return None
    own = [part for part in allocate.free_stock(tx, item_id) if part.location_id != here_id]
    if sum(part.free_each for part in own) >= missing_each:
        return None
    for row in tx.all(
        f"SELECT {GOODS_COLUMNS} FROM item_substitute u"
        " JOIN item i ON i.warehouse_id = u.warehouse_id AND i.id = u.substitute_id"
        " WHERE u.warehouse_id = :w AND u.item_id = :item ORDER BY u.rank, u.substitute_id",
        item=item_id,
    ):
        # Only what can be walked to now: replenishing for a substitute would leave the order waiting all the same.
        free_each = sum(part.free_each for part in allocate.free_stock(tx, row["item_id"]) if part.is_pickable)
        if free_each >= missing_each:
            return Substitute(goods_of(row), free_each)
    return None


def put_instead(tx: Tx, actor: Actor, order_id: int, item_id: int, qty_each: int) -> None:
    """So many units of an order's item become units of the item that may go instead; its promise is yet to be made.

    Raises:
        Refused: `no_substitute`.
    """
    found = offer(tx, order_id, item_id, qty_each)
    if found is None:
        raise Refused(Rejected(Reject.NO_SUBSTITUTE))
    order = tx.one("SELECT number FROM sales_order WHERE warehouse_id = :w AND id = :id", id=order_id)
    left_each = qty_each
    # The last lines of it first: what was ordered first is filled with what was ordered.
    for line in tx.all(
        "SELECT * FROM order_line WHERE warehouse_id = :w AND order_id = :order AND item_id = :item"
        " ORDER BY line_no DESC",
        order=order_id, item=item_id,
    ):  # fmt: skip
        part_each = min(left_each, line["qty_each"])
        if part_each:
            _change_line(tx, line, found, part_each)
            left_each -= part_each
    _move_demand(tx, order_id, item_id, found.goods.item_id, qty_each)
    tell(
        tx, "board", "ItemSubstituted", actor.scan_id, order=order["number"], item=item_id,
        substitute=found.goods.item_id, qty_each=qty_each,
    )  # fmt: skip


def _change_line(tx: Tx, line: Any, found: Substitute, part_each: int) -> None:
    said = {
        "item": found.goods.item_id, "sku": found.goods.sku, "name": found.goods.name,
        "instead": line["instead_of"] or line["sku"],
    }  # fmt: skip
    if part_each == line["qty_each"]:
        tx.put(
            "UPDATE order_line SET item_id = :item, sku = :sku, name = :name, instead_of = :instead"
            " WHERE warehouse_id = :w AND id = :id",
            id=line["id"], **said,
        )  # fmt: skip
        return
    tx.put(
        "UPDATE order_line SET qty_each = qty_each - :qty WHERE warehouse_id = :w AND id = :id",
        id=line["id"], qty=part_each,
    )  # fmt: skip
    last = tx.one(
        "SELECT MAX(line_no) AS line_no FROM order_line WHERE warehouse_id = :w AND order_id = :order",
        order=line["order_id"],
    )
    tx.add(
        "order_line", order_id=line["order_id"], line_no=last["line_no"] + 1, item_id=said["item"], sku=said["sku"],
        name=said["name"], qty_each=part_each, unit_price_minor=line["unit_price_minor"], currency=line["currency"],
        is_service=0, instead_of=said["instead"],
    )  # fmt: skip


def _move_demand(tx: Tx, order_id: int, item_id: int, substitute_id: int, qty_each: int) -> None:
    key = {"order": order_id, "item": item_id, "qty": qty_each}
    gone = tx.run(
        "DELETE FROM demand WHERE warehouse_id = :w AND order_id = :order AND item_id = :item"
        " AND ordered_each = :qty AND allocated_each = 0",
        **key,
    )
    if not gone:
        tx.claim(
            lambda: Refused(Rejected(Reject.NO_SUBSTITUTE)),
            "UPDATE demand SET ordered_each = ordered_each - :qty WHERE warehouse_id = :w AND order_id = :order"
            " AND item_id = :item AND ordered_each - cancelled_each - allocated_each >= :qty AND ordered_each > :qty",
            **key,
        )
    tx.put(
        "INSERT INTO demand (warehouse_id, id, order_id, item_id, ordered_each) VALUES (:w,"
        " (SELECT COALESCE(MAX(id), 0) + 1 FROM demand WHERE warehouse_id = :w), :order, :item, :qty)"
        " ON CONFLICT (warehouse_id, order_id, item_id) DO UPDATE SET"
        " ordered_each = demand.ordered_each + excluded.ordered_each",
        order=order_id, item=substitute_id, qty=qty_each,
    )  # fmt: skip


# --- which they are --------------------------------------------------------------------------------------------------


def give(tx: Tx, sku: str, substitute: str, rank: int) -> str:
    """Let an item go instead of another: `created`, `updated` or `unchanged`.

    Raises:
        NotFound: no such item; DomainError: an item instead of itself, or a rank below 1.
    """
    item_id, substitute_id = _item(tx, sku, "sku"), _item(tx, substitute, "substitute_sku")
    if item_id == substitute_id:
        raise DomainError("same_item", f"{sku} is no substitute of itself", "substitute_sku")
    if rank < 1:
        raise DomainError("out_of_range", "a rank is 1 or more", "rank")
    known = tx.one(
        "SELECT rank FROM item_substitute WHERE warehouse_id = :w AND item_id = :item AND substitute_id = :substitute",
        item=item_id, substitute=substitute_id,
    )  # fmt: skip
    if known is not None and known["rank"] == rank:
        return "unchanged"
    tx.put(
        "INSERT INTO item_substitute (warehouse_id, item_id, substitute_id, rank)"
        " VALUES (:w, :item, :substitute, :rank)"
        " ON CONFLICT (warehouse_id, item_id, substitute_id) DO UPDATE SET rank = excluded.rank",
        item=item_id, substitute=substitute_id, rank=rank,
    )  # fmt: skip
    return "created" if known is None else "updated"


def replace(tx: Tx, sku: str, substitutes: Sequence[str]) -> None:
    """These items, in this order, may go instead of one; no others.

    Raises:
        NotFound: no such item; DomainError: the item itself among them, or one twice.
    """
    if len({one.upper() for one in substitutes}) != len(substitutes):
        raise DomainError("duplicate", "each substitute once", "substitutes")
    item_id = _item(tx, sku, "sku")
    tx.put("DELETE FROM item_substitute WHERE warehouse_id = :w AND item_id = :item", item=item_id)
    for rank, substitute in enumerate(substitutes, start=1):
        give(tx, sku, substitute, rank)


def describe(tx: Tx, sku: str) -> dict[str, Any]:
    """What may go instead of an item, the first choice first.

    Raises:
        NotFound: no such item.
    """
    rows = tx.all(
        "SELECT i.sku, i.name, u.rank FROM item_substitute u"
        " JOIN item i ON i.warehouse_id = u.warehouse_id AND i.id = u.substitute_id"
        " WHERE u.warehouse_id = :w AND u.item_id = :item ORDER BY u.rank, u.substitute_id",
        item=_item(tx, sku, "sku"),
    )
    return {"sku": sku, "substitutes": [dict(row) for row in rows]}


def _item(tx: Tx, sku: str, field: str) -> int:
    row = tx.one("SELECT id FROM item WHERE warehouse_id = :w AND sku_key = :key AND is_service = 0", key=sku.upper())
    if row is None:
        raise NotFound("unknown_sku", f"no item {sku!r}", field)
    return int(row["id"])
