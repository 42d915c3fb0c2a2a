"""What leaves: parcels and the manifests a carrier signs."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, UniqueConstraint

from fulfillment.domain.shipping import ManifestState, ParcelState
from fulfillment.models.base import InWarehouse, Mapped, belongs, db, maybe_whole, one_of, whole, words


class Parcel(InWarehouse, db.Model):
    """A carton for a customer; its number is its SSCC, and its content is what lies in its LPN."""

    __tablename__ = "parcel"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "number"),
        belongs("order_id", "sales_order"),
        belongs("lpn_id", "lpn"),
        belongs("carrier_id", "carrier"),
        belongs("manifest_id", "manifest"),
        belongs("station_id", "station"),
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
