"""What each of the crew does next: benches first, then lanes, tours, deliveries."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from simulators.shift.options import PACK, PICK, SHIP
from simulators.shift.state import ShiftState
from simulators.workers import Bench, Worker
from simulators.world import (
    StagedTote,
)

LOAD_AT_PARCELS = 25
PUTAWAY_TRIES = 3

class Work(ShiftState):
    """The crew at work, each by himself."""

    def _receive_all(self, worker: Worker) -> None:
        while True:
            try:
                barcode, place = self._deliveries.popleft()
            except IndexError:
                return
            worker.receive(barcode, place)

    def _put_away_all(self, worker: Worker) -> None:
        while self._put_away_one(worker):
            pass

    def _put_away_one(self, worker: Worker) -> bool:
        sku = self.gear.take_sku_at_dock(worker.dock)
        if sku is None:
            return False
        if not worker.put_away(sku):
            self._putaway_tries[sku] += 1
            if self._putaway_tries[sku] < PUTAWAY_TRIES:
                with self.gear.lock:
                    self.gear.docks[worker.dock].append(sku)
            else:
                self.surprises.note(f"{sku} cannot be put away from {worker.dock}")
        return True

    def _ship(self) -> None:
        """The crew works by itself; this thread is the lead: releases, watches, decides when it is over."""
        self._stage.is_shipping = True
        threads = [
            self._start(worker, self._work) for worker in self.crew if worker.name not in self._retired
        ]
        try:
            self._lead()
        finally:
            self._stage.is_shipping = False
            if self.stop.is_set():
                self._halt.set()
            for thread in threads:
                thread.join()

    def _work(self, worker: Worker) -> None:
        while self._stage.is_shipping and not self._halt.is_set():
            with self._stage.lock:
                job = self._next_job(worker)
                self._stage.busy += job is not None
            if job is None:
                self._halt.wait(self._pace.idle_s)
                continue
            try:
                job()
            finally:
                with self._stage.lock:
                    self._stage.busy -= 1

    def _next_job(self, worker: Worker) -> Callable[[], None] | None:
        gear, stage, post = self.gear, self._stage, self._posts[worker.name]
        if stage.is_counting:
            return (lambda: self._count_round(worker)) if self._count_lock.acquire(blocking=False) else None
        if gear.to_put_back:
            tote = gear.to_put_back.popleft()
            return lambda: _ignore(worker.put_back(tote))
        if post in ("", PACK) and gear.benches and (tote_due := self._tote_for_bench()) is not None:
            bench = self._benches[gear.benches.popleft()]
            bench.order = tote_due.order  # spoken for: its other totes come to this bench
            return lambda: self._at_bench(worker, bench, tote_due)
        if post in ("", SHIP) and (lane := self._lane_to_load()) is not None:
            return lambda: self._at_lane(worker, lane)
        if (
            post in ("", PICK)
            and (gear.carts or gear.handed_over)
            and (self._open_waves or self._was_left)  # walks of an earlier run may still wait
            and (gear.handed_over or self._totes_suffice())
            and time.monotonic() >= stage.pick_dry_until
        ):
            return lambda: self._on_tour(worker)
        if self._deliveries:
            barcode, place = self._deliveries.popleft()
            return lambda: worker.receive(barcode, place)
        if gear.docks.get(worker.dock):
            return lambda: _ignore(self._put_away_one(worker))
        return None

    def _totes_suffice(self) -> bool:
        return len(self.gear.empty_totes) >= self.options.positions_a_cart

    def _at_bench(self, worker: Worker, bench: Bench, tote: StagedTote) -> None:
        try:
            while worker.pack(bench, tote):
                if self._halt.is_set():
                    return
                following = self._tote_for_bench()
                if following is None:
                    return
                tote, bench.order = following, following.order
        finally:
            bench.order = ""
            if bench.station.step.at == "pack.tote" or self._halt.is_set():
                self.gear.benches.append(bench.place)
            self._stage.pick_dry_until = 0.0

    def _tote_for_bench(self) -> StagedTote | None:
        packed_now = {bench.order for bench in self._benches.values() if bench.order}
        return self.gear.take_staged(elsewhere=packed_now)

    def _on_tour(self, worker: Worker) -> None:
        if worker.pick_tour():
            self.gear.stir_staged()
        else:
            self._stage.pick_dry_until = time.monotonic() + (0.5 if self.options.speed is None else 2.0)

    def _lane_to_load(self) -> str | None:
        # Who has nothing but parcels to load waits for no truckful.
        least = 1 if self._stage.is_loading_all or self.options.slow_lane else LOAD_AT_PARCELS
        for lane, parcels in self.gear.lanes.items():
            if len(parcels) >= least and not self._lane_locks.setdefault(lane, threading.Lock()).locked():
                self._lane_locks[lane].acquire()
                return lane
        return None

    def _at_lane(self, worker: Worker, lane: str) -> None:
        try:
            worker.load(lane)
        finally:
            self._lane_locks[lane].release()

    def _count_round(self, worker: Worker) -> None:
        try:
            for bench in self._benches.values():
                worker.close_carton(bench)
            while worker.return_aside():
                pass
            while worker.count_open():
                self.report.counts_done += 1
            for location in list(self.gear.to_count):
                self.report.counts_done += worker.count(location)
                self.gear.to_count.pop(location, None)
            self.gear.stir_staged()
        finally:
            self._stage.is_counting = False
            self._count_lock.release()


def _ignore(_: object) -> None:
    return None
