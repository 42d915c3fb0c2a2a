"""What the commands share: founding a warehouse, the admin token's file, reports, signals, ports."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

import click

from fulfillment.bootstrap import Floor
from fulfillment.domain.roles import TokenRole
from fulfillment.processes import is_taken
from fulfillment.services import setting_up
from fulfillment.settings import SettingError, Settings


def found(floor: Floor) -> bool:
    """Found the warehouse and write the admin token, unless it stands already."""
    settings = floor.settings
    new = floor.writer.write(
        lambda tx: setting_up.found_warehouse(tx, settings.warehouse, settings.time_zone, settings.gs1_company_prefix)
    )
    path = token_file(settings)
    if new or not path.exists():
        token = floor.writer.write(lambda tx: setting_up.add_token(tx, "admin", TokenRole.ADMIN))
        write_secret(path, token + "\n")
    return new


def token_file(settings: Settings) -> Path:
    """Where the admin token of this floor is kept; each warehouse of a database has its own."""
    return settings.home / ("admin-token" if settings.warehouse_id == 1 else f"admin-token-{settings.warehouse_id}")


def read_token(settings: Settings) -> str:
    """The admin token."""
    return token_file(settings).read_text("utf-8").strip()


def write_secret(path: Path, content: str) -> None:
    """A file only its owner can read, from the first byte on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)


def say(json_file: str | None, report: Any, words: str) -> None:
    """The report for a program, or words for a person."""
    if json_file == "-":
        click.echo(json.dumps(report, indent=2))
        return
    if json_file:
        Path(json_file).write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    click.echo(words)


def stop_on_signals() -> threading.Event:
    """An event that SIGINT and SIGTERM set."""
    stop = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: stop.set())
    return stop


def refuse_taken_ports(settings: Settings) -> None:
    """A clear word instead of four processes that each fail to start.

    Raises:
        SettingError: naming the variable to change.
    """
    for name, port in (("FLOOR_PORT", settings.port), ("FLOOR_LIVE_PORT", settings.live_port)):
        if is_taken(settings.host, port):
            raise SettingError(f"{name}: something listens on {settings.host}:{port} already")
