"""Which units would leave first by the rules other systems use: the same goods, the same places, the same demand.

Each rule is two decisions: which row of its stock table a landing unit joins, and by what its rows are sorted
when an order is served. What those rows really hold is kept beside them, layer by layer. Where a rule leaves
open which unit of a row is taken, the oldest is: that favours the rule. Sources: the files named, as read in
public copies of 2024 to 2026.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, order=True)
class TrueLayer:
    """What a unit really is. `window`: its place in its item's rotation, tolerance counted; lower leaves first."""

    window: int
    layer_id: int
    day: int  # day received, as an ordinal
    expiry: str = ""
    lot: str = ""


@dataclass
class Row:
    """A row of a system's stock table, and the truth beside it."""

    number: int  # in order of insertion
    location: str
    in_day: int  # the day the system believes its units came
    expiry: str = ""
    units: dict[TrueLayer, int] = field(default_factory=dict)

    @property
    def qty_each(self) -> int:
        return sum(self.units.values())


@dataclass(frozen=True)
class Rule:
    """How one system keeps and serves stock. `joins` gives the key of the row a landing unit goes into."""

    name: str
    source: str
    joins: Callable[[str, TrueLayer, int], Hashable]  # location, layer, number of the landing
    first: Callable[[Row], tuple[float | int | str, ...]]
    keeps_empty_rows: bool = False


FAR = "9999"

RULES = (
    Rule(
        "Floorline: layers, oldest first", "fulfillment/domain/fifo.py",
        lambda location, layer, landing: (location, layer.layer_id),
        lambda row: (min(row.units).window, row.qty_each, row.number),
    ),
    Rule(
        "Odoo: one date a bin, the older of the two", "odoo: stock_quant._update_available_quantity, in_date, id",
        lambda location, layer, landing: (location, layer.lot),
        lambda row: (row.expiry or FAR, row.in_day, row.number),
    ),
    Rule(
        "GreaterWMS: order_by('id') of bin rows", "GreaterWMS: dn/views.py",
        lambda location, layer, landing: (location, landing),
        lambda row: (row.number,),
    ),
    Rule(
        "ModernWMS: largest quantity first", "ModernWMS: DispatchlistService.cs 725-743",
        lambda location, layer, landing: (location, layer.day),
        lambda row: (-row.qty_each, row.number),
    ),
    Rule(
        "OpenBoxes: expiry, then smallest quantity", "openboxes: ProductAvailabilityService.sortAvailableItems",
        lambda location, layer, landing: (location, layer.lot),
        lambda row: (row.expiry or FAR, row.qty_each, row.number),
    ),
    Rule(
        "ERPNext: creation of the bin row", "erpnext: pick_list.py, orderby(bin.creation)",
        lambda location, layer, landing: (location, layer.lot),
        lambda row: (row.expiry or FAR, row.number),
        keeps_empty_rows=True,
    ),
)  # fmt: skip


@dataclass
class Score:
    """What a rule's picks passed over."""

    rule: str
    units: int = 0
    lines: int = 0
    passed_units: int = 0
    passed_lines: int = 0
    worst_days: int = 0
    unserved: int = 0

    @property
    def share(self) -> float:
        return self.passed_units / self.units if self.units else 0.0


