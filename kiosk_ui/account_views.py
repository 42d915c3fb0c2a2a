"""One's own account: another passphrase, codes from a phone, codes on paper, where one is signed in.

What is typed is in no log and never comes back with the page; what a phone is to learn is shown until it has shown a
right code, codes on paper once. Works without a script.
"""

from __future__ import annotations

import re
from typing import Any

from flask import Response, make_response, redirect, render_template, request

from fulfillment.domain.accounts import PASSPHRASE_MAX, PASSPHRASE_MIN
from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services.people import (
    accounts,
    company_ties,
    desk_entry,
    passphrases,
    sealing,
    second_factors,
    sessions,
)
from fulfillment.services.people.sign_in_tries import was_right
from fulfillment.web import auth
from fulfillment.web.auth import floor, needs
from kiosk_ui.forms import age
from kiosk_ui.qr_drawing import qr_path
from kiosk_ui.sign_in_views import TYPED_MAX, refused, typed
from kiosk_ui.views import blueprint


@blueprint.get("/account")
@needs(Permission.OWN_ACCOUNT)
def account_page() -> str:
    """Who is signed in, and what they may change about it."""
    return account_page_with()


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
        response = make_response(account_page_with(error), error.status)
        return response if error.code in ("sign_in_wrong", "sign_in_wait") else auth.sign_in(response, token)
    return auth.sign_in(make_response(redirect("/account?did=changed", 303)), token)


@blueprint.post("/account/codes")
@needs(Permission.OWN_ACCOUNT, proof=True)
def change_codes() -> Response | str | tuple[str, int]:
    """Set a phone up, keep it, have other codes on paper, or have no codes at all."""
    operator_id, act = auth.session_of_caller()["operator_id"], request.form.get("act", "")
    settings, writer = floor().settings, floor().writer
    try:
        if act == "begin":
            fresh = sealing.sealed(settings, second_factors.new_secret())
            writer.write(lambda tx: second_factors.begin(tx, operator_id, fresh))
        elif act == "keep":
            return account_page_with(papers=_keep(operator_id))
        elif act == "renew":
            return account_page_with(papers=writer.write(lambda tx: second_factors.renew_recovery(tx, operator_id)))
        elif act == "take_away":
            writer.write(lambda tx: second_factors.take_away(tx, operator_id))
    except DomainError as error:
        return account_page_with(error), error.status
    return make_response(redirect("/account", 303))


@blueprint.post("/account/sessions")
@needs(Permission.OWN_ACCOUNT, proof=True)
def end_own_session() -> Response | tuple[str, int]:
    """Sign oneself out somewhere else, or everywhere else."""
    session, number = auth.session_of_caller(), request.form.get("session", "")
    operator_id, is_all = session["operator_id"], request.form.get("act") == "all"

    def work(tx: Any) -> None:
        if is_all:
            sessions.end_all_of(tx, operator_id, but=session["session_id"])
        else:
            sessions.end_of(tx, operator_id, int(number) if re.fullmatch("[0-9]{1,18}", number) else 0)
        accounts.tell_account(tx, operator_id, {"sessions": "ended"})

    try:
        floor().writer.write(work)
    except DomainError as error:
        return account_page_with(error), error.status
    return make_response(redirect("/account#sessions", 303))


def _keep(operator_id: int) -> list[str]:
    """The codes on paper of whoever's phone has shown a right code.

    Raises:
        DomainError: `wrong_code`, `code_not_begun`; Wait.
    """
    limits = desk_entry.count_code(floor(), f"phone {operator_id}", request.remote_addr or "")
    account = floor().read(lambda tx: accounts.of_operator(tx, operator_id))
    pending = account.totp_pending if account else ""
    secret = sealing.unsealed(floor().settings, pending) if pending else None
    if secret is None:
        raise DomainError("code_not_begun", "set it up again from the beginning", "code")
    code = request.form.get("one_time", "").replace(" ", "")[:16]

    def work(tx: Any) -> list[str]:
        papers = second_factors.keep(tx, operator_id, pending, secret, code)
        was_right(tx, limits)
        return papers

    return floor().writer.write(work)


def account_page_with(error: DomainError | None = None, papers: list[str] | None = None) -> str:
    """One's own account, and what was wrong with what they sent."""
    session = auth.session_of_caller()

    operator_id = session["operator_id"]

    def look(tx: Any) -> tuple[Any, int, list[dict[str, Any]], Any]:
        held = [
            {**one, "begun": age(tx.now_ms - one["begun_at_ms"]), "used": age(tx.now_ms - one["used_at_ms"])}
            for one in sessions.listed(tx, operator_id)
        ]
        account, tie = accounts.of_operator(tx, operator_id), company_ties.of_operator(tx, operator_id)
        return account, second_factors.left(tx, operator_id), held, tie

    account, papers_left, held, tie = floor().read(look)
    name, pending = (account.name, account.totp_pending) if account else ("", "")
    secret = sealing.unsealed(floor().settings, pending) if pending else None
    phone = second_factors.offered(secret, name) if secret else None
    path, wide = qr_path(phone.address) if phone else ("", 0)
    return render_template(
        "account.html", person=session["person"], name=name, least=PASSPHRASE_MIN, most=PASSPHRASE_MAX,
        is_changed="did" in request.args, phone=phone, path=path, wide=wide, papers=papers, papers_left=papers_left,
        has_codes=bool(account and account.totp_sealed), sessions=held, own=session["session_id"],
        must=session["lacks_code"], tie=tie, **refused(error),
    )  # fmt: skip
