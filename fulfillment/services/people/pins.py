"""PINs of operators: set, taken away, tried.

Owns `operator_pin`. A PIN is kept as scrypt makes it, is told to nobody and stands in no log; the slow part is done
outside of transactions, for the floor has one writer. Wrong ones in a row lock it (`domain/pins`): each try is counted
as a wrong one before it is looked at, where writers take turns, so trying many at once gains nothing and costs nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fulfillment.domain.chaining import AuditKind
from fulfillment.domain.pins import is_too_easy, locked_ms, looks_like_pin
from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.records import audit_log

# Source: OWASP Password Storage Cheat Sheet, scrypt: N=2^14, r=8, p=5. It slows down whoever tries with the database in
# hand; it does not stop them, for there are few PINs. A PIN guards a station from who stands before it.
_N, _R, _P = 2**14, 8, 5


@dataclass(frozen=True)
class Asked:
    """Whose PIN a station waits for; what it is kept as is not shown when this is printed."""

    operator_id: int
    pin_scrypt: str = field(repr=False)


def check(pin: str) -> None:
    """Whether it can be anybody's PIN.

    Raises:
        DomainError: `bad_pin`, not 4 to 8 digits; `easy_pin`, 1111 or 1234.
    """
    if not looks_like_pin(pin):
        raise DomainError("bad_pin", "a PIN is 4 to 8 digits", "pin")
    if is_too_easy(pin):
        raise DomainError("easy_pin", "not one digit over and over, and not digits in a row", "pin")


def scrypt_of(pin: str) -> str:
    """What is kept of a PIN. Takes a quarter of a second and 16 MB: not within a transaction.

    Raises:
        DomainError: as `check`.
    """
    check(pin)
    salt = secrets.token_bytes(16)
    return f"{_N}${_R}${_P}${salt.hex()}${_made(pin, salt, _N, _R, _P).hex()}"


def matches(pin: str, pin_scrypt: str) -> bool:
    """Whether it is the PIN that was kept; takes as long either way."""
    n, r, p, salt, kept = pin_scrypt.split("$")
    return hmac.compare_digest(_made(pin, bytes.fromhex(salt), int(n), int(r), int(p)), bytes.fromhex(kept))


def set_pin(tx: Tx, badge: str, pin_scrypt: str) -> dict[str, Any]:
    """Give somebody a PIN, or another one; what was locked by wrong ones is open again.

    Raises:
        NotFound: nobody has this badge.
    """
    operator_id = _operator_id(tx, badge)
    tx.put(
        "INSERT INTO operator_pin (warehouse_id, id, operator_id, pin_scrypt, set_at_ms, failures, locked_until_ms)"
        " VALUES (:w, (SELECT COALESCE(MAX(id), 0) + 1 FROM operator_pin WHERE warehouse_id = :w), :operator, :kept,"
        " :now, 0, 0) ON CONFLICT (warehouse_id, operator_id) DO UPDATE SET pin_scrypt = excluded.pin_scrypt,"
        " set_at_ms = excluded.set_at_ms, failures = 0, locked_until_ms = 0",
        operator=operator_id, kept=pin_scrypt, now=tx.now_ms,
    )  # fmt: skip
    return {"badge": badge, "has_pin": True}


def take_away(tx: Tx, badge: str) -> dict[str, Any]:
    """Leave somebody without a PIN.

    Raises:
        NotFound: nobody has this badge.
    """
    operator_id = _operator_id(tx, badge)
    tx.put("DELETE FROM operator_pin WHERE warehouse_id = :w AND operator_id = :operator", operator=operator_id)
    return {"badge": badge, "has_pin": False}


def kept_for(tx: Tx, operator_id: int | None) -> Asked | None:
    """What is kept of an operator's PIN; None without one."""
    row = tx.one(
        "SELECT pin_scrypt FROM operator_pin WHERE warehouse_id = :w AND operator_id = :operator", operator=operator_id
    )
    return None if row is None else Asked(int(operator_id or 0), row["pin_scrypt"])


@dataclass(frozen=True)
class Tried:
    """What came of a try. `failures`: how many wrong ones in a row it is counted as; None = no try was left."""

    is_right: bool
    failures: int | None


def try_pin(write: Callable[[Callable[[Tx], int | None]], int | None], asked: Asked | None, pin: str) -> Tried:
    """Look at a PIN that was keyed, if one may be tried just now. Takes a quarter of a second: not in a transaction."""
    failures = None if asked is None else write(lambda tx: _take_try(tx, asked))
    if asked is None or failures is None:
        return Tried(False, None)
    return Tried(matches(pin, asked.pin_scrypt), failures)


