"""The floor as walkways, where it is no grid of aisles: points, ways between them, stairs and lifts.

Owns `walk_point` and `walkway`. While there is a walkway on a storey, walks are planned on them and not on aisles;
without one the floor is what its locations' coordinates say. Refuses two points on one spot, a way to a point that is
not there, one between storeys that says neither how long it takes nor how far it is. Invariant: what is stored makes a
floor; whether everything on it can be reached is said in words by `floor_plan`, as a floor is measured piece by piece.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.hot import Tx
from picking import Spot, Walkways, closed_on

if TYPE_CHECKING:
    from picking import Climb, FloorGraph, Walkway

WALKING_MM_PER_S = 1200
FARTHEST_DM = 1_000_000
HIGHEST_STOREY = 99
LONGEST_S = 3_600
MAX_CODE = 30

_POINT = {"x_dm": 0, "y_dm": 0, "storey": 0}
_WAY: dict[str, Any] = {"from": "", "to": "", "length_dm": None, "takes_s": None, "is_one_way": 0}
_WAYS = (
    "SELECT w.id, w.code, a.code AS one, b.code AS other, a.storey AS one_storey, b.storey AS other_storey,"
    " w.length_dm, w.takes_s, w.is_one_way FROM walkway w"
    " JOIN walk_point a ON a.warehouse_id = w.warehouse_id AND a.id = w.from_point_id"
    " JOIN walk_point b ON b.warehouse_id = w.warehouse_id AND b.id = w.to_point_id WHERE w.warehouse_id = :w"
)


def are_there(tx: Tx) -> bool:
    """Whether this floor is given as walkways. Stairs alone are none: nothing stands along them."""
    return tx.one(f"{_WAYS} AND a.storey = b.storey LIMIT 1") is not None


def put_point(tx: Tx, code: str, values: Mapping[str, Any]) -> str:
    """Describe a point; what came of it: created, updated, unchanged. Judged by `wrong_points` once all are described:
    a row of points that is moved along stands on its own old spots meanwhile.
    """
    known = tx.one("SELECT * FROM walk_point WHERE warehouse_id = :w AND code = :code", code=code)
    before = _POINT if known is None else {column: known[column] for column in _POINT}
    after = {**before, **values}
    if known is not None and after == before:
        return "unchanged"
    if known is None:
        tx.add("walk_point", code=code, **after)
        return "created"
    tx.put(
        "UPDATE walk_point SET x_dm = :x_dm, y_dm = :y_dm, storey = :storey WHERE warehouse_id = :w AND id = :id",
        id=known["id"], **after,
    )  # fmt: skip
    return "updated"


def wrong_points(tx: Tx) -> dict[str, DomainError]:
    """By code, what is wrong with a point: another stands on its spot, or a way there leads to another storey without
    saying how.
    """
    wrong: dict[str, DomainError] = {}
    on_spot: dict[tuple[int, int, int], list[str]] = {}
    for row in tx.all("SELECT code, x_dm, y_dm, storey FROM walk_point WHERE warehouse_id = :w ORDER BY id"):
        on_spot.setdefault((row["x_dm"], row["y_dm"], row["storey"]), []).append(row["code"])
    for (x_dm, y_dm, storey), codes in on_spot.items():
        for code in codes if len(codes) > 1 else ():
            other = next(one for one in codes if one != code)
            words = f"{code} and {other} are on one spot ({x_dm}, {y_dm} dm, {storey})"
            wrong[code] = DomainError("same_place", words, "code")
    for way in tx.all(f"{_WAYS} AND a.storey <> b.storey ORDER BY w.code"):
        try:
            _check_climb(way["code"], way, way["one_storey"], way["other_storey"], "storey")
        except DomainError as error:
            wrong |= {code: error for code in (way["one"], way["other"]) if code not in wrong}
    return wrong


def put_walkway(tx: Tx, code: str, values: Mapping[str, Any]) -> str:
    """Describe a walkway; what came of it: created, updated, unchanged. `from` and `to` are codes of points.

    Raises:
        NotFound: no such point; DomainError: both ends are one point, or it leads to another storey without saying how.
    """
    known = tx.one(f"{_WAYS} AND w.code = :code", code=code)
    before = _WAY if known is None else {
        "from": known["one"], "to": known["other"], **{name: known[name] for name in ("length_dm", "takes_s")},
        "is_one_way": known["is_one_way"],
    }  # fmt: skip
    after = {**before, **values}
    if known is not None and after == before:
        return "unchanged"
    one, other = _point(tx, after["from"], "from"), _point(tx, after["to"], "to")
    if one["id"] == other["id"]:
        raise DomainError("same_place", f"{code} leads from {after['from']} to itself", "to")
    _check_climb(code, after, one["storey"], other["storey"], "takes_s")
    columns = {
        "from_point_id": one["id"], "to_point_id": other["id"], "length_dm": after["length_dm"],
        "takes_s": after["takes_s"], "is_one_way": after["is_one_way"],
    }  # fmt: skip
    if known is None:
        tx.add("walkway", code=code, **columns)
        return "created"
    sets = ", ".join(f"{column} = :{column}" for column in columns)
    tx.put(f"UPDATE walkway SET {sets} WHERE warehouse_id = :w AND id = :id", id=known["id"], **columns)
    return "updated"


def remove(tx: Tx, table: str, row_id: int) -> None:
    """Take a point or a walkway away; a way that was closed is forgotten as such."""
    if table == "walkway":
        tx.put(
            "UPDATE closure SET opened_at_ms = :now WHERE warehouse_id = :w AND opened_at_ms IS NULL AND walkway ="
            " (SELECT code FROM walkway WHERE warehouse_id = :w AND id = :id)",
            id=row_id, now=tx.now_ms,
        )  # fmt: skip
    tx.put(f"DELETE FROM {table} WHERE warehouse_id = :w AND id = :id", id=row_id)


def point_id(tx: Tx, code: str) -> int | None:
    """The number of the point of this name."""
    row = tx.one("SELECT id FROM walk_point WHERE warehouse_id = :w AND code = :code", code=code)
    return None if row is None else row["id"]


def called(tx: Tx, code: str) -> bool:
    """Whether there is a walkway of this name."""
    return tx.one("SELECT 1 FROM walkway WHERE warehouse_id = :w AND code = :code", code=code) is not None


def refuse_on_walkways(tx: Tx, what: str, field: str) -> None:
    """Raises Conflict on a floor of walkways, for what only a grid of aisles can do."""
    if are_there(tx):
        raise Conflict("no_grid", f"{what}: this floor is made of walkways, not of aisles", field)


def floor(tx: Tx) -> Walkways | None:
    """The floor's walkways as they may be walked now; None where it is a grid of aisles."""
    rows = tx.all(f"{_WAYS} ORDER BY w.id")
    if not rows:
        return None
    if not any(row["one_storey"] == row["other_storey"] for row in rows):
        return None
    shut = tx.all(
        "SELECT DISTINCT walkway FROM closure WHERE warehouse_id = :w AND opened_at_ms IS NULL AND walkway <> ''"
    )
    codes = {row["walkway"] for row in shut}
    whole, way_of = _graph(tx, rows)
    closed = [row for row in rows if row["code"] in codes]
    if not closed:
        return Walkways(whole, _standing(tx))
    pairs = tuple((row["one"], row["other"]) for row in closed)
    return Walkways(closed_on(whole, [way_of[row["code"]] for row in closed]), _standing(tx), whole, pairs)


