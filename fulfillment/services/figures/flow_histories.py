"""What the scans say of orders: when each was released, walked for, packed, loaded, and when it left.

Read from tasks, tours, parcels and the ledger, which are kept for ever; orders in turns of so many, so that memory
does not grow with the period. An order counts as picked or packed when its state says so: until then it may yet be.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.flow import Life
from fulfillment.domain.orders import OrderState
from fulfillment.domain.process_map import Act, Activity, History, Walk
from fulfillment.hot import Tx
from fulfillment.services.common.row_sets import among, numbers
from fulfillment.services.figures.flow_period import Period

ORDERS_A_TURN = 500
ORDERS_MAX = 20_000
"""Orders one answer is made of; of more the latest, and the answer says how many were left out."""

_PACKED = frozenset({OrderState.PACKED, OrderState.LOADED, OrderState.SHIPPED})
_PICKED = _PACKED | {OrderState.PICKED, OrderState.PACKING}
_LEFT = frozenset({OrderState.SHIPPED, OrderState.CANCELLED})

_ROW = (
    "SELECT o.id, o.number, o.channel, o.state, o.created_at_ms, o.state_since_ms FROM sales_order o"
    " WHERE o.warehouse_id = :w AND o.created_at_ms < :until"
)
# By state and time, so that what left long ago is not looked at: each part has its index, an OR of them has not.
_HERE = f"{_ROW} AND o.state IN ({', '.join(repr(state.value) for state in OrderState if state not in _LEFT)})"
_ON_FLOOR = f"{_ROW} AND o.state IN ('released', 'picking', 'picked', 'packing', 'packed', 'loaded')"
_LEFT_SINCE = f"{_ROW} AND o.state IN ('shipped', 'cancelled') AND o.state_since_ms >= :from"
_LEFT_WITHIN = f"{_LEFT_SINCE} AND o.state_since_ms < :until"


@dataclass(frozen=True)
class Told:
    """An order's row and what the scans say of it.

    `tours`: (tour, operator, claimed, set down) of those it was picked in; `boxes`: (bench, begun, closed) of its
    parcels; `loaded_ms`: when its last parcel was on a truck; `goes_by_wall`: whether it was picked as a batch,
    `sorted_ms`: when the last of it was in its slot.
    """

    row: Mapping[str, Any]
    history: History
    life: Life
    tours: tuple[tuple[int, int | None, int | None, int | None], ...]
    boxes: tuple[tuple[int, int, int | None], ...]
    loaded_ms: int | None
    goes_by_wall: bool = False
    sorted_ms: int | None = None


def present(tx: Tx, period: Period) -> tuple[list[Any], int]:
    """Rows of the orders that were here in the period, and how many were left out."""
    return _capped(tx, (_HERE, _LEFT_SINCE), period)


def leaving(tx: Tx, period: Period) -> tuple[list[Any], int]:
    """Rows of the orders that left in the period, shipped or cancelled, and how many were left out."""
    return _capped(tx, (_LEFT_WITHIN,), period)


def released(tx: Tx, period: Period) -> tuple[list[Any], int]:
    """Rows of the orders that were worked on in the period, and how many were left out."""
    return _capped(tx, (_ON_FLOOR, _LEFT_SINCE), period)


def tell(tx: Tx, rows: Sequence[Any]) -> Iterator[Told]:
    """What the scans say of these orders."""
    for first in range(0, len(rows), ORDERS_A_TURN):
        turn = rows[first : first + ORDERS_A_TURN]
        ids = [row["id"] for row in turn]
        walks = _walks(tx, ids)
        parcels = _parcels(tx, ids)
        acts = _acts(tx, [parcel for some in parcels.values() for parcel in some])
        at_wall = _at_wall(tx, [row["id"] for row in turn if any(map(_is_batch, walks[row["id"]]))])
        for row in turn:
            of_order = parcels[row["id"]]
            yield _told(
                row, walks[row["id"]], of_order, [acts[parcel["id"]] for parcel in of_order], at_wall.get(row["id"])
            )


def _capped(tx: Tx, parts: Sequence[str], period: Period) -> tuple[list[Any], int]:
    chosen = " UNION ALL ".join(f"{part}{period.orders()}" for part in parts)
    rows = tx.all(f"SELECT * FROM ({chosen}) chosen ORDER BY id DESC LIMIT {ORDERS_MAX + 1}", **period.params)
    if len(rows) <= ORDERS_MAX:
        return list(reversed(rows)), 0
    total = tx.one(f"SELECT COUNT(*) AS n FROM ({chosen}) chosen", **period.params)["n"]
    return list(reversed(rows[:ORDERS_MAX])), total - ORDERS_MAX


def _walks(tx: Tx, ids: Sequence[int]) -> dict[int, list[Any]]:
    """A row an order and tour, with when the order was released in that tour's wave."""
    walks: dict[int, list[Any]] = defaultdict(list)
    released: dict[tuple[int, int | None], int] = {}
    for row in tx.all(
        "SELECT k.order_id, k.tour_id, t.wave_id, t.mode, t.operator_id, t.claimed_at_ms,"
        " t.done_at_ms AS tour_done_ms,"
        " MIN(k.created_at_ms) AS created_at_ms, MAX(k.done_at_ms) AS done_ms,"
        " SUM(CASE WHEN k.state = 'open' THEN 1 ELSE 0 END) AS open_tasks, SUM(k.done_each) AS done_each"
        " FROM task k LEFT JOIN tour t ON t.warehouse_id = k.warehouse_id AND t.id = k.tour_id"
        f" WHERE k.warehouse_id = :w AND k.kind = 'pick' AND {among(tx, 'k.order_id', 'ids')}"
        " GROUP BY k.order_id, k.tour_id, t.wave_id, t.mode, t.operator_id, t.claimed_at_ms, t.done_at_ms"
        " ORDER BY k.order_id, MIN(k.created_at_ms), k.tour_id",
        ids=numbers(tx, ids),
    ):
        # Tours of one wave are written one after the other: they are one release all the same.
        released_ms = released.setdefault((row["order_id"], row["wave_id"]), row["created_at_ms"])
        walks[row["order_id"]].append({**dict(row), "released_ms": released_ms})
    return walks


