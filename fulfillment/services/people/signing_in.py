"""Who is at a station: signing in by badge and PIN, and what else is said beside a dialogue rather than to it.

A badge hands a station over, with the task it is in. Where its owner is asked for a PIN the station stays whose it was
until that is keyed, which is no scan: a PIN is in no queue and in no table of scans. A locked station hears badges.
"""

from __future__ import annotations

from dataclasses import replace

from fulfillment.domain.pins import is_asked
from fulfillment.domain.reasons import Reject, Rejected
from fulfillment.domain.roles import Role
from fulfillment.flows import home
from fulfillment.flows.step import Goto, Heard, Step
from fulfillment.hot import Tx
from fulfillment.scanning.classify import ReadKind
from fulfillment.services.common.actor import Actor
from fulfillment.services.figures import problems
from fulfillment.services.people import pins
from fulfillment.services.scan_path.dialogues import (
    PIN,
    PROBLEM,
    WORD,
    Dialogue,
    is_allowed,
    settle,
    view,
    without_word,
)
from fulfillment.services.scan_path.scan_arrival import station_row

Said = tuple[Rejected | None, Actor, Dialogue, Step]


def sign_in(tx: Tx, actor: Actor, dialogue: Dialogue, heard: Heard, pin_rule: str) -> Said:
    """Hand the station to whose badge this is, or ask for their PIN first."""
    operator = tx.one(
        "SELECT o.id, o.role, p.id AS pin_id FROM operator o LEFT JOIN operator_pin p"
        " ON p.warehouse_id = o.warehouse_id AND p.operator_id = o.id"
        " WHERE o.warehouse_id = :w AND o.badge = :badge AND o.is_active = 1",
        badge=heard.value,
    )
    if operator is None:
        rejected = Rejected(Reject.UNKNOWN_CODE, expected="a badge of this warehouse", got=heard.raw)
        return rejected, actor, dialogue, settle(tx, actor, dialogue)
    is_asked_already = dialogue.aside == PIN and dialogue.asked_operator_id == operator["id"]
    if is_asked_already and WORD in dialogue.memory:  # the badge read twice: it was shown to agree, not to take over
        return None, actor, dialogue, settle(tx, actor, dialogue)
    dialogue = without_word(dialogue)
    taken_over = Actor(
        actor.occurred_at_ms, operator["id"], actor.station_id, actor.station_code, actor.station_location_id,
        actor.scan_id, operator["role"],
    )  # fmt: skip
    if dialogue.flow != home.NAME and not is_allowed(operator["role"], dialogue.flow):
        rejected = Rejected(Reject.NOT_ALLOWED, expected=f"a role that may {dialogue.flow}", got=operator["role"])
        return rejected, actor, dialogue, settle(tx, actor, dialogue)
    is_here = operator["id"] == actor.operator_id and not dialogue.is_locked
    if not is_here and is_asked(pin_rule, operator["pin_id"] is not None):
        if operator["pin_id"] is None:
            return Rejected(Reject.PIN_MISSING, got=heard.raw), actor, dialogue, settle(tx, actor, dialogue)
        asking = replace(dialogue, aside=PIN, asked_operator_id=operator["id"])
        return None, actor, asking, settle(tx, actor, asking)
    moved = Dialogue(dialogue.flow, dialogue.memory, dialogue.asked)
    return None, taken_over, moved, settle(tx, taken_over, moved)


def beside(tx: Tx, actor: Actor, dialogue: Dialogue, heard: Heard) -> Said:
    """A read that is none of the dialogue's: a PIN or the problem is asked for, or the station is locked."""
    back = replace(without_word(dialogue), aside="", asked_operator_id=None)
    if dialogue.aside == PIN:
        if heard.kind == ReadKind.COMMAND and heard.value == "BACK":
            return None, actor, back, settle(tx, actor, back)
        rejected = Rejected(Reject.PIN_REQUIRED, got=heard.raw)
        return rejected, actor, dialogue, settle(tx, actor, dialogue)
    if dialogue.is_locked:
        return Rejected(Reject.LOCKED, expected="a badge", got=heard.raw), actor, dialogue, home.LOCKED
    if heard.kind == ReadKind.COMMAND and heard.value == "PROBLEM":
        asking = replace(dialogue, aside=PROBLEM)
        return None, actor, asking, settle(tx, actor, asking)
    said = home.hear_problem(heard)
    if isinstance(said, Rejected):
        return said, actor, dialogue, settle(tx, actor, dialogue)
    step = settle(tx, actor, back)
    if not isinstance(said, Goto):
        problems.report(tx, actor, said, view(step))
        step = replace(step, fields={**step.fields, "notice": "problem_told"})
    return None, actor, back, step


def ask_for_word(tx: Tx, actor: Actor, dialogue: Dialogue, heard: Heard, pin_rule: str) -> Said | None:
    """A dialogue asked for a supervisor's badge: ask its owner for the PIN first; None where there is none to ask for.

    Whose badge is none that may decide is refused by the dialogue itself.
    """
    owner = tx.one(
        "SELECT o.id, o.role, p.id AS pin_id FROM operator o JOIN operator_pin p ON p.warehouse_id = o.warehouse_id"
        " AND p.operator_id = o.id WHERE o.warehouse_id = :w AND o.badge = :badge AND o.is_active = 1",
        badge=heard.value,
    )
    if owner is None or owner["role"] not in (Role.SUPERVISOR, Role.ADMIN) or not is_asked(pin_rule, has_pin=True):
        return None
    told = {"badge": heard.value, "raw": heard.raw, "scan": actor.scan_id}
    asking = replace(
        dialogue, aside=PIN, asked_operator_id=owner["id"], memory={**dialogue.memory, WORD: told}, asked=None,
        facts=None,
    )  # fmt: skip
    return None, actor, asking, settle(tx, actor, asking)


def asked_for_pin(tx: Tx, station_code: str) -> pins.Asked | None:
    """Whose PIN this station waits for; None when it waits for none, or its owner has none any more."""
    row = station_row(tx, station_code)
    return pins.kept_for(tx, row["asked_operator_id"]) if row["aside"] == PIN else None
