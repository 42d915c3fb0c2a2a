"""Fail at the n-th statement, for every n: break an act there, do it again, and compare with the day nothing broke.

The second doing is not committed but looked at and undone, so that the next n starts from the same book without
copying a database. The last statements (the ones that end a transaction) are broken for good, and the act is then
done again for good. An `Undone` attempt is one that would have been committed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from fulfillment.bootstrap import Floor
from fulfillment.domain.reasons import DomainError
from fulfillment.hot import Tx
from tests.faults.recorded import (
    ACT_MS,
    Act,
    Picture,
    StandingClock,
    differences,
    fingerprints,
    picture,
    tables_written,
)
from tests.faults.wires import Fault, Wire


class Undone(Exception):
    """The work was done, its picture taken, and everything is to be rolled back."""

    def __init__(self, answer: Any, seen: Picture) -> None:
        super().__init__("undone")
        self.answer = answer
        self.seen = seen


@dataclass
class Found:
    """What came of it: how many statements were broken, and what was found wrong."""

    statements: int = 0
    tried: int = 0
    spent: int = 0  # endings not tried: the engine had done the act by itself in spite of the fault before
    recovered: int = 0  # the engine itself did the work again: nobody was told
    wrong: list[str] = field(default_factory=list)


def first_of_each_shape(day: Sequence[Act]) -> set[int]:
    """One act of each sequence of statements: the same statements again would break in the same places."""
    shapes: dict[tuple[str, ...], int] = {}
    for number, act in enumerate(day):
        if act.is_hot and act.is_changing:
            shapes.setdefault(act.statements, number)
    return set(shapes.values())


def new_places(day: Sequence[Act]) -> dict[int, list[int]]:
    """Act → its statements that none of its dialogue had before after the same one, and those that end the act.

    Acts of a dialogue share most of what they do: breaking there again takes the time and tells what is known.
    """
    known: set[tuple[str, str, str]] = set()
    places: dict[int, list[int]] = {}
    for number in sorted(first_of_each_shape(day)):
        act = day[number]
        dialogue, last = act.name.partition(".")[0], len(act.statements) - ending_of(act)
        pairs = [(dialogue, before, sql) for before, sql in pairwise(("", *act.statements[:last]))]
        new = [at for at, pair in enumerate(pairs, 1) if pair not in known]
        known.update(pairs)
        places[number] = [*new, *range(last + 1, len(act.statements) + 1)]
    return places


def break_day(
    floor: Floor, clock: StandingClock, wire: Wire, acts: Sequence[Act], faults: Sequence[Fault],
    places: Callable[[int], Collection[int]],
) -> Found:  # fmt: skip
    """Live the day on an equal floor, breaking its hot acts, by number, at the statements asked for (1 is the first).

    Several `faults` take turns from statement to statement, beginning with another one at each act.
    """
    found = Found()
    for number, act in enumerate(acts):
        clock.now_ms = act.now_ms
        if not act.is_changing:
            continue
        asked = places(number) if act.is_hot else ()
        if asked:
            turns = number % len(faults)
            break_act(floor, wire, act, asked, [*faults[turns:], *faults[:turns]], found)
        else:
            act.recall()
            floor.writer.write(act.work)
    return found


def break_act(
    floor: Floor, wire: Wire, act: Act, places: Collection[int], faults: Sequence[Fault], found: Found
) -> None:
    """Break one act at each of these statements, then do it."""
    ending = ending_of(act)
    changes = not _is_done(floor, act)
    found.statements += len(places)
    last = len(act.statements)
    endings = range(last - ending + 1, last + 1)
    # PostgreSQL's engine does it again by itself at one ending, and leaves none of the others: acts take turns.
    is_turned = floor.engine.dialect.name == "postgresql" and act.now_ms // ACT_MS % 2
    turned = reversed(endings) if is_turned else endings
    for at in (*range(1, last - ending + 1), *turned):
        if at not in places:
            continue
        is_ending = at > len(act.statements) - ending
        if is_ending and changes and _is_done(floor, act):
            found.spent += 1
            continue
        work = act.work if is_ending else _undoing(act, wire)
        act.recall()
        fault = faults[at % len(faults)]
        wire.arm(fault, at)
        outcome = _attempt(floor, work)
        wire.disarm()
        where = f"{act.name}, {fault} at {at} of {len(act.statements)} ({act.statements[at - 1][:60]})"
        if not wire.has_fired:
            found.wrong.append(f"{where}: was not reached")
            continue
        found.tried += 1
        if not isinstance(outcome, Exception) or isinstance(outcome, Undone):
            found.recovered += 1
        if isinstance(outcome, Undone):
            compare(floor, act, outcome.seen, f"{where}, done again by the engine", found)
        if is_ending and not act.is_keyed and _is_done(floor, act):
            _reopen(floor)
            continue  # it was committed, or done again by the engine: asking once more would be asking for more
        do_again(floor, wire, act, where, found)
    if act.is_keyed or not _is_done(floor, act):
        _attempt_for_good(floor, act, found)
    compare(floor, act, done(floor), f"{act.name}, in the end", found)


def do_again(floor: Floor, wire: Wire, act: Act, where: str, found: Found) -> None:
    """The act once more, without a fault and without keeping it: it must give the undisturbed book."""
    act.recall()
    again = _attempt(floor, _undoing(act, wire))
    if isinstance(again, Undone):
        compare(floor, act, again.seen, where, found)
    else:
        found.wrong.append(f"{where}: done again it says {again!r}")


def done(floor: Floor) -> Picture:
    """The book as it is kept."""
    return floor.read(picture)


def compare(floor: Floor, act: Act, seen: Picture, where: str, found: Found) -> None:
    """Whether a picture is that of the undisturbed day; what is not is found wrong."""
    unlike = [table for table, mark in fingerprints(seen).items() if act.after[table] != mark]
    if unlike:
        now = floor.read(lambda tx: picture(tx, unlike))
        found.wrong.append(f"{where}: not the undisturbed book in {unlike}: {differences(seen, now)[:6]}")


def _reopen(floor: Floor) -> None:
    """A connection that was lost is opened anew, so that the next act begins with its own first statement."""
    floor.writer.write(lambda tx: tx.one("SELECT id FROM warehouse WHERE id = :w"))


def _attempt_for_good(floor: Floor, act: Act, found: Found) -> None:
    act.recall()
    try:
        answer = floor.writer.write(act.work)
    except Exception as error:
        found.wrong.append(f"{act.name}: done again for good it says {error!r}")
        return
    if isinstance(answer, dict) and isinstance(act.answer, dict) and "scan_id" in answer:
        told, wanted = ({**one, "replayed": None} for one in (answer, act.answer))
        if told != wanted:
            found.wrong.append(f"{act.name}: answered {told} instead of {wanted}")


def _attempt(floor: Floor, work: Callable[[Tx], Any]) -> Any:
    try:
        return floor.writer.write(work)
    except DomainError:
        raise  # the day's own work never raises one; a fault must not turn into a word to a customer
    except Exception as error:
        return error


def _undoing(act: Act, wire: Wire) -> Callable[[Tx], Any]:
    tables = tables_written(act.statements)

    def look(tx: Tx) -> None:
        answer = act.work(tx)
        if tx.dialect == "postgresql":
            tx.flush()  # type: ignore[attr-defined]  # what it kept back belongs to the act, not to the look at it
        with wire.looking_away():
            seen = picture(tx, tables | tables_written(wire.heard))
        raise Undone(answer, seen)

    return look


def ending_of(act: Act) -> int:
    """How many of an act's last statements end the transaction: RELEASE of the piece, COMMIT."""
    ends = 0
    for sql in reversed(act.statements):
        if not sql.upper().startswith(("RELEASE PIECE", "COMMIT")):
            break
        ends += 1
    return ends


def _is_done(floor: Floor, act: Act) -> bool:
    return fingerprints(floor.read(picture)) == act.after
