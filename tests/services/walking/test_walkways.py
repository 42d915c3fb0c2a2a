"""A floor that is no grid: brought in from files, checked in words, planned, walked, planned again."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from fulfillment.domain.reasons import Conflict, DomainError
from fulfillment.services.imports import import_locations, import_walk_points, import_walkways
from fulfillment.services.releasing import late_orders, ways
from fulfillment.services.touring import replanning, tour_views
from fulfillment.services.walking import closed_hours, closures, floor_plan, walks
from picking import Spot, Walkways
from tests.factories import NOBODY, FloorHand
from tests.services.acts import finish_tour, go_to_stop, make_stop, release, take_tour, wrong
from tests.services.odd_floor import PLACED, POINTS, WAYS, lay_walkways
from tests.services.walking.a_walk import PLACES, open_stops, stock_every_bin, work_off


@pytest.fixture
def odd(hand: FloorHand) -> FloorHand:
    """What is sold lies along walkways."""
    return lay_walkways(stock_every_bin(hand))


def ordered(hand: FloorHand) -> FloorHand:
    hand.order("1", *((place, 1) for place in PLACES))
    release(hand)
    return hand


def tour_of(hand: FloorHand, tour_id: int = 1) -> dict[str, Any]:
    return hand.one("SELECT * FROM tour WHERE warehouse_id = :w AND id = :id", id=tour_id)


def replayed_dm(hand: FloorHand, codes: list[str]) -> int:
    """The walk from the start over these places and back, leg by leg by somebody who knows the walkways only."""
    legs = {("GATE", "EAST"): 80, ("GATE", "NORTH"): 60, ("NORTH", "CORNER"): 80, ("CORNER", "EAST"): 60,
            ("EAST", "FOOT"): 40, ("FOOT", "HEAD"): 360, ("HEAD", "LOFT"): 50}  # fmt: skip
    ways_dm = {**legs, **{(b, a): dm for (a, b), dm in legs.items() if (a, b) != ("NORTH", "CORNER")}}
    along = {"A01-01-1": ("GATE", "NORTH", 10), "A01-02-1": ("GATE", "NORTH", 40),
             "A01-03-1": ("NORTH", "CORNER", 70), "A02-01-1": ("EAST", "CORNER", 30)}  # fmt: skip
    for code, (one, other, at_dm) in along.items():
        length_dm = legs.get((one, other)) or legs[other, one]
        for end, dm in (one, at_dm), (other, length_dm - at_dm):
            ways_dm[end, code] = ways_dm[code, end] = dm
        if (one, other) == ("NORTH", "CORNER"):
            del ways_dm[code, one], ways_dm[other, code]
    ways_dm["A01-01-1", "A01-02-1"] = ways_dm["A01-02-1", "A01-01-1"] = 30
    ways_dm["LOFT", "A02-02-1"] = ways_dm["A02-02-1", "LOFT"] = 0
    nodes = {node for pair in ways_dm for node in pair}
    far = {(a, b): 0 if a == b else ways_dm.get((a, b), 10**9) for a in nodes for b in nodes}
    for via in nodes:
        for a in nodes:
            for b in nodes:
                far[a, b] = min(far[a, b], far[a, via] + far[via, b])
    return sum(far[one, other] for one, other in pairwise(["GATE", *codes, "GATE"]))


def test_a_tours_length_is_what_a_replay_on_the_walkways_gives(odd: FloorHand) -> None:
    ordered(odd)
    tour = tour_of(odd)
    stops = open_stops(odd)
    assert sorted(stops) == sorted(PLACES)
    assert tour["distance_dm"] == replayed_dm(odd, stops) == tour["lower_bound_dm"]
    assert tour["distance_dm"] <= min(replayed_dm(odd, list(order)) for order in (stops, stops[::-1], sorted(stops)))
    assert tour["s_shape_dm"] == 0  # there is no S-shape without aisles
    assert tour["location_order_dm"] == replayed_dm(odd, sorted(stops))


def test_a_picker_walks_it_with_metres_and_a_map(odd: FloorHand) -> None:
    ordered(odd)
    take_tour(odd)
    whole_dm = tour_of(odd)["distance_dm"]
    lefts = []
    for _ in PLACES:
        stops = open_stops(odd)
        row = odd.one(
            "SELECT walk_left_dm FROM task WHERE warehouse_id = :w AND state = 'open' AND kind = 'pick'"
            " ORDER BY sequence LIMIT 1"
        )
        lefts.append(row["walk_left_dm"])
        seen = odd.floor.read(lambda tx: tour_views.walk_ahead(tx, odd.floor.engine, "HAND-1"))
        assert seen is not None
        drawn = seen.svg(300)
        assert drawn.count("<circle") > len(stops) - 1
        make_stop(odd)
    assert lefts[0] == whole_dm
    assert lefts == sorted(lefts, reverse=True)
    assert len(lefts) == len(PLACES)
    finish_tour(odd)
    assert wrong(odd) == []


def test_a_late_order_is_put_into_the_walk(odd: FloorHand) -> None:
    odd.order("1", ("A02-01-1", 1))
    release(odd)
    odd.order("2", ("A01-03-1", 1))
    wave = odd.one("SELECT id FROM wave WHERE warehouse_id = :w")["id"]
    odd.write(lambda tx: late_orders.join(tx, NOBODY, wave, ["2"]))
    work_off(odd)
    stops = open_stops(odd)
    assert stops == ["A01-03-1", "A02-01-1"]  # with the one-way walkway
    assert tour_of(odd)["distance_dm"] == replayed_dm(odd, stops)


def test_a_closed_walkway_is_walked_round_and_what_lies_on_it_comes_last(odd: FloorHand) -> None:
    ordered(odd)
    odd.write(lambda tx: closures.close(tx, NOBODY, "stairs", "", "spill", "1001"))
    work_off(odd)
    assert open_stops(odd)[-1] == "A02-02-1"
    shown = odd.write(closures.listed)
    assert shown[0]["place"] == "STAIRS"
    assert odd.floor.read(ways.no_way_to) == set()  # it is a stop already: no promise waits loose
    odd.order("2", ("A02-02-1", 1))
    assert len(odd.floor.read(ways.no_way_to)) == 1
    odd.write(lambda tx: closures.open_again(tx, NOBODY, shown[0]["closure"], "1001"))
    work_off(odd)
    assert tour_of(odd)["distance_dm"] == replayed_dm(odd, open_stops(odd))


def test_what_stands_along_a_closed_walkway_is_not_reached_over_another(odd: FloorHand) -> None:
    odd.write(lambda tx: closures.close(tx, NOBODY, "LEFT", "", "spill", "1001"))
    plan = floor_plan.of(odd.floor)
    spots = [Spot("A01-01-1", 0, 10), Spot("A02-01-1", 80, 30)]
    assert walks.lost(plan, plan.start, spots) == {0}


@pytest.mark.parametrize(
    ("place", "until", "code"),
    [("A01-01-1", "", "unknown_walkway"), ("01", "", "unknown_walkway"), ("LEFT", "BACK", "bad_stretch")],
)
def test_what_is_no_walkway_is_not_closed(odd: FloorHand, place: str, until: str, code: str) -> None:
    with pytest.raises(DomainError) as refused:
        odd.write(lambda tx: closures.close(tx, NOBODY, place, until, "spill", "1001"))
    assert refused.value.code == code


def test_what_only_aisles_can_do_is_refused_in_words(odd: FloorHand) -> None:
    one_way = [floor_plan.OneWayIn("01", "up")]
    for act in (
        lambda tx: floor_plan.set_cross_aisles(tx, [0, 50]),
        lambda tx: floor_plan.set_plan(tx, None, [], one_way),
    ):
        with pytest.raises(Conflict) as refused:
            odd.write(act)
        assert refused.value.code == "no_grid"
        assert "walkways" in refused.value.detail


@pytest.mark.parametrize(
    ("points", "ways_csv", "reason"),
    [
        ("code,x_dm,y_dm\nX,0,0\n", "", "same_place"),
        ("", "code,from,to\nW,GATE,NOWHERE\n", "unknown_point"),
        ("", "code,from,to\nW,GATE,GATE\n", "same_place"),
        ("", "code,from,to\nW,EAST,HEAD\n", "no_length"),
        ("code,x_dm,y_dm\nX,far,0\n", "", "not_a_number"),
    ],
)
def test_a_wrong_row_is_named_and_nothing_of_its_file_is_kept(
    odd: FloorHand, points: str, ways_csv: str, reason: str
) -> None:
    before = floor_plan.of(odd.floor).version
    if points:
        report = import_walk_points(odd.floor.writer, f"{points}FINE,500,500\n".encode())
    else:
        report = import_walkways(odd.floor.writer, f"{ways_csv}FINE,GATE,CORNER\n".encode())
    assert [error.reason for error in report.errors] == [reason]
    assert floor_plan.of(odd.floor).version == before


def test_a_file_brought_twice_changes_nothing(odd: FloorHand) -> None:
    before = floor_plan.of(odd.floor).version
    assert import_walk_points(odd.floor.writer, POINTS.encode()).unchanged == 7
    assert import_walkways(odd.floor.writer, WAYS.encode()).unchanged == 7
    assert import_locations(odd.floor.writer, PLACED.encode()).unchanged == 5
    assert floor_plan.of(odd.floor).version == before


def test_a_floor_is_checked_in_words(odd: FloorHand) -> None:
    assert odd.floor.read(lambda tx: floor_plan.describe(tx, odd.floor.engine))["words"] == []
    more = "code,x_dm,y_dm\nLOST,300,300\nTRAP,300,0\nAWAY,500,500\nFAR,500,600\n"
    assert import_walk_points(odd.floor.writer, more.encode()).is_ok
    ways_more = "code,from,to,is_one_way\nIN,FOOT,TRAP,1\nISLAND,AWAY,FAR,\n"
    assert import_walkways(odd.floor.writer, ways_more.encode()).is_ok
    assert import_locations(odd.floor.writer, b"code,kind,x_dm,y_dm\nA02-01-1,bin,300,90\n").is_ok
    said = odd.floor.read(lambda tx: floor_plan.describe(tx, odd.floor.engine))
    words = "\n".join(said["words"])
    assert "LOST: no walkway leads there" in words
    assert "TRAP: a dead end, no way leads back from it" in words
    assert "AWAY: joined to nothing that" in words
    assert "A02-01-1" in words
    assert said["walkways"] == 9


def test_the_floor_is_drawn_storey_above_storey(odd: FloorHand) -> None:
    drawn = odd.floor.read(lambda tx: floor_plan.picture(tx, odd.floor.engine, 600))
    assert drawn.startswith("<svg")
    assert "dasharray" in drawn  # the stairs


def test_carts_are_filled_by_what_they_walk(odd: FloorHand) -> None:
    for number in range(12):
        odd.order(f"N{number}", (PLACES[number % 5], 1))
    release(odd)
    wave = odd.one("SELECT * FROM wave WHERE warehouse_id = :w")
    tours = odd.all("SELECT * FROM tour WHERE warehouse_id = :w ORDER BY id")
    assert len(tours) == 2
    assert 0 < wave["lower_bound_dm"] <= sum(tour["distance_dm"] for tour in tours)
    for tour in tours:
        rows = odd.all(
            "SELECT DISTINCT k.sequence, l.code FROM task k JOIN location l ON l.warehouse_id = k.warehouse_id"
            " AND l.id = k.location_id WHERE k.warehouse_id = :w AND k.tour_id = :tour ORDER BY k.sequence",
            tour=tour["id"],
        )
        assert tour["distance_dm"] == replayed_dm(odd, [row["code"] for row in rows])
    upstairs = [
        row["tour_id"] for row in odd.all(
            "SELECT DISTINCT k.tour_id FROM task k JOIN location l ON l.warehouse_id = k.warehouse_id"
            " AND l.id = k.location_id WHERE k.warehouse_id = :w AND l.code = 'A02-02-1'"
        )
    ]  # fmt: skip
    assert len(upstairs) == 1  # one cart climbs the stairs, not both


def test_without_its_last_walkway_the_floor_is_one_of_aisles_again(odd: FloorHand) -> None:
    assert isinstance(floor_plan.of(odd.floor).layout, Walkways)
    odd.write(lambda tx: (tx.put("DELETE FROM walkway WHERE warehouse_id = :w"), floor_plan.changed(tx)))
    assert not isinstance(floor_plan.of(odd.floor).layout, Walkways)


def test_a_tour_planned_again_mid_way_goes_on_from_where_the_picker_is(odd: FloorHand) -> None:
    ordered(odd)
    take_tour(odd)
    made = open_stops(odd)[0]
    make_stop(odd)
    before = open_stops(odd)
    replanning.replan_tour(odd.floor, 1, tour_ms=20)
    assert tour_of(odd)["replans"] == 1
    assert tour_of(odd)["distance_dm"] == replayed_dm(odd, [made, *open_stops(odd)])
    assert sorted(open_stops(odd)) == sorted(before)


def test_walkways_that_change_have_tours_planned_again_and_a_file_that_changes_nothing_does_not(odd: FloorHand) -> None:
    ordered(odd)
    before = tour_of(odd)
    assert import_walkways(odd.floor.writer, WAYS.encode()).is_ok
    work_off(odd)
    assert tour_of(odd)["replans"] == 0
    assert import_walkways(odd.floor.writer, b"code,from,to,takes_s\nSTAIRS,FOOT,HEAD,300\n").is_ok
    work_off(odd)
    after = tour_of(odd)
    assert after["replans"] == 1
    assert after["layout_version"] == odd.floor.read(floor_plan.version)
    # Up and down, at 1.2 m/s: ten times the half minute it was.
    assert after["distance_dm"] - before["distance_dm"] == 2 * (300 - 30) * 12


@pytest.mark.parametrize("is_standing", [False, True])
def test_a_place_nobody_gets_to_any_more_comes_last_and_keeps_no_tour_from_being_planned_again(
    odd: FloorHand, is_standing: bool
) -> None:
    ordered(odd)
    take_tour(odd)
    made = open_stops(odd)[0]
    make_stop(odd)
    if is_standing:
        go_to_stop(odd)
    left = open_stops(odd)
    moved = f"code,kind,x_dm,y_dm\n{made},bin,4000,4000\n{left[0]},bin,5000,5000\n"
    assert import_locations(odd.floor.writer, moved.encode()).is_ok
    work_off(odd)
    assert sorted(open_stops(odd)) == sorted(left)
    assert open_stops(odd).index(left[0]) == (0 if is_standing else len(left) - 1)
    rest = [code for code in open_stops(odd) if code != left[0]]
    assert tour_of(odd)["distance_dm"] == replayed_dm(odd, rest)
    assert tour_of(odd)["replans"] == 1


def test_the_stairs_beside_a_closed_lift_stay_open(odd: FloorHand) -> None:
    lift = b"code,from,to,takes_s\nLIFT,FOOT,HEAD,20\n"
    assert import_walkways(odd.floor.writer, lift).is_ok
    spot = Spot("A02-02-1", 120, 50)
    by_lift_dm = walks.length_dm(floor_plan.of(odd.floor), [floor_plan.of(odd.floor).start, spot])
    odd.write(lambda tx: closures.close(tx, NOBODY, "LIFT", "", "spill", "1001"))
    plan = floor_plan.of(odd.floor)
    assert walks.lost(plan, plan.start, [spot]) == set()
    assert walks.length_dm(plan, [plan.start, spot]) == by_lift_dm + 10 * 12  # ten seconds more


def test_points_are_moved_along_by_one_file(hand: FloorHand) -> None:
    points = "code,x_dm,y_dm\nP,{},0\nQ,{},0\nR,{},0\n"
    assert import_walk_points(hand.floor.writer, points.format(0, 10, 20).encode()).created == 3
    moved = import_walk_points(hand.floor.writer, points.format(10, 20, 30).encode())
    assert (moved.updated, moved.errors) == (3, [])
    turned = import_walk_points(hand.floor.writer, points.format(30, 20, 10).encode())
    assert (turned.updated, turned.unchanged) == (2, 1)
    one_spot = import_walk_points(hand.floor.writer, points.format(30, 30, 10).encode())
    assert {error.reason for error in one_spot.errors} == {"same_place"}


def test_stairs_alone_are_no_floor_and_hold_nobody_up(hand: FloorHand) -> None:
    stock_every_bin(hand)
    import_walk_points(hand.floor.writer, b"code,x_dm,y_dm,storey\nP,0,0,0\nQ,0,0,1\n")
    assert import_walkways(hand.floor.writer, b"code,from,to,takes_s\nSTAIRS,P,Q,20\n").created == 1
    assert not isinstance(floor_plan.of(hand.floor).layout, Walkways)
    hand.write(lambda tx: closed_hours.add(tx, "A01-01-1", "", "00:00", "23:59"))
    assert closed_hours.keep(hand.floor) == 1
