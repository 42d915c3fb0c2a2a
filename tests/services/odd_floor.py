"""A floor that is no grid, for tests: a ring with a one-way back, stairs to a loft, a bin up there attached by name."""

from __future__ import annotations

from typing import Any

from fulfillment.services.imports import import_locations, import_walk_points, import_walkways
from fulfillment.services.walking import floor_plan
from tests.factories import FloorHand

POINTS = """code,x_dm,y_dm,storey
GATE,0,0,
NORTH,0,60,
EAST,80,0,
CORNER,80,60,
FOOT,120,0,
HEAD,120,0,1
LOFT,120,50,1
"""
WAYS = """code,from,to,length_dm,takes_s,is_one_way
FRONT,GATE,EAST,,,
LEFT,GATE,NORTH,,,
BACK,NORTH,CORNER,,,1
RIGHT,CORNER,EAST,,,
SPUR,EAST,FOOT,,,
STAIRS,FOOT,HEAD,,30,
UPSTAIRS,HEAD,LOFT,,,
"""
PLACED = """code,kind,x_dm,y_dm,storey,walk_point
A01-01-1,bin,0,10,,
A01-02-1,bin,0,40,,
A01-03-1,bin,70,60,,
A02-01-1,bin,80,30,,
A02-02-1,bin,999,999,,LOFT
"""


def lay_walkways(hand: FloorHand) -> FloorHand:
    """Points, ways, and the five bins of the usual floor standing along them."""
    for report in (
        import_walk_points(hand.floor.writer, POINTS.encode()),
        import_walkways(hand.floor.writer, WAYS.encode()),
        import_locations(hand.floor.writer, PLACED.encode()),
    ):
        assert report.is_ok, report.errors
    hand.write(_all_at_the_gate)
    return hand


def _all_at_the_gate(tx: Any) -> None:
    tx.put(
        "UPDATE location SET walk_point_id = (SELECT id FROM walk_point WHERE warehouse_id = :w AND code = 'GATE')"
        " WHERE warehouse_id = :w AND kind IN ('dock', 'staging', 'station', 'ship_lane')"
    )
    floor_plan.changed(tx)
