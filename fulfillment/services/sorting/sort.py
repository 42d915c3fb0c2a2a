"""Sorting batches at a put wall: slots given when a tote comes, units put, what is missing written off.

`picking` says which order gets which slot. Owns the way of a unit from its order's share of a batch tote into its
order's slot. A unit that several orders of the tote want goes to the one nearest to being complete. Invariant: a unit
goes into the slot of the order whose share it leaves, and nowhere else; its promise goes along.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fulfillment.domain.reasons import MoveReason, NotFound, Refused, Reject, Rejected
from fulfillment.domain.stock import LpnKind, Move
from fulfillment.flows import sort as flow
from fulfillment.flows.step import ItemRead, Memory, check_itself
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.packing import cartons, written_off
from fulfillment.services.sorting import put_walls, slot_plans
from fulfillment.services.stock import allocate, ledger
from fulfillment.services.stock.lookup import GOODS_COLUMNS, PLACE_COLUMNS, find_lpn, goods_of, place_of
from fulfillment.services.touring import batch_totes

SHOWN = 10
_LETTERS = {put_walls.FREE: "f", put_walls.TAKEN: "t", put_walls.DONE: "d"}


def load(tx: Tx, actor: Actor, memory: Memory) -> flow.Facts:
    """What the dialogue at the wall stands on."""
    wall = _wall(tx, memory.get("wall", 0))
    if wall is None:
        return flow.Facts(None, _places(tx))
    slots = put_walls.slot_rows(tx, wall["id"])
    shown = flow.Wall(wall["id"], wall["code"], _drawn(wall, slots))
    tote = _tote(tx, memory.get("tote", 0))
    shares = batch_totes.shares(tx, tote["id"]) if tote is not None else ()
    units_left = sum(share["units"] for share in shares if not share["is_cancelled"])
    if tote is None or not units_left:
        return flow.Facts(shown, waiting=slot_plans.totes_in_order(tx, wall["id"]))
    put_back_left = sum(share["units"] for share in shares if share["is_cancelled"])
    view = flow.Tote(tote["id"], tote["code"], units_left, put_back_left)
    goods = tx.all(
        f"SELECT {GOODS_COLUMNS} FROM item i WHERE i.warehouse_id = :w AND i.id IN (SELECT b.item_id FROM lpn p"
        " JOIN stock_balance b ON b.warehouse_id = p.warehouse_id AND b.lpn_id = p.id WHERE p.warehouse_id = :w"
        f" AND p.parent_lpn_id = :tote) ORDER BY i.id LIMIT {SHOWN}",
        tote=tote["id"],
    )
    unit = _unit(tx, wall["id"], tote["id"], memory["unit"]) if memory.get("unit") else None
    return flow.Facts(shown, tote=view, goods=tuple(goods_of(row) for row in goods), unit=unit)


def apply(tx: Tx, actor: Actor, command: object, memory: Memory) -> Memory:
    """Carry out a command of sorting.

    Raises:
        Refused: the tote or unit is not one to be sorted here, no slot is free, or somebody else was faster.
    """
    match command:
        case flow.ChooseWall(location_code):
            return {"wall": _wall_at(tx, location_code)}
        case flow.OpenTote(wall_id, tote_code):
            return _open(tx, actor, wall_id, tote_code)
        case flow.TakeUnit(wall_id, tote_id, item):
            return {**memory, "unit": _take(tx, wall_id, tote_id, item)}
        case flow.PutUnit():
            return _put(tx, actor, command, memory)
        case flow.ReportMissing():
            return _missing(tx, actor, command, memory)
        case _:
            raise TypeError(f"not a command of sorting: {command!r}")


def _wall(tx: Tx, wall_id: int) -> Any:
    """The wall sorted at: the one chosen, or the only one there is."""
    rows = tx.all(
        "SELECT * FROM put_wall WHERE warehouse_id = :w AND (id = :id OR :id = 0) ORDER BY id LIMIT 2", id=wall_id
    )
    return rows[0] if len(rows) == 1 else None


def drawn(tx: Tx, code: str) -> flow.Wall:
    """A wall as the sorter's screen draws it.

    Raises:
        NotFound: no such wall.
    """
    wall = tx.one("SELECT * FROM put_wall WHERE warehouse_id = :w AND code = :code", code=code)
    if wall is None:
        raise NotFound("unknown_put_wall", f"no put wall {code!r}", "code")
    return flow.Wall(wall["id"], wall["code"], _drawn(wall, put_walls.slot_rows(tx, wall["id"])))


def lit_at(tx: Tx, wall_id: int) -> str:
    """The slot whose unit is in a sorter's hand, of several the one scanned for last; '' = none."""
    rows = tx.all(
        "SELECT memory FROM dialogue WHERE warehouse_id = :w AND flow = 'sort' AND state = 'slot'"
        " ORDER BY updated_at_ms DESC, station_id"
    )
    for row in rows:
        memory = json.loads(row["memory"])
        if memory.get("wall") != wall_id or not memory.get("unit"):
            continue
        unit = _unit(tx, wall_id, memory["tote"], memory["unit"])
        if unit is not None:
            return unit.slot_name
    return ""


