"""What is open to whoever can reach the port: these routes and no others."""

from __future__ import annotations

import pytest

from fulfillment.app import create_app
from fulfillment.domain.roles import Permission, TokenRole
from fulfillment.services.set_up import setting_up
from fulfillment.web.auth import permission_of
from tests.factories import FloorHand

OPEN = {
    "/", "/enter", "/language", "/ui/<path:name>", "/api/v1/healthz", "/api/v1/livez", "/api/v1/readyz", "/api/v1/ping",
    "/api/v1/openapi.json", "/sw.js", "/training", "/sign-in", "/sign-out", "/join", "/enrol",
    "/api/v1/enrol",
}  # fmt: skip


def test_only_these_routes_are_open_to_anybody(hand: FloorHand) -> None:
    app = create_app(hand.floor)
    public = {rule.rule for rule in app.url_map.iter_rules()
              if permission_of(app, rule.endpoint) == Permission.PUBLIC and not rule.endpoint.endswith("static")}
    assert public - OPEN == set()


@pytest.mark.parametrize(
    "address", ["/orders/a%00b", "/stock?sku=%00", "/audit-log?subject=x%00", "/carrier-labels?parcel=%00"]
)  # fmt: skip
def test_a_zero_byte_in_an_address_is_refused_on_both_engines(hand: FloorHand, address: str) -> None:
    token = hand.write(lambda tx: setting_up.add_token(tx, "admin", TokenRole.ADMIN))
    answer = create_app(hand.floor).test_client().get(
        f"/api/v1{address}", headers={"Authorization": f"Bearer {token}"}
    )  # fmt: skip
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad_request")


@pytest.mark.parametrize("address", ["/counts/9223372036854775808", "/tours/35519851819056458891264"])
def test_a_number_no_database_can_count_to_is_not_found(hand: FloorHand, address: str) -> None:
    token = hand.write(lambda tx: setting_up.add_token(tx, "admin", TokenRole.ADMIN))
    client, headers = create_app(hand.floor).test_client(), {"Authorization": f"Bearer {token}"}
    assert client.get(f"/api/v1{address}", headers=headers).status_code == 404
    assert client.get("/api/v1/counts/9223372036854775807", headers=headers).status_code == 404


@pytest.mark.parametrize(("scheme", "is_secure"), [("http", False), ("https", True)])
def test_the_link_of_a_station_gives_a_cookie_no_script_reads(hand: FloorHand, scheme: str, is_secure: bool) -> None:
    token = hand.write(lambda tx: setting_up.add_station(tx, "HAND-9", "handheld"))["token"]
    answer = create_app(hand.floor).test_client().get(f"/enter?token={token}", base_url=f"{scheme}://floor.local")
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert answer.status_code == 302
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert ("Secure" in cookie.split("; ")) is is_secure
    assert answer.headers["Referrer-Policy"] == "no-referrer"
