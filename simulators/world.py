"""The physical truth of the simulated floor: what really lies where, front first, and which labels came out.

Owns piles of units in locations, totes, boxes, hands and trucks, and the equipment that stands around.
Knows nothing of the database. Refuses to move what is not there (`NotThere`) and to conjure goods: they
appear by `bring` only. Invariant: units brought = units lying somewhere + units carried away, per SKU, at
every moment.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

LOST = "lost"  # mislaid units: they exist, and nobody knows where
ASIDE = "aside"  # the problem shelf at the benches


def hands(worker: str) -> str:
    return f"hands:{worker}"


def tote_place(barcode: str) -> str:
    return f"tote:{barcode}"


def parcel_place(number: str) -> str:
    return f"parcel:{number}"


def box_place(bench: str, order: str) -> str:
    """The open carton of one order at a bench; several may stand there, waiting for another tote each."""
    return f"box:{bench}:{order}"


def pallet_place(sscc: str) -> str:
    return f"pallet:{sscc}"


def truck_place(manifest: str) -> str:
    return f"truck:{manifest}"


def supplier_place(receipt: str) -> str:
    return f"supplier:{receipt}"


class NotThere(LookupError):
    """Somebody reached for a thing that does not lie there."""


@dataclass(frozen=True, slots=True)
class Pile:
    """Units of one SKU that came on one date and lie together. The date is on the sticker of each unit.

    `mark` is what else is printed in the unit's GS1 code: lot, expiry, serial, as element strings.
    """

    sku: str
    received_on: str
    qty_each: int
    mark: str = ""


class World:
    """Thread-safe; every act is one step under one lock, and takes microseconds."""

    def __init__(self, access_of: Mapping[str, str] | None = None) -> None:
        self._access_of = dict(access_of or {})  # only locations; anything else is heaped up as it comes
        self._places: dict[str, list[Pile]] = {}
        self._brought: Counter[str] = Counter()
        self._carried_away: Counter[str] = Counter()
        self._lock = threading.RLock()
        self.acts = 0  # how often something was laid down: what does not grow, stands still

    def bring(self, place: str, sku: str, received_on: str, qty_each: int, mark: str = "") -> None:
        """Goods arrive from outside. The only way a unit comes into this world."""
        if qty_each < 1:
            raise ValueError(f"{qty_each} of {sku} is nothing to bring")
        with self._lock:
            self._brought[sku] += qty_each
            self._lay(place, Pile(sku, received_on, qty_each, mark))

    def move(
        self, here: str, there: str, sku: str, qty_each: int, received_on: str | None = None, mark: str | None = None
    ) -> tuple[Pile, ...]:
        """Take units from the front (of one date or mark, if told so) and lay them down elsewhere.

        Raises:
            NotThere: fewer than that lie there; nothing has moved then.
        """
        if qty_each < 1:
            raise ValueError(f"{qty_each} of {sku} is nothing to move")
        with self._lock:
            taken = self._take(here, sku, qty_each, received_on, mark)
            for pile in taken:
                self._lay(there, pile)
            return taken

    def move_all(self, here: str, there: str) -> tuple[Pile, ...]:
        with self._lock:
            taken = tuple(self._places.pop(here, ()))
            for pile in taken:
                self._lay(there, pile)
            return taken

    def carry_away(self, place: str) -> Counter[str]:
        """The truck leaves with all that lies in `place`."""
        with self._lock:
            gone: Counter[str] = Counter()
            for pile in self._places.pop(place, ()):
                gone[pile.sku] += pile.qty_each
            self._carried_away.update(gone)
            return gone

    def lose(self, place: str, sku: str, qty_each: int, received_on: str | None = None) -> tuple[Pile, ...]:
        """Units get mislaid: they leave their place without a trace."""
        return self.move(place, LOST, sku, qty_each, received_on)

    def look(self, place: str) -> tuple[Pile, ...]:
        """What lies there, front first."""
        with self._lock:
            return tuple(self._places.get(place, ()))

    def count(self, place: str, sku: str | None = None) -> int:
        with self._lock:
            return sum(p.qty_each for p in self._places.get(place, ()) if sku is None or p.sku == sku)

    def places(self, *, where: Callable[[str], bool] = lambda _: True) -> tuple[str, ...]:
        with self._lock:
            return tuple(place for place in self._places if where(place))

    def places_of(self, sku: str) -> tuple[str, ...]:
        with self._lock:
            return tuple(place for place, piles in self._places.items() if any(p.sku == sku for p in piles))

    def is_location(self, place: str) -> bool:
        return place in self._access_of

    def check(self) -> None:
        """The law of this world. Raises AssertionError when a unit appeared or vanished."""
        with self._lock:
            lying: Counter[str] = Counter()
            for piles in self._places.values():
                for pile in piles:
                    if pile.qty_each < 1:
                        raise AssertionError(f"an empty pile of {pile.sku}")
                    lying[pile.sku] += pile.qty_each
            if lying + self._carried_away != +self._brought:
                raise AssertionError("units appeared or vanished")

    def _take(
        self, place: str, sku: str, qty_each: int, received_on: str | None, mark: str | None = None
    ) -> tuple[Pile, ...]:
        piles = self._places.get(place, [])
        taken: list[Pile] = []
        kept: list[Pile] = []
        left_each = qty_each
        for pile in piles:
            fits = pile.sku == sku and received_on in (None, pile.received_on) and mark in (None, pile.mark)
            n = min(left_each, pile.qty_each) if fits else 0
            if n:
                taken.append(replace(pile, qty_each=n))
                left_each -= n
            if pile.qty_each > n:
                kept.append(replace(pile, qty_each=pile.qty_each - n))
        if left_each:
            raise NotThere(f"{place}: {qty_each} of {sku} wanted, {qty_each - left_each} there")
        if kept:
            self._places[place] = kept
        else:
            self._places.pop(place, None)
        return tuple(taken)

    def _lay(self, place: str, pile: Pile) -> None:
        """New goods go behind in a flow rack, in front in a push-back lane, by date where all is in reach."""
        self.acts += 1
        piles = self._places.setdefault(place, [])
        access = self._access_of.get(place, "fifo")
        if access == "lifo":
            at = 0
        elif access == "any":
            at = next((n for n, p in enumerate(piles) if p.received_on > pile.received_on), len(piles))
        else:
            at = len(piles)
        for neighbour in (at - 1, at):
            if 0 <= neighbour < len(piles):
                lying = piles[neighbour]
                if (lying.sku, lying.received_on, lying.mark) == (pile.sku, pile.received_on, pile.mark):
                    piles[neighbour] = replace(lying, qty_each=lying.qty_each + pile.qty_each)
                    return
        piles.insert(at, pile)


@dataclass(slots=True)
class StagedTote:
    barcode: str
    order: str = ""  # the slip that lies in it, '' when nobody knows
    not_before: float = 0.0
    tries: int = 0
    is_tried_last: bool = False  # tried once more after everything else had come to rest


@dataclass(slots=True)
class HandedOver:
    """A cart left between two zones, the totes on it, whose slip lies in which, and those with something in them."""

    cart: str
    totes: list[str]
    slips: dict[str, str]
    filled: set[str]


@dataclass(slots=True)
class Equipment:
    """What stands around on the floor: empty totes, carts, benches, full totes, parcels, signs."""

    empty_totes: deque[str] = field(default_factory=deque)
    carts: deque[str] = field(default_factory=deque)
    handed_over: deque[HandedOver] = field(default_factory=deque)
    hand_overs: int = 0
    benches: deque[str] = field(default_factory=deque)
    staged: deque[StagedTote] = field(default_factory=deque)
    to_put_back: deque[str] = field(default_factory=deque)
    lanes: dict[str, list[str]] = field(default_factory=dict)
    signs: dict[str, str] = field(
        default_factory=dict
    )  # location code → the barcode that hangs there, once seen
    commands: dict[str, str] = field(default_factory=dict)  # command sheet, as far as it has been seen
    to_count: dict[str, str] = field(default_factory=dict)  # location → why somebody thinks a count is due
    docks: dict[str, deque[str]] = field(default_factory=dict)
    pallets: dict[str, deque[str]] = field(default_factory=dict)  # dock → SSCCs standing there
    lock: threading.RLock = field(default_factory=threading.RLock)

    def take_staged(
        self, barcode: str | None = None, elsewhere: Collection[str] = frozenset()
    ) -> StagedTote | None:
        """The next full tote that is due and not of an order packed `elsewhere`, or this very one."""
        now = time.monotonic()
        with self.lock:
            for tote in self.staged:
                if barcode is None:
                    is_wanted = tote.not_before <= now and tote.order not in elsewhere
                else:
                    is_wanted = tote.barcode == barcode
                if is_wanted:
                    self.staged.remove(tote)
                    return tote
        return None

    def staged_due(self) -> int:
        now = time.monotonic()
        with self.lock:
            return sum(tote.not_before <= now for tote in self.staged)

    def wake_staged(self) -> bool:
        """All is quiet: whoever waits may try once more. Whether anybody does that has not yet."""
        with self.lock:
            waiting = [tote for tote in self.staged if not tote.is_tried_last]
            for tote in waiting:
                tote.not_before, tote.is_tried_last = 0.0, True
            return bool(waiting)

    def stir_staged(self) -> None:
        """Something has changed on the floor that a waiting tote may have waited for."""
        with self.lock:
            for tote in self.staged:
                tote.is_tried_last, tote.tries = False, 0

    def take_sku_at_dock(self, dock: str) -> str | None:
        """One person works on one SKU at a dock, so two do not reach for the same carton."""
        with self.lock:
            waiting = self.docks.get(dock)
            return waiting.popleft() if waiting else None

    def sign(self, code: str, barcode: object) -> None:
        if isinstance(barcode, str) and barcode:
            self.signs[code] = barcode


# A Code 128 field: ^BC, whatever else is set for the field, then its data.
CODE_128_IN_ZPL = re.compile(rb"\^BC[^\^]*(?:\^[^\^]*)*?\^FD([^\^]*)\^FS")


class LabelTray:
    """The output tray of one label printer: the files of its tape, in the order they came out.

    A person takes the next label and reads its barcode; nothing is looked up anywhere else.
    """

    def __init__(self, tape_dir: Path) -> None:
        self.tape_dir = tape_dir
        # Labels of an earlier run have long been torn off.
        self._seen = {entry.name for entry in tape_dir.iterdir()} if tape_dir.is_dir() else set()
        self._waiting: deque[str] = deque()

    def take(self, timeout_s: float, stop: threading.Event | None = None) -> str | None:
        """The SSCC of the next label (20 digits with its `00`), or None when none came out in time."""
        deadline = time.monotonic() + timeout_s
        pause_s = 0.002
        while not self._waiting:
            self._collect()
            if self._waiting:
                break
            if time.monotonic() > deadline or (stop and stop.is_set()):
                return None
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.5, 0.03)
        return self._waiting.popleft()

    def _collect(self) -> None:
        if not self.tape_dir.is_dir():
            return
        fresh = sorted(
            entry
            for entry in self.tape_dir.iterdir()
            if entry.suffix == ".zpl" and entry.name not in self._seen
        )
        for path in fresh:
            self._seen.add(path.name)
            self._waiting.extend(ssccs_in(path.read_bytes()))


def ssccs_in(zpl: bytes) -> list[str]:
    """The SSCCs a label's barcode fields carry, each as `00` and 18 digits, once."""
    found = []
    for content in CODE_128_IN_ZPL.findall(zpl):
        plain = re.sub(rb">[0-9;:]", b"", content)  # subset switches stand between the digits
        digits = re.sub(rb"[()\s]", b"", plain)  # in mode D the AI is written in brackets
        if re.fullmatch(rb"00\d{18}", digits):
            found.append(digits.decode())
    return list(dict.fromkeys(found))


def totals(piles: Iterable[Pile]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for pile in piles:
        counted[pile.sku] += pile.qty_each
    return counted
