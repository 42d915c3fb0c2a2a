"""Flow figures over HTTP and by command: who may see what, what a bad question says, tables as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fulfillment.app import create_app
from fulfillment.commands.flow import flow_group
from fulfillment.domain.roles import TokenRole
from fulfillment.services.figures import flow_targets
from fulfillment.services.set_up import setting_up
from fulfillment.settings import Settings
from tests.factories import FloorHand
from tests.services.flow_day import open_with_clock, play_morning

DAY = "from=2026-06-15&to=2026-06-15"
TABLES = ("/flow", "/flow/cumulative", "/flow/operators", "/flow/process-map", "/flow/bottleneck", "/flow/rows")


class Caller:
    """A program with a token of some role."""

    def __init__(self, hand: FloorHand, role: str) -> None:
        token = hand.write(lambda tx: setting_up.add_token(tx, role, role))
        self._client = create_app(hand.floor).test_client()
        self._headers = {"Authorization": f"Bearer {token}"}

    def __call__(self, path: str, method: str = "GET", body: Any = None) -> Any:
        return self._client.open(f"/api/v1{path}", method=method, json=body, headers=self._headers)


@pytest.fixture
def morning(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[FloorHand]:
    monkeypatch.setenv("FLOOR_HOME", str(settings.home))
    monkeypatch.setenv("FLOOR_DATABASE", settings.database_url)
    floor, clock = open_with_clock(settings)
    hand = FloorHand(floor)
    play_morning(hand, clock)
    yield hand
    floor.close()


def table(answer: Any) -> list[dict[str, str]]:
    assert (answer.status_code, answer.mimetype) == (200, "text/csv"), answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def command(*words: str) -> Result:
    return CliRunner().invoke(flow_group, words)


def test_the_figures_over_http(morning: FloorHand) -> None:
    ask = Caller(morning, TokenRole.API)
    found = {one["figure"]: one for one in ask(f"/flow?{DAY}").get_json()["figures"]}
    assert (found["on_time"]["numerator"], found["on_time"]["denominator"]) == (1, 3)
    assert "cut-off" in found["on_time"]["definition"]
    rows = ask(f"/flow/rows?figure=on_time&{DAY}").get_json()
    assert [(row["order_number"], row["is_on_time"]) for row in rows["rows"]] == [("F-1", 1), ("F-2", 0), ("F-4", 0)]
    assert rows["next"] is None
    assert ask(f"/flow/cumulative?{DAY}&step=day").get_json()["points"][-1]["wip"] == 2
    assert [row["lane"] for row in ask(f"/flow/operators?{DAY}").get_json()["operators"]] == ["pick", "pack", "ship"]
    assert ask(f"/flow/process-map?{DAY}").get_json()["orders"] == 3
    assert ask("/flow/bottleneck?to=2026-06-15T09:45:00%2B01:00").get_json()["lane"] == "pack"

    # as tables
    assert len(table(ask(f"/flow?{DAY}&format=csv"))) == len(found)
    assert table(ask(f"/flow/operators?{DAY}&format=csv"))[0]["worked_ms"] == str(34 * 60_000)
    assert [row["from"] for row in table(ask(f"/flow/process-map?{DAY}&format=csv"))][:2] == ["taken", "taken"]
    assert len(table(ask(f"/flow/cumulative?{DAY}&format=csv&step=day"))) == 2
    assert [row["lane"] for row in table(ask(f"/flow/bottleneck?{DAY}&format=csv"))] == ["pick", "pack", "ship"]
    assert [row["order_number"] for row in table(ask(f"/flow/rows?figure=wip&{DAY}&format=csv"))] == ["F-5", "F-4"]
    assert table(ask("/flow/rows?figure=on_time&to=2026-06-14&format=csv")) == []

    # cut by a filter
    by_zone = ask(f"/flow?{DAY}&zone=0").get_json()
    assert {one["figure"]: one["filters"] for one in by_zone["not_cut"]}["wip"] == ["zone"]
    assert "wip" not in {row["figure"] for row in table(ask(f"/flow?{DAY}&zone=0&format=csv"))}
    assert table(ask(f"/flow/operators?{DAY}&operator=%232&format=csv")) == []

    # and by command
    assert "on_time: 33.33 % (1 of 3)" in command("figures", "--to", "2026-06-15T12:00:00+01:00").output


def test_a_board_shows_lanes_and_no_people(morning: FloorHand) -> None:
    board, api, admin = (Caller(morning, role) for role in (TokenRole.BOARD, TokenRole.API, TokenRole.ADMIN))
    assert board(f"/flow?{DAY}").status_code == 200
    assert board("/flow/bottleneck").status_code == 200
    for path in (f"/flow/operators?{DAY}", f"/flow/rows?figure=wip&{DAY}", f"/flow?operator=1001&{DAY}"):
        assert board(path).status_code == 403
        assert api(path).status_code == 200
    metrics = Caller(morning, TokenRole.METRICS)
    assert [metrics(path).status_code for path in TABLES] == [403] * len(TABLES)

    body = {"targets_ms": {"packed": 60_000, "picked": None}}
    assert api("/flow/targets", "PUT", body).status_code == 403
    assert admin("/flow/targets", "PUT", body).get_json() == {"targets_ms": {"packed": 60_000}}
    assert admin("/flow/targets", "PUT", {"targets_ms": {"taken": 1}}).get_json()["code"] == "bad_stage"
    assert board("/flow/targets").get_json() == {"targets_ms": {"packed": 60_000}}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/flow?from=tomorrow", 422, "bad_time"), ("/flow?lane=wait", 422, "bad_lane"),
        ("/flow?format=xml", 422, "bad_format"), ("/flow?from=2020-01-01", 422, "bad_period"),
        ("/flow?carrier=X", 404, "unknown_carrier"), ("/flow?zone=X", 404, "unknown_zone"),
        ("/flow?channel=X", 404, "unknown_channel"), ("/flow?operator=X", 404, "unknown_operator"),
        ("/flow/cumulative?lane=pick", 422, "bad_filter"), ("/flow/process-map?operator=1001", 422, "bad_filter"),
        ("/flow/bottleneck?lane=pack", 422, "bad_filter"), ("/flow/rows?figure=wip&lane=pick", 422, "bad_filter"),
        ("/flow/rows?figure=luck", 404, "unknown_figure"),
        ("/flow/rows?figure=wip&limit=0", 422, "bad_limit"), ("/flow/rows?figure=wip&after=-1", 422, "bad_after"),
        ("/flow/bottleneck?minutes=5", 422, "bad_window"), ("/flow/cumulative?step=year", 422, "bad_step"),
    ],
)  # fmt: skip
def test_a_bad_question_says_what_is_wrong_with_it(hand: FloorHand, path: str, status: int, code: str) -> None:
    answer = Caller(hand, TokenRole.API)(path)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)


@pytest.mark.engine("sqlite")
def test_every_table_by_command(morning: FloorHand, settings: Settings) -> None:
    day = ("--from", "2026-06-15", "--to", "2026-06-15")
    assert command("target", "packed", "20").output == "packed: 20 minutes\n"
    arrows = command("process-map", *day).output.splitlines()
    assert (
        "picked → packed: 2, waited 15.0 min (p85 25.0 min), worked 2.0 min (p85 2.0 min); 1 within 20.0 min"
    ) in arrows
    assert command("target", "packed", "0").output == "no targets\n"
    assert morning.floor.read(flow_targets.targets) == {}
    people = command("operators", *day, "--lane", "pack").output
    assert people == "1001 Ada, pack: 3 lines, 4 units in 8 minutes: 22.5 lines, 30.0 units an hour\n"
    words = command("bottleneck", "--to", "2026-06-15T09:45:00+01:00").output
    assert words.startswith("Packing: 2 orders wait")
    flows = command("cumulative", *day, "--step", "day", "--json", "-")
    assert json.loads(flows.output)["points"][-1]["left"] == 3
    assert "F-4" in command("rows", "wip", *day).output
    out = settings.home / "figures.csv"
    assert command("figures", *day, "--csv", str(out)).exit_code == 0
    assert out.read_text("utf-8").startswith("figure,unit,value,")
    assert command("figures", *day, "--csv", "-").output.startswith("figure,unit,value,")
    refused = command("figures", "--from", "never")
    assert refused.exit_code == 1
    assert "neither a day nor an ISO 8601 time" in refused.output
