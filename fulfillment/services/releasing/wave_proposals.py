"""Propose which orders to release now, off the request path; release a proposal after another look.

A proposal is asked for, planned by the planner's worker as a job, and shown until it is released or overtaken by the
next. Releasing looks at every order again: who was cancelled, taken into another wave or lost its goods meanwhile
stays behind. Invariants: at most one proposal is being planned or ready; a wave comes from one proposal at most.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fulfillment.bootstrap import Floor
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.domain.waves import MAX_WAVE_ORDERS, RELEASABLE, ProposalState
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.releasing import pick_modes, wave_forecasts, wave_questions, waves, ways
from fulfillment.services.replenishing import refills_for_orders
from fulfillment.services.working import jobs

PROPOSE = "propose_wave"
PLAN_MS = 4_000
USUAL_HORIZON_MS = 2 * 3_600_000
LONGEST_HORIZON_MS = 24 * 3_600_000


def kinds(plan_ms: int = PLAN_MS) -> dict[str, jobs.Kind]:
    """The planner's job that makes proposals."""

    def run(floor: Floor, arguments: Mapping[str, Any]) -> str:
        return plan(floor, arguments["proposal"], plan_ms)

    return {PROPOSE: jobs.Kind(run, _failed)}


def ask(tx: Tx, max_orders: int = MAX_WAVE_ORDERS, horizon_ms: int = USUAL_HORIZON_MS) -> dict[str, Any]:
    """Have a proposal planned; the one that is being planned already answers for it.

    Raises:
        DomainError: a size or a time no wave has.
    """
    if not 1 <= max_orders <= MAX_WAVE_ORDERS:
        raise DomainError("bad_quantity", f"1 to {MAX_WAVE_ORDERS} orders a wave", "max_orders")
    if not 0 < horizon_ms <= LONGEST_HORIZON_MS:
        raise DomainError("bad_quantity", "work for up to 24 hours", "horizon_min")
    under_way = tx.one(
        "SELECT id FROM wave_proposal WHERE warehouse_id = :w AND state = 'planning' ORDER BY id DESC LIMIT 1"
    )
    if under_way is not None:
        return describe(tx, under_way["id"])
    tx.put("UPDATE wave_proposal SET state = 'replaced' WHERE warehouse_id = :w AND state = 'ready'")
    proposal_id = tx.insert(
        "wave_proposal", state=ProposalState.PLANNING.value, max_orders=max_orders, horizon_ms=horizon_ms,
        asked_at_ms=tx.now_ms,
    )  # fmt: skip
    jobs.defer(tx, PROPOSE, {"proposal": proposal_id}, f"propose:{proposal_id}")
    tell(tx, "board", "WaveAskedFor", proposal=proposal_id)
    return describe(tx, proposal_id)


def plan(floor: Floor, proposal_id: int, plan_ms: int = PLAN_MS) -> str:
    """Plan a proposal and store it; what came of it in a word. Planned twice, the first one stays."""
    row = floor.read(lambda tx: _row(tx, proposal_id))
    if row["state"] != ProposalState.PLANNING:
        return "planned before"
    content = wave_questions.answered(floor, row["max_orders"], row["horizon_ms"], plan_ms, seed=proposal_id)

    def store(tx: Tx) -> None:
        if tx.run(
            "UPDATE wave_proposal SET state = 'ready', content = :content, planned_at_ms = :now"
            " WHERE warehouse_id = :w AND id = :id AND state = 'planning'",
            id=proposal_id, content=json.dumps(content, separators=(",", ":")), now=tx.now_ms,
        ):  # fmt: skip
            tell(tx, "board", "WaveProposed", proposal=proposal_id, orders=len(content["orders"]))

    floor.writer.write(store)
    return f"{len(content['orders'])} orders"


