"""Bench agents: who they are, what they bring (scans, how their devices are), what they are asked for.

An agent keeps a journal of its own and says its name with everything: whoever has another journal is another agent,
even with the same token, and is sent away. Its events are numbered in that journal. They are taken in order, scans of
one station in one transaction together with the number up to which all were taken; what comes again finds its scan id
and gets the answer it had.
Refuses a scan of a device that is not this agent's, is disabled or stands at no station.
Invariant: whatever is lost on the way is sent again, and counts once.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fulfillment.bootstrap import Floor
from fulfillment.domain.devices import AgentState, DeviceKind, ScanSignal
from fulfillment.domain.effects import PrinterState
from fulfillment.domain.reasons import Conflict, DomainError, Forbidden, NotFound
from fulfillment.domain.roles import TokenRole
from fulfillment.hot import Tx
from fulfillment.services.common.running import tell
from fulfillment.services.equipment import devices
from fulfillment.services.printing import agent_prints, outbox
from fulfillment.services.scan_path.scan_arrival import ScanRequest
from fulfillment.services.scan_path.scan_queue import handle_queue
from fulfillment.services.set_up import setting_up

PROTOCOL = 1  # what agents of this server say they speak before the dot
SCANS_A_TURN = 50  # scans of one transaction: others wait for no more than these
LATE_MS = 10_000  # whoever pulled the trigger longer ago does not wait for a signal any more


@dataclass(frozen=True)
class Hello:
    """An agent's first words."""

    agent: str
    journal: str
    protocol: str
    version: str
    host: str
    proposed: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class DeviceScan:
    """A scan as an agent brings it: its number in the journal, and in that of its device."""

    number: int
    scan_id: str
    device: str
    sequence: int
    code: str
    occurred_at_ms: int


@dataclass(frozen=True)
class DeviceSeen:
    """How a device is, in the six words, as its agent sees it."""

    device: str
    state: str
    reason: str = ""
    detail: str = ""
    reconnects: int = 0


def add(tx: Tx, code: str, station: str | None = None) -> dict[str, Any]:
    """An agent and its token, which is shown this once; `station`: whose scans those of its bench are.

    Raises:
        DomainError: bad_code; NotFound: no such station; Conflict: the code is taken.
    """
    if not code or len(code) > 64 or not code.isprintable() or code == devices.NOBODY:
        raise DomainError("bad_code", f"{code[:64]!r} cannot be an agent's code", "code")
    if tx.one("SELECT id FROM bench_agent WHERE warehouse_id = :w AND code = :code", code=code) is not None:
        raise Conflict("agent_exists", f"agent {code} exists", "code")
    if station is not None and not _stands(tx, station):
        raise NotFound("unknown_station", f"no station {station!r}", "station")
    agent_id = tx.insert("bench_agent", code=code, station=station or "")
    return {"code": code, "station": station, "token": _token(tx, agent_id, code)}


def new_token(tx: Tx, code: str) -> dict[str, Any]:
    """Another token for an agent; its older ones end with this.

    Raises:
        NotFound: no such agent.
    """
    row = tx.one("SELECT id FROM bench_agent WHERE warehouse_id = :w AND code = :code", code=code)
    if row is None:
        raise NotFound("unknown_agent", f"no agent {code!r}", "code")
    tx.put(
        "UPDATE access_token SET revoked_at_ms = :now WHERE warehouse_id = :w AND agent_id = :agent"
        " AND revoked_at_ms IS NULL",
        agent=row["id"], now=tx.now_ms,
    )  # fmt: skip
    return {"code": code, "token": _token(tx, row["id"], code)}


def listed(tx: Tx) -> list[dict[str, Any]]:
    """All agents by their code."""
    return devices.agents_of(tx.all("SELECT * FROM bench_agent WHERE warehouse_id = :w ORDER BY code"), tx.now_ms)


