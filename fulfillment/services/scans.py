"""One trigger pull: replay check → classify → dialogue → command → the next screen, in one transaction.

The scan row and everything it caused commit together. A second arrival of the same scan_id finds the row
and gets the stored answer: it can be sent as often as the network makes somebody send it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.reasons import Conflict, DomainError, NotFound, Refused, Reject, Rejected
from fulfillment.domain.roles import ROLE_FLOWS
from fulfillment.flows import count as count_flow
from fulfillment.flows import home
from fulfillment.flows import load as load_flow
from fulfillment.flows import move as move_flow
from fulfillment.flows import pack as pack_flow
from fulfillment.flows import pick as pick_flow
from fulfillment.flows import put_back as put_back_flow
from fulfillment.flows import putaway as putaway_flow
from fulfillment.flows import receive as receive_flow
from fulfillment.flows import replenish as replenish_flow
from fulfillment.flows import send as send_flow
from fulfillment.flows.step import EXPECTS_MAX, Do, Heard, Memory, Step
from fulfillment.hot import Tx
from fulfillment.scanning.classify import MalformedCode, ReadKind, check_raw, classify
from fulfillment.services import count, load, move, pack, pick, put_back, putaway, receive, replenish, send
from fulfillment.services.actor import Actor
from fulfillment.services.lookup import resolve

# name → (the pure dialogue, the use cases it drives)
FLOWS: dict[str, tuple[Any, Any]] = {
    "receive": (receive_flow, receive),
    "putaway": (putaway_flow, putaway),
    "pick": (pick_flow, pick),
    "pack": (pack_flow, pack),
    "load": (load_flow, load),
    "count": (count_flow, count),
    "put_back": (put_back_flow, put_back),
    "move": (move_flow, move),
    "send": (send_flow, send),
    "replenish": (replenish_flow, replenish),
}

# States in which nothing is in anybody's hand: here one may leave the flow.
RESTING = frozenset(
    {
        ("receive", "receipt"), ("receive", "item"), ("putaway", "item"), ("pick", "cart"), ("pack", "tote"),
        ("load", "lane"), ("load", "parcel"), ("count", "location"), ("put_back", "tote"), ("pack", "item"),
        ("pack", "parcel"), ("move", "source"), ("move", "item"), ("move", "reason"), ("move", "lpn"),
        ("send", "transfer"), ("replenish", "location"),
    }
)  # fmt: skip

MAX_QTY_EACH = 1_000_000


@dataclass(frozen=True)
class ScanRequest:
    """A scan as it was sent."""

    scan_id: str
    station: str
    code: str
    occurred_at_ms: int
    qty_each: int | None = None

    def sha256(self) -> str:
        """What makes two requests with one scan_id the same request."""
        body = json.dumps([self.station, self.code, self.qty_each, self.occurred_at_ms])
        return hashlib.sha256(body.encode()).hexdigest()


def handle_scan(tx: Tx, request: ScanRequest) -> dict[str, Any]:
    """Apply one scan, or return the answer it got before.

    Raises:
        DomainError: `malformed_code`, `bad_quantity`; NotFound: no such station;
        Conflict: `scan_id_reused`, the id came before with another body.
    """
    known = tx.one(
        "SELECT body_sha256, outcome FROM scan WHERE warehouse_id = :w AND scan_id = :id", id=request.scan_id
    )
    if known is not None:
        if known["body_sha256"] != request.sha256():
            raise Conflict("scan_id_reused", "this scan_id came before with another body", "scan_id")
        return {**json.loads(known["outcome"]), "replayed": True}
    code = _check(request)
    station = _station(tx, request.station)
    actor, dialogue = _actor(tx, station, request)
    rejected, actor, dialogue, step = _hear(tx, actor, dialogue, code, request)
    outcome: dict[str, Any] = {"scan_id": request.scan_id, "outcome": "applied"}
    if rejected is not None:
        outcome |= {
            "outcome": "rejected", "code": rejected.code, "expected": rejected.expected, "got": rejected.got,
        }  # fmt: skip
    outcome |= {"replayed": False, "step": view(step)}
    tx.insert(
        "scan", scan_id=request.scan_id, station_id=actor.station_id, operator_id=actor.operator_id, code=request.code,
        qty_each=request.qty_each, flow=step.flow, rejection=rejected.code if rejected else "",
        body_sha256=request.sha256(), outcome=json.dumps(outcome), occurred_at_ms=request.occurred_at_ms,
        recorded_at_ms=tx.now_ms,
    )  # fmt: skip
    _save(tx, actor, dialogue, step)
    return outcome


def current_step(tx: Tx, station_code: str) -> dict[str, Any]:
    """The screen of a station as it stands, without scanning anything."""
    station = _station(tx, station_code)
    request = ScanRequest("", station_code, "", tx.now_ms)
    actor, dialogue = _actor(tx, station, request)
    return view(_settle(tx, actor, dialogue))


def view(step: Step) -> dict[str, Any]:
    """A step as plain values: the answer to the scan is the next screen."""
    return {
        "flow": step.flow, "state": step.state, "prompt": step.prompt,
        "expects": [{"kind": e.kind, "code": e.code, "label": e.label} for e in step.expects[:EXPECTS_MAX]],
        "fields": dict(step.fields),
    }  # fmt: skip


@dataclass(frozen=True)
class Dialogue:
    """Where a station's conversation stands, as it is stored."""

    flow: str
    memory: Mapping[str, Any]


