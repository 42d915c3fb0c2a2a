"""From orders to carts: a first plan at once and better ones as long as there is time.

Owns the order of the steps and the clock. It refuses nothing a BatchProblem allows. Invariant: the answer comes
within the limit, and keeps every limit of the cart; given `proposals` instead of time it is the same every time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from picking.batches import windows
from picking.batches.anneal import anneal
from picking.batches.bitmaps import Bitmaps, Whole, bitmaps_of, visits_of, walkway_bitmaps
from picking.batches.carts import Carts, Wave, carts_of
from picking.batches.greedy import greedy
from picking.batches.plan import Batch, BatchPlan, ClusterTote, Filled
from picking.batches.problem import BatchProblem
from picking.batches.shares import WORDS, farthest_orders_dm
from picking.batches.totes import Part, parts_of
from picking.batches.walkway_floor import alone_at_least_dm, places_of
from picking.batches.waves import wave_of
from picking.distances import out_of_reach
from picking.errors import FieldError
from picking.exact.native import kernels
from picking.exact.tables import MOST_CROSS_AISLES
from picking.exact.tour import rule_lengths_dm
from picking.heuristics import s_shape
from picking.layout import Layout, Spot
from picking.problem import TourProblem
from picking.solver import plan_tour
from picking.walkways import Walkways

HOT_DM = 40.0
COLD_DM = 3.0
"""Temperatures of the annealing, in dm of added walk: tried on waves of 200 to 5,000 orders on two floors."""

SLICE = 1_000
"""Moves between two looks at the clock: some 5 ms."""

COLUMNS_FROM_MS = 1_500
"""From this limit on there is time for columns, whose bound takes about a second to close."""

ANNEAL_SHARE = 0.3
ANNEAL_S_PER_PART = 0.004
"""How long annealing goes on before columns: a share of the time where they take a whole group at once, else until it
gains little more.
"""

FINISH_SHARE = 0.08
"""Of the limit, kept back for writing the plan down; LEAST_FINISH_MS at least."""

LEAST_FINISH_MS = 30


def searched_plan(
    problem: BatchProblem, time_limit_ms: int, seed: int, proposals: int | None, clock: Callable[[], float]
) -> BatchPlan:
    """See `plan_batches`."""
    began = clock()
    parts = parts_of(problem)
    if not parts:
        visits = np.zeros((0, _stretches(problem.layout)), np.bool_)
        return _written(problem, parts, np.zeros(0, np.int64), visits, [], 0, "none", (0, WORDS), seed, clock() - began)
    bits, visits = bits_of(problem, parts)
    wave = wave_of(problem, parts, bits)
    fifo_s_shape_dm = _fifo_s_shape_dm(problem, parts, wave)
    bound_dm = _bound_dm(problem, parts, wave)
    carts = greedy(wave, np.argsort(-wave.alone_dm, kind="stable"))
    finish_ms = max(LEAST_FINISH_MS, FINISH_SHARE * min(time_limit_ms, 5000))
    if not bits.is_exact:
        finish_ms = max(finish_ms, time_limit_ms / 2)
    until = began + (time_limit_ms - finish_ms) / 1000
    words = WORDS
    if _is_one_cart_each(wave, carts):
        # Two tours in one are never longer: where a cart holds everybody there is nothing to decide.
        solver, bound_dm, words = "one cart", int(carts.length_dm.sum()) if bits.is_exact else bound_dm, "one cart"
    elif proposals is None and time_limit_ms >= COLUMNS_FROM_MS and _is_for_columns(problem, wave):
        carts, solver, proven_dm = _with_windows(wave, carts, until, seed, clock)
        if proven_dm > bound_dm > 0:
            bound_dm, words = proven_dm, windows.WORDS
    else:
        carts, tried = improve_by_annealing(wave, carts, until, seed, proposals, clock)
        solver = f"annealing, {tried:,} moves" if tried else "greedy"
    lengths_dm = carts.length_dm.tolist()
    if not bits.is_exact:
        left_ms = time_limit_ms - (clock() - began) * 1000
        lengths_dm = _walked(problem, parts, carts, left_ms)
        solver += " on a simpler floor" if isinstance(problem.layout, Layout) else " on walkways"
    bound, took_s = (bound_dm, words), clock() - began
    return _written(problem, parts, carts.of, visits, lengths_dm, fifo_s_shape_dm, solver, bound, seed, took_s)


def _is_for_columns(problem: BatchProblem, wave: Wave) -> bool:
    """What columns prove holds where no cart walks less than is reckoned with: off the grid some do."""
    return windows.is_for_windows(wave) and isinstance(problem.layout, Layout)


def _is_one_cart_each(wave: Wave, carts: Carts) -> bool:
    return int((carts.filled > 0).sum()) == len(np.unique(wave.group))


def _with_windows(
    wave: Wave, carts: Carts, until: float, seed: int, clock: Callable[[], float]
) -> tuple[Carts, str, int]:
    """Annealing as long as it pays, then exact choices among columns; carts, what found them, and a proven bound."""
    now = clock()
    share_s = ANNEAL_SHARE * (until - now) if windows.is_small(wave) else ANNEAL_S_PER_PART * len(wave.group)
    carts, tried = improve_by_annealing(wave, carts, min(until, now + share_s), seed, None, clock)
    solver = f"annealing, {tried:,} moves"
    if windows.is_small(wave):
        carts, bound_dm = windows.improve_groups(wave, carts, until, seed, clock)
        return carts, f"{solver}, and columns", bound_dm
    carts, count = windows.improve_windows(wave, carts, until, seed, clock)
    return carts, f"{solver}, and columns of {count} windows" if count else solver, 0


def _walked(problem: BatchProblem, parts: Sequence[Part], carts: Carts, left_ms: float) -> list[int]:
    """The walk of each cart on the floor as it is, by a tour planned for it."""
    used = int((carts.filled > 0).sum())
    lengths_dm = []
    for cart, filled in enumerate(carts.filled.tolist()):
        members = [parts[part] for part in carts.members[cart, :filled].tolist()]
        if not members:
            lengths_dm.append(0)
            continue
        lengths_dm.append(walked_dm(problem, members, max(0, int(left_ms / used))))
    return lengths_dm


def walked_dm(problem: BatchProblem, parts: Sequence[Part], time_limit_ms: int) -> int:
    """The walk of a cart with these parts on it, by a tour planned for it."""
    spots = _spots_of(parts)
    if isinstance(problem.layout, Walkways):
        return problem.layout.tour(problem.start, problem.end, spots, time_limit_ms).distance_dm
    return plan_tour(TourProblem(problem.layout, problem.start, problem.end, spots), time_limit_ms).distance_dm


def _spots_of(parts: Sequence[Part]) -> tuple[Spot, ...]:
    return tuple(pick.spot for part in parts for tote in part.totes for pick in tote.picks)


def _stretches(layout: Layout | Walkways) -> int:
    """Sub-aisles, or walkways: what a part is looked for by."""
    if isinstance(layout, Walkways):
        return len(layout.graph.walkways)
    return len(layout.aisle_x_dm) * layout.blocks


def _bound_dm(problem: BatchProblem, parts: Sequence[Part], wave: Wave) -> int:
    layout = problem.layout
    if isinstance(layout, Walkways):
        # What a part walks alone is not proven there: its farthest stop is.
        picks = [sum(len(tote.picks) for tote in part.totes) for part in parts]
        part_of = np.repeat(np.arange(len(parts)), picks).astype(np.int64)
        places = places_of(layout, problem.start, problem.end, _spots_of(parts))
        return farthest_orders_dm(wave._replace(alone_dm=alone_at_least_dm(places, part_of, len(parts))))
    # On a simpler floor with all its cross-aisles every walk is shorter; with fewer of them that is not so.
    return farthest_orders_dm(wave) if len(layout.cross_aisle_y_dm) <= MOST_CROSS_AISLES else 0


def bits_of(problem: BatchProblem, parts: Sequence[Part]) -> tuple[Bitmaps, npt.NDArray[np.bool_]]:
    """The bits of the parts' picks and the sub-aisles they lie in. Raises FieldError naming an order nobody reaches."""
    spots = [pick.spot for part in parts for tote in part.totes for pick in tote.picks]
    picks = [sum(len(tote.picks) for tote in part.totes) for part in parts]
    part_of = np.repeat(np.arange(len(parts)), picks).astype(np.int64)
    if isinstance(problem.layout, Walkways):
        return _walkway_bits(problem.layout, problem, parts, spots, part_of)
    if not problem.layout.is_plain:
        for at, words in out_of_reach(problem.layout, problem.start, spots, problem.end)[:1]:
            order = parts[part_of[at]].order.order_id if at < len(spots) else ""
            raise FieldError("orders" if order else "end", f"{words} (order {order})" if order else words)
    visits = visits_of(problem.layout, spots, part_of, len(parts))
    return bitmaps_of(problem.layout, problem.start, problem.end, spots, part_of, len(parts)), visits


