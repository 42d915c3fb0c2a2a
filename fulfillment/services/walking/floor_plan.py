"""The floor as tours are planned on it: aisles from the locations' coordinates, or walkways where it is given as such;
rules, and where tours begin and end.

Owns `warehouse.layout_version`: whoever changes what is walked says so with `changed`, and the layout is made anew
(and compiled once) when it is asked for next. Refuses an aisle no location lies in and a place nobody can stand at.
Invariant: a plan names the version it was made on, and a version never means two floors.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy.engine import Engine

from fulfillment.bootstrap import Floor
from fulfillment.domain.floor_plan import Direction, TourEnd
from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.domain.stock import LocationKind
from fulfillment.domain.tour_order import TourOrder
from fulfillment.hot import Tx
from fulfillment.services.walking import walkways
from fulfillment.services.working import jobs
from picking import (
    Closed,
    ClosedCross,
    FieldError,
    Layout,
    OneWay,
    Spot,
    Walkways,
    check_layout,
    draw_layout,
    draw_walkways,
    infer_layout,
)

REPLAN_FLOOR = "replan_floor"  # arguments: the layout it was asked for
MAX_DROPS = 20
STORAGE = "kind IN ('bin', 'reserve', 'flow_rack')"
_STANDING = frozenset({LocationKind.STAGING, LocationKind.DOCK, LocationKind.STATION, LocationKind.SHIP_LANE})

_UNFINISHED = (
    "SELECT 1 FROM tour WHERE warehouse_id = :w AND state <> 'done'"
    " UNION ALL SELECT 1 FROM wave WHERE warehouse_id = :w AND state = 'planning' LIMIT 1"
)


@dataclass(frozen=True)
class FloorPlan:
    """What every tour of one layout version is planned on. Tours end at whichever of `drops` is nearest.

    `heavy_from_g`: units so heavy come first, fragile ones last; 0: stops need keep no order.
    """

    version: int
    layout: Layout | Walkways
    start: Spot
    drops: tuple[Spot, ...]
    level_climb_dm: int
    reach_level: int
    heavy_from_g: int = 0

    @property
    def grid(self) -> Layout:
        """The aisles.

        Raises:
            FieldError: this floor is made of walkways.
        """
        if isinstance(self.layout, Walkways):
            raise FieldError("layout", "this floor is made of walkways, not of aisles")
        return self.layout

    def place(self, spot: Spot) -> tuple[int, int, int]:
        """Where a spot is reached from: x, y and the storey. Spots of one place are one stop of a walk."""
        if isinstance(self.layout, Walkways):
            return self.layout.place(spot)
        return spot.x_dm, spot.y_dm, 0

    def stretch(self, spot: Spot) -> int:
        """The number of the aisle a spot is picked from; of the walkway on a floor of those."""
        return self.layout.stretch(spot) if isinstance(self.layout, Walkways) else self.layout.nearest_aisle(spot.x_dm)


@dataclass(frozen=True)
class OneWayIn:
    """An aisle as it is named on its signs, walked `up` (towards higher y) or `down`; `block` None: all of it."""

    aisle: str
    direction: str
    block: int | None = None


def of(floor: Floor) -> FloorPlan:
    """The floor plan as it is now.

    Raises:
        FieldError: no storage location has coordinates yet.
    """
    return floor.read(lambda tx: at_version(tx, floor.engine))


def at_version(tx: Tx, engine: Engine) -> FloorPlan:
    """`of`, within what is being read: the plan and what is planned on it are of one moment."""
    newest = version(tx)
    known = _PLANS.setdefault(engine, {})
    plan = known.get(tx.warehouse_id)
    if plan is None or plan.version != newest:
        plan = _read(tx, newest)
        known[tx.warehouse_id] = plan
    return plan


def version(tx: Tx) -> int:
    """Which layout stands: another number whenever what is walked has changed."""
    newest: int = tx.one("SELECT layout_version FROM warehouse WHERE id = :w")["layout_version"]
    return newest


def now(tx: Tx) -> FloorPlan:
    """The floor plan as this transaction sees it, its own changes with it; read anew each time.

    Raises:
        FieldError: no storage location has coordinates yet.
    """
    return _read(tx, version(tx))


_PLANS: WeakKeyDictionary[Engine, dict[int, FloorPlan]] = WeakKeyDictionary()


def changed(tx: Tx) -> None:
    """What is walked, or how, has changed: plans made from now on are made on a new layout, and tours that are not
    finished are planned again on it."""
    tx.put("UPDATE warehouse SET layout_version = layout_version + 1 WHERE id = :w")
    if tx.one(_UNFINISHED) is not None:
        newest = version(tx)
        jobs.defer(tx, REPLAN_FLOOR, {"layout": newest}, f"replan:layout:{newest}")


def set_plan(
    tx: Tx, start: str | None, drops: Sequence[str], one_way: Sequence[OneWayIn], level_climb_dm: int = 0,
    reach_level: int = 1,
) -> None:  # fmt: skip
    """Say where tours begin (None: the first staging place, else dock) and end, and which aisles are one-way.

    Raises:
        NotFound: a place or an aisle nobody knows.
        DomainError: a place no cart can stand at; an aisle in several lines of racks, or one-way both ways.
    """
    if one_way:
        walkways.refuse_on_walkways(tx, "one-way aisles", "one_way[0].aisle")
    if len(drops) > MAX_DROPS:
        raise DomainError("bad_quantity", f"tours end at {MAX_DROPS} places at most", "drops")
    points = [(TourEnd.START, standing(tx, start, "start"))] if start else []
    points += [(TourEnd.DROP, standing(tx, code, f"drops[{at}]")) for at, code in enumerate(dict.fromkeys(drops))]
    for table in ("tour_point", "one_way_aisle"):
        tx.put(f"DELETE FROM {table} WHERE warehouse_id = :w")
    for kind, location_id in points:
        tx.add("tour_point", kind=kind.value, location_id=location_id)
    for at, rule in enumerate(one_way):
        x_dm, _, _ = aisle_called(tx, rule.aisle, f"one_way[{at}].aisle")
        tx.add(
            "one_way_aisle", aisle=rule.aisle, x_dm=x_dm, is_up=int(rule.direction == Direction.UP), block=rule.block
        )
    tx.put(
        "UPDATE warehouse SET level_climb_dm = :climb, reach_level = :reach WHERE id = :w",
        climb=level_climb_dm, reach=reach_level,
    )  # fmt: skip
    changed(tx)
    try:
        _read(tx, 0)
    except FieldError as wrong:
        raise DomainError("bad_floor_plan", wrong.words, wrong.field) from wrong


def set_cross_aisles(tx: Tx, cross_aisles_y_dm: Sequence[int] | None) -> None:
    """Say where the cross-aisles run; None: they are inferred from the locations.

    Raises:
        Conflict: `no_grid`, this floor is made of walkways.
    """
    if cross_aisles_y_dm is not None:
        walkways.refuse_on_walkways(tx, "cross-aisles", "cross_aisles_y_dm")
    said = "" if cross_aisles_y_dm is None else json.dumps(sorted(set(cross_aisles_y_dm)))
    tx.put("UPDATE warehouse SET cross_aisle_y_dm = :y WHERE id = :w", y=said)
    changed(tx)


def cross_aisles(tx: Tx) -> list[int] | None:
    """What `set_cross_aisles` was told."""
    said = tx.one("SELECT cross_aisle_y_dm FROM warehouse WHERE id = :w")["cross_aisle_y_dm"]
    return json.loads(said) if said else None


def as_written(tx: Tx) -> FloorPlan:
    """The floor plan of what this transaction has written, kept by nobody: its version may never be committed.

    Raises:
        FieldError: no storage location has coordinates yet.
    """
    return _read(tx, 0)


def is_aisle(tx: Tx, aisle: str) -> bool:
    """Whether storage locations lie in an aisle of this name."""
    row = tx.one(
        f"SELECT 1 FROM location WHERE warehouse_id = :w AND {STORAGE} AND aisle = :aisle LIMIT 1", aisle=aisle
    )
    return row is not None


def aisle_called(tx: Tx, aisle: str, field: str) -> tuple[int, int, int]:
    """Where an aisle stands and between which points its locations lie: x, lowest y, highest y.

    Raises:
        NotFound: no storage location lies in it; DomainError: its locations stand in several lines.
    """
    row = tx.one(
        "SELECT MIN(x_dm) AS x_dm, MAX(x_dm) AS last_x_dm, MIN(y_dm) AS low_dm, MAX(y_dm) AS high_dm FROM location"
        f" WHERE warehouse_id = :w AND {STORAGE} AND aisle = :aisle",
        aisle=aisle,
    )
    if row["x_dm"] is None or not aisle:
        raise NotFound("unknown_aisle", f"no aisle {aisle!r}", field)
    if row["x_dm"] != row["last_x_dm"]:
        words = f"aisle {aisle} stands in several lines (x {row['x_dm']} to {row['last_x_dm']} dm)"
        raise DomainError("bad_aisle", words, field)
    return row["x_dm"], row["low_dm"], row["high_dm"]


def said(tx: Tx) -> dict[str, Any]:
    """What `set_plan` was told."""
    points = tx.all(
        "SELECT p.kind, l.code FROM tour_point p JOIN location l ON l.warehouse_id = p.warehouse_id"
        " AND l.id = p.location_id WHERE p.warehouse_id = :w ORDER BY p.id"
    )
    rules = tx.all("SELECT aisle, is_up, block FROM one_way_aisle WHERE warehouse_id = :w ORDER BY id")
    figures = tx.one("SELECT level_climb_dm, reach_level FROM warehouse WHERE id = :w")
    return {
        "start": next((row["code"] for row in points if row["kind"] == TourEnd.START), None),
        "drops": [row["code"] for row in points if row["kind"] == TourEnd.DROP],
        "one_way": [
            {"aisle": row["aisle"], "direction": "up" if row["is_up"] else "down", "block": row["block"]}
            for row in rules
        ],
        "level_climb_dm": figures["level_climb_dm"], "reach_level": figures["reach_level"],
    }  # fmt: skip


def describe(tx: Tx, engine: Engine) -> dict[str, Any]:
    """The floor plan as the API shows it, with words about everything that looks wrong with it."""
    shown = {"layout_version": version(tx), **said(tx)}
    try:
        plan = at_version(tx, engine)
    except FieldError as wrong:
        return {**shown, "aisles": 0, "cross_aisles": 0, "walkways": 0, "tours_begin_at": None, "words": [str(wrong)]}
    layout = plan.layout
    if isinstance(layout, Walkways):
        figures = {"aisles": 0, "cross_aisles": 0, "walkways": len(layout.graph.walkways) + len(layout.graph.climbs)}
    else:
        figures = {"aisles": len(layout.aisle_x_dm), "cross_aisles": len(layout.cross_aisle_y_dm), "walkways": 0}
    return {
        **shown, **figures, "tours_begin_at": plan.start.name, "words": words_about(plan, storage_spots(tx)),
    }  # fmt: skip


def words_about(plan: FloorPlan, storage: Sequence[Spot]) -> list[str]:
    """What looks wrong with the floor as it was built: what is closed for now is listed by itself."""
    if isinstance(plan.layout, Walkways):
        return plan.layout.opened.words(storage, (plan.start, *plan.drops))
    return check_layout(plan.layout.opened, storage, (plan.start, *plan.drops))


def picture(tx: Tx, engine: Engine, width_px: int) -> str:
    """The floor as SVG text: aisles, rules, and where tours begin and end; '' before it has locations."""
    try:
        plan = at_version(tx, engine)
    except FieldError:
        return ""
    return drawn(plan, (), width_px)


def drawn(
    plan: FloorPlan, storage: Sequence[Spot], width_px: int, names: Mapping[tuple[int, int], str] | None = None
) -> str:
    """A plan as SVG text, with a dot for each of `storage`; `names`: a dot's x, y → what stands beside it."""
    points = list({spot.name: spot for spot in (plan.start, *plan.drops)}.values())
    dots = {plan.place(spot): spot for spot in storage}
    said = names or {}
    marks = {spot.name: said[spot.x_dm, spot.y_dm] for spot in dots.values() if (spot.x_dm, spot.y_dm) in said}
    marks |= {spot.name: spot.name for spot in points}
    if isinstance(plan.layout, Walkways):
        return draw_walkways(plan.layout, [*points, *dots.values()], marks, width_px)
    return draw_layout(plan.layout, [*points, *dots.values()], marks, width_px)


