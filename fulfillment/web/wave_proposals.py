"""/api/v1, what to release next: proposals of waves, and who picks when. Parse, call one service, answer.

Refuses hours that cannot be. Invariant: no request plans anything; proposals are made by the planner.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from flask import request

from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.domain.tasks import PickMode
from fulfillment.services.releasing import picker_shifts, wave_proposals, ways
from fulfillment.web.auth import floor
from fulfillment.web.bodies import Body, Code
from fulfillment.web.v1 import acting, operation, parse_time

DAY_MS = 24 * 3_600_000
Moment = Annotated[str, msgspec.Meta(max_length=40)]


class ProposalBody(Body):
    """How many orders at most, and for how many minutes there should be work."""

    max_orders: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1000
    horizon_min: Annotated[int, msgspec.Meta(ge=1, le=1440)] = 120


class BreakBody(Body):
    """A rest within a shift."""

    begins: Moment
    ends: Moment


class ShiftBody(Body):
    """Somebody's hours; replaces shifts of theirs that overlap."""

    badge: Code
    begins: Moment
    ends: Moment
    breaks: Annotated[list[BreakBody], msgspec.Meta(max_length=10)] = msgspec.field(default_factory=list)


@operation("POST", "/wave-proposals", Permission.RELEASE_WAVES, body=ProposalBody,
           answers={202: "being planned"})  # fmt: skip
def post_wave_proposal(body: ProposalBody) -> Any:
    """Ask which orders to release now; the planner answers in a few seconds."""
    return floor().writer.write(
        lambda tx: (wave_proposals.ask(tx, body.max_orders, body.horizon_min * 60_000), 202)
    )


@operation("GET", "/wave-proposals/latest", Permission.READ_BOARD)
def get_latest_wave_proposal() -> Any:
    """The proposal that stands now, if any, and when each released wave will be done."""
    return floor().read(wave_proposals.latest)


@operation("GET", "/wave-proposals/<int:proposal>", Permission.READ_BOARD)
def get_wave_proposal(proposal: int) -> Any:
    """One proposal."""
    return floor().read(lambda tx: wave_proposals.describe(tx, proposal))


@operation("POST", "/wave-proposals/<int:proposal>/release", Permission.RELEASE_WAVES,
           query={"mode": "single, cluster, batch or zone; as proposed if left out"},
           answers={201: "being planned"})  # fmt: skip
def post_release_of_proposal(proposal: int) -> Any:
    """Release a proposal's orders, as far as they can still go."""
    actor, mode = acting(), request.args.get("mode")
    if mode not in (None, *PickMode):
        raise DomainError("bad_mode", "single, cluster, batch or zone", "mode")
    known = ways.look(floor())
    return floor().writer.write(lambda tx: (wave_proposals.release(tx, actor, proposal, mode, known), 201))


@operation("GET", "/picker-shifts", Permission.RELEASE_WAVES,
           query={"from": "ISO 8601, now if left out", "until": "ISO 8601, a day later if left out"})  # fmt: skip
def get_picker_shifts() -> Any:
    """Who picks when."""
    begins, ends = request.args.get("from"), request.args.get("until")
    from_ms = parse_time(begins, "from") if begins else floor().clock()
    until_ms = parse_time(ends, "until") if ends else from_ms + DAY_MS
    return {"shifts": [_shown(shift) for shift in floor().read(lambda tx: picker_shifts.listed(tx, from_ms, until_ms))]}


@operation("PUT", "/picker-shifts", Permission.RELEASE_WAVES, body=ShiftBody)
def put_picker_shift(body: ShiftBody) -> Any:
    """Say when somebody picks."""
    from_ms, until_ms = parse_time(body.begins, "begins"), parse_time(body.ends, "ends")
    breaks = [
        (parse_time(rest.begins, f"breaks[{at}].begins"), parse_time(rest.ends, f"breaks[{at}].ends"))
        for at, rest in enumerate(body.breaks)
    ]
    return floor().writer.write(lambda tx: _shown(picker_shifts.set_shift(tx, body.badge, from_ms, until_ms, breaks)))


@operation("DELETE", "/picker-shifts/<badge>", Permission.RELEASE_WAVES,
           query={"at": "ISO 8601, a moment within the shift; now if left out"})  # fmt: skip
def delete_picker_shift(badge: str) -> Any:
    """Take away the shift somebody has at a moment."""
    at = request.args.get("at")
    at_ms = parse_time(at, "at") if at else floor().clock()

    def work(tx: Any) -> Any:
        picker_shifts.remove_shift(tx, badge, at_ms)
        return {"badge": badge, "removed": True}

    return floor().writer.write(work)


def _shown(shift: dict[str, Any]) -> dict[str, Any]:
    return {
        "badge": shift["badge"], "begins": _moment(shift["from_at_ms"]), "ends": _moment(shift["until_at_ms"]),
        "breaks": [{"begins": _moment(begin), "ends": _moment(end)} for begin, end in shift["breaks"]],
    }  # fmt: skip


def _moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")
