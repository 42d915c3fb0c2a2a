"""Totes picked for several orders: what of each is whose, from the cart to the last unit sorted.

A tote taken for a batch stops being a tote of one order (its kind is `batch`); each order's units lie in a share of it,
a handling unit that stands in the tote and belongs to that order. So the book always says whose a unit is, by the same
means as in a tote of one order. Owns shares and the kind of the tote. Invariant: a batch tote has a share with an
order as long as it is one, and holds nothing itself; a share without an order holds nothing and stands nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from fulfillment.domain.reasons import Refused, Reject, Rejected
from fulfillment.domain.stock import LpnKind
from fulfillment.hot import Tx
from fulfillment.services.stock.lookup import find_lpn


def stand(tx: Tx, tour_id: int, position: int, tote_code: str) -> None:
    """Stand an empty tote on a place of a cart, for every order that is picked into that place.

    Raises:
        Refused: `unknown_tote`, `tote_in_use`.
    """
    rows = tx.all(
        "SELECT s.id, s.order_id FROM tour_tote s JOIN sales_order o ON o.warehouse_id = s.warehouse_id"
        " AND o.id = s.order_id WHERE s.warehouse_id = :w AND s.tour_id = :tour AND s.position = :position"
        " AND s.lpn_id = 0 AND o.is_cancelled = 0 ORDER BY s.id",
        tour=tour_id, position=position,
    )  # fmt: skip
    shares = _claim(tx, tour_id, tote_code, [row["order_id"] for row in rows])
    for row in rows:
        tx.put(
            "UPDATE tour_tote SET lpn_id = :share WHERE warehouse_id = :w AND id = :id",
            id=row["id"], share=shares[row["order_id"]],
        )  # fmt: skip


def add(tx: Tx, tour_id: int, position: int, tote_code: str, onto: int) -> None:
    """The tote of a place is full: another one is stood on the place `onto` (it may be the same), for every order that
    is picked into that place.

    Raises:
        Refused: `unknown_tote`, `tote_in_use`.
    """
    rows = tx.all(
        "SELECT DISTINCT s.order_id FROM tour_tote s JOIN sales_order o ON o.warehouse_id = s.warehouse_id"
        " AND o.id = s.order_id WHERE s.warehouse_id = :w AND s.tour_id = :tour AND s.position = :position"
        " AND o.is_cancelled = 0 ORDER BY s.order_id",
        tour=tour_id, position=position,
    )  # fmt: skip
    shares = _claim(tx, tour_id, tote_code, [row["order_id"] for row in rows])
    tx.put(
        "UPDATE tour_tote SET is_full = 1 WHERE warehouse_id = :w AND tour_id = :tour AND position = :position",
        tour=tour_id, position=position,
    )  # fmt: skip
    for order_id, share_id in shares.items():
        tx.add("tour_tote", tour_id=tour_id, position=onto, order_id=order_id, lpn_id=share_id)


def _claim(tx: Tx, tour_id: int, tote_code: str, order_ids: Sequence[int]) -> dict[int, int]:
    """The tote becomes a batch tote on the tour's cart; each order's share of it."""
    cart = tx.one(
        "SELECT c.location_id FROM tour t JOIN cart c ON c.warehouse_id = t.warehouse_id AND c.id = t.cart_id"
        " WHERE t.warehouse_id = :w AND t.id = :id",
        id=tour_id,
    )
    tote = find_lpn(tx, tote_code, LpnKind.TOTE)
    if tote is None:
        known = find_lpn(tx, tote_code, LpnKind.BATCH) is not None
        code = Reject.TOTE_IN_USE if known else Reject.UNKNOWN_TOTE
        raise Refused(Rejected(code, expected="an empty tote", got=tote_code))
    taken = tx.run(
        "UPDATE lpn SET kind = 'batch', location_id = :location WHERE warehouse_id = :w AND id = :id"
        " AND kind = 'tote' AND order_id IS NULL",
        id=tote["id"], location=cart["location_id"],
    )  # fmt: skip
    if taken != 1:
        raise Refused(Rejected(Reject.TOTE_IN_USE, expected="an empty tote", got=tote_code))
    # A tote's shares are numbered and used again with it: as many rows as it ever had orders at once.
    codes = [f"{tote_code}/{number}" for number in range(1, len(order_ids) + 1)]
    named = ", ".join(f":code{number}" for number in range(len(codes)))
    rows = tx.all(
        f"SELECT id, code FROM lpn WHERE warehouse_id = :w AND code IN ({named})",
        **{f"code{number}": code for number, code in enumerate(codes)},
    ) if codes else []  # fmt: skip
    known_ids = {row["code"]: row["id"] for row in rows}
    shares: dict[int, int] = {}
    for order_id, code in zip(order_ids, codes, strict=True):
        place = {"order_id": order_id, "location_id": cart["location_id"], "parent_lpn_id": tote["id"]}
        share_id = known_ids.get(code)
        if share_id is None:
            share_id = tx.insert("lpn", code=code, kind=LpnKind.SHARE, **place)
        else:
            tx.put(
                "UPDATE lpn SET order_id = :order_id, location_id = :location_id, parent_lpn_id = :parent_lpn_id"
                " WHERE warehouse_id = :w AND id = :id",
                id=share_id, **place,
            )  # fmt: skip
        shares[order_id] = share_id
    return shares


def set_down(tx: Tx, share_ids: Iterable[int], location_id: int) -> None:
    """The totes of these shares stand at another place now, as their shares do; what holds nothing is given up."""
    tote_ids = set()
    for share_id in share_ids:
        share = tx.one("SELECT order_id, parent_lpn_id FROM lpn WHERE warehouse_id = :w AND id = :id", id=share_id)
        if share["parent_lpn_id"] is None:
            continue
        tote_ids.add(share["parent_lpn_id"])
        if share["order_id"] is None:
            _leave(tx, share_id)
    for tote_id in sorted(tote_ids):
        tx.put(
            "UPDATE lpn SET location_id = :location WHERE warehouse_id = :w AND id = :id",
            id=tote_id, location=location_id,
        )  # fmt: skip
        _free_tote(tx, tote_id)


def free_empty(tx: Tx, share_id: int) -> bool:
    """Give a share up when nothing lies in it any more, and its tote with the last one; whether it was given up."""
    if tx.one("SELECT 1 FROM stock_balance WHERE warehouse_id = :w AND lpn_id = :share LIMIT 1", share=share_id):
        return False
    tote_id = tx.one("SELECT parent_lpn_id FROM lpn WHERE warehouse_id = :w AND id = :id", id=share_id)["parent_lpn_id"]
    _leave(tx, share_id)
    if tote_id is not None:
        _free_tote(tx, tote_id)
    return True


def free(tx: Tx, lpn_id: int) -> None:
    """A tote, slot or share that was emptied belongs to no order any more; with its last share a tote is one again."""
    tx.put("UPDATE lpn SET order_id = NULL WHERE warehouse_id = :w AND id = :id AND kind <> 'share'", id=lpn_id)
    if tx.one("SELECT 1 FROM lpn WHERE warehouse_id = :w AND id = :id AND kind = 'share'", id=lpn_id) is not None:
        free_empty(tx, lpn_id)


def shares(tx: Tx, tote_id: int) -> Sequence[Any]:
    """The shares of a batch tote that belong to an order, with that order and the units in each."""
    return tx.all(
        "SELECT p.id, p.order_id, p.location_id, o.number, o.is_cancelled, o.policy,"
        " (SELECT COALESCE(SUM(b.on_hand_each), 0) FROM stock_balance b WHERE b.warehouse_id = p.warehouse_id"
        " AND b.lpn_id = p.id) AS units FROM lpn p"
        " JOIN sales_order o ON o.warehouse_id = p.warehouse_id AND o.id = p.order_id"
        " WHERE p.warehouse_id = :w AND p.parent_lpn_id = :tote AND p.kind = 'share' ORDER BY p.id",
        tote=tote_id,
    )


def _leave(tx: Tx, share_id: int) -> None:
    tx.put(
        "UPDATE lpn SET order_id = NULL, location_id = NULL, parent_lpn_id = NULL WHERE warehouse_id = :w AND id = :id",
        id=share_id,
    )


def _free_tote(tx: Tx, tote_id: int) -> None:
    tx.put(
        "UPDATE lpn SET kind = 'tote', location_id = NULL WHERE warehouse_id = :w AND id = :id AND kind = 'batch'"
        " AND NOT EXISTS (SELECT 1 FROM lpn s WHERE s.warehouse_id = lpn.warehouse_id AND s.parent_lpn_id = lpn.id"
        " AND s.order_id IS NOT NULL)",
        id=tote_id,
    )
