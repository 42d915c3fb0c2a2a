"""SQLite's planner statistics, written by hand so that plans are those of a big warehouse from the first scan.

Every key starts with warehouse_id, which selects nothing while there is one warehouse. Without statistics
SQLite believes it does and walks a whole table by its key instead of using the index beside it: ten times
the time of a scan. Measured ones (ANALYZE) would be those of an empty database, and change with the day.
Source: https://www.sqlite.org/fileformat2.html#stat1tab -- "N rows, then average rows an equal prefix".
"""

from __future__ import annotations

from typing import Any

ROWS = 1_000_000
COARSE = frozenset({"state", "kind", "status", "level"})  # columns with a handful of values
COARSE_VALUES = 8
FINE_VALUES = 5_000
NEVER_BELOW = 4  # rows behind one full key of an index that is not unique


def write_statistics(connection: Any) -> None:
    """Replace sqlite_stat1 by figures of a busy warehouse with a million rows a table."""
    connection.execute("ANALYZE sqlite_schema")  # makes sqlite_stat1 where there is none
    connection.execute("DELETE FROM sqlite_stat1")
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    for (table,) in tables.fetchall():
        for _, index, is_unique, *_ in connection.execute(f"PRAGMA index_list({table})").fetchall():
            columns = [row[2] for row in connection.execute(f"PRAGMA index_info({index})").fetchall()]
            connection.execute(
                "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)",
                (table, index, " ".join(map(str, _figures(columns, bool(is_unique))))),
            )


def _figures(columns: list[str], is_unique: bool) -> list[int]:
    figures, rows = [ROWS], ROWS
    for column in columns:
        if column != "warehouse_id":
            rows = max(NEVER_BELOW, rows // (COARSE_VALUES if column in COARSE else FINE_VALUES))
        figures.append(rows)
    if is_unique:
        figures[-1] = 1
    return figures
