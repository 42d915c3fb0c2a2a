"""/api/v1 as a program meets it: permissions, bodies, problems, and scans that count once."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.domain.codes import own_code
from fulfillment.domain.roles import Permission, TokenRole, may
from fulfillment.services.set_up import setting_up
from fulfillment.web.auth import UndeclaredRoute, permission_of
from tests.factories import FloorHand

NOW = "2026-11-20T09:00:00+00:00"


@pytest.fixture
def app(hand: FloorHand) -> Flask:
    return create_app(hand.floor)


class Caller:
    """A program with a token."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self._client, self._headers = client, {"Authorization": f"Bearer {token}"}

    def post(self, path: str, body: Any = None) -> Any:
        return self._client.post(f"/api/v1{path}", json=body, headers=self._headers)

    def send(self, path: str, raw: bytes) -> Any:
        return self._client.post(
            f"/api/v1{path}", data=raw, headers={**self._headers, "Content-Type": "application/json"}
        )

    def patch(self, path: str, body: Any) -> Any:
        return self._client.patch(f"/api/v1{path}", json=body, headers=self._headers)

    def get(self, path: str) -> Any:
        return self._client.get(f"/api/v1{path}", headers=self._headers)


@pytest.fixture
def shop(app: Flask, hand: FloorHand) -> Caller:
    return Caller(app.test_client(), hand.write(lambda tx: setting_up.add_token(tx, "shop", TokenRole.API)))


@pytest.fixture
def admin(app: Flask, hand: FloorHand) -> Caller:
    return Caller(app.test_client(), hand.write(lambda tx: setting_up.add_token(tx, "me", TokenRole.ADMIN)))


@pytest.fixture
def kiosk(app: Flask, admin: Caller) -> Caller:
    token = admin.post("/stations", {"code": "K1", "kind": "handheld", "location": "DOCK-1"}).json["token"]
    return Caller(app.test_client(), token)


def scan(code: str, scan_id: str = "s1", **more: Any) -> dict[str, Any]:
    return {"scan_id": scan_id, "station": "K1", "code": code, "occurred_at": NOW, **more}


def order(number: str = "1", **changes: Any) -> dict[str, Any]:
    lines = [{"sku": "MUG", "qty_each": 2, "unit_price_minor": 499, "currency": "GBP"}]
    return {"number": number, "ordered_at": NOW, "lines": lines, "ship_to": {"name": "Jo", "country": "GB"}, **changes}


# --- who may -------------------------------------------------------------------------------------------------


def test_every_route_declares_a_permission(app: Flask) -> None:
    assert all(permission_of(app, rule.endpoint) for rule in app.url_map.iter_rules())


def test_a_route_without_a_permission_stops_start_up(hand: FloorHand, monkeypatch: pytest.MonkeyPatch) -> None:
    from fulfillment import app as app_module

    def register(app: Flask) -> None:
        app.add_url_rule("/open-door", "open_door", lambda: "come in")

    monkeypatch.setattr(app_module, "register_errors", register)
    with pytest.raises(UndeclaredRoute, match="/open-door"):
        create_app(hand.floor)


def filled(rule: str) -> str:
    """A path of that rule, its parts filled with a number or a word."""
    rule = re.sub(r"<any\((\w+)[^)]*\):\w+>", r"\1", re.sub(r"<int:\w+>", "1", rule))
    return re.sub(r"<(?:\w+:)?(\w+)>", r"\1", rule)


def test_without_a_token_everything_but_the_public_routes_is_refused(app: Flask) -> None:
    client = app.test_client()
    for rule in app.url_map.iter_rules():
        if permission_of(app, rule.endpoint) == Permission.PUBLIC or rule.endpoint.endswith(".static"):
            continue
        method = next(m for m in rule.methods or () if m not in ("HEAD", "OPTIONS"))
        answer = client.open(filled(rule.rule), method=method, json={})
        assert answer.status_code == 401, rule.rule


