"""Which orders ride on one cart, and which pieces in which tote.

Owns clusters (orders picked in one tour, a tote of its own for each) and the filling of totes along the
walk. It refuses quantities, volumes and weights that are no whole numbers, naming order and line; it never
drops a piece.
Invariant: every piece of every order is in exactly one tote of exactly one cluster, no tote is over its
limits unless a single piece alone is, and no cluster has more totes than the cart has positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from picking.errors import FieldError, check_name, check_whole
from picking.heuristics import s_shape
from picking.layout import Layout, Spot
from picking.problem import TourProblem

CANDIDATES = 250
"""How many of the most urgent open orders are weighed against a seed. Keeps a wave of thousands
near-linear.
"""

_MOST = 10**9


@dataclass(frozen=True, slots=True)
class PickLine:
    """One task: so many pieces of one item from one spot. Volume and weight 0 mean not known: takes no
    room.
    """

    line_id: str
    spot: Spot
    qty_each: int
    each_volume_ml: int = 0
    each_weight_g: int = 0

    def __post_init__(self) -> None:
        check_name("line_id", self.line_id)
        if not isinstance(self.spot, Spot):
            raise FieldError("spot", f"must be a Spot, got {type(self.spot).__name__}")
        check_whole("qty_each", self.qty_each, 1, _MOST)
        check_whole("each_volume_ml", self.each_volume_ml, 0, _MOST)
        check_whole("each_weight_g", self.each_weight_g, 0, _MOST)


@dataclass(frozen=True, slots=True)
class PickOrder:
    """What one order still needs. Ranks: the lower goes first; equal cutoff_rank = leaves with the same
    departure.
    """

    order_id: str
    lines: tuple[PickLine, ...]
    cutoff_rank: int = 0
    priority_rank: int = 0

    def __post_init__(self) -> None:
        check_name("order_id", self.order_id)
        if not isinstance(self.lines, tuple) or not all(isinstance(line, PickLine) for line in self.lines):
            raise FieldError("lines", f"must be a tuple of PickLine (order {self.order_id})")
        check_whole("cutoff_rank", self.cutoff_rank, -_MOST, _MOST)
        check_whole("priority_rank", self.priority_rank, -_MOST, _MOST)
        seen: set[str] = set()
        for at, line in enumerate(self.lines):
            if line.line_id in seen:
                raise FieldError(
                    f"lines[{at}].line_id", f"{line.line_id!r} is used twice in order {self.order_id}"
                )
            seen.add(line.line_id)


@dataclass(frozen=True, slots=True)
class Cart:
    """A cart with so many positions, each for one tote that holds so much."""

    positions: int
    tote_volume_ml: int
    tote_weight_g: int

    def __post_init__(self) -> None:
        check_whole("positions", self.positions, 1, 1000)
        check_whole("tote_volume_ml", self.tote_volume_ml, 1, _MOST)
        check_whole("tote_weight_g", self.tote_weight_g, 1, _MOST)


@dataclass(frozen=True, slots=True)
class TotePick:
    """Pieces of one line that go into one tote."""

    line_id: str
    spot: Spot
    qty_each: int


@dataclass(frozen=True, slots=True)
class PackedTote:
    """The picks of one tote along the walk. Oversize: a single piece larger than a tote, which travels by
    itself.
    """

    picks: tuple[TotePick, ...]
    volume_ml: int
    weight_g: int
    is_oversize: bool = False


@dataclass(frozen=True, slots=True)
class ClusterTote:
    """A tote at its position on the cart (from 1), for one order."""

    position: int
    order_id: str
    tote: PackedTote


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cart's tour. `stops` are in S-shape order and `s_shape_dm` is their length: plan_tour makes the
    real tour.
    """

    number: int
    totes: tuple[ClusterTote, ...]
    stops: tuple[Spot, ...]
    s_shape_dm: int
    cutoff_rank: int
    priority_rank: int


def plan_clusters(
    orders: Sequence[PickOrder],
    cart: Cart,
    layout: Layout,
    start: Spot,
    end: Spot | None = None,
    *,
    cutoff_slack: int = 0,
    candidates: int = CANDIDATES,
) -> tuple[Cluster, ...]:
    """Orders to carts: the most urgent open order is the seed, then orders join that add the least walk for
    their size.

    Only orders whose cutoff_rank is at most cutoff_slack later than the seed's may join, so that a cart is
    not held up for later departures. An order that needs more totes than a cart has is cut along its walk,
    hence by aisle: full carts of it travel alone, the rest joins others. Orders without lines take part in
    no cluster.
    """
    check_whole("cutoff_slack", cutoff_slack, 0, 2 * _MOST)
    check_whole("candidates", candidates, 1, 100_000)
    end = start if end is None else end
    _check_distinct(orders)
    parts: list[_Part] = []
    for order in sorted(orders, key=lambda order: (order.cutoff_rank, order.priority_rank)):
        parts.extend(_Part(order, totes) for totes in _cut_into_carts(order, cart, layout, start, end))

    walk = _WalkEstimate(layout, start, end, parts)
    clusters: list[Cluster] = []
    open_parts = list(range(len(parts)))
    while open_parts:
        members = _cluster_from_seed(open_parts, parts, cart, walk, cutoff_slack, candidates)
        taken = set(members)
        # Members come from the front of the list: rebuilding all of it would make a large wave quadratic.
        open_parts[:candidates] = [part for part in open_parts[:candidates] if part not in taken]
        clusters.append(
            _cluster(len(clusters) + 1, [parts[member] for member in members], layout, start, end)
        )
    return tuple(clusters)


