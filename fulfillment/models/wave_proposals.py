"""Who picks when, which orders are proposed to go now, and when released waves will be done."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, UniqueConstraint

from fulfillment.domain.waves import ProposalState
from fulfillment.models.base import InWarehouse, Mapped, belongs, db, maybe_whole, one_of, whole, words


class PickerShift(InWarehouse, db.Model):
    """The hours one operator picks."""

    __tablename__ = "picker_shift"
    __table_args__ = (
        belongs("operator_id", "operator"),
        CheckConstraint("until_at_ms > from_at_ms", name="hours"),
        Index("ix_picker_shift_until", "warehouse_id", "until_at_ms"),
    )

    operator_id: Mapped[int] = whole()
    from_at_ms: Mapped[int] = whole()
    until_at_ms: Mapped[int] = whole()


class ShiftBreak(InWarehouse, db.Model):
    """A rest within a shift."""

    __tablename__ = "shift_break"
    __table_args__ = (
        belongs("shift_id", "picker_shift"),
        CheckConstraint("until_at_ms > from_at_ms", name="hours"),
        Index("ix_shift_break_shift", "warehouse_id", "shift_id"),
    )

    shift_id: Mapped[int] = whole()
    from_at_ms: Mapped[int] = whole()
    until_at_ms: Mapped[int] = whole()


class WaveProposal(InWarehouse, db.Model):
    """A wave somebody asked to have proposed; `content` is the plan as JSON once it is made."""

    __tablename__ = "wave_proposal"
    __table_args__ = (
        belongs("wave_id", "wave"),
        one_of("state", ProposalState),
        Index("ix_wave_proposal_state", "warehouse_id", "state", "id"),
    )

    state: Mapped[str] = words(ProposalState.PLANNING)
    max_orders: Mapped[int] = whole()
    horizon_ms: Mapped[int] = whole()
    content: Mapped[str] = words("")
    wave_id: Mapped[int | None] = maybe_whole()
    asked_at_ms: Mapped[int] = whole()
    planned_at_ms: Mapped[int | None] = maybe_whole()
    released_at_ms: Mapped[int | None] = maybe_whole()


class WaveDraft(InWarehouse, db.Model):
    """A wave somebody chose the orders of, planned to be looked at. `choice`, `content` and `changed` are JSON:
    `changed` says why the draft this one was planned instead of was not released."""

    __tablename__ = "wave_draft"
    __table_args__ = (
        belongs("wave_id", "wave"),
        one_of("state", ProposalState),
        Index("ix_wave_draft_state", "warehouse_id", "state", "id"),
    )

    state: Mapped[str] = words(ProposalState.PLANNING)
    choice: Mapped[str] = words("")
    content: Mapped[str] = words("")
    changed: Mapped[str] = words("")
    wave_id: Mapped[int | None] = maybe_whole()
    asked_at_ms: Mapped[int] = whole()
    planned_at_ms: Mapped[int | None] = maybe_whole()
    released_at_ms: Mapped[int | None] = maybe_whole()


class WaveForecast(InWarehouse, db.Model):
    """When a released wave will have been picked: half of the time, and nine times in ten (0: not on this shift)."""

    __tablename__ = "wave_forecast"
    __table_args__ = (belongs("wave_id", "wave"), UniqueConstraint("warehouse_id", "wave_id"))

    wave_id: Mapped[int] = whole()
    tours_left: Mapped[int] = whole()
    p50_at_ms: Mapped[int] = whole()
    p90_at_ms: Mapped[int] = whole()
    made_at_ms: Mapped[int] = whole()
