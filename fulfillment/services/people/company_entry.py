"""Signing in by the company's own log-in: there, back, and in.

What the provider says opens a session only with the code of the person's phone, where one is set up, and never counts
as proof that it is still them: whoever sits at an unlocked desk gets through a log-in that remembers its owner. Tries
are counted as those of passphrases are; the network is asked between transactions, never in one.
"""

from __future__ import annotations

import hmac

from fulfillment.bootstrap import Floor
from fulfillment.domain.accounts import ADDRESS_TRIES, VisitPurpose
from fulfillment.domain.reasons import DomainError
from fulfillment.hot import Tx
from fulfillment.services.people import accounts, company_ties, desk_entry, sessions
from fulfillment.services.people.company_provider import Provider, derived
from fulfillment.services.people.company_ties import Visit
from fulfillment.services.people.desk_entry import Typed
from fulfillment.services.people.sign_in_tries import Limit, limits_of, limits_of_code, was_right


def leave(
    floor: Floor, provider: Provider, typed: Typed, to: str, operator_id: int | None = None, session_id: int = 0
) -> tuple[str, str]:
    """Where the browser is sent, and the secret it holds until it is back.

    Raises:
        DomainError: ProviderDown, ProviderWrong; Wait.
    """
    limits = limits_of_visit(typed.address)
    desk_entry.count(floor, limits)
    secret = company_ties.new_secret()
    try:
        address = provider.way_in(secret)
    except DomainError:
        floor.writer.write(lambda tx: was_right(tx, limits))  # nobody was let through to guess anything
        raise
    floor.writer.write(lambda tx: company_ties.leave(tx, secret, to, operator_id, session_id))
    return address, secret


def come_back(floor: Floor, provider: Provider, secret: str, said: dict[str, str], address: str) -> Visit:
    """What becomes of a browser the provider sent back with this in its address.

    Raises:
        DomainError: `company_over`, `company_refused`, `company_unknown`; ProviderDown, ProviderWrong.
    """
    if not secret or not hmac.compare_digest(said.get("state", "").encode(), derived(secret, "state").encode()):
        raise company_ties.over()
    visit = floor.writer.write(lambda tx: company_ties.came_back(tx, secret))
    issuer = provider.company.issuer
    if "code" not in said:
        raise _told(floor, address, issuer, DomainError("company_refused", said.get("error", "no code")[:80]))
    try:
        person = provider.who_came(said["code"], secret, said.get("iss"))
    except DomainError as error:
        raise _told(floor, address, issuer, error) from error

    def keep(tx: Tx) -> bool:
        if visit.purpose == VisitPurpose.ENTER and company_ties.owner(tx, issuer, person.subject) is None:
            more = {"issuer": issuer, "subject": person.subject}
            accounts.tell_try(tx, None, address, "wrong", {**more, "why": "company_unknown"})
            return False
        company_ties.known(tx, visit, person.subject, person.shown)
        return True

    if not floor.writer.write(keep):
        raise DomainError("company_unknown", "this log-in is tied to no account here")
    return visit


def enter(floor: Floor, provider: Provider, secret: str, typed: Typed) -> tuple[str, str]:
    """Sign in whoever the provider said came back: the token of their session, and where they were going.

    Raises:
        DomainError: `company_over`, `company_unknown`, `wrong_code`; Wait.
    """
    issuer = provider.company.issuer
    visit = floor.read(lambda tx: company_ties.waiting(tx, secret, VisitPurpose.ENTER))
    account = floor.read(lambda tx: company_ties.owner(tx, issuer, visit.subject))
    if account is None:
        raise _unknown()
    limits = limits_of(account.name, typed.address)
    desk_entry.count(floor, limits)
    phone = desk_entry.secret_of(floor, account)

    def open_it(tx: Tx) -> str | None:
        company_ties.waiting(tx, secret, VisitPurpose.ENTER)  # sent twice, it opens one session
        owner = company_ties.owner(tx, issuer, visit.subject)
        if owner is None or owner.operator_id != account.operator_id:
            raise _unknown()
        if not desk_entry.opens(tx, account, phone, typed):
            return None
        was_right(tx, (*limits, *limits_of_visit(typed.address)))
        company_ties.is_over(tx, visit)
        more = {"issuer": issuer, "subject": visit.subject}
        accounts.tell_try(tx, account.operator_id, typed.address, "right", more)
        return sessions.begin(tx, account.operator_id, typed.address, typed.browser, is_proved=False)

    token = floor.writer.write(open_it)
    if token is None:
        raise DomainError("wrong_code", "this is not what the phone shows now", "code")
    return token, visit.to_page


def tie(floor: Floor, provider: Provider, secret: str, operator_id: int, session_id: int, address: str) -> None:
    """Tie the log-in somebody came back with to the account they left with, in the session they left with.

    Raises:
        DomainError: `company_over`; Conflict: `company_taken`.
    """

    def work(tx: Tx) -> None:
        visit = company_ties.waiting(tx, secret, VisitPurpose.TIE)
        if (visit.operator_id, visit.session_id) != (operator_id, session_id):
            raise company_ties.over()
        company_ties.tie(tx, operator_id, provider.company.issuer, visit.subject, visit.shown)
        company_ties.is_over(tx, visit)
        was_right(tx, limits_of_visit(address))

    floor.writer.write(work)


def limits_of_visit(address: str) -> tuple[Limit, ...]:
    """How many may leave from one address and not arrive: nobody can say yet who they are."""
    return limits_of_code("company", address, ADDRESS_TRIES)


def _told(floor: Floor, address: str, issuer: str, error: DomainError) -> DomainError:
    more = {"issuer": issuer, "why": f"{error.code}: {error.detail}"}
    floor.writer.write(lambda tx: accounts.tell_try(tx, None, address, "wrong", more))
    return error


def _unknown() -> DomainError:
    return DomainError("company_unknown", "this log-in is tied to no account here")
