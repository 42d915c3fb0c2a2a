"""`floor unscanned`: what could not be scanned at the benches, and how much of it a packer vouches for alone.

Owns options and how things are printed; judges nothing.
"""

from __future__ import annotations

from typing import Any

import click

from fulfillment.bootstrap import open_floor
from fulfillment.founding import say
from fulfillment.services.packing import pack_unscanned
from fulfillment.settings import Settings


@click.command("unscanned")
@click.option("--alone-each", type=click.IntRange(0, pack_unscanned.MOST_ALONE_EACH),
              help="units of an item a packer may vouch for at once without a supervisor")  # fmt: skip
@click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")
def unscanned_command(alone_each: int | None, json_file: str | None) -> None:
    """Items whose barcodes did not serve at the benches, and who packed them on whose word."""

    def work(tx: Any) -> dict[str, Any]:
        if alone_each is not None:
            pack_unscanned.set_alone(tx, alone_each)
        return pack_unscanned.describe(tx)

    floor = open_floor(Settings.from_env())
    try:
        found = floor.read(work) if alone_each is None else floor.writer.write(work)
    finally:
        floor.close()
    lines = [
        f"a packer vouches alone for {found['alone_each']} units of an item at once",
        *(f"{one['sku']:<20} {one['units']:>6} units, {one['times']} times" for one in found["items"]),
        *(
            f"  {one['parcel']}  {one['qty_each']} x {one['sku']}, {one['why']}, by {one['operator']}"
            f"{', ' + one['supervisor'] + ' agreed' if one['supervisor'] else ''}"
            for one in found["last"]
        ),
    ]
    say(json_file, found, "\n".join(lines))
