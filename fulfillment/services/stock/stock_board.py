"""Stock as cards: each pick face by how much lies there against its levels, and what is on its way to it.

The state is worked out from the balances each time; nothing keeps it. The one command there is asks for refills of an
item (`replenishment_plans`). Items without a face have no levels and so no card.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.domain.replenishment import StockState, stock_state
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.pages import COLUMN_MAX, COLUMN_SHOWN, LANES_MAX, check_limit, columns, literal, rows
from fulfillment.services.common.running import tell
from fulfillment.services.replenishing import replenishment_plans as plans

LANES = ("none", "zone")


@dataclass(frozen=True, slots=True)
class SoughtFaces:
    """Which faces, in which rows. `q` begins an SKU or a location; `is_unasked`: no refill is on its way."""

    q: str = ""
    zone: str = ""
    is_unasked: bool = False
    lanes: str = "none"


def board(tx: Tx, sought: SoughtFaces = SoughtFaces(), shown: int = COLUMN_SHOWN) -> dict[str, Any]:
    """Faces by state with whole counts, the emptiest first, also in rows by zone.

    Raises:
        DomainError: a limit or rows that make no sense.
    """
    check_limit(shown, COLUMN_MAX)
    if sought.lanes not in LANES:
        raise DomainError("bad_lanes", f"one of {', '.join(LANES)}", "lanes")
    q = sought.q
    key = literal(q.strip().upper())
    cards: dict[str, list[dict[str, Any]]] = {state.value: [] for state in StockState}
    for row in tx.all(_FACES, q=f"{key}%"):
        if (sought.zone and row["zone"] != sought.zone) or (sought.is_unasked and row["coming_each"]):
            continue
        state = stock_state(row["here_each"], row["min_each"], row["max_each"])
        lane = row["zone"] if sought.lanes == "zone" else ""
        cards[state].append({**dict(row), "state": state.value, "lane": lane})
    for some in cards.values():
        some.sort(key=lambda card: (card["here_each"] / card["max_each"], card["location"]))
    lanes = sorted({card["lane"] for some in cards.values() for card in some}) or [""]
    return {
        "now_ms": tx.now_ms, "lanes_by": sought.lanes, "columns": columns(cards, shown),
        "lanes": rows(cards, lanes, shown), "lanes_left_off": max(0, len(lanes) - LANES_MAX),
    }  # fmt: skip


def zones(tx: Tx) -> list[str]:
    """The zones faces are in."""
    return [row["zone"] for row in tx.all(_ZONES)]


def ask_refills(tx: Tx, actor: Actor, sku: str) -> dict[str, Any]:
    """Plan what an item's faces need now.

    Raises:
        NotFound: no such item, or it has no face.
    """
    row = tx.one(
        "SELECT i.id FROM item i JOIN pick_face f ON f.warehouse_id = i.warehouse_id AND f.item_id = i.id"
        " WHERE i.warehouse_id = :w AND i.sku_key = :key LIMIT 1",
        key=sku.strip().upper(),
    )
    if row is None:
        raise NotFound("unknown_item", f"no item {sku[:40]!r} with a pick face", "sku")
    open_refills = plans.refill(tx, actor, row["id"])
    tell(tx, "board", "RefillsAsked", actor.scan_id, sku=sku)
    return {"sku": sku, "open_refills": open_refills}


_ZONES = (
    "SELECT DISTINCT l.zone FROM pick_face f JOIN location l ON l.warehouse_id = f.warehouse_id"
    " AND l.id = f.location_id WHERE f.warehouse_id = :w AND l.zone <> '' ORDER BY l.zone LIMIT 200"
)
_FACES = (
    "SELECT f.id AS face, i.sku, i.name, l.code AS location, l.zone, f.min_each, f.max_each,"
    " COALESCE((SELECT SUM(b.on_hand_each) FROM stock_balance b WHERE b.warehouse_id = f.warehouse_id"
    " AND b.location_id = f.location_id AND b.item_id = f.item_id AND b.status = 'available'), 0) AS here_each,"
    " COALESCE((SELECT SUM(b.on_hand_each - b.allocated_each) FROM stock_balance b JOIN location p"
    " ON p.warehouse_id = b.warehouse_id AND p.id = b.location_id WHERE b.warehouse_id = f.warehouse_id"
    " AND b.item_id = f.item_id AND b.location_id <> f.location_id AND b.status = 'available'"
    " AND p.kind IN ('bin', 'reserve', 'flow_rack')), 0) AS elsewhere_each,"
    " COALESCE((SELECT SUM(k.qty_each - k.done_each) FROM task k WHERE k.warehouse_id = f.warehouse_id"
    " AND k.kind = 'replenish' AND k.state = 'open' AND k.to_location_id = f.location_id), 0) AS coming_each"
    " FROM pick_face f JOIN item i ON i.warehouse_id = f.warehouse_id AND i.id = f.item_id"
    " JOIN location l ON l.warehouse_id = f.warehouse_id AND l.id = f.location_id WHERE f.warehouse_id = :w"
    " AND (i.sku_key LIKE :q ESCAPE '!' OR l.code LIKE :q ESCAPE '!')"
)
