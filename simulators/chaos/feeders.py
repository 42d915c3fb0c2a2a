"""Stations that begin pallets: each scan is one transaction of the floor that also intends a label.

Owns a thread a printing station. A scan is sent under its id until it is answered, through whatever is killed
meanwhile, so that every job was wanted exactly once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from simulators.client import FloorHttp

# As printed on the sheet of commands, check characters included.
RECEIVE, BLIND, LPN = "C-RECEIVE-D", "C-BLIND-U", "C-LPN-Z"


class Feeder:
    """`may(k)`: whether the k-th label (from 0) is to be asked for by now."""

    def __init__(self, station: str, client: FloorHttp, command: str, quota: int, may: Callable[[int], bool]) -> None:
        self.station, self.quota = station, quota
        self.done = 0
        self.refused: list[str] = []
        self._client, self._command, self._may = client, command, may
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask_for_all, name=f"feeder {station}", daemon=True)

    @property
    def is_finished(self) -> bool:
        return not self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._client.close()

    def _ask_for_all(self) -> None:
        while self.done < self.quota and not self._stop.is_set():
            if not self._may(self.done):
                self._stop.wait(0.01)
                continue
            outcome = scan(self._client, self.station, f"{self.station}-{self.done}", self._command, self._stop)
            if outcome != "applied":
                self.refused.append(outcome)
            self.done += 1


def scan(client: FloorHttp, station: str, scan_id: str, code: str, stop: threading.Event) -> str:
    """One scan of a station, sent until it is answered; its outcome, or why it was refused."""
    body = {
        "scan_id": scan_id, "station": station, "code": code, "occurred_at": datetime.now(UTC).isoformat(),
    }  # fmt: skip
    while not stop.is_set():
        try:
            status, answer = client.request("POST", "/api/v1/scans", body)
        except (OSError, ValueError):  # killed, or cut in the middle of an answer
            client.drop()
            time.sleep(0.05)
            continue
        if status == 200:
            return str(answer["outcome"])
        if status < 500 and status not in (408, 429):
            return f"{status} {answer}"
        time.sleep(0.05)
    return "stopped"
