"""A tour as people look at it: its figures, its stops, and the walk drawn on the floor.

Only reads, each from one snapshot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Engine

from fulfillment.domain.reasons import NotFound
from fulfillment.hot import Tx
from fulfillment.services.walking import floor_plan
from fulfillment.services.walking.floor_plan import FloorPlan
from fulfillment.services.walking.walks import walked_dm
from picking import (
    FieldError,
    Layout,
    Spot,
    Walkways,
    draw_layout,
    draw_tour,
    draw_walkways,
    draw_walkways_tour,
    drawn_points,
)

_LARGEST_ID = 2**63 - 1
_RING_DM = 9
# Why a supervisor let this stop fetch newer goods; '' = it fetches what FIFO gave it.
_OVERRIDDEN = (
    "COALESCE((SELECT v.why FROM fifo_override v JOIN wave_act a ON a.warehouse_id = v.warehouse_id"
    " AND a.id = v.wave_act_id WHERE v.warehouse_id = k.warehouse_id AND v.order_id = k.order_id"
    " AND v.location_id = k.location_id AND a.undone_at_ms IS NULL AND a.id = (SELECT MAX(n.id) FROM wave_act n"
    " WHERE n.warehouse_id = k.warehouse_id AND n.task_id = k.id AND n.undone_at_ms IS NULL)"
    " ORDER BY v.id LIMIT 1), '') AS overridden"
)


@dataclass(frozen=True)
class Picture:
    """What is to be drawn: the walk from `start` over the stops; `next` is the one the picker goes to."""

    plan: FloorPlan
    start: Spot
    sequence: tuple[Spot, ...]
    next: Spot | None

    def svg(self, width_px: int) -> str:
        """The walk as SVG text; on a layout it cannot be walked on any more, its stops without it."""
        layout, spots = self.plan.layout, [self.start, *dict.fromkeys(self.sequence)]
        try:
            drawn = drawn_walk(layout, self.start, self.sequence, self._end(), width_px)
        except FieldError:
            if isinstance(layout, Walkways):
                drawn = draw_walkways(layout, spots, width_px=width_px)
            else:
                drawn = draw_layout(layout, spots, width_px=width_px)
        return drawn if self.next is None else _ringed(drawn, *self._drawn_at(self.next, spots))

    def _drawn_at(self, spot: Spot, spots: list[Spot]) -> tuple[int, int]:
        layout = self.plan.layout
        if not isinstance(layout, Walkways):
            return spot.x_dm, spot.y_dm
        x_dm, y_dm = drawn_points(layout, [*spots, self._end(), spot])[spot.name]
        return round(x_dm), round(y_dm)

    def _end(self) -> Spot:
        """The drop point nearest to the last stop: what a tour that ends where it is shortest ends at."""
        last = self.sequence[-1] if self.sequence else self.start
        return min(self.plan.drops, key=lambda drop: walked_dm(self.plan, [last, drop]))


def drawn_walk(
    layout: Layout | Walkways, start: Spot, sequence: Sequence[Spot], end: Spot, width_px: int
) -> str:  # fmt: skip
    """The walk on the floor as SVG text.

    Raises:
        FieldError: it cannot be walked there.
    """
    if isinstance(layout, Walkways):
        return draw_walkways_tour(layout, start, sequence, end, width_px)
    return draw_tour(layout, start, sequence, end, width_px)


def describe(tx: Tx, tour_id: int) -> dict[str, Any]:
    """A tour's figures and its stops in the order they are made.

    Raises:
        NotFound: no such tour.
    """
    row = tx.one(
        "SELECT t.id AS tour, t.wave_id AS wave, t.state, t.mode, t.distance_dm, t.s_shape_dm, t.location_order_dm,"
        " t.lower_bound_dm, t.free_dm, t.solver, t.seed, t.elapsed_ms, t.replans, t.layout_version,"
        " COALESCE(c.code, '') AS cart,"
        " COALESCE(o.name, '') AS operator, COALESCE(s.code, '') AS station FROM tour t"
        " LEFT JOIN cart c ON c.warehouse_id = t.warehouse_id AND c.id = t.cart_id"
        " LEFT JOIN operator o ON o.warehouse_id = t.warehouse_id AND o.id = t.operator_id"
        " LEFT JOIN station s ON s.warehouse_id = t.warehouse_id AND s.id = t.station_id"
        " WHERE t.warehouse_id = :w AND t.id = :id",
        id=min(tour_id, _LARGEST_ID),
    )
    if row is None:
        raise NotFound("unknown_tour", f"no tour {tour_id}")
    stops = tx.all(
        "SELECT k.id AS stop, k.sequence, k.state, l.code AS location, i.sku, k.qty_each, k.done_each, k.position,"
        f" o.number AS order_number, k.walk_left_dm, {_OVERRIDDEN} FROM task k"
        " JOIN location l ON l.warehouse_id = k.warehouse_id"
        " AND l.id = k.location_id JOIN item i ON i.warehouse_id = k.warehouse_id AND i.id = k.item_id"
        " JOIN sales_order o ON o.warehouse_id = k.warehouse_id AND o.id = k.order_id"
        " WHERE k.warehouse_id = :w AND k.tour_id = :id ORDER BY k.sequence, k.id",
        id=row["tour"],
    )
    left = next((stop["walk_left_dm"] for stop in stops if stop["state"] == "open"), 0)
    return {**dict(row), "walk_left_dm": left, "stops": [dict(stop) for stop in stops]}


def whole_tour(tx: Tx, engine: Engine, tour_id: int) -> Picture | None:
    """All of a tour, the next stop marked while it is walked; None without a stop.

    Raises:
        NotFound: no such tour.
    """
    tour = tx.one(
        "SELECT id, state FROM tour WHERE warehouse_id = :w AND id = :id", id=min(tour_id, _LARGEST_ID)
    )
    if tour is None:
        raise NotFound("unknown_tour", f"no tour {tour_id}")
    rows = _stops(tx, tour["id"], "")
    upcoming = next((row for row in rows if row["state"] == "open"), None) if tour["state"] == "active" else None
    return _picture(tx, engine, rows, upcoming, None) if rows else None


def walk_ahead(tx: Tx, engine: Engine, station_code: str) -> Picture | None:
    """What a station's picker still walks: from the last stop made over the open ones; None when on no walk."""
    tour = tx.one(
        "SELECT t.id FROM tour t JOIN station s ON s.warehouse_id = t.warehouse_id AND s.id = t.station_id"
        " WHERE t.warehouse_id = :w AND t.state = 'active' AND s.code = :station ORDER BY t.id LIMIT 1",
        station=station_code,
    )
    rows = _stops(tx, tour["id"], " AND k.state = 'open'") if tour is not None else []
    if not rows:
        return None
    last = tx.one(
        "SELECT l.code, l.x_dm, l.y_dm, l.level FROM task k JOIN location l ON l.warehouse_id = k.warehouse_id"
        " AND l.id = k.location_id WHERE k.warehouse_id = :w AND k.tour_id = :tour AND k.state IN ('done', 'short')"
        " ORDER BY k.done_at_ms DESC, k.sequence DESC, k.id DESC LIMIT 1",
        tour=tour["id"],
    )
    return _picture(tx, engine, rows, rows[0], last)


