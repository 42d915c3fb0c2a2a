"""The lead: releases waves, watches, cancels, decides when everything that can leave has left."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime
from urllib.parse import quote

from simulators.catalogue import OpeningReceipt
from simulators.client import FloorHttp, ServerRefused
from simulators.shift.options import (
    number_of,
)
from simulators.shift.state import ShiftState
from simulators.world import (
    ASIDE,
    LOST,
)

TOP_UPS_MAX = 4
QUIET_S = 0.4
WATCH_S = 0.3
RELEASE_S = 8.0  # the demo gathers orders this long before it releases what has come
TOTES_PATIENCE_S = 3.0  # with all totes full or on carts, nobody can start a walk: fetch some from the store
TOTES_MAX = 5000

class Lead(ShiftState):
    """Who decides what comes next."""

    def _choose_cancellations(self) -> None:
        numbers = sorted(order.number for order in self.goods.book.orders)
        self._cancel_queue = self._dice.sample(numbers, min(self.options.cancelled_orders, len(numbers)))

    def _lead(self) -> None:
        api = self._admin()
        quiet_since: float | None = None
        watch_at, release_at, starved_since = 0.0, 0.0, time.monotonic()
        last_acts, last_change = -1, time.monotonic()
        has_more = True
        while not self.stop.is_set() and len(self._retired) < len(self.crew):
            now = time.monotonic()
            self._tell()
            if self.world.acts != last_acts:  # scans alone are no progress: people can ask in vain all day
                last_acts, last_change = self.world.acts, now
            if now >= watch_at:  # a wave is long; asking for it all the time would keep scans waiting
                self._watch_waves(api)
                watch_at = time.monotonic() + WATCH_S
            self._let_orders_arrive(api)
            self._hurry_in_the_end(now)
            if self.options.loop and now >= release_at:
                has_more, release_at = True, now + RELEASE_S  # orders have come in meanwhile
            if has_more and len(self._open_waves) < self.options.waves_ahead:
                has_more = self._release(api)
            if self._totes_suffice():
                starved_since = now
            elif now - starved_since > TOTES_PATIENCE_S and len(self._tote_barcodes) < TOTES_MAX:
                starved_since = now
                self._fetch_totes(api, 50)
            is_quiet = self._is_quiet()
            quiet_since = (quiet_since or now) if is_quiet else None
            if quiet_since and now - quiet_since > QUIET_S:
                quiet_since = None
                has_more = self._when_quiet(api)
                if not has_more:
                    return
            if now - last_change > self.options.stall_s and not self.options.loop:
                self.report.failures.append(f"nothing moved for {self.options.stall_s:.0f} s: {self._line()}")
                self._halt.set()
                return
            self.stop.wait(0.05 if self.options.speed is None else 0.2)

    def _release(self, api: FloorHttp) -> bool:
        try:
            wave = api.post("/api/v1/waves", {"max_orders": self.options.orders_a_wave, "mode": self.options.pick_mode})
        except ServerRefused as refused:
            if refused.status in (404, 409, 422):
                return False  # nothing that could be released
            raise
        if not int(wave.get("orders") or 0):
            return False
        self._waves.append(wave["wave"])
        self._open_waves.append(wave["wave"])
        if len(self._waves) == 1:
            self._plant("released")
        return True

    def _hurry_in_the_end(self, now: float) -> None:
        minutes, speed = self.options.hurry_after_min, self._pace.speed
        if minutes is None or speed is None:
            return
        if self._begun_at and (now - self._begun_at) * speed >= minutes * 60:
            self._pace.speed = None

    def _watch_waves(self, api: FloorHttp) -> None:
        for wave in list(self._open_waves):
            state = api.get(f"/api/v1/waves/{wave}")["state"]
            if state == "planning":
                continue
            self._begun_at = self._begun_at or time.monotonic()
            self._stage.pick_dry_until = min(self._stage.pick_dry_until, time.monotonic() + 0.05)
            if state == "done":
                self._open_waves.remove(wave)
            elif self._cancel_queue:
                self._cancel(api, self._cancel_queue.pop())

    def _cancel(self, api: FloorHttp, number: str) -> None:
        try:
            api.post(f"/api/v1/orders/{quote(number)}/cancel", {})
        except ServerRefused as refused:
            if refused.status not in (404, 409):
                raise
            return  # too late: it is in its box, or it was never taken in
        self.errors.note("order_cancelled", "customer", detail=number)

    def _is_quiet(self) -> bool:
        stage, gear = self._stage, self.gear
        has_goods_in = bool(self._deliveries) or any(gear.docks.values())
        return not (stage.busy or self._open_waves or gear.staged_due() or stage.is_counting or has_goods_in)

    def _when_quiet(self, api: FloorHttp) -> bool:
        """Nobody has anything to do. Whether that is because something was left undone."""
        stage = self._stage
        if self.gear.wake_staged():
            return True
        if any(self.gear.lanes.values()) and not stage.is_loading_all:
            stage.is_loading_all = True
            return True
        stage.is_loading_all = False
        if not self._has_counted or self.gear.to_count:
            # Bins are counted when nobody has units of them in hand: a count beside a picker finds ghosts. Who puts
            # a cancelled order back after the count may miss a unit, and asks for another one.
            self._has_counted = stage.is_counting = True
            return True
        self._has_counted = False
        if self._release(api) or self._top_up(api):
            return True
        if self.options.loop:
            self._next_cycle(api)
            return True
        return False

    def _top_up(self, api: FloorHttp) -> bool:
        """Orders wait for what was lost or damaged: the buyer gets it again, once a unit."""
        gone = Counter({pile.sku: 0 for pile in self.world.look(LOST)})
        for pile in (*self.world.look(LOST), *self.world.look(ASIDE)):
            gone[pile.sku] += pile.qty_each
        wanted = gone - self._topped_up
        if not wanted or self._top_ups >= TOP_UPS_MAX or not self._unshipped(api):
            return False
        self._top_ups += 1
        self._topped_up += wanted
        self.report.top_up_units += wanted.total()
        today = datetime.now(UTC).date()
        self._announce(
            [OpeningReceipt(f"TOPUP-{self._run}-{self._top_ups}", today, tuple(sorted(wanted.items())))]
        )
        return True

    def _unshipped(self, api: FloorHttp) -> bool:
        lanes = api.get("/api/v1/board")["lanes"]
        return any(number_of(lanes.get(lane)) for lane in ("waiting", "allocated", "short", "picked"))
