"""One thread a device: open it, let it work, say how it is, and come back after whatever happened.

    with Supervisor(report) as floor:
        floor.add("scanner-1", ScannerDuty(scanner_at("serial:///dev/ttyACM0"), journal.append), is_local=True)

Owns the loop of coming back, and there is no other: drivers try once and say what was wrong. A port of this machine is
looked at several times a second, a device behind a network from 0.2 s to 30 s apart, and from 0.2 s again once it was
well for HEALTHY_S.
Refuses to let one device's end be another's: whatever a driver raises, its own thread catches, reports (`faulted
crashed`) and tries again.
Invariant: `report` hears of every change of state, in order a device, from the device's thread (several may report at
once); what it could not take it hears again. After `stop` no device is open and no thread is left, but those it names.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

from devices.backoff import for_local_port, for_network
from devices.duties import Duty
from devices.protocols import Deadline, DeviceError
from devices.states import CONNECTING, DISABLED, DeviceState, DeviceStatus, status_after

log = logging.getLogger(__name__)

TURN_S = 0.5
HEALTHY_S = 30.0
UNSTABLE_S, UNSTABLE_TIMES = 300.0, 4
_OPEN_S = 3.0
_NOT_WATCHED = DeviceStatus(DeviceState.OFFLINE, "not_watched", "whoever looked after it has stopped")
Report = Callable[[str, DeviceStatus], None]


class Supervisor:
    """add, remove, enable, disable and try_now may be called from any thread; stop ends everything."""

    def __init__(self, report: Report, dice: random.Random | None = None, turn_s: float = TURN_S) -> None:
        self._report = report
        self._dice = dice or random.Random()
        self._turn_s = turn_s
        self._watches: dict[str, Watch] = {}
        self._lock = threading.Lock()
        self._is_stopped = False

    def add(self, name: str, duty: Duty, is_local: bool, is_enabled: bool = True) -> None:
        """Begin with a device; it is opened in its own thread, so this never waits for it.

        Raises:
            ValueError: the name is taken, or everything was stopped.
        """
        with self._lock:
            if self._is_stopped:
                raise ValueError("the supervisor was stopped")
            if name in self._watches:
                raise ValueError(f"device {name!r} is there already")
            dice = random.Random(self._dice.random())
            watch = Watch(name, duty, self._report, is_local, is_enabled, dice, self._turn_s)
            self._watches[name] = watch
        watch.start()

    def remove(self, name: str, deadline_s: float = 5.0) -> bool:
        """Let go of a device; whether it ended in time (a driver that hangs ends with the process)."""
        with self._lock:
            watch = self._watches.pop(name)
        watch.ask_to_stop()
        return watch.has_ended(Deadline.after(deadline_s))

    def enable(self, name: str) -> None:
        self._watch(name).enable(True)

    def disable(self, name: str) -> None:
        """A person takes it out of use: it is closed, and left alone until it is enabled."""
        self._watch(name).enable(False)

    def try_now(self, name: str) -> None:
        """Do not wait for the next attempt: somebody stands before it, or a job is there."""
        self._watch(name).try_now()

    def status(self, name: str) -> DeviceStatus:
        return self._watch(name).status

    def reconnects(self, name: str) -> int:
        """How often it was lost and came back."""
        return self._watch(name).reconnects

    def statuses(self) -> dict[str, DeviceStatus]:
        with self._lock:
            return {name: watch.status for name, watch in self._watches.items()}

    def stop(self, deadline_s: float = 5.0) -> tuple[str, ...]:
        """Close all devices; the names of those whose drivers did not come back in time."""
        with self._lock:
            self._is_stopped = True
            watches, self._watches = list(self._watches.values()), {}
        for watch in watches:
            watch.ask_to_stop()
        deadline = Deadline.after(deadline_s)
        return tuple(watch.name for watch in watches if not watch.has_ended(deadline))

    def _watch(self, name: str) -> Watch:
        with self._lock:
            return self._watches[name]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class Watch:
    """One device and its thread."""

    def __init__(
        self,
        name: str,
        duty: Duty,
        report: Report,
        is_local: bool,
        is_enabled: bool,
        dice: random.Random,
        turn_s: float,
    ) -> None:
        self.name = name
        self.status = CONNECTING if is_enabled else DISABLED
        self.reconnects = 0
        self._duty = duty
        self._report = report
        self._turn_s = turn_s
        self._line = for_local_port(dice) if is_local else for_network(dice)
        self._crash = for_network(dice)
        self._told: DeviceStatus | None = None
        self._lost_at_s: deque[float] = deque(maxlen=UNSTABLE_TIMES)
        self._is_up = self._was_up = self._is_failing = False
        self._is_enabled = is_enabled
        self._is_stopping = False
        self._is_hurried = False
        self._wake = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=f"device {name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def enable(self, is_enabled: bool) -> None:
        with self._wake:
            self._is_enabled = is_enabled
            self._is_hurried = is_enabled
            self._wake.notify_all()

    def try_now(self) -> None:
        with self._wake:
            self._is_hurried = True
            self._wake.notify_all()

    def ask_to_stop(self) -> None:
        with self._wake:
            self._is_stopping = True
            self._wake.notify_all()

    def has_ended(self, deadline: Deadline) -> bool:
        if self._thread is not threading.current_thread():
            self._thread.join(deadline.remaining_s())
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._is_stopping:
            if not self._is_enabled:
                self._tell(DISABLED)
                with self._wake:
                    self._wake.wait_for(lambda: self._is_enabled or self._is_stopping)
                self._lost_at_s.clear()
                self._is_failing = False
                if not self._is_stopping:
                    self._tell(CONNECTING)
                continue
            self._rest(self._work())
        self._tell(_NOT_WATCHED)

    def _work(self) -> float:
        """Until the device fails or is let go; how long to leave it alone then."""
        try:
            self._use()
            return 0.0
        except DeviceError as error:
            failure, pause_s = status_after(error), self._line.next_s()
        except BaseException as error:  # a driver that raised SystemExit would else be gone without a word
            log.exception("device %s: its driver crashed", self.name)
            failure = DeviceStatus(DeviceState.FAULTED, "crashed", f"{type(error).__name__}: {error}"[:200])
            pause_s = self._crash.next_s()
        finally:
            self._close()
        self._lose()
        self._tell(failure)
        return pause_s

    def _use(self) -> None:
        began_s = time.monotonic()
        self._tell(self._duty.open(_OPEN_S))
        while self._is_enabled and not self._is_stopping:
            self._tell(self._duty.turn(self._turn_s))
            if time.monotonic() - began_s >= HEALTHY_S:
                self._line.reset()
                self._crash.reset()
            self._rest(self._duty.pause_s)

    def _close(self) -> None:
        try:
            self._duty.close()
        except Exception:
            log.exception("device %s: its driver crashed while closing", self.name)

    def _lose(self) -> None:
        if self._is_up:
            self._lost_at_s.append(time.monotonic())
        self._is_up, self._is_failing = False, True

    def _come_up(self) -> None:
        if self._was_up and not self._is_up:
            self.reconnects += 1
        self._was_up, self._is_up, self._is_failing = True, True, False

    def _tell(self, status: DeviceStatus) -> None:
        if status == CONNECTING and self._is_failing:
            return  # that it is tried again is no news: the reason why it is away stays on the board
        if status.is_working:
            self._come_up()
        self.status = self._unstable() if status.state is DeviceState.READY else status
        if self.status == self._told:
            return
        try:
            self._report(self.name, self.status)
        except Exception:
            log.exception("device %s: %s could not be reported", self.name, self.status.state)
            return  # told again after the next turn
        self._told = self.status

    def _unstable(self) -> DeviceStatus:
        """What is ready and was lost again and again has a bad cable, whatever it says of itself."""
        times = self._lost_at_s
        if len(times) < UNSTABLE_TIMES or time.monotonic() - times[0] > UNSTABLE_S:
            return DeviceStatus(DeviceState.READY)
        detail = f"was lost {UNSTABLE_TIMES} times within {UNSTABLE_S / 60:.0f} minutes"
        return DeviceStatus(DeviceState.DEGRADED, "unstable", detail)

    def _rest(self, pause_s: float) -> None:
        with self._wake:
            self._wake.wait_for(lambda: self._is_stopping or self._is_hurried or not self._is_enabled, pause_s)
            self._is_hurried = False
