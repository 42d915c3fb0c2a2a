"""Places where goods are kept: what lies in one, whether more may go there, and which is the best for them.

Fetches what `domain.putaway` judges: the goods, the places the item has already, the nearest empty ones. Used by
whoever puts units into storage (putaway, moves, replenishment, putting back), so that all keep the same rules.
Refuses with `location_full` when no place may take any of it. Writes nothing.
"""

from __future__ import annotations

from typing import Any

from fulfillment.domain.fifo import Layer, Policy
from fulfillment.domain.putaway import (
    EVERY_CLASS,
    LEVEL_DM,
    Arriving,
    Candidate,
    Present,
    Storage,
    accepts_class,
    check_putaway,
    choose,
    has_older_in_reserve,
    kinds_in_order,
    travel_dm,
)
from fulfillment.domain.reasons import Refused, Reject, Rejected
from fulfillment.domain.stock import LocationKind
from fulfillment.domain.units import volume_ml
from fulfillment.hot import Tx


def arriving_layer(tx: Tx, layer_id: int) -> Arriving:
    """A layer as putaway judges it, whether or not anything of it lies anywhere yet."""
    row = tx.one(
        "SELECT i.id, i.length_mm, i.width_mm, i.height_mm, i.weight_g, i.rotation, i.tolerance_days, i.min_life_days,"
        " i.zone, i.storage_class, i.velocity, y.id AS layer_id, y.received_on, y.expiry_on FROM layer y"
        " JOIN item i ON i.warehouse_id = y.warehouse_id AND i.id = y.item_id"
        " WHERE y.warehouse_id = :w AND y.id = :id",
        id=layer_id,
    )
    return Arriving(
        row["id"], Layer(row["layer_id"], row["received_on"], row["expiry_on"]),
        volume_ml(row["length_mm"], row["width_mm"], row["height_mm"]), row["weight_g"],
        Policy(row["rotation"], row["tolerance_days"], row["min_life_days"]), row["height_mm"], row["zone"],
        row["storage_class"], row["velocity"],
    )  # fmt: skip


# The nearest of thousands of empty places; more than one, because the rules have the last word.
NEAREST = 8
_STORAGE_COLUMNS = (
    "l.id, l.code, l.kind, l.access, l.capacity_ml, l.max_weight_g, l.height_mm, l.zone, l.velocity, l.level,"
    " l.x_dm, l.y_dm"
)
# Somebody is on the way there with other goods.
_CLAIMED = (
    "SELECT k.location_id FROM task k WHERE k.warehouse_id = :w AND k.kind = 'putaway' AND k.state = 'open'"
    " AND k.location_id IS NOT NULL"
)


def propose(
    tx: Tx, goods: Arriving, qty_each: int, from_location_id: int | None = None, avoid_id: int = 0
) -> tuple[int, int]:
    """A location and how much of the goods it takes, seen from where they lie (else from a dock).

    Raises:
        Refused: `location_full`, when no location may take any of it.
    """
    start = _start(tx, from_location_id)
    classes = {row["code"]: row["storage_classes"] for row in tx.all(_ZONES)}
    known = _where_it_lies(tx, goods, classes, start, avoid_id) + _own_faces(tx, goods, classes, start, avoid_id)
    lying = [one.storage for one in known if one.storage.present]
    # A pick face of its own is refilled by replenishment, which asks for the oldest reserve first.
    open_to = [one for one in known if not (one.own_face_each and one.storage.present)]
    topped_up = [one for one in open_to if one.own_face_each or one.storage.capacity_ml]
    claimed = {row["location_id"] for row in tx.all(_CLAIMED)}
    at_hand = [one for one in topped_up if one.location_id not in claimed]
    best = choose(at_hand, goods, qty_each, lying)
    if best is None or not _is_final(best, qty_each, has_older_in_reserve(goods, lying)):
        for kind in kinds_in_order(goods, lying):
            empty = _nearest_empty(tx, goods, qty_each, kind, classes, start, avoid_id)
            if empty:
                best = choose([*at_hand, *empty], goods, qty_each, lying)
                break
        else:
            largest = _largest_empty(tx, goods, classes, start, avoid_id)
            best = choose([*at_hand, *largest], goods, qty_each, lying)
    if best is None:
        raise Refused(Rejected(Reject.LOCATION_FULL, expected="an empty storage location"))
    return best[0].location_id, best[1]


