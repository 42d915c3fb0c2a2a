"""A solver of its own for the tests: it knows distances and nothing of aisles.

M. Held, R.M. Karp, "A dynamic programming approach to sequencing problems", J. SIAM 10(1), 1962. Time and memory double
with every stop.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from picking import Layout, Spot, distance_matrix
from picking.distances import Decimetres

FAR = np.iinfo(np.int64).max // 4


def shortest_order(matrix: Decimetres) -> list[int]:
    """The rows 1 to n of a shortest walk from row 0 over them to the last row."""
    stops = len(matrix) - 2
    if stops == 0:
        return []
    legs = np.minimum(matrix[1:-1, 1:-1], FAR)
    shortest = np.full((1 << stops, stops), FAR, np.int64)
    for stop in range(stops):
        shortest[1 << stop, stop] = matrix[0, stop + 1]
    for stop, without in _subsets_by_size(stops):
        shortest[without | (1 << stop), stop] = np.minimum((shortest[without] + legs[:, stop]).min(axis=1), FAR)
    subset = (1 << stops) - 1
    last = int(np.argmin(shortest[subset] + matrix[1:-1, -1]))
    order = [last]
    while len(order) < stops:
        subset ^= 1 << last
        last = int(np.argmin(shortest[subset] + legs[:, last]))
        order.append(last)
    return [stop + 1 for stop in reversed(order)]


def shortest_dm(matrix: Decimetres) -> int:
    rows = [0, *shortest_order(matrix), len(matrix) - 1]
    return int(sum(matrix[a, b] for a, b in pairwise(rows)))


def shortest_walk_dm(layout: Layout, start: Spot, end: Spot, stops: Sequence[Spot]) -> int:
    return shortest_dm(distance_matrix(layout, [start, *stops, end]))


@cache
def _subsets_by_size(stops: int) -> list[tuple[int, npt.NDArray[np.int64]]]:
    subsets = np.arange(1 << stops, dtype=np.int64)
    size = np.array([int(subset).bit_count() for subset in subsets.tolist()])
    steps: list[tuple[int, npt.NDArray[np.int64]]] = []
    for members in range(1, stops):
        layer = subsets[size == members]
        steps.extend((stop, layer[layer & (1 << stop) == 0]) for stop in range(stops))
    return steps
