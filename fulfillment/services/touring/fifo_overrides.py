"""A supervisor sends a stop to other goods than FIFO gave it, with a reason, before anybody has gone there.

Owns the look before and the act; what passes over older goods is written down beside the promise it explains, so that
the FIFO audit tells it from a mistake. Refuses in words what `domain.overriding` refuses. Invariant: an override has a
person who answers for it, and is judged by the goods as they were shown.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fulfillment.domain.chaining import AuditKind
from fulfillment.domain.overriding import Goods
from fulfillment.domain.reasons import PASSING_OVER, Conflict, DomainError, NotFound
from fulfillment.domain.wave_acts import WaveAct
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.records import audit_log
from fulfillment.services.releasing import wave_acts
from fulfillment.services.releasing.waves import LARGEST_ID
from fulfillment.services.stock import ledger
from fulfillment.services.touring import stop_goods

NOTE_MAX = 200
SHOWN = 200

_SAID = {
    "same_goods": "the stop has these goods already",
    "goods_held": "these goods are held",
    "goods_expired": "these goods expired, or have less life left than is owed",
    "nobody_picks": "nobody picks from this place",
    "older_in_front": "a hand at this place takes older goods first",
    "not_enough_free": "fewer units are free there than the stop fetches",
}


def look(tx: Tx, wave_id: int, task_id: int) -> dict[str, Any]:
    """What a stop fetches, and all goods of its item in FIFO's order: `is_first` what FIFO would take.

    Raises:
        NotFound: no such stop in this wave.
    """
    row = _stop(tx, wave_id, task_id)
    own = stop_goods.promises(tx, row["id"])
    found = stop_goods.goods(tx, row, own)
    is_open = row["state"] == "open"
    return {
        "wave": row["wave_id"], "tour": row["tour_id"], "stop": row["id"], "state": row["state"],
        "is_begun": is_open and stop_goods.is_begun(row), "order": row["number"], "sku": row["sku"],
        "name": row["name"], "qty_each": stop_goods.left_each(row), "location": row["location"],
        "rotation": row["rotation"], "tolerance_days": row["tolerance_days"], "min_life_days": row["min_life_days"],
        "version": stop_goods.version(row, own), "goods": [_shown(one) for one in found[:SHOWN]],
        "left_off": max(0, len(found) - SHOWN),
    }  # fmt: skip


def override(
    tx: Tx, actor: Actor, wave_id: int, task_id: int, location: str, layer_id: int, why: str, seen: str,
    note: str = "", badge: str = "", may_without_badge: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Have a stop fetch these goods; `seen` is the version of the look it was chosen by.

    Raises:
        NotFound: no such wave, stop, place or layer; Conflict: the stop is done or begun, its goods changed since, or
            the goods cannot be chosen; DomainError: no supervisor, no reason, goods of another item.
    """
    person_id = _answers(tx, actor, badge, may_without_badge)
    if why not in PASSING_OVER:
        raise DomainError("bad_reason", f"one of {', '.join(PASSING_OVER)}", "why")
    if len(note.strip()) > NOTE_MAX:
        raise DomainError("bad_note", f"{NOTE_MAX} characters at most", "note")
    wave_acts.open_wave(tx, wave_id)
    row = stop_goods.hold(tx, _stop(tx, wave_id, task_id)["id"])
    own = stop_goods.promises(tx, row["id"])
    if stop_goods.version(row, own) != seen:
        raise Conflict("changed_since", "the stop's goods were changed since they were looked at", "version")
    found = stop_goods.goods(tx, row, own)
    chosen = _chosen(tx, row, found, location.strip(), layer_id)
    if chosen.unfit is not None:
        raise Conflict(chosen.unfit.value, _SAID[chosen.unfit], "layer")
    was = next((one for one in found if one.own_each), None)
    parts = [(chosen.first.location_id, *part) for part in chosen.parts(stop_goods.left_each(row))]
    act = wave_acts.note(
        tx, actor, WaveAct.OVERRIDE, person_id, row["wave_id"], row["tour_id"],
        f"{row['number']}, {row['sku']} {stop_goods.left_each(row)}: {row['location']} → {chosen.first.location_code}",
        task_id=row["id"], before={"goods": stop_goods.as_parts(own)},
        after={"goods": sorted(parts), **_told(row, was, chosen, why, note.strip())},
    )  # fmt: skip
    stop_goods.give_up(tx, actor, own, ledger.OVERRIDDEN)
    if chosen.passes_over is not None:
        for location_id, part_layer_id, qty_each in parts:
            tx.add(
                "fifo_override", order_id=row["order_id"], item_id=row["item_id"], location_id=location_id,
                layer_id=part_layer_id, qty_each=qty_each, why=why, after_move_id=ledger.last_move_id(tx),
                supervisor_id=person_id, operator_id=actor.operator_id, scan_id=actor.scan_id,
                recorded_at_ms=tx.now_ms, wave_act_id=act["number"],
            )  # fmt: skip
    stop_goods.move(tx, actor, row, parts, ledger.OVERRIDDEN, f"fifo:{act['number']}")
    # Who answers for it is told for good; the note is free text, and may be somebody's own.
    content = {"act": act["number"], **{name: value for name, value in act["override"].items() if name != "note"}}
    audit_log.append(tx, AuditKind.API, replace(actor, operator_id=person_id), f"override {row['number']}", content)
    return act


