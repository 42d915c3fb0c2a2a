"""One's own account: another passphrase. What is typed is in no log and never comes back with the page."""

from __future__ import annotations

from flask import Response, make_response, redirect, render_template, request

from fulfillment.domain.accounts import PASSPHRASE_MAX, PASSPHRASE_MIN
from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services import accounts, desk_entry, passphrases
from fulfillment.web import auth
from fulfillment.web.auth import floor, needs
from kiosk_ui.sign_in_views import TYPED_MAX, refused, typed
from kiosk_ui.views import blueprint


@blueprint.get("/account")
@needs(Permission.OWN_ACCOUNT)
def account_page() -> str:
    """Who is signed in, and what they may change about it."""
    return _page()


@blueprint.post("/account/passphrase")
@needs(Permission.OWN_ACCOUNT)
def change_passphrase() -> Response | tuple[str, int]:
    """Another passphrase for whoever types the one they have; their other sessions end."""
    session, form = auth.session_of_caller(), request.form
    try:
        token = desk_entry.prove(floor(), session["session_id"], session["operator_id"], typed("-"))
        if form.get("new", "") != form.get("again", ""):
            raise DomainError("passphrases_differ", "the two are not the same", "again")
        account = floor().read(lambda tx: accounts.of_operator(tx, session["operator_id"]))
        kept = passphrases.kept_of(form.get("new", "")[:TYPED_MAX], account.name if account else "")
        floor().writer.write(
            lambda tx: accounts.change_passphrase(tx, session["operator_id"], kept, session["session_id"])
        )
    except DomainError as error:
        response = make_response(_page(error), error.status)
        return response if error.code in ("sign_in_wrong", "sign_in_wait") else auth.sign_in(response, token)
    return auth.sign_in(make_response(redirect("/account?did=changed", 303)), token)


def _page(error: DomainError | None = None) -> str:
    session = auth.session_of_caller()
    account = floor().read(lambda tx: accounts.of_operator(tx, session["operator_id"]))
    return render_template(
        "account.html", person=session["person"], name=account.name if account else "", least=PASSPHRASE_MIN,
        most=PASSPHRASE_MAX, is_changed="did" in request.args, **refused(error),
    )  # fmt: skip
