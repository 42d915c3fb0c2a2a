"""Cartons at the bench: the types that are kept, which carton of its proposal a parcel is, and what the packer took.

Owns reading and writing of types and of what was proposed; works nothing out (`carton_proposals` does, beside the
floor), so no scan and no page ever waits for a plan. Invariant: a parcel says which type was proposed for it and
which one it is packed in, whatever becomes of the proposal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fulfillment.domain.codes import BadCode, own_code
from fulfillment.domain.reasons import DomainError, NotFound, Refused, Reject, Rejected
from fulfillment.domain.shipping import ParcelState
from fulfillment.flows.parcel import Carton
from fulfillment.hot import Question, Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.common.running import tell
from fulfillment.services.working import jobs

PROPOSE_CARTONS = "propose_cartons"  # the job's name
OFFERED = 8  # other types offered as buttons at the bench

SIZES = ("length_mm", "width_mm", "height_mm", "max_weight_g", "tare_g", "cost_minor")
# code, name, then SIZES; inner sizes as European suppliers of single- and double-wall cartons list them
DEFAULT_TYPES = (
    ("XS", "Small packet", 220, 160, 60, 2_000, 50, 25),
    ("S", "Shoe box", 310, 220, 120, 5_000, 130, 40),
    ("M", "Medium carton", 400, 300, 150, 10_000, 240, 60),
    ("L", "Large carton", 400, 300, 300, 15_000, 350, 85),
    ("XL", "Extra large carton", 600, 400, 300, 20_000, 620, 125),
    ("XXL", "Double wall", 600, 450, 400, 25_000, 950, 180),
)


def ask_for_order(tx: Tx, order_id: int) -> None:
    """Have the planner propose cartons for one order."""
    jobs.defer(tx, PROPOSE_CARTONS, {"order": order_id}, f"cartons:order:{order_id}:{tx.now_ms}")


def ask_again(tx: Tx, order_id: int) -> None:
    """What is in a released order has changed: its cartons are proposed anew, of what is left to pack.

    Asked whether or not a proposal is there already: one may be being made of the goods as they were.
    """
    order = tx.one("SELECT wave_id, is_cancelled FROM sales_order WHERE warehouse_id = :w AND id = :id", id=order_id)
    if order["wave_id"] is not None and not order["is_cancelled"]:
        ask_for_order(tx, order_id)


# --- the types -----------------------------------------------------------------------------------------------


def found_types(tx: Tx) -> None:
    """The default set, for a warehouse that has none."""
    for code, name, *sizes in DEFAULT_TYPES:
        tx.add("carton_type", code=code, name=name, **dict(zip(SIZES, sizes, strict=True)))


def put_type(tx: Tx, code: str, values: Mapping[str, Any]) -> str:
    """Create a type or bring it to `values`; `created`, `updated` or `unchanged`.

    Raises:
        DomainError: the code cannot be printed, or a new type lacks a size.
    """
    try:
        own_code("P", code)
    except BadCode as error:
        raise DomainError("bad_code", str(error), "code") from error
    known = tx.one("SELECT * FROM carton_type WHERE warehouse_id = :w AND code = :code", code=code)
    if known is None:
        missing = [name for name in ("length_mm", "width_mm", "height_mm", "max_weight_g") if not values.get(name)]
        if missing:
            raise DomainError("bad_size", f"a new carton type needs {missing[0]}", missing[0])
        tx.add("carton_type", code=code, **values)
        return "created"
    changes = {name: value for name, value in values.items() if known[name] != value}
    if not changes:
        return "unchanged"
    sets = ", ".join(f"{name} = :{name}" for name in changes)
    tx.put(f"UPDATE carton_type SET {sets} WHERE warehouse_id = :w AND id = :id", id=known["id"], **changes)
    return "updated"


def types(tx: Tx, *, active_only: bool = False) -> list[dict[str, Any]]:
    """The types, the smallest first, with their barcodes and in how many parcels each was proposed and used."""
    rows = tx.all(
        "SELECT t.*, (SELECT COUNT(*) FROM parcel p WHERE p.warehouse_id = t.warehouse_id AND p.carton_type_id = t.id"
        " AND p.state <> 'void') AS used, (SELECT COUNT(*) FROM parcel p WHERE p.warehouse_id = t.warehouse_id"
        " AND p.proposed_type_id = t.id AND p.state <> 'void') AS proposed FROM carton_type t"
        f" WHERE t.warehouse_id = :w{' AND t.is_active = 1' if active_only else ''}"
        " ORDER BY t.length_mm * t.width_mm * t.height_mm, t.code"
    )
    return [
        {
            "code": row["code"], "name": row["name"], "barcode": own_code("P", row["code"]),
            **{name: row[name] for name in SIZES}, "is_active": bool(row["is_active"]), "used": row["used"],
            "proposed": row["proposed"],
        }
        for row in rows
    ]  # fmt: skip


# --- parcels and the cartons proposed for them -------------------------------------------------------------------


def next_proposed(order_id: int) -> Question:
    """The first carton of an order's proposal that no parcel stands for: what its next parcel is opened as."""
    return (
        "SELECT c.sequence, c.carton_type_id FROM proposed_carton c WHERE c.warehouse_id = :w AND c.order_id = :order"
        " AND NOT EXISTS (SELECT 1 FROM parcel p WHERE p.warehouse_id = c.warehouse_id AND p.order_id = c.order_id"
        " AND p.proposed_sequence = c.sequence AND p.state <> 'void') ORDER BY c.sequence LIMIT 1",
        {"order": order_id},
    )


