"""What is on its way to us: purchase orders, announced handling units, differences; and transfers away."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, UniqueConstraint

from fulfillment.domain.inbound import Difference, ReceiptState, TransferState, UnitState
from fulfillment.models.base import InWarehouse, Mapped, belongs, db, maybe_whole, one_of, whole, words


class PurchaseOrder(InWarehouse, db.Model):
    """Goods ordered from a supplier."""

    __tablename__ = "purchase_order"
    __table_args__ = (UniqueConstraint("warehouse_id", "number"), one_of("state", ReceiptState))

    number: Mapped[str] = words()
    supplier: Mapped[str] = words("")
    state: Mapped[str] = words(ReceiptState.OPEN)
    ordered_on: Mapped[str] = words("")
    due_on: Mapped[str] = words("")
    content_sha256: Mapped[str] = words("")
    created_at_ms: Mapped[int] = whole()
    closed_at_ms: Mapped[int | None] = maybe_whole()


class PurchaseOrderLine(InWarehouse, db.Model):
    """What was ordered of one item, and what of it has come on whichever receipts."""

    __tablename__ = "purchase_order_line"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "purchase_order_id", "item_id"),
        belongs("purchase_order_id", "purchase_order"),
        belongs("item_id", "item"),
        CheckConstraint("ordered_each > 0 AND received_each >= 0", name="figures"),
    )

    purchase_order_id: Mapped[int] = whole()
    item_id: Mapped[int] = whole()
    ordered_each: Mapped[int] = whole()
    received_each: Mapped[int] = whole(0)
    unit_cost_minor: Mapped[int] = whole(0)


class AsnUnit(InWarehouse, db.Model):
    """A pallet or carton of a receipt by its SSCC, perhaps standing on another one."""

    __tablename__ = "asn_unit"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "receipt_id", "sscc"),
        Index("ix_asn_unit_sscc", "warehouse_id", "sscc"),
        belongs("receipt_id", "receipt"),
        belongs("parent_unit_id", "asn_unit"),
        one_of("state", UnitState),
    )

    receipt_id: Mapped[int] = whole()
    sscc: Mapped[str] = words()
    parent_unit_id: Mapped[int | None] = maybe_whole()
    state: Mapped[str] = words(UnitState.ANNOUNCED)
    arrived_at_ms: Mapped[int | None] = maybe_whole()


class AsnContent(InWarehouse, db.Model):
    """What of a receipt line lies in one handling unit; `case_each` 0 = loose."""

    __tablename__ = "asn_content"
    __table_args__ = (
        Index("ix_asn_content_unit", "warehouse_id", "unit_id"),
        belongs("unit_id", "asn_unit"),
        belongs("receipt_line_id", "receipt_line"),
        CheckConstraint("qty_each > 0 AND case_each >= 0", name="figures"),
    )

    unit_id: Mapped[int] = whole()
    receipt_line_id: Mapped[int] = whole()
    qty_each: Mapped[int] = whole()
    case_each: Mapped[int] = whole(0)
    serial: Mapped[str] = words("")


class ReceiptEntry(InWarehouse, db.Model):
    """How what came differed from what was announced, who found it, and why they think it did."""

    __tablename__ = "receipt_entry"
    __table_args__ = (
        Index("ix_receipt_entry_receipt", "warehouse_id", "receipt_id"),
        belongs("receipt_id", "receipt"),
        belongs("item_id", "item"),
        belongs("operator_id", "operator"),
        one_of("difference", Difference),
        CheckConstraint("qty_each > 0", name="qty_each"),
    )

    receipt_id: Mapped[int] = whole()
    item_id: Mapped[int] = whole()
    difference: Mapped[str] = words()
    qty_each: Mapped[int] = whole()
    why: Mapped[str] = words("")
    operator_id: Mapped[int | None] = maybe_whole()
    scan_id: Mapped[str] = words("")
    recorded_at_ms: Mapped[int] = whole()


class Transfer(InWarehouse, db.Model):
    """Stock for another warehouse: in transit from the moment it is sent until the other end has received it."""

    __tablename__ = "transfer"
    __table_args__ = (UniqueConstraint("warehouse_id", "number"), one_of("state", TransferState))

    number: Mapped[str] = words()
    to_warehouse: Mapped[str] = words()
    state: Mapped[str] = words(TransferState.OPEN)
    content_sha256: Mapped[str] = words("")
    created_at_ms: Mapped[int] = whole()
    sent_at_ms: Mapped[int | None] = maybe_whole()
    received_at_ms: Mapped[int | None] = maybe_whole()


class TransferLine(InWarehouse, db.Model):
    """What a transfer asks for of one item, what left, and what arrived at the other end."""

    __tablename__ = "transfer_line"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "transfer_id", "item_id"),
        belongs("transfer_id", "transfer"),
        belongs("item_id", "item"),
        CheckConstraint("asked_each > 0 AND sent_each >= 0 AND arrived_each >= 0", name="figures"),
    )

    transfer_id: Mapped[int] = whole()
    item_id: Mapped[int] = whole()
    asked_each: Mapped[int] = whole()
    sent_each: Mapped[int] = whole(0)
    arrived_each: Mapped[int] = whole(0)


class TransferPart(InWarehouse, db.Model):
    """Units of one layer that left on a transfer: what the other end's receipt will say about their age."""

    __tablename__ = "transfer_part"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "transfer_id", "layer_id"),
        belongs("transfer_id", "transfer"),
        belongs("layer_id", "layer"),
        CheckConstraint("sent_each > 0 AND arrived_each >= 0", name="figures"),
    )

    transfer_id: Mapped[int] = whole()
    layer_id: Mapped[int] = whole()
    sent_each: Mapped[int] = whole()
    arrived_each: Mapped[int] = whole(0)
