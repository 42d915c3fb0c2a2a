"""Stretches of aisles and cross-aisles nobody passes: a spill, a parked pallet. Closed by a supervisor until opened.

Owns `closure`. Closing and opening change the layout and have every unfinished tour planned again, off the request
path; opening also has the released orders planned that waited for it. Refuses a stretch over several aisles and one
that is closed already. Invariant: what stands inside an open closure is asked of nobody by a wave released or a tour
planned after it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.floor_plan import ClosedBecause
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.releasing import ways
from fulfillment.services.stock.lookup import author_id
from fulfillment.services.walking import floor_plan, walkways
from fulfillment.services.walking.walks import lost
from fulfillment.services.working import jobs
from picking import Spot, Walkways

# The words of a place that is no location: an aisle's block, a cross-aisle, a cross-aisle from an aisle on.
_BLOCK = re.compile(r"(.+)/(\d{1,3})")
_CROSS = re.compile(r"CROSS-(\d{1,3})(?:/(.+))?")
_NOWHERE = -(10**9)  # beyond every floor

WAY_OPENED = "way_opened"  # arguments: the locations nobody could reach before
SHOWN = 100
_ACT = "closes or opens an aisle"


def close(
    tx: Tx, actor: Actor, place: str, until: str = "", reason: str = ClosedBecause.OTHER, badge: str = "",
    may_without_badge: bool = False, hours_id: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Close an aisle by its name (`A01`; `A01/0` in its first block only), one location, from one location until
    another, a walkway by its code where the floor is made of them, or a cross-aisle (`CROSS-0` is the one at the
    front; `CROSS-0/A03` until `A05` between two aisles); nobody is sent through any more. `hours_id`: of the hours of
    the day that close it (`closed_hours`).

    Raises:
        NotFound: no such aisle, block, cross-aisle or location; DomainError: two aisles, a bad reason, or no
            supervisor's badge;
        Conflict: it is closed already, or with it no aisle could be reached.
    """
    person_id = author_id(tx, badge, may_without_badge, _ACT)
    if reason not in {word.value for word in ClosedBecause}:
        raise DomainError("bad_reason", f"no reason {reason[:40]!r}", "reason")
    part = stretch(tx, place.strip().upper(), until.strip().upper())
    said = part.said
    known = tx.one(
        "SELECT id FROM closure WHERE warehouse_id = :w AND opened_at_ms IS NULL AND x_dm = :x AND walkway = :walkway"
        " AND COALESCE(cross_y_dm, :nowhere) = :y AND from_dm <= :low AND to_dm >= :high",
        x=part.x_dm, y=_NOWHERE if part.cross_y_dm is None else part.cross_y_dm, nowhere=_NOWHERE,
        low=part.from_dm, high=part.to_dm, walkway=part.walkway,
    )  # fmt: skip
    if known is not None:
        raise Conflict("closed_already", f"{said} is closed already", "place")
    closure_id = tx.insert(
        "closure", place=said, x_dm=part.x_dm, cross_y_dm=part.cross_y_dm, from_dm=part.from_dm, to_dm=part.to_dm,
        walkway=part.walkway, reason=reason, closed_at_ms=tx.now_ms, closed_by_id=person_id, hours_id=hours_id,
    )  # fmt: skip
    if part.cross_y_dm is not None or part.walkway:
        _check_way_left(tx)
    floor_plan.changed(tx)
    tell(tx, "board", "AisleClosed", actor.scan_id, closure=closure_id, place=said, reason=reason)
    return describe(tx, closure_id)


def open_again(
    tx: Tx, actor: Actor, closure_id: int, badge: str = "", may_without_badge: bool = False,
    known: ways.Known = ways.NOTHING,
) -> dict[str, Any]:  # fmt: skip
    """What was closed may be walked again; released orders whose goods can be reached now get their tours by a job.

    `known`: what `ways.look` found before this transaction.

    Raises:
        NotFound: no such closure; DomainError: no supervisor's badge; Conflict: it is open.
    """
    person_id = author_id(tx, badge, may_without_badge, _ACT)
    if describe(tx, closure_id)["opened_at_ms"] is not None:
        raise Conflict("open_already", "this stretch is open")
    behind = sorted(ways.no_way_to(tx, known))
    tx.put(
        "UPDATE closure SET opened_at_ms = :now, opened_by_id = :person WHERE warehouse_id = :w AND id = :id",
        id=closure_id, now=tx.now_ms, person=person_id,
    )  # fmt: skip
    floor_plan.changed(tx)
    if behind:  # which of it can be reached by now is the job's to find out: walks over the floor take a while
        jobs.defer(tx, WAY_OPENED, {"locations": behind}, f"way:{closure_id}")
    tell(tx, "board", "AisleOpened", actor.scan_id, closure=closure_id)
    return describe(tx, closure_id)


def listed(tx: Tx, all_of_them: bool = False) -> list[dict[str, Any]]:
    """What is closed now, or everything that ever was, the newest first."""
    which = "" if all_of_them else " AND c.opened_at_ms IS NULL"
    rows = tx.all(f"{_SHOWN}{which} ORDER BY c.id DESC LIMIT {SHOWN}")
    return [dict(row) for row in rows]


def describe(tx: Tx, closure_id: int) -> dict[str, Any]:
    """One closure.

    Raises:
        NotFound: none has this number.
    """
    row = tx.one(f"{_SHOWN} AND c.id = :id", id=min(closure_id, 2**63 - 1))
    if row is None:
        raise NotFound("unknown_closure", f"no closure {closure_id}")
    return dict(row)