def of_parcel(tx: Tx, parcel: Any) -> Carton | None:
    """The carton a parcel is packed in, as the bench shows it; None when nothing is known of it."""
    if parcel["carton_type_id"] is None:
        return None
    row = tx.one(
        "SELECT t.code, t.name, t.length_mm, t.width_mm, t.height_mm, t.tare_g, COALESCE(o.code, '') AS proposed,"
        " COALESCE(c.weight_g - o.tare_g, 0) AS contents_g, (SELECT COUNT(*) FROM proposed_carton a"
        " WHERE a.warehouse_id = t.warehouse_id AND a.order_id = :order) AS cartons FROM carton_type t"
        " LEFT JOIN carton_type o ON o.warehouse_id = t.warehouse_id AND o.id = :proposed"
        " LEFT JOIN proposed_carton c ON c.warehouse_id = t.warehouse_id AND c.order_id = :order"
        " AND c.sequence = :sequence WHERE t.warehouse_id = :w AND t.id = :id",
        id=parcel["carton_type_id"], proposed=parcel["proposed_type_id"], order=parcel["order_id"],
        sequence=parcel["proposed_sequence"],
    )  # fmt: skip
    return Carton(
        row["code"], row["name"], (row["length_mm"], row["width_mm"], row["height_mm"]), row["proposed"],
        parcel["proposed_sequence"], row["cartons"], row["contents_g"] + row["tare_g"] if row["contents_g"] else None,
        row["tare_g"],
    )  # fmt: skip


def others(tx: Tx, code: str) -> tuple[str, ...]:
    """Other types the packer may take instead, the smallest first."""
    rows = tx.all(
        "SELECT code FROM carton_type WHERE warehouse_id = :w AND is_active = 1 AND code <> :code"
        f" ORDER BY length_mm * width_mm * height_mm, code LIMIT {OFFERED}",
        code=code,
    )
    return tuple(row["code"] for row in rows)


def take(tx: Tx, actor: Actor, parcel_id: int, code: str) -> None:
    """The packer takes a carton of this type for a parcel that is open.

    Raises:
        Refused: no such type is kept, or the parcel is not open.
    """
    kind = tx.one("SELECT id FROM carton_type WHERE warehouse_id = :w AND code = :code AND is_active = 1", code=code)
    if kind is None:
        raise Refused(Rejected(Reject.UNKNOWN_CODE, expected="carton", got=code))
    parcel = tx.one("SELECT * FROM parcel WHERE warehouse_id = :w AND id = :id", id=parcel_id)
    if parcel is None or parcel["state"] != ParcelState.OPEN:
        raise Refused(Rejected(Reject.PARCEL_UNKNOWN, expected="an open parcel"))
    tx.put(
        "UPDATE parcel SET carton_type_id = :type WHERE warehouse_id = :w AND id = :id", id=parcel_id, type=kind["id"]
    )
    if parcel["proposed_type_id"] not in (None, kind["id"]):
        tell(tx, "board", "CartonChanged", actor.scan_id, parcel=parcel["number"], carton=code)


def packing(tx: Any, parcel_number: str) -> dict[str, Any] | None:
    """What goes into a parcel's carton by its proposal, and the picture while the packer keeps to the proposed type.

    None when the parcel was not opened as a proposed carton.
    """
    row = tx.one(
        "SELECT c.contents, c.picture, c.fill_percent, n.note, p.lpn_id,"
        " CASE WHEN p.carton_type_id = c.carton_type_id THEN 1 ELSE 0 END AS is_kept FROM parcel p"
        " JOIN proposed_carton c ON c.warehouse_id = p.warehouse_id AND c.order_id = p.order_id"
        " AND c.sequence = p.proposed_sequence JOIN carton_proposal n ON n.warehouse_id = p.warehouse_id"
        " AND n.order_id = p.order_id WHERE p.warehouse_id = :w AND p.number = :number",
        number=parcel_number,
    )
    if row is None:
        return None
    inside = units_inside(tx, row["lpn_id"])
    wanted = json.loads(row["contents"])
    named = _names(tx, [item_id for item_id, _ in wanted])
    return {
        "picture": row["picture"] if row["is_kept"] else "", "is_kept": bool(row["is_kept"]), "note": row["note"],
        "lines": [
            {**named[item_id], "qty_each": qty_each, "packed_each": inside.get(item_id, 0)}
            for item_id, qty_each in wanted
        ],
    }  # fmt: skip


