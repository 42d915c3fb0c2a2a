"""The days themselves: what the crew does from morning to evening, one act after the other.

Owns the order of a day and what is asked of whom. Decides no rule of stock: the floor does, and the world
keeps count. A person who cannot go on is named in the report and the day goes on without that act. Invariant:
everything that happens follows from the seed and the floor's answers.
"""

from __future__ import annotations

import time
from datetime import date
from urllib.parse import quote

from simulators.days import plants
from simulators.days.figures import Accuracy, DaysReport, book_by_place, measure
from simulators.days.inbound import Inbound
from simulators.days.outbound import Outbound
from simulators.days.stream import DayPlan
from simulators.days.upkeep import Upkeep


class Days(Inbound, Outbound, Upkeep):
    """One run. Built with its ports, run once."""

    def run(self) -> DaysReport:
        started = time.monotonic()
        self._set_up()
        for delivery in self.stream.opening():
            self._at(date.fromisoformat(delivery.received_on), 8)
            self._take_in(delivery)
        for number in range(self.options.days):
            began = time.monotonic()
            self._play(self.stream.day(number), number)
            self.report.day_s.append(round(time.monotonic() - began, 2))
            self.progress(self._line(number))
        self._judge()
        self.report.wall_s = round(time.monotonic() - started, 1)
        return self.report

    def _play(self, plan: DayPlan, number: int) -> None:
        self._at(plan.day, 6)
        for delivery in plan.deliveries[:1]:
            self._take_in(delivery)
        half = len(plan.orders) // 2
        self._order(plan.orders[:half])
        self._plant(number, "ordered")
        self._refill()
        self._pick_and_pack(plan.orders[:half])
        self._at(plan.day, 11)
        for delivery in plan.deliveries[1:]:
            self._take_in(delivery)
        self._bring_back(number)
        self._tidy_up(number)
        self._at(plan.day, 13)
        self._order(plan.orders[half:])
        self._refill()
        self._pick_and_pack(plan.orders[half:])
        self._send_away(number)
        self._at(plan.day, 17)
        self._load()
        self._plant(number, "evening")
        self._put_aside_back()  # before the count: what lay on the problem shelf is in a bin the book knows nothing of
        if self.options.counts:
            self._count(number)
        measured = self._measure()
        self.report.accuracy_by_day.append(round(measured.share, 4))
        self.report.wrong_by_day.append(list(measured.wrong))

    def _plant(self, number: int, moment: str) -> None:
        plants.plant(self, number, moment)

    def _measure(self) -> Accuracy:
        return measure(self.world, self.storage, book_by_place(self.stock_rows()))

    def _judge(self) -> None:
        report = self.report
        self.world.check()
        for station in self.stations:
            report.scans += station.tally.scans
            report.scans_rejected += station.tally.rejected
            for code, n in station.tally.rejected_by_code.items():
                report.rejected_by_code[code] = report.rejected_by_code.get(code, 0) + n
            report.surprises += station.tally.replay_mismatches
        report.surprises += self.surprises.entries
        report.errors_injected = dict(self.errors.by_kind())
        report.taken_from_behind = report.errors_injected.get("behind", 0)
        report.behind_refused = report.rejected_by_code.get("older_first", 0)
        report.accuracy = self._measure().as_json()
        report.accuracy_mean = round(sum(report.accuracy_by_day) / len(report.accuracy_by_day), 4)
        for number in self.orders:
            state = str(self._must("GET", f"/api/v1/orders/{quote(number)}")["state"])
            report.orders_shipped += state == "shipped"
            report.orders_cancelled += state == "cancelled"
            report.orders_open += state not in ("shipped", "cancelled")
        audit = self._must("GET", "/api/v1/fifo-audit")
        report.fifo_found = list(audit["violations"])
        report.fifo_violations = len(report.fifo_found)
        report.overrides = len(audit.get("overridden") or ())
        report.promises = int(audit.get("promises") or 0)
        verified = self._must("GET", "/api/v1/ledger/verify")
        report.verify_ok = bool(verified["ok"])
        report.verify_found = [check for check in verified["checks"] if not check["ok"]]
        report.failures += plants.judge(self)
        checks = (
            (not report.verify_ok and not plants.breaks_book(self.options.plants), "the ledger does not verify"),
            (bool(report.stuck), f"{len(report.stuck)} times somebody could not go on"),
            (bool(report.missing), "the floor does not offer " + ", ".join(report.missing)),
            (
                report.fifo_violations > plants.fifo_expected(report.planted),
                f"{report.fifo_violations} violations of FIFO without an override",
            ),
        )
        report.failures += [words for is_failed, words in checks if is_failed]
        report.ok = not report.failures

    def _line(self, number: int) -> str:
        report = self.report
        scans = sum(station.tally.scans for station in self.stations)
        return (
            f"day {number + 1:2d}  {report.day_s[-1]:5.1f} s  scans {scans}  orders {report.orders}"
            f"  units out {report.units_shipped}  counts {report.counts_done}"
            f"  right {report.accuracy_by_day[-1]:.2%}  stuck {len(report.stuck)}"
        )
