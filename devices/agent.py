"""The bench agent: owns a bench's ports, keeps every scan and job in its journal, and talks to the server.

    python -m devices.agent --server https://floor.example --token-file F --floor floor.toml [--enrol [CODE]]

    scanner ─► journal (on the disk) ─► scanner: it is safe        server ─► verdict ─► scanner: good, bad
                  └─► server, in order, again until it has it      server ─► command ─► journal ─► printer ─► result

Owns the loops: one brings scans and states, one tells what came of commands, one waits for commands; the supervisor
looks after the devices.
Refuses to run beside another agent with its token: the server knows the journal that said hello last, and this one
ends (exit status 3). Invariant: killed at any point, what it was in the middle of goes on or is reported uncertain at
its next start; nothing listens.
"""

from __future__ import annotations

import argparse
import logging
import queue
import random
import signal
import socket
import sqlite3
import sys
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from devices.agent_client import AgentClient, Refused, TokenFileOpen, Unreachable, enrol, read_token
from devices.agent_printing import PrinterDesk
from devices.agent_trials import Trials
from devices.backoff import Backoff
from devices.config import AddressError, parse_address
from devices.duties import Duty, PrinterDuty, ScaleDuty, ScannerDuty, is_local
from devices.floor_file import FloorFile, FloorFileError, OwnDevice, read_floor_file
from devices.framing.signals import Signal
from devices.journal import Journal, JournalInUse, KeptCommand
from devices.patience import LEAST_PERCENT, MOST_PERCENT, Patience
from devices.protocols import Deadline, DeviceError
from devices.registry import DeviceType, printer_at, scale_at, scanner_at
from devices.scales.reading import Reading
from devices.scales.weight_code import WeightCodes
from devices.scanners import ScanEvent, Scanner
from devices.states import DeviceState, DeviceStatus
from devices.supervisor import Supervisor
from devices.told_states import Seen, ToldStates

log = logging.getLogger(__name__)

EXIT_USAGE, EXIT_RUNS_TWICE = 2, 3
HEARTBEAT_S = 20.0
WAIT_S = 25
BATCH, BATCH_BYTES = 200, 48 * 1024
SIGNAL_WITHIN_S = 10.0
_END_S = 3.0
_SIGNALS = {"good": Signal.GOOD, "bad": Signal.BAD}


