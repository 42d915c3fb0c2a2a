"""Published order batching instances read from their text, and refused with the line that makes no sense."""

from __future__ import annotations

import pytest

from picking.errors import FieldError
from picking.formats.henn_waescher import read_henn_waescher
from picking.formats.muter_oencan import read_muter_oencan

# Made up here, in the published format.
TINY = """\
NAME : tiny.txt
TYPE : Order_batching
COMMENT : made up
PICKER_CAPACITY : 5
LAYOUT : single-block
NUM_AISLES : 3
NUM_CELLS : 4
DEPOT_AISLE : 0
DEPOT_LOCATION : bottom
DISTANCE_AISLE_TO_AISLE : 2.4
DISTANCE_CELL_TO_CELL : 1
DISTANCE_TOP_TO_CELL : 1
DISTANCE_BOTTOM_TO_CELL : 1
DISTANCE_TOP_OR_BOTTOM_TO_DEPOT : 0
ARTICLE_SECTION
NUM_ARTICLES : 3
ID 0 WEIGHT 1
ID 1 WEIGHT 2
ID 2 WEIGHT 1
SKU_SECTION
NUM_SKUS : 3
ID 2 AISLE 0 CELL 3 QUANTITY 1 LEFT_RIGHT_HAND_SIDE left
ID 0 AISLE 2 CELL 0 QUANTITY 1 LEFT_RIGHT_HAND_SIDE left
ID 1 AISLE 2 CELL 2 QUANTITY 1 LEFT_RIGHT_HAND_SIDE right
ORDER_SECTION
NUM_ORDERS : 2
NUM_ARTICLES_IN_ORDER : 2
ID 0 QUANTITY 1
ID 1 QUANTITY 2
NUM_ARTICLES_IN_ORDER : 2
ID 2 QUANTITY 1
ID 2 QUANTITY 1
EOF
"""


def test_lengths_become_tenths() -> None:
    instance = read_henn_waescher(TINY)

    assert instance.aisle_x == (0, 24, 48)
    assert instance.length == 10 + 3 * 10 + 10
    assert instance.depot == (0, 0)
    assert instance.capacity == 5


def test_order_has_each_stop_once_and_the_weight_of_all_pieces() -> None:
    # Cells count from the far end of the aisle: article 2 in cell 3 of 4 lies next to the depot's cross-aisle.
    orders = read_henn_waescher(TINY).orders

    assert [order.stops for order in orders] == [((2, 20), (2, 40)), ((0, 10),)]
    assert [order.load for order in orders] == [1 * 1 + 2 * 2, 2]


def test_muter_oencan_walks_one_and_a_half_from_the_aisle_end_to_the_cell() -> None:
    instance = read_muter_oencan(TINY)

    assert instance.length == 15 + 30 + 15
    assert instance.orders[1].stops == ((0, 15),)


def test_depot_at_the_top_stands_at_the_far_end() -> None:
    assert read_henn_waescher(TINY.replace("LOCATION : bottom", "LOCATION : top")).depot == (0, 50)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("PICKER_CAPACITY : 5", "PICKER_CAPACITY : some", "line 4: must have a whole number where it says 'some'"),
        ("PICKER_CAPACITY : 5\n", "", "line 14: the header ends without PICKER_CAPACITY"),
        ("NUM_CELLS : 4", "NUM_CELLS : 0", "line 7: NUM_CELLS must be at least 1"),
        ("COMMENT : made up", "NAME : again", "line 3: NAME stands in line 1 already"),
        ("_TO_AISLE : 2.4", "_TO_AISLE : 2.45", "line 10: .* one decimal at most"),
        ("_TO_AISLE : 2.4", "_TO_AISLE : -2.4", "line 10: must have a whole number where it says '-2'"),
        ("LOCATION : bottom", "LOCATION : left", "line 9: DEPOT_LOCATION must be bottom or top"),
        ("DEPOT_AISLE : 0", "DEPOT_AISLE : 3", "line 8: there are 3 aisles, got 3"),
        ("TO_DEPOT : 0", "TO_DEPOT : 2", "line 14: a depot away from its aisle's end"),
        ("single-block", "two-block", "line 5: LAYOUT must be single-block"),
        ("ID 1 WEIGHT 2", "ID 1 HEIGHT 2", "line 18: must read ID … WEIGHT …"),
        ("ID 1 WEIGHT 2", "ID 0 WEIGHT 2", "line 18: article 0 is there twice"),
        ("ID 0 AISLE 2 CELL 0", "ID 0 AISLE 2 CELL 4", "line 23: the floor has 3 aisles of 4 cells"),
        ("ID 0 AISLE 2", "ID 2 AISLE 2", "line 23: article 2 has a cell already"),
        ("SKU_SECTION\n", "", "line 20: must be SKU_SECTION"),
        ("ORDER_SECTION\n", "", "line 25: must be ORDER_SECTION"),
        ("ID 1 QUANTITY 2", "ID 7 QUANTITY 2", "line 29: article 7 has no cell"),
        ("NUM_ORDERS : 2", "NUM_ORDERS : 3", "line 33: must read NUM_ARTICLES_IN_ORDER"),
        ("ID 2 QUANTITY 1\nEOF\n", "", "line 32: the file ends too early"),
    ],
)
def test_what_makes_no_sense_names_its_line(before: str, after: str, words: str) -> None:
    with pytest.raises(FieldError, match=words):
        read_henn_waescher(TINY.replace(before, after))
