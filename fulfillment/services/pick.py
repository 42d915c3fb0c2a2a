"""Cluster picking: claim a tour, stand totes on the cart, confirm picks, report shorts, drop the totes.

Owns tours from claim to drop and the stops of them; which units the hand takes is `pick_stock`, what becomes of
a stop where they are not is `shorts`.
"""

from __future__ import annotations

from typing import Any

from fulfillment.domain.reasons import MoveReason, Refused, Reject, Rejected
from fulfillment.domain.roles import Role
from fulfillment.flows import pick as flow
from fulfillment.flows.pick_hand import OpenCase, Override, TakeGoods, hand_of, with_taken
from fulfillment.flows.step import Memory
from fulfillment.hot import Tx
from fulfillment.services import allocate, ledger, pick_stock, replenishment_plans, shorts
from fulfillment.services.actor import Actor
from fulfillment.services.lookup import GOODS_COLUMNS, PLACE_COLUMNS, find_location, find_lpn, goods_of, place_of
from fulfillment.services.running import tell

# Free carts and totes offered as buttons; a person with a scanner takes any. Written into the statements: with
# LIMIT as a parameter SQLite prepares them anew at each run, which costs more than running them.
SHOWN = 6

_TOTE_OF_STOP = (
    "(SELECT p.code FROM tour_tote s JOIN lpn p ON p.warehouse_id = s.warehouse_id AND p.id = s.lpn_id"
    " WHERE s.warehouse_id = k.warehouse_id AND s.tour_id = k.tour_id AND s.position = k.position"
    " AND s.order_id = k.order_id AND s.is_full = 0 ORDER BY s.id DESC LIMIT 1) AS tote"
)
_NEXT_PLACE = (
    "(SELECT e.code FROM task n JOIN location e ON e.warehouse_id = n.warehouse_id AND e.id = n.location_id"
    " WHERE n.warehouse_id = k.warehouse_id AND n.tour_id = k.tour_id AND n.state = 'open'"
    " ORDER BY n.sequence, n.id LIMIT 1 OFFSET 1) AS next_place"
)


def load(tx: Tx, actor: Actor, memory: Memory) -> flow.Facts:
    """What the picking dialogue stands on."""
    tour = tx.one(
        "SELECT t.id, t.distance_dm, (SELECT 1 FROM tour_tote s WHERE s.warehouse_id = t.warehouse_id"
        " AND s.tour_id = t.id AND s.lpn_id = 0 LIMIT 1) AS wants_totes,"
        " (SELECT COUNT(*) FROM task k WHERE k.warehouse_id = t.warehouse_id AND k.tour_id = t.id) AS stops,"
        " (SELECT COUNT(*) FROM task k WHERE k.warehouse_id = t.warehouse_id AND k.tour_id = t.id"
        " AND k.state = 'open') AS stops_left"
        " FROM tour t WHERE t.warehouse_id = :w AND t.station_id = :station AND t.state = 'active'",
        station=actor.station_id,
    )
    if tour is None:
        return flow.Facts(None, carts=_free_carts(tx))
    slot = tour["wants_totes"] and tx.one(
        "SELECT s.id, s.position, o.number, (SELECT COUNT(DISTINCT p.position) FROM tour_tote p"
        " WHERE p.warehouse_id = s.warehouse_id AND p.tour_id = s.tour_id) AS positions FROM tour_tote s"
        " JOIN sales_order o ON o.warehouse_id = s.warehouse_id AND o.id = s.order_id"
        " WHERE s.warehouse_id = :w AND s.tour_id = :tour AND s.lpn_id = 0 AND o.is_cancelled = 0"
        " ORDER BY s.position LIMIT 1",
        tour=tour["id"],
    )
    if slot:
        view = flow.Tour(tour["id"], slot["positions"], tour["distance_dm"], 0, 0)
        totes = _free_totes(tx)
        return flow.Facts(view, flow.Slot(slot["id"], slot["position"], slot["number"]), free_totes=totes)
    return _load_stop(tx, tour, memory)


