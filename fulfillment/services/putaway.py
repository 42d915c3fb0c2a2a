"""Goods from the dock into storage: propose and claim a location, then move."""

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
    kinds_in_order,
    travel_dm,
)
from fulfillment.domain.reasons import MoveReason, Refused, Reject, Rejected
from fulfillment.domain.stock import Move
from fulfillment.domain.units import volume_ml
from fulfillment.flows import putaway as flow
from fulfillment.flows.step import Memory
from fulfillment.hot import Tx
from fulfillment.services import allocate, ledger
from fulfillment.services.actor import Actor
from fulfillment.services.lookup import GOODS_COLUMNS, PLACE_COLUMNS, find_location, goods_of, place_of

# What lies loose at a dock and is in nobody's hand.
_AT_DOCK = (
    " FROM stock_balance b JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
    " JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
    " WHERE b.warehouse_id = :w AND b.location_id = :dock AND b.lpn_id = 0 AND b.status = 'available'"
    " AND b.on_hand_each > (SELECT COALESCE(SUM(k.qty_each - k.done_each), 0) FROM task k"
    " WHERE k.warehouse_id = b.warehouse_id AND k.kind = 'putaway' AND k.state = 'open' AND k.layer_id = b.layer_id)"
)
_FREE_EACH = (
    "b.on_hand_each - (SELECT COALESCE(SUM(k.qty_each - k.done_each), 0) FROM task k"
    " WHERE k.warehouse_id = b.warehouse_id AND k.kind = 'putaway' AND k.state = 'open' AND k.layer_id = b.layer_id)"
    " AS free_each"
)


def load(tx: Tx, actor: Actor, memory: Memory) -> flow.Facts:
    """What the putaway dialogue stands on."""
    row = tx.one(
        f"SELECT k.id AS task_id, k.qty_each - k.done_each AS left_each, y.received_on, {PLACE_COLUMNS} FROM task k"
        " JOIN layer y ON y.warehouse_id = k.warehouse_id AND y.id = k.layer_id"
        " JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
        " WHERE k.warehouse_id = :w AND k.id = :id AND k.kind = 'putaway' AND k.state = 'open'",
        id=memory.get("task", 0),
    )
    if row is not None:
        goods = tx.one(
            f"SELECT {GOODS_COLUMNS} FROM task k JOIN item i ON i.warehouse_id = k.warehouse_id AND i.id = k.item_id"
            " WHERE k.warehouse_id = :w AND k.id = :id",
            id=row["task_id"],
        )
        return flow.Facts(
            flow.PutawayTask(row["task_id"], goods_of(goods), row["left_each"], row["received_on"], place_of(row))
        )
    if actor.station_location_id is None:
        return flow.Facts(None)
    dock = actor.station_location_id
    waiting = tx.one(
        "SELECT COUNT(*) AS lines, COALESCE(SUM(on_hand_each), 0) AS units FROM stock_balance"
        " WHERE warehouse_id = :w AND location_id = :dock AND lpn_id = 0 AND status = 'available'",
        dock=dock,
    )
    # By layer, which is the order of arrival and of the key: thousands may lie here on the first morning.
    first = tx.one(f"SELECT {GOODS_COLUMNS}, {_FREE_EACH}{_AT_DOCK} ORDER BY b.layer_id LIMIT 1", dock=dock)
    if first is None:
        return flow.Facts(None)
    return flow.Facts(None, waiting["lines"], waiting["units"], goods_of(first), first["free_each"])


def apply(tx: Tx, actor: Actor, command: object, memory: Memory) -> Memory:
    """Carry out a putaway command.

    Raises:
        Refused: nothing of the item lies here, no location takes it, or the one scanned must not.
    """
    match command:
        case flow.TakeGoods(item):
            return {"task": _take(tx, actor, item.item_id)}
        case flow.PutAway(task_id, location_code, qty_each):
            _put_away(tx, actor, task_id, location_code, qty_each)
            return memory
        case flow.PutDown(task_id):
            tx.run(
                "UPDATE task SET state = 'cancelled', done_at_ms = :now WHERE warehouse_id = :w AND id = :id",
                id=task_id, now=tx.now_ms,
            )  # fmt: skip
            return {}
        case _:
            raise TypeError(f"not a putaway command: {command!r}")


def _take(tx: Tx, actor: Actor, item_id: int) -> int:
    if actor.station_location_id is None:
        raise Refused(Rejected(Reject.NOT_ALLOWED, expected="a station at a dock"))
    row = tx.one(
        f"SELECT b.layer_id, {_FREE_EACH}{_AT_DOCK} AND b.item_id = :item ORDER BY y.received_on, b.layer_id LIMIT 1",
        dock=actor.station_location_id, item=item_id,
    )  # fmt: skip
    if row is None:
        raise Refused(Rejected(Reject.NOTHING_HERE, expected="an item waiting here"))
    goods = arriving_layer(tx, row["layer_id"])
    location_id, qty_each = propose(tx, goods, row["free_each"], actor.station_location_id)
    return tx.insert(
        "task", kind="putaway", item_id=item_id, layer_id=row["layer_id"], location_id=location_id, qty_each=qty_each,
        operator_id=actor.operator_id, created_at_ms=tx.now_ms,
    )  # fmt: skip


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
    first_kind = kinds_in_order(goods, lying)[0]
    if best is None or not _is_final(best, qty_each, first_kind):
        for kind in kinds_in_order(goods, lying):
            empty = _nearest_empty(tx, goods, qty_each, kind, classes, start, avoid_id)
            if empty:
                best = choose([*at_hand, *empty], goods, qty_each, lying)
                break
        else:
            largest = _largest_empty(tx, goods, classes, start, avoid_id)
            best = choose([*at_hand, *largest], goods, qty_each, lying)
    if best is None:
        raise Refused(Rejected(Reject.LOCATION_FULL, expected="an empty storage location", got="none is left"))
    return best[0].location_id, best[1]


