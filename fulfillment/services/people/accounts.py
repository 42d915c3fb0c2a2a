"""Who may sign in at a desk: names and passphrases of supervisors and admins, and the links by which they choose them.

Owns `operator_account` and `account_link`. Nobody chooses a passphrase for somebody else: whoever sets up gives a link
that works once, within a day. Refuses accounts for other roles: their badge opens the stations they work at. What is
slow about a passphrase is done before the transaction (`passphrases`).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fulfillment.domain.accounts import LINK_MS, WITH_ACCOUNT, looks_like_name
from fulfillment.domain.chaining import AuditKind
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.domain.roles import Role
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.people import sessions
from fulfillment.services.records import audit_log
from fulfillment.services.set_up import setting_up
from fulfillment.services.set_up.setting_up import hash_token


@dataclass(frozen=True)
class Account:
    """Somebody's account; what is kept of the passphrase is not shown when this is printed."""

    operator_id: int
    name: str
    passphrase_argon2: str = field(repr=False)
    totp_sealed: str = field(default="", repr=False)
    totp_pending: str = field(default="", repr=False)


@dataclass(frozen=True)
class Link:
    """A link that still works, and whose; a person of '' is yet to be made: the first admin."""

    id: int
    operator_id: int | None
    person: str
    badge: str


def find(tx: Tx, name: str) -> Account | None:
    """The account of this name whose owner may use it."""
    return _account(tx.one(f"{_ACCOUNT} AND a.name = :name", name=name))


def of_operator(tx: Tx, operator_id: int) -> Account | None:
    """The account of this person."""
    return _account(tx.one(f"{_ACCOUNT} AND a.operator_id = :operator", operator=operator_id))


def has_admin(tx: Tx) -> bool:
    """Whether somebody can sign in who may let others in."""
    return tx.one(f"{_ACCOUNT} AND o.role = 'admin'") is not None


def first_link(tx: Tx) -> str:
    """The code of a link that makes the first admin; those given before open nothing any more. '' once there is one."""
    if has_admin(tx):
        return ""
    tx.put("DELETE FROM account_link WHERE warehouse_id = :w AND operator_id IS NULL")
    return _link(tx, None)


def link_for(tx: Tx, badge: str) -> str:
    """The code of a link by which somebody chooses name and passphrase, or others than they had.

    Raises:
        NotFound: nobody has this badge; DomainError: `no_account`, their role works by badge only.
    """
    operator = _operator(tx, badge)
    if operator["role"] not in WITH_ACCOUNT:
        raise DomainError("no_account", f"a {operator['role']} works by badge", "badge")
    tx.put("DELETE FROM account_link WHERE warehouse_id = :w AND operator_id = :operator", operator=operator["id"])
    return _link(tx, operator["id"])


def opened_by(tx: Tx, code: str) -> Link | None:
    """What a link's code opens; None for one that was used, is over, or never was."""
    row = tx.one(
        "SELECT l.id, l.operator_id, o.name, o.badge, o.role FROM account_link l LEFT JOIN operator o"
        " ON o.warehouse_id = l.warehouse_id AND o.id = l.operator_id AND o.is_active = 1 WHERE l.warehouse_id = :w"
        " AND l.code_sha256 = :code AND l.used_at_ms IS NULL AND l.expires_at_ms > :now",
        code=hash_token(code), now=tx.now_ms,
    )  # fmt: skip
    if row is None or (row["operator_id"] is not None and row["role"] not in WITH_ACCOUNT):
        return None
    return Link(row["id"], row["operator_id"], row["name"] or "", row["badge"] or "")


def use_link(tx: Tx, code: str, name: str, passphrase_argon2: str, person: str = "") -> int:
    """Give whoever holds the link this name and passphrase; what they were signed in with before holds no more.

    Raises:
        DomainError: `dead_link`, `bad_name`; Conflict: `name_taken`.
    """
    link = opened_by(tx, code)
    if link is None or (link.operator_id is None and has_admin(tx)):
        raise DomainError("dead_link", "this link was used, or is over", "code")
    if not looks_like_name(name):
        raise DomainError("bad_name", "2 to 64 letters, digits, dots or dashes", "name")
    operator_id = link.operator_id if link.operator_id is not None else _first_admin(tx, person or name)
    taken = tx.one("SELECT operator_id FROM operator_account WHERE warehouse_id = :w AND name = :name", name=name)
    if taken is not None and taken["operator_id"] != operator_id:
        raise Conflict("name_taken", f"somebody has the name {name!r}", "name")
    tx.put("UPDATE account_link SET used_at_ms = :now WHERE warehouse_id = :w AND id = :id", now=tx.now_ms, id=link.id)
    _keep(tx, operator_id, name, passphrase_argon2)
    sessions.end_all_of(tx, operator_id)
    tell_account(tx, operator_id, {"passphrase": "chosen"})
    return operator_id


def change_passphrase(tx: Tx, operator_id: int, passphrase_argon2: str, session_id: int) -> None:
    """Another passphrase for whoever proved the one they had; their other sessions end."""
    tx.put(
        "UPDATE operator_account SET passphrase_argon2 = :kept, set_at_ms = :now WHERE warehouse_id = :w"
        " AND operator_id = :operator",
        kept=passphrase_argon2, now=tx.now_ms, operator=operator_id,
    )  # fmt: skip
    sessions.end_all_of(tx, operator_id, but=session_id)
    tell_account(tx, operator_id, {"passphrase": "changed"})


