"""A PIN was keyed: who was asked signs in, or agrees to what the dialogue asked a supervisor for.

A word given so is told to the dialogue as the badge that was scanned, by that scan's id and in whoever's name the work
is; the station stays theirs. Refuses a PIN nobody waits for. Invariant: without its PIN such a badge does nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fulfillment.domain.reasons import Rejected
from fulfillment.flows.step import Heard
from fulfillment.hot import Tx
from fulfillment.scanning.classify import ReadKind
from fulfillment.services.people import pins
from fulfillment.services.scan_path.dialogues import (
    PIN,
    WORD,
    Dialogue,
    actor_of,
    settle,
    store,
    stored_dialogue,
    without_word,
)
from fulfillment.services.scan_path.scan_arrival import ScanRequest, station_row
from fulfillment.services.scan_path.scans import converse


def key_pin(
    tx: Tx, station_code: str, asked: pins.Asked | None, tried: pins.Tried, occurred_at_ms: int
) -> str | Rejected:
    """Go on with whoever was asked and keyed a PIN that was looked at outside (`pins.try_pin`): '' when it opened.

    Else `pin_wrong`, `pin_locked`, or `pin_not_asked`: the station waits for nobody's, or for somebody else's by now.
    What the dialogue has against the word it was given comes as it said it.
    """
    row = station_row(tx, station_code)
    if asked is None or row["aside"] != PIN or row["asked_operator_id"] != asked.operator_id:
        return "pin_not_asked"
    actor = actor_of(row, ScanRequest("", station_code, "", occurred_at_ms))
    wrong = pins.count_try(tx, replace(actor, operator_id=asked.operator_id), asked, tried)
    if wrong:
        return wrong
    kept = stored_dialogue(row)
    dialogue = replace(
        without_word(kept), aside="", asked_operator_id=None, live_at_ms=tx.now_ms, heard_at_ms=occurred_at_ms
    )
    if WORD in kept.memory:
        return _give_word(tx, dialogue, kept.memory[WORD], row, occurred_at_ms)
    role = tx.one("SELECT role FROM operator WHERE warehouse_id = :w AND id = :id", id=asked.operator_id)["role"]
    signed_in = replace(actor, operator_id=asked.operator_id, role=role)
    store(tx, signed_in, dialogue, settle(tx, signed_in, dialogue).state)
    return ""


def _give_word(tx: Tx, dialogue: Dialogue, word: dict[str, str], row: Any, occurred_at_ms: int) -> str | Rejected:
    actor = actor_of(row, ScanRequest(word["scan"], row["code"], word["raw"], occurred_at_ms))
    rejected, actor, moved, step = converse(
        tx, actor, dialogue, Heard(ReadKind.BADGE, word["badge"], word["raw"])
    )
    store(tx, actor, replace(moved, live_at_ms=tx.now_ms, heard_at_ms=occurred_at_ms), step.state)
    return rejected or ""
