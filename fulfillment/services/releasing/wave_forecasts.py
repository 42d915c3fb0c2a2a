"""When released waves will be done: simulated anew in the planner while they are walked, read by the board.

Owns one row for each wave under way. Invariant: no request waits for a simulation; what the board shows is never
older than the planner's round, and goes when its wave is done.
"""

from __future__ import annotations

from typing import Any

from fulfillment.bootstrap import Floor
from fulfillment.hot import Tx
from fulfillment.services.releasing import picker_shifts, wave_questions, work_times
from picking import FieldError, Forecast, ForecastProblem, PickerShift, Rates, TourLeft, forecast, learn

HORIZON_MS = 12 * 3_600_000
EVERY_MS = 30_000
AT_WALL = "at the wall"
NOT_MOVED_MS = 20_000
"""A forecast that moved by less is left as it is: writing it would wake every board for nothing."""


def refresh(floor: Floor) -> int:
    """Simulate what is left of every released wave; how many forecasts changed."""
    if not floor.read(_is_due):
        return 0
    tours, pickers, rates, now_ms = floor.read(work_left)
    by_wave: dict[int, tuple[int, int, int]] = {}
    for wave_id in dict.fromkeys(tour["wave_id"] for tour in tours):
        # What was released before is walked before it: a wave ends when its own last tour does.
        upto = max(at for at, tour in enumerate(tours) if tour["wave_id"] == wave_id) + 1
        found = when_done(tours[:upto], pickers, rates, now_ms, seed=wave_id)
        mine = sum(tour["wave_id"] == wave_id and tour["state"] != AT_WALL for tour in tours)
        by_wave[wave_id] = (mine, found.p50_at_ms, found.p90_at_ms) if found else (mine, 0, 0)
    return floor.writer.write(lambda tx: _store(tx, by_wave))


def listed(tx: Tx) -> list[dict[str, Any]]:
    """Released waves with tours left, and when they will be done; 0 = nobody on shift would finish them."""
    rows = tx.all(
        "SELECT f.wave_id AS wave, f.tours_left, f.p50_at_ms, f.p90_at_ms, f.made_at_ms FROM wave_forecast f"
        " JOIN wave v ON v.warehouse_id = f.warehouse_id AND v.id = f.wave_id"
        " WHERE f.warehouse_id = :w AND v.state = 'released' ORDER BY f.wave_id"
    )
    return [dict(row) for row in rows]


def _is_due(tx: Tx) -> bool:
    row = tx.one(
        "SELECT (SELECT COUNT(*) FROM wave v WHERE v.warehouse_id = :w AND v.state = 'released') AS released,"
        " (SELECT COUNT(*) FROM wave_forecast f WHERE f.warehouse_id = :w) AS known,"
        " (SELECT COALESCE(MIN(f.made_at_ms), 0) FROM wave_forecast f WHERE f.warehouse_id = :w) AS oldest"
    )
    return bool(row["released"] != row["known"] or (row["known"] and row["oldest"] + EVERY_MS <= tx.now_ms))


def work_left(tx: Tx) -> tuple[list[Any], tuple[PickerShift, ...], Rates, int]:
    """Tours of released waves that are not done, who picks, how fast, and the time it is."""
    walked = [tour for tour in wave_questions.tours_left(tx) if tour["wave_id"] is not None]
    tours = [*_at_wall(tx), *walked] if walked else []
    rates = learn(work_times.measured(tx)) if tours else Rates()
    shifts = picker_shifts.on_shift(tx, HORIZON_MS)
    pickers = tuple(
        PickerShift(str(shift["operator_id"]), shift["from_at_ms"], shift["until_at_ms"], tuple(shift["breaks"]))
        for shift in shifts
    )
    return tours, pickers, rates, tx.now_ms


def _at_wall(tx: Tx) -> list[Any]:
    """What stands at a wall to be sorted, of each wave that still has tours: work as that of a tour without a walk."""
    return [
        {
            "id": f"wall {row['wave_id']}", "wave_id": row["wave_id"], "state": AT_WALL, "operator_id": None,
            "distance_dm": 0, "walk_left_dm": 0, "lines": 0, "totes": 0, "sort_each": row["sort_each"],
        }
        for row in tx.all(
            "SELECT t.wave_id, SUM(b.on_hand_each) AS sort_each FROM wave v JOIN tour t"
            " ON t.warehouse_id = v.warehouse_id AND t.wave_id = v.id AND t.mode = 'batch' AND t.state = 'done'"
            " JOIN tour_tote s ON s.warehouse_id = t.warehouse_id AND s.tour_id = t.id"
            " JOIN lpn p ON p.warehouse_id = s.warehouse_id AND p.id = s.lpn_id AND p.kind = 'share'"
            " AND p.order_id = s.order_id JOIN stock_balance b ON b.warehouse_id = p.warehouse_id AND b.lpn_id = p.id"
            " WHERE v.warehouse_id = :w AND v.state = 'released' AND EXISTS (SELECT 1 FROM tour n"
            " WHERE n.warehouse_id = v.warehouse_id AND n.wave_id = v.id AND n.state <> 'done')"
            " GROUP BY t.wave_id HAVING SUM(b.on_hand_each) > 0 ORDER BY t.wave_id"
        )
    ]  # fmt: skip


def when_done(
    tours: list[Any], pickers: tuple[PickerShift, ...], rates: Rates, now_ms: int, seed: int,
    more: tuple[TourLeft, ...] = (),
) -> Forecast | None:  # fmt: skip
    """When these tours, and `more` after them, will have been walked; None: nobody is on shift."""
    names = {picker.name for picker in pickers}
    left = tuple(
        TourLeft(
            str(tour["id"]), wave_questions.walk_left_dm(tour), tour["lines"],
            tour["totes"] if tour["state"] == "planned" else 0,
            picker=str(tour["operator_id"]) if str(tour["operator_id"]) in names else "", sort_each=tour["sort_each"],
        )
        for tour in tours
    )  # fmt: skip
    try:
        return forecast(ForecastProblem((*left, *more), pickers, now_ms, rates), seed)
    except FieldError:
        return None  # nobody is on shift


def _store(tx: Tx, by_wave: dict[int, tuple[int, int, int]]) -> int:
    known = {
        row["wave_id"]: row
        for row in tx.all("SELECT wave_id, tours_left, p50_at_ms, p90_at_ms FROM wave_forecast WHERE warehouse_id = :w")
    }
    for wave_id in known.keys() - by_wave.keys():
        tx.put("DELETE FROM wave_forecast WHERE warehouse_id = :w AND wave_id = :wave", wave=wave_id)
    changed = 0
    for wave_id, (tours_left, p50_at_ms, p90_at_ms) in by_wave.items():
        row = known.get(wave_id)
        if row is None:
            tx.insert("wave_forecast", wave_id=wave_id, tours_left=tours_left, p50_at_ms=p50_at_ms,
                      p90_at_ms=p90_at_ms, made_at_ms=tx.now_ms)  # fmt: skip
            changed += 1
            continue
        moved = abs(row["p50_at_ms"] - p50_at_ms) + abs(row["p90_at_ms"] - p90_at_ms) > NOT_MOVED_MS
        changed += moved
        tx.put(
            "UPDATE wave_forecast SET tours_left = :left, p50_at_ms = :p50, p90_at_ms = :p90, made_at_ms = :now"
            " WHERE warehouse_id = :w AND wave_id = :wave",
            wave=wave_id, left=tours_left, p50=p50_at_ms if moved else row["p50_at_ms"],
            p90=p90_at_ms if moved else row["p90_at_ms"], now=tx.now_ms,
        )  # fmt: skip
    return changed
