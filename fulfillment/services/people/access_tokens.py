"""Tokens of devices, agents and programs: who holds which, until when, and taking one away.

Sessions have tokens too, but lists of their own (`sessions`). What a token says is kept nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.domain.roles import permissions_of
from fulfillment.hot import Tx
from fulfillment.services.set_up import setting_up

DAY_MS = 24 * 3600 * 1000
DAYS, DAYS_MAX = 365, 3650


def listed(tx: Tx) -> list[dict[str, Any]]:
    """Those that still hold, the newest first."""
    rows = tx.all(
        "SELECT t.id, t.name, t.role, t.scope, t.created_at_ms, t.expires_at_ms, s.code AS station, a.code AS agent"
        " FROM access_token t LEFT JOIN station s ON s.warehouse_id = t.warehouse_id AND s.id = t.station_id"
        " LEFT JOIN bench_agent a ON a.warehouse_id = t.warehouse_id AND a.id = t.agent_id"
        f" WHERE t.warehouse_id = :w AND t.revoked_at_ms IS NULL AND {_HOLDS} ORDER BY t.id DESC",
        now=tx.now_ms,
    )
    return [dict(row) for row in rows]


def add(tx: Tx, name: str, role: str, days: int, may: Sequence[str] = ()) -> dict[str, Any]:
    """A token for a program, for so many days; narrowed to these permissions, if any are named.

    Raises:
        DomainError: `bad_permission`: none of its role's; `bad_quantity`: days.
    """
    if not 1 <= days <= DAYS_MAX:
        raise DomainError("bad_quantity", f"1 to {DAYS_MAX} days", "days")
    unknown = sorted(set(may) - permissions_of(role))
    if unknown:
        raise DomainError("bad_permission", f"a token of role {role} may not {unknown[0]!r}", "may")
    scope, expires_at_ms = " ".join(sorted(set(may))), tx.now_ms + days * DAY_MS
    token = setting_up.add_token(tx, name, role, expires_at_ms=expires_at_ms, scope=scope)
    return {"name": name, "role": role, "token": token, "expires_at_ms": expires_at_ms, "may": scope.split()}


def revoke(tx: Tx, token_id: int) -> None:
    """It opens nothing any more, from its next use on, in every process.

    Raises:
        NotFound: there is no such token that still holds.
    """
    revoked = tx.run(
        "UPDATE access_token SET revoked_at_ms = :now WHERE warehouse_id = :w AND id = :id AND revoked_at_ms IS NULL"
        f" AND {_HOLDS.replace('t.', 'access_token.')}",
        now=tx.now_ms, id=token_id,
    )  # fmt: skip
    if not revoked:
        raise NotFound("unknown_token", f"no token {token_id} that still holds", "token")


_HOLDS = (
    "(t.expires_at_ms IS NULL OR t.expires_at_ms > :now) AND NOT EXISTS (SELECT 1 FROM desk_session d"
    " WHERE d.warehouse_id = t.warehouse_id AND d.token_id = t.id)"
)
