"""What may become of the cross-aisles of one column of the floor, generated once per number of cross-aisles.

Owns the states and transitions of the dynamic program. A state says of each cross-aisle, at the column the sweep
has come to, whether the part of the walk built so far touches it with no edge, an odd or an even number of edges,
and which cross-aisles are joined with each other. The states are not listed by hand: they are what the operations
reach from "nothing walked yet", so any number of cross-aisles has its table.
Invariant: the tables depend on the number of cross-aisles alone, never on lengths.

Source: H.D. Ratliff, A.S. Rosenthal, "Order-picking in a rectangular warehouse", Operations Research 31(3), 1983
(one block, 7 states); K.J. Roodbergen, R. de Koster, "Routing order pickers in a warehouse with a middle aisle",
EJOR 133, 2001 (two blocks, 25 states); H. Cambazard, N. Catusse, "Fixed-parameter algorithms for rectilinear Steiner
tree and rectilinear traveling salesman problem in the plane", EJOR 270, 2018 (any number). A tour that ends elsewhere
than it starts has one odd end more: those states are the second, odd set.
"""

from __future__ import annotations

import threading
from array import array
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MOST_CROSS_AISLES = 6
"""Above it the table has tens of thousands of states, and a general solver is quicker."""

State = tuple[int, ...]

# An action is what a sub-aisle adds at its lower and upper end (edges), and whether it joins them.
NONE, PASS, DOUBLE, FROM_BELOW, FROM_ABOVE, GAP, SPLIT = range(7)
ACTIONS: tuple[tuple[int, int, bool], ...] = (
    (0, 0, False),
    (1, 1, True),
    (2, 2, True),
    (2, 0, False),
    (0, 2, False),
    (2, 2, False),
    (1, 1, False),
    # Below: the tour starts or ends inside the sub-aisle, so that one end more is used than left.
    (1, 0, False),
    (0, 1, False),
    (1, 2, True),
    (2, 1, True),
    (1, 2, False),
    (2, 1, False),
)
ACTION_COUNT = len(ACTIONS)
FIRST_ODD_ACTION = 7

# What a crossing asks for: nothing, to be touched (a stop on it), or to be an end of an open tour.
FREE, VISITED, END = range(3)

START: int = 0
"""The number of the state in which nothing is walked yet; DONE follows it."""
DONE: int = 1
_DONE = (-1,)


@dataclass(frozen=True, slots=True)
class Tables:
    """Transitions as lists of (source, target) pairs, each list sorted by target.

    List ``vertical(phase, block, action)`` is ``(phase * blocks + block) * ACTION_COUNT + action``; the list of a
    crossing follows them: ``crossings + ((phase * cross_aisles + cross) * 3 + kind) * 3 + edges to the right``.
    `first[l]:first[l + 1]` are the pairs of list l. Phase 0 are the even states, phase 1 the odd ones.
    """

    cross_aisles: int
    states: tuple[int, int]
    first: npt.NDArray[np.int32]
    source: npt.NDArray[np.int16]
    target: npt.NDArray[np.int16]
    state_counts: npt.NDArray[np.int32]
    addresses: tuple[int, int, int, int]
    """Of first, source, target and state_counts, for compiled code."""


_made: dict[tuple[int, bool], Tables] = {}
_asked: set[tuple[int, bool]] = set()


def has_tables(cross_aisles: int, is_open: bool) -> bool:
    return (cross_aisles, is_open) in _made


def tables(cross_aisles: int, is_open: bool) -> Tables:
    """The tables of closed tours, or the larger ones of tours that end elsewhere than they start."""
    key = (cross_aisles, is_open)
    if key not in _made:
        _made[key] = _generate(cross_aisles, is_open)
    return _made[key]


def make_meanwhile(cross_aisles: int, is_open: bool) -> None:
    """Makes the tables in a thread of its own, for a later tour; asked again, it does nothing."""
    key = (cross_aisles, is_open)
    if key not in _asked:
        _asked.add(key)
        threading.Thread(target=tables, args=key, name="tour-tables", daemon=True).start()


