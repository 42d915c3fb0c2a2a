"""Which cartons an order ships in: fewest parcels, then least cost, then least air.

Owns the choice. One carton is tried first, the cheapest that may hold all of it; else the largest are filled as
full as they get, the rest again, and each carton is then changed for the cheapest its contents go into. Up to a
dozen pieces are put to CP-SAT where the heuristic fails in a cheaper carton. Whatever happens there is a whole
plan; the limit of time only ends the search for a better one.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from picking.cartons import exact
from picking.cartons.bounds import least_cost_minor, least_parcels, may_hold, may_lie_in
from picking.cartons.check import faults_of_carton
from picking.cartons.placing import Filler, Try, warm
from picking.cartons.problem import CartonProblem, CartonType, Piece
from picking.cartons.result import CartonPlan, LeftOut, PackedCarton, Placement

HEURISTIC, EXACT = "extreme points", "extreme points + CP-SAT"
SPLIT_TYPES = 3  # so many of the largest are filled when all does not go into one
SPLITS = 8  # whole splits compared at most
PROOF_MS = 150  # CP-SAT a carton at most

Wanted = dict[str, int]


def choose_cartons(problem: CartonProblem, time_limit_ms: int = 300, seed: int = 0) -> CartonPlan:
    """Choose cartons and contents for one order.

    What goes into no carton type is left out and said in words; goods of unknown size are shared out by volume and
    weight only, which the notes say too. The first whole plan is always made, however short the limit.
    """
    if not isinstance(problem, CartonProblem):
        raise TypeError(f"problem must be a CartonProblem, got {type(problem).__name__}")
    return _Choice(problem, time_limit_ms, seed).plan()


class _Choice:
    def __init__(self, problem: CartonProblem, time_limit_ms: int, seed: int) -> None:
        self.problem, self.seed = problem, seed
        warm()
        self.begun = time.perf_counter()
        self.ends = self.begun + time_limit_ms / 1000
        self.filler = Filler(problem)
        self.pieces = {piece.name: piece for piece in problem.pieces}
        self.used_exact = False

    def plan(self) -> CartonPlan:
        left_out = [self._why_not(piece) for piece in self.problem.pieces if not self._fits_somewhere(piece)]
        names = {left.name for left in left_out}
        wanted = {piece.name: piece.qty_each for piece in self.problem.pieces if piece.name not in names}
        cartons = self._pack(wanted) if wanted else []
        return CartonPlan(
            tuple(cartons), tuple(left_out), self._notes(wanted), least_parcels(self.problem, wanted),
            least_cost_minor(self.problem, wanted), EXACT if self.used_exact else HEURISTIC, self.seed,
            round((time.perf_counter() - self.begun) * 1000),
        )  # fmt: skip

    # --- what can be packed at all ---

    def _fits_somewhere(self, piece: Piece) -> bool:
        return any(may_lie_in(self.problem, carton, piece) for carton in self.problem.types)

    def _why_not(self, piece: Piece) -> LeftOut:
        bears_g = max(self.problem.bears_g(carton) for carton in self.problem.types)
        if piece.weight_g > bears_g:
            words = f"one weighs {piece.weight_g} g, no carton type bears more than {bears_g} g"
        elif piece.is_sized:
            words = f"goes into no carton type: {piece.length_mm} × {piece.width_mm} × {piece.height_mm} mm"
        else:
            words = f"goes into no carton type: {piece.volume_ml} ml"
        return LeftOut(piece.name, piece.qty_each, words)

    def _notes(self, wanted: Mapping[str, int]) -> tuple[str, ...]:
        unsized = [name for name in wanted if not self.pieces[name].is_sized]
        unweighed = [name for name in wanted if not self.pieces[name].weight_g]
        notes = []
        if unsized:
            notes.append(f"size unknown, counted by volume and weight only: {', '.join(unsized)}")
        if unweighed:
            notes.append(f"weight unknown, counted as nothing: {', '.join(unweighed)}")
        return tuple(notes)

    # --- one carton ---

    def _pack(self, wanted: Wanted) -> list[PackedCarton]:
        single = self._in_one(wanted, self.problem.ranked)
        if single is not None:
            return [self._cheaper_exactly(single)]
        return self._split(wanted)

    def _in_one(
        self, wanted: Wanted, types: Iterable[CartonType], tries: Iterable[Try] | None = None
    ) -> PackedCarton | None:
        sized, loose = self._apart(wanted)
        attempts = list(self.filler.tries(list(sized), self.seed) if tries is None else tries) if sized else []
        units = sum(sized.values())
        for carton in types:
            if not may_hold(self.problem, carton, wanted):
                continue
            if not sized:
                return self._packed(carton, (), loose)
            for attempt in attempts:
                placements = self.filler.fill(carton, sized, attempt)
                if sum(block.qty_each for block in placements) == units:
                    return self._packed(carton, tuple(placements), loose)
                if self._is_late():
                    # The rest of the types still get their first try: there must be a plan, if not the best.
                    break
        return None

    def _cheaper_exactly(self, packed: PackedCarton) -> PackedCarton:
        """The same contents in a cheaper type, where only an exact search finds how."""
        wanted = packed.contents()
        sized, loose = self._apart(wanted)
        if not sized or sum(sized.values()) > exact.MOST_PIECES:
            return packed
        for carton in self.problem.ranked:
            if carton.rank >= packed.carton.rank:
                break
            left_ms = round((self.ends - time.perf_counter()) * 1000)
            if left_ms <= 0:
                break
            if not may_hold(self.problem, carton, wanted):
                continue
            self.used_exact = True
            answer = exact.pack_exactly(self.problem, carton, sized, min(left_ms, PROOF_MS), self.seed)
            if answer.verdict is not exact.Verdict.PACKED:
                continue
            found = self._packed(carton, answer.placements, loose)
            if not faults_of_carton(self.problem, found):
                return found
        return packed

    # --- several ---

    def _split(self, wanted: Wanted) -> list[PackedCarton]:
        bound = least_parcels(self.problem, wanted)
        sized, _ = self._apart(wanted)
        best: list[PackedCarton] = []
        attempts = list(self.filler.tries(list(sized), self.seed)) if sized else [Try((), 0)]
        for number, attempt in enumerate(attempts):
            # At the bound only cost is left to gain; above it, every try may save a parcel.
            if best and number >= SPLITS and len(best) == bound:
                break
            cartons = self._split_once(wanted, attempt)
            if not best or _worth(cartons) < _worth(best):
                best = cartons
            if self._is_late() or (len(best) == bound and len(attempts) == 1):
                break
        return [self._cheaper_exactly(self._cheaper(packed)) for packed in best]

    def _split_once(self, wanted: Wanted, attempt: Try) -> list[PackedCarton]:
        rest = dict(wanted)
        cartons: list[PackedCarton] = []
        while rest:
            packed = self._in_one(rest, self.problem.ranked, [attempt]) or self._fullest(rest, attempt)
            cartons.append(packed)
            for name, qty_each in packed.contents().items():
                rest[name] -= qty_each
            rest = {name: qty_each for name, qty_each in rest.items() if qty_each}
        return cartons

    def _fullest(self, wanted: Wanted, attempt: Try) -> PackedCarton:
        """The carton that takes most of it. Each piece fits into some type alone, so something always goes in."""
        sized, loose = self._apart(wanted)
        largest = sorted(self.problem.types, key=lambda carton: (-carton.volume_ml, carton.rank))
        best: PackedCarton | None = None
        for number, carton in enumerate(largest):
            if number >= SPLIT_TYPES and best is not None:
                break
            placements = self.filler.fill(carton, sized, attempt) if sized else []
            packed = self._packed(carton, tuple(placements), self._loose_beside(carton, placements, loose))
            if packed.contents() and (best is None or self._share(packed, wanted) > self._share(best, wanted)):
                best = packed
        if best is None:
            raise AssertionError(f"nothing of {wanted} goes into any carton")
        return best

    def _share(self, packed: PackedCarton, wanted: Wanted) -> float:
        """How much of all that waits a carton takes, by volume and by weight alike: either may run out first."""
        volume_mm3 = sum(self.pieces[name].volume_mm3 * qty_each for name, qty_each in wanted.items())
        weight_g = sum(self.pieces[name].weight_g * qty_each for name, qty_each in wanted.items())
        units = sum(wanted.values())
        return (
            packed.contents_mm3 / max(volume_mm3, 1) + packed.contents_g / max(weight_g, 1)
            + sum(packed.contents().values()) / units / 1_000
        )  # fmt: skip

    def _loose_beside(self, carton: CartonType, placements: Iterable[Placement], loose: Wanted) -> Wanted:
        """So much of the goods of unknown size as volume and weight leave room for."""
        placements = tuple(placements)
        inside_mm3 = carton.length_mm * carton.width_mm * carton.height_mm
        free_mm3 = inside_mm3 * self.problem.loose_percent // 100 - sum(block.volume_mm3 for block in placements)
        free_g = self.problem.bears_g(carton) - sum(
            self.pieces[block.name].weight_g * block.qty_each for block in placements
        )
        taken: Wanted = {}
        for name, qty_each in loose.items():
            piece = self.pieces[name]
            fits_each = qty_each if free_mm3 >= 0 else 0
            if piece.volume_mm3:
                fits_each = min(fits_each, max(free_mm3, 0) // piece.volume_mm3)
            if piece.weight_g:
                fits_each = min(fits_each, free_g // piece.weight_g)
            if fits_each:
                taken[name] = fits_each
                free_mm3 -= piece.volume_mm3 * fits_each
                free_g -= piece.weight_g * fits_each
        return taken

    def _cheaper(self, packed: PackedCarton) -> PackedCarton:
        if self._is_late():
            return packed
        cheaper = [carton for carton in self.problem.ranked if carton.rank < packed.carton.rank]
        return self._in_one(packed.contents(), cheaper) or packed

    # --- small things ---

    def _apart(self, wanted: Mapping[str, int]) -> tuple[Wanted, Wanted]:
        """What has a size, and what has none."""
        sized = {name: qty_each for name, qty_each in wanted.items() if self.pieces[name].is_sized}
        return sized, {name: qty_each for name, qty_each in wanted.items() if name not in sized}

    def _packed(self, carton: CartonType, placements: tuple[Placement, ...], loose: Wanted) -> PackedCarton:
        weight_g = sum(self.pieces[block.name].weight_g * block.qty_each for block in placements)
        volume_mm3 = sum(block.volume_mm3 for block in placements)
        for name, qty_each in loose.items():
            weight_g += self.pieces[name].weight_g * qty_each
            volume_mm3 += self.pieces[name].volume_mm3 * qty_each
        return PackedCarton(carton, placements, tuple(sorted(loose.items())), weight_g, volume_mm3)

    def _is_late(self) -> bool:
        return time.perf_counter() >= self.ends


def _worth(cartons: list[PackedCarton]) -> tuple[int, int, int]:
    return (
        len(cartons), sum(packed.carton.cost_minor for packed in cartons),
        sum(packed.carton.volume_ml for packed in cartons),
    )  # fmt: skip
