"""The page of who may come in: people with an account, who is signed in just now, which tokens hold.

A link or a token that was made is shown once, on the page that answers. Works without a script.
"""

from __future__ import annotations

import re
from typing import Any

from flask import Response, g, make_response, redirect, render_template, request

from fulfillment.domain.accounts import CodeRule
from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.services.people import access_tokens, accounts, company_ties, second_factors, sessions
from fulfillment.web.auth import floor, needs
from kiosk_ui.forms import age
from kiosk_ui.views import blueprint


@blueprint.get("/access")
@needs(Permission.TEND_ACCESS)
def access_page() -> str:
    """Everybody and everything that may come in."""
    return _page()


@blueprint.post("/access/accounts")
@needs(Permission.TEND_ACCESS, proof=True)
def change_account() -> Response | tuple[str, int]:
    """Give somebody the link by which they choose name and passphrase; untie their log-in; take their account away."""
    badge = g.acts_on = request.form.get("badge", "")[:64]
    try:
        if request.form.get("act") == "take_away":
            floor().writer.write(lambda tx: accounts.take_away(tx, badge))
            return _done("taken_away")
        if request.form.get("act") == "untie":
            floor().writer.write(lambda tx: company_ties.untie_badge(tx, badge))
            return _done("untied")
        code = floor().writer.write(lambda tx: accounts.link_for(tx, badge))
    except DomainError as error:
        return _page(error=error), error.status
    return _page(made={"name": badge, "link": f"{request.host_url}join?code={code}"}), 201


@blueprint.post("/access/sessions")
@needs(Permission.TEND_ACCESS, proof=True)
def end_session() -> Response | tuple[str, int]:
    """Sign somebody out."""
    return _ended("session", sessions.end, "signed_out")


@blueprint.post("/access/tokens")
@needs(Permission.TEND_ACCESS, proof=True)
def revoke_token() -> Response | tuple[str, int]:
    """Take a token away."""
    return _ended("token", access_tokens.revoke, "revoked")


@blueprint.post("/access/rules")
@needs(Permission.TEND_ACCESS, proof=True)
def change_code_rule() -> Response | tuple[str, int]:
    """Say who must have a code beside the passphrase."""
    wanted = g.acts_on = request.form.get("code_rule", "")[:20]
    try:
        floor().writer.write(lambda tx: second_factors.set_rule(tx, wanted))
    except DomainError as error:
        return _page(error=error), error.status
    return _done("rule_kept")


def _ended(field: str, end: Any, did: str) -> Response | tuple[str, int]:
    number = g.acts_on = request.form.get(field, "")[:18]
    try:
        if not re.fullmatch("[0-9]{1,18}", number):
            raise DomainError(f"unknown_{field}", "no number", field)
        floor().writer.write(lambda tx: end(tx, int(number)))
    except DomainError as error:
        return _page(error=error), error.status
    return _done(did)


def _done(did: str) -> Response:
    return make_response(redirect(f"/access?did={did}", 303))


DID = ("taken_away", "untied", "signed_out", "revoked", "rule_kept")


def _page(error: DomainError | None = None, made: dict[str, str] | None = None) -> str:
    def look(tx: Any) -> dict[str, Any]:
        def ago(at_ms: int) -> str:
            return age(tx.now_ms - at_ms)

        return {
            "people": accounts.people(tx), "code_rule": second_factors.rule(tx),
            "sessions": [
                {**one, "begun": ago(one["begun_at_ms"]), "used": ago(one["used_at_ms"])} for one in sessions.listed(tx)
            ],
            "tokens": [
                {
                    **one, "made": ago(one["created_at_ms"]),
                    "left": age(one["expires_at_ms"] - tx.now_ms) if one["expires_at_ms"] else "",
                }
                for one in access_tokens.listed(tx)
            ],
        }  # fmt: skip

    did = request.args.get("did", "")
    return render_template(
        "access.html", **floor().read(look), error=error, made=made, did=did if did in DID else "",
        own=g.token["session_id"], code_rules=[rule.value for rule in CodeRule],
    )  # fmt: skip
