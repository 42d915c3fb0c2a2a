"""Where other carts are expected while a tour is walked, and the order of its stops in which it meets the fewest.

Owns nothing. What is expected is read when a tour sets out or is planned again: the stops every walked tour has left,
in their order, at the pace of the latest tours. Before that nobody knows when a cart sets out, and where the others
were when its wave was planned says nothing about then. It refuses nothing. Invariant: ranks are kept, and the order it
gives is no worse than the one it was given by walk plus meetings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from fulfillment.hot import Tx
from fulfillment.services.releasing import work_times
from fulfillment.services.walking.floor_plan import FloorPlan
from picking import (
    FieldError,
    Layout,
    Pace,
    Spot,
    TourProblem,
    Visit,
    Walkways,
    avoid,
    handling_times,
    learn,
    meetings,
    visits,
)

MEETING_DM = 60  # what stepping aside for another cart is counted for, said in walk: some five seconds
TOURS_READ = 20  # how fast people are today, without reading as much as a forecast does


@dataclass(frozen=True)
class Others:
    """When other carts are expected where, from now on; `sets_out_in_ms`: totes are stood on this cart until then."""

    visits: tuple[Visit, ...]
    pace: Pace
    sets_out_in_ms: int = 0

    def begun_ms(self, walked_dm: int, stops: int) -> int:
        """When this cart begins what is planned, if it has so far to walk and so many stops to make before."""
        return self.sets_out_in_ms + self.pace.ms(walked_dm) + stops * self.pace.stop_ms

    def met_dm(self, plan: FloorPlan, spots: Sequence[Spot], began_ms: int) -> int:
        """What meeting others on the way through these spots is counted for; nothing where there is no way."""
        try:
            mine = visits(plan.grid, spots[0], spots[1:-1], spots[-1], self.pace, began_ms)
        except FieldError:
            return 0
        return MEETING_DM * meetings(mine, self.visits)

    def around(
        self, plan: FloorPlan, spots: Sequence[Spot], ranks: Mapping[str, int], began_ms: int, tour_ms: int, seed: int
    ) -> tuple[Spot, ...]:
        """The stops between the first and the last of the spots, in the order that walks and meets least."""
        stops = tuple(spots[1:-1])
        ranked = tuple((name, ranks[name]) for name in sorted({stop.name for stop in stops} & set(ranks)))
        asked = TourProblem(plan.grid, spots[0], spots[-1], stops, plan.level_climb_dm, plan.reach_level, ranked)
        try:
            return avoid(asked, self.visits, self.pace, began_ms, MEETING_DM, time_limit_ms=tour_ms, seed=seed).sequence
        except FieldError:
            return stops


def is_anybody_walking(tx: Tx, tour_id: int) -> bool:
    """Whether another tour is under way."""
    row = tx.one("SELECT id FROM tour WHERE warehouse_id = :w AND state = 'active' AND id <> :id LIMIT 1", id=tour_id)
    return row is not None


def expected(tx: Tx, plan: FloorPlan, tour_id: int, totes_to_stand: int) -> Others | None:
    """Where the other carts are expected; None where nobody else walks, or carts pass each other everywhere."""
    if isinstance(plan.layout, Walkways):
        return None  # walkways are as wide as two carts: there are no sub-aisles to meet in
    rows = tx.all(
        "SELECT k.tour_id, k.state, k.done_at_ms, t.claimed_at_ms, l.code, l.x_dm, l.y_dm, l.level FROM tour t"
        " JOIN task k ON k.warehouse_id = t.warehouse_id AND k.tour_id = t.id AND k.state IN ('open', 'done', 'short')"
        " JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
        " WHERE t.warehouse_id = :w AND t.state = 'active' AND t.id <> :tour"
        " ORDER BY k.tour_id, CASE k.state WHEN 'open' THEN 1 ELSE 0 END,"
        " CASE k.state WHEN 'open' THEN 0 ELSE k.done_at_ms END, k.sequence, k.id",
        tour=tour_id,
    )
    if not rows:
        return None
    times = handling_times(learn(work_times.measured(tx, TOURS_READ)))
    pace = Pace(min(10_000, max(100, times.walk_mm_per_s)), times.pick_ms(1, 1))
    found: list[Visit] = []
    for _, of_tour in groupby(rows, key=lambda row: row["tour_id"]):
        found += _of_cart(plan, plan.grid, list(of_tour), pace, tx.now_ms)
    return Others(tuple(found), pace, totes_to_stand * times.tote_ms)


def _of_cart(plan: FloorPlan, layout: Layout, rows: Sequence[Any], pace: Pace, now_ms: int) -> tuple[Visit, ...]:
    """Where one cart is expected from now on. Who is late for its next stop is taken to be about to make it."""
    made = [row for row in rows if row["state"] != "open"]
    left = list(dict.fromkeys(_spot(row) for row in rows if row["state"] == "open"))
    if not left:
        return ()
    here = _spot(made[-1]) if made else plan.start
    since_ms = made[-1]["done_at_ms"] if made else rows[0]["claimed_at_ms"]
    end = min(plan.drops, key=lambda drop: abs(drop.x_dm - left[-1].x_dm) + abs(drop.y_dm - left[-1].y_dm))
    try:
        first = visits(layout, here, left[:1], left[0], pace)
        next_made_ms = first[-1].until_ms if first else pace.stop_ms
        passed_ms = min(max(0, now_ms - (since_ms or now_ms)), next_made_ms)
        return tuple(one for one in visits(layout, here, left, end, pace, -passed_ms) if one.until_ms > 0)
    except FieldError:
        return ()  # behind something closed: nobody knows how that cart goes on


def _spot(row: Any) -> Spot:
    return Spot(row["code"], row["x_dm"], row["y_dm"], row["level"])
