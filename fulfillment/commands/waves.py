"""`floor propose-wave`, `plan-wave`, `join-wave`, `picker-shift`: which orders to release or add, who picks when.

Refuses hours that cannot be. Invariant: what is released here went through the same second look as on the board.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from fulfillment.bootstrap import Floor, open_floor
from fulfillment.domain.reasons import DomainError
from fulfillment.domain.waves import WaveChoice
from fulfillment.founding import say
from fulfillment.services.common.actor import Actor
from fulfillment.services.releasing import late_orders, picker_shifts, wave_drafts, wave_proposals, ways
from fulfillment.settings import Settings

MOMENT = "%Y-%m-%dT%H:%M:%S%z"
MODES = ["single", "cluster", "batch", "zone"]


@click.command("propose-wave")
@click.option("--max-orders", type=click.IntRange(1, 1000), default=1000, show_default=True)
@click.option("--minutes", type=click.IntRange(1, 1440), default=120, show_default=True, help="of work to release")
@click.option("--release", is_flag=True, help="release it as well")
@click.option("--mode", type=click.Choice(MODES), help="how to release it, if not as proposed")
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


@click.command("plan-wave")
@click.option("--until", type=click.DateTime([MOMENT]), help="orders with a cut-off until then")
@click.option("--carrier", default="", help="of this carrier's code")
@click.option("--channel", default="", help="that came this way")
@click.option("--zone", default="", help="with all their goods in this zone")
@click.option("--priority", type=int, help="of at least this priority")
@click.option("--max-orders", type=click.IntRange(1, 1000), default=1000, show_default=True, help="the most urgent")
@click.option("--mode", type=click.Choice(MODES), help="how it is picked, if not as costs least")
@click.option("--against", type=click.IntRange(1), metavar="DRAFT", help="compare with a draft made before")
@click.option("--release", is_flag=True, help="release what is shown")
@click.option("--svg", "svg_dir", type=click.Path(file_okay=False, writable=True), help="draw the tours into a folder")
@click.option("--json", "json_file", metavar="FILE", help="write the draft as JSON (- = standard output)")
def plan_wave(
    until: datetime | None, carrier: str, channel: str, zone: str, priority: int | None, max_orders: int,
    mode: str | None, against: int | None, release: bool, svg_dir: str | None, json_file: str | None,
) -> None:  # fmt: skip
    """Plan a wave of chosen orders and show it; promises nothing, and releases only with --release."""
    choice = WaveChoice(None if until is None else _ms(until), carrier, channel, zone, priority, max_orders, mode or "")
    floor = open_floor(Settings.from_env())
    compared: dict[str, Any] | None = None
    wave: dict[str, Any] | None = None
    try:
        number = floor.writer.write(lambda tx: wave_drafts.ask(tx, choice))["draft"]
        wave_drafts.plan(floor, number)
        draft = floor.read(lambda tx: wave_drafts.describe(tx, number))
        if against is not None:
            compared = floor.read(lambda tx: wave_drafts.against(tx, against, number))
        if release:
            actor, known = Actor(occurred_at_ms=floor.clock()), ways.look(floor)
            wave = floor.writer.write(lambda tx: wave_drafts.release(tx, actor, number, known))
    except DomainError as refused:
        raise click.ClickException(refused.detail) from refused
    finally:
        floor.close()
    if svg_dir:
        _draw(Path(svg_dir), draft)
    say(json_file, {"draft": draft, "against": compared, "wave": wave}, "\n".join(_draft_words(draft, compared, wave)))


@click.command("join-wave")
@click.argument("wave", type=click.IntRange(1))
@click.argument("orders", nargs=-1, required=True, metavar="ORDER…")
def join_wave(wave: int, orders: tuple[str, ...]) -> None:
    """Add late orders to WAVE that is released already: each joins the tour it lengthens least, or gets its own."""
    floor = open_floor(Settings.from_env())
    actor = Actor(occurred_at_ms=floor.clock())
    try:
        known = ways.look(floor)
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
    actor, known = Actor(occurred_at_ms=floor.clock()), ways.look(floor)
    return floor.writer.write(lambda tx: wave_proposals.release(tx, actor, proposal["proposal"], mode, known))


def _draw(folder: Path, draft: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for tour in draft["plan"]["tours"]:
        if tour["picture"]:
            (folder / f"tour-{tour['number']}.svg").write_text(tour["picture"], "utf-8")


def _draft_words(
    draft: dict[str, Any], compared: dict[str, Any] | None, wave: dict[str, Any] | None
) -> Iterator[str]:
    plan = draft["plan"]
    yield (
        f"draft {draft['draft']}: {len(plan['orders'])} orders, {plan['lines']} lines, {plan['units']} units;"
        f" {plan['carts']} carts, {plan['totes']} totes, {plan['distance_dm'] // 10} m,"
        f" {plan['work_ms'] / 3_600_000:.1f} h of work, picked by {plan['mode']}"
    )
    yield from (_mode_words(cost) for cost in plan["modes"])
    yield _finish_words(plan)
    yield from (f"{left['order']}: {left['words']}" for left in plan["left_out"])
    yield from (f"{one['order']}: {one['missing_each']} of {one['sku']} short ({one['why']})" for one in plan["shorts"])
    for figure in compared["figures"] if compared else ():
        yield f"{figure['name']}: {figure['a']} against {figure['b']}"
    if wave is not None and wave["wave"] is not None:
        yield f"released as wave {wave['wave']}"
    elif wave is not None:
        yield f"not released, it changed meanwhile: {', '.join(one['order'] or 'the floor' for one in wave['changed'])}"


def _mode_words(cost: dict[str, Any]) -> str:
    if cost["code"]:
        return f"{cost['mode']}: not available ({cost['code']})"
    if cost["reason"]:
        return f"{cost['mode']}: its cost is not known, {cost['reason']}"
    return f"{cost['mode']}: {cost['line_ms'] / 1000:.1f} s a line, {cost['distance_dm'] // 10} m"


def _finish_words(plan: dict[str, Any]) -> str:
    if not plan["is_forecast"]:
        return "nobody is on shift: no forecast"
    p50, p90 = (datetime.fromtimestamp(plan[name] / 1000).astimezone() for name in ("p50_at_ms", "p90_at_ms"))
    return f"done by {p50:%H:%M} half of the time, by {p90:%H:%M} 9 times in 10; {plan['at_risk']} tours at risk"


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
