"""What the packing dialogue stands on: the tote, the parcel in hand, what waits at the bench. Only reads.

A tote's lines are summed and shown in part, never loaded: a bench is as quick with a full tote as with an empty one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fulfillment.domain.effects import EffectState
from fulfillment.domain.shipping import (
    ParcelLoad,
    ParcelState,
    fits_each,
)
from fulfillment.domain.stock import LpnKind
from fulfillment.domain.units import volume_ml
from fulfillment.flows import pack as flow
from fulfillment.flows.parcel import Parcel
from fulfillment.flows.step import Memory
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.packing import cartons, parcel_papers, weighing
from fulfillment.services.printing import outbox
from fulfillment.services.shipping import carrier_labels
from fulfillment.services.stock.lookup import GOODS_COLUMNS, PLACE_COLUMNS, goods_of, place_of

# Items and totes offered as buttons. Written into the statements: SQLite prepares a statement anew at each run
# when its LIMIT is a parameter, which costs more than running it.
SHOWN = 10

# Where a tote can be packed from: put down after its walk, or refilled at a bench from a void parcel.
_WITHIN_REACH = "('staging', 'station')"

TOTES_OF_ORDER = (
    "SELECT p.id, p.code, p.kind FROM lpn p JOIN location l ON l.warehouse_id = p.warehouse_id AND l.id = p.location_id"
    f" WHERE p.warehouse_id = :w AND p.order_id = :order AND p.kind IN ('tote', 'slot') AND p.id <> :but"
    f" AND l.kind IN {_WITHIN_REACH} AND (SELECT 1 FROM stock_balance b WHERE b.warehouse_id = p.warehouse_id"
    f" AND b.lpn_id = p.id LIMIT 1) = 1 ORDER BY p.id LIMIT {SHOWN}"
)

UNITS_OF_PARCEL = (
    "(SELECT COALESCE(SUM(b.on_hand_each), 0) FROM stock_balance b WHERE b.warehouse_id = p.warehouse_id"
    " AND b.lpn_id = p.lpn_id) AS units"
)


def load(tx: Tx, actor: Actor, memory: Memory) -> flow.Facts:
    """What the packing dialogue stands on; a tote's lines are summed and shown in part, never loaded."""
    if "ask" in memory:
        asked = _shown_parcel(tx, memory["ask"])
        if asked is not None:
            return flow.Facts(asked=asked, free_totes=_free_totes(tx) if memory.get("is_void") else ())
    waiting = _waiting_here(tx, actor)
    if waiting is not None and waiting["state"] == ParcelState.CLOSED:
        return flow.Facts(closed=_closed(tx, waiting))
    if waiting is not None:
        may_reopen = tx.one(TOTES_OF_ORDER, order=waiting["order_id"], but=0) is not None
        return flow.Facts(weighing=weighing.of_parcel(tx, waiting, _view(waiting), may_reopen=may_reopen))
    is_cancelled = False
    if "tote" in memory:
        row = tote_of(tx, memory["tote"], memory["order"])
        is_cancelled = row is not None and bool(row["is_cancelled"])
        open_parcel = open_here(tx, actor, memory["order"], memory.get("parcel", 0))
        if row is not None and not is_cancelled and open_parcel is not None:
            return _load_tote(tx, row, open_parcel, memory)
    return _load_no_tote(tx, actor, memory, is_cancelled)


