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
    zone = tx.one("SELECT time_zone FROM warehouse WHERE id = :w")["time_zone"]
    return datetime.fromtimestamp(tx.now_ms / 1000, ZoneInfo(zone)).date().isoformat()
