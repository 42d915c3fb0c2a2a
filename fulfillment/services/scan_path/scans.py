"""One trigger pull: replay check → classify → dialogue → command → the next screen, in one transaction.

The scan row and everything it caused commit together. A second arrival of the same scan_id finds the row
and gets the stored answer: it can be sent as often as the network makes somebody send it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import msgspec

from fulfillment.domain.noted import stands_at, waits_for
from fulfillment.domain.pins import looks_like_pin
from fulfillment.domain.reasons import DomainError, Refused, Reject, Rejected
from fulfillment.flows import home
from fulfillment.flows.step import Do, Heard, Step
from fulfillment.hot import Tx
from fulfillment.scanning.classify import Read, ReadKind
from fulfillment.services.common.actor import Actor
from fulfillment.services.people.signing_in import Said, ask_for_word, beside, sign_in
from fulfillment.services.records import audit_log
from fulfillment.services.scan_path import hand_over, replay_conflicts
from fulfillment.services.scan_path.dialogues import (
    FLOWS,
    HELPING,
    PIN,
    Dialogue,
    actor_of,
    as_stored,
    current_step,
    is_allowed,
    load_facts,
    locked_or_not,
    settle,
    store,
    stored_dialogue,
    view,
    without_help,
)
from fulfillment.services.scan_path.scan_arrival import ASKED_AHEAD, Again, Arrived, ScanRequest, arrive, station_row
from fulfillment.services.stock.lookup import resolve

__all__ = [
    "FLOWS", "RESTING", "Dialogue", "ScanRequest", "Taken", "answer_again", "as_stored", "converse", "current_step",
    "handle_scan", "save", "stored_dialogue", "take",
]  # fmt: skip

# States in which nothing is in anybody's hand: here one may leave the flow.
RESTING = frozenset(
    {
        ("receive", "receipt"), ("receive", "item"), ("putaway", "item"), ("pick", "cart"), ("pack", "tote"),
        ("load", "lane"), ("load", "parcel"), ("count", "location"), ("put_back", "tote"), ("pack", "item"),
        ("pack", "parcel"), ("move", "source"), ("move", "item"), ("move", "reason"), ("move", "lpn"),
        ("send", "transfer"), ("replenish", "location"), ("sort", "wall"), ("sort", "tote"), ("sort", "item"),
    }
)  # fmt: skip

_encode = msgspec.json.Encoder().encode


def handle_scan(tx: Tx, request: ScanRequest) -> dict[str, Any]:
    """Apply one scan, or return the answer it got before.

    Raises:
        DomainError: `malformed_code`, `bad_quantity`; NotFound: no such station; Unauthorized, Forbidden: the token;
        Conflict: `scan_id_reused`, the id came before with another body.
    """
    arrived = arrive(tx, request)
    if isinstance(arrived, Again):
        return answer_again(tx, request, arrived)
    taken = take(tx, request, arrived, stored_dialogue(arrived.row, arrived.asked))
    row = taken.row
    tx.add("scan", **row)
    audit_log.append_scan(tx, taken.actor, row)
    save(tx, taken)
    return taken.outcome


@dataclass(frozen=True)
class Taken:
    """What a scan came to: its row, the answer in it, and where the station's conversation stands now."""

    actor: Actor
    dialogue: Dialogue
    step: Step
    outcome: dict[str, Any]
    row: dict[str, Any]


def take(tx: Tx, request: ScanRequest, arrived: Arrived, dialogue: Dialogue) -> Taken:
    """Do what a scan means; who calls writes it down, in the same transaction.

    Raises:
        DomainError: `pin_is_no_scan`: what may be a PIN must not be stored with the scans.
    """
    if dialogue.aside == PIN and looks_like_pin(request.code.strip()):
        raise DomainError("pin_is_no_scan", "a PIN is keyed where it is asked for, not scanned", "code")
    before = locked_or_not(dialogue, arrived.row, tx.now_ms, request.occurred_at_ms)
    rejected, actor, dialogue, step = _hear(tx, actor_of(arrived.row, request), arrived, before, request)
    if dialogue.is_locked or dialogue.aside == PIN:  # nobody who may is at work here
        dialogue = replace(dialogue, live_at_ms=before.live_at_ms, heard_at_ms=before.heard_at_ms)
    else:
        dialogue = replace(dialogue, live_at_ms=tx.now_ms, heard_at_ms=request.occurred_at_ms)
    if rejected is not None:
        replay_conflicts.record(tx, actor.station_id, request, rejected, actor.operator_id, arrived.before)
    outcome: dict[str, Any] = {"scan_id": request.scan_id, "outcome": "applied"}
    if rejected is not None:
        outcome |= {
            "outcome": "rejected", "code": rejected.code, "expected": rejected.expected, "got": rejected.got,
        }  # fmt: skip
    outcome |= {"replayed": False, "step": view(step)}
    row = {
        "scan_id": request.scan_id, "station_id": actor.station_id, "operator_id": actor.operator_id,
        "code": request.code, "qty_each": request.qty_each, "flow": step.flow,
        "rejection": rejected.code if rejected else "", "body_sha256": request.sha256(),
        "outcome": _encode(outcome).decode(), "occurred_at_ms": request.occurred_at_ms, "recorded_at_ms": tx.now_ms,
    }  # fmt: skip
    return Taken(actor, dialogue, step, outcome, row)


