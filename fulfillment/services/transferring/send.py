"""Sending a transfer: the oldest free units from their shelves onto a pallet at the dock, then all of it in transit.

Refuses newer goods while older ones lie free, units promised to orders, more than was asked for, and a transfer
somebody else is loading. Invariant: what left is written by layer in `transfer_part`, and the ledger says the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from fulfillment.domain.fifo import BinStock, Layer, choose_oldest, passes_over
from fulfillment.domain.inbound import TransferState
from fulfillment.domain.reasons import MoveReason, Refused, Reject, Rejected
from fulfillment.domain.stock import NO_LPN, STORAGE_KINDS, Move, Status, Virtual
from fulfillment.flows import send as flow
from fulfillment.flows.step import ItemRead, Memory
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.common.today import local_day
from fulfillment.services.receiving import dock_to_stock, pallets
from fulfillment.services.stock import ledger, lpns, lying
from fulfillment.services.stock.lookup import GOODS_COLUMNS, PLACE_COLUMNS, find_location, goods_of, place_of
from fulfillment.services.transferring import transfers

WAITING_SHOWN = 20


def load(tx: Tx, actor: Actor, memory: Memory) -> flow.Facts:
    """What the dialogue of sending stands on."""
    transfer = tx.one(
        "SELECT id, number, to_warehouse FROM transfer WHERE warehouse_id = :w AND id = :id AND state = 'open'",
        id=memory.get("transfer", 0),
    )
    pallet = _pallet(tx, transfer["id"]) if transfer is not None else None
    if transfer is None or pallet is None:
        waiting = tx.all(
            f"SELECT number FROM transfer WHERE warehouse_id = :w AND state = 'open' ORDER BY id LIMIT {WAITING_SHOWN}"
        )
        return flow.Facts(waiting=tuple(row["number"] for row in waiting))
    place = tx.one(
        f"SELECT {PLACE_COLUMNS} FROM location l WHERE l.warehouse_id = :w AND l.id = :id",
        id=memory.get("location", 0),
    )
    missing = _missing(tx, transfer["id"])
    view = flow.OpenTransfer(
        transfer["id"], transfer["number"], transfer["to_warehouse"], pallet["code"], _loaded_each(tx, transfer["id"]),
        missing, _following(tx, missing, memory.get("skipped", ())),
    )  # fmt: skip
    return flow.Facts(view, place_of(place) if place is not None else None)


def apply(tx: Tx, actor: Actor, command: object, memory: Memory) -> Memory:
    """Carry out a command of sending.

    Raises:
        Refused: no such transfer, nothing of it here, newer goods than lie elsewhere, or more than was asked for.
    """
    match command:
        case flow.StartSending(number):
            return _start(tx, actor, number)
        case flow.GoThere(transfer_id, location_code):
            return {**memory, "location": _go_there(tx, transfer_id, location_code)}
        case flow.LoadGoods(transfer_id, location_id, item):
            _load_goods(tx, actor, transfer_id, location_id, item)
            return memory
        case flow.Send(transfer_id):
            _send(tx, actor, transfer_id)
            return {}
        case _:
            raise TypeError(f"not a command of sending: {command!r}")


# --- what is asked for, what is there ------------------------------------------------------------------------


def _pallet(tx: Tx, transfer_id: int) -> Any:
    return tx.one(
        "SELECT * FROM lpn WHERE warehouse_id = :w AND transfer_id = :id ORDER BY id DESC LIMIT 1", id=transfer_id
    )


def _loaded(tx: Tx, transfer_id: int) -> list[Any]:
    """Balances on the transfer's pallets and on all that stands on them."""
    units = {unit for row in transfers.pallets_of(tx, transfer_id) for unit in lpns.tree(tx, row["id"])}
    return [
        row
        for unit in sorted(units)
        for row in tx.all(
            "SELECT location_id, lpn_id, layer_id, item_id, status, on_hand_each, sealed_each FROM stock_balance"
            " WHERE warehouse_id = :w AND lpn_id = :lpn ORDER BY layer_id, status",
            lpn=unit,
        )
    ]


def _loaded_each(tx: Tx, transfer_id: int) -> int:
    return sum(row["on_hand_each"] for row in _loaded(tx, transfer_id))


def _missing(tx: Tx, transfer_id: int) -> tuple[flow.Missing, ...]:
    loaded: dict[int, int] = {}
    for row in _loaded(tx, transfer_id):
        loaded[row["item_id"]] = loaded.get(row["item_id"], 0) + row["on_hand_each"]
    lines = tx.all(
        f"SELECT {GOODS_COLUMNS}, n.asked_each FROM transfer_line n"
        " JOIN item i ON i.warehouse_id = n.warehouse_id AND i.id = n.item_id"
        " WHERE n.warehouse_id = :w AND n.transfer_id = :id ORDER BY n.id",
        id=transfer_id,
    )
    return tuple(
        flow.Missing(goods_of(row), row["asked_each"] - loaded.get(row["item_id"], 0))
        for row in lines
        if row["asked_each"] > loaded.get(row["item_id"], 0)
    )


