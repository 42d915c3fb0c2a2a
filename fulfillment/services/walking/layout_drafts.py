"""The floor's layout as somebody drafts it: aisles moved, cross-aisles, where tours begin and end; new racks.

A draft is stored by the services and imports that own each part, looked at as if it stood (`lists.rehearse`), and kept
only then. Refuses what those refuse, and a draft of a floor that somebody else has changed since. Invariant: looking at
a draft changes nothing.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fulfillment.domain.reasons import Conflict, DomainError
from fulfillment.domain.stock import LocationKind
from fulfillment.hot import Tx
from fulfillment.services.imports import ImportReport, import_locations
from fulfillment.services.lists.bringing import Within
from fulfillment.services.walking import floor_plan
from fulfillment.services.walking.floor_plan import STORAGE, OneWayIn
from picking import FieldError, Spot

MAX_GENERATED = 5_000
DOTS_MOST = 1_500  # points of storage drawn one by one; of a larger floor the aisles say enough
LEAST_PX = 200  # what a drawing needs at least
SHEET_HIGH = 0.7  # how high a sheet is for its width
_STANDING = "('staging', 'dock', 'station', 'ship_lane')"


@dataclass(frozen=True)
class Draft:
    """What is to become of the floor. `version`: of the floor it was drawn on (`version_of`). `aisle_x_dm`: aisle →
    where it is to stand; `places`: code → x, y of a place carts stand at; `cross_aisles_y_dm` None: inferred."""

    version: str
    start: str | None
    drops: tuple[str, ...]
    one_way: tuple[OneWayIn, ...]
    level_climb_dm: int
    reach_level: int
    cross_aisles_y_dm: tuple[int, ...] | None
    aisle_x_dm: Mapping[str, int] = field(default_factory=dict)
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Racks:
    """An aisle of locations to be made: bays along y, a pitch apart, on one or both sides; levels from the floor up.

    Levels from `reserve_from` on (0: none) are reserve. With two sides, odd bays stand left and even ones right of the
    same point.
    """

    aisle: str
    x_dm: int
    first_y_dm: int
    pitch_dm: int
    bays: int
    levels: int
    sides: int = 1
    kind: str = LocationKind.BIN
    reserve_from: int = 0
    zone: str = ""
    capacity_ml: int = 0
    max_weight_g: int = 0
    height_mm: int = 0


@dataclass(frozen=True)
class Looked:
    """A floor looked at: its plan and storage points (None before it has any) and words about what looks wrong."""

    plan: floor_plan.FloorPlan | None
    storage: tuple[Spot, ...]
    words: tuple[str, ...]
    aisles: Mapping[tuple[int, int], str] = field(default_factory=dict)

    def picture(self, width_px: int) -> str:
        """The floor as SVG text for a sheet `width_px` wide and less high; '' before there is any.

        A narrow floor, as one of a single aisle is, fills the sheet's height and not its width: drawn for all of it,
        its dots and names would be specks.
        """
        if self.plan is None:
            return ""
        points = {(spot.x_dm, spot.y_dm) for spot in self.storage}
        storage = self.storage if len(points) <= DOTS_MOST else ()
        text = floor_plan.drawn(self.plan, storage, width_px, self.aisles)
        wide, high = _size(text)
        filled_px = int(width_px * SHEET_HIGH * wide / high)
        return text if filled_px >= width_px else floor_plan.drawn(
            self.plan, storage, max(LEAST_PX, filled_px), self.aisles
        )


def _size(svg: str) -> tuple[float, float]:
    """How wide and how high a picture is, in its own units."""
    found = re.search(r'viewBox="\S+ \S+ (\S+) (\S+)"', svg)
    return (float(found[1]), float(found[2])) if found else (1.0, 1.0)


def look(tx: Tx) -> Looked:
    """The floor as this transaction sees it."""
    storage = tuple(floor_plan.storage_spots(tx))
    try:
        plan = floor_plan.as_written(tx)
    except FieldError as wrong:
        return Looked(None, storage, (wrong.words,))
    return Looked(plan, storage, (*_one_spot(tx), *floor_plan.words_about(plan, storage)), _aisles_at(tx))


def _aisles_at(tx: Tx) -> dict[tuple[int, int], str]:
    """Where each aisle begins → what it is called."""
    rows = tx.all(
        f"SELECT DISTINCT aisle, x_dm, y_dm FROM location WHERE warehouse_id = :w AND {STORAGE} AND aisle <> ''"
        " ORDER BY y_dm DESC, x_dm DESC, aisle"
    )
    begins = {row["aisle"]: (row["x_dm"], row["y_dm"]) for row in rows}
    return {at: aisle for aisle, at in begins.items()}


def given(tx: Tx) -> dict[str, Any]:
    """What a draft starts from: the plan as it was said, the aisles and the places carts stand at."""
    aisles = tx.all(
        "SELECT aisle, MIN(x_dm) AS x_dm, MAX(x_dm) AS last_x_dm, MIN(y_dm) AS low_dm, MAX(y_dm) AS high_dm,"
        f" COUNT(*) AS locations FROM location WHERE warehouse_id = :w AND {STORAGE} GROUP BY aisle"
        " ORDER BY MIN(x_dm), aisle"
    )
    places = tx.all(
        f"SELECT code, kind, x_dm, y_dm FROM location WHERE warehouse_id = :w AND kind IN {_STANDING} ORDER BY code"
    )
    return {
        **floor_plan.said(tx), "cross_aisles_y_dm": floor_plan.cross_aisles(tx),
        "aisles": [dict(row) for row in aisles], "places": [dict(row) for row in places],
    }  # fmt: skip


def version_of(given: Mapping[str, Any]) -> str:
    """Which version of the floor this is: another one when anything is another that a draft could change."""
    parts = {name: value for name, value in given.items() if name not in ("aisles", "places")}
    aisles = [(one["aisle"], one["x_dm"], one["last_x_dm"]) for one in given["aisles"]]
    places = [(one["code"], one["x_dm"], one["y_dm"]) for one in given["places"]]
    said = json.dumps([parts, aisles, places], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def store(tx: Tx, draft: Draft) -> None:
    """Make the floor what the draft says.

    Raises:
        Conflict: `changed_meanwhile`, the floor is not any more what the draft was drawn on;
        DomainError: the first thing the rules of locations or of the floor plan refuse.
    """
    if version_of(given(tx)) != draft.version:
        raise Conflict("changed_meanwhile", "the layout says something else by now")
    moved = [*_moved_aisles(tx, draft.aisle_x_dm), *_moved_places(tx, draft.places)]
    if moved:
        _import(tx, moved)
    if floor_plan.cross_aisles(tx) != (None if draft.cross_aisles_y_dm is None else list(draft.cross_aisles_y_dm)):
        floor_plan.set_cross_aisles(tx, draft.cross_aisles_y_dm)
    floor_plan.set_plan(tx, draft.start, draft.drops, draft.one_way, draft.level_climb_dm, draft.reach_level)


def generated(racks: Racks) -> list[dict[str, Any]]:
    """The locations of an aisle, as rows of a file of locations.

    Raises:
        DomainError: bad_quantity, more or fewer than an aisle has.
    """
    bounds = {
        "bays": (racks.bays, 1, 500), "levels": (racks.levels, 1, 30), "sides": (racks.sides, 1, 2),
        "pitch_dm": (racks.pitch_dm, 1, 1_000),
    }  # fmt: skip
    for name, (value, low, high) in bounds.items():
        if not low <= value <= high:
            raise DomainError("bad_quantity", f"{name}: {low} to {high}", name)
    if racks.bays * racks.levels > MAX_GENERATED:
        raise DomainError("bad_quantity", f"at most {MAX_GENERATED} locations at a time", "bays")
    aisle = racks.aisle.strip().upper()
    rows = []
    for bay in range(1, racks.bays + 1):
        y_dm = racks.first_y_dm + (bay - 1) // racks.sides * racks.pitch_dm
        for level in range(1, racks.levels + 1):
            is_reserve = bool(racks.reserve_from) and level >= racks.reserve_from
            rows.append(
                {
                    "code": f"{aisle}-{bay:02d}-{level}", "kind": "reserve" if is_reserve else racks.kind,
                    "zone": racks.zone, "aisle": aisle, "bay": f"{bay:02d}", "level": level, "x_dm": racks.x_dm,
                    "y_dm": y_dm, "capacity_ml": racks.capacity_ml, "max_weight_g": racks.max_weight_g,
                    "height_mm": racks.height_mm,
                }
            )  # fmt: skip
    return rows


def build(tx: Tx, racks: Racks) -> list[dict[str, Any]]:
    """Make the locations of an aisle.

    Raises:
        DomainError: some are there already, or the rules of locations refuse one.
    """
    rows = generated(racks)
    report = _import(tx, rows)
    if report.created != len(rows):
        there = len(rows) - report.created
        raise DomainError("there_already", f"{there} of {len(rows)} locations of this aisle are there already", "aisle")
    return rows


def _moved_aisles(tx: Tx, aisle_x_dm: Mapping[str, int]) -> Iterable[dict[str, Any]]:
    for aisle, x_dm in aisle_x_dm.items():
        for row in tx.all(
            f"SELECT code, kind, x_dm, y_dm FROM location WHERE warehouse_id = :w AND {STORAGE} AND aisle = :aisle"
            " AND x_dm <> :x ORDER BY code",
            aisle=aisle, x=x_dm,
        ):  # fmt: skip
            yield {"code": row["code"], "kind": row["kind"], "x_dm": x_dm, "y_dm": row["y_dm"]}


def _moved_places(tx: Tx, places: Mapping[str, tuple[int, int]]) -> Iterable[dict[str, Any]]:
    for row in tx.all(f"SELECT code, kind, x_dm, y_dm FROM location WHERE warehouse_id = :w AND kind IN {_STANDING}"):
        x_dm, y_dm = places.get(row["code"], (row["x_dm"], row["y_dm"]))
        if (x_dm, y_dm) != (row["x_dm"], row["y_dm"]):
            yield {"code": row["code"], "kind": row["kind"], "x_dm": x_dm, "y_dm": y_dm}


def _import(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> ImportReport:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    report = import_locations(Within(tx), text.getvalue().encode())
    if not report.is_ok:
        raise DomainError(report.errors[0].reason, report.errors[0].words, report.errors[0].column)
    return report


def _one_spot(tx: Tx) -> Iterable[str]:
    """Locations of two aisles at one point and level: one of them stands elsewhere."""
    for row in tx.all(
        "SELECT MIN(code) AS one, MAX(code) AS other, x_dm, y_dm, level FROM location"
        f" WHERE warehouse_id = :w AND {STORAGE} GROUP BY x_dm, y_dm, level, storey HAVING COUNT(DISTINCT aisle) > 1"
        " ORDER BY x_dm, y_dm, level LIMIT 20"
    ):
        yield (
            f"{row['one']} and {row['other']} stand on one spot"
            f" (x {row['x_dm']} dm, y {row['y_dm']} dm, level {row['level']})"
        )
