"""Cluster picking: claim a tour, stand totes on the cart, confirm picks, report shorts, drop the totes."""

from __future__ import annotations

from typing import Any

from fulfillment.domain.fifo import Layer, choose_oldest, rank
from fulfillment.domain.orders import Policy
from fulfillment.domain.reasons import MoveReason, Refused, Reject, Rejected
from fulfillment.domain.stock import Move
from fulfillment.flows import pick as flow
from fulfillment.flows.step import Memory
from fulfillment.hot import Tx
from fulfillment.services import allocate, ledger
from fulfillment.services.actor import Actor
from fulfillment.services.lookup import GOODS_COLUMNS, PLACE_COLUMNS, find_location, find_lpn, goods_of, place_of
from fulfillment.services.running import tell

# Free carts and totes offered as buttons; a person with a scanner takes any. Written into the statements: with
# LIMIT as a parameter SQLite prepares them anew at each run, which costs more than running them.
SHOWN = 6


def load(tx: Tx, actor: Actor, memory: Memory) -> flow.Facts:
    """What the picking dialogue stands on."""
    tour = tx.one(
        "SELECT id, distance_dm FROM tour WHERE warehouse_id = :w AND station_id = :station AND state = 'active'",
        station=actor.station_id,
    )
    if tour is None:
        return flow.Facts(None, carts=_free_carts(tx))
    slot = tx.one(
        "SELECT s.id, s.position, o.number, (SELECT COUNT(DISTINCT p.position) FROM tour_tote p"
        " WHERE p.warehouse_id = s.warehouse_id AND p.tour_id = s.tour_id) AS positions FROM tour_tote s"
        " JOIN sales_order o ON o.warehouse_id = s.warehouse_id AND o.id = s.order_id"
        " WHERE s.warehouse_id = :w AND s.tour_id = :tour AND s.lpn_id = 0 AND o.is_cancelled = 0"
        " ORDER BY s.position LIMIT 1",
        tour=tour["id"],
    )
    if slot is not None:
        view = flow.Tour(tour["id"], slot["positions"], tour["distance_dm"], 0, 0)
        totes = _free_totes(tx)
        return flow.Facts(view, flow.Slot(slot["id"], slot["position"], slot["number"]), free_totes=totes)
    return _load_stop(tx, tour, memory)


