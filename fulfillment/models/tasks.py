"""Directed work: waves, tours with their totes, and tasks."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index

from fulfillment.domain.tasks import PickMode, TaskKind, TaskState, TourState, WaveState
from fulfillment.models.base import InWarehouse, Mapped, belongs, db, maybe_whole, one_of, whole, words


class Wave(InWarehouse, db.Model):
    """Orders released together, to be picked in one `mode`. `fifo_s_shape_dm`: the walk of carts filled as orders came,
    S-shape. `paused_at_ms`: since when no tour of it is handed out (none = it is)."""

    __tablename__ = "wave"
    __table_args__ = (one_of("state", WaveState), one_of("mode", PickMode))

    state: Mapped[str] = words(WaveState.PLANNING)
    mode: Mapped[str] = words(PickMode.CLUSTER)
    priority: Mapped[int] = whole(0)
    lower_bound_dm: Mapped[int] = whole(0)
    fifo_s_shape_dm: Mapped[int] = whole(0)
    elapsed_ms: Mapped[int] = whole(0)
    solver: Mapped[str] = words("")
    created_at_ms: Mapped[int] = whole()
    released_at_ms: Mapped[int | None] = maybe_whole()
    done_at_ms: Mapped[int | None] = maybe_whole()
    paused_at_ms: Mapped[int | None] = maybe_whole()


class Tour(InWarehouse, db.Model):
    """One walk with one cart: ordered stops, its length, and what simpler orders would have walked.

    No order of its stops that keeps the warehouse's rule is shorter than `lower_bound_dm` (0 = not known); `free_dm` is
    the shortest walk found where stops need keep no order (0 = they need not). `replans`: how often its open stops were
    put in another order since. `for_operator_id`: whom it is kept for (none = for everybody). Active without a station
    it waits at its cart for somebody to go on with it. Of a tour that goes from zone to zone `zone` is the one its cart
    is in, `waits_at_id` where the cart stands between two.
    """

    __tablename__ = "tour"
    __table_args__ = (
        belongs("wave_id", "wave"),
        belongs("cart_id", "cart"),
        belongs("operator_id", "operator"),
        belongs("for_operator_id", "operator"),
        belongs("waits_at_id", "location"),
        one_of("state", TourState),
        Index("ix_tour_state", "warehouse_id", "state"),
        Index("ix_tour_station", "warehouse_id", "station_id", "state", "id"),
    )

    wave_id: Mapped[int] = whole()
    state: Mapped[str] = words(TourState.PLANNED)
    cart_id: Mapped[int | None] = maybe_whole()
    operator_id: Mapped[int | None] = maybe_whole()
    station_id: Mapped[int | None] = maybe_whole()
    for_operator_id: Mapped[int | None] = maybe_whole()
    priority: Mapped[int] = whole(0)
    cut_off_at_ms: Mapped[int] = whole(0)
    distance_dm: Mapped[int] = whole(0)
    s_shape_dm: Mapped[int] = whole(0)
    location_order_dm: Mapped[int] = whole(0)
    lower_bound_dm: Mapped[int] = whole(0)
    free_dm: Mapped[int] = whole(0)
    layout_version: Mapped[int] = whole(0)
    replans: Mapped[int] = whole(0)
    mode: Mapped[str] = words("")
    zone: Mapped[str] = words("")
    waits_at_id: Mapped[int | None] = maybe_whole()
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
        Index("ix_tour_tote_tour", "warehouse_id", "tour_id", "position", "id"),
        Index("ix_tour_tote_lpn", "warehouse_id", "lpn_id", "tour_id"),
    )

    tour_id: Mapped[int] = whole()
    position: Mapped[int] = whole()
    order_id: Mapped[int] = whole()
    lpn_id: Mapped[int] = whole(0)
    is_full: Mapped[int] = whole(0)


class Task(InWarehouse, db.Model):
    """One stop of directed work: at `location_id`, and for a replenishment from there to `to_location_id`.

    `walk_left_dm`: the walk from the stop before over this one to the tour's end.
    """

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
        Index("ix_task_tour", "warehouse_id", "tour_id", "state", "sequence", "id"),
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
    walk_left_dm: Mapped[int] = whole(0)
    reason: Mapped[str] = words("")
    priority: Mapped[int] = whole(0)
    station_id: Mapped[int | None] = maybe_whole()
    operator_id: Mapped[int | None] = maybe_whole()
    created_at_ms: Mapped[int] = whole()
    claimed_at_ms: Mapped[int | None] = maybe_whole()
    done_at_ms: Mapped[int | None] = maybe_whole()