def _graph(tx: Tx, rows: Sequence[Any]) -> tuple[FloorGraph, dict[str, Walkway | Climb]]:
    """The floor with nothing closed, and by code what a row became of it."""
    # Not at the top: what measures a graph is an import no floor of aisles needs.
    from picking import Climb, FloorGraph, Node, Walkway

    points = tx.all("SELECT code, x_dm, y_dm, storey FROM walk_point WHERE warehouse_id = :w ORDER BY id")
    nodes = tuple(Node(point["code"], point["x_dm"], point["y_dm"], point["storey"]) for point in points)
    way_of: dict[str, Walkway | Climb] = {}
    for row in rows:
        is_one_way = bool(row["is_one_way"])
        if row["one_storey"] == row["other_storey"]:
            length_dm = row["length_dm"] if row["takes_s"] is None else row["takes_s"] * WALKING_MM_PER_S // 100
            way_of[row["code"]] = Walkway(row["one"], row["other"], length_dm, is_one_way)
            continue
        ms = _climb_ms(row)
        is_up = row["one_storey"] < row["other_storey"]
        lower, upper = (row["one"], row["other"]) if is_up else (row["other"], row["one"])
        way_of[row["code"]] = Climb(lower, upper, ms if is_up or not is_one_way else None,
                                    ms if not is_up or not is_one_way else None)  # fmt: skip
    ways = tuple(way for way in way_of.values() if isinstance(way, Walkway))
    climbs = tuple(way for way in way_of.values() if isinstance(way, Climb))
    return FloorGraph(nodes, ways, climbs, WALKING_MM_PER_S), way_of


def _climb_ms(row: Any) -> int:
    if row["takes_s"] is not None:
        return row["takes_s"] * 1000
    # As long as walking it would take, to the ms above: it is counted as that walk again.
    return -(-row["length_dm"] * 100_000 // WALKING_MM_PER_S)


def _standing(tx: Tx) -> dict[str, Spot]:
    """By code, where each location is reached from."""
    return {
        row["code"]: Spot(row["code"], row["x_dm"], row["y_dm"], row["storey"])
        for row in tx.all(
            "SELECT l.code, COALESCE(p.x_dm, l.x_dm) AS x_dm, COALESCE(p.y_dm, l.y_dm) AS y_dm,"
            " COALESCE(p.storey, l.storey) AS storey FROM location l LEFT JOIN walk_point p"
            " ON p.warehouse_id = l.warehouse_id AND p.id = l.walk_point_id WHERE l.warehouse_id = :w"
        )
    }


def _point(tx: Tx, code: str, field: str) -> Any:
    row = tx.one("SELECT id, storey FROM walk_point WHERE warehouse_id = :w AND code = :code", code=code)
    if row is None:
        raise NotFound("unknown_point", f"no point {code!r}", field)
    return row


def _check_climb(code: str, way: Any, one_storey: int, other_storey: int, field: str) -> None:
    if one_storey != other_storey and way["length_dm"] is None and way["takes_s"] is None:
        words = f"{code} leads from storey {one_storey} to {other_storey}: say how many seconds it takes, or how far"
        raise DomainError("no_length", words, field)
    if one_storey != other_storey and way["takes_s"] is None and _climb_ms(way) > 1000 * LONGEST_S:
        raise DomainError("out_of_range", f"{code} is {way['length_dm']} dm of stairs: an hour at most", "length_dm")
