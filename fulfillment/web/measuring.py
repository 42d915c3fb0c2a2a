"""Every request measured and, where it changed something or failed, told: figures for /metrics and a line of the log.

A request has an id of its own (`X-Request-ID`, the caller's if it sent a sensible one), which its answer and every
line about it carry. What a scan came to is taken from its answer, never from what was sent.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, g, request

from fulfillment import logs
from fulfillment.web import figures

log = logging.getLogger("floor.requests")

GOOD_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
SLOW_S = 1.0
QUIET = ("GET", "HEAD", "OPTIONS")
_SENT_SCAN = re.compile(rb'"scan_id"\s*:\s*"([^"\\]{1,80})"')


def register_measuring(app: Flask) -> None:
    """Register before anything else that looks at requests: what turns one away is measured too."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.began = time.perf_counter()
    sent = request.headers.get("X-Request-ID", "")
    g.request_id = sent if GOOD_ID.fullmatch(sent) else secrets.token_hex(8)
    logs.about.set({"request_id": g.request_id})


def note_sent_scan() -> None:
    """Have whatever is logged from here on name the scan that was being answered: somebody has to find it again."""
    found = _SENT_SCAN.search(g.get("body", b""))
    if found is not None:
        logs.about.set({**(logs.about.get() or {}), "scan_id": found.group(1).decode("utf-8", "replace")})


def _end(response: Response) -> Response:
    took_s = time.perf_counter() - g.began
    response.headers["X-Request-ID"] = g.request_id
    told: dict[str, Any] = {"status": response.status_code, "duration_ms": round(took_s * 1000, 1)}
    answer = g.get("answer")
    if isinstance(answer, Mapping) and "scan_id" in answer and "step" in answer:
        figures.count_scan(answer, took_s)
        told |= {"scan_id": answer["scan_id"], "outcome": answer["outcome"], "code": answer.get("code", "")}
        told["flow"] = answer["step"]["flow"]
    elif isinstance(answer, Mapping) and "outcomes" in answer:
        for outcome in answer["outcomes"]:
            figures.count_scan({**outcome, "step": answer["step"]}, None)
        told |= {"scans": len(answer["outcomes"])}
    if "station" in g:
        told["station"] = g.station
    figures.count_request(request.method, response.status_code, took_s)
    if request.method not in QUIET or response.status_code >= 500 or (took_s > SLOW_S and not response.is_streamed):
        log.info("%s %s", request.method, request.path, extra={"fields": told})
    return response
