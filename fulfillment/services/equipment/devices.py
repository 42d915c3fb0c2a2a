"""Which devices there are, whose they are, and how they were last seen: scanners, scales and printers in one list.

Addresses are the server's: an agent proposes what its bench has once, and goes by what stands here afterwards.
Refuses an address no driver speaks with, and to forget a printer that has a history.
Invariant: an agent is told of every change to what it has.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from devices.config import AddressError
from devices.framing.signals import KINDS as SIGNALS
from devices.registry import DRIVERS, DeviceType, driver_of
from fulfillment.domain.devices import AgentState, CommandKind, DeviceKind
from fulfillment.domain.effects import PrinterState
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.hot import Tx
from fulfillment.services.common.running import tell
from fulfillment.services.set_up import setting_up

SILENT_AFTER_MS = 60_000  # three times what an agent with nothing to say lets pass
SIGNAL_KINDS = tuple(sorted(SIGNALS))
KEEP_COMMANDS_MS = 86_400_000
# The next one gets the number after the highest there is, and an agent asks for what comes after the last it knows:
# were all of them let go on a quiet day, it would never hear of those that follow.
NOT_THE_LAST_COMMAND = "id < (SELECT MAX(id) FROM agent_command WHERE warehouse_id = :w)"
PAGE = "browser://"  # the page of a station is the scanner: the station's scans say whether it works
PAGE_QUIET_MS = 86_400_000
NOBODY = "-"  # as an agent's or a station's code: none any more

_DEVICES = (
    "SELECT d.id, d.code, d.kind, d.address, '' AS language, 0 AS dpi, d.signals, d.is_enabled, d.state, d.reason,"
    " d.detail, d.seen_at_ms, d.gaps, d.reconnects, 0 AS waiting, NULL AS stand_in, d.agent_id, a.code AS agent,"
    " a.state AS agent_state, a.seen_at_ms AS agent_seen_at_ms, s.code AS station FROM device d"
    " LEFT JOIN bench_agent a ON a.warehouse_id = d.warehouse_id AND a.id = d.agent_id"
    " LEFT JOIN station s ON s.warehouse_id = d.warehouse_id AND s.id = d.station_id WHERE d.warehouse_id = :w"
)
_PRINTERS = (
    "SELECT p.id, p.code, 'printer' AS kind, p.address, p.language, p.dpi, '' AS signals,"
    " CASE p.state WHEN 'disabled' THEN 0 ELSE 1 END AS is_enabled, p.state, p.reason, '' AS detail,"
    " p.checked_at_ms AS seen_at_ms, 0 AS gaps, 0 AS reconnects, (SELECT COUNT(*) FROM outbox e"
    " WHERE e.warehouse_id = p.warehouse_id AND e.kind = 'print' AND e.printer_id = p.id"
    " AND e.state IN ('queued', 'claimed', 'sending', 'held')) AS waiting, s.code AS stand_in, p.agent_id,"
    " a.code AS agent, a.state AS agent_state, a.seen_at_ms AS agent_seen_at_ms, NULL AS station FROM printer p"
    " LEFT JOIN bench_agent a ON a.warehouse_id = p.warehouse_id AND a.id = p.agent_id"
    " LEFT JOIN printer s ON s.warehouse_id = p.warehouse_id AND s.id = p.stand_in_id WHERE p.warehouse_id = :w"
)


def add(
    tx: Tx, code: str, kind: str, address: str, agent: str | None = None, station: str | None = None,
    signals: str = "", language: str = "", dpi: int = 203,
) -> dict[str, Any]:  # fmt: skip
    """A device by its address; `language` and `dpi` of a printer, `signals` and `station` of the others.

    Raises:
        DomainError: bad_kind, bad_code, bad_address, bad_signals, bad_language; NotFound: agent, station;
        Conflict: the code is taken.
    """
    if kind not in {member.value for member in DeviceKind}:
        raise DomainError("bad_kind", f"no device kind {kind!r}", "kind")
    if not code or len(code) > 64 or not code.isprintable() or code == NOBODY:
        raise DomainError("bad_code", f"{code[:64]!r} cannot be a device's code", "code")
    if find(tx, code) is not None:
        raise Conflict("device_exists", f"device {code} exists", "code")
    check_address(kind, address, language)
    _check_page(address, _agent_id(tx, agent), _station_id(tx, station))
    if kind == DeviceKind.PRINTER:
        setting_up.add_printer(tx, code, address, language, dpi)
        tx.put(
            "UPDATE printer SET agent_id = :agent WHERE warehouse_id = :w AND code = :code",
            agent=_agent_id(tx, agent), code=code,
        )  # fmt: skip
    else:
        _check_signals(signals)
        tx.add(
            "device", code=code, kind=kind, address=address, signals=signals, agent_id=_agent_id(tx, agent),
            station_id=_station_id(tx, station),
        )  # fmt: skip
    return _changed(tx, code, None)


def change(tx: Tx, code: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Change `address`, `agent`, `station`, `signals`, `language` or `dpi`; "-" as agent or station takes it away.

    Raises:
        NotFound: no such device, agent or station; DomainError: as `add`, bad_field for what it does not have.
    """
    device = get(tx, code)
    is_printer = device["kind"] == DeviceKind.PRINTER
    known = {"address", "agent"} | ({"language", "dpi"} if is_printer else {"station", "signals"})
    unknown = sorted(set(values) - known)
    if unknown:
        raise DomainError("bad_field", f"a {device['kind']} has no {unknown[0]}", unknown[0])
    merged = {name: values.get(name, device[name]) for name in ("address", "language", "dpi", "signals")}
    check_address(device["kind"], merged["address"], merged["language"])
    agent_id = _agent_id(tx, values["agent"]) if "agent" in values else device["agent_id"]
    if is_printer:
        if merged["dpi"] not in (203, 300):
            raise DomainError("bad_dpi", f"a printer has 203 or 300 dpi, not {merged['dpi']}", "dpi")
        tx.put(
            "UPDATE printer SET address = :address, language = :language, dpi = :dpi, agent_id = :agent"
            " WHERE warehouse_id = :w AND id = :id",
            id=device["id"], agent=agent_id, address=merged["address"], language=merged["language"],
            dpi=merged["dpi"],
        )  # fmt: skip
    else:
        _check_signals(merged["signals"])
        station_id = _station_id(tx, values.get("station", device["station"]))
        _check_page(merged["address"], agent_id, station_id)
        # Another agent numbers its scans anew.
        keeps = agent_id == device["agent_id"]
        tx.put(
            "UPDATE device SET address = :address, signals = :signals, agent_id = :agent, station_id = :station,"
            f"{'' if keeps else ' last_sequence = 0,'} state = 'connecting', reason = '', detail = ''"
            " WHERE warehouse_id = :w AND id = :id",
            id=device["id"], agent=agent_id, station=station_id, address=merged["address"], signals=merged["signals"],
        )  # fmt: skip
        if not device["is_enabled"]:
            _show_disabled(tx, device["id"])
    return _changed(tx, code, device["agent_id"])


