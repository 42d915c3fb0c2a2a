"""A bench that weighs, what is packed there in one go, and what the scale says. Through the services."""

from __future__ import annotations

from typing import Any

from fulfillment.domain.codes import own_code
from fulfillment.services.packing import weigh_rules
from tests.factories import FloorHand
from tests.services.packing.a_bench import BENCH, at_bench, code_of, pick_into

M_TARE_G, XL_TARE_G = 240, 620
MUGS_G = M_TARE_G + 2 * 350  # two mugs in carton M


def equip(hand: FloorHand) -> None:
    """Give the bench a scale; stock mugs of 350 g, pens of 12 g, bags and caps nobody knows the weight of."""
    for sku, weight_g, bin_code in (("MUG", 350, "A01-01-1"), ("PEN", 12, "A01-02-1"), ("BAG", 0, "A01-03-1"),
                                    ("CAP", 0, "A02-01-1")):  # fmt: skip
        hand.item(sku, weight_g=weight_g, name=sku.title())
        hand.stock(sku, 60, bin_code)
    hand.write(lambda tx: weigh_rules.set_station(tx, BENCH, weighs=True))


def fill(hand: FloorHand, *lines: tuple[str, int], number: str = "SO-1", carton: str = "M") -> None:
    """Order, pick and pack these lines into one carton at the bench."""
    hand.order(number, *lines)
    pick_into(hand, number)
    at_bench(hand)
    if carton:
        hand.scan(BENCH, own_code("P", carton))
    for sku, qty_each in lines:
        for _ in range(qty_each):
            hand.scan(BENCH, sku)
            assert code_of(hand) is None, hand.answer


def weigh(
    hand: FloorHand, grams: int, zeroing: int = 1, scan_id: str | None = None, station: str = BENCH
) -> dict[str, Any]:
    """The scale at the bench says a stable weight."""
    return hand.scan(station, own_code("W", f"S{grams}-{zeroing}"), scan_id=scan_id)


def weighings(hand: FloorHand) -> list[tuple[int, str, str]]:
    """(grams, judged, why) of every weight that was put on a parcel."""
    rows = hand.all("SELECT weighed_g, judged, why FROM parcel_weighing WHERE warehouse_id = :w ORDER BY id")
    return [(row["weighed_g"], row["judged"], row["why"]) for row in rows]


def weight_of(hand: FloorHand, sku: str) -> dict[str, Any]:
    """What is known of an item's weight."""
    [one] = [one for one in hand.write(weigh_rules.unit_weights) if one["sku"] == sku]
    return one


def close_anyway(hand: FloorHand, reason: str) -> None:
    """A supervisor's word and a reason."""
    hand.say(BENCH, "OVERRIDE")
    hand.scan(BENCH, own_code("B", "1001"))
    hand.scan(BENCH, own_code("Y", reason))
