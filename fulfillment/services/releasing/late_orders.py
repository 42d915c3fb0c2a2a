"""A late order joins a wave that is released already: the tour it adds the least walk to, or one of its own.

Off the request path: the order is put into the wave at once, a job finds its tour. One that somebody walks takes it
too, where its cart has a free place and the walk from where the picker is grows by less than a walk of its own; the
stop the picker was sent to stays the next one, and the tote is asked for at the order's first stop. Left alone while
walked: batches, whose totes are shared, and tours by zones, which have left some. In a wave picked order by order it
rides with no other. Refuses nothing: an order that left its wave while its tour was planned is left to the wave it is
in now. Invariant: a promise becomes a stop once, on a tour of its order's wave, whoever else plans or cuts the wave at
the same moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from fulfillment.bootstrap import Floor
from fulfillment.domain.reasons import Conflict
from fulfillment.domain.tasks import PickMode, WaveState
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.packing import cartons
from fulfillment.services.releasing import wave_picks, wave_proofs, waves, ways
from fulfillment.services.releasing.wave_picks import WavePicks
from fulfillment.services.stock import allocate
from fulfillment.services.touring import cart_places, replanning, tour_writing
from fulfillment.services.touring.replanning import OpenStop, Underway, plan_again
from fulfillment.services.touring.tour_writing import PlannedTour
from fulfillment.services.walking import closures, floor_plan, tour_ends, tour_orders
from fulfillment.services.walking.floor_plan import FloorPlan
from fulfillment.services.walking.tour_orders import Ranks
from fulfillment.services.walking.walks import shortest
from fulfillment.services.working import jobs
from picking import PackedTote, Spot, pack_totes

JOIN_WAVE = "join_wave"
TOURS_TRIED = 500
_OF_OTHERS = (
    "(t.mode = 'single' AND EXISTS (SELECT 1 FROM tour_tote a WHERE a.warehouse_id = t.warehouse_id"
    " AND a.tour_id = t.id AND a.order_id <> :order))"
)


@dataclass(frozen=True)
class _Candidate:
    """A planned tour with room: its stops, how long it is, and the first free place of its cart."""

    tour_id: int
    spots: tuple[Spot, ...]
    distance_dm: int
    position: int
    ranks: Ranks


@dataclass(frozen=True)
class _OnTheWay:
    """A tour that is walked, as it stands, and the free places of its cart."""

    seen: Underway
    places: tuple[int, ...]

    @property
    def tour_id(self) -> int:
        return self.seen.tour_id

    def added_dm(self, spots: Sequence[Spot], ranks: Ranks, tour_ms: int) -> int:
        """By how much these stops lengthen what is left, from where the picker is."""
        more = tuple(OpenStop(-at, spot) for at, spot in enumerate(spots, start=1))
        joined = replace(
            self.seen, open=(*self.seen.open, *more), ranks=tour_orders.joined(self.seen.ranks, ranks)
        )
        return plan_again(joined, tour_ms).distance_dm - plan_again(self.seen, tour_ms).distance_dm


class _Joined(Enum):
    """What became of an order that was to ride on a tour."""

    YES = "yes"
    TAKEN = "taken"  # somebody took the tour or its places: another may do
    LEFT = "left"  # the order is not this wave's any more, or nothing of it is promised


def join(
    tx: Tx, actor: Actor, wave_id: int, numbers: Sequence[str], known: ways.Known = ways.NOTHING
) -> dict[str, Any]:
    """Put allocated orders into a released wave; their stops follow. Returns the wave as it stands.

    `known`: what `ways.look` found before this transaction.

    Raises:
        NotFound: no such wave or order; Conflict: the wave is done or planned just now, or an order cannot go.
    """
    wave = waves.describe(tx, wave_id)
    if wave["state"] != WaveState.RELEASED:
        raise Conflict("wave_not_open", f"wave {wave_id} is {wave['state']}: no order joins it", "wave")
    for order in waves.releasable(tx, numbers, known):
        if order["is_out_of_reach"] or order["is_behind_closed"]:
            waits_for = "goods to be brought down" if order["is_out_of_reach"] else "a closed aisle to be opened"
            raise Conflict("order_waits", f"order {order['number']} waits for {waits_for}", "orders")
        tx.put(
            "UPDATE sales_order SET wave_id = :wave WHERE warehouse_id = :w AND id = :id", wave=wave_id, id=order["id"]
        )
        jobs.defer(tx, JOIN_WAVE, {"wave": wave_id, "order": order["id"]}, f"join:{wave_id}:{order['id']}:{tx.now_ms}")
        cartons.ask_for_order(tx, order["id"])
    return waves.describe(tx, wave_id)


def kinds(tour_ms: int) -> dict[str, jobs.Kind]:
    """The jobs that find a tour: for a late order, and for released orders once the way to their goods is open."""

    def run(floor: Floor, arguments: Mapping[str, Any]) -> str:
        return find_tour(floor, arguments["wave"], arguments["order"], tour_ms)

    def opened(floor: Floor, arguments: Mapping[str, Any]) -> str:
        waited = floor.read(lambda tx: _waited_for(tx, arguments["locations"]))
        for wave_id, order_id in waited:
            find_tour(floor, wave_id, order_id, tour_ms)
        return f"{len(waited)} orders"

    return {JOIN_WAVE: jobs.Kind(run), closures.WAY_OPENED: jobs.Kind(opened)}


def find_tour(floor: Floor, wave_id: int, order_id: int, tour_ms: int) -> str:
    """Give a late order of a wave to the tour it adds the least walk to; what came of it, in words."""
    plan = floor_plan.of(floor)
    picks = floor.read(lambda tx: wave_picks.of_order(tx, wave_id, order_id))
    picks = picks and wave_picks.within_reach(picks, plan)
    if picks is None or not picks.orders:
        return "nothing to walk for"
    (order,) = picks.orders
    totes = pack_totes(order.lines, picks.cart.tote_volume_ml, picks.cart.tote_weight_g)
    spots = tuple({line.spot.name: line.spot for line in order.lines}.values())
    ranks = picks.ranks(plan, order.lines)
    candidates = floor.read(lambda tx: _with_room(tx, wave_id, picks, len(totes), plan.heavy_from_g))
    walked = floor.read(lambda tx: _on_the_way(tx, floor, wave_id, order_id, len(totes)))
    # The shortest tours of a wave take microseconds each: all are tried, and the best one tried first.
    added: list[tuple[int, int, _Candidate | _OnTheWay]] = [
        (
            shortest(
                plan, plan.start, [*candidate.spots, *spots], tour_ms, order_id,
                tour_orders.joined(candidate.ranks, ranks),
            ).tour.distance_dm
            - candidate.distance_dm, candidate.tour_id, candidate,
        )
        for candidate in candidates
    ]  # fmt: skip
    added += [(one.added_dm(spots, ranks, tour_ms), one.tour_id, one) for one in walked]
    added.sort(key=lambda one: one[:2])
    alone_dm = shortest(plan, plan.start, spots, tour_ms, order_id, ranks).tour.distance_dm
    for added_dm, _, candidate in added:
        if added_dm >= alone_dm:
            break
        how = _join_walked if isinstance(candidate, _OnTheWay) else _join_tour
        joined = floor.writer.write(
            lambda tx, to=candidate, how=how: how(tx, to, wave_id, order_id, totes, picks)  # type: ignore[misc]
        )
        if joined == _Joined.YES:
            return f"tour {candidate.tour_id}, {added_dm // 10} m more"
        if joined == _Joined.LEFT:
            return floor.read(lambda tx: _left(tx, wave_id, order_id))
    return _tour_of_its_own(floor, wave_id, picks, plan, tour_ms)


def _tour_of_its_own(floor: Floor, wave_id: int, picks: WavePicks, plan: FloorPlan, tour_ms: int) -> str:
    tours = 0
    order_id = int(picks.orders[0].order_id)
    mode = PickMode.SINGLE if floor.read(lambda tx: _is_by_order(tx, wave_id)) else PickMode.CLUSTER
    for batch in tour_ends.carts(plan, picks, tour_ms, wave_id).batches:
        ranks = picks.ranks_of(plan, batch.totes)
        planned = PlannedTour(batch.totes, shortest(plan, plan.start, batch.stops, tour_ms, wave_id, ranks), mode)
        tours += floor.writer.write(lambda tx, planned=planned: _write_own(tx, wave_id, order_id, planned, picks, plan))
    if tours == 0:
        return floor.read(lambda tx: _left(tx, wave_id, order_id))
    floor.writer.write(lambda tx: _settle(tx, order_id, wave_id))
    return f"{tours} tours of its own"


def _write_own(
    tx: Tx, wave_id: int, order_id: int, planned: PlannedTour, picks: WavePicks, plan: FloorPlan
) -> int:
    # Asked before: a tour with nothing on it would stand in the list of the wave's tours.
    return tour_writing.write_tour(tx, wave_id, planned, picks.keys, plan) if _is_in(tx, wave_id, order_id) else 0


def _is_by_order(tx: Tx, wave_id: int) -> bool:
    wave = tx.one("SELECT mode FROM wave WHERE warehouse_id = :w AND id = :id", id=wave_id)
    return bool(wave["mode"] == PickMode.SINGLE)


def _is_in(tx: Tx, wave_id: int, order_id: int) -> bool:
    return _wave_of(tx, order_id) == wave_id


def _wave_of(tx: Tx, order_id: int) -> int | None:
    wave_id: int | None = tx.one(
        "SELECT wave_id FROM sales_order WHERE warehouse_id = :w AND id = :id", id=order_id
    )["wave_id"]
    return wave_id


def _left(tx: Tx, wave_id: int, order_id: int) -> str:
    """Why no tour was found, in words."""
    now = _wave_of(tx, order_id)
    if now == wave_id:
        return "nothing of it is promised any more"
    goes_with = "the next wave" if now is None else f"wave {now}"
    return f"it left wave {wave_id} meanwhile and goes with {goes_with}"


def _waited_for(tx: Tx, location_ids: Sequence[int]) -> list[tuple[int, int]]:
    """Orders of waves with units in these places that no stop fetches, the most urgent first: wave, order."""
    numbers = ", ".join(str(int(location_id)) for location_id in location_ids)
    rows = tx.all(
        "SELECT o.wave_id, o.id FROM sales_order o WHERE o.warehouse_id = :w AND o.wave_id IS NOT NULL AND EXISTS"
        " (SELECT 1 FROM allocation a WHERE a.warehouse_id = o.warehouse_id AND a.order_id = o.id"
        f" AND a.task_id IS NULL AND a.qty_each > 0 AND a.location_id IN ({numbers}))"
        " ORDER BY o.priority DESC, o.cut_off_at_ms, o.ordered_at_ms, o.id"
    )
    return [(row["wave_id"], row["id"]) for row in rows]


def _on_the_way(tx: Tx, floor: Floor, wave_id: int, order_id: int, totes: int) -> list[_OnTheWay]:
    """Tours of a wave that are walked and have stops left and so many free places."""
    rows = tx.all(
        "SELECT t.id FROM tour t WHERE t.warehouse_id = :w AND t.wave_id = :wave AND t.state = 'active'"
        f" AND t.station_id IS NOT NULL AND t.mode IN ('cluster', 'single') AND NOT {_OF_OTHERS} ORDER BY t.id",
        wave=wave_id, order=order_id,
    )  # fmt: skip
    found = []
    for row in rows[:TOURS_TRIED]:
        places = cart_places.free(tx, row["id"])
        seen = replanning.underway(tx, floor.engine, row["id"]) if len(places) >= totes else None
        if seen is not None:
            found.append(_OnTheWay(seen, places))
    return found


def _with_room(tx: Tx, wave_id: int, picks: WavePicks, totes: int, heavy_from_g: int) -> list[_Candidate]:
    rows = tx.all(
        "SELECT t.id, t.distance_dm, (SELECT COALESCE(MAX(s.position), 0) FROM tour_tote s"
        " WHERE s.warehouse_id = t.warehouse_id AND s.tour_id = t.id) AS taken, l.code, l.x_dm, l.y_dm, l.level,"
        " i.weight_g, i.is_fragile"
        " FROM tour t JOIN task k ON k.warehouse_id = t.warehouse_id AND k.tour_id = t.id AND k.state = 'open'"
        " JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
        " JOIN item i ON i.warehouse_id = k.warehouse_id AND i.id = k.item_id"
        " WHERE t.warehouse_id = :w AND t.wave_id = :wave AND t.state = 'planned'"
        f" AND NOT {_OF_OTHERS} ORDER BY t.id, k.sequence, k.id",
        wave=wave_id, order=int(picks.orders[0].order_id),
    )  # fmt: skip
    tours: dict[int, list[Any]] = {}
    for row in rows:
        if row["taken"] + totes <= picks.cart.positions:
            tours.setdefault(row["id"], []).append(row)
    return [
        _Candidate(
            tour_id, tuple({row["code"]: _spot(row) for row in stops}.values()), stops[0]["distance_dm"],
            stops[0]["taken"] + 1,
            tour_orders.ranks(
                heavy_from_g, ((row["code"], row["weight_g"], bool(row["is_fragile"])) for row in stops)
            ),
        )
        for tour_id, stops in list(tours.items())[:TOURS_TRIED]
    ]  # fmt: skip


def _join_tour(
    tx: Tx, to: _Candidate, wave_id: int, order_id: int, totes: Sequence[PackedTote], picks: WavePicks
) -> _Joined:
    """Write the order's stops at the end of a tour, if both are still there to be put together."""
    if not _is_in(tx, wave_id, order_id):
        return _Joined.LEFT
    row = tx.one(
        "SELECT t.state, (SELECT COALESCE(MAX(s.position), 0) FROM tour_tote s"
        " WHERE s.warehouse_id = t.warehouse_id AND s.tour_id = t.id) + 1 AS position FROM tour t"
        " WHERE t.warehouse_id = :w AND t.id = :id",
        id=to.tour_id,
    )
    if row["state"] != "planned" or row["position"] != to.position:
        return _Joined.TAKEN
    places = range(to.position, to.position + len(totes))
    used = _write_stops(tx, to.tour_id, places, totes, picks)
    for position in used:
        tx.add("tour_tote", tour_id=to.tour_id, position=position, order_id=order_id)
    return _rides_on(tx, to.tour_id, wave_id, order_id) if used else _Joined.LEFT