def _load_stop(tx: Tx, tour: Any, memory: Memory) -> flow.Facts:
    row = tx.one(
        "SELECT k.id AS task_id, k.qty_each - k.done_each AS left_each, k.position, k.order_id,"
        f" o.number, {GOODS_COLUMNS}, i.rotation, i.tolerance_days, i.min_life_days, i.tracks_serial,"
        f" {PLACE_COLUMNS}, {_TOTE_OF_STOP}, {_NEXT_PLACE} FROM task k"
        " JOIN item i ON i.warehouse_id = k.warehouse_id AND i.id = k.item_id"
        " JOIN sales_order o ON o.warehouse_id = k.warehouse_id AND o.id = k.order_id"
        " JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
        " WHERE k.warehouse_id = :w AND k.tour_id = :tour AND k.state = 'open' ORDER BY k.sequence, k.id LIMIT 1",
        tour=tour["id"],
    )
    if row is None:
        staging = tx.one(
            f"SELECT {PLACE_COLUMNS} FROM location l WHERE l.warehouse_id = :w AND l.kind = 'staging'"
            " ORDER BY (SELECT COUNT(*) FROM lpn t WHERE t.warehouse_id = l.warehouse_id AND t.location_id = l.id),"
            " l.id LIMIT 1"
        )
        view = flow.Tour(tour["id"], 0, tour["distance_dm"], 0, 0, _totes_on(tx, tour["id"]))
        return flow.Facts(view, staging=place_of(staging) if staging else None)
    stop = pick_stock.stop_at(tx, row["location_id"], row)
    oldest, sealed = None, None
    if memory.get("at") == row["location_id"]:
        mine = memory if memory.get("task") == row["task_id"] else {}
        oldest, sealed = stop.shown(hand_of(mine), mine.get("counted", 0))
    task = flow.PickTask(
        row["task_id"], place_of(row), goods_of(row), row["left_each"], row["position"], row["number"],
        row["tote"], bool(row["tracks_serial"]), sealed, oldest, bool(stop.spoilt),
    )  # fmt: skip
    stops, stops_done = tour["stops"], tour["stops"] - tour["stops_left"]
    needs_tote = row["tote"] is None or memory.get("new_tote")
    return flow.Facts(
        flow.Tour(tour["id"], 0, tour["distance_dm"], stops_done, stops, (), row["next_place"] or ""),
        task=task, free_totes=_free_totes(tx) if needs_tote else (),
    )  # fmt: skip


def apply(tx: Tx, actor: Actor, command: object, memory: Memory) -> Memory:
    """Carry out a picking command.

    Raises:
        Refused: no tour waits, the cart or tote is in use, or the stock is not there any more.
    """
    match command:
        case flow.ClaimTour(cart_code):
            _claim(tx, actor, cart_code)
            return {}
        case flow.AssignTote(slot_id, tote_code):
            _stand(tx, actor, slot_id, tote_code)
        case flow.AddTote(task_id, tote_code):
            _add_tote(tx, actor, task_id, tote_code)
        case TakeGoods(task_id, item):
            parts = pick_stock.take(tx, actor, _open_task(tx, task_id), command)
            return with_taken(memory, item.qty_each, parts)
        case OpenCase(task_id, hand):
            pick_stock.open_case(tx, actor, _open_task(tx, task_id), hand)
        case flow.AskSupervisor(badge):
            return {**memory, "override": _supervisor(tx, actor, badge)}
        case flow.ConfirmPick():
            _confirm(tx, actor, command)
            return {"at": memory.get("at")}
        case flow.ReportShort(task_id):
            shorts.short(tx, actor, _open_task(tx, task_id))
            return {"at": memory.get("at")}
        case flow.SetAsideSpoilt(task_id):
            task = _open_task(tx, task_id)
            shorts.set_aside_spoilt(tx, actor, task["location_id"], task["item_id"])
            close_empty_tours(tx, actor)
            return {"at": memory.get("at"), "notice": "expired"}
        case flow.SkipTask(task_id):
            tx.run(
                "UPDATE task SET sequence = (SELECT MAX(n.sequence) + 1 FROM task n"
                " WHERE n.warehouse_id = task.warehouse_id AND n.tour_id = task.tour_id)"
                " WHERE warehouse_id = :w AND id = :id",
                id=task_id,
            )
            return {}
        case flow.DropTotes(tour_id, location_code):
            _drop(tx, actor, tour_id, location_code)
            return {}
        case _:
            raise TypeError(f"not a picking command: {command!r}")
    return memory


