"""What a device notes without the network the floor takes, and what it refuses the floor refuses: scan by scan."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

import kiosk_ui
from fulfillment.domain.codes import own_code
from fulfillment.domain.noted import Noted
from fulfillment.services.scan_path.scans import ScanRequest, handle_scan
from fulfillment.services.touring import tour_on_device
from tests.factories import FloorHand
from tests.services import acts, wall

pytestmark = pytest.mark.browser

RULES = Path(kiosk_ui.__file__).with_name("static") / "tour_rules.js"
GTINS = {"WIRE": "05012345678900", "PHONE": "12012345678909", "MILK": "22012345678906"}
AT_MS = 1_760_000_000_000


@pytest.fixture
def rules(page: Page) -> Page:
    """A page that knows the rules and nothing else."""
    page.add_script_tag(path=RULES)
    return page


@pytest.fixture
def walk(hand: FloorHand) -> FloorHand:
    """A tour of five stops: mugs for two orders in one place, milk by date, wire by lot, phones by serial."""
    for sku, tracks_serial in (("MUG", 0), ("MILK", 0), ("WIRE", 0), ("PHONE", 1)):
        hand.item(sku, tracks_serial=tracks_serial)
    for sku, gtin in GTINS.items():
        hand.write(lambda tx, sku=sku, gtin=gtin: tx.run(
            "UPDATE item_barcode SET code = :gtin WHERE warehouse_id = :w AND code = :sku", gtin=gtin, sku=sku
        ))  # fmt: skip
    hand.stock("MUG", 20, "A01-01-1")
    hand.write(lambda tx: tx.run("UPDATE item SET look_alike = 'CUPS' WHERE warehouse_id = :w AND sku = 'MUG'"))
    for expiry in ("2031-01-31", "2031-06-30"):
        mark(hand, hand.stock("MILK", 2, "A01-02-1"), expiry_on=expiry)
    for day, lot in (("2026-01-01", "L1"), ("2026-02-01", "L2")):
        mark(hand, hand.stock("WIRE", 2, "A02-01-1", day), lot=lot)
    for serial in ("P1", "P2", "P3"):
        mark(hand, hand.stock("PHONE", 1, "A02-02-1"), serial=serial)
    hand.order("S1", ("MUG", 2), ("MILK", 3), ("WIRE", 3), ("PHONE", 2))
    hand.order("S2", ("MUG", 1))
    acts.release(hand)
    acts.take_tour(hand)
    return hand


@pytest.fixture
def batch(hand: FloorHand) -> FloorHand:
    """Three orders of mugs, wire by lot and pens, picked at once."""
    wall.equip(hand)
    for sku in ("MUG", "WIRE", "PEN"):
        hand.item(sku)
    hand.write(lambda tx: tx.run(
        "UPDATE item_barcode SET code = :gtin WHERE warehouse_id = :w AND code = 'WIRE'", gtin=GTINS["WIRE"]
    ))  # fmt: skip
    hand.stock("MUG", 20, "A01-01-1")
    hand.stock("PEN", 20, "A02-02-1")
    for day, lot in (("2026-01-01", "L1"), ("2026-02-01", "L2")):
        mark(hand, hand.stock("WIRE", 4, "A02-01-1", day), lot=lot)
    hand.order("S1", ("MUG", 2), ("WIRE", 3))
    hand.order("S2", ("MUG", 3), ("PEN", 1))
    hand.order("S3", ("MUG", 1), ("WIRE", 2), ("PEN", 2))
    wall.release(hand)
    acts.take_tour(hand)
    return hand


def mark(hand: FloorHand, layer: int, **values: str) -> None:
    """Say what the label of a layer says."""
    said = ", ".join(f"{name} = :{name}" for name in values)
    hand.write(lambda tx: tx.run(f"UPDATE layer SET {said} WHERE warehouse_id = :w AND id = :id", id=layer, **values))


def pool() -> list[str]:
    """Right and wrong codes of every kind a person on this walk may come across."""
    wire, phone, milk = GTINS.values()
    named = [f"]d201{phone}21{serial}" for serial in ("P1", "P2", "P3", "P9")]
    named += [f"]C101{milk}17{day}" for day in ("310131", "310630", "320101")]
    named += [f"]C101{wire}10{lot}" for lot in ("L1", "L2", "L9")]
    places = [acts.at(code) for code in ("A01-01-1", "A01-02-1", "A02-01-1", "A02-02-1", "STAGE-1")]
    return [*named, *places, "MUG", "PEN", milk, wire[1:], phone, "NOBODY", *acts.TOTES[:3]]


def right_code(known: dict[str, Any], standing: dict[str, Any]) -> list[str]:
    """Codes that may be right at this step."""
    if standing["state"] == "drop":
        return [known["drops"][0]["barcode"]]
    stop = next(stop for stop in known["stops"] if standing["task"] in [task for task, _ in stop["parts"]])
    if standing["state"] == "location":
        return [stop["place"]["barcode"]]
    if standing["state"] == "tote":
        return [stop["tote"]["barcode"]]
    barcode = stop["item"]["barcodes"][0][0]
    return [code for code in pool() if barcode in code or code in barcode]


@pytest.mark.parametrize("seed", range(4))
def test_device_and_floor_agree_scan_by_scan(rules: Page, walk: FloorHand, seed: int) -> None:
    walk_by_chance(rules, walk, seed)
    assert walk.order_state("S1") == "picked"


@pytest.mark.parametrize("seed", range(4))
def test_device_and_floor_agree_on_a_batch(rules: Page, batch: FloorHand, seed: int) -> None:
    walk_by_chance(rules, batch, seed)
    assert [batch.order_state(number) for number in ("S1", "S2", "S3")] == ["picked"] * 3


def walk_by_chance(rules: Page, walk: FloorHand, seed: int) -> None:
    """Right and wrong scans to the end of the walk: what the device notes the floor takes, and nothing else."""
    chance, codes = random.Random(seed), pool()
    known = walk.floor.read(lambda tx: tour_on_device.tour_of(tx, "HAND-1"))
    assert known is not None
    at = walk.floor.read(lambda tx: tour_on_device.standing_of(tx, "HAND-1", walk.step()))
    rules.evaluate("([tour, at]) => { window.walk = walkFrom(tour, at); }", [known, at])
    noted_count = 0
    for turn in range(400):
        standing = rules.evaluate("({ ...stepOf(walk), left: walk.left })")
        if standing["state"] == "end":
            break
        code = chance.choice(right_code(known, standing) if chance.random() < 0.4 else codes)
        keyed, by_hand = chance.choice((None, None, 1, 2)), chance.random() < 0.3
        verdict = rules.evaluate(
            "([code, ...how]) => { const v = judge(walk, code, ...how); if (v.walk) window.walk = v.walk; return v; }",
            [code, keyed, by_hand],
        )
        if verdict.get("isSame"):
            continue
        step = verdict.get("noted")
        noted = Noted(step["operator"], step["tour"], step["task"], step["state"], step["counted"]) if step else None
        request = ScanRequest(f"s{seed}-{turn}", "HAND-1", code, AT_MS, keyed, None, noted, "", by_hand)
        answer = walk.write(lambda tx, request=request: handle_scan(tx, request))
        told = f"{standing} {code!r} × {keyed}: the device {verdict}, the floor {answer}"
        assert (answer["outcome"] == "applied") == bool(step), told
        if not step:
            assert verdict["refused"]["code"] == answer["code"] or answer["code"] in LIKE, told
        noted_count += bool(step)
    else:
        pytest.fail("the walk never came to its end")
    assert noted_count >= 10
    assert acts.wrong(walk) == []


# What the floor can say more exactly than a comparison can: nobody knows the code, or where the unit is.
LIKE = {"unknown_code", "serial_unknown", "serial_elsewhere", "serial_known", "nothing_here", "short_stock"}


def test_a_command_and_a_badge_need_the_floor(rules: Page, walk: FloorHand) -> None:
    known = walk.floor.read(lambda tx: tour_on_device.tour_of(tx, "HAND-1"))
    at = walk.floor.read(lambda tx: tour_on_device.standing_of(tx, "HAND-1", walk.step()))
    for code in (own_code("C", "SHORT"), own_code("B", "1002"), own_code("K", "0002")):
        assert rules.evaluate("([tour, at, code]) => judge(walkFrom(tour, at), code)", [known, at, code]) == {
            "needs": "needs_network"
        }


@pytest.mark.parametrize("other", [{"tour": 99}, {"operator": 99}, {"task": 99}])
def test_a_walk_that_is_not_this_one_is_none(rules: Page, walk: FloorHand, other: dict[str, int]) -> None:
    known = walk.floor.read(lambda tx: tour_on_device.tour_of(tx, "HAND-1"))
    at = walk.floor.read(lambda tx: tour_on_device.standing_of(tx, "HAND-1", walk.step()))
    assert at is not None
    assert rules.evaluate("([tour, at]) => walkFrom(tour, at)", [known, {**at, **other}]) is None