class Stock:
    """One item's stock as one rule keeps it."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.rows: dict[Hashable, Row] = {}
        self._landings = 0

    def land(self, location: str, layer: TrueLayer, qty_each: int) -> None:
        """Units come to lie in a bin."""
        self._landings += 1
        key = self.rule.joins(location, layer, self._landings)
        row = self.rows.get(key)
        if row is None:
            row = self.rows[key] = Row(self._landings, location, layer.day, layer.expiry)
        elif not row.units:
            row.in_day = layer.day
        row.in_day = min(row.in_day, layer.day)
        row.units[layer] = row.units.get(layer, 0) + qty_each

    def take(self, qty_each: int, location: str | None = None) -> list[tuple[TrueLayer, int]]:
        """Serve from the rows in the rule's order (of one bin, if told so); may be less than asked."""
        taken: list[tuple[TrueLayer, int]] = []
        wanted = [row for row in self.rows.values() if row.units and location in (None, row.location)]
        for row in sorted(wanted, key=self.rule.first):
            for layer in sorted(row.units):
                n = min(qty_each, row.units[layer])
                if n:
                    taken.append((layer, n))
                    qty_each -= n
                    row.units[layer] -= n
                    if not row.units[layer]:
                        del row.units[layer]
        if not self.rule.keeps_empty_rows:
            self.rows = {key: row for key, row in self.rows.items() if row.units}
        return taken

    def free(self) -> dict[TrueLayer, int]:
        """What lies there in truth."""
        free: dict[TrueLayer, int] = defaultdict(int)
        for row in self.rows.values():
            for layer, qty_each in row.units.items():
                free[layer] += qty_each
        return free


def judge(taken: Iterable[tuple[TrueLayer, int]], free: dict[TrueLayer, int]) -> tuple[int, int]:
    """Units taken in whose stead an older one could have gone, and by how many days at worst."""
    passed, worst = 0, 0
    left = dict(sorted(free.items()))
    for layer, qty_each in sorted(taken, reverse=True):  # the newest taken would be exchanged first
        for older in left:
            if older.window >= layer.window or not qty_each:
                break
            n = min(qty_each, left[older])
            if n:
                worst = max(worst, layer.window - older.window)
                passed += n
                qty_each -= n
                left[older] -= n
    return passed, worst


@dataclass(frozen=True)
class Landed:
    """Units of a layer come to lie in a bin; out of somebody's hand, or back from an order, if so said."""

    item: int
    location: str
    layer: TrueLayer
    qty_each: int
    hand: str = ""


@dataclass(frozen=True)
class Left:
    """Units leave a bin for no order: into a hand, lost, set aside."""

    item: int
    location: str
    qty_each: int
    hand: str = ""


@dataclass(frozen=True)
class Asked:
    """An order's line is served from anywhere."""

    item: int
    order: str
    qty_each: int


Event = Landed | Left | Asked


def play(rule: Rule, events: Iterable[Event]) -> Score:
    """The whole stream by one rule."""
    score = Score(rule.name)
    stocks: dict[int, Stock] = defaultdict(lambda: Stock(rule))
    hands: dict[tuple[str, int], list[tuple[TrueLayer, int]]] = defaultdict(list)
    for event in events:
        stock = stocks[event.item]
        match event:
            case Landed(item, location, layer, qty_each, hand):
                held = hands[hand, item] if hand else []
                for part, n in _out_of(held, qty_each) if held else [(layer, qty_each)]:
                    stock.land(location, part, n)
            case Left(item, location, qty_each, hand):
                # By this rule the bin may hold less than it did in truth: what is not there cannot leave.
                taken = stock.take(qty_each, location)
                missing = qty_each - sum(n for _, n in taken)
                if missing:
                    taken += stock.take(missing)
                if hand:
                    hands[hand, item] += taken
            case Asked(item, order, qty_each):
                taken = stock.take(qty_each)
                served = sum(n for _, n in taken)
                passed, worst = judge(taken, stock.free())
                hands[order, item] += taken
                score.units += served
                score.unserved += qty_each - served
                score.lines += 1
                score.passed_units += passed
                score.passed_lines += passed > 0
                score.worst_days = max(score.worst_days, worst)
    return score


def _out_of(held: list[tuple[TrueLayer, int]], qty_each: int) -> list[tuple[TrueLayer, int]]:
    """So many units of what was taken before, the last first."""
    out = []
    while held and qty_each:
        layer, there = held.pop()
        n = min(there, qty_each)
        out.append((layer, n))
        qty_each -= n
        if there > n:
            held.append((layer, there - n))
    return out
