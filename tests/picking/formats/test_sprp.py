from __future__ import annotations

from pathlib import Path

import pytest

from picking import FieldError, TourProblem, plan_tour
from picking.formats.sprp import parse_sprp, read_sprp

FILES = Path(__file__).parents[2] / "data" / "sprp_ss"


def text_of(name: str) -> str:
    return (FILES / name).read_text(encoding="latin-1")


@pytest.mark.parametrize(
    ("name", "blocks", "optimum"),
    [
        ("unit_F1_m5_C30_a3_16.txt", 1, 80),
        ("unit_F1_m5_C30_a3_16.txt", 2, 68),
        ("unit_F1_m10_C60_a15_25.txt", 1, 460),
        ("unit_F1_m10_C60_a15_25.txt", 2, 312),
    ],
)
def test_the_floor_that_was_read_has_the_published_optimum(name: str, blocks: int, optimum: int) -> None:
    instance = read_sprp(FILES / name, blocks)
    assert not instance.is_scattered
    tour = plan_tour(TourProblem(instance.layout, instance.depot, instance.depot, instance.stops), 2_000)
    assert tour.distance_dm == optimum


def test_cell_0_is_at_the_top_and_a_middle_cross_aisle_is_one_wide() -> None:
    one, two = (read_sprp(FILES / "unit_F1_m5_C30_a3_16.txt", blocks) for blocks in (1, 2))
    assert one.layout.cross_aisle_y_dm == (0, 31)
    assert two.layout.cross_aisle_y_dm == (0, 16, 32)
    assert (one.depot.x_dm, one.depot.y_dm, two.depot.y_dm) == (3, 31, 32)
    ys = {position.spot.name: position.spot.y_dm for position in one.positions}
    assert ys == {"A2-21-L": 9, "A2-10-L": 20, "A4-16-L": 14}
    assert {position.spot.name: position.spot.y_dm for position in two.positions} == {
        "A2-21-L": 9,
        "A2-10-L": 21,
        "A4-16-L": 14,
    }


def test_scattered_goods_keep_their_quantities_and_places() -> None:
    instance = read_sprp(FILES / "varying_F2_m5_C30_a3_1.txt")
    assert instance.name == "varying_F2_m5_C30_a3_1.txt"
    assert instance.is_scattered
    assert instance.wanted_each == ((0, 2), (1, 2), (2, 1))
    assert len(instance.positions) == 11
    assert [position.qty_each for position in instance.positions if position.article == 0] == [3]


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("NUM_AISLES : 5", "NUM_AISLES : five", "line 5: NUM_AISLES must be a whole number"),
        ("NUM_CELLS : 30", "NUM_CELLS : 0", "line 6: NUM_CELLS must be at least 1"),
        ("DEPOT_AISLE : 1", "DEPOT_AISLE : 5", "line 7: DEPOT_AISLE 5 is none of 5 aisles"),
        ("DEPOT_LOCATION : top", "DEPOT_LOCATION : left", "line 8: DEPOT_LOCATION must be top or bottom"),
        ("LAYOUT : single-block", "LAYOUT : round", "line 4: LAYOUT must be single-block"),
        ("NUM_CELLS : 30", "NUM_AISLES : 30", "line 6: NUM_AISLES is given twice"),
        ("NUM_CELLS : 30", "NUM_SHELVES : 30", "line 6: must be 'NAME : value' of the header"),
        ("ARTICLE_SECTION", "ARTICLES", "line 14: must be ARTICLE_SECTION"),
        ("NUM_SKUS : 3", "NUM_SKUS 3", "line 20: must be 'NUM_SKUS : number'"),
        ("NUM_SKUS : 3", "NUM_SKUS : 4", "line 24: must end in LEFT_RIGHT_HAND_SIDE"),
        ("ID 0 AISLE 2", "ID 0 AISLE 7", "line 21: AISLE 7 is none of 5 aisles"),
        ("CELL 10", "CELL 30", "line 22: CELL 30 is none of 30 cells"),
        ("CELL 16 QUANTITY 1", "CELL 16 QUANTITY -1", "line 23: QUANTITY must be a whole number"),
        ("CELL 16 QUANTITY 1", "CELL 16 PIECES 1", "line 23: must be ID … AISLE … CELL … QUANTITY …"),
        ("ID 1 QUANTITY 1\nID 2", "ID 0 QUANTITY 1\nID 2", "line 27: article 0 is ordered twice"),
        ("ID 2 QUANTITY 1\nEOF", "ID 2 QUANTITY 2\nEOF", "line 28: 2 of article 2 are ordered, 1 are stored"),
        ("ID 2 QUANTITY 1\nEOF", "", "line 28: must be a line of ORDER_SECTION, but the file ends here"),
    ],
)
def test_what_is_wrong_is_named_by_its_line(wrong: str, right: str, said: str) -> None:
    text = text_of("unit_F1_m5_C30_a3_16.txt")
    assert text.count(wrong) == 1
    with pytest.raises(FieldError) as error:
        parse_sprp(text.replace(wrong, right))
    assert str(error.value).startswith(said)


def test_two_blocks_need_cells_that_can_be_halved() -> None:
    text = text_of("unit_F1_m5_C30_a3_16.txt").replace("NUM_CELLS : 30", "NUM_CELLS : 31")
    assert parse_sprp(text).layout.blocks == 1
    with pytest.raises(FieldError, match="blocks: two blocks need an even number of cells"):
        parse_sprp(text, 2)
    with pytest.raises(FieldError, match="blocks: "):
        parse_sprp(text, 3)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FieldError, match="file: cannot be read"):
        read_sprp(tmp_path / "none.txt")
