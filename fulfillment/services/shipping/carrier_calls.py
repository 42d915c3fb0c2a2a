"""Calls to carriers as rows: claim with a lease and a fence, keep that a call begins, record what it came to.

The rules of prints hold here too: what is written names the fence it was claimed with, and a lease that ran out
before the call leaves it open. One that ran out while calling leaves the label unknown: it is looked up, and bought
again only where that cannot buy a second one; else a person decides. An answer that comes too late for its fence is
kept as evidence and decides nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.buying import Promises, look_up_after_ms
from fulfillment.domain.effects import EffectKind, EffectState, Heard, LabelState
from fulfillment.hot import Tx
from fulfillment.services.common.running import tell
from fulfillment.services.packing import parcels
from fulfillment.services.shipping import carrier_labels
from fulfillment.services.shipping.carrier_service import Bought
from fulfillment.services.working.claimants import this_process

LEASE_MS = 45_000  # longer than a call may take
BACKOFF_MS = (500, 1_000, 2_000, 5_000, 15_000, 60_000)
VOIDS_MAX = 8

_KINDS = "kind IN ('buy_label', 'void_label')"


@dataclass(frozen=True)
class Call:
    """A call this worker may make until its lease ends."""

    effect_id: int
    fence: int
    attempts: int
    kind: str
    parcel: str
    reference: str
    request: Mapping[str, Any]
    label_id: int
    is_wanted: bool
    heard: str
    looked_up: int
    tracking_number: str
    url: str
    token_file: str
    promises: Promises


def due_carriers(tx: Tx) -> set[str]:
    """Codes of the carriers that have something to be asked now, or a call whose worker went silent."""
    rows = tx.all(
        f"SELECT DISTINCT template FROM outbox WHERE warehouse_id = :w AND {_KINDS} AND ((state IN ('queued', 'held')"
        " AND run_after_ms <= :now) OR (state IN ('claimed', 'sending') AND lease_until_ms <= :now))",
        now=tx.now_ms,
    )
    return {row["template"] for row in rows}


def claim(tx: Tx, carrier: str, lease_ms: int = LEASE_MS) -> Call | None:
    """The next due call to a carrier; one that waits for its turn to be tried again holds no other up."""
    end_leases(tx)
    row = tx.one(
        f"SELECT * FROM outbox WHERE warehouse_id = :w AND {_KINDS} AND template = :carrier"
        " AND state IN ('queued', 'held') AND run_after_ms <= :now ORDER BY id LIMIT 1",
        carrier=carrier, now=tx.now_ms,
    )  # fmt: skip
    if row is None:
        return None
    taken = tx.run(
        "UPDATE outbox SET state = 'claimed', fence = fence + 1, attempts = attempts + 1, lease_until_ms = :lease,"
        " claimed_by = :me WHERE warehouse_id = :w AND id = :id AND fence = :fence AND state IN ('queued', 'held')",
        id=row["id"], fence=row["fence"], lease=tx.now_ms + lease_ms, me=this_process(),
    )  # fmt: skip
    if taken != 1:
        return None
    request = json.loads(row["fields"])
    label = tx.one(
        "SELECT l.*, c.service_url, c.service_token_file, c.service_can_look_up, c.service_keeps_keys"
        " FROM carrier_label l JOIN carrier c ON c.warehouse_id = l.warehouse_id AND c.id = l.carrier_id"
        " WHERE l.warehouse_id = :w AND l.reference = :reference",
        reference=request["reference"],
    )
    # One silence counts for ever: a call that was answered later tells nothing about one still on its way.
    is_wanted = label["state"] == LabelState.WANTED
    heard = Heard.SILENT if label["silences"] and (label["heard"] or not is_wanted) else label["heard"]
    return Call(
        row["id"], row["fence"] + 1, row["attempts"] + 1, row["kind"], row["subject"], label["reference"], request,
        label["id"], is_wanted, heard, label["looked_up"],
        label["tracking_number"], label["service_url"], label["service_token_file"],
        Promises(bool(label["service_can_look_up"]), bool(label["service_keeps_keys"])),
    )  # fmt: skip


def end_leases(tx: Tx) -> int:
    """Calls whose worker went silent: those not begun are open again, those begun have an unknown outcome."""
    ended = tx.run(
        f"UPDATE outbox SET state = 'queued' WHERE warehouse_id = :w AND {_KINDS} AND state = 'claimed'"
        " AND lease_until_ms <= :now",
        now=tx.now_ms,
    )  # fmt: skip
    lost = tx.all(
        f"SELECT id, kind, dedupe_key FROM outbox WHERE warehouse_id = :w AND {_KINDS} AND state = 'sending'"
        " AND lease_until_ms <= :now",
        now=tx.now_ms,
    )
    for row in lost:
        if row["kind"] == EffectKind.BUY_LABEL:
            tx.put(
                "UPDATE carrier_label SET heard = 'silent', silences = silences + 1"
                " WHERE warehouse_id = :w AND reference = :reference",
                reference=row["dedupe_key"],
            )
        # Voiding twice is voiding once, and looking up buys nothing: whoever claims it next knows what to ask.
        tx.put(
            "UPDATE outbox SET state = 'held', result = 'lease ended while calling', run_after_ms = :now"
            " WHERE warehouse_id = :w AND id = :id AND state = 'sending'",
            id=row["id"], now=tx.now_ms,
        )  # fmt: skip
    return ended + len(lost)


def start_calling(tx: Tx, call: Call, lease_ms: int = LEASE_MS) -> bool:
    """Keep that a call begins, before its first byte leaves; False when it is not ours or not wanted any more."""
    kept = tx.run(
        "UPDATE outbox SET state = 'sending', lease_until_ms = :lease WHERE warehouse_id = :w AND id = :id"
        " AND fence = :fence AND state = 'claimed'",
        id=call.effect_id, fence=call.fence, lease=tx.now_ms + lease_ms,
    )  # fmt: skip
    return kept == 1


def record_bought(tx: Tx, call: Call, bought: Bought) -> bool:
    """There is a label: its print is intended in this transaction, or its voiding when nobody wants it any more."""
    if not _end(tx, call, EffectState.CONFIRMED, bought.tracking_number):
        keep_evidence(tx, call, bought)
        return False
    write_bought(tx, call.label_id, bought)
    return True


def write_bought(tx: Tx, label_id: int, bought: Bought) -> None:
    """What a carrier's label is and costs; whoever found it out."""
    tx.put(
        "UPDATE carrier_label SET state = CASE WHEN state IN ('wanted', 'uncertain') THEN 'bought' ELSE 'to_void' END,"
        " tracking_number = :tracking, cost_minor = :cost, currency = :currency, content = :content,"
        " bought_at_ms = :now, ended_at_ms = NULL, detail = '' WHERE warehouse_id = :w AND id = :id",
        id=label_id, tracking=bought.tracking_number, cost=bought.cost_minor, currency=bought.currency,
        content=bought.content, now=tx.now_ms,
    )  # fmt: skip
    label = tx.one("SELECT * FROM carrier_label WHERE warehouse_id = :w AND id = :id", id=label_id)
    if label["state"] == LabelState.BOUGHT:
        parcels.print_bought_label(tx, label["parcel_id"])
        tell(tx, "labels", "LabelBought", reference=label["reference"], tracking=label["tracking_number"])
    else:
        carrier_labels.queue_void(tx, label)


