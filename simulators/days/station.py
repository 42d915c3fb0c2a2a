"""A scanning station without a wire: the trigger pull goes through a port, in the same thread.

Owns the screen last shown and the tally. The port is any callable that takes what a station posts and gives
the answer; so the engine needs neither a server nor a socket. Invariant: one pull, one scan_id; a pull sent
twice must come back with the same outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from simulators.client import NO_MISHAP, Outcome, ScanTally, Step, WireMishap

# (scan_id, station, code, qty, moment of the pull in ms) → answer
ScanPort = Callable[[str, str, str, int | None, int], Mapping[str, Any]]
StepPort = Callable[[str], Mapping[str, Any]]  # station → screen


class PortStation:
    """What `ScanStation` is over HTTP."""

    def __init__(
        self, station: str, scan: ScanPort, show: StepPort, tick: Callable[[], int], *,
        mishap: Callable[[], WireMishap] = lambda: NO_MISHAP,
    ) -> None:  # fmt: skip
        self.station = station
        self.tally = ScanTally()
        self._scan, self._show, self._tick, self._mishap = scan, show, tick, mishap
        self._step: Step | None = None

    @property
    def step(self) -> Step:
        return self._step or self.refresh()

    def refresh(self) -> Step:
        self._step = Step.of(self._show(self.station))
        return self._step

    def scan(self, code: str, qty_each: int | None = None) -> Outcome:
        self.tally.scans += 1
        scan_id = f"{self.station}-{self.tally.scans:07d}"
        pull = (scan_id, self.station, code, qty_each, self._tick())
        outcome = _outcome(self._scan(*pull))
        if not outcome.is_applied:
            self.tally.rejected += 1
            counts = self.tally.rejected_by_code
            counts[str(outcome.code)] = counts.get(str(outcome.code), 0) + 1
        mishap = self._mishap()
        if mishap.send_twice or mishap.lose_answer:
            self.tally.duplicates += 1
            again = _outcome(self._scan(*pull))
            if (again.is_applied, again.code, again.step.at) != (outcome.is_applied, outcome.code, outcome.step.at):
                self.tally.replay_mismatches.append(f"{self.station} {code}: {outcome.step.at}, then {again.step.at}")
        self._step = outcome.step
        return outcome

    def close(self) -> None:
        """Nothing is open."""


class ScreenTray:
    """A label printer that never fails: the label that comes out is the one the screen names.

    What real printers do with labels is played by the shift over TCP; these days are about stock.
    """

    def __init__(self, station: PortStation) -> None:
        self._station = station

    def take(self, timeout_s: float, stop: object = None) -> str | None:
        return self._station.step.expected("parcel")


def _outcome(answer: Mapping[str, Any]) -> Outcome:
    return Outcome(
        answer["outcome"] == "applied", answer.get("code"), answer.get("expected"), answer.get("got"),
        bool(answer.get("replayed")), Step.of(answer["step"]),
    )  # fmt: skip