def set_enabled(tx: Tx, code: str, is_enabled: bool) -> dict[str, Any]:
    """Take a device out of use, or back into it.

    Raises:
        NotFound: no such device.
    """
    device = get(tx, code)
    if bool(device["is_enabled"]) == is_enabled:
        return shown(heard_at_page(tx, device), tx.now_ms)
    if device["kind"] == DeviceKind.PRINTER:
        tx.put(
            "UPDATE printer SET state = :state, reason = '' WHERE warehouse_id = :w AND id = :id",
            id=device["id"], state=PrinterState.CONNECTING if is_enabled else PrinterState.DISABLED,
        )  # fmt: skip
    elif is_enabled:
        tx.put(
            "UPDATE device SET is_enabled = 1, state = 'connecting', reason = '', detail = ''"
            " WHERE warehouse_id = :w AND id = :id",
            id=device["id"],
        )
    else:
        _show_disabled(tx, device["id"])
    return _changed(tx, code, device["agent_id"])


def get(tx: Tx, code: str) -> Any:
    """A device's row, whatever its kind.

    Raises:
        NotFound: no such device.
    """
    device = find(tx, code)
    if device is None:
        raise NotFound("unknown_device", f"no device {code!r}", "code")
    return device


def listed(tx: Tx) -> list[dict[str, Any]]:
    """All devices by their code, each with what is known of it now."""
    rows = [*tx.all(_DEVICES), *tx.all(_PRINTERS)]
    return [shown(heard_at_page(tx, row), tx.now_ms) for row in sorted(rows, key=lambda row: row["code"])]


def heard_at_page(tx: Tx, row: Any) -> Any:
    """A device's row; one that is a station's page is what the station's last scan says. Any other is as it was."""
    if row["address"] != PAGE or not row["is_enabled"]:
        return row
    scan = tx.one(
        "SELECT c.recorded_at_ms FROM scan c JOIN station s ON s.warehouse_id = c.warehouse_id AND s.id = c.station_id"
        " WHERE c.warehouse_id = :w AND s.code = :station AND c.recorded_at_ms > :since"
        " ORDER BY c.recorded_at_ms DESC LIMIT 1",
        station=row["station"], since=tx.now_ms - PAGE_QUIET_MS,
    )  # fmt: skip
    if scan is None:
        return {**row, "state": PrinterState.CONNECTING, "reason": "no_scan_at_page", "detail": ""}
    return {**row, "state": PrinterState.READY, "reason": "", "detail": "", "seen_at_ms": scan["recorded_at_ms"]}


