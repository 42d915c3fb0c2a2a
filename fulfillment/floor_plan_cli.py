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
from fulfillment.founding import say
from fulfillment.services import closures, floor_plan, ways
from fulfillment.services.actor import Actor
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


def _on_floor(work: Callable[[Floor], Any]) -> Any:
    floor = open_floor(Settings.from_env())
    try:
        return work(floor)
    except DomainError as error:
        raise click.ClickException(error.detail) from error
    finally:
        floor.close()
