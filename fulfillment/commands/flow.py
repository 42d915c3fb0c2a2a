"""`floor flow …`: the flow figures, who did how much, the process map, the bottleneck, targets of stages.

Owns options and how things are printed; counts nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from fulfillment.bootstrap import open_floor
from fulfillment.domain.process_map import STAGES
from fulfillment.domain.reasons import DomainError
from fulfillment.founding import say
from fulfillment.hot import Tx
from fulfillment.services.figures import flow_figures, flow_lanes, flow_targets, flow_work
from fulfillment.services.figures.flow_period import STEPS_MIN, Asked, Period, look_up
from fulfillment.services.figures.flow_sheets import sheet
from fulfillment.settings import Settings

_BOUNDS = (
    click.option("--from", "from_", default="", metavar="DAY",
                 help="the first day, or an ISO time; the day it ends unless said"),
    click.option("--to", default="", metavar="DAY", help="the last day, or an ISO time; now unless said"),
)  # fmt: skip
_ORDERS = (
    click.option("--channel", default="", help="orders of one channel"),
    click.option("--carrier", default="", metavar="CODE", help="orders of one carrier"),
)
_WORK = (
    click.option("--lane", default="", help="receive, putaway, replenish, pick, sort, pack or ship"),
    click.option("--zone", default="", metavar="CODE", help="work at locations of one zone"),
    click.option("--operator", default="", metavar="BADGE", help="one person, by badge or number (#12)"),
)
_OUT = (
    click.option("--csv", "csv_file", metavar="FILE", help="write the table as CSV (- = standard output)"),
    click.option("--json", "json_file", metavar="FILE", help="write the answer as JSON (- = standard output)"),
)


def _options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def with_them(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return with_them


@click.group("flow")
def flow_group() -> None:
    """How orders flow: figures, who did how much, the process map, the bottleneck."""


@flow_group.command("figures")
@_options(*_BOUNDS, *_ORDERS, *_WORK, *_OUT)
def figures_command(csv_file: str | None, json_file: str | None, **asked: str) -> None:
    """Throughput, WIP, ages, cycle times, on-time, shorts, accuracy, each with what it is made of."""
    found = _ask(Asked(**asked), flow_figures.figures)
    _say("figures", found, csv_file, json_file, "\n".join(_figure(one) for one in found["figures"]))


@flow_group.command("rows")
@click.argument("figure")
@_options(*_BOUNDS, *_ORDERS, *_WORK, *_OUT)
@click.option("--after", type=click.IntRange(0), default=0, help="rows after this number")
@click.option("--limit", type=click.IntRange(1, flow_figures.ROWS_MAX), default=100, show_default=True)
def rows_command(
    figure: str, csv_file: str | None, json_file: str | None, after: int, limit: int, **asked: str
) -> None:
    """The orders, tasks, receipts, counts or lines FIGURE is made of."""
    found = _ask(Asked(**asked), lambda tx, period: flow_figures.rows_of(tx, period, figure, after, limit))
    words = [found["definition"], *(", ".join(f"{name} {value}" for name, value in row.items()) for row in
                                    found["rows"])]  # fmt: skip
    _say("rows", found, csv_file, json_file, "\n".join(words))


@flow_group.command("cumulative")
@click.option("--step", type=click.Choice(list(STEPS_MIN)), default="hour", show_default=True)
@_options(*_BOUNDS, *_ORDERS, *_OUT)
def cumulative_command(step: str, csv_file: str | None, json_file: str | None, **asked: str) -> None:
    """How many orders had passed each boundary, step by step."""
    found = _ask(Asked(**asked), lambda tx, period: flow_lanes.cumulative_flow(tx, period, step))
    words = [
        f"{point['at'][:16]}  arrived {point['arrived']}, released {point['released']}, picked {point['picked']},"
        f" packed {point['packed']}, left {point['left']}: {point['wip']} here"
        for point in found["points"]
    ]
    _say("cumulative", found, csv_file, json_file, "\n".join([*words, found["little"]["words"]]))


@flow_group.command("operators")
@_options(*_BOUNDS, *_WORK, *_OUT)
def operators_command(csv_file: str | None, json_file: str | None, **asked: str) -> None:
    """Lines and units per hour by operator and lane."""
    found = _ask(Asked(**asked), flow_work.operators)
    words = [
        f"{row['badge']} {row['operator']}, {row['lane']}: {row['lines']} lines, {row['units']} units in"
        f" {row['worked_ms'] // 60_000} minutes{_rate(row)}"
        for row in found["operators"]
    ]
    _say("operators", found, csv_file, json_file, "\n".join(words or ["nobody worked"]))


@flow_group.command("process-map")
@_options(*_BOUNDS, *_ORDERS, *_OUT)
def process_map_command(csv_file: str | None, json_file: str | None, **asked: str) -> None:
    """What orders went through: arrows with counts, waiting and work; arrows that lead back are rework."""
    found = _ask(Asked(**asked), flow_lanes.process_map)
    words = [_arrow(one) for one in found["arrows"]]
    _say("process-map", found, csv_file, json_file, "\n".join(words or ["no order left"]))


@flow_group.command("bottleneck")
@click.option("--to", default="", metavar="TIME", help="an ISO time; now unless said")
@click.option("--minutes", type=click.IntRange(*flow_lanes.WINDOWS_MIN), default=flow_lanes.WINDOW_MIN,
              show_default=True, help="how far back")  # fmt: skip
@_options(*_ORDERS, *_OUT)
def bottleneck_command(minutes: int, csv_file: str | None, json_file: str | None, **asked: str) -> None:
    """Which lane holds the others up, why, and whom to move."""
    found = _ask(Asked(**asked), lambda tx, period: flow_lanes.bottleneck(tx, period, minutes))
    words = [found["words"], *(f"{lane['lane']}: {lane['little']['words']}" for lane in found["lanes"])]
    _say("bottleneck", found, csv_file, json_file, "\n".join(words))


@flow_group.command("target")
@click.argument("stage", type=click.Choice([stage.value for stage in STAGES]))
@click.argument("minutes", type=click.IntRange(0, flow_targets.TARGET_MAX_MS // 60_000))
def target_command(stage: str, minutes: int) -> None:
    """Say how many MINUTES a STAGE may take from what was done before to its end (0 = no target)."""

    def work(tx: Tx) -> dict[str, int]:
        flow_targets.set_targets(tx, {stage: minutes * 60_000 or None})
        return flow_targets.targets(tx)

    floor = open_floor(Settings.from_env())
    try:
        targets_ms = floor.writer.write(work)
    finally:
        floor.close()
    words = [f"{name}: {target_ms // 60_000} minutes" for name, target_ms in targets_ms.items()]
    click.echo("\n".join(words or ["no targets"]))


def _ask(asked: Asked, ask: Callable[[Tx, Period], dict[str, Any]]) -> dict[str, Any]:
    floor = open_floor(Settings.from_env())
    try:
        return floor.read(lambda tx: ask(tx, look_up(tx, asked)))
    except DomainError as refused:
        raise click.ClickException(refused.detail) from refused
    finally:
        floor.close()


def _say(kind: str, found: dict[str, Any], csv_file: str | None, json_file: str | None, words: str) -> None:
    if csv_file == "-":
        click.echo(sheet(kind, found), nl=False)
        return
    if csv_file:
        Path(csv_file).write_text(sheet(kind, found), "utf-8", newline="")
    say(json_file, found, words)


def _figure(one: dict[str, Any]) -> str:
    made_of = f"{one['numerator']}" if one["denominator"] is None else f"{one['numerator']} of {one['denominator']}"
    if one["unit"] == "ms":
        times = ", ".join(f"{name} {_minutes(one[f'{name}_ms'])}" for name in ("p50", "p85", "p95", "longest"))
        return f"{one['figure']}: {times} (of {one['denominator']})"
    unit = {"percent": " %", "per_hour": " an hour", "count": ""}[one["unit"]]
    value = "-" if one["value"] is None else f"{one['value']}{unit}"
    if one["unit"] == "per_hour":
        made_of = f"{one['numerator']} in {_minutes(one['denominator'])}"
    return f"{one['figure']}: {value} ({made_of})"


def _arrow(one: dict[str, Any]) -> str:
    said = (
        f"{one['from']} → {one['to']}: {one['count']}, waited {_minutes(one['wait_p50_ms'])} (p85"
        f" {_minutes(one['wait_p85_ms'])}), worked {_minutes(one['work_p50_ms'])} (p85 {_minutes(one['work_p85_ms'])})"
    )
    if one["target_ms"] is not None:
        said += f"; {one['in_time']} within {_minutes(one['target_ms'])}"
    return f"{said}; rework" if one["is_rework"] else said


def _rate(row: dict[str, Any]) -> str:
    if row["lines_per_hour"] is None:
        return ""
    return f": {row['lines_per_hour']} lines, {row['units_per_hour']} units an hour"


def _minutes(ms: int | None) -> str:
    return "-" if ms is None else f"{ms / 60_000:.1f} min"