def of_agent(tx: Tx, agent_id: int) -> list[dict[str, Any]]:
    """What an agent has to look after, as it needs it."""
    rows = [
        *tx.all(f"{_DEVICES} AND d.agent_id = :agent ORDER BY d.code", agent=agent_id),
        *tx.all(f"{_PRINTERS} AND p.agent_id = :agent ORDER BY p.code", agent=agent_id),
    ]
    names = ("code", "kind", "address", "language", "signals")
    return [{**{name: row[name] for name in names}, "is_enabled": bool(row["is_enabled"])} for row in rows]


def shown(row: Any, now_ms: int) -> dict[str, Any]:
    """A device for whoever looks: what nobody looks after any more is not what it was when it was last seen."""
    state, reason, detail = row["state"], row["reason"], row["detail"]
    if row["agent"] is not None and state != PrinterState.DISABLED and is_silent(row, now_ms):
        state, reason, detail = PrinterState.OFFLINE, "not_watched", f"nothing is heard of agent {row['agent']}"
    return {
        "code": row["code"], "kind": row["kind"], "driver": _words(row), "address": row["address"],
        "language": row["language"], "dpi": row["dpi"], "signals": row["signals"], "agent": row["agent"],
        "station": row["station"], "is_enabled": bool(row["is_enabled"]), "state": state, "reason": reason,
        "detail": detail, "seen_at_ms": row["seen_at_ms"], "gaps": row["gaps"], "reconnects": row["reconnects"],
        "waiting": row["waiting"], "stand_in": row["stand_in"],
    }  # fmt: skip


def is_silent(row: Any, now_ms: int) -> bool:
    """Whether an agent (of a row with its `agent_state` and `agent_seen_at_ms`) was not heard for too long."""
    seen_at_ms = row["agent_seen_at_ms"]
    return row["agent_state"] != AgentState.RUNNING or seen_at_ms is None or now_ms - seen_at_ms > SILENT_AFTER_MS


def check_address(kind: str, address: str, language: str = "") -> None:
    """
    Raises:
        DomainError: bad_address, bad_language: nothing speaks with that.
    """
    try:
        driver_of(DeviceType(kind), address, language)
    except AddressError as error:
        name = "language" if error.field == "language" else "address"
        raise DomainError(f"bad_{name}", str(error), name) from error


def remove(tx: Tx, code: str) -> dict[str, Any]:
    """Take a device that is out of use off the list. What it scanned is its station's and stays; its counts go into
    the events. A printer that ever had a print, or that a station or another printer names, stays.

    Raises:
        NotFound: no such device; Conflict: device_enabled, device_in_use.
    """
    device = get(tx, code)
    if device["is_enabled"]:
        raise Conflict("device_enabled", f"{code} is in use: switch it off first", "code")
    if device["kind"] == DeviceKind.PRINTER:
        used = next((words for sql, words in _USES if tx.one(sql, id=device["id"]) is not None), "")
        if used:
            raise Conflict("device_in_use", f"{used} {code}: it can only be switched off", "code")
        tx.put("DELETE FROM printer WHERE warehouse_id = :w AND id = :id", id=device["id"])
    else:
        tx.put("DELETE FROM device WHERE warehouse_id = :w AND id = :id", id=device["id"])
    if device["agent_id"] is not None:
        command(tx, device["agent_id"], CommandKind.DEVICES, "devices", {})
    tell(
        tx, "devices", "DeviceRemoved", device=code, device_kind=device["kind"], address=device["address"],
        gaps=device["gaps"], reconnects=device["reconnects"],
    )  # fmt: skip
    return shown(device, tx.now_ms)


_USES = tuple(
    (f"SELECT id FROM {table} WHERE warehouse_id = :w AND ({where}) LIMIT 1", words)
    for table, where, words in (
        ("outbox", "printer_id = :id", "there are prints of"),
        ("print_attempt", "printer_id = :id", "there are prints of"),
        ("station", "label_printer_id = :id OR slip_printer_id = :id OR item_printer_id = :id", "a station prints to"),
        ("printer", "stand_in_id = :id", "a printer's prints go to"),
    )
)


