"""The warehouse, its locations, handling units and carts."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, Integer, Text, UniqueConstraint
from sqlalchemy.orm import mapped_column

from fulfillment.domain.stock import Access, LocationKind, LpnKind
from fulfillment.models.base import InWarehouse, Mapped, belongs, db, maybe_whole, one_of, whole, words


class Warehouse(db.Model):
    """One building under one roof. `cross_aisle_y_dm` is a JSON list, '' = inferred from the locations."""

    __tablename__ = "warehouse"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    code: Mapped[str] = words(unique=True)
    name: Mapped[str] = words("")
    time_zone: Mapped[str] = words()
    gs1_company_prefix: Mapped[str] = words()
    cross_aisle_y_dm: Mapped[str] = words("")
    ship_from: Mapped[str] = words("{}")


class Counter(db.Model):
    """Running numbers that must not be reused: SSCC serials, tours, manifests."""

    __tablename__ = "counter"
    __table_args__ = (CheckConstraint("next_value > 0", name="next_value"),)

    warehouse_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    next_value: Mapped[int] = whole()


class Location(InWarehouse, db.Model):
    """Any addressable place. Capacity 0 = unlimited; x, y where one stands to reach it."""

    __tablename__ = "location"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "code"),
        Index("ix_location_kind", "warehouse_id", "kind", "level", "y_dm", "x_dm"),
        one_of("kind", LocationKind),
        one_of("access", Access),
        CheckConstraint("capacity_ml >= 0 AND max_weight_g >= 0", name="capacity"),
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
    capacity_ml: Mapped[int] = whole(0)
    max_weight_g: Mapped[int] = whole(0)


class Lpn(InWarehouse, db.Model):
    """A handling unit's label. Id 0 is "no handling unit"; a tote belongs to one order at a time."""

    __tablename__ = "lpn"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "code"),
        belongs("location_id", "location"),
        belongs("order_id", "sales_order"),
        one_of("kind", LpnKind),
        Index("ix_lpn_order", "warehouse_id", "order_id"),
    )

    code: Mapped[str] = words()
    kind: Mapped[str] = words()
    location_id: Mapped[int | None] = maybe_whole()
    order_id: Mapped[int | None] = maybe_whole()


class Cart(InWarehouse, db.Model):
    """A pick cart with `positions` places for totes; what lies on it lies in its own location."""

    __tablename__ = "cart"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "code"),
        belongs("location_id", "location"),
        CheckConstraint("positions > 0", name="positions"),
    )

    code: Mapped[str] = words()
    positions: Mapped[int] = whole()
    location_id: Mapped[int] = whole()
