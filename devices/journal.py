"""What a bench agent must not forget: scans until the server has them, jobs from before their first byte on.

A scan is in the file, and the file on the disk, before `append` comes back; only then may its scanner hear that it is
safe. A job goes `taken` → `sending` → `done`: one found `sending` by whoever opens the journal may be out there.
Owns the file, the numbers of scans (through the journal and a device) and the journal's own name.
Refuses a second process on one file, and, loudly, a scan too many: nothing that waits is ever dropped for it.
Invariant: a scan id is kept once; numbers rise and are never given twice; what was acknowledged and still lies here
can be asked for again (`acknowledge` may go back: a server that was restored from its backup wants it again).
Shape: one SQLite file (WAL, synchronous=FULL) and one connection: with locking_mode=EXCLUSIVE nobody else can open it,
so the race of checkpoints between two connections that SQLite had before 3.51.3 cannot happen.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devices.protocols import DeviceError
from devices.scanners import ScanEvent

MAX_WAITING = 100_000
KEEP_ACKNOWLEDGED = 5_000
ROOM_S = 5.0  # how long a scan waits for room before it is refused: its scanner is asked again at once after that
_CODE_BYTES = 4096  # longer ones are no codes; the server refuses them, and must be able to
_BUSY_S = 1.0
_CACHE_KB = 256
_TIDY_PAGES, _TIDY_LATE_PAGES = 1_000, 4_000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS scan (
    number INTEGER PRIMARY KEY AUTOINCREMENT, scan_id TEXT NOT NULL UNIQUE, device TEXT NOT NULL,
    sequence INTEGER NOT NULL, code BLOB NOT NULL, aim TEXT NOT NULL, occurred_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS last_scan (device TEXT PRIMARY KEY, sequence INTEGER NOT NULL, code BLOB NOT NULL)
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS command (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, payload TEXT NOT NULL, state TEXT NOT NULL,
    outcome TEXT NOT NULL DEFAULT '', detail TEXT NOT NULL DEFAULT '', level TEXT NOT NULL DEFAULT '',
    seen TEXT NOT NULL DEFAULT '{}'
);
"""


class JournalInUse(RuntimeError):
    """Another process has this journal open."""


@dataclass(frozen=True, slots=True)
class KeptScan:
    """A scan as it is sent: `code` with its AIM identifier in front, where the scanner said one."""

    number: int
    scan_id: str
    device: str
    sequence: int
    code: str
    occurred_at: str


@dataclass(frozen=True, slots=True)
class KeptCommand:
    """A command of the server; `state`: taken, sending, done. `seen`: what a printer said before and after."""

    id: int
    kind: str
    payload: Mapping[str, Any]
    state: str
    outcome: str = ""
    detail: str = ""
    level: str = ""
    seen: Mapping[str, Any] = field(default_factory=dict)


