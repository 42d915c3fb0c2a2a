"""An aisle closed by the clock: nobody enters it then, whoever can goes there before, and orders wait for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fulfillment.bootstrap import Floor, open_floor
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.services.releasing import ways
from fulfillment.services.touring import replanning
from fulfillment.services.walking import closed_hours, closures
from tests.factories import NOBODY, FloorHand
from tests.services.acts import finish_tour, go_to_stop, make_stop, release, take_tour, wrong
from tests.services.walking.a_walk import PLACES, open_stops, stock_every_bin, work_off

MINUTE_MS = 60_000


class Clocked:
    """A floor whose clock is set: it is 10:50 in London, in summer."""

    def __init__(self, floor: Floor) -> None:
        self.now_ms = 1_760_003_400_000
        self.floor = open_floor(floor.settings, clock=lambda: self.now_ms)
        self.hand = stock_every_bin(FloorHand(self.floor))

    def at(self, minutes: float) -> None:
        """So many minutes later the planner looks at the clock."""
        self.now_ms += round(minutes * MINUTE_MS)
        closed_hours.keep(self.floor)
        work_off(self.hand)


@pytest.fixture
def clocked(floor: Floor) -> Iterator[Clocked]:
    made = Clocked(floor)
    yield made
    made.floor.close()


def hours(clocked: Clocked, place: str, begins: str = "11:00", ends: str = "11:30", until: str = "") -> int:
    said = clocked.hand.write(lambda tx: closed_hours.add(tx, place, until, begins, ends, "truck"))
    number: int = said["hours"]
    return number


def closed(clocked: Clocked) -> list[str]:
    return [one["place"] for one in clocked.hand.write(closures.listed)]


def test_a_stretch_is_closed_when_its_hours_begin_and_open_when_they_end(clocked: Clocked) -> None:
    number = hours(clocked, "A01-01-1", until="A01-02-1")
    clocked.at(9)
    assert closed(clocked) == []
    clocked.at(1)
    assert closed(clocked) == ["A01-01-1 - A01-02-1"]
    assert clocked.hand.write(closures.listed)[0]["hours"] == number
    clocked.at(29)
    assert closed(clocked) == ["A01-01-1 - A01-02-1"]
    clocked.at(1)
    assert closed(clocked) == []
    clocked.at(24 * 60 - 30)
    assert closed(clocked) == ["A01-01-1 - A01-02-1"]


def test_hours_close_once_and_whoever_opens_has_the_last_word(clocked: Clocked) -> None:
    hours(clocked, "A01-01-1")
    clocked.at(11)
    (one,) = clocked.hand.write(closures.listed)
    known = ways.look(clocked.floor)
    clocked.hand.write(lambda tx: closures.open_again(tx, NOBODY, one["closure"], may_without_badge=True, known=known))
    clocked.at(5)
    assert closed(clocked) == []


def test_a_stretch_somebody_closed_stays_closed_when_the_hours_are_over(clocked: Clocked) -> None:
    hours(clocked, "A01-01-1")
    clocked.hand.write(lambda tx: closures.close(tx, NOBODY, "A01-01-1", may_without_badge=True))
    clocked.at(10)
    clocked.at(30)
    assert closed(clocked) == ["A01-01-1"]


def test_hours_that_end_for_good_open_what_they_closed(clocked: Clocked) -> None:
    number = hours(clocked, "A01-01-1", "10:00", "12:00")
    clocked.at(0)
    assert closed(clocked) == ["A01-01-1"]
    clocked.hand.write(lambda tx: closed_hours.end(tx, number))
    clocked.at(0)
    assert closed(clocked) == []
    assert clocked.hand.write(closed_hours.listed) == []
    with pytest.raises(NotFound):
        clocked.hand.write(lambda tx: closed_hours.end(tx, number))


@pytest.mark.parametrize(
    ("place", "begins", "ends", "code"),
    [("A01-01-1", "11:00", "11:00", "bad_hours"), ("A01-01-1", "11", "12:00", "bad_hours"),
     ("A01-01-1", "11:00", "25:00", "bad_hours"), ("CROSS-0", "11:00", "12:00", "no_hours_there"),
     ("Z9", "11:00", "12:00", "unknown_aisle")],
)  # fmt: skip
def test_hours_that_cannot_be_kept_are_refused(clocked: Clocked, place: str, begins: str, ends: str, code: str) -> None:
    with pytest.raises(DomainError) as refused:
        hours(clocked, place, begins, ends)
    assert refused.value.code == code


def test_the_same_hours_are_said_once(clocked: Clocked) -> None:
    hours(clocked, "A01-01-1")
    with pytest.raises(Conflict) as refused:
        hours(clocked, "a01-01-1")
    assert refused.value.code == "hours_already"


def test_a_tour_begun_shortly_before_goes_there_first(clocked: Clocked) -> None:
    hand = clocked.hand
    hand.order("1", *((place, 1) for place in PLACES))
    release(hand)
    last = open_stops(hand)[-1]
    clocked.at(9.5)
    hours(clocked, last)
    take_tour(hand)
    before = open_stops(hand)
    assert before[-1] == last
    work_off(hand)
    # Ten seconds a stop and a minute of walking in all: there is time for what closes in half a minute, if it is first.
    assert open_stops(hand).index(last) < 2
    assert sorted(open_stops(hand)) == sorted(PLACES)


def test_with_time_enough_a_tour_is_as_short_as_ever(clocked: Clocked) -> None:
    hand = clocked.hand
    hand.order("1", *((place, 1) for place in PLACES))
    release(hand)
    walk = hand.one("SELECT distance_dm FROM tour WHERE warehouse_id = :w AND id = 1")["distance_dm"]
    hours(clocked, open_stops(hand)[-1], "12:00", "12:30")
    take_tour(hand)
    work_off(hand)
    assert hand.one("SELECT distance_dm FROM tour WHERE warehouse_id = :w AND id = 1")["distance_dm"] == walk


def test_hours_of_this_afternoon_are_no_matter_now(clocked: Clocked) -> None:
    hours(clocked, "A01-01-1", "15:00", "16:00")
    assert clocked.hand.write(closed_hours.soon) == ()
    clocked.now_ms += 130 * MINUTE_MS
    assert [one.in_ms for one in clocked.hand.write(closed_hours.soon)] == [120 * MINUTE_MS]


def test_a_stop_not_reached_in_time_comes_last_and_is_made_when_the_hours_are_over(clocked: Clocked) -> None:
    hand = clocked.hand
    hand.order("1", *((place, 1) for place in PLACES))
    release(hand)
    take_tour(hand)
    hours(clocked, open_stops(hand)[1])
    shut = open_stops(hand)[1]
    clocked.at(10)
    assert open_stops(hand)[-1] == shut
    while len(open_stops(hand)) > 1:
        make_stop(hand)
    clocked.at(30)
    assert closed(clocked) == []
    finish_tour(hand)
    assert wrong(hand) == []


def test_who_stands_at_a_stop_when_the_hours_begin_makes_it(clocked: Clocked) -> None:
    hand = clocked.hand
    hand.order("1", *((place, 1) for place in PLACES))
    release(hand)
    take_tour(hand)
    here = open_stops(hand)[0]
    hours(clocked, here)
    go_to_stop(hand)
    clocked.at(10)
    assert open_stops(hand)[0] == here


def test_orders_with_goods_in_there_wait_for_the_end_of_the_hours(clocked: Clocked) -> None:
    hand = clocked.hand
    hours(clocked, "A01-01-1")
    clocked.at(10)
    hand.order("1", ("A01-01-1", 1))
    hand.order("2", ("A02-01-1", 1))
    release(hand)
    assert open_stops(hand) == ["A02-01-1"]
    assert [one["order"] for one in hand.write(ways.waiting)] == ["1"]
    clocked.at(30)
    assert sorted(open_stops(hand)) == ["A01-01-1", "A02-01-1"]


def test_heavy_goods_still_come_first_when_an_aisle_closes_soon(clocked: Clocked) -> None:
    hand = clocked.hand
    hand.write(lambda tx: tx.run("UPDATE item SET weight_g = 9000 WHERE warehouse_id = :w AND sku = 'A02-02-1'"))
    hand.write(lambda tx: tx.run("UPDATE warehouse SET tour_order = 'heavy_first' WHERE id = :w"))
    hand.order("1", *((place, 1) for place in PLACES))
    release(hand)
    clocked.at(9.7)
    hours(clocked, "A01-03-1")
    take_tour(hand)
    work_off(hand)
    assert open_stops(hand)[:2] == ["A02-02-1", "A01-03-1"]


def test_a_tour_that_waits_is_not_planned_for_hours_it_may_be_walked_after(clocked: Clocked) -> None:
    hand = clocked.hand
    hand.order("1", *((place, 1) for place in PLACES))
    release(hand)
    hours(clocked, open_stops(hand)[-1])
    seen = hand.write(lambda tx: replanning.underway(tx, clocked.floor.engine, 1))
    assert seen is not None
    assert seen.deadlines is None