def _walkway_bits(
    floor: Walkways, problem: BatchProblem, parts: Sequence[Part], spots: Sequence[Spot], part_of: Whole
) -> tuple[Bitmaps, npt.NDArray[np.bool_]]:
    for at, words in floor.out_of_reach(problem.start, spots, problem.end)[:1]:
        order = parts[part_of[at]].order.order_id if at < len(spots) else ""
        raise FieldError("orders" if order else "end", f"{words} (order {order})" if order else words)
    places = places_of(floor, problem.start, problem.end, spots)
    visits = np.zeros((len(parts), _stretches(floor)), np.bool_)
    visits[part_of, places.walkway[places.number_of]] = True
    return walkway_bitmaps(places, part_of, len(parts)), visits


def improve_by_annealing(
    wave: Wave,
    carts: Carts,
    until: float,
    seed: int,
    proposals: int | None,
    clock: Callable[[], float],
) -> tuple[Carts, int]:
    """The best carts met until the clock says `until` or the moves are used up, and how many moves were tried."""
    random = np.array([(seed * 0x9E3779B97F4A7C15 + 0x2545F4914F6CDD1D) % 2**64 or 1], np.uint64)
    total_dm = best_dm = int(carts.length_dm.sum())
    best = carts.of.copy()
    began = clock()
    tried = 0
    while True:
        share = 1.0 if until <= began else (clock() - began) / (until - began)
        if proposals is not None:
            share = tried / proposals if proposals else 1.0
            if clock() >= until:
                break
        if share >= 1.0:
            break
        temperature_dm = HOT_DM * (COLD_DM / HOT_DM) ** share
        moves = SLICE if proposals is None else min(SLICE, proposals - tried)
        total_dm -= anneal(wave, carts, random, moves, temperature_dm)
        tried += moves
        if total_dm < best_dm:
            best_dm = total_dm
            best[:] = carts.of
    return (carts if total_dm == best_dm else carts_of(wave, best)), tried


