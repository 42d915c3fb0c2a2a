"""/api/v1, conflicts: scans a device noted without the network and the floor did not take, and what is decided.

Refuses a decision by somebody who may not make it, and a second one. Invariant: a decision moves no stock.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import msgspec
from flask import request

from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services.scan_path import replay_conflicts
from fulfillment.web.auth import floor
from fulfillment.web.bodies import PLAIN, Body, Code
from fulfillment.web.v1 import acting, operation

Note = Annotated[str, msgspec.Meta(max_length=replay_conflicts.NOTE_MAX, pattern=PLAIN)]


class ConflictDecisionBody(Body):
    """What becomes of it, and the badge of the supervisor who decides; without one the token's bearer does."""

    decision: Literal["done", "void", "count"]
    note: Note = ""
    badge: Code | None = None


@operation("GET", "/conflicts", Permission.READ_STOCK,
           query={"decision": "done, void or count; without it what nobody has decided",
                  "after": "conflicts after this number", "limit": "how many, 1 to 1000"})  # fmt: skip
def get_conflicts() -> Any:
    """Scans noted without the network that were refused when they came."""
    decision, after, limit = request.args.get("decision", ""), _number("after", 0), _number("limit", 100)
    return {"conflicts": floor().read(lambda tx: replay_conflicts.listed(tx, decision, after, limit))}


@operation("POST", "/conflicts/<int:number>/decide", Permission.WRITE_STOCK, body=ConflictDecisionBody)
def post_conflict_decide(body: ConflictDecisionBody, number: int) -> Any:
    """Close a conflict, and those that only follow from it."""
    actor = acting()

    def work(tx: Any) -> Any:
        replay_conflicts.decide(tx, actor, number, body.decision, body.note, body.badge)
        return replay_conflicts.describe(tx, number)

    return floor().writer.write(work)


def _number(name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    if not re.fullmatch("[0-9]{1,9}", text):
        raise DomainError(f"bad_{name}", f"not a number: {text[:40]!r}", name)
    return int(text)
