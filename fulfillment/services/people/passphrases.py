"""Passphrases as argon2id makes them. Slow on purpose: never within a transaction, never on a scan's way.

Refuses what is too short or too easy. Invariant: a name nobody has takes as long as one somebody has.
"""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from fulfillment.domain import accounts
from fulfillment.domain.reasons import DomainError

# Source: OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, 2 rounds, 1 lane. 27 ms of one core each.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Of as many at once as a process has threads, scans would wait for a core.
_AT_ONCE = threading.BoundedSemaphore(2)
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$4a1W32yw5J61NklupRsByA$yIQIhZPBwp03e6xhzMfCxl51rt9n3AwoeeCFMcWoEzs"


def kept_of(passphrase: str, name: str) -> str:
    """What is kept of a passphrase.

    Raises:
        DomainError: `short_passphrase`, `long_passphrase`, `easy_passphrase`.
    """
    if accounts.is_too_short(passphrase):
        raise DomainError("short_passphrase", f"at least {accounts.PASSPHRASE_MIN} characters", "passphrase")
    if len(passphrase) > accounts.PASSPHRASE_MAX:
        raise DomainError("long_passphrase", f"at most {accounts.PASSPHRASE_MAX} characters", "passphrase")
    if accounts.is_too_easy(passphrase, name):
        raise DomainError("easy_passphrase", "not a few characters over and over, not the name", "passphrase")
    with _AT_ONCE:
        return _HASHER.hash(passphrase)


def matches(passphrase: str, kept: str | None) -> bool:
    """Whether it is the passphrase that was kept; None = of nobody, which takes as long."""
    if len(passphrase) > accounts.PASSPHRASE_MAX:
        return False
    with _AT_ONCE:
        try:
            is_right = _HASHER.verify(kept or _NOBODY, passphrase)
        except VerificationError:
            return False
    return is_right and kept is not None
