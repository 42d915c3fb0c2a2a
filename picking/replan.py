"""A tour that is under way, planned again when something changes: from here, over what is left.

Owns what a change means for the stops. Everything is a question and an answer: nothing running is touched. It
refuses changes that name no stop of the tour and floors whose end cannot be reached any more. Invariant: the new
tour visits exactly what is left and can be reached, and is never longer than keeping the old order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from picking.dijkstra import UNREACHABLE_DM
from picking.distances import distance_matrix, out_of_reach, walk_dm
from picking.errors import FieldError, check_whole
from picking.junctions import junctions
from picking.layout import Closed, Layout, Spot
from picking.problem import TourProblem
from picking.result import Tour
from picking.solver import plan_tour

KEPT_ORDER = "kept_order"


@dataclass(frozen=True, slots=True)
class StopLeft:
    """A stop still to be made, and the totes it fills."""

    spot: Spot
    totes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Running:
    """Where the picker stands (in the middle of an aisle, if that is so) and what is left, in the order it is walked
    now. What is done is done: it plays no part.
    """

    layout: Layout
    position: Spot
    end: Spot
    left: tuple[StopLeft, ...]
    level_penalty_dm: int = 0
    reach_level: int = 1

    def __post_init__(self) -> None:
        names = [stop.spot.name for stop in self.left]
        for at, name in enumerate(names):
            if name in names[:at]:
                raise FieldError(f"left[{at}].spot.name", f"{name!r} is left twice")

    def left_dm(self) -> int:
        """The walk from here through what is left, in the order it is walked now."""
        return walk_dm(self.layout, self.spots(), self.level_penalty_dm, self.reach_level)

    def spots(self) -> tuple[Spot, ...]:
        """Here, what is left, the end."""
        return (self.position, *(stop.spot for stop in self.left), self.end)


@dataclass(frozen=True, slots=True)
class LateOrder:
    """An order joins the tour. A stop that is left already gets the order's totes added."""

    stops: tuple[StopLeft, ...]


@dataclass(frozen=True, slots=True)
class ShortStop:
    """A bin does not hold what it should: the stop is dropped, or made at another bin instead."""

    name: str
    instead: Spot | None = None


@dataclass(frozen=True, slots=True)
class BlockedAisle:
    """Stretches nobody passes any more; stops in them or behind them are dropped and named."""

    closed: tuple[Closed, ...]


@dataclass(frozen=True, slots=True)
class ChangedEnd:
    """The tour ends elsewhere: another bench, another drop point."""

    end: Spot


