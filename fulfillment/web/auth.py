"""Who is asking, and may they? Deny by default: a route without a declared permission stops start-up.

A token comes as `Authorization: Bearer …` or, from our own pages, in an HttpOnly cookie. A cookie travels by
itself, so a state-changing request that relies on it must also come from our own origin.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, abort, current_app, g, redirect, request

from fulfillment.bootstrap import Floor
from fulfillment.domain.roles import Permission, StationKind, may
from fulfillment.services import training
from fulfillment.services.setting_up import hash_token
from fulfillment.web.errors import problem

COOKIE, TRAINING_COOKIE = "floor_token", "floor_training_token"
# A handheld is signed on once; who holds it says the badge. Revoking its token ends it at once.
COOKIE_MAX_AGE_S = 30 * 24 * 3600

F = TypeVar("F", bound=Callable[..., Any])

enter_pages = Blueprint("enter", __name__)


class UndeclaredRoute(RuntimeError):
    """A route says nothing about who may use it."""


def needs(permission: Permission, *, judged_in_work: bool = False) -> Callable[[F], F]:
    """Declare what a route's caller must be allowed to do.

    `judged_in_work`: its transaction judges the token by `bearer()` before anything else; see `_authorize`.
    """

    def mark(view: F) -> F:
        view.permission = permission  # type: ignore[attr-defined]
        view.judged_in_work = judged_in_work  # type: ignore[attr-defined]
        return view

    return mark


def floor() -> Floor:
    """The floor this process serves."""
    return current_app.extensions["floor"]


def register_auth(app: Flask) -> None:
    """Check every request against its route's permission, before the view is called."""
    app.before_request(_authorize)
    app.after_request(_check_judged)
    app.register_blueprint(enter_pages)


def check_declared(app: Flask) -> None:
    """Stop start-up when a route has no permission.

    Raises:
        UndeclaredRoute: naming the route.
    """
    for rule in app.url_map.iter_rules():
        if permission_of(app, rule.endpoint) is None:
            raise UndeclaredRoute(f"{rule.rule} ({rule.endpoint}) declares no permission")


def permission_of(app: Flask, endpoint: str) -> Permission | None:
    """What a route asks for; static files are public."""
    if endpoint == "static" or endpoint.endswith(".static"):
        return Permission.PUBLIC
    return getattr(app.view_functions[endpoint], "permission", None)


def _authorize() -> Response | None:
    if request.endpoint is None:
        return None  # no such route: 404 by itself
    permission = permission_of(current_app, request.endpoint)
    if permission is None:
        raise UndeclaredRoute(f"{request.endpoint} declares no permission")
    if permission == Permission.PUBLIC:
        return None
    token, from_cookie = _sent_token()
    is_judged_later = getattr(current_app.view_functions[request.endpoint], "judged_in_work", False)
    if is_judged_later and token and request.method != "OPTIONS":  # which is answered without any work
        g.bearer = hash_token(token)
        if g.bearer in _KNOWN:
            return None if not from_cookie or is_same_origin() else problem(*_CROSS_ORIGIN)
    row = _token_row(token) if token else None
    if row is None:
        return _turned_away(401, "unauthorized", "a valid token is needed")
    if from_cookie and request.method not in ("GET", "HEAD", "OPTIONS") and not is_same_origin():
        return problem(*_CROSS_ORIGIN)
    if not may(row["role"], permission):
        return _turned_away(403, "forbidden", f"this token may not {permission.replace('_', ' ')}")
    g.token = row
    if "bearer" in g:
        if len(_KNOWN) >= KNOWN_MAX:
            _KNOWN.clear()
        _KNOWN.add(g.bearer)
    return None


def bearer() -> str:
    """The hash of the caller's token, for the transaction of a route that is `judged_in_work`."""
    g.bearer_was_taken = True
    return g.bearer


