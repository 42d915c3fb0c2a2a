"""The flow figures of a morning worked out by hand (see `flow_day`), on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.services.figures import flow_figures, flow_lanes, flow_targets, flow_work
from fulfillment.services.figures.flow_period import Asked, look_up, moments
from fulfillment.services.ordering import calendars
from fulfillment.settings import Settings
from tests.factories import FloorHand
from tests.services.acts import wrong
from tests.services.flow_day import MINUTE_MS, Clock, local_ms, open_with_clock, play_morning
from tests.services.packing.a_bench import BENCH, at_bench

DAY = Asked("2026-06-15", "2026-06-15")


@pytest.fixture
def clocked(settings: Settings) -> Iterator[tuple[FloorHand, Clock]]:
    floor, clock = open_with_clock(settings)
    yield FloorHand(floor), clock
    floor.close()


@pytest.fixture
def morning(clocked: tuple[FloorHand, Clock]) -> FloorHand:
    hand, clock = clocked
    play_morning(hand, clock)
    assert wrong(hand) == []
    return hand


def figures(hand: FloorHand, asked: Asked = DAY) -> dict[str, dict[str, Any]]:
    found = hand.floor.read(lambda tx: flow_figures.figures(tx, look_up(tx, asked)))
    return {one["figure"]: one for one in found["figures"]}


def made_of(figure: dict[str, Any]) -> tuple[int, int | None, float | None]:
    return figure["numerator"], figure["denominator"], figure["value"]


def minutes(figure: dict[str, Any]) -> tuple[float, ...]:
    return tuple(figure[name] / MINUTE_MS for name in ("p50_ms", "p85_ms", "p95_ms", "longest_ms"))


def rows(hand: FloorHand, code: str, asked: Asked = DAY, **page: int) -> list[dict[str, Any]]:
    found = hand.floor.read(lambda tx: flow_figures.rows_of(tx, look_up(tx, asked), code, **page))
    return list(found["rows"])


# --- the morning, figure by figure ---------------------------------------------------------------------------


def test_every_figure_of_the_morning(morning: FloorHand) -> None:
    found = figures(morning)
    # Two orders left in the twelve hours since midnight.
    assert made_of(found["throughput"]) == (2, 12 * 60 * MINUTE_MS, 0.17)
    assert made_of(found["wip"]) == (2, None, 2)  # F-4 waits, F-5 is picked
    assert minutes(found["age"]) == (210, 220, 220, 220)  # since 08:30 and 08:20
    assert minutes(found["cycle_time"]) == (60, 65, 65, 65)  # 09:05 and 09:00 to 10:05
    assert made_of(found["cycle_time"]) == (125 * MINUTE_MS, 2, 62.5 * MINUTE_MS)
    assert minutes(found["lead_time"]) == (115, 125, 125, 125)
    assert made_of(found["on_time"]) == (1, 3, 33.33)  # F-1 of F-1, F-2 and F-4; F-3 was cancelled
    assert made_of(found["pick_accuracy"]) == (4, 4, 100.0)
    assert made_of(found["short_lines"]) == (1, 4, 25.0)
    assert made_of(found["short_units"]) == (1, 6, 16.67)  # five picked, one not there
    # Pick 34 minutes, pack 8, ship 5; lines 4 + 3 + 2, units 5 + 4 + 4.
    assert made_of(found["lines_per_hour"]) == (9, 47 * MINUTE_MS, 11.49)
    assert made_of(found["units_per_hour"]) == (13, 47 * MINUTE_MS, 16.6)
    assert minutes(found["dock_to_stock"]) == (60, 150, 150, 150)
    assert made_of(found["inventory_accuracy"]) == (1, 1, 100.0)


def test_units_the_bench_misses_are_a_mistake_of_the_pick(morning: FloorHand) -> None:
    at_bench(morning, tote=2)
    morning.say(BENCH, "MISSING")
    morning.floor.clock.set("12:30")  # type: ignore[attr-defined]
    assert made_of(figures(morning)["pick_accuracy"]) == (3, 4, 75.0)
    assert made_of(figures(morning, Asked("2026-06-15", operator="1001"))["pick_accuracy"]) == (3, 4, 75.0)
    assert made_of(figures(morning, Asked("2026-06-15", operator="1002"))["pick_accuracy"]) == (0, 0, None)
    (row,) = rows(morning, "pick_accuracy")
    assert (row["order_number"], row["sku"], row["missing_each"], row["picked_by"]) == ("F-5", "PEN", 1, "1001")


def test_a_period_holds_what_happened_in_it(morning: FloorHand) -> None:
    found = figures(morning, Asked("2026-06-15T08:00:00+01:00", "2026-06-15T10:00:00+01:00"))
    assert made_of(found["throughput"]) == (0, 120 * MINUTE_MS, 0.0)
    assert made_of(found["wip"]) == (4, None, 4)  # all but the cancelled one
    assert made_of(found["on_time"]) == (0, 0, None)  # F-2's cut-off is the first moment after it
    assert made_of(found["dock_to_stock"])[1] == 1
    assert made_of(figures(morning, Asked("2026-06-14", "2026-06-14"))["wip"]) == (0, None, 0)


def test_an_empty_floor_has_no_figures_but_noughts(clocked: tuple[FloorHand, Clock]) -> None:
    hand, _ = clocked
    assert all(one["numerator"] == 0 and one["value"] in (0, None) for one in figures(hand).values())


def test_the_numerator_can_be_looked_at(morning: FloorHand) -> None:
    assert [(row["order_number"], row["is_on_time"]) for row in rows(morning, "on_time")] == [
        ("F-1", 1), ("F-2", 0), ("F-4", 0),
    ]  # fmt: skip
    assert [row["order_number"] for row in rows(morning, "wip")] == ["F-5", "F-4"]
    assert [row["released_ms"] for row in rows(morning, "cycle_time")] == [local_ms("09:00"), local_ms("09:05")]
    assert [(row["asked_each"], row["done_each"]) for row in rows(morning, "short_lines")] == [(2, 1)]
    assert [row["receipt"] for row in rows(morning, "dock_to_stock")] == ["S1", "S2"]
    assert [(row["sku"], row["counted_each"]) for row in rows(morning, "inventory_accuracy")] == [("MUG", 17)]
    assert len(rows(morning, "lines_per_hour")) == 9
    first = morning.floor.read(lambda tx: flow_figures.rows_of(tx, look_up(tx, DAY), "lines_per_hour", limit=4))
    assert (len(first["rows"]), len(rows(morning, "lines_per_hour", after=first["next"]))) == (4, 5)


# --- filters -------------------------------------------------------------------------------------------------


def test_a_filter_leaves_out_what_it_says_nothing_about(morning: FloorHand) -> None:
    by_person = figures(morning, Asked("2026-06-15", operator="1001"))
    assert set(by_person) == {"pick_accuracy", "short_lines", "short_units", "lines_per_hour", "units_per_hour"}
    by_channel = figures(morning, Asked("2026-06-15", channel="api"))
    assert made_of(by_channel["throughput"])[0] == 2
    assert "inventory_accuracy" not in by_channel
    of_pick = figures(morning, Asked("2026-06-15", lane="pick"))
    assert set(of_pick) == set(by_person)
    assert made_of(of_pick["lines_per_hour"]) == (4, 34 * MINUTE_MS, 7.06)


def test_a_carrier_is_asked_for_by_its_code(morning: FloorHand) -> None:
    codes = [row["code"] for row in morning.all("SELECT code FROM carrier WHERE warehouse_id = :w ORDER BY id")]
    shipped = [made_of(figures(morning, Asked("2026-06-15", carrier=code))["throughput"])[0] for code in codes]
    assert sum(shipped) == 2


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (Asked("2026-06-15", lane="wait"), "bad_lane"), (Asked("2026-06-16"), "bad_period"),
        (Asked("2026-01-01"), "bad_period"), (Asked("2026-06-15T08:00"), "bad_time"), (Asked("yesterday"), "bad_time"),
        (Asked("2026-06-15", carrier="NOBODY"), "unknown_carrier"), (Asked(zone="C"), "unknown_zone"),
        (Asked(channel="shop"), "unknown_channel"), (Asked(operator="#99"), "unknown_operator"),
        (Asked("2026-06-15", operator="9999"), "unknown_operator"), (Asked("9999-12-31", "9999-12-31"), "bad_time"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(clocked: tuple[FloorHand, Clock], asked: Asked, code: str) -> None:
    hand, clock = clocked
    clock.set("12:00")
    with pytest.raises(DomainError) as refused:
        hand.floor.read(lambda tx: look_up(tx, asked))
    assert refused.value.code == code


def test_unknown_figures_and_steps_are_refused(clocked: tuple[FloorHand, Clock]) -> None:
    hand, clock = clocked
    clock.set("12:00")
    with pytest.raises(NotFound):
        rows(hand, "luck")
    with pytest.raises(DomainError):
        rows(hand, "wip", limit=0)
    with pytest.raises(DomainError):
        rows(hand, "wip", Asked(operator="1001"))
    with pytest.raises(DomainError):
        hand.floor.read(lambda tx: moments(look_up(tx, Asked()), "minute"))


def test_a_day_is_the_warehouses_own(clocked: tuple[FloorHand, Clock]) -> None:
    hand, clock = clocked
    clock.set("12:00")
    period = hand.floor.read(lambda tx: look_up(tx, Asked("2026-06-15", "2026-06-15")))
    assert (period.from_ms, period.until_ms) == (local_ms("00:00"), local_ms("12:00"))
    assert period.shown()["from"] == "2026-06-15T00:00:00+01:00"
    # The clocks went forward on 29 March: that day has 23 hours.
    march = hand.floor.read(lambda tx: look_up(tx, Asked("2026-03-29", "2026-03-29")))
    assert (march.until_ms - march.from_ms) / 3_600_000 == 23
    assert len(moments(march, "hour")) == 24


# --- who did it ----------------------------------------------------------------------------------------------


def test_lines_units_and_time_by_operator_and_lane(morning: FloorHand) -> None:
    found = morning.floor.read(lambda tx: flow_work.by_operator(tx, look_up(tx, DAY)))
    assert [(row["badge"], row["lane"], row["lines"], row["units"], row["worked_ms"] / MINUTE_MS) for row in found] == [
        ("1001", "pick", 4, 5, 34), ("1001", "pack", 3, 4, 8), ("1001", "ship", 2, 4, 5),
    ]  # fmt: skip
    assert found[0]["lines_per_hour"] == 7.1
    whole = flow_work.totals(found)
    assert (whole["lines"], whole["units"], whole["worked_ms"] / MINUTE_MS) == (9, 13, 47)


def test_work_that_began_before_the_period_counts_from_its_beginning(morning: FloorHand) -> None:
    asked = Asked("2026-06-15T09:17:00+01:00", "2026-06-15T09:27:00+01:00", lane="pick")
    (row,) = morning.floor.read(lambda tx: flow_work.by_operator(tx, look_up(tx, asked)))
    assert (row["worked_ms"] / MINUTE_MS, row["lines"]) == (3, 0)  # 09:17 to 09:20; what is done at 09:27 is not in it


def test_a_line_two_people_pick_is_one_line(morning: FloorHand) -> None:
    morning.write(_second_half_by_bob)
    found = morning.floor.read(lambda tx: flow_work.by_operator(tx, look_up(tx, Asked("2026-06-15", lane="pick"))))
    assert [(row["badge"], row["lines"], row["units"]) for row in found] == [("1001", 3, 5), ("1002", 1, 1)]
    assert flow_work.totals(found)["lines"] == 4


def _second_half_by_bob(tx: Any) -> None:
    """One more unit of F-1's mugs, in Bob's hand; written beside the ledger's own way, which would refuse it."""
    first = dict(tx.one("SELECT * FROM stock_move WHERE warehouse_id = :w AND reason = 'pick' ORDER BY id LIMIT 1"))
    bob = tx.one("SELECT id FROM operator WHERE warehouse_id = :w AND badge = '1002'")["id"]
    del first["warehouse_id"], first["id"]
    tx.insert("stock_move", **{**first, "qty_each": 1, "operator_id": bob, "recorded_at_ms": local_ms("09:16")})


