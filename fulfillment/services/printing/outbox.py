"""Print effects as rows: intend, claim with a lease and a fence, record what came of it.

The intent commits with the business that wants it; only the worker process carries it out. A claim whose
lease ran out before a byte was sent is open again; one that ran out while sending is `uncertain` and stays so
until a person decides. Every result names the fence it was claimed with, so a worker that lost its lease
cannot write. One job at a time per printer address: the proof of printing is the printer's own counter. Each attempt
is a row of its own (`print_attempts`), whatever became of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from devices.patience import PATIENT
from devices.protocols import NO_OUTPUT, UNPRINTED, ReceiptLevel
from fulfillment.domain.effects import AttemptOutcome, EffectKind, EffectState, PrinterState
from fulfillment.hot import Tx
from fulfillment.services.common.running import tell
from fulfillment.services.printing import print_attempts
from fulfillment.services.printing.print_attempts import NOT_SEEN, Seen
from fulfillment.services.working.claimants import this_process

LEASE_MS = PATIENT.lease_ms
# Taken whole so often, and nothing came out: it is the job, not the printer. Cut off so often (a job that has the
# printer start anew each time looks like that, too): those behind it have waited long enough.
NO_OUTPUT_MOST, UNPRINTED_MOST = 4, 12
BACKOFF_MS = (250, 500, 1_000, 2_000)  # capped low: somebody who has put paper in waits for the label

_BUSY = """
SELECT p.address, p.agent_id FROM outbox o JOIN printer p ON p.warehouse_id = o.warehouse_id AND p.id = o.printer_id
WHERE o.warehouse_id = :w AND o.kind = 'print' AND o.state IN ('claimed', 'sending')
"""


@dataclass(frozen=True)
class Claim:
    """A job this worker may carry out until `lease_until_ms`."""

    effect_id: int
    fence: int
    attempts: int
    subject: str
    template: str
    fields: Mapping[str, Any]
    address: str
    language: str
    dpi: int
    printer_id: int = 0
    claimed_at_ms: int = 0
    proof: str = ""  # what is known of the printer: see models.outbox.Printer


def queue_print(
    tx: Tx, subject: str, dedupe_key: str, printer_id: int | None, template: str, fields: Mapping[str, Any]
) -> int:  # fmt: skip
    """Intend a print. Without a printer it is held at once: somebody has to give the station one."""
    return tx.insert(
        "outbox", kind=EffectKind.PRINT, subject=subject, dedupe_key=dedupe_key, printer_id=printer_id,
        template=template, fields=json.dumps(fields, ensure_ascii=False), created_at_ms=tx.now_ms,
        state=EffectState.QUEUED if printer_id is not None else EffectState.HELD,
        result="" if printer_id is not None else "no_printer",
    )  # fmt: skip


def supersede(tx: Tx, subject: str, template: str) -> None:
    """Prints of a subject that did not happen (or nobody knows) are not wanted any more."""
    tx.put(
        "UPDATE outbox SET state = 'superseded', done_at_ms = :now WHERE warehouse_id = :w AND subject = :subject"
        " AND template = :template AND state IN ('queued', 'held', 'uncertain', 'failed')",
        subject=subject, template=template, now=tx.now_ms,
    )  # fmt: skip


def confirm_seen(tx: Tx, subject: str, template: str) -> None:
    """Somebody has scanned the one label there can be of a subject: it did come out, whatever the printer said."""
    tx.put(
        "UPDATE outbox SET state = 'confirmed', result = 'scanned', receipt_level = :level, done_at_ms = :now"
        " WHERE warehouse_id = :w AND subject = :subject AND template = :template AND state IN ('sent', 'uncertain')",
        subject=subject, template=template, now=tx.now_ms, level=ReceiptLevel.scanned.name,
    )  # fmt: skip


def deny(tx: Tx, subject: str, template: str) -> bool:
    """Somebody has looked and the label is not there: now, and only now, it may be printed again."""
    denied = tx.run(
        "UPDATE outbox SET state = 'superseded', result = 'not_in_hand', done_at_ms = :now WHERE warehouse_id = :w"
        " AND subject = :subject AND template = :template AND state = 'uncertain'",
        subject=subject, template=template, now=tx.now_ms,
    )  # fmt: skip
    return denied > 0


def newest(tx: Tx, subject: str, template: str) -> Any:
    """The last print intended for a subject, or None."""
    return tx.one(
        "SELECT id, state, result FROM outbox WHERE warehouse_id = :w AND subject = :subject AND template = :template"
        " ORDER BY id DESC LIMIT 1",
        subject=subject, template=template,
    )  # fmt: skip


def due_printers(tx: Tx, agent_id: int | None = None) -> set[int]:
    """Printers of an agent (None: those the server prints to itself) whose first job is due, or that hold one whose
    worker went silent.

    Asked many times a second, beside the writer: it must stay quiet about a printer whose first job waits or
    is on its way, or the bell would ring for nothing and take the lock that scans wait for.
    """
    own = "p.agent_id IS NULL" if agent_id is None else "p.agent_id = :agent"
    bound = {} if agent_id is None else {"agent": agent_id}
    rows = tx.all(
        "SELECT o.printer_id FROM outbox o JOIN (SELECT MIN(id) AS id FROM outbox WHERE warehouse_id = :w"
        " AND kind = 'print' AND state IN ('queued', 'held') AND printer_id IS NOT NULL GROUP BY printer_id) h"
        " ON h.id = o.id JOIN printer p ON p.warehouse_id = o.warehouse_id AND p.id = o.printer_id"
        f" WHERE o.warehouse_id = :w AND {own} AND o.run_after_ms <= :now AND p.state <> 'disabled' AND NOT EXISTS ("
        "SELECT 1 FROM outbox f WHERE f.warehouse_id = o.warehouse_id AND f.kind = 'print'"
        " AND f.state IN ('claimed', 'sending') AND f.printer_id = o.printer_id AND f.lease_until_ms > :now)"
        " UNION SELECT e.printer_id FROM outbox e JOIN printer p ON p.warehouse_id = e.warehouse_id"
        f" AND p.id = e.printer_id WHERE e.warehouse_id = :w AND {own} AND e.kind = 'print'"
        " AND e.state IN ('claimed', 'sending') AND e.lease_until_ms <= :now",
        now=tx.now_ms, **bound,
    )  # fmt: skip
    return {row["printer_id"] for row in rows}


def claim(tx: Tx, printer_id: int, lease_ms: int = LEASE_MS, agent_id: int | None = None) -> Claim | None:
    """The oldest print that waits for this printer, if it is due and nothing is on its way there. None, too, for
    whoever is not the agent whose printer it is: two of them would each know half of what it prints."""
    printer = tx.one("SELECT * FROM printer WHERE warehouse_id = :w AND id = :id", id=printer_id)
    if printer is None or printer["state"] == PrinterState.DISABLED or printer["agent_id"] != agent_id:
        return None
    end_leases(tx)
    if is_busy(tx, printer):
        return None
    # Head of the line only: labels come out in the order the parcels were closed, and what holds one job
    # (no paper, no connection) holds all behind it.
    row = tx.one(
        "SELECT * FROM outbox WHERE warehouse_id = :w AND kind = 'print' AND state IN ('queued', 'held')"
        " AND printer_id = :printer ORDER BY id LIMIT 1",
        printer=printer_id,
    )
    if row is None or row["run_after_ms"] > tx.now_ms:
        return None
    taken = tx.run(
        "UPDATE outbox SET state = 'claimed', fence = fence + 1, attempts = attempts + 1, lease_until_ms = :lease,"
        " claimed_at_ms = :now, claimed_by = :me"
        " WHERE warehouse_id = :w AND id = :id AND fence = :fence AND state IN ('queued', 'held')",
        id=row["id"], fence=row["fence"], lease=tx.now_ms + lease_ms, now=tx.now_ms, me=this_process(),
    )  # fmt: skip
    if taken != 1:
        return None
    return Claim(
        row["id"], row["fence"] + 1, row["attempts"] + 1, row["subject"], row["template"], json.loads(row["fields"]),
        printer["address"], printer["language"], printer["dpi"], printer_id, tx.now_ms, printer["proof"],
    )  # fmt: skip


def has_ended_leases(tx: Tx) -> bool:
    """Whether `end_leases` has something to do: an agent that is gone does not end its own."""
    return (
        tx.one(
            "SELECT id FROM outbox WHERE warehouse_id = :w AND kind = 'print' AND state IN ('claimed', 'sending')"
            " AND lease_until_ms <= :now LIMIT 1",
            now=tx.now_ms,
        )
        is not None
    )


def end_leases(tx: Tx) -> int:
    """Claims whose worker went silent: unsent ones are open again, sent ones uncertain; how many there were."""
    ended = tx.run(
        "UPDATE outbox SET state = 'queued' WHERE warehouse_id = :w AND kind = 'print' AND state = 'claimed'"
        " AND lease_until_ms <= :now",
        now=tx.now_ms,
    )  # fmt: skip
    lost = tx.all(
        "SELECT id, subject, fence, printer_id, claimed_at_ms FROM outbox WHERE warehouse_id = :w AND kind = 'print'"
        " AND state = 'sending'"
        " AND lease_until_ms <= :now",
        now=tx.now_ms,
    )  # fmt: skip
    for row in lost:
        tx.put(
            "UPDATE outbox SET state = 'uncertain', result = 'lease_ended while sending', done_at_ms = :now"
            " WHERE warehouse_id = :w AND id = :id AND state = 'sending'",
            id=row["id"], now=tx.now_ms,
        )  # fmt: skip
        print_attempts.add_lost(tx, row, "lease_ended while sending")
        tell(tx, "prints", "PrintUncertain", effect=row["id"], subject=row["subject"])
    return ended + len(lost)


def start_sending(tx: Tx, job: Claim, content: bytes, sha256: str, lease_ms: int = LEASE_MS) -> bool:
    """Keep what will be sent, before the first byte leaves; False when the claim is not ours any more."""
    kept = tx.run(
        "UPDATE outbox SET state = 'sending', content = :content, content_sha256 = :sha256, lease_until_ms = :lease"
        " WHERE warehouse_id = :w AND id = :id AND fence = :fence AND state = 'claimed'",
        id=job.effect_id, fence=job.fence, content=content, sha256=sha256, lease=tx.now_ms + lease_ms,
    )  # fmt: skip
    return kept == 1


def complete(
    tx: Tx, job: Claim, receipt_level: str, is_confirmed: bool, detail: str, seen: Seen = NOT_SEEN
) -> bool:  # fmt: skip
    """It was handed over; `is_confirmed` when the printer itself said so."""
    state = EffectState.CONFIRMED if is_confirmed else EffectState.SENT
    return _end(tx, job, state, detail, receipt_level, seen)


def hold(tx: Tx, job: Claim, reason: str, seen: Seen = NOT_SEEN) -> bool:
    """Nothing left, or what left is proven unprinted: trying again is safe, a little later each time.

    A job that printed nothing NO_OUTPUT_MOST times is set aside as failed: those behind it go on.
    """
    if reason in (UNPRINTED, NO_OUTPUT):
        whole, times = print_attempts.without_output(tx, job.effect_id)
        if whole + (reason == NO_OUTPUT) >= NO_OUTPUT_MOST or times + 1 >= UNPRINTED_MOST:
            words = f"sent {times + 1} times and nothing came out: {seen.detail}".rstrip(": ")
            return _end(tx, job, EffectState.FAILED, words, seen=seen)
    wait_ms = BACKOFF_MS[min(job.attempts, len(BACKOFF_MS)) - 1]
    held = tx.run(
        "UPDATE outbox SET state = 'held', result = :reason, run_after_ms = :after WHERE warehouse_id = :w"
        " AND id = :id AND fence = :fence AND state IN ('claimed', 'sending')",
        id=job.effect_id, fence=job.fence, reason=reason, after=tx.now_ms + wait_ms,
    )  # fmt: skip
    if held == 1:
        print_attempts.add_held(tx, job, reason, seen)
    if held == 1 and job.attempts == 1:
        tell(tx, "prints", "PrintHeld", effect=job.effect_id, subject=job.subject, reason=reason)
    return held == 1


def make_uncertain(tx: Tx, job: Claim, detail: str, seen: Seen = NOT_SEEN) -> bool:
    """Bytes left and nobody knows what became of them: a person looks, we do not send again."""
    return _end(tx, job, EffectState.UNCERTAIN, detail, seen=seen)


def fail(tx: Tx, job: Claim, detail: str, seen: Seen = NOT_SEEN) -> bool:
    """It can never be printed as it is: a field the label does not take, an address without a driver."""
    return _end(tx, job, EffectState.FAILED, detail, seen=seen)


def see_printer(tx: Tx, printer_id: int, state: str, reason: str) -> None:
    """What was last seen of a printer; a printer somebody has disabled stays so."""
    changed = tx.run(
        "UPDATE printer SET state = :state, reason = :reason WHERE warehouse_id = :w AND id = :id"
        " AND (state <> :state OR reason <> :reason) AND state <> 'disabled'",
        id=printer_id, state=state, reason=reason,
    )  # fmt: skip
    tx.put("UPDATE printer SET checked_at_ms = :now WHERE warehouse_id = :w AND id = :id", id=printer_id, now=tx.now_ms)
    if changed:
        tell(tx, "prints", "PrinterSeen", printer=printer_id, state=state, reason=reason)


def learn_proof(tx: Tx, printer_id: int, is_reporting: bool) -> None:
    """Whether this printer's labels report themselves: found out by the first that was asked to, and kept. One that
    stayed silent once is no proof against those that spoke."""
    tx.run(
        "UPDATE printer SET proof = :proof WHERE warehouse_id = :w AND id = :id AND proof = ''",
        id=printer_id, proof="label" if is_reporting else "counter",
    )  # fmt: skip


def is_busy(tx: Tx, printer: Any) -> bool:
    """Whether a job is on its way to the machine this printer is: whoever else called it would be kept waiting."""
    return _machine(printer) in {_machine(row) for row in tx.all(_BUSY)}


def _machine(printer: Any) -> tuple[int | None, str]:
    """Two addresses of one machine on the network differ at most in what is said about it after the question mark;
    any other address means another machine at each bench."""
    if printer["address"].startswith("tcp://"):
        return None, printer["address"].partition("?")[0]
    return printer["agent_id"], printer["address"]


def _end(
    tx: Tx, job: Claim, state: str, detail: str, receipt_level: str = "", seen: Seen = NOT_SEEN
) -> bool:  # fmt: skip
    ended = tx.run(
        "UPDATE outbox SET state = :state, result = :detail, receipt_level = :level, done_at_ms = :now"
        " WHERE warehouse_id = :w AND id = :id AND fence = :fence AND state IN ('claimed', 'sending')",
        id=job.effect_id, fence=job.fence, state=state, detail=detail, level=receipt_level, now=tx.now_ms,
    )  # fmt: skip
    if ended == 1:
        print_attempts.add(tx, job, AttemptOutcome(state), detail, seen, receipt_level)
        tell(tx, "prints", f"Print{state.capitalize()}", effect=job.effect_id, subject=job.subject)
    return ended == 1
