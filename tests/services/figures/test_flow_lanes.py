"""The bottleneck as the service reads it from the floor's rows is the one the log of a simulated shift has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import pytest

from fulfillment.domain.bottleneck import LaneFlow
from fulfillment.hot import Tx
from fulfillment.services.figures import flow_lanes
from fulfillment.services.figures.flow_period import Asked, look_up
from fulfillment.settings import Settings
from simulators.lane_shift import MINUTE_MS, LaneScan, LaneShift, Station, play
from tests.benchmarks.bottleneck import flows_at, named_at
from tests.factories import FloorHand
from tests.services.flow_day import local_ms, open_with_clock

STATIONS = (Station("pick", 4, 120_000, batch=2), Station("pack", 3, 130_000), Station("ship", 1, 20_000))
COMPARED = (
    "waiting", "waiting_before", "in_work", "in_work_before", "came", "left", "people", "busy_ms", "starved_ms",
    "waited_ms",
)  # fmt: skip


@pytest.mark.parametrize("slow", ["pick", "pack"])
def test_the_service_sees_what_the_log_says(settings: Settings, slow: str) -> None:
    scans = play(LaneShift(STATIONS, 60, 70 * MINUTE_MS, slow, 30 * MINUTE_MS, 2.5, seed=5))
    until_ms = 60 * MINUTE_MS
    assert named_at(scans, until_ms) == slow
    floor, clock = open_with_clock(settings)
    try:
        hand = FloorHand(floor)
        hand.item("MUG")
        layer = hand.stock("MUG", 1)
        begin_ms = local_ms("08:00")
        hand.write(lambda tx: write(tx, [one for one in scans if one.at_ms < until_ms], begin_ms, layer))
        clock.set("12:00")
        asked = Asked(to="2026-06-15T09:00:00+01:00")
        found = floor.read(lambda tx: flow_lanes.bottleneck(tx, look_up(tx, asked)))
    finally:
        floor.close()
    told: dict[str, LaneFlow] = {flow.lane: flow for flow in flows_at(scans, until_ms)}
    for lane in found["lanes"][:2]:  # nobody scans the beginning of loading, so that lane is not the same
        assert {name: lane[name] for name in COMPARED} == {name: getattr(told[lane["lane"]], name) for name in COMPARED}
    assert (found["lane"], found["holds_up"]) == (slow, True)
    assert found["words"].startswith({"pick": "Picking: ", "pack": "Packing: "}[slow])


def write(tx: Tx, scans: Iterable[LaneScan], begin_ms: int, layer: int) -> None:
    """The rows the floor would have after these scans."""
    times: dict[int, dict[tuple[str, str], tuple[int, int]]] = defaultdict(dict)
    for scan in scans:
        times[scan.order][scan.lane, scan.what] = (begin_ms + scan.at_ms, scan.person)
    wave = tx.insert("wave", state="released", created_at_ms=begin_ms)
    carrier = tx.one("SELECT id FROM carrier WHERE warehouse_id = :w ORDER BY id LIMIT 1")["id"]
    tours: dict[tuple[int, int], int] = {}
    for order, at in sorted(times.items()):
        came_ms = at["pick", "came"][0]
        row = tx.insert(
            "sales_order", number=f"S-{order}", state=state_of(at), ordered_at_ms=came_ms, cut_off_at_ms=came_ms,
            content_sha256="", created_at_ms=came_ms, state_since_ms=came_ms,
        )  # fmt: skip
        began, done = at.get(("pick", "began")), at.get(("pick", "left"))
        tour = None
        if began is not None:
            operator = _operator(tx, began[1])
            tour = tours.get((began[1], began[0])) or tx.insert(
                "tour", wave_id=wave, state="done" if done else "active", operator_id=operator,
                claimed_at_ms=began[0], done_at_ms=done[0] if done else None,
            )  # fmt: skip
            tours[began[1], began[0]] = tour
        tx.insert(
            "task", kind="pick", state="done" if done else "open", tour_id=tour, order_id=row, qty_each=1,
            done_each=1 if done else 0, created_at_ms=came_ms, done_at_ms=done[0] if done else None,
        )  # fmt: skip
        if ("pack", "began") in at:
            pack(tx, row, at, layer, carrier)


def pack(tx: Tx, order: int, at: dict[tuple[str, str], tuple[int, int]], layer: int, carrier: int) -> None:
    """The parcel of an order, and the moves into it and onto the truck."""
    began_ms, person = at["pack", "began"]
    closed, loaded = at.get(("pack", "left")), at.get(("ship", "left"))
    lpn = tx.insert("lpn", code=f"C{order}", kind="carton")
    tx.insert(
        "parcel", number=f"N{order}", order_id=order, lpn_id=lpn, state="closed" if closed else "open", sequence=1,
        carrier_id=carrier, station_id=_bench(tx, person), created_at_ms=began_ms,
        closed_at_ms=closed[0] if closed else None,
    )  # fmt: skip
    for reason, scan in (("pack", closed), ("load", loaded)):
        if scan is not None:
            item = tx.one("SELECT item_id FROM layer WHERE warehouse_id = :w AND id = :id", id=layer)["item_id"]
            tx.insert(
                "stock_move", layer_id=layer, item_id=item, from_location_id=1, to_location_id=2, to_lpn_id=lpn,
                qty_each=1, reason=reason, occurred_at_ms=scan[0], recorded_at_ms=scan[0],
            )  # fmt: skip


def state_of(at: dict[tuple[str, str], Any]) -> str:
    """Where an order is that was last scanned like this."""
    steps = (
        (("ship", "left"), "loaded"), (("pack", "left"), "packed"), (("pack", "began"), "packing"),
        (("pick", "left"), "picked"), (("pick", "began"), "picking"),
    )  # fmt: skip
    return next((state for step, state in steps if step in at), "released")


def _operator(tx: Tx, person: int) -> int:
    known = tx.one("SELECT id FROM operator WHERE warehouse_id = :w AND badge = :b", b=f"P{person}")
    return int(known["id"]) if known else tx.insert("operator", badge=f"P{person}", role="picker")


def _bench(tx: Tx, person: int) -> int:
    code = f"BENCH-{person}"
    known = tx.one("SELECT id FROM station WHERE warehouse_id = :w AND code = :code", code=code)
    return int(known["id"]) if known else tx.insert("station", code=code, kind="bench")
