"""Signing a device or an agent on by a short code instead of a long token: typed once, within ten minutes.

Owns `enrolment_code`. The newest code of a station or an agent is the only one that works. Who types wrong ones waits,
by address and all together (`sign_in_tries`): of 43 random bits fifty or so are tried in the ten minutes of a code.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from typing import Any

from fulfillment.bootstrap import Floor
from fulfillment.domain.accounts import NAME_TRIES
from fulfillment.domain.chaining import AuditKind
from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.domain.roles import StationKind
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.equipment import bench_agents
from fulfillment.services.people import desk_entry, sign_in_tries
from fulfillment.services.records import audit_log
from fulfillment.services.set_up import setting_up
from fulfillment.services.set_up.setting_up import hash_token

CODE_MS = 10 * 60_000
# What is easily read out and typed: no vowels and nothing that looks like something else.
LETTERS = "23456789BCDFGHJKLMNPQRSTVWXYZ"
LENGTH = 9


@dataclass(frozen=True)
class Enrolled:
    """Whose token it is; a station's or an agent's code. The token is not shown when this is printed."""

    token: str = field(repr=False)
    station: str = ""
    kind: StationKind | None = None
    agent: str = ""


def for_station(tx: Tx, code: str) -> str:
    """A code for one more device of a station.

    Raises:
        NotFound: no such station.
    """
    return _new(tx, "station", code)


def for_agent(tx: Tx, code: str) -> str:
    """A code for a bench agent; what token it has ends when the code is used.

    Raises:
        NotFound: no such agent.
    """
    return _new(tx, "agent", code)


def enrol(floor: Floor, typed: str, address: str, stations_only: bool = False) -> Enrolled:
    """What a code opens, once. `stations_only`: a browser is no agent, and does not use up an agent's code.

    Raises:
        DomainError: `dead_code`; Wait.
    """
    limits = sign_in_tries.limits_of_code("enrol", address) + sign_in_tries.limits_of_code("enrol", "", NAME_TRIES)
    desk_entry.count(floor, limits)

    def use(tx: Tx) -> Enrolled | None:
        enrolled = _use(tx, re.sub("[^0-9A-Z]", "", typed.upper()), address, stations_only)
        if enrolled is not None:
            sign_in_tries.was_right(tx, limits)
        return enrolled

    enrolled = floor.writer.write(use)
    if enrolled is None:
        raise DomainError("dead_code", "this code is wrong, was used, or is over", "code")
    return enrolled


def _new(tx: Tx, what: str, code: str) -> str:
    table = {"station": "station", "agent": "bench_agent"}[what]
    row = tx.one(f"SELECT id FROM {table} WHERE warehouse_id = :w AND code = :code", code=code)
    if row is None:
        raise NotFound(f"unknown_{what}", f"no {what} {code!r}", "code")
    tx.put(f"DELETE FROM enrolment_code WHERE warehouse_id = :w AND ({what}_id = :id OR expires_at_ms < :now)",
           id=row["id"], now=tx.now_ms)  # fmt: skip
    letters = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
    owner: dict[str, Any] = {f"{what}_id": row["id"]}
    tx.insert("enrolment_code", code_sha256=hash_token(letters), expires_at_ms=tx.now_ms + CODE_MS, **owner)
    return "-".join(letters[start : start + 3] for start in range(0, LENGTH, 3))


def _use(tx: Tx, code: str, address: str, stations_only: bool) -> Enrolled | None:
    row = tx.one(
        "SELECT e.id, s.id AS station_id, s.code AS station, s.kind, a.code AS agent FROM enrolment_code e"
        " LEFT JOIN station s ON s.warehouse_id = e.warehouse_id AND s.id = e.station_id"
        " LEFT JOIN bench_agent a ON a.warehouse_id = e.warehouse_id AND a.id = e.agent_id"
        " WHERE e.warehouse_id = :w AND e.code_sha256 = :code AND e.used_at_ms IS NULL AND e.expires_at_ms > :now",
        code=hash_token(code), now=tx.now_ms,
    )  # fmt: skip
    if row is None or (stations_only and row["station"] is None):
        return None
    tx.put("UPDATE enrolment_code SET used_at_ms = :now WHERE warehouse_id = :w AND id = :id",
           now=tx.now_ms, id=row["id"])  # fmt: skip
    who = Actor(tx.now_ms, station_id=row["station_id"], station_code=row["station"] or "")
    audit_log.append(tx, AuditKind.API, who, f"enrolled {row['station'] or row['agent']}", {"address": address})
    if row["agent"]:
        return Enrolled(bench_agents.new_token(tx, row["agent"])["token"], agent=row["agent"])
    token = setting_up.add_station_token(tx, row["station"])
    return Enrolled(token, row["station"], StationKind(row["kind"]))
