"""Closing an aisle: who may, what it changes, and how tours on their way go round it."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment.bootstrap import Floor
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.services.releasing import late_orders, planning, wave_cuts, waves, ways
from fulfillment.services.touring import replanning
from fulfillment.services.walking import closures, floor_plan, walks
from tests.factories import NOBODY, FloorHand
from tests.services.acts import go_to_stop, make_stop, release, take_tour
from tests.services.walking.a_walk import PLACES, open_stops, stock_every_bin, work_off

SUPERVISOR, PICKER = "1001", "1002"


@pytest.fixture
def stocked(hand: FloorHand) -> FloorHand:
    return stock_every_bin(hand)


def close(hand: FloorHand, place: str, until: str = "", badge: str = SUPERVISOR) -> dict[str, Any]:
    return hand.write(lambda tx: closures.close(tx, NOBODY, place, until, "spill", badge))


def test_a_supervisor_closes_a_stretch_and_opens_it_again(stocked: FloorHand) -> None:
    closed = close(stocked, "a01-02-1")
    assert (closed["place"], closed["reason"], closed["closed_by"]) == ("A01-02-1", "spill", "Ada")
    assert stocked.write(closures.listed) == [closed]
    stocked.write(lambda tx: closures.open_again(tx, NOBODY, closed["closure"], SUPERVISOR))
    assert stocked.write(closures.listed) == []
    (known,) = stocked.write(lambda tx: closures.listed(tx, all_of_them=True))
    assert known["opened_by"] == "Ada"


@pytest.mark.parametrize(
    ("place", "until", "badge", "code"),
    [
        ("A01-02-1", "", PICKER, "not_allowed"), ("A01-02-1", "", "", "unknown_badge"),
        ("A01-02-1", "A02-01-1", SUPERVISOR, "two_aisles"), ("Z99", "", SUPERVISOR, "unknown_aisle"),
        ("A01-02-1", "Z99", SUPERVISOR, "unknown_location"), ("DOCK-1", "", SUPERVISOR, "unknown_aisle"),
        ("01/7", "", SUPERVISOR, "unknown_block"), ("CROSS-9", "", SUPERVISOR, "unknown_cross_aisle"),
        ("CROSS-0/01", "01", SUPERVISOR, "bad_stretch"), ("CROSS-0/01", "Z9", SUPERVISOR, "unknown_aisle"),
    ],
)  # fmt: skip
def test_what_cannot_be_closed_is_refused(stocked: FloorHand, place: str, until: str, badge: str, code: str) -> None:
    with pytest.raises((DomainError, NotFound)) as refused:
        close(stocked, place, until, badge)
    assert refused.value.code == code
    assert stocked.write(closures.listed) == []


def test_a_stretch_is_closed_once(stocked: FloorHand) -> None:
    close(stocked, "A01-01-1", "A01-03-1")
    with pytest.raises(Conflict) as refused:
        close(stocked, "A01-02-1")
    assert refused.value.code == "closed_already"


def test_a_layout_is_made_once_a_version(stocked: FloorHand) -> None:
    first = floor_plan.of(stocked.floor)
    assert floor_plan.of(stocked.floor) is first
    close(stocked, "01")  # the aisle, by its name
    second = floor_plan.of(stocked.floor)
    assert second.version > first.version
    assert [(one.aisle, one.from_dm, one.to_dm) for one in second.layout.closed] == [(0, 9, 35)]


def test_one_block_of_an_aisle_is_closed_between_its_cross_aisles(stocked: FloorHand) -> None:
    assert close(stocked, "01/0")["place"] == "01/0"
    (shut,) = floor_plan.of(stocked.floor).layout.closed
    assert (shut.aisle, shut.from_dm, shut.to_dm) == (0, -2, 46)


def test_a_closed_cross_aisle_is_walked_round_at_once(stocked: FloorHand) -> None:
    stocked.order("1", ("A01-03-1", 1), ("A02-02-1", 1))
    release(stocked)
    assert distance_dm(stocked) == 166  # up the first aisle and over at the back
    closed = close(stocked, "CROSS-1/02", "F1")
    work_off(stocked)
    assert (closed["place"], distance_dm(stocked)) == ("CROSS-1/02 - F1", 166)
    closed = close(stocked, "CROSS-1", "")
    work_off(stocked)
    assert (closed["place"], distance_dm(stocked)) == ("CROSS-1", 190)  # each aisle from the front
    stocked.write(lambda tx: closures.open_again(tx, NOBODY, closed["closure"], SUPERVISOR))
    work_off(stocked)
    assert distance_dm(stocked) == 166


def test_what_would_leave_no_way_to_any_aisle_is_not_closed(stocked: FloorHand) -> None:
    stocked.write(lambda tx: floor_plan.set_plan(tx, "LANE-EU", [], []))
    close(stocked, "P1")
    with pytest.raises(Conflict) as refused:
        close(stocked, "CROSS-0")
    assert refused.value.code == "no_way_left"


def distance_dm(hand: FloorHand) -> int:
    return int(hand.one("SELECT distance_dm FROM tour WHERE warehouse_id = :w")["distance_dm"])


def test_nobody_is_sent_behind_a_closed_stretch(stocked: FloorHand) -> None:
    stocked.order("closed", ("A01-02-1", 1))
    stocked.order("open", ("A02-01-1", 1))
    closed = close(stocked, "A01-02-1")
    wave = stocked.write(lambda tx: waves.release(tx, NOBODY))
    assert wave["waiting_for_opening"] == ["closed"]
    planning.plan_wave(stocked.floor, wave["wave"], tour_ms=1)
    assert open_stops(stocked) == ["A02-01-1"]
    stocked.write(lambda tx: closures.open_again(tx, NOBODY, closed["closure"], SUPERVISOR))
    release(stocked)
    assert sorted(open_stops(stocked)) == ["A01-02-1", "A02-01-1"]


def test_a_stretch_closed_while_its_wave_is_planned_costs_the_order_that_wave_only(stocked: FloorHand) -> None:
    stocked.order("1", ("A01-02-1", 1), ("A02-01-1", 1))
    wave = stocked.write(lambda tx: waves.release(tx, NOBODY))["wave"]
    close(stocked, "A01-02-1")
    planning.plan_wave(stocked.floor, wave, tour_ms=1)
    assert open_stops(stocked) == ["A02-01-1"]
    promised = stocked.one("SELECT COUNT(*) AS n FROM allocation WHERE task_id IS NULL AND qty_each > 0")
    assert promised["n"] == 1


def test_tours_on_their_way_make_what_was_closed_last_and_go_round_it(stocked: FloorHand) -> None:
    stocked.order("1", *((place, 1) for place in PLACES))
    release(stocked)
    take_tour(stocked)
    made = open_stops(stocked)[0]
    make_stop(stocked)
    shut = open_stops(stocked)[1]
    close(stocked, shut)
    work_off(stocked)
    left = open_stops(stocked)
    assert left[-1] == shut
    assert sorted([made, *left]) == sorted(PLACES)
    assert stocked.one("SELECT replans FROM tour WHERE warehouse_id = :w")["replans"] == 1
    assert stocked.scan("HAND-1", "nothing")["step"]["fields"]["location"]["code"] == left[0]


def test_whoever_stands_at_a_stop_stays_there(stocked: FloorHand) -> None:
    stocked.order("1", *((place, 1) for place in PLACES))
    release(stocked)
    take_tour(stocked)
    go_to_stop(stocked)
    here = open_stops(stocked)[0]
    close(stocked, here)
    work_off(stocked)
    assert open_stops(stocked)[0] == here
    make_stop(stocked)
    assert here not in open_stops(stocked)


def test_whoever_stands_at_a_stop_is_planned_on_when_the_aisle_he_came_from_is_closed(stocked: FloorHand) -> None:
    stocked.order("1", *((place, 1) for place in PLACES))
    release(stocked)
    take_tour(stocked)
    aisle = open_stops(stocked)[0][:3]
    while open_stops(stocked)[0][:3] == aisle:
        make_stop(stocked)
    go_to_stop(stocked)
    before = open_stops(stocked)
    in_aisle = [place for place in PLACES if place[:3] == aisle]
    close(stocked, in_aisle[0], in_aisle[-1])
    work_off(stocked)
    assert sorted(open_stops(stocked)) == sorted(before)
    assert open_stops(stocked)[0] == before[0]
    assert stocked.one("SELECT replans FROM tour WHERE warehouse_id = :w")["replans"] == 1


def test_a_tour_that_moved_on_while_it_was_planned_again_is_read_again(
    stocked: FloorHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stocked.order("1", *((place, 1) for place in PLACES))
    release(stocked)
    take_tour(stocked)
    tour = stocked.one("SELECT id FROM tour WHERE warehouse_id = :w")["id"]
    real, seen = replanning.plan_again, []

    def while_a_stop_is_made(underway: Any, tour_ms: int) -> Any:
        if not seen:
            make_stop(stocked)
        seen.append(len(underway.open))
        return real(underway, tour_ms)

    monkeypatch.setattr(replanning, "plan_again", while_a_stop_is_made)
    replanning.replan_tour(stocked.floor, tour, 1)
    assert seen == [5, 4]
    assert len(open_stops(stocked)) == 4


def cut_off(hand: FloorHand) -> list[dict[str, Any]]:
    """A01-02-1 stays open, with a closed stretch on either side of it."""
    return [close(hand, place) for place in ("A01-01-1", "A01-03-1")]


def open_all(hand: FloorHand, closed: list[dict[str, Any]]) -> None:
    for one in closed:
        hand.write(lambda tx, number=one["closure"]: closures.open_again(tx, NOBODY, number, SUPERVISOR))
    work_off(hand)


def test_a_bin_between_two_closed_stretches_waits_and_holds_nothing_up(stocked: FloorHand) -> None:
    stocked.order("cut off", ("A01-02-1", 1))
    stocked.order("open", ("A02-01-1", 1))
    cut_off(stocked)
    wave = stocked.write(lambda tx: waves.release(tx, NOBODY))
    assert wave["waiting_for_opening"] == ["cut off"]
    planning.plan_wave(stocked.floor, wave["wave"], tour_ms=1)
    assert open_stops(stocked) == ["A02-01-1"]
    assert (stocked.order_state("cut off"), stocked.order_state("open")) == ("allocated", "released")
    assert stocked.write(ways.waiting) == [{"order": "cut off", "wave": wave["wave"], "locations": ["A01-02-1"]}]


def test_it_is_planned_by_itself_when_the_way_is_open(stocked: FloorHand) -> None:
    stocked.order("cut off", ("A01-02-1", 1))
    stocked.order("open", ("A02-01-1", 1))
    closed = cut_off(stocked)
    wave = release(stocked)
    open_all(stocked, closed[:1])
    assert sorted(open_stops(stocked)) == ["A01-02-1", "A02-01-1"]
    assert stocked.order_state("cut off") == "released"
    assert stocked.write(ways.waiting) == []
    open_all(stocked, closed[1:])
    assert len(open_stops(stocked)) == 2
    assert sum(tour["stops"] for tour in stocked.write(lambda tx: waves.describe(tx, wave))["tours"]) == 2


def test_what_waits_for_a_way_leaves_a_wave_that_is_cancelled(stocked: FloorHand) -> None:
    stocked.order("cut off", ("A01-02-1", 1))
    stocked.order("open", ("A02-01-1", 1))
    closed = cut_off(stocked)
    wave = release(stocked)
    stocked.write(lambda tx: wave_cuts.cancel(tx, NOBODY, wave, SUPERVISOR))
    open_all(stocked, closed)
    assert open_stops(stocked) == []
    assert stocked.all("SELECT id FROM sales_order WHERE warehouse_id = :w AND wave_id = :wave", wave=wave) == []


def test_a_wave_of_nothing_but_waiting_orders_is_walked_when_the_way_is_open(stocked: FloorHand) -> None:
    stocked.order("cut off", ("A01-02-1", 1))
    closed = cut_off(stocked)
    wave = release(stocked)
    assert open_stops(stocked) == []
    again = stocked.write(lambda tx: waves.release(tx, NOBODY))
    assert (again["wave"], again["waiting_for_opening"]) == (None, ["cut off"])
    open_all(stocked, closed)
    assert open_stops(stocked) == ["A01-02-1"]
    assert stocked.one("SELECT id, state FROM wave WHERE warehouse_id = :w") == {"id": wave, "state": "released"}


def test_an_order_nobody_released_is_not_walked_because_an_aisle_was_opened(stocked: FloorHand) -> None:
    stocked.order("cut off", ("A01-02-1", 1))
    closed = cut_off(stocked)
    (waiting,) = stocked.write(ways.waiting)
    assert (waiting["order"], waiting["wave"]) == ("cut off", None)
    open_all(stocked, closed)
    assert open_stops(stocked) == []


def test_what_a_wave_lost_while_it_was_planned_comes_when_the_way_is_open(stocked: FloorHand) -> None:
    stocked.order("1", ("A01-02-1", 1), ("A02-01-1", 1))
    wave = stocked.write(lambda tx: waves.release(tx, NOBODY))["wave"]
    closed = cut_off(stocked)
    planning.plan_wave(stocked.floor, wave, tour_ms=1)
    assert open_stops(stocked) == ["A02-01-1"]
    open_all(stocked, closed)
    assert sorted(open_stops(stocked)) == ["A01-02-1", "A02-01-1"]


def test_a_cut_off_order_is_refused_as_a_late_one(stocked: FloorHand) -> None:
    stocked.order("open", ("A02-01-1", 1))
    wave = release(stocked)
    stocked.order("cut off", ("A01-02-1", 1))
    cut_off(stocked)
    with pytest.raises(Conflict, match="order cut off waits for a closed aisle to be opened"):
        stocked.write(lambda tx: late_orders.join(tx, NOBODY, wave, ["cut off"]))


def test_no_transaction_stands_still_while_walks_are_looked_up(
    stocked: FloorHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stocked.order("shut", ("A01-01-1", 1))
    close(stocked, "A01-01-1")
    reading: list[bool] = []
    under_way: list[bool] = []
    real_read, real_lost = Floor.read, walks.lost

    def read(floor: Floor, work: Any) -> Any:
        reading.append(True)
        try:
            return real_read(floor, work)
        finally:
            reading.pop()

    def lost(*args: Any) -> Any:
        under_way.append(bool(reading))
        return real_lost(*args)

    monkeypatch.setattr(Floor, "read", read)
    monkeypatch.setattr(ways, "lost", lost)
    assert any(ways.look(stocked.floor).is_lost.values())
    assert under_way == [False]


def test_what_was_looked_up_before_counts_only_on_the_floor_it_was_looked_up_on(
    stocked: FloorHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An aisle closed in between is heeded, and so are units promised in between."""
    stocked.order("open", ("A02-01-1", 1))
    stocked.order("shut", ("A01-01-1", 1))
    close(stocked, "A01-01-1")
    known = ways.look(stocked.floor)
    stocked.order("shut meanwhile", ("A01-03-1", 1))
    asked: list[int] = []
    real = walks.lost

    def counted(plan: Any, start: Any, spots: Any) -> Any:
        asked.append(len(spots))
        return real(plan, start, spots)

    monkeypatch.setattr(ways, "lost", counted)

    def waiting(tx: Any) -> list[str]:
        rows = tx.all(
            f"SELECT o.number FROM sales_order o WHERE o.warehouse_id = :w AND {ways.behind_closed(tx, known)}"
            " ORDER BY o.number"
        )
        return [row["number"] for row in rows]

    assert (stocked.write(waiting), asked) == (["shut"], [1]), "only where units were promised since"
    close(stocked, "A01-03-1")
    assert (stocked.write(waiting), asked) == (["shut", "shut meanwhile"], [1, 3]), "another floor is asked about anew"
