"""The sets of the planner's figures: one module a set, named like it (`large-floors` is `large_floors.py`).

A module has `HELP` (what is measured, on which files or made-up floors, what a claimed optimum is, in a line or a
few), `rows(options)` and, if it wants one, `summary(rows)`. A row is a dict with

- `"key"`: what was solved, with its seed, the same in every run; a row whose key is in `options.done` is left out,
- `"ok"`: False when a claimed optimum was missed or a check failed (left out means True),
- figures, with their units in the names.

Numbers of a whole set (means, percentiles) belong into `summary`, so that shards can be put together again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from math import ceil
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Protocol, cast

Row = dict[str, Any]


class NoData(Exception):
    """This set reads published files and was not told where they lie."""


@dataclass(frozen=True)
class Options:
    """What a set is asked for. `seconds` is its time for each instance; None means the set's own."""

    data: Path | None = None
    seconds: float | None = None
    seeds: tuple[int, ...] = (0, 1, 2)
    shard: tuple[int, int] = (0, 1)
    is_full: bool = False
    done: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        part, parts = self.shard
        if not 0 <= part < parts:
            raise ValueError(f"shard: must be i/n with 0 <= i < n, got {part}/{parts}")

    def folder(self) -> Path:
        """Where the set's files lie; NoData when nobody said."""
        if self.data is None:
            raise NoData("needs --data DIR, the folder of its files")
        if not self.data.is_dir():
            raise NoData(f"{self.data} is no folder")
        return self.data

    def is_mine(self, number: int) -> bool:
        """Whether the instance with this running number belongs to this shard."""
        return number % self.shard[1] == self.shard[0]

    def is_done(self, key: str) -> bool:
        return key in self.done


class PickingSet(Protocol):
    """What a module of this package looks like; `summary` may be missing."""

    HELP: str
    rows: Callable[[Options], Iterator[Row]]


def names() -> list[str]:
    """The sets there are, by the files of this package; one that begins with an underscore is none."""
    return sorted(
        module.name.replace("_", "-") for module in iter_modules(__path__) if not module.name.startswith("_")
    )


def load(name: str) -> PickingSet:
    return cast(PickingSet, import_module(f"{__name__}.{name.replace('-', '_')}"))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that is not exceeded by `share` of all (nearest rank); 0 when there are none."""
    if not values:
        return 0.0
    rank = ceil(share * len(values) - 1e-9)
    return sorted(values)[max(rank, 1) - 1]
