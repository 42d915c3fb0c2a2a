"""The put wall: which slot gets which order, when it is free again, and which tote is emptied next.

A batch brings pieces of many orders in one tote; at the wall each order has a slot from its first piece to
its last. Owns the order of emptying and the slots. It refuses pieces it cannot tell apart and orders larger
than every slot. Invariant: every piece is put once, an order has one slot at a time, and no slot has two
orders.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from picking.errors import FieldError, check_name, check_whole

_MOST = 10**9
_FARTHEST_MS = 2**53


@dataclass(frozen=True, slots=True)
class WallSlot:
    """A compartment of the wall; volume 0 means it takes whatever comes. Slots are given nearest first."""

    name: str
    volume_ml: int = 0

    def __post_init__(self) -> None:
        check_name("name", self.name)
        check_whole("volume_ml", self.volume_ml, 0, _MOST)


@dataclass(frozen=True, slots=True)
class WallPieces:
    """So many pieces of one order in a tote."""

    order_id: str
    qty_each: int
    volume_ml: int = 0

    def __post_init__(self) -> None:
        check_name("order_id", self.order_id)
        check_whole("qty_each", self.qty_each, 1, _MOST)
        check_whole("volume_ml", self.volume_ml, 0, _MOST)


@dataclass(frozen=True, slots=True)
class WallTote:
    """A tote that comes to the wall at a time, with pieces of several orders."""

    tote_id: str
    arrives_at_ms: int
    pieces: tuple[WallPieces, ...]

    def __post_init__(self) -> None:
        check_name("tote_id", self.tote_id)
        check_whole("arrives_at_ms", self.arrives_at_ms, 0, _FARTHEST_MS)
        if not isinstance(self.pieces, tuple) or not all(isinstance(part, WallPieces) for part in self.pieces):
            raise FieldError("pieces", f"must be a tuple of WallPieces (tote {self.tote_id})")
        if len({part.order_id for part in self.pieces}) < len(self.pieces):
            raise FieldError("pieces", f"an order is named twice (tote {self.tote_id})")


@dataclass(frozen=True)
class PutWallProblem:
    """Slots, totes, and how long a piece and the clearing of a slot take."""

    slots: tuple[WallSlot, ...]
    totes: tuple[WallTote, ...]
    sort_each_ms: int = 3_000
    clear_slot_ms: int = 8_000

    def __post_init__(self) -> None:
        for name, kind in (("slots", WallSlot), ("totes", WallTote)):
            values = getattr(self, name)
            if not isinstance(values, tuple) or not all(isinstance(value, kind) for value in values):
                raise FieldError(name, f"must be a tuple of {kind.__name__}")
        if not self.slots:
            raise FieldError("slots", "must hold at least one slot")
        check_whole("sort_each_ms", self.sort_each_ms, 0, _MOST)
        check_whole("clear_slot_ms", self.clear_slot_ms, 0, _MOST)
        _check_distinct("slots", "name", [slot.name for slot in self.slots])
        _check_distinct("totes", "tote_id", [tote.tote_id for tote in self.totes])
        largest_ml = _MOST if any(slot.volume_ml == 0 for slot in self.slots) else self.largest_slot_ml()
        for order_id, volume_ml in sorted(self.volumes_ml().items()):
            if volume_ml > largest_ml:
                raise FieldError("totes", f"order {order_id} ({volume_ml} ml) is larger than every slot")

    def largest_slot_ml(self) -> int:
        return max(slot.volume_ml for slot in self.slots)

    def volumes_ml(self) -> Counter[str]:
        """The volume of each order's pieces."""
        volumes: Counter[str] = Counter()
        for tote in self.totes:
            for part in tote.pieces:
                volumes[part.order_id] += part.volume_ml
        return volumes


@dataclass(frozen=True, slots=True)
class Put:
    """Pieces of one order from one tote into one slot."""

    at_ms: int
    tote_id: str
    order_id: str
    slot: str
    qty_each: int


@dataclass(frozen=True, slots=True)
class SlotUse:
    """A slot's order from its first piece until the slot is cleared."""

    slot: str
    order_id: str
    from_ms: int
    complete_at_ms: int
    free_at_ms: int


@dataclass(frozen=True, slots=True)
class WallPlan:
    """`puts` in the order they are done; `visits` says how often each tote is fetched to the wall."""

    puts: tuple[Put, ...]
    uses: tuple[SlotUse, ...]
    visits: tuple[tuple[str, int], ...]
    most_slots_used: int
    finish_at_ms: int

    def slot_of(self, order_id: str) -> SlotUse:
        for use in self.uses:
            if use.order_id == order_id:
                return use
        raise KeyError(order_id)

    def summary(self) -> str:
        again = sum(visits - 1 for _, visits in self.visits)
        words = (
            f"{len(self.uses)} orders through {self.most_slots_used} slots, {len(self.visits)} totes,"
            f" sorted after {self.finish_at_ms / 60_000:.1f} min"
        )
        return words if not again else f"{words}; {again} times a tote waits for a free slot"


