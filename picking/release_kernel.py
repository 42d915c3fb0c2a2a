"""The inner loops of picking.releases, compiled: filling orders from stock, and annealing over sets of aisles."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from picking.compiling import njit

_Ints = npt.NDArray[np.int64]
_Flags = npt.NDArray[np.bool_]


@njit(cache=True)
def fill(
    order_at: _Ints, order_item: _Ints, order_units: _Ints, weights: _Ints, sequence: _Ints, stock: _Ints, most: int,
    chosen: _Flags,
) -> int:  # fmt: skip
    """Take orders in the sequence as stock and `most` allow; `stock` and `chosen` are written. Returns the weight."""
    weight = 0
    for order in sequence:
        if weight + weights[order] > most:
            continue
        first, last = order_at[order], order_at[order + 1]
        fits = True
        for line in range(first, last):
            if stock[order_item[line]] < order_units[line]:
                fits = False
                break
        if not fits:
            continue
        for line in range(first, last):
            stock[order_item[line]] -= order_units[line]
        chosen[order] = True
        weight += weights[order]
        if weight == most:
            break
    return weight


@njit(cache=True)
def anneal(
    order_at: _Ints, order_item: _Ints, order_units: _Ints, weights: _Ints, sequence: _Ints, aisle_at: _Ints,
    aisle_item: _Ints, aisle_units: _Ints, items: int, least: int, most: int, state: _Flags, heat: float, moves: int,
    seed: int,
) -> _Flags:  # fmt: skip
    """Swap, add and drop aisles; `state` goes on from call to call. Returns the best set of this call."""
    np.random.seed(seed)
    aisles = len(state)
    supply = np.zeros(items, np.int64)
    count = 0
    for aisle in range(aisles):
        if state[aisle]:
            count += 1
            for at in range(aisle_at[aisle], aisle_at[aisle + 1]):
                supply[aisle_item[at]] += aisle_units[at]
    chosen = np.zeros(len(weights), np.bool_)
    weight = fill(order_at, order_item, order_units, weights, sequence, supply.copy(), most, chosen)
    value = _value(weight, count, least)
    best, best_value = state.copy(), value
    for _ in range(moves):
        out, into = -1, -1
        kind = np.random.randint(0, 4)
        if kind != 1 and count > 1:
            out = _nth(state, True, np.random.randint(0, count))
        if kind != 0 and count < aisles:
            into = _nth(state, False, np.random.randint(0, aisles - count))
        if out < 0 and into < 0:
            continue
        _move(supply, aisle_at, aisle_item, aisle_units, out, -1)
        _move(supply, aisle_at, aisle_item, aisle_units, into, 1)
        changed = count - (out >= 0) + (into >= 0)
        weight = fill(order_at, order_item, order_units, weights, sequence, supply.copy(), most, chosen)
        tried = _value(weight, changed, least)
        # Relative, so that one heat serves densities of 2 and of 700.
        if tried >= value or np.random.random() < np.exp((tried - value) / (heat * max(abs(value), 1e-9))):
            if out >= 0:
                state[out] = False
            if into >= 0:
                state[into] = True
            count, value = changed, tried
            if value > best_value:
                best_value = value
                best[:] = state
        else:
            _move(supply, aisle_at, aisle_item, aisle_units, out, 1)
            _move(supply, aisle_at, aisle_item, aisle_units, into, -1)
    return best


@njit(cache=True)
def _value(weight: int, aisles: int, least: int) -> float:
    """Density; what does not reach the least is worth less than anything that does."""
    if weight < least:
        return (weight / least - 1.0) * 1e-3
    return weight / aisles


@njit(cache=True)
def _nth(state: _Flags, wanted: bool, number: int) -> int:
    for aisle in range(len(state)):
        if state[aisle] == wanted:
            if number == 0:
                return aisle
            number -= 1
    return -1


@njit(cache=True)
def _move(
    supply: _Ints, aisle_at: _Ints, aisle_item: _Ints, aisle_units: _Ints, aisle: int, sign: int
) -> None:  # fmt: skip
    if aisle >= 0:
        for at in range(aisle_at[aisle], aisle_at[aisle + 1]):
            supply[aisle_item[at]] += sign * aisle_units[at]
