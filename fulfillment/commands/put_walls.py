"""`floor put-wall …`: set a wall up, and see how its slots stand. Owns options and how things are printed."""

from __future__ import annotations

from typing import Any

import click

from fulfillment.bootstrap import open_floor
from fulfillment.founding import say
from fulfillment.services.sorting import put_walls
from fulfillment.settings import Settings

_json = click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")


@click.group("put-wall")
def put_wall_group() -> None:
    """Put walls: where batches are sorted into orders. Several at once: `floor import put-walls`."""


@put_wall_group.command("set")
@click.argument("code")
@click.option("--location", help="the staging location it stands at")
@click.option("--rows", type=click.IntRange(1, put_walls.MAX_ROWS))
@click.option("--columns", type=click.IntRange(1, put_walls.MAX_COLUMNS))
@click.option("--slot-volume-ml", type=click.IntRange(0, put_walls.MAX_SLOT_ML), help="what a slot holds, 0 = any")
@click.option("--name")
@_json
def set_command(code: str, json_file: str | None, **asked: Any) -> None:
    """Set the wall CODE up, or make it larger; what is not said stays as it is."""
    given = {name: value for name, value in asked.items() if value is not None}
    floor = open_floor(Settings.from_env())
    try:
        what = floor.writer.write(lambda tx: put_walls.put_wall(tx, code.upper(), given))
        wall = floor.read(lambda tx: put_walls.described(tx, code.upper()))
    finally:
        floor.close()
    said = f"{what}: wall {wall['code']} at {wall['location']}, {wall['rows']} × {wall['columns']} slots"
    say(json_file, wall, f"{said}; print their barcodes from /put-wall/{wall['code']}/sheet")


@put_wall_group.command("show")
@click.argument("code", required=False)
@_json
def show_command(code: str | None, json_file: str | None) -> None:
    """Every wall, or how the slots of the wall CODE stand."""
    floor = open_floor(Settings.from_env())
    try:
        if code is None:
            walls = floor.read(put_walls.listed)
            lines = [f"{wall['code']:12} {wall['location']:12} {wall['rows']} × {wall['columns']}" for wall in walls]
            say(json_file, {"put_walls": walls}, "\n".join(lines) or "there is no put wall")
            return
        wall = floor.read(lambda tx: put_walls.described(tx, code.upper()))
    finally:
        floor.close()
    lines = [
        f"{slot['name']}  {slot['state']:6} {slot['order'] or ''} {slot['units'] or ''}".rstrip()
        for slot in wall["slots"]
    ]
    say(json_file, wall, "\n".join(lines))
