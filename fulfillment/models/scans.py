"""Scans with their outcomes, the dialogue of each station, and the events that follow."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Integer, UniqueConstraint
from sqlalchemy.orm import mapped_column

from fulfillment.models.base import InWarehouse, Mapped, belongs, db, maybe_whole, one_of, whole, words


class Scan(InWarehouse, db.Model):
    """One trigger pull and the answer it got; a replay returns the same answer."""

    __tablename__ = "scan"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "scan_id"),
        belongs("station_id", "station"),
        belongs("operator_id", "operator"),
        Index("ix_scan_recorded", "warehouse_id", "recorded_at_ms"),
    )

    scan_id: Mapped[str] = words()
    station_id: Mapped[int] = whole()
    operator_id: Mapped[int | None] = maybe_whole()
    code: Mapped[str] = words()
    qty_each: Mapped[int | None] = maybe_whole()
    flow: Mapped[str] = words("")
    rejection: Mapped[str] = words("")
    body_sha256: Mapped[str] = words()
    outcome: Mapped[str] = words()
    occurred_at_ms: Mapped[int] = whole()
    recorded_at_ms: Mapped[int] = whole()


class Dialogue(db.Model):
    """Where a station's conversation stands: a reload or a second device goes on from here.

    `aside`: what is asked beside it, a PIN of `asked_operator_id` or what the problem is. `updated_at_ms`: when
    somebody last was at work here by the server's clock, `heard_at_ms`: by the clock of whatever sent that scan.
    """

    __tablename__ = "dialogue"
    __table_args__ = (
        belongs("station_id", "station"),
        belongs("operator_id", "operator"),
        belongs("asked_operator_id", "operator"),
        one_of("aside", ("", "pin", "problem")),
    )

    warehouse_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    station_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    operator_id: Mapped[int | None] = maybe_whole()
    flow: Mapped[str] = words("home")
    state: Mapped[str] = words("signed_out")
    memory: Mapped[str] = words("{}")
    aside: Mapped[str] = words("")
    asked_operator_id: Mapped[int | None] = maybe_whole()
    heard_at_ms: Mapped[int] = whole(0)
    updated_at_ms: Mapped[int] = whole()


class Event(InWarehouse, db.Model):
    """Something happened. `xid` is PostgreSQL's transaction (0 on SQLite): readers follow by (xid, id)."""

    __tablename__ = "event"
    __table_args__ = (Index("ix_event_visible", "warehouse_id", "xid", "id"),)

    topic: Mapped[str] = words()
    kind: Mapped[str] = words()
    payload: Mapped[str] = words("{}")
    scan_id: Mapped[str] = words("")
    recorded_at_ms: Mapped[int] = whole()
    xid: Mapped[int] = whole(0)
