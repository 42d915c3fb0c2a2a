"""What security costs a pick scan: `python -m tests.benchmarks.security_share [--scans 3000] [--json FILE]`.

The web application in this process, picks posted to it as a handheld posts them, profiled by the processor time of its
two threads (the one that answers, the one that writes). Told: the share of everything spent within the functions
below, whatever they call included. Goal: at most 15 %. The token is read with the station in one statement, so the
reading itself is not in it; the hash an entry of the audit log is chained by is. Exit 1 above the goal.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import json
import os
import pstats
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fulfillment.app import create_app
from tests.benchmarks.scan_floor import SAID_AT, Pull, build, floor_of

GOAL_PERCENT = 15.0
# What it is for → (end of the file's name, function), none of which calls another of them.
PARTS = {
    "who asks (token, origin)": (
        ("web/auth.py", "_authorize"), ("web/auth.py", "_check_judged"), ("web/auth.py", "bearer")
    ),
    "what this token may": (("services/scan_path/scan_arrival.py", "_judge"),),
    "how much it says": (
        ("web/bounds.py", "no_zero_byte"), ("web/bounds.py", "bound_numbers"), ("web/bounds.py", "bound_body")
    ),
    "audit log": (("services/records/audit_log.py", "append_scan"), ("web/audit_log.py", "_author")),
    "headers of the answer": (("fulfillment/app.py", "add"),),
}  # fmt: skip


def measure(stations: int, stops: int, warm: int) -> dict[str, Any]:
    """Pick so many stops at so many stations; the first `warm` scans are not counted."""
    with tempfile.TemporaryDirectory() as name:
        ground = build(Path(name), stations, stops)
        floor = floor_of(ground)
        app = create_app(floor)
        pulls = list(ground.in_turn(stations))
        answering, writing = (cProfile.Profile(time.thread_time) for _ in range(2))
        _scan(app, ground.tokens, pulls[:warm])
        floor.writer.write(lambda _tx: writing.enable())
        answering.enable()
        _scan(app, ground.tokens, pulls[warm:])
        answering.disable()
        floor.writer.write(lambda _tx: writing.disable())
        floor.close()
    said = pstats.Stats(answering, writing, stream=io.StringIO())
    total_s = said.total_tt  # type: ignore[attr-defined]
    parts = {name: _spent_s(said, functions) for name, functions in PARTS.items()}
    scans = len(pulls) - warm
    return {
        "scans": scans, "ms_a_scan_profiled": round(total_s * 1000 / scans, 3),
        "percent": {name: round(100 * spent / total_s, 2) for name, spent in parts.items()},
        "security_percent": round(100 * sum(parts.values()) / total_s, 2), "goal_percent": GOAL_PERCENT,
        "load": round(os.getloadavg()[0], 1), "cores": os.cpu_count(),
    }  # fmt: skip


def _spent_s(said: pstats.Stats, functions: Iterable[tuple[str, str]]) -> float:
    spent = 0.0
    for file, function in functions:
        found = [
            row[3] for (path, _, name), row in said.stats.items()  # type: ignore[attr-defined]
            if name == function and path.endswith(file)
        ]  # fmt: skip
        if not found:
            raise LookupError(f"no scan went through {function} of {file}")
        spent += sum(found)
    return spent


def _scan(app: Any, tokens: dict[str, str], pulls: Sequence[Pull]) -> None:
    """Post each, as gunicorn hands requests to the application."""
    statuses: list[str] = []
    for pull in pulls:
        body = {"scan_id": pull.scan_id, "station": pull.station, "code": pull.code, "occurred_at": SAID_AT}
        sent = json.dumps(body).encode()
        answer = app.wsgi_app(
            {
                "REQUEST_METHOD": "POST", "PATH_INFO": "/api/v1/scans", "SCRIPT_NAME": "", "QUERY_STRING": "",
                "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "8400", "SERVER_PROTOCOL": "HTTP/1.1",
                "HTTP_HOST": "127.0.0.1:8400", "HTTP_AUTHORIZATION": f"Bearer {tokens[pull.station]}",
                "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(sent)), "wsgi.input": io.BytesIO(sent),
                "wsgi.errors": sys.stderr, "wsgi.url_scheme": "http", "wsgi.version": (1, 0),
                "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.run_once": False,
            },
            lambda status, _headers, _error=None: statuses.append(status),
        )
        b"".join(answer)
        answer.close()
    if any(not status.startswith("200") for status in statuses):
        raise RuntimeError(f"not all scans were answered: {sorted(set(statuses))}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.security_share", description=__doc__)
    parser.add_argument("--scans", type=int, default=3_000)
    parser.add_argument("--json", type=Path, help="write the report as JSON")
    asked = parser.parse_args(arguments)
    stations = 4
    stops = 8 * max(2, round(asked.scans / 3 / stations / 8))
    report = measure(stations, stops, warm=stations * 3 * 4)
    text = json.dumps(report, indent=2) + "\n"
    if asked.json:
        asked.json.write_text(text, "utf-8")
    sys.stdout.write(text)
    return 0 if report["security_percent"] <= GOAL_PERCENT else 1


if __name__ == "__main__":
    sys.exit(main())
