"""`floor count-plan` and `floor accuracy`: what is to be counted, and how right the book was where somebody looked.

Refuses a plan that names nothing. Invariant: a plan made twice asks for nothing twice, so a timer may repeat it.
"""

from __future__ import annotations

from typing import Any

import click

from fulfillment.bootstrap import open_floor
from fulfillment.domain.counting import CLASS_DAYS, CountCause
from fulfillment.founding import say
from fulfillment.services.common.actor import Actor
from fulfillment.services.counting import count_plans
from fulfillment.services.counting.inventory_accuracy import inventory_accuracy
from fulfillment.settings import Settings

# A place can be named outright; everything else is a plan of its own name.
KINDS = {"class": CountCause.CLASS, "age": CountCause.AGE, "zero": CountCause.ZERO, "location": CountCause.ASKED}


@click.command("count-plan")
@click.option("--by", type=click.Choice(list(KINDS)), required=True, help="why these places")
@click.argument("locations", nargs=-1)
@click.option("--zone", default="", help="with --by location: all storage locations of a zone")
@click.option("--sku", default="", help="with --by location: where an item lies")
@click.option("--days", type=click.IntRange(0, 3650), default=count_plans.AGE_DAYS, show_default=True,
              help="with --by age: not counted for so many days")  # fmt: skip
@click.option("--days-a", type=click.IntRange(0, 3650), default=CLASS_DAYS["A"], show_default=True)
@click.option("--days-b", type=click.IntRange(0, 3650), default=CLASS_DAYS["B"], show_default=True)
@click.option("--days-c", type=click.IntRange(0, 3650), default=CLASS_DAYS["C"], show_default=True)
@click.option("--limit", type=click.IntRange(1, 5000), default=count_plans.LIMIT, show_default=True,
              help="ask for so many at most")  # fmt: skip
@click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")
def count_plan(
    by: str, locations: tuple[str, ...], zone: str, sku: str, days: int, days_a: int, days_b: int, days_c: int,
    limit: int, json_file: str | None,
) -> None:  # fmt: skip
    """Ask for counts: places whose class or age says so, places that ran empty, or LOCATIONS.

    Made for a timer once a day: `floor count-plan --by class --limit 40`.
    """
    if by == "location" and not (locations or zone or sku):
        raise click.UsageError("name LOCATIONS, --zone or --sku")
    if by != "location" and (locations or zone or sku):
        raise click.UsageError("LOCATIONS, --zone and --sku go with --by location")
    plan = count_plans.Plan(
        KINDS[by], days, {"A": days_a, "B": days_b, "C": days_c}, locations, zone, sku, limit
    )
    floor = open_floor(Settings.from_env())
    try:
        # Looked up beside the working floor: only the asking itself waits for the writer.
        codes = floor.read(lambda tx: count_plans.due(tx, plan))
        actor = Actor(occurred_at_ms=floor.clock())
        report = floor.writer.write(lambda tx: count_plans.ask_all(tx, actor, codes, plan.cause))
    finally:
        floor.close()
    asked, known = report["asked"], report["known"]
    say(json_file, report, "\n".join([*asked, f"{len(asked)} counts asked for, {len(known)} were asked for already"]))


@click.command()
@click.option("--days", type=click.IntRange(1, 3650), default=30, show_default=True, help="counts of so many days")
@click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")
def accuracy(days: int, json_file: str | None) -> None:
    """Say how often first counts agreed with the book, in lines (item in location) and units, by class."""
    floor = open_floor(Settings.from_env())
    try:
        report = floor.read(lambda tx: inventory_accuracy(tx, days))
    finally:
        floor.close()
    rows = [("all", report), *report["classes"].items()]
    say(json_file, report, "\n".join(_line(name, row) for name, row in rows))


def _line(name: str, row: dict[str, Any]) -> str:
    if not row["lines"]:
        return f"{name}: nothing was counted"
    return (
        f"{name}: {row['lines_percent']} % of lines ({row['lines_right']} of {row['lines']}),"
        f" {row['units_percent']} % of units ({row['off_each']} of {row['book_each']} off)"
    )
