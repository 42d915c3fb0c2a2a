from __future__ import annotations

import pytest
from picking_floors import TWO_BLOCKS, bin_at

from picking import FieldError, Layout, Spot, check_layout, infer_layout


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


def test_a_sound_floor_gives_no_words() -> None:
    storage = [bin_at(x, y, level) for x in (0, 40, 80) for y in (20, 60, 120) for level in (0, 1)]
    assert check_layout(TWO_BLOCKS, storage) == []


@pytest.mark.parametrize(
    ("storage", "words"),
    [
        (Spot("B", 0, 20), "B: same point and level as X0000-Y0020-0"),
        (Spot("X0040-Y0020-0", 40, 30), "X0040-Y0020-0: the name is used twice"),
        (Spot("C", 39, 20), "C: in no aisle (x 39 dm; the nearest aisle is at x 40 dm)"),
        (Spot("D", 0, 100), "D: stands in the cross-aisle at y 100 dm"),
        (Spot("E", 0, 240), "E: in a dead end outside the cross-aisles"),
    ],
)
def test_a_misplaced_bin_is_named(storage: Spot, words: str) -> None:
    sound = [bin_at(x, 20) for x in (0, 40, 80)]
    found = check_layout(TWO_BLOCKS, [*sound, storage])
    assert len(found) == 1
    assert found[0].startswith(words)


def test_two_levels_of_one_bay_are_two_bins() -> None:
    assert check_layout(Layout((0,), (0, 50)), [bin_at(0, 20, 1), bin_at(0, 20, 2)]) == []


def test_an_empty_aisle_and_two_faces_of_one_aisle_are_reported() -> None:
    found = check_layout(Layout((0, 8, 90), (0, 50)), [bin_at(0, 20), bin_at(8, 20)])
    assert found == [
        "aisle at x 90 dm: holds no storage",
        "aisles at x 0 dm and 8 dm: nearer than 10 dm; two faces of one aisle?",
    ]


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
def test_a_wrong_layout_names_the_field(
    aisles: tuple[int, ...], crosses: tuple[int, ...], field: str
) -> None:
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
