"""What people write on an order's card: owner, due time, labels, comments, and what it waits for.

Owns `order_card`, `order_card_label` and `order_card_entry`; each change is an entry that stays. Refuses a change of a
card that is not any more what whoever changes it has seen. Invariant: where a card stands is never written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.cards import BlockedBecause, EntryKind
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.row_sets import among, numbers
from fulfillment.services.common.running import tell
from fulfillment.services.ordering import order_board
from fulfillment.services.stock.lookup import author_id, person

TEXT_MAX = 2_000
LABEL_MAX = 40
LABELS_MAX = 12


@dataclass(frozen=True)
class Change:
    """What is to be another; None stays as it is. `owner` '' = nobody's, `due_at_ms` 0 = its cut-off again,
    `blocked_because` '' = not any more."""

    owner: str | None = None
    due_at_ms: int | None = None
    labels: Sequence[str] | None = None
    blocked_because: str | None = None
    blocked_note: str = ""


def change(
    tx: Tx, actor: Actor, card: int, seen: str, wanted: Change, badge: str = "", may_without_badge: bool = False
) -> dict[str, Any]:  # fmt: skip
    """Write on a card; `seen` is its version as it was looked at.

    Raises:
        NotFound: no such card or owner; Conflict: `stale`; DomainError: a badge, label or reason that makes no sense.
    """
    person_id = author_id(tx, badge, may_without_badge)
    row = locked(tx, card)
    if order_board.version(row) != seen:
        raise Conflict("stale", f"order {row['number']} was changed since it was looked at", "version")
    touch(tx, row)
    if wanted.owner is not None:
        _own(tx, actor, row, wanted.owner, person_id)
    if wanted.due_at_ms is not None:
        due = wanted.due_at_ms or None
        if due != row["due_at_ms"]:
            _put(tx, card, due_at_ms=due)
            note(tx, actor, card, EntryKind.DUE, person_id, str(row["due_at_ms"] or ""), str(due or ""))
    if wanted.labels is not None:
        _label(tx, actor, card, wanted.labels, person_id)
    if wanted.blocked_because is not None:
        _block(tx, actor, row, wanted.blocked_because, wanted.blocked_note, person_id)
    tell(tx, "board", "CardChanged", actor.scan_id, order=row["number"])
    return shown(tx, card)


def comment(
    tx: Tx, actor: Actor, card: int, text: str, badge: str = "", may_without_badge: bool = False
) -> dict[str, Any]:
    """Say something about an order, whatever became of it meanwhile; what is said stays.

    Raises:
        NotFound: no such card; DomainError: nothing is said, or too much, or by nobody.
    """
    person_id = author_id(tx, badge, may_without_badge)
    row = locked(tx, card)
    if not 0 < len(text.strip()) <= TEXT_MAX:
        raise DomainError("bad_comment", f"1 to {TEXT_MAX} characters", "text")
    note(tx, actor, card, EntryKind.COMMENT, person_id, said=text.strip())
    tell(tx, "board", "CardChanged", actor.scan_id, order=row["number"])
    return shown(tx, card)


def shown(tx: Tx, card: int) -> dict[str, Any]:
    """One card as the board shows it.

    Raises:
        NotFound: no such card.
    """
    return order_board.full_cards(tx, [_head(tx, card)])[0]


def locked(tx: Tx, card: int) -> dict[str, Any]:
    """The row of a card that nobody else changes until this transaction ends.

    Raises:
        NotFound: no such card.
    """
    _head(tx, card)
    lock(tx, [card])
    return _head(tx, card)


def lock(tx: Tx, cards: Iterable[int]) -> None:
    """Have others who want to change these orders wait: what is read of them afterwards stays true."""
    tx.run(
        f"UPDATE sales_order SET priority = priority WHERE warehouse_id = :w AND {among(tx, 'id', 'ids')}",
        ids=numbers(tx, sorted(set(cards))),
    )


def touch(tx: Tx, row: dict[str, Any]) -> None:
    """Count a change of a card that is locked."""
    known = tx.run(
        "UPDATE order_card SET version = version + 1 WHERE warehouse_id = :w AND order_id = :card", card=row["card"]
    )
    if not known:
        tx.insert("order_card", order_id=row["card"], version=1)


def note(
    tx: Tx, actor: Actor, card: int, kind: EntryKind, person_id: int | None, was: str = "", said: str = "",
    why: str = "",
) -> None:  # fmt: skip
    """Add to a card's history."""
    tx.add(
        "order_card_entry", order_id=card, kind=kind, was=was, said=said, note=why,
        operator_id=person_id, station_id=actor.station_id, recorded_at_ms=tx.now_ms,
    )  # fmt: skip


