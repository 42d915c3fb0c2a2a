"""A supervisor steers waves under way: pause, resume, put first, keep a tour for somebody or give it back.

Owns `wave_act`, the list of what was done with waves and by whom. Each act is one transaction and says in words why it
cannot be. Invariant: nobody's begun stop changes; a tour taken from its picker keeps its cart, totes and stops made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fulfillment.domain.chaining import AuditKind
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.domain.roles import ROLE_FLOWS
from fulfillment.domain.tasks import TourState, WaveState
from fulfillment.domain.wave_acts import PRIORITY_MAX, WaveAct
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.records import audit_log
from fulfillment.services.releasing.waves import LARGEST_ID
from fulfillment.services.stock.lookup import author_id, person
from fulfillment.services.touring import stop_goods

LISTED = 20
SUBJECT_MAX = 200


def pause(tx: Tx, actor: Actor, wave_id: int, badge: str = "", may_without_badge: bool = False) -> dict[str, Any]:
    """Hand out no tour of a wave until it is resumed; those that are walked are finished.

    Raises:
        NotFound: no such wave; Conflict: it is done or paused; DomainError: no supervisor's badge.
    """
    person_id = supervisor(tx, badge, may_without_badge)
    wave = open_wave(tx, wave_id)
    if wave["paused_at_ms"] is not None:
        raise Conflict("paused_already", f"wave {wave_id} is paused", "wave")
    _rest(tx, wave_id, tx.now_ms)
    return note(tx, actor, WaveAct.PAUSE, person_id, wave_id, before={"paused": 0}, after={"paused": 1})


def resume(tx: Tx, actor: Actor, wave_id: int, badge: str = "", may_without_badge: bool = False) -> dict[str, Any]:
    """Hand out its tours again.

    Raises:
        NotFound: no such wave; Conflict: it is done or not paused; DomainError: no supervisor's badge.
    """
    person_id = supervisor(tx, badge, may_without_badge)
    if open_wave(tx, wave_id)["paused_at_ms"] is None:
        raise Conflict("not_paused", f"wave {wave_id} is not paused", "wave")
    _rest(tx, wave_id, None)
    return note(tx, actor, WaveAct.RESUME, person_id, wave_id, before={"paused": 1}, after={"paused": 0})


def prioritise(
    tx: Tx, actor: Actor, wave_id: int, priority: int, tour_id: int | None = None, badge: str = "",
    may_without_badge: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Give a wave, or one of its tours, another place among those to be handed out: the higher, the sooner.

    Raises:
        NotFound: no such wave, or no such tour in it; Conflict: done, or the tour is on its way;
        DomainError: a priority out of bounds, no supervisor's badge.
    """
    person_id = supervisor(tx, badge, may_without_badge)
    if not -PRIORITY_MAX <= priority <= PRIORITY_MAX:
        raise DomainError("bad_priority", f"-{PRIORITY_MAX} to {PRIORITY_MAX}", "priority")
    wave = open_wave(tx, wave_id)
    if tour_id is not None and _tour(tx, wave_id, tour_id)["state"] != TourState.PLANNED:
        raise Conflict("tour_begun", f"tour {tour_id} is on its way", "tour")
    tours = tx.all(
        "SELECT id, priority FROM tour WHERE warehouse_id = :w AND wave_id = :wave AND state = 'planned'"
        " AND (:tour IS NULL OR id = :tour) ORDER BY id",
        wave=wave_id, tour=tour_id,
    )  # fmt: skip
    before: dict[str, Any] = {"tours": {str(tour["id"]): tour["priority"] for tour in tours}}
    after: dict[str, Any] = {"tours": {str(tour["id"]): priority for tour in tours}}
    if tour_id is None:
        before["wave"], after["wave"] = wave["priority"], priority
    _set_priorities(tx, wave_id, after)
    return note(tx, actor, WaveAct.PRIORITISE, person_id, wave_id, tour_id, str(priority), before, after)


