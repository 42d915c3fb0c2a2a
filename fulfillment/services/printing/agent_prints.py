"""Prints of printers that stand at a bench: handed to its agent, begun with the server's word, told back.

A print goes to the agent as a command and stays `claimed`; before its first byte the agent asks (`begin`), and only
whoever still holds the claim is told to go. So bytes leave under a lease that is known to hold, and what an agent took
and never began is free again when its lease ends. What it says afterwards counts even when the lease ended meanwhile,
as long as nobody else has decided: the server may have been away.
Invariant: one print, one command that may begin.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from devices.patience import Patience
from devices.protocols import ReceiptLevel
from fulfillment.bootstrap import Floor
from fulfillment.domain.devices import CommandKind, PrintOutcome
from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.hot import Tx
from fulfillment.services.equipment import devices
from fulfillment.services.printing import outbox
from fulfillment.services.printing.outbox import LEASE_MS, Claim
from fulfillment.services.printing.print_attempts import NOT_SEEN, Seen
from fulfillment.services.printing.printing import content_or_fail, job_id_of


@dataclass(frozen=True, slots=True)
class Handover:
    """A print that is claimed for an agent, drawn and ready to be made a command."""

    effect_id: int
    payload: Mapping[str, Any]


def claim_for(
    floor: Floor, agent_id: int, printer_ids: Sequence[int], lease_ms: int | None = None
) -> list[Handover]:  # fmt: skip
    """The next print of each of these printers, claimed for their agent. A label that cannot be drawn is set aside."""
    if not printer_ids:
        return []
    lease_ms = lease_ms_of(floor) if lease_ms is None else lease_ms
    claims = floor.writer.write(
        lambda tx: [_claim(tx, agent_id, printer_id, lease_ms) for printer_id in printer_ids]
    )  # fmt: skip
    prepared = []
    for job, printer in filter(None, claims):
        # Between two transactions: a label with a picture takes longer than a scan may wait.
        content = content_or_fail(floor, job)
        if content is None:
            continue
        payload = {
            "printer": printer, "job_id": job_id_of(job), "address": job.address, "language": job.language,
            "content": base64.b64encode(content).decode(), "sha256": hashlib.sha256(content).hexdigest(),
            "claim": asdict(job), "printer_id": job.printer_id,
        }  # fmt: skip
        prepared.append(Handover(job.effect_id, payload))
    return prepared


def hand_out(tx: Tx, agent_id: int, prepared: Sequence[Handover]) -> None:
    """Make these prints commands of their agent."""
    for one in prepared:
        devices.command(tx, agent_id, CommandKind.PRINT, f"print {one.effect_id}", one.payload)


def lease_ms_of(floor: Floor) -> int:
    """How long a claim holds on this floor."""
    return Patience(floor.settings.printer_patience_percent).lease_ms


def for_agent(row: Mapping[str, Any]) -> dict[str, Any]:
    """A command as its agent gets it: whose the print is, and what is on it, is the server's business."""
    payload = json.loads(row["payload"])
    if row["kind"] == CommandKind.PRINT:
        payload = {name: payload[name] for name in ("printer", "job_id", "address", "language", "content", "sha256")}
    return {"id": row["id"], "kind": row["kind"], **payload}


def begin(tx: Tx, agent_id: int, command_id: int, lease_ms: int = LEASE_MS) -> bool:
    """Whether the agent may send the first byte now. Asked again before a byte left (its answer was lost), the word
    stands."""
    row = _command(tx, agent_id, command_id)
    if row["done_at_ms"] is not None or row["kind"] != CommandKind.PRINT:
        return False
    payload = json.loads(row["payload"])
    job, holder = Claim(**payload["claim"]), _holder(tx, agent_id)
    is_claimed = _extend(tx, job, "claimed", holder, lease_ms)
    if is_claimed:
        content = base64.b64decode(payload["content"])
        return outbox.start_sending(tx, job, content, payload["sha256"], lease_ms)
    if _extend(tx, job, "sending", holder, lease_ms):
        return True
    _close(tx, command_id, "too_late")
    return False


def finish(
    tx: Tx, agent_id: int, command_id: int, outcome: str, detail: str = "", level: str = "", seen: Seen = NOT_SEEN,
    is_reporting: bool | None = None,
) -> None:  # fmt: skip
    """What came of a print; said again, nothing. `detail` of one that is held is the reason in one word; `seen` and
    `is_reporting` as in a receipt.

    Raises:
        NotFound: no such command of this agent; DomainError: bad_outcome.
    """
    row = _command(tx, agent_id, command_id)
    if row["done_at_ms"] is not None:
        return
    if outcome not in {member.value for member in PrintOutcome}:
        raise DomainError("bad_outcome", f"{outcome[:20]!r} is no outcome of a print", "outcome")
    if level and level not in ReceiptLevel.__members__:
        raise DomainError("bad_level", f"{level[:20]!r} is no level of a receipt", "level")
    job = Claim(**json.loads(row["payload"])["claim"])
    _take_back(tx, job, _holder(tx, agent_id))
    if outcome == PrintOutcome.PRINTED:
        is_confirmed = ReceiptLevel[level or "written"] >= ReceiptLevel.parsed
        is_taken = outbox.complete(tx, job, level or "written", is_confirmed, detail, seen)
        if is_taken and is_reporting is not None:
            outbox.learn_proof(tx, job.printer_id, is_reporting)
    elif outcome == PrintOutcome.HELD:
        outbox.hold(tx, job, detail, seen)
    elif outcome == PrintOutcome.UNCERTAIN:
        outbox.make_uncertain(tx, job, detail, seen)
    else:
        outbox.fail(tx, job, detail, seen)
    _close(tx, command_id, f"{outcome} {detail}".strip())


