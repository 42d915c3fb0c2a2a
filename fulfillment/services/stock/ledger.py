"""The one writer of `stock_move` and `stock_balance`, and of the promises against them.

A move and its two balances change in the same transaction; every decrease is a conditional UPDATE whose row
count is read, so stock that another scan took in between cannot be taken twice. Nothing here repairs:
`verify` recomputes and reports.
"""

from __future__ import annotations

from collections.abc import Iterable

from fulfillment.domain.reasons import MoveReason, Refused, Reject, Rejected
from fulfillment.domain.stock import NO_LPN, Move, Status, Virtual
from fulfillment.domain.units import PackChange, cases_to_open, whole_cases_each
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor

# Virtual locations get these ids in every warehouse at `floor init`; they keep no balance.
VIRTUAL_IDS: dict[Virtual, int] = {
    Virtual.SUPPLIER: 1,
    Virtual.CUSTOMER: 2,
    Virtual.ADJUSTMENT: 3,
    Virtual.IN_TRANSIT: 4,
    Virtual.CARRIER: 5,
}
FIRST_REAL_LOCATION_ID = 10

# Numbered and placed among the moves by the statement itself: nothing has to be read first.
_ENTER = (
    "INSERT INTO allocation_entry (warehouse_id, id, order_id, item_id, location_id, layer_id, delta_each, reason,"
    " after_move_id, operator_id, note, recorded_at_ms) VALUES (:w,"
    " (SELECT COALESCE(MAX(e.id), 0) + 1 FROM allocation_entry e WHERE e.warehouse_id = :w), :order, :item, :location,"
    " :layer, :delta, :reason, (SELECT COALESCE(MAX(m.id), 0) FROM stock_move m WHERE m.warehouse_id = :w), :operator,"
    " :note, :now)"
)

RELOCATED = "relocated"  # the note of a promise that moved with its units: no new promise, none given up
OVERRIDDEN = "a supervisor chose others"  # of promises a stop got from a desk instead of those FIFO gave it


def post(tx: Tx, actor: Actor, moves: Iterable[Move]) -> None:
    """Write moves and both balances of each.

    Raises:
        Refused: `short_stock`, when a place no longer holds what the move takes from it; `case_sealed`, when it
            does, but in cases nobody has opened.
    """
    for move in moves:
        tx.add(
            "stock_move", layer_id=move.layer_id, item_id=move.item_id,
            from_location_id=move.from_location_id, to_location_id=move.to_location_id,
            from_lpn_id=move.from_lpn_id, to_lpn_id=move.to_lpn_id, from_status=move.from_status,
            to_status=move.to_status, qty_each=move.qty_each, reason=move.reason, order_id=move.order_id,
            sealed_from_each=move.sealed_from_each, sealed_to_each=move.sealed_to_each, why=move.why,
            operator_id=actor.operator_id, station_id=actor.station_id, scan_id=actor.scan_id,
            occurred_at_ms=actor.occurred_at_ms, recorded_at_ms=tx.now_ms,
        )  # fmt: skip
        if move.from_location_id >= FIRST_REAL_LOCATION_ID:
            _take(tx, move)
        if move.to_location_id >= FIRST_REAL_LOCATION_ID:
            _put(tx, move)


def _take(tx: Tx, move: Move) -> None:
    key = {
        "location": move.from_location_id, "layer": move.layer_id, "lpn": move.from_lpn_id,
        "status": move.from_status,
    }  # fmt: skip
    tx.claim(
        lambda: _why_not_there(tx, move, key),
        "UPDATE stock_balance SET on_hand_each = on_hand_each - :qty, allocated_each = allocated_each - :promised,"
        " sealed_each = sealed_each - :sealed"
        " WHERE warehouse_id = :w AND location_id = :location AND layer_id = :layer AND lpn_id = :lpn"
        " AND status = :status AND allocated_each >= :promised"
        " AND on_hand_each - :qty >= allocated_each - :promised AND sealed_each >= :sealed"
        " AND on_hand_each - :qty >= sealed_each - :sealed",
        qty=move.qty_each, promised=move.allocated_from_each, sealed=move.sealed_from_each, **key,
    )  # fmt: skip
    tx.put(
        "DELETE FROM stock_balance WHERE warehouse_id = :w AND location_id = :location AND layer_id = :layer"
        " AND lpn_id = :lpn AND status = :status AND on_hand_each = 0",
        **key,
    )