# --- orders on their way -------------------------------------------------------------------------------------


def test_cumulative_flow_hour_by_hour(morning: FloorHand) -> None:
    asked = Asked("2026-06-15T08:00:00+01:00")
    found = morning.floor.read(lambda tx: flow_lanes.cumulative_flow(tx, look_up(tx, asked), "hour"))
    names = ("arrived", "released", "picked", "packed", "left", "wip")
    assert {point["at"][11:16]: tuple(point[name] for name in names) for point in found["points"]} == {
        "08:00": (1, 0, 0, 0, 0, 1), "09:00": (5, 2, 1, 1, 1, 4), "10:00": (5, 3, 3, 3, 1, 4),
        "11:00": (5, 4, 4, 3, 3, 2), "12:00": (5, 4, 4, 3, 3, 2),
    }  # fmt: skip
    law = found["little"]
    assert (law["arrived"], law["left"], law["wip_before"], law["wip_after"]) == (5, 3, 0, 2)
    # 125 + 115 + 15 minutes of those that left, 220 + 210 of those that are here.
    assert (law["stayed_ms"] / MINUTE_MS, law["present_ms"] / MINUTE_MS) == (255, 685)


def test_the_map_of_the_morning(morning: FloorHand) -> None:
    morning.write(lambda tx: flow_targets.set_targets(tx, {"packed": 20 * MINUTE_MS}))
    found = _map(morning)
    shown = {
        f"{arrow['from']} {arrow['to']}": (
            arrow["count"], arrow["wait_p50_ms"] / MINUTE_MS, arrow["wait_p85_ms"] / MINUTE_MS,
            arrow["work_p50_ms"] / MINUTE_MS, arrow["work_p85_ms"] / MINUTE_MS,
        )
        for arrow in found["arrows"]
    }  # fmt: skip
    assert shown == {
        "taken released": (2, 55, 60, 0, 0), "released picked": (2, 10, 16, 10, 14), "picked packed": (2, 15, 25, 2, 2),
        "packed staged": (2, 1, 2, 0, 0), "staged loaded": (2, 9, 12, 0, 0), "loaded shipped": (2, 3, 4, 0, 0),
        "taken cancelled": (1, 15, 15, 0, 0),
    }  # fmt: skip
    packed = next(arrow for arrow in found["arrows"] if arrow["to"] == "packed")
    assert (packed["target_ms"], packed["in_time"]) == (20 * MINUTE_MS, 1)  # 17 minutes and 27
    assert (found["orders"], found["rework"], found["left_out"]) == (3, {"numerator": 0, "denominator": 13}, 0)


