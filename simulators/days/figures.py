"""What the days came to: where book and world agree, place by place, and the report's keys.

Owns the measure of accuracy: a place is right when for every item in it the units of the book are the units
that lie there. Refuses nothing and explains nothing away. Invariant: a place in use is one where the book or
the world has a unit.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from simulators.warehouse import STORAGE_KINDS
from simulators.world import World


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Shares are of places (or of pairs of place and item) in use; dates count only in `pairs_dated_right`."""

    places: int
    places_right: int
    pairs: int
    pairs_right: int
    pairs_dated_right: int
    wrong: tuple[str, ...]

    @property
    def share(self) -> float:
        return self.places_right / self.places if self.places else 1.0

    def as_json(self) -> dict[str, Any]:
        share_pairs = self.pairs_right / self.pairs if self.pairs else 1.0
        return asdict(self) | {"share": round(self.share, 5), "share_pairs": round(share_pairs, 5)}


@dataclass(slots=True)
class DaysReport:
    """Every key of `floor simulate-days --json`."""

    days: int = 0
    seed: int = 0
    counts: bool = True
    errors: bool = True
    scans: int = 0
    scans_rejected: int = 0
    orders: int = 0
    orders_shipped: int = 0
    orders_cancelled: int = 0
    orders_open: int = 0
    units_ordered: int = 0
    units_shipped: int = 0
    deliveries: int = 0
    pallets: int = 0
    top_ups: int = 0
    returns: int = 0
    refills: int = 0
    moves: int = 0
    transfers: int = 0
    set_aside: int = 0
    written_off: int = 0
    counts_done: int = 0
    count_differences: int = 0
    overrides: int = 0
    promises: int = 0
    fifo_violations: int = 0
    fifo_found: list[dict[str, Any]] = field(default_factory=list)
    taken_from_behind: int = 0
    behind_refused: int = 0
    verify_ok: bool = False
    verify_found: list[Any] = field(default_factory=list)
    accuracy: dict[str, Any] = field(default_factory=dict)
    accuracy_by_day: list[float] = field(default_factory=list)
    accuracy_mean: float = 0.0  # of the evenings
    wrong_by_day: list[list[str]] = field(default_factory=list)
    errors_injected: dict[str, int] = field(default_factory=dict)
    rejected_by_code: dict[str, int] = field(default_factory=dict)
    surprises: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)  # what the floor does not offer and the days would use
    planted: list[dict[str, Any]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    day_s: list[float] = field(default_factory=list)
    wall_s: float = 0.0
    ok: bool = False

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def book_by_place(rows: Iterable[Mapping[str, Any]]) -> dict[str, Counter[tuple[str, str]]]:
    """Storage place → (item, date) → units, whatever their status."""
    book: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for row in rows:
        if row["kind"] in STORAGE_KINDS:
            book[str(row["location"])][str(row["sku"]), str(row["received_on"])[:10]] += int(row["on_hand_each"])
    return book


def measure(world: World, storage: Iterable[str], book: Mapping[str, Counter[tuple[str, str]]]) -> Accuracy:
    """Compare place by place."""
    places = places_right = pairs = pairs_right = pairs_dated_right = 0
    wrong = []
    for place in storage:
        dated = +book.get(place, Counter())
        real: Counter[tuple[str, str]] = Counter()
        for pile in world.look(place):
            real[pile.sku, pile.received_on] += pile.qty_each
        if not dated and not real:
            continue
        skus = {sku for sku, _ in (*dated, *real)}
        off = [sku for sku in sorted(skus) if _of(dated, sku).total() != _of(real, sku).total()]
        places += 1
        places_right += not off
        pairs += len(skus)
        pairs_right += len(skus) - len(off)
        pairs_dated_right += sum(_of(dated, sku) == _of(real, sku) for sku in skus)
        wrong += [f"{place} {sku}: book {_of(dated, sku).total()}, world {_of(real, sku).total()}" for sku in off]
    return Accuracy(places, places_right, pairs, pairs_right, pairs_dated_right, tuple(wrong))


def _of(figures: Counter[tuple[str, str]], sku: str) -> Counter[tuple[str, str]]:
    return Counter({key: qty for key, qty in figures.items() if key[0] == sku and qty})
