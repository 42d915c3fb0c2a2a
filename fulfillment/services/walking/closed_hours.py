"""Stretches closed at the same hours of every day: entered by nobody then, and before then while there is time.

Owns `closed_hours`. The planner closes a stretch when its hours begin and opens it when they end, as a supervisor would
(`closures`): tours are planned round it, orders wait for it, opening plans them. A tour that is walked when hours are
about to begin makes the stops inside first where it can (`soon`). Refuses cross-aisles: everybody needs them.
Invariant: hours close a stretch once a time; whoever opens it by hand while they last has the last word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fulfillment.bootstrap import Floor
from fulfillment.domain.closed_hours import DAY_MIN, minute_of, since_begin, time_of, until_begin
from fulfillment.domain.floor_plan import ClosedBecause
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.releasing import ways
from fulfillment.services.walking import closures
from picking import Spot

MINUTE_MS = 60_000
AHEAD_MIN = 120
"""Hours that begin later than this are no matter of a tour that is walked now."""
MOST = 200


@dataclass(frozen=True)
class Soon:
    """A stretch of an aisle that closes in so many ms."""

    x_dm: int
    from_dm: int
    to_dm: int
    in_ms: int

    def holds(self, spot: Spot) -> bool:
        """Whether nobody gets to this place any more then."""
        return spot.x_dm == self.x_dm and self.from_dm < spot.y_dm < self.to_dm


def add(
    tx: Tx, place: str, until: str, begins: str, ends: str, reason: str = ClosedBecause.OTHER
) -> dict[str, Any]:  # fmt: skip
    """Close an aisle, a block of it, a location or a stretch between two every day from `begins` to `ends` (11:00).

    Raises:
        NotFound: no such aisle, block or location; Conflict: these hours are said already.
        DomainError: no time of the day, no hours between two times, a cross-aisle, a bad reason.
    """
    begins_min, ends_min = _minute(begins, "begins"), _minute(ends, "ends")
    if begins_min == ends_min:
        raise DomainError("bad_hours", "hours end at another time than they begin", "ends")
    if reason not in {word.value for word in ClosedBecause}:
        raise DomainError("bad_reason", f"no reason {reason[:40]!r}", "reason")
    place, until = place.strip().upper(), until.strip().upper()
    if closures.stretch(tx, place, until).cross_y_dm is not None:
        raise DomainError("no_hours_there", "a cross-aisle has no hours: everybody needs it", "place")
    known = listed(tx)
    if any((one["place"], one["until"], one["begins"], one["ends"])
           == (place, until, time_of(begins_min), time_of(ends_min)) for one in known):  # fmt: skip
        raise Conflict("hours_already", f"{place} has these hours already", "place")
    if len(known) >= MOST:
        raise DomainError("bad_quantity", f"at most {MOST} hours", "place")
    hours_id = tx.insert(
        "closed_hours", place=place, until_place=until, begins_min=begins_min, ends_min=ends_min, reason=reason,
        set_at_ms=tx.now_ms,
    )  # fmt: skip
    tell(tx, "board", "AisleHoursSet", hours=hours_id, place=place)
    return describe(tx, hours_id)


def end(tx: Tx, hours_id: int) -> dict[str, Any]:
    """These hours are over for good; a stretch they keep closed now is opened by the planner.

    Raises:
        NotFound: no such hours.
    """
    said = describe(tx, hours_id)
    tx.put(
        "UPDATE closed_hours SET ended_at_ms = :now WHERE warehouse_id = :w AND id = :id", id=hours_id, now=tx.now_ms
    )
    tell(tx, "board", "AisleHoursEnded", hours=hours_id)
    return said


def listed(tx: Tx) -> list[dict[str, Any]]:
    """The hours that hold, by place."""
    return [_shown(row) for row in _rows(tx)]


def describe(tx: Tx, hours_id: int) -> dict[str, Any]:
    """
    Raises:
        NotFound: no hours of this number hold.
    """
    row = tx.one(
        "SELECT * FROM closed_hours WHERE warehouse_id = :w AND id = :id AND ended_at_ms IS NULL",
        id=min(hours_id, 2**63 - 1),
    )
    if row is None:
        raise NotFound("unknown_hours", f"no hours {hours_id}")
    return _shown(row)


def keep(floor: Floor) -> int:
    """Close and open what the clock says; returns how many stretches. A transaction each, so that no scan waits."""
    closing, opening = floor.read(_due)
    for hours_id in closing:
        floor.writer.write(lambda tx, hours_id=hours_id: _close(tx, hours_id))
    if opening:
        known = ways.look(floor)
        for closure_id in opening:
            floor.writer.write(lambda tx, closure_id=closure_id: _open(tx, closure_id, known))
    return len(closing) + len(opening)


def soon(tx: Tx) -> tuple[Soon, ...]:
    """Stretches that close before a tour that is walked now is sure to be done."""
    rows = _rows(tx)
    if not rows:
        return ()
    minute, within_ms = _now(tx)
    found = []
    for row in rows:
        left_min = until_begin(row["begins_min"], minute)
        if left_min > AHEAD_MIN or since_begin(row["begins_min"], row["ends_min"], minute) is not None:
            continue
        try:
            stretch = closures.stretch(tx, row["place"], row["until_place"])
        except DomainError:
            continue  # the racks stand elsewhere by now: nothing will be closed either
        found.append(Soon(stretch.x_dm, stretch.from_dm, stretch.to_dm, left_min * MINUTE_MS - within_ms))
    return tuple(found)


def _due(tx: Tx) -> tuple[Sequence[int], Sequence[int]]:
    """Hours that have begun and closed nothing yet; closures whose hours are over."""
    minute, within_ms = _now(tx)
    lasting: dict[int, int] = {}
    for row in _rows(tx):
        since_min = since_begin(row["begins_min"], row["ends_min"], minute)
        if since_min is not None:
            lasting[row["id"]] = tx.now_ms - since_min * MINUTE_MS - within_ms
    made = tx.all(
        "SELECT hours_id, MAX(closed_at_ms) AS closed_at_ms FROM closure WHERE warehouse_id = :w"
        " AND hours_id IS NOT NULL AND closed_at_ms >= :since GROUP BY hours_id",
        since=tx.now_ms - DAY_MIN * MINUTE_MS,
    )
    last = {row["hours_id"]: row["closed_at_ms"] for row in made}
    closed = tx.all(
        "SELECT id, hours_id FROM closure WHERE warehouse_id = :w AND opened_at_ms IS NULL AND hours_id IS NOT NULL"
        " ORDER BY id"
    )
    closing = [hours_id for hours_id, began_ms in lasting.items() if last.get(hours_id, -1) < began_ms]
    return closing, [row["id"] for row in closed if row["hours_id"] not in lasting]


def _close(tx: Tx, hours_id: int) -> None:
    row = tx.one("SELECT * FROM closed_hours WHERE warehouse_id = :w AND id = :id", id=hours_id)
    try:
        closures.close(
            tx, Actor(occurred_at_ms=tx.now_ms), row["place"], row["until_place"], row["reason"],
            may_without_badge=True, hours_id=hours_id,
        )  # fmt: skip
    except DomainError:
        return  # somebody has closed it, or the racks have gone


def _open(tx: Tx, closure_id: int, known: ways.Known) -> None:
    try:
        closures.open_again(
            tx, Actor(occurred_at_ms=tx.now_ms), closure_id, may_without_badge=True, known=known
        )
    except DomainError:
        return  # opened by hand at this moment


def _rows(tx: Tx) -> Sequence[Any]:
    return tx.all(
        "SELECT id, place, until_place, begins_min, ends_min, reason FROM closed_hours WHERE warehouse_id = :w"
        " AND ended_at_ms IS NULL ORDER BY place, begins_min, id"
    )


def _shown(row: Any) -> dict[str, Any]:
    return {
        "hours": row["id"], "place": row["place"], "until": row["until_place"], "begins": time_of(row["begins_min"]),
        "ends": time_of(row["ends_min"]), "reason": row["reason"],
    }  # fmt: skip


def _minute(text: str, field: str) -> int:
    minute = minute_of(text)
    if minute is None:
        raise DomainError("bad_hours", f"{text[:20]!r} is no time like 11:00", field)
    return minute


def _now(tx: Tx) -> tuple[int, int]:
    """The minute of the local day, and the ms of it that have passed."""
    zone = tx.one("SELECT time_zone FROM warehouse WHERE id = :w")["time_zone"]
    local = datetime.fromtimestamp(tx.now_ms / 1000, ZoneInfo(zone))
    return local.hour * 60 + local.minute, tx.now_ms % MINUTE_MS
