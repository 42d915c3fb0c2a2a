"""World against database: what counts as a difference, and what a logged human error may explain."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.client import ScanTally
from simulators.report import Comparison, Difference, ShiftReport, add_tallies, compare, percentile
from simulators.world import LOST, World

SSCC = "00340123450000000018"
TOTES = {"000001": "T-000001-N"}


def stock(location: str, sku: str, qty: int, day: str = "2026-01-01", **more: Any) -> dict[str, Any]:
    return {"location": location, "kind": "bin", "sku": sku, "lpn": None, "received_on": day} | {
        "on_hand_each": qty,
        **more,
    }


def compared(world: World, *rows: dict[str, Any], touched: frozenset[str] = frozenset()) -> Comparison:
    return compare(world, rows, tote_barcodes=TOTES, touched_skus=touched, spelling={"MUG": "Mug"})


@pytest.fixture
def world() -> World:
    world = World({"BIN": "any", "STAGE": "any", "LANE": "any"})
    world.bring("BIN", "Mug", "2026-01-01", 3)
    world.bring("BIN", "Mug", "2026-01-08", 2)
    return world


def test_the_same_units_in_the_same_places_are_no_difference(world: World) -> None:
    rows = stock("BIN", "MUG", 3), stock("BIN", "mug", 2, "2026-01-08")
    assert compared(world, *rows) == Comparison((), 0)


def test_layers_of_one_day_and_held_units_are_added_up(world: World) -> None:
    rows = (
        stock("BIN", "Mug", 2),
        stock("BIN", "Mug", 1, status="hold"),
        stock("BIN", "Mug", 2, "2026-01-08"),
    )
    assert compared(world, *rows).differences == ()


def test_a_unit_the_book_has_and_the_world_has_not_is_a_difference(world: World) -> None:
    world.lose("BIN", "Mug", 1)
    rows = stock("BIN", "Mug", 3), stock("BIN", "Mug", 2, "2026-01-08")
    assert compared(world, *rows).differences == (Difference("BIN", "Mug", "", 4, 5),)
    assert world.count(LOST) == 1


def test_a_bin_the_book_does_not_know_is_a_difference(world: World) -> None:
    assert compared(world).differences == (Difference("BIN", "Mug", "", 5, 0),)


def test_another_date_is_a_difference_unless_a_logged_error_mixed_them_up(world: World) -> None:
    rows = stock("BIN", "Mug", 2), stock("BIN", "Mug", 3, "2026-01-08")
    assert [d.received_on for d in compared(world, *rows).differences] == ["2026-01-01", "2026-01-08"]
    assert compared(world, *rows, touched=frozenset({"Mug"})) == Comparison((), 1)


def test_a_logged_error_explains_no_sum(world: World) -> None:
    rows = stock("BIN", "Mug", 2), stock("BIN", "Mug", 2, "2026-01-08")
    assert len(compared(world, *rows, touched=frozenset({"Mug"})).differences) == 1


def test_a_tote_is_a_place_of_its_own_wherever_it_stands(world: World) -> None:
    world.move_all("BIN", "tote:T-000001-N")
    rows = (
        stock("STAGE", "Mug", 3, lpn="000001", kind="staging"),
        stock("STAGE", "Mug", 2, "2026-01-08", lpn="000001", kind="staging"),
    )
    assert compared(world, *rows).differences == ()


def test_a_parcel_is_known_by_its_sscc_and_a_shipped_one_is_gone(world: World) -> None:
    world.move("BIN", f"parcel:{SSCC}", "Mug", 3)
    world.move_all("BIN", "truck:M1:x")
    rows = (
        stock("LANE", "Mug", 3, lpn=SSCC[2:], kind="ship_lane"),
        stock("CARRIER", "Mug", 2, "2026-01-08", lpn="340123450000000025", kind="virtual"),
    )
    assert compared(world, *rows).differences == ()


@given(st.lists(st.floats(0, 1000), min_size=1))
def test_percentiles_are_values_that_were_measured(values: list[float]) -> None:
    ordered = sorted(values)
    found = [percentile(ordered, share) for share in (0.5, 0.95, 0.99)]
    assert all(any(round(v, 2) == f for v in ordered) for f in found)
    assert found == sorted(f for f in found if f is not None)


def test_percentiles_of_a_hundred() -> None:
    ordered = [float(n) for n in range(1, 101)]
    assert [percentile(ordered, share) for share in (0.5, 0.95, 0.99)] == [50.0, 95.0, 99.0]
    assert percentile([], 0.5) is None


def test_tallies_of_all_stations_add_up() -> None:
    report = ShiftReport()
    add_tallies(
        report,
        [
            ScanTally(
                scans=3, rejected=1, duplicates=1, rejected_by_code={"no_work": 1}, elapsed_ms=[1, 2, 3]
            ),
            ScanTally(scans=1, rejected=1, rejected_by_code={"no_work": 1}, elapsed_ms=[9]),
        ],
    )
    assert (report.scans, report.scans_rejected, report.duplicates_injected) == (4, 2, 1)
    assert report.rejected_by_code == {"no_work": 2}
    assert report.scan_ms_p99 == 9


CONTRACT = (
    "orders_imported", "orders_shippable", "orders_shipped", "orders_short",
    "lines_imported", "lines_shippable", "lines_shipped", "lines_short",
    "units_imported", "units_shippable", "units_shipped", "units_short",
    "parcels", "labels_sent", "labels_decoded", "scans", "scans_rejected", "duplicates_injected",
    "walk_dm", "walk_s_shape_dm", "walk_location_order_dm", "scan_ms_p50", "scan_ms_p95", "scan_ms_p99",
    "wall_s", "verify_ok", "fifo_violations", "world_differences",
)  # fmt: skip


def test_the_report_has_every_key_of_the_contract() -> None:
    assert set(CONTRACT) <= set(ShiftReport().as_json())
