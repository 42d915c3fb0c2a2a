"""Orders on their way: cumulative flow, the process map, and which lane holds the others up.

Reads what `flow_histories` tells and owns nothing. An order comes to a lane when it is released (pick), set down at a
wall as part of a batch (sort), set down at staging or all in its slot (pack), closed in its last parcel (ship), and
leaves it at the next of these, or on the truck. Parcels that wait for their truck are nobody's delay: without anybody
loading, ship holds nothing up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from fulfillment.domain.bottleneck import (
    Finding,
    LaneFlow,
    LaneLog,
    Spell,
    Visit,
    find,
    measure,
    paced,
    queue_percents,
)
from fulfillment.domain.flow import ORDER_LANES, Boundary, Lane, Life, Little, cumulative, judge, little
from fulfillment.domain.process_map import Activity, ProcessMap
from fulfillment.domain.reasons import DomainError
from fulfillment.hot import Tx
from fulfillment.services.figures import flow_histories, flow_words
from fulfillment.services.figures.flow_histories import Told
from fulfillment.services.figures.flow_period import OF_ORDERS, Period, moments
from fulfillment.services.figures.flow_targets import targets
from fulfillment.services.releasing import movable
from fulfillment.services.releasing.movable import FLOW_OF

WINDOW_MIN = 30
WINDOWS_MIN = (10, 240)
# A loader's or sorter's scans further apart than this are two pieces of work.
SCANNING_GAP_MS = 5 * 60_000
SIGNED_IN_MS = 2 * 3_600_000


def cumulative_flow(tx: Tx, period: Period, step: str) -> dict[str, Any]:
    """How many orders had passed each boundary at the end of each step; the first line begins with who was here.

    Raises:
        DomainError: `bad_step`; `bad_filter`, as an order is picked by several people in several zones.
    """
    period.only(OF_ORDERS, "cumulative flow")
    at_ms = moments(period, step)
    rows, left_out = flow_histories.present(tx, period)
    lives = [told.life for told in flow_histories.tell(tx, rows)]
    zone = period.calendar.zone
    points = [
        {
            "at": datetime.fromtimestamp(passed.at_ms / 1000, zone).isoformat(timespec="seconds"),
            "at_ms": passed.at_ms,
            **{boundary.value: orders for boundary, orders in zip(Boundary, passed.orders, strict=True)},
            "wip": passed.wip,
        }
        for passed in cumulative(lives, at_ms)
    ]
    law = little(((life.passed()[0] or life.arrived_ms, life.left_ms) for life in lives), period.from_ms,
                 period.until_ms)  # fmt: skip
    return {**period.shown(), "step": step, "points": points, "little": _little(law), "left_out": left_out}


def process_map(tx: Tx, period: Period) -> dict[str, Any]:
    """What the orders that left in the period went through, and how long each arrow took.

    Raises:
        DomainError: `bad_filter`.
    """
    period.only(OF_ORDERS, "the process map")
    rows, left_out = flow_histories.leaving(tx, period)
    drawn = ProcessMap()
    for told in flow_histories.tell(tx, rows):
        drawn.add(told.history)
    stage_targets = targets(tx)
    arrows = [
        {
            "from": arrow.source.value, "to": arrow.target.value, "count": arrow.count, "is_rework": arrow.is_rework,
            **{
                f"{name}_{part}_ms": getattr(spread, part)
                for name, spread in (("total", arrow.total), ("wait", arrow.wait), ("work", arrow.work))
                for part in ("p50", "p85", "p95")
            },
            "target_ms": arrow.target_ms, "in_time": arrow.in_time,
        }
        for arrow in drawn.arrows(stage_targets)
    ]  # fmt: skip
    passages = sum(arrow["count"] for arrow in arrows)
    back = sum(arrow["count"] for arrow in arrows if arrow["is_rework"])
    return {
        **period.shown(), "orders": drawn.orders, "left_out": left_out, "activities": _activities(arrows),
        "arrows": arrows, "rework": {"numerator": back, "denominator": passages}, "targets_ms": stage_targets,
    }  # fmt: skip


def bottleneck(tx: Tx, period: Period, window_min: int = WINDOW_MIN, pace: float = 1.0) -> dict[str, Any]:
    """Each lane over the last `window_min` minutes of the period, and in words which one holds the others up.

    Of some orders only (a channel, a carrier) it says where they came, went and wait, and no more: the same people
    work for all orders, so what a lane can do and which one is tightest is not theirs.

    `pace`: how many times faster than its clock this floor lives, of a simulated one; all durations in the answer are
    then as such people feel them.

    Raises:
        DomainError: a window out of bounds; `bad_filter`.
    """
    period.only(OF_ORDERS, "the bottleneck")
    if not WINDOWS_MIN[0] <= window_min <= WINDOWS_MIN[1]:
        raise DomainError("bad_window", f"{WINDOWS_MIN[0]} to {WINDOWS_MIN[1]} minutes", "minutes")
    window = replace(period, from_ms=period.until_ms - round(window_min * 60_000 / pace))
    rows, left_out = flow_histories.released(tx, window)
    until_ms = window.from_ms + window_min * 60_000
    logs = [
        paced(log, window.from_ms, pace)
        for log in _logs(tx, list(flow_histories.tell(tx, rows)), window, round(SCANNING_GAP_MS / pace))
    ]
    flows = [measure(log, window.from_ms, until_ms) for log in logs]
    is_open = any(flow.people for flow in flows) or window.calendar.is_open(window.until_ms - 1)
    # Before opening every queue is one nobody works at, and nobody should.
    is_part = bool(period.filters)
    finding = find([
        flow for flow in flows if is_open and not is_part and (flow.people or flow.lane != Lane.SHIP)
    ])  # fmt: skip
    shares = queue_percents(flows)
    laws = {
        log.lane: little(((visit.came_ms, visit.left_ms) for visit in log.visits), window.from_ms, until_ms)
        for log in logs
    }
    who = _who(tx, finding, window)
    return {
        **window.shown(), "minutes": window_min, "lane": None if finding.lane is None else finding.lane.lane,
        "behind": None if finding.behind is None else finding.behind.lane,
        "is_open": is_open, "holds_up": finding.holds_up, "move": _move(finding), "who": who,
        "is_part": is_part, "words": _words(finding, window_min, is_open, is_part, who),
        "lanes": [
            {**_lane(flow, shares[flow.lane], laws[flow.lane]), **(dict.fromkeys(_OF_PEOPLE) if is_part else {})}
            for flow in flows
        ],
        "left_out": left_out,
    }  # fmt: skip


_OF_PEOPLE = (
    "people", "busy_ms", "starved_ms", "can_per_hour", "busy_percent", "starved_percent", "load_percent",
)  # fmt: skip


def _words(
    finding: Finding, window_min: int, is_open: bool, is_part: bool, who: Mapping[str, Any] | None
) -> str:
    if is_part:
        return flow_words.PART
    if not is_open:
        return flow_words.CLOSED
    return " ".join(filter(None, (flow_words.bottleneck(finding, window_min), flow_words.whom(who))))


def _who(tx: Tx, finding: Finding, window: Period) -> dict[str, Any] | None:
    """Who could be moved or sent, of those who are there now; None where nobody is to be, or of a time that is over."""
    if finding.lane is None or not finding.holds_up or not _is_now(tx, window):
        return None
    if finding.change is None and finding.lane.people:
        return None
    return movable.whom(tx, Lane(finding.lane.lane), None if finding.change is None else Lane(finding.change.source))


def _is_now(tx: Tx, window: Period) -> bool:
    return tx.now_ms - window.until_ms < 60_000


def _logs(tx: Tx, orders: Sequence[Told], window: Period, gap_ms: int) -> list[LaneLog]:
    visits: dict[Lane, list[Visit]] = {lane: [] for lane in ORDER_LANES}
    tours: dict[tuple[int, int], Spell] = {}
    boxes: list[Spell] = []
    for told in orders:
        _visit(told, visits)
        for tour, operator, claimed_ms, done_ms in told.tours:
            if operator is not None and claimed_ms is not None:
                tours[tour, operator] = Spell(operator, claimed_ms, done_ms)
        # A bench is one packer, whoever is signed in there.
        boxes += [Spell(bench, begun_ms, closed_ms) for bench, begun_ms, closed_ms in told.boxes]
    has_wall = bool(visits[Lane.SORT]) or tx.one("SELECT 1 FROM put_wall WHERE warehouse_id = :w LIMIT 1") is not None
    spells = {Lane.PICK: list(tours.values()), Lane.PACK: boxes, Lane.SHIP: _scanning(tx, window, Lane.SHIP, gap_ms)}
    if has_wall:
        spells[Lane.SORT] = _scanning(tx, window, Lane.SORT, gap_ms)
    there = _people(tx, window)
    return [LaneLog(lane, visits[lane], spells[lane], there[lane]) for lane in ORDER_LANES if lane in spells]


def _visit(told: Told, visits: dict[Lane, list[Visit]]) -> None:
    life: Life = told.life
    _, released_ms, picked_ms, packed_ms, left_ms = life.passed()
    walks = [walk.began_ms for walk in told.history.walks if walk.began_ms is not None]
    boxes = [begun_ms for _, begun_ms, _ in told.boxes]
    if life.released_ms is not None and released_ms is not None:
        visits[Lane.PICK].append(Visit(released_ms, min(walks, default=None), picked_ms))
    if life.picked_ms is not None and picked_ms is not None:
        ready_ms: int | None = picked_ms
        if told.goes_by_wall:
            ready_ms = packed_ms if told.sorted_ms is None else told.sorted_ms
            begun_ms = min((act.began_ms for act in told.history.sorts), default=None)
            visits[Lane.SORT].append(Visit(picked_ms, begun_ms, ready_ms))
        if ready_ms is not None:
            visits[Lane.PACK].append(Visit(ready_ms, min(boxes, default=None), packed_ms))
    if life.packed_ms is not None and packed_ms is not None:
        loaded_ms = left_ms if told.loaded_ms is None else told.loaded_ms
        visits[Lane.SHIP].append(Visit(packed_ms, None, loaded_ms))


def _scanning(tx: Tx, window: Period, lane: Lane, gap_ms: int) -> list[Spell]:
    """Work nobody says the beginning and end of: from scan to scan of one person."""
    spells: list[Spell] = []
    for row in tx.all(
        "SELECT operator_id, recorded_at_ms FROM scan WHERE warehouse_id = :w AND recorded_at_ms >= :from"
        " AND recorded_at_ms < :until AND flow = :flow AND operator_id IS NOT NULL ORDER BY operator_id,"
        " recorded_at_ms, id",
        flow=FLOW_OF[lane], **{"from": window.from_ms - gap_ms, "until": window.until_ms},
    ):
        last = spells[-1] if spells else None
        at_ms = row["recorded_at_ms"]
        if last is not None and last.operator == row["operator_id"] and at_ms - (last.ended_ms or 0) <= gap_ms:
            spells[-1] = Spell(last.operator, last.began_ms, at_ms)
        else:
            spells.append(Spell(row["operator_id"], at_ms, at_ms))
    return spells


def _people(tx: Tx, window: Period) -> dict[Lane, frozenset[int]]:
    """Who is signed in to a lane's flow; nobody when the window has ended long ago."""
    rows: Iterable[Any] = []
    if _is_now(tx, window):
        rows = tx.all(
            "SELECT station_id, operator_id, flow FROM dialogue WHERE warehouse_id = :w AND operator_id IS NOT NULL"
            " AND updated_at_ms >= :since",
            since=tx.now_ms - SIGNED_IN_MS,
        )
    there: dict[Lane, set[int]] = {lane: set() for lane in ORDER_LANES}
    for row in rows:
        for lane, flow in FLOW_OF.items():
            if row["flow"] == flow:
                there[lane].add(row["station_id"] if lane == Lane.PACK else row["operator_id"])
    return {lane: frozenset(people) for lane, people in there.items()}


