"""How a set of orders is best picked: alone, in a cluster, in a batch that is sorted after, or zone by zone.

Owns the working time of each mode for the same orders, cart and hands, and the choice of the cheapest. It
refuses times, carts and zones that are none, naming the field. Invariant: every order with lines is on a cart
of each mode that is possible (on several when it is larger than one), and a mode's total is the sum of the
parts it shows.

Source of the four modes: R. de Koster, T. Le-Duc, K.J. Roodbergen, "Design and control of warehouse order
picking: a literature review", EJOR 182(2), 2007.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from picking.batches.plan import Batch
from picking.batches.problem import BatchProblem, Cart, PickOrder
from picking.batches.solve import plan_batches
from picking.batches.totes import pack_totes
from picking.errors import FieldError, check_whole
from picking.layout import Layout, Spot
from picking.problem import TourProblem
from picking.solver import plan_tour
from picking.times import HandlingTimes
from picking.walkways import Walkways

_MOST = 10**9

BATCHES_MS = 2_000
MOVES_PER_ORDER = 50

TOUR_MS = 20
"""The longest one tour may be searched for while modes are compared."""

GREEDY_MS = 2 * TOUR_MS
"""For carts nothing is exchanged between; off the grid half of it is for their tours."""


class Mode(StrEnum):
    """The four ways to pick; the words are those the board shows."""

    SINGLE = "single"
    CLUSTER = "cluster"
    BATCH = "batch"
    ZONE = "zone"


class NotPossible(StrEnum):
    """Why these orders cannot be picked so here."""

    NO_WALL = "no_wall"
    NO_ZONES = "no_zones"
    OUTSIDE_ZONES = "outside_zones"


@dataclass(frozen=True)
class ModeProblem:
    """Orders, the cart, the times, and what the floor has for sorting and for handing over.

    `wall_slots` is how many orders the put wall takes at once (0: there is none). `zones` are groups of
    aisle numbers (on a floor of walkways: of theirs), one picker in each, from the one where a cart begins to
    the last (empty: no zones). `hand_overs` says where each zone takes carts over (empty: at its aisle nearest
    to the start; on a floor of walkways they have to be said).
    """

    layout: Layout | Walkways
    start: Spot
    end: Spot
    cart: Cart
    orders: tuple[PickOrder, ...]
    times: HandlingTimes = field(default_factory=HandlingTimes)
    wall_slots: int = 0
    zones: tuple[tuple[int, ...], ...] = ()
    hand_overs: tuple[Spot, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.layout, Layout | Walkways):
            raise FieldError("layout", f"must be a Layout or Walkways, got {type(self.layout).__name__}")
        for name, kind in (("start", Spot), ("end", Spot), ("cart", Cart), ("times", HandlingTimes)):
            if not isinstance(getattr(self, name), kind):
                raise FieldError(name, f"must be a {kind.__name__}, got {type(getattr(self, name)).__name__}")
        if not isinstance(self.orders, tuple) or not all(isinstance(order, PickOrder) for order in self.orders):
            raise FieldError("orders", "must be a tuple of PickOrder")
        seen: set[str] = set()
        for at, order in enumerate(self.orders):
            if order.order_id in seen:
                raise FieldError(f"orders[{at}].order_id", f"{order.order_id!r} is used twice")
            seen.add(order.order_id)
        check_whole("wall_slots", self.wall_slots, 0, 10_000)
        _check_zones(self.zones, _stretches(self.layout))
        if not isinstance(self.hand_overs, tuple) or not all(isinstance(spot, Spot) for spot in self.hand_overs):
            raise FieldError("hand_overs", "must be a tuple of Spot")
        if self.hand_overs and len(self.hand_overs) != len(self.zones):
            raise FieldError("hand_overs", f"must be one for each of {len(self.zones)} zones, or none")
        if self.zones and not self.hand_overs and isinstance(self.layout, Walkways):
            raise FieldError("hand_overs", "must be said for zones on a floor of walkways")


@dataclass(frozen=True, slots=True)
class ModeBatch:
    """Orders that go together on one cart: the walk of all who push it, and its work without waiting."""

    order_ids: tuple[str, ...]
    distance_dm: int
    totes: int
    stops: int
    work_ms: int


@dataclass(frozen=True, slots=True)
class ModeCost:
    """What a mode costs, in time of hands; `why` and `reason`, in words, say why it is not possible."""

    mode: Mode
    batches: tuple[ModeBatch, ...] = ()
    lines: int = 0
    walk_ms: int = 0
    pick_ms: int = 0
    set_up_ms: int = 0
    sort_ms: int = 0
    hand_over_ms: int = 0
    wait_ms: int = 0
    reason: str = ""
    why: NotPossible | None = None

    @property
    def is_possible(self) -> bool:
        return not self.reason

    @property
    def distance_dm(self) -> int:
        return sum(batch.distance_dm for batch in self.batches)

    @property
    def total_ms(self) -> int:
        return self.walk_ms + self.pick_ms + self.set_up_ms + self.sort_ms + self.hand_over_ms + self.wait_ms

    @property
    def line_ms(self) -> int:
        """The cost of a line, rounded up; 0 when there are no lines."""
        return -(-self.total_ms // self.lines) if self.lines else 0

    def summary(self) -> str:
        if self.reason:
            return f"{self.mode}: not possible, {self.reason}"
        parts = (
            ("walk", self.walk_ms), ("pick", self.pick_ms), ("set-up", self.set_up_ms), ("sort", self.sort_ms),
            ("hand-over", self.hand_over_ms), ("waiting", self.wait_ms),
        )  # fmt: skip
        shown = ", ".join(f"{name} {ms / 60_000:.1f} min" for name, ms in parts if ms)
        return (
            f"{self.mode}: {self.line_ms / 1_000:.1f} s a line, {len(self.batches)} tours,"
            f" {self.distance_dm / 10:.0f} m{' (' + shown + ')' if shown else ''}"
        )


@dataclass(frozen=True, slots=True)
class ModePlan:
    """The cheapest mode and the alternatives, cheapest first, impossible ones last."""

    chosen: ModeCost
    alternatives: tuple[ModeCost, ...]

    def summary(self) -> str:
        return "\n".join(cost.summary() for cost in (self.chosen, *self.alternatives))


def choose_mode(problem: ModeProblem) -> ModePlan:
    """Price all four modes for these orders and choose the cheapest per line.

    Of equal ones the simpler is chosen: single, cluster, batch, zone.
    """
    costs = [price(problem, mode) for mode in Mode]
    possible = [cost for cost in costs if cost.is_possible]
    ranked = sorted(possible, key=lambda cost: cost.total_ms)
    return ModePlan(ranked[0], (*ranked[1:], *(cost for cost in costs if not cost.is_possible)))


def price(problem: ModeProblem, mode: Mode) -> ModeCost:
    """The cost of one mode: exact walks, the times of the problem, the wall and the zones simulated."""
    return {Mode.SINGLE: _single, Mode.CLUSTER: _cluster, Mode.BATCH: _batch, Mode.ZONE: _zone}[mode](problem)


def shortest_dm(layout: Layout | Walkways, start: Spot, end: Spot, spots: tuple[Spot, ...], limit_ms: int) -> int:
    """The walk to these spots: exact on a grid, the shortest found within the limit on walkways."""
    if isinstance(layout, Walkways):
        return layout.tour(start, end, spots, limit_ms).distance_dm
    return plan_tour(TourProblem(layout, start, end, spots), limit_ms).distance_dm


@dataclass(frozen=True, slots=True)
class _Load:
    """What rides on one cart: whose orders, what is picked where, in how many totes, and how far it is walked."""

    order_ids: tuple[str, ...]
    picks: tuple[tuple[Spot, int], ...]
    totes: int
    distance_dm: int

    @property
    def spots(self) -> tuple[Spot, ...]:
        return tuple(dict.fromkeys(spot for spot, _ in self.picks))

    @property
    def qty_each(self) -> int:
        return sum(qty_each for _, qty_each in self.picks)


def _single(problem: ModeProblem) -> ModeCost:
    loads = [load for order in problem.orders for load in _greedily(problem, (order,), problem.cart)]
    return _carried(problem, Mode.SINGLE, loads)


def _cluster(problem: ModeProblem) -> ModeCost:
    return _carried(problem, Mode.CLUSTER, _clustered(problem, problem.orders))


def _carried(problem: ModeProblem, mode: Mode, loads: Sequence[_Load]) -> ModeCost:
    """A tote for each order from the start: nothing to sort."""
    times = problem.times
    batches: list[ModeBatch] = []
    walk_ms = pick_ms = set_up_ms = 0
    for load in loads:
        walk, pick = times.walk_ms(load.distance_dm), times.pick_ms(len(load.picks), load.qty_each)
        set_up = times.set_up_ms(load.totes)
        batches.append(_as_batch(load, load.distance_dm, walk + pick + set_up))
        walk_ms, pick_ms, set_up_ms = walk_ms + walk, pick_ms + pick, set_up_ms + set_up
    return ModeCost(mode, tuple(batches), _count(problem), walk_ms, pick_ms, set_up_ms)


def _batch(problem: ModeProblem) -> ModeCost:
    """Pieces of many orders in the same totes; one reach into a bin serves all of them."""
    if problem.wall_slots == 0:
        return ModeCost(Mode.BATCH, reason="there is no put wall", why=NotPossible.NO_WALL)
    times = problem.times
    batches: list[ModeBatch] = []
    walk_ms = pick_ms = set_up_ms = sort_ms = 0
    for load in _pooled(problem):
        walk, pick = times.walk_ms(load.distance_dm), times.pick_ms(len(load.spots), load.qty_each)
        carts = max(1, -(-load.totes // problem.cart.positions))
        set_up = times.set_up_ms(load.totes) + (carts - 1) * times.cart_ms
        sort = load.qty_each * times.sort_each_ms + len(load.order_ids) * times.clear_slot_ms
        batches.append(_as_batch(load, load.distance_dm, walk + pick + set_up + sort))
        walk_ms, pick_ms, set_up_ms, sort_ms = walk_ms + walk, pick_ms + pick, set_up_ms + set_up, sort_ms + sort
    return ModeCost(Mode.BATCH, tuple(batches), _count(problem), walk_ms, pick_ms, set_up_ms, sort_ms)


def _zone(problem: ModeProblem) -> ModeCost:
    """Carts go from zone to zone; a zone's picker walks in it only, and waits when no cart has come."""
    if len(problem.zones) < 2:
        return ModeCost(Mode.ZONE, reason="the floor has fewer than two zones", why=NotPossible.NO_ZONES)
    used = {_aisle(problem, line.spot) for order in problem.orders for line in order.lines}
    missing = used - {aisle for zone in problem.zones for aisle in zone}
    if missing:
        words = f"{_named(problem, min(missing))} is in no zone"
        return ModeCost(Mode.ZONE, reason=words, why=NotPossible.OUTSIDE_ZONES)
    times = problem.times
    entries = list(problem.hand_overs) or [_entry(problem.layout, problem.start, zone) for zone in problem.zones]
    batches: list[ModeBatch] = []
    works: list[list[int]] = []
    walk_ms = pick_ms = set_up_ms = hand_over_ms = 0
    for load in _clustered(problem, problem.orders):
        walks_dm, picks_ms = _through_zones(problem, load, entries)
        walks_ms = [times.walk_ms(distance_dm) for distance_dm in walks_dm]
        work = [walk + pick for walk, pick in zip(walks_ms, picks_ms, strict=True)]
        hand_over = max(0, sum(pick > 0 for pick in picks_ms) - 1) * load.totes * times.hand_over_ms
        set_up = times.set_up_ms(load.totes)
        batches.append(_as_batch(load, sum(walks_dm), sum(work) + set_up + hand_over))
        walk_ms, pick_ms = walk_ms + sum(walks_ms), pick_ms + sum(picks_ms)
        set_up_ms, hand_over_ms = set_up_ms + set_up, hand_over_ms + hand_over
        # The cart is made ready where it begins: the zones after it wait for that, too.
        first = next((zone for zone, ms in enumerate(work) if ms), 0)
        work[first] += set_up
        works.append(work)
    return ModeCost(
        Mode.ZONE, tuple(batches), _count(problem), walk_ms, pick_ms, set_up_ms, 0, hand_over_ms, waiting_ms(works),
    )  # fmt: skip