@dataclass(frozen=True)
class _AtWall:
    """Scans of an order's units into its slot, and whether any of it still lies in a batch tote."""

    sorted_at_ms: tuple[int, ...]
    has_share: bool


def _is_batch(walk: Mapping[str, Any]) -> bool:
    return bool(walk["mode"] == "batch")


def _at_wall(tx: Tx, ids: Sequence[int]) -> dict[int, _AtWall]:
    """What the wall knows of orders that were picked as a batch."""
    if not ids:
        return {}
    scans: dict[int, list[int]] = defaultdict(list)
    for row in tx.all(
        "SELECT m.order_id, m.recorded_at_ms FROM stock_move m WHERE m.warehouse_id = :w AND m.reason = 'sort'"
        f" AND {among(tx, 'm.order_id', 'ids')} ORDER BY m.recorded_at_ms",
        ids=numbers(tx, ids),
    ):
        scans[row["order_id"]].append(row["recorded_at_ms"])
    unsorted = {
        row["order_id"]
        for row in tx.all(
            "SELECT DISTINCT p.order_id FROM lpn p WHERE p.warehouse_id = :w AND p.kind = 'share'"
            f" AND {among(tx, 'p.order_id', 'ids')}",
            ids=numbers(tx, ids),
        )
    }
    return {order: _AtWall(tuple(scans[order]), order in unsorted) for order in ids}


def _parcels(tx: Tx, ids: Sequence[int]) -> dict[int, list[Any]]:
    parcels: dict[int, list[Any]] = defaultdict(list)
    for row in tx.all(
        "SELECT p.id, p.order_id, p.lpn_id, p.station_id, p.state, p.created_at_ms, p.closed_at_ms FROM parcel p"
        f" WHERE p.warehouse_id = :w AND {among(tx, 'p.order_id', 'ids')} ORDER BY p.id",
        ids=numbers(tx, ids),
    ):
        parcels[row["order_id"]].append(row)
    return parcels


def _acts(tx: Tx, parcels: Sequence[Any]) -> dict[int, tuple[Act, ...]]:
    """What happened to each parcel, by its id."""
    scans: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
    lpns = numbers(tx, (parcel["lpn_id"] for parcel in parcels))
    # Scans of one parcel: one move for each layer in it, all of one moment.
    for row in tx.all(
        "SELECT m.to_lpn_id AS lpn_id, m.reason, l.kind, m.recorded_at_ms, MIN(m.id) AS id FROM stock_move m"
        " JOIN location l ON l.warehouse_id = m.warehouse_id AND l.id = m.to_location_id WHERE m.warehouse_id = :w"
        " AND m.reason IN ('pack', 'stage_parcel', 'load', 'take_off', 'missing', 'ship')"
        f" AND {among(tx, 'm.to_lpn_id', 'lpns')} GROUP BY m.to_lpn_id, m.reason, l.kind, m.recorded_at_ms",
        lpns=lpns,
    ):
        # Back on a bench, a parcel was opened again.
        reason = "unpack" if row["reason"] == "stage_parcel" and row["kind"] == "station" else row["reason"]
        scans[row["lpn_id"]].append((row["id"], row["recorded_at_ms"], reason))
    for row in tx.all(
        "SELECT m.from_lpn_id AS lpn_id, m.recorded_at_ms, MIN(m.id) AS id FROM stock_move m WHERE m.warehouse_id = :w"
        f" AND m.reason = 'unpack' AND m.why <> 'undone' AND {among(tx, 'm.from_lpn_id', 'lpns')}"
        " GROUP BY m.from_lpn_id, m.recorded_at_ms",
        lpns=lpns,
    ):
        scans[row["lpn_id"]].append((row["id"], row["recorded_at_ms"], "unpack"))
    return {parcel["id"]: tuple(_of_parcel(parcel, sorted(scans[parcel["lpn_id"]]))) for parcel in parcels}


