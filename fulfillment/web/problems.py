"""/api/v1, problems: what somebody on the floor said is wrong. Reported by scans only; taken up and closed here."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from flask import request

from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services.figures import problems
from fulfillment.web.auth import floor
from fulfillment.web.bodies import Body
from fulfillment.web.floor_plan import may_without_badge
from fulfillment.web.v1 import acting, operation


class TakingUpBody(Body):
    """The badge of the supervisor who looks after it; a board's token needs one."""

    badge: Annotated[str, msgspec.Meta(max_length=60)] = ""


class SettledBody(Body):
    """What was done about it, and a supervisor's badge as above."""

    note: Annotated[str, msgspec.Meta(min_length=1, max_length=problems.NOTE_MAX)]
    badge: Annotated[str, msgspec.Meta(max_length=60)] = ""


@operation("GET", "/problems", Permission.READ_BOARD,
           query={"state": "open, taken or closed; without it what is not closed",
                  "after": "cards after this number", "limit": "how many, 1 to 1000"})  # fmt: skip
def get_problems() -> Any:
    """Cards, nobody's first, then the oldest first."""
    state, after, limit = request.args.get("state", ""), _number("after", "0"), _number("limit", "100")
    return {"problems": floor().read(lambda tx: problems.listed(tx, state, after, limit))}


@operation("POST", "/problems/<int:problem>/take", Permission.TEND_PROBLEMS, body=TakingUpBody)
def post_problem_take(body: TakingUpBody, problem: int) -> Any:
    """Look after it."""
    actor, may = acting(), may_without_badge()
    return floor().writer.write(lambda tx: problems.take_up(tx, actor, problem, body.badge, may))


@operation("POST", "/problems/<int:problem>/close", Permission.TEND_PROBLEMS, body=SettledBody)
def post_problem_close(body: SettledBody, problem: int) -> Any:
    """It is settled."""
    actor, may = acting(), may_without_badge()
    return floor().writer.write(lambda tx: problems.close(tx, actor, problem, body.note, body.badge, may))


def _number(name: str, default: str) -> int:
    text = request.args.get(name, default)
    if not re.fullmatch("[0-9]{1,9}", text):
        raise DomainError(f"bad_{name}", f"not a number: {text[:40]!r}", name)
    return int(text)
