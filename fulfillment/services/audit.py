"""FIFO, proved afterwards: replay ledger and promises in order, name whatever passed over older goods.

Each promise is judged by what was free at that moment, with the same ranking allocation uses, so a promise
of newer goods is a finding exactly when older ones could have been promised. It reads and never repairs.
Rows stream past once; kept is only what lies in storage at the moment reached.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fulfillment.domain.fifo import Layer, is_older, rank
from fulfillment.domain.reasons import MoveReason
from fulfillment.domain.stock import STORAGE_KINDS, Status
from fulfillment.hot import Tx
from fulfillment.services import allocate, ledger
from fulfillment.services.actor import Actor

EXCHANGED = "exchanged"  # the note of a promise that changed owners inside one location
PLANTED = "planted"


@dataclass
class _Lying:
    """One layer in one storage location at the moment reached."""

    on_hand_each: int = 0
    promised_each: int = 0


@dataclass(frozen=True)
class _Aged:
    """A layer with its place in its item's rotation, worked out once: a lower age leaves first."""

    layer: Layer
    age: int
    tolerance_days: int


@dataclass
class _Replay:
    """The floor at one moment of its past."""

    storage: frozenset[int]
    layers: dict[int, _Aged]
    lying: dict[int, dict[tuple[int, int], _Lying]] = field(default_factory=dict)  # item → (location, layer)
    kept: dict[tuple[int, int, int], int] = field(default_factory=dict)  # (order, location, layer): picked next
    owed: dict[tuple[int, int, int], int] = field(default_factory=dict)  # (order, item, location): given up to swap
    swapped: list[Any] = field(default_factory=list)
    found: list[dict[str, Any]] = field(default_factory=list)

    def at(self, item_id: int, location_id: int, layer_id: int) -> _Lying:
        """That layer in that location."""
        parts = self.lying.get(item_id)
        if parts is None:
            parts = self.lying[item_id] = {}
        lying = parts.get((location_id, layer_id))
        if lying is None:
            lying = parts[location_id, layer_id] = _Lying()
        return lying

    def forget_if_gone(self, item_id: int, location_id: int, layer_id: int, lying: _Lying) -> None:
        """What lies nowhere is not looked at again."""
        if lying.on_hand_each == 0 and lying.promised_each == 0:
            del self.lying[item_id][location_id, layer_id]


# Only what enters or leaves a place where stock can be promised; the way over cart, bench and truck is not at stake.
_MOVES = (
    "WITH storage AS (SELECT id FROM location WHERE warehouse_id = :w AND kind IN ('bin', 'reserve', 'flow_rack'))"
    " SELECT id, layer_id, item_id, from_location_id, to_location_id, from_lpn_id, to_lpn_id, from_status, to_status,"
    " qty_each, reason, order_id, operator_id, recorded_at_ms FROM stock_move WHERE warehouse_id = :w"
    " AND ((from_lpn_id = 0 AND from_status = 'available' AND from_location_id IN (SELECT id FROM storage))"
    " OR (to_lpn_id = 0 AND to_status = 'available' AND to_location_id IN (SELECT id FROM storage))) ORDER BY id"
)
_ENTRIES = (
    "SELECT order_id, item_id, location_id, layer_id, delta_each, reason, after_move_id, operator_id, note,"
    " recorded_at_ms FROM allocation_entry WHERE warehouse_id = :w ORDER BY id"
)


def fifo_audit(source: Any, warehouse_id: int = 1) -> dict[str, Any]:
    """Every promise, and every pick without one, that passed over older free goods.

    `source` is a driver connection whose rows answer to names (a snapshot), or a transaction.
    """
    replay = _Replay(_storage(source, warehouse_id), _layers(source, warehouse_id))
    moves = _rows(source, warehouse_id, _MOVES)
    promises = 0
    move = next(moves, None)
    for entry in _rows(source, warehouse_id, _ENTRIES):
        after_move_id = entry["after_move_id"]
        while move is not None and move["id"] <= after_move_id:
            _move(replay, move)
            move = next(moves, None)
        promises += entry["reason"] == "allocate"
        _enter(replay, entry)
    while move is not None:
        _move(replay, move)
        move = next(moves, None)
    _judge_swaps(replay)
    violations = [_named(source, warehouse_id, finding) for finding in replay.found]
    return {"ok": not violations, "violations": violations, "promises": promises}


def in_words(violation: dict[str, Any]) -> str:
    """One finding as a line for a person."""
    why = f" ({violation['why']})" if violation["why"] else ""
    return (
        f"{violation['when']} order {violation['order']}: {violation['qty_each']} of {violation['sku']} received"
        f" {violation['received_on']} at {violation['location']}, while {violation['older_free_each']} received"
        f" {violation['older_received_on']} lay free at {violation['older_location']}; by {violation['who']}{why}"
    )


