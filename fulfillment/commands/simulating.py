"""`floor simulate` and `floor demo`: a real server, simulated people and devices around it.

The only part of the server's packages that imports `simulators`. What the simulated crew does goes over
HTTP; this module starts the server, imports the files the crew works with, and reports.
"""

from __future__ import annotations

import contextlib
import json
import logging
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from fulfillment.bootstrap import Floor, migrate, open_floor
from fulfillment.commands import simulating_bottleneck as bottleneck_side
from fulfillment.commands import simulating_carrier as carrier_side
from fulfillment.domain.reasons import DomainError
from fulfillment.founding import found, read_token, refuse_taken_ports, say, stop_on_signals, write_secret
from fulfillment.processes import Processes, free_port
from fulfillment.services.imports import (
    Options,
    OrderOptions,
    import_items,
    import_locations,
    import_orders,
    import_walk_points,
    import_walkways,
    import_zones,
)
from fulfillment.services.set_up import setting_up
from fulfillment.services.verifying import audit
from fulfillment.settings import Settings
from simulators import catalogue, warehouse
from simulators.faults import ErrorRates
from simulators.receipt_printer import ReceiptPrinter
from simulators.report import ShiftReport
from simulators.shift import PLANTS, POSTS, ShiftGoods, ShiftOptions, ShiftServer, SlowLane, run_shift
from simulators.zpl_printer import ZplPrinter

DEMO_ORDERS = Path(catalogue.__file__).with_name("data") / "uci_online_retail_day.csv"
DEMO_MAP = {"order": "order_id", "sku": "sku", "qty": "qty", "ordered_at": "ts"}
DEMO_WORKERS = 6
VISITOR_BADGE = "1"
VISITOR_BENCH = "YOUR-BENCH"
DEMO_POSITIONS = 4  # short tours: who looks in should come to the end of one


@click.command()
@click.option("--orders", "orders_file", required=True, type=click.Path(exists=True, path_type=Path),
              help="order file, CSV or CSV.gz")  # fmt: skip
@click.option("--items", "items_file", type=click.Path(exists=True, path_type=Path),
              help="items CSV; without it the catalogue is made from the orders (sizes are synthetic)")  # fmt: skip