def test_tours_of_one_wave_are_one_release_and_the_next_wave_leads_back(morning: FloorHand) -> None:
    def walk(tx: Any, wave: int, clock: str) -> None:
        order = tx.one("SELECT id FROM sales_order WHERE warehouse_id = :w AND number = 'F-1'")["id"]
        at_ms = local_ms(clock) + 7
        tour = tx.insert("tour", wave_id=wave, state="done", operator_id=1, claimed_at_ms=at_ms, done_at_ms=at_ms)
        tx.insert("task", kind="pick", state="done", tour_id=tour, order_id=order, qty_each=1, done_each=1,
                  created_at_ms=at_ms, done_at_ms=at_ms)  # fmt: skip

    morning.write(lambda tx: walk(tx, 1, "09:00"))
    drawn = {(arrow["from"], arrow["to"]): arrow["count"] for arrow in _map(morning)["arrows"]}
    assert (drawn["taken", "released"], drawn["released", "picked"]) == (2, 3)
    morning.write(lambda tx: walk(tx, 2, "09:40"))
    found = _map(morning)
    back = next(arrow for arrow in found["arrows"] if (arrow["from"], arrow["to"]) == ("picked", "released"))
    assert (back["count"], back["is_rework"], back["wait_p50_ms"]) == (1, True, 20 * MINUTE_MS + 7)
    assert found["rework"] == {"numerator": 1, "denominator": 16}


