"""What a wave proposal asks `picking`, and its answer in the words of the floor.

Owns the way from open orders, shifts and measured times to one frozen question, and from the plan back to order
numbers and clock times. Invariant: nothing here writes; the same floor gives the same question.
"""

from __future__ import annotations

import contextlib
import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fulfillment.bootstrap import Floor
from fulfillment.domain.waves import RELEASABLE
from fulfillment.hot import Tx
from fulfillment.services.releasing import picker_shifts, wave_picks, ways, work_times
from fulfillment.services.replenishing.refills_for_orders import OUT_OF_REACH
from fulfillment.services.sorting import put_walls
from fulfillment.services.touring import pick_zones
from fulfillment.services.walking import floor_plan, tour_ends
from fulfillment.services.walking.floor_plan import FloorPlan
from picking import (
    FieldError,
    HandlingTimes,
    LeftOut,
    ModeCost,
    OrderLeftOut,
    PickerShift,
    PickOrder,
    Spot,
    WaveOrder,
    WavePlan,
    WaveProblem,
    handling_times,
    learn,
    plan_wave,
)

CONSIDERED = 2_000
"""So many of the most urgent open orders are looked at; a wave takes 1,000 at most."""

PACK_MS = 15 * 60_000
"""Packing, labelling and loading between the end of a tour and its departure."""

CLOSED_IN = "a closed aisle to be opened"
REFILL = "replenishment"


def waits_for(tx: Tx, known: ways.Known = ways.NOTHING) -> str:
    """SQL of ours about an order `o`: why it cannot be walked for, '' when it can.

    Numbers used in several channels cannot be released by name. `known`: what `ways.look` found before.
    """
    return (
        f"CASE WHEN {OUT_OF_REACH} THEN '{REFILL}' WHEN {ways.behind_closed(tx, known)} THEN '{CLOSED_IN}'"
        " WHEN EXISTS (SELECT 1 FROM sales_order n WHERE n.warehouse_id = o.warehouse_id AND n.number = o.number"
        " AND n.id <> o.id) THEN 'a release by itself: its number exists in several channels' ELSE '' END"
    )


@dataclass(frozen=True)
class _Question:
    problem: WaveProblem
    numbers: dict[str, str]
    units: dict[str, int]
    waiting_ids: list[int]  # orders whose goods must be brought down
    layout_version: int


def answered(floor: Floor, max_orders: int, horizon_ms: int, plan_ms: int, seed: int) -> dict[str, Any]:
    """Read the floor, plan, and say it as JSON: times in ms since 1970, lengths in dm."""
    question = floor.read(lambda tx: _question(tx, floor, max_orders, horizon_ms))
    if question is None:
        return {**_NOTHING, "seed": seed}
    return _said(question, plan_wave(question.problem, plan_ms, seed))


def crew(tx: Tx, horizon_ms: int, times: HandlingTimes) -> tuple[tuple[PickerShift, ...], dict[int, str]]:
    """Pickers on shift with what they have in hand taken off their time, and each operator's name in the plan."""
    shifts = picker_shifts.on_shift(tx, horizon_ms)
    free_ms = _free_ms(tx, shifts, times)
    names: dict[int, str] = {}
    crew: list[PickerShift] = []
    for shift in shifts:
        name = shift["name"] or shift["badge"]
        names[shift["operator_id"]] = f"{name} ({shift['badge']})" if name in names.values() else name
        from_ms = max(shift["from_at_ms"], free_ms[shift["operator_id"]])
        if from_ms < shift["until_at_ms"]:
            breaks = tuple((begin, end) for begin, end in shift["breaks"] if begin >= from_ms)
            crew.append(PickerShift(names[shift["operator_id"]], from_ms, shift["until_at_ms"], breaks))
    return tuple(crew), names


