"""The rules that held at a moment of the past: policies, how locations were reached, which day it was.

What changes of an item's policy or a location's access were made is applied move by move and promise by promise,
in the order in which they were written down. Reads only. Invariant: nothing is judged by a rule made after it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fulfillment.domain.fifo import Layer, Policy, last_unfit_day, rank
from fulfillment.domain.stock import STORAGE_KINDS, Access


def rows(source: Any, warehouse_id: int, sql: str, **params: Any) -> Iterator[Any]:
    """The rows of a query, from a driver connection (a snapshot) or a transaction alike."""
    if hasattr(source, "all"):
        return iter(source.all(sql, **params))
    return iter(source.execute(sql, {"w": warehouse_id, **params}))


class RulesOfTheDay:
    """What held at the moment reached; `catch_up` goes on to the next act."""

    def __init__(self, source: Any, warehouse_id: int) -> None:
        self._source, self._warehouse_id = source, warehouse_id
        (warehouse,) = self._rows("SELECT time_zone FROM warehouse WHERE id = :w")
        self._zone = ZoneInfo(warehouse["time_zone"])
        self._day, self._day_begins_ms, self._day_ends_ms = "", 0, 0
        self._unfit: dict[int, str] = {}  # minimum life → the last day of expiry that is too early today
        self._ages: dict[tuple[int, str], int] = {}
        self.storage: set[int] = set()
        self.access: dict[int, str] = {}  # of lanes; any other location is reached anyhow
        for row in self._rows("SELECT id, kind, access FROM location WHERE warehouse_id = :w"):
            if row["kind"] in STORAGE_KINDS:
                self.storage.add(row["id"])
            if row["access"] != Access.ANY:
                self.access[row["id"]] = row["access"]
        self.layers = {
            row["id"]: Layer(row["id"], row["received_on"], row["expiry_on"])
            for row in self._rows("SELECT id, received_on, expiry_on FROM layer WHERE warehouse_id = :w")
        }
        self.policies = {
            row["id"]: _policy_of(row)
            for row in self._rows(
                "SELECT id, rotation, tolerance_days, min_life_days FROM item WHERE warehouse_id = :w"
            )
        }
        self._changes = [
            (self._changed("policy_entry", "item_id", self.policies, _policy_of), self.policies),
            (self._changed("reach_entry", "location_id", self.access, lambda row: row["access"]), self.access),
        ]

    def catch_up(self, *, move_id: int = 0, entry_id: int = 0) -> None:
        """Take in what was changed before this move, or before this promise."""
        for changes, now in self._changes:
            while changes and (changes[0][0] < move_id or changes[0][1] < entry_id):
                _, _, key, value = changes.popleft()
                now[key] = value

    def age(self, layer_id: int, policy: Policy) -> int:
        """A layer's place in the rotation, worked out once: lower leaves first."""
        age = self._ages.get((layer_id, policy.rotation))
        if age is None:
            age = self._ages[layer_id, policy.rotation] = rank(self.layers[layer_id], policy)[0]
        return age

    def is_fit(self, layer: Layer, at_ms: int, min_life_days: int) -> bool:
        """Whether a layer could be promised at that instant."""
        if not layer.expiry_on:
            return True
        if not self._day_begins_ms <= at_ms < self._day_ends_ms:
            self._turn_to_day_of(at_ms)
        unfit = self._unfit.get(min_life_days)
        if unfit is None:
            unfit = self._unfit[min_life_days] = last_unfit_day(self._day, min_life_days)
        return layer.expiry_on > unfit

    def _rows(self, sql: str) -> Iterator[Any]:
        return rows(self._source, self._warehouse_id, sql)

    def _changed(
        self, table: str, column: str, now: dict[int, Any], value_of: Callable[[Any], Any]
    ) -> deque[tuple[int, int, int, Any]]:
        """What changed, in order; the first entry of each says how it was from the beginning."""
        changes: deque[tuple[int, int, int, Any]] = deque()
        seen = set()
        for row in self._rows(f"SELECT * FROM {table} WHERE warehouse_id = :w ORDER BY id"):
            if row[column] in seen:
                changes.append((row["after_move_id"], row["after_entry_id"], row[column], value_of(row)))
            else:
                seen.add(row[column])
                now[row[column]] = value_of(row)
        return changes

    def _turn_to_day_of(self, at_ms: int) -> None:
        """Finding out which day an instant falls on is dear; a day's edges are worked out once."""
        day = datetime.fromtimestamp(at_ms / 1000, self._zone).date()
        edges = [datetime(one.year, one.month, one.day, tzinfo=self._zone) for one in (day, day + timedelta(1))]
        self._day_begins_ms, self._day_ends_ms = (int(edge.timestamp() * 1000) for edge in edges)
        self._day = day.isoformat()
        self._unfit.clear()


def _policy_of(row: Any) -> Policy:
    return Policy(row["rotation"], row["tolerance_days"], row["min_life_days"])