def _load_stop(tx: Tx, tour: Any, memory: Memory) -> flow.Facts:
    tasks = tx.all(
        "SELECT k.id AS task_id, k.item_id AS item, k.qty_each - k.done_each AS left_each, k.position, k.order_id,"
        f" o.number, {PLACE_COLUMNS} FROM task k"
        " JOIN sales_order o ON o.warehouse_id = k.warehouse_id AND o.id = k.order_id"
        " JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
        " WHERE k.warehouse_id = :w AND k.tour_id = :tour AND k.state = 'open' ORDER BY k.sequence, k.id LIMIT 2",
        tour=tour["id"],
    )
    if not tasks:
        staging = tx.one(
            f"SELECT {PLACE_COLUMNS} FROM location l WHERE l.warehouse_id = :w AND l.kind = 'staging'"
            " ORDER BY (SELECT COUNT(*) FROM lpn t WHERE t.warehouse_id = l.warehouse_id AND t.location_id = l.id),"
            " l.id LIMIT 1"
        )
        view = flow.Tour(tour["id"], 0, tour["distance_dm"], 0, 0, _totes_on(tx, tour["id"]))
        return flow.Facts(view, staging=place_of(staging) if staging else None)
    row = tasks[0]
    counts = tx.one(
        "SELECT COUNT(*) AS total, SUM(CASE WHEN state = 'open' THEN 0 ELSE 1 END) AS done FROM task"
        " WHERE warehouse_id = :w AND tour_id = :tour",
        tour=tour["id"],
    )
    goods = tx.one(f"SELECT {GOODS_COLUMNS} FROM item i WHERE i.warehouse_id = :w AND i.id = :id", id=row["item"])
    tote = tx.one(
        "SELECT p.code FROM tour_tote s JOIN lpn p ON p.warehouse_id = s.warehouse_id AND p.id = s.lpn_id"
        " WHERE s.warehouse_id = :w AND s.tour_id = :tour AND s.position = :position AND s.order_id = :order"
        " AND s.is_full = 0 ORDER BY s.id DESC LIMIT 1",
        tour=tour["id"], position=row["position"], order=row["order_id"],
    )  # fmt: skip
    task = flow.PickTask(
        row["task_id"], place_of(row), goods_of(goods), row["left_each"], row["position"], row["number"],
        tote["code"] if tote else None,
    )  # fmt: skip
    needs_tote = tote is None or memory.get("new_tote")
    next_place = tasks[1]["code"] if len(tasks) > 1 else ""
    return flow.Facts(
        flow.Tour(tour["id"], 0, tour["distance_dm"], counts["done"], counts["total"], (), next_place),
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
        case flow.ConfirmPick(task_id, qty_each, tote_code, is_short):
            _confirm(tx, actor, task_id, qty_each, tote_code, is_short)
            return {"at": memory.get("at")}
        case flow.ReportShort(task_id):
            _short(tx, actor, _open_task(tx, task_id))
            return {"at": memory.get("at")}
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


def _confirm(tx: Tx, actor: Actor, task_id: int, qty_each: int, tote_code: str, is_short: bool) -> None:
    task = _open_task(tx, task_id)
    tote = find_lpn(tx, tote_code, "tote")
    if tote is None or tote["order_id"] != task["order_id"]:
        raise Refused(Rejected(Reject.TOTE_OF_ANOTHER_ORDER, got=tote_code))
    if not 0 < qty_each <= task["qty_each"] - task["done_each"]:
        raise Refused(Rejected(Reject.TOO_MANY, expected=str(task["qty_each"] - task["done_each"]), got=str(qty_each)))
    _pick_oldest(tx, actor, task, tote, qty_each)
    tx.run(
        "UPDATE demand SET picked_each = picked_each + :qty"
        " WHERE warehouse_id = :w AND order_id = :order AND item_id = :item",
        order=task["order_id"], item=task["item_id"], qty=qty_each,
    )  # fmt: skip
    done_each = task["done_each"] + qty_each
    is_done = done_each == task["qty_each"]
    tx.run(
        "UPDATE task SET done_each = :done, state = :state, operator_id = :operator, done_at_ms = :now"
        " WHERE warehouse_id = :w AND id = :id",
        id=task_id, done=done_each, state="done" if is_done else "open", operator=actor.operator_id, now=tx.now_ms,
    )  # fmt: skip
    if is_short and not is_done:
        _short(tx, actor, _open_task(tx, task_id))


def _pick_oldest(tx: Tx, actor: Actor, task: Any, tote: Any, qty_each: int) -> None:
    """Take the oldest units the location holds, whoever they were promised to.

    Two orders can hold promises on an older and a newer layer in one bin. The first picker there takes what
    lies in front, which is the older: the promises change owners, so that the ledger says what the hand did.
    """
    item = tx.one("SELECT rotation, tolerance_days FROM item WHERE warehouse_id = :w AND id = :id", id=task["item_id"])
    # Expired units may lie in front; they are nobody's to take unless they were promised in good time.
    present = tx.all(
        "SELECT b.layer_id, b.on_hand_each, b.allocated_each, y.received_on, y.expiry_on FROM stock_balance b"
        " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id WHERE b.warehouse_id = :w"
        " AND b.location_id = :location AND b.lpn_id = 0 AND b.status = 'available' AND b.item_id = :item"
        " AND (y.expiry_on = '' OR y.expiry_on > :today OR EXISTS (SELECT 1 FROM allocation a"
        " WHERE a.warehouse_id = b.warehouse_id AND a.task_id = :task AND a.layer_id = b.layer_id AND a.qty_each > 0))",
        location=task["location_id"], item=task["item_id"], task=task["id"], today=allocate.today(tx),
    )  # fmt: skip
    present = sorted(present, key=lambda row: _age(row, item))
    moves = []
    for row in present:
        take_each = min(qty_each, row["on_hand_each"])
        if take_each <= 0:
            break
        _own_promise(tx, actor, task, item, row, take_each)
        for promise in _promises(tx, task["id"], row["layer_id"]):
            part_each = min(take_each, promise["qty_each"])
            if part_each <= 0:
                break
            ledger.keep(tx, actor, promise, part_each)
            moves.append(
                Move(
                    row["layer_id"], task["item_id"], task["location_id"], tote["location_id"], part_each,
                    MoveReason.PICK, to_lpn_id=tote["id"], allocated_from_each=part_each, allocated_to_each=part_each,
                    order_id=task["order_id"],
                )
            )  # fmt: skip
            take_each -= part_each
            qty_each -= part_each
    if qty_each:
        raise Refused(Rejected(Reject.SHORT_STOCK, expected=str(qty_each)))
    ledger.post(tx, actor, moves)


def _age(row: Any, item: Any) -> tuple[int, int]:
    layer = Layer(row["layer_id"], row["received_on"], row["expiry_on"])
    return rank(layer, item["rotation"], item["tolerance_days"])


def _own_promise(tx: Tx, actor: Actor, task: Any, item: Any, row: Any, wanted_each: int) -> None:
    """Make sure this task is promised `wanted_each` of this layer, by exchange within the location."""
    own_each = sum(promise["qty_each"] for promise in _promises(tx, task["id"], row["layer_id"]))
    missing_each = wanted_each - own_each
    if missing_each <= 0:
        return
    # The newest goes first: a middle-aged promise given up here would lie free while another order is
    # handed something newer still.
    newer = sorted(
        tx.all(
            "SELECT a.*, y.received_on, y.expiry_on FROM allocation a"
            " JOIN layer y ON y.warehouse_id = a.warehouse_id AND y.id = a.layer_id WHERE a.warehouse_id = :w"
            " AND a.task_id = :task AND a.layer_id <> :layer AND a.location_id = :location AND a.qty_each > 0",
            task=task["id"], layer=row["layer_id"], location=task["location_id"],
        ),
        key=lambda promise: (*_age(promise, item), promise["id"]),
        reverse=True,
    )  # fmt: skip
    others = tx.all(
        "SELECT * FROM allocation WHERE warehouse_id = :w AND location_id = :location AND layer_id = :layer"
        " AND qty_each > 0 AND (task_id IS NULL OR task_id <> :task) ORDER BY id",
        location=task["location_id"], layer=row["layer_id"], task=task["id"],
    )  # fmt: skip
    # Read anew: the exchange for the layer before this one may have promised units of this one.
    balance = tx.one(
        "SELECT on_hand_each - allocated_each AS free_each FROM stock_balance WHERE warehouse_id = :w"
        " AND location_id = :location AND layer_id = :layer AND lpn_id = 0 AND status = 'available'",
        location=task["location_id"], layer=row["layer_id"],
    )  # fmt: skip
    free_each = balance["free_each"]
    spent: dict[int, int] = {}
    for mine in newer:
        swap_each = min(missing_each, mine["qty_each"])
        if swap_each <= 0:
            break
        missing_each -= swap_each
        ledger.give_up(tx, actor, mine, swap_each, "exchanged for older in the same location")
        from_free = min(swap_each, free_each)
        free_each -= from_free
        if from_free:
            _promise_to(tx, actor, mine, row["layer_id"], from_free)
        swap_each -= from_free
        for other in others:
            part_each = min(swap_each, other["qty_each"] - spent.get(other["id"], 0))
            if part_each <= 0:
                continue
            spent[other["id"]] = spent.get(other["id"], 0) + part_each
            ledger.give_up(tx, actor, other, part_each, "exchanged for newer in the same location")
            # The older units find their new owner first: between the two promises nothing older is free.
            _promise_to(tx, actor, mine, row["layer_id"], part_each)
            _promise_oldest_here(tx, actor, other, part_each)
            swap_each -= part_each
        if swap_each:
            raise Refused(Rejected(Reject.SHORT_STOCK, expected=str(swap_each)))


def _promise_oldest_here(tx: Tx, actor: Actor, like: Any, qty_each: int) -> None:
    """The other order gets the oldest that is free here, which need not be what it is exchanged for: a
    cancelled order may have left something older lying in the same location."""
    item = tx.one("SELECT rotation, tolerance_days FROM item WHERE warehouse_id = :w AND id = :id", id=like["item_id"])
    here = [part for part in allocate.free_stock(tx, like["item_id"]) if part.location_id == like["location_id"]]
    chosen = choose_oldest(qty_each, here, item["rotation"], item["tolerance_days"])
    if sum(part.qty_each for part in chosen) != qty_each:
        raise Refused(Rejected(Reject.SHORT_STOCK, expected=str(qty_each)))
    for part in chosen:
        _promise_to(tx, actor, like, part.layer_id, part.qty_each)


def _promise_to(tx: Tx, actor: Actor, like: Any, layer_id: int, qty_each: int) -> None:
    new_id = ledger.promise(
        tx, actor, like["order_id"], like["item_id"], like["location_id"], layer_id, qty_each, "exchanged"
    )
    if new_id is None:
        raise Refused(Rejected(Reject.SHORT_STOCK, expected=str(qty_each)))
    tx.run(
        "UPDATE allocation SET task_id = :task WHERE warehouse_id = :w AND id = :id", id=new_id, task=like["task_id"]
    )


def _promises(tx: Tx, task_id: int, layer_id: int) -> Any:
    return tx.all(
        "SELECT * FROM allocation WHERE warehouse_id = :w AND task_id = :task AND layer_id = :layer AND qty_each > 0",
        task=task_id, layer=layer_id,
    )  # fmt: skip


def _short(tx: Tx, actor: Actor, task: Any) -> None:
    """The rest of a task is not in its location: free the promise, hold what the book still shows there
    until somebody has counted, and send the same walk to other stock at once."""
    promises = tx.all(
        "SELECT * FROM allocation WHERE warehouse_id = :w AND task_id = :task AND qty_each > 0", task=task["id"]
    )
    missing_each = task["qty_each"] - task["done_each"]
    for promise in promises:
        ledger.give_up(tx, actor, promise, promise["qty_each"], "short")
    hold_and_count(tx, actor, task["location_id"], task["item_id"])
    tx.run(
        "UPDATE task SET state = 'short', reason = 'short', operator_id = :operator, done_at_ms = :now"
        " WHERE warehouse_id = :w AND id = :id",
        id=task["id"], operator=actor.operator_id, now=tx.now_ms,
    )  # fmt: skip
    tell(tx, "board", "PickShorted", actor.scan_id, order=task["order_number"], missing_each=missing_each)
    if task["policy"] == Policy.SHIP_PARTIAL or _can_fill(tx, task["item_id"], missing_each):
        allocate.allocate_order(tx, actor, task["order_id"], "short")
        extend_tour(tx, actor, task["tour_id"], task["order_id"], task["position"])
    allocate.settle_order(tx, actor, task["order_id"])


def _can_fill(tx: Tx, item_id: int, missing_each: int) -> bool:
    return sum(part.free_each for part in allocate.free_stock(tx, item_id)) >= missing_each


def hold_and_count(tx: Tx, actor: Actor, location_id: int, item_id: int) -> None:
    """Nobody is promised anything more of this item here until a count has said what there is."""
    rows = tx.all(
        "SELECT layer_id, on_hand_each - allocated_each AS free_each FROM stock_balance WHERE warehouse_id = :w"
        " AND location_id = :location AND item_id = :item AND lpn_id = 0 AND status = 'available'"
        " AND on_hand_each > allocated_each",
        location=location_id, item=item_id,
    )  # fmt: skip
    for row in rows:
        ledger.hold_in_place(tx, actor, location_id, row["layer_id"], item_id, row["free_each"], MoveReason.SHORT)
    open_count(tx, actor, location_id, "short")


def open_count(tx: Tx, actor: Actor, location_id: int, reason: str) -> None:
    """Ask for a count of a location, once however often it is asked for."""
    known = tx.one(
        "SELECT id FROM task WHERE warehouse_id = :w AND kind = 'count' AND state = 'open' AND location_id = :location",
        location=location_id,
    )
    if known is None:
        tx.insert("task", kind="count", location_id=location_id, reason=reason, created_at_ms=tx.now_ms)


def extend_tour(tx: Tx, actor: Actor, tour_id: int, order_id: int, position: int) -> None:
    """Promises of an order that no task carries yet become stops at the end of a running tour."""
    loose = tx.all(
        "SELECT location_id, item_id, SUM(qty_each) AS qty_each FROM allocation WHERE warehouse_id = :w"
        " AND order_id = :order AND task_id IS NULL AND qty_each > 0 GROUP BY location_id, item_id",
        order=order_id,
    )
    for row in loose:
        last = tx.one(
            "SELECT COALESCE(MAX(sequence), 0) AS sequence FROM task WHERE warehouse_id = :w AND tour_id = :tour",
            tour=tour_id,
        )
        task_id = tx.insert(
            "task", kind="pick", tour_id=tour_id, sequence=last["sequence"] + 1, position=position, order_id=order_id,
            item_id=row["item_id"], location_id=row["location_id"], qty_each=row["qty_each"], created_at_ms=tx.now_ms,
        )  # fmt: skip
        tx.run(
            "UPDATE allocation SET task_id = :task WHERE warehouse_id = :w AND order_id = :order"
            " AND location_id = :location AND item_id = :item AND task_id IS NULL AND qty_each > 0",
            task=task_id, order=order_id, location=row["location_id"], item=row["item_id"],
        )  # fmt: skip


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
