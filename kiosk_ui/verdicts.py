"""Of which kind a verdict is. Each kind has a sound, a vibration, a shape and a word of its own, beside its colour.

Pure. `over` is what was right but too much of it: the hand puts some back, and scans again. What is `rejected`
otherwise was the wrong thing.
"""

from __future__ import annotations

from fulfillment.domain.reasons import Reject

OVER = frozenset(
    {Reject.TOO_MANY, Reject.OVER_RECEIPT, Reject.LOCATION_FULL, Reject.PARCEL_FULL, Reject.SCALE_OVER}
)  # fmt: skip


def kind_of(outcome: str, code: str) -> str:
    """`applied`, `over` or `rejected`; a scan the server could not read (`refused`) is rejected too."""
    if outcome == "applied":
        return "applied"
    return "over" if outcome == "rejected" and code in OVER else "rejected"
