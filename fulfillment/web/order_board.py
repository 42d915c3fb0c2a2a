"""/api/v1, the order board: cards by column, their pages, moves, what is written on them, limits, kept views.

Parse, call one service, answer. Invariant: a move's answer names every card asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from flask import Response, g, request

from fulfillment.domain.orders import OrderState
from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission, permissions_of
from fulfillment.services.ordering import board_settings, card_story, order_board, order_cards, order_moves
from fulfillment.services.releasing import ways
from fulfillment.web.auth import check_proved, floor
from fulfillment.web.bodies import PLAIN, PLAIN_LINES, Body
from fulfillment.web.floor_plan import may_without_badge
from fulfillment.web.v1 import acting, operation, parse_time

Badge = Annotated[str, msgspec.Meta(max_length=60, pattern=PLAIN)]
Words = Annotated[str, msgspec.Meta(max_length=order_cards.TEXT_MAX, pattern=PLAIN_LINES)]
Word = Annotated[str, msgspec.Meta(max_length=120, pattern=PLAIN)]


class SeenBody(Body):
    """A card and its version as it was looked at."""

    card: Annotated[int, msgspec.Meta(ge=1, le=2**62)]
    version: Word


class MoveBody(Body):
    """Cards, and where to: a column, an urgency, or both. `other_lane`: into a swimlane no command leads to."""

    cards: Annotated[list[SeenBody], msgspec.Meta(min_length=1, max_length=order_moves.CARDS_MAX)]
    to: Word = ""
    urgency: Literal["", "urgent", "normal", "low"] = ""
    other_lane: bool = False
    note: Annotated[str, msgspec.Meta(max_length=order_moves.NOTE_MAX, pattern=PLAIN_LINES)] = ""
    badge: Badge = ""


class CardBody(Body):
    """What is to be another on a card; null stays. `owner` "" = nobody's, `due` "" = its cut-off, `blocked` "" = not
    any more."""

    version: Word
    owner: Badge | None = None
    due: Word | None = None
    labels: Annotated[list[Word], msgspec.Meta(max_length=50)] | None = None
    blocked: Word | None = None
    blocked_note: Words = ""
    badge: Badge = ""


class CommentBody(Body):
    """What is said about an order, and whose badge it is."""

    text: Words
    badge: Badge = ""


class ColumnLimitBody(Body):
    """How many cards a column should hold at most (0: any number), and a supervisor's badge."""

    cards_max: Annotated[int, msgspec.Meta(ge=0, le=board_settings.CARDS_MAX)]
    badge: Badge = ""


class BoardViewBody(Body):
    """Filters under a name: the part of the page's address after the question mark."""

    name: Word
    query: Annotated[str, msgspec.Meta(max_length=board_settings.QUERY_MAX, pattern=PLAIN)]
    badge: Badge = ""


class WhoseBody(Body):
    """Whose badge it is."""

    badge: Badge = ""


FILTERS = {
    "q": "part of a number, or an SKU that is ordered", "channel": "a channel", "carrier": "a carrier's code",
    "urgency": "urgent, normal or low", "owner": "a badge, or - for nobody's", "label": "a label",
    "blocked": "1: only cards that wait for somebody", "late": "1: only cards past their due time",
    "days": "how many days back finished cards go, 1 to 31", "lanes": "none, channel, priority or cut_off",
}  # fmt: skip
Q_MAX = 60


def sought_in(args: Mapping[str, str]) -> order_board.Sought:
    """The filters of an address.

    Raises:
        DomainError: something that is no filter of ours.
    """
    if len(args.get("q", "")) > Q_MAX:
        raise DomainError("bad_q", f"at most {Q_MAX} characters", "q")
    return order_board.Sought(
        args.get("q", ""), args.get("channel", ""), args.get("carrier", ""), args.get("urgency", ""),
        args.get("owner", ""), args.get("label", ""), args.get("blocked") == "1", args.get("late") == "1",
        number_in(args, "days", 1), args.get("lanes") or "none",
    )  # fmt: skip


def number_in(args: Mapping[str, str], name: str, default: int) -> int:
    """A whole number of an address.

    Raises:
        DomainError: it is none.
    """
    text = args.get(name, "") or str(default)
    if not re.fullmatch("[0-9]{1,6}", text):
        raise DomainError(f"bad_{name}", f"not a number: {text[:40]!r}", name)
    return int(text)


def hand_of(badge: str) -> order_moves.Hand:
    """Who moves cards: the bearer of this token, or whoever's badge it is."""
    return order_moves.Hand(permissions_of(g.token["role"], g.token["scope"]), badge)


