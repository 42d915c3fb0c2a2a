"""Labels bought from carriers as rows: one for each intent, whatever came of it."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text

from fulfillment.domain.effects import Heard, LabelDecision, LabelState
from fulfillment.models.base import InWarehouse, Mapped, belongs, db, maybe_whole, one_of, whole, words

# One label of a parcel is good at a time; those to be voided or given up are listed until they are dealt with.
LIVE = text("state IN ('wanted', 'bought', 'uncertain', 'refused')")


class CarrierLabel(InWarehouse, db.Model):
    """What we asked a carrier for and what it said. `reference` is the key it was asked with, never used twice."""

    __tablename__ = "carrier_label"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "reference"),
        belongs("parcel_id", "parcel"),
        belongs("carrier_id", "carrier"),
        belongs("decided_by_id", "operator"),
        one_of("state", LabelState),
        one_of("heard", ("", *Heard)),
        one_of("decision", ("", *LabelDecision)),
        CheckConstraint("cost_minor >= 0 AND looked_up >= 0 AND silences >= 0", name="counts"),
        Index(
            "ix_carrier_label_live", "warehouse_id", "parcel_id", unique=True, sqlite_where=LIVE, postgresql_where=LIVE
        ),
        Index("ix_carrier_label_state", "warehouse_id", "state"),
    )

    reference: Mapped[str] = words()
    parcel_id: Mapped[int] = whole()
    carrier_id: Mapped[int] = whole()
    state: Mapped[str] = words(LabelState.WANTED)
    heard: Mapped[str] = words("")
    silences: Mapped[int] = whole(0)
    looked_up: Mapped[int] = whole(0)
    tracking_number: Mapped[str] = words("")
    cost_minor: Mapped[int] = whole(0)
    currency: Mapped[str] = words("")
    content: Mapped[str] = words("")
    detail: Mapped[str] = words("")
    decision: Mapped[str] = words("")
    decided_by_id: Mapped[int | None] = maybe_whole()
    decided_at_ms: Mapped[int | None] = maybe_whole()
    created_at_ms: Mapped[int] = whole()
    bought_at_ms: Mapped[int | None] = maybe_whole()
    ended_at_ms: Mapped[int | None] = maybe_whole()