def hello(tx: Tx, agent_id: int, said: Hello) -> dict[str, Any]:
    """Take an agent's first words: what it has to look after, and up to which event all were taken.

    The first time, what its bench proposes is added as its own. With a new journal, what it had begun to print is
    uncertain: the old one would have known.

    Raises:
        Forbidden: other_agent: the token is another's; nothing of that one is touched.
    """
    agent = _agent(tx, agent_id)
    if said.agent != agent["code"]:
        raise Forbidden("other_agent", f"this token is not agent {said.agent}'s", "agent")
    trouble = _protocol_trouble(said.protocol)
    is_first = agent["hello_at_ms"] is None
    if said.journal != agent["journal"] and not trouble:
        agent_prints.forget_journal(tx, agent_id)
        tx.put("UPDATE bench_agent SET last_event = 0 WHERE warehouse_id = :w AND id = :id", id=agent_id)
        tx.put("UPDATE device SET last_sequence = 0 WHERE warehouse_id = :w AND agent_id = :id", id=agent_id)
    tx.put(
        "UPDATE bench_agent SET version = :version, host = :host, state = :state, reason = :reason,"
        " journal = :journal, seen_at_ms = :now, hello_at_ms = :hello WHERE warehouse_id = :w AND id = :id",
        id=agent_id, version=said.version, host=said.host, now=tx.now_ms, reason=trouble,
        state=AgentState.REFUSED if trouble else AgentState.RUNNING,
        journal=agent["journal"] if trouble else said.journal,
        hello=agent["hello_at_ms"] if trouble else tx.now_ms,
    )  # fmt: skip
    tell(tx, "devices", "AgentSaidHello", agent=agent["code"], refused=trouble)
    answer: dict[str, Any] = {"agent": agent["code"], "protocol": f"{PROTOCOL}.0", "refused": trouble}
    if trouble:
        return answer
    not_added = _propose(tx, agent, said.proposed) if is_first else []
    _forget_old_commands(tx, agent_id)
    return answer | {
        "last_event": _agent(tx, agent_id)["last_event"], "devices": devices.of_agent(tx, agent_id),
        "not_added": not_added,
    }  # fmt: skip


def check_journal(tx: Tx, agent_id: int, journal: str) -> Any:
    """The agent's row.

    Raises:
        Conflict: other_journal: another agent said hello after this one, or nobody did.
    """
    agent = _agent(tx, agent_id)
    if agent["journal"] != journal or not journal:
        raise Conflict(
            "other_journal", f"agent {agent['code']} said hello with another journal: does it run twice?", "journal"
        )
    return agent


def take_events(
    floor: Floor, agent_id: int, journal: str, scans: Sequence[DeviceScan], seen: Sequence[DeviceSeen]
) -> dict[str, Any]:
    """Apply what an agent brings, in its order; what became of each scan, and up to which number all were taken.

    Raises:
        Conflict: other_journal; DomainError: bad_order: the numbers do not rise.
    """
    if any(after.number <= before.number for before, after in itertools.pairwise(scans)):
        raise DomainError("bad_order", "the numbers of events rise", "scans")
    verdicts: list[dict[str, Any]] = []
    last_event = 0

    def take(tx: Tx, start: int) -> tuple[list[dict[str, Any]], int]:
        last = _take_seen(tx, agent_id, journal, seen) if not start else 0
        turn = scans[start : start + SCANS_A_TURN]
        return _take_scans(tx, agent_id, journal, turn) if turn else ([], last)

    # What was seen goes along with the first scans: a commit of its own would keep whoever pulled the trigger waiting.
    for start in range(0, max(len(scans), 1), SCANS_A_TURN):
        told, last_event = floor.writer.write(lambda tx, start=start: take(tx, start))
        verdicts += told
    return {"last_event": last_event, "verdicts": verdicts}


def look(tx: Tx, agent_id: int, journal: str, after: int) -> tuple[list[int], bool]:
    """Printers of this agent that have something to print now, and whether a command waits; asked many times a
    second, beside the writer.

    Raises:
        Conflict: other_journal.
    """
    check_journal(tx, agent_id, journal)
    waiting = tx.one(
        "SELECT id FROM agent_command WHERE warehouse_id = :w AND agent_id = :agent AND done_at_ms IS NULL"
        " AND id > :after LIMIT 1",
        agent=agent_id, after=after,
    )  # fmt: skip
    return sorted(outbox.due_printers(tx, agent_id)), waiting is not None