def _why_not_there(tx: Tx, move: Move, key: dict[str, object]) -> Refused:
    row = tx.one(
        "SELECT on_hand_each, allocated_each, sealed_each FROM stock_balance WHERE warehouse_id = :w"
        " AND location_id = :location AND layer_id = :layer AND lpn_id = :lpn AND status = :status",
        **key,
    )
    short = Refused(Rejected(Reject.SHORT_STOCK, expected=str(move.qty_each)))
    if row is None or row["allocated_each"] < move.allocated_from_each:
        return short
    free_each = row["on_hand_each"] - row["allocated_each"] + move.allocated_from_each
    if free_each >= move.qty_each and row["on_hand_each"] - row["sealed_each"] < move.qty_each - move.sealed_from_each:
        loose_each = row["on_hand_each"] - row["sealed_each"]
        return Refused(Rejected(Reject.CASE_SEALED, expected=str(loose_each), got=str(move.qty_each)))
    return short


def _put(tx: Tx, move: Move) -> None:
    tx.put(
        "INSERT INTO stock_balance (warehouse_id, location_id, layer_id, lpn_id, status, item_id, on_hand_each,"
        " allocated_each, sealed_each) VALUES (:w, :location, :layer, :lpn, :status, :item, :qty, :promised, :sealed)"
        " ON CONFLICT (warehouse_id, location_id, layer_id, lpn_id, status) DO UPDATE SET"
        " on_hand_each = stock_balance.on_hand_each + excluded.on_hand_each,"
        " allocated_each = stock_balance.allocated_each + excluded.allocated_each,"
        " sealed_each = stock_balance.sealed_each + excluded.sealed_each",
        location=move.to_location_id, layer=move.layer_id, lpn=move.to_lpn_id, status=move.to_status,
        item=move.item_id, qty=move.qty_each, promised=move.allocated_to_each, sealed=move.sealed_to_each,
    )  # fmt: skip


def open_cases(
    tx: Tx, actor: Actor, location_id: int, layer_id: int, cases: int, *, lpn_id: int = NO_LPN,
    status: str = Status.AVAILABLE,
) -> int:  # fmt: skip
    """Open so many sealed cases of a layer where they lie; returns the units that are loose now.

    Raises:
        Refused: `case_sealed`, when fewer closed cases lie there.
    """
    case_each = tx.one("SELECT case_each FROM layer WHERE warehouse_id = :w AND id = :id", id=layer_id)["case_each"]
    units_each = cases * case_each
    opened = tx.run(
        "UPDATE stock_balance SET sealed_each = sealed_each - :units WHERE warehouse_id = :w"
        " AND location_id = :location AND layer_id = :layer AND lpn_id = :lpn AND status = :status"
        " AND sealed_each >= :units AND :units > 0",
        location=location_id, layer=layer_id, lpn=lpn_id, status=status, units=units_each,
    )  # fmt: skip
    if opened != 1:
        raise Refused(Rejected(Reject.CASE_SEALED, expected="a closed case"))
    tx.add(
        "pack_entry", location_id=location_id, layer_id=layer_id, lpn_id=lpn_id, status=status,
        delta_sealed_each=-units_each, reason=PackChange.BREAK, after_move_id=last_move_id(tx),
        operator_id=actor.operator_id, scan_id=actor.scan_id, recorded_at_ms=tx.now_ms,
    )  # fmt: skip
    return units_each


