"""kill -9 at the n-th statement: a child does an act and is killed there; the act done again gives the same book."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence

from fulfillment.bootstrap import Floor
from tests.faults.breaking import Found, compare, do_again, done
from tests.faults.recorded import Act, StandingClock
from tests.faults.wires import Fault, Wire

Reopen = Callable[[], tuple[Floor, StandingClock, Wire]]


def kill_day(reopen: Reopen, acts: Sequence[Act], places: Callable[[int], Sequence[int]]) -> Found:
    """Live the day; before each act kill somebody at those of its statements that `places` names (by act number).

    `reopen` opens the floor as a process that has just started does. Nothing of it is open while a child is made: a
    connection that two processes believe to be theirs is no fault of the floor's.
    """
    found = Found()
    floor, clock, wire = reopen()
    for number, act in enumerate(acts):
        if not act.is_changing:
            continue
        for at in places(number):
            floor.close()
            found.statements += 1
            where = f"{act.name}, killed at {at} of {len(act.statements)} ({act.statements[at - 1][:60]})"
            if not _is_killed(reopen, act, at):
                found.wrong.append(f"{where}: was not reached")
            found.tried += 1
            floor, clock, wire = reopen()
            clock.now_ms = act.now_ms
            do_again(floor, wire, act, where, found)
        clock.now_ms = act.now_ms
        act.recall()
        floor.writer.write(act.work)
        if places(number):
            compare(floor, act, done(floor), f"{act.name}, in the end", found)
    floor.close()
    return found


def _is_killed(reopen: Reopen, act: Act, at: int) -> bool:
    child = os.fork()
    if child == 0:
        try:
            floor, clock, wire = reopen()
            clock.now_ms = act.now_ms
            floor.writer.write(lambda tx: tx.one("SELECT id FROM warehouse WHERE id = :w"))  # opens the connection
            act.recall()
            wire.arm(Fault.KILLED, at)
            floor.writer.write(act.work)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
