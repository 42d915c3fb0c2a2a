"""The weigh check over HTTP, by command, and on the bench's page: who may, what is shown, what a bad value says."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.commands.weighing import weighing_group
from fulfillment.domain.codes import own_code
from fulfillment.domain.roles import TokenRole
from fulfillment.services.packing import weigh_rules
from fulfillment.services.set_up import setting_up
from fulfillment.settings import Settings
from tests.factories import FloorHand
from tests.services.packing.a_bench import BENCH, at_bench, label_and_lane, pick_into
from tests.services.weighing import close_anyway

RULES = {"weigh_floor_g": 20, "weigh_percent": 2, "weigh_spreads": 3}


class Caller:
    """A program with a token of some role."""

    def __init__(self, client: FlaskClient, hand: FloorHand, role: str) -> None:
        token = hand.write(lambda tx: setting_up.add_token(tx, role, role))
        self._client, self._headers = client, {"Authorization": f"Bearer {token}"}

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        return self._client.open(f"/api/v1{path}", method=method, json=body, headers=self._headers)


@pytest.fixture
def admin(hand: FloorHand) -> Caller:
    return Caller(create_app(hand.floor).test_client(), hand, TokenRole.ADMIN)


@pytest.fixture
def weighed(hand: FloorHand) -> FloorHand:
    """One parcel of two mugs was weighed, at 5 g more than expected; the next, of one mug, waits for its weight."""
    hand.item("MUG", weight_g=350, name="<Mug>")
    hand.stock("MUG", 10)
    hand.write(lambda tx: weigh_rules.set_station(tx, BENCH, weighs=True))
    for number, units in (("SO-1", 2), ("SO-2", 1)):
        hand.order(number, ("MUG", units))
        pick_into(hand, number)
        at_bench(hand)
        hand.scan(BENCH, own_code("P", "M"))
        for _ in range(units):
            hand.scan(BENCH, "MUG")
        if number == "SO-1":
            hand.scan(BENCH, own_code("W", "S945-1"))
            label_and_lane(hand)
    return hand


def test_rules_and_benches_are_set_and_read(hand: FloorHand, admin: Caller) -> None:
    assert admin("GET", "/weigh-rules").json == {**RULES, "stations": []}
    assert admin("PUT", f"/stations/{BENCH}/weighs", {"weighs": True}).json["stations"] == [BENCH]
    looser = {"weigh_floor_g": 50, "weigh_percent": 5, "weigh_spreads": 4}
    assert admin("PUT", "/weigh-rules", looser).json == {**looser, "stations": [BENCH]}
    assert admin("PUT", f"/stations/{BENCH}/weighs", {"weighs": False}).json["stations"] == []
    for path, body, code in (
        ("/stations/HAND-1/weighs", {"weighs": True}, "bad_kind"),
        ("/stations/NONE/weighs", {"weighs": True}, "unknown_station"),
    ):
        assert admin("PUT", path, body).json["code"] == code
    assert admin("PUT", "/weigh-rules", {**RULES, "weigh_floor_g": -1}).status_code == 422


def test_a_program_may_read_the_rules_and_not_set_them(hand: FloorHand) -> None:
    shop = Caller(create_app(hand.floor).test_client(), hand, TokenRole.API)
    assert shop("GET", "/weigh-rules").status_code == 200
    assert shop("PUT", "/weigh-rules", RULES).status_code == 403
    assert shop("PUT", f"/stations/{BENCH}/weighs", {"weighs": True}).status_code == 403


def test_unit_weights_are_read_and_forgotten(weighed: FloorHand, admin: Caller) -> None:
    [mug] = admin("GET", "/unit-weights").json["items"]
    assert (mug["sku"], mug["parcels"], mug["learned_mg"], mug["used_mg"]) == ("MUG", 1, 352_500, 350_000)
    assert admin("GET", "/unit-weights?after=MUG").json == {"items": []}
    assert admin("GET", "/unit-weights?limit=0").json["code"] == "bad_limit"
    assert admin("DELETE", "/unit-weights/MUG").json == {"sku": "MUG"}
    assert admin("DELETE", "/unit-weights/MUG").json["code"] == "no_unit_weight"


def test_parcels_let_go_with_a_wrong_weight_are_listed_for_who_may_read(
    weighed: FloorHand, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Caller(create_app(weighed.floor).test_client(), weighed, TokenRole.API)
    assert shop("GET", "/overridden-weights").json == {"parcels": []}
    weighed.scan(BENCH, own_code("W", "S943-2"))
    close_anyway(weighed, "PACKING")
    [one] = shop("GET", "/overridden-weights").json["parcels"]
    assert (one["order_number"], one["weighed_g"], one["expected_g"], one["off_g"]) == ("SO-2", 943, 590, 353)
    assert shop("GET", f"/overridden-weights?after={one['id']}").json == {"parcels": []}
    assert shop("GET", "/overridden-weights?after=x").json["code"] == "bad_after"
    assert shop("GET", "/overridden-weights?limit=0").json["code"] == "bad_limit"
    monkeypatch.setenv("FLOOR_HOME", str(settings.home))
    monkeypatch.setenv("FLOOR_DATABASE", settings.database_url)
    said = CliRunner().invoke(weighing_group, ["overridden"]).output
    assert "943 g instead of 590 ± 20 g, packing, by 1001" in said


def test_the_command_says_and_does_the_same(
    weighed: FloorHand, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOOR_HOME", str(settings.home))
    monkeypatch.setenv("FLOOR_DATABASE", settings.database_url)

    def run(*words: str, exit_code: int = 0) -> str:
        result = CliRunner().invoke(weighing_group, words)
        assert result.exit_code == exit_code, result.output
        return result.output

    assert json.loads(run("rules", "--json", "-")) == {**RULES, "stations": [BENCH]}
    assert "off by at most 20 g, 3 % of the content or 3 spreads" in run("rules", "--percent", "3")
    assert "weighed at: no bench" in run("station", BENCH, "--off")
    assert "only a bench weighs" in run("station", "HAND-1", "--on", exit_code=1)
    assert "MUG                  350000 mg each; found 352500 mg in 1 parcels of 2 units" in run("weights")
    run("forget", "MUG")
    assert "nothing was learned yet" in run("weights")
    assert "nothing was learned of the weight of 'MUG'" in run("forget", "MUG", exit_code=1)


def test_the_page_says_what_it_should_weigh_and_what_may_be_wrong(weighed: FloorHand) -> None:
    client = create_app(weighed.floor).test_client()
    token = weighed.write(lambda tx: _station_token(tx))
    client.get("/enter", query_string={"token": token})
    html = client.get(f"/bench/{BENCH}").text
    assert "0.590 kg ± 20 g" in html
    assert "The scale says it by itself" in html
    assert 'data-refresh-ms="400"' in html  # the page looks for the scale's word that often
    answer = client.post(
        f"/kiosk/{BENCH}/scan",
        json={"scan_id": "w1", "code": own_code("W", "S943-2"), "occurred_at": "2026-11-22T09:00:00+00:00"},
        headers={"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"},
    )
    assert "It does not weigh what it should" in answer.text
    assert re.search(r">353</b> <span>g too heavy", answer.text)
    assert "Perhaps too many: 1 × &lt;Mug&gt;" in answer.text


def _station_token(tx: Any) -> str:
    row = tx.one("SELECT id FROM station WHERE warehouse_id = :w AND code = :code", code=BENCH)
    return setting_up.add_token(tx, "device", "station", row["id"])