def _free_stock(tx: Tx, item_id: int) -> list[BinStock]:
    """Free units in storage, those too high to pick from included: a pallet's worth is fetched with a truck."""
    rows = tx.all(
        "SELECT b.location_id, l.code, l.kind, b.layer_id, y.received_on, y.expiry_on,"
        " b.on_hand_each - b.allocated_each AS free_each FROM stock_balance b"
        " JOIN location l ON l.warehouse_id = b.warehouse_id AND l.id = b.location_id"
        " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
        " WHERE b.warehouse_id = :w AND b.item_id = :item AND b.status = 'available' AND b.lpn_id = 0"
        " AND b.on_hand_each > b.allocated_each AND l.kind IN ('bin', 'reserve', 'flow_rack')"
        " AND (y.expiry_on = '' OR y.expiry_on > :today)",
        item=item_id, today=local_day(tx),
    )  # fmt: skip
    return [
        BinStock(
            row["location_id"], row["code"], row["kind"], Layer(row["layer_id"], row["received_on"], row["expiry_on"]),
            row["free_each"],
        )
        for row in rows
    ]  # fmt: skip


def _following(tx: Tx, missing: Sequence[flow.Missing], skipped: Iterable[int]) -> flow.Next | None:
    """The oldest units of the first item missing; places skipped come last."""
    later = set(skipped)
    for passed_over in (later, set()):
        for part in missing:
            stock = _free_stock(tx, part.goods.item_id)
            policy = _policy(tx, part.goods.item_id)
            for promise in choose_oldest(part.left_each, stock, *policy):
                if promise.location_id in passed_over:
                    continue
                place = tx.one(
                    f"SELECT {PLACE_COLUMNS} FROM location l WHERE l.warehouse_id = :w AND l.id = :id",
                    id=promise.location_id,
                )
                oldest = next(one for one in stock if one.layer.layer_id == promise.layer_id)
                return flow.Next(place_of(place), part.goods, promise.qty_each, oldest.layer.received_on)
    return None


def _policy(tx: Tx, item_id: int) -> tuple[str, int]:
    item = tx.one("SELECT rotation, tolerance_days FROM item WHERE warehouse_id = :w AND id = :id", id=item_id)
    return item["rotation"], item["tolerance_days"]


# --- what happens --------------------------------------------------------------------------------------------


def _start(tx: Tx, actor: Actor, number: str) -> dict[str, Any]:
    if actor.station_location_id is None:
        raise Refused(Rejected(Reject.NOT_ALLOWED, expected="a station at a dock"))
    transfer = tx.one("SELECT id, state, to_warehouse FROM transfer WHERE warehouse_id = :w AND number = :n", n=number)
    if transfer is None:
        raise Refused(Rejected(Reject.UNKNOWN_TRANSFER, got=number))
    if transfer["state"] != TransferState.OPEN:
        raise Refused(Rejected(Reject.UNKNOWN_TRANSFER, expected="a transfer to be sent", got=transfer["state"]))
    _check_nobody_loads(tx, actor, transfer["id"])
    if _pallet(tx, transfer["id"]) is None:
        lpn_id = pallets.new_pallet(tx, actor, number, transfer["to_warehouse"], local_day(tx))
        tx.put(
            "UPDATE lpn SET transfer_id = :transfer WHERE warehouse_id = :w AND id = :id",
            id=lpn_id, transfer=transfer["id"],
        )  # fmt: skip
    return {"transfer": transfer["id"]}


def _check_nobody_loads(tx: Tx, actor: Actor, transfer_id: int) -> None:
    """Two pallets filled at once would each be filled with all that is asked for."""
    for row in tx.all(
        "SELECT s.code, d.memory FROM dialogue d JOIN station s ON s.warehouse_id = d.warehouse_id"
        " AND s.id = d.station_id WHERE d.warehouse_id = :w AND d.flow = 'send' AND d.station_id <> :station",
        station=actor.station_id,
    ):
        if json.loads(row["memory"]).get("transfer") == transfer_id:
            raise Refused(Rejected(Reject.FINISH_FIRST, expected=f"the loading at {row['code']}"))


def _go_there(tx: Tx, transfer_id: int, location_code: str) -> int:
    location = find_location(tx, location_code)
    missing = _missing(tx, transfer_id)
    holding = {
        part.location_id for line in missing for part in _free_stock(tx, line.goods.item_id)
    }  # fmt: skip
    if location["id"] not in holding:
        following = _following(tx, missing, ())
        raise Refused(
            Rejected(Reject.NOTHING_HERE, expected=following.place.code if following else None, got=location_code)
        )
    return location["id"]


