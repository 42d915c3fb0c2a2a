"""Whatever is scanned in whatever order at three stations, the book stays right and FIFO holds.

Hypothesis plays the day: stock comes, orders come and go, people follow their screens, scan something else,
key odd quantities, change flows, count. After every step `verify` and the FIFO audit must find nothing.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import Conflict
from fulfillment.flows.home import FLOW_OF_COMMAND
from fulfillment.services.ordering import orders
from tests.factories import NOBODY, FloorHand
from tests.services.acts import CARTS, TOTES, at, cancel, release, wrong
from tests.services.conftest import OpenEmpty

SKUS = ("MUG", "CUP")
BINS = ("A01-01-1", "A01-02-1", "A02-01-1", "F01-01-1", "P01-01-1")
LANES = ("F01-01-1", "P01-01-1")
DAYS = ("2026-01-01", "2026-01-02", "2026-02-01")
STATIONS = ("HAND-1", "HAND-2", "BENCH-1")
FLOWS = ("PICK", "COUNT", "PUTBACK", "PUTAWAY", "PACK", "LOAD")
NOISE = (*SKUS, *(at(code) for code in (*BINS, "STAGE-1", "LANE-DOM")), *TOTES[:4], *CARTS[:2])
COMMANDS = (
    "DONE", "SHORT", "SKIP", "BACK", "NEWTOTE", "MISSING", "CLOSE", "VOID", "REOPEN", "TAKEOFF", "CONFIRM", "NEWPARCEL",
    "NOSCAN",
)  # fmt: skip

stations = st.sampled_from(STATIONS)
few = st.integers(1, 4)


class AnyDay(RuleBasedStateMachine):
    """A small floor and what may happen on it."""

    def __init__(self, open_empty: OpenEmpty) -> None:
        super().__init__()
        self.floor = open_empty()
        self.hand = FloorHand(self.floor)
        self.numbers = itertools.count(1)
        self.screens: dict[str, dict[str, Any]] = {}
        for sku in SKUS:
            self.hand.item(sku)
            self.hand.stock(sku, 9, BINS[SKUS.index(sku)], DAYS[2])
        for station in STATIONS:
            self._scan(station, own_code("B", "1001"))

    def teardown(self) -> None:
        """Let go of the database."""
        self.floor.close()

    def _scan(self, station: str, code: str, qty_each: int | None = None) -> None:
        self.screens[station] = self.hand.scan(station, code, qty_each)["step"]

    def _try(self, act: Callable[[], Any]) -> None:
        with contextlib.suppress(Conflict):  # a person at a screen gets a 409 and goes on
            act()

    @rule(
        sku=st.sampled_from(SKUS),
        qty=st.integers(1, 12),
        place=st.sampled_from((*BINS, "DOCK-1")),
        day=st.sampled_from(DAYS),
    )
    def stock_comes(self, sku: str, qty: int, place: str, day: str) -> None:
        if place not in LANES or not self.hand.on_hand(place):  # no receiver would bury what lies there
            self.hand.stock(sku, qty, place, day)

    @rule(mugs=st.integers(0, 4), cups=st.integers(0, 4), policy=st.sampled_from(["ship_partial", "ship_complete"]))
    def an_order_comes(self, mugs: int, cups: int, policy: str) -> None:
        lines = [(sku, qty) for sku, qty in (("MUG", mugs), ("CUP", cups)) if qty]
        if lines:
            self.hand.order(f"SO-{next(self.numbers)}", *lines, policy=policy)

    @rule(which=st.integers(1, 6), what=st.sampled_from(["cancel", "hold", "go on"]))
    def a_customer_thinks_again(self, which: int, what: str) -> None:
        number = f"SO-{which}"
        if self.hand.one("SELECT id FROM sales_order WHERE warehouse_id = :w AND number = :n", n=number) is None:
            return
        if what == "cancel":
            self._try(lambda: cancel(self.hand, number))
        elif what == "hold":
            self._try(lambda: self.hand.write(lambda tx: orders.hold(tx, NOBODY, number, "payment")))
        else:
            self._try(lambda: self.hand.write(lambda tx: orders.release_hold(tx, NOBODY, number)))

    @rule(steps=st.integers(2, 20), short=st.integers(0, 9))
    def a_wave_is_released_and_walked(self, steps: int, short: int) -> None:
        self._try(lambda: release(self.hand))
        self._work("HAND-1", "PICK", steps, short)

    @rule(station=st.sampled_from(STATIONS[:2]), steps=st.integers(2, 20), short=st.integers(0, 9))
    def somebody_picks(self, station: str, steps: int, short: int) -> None:
        self._work(station, "PICK", steps, short)

    @rule(steps=st.integers(2, 12))
    def somebody_packs(self, steps: int) -> None:
        totes = self.hand.all("SELECT code FROM lpn WHERE warehouse_id = :w AND kind = 'tote' AND order_id IS NOT NULL")
        self._enter("BENCH-1", "PACK")
        if self.screens["BENCH-1"]["state"] == "tote" and totes:
            self._scan("BENCH-1", own_code("T", totes[steps % len(totes)]["code"]))
        self._work("BENCH-1", "PACK", steps, 0)

    @rule(station=stations, flow=st.sampled_from(FLOWS), steps=st.integers(2, 12), sku=st.sampled_from(SKUS), qty=few)
    def somebody_does_something_else(self, station: str, flow: str, steps: int, sku: str, qty: int) -> None:
        self._work(station, flow, steps, 0)
        if self.screens[station]["flow"] == "count" and self.screens[station]["state"] == "item":
            self._scan(station, sku, qty)
            self._scan(station, own_code("C", "DONE"))

    @rule(steps=st.integers(2, 12), in_lane=st.sampled_from(["picked", "picking", "packed"]))
    def a_picked_order_is_given_up_and_put_back(self, steps: int, in_lane: str) -> None:
        order = self.hand.one(
            "SELECT number FROM sales_order WHERE warehouse_id = :w AND state = :state LIMIT 1", state=in_lane
        )
        if order is not None:
            self._try(lambda: cancel(self.hand, order["number"]))
            self._work("HAND-2", "PUTBACK", steps, 0)

    @rule(steps=st.integers(1, 8), last=st.sampled_from(["CONFIRM", "MISSING", "BACK"]))
    def a_truck_is_loaded(self, steps: int, last: str) -> None:
        self._work("HAND-2", "LOAD", 1, 0)
        if self.screens["HAND-2"]["state"] == "lane":
            self._scan("HAND-2", at("LANE-DOM"))
        self._work("HAND-2", "LOAD", steps, 0)
        self._scan("HAND-2", own_code("C", "CLOSE"))
        self._scan("HAND-2", own_code("C", last))

    def _enter(self, station: str, flow: str) -> None:
        if self.screens[station]["flow"] != FLOW_OF_COMMAND[flow]:
            self._scan(station, own_code("C", "HOME"))
            self._scan(station, own_code("C", flow))

    def _work(self, station: str, flow: str, steps: int, short: int) -> None:
        """Do what the screen says, `steps` scans long; with `short` the n-th thing is not found."""
        self._enter(station, flow)
        for step in range(steps):
            screen = self.screens[station]
            offers = [offer for offer in screen["expects"] if offer["code"] and offer["kind"] != "command"]
            if not offers:
                return
            if step and step == short and screen["state"] == "item":
                self._scan(station, own_code("C", "SHORT"))
                self._scan(station, own_code("Y", "TOO-FEW"))
                continue
            qty_each = screen["fields"].get("left_each") if offers[0]["kind"] == "item" else None
            self._scan(station, offers[0]["code"], qty_each)
            if self.hand.answer["outcome"] == "rejected":
                return

    @rule(station=stations, code=st.sampled_from(NOISE), qty=st.one_of(st.none(), few))
    def somebody_errs(self, station: str, code: str, qty: int | None) -> None:
        self._scan(station, code, qty)

    @rule(station=stations, command=st.sampled_from(COMMANDS), other=st.sampled_from(("", *COMMANDS)))
    def somebody_gives_a_command(self, station: str, command: str, other: str) -> None:
        for word in (command, other):
            if word:
                self._scan(station, own_code("C", word))

    @invariant()
    def the_book_is_right(self) -> None:
        assert wrong(self.hand) == []


def test_any_day_leaves_the_book_right(open_empty: OpenEmpty, days: Callable[[int], int]) -> None:
    run_state_machine_as_test(
        lambda: AnyDay(open_empty),
        settings=settings(
            max_examples=days(25), stateful_step_count=40, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