def holds_its_proposal(tx: Tx, parcel: Any) -> bool:
    """Whether a parcel holds all its proposed carton should while others are proposed after it, and the packer keeps
    to that carton: then it is full, though more would fit."""
    if not parcel["proposed_sequence"] or parcel["carton_type_id"] != parcel["proposed_type_id"]:
        return False
    (following,) = tx.ask(next_proposed(parcel["order_id"]))
    own = tx.one(
        "SELECT contents FROM proposed_carton WHERE warehouse_id = :w AND order_id = :order AND sequence = :sequence",
        order=parcel["order_id"], sequence=parcel["proposed_sequence"],
    )  # fmt: skip
    if not following or own is None:
        return False
    inside = units_inside(tx, parcel["lpn_id"])
    return all(inside.get(item_id, 0) >= qty_each for item_id, qty_each in json.loads(own["contents"]))


def units_inside(tx: Any, lpn_id: int) -> dict[int, int]:
    """What is in a parcel by now: units by item."""
    rows = tx.all(
        "SELECT item_id, SUM(on_hand_each) AS units FROM stock_balance WHERE warehouse_id = :w AND lpn_id = :lpn"
        " GROUP BY item_id",
        lpn=lpn_id,
    )
    return {row["item_id"]: row["units"] for row in rows}


def order_id(tx: Tx, order_number: str) -> int:
    """An order by its number, the newest where several channels use it.

    Raises:
        NotFound: no such order.
    """
    row = tx.one(
        "SELECT id FROM sales_order WHERE warehouse_id = :w AND number = :number ORDER BY id DESC LIMIT 1",
        number=order_number,
    )
    if row is None:
        raise NotFound("unknown_order", f"no order {order_number!r}", "order")
    return int(row["id"])


def proposal(tx: Tx, order_number: str) -> dict[str, Any]:
    """What was proposed for an order, carton by carton, and what its parcels were packed in.

    Raises:
        NotFound: no such order, or nothing was proposed for it.
    """
    head = tx.one(
        "SELECT o.id, o.number, n.cartons, n.bound_cartons, n.cost_minor, n.bound_cost_minor, n.note, n.solver, n.seed,"
        " n.elapsed_ms FROM sales_order o LEFT JOIN carton_proposal n ON n.warehouse_id = o.warehouse_id"
        " AND n.order_id = o.id WHERE o.warehouse_id = :w AND o.number = :number ORDER BY n.id DESC LIMIT 1",
        number=order_number,
    )
    if head is None:
        raise NotFound("unknown_order", f"no order {order_number!r}", "order")
    if head["cartons"] is None:
        raise NotFound("no_proposal", f"no cartons are proposed for order {order_number} yet", "order")
    rows = tx.all(
        "SELECT c.*, t.code, t.name FROM proposed_carton c JOIN carton_type t ON t.warehouse_id = c.warehouse_id"
        " AND t.id = c.carton_type_id WHERE c.warehouse_id = :w AND c.order_id = :order ORDER BY c.sequence",
        order=head["id"],
    )
    parcels = tx.all(
        "SELECT p.number, p.state, p.proposed_sequence, t.code AS carton, o.code AS proposed FROM parcel p"
        " LEFT JOIN carton_type t ON t.warehouse_id = p.warehouse_id AND t.id = p.carton_type_id"
        " LEFT JOIN carton_type o ON o.warehouse_id = p.warehouse_id AND o.id = p.proposed_type_id"
        " WHERE p.warehouse_id = :w AND p.order_id = :order AND p.state <> 'void' ORDER BY p.id",
        order=head["id"],
    )
    contents = [json.loads(row["contents"]) for row in rows]
    named = _names(tx, [item_id for lines in contents for item_id, _ in lines])
    figures = ("cartons", "bound_cartons", "cost_minor", "bound_cost_minor", "note", "solver", "seed", "elapsed_ms")
    return {
        "order": head["number"], **{name: head[name] for name in figures},
        "proposed": [
            {
                "sequence": row["sequence"], "carton": row["code"], "name": row["name"], "weight_g": row["weight_g"],
                "fill_percent": row["fill_percent"], "picture": row["picture"],
                "lines": [{**named[item_id], "qty_each": qty_each} for item_id, qty_each in lines],
            }
            for row, lines in zip(rows, contents, strict=True)
        ],
        "parcels": [dict(row) for row in parcels],
    }  # fmt: skip


def forget_pictures(tx: Tx, limit: int = 500) -> int:
    """Let go of the pictures of orders nobody packs any more; how many there were in this turn."""
    return tx.run(
        "UPDATE proposed_carton SET picture = '' WHERE warehouse_id = :w AND id IN (SELECT c.id FROM proposed_carton c"
        " JOIN sales_order o ON o.warehouse_id = c.warehouse_id AND o.id = c.order_id WHERE c.warehouse_id = :w"
        f" AND c.picture <> '' AND o.state IN ('shipped', 'cancelled') LIMIT {int(limit)})"
    )


def _names(tx: Any, item_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    wanted = ", ".join(str(int(item_id)) for item_id in dict.fromkeys(item_ids)) or "0"
    rows = tx.all(f"SELECT id, sku, name FROM item WHERE warehouse_id = :w AND id IN ({wanted})")
    return {row["id"]: {"sku": row["sku"], "name": row["name"]} for row in rows}
