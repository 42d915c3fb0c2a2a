"""What came of a label job, judged from what was observed of it. Pure: no I/O, no clock.

    reported by every label (^HV … L)                              printed
    odometer rose by the labels, same boot, nothing pending        printed, unless a fault or a silence lay between
    nothing pending, odometer unchanged, no byte can still come    unprinted: it may be sent again
    no odometer, nothing pending, sent without trouble             parsed
    nothing pending, no byte can still come, none of the above     unknowable: asking again would tell nothing new
    anything else                                                  open: ask again; both leave it to a person in the end

Owns that table. Refuses to guess: a count that stands between, an odometer that went back, a fault that still holds
are open. Why a fault spoils the odometer's word: a spoilt label is counted, too, and with ^JZN, or cancelled at the
panel, it is never printed again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from devices.protocols import PrinterStatus


class Verdict(StrEnum):
    PRINTED = "printed"
    PARSED = "parsed"
    UNPRINTED = "unprinted"
    UNKNOWABLE = "unknowable"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Evidence:
    """`labels`: what the job makes come out; `reported`: how many said that they did. `is_complete`: every byte left
    without trouble. `is_cut_off`: no byte of it can still reach the printer, or `after` was said behind the last one.
    `is_disturbed`: a fault was seen, or the printer was silent, after the first byte left.
    """

    labels: int
    reported: int
    before: PrinterStatus
    after: PrinterStatus | None
    is_complete: bool
    is_cut_off: bool
    is_disturbed: bool


def verdict(evidence: Evidence) -> Verdict:
    """What is proven."""
    before, after = evidence.before, evidence.after
    if evidence.labels and evidence.reported >= evidence.labels:
        return Verdict.PRINTED
    # Busy or held: something may still come out.
    if after is None or not after.is_ready or after.buffered_formats or after.labels_remaining:
        return Verdict.OPEN
    has_booted = None not in (before.boot, after.boot) and before.boot != after.boot
    nothing_comes = evidence.is_cut_off or has_booted
    unproven = Verdict.UNKNOWABLE if nothing_comes else Verdict.OPEN
    if before.odometer is None or after.odometer is None or not evidence.labels:
        is_taken = evidence.is_complete and not evidence.is_disturbed and before.boot == after.boot
        return Verdict.PARSED if is_taken else unproven
    rise = after.odometer - before.odometer
    if rise >= evidence.labels and not evidence.is_disturbed and before.boot == after.boot:
        return Verdict.PRINTED
    if rise == 0 and not evidence.reported and nothing_comes:
        return Verdict.UNPRINTED
    return unproven
