"""Scans made before the answer to the one before was seen: none of them is taken for something else."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import DomainError
from fulfillment.services.scan_path import replay_conflicts
from fulfillment.services.scan_path.scan_queue import handle_queue
from fulfillment.services.scan_path.scans import ScanRequest, handle_scan
from tests.factories import NOBODY, FloorHand
from tests.services.acts import at

pytestmark = pytest.mark.usefixtures("book_is_right")

LATE_MS = 1_760_000_000_000


@pytest.fixture
def putting(hand: FloorHand) -> FloorHand:
    """Mugs and cups at the dock, somebody who puts them away."""
    for sku in ("MUG", "CUP"):
        hand.item(sku)
        hand.stock(sku, 5, "DOCK-1")
    hand.sign_in("HAND-1", "PUTAWAY")
    return hand


def queue(*codes: str | tuple[str, int]) -> list[ScanRequest]:
    """Scanned one after the other on one device without an answer to any of them."""
    scans: list[ScanRequest] = []
    for place, said in enumerate(codes):
        code, qty_each = said if isinstance(said, tuple) else (said, None)
        before = scans[-1].scan_id if scans else ""
        scans.append(ScanRequest(f"late-{place}", "HAND-1", code, LATE_MS + place, qty_each, after=before))
    return scans


def one_by_one(hand: FloorHand, scans: list[ScanRequest]) -> list[str]:
    answers = [hand.write(lambda tx, one=one: handle_scan(tx, one)) for one in scans]
    return [answer.get("code", answer["outcome"]) for answer in answers]


def at_once(hand: FloorHand, scans: list[ScanRequest]) -> list[str]:
    outcomes = hand.write(lambda tx: handle_queue(tx, scans))["outcomes"]
    return [outcome.get("code", outcome["outcome"]) for outcome in outcomes]


def conflicts(hand: FloorHand) -> list[dict[str, Any]]:
    return hand.floor.read(replay_conflicts.listed)


@pytest.mark.parametrize("send", [one_by_one, at_once])
def test_what_waited_is_taken_in_order_where_each_counts(putting: FloorHand, send: Any) -> None:
    scans = queue(("MUG", 5), at("A01-01-1"), ("CUP", 5), at("A01-02-1"))
    assert send(putting, scans) == ["applied"] * 4
    assert (putting.on_hand("A01-01-1", "MUG"), putting.on_hand("A01-02-1", "CUP")) == (5, 5)
    assert conflicts(putting) == []


@pytest.mark.parametrize("send", [one_by_one, at_once])
def test_after_one_that_did_not_count_nothing_else_is_booked(putting: FloorHand, send: Any) -> None:
    # The mugs lie in A01-01-1, nobody said how many; without the guard the cups' place would be taken for theirs.
    scans = queue(("MUG", 5), at("A09-09-9"), ("CUP", 5), at("A01-02-1"))
    assert send(putting, scans) == ["applied", "unknown_code", "out_of_step", "out_of_step"]
    assert putting.on_hand("A01-02-1") == 0
    (conflict,) = conflicts(putting)
    assert (conflict["rejection"], conflict["code"], conflict["operator"]) == ("unknown_code", at("A09-09-9"), "Ada")
    assert [one["code"] for one in conflict["after_it"]] == ["CUP", at("A01-02-1")]
    assert send(putting, scans) == ["applied", "unknown_code", "out_of_step", "out_of_step"]
    assert len(conflicts(putting)) == 1


@pytest.mark.parametrize("send", [one_by_one, at_once])
def test_one_refused_with_nothing_after_it_is_told_to_whoever_scanned_it(putting: FloorHand, send: Any) -> None:
    assert send(putting, queue("NOBODY")) == ["unknown_code"]
    assert conflicts(putting) == []


def test_after_a_scan_that_never_came_nothing_is_booked(putting: FloorHand) -> None:
    lost, *rest = queue("MUG", at("A01-01-1"))
    assert one_by_one(putting, rest) == ["out_of_step"]
    assert [one["rejection"] for one in conflicts(putting)] == ["out_of_step"]
    assert one_by_one(putting, [lost]) == ["applied"]


def test_who_has_seen_the_refusal_goes_on_as_ever(putting: FloorHand) -> None:
    one_by_one(putting, queue(("MUG", 5), at("A09-09-9"), ("CUP", 5)))
    assert putting.scan("HAND-1", at("A01-01-1"))["outcome"] == "applied"
    assert putting.on_hand("A01-01-1", "MUG") == 5


def test_a_badge_pulled_blindly_changes_nobody(putting: FloorHand) -> None:
    came = one_by_one(putting, queue(("MUG", 5), at("A09-09-9"), own_code("B", "1002"), at("A01-01-1")))
    assert came == ["applied", "unknown_code", "out_of_step", "out_of_step"]
    assert putting.on_hand("A01-01-1") == 0


def test_a_supervisor_closes_it_and_there_is_no_place_to_count(putting: FloorHand) -> None:
    one_by_one(putting, queue("NOBODY", "MUG"))
    (conflict,) = conflicts(putting)
    with pytest.raises(DomainError) as refused:
        putting.write(lambda tx: replay_conflicts.decide(tx, NOBODY, conflict["id"], "count"))
    assert refused.value.code == "no_place"
    putting.write(lambda tx: replay_conflicts.decide(tx, NOBODY, conflict["id"], "done", "counted them"))
    assert conflicts(putting) == []
