"""Counting: what lies in a location is kept as a result, and what follows from it happens at DONE.

A count is taken only if the book stood still meanwhile: when stock was moved here between the first read
and DONE, nobody can say whether it was counted before or after, so the count begins again. DONE closes what was
asked for before the count began, and nothing that was asked for since.
"""

from __future__ import annotations

import json

from fulfillment.domain.counting import outcome_of
from fulfillment.domain.reasons import Refused, Reject, Rejected
from fulfillment.domain.stock import STORAGE_KINDS
from fulfillment.flows import count as flow
from fulfillment.flows.step import Memory
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.counting import count_book, count_results
from fulfillment.services.stock import ledger
from fulfillment.services.stock.lookup import PLACE_COLUMNS, find_location, place_of

MOVED_MEANWHILE = "moved_meanwhile"


def load(tx: Tx, actor: Actor, memory: Memory) -> flow.Facts:
    """What the counting dialogue stands on."""
    notice = memory.get("notice", "")
    row = tx.one(
        f"SELECT {PLACE_COLUMNS} FROM location l WHERE l.warehouse_id = :w AND l.id = :id",
        id=memory.get("location", 0),
    )
    if row is not None:
        return flow.Facts(place_of(row), notice=notice)
    waiting = tx.one(f"SELECT COUNT(*) AS n FROM task k WHERE {_MINE_TO_COUNT}", operator=actor.operator_id)
    # A count somebody else has begun comes last: it is most likely done before one has walked there.
    row = tx.one(
        f"SELECT {PLACE_COLUMNS} FROM task k"
        " JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
        f" WHERE {_MINE_TO_COUNT} ORDER BY CASE WHEN k.operator_id IS NULL OR k.operator_id = :operator THEN 0"
        " ELSE 1 END, k.priority DESC, k.id LIMIT 1",
        operator=actor.operator_id,
    )
    return flow.Facts(None, place_of(row) if row is not None else None, waiting["n"], notice)


# A second count is not for the one who made the first.
_MINE_TO_COUNT = (
    "k.warehouse_id = :w AND k.kind = 'count' AND k.state = 'open' AND NOT EXISTS (SELECT 1 FROM count_result c"
    " WHERE c.warehouse_id = k.warehouse_id AND c.location_id = k.location_id AND c.state = 'recount'"
    " AND c.operator_id = :operator)"
)


def apply(tx: Tx, actor: Actor, command: object, memory: Memory) -> Memory:
    """Carry out a counting command.

    Raises:
        Refused: not a storage location, somebody is picking there, one's own count again, goods this warehouse
            never received, or a serial that cannot lie here.
    """
    match command:
        case flow.StartCount(location_code):
            return _start(tx, actor, location_code)
        case flow.CountGoods():
            return _count_goods(tx, command, memory)
        case flow.FinishCount():
            return _finish(tx, actor, command, memory)
        case flow.LeaveCount(location_id):
            _leave(tx, actor, location_id)
            return {}
        case _:
            raise TypeError(f"not a counting command: {command!r}")


_OPEN_COUNT = " WHERE warehouse_id = :w AND kind = 'count' AND state = 'open' AND location_id = :location"
_BEGUN_HERE = f"{_OPEN_COUNT} AND station_id = :station AND claimed_at_ms IS NOT NULL"


def _start(tx: Tx, actor: Actor, location_code: str) -> Memory:
    location = find_location(tx, location_code)
    if location["kind"] not in STORAGE_KINDS:
        raise Refused(Rejected(Reject.NOT_STORAGE, expected="a storage location", got=location_code))
    count_results.check_may_count(tx, actor, location["id"], location_code)
    _check_nobody_picks(tx, location["id"])
    return _begin(tx, actor, location["id"])


def _begin(tx: Tx, actor: Actor, location_id: int) -> dict[str, object]:
    tx.put(
        "UPDATE task SET operator_id = :operator, station_id = :station, claimed_at_ms = :now" + _OPEN_COUNT,
        location=location_id, operator=actor.operator_id, station=actor.station_id, now=tx.now_ms,
    )  # fmt: skip
    return {"location": location_id, "counted": [], "after_move": ledger.last_move_id(tx)}


def _check_nobody_picks(tx: Tx, location_id: int) -> None:
    """Units in a picker's hand have left the location and not the book: wait until they are in their tote."""
    for row in tx.all(
        "SELECT s.code, d.memory, (SELECT k.location_id FROM task k JOIN tour t"
        " ON t.warehouse_id = k.warehouse_id AND t.id = k.tour_id WHERE t.warehouse_id = d.warehouse_id"
        " AND t.station_id = d.station_id AND t.state = 'active' AND k.state = 'open'"
        " ORDER BY k.sequence, k.id LIMIT 1) AS stop FROM dialogue d"
        " JOIN station s ON s.warehouse_id = d.warehouse_id AND s.id = d.station_id"
        " WHERE d.warehouse_id = :w AND d.flow = 'pick'"
    ):
        if row["stop"] == location_id and json.loads(row["memory"]).get("at") == location_id:
            raise Refused(Rejected(Reject.FINISH_FIRST, expected=f"the pick at {row['code']}"))


