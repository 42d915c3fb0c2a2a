"""Put walls: set up, listed, drawn, and which slot an order has.

Owns the wall and its slots. A slot is a handling unit that stays at its wall; the order it is given to is the
unit's. Invariant: an order has one slot at most, a slot one order, and both are free again together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fulfillment.domain.codes import BadCode, own_code
from fulfillment.domain.orders import OrderState
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.domain.stock import LocationKind, LpnKind
from fulfillment.hot import Tx

MAX_CODE = 12
MAX_ROWS = 26
MAX_COLUMNS = 99
MAX_SLOT_ML = 10**9

FREE, TAKEN, DONE = "free", "taken", "done"

# An order is all in its slot: nothing of it is still to be picked, nothing lies in a tote that is not sorted.
IS_SORTED = (
    f"(o.state IN ('{OrderState.PICKED}', '{OrderState.PACKING}') AND NOT EXISTS (SELECT 1 FROM lpn h"
    " WHERE h.warehouse_id = o.warehouse_id AND h.order_id = o.id AND h.kind = 'share'))"
)
_HOLDS = (
    "(SELECT COALESCE(SUM(b.on_hand_each), 0) FROM stock_balance b WHERE b.warehouse_id = p.warehouse_id"
    " AND b.lpn_id = p.id)"
)
_SLOTS = (
    "SELECT s.wall_id, s.row_no, s.column_no, p.id AS lpn_id, p.code, p.order_id, o.number, o.is_cancelled,"
    f" CASE WHEN p.order_id IS NULL THEN 0 ELSE {_HOLDS} END AS units,"
    f" CASE WHEN {IS_SORTED} THEN 1 ELSE 0 END AS is_sorted FROM put_wall_slot s"
    " JOIN lpn p ON p.warehouse_id = s.warehouse_id AND p.id = s.lpn_id"
    " LEFT JOIN sales_order o ON o.warehouse_id = p.warehouse_id AND o.id = p.order_id"
    " WHERE s.warehouse_id = :w AND s.wall_id = :wall ORDER BY s.row_no, s.column_no"
)


def put_wall(tx: Tx, code: str, values: dict[str, Any]) -> str:
    """Set a wall up, or bring it to these values; "created", "updated" or "unchanged".

    `values`: `location` (a staging location's code), `rows`, `columns`, `name`, `slot_volume_ml`; what is left out of
    a wall that stands stays as it is. A wall grows; it is never made smaller.

    Raises:
        DomainError: a code no barcode can carry, a size no wall has; NotFound: no such location; Conflict: the place
        is no staging location or another wall's, or the wall would lose slots.
    """
    _check_code(code)
    known = tx.one("SELECT * FROM put_wall WHERE warehouse_id = :w AND code = :code", code=code)
    wanted: dict[str, Any] = {}
    if "location" in values or known is None:
        wanted["location_id"] = _place(tx, values.get("location") or "", known)
    for name, column, most in (("rows", "row_count", MAX_ROWS), ("columns", "column_count", MAX_COLUMNS)):
        if name in values or known is None:
            wanted[column] = _within(name, values.get(name), 1, most)
            if known is not None and wanted[column] < known[column]:
                raise Conflict("wall_smaller", f"wall {code} has {known[column]} {name}: it cannot lose any", name)
    if "slot_volume_ml" in values:
        wanted["slot_volume_ml"] = _within("slot_volume_ml", values["slot_volume_ml"], 0, MAX_SLOT_ML)
    if "name" in values:
        wanted["name"] = values["name"]
    if known is None:
        wall_id, what = tx.insert("put_wall", code=code, **wanted), "created"
    else:
        wall_id = known["id"]
        changes = {column: value for column, value in wanted.items() if known[column] != value}
        if not changes:
            return "unchanged"
        sets = ", ".join(f"{column} = :{column}" for column in changes)
        tx.put(f"UPDATE put_wall SET {sets} WHERE warehouse_id = :w AND id = :id", id=wall_id, **changes)
        what = "updated"
    _number_slots(tx, wall_id)
    return what


def _number_slots(tx: Tx, wall_id: int) -> None:
    wall = tx.one("SELECT * FROM put_wall WHERE warehouse_id = :w AND id = :id", id=wall_id)
    rows = tx.all("SELECT row_no, column_no FROM put_wall_slot WHERE warehouse_id = :w AND wall_id = :id", id=wall_id)
    there = {(row["row_no"], row["column_no"]) for row in rows}
    for row_no in range(1, wall["row_count"] + 1):
        for column_no in range(1, wall["column_count"] + 1):
            if (row_no, column_no) in there:
                continue
            code = f"{wall['code']}-{slot_name(row_no, column_no)}"
            lpn_id = tx.insert("lpn", code=code, kind=LpnKind.SLOT, location_id=wall["location_id"])
            tx.add("put_wall_slot", wall_id=wall_id, row_no=row_no, column_no=column_no, lpn_id=lpn_id)


def slot_name(row_no: int, column_no: int) -> str:
    """What is written on a slot: the row's letter from the top, the column's number from the left."""
    return f"{chr(64 + row_no)}{column_no:02d}"


def _place(tx: Tx, location: str, known: Any) -> int:
    row = tx.one("SELECT id, kind FROM location WHERE warehouse_id = :w AND code = :code", code=location)
    if row is None:
        raise NotFound("unknown_location", f"no location {location!r}", "location")
    if row["kind"] != LocationKind.STAGING:
        raise Conflict("not_staging", f"{location} is a {row['kind']}: a wall stands at a staging location", "location")
    other = tx.one(
        "SELECT code FROM put_wall WHERE warehouse_id = :w AND location_id = :location AND id <> :id",
        location=row["id"], id=known["id"] if known is not None else 0,
    )  # fmt: skip
    if other is not None:
        raise Conflict("location_in_use", f"wall {other['code']} stands at {location}", "location")
    if known is not None and known["location_id"] != row["id"]:
        raise Conflict("wall_moved", f"wall {known['code']} has its place: set another wall up", "location")
    return int(row["id"])


def _within(name: str, value: Any, least: int, most: int) -> int:
    if not isinstance(value, int) or not least <= value <= most:
        raise DomainError("bad_quantity", f"{name}: {least} to {most}", name)
    return value


def _check_code(code: str) -> None:
    if len(code) > MAX_CODE:
        raise DomainError("bad_code", f"a wall's code has at most {MAX_CODE} characters", "code")
    try:
        own_code("S", code)
    except BadCode as error:
        raise DomainError("bad_code", str(error), "code") from error


def is_there(tx: Tx) -> bool:
    """Whether batches can be sorted at all."""
    return tx.one("SELECT 1 FROM put_wall WHERE warehouse_id = :w LIMIT 1") is not None


def largest_slots(tx: Tx) -> int:
    """How many orders the largest wall takes at once; 0 = there is none. A batch is sorted at one wall."""
    row = tx.one("SELECT COALESCE(MAX(row_count * column_count), 0) AS slots FROM put_wall WHERE warehouse_id = :w")
    return int(row["slots"])


def walls(tx: Tx) -> list[dict[str, Any]]:
    """Every wall with the place it stands at."""
    rows = tx.all(
        "SELECT w.id, w.code, w.name, l.code AS location, w.location_id, w.row_count, w.column_count,"
        " w.slot_volume_ml FROM put_wall w JOIN location l ON l.warehouse_id = w.warehouse_id"
        " AND l.id = w.location_id WHERE w.warehouse_id = :w ORDER BY w.code"
    )
    return [dict(row) for row in rows]


def described(tx: Tx, code: str) -> dict[str, Any]:
    """A wall as the API and its page show it: its slots with whose they are and how far they have come.

    Raises:
        NotFound: no such wall.
    """
    wall = next((one for one in walls(tx) if one["code"] == code), None)
    if wall is None:
        raise NotFound("unknown_put_wall", f"no put wall {code!r}", "code")
    return {
        "code": wall["code"], "name": wall["name"], "location": wall["location"], "rows": wall["row_count"],
        "columns": wall["column_count"], "slot_volume_ml": wall["slot_volume_ml"],
        "slots": [slot_view(row) for row in slot_rows(tx, wall["id"])],
    }  # fmt: skip


def listed(tx: Tx) -> list[dict[str, Any]]:
    """Every wall as `described`, without what is in its slots."""
    return [
        {"code": wall["code"], "name": wall["name"], "location": wall["location"], "rows": wall["row_count"],
         "columns": wall["column_count"], "slot_volume_ml": wall["slot_volume_ml"]}
        for wall in walls(tx)
    ]  # fmt: skip


def slot_rows(tx: Tx, wall_id: int) -> Sequence[Any]:
    """The slots of a wall, row by row from the top."""
    return tx.all(_SLOTS, wall=wall_id)


def state_of(row: Any) -> str:
    """A slot's state: free, taken, or done: all of its order is in it."""
    if row["order_id"] is None:
        return FREE
    return DONE if row["is_sorted"] and row["units"] else TAKEN


def slot_view(row: Any) -> dict[str, Any]:
    """A slot as a page draws it."""
    return {
        "slot": row["code"], "name": slot_name(row["row_no"], row["column_no"]), "row": row["row_no"],
        "column": row["column_no"], "barcode": own_code("S", row["code"]), "state": state_of(row),
        "order": row["number"], "units": row["units"],
    }  # fmt: skip


def slot_of_order(tx: Tx, order_id: int) -> Any:
    """The slot of an order with its wall; None when it has none."""
    return tx.one(
        "SELECT p.id, p.code, s.wall_id, s.row_no, s.column_no, p.location_id FROM lpn p"
        " JOIN put_wall_slot s ON s.warehouse_id = p.warehouse_id AND s.lpn_id = p.id"
        " WHERE p.warehouse_id = :w AND p.order_id = :order AND p.kind = 'slot'",
        order=order_id,
    )


def is_sorted(tx: Tx, order_id: int) -> bool:
    """Whether all of an order is in its slot."""
    row = tx.one(
        f"SELECT CASE WHEN {IS_SORTED} THEN 1 ELSE 0 END AS is_sorted FROM sales_order o WHERE o.warehouse_id = :w"
        " AND o.id = :order",
        order=order_id,
    )
    return bool(row["is_sorted"])
