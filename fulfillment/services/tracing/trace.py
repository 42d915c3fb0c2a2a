"""Where goods came from, where they lie, who got them: read from the ledger, by layer.

Owns the question (which layers) and the whole answer. Refuses a question that names nothing, or something
nobody knows. Invariant: the sums come from the moves, what lies here from the balances, and both must add up
(`balanced`); nothing is cut off the sums, only the lists shown are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fulfillment.domain.reasons import DomainError, NotFound
from fulfillment.domain.stock import LpnKind, Virtual
from fulfillment.domain.tracing import CAME, WENT, Sums, family
from fulfillment.hot import Tx
from fulfillment.services.ordering import orders
from fulfillment.services.tracing import trace_rows
from fulfillment.services.tracing.trace_rows import within

SHOWN_LAYERS = 100
SHOWN_ROWS = 500


@dataclass(frozen=True)
class Asked:
    """What is traced: every word given must fit. `parcel` is an SSCC, of a parcel or of a pallet."""

    lot: str = ""
    serial: str = ""
    sku: str = ""
    receipt: str = ""
    order: str = ""
    channel: str = ""
    parcel: str = ""

    def given(self) -> dict[str, str]:
        """The words that were given."""
        return {name: text for name, text in asdict(self).items() if text}


def trace(tx: Tx, asked: Asked, *, with_names: bool = True) -> dict[str, Any]:
    """The chain as the API shows it; buyers' names only with `with_names`.

    Raises:
        DomainError: nothing asked; NotFound: no such lot, serial, SKU, receipt, order or parcel.
    """
    layers = _layers(tx, asked)
    here, gone = trace_rows.lying(tx, layers), trace_rows.gone(tx, layers)
    sums = _sums(layers, here, gone)
    total = sum(sums.values(), Sums())
    served, count = _orders(tx, here, gone, with_names=with_names)
    shown = list(layers.values())[:SHOWN_LAYERS]
    been = trace_rows.been(tx, [layer["id"] for layer in shown])
    came_back, units = _came_back(layers), _units(gone)
    transfers = trace_rows.transfers(tx, [key for key, figures in sums.items() if figures.sent_each])
    return {
        "asked": asked.given(),
        "time_zone": tx.one("SELECT time_zone FROM warehouse WHERE id = :w")["time_zone"],
        "balanced": all(figures.is_balanced for figures in sums.values()),
        "sums": asdict(total),
        "suppliers": sorted({layer["supplier"] for layer in layers.values() if layer["supplier"]}),
        "layers": [
            {**_shown(layer), "came_back_as": came_back.get(layer["id"], []), "units": units.get(layer["id"], []),
             **asdict(sums[layer["id"]]), "been": been.get(layer["id"], [])}
            for layer in shown
        ],
        "here": [_lying(row) for row in here[:SHOWN_ROWS]],
        "orders": served,
        "adjusted": _adjusted(gone)[:SHOWN_ROWS],
        "overrides": trace_rows.overrides(tx, layers, SHOWN_ROWS),
        "transfers": transfers[:SHOWN_ROWS],
        "left_off": {
            "layers": len(layers) - len(shown), "here": max(0, len(here) - SHOWN_ROWS),
            "orders": count - len(served),
        },
    }  # fmt: skip


@dataclass(frozen=True)
class Material:
    """Everything a recall list is made of: layers by id, rows lying here, rows gone, transfers."""

    layers: dict[int, dict[str, Any]]
    here: list[dict[str, Any]]
    gone: list[dict[str, Any]]
    transfers: list[dict[str, Any]]


def material(tx: Tx, asked: Asked) -> Material:
    """The rows behind a trace, none left off.

    Raises:
        DomainError: nothing asked; NotFound: no such lot, serial, SKU, receipt, order or parcel.
    """
    layers = _layers(tx, asked)
    gone = trace_rows.gone(tx, layers)
    sent = {row["layer_id"] for row in gone if trace_rows.end(row["to_location_id"]) == Virtual.IN_TRANSIT}
    return Material(layers, trace_rows.lying(tx, layers), gone, trace_rows.transfers(tx, sorted(sent)))


# --- which layers ----------------------------------------------------------------------------------------------


def _layers(tx: Tx, asked: Asked) -> dict[int, dict[str, Any]]:
    """Layers by id, oldest first: those asked for, what came back of them, and what those were before."""
    if not set(asked.given()) - {"channel"}:
        raise DomainError("nothing_asked", "name a lot, serial, SKU, receipt, order or parcel")
    where, params = ["warehouse_id = :w"], {}
    if asked.sku:
        params["item"] = _id(tx, "item", "sku_key", asked.sku.strip().upper(), "sku")
        where.append("item_id = :item")
    if asked.receipt:
        params["receipt"] = _id(tx, "receipt", "number", asked.receipt, "receipt")
        where.append("receipt_id = :receipt")
    for name in ("lot", "serial"):
        text = getattr(asked, name)
        if text:
            # People key them in small letters; labels are printed in capitals.
            params[name], params[f"{name}_key"] = text, text.upper()
            where.append(f"{name} IN (:{name}, :{name}_key)")
    among = [ids for ids in (_of_order(tx, asked), _of_parcel(tx, asked)) if ids is not None]
    if len(where) > 1:
        rows = tx.all(f"SELECT id, item_id FROM layer WHERE {' AND '.join(where)}", **params)
        chosen = {row["id"] for row in rows}
        chosen = chosen.intersection(*among)
    else:
        chosen = set.intersection(*among)
    if not chosen and (asked.lot or asked.serial):
        name = "lot" if asked.lot else "serial"
        raise NotFound(f"unknown_{name}", f"no goods of {name} {getattr(asked, name)!r} among what was asked", name)
    if not asked.sku or len(asked.given()) > 1:
        chosen = family(chosen, _origins(tx, chosen))
    return _described(tx, chosen)


def _id(tx: Tx, table: str, column: str, value: str, field: str) -> int:
    row = tx.one(f"SELECT id FROM {table} WHERE warehouse_id = :w AND {column} = :value", value=value)
    if row is None:
        raise NotFound(f"unknown_{field}", f"no {field} {value!r}", field)
    return row["id"]


def _of_order(tx: Tx, asked: Asked) -> set[int] | None:
    """Layers in an order's parcels, wherever those are by now, in its totes, and promised to it."""
    if not asked.order:
        return None
    order = orders.find(tx, asked.order, asked.channel or None)
    packed = tx.all(
        "SELECT DISTINCT m.layer_id FROM parcel p JOIN stock_move m ON m.warehouse_id = p.warehouse_id"
        " AND m.to_lpn_id = p.lpn_id WHERE p.warehouse_id = :w AND p.order_id = :order AND p.state <> 'void'",
        order=order["id"],
    )
    picked = tx.all(
        "SELECT DISTINCT b.layer_id FROM lpn u JOIN stock_balance b ON b.warehouse_id = u.warehouse_id"
        " AND b.lpn_id = u.id WHERE u.warehouse_id = :w AND u.order_id = :order",
        order=order["id"],
    )
    promised = tx.all(
        "SELECT DISTINCT layer_id FROM allocation WHERE warehouse_id = :w AND order_id = :order AND qty_each > 0",
        order=order["id"],
    )
    handed_over = tx.all(
        "SELECT DISTINCT m.layer_id FROM shipment s JOIN stock_move m ON m.warehouse_id = s.warehouse_id"
        " AND m.id BETWEEN s.first_move_id AND s.last_move_id AND m.reason = 'ship'"
        " WHERE s.warehouse_id = :w AND s.order_id = :order",
        order=order["id"],
    )
    return {row["layer_id"] for row in (*packed, *picked, *promised, *handed_over)}


