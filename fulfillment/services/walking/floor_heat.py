"""Where people go on the floor, and where they are: places by how often somebody was there, people by their last scan.

Only reads. A place is visited when a stop there is made; somebody stands where the place they scanned last is, until
they have not scanned for an hour.
"""

from __future__ import annotations

import re
from collections import Counter
from html import escape
from typing import Any

from sqlalchemy.engine import Engine

from fulfillment.domain.codes import BadCode, parse_own_code
from fulfillment.hot import Tx
from fulfillment.services.walking import floor_plan
from picking import FieldError, Spot, Walkways, draw_layout, draw_walkways, drawn_points

HOUR_MS = 3_600_000
SCANS_READ = 500
_DOT_DM = 4
_SHADES = 5
# A name is this part of the picture's width, or of its height: readable however large the floor is.
_WIDTHS, _HEIGHTS = 60, 40
_BOX = re.compile(r'viewBox="([^"]+)"')


def seen(tx: Tx, engine: Engine, hours: int, width_px: int) -> dict[str, Any]:
    """`svg` ('' before the floor has locations), `people` with their place, `places` by visits, the most first."""
    places = [dict(row) for row in tx.all(_VISITS, since=tx.now_ms - hours * HOUR_MS)]
    people = _people(tx)
    try:
        plan = floor_plan.at_version(tx, engine)
    except FieldError:
        return {"svg": "", "people": people, "places": places[:20]}
    is_grid = not isinstance(plan.layout, Walkways)
    spots = {
        (one["x_dm"], one["y_dm"]) if is_grid else one["location"]: Spot(one["location"], one["x_dm"], one["y_dm"], 0)
        for one in people + places
    }
    if isinstance(plan.layout, Walkways):
        drawn = draw_walkways(plan.layout, [plan.start, *spots.values()], None, width_px)
        at = drawn_points(plan.layout, [plan.start, *spots.values()])
        for one in (*places, *people):
            one["x_dm"], one["y_dm"] = (round(value) for value in at[one["location"]])
    else:
        drawn = draw_layout(plan.layout, [plan.start, *spots.values()], None, width_px)
    marks = "\n".join([*_heat(places), *_standing(people, drawn)])
    return {"svg": drawn.replace("\n</svg>", f"\n{marks}\n</svg>"), "people": people, "places": places[:20]}


def _heat(places: list[dict[str, Any]]) -> list[str]:
    most = max((place["visits"] for place in places), default=0)
    return [
        f'<circle class="heat" cx="{place["x_dm"]}" cy="{-place["y_dm"]}" r="{_DOT_DM}" fill="var(--wrong, #b3261e)"'
        f' fill-opacity="{-(-_SHADES * place["visits"] // most) / _SHADES * 0.8:.2f}">'
        f"<title>{escape(place['location'])}: {place['visits']}</title></circle>"
        for place in places
    ]


def _standing(people: list[dict[str, Any]], drawn: str) -> list[str]:
    left, _, width, height = _box(drawn)
    size = max(width / _WIDTHS, height / _HEIGHTS, _DOT_DM)
    marks = []
    here: Counter[tuple[int, int]] = Counter()
    for person in people:
        x_dm, y_dm = person["x_dm"], -person["y_dm"]
        # Those at one place stand below one another, those at the right edge are named on their left.
        below = here[x_dm, y_dm] * size
        here[x_dm, y_dm] += 1
        is_right = x_dm - left > 0.8 * width
        at, anchor = (x_dm - size, "end") if is_right else (x_dm + size, "start")
        marks.append(
            f'<g class="person"><circle cx="{x_dm}" cy="{y_dm}" r="{size / 2:.1f}" fill="var(--brand, #0f5c5a)"/>'
            f'<text x="{at:.1f}" y="{y_dm + size / 3 + below:.1f}" font-size="{size:.1f}" text-anchor="{anchor}"'
            f' fill="currentColor" stroke="var(--sheet, #fff)" stroke-width="{size / 4:.1f}" paint-order="stroke">'
            f"{escape(person['operator'])}</text></g>"
        )
    return marks


def _box(drawn: str) -> tuple[float, float, float, float]:
    """Left, top, width and height of a picture in its own units; noughts of one that tells none."""
    found = _BOX.search(drawn)
    left, top, width, height = map(float, found[1].split()) if found else (0.0, 0.0, 0.0, 0.0)
    return left, top, width, height


def _people(tx: Tx) -> list[dict[str, Any]]:
    """Whoever has scanned a place within the hour, and which one last."""
    last: dict[str, str] = {}
    at: dict[str, int] = {}
    rows = tx.all(f"{_SCANS} LIMIT {SCANS_READ}", since=tx.now_ms - HOUR_MS)
    for row in rows:
        try:
            own = parse_own_code(row["code"])
        except BadCode:
            continue
        if own is not None and own[0] == "L" and row["operator"] not in last:
            last[row["operator"]], at[row["operator"]] = own[1], row["recorded_at_ms"]
    found = []
    for operator, code in last.items():
        place = tx.one("SELECT x_dm, y_dm FROM location WHERE warehouse_id = :w AND code = :code", code=code)
        if place is not None and place["x_dm"] is not None:
            found.append({"operator": operator, "location": code, "x_dm": place["x_dm"], "y_dm": place["y_dm"],
                          "since_ms": tx.now_ms - at[operator]})  # fmt: skip
    return sorted(found, key=lambda one: one["operator"])


# The places above one another are one point of the floor.
_VISITS = (
    "SELECT MIN(l.code) AS location, l.x_dm, l.y_dm, COUNT(*) AS visits FROM task k"
    " JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
    " WHERE k.warehouse_id = :w AND k.state IN ('done', 'short') AND k.done_at_ms >= :since AND l.x_dm IS NOT NULL"
    " GROUP BY l.x_dm, l.y_dm, l.storey, l.walk_point_id ORDER BY visits DESC, location"
)
_SCANS = (
    "SELECT c.code, c.recorded_at_ms, COALESCE(NULLIF(o.name, ''), o.badge) AS operator FROM scan c JOIN operator o"
    " ON o.warehouse_id = c.warehouse_id AND o.id = c.operator_id WHERE c.warehouse_id = :w"
    " AND c.recorded_at_ms >= :since AND c.rejection = '' ORDER BY c.id DESC"
)
