"""What leaves: parcels, the manifests a carrier signs, and what was packed without a scan."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, UniqueConstraint

from fulfillment.domain.reasons import WhyNotRead
from fulfillment.domain.shipping import ManifestState, ParcelState
from fulfillment.models.base import InWarehouse, Mapped, belongs, db, maybe_whole, one_of, whole, words


class Parcel(InWarehouse, db.Model):
    """A carton for a customer; its number is its SSCC, and its content is what lies in its LPN.

    `carton_type_id`: the carton it is packed in; `proposed_type_id` and `proposed_sequence`: which one of its
    order's proposal it was opened as (0 = none). `weight_g` adds up what the catalogue says of its content; `weighed_g`
    is what the scale said when it was closed, and `awaits_weight` that it is full and not weighed yet.
    """

    __tablename__ = "parcel"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "number"),
        belongs("order_id", "sales_order"),
        belongs("lpn_id", "lpn"),
        belongs("carrier_id", "carrier"),
        belongs("manifest_id", "manifest"),
        belongs("station_id", "station"),
        belongs("carton_type_id", "carton_type"),
        belongs("proposed_type_id", "carton_type"),
        one_of("state", ParcelState),
        CheckConstraint("reprints >= 0 AND sequence > 0", name="counts"),
        Index("ix_parcel_order", "warehouse_id", "order_id"),
        Index("ix_parcel_lpn", "warehouse_id", "lpn_id"),
        Index("ix_parcel_state", "warehouse_id", "state", "carrier_id"),
        Index("ix_parcel_manifest", "warehouse_id", "manifest_id"),
    )

    number: Mapped[str] = words()
    order_id: Mapped[int] = whole()
    lpn_id: Mapped[int] = whole()
    state: Mapped[str] = words(ParcelState.OPEN)
    sequence: Mapped[int] = whole()
    carrier_id: Mapped[int] = whole()
    manifest_id: Mapped[int | None] = maybe_whole()
    station_id: Mapped[int] = whole()
    weight_g: Mapped[int] = whole(0)
    volume_ml: Mapped[int] = whole(0)
    reprints: Mapped[int] = whole(0)
    label_checked: Mapped[int] = whole(0)
    created_at_ms: Mapped[int] = whole()
    closed_at_ms: Mapped[int | None] = maybe_whole()
    shipped_at_ms: Mapped[int | None] = maybe_whole()
    carton_type_id: Mapped[int | None] = maybe_whole()
    proposed_type_id: Mapped[int | None] = maybe_whole()
    proposed_sequence: Mapped[int] = whole(0)
    awaits_weight: Mapped[int] = whole(0)
    weighed_g: Mapped[int | None] = maybe_whole()


class Manifest(InWarehouse, db.Model):
    """Parcels handed to one carrier at one dock; closed once, signed by the driver."""

    __tablename__ = "manifest"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "number"),
        belongs("carrier_id", "carrier"),
        belongs("dock_location_id", "location"),
        belongs("operator_id", "operator"),
        one_of("state", ManifestState),
    )

    number: Mapped[str] = words()
    carrier_id: Mapped[int] = whole()
    state: Mapped[str] = words(ManifestState.OPEN)
    dock_location_id: Mapped[int] = whole()
    operator_id: Mapped[int | None] = maybe_whole()
    created_at_ms: Mapped[int] = whole()
    closed_at_ms: Mapped[int | None] = maybe_whole()


class Unscanned(InWarehouse, db.Model):
    """Units that went into a parcel without a scan: who said what they are, why, and which supervisor agreed."""

    __tablename__ = "unscanned"
    __table_args__ = (
        belongs("parcel_id", "parcel"),
        belongs("item_id", "item"),
        belongs("station_id", "station"),
        belongs("operator_id", "operator"),
        belongs("supervisor_id", "operator"),
        one_of("why", WhyNotRead),
        CheckConstraint("qty_each > 0", name="qty_each"),
        Index("ix_unscanned_parcel", "warehouse_id", "parcel_id"),
    )

    parcel_id: Mapped[int] = whole()
    item_id: Mapped[int] = whole()
    qty_each: Mapped[int] = whole()
    why: Mapped[str] = words()
    station_id: Mapped[int] = whole()
    operator_id: Mapped[int | None] = maybe_whole()
    supervisor_id: Mapped[int | None] = maybe_whole()
    scan_id: Mapped[str] = words("")
    recorded_at_ms: Mapped[int] = whole()