def _load_goods(tx: Tx, actor: Actor, transfer_id: int, location_id: int, item: ItemRead) -> None:
    line = next((one for one in _missing(tx, transfer_id) if one.goods.item_id == item.item_id), None)
    if line is None:
        raise Refused(Rejected(Reject.WRONG_ITEM, expected="an item this transfer still asks for", got=item.sku))
    if item.qty_each > line.left_each:
        raise Refused(Rejected(Reject.TOO_MANY, expected=str(line.left_each), got=str(item.qty_each)))
    location = tx.one("SELECT * FROM location WHERE warehouse_id = :w AND id = :id", id=location_id)
    if location["kind"] not in STORAGE_KINDS:
        raise Refused(Rejected(Reject.NOT_STORAGE, expected="a storage location", got=location["code"]))
    chosen = lying.choose_units(tx, location, NO_LPN, lying.wanted_of(item), (Status.AVAILABLE,))
    pallet = _pallet(tx, transfer_id)
    here = lpns.stand_somewhere(tx, actor, pallet)
    for part in chosen:
        _check_oldest(tx, part)
        lying.carry(tx, actor, part, (location_id, NO_LPN), (here, pallet["id"]), MoveReason.MOVE)


def _check_oldest(tx: Tx, part: lying.Units) -> None:
    stock = _free_stock(tx, part.item_id)
    taken = next((one.layer for one in stock if one.layer.layer_id == part.layer_id), None)
    if taken is None:
        raise Refused(Rejected(Reject.EXPIRED, expected="goods that have not expired", got=part.lot or None))
    older = passes_over(taken, (one.layer for one in stock), *_policy(tx, part.item_id))
    if older is not None:
        where = next(one.location_code for one in stock if one.layer == older)
        raise Refused(
            Rejected(
                Reject.OLDER_FIRST, expected=f"{where}, received {older.received_on}",
                got=f"received {part.received_on}",
            )
        )  # fmt: skip


def _send(tx: Tx, actor: Actor, transfer_id: int) -> None:
    loaded = _loaded(tx, transfer_id)
    if not loaded:
        # Nothing left: the label is not used, and somebody else may send it another day.
        tx.put(
            "UPDATE lpn SET location_id = NULL, transfer_id = NULL WHERE warehouse_id = :w AND transfer_id = :id",
            id=transfer_id,
        )
        return
    outside = ledger.VIRTUAL_IDS[Virtual.IN_TRANSIT]
    sent: dict[tuple[int, int], int] = {}
    for row in loaded:
        move = Move(
            row["layer_id"], row["item_id"], row["location_id"], outside, row["on_hand_each"], MoveReason.SEND,
            from_lpn_id=row["lpn_id"], to_lpn_id=row["lpn_id"], from_status=row["status"], to_status=row["status"],
            sealed_from_each=row["sealed_each"], sealed_to_each=row["sealed_each"],
        )  # fmt: skip
        ledger.post(tx, actor, [move])
        dock_to_stock.note_left_dock(tx, row["layer_id"])
        key = (row["item_id"], row["layer_id"])
        sent[key] = sent.get(key, 0) + row["on_hand_each"]
    for (item_id, layer_id), qty_each in sent.items():
        tx.add("transfer_part", transfer_id=transfer_id, layer_id=layer_id, sent_each=qty_each)
        tx.put(
            "UPDATE transfer_line SET sent_each = sent_each + :qty WHERE warehouse_id = :w AND transfer_id = :id"
            " AND item_id = :item",
            id=transfer_id, item=item_id, qty=qty_each,
        )  # fmt: skip
    for pallet in transfers.pallets_of(tx, transfer_id):
        for unit in lpns.tree(tx, pallet["id"]):
            tx.put(
                "UPDATE lpn SET location_id = :out, transfer_id = :transfer WHERE warehouse_id = :w AND id = :id",
                id=unit, out=outside, transfer=transfer_id,
            )  # fmt: skip
        tx.put("UPDATE lpn SET parent_lpn_id = NULL WHERE warehouse_id = :w AND id = :id", id=pallet["id"])
    gone = tx.run(
        "UPDATE transfer SET state = 'sent', sent_at_ms = :now WHERE warehouse_id = :w AND id = :id"
        " AND state = 'open'",
        id=transfer_id, now=tx.now_ms,
    )  # fmt: skip
    if gone != 1:
        raise Refused(Rejected(Reject.UNKNOWN_TRANSFER, expected="a transfer to be sent"))
    tell(tx, "board", "TransferSent", actor.scan_id, transfer=transfer_id, units=sum(sent.values()))
