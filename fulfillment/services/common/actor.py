"""Who does something, where, and because of which scan: written beside everything that moves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """The author of a change. A program without a station has ids None and an empty scan id."""

    occurred_at_ms: int
    operator_id: int | None = None
    station_id: int | None = None
    station_code: str = ""
    station_location_id: int | None = None
    scan_id: str = ""
    role: str = ""