@pytest.mark.parametrize("role", list(TokenRole))
def test_each_token_role_reaches_just_its_routes(app: Flask, hand: FloorHand, role: str) -> None:
    token = hand.write(lambda tx: setting_up.add_token(tx, "x", role))
    for rule in app.url_map.iter_rules():
        permission = permission_of(app, rule.endpoint)
        assert permission is not None
        if may(role, permission) or rule.endpoint.endswith(".static"):
            continue
        method = next(m for m in rule.methods or () if m not in ("HEAD", "OPTIONS"))
        headers = {"Authorization": f"Bearer {token}"}
        answer = app.test_client().open(filled(rule.rule), method=method, json={}, headers=headers)
        assert answer.status_code == 403, (role, rule.rule)


def test_a_station_cannot_scan_for_another(kiosk: Caller) -> None:
    answer = kiosk.post("/scans", scan("MUG") | {"station": "HAND-1"})
    assert (answer.status_code, answer.json["code"]) == (403, "other_station")


def test_a_cookie_from_another_page_changes_nothing(app: Flask, hand: FloorHand) -> None:
    token = hand.write(lambda tx: setting_up.add_token(tx, "x", TokenRole.API))
    client = app.test_client()
    client.set_cookie("floor_token", token)
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {}):
        answer = client.post("/api/v1/orders", json=order(), headers=headers)
        assert (answer.status_code, answer.json["code"]) == (403, "cross_origin")
    answer = client.post("/api/v1/orders", json=order(), headers={"Origin": "http://localhost"})
    assert answer.status_code == 201


def test_tokens_are_stored_as_hashes_only(app: Flask, hand: FloorHand) -> None:
    token = hand.write(lambda tx: setting_up.add_token(tx, "x", TokenRole.API))
    stored = json.dumps(hand.all("SELECT * FROM access_token"))
    assert token not in stored
    assert setting_up.hash_token(token) in stored


# --- scans ---------------------------------------------------------------------------------------------------


def test_the_answer_to_a_scan_is_the_next_screen(kiosk: Caller) -> None:
    answer = kiosk.post("/scans", scan(own_code("B", "1001")))
    assert answer.status_code == 200
    assert answer.json["outcome"] == "applied"
    assert answer.json["replayed"] is False
    assert answer.json["step"]["state"] == "menu"
    assert {"kind": "command", "code": own_code("C", "PICK"), "label": "PICK"} in answer.json["step"]["expects"]
    assert kiosk.get("/stations/K1/step").json == answer.json["step"]


def test_a_replayed_scan_returns_the_first_outcome(kiosk: Caller, hand: FloorHand) -> None:
    first = kiosk.post("/scans", scan(own_code("B", "1001"))).json
    again = kiosk.post("/scans", scan(own_code("B", "1001"))).json
    assert again == {**first, "replayed": True}
    assert hand.one("SELECT COUNT(*) AS n FROM scan")["n"] == 1


def test_a_scan_id_with_another_body_is_refused(kiosk: Caller) -> None:
    kiosk.post("/scans", scan(own_code("B", "1001")))
    answer = kiosk.post("/scans", scan(own_code("B", "1002")))
    assert (answer.status_code, answer.json["code"], answer.json["field"]) == (409, "scan_id_reused", "scan_id")


@pytest.mark.parametrize(
    ("code", "status", "problem"),
    [("", 422, "malformed_code"), ("A" * 10_240, 422, "malformed_code"), ("A\x00B", 422, "malformed_code"),
     ("A\x1bB", 422, "malformed_code"), ("A\x85B", 422, "malformed_code")],
)  # fmt: skip
def test_what_no_scanner_may_send_is_named(kiosk: Caller, code: str, status: int, problem: str) -> None:
    answer = kiosk.post("/scans", scan(code))
    assert (answer.status_code, answer.json["code"], answer.json["field"]) == (status, problem, "code")


