"""Errors → problem+json with a stable code. Source: RFC 9457."""

from __future__ import annotations

import json
import logging
from typing import Any

import msgspec
from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException

from fulfillment.domain.reasons import DomainError
from fulfillment.services.working.readiness import Trouble, trouble_of
from fulfillment.web.measuring import note_sent_scan

log = logging.getLogger(__name__)


def problem(status: int, code: str, title: str, detail: str = "", field: str | None = None) -> Response:
    """One problem document."""
    body: dict[str, Any] = {"type": f"urn:floorline:{code}", "title": title, "status": status, "code": code}
    if detail:
        body["detail"] = detail
    if field:
        body["field"] = field
    return Response(json.dumps(body), status, mimetype="application/problem+json")


def wants_page() -> bool:
    """Whether a person's browser asked for this, and not a program or a script of ours."""
    if request.path.startswith("/api/"):
        return False
    return request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"


def page_or_problem(status: int, code: str, title: str, detail: str = "", field: str | None = None) -> Response:
    """A sentence on a page for a person who opened or sent one, a problem document for everybody else."""
    page = current_app.extensions.get("refused_page")
    if page is None or not wants_page():
        return problem(status, code, title, detail, field)
    return Response(page(code, detail), status, mimetype="text/html")


def refused(trouble: Trouble) -> Response:
    """The database cannot do its work just now: why, and when to come again."""
    response = problem(503, trouble.code, trouble.title)
    response.headers["Retry-After"] = str(trouble.retry_after_s)
    return response


def register_errors(app: Flask) -> None:
    """Answer every failure as a problem document; a bug is logged once and told nothing about."""

    @app.errorhandler(DomainError)
    def domain_error(error: DomainError) -> Response:
        return page_or_problem(error.status, error.code, error.code.replace("_", " "), error.detail, error.field)

    @app.errorhandler(msgspec.ValidationError)
    def invalid(error: msgspec.ValidationError) -> Response:
        words, _, path = str(error).partition(" - at `$")
        if "matching regex" in words:
            words = "holds a control character"
        return problem(422, "invalid_body", "the body does not fit", words, path.strip("`.") or None)

    @app.errorhandler(msgspec.DecodeError)
    def undecodable(error: msgspec.DecodeError) -> Response:
        return problem(400, "malformed_json", "the body is no JSON", str(error))

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        code = (error.name or "error").lower().replace(" ", "_")
        return page_or_problem(error.code or 500, code, error.name or "error", error.description or "")

    @app.errorhandler(Exception)
    def bug(error: Exception) -> Response:
        trouble = trouble_of(error)
        if trouble is not None:
            note_sent_scan()
            log.warning("%s %s: %s (%s)", request.method, request.path, trouble.code, type(error).__name__)
            app.extensions["health"].learn(trouble)
            return refused(trouble)
        note_sent_scan()
        log.exception("%s %s failed", request.method, request.path)
        return problem(500, "internal_error", "something of ours broke; it is logged")
