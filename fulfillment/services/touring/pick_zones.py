"""Zones that hand carts over: in which turn, at which places, and what becomes of a cart between two of them.

Owns `tour.zone` and `tour.waits_at_id`. A tour of mode `zone` is one walk with one cart and the same totes all along;
who pushes it changes where the next zone takes carts over. Invariants: a cart that waits there is nobody's and is
taken up by a scan of it or of a tote on it; nothing is booked by handing over, for the totes stay on their cart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.reasons import Conflict, Refused, Reject, Rejected
from fulfillment.domain.tasks import PickMode
from fulfillment.domain.zones import turns
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.walking.zone_walks import NO_ZONES, Zoning
from picking import Spot

SHOWN = 12


@dataclass(frozen=True)
class PickZone:
    """A zone that takes carts over, and where."""

    code: str
    location_id: int
    spot: Spot


def listed(tx: Tx) -> tuple[PickZone, ...]:
    """Zones that take carts over, in their turn."""
    rows = tx.all(
        "SELECT z.code AS zone, l.id, l.code, l.x_dm, l.y_dm FROM zone z JOIN location l"
        " ON l.warehouse_id = z.warehouse_id AND l.id = z.hand_over_id WHERE z.warehouse_id = :w AND z.pick_order > 0"
        " ORDER BY z.pick_order, z.code"
    )
    return tuple(PickZone(row["zone"], row["id"], Spot(row["code"], row["x_dm"], row["y_dm"])) for row in rows)


def check(tx: Tx) -> None:
    """
    Raises:
        Conflict: there are no two zones to go through.
    """
    if len(listed(tx)) < 2:
        raise Conflict("no_zones", "say of two zones in which turn they pick and where carts are handed over", "mode")


def zoning(tx: Tx, spots: Sequence[Spot], current: str = "") -> Zoning:
    """The zones a walk over these stops goes through, with the cart in `current` ('' = it has not begun)."""
    zones = listed(tx)
    lies_in: dict[str, str] = {}
    codes = sorted({spot.name for spot in spots})
    for first in range(0, len(codes), 200):
        named = {f"code{at}": code for at, code in enumerate(codes[first : first + 200])}
        rows = tx.all(
            "SELECT code, zone FROM location WHERE warehouse_id = :w AND code IN"
            f" ({', '.join(f':{name}' for name in named)})",
            **named,
        )
        lies_in |= {row["code"]: row["zone"] for row in rows}
    return Zoning(
        tuple(zone.code for zone in zones), {zone.code: zone.spot for zone in zones}, lies_in, current
    )  # fmt: skip


def of_tour(tx: Tx, tour: Any, spots: Sequence[Spot]) -> Zoning:
    """The zones of a tour (its `mode` and `zone`); none where it is not picked so."""
    return zoning(tx, spots, tour["zone"]) if tour["mode"] == PickMode.ZONE else NO_ZONES


def begin(tx: Tx, tour_id: int) -> None:
    """A cart sets out: it is in the zone of its first stop that lies in one."""
    tour = tx.one("SELECT mode FROM tour WHERE warehouse_id = :w AND id = :id", id=tour_id)
    if tour["mode"] != PickMode.ZONE:
        return
    first = tx.one(
        "SELECT z.code FROM task k JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
        " JOIN zone z ON z.warehouse_id = l.warehouse_id AND z.code = l.zone AND z.pick_order > 0"
        " WHERE k.warehouse_id = :w AND k.tour_id = :tour AND k.state = 'open' ORDER BY k.sequence, k.id LIMIT 1",
        tour=tour_id,
    )
    if first is not None:
        _set(tx, tour_id, first["code"])


def next_over(tx: Tx, row: Any) -> PickZone | None:
    """The zone that takes a cart over before its next stop; None while that lies where the cart is.

    `row`: what `pick_walk` asks of a tour and its first open stop.
    """
    if row["mode"] != PickMode.ZONE or not row["tour_zone"] or row["zone"] in ("", row["tour_zone"]):
        return None
    return next((zone for zone in listed(tx) if zone.code == row["zone"]), None)


def hand_over(tx: Tx, actor: Actor, tour_id: int, zone: str, location_code: str) -> None:
    """The cart stands where this zone takes carts over; nobody pushes it until somebody scans it, or a tote on it.

    Raises:
        Refused: it is another place.
    """
    to = next((one for one in listed(tx) if one.code == zone), None)
    if to is None or to.spot.name != location_code:
        raise Refused(Rejected(Reject.WRONG_LOCATION, expected=to.spot.name if to else zone, got=location_code))
    tx.claim(
        lambda: Refused(Rejected(Reject.NO_WORK)),  # a supervisor took the tour at this moment
        "UPDATE tour SET zone = :zone, waits_at_id = :place, station_id = NULL, operator_id = NULL"
        " WHERE warehouse_id = :w AND id = :id AND state = 'active' AND station_id = :station",
        zone=zone, place=to.location_id, id=tour_id, station=actor.station_id,
    )  # fmt: skip
    tell(tx, "board", "CartHandedOver", actor.scan_id, tour=tour_id, zone=zone, location=location_code)


def cart_with(tx: Tx, tote_code: str) -> Any:
    """The cart (id, code, positions) that waits with this tote on it.

    Raises:
        Refused: the tote stands on no cart that waits.
    """
    cart = tx.one(
        "SELECT c.id, c.code, c.positions FROM tour t"
        " JOIN cart c ON c.warehouse_id = t.warehouse_id AND c.id = t.cart_id"
        " JOIN tour_tote s ON s.warehouse_id = t.warehouse_id AND s.tour_id = t.id"
        " JOIN lpn p ON p.warehouse_id = s.warehouse_id AND p.id = s.lpn_id"
        " LEFT JOIN lpn b ON b.warehouse_id = p.warehouse_id AND b.id = p.parent_lpn_id AND p.kind = 'share'"
        " WHERE t.warehouse_id = :w AND t.state = 'active' AND t.station_id IS NULL AND s.lpn_id <> 0"
        " AND COALESCE(b.code, p.code) = :tote ORDER BY t.id LIMIT 1",
        tote=tote_code,
    )
    if cart is None:
        raise Refused(Rejected(Reject.WRONG_TOTE, expected="a tote on a cart that waits", got=tote_code))
    return cart


def waiting(tx: Tx, zone: str = "") -> list[dict[str, Any]]:
    """Carts that wait between two zones, those for `zone` first: cart, zone, where, and the stops left there."""
    rows = tx.all(
        "SELECT c.code AS cart, t.zone, l.code AS location, (SELECT COUNT(*) FROM task k JOIN location e"
        " ON e.warehouse_id = k.warehouse_id AND e.id = k.location_id WHERE k.warehouse_id = t.warehouse_id"
        " AND k.tour_id = t.id AND k.state = 'open' AND e.zone = t.zone) AS stops FROM tour t"
        " JOIN cart c ON c.warehouse_id = t.warehouse_id AND c.id = t.cart_id"
        " JOIN location l ON l.warehouse_id = t.warehouse_id AND l.id = t.waits_at_id"
        " WHERE t.warehouse_id = :w AND t.state = 'active' AND t.station_id IS NULL"
        f" ORDER BY CASE WHEN t.zone = :zone THEN 0 ELSE 1 END, t.priority DESC, t.cut_off_at_ms, t.id LIMIT {SHOWN}",
        zone=zone,
    )
    return [dict(row) for row in rows]


def until_handed_over(tx: Tx, tour: Any, stops: Sequence[Any]) -> Sequence[Any]:
    """Of a tour's stops (`state`, `zone`) in their order, those before another zone takes the cart over."""
    if tour["mode"] != PickMode.ZONE or not tour["zone"]:
        return stops
    others = {zone.code for zone in listed(tx)} - {tour["zone"]}
    ends = (at for at, stop in enumerate(stops) if stop["state"] == "open" and stop["zone"] in others)
    return stops[: next(ends, len(stops))]


