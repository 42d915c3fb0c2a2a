"""How short a tour through a matrix could be at best: bounds that prove how good an order is.

Owns two relaxations of the walk from row 0 through all others to the last row: a spanning tree with prices on
the stops (it may branch), and an assignment (it may fall apart into rings). It refuses nothing. Invariant: no
order of the stops that keeps the rules is shorter than the bound.

Sources: M. Held, R. M. Karp, "The traveling-salesman problem and minimum spanning trees", Operations Research
18(6), 1970; H. W. Kuhn, "The Hungarian method for the assignment problem", Naval Research Logistics 2, 1955.
"""

from __future__ import annotations

import numpy as np
from ortools.graph.python import linear_sum_assignment

from picking.compiling import njit
from picking.dijkstra import UNREACHABLE_DM, Dm
from picking.ordered import Rows

SCALE = 64
"""Prices are multiples of 1/64 dm: whole numbers, so that the bound is one and not a rounding error."""


def lower_bound_dm(matrix: Dm, upper_dm: int, rank: Rows | None = None, rounds: int = 80) -> int:
    """At most the shortest walk over the matrix, whose impossible legs are UNREACHABLE_DM; never above `upper_dm`,
    which some order reaches. With a rank for every row no stop comes before one of a lower rank.
    """
    if len(matrix) == 2:
        return int(matrix[0, 1])
    both_ways = np.minimum(matrix, matrix.T)
    both_ways[0], both_ways[:, 0] = matrix[0], matrix[0]
    both_ways[-1], both_ways[:, -1] = matrix[:, -1], matrix[:, -1]
    # Start, ranks and end form a chain: whoever crosses each of its joints once walks only between neighbours in it.
    ranks = np.zeros(len(matrix), np.int64) if rank is None else rank.astype(np.int64)
    group = np.unique(ranks[1:-1], return_inverse=True)[1].ravel()
    chain = np.concatenate(([-1], group, [group.max() + 1]))
    apart = np.abs(chain[:, None] - chain[None, :])
    toll_dm = upper_dm
    legs = np.where(apart > 1, UNREACHABLE_DM, np.minimum(both_ways + toll_dm * apart, UNREACHABLE_DM))
    tolls_dm = toll_dm * int(chain[-1] + 1)
    tree = _priced_tree(legs, np.int64(upper_dm), np.int64(tolls_dm), rounds)
    is_symmetric = bool((matrix[1:-1, 1:-1] == matrix[1:-1, 1:-1].T).all())
    bound = int(tree) if is_symmetric else max(int(tree), _assignment(matrix))
    return max(0, min(bound, upper_dm))


@njit(cache=True)
def _priced_tree(legs: Dm, upper_dm: np.int64, tolls_dm: np.int64, rounds: int) -> np.int64:
    """The dearest of the cheapest trees: prices pull every stop towards two neighbours, start and end towards one."""
    rows = len(legs)
    price = np.zeros(rows, np.int64)
    wanted = np.full(rows, 2, np.int64)
    wanted[0] = wanted[rows - 1] = 1
    best = np.int64(0)
    share = 2.0
    for _ in range(rounds):
        degree = np.zeros(rows, np.int64)
        nearest = np.full(rows, 4 * UNREACHABLE_DM * SCALE, np.int64)
        parent = np.zeros(rows, np.int64)
        is_in = np.zeros(rows, np.bool_)
        node, total = 0, np.int64(0)
        for _step in range(rows - 1):
            is_in[node] = True
            following = -1
            for other in range(rows):
                if is_in[other]:
                    continue
                length = legs[node, other] * SCALE + price[node] + price[other]
                if length < nearest[other]:
                    nearest[other], parent[other] = length, node
                if following < 0 or nearest[other] < nearest[following]:
                    following = other
            total += nearest[following]
            degree[following] += 1
            degree[parent[following]] += 1
            node = following
        value = total - tolls_dm * SCALE - (price * wanted).sum()
        # Whole lengths only: a bound of 12.3 is one of 13.
        bound = -(-value // SCALE)
        if bound > best:
            best = bound
        else:
            share *= 0.93
        off = degree - wanted
        norm = (off * off).sum()
        if norm == 0 or best >= upper_dm:
            break
        step = share * max(upper_dm * SCALE - value, SCALE) / norm
        for other in range(rows):
            price[other] += np.int64(step * off[other])
    return best


def _assignment(matrix: Dm) -> int:
    """Every row but the end has one leg out, every row but the start one leg in, at the least sum."""
    rows = len(matrix) - 1
    legs = matrix[:-1, 1:]
    out, into = np.nonzero(legs < UNREACHABLE_DM)
    # Column c is row c + 1: staying where one is, and walking from start straight to the end, are no legs.
    is_leg = (out != into + 1) & ~((out == 0) & (into == rows - 1))
    out, into = out[is_leg], into[is_leg]
    solver = linear_sum_assignment.SimpleLinearSumAssignment()
    solver.add_arcs_with_cost(out, into, legs[out, into])
    if solver.solve() != solver.OPTIMAL:
        return 0
    return int(solver.optimal_cost())
