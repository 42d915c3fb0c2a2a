"""Shortest ways in a graph of directed arcs, compiled: what every floor that is not a plain grid is measured by.

Owns the one search. It refuses nothing: arcs are checked by whoever builds them. Invariant: equal input gives
equal ways, ties included, because the queue is ordered by distance and then by node.

Source: E. W. Dijkstra, "A note on two problems in connexion with graphs", Numerische Mathematik 1, 1959.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt

UNREACHABLE_DM = 10**12
"""No way leads there. A sum of many of them still fits 64 bits, and no real walk comes near one."""

Dm = npt.NDArray[np.int64]
Nodes = npt.NDArray[np.int32]


def arcs_by_tail(nodes: int, tail: Nodes, to: Nodes, length_dm: Dm) -> tuple[Nodes, Nodes, Dm]:
    """(first, to, length): the arcs leaving node v are first[v] to first[v + 1], in the order given."""
    order = np.argsort(tail, kind="stable")
    first = np.zeros(nodes + 1, np.int32)
    np.cumsum(np.bincount(tail, minlength=nodes), out=first[1:])
    return first, to[order].astype(np.int32), length_dm[order].astype(np.int64)


def shortest_from(first: Nodes, to: Nodes, length_dm: Dm, sources: Nodes) -> tuple[Dm, Nodes]:
    """Distance to every node and the node before it, one row for each source; -1 before a source and where
    no way leads.
    """
    far: tuple[Dm, Nodes] = _compiled()(first, to, length_dm, sources)
    return far


@cache
def _compiled() -> Callable[..., tuple[Dm, Nodes]]:
    # Not at the top: the compiler is a second's import, which a plain grid never needs.
    from picking.compiling import njit

    compiled: Callable[..., tuple[Dm, Nodes]] = njit(cache=True)(_search)
    return compiled


def _search(first: Nodes, to: Nodes, length_dm: Dm, sources: Nodes) -> tuple[Dm, Nodes]:
    nodes = len(first) - 1
    far = np.full((len(sources), nodes), UNREACHABLE_DM, np.int64)
    before = np.full((len(sources), nodes), -1, np.int32)
    for row in range(len(sources)):
        reached = far[row]
        reached[sources[row]] = 0
        queue = [(np.int64(0), np.int64(sources[row]))]
        while len(queue) > 0:
            walked, node = heapq.heappop(queue)
            if walked > reached[node]:
                continue
            for arc in range(first[node], first[node + 1]):
                following = to[arc]
                length = walked + length_dm[arc]
                if length < reached[following]:
                    reached[following] = length
                    before[row, following] = node
                    heapq.heappush(queue, (length, np.int64(following)))
    return far, before


def nodes_between(before: Nodes, target: int) -> list[int]:
    """The nodes from the row's source to the target, both included; `before` is one row of shortest_from."""
    nodes = [target]
    while before[nodes[-1]] >= 0:
        nodes.append(int(before[nodes[-1]]))
    return nodes[::-1]
