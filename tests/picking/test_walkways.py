"""Walkways with names on them: tours as long as a replay says, carts filled by what they walk, bounds that hold."""

from __future__ import annotations

import random
import tracemalloc
from itertools import pairwise, permutations

import pytest

from picking import (
    BatchProblem,
    Cart,
    Climb,
    FieldError,
    FloorGraph,
    Node,
    PickLine,
    PickOrder,
    Spot,
    Walkway,
    Walkways,
    closed_on,
    draw_walkways,
    draw_walkways_tour,
    plan_batches,
)
from picking.dijkstra import UNREACHABLE_DM
from picking.graph import CompiledGraph

GATE = Spot("GATE", 0, 0)


def a_floor(seed: int) -> Walkways:
    """Crooked crossings on two storeys, a few one-way, with places along them; everything can be reached."""
    chance = random.Random(seed)
    nodes = [
        Node(f"{level}/{x}/{y}", 60 * x + chance.randint(-9, 9), 50 * y + chance.randint(-9, 9), level)
        for level in (0, 1) for x in range(4) for y in range(3)
    ]  # fmt: skip
    ways = []
    for level in (0, 1):
        for x in range(4):
            for y in range(3):
                one = f"{level}/{x}/{y}"
                if x < 3:
                    ways.append(Walkway(one, f"{level}/{x + 1}/{y}", is_one_way=chance.random() < 0.2))
                if y < 2:
                    ways.append(Walkway(one, f"{level}/{x}/{y + 1}"))
                if x:
                    ways.append(Walkway(one, f"{level}/{x - 1}/{y}", length_dm=90))
    graph = FloorGraph(tuple(nodes), tuple(ways), (Climb("0/0/0", "1/0/0", 20_000, 15_000),))
    stands = {"GATE": Spot("GATE", nodes[0].x_dm, nodes[0].y_dm, 0)}
    for number in range(14):
        node = chance.choice(nodes)
        stands[f"B{number:02}"] = Spot(f"B{number:02}", node.x_dm + chance.randint(0, 20), node.y_dm, node.level)
    return Walkways(graph, stands)


def bins(floor: Walkways, chance: random.Random, count: int) -> list[Spot]:
    names = chance.sample(sorted(name for name in floor.stands if name != "GATE"), count)
    return [Spot(name, 0, 0, chance.randint(0, 4)) for name in names]


@pytest.mark.parametrize("seed", range(8))
def test_a_tour_is_as_long_as_a_replay_and_no_order_is_shorter(seed: int) -> None:
    floor, chance = a_floor(seed), random.Random(seed)
    stops = bins(floor, chance, 6)
    climb_dm = chance.choice((0, 7))
    tour = floor.tour(GATE, GATE, stops, 50, seed, climb_dm, 1)
    assert sorted(tour.sequence, key=lambda spot: spot.name) == sorted(stops, key=lambda spot: spot.name)
    legs = [floor.walk_dm([one, other], climb_dm, 1) for one, other in pairwise([GATE, *tour.sequence, GATE])]
    assert tour.distance_dm == sum(legs)
    matrix = floor.matrix([GATE, *stops], climb_dm, 1)
    best = min(
        sum(int(matrix[a, b]) for a, b in pairwise((0, *order, 0))) for order in permutations(range(1, len(stops) + 1))
    )
    assert tour.lower_bound_dm <= best == tour.distance_dm


@pytest.mark.parametrize("seed", range(4))
def test_carts_hold_every_pick_and_walk_no_less_than_the_bound(seed: int) -> None:
    floor, chance = a_floor(seed), random.Random(seed)
    orders = tuple(
        PickOrder(str(number), tuple(PickLine(f"{number}/{at}", spot, 1) for at, spot in enumerate(
            bins(floor, chance, chance.randint(1, 3)))))
        for number in range(14)
    )  # fmt: skip
    flat = tuple(
        PickOrder(order.order_id, tuple(PickLine(line.line_id, Spot(line.spot.name, 0, 0), 1) for line in order.lines))
        for order in orders
    )
    plan = plan_batches(BatchProblem(floor, GATE, GATE, Cart(4, 1000, 1000), flat), 300, seed, proposals=2000)
    loaded = sorted(pick.line_id for batch in plan.batches for tote in batch.totes for pick in tote.tote.picks)
    assert loaded == sorted(line.line_id for order in flat for line in order.lines)
    assert plan.lower_bound_dm <= plan.distance_dm
    for batch in plan.batches:
        assert len(batch.totes) <= 4
        assert batch.distance_dm == floor.tour(GATE, GATE, batch.stops, 50).distance_dm
    alone = [floor.tour(GATE, GATE, [line.spot for line in order.lines], 20).distance_dm for order in flat]
    assert plan.distance_dm < sum(alone)
    assert plan.picture(1).startswith("<svg")


