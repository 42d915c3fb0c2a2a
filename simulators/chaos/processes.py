"""The product's own processes: the floor as `floor run` starts it, and the benches' agents. All can be killed.

Owns the children and their logs. Refuses to leave any behind. Invariant: after `stop` nothing that was started here, or
by what was started here, runs.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from simulators.client import FloorHttp

READY_S = 60.0
END_S = 30.0


class NotStarted(RuntimeError):
    """Something of the product did not come up; its words."""


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(what: Callable[[], Any], within_s: float, why: str, every_s: float = 0.05) -> Any:
    """The first true answer.

    Raises:
        NotStarted: there was none in time.
    """
    deadline = time.monotonic() + within_s
    while not (answer := what()):
        if time.monotonic() > deadline:
            raise NotStarted(f"not within {within_s:.0f} s: {why}")
        time.sleep(every_s)
    return answer


class FloorProcesses:
    """`floor run` with the web and the outbox worker, on a SQLite database of its own in `home`."""

    def __init__(self, home: Path, patience_percent: int) -> None:
        self.home = home
        self.port, self.live_port = free_port(), free_port()
        self._run: subprocess.Popen[bytes] | None = None
        self._env = {name: value for name, value in os.environ.items() if not name.startswith("FLOOR_")} | {
            "FLOOR_HOME": str(home), "FLOOR_PORT": str(self.port), "FLOOR_LIVE_PORT": str(self.live_port),
            "FLOOR_PRINTER_PATIENCE_PERCENT": str(patience_percent), "PYTHONUNBUFFERED": "1",
        }  # fmt: skip

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> Path:
        return self.home / "floor.sqlite"

    def command(self, *words: str) -> subprocess.Popen[bytes]:
        """`floor …`, begun."""
        return subprocess.Popen(
            [sys.executable, "-m", "fulfillment.cli", *words], env=self._env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def do(self, *commands: Sequence[str]) -> None:
        """`floor …` for each, side by side.

        Raises:
            NotStarted: one of them failed.
        """
        begun = [(words, self.command(*words)) for words in commands]
        for words, process in begun:
            said, _ = process.communicate(timeout=READY_S * 2)
            if process.returncode:
                raise NotStarted(f"floor {' '.join(words)}: {said.decode('utf-8', 'replace')[-2000:]}")

    def admin(self) -> FloorHttp:
        token = (self.home / "admin-token").read_text("utf-8").strip()
        return FloorHttp(self.address, token, timeout_s=20.0)

    def start(self) -> None:
        """Begin; `await_ready` waits."""
        with (self.home / "floor.log").open("ab") as log:
            self._run = subprocess.Popen(
                [sys.executable, "-m", "fulfillment.cli", "run", "--only", "web,outbox"], env=self._env,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def await_ready(self) -> None:
        """Until it answers.

        Raises:
            NotStarted: it does not, with the end of its log.
        """
        wait_until(self.is_ready, READY_S, self.said()[-1500:])

    def is_ready(self) -> bool:
        with suppress(OSError, ValueError):
            client = FloorHttp(self.address, "", timeout_s=2.0)
            status, _ = client.request("GET", "/api/v1/readyz", None)
            client.close()
            return status == 200
        return False

    def said(self) -> str:
        log = self.home / "floor.log"
        return log.read_text("utf-8", "replace") if log.exists() else ""

    def kill(self, what: str) -> bool:
        """kill -9 of one `web worker`, the `web master`, or the `outbox` worker; False when there is none just now."""
        found = self.pids(what)
        if not found:
            return False
        with suppress(ProcessLookupError):
            os.kill(found[0], signal.SIGKILL)
        return True

    def pids(self, what: str) -> list[int]:
        """Of the processes that are this, now."""
        if self._run is None:
            return []
        web = [pid for pid in _children(self._run.pid) if "gunicorn" in _words(pid)]
        if what == "web master":
            return web
        if what == "web worker":
            return [worker for master in web for worker in _children(master)]
        return [pid for pid in _children(self._run.pid) if _words(pid)[-2:] == ["work", "outbox"]]

    def stop(self) -> None:
        if self._run is None:
            return
        run, self._run = self._run, None
        left = [*_children(run.pid), *(worker for pid in _children(run.pid) for worker in _children(pid))]
        run.send_signal(signal.SIGTERM)
        try:
            run.wait(END_S)
        except subprocess.TimeoutExpired:
            for pid in (*left, run.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            run.wait()


class AgentProcess:
    """A bench's agent with its token, its file and its journal in a folder; started again by `start`."""

    def __init__(self, code: str, folder: Path, devices: Sequence[Mapping[str, str]]) -> None:
        self.code, self.folder = code, folder
        folder.mkdir(parents=True)
        self.token_file = folder / "token"
        self._floor_file = folder / "floor.toml"
        self._process: subprocess.Popen[bytes] | None = None
        tables = (
            "[[device]]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in one.items())
            for one in devices
        )
        self._floor_file.write_text(f'agent = "{code}"\njournal = "journal.sqlite"\n' + "".join(tables), "utf-8")

    @property
    def journal(self) -> Path:
        return self.folder / "journal.sqlite"

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    def start(self, server: str) -> None:
        with (self.folder / "agent.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable, "-m", "devices.agent", "--server", server, "--token-file", str(self.token_file),
                    "--floor", str(self._floor_file),
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def kill(self) -> None:
        """kill -9, and gone when this comes back."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """It does nothing any more, and is there."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def ask_to_stop(self) -> None:
        """SIGTERM, also when it is frozen."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """Ask it, and wait; killed when it does not end."""
        self.ask_to_stop()
        if self._process is None:
            return
        process, self._process = self._process, None
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]
    except OSError:
        return []


def _words(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").rstrip("\0").split("\0")
    except OSError:
        return []
