"""FIFO, proved afterwards: replay ledger and promises in order, name whatever went against the rules of age.

Each promise, pick, putaway and transfer is judged by what lay where at that moment and by the policy of that
moment, with the same rules the floor uses, so it is a finding exactly when the floor should have refused it. What
a supervisor let pass with a reason is told apart from what nobody answered for. It reads and never repairs.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fulfillment.domain.fifo import Layer, is_older
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.stock import allocate, ledger
from fulfillment.services.verifying.audit_replay import Finding, Replay, Violation
from fulfillment.services.verifying.audit_rules import rows

PLANTED = "planted"


def fifo_audit(source: Any, warehouse_id: int = 1) -> dict[str, Any]:
    """Everything that ever passed over, buried or promised what it must not, in the order of the ledger.

    `source` is a driver connection whose rows answer to names (a snapshot), or a transaction.
    """
    replay = Replay(source, warehouse_id)
    replay.run()
    overrides = _Overrides(source, warehouse_id)
    violations, overridden = [], []
    for finding in replay.found:
        named = _named(source, warehouse_id, finding)
        override = overrides.explaining(finding)
        if override is None:
            violations.append(named)
        else:
            overridden.append({**named, "supervisor": override["badge"], "reason": override["why"]})
    return {
        "ok": not violations, "violations": violations, "overridden": overridden, "promises": replay.promises,
        "moves": replay.moves,
    }  # fmt: skip


def in_words(violation: dict[str, Any]) -> str:
    """One finding as a line for a person."""
    whose = f"order {violation['order']}: " if violation["order"] else ""
    goods = f"{violation['qty_each']} of {violation['sku']}"
    place = f"at {violation['location']}"
    what = {
        Violation.PASSED_OVER: f"{goods} {_age(violation, '')} {place}, while {violation['older_free_each']}"
        f" {_age(violation, 'older_')} lay free at {violation['older_location']}",
        Violation.BURIED: f"{violation['older_free_each']} of {violation['sku']} {_age(violation, 'older_')}"
        f" {place} cannot be reached before those {_age(violation, '')}",
        Violation.EXPIRED: f"{goods} {_age(violation, '')} {place} promised too late",
    }[Violation(violation["kind"])]
    why = f" ({violation['why']})" if violation["why"] else ""
    let = f"; let by {violation['supervisor']}: {violation['reason']}" if "supervisor" in violation else ""
    return f"{violation['when']} {whose}{what}; by {violation['who']}{why}{let}"


def report_in_words(report: dict[str, Any]) -> str:
    """The whole report for a person: a line each, what was let pass after what was not, then the figures."""
    lines = [in_words(one) for one in report["violations"]]
    lines += [f"overridden: {in_words(one)}" for one in report["overridden"]]
    kinds = ", ".join(
        f"{sum(one['kind'] == kind for one in report['violations'])} {kind.replace('_', ' ')}" for kind in Violation
    )
    counted = f"{len(report['violations'])} violations ({kinds})" if report["violations"] else "0 violations"
    lines.append(
        f"{counted}, {len(report['overridden'])} overridden, in {report['promises']} promises"
        f" and {report['moves']} moves"
    )
    return "\n".join(lines)


def plant_fifo_break(tx: Tx) -> dict[str, Any] | None:
    """Break FIFO on purpose, so that the audit can be seen to find it; None when no promise can be broken.

    A promise nobody walks for yet is given up and goes to a newer layer that is free.
    """
    for promise in tx.all(
        "SELECT a.*, i.sku, i.rotation, i.tolerance_days, y.received_on, y.expiry_on, o.number FROM allocation a"
        " JOIN item i ON i.warehouse_id = a.warehouse_id AND i.id = a.item_id"
        " JOIN layer y ON y.warehouse_id = a.warehouse_id AND y.id = a.layer_id"
        " JOIN sales_order o ON o.warehouse_id = a.warehouse_id AND o.id = a.order_id"
        " LEFT JOIN task k ON k.warehouse_id = a.warehouse_id AND k.id = a.task_id"
        " LEFT JOIN tour t ON t.warehouse_id = k.warehouse_id AND t.id = k.tour_id"
        " WHERE a.warehouse_id = :w AND a.qty_each > 0 AND (a.task_id IS NULL OR (t.state = 'planned'"
        " AND k.done_each = 0 AND k.qty_each = a.qty_each)) ORDER BY a.id"
    ):
        older = Layer(promise["layer_id"], promise["received_on"], promise["expiry_on"])
        for stock in allocate.free_stock(tx, promise["item_id"]):
            newer = is_older(older, stock.layer, promise["rotation"], promise["tolerance_days"])
            if newer and stock.free_each >= promise["qty_each"]:
                return _break(tx, promise, stock.location_id, stock.location_code, stock.layer)
    return None


class _Overrides:
    """What supervisors let pass, and how much of each is not used up."""

    def __init__(self, source: Any, warehouse_id: int) -> None:
        self._left: dict[tuple[Any, ...], list[list[Any]]] = {}
        for row in rows(
            source, warehouse_id,
            "SELECT v.*, o.badge FROM fifo_override v"
            " JOIN operator o ON o.warehouse_id = v.warehouse_id AND o.id = v.supervisor_id"
            " WHERE v.warehouse_id = :w ORDER BY v.id",
        ):  # fmt: skip
            # Written down in the transaction of the act itself, so both carry its instant.
            key = (row["order_id"], row["item_id"], row["location_id"], row["layer_id"], row["recorded_at_ms"])
            self._left.setdefault(key, []).append([row["qty_each"], row])

    def explaining(self, finding: Finding) -> Any:
        """The override that covers a finding, all its units, or None. Nothing excuses burying and expiry."""
        if finding.kind != Violation.PASSED_OVER:
            return None
        key = (finding.order_id, finding.item_id, finding.location_id, finding.layer.layer_id, finding.at_ms)
        left = self._left.get(key, [])
        if sum(qty_each for qty_each, _ in left) < finding.qty_each:
            return None
        wanted_each = finding.qty_each
        for part in left:
            used_each = min(wanted_each, part[0])
            part[0] -= used_each
            wanted_each -= used_each
        return left[0][1]


def _age(violation: dict[str, Any], prefix: str) -> str:
    expiry_on = violation[f"{prefix}expiry_on"]
    return f"received {violation[f'{prefix}received_on']}" + (f", expiring {expiry_on}" if expiry_on else "")


def _named(source: Any, warehouse_id: int, finding: Finding) -> dict[str, Any]:
    (names,) = rows(
        source, warehouse_id,
        "SELECT (SELECT number FROM sales_order WHERE warehouse_id = :w AND id = :order) AS number,"
        " (SELECT sku FROM item WHERE warehouse_id = :w AND id = :item) AS sku,"
        " (SELECT name FROM item WHERE warehouse_id = :w AND id = :item) AS item,"
        " (SELECT code FROM location WHERE warehouse_id = :w AND id = :location) AS location,"
        " (SELECT code FROM location WHERE warehouse_id = :w AND id = :older) AS older_location,"
        " (SELECT badge FROM operator WHERE warehouse_id = :w AND id = :operator) AS badge",
        order=finding.order_id, item=finding.item_id, location=finding.location_id, older=finding.older_location_id,
        operator=finding.operator_id,
    )  # fmt: skip
    older = finding.older
    return {
        "kind": finding.kind.value, "order": names["number"], "sku": names["sku"], "item": names["item"],
        "layer": finding.layer.layer_id, "received_on": finding.layer.received_on,
        "expiry_on": finding.layer.expiry_on, "location": names["location"],
        "older_layer": older.layer_id if older else None, "older_received_on": older.received_on if older else "",
        "older_expiry_on": older.expiry_on if older else "", "older_location": names["older_location"],
        "older_free_each": finding.older_each, "qty_each": finding.qty_each,
        "when": datetime.fromtimestamp(finding.at_ms / 1000, UTC).isoformat(timespec="seconds"),
        "who": names["badge"] or "the system", "why": finding.why,
    }  # fmt: skip


def _break(tx: Tx, promise: Any, location_id: int, location_code: str, newer: Layer) -> dict[str, Any]:
    nobody = Actor(occurred_at_ms=tx.now_ms)
    ledger.give_up(tx, nobody, promise, promise["qty_each"], PLANTED)
    planted = ledger.promise(
        tx, nobody, promise["order_id"], promise["item_id"], location_id, newer.layer_id, promise["qty_each"], PLANTED
    )
    tx.put(
        "UPDATE allocation SET task_id = :task WHERE warehouse_id = :w AND id = :id",
        id=planted,
        task=promise["task_id"],
    )
    tx.put(
        "UPDATE task SET location_id = :location WHERE warehouse_id = :w AND id = :task",
        task=promise["task_id"], location=location_id,
    )  # fmt: skip
    return {
        "order": promise["number"], "sku": promise["sku"], "qty_each": promise["qty_each"],
        "location": location_code, "layer": newer.layer_id, "older_layer": promise["layer_id"],
    }  # fmt: skip
