"""/api/v1, who did what: whatever changes something over HTTP gets its entry, and admins read the log.

The entry commits with the change. It says which operation was asked for, by whose token, and the hash of the body:
the body itself may hold an address or a secret. Scans have entries of their own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import current_app, g, has_request_context, request

from fulfillment.bootstrap import Floor
from fulfillment.domain.chaining import AuditKind
from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services.records import audit_entries
from fulfillment.services.records.audit_log import Author, TellingWriter
from fulfillment.web import figures
from fulfillment.web.auth import SAFE_METHODS, floor, permission_of
from fulfillment.web.v1 import operation, parse_time

T = TypeVar("T")

SUBJECT_MAX = 300
# Scans have entries of their own, those an agent brings too; what else it says is how its devices are. Signing in, and
# what somebody does about their own account, tells more than its address would.
_SELF_TOLD = (Permission.SCAN, Permission.RUN_DEVICES, Permission.PUBLIC, Permission.OWN_ACCOUNT)
# What these are asked holds personal data, or a PIN, of few possible values: even its hash would tell.
WITHOUT_BODY = re.compile(r"/api/v1/buyers/erase|(/api/v1)?/operators/[^/]+/pin")


def telling_floor(bare: Floor) -> Floor:
    """The floor of a web application: its writer tells who asked for each change, and is measured."""
    bare.writer.watch(figures.count_commit)
    return replace(bare, writer=_MeasuredWriter(bare.writer, _author))


class _MeasuredWriter(TellingWriter):
    """Leaves each request's answer where `measuring` finds it."""

    def write(self, work: Callable[[Any], T]) -> T:
        with figures.measured_write():
            answer = super().write(work)
        if has_request_context():
            g.answer = answer
        return answer


def _author() -> Author | None:
    if not has_request_context() or request.method in SAFE_METHODS or request.endpoint is None:
        return None
    if permission_of(current_app, request.endpoint) in _SELF_TOLD:
        return None
    content: dict[str, Any] = {}
    if WITHOUT_BODY.fullmatch(request.path) is None:
        content["body_sha256"] = hashlib.sha256(_body()).hexdigest()
        if request.query_string:
            content["query_sha256"] = hashlib.sha256(request.query_string).hexdigest()
    token = g.token
    # A form has one address for all rows of a list: which one it was is said beside it.
    subject = f"{request.method} {request.path} {g.get('acts_on', '')}".rstrip()
    return Author(
        AuditKind.API, subject[:SUBJECT_MAX], content or None, token["id"],
        token["station_id"], operator_id=token["operator_id"],
    )  # fmt: skip


def _body() -> bytes:
    return g.body if "body" in g else urlencode(sorted(request.form.items())).encode()


@operation("GET", "/audit-log", Permission.READ_AUDIT_LOG,
           query={"since": "entries from this time on", "kind": "scan, api, command, retention or erasure",
                  "operator": "a badge", "subject": "how the subject begins", "after": "`next` of the page before",
                  "limit": "entries a page, 1 to 5000"})  # fmt: skip
def get_audit_log() -> Any:
    """Who did what, the oldest first; a page at a time."""
    args = request.args
    since = args.get("since")
    sought = audit_entries.Sought(
        parse_time(since, "since") if since else None, args.get("kind", ""), args.get("operator", ""),
        args.get("subject", ""),
    )  # fmt: skip
    after, limit = _number("after", "0"), _number("limit", "500")
    return floor().read(lambda tx: audit_entries.entries(tx, sought, after, limit))


def _number(name: str, default: str) -> int:
    text = request.args.get(name, default)
    if not re.fullmatch("[0-9]{1,18}", text):
        raise DomainError(f"bad_{name}", f"not a number: {text[:40]!r}", name)
    return int(text)

