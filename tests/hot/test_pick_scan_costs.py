"""What a picker's scan may ask of the database: so many statements on SQLite, two round trips on PostgreSQL.

Ceilings, so that it cannot creep up again; who needs one more raises it here and says in the commit why.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

import pytest

from fulfillment.hot import Tx
from fulfillment.services.scan_path import scans
from fulfillment.services.scan_path.scan_arrival import ScanRequest
from fulfillment.services.scan_path.scan_queue import handle_queue
from tests.factories import FloorHand
from tests.services.acts import TOTES, at, release, take_tour

# Two questions (three with an item's barcode), then scan, audit entry and dialogue; a pick is twelve more: its part,
# what it takes and writes down, and the next stop. The newest id of the moves is read once a group.
STATEMENTS = {"location": 5, "item": 6, "tote": 17}
ROUND_TRIPS = {"location": 1, "item": 1, "tote": 2}
# Of a queue: what its station stands before, the dialogue, scans and audit entries (and two newest ids). Of each of
# its scans: its part; at the item the barcode; at the tote the pick, with its own part, and the next stop.
QUEUE_STATEMENTS = {"queue": 9, "location": 2, "item": 3, "tote": 15}
QUEUE_ROUND_TRIPS = {"queue": 2, "location": 0, "item": 1, "tote": 1}


@pytest.fixture
def picker(hand: FloorHand) -> FloorHand:
    """Before the first of two stops; what is asked ahead is known."""
    for sku, place in (("MUG", "A01-01-1"), ("CUP", "A02-01-1")):
        hand.item(sku)
        hand.stock(sku, 10, place)
    hand.order("SO-1", ("MUG", 1), ("CUP", 1))
    release(hand)
    take_tour(hand)
    return hand


def codes(hand: FloorHand) -> dict[str, str]:
    fields = hand.step()["fields"]
    return {"location": at(fields["location"]["code"]), "item": fields["item"]["barcode"], "tote": TOTES[0]}


def scanning(code: str) -> ScanRequest:
    return ScanRequest(f"pull-{code}", "HAND-1", code, 1)


@pytest.mark.engine("sqlite")
def test_a_pick_scan_runs_no_more_statements_than_it_did(picker: FloorHand) -> None:
    ran: dict[str, list[str]] = {}

    def work(tx: Any) -> None:
        for kind, code in codes(picker).items():
            tx._connection.set_trace_callback(ran.setdefault(kind, []).append)
            assert scans.handle_scan(tx, scanning(code))["outcome"] == "applied"
            tx._connection.set_trace_callback(None)

    # The ids of a group are read once; that is its first scan's.
    picker.write(lambda tx: (_know_ids(tx), work(tx)))
    for kind, traced in ran.items():
        statements = [statement for statement, _ in groupby(traced)]  # one with a trigger is traced once more
        assert len(statements) <= STATEMENTS[kind], (kind, statements)


def _know_ids(tx: Tx) -> None:
    scans.handle_scan(tx, scanning("NOTHING"))


@pytest.mark.engine("postgresql")
def test_a_pick_scan_waits_for_the_server_twice_at_most(picker: FloorHand) -> None:
    waited: dict[str, int] = {}

    def work(tx: Any) -> None:
        for kind, code in codes(picker).items():
            tx.flush()
            before = tx.round_trips
            assert scans.handle_scan(tx, scanning(code))["outcome"] == "applied"
            waited[kind] = tx.round_trips - before

    picker.write(work)
    assert waited == ROUND_TRIPS


@pytest.mark.engine("sqlite")
def test_the_scans_of_a_queue_share_what_they_ask(picker: FloorHand) -> None:
    traced: list[str] = []

    def work(tx: Any) -> None:
        queued = [scanning(code) for code in codes(picker).values()]
        tx._connection.set_trace_callback(traced.append)
        assert [one["outcome"] for one in handle_queue(tx, queued)["outcomes"]] == ["applied"] * 3
        tx._connection.set_trace_callback(None)

    picker.write(lambda tx: (_know_ids(tx), work(tx)))
    # Rows written together are traced one by one, and each is one statement run again.
    statements = [statement for statement, _ in groupby(line[:60] for line in traced)]
    assert len(statements) <= sum(QUEUE_STATEMENTS.values()), statements


@pytest.mark.engine("postgresql")
def test_a_queue_waits_for_the_server_at_items_and_totes_only(picker: FloorHand) -> None:
    waited: list[int] = []

    def work(tx: Any) -> None:
        queued = [scanning(code) for code in codes(picker).values()]
        tx.flush()
        before = tx.round_trips
        assert [one["outcome"] for one in handle_queue(tx, queued)["outcomes"]] == ["applied"] * 3
        waited.append(tx.round_trips - before)

    picker.write(work)
    assert waited == [sum(QUEUE_ROUND_TRIPS.values())]
