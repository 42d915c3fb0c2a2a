"""Before and between the flows: signing in by badge, choosing what to do."""

from __future__ import annotations

from dataclasses import dataclass

from fulfillment.flows.step import Expect, Step, expect_command

NAME = "home"

# Command → flow it opens.
FLOW_OF_COMMAND = {
    "RECEIVE": "receive",
    "PUTAWAY": "putaway",
    "PICK": "pick",
    "PACK": "pack",
    "LOAD": "load",
    "COUNT": "count",
    "PUTBACK": "put_back",
    "MOVE": "move",
    "REPLENISH": "replenish",
    "SEND": "send",
}


@dataclass(frozen=True)
class Facts:
    """Who is signed in and which flows this person's role opens."""

    operator: str | None
    role: str = ""
    commands: tuple[str, ...] = ()


def settle(facts: Facts) -> Step:
    """Ask for a badge, or for what to do."""
    if facts.operator is None:
        return Step(NAME, "signed_out", "scan_badge", (Expect("badge"),))
    fields = {"operator": facts.operator, "role": facts.role}
    return Step(NAME, "menu", "choose_flow", expect_command(*facts.commands, "LOGOUT"), fields)
