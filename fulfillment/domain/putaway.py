"""Where goods may go: storage only, one item a location, room enough, and nothing older buried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from fulfillment.domain.fifo import Layer, would_bury
from fulfillment.domain.reasons import Reject, Rejected
from fulfillment.domain.stock import STORAGE_KINDS


class Velocity(StrEnum):
    """How often an item is asked for, and how near to the front a location lies."""

    A = "A"
    B = "B"
    C = "C"


@dataclass(frozen=True)
class Arriving:
    """Goods in hand; sizes of one each."""

    item_id: int
    layer: Layer
    volume_ml: int
    weight_g: int
    rotation: str = "fifo"
    tolerance_days: int = 0


@dataclass(frozen=True)
class Present:
    """One layer lying in a location."""

    item_id: int
    layer: Layer
    volume_ml: int
    weight_g: int


@dataclass(frozen=True)
class Storage:
    """A location as putaway judges it; capacity 0 = unlimited."""

    code: str
    kind: str
    access: str
    capacity_ml: int
    max_weight_g: int
    present: tuple[Present, ...] = ()


def room_each(storage: Storage, goods: Arriving) -> int:
    """How many more of these fit by volume and weight. A piece larger than an empty location still goes
    into one that is empty and big enough for nothing else: somebody has to put it somewhere."""
    room = 1_000_000_000
    if storage.capacity_ml and goods.volume_ml:
        used_ml = sum(part.volume_ml for part in storage.present)
        room = min(room, (storage.capacity_ml - used_ml) // goods.volume_ml)
    if storage.max_weight_g and goods.weight_g:
        used_g = sum(part.weight_g for part in storage.present)
        room = min(room, (storage.max_weight_g - used_g) // goods.weight_g)
    if room <= 0 and not storage.present:
        return 1
    return max(room, 0)


def check_putaway(storage: Storage, goods: Arriving, qty_each: int) -> Rejected | None:
    """None when `qty_each` may go there, else why not."""
    if storage.kind not in STORAGE_KINDS:
        return Rejected(Reject.NOT_STORAGE, expected="a storage location", got=storage.code)
    if any(part.item_id != goods.item_id for part in storage.present):
        return Rejected(Reject.MIXED_ITEM, expected="an empty location or one of this item", got=storage.code)
    layers: Sequence[Layer] = [part.layer for part in storage.present]
    if would_bury(storage.access, goods.layer, layers, goods.rotation, goods.tolerance_days):
        return Rejected(Reject.WOULD_BURY_OLDER, expected="a location without older goods", got=storage.code)
    if room_each(storage, goods) < qty_each:
        return Rejected(Reject.LOCATION_FULL, expected=str(room_each(storage, goods)), got=str(qty_each))
    return None
