"""What lies at a dock and is in nobody's hand: loose, or on pallets that are opened when they are taken up.

Storage holds loose goods only, so a pallet ends where its goods are put away. Refuses a pallet that stands
elsewhere, is empty, or holds goods nobody has released.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fulfillment.domain.reasons import MoveReason, Refused, Reject, Rejected
from fulfillment.domain.stock import NO_LPN, LpnKind, Status
from fulfillment.flows.step import ItemRead
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.stock import ledger
from fulfillment.services.stock.lookup import GOODS_COLUMNS

PALLETS_SHOWN = 6

_IN_HAND = (
    "(SELECT COALESCE(SUM(k.qty_each - k.done_each), 0) FROM task k"
    " WHERE k.warehouse_id = b.warehouse_id AND k.kind = 'putaway' AND k.state = 'open' AND k.layer_id = b.layer_id)"
)
_LOOSE = (
    " FROM stock_balance b JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
    " JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
    " WHERE b.warehouse_id = :w AND b.location_id = :dock AND b.lpn_id = 0 AND b.status = 'available'"
    f" AND b.on_hand_each > {_IN_HAND}"
)
_FREE_EACH = f"b.on_hand_each - {_IN_HAND} AS free_each"


def first_loose(tx: Tx, dock_id: int) -> Any:
    """The goods to offer next, with `free_each`; None when nothing lies loose here."""
    # By layer, which is the order of arrival and of the key: thousands may lie here on the first morning.
    return tx.one(f"SELECT {GOODS_COLUMNS}, {_FREE_EACH}{_LOOSE} ORDER BY b.layer_id LIMIT 1", dock=dock_id)


def loose_figures(tx: Tx, dock_id: int) -> Any:
    """How many lines and units lie loose here."""
    return tx.one(
        "SELECT COUNT(*) AS lines, COALESCE(SUM(on_hand_each), 0) AS units FROM stock_balance"
        " WHERE warehouse_id = :w AND location_id = :dock AND lpn_id = 0 AND status = 'available'",
        dock=dock_id,
    )


def pallets(tx: Tx, dock_id: int) -> tuple[str, ...]:
    """SSCCs that can be taken up here: with goods on them, or on what stands on them."""
    rows = tx.all(
        "SELECT DISTINCT COALESCE(o.code, p.code) AS code FROM stock_balance b"
        " JOIN lpn p ON p.warehouse_id = b.warehouse_id AND p.id = b.lpn_id AND p.kind = 'pallet'"
        " LEFT JOIN lpn o ON o.warehouse_id = p.warehouse_id AND o.id = p.parent_lpn_id"
        " WHERE b.warehouse_id = :w AND b.location_id = :dock AND b.lpn_id <> 0"
        " AND NOT EXISTS (SELECT 1 FROM transfer t WHERE t.warehouse_id = p.warehouse_id"
        " AND t.id = COALESCE(o.transfer_id, p.transfer_id) AND t.state = 'open')"
        f" ORDER BY code LIMIT {PALLETS_SHOWN}",
        dock=dock_id,
    )
    return tuple(row["code"] for row in rows)


def oldest_loose(tx: Tx, dock_id: int, read: ItemRead) -> Any:
    """The oldest layer of an item here that fits what its code says: layer_id, free_each.

    Raises:
        Refused: nothing of it lies loose here; where it stands on a pallet, that one is named.
    """
    row = tx.one(
        f"SELECT b.layer_id, b.item_id, i.tracks_serial, {_FREE_EACH}{_LOOSE} AND b.item_id = :item"
        " AND (:serial = '' OR y.serial = :serial OR y.serial = '') AND (:lot = '' OR y.lot = :lot OR y.lot = '')"
        " AND (:expiry = '' OR y.expiry_on = :expiry OR y.expiry_on = '') ORDER BY y.received_on, b.layer_id LIMIT 1",
        dock=dock_id, item=read.item_id, serial=read.serial, lot=read.lot, expiry=read.expiry_on,
    )  # fmt: skip
    if row is not None:
        return row
    on = tx.one(
        "SELECT p.code FROM stock_balance b JOIN lpn p ON p.warehouse_id = b.warehouse_id AND p.id = b.lpn_id"
        " WHERE b.warehouse_id = :w AND b.location_id = :dock AND b.item_id = :item AND b.status = 'available'"
        " AND p.kind = 'pallet' ORDER BY p.id LIMIT 1",
        dock=dock_id, item=read.item_id,
    )  # fmt: skip
    expected = "an item waiting here" if on is None else f"its pallet {on['code']}"
    raise Refused(Rejected(Reject.NOTHING_HERE, expected=expected, got=read.sku))


def open_pallet(tx: Tx, actor: Actor, dock_id: int, sscc: str) -> Sequence[Any]:
    """Lay what is on a pallet (and on what stands on it) loose at the dock: the layers that were on it.

    A pallet of several items gives its own goods up; what stood on it then stands at the dock by itself.

    Raises:
        Refused: no such pallet here, nothing on it, or goods on it that are not available.
    """
    pallet = tx.one(
        "SELECT id FROM lpn WHERE warehouse_id = :w AND code = :code AND kind = :kind AND location_id = :dock",
        code=sscc, kind=LpnKind.PALLET, dock=dock_id,
    )  # fmt: skip
    if pallet is None:
        raise Refused(Rejected(Reject.UNKNOWN_LPN, expected="a pallet that stands here", got=sscc))
    stacked = _stacked_on(tx, pallet["id"])
    _check_not_sent(tx, [pallet["id"], *stacked], sscc)
    lying = _lying_on(tx, [pallet["id"], *stacked])
    if not lying:
        raise Refused(Rejected(Reject.NOTHING_HERE, expected="goods on the pallet", got=sscc))
    if any(row["status"] != Status.AVAILABLE for row in lying):
        raise Refused(Rejected(Reject.NOTHING_HERE, expected="goods that are released", got=sscc))
    is_single = len({row["item_id"] for row in lying}) == 1
    for lpn_id in [pallet["id"], *(stacked if is_single else ())]:
        ledger.move_lpn(tx, actor, lpn_id, dock_id, MoveReason.PUTAWAY, to_lpn_id=NO_LPN)
        tx.put("UPDATE lpn SET parent_lpn_id = NULL WHERE warehouse_id = :w AND parent_lpn_id = :id", id=lpn_id)
        tx.put(
            "UPDATE lpn SET location_id = NULL, parent_lpn_id = NULL WHERE warehouse_id = :w AND id = :id", id=lpn_id
        )
    return lying if is_single else ()


def _check_not_sent(tx: Tx, lpn_ids: Sequence[int], sscc: str) -> None:
    """What stands here to be loaded is on its way out, not in."""
    for lpn_id in lpn_ids:
        sending = tx.one(
            "SELECT t.number FROM lpn p JOIN transfer t ON t.warehouse_id = p.warehouse_id AND t.id = p.transfer_id"
            " AND t.state = 'open' WHERE p.warehouse_id = :w AND p.id = :id",
            id=lpn_id,
        )
        if sending is not None:
            expected = f"a pallet that is not loaded for {sending['number']}"
            raise Refused(Rejected(Reject.NOTHING_HERE, expected=expected, got=sscc))


def _stacked_on(tx: Tx, lpn_id: int) -> list[int]:
    found, at = [lpn_id], 0
    while at < len(found):
        rows = tx.all("SELECT id FROM lpn WHERE warehouse_id = :w AND parent_lpn_id = :id ORDER BY id", id=found[at])
        found += [row["id"] for row in rows]
        at += 1
    return found[1:]


def _lying_on(tx: Tx, lpn_ids: Sequence[int]) -> list[Any]:
    lying: list[Any] = []
    for lpn_id in lpn_ids:
        lying += tx.all(
            "SELECT b.layer_id, b.item_id, b.status, b.on_hand_each, y.received_on, i.tracks_serial"
            " FROM stock_balance b JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
            " JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
            " WHERE b.warehouse_id = :w AND b.lpn_id = :lpn ORDER BY b.layer_id",
            lpn=lpn_id,
        )
    return lying