def test_an_unknown_code_is_the_operators_to_put_right(kiosk: Caller) -> None:
    kiosk.post("/scans", scan(own_code("B", "1001"), "s0"))
    kiosk.post("/scans", scan(own_code("C", "PUTAWAY"), "s1"))
    answer = kiosk.post("/scans", scan("never seen", "s2"))
    assert answer.status_code == 200
    assert answer.json["outcome"] == "rejected"
    assert (answer.json["code"], answer.json["got"]) == ("unknown_code", "never seen")


@pytest.mark.parametrize("qty", [0, -1, 80_995_000, 10**30])
def test_an_absurd_count_is_refused(kiosk: Caller, qty: int) -> None:
    assert kiosk.post("/scans", scan("MUG", qty_each=qty)).status_code == 422


@pytest.mark.parametrize(
    "change",
    [{"scan_id": 7}, {"scan_id": ""}, {"scan_id": "x" * 65}, {"occurred_at": "yesterday"},
     {"occurred_at": "2026-11-20T09:00:00"}, {"qty_each": "three"}, {"qty_each": 1.5}, {"surprise": 1}],
)  # fmt: skip
def test_a_malformed_scan_names_its_field(kiosk: Caller, change: dict[str, Any]) -> None:
    answer = kiosk.post("/scans", scan("MUG") | change)
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert answer.json["code"]
    assert answer.json.get("field") or answer.json.get("detail")


def test_a_body_that_is_no_json_is_a_problem(app: Flask, hand: FloorHand) -> None:
    token = hand.write(lambda tx: setting_up.add_token(tx, "x", TokenRole.API))
    headers = {"Authorization": f"Bearer {token}"}
    form = "application/x-www-form-urlencoded"
    for content, mimetype in (("{", "application/json"), ("a=b", form), ("", "text/plain")):
        answer = app.test_client().post("/api/v1/orders", data=content, content_type=mimetype, headers=headers)
        assert (answer.status_code, answer.json["code"]) == (400, "malformed_json")


@pytest.mark.parametrize("bytes_", [b"\xff", b"\xed\xa0\x80"])
def test_a_body_that_is_no_utf8_is_a_problem(shop: Caller, bytes_: bytes) -> None:
    raw = b'{"number": "' + bytes_ + b'"}'
    answer = shop.send("/orders", raw)
    assert (answer.status_code, answer.json["code"]) == (400, "malformed_json")


def test_half_a_surrogate_pair_is_no_text(shop: Caller) -> None:
    answer = shop.send("/orders", b'{"number": "\\ud800"}')
    assert (answer.status_code, answer.json["code"]) == (400, "malformed_json")


@pytest.mark.parametrize(
    "time",
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "9999-12-31T23:00:00+00:00",
     "1969-12-31T00:00:00+00:00"],
)  # fmt: skip
def test_a_time_no_order_can_have_names_its_field(shop: Caller, kiosk: Caller, hand: FloorHand, time: str) -> None:
    hand.item("MUG")
    late = shop.post("/orders", order(ordered_at=time))
    assert (late.status_code, late.json["code"], late.json["field"]) == (422, "bad_time", "ordered_at")
    scanned = kiosk.post("/scans", scan("MUG") | {"occurred_at": time})
    assert (scanned.status_code, scanned.json["field"]) == (422, "occurred_at")
    wave = shop.post("/waves", {"ordered_until": time})
    assert (wave.status_code, wave.json["field"]) == (422, "ordered_until")


@pytest.mark.parametrize("text", ["a\x00b", "\x1b[31m", "a\x85b"])
def test_control_characters_name_their_field(shop: Caller, hand: FloorHand, text: str) -> None:
    hand.item("MUG")
    for change, field in (
        ({"ship_to": {"address1": text}}, "ship_to.address1"), ({"channel": text}, "channel"),
        ({"lines": [{"sku": text, "qty_each": 1}]}, "lines[0].sku"),
    ):  # fmt: skip
        answer = shop.post("/orders", order(**change))
        assert (answer.status_code, answer.json["field"]) == (422, field)
    shop.post("/orders", order())
    assert shop.patch("/orders/1", {"ship_to": {"city": text}}).status_code == 422
    assert shop.post("/orders/1/hold", {"reason": text}).status_code == 422


