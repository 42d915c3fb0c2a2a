"""Wrong tries, counted in the database: whoever guesses is slowed down, over all processes and machines.

Owns `sign_in_try`. A try is counted before it is judged and taken off again when it was right, so that two workers
together judge no more guesses than one would. Says nothing about whether a name exists: names nobody has are counted
as all others are. Invariant: no guess is judged while its name at its address, its address or its name has to wait.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from fulfillment.domain.accounts import ADDRESS_TRIES, FORGOTTEN_MS, NAME_TRIES, PAIR_TRIES, wait_ms
from fulfillment.hot import Tx


@dataclass(frozen=True)
class Limit:
    """What tries have in common, and how many of them may be wrong in a row. `is_cleared`: a right one clears it."""

    key_sha256: str
    tries: int
    is_cleared: bool = True


def limits_of(name: str, address: str) -> tuple[Limit, ...]:
    """What somebody who signs in is slowed down by. Their own success does not clear what their address did."""
    return (
        Limit(_key("pair", name, address), PAIR_TRIES),
        Limit(_key("address", address), ADDRESS_TRIES, is_cleared=False),
        Limit(_key("name", name), NAME_TRIES),
    )


def limits_of_code(kind: str, address: str, tries: int = PAIR_TRIES) -> tuple[Limit, ...]:
    """What somebody who types a one-time code is slowed down by: nobody can say yet who that is."""
    return (Limit(_key(kind, address), tries, is_cleared=False),)


def charge(tx: Tx, limits: Sequence[Limit]) -> int:
    """Count a try that is about to be judged; for how many milliseconds none is judged (0 = judge it)."""
    tx.put("DELETE FROM sign_in_try WHERE warehouse_id = :w AND tried_at_ms < :old AND until_ms < :now",
           old=tx.now_ms - FORGOTTEN_MS, now=tx.now_ms)  # fmt: skip
    known = {limit: _row(tx, limit) for limit in limits}
    wait = max((row["until_ms"] - tx.now_ms for row in known.values() if row is not None), default=0)
    if wait > 0:
        return int(wait)
    for limit, row in known.items():
        failures = 1 + (0 if row is None else row["failures"])
        pause_ms = wait_ms(failures, limit.tries)
        until_ms = tx.now_ms + pause_ms if pause_ms else 0
        if row is None:
            tx.insert("sign_in_try", key_sha256=limit.key_sha256, failures=failures, tried_at_ms=tx.now_ms,
                      until_ms=until_ms)  # fmt: skip
        else:
            tx.put(
                "UPDATE sign_in_try SET failures = :failures, tried_at_ms = :now, until_ms = :until"
                " WHERE warehouse_id = :w AND id = :id",
                failures=failures, now=tx.now_ms, until=until_ms, id=row["id"],
            )  # fmt: skip
    return 0


def was_right(tx: Tx, limits: Sequence[Limit]) -> None:
    """Take a try that was counted off again."""
    for limit in limits:
        if limit.is_cleared:
            tx.put("DELETE FROM sign_in_try WHERE warehouse_id = :w AND key_sha256 = :key", key=limit.key_sha256)
        else:
            tx.put(
                "UPDATE sign_in_try SET failures = failures - 1, until_ms = 0 WHERE warehouse_id = :w"
                " AND key_sha256 = :key AND failures > 0",
                key=limit.key_sha256,
            )  # fmt: skip


def _row(tx: Tx, limit: Limit):  # type: ignore[no-untyped-def]
    return tx.one(
        "SELECT id, failures, until_ms FROM sign_in_try WHERE warehouse_id = :w AND key_sha256 = :key",
        key=limit.key_sha256,
    )


def _key(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
