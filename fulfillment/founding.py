"""What the commands share: founding a warehouse, the admin token's file, reports, signals, ports."""

from __future__ import annotations

import json
import os
import signal
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from fulfillment.bootstrap import Floor, open_floor
from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import TokenRole
from fulfillment.hot import Tx
from fulfillment.processes import is_taken
from fulfillment.services.people import accounts
from fulfillment.services.scan_path import hand_over
from fulfillment.services.set_up import setting_up
from fulfillment.settings import SettingError, Settings

T = TypeVar("T")


def found(floor: Floor, auto_lock_min: int = 0) -> bool:
    """Found the warehouse and write the admin token, unless it stands already.

    `auto_lock_min`: of a new one; simulated people take breaks as long as they like.
    """
    settings = floor.settings

    def work(tx: Tx) -> bool:
        new = setting_up.found_warehouse(tx, settings.warehouse, settings.time_zone, settings.gs1_company_prefix)
        if new and auto_lock_min:
            hand_over.set_rules(tx, auto_lock_min)
        return new

    new = floor.writer.write(work)
    path = token_file(settings)
    if new or not path.exists():
        token = floor.writer.write(lambda tx: setting_up.add_token(tx, "admin", TokenRole.ADMIN))
        write_secret(path, token + "\n")
    return new


def first_admin_link(floor: Floor) -> str:
    """The address at which the first admin chooses name and passphrase, once; '' when there is one already."""
    code = floor.writer.write(accounts.first_link)
    return f"{web_address(floor.settings)}/join?code={code}" if code else ""


def web_address(settings: Settings) -> str:
    """Where a browser on this machine finds the web."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    return f"{settings.scheme}://{f'[{host}]' if ':' in host else host}:{settings.port}"


FIRST_ADMIN = "first admin, a link that works once, within a day:\n  {link}"


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


def on_floor(work: Callable[[Tx], T], is_reading: bool = False) -> T:
    """What `work` answers on the floor of the environment.

    Raises:
        click.UsageError: what was asked cannot be done, in words.
    """
    floor = open_floor(Settings.from_env())
    try:
        return floor.read(work) if is_reading else floor.writer.write(work)
    except DomainError as error:
        raise click.UsageError(str(error)) from error
    finally:
        floor.close()


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


def refuse_plain_lan(settings: Settings) -> None:
    """Tokens and passphrases do not travel a network in plain text unless somebody said they may.

    Raises:
        SettingError: saying what to do; also where the certificate or its key cannot be used.
    """
    if settings.is_plain_on_lan and not settings.insecure_lan:
        raise SettingError(
            f"FLOOR_HOST: {settings.host} is beyond this machine, and plain HTTP shows every token and passphrase to"
            " whoever is on the network; give --tls-cert and --tls-key (`floor tls` makes them), put a proxy with TLS"
            " in front (FLOOR_TRUSTED_PROXIES), or say --insecure-lan"
        )
    if settings.tls_cert:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.tls_cert, settings.tls_key)
        except (OSError, ssl.SSLError) as error:
            raise SettingError(f"FLOOR_TLS_CERT, FLOOR_TLS_KEY: no pair that can be used: {error}") from error


def refuse_taken_ports(settings: Settings) -> None:
    """A clear word instead of four processes that each fail to start.

    Raises:
        SettingError: naming the variable to change.
    """
    for name, port in (("FLOOR_PORT", settings.port), ("FLOOR_LIVE_PORT", settings.live_port)):
        if is_taken(settings.host, port):
            raise SettingError(f"{name}: something listens on {settings.host}:{port} already")
