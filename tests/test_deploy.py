"""What docs/deploy starts exists, with settings that exist."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from devices import agent
from devices.floor_file import read_floor_file
from fulfillment.cli import floor_command
from fulfillment.settings import KNOWN, Settings

DEPLOY = Path(__file__).resolve().parent.parent / "docs" / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
COMMANDS = [
    unit.read_text("utf-8").split("/bin/floor ")[1].split("\n")[0].split()
    for unit in UNITS
    if unit.name != "floorline-agent.service"
]
COMPOSE = (DEPLOY / "compose.yaml").read_text("utf-8")
COMPOSED = [re.split(r",\s*", found) for found in re.findall(r"command: \[((?!postgres).+)\]", COMPOSE)]


@pytest.mark.parametrize("words", [*COMMANDS, *COMPOSED], ids=" ".join)
def test_every_command_exists_and_takes_these_words(words: list[str]) -> None:
    command = floor_command.get_command(click.Context(floor_command), words[0])
    assert command is not None
    command.make_context(words[0], words[1:])


def test_every_setting_exists() -> None:
    text = "".join(path.read_text("utf-8") for path in DEPLOY.iterdir())
    named = set(re.findall(r"^\s*(FLOOR_[A-Z_]+)[=:]", text, re.MULTILINE))
    assert named <= KNOWN
    lines = (DEPLOY / "floor.env").read_text("utf-8").split("\n")
    env = dict(line.split("=", 1) for line in lines if line.startswith("FLOOR_"))
    assert Settings.from_env(env).trusted_proxies == 1


def test_the_agents_unit_starts_the_agent_with_words_it_takes_and_its_example_is_a_floor_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    unit = (DEPLOY / "floorline-agent.service").read_text("utf-8")
    words = unit.split("python -m devices.agent ")[1].split("\n")[0].split()
    missing = str(tmp_path / "missing.toml")
    assert agent.main([*words[:-1], missing]) == agent.EXIT_USAGE
    assert missing in capsys.readouterr().err
    assert f"RestartPreventExitStatus={agent.EXIT_RUNS_TWICE}\n" in unit
    example = read_floor_file(DEPLOY / "floor.toml")
    assert (example.agent, [device.kind for device in example.devices]) == ("BENCH-1", ["scanner", "scale", "printer"])


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_every_unit_gives_up_what_it_does_not_need(unit: Path) -> None:
    said = unit.read_text("utf-8").split("\n")
    assert {"NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=", "Restart=always"} <= set(said)
