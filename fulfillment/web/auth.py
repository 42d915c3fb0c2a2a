"""Who is asking, and may they? Deny by default: a route without a declared permission stops start-up.

A token comes as `Authorization: Bearer …` or, from our own pages, in an HttpOnly cookie: a device's, or that of
somebody who signed in at a desk, which goes before the device's everywhere but at a station's own dialogue. A cookie
travels by itself, so a state-changing request that relies on it must also come from our own origin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Flask, Response, abort, current_app, g, redirect, request

from fulfillment.bootstrap import Floor
from fulfillment.domain.accounts import IDLE_MS, PROVED_MS, SESSION_MS, USED_EVERY_MS, must_have_code
from fulfillment.domain.reasons import DomainError, Forbidden
from fulfillment.domain.roles import Permission, StationKind, permissions_of
from fulfillment.services.people import sessions
from fulfillment.services.set_up import training
from fulfillment.services.set_up.setting_up import hash_token
from fulfillment.web.errors import problem, wants_page

COOKIE, TRAINING_COOKIE = "floor_token", "floor_training_token"
DESK_COOKIE, TRAINING_DESK_COOKIE = "floor_desk", "floor_training_desk"
# No other port or path of this host can set a cookie of such a name; browsers take it over TLS only.
HOST_ONLY = "__Host-"
# A handheld is signed on once; who holds it says the badge. Revoking its token ends it at once.
COOKIE_MAX_AGE_S = 30 * 24 * 3600

F = TypeVar("F", bound=Callable[..., Any])

enter_pages = Blueprint("enter", __name__)


class UndeclaredRoute(RuntimeError):
    """A route says nothing about who may use it."""


class ProofNeeded(DomainError):
    """Whoever signed in at this desk must say again that it is them: somebody else may stand there by now."""

    def __init__(self) -> None:
        super().__init__("proof_needed", "sign in again on /confirm, then do it once more")

    status = 403


def needs(permission: Permission, *, judged_in_work: bool = False, proof: bool = False) -> Callable[[F], F]:
    """Declare what a route's caller must be allowed to do.

    `judged_in_work`: its transaction judges the token by `bearer()` before anything else; see `_authorize`.
    `proof`: who signed in at a desk must have keyed their passphrase within the last minutes; see `check_proved`.
    """

    def mark(view: F) -> F:
        view.permission = permission  # type: ignore[attr-defined]
        view.judged_in_work = judged_in_work  # type: ignore[attr-defined]
        view.proof = proof  # type: ignore[attr-defined]
        return view

    return mark


def floor() -> Floor:
    """The floor this process serves."""
    return current_app.extensions["floor"]


def register_auth(app: Flask) -> None:
    """Check every request against its route's permission, before the view is called."""
    app.before_request(_authorize)
    app.register_error_handler(ProofNeeded, _ask_for_proof)
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
    view = current_app.view_functions[request.endpoint]
    if getattr(view, "judged_in_work", False):
        token, from_cookie = _sent_token()
        if token and request.method != "OPTIONS":  # which is answered without any work
            g.bearer = hash_token(token)
            if g.bearer in _KNOWN:
                return None if not from_cookie or is_same_origin() else problem(*_CROSS_ORIGIN)
    row, from_cookie = _caller(permission)
    if row is None:
        return _turned_away(401, "unauthorized", "a valid token is needed")
    is_change = request.method not in SAFE_METHODS
    if from_cookie and is_change and not is_same_origin():
        return problem(*_CROSS_ORIGIN)
    if row["lacks_code"] and permission != Permission.OWN_ACCOUNT:
        return _led_to_codes()
    if not _may(row, permission):
        return _turned_away(403, "forbidden", f"this token may not {permission.replace('_', ' ')}")
    g.token = row
    if "bearer" in g:
        if len(_KNOWN) >= KNOWN_MAX:
            _KNOWN.clear()
        _KNOWN.add(g.bearer)
    _note_use(row)
    if is_change and getattr(view, "proof", False):
        check_proved()
    return None


SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# A station's and an agent's own conversations are never a person's at a desk.
_DEVICE_ONLY = (Permission.SCAN, Permission.RUN_DEVICES)


def _caller(permission: Permission) -> tuple[dict[str, Any] | None, bool]:
    """Whose token it is, and whether a cookie brought it."""
    header, from_cookie = _sent_token()
    if from_cookie and permission not in _DEVICE_ONLY:
        session = request.cookies.get(desk_cookie())
        row = _token_row(session) if session else None
        if row is not None and row["session_id"] is not None:
            return row, True
    row = _token_row(header) if header else None
    # A session's token works where it was given: nobody carries it to a program.
    return (None if row is not None and row["session_id"] is not None else row), from_cookie


def _may(row: Mapping[str, Any], permission: Permission) -> bool:
    return permission in permissions_of(row["role"], row["scope"])


def _led_to_codes() -> Response:
    """Whoever must have a code and has none sets one up before anything else; a form of theirs was not taken."""
    if wants_page():
        return redirect("/account?must=1#codes", 303)  # type: ignore[return-value]
    return problem(403, "codes_needed", "codes needed", "set a code up on /account first")


def may_here(permission: Permission) -> bool:
    """Whether this request's caller may also do that."""
    return _may(g.token, permission)


def check_may(permission: Permission) -> None:
    """For a route whose permission hangs on what it is asked to do.

    Raises:
        Forbidden: this request's caller may not.
    """
    if not may_here(permission):
        raise Forbidden("forbidden", f"this token may not {permission.replace('_', ' ')}")


def _note_use(row: Mapping[str, Any]) -> None:
    # A board that fetches itself is used by nobody: only what a person opened or sent keeps a session.
    if row["session_id"] is None or floor().clock() - row["used_at_ms"] < USED_EVERY_MS:
        return
    if request.method not in SAFE_METHODS or request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate":
        work = floor().writer.inner  # type: ignore[attr-defined]  # no act of theirs: the log is not told
        work.write(lambda tx: sessions.used(tx, row["session_id"]))


def check_proved() -> None:
    """What is not easily put right is done by a session only shortly after its person said who they are.

    Raises:
        ProofNeeded: they did not. Tokens of programs and devices have nobody to ask.
    """
    row = g.token
    if row["session_id"] is not None and floor().clock() - row["proved_at_ms"] > PROVED_MS:
        raise ProofNeeded


def session_of_caller() -> dict[str, Any]:
    """The session of whoever signed in at a desk.

    Raises:
        DomainError: `no_session`: a token of a program or a device is nobody's account.
    """
    row: dict[str, Any] = g.token
    if row["session_id"] is None:
        raise DomainError("no_session", "sign in with name and passphrase")
    return row


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


def _ask_for_proof(error: ProofNeeded) -> Response:
    """A form goes to where its person says who they are; a program's page is told."""
    if wants_page():
        response = redirect(f"/confirm?{urlencode({'next': page_of_ours(request.referrer or '')})}", 303)
        response.headers["Referrer-Policy"] = "no-referrer"
        return response
    return problem(error.status, error.code, error.code.replace("_", " "), error.detail)


def page_of_ours(address: str) -> str:
    """The path of a page of ours: nobody is led through us to another site."""
    page = urlsplit(address.replace("\\", "/"))
    if page.netloc not in ("", request.host) or not page.path.startswith("/") or page.path.startswith("//"):
        return "/"
    return f"{page.path}?{page.query}" if page.query else page.path


def _turned_away(status: int, code: str, title: str) -> Response:
    """A problem document for a program, a sentence for a person who opened a page."""
    if request.method == "GET" and wants_page():
        return Response(current_app.extensions["not_signed_on"](), status, mimetype="text/html")
    return problem(status, code, title)


def _sent_token() -> tuple[str | None, bool]:
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer "):
        return header[7:].strip(), False
    name = _cookie()
    return request.cookies.get(HOST_ONLY + name if request.is_secure else name) or request.cookies.get(name), True


