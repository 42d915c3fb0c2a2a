"""`floor propose-wave`, `join-wave` and `picker-shift`: which orders to release now or add, and who picks when.

Refuses hours that cannot be. Invariant: what is released here went through the same second look as on the board.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from fulfillment.bootstrap import Floor, open_floor
from fulfillment.domain.reasons import DomainError
from fulfillment.founding import say
from fulfillment.services import late_orders, picker_shifts, wave_proposals, ways
from fulfillment.services.actor import Actor
from fulfillment.settings import Settings

MOMENT = "%Y-%m-%dT%H:%M:%S%z"


@click.command("propose-wave")
@click.option("--max-orders", type=click.IntRange(1, 1000), default=1000, show_default=True)
@click.option("--minutes", type=click.IntRange(1, 1440), default=120, show_default=True, help="of work to release")
@click.option("--release", is_flag=True, help="release it as well")
@click.option("--mode", type=click.Choice(["cluster", "batch", "zone"]), help="how to release it, if not as proposed")
@click.option("--svg", "svg_file", type=click.Path(dir_okay=False, writable=True), help="draw who walks when")
@click.option("--json", "json_file", metavar="FILE", help="write the proposal as JSON (- = standard output)")
def propose_wave(
    max_orders: int, minutes: int, release: bool, mode: str | None, svg_file: str | None, json_file: str | None
) -> None:
    """Propose which orders to release now: how they are picked, by whom, when it is done, and who stays."""
    floor = open_floor(Settings.from_env())
    try:
        proposal = _proposed(floor, max_orders, minutes)
        wave = _released(floor, proposal, mode) if release and proposal["plan"]["orders"] else None
    except DomainError as refused:
        raise click.ClickException(refused.detail) from refused
    finally:
        floor.close()
    plan = proposal["plan"]
    if svg_file:
        with open(svg_file, "w", encoding="utf-8") as out:
            out.write(plan["picture"])
    words = [plan["summary"], *(f"{left['order']}: {left['words']}" for left in plan["left_out"])]
    if wave is not None:
        words.append(f"released as wave {wave['wave']}" + "".join(f"; {order} changed" for order in wave["changed"]))
    say(json_file, {"proposal": proposal, "wave": wave}, "\n".join(words))


@click.command("join-wave")
@click.argument("wave", type=click.IntRange(1))
@click.argument("orders", nargs=-1, required=True, metavar="ORDER…")
def join_wave(wave: int, orders: tuple[str, ...]) -> None:
    """Add late orders to WAVE that is released already: each joins the tour it lengthens least, or gets its own."""
    floor = open_floor(Settings.from_env())
    actor = Actor(occurred_at_ms=floor.clock())
    try:
        known = floor.read(ways.look)
        joined = floor.writer.write(lambda tx: late_orders.join(tx, actor, wave, orders, known))
    except DomainError as refused:
        raise click.ClickException(refused.detail) from refused
    finally:
        floor.close()
    click.echo(f"wave {wave} has {joined['orders']} orders; the planner finds the new ones their tours")


@click.command("picker-shift")
@click.argument("badge")
@click.argument("begins", type=click.DateTime([MOMENT]))
@click.argument("ends", type=click.DateTime([MOMENT]))
@click.option("--break", "breaks", nargs=2, multiple=True, type=click.DateTime([MOMENT]), metavar="BEGINS ENDS")
def picker_shift(badge: str, begins: datetime, ends: datetime, breaks: tuple[tuple[datetime, datetime], ...]) -> None:
    """Say when BADGE picks, e.g. `floor picker-shift 1002 2026-11-23T06:00:00+0100 2026-11-23T14:00:00+0100`."""
    floor = open_floor(Settings.from_env())
    rests = [(_ms(begin), _ms(end)) for begin, end in breaks]
    try:
        floor.writer.write(lambda tx: picker_shifts.set_shift(tx, badge, _ms(begins), _ms(ends), rests))
    except DomainError as refused:
        raise click.ClickException(refused.detail) from refused
    finally:
        floor.close()
    click.echo(f"{badge} picks from {begins:%d %b %H:%M} until {ends:%d %b %H:%M}")


def _proposed(floor: Floor, max_orders: int, minutes: int) -> dict[str, Any]:
    """Planned here and now: whoever runs a planner beside finds the job done."""
    asked = floor.writer.write(lambda tx: wave_proposals.ask(tx, max_orders, minutes * 60_000))
    wave_proposals.plan(floor, asked["proposal"])
    return floor.read(lambda tx: wave_proposals.describe(tx, asked["proposal"]))


def _released(floor: Floor, proposal: dict[str, Any], mode: str | None) -> dict[str, Any]:
    actor, known = Actor(occurred_at_ms=floor.clock()), floor.read(ways.look)
    return floor.writer.write(lambda tx: wave_proposals.release(tx, actor, proposal["proposal"], mode, known))


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