@operation("GET", "/order-board", Permission.READ_BOARD,
           query={**FILTERS, "limit": "cards a cell, 1 to 200"},
           answers={200: "the board", 304: "as you know it"})  # fmt: skip
def get_order_board() -> Any:
    """Columns with their whole counts and limits, and the first cards of each cell."""
    sought = sought_in(request.args)
    limit = number_in(request.args, "limit", 0) if request.args.get("limit") else None
    view = floor().read(lambda tx: order_board.board(tx, sought, limit))
    tag = order_board.etag(view)
    if request.if_none_match.contains(tag):
        answer = Response(status=304)
    else:
        answer = Response(msgspec.json.encode(view), mimetype="application/json")
    answer.set_etag(tag)
    return answer


@operation("GET", "/order-board/cards", Permission.READ_BOARD,
           query={**FILTERS, "column": "an order's state", "lane": "a swimlane's code",
                  "after": "`next` of the page before", "limit": "how many, 1 to 200"})  # fmt: skip
def get_order_cards() -> Any:
    """More cards of one cell."""
    args = request.args
    sought, limit = sought_in(args), number_in(args, "limit", 50)
    column, lane, after = args.get("column", ""), args.get("lane", ""), args.get("after", "")
    return floor().read(lambda tx: order_board.cell(tx, sought, column, lane, after, limit))


@operation("GET", "/order-board/cards/<int:card>", Permission.READ_BOARD)
def get_order_card(card: int) -> Any:
    """One card: what is written on it, and all that happened to its order."""
    return floor().read(lambda tx: card_story.describe(tx, card))


@operation("POST", "/order-board/moves", Permission.TEND_CARDS, body=MoveBody)
def post_card_moves(body: MoveBody) -> Any:
    """Move cards, each by a command of its order or not at all."""
    actor, hand = acting(), hand_of(body.badge)
    cards = [order_moves.Seen(one.card, one.version) for one in body.cards]
    wish = order_moves.Wish(body.to, body.urgency, body.note, body.other_lane)
    if wish.to == OrderState.CANCELLED:
        check_proved()
    known = ways.look(floor())
    return {"answers": floor().writer.write(lambda tx: order_moves.move(tx, actor, cards, wish, hand, known))}


@operation("PATCH", "/order-board/cards/<int:card>", Permission.TEND_CARDS, body=CardBody)
def patch_order_card(body: CardBody, card: int) -> Any:
    """Write on a card: owner, due time, labels, what it waits for."""
    actor, may = acting(), may_without_badge()
    due = None if body.due is None else parse_time(body.due, "due") if body.due else 0
    change = order_cards.Change(body.owner, due, body.labels, body.blocked, body.blocked_note)
    return floor().writer.write(
        lambda tx: order_cards.change(tx, actor, card, body.version, change, body.badge, may)
    )


@operation("POST", "/order-board/cards/<int:card>/comments", Permission.TEND_CARDS, body=CommentBody,
           answers={201: "said"})  # fmt: skip
def post_card_comment(body: CommentBody, card: int) -> Any:
    """Say something about an order; it stays."""
    actor, may = acting(), may_without_badge()
    said = floor().writer.write(lambda tx: order_cards.comment(tx, actor, card, body.text, body.badge, may))
    return said, 201


@operation("PUT", "/order-board/limits/<column>", Permission.TEND_CARDS, body=ColumnLimitBody)
def put_column_limit(body: ColumnLimitBody, column: str) -> Any:
    """How many cards a column should hold at most."""
    actor, may = acting(), may_without_badge()
    return floor().writer.write(
        lambda tx: board_settings.set_limit(tx, actor, column, body.cards_max, body.badge, may)
    )


@operation("GET", "/order-board/views", Permission.READ_BOARD)
def get_board_views() -> Any:
    """Views people keep."""
    return {"views": floor().read(board_settings.views)}


@operation("POST", "/order-board/views", Permission.TEND_CARDS, body=BoardViewBody, answers={201: "kept"})
def post_board_view(body: BoardViewBody) -> Any:
    """Keep a view."""
    may = may_without_badge()
    kept = floor().writer.write(
        lambda tx: board_settings.keep_view(tx, body.name, body.query, body.badge, may)
    )
    return kept, 201


@operation("POST", "/order-board/views/<int:view>/forget", Permission.TEND_CARDS, body=WhoseBody)
def post_forget_view(body: WhoseBody, view: int) -> Any:
    """Take a view away."""
    may = may_without_badge()
    floor().writer.write(lambda tx: board_settings.forget_view(tx, view, body.badge, may))
    return {"view_id": view}
