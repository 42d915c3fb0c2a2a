"""The shortest closed tour on blocks of aisles whose depot stands apart, with a way of its own to every aisle's foot.

Owns the dynamic program for that: the general one over states (see picking/exact/tables.py) with the depot as one more
vertex that every column can reach. So a state is the degree of each cross-aisle's crossing and of the depot (none,
odd, even) and which of them are joined. Slower than the kernels for one and two blocks. It refuses nothing (its
callers checked). Invariant: equal to an independent solver on every floor it takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from picking.compiling import njit
from picking.exact.bits import lowest_bit
from picking.exact.one_block import FAR

_State = tuple[tuple[int, ...], tuple[int, ...]]
_ACTIONS = ((0, 0, False), (1, 1, True), (2, 2, True), (2, 0, False), (0, 2, False), (2, 2, False))
"""Edges at a stretch's two ends, and whether they join: none, through, twice, from below, from above, gap."""


class FanDepot(NamedTuple):
    """A floor as arrays. Lengths are whole numbers of any one unit.

    first_word: int64[columns * blocks + 1], where the words of each stretch (column by column, lowest block first)
    begin in a bitmap of stops. offset_at: int64[words * 64], how far from its stretch's lower end the stop of each bit
    is, ascending. length: int64[columns * blocks]. step: int64[columns, blocks + 1], the way on to the next column
    along each cross-aisle. spoke: int64[columns], the depot's way to the foot of each column.
    act: int64[stretch kinds * 6, states], fan: int64[3, states], next state or -1, in a block and at the depot.
    move, moved: int64[moves, 2] (state before and after) and int64[moves, blocks + 1] (edges along each cross-aisle).
    """

    first_word: npt.NDArray[np.int64]
    offset_at: npt.NDArray[np.int64]
    length: npt.NDArray[np.int64]
    step: npt.NDArray[np.int64]
    spoke: npt.NDArray[np.int64]
    act: npt.NDArray[np.int64]
    fan: npt.NDArray[np.int64]
    move: npt.NDArray[np.int64]
    moved: npt.NDArray[np.int64]

    @property
    def words(self) -> int:
        return int(self.first_word[-1])