def _fifo_s_shape_dm(problem: BatchProblem, parts: Sequence[Part], wave: Wave) -> int:
    """The walk of carts filled as orders come, the next one begun when one does not fit, each by S-shape.

    0 where the S-shape cannot be walked: one-way aisles, closed stretches, no aisles at all.
    """
    layout = problem.layout
    if isinstance(layout, Walkways) or not layout.is_plain:
        return 0
    open_cart: dict[int, list[int]] = {}
    total_dm = 0
    for number, group in enumerate(wave.group.tolist()):
        members = open_cart.setdefault(group, [])
        if members and not _fits(wave, members, number):
            total_dm += _s_shape_dm(layout, problem, [parts[member] for member in members])
            members.clear()
        members.append(number)
    return total_dm + sum(
        _s_shape_dm(layout, problem, [parts[member] for member in members]) for members in open_cart.values() if members
    )


def _fits(wave: Wave, members: list[int], number: int) -> bool:
    everybody = [*members, number]
    first = members[0]
    return bool(
        wave.totes[everybody].sum() <= wave.positions
        and wave.lines[everybody].sum() <= wave.most_lines
        and abs(wave.cutoff[number] - wave.cutoff[first]) <= wave.cutoff_slack
    )


def _s_shape_dm(layout: Layout, problem: BatchProblem, parts: Sequence[Part]) -> int:
    found = kernels(0)
    tour = TourProblem(layout, problem.start, problem.end, _spots_of(parts))
    return s_shape(tour).distance_dm if found is None else rule_lengths_dm(tour, found)[0]


def _written(
    problem: BatchProblem,
    parts: Sequence[Part],
    of: Whole,
    visits: npt.NDArray[np.bool_],
    lengths_dm: Sequence[int],
    fifo_s_shape_dm: int,
    solver: str,
    bound: tuple[int, str],
    seed: int,
    seconds: float,
) -> BatchPlan:
    """The plan in words of the floor, the most urgent cart first."""
    members: dict[int, list[int]] = {}
    for part, cart in enumerate(of.tolist()):
        members.setdefault(cart, []).append(part)
    order = sorted(members, key=lambda cart: (*_urgency(parts, members[cart]), members[cart][0]))
    batch_of = np.zeros(len(parts), np.int64)
    batches = []
    for number, cart in enumerate(order, start=1):
        batch_of[members[cart]] = number
        batches.append(batch_from(number, [parts[part] for part in members[cart]], lengths_dm[cart]))
    distance_dm = sum(batch.distance_dm for batch in batches)
    return BatchPlan(
        problem, tuple(batches), distance_dm, bound[0], fifo_s_shape_dm, solver, bound[1], seed, round(1000 * seconds),
        Filled(tuple(parts), batch_of, visits),
    )  # fmt: skip


def _urgency(parts: Sequence[Part], members: Sequence[int]) -> tuple[int, int]:
    return min((parts[part].order.cutoff_rank, parts[part].order.priority_rank) for part in members)


def batch_from(number: int, parts: Sequence[Part], distance_dm: int) -> Batch:
    """One cart with these parts on it, its most urgent order first."""
    loaded = [(part, tote) for part in parts for tote in part.totes]
    spots: dict[str, Spot] = {pick.spot.name: pick.spot for _, tote in loaded for pick in tote.picks}
    totes = tuple(
        ClusterTote(position, part.order.order_id, tote) for position, (part, tote) in enumerate(loaded, start=1)
    )
    stops = tuple(sorted(spots.values(), key=lambda spot: (spot.x_dm, spot.y_dm, spot.level, spot.name)))
    cutoff_rank, priority_rank = min((part.order.cutoff_rank, part.order.priority_rank) for part in parts)
    return Batch(number, totes, stops, distance_dm, cutoff_rank, priority_rank, parts[0].zone)
