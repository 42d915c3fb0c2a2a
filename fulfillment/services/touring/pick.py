"""Cluster picking: claim a tour, stand totes on the cart, confirm picks, report shorts, drop the totes.

Owns tours from claim to drop and the stops of them; which units the hand takes is `pick_stock`, what becomes of
a stop where they are not is `shorts`, where they are damaged `damage`, what a pick taken back leaves is `undoing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fulfillment.domain.reasons import MoveReason, Refused, Reject, Rejected
from fulfillment.domain.tasks import PickMode
from fulfillment.flows import pick as flow
from fulfillment.flows.pick_hand import OpenCase, Override, TakeGoods, hand_of, with_taken
from fulfillment.flows.pick_new_tote import AddTote
from fulfillment.flows.pick_otherwise import SHORT, AskSupervisor, ReportShort, SetAsideDamaged, TakeBack
from fulfillment.flows.step import Goods, Memory
from fulfillment.hot import Question, Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.ordering import substitutes
from fulfillment.services.replenishing import replenishment_plans
from fulfillment.services.scan_path import undoing
from fulfillment.services.stock import allocate, ledger
from fulfillment.services.stock.lookup import (
    GOODS_COLUMNS,
    PLACE_COLUMNS,
    find_location,
    find_supervisor,
    goods_of,
    place_of,
)
from fulfillment.services.touring import (
    batch_picks,
    batch_totes,
    cart_places,
    damage,
    pick_stock,
    pick_walk,
    pick_zones,
    replanning,
    shorts,
    small_carts,
    tour_queue,
)
from fulfillment.services.touring.pick_walk import Stop, Walk
from fulfillment.services.walking import tour_orders

# Free carts and totes offered as buttons; a person with a scanner takes any. Written into the statements: with
# LIMIT as a parameter SQLite prepares them anew at each run, which costs more than running them.
SHOWN = 6
LOOK_ALIKES_SHOWN = 3

def questions(station_code: str) -> tuple[Question, ...]:
    """What `load` needs answered: it can be asked before anybody knows who stands there."""
    return (pick_walk.question(station_code),)


def load(tx: Tx, actor: Actor, memory: Memory, answers: Sequence[Sequence[Any]] | None = None) -> flow.Facts:
    """What the picking dialogue stands on."""
    rows = tx.ask(*questions(actor.station_code))[0] if answers is None else answers[0]
    walk = pick_walk.walk_on(tx, rows)
    if walk is None:
        waiting = tuple(pick_zones.waiting(tx, memory.get("zone", "")))
        return flow.Facts(None, carts=tour_queue.free_carts(tx, actor.operator_id, SHOWN), waiting=waiting)
    return again(tx, memory, walk)


def again(tx: Tx, memory: Memory, walk: Walk) -> flow.Facts:
    """What the dialogue stands on when only its memory has changed since the walk was read."""
    row = walk.row
    slot = row["wants_totes"] and tx.one(
        "SELECT s.id, s.position, o.number, (SELECT COUNT(DISTINCT p.position) FROM tour_tote p"
        " WHERE p.warehouse_id = s.warehouse_id AND p.tour_id = s.tour_id) AS positions,"
        " (SELECT COUNT(DISTINCT p.order_id) FROM tour_tote p WHERE p.warehouse_id = s.warehouse_id"
        " AND p.tour_id = s.tour_id AND p.position = s.position) AS batch_orders,"
        " (SELECT COUNT(*) FROM proposed_carton c WHERE c.warehouse_id = s.warehouse_id AND c.order_id = s.order_id)"
        " AS cartons, COALESCE((SELECT t.code FROM proposed_carton c JOIN carton_type t"
        " ON t.warehouse_id = c.warehouse_id AND t.id = c.carton_type_id WHERE c.warehouse_id = s.warehouse_id"
        " AND c.order_id = s.order_id ORDER BY c.sequence LIMIT 1), '') AS carton FROM tour_tote s"
        " JOIN sales_order o ON o.warehouse_id = s.warehouse_id AND o.id = s.order_id"
        " WHERE s.warehouse_id = :w AND s.tour_id = :tour AND s.lpn_id = 0 AND o.is_cancelled = 0"
        " ORDER BY s.position LIMIT 1",
        tour=row["tour_id"],
    )
    if slot:
        view = flow.Tour(row["tour_id"], slot["positions"], row["distance_dm"], 0, 0)
        totes = _free_totes(tx)
        place = flow.Slot(slot["id"], slot["position"], slot["number"], slot["cartons"], slot["carton"])
        if batch_picks.is_batch(row):
            said = batch_picks.order_said({**dict(slot), "mode": row["mode"]})
            place = flow.Slot(slot["id"], slot["position"], said)
        return flow.Facts(view, place, free_totes=totes, walk=walk)
    stop = walk.stop
    if stop is None:
        staging = tx.one(
            f"SELECT {PLACE_COLUMNS} FROM location l WHERE l.warehouse_id = :w AND l.kind = 'staging'"
            # A batch goes to a put wall, everything else does not.
            " ORDER BY CASE WHEN EXISTS (SELECT 1 FROM put_wall v WHERE v.warehouse_id = l.warehouse_id"
            " AND v.location_id = l.id) THEN :at_wall ELSE 1 - :at_wall END,"
            # Where carts are handed over no finished tote is looked for.
            " (SELECT COUNT(*) FROM zone z WHERE z.warehouse_id = l.warehouse_id AND z.hand_over_id = l.id),"
            " (SELECT COUNT(*) FROM lpn t WHERE t.warehouse_id = l.warehouse_id AND t.location_id = l.id"
            " AND t.kind <> 'slot'), l.id LIMIT 1",
            at_wall=0 if batch_picks.is_batch(row) else 1,
        )
        view = flow.Tour(row["tour_id"], 0, row["distance_dm"], 0, 0, _totes_on(tx, row["tour_id"]))
        return flow.Facts(view, staging=place_of(staging) if staging else None, walk=walk)
    over = pick_zones.next_over(tx, row)
    if over is not None:
        view = flow.Tour(row["tour_id"], 0, row["distance_dm"], 0, 0, _totes_on(tx, row["tour_id"]))
        place = place_of(tx.one(
            f"SELECT {PLACE_COLUMNS} FROM location l WHERE l.warehouse_id = :w AND l.id = :id", id=over.location_id
        ))  # fmt: skip
        return flow.Facts(view, over=flow.Over(row["tour_zone"], over.code, place), walk=walk)
    oldest, sealed, substitute = None, None, None
    others: tuple[Goods, ...] = ()
    if memory.get("at") == row["location_id"]:
        mine = memory if memory.get("task") == row["task_id"] else {}
        counted_each = mine.get("counted", 0)
        oldest, sealed = pick_stock.shown(stop, hand_of(mine), counted_each)
        if row["look_alike"]:
            others = _look_alikes(tx, row)
        if mine.get("asks") == SHORT and not batch_picks.is_batch(row):
            missing_each = row["left_each"] - counted_each
            substitute = substitutes.offer(
                tx, row["order_id"], row["item_id"], missing_each, row["location_id"]
            )
    needs_tote = row["tote"] is None or bool(memory.get("new_tote"))
    task = flow.PickTask(
        row["task_id"], place_of(row), goods_of(row), batch_picks.left_each(row), row["position"],
        batch_picks.order_said(row), row["tote"], bool(row["tracks_serial"]), sealed, oldest, bool(stop.spoilt),
        substitute, cart_places.free(tx, row["tour_id"]) if needs_tote else (), bool(row["look_alike"]), others,
    )  # fmt: skip
    stops, stops_done = row["stops"], row["stops"] - row["stops_left"]
    return flow.Facts(
        flow.Tour(
            row["tour_id"], 0, row["distance_dm"], stops_done, stops, (), row["next_place"] or "", row["walk_left_dm"]
        ),
        task=task, free_totes=_free_totes(tx) if needs_tote else (), walk=walk,
    )  # fmt: skip


def apply(tx: Tx, actor: Actor, command: object, memory: Memory, walk: Walk | None) -> Memory:
    """Carry out a picking command on the walk that `load` has read in this transaction.

    Raises:
        Refused: no tour waits, the cart or tote is in use, or the stock is not there any more.
    """
    match command:
        case flow.ClaimTour(cart_code):
            _claim(tx, actor, _cart(tx, cart_code))
            return {}
        case flow.TakeOver(tote_code):
            _claim(tx, actor, pick_zones.cart_with(tx, tote_code))
            return {}
        case flow.HandOver(tour_id, zone, left, location_code):
            pick_zones.hand_over(tx, actor, tour_id, zone, location_code)
            return {"zone": left}
        case flow.AssignTote(slot_id, tote_code):
            cart_places.stand(tx, slot_id, tote_code)
        case AddTote(task_id, tote_code, onto):
            cart_places.add(tx, _open_task(tx, task_id), tote_code, onto)
        case TakeGoods(_, item):
            task, stop = _stop(walk)
            return with_taken(memory, item.qty_each, pick_stock.take(tx, actor, task, stop, command))
        case OpenCase(_, hand):
            task, stop = _stop(walk)
            pick_stock.open_case(tx, actor, task, stop, hand)
        case AskSupervisor(badge):
            return {**memory, "override": _supervisor(tx, actor, badge)}
        case flow.ConfirmPick():
            task, stop = _stop(walk)
            is_short, parts = _confirm_stop(tx, actor, command, task, stop)
            # A stop that ended short was sourced anew elsewhere: what was picked there before stays picked.
            return {"at": memory.get("at")} if is_short else {
                "at": memory.get("at"), "last": undoing.remember(actor, parts=parts),
            }  # fmt: skip
        case ReportShort(task_id, why, is_substituted):
            for one in batch_picks.tasks_of_stop(tx, _open_task(tx, task_id)["id"]):
                shorts.short(tx, actor, _open_task(tx, one), why, is_substituted=is_substituted)
            return {"at": memory.get("at")}
        case SetAsideDamaged():
            task, stop = _stop(walk)
            damage.set_aside(tx, actor, task, stop, command)
            return memory
        case TakeBack(last):
            return undoing.take_back_pick(tx, actor, last)
        case flow.SetAsideSpoilt(task_id):
            task = _open_task(tx, task_id)
            shorts.set_aside_spoilt(tx, actor, task["location_id"], task["item_id"])
            close_empty_tours(tx, actor)
            return {"at": memory.get("at"), "notice": "expired"}
        case flow.SkipTask(task_id):
            if walk is not None and walk.row["mode"] == PickMode.ZONE:
                pick_zones.last_of_zone(tx, walk.row["tour_id"], [task_id])
                return {}
            if walk is not None:
                tour_orders.put_off(tx, walk.row["tour_id"], batch_picks.tasks_of_stop(tx, task_id))
            return {}
        case flow.DropTotes(tour_id, location_code):
            _drop(tx, actor, tour_id, location_code)
            return {}
        case _:
            raise TypeError(f"not a picking command: {command!r}")
    return memory


def _cart(tx: Tx, cart_code: str) -> Any:
    cart = tx.one("SELECT id, code, positions FROM cart WHERE warehouse_id = :w AND code = :code", code=cart_code)
    if cart is None:
        raise Refused(Rejected(Reject.UNKNOWN_CODE, expected="cart", got=cart_code))
    return cart


def _claim(tx: Tx, actor: Actor, cart: Any) -> None:
    tour_id = tour_queue.go_on(tx, actor, cart["id"], cart["code"])
    if tour_id is None:
        tour_id = _begin(tx, actor, cart)
    _settle_tour_orders(tx, actor, tour_id)
    tell(tx, "board", "TourClaimed", actor.scan_id, tour=tour_id, station=actor.station_code)


def _begin(tx: Tx, actor: Actor, cart: Any) -> int:
    tour_id = tour_queue.next_for(tx, actor.operator_id)
    if tour_id is None:
        raise Refused(Rejected(Reject.NO_WORK))
    tx.claim(
        lambda: Refused(Rejected(Reject.NO_WORK)),  # somebody else was given it
        "UPDATE tour SET state = 'active', cart_id = :cart, operator_id = :operator, station_id = :station,"
        " claimed_at_ms = :now, for_operator_id = NULL WHERE warehouse_id = :w AND id = :id AND state = 'planned'",
        id=tour_id, cart=cart["id"], operator=actor.operator_id, station=actor.station_id, now=tx.now_ms,
    )  # fmt: skip
    small_carts.leave_what_does_not_fit(tx, tour_id, cart["positions"])
    pick_zones.begin(tx, tour_id)
    replanning.ask_at_setting_out(tx, tour_id)
    return tour_id


def _open_task(tx: Tx, task_id: int) -> Any:
    task = tx.one(
        "SELECT k.*, o.is_cancelled, o.number AS order_number, o.policy, t.mode FROM task k"
        " LEFT JOIN tour t ON t.warehouse_id = k.warehouse_id AND t.id = k.tour_id"
        " JOIN sales_order o ON o.warehouse_id = k.warehouse_id AND o.id = k.order_id"
        " WHERE k.warehouse_id = :w AND k.id = :id",
        id=task_id,
    )
    if task is None or task["state"] != "open":
        code = Reject.ORDER_CANCELLED if task is not None and task["is_cancelled"] else Reject.NO_WORK
        raise Refused(Rejected(code, got=task["order_number"] if task is not None else None))
    return task


def _supervisor(tx: Tx, actor: Actor, badge: str) -> dict[str, Any]:
    row = find_supervisor(tx, badge)
    return vars(Override(row["id"], row["name"] or badge, given_to_id=actor.operator_id or 0))


def _stop(walk: Walk | None) -> tuple[Any, Stop]:
    # The dialogue asks for nothing at a stop unless `load` found one; the row has the stop's columns.
    assert walk is not None
    assert walk.stop is not None
    return walk.row, walk.stop


def _confirm_stop(
    tx: Tx, actor: Actor, command: flow.ConfirmPick, task: Any, stop: Stop
) -> tuple[bool, list[dict[str, int]]]:
    """The units in the hand into the tote; whether the stop ended short, and whose task got what into which tote."""
    parts: list[dict[str, int]] = []

    def confirm_one(part: flow.ConfirmPick, of_part: Any, at_part: Stop) -> bool:
        parts.append({"task": of_part["task_id"], "tote": of_part["tote_id"]})
        return _confirm(tx, actor, part, of_part, at_part)

    if not batch_picks.is_batch(task):
        return confirm_one(command, task, stop), parts

    still_open = batch_picks.confirm(tx, actor.station_code, command, task, confirm_one)
    for task_id in still_open if command.is_short else ():
        shorts.short(tx, actor, _open_task(tx, task_id), command.why)
    return command.is_short and bool(still_open), parts


def _confirm(tx: Tx, actor: Actor, command: flow.ConfirmPick, task: Any, stop: Stop) -> bool:
    if task["tote"] != command.tote_code or task["tote_order_id"] != task["order_id"]:
        raise Refused(Rejected(Reject.TOTE_OF_ANOTHER_ORDER, got=command.tote_code))
    qty_each, left_each = command.qty_each, task["left_each"]
    if not 0 < qty_each <= left_each:
        raise Refused(Rejected(Reject.TOO_MANY, expected=str(left_each), got=str(qty_each)))
    with tx.claims_later():
        pick_stock.pick(tx, actor, task, stop, qty_each, command.hand)
    tx.put(
        "UPDATE demand SET picked_each = picked_each + :qty"
        " WHERE warehouse_id = :w AND order_id = :order AND item_id = :item",
        order=task["order_id"], item=task["item_id"], qty=qty_each,
    )  # fmt: skip
    is_done = qty_each == left_each
    tx.put(
        "UPDATE task SET done_each = done_each + :qty, state = :state, operator_id = :operator, done_at_ms = :now"
        " WHERE warehouse_id = :w AND id = :id",
        id=task["task_id"], qty=qty_each, state="done" if is_done else "open", operator=actor.operator_id,
        now=tx.now_ms,
    )  # fmt: skip
    is_short = command.is_short and not is_done
    if is_short:
        task_row = _open_task(tx, task["task_id"])
        shorts.short(tx, actor, task_row, command.why, is_substituted=command.is_substituted)
    if task["face_item_id"] == task["item_id"]:
        replenishment_plans.refill(tx, actor, task["item_id"])  # the face may not last any more
    return is_short


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
        tx.put(
            "UPDATE lpn SET location_id = :location, order_id = CASE WHEN :units > 0 THEN order_id END"
            " WHERE warehouse_id = :w AND id = :id",
            id=tote["id"], location=location["id"], units=units,
        )  # fmt: skip
        if units and tote["is_cancelled"]:
            ask_put_back(tx, tote["id"], tote["order_id"])
    batch_totes.set_down(tx, [tote["id"] for tote in totes], location["id"])
    tx.put(
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
        tx.add("task", kind="put_back", lpn_id=tote_id, order_id=order_id, created_at_ms=tx.now_ms)


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
        tx.put(
            "UPDATE tour SET state = 'done', done_at_ms = :now WHERE warehouse_id = :w AND id = :id",
            id=row["id"], now=tx.now_ms,
        )  # fmt: skip
        _close_wave(tx, actor, row["id"])


def _close_wave(tx: Tx, actor: Actor, tour_id: int) -> None:
    tx.put(
        "UPDATE wave SET state = 'done', done_at_ms = :now WHERE warehouse_id = :w AND state = 'released' AND id ="
        " (SELECT wave_id FROM tour WHERE warehouse_id = :w AND id = :tour) AND NOT EXISTS (SELECT 1 FROM tour t"
        " WHERE t.warehouse_id = wave.warehouse_id AND t.wave_id = wave.id AND t.state <> 'done')",
        tour=tour_id, now=tx.now_ms,
    )  # fmt: skip


def _free_totes(tx: Tx) -> tuple[str, ...]:
    rows = tx.all(
        f"SELECT code FROM lpn WHERE warehouse_id = :w AND kind = 'tote' AND order_id IS NULL ORDER BY id LIMIT {SHOWN}"
    )
    return tuple(row["code"] for row in rows)


def _look_alikes(tx: Tx, row: Any) -> tuple[Goods, ...]:
    """What the item of this stop is mistaken for."""
    rows = tx.all(
        f"SELECT {GOODS_COLUMNS} FROM item i WHERE i.warehouse_id = :w AND i.look_alike = :word AND i.id <> :id"
        f" ORDER BY i.sku_key LIMIT {LOOK_ALIKES_SHOWN}",
        word=row["look_alike"], id=row["item_id"],
    )  # fmt: skip
    return tuple(goods_of(other) for other in rows)


def _totes_on(tx: Tx, tour_id: int) -> tuple[str, ...]:
    rows = tx.all(
        "SELECT COALESCE(b.code, p.code) AS code FROM tour_tote s"
        " JOIN lpn p ON p.warehouse_id = s.warehouse_id AND p.id = s.lpn_id"
        " LEFT JOIN lpn b ON b.warehouse_id = p.warehouse_id AND b.id = p.parent_lpn_id AND p.kind = 'share'"
        " WHERE s.warehouse_id = :w AND s.tour_id = :tour AND s.lpn_id <> 0 GROUP BY COALESCE(b.code, p.code)"
        " ORDER BY MIN(s.position), MIN(s.id)",
        tour=tour_id,
    )
    return tuple(row["code"] for row in rows)