def plant_fifo_break(tx: Tx) -> dict[str, Any] | None:
    """Break FIFO on purpose, so that the audit can be seen to find it; None when no promise can be broken.

    A promise nobody walks for yet is given up and goes to a newer layer that is free.
    """
    for promise in tx.all(
        "SELECT a.*, i.sku, i.rotation, i.tolerance_days, y.received_on, y.expiry_on, o.number FROM allocation a"
        " JOIN item i ON i.warehouse_id = a.warehouse_id AND i.id = a.item_id"
        " JOIN layer y ON y.warehouse_id = a.warehouse_id AND y.id = a.layer_id"
        " JOIN sales_order o ON o.warehouse_id = a.warehouse_id AND o.id = a.order_id"
        " LEFT JOIN task k ON k.warehouse_id = a.warehouse_id AND k.id = a.task_id"
        " LEFT JOIN tour t ON t.warehouse_id = k.warehouse_id AND t.id = k.tour_id"
        " WHERE a.warehouse_id = :w AND a.qty_each > 0 AND (a.task_id IS NULL OR (t.state = 'planned'"
        " AND k.done_each = 0 AND k.qty_each = a.qty_each)) ORDER BY a.id"
    ):
        older = Layer(promise["layer_id"], promise["received_on"], promise["expiry_on"])
        for stock in allocate.free_stock(tx, promise["item_id"]):
            newer = is_older(older, stock.layer, promise["rotation"], promise["tolerance_days"])
            if newer and stock.free_each >= promise["qty_each"]:
                return _break(tx, promise, stock.location_id, stock.location_code, stock.layer)
    return None


def _rows(source: Any, warehouse_id: int, sql: str, **params: Any) -> Iterator[Any]:
    if hasattr(source, "all"):
        return iter(source.all(sql, **params))
    return iter(source.execute(sql, {"w": warehouse_id, **params}))


def _storage(source: Any, warehouse_id: int) -> frozenset[int]:
    rows = _rows(source, warehouse_id, "SELECT id, kind FROM location WHERE warehouse_id = :w")
    return frozenset(row["id"] for row in rows if row["kind"] in STORAGE_KINDS)


def _layers(source: Any, warehouse_id: int) -> dict[int, _Aged]:
    aged = {}
    for row in _rows(
        source, warehouse_id,
        "SELECT y.id, y.received_on, y.expiry_on, i.rotation, i.tolerance_days FROM layer y"
        " JOIN item i ON i.warehouse_id = y.warehouse_id AND i.id = y.item_id WHERE y.warehouse_id = :w",
    ):  # fmt: skip
        layer = Layer(row["id"], row["received_on"], row["expiry_on"])
        aged[row["id"]] = _Aged(layer, rank(layer, row["rotation"])[0], row["tolerance_days"])
    return aged


def _move(replay: _Replay, move: Any) -> None:
    if replay.swapped:
        _judge_swaps(replay)
    (
        _, layer_id, item_id, from_location_id, to_location_id, from_lpn_id, to_lpn_id, from_status, to_status,
        qty_each, reason, _, _, _,
    ) = move  # fmt: skip
    if from_lpn_id == 0 and from_status == Status.AVAILABLE and from_location_id in replay.storage:
        if reason == MoveReason.PICK:
            _pick(replay, move)
        lying = replay.at(item_id, from_location_id, layer_id)
        lying.on_hand_each -= qty_each
        replay.forget_if_gone(item_id, from_location_id, layer_id, lying)
    if to_lpn_id == 0 and to_status == Status.AVAILABLE and to_location_id in replay.storage:
        replay.at(item_id, to_location_id, layer_id).on_hand_each += qty_each


def _pick(replay: _Replay, move: Any) -> None:
    """Units leave for a tote. Their promise was entered as kept just before; without one, age is judged now."""
    key = (move["order_id"], move["from_location_id"], move["layer_id"])
    kept_each = min(replay.kept.get(key, 0), move["qty_each"])
    if kept_each:
        replay.kept[key] -= kept_each
        replay.at(move["item_id"], move["from_location_id"], move["layer_id"]).promised_each -= kept_each
    if kept_each < move["qty_each"]:
        _judge(
            replay, move["order_id"], move["item_id"], move["from_location_id"], move["layer_id"],
            move["qty_each"] - kept_each, move["recorded_at_ms"], move["operator_id"], "picked without a promise",
        )  # fmt: skip


def _enter(replay: _Replay, entry: Any) -> None:
    order_id, item_id, location_id, layer_id, delta_each, reason, _, _, note, _ = entry
    is_swap = note.startswith(EXCHANGED)
    if not is_swap and (replay.swapped or replay.owed):
        _judge_swaps(replay)
    if reason == "pick":
        # The units stay promised until their move takes them away: between the two nothing is free.
        key = (order_id, location_id, layer_id)
        replay.kept[key] = replay.kept.get(key, 0) - delta_each
        return
    lying = replay.at(item_id, location_id, layer_id)
    lying.promised_each += delta_each
    replay.forget_if_gone(item_id, location_id, layer_id, lying)
    debt = (order_id, item_id, location_id)
    if reason == "release":
        if is_swap:
            replay.owed[debt] = replay.owed.get(debt, 0) - delta_each
        return
    if is_swap and replay.owed.get(debt, 0) >= delta_each:
        # What this order gave up in this location it gets back in another layer: judged when the swap is done.
        replay.owed[debt] -= delta_each
        replay.swapped.append(entry)
        return
    _judge_entry(replay, entry)


