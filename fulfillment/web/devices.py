"""/api/v1/devices and /agents: what a person sees and sets up. Ports are opened by their agents and by the outbox
worker, never here: what is asked of one is a row, and who asks may wait for it.
"""

from __future__ import annotations

import hashlib
import re
from typing import Annotated, Any, Literal

import msgspec
from flask import Response, request

from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services.equipment import bench_agents, device_commands, device_setup, devices
from fulfillment.web.auth import floor
from fulfillment.web.bodies import PLAIN, Body, Code
from fulfillment.web.v1 import operation
from fulfillment.web.waiting import places

WAIT_MAX_S = 25

Address = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=PLAIN)]
Word = Annotated[str, msgspec.Meta(max_length=64, pattern=PLAIN)]


class DeviceBody(Body):
    """A device by its address. `language` and `dpi` are a printer's, `signals` and `station` the others'."""

    code: Code
    kind: Literal["scanner", "scale", "printer"]
    address: Address
    agent: Code | None = None
    station: Code | None = None
    signals: Word = ""
    language: Word = ""
    dpi: Literal[203, 300] = 203


class DeviceChangeBody(Body):
    """What is to be another; what is null stays. "-" as agent, station or stand-in: none any more."""

    address: Address | None = None
    agent: Code | None = None
    station: Code | None = None
    signals: Word | None = None
    language: Word | None = None
    dpi: Literal[203, 300] | None = None
    stand_in: Code | None = None


class AgentBody(Body):
    """A bench agent; `station`: whose scans those of the devices it proposes are."""

    code: Code
    station: Code | None = None


class DiscoverBody(Body):
    """Whose machine is to be looked over (null: the server's); `subnet`: a small private network whose port 9100 is
    asked as well, at which an office printer may print the question."""

    agent: Code | None = None
    subnet: Word = ""


@operation("GET", "/devices", Permission.READ_BOARD, answers={200: "the list", 304: "as you know it"})
def get_devices() -> Any:
    """Every scanner, scale and printer with its state, and the agents that look after them."""
    said = msgspec.json.encode(
        floor().read(lambda tx: {"devices": devices.listed(tx), "agents": bench_agents.listed(tx)})
    )
    tag = hashlib.sha256(said).hexdigest()[:32]
    if request.if_none_match.contains(tag):
        answer = Response(status=304)
    else:
        answer = Response(said, mimetype="application/json")
    answer.set_etag(tag)
    return answer


@operation("GET", "/devices/drivers", Permission.READ_BOARD)
def get_device_drivers() -> Any:
    """What can be spoken with, each with examples of its addresses."""
    return {"drivers": devices.drivers()}


@operation("POST", "/devices", Permission.SET_UP, body=DeviceBody, answers={201: "added"})
def post_device(body: DeviceBody) -> Any:
    """Add a device."""
    return floor().writer.write(
        lambda tx: devices.add(
            tx, body.code, body.kind, body.address, body.agent, body.station, body.signals, body.language, body.dpi
        )
    ), 201


@operation("PATCH", "/devices/<path:code>", Permission.SET_UP, body=DeviceChangeBody)
def patch_device(body: DeviceChangeBody, code: str) -> Any:
    """Change where a device is, whose it is, how it is spoken with, who stands in for it."""
    given = {name: value for name, value in msgspec.structs.asdict(body).items() if value is not None}
    return floor().writer.write(lambda tx: device_setup.change(tx, code, given))


@operation("DELETE", "/devices/<path:code>", Permission.SET_UP)
def delete_device(code: str) -> Any:
    """Take a device that is out of use, and that no print or station needs, off the list."""
    return floor().writer.write(lambda tx: devices.remove(tx, code))


@operation("POST", "/devices/<path:code>/enable", Permission.TEND_DEVICES)
def post_device_enable(code: str) -> Any:
    """Take a device back into use."""
    return floor().writer.write(lambda tx: devices.set_enabled(tx, code, True))


@operation("POST", "/devices/<path:code>/disable", Permission.TEND_DEVICES)
def post_device_disable(code: str) -> Any:
    """Take a device out of use."""
    return floor().writer.write(lambda tx: devices.set_enabled(tx, code, False))


@operation("POST", "/devices/<path:code>/test", Permission.TEND_DEVICES,
           query={"seconds": "how long the trial takes at most, 1 to 60 (5 unless said)",
                  "wait_s": "seconds to wait for what comes of it, 0 to 25 (15 unless said)"},
           answers={200: "what came of it", 202: "under way: ask for the command"})  # fmt: skip
def post_device_test(code: str) -> Any:
    """Have a device tried out where its port is; at a scanner, pull the trigger meanwhile."""
    seconds, wait_s = _number("seconds", 5), _wait_s()
    return _waited(floor().writer.write(lambda tx: device_commands.ask_test(tx, code, seconds)), wait_s)


@operation("POST", "/devices/discover", Permission.SET_UP, body=DiscoverBody,
           query={"wait_s": "seconds to wait for what is found, 0 to 25 (15 unless said)"},
           answers={200: "what was found", 202: "under way: ask for the command"})  # fmt: skip
def post_discover(body: DiscoverBody) -> Any:
    """Have a machine looked over for what is plugged in; it proposes and binds nothing."""
    wait_s = _wait_s()
    asked = floor().writer.write(lambda tx: device_commands.ask_discovery(tx, body.agent, body.subnet))
    return _waited(asked, wait_s)


@operation("GET", "/devices/discovered", Permission.SET_UP, query={"agent": "whose machine; the server's unless said"})
def get_discovered() -> Any:
    """What was found when a machine was looked over last; null when it was not, lately."""
    agent = request.args.get("agent") or None
    return {"discovered": floor().read(lambda tx: device_commands.discovered(tx, agent))}


@operation("GET", "/devices/commands/<int:command>", Permission.TEND_DEVICES)
def get_device_command(command: int) -> Any:
    """What came of a trial or a look, so far."""
    return floor().read(lambda tx: device_commands.of(tx, command))


@operation("POST", "/agents", Permission.SET_UP, body=AgentBody, answers={201: "added, with its token"}, proof=True)
def post_agent(body: AgentBody) -> Any:
    """Add a bench agent; its token is shown this once."""
    return floor().writer.write(lambda tx: bench_agents.add(tx, body.code, body.station)), 201


@operation("POST", "/agents/<path:code>/token", Permission.SET_UP, answers={201: "its token, shown this once"},
           proof=True)  # fmt: skip
def post_agent_token(code: str) -> Any:
    """A new token for a bench agent; the one it has ends."""
    return floor().writer.write(lambda tx: bench_agents.new_token(tx, code)), 201


def _waited(command: int, wait_s: int) -> tuple[dict[str, Any], int]:
    """What came of it within `wait_s`, as far as this process has a thread to wait with."""
    place = places()
    if not wait_s or not place.acquire(blocking=False):
        told = floor().read(lambda tx: device_commands.of(tx, command))
    else:
        try:
            told = device_commands.wait(floor(), command, wait_s)
        finally:
            place.release()
    return told, 200 if told["is_done"] else 202


def _wait_s() -> int:
    wait_s = _number("wait_s", 15)
    if wait_s > WAIT_MAX_S:
        raise DomainError("bad_wait", f"0 to {WAIT_MAX_S} seconds", "wait_s")
    return wait_s


def _number(name: str, otherwise: int) -> int:
    text = request.args.get(name, str(otherwise))
    if not re.fullmatch("[0-9]{1,3}", text):
        raise DomainError(f"bad_{name}", f"not a number: {text[:40]!r}", name)
    return int(text)
