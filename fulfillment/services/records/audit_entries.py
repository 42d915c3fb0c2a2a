"""Reading the audit log: pages of entries, and whether the scans they vouch for are still what they were.

The chain itself is walked by `audit_log.verify_chain`. A scan whose answer was let go (`records/retention`) or taken
out (`services/records/erasure`) cannot be hashed again: the entry of that act says which, anything else is a finding.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.chaining import AuditKind, digest, sha256
from fulfillment.domain.reasons import DomainError
from fulfillment.services.common.pages import check_limit
from fulfillment.services.records.audit_log import FINDINGS_MAX, SCAN_FIELDS

PAGE_MAX = 5_000
SCANS_PAGE = 2_000


@dataclass(frozen=True)
class Sought:
    """Which entries: all of these hold; None and '' ask for nothing."""

    since_ms: int | None = None
    kind: str = ""
    badge: str = ""
    subject: str = ""


def entries(tx: Any, sought: Sought, after: int = 0, limit: int = 500) -> dict[str, Any]:
    """A page of entries, the oldest first; `next` is the `after` of the following page.

    Raises:
        DomainError: a limit or a kind that makes no sense.
    """
    check_limit(limit, PAGE_MAX)
    if sought.kind and sought.kind not in {kind.value for kind in AuditKind}:
        raise DomainError("bad_kind", f"no kind {sought.kind!r}", "kind")
    rows = tx.all(f"{_ENTRIES} AND a.id > :after ORDER BY a.id LIMIT {limit + 1}", after=after, **_params(sought))
    page = rows[:limit]
    return {"rows": [_entry(row) for row in page], "next": page[-1]["id"] if len(rows) > limit else None}


def newest(tx: Any, sought: Sought, limit: int) -> list[dict[str, Any]]:
    """The newest entries, the oldest of them first."""
    rows = tx.all(f"{_ENTRIES} ORDER BY a.id DESC LIMIT {int(limit)}", **_params(sought))
    return [_entry(row) for row in reversed(rows)]


def verify_scans(tx: Any) -> list[str]:
    """Scans that are no longer what their entries vouch for, scans without an entry, entries without a scan."""
    until, erased = _let_go(tx)
    findings: list[str] = []
    seen, first_id = 0, None
    for row in _scan_entries(tx):
        seen += 1
        if row["row_id"] is None:
            findings.append(f"entry {row['entry_id']}: scan {row['subject']} is gone")
        else:
            first_id = row["row_id"] if first_id is None else min(first_id, row["row_id"])
            is_let_go = row["outcome"] == "" and (row["row_id"] <= until or row["row_id"] in erased)
            if not is_let_go and digest(row[name] for name in SCAN_FIELDS) != row["content_sha256"]:
                findings.append(f"entry {row['entry_id']}: scan {row['subject']} is not what was written")
        if len(findings) >= FINDINGS_MAX:
            return findings
    if first_id is not None:
        kept = tx.one("SELECT COUNT(*) AS n FROM scan WHERE warehouse_id = :w AND id >= :first", first=first_id)["n"]
        if kept > seen:
            findings.append(f"{kept - seen} scans have no entry")
    return findings


_ENTRIES = (
    "SELECT a.id, a.at_ms, a.kind, a.subject, a.content, a.content_sha256, a.sha256, a.operator_id, a.station_id,"
    " a.token_id, o.badge, o.name AS operator, s.code AS station, t.name AS token FROM audit_log a"
    " LEFT JOIN operator o ON o.warehouse_id = a.warehouse_id AND o.id = a.operator_id"
    " LEFT JOIN station s ON s.warehouse_id = a.warehouse_id AND s.id = a.station_id"
    " LEFT JOIN access_token t ON t.warehouse_id = a.warehouse_id AND t.id = a.token_id"
    " WHERE a.warehouse_id = :w AND a.at_ms >= :since AND (:kind = '' OR a.kind = :kind)"
    " AND (:badge = '' OR o.badge = :badge)"
    " AND (:subject = '' OR SUBSTR(a.subject, 1, CAST(:subject_length AS INTEGER)) = :subject)"
)


def _params(sought: Sought) -> dict[str, Any]:
    return {
        "since": sought.since_ms if sought.since_ms is not None else -(2**62), "kind": sought.kind,
        "badge": sought.badge, "subject": sought.subject, "subject_length": len(sought.subject),
    }  # fmt: skip


def _entry(row: Any) -> dict[str, Any]:
    return {
        "id": row["id"], "at_ms": row["at_ms"], "kind": row["kind"], "subject": row["subject"],
        "operator": {"id": row["operator_id"], "badge": row["badge"], "name": row["operator"]}
        if row["operator_id"] is not None else None,
        "station": row["station"], "token": {"id": row["token_id"], "name": row["token"]}
        if row["token_id"] is not None else None,
        "content": json.loads(row["content"]) if row["content"] else None,
        "content_sha256": row["content_sha256"], "sha256": row["sha256"],
    }  # fmt: skip


def _let_go(tx: Any) -> tuple[int, frozenset[int]]:
    """Up to which scan answers were let go because of their age, and which were taken out by erasures."""
    until, erased = 0, set()
    for row in tx.all(
        "SELECT content, content_sha256 FROM audit_log WHERE warehouse_id = :w"
        " AND kind IN ('retention', 'erasure') AND content <> '' ORDER BY id"
    ):
        if sha256(row["content"]) != row["content_sha256"]:
            continue  # not what was written, as the chain says: it excuses nothing
        content = json.loads(row["content"])
        until = max(until, content.get("scans_until", 0))
        erased.update(content.get("scans", ()))
    return until, frozenset(erased)


def _scan_entries(tx: Any) -> Iterator[Any]:
    fields = ", ".join(f"s.{name}" for name in SCAN_FIELDS)
    after = 0
    while True:
        rows = tx.all(
            f"SELECT a.id AS entry_id, a.subject, a.content_sha256, s.id AS row_id, {fields} FROM audit_log a"
            " LEFT JOIN scan s ON s.warehouse_id = a.warehouse_id AND s.scan_id = a.subject"
            " WHERE a.warehouse_id = :w AND a.kind = 'scan' AND a.id > :after ORDER BY a.id"
            f" LIMIT {SCANS_PAGE}",
            after=after,
        )
        yield from rows
        if len(rows) < SCANS_PAGE:
            return
        after = rows[-1]["entry_id"]
