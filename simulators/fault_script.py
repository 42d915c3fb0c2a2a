"""A script of faults: what goes wrong after how many events, the same for the same seed.

    # a bad morning
    after 20 events: paper_out for 2.5 s
    after 30-60 events: power_cycle          drawn once, between 30 and 60
    every 100 events: reset_after_bytes 200
    1 in 50 events: silent for 1 s           each event by its own draw

Owns reading the lines and counting. What the words after the colon mean is the device's business.
Refuses a line it does not understand, by its number: a fault that silently never comes would look like a good floor.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

_LINE = re.compile(
    r"(?:after\s+(?P<first>\d{1,9})(?:\s*-\s*(?P<last>\d{1,9}))?"
    r"|every\s+(?P<every>\d{1,9})"
    r"|(?P<times>\d{1,9})\s+in\s+(?P<among>\d{1,9}))\s+events?\s*:\s*(?P<command>\S.*)"
)


@dataclass(frozen=True, slots=True)
class _Rule:
    """`at` for once, `every` for again and again, else `times` in `among`."""

    line: int
    command: str
    at: int = 0
    every: int = 0
    times: int = 0
    among: int = 1


class FaultScript:
    """due(n) → the commands of the n-th event. Ask for each event once, in their order."""

    def __init__(self, text: str, seed: int = 0) -> None:
        """
        Raises:
            ValueError: a line that is none of these, by its number.
        """
        self._chance = random.Random(f"faults:{seed}")
        self._rules: list[_Rule] = []
        for number, line in enumerate(text.splitlines(), start=1):
            words = line.partition("#")[0].strip()
            if words:
                self._rules.append(self._rule(number, words))

    @property
    def commands(self) -> list[tuple[int, str]]:
        """Every command with the number of its line."""
        return [(rule.line, rule.command) for rule in self._rules]

    def due(self, event: int) -> list[str]:
        """What is to be done after this event."""
        return [rule.command for rule in self._rules if self._is_due(rule, event)]

    def _is_due(self, rule: _Rule, event: int) -> bool:
        if rule.at:
            return event == rule.at
        if rule.every:
            return event % rule.every == 0
        return self._chance.random() * rule.among < rule.times

    def _rule(self, number: int, words: str) -> _Rule:
        found = _LINE.fullmatch(words)
        if found is None:
            raise ValueError(f"script line {number}: {words[:60]!r} is not like 'after 20 events: paper_out'")
        command = found["command"]
        if found["first"]:
            first, last = int(found["first"]), int(found["last"] or found["first"])
            if not 1 <= first <= last:
                raise ValueError(f"script line {number}: after {first}-{last} events never comes")
            return _Rule(number, command, at=self._chance.randint(first, last))
        if found["every"]:
            if int(found["every"]) < 1:
                raise ValueError(f"script line {number}: every 0 events never comes")
            return _Rule(number, command, every=int(found["every"]))
        times, among = int(found["times"]), int(found["among"])
        if not 1 <= times <= among:
            raise ValueError(f"script line {number}: {times} in {among} is no chance")
        return _Rule(number, command, times=times, among=among)