def _stop(tx: Tx, wave_id: int, task_id: int) -> Any:
    row = stop_goods.stop(tx, min(task_id, LARGEST_ID))
    if row["wave_id"] != wave_id:
        raise NotFound("unknown_stop", f"no stop {task_id} in wave {wave_id}", "stop")
    return row


def _answers(tx: Tx, actor: Actor, badge: str, may_without: bool) -> int:
    """Who lets older goods lie. A program's token names a badge too: a reason without a person answers for nothing."""
    person_id = wave_acts.supervisor(tx, badge, may_without) or actor.operator_id
    if person_id is None:
        raise DomainError("unknown_badge", "say by a supervisor's badge who lets older goods lie", "badge")
    return person_id


def _chosen(tx: Tx, row: Any, found: list[Goods], location: str, layer_id: int) -> Goods:
    place = tx.one("SELECT id FROM location WHERE warehouse_id = :w AND code = :code", code=location)
    if place is None:
        raise NotFound("unknown_place", f"no place {location[:40]!r} in this warehouse", "location")
    layer = tx.one("SELECT item_id FROM layer WHERE warehouse_id = :w AND id = :id", id=min(layer_id, LARGEST_ID))
    if layer is None:
        raise NotFound("unknown_layer", f"no layer {layer_id} in this warehouse", "layer")
    if layer["item_id"] != row["item_id"]:
        raise DomainError("other_item", f"layer {layer_id} is of another item than {row['sku']}", "layer")
    here = [
        one
        for one in found
        if any(part.location_id == place["id"] and part.layer.layer_id == layer_id for part in one.lying)
    ]
    if not here:
        raise Conflict("not_enough_free", f"none of it lies at {location[:40]}", "layer")
    # The same layer can lie here in two conditions: what may be chosen of it is meant.
    return min(here, key=lambda one: one.rank == 0)


def _shown(one: Goods) -> dict[str, Any]:
    first = one.first
    return {
        "location": first.location_code, "layer": first.layer.layer_id, "received_on": first.layer.received_on,
        "expiry_on": first.layer.expiry_on, "lot": first.lot, "status": first.status, "on_hand_each": one.on_hand_each,
        "free_each": one.free_each, "own_each": one.own_each, "rank": one.rank, "is_first": one.is_first,
        "unfit": one.unfit.value if one.unfit else "",
    }  # fmt: skip


def _told(row: Any, was: Goods | None, chosen: Goods, why: str, note: str) -> dict[str, Any]:
    """What is kept of an override for people, as it was known at that moment."""
    passed = chosen.passes_over
    return {
        "order": row["number"], "sku": row["sku"], "qty_each": stop_goods.left_each(row), "from": row["location"],
        "from_received_on": was.first.layer.received_on if was else "",
        "from_expiry_on": was.first.layer.expiry_on if was else "", "to": chosen.first.location_code,
        "to_received_on": chosen.first.layer.received_on, "to_expiry_on": chosen.first.layer.expiry_on,
        "to_lot": chosen.first.lot, "rank": chosen.rank, "was_rank": was.rank if was else 0,
        "passed_received_on": passed.received_on if passed else "",
        "passed_expiry_on": passed.expiry_on if passed else "", "why": why, "note": note,
    }  # fmt: skip
