"""A floor with one item in each bin of two aisles, what its tours look like from outside, a walk to stand in."""

from __future__ import annotations

from fulfillment.services.releasing import planning
from fulfillment.services.working import jobs
from tests.factories import FloorHand
from tests.services.acts import go_to_stop, release, take_tour

PLACES = ("A01-01-1", "A01-02-1", "A01-03-1", "A02-01-1", "A02-02-1")


def stock_every_bin(hand: FloorHand) -> FloorHand:
    """Fifty of an item that is called as its bin."""
    for place in PLACES:
        hand.item(place)
        hand.stock(place, 50, place)
    return hand


def work_off(hand: FloorHand) -> None:
    """Run what was asked of the planner."""
    while jobs.run_next(hand.floor, planning.kinds(tour_ms=100)):
        pass


def open_stops(hand: FloorHand) -> list[str]:
    """Where pickers still go, tour by tour, in the order they go."""
    rows = hand.all(
        "SELECT l.code FROM task k JOIN location l ON l.warehouse_id = k.warehouse_id AND l.id = k.location_id"
        " WHERE k.warehouse_id = :w AND k.kind = 'pick' AND k.state = 'open' ORDER BY k.tour_id, k.sequence, k.id"
    )
    return [row["code"] for row in rows]


def stocked_tour(hand: FloorHand) -> None:
    """One order of 3 MUG in A01-01-1, its tour claimed at HAND-1, its tote on the cart, its picker before the bin."""
    hand.item("MUG")
    hand.stock("MUG", 10, "A01-01-1")
    hand.order("SO-1", ("MUG", 3))
    release(hand)
    take_tour(hand)
    go_to_stop(hand)
