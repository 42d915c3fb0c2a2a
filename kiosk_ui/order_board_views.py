"""The order board as a page: drawn on the server, whole without a script; the script only moves cards and keeps it new.

Every form here does what the same operation of the API does. Refuses what the service refuses, in words on the page.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Response, make_response, redirect, render_template, request

from fulfillment.domain.cards import OPEN, PRIORITY_OF, CardAct, Swimlane, Urgency
from fulfillment.domain.orders import OrderState
from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services.ordering import board_settings, order_board, order_moves
from fulfillment.services.releasing import ways
from fulfillment.web.auth import check_proved, floor, may_here, needs
from fulfillment.web.floor_plan import may_without_badge
from fulfillment.web.order_board import FILTERS, hand_of, number_in, sought_in
from fulfillment.web.v1 import acting
from kiosk_ui.forms import age, badge_of
from kiosk_ui.views import blueprint, live_address
from kiosk_ui.words import say, table

SCRIPTED = ("board_script", "card_act", "card_refused", "lane", "board", "card_urgency")
BOARDS = {
    "/order-board": Permission.READ_BOARD, "/stock-board": Permission.READ_STOCK,
    "/inbound-board": Permission.WRITE_RECEIPTS,
}  # fmt: skip
TO_OF = {
    CardAct.HOLD.value: OrderState.HOLD.value, CardAct.GO_ON.value: OrderState.WAITING.value,
    CardAct.RELEASE.value: OrderState.RELEASED.value, CardAct.CANCEL.value: OrderState.CANCELLED.value,
}  # fmt: skip


@blueprint.get("/order-board")
@needs(Permission.READ_BOARD)
def order_board_page() -> str:
    """The whole board with its filters."""
    return _page()


@blueprint.get("/order-board/cells")
@needs(Permission.READ_BOARD)
def order_board_cells() -> Response:
    """Columns and cells alone, for a page that is open; 304 while nothing has changed."""
    sought = sought_in(request.args)
    view = floor().read(lambda tx: order_board.board(tx, sought))
    tag = order_board.etag(view)
    if request.if_none_match.contains(tag):
        answer = Response(status=304)
    else:
        answer = Response(render_template("_order_cells.html", **_drawn(view)))
    answer.set_etag(tag)
    return answer


@blueprint.get("/order-board/cell")
@needs(Permission.READ_BOARD)
def order_board_cell() -> str:
    """More cards of one cell."""
    args = request.args
    sought, limit = sought_in(args), number_in(args, "limit", 40)
    column, lane, after = args.get("column", ""), args.get("lane", ""), args.get("after", "")

    def look(tx: Any) -> dict[str, Any]:
        return {**order_board.cell(tx, sought, column, lane, after, limit), "now_ms": tx.now_ms}

    return render_template("_order_cell.html", **_shown(), **floor().read(look))


@blueprint.post("/order-board/moves")
@needs(Permission.TEND_CARDS)
def move_cards() -> Response | tuple[str, int]:
    """Move the cards chosen, or the one whose menu it was; then what became of each."""
    form, actor = request.form, acting()
    act = form.get("act", "")
    if act == CardAct.CANCEL:
        check_proved()
    try:
        cards = [_seen(text) for text in form.getlist("card")]
        hand = hand_of(badge_of(form.get("badge", "")) or "")
        wish = order_moves.Wish(TO_OF.get(act, ""), act if act in PRIORITY_OF else "", form.get("note", "").strip())
        known = ways.look(floor())
        answers = floor().writer.write(lambda tx: order_moves.move(tx, actor, cards, wish, hand, known))
    except DomainError as error:
        return _page(error), error.status
    if not any(answer["code"] for answer in answers):
        return to_board()
    return _page(answers=answers), 200 if all(answer["outcome"] == "moved" for answer in answers) else 409


@blueprint.post("/order-board/limits")
@needs(Permission.TEND_CARDS)
def limit_column() -> Response | tuple[str, int]:
    """How many cards a column should hold."""
    form, actor, without = request.form, acting(), may_without_badge()
    try:
        badge, cards_max = badge_of(form.get("badge", "")) or "", number_in(form, "limit", 0)
        column = form.get("column", "")
        floor().writer.write(lambda tx: board_settings.set_limit(tx, actor, column, cards_max, badge, without))
    except DomainError as error:
        return _page(error), error.status
    return to_board()


@blueprint.post("/order-board/views")
@needs(Permission.TEND_CARDS)
def keep_view() -> Response | tuple[str, int]:
    """Keep the filters that hold now, or take a view away."""
    form, without = request.form, may_without_badge()

    def work(tx: Any, badge: str) -> None:
        if form.get("view"):
            board_settings.forget_view(tx, number_in(form, "view", 0), badge, without)
        else:
            query = urlencode(filters_of(form.get("back", "")))
            board_settings.keep_view(tx, form.get("name", ""), query, badge, without)

    try:
        badge = badge_of(form.get("badge", "")) or ""
        floor().writer.write(lambda tx: work(tx, badge))
    except DomainError as error:
        return _page(error), error.status
    return to_board()


def to_board() -> Response:
    """The board with the filters a form came from."""
    return make_response(redirect(f"/order-board?{urlencode(filters_of(request.form.get('back', '')))}", 303))


def filters_of(query: str) -> dict[str, str]:
    """The filters in a query we wrote once; whatever else stands in it is dropped."""
    return {name: value for name, value in parse_qsl(query[: board_settings.QUERY_MAX]) if name in FILTERS}


def _seen(text: str) -> order_moves.Seen:
    card, _, version = text.partition(":")
    if not card.isascii() or not card.isdigit() or len(card) > 18:
        raise DomainError("unknown_card", f"no card {text[:40]!r}", "card")
    return order_moves.Seen(int(card), version)


def _page(error: DomainError | None = None, answers: list[dict[str, Any]] | None = None) -> str:
    is_form = request.method == "POST"
    filters = filters_of(request.form.get("back", "")) if is_form else filters_of(request.query_string.decode())
    if is_form:
        try:
            sought = sought_in(filters)
        except DomainError:
            sought = order_board.Sought()  # a form's own mistake is what is told
    else:
        sought = sought_in(filters)

    def look(tx: Any) -> tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]:
        return order_board.board(tx, sought), order_board.choices(tx), board_settings.views(tx)

    view, choices, views = floor().read(look)
    return render_template(
        "order_board.html", **_drawn(view), filters=filters, query=urlencode(filters), options=_options(choices),
        views=views, error=error, answers=[_told(answer) for answer in answers or ()], etag=order_board.etag(view),
        live=live_address(), words={kind: table(kind) for kind in SCRIPTED},
        unfolds=bool({name for name, value in filters.items() if (name, value) != ("days", "1")} - {"q", "lanes"}),
    )  # fmt: skip


def _options(choices: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[tuple[str, str]]]:
    """What each filter can be set to, as value and words."""
    def coded(kind: str) -> list[tuple[str, str]]:
        return [(one["code"], one.get("name") or one["code"]) for one in choices[kind]]

    any_ = ("", say("order_board", "any"))
    return {
        "lanes": [(lanes.value, say("card_lanes", lanes)) for lanes in Swimlane],
        "channel": [any_, *coded("channels")], "carrier": [any_, *coded("carriers")],
        "urgency": [any_, *((urgency.value, say("card_urgency", urgency)) for urgency in Urgency)],
        "owner": [any_, (order_board.NOBODY, say("order_board", "nobody")), *coded("operators")],
        "label": [any_, *coded("labels")],
        "act": [(act, say("card_act", act)) for act in (*TO_OF, *PRIORITY_OF)],
        "column": [(column.value, say("lane", column)) for column in OPEN],
    }  # fmt: skip


def _told(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer with where the card may go, in words."""
    return {**answer, "may_go": ", ".join(say("lane", column) for column in answer["ways"])}