def _load_tote(tx: Tx, row: Any, open_parcel: Any, memory: Memory) -> flow.Facts:
    sums = tx.one(
        "SELECT COALESCE(SUM(on_hand_each), 0) AS units, COUNT(DISTINCT item_id) AS lines FROM stock_balance"
        " WHERE warehouse_id = :w AND lpn_id = :tote",
        tote=row["id"],
    )
    lying = tx.all(
        f"SELECT {GOODS_COLUMNS}, i.weight_g, i.length_mm, i.width_mm, i.height_mm, i.scan_each_max, i.tracks_serial,"
        " i.look_alike,"
        " b.units FROM (SELECT item_id, SUM(on_hand_each) AS units FROM stock_balance WHERE warehouse_id = :w"
        f" AND lpn_id = :tote GROUP BY item_id ORDER BY item_id LIMIT {SHOWN}) b"
        " JOIN item i ON i.warehouse_id = :w AND i.id = b.item_id",
        tote=row["id"],
    )
    order = flow.Order(
        row["order_id"], row["number"], row["policy"],
        {
            "name": row["ship_to_name"], "address1": row["address1"], "city": row["city"],
            "postcode": row["postcode"], "country": row["country"],
        },
    )  # fmt: skip
    left = tx.all(TOTES_OF_ORDER, order=row["order_id"], but=row["id"])
    tote = flow.Tote(row["id"], row["code"], order, sums["units"], sums["lines"], bool(memory.get("is_new")))
    ahead = None
    if lying:
        first = lying[0]
        volume = volume_ml(first["length_mm"], first["width_mm"], first["height_mm"])
        fits = fits_each(load_of(open_parcel), first["weight_g"], volume)
        ahead = flow.NextGoods(
            goods_of(first), first["units"],
            1_000_000 if first["tracks_serial"] or first["look_alike"] else first["scan_each_max"],
            fits if fits < first["units"] else None,
        )  # fmt: skip
    carton = cartons.of_parcel(tx, open_parcel)
    return flow.Facts(
        tote=tote, parcel=_view(open_parcel), next=ahead, goods=tuple(goods_of(part) for part in lying),
        totes_left=_codes(left), slots=_slots([row, *left]), carton=carton,
        other_cartons=cartons.others(tx, carton.code) if carton is not None else (),
    )  # fmt: skip


def _load_no_tote(tx: Tx, actor: Actor, memory: Memory, is_cancelled: bool) -> flow.Facts:
    in_hand = None
    left: Sequence[Any] = ()
    if "parcel" in memory:
        row = parcel_row(tx, memory["parcel"])
        if row is not None and row["state"] == ParcelState.OPEN and row["station_id"] == actor.station_id:
            in_hand, left = _view(row), tx.all(TOTES_OF_ORDER, order=row["order_id"], but=0)
    waiting = tx.all(
        "SELECT p.code, p.kind FROM sales_order o JOIN lpn p ON p.warehouse_id = o.warehouse_id AND p.order_id = o.id"
        " JOIN location l ON l.warehouse_id = p.warehouse_id AND l.id = p.location_id WHERE o.warehouse_id = :w"
        f" AND o.state IN ('picked', 'packing') AND p.kind IN ('tote', 'slot') AND l.kind IN {_WITHIN_REACH}"
        " AND (p.kind = 'tote' OR EXISTS (SELECT 1 FROM stock_balance b WHERE b.warehouse_id = p.warehouse_id"
        " AND b.lpn_id = p.id))"
        # What of it still lies in a tote of several orders has to be sorted first.
        " AND NOT EXISTS (SELECT 1 FROM lpn h WHERE h.warehouse_id = o.warehouse_id AND h.order_id = o.id"
        " AND h.kind = 'share')"
        " AND NOT EXISTS (SELECT 1 FROM parcel e WHERE e.warehouse_id = o.warehouse_id AND e.order_id = o.id"
        " AND e.state = 'open' AND e.station_id <> :station)"
        f" ORDER BY o.priority DESC, o.cut_off_at_ms, o.id, p.id LIMIT {SHOWN}",
        station=actor.station_id,
    )
    return flow.Facts(
        parcel=in_hand, totes_left=_codes(left), waiting=_codes(waiting), is_cancelled=is_cancelled,
        slots=_slots([*left, *waiting]),
    )  # fmt: skip


def _waiting_here(tx: Tx, actor: Actor) -> Any:
    """The parcel that must go on before another one: closed and not in its lane, or full and not weighed."""
    return tx.one(
        f"SELECT p.*, o.number AS order_number, {UNITS_OF_PARCEL}, c.lane_location_id FROM parcel p"
        " JOIN sales_order o ON o.warehouse_id = p.warehouse_id AND o.id = p.order_id"
        " JOIN carrier c ON c.warehouse_id = p.warehouse_id AND c.id = p.carrier_id"
        " WHERE p.warehouse_id = :w AND p.state IN ('closed', 'open') AND p.station_id = :station"
        " AND (p.state = 'closed' OR p.awaits_weight = 1) ORDER BY p.state, p.id LIMIT 1",
        station=actor.station_id,
    )