def _places(tx: Tx) -> tuple[Any, ...]:
    rows = tx.all(
        f"SELECT {PLACE_COLUMNS} FROM put_wall v JOIN location l ON l.warehouse_id = v.warehouse_id"
        f" AND l.id = v.location_id WHERE v.warehouse_id = :w ORDER BY v.code LIMIT {SHOWN}"
    )
    return tuple(place_of(row) for row in rows)


def _wall_at(tx: Tx, location_code: str) -> int:
    row = tx.one(
        "SELECT v.id FROM put_wall v JOIN location l ON l.warehouse_id = v.warehouse_id AND l.id = v.location_id"
        " WHERE v.warehouse_id = :w AND l.code = :code",
        code=location_code,
    )
    if row is None:
        raise Refused(Rejected(Reject.WRONG_LOCATION, expected="a put wall", got=location_code))
    return int(row["id"])


def _drawn(wall: Any, slots: Sequence[Any]) -> tuple[str, ...]:
    letters = {(slot["row_no"], slot["column_no"]): _LETTERS[put_walls.state_of(slot)] for slot in slots}
    return tuple(
        "".join(letters[row, column] for column in range(1, wall["column_count"] + 1))
        for row in range(1, wall["row_count"] + 1)
    )


def _tote(tx: Tx, tote_id: int) -> Any:
    return tx.one(
        "SELECT id, code FROM lpn WHERE warehouse_id = :w AND id = :id AND kind = 'batch'", id=tote_id
    )  # fmt: skip


# --- totes and slots -------------------------------------------------------------------------------------------


def _open(tx: Tx, actor: Actor, wall_id: int, tote_code: str) -> Memory:
    wall = _wall(tx, wall_id)
    tote = find_lpn(tx, tote_code, LpnKind.BATCH)
    if tote is None:
        known = find_lpn(tx, tote_code, LpnKind.TOTE)
        code = Reject.UNKNOWN_TOTE if known is None else Reject.TOTE_EMPTY
        if known is not None and known["order_id"] is not None:
            code = Reject.WRONG_TOTE
        raise Refused(Rejected(code, expected="a tote of a batch", got=tote_code))
    shares = batch_totes.shares(tx, tote["id"])
    place = tx.one("SELECT kind FROM location WHERE warehouse_id = :w AND id = :id", id=tote["location_id"])
    if place["kind"] == "cart":
        raise Refused(Rejected(Reject.TOTE_IN_USE, expected="a tote that was set down", got=tote_code))
    if not any(share["units"] and not share["is_cancelled"] for share in shares):
        raise Refused(Rejected(Reject.ORDER_CANCELLED, expected="a tote to be sorted, not put back", got=tote_code))
    if tote["location_id"] != wall["location_id"]:
        for share in shares:
            ledger.move_lpn(tx, actor, share["id"], wall["location_id"], MoveReason.DROP)
            tx.put(
                "UPDATE lpn SET location_id = :location WHERE warehouse_id = :w AND id = :id",
                id=share["id"], location=wall["location_id"],
            )  # fmt: skip
        batch_totes.set_down(tx, [share["id"] for share in shares], wall["location_id"])
    slot_plans.give_slots(tx, wall_id, tote["id"])
    return {"wall": wall_id, "tote": tote["id"]}