def _stops(tx: Tx, tour_id: int, which: str) -> Sequence[Any]:
    return tx.all(
        "SELECT k.id, k.state, l.code, l.x_dm, l.y_dm, l.level FROM task k JOIN location l"
        " ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id WHERE k.warehouse_id = :w AND k.tour_id = :tour"
        f"{which} ORDER BY k.sequence, k.id",
        tour=tour_id,
    )


def _picture(tx: Tx, engine: Engine, rows: Sequence[Any], upcoming: Any, last: Any) -> Picture:
    plan = floor_plan.at_version(tx, engine)
    # One point of the floor, one dot: the places above one another there are one stop of the walk.
    stops = [_spot(row) for row in reversed(rows)]
    sequence = tuple({plan.place(spot): spot for spot in stops}.values())[::-1]
    start = plan.start if last is None else _spot(last)
    return Picture(plan, start, sequence, None if upcoming is None else _spot(upcoming))


def _spot(row: Any) -> Spot:
    return Spot(row["code"], row["x_dm"], row["y_dm"], row["level"])


def _ringed(svg: str, x_dm: int, y_dm: int) -> str:
    """A ring round the next stop; pictures have y upwards, SVG downwards."""
    ring = (
        f'<circle cx="{x_dm}" cy="{-y_dm}" r="{_RING_DM}" fill="none" stroke="var(--wrong, #b3261e)"'
        f' stroke-width="{_RING_DM // 3}"/>'
    )
    return svg.replace("\n</svg>", f"\n{ring}\n</svg>")
