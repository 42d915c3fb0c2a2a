"""The question: which pieces ship together, and which carton types stand at the bench.

Owns what may be asked. It refuses sizes that are none, two types or pieces of one name, and rules that contradict
each other, naming the field. Invariant: the order in which types and pieces were given never matters.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from picking.errors import FieldError, check_name, check_whole

LARGEST_MM = 10_000
LARGEST_G = 1_000_000
LARGEST_PIECE_MM = 20_000
LARGEST_PIECE_G = 5_000_000
LARGEST_EACH = 100_000
LARGEST_COST = 1_000_000
LONGEST_LIST = 2_000
MOST_TYPES = 100

# Which of its three edges may stand upright: l, w, h.
ANY_WAY_UP = "lwh"
THIS_WAY_UP = "h"


@dataclass(frozen=True, slots=True)
class CartonType:
    """A carton that can be had: inner sizes in mm, the contents it bears in g, its own weight in g.

    `cost_minor`: what one costs, in minor units of money; 0 in all types = the smallest volume is the cheapest.
    """

    code: str
    length_mm: int
    width_mm: int
    height_mm: int
    max_weight_g: int
    tare_g: int = 0
    cost_minor: int = 0

    def __post_init__(self) -> None:
        check_name("code", self.code)
        for name in ("length_mm", "width_mm", "height_mm"):
            check_whole(name, getattr(self, name), 1, LARGEST_MM)
        check_whole("max_weight_g", self.max_weight_g, 1, LARGEST_G)
        check_whole("tare_g", self.tare_g, 0, LARGEST_G)
        check_whole("cost_minor", self.cost_minor, 0, LARGEST_COST)

    @property
    def volume_ml(self) -> int:
        """What it holds, in whole millilitres, rounded down."""
        return self.length_mm * self.width_mm * self.height_mm // 1000

    @property
    def rank(self) -> tuple[int, int, str]:
        """Cheaper first, then smaller."""
        return (self.cost_minor, self.volume_ml, self.code)


@dataclass(frozen=True, slots=True)
class Piece:
    """Goods of one kind. A size of 0 is unknown: such goods count by `volume_ml` (0 = unknown too) and weight only.

    `upright`: which of its edges may stand upright, any of "lwh"; "h" = this way up, though it may be turned about.
    `is_fragile`: nothing may lie on it. `max_load_g`: as much as may rest on one of it; None = any.
    """

    name: str
    length_mm: int = 0
    width_mm: int = 0
    height_mm: int = 0
    weight_g: int = 0
    qty_each: int = 1
    upright: str = ANY_WAY_UP
    is_fragile: bool = False
    max_load_g: int | None = None
    volume_ml: int = 0

    def __post_init__(self) -> None:
        check_name("name", self.name)
        for name in ("length_mm", "width_mm", "height_mm"):
            check_whole(name, getattr(self, name), 0, LARGEST_PIECE_MM)
        check_whole("weight_g", self.weight_g, 0, LARGEST_PIECE_G)
        check_whole("qty_each", self.qty_each, 1, LARGEST_EACH)
        check_whole("volume_ml", self.volume_ml, 0, LARGEST_G)
        if not isinstance(self.upright, str) or not self.upright or not set(self.upright) <= set(ANY_WAY_UP):
            raise FieldError("upright", f"must be some of l, w and h, got {self.upright!r:.20}")
        if not isinstance(self.is_fragile, bool):
            raise FieldError("is_fragile", f"must be true or false, got {self.is_fragile!r:.20}")
        if self.max_load_g is not None:
            check_whole("max_load_g", self.max_load_g, 0, LARGEST_PIECE_G)

    @property
    def is_sized(self) -> bool:
        """Whether all three edges are known."""
        return self.length_mm > 0 and self.width_mm > 0 and self.height_mm > 0

    @property
    def volume_mm3(self) -> int:
        """Of one: of its box when its size is known, else as it was given."""
        return self.length_mm * self.width_mm * self.height_mm if self.is_sized else self.volume_ml * 1000

    def turned(self) -> tuple[tuple[int, int, int], ...]:
        """Every different way it may lie: (along the length, along the width, upright), in mm."""
        edges = {"l": self.length_mm, "w": self.width_mm, "h": self.height_mm}
        ways = {}
        for up in self.upright:
            one, other = (edges[name] for name in ANY_WAY_UP if name != up)
            ways[(one, other, edges[up])] = True
            ways[(other, one, edges[up])] = True
        return tuple(ways)


@dataclass(frozen=True)
class CartonProblem:
    """What ships together and what it may ship in.

    `max_parcel_g`: contents and carton together, a person's or a carrier's limit. `support_percent`: this share of
    each base rests on the floor or on other pieces. A piece of `heavy_g` or more rests only on pieces at least as
    heavy. `loose_percent`: of a carton that goods of unknown size lie in, this much is filled at most.
    """

    types: tuple[CartonType, ...]
    pieces: tuple[Piece, ...]
    max_parcel_g: int = 25_000
    support_percent: int = 75
    heavy_g: int = 2_000
    loose_percent: int = 80
    ranked: tuple[CartonType, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_list("types", self.types, CartonType, MOST_TYPES)
        _check_list("pieces", self.pieces, Piece, LONGEST_LIST)
        _check_distinct("types", "code", tuple(carton.code for carton in self.types))
        _check_distinct("pieces", "name", tuple(piece.name for piece in self.pieces))
        check_whole("max_parcel_g", self.max_parcel_g, 1, LARGEST_G)
        check_whole("support_percent", self.support_percent, 1, 100)
        check_whole("heavy_g", self.heavy_g, 1, LARGEST_G)
        check_whole("loose_percent", self.loose_percent, 1, 100)
        total_each = sum(piece.qty_each for piece in self.pieces)
        if total_each > LARGEST_EACH:
            raise FieldError("pieces", f"must be at most {LARGEST_EACH} pieces in all, got {total_each}")
        object.__setattr__(self, "pieces", tuple(sorted(self.pieces, key=lambda piece: piece.name)))
        object.__setattr__(self, "ranked", tuple(sorted(self.types, key=lambda carton: carton.rank)))

    def bears_g(self, carton: CartonType) -> int:
        """What the contents of one may weigh, its own tare and the limit of a parcel considered."""
        return max(min(carton.max_weight_g, self.max_parcel_g - carton.tare_g), 0)


def _check_list(name: str, value: object, kind: type, longest: int) -> None:
    if not isinstance(value, tuple):
        raise FieldError(name, f"must be a tuple, got {type(value).__name__}")
    if not value:
        raise FieldError(name, "must not be empty")
    if len(value) > longest:
        raise FieldError(name, f"must be at most {longest}, got {len(value)}")
    for at, part in enumerate(value):
        if not isinstance(part, kind):
            raise FieldError(f"{name}[{at}]", f"must be a {kind.__name__}, got {type(part).__name__}")


def _check_distinct(name: str, attribute: str, values: tuple[str, ...]) -> None:
    seen: set[str] = set()
    for at, value in enumerate(values):
        if value in seen:
            raise FieldError(f"{name}[{at}].{attribute}", f"{value!r:.60} is there twice")
        seen.add(value)