class Journal:
    """May be used from any thread; each call is one transaction. Scans, and what a job is at, are durable when it comes
    back; what the server would say or take again (acknowledgements, commands taken, commands dropped) survives the
    process at once and a power cut a little later."""

    def __init__(self, path: Path, max_waiting: int = MAX_WAITING) -> None:
        """
        Raises:
            JournalInUse: another process has it; sqlite3.Error: the file is no journal or cannot be written.
        """
        self._max_waiting = max_waiting
        self._lock = threading.Condition()
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._db = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            # Pages are hardly ever read again; by default the library keeps 2 MB of them.
            self._db.execute(f"PRAGMA cache_size=-{_CACHE_KB}")
            self._db.executescript(_SCHEMA)
            with self._transaction() as run:
                run("INSERT OR IGNORE INTO kept VALUES ('name', ?)", (str(uuid.uuid4()),))
                run("INSERT OR IGNORE INTO kept VALUES ('acknowledged', '0')")
                run("INSERT OR IGNORE INTO kept VALUES ('command', '0')")
        except sqlite3.OperationalError as error:
            self._db.close()
            if "locked" in str(error):
                raise JournalInUse(f"{path} is open in another process") from error
            raise
        self.name = self._kept("name")
        self._acknowledged = int(self._kept("acknowledged"))
        (self._newest,) = self._db.execute("SELECT COALESCE(MAX(number), 0) FROM scan").fetchone()

    def append(self, device: str, event: ScanEvent, room_s: float = ROOM_S) -> int:
        """Keep a scan; its number. One that is here already keeps the number it has.

        Raises:
            DeviceError: `journal_full`: too many wait for the server; `journal_failed`: the disk would not have it.
        """
        with self._lock:
            if not self._lock.wait_for(lambda: self.waiting_count < self._max_waiting, room_s):
                raise DeviceError("journal_full", transient=True, detail=f"{self._max_waiting} scans wait")
            try:
                with self._transaction() as run:
                    known = run("SELECT number FROM scan WHERE scan_id = ?", (event.scan_id,)).fetchone()
                    if known is not None:
                        return int(known[0])
                    code = event.raw[:_CODE_BYTES]
                    run(
                        "INSERT INTO last_scan VALUES (?, 1, ?) ON CONFLICT (device)"
                        " DO UPDATE SET sequence = sequence + 1, code = excluded.code",
                        (device, code),
                    )
                    (sequence,) = run("SELECT sequence FROM last_scan WHERE device = ?", (device,)).fetchone()
                    number = run(
                        "INSERT INTO scan (scan_id, device, sequence, code, aim, occurred_at)"
                        " VALUES (?, ?, ?, ?, ?, ?)",
                        (
                            event.scan_id, device, sequence, code, event.aim or "",
                            event.occurred_at.isoformat(timespec="milliseconds"),
                        ),
                    ).lastrowid  # fmt: skip
            except sqlite3.Error as error:
                raise DeviceError("journal_failed", transient=True, detail=str(error)) from error
            self._newest = kept = int(number or 0)
            return kept

    @property
    def waiting_count(self) -> int:
        """Scans the server does not have yet; numbers have no gaps."""
        waiting: int = self._newest - self._acknowledged
        return waiting

    def waiting(self, limit: int, max_bytes: int) -> list[KeptScan]:
        """The oldest scans the server does not have yet; at least one, however long, when there is any."""
        with self._lock:
            rows = self._db.execute(
                "SELECT number, scan_id, device, sequence, code, aim, occurred_at FROM scan WHERE number > ?"
                " ORDER BY number LIMIT ?",
                (self._acknowledged, limit),
            ).fetchall()
        scans: list[KeptScan] = []
        total_bytes = 0
        for number, scan_id, device, sequence, code, aim, occurred_at in rows:
            one = KeptScan(number, scan_id, device, sequence, _text(aim, code), occurred_at)
            total_bytes += len(json.dumps(one.code)) + 250
            if scans and total_bytes > max_bytes:
                break
            scans.append(one)
        return scans

    def acknowledge(self, number: int) -> None:
        """The server has all scans up to this number; those after it are sent (again)."""
        with self._lock:
            number = min(number, self._newest)
            if number == self._acknowledged:
                return
            with self._transaction(is_safe=False) as run:
                run("UPDATE kept SET value = ? WHERE name = 'acknowledged'", (str(number),))
                run("DELETE FROM scan WHERE number <= ?", (number - KEEP_ACKNOWLEDGED,))
            self._acknowledged = number
            self._lock.notify_all()

    def last_code(self, device: str) -> bytes | None:
        """The code of this device that was kept last."""
        with self._lock:
            row = self._db.execute("SELECT code FROM last_scan WHERE device = ?", (device,)).fetchone()
        return None if row is None else bytes(row[0])

    @property
    def last_command(self) -> int:
        return int(self._kept("command"))

    def take(self, commands: Iterable[Mapping[str, Any]]) -> list[KeptCommand]:
        """Keep commands of the server; those that were not here already."""
        fresh = []
        with self._lock, self._transaction(is_safe=False) as run:
            last = int(self._kept("command"))
            for one in commands:
                number, kind = int(one["id"]), str(one["kind"])
                if number > last:
                    last = number
                    run(
                        "INSERT INTO command (id, kind, payload, state) VALUES (?, ?, ?, 'taken')",
                        (number, kind, json.dumps(one)),
                    )
                    fresh.append(KeptCommand(number, kind, one, "taken"))
            run("UPDATE kept SET value = ? WHERE name = 'command'", (str(last),))
        return fresh

    def commands(self, *states: str) -> list[KeptCommand]:
        """Commands in these states, in order."""
        with self._lock:
            rows = self._db.execute(
                "SELECT id, kind, payload, state, outcome, detail, level, seen FROM command ORDER BY id"
            ).fetchall()
        return [
            KeptCommand(number, kind, json.loads(payload), state, outcome, detail, level, json.loads(seen))
            for number, kind, payload, state, outcome, detail, level, seen in rows
            if state in states
        ]

    def begin(self, command: int) -> bool:
        """The next thing that happens is its first byte; False when it was begun before."""
        with self._lock, self._transaction() as run:
            begun = run("UPDATE command SET state = 'sending' WHERE id = ? AND state = 'taken'", (command,))
            return begun.rowcount == 1

    def finish(
        self, command: int, outcome: str, detail: str = "", level: str = "", seen: Mapping[str, Any] | None = None
    ) -> None:
        """What came of it, until the server knows."""
        with self._lock, self._transaction() as run:
            run(
                "UPDATE command SET state = 'done', outcome = ?, detail = ?, level = ?, seen = ? WHERE id = ?"
                " AND state <> 'done'",
                (outcome, detail, level, json.dumps(seen or {}), command),
            )

    def drop(self, command: int) -> None:
        """The server knows what came of it, or does not want it any more."""
        with self._lock, self._transaction(is_safe=False) as run:
            run("DELETE FROM command WHERE id = ?", (command,))

    def keep_devices(self, devices: list[dict[str, Any]]) -> None:
        """What to look after when the server is away at the next start."""
        with self._lock, self._transaction() as run:
            run("INSERT OR REPLACE INTO kept VALUES ('devices', ?)", (json.dumps(devices),))

    def kept_devices(self) -> list[dict[str, Any]] | None:
        """As they were told last; None before the first time."""
        value = self._kept("devices")
        return None if value is None else list(json.loads(value))

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _kept(self, name: str) -> Any:
        with self._lock:
            row = self._db.execute("SELECT value FROM kept WHERE name = ?", (name,)).fetchone()
        return None if row is None else row[0]

    @contextmanager
    def _transaction(self, is_safe: bool = True) -> Iterator[Callable[..., sqlite3.Cursor]]:
        """`is_safe` = False does not wait for the disk: what the server knows and would tell, or take, once more. It is
        one file in one order: whatever is made safe after it makes it safe too."""
        self._db.execute(f"PRAGMA synchronous={'FULL' if is_safe else 'NORMAL'}")
        # Tidying the file takes as long as ten commits: better while nobody waits, unless the server stays away.
        self._db.execute(f"PRAGMA wal_autocheckpoint={_TIDY_LATE_PAGES if is_safe else _TIDY_PAGES}")
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db.execute
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        # A commit that fails (the disk is full) leaves the transaction open: it must not become part of the next one.
        try:
            self._db.execute("COMMIT")
        except sqlite3.Error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise


def _text(aim: str, code: bytes) -> str:
    # A code in no encoding we know is still the same code each time; nobody on the floor has one.
    try:
        return aim + code.decode("utf-8")
    except UnicodeDecodeError:
        return aim + code.decode("latin-1")
