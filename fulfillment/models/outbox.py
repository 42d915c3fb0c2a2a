"""Effects on the outside world as rows: the intent is committed with the business, the result after it."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import mapped_column

from fulfillment.domain.effects import AttemptOutcome, EffectKind, EffectState, PrinterState
from fulfillment.models.base import InWarehouse, Mapped, belongs, db, maybe_whole, one_of, whole, words


class Printer(InWarehouse, db.Model):
    """A label or slip printer; its state is what the outbox worker last saw, or the bench agent whose it is. `proof`:
    what shows that a label came out, `label` when each reports itself, `counter` when only the odometer tells, empty
    until it was found out. `stand_in_id`: who prints what waits here when this one cannot."""

    __tablename__ = "printer"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "code"),
        belongs("agent_id", "bench_agent"),
        one_of("language", ("zpl", "escpos")),
        one_of("state", PrinterState),
        one_of("proof", ("", "counter", "label")),
        belongs("stand_in_id", "printer"),
    )

    code: Mapped[str] = words()
    address: Mapped[str] = words()
    language: Mapped[str] = words()
    dpi: Mapped[int] = whole(203)
    state: Mapped[str] = words(PrinterState.CONNECTING)
    reason: Mapped[str] = words("")
    checked_at_ms: Mapped[int | None] = maybe_whole()
    agent_id: Mapped[int | None] = maybe_whole()
    proof: Mapped[str] = words("")
    stand_in_id: Mapped[int | None] = maybe_whole()


class Effect(InWarehouse, db.Model):
    """One intended effect. `fence` rises with every claim: a worker whose lease ran out cannot write."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "dedupe_key"),
        belongs("printer_id", "printer"),
        one_of("kind", EffectKind),
        one_of("state", EffectState),
        CheckConstraint("attempts >= 0 AND fence >= 0", name="counts"),
        Index("ix_outbox_due", "warehouse_id", "kind", "state", "run_after_ms"),
        Index("ix_outbox_subject", "warehouse_id", "subject"),
    )

    kind: Mapped[str] = words()
    subject: Mapped[str] = words("")
    dedupe_key: Mapped[str] = words()
    state: Mapped[str] = words(EffectState.QUEUED)
    printer_id: Mapped[int | None] = maybe_whole()
    template: Mapped[str] = words("")
    fields: Mapped[str] = words("{}")
    content: Mapped[bytes | None] = mapped_column(LargeBinary, nullable=True)
    content_sha256: Mapped[str] = words("")
    attempts: Mapped[int] = whole(0)
    fence: Mapped[int] = whole(0)
    run_after_ms: Mapped[int] = whole(0)
    lease_until_ms: Mapped[int] = whole(0)
    claimed_at_ms: Mapped[int] = whole(0)
    claimed_by: Mapped[str] = words("")
    receipt_level: Mapped[str] = words("")
    result: Mapped[str] = words("")
    created_at_ms: Mapped[int] = whole()
    done_at_ms: Mapped[int | None] = maybe_whole()


class PrintAttempt(InWarehouse, db.Model):
    """One attempt to print, written once when it is over. `before_status` and `after_status`: what the printer said of
    itself, as JSON (state, reasons, odometer, boot, buffered_formats, labels_remaining), empty when it said nothing.
    An attempt held for the reason of the one before it is not written again."""

    __tablename__ = "print_attempt"
    __table_args__ = (
        belongs("effect_id", "outbox"),
        belongs("printer_id", "printer"),
        one_of("outcome", AttemptOutcome),
        Index("ix_print_attempt_effect", "warehouse_id", "effect_id"),
        Index("ix_print_attempt_ended", "warehouse_id", "ended_at_ms"),
    )

    effect_id: Mapped[int] = whole()
    fence: Mapped[int] = whole()
    printer_id: Mapped[int] = whole()
    began_at_ms: Mapped[int] = whole()
    ended_at_ms: Mapped[int] = whole()
    outcome: Mapped[str] = words()
    receipt_level: Mapped[str] = words("")
    before_status: Mapped[str] = words("")
    after_status: Mapped[str] = words("")
    detail: Mapped[str] = words("")
