"""The supervisor's page of waves and the live floor map: what it shows, what it does, whom it refuses."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.domain.codes import own_code
from fulfillment.domain.roles import TokenRole
from fulfillment.services.figures import flow_lanes
from fulfillment.services.releasing import wave_acts
from fulfillment.services.set_up import setting_up
from fulfillment.web.auth import COOKIE
from kiosk_ui.words import WORDS
from tests.factories import NOBODY, FloorHand
from tests.services.acts import go_to_stop, make_stop, release, take_tour
from tests.services.walking.a_walk import PLACES, stock_every_bin

OURS = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
SUPERVISOR, PICKER = "1001", "1002"


@pytest.fixture
def wave(hand: FloorHand) -> int:
    stock_every_bin(hand)
    for number in range(8):
        hand.order(str(number), (PLACES[number % 2], 1))
    return release(hand)


def entered(hand: FloorHand, role: TokenRole) -> FlaskClient:
    client = create_app(hand.floor).test_client()
    client.set_cookie(COOKIE, hand.write(lambda tx: setting_up.add_token(tx, role, role)))
    return client


def seen(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def post(client: FlaskClient, path: str, **form: Any) -> Any:
    return client.post(path, data=form, headers=OURS)


def ask(client: FlaskClient, method: str, path: str, **body: Any) -> Any:
    answer = client.open(f"/api/v1{path}", method=method, json=body if method == "POST" else None, headers=OURS)
    return answer.status_code, answer.get_json()


def test_the_page_says_who_walks_what_and_what_waits(hand: FloorHand, wave: int) -> None:
    take_tour(hand)
    make_stop(hand)
    html = seen(entered(hand, TokenRole.BOARD).get("/waves").text)
    assert f"Wave {wave}" in html
    assert "Ada HAND-1" in html
    assert "Stops 1/" in html
    assert WORDS["lane"]["picking"] in html


def test_the_bottleneck_says_which_lane_lacks_work_behind_it(
    hand: FloorHand, wave: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = flow_lanes.bottleneck

    def tight(tx: Any, period: Any) -> dict[str, Any]:
        found = real(tx, period)
        pick, pack = ({**lane, "people": 2, "starved_percent": 41.6} for lane in found["lanes"][:2])
        return {**found, "lane": "pick", "behind": "pack", "holds_up": True, "lanes": [pick, pack]}

    monkeypatch.setattr(flow_lanes, "bottleneck", tight)
    html = entered(hand, TokenRole.BOARD).get("/waves").text
    assert "Packing behind it had nothing to take for 42 % of the time." in seen(html)
    assert 'href="/flow/bottleneck"' in html


def test_a_board_steers_for_a_supervisors_badge_only(hand: FloorHand, wave: int) -> None:
    board = entered(hand, TokenRole.BOARD)
    refused = post(board, f"/waves/{wave}/steer", act="pause", badge=PICKER)
    assert refused.status_code == 422
    assert WORDS["wave_refused"]["not_allowed"] in seen(refused.text)
    assert post(board, f"/waves/{wave}/steer", act="pause", badge=own_code("B", SUPERVISOR)).status_code == 303
    page = seen(board.get("/waves").text)
    assert "paused" in page
    assert "by Ada" in page
    assert post(board, "/wave-acts/1", badge=SUPERVISOR).status_code == 303
    assert hand.one("SELECT paused_at_ms FROM wave")["paused_at_ms"] is None


def test_every_act_is_a_form_of_the_page(hand: FloorHand, wave: int) -> None:
    desk = entered(hand, TokenRole.ADMIN)
    tour = hand.one("SELECT MIN(id) AS id FROM tour")["id"]
    for path, form in (
        ("steer", {"act": "priority", "priority": "7"}), ("steer", {"act": "priority", "priority": "9", "tour": tour}),
        ("steer", {"act": "assign", "picker": PICKER, "tour": tour}), ("steer", {"act": "pause"}),
        ("steer", {"act": "resume"}), ("cut", {"act": "split", "orders": "6, 7"}), ("cut", {"act": "cancel"}),
    ):  # fmt: skip
        assert post(desk, f"/waves/{wave}/{path}", **form).status_code == 303
    done = [act["act"] for act in hand.write(wave_acts.listed)]
    assert done == ["cancel", "split", "resume", "pause", "assign", "prioritise", "prioritise"]
    for form in ({"act": "priority", "priority": "much"}, {"act": "dance"}):
        assert post(desk, f"/waves/{wave}/steer", **form).status_code == 422


def test_a_program_steers_without_a_badge_and_it_is_told(hand: FloorHand, wave: int) -> None:
    desk = entered(hand, TokenRole.API)
    tour = hand.one("SELECT MIN(id) AS id FROM tour")["id"]
    for path, body in (
        ("pause", {}), ("resume", {}), ("priority", {"priority": 3}), (f"tours/{tour}/assign", {"picker": PICKER}),
        ("split", {"orders": ["7"]}), ("cancel", {}),
    ):  # fmt: skip
        status, answer = ask(desk, "POST", f"/waves/{wave}/{path}", **body)
        assert (status, answer["wave"]) == (200, wave)
    assert ask(desk, "POST", "/wave-acts/1/undo")[0] == 409
    status, answer = ask(desk, "GET", f"/wave-acts?wave={wave}")
    assert (status, len(answer["acts"])) == (200, 6)
    assert ask(desk, "GET", "/wave-acts?wave=x")[0] == 422
    told = hand.all("SELECT subject FROM audit_log WHERE kind = 'api' ORDER BY id")
    assert [row["subject"] for row in told][:2] == [
        f"POST /api/v1/waves/{wave}/pause", f"POST /api/v1/waves/{wave}/resume",
    ]  # fmt: skip


def test_a_station_steers_nothing(hand: FloorHand, wave: int) -> None:
    station = entered(hand, TokenRole.STATION)
    for act in ("pause", "resume", "priority", "cancel", "split", "tours/1/assign"):
        assert ask(station, "POST", f"/waves/{wave}/{act}", badge=SUPERVISOR)[0] in (401, 403)
    assert post(station, f"/waves/{wave}/cut", act="cancel", badge=SUPERVISOR).status_code in (401, 403)


def test_the_floor_map_shows_where_people_are_and_go(hand: FloorHand, wave: int) -> None:
    hand.write(lambda tx: tx.put("UPDATE operator SET name = '<i>Ada</i>' WHERE warehouse_id = :w AND badge = '1001'"))
    take_tour(hand)
    make_stop(hand)
    html = entered(hand, TokenRole.BOARD).get("/floor/now?hours=1").text
    assert html.count('class="heat"') == 1
    assert html.count('class="person"') == 1
    assert "<i>" not in html
    assert "&lt;i&gt;Ada" in html


def test_names_on_the_floor_map_can_be_read_and_do_not_cover_one_another(hand: FloorHand, wave: int) -> None:
    take_tour(hand)
    at = go_to_stop(hand)["step"]["fields"]["location"]["barcode"]
    hand.sign_in("HAND-2", "MOVE", "1002")
    hand.scan("HAND-2", at)
    html = entered(hand, TokenRole.BOARD).get("/floor/now").text
    drawing = html[html.index("<svg", html.index("floor-now")) : html.index("</figure>")]
    box = re.search(r'viewBox="([^"]+)"', drawing)
    names = re.findall(r'<text x="[\d.-]+" y="([\d.-]+)" font-size="([\d.]+)"[^>]*>(Ada|Bob)<', drawing)
    assert box is not None
    assert {name for _, _, name in names} == {"Ada", "Bob"}
    (first, size, _), (second, _, _) = names
    assert abs(float(first) - float(second)) >= 0.99 * float(size)
    assert float(size) >= float(box[1].split()[3]) / 40 - 0.1


def test_a_tour_nobody_moves_is_said_to_stand_still(hand: FloorHand, wave: int) -> None:
    take_tour(hand)
    hand.write(lambda tx: tx.put("UPDATE tour SET claimed_at_ms = claimed_at_ms - 3600000 WHERE state = 'active'"))
    assert "no stop made for 1 h" in seen(entered(hand, TokenRole.BOARD).get("/waves").text)
    hand.write(lambda tx: wave_acts.assign(tx, NOBODY, wave, 1, "", SUPERVISOR))
    assert "waits at cart 0001" in seen(entered(hand, TokenRole.BOARD).get("/waves").text)


def test_no_badge_is_told_to_a_board(hand: FloorHand, wave: int) -> None:
    """Who reads a supervisor's badge off a page may decide like one."""
    take_tour(hand)
    board, office = entered(hand, TokenRole.BOARD), entered(hand, TokenRole.ADMIN)
    tour = hand.one("SELECT MAX(id) AS id FROM tour WHERE warehouse_id = :w")["id"]
    done = post(office, f"/waves/{wave}/steer", act="assign", tour=str(tour), picker=PICKER)
    assert done.status_code == 303
    for address in ("/waves", "/api/v1/wave-acts", "/order-board", "/api/v1/order-board"):
        text = board.get(address).text
        assert not re.search(rf"\b({SUPERVISOR}|{PICKER})\b", text), address
    assert "Bob" in board.get("/api/v1/wave-acts").text


def test_a_supervisors_pin_asked_for_on_a_tour_that_is_taken_away_signs_nobody_in(hand: FloorHand, wave: int) -> None:
    take_tour(hand)
    tour = hand.one("SELECT id FROM tour WHERE warehouse_id = :w AND state = 'active'")["id"]
    hand.write(lambda tx: tx.put(
        "UPDATE dialogue SET aside = 'pin', asked_operator_id = operator_id, memory = :memory"
        " WHERE warehouse_id = :w AND flow = 'pick'", memory='{"word": {"badge": "1001"}}',
    ))  # fmt: skip
    hand.write(lambda tx: wave_acts.assign(tx, NOBODY, wave, tour, PICKER, may_without_badge=True))
    row = hand.one("SELECT aside, asked_operator_id, memory FROM dialogue WHERE warehouse_id = :w AND flow = 'pick'")
    assert tuple(row.values()) == ("", None, "{}")
