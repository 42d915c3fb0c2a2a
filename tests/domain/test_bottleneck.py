"""Rules of the bottleneck: which lane is named, when it holds the others up, whom to move; figures by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.bottleneck import LaneFlow, LaneLog, Spell, Visit, find, measure, paced, queue_percents
from fulfillment.domain.flow import HOUR_MS, Lane
from fulfillment.services.figures import flow_words

MINUTE_MS = 60_000
HALF_HOUR = 30 * MINUTE_MS


def lane(name: str, **values: int) -> LaneFlow:
    """A lane over half an hour, nothing going on in it but what is said."""
    nothing = dict.fromkeys(
        ("waiting", "waiting_before", "in_work", "in_work_before", "came", "left", "people", "busy_ms", "starved_ms",
         "waited_ms"), 0
    )  # fmt: skip
    return LaneFlow(name, HALF_HOUR, **{**nothing, **values})


def starved(people: int, percent: int) -> dict[str, int]:
    return {"people": people, "starved_ms": people * HALF_HOUR * percent // 100}


# Picking does 31 in half an hour with 4, packing 19 with 2, shipping 19 with 1, who waited a third of the time.
PICK = lane("pick", came=30, left=31, **starved(4, 30))
PACK = lane("pack", came=31, left=19, waiting=41, waiting_before=29, busy_ms=2 * HALF_HOUR, **starved(2, 0))
SHIP = lane("ship", came=19, left=19, **starved(1, 34))


def test_the_lane_with_the_queue_is_named_with_its_reason_and_whom_to_move() -> None:
    finding = find([PICK, PACK, SHIP])
    assert finding.lane is PACK
    assert finding.behind is SHIP
    assert finding.holds_up
    assert flow_words.bottleneck(finding, 30) == (
        "Packing: 41 orders wait, 62 an hour come, 38 an hour go with 2 packers; Shipping waited 34 % of the last half"
        " hour. Move one picker to packing: about 57 an hour."
    )


def test_a_lane_nobody_needs_now_is_passed_by() -> None:
    idle = lane("pack", came=11, left=11, **starved(2, 70))
    finding = find([lane("pick", came=30, left=11, waiting=40, **starved(4, 0)), lane("sort"), idle])
    assert (finding.lane and finding.lane.lane, finding.behind) == ("pick", idle)


def test_a_shift_that_lives_faster_is_read_as_its_people_live_it() -> None:
    told = LaneLog("pack", [Visit(1_000, 4_000, 31_000), Visit(31_000)], [Spell(7, 4_000, 31_000)], frozenset({7}))
    assert paced(told, 1_000, 60) == LaneLog(
        "pack", [Visit(1_000, 181_000, 1_801_000), Visit(1_801_000)], [Spell(7, 181_000, 1_801_000)], frozenset({7})
    )  # fmt: skip
    assert paced(told, 500, 1) == told


def test_nobody_is_moved_where_that_would_make_another_lane_the_slowest() -> None:
    tight = lane("pick", came=21, left=20, **starved(2, 0))
    finding = find([tight, PACK, SHIP])
    assert finding.lane is PACK
    assert finding.change is None  # one picker alone does 20 an hour, packing does 38
    assert "Nobody can be spared" in flow_words.bottleneck(finding, 30)


def test_lanes_with_room_hold_nobody_up() -> None:
    finding = find([lane("pick", came=10, left=10, **starved(2, 60)), lane("pack", came=10, left=10, **starved(2, 70))])
    assert finding.lane is None
    assert flow_words.bottleneck(finding, 30).startswith("Every lane has room")


def test_a_full_lane_that_keeps_up_is_named_without_an_alarm() -> None:
    finding = find([lane("pick", came=20, left=20, **starved(2, 5)), lane("pack", came=20, left=20, **starved(2, 60))])
    assert (finding.lane and finding.lane.lane, finding.holds_up, finding.change) == ("pick", False, None)
    assert flow_words.bottleneck(finding, 60).endswith("It is the tightest lane and still keeps up.")


def test_a_lane_nobody_works_in_says_so() -> None:
    finding = find([PICK, lane("pack", came=4, waiting=4)])
    assert finding.lane is not None
    assert "Nobody works there" in flow_words.bottleneck(finding, 10)


def test_a_lane_by_hand() -> None:
    log = LaneLog(
        Lane.PACK,
        [Visit(-10, -5, 5), Visit(0, 5, 20), Visit(10, 20, None), Visit(25, None, None), Visit(-30, None, -20)],
        [Spell(1, -5, 5), Spell(1, 5, 20), Spell(1, 20, None)], frozenset({2}),
    )  # fmt: skip
    flow = measure(log, 0, 30)
    assert (flow.waiting, flow.in_work, flow.came, flow.left) == (1, 1, 3, 2)
    assert (flow.waiting_before, flow.in_work_before, flow.people) == (0, 1, 2)
    assert flow.busy_ms == 30
    assert flow.waited_ms == 5 + 10 + 5
    assert flow.starved_ms == 5 + 5  # person 2, from 5 to 10 and from 20 to 25: nobody stood in the queue
    assert flow.per_hour == pytest.approx(2 * HOUR_MS / 50 * 2)


def test_work_of_one_person_counts_once_where_it_overlaps() -> None:
    log = LaneLog(Lane.PICK, [], [Spell(1, 0, 20), Spell(1, 10, 25), Spell(2, 0, 5)])
    assert measure(log, 0, 30).busy_ms == 25 + 5


lengths = st.none() | st.integers(0, 40)
visits = st.lists(st.tuples(st.integers(-50, 100), lengths, lengths), max_size=25).map(
    lambda some: [
        Visit(came, None if wait is None else came + wait,
              None if work is None or wait is None else came + wait + work)
        for came, wait, work in some
    ]
)  # fmt: skip
spells = st.lists(st.tuples(st.integers(1, 4), st.integers(-50, 100), st.none() | st.integers(0, 60)), max_size=20).map(
    lambda some: [Spell(who, began, None if took is None else began + took) for who, began, took in some]
)


@given(visits, spells, st.integers(0, 50), st.integers(1, 60))
def test_no_time_is_counted_twice(orders: list[Visit], work: list[Spell], start: int, length: int) -> None:
    flow = measure(LaneLog(Lane.PACK, orders, work), start, start + length)
    assert 0 <= flow.busy_ms <= flow.people * length
    assert 0 <= flow.starved_ms <= flow.people * length - flow.busy_ms
    assert 0 <= flow.waited_ms <= len(orders) * length
    there_before = sum(
        1 for one in orders if one.came_ms < start and (one.left_ms is None or one.left_ms >= start)
    )  # fmt: skip
    assert there_before + flow.came - flow.left == flow.waiting + flow.in_work


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=5))
def test_queue_shares_make_a_whole(waited: list[int]) -> None:
    shares = queue_percents([lane(str(place), waited_ms=one) for place, one in enumerate(waited)])
    assert sum(shares.values()) == pytest.approx(100 if sum(waited) else 0)


def test_a_window_must_have_a_length() -> None:
    with pytest.raises(ValueError, match="window"):
        measure(LaneLog(Lane.PICK, [], []), 5, 5)
