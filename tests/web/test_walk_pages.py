"""Tours drawn on pages and screens, and aisles closed at the desk: who sees what, and who may."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.domain.codes import own_code
from fulfillment.domain.roles import TokenRole
from fulfillment.services.set_up import setting_up
from fulfillment.web.auth import COOKIE
from kiosk_ui.words import WORDS
from tests.factories import FloorHand
from tests.services.acts import make_stop, release, take_tour
from tests.services.walking.a_walk import PLACES, open_stops, stock_every_bin, work_off

OURS = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def stocked(hand: FloorHand) -> FloorHand:
    stock_every_bin(hand)
    hand.order("1", *((place, 1) for place in PLACES))
    return hand


def entered(hand: FloorHand, role: TokenRole, station: str = "") -> FlaskClient:
    station_id = hand.one("SELECT id FROM station WHERE code = :code", code=station)["id"] if station else None
    client = create_app(hand.floor).test_client()
    token = hand.write(lambda tx: setting_up.add_token(tx, f"{role} {station}", role, station_id))
    client.set_cookie(COOKIE, token)
    return client


def ask(client: FlaskClient, method: str, path: str, **body: Any) -> Any:
    answer = client.open(f"/api/v1{path}", method=method, json=body or None, headers=OURS)
    return answer.status_code, answer.get_json()


def seen(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_a_tours_page_draws_it_and_says_what_it_saves(stocked: FloorHand) -> None:
    release(stocked)
    html = entered(stocked, TokenRole.BOARD).get("/tours/1").text
    assert "<svg" in html
    assert WORDS["walk"]["s_shape"] in seen(html)
    assert all(place in html for place in PLACES)
    assert entered(stocked, TokenRole.BOARD).get("/tours/99").status_code == 404


def test_text_that_came_from_outside_is_escaped_in_a_picture(stocked: FloorHand) -> None:
    release(stocked)
    stocked.write(lambda tx: tx.put("UPDATE location SET code = '<i>&' WHERE warehouse_id = :w AND code = 'STAGE-1'"))
    stocked.write(lambda tx: tx.put("UPDATE warehouse SET layout_version = layout_version + 1"))
    assert "<i>" not in entered(stocked, TokenRole.BOARD).get("/tours/1").text


def test_a_picker_sees_the_way_ahead_and_nobody_elses(stocked: FloorHand) -> None:
    release(stocked)
    picker, other = (entered(stocked, TokenRole.STATION, station) for station in ("HAND-1", "HAND-2"))
    assert picker.get("/kiosk/HAND-1/walk").status_code == 204
    step = take_tour(stocked)
    answer = picker.get("/kiosk/HAND-1/walk")
    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    assert f"{len(PLACES)} stops" in answer.text
    assert step["fields"]["walk_left_dm"] == step["fields"]["distance_dm"] > 0
    make_stop(stocked)
    assert f"{len(PLACES) - 1} stops" in picker.get("/kiosk/HAND-1/walk").text
    assert 0 < stocked.step()["fields"]["walk_left_dm"] <= step["fields"]["distance_dm"]
    assert other.get("/kiosk/HAND-1/walk").status_code == 403


def test_the_board_says_what_a_wave_walks(stocked: FloorHand) -> None:
    release(stocked)
    take_tour(stocked)
    board = entered(stocked, TokenRole.BOARD)
    tours = board.get("/api/v1/board").get_json()["tours"]
    (wave,), (tour,) = tours["waves"], tours["active"]
    assert (wave["tours"], wave["tours_done"], wave["distance_dm"]) == (1, 0, tour["distance_dm"])
    assert tour["walk_left_dm"] == tour["distance_dm"] <= tour["s_shape_dm"]
    status, described = ask(board, "GET", "/tours/1")
    assert (status, len(described["stops"]), described["wave"]) == (200, len(PLACES), wave["wave"])


def test_a_supervisor_closes_an_aisle_on_the_board_with_a_badge(stocked: FloorHand) -> None:
    release(stocked)
    board = entered(stocked, TokenRole.BOARD)
    shut = open_stops(stocked)[0]
    refused = board.post("/floor/closures", data={"place": shut, "reason": "spill"}, headers=OURS)
    assert (refused.status_code, WORDS["floor_problem"]["unknown_badge"] in seen(refused.text)) == (422, True)
    sent = {"place": shut, "reason": "spill", "badge": own_code("B", "1001")}
    assert board.post("/floor/closures", data=sent, headers=OURS).status_code == 303
    html = board.get("/floor").text
    assert f"{shut} · {WORDS['closed_because']['spill']}" in seen(html)
    work_off(stocked)
    assert open_stops(stocked)[-1] == shut
    (closure,) = re.findall(r'action="/floor/closures/(\d+)"', html)
    opened = board.post(f"/floor/closures/{closure}", data={"badge": "1001"}, headers=OURS)
    assert opened.status_code == 303
    assert WORDS["floor"]["none_closed"] in seen(board.get("/floor").text)


def test_the_floors_page_names_the_orders_that_wait_for_a_way(stocked: FloorHand) -> None:
    program, board = entered(stocked, TokenRole.API), entered(stocked, TokenRole.BOARD)
    stocked.order("<b>late", ("A01-02-1", 1))
    for shut in ("A01-01-1", "A01-03-1"):
        ask(program, "POST", "/closures", place=shut)
    waiting = ask(program, "GET", "/closures")[1]["waiting"]
    assert [one["order"] for one in waiting] == ["1", "<b>late"]
    assert waiting[1] == {"order": "<b>late", "wave": None, "locations": ["A01-02-1"]}
    html = board.get("/floor").text
    assert "&lt;b&gt;late" in html
    assert WORDS["floor"]["waiting"].format(count=2) in seen(html)
    assert WORDS["floor"]["not_released"] in seen(html)
    wave = release(stocked, "<b>late")
    assert WORDS["floor"]["goes_with"].format(wave=wave) in seen(board.get("/floor").text)


def test_a_program_closes_and_opens_without_a_badge_and_a_station_never(stocked: FloorHand) -> None:
    program, station = entered(stocked, TokenRole.API), entered(stocked, TokenRole.STATION, "HAND-1")
    status, closed = ask(program, "POST", "/closures", place="01", reason="works")
    assert (status, closed["place"]) == (201, "01")
    assert ask(program, "POST", "/closures", place="01")[1]["code"] == "closed_already"
    assert ask(station, "POST", "/closures", place="02")[0] == 403
    assert len(ask(program, "GET", "/closures")[1]["closures"]) == 1
    assert ask(program, "POST", f"/closures/{closed['closure']}/open", badge="")[0] == 200
    assert ask(program, "GET", "/closures")[1]["closures"] == []
    assert len(ask(program, "GET", "/closures?all=1")[1]["closures"]) == 1
    log = stocked.all("SELECT subject FROM audit_log WHERE warehouse_id = :w ORDER BY id")
    assert any("closures" in row["subject"] for row in log)


def test_the_floor_plan_is_set_as_a_whole_and_checked(stocked: FloorHand) -> None:
    admin = entered(stocked, TokenRole.ADMIN)
    plan = {"start": "DOCK-1", "drops": ["BENCH-1", "STAGE-1"], "one_way": [{"aisle": "01", "direction": "up"}]}
    status, shown = ask(admin, "PUT", "/floor-plan", **plan)
    assert (status, shown["tours_begin_at"], shown["drops"]) == (200, "DOCK-1", ["BENCH-1", "STAGE-1"])
    assert shown["one_way"] == [{"aisle": "01", "direction": "up", "block": None}]
    release(stocked)
    assert sorted(open_stops(stocked)) == sorted(PLACES)
    for wrong, code in (
        ({**plan, "start": "A01-01-1"}, "wrong_kind"), ({**plan, "drops": ["X"]}, "unknown_location"),
        ({**plan, "one_way": [{"aisle": "77", "direction": "up"}]}, "unknown_aisle"),
        ({**plan, "one_way": [{"aisle": "01", "direction": "up", "block": 9}]}, "bad_floor_plan"),
    ):  # fmt: skip
        assert ask(admin, "PUT", "/floor-plan", **wrong)[1]["code"] == code
    assert ask(admin, "GET", "/floor-plan")[1]["layout_version"] == shown["layout_version"]
    assert ask(entered(stocked, TokenRole.API), "PUT", "/floor-plan", **plan)[0] == 403


def test_a_late_order_joins_over_http(stocked: FloorHand) -> None:
    wave = release(stocked)
    stocked.order("late", (PLACES[0], 1))
    program = entered(stocked, TokenRole.API)
    assert ask(program, "POST", f"/waves/{wave}/orders", orders=["late"])[0] == 200
    work_off(stocked)
    assert stocked.order_state("late") == "released"
    assert ask(program, "POST", "/waves/99/orders", orders=["late"])[0] == 404


def test_a_floor_without_racks_has_a_page_all_the_same(hand: FloorHand) -> None:
    racks = "kind IN ('bin', 'reserve', 'flow_rack')"
    hand.write(lambda tx: tx.put(f"DELETE FROM location WHERE warehouse_id = :w AND {racks}"))
    html = entered(hand, TokenRole.BOARD).get("/floor").text
    assert "at least one" in seen(html)


def test_the_order_of_tours_is_said_by_a_program_and_seen_on_the_tour(stocked: FloorHand) -> None:
    admin, program = entered(stocked, TokenRole.ADMIN), entered(stocked, TokenRole.API)
    usual = {"tour_order": "shortest", "heavy_from_g": 5000}
    assert ask(program, "GET", "/tour-order") == (200, usual)
    assert ask(program, "PUT", "/tour-order", tour_order="heavy_first")[0] == 403
    assert ask(admin, "PUT", "/tour-order", tour_order="fastest")[0] == 422
    assert ask(admin, "PUT", "/tour-order", heavy_from_g=0)[0] == 422
    assert ask(admin, "PUT", "/tour-order", tour_order="heavy_first") == (200, {**usual, "tour_order": "heavy_first"})
    assert ask(admin, "PUT", "/tour-order", heavy_from_g=150)[1]["heavy_from_g"] == 150
    wave = release(stocked)
    (tour,) = ask(program, "GET", f"/waves/{wave}")[1]["tours"]
    assert 0 < tour["free_dm"] <= tour["distance_dm"]
    assert WORDS["walk"]["order_cost"] in seen(admin.get(f"/tours/{tour['tour']}").text)


def test_hours_of_an_aisle_are_set_by_an_admin_and_seen_by_all(stocked: FloorHand) -> None:
    admin, board = entered(stocked, TokenRole.ADMIN), entered(stocked, TokenRole.BOARD)
    said = {"place": "A01-01-1", "begins": "11:00", "ends": "11:30"}
    assert ask(board, "POST", "/closed-hours", **said)[0] == 403
    assert ask(admin, "POST", "/closed-hours", **{**said, "begins": "11"})[0] == 422
    status, hours = ask(admin, "POST", "/closed-hours", **said)
    assert (status, hours) == (201, {"hours": 1, "until": "", "reason": "other", **said})
    assert ask(admin, "POST", "/closed-hours", **said)[1]["code"] == "hours_already"
    assert ask(board, "GET", "/closed-hours")[1] == {"closed_hours": [hours]}
    html = admin.get("/set-up/layout").text
    assert "A01-01-1 · 11:00 – 11:30" in seen(html)
    refused = admin.post("/set-up/layout/hours", data={**said, "ends": "11:00", "place": "A02-01-1"}, headers=OURS)
    assert (refused.status_code, WORDS["row_problem"]["bad_hours"] in seen(refused.text)) == (422, True)
    ended = admin.post("/set-up/layout/hours", data={"end": "1"}, headers=OURS)
    assert (ended.status_code, ask(board, "GET", "/closed-hours")[1]) == (303, {"closed_hours": []})
    assert ask(admin, "DELETE", "/closed-hours/1")[0] == 404
