"""The benches' devices, the agents that own their ports, and what those are asked to do."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, UniqueConstraint

from fulfillment.domain.devices import AgentState, CommandKind, DeviceKind
from fulfillment.domain.effects import PrinterState
from fulfillment.models.base import InWarehouse, Mapped, belongs, db, maybe_whole, one_of, whole, words


class BenchAgent(InWarehouse, db.Model):
    """A program at a bench that owns the bench's ports. `journal` names the file it keeps scans and jobs in;
    `last_event` is the highest number of that journal all of whose events were taken; `station`: whose scans those of
    the devices it proposes will be (by its code: a station knows its printers, and those their agents)."""

    __tablename__ = "bench_agent"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "code"),
        one_of("state", AgentState),
        CheckConstraint("last_event >= 0", name="counts"),
    )

    code: Mapped[str] = words()
    station: Mapped[str] = words("")
    version: Mapped[str] = words("")
    host: Mapped[str] = words("")
    journal: Mapped[str] = words("")
    state: Mapped[str] = words(AgentState.NEW)
    reason: Mapped[str] = words("")
    hello_at_ms: Mapped[int | None] = maybe_whole()
    seen_at_ms: Mapped[int | None] = maybe_whole()
    last_event: Mapped[int] = whole(0)


class Device(InWarehouse, db.Model):
    """A scanner or scale; its driver follows from `kind` and `address`. `last_sequence` counts its scans in its
    agent's journal, `gaps` those that never came."""

    __tablename__ = "device"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "code"),
        belongs("agent_id", "bench_agent"),
        belongs("station_id", "station"),
        one_of("kind", [kind for kind in DeviceKind if kind is not DeviceKind.PRINTER]),
        one_of("state", PrinterState),
        CheckConstraint("is_enabled BETWEEN 0 AND 1", name="switch"),
        CheckConstraint("last_sequence >= 0 AND gaps >= 0 AND reconnects >= 0", name="counts"),
        Index("ix_device_agent", "warehouse_id", "agent_id"),
    )

    code: Mapped[str] = words()
    kind: Mapped[str] = words()
    address: Mapped[str] = words()
    signals: Mapped[str] = words("")
    agent_id: Mapped[int | None] = maybe_whole()
    station_id: Mapped[int | None] = maybe_whole()
    is_enabled: Mapped[int] = whole(1)
    state: Mapped[str] = words(PrinterState.CONNECTING)
    reason: Mapped[str] = words("")
    detail: Mapped[str] = words("")
    seen_at_ms: Mapped[int | None] = maybe_whole()
    last_sequence: Mapped[int] = whole(0)
    gaps: Mapped[int] = whole(0)
    reconnects: Mapped[int] = whole(0)


class AgentCommand(InWarehouse, db.Model):
    """Something an agent is asked to do, until it has said what came of it; without an agent it is the server's own
    machine that is asked. `subject`: what it is about, so that a newer one takes the place of an older one."""

    __tablename__ = "agent_command"
    __table_args__ = (
        belongs("agent_id", "bench_agent"),
        one_of("kind", CommandKind),
        Index("ix_agent_command_open", "warehouse_id", "agent_id", "done_at_ms", "id"),
    )

    agent_id: Mapped[int | None] = maybe_whole()
    kind: Mapped[str] = words()
    subject: Mapped[str] = words()
    payload: Mapped[str] = words("{}")
    result: Mapped[str] = words("")
    created_at_ms: Mapped[int] = whole()
    taken_at_ms: Mapped[int | None] = maybe_whole()
    done_at_ms: Mapped[int | None] = maybe_whole()
