"""Many rows of whole numbers as parameters of one statement whose words never change.

Numbers written into the statement would make it a new one each time: planned anew, and kept among the prepared ones
for nobody. Invariant: the text depends on the columns and the engine only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from fulfillment.hot import Tx


def part(tx: Tx, columns: Sequence[str], rows: Iterable[Sequence[int]]) -> tuple[str, dict[str, str]]:
    """A table expression `part (columns) AS (…)` for WITH, and its parameters."""
    rows = list(rows)
    if tx.dialect == "sqlite":
        text = ",".join(f"[{','.join(map(str, map(int, row)))}]" for row in rows)
        return _of_json(tuple(columns)), {"part": f"[{text}]"}
    values = {
        f"part_{place}": "{" + ",".join(str(int(row[place])) for row in rows) + "}" for place in range(len(columns))
    }  # fmt: skip
    return _of_arrays(tuple(columns)), values


def among(tx: Tx, column: str, name: str) -> str:
    """`column` is one of the numbers of parameter `name`, which `numbers` made."""
    if tx.dialect == "sqlite":
        return f"{column} IN (SELECT value FROM json_each(:{name}))"
    return f"{column} = ANY(:{name}::int8[])"


def numbers(tx: Tx, values: Iterable[int]) -> str:
    """Whole numbers as one parameter, for `among`."""
    text = ",".join(str(int(value)) for value in values)
    return f"[{text}]" if tx.dialect == "sqlite" else f"{{{text}}}"


@lru_cache
def _of_json(columns: tuple[str, ...]) -> str:
    read = ", ".join(f"json_extract(one.value, '$[{place}]')" for place in range(len(columns)))
    return f"part ({', '.join(columns)}) AS (SELECT {read} FROM json_each(:part) one)"


@lru_cache
def _of_arrays(columns: tuple[str, ...]) -> str:
    # Arrays, not JSON: the server sees how many rows they hold and takes the index of what they are joined to.
    arrays = ", ".join(f":part_{place}::int8[]" for place in range(len(columns)))
    return f"part ({', '.join(columns)}) AS (SELECT * FROM unnest({arrays}))"
