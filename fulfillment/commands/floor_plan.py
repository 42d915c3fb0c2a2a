"""`floor aisle …`: close a stretch of an aisle, open it again, see what is closed; `floor layout`: check the floor."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from fulfillment.bootstrap import Floor, open_floor
from fulfillment.domain.floor_plan import ClosedBecause
from fulfillment.domain.reasons import DomainError
from fulfillment.domain.tour_order import MOST_HEAVY_FROM_G, TourOrder
from fulfillment.founding import say
from fulfillment.services.common.actor import Actor
from fulfillment.services.releasing import ways
from fulfillment.services.walking import closed_hours, closures, floor_plan, tour_orders
from fulfillment.settings import Settings

DRAWN_PX = 1000
NOBODY = Actor(occurred_at_ms=0)

_as_json = click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")


@click.group("aisle")
def aisle_group() -> None:
    """Close a stretch of an aisle (a spill, a parked pallet) and open it again; a running floor goes round it."""


@aisle_group.command("close")
@click.argument("place")
@click.option("--until", default="", metavar="LOCATION", help="the stretch from location PLACE to this one")
@click.option("--reason", type=click.Choice([word.value for word in ClosedBecause]), default="other", show_default=True)
@_as_json
def close(place: str, until: str, reason: str, json_file: str | None) -> None:
    """Close PLACE: an aisle by its name (A01/0: its first block), a location, a cross-aisle (CROSS-0 at the front;
    CROSS-0/A03 --until A05: between two aisles)."""
    closed = _on_floor(
        lambda floor: floor.writer.write(
            lambda tx: closures.close(tx, NOBODY, place, until, reason, may_without_badge=True)
        )
    )
    say(json_file, closed, f"closed: {closed['place']} (number {closed['closure']})")


@aisle_group.command("open")
@click.argument("number", type=click.IntRange(min=1))
@_as_json
def open_(number: int, json_file: str | None) -> None:
    """Open what was closed under NUMBER."""

    def work(floor: Floor) -> dict[str, Any]:
        known = ways.look(floor)
        return floor.writer.write(
            lambda tx: closures.open_again(tx, NOBODY, number, may_without_badge=True, known=known)
        )

    opened = _on_floor(work)
    say(json_file, opened, f"open again: {opened['place']}")


@aisle_group.command("list")
@click.option("--all", "every", is_flag=True, help="those opened again too")
@_as_json
def list_(every: bool, json_file: str | None) -> None:
    """What is closed."""
    listed = _on_floor(lambda floor: floor.read(lambda tx: closures.listed(tx, every)))
    lines = [
        f"{one['closure']}: {one['place']} ({one['reason']}{', open again' if one['opened_at_ms'] else ''})"
        for one in listed
    ]
    say(json_file, {"closures": listed}, "\n".join(lines) or "every aisle is open")


@aisle_group.command("hours")
@click.argument("place", default="")
@click.option("--until", default="", metavar="LOCATION", help="the stretch from location PLACE to this one")
@click.option("--from", "begins", metavar="HH:MM", help="nobody enters it from this time of the day on")
@click.option("--to", "ends", metavar="HH:MM", help="until this one")
@click.option("--reason", type=click.Choice([word.value for word in ClosedBecause]), default="other", show_default=True)
@click.option("--end", "ended", type=click.IntRange(min=1), metavar="NUMBER", help="these hours are over for good")
@_as_json
def hours_command(
    place: str, until: str, begins: str | None, ends: str | None, reason: str, ended: int | None, json_file: str | None
) -> None:
    """Close PLACE at the same hours of every day; without it the hours that hold."""
    if place and (begins is None or ends is None):
        raise click.UsageError("say from when until when: --from 11:00 --to 11:30")
    if place:
        _on_floor(lambda floor: floor.writer.write(
            lambda tx: closed_hours.add(tx, place, until, begins or "", ends or "", reason)
        ))  # fmt: skip
    if ended is not None:
        _on_floor(lambda floor: floor.writer.write(lambda tx: closed_hours.end(tx, ended)))
    listed = _on_floor(lambda floor: floor.read(closed_hours.listed))
    lines = [
        f"{one['hours']}: {one['place']}{' - ' if one['until'] else ''}{one['until']} {one['begins']}-{one['ends']}"
        for one in listed
    ]
    say(json_file, {"closed_hours": listed}, "\n".join(lines) or "no aisle is closed by the clock")


@click.command("layout")
@click.option("--svg", "svg_file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="draw the floor into FILE")  # fmt: skip
@_as_json
def layout(svg_file: Path | None, json_file: str | None) -> None:
    """Check the floor that tours are planned on: exit code 1 when something looks wrong with it."""

    def look(floor: Floor) -> tuple[dict[str, Any], str]:
        return floor.read(
            lambda tx: (floor_plan.describe(tx, floor.engine), floor_plan.picture(tx, floor.engine, DRAWN_PX))
        )

    plan, drawn = _on_floor(look)
    if svg_file is not None:
        svg_file.write_text(drawn, "utf-8")
    made_of = f"{plan['aisles']} aisles, {plan['cross_aisles']} cross-aisles"
    if plan["walkways"]:
        made_of = f"{plan['walkways']} walkways"
    head = f"{made_of}; tours begin at {plan['tours_begin_at']}"
    say(json_file, plan, "\n".join([head, *plan["words"]]))
    if plan["words"]:
        sys.exit(1)


@click.command("tour-order")
@click.option("--order", "tour_order", type=click.Choice([one.value for one in TourOrder]),
              help="the shortest walk, or heavy goods first and fragile ones last")  # fmt: skip
@click.option("--heavy-from", "heavy_from_g", type=click.IntRange(1, MOST_HEAVY_FROM_G), metavar="GRAMS",
              help="units so heavy come first")  # fmt: skip
@_as_json
def tour_order_command(tour_order: str | None, heavy_from_g: int | None, json_file: str | None) -> None:
    """In which order tours make their stops; without an option as it is."""
    if tour_order is None and heavy_from_g is None:
        rule = _on_floor(lambda floor: floor.read(tour_orders.said))
    else:
        rule = _on_floor(
            lambda floor: floor.writer.write(lambda tx: tour_orders.set_rule(tx, tour_order, heavy_from_g))
        )
    is_heavy_first = rule["tour_order"] == TourOrder.HEAVY_FIRST
    words = f"from {rule['heavy_from_g']} g a piece first, fragile last" if is_heavy_first else "the shortest walk"
    say(json_file, rule, f"tours make their stops: {words}")


def _on_floor(work: Callable[[Floor], Any]) -> Any:
    floor = open_floor(Settings.from_env())
    try:
        return work(floor)
    except DomainError as error:
        raise click.ClickException(error.detail) from error
    finally:
        floor.close()
