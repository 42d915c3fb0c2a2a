"""Style and scripts. Their address changes with their content, so a browser asks for each once and keeps it.

Packed (gzip) where the browser takes it: a handheld loads them over a radio it shares with all others. Each form has
an ETag of its own, and what stands between is told that they differ (`Vary`).
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from functools import cache
from pathlib import Path

from flask import Response, abort, request
from werkzeug.security import safe_join

from fulfillment.domain.roles import Permission
from fulfillment.web.auth import needs
from kiosk_ui.views import blueprint

STATIC = Path(__file__).with_name("static")
YEAR_S = 365 * 24 * 3600
PACKED = (".css", ".js", ".svg", ".json")


@blueprint.app_template_global()
def asset(name: str) -> str:
    """Address of a static file that changes with its content, so that it may be cached for good."""
    return f"/ui/{name}?v={_sha256(name)[:12]}"


@blueprint.get("/ui/<path:name>")
@needs(Permission.PUBLIC)
def static_file(name: str) -> Response:
    """Style and scripts."""
    path = safe_join(str(STATIC), name)
    if path is None or not Path(path).is_file():
        abort(404)
    is_packed = name.endswith(PACKED) and request.accept_encodings["gzip"] > 0
    response = Response(_content(name, is_packed), mimetype=mimetypes.guess_type(name)[0])
    response.vary.add("Accept-Encoding")
    if is_packed:
        response.headers["Content-Encoding"] = "gzip"
    response.set_etag(_sha256(name) + ("-gzip" if is_packed else ""))
    response.cache_control.max_age = YEAR_S if request.args.get("v") else 0
    response.cache_control.public = True
    return response.make_conditional(request)


@cache  # of files that are there, and those are few
def _content(name: str, is_packed: bool) -> bytes:
    content = (STATIC / name).read_bytes()
    return gzip.compress(content, 9, mtime=0) if is_packed else content


@cache
def _sha256(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()