def _of_parcel(tx: Tx, asked: Asked) -> set[int] | None:
    if not asked.parcel:
        return None
    unit_id = _id(tx, "lpn", "code", asked.parcel.removeprefix("00") if len(asked.parcel) == 20 else asked.parcel,
                  "parcel")  # fmt: skip
    rows = tx.all(
        "SELECT layer_id, SUM(CASE WHEN to_lpn_id = from_lpn_id THEN 0 ELSE qty_each END) AS came FROM stock_move"
        " WHERE warehouse_id = :w AND to_lpn_id = :unit GROUP BY layer_id",
        unit=unit_id,
    )
    return {row["layer_id"] for row in rows if row["came"]}


def _origins(tx: Tx, chosen: Iterable[int]) -> dict[int, int]:
    """Every layer of these items that came back, and the layer it had been."""
    items: set[int] = set()
    for some in trace_rows.batches(chosen):
        found = tx.all(f"SELECT DISTINCT item_id FROM layer WHERE {within('id', some)}")
        items |= {row["item_id"] for row in found}
    origins: dict[int, int] = {}
    for some in trace_rows.batches(items):
        rows = tx.all(
            f"SELECT id, origin_layer_id FROM layer WHERE {within('item_id', some)} AND origin_layer_id IS NOT NULL"
        )
        origins.update({row["id"]: row["origin_layer_id"] for row in rows})
    return origins


