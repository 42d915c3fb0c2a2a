"""General jobs as rows: what is to be worked out beside the floor, with a lease and a fence."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, UniqueConstraint

from fulfillment.domain.effects import JobState
from fulfillment.models.base import InWarehouse, Mapped, db, maybe_whole, one_of, whole, words


class Job(InWarehouse, db.Model):
    """One piece of work for a background worker; it may be run more than once, so it must be idempotent."""

    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "dedupe_key"),
        one_of("state", JobState),
        CheckConstraint("attempts >= 0 AND fence >= 0", name="counts"),
        Index("ix_job_due", "warehouse_id", "state", "run_after_ms"),
    )

    name: Mapped[str] = words()
    arguments: Mapped[str] = words("{}")
    dedupe_key: Mapped[str] = words()
    state: Mapped[str] = words(JobState.QUEUED)
    attempts: Mapped[int] = whole(0)
    fence: Mapped[int] = whole(0)
    run_after_ms: Mapped[int] = whole(0)
    lease_until_ms: Mapped[int] = whole(0)
    claimed_by: Mapped[str] = words("")
    result: Mapped[str] = words("")
    created_at_ms: Mapped[int] = whole()
    done_at_ms: Mapped[int | None] = maybe_whole()