def _take_try(tx: Tx, asked: Asked) -> int | None:
    # Counted first and taken back if it was right: whoever sends a hundred at once has five looked at.
    row = tx.one(
        "SELECT failures, locked_until_ms FROM operator_pin WHERE warehouse_id = :w AND operator_id = :operator"
        " AND pin_scrypt = :kept",
        operator=asked.operator_id, kept=asked.pin_scrypt,
    )  # fmt: skip
    if row is None or row["locked_until_ms"] > tx.now_ms:
        return None
    failures = int(row["failures"]) + 1
    tx.put(
        "UPDATE operator_pin SET failures = :failures, locked_until_ms = :until WHERE warehouse_id = :w"
        " AND operator_id = :operator",
        failures=failures, until=tx.now_ms + locked_ms(failures) if locked_ms(failures) else 0,
        operator=asked.operator_id,
    )  # fmt: skip
    return failures


def count_try(tx: Tx, actor: Actor, asked: Asked, tried: Tried) -> str:
    """Write down a try; '' when the PIN opens, else `pin_wrong` or `pin_locked` (whatever was keyed)."""
    row = tx.one(
        "SELECT id FROM operator_pin WHERE warehouse_id = :w AND operator_id = :operator AND pin_scrypt = :kept",
        operator=asked.operator_id, kept=asked.pin_scrypt,
    )  # fmt: skip
    if row is None or tried.failures is None:
        return "pin_wrong" if row is None else "pin_locked"
    if tried.is_right:
        tx.put(
            "UPDATE operator_pin SET failures = 0, locked_until_ms = 0 WHERE warehouse_id = :w"
            " AND operator_id = :operator",
            operator=asked.operator_id,
        )  # fmt: skip
    is_locking = locked_ms(tried.failures) > 0
    said = "right" if tried.is_right else "locked" if is_locking else "wrong"
    audit_log.append(
        tx, AuditKind.API, actor, f"PIN at {actor.station_code}",
        {"operator": asked.operator_id, "pin": said, "wrong_in_a_row": 0 if tried.is_right else tried.failures},
    )  # fmt: skip
    return "" if tried.is_right else "pin_locked" if is_locking else "pin_wrong"


def change_own(
    tx: Tx, station: Any, asked: Asked | None, tried: Tried, pin_scrypt: str, now_ms: int
) -> str:
    """Another PIN for whoever is signed in at a station's row and keyed the one they have; '' when it is changed.

    Else `pin_wrong` or `pin_locked`, as at the badge; `pin_not_asked`: they have none, or somebody else is there.
    """
    if asked is None or station["operator_id"] != asked.operator_id:
        return "pin_not_asked"
    actor = Actor(now_ms, asked.operator_id, station["id"], station["code"], station["location_id"], "")
    wrong = count_try(tx, actor, asked, tried)
    if not wrong:
        tx.put(
            "UPDATE operator_pin SET pin_scrypt = :kept, set_at_ms = :now WHERE warehouse_id = :w"
            " AND operator_id = :operator",
            kept=pin_scrypt, now=tx.now_ms, operator=asked.operator_id,
        )  # fmt: skip
        audit_log.append(
            tx, AuditKind.API, actor, f"PIN at {actor.station_code}", {"operator": asked.operator_id, "pin": "changed"}
        )
    return wrong


def listed(tx: Tx) -> list[dict[str, Any]]:
    """Everybody with a badge that counts: whether they have a PIN, and until when it is locked (0 = it is not)."""
    rows = tx.all(
        "SELECT o.badge, o.name, o.role, CASE WHEN p.id IS NULL THEN 0 ELSE 1 END AS has_pin,"
        " COALESCE(p.locked_until_ms, 0) AS locked_until_ms FROM operator o LEFT JOIN operator_pin p"
        " ON p.warehouse_id = o.warehouse_id AND p.operator_id = o.id WHERE o.warehouse_id = :w AND o.is_active = 1"
        " ORDER BY o.badge"
    )
    return [
        {
            **dict(row), "has_pin": bool(row["has_pin"]),
            "locked_until_ms": row["locked_until_ms"] if row["locked_until_ms"] > tx.now_ms else 0,
        }
        for row in rows
    ]  # fmt: skip


def _made(pin: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(pin.encode(), salt=salt, n=n, r=r, p=p, dklen=32)


def _operator_id(tx: Tx, badge: str) -> int:
    row = tx.one("SELECT id FROM operator WHERE warehouse_id = :w AND badge = :badge AND is_active = 1", badge=badge)
    if row is None:
        raise NotFound("unknown_badge", f"nobody has the badge {badge!r}", "badge")
    return int(row["id"])