def desk_cookie() -> str:
    """The name of the cookie of whoever signs in at a desk."""
    name = TRAINING_DESK_COOKIE if is_training() else DESK_COOKIE
    return HOST_ONLY + name if request.is_secure else name


def set_cookie(response: Response, name: str, token: str, max_age_s: int, same_site: str = "Strict") -> None:
    """A cookie no script reads and no other site's page brings along; over TLS it never leaves TLS."""
    response.set_cookie(name, token, max_age=max_age_s, httponly=True, samesite=same_site, secure=request.is_secure)


def sign_in(response: Response, token: str) -> Response:
    """Have the browser hold a session's token."""
    set_cookie(response, desk_cookie(), token, SESSION_MS // 1000)
    return response


def sign_out(response: Response) -> Response:
    """Have the browser forget it."""
    set_cookie(response, desk_cookie(), "", 0)
    return response


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
    if row["station_code"] != code or not _may(row, Permission.SCAN):
        abort(problem(403, "other_station", "this token belongs to another station"))


def _token_row(token: str) -> dict[str, Any] | None:
    return _row_of(hash_token(token))


def _row_of(token_sha256: str) -> dict[str, Any] | None:
    row = floor().read(lambda tx: tx.one(_TOKEN, token=token_sha256, now=tx.now_ms, idle=tx.now_ms - IDLE_MS))
    if row is None:
        return None
    is_bare = row["session_id"] is not None and not row["totp_sealed"]
    lacks_code = is_bare and must_have_code(row["code_rule"], row["role"])
    return {**{name: row[name] for name in _TOKEN_COLUMNS}, "lacks_code": lacks_code}


_TOKEN = (
    "SELECT t.id, t.role, t.scope, t.station_id, t.agent_id, s.code AS station_code, s.kind AS station_kind,"
    " d.id AS session_id, d.operator_id, d.used_at_ms, d.proved_at_ms, o.name AS person,"
    " a.totp_sealed, h.code_rule FROM access_token t JOIN warehouse h ON h.id = t.warehouse_id"
    " LEFT JOIN station s ON s.warehouse_id = t.warehouse_id AND s.id = t.station_id"
    " LEFT JOIN desk_session d ON d.warehouse_id = t.warehouse_id AND d.token_id = t.id"
    " LEFT JOIN operator o ON o.warehouse_id = d.warehouse_id AND o.id = d.operator_id"
    " LEFT JOIN operator_account a ON a.warehouse_id = d.warehouse_id AND a.operator_id = d.operator_id"
    " WHERE t.warehouse_id = :w AND t.token_sha256 = :token AND t.revoked_at_ms IS NULL"
    " AND (t.expires_at_ms IS NULL OR t.expires_at_ms > :now)"
    " AND (d.id IS NULL OR (d.used_at_ms > :idle AND o.is_active = 1 AND o.role = t.role))"
)
_TOKEN_COLUMNS = (
    "id", "role", "scope", "station_id", "agent_id", "station_code", "station_kind", "session_id", "operator_id",
    "used_at_ms", "proved_at_ms", "person",
)  # fmt: skip


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
    if row is None or row["session_id"] is not None:
        return problem(401, "unauthorized", "this link is not (or no longer) valid")
    if row["role"] == "admin" or row["station_code"] is None:
        return sign_device_on(token, StationKind.BOARD if row["role"] == "admin" else None, "")
    return sign_device_on(token, row["station_kind"], row["station_code"])


def sign_device_on(token: str, kind: str | None, station: str) -> Response:
    """Have the browser hold a device's token, and go to the page of its station; without one, to the desk."""
    pages = {StationKind.BENCH: f"/bench/{station}", StationKind.BOARD: "/board", None: "/"}
    response = redirect(pages.get(kind, f"/kiosk/{station}"))
    name = _cookie()
    set_cookie(response, HOST_ONLY + name if request.is_secure else name, token, COOKIE_MAX_AGE_S)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