def _drawn(view: Mapping[str, Any]) -> dict[str, Any]:
    return {"view": view, "now_ms": view["now_ms"], **_shown()}


def _shown() -> dict[str, Any]:
    return {
        "may_tend": may_here(Permission.TEND_CARDS), "needs_badge": not may_without_badge(),
        "urgencies": list(Urgency),
        "back": urlencode(filters_of(request.form.get("back", "") or request.query_string.decode())),
    }  # fmt: skip


@blueprint.app_template_global()
def may_open(address: str) -> bool:
    """Whether this token sees another board."""
    return may_here(BOARDS[address])


@blueprint.app_template_global()
def time_span(ms: int) -> str:
    """So long, in words."""
    return age(ms)


@blueprint.app_template_global()
def card_mark(card: Mapping[str, Any]) -> str:
    """Another one when anything on the card is another: the script then draws it anew."""
    return f"{zlib.crc32(json.dumps(card, sort_keys=True).encode()):08x}"


@blueprint.app_template_global()
def lane_name(by: str, lane: str) -> str:
    """A swimlane as people call it."""
    if by == Swimlane.PRIORITY:
        return say("card_urgency", lane)
    if by == Swimlane.CUT_OFF:
        carrier, _, when = lane.rpartition("|")
        return " · ".join(part for part in (carrier, say("card_cut_off", when)) if part)
    return lane
