"""The ledger: receipts, layers, moves, balances, and the promises made against them."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.orm import mapped_column

from fulfillment.domain.counting import CountState
from fulfillment.domain.inbound import ReceiptKind, ReceiptState
from fulfillment.domain.reasons import MoveReason, Why
from fulfillment.domain.stock import Status
from fulfillment.domain.units import PackChange
from fulfillment.models.base import InWarehouse, Mapped, belongs, db, maybe_whole, one_of, whole, words

UNPACKED = text("reason = 'unpack'")
SORTED = text("reason = 'sort'")


class Receipt(InWarehouse, db.Model):
    """Goods that come under one number; `received_on` is the day their layers count from.

    Announced ones say what to expect. `stocked_at_ms`: when the last unit left the dock (dock-to-stock).
    """

    __tablename__ = "receipt"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "number"),
        one_of("state", ReceiptState),
        one_of("kind", ReceiptKind),
        belongs("purchase_order_id", "purchase_order"),
        belongs("order_id", "sales_order"),
    )

    number: Mapped[str] = words()
    state: Mapped[str] = words("open")
    supplier: Mapped[str] = words("")
    received_on: Mapped[str] = words()
    content_sha256: Mapped[str] = words()
    created_at_ms: Mapped[int] = whole()
    closed_at_ms: Mapped[int | None] = maybe_whole()
    kind: Mapped[str] = words(ReceiptKind.ASN)
    due_on: Mapped[str] = words("")
    purchase_order_id: Mapped[int | None] = maybe_whole()
    order_id: Mapped[int | None] = maybe_whole()
    source: Mapped[str] = words("")
    needs_quality: Mapped[int] = whole(0)
    arrived_at_ms: Mapped[int | None] = maybe_whole()
    stocked_at_ms: Mapped[int | None] = maybe_whole()


class ReceiptLine(InWarehouse, db.Model):
    """What a receipt is expected to hold of one item, and what came; `received_on` '' = the receipt's own day."""

    __tablename__ = "receipt_line"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "receipt_id", "item_id", "lot", "expiry_on", "received_on"),
        belongs("receipt_id", "receipt"),
        belongs("item_id", "item"),
        CheckConstraint("expected_each >= 0", name="expected"),
        CheckConstraint("received_each >= 0 AND damaged_each BETWEEN 0 AND received_each", name="received"),
    )

    receipt_id: Mapped[int] = whole()
    item_id: Mapped[int] = whole()
    lot: Mapped[str] = words("")
    expiry_on: Mapped[str] = words("")
    expected_each: Mapped[int] = whole()
    received_each: Mapped[int] = whole(0)
    damaged_each: Mapped[int] = whole(0)
    received_on: Mapped[str] = words("")
    unit_cost_minor: Mapped[int] = whole(0)


class StockLayer(InWarehouse, db.Model):
    """One SKU received at one time. Never merged with another, never edited.

    `case_each`: units of one sealed case of it, 0 = came loose. `origin_layer_id`: returned goods were of that one;
    `origin_no` numbers the old layers of one day that came back together.
    """

    __tablename__ = "layer"
    __table_args__ = (
        UniqueConstraint(
            "warehouse_id", "receipt_id", "item_id", "lot", "expiry_on", "serial", "received_on", "origin_no"
        ),
        Index("ix_layer_item", "warehouse_id", "item_id"),
        belongs("item_id", "item"),
        belongs("receipt_id", "receipt"),
        belongs("origin_layer_id", "layer"),
        Index("ix_layer_lot", "warehouse_id", "lot"),
        Index("ix_layer_serial", "warehouse_id", "serial"),
        CheckConstraint("case_each >= 0", name="case"),
    )

    item_id: Mapped[int] = whole()
    receipt_id: Mapped[int] = whole()
    received_on: Mapped[str] = words()
    lot: Mapped[str] = words("")
    expiry_on: Mapped[str] = words("")
    serial: Mapped[str] = words("")
    unit_cost_minor: Mapped[int] = whole(0)
    case_each: Mapped[int] = whole(0)
    origin_layer_id: Mapped[int | None] = maybe_whole()
    origin_no: Mapped[int] = whole(0)
    created_at_ms: Mapped[int] = whole()


