from __future__ import annotations

import pytest

from fulfillment.domain.tour_order import Rank, after_its_rank, rank_of, rank_of_stop


@pytest.mark.parametrize(
    ("weight_g", "is_fragile", "rank"),
    [
        (5000, False, Rank.HEAVY),
        (4999, False, Rank.BETWEEN),
        (0, False, Rank.BETWEEN),
        (10, True, Rank.FRAGILE),
        (9000, True, Rank.FRAGILE),
    ],
)
def test_goods_of_five_kilos_are_heavy_and_nothing_lies_on_what_breaks(
    weight_g: int, is_fragile: bool, rank: Rank
) -> None:
    assert rank_of(weight_g, is_fragile, 5000) == rank


@pytest.mark.parametrize(
    ("ranks", "rank"),
    [((0, 1), 0), ((0, 2), 2), ((1, 2), 2), ((0, 1, 2), 2), ((1, 1), 1), ((), 1)],
)
def test_a_stop_of_several_kinds_is_last_if_any_breaks_else_first_if_any_is_heavy(
    ranks: tuple[int, ...], rank: int
) -> None:
    assert rank_of_stop(ranks) == rank


@pytest.mark.parametrize(
    ("ranks", "rank", "place"), [([0, 0, 1], 0, 2), ([1, 1, 2], 1, 2), ([1, 2], 0, 2), ([], 1, 0)]
)
def test_what_is_put_off_comes_after_its_own_rank_or_at_the_end(ranks: list[int], rank: int, place: int) -> None:
    assert after_its_rank(ranks, rank) == place