def take_commands(tx: Tx, agent_id: int, journal: str, after: int) -> list[Any]:
    """What an agent is asked for and has not got yet, in order.

    Raises:
        Conflict: other_journal.
    """
    check_journal(tx, agent_id, journal)
    rows = tx.all(
        "SELECT id, kind, payload FROM agent_command WHERE warehouse_id = :w AND agent_id = :agent"
        " AND done_at_ms IS NULL AND id > :after ORDER BY id LIMIT 20",
        agent=agent_id, after=after,
    )  # fmt: skip
    for row in rows:
        tx.put(
            "UPDATE agent_command SET taken_at_ms = COALESCE(taken_at_ms, :now) WHERE warehouse_id = :w AND id = :id",
            id=row["id"], now=tx.now_ms,
        )  # fmt: skip
    _forget_old_commands(tx, agent_id)
    return [dict(row) for row in rows]


def _forget_old_commands(tx: Tx, agent_id: int) -> None:
    tx.put(
        "DELETE FROM agent_command WHERE warehouse_id = :w AND agent_id = :id AND done_at_ms < :before"
        f" AND {devices.NOT_THE_LAST_COMMAND}",
        id=agent_id, before=tx.now_ms - devices.KEEP_COMMANDS_MS,
    )  # fmt: skip


def _take_seen(tx: Tx, agent_id: int, journal: str, seen: Sequence[DeviceSeen]) -> int:
    agent = check_journal(tx, agent_id, journal)
    tx.put(
        "UPDATE bench_agent SET seen_at_ms = :now, state = 'running' WHERE warehouse_id = :w AND id = :id",
        id=agent_id,
        now=tx.now_ms,
    )
    for one in seen:
        if one.state not in {state.value for state in PrinterState}:
            raise DomainError("bad_state", f"{one.state[:20]!r} is no state of a device", "states")
        device = _own_device(tx, agent_id, one.device)
        if device is None:
            continue  # it was taken away a moment ago
        if device["kind"] == DeviceKind.PRINTER:
            if one.state != PrinterState.DISABLED:
                outbox.see_printer(tx, device["id"], one.state, one.reason)
            continue
        changed = tx.run(
            "UPDATE device SET state = :state, reason = :reason, detail = :detail, reconnects = :reconnects,"
            " seen_at_ms = :now WHERE warehouse_id = :w AND id = :id AND is_enabled = :enabled",
            id=device["id"], state=one.state, reason=one.reason, detail=one.detail[:200], now=tx.now_ms,
            reconnects=max(one.reconnects, 0), enabled=int(one.state != PrinterState.DISABLED),
        )  # fmt: skip
        if changed and (device["state"], device["reason"]) != (one.state, one.reason):
            tell(tx, "devices", "DeviceSeen", device=one.device, state=one.state, reason=one.reason)
    return agent["last_event"]


def _take_scans(
    tx: Tx, agent_id: int, journal: str, scans: Sequence[DeviceScan]
) -> tuple[list[dict[str, Any]], int]:  # fmt: skip
    agent = check_journal(tx, agent_id, journal)
    known: dict[str, Any] = {code: _own_device(tx, agent_id, code) for code in {scan.device for scan in scans}}
    verdicts: list[dict[str, Any]] = []
    for station, run in itertools.groupby(scans, lambda scan: _station_of(known[scan.device])):
        run_scans = list(run)
        if isinstance(station, str):
            requests = [ScanRequest(one.scan_id, station, one.code, one.occurred_at_ms) for one in run_scans]
            outcomes = handle_queue(tx, requests)["outcomes"]
        else:
            outcomes = [{"outcome": "refused", "code": station[0], "replayed": False}] * len(run_scans)
        verdicts += [_verdict(one, told, tx.now_ms) for one, told in zip(run_scans, outcomes, strict=True)]
    for code, device in known.items():
        if device is not None and device["kind"] != DeviceKind.PRINTER:
            _count(tx, device["id"], [scan.sequence for scan in scans if scan.device == code])
    last_event = max(agent["last_event"], scans[-1].number)
    tx.put(
        "UPDATE bench_agent SET last_event = :last WHERE warehouse_id = :w AND id = :id", id=agent_id, last=last_event
    )
    return verdicts, last_event


