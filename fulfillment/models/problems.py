"""What somebody on the floor said is wrong, until a supervisor has closed it."""

from __future__ import annotations

from sqlalchemy import Index

from fulfillment.domain.problems import ProblemKind, ProblemState
from fulfillment.models.base import InWarehouse, Mapped, belongs, db, maybe_whole, one_of, whole, words


class Problem(InWarehouse, db.Model):
    """A card: what is wrong, and what its screen was about when somebody said so."""

    __tablename__ = "problem"
    __table_args__ = (
        belongs("station_id", "station"),
        belongs("operator_id", "operator"),
        belongs("location_id", "location"),
        belongs("item_id", "item"),
        belongs("task_id", "task"),
        belongs("taken_by_id", "operator"),
        belongs("closed_by_id", "operator"),
        one_of("kind", ProblemKind),
        one_of("state", ProblemState),
        Index("ix_problem_state", "warehouse_id", "state", "id"),
    )

    kind: Mapped[str] = words()
    state: Mapped[str] = words(ProblemState.OPEN)
    station_id: Mapped[int] = whole()
    operator_id: Mapped[int | None] = maybe_whole()
    flow: Mapped[str] = words("")
    step: Mapped[str] = words("")
    location_id: Mapped[int | None] = maybe_whole()
    item_id: Mapped[int | None] = maybe_whole()
    task_id: Mapped[int | None] = maybe_whole()
    scan_id: Mapped[str] = words("")
    reported_at_ms: Mapped[int] = whole()
    taken_by_id: Mapped[int | None] = maybe_whole()
    taken_at_ms: Mapped[int | None] = maybe_whole()
    closed_by_id: Mapped[int | None] = maybe_whole()
    closed_at_ms: Mapped[int | None] = maybe_whole()
    note: Mapped[str] = words("")
