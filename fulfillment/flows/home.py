"""Before, between and beside the flows: signing in by badge and PIN, choosing what to do, saying what is wrong.

`pin`, `locked` and `problem` lie over whatever a station is doing: they show nothing of it and change nothing in it.
"""

from __future__ import annotations

from dataclasses import dataclass

from fulfillment.domain.codes import own_code
from fulfillment.domain.problems import ProblemKind
from fulfillment.domain.reasons import Rejected
from fulfillment.flows.step import Expect, Goto, Heard, Step, expect_command, not_expected

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
    "SORT": "sort",
}


@dataclass(frozen=True)
class Facts:
    """Who is signed in and which flows this person's role opens.

    `left_at`: the other station where this person is in the middle of `left_flow`, which can be gone on with here;
    `taken_to`: the station that did so with what was done here.
    """

    operator: str | None
    role: str = ""
    commands: tuple[str, ...] = ()
    left_at: str = ""
    left_flow: str = ""
    taken_to: str = ""


LOCKED = Step(NAME, "locked", "scan_badge", (Expect("badge"),))


def settle(facts: Facts) -> Step:
    """Ask for a badge, or for what to do."""
    if facts.operator is None:
        fields = {"taken_to": facts.taken_to} if facts.taken_to else {}
        return Step(NAME, "signed_out", "scan_badge", (Expect("badge"),), fields)
    fields = {"operator": facts.operator, "role": facts.role}
    if facts.left_at:
        fields |= {"left_at": facts.left_at, "left_flow": facts.left_flow}
    resume = ("RESUME",) if facts.left_at else ()
    return Step(NAME, "menu", "choose_flow", expect_command(*resume, *facts.commands, "LOGOUT"), fields)


def ask_pin(operator: str, *, for_word: bool = False) -> Step:
    """Ask whose badge was scanned for the PIN; BACK leaves the station to whoever had it. With `for_word` they agree to
    something here and take nothing over."""
    return Step(NAME, "pin", "key_pin", expect_command("BACK"), {"asked": operator, "for_word": for_word})


def ask_problem() -> Step:
    """Ask what is wrong here; BACK, and nothing was."""
    kinds = tuple(Expect("reason", own_code("Y", kind.upper().replace("_", "-")), kind) for kind in ProblemKind)
    return Step(NAME, "problem", "say_problem", (*kinds, *expect_command("BACK")))


def hear_problem(heard: Heard) -> ProblemKind | Goto | Rejected:
    """What a read means while the problem is asked for: its kind, or nothing after all."""
    if heard.kind == "reason" and heard.value in tuple(ProblemKind):
        return ProblemKind(heard.value)
    if heard.kind == "command" and heard.value == "BACK":
        return Goto({})
    return not_expected(heard, "reason", "BACK")