def test_an_address_may_be_written_over_two_lines(shop: Caller, hand: FloorHand) -> None:
    hand.item("MUG")
    assert shop.post("/orders", order(ship_to={"address1": "Flat 2\r\n1 Road"})).status_code == 201


# --- orders, receipts, stock ---------------------------------------------------------------------------------


def test_an_order_is_taken_in_once(shop: Caller, hand: FloorHand) -> None:
    hand.item("MUG")
    assert shop.post("/orders", order()).status_code == 201
    assert shop.post("/orders", order()).status_code == 200
    changed = shop.post("/orders", order(priority=5))
    assert (changed.status_code, changed.json["code"]) == (409, "order_exists")
    assert hand.one("SELECT COUNT(*) AS n FROM sales_order")["n"] == 1


def test_an_unknown_sku_puts_the_order_on_hold_with_its_reason(shop: Caller, hand: FloorHand) -> None:
    answer = shop.post("/orders", order())
    assert answer.json["state"] == "hold"
    assert (answer.json["hold_reason"], answer.json["hold_note"]) == ("unknown_sku", "MUG")
    assert hand.one("SELECT COUNT(*) AS n FROM item")["n"] == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"lines": []}, "lines"),
        ({"lines": [{"sku": "MUG", "qty_each": -1}]}, "lines[0].qty_each"),
        ({"lines": [{"sku": "MUG", "qty_each": 80_995}]}, "lines[0].qty_each"),
        ({"lines": [{"sku": " ", "qty_each": 1}]}, "lines[0].sku"),
        ({"number": ""}, "number"),
        ({"number": "a\nb"}, "number"),
        ({"ship_to": {"country": "England"}}, "ship_to.country"),
        ({"ordered_at": "2026-11-20"}, "ordered_at"),
        ({"policy": "ship_never"}, "policy"),
    ],
)
def test_a_bad_order_names_its_field_and_leaves_nothing(
    shop: Caller, hand: FloorHand, change: dict[str, Any], field: str
) -> None:
    hand.item("MUG")
    answer = shop.post("/orders", order(**change))
    assert (answer.status_code, answer.json["field"]) == (422, field)
    assert hand.one("SELECT COUNT(*) AS n FROM sales_order")["n"] == 0


def test_names_in_any_script_survive(shop: Caller, hand: FloorHand) -> None:
    hand.item("MUG")
    ship_to = {"name": "王小明 Ægir Ñandú", "address1": "上海市…路 1 号", "city": "東京", "country": "JP"}
    assert shop.post("/orders", order(ship_to=ship_to)).json["ship_to"]["name"] == "王小明 Ægir Ñandú"


def test_an_order_can_be_held_released_changed_and_cancelled(shop: Caller, hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 10)
    assert shop.post("/orders", order()).json["state"] == "allocated"
    assert shop.post("/orders/1/hold", {"reason": "call the customer"}).json["state"] == "hold"
    assert shop.get("/stock?sku=mug").json["rows"][0]["allocated_each"] == 0
    assert shop.post("/orders/1/hold", {"release": True}).json["state"] == "allocated"
    assert shop.patch("/orders/1", {"priority": 9}).json["priority"] == 9
    assert shop.post("/orders/1/cancel").json["state"] == "cancelled"
    assert shop.get("/stock?sku=mug").json["rows"][0]["allocated_each"] == 0