def _claim(tx: Tx, actor: Actor, cart_code: str) -> None:
    cart = tx.one("SELECT id FROM cart WHERE warehouse_id = :w AND code = :code", code=cart_code)
    if cart is None:
        raise Refused(Rejected(Reject.UNKNOWN_CODE, expected="cart", got=cart_code))
    busy = tx.one(
        "SELECT id FROM tour WHERE warehouse_id = :w AND cart_id = :cart AND state = 'active'", cart=cart["id"]
    )
    if busy is not None:
        raise Refused(Rejected(Reject.CART_IN_USE, got=cart_code))
    tour = tx.one(
        "SELECT id, wave_id FROM tour WHERE warehouse_id = :w AND state = 'planned'"
        " ORDER BY priority DESC, cut_off_at_ms, id LIMIT 1"
    )
    if tour is None:
        raise Refused(Rejected(Reject.NO_WORK))
    tx.run(
        "UPDATE tour SET state = 'active', cart_id = :cart, operator_id = :operator, station_id = :station,"
        " claimed_at_ms = :now WHERE warehouse_id = :w AND id = :id AND state = 'planned'",
        id=tour["id"], cart=cart["id"], operator=actor.operator_id, station=actor.station_id, now=tx.now_ms,
    )  # fmt: skip
    _settle_tour_orders(tx, actor, tour["id"])
    tell(tx, "board", "TourClaimed", actor.scan_id, tour=tour["id"], station=actor.station_code)


def _stand(tx: Tx, actor: Actor, slot_id: int, tote_code: str) -> None:
    slot = tx.one("SELECT tour_id, order_id FROM tour_tote WHERE warehouse_id = :w AND id = :id", id=slot_id)
    tote_id = _take_tote(tx, slot["tour_id"], slot["order_id"], tote_code)
    tx.run("UPDATE tour_tote SET lpn_id = :tote WHERE warehouse_id = :w AND id = :id", id=slot_id, tote=tote_id)


def _add_tote(tx: Tx, actor: Actor, task_id: int, tote_code: str) -> None:
    task = _open_task(tx, task_id)
    tote_id = _take_tote(tx, task["tour_id"], task["order_id"], tote_code)
    tx.run(
        "UPDATE tour_tote SET is_full = 1 WHERE warehouse_id = :w AND tour_id = :tour AND position = :position",
        tour=task["tour_id"], position=task["position"],
    )  # fmt: skip
    tx.insert(
        "tour_tote", tour_id=task["tour_id"], position=task["position"], order_id=task["order_id"], lpn_id=tote_id
    )


def _take_tote(tx: Tx, tour_id: int, order_id: int, tote_code: str) -> int:
    tote = find_lpn(tx, tote_code, "tote")
    if tote is None:
        raise Refused(Rejected(Reject.UNKNOWN_TOTE, got=tote_code))
    cart = tx.one(
        "SELECT c.location_id FROM tour t JOIN cart c ON c.warehouse_id = t.warehouse_id AND c.id = t.cart_id"
        " WHERE t.warehouse_id = :w AND t.id = :id",
        id=tour_id,
    )
    taken = tx.run(
        "UPDATE lpn SET order_id = :order, location_id = :location WHERE warehouse_id = :w AND id = :id"
        " AND order_id IS NULL",
        id=tote["id"], order=order_id, location=cart["location_id"],
    )  # fmt: skip
    if taken != 1:
        code = Reject.TOTE_OF_ANOTHER_ORDER if tote["order_id"] != order_id else Reject.TOTE_IN_USE
        raise Refused(Rejected(code, expected="an empty tote", got=tote_code))
    return tote["id"]