def waiting_ms(works: Sequence[Sequence[int]]) -> int:
    """How long the zones' pickers stand idle before their last cart, when carts pass in this order.

    `works[cart][zone]` is the work of a cart in a zone; a cart cannot begin in a zone before it has left
    the one before, nor before the cart ahead of it has left. A zone without work lets the cart pass.
    """
    if not works:
        return 0
    zones = len(works[0])
    left_ms = [0] * zones
    worked_ms = [0] * zones
    for work in works:
        cart_ms = 0
        for zone, ms in enumerate(work):
            if ms == 0:
                continue
            left_ms[zone] = cart_ms = max(cart_ms, left_ms[zone]) + ms
            worked_ms[zone] += ms
    return sum(left - worked for left, worked in zip(left_ms, worked_ms, strict=True))


def _through_zones(problem: ModeProblem, load: _Load, entries: list[Spot]) -> tuple[list[int], list[int]]:
    """The walk and the picking time of a cart in each zone; 0 and 0 where it has nothing to fetch."""
    in_zones = [
        [(spot, qty_each) for spot, qty_each in load.picks if _aisle(problem, spot) in zone] for zone in problem.zones
    ]
    picks_ms = [
        problem.times.pick_ms(len(picks), sum(qty_each for _, qty_each in picks)) if picks else 0 for picks in in_zones
    ]
    walks_dm = [0] * len(in_zones)
    used = [zone for zone, picks in enumerate(in_zones) if picks]
    for turn, zone in enumerate(used):
        spots = tuple(dict.fromkeys(spot for spot, _ in in_zones[zone]))
        if not problem.hand_overs:
            walks_dm[zone] = _walk_dm(problem, entries[zone], entries[zone], spots)
            continue
        # The cart is pushed to where the next zone takes it over, and its picker walks back for the next one.
        begin = entries[zone] if turn else problem.start
        over = entries[used[turn + 1]] if turn + 1 < len(used) else problem.end
        walks_dm[zone] = _walk_dm(problem, begin, over, spots) + _walk_dm(problem, over, begin, ())
    return walks_dm, picks_ms


