"""What a station's page asks besides scanning: a PIN that is keyed, and that somebody is still there.

A PIN has a route of its own, outside the path of scans: it is never stored, queued, shown or sent again by itself. What
is slow about it is done before the transaction. Refuses in words on the screen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, request

from fulfillment.domain.pins import looks_like_pin
from fulfillment.domain.reasons import DomainError, Rejected
from fulfillment.domain.roles import Permission
from fulfillment.services.people import keyed_pins, pins, signing_in
from fulfillment.services.scan_path import dialogues, hand_over
from fulfillment.web.auth import check_station, floor, needs
from fulfillment.web.v1 import parse_time
from kiosk_ui.views import blueprint, fragment


@blueprint.post("/kiosk/<station>/pin")
@needs(Permission.SCAN)
def key_pin(station: str) -> tuple[str, int]:
    """Sign in whoever's badge was scanned, or take their word; the answer is the next screen, as for a scan."""
    check_station(station)
    sent = request.get_json(silent=True)
    pin = sent.get("pin") if isinstance(sent, Mapping) else None
    if not isinstance(pin, str) or not looks_like_pin(pin):
        return _answer(station, "bad_pin")
    occurred_at_ms = _when(sent)
    asked = floor().read(lambda tx: signing_in.asked_for_pin(tx, station))
    tried = pins.try_pin(floor().writer.write, asked, pin)
    wrong = floor().writer.write(lambda tx: keyed_pins.key_pin(tx, station, asked, tried, occurred_at_ms))
    return _answer(station, wrong)


@blueprint.post("/kiosk/<station>/awake")
@needs(Permission.SCAN)
def stay_awake(station: str) -> Response:
    """Somebody touches the screen without scanning: what is open stays open."""
    check_station(station)
    floor().writer.write(lambda tx: hand_over.touched(tx, station))
    return Response(status=204)


def _answer(station: str, wrong: str | Rejected) -> tuple[str, int]:
    step = floor().read(lambda tx: dialogues.current_step(tx, station))
    verdict = {"scan_id": "", "outcome": "refused" if wrong else "applied", "code": wrong}
    if isinstance(wrong, Rejected):
        verdict |= {"outcome": "rejected", "code": wrong.code, "expected": wrong.expected, "got": wrong.got}
    return fragment(station, step, verdict), 409 if wrong else 200


def _when(sent: Any) -> int:
    # By the device's clock, as its scans are: a pause between two of them is measured by one clock.
    try:
        return parse_time(str(sent.get("occurred_at", "")), "occurred_at")
    except DomainError:
        return floor().clock()
