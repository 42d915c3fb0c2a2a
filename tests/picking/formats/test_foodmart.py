"""The graph format of the Foodmart instances, read into aisles, blocks and a depot with its own ways."""

from __future__ import annotations

import pytest

from picking.errors import FieldError
from picking.formats.foodmart import read_foodmart

# Made up here, in the published format: two aisles, two blocks, three places.
TINY = """\
//NbLocations
3
//NbProducts
4
//K: NbBoxesTrolley
8
//B: CapaBox
40
//Products
//Idx Location Volume
1 1 1
2 2 1
3 3 1
4 2 1
//Orders
//Nb Orders
2
//Idx M NbProdInOrder ProdIdx1 Qty1 ProdIdx2 Qty2 ...
1 2 3 1 4 2 3 4 1
2 1 1 3 2
//Graph (Products are vertices indexed from 1 to NbLocations)
//NbVerticesIntersections
6
//DepartingDepot
0
//ArrivalDepot
10
//Arcs
//Start End Distance
0 4 2.5
0 7 5.59
4 1 1.0
1 2 3.0
2 5 6.0
5 6 9.0
7 8 10.0
8 3 4.25
3 9 4.75
4 7 5.0
5 8 5.0
6 9 5.0
//LocStart LocEnd ShortestPath
0 1 3.5
//Vertices coordinates LocationName
0 2.5 -1.0 "depot"
2 2.5 5.5 "product aisle 0 bloc 0 rank 4"
1 2.5 2.5 "product aisle 0 bloc 0 rank 1"
3 7.5 30.5 "product aisle 1 bloc 1 rank 22"
4 2.5 1.5 "intersection aisle 0 bloc 0 rank 0"
5 2.5 11.5 "intersection aisle 0 bloc 1 rank 1"
6 2.5 20.5 "intersection aisle 0 bloc 2 rank 2"
7 7.5 1.5 "intersection aisle 1 bloc 0 rank 0"
8 7.5 11.5 "intersection aisle 1 bloc 1 rank 1"
9 7.5 20.5 "intersection aisle 1 bloc 2 rank 2"
"""


def test_floor_is_read_in_hundredths() -> None:
    instance = read_foodmart(TINY)

    assert instance.length == ((1000, 900), (1000, 900))
    assert instance.step == ((500, 500, 500), (0, 0, 0))
    assert instance.spoke == (250, 559)
    assert instance.capacity == 8


def test_order_has_its_boxes_and_each_place_once() -> None:
    orders = read_foodmart(TINY).orders

    assert [order.load for order in orders] == [2, 1]
    assert [order.stops for order in orders] == [((0, 100), (0, 400)), ((3, 425),)]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("//Arcs\n//Start End Distance\n", "//Start End Distance\n", "the file ends without //Arcs"),
        ("8\n//B", "eight\n//B", "line 6: must have a whole number where it says 'eight'"),
        ("8\n//B", "8 9\n//B", "line 6: //K: must be one whole number"),
        ("2 1 1 3 2", "2 1 2 3 2", "line 20: must list as many products"),
        ("2 1 1 3 2", "2 1 1 9 2", "line 20: product 9 lies in no aisle"),
        ("0 7 5.59", "0 7 5.591", "line 31: must have two decimals at most"),
        ("0 7 5.59", "0 7", "line 31: must be start, end and distance"),
        ("0 7 5.59", "1 7 5.59", "line 52: no arc leads from place 0 to place 7"),
        ("aisle 1 bloc 1 rank 22", "row 1", "line 48: must name a place in an aisle"),
        ('9 7.5 20.5 "intersection aisle 1 bloc 2 rank 2"\n', "", "line 53: the crossings are no grid of 2 aisles"),
    ],
)
def test_what_makes_no_sense_names_its_line(before: str, after: str, words: str) -> None:
    assert before in TINY
    with pytest.raises(FieldError, match=words):
        read_foodmart(TINY.replace(before, after))
