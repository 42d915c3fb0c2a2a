"""The warehouse, its locations, handling units and carts."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.orm import mapped_column

from fulfillment.domain.accounts import CodeRule
from fulfillment.domain.fifo import Rotation
from fulfillment.domain.pins import PinRule
from fulfillment.domain.putaway import Velocity
from fulfillment.domain.stock import Access, LocationKind, LpnKind
from fulfillment.domain.tour_order import TourOrder
from fulfillment.models.base import InWarehouse, Mapped, belongs, db, maybe_whole, one_of, whole, words

SLOT = text("kind = 'slot'")


class Warehouse(db.Model):
    """One building under one roof. `cross_aisle_y_dm` is a JSON list, '' = inferred from the locations.

    `layout_version` counts the changes of what is walked. A level above `reach_level` costs `level_climb_dm` of walk
    up and again down. By `tour_order` tours may take units of `heavy_from_g` or more first and fragile ones last. A
    weighed parcel may be off by the largest of `weigh_floor_g`, `weigh_percent` of its content and `weigh_spreads` of
    its units. A packer vouches alone for up to `unscanned_alone_each` units without a scan.
    A station nobody used for `auto_lock_min` minutes asks for a badge (0 = never). A floor that `is_training` holds no
    real stock.
    """

    __tablename__ = "warehouse"
    __table_args__ = (
        one_of("pin_rule", PinRule),
        one_of("code_rule", CodeRule),
        one_of("tour_order", TourOrder),
        CheckConstraint("auto_lock_min >= 0", name="auto_lock"),
        CheckConstraint("heavy_from_g > 0", name="heavy_from"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    code: Mapped[str] = words(unique=True)
    name: Mapped[str] = words("")
    time_zone: Mapped[str] = words()
    gs1_company_prefix: Mapped[str] = words()
    cross_aisle_y_dm: Mapped[str] = words("")
    layout_version: Mapped[int] = whole(0)
    level_climb_dm: Mapped[int] = whole(0)
    reach_level: Mapped[int] = whole(1)
    tour_order: Mapped[str] = words(TourOrder.SHORTEST)
    heavy_from_g: Mapped[int] = whole(5000)
    ship_from: Mapped[str] = words("{}")
    recount_above_each: Mapped[int | None] = maybe_whole()
    approve_above_each: Mapped[int | None] = maybe_whole()
    weigh_floor_g: Mapped[int] = whole(20)
    weigh_percent: Mapped[int] = whole(2)
    weigh_spreads: Mapped[int] = whole(3)
    unscanned_alone_each: Mapped[int] = whole(10)
    auto_lock_min: Mapped[int] = whole(0)
    pin_rule: Mapped[str] = words(PinRule.OWN)
    is_training: Mapped[int] = whole(0)
    code_rule: Mapped[str] = words(CodeRule.FREE)


class Counter(db.Model):
    """Running numbers that must not be reused: SSCC serials, tours, manifests."""

    __tablename__ = "counter"
    __table_args__ = (CheckConstraint("next_value > 0", name="next_value"),)

    warehouse_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    next_value: Mapped[int] = whole()


class Zone(InWarehouse, db.Model):
    """Part of the building. `storage_classes`: words separated by spaces, `*` = all; '' and NULL = as elsewhere.

    `pick_order`: its turn when carts go from zone to zone (0 = it takes none over), each at `hand_over_id`.
    """

    __tablename__ = "zone"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "code"),
        belongs("hand_over_id", "location"),
        one_of("rotation", ["", *Rotation]),
        CheckConstraint("tolerance_days IS NULL OR tolerance_days >= 0", name="tolerance"),
        CheckConstraint("pick_order >= 0 AND (pick_order = 0 OR hand_over_id IS NOT NULL)", name="turn"),
    )

    code: Mapped[str] = words()
    name: Mapped[str] = words("")
    rotation: Mapped[str] = words("")
    tolerance_days: Mapped[int | None] = maybe_whole()
    storage_classes: Mapped[str] = words("*")
    pick_order: Mapped[int] = whole(0)
    hand_over_id: Mapped[int | None] = maybe_whole()


class Location(InWarehouse, db.Model):
    """Any addressable place. Capacity 0 = unlimited; x, y where one stands to reach it, on which storey.

    `walk_point_id`: on a floor of walkways, the point it is reached from; NULL: the nearest walkway.

    From a place that is not pickable nobody picks: replenishment brings its goods down first.
    """

    __tablename__ = "location"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "code"),
        Index("ix_location_kind", "warehouse_id", "kind", "level", "y_dm", "x_dm"),
        one_of("kind", LocationKind),
        one_of("access", Access),
        belongs("walk_point_id", "walk_point"),
        CheckConstraint("storey BETWEEN 0 AND 99", name="storey"),
        CheckConstraint("capacity_ml >= 0 AND max_weight_g >= 0", name="capacity"),
        one_of("velocity", ["", *Velocity]),
        CheckConstraint("height_mm >= 0 AND is_pickable BETWEEN 0 AND 1", name="reach"),
    )

    code: Mapped[str] = words()
    kind: Mapped[str] = words()
    access: Mapped[str] = words(Access.ANY)
    zone: Mapped[str] = words("")
    aisle: Mapped[str] = words("")
    bay: Mapped[str] = words("")
    level: Mapped[int] = whole(0)
    x_dm: Mapped[int] = whole(0)
    y_dm: Mapped[int] = whole(0)
    storey: Mapped[int] = whole(0)
    walk_point_id: Mapped[int | None] = maybe_whole()
    capacity_ml: Mapped[int] = whole(0)
    max_weight_g: Mapped[int] = whole(0)
    height_mm: Mapped[int] = whole(0)
    velocity: Mapped[str] = words("")
    is_pickable: Mapped[int] = whole(1)
    counted_at_ms: Mapped[int | None] = maybe_whole()


class ReachEntry(InWarehouse, db.Model):
    """How goods in a location could be reached from one move of the ledger, and one promise, on.

    Only of locations where that was ever changed; the others are what their own row says.
    """

    __tablename__ = "reach_entry"
    __table_args__ = (
        Index("ix_reach_entry_location", "warehouse_id", "location_id"),
        belongs("location_id", "location"),
        one_of("access", Access),
    )

    location_id: Mapped[int] = whole()
    access: Mapped[str] = words()
    after_move_id: Mapped[int] = whole()
    after_entry_id: Mapped[int] = whole()
    recorded_at_ms: Mapped[int] = whole()


class Lpn(InWarehouse, db.Model):
    """A handling unit's label. Id 0 is "no handling unit"; a tote belongs to one order at a time, an
    order to one slot.

    `parent_lpn_id`: the unit it stands on; it goes where that one goes. `transfer_id`: it is loaded for, or left
    on, that transfer.
    """

    __tablename__ = "lpn"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "code"),
        belongs("location_id", "location"),
        belongs("order_id", "sales_order"),
        belongs("parent_lpn_id", "lpn"),
        belongs("transfer_id", "transfer"),
        CheckConstraint("parent_lpn_id IS NULL OR parent_lpn_id <> id", name="parent"),
        one_of("kind", LpnKind),
        Index("ix_lpn_order", "warehouse_id", "order_id"),
        Index("ix_lpn_transfer", "warehouse_id", "transfer_id"),
        Index("ix_lpn_parent", "warehouse_id", "parent_lpn_id"),
        Index("ux_lpn_slot_order", "warehouse_id", "order_id", unique=True, sqlite_where=SLOT, postgresql_where=SLOT),
    )

    code: Mapped[str] = words()
    kind: Mapped[str] = words()
    location_id: Mapped[int | None] = maybe_whole()
    order_id: Mapped[int | None] = maybe_whole()
    parent_lpn_id: Mapped[int | None] = maybe_whole()
    transfer_id: Mapped[int | None] = maybe_whole()


class Cart(InWarehouse, db.Model):
    """A pick cart with `positions` places for totes on `levels` levels, numbered from the top left as one reads; what
    lies on it lies in its own location."""

    __tablename__ = "cart"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "code"),
        belongs("location_id", "location"),
        CheckConstraint("positions > 0", name="positions"),
        CheckConstraint("levels BETWEEN 1 AND positions", name="levels"),
    )

    code: Mapped[str] = words()
    positions: Mapped[int] = whole()
    levels: Mapped[int] = whole(1)
    location_id: Mapped[int] = whole()


class PutWall(InWarehouse, db.Model):
    """A wall of slots in which batches are sorted into orders; it stands at a staging location.

    A slot holds `slot_volume_ml` (0 = whatever comes).
    """

    __tablename__ = "put_wall"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "code"),
        UniqueConstraint("warehouse_id", "location_id"),
        belongs("location_id", "location"),
        CheckConstraint("row_count BETWEEN 1 AND 26 AND column_count BETWEEN 1 AND 99", name="size"),
        CheckConstraint("slot_volume_ml >= 0", name="volume"),
    )

    code: Mapped[str] = words()
    name: Mapped[str] = words("")
    location_id: Mapped[int] = whole()
    row_count: Mapped[int] = whole()
    column_count: Mapped[int] = whole()
    slot_volume_ml: Mapped[int] = whole(0)


class PutWallSlot(InWarehouse, db.Model):
    """Where in its wall a slot is, rows from the top; the goods and the order in it are its handling unit's."""

    __tablename__ = "put_wall_slot"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "wall_id", "row_no", "column_no"),
        UniqueConstraint("warehouse_id", "lpn_id"),
        belongs("wall_id", "put_wall"),
        belongs("lpn_id", "lpn"),
        CheckConstraint("row_no > 0 AND column_no > 0", name="place"),
    )

    wall_id: Mapped[int] = whole()
    row_no: Mapped[int] = whole()
    column_no: Mapped[int] = whole()
    lpn_id: Mapped[int] = whole()
