"""Promises no unit stands behind any more: taken back, their stops shortened, their orders served anew.

In two steps, because stock is promised again only when the book is right: an order sent elsewhere must not be sent
back to the place that was just counted.
"""

from __future__ import annotations

from collections.abc import Iterable

from fulfillment.domain.counting import GivenUp
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.packing import cartons
from fulfillment.services.stock import allocate, ledger
from fulfillment.services.touring import pick, shorts


class FallenPromises:
    """Promises no unit stands behind: taken back first, their orders served anew when the book is right."""

    def __init__(self, tx: Tx, actor: Actor) -> None:
        self._tx, self._actor = tx, actor
        self._entries: dict[tuple[int, int | None], int] = {}

    def give_up(self, given_up: Iterable[GivenUp]) -> None:
        """Take promises back, shorten or close their tasks."""
        new: dict[tuple[int, int | None], int] = {}
        for given in given_up:
            promise = self._tx.one(
                "SELECT * FROM allocation WHERE warehouse_id = :w AND id = :id", id=given.allocation_id
            )
            ledger.give_up(self._tx, self._actor, promise, given.qty_each, "counted")
            key = (promise["order_id"], promise["task_id"])
            new[key] = new.get(key, 0) + given.qty_each
        for (order_id, task_id), given_each in new.items():
            if task_id is not None:
                _shorten(self._tx, self._actor, task_id, given_each)
            self._entries[order_id, task_id] = self._entries.get((order_id, task_id), 0) + given_each

    def give_up_layer(self, layer_id: int) -> None:
        """Take back what is promised of one unit, wherever it lies."""
        rows = self._tx.all(
            "SELECT a.id, a.qty_each FROM allocation a WHERE a.warehouse_id = :w AND a.layer_id = :layer"
            " AND a.qty_each > 0",
            layer=layer_id,
        )
        self.give_up([GivenUp(row["id"], row["qty_each"]) for row in rows])

    def send_elsewhere(self) -> None:
        """The orders get other stock at once where there is some, and their walks another stop."""
        tx, actor = self._tx, self._actor
        for (order_id, task_id), given_each in self._entries.items():
            allocate.allocate_order(tx, actor, order_id, "counted")
            if task_id is not None:
                task = tx.one("SELECT tour_id, position FROM task WHERE warehouse_id = :w AND id = :id", id=task_id)
                if task["tour_id"] is not None:
                    shorts.extend_tour(tx, actor, task["tour_id"], order_id, task["position"])
            order = tx.one("SELECT number FROM sales_order WHERE warehouse_id = :w AND id = :id", id=order_id)
            tell(tx, "board", "PickShorted", actor.scan_id, order=order["number"], missing_each=given_each)
            allocate.settle_order(tx, actor, order_id)
            cartons.ask_again(tx, order_id)
        if self._entries:
            pick.close_empty_tours(tx, actor)


def _shorten(tx: Tx, actor: Actor, task_id: int, given_each: int) -> None:
    task = tx.one("SELECT qty_each, done_each FROM task WHERE warehouse_id = :w AND id = :id", id=task_id)
    if task["qty_each"] - task["done_each"] > given_each:
        tx.put(
            "UPDATE task SET qty_each = qty_each - :given WHERE warehouse_id = :w AND id = :id",
            id=task_id, given=given_each,
        )  # fmt: skip
        return
    tx.put(
        "UPDATE task SET state = 'short', reason = 'counted', operator_id = :operator, done_at_ms = :now"
        " WHERE warehouse_id = :w AND id = :id",
        id=task_id, operator=actor.operator_id, now=tx.now_ms,
    )  # fmt: skip
