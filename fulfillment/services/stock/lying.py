"""What lies where, and which of it a scan means: for moves, holds, adjustments and transfers alike.

A scan that names a lot, an expiry or a serial takes those units; any other takes the oldest. Refuses units promised
to orders and units somebody has in hand. Invariant: what it chooses was free when it was read; the ledger's
conditional updates decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.fifo import Layer, rank
from fulfillment.domain.reasons import Refused, Reject, Rejected
from fulfillment.domain.stock import NO_LPN, STORAGE_KINDS, Move, Status
from fulfillment.flows.step import ItemRead
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.receiving import dock_to_stock
from fulfillment.services.stock import ledger


@dataclass(frozen=True)
class Wanted:
    """Units of an item somebody asks for; '' and None = whichever."""

    item_id: int
    qty_each: int
    lot: str = ""
    expiry_on: str = ""
    serial: str = ""
    layer_id: int | None = None


@dataclass(frozen=True)
class Units:
    """`qty_each` units of one layer in one condition."""

    layer_id: int
    item_id: int
    status: str
    qty_each: int
    received_on: str
    lot: str = ""


def wanted_of(item: ItemRead) -> Wanted:
    """What a scan of an item asks for."""
    return Wanted(item.item_id, item.qty_each, item.lot, item.expiry_on, item.serial)


def choose_units(tx: Tx, location: Any, lpn_id: int, wanted: Wanted, statuses: Sequence[str]) -> list[Units]:
    """The units meant, oldest first; of the first of `statuses` that lies here.

    Raises:
        Refused: `nothing_here`, `serial_unknown`, `serial_elsewhere`, `serial_required`, `short_stock` (promised to
            orders or in somebody's hand), `too_many`.
    """
    here = _lying(tx, location, lpn_id, wanted.item_id)
    matching = [row for row in here if _is_meant(row, wanted)]
    if wanted.serial and not matching:
        raise Refused(_where_is(tx, wanted))
    of_status = next(([row for row in matching if row["status"] == one] for one in statuses if any(
        row["status"] == one for row in matching)), [])  # fmt: skip
    if not of_status:
        raise Refused(Rejected(Reject.NOTHING_HERE, expected=_said(here) or None, got=wanted.lot or None))
    free = {(row["layer_id"], row["status"]): _free_each(tx, location, lpn_id, row) for row in of_status}
    free_each = sum(free.values())
    there_each = sum(row["on_hand_each"] for row in of_status)
    if wanted.qty_each > there_each:
        raise Refused(Rejected(Reject.TOO_MANY, expected=str(there_each), got=str(wanted.qty_each)))
    if wanted.qty_each > free_each:
        said = f"{free_each} free, {there_each - free_each} promised or in hand"
        raise Refused(Rejected(Reject.SHORT_STOCK, expected=said, got=str(wanted.qty_each)))
    if of_status[0]["tracks_serial"] and not wanted.serial and wanted.qty_each < there_each:
        raise Refused(Rejected(Reject.SERIAL_REQUIRED, expected="the serial of the one that is taken"))
    return _oldest_first(of_status, free, wanted.qty_each)


def carry(
    tx: Tx, actor: Actor, units: Units, at: tuple[int, int], to: tuple[int, int], reason: str, *, why: str = "",
    to_status: str | None = None,
) -> None:  # fmt: skip
    """Post the move of units from one (location, handling unit) to another, closed cases as closed as they can be."""
    sealed_each = ledger.carry_sealed(
        tx, actor, at[0], units.layer_id, units.qty_each, lpn_id=at[1], status=units.status
    )
    move = Move(
        units.layer_id, units.item_id, at[0], to[0], units.qty_each, reason, from_lpn_id=at[1], to_lpn_id=to[1],
        from_status=units.status, to_status=to_status or units.status, sealed_from_each=sealed_each,
        sealed_to_each=sealed_each, why=why,
    )  # fmt: skip
    ledger.post(tx, actor, [move])
    dock_to_stock.note_left_dock(tx, units.layer_id)


def age_of(row: Any) -> tuple[int, int]:
    """How early a row (layer_id, received_on, expiry_on, rotation, tolerance_days) leaves; lower first."""
    return rank(Layer(row["layer_id"], row["received_on"], row["expiry_on"]), row["rotation"], row["tolerance_days"])


def _lying(tx: Tx, location: Any, lpn_id: int, item_id: int) -> Sequence[Any]:
    return tx.all(
        "SELECT b.layer_id, b.item_id, b.status, b.on_hand_each, b.allocated_each, y.received_on, y.expiry_on, y.lot,"
        " y.serial, i.sku, i.rotation, i.tolerance_days, i.tracks_serial FROM stock_balance b"
        " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
        " JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id WHERE b.warehouse_id = :w"
        " AND b.location_id = :location AND b.lpn_id = :lpn AND b.item_id = :item",
        location=location["id"], lpn=lpn_id, item=item_id,
    )  # fmt: skip


def _is_meant(row: Any, wanted: Wanted) -> bool:
    return (
        (wanted.layer_id is None or row["layer_id"] == wanted.layer_id)
        and (not wanted.lot or not row["lot"] or row["lot"] == wanted.lot)
        and (not wanted.expiry_on or not row["expiry_on"] or row["expiry_on"] == wanted.expiry_on)
        and (not wanted.serial or not row["tracks_serial"] or row["serial"] == wanted.serial)
    )


def _free_each(tx: Tx, location: Any, lpn_id: int, row: Any) -> int:
    free_each = row["on_hand_each"] - row["allocated_each"]
    if lpn_id != NO_LPN or row["status"] != Status.AVAILABLE or location["kind"] in STORAGE_KINDS:
        return free_each
    # Somebody putting goods away has them in hand while the book still says the dock.
    claimed = tx.one(
        "SELECT COALESCE(SUM(qty_each - done_each), 0) AS n FROM task WHERE warehouse_id = :w AND kind = 'putaway'"
        " AND state = 'open' AND layer_id = :layer",
        layer=row["layer_id"],
    )["n"]
    return max(free_each - claimed, 0)


def _oldest_first(rows: Sequence[Any], free: dict[tuple[int, str], int], qty_each: int) -> list[Units]:
    chosen = []
    for row in sorted(rows, key=age_of):
        part_each = min(qty_each, free[row["layer_id"], row["status"]])
        if part_each > 0:
            chosen.append(
                Units(row["layer_id"], row["item_id"], row["status"], part_each, row["received_on"], row["lot"])
            )
            qty_each -= part_each
    return chosen


def _where_is(tx: Tx, wanted: Wanted) -> Rejected:
    row = tx.one(
        "SELECT l.code FROM layer y LEFT JOIN stock_balance b ON b.warehouse_id = y.warehouse_id"
        " AND b.layer_id = y.id AND b.item_id = y.item_id"
        " LEFT JOIN location l ON l.warehouse_id = b.warehouse_id AND l.id = b.location_id"
        " WHERE y.warehouse_id = :w AND y.item_id = :item AND y.serial = :serial ORDER BY b.layer_id DESC LIMIT 1",
        item=wanted.item_id, serial=wanted.serial,
    )  # fmt: skip
    if row is None:
        return Rejected(Reject.SERIAL_UNKNOWN, got=wanted.serial)
    return Rejected(Reject.SERIAL_ELSEWHERE, expected=row["code"], got=wanted.serial)


def _said(rows: Sequence[Any]) -> str:
    """What of the item does lie here, in a few words."""
    lots = sorted({f"lot {row['lot']}" if row["lot"] else row["received_on"] for row in rows})
    return " or ".join(lots[:3])
