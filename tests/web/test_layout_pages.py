"""The layout's editor: it draws what it was given, says what looks wrong before it is kept, keeps all or none."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.domain.roles import TokenRole
from fulfillment.services import lists
from fulfillment.services.lists import LISTS
from fulfillment.services.set_up import setting_up
from fulfillment.services.walking import floor_plan, layout_drafts
from fulfillment.services.walking.layout_drafts import Looked, Racks
from picking import Layout, Spot
from tests.factories import FloorHand

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin", "Accept-Language": "en"}
RACKS = {
    "aisle": "b7", "x_dm": "200", "first_y_dm": "10", "pitch_dm": "12", "bays": "4", "levels": "2", "sides": "1",
    "kind": "bin",
}  # fmt: skip


@pytest.fixture
def desk(hand: FloorHand) -> FlaskClient:
    token = hand.write(lambda tx: setting_up.add_token(tx, "desk", TokenRole.ADMIN))
    client = create_app(hand.floor).test_client()
    client.get(f"/enter?token={token}")
    return client


def form(hand: FloorHand, **changes: Any) -> dict[str, Any]:
    """The editor's form as the page has it."""
    given = hand.floor.read(layout_drafts.given)
    places = given["places"]
    return {
        "aisle": [one["aisle"] for one in given["aisles"]], "aisle_x_dm": [str(one["x_dm"]) for one in given["aisles"]],
        "place": [one["code"] for one in places], "place_x_dm": [str(one["x_dm"]) for one in places],
        "place_y_dm": [str(one["y_dm"]) for one in places], "drops": given["drops"], "start": given["start"] or "",
        "cross_aisles": "", "level_climb_dm": "0", "reach_level": "1", "version": layout_drafts.version_of(given),
        **changes,
    }  # fmt: skip


def send(desk: FlaskClient, act: str, values: dict[str, Any]) -> Any:
    return desk.post("/set-up/layout", data={**values, "act": act}, headers=SAME_ORIGIN)


def aisle_x(hand: FloorHand) -> dict[str, int]:
    return {one["aisle"]: one["x_dm"] for one in hand.floor.read(layout_drafts.given)["aisles"]}


def test_the_page_draws_the_floor_and_names_its_aisles_and_places(hand: FloorHand, desk: FlaskClient) -> None:
    page = desk.get("/set-up/layout", headers=SAME_ORIGIN)
    assert "<svg" in page.text
    assert 'name="place" value="STAGE-1"' in page.text
    assert "A01-03-1" in page.text, "a dot of the drawing names its location"
    named = [one["aisle"] for one in hand.floor.read(layout_drafts.given)["aisles"] if one["aisle"]]
    assert [aisle for aisle in named if f">{aisle}</text>" not in page.text] == []


def test_the_dots_of_a_floor_of_one_aisle_are_as_large_as_on_a_wide_one(hand: FloorHand) -> None:
    def dot_px(layout: Layout, storage: list[Spot]) -> float:
        """The widest dot's radius where the picture is shown within 900 by 630 px."""
        start = storage[0]
        looked = Looked(floor_plan.FloorPlan(1, layout, start, (start,), 0, 1), tuple(storage), ())
        text = looked.picture(900)
        shape = re.search(r'viewBox="\S+ \S+ (\S+) (\S+)"', text)
        assert shape is not None
        radius = max(float(one) for one in re.findall(r' r="([\d.]+)"', text))
        return radius * min(900 / float(shape[1]), 630 / float(shape[2]))

    narrow = [Spot(f"A{y}", 0, y) for y in range(10, 80, 12)]
    wide = [Spot(f"A{x}-{y}", x, y) for x in range(0, 600, 35) for y in range(10, 200, 12)]
    assert dot_px(Layout((0,), (0, 80)), narrow) > 2.5
    assert dot_px(Layout(tuple(range(0, 600, 35)), (0, 200)), wide) > 2.5


def test_a_draft_is_drawn_and_changes_nothing_until_it_is_kept(hand: FloorHand, desk: FlaskClient) -> None:
    before = aisle_x(hand)
    version = hand.one("SELECT layout_version FROM warehouse WHERE id = :w")
    moved = form(hand)
    moved["aisle_x_dm"][moved["aisle"].index("02")] = "45"
    looked = send(desk, "look", moved)
    assert looked.status_code == 200, looked.text
    assert "This is a draft" in looked.text
    assert 'value="45"' in looked.text
    assert aisle_x(hand) == before
    assert hand.one("SELECT layout_version FROM warehouse WHERE id = :w") == version
    assert send(desk, "keep", moved).status_code == 303
    assert aisle_x(hand) == {**before, "02": 45}


def version_in(page: str) -> str:
    found = re.search(r'name="version" value="(\w+)"', page)
    assert found is not None
    return found[1]


def test_of_two_who_change_the_layout_at_once_the_second_is_shown_what_the_first_one_kept(
    hand: FloorHand, desk: FlaskClient
) -> None:
    mine, theirs = form(hand), form(hand, start="DOCK-1", level_climb_dm="7")
    mine["aisle_x_dm"][mine["aisle"].index("02")] = "50"
    theirs["aisle_x_dm"][theirs["aisle"].index("02")] = "45"
    assert send(desk, "keep", theirs).status_code == 303
    for act in ("look", "keep"):
        refused = send(desk, act, mine)
        assert refused.status_code == 409
        assert "Somebody else has changed this meanwhile." in refused.text
        assert 'value="50"' in refused.text, "what was typed is still there"
        changed = re.search(r'id="changed">(.*?)</section>', refused.text, re.S)
        assert changed is not None
        kept = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", changed[1]))
        assert kept["02 · x, dm"] == "45"
        assert kept["Tours begin at"] == "DOCK-1"
        assert len(kept) == 3, "what is the same in both is not listed"
    assert aisle_x(hand)["02"] == 45
    assert send(desk, "keep", {**mine, "version": version_in(refused.text)}).status_code == 303
    assert aisle_x(hand)["02"] == 50