def _is_final(best: tuple[Candidate, int], qty_each: int, has_older_above: bool) -> bool:
    """Whether no empty place can be better than this one of the item's own."""
    candidate, fits_each = best
    if has_older_above and candidate.storage.kind != LocationKind.RESERVE:
        return False
    return fits_each == qty_each or (candidate.own_face_each > 0 and not candidate.storage.present)


_ZONES = "SELECT code, storage_classes FROM zone WHERE warehouse_id = :w"


def _start(tx: Tx, from_location_id: int | None) -> tuple[int, int]:
    row = tx.one(
        "SELECT x_dm, y_dm FROM location WHERE warehouse_id = :w AND (id = :id OR kind = 'dock')"
        " ORDER BY id = :id DESC, id LIMIT 1",
        id=from_location_id,
    )
    return (row["x_dm"], row["y_dm"]) if row is not None else (0, 0)


def _where_it_lies(
    tx: Tx, goods: Arriving, classes: dict[str, str], start: tuple[int, int], avoid_id: int
) -> list[Candidate]:
    """Storage that holds the item already, each place with all that lies in it."""
    rows = tx.all(
        f"SELECT {_STORAGE_COLUMNS}, COALESCE(f.max_each, 0) AS face_each, b.item_id, b.layer_id, b.on_hand_each,"
        " y.received_on, y.expiry_on, i.length_mm, i.width_mm, i.height_mm AS item_height_mm, i.weight_g"
        " FROM (SELECT DISTINCT location_id FROM stock_balance WHERE warehouse_id = :w AND item_id = :item) h"
        " JOIN location l ON l.warehouse_id = :w AND l.id = h.location_id"
        " JOIN stock_balance b ON b.warehouse_id = l.warehouse_id AND b.location_id = l.id"
        " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
        " JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
        " LEFT JOIN pick_face f ON f.warehouse_id = l.warehouse_id AND f.location_id = l.id AND f.item_id = :item"
        " WHERE l.kind IN ('bin', 'reserve', 'flow_rack') AND l.id <> :avoid",
        item=goods.item_id, avoid=avoid_id,
    )  # fmt: skip
    found: dict[int, tuple[Any, list[Present]]] = {}
    for row in rows:
        found.setdefault(row["id"], (row, []))[1].append(_present(row, row["item_height_mm"]))
    return [_candidate(row, classes, start, tuple(parts), row["face_each"]) for row, parts in found.values()]


def _own_faces(
    tx: Tx, goods: Arriving, classes: dict[str, str], start: tuple[int, int], avoid_id: int
) -> list[Candidate]:
    rows = tx.all(
        f"SELECT {_STORAGE_COLUMNS}, f.max_each FROM pick_face f"
        " JOIN location l ON l.warehouse_id = f.warehouse_id AND l.id = f.location_id"
        " WHERE f.warehouse_id = :w AND f.item_id = :item AND l.id <> :avoid AND NOT EXISTS ("
        " SELECT 1 FROM stock_balance b WHERE b.warehouse_id = l.warehouse_id AND b.location_id = l.id)",
        item=goods.item_id, avoid=avoid_id,
    )  # fmt: skip
    return [_candidate(row, classes, start, (), row["max_each"]) for row in rows]