def pack_totes(lines: Sequence[PickLine], tote_volume_ml: int, tote_weight_g: int) -> tuple[PackedTote, ...]:
    """The lines of one order, in the order of the walk, into as few totes as first fit gives.

    A line stays whole when an empty tote could hold it: a second tote means a second scan. A line that
    exceeds a tote fills whole totes and its rest is placed like any other. A piece larger than a tote gets
    a tote of its own.
    """
    check_whole("tote_volume_ml", tote_volume_ml, 1, _MOST)
    check_whole("tote_weight_g", tote_weight_g, 1, _MOST)
    carts = _pack(lines, tote_volume_ml, tote_weight_g, positions=None)
    return tuple(tote for totes in carts for tote in totes)


@dataclass(slots=True)
class _OpenTote:
    volume_ml: int
    weight_g: int
    picks: list[TotePick]
    is_oversize: bool = False

    def packed(self) -> PackedTote:
        return PackedTote(tuple(self.picks), self.volume_ml, self.weight_g, self.is_oversize)


def _pack(
    lines: Sequence[PickLine], tote_volume_ml: int, tote_weight_g: int, positions: int | None
) -> list[list[PackedTote]]:
    """Totes by cart. A cart is closed when its positions are used and a line fits nowhere: so carts follow
    the walk.
    """
    carts: list[list[_OpenTote]] = [[]]

    def new_tote(line: PickLine, qty_each: int, is_oversize: bool = False) -> None:
        if positions is not None and len(carts[-1]) == positions:
            carts.append([])
        carts[-1].append(_OpenTote(0, 0, [], is_oversize))
        put(carts[-1][-1], line, qty_each)

    def put(tote: _OpenTote, line: PickLine, qty_each: int) -> None:
        tote.picks.append(TotePick(line.line_id, line.spot, qty_each))
        tote.volume_ml += qty_each * line.each_volume_ml
        tote.weight_g += qty_each * line.each_weight_g

    for line in lines:
        most_each = _most_in_a_tote(line, tote_volume_ml, tote_weight_g)
        if most_each == 0:
            for _ in range(line.qty_each):
                new_tote(line, 1, is_oversize=True)
            continue
        full_totes, rest_each = divmod(line.qty_each, most_each)
        for _ in range(full_totes):
            new_tote(line, most_each)
        if rest_each == 0:
            continue
        most_volume_ml = tote_volume_ml - rest_each * line.each_volume_ml
        most_weight_g = tote_weight_g - rest_each * line.each_weight_g
        for tote in carts[-1]:
            if tote.volume_ml <= most_volume_ml and tote.weight_g <= most_weight_g and not tote.is_oversize:
                put(tote, line, rest_each)
                break
        else:
            new_tote(line, rest_each)
    return [[tote.packed() for tote in totes] for totes in carts if totes]


def _most_in_a_tote(line: PickLine, tote_volume_ml: int, tote_weight_g: int) -> int:
    by_volume = tote_volume_ml // line.each_volume_ml if line.each_volume_ml else _MOST
    by_weight = tote_weight_g // line.each_weight_g if line.each_weight_g else _MOST
    return min(by_volume, by_weight)


@dataclass(frozen=True, slots=True)
class _Part:
    """What of one order goes on one cart; for most orders, all of it."""

    order: PickOrder
    totes: list[PackedTote]


def _check_distinct(orders: Sequence[PickOrder]) -> None:
    seen: set[str] = set()
    for at, order in enumerate(orders):
        if order.order_id in seen:
            raise FieldError(f"orders[{at}].order_id", f"{order.order_id!r} is used twice")
        seen.add(order.order_id)


def _cut_into_carts(
    order: PickOrder, cart: Cart, layout: Layout, start: Spot, end: Spot
) -> list[list[PackedTote]]:
    if not order.lines:
        return []
    walk = s_shape(TourProblem(layout, start, end, tuple(line.spot for line in order.lines)))
    at = {spot: number for number, spot in enumerate(walk.sequence)}
    lines = sorted(order.lines, key=lambda line: at[line.spot])
    return _pack(lines, cart.tote_volume_ml, cart.tote_weight_g, cart.positions)