def close(tx: Tx, agent_id: int, command_id: int, result: str, found: Mapping[str, Any] | None = None) -> None:
    """What came of any other command; `found`: what an agent that was asked to look has found and missed.

    Raises:
        NotFound: no such command of this agent.
    """
    if _command(tx, agent_id, command_id)["done_at_ms"] is None:
        _close(tx, command_id, result, found)


def kind_of(tx: Tx, agent_id: int, command_id: int) -> str:
    """
    Raises:
        NotFound: no such command of this agent.
    """
    return str(_command(tx, agent_id, command_id)["kind"])


def forget_journal(tx: Tx, agent_id: int) -> None:
    """The agent comes with a new journal: prints it may have begun are uncertain, others are free again."""
    tx.put(
        "UPDATE outbox SET lease_until_ms = :now WHERE warehouse_id = :w AND kind = 'print' AND claimed_by = :holder"
        " AND state IN ('claimed', 'sending')",
        holder=_holder(tx, agent_id), now=tx.now_ms,
    )  # fmt: skip
    outbox.end_leases(tx)
    tx.put(
        "UPDATE agent_command SET done_at_ms = :now, result = 'other_journal', payload = '{}' WHERE warehouse_id = :w"
        " AND agent_id = :agent AND done_at_ms IS NULL",
        agent=agent_id, now=tx.now_ms,
    )  # fmt: skip


def _claim(tx: Tx, agent_id: int, printer_id: int, lease_ms: int) -> tuple[Claim, str] | None:
    """The claim and the printer's code."""
    job = outbox.claim(tx, printer_id, lease_ms, agent_id)
    if job is None:
        return None
    tx.put(
        "UPDATE outbox SET claimed_by = :holder WHERE warehouse_id = :w AND id = :id AND fence = :fence",
        id=job.effect_id, fence=job.fence, holder=_holder(tx, agent_id),
    )  # fmt: skip
    return job, tx.one("SELECT code FROM printer WHERE warehouse_id = :w AND id = :id", id=printer_id)["code"]


def _extend(tx: Tx, job: Claim, state: str, holder: str, lease_ms: int) -> bool:
    kept = tx.run(
        "UPDATE outbox SET lease_until_ms = :lease WHERE warehouse_id = :w AND id = :id AND fence = :fence"
        " AND state = :state AND claimed_by = :holder AND lease_until_ms > :now",
        id=job.effect_id, fence=job.fence, state=state, holder=holder, lease=tx.now_ms + lease_ms, now=tx.now_ms,
    )  # fmt: skip
    return kept == 1


def _take_back(tx: Tx, job: Claim, holder: str) -> None:
    """The lease ended while nobody could say how the print went; now somebody can, and nobody has decided yet."""
    tx.put(
        "UPDATE outbox SET state = 'sending', result = '', done_at_ms = NULL WHERE warehouse_id = :w AND id = :id"
        " AND fence = :fence AND state = 'uncertain' AND claimed_by = :holder AND result LIKE 'lease_ended%'",
        id=job.effect_id, fence=job.fence, holder=holder,
    )  # fmt: skip


def _command(tx: Tx, agent_id: int, command_id: int) -> Any:
    row = tx.one(
        "SELECT * FROM agent_command WHERE warehouse_id = :w AND id = :id AND agent_id = :agent",
        id=command_id, agent=agent_id,
    )  # fmt: skip
    if row is None:
        raise NotFound("unknown_command", f"no command {command_id}", "command")
    return row


def _close(tx: Tx, command_id: int, result: str, found: Mapping[str, Any] | None = None) -> None:
    # A print's content stays with the effect; a second copy of every label would be kept for nothing.
    tx.put(
        "UPDATE agent_command SET done_at_ms = :now, result = :result, payload = :found WHERE warehouse_id = :w"
        " AND id = :id",
        id=command_id, result=result[:2000], found=json.dumps(found or {}, ensure_ascii=False), now=tx.now_ms,
    )  # fmt: skip


def _holder(tx: Tx, agent_id: int) -> str:
    """An agent as the holder of a claim. It is no process of the server's: its lease ends by time alone."""
    row = tx.one("SELECT code FROM bench_agent WHERE warehouse_id = :w AND id = :id", id=agent_id)
    return f"agent {row['code']}"
