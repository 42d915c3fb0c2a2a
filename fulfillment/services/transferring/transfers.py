"""Transfers between warehouses as papers: asked for, announced to the other end, and what arrived there.

Goods leave by the dialogue of sending (`transferring/send`). Owns the announcement: exactly what the other warehouse's
`POST /receipts` takes, layer by layer with the dates they have here, so that first in stays first out over there.
Refuses a second report of another arrival. Invariant: sent = arrived + in transit + lost, layer by layer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fulfillment.domain.codes import BadCode, own_code
from fulfillment.domain.inbound import TransferState
from fulfillment.domain.reasons import Conflict, DomainError, MoveReason, NotFound, Why
from fulfillment.domain.stock import Move, Virtual
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.stock import ledger
from fulfillment.services.stock.lying import age_of

NUMBER_MAX = 40
SHOWN_MAX = 500


def ask(tx: Tx, number: str, to_warehouse: str, lines: Sequence[tuple[str, int]]) -> bool:
    """Store a transfer to be sent; False when the same one is known already. Lines of one item are added up.

    Raises:
        DomainError: a number that cannot be printed, our own warehouse, an unknown SKU or a service;
        Conflict: other content, same number.
    """
    _check_number(number)
    ours = tx.one("SELECT code FROM warehouse WHERE id = :w")["code"]
    if to_warehouse == ours:
        raise DomainError("bad_warehouse", f"{ours} is this warehouse", "to_warehouse")
    sha256 = hashlib.sha256(json.dumps([number, to_warehouse, list(map(list, lines))]).encode()).hexdigest()
    known = tx.one("SELECT content_sha256 FROM transfer WHERE warehouse_id = :w AND number = :n", n=number)
    if known is not None:
        if known["content_sha256"] != sha256:
            raise Conflict("transfer_exists", f"transfer {number} exists with other content", "number")
        return False
    wanted: dict[int, int] = {}
    for place, (sku, qty_each) in enumerate(lines):
        item = tx.one("SELECT id, is_service FROM item WHERE warehouse_id = :w AND sku_key = :key", key=sku.upper())
        if item is None or item["is_service"]:
            raise DomainError("unknown_sku", f"no goods {sku!r}", f"lines[{place}].sku")
        wanted[item["id"]] = wanted.get(item["id"], 0) + qty_each
    transfer_id = tx.insert(
        "transfer", number=number, to_warehouse=to_warehouse, content_sha256=sha256, created_at_ms=tx.now_ms
    )
    for item_id, qty_each in wanted.items():
        tx.add("transfer_line", transfer_id=transfer_id, item_id=item_id, asked_each=qty_each)
    tell(tx, "board", "TransferAsked", transfer=number, to_warehouse=to_warehouse)
    return True


def cancel(tx: Tx, number: str) -> None:
    """Nobody shall send it any more.

    Raises:
        NotFound: no such transfer; Conflict: it left, or goods for it stand on a pallet.
    """
    transfer = _known(tx, number)
    if transfer["state"] == TransferState.CANCELLED:
        return
    if transfer["state"] != TransferState.OPEN:
        raise Conflict("transfer_sent", f"transfer {number} is {transfer['state']}", "number")
    if pallets_of(tx, transfer["id"]):
        raise Conflict("being_sent", f"a pallet is being loaded for {number}: finish or empty it", "number")
    _step(tx, transfer["id"], TransferState.OPEN, TransferState.CANCELLED)
    tell(tx, "board", "TransferCancelled", transfer=number)


def describe(tx: Tx, number: str) -> dict[str, Any]:
    """A transfer as the API shows it: asked, sent, arrived, what differs, and where its layers are."""
    transfer = _known(tx, number)
    lines = tx.all(
        "SELECT i.sku, n.asked_each, n.sent_each, n.arrived_each FROM transfer_line n"
        " JOIN item i ON i.warehouse_id = n.warehouse_id AND i.id = n.item_id"
        " WHERE n.warehouse_id = :w AND n.transfer_id = :id ORDER BY n.id",
        id=transfer["id"],
    )
    parts = _parts(tx, transfer["id"])
    is_received = transfer["state"] == TransferState.RECEIVED
    return {
        "number": transfer["number"], "barcode": own_code("X", transfer["number"]),
        "to_warehouse": transfer["to_warehouse"], "state": transfer["state"],
        "created_at_ms": transfer["created_at_ms"], "sent_at_ms": transfer["sent_at_ms"],
        "received_at_ms": transfer["received_at_ms"],
        "lines": [dict(row) for row in lines],
        "parts": [
            {
                "sku": part["sku"], "layer": part["layer_id"], "lot": part["lot"], "expiry_on": part["expiry_on"],
                "serial": part["serial"], "received_on": part["received_on"], "sent_each": part["sent_each"],
                "arrived_each": part["arrived_each"],
            }
            for part in parts
        ],
        "lpns": [row["code"] for row in pallets_of(tx, transfer["id"])],
        "in_transit_each": 0 if is_received else sum(part["sent_each"] for part in parts),
        "differences": _differences(lines, parts) if is_received else [],
    }  # fmt: skip


def listed(tx: Tx, state: str | None = None) -> list[dict[str, Any]]:
    """The newest transfers, at most a page of them.

    Raises:
        DomainError: no such state.
    """
    if state is not None and state not in {one.value for one in TransferState}:
        raise DomainError("bad_state", f"no state {state!r}", "state")
    rows = tx.all(
        "SELECT t.number, t.to_warehouse, t.state, t.created_at_ms, t.sent_at_ms, t.received_at_ms,"
        " SUM(n.asked_each) AS asked_each, SUM(n.sent_each) AS sent_each, SUM(n.arrived_each) AS arrived_each"
        " FROM transfer t JOIN transfer_line n ON n.warehouse_id = t.warehouse_id AND n.transfer_id = t.id"
        " WHERE t.warehouse_id = :w AND (:state IS NULL OR t.state = :state) GROUP BY t.id, t.number, t.to_warehouse,"
        " t.state, t.created_at_ms, t.sent_at_ms, t.received_at_ms"
        f" ORDER BY t.id DESC LIMIT {SHOWN_MAX}",
        state=state,
    )
    return [dict(row) for row in rows]


def announcement(tx: Tx, number: str) -> dict[str, Any]:
    """The body the other warehouse's `POST /receipts` takes: what left, by layer and by pallet.

    Raises:
        NotFound: no such transfer; Conflict: it has not left.
    """
    transfer = _known(tx, number)
    if transfer["sent_at_ms"] is None:
        raise Conflict("transfer_not_sent", f"transfer {number} is {transfer['state']}", "number")
    warehouse = tx.one("SELECT code, time_zone FROM warehouse WHERE id = :w")
    sent_on = datetime.fromtimestamp(transfer["sent_at_ms"] / 1000, ZoneInfo(warehouse["time_zone"])).date()
    return {
        "number": transfer["number"], "kind": "transfer", "source": warehouse["code"],
        "received_on": sent_on.isoformat(),
        "lines": [],  # nothing goes loose
        "units": [
            {"sscc": pallet["code"], "parent_sscc": pallet["parent"] or "", "lines": _unit_lines(tx, pallet["id"])}
            for pallet in tx.all(
                "SELECT p.id, p.code, o.code AS parent FROM lpn p LEFT JOIN lpn o ON o.warehouse_id = p.warehouse_id"
                " AND o.id = p.parent_lpn_id WHERE p.warehouse_id = :w AND p.transfer_id = :id ORDER BY p.id",
                id=transfer["id"],
            )
        ],
    }  # fmt: skip


def arrived(tx: Tx, actor: Actor, number: str, lines: Sequence[Mapping[str, Any]]) -> bool:
    """The other end says what it received: the rest was lost on the way. False when it said the same before.

    `lines`: {sku, qty_each, lot?, expiry_on?, received_on?}; a line that leaves the layer open fills the oldest first.

    Raises:
        NotFound: no such transfer; Conflict: it is not on its way, or another arrival was reported;
        DomainError: an item that is not on the transfer.
    """
    transfer = _known(tx, number)
    if transfer["state"] not in (TransferState.SENT, TransferState.RECEIVED):
        raise Conflict("transfer_not_sent", f"transfer {number} is {transfer['state']}", "number")
    parts = _parts(tx, transfer["id"])
    came, over = _spread(parts, lines)
    if transfer["state"] == TransferState.RECEIVED:
        if came != {part["layer_id"]: part["arrived_each"] for part in parts} or over != _came_over(tx, transfer["id"]):
            raise Conflict("transfer_received", f"another arrival of {number} was reported", "number")
        return False
    _step(tx, transfer["id"], TransferState.SENT, TransferState.RECEIVED, "received_at_ms")
    for part in parts:
        arrived_each = came[part["layer_id"]]
        tx.put(
            "UPDATE transfer_part SET arrived_each = :qty WHERE warehouse_id = :w AND transfer_id = :id"
            " AND layer_id = :layer",
            id=transfer["id"], layer=part["layer_id"], qty=arrived_each,
        )  # fmt: skip
        _count(tx, transfer["id"], part["item_id"], arrived_each)
        if arrived_each < part["sent_each"]:
            lost = Move(
                part["layer_id"], part["item_id"], ledger.VIRTUAL_IDS[Virtual.IN_TRANSIT],
                ledger.VIRTUAL_IDS[Virtual.ADJUSTMENT], part["sent_each"] - arrived_each, MoveReason.ADJUST,
                why=Why.LOST,
            )  # fmt: skip
            ledger.post(tx, actor, [lost])
    for item_id, over_each in over.items():
        _count(tx, transfer["id"], item_id, over_each)
    # A pallet that came home meanwhile stands where it stands.
    tx.put(
        "UPDATE lpn SET location_id = :there WHERE warehouse_id = :w AND transfer_id = :id AND location_id = :away",
        id=transfer["id"], there=ledger.VIRTUAL_IDS[Virtual.CUSTOMER], away=ledger.VIRTUAL_IDS[Virtual.IN_TRANSIT],
    )  # fmt: skip
    tell(tx, "board", "TransferArrived", actor.scan_id, transfer=number)
    return True


def pallets_of(tx: Tx, transfer_id: int) -> Sequence[Any]:
    """The pallets loaded for, or sent on, a transfer."""
    return tx.all(
        "SELECT id, code, location_id FROM lpn WHERE warehouse_id = :w AND transfer_id = :id ORDER BY id",
        id=transfer_id,
    )


def _check_number(number: str) -> None:
    try:
        own_code("X", number)
    except BadCode as error:
        raise DomainError("bad_number", f"transfer number: {error}", "number") from error
    if len(number) > NUMBER_MAX:
        raise DomainError("bad_number", f"a transfer number has at most {NUMBER_MAX} characters", "number")


def _known(tx: Tx, number: str) -> Any:
    row = tx.one("SELECT * FROM transfer WHERE warehouse_id = :w AND number = :n", n=number)
    if row is None:
        raise NotFound("unknown_transfer", f"no transfer {number!r}", "number")
    return row


def _step(tx: Tx, transfer_id: int, before: TransferState, after: TransferState, clock: str = "") -> None:
    stamp = f", {clock} = :now" if clock else ""
    stepped = tx.run(
        f"UPDATE transfer SET state = :after{stamp} WHERE warehouse_id = :w AND id = :id AND state = :before",
        id=transfer_id, before=before, after=after, **({"now": tx.now_ms} if clock else {}),
    )  # fmt: skip
    if stepped != 1:
        raise Conflict("transfer_changed", "somebody was faster", "number")


def _parts(tx: Tx, transfer_id: int) -> list[Any]:
    """What left, oldest first."""
    rows = tx.all(
        "SELECT a.layer_id, a.sent_each, a.arrived_each, y.item_id, y.lot, y.expiry_on, y.serial, y.received_on,"
        " i.sku, i.rotation, i.tolerance_days FROM transfer_part a"
        " JOIN layer y ON y.warehouse_id = a.warehouse_id AND y.id = a.layer_id"
        " JOIN item i ON i.warehouse_id = y.warehouse_id AND i.id = y.item_id"
        " WHERE a.warehouse_id = :w AND a.transfer_id = :id",
        id=transfer_id,
    )
    return sorted(rows, key=lambda row: (row["item_id"], age_of(row)))


def _unit_lines(tx: Tx, lpn_id: int) -> list[dict[str, Any]]:
    """What one pallet carried when it left; closed cases apart from loose units."""
    rows = tx.all(
        "SELECT i.sku, y.lot, y.expiry_on, y.serial, y.received_on, y.case_each, y.unit_cost_minor,"
        " m.qty_each, m.sealed_to_each"
        " FROM stock_move m JOIN layer y ON y.warehouse_id = m.warehouse_id AND y.id = m.layer_id"
        " JOIN item i ON i.warehouse_id = y.warehouse_id AND i.id = y.item_id"
        " WHERE m.warehouse_id = :w AND m.to_lpn_id = :lpn AND m.reason = 'send'"
        " ORDER BY i.sku, y.received_on, m.id",
        lpn=lpn_id,
    )
    lines: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        for case_each, qty_each in (
            (row["case_each"], row["sealed_to_each"]), (0, row["qty_each"] - row["sealed_to_each"])
        ):  # fmt: skip
            if qty_each <= 0:
                continue
            key = (row["sku"], row["lot"], row["expiry_on"], row["received_on"], case_each, row["unit_cost_minor"])
            line = lines.setdefault(
                key,
                {
                    "sku": row["sku"], "qty_each": 0, "lot": row["lot"], "expiry_on": row["expiry_on"],
                    "received_on": row["received_on"], "case_each": case_each,
                    "unit_cost_minor": row["unit_cost_minor"], "serials": [],
                },
            )  # fmt: skip
            line["qty_each"] += qty_each
            if row["serial"]:
                line["serials"].append(row["serial"])
    return list(lines.values())


def _spread(parts: Sequence[Any], lines: Sequence[Mapping[str, Any]]) -> tuple[dict[int, int], dict[int, int]]:
    """Units arrived by layer, and by item those that nobody sent."""
    came = {part["layer_id"]: 0 for part in parts}
    over: dict[int, int] = {}
    # Lines that name their layer first: one that does not must not take the place of one that does.
    for place, line in sorted(enumerate(lines), key=lambda entry: -_precision(entry[1])):
        of_item = [part for part in parts if part["sku"].upper() == line["sku"].upper()]
        if not of_item:
            raise DomainError("not_on_transfer", f"no {line['sku']!r} was sent", f"lines[{place}].sku")
        left_each = line["qty_each"]
        for part in of_item:
            if not _is_of(part, line):
                continue
            part_each = min(left_each, part["sent_each"] - came[part["layer_id"]])
            came[part["layer_id"]] += part_each
            left_each -= part_each
        if left_each:
            over[of_item[0]["item_id"]] = over.get(of_item[0]["item_id"], 0) + left_each
    return came, over


def _came_over(tx: Tx, transfer_id: int) -> dict[int, int]:
    """What was reported beyond what was sent, by item."""
    rows = tx.all(
        "SELECT n.item_id, n.arrived_each - COALESCE((SELECT SUM(a.arrived_each) FROM transfer_part a JOIN layer y"
        " ON y.warehouse_id = a.warehouse_id AND y.id = a.layer_id WHERE a.warehouse_id = n.warehouse_id"
        " AND a.transfer_id = n.transfer_id AND y.item_id = n.item_id), 0) AS over_each FROM transfer_line n"
        " WHERE n.warehouse_id = :w AND n.transfer_id = :id",
        id=transfer_id,
    )
    return {row["item_id"]: row["over_each"] for row in rows if row["over_each"]}


def _precision(line: Mapping[str, Any]) -> int:
    return sum(bool(line.get(name)) for name in ("lot", "expiry_on", "received_on"))


def _is_of(part: Any, line: Mapping[str, Any]) -> bool:
    return all(not line.get(name) or line[name] == part[name] for name in ("lot", "expiry_on", "received_on"))


def _count(tx: Tx, transfer_id: int, item_id: int, arrived_each: int) -> None:
    tx.put(
        "UPDATE transfer_line SET arrived_each = arrived_each + :qty WHERE warehouse_id = :w AND transfer_id = :id"
        " AND item_id = :item",
        id=transfer_id, item=item_id, qty=arrived_each,
    )  # fmt: skip


def _differences(lines: Sequence[Any], parts: Sequence[Any]) -> list[dict[str, Any]]:
    found = []
    for line in lines:
        of_item = [part for part in parts if part["sku"] == line["sku"]]
        lost_each = sum(part["sent_each"] - part["arrived_each"] for part in of_item)
        over_each = line["arrived_each"] - sum(part["arrived_each"] for part in of_item)
        if lost_each or over_each:
            found.append({"sku": line["sku"], "lost_each": lost_each, "over_each": over_each})
    return found
