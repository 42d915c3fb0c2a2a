"""Vocabulary of effects on the outside world, and what may follow what."""

from __future__ import annotations

from enum import StrEnum


class EffectKind(StrEnum):
    """What is to be done outside the transaction."""

    PRINT = "print"
    PLAN_WAVE = "plan_wave"


class EffectState(StrEnum):
    """`uncertain`: bytes left and nobody knows whether they were printed; a person decides, never we."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    SENDING = "sending"
    SENT = "sent"
    CONFIRMED = "confirmed"
    HELD = "held"
    UNCERTAIN = "uncertain"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"


class PrinterState(StrEnum):
    """Health of a device as last seen."""

    CONNECTING = "connecting"
    READY = "ready"
    DEGRADED = "degraded"
    FAULTED = "faulted"
    OFFLINE = "offline"
    DISABLED = "disabled"
