"""Sizes, colours and plugs that look the same: picked, packed and sorted by a scan of the piece and nothing less."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment.domain.codes import own_code
from fulfillment.services import imports
from fulfillment.services.lists import LISTS, row_of
from fulfillment.services.scan_path.scans import ScanRequest, handle_scan
from tests.factories import FloorHand
from tests.services import wall
from tests.services.acts import TOTES, at, go_to_stop, release, take_tour

pytestmark = pytest.mark.usefixtures("book_is_right")

ITEMS = "sku,name,look_alike,barcodes\nTEE-S,Tee S,tee,case6:15012345678907\nTEE-M,Tee M,Tee,\nMUG,Mug,,\n"


@pytest.fixture
def tees(hand: FloorHand) -> FloorHand:
    """Tees of two sizes, and mugs nobody takes for anything else."""
    imports.import_items(hand.floor.writer, ITEMS.encode())
    for sku, place in (("TEE-S", "A01-01-1"), ("TEE-M", "A01-02-1"), ("MUG", "A02-01-1")):
        hand.stock(sku, 20, place)
    return hand


def scan(hand: FloorHand, code: str, qty_each: int | None = None, station: str = "HAND-1", **how: Any) -> str:
    """One scan, as a scanner reads it or (`is_by_hand`) a person touches or types it; what became of it."""
    number = hand.one("SELECT COUNT(*) AS n FROM scan WHERE warehouse_id = :w")["n"]
    request = ScanRequest(f"tee-{number}", station, code, 1_760_000_000_000, qty_each, **how)
    hand.answer = hand.write(lambda tx: handle_scan(tx, request))
    return str(hand.answer.get("code", hand.answer["outcome"]))


def test_a_pick_of_a_look_alike_counts_by_scans_of_the_piece_only(tees: FloorHand) -> None:
    tees.order("S1", ("TEE-S", 8))
    release(tees)
    take_tour(tees)
    go_to_stop(tees)
    fields = tees.step()["fields"]
    assert [other["sku"] for other in fields["look_alikes"]] == ["TEE-M"]
    assert scan(tees, "TEE-S", is_by_hand=True) == "scan_itself"
    assert scan(tees, "TEE-S", 8) == "scan_each"
    assert scan(tees, "TEE-M") == "wrong_item"
    assert tees.step()["fields"]["counted_each"] == 0
    assert [scan(tees, "TEE-S"), scan(tees, "TEE-S"), scan(tees, "15012345678907")] == ["applied"] * 3
    assert scan(tees, TOTES[0]) == "applied"
    assert tees.on_hand("A01-01-1", "TEE-S") == 12


def test_what_looks_like_nothing_else_is_counted_as_ever(tees: FloorHand) -> None:
    tees.order("S1", ("MUG", 8))
    release(tees)
    take_tour(tees)
    go_to_stop(tees)
    assert "look_alikes" not in tees.step()["fields"]
    assert scan(tees, "MUG", 8, is_by_hand=True) == "applied"


def test_the_bench_takes_no_number_for_look_alikes_either(tees: FloorHand) -> None:
    tees.order("S1", ("TEE-S", 6))
    release(tees)
    take_tour(tees)
    go_to_stop(tees)
    for code in ("15012345678907", TOTES[0], at("STAGE-1")):
        tees.scan("HAND-1", code)
    tees.scan("BENCH-1", own_code("B", "1001"))
    tees.say("BENCH-1", "PACK")
    assert tees.scan("BENCH-1", TOTES[0])["step"]["fields"]["scan_each_max"] >= 6
    assert scan(tees, "TEE-S", 6, "BENCH-1") == "scan_each"
    assert scan(tees, "TEE-S", None, "BENCH-1", is_by_hand=True) == "scan_itself"
    assert scan(tees, "TEE-S", None, "BENCH-1") == "applied"


def test_the_put_wall_sorts_a_look_alike_by_its_scan(tees: FloorHand) -> None:
    wall.equip(tees)
    tees.order("S1", ("TEE-S", 2))
    tees.order("S2", ("TEE-S", 1))
    wall.release(tees)
    take_tour(tees)
    go_to_stop(tees)
    tote = tees.step()["fields"]["tote"]["barcode"]
    for code in ("TEE-S", "TEE-S", "TEE-S", tote, wall.AT_WALL):
        assert tees.scan("HAND-1", code)["outcome"] == "applied"
    wall.open_tote(tees, tees.one("SELECT code FROM lpn WHERE warehouse_id = :w AND kind = 'batch'")["code"])
    assert scan(tees, "TEE-S", None, wall.SORTER, is_by_hand=True) == "scan_itself"
    assert scan(tees, "TEE-S", 2, wall.SORTER) == "scan_each"
    assert scan(tees, "TEE-S", None, wall.SORTER) == "applied"
    lit = tees.step()["fields"]["slot"]["barcode"]
    assert scan(tees, "TEE-S", None, wall.SORTER, is_by_hand=True) in ("scan_itself", "too_many")
    assert scan(tees, lit, None, wall.SORTER) == "applied"


def test_the_word_has_one_spelling_and_stands_in_the_list_of_items(tees: FloorHand) -> None:
    rows = [tees.floor.read(lambda tx, sku=sku: row_of(tx, LISTS["items"], sku)) for sku in ("tee-s", "TEE-M", "MUG")]
    assert [row and row["look_alike"] for row in rows] == ["TEE", "TEE", ""]
