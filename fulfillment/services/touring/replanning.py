"""A tour planned again from where its picker is: a late order joined it, a stop fell short, an aisle was closed.

Read, plan, write: nothing is locked while `picking` plans, and a tour that moved on meanwhile is read again. Owns
the order of the open stops of a tour that was planned before; never touches one that is done. Invariant: whoever
stands at a stop stays there, a stop nobody reaches any more comes last, for when the way is open again, and all
others keep the order of their ranks.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.engine import Engine

from fulfillment.bootstrap import Floor
from fulfillment.domain.tasks import TaskState, TourState
from fulfillment.hot import Tx
from fulfillment.services.common.running import tell
from fulfillment.services.releasing import wave_proofs, work_times
from fulfillment.services.touring import pick_zones
from fulfillment.services.walking import closed_hours, floor_plan, meetings, tour_orders
from fulfillment.services.walking.floor_plan import FloorPlan
from fulfillment.services.walking.meetings import Others
from fulfillment.services.walking.tour_orders import NO_RANKS, Ranks
from fulfillment.services.walking.walks import (
    NO_WAY_DM,
    Deadlines,
    Walk,
    length_dm,
    lost,
    shortest,
    walk_lefts,
    walked_dm,
)
from fulfillment.services.walking.zone_walks import NO_ZONES, Zoning, shortest_in
from fulfillment.services.working import jobs
from picking import FieldError, Spot, handling_times, keeps_ranks, learn

log = logging.getLogger(__name__)

REPLAN_TOUR = "replan_tour"
TRIES = 5  # a picker makes a stop every few seconds, a plan takes milliseconds
_MADE = frozenset({TaskState.DONE, TaskState.SHORT})


@dataclass(frozen=True)
class OpenStop:
    """A stop that is still to be made."""

    task_id: int
    spot: Spot


@dataclass(frozen=True)
class Underway:
    """A tour as it stands: the stops made in their order, the open ones in theirs, and the floor around it.

    `stands`: the picker stands at the first open stop; `keeps_next`: it stays the next one if it can be reached and
    nothing of a lower rank has come.
    `zoning`: the zones the cart is handed over between, and the one it is in; `ranks`: of the open stops' places;
    `deadlines`: until when some of them can be entered; `others`: where other carts are expected meanwhile.
    """

    tour_id: int
    state: str
    plan: FloorPlan
    seed: int
    made: tuple[Spot, ...]
    open: tuple[OpenStop, ...]
    stands: bool
    keeps_next: bool
    zoning: Zoning = NO_ZONES
    ranks: Ranks = field(default_factory=dict)
    deadlines: Deadlines | None = None
    others: Others | None = None

    @property
    def here(self) -> Spot:
        if not self.made:
            return self.plan.start
        # Taken over since the last stop: the cart stands, or has set out, where this zone takes carts over.
        came_by = self.zoning.begun(self.zoning.last_of(self.made)).hand_over_to(self.zoning.current)
        return came_by or self.made[-1]

    @property
    def is_next_in_turn(self) -> bool:
        """Whether nothing that is open has to come before the stop the picker was sent to."""
        rank = self.ranks.get(self.open[0].spot.name, 0)
        return all(rank <= self.ranks.get(stop.spot.name, 0) for stop in self.open)


@dataclass(frozen=True)
class Replanned:
    """The open stops in their new order, what is left to walk at each, and the whole tour's figures."""

    stops: tuple[OpenStop, ...]
    lefts_dm: tuple[int, ...]
    distance_dm: int
    whole: Walk


def ask(tx: Tx, tour_id: int, why: str) -> None:
    """Have a tour planned again after this transaction; `why` is used once."""
    jobs.defer(tx, REPLAN_TOUR, {"tour": tour_id}, f"replan:{tour_id}:{why}")


def ask_at_setting_out(tx: Tx, tour_id: int) -> None:
    """A tour sets out: it goes first where aisles are closed soon, and round the carts that are walked now."""
    if closed_hours.soon(tx) or meetings.is_anybody_walking(tx, tour_id):
        jobs.defer(
            tx, REPLAN_TOUR, {"tour": tour_id, "sets_out": True}, f"replan:{tour_id}:begun:{tx.now_ms}"
        )  # fmt: skip


