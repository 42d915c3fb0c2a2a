"""A process that serves a floor and tries PINs: `python -m tests.web.pin_sweeper STATION ROUTE TOKEN NOW_MS PIN …`.

It waits for a line on its input, so that several begin together, and then writes how many PINs it compared with the one
that is kept and how many of its requests were let in.
"""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fulfillment.app import create_app
from fulfillment.bootstrap import open_floor
from fulfillment.services.people import pins
from fulfillment.settings import Settings

THREADS = 4


def main(station: str, route: str, token: str, now_ms: str, *guesses: str) -> None:
    """Try all of them."""
    compared: list[str] = []
    real = pins.matches

    def watched(pin: str, kept: str) -> bool:
        compared.append(pin)
        return real(pin, kept)

    pins.matches = watched
    floor = open_floor(Settings.from_env(), clock=lambda: int(now_ms))
    app = create_app(floor)
    together = threading.Barrier(THREADS)

    def sweep(mine: list[str]) -> int:
        client, headers = app.test_client(), {"Authorization": f"Bearer {token}"}
        together.wait()
        answers = [client.post(f"/kiosk/{station}/{route}", headers=headers, **_sent(route, pin)) for pin in mine]
        return sum(answer.status_code < 400 for answer in answers)

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    with ThreadPoolExecutor(THREADS) as pool:
        let_in = sum(pool.map(sweep, [list(guesses[turn::THREADS]) for turn in range(THREADS)]))
    floor.close()
    sys.stdout.write(f"{len(compared)} {let_in}\n")


def _sent(route: str, pin: str) -> dict[str, Any]:
    if route == "pin":
        return {"json": {"pin": pin}}
    return {"data": {"current": pin, "new": "84613579", "again": "84613579"}}


if __name__ == "__main__":
    main(*sys.argv[1:])
