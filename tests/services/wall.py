"""A floor with a put wall, and what pickers, sorters and packers do with a batch. Through the services."""

from __future__ import annotations

from typing import Any

from fulfillment.domain.codes import own_code
from fulfillment.services.releasing import planning, waves
from fulfillment.services.sorting import put_walls
from tests.factories import NOBODY, FloorHand
from tests.services import acts

AT_WALL = own_code("L", "WALL-1")
SORTER, PACKER = "HAND-2", "BENCH-1"
LOST = own_code("Y", "LOST")


def equip(hand: FloorHand, rows: int = 2, columns: int = 3, code: str = "W1", place: str = "WALL-1") -> FloorHand:
    """A wall of so many slots at a staging location of its own."""

    def work(tx: Any) -> None:
        tx.insert("location", code=place, kind="staging", x_dm=20, y_dm=0)
        put_walls.put_wall(tx, code, {"location": place, "rows": rows, "columns": columns})

    hand.write(work)
    return hand


def stock(hand: FloorHand, *skus: str) -> None:
    """Fifty of each in a bin of its own."""
    for sku, place in zip(skus, ("A01-01-1", "A01-03-1", "A02-02-1", "A02-01-1"), strict=False):
        hand.item(sku)
        hand.stock(sku, 50, place)


def release(hand: FloorHand, *numbers: str) -> int:
    """Release orders as a batch and plan its tours."""
    wave = hand.write(lambda tx: waves.release(tx, NOBODY, list(numbers) or None, mode="batch"))["wave"]
    planning.plan_wave(hand.floor, wave, tour_ms=1)
    return wave


def pick(hand: FloorHand, station: str = "HAND-1", cart: int = 0, first_tote: int = 0) -> list[str]:
    """Walk one batch tour to its end and set its totes down at the wall; their codes."""
    acts.take_tour(hand, station, cart, first_tote)
    while hand.step()["state"] in ("location", "item"):
        assert acts.make_stop(hand, station)["outcome"] == "applied"
    totes = hand.step()["fields"]["totes"]
    assert hand.scan(station, AT_WALL)["outcome"] == "applied"
    return totes


def picked(hand: FloorHand) -> list[str]:
    """Everything allocated released as a batch, picked, and at the wall; the totes."""
    release(hand)
    return pick(hand)


def open_tote(hand: FloorHand, tote: str, station: str = SORTER) -> dict[str, Any]:
    """Go to the wall and scan a tote."""
    hand.scan(station, own_code("B", "1001"))
    if hand.step()["flow"] != "sort":
        hand.say(station, "HOME")
        hand.say(station, "SORT")
    return hand.scan(station, own_code("T", tote))


def put(hand: FloorHand, sku: str, station: str = SORTER, qty_each: int | None = None) -> dict[str, Any]:
    """Scan a unit and the slot that lights up; the screen between them."""
    lit = hand.scan(station, sku, qty_each)
    assert lit["outcome"] == "applied", lit
    answer = hand.scan(station, lit["step"]["fields"]["slot"]["barcode"])
    assert answer["outcome"] == "applied", answer
    return lit["step"]["fields"]


def sort(hand: FloorHand, tote: str, station: str = SORTER) -> None:
    """Put every unit of a tote."""
    answer = open_tote(hand, tote, station)
    assert answer["outcome"] == "applied", answer
    while hand.step()["state"] == "item":
        put(hand, left_in(hand, tote)[0], station)


def left_in(hand: FloorHand, tote: str) -> list[str]:
    """SKUs of the units in a batch tote that are still to be sorted."""
    rows = hand.all(
        "SELECT i.sku, SUM(b.on_hand_each) AS units FROM lpn t"
        " JOIN lpn p ON p.warehouse_id = t.warehouse_id AND p.parent_lpn_id = t.id AND p.kind = 'share'"
        " JOIN sales_order o ON o.warehouse_id = p.warehouse_id AND o.id = p.order_id AND o.is_cancelled = 0"
        " JOIN stock_balance b ON b.warehouse_id = p.warehouse_id AND b.lpn_id = p.id"
        " JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
        " WHERE t.warehouse_id = :w AND t.code = :code GROUP BY i.sku ORDER BY i.sku",
        code=tote,
    )
    return [row["sku"] for row in rows for _ in range(row["units"])]


def slots(hand: FloorHand, code: str = "W1") -> dict[str, tuple[str, str | None, int]]:
    """Slots that are not free: name → state, order, units."""
    wall = hand.floor.read(lambda tx: put_walls.described(tx, code))
    return {
        slot["name"]: (slot["state"], slot["order"], slot["units"]) for slot in wall["slots"] if slot["state"] != "free"
    }


def slot_of(hand: FloorHand, number: str, code: str = "W1") -> str:
    """The barcode of an order's slot."""
    wall = hand.floor.read(lambda tx: put_walls.described(tx, code))
    return next(slot["barcode"] for slot in wall["slots"] if slot["order"] == number)


def pack(hand: FloorHand, number: str) -> None:
    """Pack an order from its slot at a bench, to its lane."""
    if hand.scan(PACKER, own_code("B", "1001"))["step"]["flow"] != "pack":
        hand.say(PACKER, "PACK")
    assert hand.scan(PACKER, slot_of(hand, number))["outcome"] == "applied", hand.answer
    while hand.step()["state"] == "item":
        ahead = hand.step()["fields"]["next"]
        assert hand.scan(PACKER, ahead["barcode"], 1)["outcome"] == "applied", hand.answer
    assert hand.step()["state"] == "label", hand.step()
    hand.scan(PACKER, hand.step()["expects"][0]["code"])
    hand.scan(PACKER, hand.step()["fields"]["lane"]["barcode"])