def last_of_zone(tx: Tx, tour_id: int, task_ids: Sequence[int]) -> None:
    """Put off stops to the end of what is left in the zone the cart is in: it comes back to no zone it has left."""
    tour = tx.one("SELECT zone FROM tour WHERE warehouse_id = :w AND id = :id", id=tour_id)
    rows = tx.all(
        "SELECT k.id, l.zone FROM task k JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
        " WHERE k.warehouse_id = :w AND k.tour_id = :tour AND k.state = 'open' ORDER BY k.sequence, k.id",
        tour=tour_id,
    )
    order = tuple(zone.code for zone in listed(tx))
    rank = {zone: at for at, zone in enumerate(turns(order, order, tour["zone"]))}
    put_off = set(task_ids)
    wanted = sorted(rows, key=lambda row: (rank.get(row["zone"], 0), row["id"] in put_off))
    last = tx.one(
        "SELECT COALESCE(MAX(sequence), 0) AS sequence FROM task WHERE warehouse_id = :w AND tour_id = :tour",
        tour=tour_id,
    )["sequence"]
    for place, row in enumerate(wanted, start=last + 1):
        tx.put("UPDATE task SET sequence = :place WHERE warehouse_id = :w AND id = :id", place=place, id=row["id"])


def _set(tx: Tx, tour_id: int, zone: str) -> None:
    tx.put("UPDATE tour SET zone = :zone WHERE warehouse_id = :w AND id = :id", zone=zone, id=tour_id)
