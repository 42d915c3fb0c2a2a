"""Rules of the simulated days: the stream from outside, the station without a wire, the measure of accuracy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from simulators.client import WireMishap
from simulators.days.figures import book_by_place, measure
from simulators.days.goods import make_items, make_locations
from simulators.days.ports import DaysOptions
from simulators.days.station import PortStation, ScreenTray
from simulators.days.stream import Delivery, Goods, Pallet, Stream, line_body, merged, receipt_body
from simulators.faults import ErrorLog, ErrorRates
from simulators.warehouse import beside
from simulators.world import World

MONDAY = date(2026, 3, 2)


def stream(seed: int = 1, rates: ErrorRates | None = None) -> tuple[Stream, ErrorLog]:
    log = ErrorLog()
    return Stream(make_items(seed), seed, MONDAY, 40, rates or ErrorRates.none(), log), log


def test_the_same_seed_gives_the_same_days() -> None:
    one, other = stream()[0], stream()[0]
    assert one.opening() == other.opening()
    assert [one.day(n) for n in range(5)] == [other.day(n) for n in range(5)]
    assert one.day(5).orders != other.day(6).orders


def test_suppliers_who_err_are_asked_for_the_same_goods() -> None:
    honest, (sloppy, log) = stream()[0], stream(rates=ErrorRates(mixed_pallet=0.5))
    for one in (honest, sloppy):
        one.opening()
    days = [(honest.day(n), sloppy.day(n)) for n in range(8)]
    assert all(a.orders == b.orders for a, b in days)
    for a, b in days:
        assert [list(d.announced()) for d in a.deliveries] == [list(d.announced()) for d in b.deliveries]
    assert log.by_kind()["mixed_pallet"] > 0
    pallets = [pallet for _, b in days for delivery in b.deliveries for pallet in delivery.pallets]
    assert any(pallet.real != pallet.announced for pallet in pallets)
    for pallet in pallets:
        assert sum(g.qty_each for g in pallet.real) == sum(g.qty_each for g in pallet.announced)


def test_the_buyer_tops_up_and_no_item_is_ordered_that_never_comes() -> None:
    outside, _ = stream()
    bought = {goods.sku for delivery in outside.opening() for goods in delivery.announced()}
    again: Counter[str] = Counter()
    for n in range(20):
        plan = outside.day(n)
        for delivery in plan.deliveries:
            again.update({goods.sku for goods in delivery.announced()})
        assert {sku for order in plan.orders for sku, _ in order.lines} <= bought | set(again)
    assert max(again.values()) >= 3


def test_an_advice_names_lots_expiries_and_handling_units() -> None:
    dated, serial = Goods("A", 5, "1726050110L0302001"), [Goods("S", 1, f"21S{n}") for n in (1, 2)]
    assert line_body(dated) == {"sku": "A", "qty_each": 5, "expiry_on": "2026-05-01", "lot": "L0302001"}
    assert merged(serial) == [Goods("S", 2)]
    body = receipt_body(Delivery("R1", "2026-03-02", (dated,), (Pallet("3" * 18, (dated,), (dated,)),)))
    assert body["units"] == [{"sscc": "3" * 18, "lines": [line_body(dated)]}]
    assert body["lines"] == [line_body(dated)]


def test_every_item_fits_its_places_and_marks_are_gs1_strings() -> None:
    items, locations = make_items(1), make_locations()
    assert {"plain", "dated", "serial"} == {item.kind for item in items}
    assert {"any", "fifo", "lifo"} == {location.access for location in locations}
    assert len({location.code for location in locations}) == len(locations)
    dated = next(item for item in items if item.kind == "dated")
    assert dated.mark("2026-03-02", 1) == "1726050110L0302001"
    least = min(location.capacity_ml for location in locations if location.capacity_ml)
    assert max(item.printed.volume_ml for item in items) < least


def test_the_next_bay_is_where_a_hand_lands() -> None:
    codes = {"A01-01-1", "A01-02-1", "A01-02-2"}
    assert beside(codes, "A01-01-1") == "A01-02-1"
    assert beside(codes, "A01-02-1") == "A01-01-1"
    assert beside(codes, "A01-02-2") is None
    assert beside(codes, "DOCK-1") is None


def answer(scan_id: str, station: str, code: str, qty_each: int | None, at_ms: int) -> Mapping[str, Any]:
    step = {"flow": "pack", "state": "label", "expects": [{"kind": "parcel", "code": "00123", "label": "123"}]}
    return {"outcome": "applied" if code == "GOOD" else "rejected", "code": None if code == "GOOD" else "wrong_item",
            "step": step, "replayed": False}  # fmt: skip


def test_a_pull_through_the_port_has_one_id_and_one_moment_however_often_it_is_sent() -> None:
    sent: list[tuple[Any, ...]] = []
    clock = iter(range(100))

    def port(*pull: Any) -> Mapping[str, Any]:
        sent.append(pull)
        return answer(*pull)

    station = PortStation(
        "S", port, lambda code: answer("", code, "GOOD", None, 0)["step"], lambda: next(clock),
        mishap=lambda: WireMishap(send_twice=True),
    )  # fmt: skip
    assert station.scan("GOOD").is_applied
    assert station.scan("BAD", 2).code == "wrong_item"
    assert [pull[0] for pull in sent] == ["S-0000001"] * 2 + ["S-0000002"] * 2
    assert [pull[4] for pull in sent] == [0, 0, 1, 1]
    assert (station.tally.scans, station.tally.rejected, station.tally.replay_mismatches) == (2, 1, [])
    assert ScreenTray(station).take(0.0) == "00123"


def test_a_place_is_right_when_every_item_in_it_has_the_units_of_the_book() -> None:
    world = World({"A": "any", "B": "any", "C": "any"})
    world.bring("A", "MUG", "2026-03-01", 5)
    world.bring("B", "MUG", "2026-03-01", 2)
    world.bring("B", "CUP", "2026-03-01", 1)
    rows = [
        {"kind": kind, "location": place, "sku": sku, "received_on": day, "on_hand_each": qty}
        for kind, place, sku, day, qty in (
            ("bin", "A", "MUG", "2026-03-02", 5), ("bin", "B", "MUG", "2026-03-01", 2),
            ("dock", "D", "MUG", "2026-03-01", 9),
        )
    ]  # fmt: skip
    accuracy = measure(world, ("A", "B", "C"), book_by_place(rows))
    assert (accuracy.places, accuracy.places_right) == (2, 1)
    assert (accuracy.pairs, accuracy.pairs_right, accuracy.pairs_dated_right) == (3, 2, 1)
    assert accuracy.wrong == ("B CUP: book 0, world 1",)


def test_a_plant_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="--plant fire"):
        DaysOptions(plants=("fire",))