def keep_evidence(tx: Tx, call: Call, bought: Bought) -> None:
    """The carrier answered a call whose lease had ended: who has to decide shall see it, and nobody else acts on it.

    One that was given up meanwhile is known to be paid for now, so it is to be voided.
    """
    tx.put(
        "UPDATE carrier_label SET tracking_number = :tracking, cost_minor = :cost, currency = :currency,"
        " content = :content, detail = 'answered after the lease had ended' WHERE warehouse_id = :w AND id = :id"
        " AND tracking_number = ''",
        id=call.label_id, tracking=bought.tracking_number, cost=bought.cost_minor, currency=bought.currency,
        content=bought.content,
    )  # fmt: skip
    given_up = tx.one(
        "SELECT * FROM carrier_label WHERE warehouse_id = :w AND id = :id AND state = 'abandoned'"
        " AND tracking_number = :tracking",
        id=call.label_id, tracking=bought.tracking_number,
    )  # fmt: skip
    if given_up is not None:
        write_bought(tx, call.label_id, bought)
    tell(tx, "labels", "LabelAnsweredLate", reference=call.reference, tracking=bought.tracking_number)


def record_declined(tx: Tx, call: Call, reason: str) -> bool:
    """The carrier will not have it as it is, and nothing was bought: a person changes something or gives up."""
    before = tx.one("SELECT silences FROM carrier_label WHERE warehouse_id = :w AND id = :id", id=call.label_id)
    if before["silences"]:
        # It was asked before and silent: that call may still arrive and be taken.
        return record_uncertain(tx, call, Heard.SILENT, reason)
    if not _end(tx, call, EffectState.FAILED, reason):
        return False
    tx.put(
        "UPDATE carrier_label SET state = CASE state WHEN 'wanted' THEN 'refused' ELSE 'dropped' END,"
        " detail = :reason, ended_at_ms = :now WHERE warehouse_id = :w AND id = :id",
        id=call.label_id, reason=reason, now=tx.now_ms,
    )  # fmt: skip
    return True