def test_a_form_that_was_only_looked_at_is_no_newer_for_it(hand: FloorHand, desk: FlaskClient) -> None:
    mine = form(hand)
    looked = send(desk, "look", mine)
    assert send(desk, "keep", form(hand, level_climb_dm="7")).status_code == 303
    assert version_in(looked.text) == mine["version"]
    assert send(desk, "keep", {**mine, "version": version_in(looked.text)}).status_code == 409
    assert hand.floor.read(layout_drafts.given)["level_climb_dm"] == 7


def test_what_would_look_wrong_is_said_and_kept_only_all_the_same(hand: FloorHand, desk: FlaskClient) -> None:
    moved = form(hand)
    moved["aisle_x_dm"][moved["aisle"].index("02")] = "0"  # onto aisle 01
    held_back = send(desk, "keep", moved)
    assert held_back.status_code == 422
    assert "A01-01-1 and A02-01-1 stand on one spot" in held_back.text
    assert aisle_x(hand)["02"] == 35
    assert send(desk, "keep", {**moved, "all_the_same": "yes"}).status_code == 303
    assert aisle_x(hand)["02"] == 0


def test_an_aisle_that_nobody_can_leave_is_named_before_it_is_kept(hand: FloorHand, desk: FlaskClient) -> None:
    aisles = [one["aisle"] for one in hand.floor.read(layout_drafts.given)["aisles"]]
    one_way = {"one_way_aisle": aisles, "one_way_direction": ["up"] * len(aisles), "one_way_block": [""] * len(aisles)}
    held_back = send(desk, "keep", form(hand, **one_way))
    assert held_back.status_code == 422
    assert "What would look wrong" in held_back.text
    assert hand.all("SELECT id FROM one_way_aisle WHERE warehouse_id = :w") == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cross_aisles": "0, far"}, "This is no whole number."), ({"start": "A01-01-1"}, "No cart can stand there."),
        ({"one_way_aisle": "99", "one_way_direction": "up", "one_way_block": ""}, "There is no such aisle."),
        ({"reach_level": "1000"}, "too small or too large"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_words(
    hand: FloorHand, desk: FlaskClient, changes: dict[str, str], words: str
) -> None:  # fmt: skip
    refused = send(desk, "keep", form(hand, **changes))
    assert refused.status_code in (404, 422)
    assert words in refused.text


def test_cross_aisles_and_where_tours_begin_are_kept_as_they_are_typed(hand: FloorHand, desk: FlaskClient) -> None:
    kept = form(hand, cross_aisles="40, 0", start="DOCK-1", drops=["BENCH-1", "STAGE-1"])
    assert send(desk, "keep", {**kept, "all_the_same": "yes"}).status_code == 303
    given = hand.floor.read(layout_drafts.given)
    assert (given["cross_aisles_y_dm"], given["start"], set(given["drops"])) == (
        [0, 40], "DOCK-1", {"BENCH-1", "STAGE-1"}
    )  # fmt: skip


def test_racks_are_shown_before_they_are_made_by_the_rules_of_locations(hand: FloorHand, desk: FlaskClient) -> None:
    looked = desk.post("/set-up/layout/racks", data={**RACKS, "act": "look"}, headers=SAME_ORIGIN)
    assert "8 locations would be made" in looked.text
    assert "B7-01-1, B7-01-2 … B7-04-2" in looked.text
    assert "<svg" in looked.text
    assert hand.floor.read(lambda tx: lists.row_of(tx, LISTS["locations"], "B7-01-1")) is None
    made = {**RACKS, "act": "keep", "reserve_from": "2"}
    assert desk.post("/set-up/layout/racks", data=made, headers=SAME_ORIGIN).status_code == 303
    row = hand.floor.read(lambda tx: lists.row_of(tx, LISTS["locations"], "B7-03-2"))
    assert row is not None
    assert (row["kind"], row["x_dm"], row["y_dm"], row["bay"]) == ("reserve", "200", "34", "03")
    again = desk.post("/set-up/layout/racks", data=made, headers=SAME_ORIGIN)
    assert again.status_code == 422
    assert "8 of 8 locations of this aisle are there already" in again.text
    assert "bays is empty" in desk.post(
        "/set-up/layout/racks", data={**RACKS, "bays": "", "act": "keep"}, headers=SAME_ORIGIN
    ).text


def test_with_two_sides_odd_and_even_bays_stand_across_from_each_other() -> None:
    rows = layout_drafts.generated(Racks("A", 0, 10, 12, bays=4, levels=1, sides=2))
    assert [(row["bay"], row["y_dm"]) for row in rows] == [("01", 10), ("02", 10), ("03", 22), ("04", 22)]


def test_a_stretch_is_closed_and_opened_beside_the_drawing(hand: FloorHand, desk: FlaskClient) -> None:
    closed = desk.post(
        "/floor/closures", data={"place": "02", "reason": "spill", "back": "layout"}, headers=SAME_ORIGIN
    )
    assert closed.headers["Location"] == "/set-up/layout"
    number = re.search(r"/floor/closures/(\d+)", desk.get("/set-up/layout").text)
    assert number is not None
    opened = desk.post(f"/floor/closures/{number[1]}", data={"open": "yes", "back": "layout"}, headers=SAME_ORIGIN)
    assert opened.headers["Location"] == "/set-up/layout"
    assert "Every aisle is open." in desk.get("/set-up/layout", headers=SAME_ORIGIN).text