class StockMove(InWarehouse, db.Model):
    """One entry of the ledger; triggers refuse to change or delete it."""

    __tablename__ = "stock_move"
    __table_args__ = (
        belongs("layer_id", "layer"),
        belongs("item_id", "item"),
        belongs("from_location_id", "location"),
        belongs("to_location_id", "location"),
        belongs("from_lpn_id", "lpn"),
        belongs("to_lpn_id", "lpn"),
        one_of("from_status", Status),
        one_of("to_status", Status),
        one_of("reason", MoveReason),
        CheckConstraint("qty_each > 0", name="qty_each"),
        CheckConstraint(
            "sealed_from_each BETWEEN 0 AND qty_each AND sealed_to_each BETWEEN 0 AND qty_each", name="sealed"
        ),
        CheckConstraint(
            "from_location_id <> to_location_id OR from_lpn_id <> to_lpn_id OR from_status <> to_status",
            name="goes_somewhere",
        ),
        Index("ix_stock_move_layer", "warehouse_id", "layer_id"),
        Index("ix_stock_move_lpn", "warehouse_id", "to_lpn_id"),
        Index("ix_stock_move_recorded", "warehouse_id", "recorded_at_ms"),
        Index(
            "ix_stock_move_unpacked", "warehouse_id", "from_lpn_id", sqlite_where=UNPACKED, postgresql_where=UNPACKED
        ),
        Index("ix_stock_move_sorted", "warehouse_id", "order_id", sqlite_where=SORTED, postgresql_where=SORTED),
    )

    layer_id: Mapped[int] = whole()
    item_id: Mapped[int] = whole()
    from_location_id: Mapped[int] = whole()
    to_location_id: Mapped[int] = whole()
    from_lpn_id: Mapped[int] = whole(0)
    to_lpn_id: Mapped[int] = whole(0)
    from_status: Mapped[str] = words(Status.AVAILABLE)
    to_status: Mapped[str] = words(Status.AVAILABLE)
    qty_each: Mapped[int] = whole()
    reason: Mapped[str] = words()
    order_id: Mapped[int | None] = maybe_whole()
    operator_id: Mapped[int | None] = maybe_whole()
    station_id: Mapped[int | None] = maybe_whole()
    sealed_from_each: Mapped[int] = whole(0)
    sealed_to_each: Mapped[int] = whole(0)
    why: Mapped[str] = words("")
    scan_id: Mapped[str] = words("")
    occurred_at_ms: Mapped[int] = whole()
    recorded_at_ms: Mapped[int] = whole()


class StockBalance(db.Model):
    """The sum of the moves in and out of one place, kept in the same transaction as the move."""

    __tablename__ = "stock_balance"
    __table_args__ = (
        belongs("location_id", "location"),
        belongs("layer_id", "layer"),
        belongs("lpn_id", "lpn"),
        belongs("item_id", "item"),
        one_of("status", Status),
        CheckConstraint("on_hand_each >= 0", name="on_hand"),
        CheckConstraint("allocated_each >= 0 AND allocated_each <= on_hand_each", name="allocated"),
        CheckConstraint("sealed_each >= 0 AND sealed_each <= on_hand_each", name="sealed"),
        Index("ix_stock_balance_item", "warehouse_id", "item_id", "status"),
        Index("ix_stock_balance_lpn", "warehouse_id", "lpn_id", "item_id"),
    )

    warehouse_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    location_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    layer_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    lpn_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    status: Mapped[str] = mapped_column(Text, primary_key=True)
    item_id: Mapped[int] = whole()
    on_hand_each: Mapped[int] = whole(0)
    allocated_each: Mapped[int] = whole(0)
    sealed_each: Mapped[int] = whole(0)


class PackEntry(InWarehouse, db.Model):
    """Cases opened where they lie: with the moves, all that ever changed how much of a balance is sealed."""

    __tablename__ = "pack_entry"
    __table_args__ = (
        belongs("location_id", "location"),
        belongs("layer_id", "layer"),
        belongs("lpn_id", "lpn"),
        one_of("status", Status),
        one_of("reason", PackChange),
        CheckConstraint("delta_sealed_each <> 0", name="delta"),
    )

    location_id: Mapped[int] = whole()
    layer_id: Mapped[int] = whole()
    lpn_id: Mapped[int] = whole(0)
    status: Mapped[str] = words()
    delta_sealed_each: Mapped[int] = whole()
    reason: Mapped[str] = words()
    after_move_id: Mapped[int] = whole()
    operator_id: Mapped[int | None] = maybe_whole()
    scan_id: Mapped[str] = words("")
    recorded_at_ms: Mapped[int] = whole()


class Allocation(InWarehouse, db.Model):
    """Stock of one layer in one location promised to an order and not picked yet (0 = done or given up)."""

    __tablename__ = "allocation"
    __table_args__ = (
        belongs("order_id", "sales_order"),
        belongs("item_id", "item"),
        belongs("layer_id", "layer"),
        belongs("location_id", "location"),
        belongs("task_id", "task"),
        CheckConstraint("qty_each >= 0", name="qty_each"),
        Index("ix_allocation_order", "warehouse_id", "order_id", "item_id"),
        Index("ix_allocation_task", "warehouse_id", "task_id"),
        Index("ix_allocation_place", "warehouse_id", "location_id", "layer_id"),
    )

    order_id: Mapped[int] = whole()
    item_id: Mapped[int] = whole()
    layer_id: Mapped[int] = whole()
    location_id: Mapped[int] = whole()
    task_id: Mapped[int | None] = maybe_whole()
    qty_each: Mapped[int] = whole()


