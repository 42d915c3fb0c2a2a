"""The audit log: one chained entry for every scan and for every change over the API or by command.

Owns `audit_log`; what an entry says is kept for ever, only its content can be emptied (`services/records/erasure`). An
entry commits with the change it tells of. The next hash is made inside the INSERT: no round trip, and nobody
can append to a head that is not the newest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

import pysqlite3

from fulfillment.domain.chaining import NOTHING_SHA256, AuditKind, digest, link, said, sha256
from fulfillment.hot import Tx, Writer
from fulfillment.services.common.actor import Actor

T = TypeVar("T")

_APPEND = (
    "INSERT INTO audit_log (warehouse_id, id, at_ms, kind, operator_id, station_id, token_id, subject, content,"
    " content_sha256, sha256) VALUES (:w, (SELECT COALESCE(MAX(id), 0) + 1 FROM audit_log WHERE warehouse_id = :w),"
    " :at_ms, :kind, :operator, :station, :token, :subject, :content, :content_sha256,"
    " chain_sha256(COALESCE((SELECT sha256 || '|' || CAST(id + 1 AS TEXT) FROM audit_log WHERE warehouse_id = :w"
    " ORDER BY id DESC LIMIT 1), '|1') || '|' || CAST(:said AS TEXT)))"
)

# The columns of a scan its entry vouches for, in this order.
SCAN_FIELDS = (
    "scan_id", "station_id", "operator_id", "code", "qty_each", "flow", "rejection", "body_sha256",
    "occurred_at_ms", "recorded_at_ms", "outcome",
)  # fmt: skip


def append(
    tx: Tx, kind: AuditKind, actor: Actor, subject: str, content: Mapping[str, Any] | None = None,
    token_id: int | None = None,
) -> None:  # fmt: skip
    """Write down an act in the transaction that does it. Content holds no secret: who reads the log is no admin."""
    text = "" if content is None else json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    _append(tx, kind, actor, subject, text, sha256(text) if text else NOTHING_SHA256, token_id)


def append_scan(tx: Tx, actor: Actor, scan: Mapping[str, Any]) -> None:
    """Write down a scan by the row just written: the row is the content, the entry holds its hash."""
    _append(tx, AuditKind.SCAN, actor, scan["scan_id"], "", digest(scan[name] for name in SCAN_FIELDS))


def append_scans(tx: Tx, scans: Sequence[tuple[Actor, Mapping[str, Any]]]) -> None:
    """`append_scan` for rows written together: the newest entry is read once, the links are made here."""
    newest = tx.one("SELECT id, sha256 FROM audit_log WHERE warehouse_id = :w ORDER BY id DESC LIMIT 1")
    entry_id, before = (0, "") if newest is None else (newest["id"], newest["sha256"])
    entries = []
    for actor, scan in scans:
        content_sha256 = digest([scan[name] for name in SCAN_FIELDS])
        entry_id += 1
        before = link(
            before, entry_id, said(
                tx.warehouse_id, tx.now_ms, AuditKind.SCAN.value, actor.operator_id, actor.station_id, None,
                content_sha256, scan["scan_id"],
            ),
        )  # fmt: skip
        entries.append(
            {
                "at_ms": tx.now_ms, "kind": AuditKind.SCAN.value, "operator_id": actor.operator_id,
                "station_id": actor.station_id, "token_id": None, "subject": scan["scan_id"], "content": "",
                "content_sha256": content_sha256, "sha256": before,
            }
        )  # fmt: skip
    tx.add_all("audit_log", entries)


@dataclass
class Author:
    """Whose changes a process makes just now, for the entry each of its transactions gets.

    `once`: a command that writes in a thousand transactions is one act, told with the first that commits.
    """

    kind: AuditKind
    subject: str
    content: Mapping[str, Any] | None = None
    token_id: int | None = None
    station_id: int | None = None
    once: bool = False
    is_told: bool = False
    operator_id: int | None = None


_AUTHOR: ContextVar[Author | None] = ContextVar("author", default=None)


@contextmanager
def written_by(author: Author | None) -> Iterator[None]:
    """Whatever is written within (on this thread) gets an entry by `author`."""
    before = _AUTHOR.set(author)
    try:
        yield
    finally:
        _AUTHOR.reset(before)


def telling(writer: Writer) -> Writer:
    """The writer for a process that acts for somebody: a command. Others keep theirs."""
    return writer if _AUTHOR.get() is None else TellingWriter(writer)


class TellingWriter:
    """A writer that ends each transaction of a known author with its entry, so that no change can forget it."""

    def __init__(self, writer: Writer, author: Callable[[], Author | None] = _AUTHOR.get) -> None:
        self.inner = writer
        self._author = author

    def write(self, work: Callable[[Tx], T]) -> T:
        author = self._author()
        if author is None or (author.once and author.is_told):
            return self.inner.write(work)
        actor = Actor(0, author.operator_id, author.station_id)

        def told(tx: Tx) -> T:
            answer = work(tx)
            append(tx, author.kind, actor, author.subject, author.content, author.token_id)
            return answer

        answer = self.inner.write(told)
        author.is_told = True
        return answer

    def watch(self, told: Callable[[int, float], None]) -> None:
        self.inner.watch(told)

    def close(self) -> None:
        self.inner.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)  # what an engine's writer tells about itself


PAGE = 20_000  # entries held at once while the chain is walked
FINDINGS_MAX = 20

# The text an entry's hash is made of is put together by the database: `chaining.said`, behind the hash before it.
_CHAIN = (
    "SELECT id, sha256, CASE WHEN kind = 'scan' AND content = '' THEN 1 ELSE 0 END AS is_scan, kind, content,"
    " content_sha256, '|' || CAST(id AS TEXT) || '|'"
    " || CAST(warehouse_id AS TEXT) || '|' || CAST(at_ms AS TEXT) || '|' || kind || '|'"
    " || COALESCE(CAST(operator_id AS TEXT), '') || '|' || COALESCE(CAST(station_id AS TEXT), '') || '|'"
    " || COALESCE(CAST(token_id AS TEXT), '') || '|' || content_sha256 || '|' || subject AS said FROM audit_log"
    f" WHERE warehouse_id = :w AND id > :after ORDER BY id LIMIT {PAGE}"
)


@dataclass(frozen=True)
class Head:
    """The newest entry. Kept outside this machine, it proves later that nothing before it was changed or cut off."""

    entry_id: int
    sha256: str


def head(source: Any, warehouse_id: int = 1, before_last: int = 0) -> Head:
    """The newest entry of a warehouse (or one so many before it); number 0 while there is none."""
    row = source.execute(
        "SELECT id, sha256 FROM audit_log WHERE warehouse_id = :w ORDER BY id DESC"
        f" LIMIT 1 OFFSET {int(before_last)}",
        {"w": warehouse_id},
    ).fetchone()
    return Head(0, "") if row is None else Head(row["id"], row["sha256"])


def verify_chain(
    source: Any, warehouse_id: int = 1, against: Head | None = None, since: Head | None = None, until: int | None = None
) -> list[str]:
    """Walk the chain and say in words what is wrong, the first bad entry first; nothing when all is as it was written.

    Entries cut off at the end leave a chain that holds: only `against`, a head kept elsewhere, shows that. With
    `since` only what follows that entry is walked, with `until` only as far as that one: whether what was emptied
    there was erased on purpose is then not asked, for that is told later.
    """
    findings: list[str] = []
    emptied: dict[int, None] = {}
    last_id, last_sha256 = (0, "") if since is None else (since.entry_id, since.sha256)
    is_known = against is None or against.entry_id == 0
    try:
        for row in _walk(source, warehouse_id, last_id):
            entry_id, written = row["id"], row["sha256"]
            if until is not None and entry_id > until:
                return findings
            if entry_id != last_id + 1:
                _note(findings, f"entry {last_id + 1} is missing (the next one is {entry_id})")
            elif hashlib.sha256((last_sha256 + row["said"]).encode()).hexdigest() != written:
                _note(findings, f"entry {entry_id} is not what was written, or not where it was written")
            if row["is_scan"]:
                pass  # the row of the scan is its content
            elif row["content"]:
                if sha256(row["content"]) != row["content_sha256"]:
                    _note(findings, f"entry {entry_id}: its content is not what was written")
                elif row["kind"] == AuditKind.ERASURE:
                    for erased in json.loads(row["content"]).get("entries", ()):
                        emptied.pop(erased, None)
            elif row["content_sha256"] != NOTHING_SHA256:
                emptied[entry_id] = None
            if against is not None and entry_id == against.entry_id:
                is_known = written == against.sha256
            last_id, last_sha256 = entry_id, written
    except (UnicodeDecodeError, pysqlite3.OperationalError) as error:
        return [*findings, f"what follows entry {last_id} cannot be read: {error}"]
    findings += [f"entry {entry_id} was emptied, and no erasure says so" for entry_id in list(emptied)[:FINDINGS_MAX]]
    if against is not None and not is_known:
        findings.append(
            f"the head kept elsewhere is not in the chain: entry {against.entry_id} is another one or gone"
            f" (the newest here is {last_id})"
        )
    return findings


def _walk(source: Any, warehouse_id: int, after: int) -> Iterator[Any]:
    while True:
        rows = source.execute(_CHAIN, {"w": warehouse_id, "after": after}).fetchall()
        yield from rows
        if len(rows) < PAGE:
            return
        after = rows[-1]["id"]


def _note(findings: list[str], words: str) -> None:
    if len(findings) < FINDINGS_MAX:
        findings.append(words)


def _append(
    tx: Tx, kind: AuditKind, actor: Actor, subject: str, content: str, content_sha256: str,
    token_id: int | None = None,
) -> None:  # fmt: skip
    tx.put(
        _APPEND, at_ms=tx.now_ms, kind=kind.value, operator=actor.operator_id, station=actor.station_id,
        token=token_id, subject=subject, content=content, content_sha256=content_sha256,
        said=said(
            tx.warehouse_id, tx.now_ms, kind.value, actor.operator_id, actor.station_id, token_id, content_sha256,
            subject,
        ),
    )  # fmt: skip
