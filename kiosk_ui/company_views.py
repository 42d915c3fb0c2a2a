"""Signing in by the company's own log-in, and tying it to one's account. Offered where one is configured only.

The browser leaves from a page of ours that says where to, and not by the answer to a form: a form of ours may go
nowhere else (`form-action`), and a provider may lead on to others. It comes back from another site, so without our
strict cookies: what opens anything is a form of ours after that, which says who somebody is about to be here. Works
without a script.
"""

from __future__ import annotations

from flask import Blueprint, Flask, Response, current_app, make_response, redirect, render_template, request

from fulfillment.bootstrap import Floor
from fulfillment.domain.accounts import VISIT_MS, VisitPurpose
from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services.people import company_entry, company_ties
from fulfillment.services.people.company_provider import BACK, Provider
from fulfillment.web import auth
from fulfillment.web.auth import floor, needs, page_of_ours
from kiosk_ui.account_views import account_page_with
from kiosk_ui.sign_in_views import TYPED_MAX, end_session, from_our_page, refused, typed

COOKIE = "floor_company"
SAID_MAX = 2000  # of one part of the address a provider sends a browser back with

pages = Blueprint("company", __name__, template_folder="templates")


def register_company(app: Flask, at: Floor) -> None:
    """Offer it, on a floor whose settings name one."""
    assert at.settings.company is not None
    app.extensions["company_provider"] = Provider(at.settings.company, at.clock)
    app.register_blueprint(pages)


@pages.post("/sign-in/company")
@needs(Permission.PUBLIC)
def leave() -> Response | tuple[str, int]:
    """Send somebody who wants to sign in to the company's log-in."""
    from_our_page()
    to = page_of_ours(request.form.get("next", ""))
    try:
        address, secret = company_entry.leave(floor(), _provider(), typed("-"), to)
    except DomainError as error:
        return _said(error)
    return _away(address, secret)


@pages.get(BACK)
@needs(Permission.PUBLIC)
def come_back() -> Response | tuple[str, int]:
    """The provider sent a browser back: find out who that is. What was in the address is left behind."""
    said = {name: request.args[name][:SAID_MAX] for name in ("state", "code", "error", "iss") if name in request.args}
    try:
        company_entry.come_back(floor(), _provider(), _secret(), said, request.remote_addr or "")
    except DomainError as error:
        return _said(error)
    response = make_response(redirect("/sign-in/company/go", 303))
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@pages.get("/sign-in/company/go")
@needs(Permission.PUBLIC)
def go_page() -> Response | tuple[str, int]:
    """Who somebody is about to be here, or which log-in they are about to tie."""
    return _go()


@pages.post("/sign-in/company/go")
@needs(Permission.PUBLIC)
def go() -> Response | tuple[str, int]:
    """Sign in whoever came back, with the code of their phone where they have one."""
    from_our_page()
    try:
        token, to = company_entry.enter(floor(), _provider(), _secret(), typed("-"))
    except DomainError as error:
        return _go(error) if error.code in ("wrong_code", "sign_in_wait") else _said(error)
    end_session()  # whoever was signed in at this browser before
    return auth.sign_in(_forget(make_response(redirect(to, 303))), token)


@pages.post("/account/company")
@needs(Permission.OWN_ACCOUNT, proof=True)
def change_tie() -> Response | tuple[str, int]:
    """Leave for the log-in that is to be tied to this account; or untie the one that is."""
    session, act = auth.session_of_caller(), request.form.get("act", "")
    operator_id, session_id = session["operator_id"], session["session_id"]
    try:
        if act == "untie":
            floor().writer.write(lambda tx: company_ties.untie(tx, operator_id, but_session=session_id))
            return make_response(redirect("/account#company", 303))
        address, secret = company_entry.leave(floor(), _provider(), typed("-"), "/account", operator_id, session_id)
    except DomainError as error:
        return account_page_with(error), error.status
    return _away(address, secret)


@pages.post("/account/company/keep")
@needs(Permission.OWN_ACCOUNT)
def keep_tie() -> Response | tuple[str, int]:
    """Tie the log-in that came back. Whoever left for it had just proved who they are."""
    session = auth.session_of_caller()
    try:
        company_entry.tie(
            floor(), _provider(), _secret(), session["operator_id"], session["session_id"], request.remote_addr or ""
        )
    except DomainError as error:
        return _said(error)
    return _forget(make_response(redirect("/account#company", 303)))


def _provider() -> Provider:
    provider: Provider = current_app.extensions["company_provider"]
    return provider


def _cookie() -> str:
    return auth.HOST_ONLY + COOKIE if request.is_secure else COOKIE


def _secret() -> str:
    return request.cookies.get(_cookie(), "")[:TYPED_MAX]


def _away(address: str, secret: str) -> Response:
    response = make_response(render_template("company_away.html", address=address))
    # Another site sends the browser back, so it may bring this one along; it opens nothing by itself.
    auth.set_cookie(response, _cookie(), secret, VISIT_MS // 1000, same_site="Lax")
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _forget(response: Response) -> Response:
    auth.set_cookie(response, _cookie(), "", 0, same_site="Lax")
    return response


def _go(error: DomainError | None = None) -> Response | tuple[str, int]:
    issuer, secret = _provider().company.issuer, _secret()
    try:
        visit = floor().read(lambda tx: company_ties.waiting(tx, secret))
    except DomainError as over:
        return _said(over)
    is_tie = visit.purpose == VisitPurpose.TIE
    account = None if is_tie else floor().read(lambda tx: company_ties.owner(tx, issuer, visit.subject))
    shown = render_template(
        "company_go.html", is_tie=is_tie, shown=visit.shown, name=account.name if account else "",
        has_codes=bool(account and account.totp_sealed), **refused(error),
    )  # fmt: skip
    return shown, error.status if error else 200


def _said(error: DomainError) -> tuple[str, int]:
    return render_template("company_said.html", **refused(error)), error.status
