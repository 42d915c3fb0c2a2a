"""Is the book right? Recomputes every figure from the ledger and reports what differs. It never repairs.

One snapshot, beside a working floor. Each check is one set-based statement that answers with the rows that are wrong;
none is the only right answer. Over a long ledger the statements that would sort it are spared: `verify_sums` first
says in one pass which sums agree, and only where they do not, the statement is run to find the rows.
"""

from __future__ import annotations

import heapq
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from fulfillment.domain.orders import OrderCounts, state_of
from fulfillment.services.records import audit_log
from fulfillment.services.verifying.verify_acts import ACTS
from fulfillment.services.verifying.verify_papers import PAPERS
from fulfillment.services.verifying.verify_stock import CHECKS, REST
from fulfillment.services.verifying.verify_sums import VOUCHED, doubtful
from fulfillment.services.verifying.verify_walls import WALLS

STRETCH = 50_000  # entries of a long audit chain that are walked twice: at its end, and somewhere before it
RESTS = 2.0  # a third of the time at work: two cores that also scan feel a tenth of it
FOUND_MAX = 50  # findings in words a check; `count` says how many there are

_ORDERS = (
    "SELECT o.number, o.state, o.policy, o.hold_reason, o.is_cancelled, COALESCE(d.ordered, 0) AS ordered,"
    " COALESCE(d.cancelled, 0) AS cancelled, COALESCE(d.allocated, 0) AS allocated, COALESCE(d.picked, 0) AS picked,"
    " COALESCE(d.packed, 0) AS packed, COALESCE(d.shipped, 0) AS shipped,"
    " COALESCE(k.open, 0) + CASE WHEN v.state = 'planning' THEN 1 ELSE 0 END AS open_tasks,"
    " COALESCE(k.started, 0) AS started, COALESCE(p.open, 0) AS open_parcels, COALESCE(p.not_loaded, 0) AS not_loaded"
    " FROM sales_order o LEFT JOIN wave v ON v.warehouse_id = o.warehouse_id AND v.id = o.wave_id"
    " LEFT JOIN (SELECT order_id, SUM(ordered_each) AS ordered, SUM(cancelled_each) AS cancelled,"
    " SUM(allocated_each) AS allocated, SUM(picked_each) AS picked, SUM(packed_each) AS packed,"
    " SUM(shipped_each) AS shipped FROM demand WHERE warehouse_id = :w GROUP BY order_id) d ON d.order_id = o.id"
    " LEFT JOIN (SELECT k.order_id, COUNT(*) AS open, SUM(CASE WHEN t.state = 'active' THEN 1 ELSE 0 END) AS started"
    " FROM task k JOIN tour t ON t.warehouse_id = k.warehouse_id AND t.id = k.tour_id WHERE k.warehouse_id = :w"
    " AND k.kind = 'pick' AND (k.state = 'open' OR (t.state = 'active' AND k.state IN ('done', 'short')))"
    " GROUP BY k.order_id) k ON k.order_id = o.id"
    " LEFT JOIN (SELECT order_id, SUM(CASE WHEN state = 'open' THEN 1 ELSE 0 END) AS open,"
    " SUM(CASE WHEN state IN ('closed', 'in_lane', 'missing') THEN 1 ELSE 0 END) AS not_loaded FROM parcel"
    " WHERE warehouse_id = :w GROUP BY order_id) p ON p.order_id = o.id WHERE o.warehouse_id = :w"
)

_NOT_SETTLED = (
    " AND NOT (o.state = 'shipped' AND o.is_cancelled = 0 AND COALESCE(d.shipped, 0) > 0"
    " AND d.ordered - d.cancelled = d.shipped)"
)

# Checks that look at moves of few kinds: they share one reading of the ledger.
_RARE = (
    "receipts_equal_ledger", "transfers_equal_ledger", "what_did_not_arrive_is_lost", "posted_counts_equal_ledger",
    "announced_units_have_not_come",
)  # fmt: skip
_RARE_MOVES = (
    "WITH rare_move AS MATERIALIZED (SELECT warehouse_id, id, layer_id, item_id, from_location_id, to_location_id,"
    " to_lpn_id, qty_each, reason FROM stock_move WHERE warehouse_id = :w"
    " AND reason IN ('receive', 'return', 'send', 'count', 'adjust')) "
)