# In the order in which `choose` would have them, so that only the first few of thousands are fetched.
_HERE = "/* where */"
_EMPTY = (
    f"SELECT {_STORAGE_COLUMNS} FROM location l WHERE l.warehouse_id = :w AND l.kind = :kind{_HERE} AND l.id <> :avoid"
    " AND (l.capacity_ml = 0 OR l.capacity_ml >= :volume) AND (l.max_weight_g = 0 OR l.max_weight_g >= :weight)"
    " AND (l.height_mm = 0 OR l.height_mm >= :height) AND (:zone = '' OR l.zone = :zone)"
    " AND NOT EXISTS (SELECT 1 FROM stock_balance b WHERE b.warehouse_id = l.warehouse_id AND b.location_id = l.id)"
    f" AND l.id NOT IN ({_CLAIMED})"
    " AND l.id NOT IN (SELECT f.location_id FROM pick_face f WHERE f.warehouse_id = :w)"
)
_CLASS_DISTANCE = (
    "CASE WHEN l.velocity = :velocity THEN 0 WHEN l.velocity = '' OR :velocity = '' THEN 1"
    " WHEN l.velocity IN ('A', 'C') AND :velocity IN ('A', 'C') THEN 3 ELSE 2 END"
)
_NEAREST_FIRST = (
    f" ORDER BY {_CLASS_DISTANCE}, ABS(l.x_dm - :x) + ABS(l.y_dm - :y) + l.level * {LEVEL_DM}, l.code LIMIT {NEAREST}"
)
_OF_ITS_CLASS = " AND l.velocity = :velocity"
RING_DM = 150


def _nearest_empty(
    tx: Tx, goods: Arriving, qty_each: int, kind: str, classes: dict[str, str], start: tuple[int, int], avoid_id: int
) -> list[Candidate]:
    """Empty places of a kind that take all of it, the best of them in front.

    Places of the right class are looked for near the start first, then everywhere, then those of other classes:
    ranking all of ten thousand takes longer than the rest of the scan. What is found near is the best there is
    when it lies no farther than everything outside the ring must.
    """
    lowest, highest = _levels(tx, kind)
    levels = ", ".join(str(level) for level in range(lowest, highest + 1))
    ring = f" AND l.level IN ({levels}) AND l.y_dm BETWEEN {start[1] - RING_DM} AND {start[1] + RING_DM}"
    closed = _closed_zones(goods, classes)
    for narrowed in (ring + _OF_ITS_CLASS, _OF_ITS_CLASS, ""):
        rows = tx.all(
            _EMPTY.replace(_HERE, narrowed) + _not_in(closed) + _NEAREST_FIRST,
            kind=kind, volume=goods.volume_ml * qty_each, weight=goods.weight_g * qty_each, height=goods.height_mm,
            zone=goods.zone, avoid=avoid_id, velocity=goods.velocity, x=start[0], y=start[1], **_zone_params(closed),
        )  # fmt: skip
        found = [_candidate(row, classes, start) for row in rows]
        is_near = not narrowed.startswith(ring) or (found and found[0].travel_dm <= RING_DM + lowest * LEVEL_DM)
        if found and is_near:
            return found
    return []


def _levels(tx: Tx, kind: str) -> tuple[int, int]:
    row = tx.one(
        "SELECT (SELECT MIN(level) FROM location WHERE warehouse_id = :w AND kind = :kind) AS lowest,"
        " (SELECT MAX(level) FROM location WHERE warehouse_id = :w AND kind = :kind) AS highest",
        kind=kind,
    )
    return row["lowest"] or 0, row["highest"] or 0


def _largest_empty(
    tx: Tx, goods: Arriving, classes: dict[str, str], start: tuple[int, int], avoid_id: int
) -> list[Candidate]:
    """No place takes all of it: the emptiest take a part each."""
    found: list[Candidate] = []
    for kind in ("bin", "flow_rack", "reserve"):
        rows = tx.all(
            _EMPTY + _not_in(_closed_zones(goods, classes)) + f" ORDER BY l.capacity_ml DESC, l.code LIMIT {NEAREST}",
            kind=kind, volume=0, weight=0, height=goods.height_mm, zone=goods.zone, avoid=avoid_id,
            **_zone_params(_closed_zones(goods, classes)),
        )  # fmt: skip
        found += [_candidate(row, classes, start) for row in rows]
    return found