def take_away(tx: Tx, badge: str) -> None:
    """Leave somebody without an account; they are signed out everywhere.

    Raises:
        NotFound: nobody has this badge.
    """
    operator = _operator(tx, badge, retired_too=True)
    for table in ("recovery_code", "operator_account", "account_link", "company_tie"):
        tx.put(f"DELETE FROM {table} WHERE warehouse_id = :w AND operator_id = :operator", operator=operator["id"])
    sessions.end_all_of(tx, operator["id"])


def people(tx: Tx) -> list[dict[str, Any]]:
    """Everybody who may have an account, and what their name to sign in is ('' = they have none yet)."""
    rows = tx.all(
        "SELECT o.badge, o.name, o.role, COALESCE(a.name, '') AS sign_in_name,"
        " CASE WHEN COALESCE(a.totp_sealed, '') = '' THEN 0 ELSE 1 END AS has_codes,"
        " COALESCE(c.shown, '') AS company FROM operator o LEFT JOIN"
        " operator_account a ON a.warehouse_id = o.warehouse_id AND a.operator_id = o.id LEFT JOIN"
        " company_tie c ON c.warehouse_id = o.warehouse_id AND c.operator_id = o.id WHERE o.warehouse_id = :w"
        " AND o.is_active = 1 AND o.role IN ('admin', 'supervisor') ORDER BY o.badge"
    )
    return [dict(row) for row in rows]


def tell_try(
    tx: Tx, operator_id: int | None, address: str, said: str, more: Mapping[str, str] | None = None
) -> None:  # fmt: skip
    """Write down that somebody signed in, or did not; `more`: by whose word, where it was not a passphrase."""
    content = {"address": address, "sign_in": said, **(more or {})}
    audit_log.append(tx, AuditKind.API, Actor(tx.now_ms, operator_id), "sign-in", content)


def tell_account(tx: Tx, operator_id: int, said: dict[str, str]) -> None:
    """Write down what somebody changed about how they sign in."""
    audit_log.append(tx, AuditKind.API, Actor(tx.now_ms, operator_id), "account", said)


_ACCOUNT = (
    "SELECT a.operator_id, a.name, a.passphrase_argon2, a.totp_sealed, a.totp_pending"
    " FROM operator_account a JOIN operator o ON o.warehouse_id = a.warehouse_id AND o.id = a.operator_id"
    " AND o.is_active = 1 AND o.role IN ('admin', 'supervisor') WHERE a.warehouse_id = :w"
)


def _account(row: Any) -> Account | None:
    if row is None:
        return None
    return Account(
        row["operator_id"], row["name"], row["passphrase_argon2"], row["totp_sealed"], row["totp_pending"]
    )  # fmt: skip


def _link(tx: Tx, operator_id: int | None) -> str:
    code = secrets.token_urlsafe(24)
    tx.insert(
        "account_link", code_sha256=hash_token(code), operator_id=operator_id, made_at_ms=tx.now_ms,
        expires_at_ms=tx.now_ms + LINK_MS,
    )  # fmt: skip
    return code


def _keep(tx: Tx, operator_id: int, name: str, passphrase_argon2: str) -> None:
    # Somebody let them in anew: what else opened the account is gone with the passphrase, it may be why they needed
    # the link.
    for table in ("recovery_code", "company_tie"):
        tx.put(f"DELETE FROM {table} WHERE warehouse_id = :w AND operator_id = :operator", operator=operator_id)
    known = tx.run(
        "UPDATE operator_account SET name = :name, passphrase_argon2 = :kept, set_at_ms = :now, totp_sealed = '',"
        " totp_pending = '', totp_step = 0 WHERE warehouse_id = :w AND operator_id = :operator",
        name=name, kept=passphrase_argon2, now=tx.now_ms, operator=operator_id,
    )  # fmt: skip
    if not known:
        tx.insert("operator_account", operator_id=operator_id, name=name, passphrase_argon2=passphrase_argon2,
                  set_at_ms=tx.now_ms)  # fmt: skip


def _first_admin(tx: Tx, person: str) -> int:
    """Somebody new, with the next free number as badge."""
    badges = [row["badge"] for row in tx.all("SELECT badge FROM operator WHERE warehouse_id = :w")]
    numbers = [int(badge) for badge in badges if badge.isascii() and badge.isdigit() and len(badge) < 9]
    badge = str(max(numbers, default=1000) + 1)
    setting_up.add_operator(tx, badge, person, Role.ADMIN)
    return int(_operator(tx, badge)["id"])


def _operator(tx: Tx, badge: str, retired_too: bool = False) -> Any:
    row = tx.one("SELECT id, role, is_active FROM operator WHERE warehouse_id = :w AND badge = :badge", badge=badge)
    if row is None or not (row["is_active"] or retired_too):
        raise NotFound("unknown_badge", f"nobody has the badge {badge!r}", "badge")
    return row


