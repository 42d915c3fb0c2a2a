"""What gunicorn asks of us besides the application: its settings and the hooks around a fork and an exit.

The application is made once, before the fork (`--preload`), and holds nothing then that a fork would share: no
connection, no thread, no file of the database. A worker lets go of the database before it ends, and ends when
its master is gone, so that nobody but a living master's workers holds the port.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import shutil
import signal
import ssl
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger

from fulfillment import logs

PR_SET_PDEATHSIG = 1  # prctl(2)
LIVE_NAME, LIVE_NICE = "floor-live", 5


class OurLog(Logger):
    """What gunicorn itself says goes where all our processes' lines go, and looks like them."""

    def setup(self, cfg: Any) -> None:
        """Give gunicorn's own handler away; the master speaks before the application has said how to."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        if not logging.getLogger().handlers:
            logs.configure(os.environ.get("FLOOR_LOG", "text"), "web", logging.WARNING)

worker_class = "fulfillment.gathering.GatheringWorker"
logger_class = "fulfillment.gunicorn_hooks.OurLog"
preload_app = True
control_socket_disable = True
loglevel = "warning"
timeout = 60
keepalive = 75
backlog = 2048


def die_with_parent(signum: int = signal.SIGTERM) -> None:
    """Have the kernel send this process a signal when its parent ends, however it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signum)


def when_ready(_server: Any) -> None:
    """Before the first fork: what was loaded stays, and is not copied by a collection in every worker."""
    gc.collect()
    gc.freeze()


def ssl_context(_config: Any, default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """What TLS is spoken where there is a certificate: nothing that was broken."""
    context = default()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def post_fork(_server: Any, worker: Any) -> None:
    """In a new worker; that of the live screens makes way for scans, for hundreds of boards are told at once."""
    die_with_parent()
    if worker.cfg.proc_name == LIVE_NAME:
        os.nice(LIVE_NICE)
    if os.getppid() != worker.ppid:
        sys.exit(0)  # the master went between the fork and the line above


def measure_all_workers(folder: Path) -> None:
    """Have the workers of this master count into files of one folder of its own, so that any of them can add up.

    To be called before prometheus_client is loaded. Folders of masters that are gone are removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        if old.name.isdigit() and not Path(f"/proc/{old.name}").exists():
            shutil.rmtree(old, ignore_errors=True)
    own = folder / str(os.getpid())
    shutil.rmtree(own, ignore_errors=True)  # in a container every master has the same number
    own.mkdir()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(own)


def child_exit(_server: Any, worker: Any) -> None:
    """In the master, when a worker has ended however it ended: its gauges count no more, its counters stay."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)


def worker_exit(_server: Any, worker: Any) -> None:
    """In a worker that ends: what was accepted is written, then the database is let go of."""
    worker.app.callable.extensions["floor"].close()
