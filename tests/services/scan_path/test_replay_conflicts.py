"""Scans noted without the network: taken where the floor still stands there, else refused, listed and decided once."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment.domain.codes import own_code
from fulfillment.domain.noted import Noted
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.services.scan_path import replay_conflicts
from fulfillment.services.scan_path.scan_queue import handle_queue
from fulfillment.services.scan_path.scans import ScanRequest, handle_scan
from fulfillment.services.touring import tour_on_device
from tests.factories import NOBODY, FloorHand
from tests.services import wall
from tests.services.acts import TOTES, at, cancel, make_stop, release, take_tour

pytestmark = pytest.mark.usefixtures("book_is_right")

LATE_MS = 1_760_000_000_000  # weeks before it comes


@pytest.fixture
def walk(hand: FloorHand) -> FloorHand:
    """HAND-1 before the first of three stops: 2 mugs, 1 cup, 1 jug."""
    for sku, place in (("MUG", "A01-01-1"), ("CUP", "A02-01-1"), ("JUG", "A02-02-1")):
        hand.item(sku)
        hand.stock(sku, 5, place)
    hand.order("SO-1", ("MUG", 2), ("CUP", 1), ("JUG", 1))
    release(hand)
    take_tour(hand)
    return hand


def tour(hand: FloorHand) -> dict[str, Any]:
    found = hand.floor.read(lambda tx: tour_on_device.tour_of(tx, "HAND-1"))
    assert found is not None
    return found


def noted_scans(hand: FloorHand) -> list[ScanRequest]:
    """What a device would note of the whole walk, from its first stop to the drop."""
    known, scans = tour(hand), []

    def note(code: str, task: int, state: str, counted: int, qty_each: int | None = None) -> None:
        noted = Noted(known["operator"], known["tour"], task, state, counted)
        scans.append(ScanRequest(f"late-{len(scans)}", "HAND-1", code, LATE_MS + len(scans), qty_each, None, noted))

    for stop in known["stops"]:
        (first, _), *_ = stop["parts"]
        note(stop["place"]["barcode"], first, "location", 0)
        note(stop["item"]["barcodes"][0][0], first, "item", 0, stop["left"])
        note(stop["tote"]["barcode"], first, "tote", stop["left"])
    note(known["drops"][0]["barcode"], 0, "drop", 0)
    return scans


def replay(hand: FloorHand, scans: list[ScanRequest]) -> list[str]:
    """Sent one by one; what each came to."""
    answers = [hand.write(lambda tx, one=one: handle_scan(tx, one)) for one in scans]
    return [answer.get("code", answer["outcome"]) for answer in answers]


def open_conflicts(hand: FloorHand) -> list[dict[str, Any]]:
    return hand.floor.read(replay_conflicts.listed)


def test_a_device_knows_every_stop_in_order_with_what_counts_for_it(walk: FloorHand) -> None:
    known = tour(walk)
    assert [stop["place"]["code"] for stop in known["stops"]] == ["A01-01-1", "A02-01-1", "A02-02-1"]
    first = known["stops"][0]
    assert (first["left"], first["item"]["barcodes"], first["asks"], first["lies"]) == (2, [["MUG", 1]], "", [])
    assert first["tote"]["barcode"] == TOTES[0]
    assert known["drops"] == [{"code": "STAGE-1", "barcode": at("STAGE-1")}]


def test_a_walk_noted_without_the_network_is_taken_whole_however_late(walk: FloorHand) -> None:
    scans = noted_scans(walk)
    assert replay(walk, scans) == ["applied"] * 10
    assert walk.order_state("SO-1") == "picked"
    rows = walk.all("SELECT occurred_at_ms FROM scan WHERE warehouse_id = :w AND scan_id LIKE 'late-%' ORDER BY id")
    assert [row["occurred_at_ms"] for row in rows] == [scan.occurred_at_ms for scan in scans]
    assert open_conflicts(walk) == []


def test_the_queue_in_one_request_comes_to_the_same(walk: FloorHand) -> None:
    scans = noted_scans(walk)
    make_stop(walk)
    answer = walk.write(lambda tx: handle_queue(tx, scans))
    assert [one["outcome"] for one in answer["outcomes"]] == ["rejected"] * 3 + ["applied"] * 7
    assert len(open_conflicts(walk)[0]["after_it"]) == 2


def test_what_somebody_else_has_done_meanwhile_is_not_done_twice(walk: FloorHand) -> None:
    scans = noted_scans(walk)
    make_stop(walk)  # another device on the same station
    assert replay(walk, scans) == ["out_of_step"] * 3 + ["applied"] * 7
    assert walk.on_hand("A01-01-1", "MUG") == 3
    (first,) = open_conflicts(walk)
    assert (first["station"], first["operator"], first["sku"]) == ("HAND-1", "Ada", "MUG")
    assert (first["state"], first["expected"], first["occurred_at_ms"]) == ("location", "A02-01-1", LATE_MS)
    assert [one["code"] for one in first["after_it"]] == ["MUG", TOTES[0]]


def test_only_the_stop_of_a_cancelled_order_is_refused(walk: FloorHand) -> None:
    walk.order("SO-2", ("CUP", 1))
    scans = noted_scans(walk)
    cancel(walk, "SO-1")
    assert replay(walk, scans)[:9] == ["out_of_step"] * 9
    assert replay(walk, scans[9:]) == ["applied"]
    assert walk.on_hand("A01-01-1", "MUG") == 5


def test_a_refusal_in_the_middle_stops_what_hangs_on_it_and_loses_nothing(walk: FloorHand) -> None:
    scans = noted_scans(walk)
    assert replay(walk, scans[:2]) == ["applied"] * 2
    other = ScanRequest("x", "HAND-1", own_code("C", "BACK"), LATE_MS)
    assert replay(walk, [other]) == ["applied"]
    assert replay(walk, scans[2:]) == ["out_of_step"] * 8
    (first,) = open_conflicts(walk)
    told = [first["scan_id"], *(one["scan_id"] for one in first["after_it"])]
    assert told == [scan.scan_id for scan in scans[2:]]


def test_sent_again_it_is_listed_once(walk: FloorHand) -> None:
    scans = noted_scans(walk)[3:5]
    assert replay(walk, scans) == replay(walk, scans) == ["out_of_step"] * 2
    (first,) = open_conflicts(walk)
    assert len(first["after_it"]) == 1


def test_one_refused_at_a_first_try_of_which_nobody_knew_is_listed_when_it_comes_noted(walk: FloorHand) -> None:
    late = noted_scans(walk)[3]
    plain = ScanRequest(late.scan_id, late.station, late.code, late.occurred_at_ms)
    assert replay(walk, [plain]) == ["wrong_location"]
    assert open_conflicts(walk) == []
    assert replay(walk, [late]) == ["wrong_location"]
    assert [one["rejection"] for one in open_conflicts(walk)] == ["wrong_location"]


def test_a_scan_is_never_booked_for_who_signed_in_since(walk: FloorHand) -> None:
    scans = noted_scans(walk)
    walk.scan("HAND-1", own_code("B", "1002"))
    assert replay(walk, scans[:1]) == ["out_of_step"]
    assert open_conflicts(walk)[0]["operator"] == "Ada"


def test_an_ordinary_wrong_scan_is_no_conflict(walk: FloorHand) -> None:
    assert walk.scan("HAND-1", at("A02-02-1"))["code"] == "wrong_location"
    assert open_conflicts(walk) == []


def test_a_conflict_is_decided_once_with_all_that_followed_from_it(walk: FloorHand) -> None:
    replay(walk, noted_scans(walk)[3:6])
    (first,) = open_conflicts(walk)
    with pytest.raises(DomainError, match="only a supervisor"):
        walk.write(lambda tx: replay_conflicts.decide(tx, NOBODY, first["id"], "done", "", "1002"))
    walk.write(lambda tx: replay_conflicts.decide(tx, NOBODY, first["id"], "done", "cup is back", "1001"))
    assert open_conflicts(walk) == []
    (decided,) = walk.floor.read(lambda tx: replay_conflicts.listed(tx, "done"))
    assert (decided["note"], decided["decided_by"]) == ("cup is back", "Ada")
    assert [one["decision"] for one in decided["after_it"]] == ["done", "done"]
    with pytest.raises(Conflict):
        walk.write(lambda tx: replay_conflicts.decide(tx, NOBODY, first["id"], "void"))
    with pytest.raises(NotFound):
        walk.write(lambda tx: replay_conflicts.decide(tx, NOBODY, 10**6, "void"))


def test_the_place_of_a_conflict_can_be_counted(walk: FloorHand) -> None:
    replay(walk, noted_scans(walk)[3:4])
    (first,) = open_conflicts(walk)
    walk.write(lambda tx: replay_conflicts.decide(tx, NOBODY, first["id"], "count"))
    asked = walk.all(
        "SELECT l.code FROM task k JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
        " WHERE k.warehouse_id = :w AND k.kind = 'count' AND k.state = 'open'"
    )
    assert [row["code"] for row in asked] == ["A02-01-1"]


def test_totes_that_were_put_down_have_no_place_to_count(walk: FloorHand) -> None:
    replay(walk, noted_scans(walk)[-1:])
    (first,) = open_conflicts(walk)
    with pytest.raises(DomainError, match="no place to count"):
        walk.write(lambda tx: replay_conflicts.decide(tx, NOBODY, first["id"], "count"))
    assert len(open_conflicts(walk)) == 1


def test_a_stop_that_needs_the_floor_says_so(walk: FloorHand) -> None:
    walk.write(lambda tx: tx.run("UPDATE stock_balance SET sealed_each = 5 WHERE warehouse_id = :w AND location_id ="
               " (SELECT id FROM location WHERE warehouse_id = :w AND code = 'A02-01-1')"))  # fmt: skip
    assert [stop["asks"] for stop in tour(walk)["stops"]] == ["", "closed_cases", ""]
    walk.write(lambda tx: tx.run("UPDATE stock_balance SET sealed_each = 0 WHERE warehouse_id = :w"))


def test_a_batch_is_walked_stop_by_stop_each_for_several_orders(hand: FloorHand) -> None:
    wall.equip(hand)
    wall.stock(hand, "MUG", "CUP")
    hand.order("SO-1", ("MUG", 2), ("CUP", 1))
    hand.order("SO-2", ("MUG", 3))
    wall.release(hand)
    take_tour(hand)
    stops = {stop["item"]["sku"]: stop for stop in tour(hand)["stops"]}
    assert [left_each for _, left_each in stops["MUG"]["parts"]] in ([2, 3], [3, 2])
    assert (stops["MUG"]["left"], stops["CUP"]["left"], stops["CUP"]["order"]) == (5, 1, "SO-1")
    assert stops["MUG"]["order"] in ("SO-1 +1", "SO-2 +1")
    assert stops["MUG"]["tote"]["barcode"] == TOTES[0]
    assert tour(hand)["drops"][0]["barcode"] == wall.AT_WALL
    assert set(replay(hand, noted_scans(hand))) == {"applied"}
    assert [hand.order_state(number) for number in ("SO-1", "SO-2")] == ["picked", "picked"]
    assert open_conflicts(hand) == []


def test_tasks_of_one_stop_that_lie_apart_in_a_walk_are_one_stop_and_say_so(hand: FloorHand) -> None:
    wall.equip(hand)
    wall.stock(hand, "MUG", "CUP")
    hand.order("SO-1", ("MUG", 2), ("CUP", 1))
    hand.order("SO-2", ("MUG", 3))
    wall.release(hand)
    take_tour(hand)
    assert not any(stop["apart"] for stop in tour(hand)["stops"])
    hand.write(lambda tx: tx.run(
        "UPDATE task SET sequence = CASE (SELECT i.sku FROM item i WHERE i.warehouse_id = task.warehouse_id"
        " AND i.id = task.item_id) WHEN 'CUP' THEN 2 ELSE order_id * 2 - 1 END"
        " WHERE warehouse_id = :w AND kind = 'pick'"
    ))  # fmt: skip
    assert [(stop["item"]["sku"], stop["apart"]) for stop in tour(hand)["stops"]] == [("MUG", True), ("CUP", False)]
    assert set(replay(hand, noted_scans(hand))) == {"applied"}


def test_who_is_on_no_walk_has_nothing_to_go_on_with(hand: FloorHand) -> None:
    hand.sign_in("HAND-1", "PICK")
    assert hand.floor.read(lambda tx: tour_on_device.tour_of(tx, "HAND-1")) is None
    assert hand.floor.read(lambda tx: tour_on_device.tour_of(tx, "HAND-2")) is None
