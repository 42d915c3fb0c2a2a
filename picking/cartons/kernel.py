"""Filling one carton, compiled: blocks of equal pieces on extreme points.

Owns the placing of pieces in a given order and nothing of which order is good. Sources: extreme points and their
projections from Crainic, Perboli, Tadei (2008), "Extreme point-based heuristics for three-dimensional bin packing";
blocks of equal boxes as in Eley (2002). The rules of the floor are ours: each base supported, nothing on what is
fragile, a heavy piece only on one as heavy, and what a piece bears counted over all that stands on it.

Whole numbers only: mm and g. Invariant: whatever comes out, `check.faults_of_carton` finds nothing wrong with it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from picking.compiling import njit

Whole = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]

# Columns of a kind of piece.
WEIGHT, LOAD, QTY, WAYS = 0, 1, 2, 3
# Columns of a placed block: kind, corner, size of one as it lies, how many each way.
KIND, X, Y, Z, ALONG, ACROSS, UPRIGHT, COLUMNS, ROWS, LAYERS = range(10)

# How the place of a block is chosen; each is good for other goods.
LOWEST, FLATTEST, BIGGEST, TIGHTEST = range(4)
RULES = (LOWEST, FLATTEST, BIGGEST, TIGHTEST)

MOST_BLOCKS = 400
NO_LIMIT = 1 << 40
NOTHING_ON_IT = -1
WORST = 1 << 62


@njit(cache=True)
def fill(
    box: Whole, bears_g: int, kinds: Whole, turned: Whole, order: Whole, rule: int, support_percent: int,
    heavy_g: int, blocks: Whole,
) -> int:  # fmt: skip
    """Place what fits, in the order given; returns how many rows of `blocks` are filled.

    `box`: inner (length, width, height). `kinds`: a row a kind of WEIGHT, LOAD (NOTHING_ON_IT, or what one bears),
    QTY and WAYS; `turned[kind, way]`: its size in each of its WAYS. `order`: kinds, the first goes in first.
    """
    most = blocks.shape[0]
    high = np.zeros((most, 3), np.int64)  # far corners
    bears = np.zeros(most, np.int64)
    stands_on = np.zeros((most, most), np.bool_)
    points = np.zeros((9 * most + 1, 3), np.int64)
    points_n, placed, free_g = 1, 0, bears_g
    held = np.zeros(most, np.bool_)
    best = np.zeros(9, np.int64)
    for kind in order:
        left = kinds[kind, QTY]
        weight, load = kinds[kind, WEIGHT], kinds[kind, LOAD]
        while left > 0 and placed < most:
            room_each = left if weight == 0 else min(left, free_g // weight)
            if room_each == 0:
                break
            best_score = WORST
            for at in range(points_n):
                x, y, z = points[at, 0], points[at, 1], points[at, 2]
                for way in range(kinds[kind, WAYS]):
                    a, b, c = turned[kind, way, 0], turned[kind, way, 1], turned[kind, way, 2]
                    if x + a > box[0] or y + b > box[1] or z + c > box[2]:
                        continue
                    if not _is_free(blocks, high, placed, x, y, z, a, b, c):
                        continue
                    if not _rests(blocks, high, bears, kinds, placed, x, y, z, a, b, weight, heavy_g, support_percent):
                        continue
                    for along_first in range(2):
                        nx, ny, nz = _grow(
                            box, blocks, high, bears, kinds, placed, x, y, z, a, b, c, weight, load, room_each,
                            heavy_g, support_percent, along_first == 0,
                        )  # fmt: skip
                        bearing = _bearing(blocks, high, bears, stands_on, placed, x, y, z, nx * a, ny * b)
                        if weight > 0:
                            nz = min(nz, bearing // (weight * nx * ny))
                        if nz <= 0:
                            nx, ny, nz = 1, 1, 1
                            if weight > _bearing(blocks, high, bears, stands_on, placed, x, y, z, a, b):
                                continue
                        score = _score(box, rule, x, y, z, nx * a, ny * b, nz * c)
                        if score < best_score:
                            best_score = score
                            best[0], best[1], best[2] = x, y, z
                            best[3], best[4], best[5] = a, b, c
                            best[6], best[7], best[8] = nx, ny, nz
            if best_score == WORST:
                break
            each = best[6] * best[7] * best[8]
            blocks[placed, KIND] = kind
            blocks[placed, 1:10] = best
            for axis in range(3):
                high[placed, axis] = best[axis] + best[axis + 3] * best[axis + 6]
            bears[placed] = load if load < 0 else load - (best[8] - 1) * weight
            _supporters(
                blocks, high, stands_on, placed, best[0], best[1], best[2], best[3] * best[6], best[4] * best[7], held
            )
            for under in range(placed):
                stands_on[placed, under] = held[under]
                if held[under]:
                    bears[under] -= weight * each
            points_n = _add_points(blocks, high, placed, points, points_n)
            placed += 1
            left -= each
            free_g -= weight * each
    return placed


@njit(cache=True, inline="never")
def _is_free(blocks: Whole, high: Whole, placed: int, x: int, y: int, z: int, dx: int, dy: int, dz: int) -> bool:
    # One mm more upwards: a piece pushed under another must not become what that one rests on, unasked.
    for other in range(placed):
        if (
            x < high[other, 0] and blocks[other, X] < x + dx
            and y < high[other, 1] and blocks[other, Y] < y + dy
            and z < high[other, 2] and blocks[other, Z] < z + dz + 1
        ):  # fmt: skip
            return False
    return True


@njit(cache=True, inline="never")
def _rests(
    blocks: Whole, high: Whole, bears: Whole, kinds: Whole, placed: int, x: int, y: int, z: int, a: int, b: int,
    weight: int, heavy_g: int, support_percent: int,
) -> bool:  # fmt: skip
    """Whether the base of one piece is held, and only by what may hold it."""
    if z == 0:
        return True
    area = 0
    for other in range(placed):
        if high[other, 2] != z:
            continue
        along = min(x + a, high[other, 0]) - max(x, blocks[other, X])
        across = min(y + b, high[other, 1]) - max(y, blocks[other, Y])
        if along <= 0 or across <= 0:
            continue
        if bears[other] < weight:
            return False
        if weight >= heavy_g and kinds[blocks[other, KIND], WEIGHT] < weight:
            return False
        area += along * across
    return area * 100 >= a * b * support_percent


@njit(cache=True, inline="never")
def _grow(
    box: Whole, blocks: Whole, high: Whole, bears: Whole, kinds: Whole, placed: int, x: int, y: int, z: int,
    a: int, b: int, c: int, weight: int, load: int, room_each: int, heavy_g: int, support_percent: int,
    is_along_first: bool,
) -> tuple[int, int, int]:  # fmt: skip
    """As many equal pieces as fit into a block from this corner: along one edge, then the other, then upwards."""
    nx, ny = 1, 1
    for turn in range(2):
        if (turn == 0) == is_along_first:
            while (
                (nx + 1) * ny <= room_each and x + (nx + 1) * a <= box[0]
                and _is_free(blocks, high, placed, x + nx * a, y, z, a, ny * b, c)
            ):  # fmt: skip
                is_held = True
                for row in range(ny):
                    if not _rests(
                        blocks, high, bears, kinds, placed, x + nx * a, y + row * b, z, a, b, weight, heavy_g,
                        support_percent,
                    ):  # fmt: skip
                        is_held = False
                        break
                if not is_held:
                    break
                nx += 1
        else:
            while (
                nx * (ny + 1) <= room_each and y + (ny + 1) * b <= box[1]
                and _is_free(blocks, high, placed, x, y + ny * b, z, nx * a, b, c)
            ):  # fmt: skip
                is_held = True
                for column in range(nx):
                    if not _rests(
                        blocks, high, bears, kinds, placed, x + column * a, y + ny * b, z, a, b, weight, heavy_g,
                        support_percent,
                    ):  # fmt: skip
                        is_held = False
                        break
                if not is_held:
                    break
                ny += 1
    nz_most = room_each // (nx * ny)
    if load < 0:
        nz_most = 1
    elif weight > 0:
        nz_most = min(nz_most, 1 + load // weight)
    nz = 1
    while (
        nz < nz_most and z + (nz + 1) * c <= box[2]
        and _is_free(blocks, high, placed, x, y, z + nz * c, nx * a, ny * b, c)
    ):  # fmt: skip
        nz += 1
    return nx, ny, nz


@njit(cache=True, inline="never")
def _supporters(
    blocks: Whole, high: Whole, stands_on: Marks, placed: int, x: int, y: int, z: int, dx: int, dy: int, held: Marks
) -> None:
    """Marks all a base stands on, directly or through others."""
    held[:] = False
    for other in range(placed):
        if (
            z > 0 and high[other, 2] == z and x < high[other, 0] and blocks[other, X] < x + dx
            and y < high[other, 1] and blocks[other, Y] < y + dy
        ):  # fmt: skip
            held[other] = True
            for under in range(placed):
                if stands_on[other, under]:
                    held[under] = True


@njit(cache=True, inline="never")
def _bearing(
    blocks: Whole, high: Whole, bears: Whole, stands_on: Marks, placed: int, x: int, y: int, z: int, dx: int, dy: int
) -> int:
    """What may still be put on this base, for all it would stand on."""
    least = NO_LIMIT
    if z == 0:
        return least
    for other in range(placed):
        if (
            high[other, 2] == z and x < high[other, 0] and blocks[other, X] < x + dx
            and y < high[other, 1] and blocks[other, Y] < y + dy
        ):  # fmt: skip
            least = min(least, bears[other])
            for under in range(placed):
                if stands_on[other, under]:
                    least = min(least, bears[under])
    return least


@njit(cache=True, inline="never")
def _score(box: Whole, rule: int, x: int, y: int, z: int, dx: int, dy: int, dz: int) -> Any:
    """Smaller is better; sizes are below 2^14 mm, so three of them and a small one go into 62 bits."""
    if rule == LOWEST:
        return (((z << 14) + y << 14) + x << 14) + (box[2] - dz)
    if rule == FLATTEST:
        return (((z + dz << 14) + y << 14) + x << 14) + (box[0] - dx)
    if rule == BIGGEST:
        left_out = box[0] * box[1] * box[2] - dx * dy * dz
        return (left_out // 1000 << 28) + (z << 14) + y + x
    gap = min(box[0] - x - dx, box[1] - y - dy)
    return (((z << 14) + gap << 14) + x + y << 14) + (box[2] - dz)


@njit(cache=True, inline="never")
def _add_points(blocks: Whole, high: Whole, placed: int, points: Whole, points_n: int) -> int:
    """The corners a new block offers, as they are and pushed against what stands below, behind and beside them."""
    kept = 0
    for at in range(points_n):
        is_taken = True
        for axis in range(3):
            if not blocks[placed, 1 + axis] <= points[at, axis] < high[placed, axis]:
                is_taken = False
        if not is_taken:
            for axis in range(3):
                points[kept, axis] = points[at, axis]
            kept += 1
    for out in range(3):
        for towards in range(4):
            if towards == out:
                continue
            if kept == points.shape[0]:
                return kept
            point = points[kept]
            for axis in range(3):
                point[axis] = high[placed, axis] if axis == out else blocks[placed, 1 + axis]
            if towards < 3:
                stop = 0
                one, other = (towards + 1) % 3, (towards + 2) % 3
                for block in range(placed + 1):
                    if (
                        stop < high[block, towards] <= point[towards]
                        and blocks[block, 1 + one] <= point[one] < high[block, one]
                        and blocks[block, 1 + other] <= point[other] < high[block, other]
                    ):  # fmt: skip
                        stop = high[block, towards]
                point[towards] = stop
            is_known = False
            for at in range(kept):
                if points[at, 0] == point[0] and points[at, 1] == point[1] and points[at, 2] == point[2]:
                    is_known = True
                    break
            if not is_known:
                kept += 1
    return kept
