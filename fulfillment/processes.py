"""`floor run`: web, live screens, outbox worker and planner as processes of their own, watched.

A process that ends is started again, after a pause that grows; one Ctrl-C ends them all, web first, so that
a scan under way is answered before its writer goes. The listening sockets are the supervisor's: whoever connects
while the web starts again waits a moment instead of being refused.
"""

from __future__ import annotations

import logging
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.error import URLError
from urllib.request import urlopen

from fulfillment.gunicorn_hooks import LIVE_NAME, backlog, die_with_parent
from fulfillment.settings import SettingError, Settings

log = logging.getLogger(__name__)

STOP_S = 10.0
RESTART_S = (0.2, 5.0)  # first pause and the longest
HEALTHY_S = 5.0  # after this long without a fall the pause starts small again
READY_S = 120.0  # a process that ends is told of at once: this long waits only for a machine that has much else to do
LIVE_THREADS = 320  # `stream.STREAMS_MAX` boards, and some to refuse the next with
WEB, LIVE, OUTBOX, PLANNER = "web", "live", "outbox", "planner"
PARTS = (PLANNER, OUTBOX, WEB, LIVE)  # in the order they are started; stopped the other way round


class NotReady(RuntimeError):
    """The server did not answer in time."""


@dataclass
class _Child:
    name: str
    command: Sequence[str]
    listener: socket.socket | None = None
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause_s: float = RESTART_S[0]
    start_at: float = field(default=0.0)


