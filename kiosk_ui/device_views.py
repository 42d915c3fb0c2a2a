"""The devices' desk: every scanner, scale, printer and bench agent, how it is, and the forms that set it up.

Plain forms that work without a script and without a mouse; the script only asks for the page again and puts in what
has changed. What the service refuses is refused in words, beside the form it was written in. A form's POST travels with
the cookie, so like every other it must come from our own pages (`web/auth`).
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlencode

from flask import Response, make_response, redirect, render_template, request

from fulfillment.domain.devices import DeviceKind
from fulfillment.domain.effects import PrinterState
from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services.equipment import bench_agents, device_commands, device_setup, devices, stations
from fulfillment.services.people import enrolment
from fulfillment.web.auth import floor, may_here, needs
from kiosk_ui.forms import age
from kiosk_ui.views import blueprint, sent_if_changed
from kiosk_ui.words import WORDS, say

TRIAL_S = {DeviceKind.SCANNER: 15, DeviceKind.SCALE: 5, DeviceKind.PRINTER: 5}  # somebody has to walk to a scanner
IN_TROUBLE = (PrinterState.FAULTED, PrinterState.OFFLINE, PrinterState.DEGRADED)
DID = ("saved", "added", "enabled", "disabled", "removed")
PRINTER_LANGUAGES, DPIS = ("zpl", "escpos"), (203, 300)
ADDRESS_MOST = 200
_DRIVER_CODES = {words: code for code, words in WORDS["driver"].items()}


@blueprint.app_template_global()
def driver_words(text: str) -> str:
    """What the service calls a driver, in the reader's language; anything else as it came."""
    return say("driver", _DRIVER_CODES[text]) if text in _DRIVER_CODES else text


@blueprint.get("/devices")
@needs(Permission.READ_BOARD)
def devices_page() -> Response:
    """Everything there is, as it is now."""
    return sent_if_changed(_page())


@blueprint.post("/devices/tend")
@needs(Permission.TEND_DEVICES)
def tend_device() -> Response | tuple[str, int]:
    """Try a device out, or switch it on or off."""
    code, act = request.form.get("code", ""), request.form.get("act", "")
    try:
        if act == "test":
            return _to_trial(code)
        if act not in ("enable", "disable"):
            raise DomainError("bad_body", "test, enable or disable", "act")
        floor().writer.write(lambda tx: devices.set_enabled(tx, code, act == "enable"))
    except DomainError as error:
        return _page(error, code), error.status
    return _back(code, did=f"{act}d")


@blueprint.post("/devices")
@needs(Permission.SET_UP)
def set_up_device() -> Response | tuple[str, int]:
    """Add a device, change one, or take it off the list."""
    form, code, act = request.form, request.form.get("code", "").strip(), request.form.get("act", "")
    try:
        if len(form.get("address", "")) > ADDRESS_MOST:
            raise DomainError("bad_address", f"address: longer than {ADDRESS_MOST} characters", "address")
        if act == "add":
            new = _new(form)
            floor().writer.write(lambda tx: devices.add(tx, code, **new))
        elif act in ("change", "change_and_test"):
            changes = _changes(form)
            floor().writer.write(lambda tx: device_setup.change(tx, code, changes))
            if act == "change_and_test":
                return _to_trial(code)
        elif act == "remove":
            floor().writer.write(lambda tx: devices.remove(tx, code))
        else:
            raise DomainError("bad_body", "add, change or remove", "act")
    except DomainError as error:
        return _page(error, "" if act == "add" else code, act), error.status
    if act == "remove":
        return make_response(redirect(f"/devices?{urlencode({'did': 'removed', 'device': code})}", 303))
    return _back(code, did="added" if act == "add" else "saved")


@blueprint.post("/devices/discover")
@needs(Permission.SET_UP)
def discover_devices() -> Response | tuple[str, int]:
    """Have a machine looked over; the page shows what it proposes."""
    agent, subnet = _code("agent"), request.form.get("subnet", "").strip()[:64]
    try:
        asked = floor().writer.write(lambda tx: device_commands.ask_discovery(tx, agent, subnet))
    except DomainError as error:
        return _page(error, act="discover"), error.status
    return make_response(redirect(f"/devices?look={asked}#discover", 303))


@blueprint.post("/devices/agents")
@needs(Permission.SET_UP, proof=True)
def set_up_agent() -> Response | tuple[str, int]:
    """Add an agent, give one a new token or a code it gets one by. What was made is in this answer and nowhere else."""
    code, station = request.form.get("code", "").strip(), _code("station")
    try:
        if request.form.get("act") == "token":
            made = floor().writer.write(lambda tx: bench_agents.new_token(tx, code))
        elif request.form.get("act") == "enrol":
            made = {"code": code, "enrolment": floor().writer.write(lambda tx: enrolment.for_agent(tx, code))}
        else:
            made = floor().writer.write(lambda tx: bench_agents.add(tx, code, station))
    except DomainError as error:
        return _page(error, act="agent"), error.status
    return _page(made=made), 201


def _to_trial(code: str) -> Response:
    def ask(tx: Any) -> int:
        kind = DeviceKind(devices.get(tx, code)["kind"])
        return device_commands.ask_test(tx, code, TRIAL_S[kind])

    return _back(code, trial=floor().writer.write(ask))


def _back(code: str, **said: object) -> Response:
    return make_response(redirect(f"/devices?{urlencode({**said, 'device': code})}#{_anchor(code)}", 303))


