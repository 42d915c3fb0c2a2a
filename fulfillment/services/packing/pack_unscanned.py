"""What went into parcels without a scan: which units, who said so, why, and whose word it was.

Owns `unscanned` and how many units a packer may vouch for alone. Refuses an item that does not lie in the tote, a
text that could mean two of them, and the word of nobody. Invariant: every unit that was packed without a scan has its
row, written in the transaction that moved it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from fulfillment.domain.reasons import DomainError, Refused, Reject, Rejected
from fulfillment.domain.roles import Role
from fulfillment.flows.pack_unscanned import Chosen, FindUnscanned, chosen_in, with_chosen
from fulfillment.flows.step import ItemRead, Memory
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.stock.lookup import find_supervisor

LEAST_TYPED = 3  # fewer characters of an ending mean too much
MOST_ALONE_EACH = 1_000_000
SHOWN = 100

_LYING = (
    "SELECT i.id, i.sku, i.name, i.tracks_lot, i.tracks_expiry, i.tracks_serial, y.lot, y.serial,"
    " COALESCE((SELECT MAX(c.code) FROM item_barcode c WHERE c.warehouse_id = i.warehouse_id AND c.item_id = i.id"
    " AND c.code LIKE :ending), '') AS barcode FROM stock_balance b"
    " JOIN item i ON i.warehouse_id = b.warehouse_id AND i.id = b.item_id"
    " JOIN layer y ON y.warehouse_id = b.warehouse_id AND y.id = b.layer_id"
    " WHERE b.warehouse_id = :w AND b.lpn_id = :tote ORDER BY i.id, y.id"
)
_RECORDED = (
    "SELECT u.id, u.parcel_id, p.number AS parcel, o.number AS order_number, i.sku, i.name, u.qty_each, u.why,"
    " s.code AS station, COALESCE(a.badge, '') AS operator, COALESCE(a.name, '') AS operator_name,"
    " COALESCE(b.badge, '') AS supervisor, u.scan_id, u.recorded_at_ms FROM unscanned u"
    " JOIN parcel p ON p.warehouse_id = u.warehouse_id AND p.id = u.parcel_id"
    " JOIN sales_order o ON o.warehouse_id = p.warehouse_id AND o.id = p.order_id"
    " JOIN item i ON i.warehouse_id = u.warehouse_id AND i.id = u.item_id"
    " JOIN station s ON s.warehouse_id = u.warehouse_id AND s.id = u.station_id"
    " LEFT JOIN operator a ON a.warehouse_id = u.warehouse_id AND a.id = u.operator_id"
    " LEFT JOIN operator b ON b.warehouse_id = u.warehouse_id AND b.id = u.supervisor_id WHERE u.warehouse_id = :w"
)


# --- at the bench ------------------------------------------------------------------------------------------------


def find(tx: Tx, actor: Actor, command: FindUnscanned, memory: Memory) -> Memory:
    """The memory with the item that was meant.

    Raises:
        Refused: nothing in the tote answers to the text, or two things do.
    """
    text = command.text.strip().upper()
    rows = tx.all(_LYING, tote=command.tote_id, ending=f"%{_literal(text)}")
    exact = [row for row in rows if text in (row["sku"].upper(), *_marks(row))]
    meant = exact or [row for row in rows if len(text) >= LEAST_TYPED and _ends(row, text)]
    if not meant:
        raise Refused(Rejected(Reject.WRONG_ITEM, expected=rows[0]["sku"] if rows else None, got=command.text))
    if len({row["id"] for row in meant}) > 1:
        skus = " or ".join(sorted({row["sku"] for row in meant}))
        raise Refused(Rejected(Reject.NOT_EXPECTED, expected=skus, got=command.text))
    row = meant[0]
    is_sku = row["sku"].upper().endswith(text)
    serials = {one["serial"] for one in meant if not is_sku and one["serial"].upper().endswith(text)}
    lots = {one["lot"] for one in meant if not is_sku and one["lot"].upper().endswith(text)}
    alone_each = tx.one("SELECT unscanned_alone_each AS n FROM warehouse WHERE id = :w")["n"]
    is_tracked = bool(row["tracks_lot"] or row["tracks_expiry"] or row["tracks_serial"])
    is_supervisor = actor.role in (Role.SUPERVISOR, Role.ADMIN)
    chosen = Chosen(
        row["id"], row["sku"], row["name"], command.qty_each, lots.pop() if len(lots) == 1 else "",
        serials.pop() if len(serials) == 1 else "",
        needs_word=(is_tracked or command.qty_each > alone_each) and not is_supervisor,
    )  # fmt: skip
    return with_chosen(memory, command.tote_id, chosen)


def with_word(tx: Tx, badge: str, memory: Memory) -> tuple[int, int, Chosen]:
    """Tote, order and what was chosen, agreed to by the supervisor of this badge.

    Raises:
        Refused: it is no supervisor's badge.
    """
    row, chosen = find_supervisor(tx, badge), chosen_in(memory)
    if chosen is None or not chosen.why:
        raise Refused(Rejected(Reject.NOT_EXPECTED, expected="item"))
    told = Chosen(**{**vars(chosen), "supervisor_id": row["id"], "by": row["name"] or badge})
    return memory["unscanned"]["tote"], memory["order"], told


def read_of(chosen: Chosen) -> ItemRead:
    """What was chosen, as a scan would have told it."""
    return ItemRead(
        chosen.item_id, chosen.sku, 1, chosen.qty_each, chosen.sku, lot=chosen.lot, serial=chosen.serial
    )


def write_down(tx: Tx, actor: Actor, parcel: Any, chosen: Chosen) -> None:
    """Units that went into a parcel without a scan."""
    tx.add(
        "unscanned", parcel_id=parcel["id"], item_id=chosen.item_id, qty_each=chosen.qty_each, why=chosen.why,
        station_id=actor.station_id, operator_id=actor.operator_id, supervisor_id=chosen.supervisor_id or None,
        scan_id=actor.scan_id, recorded_at_ms=tx.now_ms,
    )  # fmt: skip
    tell(
        tx, "board", "PackedUnscanned", actor.scan_id, parcel=parcel["number"], sku=chosen.sku,
        qty_each=chosen.qty_each, why=chosen.why, supervisor=chosen.by,
    )  # fmt: skip


def _marks(row: Any) -> list[str]:
    """What else a person may read off a unit."""
    return [mark.upper() for mark in (row["serial"], row["lot"], row["barcode"]) if mark]


def _ends(row: Any, text: str) -> bool:
    return row["sku"].upper().endswith(text) or any(mark.endswith(text) for mark in _marks(row))


def _literal(text: str) -> str:
    # A barcode holds digits and letters; what LIKE takes for a sign of its own is in none.
    return "".join(character for character in text if character.isalnum() or character in "-.")


# --- afterwards --------------------------------------------------------------------------------------------------


def of_parcels(tx: Tx, parcel_ids: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
    """What went into each of these parcels without a scan, oldest first."""
    wanted = ", ".join(str(int(one)) for one in sorted(set(parcel_ids)))
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    rows = tx.all(f"{_RECORDED} AND u.parcel_id IN ({wanted}) ORDER BY u.id") if wanted else ()
    for row in rows:
        found[row["parcel_id"]].append(_shown(row))
    return found


def describe(tx: Tx, limit: int = SHOWN) -> dict[str, Any]:
    """How many units a packer may vouch for alone, the items whose barcodes did not serve (new labels are wanted
    there), most units first, and the last times it happened."""
    items = tx.all(
        "SELECT i.sku, i.name, SUM(u.qty_each) AS units, COUNT(*) AS times, MAX(u.recorded_at_ms) AS last_ms"
        " FROM unscanned u JOIN item i ON i.warehouse_id = u.warehouse_id AND i.id = u.item_id"
        f" WHERE u.warehouse_id = :w GROUP BY i.sku, i.name ORDER BY units DESC, i.sku LIMIT {int(limit)}"
    )
    rows = tx.all(f"{_RECORDED} ORDER BY u.id DESC LIMIT {int(limit)}")
    alone_each = tx.one("SELECT unscanned_alone_each AS n FROM warehouse WHERE id = :w")["n"]
    return {"alone_each": alone_each, "items": [dict(row) for row in items], "last": [_shown(row) for row in rows]}


def set_alone(tx: Tx, alone_each: int) -> None:
    """How many units of an item a packer may vouch for at once without a supervisor; 0 = none.

    Raises:
        DomainError: not 0 to MOST_ALONE_EACH.
    """
    if not 0 <= alone_each <= MOST_ALONE_EACH:
        raise DomainError("bad_quantity", f"not 0 to {MOST_ALONE_EACH}", "alone_each")
    tx.put("UPDATE warehouse SET unscanned_alone_each = :n WHERE id = :w", n=alone_each)


def _shown(row: Any) -> dict[str, Any]:
    shown = {key: value for key, value in dict(row).items() if key not in ("id", "parcel_id", "order_number")}
    return {**shown, "order": row["order_number"]}
