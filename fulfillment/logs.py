"""What the processes of a floor log: one line an event, as JSON for machines or as text for people (FLOOR_LOG).

Every line says when, how bad and which process; lines of a request also which request, scan and station. Secrets and
addresses are taken out of whatever is logged, wherever they came from. Invariant: the same complaint is not repeated
more than REPEATS_MAX times in REPEATS_S; what was left out is counted and said.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

REPEATS_MAX = 20
REPEATS_S = 60.0
KINDS_MAX = 1_000  # different complaints remembered at once
LINE_MAX = 8_000

# What belongs to the request being answered: request_id, scan_id, station. Whoever answers a request sets it anew.
about: ContextVar[dict[str, Any] | None] = ContextVar("about", default=None)

_SECRETS = (
    (re.compile(r"\bfl_[A-Za-z0-9_-]{8,}"), "fl_***"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}"), r"\1 ***"),
    (re.compile(r"://([^/\s:@]*):[^/\s@]+@"), r"://\1:***@"),
    (
        re.compile(
            r"""(?ix) (["']? [a-z_-]* (?: token | password | passwd | secret | api_?key | \bpin ) (?:_sha256)? ["']?
            \s* [:=] \s* ["']?) (?!\*\*\*) [^\s"',;&)}\]]+"""
        ),
        r"\1***",
    ),
    (
        re.compile(
            r"""(?ix) (["'] (?: name | ship_to_name | address1 | address2 | city | region | postcode | phone
            | hold_note ) ["'] \s* : \s*) (?: "[^"]*" | '[^']*' )"""
        ),
        r'\1"***"',
    ),
    # A database's own words repeat the values of the row it refused.
    (re.compile(r"\[parameters: .*?\](?=\n|$)", re.DOTALL), "[parameters: ***]"),
    (re.compile(r"(DETAIL:|Failing row contains|CONTEXT:) [^\n]*"), r"\1 ***"),
    (re.compile(r"(?<=[?&])(token|code|key)=[^&\s]+"), r"\1=***"),
)


def without_secrets(text: str) -> str:
    """A text with tokens, passwords, PINs and addresses replaced."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


def configure(kind: str, process: str, level: int = logging.INFO) -> None:
    """Send everything this process logs to standard error, in one way: `kind` is json or text."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines(process) if kind == "json" else TextLines(process))
    handler.addFilter(NoFlood())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _time(record), "level": record.levelname.lower(), "process": self._process,
            "pid": record.process, "logger": record.name, "message": without_secrets(record.getMessage())[:LINE_MAX],
        }  # fmt: skip
        line |= about.get() or {}
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["error"] = without_secrets(self.formatException(record.exc_info))[-LINE_MAX:]
        return json.dumps(line, ensure_ascii=False, default=str)


class TextLines(logging.Formatter):
    """One line for people; what is known about the request stands at its end."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        known = {**(about.get() or {}), **getattr(record, "fields", {})}
        end = "".join(f" {name}={value}" for name, value in known.items() if value not in (None, ""))
        said = _one_line(without_secrets(record.getMessage())[:LINE_MAX] + end)
        line = f"{_time(record)} {self._process}[{record.process}] {record.levelname} {record.name}: {said}"
        if record.exc_info:
            line += "\n" + without_secrets(self.formatException(record.exc_info))[-LINE_MAX:]
        return line


class NoFlood(logging.Filter):
    """Lets a complaint through so many times, then counts it in silence until its time is over."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str], list[float]] = {}  # (who, what) → [since, times]

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        key, now = (record.name, str(record.msg)[:200]), time.monotonic()
        with self._lock:
            if len(self._seen) > KINDS_MAX:
                self._seen.clear()
            since, times = self._seen.get(key, [now, 0])
            left_out = 0
            if now - since > REPEATS_S:
                since, times, left_out = now, 0, max(0, int(times) - REPEATS_MAX)
            self._seen[key] = [since, times + 1]
        if left_out:
            record.msg = f"{record.msg} (and {left_out} more like it before)"
        return times < REPEATS_MAX


def _one_line(text: str) -> str:
    """A text in which nothing ends the line or moves the cursor: whoever is logged cannot write lines of his own."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
