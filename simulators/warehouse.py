"""The demo warehouse: a layout generator and the plan the simulated people walk by.

Owns the shape of the floor (two blocks of parallel aisles, three cross-aisles, pick faces below, reserve
above, flow racks in the bays nearest the front, docks, staging, benches, ship lanes) and the locations CSV.
Refuses a size that cannot hold what it is asked to hold. Invariant: the same size gives the same rows,
every code is unique, and every place a layer may be put to can be reached from the front by the cross-
aisles.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

LOCATION_COLUMNS = (
    "code",
    "kind",
    "access",
    "zone",
    "aisle",
    "bay",
    "level",
    "x_dm",
    "y_dm",
    "capacity_ml",
    "max_weight_g",
    "note",
)
KINDS = frozenset({"bin", "reserve", "flow_rack", "staging", "station", "dock", "ship_lane"})
STORAGE_KINDS = frozenset({"bin", "reserve", "flow_rack"})
SHIP_LANES = ("LANE-DOM", "LANE-EU", "LANE-WORLD")

AISLE_PITCH_DM = 35
BAY_DM = 12
CROSS_AISLE_DM = 30
FRONT_DM = 100  # depth of the area before the aisles: docks, staging, benches, lanes

# A bay is 12 dm wide. Pick levels are 6 dm deep and 4 dm high, a reserve level takes one pallet of 10 x 10
# dm, a flow
# lane is 15 dm deep. About five sixths of the space can be used by hand-stacked goods.
PICK_CAPACITY_ML, PICK_WEIGHT_G = 240_000, 250_000
RESERVE_CAPACITY_ML, RESERVE_WEIGHT_G = 900_000, 800_000
FLOW_CAPACITY_ML, FLOW_WEIGHT_G = 360_000, 300_000
PICK_LEVELS = (1, 2)
RESERVE_LEVELS = (3, 4)
SIDES = 2
BLOCKS = 2
FLOW_BAYS = 2  # bays of each aisle, nearest the front, fitted as flow racks on the pick levels
MAX_BAYS_A_SIDE = 24  # two blocks, two sides: 96 bays an aisle, so a bay number has two digits


@dataclass(frozen=True, slots=True)
class FloorLocation:
    code: str
    kind: str
    access: str
    zone: str
    aisle: str
    bay: str
    level: str
    x_dm: int
    y_dm: int
    capacity_ml: int
    max_weight_g: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class WarehouseSize:
    aisles: int = 10
    bays_a_side: int = 5  # along one side of one aisle in one block
    benches: int = 4
    docks: int = 4
    stagings: int = 2

    @property
    def bays(self) -> int:
        return self.aisles * self.bays_a_side * SIDES * BLOCKS

    @property
    def pick_faces(self) -> int:
        return self.bays * len(PICK_LEVELS)

    @property
    def storage_places(self) -> int:
        return self.bays * (len(PICK_LEVELS) + len(RESERVE_LEVELS))


def size_for(
    skus: int, layers: int, volume_ml: int = 0, *, benches: int = 4, docks: int = 4
) -> WarehouseSize:
    """The smallest warehouse of at least ten aisles in which every layer can have a place of its own.

    A quarter more places than layers, because a full place splits a layer in two; twice the volume, because
    bins are never filled to the brim.
    """
    if skus < 1 or layers < skus:
        raise ValueError(f"{layers} layers cannot cover {skus} SKUs: every SKU has at least one")
    a_bay_ml = len(PICK_LEVELS) * PICK_CAPACITY_ML + len(RESERVE_LEVELS) * RESERVE_CAPACITY_ML
    bays = max(
        -(-(skus * 5) // (4 * len(PICK_LEVELS))),
        -(-(layers * 5) // (4 * (len(PICK_LEVELS) + len(RESERVE_LEVELS)))),
        -(-2 * volume_ml // a_bay_ml),
    )
    aisles = max(10, -(-bays // (MAX_BAYS_A_SIDE * SIDES * BLOCKS)))
    if aisles > 99:
        raise ValueError(f"{layers} layers need {aisles} aisles; this generator numbers 99")
    bays_a_side = max(4, -(-bays // (aisles * SIDES * BLOCKS)))
    return WarehouseSize(aisles=aisles, bays_a_side=bays_a_side, benches=benches, docks=docks)


def lay_out(size: WarehouseSize) -> tuple[FloorLocation, ...]:
    if not 1 <= size.aisles <= 99 or not 1 <= size.bays_a_side <= MAX_BAYS_A_SIDE:
        raise ValueError(f"no layout with {size.aisles} aisles of {size.bays_a_side} bays a side")
    rows: list[FloorLocation] = []
    rows.extend(_front(size))
    for aisle in range(1, size.aisles + 1):
        rows.extend(_aisle(aisle, size.bays_a_side))
    return tuple(rows)


def _front(size: WarehouseSize) -> Iterable[FloorLocation]:
    width_dm = size.aisles * AISLE_PITCH_DM

    def place(code: str, kind: str, zone: str, x_dm: int, y_dm: int, note: str = "") -> FloorLocation:
        return FloorLocation(code, kind, "any", zone, "", "", "", x_dm, y_dm, 0, 0, note)

    for n in range(1, size.docks + 1):
        yield place(f"DOCK-{n}", "dock", "DOCK", width_dm * n // (2 * (size.docks + 1)), 5)
    for n, lane in enumerate(SHIP_LANES, start=1):
        yield place(lane, "ship_lane", "SHIP", width_dm // 2 + width_dm * n // (2 * (len(SHIP_LANES) + 1)), 5)
    for n in range(1, size.stagings + 1):
        yield place(f"STAGE-{n}", "staging", "STAGE", width_dm * n // (size.stagings + 1), 85)
    for n in range(1, size.benches + 1):
        yield place(f"BENCH-{n}", "station", "PACK", width_dm * n // (size.benches + 1), 50)


def _aisle(aisle: int, bays_a_side: int) -> Iterable[FloorLocation]:
    x_dm = (aisle - 1) * AISLE_PITCH_DM + AISLE_PITCH_DM // 2
    for block in range(BLOCKS):
        block_y_dm = FRONT_DM + CROSS_AISLE_DM + block * (bays_a_side * BAY_DM + CROSS_AISLE_DM)
        for depth in range(bays_a_side):
            y_dm = block_y_dm + depth * BAY_DM + BAY_DM // 2
            for side in range(SIDES):
                bay = (block * bays_a_side + depth) * SIDES + side + 1
                is_flow = bay <= FLOW_BAYS
                for level in PICK_LEVELS + RESERVE_LEVELS:
                    yield _storage(aisle, bay, level, x_dm, y_dm, is_flow=is_flow)


def _storage(aisle: int, bay: int, level: int, x_dm: int, y_dm: int, *, is_flow: bool) -> FloorLocation:
    if level in RESERVE_LEVELS:
        kind, access, zone, ml, g = "reserve", "any", "RESERVE", RESERVE_CAPACITY_ML, RESERVE_WEIGHT_G
    elif is_flow:
        kind, access, zone, ml, g = "flow_rack", "fifo", "FLOW", FLOW_CAPACITY_ML, FLOW_WEIGHT_G
    else:
        kind, access, zone, ml, g = "bin", "any", "PICK", PICK_CAPACITY_ML, PICK_WEIGHT_G
    code = f"A{aisle:02d}-{bay:02d}-{level}"
    return FloorLocation(
        code, kind, access, zone, f"A{aisle:02d}", f"{bay:02d}", str(level), x_dm, y_dm, ml, g
    )


def zoned(locations: Sequence[FloorLocation], zones: int) -> tuple[FloorLocation, ...]:
    """The same floor in so many zones of neighbouring aisles, Z1 first, each with a place where it takes carts over."""
    aisles = sorted({place.aisle for place in locations if place.kind in STORAGE_KINDS})
    if not 2 <= zones <= len(aisles):
        raise ValueError(f"{zones} zones of {len(aisles)} aisles")
    zone_of = {aisle: f"Z{at * zones // len(aisles) + 1}" for at, aisle in enumerate(aisles)}
    rows = [
        replace(place, zone=zone_of[place.aisle]) if place.kind in STORAGE_KINDS else place for place in locations
    ]
    for zone in dict.fromkeys(zone_of.values()):
        x_dm = min(place.x_dm for place in rows if place.zone == zone)
        rows.append(FloorLocation(f"OVER-{zone}", "staging", "any", "STAGE", "", "", "", x_dm, FRONT_DM, 0, 0))
    return tuple(rows)


def write_zones(path: Path, locations: Sequence[FloorLocation]) -> None:
    """The zones of such a floor in their turn, and where each takes carts over."""
    codes = sorted({place.zone for place in locations if place.kind in STORAGE_KINDS})
    rows = [(code, turn, f"OVER-{code}") for turn, code in enumerate(codes, start=1)]
    _write(path, ("code", "pick_order", "hand_over"), rows)


def write_walkways(points_file: Path, ways_file: Path, locations: Sequence[FloorLocation]) -> None:
    """The same racks as points and walkways: along every aisle and cross-aisle, the one behind the racks from left to
    right only, which no grid of aisles can say, and from everything in the front straight up to the first one.
    """
    cross_y_dm = _cross_aisles(locations)
    aisle_x_dm = sorted({place.x_dm for place in locations if place.kind in STORAGE_KINDS})
    front = [place for place in locations if place.kind not in STORAGE_KINDS]
    points = {place.code: (place.x_dm, place.y_dm) for place in front}
    ways: list[tuple[str, str, str, int]] = []
    for number, y_dm in enumerate(cross_y_dm):
        along = sorted({*aisle_x_dm, *(place.x_dm for place in front if number == 0)})
        names = [_crossing(x_dm, number) for x_dm in along]
        points |= {name: (x_dm, y_dm) for name, x_dm in zip(names, along, strict=True)}
        is_one_way = int(number == len(cross_y_dm) - 1)
        ways += [(f"{one}-{other}", one, other, is_one_way) for one, other in itertools.pairwise(names)]
    for x_dm in aisle_x_dm:
        names = [_crossing(x_dm, number) for number in range(len(cross_y_dm))]
        ways += [(f"{one}-{other}", one, other, 0) for one, other in itertools.pairwise(names)]
    ways += [(f"TO-{place.code}", place.code, _crossing(place.x_dm, 0), 0) for place in front]
    _write(points_file, ("code", "x_dm", "y_dm"), [(code, *at) for code, at in points.items()])
    _write(ways_file, ("code", "from", "to", "is_one_way"), ways)


def _crossing(x_dm: int, cross: int) -> str:
    return f"X{x_dm}C{cross}"


def write_locations(path: Path, locations: Sequence[FloorLocation]) -> None:
    _write(path, LOCATION_COLUMNS, ([getattr(loc, name) for name in LOCATION_COLUMNS] for loc in locations))


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as sheet:
        writer = csv.writer(sheet, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def read_locations(path: Path) -> tuple[FloorLocation, ...]:
    with path.open(encoding="utf-8", newline="") as sheet:
        rows = list(csv.DictReader(sheet))
    return tuple(
        FloorLocation(
            code=row["code"],
            kind=row["kind"],
            access=row.get("access") or "any",
            zone=row.get("zone") or "",
            aisle=row.get("aisle") or "",
            bay=row.get("bay") or "",
            level=row.get("level") or "",
            x_dm=int(row.get("x_dm") or 0),
            y_dm=int(row.get("y_dm") or 0),
            capacity_ml=int(row.get("capacity_ml") or 0),
            max_weight_g=int(row.get("max_weight_g") or 0),
            note=row.get("note") or "",
        )
        for row in rows
    )


def beside(locations: Container[str], code: str) -> str | None:
    """The next bay of the same aisle and level, which is where a hand lands by mistake."""
    aisle, bay, level = code.rsplit("-", 2) if code.count("-") == 2 else ("", "", "")
    if not bay.isdigit():
        return None
    return next((place for step in (1, -1) if (place := f"{aisle}-{int(bay) + step:02d}-{level}") in locations), None)


class FloorPlan:
    """Where every place is, and how far people walk between two of them (not through the racks)."""

    def __init__(self, locations: Iterable[FloorLocation]) -> None:
        self.locations = {loc.code: loc for loc in locations}
        self.cross_aisles_dm = _cross_aisles(self.locations.values())

    def codes(self, *kinds: str) -> tuple[str, ...]:
        return tuple(code for code, loc in self.locations.items() if loc.kind in kinds)

    def access(self, code: str) -> str:
        loc = self.locations.get(code)
        return loc.access if loc else "any"

    def distance_dm(self, here: str, there: str) -> int:
        a, b = self.locations.get(here), self.locations.get(there)
        if a is None or b is None:
            return 0
        across_dm = abs(a.x_dm - b.x_dm)
        if across_dm == 0 or not (a.aisle or b.aisle):
            return across_dm + abs(a.y_dm - b.y_dm)
        return across_dm + min(abs(a.y_dm - y) + abs(y - b.y_dm) for y in self.cross_aisles_dm)


def _cross_aisles(locations: Iterable[FloorLocation]) -> tuple[int, ...]:
    """Centre lines of the cross-aisles: before the first bay, in gaps wider than a bay, behind the last."""
    depths = sorted({loc.y_dm for loc in locations if loc.aisle})
    if not depths:
        return (0,)
    edge_dm = (BAY_DM + CROSS_AISLE_DM) // 2
    between = [(a + b) // 2 for a, b in itertools.pairwise(depths) if b - a > BAY_DM]
    return (depths[0] - edge_dm, *between, depths[-1] + edge_dm)
