"""Who comes in by the company's own log-in, and browsers on their way through it.

Owns `company_tie` and `company_visit`. A tie is made by whoever is signed in already, to what never changes of their
log-in (issuer and subject): no name and no address of e-mail ever opens an account, and none is made here. Invariant:
a visit comes back once, within ten minutes, to the browser that left; the database holds nothing that continues it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.accounts import VISIT_MS, VisitPurpose
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.hot import Tx
from fulfillment.services.people import accounts, sessions
from fulfillment.services.set_up.setting_up import hash_token

TO_MAX = 2000


@dataclass(frozen=True)
class Visit:
    """Somebody on their way through; `subject` '' = the provider has not said yet who it is."""

    id: int
    purpose: str
    to_page: str
    operator_id: int | None
    session_id: int
    subject: str
    shown: str


def new_secret() -> str:
    """What a browser holds on its way: 256 random bits."""
    return secrets.token_urlsafe(32)


def leave(tx: Tx, secret: str, to_page: str, operator_id: int | None = None, session_id: int = 0) -> None:
    """The browser that holds this secret leaves for the provider.

    Without an operator it is to sign somebody in, else to tie a log-in to that person's account.
    """
    tx.put("DELETE FROM company_visit WHERE warehouse_id = :w AND expires_at_ms <= :now", now=tx.now_ms)
    purpose = VisitPurpose.ENTER if operator_id is None else VisitPurpose.TIE
    tx.insert(
        "company_visit", key_sha256=hash_token(secret), purpose=purpose.value,
        to_page=to_page if len(to_page) <= TO_MAX else "/", operator_id=operator_id, session_id=session_id,
        expires_at_ms=tx.now_ms + VISIT_MS,
    )  # fmt: skip


def came_back(tx: Tx, secret: str) -> Visit:
    """The visit of the browser that holds this secret, which does not come back a second time.

    Raises:
        DomainError: `company_over`.
    """
    is_first = tx.run(
        "UPDATE company_visit SET back_at_ms = :now WHERE warehouse_id = :w AND key_sha256 = :key"
        " AND back_at_ms IS NULL AND expires_at_ms > :now",
        now=tx.now_ms, key=hash_token(secret),
    )  # fmt: skip
    visit = _visit(tx, secret) if is_first else None
    if visit is None:
        raise over()
    return visit


def known(tx: Tx, visit: Visit, subject: str, shown: str) -> None:
    """The provider has said who it is."""
    tx.put(
        "UPDATE company_visit SET subject = :subject, shown = :shown WHERE warehouse_id = :w AND id = :id",
        subject=subject, shown=shown, id=visit.id,
    )  # fmt: skip


def waiting(tx: Tx, secret: str, purpose: VisitPurpose | None = None) -> Visit:
    """The visit of this browser, for this purpose, once the provider has said who it is.

    Raises:
        DomainError: `company_over`.
    """
    visit = _visit(tx, secret)
    if visit is None or not visit.subject or purpose not in (None, visit.purpose):
        raise over()
    return visit


def is_over(tx: Tx, visit: Visit) -> None:
    """It has done what it was for."""
    tx.put("DELETE FROM company_visit WHERE warehouse_id = :w AND id = :id", id=visit.id)


def owner(tx: Tx, issuer: str, subject: str) -> accounts.Account | None:
    """Whose account this log-in opens; None where nobody who may sign in has tied it."""
    row = tx.one(
        "SELECT operator_id FROM company_tie WHERE warehouse_id = :w AND issuer = :issuer AND subject = :subject",
        issuer=issuer, subject=subject,
    )  # fmt: skip
    return accounts.of_operator(tx, row["operator_id"]) if row is not None else None


def tie(tx: Tx, operator_id: int, issuer: str, subject: str, shown: str) -> None:
    """From here on this log-in opens this person's account, and the one they had tied before does not.

    Raises:
        DomainError: `company_unknown`, they have no account; Conflict: `company_taken`, it opens somebody else's.
    """
    if accounts.of_operator(tx, operator_id) is None:
        raise DomainError("company_unknown", "there is no account to tie it to")
    taken = tx.one(
        "SELECT operator_id FROM company_tie WHERE warehouse_id = :w AND issuer = :issuer AND subject = :subject",
        issuer=issuer, subject=subject,
    )  # fmt: skip
    if taken is not None and taken["operator_id"] != operator_id:
        raise Conflict("company_taken", "this log-in is tied to another account")
    _forget(tx, operator_id)
    tx.insert("company_tie", operator_id=operator_id, issuer=issuer, subject=subject, shown=shown, tied_at_ms=tx.now_ms)
    accounts.tell_account(tx, operator_id, {"company": "tied", "issuer": issuer, "subject": subject})


def untie(tx: Tx, operator_id: int, but_session: int | None = None) -> None:
    """It opens nothing any more; who came in by it may be anybody, so their sessions end.

    Raises:
        DomainError: `company_not_tied`.
    """
    row = of_operator(tx, operator_id)
    if row is None:
        raise DomainError("company_not_tied", "no log-in is tied to this account")
    _forget(tx, operator_id)
    sessions.end_all_of(tx, operator_id, but=but_session)
    accounts.tell_account(
        tx, operator_id, {"company": "untied", "issuer": row["issuer"], "subject": row["subject"]}
    )  # fmt: skip


def untie_badge(tx: Tx, badge: str) -> None:
    """`untie` for whoever has this badge, signed in wherever they are.

    Raises:
        NotFound: nobody has this badge; DomainError: `company_not_tied`.
    """
    row = tx.one("SELECT id FROM operator WHERE warehouse_id = :w AND badge = :badge", badge=badge)
    if row is None:
        raise NotFound("unknown_badge", f"nobody has the badge {badge!r}", "badge")
    untie(tx, row["id"])


def of_operator(tx: Tx, operator_id: int) -> dict[str, Any] | None:
    """What is tied to this person's account."""
    row = tx.one(
        "SELECT issuer, subject, shown, tied_at_ms FROM company_tie WHERE warehouse_id = :w"
        " AND operator_id = :operator",
        operator=operator_id,
    )
    return dict(row) if row is not None else None


def over() -> DomainError:
    """A visit that took too long, was made already, or is of another browser."""
    return DomainError("company_over", "it took too long, or was done already: begin again")


def _forget(tx: Tx, operator_id: int) -> None:
    tx.put("DELETE FROM company_tie WHERE warehouse_id = :w AND operator_id = :operator", operator=operator_id)


def _visit(tx: Tx, secret: str) -> Visit | None:
    row = tx.one(
        "SELECT id, purpose, to_page, operator_id, session_id, subject, shown FROM company_visit"
        " WHERE warehouse_id = :w AND key_sha256 = :key AND expires_at_ms > :now",
        key=hash_token(secret), now=tx.now_ms,
    )  # fmt: skip
    return Visit(**dict(row)) if row is not None else None
