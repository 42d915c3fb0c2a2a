"""The dialogue of each station: its row, the flow it is in, and the screen that follows from both.

Owns `dialogue`. What lies over a dialogue (a lock, a PIN or a problem that is asked for) shows nothing of it and leaves
it as it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from fulfillment.domain.pins import is_locked
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
from fulfillment.flows import sort as sort_flow
from fulfillment.flows.step import EXPECTS_MAX, Step, explained
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.counting import count
from fulfillment.services.packing import pack
from fulfillment.services.receiving import putaway, receive
from fulfillment.services.replenishing import replenish
from fulfillment.services.scan_path import hand_over
from fulfillment.services.scan_path.scan_arrival import ASKED_AHEAD, ScanRequest, station_row, went_to
from fulfillment.services.shipping import load
from fulfillment.services.sorting import sort
from fulfillment.services.stock import move
from fulfillment.services.touring import pick, put_back
from fulfillment.services.transferring import send

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
    "sort": (sort_flow, sort),
}

# What is asked beside a dialogue, which stands still meanwhile.
PIN, PROBLEM = "pin", "problem"
HELPING = "help"  # in a dialogue's memory: its step is explained instead of shown
WORD = "word"  # in a dialogue's memory: the badge it asked for, told to it once its owner's PIN is keyed

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


@dataclass
class Dialogue:
    """Where a station's conversation stands, as it is stored.

    `asked`: what was answered ahead of what this flow loads. That and `facts`, once loaded, hold until something
    is written: who writes goes on with a new one. `aside`: what is asked beside it (of `asked_operator_id`);
    `live_at_ms`, `heard_at_ms`: when somebody was last at work here, by our clock and by that of the scans.
    """

    flow: str
    memory: Mapping[str, Any]
    asked: Sequence[Sequence[Any]] | None = None
    facts: Any = None
    aside: str = ""
    asked_operator_id: int | None = None
    live_at_ms: int = 0
    heard_at_ms: int = 0
    is_locked: bool = False


def stored_dialogue(row: Mapping[str, Any], asked: Sequence[Sequence[Any]] | None = None) -> Dialogue:
    """The dialogue in a station's row."""
    return Dialogue(
        row["flow"] or home.NAME, json.loads(row["memory"] or "{}"), asked, None, row["aside"] or "",
        row["asked_operator_id"], row["updated_at_ms"] or 0, row["heard_at_ms"] or 0,
    )  # fmt: skip


def as_stored(dialogue: Dialogue) -> Dialogue:
    """What the next scan would read of it: a memory comes back as JSON has it. What it stands on still holds where
    nothing but what is asked by the station's code goes into it."""
    facts = dialogue.facts if dialogue.flow in ASKED_AHEAD else None
    return replace(dialogue, memory=_decode(_encode(dialogue.memory)), asked=None, facts=facts)


def current_step(tx: Tx, station_code: str) -> dict[str, Any]:
    """The screen of a station as it stands, without scanning anything."""
    row = station_row(tx, station_code)
    dialogue = locked_or_not(stored_dialogue(row), row, tx.now_ms, None)
    return view(settle(tx, actor_of(row, ScanRequest("", station_code, "", tx.now_ms)), dialogue))


def view(step: Step) -> dict[str, Any]:
    """A step as plain values: the answer to the scan is the next screen."""
    return {
        "flow": step.flow, "state": step.state, "prompt": step.prompt,
        "expects": [{"kind": e.kind, "code": e.code, "label": e.label} for e in step.expects[:EXPECTS_MAX]],
        "fields": dict(step.fields),
    }  # fmt: skip


