"""What can be stored and sold: items and the barcodes they answer to."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import mapped_column

from fulfillment.domain.fifo import Rotation
from fulfillment.domain.inbound import ReturnDating
from fulfillment.domain.putaway import Velocity
from fulfillment.domain.units import Uom
from fulfillment.models.base import InWarehouse, Mapped, belongs, db, maybe_whole, one_of, whole, words


class Item(InWarehouse, db.Model):
    """One SKU. `sku_key` is the SKU as it is matched (upper case); dimensions of one each.

    `rotation` and `tolerance_days` are what holds now: the item's own where it has one, else its zone's, else
    FEFO where it tracks expiry and FIFO elsewhere, without a tolerance. `policy_entry` keeps what held before.
    For packing: nothing lies on what `is_fragile`, what `keeps_upright` stands on its base, and one bears
    `max_load_g` (NULL = any). Items with the same `look_alike` are mistaken for one another ('' = this one is not).
    """

    __tablename__ = "item"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "sku_key"),
        one_of("rotation", Rotation),
        CheckConstraint("length_mm >= 0 AND width_mm >= 0 AND height_mm >= 0 AND weight_g >= 0", name="size"),
        CheckConstraint("scan_each_max >= 0 AND tolerance_days >= 0", name="policy"),
        one_of("own_rotation", ["", *Rotation]),
        one_of("velocity", ["", *Velocity]),
        one_of("return_dating", ReturnDating),
        CheckConstraint("min_life_days >= 0", name="min_life"),
        CheckConstraint("max_load_g >= 0", name="max_load"),
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
    own_rotation: Mapped[str] = words("")
    own_tolerance_days: Mapped[int | None] = maybe_whole()
    min_life_days: Mapped[int] = whole(0)
    zone: Mapped[str] = words("")
    storage_class: Mapped[str] = words("")
    velocity: Mapped[str] = words("")
    return_dating: Mapped[str] = words(ReturnDating.ORIGINAL)
    is_fragile: Mapped[int] = whole(0)
    keeps_upright: Mapped[int] = whole(0)
    max_load_g: Mapped[int | None] = maybe_whole()
    look_alike: Mapped[str] = words("")


class ItemName(db.Model):
    """What an item is called in a language other than that of its `name`."""

    __tablename__ = "item_name"
    __table_args__ = (belongs("item_id", "item"),)

    warehouse_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    item_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    language: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = words()


class ItemPicture(db.Model):
    """What an item looks like: a small JPEG, known by the hash of its bytes."""

    __tablename__ = "item_picture"
    __table_args__ = (
        belongs("item_id", "item"),
        Index("ix_item_picture_sha256", "warehouse_id", "sha256"),
        CheckConstraint("width_px > 0 AND height_px > 0", name="size"),
    )

    warehouse_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    item_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    sha256: Mapped[str] = words()
    content: Mapped[bytes] = mapped_column(LargeBinary, nullable=False)
    width_px: Mapped[int] = whole()
    height_px: Mapped[int] = whole()
    changed_at_ms: Mapped[int] = whole()


class ItemSubstitute(db.Model):
    """An item that may be sent instead of another, unit for unit; the lowest `rank` is asked first."""

    __tablename__ = "item_substitute"
    __table_args__ = (
        belongs("item_id", "item"),
        belongs("substitute_id", "item"),
        CheckConstraint("item_id <> substitute_id AND rank > 0", name="another"),
    )

    warehouse_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    item_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    substitute_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    rank: Mapped[int] = whole(1)


class PolicyEntry(InWarehouse, db.Model):
    """What an item's rotation was from one move of the ledger, and one promise, on: the past is judged by the
    rules of its day."""

    __tablename__ = "policy_entry"
    __table_args__ = (
        Index("ix_policy_entry_item", "warehouse_id", "item_id"),
        belongs("item_id", "item"),
        one_of("rotation", Rotation),
        CheckConstraint("tolerance_days >= 0 AND min_life_days >= 0", name="days"),
    )

    item_id: Mapped[int] = whole()
    rotation: Mapped[str] = words()
    tolerance_days: Mapped[int] = whole()
    min_life_days: Mapped[int] = whole()
    after_move_id: Mapped[int] = whole()
    after_entry_id: Mapped[int] = whole(0)
    note: Mapped[str] = words("")
    recorded_at_ms: Mapped[int] = whole()


class PickFace(InWarehouse, db.Model):
    """An item's own pick location: refilled when it holds less than `min_each`, up to `max_each`."""

    __tablename__ = "pick_face"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "location_id"),
        Index("ix_pick_face_item", "warehouse_id", "item_id"),
        belongs("item_id", "item"),
        belongs("location_id", "location"),
        CheckConstraint("min_each >= 0 AND max_each > min_each", name="levels"),
    )

    item_id: Mapped[int] = whole()
    location_id: Mapped[int] = whole()
    min_each: Mapped[int] = whole()
    max_each: Mapped[int] = whole()


class ItemBarcode(InWarehouse, db.Model):
    """One barcode of an item and how many eaches a scan of it means."""

    __tablename__ = "item_barcode"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "code"),
        Index("ix_item_barcode_item", "warehouse_id", "item_id", "qty_each", "id"),
        belongs("item_id", "item"),
        one_of("uom", Uom),
        CheckConstraint("qty_each > 0", name="qty_each"),
    )

    item_id: Mapped[int] = whole()
    code: Mapped[str] = words()
    uom: Mapped[str] = words(Uom.EACH)
    qty_each: Mapped[int] = whole(1)
