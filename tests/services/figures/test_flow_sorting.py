"""Sorting at a put wall in the flow figures: its own lane, its own stage, between picking and packing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fulfillment.domain.process_map import Activity, passages
from fulfillment.services.figures import flow_histories, flow_lanes, flow_work
from fulfillment.services.figures.flow_histories import Told
from fulfillment.services.figures.flow_period import Asked, look_up
from fulfillment.settings import Settings
from tests.factories import FloorHand
from tests.services import acts, wall
from tests.services.flow_day import MINUTE_MS, Clock, local_ms, open_with_clock

DAY = Asked("2026-06-15", "2026-06-15")


@pytest.fixture
def wall_and_clock(settings: Settings) -> Iterator[tuple[FloorHand, Clock]]:
    """09:00 released as a batch, 09:10 claimed, 09:20 at the wall: S1 1 pen, S2 2 pens and a cup, S3 a cup."""
    floor, clock = open_with_clock(settings)
    hand = FloorHand(floor)
    wall.equip(hand)
    wall.stock(hand, "PEN", "CUP")
    for number, lines in (("S1", [("PEN", 1)]), ("S2", [("PEN", 2), ("CUP", 1)]), ("S3", [("CUP", 1)])):
        hand.order(number, *lines)
    clock.set("09:00")
    wall.release(hand)
    clock.set("09:10")
    acts.take_tour(hand)
    clock.set("09:15")
    while hand.step()["state"] in ("location", "item"):
        acts.make_stop(hand)
    clock.set("09:20")
    assert hand.scan("HAND-1", wall.AT_WALL)["outcome"] == "applied"
    yield hand, clock
    floor.close()


def sort_all(hand: FloorHand, clock: Clock) -> None:
    """From 09:30 on, a unit a minute; the fifth and last at 09:34."""
    (tote,) = hand.all("SELECT code FROM lpn WHERE warehouse_id = :w AND kind = 'batch'")
    clock.set("09:30")
    wall.open_tote(hand, tote["code"])
    for minute in range(5):
        clock.set(f"09:3{minute}")
        wall.put(hand, wall.left_in(hand, tote["code"])[0])


def told(hand: FloorHand) -> dict[str, Told]:
    def work(tx: Any) -> dict[str, Told]:
        rows, _ = flow_histories.released(tx, look_up(tx, DAY))
        return {one.row["number"]: one for one in flow_histories.tell(tx, rows)}

    return hand.floor.read(work)


def lanes(hand: FloorHand) -> dict[str, Any]:
    found = hand.floor.read(lambda tx: flow_lanes.bottleneck(tx, look_up(tx, Asked())))
    return {**found, **{lane["lane"]: lane for lane in found["lanes"]}}


def test_an_order_of_a_batch_waits_to_be_sorted_before_it_waits_to_be_packed(
    wall_and_clock: tuple[FloorHand, Clock],
) -> None:
    hand, clock = wall_and_clock
    clock.set("09:29")
    found = lanes(hand)
    assert [lane["lane"] for lane in found["lanes"]] == ["pick", "sort", "pack", "ship"]
    assert (found["pick"]["left"], found["sort"]["waiting"], found["pack"]["waiting"]) == (3, 3, 0)
    assert (found["lane"], found["words"]) == (
        "sort", "Sorting: 3 orders wait, 6 an hour come, 0 an hour go with 0 sorters."
        " Nobody works there: send somebody. Ada at HAND-1 may, with nothing in hand.",
    )  # fmt: skip

    sort_all(hand, clock)
    clock.set("09:35")
    found = lanes(hand)
    sort = found["sort"]
    assert (sort["came"], sort["left"], sort["waiting"], sort["people"]) == (3, 3, 0, 1)
    assert found["pack"]["waiting"] == 3
    assert {number: one.sorted_ms for number, one in told(hand).items()}["S2"] <= local_ms("09:34")
    assert all(one.goes_by_wall for one in told(hand).values())


def test_the_process_map_has_sorting_between_picked_and_packed(wall_and_clock: tuple[FloorHand, Clock]) -> None:
    hand, clock = wall_and_clock
    sort_all(hand, clock)
    clock.set("09:50")
    wall.pack(hand, "S3")
    steps = {(one.source, one.target): one for one in passages(told(hand)["S3"].history)}
    assert (Activity.PICKED, Activity.PACKED) not in steps
    sorting = steps[Activity.PICKED, Activity.SORTED]
    assert (sorting.wait_ms, sorting.is_rework) == (10 * MINUTE_MS, False)
    assert steps[Activity.SORTED, Activity.PACKED].wait_ms == 20 * MINUTE_MS


def test_who_sorts_is_credited_with_lines_and_units(wall_and_clock: tuple[FloorHand, Clock]) -> None:
    hand, clock = wall_and_clock
    sort_all(hand, clock)
    clock.set("10:00")
    asked = Asked(DAY.from_, DAY.to, lane="sort")
    (row,) = hand.floor.read(lambda tx: flow_work.operators(tx, look_up(tx, asked)))["operators"]
    # S1 pens, S2 pens, S2 cups, S3 cups.
    assert (row["lane"], row["lines"], row["units"]) == ("sort", 4, 5)
    assert 4 * MINUTE_MS <= row["worked_ms"] <= 14 * MINUTE_MS
    assert len(hand.floor.read(lambda tx: flow_work.lines(tx, look_up(tx, asked), 0, 10))) == 4


def test_an_order_picked_by_itself_goes_past_the_wall(wall_and_clock: tuple[FloorHand, Clock]) -> None:
    hand, clock = wall_and_clock
    hand.order("S4", ("PEN", 1))
    acts.release(hand, "S4")
    acts.take_tour(hand, first_tote=5)
    acts.make_stop(hand)
    clock.set("09:25")
    hand.scan("HAND-1", acts.at("STAGE-1"))
    clock.set("09:26")
    assert not told(hand)["S4"].goes_by_wall
    found = lanes(hand)
    assert (found["sort"]["waiting"], found["pack"]["waiting"]) == (3, 1)
