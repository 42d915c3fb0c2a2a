"""Rules of scans that come twice, late, in the wrong order, with a wrong clock, or with another body: order is ours."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from fulfillment.bootstrap import Floor, open_floor
from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import Conflict, DomainError
from fulfillment.services.printing import outbox
from fulfillment.services.scan_path import scans
from fulfillment.services.scan_path.scans import ScanRequest
from fulfillment.settings import Settings
from tests.factories import FloorHand
from tests.faults.recorded import NOON_MS, StandingClock
from tests.services.acts import at, wrong

HOUR_MS, DAY_MS = 3_600_000, 86_400_000


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def floor(settings: Settings, clock: StandingClock) -> Iterator[Floor]:
    floor = open_floor(settings, clock=clock)
    yield floor
    floor.close()


@pytest.fixture
def hand(floor: Floor) -> Iterator[FloorHand]:
    """Ada receives blind at the dock; whatever comes in however, the book must be right afterwards."""
    hand = FloorHand(floor)
    hand.item("MUG")
    hand.sign_in("DOCK-1", "RECEIVE")
    hand.say("DOCK-1", "BLIND")
    yield hand
    assert wrong(hand) == []


def pulls(count: int, occurred_at_ms: int = NOON_MS) -> list[ScanRequest]:
    """What a device holds in its outbox: so many scans of one MUG."""
    return [
        ScanRequest(f"pull-{number}", "DOCK-1", "MUG", occurred_at_ms + number, 1) for number in range(count)
    ]


def send(hand: FloorHand, request: ScanRequest) -> dict[str, Any]:
    return hand.write(lambda tx: scans.handle_scan(tx, request))


def kept(hand: FloorHand) -> list[str]:
    """The scans of the outbox that are kept, in the server's order."""
    rows = hand.all("SELECT scan_id FROM scan WHERE warehouse_id = :w AND scan_id LIKE 'pull-%' ORDER BY id")
    return [row["scan_id"] for row in rows]


def test_two_devices_that_replay_one_outbox_apply_each_scan_once(hand: FloorHand) -> None:
    dice, outbox_of = random.Random(22), pulls(20)
    first, second = list(outbox_of), list(outbox_of)
    answers: dict[str, list[bool]] = {}
    while first or second:
        queue = first if first and (not second or dice.random() < 0.5) else second
        request = queue.pop(0)
        answers.setdefault(request.scan_id, []).append(send(hand, request)["replayed"])
    assert set(map(tuple, answers.values())) == {(False, True)}
    assert hand.on_hand("DOCK-1") == 20


@pytest.mark.parametrize("seed", range(4))
def test_an_outbox_that_arrives_in_any_order_with_doubles_is_whole_in_the_end(hand: FloorHand, seed: int) -> None:
    dice, wanted = random.Random(seed), pulls(12)
    coming = wanted + dice.sample(wanted, 5)
    dice.shuffle(coming)
    for request in coming:
        send(hand, request)
    assert kept(hand) == list(dict.fromkeys(request.scan_id for request in coming))
    assert hand.on_hand("DOCK-1") == 12


def test_an_answer_that_never_came_is_given_again_a_day_later(hand: FloorHand, clock: StandingClock) -> None:
    (request,) = pulls(1)
    first = send(hand, request)
    clock.now_ms += DAY_MS
    again = send(hand, request)
    assert again == {**first, "replayed": True}
    assert hand.on_hand("DOCK-1") == 1


def test_a_scan_held_back_for_a_day_is_applied_when_it_comes(hand: FloorHand, clock: StandingClock) -> None:
    (request,) = pulls(1)
    clock.now_ms += DAY_MS
    assert send(hand, request)["outcome"] == "applied"
    row = hand.one("SELECT occurred_at_ms, recorded_at_ms FROM scan WHERE warehouse_id = :w AND scan_id = 'pull-0'")
    assert row == {"occurred_at_ms": NOON_MS, "recorded_at_ms": clock.now_ms}


def test_one_scan_id_with_two_bodies_is_a_conflict_and_moves_nothing(hand: FloorHand) -> None:
    send(hand, ScanRequest("one", "DOCK-1", "MUG", NOON_MS, 1))
    for other in (
        ScanRequest("one", "DOCK-1", "MUG", NOON_MS, 2),
        ScanRequest("one", "DOCK-1", "CUP", NOON_MS, 1),
        ScanRequest("one", "HAND-1", "MUG", NOON_MS, 1),
        ScanRequest("one", "DOCK-1", "MUG", NOON_MS + 1, 1),
    ):
        with pytest.raises(Conflict, match="another body"):
            send(hand, other)
    assert hand.on_hand("DOCK-1") == 1


POISON = (
    ScanRequest("poison", "DOCK-1", "\x00\x1b[2J", NOON_MS, None),
    ScanRequest("poison", "DOCK-1", "MUG", NOON_MS, -1),
    ScanRequest("poison", "NOWHERE", "MUG", NOON_MS, None),
    ScanRequest("poison", "DOCK-1", "", NOON_MS, None),
)