def _check(request: ScanRequest) -> str:
    if request.qty_each is not None and not 0 < request.qty_each <= MAX_QTY_EACH:
        raise DomainError("bad_quantity", f"qty_each must be 1 to {MAX_QTY_EACH}", "qty_each")
    try:
        return check_raw(request.code)
    except MalformedCode as error:
        raise DomainError("malformed_code", str(error), "code") from error


def _station(tx: Tx, code: str) -> Any:
    row = tx.one(
        "SELECT s.id, s.code, s.location_id, d.operator_id, d.flow, d.memory FROM station s LEFT JOIN dialogue d"
        " ON d.warehouse_id = s.warehouse_id AND d.station_id = s.id WHERE s.warehouse_id = :w AND s.code = :code",
        code=code,
    )
    if row is None:
        raise NotFound("unknown_station", f"no station {code!r}", "station")
    return row


def _actor(tx: Tx, station: Any, request: ScanRequest) -> tuple[Actor, Dialogue]:
    operator = None
    if station["operator_id"] is not None:
        operator = tx.one(
            "SELECT id, role FROM operator WHERE warehouse_id = :w AND id = :id AND is_active = 1",
            id=station["operator_id"],
        )
    actor = Actor(
        request.occurred_at_ms, operator["id"] if operator else None, station["id"], station["code"],
        station["location_id"], request.scan_id, operator["role"] if operator else "",
    )  # fmt: skip
    return actor, Dialogue(station["flow"] or home.NAME, json.loads(station["memory"] or "{}"))


def _hear(
    tx: Tx, actor: Actor, dialogue: Dialogue, code: str, request: ScanRequest
) -> tuple[Rejected | None, Actor, Dialogue, Step]:
    read = classify(code)
    heard = read if isinstance(read, Rejected) else resolve(tx, read, request.qty_each)
    if isinstance(heard, Rejected):
        return heard, actor, dialogue, _settle(tx, actor, dialogue)
    if heard.kind == ReadKind.BADGE and not _asks_for_badge(tx, actor, dialogue):
        return _sign_in(tx, actor, dialogue, heard)
    if actor.operator_id is None:
        rejected = Rejected(Reject.NOT_SIGNED_IN, expected="a badge", got=heard.raw)
        return rejected, actor, dialogue, _settle(tx, actor, dialogue)
    if heard.kind == ReadKind.COMMAND and (heard.value in ("HOME", "LOGOUT") or dialogue.flow == home.NAME):
        return _command(tx, actor, dialogue, heard)
    if dialogue.flow == home.NAME:
        rejected = Rejected(Reject.NOT_EXPECTED, expected="what to do", got=heard.raw)
        return rejected, actor, dialogue, _settle(tx, actor, dialogue)
    return _converse(tx, actor, dialogue, heard)


def _asks_for_badge(tx: Tx, actor: Actor, dialogue: Dialogue) -> bool:
    """A dialogue that wants a supervisor's badge gets it; anywhere else a badge hands the station over."""
    if actor.operator_id is None or dialogue.flow == home.NAME:
        return False
    return any(expect.kind == ReadKind.BADGE for expect in _settle(tx, actor, dialogue).expects)


def _converse(
    tx: Tx, actor: Actor, dialogue: Dialogue, heard: Heard
) -> tuple[Rejected | None, Actor, Dialogue, Step]:
    flow, service = FLOWS[dialogue.flow]
    facts = service.load(tx, actor, dialogue.memory)
    before = flow.settle(dialogue.memory, facts)
    reply = flow.hear(before.state, dialogue.memory, heard, facts)
    if isinstance(reply, Rejected):
        return reply, actor, dialogue, before
    memory: Memory = reply.memory
    if isinstance(reply, Do):
        try:
            with tx.savepoint():
                memory = service.apply(tx, actor, reply.command, reply.memory)
        except Refused as refused:
            # The world changed between the screen and the scan (cancelled, taken, full): say so, and show
            # what is true now instead of the screen the scan was meant for.
            if refused.afterwards is not None:
                refused.afterwards()
            return refused.rejected, actor, dialogue, _settle(tx, actor, dialogue)
    moved = Dialogue(dialogue.flow, memory)
    return None, actor, moved, _settle(tx, actor, moved)