def answer_again(tx: Tx, request: ScanRequest, again: Again) -> dict[str, Any]:
    """The answer of a scan that came before."""
    answer = {**(again.outcome or _what_is_kept(tx, request)), "replayed": True}
    if request.noted is not None and answer["outcome"] == "rejected":
        # It was refused at a first try, before the device had noted it for right.
        rejected = Rejected(Reject(answer["code"]), answer["expected"], answer["got"])
        replay_conflicts.record(tx, station_row(tx, request.station)["id"], request, rejected)
    return answer


def _what_is_kept(tx: Tx, request: ScanRequest) -> dict[str, Any]:
    """Of an answer that was let go: what became of the scan, and the screen as it is now."""
    rejection = tx.one(
        "SELECT rejection FROM scan WHERE warehouse_id = :w AND scan_id = :id", id=request.scan_id
    )["rejection"]
    outcome: dict[str, Any] = {"scan_id": request.scan_id, "outcome": "rejected" if rejection else "applied"}
    if rejection:
        outcome |= {"code": rejection, "expected": None, "got": None}
    return outcome | {"step": current_step(tx, request.station)}


def save(tx: Tx, taken: Taken) -> None:
    """Store where a station's conversation stands."""
    store(tx, taken.actor, taken.dialogue, taken.step.state)


def _hear(tx: Tx, actor: Actor, arrived: Arrived, dialogue: Dialogue, request: ScanRequest) -> Said:
    is_helping = bool(dialogue.memory.get(HELPING))
    dialogue = without_help(dialogue)
    read = arrived.read
    if request.after and (arrived.before is None or arrived.before["rejection"]):
        # Nobody had seen that the scan before did not count: taken for itself, this one would mean something else.
        here = settle(tx, actor, dialogue)
        return Rejected(Reject.OUT_OF_STEP, waits_for(view(here)), request.code), actor, dialogue, here
    if isinstance(read, Rejected):
        heard: Heard | Rejected = read
    else:
        heard = resolve(read, request.qty_each, arrived.items, is_by_hand=request.is_by_hand)
    is_aside = bool(dialogue.aside) or dialogue.is_locked
    if isinstance(heard, Rejected):
        step = settle(tx, actor, dialogue)
        typed = None if is_aside else _as_typed(step, read, heard, request)
        return (heard, actor, dialogue, step) if typed is None else converse(tx, actor, dialogue, typed)
    if heard.kind == ReadKind.BADGE and (is_aside or not _asks_for_badge(tx, actor, dialogue)):
        return sign_in(tx, actor, dialogue, heard, arrived.row["pin_rule"])
    if is_aside or (heard.kind == ReadKind.COMMAND and heard.value == "PROBLEM"):
        return beside(tx, actor, dialogue, heard)
    if heard.kind == ReadKind.BADGE:
        said = ask_for_word(tx, actor, dialogue, heard, arrived.row["pin_rule"])
        if said is not None:
            return said
    if request.noted is not None:
        here = settle(tx, actor, dialogue)
        if stands_at(actor.operator_id, view(here)) != request.noted:
            return Rejected(Reject.OUT_OF_STEP, waits_for(view(here)), request.code), actor, dialogue, here
    if actor.operator_id is None:
        rejected = Rejected(Reject.NOT_SIGNED_IN, expected="a badge", got=heard.raw)
        return rejected, actor, dialogue, settle(tx, actor, dialogue)
    if heard.kind == ReadKind.COMMAND and heard.value == "HELP":
        dialogue = replace(dialogue, memory={**dialogue.memory, HELPING: True})
        return None, actor, dialogue, settle(tx, actor, dialogue)
    if is_helping and heard.kind == ReadKind.COMMAND and heard.value == "BACK":
        return None, actor, dialogue, settle(tx, actor, dialogue)
    if heard.kind == ReadKind.COMMAND and (heard.value in ("HOME", "LOGOUT") or dialogue.flow == home.NAME):
        return _command(tx, actor, dialogue, heard)
    if dialogue.flow == home.NAME:
        rejected = Rejected(Reject.NOT_EXPECTED, expected="what to do", got=heard.raw)
        return rejected, actor, dialogue, settle(tx, actor, dialogue)
    return converse(tx, actor, dialogue, heard)