def _new(form: Any) -> dict[str, Any]:
    """What the form of a new device says; what the other kinds have is left out."""
    kind = form.get("kind", "")
    new = {"kind": kind, "address": form.get("address", "").strip(), "agent": _code("agent")}
    if kind == DeviceKind.PRINTER:
        return {**new, "language": form.get("language", ""), "dpi": _dpi(form.get("dpi", "203"))}
    return {**new, "station": _code("station"), "signals": form.get("signals", "")}


def _changes(form: Any) -> dict[str, Any]:
    """What that device's form has: a printer's has other fields than a scanner's."""
    found: dict[str, Any] = {
        name: form[name].strip()
        for name in ("address", "agent", "station", "signals", "language", "stand_in")
        if name in form
    }
    return found | ({"dpi": _dpi(form["dpi"])} if "dpi" in form else {})


def _dpi(text: str) -> int:
    if text not in {str(dpi) for dpi in DPIS}:
        raise DomainError("bad_dpi", "203 or 300", "dpi")
    return int(text)


def _code(name: str) -> str | None:
    given = request.form.get(name, "").strip()
    return None if given in ("", devices.NOBODY) else given


def _page(
    error: DomainError | None = None, at_fault: str = "", act: str = "", made: dict[str, Any] | None = None
) -> str:  # fmt: skip
    sent = request.form if error is not None else request.args
    shown = floor().read(lambda tx: _shown(tx, _asked("trial"), _asked("look"), may_here(Permission.TEND_DEVICES)))
    is_adding = act == "add" or (error is None and "add" in request.args)
    is_listed = any(one["code"] == at_fault for group in shown["groups"] for one in group["devices"])
    did, device = request.args.get("did", ""), request.args.get("device", "")
    return render_template(
        "devices.html", **shown, may_tend=may_here(Permission.TEND_DEVICES), may_set_up=may_here(Permission.SET_UP),
        drivers=devices.drivers(), kinds=list(DeviceKind), printer_languages=PRINTER_LANGUAGES, dpis=DPIS,
        signals=devices.SIGNAL_KINDS, error=error, problem=_problem(error), at_fault=at_fault if is_listed else "",
        act=act, sent=sent, made=made, is_adding=is_adding, did=did if did in DID else "", did_to=device[:64],
    )  # fmt: skip


def _shown(tx: Any, trial: int, look: int, may_tend: bool) -> dict[str, Any]:
    came_of = {number: _command(tx, number) for number in (trial, look) if number and may_tend}
    trials = {one["device"]: one for one in came_of.values() if one and one["kind"] == "test"}
    looked = next((one for one in came_of.values() if one and one["kind"] == "discover"), None)
    known = devices.listed(tx)
    listed = [{**one, **_said(one, tx.now_ms, trials.get(one["code"]))} for one in known]
    agents = [{**one, "heard": _when(one["seen_at_ms"], tx.now_ms, "heard")} for one in bench_agents.listed(tx)]
    groups: list[dict[str, Any]] = [
        {"agent": agent, "devices": [one for one in listed if one["agent"] == agent["code"]]} for agent in agents
    ]
    own = [one for one in listed if one["agent"] is None]
    if own:
        groups.append({"agent": None, "devices": own})
    if looked is not None:
        listed_at = {(one["agent"], one["address"]): one["code"] for one in known}
        looked["found"] = [
            {**one, "listed_as": listed_at.get((looked["agent"], one["address"]))} for one in looked["found"]
        ]
    used = [one for one in listed if one["is_enabled"]]
    return {
        "groups": groups, "agents": agents, "look": looked, "count": len(listed),
        "troubled": sum(one["state"] in IN_TROUBLE for one in used) + sum(
            agent["state"] in ("silent", "refused") for agent in agents),
        "printers": [one for one in listed if one["kind"] == DeviceKind.PRINTER],
        "stations": stations.codes(tx),
        "is_under_way": any(one and not one["is_done"] for one in came_of.values()),
    }  # fmt: skip


def _said(device: dict[str, Any], now_ms: int, trial: dict[str, Any] | None) -> dict[str, Any]:
    said = {"anchor": _anchor(device["code"]), "seen": _when(device["seen_at_ms"], now_ms, "seen"), "trial": trial}
    if trial is not None and not trial["is_done"] and trial["begun_at_ms"] is not None:
        left_ms = trial["begun_at_ms"] + 1000 * trial["seconds"] - now_ms
        said["left_s"] = max(1, -int(-left_ms // 1000))
    return said


def _command(tx: Any, number: int) -> dict[str, Any] | None:
    try:
        return device_commands.of(tx, number)
    except DomainError:
        return None  # an old page: what it shows is long over


def _problem(error: DomainError | None) -> str:
    """What is wrong in words; of an address, which part."""
    if error is None:
        return ""
    if error.code != "bad_address":
        return say("device_problem", error.code)
    part, _, detail = error.detail.partition(": ")
    return f"{say('devices', 'wrong_part', part=say('address_part', part))}: {detail}"


def _when(at_ms: int | None, now_ms: int, word: str) -> str:
    if at_ms is None:
        return say("devices", "seen_never" if word == "seen" else "said_never")
    return say("devices", f"{word}_now") if now_ms - at_ms < 60_000 else say("devices", word, age=age(now_ms - at_ms))


def _asked(name: str) -> int:
    text = request.args.get(name, "")
    return int(text) if re.fullmatch("[0-9]{1,15}", text) else 0


def _anchor(code: str) -> str:
    return f"device-{quote(code, safe='')}"