def _sign_in(
    tx: Tx, actor: Actor, dialogue: Dialogue, heard: Heard
) -> tuple[Rejected | None, Actor, Dialogue, Step]:
    operator = tx.one(
        "SELECT id, role FROM operator WHERE warehouse_id = :w AND badge = :badge AND is_active = 1", badge=heard.value
    )
    if operator is None:
        rejected = Rejected(Reject.UNKNOWN_CODE, expected="a badge of this warehouse", got=heard.raw)
        return rejected, actor, dialogue, _settle(tx, actor, dialogue)
    taken_over = Actor(
        actor.occurred_at_ms, operator["id"], actor.station_id, actor.station_code, actor.station_location_id,
        actor.scan_id, operator["role"],
    )  # fmt: skip
    if dialogue.flow != home.NAME and not _is_allowed(operator["role"], dialogue.flow):
        rejected = Rejected(Reject.NOT_ALLOWED, expected=f"a role that may {dialogue.flow}", got=operator["role"])
        return rejected, actor, dialogue, _settle(tx, actor, dialogue)
    return None, taken_over, dialogue, _settle(tx, taken_over, dialogue)


def _command(
    tx: Tx, actor: Actor, dialogue: Dialogue, heard: Heard
) -> tuple[Rejected | None, Actor, Dialogue, Step]:
    here = _settle(tx, actor, dialogue)
    if heard.value in ("HOME", "LOGOUT"):
        if dialogue.flow != home.NAME and (here.flow, here.state) not in RESTING:
            return Rejected(Reject.FINISH_FIRST, expected=here.prompt, got=heard.value), actor, dialogue, here
        if heard.value == "LOGOUT":
            actor = Actor(
                actor.occurred_at_ms, None, actor.station_id, actor.station_code, actor.station_location_id,
                actor.scan_id,
            )  # fmt: skip
        moved = Dialogue(home.NAME, {})
        return None, actor, moved, _settle(tx, actor, moved)
    flow = home.FLOW_OF_COMMAND.get(heard.value)
    if flow is None:
        return Rejected(Reject.NOT_EXPECTED, expected="what to do", got=heard.value), actor, dialogue, here
    if not _is_allowed(actor.role, flow):
        return Rejected(Reject.NOT_ALLOWED, expected=f"a role that may {flow}", got=actor.role), actor, dialogue, here
    moved = Dialogue(flow, {})
    return None, actor, moved, _settle(tx, actor, moved)


def _is_allowed(role: str, flow: str) -> bool:
    return any(home.FLOW_OF_COMMAND[command] == flow for command in ROLE_FLOWS.get(role, ()))


def _settle(tx: Tx, actor: Actor, dialogue: Dialogue) -> Step:
    if actor.operator_id is None or dialogue.flow == home.NAME:
        return home.settle(_home_facts(tx, actor))
    flow, service = FLOWS[dialogue.flow]
    return flow.settle(dialogue.memory, service.load(tx, actor, dialogue.memory))


def _home_facts(tx: Tx, actor: Actor) -> home.Facts:
    if actor.operator_id is None:
        return home.Facts(None)
    name = tx.one("SELECT name FROM operator WHERE warehouse_id = :w AND id = :id", id=actor.operator_id)["name"]
    return home.Facts(name, actor.role, ROLE_FLOWS.get(actor.role, ()))


def _save(tx: Tx, actor: Actor, dialogue: Dialogue, step: Step) -> None:
    tx.run(
        "INSERT INTO dialogue (warehouse_id, station_id, operator_id, flow, state, memory, updated_at_ms)"
        " VALUES (:w, :station, :operator, :flow, :state, :memory, :now)"
        " ON CONFLICT (warehouse_id, station_id) DO UPDATE SET operator_id = excluded.operator_id,"
        " flow = excluded.flow, state = excluded.state, memory = excluded.memory,"
        " updated_at_ms = excluded.updated_at_ms",
        station=actor.station_id, operator=actor.operator_id, flow=dialogue.flow, state=step.state,
        memory=json.dumps(dict(dialogue.memory)), now=tx.now_ms,
    )  # fmt: skip