@dataclass(frozen=True, slots=True)
class ChangedCart:
    """Only these totes ride on; stops that filled others only are dropped, for another tour to make."""

    totes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The picker was seen at another place than the tour thought."""

    position: Spot


Change = LateOrder | ShortStop | BlockedAisle | ChangedEnd | ChangedCart | Elsewhere


@dataclass(frozen=True, slots=True)
class Dropped:
    """A stop the new tour does not make, and why, in words."""

    stop: StopLeft
    words: str


@dataclass(frozen=True, slots=True)
class Replanned:
    """`before_dm` was left to walk before the change; `kept_dm` would be with the old order kept and new stops put
    where they cost least. `way_out_dm` is walked first by who stands inside what was closed; it is in all three.
    """

    running: Running
    tour: Tour
    before_dm: int
    kept_dm: int
    dropped: tuple[Dropped, ...] = ()
    way_out_dm: int = 0

    @property
    def left_dm(self) -> int:
        return self.way_out_dm + self.tour.distance_dm

    @property
    def difference_dm(self) -> int:
        """Walk more (positive) or less than before the change."""
        return self.left_dm - self.before_dm

    def summary(self) -> str:
        stops = "1 stop" if len(self.tour.sequence) == 1 else f"{len(self.tour.sequence)} stops"
        words = f"{stops} left, {self.left_dm / 10:.1f} m, {_more_or_less(self.difference_dm)} than before"
        if self.kept_dm > self.left_dm:
            words += f" and {(self.kept_dm - self.left_dm) / 10:.1f} m less than in the old order"
        return "; ".join([words, *(each.words for each in self.dropped)])


def replan(running: Running, change: Change, time_limit_ms: int = 50, seed: int = 0) -> Replanned:
    """The tour from here after the change. A new order no shorter than the old one is not imposed on the picker.

    Raises FieldError naming what of the change does not fit the tour, and where the end cannot be reached.
    """
    check_whole("time_limit_ms", time_limit_ms, 0, 3_600_000)
    old, way_out_dm = _outside(running)
    before_dm = way_out_dm + old.left_dm()
    changed, added, dropped = _changed(running, change)
    changed, way_out_dm = _outside(changed)
    changed, added, unreached = _within_reach(changed, added)
    kept, kept_dm = _kept_order(changed, added)
    problem = TourProblem(
        changed.layout,
        changed.position,
        changed.end,
        tuple(stop.spot for stop in kept),
        changed.level_penalty_dm,
        changed.reach_level,
    )
    tour = plan_tour(problem, time_limit_ms, seed)
    if kept_dm <= tour.distance_dm:
        tour = replace(tour, sequence=tuple(stop.spot for stop in kept), distance_dm=kept_dm, solver=KEPT_ORDER)
    by_name = {stop.spot.name: stop for stop in kept}
    walked = replace(changed, left=tuple(by_name[spot.name] for spot in tour.sequence))
    # An old order with a leg nobody can walk any more has no length to compare with.
    kept_dm = kept_dm if kept_dm < UNREACHABLE_DM else tour.distance_dm
    return Replanned(walked, tour, before_dm, way_out_dm + kept_dm, (*dropped, *unreached), way_out_dm)


def _changed(running: Running, change: Change) -> tuple[Running, tuple[StopLeft, ...], tuple[Dropped, ...]]:
    """The tour with what stays of it in its order, what is to be put in, and what is dropped by the change itself."""
    match change:
        case LateOrder(stops):
            return _with_order(running, stops)
        case ShortStop(name, instead):
            at = _number(running, name)
            short = running.left[at]
            left = (*running.left[:at], *running.left[at + 1 :])
            if instead is None:
                return replace(running, left=left), (), (Dropped(short, f"{name} fell short"),)
            return _with_order(replace(running, left=left), (StopLeft(instead, short.totes),))
        case BlockedAisle(closed):
            layout = replace(running.layout, closed=(*running.layout.closed, *closed))
            return replace(running, layout=layout), (), ()
        case ChangedEnd(end):
            return replace(running, end=end), (), ()
        case Elsewhere(position):
            return replace(running, position=position), (), ()
        case ChangedCart(totes):
            on_cart = set(totes)
            stay = [replace(stop, totes=tuple(each for each in stop.totes if each in on_cart)) for stop in running.left]
            gone = [stop for stop, rest in zip(running.left, stay, strict=True) if stop.totes and not rest.totes]
            words = "fills no tote that is still on the cart"
            return (
                replace(running, left=tuple(stop for stop in stay if stop.spot not in {each.spot for each in gone})),
                (),
                tuple(Dropped(stop, f"{stop.spot.name} {words}") for stop in gone),
            )


def _with_order(
    running: Running, stops: Sequence[StopLeft]
) -> tuple[Running, tuple[StopLeft, ...], tuple[Dropped, ...]]:
    """Totes go to a stop of that name that is left already; the others are new."""
    left = {stop.spot.name: stop for stop in running.left}
    added: dict[str, StopLeft] = {}
    for at, stop in enumerate(stops):
        name = stop.spot.name
        known = left.get(name, added.get(name))
        if known is None:
            added[name] = stop
            continue
        if known.spot != stop.spot:
            raise FieldError(f"stops[{at}].spot", f"{name!r} stands at two different places")
        both = replace(known, totes=tuple(dict.fromkeys((*known.totes, *stop.totes))))
        (left if name in left else added)[name] = both
    return replace(running, left=tuple(left.values())), tuple(added.values()), ()


def _number(running: Running, name: str) -> int:
    for at, stop in enumerate(running.left):
        if stop.spot.name == name:
            return at
    raise FieldError("name", f"{name!r:.60} is no stop that is left")


def _outside(running: Running) -> tuple[Running, int]:
    """Who stands inside a closed stretch walks to its nearer end first; the tour is planned from there."""
    aisle = running.layout.aisle_of(running.position)
    if aisle is None or running.position.y_dm in running.layout.cross_aisle_y_dm:
        return running, 0
    y_dm = running.position.y_dm
    for from_dm, to_dm in junctions(running.layout).closed.get(aisle, ()):
        if from_dm < y_dm < to_dm:
            end_dm = from_dm if y_dm - from_dm <= to_dm - y_dm else to_dm
            return replace(running, position=replace(running.position, y_dm=end_dm)), abs(y_dm - end_dm)
    return running, 0


def _within_reach(
    running: Running, added: Sequence[StopLeft]
) -> tuple[Running, tuple[StopLeft, ...], tuple[Dropped, ...]]:
    """Without the stops no walk to the end can make."""
    stops = (*running.left, *added)
    words = dict(out_of_reach(running.layout, running.position, [stop.spot for stop in stops], running.end))
    if len(stops) in words:
        raise FieldError("end", words[len(stops)])
    left = tuple(stop for at, stop in enumerate(running.left) if at not in words)
    new = tuple(stop for at, stop in enumerate(added, len(running.left)) if at not in words)
    return replace(running, left=left), new, tuple(Dropped(stops[at], words[at]) for at in sorted(words))


def _kept_order(running: Running, added: Sequence[StopLeft]) -> tuple[list[StopLeft], int]:
    """The old order with each new stop where it costs least, and its length; UNREACHABLE_DM or more where a leg of
    it cannot be walked.
    """
    stops = [*running.left, *added]
    spots = [running.position, *(stop.spot for stop in stops), running.end]
    legs = distance_matrix(running.layout, spots, running.level_penalty_dm, running.reach_level)
    rows = [0, *range(1, len(running.left) + 1), len(spots) - 1]
    for row in range(len(running.left) + 1, len(spots) - 1):
        before, after = rows[:-1], rows[1:]
        detour = legs[before, row] + legs[row, after] - legs[before, after]
        rows.insert(int(detour.argmin()) + 1, row)
    return [stops[row - 1] for row in rows[1:-1]], int(legs[rows[:-1], rows[1:]].sum())


def _more_or_less(difference_dm: int) -> str:
    return f"{abs(difference_dm) / 10:.1f} m {'more' if difference_dm >= 0 else 'less'}"
