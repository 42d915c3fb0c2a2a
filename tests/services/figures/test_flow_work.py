"""Whoever did what: the rows of operators and lanes add up to the whole, whatever was scanned and moved."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fulfillment.domain.calendar import Calendar
from fulfillment.hot import Tx
from fulfillment.services.figures import flow_work
from fulfillment.services.figures.flow_period import Period
from fulfillment.services.figures.flow_work import PAUSE_MS
from tests.factories import FloorHand

HOUR_MS = 3_600_000
BEGIN_MS = 1_760_000_000_000
FLOWS = ("pick", "pack", "load", "receive", "home")
REASONS = ("pick", "pack", "receive", "putaway", "replenish", "drop")

scans = st.lists(st.tuples(st.integers(0, 1), st.sampled_from(FLOWS), st.integers(-HOUR_MS, 2 * HOUR_MS)), max_size=25)
moves = st.lists(
    st.tuples(
        st.integers(0, 1), st.sampled_from(REASONS), st.integers(-HOUR_MS, 2 * HOUR_MS), st.integers(0, 2),
        st.integers(1, 5),
    ), max_size=25,
)  # fmt: skip
periods = itertools.count()


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scans, moves)
def test_rows_add_up_to_the_whole(
    hand: FloorHand, scanned: list[tuple[int, str, int]], moved: list[tuple[int, str, int, int, int]]
) -> None:
    # Every example has hours of its own on the one floor.
    begin_ms = BEGIN_MS + next(periods) * 10 * HOUR_MS
    hand.write(lambda tx: write(tx, begin_ms, scanned, moved))
    period = Period(begin_ms, begin_ms + HOUR_MS, Calendar("Europe/London"))
    found = hand.floor.read(lambda tx: flow_work.operators(tx, period))
    whole, rows = found["whole"], found["operators"]

    within = [one for one in moved if 0 <= one[2] < HOUR_MS and one[1] != "drop"]
    assert whole["units"] == sum(one[4] for one in within) == sum(row["units"] for row in rows)
    # A line is an item of an order, or goods put into one place: one item, one layer, one place each.
    lines = {(reason, order if reason in ("pick", "pack") else 0) for _, reason, _, order, _ in within}
    assert whole["lines"] == len(lines) == sum(row["lines"] for row in rows)
    assert whole["worked_ms"] == worked_ms(scanned) == sum(row["worked_ms"] for row in rows)
    assert len({(row["badge"], row["lane"]) for row in rows}) == len(rows)


def worked_ms(scanned: list[tuple[int, str, int]]) -> int:
    """The same by counting: gaps of one person, cut at the hour's ends, those to a scan in a lane."""
    of_person: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for person, flow, at_ms in scanned:  # in the order they were recorded: at one moment, the earlier row first
        of_person[person].append((at_ms, flow))
    total_ms = 0
    for one in of_person.values():
        for (before_ms, _), (at_ms, flow) in itertools.pairwise(sorted(one, key=lambda scan: scan[0])):
            if 0 <= at_ms < HOUR_MS and at_ms - before_ms <= PAUSE_MS and flow != "home":
                total_ms += at_ms - max(before_ms, 0)
    return total_ms


def write(tx: Tx, begin_ms: int, scanned: list[Any], moved: list[Any]) -> None:
    """Rows of scans and moves, beside the ledger's own way."""
    people = [row["id"] for row in tx.all("SELECT id FROM operator WHERE warehouse_id = :w ORDER BY badge")]
    for place, (person, flow, at_ms) in enumerate(scanned):
        tx.insert(
            "scan", scan_id=f"{begin_ms}-{place}", station_id=1, operator_id=people[person], code="", flow=flow,
            body_sha256="", outcome="", occurred_at_ms=0, recorded_at_ms=begin_ms + at_ms,
        )  # fmt: skip
    if not moved:
        return
    layer, item, orders = _goods(tx)
    for person, reason, at_ms, order, qty_each in moved:
        tx.insert(
            "stock_move", layer_id=layer, item_id=item, from_location_id=1, to_location_id=2, qty_each=qty_each,
            reason=reason, order_id=orders[order] if reason in ("pick", "pack") else None,
            operator_id=people[person], occurred_at_ms=0, recorded_at_ms=begin_ms + at_ms,
        )  # fmt: skip


def _goods(tx: Tx) -> tuple[int, int, list[int]]:
    orders = [row["id"] for row in tx.all("SELECT id FROM sales_order WHERE warehouse_id = :w ORDER BY id")]
    if not orders:
        item = tx.insert("item", sku="MUG", sku_key="MUG")
        receipt = tx.insert("receipt", number="R", state="closed", received_on="2026-01-01", content_sha256="",
                            created_at_ms=0)  # fmt: skip
        tx.insert("layer", item_id=item, receipt_id=receipt, received_on="2026-01-01", created_at_ms=0)
        orders = [
            tx.insert("sales_order", number=f"S-{n}", state="waiting", ordered_at_ms=0, cut_off_at_ms=0,
                      content_sha256="", created_at_ms=0, state_since_ms=0)
            for n in range(3)
        ]  # fmt: skip
    row = tx.one("SELECT id, item_id FROM layer WHERE warehouse_id = :w")
    return row["id"], row["item_id"], orders
