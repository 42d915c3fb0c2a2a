"""How much of the machine its host kept for others, second by second: there a latency may be the neighbours'.

Owns a thread while it is open. Linux only (`/proc/stat`, field `steal` of proc(5)).
"""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

_EVERY_S = 1.0
_HARDLY = 0.02


class StolenTime:
    """`percent`: stolen of all processor time while it was open."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._samples: list[tuple[float, int, int]] = []
        self._thread = threading.Thread(target=self._look, name="stolen time", daemon=True)

    @property
    def percent(self) -> float:
        (_, stolen, ticks), (_, stolen_after, ticks_after) = self._samples[0], self._samples[-1]
        return round(100 * (stolen_after - stolen) / max(1, ticks_after - ticks), 1)

    def is_undisturbed(self, at_s: float) -> bool:
        """Whether hardly anything was stolen in the second of this moment (clock of the day) and in the one before,
        from which work may be left over."""
        near = [
            (stolen_after - stolen) / max(1, ticks_after - ticks)
            for (then_s, stolen, ticks), (end_s, stolen_after, ticks_after)
            in zip(self._samples, self._samples[1:], strict=False)
            if then_s <= at_s < end_s + _EVERY_S
        ]  # fmt: skip
        return bool(near) and max(near) <= _HARDLY

    def end(self) -> None:
        if not self._stop.is_set():
            self._stop.set()
            self._thread.join()
            self._samples.append(_sample())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def _look(self) -> None:
        self._samples.append(_sample())
        while not self._stop.wait(_EVERY_S):
            self._samples.append(_sample())


def _sample() -> tuple[float, int, int]:
    with open("/proc/stat", encoding="ascii") as stat:
        ticks = [int(one) for one in stat.readline().split()[1:9]]
    return time.time(), ticks[7], sum(ticks)