def _map(hand: FloorHand) -> dict[str, Any]:
    return hand.floor.read(lambda tx: flow_lanes.process_map(tx, look_up(tx, DAY)))


def test_a_target_is_set_and_taken_away(morning: FloorHand) -> None:
    morning.write(lambda tx: flow_targets.set_targets(tx, {"packed": 5, "picked": 6}))
    morning.write(lambda tx: flow_targets.set_targets(tx, {"packed": None, "picked": 7}))
    assert morning.floor.read(flow_targets.targets) == {"picked": 7}
    for wrong_one in ({"taken": 5}, {"packed": 0}):
        with pytest.raises(DomainError):
            morning.write(lambda tx, wrong_one=wrong_one: flow_targets.set_targets(tx, wrong_one))


def test_a_lane_with_a_queue_and_nobody_in_it_is_the_bottleneck(morning: FloorHand) -> None:
    asked = Asked("2026-06-15", "2026-06-15T09:45:00+01:00")
    found = morning.floor.read(lambda tx: flow_lanes.bottleneck(tx, look_up(tx, asked)))
    assert (found["lane"], found["holds_up"]) == ("pack", True)
    assert found["words"] == (
        "Packing: 2 orders wait, 4 an hour come, 0 an hour go with 0 packers. Nobody works there: send somebody."
    )
    pick, pack, ship = found["lanes"]
    assert (pick["waiting_before"], pick["in_work_before"], pick["left"], pick["people"]) == (1, 1, 2, 1)
    assert (pick["busy_ms"] / MINUTE_MS, pick["waited_ms"] / MINUTE_MS) == (19, 6)
    assert (pick["starved_ms"] / MINUTE_MS, pick["starved_percent"]) == (10, 33.3)  # 09:35 to 09:45
    assert (pack["waited_ms"] / MINUTE_MS, pack["queue_percent"]) == (35, 85.4)
    assert (ship["came"], ship["people"]) == (0, 0)


