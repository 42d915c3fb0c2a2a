"""What names a row: every table that refers to it, as the tables' own foreign keys say.

A history that names an item or a place would say nothing without it, so whoever takes one away asks here first.
"""

from __future__ import annotations

from collections.abc import Container
from functools import cache

from fulfillment import models
from fulfillment.hot import Tx


def named_by(tx: Tx, table: str, row_id: int, but: Container[str] = ()) -> list[str]:
    """The tables (beside those in `but`, which go along) with a row that names this one, by their names."""
    found = set()
    for other, column in _references(table):
        names_it = f"SELECT 1 FROM {other} WHERE warehouse_id = :w AND {column} = :id LIMIT 1"
        if other not in but and tx.one(names_it, id=row_id) is not None:
            found.add(other)
    return sorted(found)


# What keeps a name without a foreign key: the audit log outlives whatever it tells of.
_BESIDES = {"operator": (("audit_log", "operator_id"),), "station": (("audit_log", "station_id"),)}


@cache
def _references(table: str) -> tuple[tuple[str, str], ...]:
    found = list(_BESIDES.get(table, ()))
    for other in models.db.metadata.tables.values():
        for reference in other.foreign_key_constraints:
            columns = [column for column in reference.column_keys if column != "warehouse_id"]
            if reference.referred_table.name == table and columns:
                found.append((other.name, columns[0]))
    return tuple(found)