def record_nothing_bought(tx: Tx, call: Call, reason: str) -> bool:
    """Nobody wants it any more and the carrier has none: that is the end of it."""
    if not _end(tx, call, EffectState.SUPERSEDED, reason):
        return False
    tx.put(
        "UPDATE carrier_label SET state = 'dropped', detail = :reason, ended_at_ms = :now WHERE warehouse_id = :w"
        " AND id = :id",
        id=call.label_id, reason=reason, now=tx.now_ms,
    )  # fmt: skip
    return True


def record_to_ask_again(tx: Tx, call: Call, reason: str) -> bool:
    """It is known that nothing was bought, and safe to ask once more under the same key."""
    tx.put(
        "UPDATE carrier_label SET heard = '' WHERE warehouse_id = :w AND id = :id AND EXISTS (SELECT 1 FROM outbox e"
        " WHERE e.warehouse_id = carrier_label.warehouse_id AND e.id = :effect AND e.fence = :fence"
        " AND e.state IN ('claimed', 'sending'))",
        id=call.label_id, effect=call.effect_id, fence=call.fence,
    )  # fmt: skip
    return hold(tx, call, reason)


def record_unknown(tx: Tx, call: Call, heard: Heard, reason: str, *, after_look_up: bool) -> bool:
    """It may have been bought: it is looked up next (see `hold`), never bought again before that."""
    looked_up = call.looked_up + (1 if after_look_up else 0)
    kept = _hold(tx, call, reason, look_up_after_ms(looked_up))
    if kept:
        # What was heard of the purchase itself stays: a look-up that failed tells nothing about it.
        tx.put(
            "UPDATE carrier_label SET heard = :heard, looked_up = :looked, silences = silences + :silent"
            " WHERE warehouse_id = :w AND id = :id",
            id=call.label_id, heard=call.heard if after_look_up else heard, looked=looked_up,
            silent=int(heard == Heard.SILENT and not after_look_up),
        )  # fmt: skip
    return kept


def record_uncertain(tx: Tx, call: Call, heard: str, reason: str) -> bool:
    """Nobody knows and nothing more can be asked: a person decides."""
    if not _end(tx, call, EffectState.UNCERTAIN, reason):
        return False
    tx.put(
        "UPDATE carrier_label SET state = CASE state WHEN 'wanted' THEN 'uncertain' ELSE state END, heard = :heard,"
        " detail = :reason WHERE warehouse_id = :w AND id = :id",
        id=call.label_id, heard=heard, reason=reason,
    )  # fmt: skip
    tell(tx, "labels", "LabelUncertain", reference=call.reference, parcel=call.parcel)
    return True


def record_voided(tx: Tx, call: Call) -> bool:
    """The carrier has taken the label back."""
    if not _end(tx, call, EffectState.CONFIRMED, "void"):
        return False
    tx.put(
        "UPDATE carrier_label SET state = 'void', ended_at_ms = :now WHERE warehouse_id = :w AND id = :id",
        id=call.label_id, now=tx.now_ms,
    )  # fmt: skip
    return True


def record_not_voided(tx: Tx, call: Call, reason: str, *, is_final: bool) -> bool:
    """The label stays in the list of orphans; tried again for a while unless the carrier has said no."""
    if is_final or call.attempts >= VOIDS_MAX:
        return _end(tx, call, EffectState.FAILED, reason)
    return hold(tx, call, reason)


def hold(tx: Tx, call: Call, reason: str) -> bool:
    """Nothing happened and trying again is safe: wait a little longer each time."""
    return _hold(tx, call, reason, BACKOFF_MS[min(call.attempts, len(BACKOFF_MS)) - 1])


def _hold(tx: Tx, call: Call, reason: str, wait_ms: int) -> bool:
    held = tx.run(
        "UPDATE outbox SET state = 'held', result = :reason, run_after_ms = :after WHERE warehouse_id = :w"
        " AND id = :id AND fence = :fence AND state IN ('claimed', 'sending')",
        id=call.effect_id, fence=call.fence, reason=reason, after=tx.now_ms + wait_ms,
    )  # fmt: skip
    return held == 1


def _end(tx: Tx, call: Call, state: str, result: str) -> bool:
    ended = tx.run(
        "UPDATE outbox SET state = :state, result = :result, done_at_ms = :now WHERE warehouse_id = :w AND id = :id"
        " AND fence = :fence AND state IN ('claimed', 'sending')",
        id=call.effect_id, fence=call.fence, state=state, result=result, now=tx.now_ms,
    )  # fmt: skip
    return ended == 1