def verify(source: Any, warehouse_id: int = 1, *, spares: bool = True, rests: float = 0.0) -> dict[str, Any]:
    """Run every check; `ok` when none found anything. `source`: a transaction, or a snapshot.

    `spares` = False runs every statement, whatever the sums say. `rests`: after each statement so many times as long
    as it took, for those who scan meanwhile.
    """
    if rests:
        source = _Resting(source, rests)

    def ask(sql: str) -> Sequence[Any]:
        return list(_rows(source, warehouse_id, sql))

    if getattr(source, "dialect", "") == "postgresql":
        # One process of the server, not one a core: the others are for the scans that go on beside this.
        ask("SELECT set_config('max_parallel_workers_per_gather', '0', true)")
    known = {name: (sql, sentence) for name, sql, sentence in (*CHECKS, *PAPERS, *ACTS, *WALLS)}
    vouched = VOUCHED - doubtful(ask) | _right_in_few_moves(ask, known) if spares else frozenset()
    checks = []
    for name, (sql, sentence) in known.items():
        if name in vouched:
            sql = REST.get(name, "")
        checks.append(_report(name, _rows(source, warehouse_id, sql) if sql else (), sentence))
    wrong_orders = _wrong_orders(source, warehouse_id, spares)
    checks.append(
        _report(
            "orders_are_where_their_figures_say", wrong_orders, "order {number} is {state}, its figures say {means}"
        )
    )
    chain = _chain(source, warehouse_id, spares)
    checks.append({"name": "the_audit_chain_holds", "ok": not chain, "found": chain[:FOUND_MAX], "count": len(chain)})
    return {
        "ok": all(check["ok"] for check in checks), "checks": checks,
        "moves": _count(source, warehouse_id, "stock_move"),
        "balances": _count(source, warehouse_id, "stock_balance"),
    }  # fmt: skip


class _Resting:
    """A transaction that pauses after each statement. A server's process has no niceness a client could ask for."""

    def __init__(self, tx: Any, rests: float) -> None:
        self._tx = tx
        self._rests = rests

    def all(self, sql: str, **params: Any) -> Sequence[Any]:
        began = time.monotonic()
        rows: Sequence[Any] = self._tx.all(sql, **params)
        time.sleep(self._rests * (time.monotonic() - began))
        return rows

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)


def _chain(source: Any, warehouse_id: int, spares: bool) -> list[str]:
    """The whole audit chain, or of a long one its end and a stretch taken at random: who changed one entry had to
    change all that follow, up to the head that is kept elsewhere.
    """
    end = audit_log.head(source, warehouse_id, before_last=STRETCH)
    if not spares or end.entry_id <= STRETCH:
        return audit_log.verify_chain(source, warehouse_id)
    first = secrets.randbelow(end.entry_id - STRETCH)
    begin = audit_log.head(source, warehouse_id, before_last=STRETCH + end.entry_id - first) if first else None
    found = audit_log.verify_chain(source, warehouse_id, since=begin, until=first + STRETCH)
    return found + audit_log.verify_chain(source, warehouse_id, since=end)


def _right_in_few_moves(ask: Callable[[str], Sequence[Any]], known: dict[str, tuple[str, str]]) -> frozenset[str]:
    parts = [
        f"SELECT '{name}' AS name, COUNT(*) AS wrong FROM ({known[name][0].replace('stock_move', 'rare_move')}) r"
        for name in _RARE
    ]
    return frozenset(row["name"] for row in ask(_RARE_MOVES + " UNION ALL ".join(parts)) if row["wrong"] == 0)


def _report(name: str, wrong: Iterable[Any], sentence: str) -> dict[str, Any]:
    """The first of what was found by its words: two databases give rows in two orders, and the report is one."""
    count = 0

    def sentences() -> Iterator[str]:
        nonlocal count
        for row in wrong:
            count += 1
            yield sentence.format(**dict(row))

    words = heapq.nsmallest(FOUND_MAX, sentences())
    return {"name": name, "ok": count == 0, "found": words, "count": count}


def _wrong_orders(source: Any, warehouse_id: int, spares: bool) -> Iterator[dict[str, str]]:
    # The one loop over rows: which state counts mean is said in one place, and that place is not SQL. An order that
    # says it is shipped and has shipped all that is wanted of it needs no second opinion.
    for row in _rows(source, warehouse_id, _ORDERS + (_NOT_SETTLED if spares else "")):
        counts = OrderCounts(
            row["ordered"], row["cancelled"], row["allocated"], row["picked"], row["packed"], row["shipped"],
            row["open_tasks"], row["started"], row["open_parcels"], row["not_loaded"],
        )  # fmt: skip
        state = state_of(
            counts, row["policy"], on_hold=bool(row["hold_reason"]), is_cancelled=bool(row["is_cancelled"])
        )
        if state != row["state"]:
            yield {"number": row["number"], "state": row["state"], "means": state}


def _count(source: Any, warehouse_id: int, table: str) -> int:
    (row,) = _rows(source, warehouse_id, f"SELECT COUNT(*) AS n FROM {table} WHERE warehouse_id = :w")
    return int(row["n"])


def _rows(source: Any, warehouse_id: int, sql: str) -> Iterator[Any]:
    if hasattr(source, "all"):
        return iter(source.all(sql))
    return iter(source.execute(sql, {"w": warehouse_id}))