def _is_final(best: tuple[Candidate, int], qty_each: int, first_kind: str) -> bool:
    """Whether no empty place can be better than this one of the item's own."""
    candidate, fits_each = best
    if candidate.own_face_each and not candidate.storage.present:
        return first_kind != "reserve" or candidate.storage.kind == "reserve"
    return fits_each == qty_each and (first_kind != "reserve" or candidate.storage.kind == "reserve")


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
_EMPTY = (
    f"SELECT {_STORAGE_COLUMNS} FROM location l WHERE l.warehouse_id = :w AND l.kind = :kind AND l.id <> :avoid"
    " AND (l.capacity_ml = 0 OR l.capacity_ml >= :volume) AND (l.max_weight_g = 0 OR l.max_weight_g >= :weight)"
    " AND (l.height_mm = 0 OR l.height_mm >= :height) AND (:zone = '' OR l.zone = :zone)"
    " AND NOT EXISTS (SELECT 1 FROM stock_balance b WHERE b.warehouse_id = l.warehouse_id AND b.location_id = l.id)"
    f" AND l.id NOT IN ({_CLAIMED})"
    " AND l.id NOT IN (SELECT f.location_id FROM pick_face f WHERE f.warehouse_id = :w)"
)
_NEAREST_FIRST = (
    " ORDER BY CASE WHEN l.velocity = :velocity THEN 0 WHEN l.velocity = '' OR :velocity = '' THEN 1"
    " WHEN l.velocity IN ('A', 'C') AND :velocity IN ('A', 'C') THEN 3 ELSE 2 END,"
    f" ABS(l.x_dm - :x) + ABS(l.y_dm - :y) + l.level * {LEVEL_DM}, l.code LIMIT {NEAREST}"
)


def _nearest_empty(
    tx: Tx, goods: Arriving, qty_each: int, kind: str, classes: dict[str, str], start: tuple[int, int], avoid_id: int
) -> list[Candidate]:
    """Empty places of a kind that take all of it, best first."""
    rows = tx.all(
        _EMPTY + _not_in(_closed_zones(goods, classes)) + _NEAREST_FIRST,
        kind=kind, volume=goods.volume_ml * qty_each, weight=goods.weight_g * qty_each, height=goods.height_mm,
        zone=goods.zone, avoid=avoid_id, velocity=goods.velocity, x=start[0], y=start[1],
        **_zone_params(_closed_zones(goods, classes)),
    )  # fmt: skip
    return [_candidate(row, classes, start) for row in rows]


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
) -> str | None:
    """The code of a place that would do where `refused_id` does not: the one claimed for it, else another."""
    if claimed_id != refused_id and check_putaway(storage_at(tx, claimed_id), goods, qty_each) is None:
        other_id = claimed_id
    else:
        try:
            other_id, _ = propose(tx, goods, qty_each, from_location_id, refused_id)
        except Refused:
            return None
    return tx.one("SELECT code FROM location WHERE warehouse_id = :w AND id = :id", id=other_id)["code"]


def _put_away(tx: Tx, actor: Actor, task_id: int, location_code: str, qty_each: int) -> None:
    task = tx.one(
        "SELECT id, item_id, layer_id, location_id, qty_each, done_each FROM task"
        " WHERE warehouse_id = :w AND id = :id AND state = 'open'",
        id=task_id,
    )
    if task is None or actor.station_location_id is None:
        raise Refused(Rejected(Reject.NO_WORK))
    location = find_location(tx, location_code)
    goods = arriving_layer(tx, task["layer_id"])
    wrong = check_putaway(storage_at(tx, location["id"]), goods, qty_each)
    if wrong is not None:
        instead = place_instead(
            tx, goods, qty_each, location["id"], task["location_id"], actor.station_location_id
        )  # fmt: skip
        raise Refused(Rejected(wrong.code, instead or wrong.expected, location_code))
    claimed = tx.one(
        "SELECT id FROM task WHERE warehouse_id = :w AND kind = 'putaway' AND state = 'open'"
        " AND location_id = :location AND id <> :id AND item_id <> :item",
        location=location["id"], id=task_id, item=task["item_id"],
    )  # fmt: skip
    if claimed is not None:
        raise Refused(Rejected(Reject.LOCATION_FULL, expected="a location nobody else is sent to", got=location_code))
    sealed_each = ledger.carry_sealed(tx, actor, actor.station_location_id, task["layer_id"], qty_each)
    move = Move(
        task["layer_id"], task["item_id"], actor.station_location_id, location["id"], qty_each, MoveReason.PUTAWAY,
        sealed_from_each=sealed_each, sealed_to_each=sealed_each,
    )  # fmt: skip
    ledger.post(tx, actor, [move])
    done_each = task["done_each"] + qty_each
    tx.run(
        "UPDATE task SET done_each = :done, state = :state, done_at_ms = :now, operator_id = :operator"
        " WHERE warehouse_id = :w AND id = :id",
        id=task_id, done=done_each, state="done" if done_each == task["qty_each"] else "open", now=tx.now_ms,
        operator=actor.operator_id,
    )  # fmt: skip
    allocate.allocate_waiting(tx, actor, task["item_id"])
