"""The commands a person types first, as processes of their own."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import click
import pytest
from click.testing import CliRunner

from fulfillment import cli, processes
from fulfillment.commands import serving
from fulfillment.db import without_password
from fulfillment.processes import free_port, is_taken

COMMANDS = [
    "init", "demo", "run", "simulate", "verify", "fifo-audit", "http-routes", "openapi", "token", "work",
    "import items", "import locations", "import stock", "import orders",
    "import adjustments", "import transfers", "transfer list", "transfer asn", "transfer deliver", "transfer arrived",
]  # fmt: skip


def floor(home: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fulfillment.cli", *words], env={**os.environ, "FLOOR_HOME": str(home), **env},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_every_name_leads_to_a_command_of_that_name() -> None:
    assert list(cli.COMMANDS) == sorted(cli.COMMANDS)
    for name in cli.COMMANDS:
        command = cli.floor_command.get_command(click.Context(cli.floor_command), name)
        assert command is not None
        assert command.name == name


@pytest.fixture
def begun(tmp_path: Path, migrated: bytes) -> Path:
    """A home whose database is at head already: `init` has only to found it."""
    file = tmp_path / "floor.sqlite"
    file.touch(0o600)
    file.write_bytes(migrated)
    return tmp_path


def every_command() -> Iterator[tuple[str, ...]]:
    for name in cli.COMMANDS:
        command = cli.floor_command.get_command(click.Context(cli.floor_command), name)
        yield (name,)
        if isinstance(command, click.Group):
            yield from ((name, inner) for inner in command.list_commands(click.Context(command)))


def test_every_command_explains_itself() -> None:
    words = list(every_command())
    assert {tuple(command.split()) for command in COMMANDS} <= set(words)
    for command in words:
        run = CliRunner().invoke(cli.floor_command, [*command, "--help"])
        assert (run.exit_code, command, "Usage:" in run.output) == (0, command, True)


def test_a_command_explains_itself_as_a_process(tmp_path: Path) -> None:
    run = floor(tmp_path, "import", "items", "--help")
    assert run.returncode == 0
    assert "Usage:" in run.stdout


def test_init_founds_once_and_keeps_the_token_to_its_owner(tmp_path: Path) -> None:
    first = json.loads(floor(tmp_path, "init", "--json", "-").stdout)
    again = json.loads(floor(tmp_path, "init", "--json", "-").stdout)
    assert (first["founded"], again["founded"]) == (True, False)
    token = Path(first["admin_token_file"])
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert token.read_text("utf-8").startswith("fl_")


def test_what_init_makes_is_as_the_doctor_wants_it(tmp_path: Path) -> None:
    floor(tmp_path, "init")
    assert stat.S_IMODE((tmp_path / "floor.sqlite").stat().st_mode) == 0o600
    findings = json.loads(floor(tmp_path, "doctor", "--json", "-").stdout)["findings"]
    assert [finding for finding in findings if finding["check"] == "permissions" and finding["state"] != "ok"] == []


def test_an_address_is_shown_without_its_password() -> None:
    for address in ("postgresql+psycopg://floor:hunter2pass@db/x", "postgresql+psycopg://db/x?password=hunter2pass"):
        assert "hunter2pass" not in without_password(address)
        assert without_password(address).startswith("postgresql+psycopg://")
    assert without_password("sqlite:////var/lib/floor.sqlite") == "sqlite:////var/lib/floor.sqlite"


@pytest.mark.parametrize("words", [("verify",), ("fifo-audit",), ("token", "--name", "x"), ("init",)])
def test_a_database_that_is_away_is_one_line(tmp_path: Path, words: tuple[str, ...]) -> None:
    run = floor(tmp_path, *words, FLOOR_DATABASE=f"postgresql+psycopg://floor:hunter2pass@127.0.0.1:{free_port()}/x")
    assert run.returncode == 2
    assert run.stderr.startswith("floor: the database says: ")
    assert "Traceback" not in run.stderr
    assert "hunter2pass" not in run.stderr


@pytest.mark.parametrize("role", ["api", "admin", "metrics"])
def test_a_token_is_made_for_the_role_as_it_is_written_down(begun: Path, role: str) -> None:
    floor(begun, "init")
    run = floor(begun, "token", "--role", role, "--name", "x")
    assert (run.returncode, run.stdout[:3]) == (0, "fl_")


def test_an_empty_floor_verifies_and_has_no_fifo_violation(begun: Path) -> None:
    floor(begun, "init")
    verify = floor(begun, "verify", "--json", "-")
    assert (verify.returncode, json.loads(verify.stdout)["ok"]) == (0, True)
    audit = floor(begun, "fifo-audit", "--json", "-")
    assert (audit.returncode, json.loads(audit.stdout)["violations"]) == (0, [])


def test_verify_fails_when_a_balance_was_touched_by_hand(begun: Path) -> None:
    import pysqlite3

    floor(begun, "init")
    for kind in ("locations", "items", "stock"):
        example = Path(__file__).resolve().parent.parent / "docs" / "examples" / f"{kind}.csv"
        assert floor(begun, "import", kind, str(example)).returncode == 0
    connection = pysqlite3.connect(str(begun / "floor.sqlite"))
    connection.execute("UPDATE stock_balance SET on_hand_each = on_hand_each + 1 WHERE rowid = 1")
    connection.commit()
    connection.close()
    verify = floor(begun, "verify", "--json", "-")
    assert verify.returncode == 1
    assert not all(check["ok"] for check in json.loads(verify.stdout)["checks"])


@pytest.mark.parametrize(
    ("name", "value"),
    [("FLOOR_PORT", "many"), ("FLOOR_PORT", "0"), ("FLOOR_TIME_ZONE", "Mars/Olympus"), ("FLOOR_NO_SUCH", "1"),
     ("FLOOR_GS1_COMPANY_PREFIX", "12x"), ("FLOOR_DATABASE", "mysql://somewhere"),
     ("FLOOR_DATABASE", "floor:hunter2pass"), ("FLOOR_DATABASE", ""), ("FLOOR_DATABASE", "sqlite://"),
     ("FLOOR_DATABASE", "postgresql+psycopg://floor:hunter2pass@db:many/floor")],
)  # fmt: skip
def test_a_bad_setting_stops_start_up_and_is_named(tmp_path: Path, name: str, value: str) -> None:
    run = floor(tmp_path, "verify", **{name: value})
    assert run.returncode == 2
    assert name in run.stderr
    assert "Traceback" not in run.stderr
    assert "hunter2pass" not in run.stderr


@pytest.mark.parametrize("words", [("verify",), ("fifo-audit",), ("token", "--name", "x"), ("import", "items", "-")])
def test_before_init_a_command_says_what_to_do_first(tmp_path: Path, words: tuple[str, ...]) -> None:
    run = floor(tmp_path, *words)
    assert run.returncode != 0
    assert "Traceback" not in run.stderr
    assert "floor init" in run.stderr + run.stdout


def test_the_routes_and_the_description_can_be_listed(begun: Path) -> None:
    floor(begun, "init")
    routes = json.loads(floor(begun, "http-routes", "--json", "-").stdout)
    assert {"method": "POST", "path": "/api/v1/scans", "permission": "scan"} in routes
    assert all(route["permission"] for route in routes)
    document = json.loads(floor(begun, "openapi").stdout)
    assert "/api/v1/scans" in document["paths"]


def test_a_running_floor_answers_and_one_interrupt_ends_all(tmp_path: Path) -> None:
    port, live_port = free_port(), free_port()
    env = {**os.environ, "FLOOR_HOME": str(tmp_path), "FLOOR_PORT": str(port), "FLOOR_LIVE_PORT": str(live_port)}
    run = subprocess.Popen([sys.executable, "-m", "fulfillment.cli", "run"], env=env, stdout=subprocess.PIPE, text=True)
    try:
        assert run.stdout is not None
        assert f"http://127.0.0.1:{port}" in run.stdout.readline()
        with urlopen(f"http://127.0.0.1:{port}/api/v1/readyz", timeout=5) as answer:
            assert answer.status == 200
        with pytest.raises(HTTPError) as refused:
            urlopen(Request(f"http://127.0.0.1:{port}/api/v1/board"), timeout=5)
        refused.value.close()
        assert refused.value.code == 401
        taken = floor(tmp_path, "run", FLOOR_PORT=str(port), FLOOR_LIVE_PORT=str(live_port))
        assert taken.returncode == 2
        assert "FLOOR_PORT" in taken.stderr
        run.send_signal(signal.SIGINT)
        assert run.wait(timeout=20) == 0
        _await(lambda: not is_taken("127.0.0.1", port) and not is_taken("127.0.0.1", live_port))
    finally:
        if run.poll() is None:
            run.kill()
            run.wait()
        if run.stdout is not None:
            run.stdout.close()


def test_a_server_that_is_not_up_in_time_is_one_line(
    begun: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(processes, "READY_S", 0.0)
    monkeypatch.setattr(serving, "stop_on_signals", threading.Event)  # Ctrl-C stays the test's own
    names = {"FLOOR_HOME": begun, "FLOOR_PORT": free_port(), "FLOOR_LIVE_PORT": free_port()}
    for name, value in names.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setattr(sys, "argv", ["floor", "run"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    said = f"floor: http://127.0.0.1:{names['FLOOR_PORT']} is not ready after 0 s; last heard: nothing\n"
    assert capsys.readouterr().err.endswith(said)
    assert not is_taken("127.0.0.1", int(str(names["FLOOR_PORT"])))


def test_nothing_listens_beyond_loopback_by_default(tmp_path: Path) -> None:
    from fulfillment.settings import Settings

    assert Settings.from_env({}).host == "127.0.0.1"


def _await(is_true: object, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_shift_on_a_file_with_other_headings_says_which(tmp_path: Path) -> None:
    orders_file = tmp_path / "orders.csv"
    orders_file.write_text("id,sku,qty,when\n1,MUG,1,2026-01-01T10:00:00Z\n")
    run = floor(tmp_path, "simulate", "--orders", str(orders_file), "--fast")
    assert run.returncode == 2
    assert "no column order, ordered_at" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_shift_in_which_no_order_is_taken_is_no_success(tmp_path: Path) -> None:
    orders_file = tmp_path / "orders.csv"
    orders_file.write_text("id,sku,qty,when\n1,MUG,1,2026-01-01T10:00:00Z\n")
    headings = "order=id,sku=sku,qty=qty,ordered_at=when,colour=id"
    run = floor(tmp_path, "simulate", "--orders", str(orders_file), "--map", headings, "--fast", "--workers", "1")
    assert run.returncode == 1
    assert "no order was taken" in run.stderr
