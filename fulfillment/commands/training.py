"""`floor training`: a floor to practise on, in a folder, a database and on ports of its own, with simulated printers.

Refuses a database that belongs to the real floor, or that holds a warehouse without the mark of a training floor.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click

from fulfillment.bootstrap import Floor, migrate, open_floor
from fulfillment.db import sqlite_path
from fulfillment.founding import found, refuse_plain_lan, refuse_taken_ports, stop_on_signals, write_secret
from fulfillment.processes import Processes
from fulfillment.services.set_up import setting_up, training
from fulfillment.settings import SettingError, Settings
from simulators.receipt_printer import ReceiptPrinter
from simulators.zpl_printer import ZplPrinter

PLANNED_WITHIN_S = 60.0
LABELS, SLIPS = "ZPL-PRACTISE", "SLIP-PRACTISE"


@click.command("training")
@click.option("--home", type=click.Path(path_type=Path), help="its own folder; FLOOR_HOME/training otherwise")
@click.option("--port", type=click.IntRange(1, 65534), default=8410, show_default=True,
              help="where its pages are; the live screens take the next one")  # fmt: skip
@click.option("--reset", is_flag=True, help="forget everything that was practised and begin anew")
def training_command(home: Path | None, port: int, reset: bool) -> None:
    """A floor for practising, beside the real one and never in it. Ctrl-C ends it; it goes on where it stopped.

    Kiosks show the way to it when FLOOR_TRAINING_ADDRESS names the printed link.
    """
    logging.basicConfig(level=logging.WARNING)
    settings = training_settings(Settings.from_env(), home, port)
    refuse_plain_lan(settings)
    refuse_taken_ports(settings)
    if reset:
        forget(settings)
    click.echo(f"Getting the floor for training ready in {settings.home} …")
    floor = open_training(settings)
    try:
        with _printers(settings) as printers, Processes(settings) as processes:
            links = _links(floor, printers)
            _wait_for_tours(floor)
            click.echo("\nTRAINING: nothing here is real stock. Open in a browser:")
            for name, token in links.items():
                click.echo(f"  {name:6} {processes.address}/enter?token={token}")
            click.echo(f"  {'tasks':6} {processes.address}/training")
            click.echo("  Begin with the kiosk and the tasks. Ctrl-C ends it, --reset begins anew.\n")
            processes.watch(stop_on_signals())
    finally:
        floor.close()


def _wait_for_tours(floor: Floor) -> None:
    """Whoever follows the printed link at once shall find a tour to walk; a planner that hangs holds nobody up."""
    deadline = time.monotonic() + PLANNED_WITHIN_S
    while not floor.read(training.is_planned) and time.monotonic() < deadline:
        time.sleep(0.1)


def training_settings(real: Settings, home: Path | None, port: int) -> Settings:
    """Settings of a floor to practise on beside the real one.

    Raises:
        SettingError: its folder or its database would be the real one's.
    """
    own = (home or real.home / "training").absolute()
    database_url = f"sqlite:///{own / 'floor.sqlite'}"
    if own.resolve() == real.home.resolve():
        raise SettingError("--home: that is the folder of the real floor")
    if real.database_url.startswith("sqlite") and _same_file(sqlite_path(real.database_url), own / "floor.sqlite"):
        raise SettingError("--home: the real floor's database lies there")
    return replace(
        real, home=own, database_url=database_url, host=real.host, port=port, live_port=port + 1, warehouse="TRAINING",
        warehouse_id=1, demo_badge=training.BADGE, training_address="", web_workers=1,
        company=None,  # its address is the real floor's, and who practises signs in nowhere
    )  # fmt: skip


def open_training(settings: Settings) -> Floor:
    """The training floor, founded with its first exercises if there is none.

    Raises:
        SettingError: the warehouse that stands there is not one to practise on.
    """
    _refuse_real(settings)
    migrate(settings)
    floor = open_floor(settings)
    try:
        if floor.read(training.is_training) is None:

            def work(tx) -> None:  # type: ignore[no-untyped-def]
                training.found(tx, settings.time_zone)
                training.lay_out(tx)

            floor.writer.write(work)
        found(floor)
    except BaseException:
        floor.close()
        raise
    return floor


def forget(settings: Settings) -> None:
    """Take the training floor away.

    Raises:
        SettingError: what lies there is not one.
    """
    _refuse_real(settings)
    for pattern in ("floor.sqlite*", "training-*", "admin-token"):
        for path in settings.home.glob(pattern):
            path.unlink()


def _refuse_real(settings: Settings) -> None:
    """Look without opening it as a floor: what is not ours is not even migrated.

    Raises:
        SettingError: something other than a training floor lies there.
    """
    path = sqlite_path(settings.database_url)
    if not path.exists() or not path.stat().st_size:
        return
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            marks = connection.execute("SELECT is_training FROM warehouse").fetchall()
    except sqlite3.Error as error:
        raise SettingError(f"{path}: no training floor: {error}") from error
    if any(mark != (1,) for mark in marks):
        raise SettingError(f"{path}: a warehouse without the mark of a training floor lies there")


def _same_file(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve() or (one.exists() and other.exists() and one.samefile(other))


@contextlib.contextmanager
def _printers(settings: Settings) -> Iterator[dict[str, str]]:
    """Printers that print onto tapes, on the ports they had before: code → address."""
    path = settings.home / "training-printers.json"
    ports = json.loads(path.read_text("utf-8")) if path.exists() else {}
    with contextlib.ExitStack() as devices:
        printers = {
            code: devices.enter_context(kind(settings.home / "tapes" / code, ports.get(code, 0)))
            for code, kind in ((LABELS, ZplPrinter), (SLIPS, ReceiptPrinter))
        }
        path.write_text(json.dumps({code: printer.port for code, printer in printers.items()}), "utf-8")
        yield {code: printer.address for code, printer in printers.items()}


def _links(floor: Floor, printers: dict[str, str]) -> dict[str, str]:
    """The stations and their tokens, kept over restarts."""
    path = floor.settings.home / "training-links"
    if path.exists():
        return dict(line.split(" ", 1) for line in path.read_text("utf-8").splitlines())

    def work(tx) -> dict[str, str]:  # type: ignore[no-untyped-def]
        setting_up.add_printer(tx, LABELS, printers[LABELS], "zpl")
        setting_up.add_printer(tx, SLIPS, printers[SLIPS], "escpos")
        return training.add_stations(tx, LABELS, SLIPS)

    links: dict[str, str] = floor.writer.write(work)
    write_secret(path, "".join(f"{name} {token}\n" for name, token in links.items()))
    return links
