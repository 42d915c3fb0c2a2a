"""One order's card as a page: what is written on it, what happened to the order, and forms to write more.

Plain forms that work without a script. Refuses what the service refuses, in words on the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, make_response, redirect, render_template, request

from fulfillment.domain.cards import BlockedBecause, EntryKind, Urgency
from fulfillment.domain.orders import OrderState
from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.domain.roles import Permission
from fulfillment.services.ordering import card_story, order_board, order_cards
from fulfillment.web.auth import floor, may_here, needs
from fulfillment.web.floor_plan import may_without_badge
from fulfillment.web.v1 import acting
from kiosk_ui.figures import moment
from kiosk_ui.forms import badge_of
from kiosk_ui.views import blueprint
from kiosk_ui.words import say


@blueprint.get("/order-board/cards/<int:card>")
@needs(Permission.READ_BOARD)
def order_card_page(card: int) -> str:
    """A card, whole."""
    return _page(card)


@blueprint.post("/order-board/cards/<int:card>")
@needs(Permission.TEND_CARDS)
def write_on_card(card: int) -> Response | tuple[str, int]:
    """Write on it: facts, a comment, or what it waits for; then the card as it is now."""
    form, actor, without = request.form, acting(), may_without_badge()

    def work(tx: Any, badge: str) -> None:
        if form.get("act") == "comment":
            order_cards.comment(tx, actor, card, form.get("text", ""), badge, without)
            return
        change = _wanted(form, _zone(tx))
        order_cards.change(tx, actor, card, form.get("version", ""), change, badge, without)

    try:
        badge = badge_of(form.get("badge", "")) or ""
        floor().writer.write(lambda tx: work(tx, badge))
    except NotFound:
        raise
    except DomainError as error:
        return _page(card, error), error.status
    return make_response(redirect(f"/order-board/cards/{card}", 303))


def _wanted(form: Mapping[str, str], zone: ZoneInfo) -> order_cards.Change:
    if form.get("act") == "block":
        because = form.get("because", "")
        if not because:
            raise DomainError("bad_reason", "say what it waits for", "because")
        return order_cards.Change(blocked_because=because, blocked_note=form.get("why", ""))
    if form.get("act") == "unblock":
        return order_cards.Change(blocked_because="", blocked_note=form.get("why", ""))
    return order_cards.Change(
        owner=form.get("owner", ""), due_at_ms=_due_ms(form.get("due", ""), zone),
        labels=form.get("labels", "").split(","),
    )  # fmt: skip


def _due_ms(text: str, zone: ZoneInfo) -> int:
    """A moment as a page's field writes it, in the floor's own time; '' = none."""
    if not text:
        return 0
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise DomainError("bad_time", f"{text[:40]!r} is no time", "due") from error
    if not 2000 <= at.year < 9000:
        raise DomainError("bad_time", f"the year {at.year} is none of ours", "due")
    return int((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp() * 1000)


def _zone(tx: Any) -> ZoneInfo:
    return ZoneInfo(tx.one("SELECT time_zone FROM warehouse WHERE id = :w")["time_zone"])


def _page(number: int, error: DomainError | None = None) -> str:
    def look(tx: Any) -> tuple[dict[str, Any], dict[str, Any], ZoneInfo, int]:
        return card_story.describe(tx, number), order_board.choices(tx), _zone(tx), tx.now_ms

    card, choices, zone, now_ms = floor().read(look)
    due = card["due_at_ms"]
    return render_template(
        "order_card.html", card=card, error=error, operators=choices["operators"], labels=choices["labels"],
        now_ms=now_ms, reasons=list(BlockedBecause), urgencies=list(Urgency), needs_badge=not may_without_badge(),
        may_tend=may_here(Permission.TEND_CARDS), back="",
        due=datetime.fromtimestamp(due / 1000, zone).strftime("%Y-%m-%dT%H:%M") if due else "",
        story=[{**line, "when": moment(line["at_ms"], zone), "said": _said(line, zone)} for line in card["story"]],
        comments=[{**line, "when": moment(line["at_ms"], zone)} for line in card["comments_said"]],
        stages=[(one["stage"], moment(one["at_ms"], zone) if one["at_ms"] is not None else "–")
                for one in card["stages"]],
    )  # fmt: skip


def _said(line: dict[str, Any], zone: ZoneInfo) -> str:
    """What an entry says, in words: from what to what."""
    words = [_word(line["what"], text, zone) for text in (line["was"], line["said"]) if text]
    return " → ".join(words)


def _word(kind: str, text: str, zone: ZoneInfo) -> str:
    if kind == EntryKind.MOVED:
        act, _, priority = text.partition(":")
        return f"{say('order_board', 'urgency')} {priority}" if priority else say("lane", OrderState(act))
    if kind == EntryKind.DUE:
        return moment(int(text), zone)
    return say("card_blocked", text) if kind in (EntryKind.BLOCKED, EntryKind.UNBLOCKED) else text