def tours_left(tx: Tx) -> list[Any]:
    """Tours of released waves that are not done: what of each is left to walk and to pick, in the order taken."""
    return tx.all(
        "SELECT t.id, t.wave_id, t.state, t.operator_id, t.cut_off_at_ms, t.distance_dm, COUNT(k.id) AS lines,"
        " COALESCE(MAX(k.walk_left_dm), 0) AS walk_left_dm,"
        " (SELECT COUNT(DISTINCT CASE t.mode WHEN 'batch' THEN -s.position ELSE s.id END) FROM tour_tote s"
        " WHERE s.warehouse_id = t.warehouse_id AND s.tour_id = t.id) AS totes,"
        # All units of a batch: none is sorted before its cart has come to the wall.
        " (SELECT CASE t.mode WHEN 'batch' THEN COALESCE(SUM(CASE u.state WHEN 'open' THEN u.qty_each"
        " ELSE u.done_each END), 0) ELSE 0 END FROM task u WHERE u.warehouse_id = t.warehouse_id"
        " AND u.tour_id = t.id AND u.kind = 'pick') AS sort_each"
        " FROM tour t LEFT JOIN task k ON k.warehouse_id = t.warehouse_id AND k.tour_id = t.id AND k.state = 'open'"
        " WHERE t.warehouse_id = :w AND t.state IN ('planned', 'active')"
        " GROUP BY t.warehouse_id, t.id, t.wave_id, t.state, t.operator_id, t.cut_off_at_ms, t.distance_dm,"
        " t.priority, t.mode"
        " ORDER BY CASE t.state WHEN 'active' THEN 0 ELSE 1 END, t.priority DESC, t.cut_off_at_ms, t.id"
    )


def walk_left_dm(tour: Any) -> int:
    """What of a tour is left to walk; all of it while it is planned."""
    return tour["walk_left_dm"] if tour["state"] == "active" and tour["walk_left_dm"] else tour["distance_dm"]


def _free_ms(tx: Tx, shifts: Sequence[dict[str, Any]], times: HandlingTimes) -> dict[int, int]:
    """When each picker is through with the tours that are released already."""
    free = {shift["operator_id"]: max(tx.now_ms, shift["from_at_ms"]) for shift in shifts}
    if not free:
        return free
    waiting: list[int] = []
    for tour in tours_left(tx):
        set_up_ms = times.set_up_ms(tour["totes"]) if tour["state"] == "planned" else 0
        work_ms = times.walk_ms(walk_left_dm(tour)) + times.pick_ms(tour["lines"], 0) + set_up_ms
        work_ms += tour["sort_each"] * times.sort_each_ms
        if tour["state"] == "active" and tour["operator_id"] in free:
            free[tour["operator_id"]] += work_ms
        elif tour["state"] == "planned":
            waiting.append(work_ms)
    turns = [(at_ms, operator_id) for operator_id, at_ms in free.items()]
    heapq.heapify(turns)
    for work_ms in waiting:
        at_ms, operator_id = heapq.heappop(turns)
        heapq.heappush(turns, (at_ms + work_ms, operator_id))
    return {operator_id: at_ms for at_ms, operator_id in turns}


def _question(tx: Tx, floor: Floor, max_orders: int, horizon_ms: int) -> _Question | None:
    states = ", ".join(f"'{state}'" for state in sorted(RELEASABLE))
    heads = tx.all(
        f"SELECT o.id, o.number, o.cut_off_at_ms, {waits_for(tx)} AS waits_for FROM sales_order o"
        f" WHERE o.warehouse_id = :w AND o.state IN ({states})"
        f" ORDER BY o.priority DESC, o.cut_off_at_ms, o.ordered_at_ms, o.id LIMIT {CONSIDERED}"
    )
    if not heads:
        return None
    picks, units = _picks(tx, [row["id"] for row in heads])
    try:
        plan = floor_plan.at_version(tx, floor.engine)
    except FieldError:
        return None  # no storage location has coordinates: nothing can be promised there either
    rates = learn(work_times.measured(tx))
    times = handling_times(rates)
    pickers, _ = crew(tx, horizon_ms, times)
    zones_of_aisles, hand_overs = zones(tx, plan)
    end = tour_ends.likely(plan, list(picks.values()))[0]
    lost = wave_picks.lost_places(picks.values(), plan)
    orders = tuple(_wave_order(row, picks.get(row["id"]), lost) for row in heads)
    problem = WaveProblem(
        plan.layout, plan.start, end, wave_picks.smallest_cart(tx), orders, pickers, tx.now_ms,
        tx.one("SELECT COUNT(*) AS carts FROM cart WHERE warehouse_id = :w")["carts"], times, rates, PACK_MS,
        horizon_ms, max_orders, put_walls.largest_slots(tx), zones_of_aisles, hand_overs,
    )  # fmt: skip
    waiting_ids = [row["id"] for row in heads if row["waits_for"] == REFILL]
    return _Question(problem, {str(row["id"]): row["number"] for row in heads}, units, waiting_ids, plan.version)


