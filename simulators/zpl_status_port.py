"""The JSON port of a Zebra printer (9200): settings asked by name, answered while port 9100 is taken.

    {}{"device.host_status":null,"odometer.total_label_count":null}   →   {"device.host_status":"…", …}

Owns the port. What a setting is worth the printer says; one it does not know is "?", as with getvar.
Refuses a ninth caller, as the printers do. Source: docs.zebra.com, JSON configuration channel; the frame: unverified.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable

_TICK_S = 0.1
_CALLERS_MAX = 8
_LONGEST_QUESTION = 65_536


class StatusPort:
    """serve(listener) until `is_over()`. `value_of` gives a setting's text, None while nothing is to be answered."""

    def __init__(self, value_of: Callable[[str], str | None], is_over: Callable[[], bool]) -> None:
        self._value_of = value_of
        self._is_over = is_over

    def serve(self, listener: socket.socket) -> None:
        """Up to eight callers at once."""
        callers: list[threading.Thread] = []
        while not self._is_over():
            try:
                connection, _ = listener.accept()
            except OSError:  # nobody called in time, or the door was shut
                continue
            callers = [caller for caller in callers if caller.is_alive()]
            if len(callers) >= _CALLERS_MAX:
                connection.close()
                continue
            caller = threading.Thread(target=self._hear, args=(connection,), name="status port caller", daemon=True)
            callers.append(caller)
            caller.start()
        for caller in callers:
            caller.join()

    def _hear(self, connection: socket.socket) -> None:
        asked = ""
        with connection:
            connection.settimeout(_TICK_S)
            while not self._is_over() and len(asked) <= _LONGEST_QUESTION:
                try:
                    content = connection.recv(4096)
                    if not content:
                        return
                    asked += content.decode("utf-8", "replace")
                    asked = self._answer(connection, asked)
                except TimeoutError:
                    continue
                except OSError:
                    return

    def _answer(self, connection: socket.socket, asked: str) -> str:
        """Answer every whole question; what is left of the last one."""
        while True:
            asked = asked.lstrip().removeprefix("{}").lstrip()
            try:
                question, end = json.JSONDecoder().raw_decode(asked)
            except ValueError:
                return asked  # not whole yet, or none: then it grows until it is too long
            asked = asked[end:]
            if isinstance(question, dict):
                found = {name: self._value_of(name) for name in question}
                known = {name: value for name, value in found.items() if value is not None}
                if known:
                    connection.sendall(json.dumps(known).encode("ascii"))
