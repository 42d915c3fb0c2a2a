"""Cards moved on the order board: each move is a command of the order's own state machine, or is refused with a reason.

Owns no state. A card that changed since it was looked at stays where it is. Invariant: every card asked for gets an
answer of its own, and one that is refused leaves nothing behind and keeps none of the others back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.cards import PRIORITY_OF, CardAct, EntryKind, MoveRefused, Urgency, decide_move, ways
from fulfillment.domain.orders import OrderState
from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.ordering import order_board, order_cards, orders
from fulfillment.services.releasing import waves
from fulfillment.services.releasing.ways import NOTHING, Known
from fulfillment.services.stock.lookup import decider

CARDS_MAX = 200
NOTE_MAX = 500

_NEEDS: Mapping[CardAct, Permission] = {
    CardAct.HOLD: Permission.WRITE_ORDERS, CardAct.GO_ON: Permission.WRITE_ORDERS,
    CardAct.CANCEL: Permission.WRITE_ORDERS, CardAct.PRIORITY: Permission.WRITE_ORDERS,
    CardAct.RELEASE: Permission.RELEASE_WAVES,
}  # fmt: skip
_WAITS_IN_ITS_WAVE = (MoveRefused.WAITS_FOR_OPENING, OrderState.RELEASED)


@dataclass(frozen=True)
class Seen:
    """A card as somebody looked at it."""

    card: int
    version: str


@dataclass(frozen=True)
class Wish:
    """Where cards are to go: a column (`to`), an urgency, or both as when one is dragged into another swimlane.

    `is_fixed_lane`: it was dragged into a swimlane that no command leads to.
    """

    to: str = ""
    urgency: str = ""
    note: str = ""
    is_fixed_lane: bool = False


@dataclass(frozen=True)
class Hand:
    """Who moves them: what their token may, or a supervisor's badge."""

    permissions: frozenset[Permission]
    badge: str = ""


def move(
    tx: Tx, actor: Actor, cards: Sequence[Seen], wish: Wish, hand: Hand, known: Known = NOTHING
) -> list[dict[str, Any]]:
    """Move cards; an answer for each, in the order asked: `moved`, or `refused` with a code and where it may go.

    One moved into a wave whose goods lie behind a closed stretch has the code `waits_for_opening` all the same.
    `known`: what `ways.look` found before this transaction.

    Raises:
        DomainError: no card or too many, no such column, a badge that may not.
    """
    _check(cards, wish)
    person_id = decider(tx, hand.badge, "moves cards")["id"] if hand.badge else None
    order_cards.lock(tx, (seen.card for seen in cards if seen.card < 2**63))
    rows = order_board.heads(tx, (seen.card for seen in cards if seen.card < 2**63))
    ambiguous = _ambiguous(tx, rows)
    codes: dict[int, tuple[str, str]] = {}
    releasing: list[dict[str, Any]] = []
    for seen in cards:
        row = rows.get(seen.card)
        if row is None:
            codes[seen.card] = ("unknown_card", "")
            continue
        refused = _judge(row, seen, wish, hand, person_id)
        if refused:
            codes[seen.card] = (refused, "")
        elif wish.to == OrderState.RELEASED and row["number"] in ambiguous:
            codes[seen.card] = ("ambiguous_order", "")
        elif wish.to == OrderState.RELEASED:
            releasing.append(row)
        else:
            error = _act(tx, actor, row, wish, person_id)
            if error:
                codes[seen.card] = (error.code, error.detail)
    codes.update(_release(tx, actor, releasing, wish, person_id, known))
    return _answers(tx, cards, rows, codes)


def _check(cards: Sequence[Seen], wish: Wish) -> None:
    if not 1 <= len(cards) <= CARDS_MAX:
        raise DomainError("bad_cards", f"1 to {CARDS_MAX} cards at once", "cards")
    if len({seen.card for seen in cards}) < len(cards):
        raise DomainError("bad_cards", "a card is named twice", "cards")
    if wish.to and wish.to not in tuple(OrderState):
        raise DomainError("bad_column", f"no column {wish.to[:40]!r}", "to")
    if wish.urgency and wish.urgency not in tuple(Urgency):
        raise DomainError("bad_urgency", f"one of {', '.join(Urgency)}", "urgency")
    if not wish.to and not wish.urgency:
        raise DomainError("bad_column", "say where to: a column or an urgency", "to")
    if len(wish.note) > NOTE_MAX:
        raise DomainError("bad_note", f"at most {NOTE_MAX} characters", "note")


