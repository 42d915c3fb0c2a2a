"""Draft a wave: orders chosen by somebody, planned off the request path, looked at, compared, released as shown.

A draft promises nothing and keeps nobody's orders. Releasing looks at every shown order again: with one that is
another than it was shown nothing is released, the differences are written down and a new draft of the same choice is
planned. Invariant: the wave of a draft has the orders, and each the goods, that were shown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from fulfillment.bootstrap import Floor
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.domain.waves import MAX_WAVE_ORDERS, ProposalState, WaveChoice
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.releasing import pick_modes, wave_draft_plans, waves, ways
from fulfillment.services.walking import floor_plan
from fulfillment.services.working import jobs

DRAFT = "draft_wave"
AT_ONCE = 8
KEPT_MS = 24 * 3_600_000
MOST_PRIORITY = 1_000_000
FIGURES = (
    "orders", "mode", "lines", "units", "carts", "totes", "distance_dm", "work_ms", "line_ms", "p50_at_ms", "p90_at_ms",
    "at_risk", "left_out_count", "short_lines", "short_each",
)  # fmt: skip


def kinds() -> dict[str, jobs.Kind]:
    """The planner's job that makes drafts."""

    def run(floor: Floor, arguments: Mapping[str, Any]) -> str:
        return plan(floor, arguments["draft"])

    return {DRAFT: jobs.Kind(run, _failed)}


def ask(tx: Tx, choice: WaveChoice, changed: list[dict[str, str]] | None = None) -> dict[str, Any]:
    """Have a draft planned; one of the same choice that is being planned answers for it.

    Raises:
        DomainError: a size, a priority or a mode no wave has; a carrier, channel or zone nobody knows.
        Conflict: too many are being planned; this floor cannot have the mode (`pick_modes.check`).
    """
    _check(tx, choice)
    said = json.dumps(asdict(choice), sort_keys=True)
    under_way = tx.all("SELECT id, choice FROM wave_draft WHERE warehouse_id = :w AND state = 'planning' ORDER BY id")
    same = next((row["id"] for row in under_way if row["choice"] == said), None)
    if same is not None and not changed:
        return describe(tx, same)
    if len(under_way) >= AT_ONCE:
        raise Conflict("too_many_drafts", f"{AT_ONCE} drafts are being planned: again in a moment")
    draft_id = tx.insert(
        "wave_draft", state=ProposalState.PLANNING.value, choice=said, changed=json.dumps(changed) if changed else "",
        asked_at_ms=tx.now_ms,
    )  # fmt: skip
    # What was released is kept: it says what somebody saw. The others are nobody's a day later. After the new one has
    # its number: the next after the highest there is, so the number of one that went would be given again.
    tx.put(
        "DELETE FROM wave_draft WHERE warehouse_id = :w AND asked_at_ms < :before"
        " AND state IN ('ready', 'replaced', 'failed')",
        before=tx.now_ms - KEPT_MS,
    )
    jobs.defer(tx, DRAFT, {"draft": draft_id}, f"draft:{draft_id}")
    return describe(tx, draft_id)


def plan(floor: Floor, draft_id: int) -> str:
    """Plan a draft and store it; what came of it in a word. Planned twice, the first one stays."""
    row = floor.read(lambda tx: _row(tx, draft_id))
    if row["state"] != ProposalState.PLANNING:
        return "planned before"
    content = wave_draft_plans.planned(floor, WaveChoice(**json.loads(row["choice"])), seed=draft_id)

    def store(tx: Tx) -> None:
        tx.put(
            "UPDATE wave_draft SET state = 'ready', content = :content, planned_at_ms = :now"
            " WHERE warehouse_id = :w AND id = :id AND state = 'planning'",
            id=draft_id, content=json.dumps(content, separators=(",", ":")), now=tx.now_ms,
        )  # fmt: skip

    floor.writer.write(store)
    return f"{len(content['orders'])} orders"


def release(tx: Tx, actor: Actor, draft_id: int, known: ways.Known = ways.NOTHING) -> dict[str, Any]:
    """Make the wave that was shown; or, when it cannot be that any more, say why and have the choice planned again.

    `wave` is None then, `changed` names what differs and `draft` is the new one. Otherwise the answer is that of
    `waves.release`. `known`: what `ways.look` found before this transaction.

    Raises:
        NotFound: no such draft.
        Conflict: it is not ready (any more), or no order is in it; the mode it was asked for is not to be had now.
    """
    row = _row(tx, draft_id)
    if row["state"] != ProposalState.READY:
        raise Conflict("draft_not_ready", f"draft {draft_id} is {row['state']}")
    content = {**wave_draft_plans.EMPTY, **json.loads(row["content"])}
    if not content["order_ids"]:
        raise Conflict("nothing_to_release", "no order is in this draft")
    choice = WaveChoice(**json.loads(row["choice"]))
    changed = wave_draft_plans.differing(tx, choice, content["order_ids"], content["promises"], known)
    mode = content["mode"]
    if choice.mode:
        pick_modes.check(tx, mode)
    if floor_plan.version(tx) != content["layout_version"]:
        changed.append({"order": "", "why": "floor", "now": ""})
    elif wave_draft_plans.basis_now(tx, mode, content["order_ids"]) != content["basis"]:
        changed.append({"order": "", "why": "mode", "now": mode})
    if changed:
        _end(tx, draft_id, ProposalState.REPLACED)
        again = ask(tx, choice, changed[: wave_draft_plans.SHOWN])
        return {"wave": None, "draft": again["draft"], "changed": changed}
    wave = waves.release(tx, actor, content["orders"], mode=mode, known=known)
    _end(tx, draft_id, ProposalState.RELEASED, wave["wave"])
    tell(tx, "board", "WaveDraftReleased", draft=draft_id, wave=wave["wave"])
    return {**wave, "draft": draft_id, "changed": []}