def _lane(flow: LaneFlow, queue_percent: float, law: Little) -> dict[str, Any]:
    return {
        **asdict(flow), "lane": str(flow.lane), "came_per_hour": round(flow.came_per_hour, 1),
        "left_per_hour": round(flow.left_per_hour, 1), "can_per_hour": round(flow.per_hour, 1),
        "busy_percent": round(flow.busy_percent, 1), "starved_percent": round(flow.starved_percent, 1),
        "load_percent": round(flow.load_percent, 1), "queue_percent": round(queue_percent, 1),
        "little": _little(law),
    }  # fmt: skip


def _little(law: Little) -> dict[str, Any]:
    verdict = judge(law)
    return {
        **asdict(law), "mean_wip": round(law.mean_wip, 2),
        "by_law": None if law.by_law is None else round(law.by_law, 2),
        "gap": None if law.gap is None else round(law.gap, 2), "verdict": verdict.value,
        "words": flow_words.little(law, verdict),
    }  # fmt: skip


def _move(finding: Finding) -> dict[str, Any] | None:
    if finding.change is None or finding.lane is None:
        return None
    return {
        "from": str(finding.change.source), "to": str(finding.lane.lane),
        "lane_per_hour": round(finding.change.per_hour, 1), "line_per_hour": round(finding.change.line_per_hour, 1),
    }  # fmt: skip


def _activities(arrows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """How often each was come to and left, in the order goods pass them."""
    return [
        {
            "activity": activity.value,
            "came": sum(arrow["count"] for arrow in arrows if arrow["to"] == activity),
            "went": sum(arrow["count"] for arrow in arrows if arrow["from"] == activity),
        }
        for activity in Activity
        if any(activity in (arrow["from"], arrow["to"]) for arrow in arrows)
    ]
