"""What a person asks for at the devices' desk: a device to be tried out, a machine to be looked over.

Ports belong to whoever has them open: a bench's to its agent, the server's to its outbox worker. So both are asked by a
row, whoever owns the port does it and writes down what came of it, and the web waits for that row and no port.
Refuses nothing but what does not exist. What was not done is not made up: the answer says that nobody answered.
"""

from __future__ import annotations

import json
import time
from typing import Any

from devices.discovery import Proposal
from devices.trial import LONGEST_S, TRIAL_S
from fulfillment.bootstrap import Floor
from fulfillment.domain.devices import CommandKind
from fulfillment.domain.effects import PrinterState
from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.hot import Tx
from fulfillment.services.equipment import devices

ANSWER_S = 10  # beyond the time of a trial: an agent has to hear of it, and to let the device go before
DISCOVERY_S = 20
_LOOK_S = 0.05
_TEST, _DISCOVER = "test ", "discover"

_COMMANDS = (
    "SELECT c.*, a.code AS agent, a.state AS agent_state, a.seen_at_ms AS agent_seen_at_ms FROM agent_command c"
    " LEFT JOIN bench_agent a ON a.warehouse_id = c.warehouse_id AND a.id = c.agent_id"
    " WHERE c.warehouse_id = :w AND c.kind IN ('test', 'discover')"
)


def ask_test(tx: Tx, code: str, seconds: float = TRIAL_S) -> int:
    """Have a device tried out where its port is; the number to ask with what came of it.

    Raises:
        NotFound: no such device; DomainError: bad_seconds.
    """
    if not 1 <= seconds <= LONGEST_S:
        raise DomainError("bad_seconds", f"a trial takes 1 to {LONGEST_S:.0f} seconds", "seconds")
    device = devices.get(tx, code)
    payload = {"device": code, "seconds": seconds}
    return devices.command(tx, device["agent_id"], CommandKind.TEST, _TEST + code, payload)


def ask_discovery(tx: Tx, agent: str | None = None, subnet: str = "") -> int:
    """Have an agent's machine (None: the server's) looked over for what is plugged in; `subnet`: a small private
    network whose port 9100 is asked as well.

    Raises:
        NotFound: no such agent.
    """
    agent_id = None if agent is None else devices.agent_id_of(tx, agent)
    return devices.command(tx, agent_id, CommandKind.DISCOVER, _DISCOVER, {"subnet": subnet} if subnet else {})


def of(tx: Tx, command_id: int) -> dict[str, Any]:
    """What came of what was asked, so far.

    Raises:
        NotFound: nobody asked for that, or it is long over.
    """
    row = tx.one(f"{_COMMANDS} AND c.id = :id", id=command_id)
    if row is None:
        raise NotFound("unknown_command", f"no command {command_id}", "command")
    return _shown(row, tx.now_ms)


def discovered(tx: Tx, agent: str | None = None) -> dict[str, Any] | None:
    """What was found when a machine was looked over last; None: it never was, lately.

    Raises:
        NotFound: no such agent.
    """
    whose = "c.agent_id IS NULL" if agent is None else "c.agent_id = :agent"
    bound = {} if agent is None else {"agent": devices.agent_id_of(tx, agent)}
    row = tx.one(
        f"{_COMMANDS} AND {whose} AND c.kind = 'discover' AND c.done_at_ms IS NOT NULL AND c.result = 'found'"
        " ORDER BY c.id DESC LIMIT 1",
        **bound,
    )
    return None if row is None else _shown(row, tx.now_ms)


def wait(floor: Floor, command_id: int, within_s: float) -> dict[str, Any]:
    """What came of it, as soon as something did or the time is over.

    Raises:
        NotFound: as `of`.
    """
    deadline = time.monotonic() + within_s
    while True:
        told = floor.read(lambda tx: of(tx, command_id))
        if told["is_done"] or time.monotonic() >= deadline:
            return told
        time.sleep(_LOOK_S)


