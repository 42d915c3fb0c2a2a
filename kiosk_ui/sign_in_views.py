"""Signing in and out at a desk, and the link by which somebody chooses name and passphrase. Works without a script.

What is typed here is in no log, is never shown and never comes back with the page. Routes that are open to anybody take
posts from our own pages only: else another site's page could sign its visitor in as somebody else.
"""

from __future__ import annotations

from typing import Any

from flask import Response, abort, g, make_response, redirect, render_template, request
from flask.blueprints import BlueprintSetupState

from fulfillment.domain.accounts import PASSPHRASE_MAX, PASSPHRASE_MIN, name_of
from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services.people import accounts, desk_entry, passphrases, sessions
from fulfillment.services.people.desk_entry import Typed, Wait
from fulfillment.services.people.sign_in_tries import was_right
from fulfillment.services.set_up.setting_up import hash_token
from fulfillment.web import auth
from fulfillment.web.auth import floor, is_same_origin, needs, page_of_ours
from kiosk_ui.views import blueprint

TYPED_MAX = 300  # of one field; a passphrase may have 200


def typed(name: str = "") -> Typed:
    """What was typed into a form of ours."""
    form = request.form
    return Typed(
        name or form.get("name", "")[:TYPED_MAX], form.get("passphrase", "")[:TYPED_MAX], request.remote_addr or "",
        form.get("one_time", "")[:TYPED_MAX], request.user_agent.string,
    )  # fmt: skip


@blueprint.get("/sign-in")
@needs(Permission.PUBLIC)
def sign_in_page() -> str:
    """Name and passphrase."""
    return _sign_in(page_of_ours(request.args.get("next", "")))


@blueprint.post("/sign-in")
@needs(Permission.PUBLIC)
def sign_in() -> Response | tuple[str, int]:
    """Sign somebody in, and go on to where they were going."""
    from_our_page()
    to = page_of_ours(request.form.get("next", ""))
    try:
        token = desk_entry.enter(floor(), typed())
    except DomainError as error:
        return _sign_in(to, error), error.status
    end_session()  # whoever was signed in at this browser before
    return auth.sign_in(make_response(redirect(to, 303)), token)


@blueprint.post("/sign-out")
@needs(Permission.PUBLIC)
def sign_out() -> Response:
    """End the session, on the server too."""
    from_our_page()
    end_session()
    return auth.sign_out(make_response(redirect("/sign-in", 303)))


@blueprint.get("/join")
@needs(Permission.PUBLIC)
def join_page() -> tuple[str, int]:
    """Whoever has the link chooses name and passphrase."""
    code = request.args.get("code", "")[:TYPED_MAX]
    return _join(code, 200)


@blueprint.post("/join")
@needs(Permission.PUBLIC)
def join() -> Response | tuple[str, int]:
    """Keep what was chosen and sign its owner in."""
    from_our_page()
    form, sent = request.form, typed()
    code, name = form.get("code", "")[:TYPED_MAX], name_of(sent.name)
    try:
        limits = desk_entry.count_code(floor(), "join", sent.address)
        if floor().read(lambda tx: accounts.opened_by(tx, code)) is None:
            raise DomainError("dead_link", "this link was used, or is over", "code")
        floor().writer.write(lambda tx: was_right(tx, limits))
        if sent.passphrase != form.get("again", "")[:TYPED_MAX]:
            raise DomainError("passphrases_differ", "the two are not the same", "again")
        kept = passphrases.kept_of(sent.passphrase, name)
        person = form.get("person", "").strip()[:100]

        def work(tx: Any) -> str:
            operator_id = accounts.use_link(tx, code, name, kept, person)
            return sessions.begin(tx, operator_id, sent.address, sent.browser)

        token = floor().writer.write(work)
    except DomainError as error:
        return _join(code, error.status, error)
    return auth.sign_in(make_response(redirect("/", 303)), token)


@blueprint.get("/confirm")
@needs(Permission.OWN_ACCOUNT)
def confirm_page() -> str:
    """Whoever is signed in says again that it is them."""
    return _confirm(page_of_ours(request.args.get("next", "")))


@blueprint.post("/confirm")
@needs(Permission.OWN_ACCOUNT)
def confirm() -> Response | tuple[str, int]:
    """Go back to what needed it."""
    to, session = page_of_ours(request.form.get("next", "")), auth.session_of_caller()
    try:
        token = desk_entry.prove(floor(), session["session_id"], session["operator_id"], typed("-"))
    except DomainError as error:
        return _confirm(to, error), error.status
    return auth.sign_in(make_response(redirect(to, 303)), token)


@blueprint.record_once
def _for_pages(state: BlueprintSetupState) -> None:
    state.app.extensions["refused_page"] = lambda code, detail: render_template(
        "refused.html", code=code, detail=detail
    )
    state.app.extensions["not_signed_on"] = lambda: render_template(
        "not_signed_on.html", to=page_of_ours(request.full_path.rstrip("?"))
    )


def from_our_page() -> None:
    """Refuse what another site's page sent."""
    if not is_same_origin():
        abort(403)


def end_session() -> None:
    """Whoever is signed in at this browser is no more."""
    token = request.cookies.get(auth.desk_cookie(), "")
    if token:
        floor().writer.write(lambda tx: sessions.end_by_token(tx, hash_token(token)))


def _sign_in(to: str, error: DomainError | None = None) -> str:
    return render_template("sign_in.html", to=to, **refused(error))


def _confirm(to: str, error: DomainError | None = None) -> str:
    return render_template("confirm.html", to=to, person=auth.session_of_caller()["person"], **refused(error))


def _join(code: str, status: int, error: DomainError | None = None) -> tuple[str, int]:
    link = floor().read(lambda tx: accounts.opened_by(tx, code)) if code else None
    shown = render_template(
        "join.html", link=link, code=code, least=PASSPHRASE_MIN, most=PASSPHRASE_MAX, typed=request.form,
        **refused(error),
    )  # fmt: skip
    return shown, status if link is not None or status != 200 else 404


def refused(error: DomainError | None) -> dict[str, Any]:
    """What a page says about it."""
    return {"error": error, "minutes": error.minutes if isinstance(error, Wait) else 0}


@blueprint.app_template_global()
def is_plain_on_lan() -> bool:
    """Whether what is typed here can be read by whoever is on the network."""
    return floor().settings.is_plain_on_lan


@blueprint.app_template_global()
def company_log_in() -> dict[str, Any] | None:
    """The company's own log-in, as its button needs it; None = there is none.

    It sends browsers back to one address of the floor: who came by another one goes there first.
    """
    company = floor().settings.company
    if company is None:
        return None
    return {"name": company.name, "address": company.address, "is_here": request.host_url == f"{company.address}/"}


@blueprint.app_template_global()
def desk_person() -> str:
    """Whoever signed in at this desk; '' = a device or a program."""
    return g.token["person"] or "" if "token" in g else ""
