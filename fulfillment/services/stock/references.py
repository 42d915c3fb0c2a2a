"""Changes of stock that programs ask for under a reference of their own: asked again, the answer is the same.

Refuses a reference that came with other content. Invariant: an answer is kept in the transaction that made it true.
"""

from __future__ import annotations

import json
from typing import Any

from fulfillment.domain.reasons import Conflict
from fulfillment.hot import Tx


def answer_to(tx: Tx, reference: str, sha256: str, field: str = "reference") -> dict[str, Any] | None:
    """What was answered under this reference, or None when it is new (or '').

    Raises:
        Conflict: `reference_exists`: it came before with other content.
    """
    if not reference:
        return None
    row = tx.one(
        "SELECT content_sha256, outcome FROM stock_change WHERE warehouse_id = :w AND reference = :reference",
        reference=reference,
    )
    if row is None:
        return None
    if row["content_sha256"] != sha256:
        raise Conflict("reference_exists", f"{reference!r} came before with other content", field)
    outcome: dict[str, Any] = json.loads(row["outcome"])
    return outcome


def keep_answer(tx: Tx, reference: str, sha256: str, outcome: dict[str, Any]) -> None:
    """Remember an answer; without a reference there is nothing to remember it by."""
    if reference:
        tx.add(
            "stock_change", reference=reference, content_sha256=sha256, outcome=json.dumps(outcome),
            recorded_at_ms=tx.now_ms,
        )  # fmt: skip
