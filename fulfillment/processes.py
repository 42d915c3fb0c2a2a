"""`floor run`: web, live screens, outbox worker and planner as processes of their own, watched.

A process that ends is started again, after a pause that grows; one Ctrl-C ends them all, web first, so that
a scan under way is answered before its writer goes.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.error import URLError
from urllib.request import urlopen

from fulfillment.settings import Settings

log = logging.getLogger(__name__)

STOP_S = 10.0
RESTART_S = (0.2, 5.0)  # first pause and the longest
HEALTHY_S = 30.0  # after this long without a fall the pause starts small again
READY_S = 30.0
LIVE_THREADS = 64


class NotReady(RuntimeError):
    """The server did not answer in time."""


@dataclass
class _Child:
    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause_s: float = RESTART_S[0]
    start_at: float = field(default=0.0)


class Processes:
    """The processes of one floor. Use as a context manager, or call `start`, `watch`, `stop`."""

    def __init__(self, settings: Settings, extra_env: Mapping[str, str] | None = None) -> None:
        self._settings = settings
        self._env = {**os.environ, **environment_of(settings), **(extra_env or {})}
        python = sys.executable
        bind = f"{settings.host}:{settings.port}"
        self._children = [
            _Child("planner", [python, "-m", "fulfillment.cli", "work", "planner"]),
            _Child("outbox", [python, "-m", "fulfillment.cli", "work", "outbox"]),
            _Child("web", _gunicorn(bind, settings.web_workers, settings.web_threads, graceful_s=5)),
            # An open board never ends by itself: waiting for it would only delay the stop.
            _Child("live", _gunicorn(f"{settings.host}:{settings.live_port}", 1, LIVE_THREADS, graceful_s=1)),
        ]

    @property
    def address(self) -> str:
        """Where the web listens."""
        return f"http://{self._settings.host}:{self._settings.port}"

    def __enter__(self) -> Processes:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start all and wait until the web answers.

        Raises:
            NotReady: it did not within READY_S, or a process ended at once.
        """
        for child in self._children:
            self._start(child)
        try:
            self._await_ready()
        except BaseException:
            self.stop()
            raise

    def watch(self, stop: threading.Event) -> None:
        """Start again what ends, until told to stop."""
        while not stop.wait(0.2):
            self.tend()

    def tend(self) -> None:
        """One look at all processes."""
        now = time.monotonic()
        for child in self._children:
            if child.process is None:
                if now >= child.start_at:
                    self._start(child)
                continue
            code = child.process.poll()
            if code is None:
                continue
            if now - child.started > HEALTHY_S:
                child.pause_s = RESTART_S[0]
            log.error("%s ended with %s; again in %.1f s", child.name, code, child.pause_s)
            child.process, child.start_at = None, now + child.pause_s
            child.pause_s = min(child.pause_s * 2, RESTART_S[1])

    def stop(self) -> None:
        """End all: the web first, the workers after it."""
        for child in reversed(self._children):
            if child.process is not None and child.process.poll() is None:
                child.process.terminate()
        deadline = time.monotonic() + STOP_S
        for child in reversed(self._children):
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("%s does not end; killed", child.name)
                child.process.kill()
                child.process.wait()

    def _start(self, child: _Child) -> None:
        # A session of its own: Ctrl-C reaches only us, and we say in which order they end.
        child.process = subprocess.Popen(
            child.command, env=self._env, stdin=subprocess.DEVNULL, start_new_session=True,
            preexec_fn=_die_with_parent,
        )  # fmt: skip
        child.started = time.monotonic()

    def _await_ready(self) -> None:
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            for child in self._children:
                if child.process is not None and child.process.poll() is not None:
                    raise NotReady(f"{child.name} ended with {child.process.returncode} at start")
            with (
                contextlib.suppress(URLError, ConnectionError, TimeoutError),
                urlopen(f"{self.address}/api/v1/readyz", timeout=2) as answer,
            ):
                if answer.status == 200:
                    return
            time.sleep(0.1)
        raise NotReady(f"no answer from {self.address} within {READY_S:.0f} s")


def environment_of(settings: Settings) -> dict[str, str]:
    """The FLOOR_ variables that make a child read these settings."""
    return {
        "FLOOR_HOME": str(settings.home), "FLOOR_DATABASE": settings.database_url, "FLOOR_HOST": settings.host,
        "FLOOR_PORT": str(settings.port), "FLOOR_LIVE_PORT": str(settings.live_port),
        "FLOOR_WEB_WORKERS": str(settings.web_workers), "FLOOR_WEB_THREADS": str(settings.web_threads),
        "FLOOR_WAREHOUSE": settings.warehouse, "FLOOR_TIME_ZONE": settings.time_zone,
        "FLOOR_GS1_COMPANY_PREFIX": settings.gs1_company_prefix, "FLOOR_MAX_LINE_EACH": str(settings.max_line_each),
        "FLOOR_DEMO_BADGE": settings.demo_badge,
    }  # fmt: skip


def free_port(host: str = "127.0.0.1") -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def is_taken(host: str, port: int) -> bool:
    """Whether something listens there already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def _gunicorn(bind: str, workers: int, threads: int, graceful_s: int) -> list[str]:
    return [
        sys.executable, "-m", "gunicorn", "fulfillment.wsgi:make()", "--bind", bind, "--worker-class", "gthread",
        "--workers", str(workers), "--threads", str(threads), "--preload", "--no-control-socket",
        "--log-level", "warning", "--graceful-timeout", str(graceful_s), "--timeout", "60", "--keep-alive", "75",
    ]  # fmt: skip


def _die_with_parent() -> None:
    # Without this a killed supervisor would leave a server behind that holds the ports.
    # Source: prctl(2), PR_SET_PDEATHSIG = 1.
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGTERM)
