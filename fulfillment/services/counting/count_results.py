"""What a count means and who may post it: results, second counts, and the decisions of a supervisor.

A result never changes its figures; its state changes once, by a second count or a decision, and the row says whose.
Until then the book keeps its figure and what was not found is on hold. Refuses a second count by the first counter,
and a variance that no longer fits what the book has become.
"""

from __future__ import annotations

from typing import Any

from fulfillment.domain.counting import CountCause, CountRules, CountState, judge
from fulfillment.domain.reasons import Conflict, NotFound, Refused, Reject, Rejected, Why
from fulfillment.domain.roles import Role
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.counting import count_book, count_posting
from fulfillment.services.counting.count_plans import ask_count
from fulfillment.services.counting.count_posting import SerialDifference
from fulfillment.services.stock import ledger
from fulfillment.services.stock.lookup import decider

RECOUNTED = "recounted"  # why a result was refused: a later count decides in its place
_UNDECIDED = "state IN ('recount', 'pending')"
_MAY_APPROVE = (Role.SUPERVISOR, Role.ADMIN)


def rules(tx: Tx) -> CountRules:
    """The thresholds of this warehouse."""
    row = tx.one("SELECT recount_above_each, approve_above_each FROM warehouse WHERE id = :w")
    return CountRules(row["recount_above_each"], row["approve_above_each"])


def set_rules(tx: Tx, recount_above_each: int | None, approve_above_each: int | None) -> None:
    """Change the thresholds; results that wait already go on waiting."""
    tx.put(
        "UPDATE warehouse SET recount_above_each = :recount, approve_above_each = :approve WHERE id = :w",
        recount=recount_above_each, approve=approve_above_each,
    )  # fmt: skip


def check_may_count(tx: Tx, actor: Actor, location_id: int, code: str) -> None:
    """Two counts by one pair of eyes are one count.

    Raises:
        Refused: `own_count`, the first count of something here was the actor's own.
    """
    own = tx.one(
        "SELECT id FROM count_result WHERE warehouse_id = :w AND location_id = :location AND state = 'recount'"
        " AND operator_id = :operator LIMIT 1",
        location=location_id, operator=actor.operator_id,
    )  # fmt: skip
    if own is not None:
        raise Refused(Rejected(Reject.OWN_COUNT, expected="somebody else", got=code))


def waiting_items(tx: Tx, location_id: int) -> set[int]:
    """Items of which a count here is not decided: a second count speaks of them even when it finds none."""
    rows = tx.all(
        f"SELECT DISTINCT item_id FROM count_result WHERE warehouse_id = :w AND location_id = :location"
        f" AND {_UNDECIDED}",
        location=location_id,
    )
    return {row["item_id"] for row in rows}


def record(
    tx: Tx, actor: Actor, location_id: int, item_id: int, counted_each: int, serials: frozenset[int],
    task_id: int | None,
) -> CountState:  # fmt: skip
    """Keep what was counted of one item in one place, and do what follows from it; `serials` are layers."""
    item = count_book.item_of(tx, item_id)
    by_number_each = count_book.without_serial_each(tx, location_id, item)
    known = count_book.serials_here(tx, location_id, item)
    differences = [SerialDifference(layer_id, is_here=True) for layer_id in sorted(serials - known)]
    differences += [SerialDifference(layer_id, is_here=False) for layer_id in sorted(known - serials)]
    found_each = counted_each - len(serials)
    earlier = tx.one(
        f"SELECT round, operator_id FROM count_result WHERE warehouse_id = :w AND location_id = :location"
        f" AND item_id = :item AND {_UNDECIDED} ORDER BY id DESC LIMIT 1",
        location=location_id, item=item_id,
    )  # fmt: skip
    is_recount = earlier is not None and earlier["operator_id"] != actor.operator_id
    state = judge(
        abs(found_each - by_number_each) + len(differences), rules(tx), is_recount=is_recount,
        may_approve=actor.role in _MAY_APPROVE,
    )  # fmt: skip
    _replace_earlier(tx, actor, location_id, item_id)
    result_id = tx.insert(
        "count_result", location_id=location_id, item_id=item_id, task_id=task_id,
        round=earlier["round"] + 1 if is_recount else 1, book_each=by_number_each + len(known),
        counted_each=counted_each, state=state, why=Why.COUNTED if state == CountState.POSTED else "",
        after_move_id=ledger.last_move_id(tx), operator_id=actor.operator_id, scan_id=actor.scan_id,
        recorded_at_ms=tx.now_ms,
    )  # fmt: skip
    for unit in differences:
        tx.add("count_serial", count_result_id=result_id, layer_id=unit.layer_id, is_here=int(unit.is_here))
    if state in (CountState.AGREED, CountState.POSTED):
        count_posting.post(tx, actor, location_id, item, found_each, differences)
    else:
        count_posting.hold_missing(tx, actor, location_id, item, found_each, differences)
    if state == CountState.RECOUNT:
        ask_count(tx, actor, location_id, CountCause.RECOUNT)
    return state


def _replace_earlier(tx: Tx, actor: Actor, location_id: int, item_id: int) -> None:
    tx.put(
        "UPDATE count_result SET state = 'refused', why = :why, decided_by_id = :operator, decided_at_ms = :now"
        f" WHERE warehouse_id = :w AND location_id = :location AND item_id = :item AND {_UNDECIDED}",
        why=RECOUNTED, operator=actor.operator_id, now=tx.now_ms, location=location_id, item=item_id,
    )  # fmt: skip