def plan_put_wall(problem: PutWallProblem) -> WallPlan:
    """Empty the totes so that slots come free early.

    Of the totes that are there, the one is next whose pieces complete the most orders for the slots they
    newly take. When more orders want a slot than are free, those nearest to being complete get one; the
    others' pieces stay in the tote, which is fetched again. One pair of hands sorts. Deterministic.
    """
    return _Wall(problem).emptied()


class _Wall:
    def __init__(self, problem: PutWallProblem) -> None:
        self._problem = problem
        self._volumes_ml = problem.volumes_ml()
        self._totes = {tote.tote_id: {part.order_id: part.qty_each for part in tote.pieces} for tote in problem.totes}
        self._arrives = {tote.tote_id: tote.arrives_at_ms for tote in problem.totes}
        self._left_each: Counter[str] = Counter()
        for pieces in self._totes.values():
            self._left_each.update(pieces)
        self._slot_of: dict[str, str] = {}
        self._free_from: dict[str, int] = {slot.name: 0 for slot in problem.slots}
        self._from_ms: dict[str, int] = {}
        self._puts: list[Put] = []
        self._uses: list[SlotUse] = []
        self._visits: Counter[str] = Counter()
        self._now_ms = 0

    def emptied(self) -> WallPlan:
        waiting = {tote_id for tote_id, pieces in self._totes.items() if pieces}
        for tote_id in self._totes:
            self._visits[tote_id] += tote_id not in waiting
        while waiting:
            ready = sorted(tote for tote in waiting if self._arrives[tote] <= self._now_ms and self._fits(tote))
            if not ready:
                self._now_ms = self._next_ms(waiting)
                continue
            tote_id = max(ready, key=lambda tote: (self._gain(tote), -self._arrives[tote]))
            self._visits[tote_id] += 1
            self._empty(tote_id)
            if not self._totes[tote_id]:
                waiting.discard(tote_id)
        uses = tuple(sorted(self._uses, key=lambda use: (use.from_ms, use.slot)))
        finish = max((use.free_at_ms for use in uses), default=0)
        visits = tuple((tote.tote_id, self._visits[tote.tote_id]) for tote in self._problem.totes)
        return WallPlan(tuple(self._puts), uses, visits, _most_at_once(uses), finish)

    def _gain(self, tote_id: str) -> int:
        """Orders this tote completes, less the slots it newly takes."""
        pieces = self._totes[tote_id]
        complete = sum(self._left_each[order_id] == qty_each for order_id, qty_each in pieces.items())
        return complete - sum(order_id not in self._slot_of for order_id in pieces)

    def _fits(self, tote_id: str) -> bool:
        """Whether at least one order of the tote has a slot, or can have one now."""
        return any(order_id in self._slot_of or self._slot_for(order_id) for order_id in self._totes[tote_id])

    def _slot_for(self, order_id: str) -> str | None:
        """The smallest free slot that holds the order; of equal ones the nearest."""
        volume_ml = self._volumes_ml[order_id]
        taken = set(self._slot_of.values())
        fitting = [
            (slot.volume_ml or _MOST, place, slot.name)
            for place, slot in enumerate(self._problem.slots)
            if slot.name not in taken
            and self._free_from[slot.name] <= self._now_ms
            and (slot.volume_ml == 0 or slot.volume_ml >= volume_ml)
        ]
        return min(fitting)[2] if fitting else None

    def _next_ms(self, waiting: set[str]) -> int:
        """When something changes: a tote comes, or a slot has been cleared."""
        times = [self._arrives[tote] for tote in waiting] + list(self._free_from.values())
        return min(at_ms for at_ms in times if at_ms > self._now_ms)

    def _empty(self, tote_id: str) -> None:
        """Put what has a slot or gets one; orders nearest to being complete first."""
        pieces = self._totes[tote_id]
        order_ids = sorted(
            pieces, key=lambda order_id: (order_id not in self._slot_of, self._left_each[order_id], order_id)
        )
        for order_id in order_ids:
            slot = self._slot_of.get(order_id) or self._slot_for(order_id)
            if slot is None:
                continue
            self._slot_of[order_id] = slot
            self._from_ms.setdefault(order_id, self._now_ms)
            qty_each = pieces.pop(order_id)
            self._puts.append(Put(self._now_ms, tote_id, order_id, slot, qty_each))
            self._now_ms += qty_each * self._problem.sort_each_ms
            self._left_each[order_id] -= qty_each
            if self._left_each[order_id] == 0:
                self._clear(order_id, slot)

    def _clear(self, order_id: str, slot: str) -> None:
        free_at_ms = self._now_ms + self._problem.clear_slot_ms
        self._uses.append(SlotUse(slot, order_id, self._from_ms[order_id], self._now_ms, free_at_ms))
        self._free_from[slot] = free_at_ms
        del self._slot_of[order_id]


def _most_at_once(uses: tuple[SlotUse, ...]) -> int:
    # A slot that is cleared at the moment another is taken was not in use at the same time.
    changes = sorted([(use.free_at_ms, -1) for use in uses] + [(use.from_ms, 1) for use in uses])
    most = now = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    return most


def _check_distinct(field: str, part: str, names: list[str]) -> None:
    seen: set[str] = set()
    for at, name in enumerate(names):
        if name in seen:
            raise FieldError(f"{field}[{at}].{part}", f"{name!r} is used twice")
        seen.add(name)
