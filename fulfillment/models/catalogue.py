"""What can be stored and sold: items and the barcodes they answer to."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, UniqueConstraint

from fulfillment.domain.fifo import Rotation
from fulfillment.domain.units import Uom
from fulfillment.models.base import InWarehouse, Mapped, belongs, db, one_of, whole, words


class Item(InWarehouse, db.Model):
    """One SKU. `sku_key` is the SKU as it is matched (upper case); dimensions of one each."""

    __tablename__ = "item"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "sku_key"),
        one_of("rotation", Rotation),
        CheckConstraint("length_mm >= 0 AND width_mm >= 0 AND height_mm >= 0 AND weight_g >= 0", name="size"),
        CheckConstraint("scan_each_max >= 0 AND tolerance_days >= 0", name="policy"),
    )

    sku: Mapped[str] = words()
    sku_key: Mapped[str] = words()
    name: Mapped[str] = words("")
    length_mm: Mapped[int] = whole(0)
    width_mm: Mapped[int] = whole(0)
    height_mm: Mapped[int] = whole(0)
    weight_g: Mapped[int] = whole(0)
    is_service: Mapped[int] = whole(0)
    tracks_lot: Mapped[int] = whole(0)
    tracks_expiry: Mapped[int] = whole(0)
    tracks_serial: Mapped[int] = whole(0)
    rotation: Mapped[str] = words(Rotation.FIFO)
    tolerance_days: Mapped[int] = whole(0)
    scan_each_max: Mapped[int] = whole(3)
    hs_code: Mapped[str] = words("")
    origin: Mapped[str] = words("")
    value_minor: Mapped[int] = whole(0)
    currency: Mapped[str] = words("")


class ItemBarcode(InWarehouse, db.Model):
    """One barcode of an item and how many eaches a scan of it means."""

    __tablename__ = "item_barcode"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "code"),
        Index("ix_item_barcode_item", "warehouse_id", "item_id"),
        belongs("item_id", "item"),
        one_of("uom", Uom),
        CheckConstraint("qty_each > 0", name="qty_each"),
    )

    item_id: Mapped[int] = whole()
    code: Mapped[str] = words()
    uom: Mapped[str] = words(Uom.EACH)
    qty_each: Mapped[int] = whole(1)