def loosen(
    tx: Tx, actor: Actor, location_id: int, layer_id: int, wanted_each: int, *, lpn_id: int = NO_LPN,
    status: str = Status.AVAILABLE,
) -> None:  # fmt: skip
    """Open as many cases as it takes to have `wanted_each` loose units.

    For moves where the hand has no choice (a count, a part of a pallet); a picker opens a case by a scan.
    """
    row = tx.one(
        "SELECT b.on_hand_each, b.sealed_each, y.case_each FROM stock_balance b"
        " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id WHERE b.warehouse_id = :w"
        " AND b.location_id = :location AND b.layer_id = :layer AND b.lpn_id = :lpn AND b.status = :status",
        location=location_id, layer=layer_id, lpn=lpn_id, status=status,
    )  # fmt: skip
    if row is None:
        return
    cases = cases_to_open(wanted_each, row["on_hand_each"], row["sealed_each"], row["case_each"])
    if cases:
        open_cases(tx, actor, location_id, layer_id, cases, lpn_id=lpn_id, status=status)


def carry_sealed(
    tx: Tx, actor: Actor, location_id: int, layer_id: int, qty_each: int, *, lpn_id: int = NO_LPN,
    status: str = Status.AVAILABLE,
) -> int:  # fmt: skip
    """How many of `qty_each` go as closed cases, opening one when the rest does not lie loose: what a move of
    them has to say in `sealed_from_each` and `sealed_to_each`."""
    row = tx.one(
        "SELECT b.sealed_each, y.case_each FROM stock_balance b"
        " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id WHERE b.warehouse_id = :w"
        " AND b.location_id = :location AND b.layer_id = :layer AND b.lpn_id = :lpn AND b.status = :status",
        location=location_id, layer=layer_id, lpn=lpn_id, status=status,
    )  # fmt: skip
    if row is None or not row["sealed_each"]:
        return 0
    closed_each = whole_cases_each(qty_each, row["sealed_each"], row["case_each"])
    loosen(tx, actor, location_id, layer_id, qty_each - closed_each, lpn_id=lpn_id, status=status)
    return closed_each


def last_move_id(tx: Tx) -> int:
    """The ledger's newest entry: what comes after it in a history kept beside the ledger."""
    return tx.one("SELECT COALESCE(MAX(id), 0) AS id FROM stock_move WHERE warehouse_id = :w")["id"]


def promise(
    tx: Tx, actor: Actor, order_id: int, item_id: int, location_id: int, layer_id: int, qty_each: int,
    note: str = "",
) -> int | None:  # fmt: skip
    """Claim free stock for an order: the allocation's id, or None when somebody else was faster."""
    claimed = tx.run(
        "UPDATE stock_balance SET allocated_each = allocated_each + :qty WHERE warehouse_id = :w"
        " AND location_id = :location AND layer_id = :layer AND lpn_id = 0 AND status = 'available'"
        " AND on_hand_each - allocated_each >= :qty",
        location=location_id, layer=layer_id, qty=qty_each,
    )  # fmt: skip
    if claimed != 1:
        return None
    tx.put(
        "UPDATE demand SET allocated_each = allocated_each + :qty"
        " WHERE warehouse_id = :w AND order_id = :order AND item_id = :item",
        order=order_id, item=item_id, qty=qty_each,
    )  # fmt: skip
    _enter(tx, actor, order_id, item_id, location_id, layer_id, qty_each, "allocate", note)
    return tx.insert(
        "allocation", order_id=order_id, item_id=item_id, layer_id=layer_id, location_id=location_id,
        qty_each=qty_each, task_id=None,
    )  # fmt: skip


