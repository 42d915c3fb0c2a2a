"""What a shift came to: its figures, and the comparison of the physical world with the floor's database.

Owns the report's keys and the list of differences. Refuses to explain a difference away: only a logged
human error on that SKU, with its dates, does, and then the sums must still agree. Invariant:
`world_differences` is 0 only if every unit lies where the database says.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from simulators.client import ScanTally
from simulators.world import World, parcel_place, tote_place


@dataclass(frozen=True, slots=True)
class Difference:
    place: str
    sku: str
    received_on: str  # '' when the sums of all dates differ
    world_each: int
    database_each: int


@dataclass(slots=True)
class ShiftReport:
    """Every key of `floor simulate --json`. A key that was not measured is None, never left out."""

    orders_imported: int = 0
    orders_shippable: int = 0
    orders_shipped: int = 0
    orders_short: int = 0
    lines_imported: int = 0
    lines_shippable: int = 0
    lines_shipped: int = 0
    lines_short: int = 0
    units_imported: int = 0
    units_shippable: int = 0
    units_shipped: int = 0
    units_short: int = 0
    parcels: int = 0
    labels_sent: int = 0
    labels_decoded: int | None = None
    scans: int = 0
    scans_rejected: int = 0
    duplicates_injected: int = 0
    walk_dm: int = 0
    walk_s_shape_dm: int = 0
    walk_location_order_dm: int = 0
    walk_fifo_s_shape_dm: int = 0
    tours: int = 0
    tours_proven: int = 0
    tours_planned_again: int = 0
    hand_overs: int = 0  # carts left between two zones
    scan_ms_p50: float | None = None
    scan_ms_p95: float | None = None
    scan_ms_p99: float | None = None
    wall_s: float = 0.0
    verify_ok: bool = False
    fifo_violations: int = 0
    world_differences: int = 0
    ok: bool = False
    failures: list[str] = field(default_factory=list)
    differences: list[dict[str, Any]] = field(default_factory=list)
    verify_found: list[str] = field(default_factory=list)
    fifo_found: list[dict[str, Any]] = field(default_factory=list)
    dates_explained: int = 0
    deliveries_wrong: int = 0
    label_mismatches: int = 0
    replay_mismatches: list[str] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    errors_injected: dict[str, int] = field(default_factory=dict)
    rejected_by_code: dict[str, int] = field(default_factory=dict)
    lost_answers: int = 0
    retries: int = 0
    walked_dm: int = 0
    scans_per_s: float = 0.0
    counts_done: int = 0
    waves: int = 0
    top_up_units: int = 0
    stage_s: dict[str, float] = field(default_factory=dict)
    planted: dict[str, Any] | None = None
    planted_found: bool | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def percentile(ordered: list[float], share: float) -> float | None:
    """Nearest rank on sorted values; None without any."""
    if not ordered:
        return None
    return round(ordered[max(0, math.ceil(share * len(ordered)) - 1)], 2)


def add_tallies(report: ShiftReport, tallies: Iterable[ScanTally]) -> None:
    elapsed: list[float] = []
    rejected: Counter[str] = Counter()
    for tally in tallies:
        report.scans += tally.scans
        report.scans_rejected += tally.rejected
        report.duplicates_injected += tally.duplicates
        report.lost_answers += tally.lost_answers
        report.retries += tally.retries
        report.replay_mismatches += tally.replay_mismatches
        rejected.update(tally.rejected_by_code)
        elapsed += tally.elapsed_ms
    elapsed.sort()
    report.rejected_by_code = dict(rejected.most_common())
    report.scan_ms_p50 = percentile(elapsed, 0.50)
    report.scan_ms_p95 = percentile(elapsed, 0.95)
    report.scan_ms_p99 = percentile(elapsed, 0.99)


@dataclass(frozen=True, slots=True)
class Comparison:
    differences: tuple[Difference, ...]
    dates_explained: int


def compare(
    world: World,
    stock_rows: Iterable[Mapping[str, Any]],
    *,
    tote_barcodes: Mapping[str, str],
    touched_skus: frozenset[str] = frozenset(),
    spelling: Mapping[str, str] | None = None,
) -> Comparison:
    """World against database: by place and SKU, and by date received within them.

    A handling unit is a place of its own, wherever it stands; `tote_barcodes` says which barcode a tote of
    the database carries. SKUs of `touched_skus` were mixed up by a logged human error, so the floor
    cannot know which date a found or missing unit had: their dates may differ, their sums may not.
    """
    spelt = spelling or {}
    database: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in stock_rows:
        place = _place_of_row(row, tote_barcodes)
        if place is not None and int(row["on_hand_each"]):
            sku = spelt.get(str(row["sku"]).upper(), str(row["sku"]))
            database[place, sku][str(row.get("received_on") or "")[:10]] += int(row["on_hand_each"])
    real: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for place in world.places(where=lambda p: _is_compared(p, world)):
        for pile in world.look(place):
            real[place, pile.sku][pile.received_on] += pile.qty_each
    return _differences(real, database, touched_skus)


def _differences(
    real: Mapping[tuple[str, str], Counter[str]],
    database: Mapping[tuple[str, str], Counter[str]],
    touched_skus: frozenset[str],
) -> Comparison:
    found: list[Difference] = []
    explained = 0
    for place, sku in sorted({*real, *database}):
        here, there = real.get((place, sku), Counter()), database.get((place, sku), Counter())
        if here == there:
            continue
        if here.total() != there.total():
            found.append(Difference(place, sku, "", here.total(), there.total()))
        elif sku in touched_skus:
            explained += 1
        else:
            found += [
                Difference(place, sku, day, here[day], there[day])
                for day in sorted({*here, *there})
                if here[day] != there[day]
            ]
    return Comparison(tuple(found), explained)


def _place_of_row(row: Mapping[str, Any], tote_barcodes: Mapping[str, str]) -> str | None:
    lpn = str(row.get("lpn") or "")
    if not lpn or lpn == "0":
        return None if row.get("kind") == "virtual" else str(row["location"])
    if row.get("kind") == "virtual":
        return None  # handed to the carrier: no longer on this floor
    if lpn in tote_barcodes:
        return tote_place(tote_barcodes[lpn])
    return parcel_place(lpn if len(lpn) == 20 else f"00{lpn}")


def _is_compared(place: str, world: World) -> bool:
    return world.is_location(place) or place.startswith(("tote:", "parcel:"))
