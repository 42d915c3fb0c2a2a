"""Accounts at a desk: what names and passphrases look like, how long sessions hold, how long wrong tries wait.

A badge with a PIN opens a station that a device was signed on at; a name with a passphrase opens the desk from any.
"""

from __future__ import annotations

import re
from enum import StrEnum
from itertools import pairwise

from fulfillment.domain.roles import Role

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS

# Source: OWASP ASVS 5.0.0, 7.1.1: both limits are written down, with the reason, in docs/access.md.
IDLE_MS = HOUR_MS
SESSION_MS = 12 * HOUR_MS  # a shift, and nobody signs in twice in it
PROVED_MS = 10 * MINUTE_MS  # how long somebody counts as themselves for what needs that
LINK_MS = 24 * HOUR_MS
VISIT_MS = 10 * MINUTE_MS  # from leaving for the company's log-in until signed in here, the code of a phone included
USED_EVERY_MS = MINUTE_MS  # how exactly it is written down when a session was used last

PASSPHRASE_MIN, PASSPHRASE_MAX = 12, 200
DIFFERENT_MIN = 5  # characters of a passphrase that are not the same
BESIDE_NAME_MIN = 8  # characters of it that are not the name

# Wrong ones in a row before whoever goes on has to wait: of one name from one address, of one address, of one name.
# The first is what somebody meets who mistypes; a name alone is slowed down late, else anybody who knows it could
# keep its owner out.
PAIR_TRIES, ADDRESS_TRIES, NAME_TRIES = 5, 20, 50
WAIT_MAX_MIN = 15
FORGOTTEN_MS = 24 * HOUR_MS  # wrong tries nobody added to for so long

WITH_ACCOUNT = (Role.SUPERVISOR, Role.ADMIN)


class CodeRule(StrEnum):
    """Who must have a code beside the passphrase: nobody, admins, everybody who signs in at a desk."""

    FREE = "free"
    ADMINS = "admins"
    ALL = "all"


class VisitPurpose(StrEnum):
    """What somebody goes through the company's log-in for: to sign in, or to tie it to their account."""

    ENTER = "enter"
    TIE = "tie"


def must_have_code(rule: str, role: str) -> bool:
    """Whether somebody of this role does nothing at a desk before a code of theirs is set up."""
    return rule == CodeRule.ALL or (rule == CodeRule.ADMINS and role == Role.ADMIN)


_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")


def name_of(typed: str) -> str:
    """A sign-in name as it is kept: nobody has to remember its capitals."""
    return typed.strip().lower()


def looks_like_name(name: str) -> bool:
    """2 to 64 letters, digits, dots, dashes; an address of e-mail is one too."""
    return _NAME.fullmatch(name) is not None


def is_too_short(passphrase: str) -> bool:
    """Whether it has too few characters."""
    return len(passphrase) < PASSPHRASE_MIN


def is_too_easy(passphrase: str, name: str) -> bool:
    """A few characters over and over, a row of the keyboard or of digits, or the name itself with something added."""
    plain = passphrase.lower()
    beside_name = plain.replace(name, "") if name else plain
    if len(set(plain)) < DIFFERENT_MIN or len(beside_name) < BESIDE_NAME_MIN or plain in _KEYBOARD:
        return True
    steps = {ord(after) - ord(before) for before, after in pairwise(plain)}
    return len(steps) == 1


_KEYBOARD = "qwertyuiopasdfghjklzxcvbnm qwertzuiopasdfghjklyxcvbnm 12345678901234567890 passwordpassword1234567890"


def wait_ms(failures: int, tries: int) -> int:
    """How long nobody is heard after so many wrong ones in a row: a minute, twice that, … a quarter of an hour."""
    if failures < tries:
        return 0
    return min(1 << min(failures - tries, 10), WAIT_MAX_MIN) * MINUTE_MS