def give_up(tx: Tx, actor: Actor, allocation: object, qty_each: int, note: str = "") -> None:
    """Take a promise (or part of it) back: the stock is free again, the demand is open again."""
    order_id, item_id = allocation["order_id"], allocation["item_id"]  # type: ignore[index]
    location_id, layer_id = allocation["location_id"], allocation["layer_id"]  # type: ignore[index]
    _spend(tx, allocation["id"], qty_each)  # type: ignore[index]
    tx.put(
        "UPDATE stock_balance SET allocated_each = allocated_each - :qty WHERE warehouse_id = :w"
        " AND location_id = :location AND layer_id = :layer AND lpn_id = 0 AND status = 'available'",
        location=location_id, layer=layer_id, qty=qty_each,
    )  # fmt: skip
    tx.put(
        "UPDATE demand SET allocated_each = allocated_each - :qty"
        " WHERE warehouse_id = :w AND order_id = :order AND item_id = :item",
        order=order_id, item=item_id, qty=qty_each,
    )  # fmt: skip
    _enter(tx, actor, order_id, item_id, location_id, layer_id, -qty_each, "release", note)


def keep(tx: Tx, actor: Actor, allocation: object, qty_each: int) -> None:
    """A promise is kept: its units were picked. The caller posts the move that carries the promise along."""
    _spend(tx, allocation["id"], qty_each)  # type: ignore[index]
    _enter(
        tx, actor, allocation["order_id"], allocation["item_id"],  # type: ignore[index]
        allocation["location_id"], allocation["layer_id"], -qty_each, "pick", "",  # type: ignore[index]
    )  # fmt: skip


def relocate_promise(tx: Tx, actor: Actor, allocation: object, to_location_id: int, qty_each: int) -> None:
    """A promise goes where its units went, still nobody's walk. The caller has posted the move that carried it."""
    _spend(tx, allocation["id"], qty_each)  # type: ignore[index]
    order_id, item_id, layer_id = allocation["order_id"], allocation["item_id"], allocation["layer_id"]  # type: ignore[index]
    from_location_id = allocation["location_id"]  # type: ignore[index]
    _enter(tx, actor, order_id, item_id, from_location_id, layer_id, -qty_each, "release", RELOCATED)
    _enter(tx, actor, order_id, item_id, to_location_id, layer_id, qty_each, "allocate", RELOCATED)
    tx.add(
        "allocation", order_id=order_id, item_id=item_id, layer_id=layer_id, location_id=to_location_id,
        qty_each=qty_each, task_id=None,
    )  # fmt: skip


def _spend(tx: Tx, allocation_id: int, qty_each: int) -> None:
    tx.claim(
        lambda: Refused(Rejected(Reject.SHORT_STOCK, expected=str(qty_each))),
        "UPDATE allocation SET qty_each = qty_each - :qty"
        " WHERE warehouse_id = :w AND id = :id AND qty_each >= :qty",
        id=allocation_id, qty=qty_each,
    )  # fmt: skip


def _enter(
    tx: Tx, actor: Actor, order_id: int, item_id: int, location_id: int, layer_id: int, delta_each: int,
    reason: str, note: str,
) -> None:  # fmt: skip
    tx.put(
        _ENTER, order=order_id, item=item_id, location=location_id, layer=layer_id, delta=delta_each, reason=reason,
        operator=actor.operator_id, note=note, now=tx.now_ms,
    )  # fmt: skip


