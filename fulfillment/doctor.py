"""Looks a machine over before and while a floor runs on it: what is wrong, in words, and what to do about it.

Only looks: nothing is repaired, changed or sent to a printer. Each check gives its findings; one that cannot be made
is a finding too. `bad` is what loses work or stops it, `warn` what will.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.request import urlopen

import pysqlite3

from fulfillment.db import UnsafeSqlite, check_sqlite_library, is_sqlite, sqlite_path
from fulfillment.processes import is_taken
from fulfillment.settings import SettingError, Settings, refuse_missing_oidc

OK, WARN, BAD = "ok", "warn", "bad"
PYTHON_LEAST = (3, 11)
GUNICORN_LEAST = (25, 1)  # --no-control-socket
FREE_BAD_BYTES, FREE_WARN_BYTES = 500 * 2**20, 5 * 2**30
FSYNC_WARN_S, FSYNC_BAD_S = 0.05, 0.5
FSYNCS = 5
BACKUP_WARN_S = 2 * 86_400
BUILT_S = 1_760_000_000  # a clock that says earlier than this has lost the time


@dataclass(frozen=True)
class Finding:
    """What a check found; `remedy` is what to do when it is not ok."""

    check: str
    state: str
    words: str
    remedy: str = ""


Check = Callable[[Settings], Iterator[Finding]]


def look_at_machine(settings: Settings, checks: Sequence[Check] | None = None) -> list[Finding]:
    """Everything that can be said without the database."""
    return [finding for check in checks or MACHINE for finding in made(check, settings)]


def made(check: Check, settings: Settings) -> Iterator[Finding]:
    """The findings of one check; what stops it is one."""
    try:
        yield from check(settings)
    except OSError as error:
        yield Finding(check.__name__.strip("_"), BAD, f"cannot be looked at: {error}", "see that the file is readable")


def _python(_: Settings) -> Iterator[Finding]:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < PYTHON_LEAST:
        yield Finding("python", BAD, f"Python {found} is too old", "install Python 3.11 or newer")
    else:
        yield Finding("python", OK, f"Python {found}")


def _sqlite_library(settings: Settings) -> Iterator[Finding]:
    found = pysqlite3.sqlite_version
    if not is_sqlite(settings.database_url):
        return
    try:
        check_sqlite_library(pysqlite3.sqlite_version_info)
    except UnsafeSqlite as error:
        yield Finding("sqlite_library", BAD, str(error), "pip install 'pysqlite3>=0.6.1'")
    else:
        yield Finding("sqlite_library", OK, f"SQLite {found}")


def _gunicorn(_: Settings) -> Iterator[Finding]:
    try:
        found = version("gunicorn")
    except PackageNotFoundError:
        yield Finding("gunicorn", BAD, "gunicorn is not installed", "pip install floorline again")
        return
    if tuple(int(part) for part in found.split(".")[:2] if part.isdigit()) < GUNICORN_LEAST:
        yield Finding("gunicorn", BAD, f"gunicorn {found} is too old", "pip install 'gunicorn>=25.1'")
    else:
        yield Finding("gunicorn", OK, f"gunicorn {found}")


def _disk_space(settings: Settings) -> Iterator[Finding]:
    for place in sorted({_existing(settings.home), _existing(_data_folder(settings))}):
        free = shutil.disk_usage(place).free
        words = f"{free / 2**30:.1f} GB free at {place}"
        if free < FREE_BAD_BYTES:
            yield Finding("disk_space", BAD, words, "make room: scans are refused when the disk is full")
        elif free < FREE_WARN_BYTES:
            yield Finding("disk_space", WARN, words, "make room soon")
        else:
            yield Finding("disk_space", OK, words)


def _fsync(settings: Settings) -> Iterator[Finding]:
    took = []
    with tempfile.TemporaryFile(dir=_existing(_data_folder(settings))) as file:
        for _ in range(FSYNCS):
            file.write(b"\0" * 4096)
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            took.append(time.perf_counter() - began)
    median = statistics.median(took)
    words = f"a write is on disk after {median * 1000:.1f} ms"
    if median > FSYNC_BAD_S:
        yield Finding("fsync", BAD, words, "the disk is failing or a network share: use a local SSD")
    elif median > FSYNC_WARN_S:
        yield Finding("fsync", WARN, words, "each scan waits for that: use a local SSD")
    else:
        yield Finding("fsync", OK, words)


def _permissions(settings: Settings) -> Iterator[Finding]:
    secrets = sorted(settings.home.glob("admin-token*"))
    if is_sqlite(settings.database_url):
        secrets += [path for path in (sqlite_path(settings.database_url),) if path.exists()]
    open_to_all = [path for path in secrets if path.stat().st_mode & (0o077 if "token" in path.name else 0o007)]
    for path in open_to_all:
        yield Finding(
            "permissions", BAD, f"others may read {path} ({path.stat().st_mode & 0o777:o})", f"chmod 600 {path}"
        )
    if settings.home.exists() and settings.home.stat().st_mode & 0o002:
        yield Finding("permissions", BAD, f"anybody may write into {settings.home}", f"chmod 750 {settings.home}")
    if not os.access(_existing(settings.home), os.W_OK):
        yield Finding("permissions", BAD, f"{settings.home} cannot be written", "run as the floor's own user")
    if not open_to_all:
        yield Finding("permissions", OK, f"{len(secrets)} files only we may read")


def _clock(_: Settings) -> Iterator[Finding]:
    if time.time() < BUILT_S:
        yield Finding("clock", BAD, f"the clock says {time.strftime('%Y-%m-%d')}", "set the time (chrony, systemd)")
    else:
        yield Finding("clock", OK, f"{time.strftime('%Y-%m-%d %H:%M:%S %Z')}")


def _ports(settings: Settings) -> Iterator[Finding]:
    for name, port in (("FLOOR_PORT", settings.port), ("FLOOR_LIVE_PORT", settings.live_port)):
        if not is_taken(settings.host, port):
            yield Finding("ports", OK, f"{settings.host}:{port} is free")
        elif _is_ours(settings.host, port):
            yield Finding("ports", OK, f"a floor answers at {settings.host}:{port}")
        else:
            yield Finding("ports", BAD, f"something else listens on {settings.host}:{port}", f"end it or set {name}")


def _backups(settings: Settings) -> Iterator[Finding]:
    folder = settings.home / "backups"
    made_at = max((path.stat().st_mtime for path in folder.glob("*") if path.is_file()), default=None)
    if made_at is None:
        yield Finding("backups", WARN, f"no backup in {folder}", f"floor backup {folder}/… once a day, from a timer")
    elif time.time() - made_at > BACKUP_WARN_S:
        days = (time.time() - made_at) / 86_400
        yield Finding("backups", WARN, f"the newest backup is {days:.0f} days old", "see why the timer does not run")
    else:
        yield Finding("backups", OK, f"the newest backup is {(time.time() - made_at) / 3600:.0f} hours old")


def _company_log_in(settings: Settings) -> Iterator[Finding]:
    if settings.company is None:
        return
    try:
        refuse_missing_oidc(settings)
    except SettingError as error:
        yield Finding("company_log_in", BAD, str(error), "pip install 'floorline[oidc]'")
        return
    from fulfillment.services.people.company_provider import (  # its library is an extra
        Provider,
        ProviderDown,
        ProviderWrong,
    )

    issuer = settings.company.issuer
    try:
        Provider(settings.company, lambda: time.time_ns() // 1_000_000).look()
    except ProviderDown as error:
        yield Finding("company_log_in", WARN, f"{issuer} cannot be asked: {error.detail}",
                      "see that this machine reaches it; passphrases work meanwhile")  # fmt: skip
    except ProviderWrong as error:
        yield Finding("company_log_in", BAD, f"{issuer} cannot be used: {error.detail}",
                      "see FLOOR_OIDC_ISSUER and FLOOR_OIDC_CLIENT_SECRET_FILE (docs/access.md)")  # fmt: skip
    else:
        yield Finding("company_log_in", OK, f"{issuer} answers")


MACHINE: tuple[Check, ...] = (
    _python, _sqlite_library, _gunicorn, _disk_space, _fsync, _permissions, _clock, _ports, _backups,
    _company_log_in,
)  # fmt: skip


def _data_folder(settings: Settings) -> Path:
    return sqlite_path(settings.database_url).parent if is_sqlite(settings.database_url) else settings.home


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def _is_ours(host: str, port: int) -> bool:
    try:
        with urlopen(f"http://{host}:{port}/api/v1/livez", timeout=2) as answer:
            return answer.status == 200
    except (OSError, ValueError):  # no connection, no HTTP
        return False
