"""Every operation under Schemathesis: `python -m tests.benchmarks.any_request [--examples 100] [--engine postgresql]`.

A furnished floor, its web as `floor run` starts it, and Schemathesis against its OpenAPI document with all of its
checks: at least so many examples an operation, with a token that may ask for it, half of the codes such as the floor
knows. Exit 1 when an answer was a 5xx or none the document tells of. Needs the extra `dev`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fulfillment.bootstrap import migrate, open_floor
from fulfillment.domain.roles import TokenRole
from fulfillment.settings import Settings
from tests.benchmarks.http_load import Server
from tests.factories import FloorHand
from tests.furnished import Furnished, furnish

# Whose token asks for which operations: scans and devices are never anybody's but the station's and the bench's own.
OPERATIONS = {
    TokenRole.STATION: ("--include-path-regex", "/(scans|stations/.*/step)"),
    TokenRole.AGENT: ("--include-path-regex", "/agent/"),
    TokenRole.ADMIN: ("--exclude-path-regex", "/(scans|stations/.*/step|agent/.*)"),
}
CONFIG = """
[parameters]
"query.wait_s" = "0"

[dictionaries.floor]
values = {values}

[generation.dictionaries]
string = {{ dictionary = "floor", probability = 0.5 }}

[checks.positive_data_acceptance]
# What fits the document may still be against a rule of the floor: that is answered 4xx with its reason; who has tried
# too many codes waits.
expected-statuses = ["2xx", "400", "401", "403", "404", "409", "413", "422", "429"]

[checks.negative_data_rejection]
# Too many rows are refused before they are read, where they make the body too large.
expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "413", "415", "422", "428", "429", "5xx"]
"""


@dataclass(frozen=True)
class Found:
    """What came of one role's operations: whether all checks held, and in words."""

    role: str
    is_right: bool
    words: str


def known_codes(made: Furnished) -> list[str]:
    """Codes, numbers, words and times the floor knows, to be mixed into what is sent."""
    mark = made.mark
    words = [str(value) for value in made.values.values()]
    words += [f"{mark}-{end}" for end in ("1002", "1003", "1004", "CUP", "HAND", "BOARD", "ZPL")]
    words += ["A01-01-1", "DOCK-1", "STAGE-1", "HAND-1", "HAND-2", "LABEL-1", "1001", "1002", "000001", "T-000001-N"]
    words += ["2026-11-20T09:00:00+00:00", "2026-11-20", "hold", "available", "0", "1", "B-1001-N", "C-PICK-2"]
    return sorted(set(words))


def check(
    settings: Settings, examples: int, seed: int, phases: str, roles: Sequence[str] = tuple(OPERATIONS)
) -> list[Found]:  # fmt: skip
    """Furnish the floor of these settings, serve it and let Schemathesis ask."""
    floor = open_floor(settings)
    try:
        made = furnish(FloorHand(floor), "OURS", "Kestrel")
    finally:
        floor.close()
    config = settings.home / "schemathesis.toml"
    config.write_text(CONFIG.format(values=known_codes(made)), "utf-8")
    found = []
    with Server(settings) as server:
        for role in roles:
            said = subprocess.run(
                [
                    sys.executable, "-m", "schemathesis.cli", "--no-color", "--config-file", str(config), "run",
                    f"http://127.0.0.1:{server.port}/api/v1/openapi.json", "--checks", "all", "--mode", "all",
                    "--phases", phases, "--max-examples", str(examples), "--seed", str(seed), "--continue-on-failure",
                    "--header", f"Authorization: Bearer {made.tokens[role]}", "--suppress-health-check", "all",
                    "--generation-database", "none", "--request-timeout", "120", "--warnings", "off",
                    "--max-response-time", "120",  # how long an answer takes says how busy the machine is
                    *OPERATIONS[TokenRole(role)],
                ],
                capture_output=True, text=True, check=False, cwd=settings.home, env=dict(os.environ),
            )  # fmt: skip
            found.append(Found(role, said.returncode == 0, said.stdout + said.stderr))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when no answer was a 5xx or against the document."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.any_request", description=__doc__)
    parser.add_argument("--examples", type=int, default=100, help="the least an operation is asked")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--phases", default="examples,coverage,fuzzing")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--role", action="append", choices=sorted(OPERATIONS), help="only what this token may ask")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        server = None
        if asked.engine == "postgresql":
            from tests.postgresql import PostgresServer

            server = PostgresServer()
        try:
            url = server.create("floor") if server else f"sqlite:///{home / 'floor.sqlite'}"
            settings = Settings(home, url)
            migrate(settings)
            found = check(settings, asked.examples, asked.seed, asked.phases, asked.role or tuple(OPERATIONS))
        finally:
            if server:
                server.stop()
    for one in found:
        print(f"== {one.role}: {'right' if one.is_right else 'WRONG'}\n{one.words}")
    return 0 if all(one.is_right for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
