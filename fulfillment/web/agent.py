"""/api/v1/agent, for bench agents: hello, events, commands, results.

A token of an agent speaks for that agent only, and sees its devices only. Waiting for a command holds a thread, so
only a part of this process's threads may wait; whoever comes after them is answered at once and told when to ask again.
"""

from __future__ import annotations

import re
import time
from typing import Annotated, Any, Literal

import msgspec
from flask import g, request

from fulfillment.domain.devices import CommandKind
from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services.equipment import bench_agents
from fulfillment.services.printing import agent_prints
from fulfillment.services.printing.print_attempts import seen_of
from fulfillment.services.working.bell import Bell
from fulfillment.web.auth import floor
from fulfillment.web.bodies import PLAIN, PLAIN_LINES, Body, Code
from fulfillment.web.v1 import operation, parse_time
from fulfillment.web.waiting import places

WAIT_MAX_S = 25
FOUND_MOST = 60
LOOK_S = 0.03  # at least as often as the outbox worker looks for prints
ASK_AGAIN_MS = 500
EVENTS_MAX = 200

Words = Annotated[str, msgspec.Meta(max_length=2000, pattern=PLAIN_LINES)]
Word = Annotated[str, msgspec.Meta(max_length=64, pattern=PLAIN)]
Number = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class ProposedDeviceBody(Body):
    """A device a bench has, as its file says."""

    code: Code
    kind: Literal["scanner", "scale", "printer"]
    address: Annotated[str, msgspec.Meta(max_length=200, pattern=PLAIN)]
    signals: Word = ""
    language: Word = ""
    dpi: Literal[203, 300] = 203


class HelloBody(Body):
    """An agent's first words: which journal it keeps, what it speaks, where it runs, what its bench has."""

    agent: Code
    journal: Code
    protocol: Word
    version: Word
    host: Word = ""
    devices: Annotated[list[ProposedDeviceBody], msgspec.Meta(max_length=100)] = msgspec.field(default_factory=list)


class DeviceScanBody(Body):
    """One trigger pull at a device. `number` rises through the journal, `sequence` by one with each of its scans."""

    number: Number
    scan_id: Code
    device: Code
    sequence: Number
    code: str
    occurred_at: str


class DeviceSeenBody(Body):
    """How a device is."""

    device: Code
    state: Literal["connecting", "ready", "degraded", "faulted", "offline", "disabled"]
    reason: Word = ""
    detail: Words = ""
    reconnects: Number = 0


class AgentEventsBody(Body):
    """What an agent brings: scans in the order of its journal, and the devices that are not as they were."""

    journal: Code
    scans: Annotated[list[DeviceScanBody], msgspec.Meta(max_length=EVENTS_MAX)] = msgspec.field(default_factory=list)
    states: Annotated[list[DeviceSeenBody], msgspec.Meta(max_length=100)] = msgspec.field(default_factory=list)


class PrinterSaidBody(Body):
    """What a printer said of itself; a count it does not tell is null."""

    state: Literal["ready", "busy", "held"]
    reasons: Annotated[list[Word], msgspec.Meta(max_length=20)] = msgspec.field(default_factory=list)
    buffered_formats: Number | None = None
    labels_remaining: Number | None = None
    odometer: Number | None = None
    boot: Number | None = None


class FoundDeviceBody(Body):
    """What is plugged in at a bench, or answers."""

    address: Annotated[str, msgspec.Meta(max_length=200, pattern=PLAIN)]
    kind: Literal["scanner", "scale", "printer", ""] = ""
    words: Annotated[str, msgspec.Meta(max_length=200, pattern=PLAIN)] = ""


class AgentResultBody(Body):
    """What came of a command. Of a print: `begin` asks whether its first byte may leave; the others end it. `detail` is
    the driver's words, or the reason of a print that is held; `before` and `after` is what the printer said of itself,
    `said` what the driver made of that, `is_reporting` whether its labels told that they came out. Of a look at the
    bench's machine: `found`, and the places that were `missed`.
    """

    journal: Code
    command: Number
    outcome: Literal["begin", "printed", "held", "uncertain", "failed", "done"]
    detail: Words = ""
    level: Word = ""
    said: Words = ""
    before: PrinterSaidBody | None = None
    after: PrinterSaidBody | None = None
    is_reporting: bool | None = None
    found: Annotated[list[FoundDeviceBody], msgspec.Meta(max_length=FOUND_MOST)] = msgspec.field(default_factory=list)
    missed: Annotated[list[Words], msgspec.Meta(max_length=FOUND_MOST)] = msgspec.field(default_factory=list)


@operation("POST", "/agent/hello", Permission.RUN_DEVICES, body=HelloBody,
           answers={200: "what the agent has to look after, or why it may not"})  # fmt: skip
