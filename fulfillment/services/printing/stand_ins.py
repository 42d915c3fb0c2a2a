"""Prints that change their printer: moved by hand, or by the rule when their printer cannot and has a stand-in.

Only what waits is moved (queued, held): of what may have left nobody knows whether it comes out of the first one. A
print that is uncertain goes elsewhere only as the reprint a person asked for.
"""

from __future__ import annotations

from typing import Any

from fulfillment.domain.effects import EffectState, PrinterState
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.hot import Tx
from fulfillment.services.common.running import tell
from fulfillment.services.equipment.devices import SILENT_AFTER_MS

TRIED_TIMES = 5  # about four seconds of backing off: a roll being changed takes longer, a hiccup does not

_STUCK = """
SELECT p.id, p.code, p.stand_in_id, s.code AS stand_in FROM printer p
JOIN printer s ON s.warehouse_id = p.warehouse_id AND s.id = p.stand_in_id
JOIN (SELECT printer_id, MIN(id) AS id FROM outbox WHERE warehouse_id = :w AND kind = 'print'
  AND state IN ('queued', 'held') AND printer_id IS NOT NULL GROUP BY printer_id) h ON h.printer_id = p.id
JOIN outbox o ON o.warehouse_id = p.warehouse_id AND o.id = h.id
WHERE p.warehouse_id = :w AND s.state = 'ready' AND s.language = p.language
AND ((o.state = 'held' AND o.attempts >= :times AND p.state IN ('offline', 'faulted')) OR p.state = 'disabled'
  OR p.agent_id IN (SELECT id FROM bench_agent WHERE warehouse_id = :w AND seen_at_ms < :silent))
AND (s.agent_id IS NULL
  OR s.agent_id IN (SELECT id FROM bench_agent WHERE warehouse_id = :w AND seen_at_ms >= :silent))
"""

_MOVE = """
UPDATE outbox SET printer_id = :other, state = 'queued', attempts = 0, run_after_ms = 0, result = :result
WHERE warehouse_id = :w AND kind = 'print' AND state IN ('queued', 'held')
"""


def set_stand_in(tx: Tx, code: str, stand_in: str | None) -> dict[str, Any]:
    """Who prints for a printer that cannot; None: nobody.

    Raises:
        NotFound: no such printer; DomainError: itself, or one of another language.
    """
    printer = _printer(tx, code)
    other = _printer(tx, stand_in) if stand_in is not None else None
    if other is not None:
        _check_other(printer, other)
    tx.put(
        "UPDATE printer SET stand_in_id = :other WHERE warehouse_id = :w AND id = :id",
        id=printer["id"], other=other["id"] if other is not None else None,
    )  # fmt: skip
    return {"printer": printer["code"], "stand_in": stand_in or ""}


def move(tx: Tx, effect_id: int, to: str) -> dict[str, Any]:
    """One waiting print to another printer.

    Raises:
        NotFound: no such print or printer; Conflict: it does not wait; DomainError: a printer of another language.
    """
    row = tx.one(
        "SELECT id, state, printer_id FROM outbox WHERE warehouse_id = :w AND id = :id AND kind = 'print'",
        id=effect_id,
    )
    if row is None:
        raise NotFound("unknown_print", f"no print {effect_id}", "print")
    if row["state"] not in (EffectState.QUEUED, EffectState.HELD):
        raise Conflict("not_waiting", f"print {effect_id} is {row['state']}: only what waits can be moved", "print")
    other = _printer(tx, to)
    if row["printer_id"] is not None:
        _check_other(tx.one("SELECT * FROM printer WHERE warehouse_id = :w AND id = :id", id=row["printer_id"]), other)
    tx.put(f"{_MOVE} AND id = :id", id=effect_id, other=other["id"], result="moved")
    tell(tx, "prints", "PrintsMoved", printer=other["code"], prints=1)
    return {"print": effect_id, "printer": other["code"], "printer_state": other["state"]}


def stuck(tx: Tx) -> list[Any]:
    """Printers that cannot print what waits for them (out of order, switched off, or nothing is heard of the agent
    that owns them) and whose stand-in can."""
    return list(tx.all(_STUCK, times=TRIED_TIMES, silent=tx.now_ms - SILENT_AFTER_MS))


def move_stuck(tx: Tx) -> int:
    """Hand what waits for stuck printers to their stand-ins, in its order; how many prints."""
    count = 0
    for printer in stuck(tx):
        moved = tx.run(
            f"{_MOVE} AND printer_id = :id", id=printer["id"], other=printer["stand_in_id"],
            result=f"moved from {printer['code']}",
        )  # fmt: skip
        tell(tx, "prints", "PrintsMoved", printer=printer["stand_in"], prints=moved, came_from=printer["code"])
        count += moved
    return count


def _printer(tx: Tx, code: str) -> Any:
    found = tx.one("SELECT * FROM printer WHERE warehouse_id = :w AND code = :code", code=code)
    if found is None:
        raise NotFound("unknown_printer", f"no printer {code!r}", "printer")
    return found


def _check_other(printer: Any, other: Any) -> None:
    if printer["id"] == other["id"]:
        raise DomainError("same_printer", f"{other['code']} is that printer", "printer")
    if printer["language"] != other["language"]:
        raise DomainError("bad_printer", f"{other['code']} prints {other['language']}", "printer")
    if other["state"] == PrinterState.DISABLED:
        raise DomainError("bad_printer", f"{other['code']} is switched off", "printer")
