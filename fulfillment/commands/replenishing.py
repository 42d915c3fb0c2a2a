"""`floor replenish-plan`: plan what every pick face needs now, and say what waits to be brought down."""

from __future__ import annotations

import click

from fulfillment.bootstrap import open_floor
from fulfillment.founding import say
from fulfillment.services.replenishing import refills
from fulfillment.settings import Settings


@click.command("replenish-plan")
@click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")
def replenish_plan(json_file: str | None) -> None:
    """Plan refills for every face that does not last, and list all that wait.

    A running floor does this by itself; the command shows what it found, and which faces stay low because
    nothing of the item lies in reserve, or nothing the face may take.
    """
    floor = open_floor(Settings.from_env())
    try:
        from fulfillment.services.releasing import planning  # with its solvers, which no other command needs

        planning.refill_faces(floor)
        report = floor.read(refills.describe)
    finally:
        floor.close()
    lines = [
        f"{one['left_each']} of {one['sku']} received {one['received_on']}: {one['from_location']} ->"
        f" {one['to_location']} ({one['reason']}{', at ' + one['station'] if one['station'] else ''})"
        for one in report["refills"]
    ]
    lines += [
        f"low: {one['location']} has {one['free_each']} of {one['sku']} left, minimum {one['min_each']},"
        " and nothing comes" for one in report["low_faces"]
    ]  # fmt: skip
    counts = f"{len(report['refills'])} refills wait, {len(report['low_faces'])} faces stay low"
    say(json_file, report, "\n".join([*lines, counts]))
