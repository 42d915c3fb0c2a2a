"""The hash chain of the audit log: what an entry says is bound to every entry before it.

An entry's hash covers the hash before it, everything it says, and the hash of its content instead of the content:
personal data can be taken out of a content and the chain still holds. Changing, removing, adding or reordering
entries breaks it at the first entry that is not what it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from enum import StrEnum

NOTHING_SHA256 = hashlib.sha256(b"").hexdigest()


class AuditKind(StrEnum):
    """What an entry of the audit log is about."""

    SCAN = "scan"
    API = "api"
    COMMAND = "command"
    RETENTION = "retention"
    ERASURE = "erasure"


def sha256(text: str) -> str:
    """SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def said(
    warehouse_id: int, at_ms: int, kind: str, operator_id: int | None, station_id: int | None, token_id: int | None,
    content_sha256: str, subject: str,
) -> str:  # fmt: skip
    """An entry as one text. The subject comes last: it alone may hold a bar."""
    return (
        f"{warehouse_id}|{at_ms}|{kind}|{_or_nothing(operator_id)}|{_or_nothing(station_id)}|{_or_nothing(token_id)}"
        f"|{content_sha256}|{subject}"
    )


def link(previous_sha256: str, entry_id: int, entry: str) -> str:
    """The hash of an entry that follows `previous_sha256` ('' before the first)."""
    return sha256(f"{previous_sha256}|{entry_id}|{entry}")


def digest(fields: Iterable[object]) -> str:
    """One hash over the fields of a row; their order matters, None is the empty text."""
    return sha256("\n".join("" if field is None else str(field) for field in fields))


def _or_nothing(number: int | None) -> str:
    return "" if number is None else str(number)
