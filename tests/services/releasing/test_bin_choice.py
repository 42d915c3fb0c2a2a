"""Which bins a wave picks from: the nearer ones, of the same age, and never the same units for two."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from fulfillment.services.releasing import bin_choice, planning, waves
from fulfillment.services.walking import tour_ends
from picking.scattered import compile_choice
from tests.factories import NOBODY, FloorHand
from tests.services.acts import promises, release, wrong


@pytest.fixture(autouse=True, scope="module")
def _loaded() -> None:
    compile_choice()


@pytest.fixture
def mug(hand: FloorHand) -> FloorHand:
    hand.item("MUG")
    hand.item("CUP")
    return hand


def wave_of(hand: FloorHand) -> int:
    wave: dict[str, Any] = hand.write(lambda tx: waves.release(tx, NOBODY))
    return int(wave["wave"])


def choose(hand: FloorHand, wave: int) -> int:
    return bin_choice.nearer_bins(hand.floor, wave)


def place_of(hand: FloorHand, number: str, layer: int) -> str:
    return next(code for code, its, _ in promises(hand, number) if its == layer)


def scattered(hand: FloorHand) -> tuple[int, int]:
    """Mugs are promised where a bin empties, far from the cups; the same age lies beside the cups."""
    far = hand.stock("MUG", 2, "A02-02-1")
    near = hand.stock("MUG", 9, "A01-01-1")
    hand.stock("CUP", 9, "A01-01-1")
    hand.order("SO-1", ("MUG", 2), ("CUP", 1))
    assert place_of(hand, "SO-1", far) == "A02-02-1"
    return far, near


def test_a_promise_moves_to_the_nearer_bin_with_goods_of_the_same_age(mug: FloorHand) -> None:
    _, near = scattered(mug)
    assert choose(mug, wave_of(mug)) == 2
    assert ("A01-01-1", near, 2) in promises(mug, "SO-1")
    assert wrong(mug) == []


def test_the_wave_is_walked_from_the_nearer_bin(mug: FloorHand) -> None:
    scattered(mug)
    wave = wave_of(mug)
    planning.plan_wave(mug.floor, wave, 5)
    stops = mug.all(
        "SELECT l.code, SUM(k.qty_each) AS units FROM task k JOIN location l ON l.id = k.location_id"
        " WHERE k.kind = 'pick' GROUP BY l.code"
    )
    assert stops == [{"code": "A01-01-1", "units": 3}]
    assert wrong(mug) == []


def test_what_is_promised_stays_as_much_as_it_was(mug: FloorHand) -> None:
    scattered(mug)
    before = mug.one("SELECT SUM(allocated_each) AS units FROM stock_balance")
    lines = mug.all("SELECT item_id, allocated_each FROM demand ORDER BY item_id")
    choose(mug, wave_of(mug))
    assert mug.one("SELECT SUM(allocated_each) AS units FROM stock_balance") == before
    assert mug.all("SELECT item_id, allocated_each FROM demand ORDER BY item_id") == lines
    notes = mug.all("SELECT reason, delta_each FROM allocation_entry WHERE note = :n ORDER BY id", n=bin_choice.NEARER)
    assert [(row["reason"], row["delta_each"]) for row in notes] == [("release", -2), ("allocate", 2)]


def test_newer_goods_are_left_however_near_they_are(mug: FloorHand) -> None:
    old = mug.stock("MUG", 2, "A02-02-1", "2026-01-01")
    mug.stock("MUG", 9, "A01-01-1", "2026-01-02")
    mug.stock("CUP", 9, "A01-01-1")
    mug.order("SO-1", ("MUG", 2), ("CUP", 1))
    assert choose(mug, wave_of(mug)) == 0
    assert place_of(mug, "SO-1", old) == "A02-02-1"


def test_days_within_the_tolerance_are_one_age_but_never_newer_than_what_was_promised(mug: FloorHand) -> None:
    mug.item("JUG", tolerance_days=5)
    old = mug.stock("JUG", 2, "A02-02-1", "2026-01-01")
    mug.stock("JUG", 9, "A01-01-1", "2026-01-04")
    mug.stock("CUP", 9, "A01-01-1")
    mug.order("SO-1", ("JUG", 2), ("CUP", 1))
    assert choose(mug, wave_of(mug)) == 0
    assert place_of(mug, "SO-1", old) == "A02-02-1"
    mug.stock("MUG", 2, "A02-02-1", "2026-01-04")
    assert wrong(mug) == []


def test_goods_that_must_not_stay_free_are_not_given_up(mug: FloorHand) -> None:
    """Somebody walks for newer mugs already: older ones that became free now would be passed over."""
    old = mug.stock("MUG", 2, "A02-02-1", "2026-01-01")
    mug.order("SO-1", ("MUG", 2), ("CUP", 1))
    mug.stock("MUG", 3, "A02-01-1", "2026-02-01")
    mug.order("SO-2", ("MUG", 3))
    release(mug, "SO-2")
    mug.stock("CUP", 9, "A01-01-1")
    wave = wave_of(mug)
    mug.stock("MUG", 9, "A01-01-1", "2026-01-01")
    assert choose(mug, wave) == 0
    assert place_of(mug, "SO-1", old) == "A02-02-1"
    assert wrong(mug) == []


def test_closed_cases_stay_where_they_are_promised(mug: FloorHand) -> None:
    scattered(mug)
    mug.write(lambda tx: tx.run("UPDATE layer SET case_each = 3 WHERE warehouse_id = :w"))
    mug.write(lambda tx: tx.run("UPDATE stock_balance SET sealed_each = 9 WHERE on_hand_each = 9"))
    assert choose(mug, wave_of(mug)) == 0


def test_a_bin_nobody_picks_from_serves_no_line(mug: FloorHand) -> None:
    scattered(mug)
    wave = wave_of(mug)
    mug.write(lambda tx: tx.run("UPDATE location SET is_pickable = 0 WHERE warehouse_id = :w AND code = 'A01-01-1'"))
    assert choose(mug, wave) == 0


def test_an_order_cancelled_meanwhile_is_promised_nothing(mug: FloorHand, monkeypatch: pytest.MonkeyPatch) -> None:
    from fulfillment.services.ordering import orders

    scattered(mug)
    wave = wave_of(mug)
    real = bin_choice.choose_bins

    def cancelling(*args: Any, **more: Any) -> Any:
        mug.write(lambda tx: orders.cancel(tx, NOBODY, "SO-1"))
        return real(*args, **more)

    monkeypatch.setattr(bin_choice, "choose_bins", cancelling)
    assert choose(mug, wave) == 0
    assert promises(mug, "SO-1") == []
    assert wrong(mug) == []


def test_goods_somebody_else_was_promised_meanwhile_are_not_promised_twice(
    mug: FloorHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    far, _ = scattered(mug)
    wave = wave_of(mug)
    real = bin_choice.choose_bins

    def faster(*args: Any, **more: Any) -> Any:
        mug.order("SO-9", ("MUG", 8))
        return real(*args, **more)

    monkeypatch.setattr(bin_choice, "choose_bins", faster)
    assert choose(mug, wave) == 0
    assert place_of(mug, "SO-1", far) == "A02-02-1"
    assert wrong(mug) == []


def test_two_waves_at_once_do_not_promise_the_same_units(mug: FloorHand) -> None:
    for number in (1, 2):
        mug.stock("MUG", 2, "A02-02-1")
        mug.order(f"SO-{number}", ("MUG", 2), ("CUP", 1))
    mug.stock("MUG", 3, "A01-01-1")
    mug.stock("CUP", 9, "A01-01-1")
    first, second = (mug.write(lambda tx: waves.release(tx, NOBODY, max_orders=1))["wave"] for _ in range(2))
    moved: list[int] = []
    threads = [threading.Thread(target=lambda wave=wave: moved.append(choose(mug, wave))) for wave in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(moved) in (2, 3)
    over = mug.all("SELECT location_id FROM stock_balance WHERE allocated_each > on_hand_each")
    assert over == []
    assert sum(units for number in ("SO-1", "SO-2") for _, _, units in promises(mug, number)) == 6
    assert wrong(mug) == []


def test_a_wave_without_other_bins_asks_nobody(mug: FloorHand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tour_ends, "carts", lambda *_: pytest.fail("nothing was to be chosen"))
    mug.stock("MUG", 9, "A01-01-1")
    mug.order("SO-1", ("MUG", 2))
    assert choose(mug, wave_of(mug)) == 0
