"""What customers want: orders, their lines as sold, and the demand per item that the floor fills."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, UniqueConstraint

from fulfillment.domain.orders import OrderState, Policy
from fulfillment.models.base import InWarehouse, Mapped, belongs, db, maybe_whole, one_of, whole, words


class Carrier(InWarehouse, db.Model):
    """Who takes parcels away. `countries`: ISO codes separated by spaces, `*` = everywhere else."""

    __tablename__ = "carrier"
    __table_args__ = (UniqueConstraint("warehouse_id", "code"), belongs("lane_location_id", "location"))

    code: Mapped[str] = words()
    name: Mapped[str] = words()
    service: Mapped[str] = words("")
    countries: Mapped[str] = words("*")
    cut_off_local: Mapped[str] = words("17:00")
    lane_location_id: Mapped[int] = whole()
    # Where its labels are bought ('' = they are ours), the file its token is in, and what its service promises.
    service_url: Mapped[str] = words("")
    service_token_file: Mapped[str] = words("")
    service_can_look_up: Mapped[int] = whole(0)
    service_keeps_keys: Mapped[int] = whole(0)


class SalesOrder(InWarehouse, db.Model):
    """An order of one channel. `ordered_at_ms` may be shifted to today; the original time is kept. `may_substitute`:
    whoever ordered takes another item where the one ordered is not there.
    """

    __tablename__ = "sales_order"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "channel", "number"),
        Index("ix_sales_order_state", "warehouse_id", "state", "state_since_ms"),
        Index("ix_sales_order_cut_off", "warehouse_id", "cut_off_at_ms"),
        Index("ix_sales_order_number", "warehouse_id", "number"),
        belongs("carrier_id", "carrier"),
        belongs("wave_id", "wave"),
        one_of("state", OrderState),
        one_of("policy", Policy),
    )

    channel: Mapped[str] = words("file")
    number: Mapped[str] = words()
    state: Mapped[str] = words()
    policy: Mapped[str] = words(Policy.SHIP_PARTIAL)
    priority: Mapped[int] = whole(0)
    ordered_at_ms: Mapped[int] = whole()
    original_ordered_at: Mapped[str] = words("")
    cut_off_at_ms: Mapped[int] = whole()
    ship_to_name: Mapped[str] = words("")
    address1: Mapped[str] = words("")
    address2: Mapped[str] = words("")
    city: Mapped[str] = words("")
    region: Mapped[str] = words("")
    postcode: Mapped[str] = words("")
    country: Mapped[str] = words("")
    phone: Mapped[str] = words("")
    hold_reason: Mapped[str] = words("")
    hold_note: Mapped[str] = words("")
    is_cancelled: Mapped[int] = whole(0)
    content_sha256: Mapped[str] = words()
    carrier_id: Mapped[int | None] = maybe_whole()
    wave_id: Mapped[int | None] = maybe_whole()
    created_at_ms: Mapped[int] = whole()
    state_since_ms: Mapped[int] = whole()
    erased_at_ms: Mapped[int | None] = maybe_whole()
    may_substitute: Mapped[int] = whole(0)


class OrderLine(InWarehouse, db.Model):
    """A line as it was sold. Lines of one SKU stay apart here and merge in `demand`. `instead_of`: the SKU that was
    sold, where another item goes in its place.
    """

    __tablename__ = "order_line"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "order_id", "line_no"),
        belongs("order_id", "sales_order"),
        belongs("item_id", "item"),
        CheckConstraint("qty_each > 0", name="qty_each"),
    )

    order_id: Mapped[int] = whole()
    line_no: Mapped[int] = whole()
    item_id: Mapped[int | None] = maybe_whole()
    sku: Mapped[str] = words()
    name: Mapped[str] = words("")
    qty_each: Mapped[int] = whole()
    unit_price_minor: Mapped[int] = whole(0)
    currency: Mapped[str] = words("")
    is_service: Mapped[int] = whole(0)
    instead_of: Mapped[str] = words("")


class Demand(InWarehouse, db.Model):
    """What an order needs of one item and how far that has come; each figure includes the next."""

    __tablename__ = "demand"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "order_id", "item_id"),
        Index("ix_demand_item", "warehouse_id", "item_id"),
        belongs("order_id", "sales_order"),
        belongs("item_id", "item"),
        CheckConstraint("ordered_each > 0", name="ordered"),
        CheckConstraint("cancelled_each BETWEEN 0 AND ordered_each", name="cancelled"),
        CheckConstraint("allocated_each BETWEEN 0 AND ordered_each", name="allocated"),
        CheckConstraint("picked_each BETWEEN 0 AND allocated_each", name="picked"),
        CheckConstraint("packed_each BETWEEN 0 AND picked_each", name="packed"),
        CheckConstraint("shipped_each BETWEEN 0 AND packed_each", name="shipped"),
    )

    order_id: Mapped[int] = whole()
    item_id: Mapped[int] = whole()
    ordered_each: Mapped[int] = whole()
    cancelled_each: Mapped[int] = whole(0)
    allocated_each: Mapped[int] = whole(0)
    picked_each: Mapped[int] = whole(0)
    packed_each: Mapped[int] = whole(0)
    shipped_each: Mapped[int] = whole(0)