def zones(tx: Tx, plan: FloorPlan) -> tuple[tuple[tuple[int, ...], ...], tuple[Spot, ...]]:
    """The aisles of each zone that takes carts over (on a floor of walkways those), and where; an aisle of two zones is
    priced as the first one's."""
    taken: set[int] = set()
    groups: list[tuple[int, ...]] = []
    hand_overs: list[Spot] = []
    # A cart through several zones keeps no order of its stops, and is no way to pick where they need one.
    for zone in () if plan.heavy_from_g else pick_zones.listed(tx):
        rows = tx.all(
            "SELECT MIN(code) AS code, x_dm, y_dm, level FROM location"
            f" WHERE warehouse_id = :w AND zone = :zone AND {floor_plan.STORAGE}"
            " GROUP BY x_dm, y_dm, level, storey, walk_point_id",
            zone=zone.code,
        )
        spots = [Spot(row["code"], row["x_dm"], row["y_dm"], row["level"]) for row in rows]
        aisles = set(_stretches(plan, spots)) - taken
        if aisles:
            taken |= aisles
            groups.append(tuple(sorted(aisles)))
            hand_overs.append(zone.spot)
    return tuple(groups), tuple(hand_overs)


def _stretches(plan: FloorPlan, spots: Iterable[Spot]) -> Iterator[int]:
    for spot in spots:
        with contextlib.suppress(FieldError):  # no walkway comes near: nobody is sent there
            yield plan.stretch(spot)


def _wave_order(row: Any, picks: PickOrder | None, lost: set[str]) -> WaveOrder:
    picks = picks or PickOrder(str(row["id"]), ())
    if any(line.spot.name in lost for line in picks.lines):
        # A bin between two closed stretches lies in neither of them.
        return WaveOrder(PickOrder(picks.order_id, ()), row["cut_off_at_ms"], row["waits_for"] or CLOSED_IN)
    return WaveOrder(picks, row["cut_off_at_ms"], row["waits_for"])


def _picks(tx: Tx, order_ids: list[int]) -> tuple[dict[int, PickOrder], dict[str, int]]:
    ids = ", ".join(str(order_id) for order_id in order_ids)
    rows = wave_picks.promised(tx, f"o.id IN ({ids})")
    orders, _ = wave_picks.pick_orders(rows)
    units = {order.order_id: sum(line.qty_each for line in order.lines) for order in orders}
    return {int(order.order_id): order for order in orders}, units


_NOTHING: dict[str, Any] = {
    "orders": [], "order_ids": [], "waiting_ids": [], "lines": 0, "units": 0, "tours": [], "distance_dm": 0,
    "mode": None, "modes": [],
    "p50_at_ms": 0, "p90_at_ms": 0, "unfinished_percent": 0, "samples": 0, "at_risk": [], "left_out": [],
    "left_out_counts": {}, "pickers": 0, "solver": "", "gap_percent": 0.0, "reason": "", "seed": 0, "elapsed_ms": 0,
    "layout_version": 0, "picture": "", "summary": "no order waits to be released",
}  # fmt: skip

