"""The server's own machine as a bench without an agent: tries out its devices, looks what is plugged in.

Runs in the outbox worker, beside the printing: whoever owns the server's ports opens them, never a web worker. One
thing at a time. Invariant: whatever happens, a command that was taken is told back.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from devices.config import AddressError
from devices.discovery import Found, discover
from devices.probe import ProbeRefused
from devices.registry import DeviceType
from devices.trial import try_out
from fulfillment.bootstrap import Floor
from fulfillment.domain.devices import CommandKind, DeviceKind
from fulfillment.domain.reasons import NotFound
from fulfillment.services.equipment import device_commands, devices
from fulfillment.services.printing import outbox

log = logging.getLogger(__name__)

POLL_S = 0.1
AFTER_A_FAULT_S = 1.0
Discover = Callable[[str], Found]


def port_worker(floor: Floor, stop: threading.Event, look: Discover = lambda subnet: discover(subnet=subnet)) -> None:
    """Do what the server's machine is asked for until told to stop; `look` finds what is plugged in."""
    while not stop.is_set():
        try:
            if floor.read(device_commands.waits_for_server):
                do_next(floor, look)
                continue
        except Exception:
            log.exception("what the server's machine was asked for")
            stop.wait(AFTER_A_FAULT_S)
        stop.wait(POLL_S)


def do_next(floor: Floor, look: Discover) -> bool:
    """Do one thing; False when there is none, or another machine's worker does it."""
    command = floor.writer.write(device_commands.next_of_server)
    if command is None:
        return False
    result, found = "faulted crashed see the worker's log", Found((), ())
    try:
        payload = json.loads(command["payload"])
        if command["kind"] == CommandKind.TEST:
            result = _trial(floor, payload["device"], float(payload["seconds"]))
        else:
            result, found = "found", look(str(payload.get("subnet", "")))
    except ProbeRefused as error:
        result = f"refused {error}"
    except Exception:
        log.exception("command %s", command["id"])
    floor.writer.write(
        lambda tx: device_commands.finish_own(tx, command["id"], result, found.proposals, found.missed)
    )
    return True


def _trial(floor: Floor, code: str, within_s: float) -> str:
    try:
        device = floor.read(lambda tx: devices.get(tx, code))
    except NotFound:
        return "unknown_device"
    if device["agent_id"] is not None:
        return "superseded"  # it was given to an agent a moment ago
    if device["address"] == devices.PAGE:
        return _scanned_at_page(floor, device["station"], within_s)
    if device["kind"] == DeviceKind.PRINTER and not _is_left_alone(floor, device, within_s):
        return "degraded busy printing: it hears one caller at a time"
    try:
        return str(try_out(DeviceType(device["kind"]), device["address"], device["language"], within_s))
    except AddressError as error:
        return f"faulted bad_address {error}"


def _scanned_at_page(floor: Floor, station: str, within_s: float) -> str:
    """What is scanned at the page meanwhile; there is no port to let go, so that scan counts like any other."""
    sql = (
        "SELECT c.code FROM scan c JOIN station s ON s.warehouse_id = c.warehouse_id AND s.id = c.station_id"
        " WHERE c.warehouse_id = :w AND s.code = :station AND c.recorded_at_ms > :since LIMIT 1"
    )
    deadline, since_ms = time.monotonic() + within_s, floor.clock()
    while time.monotonic() < deadline:
        scan = floor.read(lambda tx: tx.one(sql, station=station, since=since_ms))
        if scan is not None:
            return f"ready read {scan['code']!r}"
        time.sleep(POLL_S)
    return "connecting no_scan_at_page"


def _is_left_alone(floor: Floor, printer: Any, within_s: float) -> bool:
    """Whether no job is on its way to this printer, waiting for that."""
    deadline = time.monotonic() + within_s
    while floor.read(lambda tx: outbox.is_busy(tx, printer)):
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_S)
    return True
