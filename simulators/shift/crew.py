"""Setting the floor up: people, stations, totes, carts, printers; all through the API."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from functools import partial
from typing import Any

from simulators.client import FloorHttp, ScanStation
from simulators.faults import Fallibility
from simulators.receipt_printer import ReceiptPrinter
from simulators.shift.options import (
    PACK,
    listed,
    posts,
)
from simulators.shift.state import ShiftState
from simulators.workers import Bench, Worker
from simulators.world import (
    LabelTray,
)
from simulators.zpl_printer import ZplPrinter


class Crew(ShiftState):
    """Who works here, and with what."""

    def set_up(self, devices: contextlib.ExitStack) -> None:
        """People, stations, totes, carts and printers, all through the API; the devices start to listen."""
        docks = self.plan.codes("dock")
        stations = self.plan.codes("station")
        if not docks or not stations:
            raise ValueError("the locations have no dock or no bench (kind station)")
        self._equip(self._admin())
        at_work = posts(self.options)
        for place in stations[: at_work.count(PACK) or max(1, self.options.workers)]:
            self._open_bench(devices, place)
        self._floor.benches = self._benches
        self.gear.benches.extend(self._benches)
        for n in range(1, self.options.workers + 1):
            self._hire(n, docks[(n - 1) % len(docks)], at_work[n - 1])

    def _equip(self, api: FloorHttp) -> None:
        self._fetch_totes(api, self.options.totes)
        body = {"count": self.options.workers, "positions": self.options.positions_a_cart}
        carts = self._once("carts", lambda: api.post("/api/v1/carts", body))
        self.gear.carts.extend(str(c["barcode"]) for c in listed(carts, "carts"))

    def _fetch_totes(self, api: FloorHttp, count: int) -> None:
        """New totes from the store, numbered by the floor; at a second start all that were ever fetched."""
        known = [key for key in self._kept if key.startswith("totes ")]
        new = f"totes {len(known) + 1}"
        if not known or self._tote_barcodes:
            self._once(new, lambda: api.post("/api/v1/totes", {"count": count}))
            known = [new]
        for key in known:
            fetched = {str(t["code"]): str(t["barcode"]) for t in listed(self._kept[key], "totes")}
            self._tote_barcodes |= fetched
            self.gear.empty_totes.extend(fetched.values())

    def _open_bench(self, devices: contextlib.ExitStack, place: str) -> None:
        tape, slips = self.options.tape_dir / f"labels-{place}", self.options.tape_dir / f"slips-{place}"
        tray = LabelTray(tape)
        labels = devices.enter_context(ZplPrinter(tape, self._kept_port(f"printer ZPL-{place}")))
        receipts = devices.enter_context(ReceiptPrinter(slips, self._kept_port(f"printer SLIP-{place}")))
        self._printers.append(labels)
        api = self._admin()
        for code, device, language in (
            (f"ZPL-{place}", labels, "zpl"),
            (f"SLIP-{place}", receipts, "escpos"),
        ):
            body = {"code": code, "address": device.address, "language": language, "dpi": 203}
            self._once(f"printer {code}", partial(api.post, "/api/v1/printers", body))
        token = self._station(
            {"code": f"PACK-{place}", "kind": "bench", "name": f"Bench {place}", "location": place}
            | {"label_printer": f"ZPL-{place}", "slip_printer": f"SLIP-{place}"}
        )
        errs = Fallibility(self.options.rates, self.options.seed, place, self.errors)
        station = ScanStation(
            self.server.base_url, f"PACK-{place}", token, mishap=errs.mishap, stop=self._halt
        )
        self._stations.append(station)
        self._benches[place] = Bench(station, tray, place)

    def _hire(self, n: int, dock: str, post: str) -> None:
        name = f"W{n}"
        body = {"badge": str(9000 + n), "name": f"Simulated {n}", "role": "supervisor"}
        operator = self._once(f"operator {n}", lambda: self._admin().post("/api/v1/operators", body))
        token = self._station(
            {"code": f"SIM-{n}", "kind": "handheld", "name": f"Handheld {n}", "location": dock}
            | {"label_printer": None, "slip_printer": f"SLIP-{next(iter(self._benches))}"}
        )
        errs = Fallibility(self.options.rates, self.options.seed, name, self.errors)
        station = ScanStation(self.server.base_url, f"SIM-{n}", token, mishap=errs.mishap, stop=self._halt)
        self._stations.append(station)
        slow = self.options.slow_lane
        times = slow.times if slow is not None and slow.lane == post else 1.0
        self._posts[name] = post
        self.crew.append(Worker(name, str(operator["barcode"]), station, dock, self._floor, errs, times))

    def _station(self, body: Mapping[str, Any]) -> str:
        made = self._once(f"station {body['code']}", lambda: self._admin().post("/api/v1/stations", body))
        return str(made["token"])

    def _kept_port(self, key: str) -> int:
        """The port a printer was registered with, or 0 for a free one."""
        return int(str(self._kept[key]["address"]).rpartition(":")[2]) if key in self._kept else 0