def _check_judged(response: Response) -> Response:
    # A scan's transaction reads the token anyway; looking it up before as well would be a second transaction at
    # every scan. What is known here only says that a token was once valid, so that nobody can keep the writer busy
    # with invented ones. A route that forgets to judge must not answer.
    if "bearer" in g and "bearer_was_taken" not in g and response.status_code < 400:
        raise UndeclaredRoute(f"{request.endpoint} left its caller unjudged")
    return response


_KNOWN: set[str] = set()  # hashes of tokens that were valid once; whether they still are is read every time
KNOWN_MAX = 10_000
_CROSS_ORIGIN = (403, "cross_origin", "this must come from the floor's own pages")


def check_station(code: str) -> None:
    """A station's token speaks for that station only; the board's and the admin's speak for none."""
    if g.token["station_code"] != code:
        abort(problem(403, "other_station", "this token belongs to another station"))


def _turned_away(status: int, code: str, title: str) -> Response:
    """A problem document for a program, a sentence for a person who opened a page."""
    wanted = request.accept_mimetypes.best_match(["application/json", "text/html"])
    if request.method == "GET" and wanted == "text/html":
        return Response(NOT_SIGNED_ON, status, mimetype="text/html")
    return problem(status, code, title)


NOT_SIGNED_ON = (
    "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<title>Not signed on</title><h1>This device is not signed on here</h1>"
    "<p>Open the link of its station again (or ask your supervisor for it).</p></html>"
)


def _sent_token() -> tuple[str | None, bool]:
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer "):
        return header[7:].strip(), False
    return request.cookies.get(_cookie()), True


def _cookie() -> str:
    # Ports share their cookies: who practises for an hour would find the device signed off from the real floor.
    return TRAINING_COOKIE if is_training() else COOKIE


def is_training() -> bool:
    """Whether this floor is one to practise on, as its database says: every page of it says so too."""
    known = current_app.extensions.get("is_training")
    if known is None:
        known = floor().read(training.is_training)
        if known is not None:  # it never changes once the warehouse is founded
            current_app.extensions["is_training"] = known
    return bool(known)


def check_bearer(code: str) -> None:
    """`check_station` for a route `judged_in_work` whose work never came to judge."""
    row = _row_of(g.bearer)
    if row is None:
        abort(problem(401, "unauthorized", "a valid token is needed"))
    if row["station_code"] != code or not may(row["role"], Permission.SCAN):
        abort(problem(403, "other_station", "this token belongs to another station"))


def _token_row(token: str) -> dict[str, Any] | None:
    return _row_of(hash_token(token))


def _row_of(token_sha256: str) -> dict[str, Any] | None:
    row = floor().read(lambda tx: tx.one(_TOKEN, token=token_sha256))
    return None if row is None else {name: row[name] for name in _TOKEN_COLUMNS}


_TOKEN = (
    "SELECT t.id, t.role, t.station_id, t.agent_id, s.code AS station_code, s.kind AS station_kind FROM access_token t"
    " LEFT JOIN station s ON s.warehouse_id = t.warehouse_id AND s.id = t.station_id"
    " WHERE t.warehouse_id = :w AND t.token_sha256 = :token AND t.revoked_at_ms IS NULL"
)
_TOKEN_COLUMNS = ("id", "role", "station_id", "agent_id", "station_code", "station_kind")


def is_same_origin() -> bool:
    """Whether one of our own pages sent this, as far as its browser says."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc == request.host


@enter_pages.get("/enter")
@needs(Permission.PUBLIC)
def enter() -> Response:
    """Trade a token in the address for the cookie, and go to the page it is for."""
    token = request.args.get("token", "")
    row = _token_row(token) if token else None
    if row is None:
        return problem(401, "unauthorized", "this link is not (or no longer) valid")
    kind, code = row["station_kind"], row["station_code"]
    target = {StationKind.BENCH: f"/bench/{code}", StationKind.BOARD: "/board"}.get(kind, f"/kiosk/{code}")
    if row["role"] == "admin":
        target = "/board"
    elif row["station_code"] is None:
        target = "/"
    response = redirect(target)
    response.set_cookie(
        _cookie(), token, max_age=COOKIE_MAX_AGE_S, httponly=True, samesite="Strict", secure=request.is_secure
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