_SHOWN = (
    "SELECT c.id AS closure, c.place, c.reason, c.hours_id AS hours, c.closed_at_ms,"
    " COALESCE(p.name, '') AS closed_by, c.opened_at_ms,"
    " COALESCE(q.name, '') AS opened_by FROM closure c"
    " LEFT JOIN operator p ON p.warehouse_id = c.warehouse_id AND p.id = c.closed_by_id"
    " LEFT JOIN operator q ON q.warehouse_id = c.warehouse_id AND q.id = c.opened_by_id WHERE c.warehouse_id = :w"
)


def _check_way_left(tx: Tx) -> None:
    """Raises Conflict when nobody would come from where tours begin to any aisle and on to where they end."""
    plan = floor_plan.now(tx)
    by_place = plan.place if isinstance(plan.layout, Walkways) else _aisle_of
    one_of_each = list({by_place(spot): spot for spot in floor_plan.storage_spots(tx)}.values())
    if len(lost(plan, plan.start, one_of_each) - {len(one_of_each)}) == len(one_of_each):
        raise Conflict("no_way_left", "with this closed no aisle can be reached: close less of it", "place")


def _aisle_of(spot: Spot) -> tuple[int, int, int]:
    return spot.x_dm, 0, 0


@dataclass(frozen=True)
class Stretch:
    """What is closed in words, and from where to where: in the aisle at `x_dm`, or along the cross-aisle there."""

    said: str
    x_dm: int
    from_dm: int
    to_dm: int
    cross_y_dm: int | None = None
    walkway: str = ""


def stretch(tx: Tx, place: str, until: str) -> Stretch:
    """What `close` would close.

    Raises:
        NotFound, DomainError: see there.
    """
    if walkways.are_there(tx):
        return _walkway(tx, place, until)
    first = _storage(tx, place)
    if first is None:
        cross = _CROSS.fullmatch(place)
        if cross is not None and not floor_plan.is_aisle(tx, place):
            return _cross_stretch(tx, int(cross[1]), cross[2] or "", until)
        if until:
            raise NotFound("unknown_location", f"no storage location {place[:40]!r}", "place")
        block = _BLOCK.fullmatch(place)
        if block is not None and not floor_plan.is_aisle(tx, place):
            return _block_stretch(tx, block[1], int(block[2]))
        return _inside(place, *floor_plan.aisle_called(tx, place, "place"))
    last = _storage(tx, until) if until else first
    if last is None:
        raise NotFound("unknown_location", f"no storage location {until[:40]!r}", "until")
    if first["x_dm"] != last["x_dm"]:
        raise DomainError("two_aisles", f"{place} and {until} stand in two aisles: close each", "until")
    said = place if last is first else f"{place} - {until}"
    return _inside(said, first["x_dm"], min(first["y_dm"], last["y_dm"]), max(first["y_dm"], last["y_dm"]))


def _walkway(tx: Tx, place: str, until: str) -> Stretch:
    """All of a walkway, by its code: half of one is none."""
    if not walkways.called(tx, place):
        raise NotFound("unknown_walkway", f"no walkway {place[:40]!r}: name one by its code", "place")
    if until:
        raise DomainError("bad_stretch", "a walkway is closed as a whole", "until")
    return Stretch(place, 0, 0, 1, None, place)


def _inside(said: str, x_dm: int, low_dm: int, high_dm: int) -> Stretch:
    # Bins at the two ends of a stretch can be reached; those that were named are meant to be inside.
    return Stretch(said, x_dm, low_dm - 1, high_dm + 1)


def _block_stretch(tx: Tx, aisle: str, block: int) -> Stretch:
    """An aisle between two cross-aisles, block 0 being the one at the front."""
    x_dm, _, _ = floor_plan.aisle_called(tx, aisle, "place")
    layout = floor_plan.now(tx).grid
    if block >= layout.blocks or len(layout.cross_aisle_y_dm) < 2:
        raise NotFound("unknown_block", f"there are blocks 0 to {layout.blocks - 1}, counted from the front", "place")
    return Stretch(f"{aisle}/{block}", x_dm, *layout.cross_aisle_y_dm[block : block + 2])


def _cross_stretch(tx: Tx, cross: int, aisle: str, until: str) -> Stretch:
    """A cross-aisle, 0 being the one at the front: all of it, or between two aisles."""
    layout = floor_plan.now(tx).grid
    if cross >= len(layout.cross_aisle_y_dm):
        words = f"there are cross-aisles 0 to {len(layout.cross_aisle_y_dm) - 1}, counted from the front"
        raise NotFound("unknown_cross_aisle", words, "place")
    y_dm, xs_dm = layout.cross_aisle_y_dm[cross], layout.aisle_x_dm
    if not aisle and not until and len(xs_dm) > 1:
        return Stretch(f"CROSS-{cross}", 0, xs_dm[0], xs_dm[-1], y_dm)
    ends = sorted(floor_plan.aisle_called(tx, one, field)[0] for one, field in ((aisle, "place"), (until, "until")))
    if ends[0] == ends[1]:
        raise DomainError("bad_stretch", "name two aisles, the stretch lies between them", "until")
    return Stretch(f"CROSS-{cross}/{aisle} - {until}", 0, ends[0], ends[1], y_dm)


def _storage(tx: Tx, code: str) -> Any:
    return tx.one(
        f"SELECT x_dm, y_dm FROM location WHERE warehouse_id = :w AND code = :code AND {floor_plan.STORAGE}", code=code
    )