def _take(tx: Tx, wall_id: int, tote_id: int, item: ItemRead) -> dict[str, Any]:
    """Whose unit this is, in memory's words.

    Raises:
        Refused: `wrong_item`, not of this tote; `order_cancelled`, nobody wants it any more; `wall_full`;
            `wrong_location`, its order is sorted at another wall; `too_many`, `scan_each`, `scan_itself`,
            `serial_required`.
    """
    row = tx.one("SELECT sku, tracks_serial FROM item WHERE warehouse_id = :w AND id = :id", id=item.item_id)
    if item.qty_each <= 0:
        raise Refused(Rejected(Reject.BAD_QUANTITY, got=str(item.qty_each)))
    wrong = check_itself(item)
    if wrong is not None:
        raise Refused(wrong)
    if row["tracks_serial"]:
        if item.qty_each > 1:
            raise Refused(Rejected(Reject.SCAN_EACH, expected="1", got=str(item.qty_each)))
        if not item.serial:
            raise Refused(Rejected(Reject.SERIAL_REQUIRED, expected=row["sku"], got=item.raw))
    serial = item.serial if row["tracks_serial"] else ""
    said = {"item": item.item_id, "qty_each": item.qty_each, "lot": item.lot, "serial": serial, "order": 0}
    wanting = _wanting(tx, tote_id, said)
    if not wanting:
        raise Refused(Rejected(Reject.WRONG_ITEM, expected=_first_sku(tx, tote_id), got=item.sku))
    wanted = [one for one in wanting if not one["is_cancelled"]]
    if not wanted:
        raise Refused(Rejected(Reject.ORDER_CANCELLED, expected="leave it in the tote", got=wanting[0]["number"]))
    if not any(one["wall_id"] for one in wanted):
        slot_plans.give_slots(tx, wall_id, tote_id)  # one may have come free since the tote was opened
        wanted = [one for one in _wanting(tx, tote_id, said) if not one["is_cancelled"]]
    chosen = _nearest(wanted, wall_id)
    if chosen is None:
        others = [one for one in wanted if one["wall_id"]]
        if others:
            raise Refused(Rejected(Reject.WRONG_LOCATION, expected=others[0]["wall_place"], got=item.sku))
        raise Refused(Rejected(Reject.WALL_FULL, expected="a slot that was packed", got=item.sku))
    if item.qty_each > chosen["units"]:
        raise Refused(Rejected(Reject.TOO_MANY, expected=str(chosen["units"]), got=str(item.qty_each)))
    return {**said, "order": chosen["order_id"]}


# An order's share of a tote that holds units of an item, with its slot and what of the order is not in it yet.
_WANTING = (
    "SELECT p.id AS share_id, p.order_id, o.number, o.is_cancelled, f.id AS slot_id, f.code AS slot, s.row_no,"
    " s.column_no, s.wall_id, e.code AS wall_place, b.layer_id, b.location_id, b.status, b.on_hand_each,"
    " b.allocated_each, y.lot, y.serial, y.expiry_on, y.received_on,"
    " (SELECT COALESCE(SUM(d.allocated_each - d.packed_each), 0) FROM demand d WHERE d.warehouse_id = o.warehouse_id"
    " AND d.order_id = o.id) AS units_total,"
    " (SELECT COALESCE(SUM(c.on_hand_each), 0) FROM stock_balance c WHERE c.warehouse_id = f.warehouse_id"
    " AND c.lpn_id = f.id) AS units_done FROM lpn p"
    " JOIN sales_order o ON o.warehouse_id = p.warehouse_id AND o.id = p.order_id"
    " JOIN stock_balance b ON b.warehouse_id = p.warehouse_id AND b.lpn_id = p.id AND b.item_id = :item"
    " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
    " LEFT JOIN lpn f ON f.warehouse_id = p.warehouse_id AND f.order_id = p.order_id AND f.kind = 'slot'"
    " LEFT JOIN put_wall_slot s ON s.warehouse_id = f.warehouse_id AND s.lpn_id = f.id"
    " LEFT JOIN location e ON e.warehouse_id = f.warehouse_id AND e.id = f.location_id"
    " WHERE p.warehouse_id = :w AND p.parent_lpn_id = :tote AND p.kind = 'share' ORDER BY p.id, y.expiry_on,"
    " y.received_on, y.id"
)


