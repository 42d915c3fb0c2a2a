"""Rules of the cursor: each event once, none left out, whatever text comes in place of a cursor."""

from __future__ import annotations

import pytest

from fulfillment.bootstrap import open_floor
from fulfillment.domain.reasons import Conflict, DomainError
from fulfillment.services.common.running import tell
from fulfillment.services.records import events
from tests.factories import FloorHand


def say(hand: FloorHand, *kinds: str) -> None:
    """Events of these kinds, a transaction each."""
    for kind in kinds:
        hand.write(lambda tx, kind=kind: tell(tx, "test", kind, about=kind))


def read(hand: FloorHand, cursor: str, limit: int = 100) -> events.Page:
    return hand.floor.read(lambda tx: events.after(tx, cursor, limit))


def kinds(page: events.Page) -> list[str]:
    return [event["kind"] for event in page.events if event["topic"] == "test"]


def test_who_follows_sees_each_event_once_and_in_order(hand: FloorHand) -> None:
    cursor = read(hand, "latest").cursor
    seen: list[str] = []
    for part in (("A", "B"), (), ("C",), ("D", "E", "F")):
        say(hand, *part)
        while (page := read(hand, cursor, 2)).events:
            assert len(page.events) <= 2
            seen += kinds(page)
            cursor = page.cursor
        assert page.cursor == cursor
    assert seen == ["A", "B", "C", "D", "E", "F"]


def test_an_empty_cursor_starts_with_the_oldest_event(hand: FloorHand) -> None:
    say(hand, "A", "B")
    first = read(hand, "", 1)
    assert len(first.events) == 1
    assert kinds(first) + kinds(read(hand, first.cursor)) == ["A", "B"]
    event = read(hand, "").events[-1]
    assert (event["payload"], event["scan_id"]) == ({"about": "B"}, "")


def test_latest_begins_with_what_comes(hand: FloorHand) -> None:
    assert read(hand, read(hand, "latest").cursor).events == []
    say(hand, "A")
    cursor = read(hand, "latest").cursor
    assert read(hand, cursor).events == []
    say(hand, "B")
    assert kinds(read(hand, cursor)) == ["B"]


@pytest.mark.parametrize(
    "cursor", ["x", "1.2", "1.0.1.0000", "1.0.5", "-1.0.1.ffff", "1.0.1.zzzz", "1" * 80, "1.0.é.0000", " ", "LATEST"]
)
def test_text_that_is_no_cursor_is_refused(hand: FloorHand, cursor: str) -> None:
    with pytest.raises(DomainError) as refused:
        read(hand, cursor)
    assert (refused.value.code, refused.value.field) == ("bad_cursor", "after")


def test_a_cursor_of_another_warehouse_is_refused(hand: FloorHand) -> None:
    say(hand, "A")
    cursor = read(hand, "").cursor
    other = open_floor(hand.floor.settings, warehouse_id=2)
    try:
        with pytest.raises(DomainError, match="no cursor of these events"):
            other.read(lambda tx: events.after(tx, cursor, 10))
    finally:
        other.close()


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_limit_out_of_range_is_refused(hand: FloorHand, limit: int) -> None:
    with pytest.raises(DomainError, match="1 to 1000"):
        read(hand, "", limit)


def test_a_follower_who_stayed_away_too_long_is_told(hand: FloorHand) -> None:
    say(hand, "A", "B", "C", "D")
    old = read(hand, "", 1).cursor
    fresh = read(hand, "", 3).cursor
    hand.write(lambda tx: tx.run("DELETE FROM event WHERE warehouse_id = :w AND id <= 3"))
    with pytest.raises(Conflict) as refused:
        read(hand, old)
    assert refused.value.code == "cursor_too_old"
    assert kinds(read(hand, fresh)) == ["D"]
    assert kinds(read(hand, "")) == ["D"]


def test_an_event_undone_with_its_business_is_never_seen(hand: FloorHand) -> None:
    cursor = read(hand, "latest").cursor

    def fails(tx: object) -> None:
        tell(tx, "test", "NEVER")  # type: ignore[arg-type]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        hand.write(fails)
    say(hand, "A")
    assert kinds(read(hand, cursor)) == ["A"]


@pytest.mark.engine("postgresql")
def test_what_commits_late_is_waited_for(hand: FloorHand) -> None:
    """A writer that takes no turn begins first and commits last: a cursor by id alone would have passed it."""
    say(hand, "FIRST")
    start = read(hand, "latest").cursor
    insert = "INSERT INTO event (warehouse_id, id, topic, kind, recorded_at_ms) VALUES (1, {}, 'test', '{}', 0)"
    # The floor's writers take turns, so two others are needed to begin in one order and commit in another.
    late, early = hand.floor.engine.raw_connection(), hand.floor.engine.raw_connection()
    try:
        late.cursor().execute("BEGIN")
        late.cursor().execute(insert.format(1_000, "LATE"))
        early.cursor().execute("BEGIN")
        early.cursor().execute(insert.format(1_001, "EARLY"))
        early.cursor().execute("COMMIT")
        waiting = read(hand, start)
        assert kinds(waiting) == []  # committed, and not handed out: something smaller may still come
        late.cursor().execute("COMMIT")
    finally:
        late.close()
        early.close()
    assert kinds(read(hand, waiting.cursor)) == ["LATE", "EARLY"]