class Processes:
    """The processes of one floor. Use as a context manager, or call `start`, `watch`, `stop`."""

    def __init__(
        self, settings: Settings, extra_env: Mapping[str, str] | None = None, parts: Collection[str] = PARTS
    ) -> None:
        self._settings = settings
        self._env = {**os.environ, **environment_of(settings), **(extra_env or {})}
        self._children = [_Child(part, command_of(settings, part)) for part in PARTS if part in parts]
        # A node that only serves comes up while its database is away, and says so; a whole floor waits for all.
        self._ready_path = "readyz" if set(PARTS) <= set(parts) else "livez"

    @property
    def address(self) -> str:
        """Where the web listens."""
        return f"{self._settings.scheme}://{self._settings.host}:{self._settings.port}"

    def __enter__(self) -> Processes:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start all and wait until the web answers.

        Raises:
            NotReady: it did not within READY_S, or a process ended at once.
            SettingError: the port is taken.
        """
        for child in self._children:
            child.listener = self._listen(child.name)
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
            if child.listener is not None:
                child.listener.close()
                child.listener = None
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
        command, passed = list(child.command), ()
        if child.listener is not None:
            command, passed = [*command, "--bind", f"fd://{child.listener.fileno()}"], (child.listener.fileno(),)
        # Without the death signal a killed supervisor would leave a server behind that holds the ports.
        child.process = subprocess.Popen(
            command, env=self._env, stdin=subprocess.DEVNULL, start_new_session=True, pass_fds=passed,
            preexec_fn=die_with_parent,
        )  # fmt: skip
        child.started = time.monotonic()

    def _listen(self, part: str) -> socket.socket | None:
        port = {WEB: self._settings.port, LIVE: self._settings.live_port}.get(part)
        if port is None:
            return None
        host = self._settings.host
        try:
            return socket.create_server(
                (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=backlog
            )
        except OSError as error:
            name = "FLOOR_PORT" if part == WEB else "FLOOR_LIVE_PORT"
            self.stop()
            raise SettingError(f"{name}: cannot listen on {host}:{port}: {error.strerror}") from error

    def _await_ready(self) -> None:
        if WEB not in [child.name for child in self._children]:
            return
        # The certificate is for the names people use; here only this machine's own server is asked whether it is up.
        anyone = ssl._create_unverified_context() if self._settings.tls_cert else None
        deadline = time.monotonic() + READY_S
        heard: object = "nothing"
        while time.monotonic() < deadline:
            for child in self._children:
                if child.process is not None and child.process.poll() is not None:
                    raise NotReady(f"{child.name} ended with {child.process.returncode} at start")
            try:
                with urlopen(f"{self.address}/api/v1/{self._ready_path}", timeout=2, context=anyone) as answer:
                    heard = answer.status
                    if heard == 200:
                        return
            except (URLError, ConnectionError, TimeoutError) as error:
                heard = error
            time.sleep(0.1)
        raise NotReady(f"{self.address} is not ready after {READY_S:.0f} s; last heard: {heard}")


def command_of(settings: Settings, part: str) -> list[str]:
    """What runs a part in the foreground; the web's and the live screens' lack where they listen."""
    if part in (WEB, LIVE):
        workers, threads = (settings.web_workers, settings.web_threads) if part == WEB else (1, LIVE_THREADS)
        # An open board never ends by itself: waiting for it would only delay the stop.
        graceful_s = 5 if part == WEB else 1
        return [
            sys.executable, "-m", "gunicorn", "fulfillment.wsgi:make()",
            "--config", "python:fulfillment.gunicorn_hooks",
            "--workers", str(workers), "--threads", str(threads), "--graceful-timeout", str(graceful_s),
            *(("--name", LIVE_NAME) if part == LIVE else ()),
            *(("--certfile", settings.tls_cert, "--keyfile", settings.tls_key) if settings.tls_cert else ()),
        ]  # fmt: skip
    return [sys.executable, "-m", "fulfillment.cli", "work", part]


def environment_of(settings: Settings) -> dict[str, str]:
    """The FLOOR_ variables that make a child read these settings."""
    company = settings.company
    return {
        "FLOOR_HOME": str(settings.home), "FLOOR_DATABASE": settings.database_url, "FLOOR_HOST": settings.host,
        "FLOOR_PORT": str(settings.port), "FLOOR_LIVE_PORT": str(settings.live_port),
        "FLOOR_WEB_WORKERS": str(settings.web_workers), "FLOOR_WEB_THREADS": str(settings.web_threads),
        "FLOOR_WAREHOUSE": settings.warehouse, "FLOOR_TIME_ZONE": settings.time_zone,
        "FLOOR_GS1_COMPANY_PREFIX": settings.gs1_company_prefix, "FLOOR_MAX_LINE_EACH": str(settings.max_line_each),
        "FLOOR_DEMO_BADGE": settings.demo_badge, "FLOOR_WAREHOUSE_ID": str(settings.warehouse_id),
        "FLOOR_TRUSTED_PROXIES": str(settings.trusted_proxies),
        "FLOOR_LOG": settings.log, "FLOOR_KEEP_SCANS_DAYS": str(settings.keep_scans_days),
        "FLOOR_KEEP_EVENTS_DAYS": str(settings.keep_events_days),
        "FLOOR_KEEP_BUYERS_DAYS": str(settings.keep_buyers_days),
        "FLOOR_PRINTER_PATIENCE_PERCENT": str(settings.printer_patience_percent),
        "FLOOR_TLS_CERT": settings.tls_cert, "FLOOR_TLS_KEY": settings.tls_key,
        "FLOOR_INSECURE_LAN": "on" if settings.insecure_lan else "off",
        "FLOOR_SECRET_KEY_FILE": settings.secret_key_file,
        "FLOOR_TRAINING_ADDRESS": settings.training_address,
        "FLOOR_SERVICE_WORKER": "on" if settings.service_worker else "off",
        "FLOOR_OIDC_ISSUER": company.issuer if company else "",
        "FLOOR_OIDC_CLIENT_ID": company.client_id if company else "",
        "FLOOR_OIDC_CLIENT_SECRET": company.secret if company else "",
        "FLOOR_OIDC_CLIENT_SECRET_FILE": company.secret_file if company else "",
        "FLOOR_OIDC_NAME": company.name if company else "", "FLOOR_PUBLIC_ADDRESS": company.address if company else "",
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
