"""`floor trace`: from a lot, serial, item, receipt, order or parcel to everything it came from and went to.

Exit code 0 when what was asked is known and adds up, 1 when it does not, 2 when nobody knows it.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from fulfillment.bootstrap import open_floor
from fulfillment.services.tracing import recall as recalling
from fulfillment.services.tracing import trace as tracing
from fulfillment.services.tracing.trace import Asked
from fulfillment.settings import Settings


@click.command()
@click.option("--lot", default="", metavar="L", help="a lot number")
@click.option("--serial", default="", metavar="S", help="a serial number")
@click.option("--sku", default="", metavar="X", help="an item")
@click.option("--receipt", default="", metavar="R", help="a receipt's number")
@click.option("--order", default="", metavar="N", help="an order's number")
@click.option("--channel", default="", metavar="C", help="the order's channel, where several use its number")
@click.option("--parcel", default="", metavar="P", help="an SSCC, of a parcel or a pallet")
@click.option("--recall", "recall_to", metavar="FILE", help="write the recall list as CSV (- = standard output)")
@click.option("--json", "json_file", metavar="FILE", help="write the trace as JSON (- = standard output)")
def trace(recall_to: str | None, json_file: str | None, **words: str) -> None:
    """Follow goods from their supplier to every order and parcel, and back.

    Several options narrow each other. The recall list has a row for each parcel, tote and place that holds the
    goods, shipped ones first.
    """
    asked = Asked(**words)
    floor = open_floor(Settings.from_env())
    try:
        found = floor.read(lambda tx: tracing.trace(tx, asked))
        sheet = floor.read(lambda tx: recalling.recall_csv(tx, asked)) if recall_to else ""
    finally:
        floor.close()
    if json_file and json_file != "-":
        Path(json_file).write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    if recall_to and recall_to != "-":
        Path(recall_to).write_text(sheet, "utf-8", newline="")
    if json_file == "-":
        click.echo(json.dumps(found, indent=2))
    elif recall_to == "-":
        click.echo(sheet, nl=False)
    else:
        click.echo("\n".join(in_words(found)))
    sys.exit(0 if found["balanced"] else 1)


def in_words(found: dict[str, Any]) -> list[str]:
    """A trace for a person to read, a line a thing."""
    lines = []
    for layer in found["layers"]:
        said = (("lot", layer["lot"]), ("serial", layer["serial"]), ("expires", layer["expiry_on"]))
        parts = [f"{name} {text}" for name, text in said if text]
        came = f"{layer['received_each'] + layer['returned_each'] + layer['arrived_each']} each"
        order = f", order {layer['purchase_order']}" if layer["purchase_order"] else ""
        lines.append(
            f"{layer['supplier'] or 'supplier unknown'} → receipt {layer['receipt']}{order} → layer {layer['layer']}:"
            f" {' '.join([layer['sku'], *parts])}, received {layer['received_on']}, {came}"
        )
        if layer["been"]:
            lines.append("  through " + " → ".join(place["location"] for place in layer["been"]))
    lines += [
        f"  here: {row['on_hand_each']} {row['status']} at {row['location']}"
        + (f" on {row['lpn']}" if row["lpn"] else "")
        + f" (layer {row['layer']}, {row['allocated_each']} promised)"
        for row in found["here"]
    ]
    for order in found["orders"]:
        so_far = ", ".join(
            f"{order[f'{name}_each']} {name.replace('_', ' ')}"
            for name in ("shipped", "in_parcels", "in_totes", "promised") if order[f"{name}_each"]
        )  # fmt: skip
        lines.append(f"  order {order['order']} ({order['state']}) {order['name']}, {order['country']}: {so_far}")
        lines += [
            f"    {parcel['qty_each']} in parcel {_parcel(parcel, found['time_zone'])}" for parcel in order["parcels"]
        ]
    lines += [f"  adjusted: {row['qty_each']:+} ({row['why'] or row['reason']})" for row in found["adjusted"]]
    lines += [
        f"  transfer {row['transfer']} to {row['to_warehouse']}: {row['sent_each']} sent, {row['arrived_each']} arrived"
        for row in found["transfers"]
    ]
    lines += [f"  … and {count} more {name}" for name, count in found["left_off"].items() if count]
    sums = ", ".join(f"{each} {name.removesuffix('_each').replace('_', ' ')}" for name, each in found["sums"].items()
                     if each)  # fmt: skip
    return [*lines, f"{sums or 'nothing'}: {'adds up' if found['balanced'] else 'DOES NOT ADD UP: run floor verify'}"]


def _parcel(parcel: dict[str, Any], time_zone: str) -> str:
    left = ""
    if parcel["shipped_at_ms"]:
        left = f" on {datetime.fromtimestamp(parcel['shipped_at_ms'] // 1000, ZoneInfo(time_zone)).date()}"
    manifest = f", manifest {parcel['manifest']}" if parcel["manifest"] else ""
    return f"{parcel['parcel']} ({parcel['carrier']}{manifest}): {parcel['state']}{left}"
