"""A name and a passphrase typed at a desk: judged, slowed down, and what comes of it.

Refuses in the same words whatever was wrong, and whether or not anybody has the name. Invariant: a try is counted in
one transaction before the slow part, and what it opened is opened in another after it; neither waits for argon2.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fulfillment.bootstrap import Floor
from fulfillment.domain.accounts import MINUTE_MS, name_of
from fulfillment.domain.reasons import DomainError
from fulfillment.hot import Tx
from fulfillment.services.people import accounts, passphrases, sealing, sessions
from fulfillment.services.people.accounts import Account
from fulfillment.services.people.second_factors import accepts
from fulfillment.services.people.sign_in_tries import Limit, charge, limits_of, limits_of_code, was_right


class Wait(DomainError):
    """Too many wrong tries: how long nobody is heard."""

    status = 429

    def __init__(self, wait_ms: int) -> None:
        self.minutes = -(-wait_ms // MINUTE_MS)
        super().__init__("sign_in_wait", f"too many wrong tries; again in {self.minutes} minutes")


@dataclass(frozen=True)
class Typed:
    """What somebody typed, and from where; the passphrase is not shown when this is printed."""

    name: str
    passphrase: str = field(repr=False)
    address: str
    code: str = field(default="", repr=False)
    browser: str = ""


def enter(floor: Floor, typed: Typed) -> str:
    """Sign somebody in; the token of their new session.

    Raises:
        DomainError: `sign_in_wrong`; Wait.
    """
    name = name_of(typed.name)
    limits = limits_of(name, typed.address)
    account = _judged(floor, limits, lambda tx: accounts.find(tx, name), typed)
    secret = secret_of(floor, account)

    def open_it(tx: Tx) -> str | None:
        if not opens(tx, account, secret, typed):
            return None
        was_right(tx, limits)
        accounts.tell_try(tx, account.operator_id, typed.address, "right")
        return sessions.begin(tx, account.operator_id, typed.address, typed.browser)

    return _opened(floor.writer.write(open_it))


def prove(floor: Floor, session_id: int, operator_id: int, typed: Typed) -> str:
    """Whoever signed in says again that it is them; the token their session has from now on.

    Raises:
        DomainError: `sign_in_wrong`; Wait.
    """
    limits = limits_of_code(f"proof {session_id}", typed.address)
    account = _judged(floor, limits, lambda tx: accounts.of_operator(tx, operator_id), typed)
    secret = secret_of(floor, account)

    def go_on(tx: Tx) -> str | None:
        if not opens(tx, account, secret, typed):
            return None
        was_right(tx, limits)
        accounts.tell_try(tx, account.operator_id, typed.address, "proved")
        return sessions.proved(tx, session_id)

    return _opened(floor.writer.write(go_on))


def _judged(floor: Floor, limits, find, typed: Typed) -> Account:  # type: ignore[no-untyped-def]
    count(floor, limits)
    account: Account | None = floor.read(find)
    if passphrases.matches(typed.passphrase, account.passphrase_argon2 if account else None):
        assert account is not None
        return account
    operator_id = account.operator_id if account else None
    floor.writer.write(lambda tx: accounts.tell_try(tx, operator_id, typed.address, "wrong"))
    raise _wrong()


def opens(tx: Tx, account: Account, secret: str | None, typed: Typed) -> bool:
    """Whether the account is as it was looked at, and the code right where one is asked."""
    now = accounts.of_operator(tx, account.operator_id)
    is_same = now is not None and (now.passphrase_argon2, now.totp_sealed) == (
        account.passphrase_argon2, account.totp_sealed,
    )  # fmt: skip
    if is_same and (not account.totp_sealed or accepts(tx, account.operator_id, secret, typed.code)):
        return True
    accounts.tell_try(tx, account.operator_id, typed.address, "wrong")
    return False


def _opened(token: str | None) -> str:
    if token is None:
        raise _wrong()
    return token


def secret_of(floor: Floor, account: Account) -> str | None:
    """What this account's phone makes codes of; None = there is none, or it was sealed with another key."""
    return sealing.unsealed(floor.settings, account.totp_sealed) if account.totp_sealed else None


def _wrong() -> DomainError:
    return DomainError("sign_in_wrong", "name, passphrase or code is wrong", "passphrase")


def count_code(floor: Floor, kind: str, address: str) -> tuple[Limit, ...]:
    """Count the try of a one-time code that is about to be judged; what `was_right` takes off again.

    Raises:
        Wait.
    """
    limits = limits_of_code(kind, address)
    count(floor, limits)
    return limits


def count(floor: Floor, limits: tuple[Limit, ...]) -> None:
    """Count a try that is about to be judged.

    Raises:
        Wait.
    """
    wait = floor.writer.write(lambda tx: charge(tx, limits))
    if wait:
        raise Wait(wait)