def _wanting(tx: Tx, tote_id: int, said: Memory) -> list[dict[str, Any]]:
    """The orders whose share holds such units; `units` of them, `layers` as they would be taken.

    A unit read with its serial number is that one, or one that was taken in without its number; one read with a lot is
    of that lot where the tote has any of it.
    """
    rows = [dict(row) for row in tx.all(_WANTING, tote=tote_id, item=said["item"])]
    if said["serial"]:
        known = [row for row in rows if row["serial"] == said["serial"]]
        rows = known or [row for row in rows if not row["serial"]]
    elif said["lot"]:
        rows = [row for row in rows if row["lot"] == said["lot"]] or [row for row in rows if not row["lot"]]
    orders: dict[int, dict[str, Any]] = {}
    for row in rows:
        order = orders.setdefault(row["order_id"], {**row, "units": 0, "layers": []})
        order["units"] += row["on_hand_each"]
        order["layers"].append(row)
    return list(orders.values())


def _nearest(wanting: Sequence[dict[str, Any]], wall_id: int) -> dict[str, Any] | None:
    """Of the orders with a slot in this wall, the one with the least to come."""
    here = [one for one in wanting if one["wall_id"] == wall_id]
    return min(here, key=lambda one: (one["units_total"] - one["units_done"], one["order_id"]), default=None)


def _chosen(tx: Tx, wall_id: int, tote_id: int, said: Memory) -> dict[str, Any] | None:
    """Whose the unit in the hand is, as things stand now."""
    wanted = [one for one in _wanting(tx, tote_id, said) if not one["is_cancelled"]]
    fitting = [one for one in wanted if one["units"] >= said["qty_each"]]
    same = [one for one in fitting if one["order_id"] == said["order"] and one["wall_id"] == wall_id]
    return same[0] if same else _nearest(fitting, wall_id)


def _unit(tx: Tx, wall_id: int, tote_id: int, said: Memory) -> flow.Unit | None:
    chosen = _chosen(tx, wall_id, tote_id, said)
    if chosen is None:
        return None
    goods = tx.one(f"SELECT {GOODS_COLUMNS} FROM item i WHERE i.warehouse_id = :w AND i.id = :id", id=said["item"])
    return flow.Unit(
        goods_of(goods), said["qty_each"], chosen["units"], chosen["order_id"], chosen["number"], chosen["slot"],
        put_walls.slot_name(chosen["row_no"], chosen["column_no"]), chosen["units_done"], chosen["units_total"],
    )  # fmt: skip


def _first_sku(tx: Tx, tote_id: int) -> str | None:
    row = tx.one(
        "SELECT i.sku FROM lpn p JOIN stock_balance b ON b.warehouse_id = p.warehouse_id AND b.lpn_id = p.id"
        " JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
        " WHERE p.warehouse_id = :w AND p.parent_lpn_id = :tote ORDER BY b.item_id LIMIT 1",
        tote=tote_id,
    )
    return row["sku"] if row is not None else None


# --- units -----------------------------------------------------------------------------------------------------