def kinds(tour_ms: int) -> dict[str, jobs.Kind]:
    """The jobs that plan tours again."""

    def tour(floor: Floor, arguments: Mapping[str, Any]) -> str:
        return replan_tour(floor, arguments["tour"], tour_ms, sets_out=bool(arguments.get("sets_out")))

    def whole_floor(floor: Floor, arguments: Mapping[str, Any]) -> str:
        newest = floor.read(floor_plan.version)
        if arguments.get("layout", newest) != newest:
            return "changed again since"  # a file of places is written in many turns: the last one's job does it
        tours, left = floor.read(_unfinished), 0
        for tour_id in tours:
            try:
                replan_tour(floor, tour_id, tour_ms, keeps_next=False)
            except FieldError as error:  # its own places are the matter: the others must hear of the closed aisle
                log.warning("tour %s is left as it was: %s", tour_id, error)
                left += 1
        return f"{len(tours)} tours" + (f", {left} of them left as they were" if left else "")

    return {REPLAN_TOUR: jobs.Kind(tour), floor_plan.REPLAN_FLOOR: jobs.Kind(whole_floor)}


def replan_tour(
    floor: Floor, tour_id: int, tour_ms: int, keeps_next: bool = True, sets_out: bool = False
) -> str:  # fmt: skip
    """Plan the open stops of a tour again; what came of it, in words.

    `keeps_next`: the stop the picker was sent to stays the next one, if the order of tours lets it. Without it (an
    aisle was closed on the way) only whoever stands at it already stays. `sets_out`: nothing has changed but where
    others are, so a tour whose order stays was not planned again.
    """
    for _ in range(TRIES):
        seen = floor.read(lambda tx: underway(tx, floor.engine, tour_id, keeps_next))
        if seen is None:
            return "nothing left to walk"
        again = plan_again(seen, tour_ms)
        if sets_out and again.stops == seen.open:
            return "nobody to go round"
        if floor.writer.write(lambda tx, seen=seen, again=again: _rewrite(tx, seen, again)):
            return f"{again.distance_dm // 10} m"
    return "left as it was: it moved on at every try"


def underway(tx: Tx, engine: Engine, tour_id: int, keeps_next: bool = True) -> Underway | None:
    """A tour as it stands now; None when nothing of it is open."""
    tour = tx.one(
        "SELECT state, seed, station_id, mode, zone FROM tour WHERE warehouse_id = :w AND id = :id", id=tour_id
    )
    if tour is None or tour["state"] == TourState.DONE:
        return None
    rows = tx.all(
        "SELECT k.id, k.state, k.location_id, l.code, l.x_dm, l.y_dm, l.level, i.weight_g, i.is_fragile FROM task k"
        " JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
        " JOIN item i ON i.warehouse_id = k.warehouse_id AND i.id = k.item_id"
        " WHERE k.warehouse_id = :w AND k.tour_id = :tour"
        " ORDER BY CASE k.state WHEN 'open' THEN 1 ELSE 0 END, CASE k.state WHEN 'open' THEN 0 ELSE k.done_at_ms END,"
        " k.sequence, k.id",
        tour=tour_id,
    )
    left = [row for row in rows if row["state"] == "open"]
    if not left:
        return None
    is_walked = tour["state"] == TourState.ACTIVE
    plan = floor_plan.at_version(tx, engine)
    # While totes are stood on the cart nobody has been sent anywhere yet.
    to_stand = tx.one(
        "SELECT COUNT(*) AS totes FROM tour_tote WHERE warehouse_id = :w AND tour_id = :tour AND lpn_id = 0",
        tour=tour_id,
    )["totes"]
    zoning = pick_zones.of_tour(tx, tour, [_spot(row) for row in rows])
    # Between two zones the picker is sent to where the cart is handed over: that is no stop to keep.
    is_handing_over = zoning.before([_spot(left[0])])[0] is not None
    goods = [(row["code"], row["weight_g"], bool(row["is_fragile"])) for row in left]
    ranks = NO_RANKS if zoning.order else tour_orders.ranks(plan.heavy_from_g, goods)
    deadlines = _deadlines(tx, left) if is_walked and not zoning.order else None
    # Being in time matters more than a meeting, and a cart between zones has its order from them.
    is_free = is_walked and not zoning.order and deadlines is None
    others = meetings.expected(tx, plan, tour_id, to_stand) if is_free else None
    return Underway(
        tour_id, tour["state"], plan, tour["seed"], tuple(_spot(row) for row in rows if row["state"] in _MADE),
        tuple(OpenStop(row["id"], _spot(row)) for row in left), is_walked and _stands_at(tx, tour["station_id"], left),
        is_walked and keeps_next and not to_stand and not is_handing_over, zoning, ranks,
        deadlines, others,
    )  # fmt: skip


