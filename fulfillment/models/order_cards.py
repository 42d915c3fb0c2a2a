"""What people write on an order's card, how many cards a column should hold, and views of the board they keep.

Where a card stands is no column of these: that is the order's own state.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, UniqueConstraint

from fulfillment.domain.cards import OPEN, EntryKind
from fulfillment.models.base import InWarehouse, Mapped, belongs, db, maybe_whole, one_of, whole, words


class OrderCard(InWarehouse, db.Model):
    """Whose an order is, until when, and what it waits for; `version` counts its changes.

    `blocked_because` '' = nothing is in its way; `blocked_since_ms` is the clock of what is.
    """

    __tablename__ = "order_card"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "order_id"),
        belongs("order_id", "sales_order"),
        belongs("owner_id", "operator"),
        Index("ix_order_card_owner", "warehouse_id", "owner_id"),
    )

    order_id: Mapped[int] = whole()
    version: Mapped[int] = whole(0)
    owner_id: Mapped[int | None] = maybe_whole()
    due_at_ms: Mapped[int | None] = maybe_whole()
    blocked_because: Mapped[str] = words("")
    blocked_note: Mapped[str] = words("")
    blocked_since_ms: Mapped[int | None] = maybe_whole()


class OrderCardLabel(InWarehouse, db.Model):
    """A word stuck on a card."""

    __tablename__ = "order_card_label"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "order_id", "label"),
        Index("ix_order_card_label_label", "warehouse_id", "label"),
        belongs("order_id", "sales_order"),
    )

    order_id: Mapped[int] = whole()
    label: Mapped[str] = words()


class OrderCardEntry(InWarehouse, db.Model):
    """One thing said or done on a card; rows are only ever added. `was` and `said`: before and after."""

    __tablename__ = "order_card_entry"
    __table_args__ = (
        Index("ix_order_card_entry_order", "warehouse_id", "order_id", "id"),
        belongs("order_id", "sales_order"),
        belongs("operator_id", "operator"),
        belongs("station_id", "station"),
        one_of("kind", EntryKind),
    )

    order_id: Mapped[int] = whole()
    kind: Mapped[str] = words()
    was: Mapped[str] = words("")
    said: Mapped[str] = words("")
    note: Mapped[str] = words("")
    operator_id: Mapped[int | None] = maybe_whole()
    station_id: Mapped[int | None] = maybe_whole()
    recorded_at_ms: Mapped[int] = whole()


class ColumnLimit(InWarehouse, db.Model):
    """How many cards a column should hold at most, and who said so; a column without a row has no limit."""

    __tablename__ = "column_limit"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "board_column"),
        belongs("set_by_id", "operator"),
        one_of("board_column", OPEN),
        CheckConstraint("cards_max > 0", name="cards_max"),
    )

    board_column: Mapped[str] = words()
    cards_max: Mapped[int] = whole()
    set_by_id: Mapped[int | None] = maybe_whole()
    set_at_ms: Mapped[int] = whole()


class BoardView(InWarehouse, db.Model):
    """Filters of the board under a name: an operator's, or (0) anybody's who has no badge of their own."""

    __tablename__ = "board_view"
    __table_args__ = (UniqueConstraint("warehouse_id", "operator_id", "name"),)

    operator_id: Mapped[int] = whole(0)
    name: Mapped[str] = words()
    query: Mapped[str] = words("")
    saved_at_ms: Mapped[int] = whole()
