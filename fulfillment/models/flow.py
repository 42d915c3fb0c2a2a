"""What the warehouse expects of itself: how long each stage of an order may take."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, UniqueConstraint

from fulfillment.domain.process_map import STAGES
from fulfillment.models.base import InWarehouse, Mapped, belongs, db, maybe_whole, one_of, whole, words


class StageTarget(InWarehouse, db.Model):
    """How long an order may take from what was done before to the end of a stage."""

    __tablename__ = "stage_target"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "stage"),
        one_of("stage", STAGES),
        CheckConstraint("target_ms > 0", name="target"),
        belongs("set_by_id", "operator"),
    )

    stage: Mapped[str] = words()
    target_ms: Mapped[int] = whole()
    set_by_id: Mapped[int | None] = maybe_whole()
    set_at_ms: Mapped[int] = whole(0)