def _head(tx: Tx, card: int) -> dict[str, Any]:
    row = order_board.heads(tx, [card]).get(card) if card < 2**63 else None
    if row is None:
        raise NotFound("unknown_card", f"no card {card}")
    return row


def _own(tx: Tx, actor: Actor, row: dict[str, Any], owner: str, person_id: int | None) -> None:
    known = person(tx, owner) if owner else None
    if owner and known is None:
        raise DomainError("unknown_owner", f"nobody is {owner[:40]!r}", "owner")
    number = f"#{known['id']}" if known else ""
    if number == row["owner"]:
        return
    _put(tx, row["card"], owner_id=known["id"] if known else None)
    name = known["name"] or number if known else ""
    note(tx, actor, row["card"], EntryKind.OWNER, person_id, row["owner_name"] or row["owner"], name)


def _label(tx: Tx, actor: Actor, card: int, labels: Sequence[str], person_id: int | None) -> None:
    wanted = sorted({" ".join(label.split()) for label in labels} - {""})
    if len(wanted) > LABELS_MAX or any(len(label) > LABEL_MAX or not label.isprintable() for label in wanted):
        raise DomainError("bad_labels", f"up to {LABELS_MAX} labels of 1 to {LABEL_MAX} characters", "labels")
    rows = tx.all(
        "SELECT label FROM order_card_label WHERE warehouse_id = :w AND order_id = :card ORDER BY label", card=card
    )
    before = [row["label"] for row in rows]
    for gone in set(before) - set(wanted):
        tx.put(
            "DELETE FROM order_card_label WHERE warehouse_id = :w AND order_id = :card AND label = :label",
            card=card, label=gone,
        )  # fmt: skip
    for label in sorted(set(wanted) - set(before)):
        tx.add("order_card_label", order_id=card, label=label)
    if wanted != before:
        note(tx, actor, card, EntryKind.LABELS, person_id, ", ".join(before), ", ".join(wanted))


def _block(
    tx: Tx, actor: Actor, row: dict[str, Any], because: str, why: str, person_id: int | None
) -> None:
    if because and because not in tuple(BlockedBecause):
        raise DomainError("bad_reason", f"one of {', '.join(BlockedBecause)}", "blocked_because")
    if len(why) > TEXT_MAX:
        raise DomainError("bad_comment", f"at most {TEXT_MAX} characters", "blocked_note")
    was = row["blocked_because"]
    if (because, why.strip()) == (was, row["blocked_note"]):
        return
    # Waiting for something else now: the clock goes on, for the order has been standing all the time.
    since = (row["blocked_since_ms"] if was else tx.now_ms) if because else None
    _put(
        tx, row["card"], blocked_because=because, blocked_note=why.strip() if because else "", blocked_since_ms=since
    )
    kind = EntryKind.BLOCKED if because else EntryKind.UNBLOCKED
    note(tx, actor, row["card"], kind, person_id, was, because, why.strip())


def _put(tx: Tx, card: int, **values: Any) -> None:
    sets = ", ".join(f"{column} = :{column}" for column in values)
    tx.put(f"UPDATE order_card SET {sets} WHERE warehouse_id = :w AND order_id = :card", card=card, **values)
