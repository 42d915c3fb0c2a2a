"""What a supervisor decides about a carrier label that no program may decide about.

`found`: it was bought, and this is its number; `buy_again`: it was not (or who cares: the first is listed until
somebody has looked at the bill); `give_up`: no label from us. Each decision is written with who took it.
"""

from __future__ import annotations

import re
from typing import Any

from fulfillment.domain.effects import LabelDecision, LabelState
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.packing import parcels
from fulfillment.services.shipping import carrier_calls, carrier_labels
from fulfillment.services.shipping.carrier_service import Bought
from fulfillment.services.stock.lookup import decider

_DECIDED_IN = (LabelState.UNCERTAIN, LabelState.REFUSED, LabelState.TO_VOID, LabelState.ABANDONED)


def decide(
    tx: Tx, actor: Actor, reference: str, decision: str, badge: str, tracking_number: str = "", cost_minor: int = 0
) -> dict[str, Any]:  # fmt: skip
    """Apply a supervisor's decision about a label; returns the label as it stands then.

    Raises:
        NotFound: no such label; DomainError: not a supervisor's badge, or `found` without a number;
        Conflict: the label needs no decision, or not this one.
    """
    label = tx.one("SELECT * FROM carrier_label WHERE warehouse_id = :w AND reference = :r", r=reference)
    if label is None:
        raise NotFound("unknown_label", f"no carrier label {reference[:60]!r}", "reference")
    if decision not in {word.value for word in LabelDecision}:
        raise DomainError("bad_decision", f"no decision {decision[:40]!r}", "decision")
    person_id = _supervisor(tx, badge)
    effect = tx.one("SELECT id, state FROM outbox WHERE warehouse_id = :w AND dedupe_key = :r", r=reference)
    if label["state"] not in _DECIDED_IN or effect["state"] not in ("uncertain", "failed", "superseded"):
        raise Conflict("label_decided", f"this label is {label['state']}")
    tx.put(
        "UPDATE carrier_label SET decision = :decision, decided_by_id = :person, decided_at_ms = :now"
        " WHERE warehouse_id = :w AND id = :id",
        id=label["id"], decision=decision, person=person_id, now=tx.now_ms,
    )  # fmt: skip
    match decision:
        case LabelDecision.FOUND:
            _found(tx, label, effect["id"], tracking_number, cost_minor)
        case LabelDecision.BUY_AGAIN:
            _buy_again(tx, label)
        case LabelDecision.GIVE_UP:
            _give_up(tx, label)
    tell(tx, "labels", "LabelDecided", reference=reference, decision=decision)
    return describe(tx, reference)


def describe(tx: Tx, reference: str) -> dict[str, Any]:
    """One label as the API shows it."""
    number = tx.one(
        "SELECT p.number FROM carrier_label l JOIN parcel p ON p.warehouse_id = l.warehouse_id AND p.id = l.parcel_id"
        " WHERE l.warehouse_id = :w AND l.reference = :r",
        r=reference,
    )["number"]
    return next(row for row in carrier_labels.listed(tx, parcel=number, limit=1000) if row["reference"] == reference)


def _found(tx: Tx, label: Any, effect_id: int, tracking_number: str, cost_minor: int) -> None:
    if label["state"] == LabelState.REFUSED:
        raise Conflict("label_refused", "the carrier has said that it made no label of this")
    tracking_number = tracking_number or label["tracking_number"]
    if not re.fullmatch(r"[\x21-\x7e]{1,60}", tracking_number):
        raise DomainError("bad_tracking_number", "the tracking number on the carrier's label", "tracking_number")
    tx.put(
        "UPDATE outbox SET state = 'confirmed', result = :tracking, done_at_ms = :now WHERE warehouse_id = :w"
        " AND id = :id",
        id=effect_id, tracking=tracking_number, now=tx.now_ms,
    )  # fmt: skip
    cost_minor = cost_minor or label["cost_minor"]
    found = Bought(tracking_number, cost_minor, label["currency"], label["content"])
    carrier_calls.write_bought(tx, label["id"], found)


def _buy_again(tx: Tx, label: Any) -> None:
    if label["state"] in (LabelState.TO_VOID, LabelState.ABANDONED):
        raise Conflict("label_not_wanted", "its parcel waits for no label of this reference")
    _leave(tx, label)
    parcels.buy_label(tx, label["parcel_id"])


def _give_up(tx: Tx, label: Any) -> None:
    if label["state"] == LabelState.ABANDONED:
        raise Conflict("label_decided", "this label was given up")
    _leave(tx, label)


def _leave(tx: Tx, label: Any) -> None:
    """Deal with it no more. What may have been paid for stays in the list of orphans."""
    if label["state"] == LabelState.REFUSED:
        carrier_labels.drop(tx, label)
        return
    tx.put(
        "UPDATE carrier_label SET state = 'abandoned', ended_at_ms = :now WHERE warehouse_id = :w AND id = :id",
        id=label["id"], now=tx.now_ms,
    )  # fmt: skip
    tx.put(
        "UPDATE outbox SET state = 'superseded', done_at_ms = :now WHERE warehouse_id = :w"
        " AND dedupe_key IN (:buying, :voiding) AND state IN ('held', 'uncertain', 'failed')",
        buying=label["reference"], voiding=f"void:{label['reference']}", now=tx.now_ms,
    )  # fmt: skip


def _supervisor(tx: Tx, badge: str) -> int:
    return int(decider(tx, badge, "decides over a carrier's label")["id"])
