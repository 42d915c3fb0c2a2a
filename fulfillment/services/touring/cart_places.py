"""Which tote stands on which place of a walk's cart: taken before the first stop, joined or moved on when one is full.

Owns `tour_tote` from the claim to the drop. A full tote is joined by another on its own place or on a free one; the
stops that are left go into the new one, so they name its place. Refuses a tote that is somebody's, and a place that
is not free.
"""

from __future__ import annotations

from typing import Any

from fulfillment.domain.reasons import Refused, Reject, Rejected
from fulfillment.hot import Tx
from fulfillment.services.stock.lookup import find_lpn
from fulfillment.services.touring import batch_picks, batch_totes


def stand(tx: Tx, slot_id: int, tote_code: str) -> None:
    """Stand an empty tote on a place of the cart.

    Raises:
        Refused: `unknown_tote`, `tote_in_use`, `tote_of_another_order`.
    """
    slot = tx.one(
        "SELECT s.tour_id, s.position, s.order_id, t.mode FROM tour_tote s"
        " JOIN tour t ON t.warehouse_id = s.warehouse_id AND t.id = s.tour_id WHERE s.warehouse_id = :w AND s.id = :id",
        id=slot_id,
    )
    if batch_picks.is_batch(slot):
        batch_totes.stand(tx, slot["tour_id"], slot["position"], tote_code)
        return
    tote_id = _take(tx, slot["tour_id"], slot["order_id"], tote_code)
    tx.put("UPDATE tour_tote SET lpn_id = :tote WHERE warehouse_id = :w AND id = :id", id=slot_id, tote=tote_id)


def add(tx: Tx, task: Any, tote_code: str, onto: int = 0) -> None:
    """The tote of a task's place is full: another one joins it there, or stands on the free place `onto`.

    Raises:
        Refused: `unknown_tote`, `tote_in_use`, `tote_of_another_order`; `location_full` when the place is not free.
    """
    tour_id, position, order_id = task["tour_id"], task["position"], task["order_id"]
    place = onto or position
    if place != position and place not in free(tx, tour_id):
        raise Refused(Rejected(Reject.LOCATION_FULL, expected=str(position), got=str(place)))
    if batch_picks.is_batch(task):
        batch_totes.add(tx, tour_id, position, tote_code, place)
        whose = ""
    else:
        tote_id = _take(tx, tour_id, order_id, tote_code)
        tx.put(
            "UPDATE tour_tote SET is_full = 1 WHERE warehouse_id = :w AND tour_id = :tour AND position = :position",
            tour=tour_id, position=position,
        )  # fmt: skip
        tx.add("tour_tote", tour_id=tour_id, position=place, order_id=order_id, lpn_id=tote_id)
        whose = " AND order_id = :order"
    if place != position:
        tx.put(
            "UPDATE task SET position = :place WHERE warehouse_id = :w AND tour_id = :tour AND position = :position"
            f" AND kind = 'pick' AND state = 'open'{whose}",
            tour=tour_id, position=position, place=place, **({"order": order_id} if whose else {}),
        )  # fmt: skip


def free(tx: Tx, tour_id: int) -> tuple[int, ...]:
    """Places of the cart on which nothing stands and nothing is to come, first to last."""
    cart = tx.one(
        "SELECT c.positions FROM tour t JOIN cart c ON c.warehouse_id = t.warehouse_id AND c.id = t.cart_id"
        " WHERE t.warehouse_id = :w AND t.id = :tour",
        tour=tour_id,
    )
    rows = tx.all(
        "SELECT position FROM tour_tote WHERE warehouse_id = :w AND tour_id = :tour"
        # A late order's stops name the place of a tote that is still to come.
        " UNION SELECT position FROM task WHERE warehouse_id = :w AND tour_id = :tour AND state = 'open'",
        tour=tour_id,
    )
    taken = {row["position"] for row in rows}
    return tuple(place for place in range(1, cart["positions"] + 1) if place not in taken)


def standing_at(tx: Tx, tour_id: int, order_id: int, position: int) -> int:
    """Where the tote stands into which an order's goods of that place go by now."""
    row = tx.one(
        "SELECT position FROM tour_tote WHERE warehouse_id = :w AND tour_id = :tour AND order_id = :order"
        " AND is_full = 0 ORDER BY CASE WHEN position = :position THEN 0 ELSE 1 END, id DESC LIMIT 1",
        tour=tour_id, order=order_id, position=position,
    )  # fmt: skip
    return position if row is None else int(row["position"])


def _take(tx: Tx, tour_id: int, order_id: int, tote_code: str) -> int:
    tote = find_lpn(tx, tote_code, "tote")
    if tote is None:
        raise Refused(Rejected(Reject.UNKNOWN_TOTE, got=tote_code))
    cart = tx.one(
        "SELECT c.location_id FROM tour t JOIN cart c ON c.warehouse_id = t.warehouse_id AND c.id = t.cart_id"
        " WHERE t.warehouse_id = :w AND t.id = :id",
        id=tour_id,
    )
    taken = tx.run(
        "UPDATE lpn SET order_id = :order, location_id = :location WHERE warehouse_id = :w AND id = :id"
        " AND order_id IS NULL",
        id=tote["id"], order=order_id, location=cart["location_id"],
    )  # fmt: skip
    if taken != 1:
        code = Reject.TOTE_OF_ANOTHER_ORDER if tote["order_id"] != order_id else Reject.TOTE_IN_USE
        raise Refused(Rejected(code, expected="an empty tote", got=tote_code))
    return int(tote["id"])
