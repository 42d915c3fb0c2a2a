"""The audit log: who did what, chained by hashes. Rows are never changed or deleted; a content can be emptied."""

from __future__ import annotations

from fulfillment.domain.chaining import AuditKind
from fulfillment.models.base import InWarehouse, Mapped, db, maybe_whole, one_of, whole, words


class AuditEntry(InWarehouse, db.Model):
    """One act. Its ids are no foreign keys: what an entry says stays, whatever becomes of the rows it names."""

    __tablename__ = "audit_log"
    __table_args__ = (one_of("kind", AuditKind),)

    at_ms: Mapped[int] = whole()
    kind: Mapped[str] = words()
    operator_id: Mapped[int | None] = maybe_whole()
    station_id: Mapped[int | None] = maybe_whole()
    token_id: Mapped[int | None] = maybe_whole()
    subject: Mapped[str] = words()
    content: Mapped[str] = words("")
    content_sha256: Mapped[str] = words()
    sha256: Mapped[str] = words()
