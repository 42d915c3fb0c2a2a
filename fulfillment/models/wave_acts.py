"""What supervisors did with waves under way, and what it takes to undo it."""

from __future__ import annotations

from sqlalchemy import Index

from fulfillment.domain.wave_acts import WaveAct
from fulfillment.models.base import InWarehouse, Mapped, belongs, db, maybe_whole, one_of, whole, words


class WaveActed(InWarehouse, db.Model):
    """One act on a wave or on one of its tours. `before`, `after`: what it changed, as JSON ('' = cannot be undone);
    `operator_id`: the supervisor whose badge was shown (none = a program's token decided); `task_id`: the one stop
    it was about."""

    __tablename__ = "wave_act"
    __table_args__ = (
        belongs("wave_id", "wave"),
        belongs("tour_id", "tour"),
        belongs("operator_id", "operator"),
        belongs("task_id", "task"),
        one_of("act", WaveAct),
        Index("ix_wave_act_wave", "warehouse_id", "wave_id", "id"),
        Index("ix_wave_act_task", "warehouse_id", "task_id"),
    )

    act: Mapped[str] = words()
    wave_id: Mapped[int] = whole()
    tour_id: Mapped[int | None] = maybe_whole()
    operator_id: Mapped[int | None] = maybe_whole()
    subject: Mapped[str] = words("")
    before: Mapped[str] = words("")
    after: Mapped[str] = words("")
    acted_at_ms: Mapped[int] = whole()
    undone_at_ms: Mapped[int | None] = maybe_whole()
    task_id: Mapped[int | None] = maybe_whole()
