"""First in, first out: the one place that says which goods are older and what would break that.

Used alike by putaway (do not bury), allocation (oldest first), the pick and the audit, so they cannot
disagree. A layer ranks by expiry where its item tracks expiry (FEFO), else by the day it was received;
days within the item's tolerance window count as equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from fulfillment.domain.stock import Access, LocationKind


class Rotation(StrEnum):
    """Which goods of an item leave first: by day received, by expiry, the newest, or whichever."""

    FIFO = "fifo"
    FEFO = "fefo"
    LIFO = "lifo"
    NONE = "none"


@dataclass(frozen=True)
class Layer:
    """One SKU received at one time; `expiry_on` and `received_on` are ISO dates, '' = none."""

    layer_id: int
    received_on: str
    expiry_on: str = ""


@dataclass(frozen=True)
class BinStock:
    """Free stock of one layer in one storage location. `free_each` = on hand − allocated, available only."""

    location_id: int
    location_code: str
    kind: str
    layer: Layer
    free_each: int


def rank(layer: Layer, rotation: str = Rotation.FIFO, tolerance_days: int = 0) -> tuple[int, int]:
    """Sort key: lower leaves first. The second part only breaks ties inside one tolerance window."""
    if rotation == Rotation.NONE:
        return 0, layer.layer_id
    day = _day(layer.expiry_on) if rotation == Rotation.FEFO and layer.expiry_on else _day(layer.received_on)
    window = day // (tolerance_days + 1)
    return (-window, -layer.layer_id) if rotation == Rotation.LIFO else (window, layer.layer_id)


def is_older(one: Layer, other: Layer, rotation: str = Rotation.FIFO, tolerance_days: int = 0) -> bool:
    """Whether `one` must leave before `other`; within the tolerance window neither must."""
    return rank(one, rotation, tolerance_days)[0] < rank(other, rotation, tolerance_days)[0]


@dataclass(frozen=True)
class Promise:
    """`qty_each` of a layer in a location, to be promised to a demand."""

    location_id: int
    layer_id: int
    qty_each: int


# Between equals the pick face comes before the flow rack's reserve: fewer steps up a ladder.
_KIND_ORDER = {LocationKind.FLOW_RACK: 0, LocationKind.BIN: 1, LocationKind.RESERVE: 2}


def choose_oldest(
    wanted_each: int, stock: Iterable[BinStock], rotation: str = Rotation.FIFO, tolerance_days: int = 0
) -> list[Promise]:
    """Oldest layers first; inside one age, the location that empties first, so that remainders go away.

    The promises add up to `wanted_each` or to all there is, whichever is less.
    """
    ranked = sorted(
        (part for part in stock if part.free_each > 0),
        key=lambda part: (
            rank(part.layer, rotation, tolerance_days)[0],
            _KIND_ORDER.get(LocationKind(part.kind), 9),
            part.free_each,
            part.location_code,
            part.layer.layer_id,
        ),
    )
    promises: list[Promise] = []
    for part in ranked:
        if wanted_each <= 0:
            break
        qty_each = min(wanted_each, part.free_each)
        promises.append(Promise(part.location_id, part.layer.layer_id, qty_each))
        wanted_each -= qty_each
    return promises


def would_bury(
    access: str, arriving: Layer, present: Sequence[Layer], rotation: str = Rotation.FIFO,
    tolerance_days: int = 0,
) -> bool:  # fmt: skip
    """Whether putting `arriving` here makes an older layer unreachable before a newer one.

    `any`: each unit can be reached, nothing is buried. `fifo` (flow rack): goods leave in the order they
    came, so an arriving layer must not be older than what lies before it. `lifo` (push-back, stack): the
    last in is reached first, so an arriving layer must not be newer than what lies behind it.
    """
    if access == Access.FIFO:
        return any(is_older(arriving, layer, rotation, tolerance_days) for layer in present)
    if access == Access.LIFO:
        return any(is_older(layer, arriving, rotation, tolerance_days) for layer in present)
    return False


def _day(iso: str) -> int:
    return date.fromisoformat(iso).toordinal()