def _join_walked(
    tx: Tx, to: _OnTheWay, wave_id: int, order_id: int, totes: Sequence[PackedTote], picks: WavePicks
) -> _Joined:
    """The same for a tour that is walked, while it has stops left, somebody pushes it and its cart has places."""
    if not _is_in(tx, wave_id, order_id):
        return _Joined.LEFT
    row = tx.one(
        "SELECT t.state, t.station_id, (SELECT COUNT(*) FROM task k WHERE k.warehouse_id = t.warehouse_id"
        " AND k.tour_id = t.id AND k.state = 'open') AS stops, (SELECT COUNT(*) FROM tour_tote s"
        " WHERE s.warehouse_id = t.warehouse_id AND s.tour_id = t.id AND s.lpn_id = 0) AS totes_to_stand FROM tour t"
        " WHERE t.warehouse_id = :w AND t.id = :id",
        id=to.tour_id,
    )
    # Who has made the last stop is on the way to put the totes down.
    if row["state"] != "active" or row["station_id"] is None or not row["stops"]:
        return _Joined.TAKEN
    places = cart_places.free(tx, to.tour_id)[: len(totes)]
    if len(places) < len(totes):
        return _Joined.TAKEN
    used = _write_stops(tx, to.tour_id, places, totes, picks)
    # While the cart is loaded its tote is one more to stand there. Later nobody is asked for one before the first stop.
    for position in used if row["totes_to_stand"] else ():
        tx.add("tour_tote", tour_id=to.tour_id, position=position, order_id=order_id)
    return _rides_on(tx, to.tour_id, wave_id, order_id) if used else _Joined.LEFT


