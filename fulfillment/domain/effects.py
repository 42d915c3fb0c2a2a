"""Vocabulary of effects on the outside world, and what may follow what."""

from __future__ import annotations

from enum import StrEnum


class EffectKind(StrEnum):
    """What is to be done outside the transaction."""

    PRINT = "print"
    BUY_LABEL = "buy_label"
    VOID_LABEL = "void_label"


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


class AttemptOutcome(StrEnum):
    """What became of one attempt to print. `held`: no byte left; `unprinted`: bytes left, and it is proven that
    nothing came or can come of them; `no_output`: the same of a job the printer took whole and without trouble."""

    HELD = "held"
    UNPRINTED = "unprinted"
    NO_OUTPUT = "no_output"
    SENT = "sent"
    CONFIRMED = "confirmed"
    UNCERTAIN = "uncertain"
    FAILED = "failed"


class PrinterState(StrEnum):
    """Health of a device as last seen."""

    CONNECTING = "connecting"
    READY = "ready"
    DEGRADED = "degraded"
    FAULTED = "faulted"
    OFFLINE = "offline"
    DISABLED = "disabled"


class LabelState(StrEnum):
    """A carrier label. `uncertain`: it may have been bought, a person decides; `refused`: the carrier will not
    have it as it is; `dropped`: never asked for; `to_void`: not wanted any more; `abandoned`: given up."""

    WANTED = "wanted"
    BOUGHT = "bought"
    UNCERTAIN = "uncertain"
    REFUSED = "refused"
    DROPPED = "dropped"
    TO_VOID = "to_void"
    VOID = "void"
    ABANDONED = "abandoned"


class Heard(StrEnum):
    """What came back when a label was asked for and we did not learn it: the carrier answered (so that call is
    over), or it was silent (so that call may still be on its way)."""

    ANSWERED = "answered"
    SILENT = "silent"


class LabelDecision(StrEnum):
    """What a supervisor says about a label nobody knows the fate of, or the carrier refused."""

    FOUND = "found"
    BUY_AGAIN = "buy_again"
    GIVE_UP = "give_up"


class JobState(StrEnum):
    """A general job."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    DONE = "done"
    FAILED = "failed"
