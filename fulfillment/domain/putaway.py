"""Where goods may go, and which of the places that would do is the best.

May: storage only, of the zone and class the item asks for, tall enough for a piece standing upright, one item a
location, nothing older buried, room by volume and weight. Best: where all of it fits, where it does not jump
the queue before older goods in reserve, the item's own empty pick face, where the item lies already, then by
class of velocity and by travel. Invariant: what `choose` names passes `check_putaway`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from fulfillment.domain.fifo import Layer, Policy, is_older, would_bury
from fulfillment.domain.reasons import Reject, Rejected
from fulfillment.domain.stock import STORAGE_KINDS, LocationKind

GENERAL = "general"  # the storage class of an item that names none
EVERY_CLASS = "*"
LEVEL_DM = 100  # reaching one level higher costs as much as walking ten metres
USUAL = Policy()
_PICK_KINDS = frozenset({LocationKind.BIN, LocationKind.FLOW_RACK})


class Velocity(StrEnum):
    """How often an item is asked for, and how near to the front a location lies."""

    A = "A"
    B = "B"
    C = "C"


@dataclass(frozen=True)
class Arriving:
    """Goods in hand; sizes of one each. `zone` and `storage_class` '' = wherever, general."""

    item_id: int
    layer: Layer
    volume_ml: int
    weight_g: int
    policy: Policy = USUAL
    height_mm: int = 0
    zone: str = ""
    storage_class: str = ""
    velocity: str = ""


@dataclass(frozen=True)
class Present:
    """One layer lying in a location."""

    item_id: int
    layer: Layer
    volume_ml: int
    weight_g: int


@dataclass(frozen=True)
class Storage:
    """A location as putaway judges it; capacity and height 0 = unlimited."""

    code: str
    kind: str
    access: str
    capacity_ml: int
    max_weight_g: int
    present: tuple[Present, ...] = ()
    height_mm: int = 0
    zone: str = ""
    storage_classes: str = EVERY_CLASS
    velocity: str = ""


@dataclass(frozen=True)
class Candidate:
    """A location that might be proposed; `own_face_each` = what it shall hold as the item's own pick face."""

    location_id: int
    storage: Storage
    travel_dm: int = 0
    own_face_each: int = 0


def accepts_class(storage_classes: str, storage_class: str) -> bool:
    """Whether a zone that lists these classes takes goods of that one."""
    words = storage_classes.lower().split()
    return EVERY_CLASS in words or (storage_class.lower() or GENERAL) in words


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
    if goods.zone and storage.zone != goods.zone:
        return Rejected(Reject.WRONG_ZONE, expected=f"zone {goods.zone}", got=storage.code)
    if not accepts_class(storage.storage_classes, goods.storage_class):
        return Rejected(Reject.WRONG_ZONE, expected=f"a zone for {goods.storage_class or GENERAL}", got=storage.code)
    # As it stands on its base: nobody told us which goods may be laid on their side.
    if storage.height_mm and goods.height_mm > storage.height_mm:
        return Rejected(Reject.TOO_HIGH, expected=f"{goods.height_mm} mm", got=f"{storage.height_mm} mm")
    if would_bury(storage.access, goods.layer, [part.layer for part in storage.present], goods.policy):
        return Rejected(Reject.WOULD_BURY_OLDER, expected="a location without older goods", got=storage.code)
    if room_each(storage, goods) < qty_each:
        return Rejected(Reject.LOCATION_FULL, expected=str(room_each(storage, goods)), got=str(qty_each))
    return None


def kinds_in_order(goods: Arriving, lying: Iterable[Storage]) -> tuple[LocationKind, ...]:
    """Which kind of location is opened first: a pick face for an item that has none, reserve behind it."""
    lying = list(lying)
    if any(storage.kind in _PICK_KINDS for storage in lying) or has_older_in_reserve(goods, lying):
        return LocationKind.RESERVE, LocationKind.BIN, LocationKind.FLOW_RACK
    return LocationKind.BIN, LocationKind.FLOW_RACK, LocationKind.RESERVE


def has_older_in_reserve(goods: Arriving, lying: Iterable[Storage]) -> bool:
    """Whether older goods of the item wait above: put into a pick face, these would jump the queue."""
    return any(
        is_older(part.layer, goods.layer, goods.policy)
        for storage in lying
        if storage.kind == LocationKind.RESERVE
        for part in storage.present
    )


def travel_dm(x_dm: int, y_dm: int, level: int, from_x_dm: int, from_y_dm: int) -> int:
    """What it takes to bring goods there: along aisle and cross-aisle, and up."""
    return abs(x_dm - from_x_dm) + abs(y_dm - from_y_dm) + level * LEVEL_DM


def class_distance(velocity: str, wanted: str) -> int:
    """How far a location's class of velocity is from the item's; no class at all is better than a wrong one."""
    if velocity == wanted:
        return 0
    return 1 if not velocity or not wanted else 1 + abs(ord(velocity) - ord(wanted))


def choose(
    candidates: Sequence[Candidate], goods: Arriving, qty_each: int, lying: Sequence[Storage] = ()
) -> tuple[Candidate, int] | None:
    """The best of the places that would do and how many go there; `lying` = where the item lies already."""
    would_jump = has_older_in_reserve(goods, lying)
    kinds = kinds_in_order(goods, lying)

    def preference(fit: tuple[Candidate, int]) -> tuple[object, ...]:
        candidate, fits_each = fit
        storage = candidate.storage
        is_own_empty_face = candidate.own_face_each > 0 and not storage.present
        ages_differ = any(
            is_older(part.layer, goods.layer, goods.policy) or is_older(goods.layer, part.layer, goods.policy)
            for part in storage.present
        )
        return (
            would_jump and storage.kind in _PICK_KINDS,
            not is_own_empty_face,
            fits_each < qty_each,
            -fits_each,
            not storage.present,
            ages_differ,
            kinds.index(LocationKind(storage.kind)),
            class_distance(storage.velocity, goods.velocity),
            candidate.travel_dm,
            storage.code,
        )

    fits = [(candidate, _fits_each(candidate, goods, qty_each)) for candidate in candidates]
    return min((fit for fit in fits if fit[1] > 0), key=preference, default=None)


def _fits_each(candidate: Candidate, goods: Arriving, qty_each: int) -> int:
    fits_each = min(qty_each, room_each(candidate.storage, goods))
    if candidate.own_face_each and not candidate.storage.present:
        # A pick face is filled to its measure; the rest goes to reserve, from where it comes down oldest first.
        fits_each = min(fits_each, candidate.own_face_each)
    return fits_each if fits_each > 0 and check_putaway(candidate.storage, goods, fits_each) is None else 0
