"""How long a stage of an order may take: set by a supervisor, kept with who set it and when.

Owns `stage_target`. A target that is what it was stays whose it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fulfillment.domain.process_map import STAGES
from fulfillment.domain.reasons import DomainError
from fulfillment.hot import Tx
from fulfillment.services.stock.lookup import author_id

TARGET_MAX_MS = 30 * 24 * 3_600_000


def targets(tx: Tx) -> dict[str, int]:
    """Stage → how long it may take, of those that were set."""
    return {stage: row["target_ms"] for stage, row in described(tx).items()}


def described(tx: Tx) -> dict[str, dict[str, Any]]:
    """Stage → `target_ms`, `set_by` ('' = nobody's badge), `set_at_ms`, of those that were set."""
    known = {
        row["stage"]: {name: row[name] for name in ("target_ms", "set_by", "set_at_ms")}
        for row in tx.all(
            "SELECT t.stage, t.target_ms, COALESCE(o.name, '') AS set_by, t.set_at_ms FROM stage_target t"
            " LEFT JOIN operator o ON o.warehouse_id = t.warehouse_id AND o.id = t.set_by_id WHERE t.warehouse_id = :w"
        )
    }
    return {stage.value: known[stage] for stage in STAGES if stage in known}


def set_targets(
    tx: Tx, targets_ms: Mapping[str, int | None], badge: str = "", may_without_badge: bool = True
) -> None:  # fmt: skip
    """Set targets of stages; None takes one away, what is not named stays.

    Raises:
        DomainError: no such stage, a target out of bounds, or no supervisor's badge where one is needed.
    """
    person_id = author_id(tx, badge, may_without_badge, "sets targets")
    known = targets(tx)
    for stage, target_ms in targets_ms.items():
        if stage not in STAGES:
            raise DomainError("bad_stage", f"{stage[:40]!r} is none of {', '.join(STAGES)}", "targets_ms")
        if target_ms is not None and not 0 < target_ms <= TARGET_MAX_MS:
            raise DomainError("bad_target", f"1 to {TARGET_MAX_MS} ms", f"targets_ms.{stage}")
        if known.get(stage) == target_ms:
            continue
        tx.run("DELETE FROM stage_target WHERE warehouse_id = :w AND stage = :stage", stage=stage)
        if target_ms is not None:
            tx.insert("stage_target", stage=stage, target_ms=target_ms, set_by_id=person_id, set_at_ms=tx.now_ms)