def _verdict(scan: DeviceScan, told: Mapping[str, Any], now_ms: int) -> dict[str, Any]:
    if now_ms - scan.occurred_at_ms > LATE_MS:
        signal = ScanSignal.WARN
    else:
        signal = ScanSignal.GOOD if told["outcome"] == "applied" else ScanSignal.BAD
    return {
        "number": scan.number, "scan_id": scan.scan_id, "outcome": told["outcome"], "code": told.get("code", ""),
        "replayed": told.get("replayed", False), "signal": signal.value,
    }  # fmt: skip


def _count(tx: Tx, device_id: int, sequences: Sequence[int]) -> None:
    """Scans of a device are numbered without gaps in its agent's journal: a gap is a scan that never came."""
    row = tx.one("SELECT last_sequence FROM device WHERE warehouse_id = :w AND id = :id", id=device_id)
    last = row["last_sequence"]
    gaps = 0
    for sequence in sequences:
        if last and sequence > last + 1:
            gaps += sequence - last - 1
        last = max(last, sequence)
    tx.put(
        "UPDATE device SET last_sequence = :last, gaps = gaps + :gaps, seen_at_ms = :now WHERE warehouse_id = :w"
        " AND id = :id",
        id=device_id, last=last, gaps=gaps, now=tx.now_ms,
    )  # fmt: skip
    if gaps:
        tell(tx, "devices", "ScansMissing", device_id=device_id, scans=gaps)


def _station_of(device: Any) -> str | tuple[str]:
    """The station whose scans these are, or a word for why they are nobody's."""
    if device is None or device["kind"] == DeviceKind.PRINTER:
        return ("unknown_device",)
    if not device["is_enabled"]:
        return ("device_disabled",)
    return device["station"] or ("no_station",)


def _own_device(tx: Tx, agent_id: int, code: str) -> Any:
    try:
        device = devices.get(tx, code)
    except NotFound:
        return None
    return device if device["agent_id"] == agent_id else None


def _propose(tx: Tx, agent: Any, proposed: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Add what a bench says it has; what could not be, and why."""
    not_added = []
    for one in proposed:
        station = agent["station"] or None
        bench = {} if one["kind"] == DeviceKind.PRINTER else {"station": station}
        try:
            with tx.savepoint():
                devices.add(tx, agent=agent["code"], **bench, **one)
        except DomainError as error:
            not_added.append({"code": one["code"], "why": error.code, "detail": error.detail})
    return not_added


def _protocol_trouble(protocol: str) -> str:
    major = protocol.partition(".")[0]
    if major == str(PROTOCOL):
        return ""
    which = "the server" if major.isdecimal() and int(major) > PROTOCOL else "the agent"
    return f"the agent speaks protocol {protocol[:20]!r}, this server {PROTOCOL}: {which} has to be upgraded"


def _agent(tx: Tx, agent_id: int | None) -> Any:
    agent = tx.one("SELECT * FROM bench_agent WHERE warehouse_id = :w AND id = :id", id=agent_id)
    if agent is None:
        raise Forbidden("no_agent", "this token speaks for no agent")
    return agent


def _stands(tx: Tx, station: str) -> bool:
    return tx.one("SELECT id FROM station WHERE warehouse_id = :w AND code = :code", code=station) is not None


def _token(tx: Tx, agent_id: int, code: str) -> str:
    token = setting_up.add_token(tx, f"agent {code}", TokenRole.AGENT)
    tx.put(
        "UPDATE access_token SET agent_id = :agent WHERE warehouse_id = :w AND token_sha256 = :token",
        agent=agent_id, token=setting_up.hash_token(token),
    )  # fmt: skip
    return token