@click.option("--map", "map_text", default="", help="order=order_id,sku=sku,qty=qty,ordered_at=ts for other headings")
@click.option("--services", default="", help="SKUs that are services, separated by commas; * at the end = any ending")
@click.option("--workers", type=click.IntRange(1, 100), default=8, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--speed", type=click.FloatRange(min=0.1), default=60.0, show_default=True, help="times life speed")
@click.option("--fast", is_flag=True, help="no walking and handling time at all")
@click.option("--no-errors", is_flag=True, help="people who never err and a radio that never fails")
@click.option("--cancel", "cancelled", type=click.IntRange(0), default=2, show_default=True,
              help="orders cancelled while they are being picked")  # fmt: skip
@click.option("--carrier", "with_carrier", is_flag=True,
              help="buy the labels from a simulated carrier that fails at times, and compare its bill")  # fmt: skip
@click.option("--zones", type=click.IntRange(0, 20), default=0, show_default=True,
              help="pick zone by zone, the carts handed over between so many")
@click.option("--walkways", "on_walkways", is_flag=True,
              help="the same racks as points and walkways, one of them one-way, not as aisles")  # fmt: skip
@click.option("--slow-lane", type=bottleneck_side.SlowLaneType(), metavar="LANE=TIMES",
              help="people keep to picking, packing or loading, and those of one lane (pick, pack, ship) take so many"
                   " times longer: does the floor name it?")  # fmt: skip
@click.option("--plant", type=click.Choice(PLANTS), help="plant a fault that must be found")
@click.option("--database", "database_url", help="sqlite:/// address; a temporary one otherwise")
@click.option("--tapes", type=click.Path(path_type=Path), help="keep what the printers printed in this folder")
@click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")
def simulate(
    orders_file: Path, items_file: Path | None, map_text: str, services: str, workers: int, seed: int, speed: float,
    fast: bool, no_errors: bool, cancelled: int, with_carrier: bool, zones: int, on_walkways: bool,
    slow_lane: SlowLane | None, plant: str | None, database_url: str | None, tapes: Path | None, json_file: str | None,
) -> None:  # fmt: skip
    """Run a whole shift against a server of its own and compare the simulated world with the database.

    Exit 1 when a shippable order did not ship, verify fails, or world and database differ unexplained; with
    --plant, when the planted fault was not found, with --slow-lane, when another lane was named after half an hour.
    """
    if slow_lane is not None and (fast or workers < len(POSTS)):
        raise click.UsageError(f"--slow-lane needs time that passes (no --fast) and {len(POSTS)} workers at least")
    logging.basicConfig(level=logging.WARNING)
    with _home(database_url) as settings:
        try:
            headings = catalogue.parse_map(map_text)
            goods = _goods(settings, orders_file, items_file, headings, services, seed)
            if zones:
                goods = replace(goods, locations=warehouse.zoned(goods.locations, zones))
        except ValueError as error:
            raise click.UsageError(f"{error}; --map says which heading is which") from error
        floor = _open(settings)
        try:
            _import_goods(floor, goods, settings.home, items_file)
            if on_walkways:
                _import_walkways(floor, goods, settings.home)
            if zones:
                warehouse.write_zones(settings.home / "zones.csv", goods.locations)
                import_zones(floor.writer, settings.home / "zones.csv")
            options = ShiftOptions(
                tapes or settings.home / "tapes", workers, seed, None if fast else speed,
                ErrorRates.none() if no_errors else ErrorRates(), plant, totes=_totes(workers),
                cancelled_orders=cancelled, pick_mode="zone" if zones else "cluster",
                slow_lane=slow_lane, hurry_opening=slow_lane is not None,
                hurry_after_min=bottleneck_side.SEEN_MIN if slow_lane is not None else None,
            )  # fmt: skip
            with contextlib.ExitStack() as outside:
                carrier = outside.enter_context(carrier_side.selling(floor)) if with_carrier else None
                processes = outside.enter_context(Processes(settings))
                outside.enter_context(_tended(processes))
                watch = None
                if slow_lane is not None:
                    watch = outside.enter_context(bottleneck_side.watching(floor, slow_lane, speed))
                report = run_shift(
                    options, ShiftServer(processes.address, read_token(settings)), goods,
                    import_orders=_orders_importer(floor, orders_file, headings), plant=_planter(floor),
                    stop=stop_on_signals(),
                )  # fmt: skip
                bill = carrier_side.compare(floor, carrier) if carrier is not None else {}
        finally:
            floor.close()
    words = [_in_words(report)] + ([f"{'carrier':24} {bill}"] if bill else [])
    words += [watch.in_words()] if watch else []
    more = {**({"carrier": bill} if bill else {}), **({"bottleneck": watch.as_json()} if watch else {})}
    say(json_file, {**report.as_json(), **more}, "\n".join(words))
    is_named = watch is None or watch.as_json()["is_right"]
    sys.exit(0 if report.ok and not bill.get("wrong") and is_named else 1)


@click.command()
@click.option("--speed", type=click.FloatRange(min=0.1), default=60.0, show_default=True, help="times life speed")
@click.option("--workers", type=click.IntRange(1, 50), default=DEMO_WORKERS, show_default=True)
@click.option("--reset", is_flag=True, help="start from an empty warehouse")
def demo(speed: float, workers: int, reset: bool) -> None:
    """A warehouse day moving by itself, with a kiosk, a bench and a board to join in. Ctrl-C ends it.

    The orders are a real day of a British gift shop (UCI Online Retail, CC BY 4.0), moved to today. A second
    start goes on where the first ended.
    """
    logging.basicConfig(level=logging.WARNING)
    settings = replace(Settings.from_env(), demo_badge=VISITOR_BADGE)
    refuse_taken_ports(settings)
    if reset:
        _forget(settings)
    is_new = not (settings.home / "demo-shift.json").exists()
    if is_new:
        click.echo("making the demo warehouse …", err=True)
    floor = _open(settings)
    try:
        goods = _goods(settings, DEMO_ORDERS, None, DEMO_MAP, "", seed=7)
        if is_new:
            _import_goods(floor, goods, settings.home, None)
        stop = stop_on_signals()
        options = ShiftOptions(
            settings.home / "tapes", workers, speed=speed, loop=True, totes=_totes(workers),
            keep_file=settings.home / "demo-shift.json", orders_a_wave=12,
            hurry_opening=True, positions_a_cart=DEMO_POSITIONS,
        )  # fmt: skip
        with _visitor_printers(settings) as printers, Processes(settings) as processes, _tended(processes):
            click.echo(_addresses(processes.address, _visitor_links(floor, printers)))
            report = run_shift(
                options, ShiftServer(processes.address, read_token(settings)), goods,
                import_orders=_orders_importer(floor, DEMO_ORDERS, DEMO_MAP), stop=stop,
            )  # fmt: skip
    finally:
        floor.close()
    if not stop.is_set():
        click.echo("the crew cannot go on:\n" + "\n".join(report.stuck[-DEMO_WORKERS:]), err=True)
        sys.exit(1)
    click.echo("stopped; `make demo` goes on from here, `make demo-reset` starts afresh", err=True)


@contextlib.contextmanager
def _home(database_url: str | None) -> Iterator[Settings]:
    """Settings on free ports, with a folder that goes away afterwards."""
    with tempfile.TemporaryDirectory(prefix="floor-simulate-") as folder:
        home = Path(folder)
        settings = Settings.from_env()
        yield replace(
            settings, home=home, database_url=database_url or f"sqlite:///{home / 'floor.sqlite'}",
            port=free_port(), live_port=free_port(),
        )  # fmt: skip


def _open(settings: Settings) -> Floor:
    migrate(settings)
    floor = open_floor(settings)
    found(floor)
    return floor


def _goods(
    settings: Settings, orders_file: Path, items_file: Path | None, headings: Mapping[str, str], services: str,
    seed: int,
) -> ShiftGoods:  # fmt: skip
    book = catalogue.read_orders(orders_file, headings)
    if not book.orders:
        raise DomainError("no_orders", f"{orders_file}: no order in it can be picked")
    if items_file is not None:
        items = catalogue.read_items(items_file)
    else:
        patterns = [part.strip() for part in services.split(",") if part.strip()] or catalogue.DEFAULT_SERVICES
        items = catalogue.make_catalogue(book, seed=seed, services=patterns)
    today = datetime.now(ZoneInfo(settings.time_zone)).date()
    receipts = catalogue.opening_stock(catalogue.units_needed(book, items), seed=seed, today=today)
    size = warehouse.size_for(
        sum(not item.is_service for item in items), catalogue.stock_layers(receipts),
        catalogue.stock_volume_ml(receipts, items),
    )  # fmt: skip
    return ShiftGoods(tuple(items), warehouse.lay_out(size), book, receipts)


def _import_goods(floor: Floor, goods: ShiftGoods, home: Path, items_file: Path | None) -> None:
    """Locations and items go the way a person's would: as CSV through the importers."""
    locations, items = home / "locations.csv", items_file or home / "items.csv"
    warehouse.write_locations(locations, goods.locations)
    if items_file is None:
        catalogue.write_items(items, goods.items)
    for report in (
        import_locations(
            floor.writer, locations, cross_aisles_y_dm=warehouse.FloorPlan(goods.locations).cross_aisles_dm
        ),
        import_items(floor.writer, items),
    ):
        if report.rejected:
            raise DomainError("import_failed", f"{report.kind}: {report.errors[0]}")


def _import_walkways(floor: Floor, goods: ShiftGoods, home: Path) -> None:
    points, ways = home / "walk-points.csv", home / "walkways.csv"
    warehouse.write_walkways(points, ways, goods.locations)
    for report in (import_walk_points(floor.writer, points), import_walkways(floor.writer, ways)):
        if report.rejected:
            raise DomainError("import_failed", f"{report.kind}: {report.errors[0]}")


def _orders_importer(floor: Floor, orders_file: Path, headings: Mapping[str, str]) -> Callable[[], None]:
    def work() -> None:
        how = OrderOptions(floor.settings.max_line_each, is_shifted_to_today=True)
        report = import_orders(floor.writer, orders_file, Options(headings=headings), how)
        if not report.created + report.unchanged:
            # A shift without an order proves nothing, however right its book is at the end.
            why = report.errors[0].words if report.errors else "it holds none"
            raise click.ClickException(f"no order was taken from {orders_file}: {why}")

    return work


def _planter(floor: Floor) -> Callable[[str], Mapping[str, Any] | None]:
    def plant(moment: str) -> Mapping[str, Any] | None:
        # After the orders are promised and before anybody walks: the promise is exchanged for a newer layer.
        return floor.writer.write(audit.plant_fifo_break) if moment == "released" else None

    return plant


@contextlib.contextmanager
def _tended(processes: Processes) -> Iterator[None]:
    stop = threading.Event()
    tender = threading.Thread(target=processes.watch, args=(stop,), name="tender", daemon=True)
    tender.start()
    try:
        yield
    finally:
        stop.set()
        tender.join()


def _totes(workers: int) -> int:
    # Totes on carts, at staging and at the benches; too few and the pickers wait for the packers.
    return 150 + workers * 40


@contextlib.contextmanager
def _visitor_printers(settings: Settings) -> Iterator[dict[str, str]]:
    """The printers of the visitor's bench, on the ports they had before: printer code → address."""
    path = settings.home / "demo-printers.json"
    ports = json.loads(path.read_text("utf-8")) if path.exists() else {}
    with contextlib.ExitStack() as devices:
        tapes = settings.home / "tapes"
        printers = {
            code: devices.enter_context(kind(tapes / code, ports.get(code, 0)))
            for code, kind in (("ZPL-YOURS", ZplPrinter), ("SLIP-YOURS", ReceiptPrinter))
        }
        path.write_text(json.dumps({code: printer.port for code, printer in printers.items()}), "utf-8")
        yield {code: printer.address for code, printer in printers.items()}


def _visitor_links(floor: Floor, printers: Mapping[str, str]) -> dict[str, str]:
    """Stations for the people who look in, kept over restarts: name → token."""
    path = floor.settings.home / "demo-links"
    if path.exists():
        return dict(line.split(" ", 1) for line in path.read_text("utf-8").splitlines())
    with floor.engine.connect() as connection:
        docks = connection.exec_driver_sql(
            "SELECT code FROM location WHERE kind = 'dock' ORDER BY code"
        ).scalars().all()  # fmt: skip
        benches = connection.exec_driver_sql(
            "SELECT code FROM location WHERE kind = 'station' ORDER BY code DESC"
        ).scalars().all()  # fmt: skip

    def work(tx: Any) -> dict[str, str]:
        setting_up.add_operator(tx, VISITOR_BADGE, "You", "supervisor")
        label, slip = printers
        setting_up.add_printer(tx, label, printers[label], "zpl")
        setting_up.add_printer(tx, slip, printers[slip], "escpos")
        return {
            "kiosk": setting_up.add_station(tx, "KIOSK-1", "handheld", docks[0], "Your kiosk")["token"],
            "bench": setting_up.add_station(tx, VISITOR_BENCH, "bench", benches[0], "Your bench", label, slip)["token"],
            "board": setting_up.add_station(tx, "BOARD-1", "board", None, "Wave board")["token"],
        }

    links = floor.writer.write(work)
    write_secret(path, "".join(f"{name} {token}\n" for name, token in links.items()))
    return links


def _addresses(address: str, links: Mapping[str, str]) -> str:
    lines = [f"  {name:6} {address}/enter?token={token}" for name, token in links.items()]
    return "\n".join(["", "Open in a browser (each link signs its page in):", *lines, "  Ctrl-C ends the demo.", ""])


def _forget(settings: Settings) -> None:
    shutil.rmtree(settings.home / "tapes", ignore_errors=True)
    for pattern in ("floor.sqlite*", "demo-*", "admin-token", "items.csv", "locations.csv"):
        for path in settings.home.glob(pattern):
            path.unlink()


def _in_words(report: ShiftReport) -> str:
    figures = report.as_json()
    lines = [f"{name:24} {figures[name]}" for name in figures if not isinstance(figures[name], list | dict)]
    return "\n".join([*lines, *(f"! {failure}" for failure in report.failures)])
