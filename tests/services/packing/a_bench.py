"""What a packer and a loader do in one go, and what stands in the book afterwards. Through the services."""

from __future__ import annotations

from typing import Any

from fulfillment.domain.codes import own_code
from tests.factories import FloorHand
from tests.services.acts import TOTES, at, finish_tour, release, take_tour

BENCH, TRUCK = "BENCH-1", "HAND-1"
LANE = at("LANE-DOM")


def code_of(hand: FloorHand) -> str | None:
    """Why the last scan was rejected; None when it was applied."""
    return hand.answer.get("code")


def place(hand: FloorHand) -> tuple[str, str]:
    """Flow and state of the last screen."""
    return hand.step()["flow"], hand.step()["state"]


def pick_into(hand: FloorHand, *numbers: str, first_tote: int = 0, cart: int = 0) -> None:
    """Release the orders, walk the tour, drop the totes at staging, go home."""
    release(hand, *numbers)
    take_tour(hand, cart=cart, first_tote=first_tote)
    finish_tour(hand)
    hand.say("HAND-1", "HOME")


def pick_in_two_totes(hand: FloorHand, *numbers: str) -> None:
    """The first stop fills a tote; everything after it goes into a second one."""
    release(hand, *numbers)
    take_tour(hand)
    hand.scan("HAND-1", hand.step()["fields"]["location"]["barcode"])
    fields = hand.step()["fields"]
    hand.scan("HAND-1", fields["item"]["barcode"], fields["left_each"])
    hand.scan("HAND-1", fields["tote"]["barcode"])
    hand.scan("HAND-1", hand.step()["fields"]["location"]["barcode"])
    fields = hand.step()["fields"]
    hand.scan("HAND-1", fields["item"]["barcode"], fields["left_each"])
    hand.say("HAND-1", "NEWTOTE")
    hand.scan("HAND-1", TOTES[1])
    hand.scan("HAND-1", TOTES[1])
    finish_tour(hand)
    hand.say("HAND-1", "HOME")


def at_bench(hand: FloorHand, tote: int = 0, station: str = BENCH) -> dict[str, Any]:
    """Sign in at a bench and open a tote."""
    if hand.scan(station, own_code("B", "1001"))["step"]["flow"] != "pack":
        hand.say(station, "PACK")
    return hand.scan(station, TOTES[tote])


def label_and_lane(hand: FloorHand, lane: str = LANE, station: str = BENCH) -> str:
    """Scan the label that is asked for, then the lane; returns the parcel's number."""
    number = str(hand.step()["fields"]["parcel"]["number"])
    hand.scan(station, "00" + number)
    hand.scan(station, lane)
    assert hand.answer["outcome"] == "applied", hand.answer
    return number


def at_lane(hand: FloorHand, lane: str = LANE, station: str = TRUCK) -> dict[str, Any]:
    """Sign in and stand at a ship lane."""
    if hand.scan(station, own_code("B", "1001"))["step"]["flow"] != "load":
        hand.say(station, "LOAD")
    return hand.scan(station, lane)


def figures(hand: FloorHand, number: str, sku: str | None = None) -> tuple[int, int, int, int]:
    """Units of an order promised (or further), picked, packed, shipped."""
    row = hand.one(
        "SELECT SUM(d.allocated_each) AS a, SUM(d.picked_each) AS p, SUM(d.packed_each) AS c, SUM(d.shipped_each) AS s"
        " FROM demand d JOIN sales_order o ON o.warehouse_id = d.warehouse_id AND o.id = d.order_id"
        " JOIN item i ON i.warehouse_id = d.warehouse_id AND i.id = d.item_id"
        " WHERE d.warehouse_id = :w AND o.number = :n AND (:sku IS NULL OR i.sku = :sku)",
        n=number, sku=sku,
    )  # fmt: skip
    return row["a"], row["p"], row["c"], row["s"]


