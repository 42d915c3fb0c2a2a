"""`floor run`, `floor serve` and `floor work`: a whole floor or some of its parts, watched here or by the system."""

from __future__ import annotations

import os
from pathlib import Path

import click

from fulfillment import logs
from fulfillment.bootstrap import migrate, open_floor
from fulfillment.founding import (
    FIRST_ADMIN,
    first_admin_link,
    found,
    refuse_plain_lan,
    refuse_taken_ports,
    stop_on_signals,
)
from fulfillment.processes import LIVE, PARTS, WEB, Processes, command_of, environment_of
from fulfillment.safekeeping.upgrade import refuse_older
from fulfillment.services.scan_path.hand_over import AUTO_LOCK_MIN
from fulfillment.settings import SettingError, Settings, refuse_missing_oidc


@click.command()
@click.option("--only", default="", metavar="PARTS", help=f"some of {', '.join(PARTS)}, separated by commas")
@click.option("--tls-cert", default="", metavar="FILE", help="certificate, PEM (FLOOR_TLS_CERT); `floor tls` makes one")
@click.option("--tls-key", default="", metavar="FILE", help="its key, PEM (FLOOR_TLS_KEY)")
@click.option("--insecure-lan", is_flag=True, help="plain HTTP beyond this machine; every desk page says so")
def run(only: str, tls_cert: str, tls_key: str, insecure_lan: bool) -> None:
    """Run the floor: web, live screens, outbox worker and planner. Ctrl-C ends all.

    With --only this is one node of several: it neither makes nor migrates the database (`floor init` and
    `floor upgrade` do, once), and it comes up while the database is away, answering 503 until it is there.
    """
    settings = Settings.from_env({
        **os.environ,
        **({"FLOOR_TLS_CERT": str(Path(tls_cert).absolute())} if tls_cert else {}),
        **({"FLOOR_TLS_KEY": str(Path(tls_key).absolute())} if tls_key else {}),
        **({"FLOOR_INSECURE_LAN": "on"} if insecure_lan else {}),
    })
    parts = [part.strip() for part in only.split(",") if part.strip()] or list(PARTS)
    unknown = sorted(set(parts) - set(PARTS))
    if unknown:
        raise click.BadParameter(f"{unknown[0]!r} is none of {', '.join(PARTS)}", param_hint="--only")
    link = ""
    if WEB in parts or LIVE in parts:
        refuse_plain_lan(settings)
        refuse_missing_oidc(settings)
    if not only:
        refuse_taken_ports(settings)
        refuse_older(settings.database_url)
        migrate(settings)
        floor = open_floor(settings)
        found(floor, AUTO_LOCK_MIN)
        link = first_admin_link(floor)
        floor.close()
    stop = stop_on_signals()
    with Processes(settings, parts=parts) as processes:
        click.echo(
            f"floor at {processes.address} — board: {processes.address}/board (Ctrl-C ends)"
            if WEB in parts else f"running {', '.join(parts)} (Ctrl-C ends)"
        )  # fmt: skip
        if link:
            click.echo(FIRST_ADMIN.format(link=link))
        processes.watch(stop)


@click.command()
@click.argument("part", type=click.Choice([WEB, LIVE]))
def serve(part: str) -> None:
    """Run the web or the live screens in the foreground, for a supervisor of your own (docs/deployment.md).

    Listens where FLOOR_HOST and the part's port say, or on the socket the system hands over (LISTEN_FDS).
    """
    settings = Settings.from_env()
    refuse_plain_lan(settings)
    refuse_missing_oidc(settings)
    command = command_of(settings, part)
    if "LISTEN_FDS" not in os.environ:
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        command += ["--bind", f"{host}:{settings.port if part == WEB else settings.live_port}"]
    try:
        os.execve(command[0], command, {**os.environ, **environment_of(settings)})
    except OSError as error:
        raise SettingError(f"cannot start {command[0]}: {error.strerror}") from error


@click.command()
@click.argument("worker", type=click.Choice(["planner", "outbox"]))
def work(worker: str) -> None:
    """Run one background worker in the foreground (`floor run` starts both)."""
    settings = Settings.from_env()
    logs.configure(settings.log, worker)
    floor = open_floor(settings)
    stop = stop_on_signals()
    try:
        if worker == "planner":
            from fulfillment.services.releasing import planning  # with its solvers, which nobody else needs

            planning.planner_worker(floor, stop)
        else:
            from fulfillment.services.shipping import label_buying  # with templates and printers

            label_buying.outbox_worker(floor, stop)
    finally:
        floor.close()
