"""How the devices of a bench are, and what of that the server has not heard yet.

Owns that difference. Invariant: a state that changed while it was being told is told again; only the last one counts.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

from devices.states import DeviceStatus

Seen = tuple[str, DeviceStatus]


class ToldStates:
    """May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, DeviceStatus] = {}
        self._untold: set[str] = set()

    def see(self, device: str, status: DeviceStatus) -> None:
        with self._lock:
            self._seen[device] = status
            self._untold.add(device)

    def forget(self, device: str) -> None:
        """It is not ours any more."""
        with self._lock:
            self._seen.pop(device, None)
            self._untold.discard(device)

    def tell_again(self) -> None:
        """Whoever listens knows nothing."""
        with self._lock:
            self._untold.update(self._seen)

    def untold(self) -> list[Seen]:
        with self._lock:
            return [(device, self._seen[device]) for device in sorted(self._untold)]

    def told(self, states: Iterable[Seen]) -> None:
        """These were heard."""
        with self._lock:
            for device, status in states:
                if self._seen.get(device) == status:
                    self._untold.discard(device)
