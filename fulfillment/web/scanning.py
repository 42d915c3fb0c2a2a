"""/api/v1, scans: one trigger pull, those a device has queued, the screen of a station.

A scan's token is judged in the scan's own transaction. Queued scans are applied in the order they came, each a part
of its own in one transaction: all of what is answered is durable together, and sending it again changes nothing.
"""

from __future__ import annotations

from typing import Any

from flask import g

from fulfillment.domain.noted import Noted
from fulfillment.domain.roles import Permission
from fulfillment.services.scan_path import scans
from fulfillment.services.scan_path.scan_queue import handle_queue
from fulfillment.web import bodies
from fulfillment.web.auth import bearer, check_station, floor
from fulfillment.web.v1 import operation, parse_time


@operation("POST", "/scans", Permission.SCAN, body=bodies.ScanBody, judged_in_work=True,
           answers={200: "applied or rejected; the answer carries the next screen"})  # fmt: skip
def post_scan(body: bodies.ScanBody) -> Any:
    """Apply one trigger pull, or return the answer it got before."""
    g.station = body.station
    scan = scans.ScanRequest(
        body.scan_id, body.station, body.code, parse_time(body.occurred_at, "occurred_at"), body.qty_each, bearer(),
        noted_of(body.noted), body.after or "", body.by_hand,
    )  # fmt: skip
    return floor().writer.write(lambda tx: scans.handle_scan(tx, scan))


@operation("POST", "/scans/queue", Permission.SCAN, body=bodies.ScanQueueBody, judged_in_work=True,
           answers={200: "what became of each, and the screen after the last"})  # fmt: skip
def post_scan_queue(body: bodies.ScanQueueBody) -> Any:
    """Apply what a device has queued while it was out of reach, in order."""
    token, g.station = bearer(), body.station
    queued = [
        scans.ScanRequest(
            one.scan_id, body.station, one.code, parse_time(one.occurred_at, f"scans[{place}].occurred_at"),
            one.qty_each, token, noted_of(one.noted), one.after or "", one.by_hand,
        )
        for place, one in enumerate(body.scans)
    ]  # fmt: skip
    return floor().writer.write(lambda tx: handle_queue(tx, queued))


def noted_of(body: bodies.NotedBody | None) -> Noted | None:
    """The step a device noted a scan for."""
    return None if body is None else Noted(body.operator, body.tour, body.task, body.state, body.counted)


@operation("GET", "/stations/<code>/step", Permission.SCAN)
def get_step(code: str) -> Any:
    """The screen of a station as it stands."""
    check_station(code)
    return floor().read(lambda tx: scans.current_step(tx, code))


@operation("POST", "/ping", Permission.PUBLIC, body=bodies.PingBody)
def post_ping(body: bodies.PingBody) -> Any:
    """Nothing, as JSON: how long a request takes that does nothing, to compare others with."""
    return {"ok": True}
