"""/api/v1, waves under way: pause, resume, put first, keep a tour for somebody, cancel, split, other goods, undo.

Parse, call one service, answer. A board says whose badge decides; a program's own token needs none.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from flask import request

from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.domain.wave_acts import PRIORITY_MAX
from fulfillment.services.releasing import wave_acts, wave_cuts
from fulfillment.services.touring import fifo_overrides
from fulfillment.web.auth import check_may, check_proved, floor
from fulfillment.web.bodies import PLAIN, Body, Text
from fulfillment.web.floor_plan import may_without_badge
from fulfillment.web.v1 import acting, operation

Badge = Annotated[str, msgspec.Meta(max_length=64, pattern=PLAIN)]


class DecidedBody(Body):
    """Whose badge decides."""

    badge: Badge = ""


class PriorityBody(DecidedBody, kw_only=True):
    """The higher, the sooner its tours are handed out; `tour` = one of them only."""

    priority: Annotated[int, msgspec.Meta(ge=-PRIORITY_MAX, le=PRIORITY_MAX)]
    tour: Annotated[int, msgspec.Meta(ge=1, le=2**62)] | None = None


class AssignBody(DecidedBody, kw_only=True):
    """Whom the tour is for, a badge or a person's number (#12); '' = whoever asks next."""

    picker: Badge = ""


class OtherGoodsBody(DecidedBody, kw_only=True):
    """Which goods, why, and the `version` of the look they were chosen by; `layer` as that look names it."""

    location: Badge
    layer: Annotated[int, msgspec.Meta(ge=1, le=2**62)]
    why: Annotated[str, msgspec.Meta(max_length=64, pattern=PLAIN)]
    version: Annotated[str, msgspec.Meta(max_length=64, pattern=PLAIN)]
    note: Text = ""


class SplitBody(DecidedBody, kw_only=True):
    """Which orders go on their own; null = all that have not begun."""

    orders: Annotated[list[Text], msgspec.Meta(min_length=1, max_length=1000)] | None = None


@operation("GET", "/wave-acts", Permission.READ_BOARD, query={"wave": "of one wave only"})
def get_wave_acts() -> Any:
    """What was done with waves and by whom, the newest first."""
    wave = request.args.get("wave")
    if wave is not None and not (wave.isascii() and wave.isdigit() and len(wave) < 16):
        raise DomainError("bad_number", "not a wave's number", "wave")
    return {"acts": floor().read(lambda tx: wave_acts.listed(tx, None if wave is None else int(wave)))}


@operation("POST", "/waves/<int:wave>/pause", Permission.STEER_WAVES, body=DecidedBody)
def post_pause(body: DecidedBody, wave: int) -> Any:
    """Hand out no tour of this wave; those that are walked are finished."""
    actor, may = acting(), may_without_badge()
    return floor().writer.write(lambda tx: wave_acts.pause(tx, actor, wave, body.badge, may))


@operation("POST", "/waves/<int:wave>/resume", Permission.STEER_WAVES, body=DecidedBody)
def post_resume(body: DecidedBody, wave: int) -> Any:
    """Hand out its tours again."""
    actor, may = acting(), may_without_badge()
    return floor().writer.write(lambda tx: wave_acts.resume(tx, actor, wave, body.badge, may))


@operation("POST", "/waves/<int:wave>/priority", Permission.STEER_WAVES, body=PriorityBody)
def post_priority(body: PriorityBody, wave: int) -> Any:
    """Give a wave, or one of its tours, another place among those to be handed out."""
    actor, may = acting(), may_without_badge()
    return floor().writer.write(
        lambda tx: wave_acts.prioritise(tx, actor, wave, body.priority, body.tour, body.badge, may)
    )


@operation("POST", "/waves/<int:wave>/tours/<int:tour>/assign", Permission.STEER_WAVES, body=AssignBody)
def post_assignment(body: AssignBody, wave: int, tour: int) -> Any:
    """Keep a tour for one picker, or give it back to all; one that is walked waits at its cart."""
    actor, may = acting(), may_without_badge()
    return floor().writer.write(lambda tx: wave_acts.assign(tx, actor, wave, tour, body.picker, body.badge, may))


@operation("POST", "/waves/<int:wave>/cancel", Permission.CANCEL_WAVES, body=DecidedBody, proof=True)
def post_cancel_of_wave(body: DecidedBody, wave: int) -> Any:
    """Take what has not begun out of a wave: promises given back, orders wait for the next."""
    actor, may = acting(), may_without_badge()
    return floor().writer.write(lambda tx: wave_cuts.cancel(tx, actor, wave, body.badge, may))


@operation("POST", "/waves/<int:wave>/split", Permission.CANCEL_WAVES, body=SplitBody, proof=True)
def post_split(body: SplitBody, wave: int) -> Any:
    """Put orders that have not begun into a wave of their own."""
    actor, may = acting(), may_without_badge()
    return floor().writer.write(lambda tx: wave_cuts.split(tx, actor, wave, body.orders, body.badge, may))


@operation("GET", "/waves/<int:wave>/stops/<int:stop>/goods", Permission.READ_BOARD)
def get_goods_of_stop(wave: int, stop: int) -> Any:
    """What a stop fetches, and all goods of its item in the order FIFO takes them."""
    return floor().read(lambda tx: fifo_overrides.look(tx, wave, stop))


@operation("POST", "/waves/<int:wave>/stops/<int:stop>/goods", Permission.OVERRIDE_FIFO, body=OtherGoodsBody,
           proof=True)  # fmt: skip
def post_goods_of_stop(body: OtherGoodsBody, wave: int, stop: int) -> Any:
    """Have a stop nobody has begun fetch other goods than FIFO gave it."""
    actor, may = acting(), may_without_badge()
    return floor().writer.write(
        lambda tx: fifo_overrides.override(
            tx, actor, wave, stop, body.location, body.layer, body.why, body.version, body.note, body.badge, may
        )
    )


@operation("POST", "/wave-acts/<int:number>/undo", Permission.STEER_WAVES, body=DecidedBody)
def post_undo_of_act(body: DecidedBody, number: int) -> Any:
    """Take an act back while what it changed is as it left it."""
    check_may_undo(number)
    actor, may = acting(), may_without_badge()
    return floor().writer.write(lambda tx: wave_acts.undo(tx, actor, number, body.badge, may))


def check_may_undo(number: int) -> None:
    """Whoever takes an override back may override, and has just said who they are.

    Raises:
        Forbidden, ProofNeeded: they may not, they did not.
    """
    if floor().read(lambda tx: wave_acts.is_override(tx, number)):
        check_may(Permission.OVERRIDE_FIFO)
        check_proved()
