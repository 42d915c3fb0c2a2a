"""Refilling pick faces: when, how much, and from where.

A face is refilled when what no order will take from it has fallen below its minimum, up to its maximum. The
oldest goods come down first, whole cases where one fits, and nothing is sent that the face could not take
without burying what lies there. Invariant: what lies there, what is on its way and what is planned never exceed
the maximum or the room; a place is left before it is empty only by the last refill.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from fulfillment.domain.fifo import Policy, is_older, rank
from fulfillment.domain.putaway import Arriving, Present, Storage, check_putaway, room_each
from fulfillment.domain.stock import LocationKind


@dataclass(frozen=True)
class Face:
    """A pick face as it stands: `promised_each` of what lies there is going, `coming_each` is on its way."""

    min_each: int
    max_each: int
    on_hand_each: int
    promised_each: int = 0
    coming_each: int = 0


@dataclass(frozen=True)
class Source:
    """Free units of one layer in one place; `sealed_each` of all that lies there is in cases of `case_each`."""

    location_id: int
    location_code: str
    kind: str
    goods: Arriving
    free_each: int
    sealed_each: int = 0
    case_each: int = 0


@dataclass(frozen=True)
class Refill:
    """Bring `qty_each` of a layer from a place."""

    location_id: int
    layer_id: int
    qty_each: int


def wanted_each(face: Face) -> int:
    """How many units to bring; 0 while the face lasts.

    Promised units count as gone for the decision, because the next picker takes them, but not for the room:
    until then they lie there.
    """
    if face.on_hand_each - face.promised_each + face.coming_each >= face.min_each:
        return 0
    return max(face.max_each - face.on_hand_each - face.coming_each, 0)


def plan_refills(
    wanted: int, storage: Storage, sources: Iterable[Source], policy: Policy | None = None, coming_each: int = 0
) -> list[Refill]:
    """Which units to bring, in the order they have to arrive; `coming_each` are on their way already.

    Nothing newer is brought while something older stays behind: the first place that keeps anything back ends
    the plan, and so does goods the face must not take.
    """
    policy = policy or Policy()
    left = sorted((part for part in sources if part.free_each > 0), key=lambda part: rank(part.goods.layer, policy))
    plan: list[Refill] = []
    planned_each = coming_each
    while left and wanted > 0:
        oldest = left[0].goods.layer
        source = min((part for part in left if not is_older(oldest, part.goods.layer, policy)), key=_handiness)
        room = min(wanted, room_each(storage, source.goods) - planned_each)
        qty_each = portion_each(room, source)
        if qty_each <= 0 or check_putaway(storage, source.goods, qty_each) is not None:
            break
        plan.append(Refill(source.location_id, source.goods.layer.layer_id, qty_each))
        if qty_each < source.free_each:
            break
        planned_each += qty_each
        wanted -= qty_each
        # It will lie there when the next one arrives: goods must not bury each other either. Its room is counted
        # in `planned_each` already.
        there = Present(source.goods.item_id, source.goods.layer, 0, 0)
        storage = replace(storage, present=(*storage.present, there))
        left.remove(source)
    return plan


def portion_each(room: int, source: Source) -> int:
    """How much of a source goes into `room` units: all of it, else loose units and closed cases, and a part of a
    case only where not even one fits."""
    fits_each = min(room, source.free_each)
    if fits_each <= 0 or fits_each == source.free_each or not source.case_each or not source.sealed_each:
        return max(fits_each, 0)
    loose_each = max(source.free_each - source.sealed_each, 0)
    if fits_each <= loose_each:
        return fits_each
    with_loose_each = loose_each + _cases_each(fits_each - loose_each, source)
    return max(with_loose_each, _cases_each(fits_each, source)) or fits_each


def _cases_each(room: int, source: Source) -> int:
    return min(room, source.sealed_each, source.free_each) // source.case_each * source.case_each


# Reserve is there to be brought down; another pick location is left alone while there is any.
_KIND_ORDER = {LocationKind.RESERVE: 0, LocationKind.FLOW_RACK: 1, LocationKind.BIN: 2}


def _handiness(source: Source) -> tuple[int, int, str, int]:
    kind = _KIND_ORDER.get(LocationKind(source.kind), 9)
    return kind, source.free_each, source.location_code, source.goods.layer.layer_id


class StockState(StrEnum):
    """What lies at a pick face against its levels: the columns of the stock board."""

    OUT = "out"
    LOW = "low"
    OK = "ok"
    OVER = "over"


def stock_state(here_each: int, min_each: int, max_each: int) -> StockState:
    """Nothing there, below the minimum, within, or above the maximum."""
    if here_each <= 0:
        return StockState.OUT
    if here_each < min_each:
        return StockState.LOW
    return StockState.OVER if here_each > max_each else StockState.OK
