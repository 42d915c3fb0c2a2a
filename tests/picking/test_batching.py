from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from picking_floors import DEPOT, TWO_BLOCKS, bin_at

from picking import (
    Cart,
    Cluster,
    FieldError,
    Layout,
    PackedTote,
    PickLine,
    PickOrder,
    pack_totes,
    plan_clusters,
)

FLOOR = Layout(tuple(range(0, 350, 35)), (0, 210, 420))
BAYS_DM = [block + 21 + 12 * bay for block in (0, 210) for bay in range(15)]


def line(
    name: str, qty_each: int, volume_ml: int = 0, weight_g: int = 0, x: int = 0, y: int = 10
) -> PickLine:
    return PickLine(name, bin_at(x, y), qty_each, volume_ml, weight_g)


def order(name: str, *lines: PickLine, cutoff: int = 0, priority: int = 0) -> PickOrder:
    return PickOrder(name, lines, cutoff, priority)


def contents(totes: Iterable[PackedTote]) -> list[list[tuple[str, int]]]:
    return [[(pick.line_id, pick.qty_each) for pick in tote.picks] for tote in totes]


def order_ids(cluster: Cluster) -> list[str]:
    return list(dict.fromkeys(tote.order_id for tote in cluster.totes))


# Totes


def test_lines_share_a_tote_until_it_is_full() -> None:
    totes = pack_totes([line("a", 2, 400), line("b", 1, 200), line("c", 1, 100)], 1000, 5000)
    assert contents(totes) == [[("a", 2), ("b", 1)], [("c", 1)]]


def test_weight_fills_a_tote_as_volume_does() -> None:
    totes = pack_totes([line("a", 1, 10, 900), line("b", 1, 10, 200)], 1000, 1000)
    assert contents(totes) == [[("a", 1)], [("b", 1)]]
    assert [(tote.volume_ml, tote.weight_g) for tote in totes] == [(10, 900), (10, 200)]


def test_a_line_that_fits_an_empty_tote_is_not_split_and_gaps_are_filled_later() -> None:
    totes = pack_totes([line("a", 6, 100), line("b", 5, 100), line("c", 4, 100)], 1000, 5000)
    assert contents(totes) == [[("a", 6), ("c", 4)], [("b", 5)]]


def test_a_line_that_exceeds_a_tote_is_split_by_quantity() -> None:
    assert contents(pack_totes([line("a", 25, 100)], 1000, 5000)) == [[("a", 10)], [("a", 10)], [("a", 5)]]


def test_a_piece_larger_than_a_tote_travels_by_itself_and_is_flagged() -> None:
    totes = pack_totes([line("big", 2, 1500), line("a", 1, 10), line("heavy", 1, 1, 9000)], 1000, 5000)
    assert contents(totes) == [[("big", 1)], [("big", 1)], [("a", 1)], [("heavy", 1)]]
    assert [tote.is_oversize for tote in totes] == [True, True, False, True]


def test_pieces_of_unknown_size_take_no_room() -> None:
    assert contents(pack_totes([line("a", 80_995)], 1, 1)) == [[("a", 80_995)]]


def test_no_lines_need_no_tote() -> None:
    assert pack_totes([], 1000, 1000) == ()


# Clusters


def test_a_cart_takes_the_most_urgent_order_first_and_no_later_departure() -> None:
    orders = [
        order("late", line("1", 1, 100), cutoff=2),
        order("soon", line("1", 1, 100), cutoff=1, priority=5),
        order("first", line("1", 1, 100), cutoff=1, priority=1),
    ]
    clusters = plan_clusters(orders, Cart(4, 1000, 1000), TWO_BLOCKS, DEPOT)
    assert [order_ids(cluster) for cluster in clusters] == [["first", "soon"], ["late"]]
    assert [cluster.number for cluster in clusters] == [1, 2]
    assert [(cluster.cutoff_rank, cluster.priority_rank) for cluster in clusters] == [(1, 1), (2, 0)]


def test_a_later_departure_may_ride_along_within_the_slack() -> None:
    orders = [order("late", line("1", 1, 100), cutoff=2), order("soon", line("1", 1, 100), cutoff=1)]
    clusters = plan_clusters(orders, Cart(4, 1000, 1000), TWO_BLOCKS, DEPOT, cutoff_slack=1)
    assert [order_ids(cluster) for cluster in clusters] == [["soon", "late"]]