def fan_depot(
    length: Sequence[Sequence[int]], step: Sequence[Sequence[int]], spoke: Sequence[int],
    offsets: Sequence[Sequence[Sequence[int]]],
) -> FanDepot:  # fmt: skip
    """The floor with these stretch lengths and stops ([column][block]), steps ([column][cross-aisle]) and spokes."""
    first_word = [0]
    table: list[int] = []
    for column in offsets:
        for stops in column:
            words = max(1, -(-len(stops) // 64))
            first_word.append(first_word[-1] + words)
            table.extend([*stops, *[0] * (words * 64 - len(stops))])
    blocks = len(length[0])
    return FanDepot(
        np.array(first_word, np.int64), np.array(table, np.int64), np.array(length, np.int64).reshape(-1),
        np.array(step, np.int64), np.array(spoke, np.int64), *_tables(blocks),
    )  # fmt: skip


@cache
def _tables(blocks: int) -> tuple[npt.NDArray[np.int64], ...]:
    number: dict[_State, int] = {_settled((0,) * (blocks + 2), tuple(range(blocks + 2))): 0}
    todo = list(number)
    act: dict[tuple[int, int, int], int] = {}
    fan: dict[tuple[int, int], int] = {}
    moves: list[tuple[int, int, tuple[int, ...]]] = []

    def known(state: _State) -> int:
        if state not in number:
            number[state] = len(number)
            todo.append(state)
        return number[state]

    while todo:
        state = todo.pop()
        source = number[state]
        for block, (action, (below, above, joins)) in product(range(blocks), enumerate(_ACTIONS)):
            act[block, action, source] = known(_walked(state, block, below, block + 1, above, joins))
        for edges in range(3):
            fan[edges, source] = known(_walked(state, 0, edges, blocks + 1, edges, edges > 0))
        for along, after in _crossed(state):
            moves.append((source, known(after), along))
    acts = np.full((blocks * len(_ACTIONS), len(number)), -1, np.int64)
    for (block, action, source), target in act.items():
        acts[block * len(_ACTIONS) + action, source] = target
    fans = np.array([[fan[edges, source] for source in range(len(number))] for edges in range(3)], np.int64)
    # The end: nothing open but the depot, left as often as entered, and one piece.
    ends = [at for (degree, _), at in number.items() if degree[:-1] == (0,) * (blocks + 1) and degree[-1] == 2]
    moves.sort(key=lambda move: move[0])
    pairs = np.array([(source, target) for source, target, _ in moves] + [(-1, ends[0])], np.int64)
    return acts, fans, pairs, np.array([edges for _, _, edges in moves], np.int64)


def _walked(state: _State, one: int, one_edges: int, other: int, other_edges: int, joins: bool) -> _State:
    degree, piece = list(state[0]), list(state[1])
    for vertex, edges in ((one, one_edges), (other, other_edges)):
        if edges:
            degree[vertex] = 2 - (degree[vertex] + edges) % 2
    if joins:
        piece = [piece[one] if part == piece[other] else part for part in piece]
    return _settled(tuple(degree), tuple(piece))


def _crossed(state: _State) -> Iterator[tuple[tuple[int, ...], _State]]:
    """On to the next column: each open end is left once, each even one twice or not at all if it stays joined."""
    degree, piece = state
    crosses = len(degree) - 1
    choices = [{0: (0,), 1: (1,), 2: (0, 2)}[degree[cross]] for cross in range(crosses)]
    for edges in product(*choices):
        kept = {piece[cross] for cross in range(crosses) if edges[cross]} | ({piece[-1]} if degree[-1] else set())
        if all(piece[cross] in kept for cross in range(crosses) if degree[cross]):
            yield edges, _settled((*edges, degree[-1]), piece)


def _settled(degree: tuple[int, ...], piece: tuple[int, ...]) -> _State:
    """The pieces numbered by their first vertex; a vertex without edges is in none."""
    names: dict[int, int] = {}
    numbered = tuple(names.setdefault(part, len(names) + 1) if degree[at] else 0 for at, part in enumerate(piece))
    return degree, tuple(part or -1 - at for at, part in enumerate(numbered))


@njit(cache=True)
def fan_depot_length(floor: FanDepot, words: npt.NDArray[np.uint64]) -> int:
    """Length of the shortest closed tour from the depot through every stop of the bitmap; 0 without stops. Compiled."""
    first_word: Any = floor.first_word
    columns, crosses = floor.step.shape
    blocks = crosses - 1
    states = floor.fan.shape[1]
    moves = len(floor.moved)
    value = np.full(states, FAR, np.int64)
    after = np.full(states, FAR, np.int64)
    cost = np.zeros(6, np.int64)
    value[0] = 0
    one: Any = np.uint64(1)
    is_empty = True
    for column in range(columns):
        for block in range(blocks):
            stretch = column * blocks + block
            lowest: Any = np.int64(-1)
            highest: Any = np.int64(0)
            gap: Any = np.int64(0)
            for number in range(first_word[stretch], first_word[stretch + 1]):
                word: Any = words[number]
                while word != 0:
                    offset = floor.offset_at[number * 64 + lowest_bit(word)]
                    if lowest < 0:
                        lowest = offset
                    else:
                        gap = max(gap, offset - highest)
                    highest = offset
                    word &= word - one
            length = floor.length[stretch]
            cost[1] = length
            cost[2] = 2 * length
            first = 1
            last = 6
            if lowest < 0:
                first = 0
                last = 3
            else:
                is_empty = False
                cost[3] = 2 * highest
                cost[4] = 2 * (length - lowest)
                cost[5] = 2 * (length - gap)
            after[:] = FAR
            for state in range(states):
                if value[state] < FAR:
                    for action in range(first, last):
                        target = floor.act[block * 6 + action, state]
                        after[target] = min(after[target], value[state] + cost[action])
            value, after = after, value
        spoke = floor.spoke[column]
        after[:] = FAR
        for state in range(states):
            if value[state] < FAR:
                for edges in range(3):
                    target = floor.fan[edges, state]
                    after[target] = min(after[target], value[state] + edges * spoke)
        value, after = after, value
        after[:] = FAR
        for move in range(moves):
            way = value[floor.move[move, 0]]
            if way < FAR:
                for cross in range(crosses):
                    way += floor.moved[move, cross] * floor.step[column, cross]
                target = floor.move[move, 1]
                after[target] = min(after[target], way)
        value, after = after, value
    if is_empty:
        return 0
    shortest: int = value[floor.move[moves, 1]]
    return shortest
