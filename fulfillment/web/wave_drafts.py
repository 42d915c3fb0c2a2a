"""/api/v1, waves drafted by choice: ask, look, compare, release. Parse, call one service, answer.

Refuses a cut-off without its offset. Invariant: no request plans anything; drafts are made by the planner.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from fulfillment.domain.roles import Permission
from fulfillment.domain.waves import WaveChoice
from fulfillment.services.releasing import wave_drafts, ways
from fulfillment.web.auth import floor
from fulfillment.web.bodies import Body
from fulfillment.web.v1 import acting, operation, parse_time

Name = Annotated[str, msgspec.Meta(max_length=64)]


class DraftBody(Body):
    """Which open orders: every condition left out holds for all. `mode` left out: as costs least."""

    until: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    carrier: Name = ""
    channel: Name = ""
    zone: Name = ""
    min_priority: Annotated[int, msgspec.Meta(ge=-1_000_000, le=1_000_000)] | None = None
    max_orders: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1000
    mode: Literal["", "single", "cluster", "batch", "zone"] = ""


@operation("POST", "/wave-drafts", Permission.RELEASE_WAVES, body=DraftBody, answers={202: "being planned"})
def post_wave_draft(body: DraftBody) -> Any:
    """Have a wave of chosen orders planned, to be looked at; nothing is promised or released."""
    until_ms = parse_time(body.until, "until") if body.until else None
    choice = WaveChoice(
        until_ms, body.carrier, body.channel, body.zone, body.min_priority, body.max_orders, body.mode
    )
    return floor().writer.write(lambda tx: (wave_drafts.ask(tx, choice), 202))


@operation("GET", "/wave-drafts/<int:draft>", Permission.READ_BOARD)
def get_wave_draft(draft: int) -> Any:
    """One draft: its figures, tours drawn, what stays and what is short."""
    return floor().read(lambda tx: wave_drafts.describe(tx, draft))


@operation("GET", "/wave-drafts/<int:draft>/against/<int:other>", Permission.READ_BOARD)
def get_wave_drafts_compared(draft: int, other: int) -> Any:
    """Two planned drafts, figure by figure, and the orders only one of them takes."""
    return floor().read(lambda tx: wave_drafts.against(tx, draft, other))


@operation("POST", "/wave-drafts/<int:draft>/release", Permission.RELEASE_WAVES,
           answers={201: "released as shown", 202: "not released: it changed, and is planned again"})  # fmt: skip
def post_release_of_draft(draft: int) -> Any:
    """Release what was shown; when orders or goods changed since, nothing goes and a new draft is planned."""
    actor, known = acting(), ways.look(floor())

    def work(tx: Any) -> Any:
        answer = wave_drafts.release(tx, actor, draft, known)
        return answer, 201 if answer["wave"] is not None else 202

    return floor().writer.write(work)