# --- decisions -------------------------------------------------------------------------------------------------------


def post(tx: Tx, actor: Actor, result_id: int, why: str = Why.COUNTED, badge: str | None = None) -> None:
    """The count is right: its difference goes into the book as it is now.

    Raises:
        NotFound: no such count. Conflict: `count_decided`; `count_is_old`, more left the place since than the count
            leaves there; a serial went where no count can take it from. DomainError: who may not decide.
    """
    row, actor = _decide(tx, actor, result_id, CountState.POSTED, why, badge)
    item = count_book.item_of(tx, row["item_id"])
    units = [
        SerialDifference(unit["layer_id"], is_here=bool(unit["is_here"]))
        for unit in tx.all(
            "SELECT layer_id, is_here FROM count_serial WHERE warehouse_id = :w AND count_result_id = :id ORDER BY id",
            id=result_id,
        )
    ]
    by_serial_each = sum(1 if unit.is_here else -1 for unit in units)
    # What moved here since was booked and is right: the count's difference is added to the book of now.
    now_each = count_book.without_serial_each(tx, row["location_id"], item)
    now_each += row["counted_each"] - row["book_each"] - by_serial_each
    if now_each < 0:
        raise Conflict("count_is_old", "more has left the location since than this count leaves there: count again")
    try:
        count_posting.post(tx, actor, row["location_id"], item, now_each, units, why)
    except Refused as refused:
        raise Conflict(refused.rejected.code, f"{refused.rejected.got}: {refused.rejected.expected}") from refused
    _drop_recount(tx, row["location_id"])


def refuse(tx: Tx, actor: Actor, result_id: int, why: str = "", badge: str | None = None) -> None:
    """The count is wrong: the book stays, and what was held can be promised again.

    Raises:
        NotFound, Conflict, DomainError: as `post`.
    """
    row, actor = _decide(tx, actor, result_id, CountState.REFUSED, why, badge)
    if not _is_count_asked(tx, row["location_id"], but="recount"):
        # Somebody who stood before the place missed goods there: that count is still to come.
        count_posting.let_go(tx, actor, row["location_id"], row["item_id"])
    _drop_recount(tx, row["location_id"])


def recount(tx: Tx, actor: Actor, result_id: int, why: str = "", badge: str | None = None) -> None:
    """Nobody knows yet: somebody else than the last counter counts again.

    Raises:
        NotFound, Conflict, DomainError: as `post`.
    """
    row, actor = _decide(tx, actor, result_id, CountState.RECOUNT, why, badge)
    ask_count(tx, actor, row["location_id"], CountCause.RECOUNT)


def _decide(
    tx: Tx, actor: Actor, result_id: int, state: CountState, why: str, badge: str | None
) -> tuple[Any, Actor]:
    row = tx.one("SELECT * FROM count_result WHERE warehouse_id = :w AND id = :id", id=result_id)
    if row is None:
        raise NotFound("unknown_count", f"no count {result_id}", "id")
    actor = _decider(tx, actor, row, badge)
    is_final = state != CountState.RECOUNT
    waits = _UNDECIDED if is_final else "state = 'pending'"
    decided = tx.run(
        "UPDATE count_result SET state = :state, why = :why, decided_by_id = :operator, decided_at_ms = :now"
        f" WHERE warehouse_id = :w AND id = :id AND {waits}",
        id=result_id, state=state, why=why, operator=actor.operator_id if is_final else None,
        now=tx.now_ms if is_final else None,
    )  # fmt: skip
    if decided != 1:
        raise Conflict("count_decided", f"this count is {row['state']}")
    tell(tx, "board", "CountDecided", actor.scan_id, count=result_id, state=state)
    return row, actor


def _decider(tx: Tx, actor: Actor, row: Any, badge: str | None) -> Actor:
    if badge is None:
        return actor
    person = decider(tx, badge, "decides over a count")
    if person["id"] == row["operator_id"]:
        raise Conflict("own_count", "nobody decides over a count of their own", "badge")
    return Actor(
        actor.occurred_at_ms, person["id"], actor.station_id, actor.station_code, actor.station_location_id,
        actor.scan_id, person["role"],
    )  # fmt: skip


def _is_count_asked(tx: Tx, location_id: int, but: str) -> bool:
    row = tx.one(
        "SELECT id FROM task WHERE warehouse_id = :w AND kind = 'count' AND state = 'open'"
        " AND location_id = :location AND reason <> :but LIMIT 1",
        location=location_id, but=but,
    )  # fmt: skip
    return row is not None


def _drop_recount(tx: Tx, location_id: int) -> None:
    """Nobody has to walk for a second count of what is decided."""
    tx.put(
        "UPDATE task SET state = 'cancelled', done_at_ms = :now WHERE warehouse_id = :w AND kind = 'count'"
        " AND state = 'open' AND reason = 'recount' AND claimed_at_ms IS NULL AND location_id = :location"
        " AND NOT EXISTS (SELECT 1 FROM count_result c WHERE c.warehouse_id = :w AND c.location_id = :location"
        " AND c.state = 'recount')",
        location=location_id, now=tx.now_ms,
    )  # fmt: skip
