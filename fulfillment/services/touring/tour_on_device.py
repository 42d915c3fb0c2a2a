"""The whole walk of a station as data: what a device needs to lead through it while the floor cannot be reached.

Only reads, and decides nothing: whether a scan counts is the floor's to say when it comes. Of a stop where more than
a comparison would be needed (closed cases, expired goods, a tote still to come) it says so, and nothing is noted there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fulfillment.domain.codes import own_code
from fulfillment.domain.fifo import Layer, Policy, is_allocatable, is_older, rank
from fulfillment.domain.noted import stands_at
from fulfillment.domain.tasks import PickMode
from fulfillment.hot import Tx
from fulfillment.services.common.today import local_day
from fulfillment.services.scan_path.scans import current_step
from fulfillment.services.stock.lookup import GOODS_COLUMNS, PLACE_COLUMNS, goods_of, place_of
from fulfillment.services.touring import pick_zones
from fulfillment.services.touring.pick_walk import TOTE_OF_STOP

DROPS_SHOWN = 40

_STOPS = (
    "SELECT k.id AS task_id, k.state, k.qty_each, k.done_each, k.position, k.walk_left_dm, o.number,"
    f" {GOODS_COLUMNS}, i.rotation, i.tolerance_days, i.min_life_days, i.tracks_serial, i.look_alike,"
    f" {PLACE_COLUMNS}, l.x_dm, l.y_dm,"
    " CASE p.kind WHEN 'share' THEN (SELECT b.code FROM lpn b WHERE b.warehouse_id = p.warehouse_id"
    " AND b.id = p.parent_lpn_id) ELSE p.code END AS tote FROM task k"
    " JOIN item i ON i.warehouse_id = k.warehouse_id AND i.id = k.item_id"
    " JOIN sales_order o ON o.warehouse_id = k.warehouse_id AND o.id = k.order_id"
    " JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
    f" LEFT JOIN lpn p ON p.warehouse_id = k.warehouse_id AND p.id = {TOTE_OF_STOP}"
    # Done ones too: the device may not know yet that its last scan has done one.
    " WHERE k.warehouse_id = :w AND k.tour_id = :tour AND k.state IN ('open', 'done') ORDER BY k.sequence, k.id"
)
_BARCODES = (
    "SELECT c.item_id, c.code, c.qty_each FROM item_barcode c WHERE c.warehouse_id = :w AND c.item_id IN"
    " (SELECT k.item_id FROM task k WHERE k.warehouse_id = :w AND k.tour_id = :tour) ORDER BY c.id"
)
_LYING = (
    "SELECT k.id AS task_id, b.layer_id, b.on_hand_each, b.sealed_each, y.received_on, y.expiry_on, y.lot, y.serial"
    " FROM task k JOIN stock_balance b ON b.warehouse_id = k.warehouse_id AND b.location_id = k.location_id"
    " AND +b.item_id = k.item_id AND +b.lpn_id = 0 AND b.status = 'available'"
    " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
    " WHERE k.warehouse_id = :w AND k.tour_id = :tour AND k.state = 'open' AND b.on_hand_each > 0 ORDER BY b.layer_id"
)


def tour_of(tx: Tx, station_code: str) -> dict[str, Any] | None:
    """The walk a station is on, its stops in order; None where there is none a device could go on with by itself.

    A stop's `parts`: its tasks with the units each still asks for, in the order they are served (several in a batch);
    `apart`: other stops come between them, so half of it sends elsewhere. `lies`: which lots, dates and serials lie
    there, `age` 0 leaves first; `asks` names what needs the floor ('' = nothing). Where another zone takes the
    cart over the walk ends, and no drop is named: that needs the floor.

    Raises:
        NotFound: no such station.
    """
    step = current_step(tx, station_code)
    at = standing_of(tx, station_code, step)
    if at is None:
        return None
    tour_id = at["tour"]
    tour = tx.one("SELECT mode, zone FROM tour WHERE warehouse_id = :w AND id = :id", id=tour_id)
    mode = tour["mode"]
    rows, barcodes, lying = tx.ask(
        (_STOPS, {"tour": tour_id}), (_BARCODES, {"tour": tour_id}), (_LYING, {"tour": tour_id})
    )
    here = pick_zones.until_handed_over(tx, tour, rows)
    is_handed_over = len(here) < len(rows)
    rows = here
    drops = [] if is_handed_over else tx.all(
        "SELECT l.code FROM location l WHERE l.warehouse_id = :w AND l.kind = 'staging'"
        # A batch goes to a put wall, everything else does not.
        " ORDER BY CASE WHEN EXISTS (SELECT 1 FROM put_wall v WHERE v.warehouse_id = l.warehouse_id"
        " AND v.location_id = l.id) THEN :at_wall ELSE 1 - :at_wall END, l.id LIMIT :shown",
        shown=DROPS_SHOWN, at_wall=0 if mode == PickMode.BATCH else 1,
    )  # fmt: skip
    day = local_day(tx)
    codes: dict[int, list[list[Any]]] = {}
    for row in barcodes:
        codes.setdefault(row["item_id"], []).append([row["code"], row["qty_each"]])
    stops = [
        _stop(group, codes.get(group.first["item_id"], []), lying, day)
        for group in _grouped(rows, is_batch=mode == PickMode.BATCH)
    ]
    return {
        "tour": tour_id, "operator": at["operator"], "stops": stops,
        "drops": [{"code": row["code"], "barcode": own_code("L", row["code"])} for row in drops],
        "totes": list(dict.fromkeys(stop["tote"]["code"] for stop in stops if stop["tote"]["code"])),
    }  # fmt: skip


def standing_of(tx: Tx, station_code: str, step: Mapping[str, Any]) -> dict[str, Any] | None:
    """Where a screen stands on its walk, as a device keeps it."""
    row = tx.one(
        "SELECT d.operator_id FROM station s JOIN dialogue d ON d.warehouse_id = s.warehouse_id"
        " AND d.station_id = s.id WHERE s.warehouse_id = :w AND s.code = :station",
        station=station_code,
    )
    return None if row is None else standing(row["operator_id"], step)


def standing(operator_id: int | None, step: Mapping[str, Any]) -> dict[str, Any] | None:
    """The same, of somebody known."""
    at = stands_at(operator_id, step)
    if at is None:
        return None
    said = {name.removesuffix("_id").removesuffix("_each"): value for name, value in asdict(at).items()}
    tote = step["fields"].get("tote") or {}
    return {**said, "left": step["fields"].get("qty_each", 0), "tote": tote.get("code") or ""}


@dataclass
class _Group:
    """Tasks that are one stop, in the order of the walk."""

    rows: list[Any]
    is_apart: bool = False

    @property
    def first(self) -> Any:
        """The one that is served next, as far as the floor knows."""
        return next((row for row in self.rows if row["state"] == "open"), self.rows[0])


def _grouped(rows: Sequence[Any], *, is_batch: bool) -> list[_Group]:
    """The stops as the floor shows them: in a batch, tasks of one item in one place that go into one tote are one."""
    groups: list[_Group] = []
    known: dict[tuple[int, ...], _Group] = {}
    for row in rows:
        key = (row["location_id"], row["item_id"], row["position"]) if is_batch else (row["task_id"],)
        group = known.get(key)
        is_last = bool(groups) and groups[-1] is group
        # What is done already does not draw what is still to do to the front.
        if group is None or not (is_last or group.first["state"] == row["state"] == "open"):
            known[key] = group = _Group([])
            groups.append(group)
            is_last = True
        group.rows.append(row)
        group.is_apart = group.is_apart or not is_last
    return groups


def _stop(group: _Group, barcodes: list[list[Any]], lying_anywhere: Sequence[Any], day: str) -> dict[str, Any]:
    row = group.first
    lying = [one for one in lying_anywhere if one["task_id"] == row["task_id"]]
    policy = Policy(row["rotation"], row["tolerance_days"], row["min_life_days"])
    orders = list(dict.fromkeys(part["number"] for part in group.rows))
    parts = [
        [part["task_id"], part["qty_each"] - (part["done_each"] if part["state"] == "open" else 0)]
        for part in group.rows
    ]
    return {
        "parts": parts, "apart": group.is_apart, "left": sum(left_each for _, left_each in parts),
        "position": row["position"], "order": orders[0] + (f" +{len(orders) - 1}" if len(orders) > 1 else ""),
        "walk_left_dm": row["walk_left_dm"],
        "place": {**place_of(row).view(), "x_dm": row["x_dm"], "y_dm": row["y_dm"]},
        "item": {**goods_of(row).view(), "barcodes": barcodes, "is_look_alike": bool(row["look_alike"])},
        "tote": {"code": row["tote"] or "", "barcode": own_code("T", row["tote"]) if row["tote"] else ""},
        "is_serial": bool(row["tracks_serial"]), "lies": _lies(lying, policy), "asks": _asks(row, lying, policy, day),
    }  # fmt: skip


def _asks(row: Any, lying: Sequence[Any], policy: Policy, day: str) -> str:
    """What at this stop needs more than a comparison."""
    if any(one["sealed_each"] for one in lying):
        return "closed_cases"
    if any(not is_allocatable(_layer(one), day, policy.min_life_days) for one in lying):
        return "expired"
    return "" if row["tote"] else "new_tote"


def _lies(lying: Sequence[Any], policy: Policy) -> list[dict[str, Any]]:
    """What a code can name here; nothing where no label says more than the item."""
    if not any(one["lot"] or one["expiry_on"] or one["serial"] for one in lying):
        return []
    told = []
    age, first = 0, None
    for one in sorted(lying, key=lambda one: rank(_layer(one), policy)):
        layer = _layer(one)
        if first is not None and is_older(first, layer, policy):
            age, first = age + 1, layer
        first = first or layer
        told.append(
            {
                "lot": one["lot"], "expiry": one["expiry_on"], "serial": one["serial"], "each": one["on_hand_each"],
                "age": age,
            }
        )  # fmt: skip
    return told


def _layer(row: Any) -> Layer:
    return Layer(row["layer_id"], row["received_on"], row["expiry_on"])
