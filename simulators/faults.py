"""What goes wrong on a floor: how often people err, and what the radio does to their scans.

Owns the stated rates and the log of what was injected. Refuses nothing and repairs nothing; the worker
commits each error in the world and recovers as a person would. Invariant: the same seed and worker err in
the same places of the same sequence of opportunities, and every error is in the log.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from simulators.client import NO_MISHAP, WireMishap


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """Chances per opportunity. An opportunity is one scan for the wire, one task or item for the rest.

    Far more than a trained crew errs, so that a short day still shows every kind; chosen, not measured.
    """

    send_twice: float = 0.005
    lose_answer: float = 0.002
    wrong_bin: float = 0.006
    wrong_item: float = 0.006
    misread: float = 0.003
    too_many: float = 0.003
    wrong_tote: float = 0.004
    miscount: float = 0.004  # one too many or too few goes into the tote, the right number is keyed
    neighbour_tote: float = 0.002  # the right tote is scanned, the units drop into the one beside it
    mislaid: float = 0.002  # the bin turns out to hold less than it should
    skip: float = 0.002
    over_count_at_bench: float = 0.003
    # What no scan can see and no bench finds: only counts, and the picker who stands before an empty place.
    misput: float = 0.0  # the right sign is scanned, the goods go into the place beside it
    miscount_receipt: float = 0.0  # a delivery line is keyed one too many or too few
    mixed_pallet: float = 0.0  # the supplier's pallet holds something else than announced
    breakage: float = 0.0  # a unit is broken at the bin and thrown away, and nobody says so
    behind: float = 0.0  # the unit is taken from behind: a newer one than those in front
    miscount_count: float = 0.0  # a count that is itself wrong by one

    def __post_init__(self) -> None:
        for rate in fields(self):
            if not 0.0 <= getattr(self, rate.name) <= 0.5:
                raise ValueError(f"{rate.name}: {getattr(self, rate.name)} is not a chance between 0 and 0.5")

    @classmethod
    def trained(cls) -> ErrorRates:
        """A trained crew over weeks: one to five in a thousand acts; chosen, not measured."""
        return cls(
            wrong_bin=0.003, wrong_item=0.003, misread=0.002, too_many=0.001, wrong_tote=0.002, miscount=0.003,
            neighbour_tote=0.001, mislaid=0.001, skip=0.001, over_count_at_bench=0.001, misput=0.004,
            miscount_receipt=0.004, mixed_pallet=0.05, breakage=0.001, behind=0.005, miscount_count=0.003,
        )  # fmt: skip

    @classmethod
    def none(cls) -> ErrorRates:
        return cls(**{rate.name: 0.0 for rate in fields(cls)})


@dataclass(frozen=True, slots=True)
class InjectedError:
    kind: str
    worker: str
    place: str
    sku: str
    detail: str


@dataclass(slots=True)
class ErrorLog:
    """Everything that was done wrong on purpose, by whom and to what; shared by all workers."""

    entries: list[InjectedError] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, kind: str, worker: str, *, place: str = "", sku: str = "", detail: str = "") -> None:
        with self._lock:
            self.entries.append(InjectedError(kind, worker, place, sku, detail))

    def by_kind(self) -> Mapping[str, int]:
        with self._lock:
            return dict(sorted(Counter(entry.kind for entry in self.entries).items()))

    def touched_skus(self) -> frozenset[str]:
        """SKUs whose units of different dates may have changed places: only their sums are compared."""
        kinds = (
            "miscount", "neighbour_tote", "mislaid", "lost_unit", "misput", "miscount_receipt", "mixed_pallet",
            "breakage", "behind", "miscount_count",
        )  # fmt: skip
        with self._lock:
            return frozenset(entry.sku for entry in self.entries if entry.kind in kinds)


class Fallibility:
    """One person's share of mistakes, with dice of their own."""

    def __init__(self, rates: ErrorRates, seed: int, worker: str, log: ErrorLog) -> None:
        self.rates = rates
        self.worker = worker
        self.log = log
        self.dice = random.Random(f"{seed}:errs:{worker}")
        # The wire has dice of its own: how often the radio hiccups must not change which bin is confused.
        self._wire_dice = random.Random(f"{seed}:wire:{worker}")

    def errs(self, kind: str, *, place: str = "", sku: str = "", detail: str = "") -> bool:
        """Whether it happens now; if so it is in the log."""
        if self.dice.random() >= getattr(self.rates, kind):
            return False
        self.log.note(kind, self.worker, place=place, sku=sku, detail=detail)
        return True

    def would_err(self, kind: str) -> bool:
        """Like `errs`, for mistakes that need circumstances: the caller logs it if they are given."""
        return self.dice.random() < float(getattr(self.rates, kind))

    def mishap(self) -> WireMishap:
        roll = self._wire_dice.random()
        if roll < self.rates.send_twice:
            self.log.note("send_twice", self.worker)
            return WireMishap(send_twice=True)
        if roll < self.rates.send_twice + self.rates.lose_answer:
            self.log.note("lose_answer", self.worker)
            return WireMishap(lose_answer=True)
        return NO_MISHAP
