"""Distances between things that hang on a graph by at most two of its nodes.

Owns the combination: out of one, through the graph, into the other. It refuses nothing. Invariant: a pair with
no way between it is UNREACHABLE_DM, however far the ends are from their nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from picking.dijkstra import UNREACHABLE_DM, Dm, Nodes


@dataclass(frozen=True, slots=True)
class Ends:
    """(node, dm) pairs, at most two each: where one gets to from the spot, and from where to the spot."""

    out: tuple[tuple[int, int], ...]
    into: tuple[tuple[int, int], ...]


def lengths_between(length_dm: Dm, ends: Sequence[Ends]) -> Dm:
    """From every spot (row) to every spot (column), over the nodes; `length_dm` by out node and into node."""
    out_node, out_dm = _two_ways([each.out for each in ends])
    into_node, into_dm = _two_ways([each.into for each in ends])
    best = np.full((len(ends), len(ends)), UNREACHABLE_DM, np.int64)
    if not len(length_dm):
        return best
    for leaving in range(2):
        for entering in range(2):
            way = length_dm[out_node[:, leaving][:, None], into_node[:, entering][None, :]]
            way = way + out_dm[:, leaving][:, None] + into_dm[:, entering][None, :]
            np.minimum(best, way, out=best)
    return best


def _two_ways(ways: Sequence[tuple[tuple[int, int], ...]]) -> tuple[Nodes, Dm]:
    node = np.zeros((len(ways), 2), np.int32)
    dm = np.full((len(ways), 2), UNREACHABLE_DM, np.int64)
    for at, each in enumerate(ways):
        for number, (to, length) in enumerate(each):
            node[at, number] = to
            dm[at, number] = length
    return node, dm