def _put(tx: Tx, actor: Actor, command: flow.PutUnit, memory: Memory) -> Memory:
    said = memory["unit"]
    chosen = _chosen(tx, command.wall_id, command.tote_id, said)
    if chosen is None or chosen["order_id"] != command.order_id:
        raise Refused(Rejected(Reject.SHORT_STOCK, expected=str(command.qty_each)))
    moves, rest_each = [], command.qty_each
    slot = tx.one("SELECT location_id FROM lpn WHERE warehouse_id = :w AND id = :id", id=chosen["slot_id"])
    for layer in chosen["layers"]:
        part_each = min(rest_each, layer["on_hand_each"])
        if part_each <= 0:
            break
        promised_each = min(part_each, layer["allocated_each"])
        moves.append(
            Move(
                layer["layer_id"], command.item_id, layer["location_id"], slot["location_id"], part_each,
                MoveReason.SORT, chosen["share_id"], chosen["slot_id"], layer["status"], layer["status"],
                promised_each, promised_each, command.order_id,
            )
        )  # fmt: skip
        rest_each -= part_each
    ledger.post(tx, actor, moves)
    batch_totes.free_empty(tx, chosen["share_id"])
    return _go_on(tx, actor, command.wall_id, command.tote_id, [command.order_id])


def _missing(tx: Tx, actor: Actor, command: flow.ReportMissing, memory: Memory) -> Memory:
    touched = []
    in_hand: dict[str, Any] = {}
    if command.order_id:
        chosen = _chosen(tx, command.wall_id, command.tote_id, memory["unit"])
        if chosen is None or chosen["order_id"] != command.order_id:
            raise Refused(Rejected(Reject.SHORT_STOCK, expected=str(command.qty_each)))
        layer_ids = {layer["layer_id"] for layer in chosen["layers"]}
        in_hand = {"item_id": command.item_id, "most_each": command.qty_each, "layer_ids": layer_ids}
    for share in batch_totes.shares(tx, command.tote_id):
        if share["is_cancelled"] or (command.order_id and share["order_id"] != command.order_id):
            continue
        missing_each = written_off.write_off(tx, actor, share["id"], share["order_id"], why=command.why, **in_hand)
        if not missing_each:
            continue
        touched.append(share["order_id"])
        tell(tx, "board", "UnitsMissing", actor.scan_id, order=share["number"], missing_each=missing_each)
        batch_totes.free_empty(tx, share["id"])
    for order_id in touched:
        allocate.allocate_order(tx, actor, order_id, "missing at the wall")
        allocate.settle_order(tx, actor, order_id)
        cartons.ask_again(tx, order_id)
        _free_unused(tx, order_id)
    return _go_on(tx, actor, command.wall_id, command.tote_id, touched)


def _free_unused(tx: Tx, order_id: int) -> None:
    """A slot given to an order of which nothing has come, and nothing comes from a tote, is another's."""
    tx.put(
        "UPDATE lpn SET order_id = NULL WHERE warehouse_id = :w AND kind = 'slot' AND order_id = :order"
        " AND NOT EXISTS (SELECT 1 FROM stock_balance b WHERE b.warehouse_id = lpn.warehouse_id AND b.lpn_id = lpn.id)"
        " AND NOT EXISTS (SELECT 1 FROM lpn s WHERE s.warehouse_id = lpn.warehouse_id AND s.order_id = lpn.order_id"
        " AND s.kind = 'share')",
        order=order_id,
    )


def _go_on(tx: Tx, actor: Actor, wall_id: int, tote_id: int, order_ids: Sequence[int]) -> Memory:
    """After units left a tote: which slots are done now, and whether the tote is."""
    memory: dict[str, Any] = {"wall": wall_id}
    shares = batch_totes.shares(tx, tote_id)
    if any(share["units"] and not share["is_cancelled"] for share in shares):
        memory["tote"] = tote_id
    elif any(share["units"] for share in shares):
        memory["notice"] = "put_back_rest"
    done = []
    for order_id in order_ids:
        slot = put_walls.slot_of_order(tx, order_id)
        if slot is not None and put_walls.is_sorted(tx, order_id):
            done.append(put_walls.slot_name(slot["row_no"], slot["column_no"]))
            tell(tx, "board", "SlotDone", actor.scan_id, slot=slot["code"])
    if done:
        memory["slot_done"] = ", ".join(done)
    return memory
