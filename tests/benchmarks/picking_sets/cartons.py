"""Cartons of real orders: ours beside one size for all and beside a choice by volume alone."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fulfillment.domain.shipping import MAX_PARCEL_WEIGHT_G
from fulfillment.services.packing.cartons import DEFAULT_TYPES
from picking.cartons import CartonPlan, CartonProblem, CartonType, Piece, choose_cartons, faults_of_plan
from simulators.catalogue import CatalogueItem, Order, make_catalogue, read_orders
from tests.benchmarks.picking_sets import Options, Row, percentile

HELP = """Orders of the UCI Online Retail set (CC BY 4.0), the first 1,000 of the file: the day that ships with the
simulators (97 orders), or the first CSV or CSV.GZ in --data. The set has no sizes; each SKU's are drawn by
simulators.catalogue.make_catalogue with seed 7. Carton types are those a warehouse is founded with. --seconds is the
limit of an order (0.3), the first of --seeds is used. Against it: everything in the largest type, placed in three
dimensions alike; and the usual choice by volume (85 %) and weight without placing anything, whose cartons are then
tried: what does not go in is packed anew. Checked: every packing, piece by piece, for overlap, bounds, support and
weight, and every bound."""

ORDERS = 1_000
SIZES_SEED = 7
COLUMNS = {"order": "order_id", "ordered_at": "ts"}
VOLUME_PERCENT = 85
TYPES = tuple(CartonType(code, *sizes) for code, _, *sizes in DEFAULT_TYPES)
WAYS = ("ours", "one_size", "by_volume")
LARGEST = max(TYPES, key=lambda carton: carton.volume_ml)


def rows(options: Options) -> Iterator[Row]:
    limit_ms = round(1000 * (0.3 if options.seconds is None else options.seconds))
    seed = options.seeds[0]
    book = read_orders(_file(options.data), COLUMNS)
    items = {item.sku.upper(): item for item in make_catalogue(book, seed=SIZES_SEED)}
    choose_cartons(CartonProblem(TYPES, (Piece("-", 1, 1, 1),)))  # what is compiled is read from its cache once
    for number, order in enumerate(book.orders[:ORDERS], 1):
        key = f"order {order.number} {limit_ms} ms seed {seed}"
        pieces = _pieces(order, items)
        if not pieces or not options.is_mine(number) or options.is_done(key):
            continue
        yield {"key": key, "lines": len(pieces), **_row(pieces, limit_ms, seed)}


def summary(found: list[Row]) -> dict[str, Any]:
    """Totals over all orders, and over those that go into one parcel; fill in percent of the litres shipped."""
    single = [row for row in found if row["ours_parcels"] == 1]
    return {
        "orders": len(found),
        "units": sum(row["units"] for row in found),
        "left_out_units": sum(row["left_out"] for row in found),
        **{
            f"{name}_{figure}": sum(row[f"{name}_{figure}"] for row in found)
            for name in WAYS for figure in ("parcels", "cost_minor")
        },
        **{f"{name}_fill_percent": _fill_percent(found, name) for name in WAYS},
        "single_parcel_orders": len(single),
        **{f"single_{name}_cost_minor": sum(row[f"{name}_cost_minor"] for row in single) for name in WAYS},
        **{f"single_{name}_fill_percent": _fill_percent(single, name) for name in WAYS},
        "bound_parcels": sum(row["bound_parcels"] for row in found),
        "orders_at_bound": sum(row["ours_parcels"] == row["bound_parcels"] for row in found),
        "by_volume_misfits": sum(row["by_volume_misfits"] for row in found),
        "faults": sum(row["faults"] for row in found),
        "cpu_ms_p50": percentile([row["cpu_ms"] for row in found], 0.5),
        "cpu_ms_p99": percentile([row["cpu_ms"] for row in found], 0.99),
        "single_parcel_cpu_ms_p99": percentile([row["cpu_ms"] for row in single], 0.99),
    }  # fmt: skip


def _fill_percent(found: list[Row], name: str) -> float:
    shipped_ml = sum(row[f"{name}_ml"] for row in found)
    return round(100 * sum(row["goods_ml"] for row in found) / shipped_ml, 1) if shipped_ml else 0.0


def _row(pieces: tuple[Piece, ...], limit_ms: int, seed: int) -> Row:
    problem = CartonProblem(TYPES, pieces, max_parcel_g=MAX_PARCEL_WEIGHT_G)
    began = time.process_time()
    ours = choose_cartons(problem, limit_ms, seed)
    cpu_ms = 1000 * (time.process_time() - began)
    one = CartonProblem((LARGEST,), pieces, max_parcel_g=MAX_PARCEL_WEIGHT_G)
    one_size = choose_cartons(one, limit_ms, seed)
    faults = faults_of_plan(problem, ours) + faults_of_plan(one, one_size)
    misfits, by_volume = 0, []
    for carton, part in _by_volume(problem, ours):
        tried = choose_cartons(CartonProblem((carton,), part, max_parcel_g=MAX_PARCEL_WEIGHT_G), limit_ms, seed)
        if len(tried.cartons) == 1 and not tried.left_out:
            by_volume.append(carton)
        else:
            misfits += 1
            again = choose_cartons(CartonProblem(TYPES, part, max_parcel_g=MAX_PARCEL_WEIGHT_G), limit_ms, seed)
            by_volume += [packed.carton for packed in again.cartons]
    left_out = {left.name for left in ours.left_out}
    return {
        "ok": not faults, "faults": len(faults), "first_fault": faults[0] if faults else "",
        "units": sum(piece.qty_each for piece in pieces), "left_out": sum(left.qty_each for left in ours.left_out),
        "goods_ml": sum(piece.volume_mm3 * piece.qty_each for piece in pieces if piece.name not in left_out) // 1000,
        **_figures("ours", tuple(packed.carton for packed in ours.cartons)),
        **_figures("one_size", tuple(packed.carton for packed in one_size.cartons)),
        **_figures("by_volume", tuple(by_volume)),
        "by_volume_misfits": misfits, "bound_parcels": ours.bound_parcels, "bound_cost_minor": ours.bound_cost_minor,
        "solver": ours.solver, "cpu_ms": round(cpu_ms, 2),
    }  # fmt: skip


def _figures(name: str, cartons: tuple[CartonType, ...]) -> Row:
    return {
        f"{name}_parcels": len(cartons), f"{name}_cost_minor": sum(carton.cost_minor for carton in cartons),
        f"{name}_ml": sum(carton.volume_ml for carton in cartons),
    }  # fmt: skip


def _by_volume(problem: CartonProblem, ours: CartonPlan) -> Iterator[tuple[CartonType, tuple[Piece, ...]]]:
    """Cartons as a system without a placement chooses them: the smallest with litres and kilos enough for all of it,
    else the largest filled line by line, and the smallest for the rest."""
    left_out = {left.name for left in ours.left_out}
    rest = {piece.name: piece.qty_each for piece in problem.pieces if piece.name not in left_out}
    pieces = {piece.name: piece for piece in problem.pieces}
    while rest:
        volume_mm3 = sum(pieces[name].volume_mm3 * qty_each for name, qty_each in rest.items())
        weight_g = sum(pieces[name].weight_g * qty_each for name, qty_each in rest.items())
        holding = [
            carton for carton in problem.ranked
            if volume_mm3 * 100 <= carton.volume_ml * 1000 * VOLUME_PERCENT and weight_g <= problem.bears_g(carton)
        ]  # fmt: skip
        carton = holding[0] if holding else LARGEST
        taken = dict(rest) if holding else _filled(problem, carton, rest, pieces)
        yield carton, tuple(_some(pieces[name], qty_each) for name, qty_each in taken.items())
        rest = {name: left for name, qty_each in rest.items() if (left := qty_each - taken.get(name, 0))}


def _filled(
    problem: CartonProblem, carton: CartonType, rest: Mapping[str, int], pieces: Mapping[str, Piece]
) -> dict[str, int]:
    room_mm3, room_g = carton.volume_ml * 1000 * VOLUME_PERCENT // 100, problem.bears_g(carton)
    taken: dict[str, int] = {}
    for name, qty_each in rest.items():
        piece = pieces[name]
        fits_each = min(qty_each, room_mm3 // piece.volume_mm3, room_g // max(piece.weight_g, 1))
        # One that is larger than the share allowed still goes, alone.
        if not fits_each and not taken:
            fits_each = 1
        if fits_each:
            taken[name] = fits_each
            room_mm3 = max(room_mm3 - piece.volume_mm3 * fits_each, 0)
            room_g = max(room_g - piece.weight_g * fits_each, 0)
    return taken


def _some(piece: Piece, qty_each: int) -> Piece:
    return Piece(piece.name, piece.length_mm, piece.width_mm, piece.height_mm, piece.weight_g, qty_each)


def _pieces(order: Order, items: Mapping[str, CatalogueItem]) -> tuple[Piece, ...]:
    wanted: dict[str, int] = {}
    for line in order.lines:
        wanted[line.sku.upper()] = wanted.get(line.sku.upper(), 0) + line.qty_each
    return tuple(
        Piece(sku, item.length_mm, item.width_mm, item.height_mm, item.weight_g, qty_each)
        for sku, qty_each in sorted(wanted.items())
        if not (item := items[sku]).is_service
    )


def _file(folder: Path | None) -> Path:
    if folder is None:
        return Path(__file__).parents[3] / "simulators" / "data" / "uci_online_retail_day.csv"
    files = sorted([*folder.glob("*.csv"), *folder.glob("*.csv.gz")])
    if not files:
        raise FileNotFoundError(f"no CSV of orders in {folder}")
    return files[0]
