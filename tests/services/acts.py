"""What a person on the floor does in one go: release a wave, take a tour, make a stop. Through the services."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fulfillment.domain.codes import own_code
from fulfillment.services.ordering import orders
from fulfillment.services.releasing import planning, waves
from fulfillment.services.stock import policies
from fulfillment.services.verifying import audit, verify
from tests.factories import NOBODY, FloorHand

CARTS = [own_code("K", f"{number:04d}") for number in range(1, 4)]
TOTES = [own_code("T", f"{number:06d}") for number in range(1, 21)]


def at(code: str) -> str:
    """A location's barcode."""
    return own_code("L", code)


def release(hand: FloorHand, *numbers: str, mode: str = "cluster") -> int:
    """Release orders (all that are allocated when none is named) and plan their tours."""
    wave = hand.write(lambda tx: waves.release(tx, NOBODY, list(numbers) or None, mode=mode))["wave"]
    planning.plan_wave(hand.floor, wave, tour_ms=1)
    return wave


def zone(hand: FloorHand) -> str:
    """Aisle 1 is zone A, aisle 2 zone B; where B takes carts over."""
    over = "OVER-B"
    hand.write(lambda tx: tx.run("UPDATE location SET zone = 'A' WHERE code LIKE 'A01%'"))
    hand.write(lambda tx: tx.run("UPDATE location SET zone = 'B' WHERE code LIKE 'A02%'"))
    hand.write(lambda tx: tx.insert("location", code=over, kind="staging", x_dm=40, y_dm=0))
    hand.write(lambda tx: policies.set_zone(tx, "A", pick_order=1, hand_over="STAGE-1"))
    hand.write(lambda tx: policies.set_zone(tx, "B", pick_order=2, hand_over=over))
    return over


def take_tour(hand: FloorHand, station: str = "HAND-1", cart: int = 0, first_tote: int = 0) -> dict[str, Any]:
    """Sign in, claim the next tour and stand a tote on each place of the cart."""
    if hand.scan(station, own_code("B", "1001"))["step"]["flow"] != "pick":
        hand.say(station, "PICK")
    hand.scan(station, CARTS[cart])
    while hand.step()["state"] == "totes":
        hand.scan(station, TOTES[first_tote])
        first_tote += 1
    return hand.step()


def go_to_stop(hand: FloorHand, station: str = "HAND-1") -> dict[str, Any]:
    """Scan the location the screen names."""
    return hand.scan(station, hand.step()["fields"]["location"]["barcode"])


def make_stop(hand: FloorHand, station: str = "HAND-1", qty_each: int | None = None) -> dict[str, Any]:
    """Location, item with a keyed count (all of it unless said), tote."""
    if hand.step()["state"] == "location":
        go_to_stop(hand, station)
    fields = hand.step()["fields"]
    if fields["is_serial"]:
        take_serials(hand, station, qty_each or fields["left_each"])
    else:
        hand.scan(station, fields["item"]["barcode"], qty_each or fields["left_each"])
    return hand.scan(station, fields["tote"]["barcode"])


def take_serials(hand: FloorHand, station: str, qty_each: int) -> None:
    """Scan the GS1 code of unit after unit, the one the screen names."""
    gtin = hand.one(
        "SELECT c.code FROM item_barcode c JOIN item i ON i.warehouse_id = c.warehouse_id AND i.id = c.item_id"
        " WHERE c.warehouse_id = :w AND i.sku = :sku AND LENGTH(c.code) BETWEEN 12 AND 14",
        sku=hand.step()["fields"]["item"]["sku"],
    )["code"]
    for turn in range(qty_each):
        # A unit taken in without its number may carry any.
        serial = hand.step()["fields"]["take"]["serial"] or f"NEW-{turn}"
        assert hand.scan(station, f"]d201{gtin:0>14}21{serial}")["outcome"] == "applied"


def say_short(hand: FloorHand, station: str = "HAND-1", why: str = "NOT-THERE") -> dict[str, Any]:
    """Too few lie here, and why: two touches."""
    assert hand.say(station, "SHORT")["step"]["state"] == "short"
    return hand.scan(station, own_code("Y", why))


def finish_tour(hand: FloorHand, station: str = "HAND-1") -> None:
    """Make every stop left and drop the totes."""
    while hand.step()["state"] in ("location", "item"):
        assert make_stop(hand, station)["outcome"] == "applied"
    assert hand.scan(station, at("STAGE-1"))["outcome"] == "applied"


def pick_all(hand: FloorHand, station: str = "HAND-1", cart: int = 0, first_tote: int = 0) -> None:
    """Release what is allocated and walk one tour to its end."""
    release(hand)
    take_tour(hand, station, cart, first_tote)
    finish_tour(hand, station)


def cancel(hand: FloorHand, number: str) -> None:
    """The customer does not want it any more."""
    hand.write(lambda tx: orders.cancel(tx, NOBODY, number))


def demand(hand: FloorHand, number: str, sku: str | None = None) -> dict[str, Any]:
    """The figures of an order's demand (of one item)."""
    return hand.one(
        "SELECT SUM(d.ordered_each) AS ordered, SUM(d.allocated_each) AS allocated, SUM(d.picked_each) AS picked"
        " FROM demand d JOIN sales_order o ON o.warehouse_id = d.warehouse_id AND o.id = d.order_id"
        " JOIN item i ON i.warehouse_id = d.warehouse_id AND i.id = d.item_id"
        " WHERE d.warehouse_id = :w AND o.number = :n AND (:sku IS NULL OR i.sku = :sku)",
        n=number, sku=sku,
    )  # fmt: skip


def promises(hand: FloorHand, number: str) -> list[tuple[str, int, int]]:
    """(location, layer, units) promised to an order and not picked."""
    rows = hand.all(
        "SELECT l.code, a.layer_id, SUM(a.qty_each) AS units FROM allocation a"
        " JOIN sales_order o ON o.warehouse_id = a.warehouse_id AND o.id = a.order_id"
        " JOIN location l ON l.warehouse_id = a.warehouse_id AND l.id = a.location_id"
        " WHERE a.warehouse_id = :w AND o.number = :n AND a.qty_each > 0 GROUP BY l.code, a.layer_id"
        " ORDER BY l.code, a.layer_id",
        n=number,
    )
    return [(row["code"], row["layer_id"], row["units"]) for row in rows]


def picked_layers(hand: FloorHand, number: str) -> list[tuple[int, int]]:
    """(layer, units) in an order's totes."""
    rows = hand.all(
        "SELECT m.layer_id, SUM(m.qty_each) AS units FROM stock_move m"
        " JOIN sales_order o ON o.warehouse_id = m.warehouse_id AND o.id = m.order_id"
        " WHERE m.warehouse_id = :w AND o.number = :n AND m.reason = 'pick' GROUP BY m.layer_id ORDER BY m.layer_id",
        n=number,
    )
    return [(row["layer_id"], row["units"]) for row in rows]


def wrong(hand: FloorHand) -> list[str]:
    """What `verify` and the FIFO audit have to say; nothing on a floor that is right."""
    report = hand.floor.read(verify.verify)
    found = [f"{check['name']}: {words}" for check in report["checks"] for words in check["found"]]
    return found + [audit.in_words(one) for one in hand.floor.read(audit.fifo_audit)["violations"]]


@contextmanager
def broken_ledger(hand: FloorHand, sql: str) -> Iterator[None]:
    """Change the book behind the floor's back, as no service can."""
    hand.write(lambda tx: tx.run("PRAGMA defer_foreign_keys=ON"))
    hand.write(lambda tx: tx.run(sql))
    yield