def storage_spots(tx: Tx) -> list[Spot]:
    """A spot for every point goods are picked from; the faces of an aisle that are reached from one point are one."""
    rows = tx.all(
        "SELECT MIN(code) AS code, x_dm, y_dm, level FROM location"
        f" WHERE warehouse_id = :w AND {STORAGE} GROUP BY x_dm, y_dm, level, storey, walk_point_id"
        " ORDER BY x_dm, y_dm, level, storey, walk_point_id"
    )
    return [Spot(row["code"], row["x_dm"], row["y_dm"], row["level"]) for row in rows]


def _read(tx: Tx, version: int) -> FloorPlan:
    warehouse = tx.one(
        "SELECT cross_aisle_y_dm, level_climb_dm, reach_level, tour_order, heavy_from_g FROM warehouse WHERE id = :w"
    )
    cross = warehouse["cross_aisle_y_dm"]
    layout = walkways.floor(tx) or _grid(tx, json.loads(cross) if cross else None)
    points = tx.all(
        "SELECT p.kind, l.code, l.x_dm, l.y_dm FROM tour_point p JOIN location l ON l.warehouse_id = p.warehouse_id"
        " AND l.id = p.location_id WHERE p.warehouse_id = :w ORDER BY p.id"
    )
    named = [(row["kind"], Spot(row["code"], row["x_dm"], row["y_dm"])) for row in points]
    start = next((spot for kind, spot in named if kind == TourEnd.START), None) or _usual_depot(tx)
    drops = tuple(spot for kind, spot in named if kind == TourEnd.DROP) or (start,)
    heavy_from_g = warehouse["heavy_from_g"] if warehouse["tour_order"] == TourOrder.HEAVY_FIRST else 0
    climb_dm, reach_level = warehouse["level_climb_dm"], warehouse["reach_level"]
    return FloorPlan(version, layout, start, drops, climb_dm, reach_level, heavy_from_g)