def store(tx: Tx, actor: Actor, dialogue: Dialogue, state: str) -> None:
    """Keep where a station's conversation stands and whose it is."""
    tx.put(
        "INSERT INTO dialogue (warehouse_id, station_id, operator_id, flow, state, memory, aside, asked_operator_id,"
        " heard_at_ms, updated_at_ms)"
        " VALUES (:w, :station, :operator, :flow, :state, :memory, :aside, :asked, :heard, :live)"
        " ON CONFLICT (warehouse_id, station_id) DO UPDATE SET operator_id = excluded.operator_id,"
        " flow = excluded.flow, state = excluded.state, memory = excluded.memory, aside = excluded.aside,"
        " asked_operator_id = excluded.asked_operator_id, heard_at_ms = excluded.heard_at_ms,"
        " updated_at_ms = excluded.updated_at_ms",
        station=actor.station_id, operator=actor.operator_id, flow=dialogue.flow, state=state,
        memory=json.dumps(dict(dialogue.memory)), aside=dialogue.aside, asked=dialogue.asked_operator_id,
        heard=dialogue.heard_at_ms, live=dialogue.live_at_ms,
    )  # fmt: skip
    went_to(tx, actor.station_code, dialogue.flow)


def actor_of(row: Any, request: ScanRequest) -> Actor:
    """Who scans at a station, by its row."""
    return Actor(
        request.occurred_at_ms, row["operator_id"], row["id"], row["code"], row["location_id"], request.scan_id,
        row["role"] or "",
    )  # fmt: skip


def is_allowed(role: str, flow: str) -> bool:
    """Whether this role's people may work in a flow."""
    return any(home.FLOW_OF_COMMAND[command] == flow for command in ROLE_FLOWS.get(role, ()))


def locked_or_not(dialogue: Dialogue, row: Any, now_ms: int, occurred_at_ms: int | None) -> Dialogue:
    """The dialogue of a station as it may be shown and heard now; with `occurred_at_ms` to a scan of that time."""
    silent_ms = now_ms - dialogue.live_at_ms
    paused_ms = silent_ms if occurred_at_ms is None else occurred_at_ms - dialogue.heard_at_ms
    locked = row["operator_id"] is not None and is_locked(row["auto_lock_min"], silent_ms, paused_ms)
    return replace(dialogue, is_locked=locked)


def settle(tx: Tx, actor: Actor, dialogue: Dialogue) -> Step:
    """The screen of a dialogue, or of what lies over it."""
    if dialogue.aside == PIN:
        name = tx.one(
            "SELECT name FROM operator WHERE warehouse_id = :w AND id = :id", id=dialogue.asked_operator_id
        )["name"]
        return home.ask_pin(name, for_word=WORD in dialogue.memory)
    if dialogue.is_locked:
        return home.LOCKED
    if dialogue.aside == PROBLEM:
        return home.ask_problem()
    if dialogue.memory.get(HELPING) and actor.operator_id is not None:
        return explained(settle(tx, actor, without_help(dialogue)))
    if actor.operator_id is None or dialogue.flow == home.NAME:
        return home.settle(_home_facts(tx, actor, dialogue))
    return FLOWS[dialogue.flow][0].settle(dialogue.memory, load_facts(tx, actor, dialogue))


def without_help(dialogue: Dialogue) -> Dialogue:
    """Whatever is scanned at a screen of help is for the step it explains."""
    if HELPING not in dialogue.memory:
        return dialogue
    return replace(dialogue, memory={key: value for key, value in dialogue.memory.items() if key != HELPING})


def without_word(dialogue: Dialogue) -> Dialogue:
    """A badge that nobody proved by a PIN is forgotten."""
    if WORD not in dialogue.memory:
        return dialogue
    return replace(dialogue, memory={key: value for key, value in dialogue.memory.items() if key != WORD})


def load_facts(tx: Tx, actor: Actor, dialogue: Dialogue) -> Any:
    """What a dialogue stands on, read once."""
    if dialogue.facts is None:
        asked = () if dialogue.asked is None else (dialogue.asked,)
        dialogue.facts = FLOWS[dialogue.flow][1].load(tx, actor, dialogue.memory, *asked)
    return dialogue.facts


def _home_facts(tx: Tx, actor: Actor, dialogue: Dialogue) -> home.Facts:
    if actor.operator_id is None:
        return home.Facts(None, taken_to=str(dialogue.memory.get("taken_to", "")))
    name = tx.one("SELECT name FROM operator WHERE warehouse_id = :w AND id = :id", id=actor.operator_id)["name"]
    left = hand_over.left_elsewhere(tx, actor)
    code, flow = ("", "") if left is None else (left.station_code, left.flow)
    return home.Facts(name, actor.role, ROLE_FLOWS.get(actor.role, ()), code, flow)
