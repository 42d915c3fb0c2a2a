"""Scans that were queued: whatever they are, they come to what they come to one by one, to the last row of the book."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import groupby
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fulfillment.bootstrap import open_floor
from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import DomainError
from fulfillment.hot import Tx
from fulfillment.services.scan_path import scans
from fulfillment.services.scan_path.scan_arrival import ScanRequest
from fulfillment.services.scan_path.scan_queue import handle_queue
from fulfillment.settings import Settings
from tests.factories import FloorHand
from tests.faults.a_day import live_a_day
from tests.faults.recorded import Picture, Recording, StandingClock, differences, picture
from tests.postgresql import empty
from tests.services.acts import TOTES, at, release, take_tour, wrong

# What somebody on a walk of three stops may send, in any order: of the stops, of the menu, of another, of nobody.
CODES = (
    *(at(code) for code in ("A01-01-1", "A02-01-1", "A01-02-1", "STAGE-1")), "MUG", "CUP", "JUG", *TOTES[:3],
    *(own_code("C", word) for word in ("SKIP", "SHORT", "BACK", "NEWTOTE", "HOME", "PICK", "MOVE", "LOGOUT")),
    own_code("B", "1001"), own_code("B", "1002"), own_code("B", "9999"), own_code("K", "0001"), "NOTHING", "",
)  # fmt: skip


class _Undone(Exception):
    """Ends a part that is only tried."""


@pytest.fixture
def walk(hand: FloorHand) -> FloorHand:
    """HAND-1 before the first of three stops."""
    for sku, place in (("MUG", "A01-01-1"), ("CUP", "A02-01-1"), ("JUG", "A01-02-1")):
        hand.item(sku)
        hand.stock(sku, 5, place)
    hand.order("SO-1", ("MUG", 2), ("CUP", 1), ("JUG", 1))
    release(hand)
    take_tour(hand)
    return hand


def one_by_one(tx: Tx, queued: Sequence[ScanRequest]) -> dict[str, Any]:
    """What a device without a queue would do."""
    outcomes = []
    for request in queued:
        try:
            with tx.savepoint():
                answer = scans.handle_scan(tx, request)
        except DomainError as error:
            outcomes.append({"scan_id": request.scan_id, "outcome": "refused", "code": error.code,
                             "detail": error.detail})  # fmt: skip
        else:
            outcomes.append({name: value for name, value in answer.items() if name != "step"})
    station = queued[0].station
    return {"station": station, "outcomes": outcomes, "step": scans.current_step(tx, station)}


def tried(tx: Tx, handle: Callable[[Tx, Sequence[ScanRequest]], Any], queued: Sequence[ScanRequest]) -> Any:
    """The answers and the book after them, and all of it undone again."""
    seen: list[Any] = []
    with suppress(_Undone), tx.savepoint():
        seen = [handle(tx, queued), picture(tx)]
        raise _Undone
    return seen


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(CODES), st.sampled_from((None, None, None, 1, 2, 0)), st.integers(0, 40)),
        min_size=1, max_size=25,
    )
)  # fmt: skip
def test_a_queue_comes_to_what_its_scans_come_to(walk: FloorHand, said: list[tuple[str, int | None, int]]) -> None:
    queued = [ScanRequest(f"any-{number}", "HAND-1", code, 1, qty) for code, qty, number in said]

    def work(tx: Tx) -> None:
        answers, book = tried(tx, one_by_one, queued)
        queue_answers, queue_book = tried(tx, handle_queue, queued)
        assert queue_answers == answers
        assert differences(book, queue_book) == []

    walk.write(work)


def test_a_stop_after_stop_queue_comes_to_what_its_scans_come_to(walk: FloorHand) -> None:
    codes = (at("A01-01-1"), "MUG", "MUG", TOTES[0], at("A01-02-1"), "CUP", "JUG", TOTES[1], TOTES[0],
             at("A02-01-1"), "CUP", TOTES[0], at("STAGE-1"), own_code("K", "0001"))  # fmt: skip
    queued = [ScanRequest(f"stop-{place}", "HAND-1", code, 1) for place, code in enumerate(codes)]

    def work(tx: Tx) -> None:
        (answers, book), (queue_answers, queue_book) = (
            tried(tx, handle, queued) for handle in (one_by_one, handle_queue)
        )
        assert queue_answers == answers
        assert differences(book, queue_book) == []
        assert [one.get("code") for one in answers["outcomes"]].count(None) >= 9

    walk.write(work)
    walk.write(lambda tx: handle_queue(tx, queued))
    assert wrong(walk) == []


def test_a_queue_is_one_stations(walk: FloorHand) -> None:
    queued = [ScanRequest("a", "HAND-1", "MUG", 1), ScanRequest("b", "HAND-2", "MUG", 1)]
    with pytest.raises(ValueError, match="one station's"):
        walk.write(lambda tx: handle_queue(tx, queued))


# --- a whole day -------------------------------------------------------------------------------------------


class _Day(Recording):
    """Keeps each piece of work of a day with the scan it was, at a time that goes on only when the day says so."""

    def __init__(self, of_settings: Settings, patch: pytest.MonkeyPatch) -> None:
        self.clock = StandingClock()
        super().__init__(open_floor(of_settings, clock=self.clock), self.clock, [])
        self.works: list[tuple[int, Callable[[Tx], Any], ScanRequest | None]] = []
        self._scan: ScanRequest | None = None
        handle = scans.handle_scan

        def noted(tx: Tx, request: ScanRequest) -> dict[str, Any]:
            self._scan = request
            return handle(tx, request)

        patch.setattr(scans, "handle_scan", noted)

    def write(self, work: Callable[[Tx], Any]) -> Any:
        self._scan = None
        answer = self._floor.writer.write(work)
        self.works.append((self.clock.now_ms, work, self._scan))
        return answer

    def end(self) -> Picture:
        seen = self._floor.read(picture)
        self._floor.close()
        return seen


def test_a_day_of_every_dialogue_leaves_the_same_book_when_its_scans_were_queued(
    settings: Settings, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        day = _Day(settings, patch)
        live_a_day(day)
        book = day.end()
    if settings.database_url.startswith("sqlite"):
        for left in settings.home.glob("floor.sqlite-*"):
            left.unlink()
        (settings.home / "floor.sqlite").write_bytes(request.getfixturevalue("migrated"))
    else:
        empty(request.getfixturevalue("postgres").dsn("floor"))
    clock = StandingClock()
    floor = open_floor(settings, clock=clock)
    longest = 0
    for (now_ms, station, _), works in groupby(day.works, _queue_of()):
        clock.now_ms = now_ms
        if station is None:
            for _, work, _ in works:
                floor.writer.write(work)
            continue
        queued = [scan for _, _, scan in works if scan is not None]
        longest = max(longest, len(queued))
        floor.writer.write(lambda tx, queued=queued: handle_queue(tx, queued))
    again = floor.read(picture)
    floor.close()
    assert differences(book, again) == []
    assert longest > 5  # else it showed nothing


def _queue_of() -> Callable[[tuple[int, Any, ScanRequest | None]], tuple[int, str | None, int]]:
    """Scans of one station in a row are one queue, unless two of them have one id."""
    ids: set[str] = set()
    number = 0

    def key(one: tuple[int, Any, ScanRequest | None]) -> tuple[int, str | None, int]:
        nonlocal number
        now_ms, _, scan = one
        if scan is not None and scan.scan_id in ids:
            number += 1
            ids.clear()
        ids.add("" if scan is None else scan.scan_id)
        return now_ms, None if scan is None else scan.station, number

    return key