def plan_again(seen: Underway, tour_ms: int) -> Replanned:
    """The shortest way over what is open, from where the picker is."""
    plan, layout = seen.plan, seen.plan.layout
    # What was made before the way was closed was walked when it was open, and is compared with walks of that floor.
    open_plan = replace(plan, layout=layout.opened)
    spots = list({stop.spot.name: stop.spot for stop in seen.open}.values())
    # Nobody gets there with everything open either: the floor was measured anew since, and they are no part of a walk.
    ever = [*dict.fromkeys([*seen.made, *spots, seen.here])]
    astray = {ever[at] for at in lost(open_plan, plan.start, ever) if at < len(ever)}
    made = [spot for spot in seen.made if spot not in astray]
    stood = plan.start if seen.here in astray else seen.here
    here = seen.open[0].spot if seen.stands else seen.here
    unreached = lost(plan, here, spots)
    is_inside = len(spots) in unreached
    if is_inside:  # whoever stands inside what was closed comes out somehow, and goes on from the front
        here = plan.start
        unreached = lost(plan, here, spots)
    stays = seen.stands or (seen.keeps_next and seen.is_next_in_turn and 0 not in unreached)
    first = seen.open[0].spot if stays else None
    behind = [spots[at] for at in sorted(unreached) if at < len(spots) and spots[at] != first]
    begin = here if first is None or is_inside else first
    left = [spot for spot in spots if spot not in (*behind, first)]
    if seen.deadlines is None:
        walk = shortest_in(plan, seen.zoning, begin, left, tour_ms, seen.seed, seen.ranks)
    else:
        deadlines = seen.deadlines if first is None else seen.deadlines.after(walked_dm(plan, [here, first]))
        walk = shortest(plan, begin, left, tour_ms, seen.seed, seen.ranks, deadlines)
    sequence = walk.tour.sequence
    others, began_ms = seen.others, 0
    if others is not None:
        began_ms = others.begun_ms(walked_dm(plan, [here, begin]), 0 if first is None else 1)
        sequence = others.around(plan, [begin, *sequence, walk.end], seen.ranks, began_ms, tour_ms, seen.seed)

    def cost_dm(stops: Sequence[Spot]) -> int:
        met_dm = 0 if others is None else others.met_dm(plan, [begin, *stops, walk.end], began_ms)
        return walked_dm(plan, [begin, *seen.zoning.path(stops), walk.end]) + met_dm

    # An order no better than the one the picker has seen is not imposed on him.
    is_kept = (
        seen.deadlines is None
        and seen.zoning.is_in_turn(left)
        and keeps_ranks(seen.ranks, left)
        and cost_dm(left) <= cost_dm(sequence)
    )
    walked = [*([first] if first else []), *(left if is_kept else sequence)]
    steps = [spot for spot in walked if spot not in astray]
    # Who stands where he was sent before the way behind him was closed has left there when it was open.
    is_cut_off = is_inside or walked_dm(plan, [stood, *steps[:1]]) >= NO_WAY_DM
    before = seen.zoning.before(steps)
    lefts_dm = walk_lefts(open_plan if is_cut_off else plan, stood, steps, walk.end, before)
    lefts_dm = [*lefts_dm[: len(walked) - len(steps)], *lefts_dm] if steps else [0 for _ in walked]
    lefts_dm += [0 for _ in behind]
    place_of = {spot: place for place, spot in enumerate((*walked, *behind))}
    stops = sorted(seen.open, key=lambda stop: place_of[stop.spot])
    # Compared with and bound by the free walk: what was made before a rule, or a late order, came keeps no ranks.
    all_of_it = [spot for spot in dict.fromkeys([*seen.made, *spots]) if spot not in astray]
    whole = shortest(open_plan, plan.start, all_of_it, tour_ms, seen.seed)
    if seen.ranks:
        whole = replace(whole, free_dm=whole.tour.distance_dm)
    made_dm = length_dm(open_plan, [plan.start, *seen.zoning.begun("").path(made), stood])
    distance_dm = made_dm + (lefts_dm[0] if walked else 0)
    return Replanned(tuple(stops), tuple(lefts_dm[place_of[stop.spot]] for stop in stops), distance_dm, whole)


