"""How long the compiled kernel takes by itself: one call with its route, without the questions before and after it."""

from __future__ import annotations

import time

import numpy as np

from picking import TourProblem
from picking.compiled import compiled
from picking.exact.native import kernels
from picking.exact.tour import kernel_arguments

CALLS = 10


def kernel_us(problem: TourProblem) -> float:
    """Processor time of one call in µs: the best of three rounds of CALLS, the call through ctypes included."""
    found = kernels()
    assert found is not None
    is_closed = (problem.start.x_dm, problem.start.y_dm) == (problem.end.x_dm, problem.end.y_dm)
    spots = [problem.start, *problem.distinct_stops, *(() if is_closed else (problem.end,))]
    xy_dm = np.array([(spot.x_dm, spot.y_dm) for spot in spots], np.int64).T.copy()
    ending = -1 if is_closed else len(spots) - 1
    arguments = kernel_arguments(compiled(problem.layout), xy_dm, ending, with_order=True)
    rounds: list[float] = []
    for _ in range(3):
        began = time.thread_time_ns()
        for _ in range(CALLS):
            found.tour(*arguments)
        rounds.append((time.thread_time_ns() - began) / 1000 / CALLS)
    return min(rounds)