def _judge_swaps(replay: _Replay) -> None:
    """Swaps are over: a swap may not leave older units free in the very location it happened in."""
    for entry in replay.swapped:
        _judge_entry(replay, entry, within=entry["location_id"])
    replay.swapped.clear()
    replay.owed.clear()


def _judge_entry(replay: _Replay, entry: Any, within: int | None = None) -> None:
    _judge(
        replay, entry["order_id"], entry["item_id"], entry["location_id"], entry["layer_id"], entry["delta_each"],
        entry["recorded_at_ms"], entry["operator_id"], entry["note"], within,
    )  # fmt: skip


def _judge(
    replay: _Replay, order_id: int, item_id: int, location_id: int, layer_id: int, qty_each: int, at_ms: int,
    operator_id: int | None, why: str, within: int | None = None,
) -> None:  # fmt: skip
    """Was anything older free at this moment? The oldest of it goes into the finding."""
    taken, passed = replay.layers[layer_id], None
    oldest = taken.age - taken.tolerance_days
    for (lying_at, lying_layer), lying in replay.lying.get(item_id, {}).items():
        if lying.on_hand_each <= lying.promised_each or (within is not None and lying_at != within):
            continue
        aged = replay.layers[lying_layer]
        if aged.age >= oldest or (aged.layer.expiry_on and aged.layer.expiry_on <= _day(at_ms)):
            continue
        oldest, passed = aged.age, (aged.layer, lying_at, lying.on_hand_each - lying.promised_each)
    if passed is not None:
        replay.found.append(
            {
                "order_id": order_id, "item_id": item_id, "location_id": location_id, "qty_each": qty_each,
                "at_ms": at_ms, "operator_id": operator_id, "why": why, "layer": replay.layers[layer_id].layer,
                "older": passed[0], "older_location_id": passed[1], "older_free_each": passed[2],
            }
        )  # fmt: skip


def _named(source: Any, warehouse_id: int, finding: dict[str, Any]) -> dict[str, Any]:
    (names,) = _rows(
        source, warehouse_id,
        "SELECT (SELECT number FROM sales_order WHERE warehouse_id = :w AND id = :order) AS number,"
        " (SELECT sku FROM item WHERE warehouse_id = :w AND id = :item) AS sku,"
        " (SELECT name FROM item WHERE warehouse_id = :w AND id = :item) AS item,"
        " (SELECT code FROM location WHERE warehouse_id = :w AND id = :location) AS location,"
        " (SELECT code FROM location WHERE warehouse_id = :w AND id = :older) AS older_location,"
        " (SELECT badge FROM operator WHERE warehouse_id = :w AND id = :operator) AS badge",
        order=finding["order_id"], item=finding["item_id"], location=finding["location_id"],
        older=finding["older_location_id"], operator=finding["operator_id"],
    )  # fmt: skip
    return {
        "order": names["number"], "sku": names["sku"], "item": names["item"],
        "layer": finding["layer"].layer_id, "received_on": finding["layer"].received_on,
        "expiry_on": finding["layer"].expiry_on, "location": names["location"],
        "older_layer": finding["older"].layer_id, "older_received_on": finding["older"].received_on,
        "older_expiry_on": finding["older"].expiry_on, "older_location": names["older_location"],
        "older_free_each": finding["older_free_each"], "qty_each": finding["qty_each"],
        "when": _instant(finding["at_ms"]).isoformat(timespec="seconds"), "who": names["badge"] or "the system",
        "why": finding["why"],
    }  # fmt: skip


def _break(tx: Tx, promise: Any, location_id: int, location_code: str, newer: Layer) -> dict[str, Any]:
    nobody = Actor(occurred_at_ms=tx.now_ms)
    ledger.give_up(tx, nobody, promise, promise["qty_each"], PLANTED)
    planted = ledger.promise(
        tx, nobody, promise["order_id"], promise["item_id"], location_id, newer.layer_id, promise["qty_each"], PLANTED
    )
    tx.run(
        "UPDATE allocation SET task_id = :task WHERE warehouse_id = :w AND id = :id",
        id=planted,
        task=promise["task_id"],
    )
    tx.run(
        "UPDATE task SET location_id = :location WHERE warehouse_id = :w AND id = :task",
        task=promise["task_id"], location=location_id,
    )  # fmt: skip
    return {
        "order": promise["number"], "sku": promise["sku"], "qty_each": promise["qty_each"],
        "location": location_code, "layer": newer.layer_id, "older_layer": promise["layer_id"],
    }  # fmt: skip


def _day(at_ms: int) -> str:
    return _instant(at_ms).date().isoformat()


def _instant(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