def test_what_stands_along_a_closed_walkway_is_out_of_reach_and_its_ends_are_not() -> None:
    graph = FloorGraph(
        (Node("A", 0, 0), Node("B", 100, 0), Node("C", 0, 20), Node("D", 100, 20)),
        (Walkway("A", "B"), Walkway("A", "C"), Walkway("C", "D"), Walkway("D", "B")),
    )
    shut = Walkways(closed_on(graph, [graph.walkways[0]]), {}, graph, (("A", "B"),))
    stops = [Spot("A", 0, 0), Spot("between", 50, 0), Spot("B", 100, 0)]
    assert [at for at, _ in shut.out_of_reach(Spot("A", 0, 0), stops)] == [1]
    assert shut.walk_dm([stops[0], stops[2]]) == 140
    assert shut.opened.walk_dm([stops[0], stops[2]]) == 100
    with pytest.raises(FieldError, match="cannot be reached"):
        shut.tour(stops[0], stops[0], stops)
    assert "<svg" in draw_walkways(shut, stops, {"A": "start"})
    assert "<svg" in draw_walkways_tour(shut, stops[0], [stops[2]], stops[0])


def test_a_lift_is_closed_and_the_stairs_beside_it_are_not() -> None:
    lift, stairs = Climb("B", "C", 5_000, 5_000), Climb("B", "C", 60_000, 60_000)
    graph = FloorGraph(
        (Node("A", 0, 0), Node("B", 100, 0), Node("C", 100, 0, 1), Node("D", 200, 0, 1)),
        (Walkway("A", "B"), Walkway("B", "A", 300, True), Walkway("C", "D")), (lift, stairs),
    )  # fmt: skip
    assert closed_on(graph, [lift]).climbs == (stairs,)
    assert closed_on(graph, [stairs, lift]).climbs == ()
    assert len(closed_on(graph, [graph.walkways[1]]).walkways) == 3  # cut off, for what stands along it


def big_floor(side: int) -> FloorGraph:
    """Crossings 3 m apart."""
    nodes = tuple(Node(f"{x}/{y}", 30 * x, 30 * y) for x in range(side) for y in range(side))
    ways = [Walkway(f"{x}/{y}", f"{x + 1}/{y}") for x in range(side - 1) for y in range(side)]
    ways += [Walkway(f"{x}/{y}", f"{x}/{y + 1}", is_one_way=x % 7 == 3) for x in range(side) for y in range(side - 1)]
    return FloorGraph(nodes, tuple(ways))


def test_a_floor_of_five_thousand_points_is_checked_in_little_memory() -> None:
    floor = Walkways(big_floor(71))
    bins = [Spot(f"B{number}", (37 * number) % 2000, (91 * number) % 2000) for number in range(1000)]
    floor.compiled.matrix([GATE])
    tracemalloc.start()
    try:
        assert floor.words(bins, (GATE,)) == []
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 50_000_000  # all ways between all points are some 400 MB


def test_ways_looked_up_before_are_the_same_again(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, chance = big_floor(12), random.Random(3)
    spots = [Spot(f"B{number}", chance.randint(0, 330), chance.randint(0, 330)) for number in range(30)]
    whole = CompiledGraph(graph).matrix(spots)
    monkeypatch.setattr("picking.graph.MOST_KEPT_NODES", 100)
    large = CompiledGraph(graph)
    for count in (3, 12, 7, 30, 30):
        some = chance.sample(range(30), count)
        assert (large.matrix([spots[at] for at in some]) == whole[some][:, some]).all()


@pytest.mark.parametrize("seed", range(6))
def test_who_can_be_reached_is_what_the_ways_say(seed: int) -> None:
    chance = random.Random(seed)
    nodes = tuple(Node(str(at), chance.randint(0, 200), chance.randint(0, 200)) for at in range(12))
    ways = tuple(
        Walkway(*map(str, chance.sample(range(12), 2)), length_dm=chance.choice((None, 0, 50)),
                is_one_way=chance.random() < 0.8)
        for _ in range(14)
    )  # fmt: skip
    compiled = CompiledGraph(FloorGraph(nodes, ways, reach_dm=300))
    spots = [Spot(f"B{at}", chance.randint(0, 200), chance.randint(0, 200)) for at in range(40)]
    far = compiled.matrix(spots) < UNREACHABLE_DM
    assert compiled.are_entered(spots[0], spots) == far[0].tolist()
    assert compiled.are_left(spots, spots[1]) == far[:, 1].tolist()