def _generate(cross_aisles: int, is_open: bool) -> Tables:
    blocks = cross_aisles - 1
    numbers: tuple[dict[State, int], dict[State, int]] = ({}, {})
    waiting: list[tuple[int, State]] = []

    def number(phase: int, state: State) -> int:
        known = numbers[phase]
        if state not in known:
            known[state] = len(known)
            waiting.append((phase, state))
        return known[state]

    number(0, (0,) * cross_aisles)
    number(0, _DONE)
    # A pair is one number, target * 2**16 + source: five blocks with an open end have millions of them.
    pairs = [array("q") for _ in range(2 * (blocks * ACTION_COUNT + cross_aisles * 9))]
    crossings = 2 * blocks * ACTION_COUNT
    while waiting:
        phase, state = waiting.pop()
        at = numbers[phase][state]
        for block in range(blocks):
            for action in range(ACTION_COUNT if is_open else SPLIT):
                reached = _walked(state, block, *ACTIONS[action])
                if reached is not None:
                    after = phase ^ (action >= FIRST_ODD_ACTION)
                    pairs[(phase * blocks + block) * ACTION_COUNT + action].append(number(after, reached) << 16 | at)
        for cross in range(cross_aisles):
            for kind in range(3 if is_open else END):
                for edges in range(3):
                    reached = _crossed(state, cross, kind, edges)
                    if reached is not None:
                        after = phase ^ (kind == END)
                        pairs[crossings + ((phase * cross_aisles + cross) * 3 + kind) * 3 + edges].append(
                            number(after, reached) << 16 | at
                        )
    first = np.zeros(len(pairs) + 1, np.int32)
    first[1:] = np.cumsum([len(some) for some in pairs])
    flat = np.concatenate([np.sort(np.array(some, np.int64)) for some in pairs])
    states = (len(numbers[0]), len(numbers[1]))
    arrays = (first, (flat & 0xFFFF).astype(np.int16), (flat >> 16).astype(np.int16), np.array(states, np.int32))
    return Tables(cross_aisles, states, *arrays, tuple(array.ctypes.data for array in arrays))  # type: ignore[arg-type]


def _walked(state: State, block: int, below: int, above: int, joins: bool) -> State | None:
    """The state after a sub-aisle got this action; a cross-aisle's number is 0 or 2 * component + oddness."""
    if state == _DONE:
        return state if below == above == 0 else None
    now = list(state)
    fresh = 2 * (len(now) + 1)
    for cross, edges in ((block, below), (block + 1, above)):
        if edges:
            if not now[cross]:
                now[cross] = fresh
                fresh += 2
            now[cross] ^= edges & 1
    if joins:
        joined, kept = now[block + 1] >> 1, now[block] >> 1
        now = [2 * kept | value & 1 if value and value >> 1 == joined else value for value in now]
    return _canonical(now)


def _crossed(state: State, cross: int, kind: int, edges: int) -> State | None:
    """The state after the sweep went on to the next column along one cross-aisle with so many edges."""
    if state == _DONE:
        return state if kind == FREE and edges == 0 else None
    now = list(state)
    if kind == END:
        now[cross] = now[cross] ^ 1 if now[cross] else 2 * (len(now) + 1) + 1
    if (now[cross] & 1) != (edges & 1):
        return None
    component = now[cross] >> 1
    if not component:
        # Two edges from a crossing nobody has to touch would only be a dead end.
        if kind == FREE:
            return state if edges == 0 else None
        if edges == 0:
            return None
        component = len(now) + 1
    now[cross] = 2 * component | edges & 1 if edges else 0
    if not edges and component not in (value >> 1 for value in now):
        return None if any(now) else _DONE
    return _canonical(now)


def _canonical(now: list[int]) -> State:
    names: dict[int, int] = {}
    return tuple(
        2 * names.setdefault(value >> 1, len(names) + 1) | value & 1 if value else 0 for value in now
    )