def assign(
    tx: Tx, actor: Actor, wave_id: int, tour_id: int, picker: str = "", badge: str = "",
    may_without_badge: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Keep a tour for the picker of this badge ('' = anybody); one that is walked waits at its cart, as it stands.

    Units counted at a stop and not yet put into a tote are not booked: they belong back on their shelf. Whoever is
    meant goes on by scanning the cart.

    Raises:
        NotFound: no such wave, tour or picker; Conflict: the tour is done, or is as it is asked to be;
        DomainError: whoever it is for does not pick, no supervisor's badge.
    """
    person_id = supervisor(tx, badge, may_without_badge)
    tour = _tour(tx, wave_id, tour_id)
    if tour["state"] == TourState.DONE:
        raise Conflict("tour_done", f"tour {tour_id} is done", "tour")
    picker_id, name = _picker(tx, picker) if picker else (None, "")
    if tour["station_id"] is not None:
        if picker_id is not None and picker_id == tour["operator_id"]:
            raise Conflict("theirs_already", f"tour {tour_id} is walked by {name}", "picker")
        _take_from(tx, tour)
        before = after = None  # who pushed it has gone on to something else: it comes back by a scan of the cart
    elif tour["for_operator_id"] == picker_id:
        raise Conflict("theirs_already", f"tour {tour_id} is kept so already", "picker")
    else:
        before, after = {"for": tour["for_operator_id"]}, {"for": picker_id}
    tx.claim(
        lambda: Conflict("changed_since", f"tour {tour_id} was taken at this moment: look again", "tour"),
        "UPDATE tour SET for_operator_id = :picker, station_id = NULL,"
        " operator_id = CASE WHEN station_id IS NULL THEN operator_id END WHERE warehouse_id = :w AND id = :id"
        " AND state = :state AND COALESCE(station_id, 0) = :station",
        picker=picker_id, id=tour_id, state=tour["state"], station=tour["station_id"] or 0,
    )  # fmt: skip
    return note(tx, actor, WaveAct.ASSIGN, person_id, wave_id, tour_id, name, before, after)


def undo(tx: Tx, actor: Actor, act_id: int, badge: str = "", may_without_badge: bool = False) -> dict[str, Any]:
    """Take an act back, if what it changed is still as it left it.

    Raises:
        NotFound: no such act; Conflict: it cannot be taken back (any more); DomainError: no supervisor's badge.
    """
    person_id = supervisor(tx, badge, may_without_badge)
    row = tx.one("SELECT * FROM wave_act WHERE warehouse_id = :w AND id = :id", id=min(act_id, LARGEST_ID))
    if row is None:
        raise NotFound("unknown_act", f"nothing was done under number {act_id}")
    if not row["before"]:
        raise Conflict("not_undoable", f"{row['act']} cannot be taken back")
    # Claimed before anything is put back: of two at the same moment both would have seen it as not undone.
    tx.claim(
        lambda: Conflict("undone_already", "this was taken back"),
        "UPDATE wave_act SET undone_at_ms = :now WHERE warehouse_id = :w AND id = :id AND undone_at_ms IS NULL",
        id=row["id"], now=tx.now_ms,
    )  # fmt: skip
    before, after = json.loads(row["before"]), json.loads(row["after"])
    open_wave(tx, row["wave_id"])
    if row["act"] == WaveAct.OVERRIDE:
        stop_goods.take_back(tx, actor, row, before, after)
        who = replace(actor, operator_id=person_id or actor.operator_id)
        audit_log.append(tx, AuditKind.API, who, f"override {after['order']} undone", {"act": act_id})
    elif _now(tx, row, after) != after:
        raise Conflict("changed_since", "it was changed again since, or its tours have begun")
    elif "paused" in before:
        _rest(tx, row["wave_id"], tx.now_ms if before["paused"] else None)
    elif "for" in before:
        tx.put("UPDATE tour SET for_operator_id = :picker WHERE warehouse_id = :w AND id = :id",
               picker=before["for"], id=row["tour_id"])  # fmt: skip
    else:
        _set_priorities(tx, row["wave_id"], before)
    tell(tx, "board", "WaveActUndone", actor.scan_id, wave=row["wave_id"], act=row["act"])
    return describe(tx, act_id)


def is_override(tx: Tx, act_id: int) -> bool:
    """Whether an act sent a stop to other goods: taking that back is as grave as doing it."""
    row = tx.one("SELECT act FROM wave_act WHERE warehouse_id = :w AND id = :id", id=min(act_id, LARGEST_ID))
    return row is not None and row["act"] == WaveAct.OVERRIDE


def listed(tx: Tx, wave_id: int | None = None) -> list[dict[str, Any]]:
    """What was done with waves, the newest first."""
    rows = tx.all(
        f"{_SHOWN} AND (:wave IS NULL OR a.wave_id = :wave) ORDER BY a.id DESC LIMIT {LISTED}", wave=wave_id
    )
    return [_shown(row) for row in rows]


def describe(tx: Tx, act_id: int) -> dict[str, Any]:
    """One act."""
    return _shown(tx.one(f"{_SHOWN} AND a.id = :id", id=act_id))


def open_wave(tx: Tx, wave_id: int) -> Any:
    """The row of a wave that is not done.

    Raises:
        NotFound: no such wave; Conflict: it is done.
    """
    wave = tx.one("SELECT * FROM wave WHERE warehouse_id = :w AND id = :id", id=min(wave_id, LARGEST_ID))
    if wave is None:
        raise NotFound("unknown_wave", f"no wave {wave_id}")
    if wave["state"] == WaveState.DONE:
        raise Conflict("wave_done", f"wave {wave_id} is done", "wave")
    return wave


def supervisor(tx: Tx, badge: str, may_without: bool) -> int | None:
    """Who decides; none where a program's token does."""
    return author_id(tx, badge, may_without, "steers a wave")


def note(
    tx: Tx, actor: Actor, act: WaveAct, person_id: int | None, wave_id: int, tour_id: int | None = None,
    subject: str = "", before: Mapping[str, Any] | None = None, after: Mapping[str, Any] | None = None,
    task_id: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Write down an act; without `before` it is not undone."""
    act_id = tx.insert(
        "wave_act", act=act.value, wave_id=wave_id, tour_id=tour_id, task_id=task_id, operator_id=person_id,
        subject=subject[:SUBJECT_MAX], before=json.dumps(before) if before is not None else "",
        after=json.dumps(after) if after is not None else "", acted_at_ms=tx.now_ms,
    )  # fmt: skip
    tell(tx, "board", "WaveActed", actor.scan_id, wave=wave_id, act=act.value)
    return describe(tx, act_id)


def _rest(tx: Tx, wave_id: int, since_ms: int | None) -> None:
    tx.put("UPDATE wave SET paused_at_ms = :since WHERE warehouse_id = :w AND id = :id", since=since_ms, id=wave_id)


def _set_priorities(tx: Tx, wave_id: int, wanted: Mapping[str, Any]) -> None:
    if "wave" in wanted:
        tx.put("UPDATE wave SET priority = :priority WHERE warehouse_id = :w AND id = :id",
               priority=wanted["wave"], id=wave_id)  # fmt: skip
    for tour_id, priority in wanted["tours"].items():
        tx.put(
            "UPDATE tour SET priority = :priority WHERE warehouse_id = :w AND id = :id AND state = 'planned'",
            priority=priority, id=int(tour_id),
        )  # fmt: skip


def _now(tx: Tx, row: Any, after: Mapping[str, Any]) -> dict[str, Any]:
    """What an act changed, as it stands now."""
    wave = tx.one("SELECT priority, paused_at_ms FROM wave WHERE warehouse_id = :w AND id = :id", id=row["wave_id"])
    if "paused" in after:
        return {"paused": int(wave["paused_at_ms"] is not None)}
    if "for" in after:
        tour = tx.one(
            "SELECT for_operator_id, station_id, state FROM tour WHERE warehouse_id = :w AND id = :id",
            id=row["tour_id"],
        )
        return {"for": tour["for_operator_id"]} if tour["station_id"] is None and tour["state"] != "done" else {}
    # Tours that have begun meanwhile keep what they had; the others are put back.
    now: dict[str, Any] = {"tours": {}}
    for tour_id, priority in after["tours"].items():
        tour = tx.one("SELECT state, priority FROM tour WHERE warehouse_id = :w AND id = :id", id=int(tour_id))
        now["tours"][tour_id] = tour["priority"] if tour["state"] == TourState.PLANNED else priority
    if "wave" in after:
        now["wave"] = wave["priority"]
    return now


def _take_from(tx: Tx, tour: Any) -> None:
    """Nobody pushes the cart any more; the screen it was on asks for a cart."""
    tx.put(
        # A supervisor's PIN asked for on this tour is asked for no more: keyed now, it would sign them in here.
        "UPDATE dialogue SET aside = CASE WHEN memory LIKE :word THEN '' ELSE aside END, asked_operator_id ="
        " CASE WHEN memory LIKE :word THEN NULL ELSE asked_operator_id END, memory = '{}'"
        " WHERE warehouse_id = :w AND station_id = :station AND flow = 'pick'",
        station=tour["station_id"], word='%"word": {%',
    )  # fmt: skip


def _tour(tx: Tx, wave_id: int, tour_id: int) -> Any:
    open_wave(tx, wave_id)
    tour = tx.one(
        "SELECT id, state, station_id, operator_id, for_operator_id FROM tour WHERE warehouse_id = :w AND id = :id"
        " AND wave_id = :wave",
        id=min(tour_id, LARGEST_ID), wave=wave_id,
    )  # fmt: skip
    if tour is None:
        raise NotFound("unknown_tour", f"no tour {tour_id} in wave {wave_id}", "tour")
    return tour


def _picker(tx: Tx, who: str) -> tuple[int, str]:
    row = person(tx, who)
    if row is None:
        raise NotFound("unknown_picker", f"nobody is {who[:40]!r}", "picker")
    if "PICK" not in ROLE_FLOWS.get(row["role"], ()):
        raise DomainError("picks_not", f"{who[:40]} does not pick", "picker")
    return int(row["id"]), row["name"] or f"#{row['id']}"


def _shown(row: Any) -> dict[str, Any]:
    shown = dict(row)
    can_be_undone = shown.pop("before") != "" and shown["undone_at_ms"] is None
    after = shown.pop("after")
    shown["can_be_undone"] = can_be_undone
    if shown["act"] == WaveAct.OVERRIDE:
        shown["override"] = {name: value for name, value in json.loads(after).items() if name != "goods"}
    return shown


_SHOWN = (
    "SELECT a.id AS number, a.act, a.wave_id AS wave, a.tour_id AS tour, a.subject, COALESCE(o.name, '') AS by_whom,"
    " a.acted_at_ms, a.undone_at_ms, a.before, a.after FROM wave_act a"
    " LEFT JOIN operator o ON o.warehouse_id = a.warehouse_id AND o.id = a.operator_id WHERE a.warehouse_id = :w"
)
