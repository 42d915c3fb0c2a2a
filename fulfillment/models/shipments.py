"""The paper of what left without our own benches: who took it, under which number, which moves it was."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, UniqueConstraint

from fulfillment.models.base import InWarehouse, Mapped, belongs, db, maybe_whole, whole, words


class Shipment(InWarehouse, db.Model):
    """Units of one order that a program reported as handed over; its moves stand together in the ledger."""

    __tablename__ = "shipment"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "external_id"),
        belongs("order_id", "sales_order"),
        belongs("station_id", "station"),
        belongs("first_move_id", "stock_move"),
        belongs("last_move_id", "stock_move"),
        CheckConstraint("qty_each > 0 AND last_move_id >= first_move_id", name="figures"),
        Index("ix_shipment_order", "warehouse_id", "order_id"),
        Index("ix_shipment_move", "warehouse_id", "first_move_id"),
    )

    external_id: Mapped[str] = words()
    order_id: Mapped[int] = whole()
    carrier: Mapped[str] = words("")
    tracking_number: Mapped[str] = words("")
    shipped_at_ms: Mapped[int] = whole()
    qty_each: Mapped[int] = whole()
    first_move_id: Mapped[int] = whole()
    last_move_id: Mapped[int] = whole()
    content_sha256: Mapped[str] = words()
    station_id: Mapped[int | None] = maybe_whole()
    recorded_at_ms: Mapped[int] = whole()