def _cluster_from_seed(
    open_parts: list[int],
    parts: list[_Part],
    cart: Cart,
    walk: _WalkEstimate,
    cutoff_slack: int,
    candidates: int,
) -> list[int]:
    seed = open_parts[0]
    members = [seed]
    positions = cart.positions - len(parts[seed].totes)
    latest_rank = parts[seed].order.cutoff_rank + cutoff_slack
    pool = [part for part in open_parts[1:candidates] if parts[part].order.cutoff_rank <= latest_rank]
    visited = walk.sub_aisles[seed]
    while positions > 0:
        pool = [part for part in pool if len(parts[part].totes) <= positions]
        if not pool:
            break
        joining = pool.pop(walk.least_added(visited, pool))
        members.append(joining)
        positions -= len(parts[joining].totes)
        visited = visited | walk.sub_aisles[joining]
    return members


def _cluster(number: int, members: list[_Part], layout: Layout, start: Spot, end: Spot) -> Cluster:
    loaded = [(part.order, tote) for part in members for tote in part.totes]
    spots = tuple(pick.spot for _, tote in loaded for pick in tote.picks)
    walk = s_shape(TourProblem(layout, start, end, spots))
    seed = members[0].order
    totes = tuple(ClusterTote(at, order.order_id, tote) for at, (order, tote) in enumerate(loaded, start=1))
    return Cluster(number, totes, walk.sequence, walk.distance_dm, seed.cutoff_rank, seed.priority_rank)


class _WalkEstimate:
    """The S-shape's length from the sub-aisles alone, for hundreds of candidates at once.

    Crossing a sub-aisle costs its whole length, in pairs (who walks up comes down again); in each block the
    picker walks from its first to its last aisle; all of it begins at the start and ends at the end.
    """

    def __init__(self, layout: Layout, start: Spot, end: Spot, parts: Sequence[_Part]) -> None:
        self._aisle_x_dm = np.array(layout.aisle_x_dm, np.int64)
        ends_dm = layout.cross_aisle_y_dm
        lengths_dm = [upper - lower for lower, upper in pairwise(ends_dm)] or [0]
        middle_dm = (ends_dm[0] + ends_dm[-1]) / 2
        is_front_high = (start.y_dm + end.y_dm) / 2 > middle_dm
        self._block_length_dm = np.array(lengths_dm[::-1] if is_front_high else lengths_dm, np.int64)
        self._depot_x_dm = (min(start.x_dm, end.x_dm), max(start.x_dm, end.x_dm))
        self.sub_aisles = np.zeros((len(parts), layout.blocks, len(layout.aisle_x_dm)), np.bool_)
        for number, part in enumerate(parts):
            for tote in part.totes:
                for pick in tote.picks:
                    spot = pick.spot
                    block = layout.block_of(spot.y_dm)
                    block = layout.blocks - 1 - block if is_front_high else block
                    self.sub_aisles[number, block, layout.nearest_aisle(spot.x_dm)] = True
        self._alone_dm = self._estimate_dm(self.sub_aisles)

    def least_added(self, visited: npt.NDArray[np.bool_], pool: Sequence[int]) -> int:
        """Which of the pool to take along; the first, most urgent one when equal.

        By the walk it adds, less half the walk it would need alone. Added walk by itself favours small
        orders and leaves the large ones to each other; the whole saving favours large ones that spread the
        cart over the floor. Half was the best of five weights on a real week and on a made-up wave of 2,000
        small orders.
        """
        together_dm = self._estimate_dm(self.sub_aisles[pool] | visited)
        return int(np.argmin(2 * together_dm - self._alone_dm[pool]))

    def _estimate_dm(self, visited: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        aisles = visited.sum(axis=2)
        blocks = np.arange(visited.shape[1])
        farthest = np.where(aisles > 0, blocks, 0).max(axis=1)
        pairs = np.maximum((aisles + 1) // 2, 1) * (blocks[None, :] <= farthest[:, None])
        along_aisles_dm = 2 * (pairs * self._block_length_dm).sum(axis=1)

        x_dm = self._aisle_x_dm
        first_dm = x_dm[visited.argmax(axis=2)]
        last_dm = x_dm[len(x_dm) - 1 - visited[:, :, ::-1].argmax(axis=2)]
        spans_dm = np.where(aisles > 0, last_dm - first_dm, 0).sum(axis=1)
        used = np.asarray(visited.any(axis=1))
        left_dm = np.minimum(x_dm[used.argmax(axis=1)], self._depot_x_dm[0])
        right_dm = np.maximum(x_dm[len(x_dm) - 1 - used[:, ::-1].argmax(axis=1)], self._depot_x_dm[1])
        across_dm = np.maximum(2 * (right_dm - left_dm), spans_dm + (right_dm - left_dm))
        estimate: npt.NDArray[np.int64] = along_aisles_dm + across_dm
        return estimate
