"""Directed work: waves, tours with their totes, and tasks."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index

from fulfillment.domain.tasks import TaskKind, TaskState, TourState, WaveState
from fulfillment.models.base import InWarehouse, Mapped, belongs, db, maybe_whole, one_of, whole, words


class Wave(InWarehouse, db.Model):
    """Orders released together."""

    __tablename__ = "wave"
    __table_args__ = (one_of("state", WaveState),)

    state: Mapped[str] = words(WaveState.PLANNING)
    priority: Mapped[int] = whole(0)
    created_at_ms: Mapped[int] = whole()
    released_at_ms: Mapped[int | None] = maybe_whole()
    done_at_ms: Mapped[int | None] = maybe_whole()


class Tour(InWarehouse, db.Model):
    """One walk with one cart: ordered stops, its length, and what simpler orders would have walked."""

    __tablename__ = "tour"
    __table_args__ = (
        belongs("wave_id", "wave"),
        belongs("cart_id", "cart"),
        belongs("operator_id", "operator"),
        one_of("state", TourState),
        Index("ix_tour_state", "warehouse_id", "state"),
    )

    wave_id: Mapped[int] = whole()
    state: Mapped[str] = words(TourState.PLANNED)
    cart_id: Mapped[int | None] = maybe_whole()
    operator_id: Mapped[int | None] = maybe_whole()
    station_id: Mapped[int | None] = maybe_whole()
    priority: Mapped[int] = whole(0)
    cut_off_at_ms: Mapped[int] = whole(0)
    distance_dm: Mapped[int] = whole(0)
    s_shape_dm: Mapped[int] = whole(0)
    location_order_dm: Mapped[int] = whole(0)
    solver: Mapped[str] = words("")
    seed: Mapped[int] = whole(0)
    elapsed_ms: Mapped[int] = whole(0)
    claimed_at_ms: Mapped[int | None] = maybe_whole()
    done_at_ms: Mapped[int | None] = maybe_whole()


class TourTote(InWarehouse, db.Model):
    """A place on the cart and the tote that stands there; a full tote is joined by a second row."""

    __tablename__ = "tour_tote"
    __table_args__ = (
        belongs("tour_id", "tour"),
        belongs("order_id", "sales_order"),
        belongs("lpn_id", "lpn"),
        CheckConstraint("position > 0", name="position"),
        Index("ix_tour_tote_tour", "warehouse_id", "tour_id", "position"),
        Index("ix_tour_tote_lpn", "warehouse_id", "lpn_id"),
    )

    tour_id: Mapped[int] = whole()
    position: Mapped[int] = whole()
    order_id: Mapped[int] = whole()
    lpn_id: Mapped[int] = whole(0)
    is_full: Mapped[int] = whole(0)


class Task(InWarehouse, db.Model):
    """One stop of directed work: at `location_id`, and for a replenishment from there to `to_location_id`."""

    __tablename__ = "task"
    __table_args__ = (
        belongs("tour_id", "tour"),
        belongs("order_id", "sales_order"),
        belongs("item_id", "item"),
        belongs("location_id", "location"),
        belongs("to_location_id", "location"),
        belongs("station_id", "station"),
        belongs("lpn_id", "lpn"),
        one_of("kind", TaskKind),
        one_of("state", TaskState),
        CheckConstraint("qty_each >= 0 AND done_each BETWEEN 0 AND qty_each", name="done"),
        Index("ix_task_tour", "warehouse_id", "tour_id", "state", "sequence"),
        Index("ix_task_order", "warehouse_id", "order_id", "state"),
        Index("ix_task_kind", "warehouse_id", "kind", "state"),
        Index("ix_task_location", "warehouse_id", "location_id", "state"),
    )

    kind: Mapped[str] = words()
    state: Mapped[str] = words(TaskState.OPEN)
    tour_id: Mapped[int | None] = maybe_whole()
    sequence: Mapped[int] = whole(0)
    position: Mapped[int] = whole(0)
    order_id: Mapped[int | None] = maybe_whole()
    item_id: Mapped[int | None] = maybe_whole()
    location_id: Mapped[int | None] = maybe_whole()
    to_location_id: Mapped[int | None] = maybe_whole()
    layer_id: Mapped[int | None] = maybe_whole()
    lpn_id: Mapped[int] = whole(0)
    qty_each: Mapped[int] = whole(0)
    done_each: Mapped[int] = whole(0)
    reason: Mapped[str] = words("")
    priority: Mapped[int] = whole(0)
    station_id: Mapped[int | None] = maybe_whole()
    operator_id: Mapped[int | None] = maybe_whole()
    created_at_ms: Mapped[int] = whole()
    claimed_at_ms: Mapped[int | None] = maybe_whole()
    done_at_ms: Mapped[int | None] = maybe_whole()
