"""A supervisor sends a stop to other goods than FIFO gave it: what is shown, moves, is refused, is undone."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.services.releasing import wave_acts, wave_cuts
from fulfillment.services.stock import ledger, policies
from fulfillment.services.touring import fifo_overrides
from fulfillment.services.tracing import trace
from fulfillment.services.tracing.trace import Asked
from fulfillment.services.verifying import audit
from tests.factories import NOBODY, FloorHand
from tests.services.acts import (
    CARTS,
    TOTES,
    cancel,
    finish_tour,
    go_to_stop,
    make_stop,
    picked_layers,
    promises,
    release,
    take_tour,
    wrong,
)
from tests.services.walking.a_walk import open_stops, work_off

SUPERVISOR, PICKER = "1001", "1002"
OLD, NEW = "A01-01-1", "A02-01-1"


@pytest.fixture(autouse=True)
def _book_is_right(book_is_right: None) -> None:
    """Whatever is chosen, the book agrees with itself afterwards."""


@pytest.fixture
def waiting(hand: FloorHand) -> FloorHand:
    """An order of 3 MUG that waits on a planned tour to the old goods; newer ones lie in two other bins."""
    hand.item("MUG")
    hand.stock("MUG", 10, OLD, "2026-01-01")
    hand.stock("MUG", 10, NEW, "2026-02-01")
    hand.stock("MUG", 10, "A02-02-1", "2026-03-01")
    hand.order("SO-1", ("MUG", 3))
    release(hand)
    return hand


def stop_of(hand: FloorHand, number: str = "SO-1", sku: str = "MUG") -> tuple[int, int]:
    row = hand.one(
        "SELECT t.wave_id, k.id FROM task k JOIN tour t ON t.id = k.tour_id JOIN sales_order o ON o.id = k.order_id"
        " JOIN item i ON i.id = k.item_id WHERE o.number = :n AND i.sku = :sku AND k.state <> 'cancelled'"
        " ORDER BY k.id DESC", n=number, sku=sku,
    )  # fmt: skip
    return row["wave_id"], row["id"]


def look(hand: FloorHand, number: str = "SO-1", sku: str = "MUG") -> dict[str, Any]:
    wave, stop = stop_of(hand, number, sku)
    return hand.write(lambda tx: fifo_overrides.look(tx, wave, stop))


def layer_at(hand: FloorHand, place: str) -> int:
    return hand.one("SELECT b.layer_id FROM stock_balance b JOIN location l ON l.id = b.location_id"
                    " WHERE l.code = :place ORDER BY b.layer_id DESC", place=place)["layer_id"]  # fmt: skip


def choose(
    hand: FloorHand, place: str = NEW, number: str = "SO-1", badge: str = SUPERVISOR, why: str = "unreachable",
    layer: int | None = None, seen: str = "", sku: str = "MUG", note: str = "",
) -> dict[str, Any]:  # fmt: skip
    wave, stop = stop_of(hand, number, sku)
    seen = seen or look(hand, number, sku)["version"]
    layer = layer_at(hand, place) if layer is None else layer
    return hand.write(
        lambda tx: fifo_overrides.override(tx, NOBODY, wave, stop, place, layer, why, seen, note, badge)
    )


def undo(hand: FloorHand, act: dict[str, Any]) -> dict[str, Any]:
    return hand.write(lambda tx: wave_acts.undo(tx, NOBODY, act["number"], SUPERVISOR))


def refusal(work: Callable[[], Any]) -> str:
    with pytest.raises(DomainError) as refused:
        work()
    return refused.value.code


def places(hand: FloorHand, number: str = "SO-1") -> list[tuple[str, int]]:
    return [(place, units) for place, _, units in promises(hand, number)]


def test_all_goods_are_shown_in_the_order_of_fifo_and_which_it_would_take(waiting: FloorHand) -> None:
    seen = look(waiting)
    shown = [(one["location"], one["rank"], one["free_each"], one["own_each"], one["unfit"]) for one in seen["goods"]]
    assert shown == [
        (OLD, 1, 7, 3, "same_goods"), (NEW, 2, 10, 0, ""), ("A02-02-1", 3, 10, 0, ""),
    ]  # fmt: skip
    assert [one["location"] for one in seen["goods"] if one["is_first"]] == [OLD]
    assert (seen["order"], seen["sku"], seen["qty_each"], seen["location"]) == ("SO-1", "MUG", 3, OLD)


def test_the_goods_move_with_a_reason_and_the_picker_is_sent_there(waiting: FloorHand) -> None:
    act = choose(waiting, note="aisle is wet")
    assert places(waiting) == [(NEW, 3)]
    assert open_stops(waiting) == [NEW]
    work_off(waiting)
    assert take_tour(waiting)["fields"]["location"]["code"] == NEW
    finish_tour(waiting)
    assert picked_layers(waiting, "SO-1") == [(layer_at(waiting, NEW), 3)]
    told = act["override"]
    assert (told["from"], told["to"], told["was_rank"], told["rank"]) == (OLD, NEW, 1, 2)
    assert (told["why"], told["note"], told["passed_received_on"]) == ("unreachable", "aisle is wet", "2026-01-01")
    assert act["by_whom"] == "Ada"


def test_the_audit_tells_an_override_from_a_mistake(waiting: FloorHand) -> None:
    choose(waiting)
    report = waiting.floor.read(audit.fifo_audit)
    assert report["ok"]
    (one,) = report["overridden"]
    assert (one["order"], one["location"], one["older_location"], one["qty_each"]) == ("SO-1", NEW, OLD, 3)
    assert (one["supervisor"], one["reason"]) == (SUPERVISOR, "unreachable")


def test_the_audit_log_says_who_why_and_which_rank(waiting: FloorHand) -> None:
    act = choose(waiting, note="as Jo Buyer asked")
    undo(waiting, act)
    entries = waiting.all(
        "SELECT g.subject, g.content, o.name FROM audit_log g LEFT JOIN operator o ON o.id = g.operator_id"
        " WHERE g.subject LIKE 'override %' ORDER BY g.id"
    )
    assert [(one["subject"], one["name"]) for one in entries] == [
        ("override SO-1", "Ada"), ("override SO-1 undone", "Ada"),
    ]  # fmt: skip
    told = json.loads(entries[0]["content"])
    assert (told["why"], told["was_rank"], told["rank"], told["from"], told["to"]) == ("unreachable", 1, 2, OLD, NEW)
    assert "Buyer" not in entries[0]["content"]


def test_the_trace_of_item_and_order_says_who_passed_over_what(waiting: FloorHand) -> None:
    act = choose(waiting, why="quality", note="crushed")
    for asked in (Asked(sku="MUG"), Asked(order="SO-1")):
        (one,) = waiting.write(lambda tx, asked=asked: trace.trace(tx, asked))["overrides"]
        assert (one["order"], one["location"], one["qty_each"], one["why"]) == ("SO-1", NEW, 3, "quality")
        assert (one["supervisor"], one["note"], one["rank"], one["undone_at_ms"]) == ("Ada", "crushed", 2, None)
    undo(waiting, act)
    (one,) = waiting.write(lambda tx: trace.trace(tx, Asked(sku="MUG")))["overrides"]
    assert one["undone_at_ms"] is not None


def test_undone_it_is_as_fifo_gave_it(waiting: FloorHand) -> None:
    act = choose(waiting)
    done = undo(waiting, act)
    assert done["undone_at_ms"] is not None
    assert places(waiting) == [(OLD, 3)]
    work_off(waiting)
    assert take_tour(waiting)["fields"]["location"]["code"] == OLD
    assert refusal(lambda: undo(waiting, act)) == "undone_already"


def test_it_is_not_undone_once_somebody_else_was_promised_the_older(waiting: FloorHand) -> None:
    act = choose(waiting)
    waiting.order("SO-2", ("MUG", 8))
    assert refusal(lambda: undo(waiting, act)) == "goods_taken"
    assert places(waiting) == [(NEW, 3)]


def test_it_is_not_undone_over_something_older_still(waiting: FloorHand) -> None:
    act = choose(waiting)
    waiting.stock("MUG", 5, "A01-03-1", "2025-12-01")
    assert refusal(lambda: undo(waiting, act)) == "older_free"
    choose(waiting, "A01-03-1")  # which is no override at all: nothing is passed over
    assert waiting.one("SELECT COUNT(*) AS n FROM fifo_override")["n"] == 1


def test_what_somebody_fetches_already_stays_as_it_is(waiting: FloorHand) -> None:
    act = choose(waiting)
    take_tour(waiting)
    assert look(waiting)["is_begun"]
    assert refusal(lambda: undo(waiting, act)) == "stop_begun"
    assert refusal(lambda: choose(waiting, "A02-02-1")) == "stop_begun"
    make_stop(waiting)
    assert refusal(lambda: choose(waiting, "A02-02-1")) == "stop_done"


def test_a_stop_later_on_a_walked_tour_may_still_change(hand: FloorHand) -> None:
    for sku, place in (("MUG", OLD), ("CUP", "A01-02-1")):
        hand.item(sku)
        hand.stock(sku, 10, place, "2026-01-01")
        hand.stock(sku, 10, NEW if sku == "MUG" else "A02-02-1", "2026-02-01")
    hand.order("SO-1", ("MUG", 1), ("CUP", 1))
    release(hand)
    first = take_tour(hand)["fields"]["location"]["code"]
    later, other = ("CUP", "A02-02-1") if first == OLD else ("MUG", NEW)
    choose(hand, other, sku=later)
    work_off(hand)
    assert open_stops(hand) == [first, other]
    finish_tour(hand)


def test_a_tour_left_at_its_cart_may_change_but_not_what_lies_in_a_tote(waiting: FloorHand) -> None:
    take_tour(waiting)
    go_to_stop(waiting)
    waiting.scan("HAND-1", "MUG", 1)
    wave, _ = stop_of(waiting)
    tour = waiting.one("SELECT id FROM tour")["id"]
    waiting.write(lambda tx: wave_acts.assign(tx, NOBODY, wave, tour, "", SUPERVISOR))
    choose(waiting)
    assert places(waiting) == [(NEW, 3)]


def test_freed_goods_go_to_who_waits_for_them(waiting: FloorHand) -> None:
    waiting.order("SO-2", ("MUG", 8))
    assert places(waiting, "SO-2") == [(OLD, 7), (NEW, 1)]
    choose(waiting, "A02-02-1")
    # A promise nobody walks for follows older goods that became free.
    assert places(waiting, "SO-2") == [(OLD, 8)]
    assert places(waiting) == [("A02-02-1", 3)]


@pytest.mark.parametrize(
    ("trouble", "code"),
    [("held", "goods_held"), ("expired", "goods_expired"), ("reserve", "nobody_picks"), ("few", "not_enough_free"),
     ("behind", "older_in_front"), ("same", "same_goods"), ("gone", "not_enough_free")],
)  # fmt: skip
def test_goods_that_cannot_be_had_are_refused_in_words(waiting: FloorHand, trouble: str, code: str) -> None:
    place, layer = NEW, layer_at(waiting, NEW)
    item, at = waiting.one("SELECT id FROM item")["id"], waiting.one("SELECT id FROM location WHERE code = :c", c=NEW)
    match trouble:
        case "held":
            waiting.write(lambda tx: ledger.hold_in_place(tx, NOBODY, at["id"], layer, item, 10, "hold", "quality"))
        case "expired":
            waiting.write(lambda tx: policies.set_policy(tx, "MUG", {"min_life_days": 9}))
            layer = waiting.stock("MUG", 9, "A01-03-1", "2026-02-02")
            waiting.write(lambda tx: tx.run("UPDATE layer SET expiry_on = '2026-01-03' WHERE id = :id", id=layer))
            place = "A01-03-1"
        case "reserve":
            waiting.write(lambda tx: tx.run("UPDATE location SET is_pickable = 0 WHERE code = :c", c=NEW))
        case "few":
            waiting.order("SO-2", ("MUG", 15), priority=9)
        case "behind":
            layer = waiting.stock("MUG", 9, OLD, "2026-05-01")
            place = OLD
        case "same":
            place, layer = OLD, layer_at(waiting, OLD)
        case "gone":
            place = "A01-02-1"
    assert refusal(lambda: choose(waiting, place, layer=layer)) == code
    assert places(waiting) == [(OLD, 3)]
    unfit = {one["unfit"] for one in look(waiting)["goods"] if (one["location"], one["layer"]) == (place, layer)}
    assert unfit == (set() if trouble == "gone" else {code})


def test_goods_of_another_item_or_another_warehouse_are_refused(waiting: FloorHand) -> None:
    waiting.item("CUP")
    cup = waiting.stock("CUP", 5, "A01-02-1")
    assert refusal(lambda: choose(waiting, "A01-02-1", layer=cup)) == "other_item"
    assert refusal(lambda: choose(waiting, "NORTH-01", layer=cup)) == "unknown_place"
    assert refusal(lambda: choose(waiting, NEW, layer=9_999)) == "unknown_layer"


@pytest.mark.parametrize(
    ("how", "code"),
    [({"badge": PICKER}, "not_allowed"), ({"badge": ""}, "unknown_badge"), ({"why": "because"}, "bad_reason"),
     ({"why": ""}, "bad_reason"), ({"note": "x" * 201}, "bad_note"), ({"seen": "before"}, "changed_since")],
)  # fmt: skip
def test_only_a_supervisor_with_a_reason_who_saw_the_stop_as_it_is(
    waiting: FloorHand, how: dict[str, Any], code: str
) -> None:  # fmt: skip
    assert refusal(lambda: choose(waiting, **how)) == code
    assert places(waiting) == [(OLD, 3)]


def test_a_program_names_the_person_who_answers_for_it(waiting: FloorHand) -> None:
    wave, stop = stop_of(waiting)
    seen, layer = look(waiting)["version"], layer_at(waiting, NEW)
    assert refusal(lambda: waiting.write(lambda tx: fifo_overrides.override(
        tx, NOBODY, wave, stop, NEW, layer, "quality", seen, may_without_badge=True,
    ))) == "unknown_badge"  # fmt: skip


def test_a_stop_of_another_wave_is_not_known(waiting: FloorHand) -> None:
    _, stop = stop_of(waiting)
    waiting.order("SO-2", ("MUG", 1))
    other = release(waiting, "SO-2")
    with pytest.raises(NotFound):
        waiting.write(lambda tx: fifo_overrides.look(tx, other, stop))


def test_a_serial_is_chosen_by_its_place_and_day(hand: FloorHand) -> None:
    hand.item("CAM", tracks_serial=1)
    for number, (place, day) in enumerate(((OLD, "2026-01-01"),) * 2 + ((NEW, "2026-02-01"),) * 3):
        layer = hand.stock("CAM", 1, place, day)
        hand.write(lambda tx, layer=layer, number=number: tx.run(
            "UPDATE layer SET serial = :s WHERE id = :id", s=f"S{number}", id=layer))  # fmt: skip
    hand.order("SO-1", ("CAM", 2))
    release(hand)
    choose(hand, NEW, sku="CAM", layer=hand.one("SELECT MIN(id) AS id FROM layer WHERE serial = 'S2'")["id"])
    assert places(hand) == [(NEW, 1), (NEW, 1)]
    assert [one["free_each"] for one in look(hand, sku="CAM")["goods"]] == [2, 1]


def test_an_order_taken_out_of_its_wave_goes_by_fifo_again(waiting: FloorHand) -> None:
    wave, _ = stop_of(waiting)
    choose(waiting)
    waiting.write(lambda tx: wave_cuts.cancel(tx, NOBODY, wave, SUPERVISOR))
    assert places(waiting) == [(OLD, 3)]


def test_an_order_cancelled_after_it_gives_the_chosen_goods_back(waiting: FloorHand) -> None:
    act = choose(waiting)
    cancel(waiting, "SO-1")
    assert places(waiting) == []
    assert refusal(lambda: undo(waiting, act)) in ("wave_done", "stop_done")


@pytest.mark.parametrize("against", ["supervisor", "picker"])
def test_of_two_at_the_same_moment_one_has_the_stop(waiting: FloorHand, against: str) -> None:
    """Whoever comes second is told so, or finds it as the first left it; never something between."""
    seen = look(waiting)["version"]
    waiting.sign_in("HAND-1", "PICK", PICKER)
    together = threading.Barrier(2)
    came: list[str] = []

    def supervise(place: str) -> None:
        together.wait(timeout=30)
        try:
            choose(waiting, place, seen=seen)
            came.append(place)
        except Conflict as refused:
            came.append(refused.code)

    def pick() -> None:
        together.wait(timeout=30)
        waiting.scan("HAND-1", CARTS[0])

    other = threading.Thread(target=pick if against == "picker" else lambda: supervise("A02-02-1"))
    other.start()
    supervise(NEW)
    other.join(timeout=60)
    assert not other.is_alive()
    work_off(waiting)
    if against == "supervisor":
        won = next(place for place in came if place != "changed_since")
        assert sorted(came) == sorted([won, "changed_since"])
        take_tour(waiting)
    else:
        won = NEW if came == [NEW] else OLD
        assert came in ([NEW], ["stop_begun"])
        waiting.scan("HAND-1", TOTES[0])
    assert places(waiting) == [(won, 3)]
    assert waiting.step()["fields"]["location"]["code"] == won
    finish_tour(waiting)
    assert wrong(waiting) == []


def test_of_two_who_undo_it_at_the_same_moment_one_does(waiting: FloorHand) -> None:
    act = choose(waiting, NEW)
    together = threading.Barrier(2)
    came: list[str] = []

    def take_back() -> None:
        together.wait(timeout=30)
        try:
            undo(waiting, act)
            came.append("undone")
        except Conflict as refused:
            came.append(refused.code)

    other = threading.Thread(target=take_back)
    other.start()
    take_back()
    other.join(timeout=60)
    assert not other.is_alive()
    assert sorted(came) == ["undone", "undone_already"]
    told = waiting.all("SELECT id FROM audit_log WHERE subject LIKE 'override % undone'")
    assert (len(told), places(waiting)) == (1, [(OLD, 3)])


def test_two_stops_do_not_get_the_same_last_units(waiting: FloorHand) -> None:
    choose(waiting, "A02-02-1")
    waiting.order("SO-2", ("MUG", 8))
    release(waiting, "SO-2")
    assert refusal(lambda: choose(waiting, "A02-02-1", "SO-2")) == "not_enough_free"
    assert places(waiting, "SO-2") == [(OLD, 8)]
