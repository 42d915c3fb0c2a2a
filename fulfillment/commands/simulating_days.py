"""`floor simulate-days`: many days of a small warehouse in one process, one thread and a clock of its own.

Wires the engine's ports to this server: scans go through the same service the web calls, everything else
through the web application itself. Nothing listens on a port. Exit 0 only if the ledger verifies, FIFO was
kept and every planted fault was found.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from fulfillment.app import create_app
from fulfillment.bootstrap import Floor, migrate, open_floor
from fulfillment.domain.codes import own_code
from fulfillment.domain.reasons import DomainError
from fulfillment.founding import found, read_token, say
from fulfillment.services.imports import import_items, import_locations
from fulfillment.services.scan_path import scans
from fulfillment.services.verifying import planting
from fulfillment.settings import Settings
from simulators import warehouse
from simulators.days import plants
from simulators.days.engine import Days
from simulators.days.figures import DaysReport
from simulators.days.goods import DaysItem, make_items, make_locations, write_items
from simulators.days.ports import DaysOptions, Ports
from simulators.faults import ErrorRates
from simulators.warehouse import FloorLocation

TOUR_MS = 0  # tours by rule: a search against the clock would make each run another one


@dataclass
class Clock:
    """Time as the days tell it."""

    now_ms: int = 0

    def __call__(self) -> int:
        return self.now_ms

    def set(self, moment: datetime) -> None:
        self.now_ms = int(moment.timestamp() * 1000)


@click.command("simulate-days")
@click.option("--days", type=click.IntRange(1, 365), default=30, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--orders", "orders_a_day", type=click.IntRange(1, 500), default=70, show_default=True,
              help="orders a day, on average")  # fmt: skip
@click.option("--counts/--no-counts", default=True, show_default=True, help="count as the count plans say, or never")
@click.option("--errors/--no-errors", default=True, show_default=True, help="people and suppliers who err")
@click.option("--plant", "kinds", type=click.Choice(sorted(plants.KINDS)), multiple=True,
              help="plant a fault that must be found; several times for several")  # fmt: skip
@click.option("--database", "database_url", help="sqlite:/// address to keep the days in; a temporary one otherwise")
@click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")
def simulate_days(
    days: int, seed: int, orders_a_day: int, counts: bool, errors: bool, kinds: tuple[str, ...],
    database_url: str | None, json_file: str | None,
) -> None:  # fmt: skip
    """Play many days with top-ups, returns, refills, moves and human error, then compare book and world.

    Exit 1 when the ledger does not verify, FIFO was broken without an override, somebody could not go on, or a
    planted fault was not found.
    """
    logging.basicConfig(level=logging.WARNING)
    options = DaysOptions(
        days, seed, orders_a_day, counts, ErrorRates.trained() if errors else ErrorRates.none(), kinds
    )
    with days_floor(database_url) as (floor, clock):
        report = play(floor, clock, options)
    say(json_file, report.as_json(), in_words(report))
    sys.exit(0 if report.ok else 1)


@contextlib.contextmanager
def days_floor(database_url: str | None = None) -> Iterator[tuple[Floor, Clock]]:
    """A founded, empty floor on a clock that stands until it is set."""
    with tempfile.TemporaryDirectory(prefix="floor-days-") as folder:
        home, clock = Path(folder), Clock()
        url = database_url or f"sqlite:///{home / 'floor.sqlite'}"
        settings = replace(Settings.from_env(), home=home, database_url=url)
        migrate(settings)
        floor = open_floor(settings, clock=clock)
        try:
            found(floor)
            yield floor, clock
        finally:
            floor.close()


def play(floor: Floor, clock: Clock, options: DaysOptions) -> DaysReport:
    """Stock the floor with the days' items and places, and play."""
    items, locations = make_items(options.seed), make_locations()
    _import(floor, items, locations)
    signs = {location.code: own_code("L", location.code) for location in locations}
    return Days(options, ports(floor, clock), items, locations, signs, _to_stderr).run()


def ports(floor: Floor, clock: Clock) -> Ports:
    """What the engine may do to this floor."""
    from fulfillment.services.releasing import planning  # with its solvers, which no other command needs

    client = create_app(floor).test_client()
    headers = {"Authorization": f"Bearer {read_token(floor.settings)}"}

    def scan(scan_id: str, station: str, code: str, qty_each: int | None, at_ms: int) -> Mapping[str, Any]:
        request = scans.ScanRequest(scan_id, station, code, at_ms, qty_each)
        return floor.writer.write(lambda tx: scans.handle_scan(tx, request))

    def call(method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, Any]:
        answer = client.open(path, method=method, json=body, headers=headers)
        return answer.status_code, answer.get_json(silent=True)

    return Ports(
        scan,
        lambda station: floor.read(lambda tx: scans.current_step(tx, station)),
        call,
        lambda wave: planning.plan_wave(floor, wave, TOUR_MS),
        clock.set,
        lambda kind: floor.writer.write(planting.PLANTS[kind]) if kind in planting.PLANTS else None,
    )


def _import(floor: Floor, items: tuple[DaysItem, ...], locations: tuple[FloorLocation, ...]) -> None:
    home = floor.settings.home
    warehouse.write_locations(home / "locations.csv", locations)
    write_items(home / "items.csv", items)
    aisles = warehouse.FloorPlan(locations).cross_aisles_dm
    for report in (
        import_locations(floor.writer, home / "locations.csv", cross_aisles_y_dm=aisles),
        import_items(floor.writer, home / "items.csv"),
    ):
        if report.rejected:
            raise DomainError("import_failed", f"{report.kind}: {report.errors[0]}")


def in_words(report: DaysReport) -> str:
    """The figures, a line each, and what is wrong."""
    figures = report.as_json()
    lines = [f"{name:20} {value}" for name, value in figures.items() if not isinstance(value, list | dict)]
    accuracy = report.accuracy
    lines.append(
        f"{'right places':20} {accuracy['places_right']} of {accuracy['places']} ({accuracy['share']:.2%});"
        f" pairs {accuracy['pairs_right']} of {accuracy['pairs']} ({accuracy['share_pairs']:.2%})"
    )
    lines += [f"planted {one['plant']}: {'found by' if one.get('found') else 'NOT found by'} {one.get('by')}"
              for one in report.planted]  # fmt: skip
    lines += [f"stuck: {one[:400]}" for one in report.stuck[:10]]
    return "\n".join([*lines, *(f"! {failure}" for failure in report.failures)])


def _to_stderr(line: str) -> None:
    click.echo(line, err=True)