def _described(tx: Tx, chosen: Iterable[int]) -> dict[int, dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for some in trace_rows.batches(chosen):
        rows = tx.all(
            "SELECT y.id, y.item_id, i.sku, i.name, y.received_on, y.lot, y.expiry_on, y.serial, y.origin_layer_id,"
            " r.number AS receipt, r.kind, r.arrived_at_ms, o.number AS returned_order,"
            " COALESCE(NULLIF(r.supplier, ''), NULLIF(p.supplier, ''), r.source) AS supplier,"
            " p.number AS purchase_order FROM layer y"
            " JOIN item i ON i.warehouse_id = y.warehouse_id AND i.id = y.item_id"
            " JOIN receipt r ON r.warehouse_id = y.warehouse_id AND r.id = y.receipt_id"
            " LEFT JOIN purchase_order p ON p.warehouse_id = r.warehouse_id AND p.id = r.purchase_order_id"
            " LEFT JOIN sales_order o ON o.warehouse_id = r.warehouse_id AND o.id = r.order_id"
            f" WHERE {within('y.id', some, 'y.')}"
        )
        found += [dict(row) for row in rows]
    found.sort(key=lambda row: (row["received_on"], row["id"]))
    return {row["id"]: row for row in found}


# --- what became of them ---------------------------------------------------------------------------------------


def _sums(
    layers: Iterable[int], here: Sequence[dict[str, Any]], gone: Sequence[dict[str, Any]]
) -> dict[int, Sums]:  # fmt: skip
    figures: dict[int, dict[str, int]] = {layer_id: defaultdict(int) for layer_id in layers}
    for row in gone:
        source, target = trace_rows.end(row["from_location_id"]), trace_rows.end(row["to_location_id"])
        if source and not target:
            figures[row["layer_id"]][CAME[source]] += row["qty_each"]
        elif target and not source:
            figures[row["layer_id"]][WENT[target]] += row["qty_each"]
    for row in here:
        figures[row["layer_id"]]["in_parcels_each" if row["parcel_id"] else "in_house_each"] += row["on_hand_each"]
    return {layer_id: Sums(**found) for layer_id, found in figures.items()}


def _adjusted(gone: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Units found or lost, with the reason somebody gave."""
    found = []
    for row in gone:
        source, target = trace_rows.end(row["from_location_id"]), trace_rows.end(row["to_location_id"])
        if Virtual.ADJUSTMENT in (source, target) and not (source and target):
            sign = 1 if source else -1
            found.append({
                "layer": row["layer_id"], "qty_each": sign * row["qty_each"], "reason": row["reason"],
                "why": row["why"], "last_ms": row["last_ms"],
            })  # fmt: skip
    return sorted(found, key=lambda row: row["last_ms"])


# --- who got them ----------------------------------------------------------------------------------------------


def _orders(
    tx: Tx, here: Sequence[dict[str, Any]], gone: Sequence[dict[str, Any]], *, with_names: bool
) -> tuple[list[dict[str, Any]], int]:  # fmt: skip
    """Orders with what is promised, in totes, in parcels and shipped to each, in the order they came; and how
    many there are."""
    figures: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    parcels: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    by_line: set[int] = set()
    for row in here:
        if row["order_id"] is not None:
            figure = "in_parcels_each" if row["parcel_id"] else "in_totes_each"
            figures[row["order_id"]][figure] += row["on_hand_each"]
            if row["parcel_id"]:
                parcels[row["order_id"]][row["parcel_id"]] += row["on_hand_each"]
    for row in gone:
        if row["order_id"] is not None and trace_rows.end(row["to_location_id"]) in (Virtual.CARRIER, Virtual.CUSTOMER):
            figures[row["order_id"]]["shipped_each"] += row["qty_each"]
            if row["parcel_id"]:
                parcels[row["order_id"]][row["parcel_id"]] += row["qty_each"]
            else:
                by_line.add(row["order_id"])
    for row in trace_rows.promises(tx, here):
        figures[row["order_id"]]["promised_each"] += row["qty_each"]
    heads = trace_rows.order_heads(tx, sorted(figures)[:SHOWN_ROWS])
    packed = trace_rows.parcel_heads(tx, {parcel for order_id in heads for parcel in parcels[order_id]})
    shipments = trace_rows.shipments(tx, by_line.intersection(heads), {row["layer_id"] for row in gone})
    served = [
        {
            "order": head["number"], "channel": head["channel"], "state": head["state"],
            "name": head["ship_to_name"] if with_names else None, "country": head["country"],
            **{name: figures[head["id"]][name]
               for name in ("promised_each", "in_totes_each", "in_parcels_each", "shipped_each")},
            "parcels": [
                {**packed[parcel_id], "qty_each": qty_each}
                for parcel_id, qty_each in sorted(parcels[head["id"]].items())
            ],
            "shipments": _shipments(shipments, head["id"]),
        }
        for head in heads.values()
    ]  # fmt: skip
    return served, len(figures)


def _shipments(rows: Iterable[Mapping[str, Any]], order_id: int) -> list[dict[str, Any]]:
    """An order's shipments by line, each with all its traced units."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row["order_id"] == order_id:
            head = {key: value for key, value in row.items() if key not in ("order_id", "layer_id", "qty_each")}
            found.setdefault(row["external_id"], {**head, "qty_each": 0})["qty_each"] += row["qty_each"]
    return list(found.values())


# --- how it is shown -------------------------------------------------------------------------------------------


def _shown(layer: Mapping[str, Any]) -> dict[str, Any]:
    shown = {key: value for key, value in layer.items() if key not in ("id", "item_id", "origin_layer_id")}
    return {"layer": layer["id"], **shown, "origin_layer": layer["origin_layer_id"]}


def _came_back(layers: Mapping[int, Mapping[str, Any]]) -> dict[int, list[int]]:
    """Layer → the layers its goods were after a customer returned them."""
    found: dict[int, list[int]] = defaultdict(list)
    for layer in layers.values():
        if layer["origin_layer_id"] is not None:
            found[layer["origin_layer_id"]].append(layer["id"])
    return found


def _units(gone: Sequence[Mapping[str, Any]]) -> dict[int, list[str]]:
    """Layer → the pallets and cartons (SSCC) it arrived on."""
    found: dict[int, set[str]] = defaultdict(set)
    for row in gone:
        if row["lpn_kind"] != LpnKind.NONE and trace_rows.end(row["from_location_id"]):
            found[row["layer_id"]].add(row["lpn"])
    return {layer_id: sorted(codes) for layer_id, codes in found.items()}


def _lying(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "layer": row["layer_id"], "location": row["location"], "kind": row["location_kind"],
        "lpn": row["lpn"] if row["lpn_id"] else None, "status": row["status"], "on_hand_each": row["on_hand_each"],
        "allocated_each": row["allocated_each"], "sealed_each": row["sealed_each"],
    }  # fmt: skip


