"""A picker's shift: from when until when, and the breaks in it.

Owns what hours a plan may use. It refuses shifts that end before they begin, and breaks outside them or over one
another. Invariant: breaks are in order and do not touch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from picking.errors import FieldError, check_name, check_whole

_FARTHEST_MS = 2**53


@dataclass(frozen=True, slots=True)
class PickerShift:
    """Somebody who picks from `from_ms` until `until_ms`, but not in the breaks (each from, until)."""

    name: str
    from_ms: int
    until_ms: int
    breaks: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        check_name("name", self.name)
        check_whole("from_ms", self.from_ms, 0, _FARTHEST_MS)
        check_whole("until_ms", self.until_ms, self.from_ms + 1, _FARTHEST_MS)
        if not isinstance(self.breaks, tuple):
            raise FieldError("breaks", f"must be a tuple of (from, until), got {type(self.breaks).__name__}")
        earliest_ms = self.from_ms
        for at, pair in enumerate(self.breaks):
            if not isinstance(pair, tuple) or len(pair) != 2:
                raise FieldError(f"breaks[{at}]", "must be a pair (from, until)")
            check_whole(f"breaks[{at}][0]", pair[0], earliest_ms, self.until_ms)
            check_whole(f"breaks[{at}][1]", pair[1], pair[0] + 1, self.until_ms)
            earliest_ms = pair[1] + 1

    def end_of_work(self, began_ms: int, took_ms: int) -> int | None:
        """When work begun then is done, resting in breaks; None when the shift is over before."""
        at_ms = max(began_ms, self.from_ms)
        left_ms = took_ms
        for from_ms, until_ms in self.breaks:
            if at_ms >= until_ms:
                continue
            if at_ms + left_ms <= from_ms:
                break
            left_ms -= max(0, from_ms - at_ms)
            at_ms = until_ms
        end_ms = at_ms + left_ms
        return end_ms if end_ms <= self.until_ms else None

    def first_fit(self, earliest_ms: int, took_ms: int) -> int | None:
        """When work of so long can first begin without touching a break; None when it fits no more."""
        at_ms = max(earliest_ms, self.from_ms)
        for from_ms, until_ms in self.breaks:
            if at_ms < until_ms and at_ms + took_ms > from_ms:
                at_ms = until_ms
        return at_ms if at_ms + took_ms <= self.until_ms else None


def check_shifts(field: str, shifts: object) -> None:
    """Refuse anything but a tuple of shifts with different names."""
    if not isinstance(shifts, tuple) or not all(isinstance(shift, PickerShift) for shift in shifts):
        raise FieldError(field, "must be a tuple of PickerShift")
    names: Sequence[str] = [shift.name for shift in shifts]
    for at, name in enumerate(names):
        if name in names[:at]:
            raise FieldError(f"{field}[{at}].name", f"{name!r} is used twice")
