"""Sessions at a desk: rows on the server, each with a token of its own that its browser holds in a cookie.

Owns `desk_session`. A session ends when it is signed out or revoked, when nobody used it for an hour, after twelve
hours, and when its person is retired or becomes something else. Invariant: what the cookie holds is nowhere in the
database.
"""

from __future__ import annotations

import secrets
from typing import Any

from fulfillment.domain.accounts import IDLE_MS, SESSION_MS
from fulfillment.domain.reasons import NotFound
from fulfillment.hot import Tx
from fulfillment.services.set_up.setting_up import hash_token

BROWSER_MAX = 120


def begin(tx: Tx, operator_id: int, address: str, browser: str, is_proved: bool = True) -> str:
    """A new session; the token for its cookie, said this once. `is_proved`: they keyed what only they know."""
    operator = tx.one("SELECT badge, role FROM operator WHERE warehouse_id = :w AND id = :id", id=operator_id)
    token = "fs_" + secrets.token_urlsafe(32)
    token_id = tx.insert(
        "access_token", token_sha256=hash_token(token), name="session", role=operator["role"],
        created_at_ms=tx.now_ms, expires_at_ms=tx.now_ms + SESSION_MS,
    )  # fmt: skip
    tx.insert(
        "desk_session", token_id=token_id, operator_id=operator_id, used_at_ms=tx.now_ms,
        proved_at_ms=tx.now_ms if is_proved else 0, address=address, browser=browser[:BROWSER_MAX],
    )  # fmt: skip
    return token


def used(tx: Tx, session_id: int) -> None:
    """Somebody does something in it."""
    tx.put("UPDATE desk_session SET used_at_ms = :now WHERE warehouse_id = :w AND id = :id AND used_at_ms < :now",
           now=tx.now_ms, id=session_id)  # fmt: skip


def proved(tx: Tx, session_id: int) -> str:
    """Its person keyed again what only they know: the session goes on with a token of its own from now."""
    token = "fs_" + secrets.token_urlsafe(32)
    tx.put(
        "UPDATE access_token SET token_sha256 = :fresh WHERE warehouse_id = :w"
        " AND id = (SELECT token_id FROM desk_session WHERE warehouse_id = :w AND id = :id)",
        fresh=hash_token(token), id=session_id,
    )  # fmt: skip
    tx.put("UPDATE desk_session SET proved_at_ms = :now, used_at_ms = :now WHERE warehouse_id = :w AND id = :id",
           now=tx.now_ms, id=session_id)  # fmt: skip
    return token


def end(tx: Tx, session_id: int) -> None:
    """Its cookie opens nothing any more.

    Raises:
        NotFound: there is no such session that still holds.
    """
    ended = tx.run(
        "UPDATE access_token SET revoked_at_ms = :now WHERE warehouse_id = :w AND revoked_at_ms IS NULL"
        " AND id = (SELECT token_id FROM desk_session WHERE warehouse_id = :w AND id = :id)",
        now=tx.now_ms, id=session_id,
    )  # fmt: skip
    if not ended:
        raise NotFound("unknown_session", f"no session {session_id} that still holds", "session")


def end_by_token(tx: Tx, token_sha256: str) -> None:
    """Sign out whoever holds this token; nothing where it opens no session."""
    tx.put(
        "UPDATE access_token SET revoked_at_ms = :now WHERE warehouse_id = :w AND revoked_at_ms IS NULL"
        " AND token_sha256 = :token AND id IN (SELECT token_id FROM desk_session WHERE warehouse_id = :w)",
        now=tx.now_ms, token=token_sha256,
    )  # fmt: skip


def end_of(tx: Tx, operator_id: int, session_id: int) -> None:
    """One of this person's own sessions; somebody else's is answered as one that never was.

    Raises:
        NotFound: they have no such session that still holds.
    """
    owner = tx.one("SELECT operator_id FROM desk_session WHERE warehouse_id = :w AND id = :id", id=session_id)
    if owner is None or owner["operator_id"] != operator_id:
        raise NotFound("unknown_session", f"no session {session_id} that still holds", "session")
    end(tx, session_id)


def end_all_of(tx: Tx, operator_id: int, but: int | None = None) -> None:
    """All sessions of one person, but one."""
    tx.put(
        "UPDATE access_token SET revoked_at_ms = :now WHERE warehouse_id = :w AND revoked_at_ms IS NULL"
        " AND id IN (SELECT token_id FROM desk_session WHERE warehouse_id = :w AND operator_id = :operator"
        " AND id <> :but)",
        now=tx.now_ms, operator=operator_id, but=but or 0,
    )  # fmt: skip


def listed(tx: Tx, operator_id: int | None = None) -> list[dict[str, Any]]:
    """Those that still hold, of one person or of everybody, the one used last first."""
    rows = tx.all(
        "SELECT d.id, o.badge, o.name, t.role, t.created_at_ms AS begun_at_ms, d.used_at_ms, d.address, d.browser"
        " FROM desk_session d JOIN access_token t ON t.warehouse_id = d.warehouse_id AND t.id = d.token_id"
        " JOIN operator o ON o.warehouse_id = d.warehouse_id AND o.id = d.operator_id AND o.role = t.role"
        " WHERE d.warehouse_id = :w AND t.revoked_at_ms IS NULL AND t.expires_at_ms > :now AND d.used_at_ms > :idle"
        f" AND o.is_active = 1{' AND d.operator_id = :operator' if operator_id is not None else ''}"
        " ORDER BY d.used_at_ms DESC, d.id DESC",
        now=tx.now_ms, idle=tx.now_ms - IDLE_MS, **({} if operator_id is None else {"operator": operator_id}),
    )  # fmt: skip
    return [dict(row) for row in rows]