def test_parcels_that_wait_for_their_truck_hold_nobody_up(morning: FloorHand) -> None:
    asked = Asked("2026-06-15", "2026-06-15T10:00:00+01:00")
    found = morning.floor.read(lambda tx: flow_lanes.bottleneck(tx, look_up(tx, asked), 10))
    assert found["lanes"][2]["waiting"] == 2
    assert found["lane"] != "ship"
    with pytest.raises(DomainError):
        morning.floor.read(lambda tx: flow_lanes.bottleneck(tx, look_up(tx, asked), 5))


def test_before_opening_nobody_is_sent_anywhere(morning: FloorHand) -> None:
    hours = {day: ("08:00", "18:00") for day in ("monday", "tuesday", "wednesday", "thursday", "friday")}
    morning.write(lambda tx: calendars.set_calendar(tx, hours, []))
    clock = morning.floor.clock
    clock.now_ms = local_ms("06:00", day=16)  # type: ignore[attr-defined]
    found = morning.floor.read(lambda tx: flow_lanes.bottleneck(tx, look_up(tx, Asked())))
    assert (found["lane"], found["words"]) == (None, "The warehouse is closed and nobody is at work.")
    assert found["lanes"][1]["waiting"] == 1  # F-5 is still to be packed
    assert found["who"] is None
    clock.now_ms = local_ms("09:00", day=16)  # type: ignore[attr-defined]
    assert morning.floor.read(lambda tx: flow_lanes.bottleneck(tx, look_up(tx, Asked())))["lane"] == "pack"


def test_where_nobody_works_somebody_who_may_is_named(morning: FloorHand) -> None:
    morning.floor.clock.now_ms = local_ms("09:00", day=16)  # type: ignore[attr-defined]
    morning.say("BENCH-1", "HOME")
    found = morning.floor.read(lambda tx: flow_lanes.bottleneck(tx, look_up(tx, Asked())))
    assert (found["lane"], found["who"]["reason"], found["who"]["operator"]) == ("pack", "free", "Ada")
    assert found["words"].endswith("Nobody works there: send somebody. Ada at BENCH-1 may, with nothing in hand.")


def test_throughput_counts_opening_hours_only(morning: FloorHand) -> None:
    hours = {day: ("08:00", "18:00") for day in ("monday", "tuesday", "wednesday", "thursday", "friday")}
    morning.write(lambda tx: calendars.set_calendar(tx, hours, []))
    assert made_of(figures(morning)["throughput"]) == (2, 4 * 60 * MINUTE_MS, 0.5)  # 08:00 to 12:00