def _closed(tx: Tx, row: Any) -> flow.Closed:
    lane = tx.one(
        f"SELECT {PLACE_COLUMNS} FROM location l WHERE l.warehouse_id = :w AND l.id = :id", id=row["lane_location_id"]
    )
    # Until the carrier has sold it there is no print of it: the packer sees how the buying stands.
    buying = carrier_labels.effect_of(tx, row["id"])
    label = buying or outbox.newest(tx, row["number"], parcel_papers.LABEL)
    weighed = weighing.closed_by(tx, row)
    return flow.Closed(
        _view(row), bool(row["label_checked"]), place_of(lane), label["state"] if label else EffectState.FAILED,
        label["result"] if label else "", weighing.is_unjudged(weighed),
        is_doubted=buying is None and label is not None and label["state"] == EffectState.UNCERTAIN,
        weighed=weighed and {name: weighed[name] for name in ("weighed_g", "expected_g", "tolerance_g")},
    )  # fmt: skip


def tote_of(tx: Tx, tote_id: int, order_id: int) -> Any:
    """The tote of this order, where it can be packed from; None: it stands elsewhere or is another order's."""
    return tx.one(
        "SELECT t.id, t.code, t.kind, t.location_id, o.id AS order_id, o.number, o.policy, o.is_cancelled,"
        " o.ship_to_name, o.address1, o.city, o.postcode, o.country FROM lpn t"
        " JOIN sales_order o ON o.warehouse_id = t.warehouse_id AND o.id = t.order_id"
        " JOIN location l ON l.warehouse_id = t.warehouse_id AND l.id = t.location_id"
        f" WHERE t.warehouse_id = :w AND t.id = :tote AND t.order_id = :order AND l.kind IN {_WITHIN_REACH}",
        tote=tote_id, order=order_id,
    )  # fmt: skip


def open_here(tx: Tx, actor: Actor, order_id: int, preferred_id: int) -> Any:
    """The open parcel of an order at this bench, the preferred one first."""
    return tx.one(
        f"SELECT p.*, o.number AS order_number, {UNITS_OF_PARCEL} FROM parcel p"
        " JOIN sales_order o ON o.warehouse_id = p.warehouse_id AND o.id = p.order_id WHERE p.warehouse_id = :w"
        " AND p.order_id = :order AND p.state = 'open' AND p.station_id = :station"
        " ORDER BY CASE WHEN p.id = :preferred THEN 0 ELSE 1 END, p.id DESC LIMIT 1",
        order=order_id, station=actor.station_id, preferred=preferred_id,
    )  # fmt: skip


def parcel_row(tx: Tx, parcel_id: int) -> Any:
    """A parcel with its order's number and its units."""
    return tx.one(
        f"SELECT p.*, o.number AS order_number, {UNITS_OF_PARCEL} FROM parcel p"
        " JOIN sales_order o ON o.warehouse_id = p.warehouse_id AND o.id = p.order_id"
        " WHERE p.warehouse_id = :w AND p.id = :id",
        id=parcel_id,
    )


def _shown_parcel(tx: Tx, parcel_id: int) -> Parcel | None:
    row = parcel_row(tx, parcel_id)
    asked = (ParcelState.OPEN, ParcelState.CLOSED, ParcelState.IN_LANE, ParcelState.MISSING)
    return _view(row) if row is not None and row["state"] in asked else None


def _view(row: Any) -> Parcel:
    return Parcel(
        row["id"], row["number"], row["order_number"], row["sequence"], row["units"], parcel_papers.weight_of(row)
    )


def load_of(row: Any) -> ParcelLoad:
    """What a parcel weighs and fills so far."""
    return ParcelLoad(row["weight_g"], row["volume_ml"], row["units"])


def _codes(totes: Sequence[Any]) -> tuple[str, ...]:
    return tuple(row["code"] for row in totes)


def _slots(totes: Sequence[Any]) -> frozenset[str]:
    """Which of these are slots of a put wall: their barcode is another."""
    return frozenset(row["code"] for row in totes if row["kind"] == LpnKind.SLOT)


def _free_totes(tx: Tx) -> tuple[str, ...]:
    rows = tx.all(
        "SELECT code FROM lpn WHERE warehouse_id = :w AND kind = 'tote' AND order_id IS NULL"
        f" ORDER BY id LIMIT {SHOWN}"
    )
    return tuple(row["code"] for row in rows)