def test_orders_of_the_same_aisles_ride_together() -> None:
    """Two carts of two: whoever shares the seed's aisle joins it, not whoever stands next in the list."""
    orders = [
        order("left 1", line("1", 1, x=0, y=150)),
        order("right 1", line("1", 1, x=80, y=150)),
        order("left 2", line("1", 1, x=0, y=170)),
        order("right 2", line("1", 1, x=80, y=170)),
    ]
    clusters = plan_clusters(orders, Cart(2, 1000, 1000), TWO_BLOCKS, DEPOT)
    assert [order_ids(cluster) for cluster in clusters] == [["left 1", "left 2"], ["right 1", "right 2"]]


def test_the_stops_of_a_cluster_come_in_s_shape_order_with_their_length() -> None:
    orders = [
        order("a", line("1", 1, x=40, y=70), line("2", 1, x=0, y=10)),
        order("b", line("1", 1, x=0, y=90)),
    ]
    (cluster,) = plan_clusters(orders, Cart(2, 1000, 1000), Layout((0, 40), (0, 100)), DEPOT)
    assert [(stop.x_dm, stop.y_dm) for stop in cluster.stops] == [(0, 10), (0, 90), (40, 70)]
    assert cluster.s_shape_dm == 280


def test_an_order_larger_than_a_cart_is_split_over_carts_by_aisle() -> None:
    """Three aisles of two totes each on carts of two positions: every cart stays in one aisle."""
    lines = [line(f"{x}-{y}", 10, 100, x=x, y=y) for x in (0, 40, 80) for y in (20, 60)]
    clusters = plan_clusters(
        [order("big", *lines)], Cart(2, 1000, 5000), Layout((0, 40, 80), (0, 100)), DEPOT
    )
    assert [{stop.x_dm for stop in cluster.stops} for cluster in clusters] == [{0}, {40}, {80}]


def test_the_rest_of_a_large_order_shares_its_cart() -> None:
    orders = [order("big", line("1", 30, 100)), order("small", line("1", 1, 100))]
    clusters = plan_clusters(orders, Cart(2, 1000, 5000), TWO_BLOCKS, DEPOT)
    assert [order_ids(cluster) for cluster in clusters] == [["big"], ["big", "small"]]


def test_an_order_of_fourteen_thousand_pieces_is_planned_whole() -> None:
    rng = Random(14)
    lines = tuple(
        PickLine(str(at), bin_at(rng.choice(FLOOR.aisle_x_dm), rng.choice(BAYS_DM)), 140, 300, 200)
        for at in range(100)
    )
    cart = Cart(8, 40_000, 15_000)
    clusters = plan_clusters([PickOrder("whole", lines)], cart, FLOOR, DEPOT)
    assert sum(pick.qty_each for c in clusters for t in c.totes for pick in t.tote.picks) == 14_000
    check_promises([PickOrder("whole", lines)], cart, clusters)