def drivers() -> list[dict[str, Any]]:
    """What can be spoken with, a row a driver: kind, its words, the printer's language, examples of its addresses."""
    return [
        {
            "kind": driver.type.value, "words": driver.words, "examples": list(driver.examples),
            "language": driver.language if driver.type is DeviceType.PRINTER else "",
        }
        for driver in DRIVERS
    ]  # fmt: skip


def _check_page(address: str, agent_id: int | None, station_id: int | None) -> None:
    if address != PAGE:
        return
    if agent_id is not None:
        raise DomainError("bad_agent", "the page of its station hears this scanner, no agent does", "agent")
    if station_id is None:
        raise DomainError("bad_station", f"{PAGE} is the page of a station: which one?", "station")


def command(tx: Tx, agent_id: int | None, kind: CommandKind, subject: str, payload: Mapping[str, Any]) -> int:
    """Ask an agent (None: the server's own machine) for something; what it was asked about the same subject before and
    has not begun is no more."""
    tx.put(
        "UPDATE agent_command SET done_at_ms = :now, result = 'superseded', payload = '{}' WHERE warehouse_id = :w"
        f" AND {'agent_id IS NULL' if agent_id is None else 'agent_id = :agent'} AND subject = :subject"
        " AND done_at_ms IS NULL",
        subject=subject, now=tx.now_ms, **({} if agent_id is None else {"agent": agent_id}),
    )  # fmt: skip
    return tx.insert(
        "agent_command", agent_id=agent_id, kind=kind, subject=subject, payload=json.dumps(payload),
        created_at_ms=tx.now_ms,
    )  # fmt: skip


def _changed(tx: Tx, code: str, agent_before: int | None) -> dict[str, Any]:
    device = get(tx, code)
    for agent_id in sorted({agent_before, device["agent_id"]} - {None}):
        command(tx, agent_id, CommandKind.DEVICES, "devices", {})
    tell(tx, "devices", "DeviceChanged", device=code)
    return shown(heard_at_page(tx, device), tx.now_ms)


def find(tx: Tx, code: str) -> Any:
    """A device's row, whatever its kind; None where there is none of this code."""
    return tx.one(f"{_DEVICES} AND d.code = :code", code=code) or tx.one(f"{_PRINTERS} AND p.code = :code", code=code)


def _show_disabled(tx: Tx, device_id: int) -> None:
    tx.put(
        "UPDATE device SET is_enabled = 0, state = 'disabled', reason = '', detail = ''"
        " WHERE warehouse_id = :w AND id = :id",
        id=device_id,
    )


def _check_signals(signals: str) -> None:
    if signals and signals not in SIGNALS:
        raise DomainError("bad_signals", f"{signals[:20]!r} is none of {', '.join(sorted(SIGNALS))}", "signals")


def agent_id_of(tx: Tx, code: str) -> int:
    """
    Raises:
        NotFound: no such agent.
    """
    row = tx.one("SELECT id FROM bench_agent WHERE warehouse_id = :w AND code = :code", code=code)
    if row is None:
        raise NotFound("unknown_agent", f"no agent {code!r}", "agent")
    return int(row["id"])


def _agent_id(tx: Tx, code: str | None) -> int | None:
    return _id_of(tx, "bench_agent", "agent", code)


def _station_id(tx: Tx, code: str | None) -> int | None:
    return _id_of(tx, "station", "station", code)


def _id_of(tx: Tx, table: str, word: str, code: str | None) -> int | None:
    if code is None or code == NOBODY:
        return None
    row = tx.one(f"SELECT id FROM {table} WHERE warehouse_id = :w AND code = :code", code=code)
    if row is None:
        raise NotFound(f"unknown_{word}", f"no {word} {code!r}", word)
    return row["id"]


def _words(row: Any) -> str:
    try:
        return driver_of(DeviceType(row["kind"]), row["address"], row["language"]).words
    except AddressError as error:
        return f"no driver: {error}"


def agents_of(rows: Sequence[Any], now_ms: int) -> list[dict[str, Any]]:
    """Agents for whoever looks."""
    return [
        {
            "code": row["code"], "station": row["station"] or None, "version": row["version"], "host": row["host"],
            "state": AgentState.SILENT
            if row["state"] == AgentState.RUNNING and is_silent(_as_owner(row), now_ms) else row["state"],
            "reason": row["reason"], "hello_at_ms": row["hello_at_ms"], "seen_at_ms": row["seen_at_ms"],
            "last_event": row["last_event"],
        }
        for row in rows
    ]  # fmt: skip


def _as_owner(row: Any) -> dict[str, Any]:
    return {"agent_state": row["state"], "agent_seen_at_ms": row["seen_at_ms"]}