@pytest.mark.parametrize("poison", POISON, ids=["control", "quantity", "station", "empty"])
def test_a_scan_nobody_can_use_does_not_hold_up_what_comes_behind_it(hand: FloorHand, poison: ScanRequest) -> None:
    before, after = pulls(2)
    send(hand, before)
    for _ in range(2):  # a device that does not know better sends it again
        with pytest.raises(DomainError):
            send(hand, poison)
    assert send(hand, after)["outcome"] == "applied"
    assert (kept(hand), hand.on_hand("DOCK-1")) == (["pull-0", "pull-1"], 2)


def skewed(hand: FloorHand, skews_ms: Sequence[int]) -> None:
    for number, skew_ms in enumerate(skews_ms):
        send(hand, ScanRequest(f"pull-{number}", "DOCK-1", "MUG", NOON_MS + skew_ms, 1))


def test_a_devices_clock_decides_no_order(hand: FloorHand) -> None:
    skewed(hand, (0, 2 * DAY_MS, -2 * DAY_MS, HOUR_MS))
    assert kept(hand) == ["pull-0", "pull-1", "pull-2", "pull-3"]
    moves = hand.all("SELECT scan_id, recorded_at_ms FROM stock_move WHERE warehouse_id = :w ORDER BY id")
    assert [move["scan_id"] for move in moves] == ["pull-0", "pull-1", "pull-2", "pull-3"]
    assert len({move["recorded_at_ms"] for move in moves}) == 1


@pytest.mark.parametrize("jump_ms", [-HOUR_MS, DAY_MS])
def test_a_servers_clock_that_jumps_changes_no_order_and_loses_nothing(
    hand: FloorHand, clock: StandingClock, jump_ms: int
) -> None:
    first, second, third = pulls(3)
    send(hand, first)
    clock.now_ms += jump_ms
    send(hand, second)
    assert send(hand, first)["replayed"]
    clock.now_ms -= jump_ms
    send(hand, third)
    assert kept(hand) == ["pull-0", "pull-1", "pull-2"]
    hand.sign_in("HAND-1", "MOVE")
    for code, qty_each in ((at("DOCK-1"), None), ("MUG", 3), (at("A01-01-1"), None)):
        assert hand.scan("HAND-1", code, qty_each)["outcome"] == "applied"
    events = hand.all("SELECT id FROM event WHERE warehouse_id = :w ORDER BY id")
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))


def job(hand: FloorHand, number: int) -> None:
    printer = hand.one("SELECT id FROM printer WHERE warehouse_id = :w AND code = 'LABEL-1'")["id"]
    hand.write(lambda tx: outbox.queue_print(tx, f"P-{number}", f"label:P-{number}:{number}", printer, "parcel", {}))


def claim(hand: FloorHand) -> Any:
    printer = hand.one("SELECT id FROM printer WHERE warehouse_id = :w AND code = 'LABEL-1'")["id"]
    return hand.write(lambda tx: outbox.claim(tx, printer))


@pytest.mark.parametrize("jump_ms", [-HOUR_MS, DAY_MS])
def test_a_clock_that_jumps_lets_no_two_workers_print_one_label(
    hand: FloorHand, clock: StandingClock, jump_ms: int
) -> None:
    job(hand, 1)
    mine = claim(hand)
    clock.now_ms += jump_ms
    theirs = claim(hand)
    if theirs is not None:  # the lease ran out by the new clock, before a byte was sent: the first has lost it
        assert theirs.fence == mine.fence + 1
        assert not hand.write(lambda tx: outbox.start_sending(tx, mine, b"^XA^XZ", "0" * 64))
        mine = theirs
    assert hand.write(lambda tx: outbox.start_sending(tx, mine, b"^XA^XZ", "0" * 64))
    assert claim(hand) is None
    assert hand.write(lambda tx: outbox.complete(tx, mine, "counted", True, "")) is True


def test_a_clock_set_back_delays_a_claim_no_longer_than_the_jump(hand: FloorHand, clock: StandingClock) -> None:
    job(hand, 1)
    claim(hand)
    clock.now_ms -= HOUR_MS
    assert claim(hand) is None
    clock.now_ms += HOUR_MS + outbox.LEASE_MS
    again = claim(hand)
    assert again is not None
    assert again.attempts == 2


def test_a_label_that_was_being_sent_when_the_clock_jumped_is_for_a_person_to_decide(
    hand: FloorHand, clock: StandingClock
) -> None:
    job(hand, 1)
    mine = claim(hand)
    hand.write(lambda tx: outbox.start_sending(tx, mine, b"^XA^XZ", "0" * 64))
    clock.now_ms += DAY_MS
    assert claim(hand) is None
    assert hand.one("SELECT state FROM outbox WHERE warehouse_id = :w AND subject = 'P-1'") == {"state": "uncertain"}
    assert not hand.write(lambda tx: outbox.complete(tx, mine, "counted", True, ""))


def test_ids_say_the_order_whatever_the_clocks_say(hand: FloorHand, clock: StandingClock) -> None:
    dice, numbers = random.Random(7), itertools.count()
    for _ in range(30):
        clock.now_ms += dice.choice((-HOUR_MS, DAY_MS, 1_000, -DAY_MS))
        occurred = NOON_MS + dice.choice((-2, 0, 2)) * DAY_MS
        send(hand, ScanRequest(f"pull-{next(numbers)}", "DOCK-1", "MUG", occurred, 1))
    assert kept(hand) == [f"pull-{number}" for number in range(30)]
    assert hand.scan("DOCK-1", own_code("C", "DONE"))["outcome"] == "applied"
