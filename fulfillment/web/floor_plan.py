"""/api/v1, the floor as it is walked: its plan, closed stretches, late orders, tours and their walks.

Parse, call one service, answer.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from flask import g, request

from fulfillment.domain.floor_plan import ClosedBecause, Direction
from fulfillment.domain.roles import Permission, TokenRole
from fulfillment.domain.tour_order import MOST_HEAVY_FROM_G, TourOrder
from fulfillment.services.releasing import late_orders, ways
from fulfillment.services.touring import tour_views
from fulfillment.services.walking import closed_hours, closures, floor_plan, tour_orders
from fulfillment.web.auth import floor
from fulfillment.web.bodies import PLAIN, Body, Code, Text
from fulfillment.web.v1 import acting, operation

Place = Annotated[str, msgspec.Meta(max_length=64, pattern=PLAIN)]


class OneWayBody(Body):
    """An aisle as its signs name it, walked up (towards higher y) or down; without a block all along."""

    aisle: Code
    direction: Direction
    block: Annotated[int, msgspec.Meta(ge=0, le=99)] | None = None


class FloorPlanBody(Body):
    """Where tours begin (null: the first staging place) and end (none: where they begin), and the one-way aisles."""

    start: Place | None = None
    drops: Annotated[list[Place], msgspec.Meta(max_length=floor_plan.MAX_DROPS)] = msgspec.field(default_factory=list)
    one_way: Annotated[list[OneWayBody], msgspec.Meta(max_length=1000)] = msgspec.field(default_factory=list)
    level_climb_dm: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0
    reach_level: Annotated[int, msgspec.Meta(ge=0, le=99)] = 1


class TourOrderBody(Body):
    """What is left out stays. Units of `heavy_from_g` or more are heavy."""

    tour_order: TourOrder | None = None
    heavy_from_g: Annotated[int, msgspec.Meta(ge=1, le=MOST_HEAVY_FROM_G)] | None = None


Clock = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class ClosedHoursBody(Body):
    """An aisle, a block, a location or a stretch between two, and from when until when nobody enters it, every day."""

    place: Place
    begins: Clock
    ends: Clock
    until: Place = ""
    reason: ClosedBecause = ClosedBecause.OTHER


class ClosureBody(Body):
    """An aisle or a location, or a location and another in the same aisle; a board says whose badge."""

    place: Place
    until: Place = ""
    reason: ClosedBecause = ClosedBecause.OTHER
    badge: Place = ""


class OpeningBody(Body):
    """Who opens; a program's own token needs no badge."""

    badge: Place = ""


class LateOrdersBody(Body):
    """Orders that join a wave after its release."""

    orders: Annotated[list[Text], msgspec.Meta(min_length=1, max_length=100)]


@operation("GET", "/floor-plan", Permission.READ_STOCK)
def get_floor_plan() -> Any:
    """Where tours begin and end, the one-way aisles, and words about everything that looks wrong."""
    engine = floor().engine
    return floor().read(lambda tx: floor_plan.describe(tx, engine))


@operation("PUT", "/floor-plan", Permission.SET_UP, body=FloorPlanBody)
def put_floor_plan(body: FloorPlanBody) -> Any:
    """Replace the whole of it; tours planned from now on walk by it."""
    engine = floor().engine
    rules = [floor_plan.OneWayIn(rule.aisle, rule.direction, rule.block) for rule in body.one_way]

    def work(tx: Any) -> None:
        floor_plan.set_plan(tx, body.start, body.drops, rules, body.level_climb_dm, body.reach_level)

    floor().writer.write(work)
    return floor().read(lambda tx: floor_plan.describe(tx, engine))


@operation("GET", "/tour-order", Permission.READ_STOCK)
def get_tour_order() -> Any:
    """In which order tours make their stops, and from which weight of a unit on goods are heavy."""
    return floor().read(tour_orders.said)


@operation("PUT", "/tour-order", Permission.SET_UP, body=TourOrderBody)
def put_tour_order(body: TourOrderBody) -> Any:
    """Choose it; what is left out stays. Tours that are not finished are planned again."""
    rule = None if body.tour_order is None else body.tour_order.value
    return floor().writer.write(lambda tx: tour_orders.set_rule(tx, rule, body.heavy_from_g))


@operation("GET", "/closures", Permission.READ_BOARD, query={"all": "1 = those opened again too"})
def get_closures() -> Any:
    """Stretches of aisles nobody passes, the newest first, and the orders that wait for them to be opened."""
    every = request.args.get("all") == "1"
    return floor().read(lambda tx: {"closures": closures.listed(tx, every), "waiting": ways.waiting(tx)})


@operation("POST", "/closures", Permission.CLOSE_AISLES, body=ClosureBody, answers={201: "closed"})
def post_closure(body: ClosureBody) -> Any:
    """Close an aisle or a stretch of one; tours that are not finished are planned again round it."""
    actor, may = acting(), may_without_badge()
    closed = floor().writer.write(
        lambda tx: closures.close(tx, actor, body.place, body.until, body.reason, body.badge, may)
    )
    return closed, 201


@operation("POST", "/closures/<int:closure>/open", Permission.CLOSE_AISLES, body=OpeningBody)
def post_opening(body: OpeningBody, closure: int) -> Any:
    """Open it again; tours that are not finished are planned again."""
    actor, may = acting(), may_without_badge()
    known = ways.look(floor())
    return floor().writer.write(lambda tx: closures.open_again(tx, actor, closure, body.badge, may, known))


@operation("GET", "/closed-hours", Permission.READ_BOARD)
def get_closed_hours() -> Any:
    """Stretches closed at the same hours of every day."""
    return floor().read(lambda tx: {"closed_hours": closed_hours.listed(tx)})


@operation("POST", "/closed-hours", Permission.SET_UP, body=ClosedHoursBody, answers={201: "set"})
def post_closed_hours(body: ClosedHoursBody) -> Any:
    """Close a stretch every day at these hours; the planner closes and opens it, and tours go there before."""
    hours = floor().writer.write(
        lambda tx: closed_hours.add(tx, body.place, body.until, body.begins, body.ends, body.reason)
    )
    return hours, 201


@operation("DELETE", "/closed-hours/<int:hours>", Permission.SET_UP)
def delete_closed_hours(hours: int) -> Any:
    """These hours are over for good; a stretch they keep closed now is opened within seconds."""
    return floor().writer.write(lambda tx: closed_hours.end(tx, hours))


@operation("POST", "/waves/<int:wave>/orders", Permission.RELEASE_WAVES, body=LateOrdersBody)
def post_late_orders(body: LateOrdersBody, wave: int) -> Any:
    """Put late orders into a released wave; each joins the waiting tour it adds the least walk to, or walks alone."""
    actor, known = acting(), ways.look(floor())
    return floor().writer.write(lambda tx: late_orders.join(tx, actor, wave, body.orders, known))


@operation("GET", "/tours/<int:tour>", Permission.READ_BOARD)
def get_tour(tour: int) -> Any:
    """A tour: its walk against simpler orders of the same stops, its bound, and its stops as they are made."""
    return floor().read(lambda tx: tour_views.describe(tx, tour))


def may_without_badge() -> bool:
    """A board hangs on a wall: whoever closes an aisle there says who they are."""
    return g.token["role"] != TokenRole.BOARD