_THEN = {
    "stage_parcel": Activity.STAGED, "load": Activity.LOADED, "take_off": Activity.TAKEN_OFF,
    "missing": Activity.MISSING, "ship": Activity.SHIPPED, "unpack": Activity.REOPENED,
}  # fmt: skip


def _of_parcel(parcel: Any, scans: Iterable[tuple[int, int, str]]) -> Iterator[Act]:
    began_ms: int | None = parcel["created_at_ms"]
    filled_ms: int | None = None
    closed_ms = parcel["closed_at_ms"]
    for _, at_ms, reason in scans:
        if reason == "pack":
            began_ms = at_ms if began_ms is None else began_ms
            filled_ms = at_ms
            continue
        if began_ms is not None and filled_ms is not None:
            # Closed once more later, the time of this closing is gone; its last unit went in before.
            is_this = closed_ms is not None and began_ms <= closed_ms <= at_ms
            yield Act(Activity.PACKED, began_ms, closed_ms if is_this else filled_ms)
        began_ms = at_ms if reason == "unpack" else None
        # What was opened again may be closed as it is; what was emptied is void.
        filled_ms = at_ms if reason == "unpack" and parcel["state"] != "void" else None
        yield Act(_THEN[reason], at_ms, at_ms)
    if began_ms is not None and filled_ms is not None and closed_ms is not None and closed_ms >= filled_ms:
        yield Act(Activity.PACKED, began_ms, closed_ms)


def _told(
    row: Any, walks: Sequence[Any], parcels: Sequence[Any], acts: Sequence[tuple[Act, ...]], at_wall: _AtWall | None
) -> Told:
    state = row["state"]
    left = None
    if state in _LEFT:
        activity = Activity.SHIPPED if state == OrderState.SHIPPED else Activity.CANCELLED
        left = Act(activity, row["state_since_ms"], row["state_since_ms"])
    walked = tuple(_walk(walk) for walk in walks)
    sorts = _sorts(walked, at_wall.sorted_at_ms if at_wall else ())
    history = History(row["created_at_ms"], walked, tuple(one for one in acts if one), left, sorts)
    packed = [act.ended_ms for one in acts for act in one if act.activity == Activity.PACKED]
    loaded = [act.ended_ms for one in acts for act in one if act.activity == Activity.LOADED]
    life = Life(
        row["created_at_ms"], min((walk.released_ms for walk in walked), default=None),
        max((walk.ended_ms for walk in walked if walk.ended_ms is not None), default=None)
        if state in _PICKED else None,
        max(packed, default=None) if state in _PACKED else None, left.ended_ms if left else None,
    )  # fmt: skip
    is_loaded = state in (OrderState.LOADED, OrderState.SHIPPED)
    is_sorted = at_wall is not None and not at_wall.has_share
    return Told(
        row, history, life,
        tuple(
            (walk["tour_id"], walk["operator_id"], walk["claimed_at_ms"], walk["tour_done_ms"])
            for walk in walks if walk["tour_id"] is not None
        ),
        tuple((parcel["station_id"], parcel["created_at_ms"], parcel["closed_at_ms"]) for parcel in parcels),
        max(loaded, default=None) if is_loaded else None, at_wall is not None,
        max((life.picked_ms, *(act.ended_ms for act in sorts))) if is_sorted and life.picked_ms is not None else None,
    )  # fmt: skip


def _sorts(walks: Iterable[Walk], scans_ms: Iterable[int]) -> tuple[Act, ...]:
    """The scans into the slot, those that follow the same tour as one piece of work."""
    ends = sorted(walk.ended_ms for walk in walks if walk.ended_ms is not None)
    after: dict[int, list[int]] = defaultdict(list)
    for at_ms in scans_ms:
        after[bisect_right(ends, at_ms)].append(at_ms)
    return tuple(Act(Activity.SORTED, some[0], some[-1]) for _, some in sorted(after.items()))


def _walk(row: Any) -> Walk:
    ended_ms = None
    if row["done_each"] and not row["open_tasks"]:
        # What a tour picked is handed over when its totes are set down.
        ended_ms = row["done_ms"] if row["tour_id"] is None else row["tour_done_ms"]
    return Walk(row["released_ms"], row["claimed_at_ms"], ended_ms)
