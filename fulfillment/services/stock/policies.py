"""Which rule each item's goods follow, and since when.

An item says itself by which rotation, tolerance and minimum life it goes; what it leaves open its zone says, and
where that says nothing either, goods whose expiry is tracked leave by expiry and all others as they came. Owns
`zone`, the item's effective `rotation` and `tolerance_days`, and the two histories the audit reads. Refuses a
zone nobody knows. Invariant: the newest entry of an item's history is what its row says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from fulfillment.domain.fifo import Policy, Rotation
from fulfillment.domain.putaway import EVERY_CLASS
from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.hot import Tx
from fulfillment.services.set_up import item_names
from fulfillment.services.stock import ledger
from fulfillment.services.walking import floor_plan

SHOWN = 20
MAX_ZONE = 20
POLICY_COLUMNS = frozenset(
    {"own_rotation", "own_tolerance_days", "min_life_days", "zone", "tracks_expiry", "rotation", "tolerance_days"}
)


def settle_policies(tx: Tx, item_ids: Iterable[int], note: str = "", *, are_new: bool = False) -> int:
    """Work out what holds for these items now and enter what changed; returns how many changed.

    Of a new item nothing held before, so nothing is entered: its history begins with its first change (`remember`), and
    an item that was a typing mistake can be taken away again.
    """
    changed = 0
    for item_id in item_ids:
        row = tx.one(
            "SELECT i.id, i.own_rotation, i.own_tolerance_days, i.min_life_days, i.tracks_expiry, i.rotation,"
            " i.tolerance_days, z.rotation AS zone_rotation, z.tolerance_days AS zone_tolerance_days FROM item i"
            " LEFT JOIN zone z ON z.warehouse_id = i.warehouse_id AND z.code = i.zone"
            " WHERE i.warehouse_id = :w AND i.id = :id",
            id=item_id,
        )
        policy = _effective(row)
        if (policy.rotation, policy.tolerance_days) != (row["rotation"], row["tolerance_days"]):
            tx.put(
                "UPDATE item SET rotation = :rotation, tolerance_days = :days WHERE warehouse_id = :w AND id = :id",
                id=item_id, rotation=policy.rotation, days=policy.tolerance_days,
            )  # fmt: skip
        if not are_new:
            changed += _enter(tx, item_id, policy, note)
    return changed


def remember(tx: Tx, item_id: int) -> None:
    """Before the first change of an item without a history: what has held so far, from the beginning."""
    if _newest(tx, item_id) is None:
        row = tx.one(
            "SELECT rotation, tolerance_days, min_life_days FROM item WHERE warehouse_id = :w AND id = :id", id=item_id
        )
        _insert(tx, item_id, Policy(row["rotation"], row["tolerance_days"], row["min_life_days"]), "", 0, 0)


def is_class(word: str) -> bool:
    """Whether a storage class is one word a zone can list; '' is general goods."""
    return re.fullmatch(r"[a-z0-9_-]{0,20}", word) is not None


def set_policy(tx: Tx, sku: str, values: Mapping[str, Any], note: str = "set") -> None:
    """What an item says of itself: rotation, tolerance, minimum life, zone, class, velocity, dating of returns.

    Raises:
        NotFound: an unknown item; a zone that is neither described nor any location's.
        DomainError: a storage class that is no word.
    """
    item = _item(tx, sku)
    if not is_class(values.get("storage_class", "")):
        raise DomainError("bad_storage_class", "one word of small letters, digits and - _", "storage_class")
    if values.get("zone"):
        _check_zone(tx, values["zone"])
    remember(tx, item["id"])
    sets = ", ".join(f"{column} = :{column}" for column in values)
    tx.put(f"UPDATE item SET {sets} WHERE warehouse_id = :w AND id = :id", id=item["id"], **values)
    settle_policies(tx, [item["id"]], note)


def set_zone(
    tx: Tx, code: str, name: str = "", rotation: str = "", tolerance_days: int | None = None,
    storage_classes: str = EVERY_CLASS, pick_order: int = 0, hand_over: str = "", note: str = "zone",
) -> str:  # fmt: skip
    """Describe a zone; its items follow. Returns `created`, `updated` or `unchanged`.

    `pick_order`: its turn where carts go from zone to zone (0 = none), `hand_over`: the place where it takes them over.

    Raises:
        DomainError: a code no location could have, a zone that takes no class of goods at all, a turn without a place
            for the cart; NotFound: no such place.
    """
    if not 0 < len(code) <= MAX_ZONE or not code.isprintable():
        raise DomainError("bad_code", f"a zone's code has 1 to {MAX_ZONE} printable characters", "code")
    words = sorted({word.lower() for word in storage_classes.split()})
    if not words or not all(word == EVERY_CLASS or is_class(word) for word in words):
        raise DomainError("bad_storage_classes", "name the classes it takes, or * for all", "storage_classes")
    values = {
        "name": name, "rotation": rotation, "tolerance_days": tolerance_days,
        "storage_classes": EVERY_CLASS if EVERY_CLASS in words else " ".join(words), "pick_order": pick_order,
        "hand_over_id": floor_plan.standing(tx, hand_over, "hand_over") if hand_over else None,
    }  # fmt: skip
    if pick_order and not hand_over:
        raise DomainError("no_hand_over", "a zone that takes carts over needs the place where it does", "hand_over")
    known = tx.one("SELECT * FROM zone WHERE warehouse_id = :w AND code = :code", code=code)
    if known is not None and all(known[column] == value for column, value in values.items()):
        return "unchanged"
    items = [
        row["id"]
        for row in tx.all("SELECT id FROM item WHERE warehouse_id = :w AND zone = :code ORDER BY id", code=code)
    ]
    for item_id in items:
        remember(tx, item_id)
    if known is None:
        tx.add("zone", code=code, **values)
    else:
        sets = ", ".join(f"{column} = :{column}" for column in values)
        tx.put(f"UPDATE zone SET {sets} WHERE warehouse_id = :w AND id = :id", id=known["id"], **values)
    settle_policies(tx, items, f"{note} {code}")
    return "created" if known is None else "updated"


def note_reach(tx: Tx, location_id: int, before: str, access: str) -> None:
    """Goods in a location are reached in another way from now on; the past is judged by how it was."""
    known = tx.one("SELECT 1 FROM reach_entry WHERE warehouse_id = :w AND location_id = :id LIMIT 1", id=location_id)
    if known is None:
        tx.add(
            "reach_entry", location_id=location_id, access=before, after_move_id=0, after_entry_id=0,
            recorded_at_ms=tx.now_ms,
        )  # fmt: skip
    tx.add(
        "reach_entry", location_id=location_id, access=access, after_move_id=ledger.last_move_id(tx),
        after_entry_id=_last_promise_id(tx), recorded_at_ms=tx.now_ms,
    )  # fmt: skip


def describe_item(tx: Tx, sku: str) -> dict[str, Any]:
    """An item, its barcodes, the policy that holds and what held before, newest first.

    Raises:
        NotFound: an unknown item.
    """
    item = _item(tx, sku)
    barcodes = tx.all(
        "SELECT code, uom, qty_each FROM item_barcode WHERE warehouse_id = :w AND item_id = :id ORDER BY id",
        id=item["id"],
    )
    history = tx.all(
        "SELECT rotation, tolerance_days, min_life_days, note, recorded_at_ms FROM policy_entry"
        f" WHERE warehouse_id = :w AND item_id = :id ORDER BY id DESC LIMIT {SHOWN}",
        id=item["id"],
    )
    plain = (
        "sku", "name", "length_mm", "width_mm", "height_mm", "weight_g", "tracks_lot", "tracks_expiry",
        "tracks_serial", "zone", "storage_class", "velocity", "return_dating",
    )  # fmt: skip
    is_flag = {"tracks_lot", "tracks_expiry", "tracks_serial"}
    return {
        **{name: bool(item[name]) if name in is_flag else item[name] for name in plain},
        "names": item_names.of_item(tx, item["id"]),
        "barcodes": [dict(row) for row in barcodes],
        "policy": {
            "rotation": item["rotation"], "tolerance_days": item["tolerance_days"],
            "min_life_days": item["min_life_days"], "own_rotation": item["own_rotation"],
            "own_tolerance_days": item["own_tolerance_days"],
        },
        "history": [
            {
                "rotation": row["rotation"], "tolerance_days": row["tolerance_days"],
                "min_life_days": row["min_life_days"], "note": row["note"], "since": _instant(row["recorded_at_ms"]),
            }
            for row in history
        ],
    }  # fmt: skip


def describe_zones(tx: Tx) -> list[dict[str, Any]]:
    """Every zone that is described, or that a location lies in."""
    codes = tx.all(
        "SELECT code FROM zone WHERE warehouse_id = :w UNION SELECT zone FROM location WHERE warehouse_id = :w"
        " AND zone <> '' ORDER BY 1"
    )
    return [describe_zone(tx, row["code"]) for row in codes]


def describe_zone(tx: Tx, code: str) -> dict[str, Any]:
    """A zone, how many locations lie in it and how many items ask for it.

    Raises:
        NotFound: neither described nor any location's.
    """
    _check_zone(tx, code)
    zone = tx.one(
        "SELECT z.*, l.code AS hand_over FROM zone z LEFT JOIN location l ON l.warehouse_id = z.warehouse_id"
        " AND l.id = z.hand_over_id WHERE z.warehouse_id = :w AND z.code = :code",
        code=code,
    )
    counts = tx.one(
        "SELECT (SELECT COUNT(*) FROM location WHERE warehouse_id = :w AND zone = :code) AS locations,"
        " (SELECT COUNT(*) FROM item WHERE warehouse_id = :w AND zone = :code) AS items",
        code=code,
    )
    return {
        "code": code, "name": zone["name"] if zone else "", "rotation": zone["rotation"] if zone else "",
        "tolerance_days": zone["tolerance_days"] if zone else None,
        "storage_classes": zone["storage_classes"] if zone else EVERY_CLASS,
        "pick_order": zone["pick_order"] if zone else 0, "hand_over": (zone["hand_over"] or "") if zone else "",
        "locations": counts["locations"], "items": counts["items"],
    }  # fmt: skip


def _effective(row: Any) -> Policy:
    usual = Rotation.FEFO if row["tracks_expiry"] else Rotation.FIFO
    rotation = row["own_rotation"] or row["zone_rotation"] or usual
    own, zone = row["own_tolerance_days"], row["zone_tolerance_days"]
    tolerance_days = own if own is not None else zone if zone is not None else 0
    return Policy(str(rotation), tolerance_days, row["min_life_days"])


def _enter(tx: Tx, item_id: int, policy: Policy, note: str) -> bool:
    if _newest(tx, item_id) == policy:
        return False
    _insert(tx, item_id, policy, note, ledger.last_move_id(tx), _last_promise_id(tx))
    return True


def _newest(tx: Tx, item_id: int) -> Policy | None:
    row = tx.one(
        "SELECT rotation, tolerance_days, min_life_days FROM policy_entry WHERE warehouse_id = :w AND item_id = :item"
        " ORDER BY id DESC LIMIT 1",
        item=item_id,
    )
    return None if row is None else Policy(row["rotation"], row["tolerance_days"], row["min_life_days"])


def _insert(tx: Tx, item_id: int, policy: Policy, note: str, after_move_id: int, after_entry_id: int) -> None:
    tx.add(
        "policy_entry", item_id=item_id, rotation=policy.rotation, tolerance_days=policy.tolerance_days,
        min_life_days=policy.min_life_days, after_move_id=after_move_id, after_entry_id=after_entry_id, note=note,
        recorded_at_ms=tx.now_ms,
    )  # fmt: skip


def _last_promise_id(tx: Tx) -> int:
    return tx.one("SELECT COALESCE(MAX(id), 0) AS id FROM allocation_entry WHERE warehouse_id = :w")["id"]


def _item(tx: Tx, sku: str) -> Any:
    row = tx.one("SELECT * FROM item WHERE warehouse_id = :w AND sku_key = :key", key=sku.upper())
    if row is None:
        raise NotFound("unknown_sku", f"no item {sku!r}", "sku")
    return row


def _check_zone(tx: Tx, code: str) -> None:
    known = tx.one(
        "SELECT 1 FROM zone WHERE warehouse_id = :w AND code = :code"
        " UNION ALL SELECT 1 FROM location WHERE warehouse_id = :w AND zone = :code LIMIT 1",
        code=code,
    )
    if known is None:
        raise NotFound("unknown_zone", f"no zone {code!r}", "zone")


def _instant(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")
