"""How long walking, picking, setting up and sorting really took, read from the scans and stops of tours that are done
and from what was put into slots of a wall after them.

Owns no table: what was scanned says it. Refuses nothing; a tour whose scans do not fit together gives fewer samples.
Invariant: a sample lies within one tour of one picker, or one tote of one sorter, and no time is counted in two.

    cart ── set up ──> (last tote) ── walk ──> location ── pick ──> tote ── walk ──> location ── pick ──> …
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from fulfillment.domain.codes import BadCode, parse_own_code
from fulfillment.hot import Tx
from picking import Sample, Work, set_up_units

TOURS_READ = 200
"""The latest tours: what is slower since the racks were moved should not be averaged away."""


def measured(tx: Tx, tours: int = TOURS_READ) -> list[Sample]:
    """Samples of the latest done tours."""
    return [*_on_tours(tx, tours), *_at_walls(tx, tours)]


def _on_tours(tx: Tx, tours: int) -> list[Sample]:
    rows = tx.all(
        "SELECT t.id, t.station_id, t.operator_id, t.claimed_at_ms, t.done_at_ms, (SELECT COUNT(*) FROM tour_tote s"
        " WHERE s.warehouse_id = t.warehouse_id AND s.tour_id = t.id AND s.lpn_id <> 0) AS totes FROM tour t"
        " WHERE t.warehouse_id = :w AND t.state = 'done' AND t.claimed_at_ms IS NOT NULL AND t.done_at_ms IS NOT NULL"
        # Several orders' units are taken at once in a batch, and a cart waits between zones: what one line takes cannot
        # be told from either.
        " AND t.mode NOT IN ('batch', 'zone')"
        f" AND t.station_id IS NOT NULL ORDER BY t.id DESC LIMIT {int(tours)}"
    )
    if not rows:
        return []
    stops = _stops(tx, [row["id"] for row in rows])
    scans = _scans(tx, rows)
    return [sample for row in rows for sample in _of_tour(row, stops[row["id"]], scans[row["station_id"]])]


def _at_walls(tx: Tx, tours: int) -> list[Sample]:
    """The time from put to put of one tote: before the first one its sorter may have waited for it."""
    samples: list[Sample] = []
    last: Any = None
    for put in tx.all(
        "SELECT m.operator_id, m.recorded_at_ms, p.code, SUM(m.qty_each) AS qty_each FROM stock_move m"
        " JOIN lpn p ON p.warehouse_id = m.warehouse_id AND p.id = m.from_lpn_id"
        " WHERE m.warehouse_id = :w AND m.reason = 'sort' AND m.operator_id IS NOT NULL AND m.order_id IN"
        " (SELECT s.order_id FROM tour_tote s WHERE s.warehouse_id = :w AND s.tour_id IN (SELECT t.id FROM tour t"
        " WHERE t.warehouse_id = :w AND t.mode = 'batch' AND t.state = 'done'"
        f" ORDER BY t.id DESC LIMIT {int(tours)}))"
        " GROUP BY m.operator_id, m.recorded_at_ms, m.scan_id, p.code"
        " ORDER BY m.operator_id, m.recorded_at_ms, m.scan_id, p.code"
    ):
        # An order's share of a tote is called as the tote is, with a number.
        tote = put["operator_id"], put["code"].rsplit("/", 1)[0]
        if last is not None and last[0] == tote and put["recorded_at_ms"] > last[1]:
            took_ms = put["recorded_at_ms"] - last[1]
            samples.append(Sample(Work.SORT, put["qty_each"], took_ms, str(put["operator_id"])))
        last = tote, put["recorded_at_ms"]
    return samples


def _stops(tx: Tx, tour_ids: list[int]) -> dict[int, list[Any]]:
    ids = ", ".join(str(int(tour_id)) for tour_id in tour_ids)
    stops: dict[int, list[Any]] = defaultdict(list)
    for row in tx.all(
        "SELECT k.tour_id, k.sequence, k.done_at_ms, k.walk_left_dm, k.done_each, l.code FROM task k JOIN location l"
        " ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id WHERE k.warehouse_id = :w"
        f" AND k.tour_id IN ({ids}) AND k.kind = 'pick' AND k.done_at_ms IS NOT NULL"
        " ORDER BY k.tour_id, k.done_at_ms, k.sequence, k.id"
    ):
        stops[row["tour_id"]].append(row)
    return stops


def _scans(tx: Tx, tours: list[Any]) -> dict[int, list[tuple[int, str]]]:
    """When and what each station scanned that was taken, while these tours were walked."""
    scans: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for row in tx.all(
        "SELECT station_id, recorded_at_ms, code FROM scan WHERE warehouse_id = :w AND recorded_at_ms >= :first"
        " AND recorded_at_ms <= :last AND flow = 'pick' AND rejection = '' ORDER BY recorded_at_ms, id",
        first=min(row["claimed_at_ms"] for row in tours), last=max(row["done_at_ms"] for row in tours),
    ):  # fmt: skip
        scans[row["station_id"]].append((row["recorded_at_ms"], row["code"]))
    return scans


def _of_tour(tour: Any, stops: list[Any], scans: list[tuple[int, str]]) -> list[Sample]:
    mine = [scan for scan in scans if tour["claimed_at_ms"] <= scan[0] <= tour["done_at_ms"]]
    who = str(tour["operator_id"] or "")
    samples: list[Sample] = []
    for at, stop in enumerate(stops):
        since_ms = stops[at - 1]["done_at_ms"] if at else tour["claimed_at_ms"]
        came_ms = next(
            (at_ms for at_ms, code in mine if since_ms < at_ms <= stop["done_at_ms"] and _is(code, stop["code"])), None
        )
        if came_ms is None:
            continue  # the same place as before: nobody walked, and when the pick began is not known
        if at == 0:
            # Nothing but totes is scanned between the cart and the first location.
            ready_ms = max((at_ms for at_ms, _ in mine if at_ms < came_ms), default=since_ms)
            if tour["totes"] and ready_ms > since_ms:
                samples.append(Sample(Work.SET_UP, set_up_units(tour["totes"]), ready_ms - since_ms, who))
        elif leg_dm := _leg_dm(stops, at):
            samples.append(Sample(Work.WALK, leg_dm, came_ms - since_ms, who))
        if stop["done_at_ms"] > came_ms and stop["done_each"]:
            samples.append(Sample(Work.PICK, 1, stop["done_at_ms"] - came_ms, who))
    return samples


def _leg_dm(stops: list[Any], at: int) -> int:
    """The walk to a stop from the one before; 0 when it is not known or was walked out of the planned order."""
    if at + 1 >= len(stops) or any(stops[n]["sequence"] + 1 != stops[n + 1]["sequence"] for n in (at - 1, at)):
        return 0
    return max(0, stops[at]["walk_left_dm"] - stops[at + 1]["walk_left_dm"])


def _is(code: str, location: str) -> bool:
    try:
        own = parse_own_code(code[3:] if code.startswith("]") else code)  # an AIM identifier stands before it
    except BadCode:
        return False
    return code == location if own is None else own == ("L", location)