def _as_typed(step: Step, read: Read | Rejected, refused: Rejected, request: ScanRequest) -> Heard | None:
    """A text that is no code of anything, where a dialogue asks for what a person reads off and types."""
    is_text = isinstance(read, Read) and read.kind == ReadKind.ITEM and refused.code == Reject.UNKNOWN_CODE
    if not is_text or not any(expect.kind == ReadKind.TYPED for expect in step.expects):
        return None
    return Heard(ReadKind.TYPED, read.raw.strip(), read.raw, request.qty_each)


def _asks_for_badge(tx: Tx, actor: Actor, dialogue: Dialogue) -> bool:
    """A dialogue that wants a supervisor's badge gets it; anywhere else a badge hands the station over."""
    if actor.operator_id is None or dialogue.flow == home.NAME:
        return False
    return any(expect.kind == ReadKind.BADGE for expect in settle(tx, actor, dialogue).expects)


def converse(tx: Tx, actor: Actor, dialogue: Dialogue, heard: Heard) -> Said:
    """Tell a dialogue what was read: what it has against it, and where the conversation stands then."""
    flow, service = FLOWS[dialogue.flow]
    is_ahead = dialogue.flow in ASKED_AHEAD
    facts = load_facts(tx, actor, dialogue)
    before = None if is_ahead else flow.settle(dialogue.memory, facts)
    reply = flow.hear(before.state if before is not None else "", dialogue.memory, heard, facts)
    if isinstance(reply, Rejected):
        return reply, actor, dialogue, before or flow.settle(dialogue.memory, facts)
    if not isinstance(reply, Do):
        moved = Dialogue(dialogue.flow, reply.memory)
        if is_ahead:  # nothing was written: what was read before still stands
            moved.facts = service.again(tx, reply.memory, facts.walk)
            return None, actor, moved, flow.settle(reply.memory, moved.facts)
        return None, actor, moved, settle(tx, actor, moved)
    try:
        # The next screen belongs to the part that may fail: an engine can find out as late as its reading that a
        # claim came too late.
        with tx.savepoint():
            known = (facts.walk,) if is_ahead else ()
            moved = Dialogue(dialogue.flow, service.apply(tx, actor, reply.command, reply.memory, *known))
            step = settle(tx, actor, moved)
    except Refused as refused:
        # The world changed between the screen and the scan (cancelled, taken, full): say so, and show
        # what is true now instead of the screen the scan was meant for.
        if refused.afterwards is not None:
            refused.afterwards()
        before_it = Dialogue(dialogue.flow, dialogue.memory)
        return refused.rejected, actor, before_it, settle(tx, actor, before_it)
    return None, actor, moved, step


def _command(tx: Tx, actor: Actor, dialogue: Dialogue, heard: Heard) -> Said:
    here = settle(tx, actor, dialogue)
    if heard.value in ("HOME", "LOGOUT"):
        if dialogue.flow != home.NAME and (here.flow, here.state) not in RESTING:
            return Rejected(Reject.FINISH_FIRST, expected=here.prompt, got=heard.value), actor, dialogue, here
        if heard.value == "LOGOUT":
            actor = Actor(
                actor.occurred_at_ms, None, actor.station_id, actor.station_code, actor.station_location_id,
                actor.scan_id,
            )  # fmt: skip
        moved = Dialogue(home.NAME, {})
        return None, actor, moved, settle(tx, actor, moved)
    left = hand_over.left_elsewhere(tx, actor) if heard.value == "RESUME" else None
    if left is not None:
        if not hand_over.bring(tx, actor, left):
            return Rejected(Reject.FINISH_FIRST, got=heard.value), actor, dialogue, here
        moved = Dialogue(left.flow, left.memory)
        return None, actor, moved, settle(tx, actor, moved)
    flow = home.FLOW_OF_COMMAND.get(heard.value)
    if flow is None:
        return Rejected(Reject.NOT_EXPECTED, expected="what to do", got=heard.value), actor, dialogue, here
    if not is_allowed(actor.role, flow):
        return Rejected(Reject.NOT_ALLOWED, expected=f"a role that may {flow}", got=actor.role), actor, dialogue, here
    moved = Dialogue(flow, {})
    return None, actor, moved, settle(tx, actor, moved)
