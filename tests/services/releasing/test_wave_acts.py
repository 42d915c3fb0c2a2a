"""A supervisor steers waves under way: who gets which tour, what of a wave still goes, what is taken back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.services.releasing import wave_acts, wave_cuts, waves
from tests.factories import NOBODY, FloorHand
from tests.services.acts import CARTS, TOTES, finish_tour, make_stop, release, take_tour, wrong
from tests.services.walking.a_walk import PLACES, open_stops, stock_every_bin, work_off

SUPERVISOR, PICKER = "1001", "1002"


@pytest.fixture
def stocked(hand: FloorHand) -> FloorHand:
    return stock_every_bin(hand)


@pytest.fixture(autouse=True)
def _book_is_right(book_is_right: None) -> None:
    """Whatever is done with waves, the book agrees with itself afterwards."""


def do(hand: FloorHand, act: Callable[..., dict[str, Any]], *what: Any, badge: str = SUPERVISOR) -> dict[str, Any]:
    return hand.write(lambda tx: act(tx, NOBODY, *what, badge=badge))


def two_tours(hand: FloorHand) -> int:
    """A wave of eight orders of a unit each: six on one cart, two on another; its number."""
    for number in range(8):
        hand.order(str(number), (PLACES[number % 2], 1))
    return release(hand)


def claim(hand: FloorHand, station: str, badge: str, cart: int) -> str:
    hand.sign_in(station, "PICK", badge)
    return hand.scan(station, CARTS[cart])["outcome"]


def refusal(hand: FloorHand, act: Callable[..., Any], *what: Any, badge: str = SUPERVISOR) -> str:
    with pytest.raises(DomainError) as refused:
        do(hand, act, *what, badge=badge)
    return refused.value.code


def test_a_paused_wave_hands_out_no_tour_and_goes_on_when_it_is_resumed(stocked: FloorHand) -> None:
    wave = two_tours(stocked)
    assert claim(stocked, "HAND-1", SUPERVISOR, 0) == "applied"
    do(stocked, wave_acts.pause, wave)
    assert claim(stocked, "HAND-2", PICKER, 1) == "rejected"
    while stocked.scan("HAND-1", "nothing")["step"]["state"] == "totes":
        totes = stocked.one("SELECT COUNT(*) AS n FROM tour_tote WHERE lpn_id <> 0")["n"]
        stocked.scan("HAND-1", TOTES[totes])
    stocked.scan("HAND-1", "nothing")
    finish_tour(stocked)  # what is walked is finished
    assert refusal(stocked, wave_acts.pause, wave) == "paused_already"
    do(stocked, wave_acts.resume, wave)
    assert refusal(stocked, wave_acts.resume, wave) == "not_paused"
    assert claim(stocked, "HAND-2", PICKER, 1) == "applied"


def test_tours_of_another_wave_go_while_one_rests(stocked: FloorHand) -> None:
    first = two_tours(stocked)
    stocked.order("other", ("A02-01-1", 1))
    second = release(stocked, "other")
    do(stocked, wave_acts.pause, first)
    take_tour(stocked)
    assert stocked.one("SELECT wave_id FROM tour WHERE state = 'active'")["wave_id"] == second


def test_what_is_put_first_is_handed_out_first_and_again_last_when_taken_back(stocked: FloorHand) -> None:
    wave = two_tours(stocked)
    last = stocked.all("SELECT id FROM tour ORDER BY id")[-1]["id"]
    act = do(stocked, wave_acts.prioritise, wave, 5, last)
    assert (act["act"], act["tour"], act["by_whom"], act["can_be_undone"]) == ("prioritise", last, "Ada", True)
    undone = do(stocked, wave_acts.undo, act["number"])
    assert (undone["undone_at_ms"] is None, undone["can_be_undone"]) == (False, False)
    assert stocked.one("SELECT MAX(priority) AS most FROM tour")["most"] == 0
    do(stocked, wave_acts.prioritise, wave, 5, last)
    take_tour(stocked)
    assert stocked.one("SELECT id FROM tour WHERE state = 'active'")["id"] == last
    assert refusal(stocked, wave_acts.prioritise, wave, 5, last) == "tour_begun"
    assert refusal(stocked, wave_acts.prioritise, wave, 1001) == "bad_priority"


def test_a_wave_is_put_before_another(stocked: FloorHand) -> None:
    first = two_tours(stocked)
    stocked.order("late", ("A02-01-1", 1))
    second = release(stocked, "late")
    act = do(stocked, wave_acts.prioritise, second, 9)
    do(stocked, wave_acts.prioritise, second, 8)
    assert refusal(stocked, wave_acts.undo, act["number"]) == "changed_since"
    take_tour(stocked)
    assert stocked.one("SELECT wave_id FROM tour WHERE state = 'active'")["wave_id"] == second != first


def test_a_tour_kept_for_a_picker_goes_to_nobody_else(stocked: FloorHand) -> None:
    stocked.order("1", ("A01-01-1", 1))
    wave = release(stocked)
    tour = stocked.one("SELECT id FROM tour")["id"]
    act = do(stocked, wave_acts.assign, wave, tour, PICKER)
    assert claim(stocked, "HAND-1", SUPERVISOR, 0) == "rejected"
    do(stocked, wave_acts.undo, act["number"])
    do(stocked, wave_acts.assign, wave, tour, PICKER)
    assert refusal(stocked, wave_acts.assign, wave, tour, PICKER) == "theirs_already"
    assert claim(stocked, "HAND-2", PICKER, 1) == "applied"


def test_a_tour_kept_for_somebody_who_left_is_anybodys(stocked: FloorHand) -> None:
    stocked.order("1", ("A01-01-1", 1))
    wave = release(stocked)
    tour = stocked.one("SELECT id FROM tour")["id"]
    do(stocked, wave_acts.assign, wave, tour, PICKER)
    stocked.write(lambda tx: tx.put(
        "UPDATE operator SET is_active = 0 WHERE warehouse_id = :w AND badge = :badge", badge=PICKER
    ))  # fmt: skip
    assert claim(stocked, "HAND-1", SUPERVISOR, 0) == "applied"


def test_a_walked_tour_goes_to_somebody_else_with_what_lies_in_its_totes(stocked: FloorHand) -> None:
    stocked.order("1", ("A01-01-1", 2), ("A01-02-1", 1), ("A02-01-1", 1))
    wave = release(stocked)
    take_tour(stocked)
    make_stop(stocked)
    tour = stocked.one("SELECT id FROM tour")["id"]
    before = stocked.all("SELECT item_id, on_hand_each FROM stock_balance WHERE lpn_id <> 0")
    act = do(stocked, wave_acts.assign, wave, tour, PICKER)
    assert refusal(stocked, wave_acts.undo, act["number"]) == "not_undoable"
    assert stocked.scan("HAND-1", "nothing")["step"]["state"] == "cart"
    assert stocked.scan("HAND-1", CARTS[0])["outcome"] == "rejected"  # it waits for somebody else
    stocked.sign_in("HAND-2", "PICK", PICKER)
    assert next(one["label"] for one in stocked.step()["expects"] if one["kind"] == "cart") == "0001"
    assert stocked.scan("HAND-2", CARTS[0])["outcome"] == "applied"
    assert stocked.all("SELECT item_id, on_hand_each FROM stock_balance WHERE lpn_id <> 0") == before
    finish_tour(stocked, "HAND-2")
    assert stocked.one("SELECT state FROM tour WHERE id = :id", id=tour)["state"] == "done"
    assert stocked.order_state("1") == "picked"


def test_a_walked_tour_given_back_waits_at_its_cart_for_anybody(stocked: FloorHand) -> None:
    stocked.order("1", ("A01-01-1", 1), ("A01-02-1", 1))
    wave = release(stocked)
    take_tour(stocked)
    tour = stocked.one("SELECT id FROM tour")["id"]
    do(stocked, wave_acts.assign, wave, tour, "")
    assert stocked.order_state("1") == "picking"
    assert claim(stocked, "HAND-2", PICKER, 1) == "rejected"  # another cart gets no tour: this one has its own
    assert stocked.scan("HAND-2", CARTS[0])["outcome"] == "applied"
    finish_tour(stocked, "HAND-2")


def test_what_has_not_begun_is_cancelled_and_waits_for_the_next_wave(stocked: FloorHand) -> None:
    wave = two_tours(stocked)
    take_tour(stocked)
    begun = {row["number"] for row in stocked.all(
        "SELECT o.number FROM task k JOIN sales_order o ON o.id = k.order_id JOIN tour t ON t.id = k.tour_id"
        " WHERE t.state = 'active'"
    )}  # fmt: skip
    done = do(stocked, wave_cuts.cancel, wave)
    assert {*done["orders"], *begun} == {str(number) for number in range(8)}
    assert (done["left"], done["can_be_undone"]) == (len(begun), False)
    assert {stocked.order_state(number) for number in done["orders"]} == {"allocated"}
    assert refusal(stocked, wave_cuts.cancel, wave) == "all_begun"
    finish_tour(stocked)
    assert stocked.one("SELECT state FROM wave")["state"] == "done"
    again = release(stocked)
    assert stocked.write(lambda tx: waves.describe(tx, again))["orders"] == len(done["orders"])


def test_promises_of_a_cancelled_wave_go_to_whoever_is_most_urgent(stocked: FloorHand) -> None:
    stocked.order("1", ("A01-01-1", 40))
    wave = release(stocked)
    stocked.order("urgent", ("A01-01-1", 50), priority=9)
    do(stocked, wave_cuts.cancel, wave)
    promised = stocked.all(
        "SELECT o.number, d.allocated_each FROM demand d JOIN sales_order o ON o.id = d.order_id ORDER BY o.id"
    )
    assert [(row["number"], row["allocated_each"]) for row in promised] == [("1", 0), ("urgent", 50)]
    assert stocked.order_state("1") == "waiting"
    assert stocked.one("SELECT state FROM wave")["state"] == "done"


def test_a_wave_is_split_and_both_parts_are_walked(stocked: FloorHand) -> None:
    wave = two_tours(stocked)
    act = do(stocked, wave_cuts.split, wave, ["6", "7"])
    work_off(stocked)
    assert act["orders"] == ["6", "7"]
    parts = [stocked.write(lambda tx, one=one: waves.describe(tx, one)) for one in (wave, act["into"])]
    assert [part["orders"] for part in parts] == [6, 2]
    assert len(open_stops(stocked)) == 8
    for turn in range(stocked.one("SELECT COUNT(*) AS n FROM tour WHERE state = 'planned'")["n"]):
        take_tour(stocked, cart=turn, first_tote=turn * 6)
        finish_tour(stocked)
    assert {stocked.order_state(str(number)) for number in range(8)} == {"picked"}


def test_a_split_leaves_something_and_takes_only_what_has_not_begun(stocked: FloorHand) -> None:
    wave = two_tours(stocked)
    assert refusal(stocked, wave_cuts.split, wave) == "nothing_stays"
    take_tour(stocked)
    begun = stocked.one("SELECT o.number FROM task k JOIN sales_order o ON o.id = k.order_id JOIN tour t"
                        " ON t.id = k.tour_id WHERE t.state = 'active' LIMIT 1")["number"]  # fmt: skip
    assert refusal(stocked, wave_cuts.split, wave, [begun]) == "order_begun"


def test_a_wave_being_planned_is_left_to_the_planner(stocked: FloorHand) -> None:
    stocked.order("1", ("A01-01-1", 1))
    wave = stocked.write(lambda tx: waves.release(tx, NOBODY))["wave"]
    assert refusal(stocked, wave_cuts.cancel, wave) == "wave_planning"


@pytest.mark.parametrize(
    ("badge", "code"), [(PICKER, "not_allowed"), ("", "unknown_badge"), ("9999", "unknown_badge")]
)  # fmt: skip
def test_only_a_supervisor_steers_waves(stocked: FloorHand, badge: str, code: str) -> None:
    wave = two_tours(stocked)
    tour = stocked.one("SELECT MIN(id) AS id FROM tour")["id"]
    for act, *what in (
        (wave_acts.pause, wave), (wave_acts.resume, wave), (wave_acts.prioritise, wave, 1),
        (wave_acts.assign, wave, tour, ""), (wave_cuts.cancel, wave), (wave_cuts.split, wave, ["1"]),
        (wave_acts.undo, 1),
    ):  # fmt: skip
        assert refusal(stocked, act, *what, badge=badge) == code
    assert stocked.write(wave_acts.listed) == []


def test_nothing_is_done_to_waves_and_tours_nobody_knows(stocked: FloorHand) -> None:
    wave = two_tours(stocked)
    for act, *what in (
        (wave_acts.pause, 99), (wave_acts.assign, wave, 99, ""), (wave_acts.undo, 99),
        (wave_acts.assign, wave, 1, "9999"), (wave_cuts.cancel, 2**70),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            do(stocked, act, *what)
    do(stocked, wave_cuts.cancel, wave)
    assert refusal(stocked, wave_acts.pause, wave) == "wave_done"


@pytest.mark.parametrize("act", ["cancel", "pause", "assign", "split"])
def test_a_picker_who_takes_the_tour_at_the_same_moment_loses_nothing(stocked: FloorHand, act: str) -> None:
    """Whichever comes first: the tour is walked as it was, or it is not handed out; never something between."""
    stocked.order("stays", ("A02-01-1", 1), priority=-1)
    stocked.order("1", ("A01-01-1", 1), ("A01-02-1", 1))
    wave = release(stocked, "1", "stays")
    tour = stocked.one("SELECT MIN(id) AS id FROM tour")["id"]
    stocked.sign_in("HAND-1", "PICK", PICKER)
    together = threading.Barrier(2)
    came: list[str] = []

    def supervise() -> None:
        together.wait(timeout=30)
        what: dict[str, Callable[[], Any]] = {
            "cancel": lambda: do(stocked, wave_cuts.cancel, wave),
            "pause": lambda: do(stocked, wave_acts.pause, wave),
            "assign": lambda: do(stocked, wave_acts.assign, wave, tour, SUPERVISOR),
            "split": lambda: do(stocked, wave_cuts.split, wave, ["1"]),
        }
        try:
            came.append(what[act]()["act"])
        except Conflict as refused:
            came.append(refused.code)

    thread = threading.Thread(target=supervise)
    thread.start()
    together.wait(timeout=30)
    stocked.scan("HAND-1", own_code("K", "0001"))
    thread.join(timeout=60)
    assert not thread.is_alive()
    assert came in ([act], ["all_begun"], ["order_begun"], ["changed_since"])
    work_off(stocked)
    assert wrong(stocked) == []
    open_orders = {row["order_id"] for row in stocked.all("SELECT order_id FROM task WHERE state = 'open'")}
    released = stocked.all("SELECT id FROM sales_order WHERE state IN ('released', 'picking')")
    assert open_orders == {row["id"] for row in released}
    units = stocked.one("SELECT SUM(on_hand_each) AS n FROM stock_balance")["n"]
    assert units == 50 * len(PLACES)
