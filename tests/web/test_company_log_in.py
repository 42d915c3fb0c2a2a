"""Signing in by the company's own log-in: who comes in by it, how far, and what happens when it is wrong or away."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pyotp
import pytest
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.domain.accounts import ADDRESS_TRIES
from fulfillment.domain.roles import Permission
from fulfillment.services.people import accounts, company_provider, second_factors
from fulfillment.settings import Settings
from fulfillment.web.auth import permission_of
from simulators.identity_provider import IdentityProvider
from tests.web.company import BACK, SECRET, CompanyDesk, company_desk, company_of
from tests.web.desk import OURS, PASSPHRASE, desk_of, seen


@pytest.fixture
def company(settings: Settings) -> Iterator[CompanyDesk]:
    with company_desk(settings) as company:
        yield company


@pytest.fixture
def tied(company: CompanyDesk) -> CompanyDesk:
    assert company.tie(company.desk.signed_in()).location == "/account#company"
    return company


def test_without_one_configured_no_route_and_no_button_is_there(settings: Settings) -> None:
    floor, desk = desk_of(settings)
    desk.give_account()
    client = desk.signed_in()
    for page in ("/sign-in", "/account", "/access"):
        assert "company" not in client.get(page).text
    for address in ("/sign-in/company", BACK.removeprefix("http://localhost"), "/account/company"):
        assert client.post(address, headers=OURS).status_code == 404
        assert client.get(address).status_code == 404
    floor.close()


def test_whoever_tied_their_log_in_comes_in_by_it_and_goes_on_to_where_they_were_going(tied: CompanyDesk) -> None:
    client = tied.desk.new_client()
    page = client.get("/sign-in?next=/access?x=1").text
    assert "Sign in with Contoso" in page
    answer = tied.enter(client, next="/access?x=1")
    assert (answer.status_code, answer.location) == (303, "/access?x=1")
    assert "company log-in" in seen(client.get("/access?x=1").text)
    assert "00u-eve" in tied.entries()[-1]
    assert json.loads(tied.entries()[-1]) == {
        "address": "127.0.0.1", "issuer": tied.provider.issuer, "sign_in": "right", "subject": "00u-eve",
    }  # fmt: skip


def test_a_log_in_nobody_tied_opens_nothing_whatever_it_is_called_and_makes_no_account(company: CompanyDesk) -> None:
    """The provider calls them `eve`, as an account here is: a name is no proof."""
    client = company.desk.new_client()
    answer = company.back(client)
    assert answer.status_code == 422
    assert "tied to no account here" in answer.text
    assert client.post("/sign-in/company/go", headers=OURS).status_code == 422
    assert client.get("/access", headers={"Accept": "text/html"}).status_code == 401
    count = "SELECT (SELECT COUNT(*) FROM operator_account WHERE warehouse_id = :w) AS accounts, COUNT(*) AS people" \
            " FROM operator WHERE warehouse_id = :w"  # fmt: skip
    assert company.desk.hand.one(count) == {"accounts": 2, "people": 3}
    assert "company_unknown" in company.entries()[-1]


def test_a_tie_opens_its_owners_account_and_no_other(tied: CompanyDesk) -> None:
    client = tied.desk.signed_in("ada")
    assert "somebody else&#39;s account" in tied.tie(client, "eve").text
    assert tied.tie(client, "ada").status_code == 303
    tied.enter(client, "ada")
    assert "Ada" in client.get("/account").text
    tied.enter(client, "eve")
    assert "Eve" in client.get("/account").text


# ---- codes and proof ----


def phone_of(company: CompanyDesk, client: FlaskClient) -> pyotp.TOTP:
    client.post("/account/codes", data={"act": "begin"}, headers=OURS)
    phone = pyotp.TOTP(re.search(r'id="secret">([A-Z2-7]+)<', client.get("/account").text)[1])
    sent = {"act": "keep", "one_time": phone.generate_otp(company.desk.clock.now_ms // 30_000)}
    assert client.post("/account/codes", data=sent, headers=OURS).status_code == 200
    company.desk.clock.on(1)
    return phone


def test_with_a_phone_set_up_its_code_is_asked_after_the_company_too(tied: CompanyDesk) -> None:
    phone = phone_of(tied, tied.desk.signed_in())
    client = tied.desk.new_client()
    assert "This is not what the phone shows now" in tied.enter(client).text
    assert client.get("/account", headers={"Accept": "text/html"}).status_code == 401
    code = phone.generate_otp(tied.desk.clock.now_ms // 30_000)
    assert client.post("/sign-in/company/go", data={"one_time": code}, headers=OURS).location == "/"
    assert tied.enter(tied.desk.new_client(), one_time=code).status_code == 422, "a code opens once"


def test_who_must_have_a_code_sets_one_up_with_the_passphrase_first(tied: CompanyDesk) -> None:
    tied.desk.hand.write(lambda tx: second_factors.set_rule(tx, "all"))
    client = tied.desk.new_client()
    tied.enter(client)
    assert client.get("/access", headers={"Accept": "text/html"}).location == "/account?must=1#codes"
    begun = client.post("/account/codes", data={"act": "begin"}, headers=OURS)
    assert begun.location.startswith("/confirm?"), "who found the desk open sets no phone of theirs up"


def test_coming_in_by_the_company_is_no_proof_that_it_is_still_them(tied: CompanyDesk) -> None:
    """A log-in that remembers its owner lets through whoever sits at the desk."""
    client = tied.desk.new_client()
    tied.enter(client)
    asked = {"badge": "1001", "act": "link"}
    assert client.post("/access/accounts", data=asked, headers=OURS).location.startswith("/confirm?")
    assert client.post("/account/company", data={"act": "tie"}, headers=OURS).location.startswith("/confirm?")
    assert client.post("/confirm", data={"passphrase": PASSPHRASE}, headers=OURS).status_code == 303
    assert client.post("/access/accounts", data=asked, headers=OURS).status_code == 201


def test_wrong_codes_are_counted_with_wrong_passphrases(tied: CompanyDesk) -> None:
    phone_of(tied, tied.desk.signed_in())
    client = tied.desk.new_client()
    tied.back(client)
    for _ in range(3):
        sent = client.post("/sign-in/company/go", data={"one_time": "000000"}, headers=OURS)
        assert "not what the phone shows" in sent.text
    for _ in range(2):
        assert tied.desk.sign_in(passphrase="not it at all")[1].status_code == 422
    waiting = client.post("/sign-in/company/go", data={"one_time": "000000"}, headers=OURS)
    assert (waiting.status_code, "Wait a minute" in waiting.text) == (429, True)
    assert tied.desk.sign_in()[1].status_code == 429


# ---- the browser that left, once, in time ----


def test_only_the_browser_that_left_comes_back_once_and_in_time(tied: CompanyDesk) -> None:
    client, stranger = tied.desk.new_client(), tied.desk.new_client()
    way = tied.there(tied.leave(client))
    assert stranger.get(way).status_code == 422, "a link somebody was sent signs nobody in"
    tied.leave(stranger)
    assert stranger.get(way).status_code == 422
    odd = re.sub(r"state=[^&]+", "state=%C3%A9", way)
    assert client.get(odd).status_code == 422
    assert client.get(way).location == "/sign-in/company/go"
    assert client.get(way).status_code == 422
    tied.desk.clock.on(10.1)
    over = client.post("/sign-in/company/go", headers=OURS)
    assert (over.status_code, "took too long" in over.text) == (422, True)
    way = tied.there(tied.leave(client))
    tied.desk.clock.on(10.1)
    assert client.get(way).status_code == 422
    assert tied.desk.hand.one("SELECT COUNT(*) AS n FROM company_visit WHERE warehouse_id = :w")["n"] <= 4
    tied.leave(client)
    assert tied.desk.hand.one("SELECT COUNT(*) AS n FROM company_visit WHERE warehouse_id = :w") == {"n": 1}


def test_coming_back_alone_opens_nothing_and_what_is_sent_twice_opens_one_session(tied: CompanyDesk) -> None:
    client = tied.desk.new_client()
    answer = tied.back(client)
    assert "floor_desk" not in str(answer.headers)
    assert client.get("/account", headers={"Accept": "text/html"}).status_code == 401
    assert "You sign in here as eve" in seen(client.get("/sign-in/company/go").text)
    assert client.post("/sign-in/company/go", headers=OURS).status_code == 303
    assert client.post("/sign-in/company/go", headers=OURS).status_code == 422


def test_the_session_is_a_new_one_and_the_one_there_was_ends(tied: CompanyDesk) -> None:
    client = tied.desk.signed_in("ada")
    before = client.get_cookie("floor_desk").value
    tied.enter(client)
    after = client.get_cookie("floor_desk").value
    assert after != before
    client.set_cookie("floor_desk", before)
    assert client.get("/account", headers={"Accept": "text/html"}).status_code == 401


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_nobody_is_led_through_the_company_to_another_site(tied: CompanyDesk, to: str) -> None:
    assert tied.enter(tied.desk.new_client(), next=to).location == "/"


@pytest.mark.engine("sqlite")
def test_the_cookie_of_the_way_is_no_scripts_and_never_leaves_tls(tied: CompanyDesk) -> None:
    client = tied.desk.new_client()
    for base, name in (("http://localhost", "floor_company"), ("https://localhost", "__Host-floor_company")):
        answer = client.post("/sign-in/company", headers=OURS, base_url=base)
        cookie = next(line for line in answer.headers.getlist("Set-Cookie") if line.startswith(f"{name}="))
        assert {"HttpOnly", "SameSite=Lax", "Max-Age=600", "Path=/"} <= set(cookie.split("; "))
        assert ("Secure" in cookie) is base.startswith("https")


def test_what_goes_through_a_browser_and_the_secret_are_kept_nowhere(
    tied: CompanyDesk, caplog: pytest.LogCaptureFixture
) -> None:
    client = tied.desk.new_client()
    address = tied.leave(client)
    held = client.get_cookie("floor_company").value
    tied.provider.fail("error")
    client.get(tied.there(address))
    kept = json.dumps([tied.desk.hand.all(f"SELECT * FROM {table} WHERE warehouse_id = :w")
                       for table in ("company_visit", "company_tie", "audit_log")])  # fmt: skip
    secret = [held, SECRET, *(company_provider.derived(held, what) for what in ("state", "nonce", "verifier"))]
    assert [one for one in secret if one in kept or one in caplog.text] == []
    assert company_provider.derived(held, "verifier") not in address


@pytest.mark.engine("sqlite")
def test_its_routes_are_refused_to_pages_of_other_sites_and_to_whoever_is_nobody(tied: CompanyDesk) -> None:
    app = create_app(tied.desk.hand.floor)
    rules = [rule for rule in app.url_map.iter_rules() if "company" in rule.rule]
    public = {rule.rule for rule in rules if permission_of(app, rule.endpoint) == Permission.PUBLIC}
    assert public == {"/sign-in/company", "/sign-in/company/back", "/sign-in/company/go"}
    client = tied.desk.signed_in()
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example", "Accept": "text/html"}
    changing = [rule.rule for rule in rules if "POST" in (rule.methods or ())]
    assert len(changing) == 4
    for address in changing:
        assert client.post(address, data={"act": "tie"}, headers=foreign).status_code == 403
    for address in ("/account/company", "/account/company/keep"):
        assert tied.desk.new_client().post(address, headers=OURS).status_code == 401


# ---- ties ----


def test_a_log_in_is_tied_by_the_session_that_left_for_it(company: CompanyDesk) -> None:
    """Somebody who has another browser's secret ties their own log-in to nobody's account."""
    mine, theirs = company.desk.signed_in("ada"), company.desk.signed_in("eve")
    way = company.there(company.leave(mine, "/account/company", act="tie"), "ada")
    mine.get(way)
    theirs.set_cookie("floor_company", mine.get_cookie("floor_company").value)
    assert theirs.post("/account/company/keep", headers=OURS).status_code == 422
    assert mine.post("/sign-in/company/go", headers=OURS).status_code == 422, "what ties signs nobody in"
    assert mine.post("/account/company/keep", headers=OURS).status_code == 303
    assert company.desk.hand.all("SELECT subject FROM company_tie WHERE warehouse_id = :w") == [{"subject": "00u-ada"}]


def test_untied_it_opens_nothing_and_who_came_in_by_it_is_signed_out(tied: CompanyDesk) -> None:
    by_company = tied.desk.new_client()
    tied.enter(by_company)
    own = tied.desk.signed_in()
    assert "00u" not in own.get("/account").text
    assert "Tied to your account" in own.get("/account").text
    assert own.post("/account/company", data={"act": "untie"}, headers=OURS).status_code == 303
    assert by_company.get("/account", headers={"Accept": "text/html"}).status_code == 401
    assert "Not tied to your account" in own.get("/account").text
    assert tied.back(by_company).status_code == 422
    tied.tie(own)
    assert own.post("/access/accounts", data={"act": "untie", "badge": "1003"}, headers=OURS).status_code == 303
    assert own.get("/access", headers={"Accept": "text/html"}).status_code == 401, "wherever they are"
    assert [json.loads(entry)["company"] for entry in tied.entries() if "company\"" in entry] == [
        "tied", "untied", "tied", "untied",
    ]  # fmt: skip
    gone = tied.desk.signed_in().post("/access/accounts", data={"act": "untie", "badge": "1003"}, headers=OURS)
    assert "No company log-in is tied" in gone.text


@pytest.mark.parametrize("how", ["retired", "account taken away", "let in anew", "becomes a picker"])
def test_who_may_not_sign_in_by_passphrase_does_not_by_the_company(tied: CompanyDesk, how: str) -> None:
    client, write = tied.desk.new_client(), tied.desk.hand.write
    assert tied.back(client).status_code == 303
    if how == "retired":
        write(lambda tx: tx.put("UPDATE operator SET is_active = 0 WHERE warehouse_id = :w AND badge = '1003'"))
    elif how == "account taken away":
        write(lambda tx: accounts.take_away(tx, "1003"))
    elif how == "let in anew":
        tied.desk.give_account()
    else:
        write(lambda tx: tx.put("UPDATE operator SET role = 'picker' WHERE warehouse_id = :w AND badge = '1003'"))
    assert client.post("/sign-in/company/go", headers=OURS).status_code == 422, "between coming back and going on"
    assert tied.back(client).status_code == 422


# ---- when it is wrong, or away ----


def test_a_token_that_does_not_fit_is_said_in_words_and_in_the_audit_log(tied: CompanyDesk) -> None:
    tied.provider.fail("wrong_nonce")
    answer = tied.back(tied.desk.new_client())
    assert (answer.status_code, "does not fit. Tell an admin" in answer.text) == (502, True)
    assert "nonce" in tied.entries()[-1]
    assert tied.enter(tied.desk.new_client()).status_code == 303


def test_who_cancels_there_is_told_so(tied: CompanyDesk) -> None:
    answer = tied.back(tied.desk.new_client(), "")
    assert (answer.status_code, "did not let you through" in answer.text) == (422, True)


def test_while_it_is_down_everybody_signs_in_by_passphrase(tied: CompanyDesk) -> None:
    client = tied.desk.new_client()
    way = tied.there(tied.leave(client))
    tied.provider.fail("error")
    answer = client.get(way)
    assert (answer.status_code, "does not answer" in answer.text) == (503, True)
    asked_before = len(tied.provider.calls)
    for _ in range(ADDRESS_TRIES + 5):
        assert client.post("/sign-in/company", headers=OURS).status_code == 503, "and not: too many tries"
    assert len(tied.provider.calls) == asked_before, "nobody waits for it again at once"
    assert "Sign in with Contoso" in client.get("/sign-in").text
    assert tied.desk.sign_in(client=client)[1].status_code == 303


def test_who_leaves_again_and_again_waits(company: CompanyDesk) -> None:
    client = company.desk.new_client()
    for _ in range(ADDRESS_TRIES):
        company.leave(client)
    refused = client.post("/sign-in/company", headers=OURS)
    assert (refused.status_code, "Wait a minute" in refused.text) == (429, True)
    assert company.desk.sign_in()[1].status_code == 303, "by passphrase they come in all the same"
    company.desk.clock.on(1.1)
    assert company.leave(client)


@pytest.mark.engine("sqlite")
def test_at_another_address_of_the_floor_the_button_leads_to_the_one_it_works_at(settings: Settings) -> None:
    with IdentityProvider("floor", SECRET, BACK, {}) as provider:
        company = company_of(provider, address="https://floor.example")
        floor, desk = desk_of(replace(settings, company=company))
        page = desk.new_client().get("/sign-in?next=/access").text
        assert 'href="https://floor.example/sign-in?next=/access"' in page
        assert 'action="/sign-in/company"' not in page
        floor.close()
