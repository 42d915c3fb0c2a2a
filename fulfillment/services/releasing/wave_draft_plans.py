"""What a drafted wave would be: the orders a choice means, their tours drawn, the work, and what is short.

Owns the way from a choice to figures, as the planner would plan the wave. Invariant: nothing here writes, and nothing
is promised: the draft says what of the goods is promised already, order by order, so that a change shows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fulfillment.bootstrap import Floor
from fulfillment.domain.orders import OrderState
from fulfillment.domain.tasks import PickMode
from fulfillment.domain.waves import RELEASABLE, WaveChoice
from fulfillment.hot import Tx
from fulfillment.services.releasing import wave_forecasts, wave_loads, wave_picks, wave_questions, ways, work_times
from fulfillment.services.releasing.batch_waves import Load
from fulfillment.services.releasing.pick_modes import RELEASED_AS
from fulfillment.services.releasing.wave_loads import Ways
from fulfillment.services.releasing.wave_picks import WavePicks
from fulfillment.services.touring.tour_views import drawn_walk
from fulfillment.services.walking import floor_plan
from fulfillment.services.walking.floor_plan import FloorPlan
from fulfillment.services.walking.walks import Walk
from fulfillment.services.walking.zone_walks import NO_ZONES, Zoning, shortest_in
from picking import (
    Cart,
    FieldError,
    PickerShift,
    PickOrder,
    Rates,
    TourLeft,
    handling_times,
    learn,
)

TOUR_MS = 20
TOURS_WAITED_FOR = 100
DRAWN = 24
"""So many tours are drawn; of a larger wave the others are rows of figures."""
SHOWN = 200
DRAWN_PX = 460

EMPTY: dict[str, Any] = {
    "orders": [], "order_ids": [], "promises": {}, "lines": 0, "units": 0, "tours": [], "carts": 0, "totes": 0,
    "distance_dm": 0, "work_ms": 0, "p50_at_ms": 0, "p90_at_ms": 0, "is_forecast": False, "at_risk": 0,
    "left_out": [], "left_out_count": 0, "shorts": [], "short_lines": 0, "short_each": 0, "layout_version": 0,
    "mode": PickMode.CLUSTER.value, "modes": [], "basis": "", "refused": "", "line_ms": 0,
}  # fmt: skip


@dataclass(frozen=True)
class _Asked:
    heads: dict[int, Any]  # by order, the most urgent first
    orders: tuple[PickOrder, ...]
    cart: Cart
    keys: dict[str, wave_picks.Key]
    goods: dict[int, tuple[int, bool]]
    plan: FloorPlan
    left: tuple[list[Any], tuple[PickerShift, ...], Rates, int]
    rates: Rates
    ways: Ways
    bases: dict[str, str]  # by mode


def planned(floor: Floor, choice: WaveChoice, seed: int) -> dict[str, Any]:
    """The wave this choice means now, as JSON: times in ms since 1970, lengths in dm."""
    told, asked = floor.read(lambda tx: _asked(tx, floor, choice))
    if asked is None:
        return told
    picks = WavePicks(asked.orders, asked.cart, asked.keys, asked.goods)
    modes = wave_loads.costs(picks, asked.plan, asked.ways, handling_times(asked.rates))
    mode = choice.mode or wave_loads.cheapest(modes)
    how = {"mode": mode, "modes": modes, "basis": asked.bases.get(mode, "")}
    if mode in asked.ways.missing:  # the wall, or the zones, went after somebody asked
        none = {name: EMPTY[name] for name in ("orders", "order_ids", "promises", "lines", "units")}
        return {**told, **none, **how, "refused": asked.ways.missing[mode]}
    limit_ms = TOUR_MS * min(len(asked.orders), TOURS_WAITED_FOR)
    _, loads = wave_loads.planned(picks, asked.plan, mode, asked.ways.wall_slots, limit_ms, seed)
    zoning = asked.ways.zoning if mode == PickMode.ZONE else NO_ZONES
    walks = [
        shortest_in(asked.plan, zoning, asked.plan.start, stops, TOUR_MS, seed, picks.ranks_of(asked.plan, totes))
        for totes, stops in loads
    ]
    found = _tours(asked, mode, zoning, loads, walks, seed)
    return {**told, **how, **found, "line_ms": -(-found["work_ms"] // told["lines"])}


def basis_now(tx: Tx, mode: str, order_ids: Sequence[int]) -> str:
    """What a plan of these orders in this mode would be made on now."""
    orders, _ = wave_picks.pick_orders(_promised(tx, order_ids))
    return wave_loads.basis(tx, mode, orders)


def differing(
    tx: Tx, choice: WaveChoice, order_ids: Sequence[int], shown: dict[str, str], known: ways.Known
) -> list[dict[str, str]]:  # fmt: skip
    """Orders that are not any more what they were when `shown` was made, or not what `choice` means, and why."""
    ids = ", ".join(str(int(order_id)) for order_id in order_ids)
    which, params = _which(choice)
    rows = tx.all(
        f"SELECT o.id, o.number, o.state, {wave_questions.waits_for(tx, known)} AS waits_for,"
        f" CASE WHEN 1 = 1{which} THEN 1 ELSE 0 END AS is_meant FROM sales_order o"
        f" WHERE o.warehouse_id = :w AND o.id IN ({ids}) ORDER BY o.id",
        **params,
    )
    now = _hashes(_promised(tx, order_ids))
    found: list[dict[str, str]] = []
    for row in rows:
        if row["state"] not in RELEASABLE:
            found.append({"order": row["number"], "why": "state", "now": row["state"]})
        elif row["waits_for"]:
            found.append({"order": row["number"], "why": "waits", "now": row["waits_for"]})
        elif now.get(str(row["id"])) != shown.get(str(row["id"])):
            found.append({"order": row["number"], "why": "goods", "now": ""})
        elif not row["is_meant"]:
            found.append({"order": row["number"], "why": "choice", "now": ""})
    return found


def _promised(tx: Tx, order_ids: Sequence[int]) -> Sequence[Any]:
    ids = ", ".join(str(int(order_id)) for order_id in order_ids)
    return wave_picks.promised(tx, f"o.id IN ({ids})") if ids else []


def _hashes(rows: Iterable[Any]) -> dict[str, str]:
    parts: dict[str, list[str]] = {}
    for row in rows:
        line = f"{row['item_id']}/{row['location_id']}/{row['qty_each']}"
        parts.setdefault(str(row["order_id"]), []).append(line)
    return {order: hashlib.sha256(" ".join(sorted(lines)).encode()).hexdigest()[:16] for order, lines in parts.items()}


def _which(choice: WaveChoice) -> tuple[str, dict[str, Any]]:
    """SQL of ours about an order `o`, and its parameters."""
    terms: list[str] = []
    params: dict[str, Any] = {}
    if choice.until_ms is not None:
        terms.append("o.cut_off_at_ms <= :until")
        params["until"] = choice.until_ms
    if choice.min_priority is not None:
        terms.append("o.priority >= :priority")
        params["priority"] = choice.min_priority
    if choice.channel:
        terms.append("o.channel = :channel")
        params["channel"] = choice.channel
    if choice.carrier:
        terms.append(
            "EXISTS (SELECT 1 FROM carrier c WHERE c.warehouse_id = o.warehouse_id AND c.id = o.carrier_id"
            " AND c.code = :carrier)"
        )
        params["carrier"] = choice.carrier
    if choice.zone:
        terms.append(
            "NOT EXISTS (SELECT 1 FROM allocation z JOIN location y ON y.warehouse_id = z.warehouse_id"
            " AND y.id = z.location_id WHERE z.warehouse_id = o.warehouse_id AND z.order_id = o.id AND z.qty_each > 0"
            " AND y.zone <> :zone)"
        )
        params["zone"] = choice.zone
    return "".join(f" AND {term}" for term in terms), params


def _asked(tx: Tx, floor: Floor, choice: WaveChoice) -> tuple[dict[str, Any], _Asked | None]:
    which, params = _which(choice)
    states = ", ".join(f"'{state}'" for state in sorted(RELEASABLE))
    heads = tx.all(
        f"SELECT o.id, o.number, o.cut_off_at_ms, {wave_questions.waits_for(tx)} AS waits_for"
        f" FROM sales_order o WHERE o.warehouse_id = :w AND o.state IN ({states}){which}"
        f" ORDER BY o.priority DESC, o.cut_off_at_ms, o.ordered_at_ms, o.id LIMIT {wave_questions.CONSIDERED}",
        **params,
    )
    shorts = _shorts(tx, choice)
    told = {
        **EMPTY, "shorts": shorts[:SHOWN], "short_lines": len(shorts),
        "short_each": sum(short["missing_each"] for short in shorts),
    }  # fmt: skip
    rows = _promised(tx, [row["id"] for row in heads])
    picks, keys = wave_picks.pick_orders(rows)
    try:
        plan = floor_plan.at_version(tx, floor.engine)
    except FieldError:
        return told, None  # no storage location has coordinates: nothing can be promised there either
    lost = wave_picks.lost_places(picks, plan)
    behind = {order.order_id for order in picks if any(line.spot.name in lost for line in order.lines)}
    going, left_out = _split(heads, {order.order_id for order in picks}, behind, choice.max_orders)
    orders = tuple(order for order in picks if int(order.order_id) in going)
    of_going = [row for row in rows if row["order_id"] in going]
    told |= {
        "orders": [row["number"] for row in going.values()], "order_ids": list(going), "promises": _hashes(of_going),
        "lines": len({(row["order_id"], row["item_id"]) for row in of_going}),
        "units": sum(row["qty_each"] for row in of_going),
        "left_out": left_out[:SHOWN], "left_out_count": len(left_out), "layout_version": plan.version,
    }  # fmt: skip
    if not orders:
        return told, None
    left, rates = wave_forecasts.work_left(tx), learn(work_times.measured(tx))
    cart, goods = wave_picks.smallest_cart(tx), wave_picks.goods_of(of_going)
    ways_now = wave_loads.ways(tx, plan, orders)
    bases = {mode.value: wave_loads.basis(tx, mode, orders) for mode in RELEASED_AS}
    return told, _Asked(going, orders, cart, keys, goods, plan, left, rates, ways_now, bases)


def _split(
    heads: Sequence[Any], with_goods: set[str], behind: set[str], max_orders: int
) -> tuple[dict[int, Any], list[dict[str, str]]]:
    """Who goes, the most urgent first, and who stays for which reason."""
    going: dict[int, Any] = {}
    left_out: list[dict[str, str]] = []
    for row in heads:
        name = str(row["id"])
        words = row["waits_for"] or (wave_questions.CLOSED_IN if name in behind else "")
        if words or name not in with_goods:
            left_out.append({"order": row["number"], "why": "waits", "words": words or "goods to pick"})
        elif len(going) == max_orders:
            left_out.append({"order": row["number"], "why": "full", "words": "more orders than the wave may take"})
        else:
            going[row["id"]] = row
    return going, left_out


def _tours(
    asked: _Asked, mode: str, zoning: Zoning, loads: Sequence[Load], walks: Sequence[Walk], seed: int
) -> dict[str, Any]:
    times = handling_times(asked.rates)
    tours: list[dict[str, Any]] = []
    more: list[TourLeft] = []
    for number, ((parts, stops), walk) in enumerate(zip(loads, walks, strict=True), start=1):
        order_ids = {int(part.order_id) for part in parts}
        picks = [pick for part in parts for pick in part.tote.picks]
        lines = len({pick.line_id for pick in picks})
        # One reach into a bin serves all orders of a batch; a tote of it holds parts of several orders.
        reaches = len(stops) if mode == PickMode.BATCH else lines
        totes, distance_dm = len({part.position for part in parts}), walk.tour.distance_dm
        more_ms = sort_each = 0
        if mode == PickMode.BATCH:
            sort_each = sum(pick.qty_each for pick in picks)
            more_ms = sort_each * times.sort_each_ms + len(order_ids) * times.clear_slot_ms
        overs = sum(via is not None for via in zoning.before(walk.tour.sequence))
        more_ms += overs * totes * times.hand_over_ms
        due_at_ms = min(asked.heads[order_id]["cut_off_at_ms"] for order_id in order_ids)
        picture = ""
        if number <= DRAWN:
            path = zoning.path(walk.tour.sequence)
            picture = drawn_walk(asked.plan.layout, asked.plan.start, path, walk.end, DRAWN_PX)
        tours.append({
            "number": number, "orders": sorted(asked.heads[order_id]["number"] for order_id in order_ids),
            "lines": lines, "stops": len(stops), "hand_overs": overs, "totes": totes, "distance_dm": distance_dm,
            "work_ms": times.walk_ms(distance_dm) + times.pick_ms(reaches, 0) + times.set_up_ms(totes) + more_ms,
            "cut_off_at_ms": due_at_ms, "picture": picture,
        })  # fmt: skip
        more.append(
            TourLeft(
                f"draft {number}", distance_dm, reaches, totes, max(0, due_at_ms - wave_questions.PACK_MS),
                sort_each=sort_each,
            )
        )  # fmt: skip
    ahead, pickers, _, now_ms = asked.left
    found = wave_forecasts.when_done(ahead, pickers, asked.rates, now_ms, seed, tuple(more))
    return {
        "tours": tours, "carts": len(tours), "totes": sum(tour["totes"] for tour in tours),
        "distance_dm": sum(tour["distance_dm"] for tour in tours), "work_ms": sum(tour["work_ms"] for tour in tours),
        "p50_at_ms": found.p50_at_ms if found else 0, "p90_at_ms": found.p90_at_ms if found else 0,
        "is_forecast": found is not None, "at_risk": sum(risk.tours for risk in found.at_risk) if found else 0,
    }  # fmt: skip


def _shorts(tx: Tx, choice: WaveChoice) -> list[dict[str, Any]]:
    """Lines of the chosen orders with units nothing is promised for.

    With a zone chosen: those whose goods are kept there, by stock or by a pick face, and those kept nowhere, of which
    nobody can say where they would have come from.
    """
    which, params = _which(choice)
    if choice.zone:
        which += f" AND ({_kept('y.zone = :zone')} OR NOT {_kept('1 = 1')})"
    states = ", ".join(f"'{state}'" for state in (OrderState.HOLD, OrderState.WAITING, *sorted(RELEASABLE)))
    rows = tx.all(
        "SELECT o.number, o.state, i.sku, d.ordered_each - d.cancelled_each - d.allocated_each AS missing_each,"
        " COALESCE(s.good_each, 0) AS good_each, COALESCE(s.free_each, 0) AS free_each,"
        " COALESCE(s.other_each, 0) AS other_each FROM sales_order o"
        " JOIN demand d ON d.warehouse_id = o.warehouse_id AND d.order_id = o.id"
        " JOIN item i ON i.warehouse_id = d.warehouse_id AND i.id = d.item_id"
        " LEFT JOIN (SELECT b.item_id,"
        " SUM(CASE WHEN b.status = 'available' THEN b.on_hand_each ELSE 0 END) AS good_each,"
        " SUM(CASE WHEN b.status = 'available' THEN b.on_hand_each - b.allocated_each ELSE 0 END) AS free_each,"
        " SUM(CASE WHEN b.status = 'available' THEN 0 ELSE b.on_hand_each END) AS other_each FROM stock_balance b"
        " JOIN location l ON l.warehouse_id = b.warehouse_id AND l.id = b.location_id"
        " AND l.kind IN ('bin', 'reserve', 'flow_rack') WHERE b.warehouse_id = :w GROUP BY b.item_id) s"
        " ON s.item_id = d.item_id"
        f" WHERE o.warehouse_id = :w AND o.state IN ({states}){which}"
        " AND d.ordered_each - d.cancelled_each - d.allocated_each > 0"
        f" ORDER BY o.priority DESC, o.cut_off_at_ms, o.id, i.sku LIMIT {wave_questions.CONSIDERED}",
        **params,
    )
    return [
        {"order": row["number"], "sku": row["sku"], "missing_each": row["missing_each"], "why": _why(row)}
        for row in rows
    ]


def _kept(where: str) -> str:
    """SQL: the item of a demand `d` lies, or has a pick face, at a location `y` for which `where` holds."""
    stock, face = (
        f"EXISTS (SELECT 1 FROM {table} k JOIN location y ON y.warehouse_id = k.warehouse_id AND y.id = k.location_id"
        f" WHERE k.warehouse_id = d.warehouse_id AND k.item_id = d.item_id{more} AND {where})"
        for table, more in (
            # What is on its way to somebody, or in a tote, says nothing about where the item is kept.
            ("stock_balance", " AND k.on_hand_each > 0 AND y.kind IN ('bin', 'reserve', 'flow_rack')"),
            ("pick_face", ""),
        )
    )
    return f"({stock} OR {face})"


def _why(row: Any) -> str:
    if row["state"] == OrderState.HOLD:
        return "hold"
    if row["free_each"] > 0:
        return "kept_back"  # too short a life, or the rest of an order that ships complete
    if row["good_each"] > 0:
        return "promised"
    return "blocked" if row["other_each"] > 0 else "none"