def describe(tx: Tx, draft_id: int) -> dict[str, Any]:
    """A draft as the API shows it; `plan` is None until it is made.

    Raises:
        NotFound: no such draft.
    """
    row = _row(tx, draft_id)
    content = json.loads(row["content"]) if row["content"] else None
    if content is not None:
        content = {**wave_draft_plans.EMPTY, **content}  # of before there were modes: a tote for each order
        del content["order_ids"], content["promises"], content["basis"]
    return {
        "draft": row["id"], "state": row["state"], "choice": asdict(WaveChoice(**json.loads(row["choice"]))),
        "asked_at_ms": row["asked_at_ms"], "planned_at_ms": row["planned_at_ms"], "wave": row["wave_id"],
        "changed": json.loads(row["changed"]) if row["changed"] else [], "plan": content,
    }  # fmt: skip


def compared(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Two planned drafts beside each other: each figure of both, how the second differs, and whose order is whose."""
    first, second = one["plan"], other["plan"]
    figures = []
    for name in FIGURES:
        a, b = (len(plan[name]) if name == "orders" else plan[name] for plan in (first, second))
        if name == "mode":
            figures.append({"name": name, "a": a, "b": b, "differs": None})
            continue
        # A finish nobody can tell (0) has no distance to one that is told.
        is_told = not name.endswith("_at_ms") or (a > 0 and b > 0)
        figures.append({"name": name, "a": a, "b": b, "differs": b - a if is_told else None})
    only_a, only_b = set(first["orders"]) - set(second["orders"]), set(second["orders"]) - set(first["orders"])
    return {"figures": figures, "only_a": sorted(only_a), "only_b": sorted(only_b)}


def against(tx: Tx, a: int, b: int) -> dict[str, Any]:
    """`compared` for two drafts by number.

    Raises:
        NotFound: no such draft; Conflict: one of them is not planned yet.
    """
    one, other = describe(tx, a), describe(tx, b)
    for draft in (one, other):
        if draft["plan"] is None:
            raise Conflict("draft_not_ready", f"draft {draft['draft']} is {draft['state']}")
    return {"a": a, "b": b, **compared(one, other)}


def choices(tx: Tx) -> dict[str, list[str]]:
    """What can be chosen from: carriers, channels of open orders, zones."""
    carriers = tx.all("SELECT code FROM carrier WHERE warehouse_id = :w ORDER BY code")
    channels = tx.all(
        "SELECT DISTINCT channel FROM sales_order WHERE warehouse_id = :w"
        " AND state IN ('hold', 'waiting', 'allocated') ORDER BY channel"
    )
    zones = tx.all("SELECT DISTINCT zone FROM location WHERE warehouse_id = :w AND zone <> '' ORDER BY zone")
    return {
        "carriers": [row["code"] for row in carriers], "channels": [row["channel"] for row in channels],
        "zones": [row["zone"] for row in zones],
    }  # fmt: skip


def _check(tx: Tx, choice: WaveChoice) -> None:
    if choice.mode not in ("", *pick_modes.RELEASED_AS):
        raise DomainError("bad_mode", "single, cluster, batch or zone", "mode")
    pick_modes.check(tx, choice.mode)
    if not 1 <= choice.max_orders <= MAX_WAVE_ORDERS:
        raise DomainError("bad_quantity", f"1 to {MAX_WAVE_ORDERS} orders a wave", "max_orders")
    if choice.min_priority is not None and abs(choice.min_priority) > MOST_PRIORITY:
        raise DomainError("bad_priority", f"a priority is at most {MOST_PRIORITY}", "min_priority")
    # A typing mistake must not look like an empty floor.
    for field, value, where in (
        ("carrier", choice.carrier, "carrier WHERE warehouse_id = :w AND code = :value"),
        ("channel", choice.channel, "sales_order WHERE warehouse_id = :w AND channel = :value"),
        ("zone", choice.zone, "location WHERE warehouse_id = :w AND zone = :value"),
    ):
        if value and tx.one(f"SELECT 1 AS found FROM {where} LIMIT 1", value=value) is None:
            raise NotFound(f"unknown_{field}", f"no {field} {value!r}", field)


def _end(tx: Tx, draft_id: int, state: ProposalState, wave_id: int | None = None) -> None:
    tx.put(
        "UPDATE wave_draft SET state = :state, wave_id = :wave, released_at_ms = :at"
        " WHERE warehouse_id = :w AND id = :id",
        id=draft_id, state=state.value, wave=wave_id, at=None if wave_id is None else tx.now_ms,
    )  # fmt: skip


def _row(tx: Tx, draft_id: int) -> Any:
    row = tx.one("SELECT * FROM wave_draft WHERE warehouse_id = :w AND id = :id", id=min(draft_id, waves.LARGEST_ID))
    if row is None:
        raise NotFound("unknown_draft", f"no wave draft {draft_id}")
    return row


def _failed(tx: Tx, arguments: Mapping[str, Any]) -> None:
    tx.put(
        "UPDATE wave_draft SET state = 'failed' WHERE warehouse_id = :w AND id = :id AND state = 'planning'",
        id=arguments["draft"],
    )
