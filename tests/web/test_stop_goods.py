"""The page of a stop's other goods: what it shows before anything is chosen, what it does, whom it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.domain.codes import own_code
from fulfillment.domain.roles import Permission, TokenRole
from fulfillment.services.people import access_tokens
from fulfillment.services.set_up import setting_up
from fulfillment.settings import Settings
from fulfillment.web.auth import COOKIE
from kiosk_ui.words import WORDS
from tests.factories import FloorHand
from tests.services.acts import promises, release, take_tour
from tests.web.desk import OURS, Desk, desk_of, seen

SUPERVISOR, PICKER = "1001", "1002"
OLD, NEW = "A01-01-1", "A02-01-1"


def furnish(hand: FloorHand) -> dict[str, int]:
    """An order that waits on a planned tour to the old goods; newer ones lie elsewhere."""
    hand.item("MUG")
    hand.stock("MUG", 10, OLD, "2026-01-01")
    newer = hand.stock("MUG", 10, NEW, "2026-02-01")
    hand.stock("MUG", 1, "A02-02-1", "2026-03-01")
    hand.order("SO-1", ("MUG", 3))
    wave = release(hand)
    stop = hand.one("SELECT id, tour_id FROM task WHERE kind = 'pick'")
    return {"wave": wave, "stop": stop["id"], "tour": stop["tour_id"], "newer": newer}


@pytest.fixture
def made(hand: FloorHand) -> dict[str, int]:
    return furnish(hand)


@pytest.fixture
def desk(settings: Settings) -> Iterator[Desk]:
    floor, desk = desk_of(settings)
    yield desk
    floor.close()


def entered(hand: FloorHand, role: TokenRole) -> FlaskClient:
    client = create_app(hand.floor).test_client()
    client.set_cookie(COOKIE, hand.write(lambda tx: setting_up.add_token(tx, role, role)))
    return client


def page(made: dict[str, int]) -> str:
    return f"/waves/{made['wave']}/stops/{made['stop']}"


def version(client: FlaskClient, made: dict[str, int]) -> str:
    return str(client.get(f"/api/v1{page(made)}/goods").get_json()["version"])


def take(client: FlaskClient, made: dict[str, int], **form: Any) -> Any:
    sent = {"goods": f"{made['newer']} {NEW}", "why": "unreachable", "version": version(client, made), **form}
    return client.post(page(made), data=sent, headers=OURS)


def test_the_page_shows_all_goods_before_anything_is_chosen(hand: FloorHand, made: dict[str, int]) -> None:
    board = entered(hand, TokenRole.BOARD)
    assert f'href="{page(made)}"' in board.get(f"/tours/{made['tour']}").text
    html = board.get(page(made)).text
    shown = seen(html)
    assert "Order SO-1: 3 pieces from A01-01-1" in shown
    assert WORDS["stop_goods"]["first"] in shown
    assert WORDS["unfit"]["not_enough_free"] in shown
    assert html.count('type="radio"') == 1


def test_chosen_with_a_supervisors_badge_it_is_told_everywhere_and_undone(
    hand: FloorHand, made: dict[str, int]
) -> None:  # fmt: skip
    board = entered(hand, TokenRole.BOARD)
    assert take(board, made, badge=own_code("B", SUPERVISOR), note="wet <floor>").status_code == 303
    assert [(place, each) for place, _, each in promises(hand, "SO-1")] == [(NEW, 3)]
    waves = board.get("/waves").text
    assert "rank 2 instead of 1" in seen(waves)
    assert "wet &lt;floor&gt;" in waves
    assert "by Ada" in seen(waves)
    assert WORDS["walk"]["overridden"] in seen(board.get(f"/tours/{made['tour']}").text)
    trace = seen(entered(hand, TokenRole.ADMIN).get("/trace?sku=MUG").text)
    assert "3 pieces for SO-1 at A02-01-1" in trace
    assert board.post("/wave-acts/1", data={"badge": SUPERVISOR}, headers=OURS).status_code == 303
    assert [(place, each) for place, _, each in promises(hand, "SO-1")] == [(OLD, 3)]
    assert WORDS["walk"]["overridden"] not in seen(board.get(f"/tours/{made['tour']}").text)


@pytest.mark.parametrize(
    ("form", "code", "status"),
    [({"badge": PICKER}, "not_allowed", 422), ({"badge": ""}, "unknown_badge", 422),
     ({"badge": SUPERVISOR, "why": ""}, "bad_reason", 422), ({"badge": SUPERVISOR, "goods": ""}, "bad_choice", 422),
     ({"badge": SUPERVISOR, "version": "old"}, "changed_since", 409),
     ({"badge": SUPERVISOR, "goods": f"1 {OLD}"}, "same_goods", 409)],
)  # fmt: skip
def test_what_is_refused_is_said_on_the_page(
    hand: FloorHand, made: dict[str, int], form: dict[str, str], code: str, status: int
) -> None:  # fmt: skip
    answer = take(entered(hand, TokenRole.BOARD), made, **form)
    assert answer.status_code == status
    assert WORDS["wave_refused"][code] in seen(answer.text)
    assert [(place, each) for place, _, each in promises(hand, "SO-1")] == [(OLD, 3)]


def test_a_begun_stop_offers_nothing(hand: FloorHand, made: dict[str, int]) -> None:
    take_tour(hand)
    board = entered(hand, TokenRole.BOARD)
    html = board.get(page(made)).text
    assert WORDS["stop_goods"]["begun"] in seen(html)
    assert 'type="radio"' not in html
    assert WORDS["wave_refused"]["stop_begun"] in seen(take(board, made, badge=SUPERVISOR).text)


def test_a_station_and_a_stranger_choose_nothing(hand: FloorHand, made: dict[str, int]) -> None:
    for client in (entered(hand, TokenRole.STATION), create_app(hand.floor).test_client()):
        assert client.post(page(made), data={"badge": SUPERVISOR}, headers=OURS).status_code in (401, 403)
        assert client.get(page(made)).status_code in (401, 403)


def test_a_program_says_whose_word_it_is(hand: FloorHand, made: dict[str, int]) -> None:
    program = entered(hand, TokenRole.API)
    body = {"location": NEW, "layer": made["newer"], "why": "quality", "version": version(program, made)}
    refused = program.post(f"/api/v1{page(made)}/goods", json=body, headers=OURS)
    assert (refused.status_code, refused.get_json()["code"]) == (422, "unknown_badge")
    done = program.post(f"/api/v1{page(made)}/goods", json={**body, "badge": SUPERVISOR}, headers=OURS)
    assert (done.status_code, done.get_json()["override"]["to"]) == (200, NEW)
    again = program.post(f"/api/v1{page(made)}/goods", json={**body, "badge": SUPERVISOR}, headers=OURS)
    assert (again.status_code, again.get_json()["code"]) == (409, "changed_since")
    assert program.get(f"/api/v1{page(made)}/goods").get_json()["goods"][1]["own_each"] == 3
    assert program.get("/api/v1/waves/9/stops/9/goods").status_code == 404


def test_whoever_signed_in_a_while_ago_says_again_that_it_is_them(desk: Desk) -> None:
    made = furnish(desk.hand)
    desk.give_account(SUPERVISOR, "ada")
    client = desk.signed_in("ada")
    desk.clock.on(minutes=11)
    answer = take(client, made)
    assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (303, "/confirm")
    assert [(place, each) for place, _, each in promises(desk.hand, "SO-1")] == [(OLD, 3)]
    client = desk.signed_in("ada")
    assert take(client, made).headers["Location"] == "/waves#acts"
    assert "by Ada" in seen(client.get("/waves").text)


def test_undoing_it_asks_the_same_of_them(desk: Desk) -> None:
    made = furnish(desk.hand)
    desk.give_account(SUPERVISOR, "ada")
    client = desk.signed_in("ada")
    assert take(client, made).headers["Location"] == "/waves#acts"
    desk.clock.on(minutes=11)
    answer = client.post("/wave-acts/1", headers=OURS)
    assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (303, "/confirm")
    refused = client.post("/api/v1/wave-acts/1/undo", json={}, headers=OURS)
    assert (refused.status_code, refused.get_json()["code"]) == (403, "proof_needed")
    assert [place for place, _, _ in promises(desk.hand, "SO-1")] == [NEW]
    assert desk.signed_in("ada").post("/wave-acts/1", headers=OURS).status_code == 303
    assert [(place, each) for place, _, each in promises(desk.hand, "SO-1")] == [(OLD, 3)]


def test_a_program_that_may_steer_waves_alone_neither_overrides_nor_undoes(
    hand: FloorHand, made: dict[str, int]
) -> None:
    assert take(entered(hand, TokenRole.BOARD), made, badge=SUPERVISOR).status_code == 303
    given = hand.write(lambda tx: access_tokens.add(tx, "steers", TokenRole.API, 30, [Permission.STEER_WAVES]))
    program = create_app(hand.floor).test_client()
    sent = {"json": {"badge": SUPERVISOR}, "headers": {"Authorization": f"Bearer {given['token']}"}}
    refused = program.post("/api/v1/wave-acts/1/undo", **sent)
    assert (refused.status_code, refused.get_json()["code"]) == (403, "forbidden")
    assert [place for place, _, _ in promises(hand, "SO-1")] == [NEW]