def _write_stops(
    tx: Tx, tour_id: int, places: Sequence[int], totes: Sequence[PackedTote], picks: WavePicks
) -> list[int]:
    """The stops of an order at the end of a tour, a place of the cart for each tote; the places that are used."""
    sequence = tx.one(
        "SELECT COALESCE(MAX(sequence), 0) AS sequence FROM task WHERE warehouse_id = :w AND tour_id = :tour",
        tour=tour_id,
    )["sequence"]
    used = []
    for position, tote in zip(places, totes, strict=True):
        stops = 0
        for pick in tote.picks:
            sequence += 1
            key = picks.keys[pick.line_id]
            stops += tour_writing.write_task(tx, tour_id, sequence, position, key, pick.qty_each, 0) is not None
        if stops:
            used.append(position)
    return used


def _rides_on(tx: Tx, tour_id: int, wave_id: int, order_id: int) -> _Joined:
    # Whoever takes tours takes the most urgent first, and this one has become as urgent as its newest order.
    tx.put(
        "UPDATE tour SET cut_off_at_ms = (SELECT MIN(o.cut_off_at_ms) FROM sales_order o WHERE o.warehouse_id = :w"
        " AND (o.id = :order OR o.id IN (SELECT s.order_id FROM tour_tote s WHERE s.warehouse_id = :w"
        " AND s.tour_id = :id))) WHERE warehouse_id = :w AND id = :id",
        order=order_id, id=tour_id,
    )  # fmt: skip
    # Asked for here: a planner that dies after this transaction must not leave the stops at the end of the walk.
    replanning.ask(tx, tour_id, f"joined:{order_id}:{tx.now_ms}")
    _settle(tx, order_id, wave_id)
    return _Joined.YES


def _settle(tx: Tx, order_id: int, wave_id: int) -> None:
    # Its last tour may have ended since the order was put into it: a wave with an open tour is not done.
    tx.put(
        "UPDATE wave SET state = 'released', done_at_ms = NULL WHERE warehouse_id = :w AND id = :wave"
        " AND state = 'done' AND EXISTS (SELECT 1 FROM tour t WHERE t.warehouse_id = wave.warehouse_id"
        " AND t.wave_id = wave.id AND t.state <> 'done')",
        wave=wave_id,
    )
    allocate.settle_order(tx, Actor(occurred_at_ms=tx.now_ms), order_id)
    wave_proofs.ask(tx, wave_id)
    tell(tx, "board", "OrderJoined", wave=wave_id)


def _spot(row: Any) -> Spot:
    return Spot(row["code"], row["x_dm"], row["y_dm"], row["level"])
