"""Pallets: their labels, what lies on them and what stands on what; whole ones go in one scan.

Owns nesting. A pallet keeps its content apart from the floor around it until it is put into storage: there it is
opened and its units lie loose, because promises are made on loose stock only. Refuses a pallet on itself, however
many stand between. Invariant: a unit is where the one it stands on is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fulfillment.domain.moving import FLOOR_KINDS, arriving_status, check_destination
from fulfillment.domain.putaway import check_putaway
from fulfillment.domain.reasons import DomainError, MoveReason, NotFound, Refused, Reject, Rejected
from fulfillment.domain.stock import NO_LPN, STORAGE_KINDS, Access, LocationKind, LpnKind, Move, Status
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import next_sscc
from fulfillment.services.common.today import local_day
from fulfillment.services.receiving import dock_to_stock, pallets, putaway
from fulfillment.services.stock import allocate, ledger, lying, storing
from fulfillment.services.stock.lookup import find_location
from fulfillment.services.stock.lying import Units


def make(tx: Tx, location: str | None = None, station: str | None = None) -> str:
    """A new pallet label: its SSCC. At a station it is printed and stands there; without a place it stands nowhere
    until something is put on it.

    Raises:
        NotFound: no such location or station.
    """
    if station is not None:
        row = tx.one("SELECT id, code, location_id FROM station WHERE warehouse_id = :w AND code = :c", c=station)
        if row is None:
            raise NotFound("unknown_station", f"no station {station!r}", "station")
        actor = Actor(tx.now_ms, station_id=row["id"], station_code=row["code"], station_location_id=row["location_id"])
        lpn_id = pallets.new_pallet(tx, actor, station, "", local_day(tx))
    else:
        lpn_id = tx.insert("lpn", code=next_sscc(tx), kind=LpnKind.PALLET)
    if location is not None:
        _stand_empty(tx, lpn_id, location)
    return str(tx.one("SELECT code FROM lpn WHERE warehouse_id = :w AND id = :id", id=lpn_id)["code"])


def find(tx: Tx, code: str) -> Any:
    """The pallet of a scanned SSCC.

    Raises:
        Refused: `unknown_lpn`: no pallet of ours, or one that left.
    """
    row = tx.one(
        "SELECT p.*, l.kind AS location_kind, l.code AS location FROM lpn p LEFT JOIN location l"
        " ON l.warehouse_id = p.warehouse_id AND l.id = p.location_id"
        " WHERE p.warehouse_id = :w AND p.code = :code AND p.kind = 'pallet'",
        code=code,
    )
    if row is None or row["location_kind"] == LocationKind.VIRTUAL:
        raise Refused(Rejected(Reject.UNKNOWN_LPN, expected="a pallet of this floor", got=code))
    return row


def tree(tx: Tx, lpn_id: int) -> Sequence[int]:
    """The ids of a unit and of all that stands on it, itself first."""
    rows = tx.all(
        "WITH RECURSIVE standing (id, depth) AS (SELECT id, 0 FROM lpn WHERE warehouse_id = :w AND id = :id"
        " UNION ALL SELECT c.id, s.depth + 1 FROM standing s JOIN lpn c ON c.warehouse_id = :w"
        " AND c.parent_lpn_id = s.id) SELECT id FROM standing ORDER BY depth, id",
        id=lpn_id,
    )
    return [row["id"] for row in rows]


def move_to(tx: Tx, actor: Actor, pallet: Any, location_code: str) -> None:
    """A pallet and all that stands on it into a location; into storage it is opened.

    Raises:
        Refused: the goods must not go there, or several items into storage.
    """
    location = find_location(tx, location_code)
    _check_nobody_stores(tx, pallet)
    if location["kind"] in STORAGE_KINDS:
        _open_into(tx, actor, pallet, location)
        return
    units = tree(tx, pallet["id"])
    _carry_all(tx, actor, pallet, units, location)
    tx.put("UPDATE lpn SET parent_lpn_id = NULL WHERE warehouse_id = :w AND id = :id", id=pallet["id"])


def nest(tx: Tx, actor: Actor, pallet: Any, onto_sscc: str) -> None:
    """Stand a pallet, with all that stands on it, on another one.

    Raises:
        Refused: `wrong_location`, when that one stands on this one, or is being sent away.
    """
    onto = find(tx, onto_sscc)
    _check_nobody_stores(tx, pallet)
    units = tree(tx, pallet["id"])
    if onto["id"] in units:
        raise Refused(Rejected(Reject.WRONG_LOCATION, expected="a pallet that does not stand on it", got=onto_sscc))
    check_not_sent(tx, onto)
    here = stand_somewhere(tx, actor, onto, pallet["location_id"])
    location = tx.one("SELECT * FROM location WHERE warehouse_id = :w AND id = :id", id=here)
    _carry_all(tx, actor, pallet, units, location)
    tx.put(
        "UPDATE lpn SET parent_lpn_id = :onto WHERE warehouse_id = :w AND id = :id", id=pallet["id"], onto=onto["id"]
    )


def stand_somewhere(tx: Tx, actor: Actor, pallet: Any, location_id: int | None = None) -> int:
    """Where a pallet stands; a fresh label is stuck on where its first goods are, or at the station.

    Raises:
        Refused: nobody can say where it is.
    """
    here = pallet["location_id"] or location_id or actor.station_location_id
    if here is None:
        raise Refused(Rejected(Reject.WRONG_LOCATION, expected="a pallet that stands somewhere", got=pallet["code"]))
    if pallet["location_id"] is None:
        tx.put("UPDATE lpn SET location_id = :here WHERE warehouse_id = :w AND id = :id", id=pallet["id"], here=here)
    return here


def check_not_sent(tx: Tx, pallet: Any) -> None:
    """Goods nobody asked for must not slip onto a pallet that leaves for another warehouse.

    Raises:
        Refused: `wrong_location`.
    """
    for unit in _standing_under(tx, pallet):
        sending = tx.one(
            "SELECT number FROM transfer WHERE warehouse_id = :w AND id = :id AND state = 'open'",
            id=unit["transfer_id"] or 0,
        )
        if sending is not None:
            raise Refused(
                Rejected(Reject.WRONG_LOCATION, expected="a pallet that is not being sent", got=pallet["code"])
            )


def describe(tx: Tx, code: str) -> dict[str, Any]:
    """A handling unit as the API shows it: where it is, what is on it, what it stands on.

    Raises:
        NotFound: no such pallet.
    """
    row = tx.one(
        "SELECT p.id, p.code, l.code AS location, l.kind, o.code AS stands_on, x.number AS transfer FROM lpn p"
        " LEFT JOIN location l ON l.warehouse_id = p.warehouse_id AND l.id = p.location_id"
        " LEFT JOIN lpn o ON o.warehouse_id = p.warehouse_id AND o.id = p.parent_lpn_id"
        " LEFT JOIN transfer x ON x.warehouse_id = p.warehouse_id AND x.id = p.transfer_id"
        " WHERE p.warehouse_id = :w AND p.code = :code AND p.kind = 'pallet'",
        code=code,
    )
    if row is None:
        raise NotFound("unknown_lpn", f"no pallet {code!r}", "lpn")
    content = [
        {
            "sku": part["sku"], "layer": part["layer_id"], "lot": part["lot"], "received_on": part["received_on"],
            "expiry_on": part["expiry_on"], "serial": part["serial"], "status": part["status"],
            "qty_each": part["on_hand_each"], "sealed_each": part["sealed_each"],
        }
        for part in _parts(tx, row["id"])
    ]  # fmt: skip
    return {
        "lpn": row["code"], "location": row["location"], "kind": row["kind"], "stands_on": row["stands_on"],
        "carries": [unit["code"] for unit in carried(tx, row["id"])], "transfer": row["transfer"], "content": content,
    }  # fmt: skip


def carried(tx: Tx, lpn_id: int) -> Sequence[Any]:
    """The units that stand directly on one."""
    return tx.all("SELECT id, code FROM lpn WHERE warehouse_id = :w AND parent_lpn_id = :id ORDER BY id", id=lpn_id)


def _stand_empty(tx: Tx, lpn_id: int, code: str) -> None:
    row = tx.one("SELECT id, kind FROM location WHERE warehouse_id = :w AND code = :code", code=code)
    if row is None:
        raise NotFound("unknown_location", f"no location {code!r}", "location")
    if row["kind"] not in FLOOR_KINDS:
        raise DomainError("bad_location", f"pallets stand at docks, staging, stations and in quarantine, not in {code}",
                          "location")  # fmt: skip
    tx.put("UPDATE lpn SET location_id = :here WHERE warehouse_id = :w AND id = :id", id=lpn_id, here=row["id"])


def _standing_under(tx: Tx, pallet: Any) -> list[Any]:
    """A unit and all it stands on, downwards."""
    found = [pallet]
    while found[-1]["parent_lpn_id"] is not None:
        found.append(
            tx.one(
                "SELECT id, parent_lpn_id, transfer_id FROM lpn WHERE warehouse_id = :w AND id = :id",
                id=found[-1]["parent_lpn_id"],
            )
        )
    return found


def _check_nobody_stores(tx: Tx, pallet: Any) -> None:
    row = tx.one(
        "SELECT l.code FROM task k JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
        " WHERE k.warehouse_id = :w AND k.kind = 'putaway' AND k.state = 'open' AND k.lpn_id = :lpn LIMIT 1",
        lpn=pallet["id"],
    )
    if row is not None:
        raise Refused(Rejected(Reject.FINISH_FIRST, expected=f"its putaway to {row['code']}", got=pallet["code"]))


def _parts(tx: Tx, lpn_id: int) -> Sequence[Any]:
    return tx.all(
        "SELECT b.location_id, b.lpn_id, b.layer_id, b.item_id, b.status, b.on_hand_each, b.allocated_each,"
        " b.sealed_each, y.received_on, y.expiry_on, y.lot, y.serial, i.sku, i.rotation, i.tolerance_days"
        " FROM stock_balance b JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
        " JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
        " WHERE b.warehouse_id = :w AND b.lpn_id = :lpn ORDER BY b.layer_id, b.status",
        lpn=lpn_id,
    )


def _carry_all(tx: Tx, actor: Actor, pallet: Any, units: Sequence[int], location: Any) -> None:
    if pallet["location_id"] != location["id"]:
        from_kind = pallet["location_kind"] or location["kind"]
        moves = []
        for row in (part for unit in units for part in _parts(tx, unit)):
            wrong = check_destination(location["kind"], location["code"], from_kind, row["status"])
            if wrong is not None:
                raise Refused(wrong)
            moves.append(
                Move(
                    row["layer_id"], row["item_id"], row["location_id"], location["id"], row["on_hand_each"],
                    MoveReason.MOVE, from_lpn_id=row["lpn_id"], to_lpn_id=row["lpn_id"], from_status=row["status"],
                    to_status=arriving_status(location["kind"], row["status"]), sealed_from_each=row["sealed_each"],
                    sealed_to_each=row["sealed_each"],
                )
            )  # fmt: skip
        wrong = check_destination(location["kind"], location["code"], from_kind, Status.AVAILABLE)
        if wrong is not None:  # an empty pallet stands in no ship lane either
            raise Refused(wrong)
        ledger.post(tx, actor, moves)
        for layer_id in {move.layer_id for move in moves}:
            dock_to_stock.note_left_dock(tx, layer_id)
    for unit in units:
        tx.put("UPDATE lpn SET location_id = :here WHERE warehouse_id = :w AND id = :id", id=unit, here=location["id"])


def _open_into(tx: Tx, actor: Actor, pallet: Any, location: Any) -> None:
    units = tree(tx, pallet["id"])
    parts = sorted((part for unit in units for part in _parts(tx, unit)), key=lying.age_of)
    items = {part["item_id"] for part in parts}
    if len(items) > 1:
        expected = "a pallet of one item: take the others off"
        raise Refused(Rejected(Reject.MIXED_ITEM, expected=expected, got=pallet["code"]))
    if not parts:
        raise Refused(Rejected(Reject.NOTHING_HERE, expected="a pallet with goods on it", got=pallet["code"]))
    if location["access"] == Access.LIFO:
        parts.reverse()  # the last in is reached first: the oldest of the pallet goes in last
    storing.check_unclaimed(tx, location, parts[0]["item_id"])
    for part in parts:
        wrong = check_destination(location["kind"], location["code"], pallet["location_kind"] or "", part["status"])
        wrong = wrong or check_putaway(
            putaway.storage_at(tx, location["id"]), putaway.arriving_layer(tx, part["layer_id"]), part["on_hand_each"]
        )
        if wrong is not None:
            raise Refused(wrong)
        chosen = Units(part["layer_id"], part["item_id"], part["status"], part["on_hand_each"], part["received_on"])
        lying.carry(tx, actor, chosen, (part["location_id"], part["lpn_id"]), (location["id"], NO_LPN), MoveReason.MOVE)
    for unit in units:
        tx.put(
            "UPDATE lpn SET location_id = NULL, parent_lpn_id = NULL, transfer_id = NULL"
            " WHERE warehouse_id = :w AND id = :id",
            id=unit,
        )
    allocate.allocate_waiting(tx, actor, parts[0]["item_id"])