def parcels_of(hand: FloorHand, number: str) -> list[dict[str, Any]]:
    """An order's parcels in their sequence."""
    return hand.all(
        "SELECT p.* FROM parcel p JOIN sales_order o ON o.warehouse_id = p.warehouse_id AND o.id = p.order_id"
        " WHERE p.warehouse_id = :w AND o.number = :n ORDER BY p.sequence",
        n=number,
    )


def in_lpn(hand: FloorHand, code: str) -> dict[str, int]:
    """SKU → units lying in a tote or parcel, whatever their status."""
    rows = hand.all(
        "SELECT i.sku, SUM(b.on_hand_each) AS units FROM stock_balance b"
        " JOIN lpn p ON p.warehouse_id = b.warehouse_id AND p.id = b.lpn_id"
        " JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
        " WHERE b.warehouse_id = :w AND p.code = :code GROUP BY i.sku",
        code=code,
    )
    return {row["sku"]: row["units"] for row in rows}


def prints(hand: FloorHand, subject: str) -> list[tuple[str, str, str]]:
    """(dedupe key's head and number, state, printer) of every print of a parcel or manifest."""
    rows = hand.all(
        "SELECT e.dedupe_key, e.state, COALESCE(p.code, '') AS printer FROM outbox e"
        " LEFT JOIN printer p ON p.warehouse_id = e.warehouse_id AND p.id = e.printer_id"
        " WHERE e.warehouse_id = :w AND e.subject = :s ORDER BY e.id",
        s=subject,
    )
    return [(row["dedupe_key"].replace(f":{subject}:", " "), row["state"], row["printer"]) for row in rows]


def open_counts(hand: FloorHand) -> list[tuple[str, str]]:
    """(location, reason) of every count that is asked for."""
    rows = hand.all(
        "SELECT l.code, k.reason FROM task k JOIN location l ON l.warehouse_id = k.warehouse_id"
        " AND l.id = k.location_id WHERE k.warehouse_id = :w AND k.kind = 'count' AND k.state = 'open' ORDER BY l.code"
    )
    return [(row["code"], row["reason"]) for row in rows]


def stage_mugs_and_cups(hand: FloorHand) -> FloorHand:
    """SO-1 (3 MUG, 8 CUP) picked into the first tote, which stands at staging."""
    hand.item("MUG")
    hand.item("CUP", weight_g=300)
    hand.item("PEN")
    hand.stock("MUG", 10, "A01-01-1")
    hand.stock("CUP", 20, "A01-02-1")
    hand.order("SO-1", ("MUG", 3), ("CUP", 8))
    pick_into(hand)
    return hand


def pack_everything(hand: FloorHand) -> None:
    """Scan and key until no tote of the order is left."""
    while hand.step()["state"] == "item":
        ahead = hand.step()["fields"]["next"]
        many = ahead["qty_each"] > hand.step()["fields"]["scan_each_max"]
        hand.scan(BENCH, ahead["barcode"], ahead["qty_each"] if many else None)
        assert code_of(hand) is None, hand.answer


def heavy(hand: FloorHand, units: int, weight_g: int = 10_000) -> None:
    """`units` of an item of which two fit a parcel, picked into one tote at staging. They grow heavy there:
    the planner would have spread them over several totes."""
    hand.item("SAW")
    hand.stock("SAW", 20)
    hand.order("SO-1", ("SAW", units))
    pick_into(hand)
    weigh(hand, "SAW", weight_g)


def weigh(hand: FloorHand, sku: str, weight_g: int) -> None:
    """Correct an item's weight."""
    sql = "UPDATE item SET weight_g = :g WHERE warehouse_id = :w AND sku = :s"
    hand.write(lambda tx: tx.run(sql, g=weight_g, s=sku))


def ship(hand: FloorHand, *numbers: str) -> None:
    """Load parcels and close the manifest."""
    for number in numbers:
        hand.scan("HAND-1", "00" + number)
        assert code_of(hand) is None, hand.answer
    hand.say("HAND-1", "CLOSE")
    hand.say("HAND-1", "CONFIRM")
    assert code_of(hand) is None, hand.answer
