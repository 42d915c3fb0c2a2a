"""`floor cartons …`: which types are kept, what is proposed for an order, and which sizes would waste least.

Owns options and how things are printed; works nothing out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fulfillment.bootstrap import open_floor
from fulfillment.founding import say
from fulfillment.services.packing import carton_proposals, cartons
from fulfillment.settings import Settings

_json = click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")


@click.group("cartons")
def cartons_group() -> None:
    """Cartons at the benches: types, proposals, sizes. Types come in with `floor import carton-types`."""


@cartons_group.command("list")
@_json
def list_command(json_file: str | None) -> None:
    """The types with their barcodes, and in how many parcels each was proposed and used."""
    floor = open_floor(Settings.from_env())
    try:
        types = floor.read(cartons.types)
    finally:
        floor.close()
    say(json_file, {"types": types}, "\n".join(_type_line(row) for row in types) or "no carton types are known")


@cartons_group.command("propose")
@click.argument("orders", nargs=-1, required=True)
@_json
def propose_command(orders: tuple[str, ...], json_file: str | None) -> None:
    """Work out the cartons of ORDERS anew, as the planner does when they are released."""
    floor = open_floor(Settings.from_env())
    try:
        ids = floor.read(lambda tx: [cartons.order_id(tx, number) for number in orders])
        carton_proposals.propose(floor, ids)
        found = floor.read(lambda tx: [cartons.proposal(tx, number) for number in orders])
    finally:
        floor.close()
    say(json_file, {"orders": found}, "\n".join(_proposal_lines(one) for one in found))


@cartons_group.command("show")
@click.argument("order")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="write the pictures, a file a carton: FILE, then FILE-2, FILE-3")  # fmt: skip
@_json
def show_command(order: str, svg: Path | None, json_file: str | None) -> None:
    """What is proposed for ORDER, and what its parcels were packed in."""
    floor = open_floor(Settings.from_env())
    try:
        found = floor.read(lambda tx: cartons.proposal(tx, order))
    finally:
        floor.close()
    if svg is not None:
        for number, one in enumerate(found["proposed"], 1):
            place = svg if number == 1 else svg.with_name(f"{svg.stem}-{number}{svg.suffix}")
            place.write_text(one["picture"], "utf-8")
    say(json_file, found, _proposal_lines(found))


@cartons_group.command("suggest")
@click.option("--count", type=click.IntRange(1, 20), default=6, show_default=True, help="so many sizes")
@click.option("--days", type=click.IntRange(1, 3650), default=365, show_default=True, help="orders of so many days")
@click.option("--seconds", type=click.IntRange(1, 600), default=20, show_default=True, help="search at most so long")
@_json
def suggest_command(count: int, days: int, seconds: int, json_file: str | None) -> None:
    """Which sizes would have wasted least over the order book; changes nothing."""
    floor = open_floor(Settings.from_env())
    try:
        orders = floor.read(lambda tx: carton_proposals.order_book(tx, days))
    finally:
        floor.close()
    if not orders:
        raise click.ClickException(f"no order of the last {days} days")
    choice = carton_proposals.suggest(orders, count, seconds * 1000)
    report = {
        "orders": choice.orders, "left_out": choice.left_out, "litres": choice.litres,
        "bound_litres": choice.bound_litres, "fill_percent": choice.fill_percent,
        "types": [
            {"length_mm": kind.length_mm, "width_mm": kind.width_mm, "height_mm": kind.height_mm}
            for kind in choice.types
        ],
    }  # fmt: skip
    say(json_file, report, choice.summary())


def _type_line(row: dict[str, Any]) -> str:
    kept = "" if row["is_active"] else ", not kept any more"
    return (
        f"{row['code']:<8} {row['length_mm']} × {row['width_mm']} × {row['height_mm']} mm,"
        f" bears {row['max_weight_g']} g, weighs {row['tare_g']} g, costs {row['cost_minor']}, {row['barcode']},"
        f" proposed {row['proposed']} ×, taken {row['used']} ×{kept}"
    )


def _proposal_lines(found: dict[str, Any]) -> str:
    lines = [
        f"order {found['order']}: {found['cartons']} cartons (at least {found['bound_cartons']}), cost"
        f" {found['cost_minor']} (at least {found['bound_cost_minor']}), by {found['solver']}"
    ]
    for one in found["proposed"]:
        goods = ", ".join(f"{line['qty_each']} × {line['sku']}" for line in one["lines"])
        lines.append(
            f"  {one['sequence']}: {one['carton']}, {one['weight_g']} g, {one['fill_percent']} % filled: {goods}"
        )
    for parcel in found["parcels"]:
        lines.append(
            f"  parcel {parcel['number']} ({parcel['state']}): packed in {parcel['carton'] or 'a carton nobody named'},"
            f" proposed {parcel['proposed'] or 'none'}"
        )
    return "\n".join([*lines, *([f"  note: {found['note']}"] if found["note"] else [])])
