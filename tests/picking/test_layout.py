from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from picking_floors import TWO_BLOCKS, bin_at

from picking import Closed, FieldError, Layout, OneWay, Spot, infer_layout


def test_an_aisle_stands_at_every_distinct_x() -> None:
    assert infer_layout([bin_at(70, 10), bin_at(0, 10), bin_at(35, 22)]).aisle_x_dm == (0, 35, 70)


def test_a_gap_clearly_wider_than_the_bay_pitch_is_a_cross_aisle() -> None:
    """Bays every 12 dm at 10..46, then again from 88: pitch 12, gap 42, its middle at 67; ends one pitch
    out.
    """
    ys = [10, 22, 34, 46, 88, 100, 112]
    layout = infer_layout([bin_at(x, y) for x in (0, 35) for y in ys])
    assert layout.cross_aisle_y_dm == (-2, 67, 124)


def test_a_gap_in_one_aisle_only_is_no_cross_aisle() -> None:
    blocked = [bin_at(35, y) for y in range(10, 120, 12)]
    layout = infer_layout([bin_at(0, y) for y in (10, 22, 34, 82, 94, 106)] + blocked)
    assert len(layout.cross_aisle_y_dm) == 2


def test_aisles_offset_against_each_other_do_not_shrink_the_pitch() -> None:
    left = [bin_at(0, y) for y in range(0, 100, 10)]
    right = [bin_at(40, y) for y in range(5, 100, 10)]
    assert len(infer_layout(left + right).cross_aisle_y_dm) == 2


def test_given_cross_aisles_are_taken_as_given() -> None:
    assert infer_layout([bin_at(0, 10)], [200, 0, 100, 0]) == Layout((0,), (0, 100, 200))


def test_a_single_bin_gets_the_usual_bay_pitch() -> None:
    assert infer_layout([bin_at(5, 100)]) == Layout((5,), (88, 112))


def test_no_storage_is_no_layout() -> None:
    with pytest.raises(FieldError, match="storage"):
        infer_layout([])


def test_a_point_belongs_to_the_block_above_it_and_dead_ends_to_the_nearest_block() -> None:
    assert [TWO_BLOCKS.block_of(y) for y in (-5, 0, 99, 100, 199, 200, 300)] == [0, 0, 0, 1, 1, 1, 1]
    assert Layout((0,), (50,)).block_of(70) == 0


def test_a_dock_is_reached_over_the_nearest_cross_aisle_the_lower_one_when_equally_near() -> None:
    assert [TWO_BLOCKS.nearest_cross_aisle(y) for y in (-99, 50, 51, 160, 999)] == [0, 0, 1, 2, 2]


@pytest.mark.parametrize(
    ("aisles", "crosses", "field"),
    [
        ((), (0,), "aisle_x_dm"),
        ((0,), (), "cross_aisle_y_dm"),
        ((0, 0), (0,), "aisle_x_dm[1]"),
        ((0, 5), (9, 3), "cross_aisle_y_dm[1]"),
        ((0, 1.5), (0,), "aisle_x_dm[1]"),
        ((True,), (0,), "aisle_x_dm[0]"),
        ((10**9,), (0,), "aisle_x_dm[0]"),
        ([0], (0,), "aisle_x_dm"),
    ],
)
def test_a_wrong_layout_names_the_field(aisles: tuple[int, ...], crosses: tuple[int, ...], field: str) -> None:
    with pytest.raises(FieldError) as refused:
        Layout(aisles, crosses)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("values", "field"),
    [
        (("", 0, 0, 0), "name"),
        ((7, 0, 0, 0), "name"),
        (("N" * 201, 0, 0, 0), "name"),
        (("A", "0", 0, 0), "x_dm"),
        (("A", 0, 10**7, 0), "y_dm"),
        (("A", 0, 0, -1), "level"),
    ],
)
def test_a_wrong_spot_names_the_field(values: tuple[str, int, int, int], field: str) -> None:
    with pytest.raises(FieldError) as refused:
        Spot(*values)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ({"one_way": (OneWay(3, is_up=True),)}, "one_way[0].aisle"),
        ({"one_way": (OneWay(0, is_up=True), OneWay(1, is_up=True, block=2))}, "one_way[1].block"),
        ({"one_way": (OneWay(0, is_up=True), OneWay(0, is_up=False, block=1))}, "one_way[1].is_up"),
        ({"one_way": [OneWay(0, is_up=True)]}, "one_way"),
        ({"one_way": (Closed(0, 1, 2),)}, "one_way[0]"),
        ({"closed": (Closed(3, 1, 2),)}, "closed[0].aisle"),
        ({"busy_dm": ((0, 0),)}, "busy_dm[0]"),
        ({"busy_dm": ((3, 0, 5),)}, "busy_dm[0][0]"),
        ({"busy_dm": ((0, 2, 5),)}, "busy_dm[0][1]"),
        ({"busy_dm": ((0, 0, -1),)}, "busy_dm[0][2]"),
        ({"busy_dm": ((0, 0, 5), (0, 0, 6))}, "busy_dm[1]"),
    ],
)
def test_a_wrong_rule_of_an_aisle_names_the_field(rules: dict[str, Any], field: str) -> None:
    with pytest.raises(FieldError) as refused:
        Layout((0, 40, 80), (0, 100, 200), **rules)
    assert refused.value.field == field


def test_a_dead_end_floor_has_no_one_way_aisles() -> None:
    with pytest.raises(FieldError, match=r"one_way\[0\]: .* dead end"):
        Layout((0,), (0,), one_way=(OneWay(0, is_up=True),))


@pytest.mark.parametrize(
    ("build", "field"),
    [
        (lambda: OneWay(-1, True), "aisle"),
        (lambda: OneWay(0, 1), "is_up"),
        (lambda: OneWay(0, True, -1), "block"),
        (lambda: Closed(0, 5, 5), "to_dm"),
        (lambda: Closed(0, 0.5, 5), "from_dm"),
    ],
)
def test_a_rule_that_cannot_be_names_the_field(build: Callable[[], object], field: str) -> None:
    with pytest.raises(FieldError) as refused:
        build()
    assert refused.value.field == field


def test_only_a_layout_without_rules_is_plain() -> None:
    assert TWO_BLOCKS.is_plain
    assert not Layout((0,), (0, 9), closed=(Closed(0, 1, 2),)).is_plain
    assert not Layout((0,), (0, 9), busy_dm=((0, 0, 5),)).is_plain
