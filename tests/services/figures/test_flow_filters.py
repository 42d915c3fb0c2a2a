"""Flow figures cut by zone, person, channel and carrier, worked out by hand and by counting again, on both engines."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fulfillment.domain.calendar import Calendar
from fulfillment.domain.flow import Filter, Lane
from fulfillment.domain.reasons import DomainError
from fulfillment.hot import Tx
from fulfillment.services.figures import flow_figures, flow_lanes, flow_work
from fulfillment.services.figures.flow_period import Asked, Period, choices, look_up
from fulfillment.services.figures.flow_work import PAUSE_MS
from fulfillment.settings import Settings
from tests.factories import FloorHand
from tests.services.figures.test_flow_figures import figures, made_of, rows
from tests.services.flow_day import MINUTE_MS, open_with_clock, play_morning
from tests.services.packing.a_bench import BENCH, at_bench

DAY = "2026-06-15"
OF_ZONES = {
    "pick_accuracy", "short_lines", "short_units", "lines_per_hour", "units_per_hour", "inventory_accuracy",
}  # fmt: skip
HOUR_MS = 3_600_000


@pytest.fixture
def morning(settings: Settings) -> Iterator[FloorHand]:
    """The morning of `flow_day`, where mugs lie in zone A, cups and pens in B."""
    floor, clock = open_with_clock(settings)
    hand = FloorHand(floor)
    play_morning(hand, clock)
    hand.write(
        lambda tx: tx.run(
            "UPDATE location SET zone = CASE code WHEN 'A01-01-1' THEN 'A' WHEN 'A01-02-1' THEN 'B'"
            " WHEN 'A02-01-1' THEN 'B' ELSE '' END WHERE warehouse_id = :w"
        )
    )
    yield hand
    floor.close()


def test_a_zone_is_where_goods_were_picked_from_or_counted(morning: FloorHand) -> None:
    front, back = (figures(morning, Asked(DAY, zone=zone)) for zone in ("A", "B"))
    assert set(front) == set(back) == OF_ZONES
    # A: the mugs of F-1 and F-2; B: the cup of F-2 and the one pen of two of F-5.
    assert (made_of(front["pick_accuracy"]), made_of(back["pick_accuracy"])) == ((2, 2, 100.0), (2, 2, 100.0))
    assert (made_of(front["short_lines"]), made_of(back["short_lines"])) == ((0, 2, 0.0), (1, 2, 50.0))
    assert (made_of(front["short_units"]), made_of(back["short_units"])) == ((0, 3, 0.0), (1, 3, 33.33))
    assert (made_of(front["inventory_accuracy"]), made_of(back["inventory_accuracy"])) == ((1, 1, 100.0), (0, 0, None))
    assert [row["sku"] for row in rows(morning, "short_lines", Asked(DAY, zone="B"))] == ["PEN"]
    assert rows(morning, "short_lines", Asked(DAY, zone="A")) == []
    assert rows(morning, "inventory_accuracy", Asked(DAY, zone="B")) == []


def test_time_belongs_to_the_zone_of_the_next_move(morning: FloorHand) -> None:
    front, back = (figures(morning, Asked(DAY, zone=zone)) for zone in ("A", "B"))
    # A: to the mugs of F-1 (5), setting them down (5) and on to the mug of F-2 (6). B: the cup beside it (0), setting
    # down (8), to the pen (5). The last setting down (5) led nowhere: 34 in all.
    assert made_of(front["lines_per_hour"]) == (2, 16 * MINUTE_MS, 7.5)
    assert made_of(front["units_per_hour"]) == (3, 16 * MINUTE_MS, 11.25)
    assert made_of(back["lines_per_hour"]) == (2, 13 * MINUTE_MS, 9.23)
    assert [row["sku"] for row in rows(morning, "lines_per_hour", Asked(DAY, zone="B"))] == ["CUP", "PEN"]
    found = morning.floor.read(lambda tx: flow_work.operators(tx, look_up(tx, Asked(DAY, zone="B"))))
    assert [(row["number"], row["operator"], row["lane"], row["lines"]) for row in found["operators"]] == [
        ("#1", "Ada", "pick", 2),
    ]  # fmt: skip


def test_what_the_bench_misses_is_the_zones_it_was_picked_in(morning: FloorHand) -> None:
    at_bench(morning, tote=2)
    morning.say(BENCH, "MISSING")
    morning.floor.clock.set("12:30")  # type: ignore[attr-defined]
    for asked, expected in (
        (Asked(DAY, zone="A"), (2, 2, 100.0)), (Asked(DAY, zone="B"), (1, 2, 50.0)),
        (Asked(DAY, zone="B", operator="#1"), (1, 2, 50.0)), (Asked(DAY, zone="B", operator="1002"), (0, 0, None)),
    ):  # fmt: skip
        assert made_of(figures(morning, asked)["pick_accuracy"]) == expected, asked
    assert [row["sku"] for row in rows(morning, "pick_accuracy", Asked(DAY, zone="B"))] == ["PEN"]
    assert rows(morning, "pick_accuracy", Asked(DAY, zone="A")) == []


def test_filters_hold_together(morning: FloorHand) -> None:
    morning.write(
        lambda tx: tx.run("UPDATE sales_order SET channel = 'shop' WHERE warehouse_id = :w AND number = 'F-2'")
    )
    both = figures(morning, Asked(DAY, channel="shop", zone="B", lane="pick", operator="1001"))
    assert set(both) == {"pick_accuracy", "short_lines", "short_units"}
    assert made_of(both["short_units"]) == (0, 1, 0.0)  # the cup
    assert made_of(figures(morning, Asked(DAY, channel="shop"))["throughput"])[0] == 1
    assert made_of(figures(morning, Asked(DAY, channel="api"))["wip"])[0] == 2


def test_what_a_filter_cannot_cut_is_named_and_not_shown(morning: FloorHand) -> None:
    found = morning.floor.read(lambda tx: flow_figures.figures(tx, look_up(tx, Asked(DAY, zone="B", channel="api"))))
    left = {one["figure"]: one["filters"] for one in found["not_cut"]}
    assert left["throughput"] == ["zone"]
    assert left["inventory_accuracy"] == ["channel"]
    assert left["dock_to_stock"] == ["channel", "zone"]
    assert set(left) | {one["figure"] for one in found["figures"]} == {one.code for one in flow_figures.FIGURES}
    whole = morning.floor.read(lambda tx: flow_figures.figures(tx, look_up(tx, Asked(DAY))))
    assert whole["not_cut"] == []


ASKS: dict[str, Callable[[Tx, Period], Any]] = {
    "cumulative": lambda tx, period: flow_lanes.cumulative_flow(tx, period, "hour"),
    "map": flow_lanes.process_map,
    "bottleneck": flow_lanes.bottleneck,
    "operators": flow_work.operators,
    "rows": lambda tx, period: flow_figures.rows_of(tx, period, "dock_to_stock"),
}


@pytest.mark.parametrize(
    ("what", "asked", "field"),
    [
        *(
            (what, asked, field)
            for what in ("cumulative", "map", "bottleneck")
            for asked, field in ((Asked(DAY, lane="pick"), "lane"), (Asked(DAY, zone="A"), "zone"),
                                 (Asked(DAY, operator="1001"), "operator"))
        ),
        ("operators", Asked(DAY, channel="api"), "channel"), ("rows", Asked(DAY, zone="A"), "zone"),
    ],
)  # fmt: skip
def test_the_whole_never_passes_for_a_part(morning: FloorHand, what: str, asked: Asked, field: str) -> None:
    with pytest.raises(DomainError) as refused:
        morning.floor.read(lambda tx: ASKS[what](tx, look_up(tx, asked)))
    assert (refused.value.code, refused.value.field) == ("bad_filter", field)


def test_of_one_channel_nobody_is_called_the_tightest(morning: FloorHand) -> None:
    asked = Asked(DAY, "2026-06-15T09:45:00+01:00")
    whole = morning.floor.read(lambda tx: flow_lanes.bottleneck(tx, look_up(tx, asked)))
    part = morning.floor.read(
        lambda tx: flow_lanes.bottleneck(tx, look_up(tx, Asked(asked.from_, asked.to, channel="api")))
    )
    assert (whole["lane"], whole["is_part"], part["lane"], part["move"], part["is_part"]) == (
        "pack", False, None, None, True,
    )  # fmt: skip
    # Every order is of this channel, so what came, went and waits is the same; what people can do is not said.
    for all_of, some in zip(whole["lanes"], part["lanes"], strict=True):
        for name in ("came", "left", "waiting", "waited_ms", "queue_percent", "little"):
            assert some[name] == all_of[name], name
        assert [some[name] for name in ("people", "can_per_hour", "busy_percent", "load_percent")] == [None] * 4


def test_what_can_be_chosen_is_what_there_is(morning: FloorHand) -> None:
    morning.write(
        lambda tx: tx.run("UPDATE sales_order SET channel = 'shop' WHERE warehouse_id = :w AND number = 'F-2'")
    )
    found = morning.floor.read(choices)
    assert found[Filter.CHANNEL] == [("api", "api"), ("shop", "shop")]
    assert [code for code, _ in found[Filter.ZONE]] == ["A", "B"]
    assert found[Filter.OPERATOR] == [("#1", "Ada #1"), ("#2", "Bob #2")]
    assert [code for code, _ in found[Filter.LANE]] == list(Lane)
    for name, options in found.items():
        for code, _ in options:
            asked = Asked(DAY, **{name.value: code})
            assert morning.floor.read(lambda tx, asked=asked: look_up(tx, asked)).filters == {name}


# --- zones by counting again ---------------------------------------------------------------------------------

# (person, flow, at, what it moved: nothing, or units to a place of a zone)
scans = st.lists(
    st.tuples(
        st.integers(0, 1), st.sampled_from(("pick", "putaway", "home")), st.integers(-HOUR_MS, 2 * HOUR_MS),
        st.one_of(st.none(), st.tuples(st.sampled_from(("", "Y", "Z")), st.integers(1, 5))),
    ), max_size=25,
)  # fmt: skip
days = itertools.count()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scans)
def test_zones_and_nowhere_add_up_to_the_whole(hand: FloorHand, scanned: list[Any]) -> None:
    begin_ms = 1_760_000_000_000 + next(days) * 10 * HOUR_MS
    scanned = sorted(scanned, key=lambda one: one[2])
    hand.write(lambda tx: write(tx, begin_ms, scanned))
    for zone in ("Y", "Z"):
        period = Period(begin_ms, begin_ms + HOUR_MS, Calendar("Europe/London"), zone=zone)
        whole = hand.floor.read(lambda tx, period=period: flow_work.operators(tx, period))["whole"]
        assert whole["units"] == sum(
            moved[1] for _, flow, at_ms, moved in scanned
            if moved and moved[0] == zone and flow != "home" and 0 <= at_ms < HOUR_MS
        )  # fmt: skip
        assert whole["worked_ms"] == spent_ms(scanned)[zone]


def spent_ms(scanned: list[Any]) -> dict[str, int]:
    """By zone, going backwards: a scan belongs where its person's next move in its lane is, or its own."""
    totals: dict[str, int] = defaultdict(int)
    of_person: dict[int, list[Any]] = defaultdict(list)
    for one in scanned:
        of_person[one[0]].append(one)
    for mine in of_person.values():
        ahead: dict[str, str | None] = {}
        for place in range(len(mine) - 1, -1, -1):
            _, flow, at_ms, moved = mine[place]
            if not 0 <= at_ms < HOUR_MS:
                continue
            if moved:
                ahead[flow] = moved[0]
            before_ms = mine[place - 1][2] if place else None
            if flow != "home" and before_ms is not None and at_ms - before_ms <= PAUSE_MS:
                totals[ahead.get(flow) or ""] += at_ms - max(before_ms, 0)
    return totals


