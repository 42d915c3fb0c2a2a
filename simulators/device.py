"""What every simulated device has: faults that can be switched while it runs, counters, a script of faults, a tape.

Owns the names of the faults and what a line of words does to them, the same line on the control port, on the fault
page and in a script file. Refuses a name or a value it does not know, with an error that says what it knows.
Invariant: a fault is one of three kinds. A switch is on or off; a number is a count or a measure, 0 is off; an act
happens once, at the moment it is asked for.

    paper_out            the switch on            paper_out 0          and off again
    bounce 3             the number is 3          power_cycle          the act, now
    paper_out for 2.5 s  off again by itself      clear                every switch and number off
    state                counters as JSON         tape 20              the last 20 entries of the tape as JSON
    faults               what there is, as JSON
"""

from __future__ import annotations

import json
import random
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from simulators.fault_script import FaultScript

LONGEST_COMMAND = 8192
_FOR = re.compile(r"(.*\S)\s+for\s+(\d{1,6}(?:\.\d{1,3})?)\s*s")


@dataclass(frozen=True, slots=True)
class Act:
    """Something that happens once. `asks`: what its argument is, "" for none; `undo`: the act that ends it."""

    says: str
    run: Callable[[str], None]
    asks: str = ""
    undo: str = ""


class SimulatedDevice:
    """The base of all simulators. A subclass names its faults in SWITCHES and NUMBERS (name → what it does)."""

    TITLE = "device"
    SWITCHES: Mapping[str, str] = {}
    NUMBERS: Mapping[str, str] = {}
    EVENT = "event"
    """What `after N events` in a script counts."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.chance = random.Random(seed)
        self.events = 0
        self._state = threading.Condition()
        self._switches = dict.fromkeys(self.SWITCHES, False)
        self._numbers = dict.fromkeys(self.NUMBERS, 0)
        self._script: FaultScript | None = None
        self._timers: list[threading.Timer] = []

    @property
    def address(self) -> str:
        """What a reader is told to open."""
        return ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_timers()

    # -- for the subclass

    def acts(self) -> Mapping[str, Act]:
        """What can be done to it, by name."""
        return {}

    def counters(self) -> Mapping[str, object]:
        """What `state` tells besides the faults."""
        return {}

    def tape_end(self, count: int) -> Sequence[Mapping[str, object]]:
        """The last entries of its tape, oldest first."""
        return ()

    def faults_changed(self) -> None:
        """Called after every change, with the state held."""

    def happened(self) -> None:
        """One more event: what the script says for it is done, in this thread."""
        with self._state:
            self.events += 1
            due = self._script.due(self.events) if self._script is not None else ()
        for command in due:
            self.command(command)

    def has_fault(self, name: str) -> bool:
        """Whether the switch is on."""
        with self._state:
            return self._switches[name]

    def number(self, name: str) -> int:
        """The number of a fault; 0 is off."""
        with self._state:
            return self._numbers[name]

    def uses_up(self, name: str) -> bool:
        """Whether one of the next N is due, which takes it away: for `bounce 3`, true three times."""
        with self._state:
            if not self._numbers[name]:
                return False
            self._numbers[name] -= 1
            return True

    def counts_down_to(self, name: str) -> bool:
        """True at the N-th time from now, once: for `paper_out_within_label 3`, at the third label."""
        with self._state:
            if not self._numbers[name]:
                return False
            self._numbers[name] -= 1
            return self._numbers[name] == 0

    def garbled(self, content: bytes) -> bytes:
        """As many bytes that mean nothing, the same for the same seed."""
        return self.chance.randbytes(max(1, len(content)))

    # -- for whoever breaks it

    def set_fault(self, name: str, value: bool | int | None = True) -> None:
        """Switch a fault; a number takes its value, and None or 0 for off.

        Raises:
            ValueError: no such fault.
        """
        with self._state:
            if name in self._switches:
                self._switches[name] = bool(value)
            elif name in self._numbers:
                self._numbers[name] = int(value or 0)
            else:
                known = ", ".join((*self.SWITCHES, *self.NUMBERS))
                raise ValueError(f"fault: {name!r} is none of {known}")
            self.faults_changed()
            self._state.notify_all()

    def clear_faults(self) -> None:
        """All switches and numbers off."""
        with self._state:
            self._switches = dict.fromkeys(self.SWITCHES, False)
            self._numbers = dict.fromkeys(self.NUMBERS, 0)
            self.faults_changed()
            self._state.notify_all()

    def follow(self, script: str) -> None:
        """Do what the script says, counting events from now.

        Raises:
            ValueError: a line of it that nobody understands, by its number.
        """
        parsed = FaultScript(script, self.seed)
        for number, command in parsed.commands:
            trouble = self._trouble(command)
            if trouble:
                raise ValueError(f"script line {number}: {trouble}")
        with self._state:
            self.events = 0
            self._script = parsed

    def state(self) -> dict[str, Any]:
        """Faults and counters, as the fault page and `state` show them."""
        with self._state:
            return {**self._switches, **self._numbers, "events": self.events, **self.counters()}

    def command(self, line: str) -> str:
        """Do one line of words; the answer is `ok`, `error …` or JSON. Never raises."""
        words = line.split()
        if words == ["state"]:
            return json.dumps(self.state())
        if words == ["faults"]:
            return json.dumps(self.catalogue())
        if words[:1] == ["tape"] and len(words) <= 2 and all(word.isdecimal() for word in words[1:]):
            return json.dumps(list(self.tape_end(int(words[1]) if len(words) == 2 else 10)))
        trouble = self._trouble(line)
        if trouble:
            return f"error {trouble}"
        try:
            self._do(line)
        except (OSError, ValueError) as error:
            return f"error {error}"
        return "ok"

    def catalogue(self) -> dict[str, dict[str, str]]:
        """Every fault by its name: its kind, what it does, and what an act asks for."""
        return {
            **{name: {"kind": "switch", "says": says} for name, says in self.SWITCHES.items()},
            **{name: {"kind": "number", "says": says} for name, says in self.NUMBERS.items()},
            **{name: {"kind": "act", "says": act.says, "asks": act.asks} for name, act in self.acts().items()},
        }

    def stop_timers(self) -> None:
        """Nothing ends by itself any more."""
        for timer in self._timers:
            timer.cancel()

    def _trouble(self, line: str) -> str:
        """Why the line cannot be done; "" when it can."""
        timed = _FOR.fullmatch(line.strip())
        words = (timed.group(1) if timed else line).split()
        if words[:1] == ["set"]:
            words = words[1:]
        if words == ["clear"] and not timed:
            return ""
        if words[:1] == ["clear"] and len(words) == 2 and not timed:
            return "" if words[1] in (*self._switches, *self._numbers) else f"fault: {words[1][:40]!r} is none"
        name, argument = (words[0], words[1:]) if words else ("", [])
        if name in self._switches:
            return "" if argument in ([], ["0"], ["1"]) else f"{name} is 0 or 1"
        if name in self._numbers:
            is_number = len(argument) == 1 and argument[0].isdecimal() and len(argument[0]) < 10
            return "" if is_number else f"{name} needs a number"
        act = self.acts().get(name)
        if act is None:
            known = ", ".join((*self.SWITCHES, *self.NUMBERS, *self.acts()))
            return f"{name[:40]!r} is none of {known}, clear, state, tape, faults"
        if bool(argument) != bool(act.asks):
            return f"{name} needs {act.asks}" if act.asks else f"{name} stands alone"
        return f"{name} does not end by itself" if timed and not act.undo else ""

    def _do(self, line: str) -> None:
        timed = _FOR.fullmatch(line.strip())
        words = (timed.group(1) if timed else line).split(maxsplit=2)
        if words[0] == "set":
            words = words[1:]
        name, argument = words[0], " ".join(words[1:])
        if name == "clear":
            if argument:
                self.set_fault(argument, 0)
            else:
                self.clear_faults()
            return
        act = self.acts().get(name)
        if act is not None:
            act.run(argument)
            undo: Iterable[str] = (act.undo,) if act.undo else ()
        else:
            self.set_fault(name, int(argument or 1))
            undo = (f"clear {name}",)
        for after in undo if timed else ():
            timer = threading.Timer(float(timed.group(2)) if timed else 0.0, self.command, (after,))
            timer.daemon = True
            self._timers = [older for older in self._timers if older.is_alive()] + [timer]
            timer.start()