def _entry(layout: Layout | Walkways, start: Spot, zone: tuple[int, ...]) -> Spot:
    """Where a zone takes over carts: on the start's cross-aisle, at its aisle nearest to the start."""
    assert isinstance(layout, Layout), "on walkways hand-overs are said"
    y_dm = layout.cross_aisle_y_dm[layout.nearest_cross_aisle(start.y_dm)]
    x_dm = min((layout.aisle_x_dm[aisle] for aisle in zone), key=lambda x_dm: abs(x_dm - start.x_dm))
    return Spot(f"zone entry at {x_dm} dm", x_dm, y_dm)


def _pooled(problem: ModeProblem) -> list[_Load]:
    """Orders for one cart of shared totes: as many as the wall has slots and the totes have room."""
    room_ml = problem.cart.positions * problem.cart.tote_volume_ml
    orders = {order.order_id: order for order in problem.orders if order.lines}
    mean_ml = sum(_volume_ml(order) for order in orders.values()) // len(orders) if orders else 0
    fitting = max(1, room_ml // mean_ml) if mean_ml else problem.wall_slots
    wide = Cart(min(problem.wall_slots, fitting, 1_000), _MOST, _MOST)
    pooled: list[_Load] = []
    for load in _greedily(problem, problem.orders, wide):
        part: list[PickOrder] = []
        for order_id in load.order_ids:
            if part and _totes(problem, [*part, orders[order_id]]) > problem.cart.positions:
                pooled.append(_as_load(problem, part))
                part = []
            part.append(orders[order_id])
        pooled.append(_as_load(problem, part))
    return pooled


def _greedily(problem: ModeProblem, orders: tuple[PickOrder, ...], cart: Cart) -> list[_Load]:
    asked = BatchProblem(problem.layout, problem.start, problem.end, cart, orders)
    return [_load_of(batch) for batch in plan_batches(asked, GREEDY_MS, proposals=0).batches]


def _clustered(problem: ModeProblem, orders: tuple[PickOrder, ...]) -> list[_Load]:
    """What rides together, a tote for each order, with the least walk found: as the wave will be walked."""
    asked = BatchProblem(problem.layout, problem.start, problem.end, problem.cart, orders)
    # So many moves rather than so much time: the same question has the same answer.
    plan = plan_batches(asked, BATCHES_MS, proposals=MOVES_PER_ORDER * len(orders))
    return [_load_of(batch) for batch in plan.batches]


def _load_of(batch: Batch) -> _Load:
    return _Load(
        tuple(dict.fromkeys(tote.order_id for tote in batch.totes)),
        tuple((pick.spot, pick.qty_each) for tote in batch.totes for pick in tote.tote.picks),
        len(batch.totes),
        batch.distance_dm,
    )


def _as_load(problem: ModeProblem, orders: Sequence[PickOrder]) -> _Load:
    picks = tuple((line.spot, line.qty_each) for order in orders for line in order.lines)
    walk_dm = _walk_dm(problem, problem.start, problem.end, tuple(dict.fromkeys(spot for spot, _ in picks)))
    return _Load(tuple(order.order_id for order in orders), picks, _totes(problem, orders), walk_dm)


def _as_batch(load: _Load, distance_dm: int, work_ms: int) -> ModeBatch:
    return ModeBatch(load.order_ids, distance_dm, load.totes, len(load.spots), work_ms)


def _walk_dm(problem: ModeProblem, start: Spot, end: Spot, spots: tuple[Spot, ...]) -> int:
    return shortest_dm(problem.layout, start, end, spots, TOUR_MS)


def _totes(problem: ModeProblem, orders: Sequence[PickOrder]) -> int:
    """Totes these orders fill when they share them."""
    lines = [line for order in orders for line in order.lines]
    return len(pack_totes(lines, problem.cart.tote_volume_ml, problem.cart.tote_weight_g))


def _volume_ml(order: PickOrder) -> int:
    return sum(line.qty_each * line.each_volume_ml for line in order.lines)


def _count(problem: ModeProblem) -> int:
    return sum(len(order.lines) for order in problem.orders)


def _aisle(problem: ModeProblem, spot: Spot) -> int:
    layout = problem.layout
    return layout.stretch(spot) if isinstance(layout, Walkways) else layout.nearest_aisle(spot.x_dm)


def _named(problem: ModeProblem, aisle: int) -> str:
    if not isinstance(problem.layout, Walkways):
        return f"aisle {aisle}"
    way = problem.layout.graph.walkways[aisle]
    return f"the walkway from {way.from_node} to {way.to_node}"


def _stretches(layout: Layout | Walkways) -> int:
    return len(layout.graph.walkways) if isinstance(layout, Walkways) else len(layout.aisle_x_dm)


def _check_zones(zones: object, aisles: int) -> None:
    if not isinstance(zones, tuple):
        raise FieldError("zones", f"must be a tuple of tuples, got {type(zones).__name__}")
    seen: set[int] = set()
    for at, zone in enumerate(zones):
        if not isinstance(zone, tuple) or not zone:
            raise FieldError(f"zones[{at}]", "must be a tuple of at least one aisle number")
        for place, aisle in enumerate(zone):
            check_whole(f"zones[{at}][{place}]", aisle, 0, aisles - 1)
            if aisle in seen:
                raise FieldError(f"zones[{at}][{place}]", f"aisle {aisle} is in two zones")
            seen.add(aisle)
