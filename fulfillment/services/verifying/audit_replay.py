"""The floor played again from its ledger and its promises, every act judged as it was done.

Rows stream past once, in the order in which they were written; kept is only what lies in storage at the moment
reached. An act is judged by the policy that held then, by the warehouse's own day, and by how its location could
be reached then. Reads, and never repairs. Invariant: what the rules of `domain.fifo` allow is no finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from fulfillment.domain.fifo import Layer, is_older, rank, would_bury
from fulfillment.domain.reasons import MoveReason
from fulfillment.domain.stock import Access, Status
from fulfillment.services.verifying.audit_rules import RulesOfTheDay, rows

EXCHANGED = "exchanged"  # the note of a promise that changed owners inside one location
RELOCATED = "relocated"  # the note of a promise that went with its units to another location
WITHOUT_PROMISE = "picked without a promise"
# Older goods put into a location while somebody's hand there was full already were not passed over by that hand.
HAND_MS = 10 * 60_000
# How goods come into a lane by hand. What a count finds there was there all along.
_PLACED = frozenset(
    {MoveReason.RECEIVE, MoveReason.PUTAWAY, MoveReason.PUT_BACK, MoveReason.MOVE, MoveReason.REPLENISH,
     MoveReason.RETURN}
)  # fmt: skip


class Violation(StrEnum):
    """What went against the rules of age."""

    PASSED_OVER = "passed_over"
    BURIED = "buried"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Finding:
    """One act against the rules; `older` is what should have gone first, or what cannot be reached any more."""

    kind: Violation
    order_id: int | None
    item_id: int
    location_id: int
    layer: Layer
    qty_each: int
    at_ms: int
    operator_id: int | None
    why: str
    older: Layer | None = None
    older_location_id: int | None = None
    older_each: int = 0


@dataclass(slots=True)
class _Lying:
    """One layer in one storage location at the moment reached."""

    on_hand_each: int = 0
    promised_each: int = 0
    came_at_ms: int = 0


@dataclass
class _Picking:
    """Units one hand takes from one location for one order: judged when all of them are taken."""

    key: tuple[Any, ...]
    moves: list[Any] = field(default_factory=list)


# Only what enters or leaves a place where stock can be promised, and all that lies in a lane whatever its state;
# the way over cart, bench and truck is not at stake.
_MOVES = (
    "WITH storage AS (SELECT id FROM location WHERE warehouse_id = :w AND kind IN ('bin', 'reserve', 'flow_rack')),"
    " lane AS (SELECT id FROM location WHERE warehouse_id = :w AND access <> 'any' UNION"
    " SELECT location_id FROM reach_entry WHERE warehouse_id = :w)"
    " SELECT id, layer_id, item_id, from_location_id, to_location_id, from_lpn_id, to_lpn_id, from_status, to_status,"
    " qty_each, reason, order_id, operator_id, recorded_at_ms FROM stock_move WHERE warehouse_id = :w"
    " AND ((from_lpn_id = 0 AND from_status = 'available' AND from_location_id IN (SELECT id FROM storage))"
    " OR (to_lpn_id = 0 AND to_status = 'available' AND to_location_id IN (SELECT id FROM storage))"
    " OR from_location_id IN (SELECT id FROM lane) OR to_location_id IN (SELECT id FROM lane))"
)
_ENTRIES = (
    "SELECT id, order_id, item_id, location_id, layer_id, delta_each, reason, after_move_id, operator_id, note,"
    " recorded_at_ms FROM allocation_entry WHERE warehouse_id = :w"
)
PAGE_ROWS = 20_000  # so many are held at a time: a year has a million


class Replay:
    """The floor at one moment of its past; `found` is what was wrong up to there."""

    def __init__(self, source: Any, warehouse_id: int) -> None:
        self._source, self._warehouse_id = source, warehouse_id
        self.found: list[Finding] = []
        self._acts: set[tuple[int | None, ...]] = set()
        self.moves = self.promises = 0
        self._lying: dict[int, dict[tuple[int, int], _Lying]] = {}  # item → (location, layer)
        self._lanes: dict[int, dict[int, int]] = {}  # location → layer → units, whatever their state
        self._taken: dict[tuple[int, int], tuple[int, int]] = {}  # (hand, layer): from where, by which move
        self._last_in: dict[int, int] = {}  # lane → the last move that put something in
        self._kept: dict[tuple[int, int, int], int] = {}  # (order, location, layer): picked next
        self._owed: dict[tuple[int, int, int], int] = {}  # (order, item, location): given up to swap
        self._carried: dict[tuple[int, int, int], int] = {}  # (order, item, layer): on its way to another location
        self._swapped: list[Any] = []
        self._picking: _Picking | None = None
        self._rules = RulesOfTheDay(source, warehouse_id)
        self._layers, self._storage, self._access = self._rules.layers, self._rules.storage, self._rules.access
        self._policies = self._rules.policies
        self._transfer_pallets = {
            row["id"] for row in self._rows("SELECT id FROM lpn WHERE warehouse_id = :w AND transfer_id IS NOT NULL")
        }

    def run(self) -> None:
        """From the first move to the last."""
        moves = self._paged(_MOVES)
        move = next(moves, None)
        for entry in self._paged(_ENTRIES):
            while move is not None and move["id"] <= entry["after_move_id"]:
                self._move(move)
                move = next(moves, None)
            self._enter(entry)
        while move is not None:
            self._move(move)
            move = next(moves, None)
        self._judge_swaps()
        self._judge_picking()

    def _paged(self, sql: str) -> Iterator[Any]:
        """Rows in the order of their ids, a page at a time; no engine holds a whole year in memory."""
        last_id = 0
        while True:
            page = list(self._rows(f"{sql} AND id > :last ORDER BY id LIMIT {PAGE_ROWS}", last=last_id))
            yield from page
            if len(page) < PAGE_ROWS:
                return
            last_id = page[-1]["id"]

    def _rows(self, sql: str, **params: Any) -> Iterator[Any]:
        return rows(self._source, self._warehouse_id, sql, **params)

    # --- moves -----------------------------------------------------------------------------------------------

    def _move(self, move: Any) -> None:
        self.moves += 1
        if self._swapped or self._owed:
            self._judge_swaps()
        move_id, layer_id, item_id, qty_each = move["id"], move["layer_id"], move["item_id"], move["qty_each"]
        from_location_id, from_lpn_id, from_status = move["from_location_id"], move["from_lpn_id"], move["from_status"]
        to_location_id, to_lpn_id, to_status = move["to_location_id"], move["to_lpn_id"], move["to_status"]
        reason, order_id, at_ms = move["reason"], move["order_id"], move["recorded_at_ms"]
        self._rules.catch_up(move_id=move_id)
        is_pick = reason == MoveReason.PICK and from_location_id in self._storage
        if self._picking is not None and self._picking.key != (order_id, from_location_id, item_id, at_ms, is_pick):
            self._judge_picking()
        if from_lpn_id == 0 and from_status == Status.AVAILABLE and from_location_id in self._storage:
            if is_pick:
                self._pick(move)
            elif reason == MoveReason.SHIP:
                # Handed over by line: which of two promised orders left first is nobody's hand at a shelf.
                self._keep(move)
            elif to_lpn_id in self._transfer_pallets:
                self._judge(move, None, from_location_id, qty_each, "sent to another warehouse", life_days=0)
            lying = self._at(item_id, from_location_id, layer_id)
            lying.on_hand_each -= qty_each
            self._forget_if_gone(item_id, from_location_id, layer_id, lying)
        if from_location_id in self._access:
            self._lanes.setdefault(from_location_id, {})
            left_each = self._lanes[from_location_id].get(layer_id, 0) - qty_each
            if left_each > 0:
                self._lanes[from_location_id][layer_id] = left_each
            else:
                self._lanes[from_location_id].pop(layer_id, None)
        # A pick that is taken back comes from the cart, as goods in a hand come from the hand.
        if from_location_id in self._access and from_lpn_id == 0 and (to_lpn_id == 0 or is_pick):
            self._taken[to_location_id, layer_id] = (from_location_id, move_id)
        if to_location_id in self._access:
            lane = self._lanes.setdefault(to_location_id, {})
            is_back = self._goes_back(from_location_id, layer_id, to_location_id)
            if reason in _PLACED and from_location_id != to_location_id and not is_back:
                self._judge_burying(move, lane)
            if not is_back:
                self._last_in[to_location_id] = move_id
            lane[layer_id] = lane.get(layer_id, 0) + qty_each
        if to_lpn_id == 0 and to_status == Status.AVAILABLE and to_location_id in self._storage:
            lying = self._at(item_id, to_location_id, layer_id)
            if lying.on_hand_each == 0:
                lying.came_at_ms = at_ms
            lying.on_hand_each += qty_each

    def _pick(self, move: Any) -> None:
        """Units leave for a tote."""
        self._keep(move)
        if self._picking is None:
            self._picking = _Picking(
                (move["order_id"], move["from_location_id"], move["item_id"], move["recorded_at_ms"], True)
            )
        self._picking.moves.append(move)

    def _keep(self, move: Any) -> None:
        """Their promise was entered as kept just before; without one, age is judged now."""
        key = (move["order_id"], move["from_location_id"], move["layer_id"])
        kept_each = min(self._kept.get(key, 0), move["qty_each"])
        if kept_each:
            self._kept[key] -= kept_each
            self._at(move["item_id"], move["from_location_id"], move["layer_id"]).promised_each -= kept_each
        if kept_each < move["qty_each"]:
            loose_each = move["qty_each"] - kept_each
            self._judge_life(move, move["from_location_id"], loose_each, WITHOUT_PROMISE)
            self._judge(move, move["order_id"], move["from_location_id"], loose_each, WITHOUT_PROMISE)

    # --- promises --------------------------------------------------------------------------------------------

    def _enter(self, entry: Any) -> None:
        entry_id, order_id, item_id = entry["id"], entry["order_id"], entry["item_id"]
        location_id = entry["location_id"]
        layer_id, delta_each, reason, note = entry["layer_id"], entry["delta_each"], entry["reason"], entry["note"]
        self._judge_picking()
        self._rules.catch_up(entry_id=entry_id)
        is_swap = note.startswith(EXCHANGED)
        if not is_swap and (self._swapped or self._owed):
            self._judge_swaps()
        self.promises += reason == "allocate"
        if reason == "pick":
            # The units stay promised until their move takes them away: between the two nothing is free.
            key = (order_id, location_id, layer_id)
            self._kept[key] = self._kept.get(key, 0) - delta_each
            return
        lying = self._at(item_id, location_id, layer_id)
        lying.promised_each += delta_each
        self._forget_if_gone(item_id, location_id, layer_id, lying)
        debts, debt = self._owed, (order_id, item_id, location_id)
        if note.startswith(RELOCATED):
            debts, debt = self._carried, (order_id, item_id, layer_id)
        elif not is_swap:
            if reason == "allocate":
                self._judge_life(entry, location_id, delta_each, note)
                self._judge(entry, order_id, location_id, delta_each, note)
            return
        if reason == "release":
            debts[debt] = debts.get(debt, 0) - delta_each
        elif debts.get(debt, 0) >= delta_each:
            debts[debt] -= delta_each
            if is_swap:
                # What this order gave up in this location it gets back in another layer: judged when the swap is done.
                self._swapped.append(entry)
        else:
            self._judge(entry, order_id, location_id, delta_each, note)

    def _judge_swaps(self) -> None:
        """Swaps are over: a swap may not leave older units free in the very location it happened in."""
        for entry in self._swapped:
            place = entry["location_id"]
            self._judge(entry, entry["order_id"], place, entry["delta_each"], entry["note"], within=place)
        self._swapped.clear()
        self._owed.clear()

    # --- judgements ------------------------------------------------------------------------------------------

    def _judge(
        self, act: Any, order_id: int | None, location_id: int, qty_each: int, why: str, within: int | None = None,
        life_days: int | None = None,
    ) -> None:  # fmt: skip
        """Was anything older free at this moment? The oldest of it goes into the finding."""
        item_id, layer_id, at_ms = act["item_id"], act["layer_id"], act["recorded_at_ms"]
        parts = self._lying.get(item_id)
        if not parts:
            return
        policy = self._policies[item_id]
        oldest, passed = self._rules.age(layer_id, policy) - policy.tolerance_days, None
        for (lying_at, lying_layer), lying in parts.items():
            if lying.on_hand_each <= lying.promised_each or (within is not None and lying_at != within):
                continue
            age = self._rules.age(lying_layer, policy)
            if age >= oldest:
                continue
            min_life_days = policy.min_life_days if life_days is None else life_days
            if self._rules.is_fit(self._layers[lying_layer], at_ms, min_life_days):
                oldest, passed = age, (lying_layer, lying_at, lying.on_hand_each - lying.promised_each)
        if passed is not None:
            self._find(
                Finding(
                    Violation.PASSED_OVER, order_id, item_id, location_id, self._layers[layer_id], qty_each, at_ms,
                    act["operator_id"], why, self._layers[passed[0]], passed[1], passed[2],
                )
            )  # fmt: skip

    def _judge_picking(self) -> None:
        """A hand was full: did it leave anything older behind in the same location, whoever it is promised to?"""
        picking, self._picking = self._picking, None
        if picking is None:
            return
        order_id, location_id, item_id, at_ms, _ = picking.key
        parts = self._lying.get(item_id)
        if not parts:
            return
        policy = self._policies[item_id]
        youngest = max(self._rules.age(move["layer_id"], policy) for move in picking.moves) - policy.tolerance_days
        left = None
        for (lying_at, layer_id), lying in parts.items():
            if lying_at != location_id or lying.on_hand_each <= 0:
                continue
            age = self._rules.age(layer_id, policy)
            if age >= youngest or lying.came_at_ms + HAND_MS > at_ms:
                continue
            if self._rules.is_fit(self._layers[layer_id], at_ms, policy.min_life_days):
                youngest, left = age, (layer_id, lying.on_hand_each)
        if left is None:
            return
        older = self._layers[left[0]]
        for move in picking.moves:
            taken = self._layers[move["layer_id"]]
            # The promise behind a pick, exchanged in the same breath, may be a finding already.
            if is_older(older, taken, policy) and (order_id, location_id, taken.layer_id, at_ms) not in self._acts:
                self._find(
                    Finding(
                        Violation.PASSED_OVER, order_id, item_id, location_id, taken, move["qty_each"], at_ms,
                        move["operator_id"], "picked before it", older, location_id, left[1],
                    )
                )  # fmt: skip

    def _find(self, finding: Finding) -> None:
        self.found.append(finding)
        self._acts.add((finding.order_id, finding.location_id, finding.layer.layer_id, finding.at_ms))

    def _judge_life(self, act: Any, location_id: int, qty_each: int, why: str) -> None:
        layer, policy = self._layers[act["layer_id"]], self._policies[act["item_id"]]
        if layer.expiry_on and not self._rules.is_fit(layer, act["recorded_at_ms"], policy.min_life_days):
            self._find(
                Finding(
                    Violation.EXPIRED, act["order_id"], act["item_id"], location_id, layer, qty_each,
                    act["recorded_at_ms"], act["operator_id"], why,
                )
            )  # fmt: skip

    def _goes_back(self, hand: int, layer_id: int, lane: int) -> bool:
        """What was taken from a lane and put back goes where it was, unless something else came in between."""
        taken = self._taken.get((hand, layer_id))
        return taken is not None and taken[0] == lane and self._last_in.get(lane, 0) < taken[1]

    def _judge_burying(self, move: Any, lane: dict[int, int]) -> None:
        location_id, policy = move["to_location_id"], self._policies[move["item_id"]]
        arriving, access = self._layers[move["layer_id"]], self._access[location_id]
        present = [self._layers[layer_id] for layer_id in lane]
        if not would_bury(access, arriving, present, policy):
            return
        if access == Access.FIFO:  # itself older, it now stands behind newer goods
            front = max((one for one in present if is_older(arriving, one, policy)), key=lambda one: rank(one, policy))
            newer, older, older_each = front, arriving, move["qty_each"]
        else:
            older = min((one for one in present if is_older(one, arriving, policy)), key=lambda one: rank(one, policy))
            newer, older_each = arriving, lane[older.layer_id]
        self._find(
            Finding(
                Violation.BURIED, None, move["item_id"], location_id, newer, move["qty_each"], move["recorded_at_ms"],
                move["operator_id"], move["reason"], older, location_id, older_each,
            )
        )  # fmt: skip

    # --- small things ----------------------------------------------------------------------------------------

    def _at(self, item_id: int, location_id: int, layer_id: int) -> _Lying:
        parts = self._lying.get(item_id)
        if parts is None:
            parts = self._lying[item_id] = {}
        lying = parts.get((location_id, layer_id))
        if lying is None:
            lying = parts[location_id, layer_id] = _Lying()
        return lying

    def _forget_if_gone(self, item_id: int, location_id: int, layer_id: int, lying: _Lying) -> None:
        """What lies nowhere is not looked at again."""
        if lying.on_hand_each == 0 and lying.promised_each == 0:
            del self._lying[item_id][location_id, layer_id]