def next_of_server(tx: Tx) -> Any:
    """Take the oldest command that is the server's own machine's; None: there is none. What nobody took while whoever
    asked was waiting is not done any more."""
    tx.put(
        "UPDATE agent_command SET done_at_ms = :now, result = 'too_late', payload = '{}' WHERE warehouse_id = :w"
        " AND agent_id IS NULL AND done_at_ms IS NULL AND created_at_ms < :before",
        now=tx.now_ms, before=tx.now_ms - 1000 * (int(LONGEST_S) + ANSWER_S),
    )  # fmt: skip
    tx.put(
        "DELETE FROM agent_command WHERE warehouse_id = :w AND agent_id IS NULL AND done_at_ms < :before"
        f" AND {devices.NOT_THE_LAST_COMMAND}",
        before=tx.now_ms - devices.KEEP_COMMANDS_MS,
    )
    row = tx.one(_OF_SERVER)
    if row is None:
        return None
    taken = tx.run(
        "UPDATE agent_command SET taken_at_ms = :now WHERE warehouse_id = :w AND id = :id AND taken_at_ms IS NULL"
        " AND done_at_ms IS NULL",
        id=row["id"], now=tx.now_ms,
    )  # fmt: skip
    return row if taken == 1 else None


def waits_for_server(tx: Tx) -> bool:
    """Whether the server's own machine is asked for something; read beside the writer."""
    return tx.one(_OF_SERVER) is not None


def finish_own(tx: Tx, command_id: int, result: str, proposals: tuple[Proposal, ...] = (), missed: tuple[str, ...] = ()
               ) -> None:  # fmt: skip
    """What came of a command of the server's own machine."""
    found = [{"address": one.address, "kind": one.kind, "words": one.words} for one in proposals]
    payload = json.dumps({"found": found, "missed": missed} if result == "found" else {}, ensure_ascii=False)
    tx.put(
        "UPDATE agent_command SET done_at_ms = :now, result = :result, payload = :payload WHERE warehouse_id = :w"
        " AND id = :id AND done_at_ms IS NULL",
        id=command_id, now=tx.now_ms, result=result[:2000], payload=payload,
    )  # fmt: skip


_OF_SERVER = (
    "SELECT id, kind, subject, payload FROM agent_command WHERE warehouse_id = :w AND agent_id IS NULL"
    " AND done_at_ms IS NULL AND taken_at_ms IS NULL ORDER BY id LIMIT 1"
)


def _shown(row: Any, now_ms: int) -> dict[str, Any]:
    is_done, payload = row["done_at_ms"] is not None, json.loads(row["payload"])
    is_test = row["kind"] == CommandKind.TEST
    within_s = float(payload.get("seconds", TRIAL_S)) if is_test else float(DISCOVERY_S)
    shown = {
        "command": row["id"], "kind": row["kind"], "device": row["subject"].removeprefix(_TEST) if is_test else None,
        "agent": row["agent"], "asked_at_ms": row["created_at_ms"], "begun_at_ms": row["taken_at_ms"],
        "done_at_ms": row["done_at_ms"], "seconds": within_s, "is_done": is_done,
    }  # fmt: skip
    if is_done:
        shown |= dict(zip(("state", "reason", "said"), told_apart(row["result"]), strict=True))
    elif row["agent"] is not None and devices.is_silent(row, now_ms):
        # It may be back and do it yet; whoever looks then sees that.
        words = f"nothing is heard of agent {row['agent']}"
        shown |= {"is_done": True, "state": PrinterState.OFFLINE, "reason": "not_watched", "said": words}
    elif now_ms - row["created_at_ms"] > 1000 * (within_s + ANSWER_S):
        reason = "no_answer" if row["agent"] is not None else "no_worker"
        shown |= {"is_done": True, "state": "", "reason": reason, "said": ""}
    else:
        shown |= {"state": "", "reason": "", "said": ""}
    if not is_test:
        shown |= {"found": payload.get("found", []), "missed": payload.get("missed", [])}
    return shown


def told_apart(result: str) -> tuple[str, str, str]:
    """State, reason and what the device said, of a trial's one line; without a state where there was no trial."""
    first, _, rest = result.partition(" ")
    if first not in set(PrinterState):
        return "", first, rest if first == "refused" else result if rest else ""
    if first == PrinterState.READY:
        return first, "", rest
    reason, _, said = rest.partition(" ")
    return first, reason, "" if said == reason else said