def _grid(tx: Tx, cross_aisles_y_dm: Sequence[int] | None) -> Layout:
    """The aisles with what holds for them now."""
    layout = infer_layout(storage_spots(tx), cross_aisles_y_dm)
    number_of = {x_dm: aisle for aisle, x_dm in enumerate(layout.aisle_x_dm)}
    one_way = tuple(
        OneWay(number_of[row["x_dm"]], bool(row["is_up"]), row["block"])
        for row in tx.all("SELECT x_dm, is_up, block FROM one_way_aisle WHERE warehouse_id = :w ORDER BY id")
        if row["x_dm"] in number_of  # an import may have moved the racks since
    )
    shut = tx.all(
        "SELECT x_dm, cross_y_dm, from_dm, to_dm FROM closure WHERE warehouse_id = :w AND opened_at_ms IS NULL"
        " AND walkway = '' ORDER BY id"
    )
    closed = tuple(
        Closed(number_of[row["x_dm"]], row["from_dm"], row["to_dm"])
        for row in shut
        if row["cross_y_dm"] is None and row["x_dm"] in number_of
    )
    cross_of = {y_dm: number for number, y_dm in enumerate(layout.cross_aisle_y_dm)}
    closed_cross = tuple(
        ClosedCross(cross_of[row["cross_y_dm"]], row["from_dm"], row["to_dm"])
        for row in shut
        if row["cross_y_dm"] in cross_of
    )
    return replace(layout, one_way=one_way, closed=closed, closed_cross=closed_cross)


def _usual_depot(tx: Tx) -> Spot:
    row = tx.one(
        "SELECT code, x_dm, y_dm FROM location WHERE warehouse_id = :w AND kind IN ('staging', 'dock')"
        " ORDER BY kind DESC, id LIMIT 1"
    )
    return Spot(row["code"], row["x_dm"], row["y_dm"]) if row else Spot("ORIGIN", 0, 0)


def standing(tx: Tx, code: str, field: str) -> int:
    """The place of this name where a cart can stand.

    Raises:
        NotFound: no such place; DomainError: carts do not stand there.
    """
    row = tx.one("SELECT id, kind FROM location WHERE warehouse_id = :w AND code = :code", code=code.strip().upper())
    if row is None:
        raise NotFound("unknown_location", f"no location {code!r}", field)
    if row["kind"] not in _STANDING:
        words = f"{code} is a {row['kind']}; carts stand at a dock, a bench, a lane or a staging place"
        raise DomainError("wrong_kind", words, field)
    return row["id"]