class Agent:
    """run(stop) → exit status. `say_again_s`: the longest pause between two tries to reach the server."""

    def __init__(self, floor: FloorFile, client: AgentClient, journal: Journal, say_again_s: float = 5.0) -> None:
        self._floor, self._client, self._journal = floor, client, journal
        self._say_again_s = say_again_s
        self._dice = random.Random()
        self._supervisor = Supervisor(self._see)
        self._own: dict[str, OwnDevice] = {}
        self._scanners: dict[str, Scanner] = {}
        self._desks: dict[str, PrinterDesk] = {}
        self._lock = threading.Lock()
        self._states = ToldStates()
        self._patience = Patience()
        self._read_at_s: dict[str, float] = {}
        self._signals: queue.SimpleQueue[tuple[str, Signal]] = queue.SimpleQueue()
        self._news = threading.Event()
        self._results = threading.Event()
        self._is_known = threading.Event()
        self._changes = 0
        self._trials = Trials(
            self._supervisor, self._own, lambda code: self._desk(code).in_use, journal, self._is_known,
            self._results.set,
        )  # fmt: skip
        self._stop = threading.Event()
        self._left_over: list[KeptCommand] = []
        self._status = 0
        self._trouble = ""

    def run(self, stop: threading.Event) -> int:
        """Work until `stop` is set."""
        self._left_over = self._settle_what_was_begun()
        known = self._journal.kept_devices()
        self._look_after([OwnDevice(**one) for one in known] if known is not None else list(self._floor.devices))
        loops = [
            threading.Thread(target=loop, name=name, daemon=True)
            for name, loop in (
                ("bring", self._bring_loop), ("tell", self._tell_loop), ("ask", self._ask_loop),
                ("signal", self._signal_loop),
            )
        ]  # fmt: skip
        for loop in loops:
            loop.start()
        while not stop.wait(0.2) and not self._stop.is_set():
            continue
        self._stop.set()
        self._news.set()
        self._results.set()
        self._is_known.set()
        deadline = Deadline.after(_END_S)
        for desk in list(self._desks.values()):
            desk.stop()
        left = [*self._supervisor.stop(deadline.remaining_s())]
        left += [code for code, desk in self._desks.items() if not desk.has_ended(deadline)]
        if left:
            log.warning("ended in the middle of %s", ", ".join(left))
        for loop in loops[:2]:
            loop.join(deadline.remaining_s())
        return self._status

    # What devices say

    def _keep(self, device: str, event: ScanEvent) -> None:
        try:
            self._journal.append(device, event)
        except DeviceError as error:
            log.error("device %s: a scan was NOT taken: %s", device, error)
            self._signals.put((device, Signal.BAD))
            raise
        now_s = time.monotonic()
        with self._lock:
            if len(self._read_at_s) > 1000:  # the server is away
                self._read_at_s = {one: at_s for one, at_s in self._read_at_s.items() if now_s - at_s < SIGNAL_WITHIN_S}
            self._read_at_s[event.scan_id] = now_s
        self._news.set()

    def _weigh(self, device: str) -> Callable[[Reading], None]:
        codes = WeightCodes(int(time.time()))
        unkept: list[ScanEvent] = []

        def show(reading: Reading) -> None:
            text = codes.take(reading, time.monotonic())
            if text is not None:
                unkept.append(ScanEvent(str(uuid.uuid4()), device, 0, text.encode(), None, datetime.now(UTC)))
            while unkept:  # a scale says a carton's weight once: what could not be kept is tried again
                self._keep(device, unkept[0])
                del unkept[0]

        return show

    def _see(self, device: str, status: DeviceStatus) -> None:
        log.info("device %s is %s %s", device, status.state, status.reason)
        self._states.see(device, status)
        self._news.set()

    # Which devices there are

    def _look_after(self, wanted: list[OwnDevice]) -> None:
        """Let go of what is not ours (any more) or is another one now; begin with the rest."""
        new = {device.code: device for device in wanted}
        for code, device in list(self._own.items()):
            if new.get(code) != device:
                self._let_go(code)
        for code, device in new.items():
            if code not in self._own:
                self._own[code] = device
                self._begin_with(device)

    def _begin_with(self, device: OwnDevice) -> None:
        try:
            duty, near = self._duty_of(device), is_local(parse_address(device.address))
        except AddressError as error:
            self._see(device.code, DeviceStatus(DeviceState.FAULTED, "bad_address", str(error)))
            return
        self._supervisor.add(device.code, duty, near, device.is_enabled)

    def _duty_of(self, device: OwnDevice) -> Duty:
        code = device.code
        if device.kind == DeviceType.SCANNER:
            scanner = scanner_at(device.address, device.signals, self._journal.last_code(code))
            self._scanners[code] = scanner
            return ScannerDuty(scanner, lambda event: self._keep(code, event))
        if device.kind == DeviceType.SCALE:
            return ScaleDuty(scale_at(device.address), self._weigh(code))
        printer = printer_at(device.address, device.language, self._patience)
        return PrinterDuty(printer, in_use=self._desk(code).in_use)

    def _let_go(self, code: str) -> None:
        del self._own[code]
        self._scanners.pop(code, None)
        if code in self._supervisor.statuses() and not self._supervisor.remove(code):
            log.warning("device %s did not let go in time", code)
        self._states.forget(code)

    def _desk(self, code: str) -> PrinterDesk:
        with self._lock:
            desk = self._desks.get(code)
            if desk is None:
                desk = self._desks[code] = PrinterDesk(
                    code, self._journal, self._client, self._results.set, lambda: self._patience
                )
                desk.start()
        return desk

    # What the server hears

    def _bring_loop(self) -> None:
        line = Backoff(0.1, self._say_again_s, self._dice)
        told_at_s = float("-inf")
        while not self._stop.is_set():
            try:
                if not self._is_known.is_set():
                    self._say_hello()
                has_told = self._bring(is_due=time.monotonic() - told_at_s >= HEARTBEAT_S)
                line.reset()
                self._is_well()
                if has_told:
                    told_at_s = time.monotonic()
                    continue  # hello before the next batch, where our devices were changed meanwhile
            except Unreachable as error:
                self._is_in_trouble(f"the server cannot be reached: {error}")
                self._stop.wait(line.next_s())
                continue
            except Refused as refusal:
                self._hear_no(refusal)
                self._stop.wait(self._say_again_s)
                continue
            except Exception:  # a full disk: it is tried again, and nothing was acknowledged
                log.exception("bringing scans to the server")
                self._stop.wait(line.next_s())
                continue
            self._news.wait(max(0.0, min(HEARTBEAT_S, told_at_s + HEARTBEAT_S - time.monotonic())))
            self._news.clear()

    def _say_hello(self) -> None:
        changes = self._changes
        proposed = [one.proposed() for one in self._floor.devices]
        answer = self._client.hello(self._floor.agent, socket.gethostname()[:64], proposed)
        for one in answer["not_added"]:
            log.warning("device %s was not added: %s", one["code"], one["detail"])
        percent = int(answer.get("printer_patience_percent", 100))
        self._patience = Patience(min(max(percent, LEAST_PERCENT), MOST_PERCENT))
        self._journal.keep_devices(answer["devices"])
        self._journal.acknowledge(int(answer["last_event"]))
        left_over, self._left_over = self._left_over, []
        self._look_after([OwnDevice(**one) for one in answer["devices"]])
        self._states.tell_again()
        with self._lock:
            # Changed again since the server answered: what we know is old, and hello is said once more.
            if self._changes == changes:
                self._is_known.set()
        for job in left_over:
            self._take_on(job)
        self._results.set()

    def _bring(self, is_due: bool) -> bool:
        """The oldest scans the server does not have, and what is new of the devices; whether there was any."""
        scans = self._journal.waiting(BATCH, BATCH_BYTES)
        states = self._states.untold()
        if self._stop.is_set() or not (scans or states or is_due):
            return False
        answer = self._client.events(scans, self._said(states))
        self._states.told(states)
        devices = {scan.number: scan.device for scan in scans}
        # Before it is written down that the server has them: somebody waits for the beep, and not for that.
        for verdict in answer["verdicts"]:
            self._hear_verdict(devices[verdict["number"]], verdict)
        self._journal.acknowledge(int(answer["last_event"]))
        return True

    def _tell_loop(self) -> None:
        # Beside the scans: behind hours of them a print that came out would be uncertain before the server hears of it.
        line = Backoff(0.1, self._say_again_s, self._dice)
        while True:
            self._results.wait()
            self._is_known.wait()
            if self._stop.is_set():
                return
            self._results.clear()
            try:
                self._tell_results()
                line.reset()
                continue
            except Unreachable:
                self._stop.wait(line.next_s())
            except Refused as refusal:
                self._hear_no(refusal)
                self._stop.wait(self._say_again_s)
            except Exception:
                log.exception("telling the server what came of its commands")
                self._stop.wait(line.next_s())
            self._results.set()

    def _tell_results(self) -> None:
        for command in self._journal.commands("done"):
            try:
                self._client.result(command)
            except Refused as refusal:
                if refusal.code == "other_journal":
                    raise
                log.warning("what came of command %s was not taken: %s", command.id, refusal)
            self._journal.drop(command.id)

    def _said(self, states: list[Seen]) -> list[dict[str, Any]]:
        supervised = self._supervisor.statuses()
        return [
            {
                "device": code, "state": status.state.value, "reason": status.reason, "detail": status.detail[:200],
                "reconnects": self._supervisor.reconnects(code) if code in supervised else 0,
            }
            for code, status in states
        ]  # fmt: skip

    def _hear_verdict(self, device: str, verdict: dict[str, Any]) -> None:
        with self._lock:
            read_at_s = self._read_at_s.pop(verdict["scan_id"], None)
        if verdict["outcome"] != "applied":
            log.info("device %s: scan %s was %s: %s", device, verdict["number"], verdict["outcome"], verdict["code"])
        if read_at_s is None or time.monotonic() - read_at_s > SIGNAL_WITHIN_S:
            return  # whoever pulled the trigger has gone on: a beep now would be about another scan
        if verdict["signal"] in _SIGNALS:
            self._signals.put((device, _SIGNALS[verdict["signal"]]))

    def _hear_no(self, refusal: Refused) -> None:
        if refusal.code == "other_journal" and self._is_known.is_set():
            log.error("another agent runs with this token: %s", refusal.detail)
            self._status = EXIT_RUNS_TWICE
            self._stop.set()
            return
        self._is_in_trouble(f"the server says no: {refusal}")

    def _is_in_trouble(self, trouble: str) -> None:
        if trouble != self._trouble:
            log.warning("%s; %s scans wait", trouble, self._journal.waiting_count)
        self._trouble = trouble

    def _is_well(self) -> None:
        if self._trouble:
            log.info("the server takes what is brought again")
        self._trouble = ""

    def _signal_loop(self) -> None:
        # A scanner that does not listen must not keep the others' scans waiting.
        while not self._stop.is_set():
            device, word = self._signals.get()
            scanner = self._scanners.get(device)
            if scanner is not None:
                scanner.signal(word)

    # What the server asks

    def _ask_loop(self) -> None:
        line = Backoff(0.1, self._say_again_s, self._dice)
        while not self._stop.is_set():
            self._is_known.wait()
            if self._stop.is_set():
                return
            try:
                answer = self._client.commands(self._journal.last_command, WAIT_S)
                for command in self._journal.take(answer["commands"]):
                    self._take_on(command)
                line.reset()
                self._stop.wait(answer["ask_again_ms"] / 1000)
            except Unreachable:
                self._stop.wait(line.next_s())
            except Refused as refusal:
                self._hear_no(refusal)
                self._stop.wait(self._say_again_s)
            except Exception:
                log.exception("asking for commands")
                self._stop.wait(self._say_again_s)

    def _take_on(self, command: KeptCommand) -> None:
        if command.kind == "print":
            self._desk(str(command.payload["printer"])).put(command)
        elif command.kind == "devices":
            self._journal.finish(command.id, "done")
            with self._lock:
                self._changes += 1
                self._is_known.clear()
            self._news.set()
            self._results.set()
        elif command.kind in ("test", "discover"):
            threading.Thread(target=self._trials.carry_out, args=(command,), daemon=True).start()
        else:
            self._journal.finish(command.id, "done", f"agent {self._floor.agent} does not know {command.kind!r}")
            self._results.set()

    def _settle_what_was_begun(self) -> list[KeptCommand]:
        """Say what became of what the agent was at when it ended; jobs that were not begun are still to be done."""
        for command in self._journal.commands("sending"):
            self._journal.finish(command.id, "uncertain", "the agent ended while it was sending this job")
        for command in self._journal.commands("taken"):
            if command.kind != "print":
                self._journal.finish(command.id, "done", "the agent ended before it came to this")
        return self._journal.commands("taken")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m devices.agent", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--server", required=True, metavar="URL")
    parser.add_argument("--token-file", required=True, type=Path, metavar="F", help="readable by its owner only")
    parser.add_argument("--enrol", nargs="?", const="", metavar="CODE",
                        help="get the token by a one-time code first and keep it in the token file")  # fmt: skip
    parser.add_argument("--insecure-lan", action="store_true",
                        help="let --enrol send code and token unencrypted over a network")  # fmt: skip
    parser.add_argument("--floor", required=True, type=Path, metavar="floor.toml")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    try:
        floor = read_floor_file(options.floor)
        if options.enrol is not None:
            code = options.enrol or input("Code: ")
            enrol(options.server, code, floor.agent, options.token_file, is_insecure=options.insecure_lan)
            log.info("agent %s: its token is in %s", floor.agent, options.token_file)
        token = read_token(options.token_file)
        journal = Journal(floor.journal)
        client = AgentClient(options.server, token, journal.name)
    except (
        FloorFileError, TokenFileOpen, JournalInUse, Refused, Unreachable, ValueError, OSError, sqlite3.Error,
    ) as error:  # fmt: skip
        sys.stderr.write(f"{error}\n")
        return EXIT_USAGE
    if client.is_open_to_listeners:
        log.warning("%s is not encrypted: whoever listens on this network gets the agent's token", options.server)
    stop = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: stop.set())
    log.info("agent %s: journal %s, %s scans wait", floor.agent, floor.journal, journal.waiting_count)
    return Agent(floor, client, journal).run(stop)


if __name__ == "__main__":
    sys.exit(main())