def _open_task(tx: Tx, task_id: int) -> Any:
    task = tx.one(
        "SELECT k.*, o.is_cancelled, o.number AS order_number, o.policy FROM task k"
        " JOIN sales_order o ON o.warehouse_id = k.warehouse_id AND o.id = k.order_id"
        " WHERE k.warehouse_id = :w AND k.id = :id",
        id=task_id,
    )
    if task is None or task["state"] != "open":
        code = Reject.ORDER_CANCELLED if task is not None and task["is_cancelled"] else Reject.NO_WORK
        raise Refused(Rejected(code, got=task["order_number"] if task is not None else None))
    return task


def _supervisor(tx: Tx, actor: Actor, badge: str) -> dict[str, Any]:
    row = tx.one(
        "SELECT id, name, role FROM operator WHERE warehouse_id = :w AND badge = :badge AND is_active = 1", badge=badge
    )
    if row is None:
        raise Refused(Rejected(Reject.UNKNOWN_CODE, expected="a badge of this warehouse", got=badge))
    if row["role"] not in (Role.SUPERVISOR, Role.ADMIN):
        raise Refused(Rejected(Reject.NOT_ALLOWED, expected=Role.SUPERVISOR, got=row["role"]))
    return vars(Override(row["id"], row["name"] or badge, given_to_id=actor.operator_id or 0))


def _confirm(tx: Tx, actor: Actor, command: flow.ConfirmPick) -> None:
    task = _open_task(tx, command.task_id)
    tote = find_lpn(tx, command.tote_code, "tote")
    if tote is None or tote["order_id"] != task["order_id"]:
        raise Refused(Rejected(Reject.TOTE_OF_ANOTHER_ORDER, got=command.tote_code))
    qty_each, left_each = command.qty_each, task["qty_each"] - task["done_each"]
    if not 0 < qty_each <= left_each:
        raise Refused(Rejected(Reject.TOO_MANY, expected=str(left_each), got=str(qty_each)))
    pick_stock.pick(tx, actor, task, tote, qty_each, command.hand)
    tx.run(
        "UPDATE demand SET picked_each = picked_each + :qty"
        " WHERE warehouse_id = :w AND order_id = :order AND item_id = :item",
        order=task["order_id"], item=task["item_id"], qty=qty_each,
    )  # fmt: skip
    is_done = qty_each == left_each
    tx.run(
        "UPDATE task SET done_each = done_each + :qty, state = :state, operator_id = :operator, done_at_ms = :now"
        " WHERE warehouse_id = :w AND id = :id",
        id=task["id"], qty=qty_each, state="done" if is_done else "open", operator=actor.operator_id, now=tx.now_ms,
    )  # fmt: skip
    if command.is_short and not is_done:
        shorts.short(tx, actor, _open_task(tx, task["id"]))
    replenishment_plans.after_pick(tx, actor, task["location_id"], task["item_id"])


def _drop(tx: Tx, actor: Actor, tour_id: int, location_code: str) -> None:
    location = find_location(tx, location_code)
    if location["kind"] != "staging":
        raise Refused(Rejected(Reject.WRONG_LOCATION, expected="a staging location", got=location_code))
    totes = tx.all(
        "SELECT DISTINCT p.id, p.order_id, o.is_cancelled FROM tour_tote s"
        " JOIN lpn p ON p.warehouse_id = s.warehouse_id AND p.id = s.lpn_id"
        " JOIN sales_order o ON o.warehouse_id = p.warehouse_id AND o.id = p.order_id"
        " WHERE s.warehouse_id = :w AND s.tour_id = :tour AND s.lpn_id <> 0 AND p.order_id = s.order_id",
        tour=tour_id,
    )
    for tote in totes:
        units = ledger.move_lpn(tx, actor, tote["id"], location["id"], MoveReason.DROP)
        tx.run(
            "UPDATE lpn SET location_id = :location, order_id = CASE WHEN :units > 0 THEN order_id END"
            " WHERE warehouse_id = :w AND id = :id",
            id=tote["id"], location=location["id"], units=units,
        )  # fmt: skip
        if units and tote["is_cancelled"]:
            ask_put_back(tx, tote["id"], tote["order_id"])
    tx.run(
        "UPDATE tour SET state = 'done', done_at_ms = :now WHERE warehouse_id = :w AND id = :id",
        id=tour_id, now=tx.now_ms,
    )  # fmt: skip
    _settle_tour_orders(tx, actor, tour_id)
    _close_wave(tx, actor, tour_id)
    tell(tx, "board", "TourDone", actor.scan_id, tour=tour_id)


