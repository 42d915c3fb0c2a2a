"""Stock set aside, freed and adjusted: the same use cases behind the scan dialogue, the API and the imports.

Each needs a reason code, and moves units nobody was promised. Refuses a reason that does not fit, and to find units
of goods that were never received. Invariant: every such move carries its reason in `stock_move.why`; asked for
twice under one reference, it happens once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fulfillment.domain.counting import choose_layer_for_surplus
from fulfillment.domain.fifo import Layer
from fulfillment.domain.moving import MOVABLE_KINDS, REASONS_FOR, STATUS_AFTER, statuses_for
from fulfillment.domain.reasons import Conflict, DomainError, MoveReason, NotFound, Refused, Reject, Rejected, Why
from fulfillment.domain.stock import NO_LPN, STORAGE_KINDS, LocationKind, Move, Status, Virtual
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.counting import count_book
from fulfillment.services.stock import allocate, ledger, lying, references
from fulfillment.services.stock.lying import Units, Wanted


@dataclass(frozen=True)
class ChangeIn:
    """A change a program asks for; `change` is ADJUST, HOLD, DAMAGED or FREE. With a `reference` it happens once."""

    change: str
    location: str
    sku: str
    qty_each: int
    why: str
    lot: str = ""
    serial: str = ""
    layer: int | None = None
    lpn: str = ""
    status: str = ""
    reference: str = ""


def ask(tx: Tx, actor: Actor, asked: ChangeIn) -> tuple[dict[str, Any], bool]:
    """Carry a program's change out: what became of it, and whether it is new.

    Raises:
        NotFound: no such location, item or pallet;
        DomainError: a reason that does not fit;
        Conflict: the units are not there, promised or sealed; or the reference came before with other content.
    """
    sha256 = hashlib.sha256(json.dumps(asdict(asked), sort_keys=True).encode()).hexdigest()
    known = references.answer_to(tx, asked.reference, sha256)
    if known is not None:
        return known, False
    if asked.why not in REASONS_FOR[asked.change]:
        fitting = ", ".join(REASONS_FOR[asked.change])
        raise DomainError("reason_required", f"{asked.why!r} is none of {fitting}", "why")
    location, item, lpn_id = _named(tx, asked)
    wanted = Wanted(item["id"], asked.qty_each, asked.lot, "", asked.serial, asked.layer)
    try:
        with tx.savepoint():
            units = change(tx, actor, location, lpn_id, wanted, asked.change, asked.why, asked.status)
    except Refused as refused:
        rejected = refused.rejected
        said = ", ".join(
            f"{name} {value}" for name, value in (("expected", rejected.expected), ("got", rejected.got)) if value
        )
        raise Conflict(rejected.code, said or f"{asked.sku} in {asked.location}") from refused
    outcome = {
        "change": asked.change.lower(), "location": location["code"], "sku": item["sku"], "qty_each": asked.qty_each,
        "why": asked.why, "lpn": asked.lpn or None, "reference": asked.reference or None,
        "layers": [
            {"layer": part.layer_id, "lot": part.lot, "received_on": part.received_on, "status": part.status,
             "qty_each": part.qty_each}
            for part in units
        ],
    }  # fmt: skip
    references.keep_answer(tx, asked.reference, sha256, outcome)
    return outcome, True


def change(
    tx: Tx, actor: Actor, location: Any, lpn_id: int, wanted: Wanted, kind: str, why: str, status: str = ""
) -> list[Units]:
    """Set units aside, free or adjust them where they lie; `status` names the condition they are in.

    Raises:
        Refused: the reason does not fit, or the units are not there to be changed.
    """
    if why not in REASONS_FOR[kind]:
        raise Refused(Rejected(Reject.REASON_REQUIRED, expected=" or ".join(REASONS_FOR[kind]), got=why))
    if location["kind"] not in MOVABLE_KINDS:
        raise Refused(Rejected(Reject.WRONG_LOCATION, expected="storage, quarantine, a dock or staging"))
    if kind != "ADJUST":
        return _turn(tx, actor, location, lpn_id, wanted, kind, why, status)
    if why == Why.FOUND:
        return [_find(tx, actor, location, lpn_id, wanted, status)]
    units = lying.choose_units(tx, location, lpn_id, wanted, statuses_for(kind, status))
    for part in units:
        lying.carry(
            tx, actor, part, (location["id"], lpn_id), (ledger.VIRTUAL_IDS[Virtual.ADJUSTMENT], NO_LPN),
            MoveReason.ADJUST, why=why,
        )  # fmt: skip
    tell(tx, "board", "StockAdjusted", actor.scan_id, location=location["code"], why=why, qty_each=-wanted.qty_each)
    return units


def _turn(
    tx: Tx, actor: Actor, location: Any, lpn_id: int, wanted: Wanted, kind: str, why: str, status: str
) -> list[Units]:
    becomes = STATUS_AFTER[kind]
    units = lying.choose_units(tx, location, lpn_id, wanted, statuses_for(kind, status))
    here = (location["id"], lpn_id)
    for part in units:
        lying.carry(tx, actor, part, here, here, MoveReason.HOLD, why=why, to_status=becomes)
    tell(tx, "board", "StockSetAside", actor.scan_id, location=location["code"], status=becomes, why=why)
    if becomes == Status.AVAILABLE and lpn_id == NO_LPN and location["kind"] in STORAGE_KINDS:
        allocate.allocate_waiting(tx, actor, wanted.item_id)
    return [Units(part.layer_id, part.item_id, becomes, part.qty_each, part.received_on, part.lot) for part in units]


def _find(tx: Tx, actor: Actor, location: Any, lpn_id: int, wanted: Wanted, status: str) -> Units:
    """More lies here than the book says: units come back from ADJUSTMENT as the layer they most likely are."""
    item = tx.one(
        "SELECT id, sku, rotation, tolerance_days, tracks_serial FROM item WHERE warehouse_id = :w AND id = :id",
        id=wanted.item_id,
    )
    _check_alone(tx, location, lpn_id, wanted.item_id)
    row = _found_layer(tx, location, lpn_id, item, wanted)
    in_quarantine = location["kind"] == LocationKind.QUARANTINE
    arrives = Status(status) if status else Status.QUARANTINE if in_quarantine else Status.AVAILABLE
    move = Move(
        row["layer_id"], item["id"], ledger.VIRTUAL_IDS[Virtual.ADJUSTMENT], location["id"], wanted.qty_each,
        MoveReason.ADJUST, to_lpn_id=lpn_id, to_status=arrives, why=Why.FOUND,
    )  # fmt: skip
    ledger.post(tx, actor, [move])
    tell(
        tx, "board", "StockAdjusted", actor.scan_id, location=location["code"], why=Why.FOUND, qty_each=wanted.qty_each
    )
    if arrives == Status.AVAILABLE and lpn_id == NO_LPN and location["kind"] in STORAGE_KINDS:
        allocate.allocate_waiting(tx, actor, item["id"])
    return Units(row["layer_id"], item["id"], arrives, wanted.qty_each, row["received_on"], row["lot"])


def _check_alone(tx: Tx, location: Any, lpn_id: int, item_id: int) -> None:
    if lpn_id != NO_LPN or location["kind"] not in STORAGE_KINDS:
        return
    other = tx.one(
        "SELECT i.sku FROM stock_balance b JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
        " WHERE b.warehouse_id = :w AND b.location_id = :location AND b.item_id <> :item LIMIT 1",
        location=location["id"], item=item_id,
    )  # fmt: skip
    if other is not None:
        raise Refused(Rejected(Reject.MIXED_ITEM, expected=other["sku"], got=location["code"]))


def _found_layer(tx: Tx, location: Any, lpn_id: int, item: Any, wanted: Wanted) -> Any:
    known = [row for row in _layers(tx, item["id"]) if _fits(row, wanted)]
    if item["tracks_serial"]:
        # Every unit of a serial item is a layer of its own, and can lie in one place only.
        if not wanted.serial or wanted.qty_each != 1:
            raise Refused(Rejected(Reject.SERIAL_REQUIRED, expected="one unit with its serial", got=item["sku"]))
        if not known:
            raise Refused(Rejected(Reject.SERIAL_UNKNOWN, got=wanted.serial))
        if any(row["lying_each"] for row in known):
            raise Refused(Rejected(Reject.SERIAL_KNOWN, expected="a serial that lies nowhere", got=wanted.serial))
        # A unit that left and came again has a layer of each time: it is the one that came last.
        last = max(known, key=lambda row: row["layer_id"])
        count_book.where_is(tx, last["layer_id"])
        return last
    here_ids = {
        row["layer_id"]
        for row in tx.all(
            "SELECT layer_id FROM stock_balance WHERE warehouse_id = :w AND location_id = :location AND lpn_id = :lpn"
            " AND item_id = :item",
            location=location["id"], lpn=lpn_id, item=item["id"],
        )
    }  # fmt: skip
    by_id = {row["layer_id"]: row for row in known}
    layers = {row["layer_id"]: Layer(row["layer_id"], row["received_on"], row["expiry_on"]) for row in known}
    chosen = choose_layer_for_surplus(
        [layer for layer_id, layer in layers.items() if layer_id in here_ids], list(layers.values()),
        item["rotation"], item["tolerance_days"],
    )  # fmt: skip
    if chosen is None:
        raise Refused(Rejected(Reject.NOTHING_HERE, expected="goods that were received once", got=item["sku"]))
    return by_id[chosen.layer_id]


def _layers(tx: Tx, item_id: int) -> Sequence[Any]:
    return tx.all(
        "SELECT y.id AS layer_id, y.received_on, y.expiry_on, y.lot, y.serial, COALESCE((SELECT SUM(b.on_hand_each)"
        " FROM stock_balance b WHERE b.warehouse_id = y.warehouse_id AND b.item_id = y.item_id"
        " AND b.layer_id = y.id), 0) AS lying_each FROM layer y WHERE y.warehouse_id = :w AND y.item_id = :item",
        item=item_id,
    )


def _fits(row: Any, wanted: Wanted) -> bool:
    return (
        (wanted.layer_id is None or row["layer_id"] == wanted.layer_id)
        and (not wanted.lot or row["lot"] == wanted.lot)
        and (not wanted.expiry_on or not row["expiry_on"] or row["expiry_on"] == wanted.expiry_on)
        and (not wanted.serial or row["serial"] == wanted.serial)
    )


def _named(tx: Tx, asked: ChangeIn) -> tuple[Any, Any, int]:
    location = tx.one(
        "SELECT id, code, kind FROM location WHERE warehouse_id = :w AND code = :code", code=asked.location
    )
    if location is None:
        raise NotFound("unknown_location", f"no location {asked.location!r}", "location")
    item = tx.one("SELECT id, sku FROM item WHERE warehouse_id = :w AND sku_key = :key", key=asked.sku.upper())
    if item is None:
        raise NotFound("unknown_sku", f"no item {asked.sku!r}", "sku")
    if not asked.lpn:
        return location, item, NO_LPN
    pallet = tx.one(
        "SELECT id, location_id FROM lpn WHERE warehouse_id = :w AND code = :code AND kind = 'pallet'", code=asked.lpn
    )
    if pallet is None or pallet["location_id"] != location["id"]:
        raise NotFound("unknown_lpn", f"no pallet {asked.lpn!r} in {asked.location}", "lpn")
    return location, item, pallet["id"]