def _judge(row: Mapping[str, Any], seen: Seen, wish: Wish, hand: Hand, person_id: int | None) -> str:
    """Why a card may not be moved so; '' = it may, as far as can be said before its command is carried out."""
    if order_board.version(row) != seen.version:
        return MoveRefused.STALE
    if wish.is_fixed_lane:
        return MoveRefused.FIXED_LANE
    acts: list[CardAct] = [CardAct.PRIORITY] if wish.urgency else []
    if wish.to and (wish.to != row["state"] or not wish.urgency):
        decided = decide_move(row["state"], wish.to)
        if isinstance(decided, MoveRefused):
            return decided
        if decided == CardAct.RELEASE and row["blocked_because"]:
            return MoveRefused.BLOCKED
        acts.append(decided)
    if person_id is None and any(_NEEDS[act] not in hand.permissions for act in acts):
        return "not_allowed"
    return ""


def _act(tx: Tx, actor: Actor, row: dict[str, Any], wish: Wish, person_id: int | None) -> DomainError | None:
    """Carry the commands out, or leave no trace of them."""
    try:
        with tx.savepoint():
            _prioritise(tx, actor, row, wish.urgency)
            if wish.to and wish.to != row["state"]:
                act = decide_move(row["state"], wish.to)
                number, channel = row["number"], row["channel"]
                if act == CardAct.HOLD:
                    orders.hold(tx, actor, number, wish.note, channel)
                elif act == CardAct.GO_ON:
                    orders.release_hold(tx, actor, number, channel)
                else:
                    orders.cancel(tx, actor, number, channel)
            _written(tx, actor, row, wish, person_id)
    except DomainError as error:
        return error
    return None


def _release(
    tx: Tx, actor: Actor, rows: Sequence[dict[str, Any]], wish: Wish, person_id: int | None, known: Known
) -> dict[int, tuple[str, str]]:
    """One wave of all of them: why some stay behind, by card; and what those wait for that go with it all the same."""
    if not rows:
        return {}
    try:
        with tx.savepoint():
            wave = waves.release(tx, actor, [row["number"] for row in rows], known=known)
            told = {
                **dict.fromkeys(wave["waiting_for_replenishment"], MoveRefused.WAITS_FOR_REFILL),
                **dict.fromkeys(wave["waiting_for_opening"], MoveRefused.WAITS_FOR_OPENING),
            }
            # After the release, for a card that stays must not have changed; the planner reads priorities later still.
            now = order_board.heads(tx, (row["card"] for row in rows))
            for row in rows:
                if now[row["card"]]["state"] != row["state"]:
                    _prioritise(tx, actor, row, wish.urgency)
                    _written(tx, actor, row, wish, person_id)
    except DomainError as error:
        return {row["card"]: (error.code, error.detail) for row in rows}
    return {row["card"]: (told[row["number"]], "") for row in rows if row["number"] in told}


def _prioritise(tx: Tx, actor: Actor, row: Mapping[str, Any], urgency: str) -> None:
    if urgency:
        orders.change(tx, actor, row["number"], {"priority": PRIORITY_OF[urgency]}, row["channel"])


def _written(tx: Tx, actor: Actor, row: dict[str, Any], wish: Wish, person_id: int | None) -> None:
    order_cards.touch(tx, row)
    now = order_board.heads(tx, [row["card"]])[row["card"]]
    if now["state"] != row["state"]:
        order_cards.note(tx, actor, row["card"], EntryKind.MOVED, person_id, row["state"], now["state"], wish.note)
    if now["priority"] != row["priority"]:
        order_cards.note(
            tx, actor, row["card"], EntryKind.MOVED, person_id, _priority(row), _priority(now), wish.note
        )


def _priority(row: Mapping[str, Any]) -> str:
    return f"{CardAct.PRIORITY}:{row['priority']}"


def _ambiguous(tx: Tx, rows: Mapping[int, Mapping[str, Any]]) -> set[str]:
    """Numbers that orders of several channels have: a wave is asked for by number."""
    found = tx.all(
        "SELECT number FROM sales_order WHERE warehouse_id = :w AND number IN"
        f" ({', '.join(f':number_{place}' for place in range(len(rows)))}) GROUP BY number HAVING COUNT(*) > 1",
        **{f"number_{place}": row["number"] for place, row in enumerate(rows.values())},
    ) if rows else ()  # fmt: skip
    return {row["number"] for row in found}


def _answers(
    tx: Tx, cards: Sequence[Seen], rows: Mapping[int, Mapping[str, Any]], codes: Mapping[int, tuple[str, str]]
) -> list[dict[str, Any]]:
    now = order_board.heads(tx, rows)
    answers = []
    for seen in cards:
        code, detail = codes.get(seen.card, ("", ""))
        row = now.get(seen.card)
        is_moved = not code or bool(row and (code, row["state"]) == _WAITS_IN_ITS_WAVE)
        answers.append(
            {
                "card": seen.card, "outcome": "moved" if is_moved else "refused", "code": code, "detail": detail,
                "number": row["number"] if row else "", "state": row["state"] if row else "",
                "version": order_board.version(row) if row else "",
                "ways": {to.value: act.value for to, act in ways(row["state"]).items()} if row else {},
            }
        )  # fmt: skip
    return answers