def test_orders_of_two_channels_may_share_a_number(shop: Caller, hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 10)
    for channel in ("shop", "fair"):
        assert shop.post("/orders", order(channel=channel)).json["channel"] == channel
    unclear = shop.get("/orders/1")
    assert (unclear.status_code, unclear.json["code"], unclear.json["field"]) == (409, "ambiguous_order", "channel")
    assert shop.post("/orders/1/hold?channel=fair", {"reason": "x"}).json["state"] == "hold"
    assert shop.post("/orders/1/hold?channel=fair", {"release": True}).json["state"] == "allocated"
    assert shop.patch("/orders/1?channel=fair", {"priority": 3}).json["priority"] == 3
    assert shop.post("/orders/1/cancel?channel=fair").json["state"] == "cancelled"
    assert shop.get("/orders/1?channel=shop").json["state"] == "allocated"


def test_an_order_number_may_hold_a_slash(shop: Caller, hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 10)
    shop.post("/orders", order("2026/11/1"))
    assert shop.get("/orders/2026%2F11%2F1").json["number"] == "2026/11/1"
    assert shop.post("/orders/2026%2F11%2F1/hold", {"reason": "x"}).json["state"] == "hold"
    assert shop.patch("/orders/2026%2F11%2F1", {"priority": 3}).json["priority"] == 3
    assert shop.post("/orders/2026%2F11%2F1/cancel").json["state"] == "cancelled"


def test_what_does_not_exist_is_404(shop: Caller, admin: Caller) -> None:
    for path in ("/orders/none", "/waves/77", "/receipts/none", "/parcels/none"):
        answer = shop.get(path)
        assert answer.status_code == 404, path
        assert answer.json["code"].startswith("unknown_")
    for path in ("/nothing-here", f"/waves/{10**20}"):  # a number no database can count to is no address
        assert admin.get(path).status_code == 404


def test_a_receipt_is_announced_once_and_shows_what_came(shop: Caller, hand: FloorHand) -> None:
    hand.item("MUG")
    body = {"number": "PO-1", "received_on": "2026-11-01", "lines": [{"sku": "mug", "qty_each": 5}]}
    assert shop.post("/receipts", body).status_code == 201
    again = shop.post("/receipts", body)
    assert (again.status_code, again.json["barcode"]) == (200, own_code("R", "PO-1"))
    other = shop.post("/receipts", body | {"received_on": "2026-11-02"})
    assert (other.status_code, other.json["code"]) == (409, "receipt_exists")
    bad = shop.post("/receipts", body | {"number": "PO-2", "lines": [{"sku": "CUP", "qty_each": 5}]})
    assert (bad.status_code, bad.json["field"]) == (422, "lines[0].sku")


