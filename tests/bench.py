"""A bench for tests: a served floor that can go and come back, and an agent in a process that can be killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from werkzeug.serving import BaseWSGIServer, make_server

from fulfillment.app import create_app
from fulfillment.services.equipment import bench_agents, devices
from tests.factories import FloorHand
from tests.serving import wait_for


class Served:
    """The floor over HTTP. `stop` and `start` on one port; `lost` answers are worked out and never heard, every
    request `is_doubled` comes twice, what agents bring is not listened to until `hears_events` is set."""

    def __init__(self, hand: FloorHand) -> None:
        self.lost = 0
        self.is_doubled = False
        self.hears_events = threading.Event()
        self.hears_events.set()
        self._hand = hand
        self._port = 0
        self._server: BaseWSGIServer | None = None
        self.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        app = create_app(self._hand.floor).wsgi_app

        def faulty(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            if environ["PATH_INFO"].endswith("/agent/events"):
                self.hears_events.wait(60)
            if environ["REQUEST_METHOD"] != "POST" or not (self.lost or self.is_doubled):
                return app(environ, start_response)
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            if self.is_doubled:
                list(app({**environ, "wsgi.input": _Body(body)}, lambda *_: None))
            answer = app({**environ, "wsgi.input": _Body(body)}, start_response if not self.lost else lambda *_: None)
            if not self.lost:
                return answer
            list(answer)
            self.lost -= 1
            start_response("504 Gateway Timeout", [("Content-Type", "text/plain")])
            return [b"nobody heard the answer"]

        self._server = make_server("127.0.0.1", self._port, faulty, threaded=True)
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self.hears_events.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Body:
    """What a request's body is read from."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self, size: int = -1) -> bytes:
        part = self._content if size < 0 else self._content[:size]
        self._content = self._content[len(part) :]
        return part

    def readline(self, size: int = -1) -> bytes:
        return self.read(size)


class Bench:
    """An agent with its token, its file and its journal in a folder. It is started again by `start`."""

    def __init__(self, hand: FloorHand, folder: Path, station: str | None, *proposed: dict[str, str]) -> None:
        self.hand, self.folder = hand, folder
        self.served = Served(hand)
        self.token = hand.write(lambda tx: bench_agents.add(tx, "AGENT-1", station))["token"]
        self.token_file = folder / "token"
        self.token_file.touch(0o600)
        self.token_file.write_text(self.token + "\n", "ascii")
        self.floor_file = folder / "floor.toml"
        tables = (
            "[[device]]\n" + "\n".join(f"{name} = {json.dumps(value)}" for name, value in one.items())
            for one in proposed
        )
        self.floor_file.write_text('agent = "AGENT-1"\njournal = "journal.sqlite"\n' + "\n".join(tables), "utf-8")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *more: str) -> None:
        with (self.folder / "agent.log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable, "-m", "devices.agent", "--server", self.served.address, "--token-file",
                    str(self.token_file), "--floor", str(self.floor_file), *more,
                ],
                stderr=log, cwd=Path(__file__).resolve().parent.parent,
            )  # fmt: skip

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def end(self) -> int:
        """SIGTERM; the exit status, within five seconds."""
        return self._end(signal.SIGTERM)

    def said(self) -> str:
        """The agent's log."""
        return (self.folder / "agent.log").read_text("utf-8")

    def device(self, code: str) -> dict[str, Any]:
        [one] = [one for one in self._devices() if one["code"] == code]
        return one

    def await_ready(self, *codes: str) -> None:
        wait_for(lambda: set(codes) <= {one["code"] for one in self._devices() if one["state"] == "ready"})

    def codes(self) -> list[str]:
        """What was scanned, in the order in which it was applied or rejected."""
        rows = self.hand.floor.read(lambda tx: tx.all("SELECT code FROM scan WHERE warehouse_id = :w ORDER BY id"))
        return [row["code"] for row in rows]

    def _devices(self) -> list[dict[str, Any]]:
        return self.hand.floor.read(devices.listed)

    def _end(self, how: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        status = self.process.wait(timeout=5.0)
        self.process = None
        return status

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None:
            self.kill()
        self.served.stop()
