"""From an empty floor to the first pick: which steps are done, as the database shows it.

Keeps nothing itself, so a step that is undone is open again. A step is done when its outcome is there, however it came
about: by a page, a file, a command or a program.
"""

from __future__ import annotations

from dataclasses import dataclass

from fulfillment.hot import Tx


@dataclass(frozen=True, slots=True)
class FirstStep:
    """One step: how many there are of what it is about, whether that will do, whether a first pick can do without."""

    name: str
    count: int
    is_done: bool
    can_wait: bool = False


_COUNTS = {
    "warehouse": "SELECT COUNT(*) AS n FROM warehouse WHERE id = :w",
    "layout": "SELECT COUNT(*) AS n FROM location WHERE warehouse_id = :w AND kind IN ('bin', 'reserve', 'flow_rack')",
    "staging": "SELECT COUNT(*) AS n FROM location WHERE warehouse_id = :w AND kind = 'staging'",
    "items": "SELECT COUNT(*) AS n FROM item WHERE warehouse_id = :w AND is_service = 0",
    # A label on a rack is known to be there once somebody scanned one, or once ours was printed.
    "labelled": "SELECT (SELECT COUNT(*) FROM scan WHERE warehouse_id = :w AND code LIKE 'L-%' AND rejection = '')"
    " + (SELECT COUNT(*) FROM outbox WHERE warehouse_id = :w AND kind = 'print' AND template = 'location'"
    " AND state IN ('sent', 'confirmed')) AS n",
    "carts": "SELECT COUNT(*) AS n FROM cart WHERE warehouse_id = :w",
    "totes": "SELECT COUNT(*) AS n FROM lpn WHERE warehouse_id = :w AND kind IN ('tote', 'batch')",
    # Whoever opened the first link has a badge nobody printed: it counts once it was scanned, as on a floor of one.
    "people": "SELECT COUNT(*) AS n FROM operator o WHERE o.warehouse_id = :w AND o.is_active = 1 AND (NOT EXISTS"
    " (SELECT 1 FROM operator_account a WHERE a.warehouse_id = o.warehouse_id AND a.operator_id = o.id) OR EXISTS"
    " (SELECT 1 FROM scan c WHERE c.warehouse_id = o.warehouse_id AND c.operator_id = o.id) OR EXISTS"
    " (SELECT 1 FROM dialogue d WHERE d.warehouse_id = o.warehouse_id AND d.operator_id = o.id))",
    "kiosk": "SELECT COUNT(*) AS n FROM station s WHERE s.warehouse_id = :w AND s.kind = 'handheld' AND EXISTS"
    " (SELECT 1 FROM scan c WHERE c.warehouse_id = s.warehouse_id AND c.station_id = s.id)",
    "printer": "SELECT COUNT(*) AS n FROM printer WHERE warehouse_id = :w AND state = 'ready'",
    "stock": "SELECT COALESCE(SUM(on_hand_each), 0) AS n FROM stock_balance b JOIN location l"
    " ON l.warehouse_id = b.warehouse_id AND l.id = b.location_id WHERE b.warehouse_id = :w"
    " AND l.kind IN ('bin', 'reserve', 'flow_rack')",
    "order": "SELECT COUNT(*) AS n FROM sales_order WHERE warehouse_id = :w",
    "wave": "SELECT COUNT(*) AS n FROM wave WHERE warehouse_id = :w",
    "pick": "SELECT COUNT(*) AS n FROM stock_move WHERE warehouse_id = :w AND reason = 'pick'",
}

# The labels on the racks show themselves at the first scan; a printer is first needed at the bench.
_CAN_WAIT = frozenset({"labelled", "printer"})


def steps(tx: Tx) -> tuple[FirstStep, ...]:
    """Every step, in the order they are best taken."""
    counts = {name: int(tx.one(sql)["n"]) for name, sql in _COUNTS.items()}
    return tuple(FirstStep(name, count, count > 0, name in _CAN_WAIT) for name, count in counts.items())


def next_before_first_pick(tx: Tx) -> str:
    """The step to take now; '' once somebody has picked, when nobody wants to be led any more."""
    picked = tx.one("SELECT id FROM stock_move WHERE warehouse_id = :w AND reason = 'pick' LIMIT 1")
    return "" if picked is not None else next_of(steps(tx))


def has_handheld(tx: Tx) -> bool:
    """Whether there is a handheld; somebody may still have to open its link on a device."""
    return tx.one("SELECT id FROM station WHERE warehouse_id = :w AND kind = 'handheld' LIMIT 1") is not None


def next_of(found: tuple[FirstStep, ...]) -> str:
    """The step to take now: the first that is open and cannot wait, else the first open one; '' when all are done."""
    open_ones = [step for step in found if not step.is_done]
    return next((step.name for step in open_ones if not step.can_wait), open_ones[0].name if open_ones else "")
