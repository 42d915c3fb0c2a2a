"""The same thirty days by our rule and by other systems': `python -m tests.benchmarks.fifo_days --days 30`.

Plays the days once through the floor, then serves the same demand from the same arrivals by each rule of
fifo_rules.py, and prints one table. Transfers and corrections leave the bins they left in truth; goods carried
from bin to bin are carried by every rule. Nothing here is a test.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from fulfillment.bootstrap import Floor
from fulfillment.commands.simulating_days import days_floor
from fulfillment.commands.simulating_days import play as play_days
from fulfillment.domain.fifo import Layer, rank
from fulfillment.domain.stock import STORAGE_KINDS
from simulators.days.ports import DaysOptions
from simulators.faults import ErrorRates
from tests.benchmarks.fifo_rules import RULES, Asked, Event, Landed, Left, Score, TrueLayer, play

_MOVES = (
    "SELECT m.id, m.layer_id, m.item_id, m.qty_each, m.reason, m.order_id, f.code AS from_code, f.kind AS from_kind,"
    " t.code AS to_code, t.kind AS to_kind, m.from_lpn_id, m.to_lpn_id, m.from_status, m.to_status FROM stock_move m"
    " JOIN location f ON f.warehouse_id = m.warehouse_id AND f.id = m.from_location_id"
    " JOIN location t ON t.warehouse_id = m.warehouse_id AND t.id = m.to_location_id"
    " WHERE m.warehouse_id = :w ORDER BY m.id"
)
_LAYERS = (
    "SELECT y.id, y.received_on, y.expiry_on, y.lot, i.rotation, i.tolerance_days FROM layer y"
    " JOIN item i ON i.warehouse_id = y.warehouse_id AND i.id = y.item_id WHERE y.warehouse_id = :w"
)


def events_of(floor: Floor) -> list[Event]:
    """The stream of a floor's ledger: what landed in bins, what left them, what orders asked for."""
    layers = {row["id"]: _true(row) for row in floor.read(lambda tx: tx.all(_LAYERS))}
    moves = [dict(row) for row in floor.read(lambda tx: tx.all(_MOVES))]
    picked: dict[tuple[int, int], int] = {}
    for move in moves:
        if move["reason"] == "pick" and _is_stored(move, "from"):  # what never lay in a bin was cross-docked
            key = move["order_id"], move["item_id"]
            picked[key] = picked.get(key, 0) + move["qty_each"]
    return list(_events(moves, layers, picked))


def _events(
    moves: list[dict[str, Any]], layers: dict[int, TrueLayer], picked: dict[tuple[int, int], int]
) -> Iterator[Event]:
    asked: set[tuple[int, int]] = set()
    for move in moves:
        item, qty_each, layer = move["item_id"], move["qty_each"], layers[move["layer_id"]]
        is_from, is_to = _is_stored(move, "from"), _is_stored(move, "to")
        if is_from and is_to and move["from_code"] == move["to_code"]:
            continue
        order = f"order {move['order_id']}"
        if is_from and move["reason"] == "pick":
            # A line is served when its first unit is picked, all of it: a rule decides once for an order.
            if (move["order_id"], item) not in asked:
                asked.add((move["order_id"], item))
                yield Asked(item, order, picked[move["order_id"], item])
            continue
        way = f"move {move['id']}" if is_to else f"hand {move['to_code']}" if move["to_kind"] == "hand" else ""
        if is_from:
            yield Left(item, move["from_code"], qty_each, way)
        if is_to:
            came = way if is_from else f"hand {move['from_code']}" if move["from_kind"] == "hand" else ""
            back = order if move["reason"] == "put_back" else came
            yield Landed(item, move["to_code"], layer, qty_each, back)


def _is_stored(move: dict[str, Any], side: str) -> bool:
    is_loose = move[f"{side}_lpn_id"] == 0 and move[f"{side}_status"] == "available"
    return is_loose and move[f"{side}_kind"] in STORAGE_KINDS


def _true(row: Any) -> TrueLayer:
    window = rank(Layer(row["id"], row["received_on"], row["expiry_on"]), row["rotation"], row["tolerance_days"])[0]
    day = date.fromisoformat(row["received_on"]).toordinal()
    return TrueLayer(window, row["id"], day, row["expiry_on"], row["lot"])


def table(scores: list[Score], days: int, seed: int, audited: int) -> str:
    """One Markdown table."""
    lines = [
        f"| {days} days, seed {seed}: {scores[0].lines:,} lines, {scores[0].units:,} units"
        " | units passed over older ones | share | lines | worst, days |",
        "| --- | --- | --- | --- | --- |",
    ]
    for score in scores:
        lines.append(
            f"| {score.rule} | {score.passed_units:,} | {score.share:.1%} | {score.passed_lines:,} |"
            f" {score.worst_days} |"
        )
    lines.append("")
    lines.append(f"`floor fifo-audit` over the same ledger: {audited} violations without an override.")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--orders", type=int, default=70)
    parser.add_argument("--no-errors", action="store_true")
    parser.add_argument("--json", metavar="FILE")
    asked = parser.parse_args()
    rates = ErrorRates.none() if asked.no_errors else ErrorRates.trained()
    with days_floor() as (floor, clock):
        report = play_days(floor, clock, DaysOptions(asked.days, asked.seed, asked.orders, rates=rates))
        scores = [play(rule, events_of(floor)) for rule in RULES]
    print(table(scores, asked.days, asked.seed, report.fifo_violations))
    if asked.json:
        rows = [score.__dict__ | {"share": round(score.share, 5), "source": rule.source}
                for score, rule in zip(scores, RULES, strict=True)]  # fmt: skip
        Path(asked.json).write_text(json.dumps({"rows": rows, "days": report.as_json()}, indent=2) + "\n", "utf-8")
    return 0 if scores[0].passed_units == 0 and report.fifo_violations == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