def _rewrite(tx: Tx, seen: Underway, again: Replanned) -> bool:
    """Write the new order, if the open stops and the one the picker stands at are still those that were seen."""
    rows = tx.all(
        "SELECT id, location_id FROM task WHERE warehouse_id = :w AND tour_id = :tour AND state = 'open'"
        " ORDER BY sequence, id",
        tour=seen.tour_id,
    )
    tour = tx.one(
        "SELECT state, station_id, wave_id, zone FROM tour WHERE warehouse_id = :w AND id = :id", id=seen.tour_id
    )
    if [row["id"] for row in rows] != [stop.task_id for stop in seen.open] or tour["state"] != seen.state:
        return False
    if tour["zone"] != seen.zoning.current:
        return False
    if seen.state == TourState.ACTIVE and _stands_at(tx, tour["station_id"], rows) != seen.stands:
        return False
    last = tx.one(
        "SELECT COALESCE(MAX(sequence), 0) AS sequence FROM task WHERE warehouse_id = :w AND tour_id = :tour"
        " AND state <> 'open'",
        tour=seen.tour_id,
    )["sequence"]
    # Our own whole numbers, in one statement: a tour's stops are never seen half in the old order.
    places = list(enumerate(zip(again.stops, again.lefts_dm, strict=True), start=last + 1))
    sequences = " ".join(f"WHEN {stop.task_id} THEN {place}" for place, (stop, _) in places)
    lefts = " ".join(f"WHEN {stop.task_id} THEN {left_dm}" for _, (stop, left_dm) in places)
    tx.put(
        f"UPDATE task SET sequence = CASE id {sequences} ELSE sequence END, walk_left_dm = CASE id {lefts}"
        " ELSE walk_left_dm END WHERE warehouse_id = :w AND tour_id = :tour AND state = 'open'",
        tour=seen.tour_id,
    )
    whole = again.whole.tour
    tx.put(
        "UPDATE tour SET distance_dm = :distance, s_shape_dm = :s_shape, location_order_dm = :named,"
        " lower_bound_dm = :bound, free_dm = :free, layout_version = :version, solver = :solver, elapsed_ms = :elapsed,"
        " replans = replans + 1 WHERE warehouse_id = :w AND id = :id",
        id=seen.tour_id, distance=again.distance_dm, s_shape=whole.s_shape_dm, named=whole.location_order_dm,
        bound=whole.lower_bound_dm, free=again.whole.free_dm, version=seen.plan.version, solver=whole.solver,
        elapsed=whole.elapsed_ms,
    )  # fmt: skip
    wave_proofs.ask(tx, tour["wave_id"])
    tell(tx, "board", "TourReplanned", tour=seen.tour_id)
    return True


def _deadlines(tx: Tx, left: Sequence[Any]) -> Deadlines | None:
    """Until when which open stops can be entered; None where nothing of them closes soon."""
    soon = closed_hours.soon(tx)
    latest_ms: dict[str, int] = {}
    for row in left:
        for one in soon:
            if one.holds(_spot(row)):
                latest_ms[row["code"]] = min(one.in_ms, latest_ms.get(row["code"], one.in_ms))
    if not latest_ms:
        return None
    times = handling_times(learn(work_times.measured(tx)))
    return Deadlines(latest_ms, times.walk_mm_per_s, times.pick_ms(1, 1))


def _stands_at(tx: Tx, station_id: int | None, left: Sequence[Any]) -> bool:
    """Whether a station's picker has scanned the place of the first open stop."""
    row = tx.one(
        "SELECT memory FROM dialogue WHERE warehouse_id = :w AND station_id = :station AND flow = 'pick'",
        station=station_id,
    )
    return row is not None and json.loads(row["memory"] or "{}").get("at") == left[0]["location_id"]


def _unfinished(tx: Tx) -> list[int]:
    """Tours with stops to make: those being walked first."""
    rows = tx.all(
        "SELECT t.id FROM tour t WHERE t.warehouse_id = :w AND t.state <> 'done' AND EXISTS (SELECT 1 FROM task k"
        " WHERE k.warehouse_id = t.warehouse_id AND k.tour_id = t.id AND k.state = 'open')"
        " ORDER BY CASE t.state WHEN 'active' THEN 0 ELSE 1 END, t.id"
    )
    return [row["id"] for row in rows]


def _spot(row: Any) -> Spot:
    return Spot(row["code"], row["x_dm"], row["y_dm"], row["level"])