LEFT_OUT_SHOWN = 200


def _said(question: _Question, plan: WavePlan) -> dict[str, Any]:
    numbers = question.numbers
    counts: dict[str, int] = {}
    for left in plan.left_out:
        counts[left.reason] = counts.get(left.reason, 0) + 1
    schedule = plan.schedule
    waits = {order.order.order_id: order.waits_for for order in question.problem.orders}
    return {
        **_NOTHING,
        "orders": [numbers[order_id] for order_id in plan.order_ids],
        "order_ids": [int(order_id) for order_id in plan.order_ids],
        "waiting_ids": question.waiting_ids,
        "lines": plan.lines,
        "units": sum(question.units[order_id] for order_id in plan.order_ids),
        "tours": [
            {
                "picker": tour.picker, "from_ms": tour.from_ms, "until_ms": tour.until_ms, "late_ms": tour.late_ms,
                "orders": [numbers[order_id] for order_id in tour.batch.order_ids], "lines": tour.lines,
                "distance_dm": tour.batch.distance_dm,
            }
            for tour in plan.tours
        ],
        "distance_dm": plan.distance_dm,
        "mode": None if plan.mode is None else plan.mode.chosen.mode.value,
        "modes": [] if plan.mode is None else [cost_of(cost) for cost in (plan.mode.chosen, *plan.mode.alternatives)],
        "p50_at_ms": plan.forecast.p50_at_ms if plan.tours else 0,
        "p90_at_ms": plan.forecast.p90_at_ms if plan.tours else 0,
        "unfinished_percent": plan.forecast.unfinished_percent,
        "samples": plan.forecast.samples,
        "at_risk": [
            {"due_at_ms": risk.due_at_ms, "p90_at_ms": risk.p90_at_ms, "late_percent": risk.late_percent,
             "tours": risk.tours}
            for risk in plan.forecast.at_risk
        ],
        "left_out": [
            {
                "order": numbers[left.order_id], "reason": left.reason.value,
                "why": _why(left, waits[left.order_id], question.problem.carts),
                "minutes": left.minutes, "words": left.words,
            }
            for left in plan.left_out[:LEFT_OUT_SHOWN]
        ],
        "left_out_counts": counts,
        "pickers": len(plan.pickers),
        "solver": schedule.solver if schedule else "",
        "gap_percent": round(schedule.gap_percent, 2) if schedule else 0.0,
        "reason": schedule.reason if schedule else "",
        "seed": plan.seed, "elapsed_ms": plan.elapsed_ms, "layout_version": question.layout_version,
        "picture": plan.picture() if plan.tours else "",
        "summary": plan.summary(),
    }  # fmt: skip


STAYS = ("goods", "aisle", "itself", "no_lines", "no_cart", "no_picker", "cut_off", "full_wave", "full_time")


def _why(left: OrderLeftOut, waits_for: str, carts: int) -> str:
    """The reason as one of STAYS, which the board has words for."""
    if left.reason is LeftOut.WAITS:
        return {REFILL: "goods", CLOSED_IN: "aisle"}.get(waits_for, "itself")
    if left.reason is LeftOut.NO_PICKER and not carts:
        return "no_cart"
    if left.reason is LeftOut.FULL:
        return "full_time" if left.minutes else "full_wave"
    return left.reason.value


def cost_of(cost: ModeCost) -> dict[str, Any]:
    """A way of picking with the parts of its cost; `why` and, in words, `reason`: why it is not possible."""
    return {
        "mode": cost.mode.value, "why": cost.why or "", "reason": cost.reason, "line_ms": cost.line_ms,
        "total_ms": cost.total_ms,
        "distance_dm": cost.distance_dm, "tours": len(cost.batches), "walk_ms": cost.walk_ms, "pick_ms": cost.pick_ms,
        "set_up_ms": cost.set_up_ms, "sort_ms": cost.sort_ms, "hand_over_ms": cost.hand_over_ms,
        "wait_ms": cost.wait_ms,
    }  # fmt: skip
