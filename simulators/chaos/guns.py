"""Scanners whose triggers are pulled as fast as the floor takes it, or paced; what goes wrong with each is drawn.

Owns a thread a scanner and its expected tape. Every pull is a code of its own, so that the database can be compared
with the tape pull by pull. Refuses to go on to the next pull before the scanner was told that the last one is safe.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from pathlib import Path

from simulators.scanner import Scanned
from simulators.ssi_scanner import SsiScanner

GTIN = "09506000134352"
PREFIX = f"]d201{GTIN}21"
ACK_TIMEOUT_S = 0.25
_PULSE_S = 0.5
# Chances a pull, chosen so that 4,000 pulls show every kind many times; not measured on any floor.
CHANCES = {"lost_ack": 0.02, "bad_checksum": 0.006, "half": 0.006, "garbage": 0.006, "bounce": 0.01, "unplug": 0.003}


def code_of(gun: int, number: int) -> str:
    """What is on the label of the goods: a GS1 element string with a serial of its own."""
    return f"{PREFIX}{gun:02d}{number:07d}"


class Gun:
    """One scanner. `pulls` are its entries of the tape; `bounced`: numbers of those the line carried twice without the
    "again" bit, which are two scans by the protocol. `replug_ms`: plugged in → told that a scan is safe."""

    def __init__(self, number: int, link: Path, quota: int, seed: int, interval_s: float, has_faults: bool) -> None:
        self.number, self.quota = number, quota
        self.device = SsiScanner(link, ack_timeout_s=ACK_TIMEOUT_S, tries=0, seed=seed + number)
        self.pulls: list[Scanned] = []
        self.bounced: set[int] = set()
        self.counts: Counter[str] = Counter()
        self.replug_ms: list[float] = []
        self._chance = random.Random(f"{seed}:gun:{number}")
        self._interval_s, self._has_faults = interval_s, has_faults
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._pull_all, name=f"gun {number}", daemon=True)

    @property
    def code(self) -> str:
        return f"GUN-{self.number:02d}"

    @property
    def done(self) -> int:
        """Pulls the scanner was told are safe."""
        return len(self.pulls)

    @property
    def is_finished(self) -> bool:
        return not self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def replug(self, out_s: float = 0.3) -> None:
        """Pull the cable and plug it in again; the time until a scan is safe is kept."""
        self.device.unplug()
        time.sleep(out_s)
        before_s, self.device.ack_timeout_s = self.device.ack_timeout_s, 0.03
        began_s = time.monotonic()
        self.device.plug()
        self._settle(self.device.scan(code_of(self.number, self.quota + len(self.replug_ms))))
        self.replug_ms.append((self.pulls[-1].settled_at_s - began_s) * 1000)
        self.device.ack_timeout_s = before_s

    def beeps_ms(self) -> list[tuple[float, float]] | None:
        """Of each pull but those after a replugging: when its first byte left (clock of the day), and from there to
        the BEEP that the server's verdict made. None where scans and beeps are not one to one, as after a fault:
        which is whose nobody could say."""
        beeps = [heard.at_s for heard in self.device.heard if heard.word == "BEEP"]
        if len(beeps) != len(self.pulls):
            return None
        paced = self.pulls[: len(self.pulls) - len(self.replug_ms)]
        of_day_s = time.time() - time.monotonic()
        pairs = zip(paced, beeps, strict=False)
        return [(pull.at_s + of_day_s, (beep - pull.at_s) * 1000) for pull, beep in pairs]

    def _pull_all(self) -> None:
        due_s = time.monotonic() + self._chance.random() * self._interval_s
        for number in range(self.quota):
            if self._interval_s:
                self._stop.wait(max(0.0, due_s - time.monotonic()))
                due_s += self._interval_s
            if self._stop.is_set():
                return
            fault = self._drawn()
            if fault and fault != "unplug":
                self.device.set_fault(fault, 1)
            if fault == "bounce":
                self.bounced.add(number)
            scanned = self.device.scan(code_of(self.number, number))
            if fault == "unplug":
                # In the middle of it, or a moment before: whatever the agent was at.
                time.sleep(self._chance.choice((0.0, 0.002, 0.02)))
                self.device.unplug()
                time.sleep(self._chance.uniform(0.02, 0.2))
                self.device.plug()
            if not self._settle(scanned):
                return

    def _drawn(self) -> str:
        if not self._has_faults:
            return ""
        dice = self._chance.random()
        for fault, chance in CHANCES.items():
            if dice < chance:
                self.counts[f"scanner {fault}"] += 1
                return fault
            dice -= chance
        return ""

    def _settle(self, scanned: Scanned) -> bool:
        while not self._stop.is_set():
            try:
                self.device.settled(scanned, _PULSE_S)
            except TimeoutError:  # the agent is down: the scanner goes on by itself
                continue
            self.pulls.append(scanned)
            return True
        return False