def write(tx: Tx, begin_ms: int, scanned: list[Any]) -> None:
    """Rows of scans and what they moved, beside the ledger's own way."""
    people = [row["id"] for row in tx.all("SELECT id FROM operator WHERE warehouse_id = :w ORDER BY badge")]
    places = {zone: _place(tx, zone) for zone in ("", "Y", "Z")}
    layer, item = _goods(tx)
    elsewhere = tx.one("SELECT id FROM location WHERE warehouse_id = :w AND code = 'STAGE-1'")["id"]
    for number, (person, flow, at_ms, moved) in enumerate(scanned):
        tx.insert(
            "scan", scan_id=f"{begin_ms}-{number}", station_id=1, operator_id=people[person], code="", flow=flow,
            body_sha256="", outcome="", occurred_at_ms=0, recorded_at_ms=begin_ms + at_ms,
        )  # fmt: skip
        if moved and flow != "home":
            source, target = (places[moved[0]], elsewhere) if flow == "pick" else (elsewhere, places[moved[0]])
            tx.insert(
                "stock_move", layer_id=layer, item_id=item, from_location_id=source, to_location_id=target,
                qty_each=moved[1], reason=flow, operator_id=people[person], scan_id=f"{begin_ms}-{number}",
                occurred_at_ms=0, recorded_at_ms=begin_ms + at_ms,
            )  # fmt: skip


def _place(tx: Tx, zone: str) -> int:
    code = f"ZONE-{zone}"
    known = tx.one("SELECT id FROM location WHERE warehouse_id = :w AND code = :code", code=code)
    return int(known["id"]) if known else tx.insert("location", code=code, kind="bin", zone=zone)


def _goods(tx: Tx) -> tuple[int, int]:
    if tx.one("SELECT id FROM layer WHERE warehouse_id = :w") is None:
        item = tx.insert("item", sku="MUG", sku_key="MUG")
        receipt = tx.insert("receipt", number="R", state="closed", received_on="2026-01-01", content_sha256="",
                            created_at_ms=0)  # fmt: skip
        tx.insert("layer", item_id=item, receipt_id=receipt, received_on="2026-01-01", created_at_ms=0)
    row = tx.one("SELECT id, item_id FROM layer WHERE warehouse_id = :w")
    return row["id"], row["item_id"]
