"""Scans a device without the network took for right and the floor did not: what a person has to look into."""

from __future__ import annotations

from sqlalchemy import Index, UniqueConstraint

from fulfillment.domain.noted import Decision
from fulfillment.models.base import InWarehouse, Mapped, belongs, db, maybe_whole, one_of, whole, words


class ReplayConflict(InWarehouse, db.Model):
    """One such scan, and what was decided about it.

    `operator_id`: who scanned, which need not be who is signed in when it came; `task_id`: the stop, 0 = putting the
    totes down; `first_id`: the conflict this one only follows from. `decision` is '' until somebody has decided.
    """

    __tablename__ = "replay_conflict"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "scan_id"),
        belongs("station_id", "station"),
        belongs("operator_id", "operator"),
        belongs("first_id", "replay_conflict"),
        belongs("decided_by_id", "operator"),
        one_of("decision", ("", *Decision)),
        Index("ix_replay_conflict_open", "warehouse_id", "decision", "id"),
    )

    scan_id: Mapped[str] = words()
    station_id: Mapped[int] = whole()
    operator_id: Mapped[int | None] = maybe_whole()
    tour_id: Mapped[int] = whole()
    task_id: Mapped[int] = whole(0)
    state: Mapped[str] = words()
    code: Mapped[str] = words()
    qty_each: Mapped[int | None] = maybe_whole()
    rejection: Mapped[str] = words()
    expected: Mapped[str] = words("")
    got: Mapped[str] = words("")
    occurred_at_ms: Mapped[int] = whole()
    replayed_at_ms: Mapped[int] = whole()
    first_id: Mapped[int | None] = maybe_whole()
    decision: Mapped[str] = words("")
    note: Mapped[str] = words("")
    decided_by_id: Mapped[int | None] = maybe_whole()
    decided_at_ms: Mapped[int | None] = maybe_whole()
