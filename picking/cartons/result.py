"""The answer: cartons with where each piece lies, what they weigh, and how far from the best they can be at most.

Owns no decision. Invariant: the pieces of all cartons and of `left_out` are exactly the pieces of the question.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from picking.cartons.problem import CartonType


@dataclass(frozen=True, slots=True)
class Placement:
    """A block of equal pieces, all turned the same way: its corner nearest to the carton's origin, the size of one
    piece as it lies, and how many lie along the length, along the width and one above the other."""

    name: str
    x_mm: int
    y_mm: int
    z_mm: int
    along_mm: int
    across_mm: int
    upright_mm: int
    columns: int = 1
    rows: int = 1
    layers: int = 1

    @property
    def qty_each(self) -> int:
        """Pieces in the block."""
        return self.columns * self.rows * self.layers

    @property
    def volume_mm3(self) -> int:
        """Of the whole block."""
        return self.along_mm * self.across_mm * self.upright_mm * self.qty_each

    @property
    def end_mm(self) -> tuple[int, int, int]:
        """The corner farthest from the origin."""
        return (
            self.x_mm + self.columns * self.along_mm, self.y_mm + self.rows * self.across_mm,
            self.z_mm + self.layers * self.upright_mm,
        )  # fmt: skip

    def each(self) -> Iterator[tuple[int, int, int]]:
        """The corner of every single piece, from the bottom up."""
        for layer in range(self.layers):
            for row in range(self.rows):
                for column in range(self.columns):
                    yield (
                        self.x_mm + column * self.along_mm, self.y_mm + row * self.across_mm,
                        self.z_mm + layer * self.upright_mm,
                    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class PackedCarton:
    """One carton. `placements` are in the order they are put in; `loose`: goods of unknown size, name and number."""

    carton: CartonType
    placements: tuple[Placement, ...]
    loose: tuple[tuple[str, int], ...]
    contents_g: int
    contents_mm3: int

    @property
    def weight_g(self) -> int:
        """With the carton itself: what the parcel is expected to weigh."""
        return self.contents_g + self.carton.tare_g

    @property
    def fill_percent(self) -> int:
        """Known volume of the contents in percent of the carton's, rounded down."""
        carton = self.carton
        return self.contents_mm3 * 100 // (carton.length_mm * carton.width_mm * carton.height_mm)

    def contents(self) -> dict[str, int]:
        """Eaches by name, in the order they first go in."""
        counted: Counter[str] = Counter()
        for placement in self.placements:
            counted[placement.name] += placement.qty_each
        for name, qty_each in self.loose:
            counted[name] += qty_each
        return dict(counted)

    def picture(self) -> str:
        """The packing as SVG: the carton from the front, then its layers from above."""
        from picking.cartons.picture import draw_carton

        return draw_carton(self)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Goods that go into no carton type, and why."""

    name: str
    qty_each: int
    words: str


@dataclass(frozen=True, slots=True)
class CartonPlan:
    """Cartons of one order. `bound_parcels` and `bound_cost_minor`: no packing of what was packed has fewer parcels
    or, with as many parcels, costs less; they count volume and weight, so they may be too low but never too high."""

    cartons: tuple[PackedCarton, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]
    bound_parcels: int
    bound_cost_minor: int
    solver: str
    seed: int
    elapsed_ms: int

    @property
    def cost_minor(self) -> int:
        """Of all cartons."""
        return sum(packed.carton.cost_minor for packed in self.cartons)

    @property
    def volume_ml(self) -> int:
        """Of all cartons, what is shipped as air included."""
        return sum(packed.carton.volume_ml for packed in self.cartons)

    @property
    def fill_percent(self) -> int:
        """Known volume of all contents in percent of all cartons'; 0 without a carton."""
        inside = sum(
            packed.carton.length_mm * packed.carton.width_mm * packed.carton.height_mm for packed in self.cartons
        )
        return sum(packed.contents_mm3 for packed in self.cartons) * 100 // inside if inside else 0

    def summary(self) -> str:
        """The plan in words, a line a carton, then what is left out and what was not known."""
        lines = [
            f"{len(self.cartons)} {'parcel' if len(self.cartons) == 1 else 'parcels'} (at least {self.bound_parcels}),"
            f" {self.fill_percent} % filled, cost {self.cost_minor} (at least {self.bound_cost_minor}),"
            f" by {self.solver} in {self.elapsed_ms} ms"
        ]
        for number, packed in enumerate(self.cartons, 1):
            goods = ", ".join(f"{qty_each} × {name}" for name, qty_each in packed.contents().items())
            lines.append(
                f"{number}: {packed.carton.code}, {packed.weight_g} g, {packed.fill_percent} % filled: {goods}"
            )
        lines += [f"left out: {left.qty_each} × {left.name}: {left.words}" for left in self.left_out]
        return "\n".join([*lines, *self.notes])

    def picture(self) -> str:
        """All cartons as one SVG, one below the other; one that says so when there is none."""
        from picking.cartons.picture import draw_cartons

        return draw_cartons(self.cartons)