def move_lpn(
    tx: Tx, actor: Actor, lpn_id: int, to_location_id: int, reason: str, *, to_lpn_id: int | None = None,
    to_status: str | None = None, keep_promises: bool = True, why: str = "",
) -> int:  # fmt: skip
    """Move all that lies in a handling unit; returns the units moved.

    With `to_lpn_id` the content changes its handling unit on the way (0 = loose).
    """
    rows = tx.all(
        "SELECT location_id, layer_id, item_id, status, on_hand_each, allocated_each, sealed_each"
        " FROM stock_balance WHERE warehouse_id = :w AND lpn_id = :lpn ORDER BY layer_id",
        lpn=lpn_id,
    )
    moves = [
        Move(
            row["layer_id"], row["item_id"], row["location_id"], to_location_id, row["on_hand_each"], reason,
            from_lpn_id=lpn_id, to_lpn_id=lpn_id if to_lpn_id is None else to_lpn_id,
            from_status=row["status"], to_status=to_status or row["status"],
            allocated_from_each=row["allocated_each"],
            allocated_to_each=row["allocated_each"] if keep_promises else 0,
            sealed_from_each=row["sealed_each"], sealed_to_each=row["sealed_each"], why=why,
        )
        for row in rows
    ]  # fmt: skip
    post(tx, actor, moves)
    return sum(move.qty_each for move in moves)


def ship_manifest(tx: Tx, actor: Actor, manifest_id: int) -> None:
    """All units of a manifest's loaded parcels leave for the carrier, and `demand` counts them as shipped.

    In statements over the whole set: a truck takes thousands of units, and one move at a time would keep
    every other scan waiting for a second.
    """
    loaded = (
        " FROM stock_balance b JOIN parcel p ON p.warehouse_id = b.warehouse_id AND p.lpn_id = b.lpn_id"
        " WHERE b.warehouse_id = :w AND p.manifest_id = :manifest AND p.state = 'loaded'"
    )
    tx.put(
        "INSERT INTO stock_move (warehouse_id, id, layer_id, item_id, from_location_id, to_location_id, from_lpn_id,"
        " to_lpn_id, from_status, to_status, qty_each, reason, order_id, operator_id, station_id, scan_id,"
        " occurred_at_ms, recorded_at_ms) SELECT b.warehouse_id,"
        " (SELECT COALESCE(MAX(m.id), 0) FROM stock_move m WHERE m.warehouse_id = :w)"
        " + ROW_NUMBER() OVER (ORDER BY b.lpn_id, b.layer_id, b.status), b.layer_id, b.item_id, b.location_id,"
        " :carrier, b.lpn_id, b.lpn_id, b.status, b.status, b.on_hand_each, :reason, p.order_id, :operator, :station,"
        f" :scan, :occurred, :now{loaded}",
        manifest=manifest_id, carrier=VIRTUAL_IDS[Virtual.CARRIER], reason=MoveReason.SHIP,
        operator=actor.operator_id, station=actor.station_id, scan=actor.scan_id, occurred=actor.occurred_at_ms,
        now=tx.now_ms,
    )  # fmt: skip
    shipped = tx.all(
        f"SELECT p.order_id, b.item_id, SUM(b.on_hand_each) AS qty_each{loaded} GROUP BY p.order_id, b.item_id",
        manifest=manifest_id,
    )
    for row in shipped:
        tx.put(
            "UPDATE demand SET shipped_each = shipped_each + :qty"
            " WHERE warehouse_id = :w AND order_id = :order AND item_id = :item",
            order=row["order_id"], item=row["item_id"], qty=row["qty_each"],
        )  # fmt: skip
    tx.put(
        "DELETE FROM stock_balance WHERE warehouse_id = :w AND lpn_id IN (SELECT lpn_id FROM parcel"
        " WHERE warehouse_id = :w AND manifest_id = :manifest AND state = 'loaded')",
        manifest=manifest_id,
    )


def hold_in_place(
    tx: Tx, actor: Actor, location_id: int, layer_id: int, item_id: int, qty_each: int, reason: str, why: str = ""
) -> None:
    """Take free stock out of what can be promised, where it lies, until somebody has counted."""
    sealed_each = carry_sealed(tx, actor, location_id, layer_id, qty_each)
    post(
        tx, actor,
        [Move(layer_id, item_id, location_id, location_id, qty_each, reason, NO_LPN, NO_LPN,
              Status.AVAILABLE, Status.HOLD, sealed_from_each=sealed_each, sealed_to_each=sealed_each, why=why)],
    )  # fmt: skip