def release(
    tx: Tx, actor: Actor, proposal_id: int, mode: str | None = None, known: ways.Known = ways.NOTHING
) -> dict[str, Any]:
    """Make a wave of a proposal's orders, as far as they can still go; ask for the goods of those that wait for some.

    `changed` names those that cannot any more. The answer is that of `waves.release` otherwise. `mode`: how they are
    picked; None = as was proposed where a put wall, or zones that take carts over, are still there, else a tote for
    each order. `known`: what `ways.look` found before this transaction.

    Raises:
        NotFound: no such proposal.
        Conflict: it is not ready (any more), none of its orders can go, there is no put wall for a batch, or no zones.
    """
    row = _row(tx, proposal_id)
    if row["state"] != ProposalState.READY:
        raise Conflict("proposal_not_ready", f"proposal {proposal_id} is {row['state']}")
    content = json.loads(row["content"])
    numbers, changed = _still_going(tx, content["order_ids"], known)
    if not numbers:
        raise Conflict("nothing_to_release", "none of the proposed orders can go any more")
    if mode is None:
        mode = pick_modes.possible(tx, content["mode"])
    wave = waves.release(tx, actor, numbers, mode=mode, known=known)
    refills_for_orders.demand(tx, actor, content["waiting_ids"])
    tx.put(
        "UPDATE wave_proposal SET state = 'released', wave_id = :wave, released_at_ms = :now"
        " WHERE warehouse_id = :w AND id = :id",
        id=proposal_id, wave=wave["wave"], now=tx.now_ms,
    )  # fmt: skip
    return {**wave, "proposal": proposal_id, "changed": changed}


def latest(tx: Tx) -> dict[str, Any]:
    """The proposal that stands now, if any, and when each released wave will be done."""
    row = tx.one(
        "SELECT id FROM wave_proposal WHERE warehouse_id = :w AND state <> 'replaced' ORDER BY id DESC LIMIT 1"
    )
    waves_now = wave_forecasts.listed(tx)
    return {"proposal": None if row is None else describe(tx, row["id"]), "waves": waves_now}


def describe(tx: Tx, proposal_id: int) -> dict[str, Any]:
    """A proposal as the API shows it; `plan` is None until it is made.

    Raises:
        NotFound: no such proposal.
    """
    row = _row(tx, proposal_id)
    shown = {
        "proposal": row["id"], "state": row["state"], "asked_at_ms": row["asked_at_ms"],
        "planned_at_ms": row["planned_at_ms"], "wave": row["wave_id"], "max_orders": row["max_orders"],
        "horizon_min": row["horizon_ms"] // 60_000,
    }  # fmt: skip
    content = json.loads(row["content"]) if row["content"] else None
    if content is not None:
        del content["order_ids"], content["waiting_ids"]
    return {**shown, "plan": content}


def _row(tx: Tx, proposal_id: int) -> Any:
    row = tx.one(
        "SELECT * FROM wave_proposal WHERE warehouse_id = :w AND id = :id", id=min(proposal_id, waves.LARGEST_ID)
    )
    if row is None:
        raise NotFound("unknown_proposal", f"no wave proposal {proposal_id}")
    return row


def _still_going(tx: Tx, order_ids: list[int], known: ways.Known) -> tuple[list[str], list[str]]:
    """Numbers of the orders that can still be released, and of those that cannot."""
    going: list[str] = []
    changed: list[str] = []
    ids = ", ".join(str(order_id) for order_id in order_ids)
    rows = tx.all(
        f"SELECT o.number, o.state, {wave_questions.waits_for(tx, known)} AS waits_for FROM sales_order o"
        f" WHERE o.warehouse_id = :w AND o.id IN ({ids}) ORDER BY o.id"
    ) if ids else []  # fmt: skip
    for row in rows:
        can_go = row["state"] in RELEASABLE and not row["waits_for"]
        (going if can_go else changed).append(row["number"])
    return going, changed


def _failed(tx: Tx, arguments: Mapping[str, Any]) -> None:
    tx.put(
        "UPDATE wave_proposal SET state = 'failed' WHERE warehouse_id = :w AND id = :id AND state = 'planning'",
        id=arguments["proposal"],
    )
    tell(tx, "board", "WaveFailed", proposal=arguments["proposal"])