def _count_goods(tx: Tx, goods: flow.CountGoods, memory: Memory) -> Memory:
    item = count_book.item_of(tx, goods.item_id)
    if item["tracks_serial"] and goods.serial:
        if goods.qty_each != 1:
            raise Refused(Rejected(Reject.BAD_QUANTITY, expected="1", got=str(goods.qty_each)))
        layer_id = count_book.find_serial(tx, goods.item_id, goods.serial)
        return flow.add_serial(memory, goods.item_id, goods.sku, layer_id, goods.serial)
    if item["tracks_serial"] and not _has_units_without_serial(tx, goods.item_id):
        raise Refused(Rejected(Reject.SERIAL_REQUIRED, expected="the serial of each unit", got=goods.sku))
    known = tx.one("SELECT id FROM layer WHERE warehouse_id = :w AND item_id = :item LIMIT 1", item=goods.item_id)
    if known is None:
        raise Refused(Rejected(Reject.NOTHING_HERE, expected="goods that were received once", got=goods.sku))
    return flow.add(memory, goods.item_id, goods.sku, goods.qty_each)


def _has_units_without_serial(tx: Tx, item_id: int) -> bool:
    """Whether units came before the item was tracked: those can only be counted by number."""
    row = tx.one(
        "SELECT y.id FROM stock_balance b JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
        " WHERE b.warehouse_id = :w AND b.item_id = :item AND y.serial = '' LIMIT 1",
        item=item_id,
    )
    return row is not None


def _finish(tx: Tx, actor: Actor, done: flow.FinishCount, memory: Memory) -> Memory:
    location_id = done.location_id
    _check_nobody_picks(tx, location_id)
    if _has_moved(tx, location_id, memory["after_move"]):
        # Begun anew, it answers whatever has been asked for until now.
        return {**_begin(tx, actor, location_id), "notice": MOVED_MEANWHILE}
    place = tx.one("SELECT code FROM location WHERE warehouse_id = :w AND id = :id", id=location_id)
    count_results.check_may_count(tx, actor, location_id, place["code"])
    counted = dict(done.counted)
    in_book = tx.all(
        "SELECT DISTINCT item_id FROM stock_balance WHERE warehouse_id = :w AND location_id = :location AND lpn_id = 0",
        location=location_id,
    )
    task = tx.one(f"SELECT MAX(id) AS id FROM task{_BEGUN_HERE}", location=location_id, station=actor.station_id)
    tx.put(
        f"UPDATE task SET state = 'done', operator_id = :operator, done_at_ms = :now{_BEGUN_HERE}",
        location=location_id, station=actor.station_id, operator=actor.operator_id, now=tx.now_ms,
    )  # fmt: skip
    concerned = {row["item_id"] for row in in_book} | set(counted) | count_results.waiting_items(tx, location_id)
    states = []
    for item_id in sorted(concerned):
        serials = frozenset(layer_id for of_item, layer_id in done.serials if of_item == item_id)
        states.append(
            count_results.record(tx, actor, location_id, item_id, counted.get(item_id, 0), serials, task["id"])
        )
    tx.put(
        "UPDATE location SET counted_at_ms = :now WHERE warehouse_id = :w AND id = :id", id=location_id, now=tx.now_ms
    )
    outcome = outcome_of(states)
    tell(tx, "board", "LocationCounted", actor.scan_id, location=location_id, outcome=outcome)
    return {"notice": str(outcome)}


def _has_moved(tx: Tx, location_id: int, after_move: int) -> bool:
    row = tx.one(
        "SELECT id FROM stock_move WHERE warehouse_id = :w AND id > :after AND ((from_location_id = :location"
        " AND from_lpn_id = 0) OR (to_location_id = :location AND to_lpn_id = 0)) LIMIT 1",
        after=after_move, location=location_id,
    )  # fmt: skip
    return row is not None


def _leave(tx: Tx, actor: Actor, location_id: int) -> None:
    """The place stays to be counted, once: what was asked for meanwhile is the same walk."""
    tx.put(
        f"UPDATE task SET state = 'cancelled', done_at_ms = :now{_BEGUN_HERE} AND EXISTS (SELECT 1 FROM task k"
        " WHERE k.warehouse_id = task.warehouse_id AND k.location_id = task.location_id AND k.kind = 'count'"
        " AND k.state = 'open' AND k.claimed_at_ms IS NULL)",
        location=location_id, station=actor.station_id, now=tx.now_ms,
    )  # fmt: skip
    tx.put(
        f"UPDATE task SET operator_id = NULL, station_id = NULL, claimed_at_ms = NULL{_BEGUN_HERE}",
        location=location_id, station=actor.station_id,
    )