def post_agent_hello(body: HelloBody) -> Any:
    """Say who this agent is; get the devices it has to look after."""
    proposed = [
        {"code": one.code, "kind": one.kind, "address": one.address}
        | ({"language": one.language, "dpi": one.dpi} if one.kind == "printer" else {"signals": one.signals})
        for one in body.devices
    ]
    said = bench_agents.Hello(body.agent, body.journal, body.protocol, body.version, body.host, proposed)
    agent_id = g.token["agent_id"]
    answer = floor().writer.write(lambda tx: bench_agents.hello(tx, agent_id, said))
    if answer["refused"]:
        # Written down all the same: the list of agents says who has to be upgraded.
        raise DomainError("other_protocol", answer["refused"], "protocol")
    return answer | {"printer_patience_percent": floor().settings.printer_patience_percent}


@operation("POST", "/agent/events", Permission.RUN_DEVICES, body=AgentEventsBody,
           answers={200: "what became of each scan, and up to which number all were taken"})  # fmt: skip
def post_agent_events(body: AgentEventsBody) -> Any:
    """Bring scans and states; what comes again counts once."""
    scans = [
        bench_agents.DeviceScan(
            one.number, one.scan_id, one.device, one.sequence, one.code,
            parse_time(one.occurred_at, f"scans[{place}].occurred_at"),
        )
        for place, one in enumerate(body.scans)
    ]  # fmt: skip
    seen = [
        bench_agents.DeviceSeen(one.device, one.state, one.reason, one.detail, one.reconnects) for one in body.states
    ]
    return bench_agents.take_events(floor(), g.token["agent_id"], body.journal, scans, seen)


@operation("GET", "/agent/commands", Permission.RUN_DEVICES,
           query={"journal": "the agent's journal", "after": "the last command the agent has written down",
                  "wait_s": "seconds to wait for one, 0 to 25 (0 unless said)"})  # fmt: skip
def get_agent_commands() -> Any:
    """What the agent is asked to do: prints, trials, looking what is plugged in, that its devices are other ones."""
    journal, after, wait_s = request.args.get("journal", ""), _number("after"), _number("wait_s")
    if wait_s > WAIT_MAX_S:
        raise DomainError("bad_wait", f"0 to {WAIT_MAX_S} seconds", "wait_s")
    commands = _commands(journal, after)
    if commands or not wait_s:
        return {"commands": commands, "ask_again_ms": 0}
    place = places()
    if not place.acquire(blocking=False):
        return {"commands": [], "ask_again_ms": ASK_AGAIN_MS}
    try:
        deadline = time.monotonic() + wait_s
        with Bell(floor()) as bell:
            while not commands and time.monotonic() < deadline:
                bell.wait(LOOK_S)
                commands = _commands(journal, after)
        return {"commands": commands, "ask_again_ms": 0}
    finally:
        place.release()


@operation("POST", "/agent/results", Permission.RUN_DEVICES, body=AgentResultBody,
           answers={200: "written down; `go` answers a `begin`"})  # fmt: skip
def post_agent_result(body: AgentResultBody) -> Any:
    """Say what came of a command, or ask whether a print may begin."""
    agent_id, lease_ms = g.token["agent_id"], agent_prints.lease_ms_of(floor())

    def work(tx: Any) -> Any:
        bench_agents.check_journal(tx, agent_id, body.journal)
        if body.outcome == "begin":
            return {"go": agent_prints.begin(tx, agent_id, body.command, lease_ms)}
        if agent_prints.kind_of(tx, agent_id, body.command) == CommandKind.PRINT:
            seen = seen_of(_told(body.before), _told(body.after), body.said)
            agent_prints.finish(
                tx, agent_id, body.command, body.outcome, body.detail, body.level, seen, body.is_reporting
            )
        else:
            found = {"found": [msgspec.structs.asdict(one) for one in body.found], "missed": body.missed}
            agent_prints.close(tx, agent_id, body.command, body.detail, found if body.found or body.missed else None)
        return {"go": False}

    return floor().writer.write(work)


def _commands(journal: str, after: int) -> list[dict[str, Any]]:
    """Commands after this one; prints that have become due are made commands first. Writes only when there is one."""
    agent_id = g.token["agent_id"]
    due, is_waiting = floor().read(lambda tx: bench_agents.look(tx, agent_id, journal, after))
    prepared = agent_prints.claim_for(floor(), agent_id, due)
    if not (prepared or is_waiting):
        return []

    def work(tx: Any) -> list[Any]:
        # In one: every commit between a print's wish and its first byte is a wait for the disk.
        agent_prints.hand_out(tx, agent_id, prepared)
        return bench_agents.take_commands(tx, agent_id, journal, after)

    return [agent_prints.for_agent(row) for row in floor().writer.write(work)]


def _told(said: PrinterSaidBody | None) -> dict[str, Any] | None:
    return None if said is None else msgspec.structs.asdict(said)


def _number(name: str) -> int:
    text = request.args.get(name, "0")
    if not re.fullmatch("[0-9]{1,15}", text):
        raise DomainError(f"bad_{name}", f"not a number: {text[:40]!r}", name)
    return int(text)