def _closed_zones(goods: Arriving, classes: dict[str, str]) -> list[str]:
    return sorted(zone for zone, words in classes.items() if not accepts_class(words, goods.storage_class))


def _not_in(zones: list[str]) -> str:
    return f" AND l.zone NOT IN ({', '.join(f':zone_{place}' for place in range(len(zones)))})" if zones else ""


def _zone_params(zones: list[str]) -> dict[str, str]:
    return {f"zone_{place}": zone for place, zone in enumerate(zones)}


def _candidate(
    row: Any, classes: dict[str, str], start: tuple[int, int], present: tuple[Present, ...] = (), face_each: int = 0
) -> Candidate:
    storage = _storage(row, classes.get(row["zone"], EVERY_CLASS), present)
    return Candidate(row["id"], storage, travel_dm(row["x_dm"], row["y_dm"], row["level"], *start), face_each)


def storage_at(tx: Tx, location_id: int) -> Storage:
    """A location with all that lies in it."""
    row = tx.one(
        f"SELECT {_STORAGE_COLUMNS}, z.storage_classes FROM location l"
        " LEFT JOIN zone z ON z.warehouse_id = l.warehouse_id AND z.code = l.zone"
        " WHERE l.warehouse_id = :w AND l.id = :id",
        id=location_id,
    )
    present = tx.all(
        "SELECT b.item_id, b.layer_id, y.received_on, y.expiry_on, b.on_hand_each, i.length_mm, i.width_mm,"
        " i.height_mm, i.weight_g FROM stock_balance b"
        " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
        " JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
        " WHERE b.warehouse_id = :w AND b.location_id = :id",
        id=location_id,
    )
    classes = EVERY_CLASS if row["storage_classes"] is None else row["storage_classes"]
    return _storage(row, classes, tuple(_present(part, part["height_mm"]) for part in present))


def _storage(row: Any, storage_classes: str, present: tuple[Present, ...]) -> Storage:
    return Storage(
        row["code"], row["kind"], row["access"], row["capacity_ml"], row["max_weight_g"], present, row["height_mm"],
        row["zone"], storage_classes, row["velocity"],
    )  # fmt: skip


def _present(row: Any, item_height_mm: int) -> Present:
    return Present(
        row["item_id"], Layer(row["layer_id"], row["received_on"], row["expiry_on"]),
        volume_ml(row["length_mm"], row["width_mm"], item_height_mm, row["on_hand_each"]),
        row["weight_g"] * row["on_hand_each"],
    )  # fmt: skip


def place_instead(
    tx: Tx, goods: Arriving, qty_each: int, refused_id: int, claimed_id: int, from_location_id: int | None = None
) -> tuple[int, str] | None:
    """A place (id and code) that would do where `refused_id` does not: the one claimed for it, else another."""
    if claimed_id != refused_id and check_putaway(storage_at(tx, claimed_id), goods, qty_each) is None:
        other_id = claimed_id
    else:
        try:
            other_id, _ = propose(tx, goods, qty_each, from_location_id, refused_id)
        except Refused:
            return None
    return other_id, tx.one("SELECT code FROM location WHERE warehouse_id = :w AND id = :id", id=other_id)["code"]


def check_unclaimed(tx: Tx, location: Any, item_id: int) -> None:
    """Somebody with other goods in hand is on the way to this location.

    Raises:
        Refused: `location_full`.
    """
    claimed = tx.one(
        "SELECT id FROM task WHERE warehouse_id = :w AND kind = 'putaway' AND state = 'open'"
        " AND location_id = :location AND item_id <> :item LIMIT 1",
        location=location["id"], item=item_id,
    )  # fmt: skip
    if claimed is not None:
        raise Refused(
            Rejected(Reject.LOCATION_FULL, expected="a location nobody else is sent to", got=location["code"])
        )
