"""Which process holds a claim, and is it still there?

A claim's lease lets others go on when its worker went silent, after its full time. When the worker's process is
known to be dead, because it ran on this machine and the kernel does not have it any more, nobody needs to wait:
the lease ends now, and what then becomes of the work is decided as for every lease that ended (unsent work is open
again, sent work uncertain). Nothing is concluded about other machines or other containers: their leases run out.
"""

from __future__ import annotations

import logging
import os
from functools import lru_cache
from pathlib import Path

from fulfillment.bootstrap import Floor
from fulfillment.hot import Tx

log = logging.getLogger(__name__)

_PROC = Path("/proc")


def this_process() -> str:
    """This process by a name no other has: boot, process namespace, number, start. '' where there is no /proc."""
    return _named(os.getpid())


def is_dead(claimant: str) -> bool:
    """True only when it ran here, under the kernel and in the namespace that we run in, and is not there now."""
    place, _, process = claimant.rpartition("/")
    pid, _, started = process.partition("@")
    if not place or place != _place() or not pid.isdigit():
        return False
    return _started(int(pid)) != started


def end_claims_of_the_dead(floor: Floor) -> int:
    """End the leases of workers of this machine that are gone; how many of them there were."""
    claimants = floor.read(_claimants)
    dead = sorted(claimant for claimant in claimants if is_dead(claimant))
    for claimant in dead:
        log.warning("%s ended in the middle of its work; its claims are open again", claimant)
        floor.writer.write(lambda tx, claimant=claimant: _end(tx, claimant))
    return len(dead)


def _claimants(tx: Tx) -> set[str]:
    rows = tx.all(
        "SELECT claimed_by FROM outbox WHERE warehouse_id = :w AND state IN ('claimed', 'sending')"
        " AND lease_until_ms > :now UNION SELECT claimed_by FROM job WHERE warehouse_id = :w AND state = 'claimed'"
        " AND lease_until_ms > :now",
        now=tx.now_ms,
    )
    return {row["claimed_by"] for row in rows}


def _end(tx: Tx, claimant: str) -> None:
    for table in ("outbox", "job"):
        tx.put(
            f"UPDATE {table} SET lease_until_ms = :now WHERE warehouse_id = :w AND claimed_by = :claimant"
            " AND state IN ('claimed', 'sending') AND lease_until_ms > :now",
            claimant=claimant, now=tx.now_ms,
        )  # fmt: skip


@lru_cache(maxsize=8)
def _named(pid: int) -> str:
    place, started = _place(), _started(pid)
    return f"{place}/{pid}@{started}" if place and started else ""


@lru_cache(maxsize=1)
def _place() -> str:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
        # A container has process numbers of its own: the same number there is somebody else.
        return f"{boot}/{(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return ""


def _started(pid: int) -> str:
    """When a process began, in ticks since boot; '' when there is none (or only its remains)."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]
