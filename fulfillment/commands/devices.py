"""`floor agent …` and `floor device …`: the benches' agents, and every scanner, scale and printer.

Owns options and how things are printed; what may be added or changed, the services know.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from devices.registry import DeviceType
from devices.trial import TRIAL_S, try_out
from fulfillment.bootstrap import Floor, open_floor
from fulfillment.domain.devices import DeviceKind
from fulfillment.domain.reasons import DomainError
from fulfillment.founding import say, write_secret
from fulfillment.services.equipment import bench_agents, device_commands, devices
from fulfillment.settings import Settings

_json = click.option("--json", "json_file", metavar="FILE", help="write the report as JSON (- = standard output)")
_token_to = click.option(
    "--token-file", type=click.Path(dir_okay=False, path_type=Path), help="write the token there, for its owner only"
)
_KINDS = click.Choice([kind.value for kind in DeviceKind])


@click.group("agent")
def agent_group() -> None:
    """The benches' agents: programs that own a bench's ports (docs/agent.md)."""


@agent_group.command("add")
@click.argument("code")
@click.option("--station", help="whose scans those of its devices are")
@_token_to
def add_agent(code: str, station: str | None, token_file: Path | None) -> None:
    """Add the agent CODE; its token is shown this once."""
    added = _write(lambda tx: bench_agents.add(tx, code, station))
    _show_token(added["token"], token_file)


@agent_group.command("token")
@click.argument("code")
@_token_to
def renew_token(code: str, token_file: Path | None) -> None:
    """A new token for the agent CODE; the one it has ends."""
    _show_token(_write(lambda tx: bench_agents.new_token(tx, code))["token"], token_file)


@agent_group.command("list")
@_json
def list_agents(json_file: str | None) -> None:
    """The agents, their versions, and when they were heard last."""
    found = _read(bench_agents.listed)
    say(json_file, {"agents": found}, "\n".join(_agent_line(one) for one in found) or "no agent")


@click.group("device")
def device_group() -> None:
    """Scanners, scales and printers: which there are, whose they are, how they are."""


@device_group.command("list")
@_json
def list_devices(json_file: str | None) -> None:
    """Every device with its state."""
    found = _read(devices.listed)
    say(json_file, {"devices": found}, "\n".join(_device_line(one) for one in found) or "no device")


@device_group.command("add")
@click.argument("code")
@click.argument("kind", type=_KINDS)
@click.argument("address")
@click.option("--agent", help="the agent that owns its port")
@click.option("--station", help="whose scans it makes")
@click.option("--signals", default="", help="whose words it understands: honeywell, datalogic, ssi, none")
@click.option("--language", default="", help="of a printer: zpl or escpos")
@click.option("--dpi", type=click.Choice(["203", "300"]), default="203", show_default=True, help="of a printer")
def add_device(
    code: str, kind: str, address: str, agent: str | None, station: str | None, signals: str, language: str, dpi: str
) -> None:
    """Add the device CODE, a KIND at ADDRESS."""
    added = _write(lambda tx: devices.add(tx, code, kind, address, agent, station, signals, language, int(dpi)))
    click.echo(_device_line(added))


@device_group.command("set")
@click.argument("code")
@click.option("--address")
@click.option("--agent", help="the agent that owns its port; - for none")
@click.option("--station", help="whose scans it makes; - for nobody's")
@click.option("--signals", help="whose words it understands")
@click.option("--language", help="of a printer: zpl or escpos")
@click.option("--dpi", type=click.Choice(["203", "300"]), help="of a printer")
def set_device(code: str, dpi: str | None, **given: str | None) -> None:
    """Change the device CODE; what is not given stays."""
    values: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if dpi is not None:
        values["dpi"] = int(dpi)
    click.echo(_device_line(_write(lambda tx: devices.change(tx, code, values))))


@device_group.command("enable")
@click.argument("code")
def enable_device(code: str) -> None:
    """Take the device CODE back into use."""
    click.echo(_device_line(_write(lambda tx: devices.set_enabled(tx, code, True))))


@device_group.command("disable")
@click.argument("code")
def disable_device(code: str) -> None:
    """Take the device CODE out of use."""
    click.echo(_device_line(_write(lambda tx: devices.set_enabled(tx, code, False))))


@device_group.command("remove")
@click.argument("code")
def remove_device(code: str) -> None:
    """Take the device CODE, which is out of use, off the list; a printer only if it has never printed."""
    click.echo(_device_line(_write(lambda tx: devices.remove(tx, code))))


@device_group.command("discover")
@click.argument("agent")
@click.option("--probe", metavar="SUBNET", default="", help="also ask port 9100 of a small private network")
def discover_devices(agent: str, probe: str) -> None:
    """What is plugged in at the machine of AGENT; here it is `python -m devices.discovery`. It binds nothing."""
    floor = open_floor(Settings.from_env())
    try:
        asked = floor.writer.write(lambda tx: device_commands.ask_discovery(tx, agent, probe))
        told = device_commands.wait(floor, asked, device_commands.DISCOVERY_S + device_commands.ANSWER_S)
    except DomainError as error:
        raise click.ClickException(error.detail) from error
    finally:
        floor.close()
    if told["reason"] != "found":
        raise click.ClickException(f"{told['reason'] or 'no_answer'} {told['said']}".strip())
    for one in told["found"]:
        click.echo(f"{one['kind'] or '?':8} {one['address']}  {one['words']}")
    for missed in told["missed"]:
        click.echo(f"not looked at: {missed}")


@device_group.command("test")
@click.argument("code")
@click.option("--seconds", type=click.FloatRange(1, 60), default=TRIAL_S, show_default=True)
@click.pass_context
def test_device(context: click.Context, code: str, seconds: float) -> None:
    """Ask the device CODE how and what it is, where its port is; at a scanner, pull the trigger meanwhile."""
    floor = open_floor(Settings.from_env())
    try:
        said = _tested(floor, code, seconds)
    except DomainError as error:
        raise click.ClickException(error.detail) from error
    finally:
        floor.close()
    click.echo(f"{code}: {said}")
    if said.split(" ")[0] not in ("ready", "degraded"):
        context.exit(1)


def _tested(floor: Floor, code: str, seconds: float) -> str:
    device = floor.read(lambda tx: devices.get(tx, code))
    if device["agent_id"] is None:
        # Here and not by the outbox worker: it may not run, and then its ports are free.
        return str(try_out(DeviceType(device["kind"]), device["address"], device["language"], seconds))
    command = floor.writer.write(lambda tx: device_commands.ask_test(tx, code, seconds))
    told = device_commands.wait(floor, command, seconds + device_commands.ANSWER_S)
    return " ".join(filter(None, (told["state"], told["reason"], told["said"])))


def _show_token(token: str, token_file: Path | None) -> None:
    if token_file is None:
        click.echo(token)
        return
    write_secret(token_file, token + "\n")
    click.echo(f"token: {token_file}")


def _read(work: Any) -> Any:
    floor = open_floor(Settings.from_env())
    try:
        return floor.read(work)
    finally:
        floor.close()


def _write(work: Any) -> Any:
    floor = open_floor(Settings.from_env())
    try:
        return floor.writer.write(work)
    except DomainError as error:
        raise click.ClickException(error.detail) from error
    finally:
        floor.close()


def _agent_line(one: dict[str, Any]) -> str:
    state = f"{one['state']} {one['reason']}".strip()
    where = f"version {one['version'] or '?'} on {one['host'] or '?'}"
    return f"{one['code']:<16} {state:<12} seen {_when(one['seen_at_ms'])}, {where}"


def _device_line(one: dict[str, Any]) -> str:
    state = f"{one['state']} {one['reason']}".strip()
    owner = f", agent {one['agent']}" if one["agent"] else ""
    station = f", scans of {one['station']}" if one["station"] else ""
    gaps = f", {one['gaps']} scans missing" if one["gaps"] else ""
    return f"{one['code']:<16} {state:<24} {one['driver']}, {one['address']}{owner}{station}{gaps}"


def _when(at_ms: int | None) -> str:
    return "never" if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")