class AllocationEntry(InWarehouse, db.Model):
    """Every promise made, kept or given up, in order with the moves: what `fifo-audit` replays."""

    __tablename__ = "allocation_entry"
    __table_args__ = (
        belongs("order_id", "sales_order"),
        belongs("layer_id", "layer"),
        belongs("location_id", "location"),
        one_of("reason", ("allocate", "release", "pick")),
        CheckConstraint("delta_each <> 0", name="delta_each"),
    )

    order_id: Mapped[int] = whole()
    item_id: Mapped[int] = whole()
    layer_id: Mapped[int] = whole()
    location_id: Mapped[int] = whole()
    delta_each: Mapped[int] = whole()
    reason: Mapped[str] = words()
    after_move_id: Mapped[int] = whole()
    operator_id: Mapped[int | None] = maybe_whole()
    note: Mapped[str] = words("")
    recorded_at_ms: Mapped[int] = whole()


class FifoOverride(InWarehouse, db.Model):
    """A supervisor let newer goods go first, and said why; `fifo-audit` shows it beside what it explains.

    At a stop it is of units that were picked; with `wave_act_id` of a promise, given from a desk before anybody went.
    """

    __tablename__ = "fifo_override"
    __table_args__ = (
        belongs("order_id", "sales_order"),
        belongs("item_id", "item"),
        belongs("location_id", "location"),
        belongs("layer_id", "layer"),
        belongs("supervisor_id", "operator"),
        belongs("wave_act_id", "wave_act"),
        one_of("why", Why),
        CheckConstraint("qty_each > 0", name="qty_each"),
        Index("ix_fifo_override_order", "warehouse_id", "order_id"),
    )

    order_id: Mapped[int | None] = maybe_whole()
    item_id: Mapped[int] = whole()
    location_id: Mapped[int] = whole()
    layer_id: Mapped[int] = whole()
    qty_each: Mapped[int] = whole()
    why: Mapped[str] = words()
    after_move_id: Mapped[int] = whole()
    supervisor_id: Mapped[int] = whole()
    operator_id: Mapped[int | None] = maybe_whole()
    scan_id: Mapped[str] = words("")
    recorded_at_ms: Mapped[int] = whole()
    wave_act_id: Mapped[int | None] = maybe_whole()


class CountResult(InWarehouse, db.Model):
    """One blind count of one item in one place against the book of that moment."""

    __tablename__ = "count_result"
    __table_args__ = (
        belongs("location_id", "location"),
        belongs("item_id", "item"),
        belongs("task_id", "task"),
        belongs("operator_id", "operator"),
        belongs("decided_by_id", "operator"),
        one_of("state", CountState),
        CheckConstraint("round > 0 AND book_each >= 0 AND counted_each >= 0", name="figures"),
        Index("ix_count_result_state", "warehouse_id", "state"),
        Index("ix_count_result_location", "warehouse_id", "location_id", "item_id"),
    )

    location_id: Mapped[int] = whole()
    item_id: Mapped[int] = whole()
    task_id: Mapped[int | None] = maybe_whole()
    round: Mapped[int] = whole(1)
    book_each: Mapped[int] = whole()
    counted_each: Mapped[int] = whole()
    state: Mapped[str] = words()
    why: Mapped[str] = words("")
    after_move_id: Mapped[int] = whole()
    operator_id: Mapped[int | None] = maybe_whole()
    scan_id: Mapped[str] = words("")
    recorded_at_ms: Mapped[int] = whole()
    decided_by_id: Mapped[int | None] = maybe_whole()
    decided_at_ms: Mapped[int | None] = maybe_whole()


class StockChange(InWarehouse, db.Model):
    """A change of stock a program asked for under a reference of its own: asked again, it gets the same answer."""

    __tablename__ = "stock_change"
    __table_args__ = (UniqueConstraint("warehouse_id", "reference"),)

    reference: Mapped[str] = words()
    content_sha256: Mapped[str] = words()
    outcome: Mapped[str] = words()
    recorded_at_ms: Mapped[int] = whole()


class CountSerial(InWarehouse, db.Model):
    """A unit of a serial-tracked item a count met and the book did not have there (`is_here` 1), or the other way
    round (0)."""

    __tablename__ = "count_serial"
    __table_args__ = (
        belongs("count_result_id", "count_result"),
        belongs("layer_id", "layer"),
        CheckConstraint("is_here BETWEEN 0 AND 1", name="is_here"),
        Index("ix_count_serial_result", "warehouse_id", "count_result_id"),
    )

    count_result_id: Mapped[int] = whole()
    layer_id: Mapped[int] = whole()
    is_here: Mapped[int] = whole()