def ask_put_back(tx: Tx, tote_id: int, order_id: int) -> None:
    """A tote nobody will pack: its units go back to storage."""
    known = tx.one(
        "SELECT id FROM task WHERE warehouse_id = :w AND kind = 'put_back' AND state = 'open' AND lpn_id = :tote",
        tote=tote_id,
    )
    if known is None:
        tx.insert("task", kind="put_back", lpn_id=tote_id, order_id=order_id, created_at_ms=tx.now_ms)


def _settle_tour_orders(tx: Tx, actor: Actor, tour_id: int) -> None:
    rows = tx.all("SELECT DISTINCT order_id FROM tour_tote WHERE warehouse_id = :w AND tour_id = :tour", tour=tour_id)
    allocate.settle_all(tx, actor, (row["order_id"] for row in rows))


def close_empty_tours(tx: Tx, actor: Actor) -> None:
    """A walk nobody has begun and on which nothing is left to do is no walk: its orders were cancelled."""
    empty = tx.all(
        "SELECT t.id FROM tour t WHERE t.warehouse_id = :w AND t.state = 'planned' AND NOT EXISTS (SELECT 1 FROM task k"
        " WHERE k.warehouse_id = t.warehouse_id AND k.tour_id = t.id AND k.state = 'open')"
    )
    for row in empty:
        tx.run(
            "UPDATE tour SET state = 'done', done_at_ms = :now WHERE warehouse_id = :w AND id = :id",
            id=row["id"], now=tx.now_ms,
        )  # fmt: skip
        _close_wave(tx, actor, row["id"])


def _close_wave(tx: Tx, actor: Actor, tour_id: int) -> None:
    tx.run(
        "UPDATE wave SET state = 'done', done_at_ms = :now WHERE warehouse_id = :w AND state = 'released' AND id ="
        " (SELECT wave_id FROM tour WHERE warehouse_id = :w AND id = :tour) AND NOT EXISTS (SELECT 1 FROM tour t"
        " WHERE t.warehouse_id = wave.warehouse_id AND t.wave_id = wave.id AND t.state <> 'done')",
        tour=tour_id, now=tx.now_ms,
    )  # fmt: skip


def _free_carts(tx: Tx) -> tuple[str, ...]:
    rows = tx.all(
        "SELECT c.code FROM cart c WHERE c.warehouse_id = :w AND NOT EXISTS (SELECT 1 FROM tour t"
        " WHERE t.warehouse_id = c.warehouse_id AND t.cart_id = c.id AND t.state = 'active')"
        f" ORDER BY c.id LIMIT {SHOWN}"
    )
    return tuple(row["code"] for row in rows)


def _free_totes(tx: Tx) -> tuple[str, ...]:
    rows = tx.all(
        f"SELECT code FROM lpn WHERE warehouse_id = :w AND kind = 'tote' AND order_id IS NULL ORDER BY id LIMIT {SHOWN}"
    )
    return tuple(row["code"] for row in rows)


def _totes_on(tx: Tx, tour_id: int) -> tuple[str, ...]:
    rows = tx.all(
        "SELECT p.code FROM tour_tote s JOIN lpn p ON p.warehouse_id = s.warehouse_id AND p.id = s.lpn_id"
        " WHERE s.warehouse_id = :w AND s.tour_id = :tour AND s.lpn_id <> 0 ORDER BY s.position, s.id",
        tour=tour_id,
    )
    return tuple(row["code"] for row in rows)
