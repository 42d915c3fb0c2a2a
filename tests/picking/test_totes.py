from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from random import Random
from typing import Any

import pytest
from picking_floors import DEPOT, bin_at

from picking import Cart, FieldError, PackedTote, PickLine, PickOrder, pack_totes
from picking.batches.totes import OPEN_TOTES, TOTES_A_LINE


def line(
    name: str, qty_each: int, volume_ml: int = 0, weight_g: int = 0, x: int = 0, y: int = 10
) -> PickLine:
    return PickLine(name, bin_at(x, y), qty_each, volume_ml, weight_g)


def contents(totes: Iterable[PackedTote]) -> list[list[tuple[str, int]]]:
    return [[(pick.line_id, pick.qty_each) for pick in tote.picks] for tote in totes]


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


def test_a_line_of_more_totes_than_anybody_pushes_is_one_load_whatever_its_quantity() -> None:
    for big in (line("big", TOTES_A_LINE + 1, 1500), line("many", 10**9, 100)):
        (load,) = pack_totes([big], 1000, 5000)
        assert (load.picks[0].qty_each, load.is_oversize) == (big.qty_each, True)
    assert len(pack_totes([line("big", TOTES_A_LINE, 1500)], 1000, 5000)) == TOTES_A_LINE


def test_a_line_looks_at_so_many_open_totes_and_not_at_all_there_are() -> None:
    halves = [line(f"half {number}", 6, 100) for number in range(OPEN_TOTES)]
    rest = line("rest", 4, 100)
    assert len(pack_totes([*halves, rest], 1000, 5000)) == OPEN_TOTES
    # The oldest is no longer looked at; the newest ones are full.
    full = [line(f"full {number}", 10, 100) for number in range(OPEN_TOTES)]
    assert contents(pack_totes([halves[0], *full, rest], 1000, 5000))[-1] == [("rest", 4)]


def test_thousands_of_lines_fill_no_more_totes_than_is_proven_and_lose_no_piece() -> None:
    random = Random(5)
    lines = [
        line(str(number), random.randint(1, 9), random.randint(1, 300), random.randint(1, 1500))
        for number in range(20_000)
    ]
    totes = pack_totes(lines, 1000, 5000)
    packed: Counter[str] = Counter()
    for tote in totes:
        packed.update({pick.line_id: pick.qty_each for pick in tote.picks})
    assert packed == {one.line_id: one.qty_each for one in lines}
    assert all(tote.volume_ml <= 1000 and tote.weight_g <= 5000 and not tote.is_oversize for tote in totes)
    filled = sum(tote.volume_ml for tote in totes) / 1000 + sum(tote.weight_g for tote in totes) / 5000
    assert len(totes) <= 2 * filled + 1


def test_no_lines_need_no_tote() -> None:
    assert pack_totes([], 1000, 1000) == ()


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


def test_one_line_twice_in_an_order_is_refused() -> None:
    with pytest.raises(FieldError, match=r"lines\[1\]\.line_id: '7' is used twice in order a"):
        PickOrder("a", (line("7", 1), line("7", 2)))


def test_a_cart_without_positions_is_refused() -> None:
    with pytest.raises(FieldError, match="positions"):
        Cart(0, 1000, 1000)