def test_a_busy_week_is_planned_and_walks_less_than_order_by_order() -> None:
    """730 orders, about 20,000 lines, a few of them very large: the size of a real week."""
    rng = Random(730)
    orders = []
    for number in range(730):
        lines = tuple(
            PickLine(
                str(at),
                bin_at(rng.choice(FLOOR.aisle_x_dm), rng.choice(BAYS_DM), rng.randint(1, 3)),
                min(10_000, int(rng.paretovariate(1.0)) * rng.choice((1, 6, 12))),
                rng.choice((50, 300, 1500)),
                rng.choice((20, 150, 700)),
            )
            for at in range(min(500, 1 + int(rng.expovariate(1 / 27))))
        )
        orders.append(PickOrder(f"O{number:04}", lines, cutoff_rank=number // 150, priority_rank=number % 3))
    assert sum(len(order.lines) for order in orders) > 19_000
    cart = Cart(8, 40_000, 15_000)
    clusters = plan_clusters(orders, cart, FLOOR, DEPOT)
    check_promises(orders, cart, clusters)
    alone = plan_clusters(orders, cart, FLOOR, DEPOT, candidates=1)
    assert sum(c.s_shape_dm for c in clusters) < sum(c.s_shape_dm for c in alone)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_every_piece_is_in_one_tote_of_one_cluster_within_the_limits(data: st.DataObject) -> None:
    spot = st.builds(bin_at, st.sampled_from([0, 40, 80, 55]), st.integers(-10, 210))
    pick_lines = st.lists(
        st.tuples(spot, st.integers(1, 60), st.integers(0, 1200), st.integers(0, 600)), max_size=6
    )
    drawn = data.draw(st.lists(st.tuples(pick_lines, st.integers(0, 2), st.integers(0, 2)), max_size=8))
    orders = [
        PickOrder(
            f"O{at}", tuple(PickLine(str(n), *values) for n, values in enumerate(lines)), cutoff, priority
        )
        for at, (lines, cutoff, priority) in enumerate(drawn)
    ]
    cart = Cart(data.draw(st.integers(1, 6)), 1000, 500)
    slack = data.draw(st.integers(0, 1))
    clusters = plan_clusters(
        orders, cart, TWO_BLOCKS, DEPOT, cutoff_slack=slack, candidates=data.draw(st.integers(1, 9))
    )
    check_promises(orders, cart, clusters)
    rank = {order.order_id: order.cutoff_rank for order in orders}
    for cluster in clusters:
        assert all(rank[tote.order_id] <= cluster.cutoff_rank + slack for tote in cluster.totes)
    assert [cluster.cutoff_rank for cluster in clusters] == sorted(c.cutoff_rank for c in clusters)


def check_promises(orders: list[PickOrder], cart: Cart, clusters: tuple[Cluster, ...]) -> None:
    wanted = Counter(
        {(order.order_id, line.line_id): line.qty_each for order in orders for line in order.lines}
    )
    of = {(order.order_id, line.line_id): line for order in orders for line in order.lines}
    packed: Counter[tuple[str, str]] = Counter()
    for cluster in clusters:
        assert [tote.position for tote in cluster.totes] == list(range(1, len(cluster.totes) + 1))
        assert 1 <= len(cluster.totes) <= cart.positions
        stops = set(cluster.stops)
        assert len(stops) == len(cluster.stops)
        assert stops == {pick.spot for tote in cluster.totes for pick in tote.tote.picks}
        for place in cluster.totes:
            tote = place.tote
            volume_ml = weight_g = 0
            assert tote.picks
            for pick in tote.picks:
                source = of[place.order_id, pick.line_id]
                assert pick.spot == source.spot
                assert pick.qty_each >= 1
                packed[place.order_id, pick.line_id] += pick.qty_each
                volume_ml += pick.qty_each * source.each_volume_ml
                weight_g += pick.qty_each * source.each_weight_g
            assert (tote.volume_ml, tote.weight_g) == (volume_ml, weight_g)
            fits = volume_ml <= cart.tote_volume_ml and weight_g <= cart.tote_weight_g
            assert tote.is_oversize == (not fits)
            if tote.is_oversize:
                assert sum(pick.qty_each for pick in tote.picks) == 1
    assert packed == wanted


# Wrong input


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"line_id": ""}, "line_id"),
        ({"spot": "A01"}, "spot"),
        ({"qty_each": 0}, "qty_each"),
        ({"qty_each": 1.0}, "qty_each"),
        ({"each_volume_ml": -1}, "each_volume_ml"),
        ({"each_weight_g": "2"}, "each_weight_g"),
    ],
)
def test_a_wrong_line_names_the_field(changed: dict[str, Any], field: str) -> None:
    values: dict[str, Any] = {"line_id": "1", "spot": DEPOT, "qty_each": 1}
    with pytest.raises(FieldError) as refused:
        PickLine(**(values | changed))
    assert refused.value.field == field


def test_one_order_twice_and_one_line_twice_are_refused() -> None:
    with pytest.raises(FieldError, match=r"orders\[1\]\.order_id"):
        plan_clusters([order("a"), order("a")], Cart(1, 1, 1), TWO_BLOCKS, DEPOT)
    with pytest.raises(FieldError, match=r"lines\[1\]\.line_id: '7' is used twice in order a"):
        order("a", line("7", 1), line("7", 2))


def test_a_cart_without_positions_is_refused() -> None:
    with pytest.raises(FieldError, match="positions"):
        Cart(0, 1000, 1000)
