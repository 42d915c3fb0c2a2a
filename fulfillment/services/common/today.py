"""What day it is on this floor: expiry, minimum life and receipts count in the warehouse's own days.

A warehouse in Tokyo is nine hours ahead of UTC; judged by the server's day, goods that expired this morning
would still be promised until the afternoon. Daylight saving is the time zone's business, not ours.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from fulfillment.hot import Tx


def local_day(tx: Tx) -> str:
    """Today's ISO date in the warehouse's time zone."""
    return day_in(tx.one("SELECT time_zone FROM warehouse WHERE id = :w")["time_zone"], tx.now_ms)


def day_in(zone: str, at_ms: int) -> str:
    """The ISO date it is in a time zone at that moment."""
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).date().isoformat()