def test_stock_is_paged_without_losing_a_row(shop: Caller, hand: FloorHand) -> None:
    for number in range(7):
        hand.item(f"S{number}")
        hand.stock(f"S{number}", number + 1, "A01-01-1" if number % 2 else "A02-01-1")
    seen, after = [], ""
    while True:
        page = shop.get(f"/stock?limit=3{after}").json
        seen += [(row["sku"], row["on_hand_each"]) for row in page["rows"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert sorted(seen) == [(f"S{number}", number + 1) for number in range(7)]
    beyond = 10**20
    for query in ("limit=0", "limit=x", "limit=²", f"limit={beyond}", "after=1.2", "after=1.².0.a"):
        assert shop.get(f"/stock?{query}").status_code == 422
    assert shop.get(f"/stock?after={beyond}.1.0.a").status_code == 422


def test_a_wave_needs_something_to_release(shop: Caller, hand: FloorHand) -> None:
    answer = shop.post("/waves", {})
    assert (answer.status_code, answer.json["code"]) == (409, "nothing_to_release")
    hand.item("MUG")
    hand.stock("MUG", 10)
    shop.post("/orders", order())
    wave = shop.post("/waves", {"orders": ["1"]})
    assert (wave.status_code, wave.json["state"], wave.json["units"]) == (201, "planning", 2)
    again = shop.post("/waves", {"orders": ["1"]})
    assert (again.status_code, again.json["code"]) == (409, "not_releasable")


def test_verify_and_audit_answer_over_http(shop: Caller, hand: FloorHand) -> None:
    hand.item("MUG")
    hand.stock("MUG", 10)
    shop.post("/orders", order())
    assert shop.get("/ledger/verify").json["ok"] is True
    assert shop.get("/fifo-audit").json["ok"] is True


# --- setting up, health, description --------------------------------------------------------------------------


def test_a_floor_is_set_up_over_http(admin: Caller) -> None:
    eve = admin.post("/operators", {"badge": "7", "name": "Eve", "role": "picker"})
    assert eve.json["barcode"] == own_code("B", "7")
    assert admin.post("/operators", {"badge": "7", "name": "Eve", "role": "picker"}).status_code == 409
    assert admin.post("/operators", {"badge": "8", "name": "Eve", "role": "king"}).status_code == 422
    assert len(admin.post("/totes", {"count": 3}).json["totes"]) == 3
    assert admin.post("/carts", {"count": 1, "positions": 8}).json["carts"][0]["positions"] == 8
    printer = {"code": "P1", "address": "tcp://127.0.0.1:9100", "language": "zpl"}
    assert admin.post("/printers", printer).status_code == 201
    station = {"code": "B2", "kind": "bench", "location": "BENCH-1", "label_printer": "P1"}
    assert admin.post("/stations", station).json["token"].startswith("fl_")
    lost = admin.post("/stations", station | {"code": "B3", "label_printer": "P9"})
    assert (lost.status_code, lost.json["field"]) == (404, "label_printer")


def test_health_needs_no_token(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/api/v1/healthz").json == {"ok": True}
    assert client.get("/api/v1/readyz").status_code == 200


def test_the_description_is_what_the_server_does(app: Flask) -> None:
    document = app.test_client().get("/api/v1/openapi.json").json
    described = {(method.upper(), path) for path, entry in document["paths"].items() for method in entry}
    routed = {
        (method, rule.rule.replace("<int:", "{").replace("<path:", "{").replace("<", "{").replace(">", "}"))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == routed
    scan_body = document["components"]["schemas"]["ScanBody"]
    assert set(scan_body["required"]) == {"scan_id", "station", "code", "occurred_at"}


def test_pages_carry_the_security_headers(app: Flask) -> None:
    headers = app.test_client().get("/api/v1/healthz").headers
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_bug_is_a_500_that_tells_nothing(app: Flask, shop: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    from fulfillment.web import api

    def broken(*_: Any) -> None:
        raise RuntimeError("secret path /etc/shadow")

    monkeypatch.setattr(api.orders, "describe", broken)
    answer = shop.get("/orders/1")
    assert (answer.status_code, answer.json["code"]) == (500, "internal_error")
    assert "secret" not in answer.text


def test_a_board_that_did_not_change_is_not_sent_again(app: Flask, hand: FloorHand) -> None:
    token = hand.write(lambda tx: setting_up.add_token(tx, "wall", TokenRole.BOARD))
    headers = {"Authorization": f"Bearer {token}"}
    first = app.test_client().get("/api/v1/board", headers=headers)
    again = app.test_client().get("/api/v1/board", headers=headers | {"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code, again.data) == (200, 304, b"")
    hand.item("MUG")
    hand.order("1", ("MUG", 1))
    after = app.test_client().get("/api/v1/board", headers=headers | {"If-None-Match": first.headers["ETag"]})
    assert after.status_code == 200


def test_a_person_without_a_link_is_told_in_words_and_a_program_in_json(app: Flask) -> None:
    person = app.test_client().get("/board", headers={"Accept": "text/html,application/xhtml+xml"})
    assert (person.status_code, person.mimetype) == (401, "text/html")
    assert "not signed on" in person.text
    program = app.test_client().get("/api/v1/board")
    assert (program.status_code, program.mimetype) == (401, "application/problem+json")
