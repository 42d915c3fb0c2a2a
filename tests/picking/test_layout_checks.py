from __future__ import annotations

import pytest
from picking_floors import TWO_BLOCKS, bin_at

from picking import Closed, Layout, OneWay, Spot, check_layout


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


STORAGE = [bin_at(x, y) for x in (0, 40) for y in (20, 50, 80)]
DOCK = Spot("dock", 20, -10)


def test_a_bin_in_a_closed_stretch_and_the_bins_cut_off_behind_it_are_named() -> None:
    floor = Layout((0, 40), (0, 100), closed=(Closed(0, 15, 30), Closed(0, 70, 100)))
    assert check_layout(floor, STORAGE, [DOCK]) == [
        "X0000-Y0020-0: in a closed stretch of the aisle at x 0 dm (y 20 dm)",
        "X0000-Y0080-0: in a closed stretch of the aisle at x 0 dm (y 80 dm)",
        "aisle at x 0 dm: 1 bin between y 50 and 50 dm cannot be reached",
    ]


def test_one_way_aisles_that_trap_the_picker_are_named() -> None:
    floor = Layout((0, 40), (0, 100), one_way=(OneWay(0, is_up=True), OneWay(1, is_up=True)))
    assert check_layout(floor, STORAGE, [DOCK]) == [
        "cross-aisle at y 100 dm: one-way aisles let nobody out of it again",
        "aisle at x 0 dm: 3 bins between y 20 and 80 dm cannot be left again",
        "aisle at x 40 dm: 3 bins between y 20 and 80 dm cannot be left again",
    ]


def test_one_way_aisles_that_lead_only_towards_the_dock_let_nobody_in() -> None:
    floor = Layout((0, 40), (0, 100), one_way=(OneWay(0, is_up=False), OneWay(1, is_up=False)))
    found = check_layout(floor, STORAGE, [DOCK])
    assert found[0] == "cross-aisle at y 100 dm: cannot be reached"
    assert len(found) == 3


def test_one_way_aisles_that_alternate_give_no_words() -> None:
    floor = Layout((0, 40), (0, 100), one_way=(OneWay(0, is_up=True), OneWay(1, is_up=False)))
    assert check_layout(floor, STORAGE, [DOCK]) == []
    assert check_layout(floor, STORAGE) == []


def test_a_dock_far_away_or_in_a_closed_stretch_is_named() -> None:
    floor = Layout((0, 40), (0, 100), closed=(Closed(1, 0, 10),))
    far, shut = Spot("yard", 20, -2000), Spot("bench", 40, 5)
    assert check_layout(floor, STORAGE, [far, shut, DOCK]) == [
        "yard: 200 m outside the aisles; a typing mistake?",
        "bench: in a closed stretch of the aisle at x 40 dm (y 5 dm)",
    ]
