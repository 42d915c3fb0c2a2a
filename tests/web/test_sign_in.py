"""Name and passphrase at a desk: who comes in, for how long, and how somebody who guesses is slowed down."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from fulfillment.app import create_app
from fulfillment.bootstrap import open_floor
from fulfillment.domain import accounts as rules
from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Role, TokenRole
from fulfillment.services import lists
from fulfillment.services.lists import LISTS
from fulfillment.services.people import accounts, desk_entry, passphrases, sessions
from fulfillment.services.people.desk_entry import Typed
from fulfillment.services.set_up import fittings, setting_up
from fulfillment.services.set_up.setting_up import hash_token
from fulfillment.settings import Settings
from tests.web.desk import OURS, PASSPHRASE, Desk, desk_of, seen


@pytest.fixture
def desk(settings: Settings) -> Iterator[Desk]:
    floor, desk = desk_of(settings)
    yield desk
    floor.close()


@pytest.fixture
def admin(desk: Desk) -> Desk:
    desk.give_account()
    return desk


# ---- the first admin, and everybody after ----


def test_the_first_admin_is_made_by_a_link_that_works_once(desk: Desk) -> None:
    first, second = desk.hand.write(accounts.first_link), desk.hand.write(accounts.first_link)
    client = desk.new_client()
    assert client.get("/join", query_string={"code": first}).status_code == 404, "the newest link only"
    assert "first admin" in client.get("/join", query_string={"code": second}).text
    sent = {"code": second, "person": "Mo", "name": "Mo@Floor", "passphrase": PASSPHRASE, "again": PASSPHRASE}
    assert client.post("/join", data=sent, headers=OURS).location == "/"
    assert client.get("/access").status_code == 200
    again = desk.new_client().post("/join", data=sent, headers=OURS)
    assert (again.status_code, "was used, or is over" in again.text) == (422, True)
    assert desk.hand.write(accounts.first_link) == "", "there is an admin now"
    made = desk.hand.one(
        "SELECT o.badge, o.role, a.name FROM operator_account a JOIN operator o ON o.warehouse_id = a.warehouse_id"
        " AND o.id = a.operator_id WHERE a.warehouse_id = :w"
    )
    assert made == {"badge": "1004", "role": "admin", "name": "mo@floor"}


def test_a_link_is_over_after_a_day(desk: Desk) -> None:
    code = desk.hand.write(accounts.first_link)
    desk.clock.on(24 * 60 + 1)
    assert desk.new_client().get("/join", query_string={"code": code}).status_code == 404


def test_two_links_for_the_first_admin_make_one_admin(desk: Desk) -> None:
    code = desk.hand.write(accounts.first_link)
    desk.give_account()
    with pytest.raises(DomainError, match="used, or is over"):
        desk.hand.write(lambda tx: accounts.use_link(tx, code, "mallory", "kept"))


def test_only_supervisors_and_admins_have_accounts(desk: Desk) -> None:
    with pytest.raises(DomainError, match="works by badge"):
        desk.hand.write(lambda tx: accounts.link_for(tx, "1002"))
    code = desk.hand.write(lambda tx: accounts.link_for(tx, "1001"))
    desk.hand.write(lambda tx: fittings.put_operator(tx, "1001", {"role": Role.PICKER}))
    assert desk.hand.write(lambda tx: accounts.opened_by(tx, code)) is None


@pytest.mark.parametrize(
    ("passphrase", "code"),
    [("short one", "short_passphrase"), ("x" * 201, "long_passphrase"), ("aaaaabbbbbcccc", "easy_passphrase"),
     ("eve.eve.eve1", "easy_passphrase"), ("abcdefghijklmnop", "easy_passphrase"),
     ("1234567890123", "easy_passphrase"), ("passwordpassword", "easy_passphrase")],
)  # fmt: skip
@pytest.mark.engine("sqlite")
def test_a_passphrase_that_is_guessed_first_is_refused(desk: Desk, passphrase: str, code: str) -> None:
    link = desk.hand.write(lambda tx: accounts.link_for(tx, "1003"))
    sent = {"code": link, "name": "eve", "passphrase": passphrase, "again": passphrase}
    answer = desk.new_client().post("/join", data=sent, headers=OURS)
    assert answer.status_code == 422
    assert passphrase not in answer.text, "nothing typed comes back"
    with pytest.raises(DomainError) as refused:
        passphrases.kept_of(passphrase, "eve")
    assert refused.value.code == code


def test_two_people_never_sign_in_by_one_name(admin: Desk) -> None:
    with pytest.raises(DomainError) as refused:
        admin.give_account("1001", "eve")
    assert refused.value.code == "name_taken"


# ---- in and out ----


def test_whoever_signs_in_goes_on_to_where_they_were_going(admin: Desk) -> None:
    client = admin.new_client()
    page = client.get("/access?x=1", headers={"Accept": "text/html"})
    assert page.status_code == 401
    assert 'href="/sign-in?next=/access%3Fx%3D1"' in page.text
    _, answer = admin.sign_in(" EVE ", client=client, next="/access?x=1")
    assert (answer.status_code, answer.location) == (303, "/access?x=1")
    assert "Eve" in client.get("/access?x=1").text


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "/\\evil.example", "\\/evil", "data:1"])
@pytest.mark.engine("sqlite")
def test_nobody_is_led_through_signing_in_to_another_site(admin: Desk, to: str) -> None:
    assert admin.sign_in(next=to)[1].location == "/"


def test_the_cookie_is_for_our_pages_only_and_its_token_is_kept_nowhere(admin: Desk) -> None:
    _, answer = admin.sign_in()
    cookie = next(line for line in answer.headers.getlist("Set-Cookie") if line.startswith("floor_desk="))
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    token = cookie.split("=", 1)[1].split(";")[0]
    kept = json.dumps(admin.hand.all("SELECT * FROM access_token WHERE warehouse_id = :w"))
    assert token not in kept
    assert hash_token(token) in kept
    # A program may not carry it: a session works where it was given.
    header = {"Authorization": f"Bearer {token}"}
    assert admin.new_client().get("/api/v1/board", headers=header).status_code == 401


def test_over_tls_the_cookie_never_leaves_tls_nor_this_host(admin: Desk) -> None:
    client = admin.new_client()
    sent = {"name": "eve", "passphrase": PASSPHRASE}
    answer = client.post("/sign-in", data=sent, headers=OURS, base_url="https://floor.example")
    cookie = answer.headers.getlist("Set-Cookie")[-1]
    assert cookie.startswith("__Host-floor_desk=")
    assert "Secure" in cookie
    assert "Domain" not in cookie
    assert client.get("/access", base_url="https://floor.example").status_code == 200


def test_each_signing_in_has_a_token_of_its_own_and_ends_the_one_before(admin: Desk) -> None:
    client = admin.signed_in()
    before = client.get_cookie("floor_desk").value
    admin.sign_in(client=client)
    after = client.get_cookie("floor_desk").value
    assert before != after
    client.set_cookie("floor_desk", before)
    assert client.get("/access").status_code == 401


def test_signing_out_ends_the_session_on_the_server(admin: Desk) -> None:
    client = admin.signed_in()
    cookie = client.get_cookie("floor_desk").value
    assert client.post("/sign-out", headers=OURS).location == "/sign-in"
    assert client.get_cookie("floor_desk") is None
    client.set_cookie("floor_desk", cookie)
    assert client.get("/access").status_code == 401


def test_a_session_ends_after_an_hour_nobody_used_it_and_after_twelve_in_any_case(admin: Desk) -> None:
    client = admin.signed_in()
    for _ in range(13):
        admin.clock.on(54)
        assert client.get("/access").status_code == 200
    admin.clock.on(61)
    assert client.get("/access").status_code == 401
    client = admin.signed_in()
    for _ in range(14):
        admin.clock.on(50)
        client.get("/access")
    admin.clock.on(30)
    assert client.get("/access").status_code == 401, "after twelve hours"


def test_a_page_that_fetches_itself_keeps_no_session(admin: Desk) -> None:
    client = admin.signed_in()
    for _ in range(7):
        admin.clock.on(10)
        client.get("/waves", headers={"Sec-Fetch-Mode": "cors"})
    assert client.get("/access").status_code == 401


@pytest.mark.parametrize("change", [{"role": Role.SUPERVISOR}, {"is_active": 0}])
def test_who_is_retired_or_becomes_something_else_is_signed_out_at_once(admin: Desk, change: dict[str, object]) -> None:
    client = admin.signed_in()
    admin.hand.write(lambda tx: fittings.put_operator(tx, "1003", change))
    assert client.get("/access").status_code == 401
    back = {"role": Role.ADMIN, "is_active": 1}
    admin.hand.write(lambda tx: fittings.put_operator(tx, "1003", back))
    assert client.get("/access").status_code == 401, "the old session does not come back with the role"


def test_a_role_changed_past_all_rules_still_ends_the_session(admin: Desk) -> None:
    client = admin.signed_in()
    change = "UPDATE operator SET role = 'supervisor' WHERE warehouse_id = :w AND badge = '1003'"
    admin.hand.write(lambda tx: tx.put(change))
    assert client.get("/access").status_code == 401


def test_somebody_with_an_account_and_nothing_else_can_be_taken_off_the_list(admin: Desk) -> None:
    row = admin.hand.write(lambda tx: lists.row_of(tx, LISTS["operators"], "1003"))
    did = admin.hand.write(lambda tx: lists.remove(tx, LISTS["operators"], "1003", lists.version_of(row)))
    assert did in ("removed", "retired")
    assert admin.sign_in()[1].status_code == 422


def test_a_supervisor_steers_the_shift_and_founds_nothing(desk: Desk) -> None:
    desk.give_account("1001", "ada")
    client = desk.signed_in("ada")
    for opened in ("/waves", "/stock", "/account"):
        assert client.get(opened).status_code == 200, opened
    for closed in ("/set-up", "/access", "/operators", "/api/v1/audit-log"):
        assert client.get(closed).status_code == 403, closed
    html = client.get("/").text
    assert 'href="/access"' not in html
    assert 'href="/waves"' in html


def test_a_desk_on_a_boards_device_is_the_persons_until_they_sign_out(admin: Desk) -> None:
    token = admin.hand.write(lambda tx: setting_up.add_station(tx, "WALL", "board"))["token"]
    client = admin.new_client()
    client.get("/enter", query_string={"token": token})
    assert client.get("/access").status_code == 403
    admin.sign_in(client=client)
    assert client.get("/access").status_code == 200
    client.post("/sign-out", headers=OURS)
    assert client.get("/access").status_code == 403
    assert client.get("/board").status_code == 200


def test_a_session_is_nobodys_station(admin: Desk) -> None:
    client = admin.signed_in()
    assert client.get("/kiosk/HAND-1").status_code in (401, 403)
    token = admin.hand.write(lambda tx: setting_up.add_station_token(tx, "HAND-1"))
    client.get("/enter", query_string={"token": token})
    assert client.get("/kiosk/HAND-1").status_code == 200
    assert client.get("/access").status_code == 200


# ---- who guesses ----


def test_five_wrong_tries_wait_and_the_waiting_gets_longer(admin: Desk) -> None:
    for _ in range(5):
        assert admin.sign_in(passphrase="wrong and wrong again")[1].status_code == 422
    assert admin.sign_in()[1].status_code == 429, "the right one is not judged either"
    admin.clock.on(1.1)
    assert admin.sign_in(passphrase="wrong and wrong again")[1].status_code == 422
    admin.clock.on(1.1)
    assert admin.sign_in()[1].status_code == 429, "two minutes after the sixth"
    admin.clock.on(1)
    assert admin.sign_in()[1].status_code == 303
    assert admin.sign_in(passphrase="wrong and wrong again")[1].status_code == 422, "a right one clears it"


def test_guessing_from_one_address_keeps_nobody_out_at_another(admin: Desk) -> None:
    for _ in range(9):
        admin.sign_in(passphrase="wrong and wrong again", address="10.0.0.66")
    assert admin.sign_in(address="10.0.0.7")[1].status_code == 303


def test_one_address_is_slowed_down_whatever_names_it_tries(admin: Desk) -> None:
    codes = [admin.sign_in(f"name{number}", address="10.0.0.66")[1].status_code for number in range(21)]
    assert codes == [422] * 20 + [429]
    assert admin.sign_in("somebody", address="10.0.0.7")[1].status_code == 422


def test_a_name_nobody_has_is_answered_as_one_somebody_has(admin: Desk) -> None:
    known = [admin.sign_in("eve", "wrong and wrong again", address="10.0.0.1")[1] for _ in range(7)]
    unknown = [admin.sign_in("nobody", "wrong and wrong again", address="10.0.0.2")[1] for _ in range(7)]
    for one, other in zip(known, unknown, strict=True):
        assert (one.status_code, seen(one.text)) == (other.status_code, seen(other.text))
    assert [one.status_code for one in known] == [422] * 5 + [429] * 2


def test_a_sweep_over_two_workers_has_five_guesses_judged(
    admin: Desk, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[str] = []
    monkeypatch.setattr(passphrases, "matches", lambda passphrase, kept: judged.append(passphrase) or False)
    other = open_floor(settings, clock=admin.clock)

    def guess(number: int) -> str:
        floor = (admin.hand.floor, other)[number % 2]
        try:
            desk_entry.enter(floor, Typed("eve", f"guess number {number}", "10.0.0.66"))
        except DomainError as refused:
            return refused.code
        return "in"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(guess, range(200)))
    other.close()
    assert len(judged) == 5
    assert sorted(set(answers)) == ["sign_in_wait", "sign_in_wrong"]


@pytest.mark.engine("sqlite")
def test_waiting_never_gets_longer_than_a_quarter_of_an_hour() -> None:
    waits = [rules.wait_ms(failures, 5) // 60_000 for failures in range(4, 15)]
    assert waits == [0, 1, 2, 4, 8, 15, 15, 15, 15, 15, 15]


def test_a_passphrase_stands_in_no_log_and_no_table(admin: Desk, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        admin.sign_in()
        admin.sign_in(name=PASSPHRASE, passphrase="typed into the wrong field")
    rows = json.dumps([admin.hand.all(f"SELECT * FROM {table} WHERE warehouse_id = :w")
                       for table in ("audit_log", "sign_in_try", "operator_account", "desk_session")])  # fmt: skip
    assert PASSPHRASE not in rows + caplog.text
    subjects = admin.hand.all("SELECT subject, content FROM audit_log WHERE warehouse_id = :w AND subject = 'sign-in'")
    assert [json.loads(one["content"])["sign_in"] for one in subjects] == ["right", "wrong"]


# ---- pages of other sites ----


OTHERS = (
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"},
    {"Origin": "null"}, {},
)  # fmt: skip


@pytest.mark.engine("sqlite")
def test_no_other_sites_page_posts_in_somebodys_name(admin: Desk) -> None:
    client = admin.signed_in()
    sent = {"name": "eve", "passphrase": PASSPHRASE}
    for path in ("/sign-in", "/sign-out", "/join", "/confirm", "/account/passphrase", "/access/tokens"):
        for origin in OTHERS:
            assert client.post(path, data=sent, headers=origin).status_code == 403, (path, origin)
    assert client.get("/access").status_code == 200


# ---- the page of who may come in ----


def test_an_admin_gives_a_link_and_the_person_chooses(admin: Desk) -> None:
    client = admin.signed_in()
    answer = client.post("/access/accounts", data={"badge": "1001", "act": "link"}, headers=OURS)
    assert answer.status_code == 201
    link = answer.text.split("/join?code=")[1].split("<")[0]
    ada = admin.new_client()
    sent = {"code": link, "name": "ada", "passphrase": PASSPHRASE + "!", "again": PASSPHRASE + "!"}
    assert ada.post("/join", data=sent, headers=OURS).status_code == 303
    assert "Ada" in ada.get("/account").text
    assert link not in client.get("/access").text, "shown once"


def test_an_admin_signs_somebody_out_and_takes_accounts_and_tokens_away(admin: Desk) -> None:
    admin.give_account("1001", "ada")
    ada, client = admin.signed_in("ada"), admin.signed_in()
    rows = {one["badge"]: one["id"] for one in admin.hand.write(sessions.listed)}
    assert set(rows) == {"1001", "1003"}
    client.post("/access/sessions", data={"session": rows["1001"]}, headers=OURS)
    assert ada.get("/waves").status_code == 401
    ada = admin.signed_in("ada")
    client.post("/access/accounts", data={"badge": "1001", "act": "take_away"}, headers=OURS)
    assert ada.get("/waves").status_code == 401
    assert admin.sign_in("ada")[1].status_code == 422
    token = admin.hand.write(lambda tx: setting_up.add_token(tx, "shop", TokenRole.API))
    program = {"Authorization": f"Bearer {token}"}
    assert admin.new_client().get("/api/v1/board", headers=program).status_code == 200
    number = admin.hand.one("SELECT id FROM access_token WHERE warehouse_id = :w AND name = 'shop'")["id"]
    assert "shop" in client.get("/access").text
    client.post("/access/tokens", data={"token": number}, headers=OURS)
    assert admin.new_client().get("/api/v1/board", headers=program).status_code == 401
    gone = client.post("/access/tokens", data={"token": number}, headers=OURS)
    assert (gone.status_code, "taken away already" in gone.text) == (404, True)


def test_who_may_come_in_is_changed_only_by_whoever_just_proved_who_they_are(admin: Desk) -> None:
    client = admin.signed_in()
    before = client.get_cookie("floor_desk").value
    admin.clock.on(11)
    sent = {"badge": "1001", "act": "link"}
    answer = client.post("/access/accounts", data=sent, headers={**OURS, "Referer": "http://localhost/access"})
    assert (answer.status_code, answer.location) == (303, "/confirm?next=%2Faccess")
    assert not admin.hand.all("SELECT id FROM account_link WHERE warehouse_id = :w AND used_at_ms IS NULL")
    program = client.post("/access/accounts", data=sent, headers={"Sec-Fetch-Site": "same-origin"})
    assert (program.status_code, program.get_json()["code"]) == (403, "proof_needed")
    wrong = client.post("/confirm", data={"passphrase": "not it at all", "next": "/access"}, headers=OURS)
    assert wrong.status_code == 422
    right = client.post("/confirm", data={"passphrase": PASSPHRASE, "next": "/access"}, headers=OURS)
    assert (right.status_code, right.location) == (303, "/access")
    assert client.get_cookie("floor_desk").value != before, "another token from here on"
    assert client.post("/access/accounts", data=sent, headers=OURS).status_code == 201


def test_another_passphrase_ends_the_other_sessions(admin: Desk) -> None:
    here, there = admin.signed_in(), admin.signed_in()
    fresh = "eight lamps under the roof"
    sent = {"passphrase": "not it at all", "new": fresh, "again": fresh}
    assert here.post("/account/passphrase", data=sent, headers=OURS).status_code == 422
    sent["passphrase"] = PASSPHRASE
    assert here.post("/account/passphrase", data=sent, headers=OURS).location == "/account?did=changed"
    assert here.get("/account").status_code == 200
    assert there.get("/account").status_code == 401
    assert admin.sign_in()[1].status_code == 422
    assert admin.sign_in(passphrase=fresh)[1].status_code == 303


def test_what_somebody_signed_in_does_stands_in_the_log_in_their_name(admin: Desk) -> None:
    client = admin.signed_in()
    client.post("/operators/rules", data={"auto_lock_min": "7", "pin_rule": "own"}, headers=OURS)
    newest = "SELECT operator_id, subject FROM audit_log WHERE warehouse_id = :w ORDER BY id DESC LIMIT 1"
    entry = admin.hand.one(newest)
    eve = admin.hand.one("SELECT id FROM operator WHERE warehouse_id = :w AND badge = '1003'")["id"]
    assert entry == {"operator_id": eve, "subject": "POST /operators/rules"}


def test_a_token_that_is_over_scans_nothing_and_opens_nothing(admin: Desk) -> None:
    token = admin.hand.write(lambda tx: setting_up.add_station_token(tx, "HAND-1"))
    header = {"Authorization": f"Bearer {token}"}
    client = create_app(admin.hand.floor).test_client()
    sent = {"scan_id": "one", "station": "HAND-1", "code": "MUG", "occurred_at": "2026-11-22T10:00:00+00:00"}
    assert client.post("/api/v1/scans", json=sent, headers=header).status_code == 200
    over = "UPDATE access_token SET expires_at_ms = :now WHERE warehouse_id = :w AND token_sha256 = :token"
    admin.hand.write(lambda tx: tx.put(over, now=admin.clock.now_ms, token=hash_token(token)))
    assert client.post("/api/v1/scans", json=sent, headers=header).status_code == 401
    assert client.get("/kiosk/HAND-1", headers=header).status_code == 401


# ---- one's own sessions ----


def own_sessions(desk: Desk, name: str) -> list[int]:
    return [one["id"] for one in desk.hand.write(sessions.listed) if one["name"] == name]


def test_everybody_sees_where_they_are_signed_in_and_ends_it_there(desk: Desk) -> None:
    desk.give_account("1001", "ada")
    desk.give_account()
    here, there, third, eve = (desk.signed_in(name) for name in ("ada", "ada", "ada", "eve"))
    html = here.get("/account").text
    assert (html.count('value="one"'), "(this one)" in html) == (2, True), "not one's own, and not Eve's"
    newest, *_ = own_sessions(desk, "Ada")
    assert here.post("/account/sessions", data={"session": newest, "act": "one"}, headers=OURS).status_code == 303
    assert third.get("/account").status_code == 401
    assert there.get("/account").status_code == 200
    assert here.post("/account/sessions", data={"act": "all"}, headers=OURS).status_code == 303
    assert there.get("/account").status_code == 401
    assert [here.get("/account").status_code, eve.get("/account").status_code] == [200, 200]
    told = "SELECT content FROM audit_log WHERE warehouse_id = :w AND subject = 'account' ORDER BY id DESC LIMIT 1"
    assert json.loads(desk.hand.one(told)["content"])["sessions"] == "ended"


@pytest.mark.parametrize("number", ["", "x", "9" * 18, "eves"])
def test_nobody_ends_a_session_of_somebody_else_by_guessing_its_number(desk: Desk, number: str) -> None:
    desk.give_account("1001", "ada")
    desk.give_account()
    ada, eve = desk.signed_in("ada"), desk.signed_in()
    sent = {"session": str(own_sessions(desk, "Eve")[0]) if number == "eves" else number, "act": "one"}
    answer = ada.post("/account/sessions", data=sent, headers=OURS)
    assert (answer.status_code, "over already" in answer.text) == (404, True)
    assert eve.get("/account").status_code == 200


def test_ending_ones_own_sessions_asks_for_the_passphrase_after_a_while(admin: Desk) -> None:
    here, there = admin.signed_in(), admin.signed_in()
    admin.clock.on(11)
    answer = here.post("/account/sessions", data={"act": "all"}, headers=OURS)
    assert (answer.status_code, answer.location.split("?")[0]) == (303, "/confirm")
    assert there.get("/account").status_code == 200


# ---- plain HTTP on a network ----


@pytest.mark.parametrize("host", ["127.0.0.1", "192.168.7.4"])
def test_every_page_of_an_admin_says_that_plain_http_on_a_network_is_not_private(settings: Settings, host: str) -> None:
    floor, desk = desk_of(replace(settings, host=host, insecure_lan=True))
    desk.give_account()
    client = desk.signed_in()
    says: dict[str, bool] = {}
    for rule in client.application.url_map.iter_rules():
        if rule.arguments or "GET" not in (rule.methods or ()):
            continue
        with client.get(rule.rule, headers=OURS) as answer:
            is_page = answer.status_code == 200 and answer.mimetype == "text/html"
            if is_page and "<html" in answer.text:  # and no part of one, fetched into it
                says[rule.rule] = 'class="plain-lan"' in answer.text
    floor.close()
    assert len(says) > 25
    assert [address for address, is_said in says.items() if is_said != (host != "127.0.0.1")] == []
