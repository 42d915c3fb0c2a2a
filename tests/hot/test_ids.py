"""Ids stay dense whatever numbers the rows: single inserts, statements over sets, parts and pieces undone."""

from __future__ import annotations

import pytest

from fulfillment.domain.reasons import Refused, Reject, Rejected
from fulfillment.hot import Tx
from tests.factories import FloorHand

ONE = {"topic": "test", "kind": "one"}
NOBODYS = "UPDATE warehouse SET code = 'X' WHERE id = :w AND code = 'NOBODY'"
SETS = (
    "INSERT INTO event (warehouse_id, id, topic, kind, recorded_at_ms) SELECT :w, (SELECT MAX(e.id) FROM event e"
    " WHERE e.warehouse_id = :w) + 1, 'test', 'set', 0",
    "WITH part (kind) AS (VALUES ('set')) INSERT INTO event (warehouse_id, id, topic, kind, recorded_at_ms) SELECT :w,"
    " (SELECT MAX(e.id) FROM event e WHERE e.warehouse_id = :w) + 1, 'test', part.kind, 0 FROM part",
)


def kinds(hand: FloorHand) -> list[tuple[int, str]]:
    rows = hand.all("SELECT id, kind FROM event WHERE warehouse_id = :w AND topic = 'test' ORDER BY id")
    return [(row["id"] - rows[0]["id"], row["kind"]) for row in rows]


def short() -> Refused:
    return Refused(Rejected(Reject.SHORT_STOCK))


@pytest.mark.parametrize("statement", SETS)
def test_a_statement_over_a_set_and_single_rows_number_on_from_one_another(hand: FloorHand, statement: str) -> None:
    def work(tx: Tx) -> None:
        tx.insert("event", **ONE, recorded_at_ms=0)
        tx.put(statement)
        tx.add("event", **ONE, recorded_at_ms=0)
        assert tx.run(statement) == 1
        tx.insert("event", **ONE, recorded_at_ms=0)

    hand.write(work)
    assert kinds(hand) == list(enumerate(["one", "set", "one", "set", "one"]))


def test_what_was_undone_leaves_no_gap(hand: FloorHand) -> None:
    def part(tx: Tx) -> None:
        with tx.savepoint():
            tx.add("event", **ONE, recorded_at_ms=0)
            tx.add("event", **ONE, recorded_at_ms=0)
            raise Refused(Rejected(Reject.NO_WORK))

    def work(tx: Tx) -> None:
        tx.add("event", **ONE, recorded_at_ms=0)
        with pytest.raises(Refused):
            part(tx)
        tx.add("event", **ONE, recorded_at_ms=0)

    hand.write(work)
    with pytest.raises(Refused):
        hand.write(part)
    hand.write(work)
    assert kinds(hand) == list(enumerate(["one"] * 4))


def test_a_claim_that_finds_no_row_is_refused_before_anything_is_kept(hand: FloorHand) -> None:
    def work(tx: Tx) -> None:
        tx.add("event", **ONE, recorded_at_ms=0)
        with tx.claims_later():
            tx.claim(short, NOBODYS)

    with pytest.raises(Refused):
        hand.write(work)
    assert kinds(hand) == []


def test_a_claim_found_out_later_is_undone_with_its_part(hand: FloorHand) -> None:
    def work(tx: Tx) -> None:
        tx.add("event", topic="test", kind="before", recorded_at_ms=0)
        try:
            with tx.savepoint():
                with tx.claims_later():
                    tx.claim(short, NOBODYS)
                    tx.add("event", topic="test", kind="inside", recorded_at_ms=0)
                tx.one("SELECT code FROM warehouse WHERE id = :w")
        except Refused:
            tx.add("event", topic="test", kind="after", recorded_at_ms=0)

    hand.write(work)
    assert kinds(hand) == [(0, "before"), (1, "after")]
