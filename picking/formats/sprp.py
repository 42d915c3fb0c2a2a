"""Reader of the SPRP-SS text format: one picker, goods in one place or scattered over many.

The format of Heßler and Irnich, "Exact Solution of the Single Picker Routing Problem with Scattered Storage"
(INFORMS Journal on Computing 2024, doi 10.1287/ijoc.2023.0075); their files are under the MIT licence. One unit of
length of a file becomes one decimetre. CELL 0 is the cell at the top; y grows towards the top here.

The same files are the authors' two-block instances: a middle cross-aisle of width 1 is put between the cells
C/2 - 1 and C/2, which are then CELL_TO_CELL + 1 apart. Ask for it with `blocks=2`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from picking.errors import FieldError, check_whole
from picking.layout import FARTHEST_DM, Layout, Spot

_MOST = 10**6

_WHOLE = (
    "NUM_AISLES", "NUM_CELLS", "DEPOT_AISLE", "DISTANCE_AISLE_TO_AISLE", "DISTANCE_CELL_TO_CELL",
    "DISTANCE_TOP_TO_CELL", "DISTANCE_BOTTOM_TO_CELL", "DISTANCE_TOP_OR_BOTTOM_TO_DEPOT",
)  # fmt: skip
_WORDS = ("NAME", "TYPE", "COMMENT", "LAYOUT", "DEPOT_LOCATION")


@dataclass(frozen=True, slots=True)
class SprpPosition:
    """Where so many units of one article lie."""

    article: int
    spot: Spot
    qty_each: int


@dataclass(frozen=True, slots=True)
class SprpInstance:
    """One file: the floor, where the articles lie and how many units of each are wanted."""

    name: str
    layout: Layout
    depot: Spot
    positions: tuple[SprpPosition, ...]
    wanted_each: tuple[tuple[int, int], ...]

    @property
    def is_scattered(self) -> bool:
        """Whether some wanted article lies in more than one position."""
        wanted = {article for article, _ in self.wanted_each}
        articles = [position.article for position in self.positions if position.article in wanted]
        return len(articles) > len(set(articles))

    @property
    def stops(self) -> tuple[Spot, ...]:
        """The spots of all positions that hold a wanted article: all stops, when nothing is scattered."""
        wanted = {article for article, _ in self.wanted_each}
        return tuple(position.spot for position in self.positions if position.article in wanted)


def read_sprp(file: Path | str, blocks: int = 1) -> SprpInstance:
    """The instance in a file. FieldError names the line that is wrong, or the file when it cannot be read."""
    try:
        # The published comments hold a letter of Latin-1.
        text = Path(file).read_text(encoding="latin-1")
    except OSError as error:
        raise FieldError("file", f"cannot be read: {error.strerror}") from error
    return parse_sprp(text, blocks)


def parse_sprp(text: str, blocks: int = 1) -> SprpInstance:
    """As `read_sprp`, from the text of a file."""
    check_whole("blocks", blocks, 1, 2)
    lines = _Lines(text)
    header = _header(lines)
    floor = _floor(header, blocks)
    _skip_articles(lines)
    positions = _positions(lines, floor)
    wanted = _wanted(lines, positions)
    return SprpInstance(str(header["NAME"]), floor.layout, floor.depot, positions, wanted)


class _Lines:
    """The lines that hold something, each with its number for the words of an error."""

    def __init__(self, text: str) -> None:
        self._lines = [(at, line.split()) for at, line in enumerate(text.splitlines(), start=1) if line.strip()]
        self._next = 0
        self._last = len(text.splitlines())

    def take(self, expected: str) -> tuple[int, list[str]]:
        if self._next == len(self._lines):
            raise FieldError(f"line {self._last + 1}", f"must be {expected}, but the file ends here")
        self._next += 1
        return self._lines[self._next - 1]

    def section(self, name: str, counted: str) -> Iterator[tuple[int, list[str]]]:
        """The lines of a section: its name, `counted : n`, then n lines."""
        at, words = self.take(name)
        if words != [name]:
            raise FieldError(f"line {at}", f"must be {name}, got {' '.join(words)!r:.60}")
        at, words = self.take(f"{counted} : number")
        if words[:2] != [counted, ":"] or len(words) != 3:
            raise FieldError(f"line {at}", f"must be '{counted} : number', got {' '.join(words)!r:.60}")
        for _ in range(_whole(at, counted, words[2], 0, _MOST)):
            yield self.take(f"a line of {name}")


def _header(lines: _Lines) -> dict[str, int | str]:
    header: dict[str, int | str] = {}
    for _ in range(len(_WHOLE) + len(_WORDS)):
        at, words = lines.take("NAME : value")
        name = words[0]
        if name not in _WHOLE + _WORDS or words[1:2] != [":"] or len(words) < 3:
            raise FieldError(f"line {at}", f"must be 'NAME : value' of the header, got {' '.join(words)!r:.60}")
        if name in header:
            raise FieldError(f"line {at}", f"{name} is given twice")
        header[name] = _whole(at, name, words[2], 0, FARTHEST_DM) if name in _WHOLE else " ".join(words[2:])
        if name in ("NUM_AISLES", "NUM_CELLS", "DISTANCE_AISLE_TO_AISLE") and header[name] == 0:
            raise FieldError(f"line {at}", f"{name} must be at least 1")
        if name == "LAYOUT" and header[name] != "single-block":
            raise FieldError(f"line {at}", f"LAYOUT must be single-block, got {header[name]!r:.60}")
        if name == "DEPOT_LOCATION" and header[name] not in ("top", "bottom"):
            raise FieldError(f"line {at}", f"DEPOT_LOCATION must be top or bottom, got {header[name]!r:.60}")
        if name == "DEPOT_AISLE" and int(header[name]) >= int(header.get("NUM_AISLES", _MOST)):
            raise FieldError(f"line {at}", f"DEPOT_AISLE {header[name]} is none of {header['NUM_AISLES']} aisles")
    return header


@dataclass(frozen=True, slots=True)
class _Floor:
    layout: Layout
    depot: Spot
    cell_y_dm: tuple[int, ...]


def _floor(header: dict[str, int | str], blocks: int) -> _Floor:
    aisles, cells, depot_aisle, aisle_dm, cell_dm, top_dm, bottom_dm, depot_dm = (int(header[name]) for name in _WHOLE)
    if blocks == 2 and cells % 2:
        raise FieldError("blocks", f"two blocks need an even number of cells, got {cells}")
    middle_dm = 1 if blocks == 2 else 0
    height_dm = top_dm + (cells - 1) * cell_dm + bottom_dm + middle_dm
    cell_y_dm = tuple(
        height_dm - top_dm - cell * cell_dm - (middle_dm if cell >= cells // 2 else 0) for cell in range(cells)
    )
    # The published distance between the cells at the middle is even: both are equally far from its centre.
    middles = ((cell_y_dm[cells // 2 - 1] + cell_y_dm[cells // 2]) // 2,) if blocks == 2 else ()
    layout = Layout(tuple(aisle * aisle_dm for aisle in range(aisles)), (0, *middles, height_dm))
    depot_y_dm = height_dm + depot_dm if header["DEPOT_LOCATION"] == "top" else -depot_dm
    return _Floor(layout, Spot("depot", depot_aisle * aisle_dm, depot_y_dm), cell_y_dm)


def _skip_articles(lines: _Lines) -> None:
    for at, words in lines.section("ARTICLE_SECTION", "NUM_ARTICLES"):
        _fields(at, words, ("ID",))


def _positions(lines: _Lines, floor: _Floor) -> tuple[SprpPosition, ...]:
    positions: list[SprpPosition] = []
    aisle_digits, cell_digits = len(str(len(floor.layout.aisle_x_dm) - 1)), len(str(len(floor.cell_y_dm) - 1))
    for at, words in lines.section("SKU_SECTION", "NUM_SKUS"):
        if words[-2:-1] != ["LEFT_RIGHT_HAND_SIDE"] or words[-1] not in ("left", "right"):
            raise FieldError(f"line {at}", "must end in LEFT_RIGHT_HAND_SIDE left or right")
        article, aisle, cell, qty_each = _fields(at, words[:-2], ("ID", "AISLE", "CELL", "QUANTITY"))
        if aisle >= len(floor.layout.aisle_x_dm):
            raise FieldError(f"line {at}", f"AISLE {aisle} is none of {len(floor.layout.aisle_x_dm)} aisles")
        if cell >= len(floor.cell_y_dm):
            raise FieldError(f"line {at}", f"CELL {cell} is none of {len(floor.cell_y_dm)} cells")
        name = f"A{aisle:0{aisle_digits}}-{cell:0{cell_digits}}-{words[-1][0].upper()}"
        spot = Spot(name, floor.layout.aisle_x_dm[aisle], floor.cell_y_dm[cell])
        positions.append(SprpPosition(article, spot, qty_each))
    return tuple(positions)


def _wanted(lines: _Lines, positions: Sequence[SprpPosition]) -> tuple[tuple[int, int], ...]:
    held_each: dict[int, int] = {}
    for position in positions:
        held_each[position.article] = held_each.get(position.article, 0) + position.qty_each
    wanted: dict[int, int] = {}
    for at, words in lines.section("ORDER_SECTION", "NUM_ARTICLES"):
        article, qty_each = _fields(at, words, ("ID", "QUANTITY"))
        if article in wanted:
            raise FieldError(f"line {at}", f"article {article} is ordered twice")
        if qty_each > held_each.get(article, 0):
            raise FieldError(
                f"line {at}", f"{qty_each} of article {article} are ordered, {held_each.get(article, 0)} are stored"
            )
        wanted[article] = qty_each
    return tuple(wanted.items())


def _fields(at: int, words: Sequence[str], names: Sequence[str]) -> list[int]:
    if len(words) != 2 * len(names) or tuple(words[::2]) != tuple(names):
        raise FieldError(f"line {at}", f"must be {' … '.join(names)} …, got {' '.join(words)!r:.60}")
    return [_whole(at, name, word, 0, _MOST) for name, word in zip(names, words[1::2], strict=True)]


def _whole(at: int, name: str, word: str, low: int, high: int) -> int:
    if not (word.isascii() and word.isdigit()) or not low <= int(word[:19]) <= high or len(word) > 19:
        raise FieldError(f"line {at}", f"{name} must be a whole number from {low} to {high}, got {word!r:.60}")
    return int(word)
