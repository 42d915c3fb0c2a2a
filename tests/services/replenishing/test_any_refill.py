"""Whatever orders, pickers and two people who refill do in whichever order: the book stays right, nobody is stuck."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fulfillment.domain.reasons import Conflict
from fulfillment.services.releasing import planning, waves
from fulfillment.services.replenishing import pick_faces, refills
from tests.factories import NOBODY, FloorHand
from tests.services.acts import at, cancel, wrong
from tests.services.conftest import OpenEmpty

FACE, OTHER_FACE, RESERVE, HIGH = "A01-01-1", "A02-01-1", "A02-03-3", "A02-02-1"
STATIONS = ("HAND-1", "HAND-2")

orders = st.tuples(st.just("order"), st.integers(1, 12), st.booleans())
scans = st.tuples(st.sampled_from(["go", "part", "back", "short", "skip", "home"]), st.sampled_from(STATIONS),
                  st.integers(1, 9))  # fmt: skip
others = st.tuples(st.sampled_from(["wave", "cancel", "stock", "sweep"]), st.integers(0, 3))


def test_the_book_stays_right(open_empty: OpenEmpty, days: Callable[[int], int]) -> None:
    @settings(max_examples=days(25), deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(st.one_of(scans, scans, scans, orders, others), max_size=25))
    def on_any_day(steps: list[tuple[Any, ...]]) -> None:
        floor = open_empty()
        try:
            play(FloorHand(floor), steps)
        finally:
            floor.close()

    on_any_day()


def play(hand: FloorHand, steps: list[tuple[Any, ...]]) -> None:
    for sku, face in (("MUG", FACE), ("CUP", OTHER_FACE)):
        hand.item(sku)
        hand.write(lambda tx, sku=sku, face=face: pick_faces.give(tx, NOBODY, face, sku, 6, 15))
    hand.stock("MUG", 8, FACE, "2026-01-01")
    hand.stock("MUG", 20, RESERVE, "2026-02-01")
    hand.stock("CUP", 9, HIGH, "2026-01-05")
    hand.write(lambda tx: tx.run("UPDATE location SET is_pickable = 0 WHERE warehouse_id = :w AND code = :c", c=HIGH))
    for station, badge in zip(STATIONS, ("1001", "1002"), strict=True):
        hand.sign_in(station, "REPLENISH", badge)
    for number, step in enumerate(steps):
        do(hand, number, step)
        assert wrong(hand) == []
        for face in (FACE, OTHER_FACE):
            assert hand.on_hand(face) <= 30
    finish(hand)


def do(hand: FloorHand, number: int, step: tuple[Any, ...]) -> None:
    match step:
        case ("order", qty, is_mug):
            hand.order(str(number), ("MUG" if is_mug else "CUP", qty))
        case ("wave", _):
            try:
                wave = hand.write(lambda tx: waves.release(tx, NOBODY))
            except Conflict:
                return
            if wave["wave"]:
                planning.plan_wave(hand.floor, wave["wave"], tour_ms=1)
        case ("cancel", which):
            rows = hand.all("SELECT number FROM sales_order WHERE warehouse_id = :w AND is_cancelled = 0 ORDER BY id")
            if which < len(rows):
                cancel(hand, rows[which]["number"])
        case ("stock", which):
            place = ("A01-02-1", "A01-03-1", RESERVE, FACE)[which]
            hand.stock("MUG", 5, place, f"2026-0{which + 1}-15")
        case ("sweep", _):
            planning.refill_faces(hand.floor)
        case (what, station, qty):
            scan(hand, station, what, qty)


def scan(hand: FloorHand, station: str, what: str, qty: int) -> None:
    step = hand.say(station, "CLOSE")["step"]  # means nothing to it: the screen as it stands
    if step["flow"] == "home":
        hand.say(station, "REPLENISH")
    elif what in ("back", "short", "skip", "home"):
        hand.say(station, what.upper())
    elif step["fields"]["task"] is not None:
        forward(hand, station, step, qty if what == "part" else None)


def forward(hand: FloorHand, station: str, step: dict[str, Any], qty: int | None) -> None:
    fields = step["fields"]
    code = {"location": fields["from"], "item": fields["item"], "target": fields["to"]}[step["state"]]["barcode"]
    hand.scan(station, code, None if step["state"] == "location" else qty or fields["qty_each"])
    if hand.answer["outcome"] == "rejected" and step["state"] == "target" and qty is None:
        # The screen said what to do instead, and that works.
        instead = hand.answer["expected"]
        if instead.startswith("BACK"):
            assert hand.say(station, "BACK")["outcome"] == "applied"
        else:
            assert hand.scan(station, at(instead))["outcome"] == "applied", hand.answer


def finish(hand: FloorHand) -> None:
    """Everybody can bring the work to its end: nothing is left in a hand and nothing open that cannot be done."""
    for station in STATIONS:
        for _ in range(40):
            step = hand.say(station, "CLOSE")["step"]
            if step["flow"] == "home":
                hand.say(station, "REPLENISH")
                continue
            if step["fields"]["task"] is None:
                break
            forward(hand, station, step, None)
            assert wrong(hand) == []
        assert hand.say(station, "HOME")["outcome"] == "applied"
        assert hand.on_hand(f"HAND-{station}") == 0
    planning.refill_faces(hand.floor)
    assert [one for one in hand.floor.read(refills.describe)["refills"] if one["in_hand_each"]] == []
