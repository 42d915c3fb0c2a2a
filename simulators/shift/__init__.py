"""A whole shift on the simulated floor, over HTTP from the first badge to the last audit.

Owns the crew, the devices, the order of the day (receive, put away, release, pick, pack, load, count,
release what came back) and the judgement at the end. It decides no rule of stock: the server does, and the
world keeps count. Invariant: the report is `ok` only if every shippable order left, the ledger verifies,
the world and the database agree and every label read back names its parcel.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

from simulators.report import ShiftReport
from simulators.shift.crew import Crew
from simulators.shift.cycles import Cycles
from simulators.shift.judgement import Judgement
from simulators.shift.lead import Lead
from simulators.shift.options import (
    PLANTS,
    POSTS,
    PlantHook,
    ShiftGoods,
    ShiftOptions,
    ShiftServer,
    SlowLane,
    order_body,
)
from simulators.shift.work import Work

__all__ = [
    "PLANTS", "POSTS", "PlantHook", "Shift", "ShiftGoods", "ShiftOptions", "ShiftServer", "SlowLane", "order_body",
    "run_shift",
]  # fmt: skip


def run_shift(
    options: ShiftOptions,
    server: ShiftServer,
    goods: ShiftGoods,
    *,
    import_orders: Callable[[], None] | None = None,
    plant: PlantHook | None = None,
    stop: threading.Event | None = None,
    progress: Callable[[str], None] | None = None,
) -> ShiftReport:
    """Run the day to its end and judge it.

    `import_orders` is called once the opening stock lies in its bins; without it the orders are taken as
    imported. `plant` is for faults that need the database: it is called with "stocked", "released" and
    "shipped" when the shift has come so far, and returns what it planted (with its `sku`), or None.
    """
    shift = Shift(options, server, goods, plant=plant, stop=stop, progress=progress)
    with contextlib.ExitStack() as devices:
        shift.set_up(devices)
        return shift.run(import_orders)


class Shift(Crew, Work, Lead, Cycles, Judgement):
    """The whole of it."""

    def run(self, import_orders: Callable[[], None] | None) -> ShiftReport:
        self._started = time.monotonic()
        try:
            if self._was_left:
                self._timed("resume", self._resume)
            if "stocked" not in self._kept:
                self._announce(self.goods.receipts)
            with self._pace.hurry() if self.options.hurry_opening else contextlib.nullcontext():
                self._timed("receive", lambda: self._all_hands(self._receive_all))
                self._timed("putaway", lambda: self._all_hands(self._put_away_all))
            self._done("stocked")
            self._plant("stocked")
            if import_orders is not None and "imported" not in self._kept:
                self._timed("import", import_orders)
            self._done("imported")
            self._choose_cancellations()
            self._timed("ship", self._ship)
            self._plant("shipped")
            self._find_lost_unit()
        finally:
            self._halt.set()
        if not self.options.loop:
            self._timed("audit", self._judge)
        self.report.wall_s = round(time.monotonic() - self._started, 2)
        return self.report
